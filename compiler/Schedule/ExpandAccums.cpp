// Accumulators become slots and sums: what was put at a tick is taken at the nearest tick of the taker's clock that lies
// strictly before it (in the accumulator's direction of time: strictly behind it). So it is shifted by one tick of a
// clock that has the ticks of both, by a slot, and then added up.
//
//   %a = rnn.accum "d" reverse : on #t2         =>  %s = rnn.state "d" reverse : on #t
//   rnn.put %a, %dz : on #t                         rnn.next %s, %dz : on #t
//   %d = rnn.take %a : on #t2                       %r = rnn.read %s : on #t
//                                                   %d = rnn.reduce sum reverse %r : #t -> #t2
//
// With one clock for both, as in most loops, the slot is all there is.
#include "compiler/IR/Step.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_EXPANDACCUMS
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

namespace {

/// The first clock from `clock` on, towards those that it selects from, of which both are selections.
ClockInterface firstOfBoth(ClockInterface clock, ClockInterface other) {
  for (; clock; clock = clock.getParent()) {
    if (rnn::isSelection(other, clock))
      return clock;
    if (llvm::isa<rnn::AxisClockAttr>(clock)) // coarser ones do not have its ticks
      break;
  }
  return {};
}

/// A clock that has the ticks of both, the rarest that their attributes name; null if there is none.
ClockInterface clockOfBoth(ClockInterface a, ClockInterface b) {
  auto pair = llvm::dyn_cast<rnn::PairClockAttr>(a), other = llvm::dyn_cast<rnn::PairClockAttr>(b);
  if (pair && other && pair.getSource() == other.getSource() && pair.getPer() == other.getPer()) {
    ClockInterface target = clockOfBoth(pair.getTarget(), other.getTarget());
    return target ? rnn::PairClockAttr::get(target, pair.getSource(), pair.getPer()) : ClockInterface();
  }
  if (pair || other)
    return {};
  ClockInterface one = firstOfBoth(a, b), two = firstOfBoth(b, a);
  return !one || (two && rnn::ticksLessOften(two, one)) ? two : one;
}

/// Replaces one accumulator.
class Expansion {
public:
  explicit Expansion(rnn::AccumOp accum)
      : accum(accum), stream(accum.getSlot().getType().getStream()), builder(accum.getContext()) {
    for (Operation *user : accum.getSlot().getUsers())
      if (auto found = llvm::dyn_cast<rnn::TakeOp>(user))
        take = found;
      else
        puts.push_back(llvm::cast<rnn::PutOp>(user));
    llvm::sort(puts, [](rnn::PutOp a, rnn::PutOp b) { return a->isBeforeInBlock(b); });
  }

  mlir::LogicalResult run() {
    if (take && mlir::failed(expandTake()))
      return mlir::failure();
    for (rnn::PutOp put : puts)
      put.erase();
    accum.erase();
    return mlir::success();
  }

private:
  mlir::LogicalResult expandTake() {
    llvm::MapVector<mlir::Attribute, llvm::SmallVector<rnn::PutOp>> byClock;
    for (rnn::PutOp put : puts)
      byClock[rnn::clockOf(put.getValue().getType())].push_back(put);
    Value sum;
    for (auto &[clock, some] : byClock) {
      Value taken = takeFrom(llvm::cast<ClockInterface>(clock), some);
      if (!taken)
        return some.front().emitOpError() << "is on a clock that no other one has in common with the accumulator's";
      sum = sum ? builder.create<rnn::AddOp>(take.getLoc(), sum, taken).getResult() : taken;
    }
    if (!sum) {
      builder.setInsertionPoint(take);
      sum = builder.create<rnn::ConstOp>(take.getLoc(), stream, llvm::ArrayRef<double>(0.0));
    }
    take.getResult().replaceAllUsesWith(sum);
    take.erase();
    return mlir::success();
  }

  /// What is taken of puts on one clock. It stands where the take is.
  Value takeFrom(ClockInterface clock, llvm::MutableArrayRef<rnn::PutOp> some) {
    ClockInterface both = clockOfBoth(stream.getClock(), clock);
    if (!both)
      return {};
    mlir::Location loc = some.back().getLoc();
    builder.setInsertionPoint(some.back());
    Value put;
    for (rnn::PutOp one : some)
      put = put ? builder.create<rnn::AddOp>(loc, put, one.getValue()).getResult() : one.getValue();
    put = sumOn(both, put, loc);

    // No path of a program has a `+`.
    std::string path = accum.getPath().str() + (slots ? "+" + std::to_string(slots) : "");
    ++slots;
    rnn::StreamType slot = stream.withClock(both);
    builder.setInsertionPoint(accum);
    auto state = builder.create<rnn::StateOp>(accum.getLoc(), rnn::StateType::get(slot), path, accum.getReverse(),
                                              accum.getScopeAttr());
    builder.setInsertionPoint(some.back());
    builder.create<rnn::NextOp>(loc, state, put);
    builder.setInsertionPoint(take);
    Value read = builder.create<rnn::ReadOp>(take.getLoc(), slot, state);
    return sumOn(stream.getClock(), read, take.getLoc());
  }

  /// Of the clock's ticks each has the sum from it on to the next one.
  Value sumOn(ClockInterface clock, Value x, mlir::Location loc) {
    if (rnn::clockOf(x.getType()) == clock)
      return x;
    return builder.create<rnn::ReduceOp>(loc, stream.withClock(clock), rnn::Reduction::Sum, x, accum.getReverse(),
                                         accum.getScopeAttr());
  }

  rnn::AccumOp accum;
  rnn::StreamType stream;
  rnn::TakeOp take; // null: nothing is taken
  llvm::SmallVector<rnn::PutOp> puts;
  mlir::OpBuilder builder;
  int slots = 0;
};

struct ExpandAccums : impl::ExpandAccumsBase<ExpandAccums> {
  void runOnOperation() override {
    for (rnn::AccumOp accum : llvm::make_early_inc_range(getOperation().getBody().front().getOps<rnn::AccumOp>()))
      if (mlir::failed(Expansion(accum).run()))
        return signalPassFailure();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createExpandAccumsPass() { return std::make_unique<ExpandAccums>(); }

} // namespace rondo::schedule
