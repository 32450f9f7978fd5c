// Expressions: names are looked up and forced, static values computed, the rest becomes nodes.
#include "dsl/Elaborate.h"
#include "fmt/format.h"
#include "llvm/ADT/StringExtras.h"

namespace rondo::dsl {

//===--- Names -------------------------------------------------------------------------------------------------===//

Binding *Elaborator::lookup(StringRef name, const Body *body) const {
  for (; body; body = body->outer) {
    auto it = body->names.find(name);
    if (it != body->names.end())
      return it->second;
  }
  return nullptr;
}

Value Elaborator::valueOf(const Clock *clock, const Expr *e, Context &ctx) {
  Value v;
  v.kind = Value::Kind::Clock;
  v.clock = clock;
  return clock == clocks.sample() ? sampleOf(e, ctx) : v;
}

Value Elaborator::evaluateName(const Expr *e, Context &ctx) {
  for (const Local *l = ctx.locals; l; l = l->up)
    if (l->name == e->name)
      return l->value;
  if (Binding *b = lookup(e->name, ctx.body)) {
    Value v = read(*b, e, ctx);
    // N1: a stream of an enclosing body is one more input of the cell that reads it, on the cell's clock (C2)
    Application *mine = ctx.body->app, *theirs = b->body ? b->body->app : nullptr;
    if (mine && theirs && mine != theirs && v.is(Value::Kind::Node))
      if (const Clock *c = nodes[v.node].clock)
        if (const Clock *own = ownClock(mine); clocks.unify(own, c) != Unify::Same)
          return fail(
              DiagId::R0401, e, ctx,
              fmt::format("'{}' ticks on '{}', the cell that reads it on '{}': an outer stream is one more input",
                          e->name.str(), describeClock(c), describeClock(own)));
    return v;
  }
  if (const Clock *clock = clocks.find(e->name))
    return valueOf(clock, e, ctx);
  if (e->name == "training") {
    usesTraining = true;
    return Value::ofBool(training);
  }
  if (e->name == "tick") {
    NodeId n = add(Op::Tick, {Elem::Int, 0, {}}, clocks.variable(), {}, e, ctx);
    if (n != noNode)
      nodeApps[n] = ctx.body->app;
    return Value::ofNode(n);
  }
  if (e->name == "all")
    return Value::ofAll();
  static const std::pair<StringRef, Initializer::Kind> initializers[] = {{"zeros", Initializer::Kind::Zeros},
                                                                         {"ones", Initializer::Kind::Ones},
                                                                         {"glorot", Initializer::Kind::Glorot},
                                                                         {"orthogonal", Initializer::Kind::Orthogonal}};
  for (auto &[name, kind] : initializers)
    if (e->name == name) {
      Value v;
      v.kind = Value::Kind::Initial;
      v.initial = kind;
      return v;
    }
  if (const Builtin *b = findBuiltin(e->name)) {
    Value v;
    v.kind = Value::Kind::Builtin;
    v.builtin = b;
    return v;
  }
  if (quiet)
    return Value();
  auto [known, isNew] = unknown.try_emplace({ctx.body->cell, e->name});
  bool isOther = known->second.places.insert(e->range.Start.getPointer()).second;
  if (!isNew) {
    if (isOther && known->second.places.size() <= mostPlaces)
      known->second.told->note(e->range, "and here");
    return Value();
  }
  Diagnostic &d = error(DiagId::R0201, e, ctx, fmt::format("unknown name '{}'", e->name.str()));
  known->second.told = &d;
  if (llvm::any_of(program.file->cells, [&](const Cell *c) { return c->isModel && c->name.text == e->name; }))
    d.message += "; a model stands by itself, and what several of them apply is a 'cell'";
  else
    suggestFor(d, *e, namesInScope(ctx));
  return Value();
}

std::vector<StringRef> Elaborator::namesInScope(const Context &ctx) {
  std::vector<StringRef> names;
  for (const Body *b = ctx.body; b; b = b->outer)
    for (Binding *known : b->order)
      names.push_back(known->name);
  for (const Local *l = ctx.locals; l; l = l->up)
    names.push_back(l->name);
  for (const Clock *axis : clocks.axes())
    names.push_back(axis->name);
  return names;
}

Value Elaborator::read(Binding &b, const Expr *at, Context &ctx) {
  switch (b.kind) {
  case Binding::Kind::Value: return b.value;
  case Binding::Kind::Pending: {
    Diagnostic &d =
        error(DiagId::R0306, at, ctx,
              fmt::format("'{}' is not known yet: it depends on the inputs, which depend on this; declare the shape",
                          b.name.str()));
    d.note(b.range, "it is bound here");
    return Value();
  }
  case Binding::Kind::Equation: return force(*b.equation, b.position, at, ctx);
  case Binding::Kind::Family: {
    if (!expand(b))
      return Value();
    Value v;
    v.kind = Value::Kind::Family;
    v.family = &b;
    return v;
  }
  case Binding::Kind::Param: return readParam(b, std::nullopt, at, ctx);
  case Binding::Kind::State: b.used = true; return Value::ofNode(readState(b, at, ctx));
  case Binding::Kind::Cell: {
    if (b.value.isError()) {
      Recipe *recipe = makeRecipe();
      recipe->cell = b.cell;
      recipe->definition = b.body;
      b.value.kind = b.cell->hasSizes ? Value::Kind::CellSizes : Value::Kind::Recipe;
      b.value.recipe = recipe;
    }
    return b.value;
  }
  }
  return Value();
}

//===--- Expressions -------------------------------------------------------------------------------------------===//

NodeId Elaborator::evaluateNode(const Expr *e, Context &ctx) { return node(evaluate(e, ctx), e, ctx); }

std::optional<int64_t> Elaborator::evaluateInt(const Expr *e, Context &ctx, const char *what) {
  Value v = evaluate(e, ctx);
  if (v.is(Value::Kind::Int))
    return v.integer;
  if (!v.isError())
    error(DiagId::R0303, e, ctx,
          fmt::format("{} must be {}; '{}' is {}{}", what, v.is(Value::Kind::Node) ? "static" : "an int", text(e),
                      v.is(Value::Kind::Node) ? "a stream" : describeValue(v),
                      v.is(Value::Kind::Real) && e->kind == Expr::Kind::Binary && e->binaryOp == BinaryOp::Divide
                          ? ", and '//' divides whole numbers"
                          : ""));
  return std::nullopt;
}

Value Elaborator::evaluate(const Expr *e, Context &ctx) {
  ++staticWork;
  char here;
  if (stackBase && size_t(std::abs(stackBase - &here)) > stackLimit && !aborted) {
    aborted = true;
    return fail(DiagId::R0107, e, ctx, "equations depend on one another too deeply");
  }
  if ((staticWork & 0xfff) == 0 && tooLarge(e, ctx))
    return Value();
  if (aborted)
    return Value();
  const Type *hint = ctx.hint;
  if (e->kind != Expr::Kind::Name)
    ctx.hint = nullptr;
  Value v = evaluateKind(e, ctx);
  ctx.hint = hint;
  return v;
}

Value Elaborator::evaluateWhole(const Expr *e, Context &ctx) {
  underway.push_back({e, &ctx, {}, {}});
  Value v = evaluate(e, ctx);
  underway.pop_back();
  return v;
}

Value Elaborator::evaluateKind(const Expr *e, Context &ctx) {
  switch (e->kind) {
  case Expr::Kind::Name: return evaluateName(e, ctx);
  case Expr::Kind::Int: return Value::ofInt(e->intValue);
  case Expr::Kind::Real: return Value::ofReal(e->realValue);
  case Expr::Kind::Bool: return Value::ofBool(e->boolValue);
  case Expr::Kind::If: {
    Value c = evaluate(e->operands[0], ctx);
    if (c.is(Value::Kind::Bool)) // N6: one branch is checked
      return evaluate(e->operands[c.flag ? 1 : 2], ctx);
    if (!underway.empty())
      underway.back().twoBranches.insert(e);
    Value a = evaluate(e->operands[1], ctx), b = evaluate(e->operands[2], ctx);
    return c.isError() || a.isError() || b.isError() ? Value() : select(c, a, b, e, ctx);
  }
  case Expr::Kind::Unary: {
    Value v = evaluate(e->operands[0], ctx);
    bool negate = e->unaryOp == UnaryOp::Negate;
    if (negate && v.is(Value::Kind::Int))
      return Value::ofInt(-v.integer);
    if (negate && v.is(Value::Kind::Real))
      return Value::ofReal(-v.real);
    if (!negate && v.is(Value::Kind::Bool))
      return Value::ofBool(!v.flag);
    NodeId n = node(v, e->operands[0], ctx);
    if (n == noNode)
      return Value();
    return elementwise(negate ? Op::Negate : Op::Not, {n}, {e->operands[0]}, e, ctx);
  }
  case Expr::Kind::Binary: return evaluateBinary(e, ctx);
  case Expr::Kind::List: {
    std::vector<Value> elements;
    bool bad = false;
    for (const Expr *x : e->operands) {
      elements.push_back(listed(evaluate(x, ctx), x, ctx));
      bad |= elements.back().isError();
    }
    if (bad)
      return Value();
    Value v = Value::ofList(makeList(std::move(elements)));
    constexpr uint64_t mostLeaves = 10'000'000;
    if (v.list->leaves > mostLeaves)
      return fail(DiagId::R0107, e, ctx, fmt::format("a list of more than {} elements", mostLeaves));
    return v;
  }
  case Expr::Kind::Comprehension: {
    std::optional<int64_t> low = evaluateInt(e->family->low, ctx, "the range of 'for'");
    std::optional<int64_t> high = evaluateInt(e->family->high, ctx, "the range of 'for'");
    if (!low || !high)
      return Value();
    std::vector<Value> elements;
    for (int64_t k = *low; k < *high && !tooLarge(e, ctx); ++k) {
      Local local{e->family->variable.text, Value::ofInt(k), ctx.locals};
      Context inner = ctx;
      inner.locals = &local;
      elements.push_back(evaluate(e->operands[0], inner));
      if (elements.back().isError())
        return Value();
    }
    return Value::ofList(makeList(std::move(elements)));
  }
  case Expr::Kind::Call: {
    if (!underway.empty())
      if (auto known = underway.back().ahead.find(e); known != underway.back().ahead.end() && known->second)
        return *known->second;
    Context outer = ctx;
    outer.applied = true;
    Value callee = evaluate(e->operands[0], e->operands[0]->kind == Expr::Kind::Call ? outer : ctx);
    switch (callee.kind) {
    case Value::Kind::Error:
      for (const Argument &arg : e->arguments) // they may have mistakes of their own
        evaluate(arg.value, ctx);
      return callee;
    case Value::Kind::CellSizes: return configure(callee, e, ctx);
    case Value::Kind::Builtin: return callBuiltin(*callee.builtin, e, ctx);
    case Value::Kind::Recipe:
    case Value::Kind::Instance:
    case Value::Kind::ReversedInstance: return apply(callee, e, ctx);
    default:
      return fail(
          DiagId::R0204, e->operands[0], ctx,
          fmt::format("'{}' is {}, not a cell: it cannot be applied", text(e->operands[0]), describeValue(callee)));
    }
  }
  case Expr::Kind::Index: return index(e, ctx);
  case Expr::Kind::Member: return member(e, false, ctx);
  case Expr::Kind::Prime: return prime(e, ctx);
  }
  return Value();
}

/// Where only a bool scalar can stand, a recursion needs no declaration.
Value Elaborator::evaluateCondition(const Expr *e, Context &ctx) {
  const Clock *clock = e->kind == Expr::Kind::Name ? clocks.find(e->name) : nullptr;
  if (Binding *hides = clock ? lookup(e->name, ctx.body) : nullptr) {
    if (hides == modelBody->names.lookup(e->name))
      return Value();                       // reported where it is defined
    if (hides->kind == Binding::Kind::Cell) // which is no condition
      return valueOf(clock, e, ctx);
  }
  static const Type boolean{Elem::Bool, 0, {}};
  Context inner = ctx;
  inner.hint = &boolean;
  inner.hintIsGuess = false;
  Value v = evaluate(e, inner);
  if (auto it = unknown.find({ctx.body->cell, e->name});
      e->kind == Expr::Kind::Name && it != unknown.end() && it->second.places.size() == 1)
    it->second.told->message += fmt::format("; clocks: {}", llvm::join(clockNames(), ", "));
  return v;
}

Value Elaborator::evaluateBinary(const Expr *e, Context &ctx) {
  const Expr *left = e->operands[0], *right = e->operands[1];
  if (e->binaryOp == BinaryOp::Fby)
    return delay(left, right, e, ctx);
  Value a = evaluate(left, ctx);
  if ((e->binaryOp == BinaryOp::And || e->binaryOp == BinaryOp::Or) && a.is(Value::Kind::Bool)) {
    if (a.flag == (e->binaryOp == BinaryOp::Or))
      return a;
    Value b = evaluate(right, ctx);
    if (b.is(Value::Kind::Bool) || b.isError())
      return b;
    NodeId n = node(b, right, ctx);
    if (n != noNode && nodes[n].type.elem != Elem::Bool)
      return fail(
          DiagId::R0302, right, ctx,
          fmt::format("'{}' takes bool; '{}' is {}", spelling(e->binaryOp).str(), text(right), describeValue(b)));
    return Value::ofNode(n);
  }
  Value b = e->binaryOp == BinaryOp::When ? evaluateCondition(right, ctx) : evaluate(right, ctx);
  if (a.isError() || b.isError())
    return Value();
  if (e->binaryOp == BinaryOp::When)
    return when(a, b, e, left, right, ctx);
  return binary(e->binaryOp, a, b, e, left, right, ctx);
}

//===--- Indices (T6, N6) --------------------------------------------------------------------------------------===//

Value Elaborator::index(const Expr *e, Context &ctx) {
  Value v = evaluate(e->operands[0], ctx);
  unsigned axis = 0;         // of a node: those before it are kept
  std::optional<Type> whole; // of the node, before the first of its subscripts
  unsigned taken = 0;        // subscripts of the node so far
  for (const Subscript &s : e->subscripts) {
    Value low, high;
    if (s.low && (low = evaluate(s.low, ctx)).isError())
      return low;
    if (s.high && (high = evaluate(s.high, ctx)).isError())
      return high;
    if (v.isError())
      return v;
    auto bound = [&](const Expr *x, const Value &given, int64_t missing, int64_t size) -> std::optional<int64_t> {
      if (!x)
        return missing;
      if (!given.is(Value::Kind::Int)) {
        fail(DiagId::R0303, x, ctx,
             fmt::format("the bounds of a slice must be static ints; '{}' is {}", text(x), describeValue(given)));
        return std::nullopt;
      }
      if (given.integer < 0 || given.integer > size) {
        fail(DiagId::R0304, x, ctx, fmt::format("{} is outside 0..{}", given.integer, size));
        return std::nullopt;
      }
      return given.integer;
    };
    bool isList = v.is(Value::Kind::List) || v.is(Value::Kind::Family);
    if (isList && axis == 0 && (s.isRange || low.is(Value::Kind::Int))) {
      Binding *family = v.is(Value::Kind::Family) ? v.family : nullptr;
      int64_t size = family ? std::max(family->elements.size(), family->paramElements.size()) : v.list->elements.size();
      if (!s.isRange) {
        if (low.integer < 0 || low.integer >= size)
          return fail(DiagId::R0304, s.low, ctx,
                      fmt::format("'{}' has no element {}; it has {}", text(e->operands[0]), low.integer,
                                  size ? fmt::format("0..{}", size - 1) : "none"));
        v = family ? familyElements(*family, low.integer, low.integer + 1, s.low, ctx)[0]
                   : v.list->elements[low.integer];
        continue;
      }
      std::optional<int64_t> from = bound(s.low, low, 0, size), to = bound(s.high, high, size, size);
      if (!from || !to)
        return Value();
      std::vector<Value> part;
      if (family)
        part = familyElements(*family, *from, *to, e, ctx);
      else
        for (int64_t k = *from; k < *to; ++k)
          part.push_back(v.list->elements[k]);
      for (const Value &x : part)
        if (x.isError())
          return Value();
      v = Value::ofList(makeList(std::move(part)));
      if (&s != &e->subscripts.back())
        return fail(DiagId::R0301, e, ctx, "a slice of a list takes no further index");
      continue;
    }
    NodeId x = node(v, e->operands[0], ctx);
    if (x == noNode)
      return Value();
    const Type type = nodes[x].type;
    if (!whole)
      whole = type;
    if (axis >= type.dims.size())
      return fail(
          DiagId::R0301, e, ctx,
          fmt::format("'{}' is {}: it has no axis {} to index", text(e->operands[0]), describeType(*whole), taken));
    ++taken;
    const Dim dim = type.dims[axis];
    if (dim.axis && s.isRange && !s.low && !s.high) { // all of it
      ++axis;
      continue;
    }
    if (dim.axis)
      return fail(DiagId::R0308, e, ctx,
                  fmt::format("a clock's axis cannot be indexed: '{}' is {}; reduce over it, or take all of it by '..'",
                              text(e->operands[0]), describeType(type)));
    const Clock *clock = nodes[x].clock;
    Type result = type;
    if (s.isRange) {
      std::optional<int64_t> from = bound(s.low, low, 0, dim.size), to = bound(s.high, high, dim.size, dim.size);
      if (!from || !to)
        return Value();
      if (*from > *to)
        return fail(DiagId::R0304, e, ctx, fmt::format("the slice {}..{} runs backwards", *from, *to));
      result.dims[axis].size = *to - *from;
      NodeId n = add(Op::Slice, result, clock, {x}, e, ctx);
      if (n != noNode)
        nodes[n].ints = {int64_t(axis), *from, *to};
      v = Value::ofNode(n);
      ++axis;
      continue;
    }
    result.dims.erase(result.dims.begin() + axis);
    if (low.is(Value::Kind::Int)) {
      if (low.integer < 0 || low.integer >= dim.size)
        return fail(DiagId::R0304, s.low, ctx,
                    fmt::format("index {} is outside {}: '{}' is {}{}", low.integer,
                                dim.size ? fmt::format("0..{}", dim.size - 1) : "an empty axis", text(e->operands[0]),
                                describeType(*whole),
                                low.integer < 0 && dim.size ? fmt::format("; the last is {}", dim.size - 1) : ""));
      NodeId n = add(Op::Pick, result, clock, {x}, e, ctx);
      if (n != noNode)
        nodes[n].ints = {int64_t(axis), low.integer};
      v = Value::ofNode(n);
      continue;
    }
    NodeId i = node(low, s.low, ctx);
    if (i == noNode)
      return Value();
    const Node &by = nodes[resolve(i)];
    if (!by.type.dims.empty() || (by.type.elem != Elem::Token && by.type.elem != Elem::Int))
      return fail(DiagId::R0302, s.low, ctx,
                  fmt::format("an index is an int or a token; '{}' is {}", text(s.low), describeType(by.type)));
    if (by.type.elem == Elem::Token && by.type.tokens > dim.size)
      return fail(DiagId::R0304, s.low, ctx,
                  fmt::format("'{}' is {}, the axis has {}: '{}' is {}", text(s.low), describeType(by.type), dim.size,
                              text(e->operands[0]), describeType(*whole)));
    if (by.type.elem == Elem::Int) {
      const Node *modulus = by.op == Op::Modulo ? &nodes[resolve(by.operands[1])] : nullptr;
      bool isStatic = modulus && modulus->op == Op::Constant && modulus->type.dims.empty();
      double past = isStatic ? (*modulus->values)[0] : 0;
      if (past > double(dim.size) || past < 1)
        return fail(DiagId::R0304, s.low, ctx,
                    fmt::format("an index that is not static is written 'e % {}', so that it is in range{}", dim.size,
                                past > double(dim.size) ? fmt::format("; {} exceeds {}", past, dim.size) : ""));
    }
    const Clock *together = nullptr;
    if (!oneClock({x, i}, {e->operands[0], s.low}, "an index", e, ctx, together))
      return Value();
    NodeId n = add(Op::Gather, result, together, {x, i}, e, ctx);
    if (n != noNode)
      nodes[n].ints = {int64_t(axis)};
    v = Value::ofNode(n);
  }
  return v;
}

} // namespace rondo::dsl
