#include "compiler/Schedule/Liveness.h"
#include "compiler/Transforms/Rewrite.h"

namespace rondo::schedule {

using mlir::Operation;
using mlir::Value;

Liveness::Liveness(step::ScheduleOp schedule) : schedule(schedule) {
  schedule.walk([&](rnn::EventOp event) { events[event.getClock()] = event; });
}

/// Marks an equation, and the group that it stands in.
bool Liveness::mark(Operation *op) {
  if (op->getParentOp() != schedule)
    live.insert(op->getParentOp());
  return live.insert(op);
}

void Liveness::add(Value root) {
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

} // namespace rondo::schedule
