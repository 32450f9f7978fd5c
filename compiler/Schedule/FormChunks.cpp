// Which pars need not be whole. What a loop reads of a par at a step is one row a sequence: a whole array of rows would
// be written to far memory, and read from there. What several loops read, each its own part, is taken apart for it.
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
  auto own = step::ParOp::create(builder, par.getLoc(), mlir::ValueRange(replaced).getTypes(), par.getChunked());
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

void formChunks(step::ScheduleOp schedule) {
  for (step::ParOp par : llvm::make_early_inc_range(schedule.getBody().front().getOps<step::ParOp>()))
    divideByReaders(par);
  for (step::ParOp par : schedule.getBody().front().getOps<step::ParOp>())
    par.setChunked(isReadStepByStep(par));
}

namespace {

struct FormChunks : impl::FormChunksBase<FormChunks> {
  void runOnOperation() override { formChunks(getOperation()); }
};

} // namespace

std::unique_ptr<mlir::Pass> createFormChunksPass() { return std::make_unique<FormChunks>(); }

} // namespace rondo::schedule
