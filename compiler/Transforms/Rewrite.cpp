#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::rnn {

bool isMovement(mlir::Operation *op) {
  return llvm::isa<SplitOp, ConcatOp, SliceOp, PadOp, ReshapeOp, TransposeOp, RepeatOp, StopOp>(op);
}

bool isTickLocal(mlir::Operation *op) {
  if (isMovement(op) || llvm::isa<Pointwise>(op))
    return true;
  if (llvm::isa<MatmulOp, EmbedOp, FoldOp, ScaleOp, SelectOp, CompareOp, ArgmaxOp, OneHotOp, ConvertOp, StraightOp>(op))
    return true;
  // `per` looks at other rows; a tensor result sums over ticks.
  if (llvm::isa<SoftmaxOp, LogSoftmaxOp, CumsumOp, PickOp, WindowOp, OverlapOp>(op))
    return !op->hasAttr("per");
  if (llvm::isa<OuterOp, ScatterAddOp>(op))
    return bool(clockOf(op->getResult(0).getType()));
  return false;
}

static bool isTickOf(ClockInterface coarse, ClockInterface fine) {
  if (coarse == fine)
    return true;
  if (auto every = llvm::dyn_cast<EveryClockAttr>(coarse))
    return isTickOf(every.getOf(), fine);
  if (auto event = llvm::dyn_cast<EventClockAttr>(coarse))
    return isTickOf(event.getOf(), fine);
  auto segment = llvm::dyn_cast<AxisClockAttr>(coarse), axis = llvm::dyn_cast<AxisClockAttr>(fine);
  return segment && axis && segment.contains(axis);
}

bool isSelection(ClockInterface coarse, ClockInterface fine) {
  auto coarsePair = llvm::dyn_cast<PairClockAttr>(coarse), finePair = llvm::dyn_cast<PairClockAttr>(fine);
  if (!coarsePair && !finePair)
    return isTickOf(coarse, fine);
  return coarsePair && finePair && coarsePair.getSource() == finePair.getSource() &&
         coarsePair.getPer() == finePair.getPer() && isTickOf(coarsePair.getTarget(), finePair.getTarget());
}

bool mergeEqual(ModelOp model) {
  bool changed = false;
  mlir::IRRewriter rewriter(model.getContext());
  mlir::DominanceInfo dominance(model);
  mlir::eliminateCommonSubExpressions(rewriter, dominance, model, &changed);
  return changed;
}

void placeConstants(ModelOp model) {
  mlir::Block &block = model.getBody().front();
  llvm::SmallVector<std::pair<mlir::Operation *, mlir::Operation *>> moves;
  llvm::DenseSet<mlir::Operation *> seen;
  for (mlir::Operation &user : block)
    for (mlir::Value operand : user.getOperands())
      if (auto constant = operand.getDefiningOp<ConstOp>())
        if (seen.insert(constant).second)
          moves.push_back({constant, &user});
  for (auto [constant, user] : moves)
    constant->moveBefore(user);
}

} // namespace rondo::rnn
