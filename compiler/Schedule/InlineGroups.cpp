#include "compiler/Schedule/InlineGroups.h"

namespace rondo::schedule {

using mlir::Operation;
using mlir::Value;

InlineGroups::InlineGroups(step::ScheduleOp from, llvm::StringRef name, rnn::ClockInterface clock,
                           mlir::TypeRange results, mlir::Location loc)
    : above(from->getContext()), inside(from->getContext()) {
  mlir::Block &block = from.getBody().front();
  above.setInsertionPointAfter(from);
  auto names = llvm::to_vector(from.getInputs().getAsValueRange<mlir::StringAttr>());
  made = above.create<step::ScheduleOp>(from.getLoc(), name, names, block.getArgumentTypes());
  mapping.map(block.getArguments(), made.getBody().front().getArguments());
  above = mlir::OpBuilder::atBlockEnd(&made.getBody().front());
  loop = above.create<step::ScanOp>(loc, results, clock, /*reverse=*/false, rnn::ScopeAttr());
  above.setInsertionPoint(loop);
  inside = mlir::OpBuilder::atBlockEnd(&loop.getBody().emplaceBlock());
}

void InlineGroups::placeAbove(Operation *op) {
  if (auto scan = llvm::dyn_cast<step::ScanOp>(above.clone(*op, mapping))) { // others stand beside it now
    scan.setBeside(false);
    scan.setBehind(false);
  }
}

/// Not over rows that all stand at one tick.
static bool isOverTicks(rnn::CumsumOp sum) {
  return sum.getPer() && !llvm::isa<rnn::PairClockAttr>(rnn::clockOf(sum.getType()));
}

void InlineGroups::placeInside(Operation *op, llvm::function_ref<bool(Operation *)> isNeeded) {
  if (llvm::isa<step::ParOp, step::ScanOp>(op)) {
    mlir::Block &block = op->getRegion(0).front();
    for (Operation &equation : block.without_terminator())
      if (isNeeded(&equation))
        clone(&equation);
    for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), op->getResults()))
      if (mapping.contains(yielded))
        mapping.map(result, mapping.lookup(yielded));
  } else if (auto before = llvm::dyn_cast<step::BeforeOp>(op)) {
    mapping.map(before.getResult(), readBefore(before.getX(), before.getType(), before.getScopeAttr(), op->getLoc()));
  } else if (auto affine = llvm::dyn_cast<step::AffineOp>(op)) {
    Value last = readBefore(affine.getResult(), affine.getType(), affine.getScopeAttr(), op->getLoc());
    Value kept = inside.create<rnn::MulOp>(op->getLoc(), mapping.lookup(affine.getA()), last);
    mapping.map(affine.getResult(),
                Value(inside.create<rnn::AddOp>(op->getLoc(), kept, mapping.lookup(affine.getB()))));
  } else if (auto sum = llvm::dyn_cast<rnn::CumsumOp>(op); sum && isOverTicks(sum)) {
    rnn::ScopeAttr scope; // a running sum begins anew behind the end of its rows
    if (!sum.getPer()->isSample())
      scope = rnn::ScopeAttr::get(op->getContext(), {rnn::CutAttr::get(op->getContext(), false, *sum.getPer())});
    Value last = readBefore(sum.getResult(), sum.getType(), scope, op->getLoc());
    mapping.map(sum.getResult(), Value(inside.create<rnn::AddOp>(op->getLoc(), last, mapping.lookup(sum.getX()))));
  } else {
    clone(op);
  }
}

void InlineGroups::clone(Operation *op) {
  Operation *copy = inside.clone(*op, mapping);
  if (auto state = llvm::dyn_cast<rnn::StateOp>(copy))
    state.setPath("slot." + std::to_string(slots++));
}

/// What the value, which is known at the end of the step, was when it ticked last.
Value InlineGroups::readBefore(Value value, mlir::Type type, rnn::ScopeAttr scope, mlir::Location loc) {
  auto stream = llvm::cast<rnn::StreamType>(value.getType());
  auto slot = inside.create<rnn::StateOp>(loc, rnn::StateType::get(stream), "slot." + std::to_string(slots++),
                                          /*reverse=*/false, scope);
  written.push_back({slot, value});
  return inside.create<rnn::ReadOp>(loc, type, slot);
}

Value InlineGroups::yieldable(Value value) {
  if (value.getParentBlock() == inside.getBlock())
    return value;
  return inside.create<rnn::LatestOp>(value.getLoc(), value.getType(), value, /*reverse=*/false, nullptr);
}

void InlineGroups::finish(llvm::ArrayRef<Value> results) {
  for (auto [slot, value] : written)
    inside.create<rnn::NextOp>(value.getLoc(), slot, mapping.lookup(value));
  llvm::SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(yieldable(result));
  inside.create<step::YieldOp>(loop.getLoc(), yielded);
}

} // namespace rondo::schedule
