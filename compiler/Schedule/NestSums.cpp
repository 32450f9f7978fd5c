// A sum over time of matrices that are made of a loop's, number by number, is added up in the loop.
//
//   %S = step.scan { .. }                                    %dA = step.scan { .. %x = rnn.mul %S, %k
//   %x = step.par { .. rnn.mul %S, %k .. }             =>                      rnn.total %x .. }
//   %dA = rnn.total %x
//
// Rows of all of time go through far memory; the sum so far stays near. It may be any loop that can make the matrices:
// one that gives what they are made of, or that has rows of it at hand.
#include "compiler/Schedule/Groups.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_NESTSUMS
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

namespace {

bool isCheap(Operation *op) { return llvm::isa<rnn::ConstOp, rnn::LiftOp>(op); }

/// What a kernel computes number by number. (Reshapes of vectors are part of how these become matrices.)
bool isOfNumbers(Operation *op) {
  return rnn::isElementwise(op) || isCheap(op) || rnn::isSpread(op) || llvm::isa<rnn::ReshapeOp>(op);
}

/// A result of a par as the value of its body.
Value inside(Value value) {
  auto par = value.getDefiningOp<step::ParOp>();
  return par ? yieldOf(par)->getOperand(llvm::cast<mlir::OpResult>(value).getResultNumber()) : value;
}

/// What makes a result of a par or of a loop, in its body.
Operation *makerOf(Value result) {
  Operation *group = result.getDefiningOp();
  if (!llvm::isa_and_present<step::ParOp, step::ScanOp>(group))
    return nullptr;
  Operation *yield = group->getRegion(0).front().getTerminator();
  Operation *op = yield->getOperand(llvm::cast<mlir::OpResult>(result).getResultNumber()).getDefiningOp();
  return op && op->getParentOp() == group ? op : nullptr;
}

/// Where the rows lie of which this is a view.
Value rowsOf(Value value) {
  Operation *op = value.getDefiningOp();
  return llvm::isa_and_present<rnn::LatestOp, step::BeforeOp>(op) ? rowsOf(op->getOperand(0)) : value;
}

/// One sum, with what pars make for it alone.
class Sum {
public:
  explicit Sum(rnn::TotalOp total) : total(total) {
    mlir::Type type = total.getX().getType();
    Operation *op = makerOf(total.getX());
    if (op && (rnn::isElementwise(op) || rnn::isSpread(op)) && rnn::isLargeMatrix(type) && rnn::elementOf(type).isF32())
      take(inside(total.getX()));
  }

  /// Puts it into the loop that has most of its matrices at hand, if there is one.
  bool nest(mlir::Block &schedule) {
    int best = 0;
    step::ScanOp host;
    for (step::ScanOp loop : schedule.getOps<step::ScanOp>())
      if (int score = scoreOf(loop); score && score >= best) {
        best = score;
        host = loop;
      }
    if (host)
      nestIn(host);
    return bool(host);
  }

private:
  void take(Value value) {
    Operation *op = value.getDefiningOp();
    bool isMade = op && llvm::isa<step::ParOp>(op->getParentOp()) && isOfNumbers(op) &&
                  (isForOne(value) || !isHeavy(op)) && (isCheap(op) || mayBeMade(op));
    if (!isMade) {
      leaves.insert(value);
      return;
    }
    if (ops.contains(op))
      return;
    for (Value operand : op->getOperands())
      take(inside(operand));
    ops.insert(op);
  }

  /// Vectors are read, not computed again.
  static bool mayBeMade(Operation *op) {
    return rnn::isLargeMatrix(op->getResult(0).getType()) || llvm::isa<rnn::ReshapeOp>(op);
  }

  /// Whether nobody else needs it.
  static bool isForOne(Value value) {
    return value.hasOneUse() && (!llvm::isa<step::YieldOp>(*value.user_begin()) || outside(value).hasOneUse());
  }

  static bool isHeavy(Operation *op) {
    return llvm::isa<rnn::TanhOp, rnn::SigmoidOp, rnn::ExpOp, rnn::LogOp, rnn::SinOp, rnn::CosOp, rnn::PowOp,
                     rnn::DivOp, rnn::SqrtOp, rnn::ModOp>(op);
  }

  //===--- Which loop ---===//

  /// By how many matrices the loop gives, or at least reads anyway; 0: it cannot make the sum's.
  int scoreOf(step::ScanOp loop) {
    ahead.clear();
    if (loop.getClock() != rnn::clockOf(total.getX().getType()) ||
        !llvm::all_of(leaves, [&](Value leaf) { return leaf.getDefiningOp() == loop || isThere(leaf, loop); }))
      return 0;
    llvm::DenseSet<Value> read;
    for (Operation &op : loop.getBody().front())
      for (Value operand : op.getOperands())
        read.insert(rowsOf(operand));
    int score = 0;
    for (Value leaf : leaves)
      if (rnn::isLargeMatrix(leaf.getType()))
        score += leaf.getDefiningOp() == loop ? 2 : read.contains(rowsOf(leaf));
    return score;
  }

  /// Whether it is there when the loop begins, or can be: then what must be done for that stands in `ahead`.
  bool isThere(Value value, step::ScanOp loop) {
    value = inside(value);
    Operation *op = value.getDefiningOp();
    if (!op || ahead.contains(op))
      return true;
    Operation *top = loop->getBlock()->findAncestorOpInBlock(*op);
    if (top->isBeforeInBlock(loop))
      return true;
    bool isOfRows = llvm::isa<rnn::LatestOp, rnn::CrossOp, step::BeforeOp>(op);
    if (top == loop || !(isOfRows || (llvm::isa<step::ParOp>(top) && isInClock(op, loop))) ||
        !llvm::all_of(op->getOperands(), [&](Value operand) { return isThere(operand, loop); }))
      return false;
    ahead.insert(op);
    return true;
  }

  static bool isInClock(Operation *op, step::ScanOp loop) {
    return op->getNumResults() == 1 && (isCheap(op) || rnn::clockOf(op->getResult(0).getType()) == loop.getClock());
  }

  //===--- In the loop ---===//

  void nestIn(step::ScanOp loop) {
    scoreOf(loop); // what must be done ahead of this one
    for (Value leaf : leaves)
      give(leaf);
    for (Operation *op : ahead)
      llvm::for_each(op->getOperands(), [](Value operand) { give(inside(operand)); });
    mlir::IRMapping inLoop;
    doAhead(loop, inLoop);
    for (Value leaf : leaves)
      if (leaf.getDefiningOp() != loop && !inLoop.contains(leaf))
        inLoop.map(leaf, outside(leaf));
    llvm::SmallVector<Value> values(yieldOf(loop)->getOperands());
    inLoop.map(loop.getResults(), values);
    mlir::OpBuilder body(yieldOf(loop));
    for (Operation *op : ops) {
      for (Value operand : op->getOperands())
        if (!inLoop.contains(operand))
          inLoop.map(operand, inLoop.lookup(inside(operand)));
      body.clone(*op, inLoop);
    }
    values.push_back(rnn::TotalOp::create(body, total.getLoc(), inLoop.lookup(inside(total.getX()))));
    loop = withResults(loop, values);
    total.replaceAllUsesWith(loop.getResults().back());
    total.erase();
    removeUnused();
    withoutUnused(loop);
  }

  static step::ParOp parOf(Value value) {
    Operation *op = value.getDefiningOp();
    return op ? llvm::dyn_cast<step::ParOp>(op->getParentOp()) : step::ParOp();
  }

  /// A value in a par is a result of it from here on. (Its other results are others then.)
  static void give(Value value) {
    step::ParOp par = parOf(value);
    if (!par || llvm::is_contained(yieldOf(par)->getOperands(), value))
      return;
    llvm::SmallVector<Value> values(yieldOf(par)->getOperands());
    values.push_back(value);
    withResults(par, values);
  }

  /// Of a value in a par that it gives, the result.
  static Value outside(Value value) {
    step::ParOp par = parOf(value);
    return par ? par.getResult(llvm::find(yieldOf(par)->getOperands(), value) - yieldOf(par)->operand_begin()) : value;
  }

  /// Done again in front of the loop: views of rows as they are, operations of pars each in one of its own.
  void doAhead(step::ScanOp loop, mlir::IRMapping &made) {
    mlir::OpBuilder top(loop);
    for (Operation *op : ahead) {
      mlir::IRMapping own;
      for (Value operand : op->getOperands())
        own.map(operand, made.contains(inside(operand)) ? made.lookup(inside(operand)) : outside(inside(operand)));
      if (op->getBlock() == loop->getBlock()) {
        made.map(op->getResult(0), top.clone(*op, own)->getResult(0));
        continue;
      }
      auto par = step::ParOp::create(top, op->getLoc(), op->getResultTypes(), false, false);
      auto body = mlir::OpBuilder::atBlockEnd(&par.getBody().emplaceBlock());
      step::YieldOp::create(body, op->getLoc(), body.clone(*op, own)->getResults());
      made.map(op->getResult(0), par.getResult(0));
    }
  }

  /// What else than they needed something may need nothing of it now.
  void removeUnused() {
    llvm::SetVector<Operation *> pars;
    for (Operation *op : ops)
      pars.insert(op->getParentOp());
    for (Operation *op : llvm::reverse(ahead))
      if (!llvm::isa<step::ParOp>(op->getParentOp()) && op->use_empty())
        op->erase();
      else if (llvm::isa<step::ParOp>(op->getParentOp()))
        pars.insert(op->getParentOp());
    for (Operation *par : pars)
      withoutUnused(llvm::cast<step::ParOp>(par));
  }

  rnn::TotalOp total;
  llvm::SetVector<Operation *> ops;   // in order
  llvm::SetVector<Value> leaves;      // what these read
  llvm::SetVector<Operation *> ahead; // what must be done again ahead of one loop, in order
};

void mergeEqual(step::ScanOp loop) {
  mlir::IRRewriter rewriter(loop.getContext());
  mlir::DominanceInfo dominance(loop);
  mlir::eliminateCommonSubExpressions(rewriter, dominance, loop);
}

struct NestSums : impl::NestSumsBase<NestSums> {
  void runOnOperation() override {
    mlir::Block &block = getOperation().getBody().front();
    bool isChanged = true; // then loops read more
    while (std::exchange(isChanged, false))
      for (rnn::TotalOp total : llvm::make_early_inc_range(block.getOps<rnn::TotalOp>()))
        isChanged |= Sum(total).nest(block);
    for (step::ScanOp loop : block.getOps<step::ScanOp>())
      if (!loop.getBody().front().getOps<rnn::TotalOp>().empty())
        mergeEqual(loop);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createNestSumsPass() { return std::make_unique<NestSums>(); }

} // namespace rondo::schedule
