// Groups that look at each tick by itself.
#include "compiler/Cpu/Group.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::cpu {

using mlir::Operation;
using mlir::Value;

namespace {

class ParGroup final : public Group {
public:
  ParGroup(Planner &planner, step::ParOp par, int32_t clock, bool inPrepare)
      : Group(planner, par.getBody().front(), inPrepare), par(par), clock(clock) {}

private:
  void addTargets(Value value, llvm::SmallVectorImpl<View> &targets) override {
    std::optional<View> target;
    for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), par.getResults())) {
      if (yielded != value)
        continue;
      if (inPrepare) {
        target = target ? target : addHome(value);
        planner.setPrepared(result, *target);
      } else {
        // One place for all results that are the same.
        target = target ? target : planner.addResult(result, clock);
        planner.setView(result, *target);
      }
    }
    if (target)
      targets.push_back(*target);
  }

  std::optional<View> homeAmong(llvm::ArrayRef<View> targets) override {
    for (const View &target : targets)
      if (planner.arrayOf(target).place != Place::Output)
        return target;
    return std::nullopt;
  }

  View addHome(Value value) override {
    if (inPrepare)
      return Planner::all(planner.addArray(value.getType(), Place::Prepared, -1), Rows::One);
    return Planner::all(planner.addArray(value.getType(), Place::Block, clock));
  }

  step::ParOp par;
  int32_t clock;
};

} // namespace

bool planPar(Planner &planner, step::ParOp par) {
  if (par.getNumResults() == 0)
    return true;
  mlir::Block &block = par.getBody().front();
  rnn::ClockInterface attribute = rnn::clockOf(par.getResult(0).getType());
  int32_t clock = planner.clock(attribute);
  planner.settle(attribute);
  bool inPrepare = !attribute;
  for (Operation &op : block) {
    if (auto tick = llvm::dyn_cast<rnn::TickOp>(op))
      planner.settle(tick.getScopeAttr());
    inPrepare &= !llvm::isa<rnn::RandomOp>(op);
    for (Value operand : op.getOperands())
      inPrepare &= operand.getParentBlock() == &block || planner.isPrepared(operand);
  }
  ParGroup group(planner, par, clock, inPrepare);
  if (!group.plan())
    return false;
  runtime::Span inner = planner.store(group.ops);
  OpPlan op = planner.makeOp(OpCode::Par, clock, {}, {inner.first, inner.count, 0});
  if (inPrepare)
    planner.prepare(op);
  else
    planner.top(op);
  return true;
}

} // namespace rondo::cpu
