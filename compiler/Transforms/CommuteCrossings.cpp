// Computes where the operand ticks least often: ahead of the crossing to a finer clock, not behind it.
//
//   rnn.next %s, %h                         : #t4    %y = rnn.matmul %U, %h        : #t4
//   %r = rnn.read %s                  : #t4 -> #t    rnn.next %q, %y               : #t4   // a new slot "s.U"
//   %z = rnn.matmul %U, %r                  : #t  => %z = rnn.read %q        : #t4 -> #t   // a partial sum, kept
//
//   %u = rnn.matmul %U, (rnn.latest %h : #t4 -> #t)   => rnn.latest (rnn.matmul %U, %h) : #t4 -> #t
//   %k = rnn.matmul %W, (rnn.cross %m : #s -> #ts)    => rnn.cross (rnn.matmul %W, %m) : #s -> #ts
//   %t = rnn.tanh (rnn.lift %b)                       => rnn.lift (rnn.tanh %b)
//
// This holds for operations on one stream beside tensors. A read and `latest` give zero before the first tick, so there
// the operation must make zero of zero: a bias stays behind. Movements go along with what stands behind them; by
// themselves they are not worth it. A new slot must be worth its memory: through a read only products go, and only
// where the slot ticks less often than the read (Rewrite.h: ticksLessOften). The new slot has the direction and scope of
// the old one, which dead-state removes if nothing else reads it.
//
// Runs behind split-products, which gives each crossing a product of its own, and ahead of merge-products.
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_COMMUTECROSSINGS
#include "compiler/Transforms/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;

/// The name of the parameter that a tensor is made of, of the first if there are several.
llvm::StringRef nameOf(Value tensor) {
  while (Operation *op = tensor.getDefiningOp()) {
    if (auto param = llvm::dyn_cast<ParamOp>(op))
      return param.getPath();
    if (op->getNumOperands() == 0)
      break;
    tensor = op->getOperand(0);
  }
  return "product";
}

struct CommuteCrossings : impl::CommuteCrossingsBase<CommuteCrossings> {
  void runOnOperation() override {
    mlir::Block &block = getOperation().getBody().front();
    paths.clear();
    for (Operation &op : block)
      if (llvm::isa<StateOp, AccumOp>(op))
        paths.insert(op.getAttrOfType<mlir::StringAttr>("path").getValue());
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation &op : llvm::make_early_inc_range(block))
        changed |= commute(&op);
    }
    mergeEqual(getOperation());
    mergeStates(getOperation()); // products that were read on several clocks
    hoistTensors(getOperation());
    placeConstants(getOperation());
  }

private:
  /// Moves the operation ahead of the crossing that its operand comes from.
  bool commute(Operation *op) {
    if (op->getNumResults() != 1 || isMovement(op) || llvm::isa<OuterOp, ScatterAddOp>(op))
      return false;
    // The operation and the movements between the crossing and it, the last first.
    llvm::SmallVector<Value> chain{op->getResult(0)};
    Value x = movingOperand(op);
    while (x && x.getDefiningOp() && isMovement(x.getDefiningOp())) {
      chain.push_back(x);
      x = movingOperand(x.getDefiningOp());
    }
    Operation *crossing = x ? x.getDefiningOp() : nullptr;
    if (!crossing)
      return false;
    bool keepsZero = llvm::all_of(chain, [](Value value) { return mapsZeroToZero(value.getDefiningOp()); });
    mlir::OpBuilder builder(op);
    Value result;
    mlir::Type type = op->getResult(0).getType();
    if (auto lift = llvm::dyn_cast<LiftOp>(crossing)) {
      result = LiftOp::create(builder, op->getLoc(), type, rebuild(builder, chain, lift.getX()));
    } else if (auto cross = llvm::dyn_cast<CrossOp>(crossing)) {
      result =
          CrossOp::create(builder, op->getLoc(), type, rebuild(builder, chain, cross.getX()), cross.getFromSource());
    } else if (auto latest = llvm::dyn_cast<LatestOp>(crossing)) {
      if (!keepsZero || !ticksLessOften(clockOf(latest.getX().getType()), clockOf(type)))
        return false;
      result = LatestOp::create(builder, op->getLoc(), type, rebuild(builder, chain, latest.getX()),
                                latest.getReverse(), latest.getScopeAttr());
    } else if (auto read = llvm::dyn_cast<ReadOp>(crossing)) {
      auto state = read.getSlot().getDefiningOp<StateOp>();
      if (!llvm::isa<MatmulOp>(op) || !keepsZero ||
          !ticksLessOften(state.getSlot().getType().getStream().getClock(), clockOf(type)))
        return false;
      result = ReadOp::create(builder, op->getLoc(), type, keepPartial(llvm::cast<MatmulOp>(op), chain, state));
    } else {
      return false;
    }
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
    return true;
  }

  /// A slot for the product of what is written to `state`.
  Value keepPartial(MatmulOp product, llvm::ArrayRef<Value> chain, StateOp state) {
    // Ahead of the product, or behind what is written where that comes later: the weights are above either.
    Value written = writerOf(state).getValue();
    mlir::OpBuilder builder(product);
    if (Operation *writer = written.getDefiningOp(); writer && product->isBeforeInBlock(writer))
      builder.setInsertionPointAfter(writer);
    Value partial = rebuild(builder, chain, written);
    bool weightsAreLeft = !clockOf(product.getW().getType());
    std::string path = (state.getPath() + "." + nameOf(weightsAreLeft ? product.getW() : product.getX())).str(),
                unique = path;
    for (int number = 2; !paths.insert(unique).second; ++number)
      unique = path + std::to_string(number);
    mlir::OpBuilder here(state);
    auto kept = StateOp::create(here, product.getLoc(), StateType::get(llvm::cast<StreamType>(partial.getType())),
                                unique, state.getReverse(), state.getScopeAttr());
    NextOp::create(builder, product.getLoc(), kept.getSlot(), partial);
    return kept.getSlot();
  }

  llvm::StringSet<> paths; // of all slots
};

} // namespace

std::unique_ptr<mlir::Pass> createCommuteCrossingsPass() { return std::make_unique<CommuteCrossings>(); }

} // namespace rondo::rnn
