// Sums of the parts of two values become parts of their sum: one crossing and one operation instead of many.
//
//   %a, %b = rnn.split %x               : #t2          %l = rnn.latest %x  : #t2 -> #t
//   %c, %d = rnn.split %y               : #t           %z = rnn.add %l, %y
//   %u = rnn.add (rnn.latest %a), %c            =>     %u, %v = rnn.split %z
//   %v = rnn.add (rnn.latest %b), %d
#include "compiler/Transforms/Passes.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_MERGESUMS
#include "compiler/Transforms/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

namespace {

struct MergeSums : impl::MergeSumsBase<MergeSums> {
  void runOnOperation() override {
    mlir::Block &block = getOperation().getBody().front();
    // A sum's parts may be what others are added to.
    for (bool changed = true; changed;) {
      changed = false;
      for (SplitOp split : llvm::make_early_inc_range(block.getOps<SplitOp>()))
        changed |= merge(split);
    }
    for (SplitOp split : llvm::make_early_inc_range(block.getOps<SplitOp>())) // whose parts were all merged
      if (split->use_empty())
        split.erase();
  }

private:
  /// What is added to each part, by a sum of its own: parts of one other value, in the same order, that cross alike.
  struct Others {
    llvm::SmallVector<AddOp> sums;
    llvm::SmallVector<LatestOp> crossings;
    SplitOp split() { return crossings[0].getX().getDefiningOp<SplitOp>(); }
    unsigned first() { return llvm::cast<mlir::OpResult>(crossings[0].getX()).getResultNumber(); }
  };

  static std::optional<Others> othersOf(SplitOp split) {
    Others others;
    for (Value part : split.getParts()) {
      auto sum = part.hasOneUse() ? llvm::dyn_cast<AddOp>(*part.user_begin()) : AddOp();
      auto crossing = sum ? (sum.getA() == part ? sum.getB() : sum.getA()).getDefiningOp<LatestOp>() : LatestOp();
      if (!crossing || !crossing->hasOneUse() || !crossing.getX().getDefiningOp<SplitOp>())
        return std::nullopt;
      others.sums.push_back(sum);
      others.crossings.push_back(crossing);
    }
    if (others.sums.size() < 2 || others.split().getAxis() != split.getAxis())
      return std::nullopt;
    for (auto [i, crossing] : llvm::enumerate(others.crossings))
      if (crossing.getX().getDefiningOp() != others.split() ||
          llvm::cast<mlir::OpResult>(crossing.getX()).getResultNumber() != others.first() + i ||
          crossing->getAttrDictionary() != others.crossings[0]->getAttrDictionary())
        return std::nullopt;
    return others;
  }

  static bool merge(SplitOp split) {
    std::optional<Others> found = othersOf(split);
    if (!found)
      return false;
    SplitOp other = found->split();
    mlir::Location loc = found->sums[0].getLoc();
    mlir::OpBuilder builder(split);
    builder.setInsertionPointAfter(other->isBeforeInBlock(split) ? split : other);
    int64_t axis = split.getAxis(), begin = 0, end = 0;
    for (auto [i, part] : llvm::enumerate(other.getParts().take_front(found->first() + found->sums.size())))
      (i < found->first() ? begin : end) += shapeOf(part.getType())[axis];
    Value x = other.getX();
    if (begin > 0 || begin + end < shapeOf(x.getType())[axis])
      x = SliceOp::create(builder, loc, x, begin, begin + end, axis);
    LatestOp crossing = found->crossings[0];
    x = LatestOp::create(builder, loc, split.getX().getType(), x, crossing.getReverse(), crossing.getScopeAttr());
    Value sum = AddOp::create(builder, loc, x, split.getX());
    auto parts = SplitOp::create(builder, loc, split->getResultTypes(), sum, axis);
    for (auto [add, part] : llvm::zip(found->sums, parts.getParts())) {
      add.getResult().replaceAllUsesWith(part);
      add.erase();
    }
    for (LatestOp one : found->crossings)
      one.erase();
    split.erase();
    return true;
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createMergeSumsPass() { return std::make_unique<MergeSums>(); }

} // namespace rondo::rnn
