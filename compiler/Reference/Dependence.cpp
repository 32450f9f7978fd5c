#include "compiler/Reference/Dependence.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"
#include <optional>

namespace rondo::reference {
namespace {

/// What decides where a clock ticks, or where a scope cuts.
struct Timing {
  llvm::SmallSetVector<ValueId, 2> events; // conditions of clocks
  bool settles = true;                     // known up to where the sample has come, if the events are
  void add(const Timing &other) {
    events.insert(other.events.begin(), other.events.end());
    settles &= other.settles;
  }
};

/// Timings of all clocks and scopes, each found once: scopes within scopes share their clocks.
class Timings {
public:
  explicit Timings(const Program &program)
      : program(program), clocks(program.clocks.size()), scopes(program.scopes.size()) {}

  const Timing &ofClock(ClockId id) {
    if (id == noClock)
      return none;
    if (!clocks[id])
      clocks[id] = find(program.clocks[id]);
    return *clocks[id];
  }

  const Timing &ofScope(ScopeId id) {
    if (!scopes[id]) {
      Timing timing;
      for (const Cut &cut : program.scopes[id])
        timing.add(ofClock(cut.clock));
      scopes[id] = std::move(timing);
    }
    return *scopes[id];
  }

private:
  Timing find(const Clock &clock) {
    Timing timing;
    switch (clock.kind) {
    case Clock::Kind::Sample: timing.settles = false; break;
    case Clock::Kind::Axis: break;
    case Clock::Kind::Every:
      timing.add(ofClock(clock.parent));
      timing.add(ofScope(clock.scope));
      timing.settles &= !clock.reverse;
      break;
    case Clock::Kind::Event:
      timing.events.insert(clock.condition);
      timing.add(ofClock(clock.parent));
      break;
    case Clock::Kind::Pair:
      for (ClockId part : {clock.target, clock.source, clock.per})
        timing.add(ofClock(part));
      // A source on another root is complete when its target begins.
      timing.settles = ofClock(clock.target).settles && ofClock(clock.source).settles && clock.per == sampleClock &&
                       program.clocks[clock.source].root != clock.root;
      break;
    }
    return timing;
  }

  const Program &program;
  const Timing none;
  std::vector<std::optional<Timing>> clocks, scopes;
};

/// Calls `visit` with each value that this one is computed from directly.
template <typename Visit> void operandsOf(const Program &program, Timings &timings, const Value &value, Visit visit) {
  auto visitEvents = [&](const Timing &timing) { llvm::for_each(timing.events, visit); };
  for (ValueId operand : value.operands)
    visit(operand);
  if (value.slot >= 0) {
    const Slot &slot = program.slots[value.slot];
    if (slot.next >= 0)
      visit(slot.next);
    for (ValueId put : slot.puts)
      visit(put);
    visitEvents(timings.ofScope(slot.scope));
    visitEvents(timings.ofClock(slot.type.clock));
  }
  visitEvents(timings.ofScope(value.scope));
  visitEvents(timings.ofClock(value.type.clock));
  visitEvents(timings.ofClock(value.per));
}

} // namespace

std::vector<bool> reachedFrom(const Program &program, llvm::ArrayRef<ValueId> ends) {
  Timings timings(program);
  std::vector<bool> reached(program.values.size());
  std::vector<ValueId> open;
  auto visit = [&](ValueId value) {
    if (!reached[value]) {
      reached[value] = true;
      open.push_back(value);
    }
  };
  for (ValueId end : ends)
    visit(end);
  while (!open.empty()) {
    ValueId value = open.back();
    open.pop_back();
    operandsOf(program, timings, program.values[value], visit);
  }
  return reached;
}

//===--- Settled values ---===//

namespace {

class Settled {
public:
  explicit Settled(const Program &program) : program(program), timings(program), values(program.values.size(), true) {}

  std::vector<bool> run() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t v = 0; v < values.size(); ++v)
        if (values[v] && !isSettled(program.values[v])) {
          values[v] = false;
          changed = true;
        }
    }
    return values;
  }

private:
  bool isSettled(const Timing &timing) const {
    return timing.settles && llvm::all_of(timing.events, [&](ValueId event) { return values[event]; });
  }

  bool isSettled(const Value &value) {
    bool stream = value.type.clock != noClock;
    for (ValueId operand : value.operands)
      if (!values[operand] || (!stream && program.typeOf(operand).clock != noClock))
        return false;
    if (!stream)
      return true;
    if (value.backward || !isSettled(timings.ofClock(value.type.clock)) || !isSettled(timings.ofScope(value.scope)))
      return false;
    if (value.per != noClock && !program.clocks[value.type.clock].isPair())
      return false;
    if (value.slot < 0)
      return true;
    const Slot &slot = program.slots[value.slot];
    bool settled = !slot.reverse && isSettled(timings.ofScope(slot.scope)) && (slot.next < 0 || values[slot.next]);
    for (ValueId put : slot.puts)
      settled &= values[put];
    return settled;
  }

  const Program &program;
  Timings timings;
  std::vector<bool> values;
};

} // namespace

std::vector<bool> settledValues(const Program &program) { return Settled(program).run(); }

std::vector<llvm::SmallVector<ClockId, 1>> awaitedClocks(const Program &program) {
  std::vector<llvm::SmallVector<ClockId, 1>> awaited(program.values.size());
  for (size_t v = 0; v < awaited.size(); ++v) { // operands come first
    const Value &value = program.values[v];
    if (value.type.clock == noClock || program.clocks[value.type.clock].isPair())
      continue;
    auto add = [&](ClockId clock) {
      if (!llvm::is_contained(awaited[v], clock))
        awaited[v].push_back(clock);
    };
    if (value.per != noClock && value.per != value.type.clock)
      add(value.per);
    for (ValueId operand : value.operands)
      if (program.typeOf(operand).clock == value.type.clock)
        for (ClockId clock : awaited[operand])
          add(clock);
  }
  return awaited;
}

//===--- Causality ---===//

/// By value: the roots whose ticks it depends on.
static std::vector<llvm::SmallBitVector> rootsOf(const Program &program) {
  std::vector<llvm::SmallBitVector> roots(program.values.size(), llvm::SmallBitVector(program.axes.size()));
  for (size_t v = 0; v < roots.size(); ++v) {
    const Type &type = program.values[v].type;
    if (type.clock != noClock && program.clocks[type.clock].root != noRoot)
      roots[v].set(program.clocks[type.clock].root);
  }
  Timings timings(program);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t v = 0; v < roots.size(); ++v)
      operandsOf(program, timings, program.values[v], [&](ValueId operand) {
        if (roots[operand].test(roots[v])) { // has a root that v lacks
          roots[v] |= roots[operand];
          changed = true;
        }
      });
  }
  return roots;
}

static bool runsInReverse(const Program &program, ClockId id) {
  if (id == noClock)
    return false;
  const Clock &clock = program.clocks[id];
  if (clock.kind == Clock::Kind::Every)
    return clock.reverse || runsInReverse(program, clock.parent);
  return clock.kind == Clock::Kind::Event && runsInReverse(program, clock.parent);
}

llvm::Error checkCausal(const Program &program) {
  llvm::SmallVector<ValueId> ends;
  for (const OutputInfo &output : program.outputs)
    ends.push_back(output.value);
  std::vector<bool> reached = reachedFrom(program, ends);
  std::vector<llvm::SmallBitVector> roots = rootsOf(program);
  for (size_t v = 0; v < reached.size(); ++v) {
    const Value &value = program.values[v];
    if (!reached[v] || value.type.clock == noClock)
      continue;
    const Clock &clock = program.clocks[value.type.clock];
    bool spread = value.backward && value.op == "rnn.latest" && program.clockOf(value.operands[0]).root == noRoot;
    bool acausal = value.backward && !(spread && clock.root != noRoot && !roots[value.operands[0]].test(clock.root));
    acausal |= value.slot >= 0 && program.slots[value.slot].reverse;
    acausal |= runsInReverse(program, value.type.clock);
    bool ahead =
        clock.isPair() && clock.per != clock.target; // rows of the whole segment, not of what it collects up to now
    acausal |= ahead && (program.clocks[clock.source].root == clock.root ||
                         llvm::any_of(value.operands, [&](ValueId operand) { // rows that are made of ticks of the root
                           return program.typeOf(operand).clock == clock.source && roots[operand].test(clock.root);
                         }));
    // In parts each of them would be taken for the end of the sample.
    bool isOfEnd = clock.root != noRoot && llvm::any_of(value.operands, [&](ValueId operand) {
                     ClockId of = program.typeOf(operand).clock;
                     return of != noClock && program.clocks[of].root == noRoot && roots[operand].test(clock.root);
                   });
    auto endsAhead = [&](ScopeId scope) {
      return llvm::any_of(program.scopes[scope],
                          [&](const Cut &cut) { return cut.before && program.clocks[cut.clock].root == noRoot; });
    };
    acausal |= isOfEnd || endsAhead(value.scope) || (value.slot >= 0 && endsAhead(program.slots[value.slot].scope));
    if (acausal)
      return llvm::createStringError("model '" + program.model +
                                     "' cannot be interpreted in parts: " + program.describe(v) +
                                     (value.slot >= 0 ? " of state '" + program.slots[value.slot].path + "'" : "") +
                                     " looks ahead, if only to the end of a segment or sample");
  }
  return llvm::Error::success();
}

} // namespace rondo::reference
