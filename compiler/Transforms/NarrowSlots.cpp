// Puts slots on the clock of what is written to them, samples early, and merges slots that hold the same.
//
//   %c = rnn.concat %x, (rnn.read %s)   : #t         %xe = rnn.latest %x : #t -> #t2
//   %d = rnn.latest %c                  : #t -> #t2  %d  = rnn.concat %xe, (rnn.read %h : #t4 -> #t2)
//   rnn.next %h, %m                     : #t4   =>   rnn.next %h, %m                                    : #t4
//   rnn.next %s, (rnn.latest %m : #t4 -> #t)         // %s is gone
//
// (1) A slot that is written `latest %v`, of its own scope and direction, is a slot on the clock of %v: a read sees the
//     last write before it, and between two ticks of %v's clock nothing else is written. With another scope the cuts
//     would fall elsewhere. `latest` must lead up: the clock of %v selects ticks of the slot's.
// (2) `latest` down moves up through reads, lift, constants and movements, and through any tick-local operation of which
//     nothing but samples is used: less is computed. But a tick's comparison with the last one stays: without rows of
//     all of time more is not known of a count from the end.
// (3) Slots of equal next value, scope and direction are one.
//
// Without it a clockwork net of n modules, `m[k] = hold(f(pre(m[k+1..]) when every(2^k)))`, copies n^2/2 slots at every
// base tick, and a module that reads itself through `pre(hold(.))` is one loop at the base clock. Runs before anything
// looks for loops or counts ticks.
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_NARROWSLOTS
#include "compiler/Transforms/Passes.h.inc"

namespace {

using mlir::LogicalResult;
using mlir::OpRewritePattern;
using mlir::PatternRewriter;
using mlir::Value;

/// (1)
struct NarrowSlot : OpRewritePattern<NextOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(NextOp next, PatternRewriter &rewriter) const override {
    auto state = next.getSlot().getDefiningOp<StateOp>();
    auto latest = next.getValue().getDefiningOp<LatestOp>();
    if (!state || !latest)
      return rewriter.notifyMatchFailure(next, "not written a `latest`");
    StreamType from = latest.getX().getType();
    if (!isSelection(from.getClock(), latest.getType().getClock()))
      return rewriter.notifyMatchFailure(next, "`latest` does not lead to a finer clock");
    if (latest.getReverse() != state.getReverse() || latest.getScopeAttr() != state.getScopeAttr())
      return rewriter.notifyMatchFailure(next, "`latest` has another direction or scope than the slot");
    rewriter.modifyOpInPlace(state, [&] { state.getSlot().setType(StateType::get(from)); });
    rewriter.modifyOpInPlace(next, [&] { next.getValueMutable().assign(latest.getX()); });
    return mlir::success();
  }
};

bool isSample(mlir::Operation *op) {
  auto latest = llvm::dyn_cast<LatestOp>(op);
  return latest && isSelection(latest.getType().getClock(), latest.getX().getType().getClock());
}

/// True if the clock may be part of a loop, whose operations all run in one direction.
bool ticksByEvents(ClockInterface clock) {
  bool found = false;
  clock.walk([&](EventClockAttr) { found = true; });
  return found;
}

/// (2) At a tick that both clocks have, `latest` looks at that tick itself: its scope does not matter, nor would its
/// direction, but that in a loop all run the same way.
struct SampleEarly : OpRewritePattern<LatestOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LatestOp sample, PatternRewriter &rewriter) const override {
    mlir::Operation *x = sample.getX().getDefiningOp();
    if (!x || !isSample(sample))
      return rewriter.notifyMatchFailure(sample, "does not sample an operation's result");
    ClockInterface clock = sample.getType().getClock();
    // The tick of a sample without ticks sees zero, so what moves there must make zero of zero.
    bool mayBeAlone = rootAxis(clock).isSample();
    auto otherWay = [&](Timed time) { return time.getReverse() != sample.getReverse() && ticksByEvents(clock); };
    if (auto read = llvm::dyn_cast<ReadOp>(x)) {
      if (otherWay(read.getSlot().getDefiningOp<StateOp>()))
        return rewriter.notifyMatchFailure(sample, "is read in the other direction, perhaps than that of a loop");
      rewriter.replaceOpWithNewOp<ReadOp>(sample, sample.getType(), read.getSlot());
      return mlir::success();
    }
    auto lift = llvm::dyn_cast<LiftOp>(x);
    if (lift && !mayBeAlone) {
      rewriter.replaceOpWithNewOp<LiftOp>(sample, sample.getType(), lift.getX());
      return mlir::success();
    }
    auto constant = llvm::dyn_cast<ConstOp>(x);
    if (constant && !mayBeAlone) {
      rewriter.replaceOpWithNewOp<ConstOp>(sample, sample.getType(), constant.getValue());
      return mlir::success();
    }
    auto latest = llvm::dyn_cast<LatestOp>(x);
    if (latest && !(mayBeAlone && rootAxis(latest.getX().getType().getClock()).isSample())) {
      if (latest.getX().getType().getClock() == clock && isSelection(clock, latest.getType().getClock()))
        rewriter.replaceOp(sample, latest.getX()); // held, and seen again where it came from
      else if (isSample(latest))
        rewriter.replaceOpWithNewOp<LatestOp>(sample, sample.getType(), latest.getX(), sample.getReverse(),
                                              ScopeAttr());
      else if (otherWay(latest))
        return rewriter.notifyMatchFailure(sample, "is held in the other direction, perhaps than that of a loop");
      else
        rewriter.replaceOpWithNewOp<LatestOp>(sample, sample.getType(), latest.getX(), latest.getReverse(),
                                              latest.getScopeAttr());
      return mlir::success();
    }
    if (!isTickLocal(x) || !clockOf(x->getResult(0).getType()))
      return rewriter.notifyMatchFailure(sample, "its operand does not work on each tick by itself");
    if (auto tick = llvm::isa<CompareOp>(x) ? x->getOperand(0).getDefiningOp<TickOp>() : TickOp();
        tick && tick.getReverse())
      return rewriter.notifyMatchFailure(sample,
                                         "steps and windows know the last tick, but not how many there are yet");
    if (!isMovement(x) && !llvm::all_of(x->getUsers(), isSample))
      return rewriter.notifyMatchFailure(sample, "its operand is also used at other ticks");
    if (mayBeAlone && !(isMovement(x) && llvm::all_of(x->getOperandTypes(), llvm::IsaPred<StreamType>)))
      return rewriter.notifyMatchFailure(sample, "a sample without ticks sees zero");
    llvm::SmallVector<Value> operands;
    for (Value operand : x->getOperands()) {
      if (auto stream = llvm::dyn_cast<StreamType>(operand.getType()))
        operand = LatestOp::create(rewriter, sample.getLoc(), stream.withClock(clock), operand, sample.getReverse(),
                                   ScopeAttr());
      operands.push_back(operand);
    }
    mlir::Operation *early = createOnClock(rewriter, x, operands, clock);
    rewriter.replaceOp(sample, early->getResult(llvm::cast<mlir::OpResult>(sample.getX()).getResultNumber()));
    return mlir::success();
  }
};

struct NarrowSlots : impl::NarrowSlotsBase<NarrowSlots> {
  LogicalResult initialize(mlir::MLIRContext *context) override {
    mlir::RewritePatternSet set(context);
    set.add<NarrowSlot, SampleEarly>(context);
    patterns = mlir::FrozenRewritePatternSet(std::move(set));
    return mlir::success();
  }

  void runOnOperation() override {
    mlir::GreedyRewriteConfig config;
    config.setMaxIterations(mlir::GreedyRewriteConfig::kNoLimit);
    config.enableFolding(false);
    for (bool changed = true; changed;) {
      if (failed(mlir::applyPatternsGreedily(getOperation(), patterns, config)))
        return signalPassFailure();
      mergeEqual(getOperation());
      changed = mergeStates(getOperation()); // (3)
    }
    placeConstants(getOperation());
  }

  mlir::FrozenRewritePatternSet patterns;
};

} // namespace

std::unique_ptr<mlir::Pass> createNarrowSlotsPass() { return std::make_unique<NarrowSlots>(); }

} // namespace rondo::rnn
