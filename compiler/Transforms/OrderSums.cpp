// Sums of a loop begin with what does not come from the loop.
//
//   (U h + W x) + b     // h: the loop's    =>    (W x + b) + U h
//
// The first part is then outside of the loop: computed for all ticks at once, and read as one value. The order of terms is
// otherwise kept; sums are rounded in another order than they were written in.
#include "compiler/Transforms/Condensation.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/IR/Builders.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_ORDERSUMS
#include "compiler/Transforms/Passes.h.inc"

using mlir::OpOperand;
using mlir::Value;

namespace {

struct OrderSums : impl::OrderSumsBase<OrderSums> {
  void runOnOperation() override {
    Condensation condensation(getOperation());
    // All are found before anything is rewritten: of new operations, which later loops read, the condensation knows nothing.
    llvm::SmallVector<std::pair<AddOp, std::pair<Terms, Terms>>> sums;
    for (const Component &component : condensation.components()) {
      if (!component.isLoop())
        continue;
      auto isInside = [&](mlir::Operation *op) { return op && condensation.loopOf(op) == &component; };
      for (mlir::Operation *op : component.ops) {
        auto add = llvm::dyn_cast<AddOp>(op);
        if (!add || !elementOf(add.getType()).isF32() || isTermOfSum(add, isInside))
          continue;
        Terms outside, inside;
        collect(add, isInside, outside, inside);
        bool isWorth =
            outside.size() > 1 && llvm::any_of(outside, [](OpOperand *x) { return !x->get().getDefiningOp<LiftOp>(); });
        if (isWorth && !inside.empty())
          sums.push_back({add, {outside, inside}});
      }
    }
    for (auto &[add, terms] : sums)
      rewrite(add, terms.first, terms.second);
  }

  /// Where terms are read: one may be a sum itself, which is rewritten first.
  using Terms = llvm::SmallVector<OpOperand *>;

  template <typename Test> static bool isTermOfSum(AddOp add, Test isInside) {
    return add->hasOneUse() && llvm::isa<AddOp>(*add->user_begin()) && isInside(*add->user_begin());
  }

  template <typename Test> static void collect(AddOp add, Test isInside, Terms &outside, Terms &inside) {
    for (OpOperand &term : add->getOpOperands()) {
      auto other = term.get().getDefiningOp<AddOp>();
      if (!isInside(term.get().getDefiningOp()))
        outside.push_back(&term);
      else if (other && other->hasOneUse())
        collect(other, isInside, outside, inside);
      else
        inside.push_back(&term);
    }
  }

  static void rewrite(AddOp add, Terms outside, const Terms &inside) {
    mlir::OpBuilder builder(add);
    outside.append(inside);
    Value sum = outside.front()->get();
    for (OpOperand *term : llvm::drop_begin(outside))
      sum = builder.create<AddOp>(add.getLoc(), sum, term->get());
    add.getResult().replaceAllUsesWith(sum);
    llvm::SmallVector<mlir::Operation *> unused{add};
    while (!unused.empty()) {
      mlir::Operation *op = unused.pop_back_val();
      llvm::SmallVector<Value> operands(op->getOperands());
      op->erase();
      for (Value operand : operands)
        if (mlir::Operation *from = operand.getDefiningOp(); llvm::isa_and_present<AddOp>(from) && from->use_empty())
          unused.push_back(from);
    }
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createOrderSumsPass() { return std::make_unique<OrderSums>(); }

} // namespace rondo::rnn
