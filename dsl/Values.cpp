// Values become nodes: constants, lists stacked, conversions (T1), shapes that repeat (T4), one clock for all (C2).
#include "dsl/Elaborate.h"
#include "fmt/format.h"
#include <limits>

namespace rondo::dsl {

using DimVector = llvm::SmallVector<Dim, 2>;

constexpr size_t maxNodes = 2'000'000;

//===--- Values ------------------------------------------------------------------------------------------------===//

Value Value::ofInt(int64_t v) {
  Value r;
  r.kind = Kind::Int;
  r.integer = v;
  return r;
}
Value Value::ofReal(double v) {
  Value r;
  r.kind = Kind::Real;
  r.real = v;
  return r;
}
Value Value::ofBool(bool v) {
  Value r;
  r.kind = Kind::Bool;
  r.flag = v;
  return r;
}
Value Value::ofNode(NodeId n) {
  Value r;
  if (n == noNode)
    return r;
  r.kind = Kind::Node;
  r.node = n;
  return r;
}
Value Value::ofAll() {
  Value v;
  v.kind = Kind::All;
  return v;
}

Value Value::ofList(const ListValue *l) {
  Value r;
  r.kind = Kind::List;
  r.list = l;
  return r;
}

const ListValue *Elaborator::makeList(std::vector<Value> elements) {
  staticWork += elements.size();
  listStore.emplace_back();
  listStore.back().elements = std::move(elements);
  for (const Value &v : listStore.back().elements)
    listStore.back().leaves += v.is(Value::Kind::List) ? std::min(v.list->leaves, uint64_t(1) << 40) : 1;
  return &listStore.back();
}

std::string Elaborator::describeType(const Type &t) const {
  std::string text = t.elem == Elem::Real   ? "real"
                     : t.elem == Elem::Int  ? "int"
                     : t.elem == Elem::Bool ? "bool"
                                            : fmt::format("token({})", t.tokens);
  for (size_t i = 0; i < t.dims.size(); ++i) {
    text += i ? ", " : "[";
    text += t.dims[i].axis ? const_cast<ClockTable &>(clocks).describe(t.dims[i].axis->collected)
                           : std::to_string(t.dims[i].size);
  }
  return text + (t.dims.empty() ? "" : "]");
}

std::string Elaborator::describeValue(const Value &v) {
  switch (v.kind) {
  case Value::Kind::Error: return "an error";
  case Value::Kind::Int: return fmt::format("the number {}", v.integer);
  case Value::Kind::Real: return fmt::format("the number {}", v.real);
  case Value::Kind::Bool: return v.flag ? "true" : "false";
  case Value::Kind::List: return fmt::format("a list of {}", v.list->elements.size());
  case Value::Kind::Node: return describeType(nodes[v.node].type);
  case Value::Kind::Axis: return "a clock's axis";
  case Value::Kind::CellSizes: return fmt::format("the cell '{}' without its sizes", v.recipe->cell->name.text.str());
  case Value::Kind::Recipe: return fmt::format("the cell '{}'", v.recipe->cell->name.text.str());
  case Value::Kind::Instance:
  case Value::Kind::ReversedInstance: return "an instance of '" + v.instance->recipe->cell->name.text.str() + "'";
  case Value::Kind::Builtin: return fmt::format("the function '{}'", v.builtin->name);
  case Value::Kind::Family: return "a list";
  case Value::Kind::Clock: return fmt::format("the clock '{}'", clocks.describe(v.clock));
  case Value::Kind::Initial: return "an initialiser";
  case Value::Kind::All: return "'all'";
  case Value::Kind::Reset: return "a reset";
  }
  return "";
}

/// The type a value has once it is a node; lists that cannot be stacked count as real.
Type Elaborator::typeOf(const Value &v) {
  switch (v.kind) {
  case Value::Kind::Node: return nodes[v.node].type;
  case Value::Kind::Int: return {Elem::Int, 0, {}};
  case Value::Kind::Bool:
  case Value::Kind::Clock: return {Elem::Bool, 0, {}};
  case Value::Kind::List: {
    if (v.list->elements.empty())
      return {Elem::Real, 0, {Dim{0}}};
    Type t = typeOf(v.list->elements[0]);
    t.dims.insert(t.dims.begin(), Dim{int64_t(v.list->elements.size())});
    return t;
  }
  default: return {};
  }
}

//===--- Making nodes ------------------------------------------------------------------------------------------===//

bool Elaborator::tooLarge(const Expr *at, Context &ctx) {
  if (aborted)
    return true;
  constexpr uint64_t maxStaticWork = 40'000'000;
  constexpr size_t maxApplications = 300'000;
  if (applicationStore.size() >= maxApplications) {
    error(DiagId::R0107, at, ctx, fmt::format("the model applies cells more than {} times", maxApplications));
    return aborted = true;
  }
  if (nodes.size() < maxNodes && staticWork < maxStaticWork)
    return false;
  error(DiagId::R0107, at, ctx,
        nodes.size() >= maxNodes ? fmt::format("the model unrolls to more than {} operations", maxNodes)
                                 : fmt::format("static values take more than {} evaluations", maxStaticWork));
  return aborted = true;
}

bool Elaborator::checkSize(llvm::ArrayRef<Dim> dims, SMRange at, const Context &ctx) {
  constexpr int64_t most = int64_t(1) << 31;
  int64_t size = 1;
  for (const Dim &d : dims)
    if (!d.axis && (__builtin_mul_overflow(size, std::max<int64_t>(d.size, 1), &size) || size > most)) {
      error(DiagId::R0107, at, ctx,
            fmt::format("{} is too large: a value has at most 2^31 elements",
                        describeType({Elem::Real, 0, DimVector(dims.begin(), dims.end())})));
      return false;
    }
  return true;
}

uint32_t Elaborator::location(SMRange range, const Context &ctx) {
  int32_t caller = ctx.body->app && ctx.body->app->instance ? int32_t(ctx.body->app->location) : -1;
  if (!locations.empty() && locations.back().range.Start == range.Start && locations.back().range.End == range.End &&
      locations.back().caller == caller)
    return locations.size() - 1;
  locations.push_back({range, caller});
  return locations.size() - 1;
}

NodeId Elaborator::add(Op op, Type type, const Clock *clock, llvm::ArrayRef<NodeId> operands, const Expr *at,
                       Context &ctx) {
  if (tooLarge(at, ctx) || !checkSize(type.dims, at->range, ctx))
    return noNode;
  Node n;
  n.op = op;
  n.type = std::move(type);
  n.clock = clock;
  n.operands.assign(operands.begin(), operands.end());
  n.scope = ctx.body->app ? ctx.body->app->scope : 0;
  n.location = location(at->range, ctx);
  nodes.push_back(std::move(n));
  return nodes.size() - 1;
}

NodeId Elaborator::constant(double v, Elem elem) {
  Node n;
  n.op = Op::Constant;
  n.type.elem = elem;
  n.values = std::make_shared<std::vector<double>>(1, v);
  nodes.push_back(std::move(n));
  return nodes.size() - 1;
}

NodeId Elaborator::alias(const Type &type, const Expr *at, Context &ctx) {
  NodeId n = add(Op::Alias, type, clocks.variable(), {}, at, ctx);
  return n;
}

namespace {
/// Collects a nested list of numbers row-major; false where it holds anything else or rows differ in shape.
bool flatten(const Value &v, size_t depth, llvm::SmallVectorImpl<int64_t> &shape, std::vector<double> &out, bool &real,
             bool &boolean) {
  if (v.isStatic()) {
    if (depth != shape.size())
      return false;
    real |= v.is(Value::Kind::Real);
    boolean |= v.is(Value::Kind::Bool);
    out.push_back(v.is(Value::Kind::Bool) ? double(v.flag) : v.number());
    return true;
  }
  if (!v.is(Value::Kind::List))
    return false;
  int64_t n = v.list->elements.size();
  if (depth == shape.size()) {
    if (!out.empty())
      return false;
    shape.push_back(n);
  } else if (shape[depth] != n) {
    return false;
  }
  for (const Value &e : v.list->elements)
    if (!flatten(e, depth + 1, shape, out, real, boolean))
      return false;
  return true;
}
} // namespace

NodeId Elaborator::node(const Value &v, const Expr *at, Context &ctx) {
  switch (v.kind) {
  case Value::Kind::Error: return noNode;
  case Value::Kind::Node: return v.node;
  case Value::Kind::Int: return constant(double(v.integer), Elem::Int);
  case Value::Kind::Real: return constant(v.real, Elem::Real);
  case Value::Kind::Bool: return constant(v.flag, Elem::Bool);
  case Value::Kind::Family: return node(listed(v, at, ctx), at, ctx);
  case Value::Kind::Clock: {
    if (!clocks.isSegment(v.clock)) {
      fail(DiagId::R0302, at, ctx,
           fmt::format("'{}' is a base clock, and only a segment clock is also a bool; 'tick' counts its ticks, and "
                       "'pre(..)' is the value one tick before",
                       v.clock->name));
      return noNode;
    }
    NodeId n = add(Op::Segment, {Elem::Bool, 0, {}}, clocks.variable(v.clock), {}, at, ctx);
    if (n != noNode)
      nodes[n].segment = v.clock;
    return n;
  }
  case Value::Kind::List: break;
  default:
    fail(DiagId::R0302, at, ctx,
         fmt::format("a value is needed here; '{}' is {}{}", text(at), describeValue(v),
                     v.isCell() ? ": apply it" : ""));
    return noNode;
  }

  const ListValue &list = *v.list;
  if (list.stacked != noNode)
    return list.stacked;
  llvm::SmallVector<int64_t> shape;
  std::vector<double> numbers;
  bool real = false, boolean = false;
  if (flatten(v, 0, shape, numbers, real, boolean) && !(boolean && real)) {
    Type type{numbers.empty() || real ? Elem::Real : boolean ? Elem::Bool : Elem::Int, 0, {}};
    for (int64_t d : shape)
      type.dims.push_back({d});
    NodeId n = add(Op::Constant, type, nullptr, {}, at, ctx);
    if (n != noNode)
      nodes[n].values = std::make_shared<std::vector<double>>(std::move(numbers));
    return list.stacked = n;
  }
  llvm::SmallVector<NodeId> parts;
  bool anyReal = false;
  for (const Value &e : list.elements) {
    NodeId n = node(e, at, ctx);
    if (n == noNode)
      return noNode;
    anyReal |= nodes[n].type.elem == Elem::Real;
    parts.push_back(n);
  }
  for (NodeId &n : parts) {
    if (anyReal && nodes[n].type.elem == Elem::Int)
      n = convert(n, Elem::Real, 0, at, ctx);
    if (n == noNode)
      return noNode;
    const Type &a = nodes[parts[0]].type, &b = nodes[n].type;
    if (a.elem != b.elem || a.tokens != b.tokens || !sameDims(a.dims, b.dims)) {
      fail(a.elem != b.elem ? DiagId::R0302 : DiagId::R0301, at, ctx,
           fmt::format("a list is one value only if its elements are alike: element 0 is {}, element {} is {}",
                       describeType(a), &n - parts.begin(), describeType(b)));
      return noNode;
    }
  }
  const Clock *clock = nullptr;
  llvm::SmallVector<const Expr *> exprs(parts.size(), at);
  if (!oneClock(parts, exprs, "a list", at, ctx, clock))
    return noNode;
  Type type = nodes[parts[0]].type;
  if (ragged(type) >= 0) {
    fail(DiagId::R0308, at, ctx, fmt::format("values with a clock's axis cannot be stacked: {}", describeType(type)));
    return noNode;
  }
  type.dims.insert(type.dims.begin(), Dim{int64_t(parts.size())});
  return list.stacked = add(Op::Stack, type, clock, parts, at, ctx);
}

//===--- Shapes and elements -----------------------------------------------------------------------------------===//

bool Elaborator::sameDim(const Dim &a, const Dim &b) const {
  if (bool(a.axis) != bool(b.axis))
    return false;
  return a.axis ? const_cast<ClockTable &>(clocks).same(a.axis, b.axis) : a.size == b.size;
}

bool Elaborator::sameDims(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b) const {
  if (a.size() != b.size())
    return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!sameDim(a[i], b[i]))
      return false;
  return true;
}

bool Elaborator::agree(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip_equal(a, b), [&](const auto &of) {
           const auto &[x, y] = of;
           return sameDim(x, y) || (x.axis && y.axis && clocks.agree(x.axis, y.axis));
         });
}

int Elaborator::ragged(const Type &t) const {
  for (size_t i = 0; i < t.dims.size(); ++i)
    if (t.dims[i].axis)
      return int(i);
  return -1;
}

std::optional<DimVector> Elaborator::broadcast(llvm::ArrayRef<NodeId> operands, llvm::ArrayRef<const Expr *> exprs,
                                               const Expr *at, const char *what, Context &ctx) {
  size_t widest = 0;
  for (size_t i = 1; i < operands.size(); ++i)
    if (nodes[operands[i]].type.dims.size() > nodes[operands[widest]].type.dims.size())
      widest = i;
  DimVector dims = nodes[operands[widest]].type.dims;
  for (size_t i = 0; i < operands.size(); ++i) {
    llvm::ArrayRef<Dim> own = nodes[operands[i]].type.dims;
    if (agree(own, llvm::ArrayRef<Dim>(dims).take_back(own.size())))
      continue;
    std::string hint; // of what has one element
    for (size_t k : {widest, i})
      if (llvm::ArrayRef<Dim> one = nodes[operands[k]].type.dims; one.size() == 1 && !one[0].axis && one[0].size == 1)
        hint = fmt::format("; '{}' is a number", elementText(exprs[k]));
    if (hint.empty() && dims.size() == 2 && own.size() == 1 && agree(own, llvm::ArrayRef<Dim>(dims).take_front(1)))
      hint = fmt::format("; '{}' goes along the last axis; for the first one transpose '{}', and the result",
                         userText(exprs[i], ctx), userText(exprs[widest], ctx));
    Diagnostic &d = error(DiagId::R0301, at, ctx,
                          fmt::format("{} needs equal shapes: '{}' is {}, '{}' is {}{}", what,
                                      userText(exprs[widest], ctx), describeType(nodes[operands[widest]].type),
                                      userText(exprs[i], ctx), describeType(nodes[operands[i]].type), hint));
    for (size_t k : {widest, i})
      if (SMRange r = definitionOf(exprs[k], ctx); r.isValid())
        d.note(r, fmt::format("'{}' is defined here", text(exprs[k])));
    return std::nullopt;
  }
  return dims;
}

NodeId Elaborator::convert(NodeId n, Elem elem, int64_t tokens, const Expr *at, Context &ctx, bool report) {
  Node &from = nodes[n];
  if (from.type.elem == elem && (elem != Elem::Token || from.type.tokens == tokens))
    return n;
  if (from.type.elem == Elem::Int && from.op == Op::Constant && (elem == Elem::Real || elem == Elem::Token)) {
    if (elem == Elem::Token)
      for (double v : *from.values)
        if (v < 0 || v >= double(tokens)) {
          fail(DiagId::R0304, at, ctx,
               fmt::format("{} is no token({}): tokens are 0..{}", int64_t(v), tokens, tokens - 1));
          return noNode;
        }
    Node copy = from;
    copy.type.elem = elem;
    copy.type.tokens = elem == Elem::Token ? tokens : 0;
    nodes.push_back(std::move(copy));
    return nodes.size() - 1;
  }
  if (from.type.elem == Elem::Int && elem == Elem::Real) {
    Type type = from.type;
    type.elem = Elem::Real;
    return add(Op::ToReal, type, from.clock, {n}, at, ctx);
  }
  if (report)
    fail(DiagId::R0302, at, ctx,
         fmt::format("'{}' is {}; {} is needed", text(at), describeType(from.type),
                     describeType({elem, tokens, from.type.dims})));
  return noNode;
}

//===--- One clock (C2) ----------------------------------------------------------------------------------------===//

bool Elaborator::isAxis(const Clock *c) { return clocks.resolve(c)->kind == Clock::Kind::Axis; }

/// Where a clock of one of them has nearly the name of another one: that one of the two may be a slip.
std::string Elaborator::misspeltClock(const Clock *a, const Clock *b) {
  std::vector<StringRef> names = {"sample"};
  for (const Clock *axis : clocks.axes())
    names.push_back(axis->name);
  for (const Clock *clock : {b, a})
    for (const Clock *axis : clocks.ancestors(clock)) {
      std::vector<StringRef> others(names);
      llvm::erase(others, axis->name);
      std::optional<StringRef> near = isAxis(axis) ? nearest(axis->name, others) : std::nullopt;
      if (near)
        return fmt::format("; or is '{}' meant to be '{}'?", axis->name, near->str());
    }
  return "";
}

/// What leads from `fine` to its coarser clock: ` when ..` for each level; a segment needs no finer segment.
std::string Elaborator::selectors(const Clock *fine, const Clock *coarse) {
  std::string text;
  bool wasSegment = false;
  for (const Clock *c : clocks.levels(fine, coarse)) {
    bool isSegment = clocks.isSegment(c);
    if (!isSegment)
      text = describeClock(c).substr(describeClock(c->parent).size()) + text;
    else if (!wasSegment)
      text = " when " + describeClock(c) + text;
    wasSegment = isSegment;
  }
  return text;
}

/// What shows `slow` on a finer clock it comes from.
std::string Elaborator::holdTo(const Clock *fine, const Clock *coarse, std::string slow) {
  size_t count = clocks.levels(fine, coarse).size();
  if (count > 1 && (clocks.isSegment(fine) || isAxis(fine)))
    return fmt::format("hold({}, to = {})", slow, describeClock(fine));
  while (count--)
    slow = fmt::format("hold({})", slow);
  return slow;
}

/// How values on `a` and `b`, of which these are the texts, can meet. An empty text is of a value that cannot be moved.
std::string Elaborator::crossingHint(const Clock *a, const std::string &onA, const Clock *b, const std::string &onB) {
  const Clock *baseOfA = clocks.root(a), *baseOfB = clocks.root(b);
  if (baseOfA != baseOfB && isAxis(baseOfA) && isAxis(baseOfB))
    return "two base clocks meet only through 'spread(.., to = ..)'";
  auto isSample = [&](const Clock *c) { return clocks.resolve(c)->kind == Clock::Kind::Sample; };
  auto isFinerThan = [&](const Clock *fine, const Clock *coarse) {
    return llvm::any_of(clocks.ancestors(coarse),
                        [&](const Clock *c) { return c != clocks.resolve(coarse) && clocks.same(c, fine); });
  };
  bool isSlowA = isFinerThan(b, a) || (!isFinerThan(a, b) && isSample(a));
  const Clock *coarse = clocks.resolve(isSlowA ? a : b), *fine = clocks.resolve(isSlowA ? b : a);
  const std::string &slow = isSlowA ? onA : onB, &fast = isSlowA ? onB : onA;
  llvm::SmallVector<std::string, 3> ways;
  auto offer = [&](const std::string &moved, const std::string &way) {
    if (!moved.empty())
      ways.push_back("'" + way + "'");
  };
  bool isFiner = isFinerThan(fine, coarse);
  if (isSample(coarse) && isAxis(clocks.root(fine))) {
    // It ticks when all is over: nothing would be left to hold. Of several bases it is no coarser clock of one.
    llvm::SmallVector<const Clock *> path = clocks.ancestors(fine);
    const Clock *axis = *llvm::find_if(path, [&](const Clock *c) { return isAxis(c); });
    offer(slow, fmt::format("spread({}, to = {}){}", slow, describeClock(axis), selectors(axis, fine)));
    if (isFiner || isAxis(fine))
      offer(fast, fast + " when sample");
  } else if (isFiner) {
    // What a whole segment has is mostly meant for all of it.
    if (isAxis(coarse) && isAxis(fine))
      offer(slow, fmt::format("spread({}, to = {})", slow, describeClock(fine)));
    offer(slow, holdTo(fine, coarse, slow));
    offer(fast, fast + selectors(fine, coarse));
  }
  if (ways.empty())
    return "cross with 'hold' to the clock they come from";
  return fmt::format("cross with {}{}{}", fmt::join(llvm::ArrayRef(ways).drop_back(), ", "),
                     ways.size() > 1 ? " or " : "", ways.back());
}

bool Elaborator::oneClock(llvm::ArrayRef<NodeId> operands, llvm::ArrayRef<const Expr *> exprs, StringRef what,
                          const Expr *at, Context &ctx, const Clock *&result) {
  const Clock *clock = result; // here and in `own` not in normal form: `every(1)` stays visible to `hold`
  size_t first = operands.size();
  for (size_t i = 0; i < operands.size(); ++i) {
    const Clock *own = nodes[operands[i]].clock;
    if (!own)
      continue;
    if (!clock) {
      clock = own;
      first = i;
      continue;
    }
    Unify u = clocks.unify(clock, own);
    if (u == Unify::Same) {
      if (first == operands.size())
        first = i;
      continue;
    }
    // An element of a list is called by its number.
    auto nameOf = [&](size_t k) {
      size_t begin = llvm::find(exprs, exprs[k]) - exprs.begin();
      bool isElement = llvm::count(exprs, exprs[k]) > 1;
      return isElement ? fmt::format("{}[{}]", text(exprs[k]), k - begin) : text(exprs[k]);
    };
    std::string firstText = first < operands.size() ? nameOf(first) : std::string(what);
    std::string a = describeClock(clock), b = describeClock(own);
    if (u == Unify::SegmentOnEvent) {
      error(DiagId::R0405, exprs[i], ctx,
            fmt::format("a segment clock is no bool on '{}': hold first, then sample by the segment",
                        clocks.resolve(clock)->kind == Clock::Kind::Var ? b : a));
      return false;
    }
    // A cell's own clock has no text, and what has a clock's axis stays where it is.
    auto movable = [&](size_t k) {
      int axis = k < operands.size() ? ragged(nodes[operands[k]].type) : -1;
      bool stays = k == operands.size() || (axis >= 0 && !perSample(nodes[operands[k]].type.dims[axis].axis));
      return stays ? std::string() : nameOf(k);
    };
    std::string crossing = crossingHint(clock, movable(first), own, movable(i)) + misspeltClock(clock, own);
    bool bases = clocks.root(clock) != clocks.root(own) && isAxis(clocks.root(clock)) && isAxis(clocks.root(own));
    Diagnostic &d = error(bases ? DiagId::R0409 : DiagId::R0401, at, ctx,
                          fmt::format("{} takes one clock: {} ticks on '{}', {} on '{}'; {}", what.str(), firstText, a,
                                      nameOf(i), b, crossing));
    bool areElements = first < operands.size() && exprs[first] == exprs[i];
    for (size_t k : {i, areElements ? operands.size() : first})
      if (k < operands.size())
        if (SMRange r = definitionOf(exprs[k], ctx); r.isValid())
          d.note(r, fmt::format("{} gets its clock here", text(exprs[k])));
    return false;
  }
  result = clock;
  return true;
}

} // namespace rondo::dsl
