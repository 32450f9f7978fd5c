// Stretches of a scan between cuts that end all of its memory run side by side.
//
//   step.scan on #word { restart(after #sentence) on every slot }  =>  step.scan on #word split(after #sentence) { .. }
//
// The cuts must be known before the scan begins: none is made by an event inside. Memory on a pair clock is a row a
// source tick, hence shared by the sequences of a sample, unless each meets its own rows.
#include "compiler/IR/Step.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_BATCHSEGMENTS
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;

namespace {

/// True if the operation, in a scan, keeps something from step to step.
bool remembers(Operation *op) {
  if (llvm::isa<rnn::StateOp, rnn::AccumOp, rnn::TickOp>(op))
    return true;
  if (!llvm::isa<rnn::LatestOp, rnn::ReduceOp>(op))
    return false;
  auto from = rnn::clockOf(op->getOperand(0).getType()), to = rnn::clockOf(op->getResult(0).getType());
  bool isPairs = llvm::isa<rnn::PairClockAttr>(from) && llvm::isa<rnn::ReduceOp>(op);
  return !isPairs && !(llvm::isa<rnn::LatestOp>(op) && rnn::isSelection(to, from));
}

bool isMadeInside(rnn::CutAttr cut, const llvm::DenseSet<mlir::Attribute> &events) {
  bool found = false;
  cut.walk([&](rnn::EventClockAttr clock) { found |= events.contains(clock); });
  return found;
}

struct BatchSegments : impl::BatchSegmentsBase<BatchSegments> {
  void runOnOperation() override {
    for (step::ScanOp scan : getOperation().getBody().front().getOps<step::ScanOp>())
      split(scan);
  }

  void split(step::ScanOp scan) {
    llvm::DenseSet<mlir::Attribute> events;
    for (rnn::EventOp event : scan.getBody().front().getOps<rnn::EventOp>())
      events.insert(event.getClock());
    std::optional<llvm::SmallVector<rnn::CutAttr>> common;
    for (Operation &op : scan.getBody().front()) {
      if (!remembers(&op))
        continue;
      auto scope = op.getAttrOfType<rnn::ScopeAttr>("scope");
      llvm::ArrayRef<rnn::CutAttr> cuts = scope ? scope.getCuts() : llvm::ArrayRef<rnn::CutAttr>();
      if (!common)
        common.emplace(cuts);
      llvm::erase_if(*common, [&](rnn::CutAttr cut) { return !llvm::is_contained(cuts, cut); });
    }
    if (!common)
      return;
    llvm::erase_if(*common, [&](rnn::CutAttr cut) { return isMadeInside(cut, events); });
    if (!common->empty() && !sharesRows(scan, *common))
      scan.setSplitAttr(rnn::ScopeAttr::get(scan.getContext(), *common));
  }

  /// True if sequences of one sample would keep memory for the same source rows.
  static bool sharesRows(step::ScanOp scan, llvm::ArrayRef<rnn::CutAttr> cuts) {
    return llvm::any_of(scan.getBody().front(), [&](Operation &op) {
      if (!llvm::isa<rnn::StateOp, rnn::AccumOp, rnn::LatestOp>(op))
        return false;
      mlir::Type type = op.getResult(0).getType();
      if (auto state = llvm::dyn_cast<rnn::StateType>(type))
        type = state.getStream();
      else if (auto accum = llvm::dyn_cast<rnn::AccumType>(type))
        type = accum.getStream();
      auto pair = llvm::dyn_cast<rnn::PairClockAttr>(rnn::clockOf(type));
      return pair && llvm::none_of(cuts, [&](rnn::CutAttr cut) { return cut.getClock() == pair.getPer(); });
    });
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createBatchSegmentsPass() { return std::make_unique<BatchSegments>(); }

} // namespace rondo::schedule
