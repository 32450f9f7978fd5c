// A matrix that vectors make for a loop is made in the loop, and one of which vectors alone are needed is read there.
//
//   %kv = step.par { .. rnn.matmul %k, %v .. }     // 64x1, 1x64
//   %S = step.scan { .. rnn.add %s, %kv .. }             =>     %y = step.scan { .. rnn.matmul %k, %v .. rnn.add ..
//   %y = step.par { .. rnn.matmul %S, %q .. }                                       rnn.matmul .. }
//
// Rows of all of time go through far memory: what goes into a loop, and what comes out of it, is to be small. Work is
// moved, and done again only by a second loop that reads the same matrix.
#include "compiler/Schedule/Groups.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_NESTMATRICES
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

namespace {

/// What is moved has this many times as many elements as what is read or written instead.
constexpr int64_t leastGain = 2;

bool isLargeMatrix(Value value) { return rnn::isLargeMatrix(value.getType()); }

bool isCheap(Operation *op) { return llvm::isa<rnn::ConstOp, rnn::LiftOp>(op); }

/// What computes each element of a matrix from a few numbers.
bool isOfFew(Operation *op) {
  return rnn::isElementwise(op) || isCheap(op) || rnn::isMovement(op) || rnn::isSpread(op);
}

/// The sum of a matrix' lines or columns, or of all of it.
bool isNarrowing(Operation *op) {
  if (!llvm::isa<rnn::MatmulOp, rnn::FoldOp>(op) ||
      !llvm::all_of(op->getOperandTypes(), [](mlir::Type type) { return bool(rnn::clockOf(type)); }))
    return false;
  auto isFarSmaller = [&](mlir::Type matrix) {
    return leastGain * rnn::elementCount(op->getResult(0).getType()) <= rnn::elementCount(matrix);
  };
  return llvm::any_of(op->getOperandTypes(), isFarSmaller);
}

//===--- Into a loop -------------------------------------------------------------------------------------------===//

/// What of a par is computed in the loop that reads some of its results.
class Moved {
public:
  explicit Moved(step::ParOp par) : body(&par.getBody().front()) {}

  /// Whether the value is better computed by its reader; then all that this takes is. A single one may as well read
  /// another matrix as this one, which then is not written.
  bool add(Value value, bool isOnlyReader) {
    if (costOf(value) * (isOnlyReader ? 1 : leastGain) > rnn::elementCount(value.getType()))
      return false;
    take(value);
    return true;
  }

  /// In the order in which they stand in the par.
  llvm::SmallVector<Operation *> operations(step::ParOp par) const {
    llvm::SmallVector<Operation *> list;
    for (Operation &op : par.getBody().front())
      if (ops.contains(&op))
        list.push_back(&op);
    return list;
  }

  llvm::SetVector<Value> read; // values of the par that these read

private:
  bool isInside(Value value) const { return value.getParentBlock() == body; }

  /// Whether the reader may compute it: what others need too would be computed twice.
  bool isMovable(Value value) const {
    Operation *op = value.getDefiningOp();
    return isInside(value) && op->getNumResults() == 1 && isOfFew(op) &&
           (isCheap(op) || rnn::isSpread(op) || value.hasOneUse());
  }

  /// Numbers of each tick that have to be there for it.
  int64_t costOf(Value value) {
    if (!rnn::clockOf(value.getType()) || (value.getDefiningOp() && isCheap(value.getDefiningOp())))
      return 0;
    auto [it, isNew] = costs.try_emplace(value, rnn::elementCount(value.getType()));
    if (!isNew || !isMovable(value))
      return it->second;
    int64_t cost = 0;
    for (Value operand : value.getDefiningOp()->getOperands())
      cost += costOf(operand);
    return costs[value] = std::min(costs[value], cost);
  }

  void take(Value value) {
    if (!isInside(value))
      return;
    Operation *op = value.getDefiningOp();
    bool isSmaller = costOf(value) < rnn::elementCount(value.getType());
    bool isTaken = isCheap(op) || (isMovable(value) && (isSmaller || llvm::isa<rnn::ReshapeOp>(op)));
    if (!isTaken) {
      read.insert(value);
      return;
    }
    ops.insert(op);
    for (Value operand : op->getOperands())
      take(operand);
  }

  mlir::Block *body; // of the par
  llvm::DenseSet<Operation *> ops;
  llvm::DenseMap<Value, int64_t> costs;
};

bool isIn(Operation *op, step::ScanOp loop) { return op->getParentOp() == loop; }

/// What loops alone read, this one among them.
bool isReadBy(Value result, step::ScanOp loop) {
  return llvm::any_of(result.getUsers(), [&](Operation *user) { return isIn(user, loop); }) &&
         llvm::all_of(result.getUsers(), [](Operation *user) { return llvm::isa<step::ScanOp>(user->getParentOp()); });
}

/// What all loops that read it make themselves from now on, the par does not.
void takeIn(step::ScanOp loop, step::ParOp par) {
  Moved moved(par);
  llvm::SmallVector<Value> values(yieldOf(par)->getOperands());
  llvm::SmallVector<unsigned> results;
  for (auto [number, value] : llvm::enumerate(values))
    if (isLargeMatrix(value) && isReadBy(par.getResult(number), loop) &&
        rnn::isSelection(rnn::clockOf(value.getType()), loop.getClock()) &&
        moved.add(value, par.getReaderOf(number) == loop))
      results.push_back(number);
  if (results.empty())
    return;
  size_t before = values.size();
  llvm::append_range(values, moved.read);
  par = withResults(par, values);
  mlir::IRMapping inLoop;
  inLoop.map(moved.read.getArrayRef(), par.getResults().drop_front(before));
  auto builder = mlir::OpBuilder::atBlockBegin(&loop.getBody().front());
  for (Operation *op : moved.operations(par))
    builder.clone(*op, inLoop);
  for (unsigned number : results)
    par.getResult(number).replaceUsesWithIf(inLoop.lookup(values[number]),
                                            [&](mlir::OpOperand &use) { return isIn(use.getOwner(), loop); });
  withoutUnused(par);
}

//===--- Out of a loop -----------------------------------------------------------------------------------------===//

/// What pars make of a matrix of a loop that the loop can make. Each that reads the matrix is taken with all that it needs
/// and, where it is a matrix again, with all that reads it, or not at all.
class Readers {
public:
  Readers(step::ScanOp loop, Value matrix) : loop(loop) {
    for (Operation *user : matrix.getUsers()) {
      size_t before = ops.size(), neededBefore = needed.size();
      if (!add(user)) {
        while (ops.size() > before)
          ops.pop_back();
        while (needed.size() > neededBefore)
          needed.pop_back();
      }
    }
    auto inOrder = ops.takeVector();
    llvm::sort(inOrder, [](Operation *a, Operation *b) {
      bool isOneGroup = a->getBlock() == b->getBlock();
      return isOneGroup ? a->isBeforeInBlock(b) : a->getParentOp()->isBeforeInBlock(b->getParentOp());
    });
    ops.insert(inOrder.begin(), inOrder.end());
  }

  llvm::SetVector<Operation *> ops;    // in order
  llvm::SetVector<Operation *> needed; // what of the pars these need besides, each ahead of those that need it

private:
  bool add(Operation *op) {
    if (ops.contains(op))
      return true;
    if (!llvm::isa<step::ParOp>(op->getParentOp()) || op->getNumResults() != 1)
      return false;
    Value result = op->getResult(0);
    bool isAgainMatrix = isOfFew(op) && !isCheap(op) && isLargeMatrix(result);
    bool isFit = rnn::clockOf(result.getType()) == loop.getClock() && (isAgainMatrix || isNarrowing(op));
    ops.insert(op);
    return isFit && llvm::all_of(op->getOperands(), [&](Value operand) { return isInLoop(operand); }) &&
           (!isAgainMatrix || llvm::all_of(result.getUsers(), [&](Operation *user) { return add(user); }));
  }

  bool isOfLoop(Value value) const { return value.getDefiningOp() == loop || ops.contains(value.getDefiningOp()); }

  /// Whether the loop has it, or can make it.
  bool isInLoop(Value value) {
    if (isOfLoop(value))
      return true;
    Operation *op = value.getDefiningOp();
    return op && llvm::any_of(op->getOperands(), [&](Value x) { return isOfLoop(x); }) ? add(op) : isThere(value);
  }

  /// Whether it is there when the loop begins, or can be.
  bool isThere(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || needed.contains(op))
      return true;
    if (op->getBlock() == loop->getBlock())
      return op->isBeforeInBlock(loop);
    if (isOfLoop(value) || !llvm::all_of(op->getOperands(), [&](Value operand) { return isThere(operand); }))
      return false;
    needed.insert(op);
    return true;
  }

  step::ScanOp loop;
};

/// Puts the operations into a par of their own ahead of the loop.
void moveAhead(step::ScanOp loop, const llvm::SetVector<Operation *> &ops) {
  auto isElsewhere = [&](Operation *user) { return !ops.contains(user); };
  llvm::SmallVector<Value> values;
  for (Operation *op : ops)
    for (Value result : op->getResults())
      if (!isCheap(op) && llvm::any_of(result.getUsers(), isElsewhere))
        values.push_back(result);
  if (values.empty())
    return;
  mlir::OpBuilder top(loop);
  auto par = step::ParOp::create(top, loop.getLoc(), mlir::ValueRange(values).getTypes(), false, false);
  auto body = mlir::OpBuilder::atBlockEnd(&par.getBody().emplaceBlock());
  mlir::IRMapping ahead;
  for (Operation *op : ops)
    body.clone(*op, ahead);
  step::YieldOp::create(body, loop.getLoc(), llvm::map_to_vector(values, [&](Value v) { return ahead.lookup(v); }));
  for (auto [value, result] : llvm::zip(values, par.getResults()))
    value.replaceUsesWithIf(result, [&](mlir::OpOperand &use) { return isElsewhere(use.getOwner()); });
}

step::ScanOp readIn(step::ScanOp loop, unsigned number) {
  Readers readers(loop, loop.getResult(number));
  if (readers.ops.empty())
    return loop;
  llvm::SetVector<Operation *> pars;
  for (Operation *op : readers.ops)
    pars.insert(op->getParentOp());
  for (Operation *op : readers.needed)
    pars.insert(op->getParentOp());
  moveAhead(loop, readers.needed);
  mlir::IRMapping inLoop;
  mlir::OpBuilder body(yieldOf(loop));
  llvm::SmallVector<Value> values(yieldOf(loop)->getOperands());
  inLoop.map(loop.getResults(), values);
  for (Operation *op : readers.needed)
    if (isCheap(op))
      body.clone(*op, inLoop);
  llvm::SmallVector<std::pair<Value, size_t>> replaced;
  for (Operation *op : readers.ops) {
    Value made = body.clone(*op, inLoop)->getResult(0);
    auto isElsewhere = [&](Operation *user) { return !readers.ops.contains(user); };
    if (!llvm::any_of(op->getResult(0).getUsers(), isElsewhere))
      continue;
    replaced.push_back({op->getResult(0), values.size()});
    values.push_back(made);
  }
  loop = withResults(loop, values);
  for (auto [value, at] : replaced)
    value.replaceAllUsesWith(loop.getResult(at));
  for (Operation *op : llvm::reverse(readers.ops))
    op->erase();
  for (Operation *par : pars)
    withoutUnused(llvm::cast<step::ParOp>(par));
  return loop;
}

/// Of a matrix that is given as it was and as it becomes, rows of both would be the same twice: what was, was before.
void giveOnce(step::ScanOp loop) {
  mlir::OperandRange values = yieldOf(loop)->getOperands();
  mlir::OpBuilder behind(loop->getBlock(), std::next(loop->getIterator()));
  for (auto [result, value] : llvm::zip(loop.getResults(), values)) {
    auto read = value.getDefiningOp<rnn::ReadOp>();
    auto state = read && isLargeMatrix(value) ? read.getSlot().getDefiningOp<rnn::StateOp>() : rnn::StateOp();
    rnn::NextOp next = state ? rnn::writerOf(state) : rnn::NextOp();
    auto at = next ? llvm::find(values, next.getValue()) : values.end();
    Value written = at == values.end() || *at == value ? Value() : loop.getResult(at - values.begin());
    if (written && !written.use_empty() && !result.use_empty())
      result.replaceAllUsesWith(step::BeforeOp::create(behind, read.getLoc(), value.getType(), written,
                                                       state.getReverse(), state.getScopeAttr())
                                    .getResult());
  }
}

struct NestMatrices : impl::NestMatricesBase<NestMatrices> {
  void runOnOperation() override {
    mlir::Block &block = getOperation().getBody().front();
    for (step::ScanOp loop : llvm::make_early_inc_range(block.getOps<step::ScanOp>())) {
      llvm::SetVector<Operation *> makers;
      for (Operation &op : loop.getBody().front())
        for (Value operand : op.getOperands())
          if (auto par = operand.getDefiningOp<step::ParOp>())
            makers.insert(par);
      for (Operation *par : makers)
        takeIn(loop, llvm::cast<step::ParOp>(par));
      for (unsigned number = 0; number < loop.getNumResults(); ++number)
        if (isLargeMatrix(loop.getResult(number)))
          loop = readIn(loop, number);
      giveOnce(loop);
      withoutUnused(loop);
    }
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createNestMatricesPass() { return std::make_unique<NestMatrices>(); }

} // namespace rondo::schedule
