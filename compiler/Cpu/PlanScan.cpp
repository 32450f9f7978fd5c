// Loops. What they remember are registers: of a slot two, what it was and what it will be; of a value that is held from
// its own clock to another, one. At each step values are computed in order of their levels; then slots take their new
// values; cuts make registers zero, at the step's end or, where they lie ahead of the tick, before anything reads.
#include "compiler/Cpu/Group.h"
#include "compiler/Cpu/SharedRows.h"
#include "compiler/Transforms/Rewrite.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::cpu {

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

namespace {

class ScanGroup final : public Group {
public:
  ScanGroup(Planner &planner, step::ScanOp scan)
      : Group(planner, scan.getBody().front(), /*inPrepare=*/false), scan(scan),
        driver(planner.clock(scan.getClock())) {
    for (rnn::EventOp event : block.getOps<rnn::EventOp>())
      events[event.getClock()] = event;
  }

private:
  //===--- Memory ---===//

  struct Slot {
    rnn::StateOp op;
    View now, next;
    Value written;
  };
  struct Held {
    rnn::LatestOp op;
    View view;
    bool isLate = false; // written by a copy, behind an event whose cut lies ahead of the tick
  };

  View addRegister(mlir::Type stream) {
    ClockInterface clock = rnn::clockOf(stream);
    Place place = llvm::isa<rnn::PairClockAttr>(clock) ? Place::Memory : Place::Register;
    int32_t array = planner.addArray(stream, place, planner.clock(clock));
    registers.insert(array);
    return Planner::all(array);
  }

  bool prepareMemory() override {
    for (step::ChooseOp op : block.getOps<step::ChooseOp>()) {
      choose = op;
      keep(op.getSource());
      int32_t array = planner.addArray(op.getType(), Place::Block, driver);
      views[op.getRow()] = Planner::all(array);
    }
    for (Operation &op : block) {
      if (auto state = llvm::dyn_cast<rnn::StateOp>(op)) {
        mlir::Type stream = state.getSlot().getType().getStream();
        Slot slot{state, addRegister(stream), addRegister(stream), rnn::writerOf(state).getValue()};
        keep(slot.written);
        slots[state.getSlot()] = slot;
        for (Operation *user : state.getSlot().getUsers())
          if (auto read = llvm::dyn_cast<rnn::ReadOp>(user))
            views[read.getResult()] = slot.now;
      } else if (auto latest = llvm::dyn_cast<rnn::LatestOp>(op)) {
        hold(latest);
      } else if (auto cross = llvm::dyn_cast<rnn::CrossOp>(op)) {
        keep(cross.getX());
      } else if (auto event = llvm::dyn_cast<rnn::EventOp>(op)) {
        keep(event.getCondition());
      } else if (auto total = llvm::dyn_cast<rnn::TotalOp>(op);
                 total && isInside(total.getX()) && isKernelOp(total.getX().getDefiningOp())) {
        View view = addRegister(total.getX().getType());
        planner.arrayOf(view).stride = aligned(planner.arrayOf(view).stride); // row after row, whoever has them
        sums[total] = view;
      } else if (llvm::isa<rnn::AccumOp, rnn::PutOp, rnn::TakeOp, rnn::TotalOp, step::BeforeOp>(op)) {
        return planner.refuse(&op, "is not compiled by this version in a loop");
      }
    }
    return true;
  }

  void hold(rnn::LatestOp latest) {
    Value x = latest.getX();
    if (!isInside(x) && clockOf(x) == driver) { // seen at the step itself
      views[latest.getResult()] = planner.ownRows(x);
      return;
    }
    keep(x);
    Held held{latest, addRegister(x.getType()), eventAhead(latest.getScopeAttr()) != nullptr};
    views[latest.getResult()] = held.view;
    this->held.push_back(held);
  }

  /// Whether the cut lies ahead of its tick, in the direction of time.
  bool isAhead(rnn::CutAttr cut) { return cut.getBefore() != scan.getReverse(); }

  /// The last event of this loop whose cut lies ahead of its tick.
  rnn::EventOp eventAhead(rnn::ScopeAttr scope) {
    rnn::EventOp last;
    if (scope)
      for (rnn::CutAttr cut : scope.getCuts())
        if (rnn::EventOp event = eventOf(cut.getClock()); event && isAhead(cut))
          last = !last || last->isBeforeInBlock(event) ? event : last;
    return last;
  }

  rnn::EventOp eventOf(ClockInterface clock) const { return events.lookup(clock); }

  //===--- What the group asks ---===//

  bool isLoop() const override { return true; }
  bool writesParts() override { return true; }

  Value keptFor(Value yielded) override {
    auto total = yielded.getDefiningOp<rnn::TotalOp>();
    return total && isInside(total) ? total.getX() : yielded;
  }

  bool isSpecial(Operation *op) override {
    return llvm::isa<rnn::StateOp, rnn::ReadOp, rnn::NextOp, rnn::LatestOp, rnn::CrossOp, rnn::EventOp, rnn::TotalOp,
                     step::ChooseOp>(op);
  }

  std::optional<View> seen(Value value) override {
    if (auto cross = value.getDefiningOp<rnn::CrossOp>()) {
      View view = isInside(cross.getX()) ? loadView(cross.getX()) : planner.ownRows(cross.getX());
      view.rows = cross.isFromSource() ? Rows::Source : Rows::Target;
      return view;
    }
    auto it = views.find(value);
    return it == views.end() ? std::nullopt : std::optional<View>(it->second);
  }

  int64_t earliest(Value value) override {
    int64_t level = 0;
    auto behind = [&](Value x) { level = std::max(level, levelOf(x) + 1); };
    auto behindEvent = [&](rnn::EventOp event) {
      if (event)
        level = std::max(level, levelOfEvent(event) + 1);
    };
    if (isBehindChoice(value.getDefiningOp()))
      behind(choose.getRow());
    ClockInterface clock = rnn::clockOf(value.getType());
    clock.walk([&](rnn::EventClockAttr event) { behindEvent(eventOf(event)); });
    Operation *op = value.getDefiningOp();
    if (auto read = llvm::dyn_cast<rnn::ReadOp>(op)) {
      behindEvent(eventAhead(slots.lookup(read.getSlot()).op.getScopeAttr()));
    } else if (auto latest = llvm::dyn_cast<rnn::LatestOp>(op)) {
      behindEvent(eventAhead(latest.getScopeAttr()));
      if (isInside(latest.getX()))
        behind(latest.getX());
      ++level; // a copy may stand between
    } else if (auto cross = llvm::dyn_cast<rnn::CrossOp>(op)) {
      if (isInside(cross.getX()))
        behind(cross.getX());
    } else if (op == choose.getOperation() && isInside(choose.getSource())) {
      behind(choose.getSource());
    }
    return level;
  }

  /// Where a model feeds itself, only what the choice is made from stands ahead of it.
  bool isBehindChoice(Operation *op) { return choose && choose->isBeforeInBlock(op); }

  int64_t levelOfEvent(rnn::EventOp event) {
    int64_t level = levelOf(event.getCondition()) + 1;
    return isBehindChoice(event) ? std::max(level, levelOf(choose.getRow()) + 1) : level;
  }

  /// Whether nothing has its row but this group, which may not have placed it yet.
  bool isComputed(Value value) {
    return isInside(value) && !value.getDefiningOp<rnn::CrossOp>() && !views.contains(value);
  }

  void addTargets(Value value, llvm::SmallVectorImpl<View> &targets) override {
    for (auto &[state, slot] : slots)
      if (slot.written == value)
        targets.push_back(slot.next);
    for (Held &one : held)
      if (one.op.getX() == value && !one.isLate)
        targets.push_back(one.view);
    for (auto &[total, view] : sums)
      if (total.getX() == value)
        targets.push_back(view);
    for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), scan.getResults()))
      if (yielded == value)
        targets.push_back(addExport(result));
    if (exported.contains(value))
      targets.push_back(exported.lookup(value));
  }

  void addTargetsOfLoaded(Value value, llvm::SmallVectorImpl<View> &targets) override {
    if (isComputed(value) || Planner::elementOf(value.getType()) != runtime::Element::F32)
      return;
    for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), scan.getResults()))
      if (yielded == value && passed.insert(result).second)
        targets.push_back(addExport(result));
  }

  bool isSum(const View &target) override {
    return llvm::any_of(sums, [&](auto &sum) { return sum.second.array == target.array; });
  }

  /// Whether an event of this loop says when it ticks.
  bool hangsOnOwnEvent(ClockInterface clock) const {
    bool hangs = false;
    clock.walk([&](rnn::EventClockAttr event) { hangs |= bool(eventOf(event)); });
    return hangs;
  }

  /// Whether pars alone read it that run while the loop does.
  bool isNear(Value result) {
    return !result.use_empty() && llvm::all_of(result.getUsers(), [&](Operation *user) {
      auto par = llvm::dyn_cast<step::ParOp>(user->getParentOp());
      return par && par.getTrailing() && par.getLeader() == scan;
    });
  }

  /// Whether its rows, floats of all steps, are for other operations of the schedule alone.
  bool isForOthers(Value result) {
    ClockInterface clock = rnn::clockOf(result.getType());
    return clock && !planner.isStepped() && !isNear(result) && !hangsOnOwnEvent(clock) &&
           planner.clock(clock) == driver && Planner::elementOf(result.getType()) == Element::F32 &&
           llvm::none_of(result.getUsers(), llvm::IsaPred<rnn::ReturnOp>);
  }

  void setRowBytes(const View &view, int64_t bytes) {
    planner.arrayOf(view).stride = bytes;
    planner.arrayOf(view).elements = bytes / runtime::bytesOf(Element::F32);
  }

  /// Results that have parts in common have them once.
  void placeResults() override {
    llvm::SmallVector<Value> results;
    std::vector<llvm::SmallVector<Value>> lists;
    mlir::OperandRange yielded = block.getTerminator()->getOperands();
    for (auto [index, result] : llvm::enumerate(scan.getResults())) {
      if (!isComputed(yielded[index]) || !isForOthers(result))
        continue;
      results.push_back(result);
      lists.push_back(writtenParts(yielded[index]));
    }
    for (const SharedRow &row : shareRows(lists)) {
      View all = Planner::all(planner.addArray(results[row.lists.front().first].getType(), Place::Call, driver));
      llvm::SmallVector<int64_t> places{0};
      for (Value part : row.parts)
        places.push_back(places.back() + Planner::rowBytes(part.getType()));
      setRowBytes(all, places.back());
      for (auto [list, begin] : row.lists) {
        View view = all;
        view.offset = places[begin];
        planner.setView(results[list], view);
        placed[results[list]] = view;
      }
    }
  }

  /// A result: on its own clock where that is known before the loop, else at the steps.
  View addExport(Value result) {
    if (auto it = placed.find(result); it != placed.end())
      return it->second;
    if (planner.isStepped()) { // a row a sequence, whatever ticks
      View view = Planner::all(planner.addArray(result.getType(), Place::Output, driver));
      planner.arrayOf(view).index = result.use_begin()->getOperandNumber();
      planner.setView(result, view);
      return view;
    }
    if (isNear(result)) {
      View view = Planner::all(planner.addArray(result.getType(), Place::Chunk, driver));
      planner.setView(result, view);
      return view;
    }
    if (mlir::Operation *reader = isForOthers(result) ? readerOf(result) : nullptr)
      return addShare(result, reader);
    ClockInterface attribute = rnn::clockOf(result.getType());
    bool isKnown = !hangsOnOwnEvent(attribute);
    View view = planner.addResult(result, isKnown ? planner.clock(attribute) : driver);
    planner.setView(result, view);
    if (!isKnown)
      scattered.push_back({result, view});
    return view;
  }

  /// The one operation that reads a result; null where there are several.
  mlir::Operation *readerOf(Value result) {
    mlir::Operation *reader = nullptr;
    for (mlir::Operation *user : result.getUsers()) {
      mlir::Operation *top = scan->getBlock()->findAncestorOpInBlock(*user);
      if (reader && reader != top)
        return nullptr;
      reader = top;
    }
    return reader;
  }

  /// What is read together lies side by side, in the rows of one array: far memory is fast where its lines follow one
  /// another.
  View addShare(Value result, mlir::Operation *reader) {
    int64_t bytes = Planner::rowBytes(result.getType());
    auto [it, isNew] = shared.try_emplace(reader, -1);
    if (isNew)
      it->second = planner.addArray(result.getType(), Place::Call, driver);
    View view = Planner::all(it->second);
    if (!isNew) {
      constexpr int64_t line = 64;
      int64_t before = planner.arrayOf(view).stride;
      view.offset = bytes % line ? before : aligned(before);
      setRowBytes(view, view.offset + bytes);
    }
    planner.setView(result, view);
    return view;
  }

  std::optional<View> homeAmong(llvm::ArrayRef<View> targets) override {
    for (const View &target : targets)
      if ((planner.arrayOf(target).place == Place::Register && !isSum(target)) ||
          planner.arrayOf(target).place == Place::Memory)
        return target;
    // Rows that are kept for all steps need not be written once more. (A choice moves rows of the step alone.)
    for (const View &target : targets)
      if (planner.arrayOf(target).place == Place::Call && planner.arrayOf(target).clock == driver && !choose)
        return target;
    return std::nullopt;
  }

  View addHome(Value value) override {
    return Planner::all(planner.addArray(value.getType(), Place::Block, clockOf(value)));
  }

  //===--- Operations ---===//

  void copy(int64_t level, Value value, View target) {
    add(level, planner.makeCopy(clockOf(value), loadView(value), target, Planner::rowBytes(value.getType())));
  }

  static constexpr int64_t first = -1, last = int64_t(1) << 40;

  bool finish() override {
    if (choose) // ahead of what copies its row
      addChoose();
    // What is not computed here but remembered or yielded is copied.
    for (auto &[state, slot] : slots)
      if (!isComputed(slot.written))
        copy(isInside(slot.written) ? levelOf(slot.written) : 0, slot.written, slot.next);
    for (Held &one : held) {
      Value x = one.op.getX();
      if (isComputed(x) && !one.isLate)
        continue;
      int64_t level = isInside(x) ? levelOf(x) + 1 : 0;
      if (rnn::EventOp event = eventAhead(one.op.getScopeAttr()))
        level = std::max(level, levelOfEvent(event) + 1);
      copy(level, x, one.view);
    }
    for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), scan.getResults()))
      if (!isComputed(yielded) && !passed.contains(result))
        copy(isInside(yielded) ? levelOf(yielded) + 1 : 0, yielded, addExport(result));
    for (auto &[condition, view] : exported)
      if (!isComputed(condition))
        copy(isInside(condition) ? levelOf(condition) + 1 : 0, condition, view);
    for (rnn::EventOp event : block.getOps<rnn::EventOp>())
      addEvent(event);
    for (auto &[state, slot] : slots) {
      add(last, planner.makeOp(OpCode::Commit, planner.clock(rnn::clockOf(slot.written.getType())),
                               {slot.now, slot.next}, {}));
      addCuts(slot.op.getScopeAttr(), slot.now);
    }
    for (Held &one : held)
      addCuts(one.op.getScopeAttr(), one.view);
    return true;
  }

  void addEvent(rnn::EventOp event) {
    Value condition = event.getCondition();
    add(levelOfEvent(event), planner.makeOp(OpCode::Event, clockOf(condition), {loadView(condition)},
                                            {planner.clock(ClockInterface(event.getClock()))}));
    clocks.insert(planner.clock(ClockInterface(event.getClock())));
  }

  void addChoose() {
    auto number = [](std::optional<int64_t> given) { return given.value_or(-1); };
    const runtime::PlanTables &tables = planner.tables(), &caller = planner.caller();
    auto inputs = llvm::cast<step::ScheduleOp>(scan->getParentOp()).getInputs().getAsValueRange<mlir::StringAttr>();
    auto base = llvm::cast<rnn::AxisClockAttr>(rnn::clockOf(choose.getType()));
    llvm::SmallVector<int64_t> numbers{std::distance(inputs.begin(), llvm::find(inputs, choose.getInput())),
                                       choose.getNext(),
                                       number(choose.getStart()),
                                       number(choose.getStop()),
                                       number(choose.getLimit()),
                                       planner.axis(base),
                                       tables.axes[planner.axis(base)].outer,
                                       int64_t(caller.axes.size()),
                                       int64_t(caller.inputs.size())};
    llvm::append_range(numbers, planner.callersAxes());
    llvm::append_range(numbers, planner.callersInputs());
    add(levelOf(choose.getRow()),
        planner.makeOp(OpCode::Choose, driver, {loadView(choose.getSource()), views[choose.getRow()]}, numbers));
  }

  void addCuts(rnn::ScopeAttr scope, View memory) {
    if (!scope)
      return;
    for (rnn::CutAttr cut : scope.getCuts()) {
      if (scan.getSplitAttr() && llvm::is_contained(scan.getSplitAttr().getCuts(), cut))
        continue;
      int64_t level = last + 1;
      if (isAhead(cut)) {
        rnn::EventOp event = eventOf(cut.getClock());
        level = event ? levelOfEvent(event) : first;
      }
      add(level, planner.makeOp(OpCode::Zero, planner.clock(cut.getClock()), {memory}, {}));
    }
  }

public:
  llvm::SetVector<int32_t> registers, clocks; // arrays; clocks of operations

  /// Makes room for the conditions of events that others use, which they then know them by.
  void exportConditions() {
    for (auto &[clock, event] : events) {
      if (!isUsedOutside(llvm::cast<rnn::EventClockAttr>(clock)))
        continue;
      Value condition = event.getCondition();
      if (!exported.contains(condition))
        exported[condition] = Planner::all(planner.addArray(condition.getType(), Place::Call, driver));
    }
  }

  bool isUsedOutside(rnn::EventClockAttr clock) {
    bool found = false;
    auto visit = [&](rnn::EventClockAttr other) { found |= other == clock; };
    for (Operation &op : *scan->getBlock())
      op.walk<mlir::WalkOrder::PreOrder>([&](Operation *inner) {
        inner->getAttrDictionary().walk(visit);
        for (mlir::Type type : inner->getResultTypes())
          type.walk(visit);
        return inner == scan ? mlir::WalkResult::skip() : mlir::WalkResult::advance();
      });
    return found;
  }

  /// What adds up the sums of all sequences, and gives them.
  std::vector<OpPlan> sumUp() {
    std::vector<OpPlan> ops;
    for (auto &[total, view] : sums) {
      for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), scan.getResults()))
        if (yielded == total.getResult())
          ops.push_back(planner.makeOp(OpCode::Total, driver, {view, planner.addTotal(result)},
                                       {rnn::elementCount(total.getType())}));
    }
    return ops;
  }

  /// Behind the scan: what stands at its steps is seen from its own clock.
  void seeResults() {
    for (auto &[clock, event] : events) {
      Value condition = event.getCondition();
      if (!exported.contains(condition))
        continue;
      seeFromOwnClock(condition, exported.lookup(condition));
      planner.setCondition(llvm::cast<rnn::EventClockAttr>(clock), condition);
    }
    for (auto &[result, view] : scattered)
      seeFromOwnClock(result, view);
  }

private:
  void seeFromOwnClock(Value value, View view) {
    ClockInterface clock = rnn::clockOf(value.getType());
    planner.settle(clock);
    if (planner.clock(clock) != driver) {
      MapPlan plan;
      plan.from = driver;
      plan.to = planner.clock(clock);
      view.map = planner.settledMap(plan);
      view.rows = Rows::Mapped;
    }
    planner.setView(value, view);
  }

  step::ScanOp scan;
  int32_t driver;
  step::ChooseOp choose; // null: there is none
  llvm::MapVector<mlir::Attribute, rnn::EventOp> events;
  llvm::MapVector<Value, Slot> slots;
  llvm::SmallVector<Held> held;
  llvm::MapVector<rnn::TotalOp, View> sums; // by what they are of
  llvm::DenseMap<Value, View> views;        // of what is read or held
  llvm::MapVector<Value, View> exported;
  llvm::DenseSet<Value> passed; // results that a kernel writes which loads them
  llvm::SmallVector<std::pair<Value, View>> scattered;
  llvm::DenseMap<Value, View> placed;                // results that have parts in common
  llvm::DenseMap<mlir::Operation *, int32_t> shared; // arrays of others, by who reads them
};

} // namespace

/// Fixes the ticks of all that is known before the loop.
static void settleClocks(Planner &planner, step::ScanOp scan) {
  llvm::DenseSet<mlir::Attribute> events;
  for (rnn::EventOp event : scan.getBody().front().getOps<rnn::EventOp>())
    events.insert(event.getClock());
  auto settle = [&](ClockInterface clock) {
    bool isKnown = true;
    clock.walk([&](rnn::EventClockAttr event) { isKnown &= !events.contains(event); });
    if (isKnown)
      planner.settle(clock);
  };
  auto settleAll = [&](mlir::Attribute attribute) {
    attribute.walk([&](mlir::Attribute inner) {
      if (auto clock = llvm::dyn_cast<ClockInterface>(inner))
        settle(clock);
    });
  };
  scan.walk([&](Operation *op) {
    settleAll(op->getAttrDictionary());
    for (mlir::Type type : op->getResultTypes())
      type.walk([&](mlir::Attribute inner) { settleAll(inner); });
  });
}

/// A sample without steps has a row all the same, of what the loop gives once a sample.
static void zeroOfEmptySamples(Planner &planner, step::ScanOp scan) {
  for (Value result : scan.getResults())
    if (ClockInterface clock = rnn::clockOf(result.getType()); clock && clock.isSample() && !scan.getClock().isSample())
      planner.top(planner.makeOp(OpCode::Zero, planner.clock(clock), {planner.view(result)}, {}));
}

bool planScan(Planner &planner, step::ScanOp scan) {
  bool isStepped = planner.isStepped();
  if (!isStepped)
    settleClocks(planner, scan);
  ScanGroup group(planner, scan);
  if (!isStepped)
    group.exportConditions();
  if (!group.plan())
    return false;
  for (auto par = llvm::dyn_cast<step::ParOp>(scan->getNextNode()); par && par.getTrailing();
       par = llvm::dyn_cast<step::ParOp>(par->getNextNode())) {
    if (!planPar(planner, par))
      return false;
  }
  runtime::ScanPlan plan;
  plan.driver = planner.clock(scan.getClock());
  plan.reverse = scan.getReverse();
  plan.split = planner.scope(scan.getSplitAttr());
  std::vector<OpPlan> ops = planner.takeAhead(scan);
  plan.ahead = ops.size();
  llvm::append_range(ops, group.ops);
  std::vector<OpPlan> after = planner.takeAfter(scan);
  plan.after = after.size();
  llvm::append_range(ops, after);
  plan.ops = planner.store(ops);
  group.clocks.insert(plan.driver);
  for (const OpPlan &op : ops) {
    group.clocks.insert(op.clock);
    if (op.code == OpCode::Reduce)
      group.clocks.insert(planner.tables().numbers[op.numbers.first]);
    if (planner.tables().clocks[op.clock].kind == runtime::ClockPlan::Kind::Pair)
      group.clocks.insert(planner.tables().clocks[op.clock].target);
  }
  auto list = [&](llvm::ArrayRef<int32_t> numbers) {
    runtime::Span span{int32_t(planner.tables().numbers.size()), int32_t(numbers.size())};
    planner.tables().numbers.insert(planner.tables().numbers.end(), numbers.begin(), numbers.end());
    return span;
  };
  plan.clocks = list(group.clocks.getArrayRef());
  plan.arrays = list(group.registers.getArrayRef());
  plan.sums = planner.store(group.sumUp());
  if (!isStepped)
    zeroOfEmptySamples(planner, scan);
  plan.isBehind = scan.getBehind();
  planner.topScan(scan, plan);
  if (!isStepped)
    group.seeResults();
  return true;
}

} // namespace rondo::cpu
