// Of a schedule for whole samples one for single steps: its groups, one behind the other, become the body of one scan.
//
//   %a = step.par { .. rnn.mul .. }               step.scan on #t { %s = rnn.state
//   %h = step.scan on #t { .. }             =>      .. rnn.mul .. , .. %p = rnn.read %s .. rnn.next %s, %h
//   %p = step.before %h                             step.yield .. } {stepped}
//
// What crosses time between groups becomes memory of the scan, and what selects ticks by number events.
#include "compiler/Schedule/FormStep.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_FORMSTEP
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

namespace {

class Former {
public:
  Former(step::ScheduleOp schedule, std::string &why) : schedule(schedule), why(why) {
    schedule.walk([&](rnn::EventOp event) { events[event.getClock()] = event; });
  }

  step::ScheduleOp run() {
    auto end = llvm::cast<rnn::ReturnOp>(schedule.getBody().front().getTerminator());
    if (schedule.getTraining())
      return refuse("it is a training variant");
    for (auto [index, value] : llvm::enumerate(end.getValues())) {
      if (!rnn::clockOf(value.getType()))
        return refuse("output '" + end.getName(index) + "' has no clock");
      findLive(value);
    }
    if (why.empty() && !driver)
      refuse("nothing of it has a time");
    for (Operation *op : live)
      check(op);
    return why.empty() ? build(end) : step::ScheduleOp();
  }

private:
  step::ScheduleOp refuse(const llvm::Twine &reason) {
    if (why.empty())
      why = reason.str();
    return {};
  }

  //===--- What is needed ---===//

  /// Marks an equation, and the group that it stands in.
  bool mark(Operation *op) {
    if (op->getParentOp() != schedule)
      live.insert(op->getParentOp());
    return live.insert(op);
  }

  /// Marks all that the value is computed from.
  void findLive(Value root) {
    llvm::SmallVector<Value> list{root};
    auto need = [&](rnn::EventClockAttr clock) {
      if (Operation *event = events.lookup(clock); event && mark(event))
        list.push_back(event->getOperand(0));
    };
    while (!list.empty()) {
      Value value = list.pop_back_val();
      Operation *op = value.getDefiningOp();
      if (!seen.insert(value).second)
        continue;
      add(rnn::clockOf(value.getType()), value.getType());
      value.getType().walk(need);
      if (!op)
        continue;
      mark(op);
      if (llvm::isa<step::ParOp, step::ScanOp>(op)) {
        list.push_back(
            op->getRegion(0).front().getTerminator()->getOperand(llvm::cast<mlir::OpResult>(value).getResultNumber()));
        continue;
      }
      op->getAttrDictionary().walk(need);
      if (auto read = llvm::dyn_cast<rnn::ReadOp>(op)) {
        auto state = read.getSlot().getDefiningOp<rnn::StateOp>();
        state->getAttrDictionary().walk(need);
        live.insert(state);
        live.insert(rnn::writerOf(state));
        list.push_back(rnn::writerOf(state).getValue());
      } else {
        list.append(op->operand_begin(), op->operand_end());
      }
    }
  }

  /// All time must go by one axis.
  void add(ClockInterface clock, mlir::Type type) {
    type.walk([&](rnn::PairClockAttr) { refuse("a part of it compares rows of two times"); });
    if (!clock || !why.empty())
      return;
    ClockInterface base = clock;
    while (!llvm::isa<rnn::AxisClockAttr>(base)) {
      if (auto every = llvm::dyn_cast<rnn::EveryClockAttr>(base); every && every.getReverse())
        return void(refuse("ticks are counted from the end"));
      base = base.getParent();
    }
    if (llvm::cast<rnn::AxisClockAttr>(base).isSample())
      refuse("a part of it is computed once a sample");
    else if (driver && driver != base)
      refuse("its time has several levels, '" + nameOf(driver) + "' and '" + nameOf(base) + "'");
    driver = base;
  }

  static std::string nameOf(ClockInterface axis) { return llvm::cast<rnn::AxisClockAttr>(axis).getName().str(); }

  static bool isClocked(Operation *op) {
    return op->getNumResults() == 0 || bool(rnn::clockOf(op->getResult(0).getType()));
  }

  void check(Operation *op) {
    if (op->hasAttr("reverse"))
      refuse("a part of it looks from the end to the begin");
    if (auto scope = op->getAttrOfType<rnn::ScopeAttr>("scope"))
      for (rnn::CutAttr cut : scope.getCuts())
        add(cut.getClock(), rnn::StreamType::get({}, mlir::Float32Type::get(op->getContext()), cut.getClock()));
    bool isKnown =
        rnn::isTickLocal(op) ||
        llvm::isa<rnn::ParamOp, rnn::ConstOp, rnn::LiftOp, rnn::StateOp, rnn::ReadOp, rnn::NextOp, rnn::LatestOp,
                  rnn::ReduceOp, rnn::TickOp, rnn::EventOp, step::ParOp, step::ScanOp, step::BeforeOp, step::AffineOp>(
            op);
    if (!isKnown || llvm::isa<rnn::RandomOp>(op))
      refuse("'" + op->getName().getStringRef() + "' is not computed step by step in this version");
    if (isClocked(op) || llvm::isa<rnn::StateOp>(op))
      return;
    for (Value operand : op->getOperands())
      if (rnn::clockOf(operand.getType()))
        refuse("a part of it is summed over all time");
      else if (llvm::isa<mlir::BlockArgument>(operand))
        refuse("a part of it that has no clock is computed from an input");
  }

  //===--- The schedule ---===//

  step::ScheduleOp build(rnn::ReturnOp end) {
    mlir::Block &from = schedule.getBody().front();
    mlir::OpBuilder builder(schedule->getContext());
    builder.setInsertionPointAfter(schedule);
    auto names = llvm::to_vector(schedule.getInputs().getAsValueRange<mlir::StringAttr>());
    auto made = builder.create<step::ScheduleOp>(schedule.getLoc(), (schedule.getSymName() + ".step").str(), names,
                                                 from.getArgumentTypes());
    values.map(from.getArguments(), made.getBody().front().getArguments());
    top = mlir::OpBuilder::atBlockEnd(&made.getBody().front());
    auto scan =
        top.create<step::ScanOp>(end.getLoc(), end.getValues().getTypes(), driver, /*reverse=*/false, rnn::ScopeAttr());
    scan->setAttr(steppedName, builder.getUnitAttr());
    top.setInsertionPoint(scan);
    body = mlir::OpBuilder::atBlockEnd(&scan.getBody().emplaceBlock());
    for (Operation &op : from)
      place(&op);
    for (auto [slot, value] : written)
      body.create<rnn::NextOp>(value.getLoc(), slot, values.lookup(value));
    llvm::SmallVector<Value> results;
    for (Value value : end.getValues()) {
      Value result = values.lookup(value);
      if (llvm::isa<mlir::BlockArgument>(result)) // a group gives what it makes
        result = body.create<rnn::LatestOp>(end.getLoc(), result.getType(), result, false, nullptr);
      results.push_back(result);
    }
    body.create<step::YieldOp>(end.getLoc(), results);
    top.setInsertionPointAfter(scan);
    Operation *newEnd = top.clone(*end, values);
    newEnd->setOperands(scan.getResults());
    // Sums and counts between groups are memory too.
    mlir::PassManager manager(schedule->getContext(), step::ScheduleOp::getOperationName());
    manager.addPass(createExpandMemoryPass());
    if (failed(manager.run(made))) {
      made.erase();
      return refuse("its sums cannot be computed step by step");
    }
    return made;
  }

  void place(Operation *op) {
    // Parameters lie where they lie in the caller's buffer because all are there.
    if (!live.contains(op) && !llvm::isa<rnn::ParamOp>(op))
      return;
    if (llvm::isa<step::ScanOp>(op) || (llvm::isa<step::ParOp>(op) && isClocked(op))) {
      inlineGroup(op);
    } else if (llvm::isa<step::ParOp>(op)) {
      Operation *clone = top.clone(*op, values);
      values.map(op->getResults(), clone->getResults());
    } else if (auto before = llvm::dyn_cast<step::BeforeOp>(op)) {
      values.map(before.getResult(), readBefore(before.getX(), before.getType(), before.getScopeAttr(), op->getLoc()));
    } else if (auto affine = llvm::dyn_cast<step::AffineOp>(op)) {
      Value last = readBefore(affine.getResult(), affine.getType(), affine.getScopeAttr(), op->getLoc());
      Value kept = body.create<rnn::MulOp>(op->getLoc(), values.lookup(affine.getA()), last);
      values.map(affine.getResult(), Value(body.create<rnn::AddOp>(op->getLoc(), kept, values.lookup(affine.getB()))));
    } else {
      clone(op, isClocked(op) ? body : top);
    }
  }

  void clone(Operation *op, mlir::OpBuilder &builder) {
    Operation *copy = builder.clone(*op, values);
    if (auto state = llvm::dyn_cast<rnn::StateOp>(copy))
      state.setPath("slot." + std::to_string(slots++));
  }

  void inlineGroup(Operation *group) {
    mlir::Block &block = group->getRegion(0).front();
    for (Operation &op : block.without_terminator())
      if (live.contains(&op))
        clone(&op, body);
    for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), group->getResults()))
      if (values.contains(yielded))
        values.map(result, values.lookup(yielded));
  }

  /// What the value, which is known at the end of the step, was when it ticked last.
  Value readBefore(Value value, mlir::Type type, rnn::ScopeAttr scope, mlir::Location loc) {
    auto stream = llvm::cast<rnn::StreamType>(value.getType());
    auto slot = body.create<rnn::StateOp>(loc, rnn::StateType::get(stream), "slot." + std::to_string(slots++),
                                          /*reverse=*/false, scope);
    written.push_back({slot, value});
    return body.create<rnn::ReadOp>(loc, type, slot);
  }

  step::ScheduleOp schedule;
  std::string &why;
  llvm::DenseMap<mlir::Attribute, Operation *> events; // by clock
  llvm::SetVector<Operation *> live;
  llvm::DenseSet<Value> seen;
  ClockInterface driver;
  mlir::IRMapping values;
  mlir::OpBuilder top{schedule->getContext()}, body{schedule->getContext()};
  llvm::SmallVector<std::pair<Value, Value>> written; // slots, and what is written to them, in the old schedule
  int64_t slots = 0;
};

struct FormStep : impl::FormStepBase<FormStep> {
  void runOnOperation() override {
    for (auto schedule : llvm::make_early_inc_range(getOperation().getOps<step::ScheduleOp>())) {
      std::string why;
      if (!formStep(schedule, why))
        schedule.emitRemark("cannot be computed step by step: ") << why;
    }
  }
};

} // namespace

step::ScheduleOp formStep(step::ScheduleOp schedule, std::string &why) {
  why.clear();
  return Former(schedule, why).run();
}

std::unique_ptr<mlir::Pass> createFormStepPass() { return std::make_unique<FormStep>(); }

} // namespace rondo::schedule
