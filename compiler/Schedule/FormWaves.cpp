// Which scans may run at the same time: those that see nothing of one another (the directions of a layer), and those
// that see of the ones ahead of them only what these give at the same step (the layers of a stack, a wavefront).
#include "compiler/Schedule/FormWaves.h"
#include "compiler/Schedule/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_FORMWAVES
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;

namespace {

/// Calls function(value, user) for all that an operation reads and does not make itself.
template <typename Function> void eachOperand(Operation *op, const Function &function) {
  op->walk([&](Operation *inner) {
    for (mlir::Value operand : inner->getOperands())
      if (operand.getParentBlock() == op->getBlock())
        function(operand, inner);
  });
}

/// Calls function(clock) for all events that an operation, or something in it, hangs on.
template <typename Function> void eachEvent(Operation *op, const Function &function) {
  op->walk([&](Operation *inner) { rnn::eachEvent(inner, function); });
}

bool chooses(step::ScanOp scan) { return !scan.getBody().front().getOps<step::ChooseOp>().empty(); }

/// A scan, or several, and what else is computed while they run.
struct Wave {
  explicit Wave(step::ScanOp scan) : scans{scan}, end(scan) {
    while (auto par = llvm::dyn_cast<step::ParOp>(end->getNextNode())) {
      if (!par.getTrailing())
        break;
      trailing.push_back(par);
      end = par;
    }
  }
  void add(const Wave &other) {
    llvm::append_range(scans, other.scans);
    llvm::append_range(trailing, other.trailing);
    end = other.end;
  }

  llvm::SmallVector<step::ScanOp> scans;
  llvm::SmallVector<step::ParOp> trailing;
  Operation *end; // the last of them
};

/// Tries to put the scan that follows a wave into it.
class Joiner {
public:
  Joiner(const Wave &wave, const Wave &next) : wave(wave), scan(next.scans.front()) {
    for (Operation *op = wave.end->getNextNode(); op != scan; op = op->getNextNode()) {
      auto par = llvm::dyn_cast<step::ParOp>(op);
      (par && par.getChunked() && par.getReader() == scan ? parts : between).push_back(op);
    }
    parts.push_back(scan);
    llvm::append_range(parts, next.trailing);
    last = next.end;
  }

  bool join() {
    if (llvm::any_of(wave.scans, chooses) || chooses(scan))
      return false;
    findLate();
    for (Operation *part : parts)
      if (!canRun(part))
        return false;
    if (llvm::any_of(between, [&](Operation *op) { return !needed.contains(op) && mustNotWait(op); }))
      return false;
    if (readsSteps && !llvm::all_of(wave.scans, [&](step::ScanOp other) { return hasStepsOf(other); }))
      return false;
    Operation *behind = last;
    for (Operation *op : between) {
      if (needed.contains(op)) {
        op->moveBefore(wave.scans.front());
      } else {
        op->moveAfter(behind);
        behind = op;
      }
    }
    (readsSteps ? scan.setBehind(true) : scan.setBeside(true));
    return true;
  }

private:
  /// What is there only when the wave is over.
  void findLate() {
    for (step::ScanOp other : wave.scans)
      for (rnn::EventOp event : other.getBody().front().getOps<rnn::EventOp>())
        lateEvents.insert(event.getClock());
    late.insert_range(wave.trailing);
    for (Operation *op : between) {
      bool isLate = false;
      eachOperand(op, [&](mlir::Value x, Operation *) { isLate |= isStep(x) || late.contains(x.getDefiningOp()); });
      eachEvent(op, [&](rnn::EventClockAttr event) { isLate |= lateEvents.contains(event); });
      if (!isLate)
        continue;
      late.insert(op);
      if (auto event = llvm::dyn_cast<rnn::EventOp>(op))
        lateEvents.insert(event.getClock());
    }
  }

  bool isStep(mlir::Value x) { return llvm::is_contained(wave.scans, x.getDefiningOp()); }

  /// Whether a part of the scan can run while the wave does; marks what is to be there before that.
  bool canRun(Operation *part) {
    bool can = true;
    eachEvent(part, [&](rnn::EventClockAttr event) { can &= !lateEvents.contains(event); });
    eachOperand(part, [&](mlir::Value x, Operation *user) {
      if (isStep(x)) { // a crossing to pairs sees all rows at each step
        readsSteps = true;
        can &= rnn::clockOf(x.getType()) == scan.getClock() && !llvm::isa<rnn::CrossOp>(user);
      } else {
        can &= !late.contains(x.getDefiningOp());
      }
    });
    if (can)
      need(part);
    return can;
  }

  /// None of it is late: what is made of that is late itself.
  void need(Operation *user) {
    llvm::SetVector<Operation *> made;
    eachOperand(user, [&](mlir::Value x, Operation *) { made.insert(x.getDefiningOp()); });
    eachEvent(user, [&](rnn::EventClockAttr clock) {
      for (Operation *op : between)
        if (auto event = llvm::dyn_cast<rnn::EventOp>(op); event && event.getClock() == clock && event != user)
          made.insert(event);
    });
    for (Operation *op : made)
      if (llvm::is_contained(between, op) && needed.insert(op).second)
        need(op);
  }

  /// What reads a loop's rows may free them for the next loop's, and they are many.
  bool mustNotWait(Operation *op) {
    return late.contains(op) && !llvm::isa<rnn::LatestOp, rnn::CrossOp, step::BeforeOp, rnn::EventOp>(op);
  }

  /// Equal steps have equal rows.
  bool hasStepsOf(step::ScanOp other) {
    return other.getClock() == scan.getClock() && other.getReverse() == scan.getReverse() &&
           other.getSplitAttr() == scan.getSplitAttr();
  }

  const Wave &wave;
  step::ScanOp scan;
  llvm::SmallVector<Operation *> parts, between; // of the scan; and what else stands between it and the wave
  Operation *last;
  llvm::DenseSet<Operation *> late, needed;
  llvm::DenseSet<mlir::Attribute> lateEvents;
  bool readsSteps = false;
};

} // namespace

void formWaves(step::ScheduleOp schedule) {
  std::optional<Wave> wave;
  for (step::ScanOp scan : llvm::to_vector(schedule.getBody().front().getOps<step::ScanOp>())) {
    Wave next(scan);
    if (wave && Joiner(*wave, next).join())
      wave->add(next);
    else
      wave.emplace(next);
  }
}

namespace {

struct FormWaves : impl::FormWavesBase<FormWaves> {
  void runOnOperation() override { formWaves(getOperation()); }
};

} // namespace

std::unique_ptr<mlir::Pass> createFormWavesPass() { return std::make_unique<FormWaves>(); }

} // namespace rondo::schedule
