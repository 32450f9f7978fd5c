// Declared types: sizes held against theirs (N2), evaluated in their scope, and inputs' types matched against arguments,
// which binds size variables (T3).
#include "dsl/Elaborate.h"
#include "fmt/format.h"

namespace rondo::dsl {

Value Elaborator::checkSizeValue(const Decl &decl, const TypeExpr *type, Value v, const Expr *at, int64_t element,
                                 const Cell &cell, Context &ctx) {
  if (v.isError())
    return v;
  v = listed(v, at, ctx);
  auto wrong = [&](StringRef wanted) {
    if (v.is(Value::Kind::CellSizes))
      return fail(DiagId::R0204, at, ctx, fmt::format("'{}' needs its sizes: '{}'", text(at), sizesHint(v)));
    if (v.is(Value::Kind::Node))
      return fail(DiagId::R0303, at, ctx,
                  fmt::format("the size '{}' of '{}' must be static; '{}' is a stream", decl.name.text.str(),
                              cell.name.text.str(), text(at)));
    std::string whole = wanted.str();
    if (type != decl.type) {
      whole = wanted.split(' ').second.str() + "s";
      for (const TypeExpr *outer = decl.type->element; outer != type; outer = outer->element)
        whole = "lists of " + whole;
      whole = "a list of " + whole;
    }
    return fail(DiagId::R0302, at, ctx,
                fmt::format("the size '{}' of '{}' is {}; {}'{}' is {}{}", decl.name.text.str(), cell.name.text.str(),
                            whole, element < 0 ? "" : fmt::format("element {} of ", element), text(at),
                            describeValue(v),
                            wanted == "a bool" && v.is(Value::Kind::Int) ? "; sizes of inputs are not given" : ""));
  };
  if (!type)
    return v.is(Value::Kind::Node) || v.is(Value::Kind::CellSizes) ? wrong("static") : v;
  switch (type->kind) {
  case TypeExpr::Kind::Int:
    if (type->dims.empty())
      return v.is(Value::Kind::Int) ? v : wrong("an int");
    return v.is(Value::Kind::List) ? v : wrong("a list");
  case TypeExpr::Kind::Real:
    if (type->dims.empty())
      return v.isNumber() ? Value::ofReal(v.number()) : wrong("a real");
    return v.is(Value::Kind::List) ? v : wrong("a list");
  case TypeExpr::Kind::Bool: return v.is(Value::Kind::Bool) ? v : wrong("a bool");
  case TypeExpr::Kind::Cell: return v.isCell() ? v : wrong("a cell");
  case TypeExpr::Kind::Token: return v.is(Value::Kind::Int) ? v : wrong("a token");
  case TypeExpr::Kind::List: {
    if (!v.is(Value::Kind::List))
      return wrong("a list");
    bool areWritten = at->kind == Expr::Kind::List && element < 0 && at->operands.size() == v.list->elements.size();
    std::vector<Value> elements;
    for (const Value &e : v.list->elements) {
      int64_t i = elements.size();
      elements.push_back(areWritten ? checkSizeValue(decl, type->element, e, at->operands[i], -1, cell, ctx)
                                    : checkSizeValue(decl, type->element, e, at, i, cell, ctx));
      if (elements.back().isError())
        return Value();
    }
    return Value::ofList(makeList(std::move(elements)));
  }
  }
  return v;
}

/// What was given as a size where that is what is wrong, else the expression.
void Elaborator::failNegative(const Expr *dim, int64_t value, Context &ctx) {
  const Application *app = ctx.body ? ctx.body->app : nullptr;
  const Recipe *recipe = app && app->instance ? app->instance->recipe : nullptr;
  bool isSize = false;
  forEachName(*dim, [&](StringRef name) {
    const Binding *size = lookup(name, ctx.body);
    auto given = recipe ? recipe->places.find(name) : std::map<StringRef, SMRange>::const_iterator();
    if (!recipe || given == recipe->places.end() || size->body != app->body || !size->value.is(Value::Kind::Int) ||
        size->value.integer >= 0)
      return;
    isSize = true;
    error(DiagId::R0304, given->second, ctx,
          fmt::format("the size '{}' of '{}' cannot be {}", name.str(), recipe->cell->name.text.str(),
                      size->value.integer));
  });
  if (!isSize)
    fail(DiagId::R0304, dim, ctx, fmt::format("a size cannot be {}", value));
}

std::optional<Dim> Elaborator::evaluateDim(const Expr *e, Context &ctx) {
  // A name that is in scope is no size variable.
  const Binding *named = e->kind == Expr::Kind::Name ? lookup(e->name, ctx.body) : nullptr;
  const Equation *equation = named ? named->equation : nullptr;
  if (equation && equation->state == Equation::State::Busy) {
    error(DiagId::R0303, e->range, ctx,
          fmt::format("the size '{0}' is the value '{0}' here, which is made with it; a size variable needs a name of "
                      "its own",
                      text(e)))
        .note(named->range, fmt::format("'{}' is this", text(e)));
    return std::nullopt;
  }
  Value v = evaluate(e, ctx);
  switch (v.kind) {
  case Value::Kind::Error: return std::nullopt;
  case Value::Kind::Int:
    if (v.integer < 0) {
      failNegative(e, v.integer, ctx);
      return std::nullopt;
    }
    return Dim{v.integer};
  case Value::Kind::Axis: return Dim{0, v.axis};
  case Value::Kind::Clock: // `real[source, 512]`: named for the clock collected
    return Dim{0, clocks.clockAxis(v.clock, clocks.sample())};
  default:
    Diagnostic &d = error(DiagId::R0303, e->range, ctx,
                          fmt::format("a size must be a static int; '{}' is {}", text(e), describeValue(v)));
    if (equation)
      d.note(named->range, fmt::format("'{}' is this; a size variable needs a name of its own", text(e)));
    return std::nullopt;
  }
}

std::optional<Type> Elaborator::evaluateType(const TypeExpr &t, Context &ctx) {
  Type type;
  switch (t.kind) {
  case TypeExpr::Kind::Real: type.elem = Elem::Real; break;
  case TypeExpr::Kind::Int: type.elem = Elem::Int; break;
  case TypeExpr::Kind::Bool: type.elem = Elem::Bool; break;
  case TypeExpr::Kind::Token: {
    type.elem = Elem::Token;
    std::optional<int64_t> k = evaluateInt(t.tokens, ctx, "the number of tokens");
    if (!k)
      return std::nullopt;
    if (*k < 1) {
      fail(DiagId::R0304, t.tokens, ctx, fmt::format("token({}) has no values", *k));
      return std::nullopt;
    }
    type.tokens = *k;
    break;
  }
  case TypeExpr::Kind::Cell:
  case TypeExpr::Kind::List:
    error(DiagId::R0302, t.range, ctx,
          "a value is real, int, bool or token; cells and lists are sizes or lists of inputs");
    return std::nullopt;
  }
  int axes = 0;
  for (const Expr *d : t.dims) {
    std::optional<Dim> dim = evaluateDim(d, ctx);
    if (!dim)
      return std::nullopt;
    axes += dim->axis != nullptr;
    type.dims.push_back(*dim);
  }
  if (axes > 1) {
    error(DiagId::R0308, t.range, ctx, "a value has at most one clock's axis");
    return std::nullopt;
  }
  if (!checkSize(type.dims, t.range, ctx))
    return std::nullopt;
  return type;
}

//===--- Inputs ------------------------------------------------------------------------------------------------===//

/// Where `e` is a size variable of `body` that nothing bound yet, binds it and returns true.
bool Elaborator::bindSizeVariable(const Expr *e, Body &body, Value v) {
  if (e->kind != Expr::Kind::Name)
    return false;
  auto it = body.names.find(e->name);
  if (it == body.names.end() || it->second->kind != Binding::Kind::Pending || !it->second->sizeVariable)
    return false;
  it->second->kind = Binding::Kind::Value;
  it->second->value = v;
  return true;
}

/// Says of a size variable which input ahead of this one has set it.
static std::string sizeElsewhere(const Expr *size, const Decl &decl, const Cell &cell) {
  for (const Decl &other : cell.inputs) {
    if (other.name.text == decl.name.text)
      break;
    if (other.type && llvm::any_of(other.type->dims, [&](const Expr *dim) {
          return dim->kind == Expr::Kind::Name && size->kind == Expr::Kind::Name && dim->name == size->name;
        }))
      return fmt::format(", as in '{}'", other.name.text.str());
  }
  return "";
}

Value Elaborator::bindInput(const Decl &decl, const Value &given, const Expr *at, Body &body, const Cell &cell,
                            Context &caller) {
  if (given.isError())
    return given;
  Value arg = given;
  arg = listed(arg, at, caller);
  std::string what =
      fmt::format("'{}' takes {}", cell.name.text.str(), decl.type ? sourceText(decl.type->range) : "a stream");
  if (!decl.type) {
    if (arg.isCell() || arg.is(Value::Kind::CellSizes) || arg.is(Value::Kind::All) || arg.is(Value::Kind::Initial))
      return fail(DiagId::R0302, at, caller, fmt::format("{}; '{}' is {}", what, text(at), describeValue(arg)));
    return arg;
  }
  const TypeExpr &t = *decl.type;
  Context inner;
  inner.body = &body;
  if (t.kind == TypeExpr::Kind::Cell) {
    if (!arg.isCell())
      return fail(DiagId::R0204, at, caller, fmt::format("{}; '{}' is {}", what, text(at), describeValue(arg)));
    return arg;
  }
  if (t.kind == TypeExpr::Kind::List) {
    if (!arg.is(Value::Kind::List))
      return fail(DiagId::R0302, at, caller, fmt::format("{}; '{}' is {}", what, text(at), describeValue(arg)));
    Decl element = decl;
    element.type = t.element;
    std::vector<Value> elements;
    for (const Value &e : arg.list->elements)
      elements.push_back(bindInput(element, e, at, body, cell, caller));
    return Value::ofList(makeList(std::move(elements)));
  }
  if (arg.isStatic() && t.dims.empty()) { // a static number stays static
    if (t.kind == TypeExpr::Kind::Real && arg.isNumber())
      return Value::ofReal(arg.number());
    if ((t.kind == TypeExpr::Kind::Int && arg.is(Value::Kind::Int)) ||
        (t.kind == TypeExpr::Kind::Bool && arg.is(Value::Kind::Bool)))
      return arg;
  }
  NodeId n = node(arg, at, caller);
  if (n == noNode)
    return Value();
  const Type is = nodes[n].type;
  auto differs = [&](DiagId id, std::string hint) {
    Diagnostic &d = error(id, at, caller, fmt::format("{}; '{}' is {}{}", what, text(at), describeType(is), hint));
    d.note(decl.name.range, fmt::format("input '{}' of '{}'", decl.name.text.str(), cell.name.text.str()));
    return Value();
  };
  Elem wanted = t.kind == TypeExpr::Kind::Real   ? Elem::Real
                : t.kind == TypeExpr::Kind::Int  ? Elem::Int
                : t.kind == TypeExpr::Kind::Bool ? Elem::Bool
                                                 : Elem::Token;
  bool literal = is.elem == Elem::Int && nodes[n].op == Op::Constant;
  bool convertible =
      is.elem == wanted || (is.elem == Elem::Int && wanted == Elem::Real) || (literal && wanted == Elem::Token);
  if (!convertible) {
    std::string hint;
    if (is.elem == Elem::Token && wanted == Elem::Real)
      hint = fmt::format(": use 'embed(n)({0})' or 'one_hot({0})'", text(at));
    else if (is.elem == Elem::Bool && wanted == Elem::Real)
      hint = fmt::format(": use 'real({})'", text(at));
    else if (is.elem == Elem::Real && wanted == Elem::Token)
      hint = ": tokens come from inputs, 'argmax' and literals";
    else if (is.elem == Elem::Int && wanted == Elem::Token)
      hint = ": an input of 1000 different numbers is declared 'token(1000)'";
    return differs(DiagId::R0302, hint);
  }
  int64_t tokens = 0;
  if (wanted == Elem::Token) {
    Binding *size = t.tokens->kind == Expr::Kind::Name ? lookup(t.tokens->name, &body) : nullptr;
    if (literal && size && size->kind == Binding::Kind::Pending)
      return differs(DiagId::R0302, ": a number alone does not say of how many tokens it is one");
    if (is.elem == Elem::Token && bindSizeVariable(t.tokens, body, Value::ofInt(is.tokens)))
      tokens = is.tokens;
    else if (std::optional<int64_t> k = evaluateInt(t.tokens, inner, "the number of tokens"))
      tokens = *k;
    else
      return Value();
    if (is.elem == Elem::Token && is.tokens != tokens)
      return differs(DiagId::R0302, fmt::format(", not token({}){}", tokens, sizeElsewhere(t.tokens, decl, cell)));
  }
  if (t.dims.size() != is.dims.size()) {
    bool isOne = t.dims.empty() && is.dims.size() == 1 && !is.dims[0].axis && is.dims[0].size == 1;
    bool isOfRows = t.dims.size() >= 2 && t.dims.size() == is.dims.size() + 1, isMatrix = is.dims.size() >= 2;
    std::string hint;
    if (isOne)
      hint = fmt::format(": use '{}'", elementText(at));
    else if (t.dims.size() == 1 && is.dims.empty())
      hint = fmt::format(": use '[{}]'", text(at));
    else if (isOfRows && nodes[n].clock)
      hint = fmt::format(
          ": all its rows at each tick of another clock are 'spread(collect({}, per = sample), to = ..)'", text(at));
    else if (t.dims.size() == 1 && isMatrix && !is.dims[0].axis)
      hint = ": one row a tick, without batch and time; rows of a matrix meet weights as 'x @ W'";
    return differs(DiagId::R0301, hint);
  }
  for (size_t i = 0; i < t.dims.size(); ++i) {
    Value v = Value::ofInt(is.dims[i].size);
    if (is.dims[i].axis) {
      v.kind = Value::Kind::Axis;
      v.axis = is.dims[i].axis;
    }
    bindSizeVariable(t.dims[i], body, v);
  }
  for (size_t i = 0; i < t.dims.size(); ++i) {
    std::optional<Dim> d = evaluateDim(t.dims[i], inner);
    if (!d)
      return Value();
    if (!sameDim(*d, is.dims[i]))
      return differs(DiagId::R0301, fmt::format(": {} is {} here{}", sourceText(t.dims[i]->range),
                                                d->axis ? clocks.describe(d->axis->collected) : std::to_string(d->size),
                                                sizeElsewhere(t.dims[i], decl, cell)));
  }
  return Value::ofNode(convert(n, wanted, tokens, at, caller));
}

//===--- Recursion (T8) ----------------------------------------------------------------------------------------===//

/// Which of a right side's results a name stands for; none where it stands for all of them.
static std::optional<unsigned> resultOf(const Equation &equation, unsigned position) {
  return equation.item->lhs.size() > 1 ? std::optional<unsigned>(position) : std::nullopt;
}

std::optional<Type> Elaborator::declaredType(Equation &equation, unsigned position, bool &guess) {
  guess = false;
  Context ctx = equationContext(equation);
  if (position < equation.item->lhs.size() && equation.item->lhs[position].type)
    return evaluateType(*equation.item->lhs[position].type, ctx);
  if (position < equation.item->lhs.size() && equation.item->lhs[position].prime)
    if (Binding *state = lookup(equation.item->lhs[position].name.text, equation.body);
        state && state->item && state->item->type)
      return evaluateType(*state->item->type, ctx);
  if (equation.first)
    return equation.first;
  ++quiet;
  std::optional<Type> type = quickType(equation.value, resultOf(equation, position), ctx, 0, guess);
  --quiet;
  return type;
}

/// The type an expression declares without evaluating what it computes.
std::optional<Type> Elaborator::quickType(const Expr *e, std::optional<unsigned> position, Context &ctx, unsigned depth,
                                          bool &guess) {
  if (depth > 64)
    return std::nullopt;
  switch (e->kind) {
  case Expr::Kind::Int: guess = true; return Type{Elem::Int, 0, {}};
  case Expr::Kind::Real: guess = true; return Type{Elem::Real, 0, {}};
  case Expr::Kind::Bool: guess = true; return Type{Elem::Bool, 0, {}};
  case Expr::Kind::Name: {
    for (const Local *l = ctx.locals; l; l = l->up)
      if (l->name == e->name)
        return std::nullopt;
    Binding *b = lookup(e->name, ctx.body);
    if (b && b->kind == Binding::Kind::Value && !b->value.isError() && !b->value.isCell()) {
      guess |= b->value.isStatic();
      return typeOf(b->value);
    }
    if (b && (b->kind == Binding::Kind::State || b->kind == Binding::Kind::Param)) {
      Context inner;
      inner.body = b->body;
      return evaluateType(*b->item->type, inner);
    }
    if (!b || b->kind != Binding::Kind::Equation)
      return std::nullopt;
    if (b->equation->state == Equation::State::Done) {
      const Value &v = b->equation->results[b->position];
      return v.is(Value::Kind::Node) ? std::optional<Type>(nodes[v.node].type) : std::nullopt;
    }
    Context inner = equationContext(*b->equation);
    const std::vector<Lhs> &lhs = b->equation->item->lhs;
    if (b->position < lhs.size() && lhs[b->position].type)
      return evaluateType(*lhs[b->position].type, inner);
    return quickType(b->equation->value, resultOf(*b->equation, b->position), inner, depth + 1, guess);
  }
  case Expr::Kind::If: {
    bool guessed = false;
    std::optional<Type> a = quickType(e->operands[1], position, ctx, depth + 1, guessed);
    if (a && !guessed)
      return a;
    std::optional<Type> b = quickType(e->operands[2], position, ctx, depth + 1, guess);
    if (!b)
      guess |= guessed;
    return b ? b : a;
  }
  case Expr::Kind::Binary:
    if (e->binaryOp == BinaryOp::When || e->binaryOp == BinaryOp::Fby)
      return quickType(e->operands[0], position, ctx, depth + 1, guess);
    return std::nullopt;
  case Expr::Kind::Unary: return quickType(e->operands[0], position, ctx, depth + 1, guess);
  case Expr::Kind::Prime:
    if (e->operands[0]->kind == Expr::Kind::Name)
      if (Binding *b = lookup(e->operands[0]->name, ctx.body); b && b->kind == Binding::Kind::State) {
        Context inner;
        inner.body = b->body;
        return evaluateType(*b->item->type, inner);
      }
    return std::nullopt;
  case Expr::Kind::Call: {
    const Expr *callee = e->operands[0];
    if (callee->kind == Expr::Kind::Name && !lookup(callee->name, ctx.body))
      for (StringRef passing : {"hold", "spread", "pre", "stop_gradient", "next"})
        if (callee->name == passing && !e->arguments.empty())
          return quickType(e->arguments[0].value, position, ctx, depth + 1, guess);
    Context inner = ctx;
    inner.namer = nullptr;
    Value v = quickCallee(callee, inner);
    const Recipe *recipe = v.is(Value::Kind::Recipe)                                            ? v.recipe
                           : v.is(Value::Kind::Instance) || v.is(Value::Kind::ReversedInstance) ? v.instance->recipe
                                                                                                : nullptr;
    return recipe ? resultType(*recipe, position) : std::nullopt;
  }
  default: return std::nullopt;
  }
}

/// The cell an expression names, where that can be said without applying anything.
Value Elaborator::quickCallee(const Expr *e, Context &ctx) {
  if (e->kind == Expr::Kind::Call) {
    Value f = quickCallee(e->operands[0], ctx);
    return f.is(Value::Kind::CellSizes) || f.is(Value::Kind::Builtin) ? evaluate(e, ctx) : Value();
  }
  if (e->kind == Expr::Kind::Name)
    if (Binding *b = lookup(e->name, ctx.body);
        b && b->kind == Binding::Kind::Equation && b->equation->state == Equation::State::Busy)
      return Value();
  return e->kind == Expr::Kind::Name || e->kind == Expr::Kind::Index || e->kind == Expr::Kind::Member ? evaluate(e, ctx)
                                                                                                      : Value();
}

/// The declared result of a cell, where its sizes alone determine it.
std::optional<Type> Elaborator::resultType(const Recipe &recipe, std::optional<unsigned> position) {
  const std::vector<ResultType> &results = recipe.cell->results;
  if (position ? *position >= results.size() : results.size() != 1)
    return std::nullopt;
  Body *body = makeBody();
  body->outer = recipe.definition;
  body->cell = recipe.cell;
  for (auto &[name, value] : recipe.sizes)
    define(*body, name, recipe.cell->name.range, Binding::Kind::Value)->value = value;
  declareSizeVariables(*body);
  Context ctx;
  ctx.body = body;
  ++quiet;
  std::optional<Type> type = evaluateType(*results[position.value_or(0)].type, ctx);
  --quiet;
  return type;
}

/// T3: names in the inputs' types that are not in scope.
void Elaborator::declareSizeVariables(Body &body) {
  auto declare = [&](const Expr *e) {
    if (e && e->kind == Expr::Kind::Name && !lookup(e->name, &body))
      define(body, e->name, e->range, Binding::Kind::Pending)->sizeVariable = true;
  };
  for (const Decl &input : body.cell->inputs) {
    const TypeExpr *t = input.type;
    while (t && t->kind == TypeExpr::Kind::List)
      t = t->element;
    if (!t)
      continue;
    declare(t->tokens);
    for (const Expr *d : t->dims)
      declare(d);
  }
}

} // namespace rondo::dsl
