// Clocks, scopes and maps, by number.
#include "compiler/Cpu/Planner.h"

namespace rondo::cpu {

using rnn::ClockInterface;
using runtime::ClockPlan;

int32_t Planner::axis(rnn::AxisClockAttr attribute) {
  auto it = axes.find(attribute);
  if (it != axes.end())
    return it->second;
  auto outer = llvm::cast<rnn::AxisClockAttr>(attribute.getParent());
  int32_t outerIndex = outer.isSample() ? -1 : axis(outer);
  int32_t index = tables().axes.size();
  axes[attribute] = index;
  runtime::AxisPlan plan;
  plan.outer = outerIndex;
  plan.root = index;
  plan.name = tables().name(attribute.getName().getValue());
  tables().axes.push_back(plan);
  // The chain ends here now.
  for (int32_t i = outerIndex, inner = index; i >= 0; inner = i, i = tables().axes[i].outer) {
    tables().axes[i].root = index;
    tables().axes[i].inner = inner;
  }
  return index;
}

/// Those of this schedule, in the order of another plan.
void Planner::addAxesOf(const runtime::PlanTables &other) {
  llvm::StringMap<rnn::AxisClockAttr> byName;
  auto collect = [&](mlir::Type type) {
    type.walk([&](rnn::AxisClockAttr attribute) { byName[attribute.getName().getValue()] = attribute; });
  };
  for (mlir::Type type : schedule.getBody().getArgumentTypes())
    collect(type);
  schedule.walk([&](mlir::Operation *op) { llvm::for_each(op->getResultTypes(), collect); });
  for (const runtime::AxisPlan &axis : other.axes)
    if (rnn::AxisClockAttr known = byName.lookup(other.text.data() + axis.name))
      this->axis(known);
}

int32_t Planner::clock(ClockInterface attribute) {
  if (!attribute)
    return -1;
  auto it = clocks.find(attribute);
  if (it != clocks.end())
    return it->second;
  ClockPlan plan;
  if (auto pair = llvm::dyn_cast<rnn::PairClockAttr>(attribute)) {
    plan.kind = ClockPlan::Kind::Pair;
    plan.target = clock(pair.getTarget());
    plan.source = clock(pair.getSource());
    plan.per = pair.getPer() && !pair.getPer().isSample() ? clock(pair.getPer()) : -1;
    plan.root = tables().clocks[plan.target].root;
  } else if (auto every = llvm::dyn_cast<rnn::EveryClockAttr>(attribute)) {
    plan.kind = ClockPlan::Kind::Every;
    plan.parent = clock(every.getOf());
    // More than a sample has ticks is as good as never; the runtime may add them to a tick's number.
    constexpr int64_t never = int64_t(1) << 32;
    plan.period = std::min(every.getPeriod(), never);
    plan.phase = std::min(every.getPhase(), never);
    plan.reverse = every.getReverse();
    plan.scope = scope(every.getScope());
    plan.root = tables().clocks[plan.parent].root;
  } else if (auto event = llvm::dyn_cast<rnn::EventClockAttr>(attribute)) {
    plan.kind = ClockPlan::Kind::Event;
    plan.parent = clock(event.getOf());
    plan.root = tables().clocks[plan.parent].root;
  } else if (!attribute.isSample()) {
    plan.kind = ClockPlan::Kind::Axis;
    plan.axis = axis(llvm::cast<rnn::AxisClockAttr>(attribute));
    plan.root = tables().axes[plan.axis].root;
  }
  int32_t index = tables().clocks.size();
  tables().clocks.push_back(plan);
  clocks[attribute] = index;
  return index;
}

int32_t Planner::scope(rnn::ScopeAttr attribute) {
  if (!attribute)
    return -1;
  auto it = scopes.find(attribute);
  if (it != scopes.end())
    return it->second;
  llvm::SmallVector<runtime::CutPlan> cuts;
  for (rnn::CutAttr cut : attribute.getCuts())
    cuts.push_back({clock(cut.getClock()), cut.getBefore()});
  runtime::Span span{int32_t(tables().cuts.size()), int32_t(cuts.size())};
  tables().cuts.insert(tables().cuts.end(), cuts.begin(), cuts.end());
  int32_t index = tables().scopes.size();
  tables().scopes.push_back({span});
  scopes[attribute] = index;
  return index;
}

void Planner::settle(rnn::ScopeAttr attribute) {
  if (attribute)
    for (rnn::CutAttr cut : attribute.getCuts())
      settle(cut.getClock());
}

void Planner::settle(ClockInterface attribute) {
  if (!attribute || stepped)
    return;
  int32_t index = clock(attribute);
  if (settledClocks.contains(index))
    return;
  llvm::SmallVector<View, 1> condition;
  if (auto pair = llvm::dyn_cast<rnn::PairClockAttr>(attribute)) {
    settle(pair.getTarget());
    settle(pair.getSource());
    settle(pair.getPer());
  } else if (auto every = llvm::dyn_cast<rnn::EveryClockAttr>(attribute)) {
    settle(every.getOf());
    settle(every.getScope());
  } else if (auto event = llvm::dyn_cast<rnn::EventClockAttr>(attribute)) {
    settle(event.getOf());
    condition.push_back(ownRows(conditions.lookup(event)));
  } else if (!attribute.isSample()) {
    settle(attribute.getParent());
  }
  settledClocks.insert(index);
  top(makeOp(OpCode::Clock, -1, condition, {index}));
}

int32_t Planner::map(MapPlan plan) {
  std::vector<int64_t> key{int64_t(plan.kind), plan.reverse, plan.from, plan.to, plan.scope, plan.inner, plan.outer};
  auto [it, isNew] = maps.try_emplace(key, tables().maps.size());
  if (isNew)
    tables().maps.push_back(plan);
  return it->second;
}

int32_t Planner::settledMap(MapPlan plan) {
  int32_t index = map(plan);
  if (settledMaps.insert(index).second)
    top(makeOp(OpCode::Map, -1, {}, {index}));
  return index;
}

//===--- Loops -------------------------------------------------------------------------------------------------===//

namespace {

/// What can be settled only when a wave of loops has run.
class SettledLate {
public:
  SettledLate(const llvm::DenseSet<mlir::Attribute> &events, const llvm::DenseMap<mlir::Attribute, int32_t> &clocks,
              const llvm::DenseMap<mlir::Attribute, int32_t> &scopes) {
    auto collect = [&](const llvm::DenseMap<mlir::Attribute, int32_t> &from, llvm::DenseSet<int32_t> &to) {
      for (const auto &entry : from) {
        bool isLate = false;
        mlir::Attribute(entry.first).walk([&](rnn::EventClockAttr event) { isLate |= events.contains(event); });
        if (isLate)
          to.insert(entry.second);
      }
    };
    collect(clocks, lateClocks);
    collect(scopes, lateScopes);
  }

  bool clock(int32_t index) const { return lateClocks.contains(index); }
  bool map(int32_t index, const MapPlan &plan) {
    bool isLate = clock(plan.from) || clock(plan.to) || lateScopes.contains(plan.scope) ||
                  lateMaps.contains(plan.inner) || lateMaps.contains(plan.outer);
    if (isLate)
      lateMaps.insert(index);
    return isLate;
  }

private:
  llvm::DenseSet<int32_t> lateClocks, lateScopes, lateMaps;
};

} // namespace

void Planner::topScan(step::ScanOp scan, const runtime::ScanPlan &plan) {
  int64_t number = tables().scans.size();
  tables().scans.push_back(plan);
  llvm::DenseSet<mlir::Attribute> events;
  for (rnn::EventOp event : scan.getBody().front().getOps<rnn::EventOp>())
    events.insert(event.getClock());
  auto first = llvm::find_if(llvm::reverse(forward), [](const OpPlan &op) { return op.code == OpCode::Scan; });
  std::vector<OpPlan> early, late;
  bool joins = scan.isInWave() && first != forward.rend();
  if (joins) {
    SettledLate settled(waveEvents, clocks, scopes);
    for (const OpPlan &op : llvm::make_range(first.base(), forward.end())) {
      int64_t settles = op.numbers.count ? tables().numbers[op.numbers.first] : -1;
      bool isLate = op.code == OpCode::Clock ? settled.clock(settles)
                    : op.code == OpCode::Map ? settled.map(settles, tables().maps[settles])
                                             : op.code != OpCode::Zero;
      joins &= op.code == OpCode::Clock || op.code == OpCode::Map || op.code == OpCode::Zero;
      (isLate ? late : early).push_back(op);
    }
  }
  if (!joins) {
    waveEvents = events;
    top(makeOp(OpCode::Scan, plan.driver, {}, {number, 1}));
    return;
  }
  waveEvents.insert_range(events);
  OpPlan all = *first;
  ++tables().numbers[all.numbers.first + 1];
  forward.erase(first.base() - 1, forward.end());
  llvm::append_range(forward, early);
  forward.push_back(all);
  llvm::append_range(forward, late);
}

} // namespace rondo::cpu
