// Elaboration: cells are instantiated, lists and families unrolled, static values computed, and every value of the model
// becomes a node of the graph with element type, shape and clock. Internal to dsl/.
//
// Evaluation is lazy and memoised: a name is evaluated when it is first read (N1: equations have no order). A name read
// while it is being evaluated is a recursion; one that passes through a `pre`, `fby` or state gets an Alias node of the
// declared type (T8), every other one is a loop (S2). Clocks that are not known yet are variables, bound by unification
// (C2). An error is reported where it is found and evaluation goes on with an Error value, which stays silent.
#ifndef RONDO_DSL_ELABORATE_H
#define RONDO_DSL_ELABORATE_H

#include "dsl/Ast.h"
#include "dsl/Clocks.h"
#include "dsl/Diagnostics.h"
#include "dsl/Frontend.h"
#include "dsl/Model.h"
#include "dsl/Recursion.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>

namespace rondo::dsl {

struct Body;
struct Binding;
struct Application;
struct Instance;
struct Recipe;
struct ListValue;
struct Builtin;

//===--- Values ------------------------------------------------------------------------------------------------===//

/// What an expression is worth during elaboration.
struct Value {
  enum class Kind : uint8_t {
    Error, // reported already
    Int,
    Real,
    Bool,      // static
    List,      // static list, or several results
    Node,      // a stream or constant of the graph
    Axis,      // a size variable bound to a clock's axis
    CellSizes, // a cell whose sizes are not given yet
    Recipe,
    Instance,
    ReversedInstance,
    Builtin,
    Family,  // a list defined by indexed equations
    Clock,   // a name of an input's `on a in b`, or `sample`
    Initial, // zeros, glorot, ...
    All,     // `axis = all`
    Reset,   // after(c), before(c)
  };
  Kind kind = Kind::Error;
  bool flag = false; // Bool: the value; Reset: before
  union {
    int64_t integer;
    double real;
    NodeId node;
    const ListValue *list;
    const Recipe *recipe;
    Instance *instance;
    const Builtin *builtin;
    Binding *family;
    const Clock *clock; // Clock, Reset
    const ClockAxis *axis;
    Initializer::Kind initial;
  };
  double scale = 0; // Initial: of uniform and normal

  Value() : integer(0) {}
  static Value ofInt(int64_t v);
  static Value ofReal(double v);
  static Value ofBool(bool v);
  static Value ofNode(NodeId n);
  static Value ofList(const ListValue *l);
  static Value ofAll();
  bool is(Kind k) const { return kind == k; }
  bool isError() const { return kind == Kind::Error; }
  bool isNumber() const { return kind == Kind::Int || kind == Kind::Real; }
  bool isStatic() const { return isNumber() || kind == Kind::Bool; }
  double number() const { return kind == Kind::Int ? double(integer) : real; }
  bool isCell() const {
    return kind == Kind::Recipe || kind == Kind::Instance || kind == Kind::ReversedInstance || kind == Kind::Builtin;
  }
};

struct ListValue {
  std::vector<Value> elements;
  mutable NodeId stacked = noNode; // as one value, made once
  uint64_t leaves = 0;             // through the lists in it
};

/// A cell with its sizes given.
struct Recipe {
  const Cell *cell = nullptr;
  Body *definition = nullptr; // the body the cell is defined in
  std::vector<std::pair<StringRef, Value>> sizes;
  std::map<StringRef, SMRange> places; // of those that are given
  bool reversed = false;
};

/// What all applications of one instance have in common, also over several instantiations of the body it is defined in:
/// parameters, and those of inner instances, by name.
struct Shared {
  const void *origin = nullptr; // the syntax that made it
  Body *home = nullptr;         // where that stands
  std::string path;
  SMRange range;
  std::map<std::string, uint32_t> params;
  std::multimap<std::string, Shared *> inner; // of one name, several only where a clash is harmless, or an error (N7)
};

struct Instance {
  const Recipe *recipe = nullptr;
  Shared *shared = nullptr;
  Body *home = nullptr; // where it was made
  std::string name;     // within home
  std::vector<Application *> applications;
  Application *awaiting = nullptr; // its state was read before it was applied
};

/// One application of an instance: it owns the state (N3).
struct Application {
  Instance *instance = nullptr; // null: the model itself
  Application *outer = nullptr; // the application whose body applies it
  std::string name;             // of the place: "h", "h_embed"
  Body *body = nullptr;
  const Clock *clock = nullptr; // the cell's own clock; null: not known, or none
  uint32_t scope = 0;
  uint32_t location = 0;
  NodeId blend = noNode;
  const Expr *blendAt = nullptr;
  bool reversed = false;
  bool bound = false;                                            // inputs are there
  bool failed = false;                                           // they are not, which has been reported
  std::map<std::string, std::pair<Value, const Expr *>> initial; // `h = h0`
  std::map<StringRef, const Expr *> arguments;                   // by input
};

struct Local {
  StringRef name;
  Value value;
  const Local *up = nullptr;
};

/// One equation, or one element of a family of them. Several names share one.
struct Equation {
  const Item *item = nullptr;
  const Expr *value = nullptr;
  Body *body = nullptr;
  Local local; // the family's variable; name empty where there is none
  std::string name;
  enum class State : uint8_t { Idle, Busy, Done } state = State::Idle;
  bool waits = false; // for the entry of a loop that it is in, which must not wait for it
  std::vector<Value> results;
  std::vector<NodeId> aliases; // one a name, or noNode
  std::optional<Type> first;   // of `v fby x`: v's type
  bool reevaluated = false;    // takes the clock it is used on: evaluated anew at each use
  bool anonymous = false;      // a loss or an output: not a name of the model
  unsigned reevaluations = 0;
  /// Of the syntax, the same in each attempt (see Attempts).
  std::pair<const Item *, int64_t> key() const { return {item, local.name.empty() ? -1 : local.value.integer}; }
};

struct Binding {
  enum class Kind : uint8_t { Value, Pending, Equation, Family, Param, State, Cell } kind = Kind::Value;
  StringRef name;
  SMRange range;
  Body *body = nullptr;
  Value value;                  // Value
  Equation *equation = nullptr; // Equation; State: that of the next value
  unsigned position = 0;        // among the names of the equation
  const Item *item = nullptr;   // Param, State
  const Cell *cell = nullptr;
  // Family
  std::vector<const Item *> items;
  std::map<int64_t, std::pair<Equation *, unsigned>> elements;
  std::map<int64_t, Value> paramElements;
  bool expanded = false, expanding = false;
  // State
  std::optional<uint32_t> slot;
  NodeId read = noNode;
  NodeId later = noNode; // State: its next value, where that is read before the cell is applied
  bool busy = false, used = false, broken = false, clashes = false;
  bool starts = false;       // Param: what it starts from is evaluated
  bool sizeVariable = false; // Pending or Value: of the inputs' types (T3)
};

/// The names of one instantiation of a cell, of a model, or of a file.
struct Body {
  Body *outer = nullptr; // lexical
  const Cell *cell = nullptr;
  Application *app = nullptr; // null in a file
  Shared *shared = nullptr;
  bool inLoss = false;
  llvm::DenseMap<StringRef, Binding *> names;
  std::vector<Binding *> order;      // in source order
  std::vector<Equation *> equations; // that are not families
  std::map<std::pair<const Item *, int64_t>, Equation *> familyEquations;
  const Item *returns = nullptr;
  bool assignsNext(StringRef state) const; // some equation has `state'` on its left
};

/// Gives the unnamed applications of one item their names (N7).
struct Namer {
  std::string item;
  bool isReturn = false;
  bool outerTaken = false;
  std::map<std::string, unsigned> counts;
  unsigned draws = 0; // of `random`
  std::string next(StringRef cell);
  std::string delay(); // of a `pre` or `fby`
};

struct Context {
  Body *body = nullptr;
  const Local *locals = nullptr;
  Namer *namer = nullptr;
  bool inLoss = false;
  bool applied = false;       // the cell being configured is applied at once
  const Type *hint = nullptr; // of a name that may be a recursion: the right side of `fby`, a condition
  bool hintIsGuess = false;   // it is a literal's
};

struct ResetValue {
  bool before = false;
  Value clock;
  const Expr *at = nullptr;
};

struct WorkingSlot {
  Slot slot;
  NodeId read = noNode;
  Application *app = nullptr;
  Binding *state = nullptr; // null: pre, fby
  std::string name;
  NodeId candidate = noNode; // next value before blending
  bool dropped = false;
};

/// A built-in function: checks its arguments and makes nodes.
struct Call;
struct Program;
class Elaborator;
struct Builtin {
  const char *name;
  int minArgs, maxArgs; // positional
  Value (*make)(Elaborator &, Call &);
  Op elementwise = Op::Alias; // of a unary elementwise function, else Alias
  const char *named[2] = {nullptr, nullptr};
};

/// A call's arguments, evaluated.
struct Call {
  const Builtin *builtin = nullptr;
  const Expr *expr = nullptr;
  Context &ctx;
  std::vector<Value> args;
  std::vector<const Expr *> argExprs;
  std::map<std::string, std::pair<Value, const Expr *>> named;
};

//===--- The elaborator ----------------------------------------------------------------------------------------===//

/// What a model is elaborated from: its file, the files it uses, the library.
struct Program {
  const File *file = nullptr;
  std::vector<const File *> visible;
  std::vector<const File *> library;
  std::set<unsigned> libraryBuffers;
};

/// Elaborates one variant of one model.
class Elaborator {
public:
  Elaborator(Diagnostics &diags, const CheckOptions &options, const Program &program, bool training,
             Attempts &attempts);

  /// Returns whether the model could be built without an error.
  bool run(const Cell &model, Model &result);

  //===--- Diagnostics: the caret goes to the user's own text, the library's place into a note ---===//
  Diagnostic &error(DiagId id, SMRange range, const Context &ctx, std::string message);
  Diagnostic &error(DiagId id, const Expr *at, const Context &ctx, std::string message) {
    return error(id, at->range, ctx, std::move(message));
  }
  Value fail(DiagId id, const Expr *at, const Context &ctx, std::string message) {
    error(id, at->range, ctx, std::move(message));
    return Value();
  }
  std::string waysToStates(const Expr *e) const;
  std::string text(const Expr *e) const;                         // the source, clipped
  std::string elementText(const Expr *e) const;                  // of the one element of a vector
  std::string userText(const Expr *e, const Context &ctx) const; // of a library cell's input what is given for it
  SMRange definitionOf(const Expr *e, const Context &ctx) const; // of a name, else invalid

  std::string sourceText(SMRange range) const;
  std::string describeClock(const Clock *clock);
  std::vector<StringRef> namesInScope(const Context &ctx);

  //===--- Expressions (Evaluate.cpp) ---===//
  Value evaluate(const Expr *e, Context &ctx);
  Value evaluateWhole(const Expr *e, Context &ctx); // what an equation or a `return` says
  Value evaluateKind(const Expr *e, Context &ctx);
  Value evaluateName(const Expr *e, Context &ctx);
  Value evaluateBinary(const Expr *e, Context &ctx);
  Value evaluateCondition(const Expr *e, Context &ctx);
  Value index(const Expr *e, Context &ctx);
  NodeId evaluateNode(const Expr *e, Context &ctx); // noNode after an error
  std::optional<int64_t> evaluateInt(const Expr *e, Context &ctx, const char *what);
  Binding *lookup(StringRef name, const Body *body) const;
  Value read(Binding &binding, const Expr *at, Context &ctx);
  Value force(Equation &equation, unsigned position, const Expr *at, Context &ctx);
  Value recursion(Equation &equation, unsigned position, const Expr *at, Context &ctx);
  Value failRecursion(DiagId id, SMRange at, const Context &ctx, std::string message, size_t from);
  Value delayedRead(Equation &equation, unsigned position, const Type &type, const Expr *at, Context &ctx);
  bool enterElsewhere(size_t from, bool canGuess);
  bool mayGuess(size_t from) const;
  Equation *find(Body &body, Attempts::Key key);
  void settle();
  Value finishEquation(Equation &equation, unsigned position, Value v, Context &ctx);
  Context equationContext(Equation &equation);
  std::string elementName(const Equation &equation, unsigned position) const;
  std::string loopText(size_t from) const;
  bool expand(Binding &family);
  std::vector<Value> familyElements(Binding &family, int64_t low, std::optional<int64_t> high, const Expr *at,
                                    Context &ctx);
  Value listed(const Value &v, const Expr *at, Context &ctx);

  //===--- Built-in functions (Builtins.cpp) ---===//
  Value callBuiltin(const Builtin &builtin, const Expr *e, Context &ctx);
  Value evaluateClock(const Expr *e, Context &ctx);
  Value valueOf(const Clock *clock, const Expr *e, Context &ctx);
  std::vector<StringRef> clockNames() const;
  Value concat(llvm::ArrayRef<Value> parts, llvm::ArrayRef<const Expr *> exprs, const Expr *at, Context &ctx);

  //===--- Values and nodes (Nodes.cpp) ---===//
  NodeId node(const Value &v, const Expr *at, Context &ctx); // noNode after an error
  NodeId constant(double v, Elem elem);
  NodeId add(Op op, Type type, const Clock *clock, llvm::ArrayRef<NodeId> operands, const Expr *at, Context &ctx);
  Type typeOf(const Value &v);
  std::string describeValue(const Value &v);
  std::string describeType(const Type &t) const;
  const ListValue *makeList(std::vector<Value> elements);
  Value binary(BinaryOp op, const Value &a, const Value &b, const Expr *at, const Expr *left, const Expr *right,
               Context &ctx);
  Value elementwise(Op op, llvm::ArrayRef<NodeId> operands, llvm::ArrayRef<const Expr *> exprs, const Expr *at,
                    Context &ctx);
  Value matrixProduct(NodeId a, NodeId b, const Expr *at, const Expr *left, const Expr *right, Context &ctx);
  Value select(const Value &c, const Value &a, const Value &b, const Expr *at, Context &ctx);
  /// Converts to the element type wanted (int widens, a literal becomes a token); reports R0302 or R0304.
  NodeId convert(NodeId n, Elem elem, int64_t tokens, const Expr *at, Context &ctx, bool report = true);
  std::optional<llvm::SmallVector<Dim, 2>> broadcast(llvm::ArrayRef<NodeId> operands,
                                                     llvm::ArrayRef<const Expr *> exprs, const Expr *at,
                                                     const char *what, Context &ctx);
  /// The same, or made so, see ClockTable::agree.
  bool agree(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b);
  bool sameDims(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b) const;
  bool sameDim(const Dim &a, const Dim &b) const;
  int ragged(const Type &t) const; // position of the clock's axis, or -1
  /// One clock for all; reports R0401/R0405/R0409 naming both places. Null where none has one.
  bool oneClock(llvm::ArrayRef<NodeId> nodes, llvm::ArrayRef<const Expr *> exprs, StringRef what, const Expr *at,
                Context &ctx, const Clock *&result);
  std::string misspeltClock(const Clock *a, const Clock *b);
  std::string selectors(const Clock *fine, const Clock *coarse);
  std::string holdTo(const Clock *fine, const Clock *coarse, std::string slow);
  std::string crossingHint(const Clock *a, const std::string &onA, const Clock *b, const std::string &onB);
  bool isAxis(const Clock *c);
  NodeId alias(const Type &type, const Expr *at, Context &ctx);
  NodeId resolve(NodeId n) const { // through aliases that are set
    while (nodes[n].op == Op::Alias && !nodes[n].operands.empty())
      n = nodes[n].operands[0];
    return n;
  }
  bool checkSize(llvm::ArrayRef<Dim> dims, SMRange at, const Context &ctx); // R0107 where the product overflows

  //===--- Types (Types.cpp) ---===//
  Value checkSizeValue(const Decl &decl, Value v, const Expr *at, const Cell &cell, Context &ctx) {
    return checkSizeValue(decl, decl.type, v, at, -1, cell, ctx);
  }
  /// Of a list's element: `type` is the element's, `element` its number in `at` where it is not written by itself.
  Value checkSizeValue(const Decl &decl, const TypeExpr *type, Value v, const Expr *at, int64_t element,
                       const Cell &cell, Context &ctx);
  void failNegative(const Expr *dim, int64_t value, Context &ctx);
  std::optional<Dim> evaluateDim(const Expr *e, Context &ctx);
  std::optional<Type> evaluateType(const TypeExpr &type, Context &ctx);
  bool bindSizeVariable(const Expr *e, Body &body, Value v);
  void declareSizeVariables(Body &body);
  /// Binds the size variables of an input's type to the argument and checks the rest.
  Value bindInput(const Decl &decl, const Value &arg, const Expr *at, Body &body, const Cell &cell, Context &caller);
  /// `guess` is set if the type is that of a literal.
  std::optional<Type> declaredType(Equation &equation, unsigned position, bool &guess);
  std::optional<Type> quickType(const Expr *e, std::optional<unsigned> position, Context &ctx, unsigned depth,
                                bool &guess);
  Value quickCallee(const Expr *e, Context &ctx);
  std::optional<Type> resultType(const Recipe &recipe, std::optional<unsigned> position);

  //===--- Cells (Apply.cpp) ---===//
  std::string sizesHint(const Value &cell) const;
  Value configure(const Value &cell, const Expr *call, Context &ctx);
  Shared *sharedOf(Body *home, const std::string &name, const void *origin, SMRange at);
  void checkPaths();
  Instance *makeInstance(const Recipe *recipe, const std::string &name, Body *body, const void *origin, SMRange at);
  Value toInstances(const Value &v, const std::string &name, Body *body, const Equation &equation);
  Application *makeApplication(Instance *instance, Context &ctx);
  const Clock *ownClock(Application *app);
  Value apply(const Value &callee, const Expr *call, Context &ctx);
  bool enterScope(Application &app, const Value &reset, const Expr *at, Context &ctx);
  Value results(Application &app, const Expr *call, Context &ctx);
  Value checkResult(const ResultType &declared, Value v, const Expr *e, Application &app, Context &inner);
  Value member(const Expr *e, bool prime, Context &ctx);
  NodeId laterState(Binding &state, const Expr *at, Context &ctx);
  Value notOnce(const Instance &instance, const Expr *e, Context &ctx);

  //===--- State and time (State.cpp) ---===//
  NodeId readState(Binding &state, const Expr *at, Context &ctx);
  NodeId nextState(Binding &state, const Expr *at, Context &ctx);   // the candidate
  NodeId visibleNext(Binding &state, const Expr *at, Context &ctx); // as the outside sees it
  void finishState(Binding &state);
  NodeId blended(NodeId candidate, NodeId previous, Application &app, Context &ctx);
  Value blendedResult(const Expr *e, Context &inner, const Expr *call, Context &ctx);
  Value prime(const Expr *e, Context &ctx);
  Value delay(const Expr *init, const Expr *value, const Expr *at, Context &ctx);
  Value delayed(const Value &first, const Expr *init, const Value &v, const Expr *value, const Expr *at, Context &ctx);
  const Clock *eventClock(const Clock *parent, NodeId condition, const std::string &written);
  bool checkSegment(const Clock *parent, const Clock *segment, const Expr *ce, const Expr *xe, const Expr *at,
                    Context &ctx);
  const Clock *whenClock(const Clock *parent, const Value &c, const Expr *ce, const Expr *xe, const Expr *at,
                         Context &ctx);
  Value when(const Value &given, const Value &condition, const Expr *at, const Expr *xe, const Expr *ce, Context &ctx);
  Value sampleOf(const Expr *e, Context &ctx);
  NodeId segmentEnd(uint32_t scope, const Expr *at, Context &ctx);
  bool isSegmentEnd(const Clock *clock, uint32_t scope);
  bool perSample(const ClockAxis *axis);
  bool sameNode(NodeId a, NodeId b);
  Value readParam(Binding &binding, std::optional<int64_t> index, const Expr *at, Context &ctx);
  bool parameterInit(const Expr &e, Param &p, Context &ctx);

  //===--- Bodies and items (Elaborate.cpp) ---===//
  void load(Body &body, const std::vector<Item *> &items);
  void loadFile(Body &body, const File &file);
  void loadInputs(const std::vector<Item *> &items);
  void force(Body &body);
  void forceAll();
  void makeLoss(const Item &item);
  void makeOutput(const Item &item);
  void makeGenerate(const Item &item);
  uint32_t location(SMRange range, const Context &ctx);
  uint32_t scope(bool reverse, std::vector<Cut> cuts);
  const Expr *place(SMRange range);
  std::string applicationPath(const Application *app) const;
  bool tooLarge(const Expr *at, Context &ctx);

  Diagnostics &diags;
  const CheckOptions &options;
  ClockTable clocks;
  std::deque<Node> nodes; // references into it last: what makes a node may hold one
  std::deque<WorkingSlot> slots;
  std::vector<Input> inputs;
  std::vector<Param> params;
  std::vector<Shared *> paramOwners; // by index
  std::vector<Scope> scopes;
  std::vector<Location> locations;
  std::map<NodeId, Application *> nodeApps; // of nodes whose clock may stay unknown, or that draw random numbers
  std::map<NodeId, std::pair<std::string, unsigned>> draws; // of `random`: in which equation, and which of its draws
  std::set<uint32_t> shapesUsed;                            // inputs of which nothing but the shape is read
  struct NodeName {
    NodeId node;
    Application *app;
    std::string name;
  };
  std::vector<NodeName> nodeNames;
  std::vector<Output> outputs;
  std::vector<Loss> losses;
  std::vector<Generate> generates;
  std::set<const Cell *> instantiated;
  std::vector<Consequence> consequences;
  /// Names that nothing defines: told once in each cell or model, with all places.
  struct Unknown {
    Diagnostic *told;
    std::set<const char *> places;
  };
  std::map<std::pair<const Cell *, StringRef>, Unknown> unknown;
  Application *modelApp = nullptr;
  unsigned lossCount = 0;
  bool training = false, usesTraining = false;

  // What is being evaluated: equations, and a null for each delay (pre, fby) between them, whose names stand in delayNames.
  std::vector<Equation *> stack;
  std::vector<llvm::StringRef> delayNames;
  std::vector<UndecidedLoop> undecidedLoops;
  std::vector<size_t> appliedAt; // how deep the stack was where cells were applied whose arguments are evaluated
  void enterDelay(llvm::StringRef name) {
    stack.push_back(nullptr);
    delayNames.push_back(name);
  }
  void leaveDelay() {
    stack.pop_back();
    delayNames.pop_back();
  }
  Attempts &attempts;
  /// What can be said only when a clock is known, or, if that is null, when all equations are evaluated.
  struct Deferred {
    const Clock *clock;
    std::function<void()> say;
  };
  std::list<Deferred> deferred;
  /// Runs a check of a clock that is not known yet. If it never is, and there is a `segment`, it is the next finer one.
  void onceKnown(const Clock *clock, const Clock *segment, const Context &at, std::function<void(Context &)> check);

  struct MemberUse {
    Instance *instance;
    const Expr *at;
    Body *body;
  };
  std::vector<MemberUse> memberUses;

  /// A whole expression that is being evaluated, and applications in it that came ahead of their turn, because something
  /// to their left reads what only they make known (N5).
  struct Underway {
    const Expr *value;
    Context *ctx;
    std::map<const Expr *, std::optional<Value>> ahead; // no value: it is being evaluated
    std::set<const Expr *> twoBranches;                 // conditionals of which both branches count
  };
  std::deque<Underway> underway;
  void applyIdle(const Instance &instance, const Expr *at, Context &ctx);
  void applyAhead(const Instance &instance);
  std::vector<Body *> bodies;
  std::map<uint32_t, std::vector<NodeId>> segmentEnds; // what `sample` is in a scope (S4)
  std::map<NodeId, std::string> conditionTexts;        // of event clocks, as written

  Body *makeBody() { return &bodyStore.emplace_back(); }
  Equation *makeEquation() { return &equationStore.emplace_back(); }
  Recipe *makeRecipe() { return &recipeStore.emplace_back(); }
  /// `value`: what it is, for the message that it is defined already.
  Binding *define(Body &body, StringRef name, SMRange range, Binding::Kind kind, const Expr *value = nullptr);

  const Program &program;
  Body *fileBody = nullptr;
  Body *modelBody = nullptr;
  bool isLibrary(SMRange range) const;
  uint64_t staticWork = 0;
  bool aborted = false; // a limit was passed: stop quickly
  unsigned created = 0; // parameters, slots and applications made so far
  unsigned quiet = 0;   // errors are dropped: a type is only asked for
  Diagnostic scratch{};
  char *stackBase = nullptr;
  size_t stackLimit = 0;

  std::deque<Body> bodyStore;
  std::deque<Binding> bindingStore;
  std::deque<Equation> equationStore;
  std::deque<Recipe> recipeStore;
  std::deque<Instance> instanceStore;
  std::deque<Application> applicationStore;
  std::deque<Shared> sharedStore;
  std::deque<ListValue> listStore;
  std::deque<ResetValue> resetStore;
  std::deque<Expr> exprStore; // places that no syntax has
};

/// Of an unknown name, that are told.
constexpr size_t mostPlaces = 8;
/// What may be meant by a name that nothing defines, of what is in scope, of other languages, or of what is built in.
void suggestFor(Diagnostic &d, const Expr &name, std::vector<StringRef> inScope);

const Builtin *findBuiltin(StringRef name);
std::vector<StringRef> builtinNames();

/// What R0210 says.
std::string noState(StringRef name, const Binding *binding = nullptr);
/// What R0202 says; `isState`: the first is a state, the second an equation.
std::string definedTwice(const std::string &name, bool isState);
/// Whether the expression uses the name, not only as a member of something.
bool mentions(const Expr *e, StringRef name);

using NamesOfCells = std::set<std::pair<const Cell *, StringRef>>;

/// What can be said of cells without instantiating them: names that nothing defines (in cells that no model
/// instantiates), recursion among cells, primes on what is no state, missing or misplaced `return`.
/// `told`: unknown names of which is told already.
void checkNames(const Program &program, const std::set<const Cell *> &instantiated, const NamesOfCells &told,
                Diagnostics &diags);
/// Before anything is elaborated: what would make elaboration run in circles or be told twice.
bool checkStructure(const Program &program, Diagnostics &diags);

/// Orders the graph, drops what nothing needs, and checks loops (R0501), causality (R0407), generate (R0602), gradients
/// (R0604) and use (R0502, R0606).
bool finish(Elaborator &e, const Cell &model, Model &result);

} // namespace rondo::dsl
#endif
