// What a schedule demands: groups that hold what their kind of loop can compute, and slots that stay in one loop.
#include "compiler/IR/Step.h"
#include "compiler/IR/Verify.h"

using namespace mlir;
using namespace rondo::rnn;
using namespace rondo::step;

/// A group gives what it yields, and nothing is drawn in from elsewhere but by operands.
static LogicalResult verifyYield(Operation *group) {
  Block &block = group->getRegion(0).front();
  if (block.getNumArguments())
    return group->emitOpError() << "has arguments: what stands above is used by its name";
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield)
    return group->emitOpError() << "ends without step.yield";
  if (yield.getOperandTypes() == group->getResultTypes())
    return success();
  auto error = group->emitOpError() << "does not have the types of what it yields";
  return error.attachNote(yield.getLoc()) << "it yields here";
}

static std::string textOf(ClockInterface clock) {
  std::string text;
  llvm::raw_string_ostream(text) << clock;
  return clock ? text : "no clock";
}

//===--- par ---------------------------------------------------------------------------------------------------===//

LogicalResult ParOp::verifyRegions() {
  Block &block = getBody().front();
  if (failed(verifyYield(*this)))
    return failure();
  Operation *first = &block.front();
  for (Operation &op : block.without_terminator()) {
    if (!isTickLocal(&op) && !isa<LiftOp, ConstOp, TickOp, RandomOp>(op))
      return op.emitOpError() << "in a step.par looks at more than its own tick [S2]";
    // All results are on the clock of the first.
    ClockInterface clock = clockOf(first->getResult(0).getType());
    for (Type type : op.getResultTypes())
      if (clockOf(type) != clock) {
        auto error = op.emitOpError() << "is on " << textOf(clockOf(type)) << " in a step.par on " << textOf(clock)
                                      << ": clocks differ [C2]";
        return error.attachNote(first->getLoc()) << "the clock of the group is that of its first operation";
      }
    for (Type type : op.getOperandTypes())
      if (clockOf(type) && clockOf(type) != clock)
        return op.emitOpError() << "uses a value on " << textOf(clockOf(type)) << " in a step.par on " << textOf(clock)
                                << ": clocks differ [C2]";
  }
  for (Value value : block.back().getOperands())
    if (value.getParentBlock() != &block)
      return block.back().emitOpError() << "gives a value from above: use that value";
  return success();
}

//===--- scan --------------------------------------------------------------------------------------------------===//

/// True if a clock of a loop ticks at steps of the loop only.
static bool ticksWithin(ClockInterface clock, ClockInterface steps) {
  auto pair = dyn_cast<PairClockAttr>(clock);
  return isSelection(pair && !isa<PairClockAttr>(steps) ? pair.getTarget() : clock, steps);
}

/// A slot has the direction of its loop, and none of its memory crosses from one sequence to another.
static LogicalResult verifySlot(ScanOp scan, Operation *slot) {
  if (cast<Timed>(slot).getReverse() != scan.getReverse())
    return slot->emitOpError() << "runs " << (scan.getReverse() ? "forward" : "backward")
                               << " in time in a loop that runs the other way [S2]";
  ScopeAttr scope = cast<Timed>(slot).getScopeAttr();
  if (scan.getSplit())
    for (CutAttr cut : scan.getSplit()->getCuts())
      if (!scope || !llvm::is_contained(scope.getCuts(), cut))
        return slot->emitOpError() << "remembers across " << (cut.getBefore() ? "before " : "after ") << cut.getClock()
                                   << ", where its loop is split [S4]";
  return success();
}

/// A sum over all ticks is known behind the loop.
static LogicalResult verifyTotal(ScanOp scan, TotalOp total) {
  ClockInterface clock = clockOf(total.getX().getType());
  if (isa<PairClockAttr>(clock) || !isSelection(clock, scan.getClock()))
    return total.emitOpError() << "is of a value on " << clock << ", which does not select from " << scan.getClock()
                               << ", the clock of its loop [C3]";
  for (Operation *user : total->getUsers())
    if (!isa<YieldOp>(user))
      return total.emitOpError() << "is used in its loop, behind which it is known [S2]";
  return success();
}

static LogicalResult verifyInLoop(ScanOp scan, Operation *op) {
  if (!isa<ChooseOp>(op) &&
      (!isa_and_present<RnnDialect>(op->getDialect()) || isa<ModelOp, ReturnOp, ParamOp, LossOp, GenerateOp>(op)))
    return op->emitOpError() << "is no equation of a loop";
  if (isa<StateOp, AccumOp>(op))
    return verifySlot(scan, op);
  if (auto total = dyn_cast<TotalOp>(op))
    return verifyTotal(scan, total);
  if (looksBothWays(op))
    return op->emitOpError() << "takes part in a loop and depends on ticks to come [S2]";
  // Ticks may be counted from the other end, if that is known when the loop begins; the rows of a pair's target belong to
  // its own tick.
  auto reduce = dyn_cast<ReduceOp>(op);
  auto pair = reduce ? dyn_cast<PairClockAttr>(reduce.getX().getType().getClock()) : PairClockAttr();
  bool isOfTick = pair && pair.getTarget() == reduce.getType().getClock();
  if (auto timed = dyn_cast<Timed>(op);
      timed && !isa<TickOp>(op) && !isOfTick && timed.getReverse() != scan.getReverse())
    return op->emitOpError() << "runs " << (scan.getReverse() ? "forward" : "backward")
                             << " in time in a loop that runs the other way [S2]";
  for (Type type : op->getResultTypes())
    if (!clockOf(type) || !ticksWithin(clockOf(type), scan.getClock()))
      return op->emitOpError() << "is on " << textOf(clockOf(type)) << ", which does not select from "
                               << scan.getClock() << ", the clock of its loop [C3]";
  // The rows of a pair's source come from anywhere above.
  auto cross = dyn_cast<CrossOp>(op);
  if (cross && cross.isFromSource())
    return success();
  for (Type type : op->getOperandTypes())
    if (clockOf(type) && !ticksWithin(clockOf(type), scan.getClock()))
      return op->emitOpError() << "uses a value on " << clockOf(type) << ", which does not select from "
                               << scan.getClock() << ", the clock of its loop [C3]";
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  Block &block = getBody().front();
  if (isa<PairClockAttr>(getClock()))
    return emitOpError() << "steps through " << getClock() << ", a pair clock: step through its target [T2]";
  if (getSplit())
    for (CutAttr cut : getSplit()->getCuts())
      if (!haveOneRoot(cut.getClock(), getClock()))
        return emitOpError() << "on " << getClock() << " is split at " << cut.getClock() << ", of another base [S4]";
  if (failed(verifyYield(*this)))
    return failure();
  for (Operation &op : block.without_terminator())
    if (failed(verifyInLoop(*this, &op)))
      return failure();
  for (Value value : block.back().getOperands())
    if (value.getParentBlock() != &block)
      return block.back().emitOpError() << "gives a value from above: use that value";
  return success();
}

//===--- At the top level --------------------------------------------------------------------------------------===//

LogicalResult BeforeOp::verify() { return verifyCrossing(*this, "[S3]"); }
LogicalResult AffineOp::verify() { return verifyScope(*this, getType().getClock()); }

LogicalResult ScheduleOp::verify() { return verifyPorts(*this, getBody().front(), getInputs()); }

/// A loop can be laid out only when its clock and cuts are known.
static LogicalResult verifyKnown(ScanOp scan, const llvm::DenseSet<EventClockAttr> &known) {
  EventClockAttr missing;
  scan->getAttrDictionary().walk([&](EventClockAttr event) {
    if (!known.contains(event))
      missing = event;
  });
  if (missing)
    return scan.emitOpError() << "steps or is split by " << missing << ", which is not defined above [S2]";
  return success();
}

LogicalResult ScheduleOp::verifyRegions() {
  SmallVector<Operation *> equations;
  llvm::DenseSet<EventClockAttr> known;
  auto add = [&](Operation &op) {
    equations.push_back(&op);
    if (auto event = dyn_cast<EventOp>(op))
      known.insert(event.getClock());
  };
  for (Operation &op : getBody().front()) {
    if (auto scan = dyn_cast<ScanOp>(op); scan && failed(verifyKnown(scan, known)))
      return failure();
    if (auto par = dyn_cast<ParOp>(op); par && par.getChunked() && !par.getReader())
      return par.emitOpError() << "is chunked, but not read by one step.scan alone [S2]";
    if (auto par = dyn_cast<ParOp>(op); par && par.getTrailing() && !par.getLeader())
      return par.emitOpError() << "trails no step.scan right above it [S2]";
    if (auto scan = dyn_cast<ScanOp>(op); scan && scan.isInWave() && !scan.getScanAbove())
      return scan.emitOpError() << "runs beside or behind no step.scan right above it [S2]";
    if (isa<ParOp, ScanOp>(op)) {
      for (Operation &inner : op.getRegion(0).front().without_terminator())
        add(inner);
      continue;
    }
    if (isa<StateOp, ReadOp, NextOp, AccumOp, PutOp, TakeOp>(op))
      return op.emitOpError() << "is part of no loop: slots stand in a step.scan";
    if (!isa<BeforeOp, AffineOp>(op) && (!isa_and_present<RnnDialect>(op.getDialect()) || isa<ModelOp>(op)))
      return op.emitOpError() << "is no part of a schedule";
    add(op);
  }
  return verifyEquations(equations, getBody().front(), getInputs(), /*allTicks=*/*this);
}
