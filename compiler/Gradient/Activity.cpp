#include "compiler/Gradient/Activity.h"

namespace rondo::rnn {

bool isReal(mlir::Value value) { return isValueType(value.getType()) && elementOf(value.getType()).isF32(); }

/// True if small changes of the operand change the operation's results, where those are reals.
static bool flows(mlir::OpOperand &operand) {
  mlir::Operation *op = operand.getOwner();
  if (!isReal(operand.get()) || llvm::isa<StopOp, FloorOp, FloorDivOp>(op))
    return false;
  return !llvm::isa<StraightOp>(op) || operand.getOperandNumber() == 1; // the gradient is that of b
}

Activity::Activity(mlir::ValueRange leaves, mlir::ValueRange ends) {
  vary(leaves);
  use(ends);
}

void Activity::vary(mlir::ValueRange leaves) {
  llvm::SmallVector<mlir::Value> open;
  auto mark = [&](mlir::Value value) {
    if (isReal(value) && varied.insert(value).second)
      open.push_back(value);
  };
  llvm::for_each(leaves, mark);
  while (!open.empty())
    for (mlir::OpOperand &operand : open.pop_back_val().getUses()) {
      mlir::Operation *op = operand.getOwner();
      if (llvm::isa<NextOp, PutOp>(op)) {
        for (mlir::Operation *reader : op->getOperand(0).getUsers())
          if (llvm::isa<ReadOp, TakeOp>(reader))
            mark(reader->getResult(0));
      } else if (flows(operand)) {
        llvm::for_each(op->getResults(), mark);
      }
    }
}

void Activity::use(mlir::ValueRange ends) {
  llvm::SmallVector<mlir::Value> open;
  auto mark = [&](mlir::Value value) {
    if (isReal(value) && useful.insert(value).second)
      open.push_back(value);
  };
  llvm::for_each(ends, mark);
  while (!open.empty()) {
    mlir::Operation *op = open.pop_back_val().getDefiningOp();
    if (!op)
      continue;
    if (llvm::isa<ReadOp, TakeOp>(op)) {
      for (mlir::Operation *writer : op->getOperand(0).getUsers())
        if (llvm::isa<NextOp, PutOp>(writer))
          mark(writer->getOperand(1));
      continue;
    }
    for (mlir::OpOperand &operand : op->getOpOperands())
      if (flows(operand))
        mark(operand.get());
  }
}

} // namespace rondo::rnn
