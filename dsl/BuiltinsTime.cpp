// Built-in functions of time: reductions and `collect` (C7), `pre`, `next`, `hold`, `spread`, `every`, `reversed`, resets.
#include "dsl/Builtins.h"
#include "fmt/format.h"

#include <cmath>
#include <limits>

namespace rondo::dsl::builtins {

//===--- Reductions (C7) ---------------------------------------------------------------------------------------===//

/// C7: to a segment or the sample, from ticks of finer axes or from some of them.
static bool checkCoarser(Elaborator &e, Context &ctx, const Clock *from, const Clock *target, const Expr *at,
                         const std::string &name) {
  const Clock *own = e.clocks.resolve(from);
  const Clock *nearest = nullptr; // the axis own ticks on or selects from
  for (const Clock *a : e.clocks.ancestors(own))
    if (!nearest && a->kind == Clock::Kind::Axis)
      nearest = a;
  bool selects = own->kind == Clock::Kind::Every || own->kind == Clock::Kind::Event;
  if (own->kind != Clock::Kind::Sample && nearest &&
      (e.clocks.finerAxis(nearest, target) || (selects && nearest == target)))
    return true;
  bool otherBase = target->kind == Clock::Kind::Axis && own->kind != Clock::Kind::Sample &&
                   e.clocks.root(target) != e.clocks.root(own);
  e.error(otherBase ? DiagId::R0409 : DiagId::R0404, at, ctx,
          otherBase
              ? fmt::format("'per = {}' and '{}', which ticks on '{}', have two base clocks", e.text(at), name,
                            e.describeClock(own))
              : fmt::format("'per = {}' is {} '{}', which ticks on '{}'; reductions go to a coarser clock", e.text(at),
                            e.clocks.same(own, target) ? "the clock of" : "finer than", name, e.describeClock(own)));
  return false;
}

/// The clock of `per = c` for a value on `from`; null after an error.
static const Clock *coarser(Elaborator &e, Call &c, const Clock *from, const Value &per, const Expr *pe) {
  std::string x = e.text(argExpr(c, 0));
  const Clock *own = e.clocks.resolve(from);
  if (per.is(Value::Kind::Clock)) {
    if (e.clocks.isKnown(own))
      return checkCoarser(e, c.ctx, own, per.clock, pe, x) ? per.clock : nullptr;
    e.onceKnown(own, per.clock, c.ctx,
                [&e, own, target = per.clock, x, pe](Context &ctx) { checkCoarser(e, ctx, own, target, pe, x); });
    return per.clock;
  }
  NodeId n = e.node(per, pe, c.ctx);
  if (n == noNode)
    return nullptr;
  const Type &t = e.nodes[n].type;
  if (t.elem != Elem::Bool || !t.dims.empty()) {
    e.fail(DiagId::R0402, pe, c.ctx,
           fmt::format("'per' takes a clock or a bool; '{}' is {}", e.text(pe), e.describeType(t)));
    return nullptr;
  }
  const Clock *on = e.nodes[n].clock ? e.nodes[n].clock : own;
  if (!e.clocks.isKnown(own) || !e.clocks.isKnown(on))
    e.clocks.unify(on, own);
  for (const Clock *a : e.clocks.ancestors(own))
    if (e.clocks.same(a, on))
      return e.eventClock(on, n, e.text(pe));
  e.fail(DiagId::R0404, pe, c.ctx,
         fmt::format("'{}' ticks on '{}'; 'per = {}' is a bool on '{}', which is not finer", x, e.describeClock(own),
                     e.text(pe), e.describeClock(on)));
  return nullptr;
}

/// The clock by whose ticks `collect(.., per = target)` groups rows. An axis is always counted forward and from tick to
/// tick. So where time runs backwards, or resets cut it, the group is the stretch that ends with the next cut, or with
/// the target's own tick; from its end it is spread to the target. Null after an error.
static const Clock *rowsOf(Elaborator &e, Call &c, const Clock *target) {
  const Scope scope = e.scopes[c.ctx.body->app ? c.ctx.body->app->scope : 0];
  bool segment = target->kind == Clock::Kind::Axis || target->kind == Clock::Kind::Sample;
  bool inside = !segment && scope.reverse; // whether a cut, or the target itself, ends a group before the target's tick
  for (const Cut &cut : scope.cuts)
    inside |= !segment || cut.before || cut.clock->kind != Clock::Kind::Axis ||
              (target != cut.clock && !e.clocks.finerAxis(target, cut.clock));
  if (!inside)
    return target;
  if (segment && scope.reverse) {
    e.fail(DiagId::R0308, c.expr, c.ctx,
           fmt::format("in reverse, a reset may cut '{}' apart: collect 'per = sample', the segment between resets",
                       e.describeClock(target)));
    return nullptr;
  }
  std::vector<Cut> cuts = scope.cuts;
  cuts.push_back({scope.reverse, target});
  NodeId end = e.segmentEnd(e.scope(false, std::move(cuts)), c.expr, c.ctx);
  return end == noNode ? nullptr : e.eventClock(e.ownClock(c.ctx.body->app), end, "sample");
}

static Value perClock(Elaborator &e, Call &c, NodeId x, const Value &per, const Expr *pe,
                      std::optional<Reduction> reduction) {
  const Clock *from = e.nodes[x].clock;
  const Type type = e.nodes[x].type;
  if (e.ragged(type) >= 0)
    return e.fail(DiagId::R0308, argExpr(c, 0), c.ctx,
                  fmt::format("{} per a clock takes values without a clock's axis; '{}' is {}", quoted(c),
                              e.text(argExpr(c, 0)), e.describeType(type)));
  if (!from)
    from = e.ownClock(c.ctx.body->app);
  const Clock *target = coarser(e, c, from, per, pe);
  if (!target)
    return Value();
  Type result = type;
  if (!reduction) {
    const Clock *group = rowsOf(e, c, target);
    if (!group)
      return Value();
    result.dims.insert(result.dims.begin(), Dim{0, e.clocks.clockAxis(from, group)});
    NodeId rows = e.add(Op::Collect, result, group, {x}, c.expr, c.ctx);
    if (rows == noNode)
      return Value();
    e.nodes[rows].scope = 0;
    if (!e.nodes[x].clock)
      e.nodes[rows].segment = from; // on which a constant has its rows
    return Value::ofNode(group == target ? rows : e.add(Op::Spread, result, target, {rows}, c.expr, c.ctx));
  }
  NodeId n = e.add(Op::ReducePer, result, target, {x}, c.expr, c.ctx);
  if (n != noNode) {
    e.nodes[n].reduction = *reduction;
    if (!e.nodes[x].clock)
      e.nodes[n].segment = from; // on which a constant is counted
  }
  return Value::ofNode(n);
}

static std::optional<Value> foldStatic(const ListValue &list, Reduction r) {
  bool ints = true;
  double sum = 0, most = -INFINITY;
  int64_t intSum = 0, intMost = std::numeric_limits<int64_t>::min();
  if (list.elements.empty())
    return std::nullopt;
  for (const Value &v : list.elements) {
    if (!v.isNumber())
      return std::nullopt;
    ints &= v.is(Value::Kind::Int);
    sum += v.number();
    most = std::max(most, v.number());
    if (v.is(Value::Kind::Int) && __builtin_add_overflow(intSum, v.integer, &intSum))
      return std::nullopt;
    if (v.is(Value::Kind::Int))
      intMost = std::max(intMost, v.integer);
  }
  switch (r) {
  case Reduction::Sum: return ints ? Value::ofInt(intSum) : Value::ofReal(sum);
  case Reduction::Mean: return Value::ofReal(sum / double(list.elements.size()));
  case Reduction::Max: return ints ? Value::ofInt(intMost) : Value::ofReal(most);
  case Reduction::First: return list.elements[0];
  }
  return std::nullopt;
}

static Value reduction(Elaborator &e, Call &c, Reduction r) {
  auto axis = c.named.find("axis"), per = c.named.find("per");
  bool hasAxis = axis != c.named.end(), hasPer = per != c.named.end();
  if (hasAxis == hasPer)
    return e.fail(DiagId::R0310, c.expr, c.ctx,
                  fmt::format("{} needs 'axis = i' or 'axis = all' (inside the value) or 'per = clock' (over time){}",
                              quoted(c), hasAxis ? "; not both" : ""));
  Value v = e.listed(c.args[0], argExpr(c, 0), c.ctx);
  if (hasAxis && v.is(Value::Kind::List))
    if (std::optional<Value> folded = foldStatic(*v.list, r))
      return *folded;
  c.args[0] = v;
  NodeId x = r == Reduction::First ? e.node(v, argExpr(c, 0), c.ctx) : number(e, c, 0, r != Reduction::Mean);
  if (x == noNode)
    return Value();
  if (hasPer)
    return perClock(e, c, x, per->second.first, per->second.second, r);
  const Type type = e.nodes[x].type;
  Type result = type;
  int64_t which = -1;
  if (axis->second.first.is(Value::Kind::All)) {
    result.dims.clear();
  } else {
    if (!axis->second.first.is(Value::Kind::Int))
      return e.fail(DiagId::R0303, axis->second.second, c.ctx,
                    fmt::format("'axis' is a static int or 'all'; '{}' is {}", e.text(axis->second.second),
                                e.describeValue(axis->second.first)));
    which = axis->second.first.integer;
    if (which < 0 || which >= int64_t(type.dims.size()))
      return e.fail(DiagId::R0301, axis->second.second, c.ctx,
                    fmt::format("'{}' is {}: it has no axis {}{}", e.text(argExpr(c, 0)), e.describeType(type), which,
                                which < 0 && !type.dims.empty()
                                    ? fmt::format("; axes are counted from 0, the last is {}", type.dims.size() - 1)
                                    : ""));
    result.dims.erase(result.dims.begin() + which);
  }
  if (type.dims.empty())
    return Value::ofNode(x);
  NodeId n = e.add(Op::Fold, result, e.nodes[x].clock, {x}, c.expr, c.ctx);
  if (n != noNode) {
    e.nodes[n].reduction = r;
    e.nodes[n].ints = {which};
  }
  return Value::ofNode(n);
}
Value sum(Elaborator &e, Call &c) { return reduction(e, c, Reduction::Sum); }
Value mean(Elaborator &e, Call &c) { return reduction(e, c, Reduction::Mean); }
Value max(Elaborator &e, Call &c) { return reduction(e, c, Reduction::Max); }
Value first(Elaborator &e, Call &c) { return reduction(e, c, Reduction::First); }

Value collect(Elaborator &e, Call &c) {
  auto per = c.named.find("per");
  if (per == c.named.end() || c.named.count("axis"))
    return e.fail(DiagId::R0310, c.expr, c.ctx, "'collect' needs 'per = clock': it gathers over time");
  NodeId x = e.node(c.args[0], argExpr(c, 0), c.ctx);
  return x == noNode ? Value() : perClock(e, c, x, per->second.first, per->second.second, std::nullopt);
}

//===--- Time --------------------------------------------------------------------------------------------------===//

Value pre(Elaborator &e, Call &c) { return e.delayed(Value(), nullptr, c.args[0], argExpr(c, 0), c.expr, c.ctx); }

Value next(Elaborator &e, Call &c) {
  if (!c.ctx.inLoss)
    return e.fail(DiagId::R0408, c.expr, c.ctx,
                  "'next' looks ahead and belongs in 'loss'; a cell that reads the future is written with 'reversed'");
  std::function<Value(const Value &)> ahead = [&](const Value &v) -> Value {
    if (v.is(Value::Kind::List))
      return mapList(e, c, v, ahead);
    NodeId n = e.node(v, argExpr(c, 0), c.ctx);
    if (n == noNode)
      return Value();
    if (!e.nodes[n].clock)
      return Value::ofNode(n);
    if (e.ragged(e.nodes[n].type) >= 0)
      return e.fail(DiagId::R0308, c.expr, c.ctx, "'next' of a value with a clock's axis");
    return Value::ofNode(e.add(Op::Next, e.nodes[n].type, e.nodes[n].clock, {n}, c.expr, c.ctx));
  };
  return ahead(c.args[0]);
}

/// The clock that `to = c` names, or null after an error.
static const Clock *targetClock(Elaborator &e, Call &c) {
  auto &[v, at] = c.named.find("to")->second;
  if (v.is(Value::Kind::Clock))
    return v.clock;
  if (!v.isError())
    e.fail(DiagId::R0410, at, c.ctx, fmt::format("'to' takes a clock; '{}' is {}", e.text(at), e.describeValue(v)));
  return nullptr;
}

/// The clock that `hold` rises to from `from`: `wanted`, or if that is null the parent, but never beyond the clock of the
/// cell in which it stands (C9). Null after an error.
static const Clock *heldTo(Elaborator &e, Context &ctx, const Clock *from, const Clock *wanted, const Expr *at,
                           const std::string &name) {
  const Clock *own = e.clocks.resolve(from);
  auto refuse = [&](DiagId id, std::string message) {
    e.error(id, at, ctx, std::move(message));
    return nullptr;
  };
  if (own->kind == Clock::Kind::Var)
    return refuse(DiagId::R0401, fmt::format("the clock of '{}' is not known here: sample it with 'when' first", name));
  // every(1) of an axis is that axis, but `hold` rises from it all the same
  const Clock *written = e.clocks.withoutVariables(from);
  bool isAll = written->kind == Clock::Kind::Every && written->period == 1;
  if (wanted) {
    for (const Clock *a : e.clocks.ancestors(own))
      if ((a != own || isAll) && e.clocks.same(a, wanted))
        return wanted;
    if (own->kind == Clock::Kind::Sample && wanted->kind == Clock::Kind::Axis)
      return wanted;
    bool base = wanted->kind == Clock::Kind::Axis && own->kind != Clock::Kind::Sample &&
                e.clocks.root(wanted) != e.clocks.root(own);
    return refuse(base ? DiagId::R0409 : DiagId::R0403,
                  fmt::format("'{}' ticks on '{}'; 'hold' rises to a finer clock it comes from, '{}' is none", name,
                              e.describeClock(own), e.describeClock(wanted)));
  }
  if (own->kind == Clock::Kind::Event) // as it was written: it may be a period in a cell that stands on another one
    return e.clocks.withoutVariables(written->parent);
  if (isAll || own->kind == Clock::Kind::Every) {
    bool ofAxis = isAll && e.clocks.resolve(written->parent)->kind != Clock::Kind::Every;
    const Clock *parent = e.clocks.resolve(ofAxis ? written->parent : own->parent);
    const Clock *cell = ctx.body->app ? e.clocks.resolve(ctx.body->app->clock) : nullptr;
    for (const Clock *a = written; cell && !e.clocks.same(a, parent); a = e.clocks.withoutVariables(a->parent))
      if (a != written && e.clocks.same(a, cell))
        return cell;
    return parent;
  }
  if (const Clock *child = e.clocks.child(own))
    return child;
  return refuse(
      DiagId::R0403,
      own->kind == Clock::Kind::Sample
          ? fmt::format("'{}' ticks on 'sample', over several base clocks: say 'hold({}, to = ..)'", name, name)
          : fmt::format("nothing to hold: '{}' ticks on the base clock '{}'", name, own->name));
}

Value hold(Elaborator &e, Call &c) {
  std::function<Value(const Value &)> held = [&](const Value &v) -> Value {
    if (v.is(Value::Kind::List))
      return mapList(e, c, v, held);
    NodeId x = e.node(v, argExpr(c, 0), c.ctx);
    if (x == noNode)
      return Value();
    const Clock *from = e.nodes[x].clock;
    std::string name = e.text(argExpr(c, 0));
    if (!e.clocks.resolve(from))
      return Value::ofNode(x);
    const Clock *wanted = c.named.count("to") ? targetClock(e, c) : nullptr, *to = wanted;
    if (c.named.count("to") && !wanted)
      return Value();
    // What takes part in a loop may get its clock only later.
    if (wanted ? e.clocks.isKnown(from) : e.clocks.resolve(from)->kind != Clock::Kind::Var) {
      if (!(to = heldTo(e, c.ctx, from, wanted, c.expr, name)))
        return Value();
    } else {
      if (!to)
        to = e.clocks.variable();
      e.onceKnown(from, nullptr, c.ctx, [&e, from, wanted, to, name, at = c.expr](Context &ctx) {
        const Clock *known = heldTo(e, ctx, from, wanted, at, name);
        if (known && e.clocks.unify(to, known) != Unify::Same)
          e.error(DiagId::R0401, at, ctx,
                  fmt::format("'hold({})' ticks on '{}', it is used on '{}'", name, e.describeClock(known),
                              e.describeClock(to)));
      });
    }
    const Type type = e.nodes[x].type;
    if (int r = e.ragged(type); r >= 0 && !e.perSample(type.dims[r].axis))
      return e.fail(
          DiagId::R0308, c.expr, c.ctx,
          fmt::format("a value that is held has a clock's axis only 'per = sample': {}", e.describeType(type)));
    llvm::SmallVector<NodeId, 2> operands = {x};
    if (auto init = c.named.find("init"); init != c.named.end()) {
      const Expr *at = init->second.second;
      NodeId n = e.node(init->second.first, at, c.ctx);
      if (n == noNode || (n = e.convert(n, type.elem, type.tokens, at, c.ctx)) == noNode)
        return Value();
      if (!e.sameDims(e.nodes[n].type.dims, type.dims) && !e.nodes[n].type.dims.empty())
        return e.fail(
            DiagId::R0307, at, c.ctx,
            fmt::format("'init' is {}, '{}' is {}", e.describeType(e.nodes[n].type), name, e.describeType(type)));
      const Clock *clock = to;
      if (!e.oneClock({n}, {at}, "'hold'", c.expr, c.ctx, clock))
        return Value();
      operands.push_back(n);
    }
    return Value::ofNode(e.add(Op::Hold, type, to, operands, c.expr, c.ctx));
  };
  Value v = e.listed(c.args[0], argExpr(c, 0), c.ctx);
  return held(v);
}

/// C6: of a segment or of the sample, to a finer clock.
static bool checkSpread(Elaborator &e, Context &ctx, const Clock *from, const Clock *to, const Expr *at,
                        const std::string &name) {
  const Clock *own = e.clocks.resolve(from);
  if (own->kind != Clock::Kind::Sample && !(own->kind == Clock::Kind::Axis && e.clocks.child(own))) {
    e.error(DiagId::R0403, at, ctx,
            fmt::format("'spread' takes a value of a segment or of the sample; '{}' ticks on '{}'{}", name,
                        e.describeClock(own),
                        own->kind == Clock::Kind::Axis ? fmt::format(": '{} when sample' is of the sample", name)
                                                       : ": 'hold' it"));
    return false;
  }
  if (e.clocks.finerAxis(to, own))
    return true;
  bool base =
      to->kind == Clock::Kind::Axis && own->kind == Clock::Kind::Axis && e.clocks.root(to) != e.clocks.root(own);
  e.error(
      base ? DiagId::R0409 : DiagId::R0403, at, ctx,
      fmt::format("'{}' ticks on '{}', which is no segment of '{}'", name, e.describeClock(own), e.describeClock(to)));
  return false;
}

Value spread(Elaborator &e, Call &c) {
  if (!c.named.count("to"))
    return e.fail(DiagId::R0203, c.expr, c.ctx, "'spread' needs 'to = clock'");
  const Clock *to = targetClock(e, c);
  if (!to)
    return Value();
  std::function<Value(const Value &)> over = [&](const Value &v) -> Value {
    if (v.is(Value::Kind::List))
      return mapList(e, c, v, over);
    NodeId x = e.node(v, argExpr(c, 0), c.ctx);
    if (x == noNode)
      return Value();
    const Clock *own = e.clocks.resolve(e.nodes[x].clock);
    std::string name = e.text(argExpr(c, 0));
    if (!own)
      return Value::ofNode(x);
    if (uint32_t here = c.ctx.body->app ? c.ctx.body->app->scope : 0; e.isSegmentEnd(own, here)) {
      // it ticks once a segment, at the end: held against the direction of time it is there from the beginning
      const Clock *parent = e.clocks.resolve(own->parent);
      if (!e.clocks.same(parent, to))
        return e.fail(DiagId::R0403, c.expr, c.ctx,
                      fmt::format("'{}' is of the segment between resets, which has ticks of '{}', not of '{}'", name,
                                  e.describeClock(parent), e.describeClock(to)));
      NodeId n = e.add(Op::Hold, e.nodes[x].type, parent, {x}, c.expr, c.ctx);
      if (n != noNode)
        e.nodes[n].scope = e.scope(!e.scopes[here].reverse, e.scopes[here].cuts);
      return Value::ofNode(n);
    }
    if (!e.clocks.isKnown(own))
      e.onceKnown(own, nullptr, c.ctx,
                  [&e, own, to, name, at = c.expr](Context &ctx) { checkSpread(e, ctx, own, to, at, name); });
    else if (!checkSpread(e, c.ctx, own, to, c.expr, name))
      return Value();
    return Value::ofNode(e.add(Op::Spread, e.nodes[x].type, to, {x}, c.expr, c.ctx));
  };
  Value v = e.listed(c.args[0], argExpr(c, 0), c.ctx);
  return over(v);
}

/// What is given as a period and is no number.
std::string describePeriod(Elaborator &e, const Value &v) {
  if (!v.is(Value::Kind::Node))
    return e.describeValue(v);
  return e.nodes[v.node].op == Op::Param ? "a parameter; a layer whose clock is learned has 'blend = ..'" : "a stream";
}

Value every(Elaborator &e, Call &c) {
  Value phase = Value::ofInt(0);
  const Expr *phaseExpr = nullptr;
  if (auto it = c.named.find("phase"); it != c.named.end())
    std::tie(phase, phaseExpr) = it->second;
  for (auto &[v, at, what] : {std::tuple(c.args[0], argExpr(c, 0), "period"), std::tuple(phase, phaseExpr, "phase")})
    if (v.is(Value::Kind::Real))
      return e.fail(DiagId::R0406, at, c.ctx, fmt::format("a {} is a whole number of ticks, not {}", what, v.real));
    else if (!v.is(Value::Kind::Int))
      return e.fail(
          DiagId::R0303, at, c.ctx,
          fmt::format("the {} of 'every' must be static; '{}' is {}", what, e.text(at), describePeriod(e, v)));
  int64_t p = c.args[0].integer, k = phase.integer;
  if (p < 1)
    return e.fail(DiagId::R0406, argExpr(c, 0), c.ctx, fmt::format("a period is at least 1, not {}", p));
  if (k < 0 || k >= p)
    return e.fail(DiagId::R0406, phaseExpr, c.ctx,
                  fmt::format("phase {} never comes with period {}; phases are 0..{}", k, p, p - 1));
  NodeId n = e.add(Op::Every, {Elem::Bool, 0, {}}, e.clocks.variable(), {}, c.expr, c.ctx);
  if (n != noNode) {
    e.nodes[n].ints = {p, k};
    e.nodeApps[n] = c.ctx.body->app;
  }
  return Value::ofNode(n);
}

Value reversed(Elaborator &e, Call &c) {
  Value v = c.args[0];
  switch (v.kind) {
  case Value::Kind::Builtin: return v;
  case Value::Kind::Instance: v.kind = Value::Kind::ReversedInstance; return v;
  case Value::Kind::ReversedInstance: v.kind = Value::Kind::Instance; return v;
  case Value::Kind::Recipe: {
    Recipe *turned = e.makeRecipe();
    *turned = *v.recipe;
    turned->reversed = !turned->reversed;
    v.recipe = turned;
    return v;
  }
  default:
    return e.fail(DiagId::R0204, argExpr(c, 0), c.ctx,
                  fmt::format("'reversed' takes a cell; '{}' is {}{}", e.text(argExpr(c, 0)), e.describeValue(v),
                              v.is(Value::Kind::Node) ? ": write 'reversed(cell)(x)'" : ""));
  }
}

static Value resetAt(Elaborator &e, Call &c, bool before) {
  Value v;
  v.kind = Value::Kind::Reset;
  v.integer = e.resetStore.size();
  e.resetStore.push_back({before, c.args[0], argExpr(c, 0)});
  return v;
}
Value after(Elaborator &e, Call &c) { return resetAt(e, c, false); }
Value before(Elaborator &e, Call &c) { return resetAt(e, c, true); }

} // namespace rondo::dsl::builtins
