#include "dsl/Clocks.h"
#include "fmt/format.h"

namespace rondo::dsl {

ClockTable::ClockTable(std::function<bool(NodeId, NodeId)> sameCondition) : sameCondition(std::move(sameCondition)) {
  sampleClock = make(Clock::Kind::Sample, nullptr);
}

Clock *ClockTable::make(Clock::Kind kind, const Clock *parent) {
  store.push_back(std::make_unique<Clock>());
  store.back()->kind = kind;
  store.back()->parent = parent;
  return store.back().get();
}

//===--- Axes --------------------------------------------------------------------------------------------------===//

const Clock *ClockTable::find(llvm::StringRef axis) const {
  if (axis == "sample")
    return sampleClock;
  auto it = byName.find(axis.str());
  return it == byName.end() ? nullptr : it->second;
}

const Clock *ClockTable::declareAxis(llvm::StringRef name) {
  if (const Clock *known = find(name))
    return known;
  Clock *axis = make(Clock::Kind::Axis, nullptr);
  axis->name = name.str();
  byName[axis->name] = axis;
  axisClocks.push_back(axis);
  return axis;
}

bool ClockTable::declareParent(const Clock *finer, const Clock *coarser) {
  if (finer->parent)
    return finer->parent == coarser;
  if (coarser != sampleClock) {
    for (const Clock *up = coarser; up; up = up->parent)
      if (up == finer)
        return false;
    const Clock *&slot = childOf[coarser];
    if (slot && slot != finer)
      return false;
    slot = finer;
  }
  byName.find(finer->name)->second->parent = coarser;
  return true;
}

void ClockTable::finishAxes() {
  for (auto &[name, axis] : byName)
    if (!axis->parent)
      axis->parent = sampleClock;
}

const Clock *ClockTable::child(const Clock *coarser) const {
  if (coarser != sampleClock) {
    auto it = childOf.find(coarser);
    return it == childOf.end() ? nullptr : it->second;
  }
  const Clock *only = nullptr;
  for (const Clock *axis : axisClocks)
    if (axis->parent == sampleClock) {
      if (only)
        return nullptr;
      only = axis;
    }
  return only;
}

const Clock *ClockTable::root(const Clock *clock) {
  clock = resolve(clock);
  while (clock->kind == Clock::Kind::Every || clock->kind == Clock::Kind::Event)
    clock = resolve(clock->parent);
  if (clock->kind == Clock::Kind::Axis)
    while (const Clock *finer = child(clock))
      clock = finer;
  return clock;
}

bool ClockTable::finerAxis(const Clock *clock, const Clock *axis) {
  clock = resolve(clock);
  if (clock->kind != Clock::Kind::Axis)
    return false;
  for (const Clock *up = clock->parent; up; up = up->parent)
    if (up == axis)
      return true;
  return false;
}

llvm::SmallVector<const Clock *> ClockTable::ancestors(const Clock *clock) {
  llvm::SmallVector<const Clock *> result;
  for (clock = resolve(clock); clock;) {
    result.push_back(clock);
    if (clock->kind == Clock::Kind::Every || clock->kind == Clock::Kind::Event)
      clock = resolve(clock->parent);
    else if (clock->kind == Clock::Kind::Axis || clock->kind == Clock::Kind::Sample)
      clock = child(clock);
    else
      break;
  }
  return result;
}

llvm::SmallVector<const Clock *> ClockTable::levels(const Clock *fine, const Clock *coarse) {
  llvm::SmallVector<const Clock *> result = ancestors(coarse);
  result.erase(llvm::find_if(result, [&](const Clock *c) { return same(c, fine); }), result.end());
  return result;
}

//===--- Selections --------------------------------------------------------------------------------------------===//

const Clock *ClockTable::every(const Clock *parent, int64_t period, int64_t phase, uint32_t scope) {
  Clock *clock = make(Clock::Kind::Every, parent);
  clock->period = period;
  clock->phase = phase;
  clock->scope = scope;
  return clock;
}

const Clock *ClockTable::withoutVariables(const Clock *clock) {
  while (clock && clock->kind == Clock::Kind::Var && clock->bound)
    clock = clock->bound;
  return clock;
}

const Clock *ClockTable::event(const Clock *parent, NodeId condition) {
  for (const Clock *known : events)
    if (same(known->parent, parent) && (known->condition == condition || sameCondition(known->condition, condition)))
      return known;
  Clock *clock = make(Clock::Kind::Event, parent);
  clock->condition = condition;
  events.push_back(clock);
  return clock;
}

const Clock *ClockTable::variable(const Clock *segment) {
  Clock *clock = make(Clock::Kind::Var, nullptr);
  clock->segment = segment;
  return clock;
}

const Clock *ClockTable::resolve(const Clock *clock) {
  while (clock && clock->bound) {
    if (clock->bound->kind == Clock::Kind::Var && clock->bound->bound) // chains of variables stay short
      clock->bound = clock->bound->bound;
    clock = clock->bound;
  }
  if (!clock || clock->kind != Clock::Kind::Every)
    return clock;
  const Clock *parent = resolve(clock->parent);
  if (clock->period == 1)
    return clock->bound = parent;
  if (parent->kind != Clock::Kind::Every || parent->scope != clock->scope)
    return clock;
  // t' = (t - J) / Q counts the parent's ticks; t' % P == K  <=>  t % (P Q) == J + K Q
  int64_t period, phase;
  if (__builtin_mul_overflow(clock->period, parent->period, &period) ||
      __builtin_mul_overflow(clock->phase, parent->period, &phase) ||
      __builtin_add_overflow(phase, parent->phase, &phase))
    return clock;
  return clock->bound = every(parent->parent, period, phase, clock->scope);
}

bool ClockTable::same(const Clock *a, const Clock *b) {
  a = resolve(a), b = resolve(b);
  if (a == b)
    return true;
  if (!a || !b || a->kind != b->kind)
    return false;
  if (a->kind == Clock::Kind::Every)
    return a->period == b->period && a->phase == b->phase && a->scope == b->scope && same(a->parent, b->parent);
  if (a->kind == Clock::Kind::Event)
    return same(a->parent, b->parent) && (a->condition == b->condition || sameCondition(a->condition, b->condition));
  return false;
}

bool ClockTable::occurs(const Clock *variable, const Clock *in) {
  for (in = resolve(in); in; in = resolve(in->parent)) {
    if (in == variable)
      return true;
    if (in->kind != Clock::Kind::Every && in->kind != Clock::Kind::Event)
      return false;
  }
  return false;
}

Unify ClockTable::bind(const Clock *variable, const Clock *to) {
  if (occurs(variable, to))
    return Unify::Differ;
  if (const Clock *segment = variable->segment) {
    const Clock *c = resolve(to);
    if (c->kind == Clock::Kind::Var) {
      if (!c->segment || finerAxis(segment, c->segment))
        c->segment = segment;
    } else if (c->kind == Clock::Kind::Every || c->kind == Clock::Kind::Event) {
      return Unify::SegmentOnEvent;
    } else if (!finerAxis(c, segment)) {
      return Unify::Differ;
    }
  }
  variable->bound = to;
  return Unify::Same;
}

Unify ClockTable::unify(const Clock *first, const Clock *second) {
  const Clock *a = resolve(first), *b = resolve(second);
  if (!a || !b || a == b)
    return Unify::Same;
  // not to the normal form: `every(1)` stays visible to `hold`
  const Clock *x = withoutVariables(first), *y = withoutVariables(second);
  if (a->kind == Clock::Kind::Var && (b->kind != Clock::Kind::Var || x == a))
    return bind(a, y);
  if (b->kind == Clock::Kind::Var)
    return bind(b, x);
  if (a->kind != b->kind)
    return Unify::Differ;
  if (a->kind == Clock::Kind::Every && a->period == b->period && a->phase == b->phase && a->scope == b->scope)
    return unify(a->parent, b->parent);
  if (a->kind == Clock::Kind::Event && (a->condition == b->condition || sameCondition(a->condition, b->condition)))
    return unify(a->parent, b->parent);
  return Unify::Differ;
}

const ClockAxis *ClockTable::clockAxis(const Clock *collected, const Clock *per) {
  for (auto &known : axisStore)
    if (same(known->collected, collected) && same(known->per, per))
      return known.get();
  axisStore.push_back(std::make_unique<ClockAxis>(ClockAxis{collected, per}));
  return axisStore.back().get();
}

//===--- Text --------------------------------------------------------------------------------------------------===//

std::string ClockTable::describe(const Clock *clock, const std::function<std::string(NodeId)> &condition) {
  clock = resolve(clock);
  if (!clock)
    return "no clock";
  switch (clock->kind) {
  case Clock::Kind::Sample: return "sample";
  case Clock::Kind::Axis: return clock->name;
  case Clock::Kind::Every: {
    std::string phase = clock->phase ? fmt::format(", phase = {}", clock->phase) : "";
    return fmt::format("{} when every({}{})", describe(clock->parent, condition), clock->period, phase);
  }
  case Clock::Kind::Event: {
    std::string text = condition(clock->condition);
    if (llvm::StringRef(text).contains(" when "))
      text = "(" + text + ")";
    return fmt::format("{} when {}", describe(clock->parent, condition), text.empty() ? "an event" : text);
  }
  case Clock::Kind::Var:
    if (clock->segment)
      return "a clock finer than " + describe(clock->segment, condition);
  }
  return "a clock that is not known here";
}

namespace {
/// Finished clocks hold no variables, so no table is needed to print them.
std::string describeFinished(const Clock *clock, const Model &model) {
  if (!clock)
    return "no clock";
  switch (clock->kind) {
  case Clock::Kind::Sample: return "sample";
  case Clock::Kind::Every: {
    std::string phase = clock->phase ? fmt::format(", phase = {}", clock->phase) : "";
    return fmt::format("{} when every({}{})", describeFinished(clock->parent, model), clock->period, phase);
  }
  case Clock::Kind::Event: {
    std::string condition = clock->condition < model.nodes.size() ? model.nodes[clock->condition].name : "";
    return fmt::format("{} when {}", describeFinished(clock->parent, model),
                       condition.empty() ? fmt::format("event{}", clock->id) : condition);
  }
  default: return clock->name;
  }
}
} // namespace

std::string describe(const Clock *clock, const Model &model) { return describeFinished(clock, model); }

std::string describe(const Type &type, const Model &model) {
  std::string text = type.elem == Elem::Real   ? "real"
                     : type.elem == Elem::Int  ? "int"
                     : type.elem == Elem::Bool ? "bool"
                                               : fmt::format("token({})", type.tokens);
  for (size_t i = 0; i < type.dims.size(); ++i) {
    const Dim &d = type.dims[i];
    text += i ? ", " : "[";
    text += d.axis ? describeFinished(d.axis->collected, model) : std::to_string(d.size);
  }
  return text + (type.dims.empty() ? "" : "]");
}

} // namespace rondo::dsl
