#include "compiler/Schedule/Groups.h"

#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

using mlir::Value;

/// The body and the results of a group go over to one that has just been made.
template <typename GroupOp> static GroupOp replace(GroupOp group, GroupOp made, llvm::ArrayRef<Value> values) {
  made.getBody().takeBody(group.getBody());
  for (auto [result, value] : llvm::zip(group.getResults(), yieldOf(made)->getOperands()))
    if (auto it = llvm::find(values, value); it != values.end())
      result.replaceAllUsesWith(made.getResult(it - values.begin()));
  yieldOf(made)->setOperands(values);
  group.erase();
  return made;
}

step::ScanOp withResults(step::ScanOp loop, llvm::ArrayRef<Value> values) {
  mlir::OpBuilder builder(loop);
  return replace(loop,
                 step::ScanOp::create(builder, loop.getLoc(), mlir::ValueRange(values).getTypes(), loop.getClock(),
                                      loop.getReverse(), loop.getSplitAttr()),
                 values);
}

step::ParOp withResults(step::ParOp par, llvm::ArrayRef<Value> values) {
  mlir::OpBuilder builder(par);
  return replace(par,
                 step::ParOp::create(builder, par.getLoc(), mlir::ValueRange(values).getTypes(), par.getChunked(),
                                     par.getTrailing()),
                 values);
}

step::ScanOp withoutUnused(step::ScanOp loop) {
  llvm::SmallVector<Value> used;
  for (auto [result, value] : llvm::zip(loop.getResults(), yieldOf(loop)->getOperands()))
    if (!result.use_empty() && !llvm::is_contained(used, value))
      used.push_back(value);
  return used.size() < loop.getNumResults() ? withResults(loop, used) : loop;
}

void withoutUnused(step::ParOp par) {
  mlir::Block &body = par.getBody().front();
  llvm::SmallVector<Value> values;
  for (auto [result, value] : llvm::zip(par.getResults(), yieldOf(par)->getOperands())) {
    if (value.getParentBlock() != &body)
      result.replaceAllUsesWith(value);
    else if (!result.use_empty() && !llvm::is_contained(values, value))
      values.push_back(value);
  }
  if (values.empty()) {
    par.erase();
    return;
  }
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(withResults(par, values).getBody().front())))
    if (mlir::isOpTriviallyDead(&op))
      op.erase();
}

} // namespace rondo::schedule
