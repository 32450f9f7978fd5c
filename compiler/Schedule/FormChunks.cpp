// Which pars need not be whole. Products that are summed up at once are a par that is never computed. What a loop reads
// of a par at a step is one row a sequence: a whole array of rows would be written to far memory, and read from there.
// What several loops read, each its own part, is taken apart for it. And what a loop makes for one par is read while it is
// near.
#include "compiler/Schedule/FormChunks.h"
#include "compiler/Schedule/Passes.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_FORMCHUNKS
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;

/// Whether one scan reads all results, at each step the rows that tick there.
static bool isReadStepByStep(step::ParOp par) {
  step::ScanOp scan = par.getReader();
  if (!scan)
    return false;
  rnn::ClockInterface clock = rnn::clockOf(par.getResult(0).getType());
  // A step sees rows of other ticks through a crossing of pairs; random numbers and counts of ticks know their window.
  return clock && !llvm::isa<rnn::PairClockAttr>(clock) && rnn::isSelection(clock, scan.getClock()) &&
         llvm::none_of(par->getUsers(), llvm::IsaPred<rnn::CrossOp>) &&
         llvm::none_of(par.getBody().front(), llvm::IsaPred<rnn::RandomOp, rnn::TickOp>);
}

/// What results of a par are made of, in order.
static llvm::SetVector<Operation *> sliceOf(step::ParOp par, llvm::ArrayRef<unsigned> results) {
  mlir::Block &body = par.getBody().front();
  llvm::SetVector<Operation *> needed;
  for (unsigned result : results)
    needed.insert(body.getTerminator()->getOperand(result).getDefiningOp());
  llvm::SetVector<Operation *> slice;
  for (Operation &op : llvm::reverse(body)) {
    if (!needed.contains(&op))
      continue;
    slice.insert(&op);
    for (mlir::Value operand : op.getOperands())
      if (Operation *from = operand.getDefiningOp(); from && from->getBlock() == &body)
        needed.insert(from);
  }
  auto inOrder = slice.takeVector();
  return {inOrder.rbegin(), inOrder.rend()};
}

/// Makes a par of these results alone.
static void extract(step::ParOp par, llvm::ArrayRef<unsigned> results) {
  mlir::OpBuilder builder(par);
  llvm::SmallVector<mlir::Value> yielded, replaced;
  for (unsigned result : results)
    replaced.push_back(par.getResult(result));
  auto own = step::ParOp::create(builder, par.getLoc(), mlir::ValueRange(replaced).getTypes(), par.getChunked(),
                                 par.getTrailing());
  builder.createBlock(&own.getBody());
  mlir::IRMapping values;
  for (Operation *op : sliceOf(par, results))
    builder.clone(*op, values);
  Operation *yield = par.getBody().front().getTerminator();
  for (unsigned result : results)
    yielded.push_back(values.lookupOrDefault(yield->getOperand(result)));
  step::YieldOp::create(builder, yield->getLoc(), yielded);
  for (auto [from, to] : llvm::zip_equal(replaced, own.getResults()))
    from.replaceAllUsesWith(to);
}

/// Takes a par apart into what each scan alone reads and the rest, if that computes nothing twice.
static void divideByReaders(step::ParOp par) {
  llvm::MapVector<Operation *, llvm::SmallVector<unsigned>> resultsOf;
  for (unsigned result = 0; result < par.getNumResults(); ++result)
    resultsOf[par.getReaderOf(result)].push_back(result);
  llvm::DenseSet<Operation *> computed;
  for (auto &[reader, results] : resultsOf)
    for (Operation *op : sliceOf(par, results))
      if (!rnn::isMovement(op) && !llvm::isa<rnn::ConstOp, rnn::LiftOp>(op) && !computed.insert(op).second)
        return;
  if (resultsOf.size() == 1)
    return;
  for (auto &[reader, results] : resultsOf)
    extract(par, results);
  par.erase();
}

//===--- Sums with weights -------------------------------------------------------------------------------------===//

/// Whether a sum over rows alone needs this result, a number of each row times a row that the par does not make.
static bool isWeighed(step::ParOp par, unsigned number) {
  mlir::Value result = par.getResult(number), product = par.getBody().front().getTerminator()->getOperand(number);
  auto reduce = result.hasOneUse() ? llvm::dyn_cast<rnn::ReduceOp>(*result.user_begin()) : rnn::ReduceOp();
  auto scale = product.getDefiningOp<rnn::ScaleOp>();
  return reduce && reduce.getKind() == rnn::Reduction::Sum && scale && product.hasOneUse() &&
         scale->getBlock() == &par.getBody().front() && scale.getX().getParentBlock() != scale->getBlock() &&
         llvm::all_of(scale->getOperandTypes(),
                      [&](mlir::Type type) { return rnn::clockOf(type) == rnn::clockOf(result.getType()); });
}

/// Takes such products out, into a par that makes nothing else: what sums them up reads rows and weights, and the
/// products need not be anywhere. Weights that are made here become results.
static void separateWeighed(step::ParOp par) {
  mlir::Block &body = par.getBody().front();
  Operation *yield = body.getTerminator();
  llvm::SmallVector<unsigned> weighed, others;
  for (unsigned result = 0; result < par.getNumResults(); ++result)
    (isWeighed(par, result) ? weighed : others).push_back(result);
  llvm::SetVector<mlir::Value> kept;
  for (unsigned result : weighed)
    if (mlir::Value by = yield->getOperand(result).getDefiningOp<rnn::ScaleOp>().getBy(); by.getParentBlock() == &body)
      kept.insert(by);
  if (weighed.empty() || (others.empty() && kept.empty()))
    return;
  llvm::SmallVector<mlir::Value> yielded;
  for (unsigned result : others)
    yielded.push_back(yield->getOperand(result));
  llvm::append_range(yielded, kept);
  mlir::OpBuilder builder(par);
  auto rest = step::ParOp::create(builder, par.getLoc(), mlir::ValueRange(yielded).getTypes(), false, false);
  llvm::SmallVector<mlir::Value> products;
  for (unsigned result : weighed)
    products.push_back(yield->getOperand(result));
  auto own = step::ParOp::create(builder, par.getLoc(), mlir::ValueRange(products).getTypes(), false, false);
  yield->setOperands(yielded);
  rest.getBody().takeBody(par.getBody());
  builder.createBlock(&own.getBody());
  for (mlir::Value product : products)
    product.getDefiningOp()->moveBefore(builder.getBlock(), builder.getBlock()->end());
  step::YieldOp::create(builder, par.getLoc(), products);
  for (size_t i = 0; i < kept.size(); ++i) {
    mlir::Value by = kept[i];
    by.replaceUsesWithIf(rest.getResult(others.size() + i),
                         [&](mlir::OpOperand &use) { return use.getOwner()->getParentOp() == own; });
  }
  for (auto [i, result] : llvm::enumerate(others))
    par.getResult(result).replaceAllUsesWith(rest.getResult(i));
  for (auto [i, result] : llvm::enumerate(weighed))
    par.getResult(result).replaceAllUsesWith(own.getResult(i));
  par.erase();
}

//===--- By parts ----------------------------------------------------------------------------------------------===//

/// The size of the parts into which all that reads a vector takes it, be it behind pointwise equations: its own, if some
/// of it does not, or not into such parts.
class PartSizes {
public:
  int64_t of(mlir::Value vector) {
    if (auto it = known.find(vector); it != known.end())
      return it->second;
    int64_t size = rnn::elementCount(vector.getType()), part = 0;
    auto meet = [&](mlir::Value read, int64_t begin) {
      int64_t own = of(read);
      bool isSame = begin % own == 0 && (part == 0 || own == part);
      part = isSame ? own : size;
    };
    for (Operation *user : vector.getUsers()) {
      if (auto slice = llvm::dyn_cast<rnn::SliceOp>(user)) {
        meet(slice, slice.getBegin());
      } else if (llvm::isa<rnn::SplitOp>(user)) {
        int64_t begin = 0;
        for (mlir::Value result : user->getResults()) {
          meet(result, begin);
          begin += rnn::elementCount(result.getType());
        }
      } else if (llvm::isa<rnn::Pointwise>(user)) {
        meet(user->getResult(0), 0);
      } else {
        part = size;
      }
    }
    return known[vector] = part && size % part == 0 ? part : size;
  }

private:
  llvm::DenseMap<mlir::Value, int64_t> known;
};

/// Whether it is a product with weights, be it ahead of pointwise equations.
static bool isOfProduct(mlir::Value value, mlir::Block &body) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != &body)
    return false;
  if (auto product = llvm::dyn_cast<rnn::MatmulOp>(op))
    return !rnn::clockOf(product.getW().getType());
  return llvm::isa<rnn::Pointwise>(op) &&
         llvm::any_of(op->getOperands(), [&](mlir::Value operand) { return isOfProduct(operand, body); });
}

/// Makes results that are slices of a product one result, the product, of which the loop that reads them takes slices.
static step::ParOp giveProductsWhole(step::ParOp par) {
  mlir::Block &body = par.getBody().front();
  Operation *yield = body.getTerminator();
  auto wholeOf = [&](mlir::Value yielded) {
    auto slice = yielded.getDefiningOp<rnn::SliceOp>();
    return slice && slice->getBlock() == &body && isOfProduct(slice.getX(), body) ? slice.getX() : yielded;
  };
  llvm::SetVector<mlir::Value> wholes;
  for (mlir::Value yielded : yield->getOperands())
    wholes.insert(wholeOf(yielded));
  if (wholes.size() == yield->getNumOperands())
    return par;
  mlir::OpBuilder builder(par);
  auto own = step::ParOp::create(builder, par.getLoc(), mlir::ValueRange(wholes.getArrayRef()).getTypes(),
                                 par.getChunked(), par.getTrailing());
  builder.setInsertionPointToStart(&par.getReader().getBody().front());
  llvm::SmallVector<mlir::Value> seen(own.getResults());
  for (auto [yielded, result] : llvm::zip(yield->getOperands(), par.getResults())) {
    mlir::Value &whole = seen[llvm::find(wholes, wholeOf(yielded)) - wholes.begin()];
    auto slice = wholeOf(yielded) == yielded ? rnn::SliceOp() : yielded.getDefiningOp<rnn::SliceOp>();
    result.replaceAllUsesWith(
        slice ? rnn::SliceOp::create(builder, slice.getLoc(), whole, slice.getBegin(), slice.getEnd(), slice.getAxis())
              : whole);
  }
  llvm::SetVector<mlir::Value> yielded(yield->getOperands().begin(), yield->getOperands().end());
  yield->setOperands(wholes.getArrayRef());
  for (mlir::Value slice : yielded)
    if (slice.use_empty())
      slice.getDefiningOp()->erase();
  own.getBody().takeBody(par.getBody());
  par.erase();
  return own;
}

/// Products that the loop reads by parts which meet in its units (gates) are computed by these parts: a single step, which
/// computes all of it in one group, wants the weights in that order, and now they are packed once for both.
static void computeByParts(step::ParOp par) {
  constexpr int64_t mostParts = 4, partUnit = 16; // others would leave lanes of machines empty
  mlir::Block &body = par.getBody().front();
  Operation *yield = body.getTerminator();
  for (auto [number, result] : llvm::enumerate(par.getResults())) {
    mlir::Value value = yield->getOperand(number);
    if (rnn::shapeOf(value.getType()).size() != 1 || !isOfProduct(value, body))
      continue;
    int64_t width = PartSizes().of(result), parts = rnn::elementCount(value.getType()) / width;
    if (parts == 1 || parts > mostParts || width % partUnit != 0)
      continue;
    mlir::OpBuilder builder(yield);
    llvm::SmallVector<mlir::Value> slices;
    for (int64_t i = 0; i < parts; ++i)
      slices.push_back(rnn::SliceOp::create(builder, par.getLoc(), value, i * width, (i + 1) * width, 0));
    yield->setOperand(number, rnn::ConcatOp::create(builder, par.getLoc(), slices, 0));
  }
}

//===--- Behind a loop -----------------------------------------------------------------------------------------===//

/// Multiply-adds of a group at each tick.
static int64_t workOf(mlir::Block &block) {
  int64_t work = 0;
  for (auto product : block.getOps<rnn::MatmulOp>())
    work += rnn::elementCount(product.getW().getType());
  return work;
}

/// Whether an event says when it ticks: that may be known only behind the loop.
static bool hangsOnEvent(Operation *op) {
  bool hasEvent = false;
  rnn::eachEvent(op, [&](rnn::EventClockAttr) { hasEvent = true; });
  return hasEvent;
}

/// What is there before the loop, and by no other one, which may run beside it; or an index from ticks to rows of that.
static bool isAhead(Operation *op, step::ScanOp loop) {
  if (!llvm::isa<rnn::LatestOp, rnn::CrossOp, step::BeforeOp>(op))
    return !llvm::isa<step::ScanOp>(op) && op->isBeforeInBlock(loop);
  return (op->isBeforeInBlock(loop) || !hangsOnEvent(op)) &&
         (!op->getOperand(0).getDefiningOp() || isAhead(op->getOperand(0).getDefiningOp(), loop));
}

/// The loop that a par can trail: of what it reads some rows are the loop's, which nobody else reads, and the rest is
/// there before. It must be less work than the loop is: all of time at once is divided better among threads.
static step::ScanOp leaderOf(step::ParOp par) {
  rnn::ClockInterface clock = rnn::clockOf(par.getResult(0).getType());
  step::ScanOp leader;
  llvm::SmallVector<Operation *> others;
  for (Operation &op : par.getBody().front()) {
    if (llvm::isa<rnn::RandomOp, rnn::TickOp>(op))
      return {};
    for (mlir::Value operand : op.getOperands()) {
      Operation *from = operand.getDefiningOp();
      if (!from || from->getBlock() != par->getBlock())
        continue;
      if (auto scan = llvm::dyn_cast<step::ScanOp>(from); scan && (!leader || leader->isBeforeInBlock(scan)))
        leader = scan;
      others.push_back(from);
    }
  }
  bool isFit = leader && leader.getClock() == clock && !llvm::isa<rnn::PairClockAttr>(clock) &&
               workOf(par.getBody().front()) <= workOf(leader.getBody().front()) &&
               leader.getBody().front().getOps<step::ChooseOp>().empty() &&
               llvm::all_of(others, [&](Operation *from) { return from == leader || isAhead(from, leader); });
  bool hasOwn = isFit && llvm::any_of(leader.getResults(), [&](mlir::Value result) {
                  return rnn::clockOf(result.getType()) == clock && !result.use_empty() &&
                         llvm::all_of(result.getUsers(), [&](Operation *user) { return user->getParentOp() == par; });
                });
  return hasOwn ? leader : step::ScanOp();
}

/// Puts the operation and what it is made of ahead of the loop.
static void moveAhead(Operation *op, step::ScanOp loop) {
  if (!op || op->getBlock() != loop->getBlock() || !loop->isBeforeInBlock(op))
    return;
  moveAhead(op->getOperand(0).getDefiningOp(), loop);
  op->moveBefore(loop);
}

static void trail(step::ParOp par, step::ScanOp leader) {
  for (Operation &op : par.getBody().front())
    for (mlir::Value operand : op.getOperands())
      moveAhead(operand.getDefiningOp(), leader);
  Operation *last = leader;
  while (auto other = llvm::dyn_cast<step::ParOp>(last->getNextNode())) {
    if (!other.getTrailing())
      break;
    last = other;
  }
  par->moveAfter(last);
  par.setTrailing(true);
}

void formChunks(step::ScheduleOp schedule) {
  for (step::ParOp par : llvm::make_early_inc_range(schedule.getBody().front().getOps<step::ParOp>()))
    separateWeighed(par);
  for (step::ParOp par : llvm::make_early_inc_range(schedule.getBody().front().getOps<step::ParOp>()))
    divideByReaders(par);
  for (step::ParOp par : llvm::make_early_inc_range(schedule.getBody().front().getOps<step::ParOp>())) {
    par.setChunked(isReadStepByStep(par));
    if (par.getChunked())
      computeByParts(giveProductsWhole(par));
  }
  for (step::ParOp par : llvm::make_early_inc_range(schedule.getBody().front().getOps<step::ParOp>()))
    if (step::ScanOp leader = par.getChunked() ? step::ScanOp() : leaderOf(par))
      trail(par, leader);
}

namespace {

struct FormChunks : impl::FormChunksBase<FormChunks> {
  void runOnOperation() override { formChunks(getOperation()); }
};

} // namespace

std::unique_ptr<mlir::Pass> createFormChunksPass() { return std::make_unique<FormChunks>(); }

} // namespace rondo::schedule
