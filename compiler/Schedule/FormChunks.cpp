// Which pars need not be whole. What a loop reads of a par at a step is one row a sequence: a whole array of rows would
// be written to far memory, and read from there.
#include "compiler/Schedule/FormChunks.h"
#include "compiler/Schedule/Passes.h"
#include "llvm/ADT/STLExtras.h"

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

void formChunks(step::ScheduleOp schedule) {
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
