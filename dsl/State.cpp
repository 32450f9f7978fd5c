// What remembers and what samples: states and their next values, `pre` and `fby` (S1), `blend` (S5), `when` (C3, C4, C8).
#include "dsl/Elaborate.h"
#include "fmt/format.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::dsl {

//===--- States ------------------------------------------------------------------------------------------------===//

NodeId Elaborator::readState(Binding &b, const Expr *at, Context &) {
  if (b.slot)
    return b.read;
  if (b.broken)
    return noNode;
  Context ctx;
  ctx.body = b.body;
  if (b.busy) {
    error(DiagId::R0306, b.range, ctx, fmt::format("the shape of state '{}' depends on itself", b.name.str()));
    b.broken = true;
    return noNode;
  }
  b.busy = true;
  std::optional<Type> type = evaluateType(*b.item->type, ctx);
  b.busy = false;
  if (!type) {
    b.broken = true;
    return noNode;
  }
  if (int r = ragged(*type); r >= 0 && !perSample(type->dims[r].axis)) {
    error(DiagId::R0308, b.item->type->range, ctx, "a state's clock axis is collected 'per = sample'");
    b.broken = true;
    return noNode;
  }
  const Clock *clock = ownClock(b.body->app);
  NodeId n = add(Op::Read, *type, clock, {}, at, ctx);
  if (n == noNode)
    return noNode;
  b.slot = slots.size();
  b.read = n;
  nodes[n].index = slots.size();
  nodeApps[n] = b.body->app;
  slots.emplace_back();
  WorkingSlot &slot = slots.back();
  slot.app = b.body->app;
  slot.state = &b;
  slot.name = b.name.str();
  slot.slot.type = *type;
  slot.slot.clock = clock;
  slot.slot.declared = true;
  slot.slot.range = b.range;
  slot.read = n;
  ++created;
  return n;
}

NodeId Elaborator::nextState(Binding &b, const Expr *at, Context &ctx) {
  NodeId previous = readState(b, at, ctx);
  if (previous == noNode || !b.equation)
    return previous; // S1: an unassigned state holds
  Value v = force(*b.equation, b.position, at, ctx);
  const Expr *value = b.equation->value;
  Context own = equationContext(*b.equation);
  NodeId n = node(v, value, own);
  WorkingSlot &slot = slots[*b.slot];
  if (n == noNode || b.equation->state == Equation::State::Busy)
    return n;
  if (slot.candidate != noNode)
    return slot.candidate;
  if ((n = convert(n, slot.slot.type.elem, slot.slot.type.tokens, value, own)) == noNode)
    return noNode;
  if (!sameDims(nodes[n].type.dims, slot.slot.type.dims)) {
    if (nodes[n].op != Op::Constant || !nodes[n].type.dims.empty()) {
      error(DiagId::R0301, value, own,
            fmt::format("state '{}' is {}, its next value is {}", b.name.str(), describeType(slot.slot.type),
                        describeType(nodes[n].type)))
          .note(b.range, fmt::format("{} is declared here", b.name.str()));
      return noNode;
    }
    nodes[n].type.dims = slot.slot.type.dims;
  }
  if (nodes[n].clock && clocks.unify(slot.slot.clock, nodes[n].clock) != Unify::Same) {
    error(DiagId::R0401, value, own,
          fmt::format("state '{}' ticks on '{}', its next value on '{}'; cross with 'hold' or 'when'", b.name.str(),
                      describeClock(slot.slot.clock), describeClock(nodes[n].clock)));
    return noNode;
  }
  return slot.candidate = n;
}

/// The next value as the outside sees it (S5).
NodeId Elaborator::visibleNext(Binding &b, const Expr *at, Context &ctx) {
  NodeId next = nextState(b, at, ctx);
  Application *app = b.body->app;
  return next == noNode || app->blend == noNode ? next : blended(next, b.read, *app, ctx);
}

NodeId Elaborator::blended(NodeId candidate, NodeId previous, Application &app, Context &ctx) {
  const Expr *at = app.blendAt;
  const Type type = nodes[previous].type;
  if (type.elem != Elem::Real) {
    error(DiagId::R0309, at, ctx,
          fmt::format("'blend' mixes real states; '{}' has a state of {}", app.instance->recipe->cell->name.text.str(),
                      describeType(type)));
    return noNode;
  }
  llvm::ArrayRef<Dim> rate = nodes[app.blend].type.dims;
  if (!rate.empty() && !sameDims(rate, type.dims)) {
    error(DiagId::R0301, at, ctx,
          fmt::format("'blend' is a scalar or of each state's shape: it is {}, a state is {}",
                      describeType(nodes[app.blend].type), describeType(type)));
    return noNode;
  }
  const Clock *clock = nodes[previous].clock;
  if (!oneClock({previous, app.blend}, {at, at}, "'blend'", at, ctx, clock))
    return noNode;
  auto make = [&](Op op, const Type &t, NodeId x, NodeId y) { return add(op, t, clock, {x, y}, at, ctx); };
  NodeId kept = make(Op::Subtract, nodes[app.blend].type, constant(1, Elem::Real), app.blend);
  NodeId fresh = make(Op::Multiply, type, app.blend, candidate);
  NodeId old = kept == noNode ? noNode : make(Op::Multiply, type, kept, previous);
  return old == noNode || fresh == noNode ? noNode : make(Op::Add, type, fresh, old);
}

/// T10: a blended cell returns primed states only, alone or in `concat`.
Value Elaborator::blendedResult(const Expr *e, Context &inner, const Expr *call, Context &ctx) {
  if (e->kind == Expr::Kind::Prime && e->operands[0]->kind == Expr::Kind::Name) {
    auto it = inner.body->names.find(e->operands[0]->name);
    if (it != inner.body->names.end() && it->second->kind == Binding::Kind::State) {
      it->second->used = true;
      return Value::ofNode(visibleNext(*it->second, e, inner));
    }
  }
  if (e->kind == Expr::Kind::Prime && e->operands[0]->kind == Expr::Kind::Member) { // a state deeper inside
    NodeId next = node(evaluate(e, inner), e, inner), state = node(member(e->operands[0], false, inner), e, inner);
    return next == noNode || state == noNode ? Value() : Value::ofNode(blended(next, state, *inner.body->app, inner));
  }
  if (e->kind == Expr::Kind::Call && e->operands[0]->kind == Expr::Kind::Name && e->operands[0]->name == "concat" &&
      !e->arguments.empty()) {
    llvm::SmallVector<Value> parts;
    llvm::SmallVector<const Expr *> exprs;
    for (const Argument &a : e->arguments) {
      parts.push_back(blendedResult(a.value, inner, call, ctx));
      exprs.push_back(a.value);
      if (parts.back().isError())
        return Value();
    }
    return concat(parts, exprs, e, inner);
  }
  error(DiagId::R0309, call, ctx,
        fmt::format("'blend' needs a cell that returns primed states only; '{}' returns '{}'",
                    inner.body->cell->name.text.str(), text(e)))
      .note(e->range, "returned here");
  return Value();
}

Value Elaborator::prime(const Expr *e, Context &ctx) {
  const Expr *x = e->operands[0];
  if (x->kind == Expr::Kind::Member)
    return member(x, true, ctx);
  Binding *b = x->kind == Expr::Kind::Name ? lookup(x->name, ctx.body) : nullptr;
  if (!b || b->kind != Binding::Kind::State) {
    bool isToldThere = x->kind == Expr::Kind::Name && ctx.body->assignsNext(x->name);
    return isToldThere ? Value() : fail(DiagId::R0210, e, ctx, noState(text(x), b));
  }
  b->used = true;
  return Value::ofNode(nextState(*b, e, ctx));
}

/// Next value and initial value of a state that something reads or assigns.
void Elaborator::finishState(Binding &b) {
  Context ctx;
  ctx.body = b.body;
  ctx.inLoss = b.body->inLoss;
  nextState(b, place(b.range), ctx);
  if (!b.slot)
    return;
  WorkingSlot &slot = slots[*b.slot];
  const Expr *e = b.item->value;
  Value init;
  auto given = b.body->app->initial.find(b.name.str());
  bool passed = given != b.body->app->initial.end();
  if (passed) {
    std::tie(init, e) = given->second;
  } else if (e) {
    init = evaluate(e, ctx);
    if (init.isError())
      return;
  } else {
    return;
  }
  if (init.is(Value::Kind::Initial)) {
    if (init.initial != Initializer::Kind::Zeros && init.initial != Initializer::Kind::Ones) {
      error(DiagId::R0307, e, ctx,
            "a state starts at numbers, a parameter or an input; random initialisers are for parameters");
      return;
    }
    if (init.initial == Initializer::Kind::Zeros)
      return;
    init = Value::ofReal(1);
  }
  if (init.is(Value::Kind::Instance) || init.is(Value::Kind::Builtin) || init.is(Value::Kind::Recipe)) {
    error(DiagId::R0307, e, ctx, fmt::format("a state starts at a value; '{}' is {}", text(e), describeValue(init)));
    return;
  }
  NodeId n = node(init, e, ctx);
  if (n == noNode)
    return;
  Node value = nodes[resolve(n)];
  Binding *named = e->kind == Expr::Kind::Name ? lookup(e->name, b.body) : nullptr;
  bool isInput = value.op == Op::Input || (named && named->kind == Binding::Kind::Value);
  if (!passed && value.clock && !isInput) {
    error(DiagId::R0307, e, ctx,
          fmt::format(
              "a state starts at numbers, a parameter or an input; give a stream where the cell is applied: '{} = ..'",
              b.name.str()));
    return;
  }
  bool repeats = value.op == Op::Constant && value.type.dims.empty();
  bool convertible = value.type.elem == slot.slot.type.elem
                         ? value.type.elem != Elem::Token || value.type.tokens == slot.slot.type.tokens
                         : value.type.elem == Elem::Int && slot.slot.type.elem != Elem::Bool;
  if ((!repeats && !sameDims(value.type.dims, slot.slot.type.dims)) || !convertible) {
    error(DiagId::R0307, e, ctx,
          fmt::format("state '{}' is {}, its initial value '{}' is {}", b.name.str(), describeType(slot.slot.type),
                      text(e), describeType(value.type)))
        .note(b.range, fmt::format("{} is declared here", b.name.str()));
    return;
  }
  if ((n = convert(n, slot.slot.type.elem, slot.slot.type.tokens, e, ctx)) == noNode)
    return;
  if (repeats) {
    Node wide = nodes[n];
    wide.type.dims = slot.slot.type.dims;
    nodes.push_back(wide);
    n = nodes.size() - 1;
  }
  if (nodes[n].clock && clocks.unify(slot.slot.clock, nodes[n].clock) != Unify::Same) {
    if (!passed) // of a given one the application has told
      error(DiagId::R0401, e, ctx,
            fmt::format("state '{}' ticks on '{}', its initial value on '{}'; 'spread' it", b.name.str(),
                        describeClock(slot.slot.clock), describeClock(nodes[n].clock)));
    return;
  }
  slots[*b.slot].slot.init = n;
}

//===--- pre, fby ----------------------------------------------------------------------------------------------===//

Value Elaborator::delay(const Expr *init, const Expr *value, const Expr *at, Context &ctx) {
  Value first;
  Type hint;
  const Type *outer = ctx.hint;
  bool outerIsGuess = ctx.hintIsGuess;
  if (init) {
    first = evaluate(init, ctx);
    if (!first.isError()) {
      hint = typeOf(first);
      ctx.hint = &hint;
      ctx.hintIsGuess = first.isStatic();
      if (first.is(Value::Kind::Node) && !stack.empty() && stack.back() && stack.back()->value == at)
        stack.back()->first = hint;
    }
  }
  enterDelay("fby");
  Value v = evaluate(value, ctx);
  leaveDelay();
  ctx.hint = outer;
  ctx.hintIsGuess = outerIsGuess;
  return v.isError() || (init && first.isError()) ? Value() : delayed(first, init, v, value, at, ctx);
}

Value Elaborator::delayed(const Value &first, const Expr *init, const Value &given, const Expr *value, const Expr *at,
                          Context &ctx) {
  enterDelay(init ? "fby" : "pre");
  Value v = listed(given, value, ctx);
  leaveDelay();
  if (v.is(Value::Kind::List)) { // operators of time map over lists
    std::vector<Value> parts;
    for (size_t k = 0; k < v.list->elements.size(); ++k) {
      bool each = first.is(Value::Kind::List) && first.list->elements.size() == v.list->elements.size();
      parts.push_back(delayed(each ? first.list->elements[k] : first, init, v.list->elements[k], value, at, ctx));
      if (parts.back().isError())
        return Value();
    }
    return Value::ofList(makeList(std::move(parts)));
  }
  NodeId x = node(v, value, ctx), start = noNode;
  if (x == noNode)
    return Value();
  if (init) {
    if ((start = node(first, init, ctx)) == noNode)
      return Value();
    const Type &s = nodes[start].type;
    Type t = nodes[x].type;
    if (t.elem == Elem::Int && s.elem != Elem::Int && nodes[x].op != Op::Alias) {
      if ((x = convert(x, s.elem, s.tokens, value, ctx)) == noNode)
        return Value();
      t = nodes[x].type;
    }
    if ((start = convert(start, t.elem, t.tokens, init, ctx)) == noNode)
      return Value();
    std::optional<llvm::SmallVector<Dim, 2>> dims = broadcast({start, x}, {init, value}, at, "'fby'", ctx);
    if (!dims)
      return Value();
    if (!sameDims(*dims, t.dims))
      return fail(
          DiagId::R0301, at, ctx,
          fmt::format("'fby' starts as {} and goes on as {}", describeType(nodes[start].type), describeType(t)));
  }
  const Type type = nodes[x].type;
  if (int r = ragged(type); r >= 0 && !perSample(type.dims[r].axis))
    return fail(DiagId::R0308, at, ctx,
                fmt::format("a value that is delayed has a clock's axis only 'per = sample': {}", describeType(type)));
  const Clock *clock = nullptr;
  if (start != noNode ? !oneClock({start, x}, {init, value}, "'fby'", at, ctx, clock)
                      : !oneClock({x}, {value}, "'pre'", at, ctx, clock))
    return Value();
  if (!clock)
    clock = ownClock(ctx.body->app);
  NodeId n = add(Op::Read, type, clock, {}, at, ctx);
  if (n == noNode)
    return Value();
  nodes[n].index = slots.size();
  nodeApps[n] = ctx.body->app;
  slots.emplace_back();
  WorkingSlot &slot = slots.back();
  slot.app = ctx.body->app;
  Namer spare;
  spare.isReturn = true;
  slot.name = (ctx.namer ? *ctx.namer : spare).delay();
  slot.slot.type = type;
  slot.slot.clock = clock;
  slot.slot.range = at->range;
  slot.slot.init = start;
  slot.candidate = x;
  slot.read = n;
  ++created;
  return Value::ofNode(n);
}

//===--- when --------------------------------------------------------------------------------------------------===//

const Clock *Elaborator::eventClock(const Clock *parent, NodeId condition, const std::string &written) {
  NodeId c = resolve(condition);
  if (nodes[c].op == Op::Every)
    return clocks.every(parent, nodes[c].ints[0], nodes[c].ints[1], nodes[c].scope);
  if (nodes[c].op == Op::Segment)
    return nodes[c].segment;
  conditionTexts.try_emplace(condition, written);
  return clocks.event(parent, condition);
}

void Elaborator::onceKnown(const Clock *clock, const Clock *segment, const Context &at,
                           std::function<void(Context &)> check) {
  deferred.push_back({clock, [this, clock, segment, body = at.body, check = std::move(check)] {
                        Context ctx;
                        ctx.body = body;
                        if (segment && !clocks.isKnown(clock))
                          clocks.unify(clocks.root(clock), clocks.variable(segment));
                        else
                          check(ctx);
                      }});
}

/// `x when segment`, for x on `parent`.
bool Elaborator::checkSegment(const Clock *parent, const Clock *segment, const Expr *ce, const Expr *xe, const Expr *at,
                              Context &ctx) {
  const Clock *p = clocks.resolve(parent);
  if (p->kind == Clock::Kind::Every || p->kind == Clock::Kind::Event)
    error(DiagId::R0405, at, ctx,
          fmt::format("segment clock '{}' is no bool on '{}': hold first: 'hold({}) when {}'", describeClock(segment),
                      describeClock(p), text(xe), text(ce)));
  else if (!clocks.finerAxis(p, segment))
    error(DiagId::R0402, at, ctx,
          fmt::format("'{}' is no bool on '{}', the clock of '{}'", text(ce), describeClock(p), text(xe)));
  else
    return true;
  return false;
}

/// The clock of `x when c` for x on `parent` (null: x is constant); null after an error.
const Clock *Elaborator::whenClock(const Clock *parent, const Value &c, const Expr *ce, const Expr *xe, const Expr *at,
                                   Context &ctx) {
  if (c.is(Value::Kind::Clock)) {
    if (parent && clocks.resolve(parent)->kind == Clock::Kind::Var)
      onceKnown(parent, c.clock, ctx, [this, parent, segment = c.clock, ce, xe, at](Context &ctx) {
        checkSegment(parent, segment, ce, xe, at, ctx);
      });
    else if (parent && !checkSegment(parent, c.clock, ce, xe, at, ctx))
      return nullptr;
    return c.clock;
  }
  NodeId n = node(c, ce, ctx);
  if (n == noNode)
    return nullptr;
  const Type &t = nodes[n].type;
  if (t.elem != Elem::Bool || !t.dims.empty()) {
    std::string hint;
    if (t.elem == Elem::Bool && t.dims.size() == 1 && t.dims[0].size == 1)
      hint = fmt::format(": use '{}'", elementText(ce));
    else if (c.is(Value::Kind::Int) && c.integer > 0)
      hint = fmt::format(": 'every({})' is one", text(ce));
    else if (t.elem == Elem::Real && t.dims.empty())
      hint = fmt::format(": compare it ('{} > 0.5')", text(ce)) +
             (ctx.inLoss ? "" : fmt::format(", or give a cell of '{}' the argument 'blend = {}'", text(xe), text(ce)));
    error(DiagId::R0402, ce, ctx, fmt::format("'when' needs a bool; '{}' is {}{}", text(ce), describeType(t), hint));
    return nullptr;
  }
  const Clock *own = nodes[n].clock;
  if (parent && own && clocks.unify(parent, own) != Unify::Same) {
    auto comesFrom = [&](const Clock *a, const Clock *b) { return llvm::is_contained(clocks.ancestors(a), b); };
    std::string way = comesFrom(parent, clocks.resolve(own))
                          ? fmt::format("; sample '{}' as '{}' is", text(ce), text(xe))
                      : comesFrom(own, clocks.resolve(parent)) ? fmt::format("; 'hold({})' is one", text(ce))
                                                               : "";
    if (nodes[resolve(n)].op == Op::Segment)
      error(DiagId::R0405, at, ctx, fmt::format("a segment clock is no bool on '{}'", describeClock(parent)));
    else
      error(DiagId::R0402, at, ctx,
            fmt::format("'when' needs a bool on the same clock: '{}' ticks on '{}', '{}' on '{}'{}", text(xe),
                        describeClock(parent), text(ce), describeClock(own), way));
    return nullptr;
  }
  const Clock *on = parent ? parent : own ? own : ownClock(ctx.body->app);
  return eventClock(on, n, text(ce));
}

Value Elaborator::when(const Value &given, const Value &c, const Expr *at, const Expr *xe, const Expr *ce,
                       Context &ctx) {
  Value x = listed(given, xe, ctx);
  if (x.is(Value::Kind::List)) {
    std::vector<Value> parts;
    for (const Value &e : x.list->elements) {
      parts.push_back(when(e, c, at, xe, ce, ctx));
      if (parts.back().isError())
        return Value();
    }
    return Value::ofList(makeList(std::move(parts)));
  }
  NodeId n = node(x, xe, ctx);
  if (n == noNode)
    return Value();
  const Clock *target = whenClock(nodes[n].clock, c, ce, xe, at, ctx);
  if (!target)
    return Value();
  const Type type = nodes[n].type;
  if (int r = ragged(type); r >= 0 && !perSample(type.dims[r].axis))
    return fail(DiagId::R0308, at, ctx,
                fmt::format("a value that is sampled has a clock's axis only 'per = sample': {}", describeType(type)));
  return Value::ofNode(add(Op::When, type, target, {n}, at, ctx));
}

/// `sample` where it is named: the whole sample, or inside `reset = ..` the segment between resets (S4).
Value Elaborator::sampleOf(const Expr *e, Context &ctx) {
  Value v;
  v.kind = Value::Kind::Clock;
  v.clock = clocks.sample();
  Application *app = ctx.body->app;
  const Scope here = scopes[app ? app->scope : 0];
  if (here.cuts.empty())
    return v;
  bool segments = true;
  for (const Cut &cut : here.cuts)
    segments &= !cut.before && cut.clock->kind == Clock::Kind::Axis;
  if (segments) {
    v.clock = here.cuts.back().clock;
    return v;
  }
  return Value::ofNode(segmentEnd(app->scope, e, ctx));
}

/// A bool on the cell's own clock: true at the last tick of each of the scope's segments. One node for all that ask.
NodeId Elaborator::segmentEnd(uint32_t scope, const Expr *at, Context &ctx) {
  const Clock *own = ownClock(ctx.body->app);
  for (NodeId end : segmentEnds[scope])
    if (clocks.same(nodes[end].clock, own))
      return end;
  NodeId fromEnd = add(Op::Tick, {Elem::Int, 0, {}}, own, {}, at, ctx);
  if (fromEnd == noNode)
    return noNode;
  nodes[fromEnd].scope = this->scope(!scopes[scope].reverse, scopes[scope].cuts);
  NodeId end = add(Op::Equal, {Elem::Bool, 0, {}}, own, {fromEnd, constant(0, Elem::Int)}, at, ctx);
  if (end != noNode)
    segmentEnds[scope].push_back(end);
  return end;
}

/// Whether the clock ticks where `sample` is true inside an application that resets: at the end of each of its segments.
bool Elaborator::isSegmentEnd(const Clock *clock, uint32_t scope) {
  auto known = segmentEnds.find(scope);
  return clock->kind == Clock::Kind::Event && known != segmentEnds.end() &&
         llvm::is_contained(known->second, resolve(clock->condition));
}

bool Elaborator::perSample(const ClockAxis *axis) { return clocks.resolve(axis->per) == clocks.sample(); }

bool Elaborator::sameNode(NodeId a, NodeId b) {
  llvm::SetVector<std::pair<NodeId, NodeId>> pairs; // of which both must be the same
  auto require = [&](NodeId a, NodeId b) {
    if (resolve(a) != resolve(b))
      pairs.insert({resolve(a), resolve(b)});
  };
  require(a, b);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Node &x = nodes[pairs[i].first], &y = nodes[pairs[i].second];
    if (x.op != y.op || x.op == Op::Alias || x.op == Op::Read || x.op == Op::Random || x.index != y.index ||
        x.scope != y.scope || x.ints != y.ints || x.segment != y.segment || x.reduction != y.reduction ||
        x.operands.size() != y.operands.size() || x.type.elem != y.type.elem || x.type.tokens != y.type.tokens ||
        !sameDims(x.type.dims, y.type.dims))
      return false;
    if (x.op == Op::Constant && *x.values != *y.values)
      return false;
    const Clock *p = clocks.resolve(x.clock), *q = clocks.resolve(y.clock);
    bool open = (p && p->kind == Clock::Kind::Var) || (q && q->kind == Clock::Kind::Var);
    if (!open && !clocks.same(p, q))
      return false;
    for (auto [left, right] : llvm::zip(x.operands, y.operands))
      require(left, right);
  }
  return true;
}

} // namespace rondo::dsl
