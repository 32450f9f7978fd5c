// In scans, reductions, tick counts and periods of events become slots.
//
//   %y = rnn.reduce sum %x : #t -> #e    =>  %r = rnn.read %s    // %s: restart(after #e)
//                                            %n = rnn.add %r, %x
//                                            rnn.next %s, %n
//                                            %y = rnn.latest restart(after #e) %n : #t -> #e
//
// Behind it slots and held values are all the memory that a scan has. Reductions from a pair clock to its target stay:
// they look at the rows of one tick.
#include "compiler/IR/Step.h"
#include "compiler/Schedule/FormStep.h"
#include "compiler/Schedule/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_EXPANDMEMORY
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

namespace {

/// Builds in front of one operation of a scan.
class Expansion {
public:
  /// `slots`: how many have been made so far.
  Expansion(Operation *op, int &slots)
      : builder(op), loc(op->getLoc()), reverse(op->getParentOfType<step::ScanOp>().getReverse()), slots(slots) {}

  /// A slot that is `step(what it was)` behind each tick of the clock; returns that.
  template <typename Function> Value remember(mlir::Type type, rnn::ScopeAttr scope, Function step) {
    auto stream = llvm::cast<rnn::StreamType>(type);
    std::string path = "memory." + std::to_string(slots++); // no path of a program: names do not begin with digits
    auto slot = builder.create<rnn::StateOp>(loc, rnn::StateType::get(stream), path, reverse, scope);
    Value now = step(builder.create<rnn::ReadOp>(loc, stream, slot));
    builder.create<rnn::NextOp>(loc, slot, now);
    return now;
  }

  Value integer(ClockInterface clock, int64_t value) {
    auto type = rnn::StreamType::get({}, builder.getI64Type(), clock);
    return builder.create<rnn::ConstOp>(loc, type, llvm::ArrayRef<int64_t>(value));
  }

  /// How many ticks of the clock came before this one, in the loop's direction.
  Value count(ClockInterface clock, rnn::ScopeAttr scope) {
    Value one = integer(clock, 1);
    Value number =
        remember(one.getType(), scope, [&](Value before) { return builder.create<rnn::AddOp>(loc, before, one); });
    return builder.create<rnn::SubOp>(loc, number, one);
  }

  /// True at the first tick in the scope.
  Value isFirst(ClockInterface clock, rnn::ScopeAttr scope) {
    return builder.create<rnn::CompareOp>(loc, rnn::Predicate::Eq, count(clock, scope), integer(clock, 0));
  }

  Value reduce(rnn::ReduceOp op) {
    Value x = op.getX();
    auto to = llvm::cast<rnn::StreamType>(op.getType());
    ClockInterface from = rnn::clockOf(x.getType());
    // What has come before the previous tick of the result does not count any more.
    llvm::SmallVector<rnn::CutAttr> cuts;
    if (rnn::ScopeAttr scope = op.getScopeAttr())
      cuts.append(scope.getCuts().begin(), scope.getCuts().end());
    cuts.push_back(rnn::CutAttr::get(op.getContext(), reverse, to.getClock()));
    auto scope = rnn::ScopeAttr::get(op.getContext(), cuts);
    auto sum = [&](Value x) {
      return remember(x.getType(), scope, [&](Value before) { return builder.create<rnn::AddOp>(loc, before, x); });
    };
    auto atEnd = [&](Value value) {
      auto type = llvm::cast<rnn::StreamType>(value.getType()).withClock(to.getClock());
      return Value(builder.create<rnn::LatestOp>(loc, type, value, reverse, scope));
    };
    switch (op.getKind()) {
    case rnn::Reduction::Sum: return atEnd(sum(x));
    case rnn::Reduction::Mean: {
      auto one = rnn::StreamType::get({}, builder.getF32Type(), from);
      Value number = atEnd(sum(builder.create<rnn::ConstOp>(loc, one, llvm::ArrayRef<double>(1.0))));
      // Of nothing the sum is zero: divided by at least one.
      Value least = builder.create<rnn::ConstOp>(loc, number.getType(), llvm::ArrayRef<double>(1.0));
      number = builder.create<rnn::MaximumOp>(loc, number, least);
      if (!to.getShape().empty())
        number = builder.create<rnn::RepeatOp>(loc, to, number);
      return builder.create<rnn::DivOp>(loc, atEnd(sum(x)), number);
    }
    case rnn::Reduction::Max:
    case rnn::Reduction::First: {
      Value first = isFirst(from, scope);
      return atEnd(remember(x.getType(), scope, [&](Value before) -> Value {
        Value later = before;
        if (op.getKind() == rnn::Reduction::Max)
          later = builder.create<rnn::MaximumOp>(loc, before, x);
        return builder.create<rnn::SelectOp>(loc, first, x, later);
      }));
    }
    }
    return {};
  }

private:
  mlir::OpBuilder builder;
  mlir::Location loc;
  bool reverse;
  int &slots;
};

struct ExpandMemory : impl::ExpandMemoryBase<ExpandMemory> {
  using Events = llvm::DenseMap<mlir::Attribute, rnn::EventOp>; // by their clock

  void runOnOperation() override {
    slots = 0;
    for (step::ScanOp scan : getOperation().getBody().front().getOps<step::ScanOp>())
      for (Operation &op : llvm::make_early_inc_range(scan.getBody().front()))
        expand(&op);
    expandPeriods();
  }

  void expand(Operation *op) {
    Value expanded;
    if (auto tick = llvm::dyn_cast<rnn::TickOp>(op))
      expanded = Expansion(op, slots).count(rnn::clockOf(tick.getType()), tick.getScopeAttr());
    else if (auto reduce = llvm::dyn_cast<rnn::ReduceOp>(op);
             reduce && !llvm::isa<rnn::PairClockAttr>(rnn::clockOf(reduce.getX().getType())))
      expanded = Expansion(op, slots).reduce(reduce);
    if (!expanded)
      return;
    op->replaceAllUsesWith(mlir::ValueRange(expanded));
    op->erase();
  }

  /// A period of an event that is made in a scan, or one that begins again at such an event, is an event itself, defined
  /// by a count; and so is a period of the clock of a scan that is stepped from outside.
  void expandPeriods() {
    int64_t lastId = 0;
    step::ScanOp stepped;
    for (step::ScanOp scan : getOperation().getBody().front().getOps<step::ScanOp>())
      if (scan->hasAttr(steppedName))
        stepped = scan;
    auto isOfSteps = [&](ClockInterface clock) { return stepped && clock == stepped.getClock(); };
    // The clocks of events are found anew each time: replacing one changes those that select from it.
    for (;;) {
      Events inScans;
      getOperation().walk([&](rnn::EventOp event) {
        lastId = std::max(lastId, event.getClock().getId());
        if (event->getParentOfType<step::ScanOp>())
          inScans[event.getClock()] = event;
      });
      if (inScans.empty() && !stepped)
        break;
      rnn::EveryClockAttr period;
      getOperation().walk([&](Operation *op) {
        auto visit = [&](rnn::EveryClockAttr every) {
          if (inScans.contains(every.getOf()) || isOfSteps(every.getOf()) || restartsAt(every, inScans))
            period = every;
        };
        op->getAttrDictionary().walk(visit);
        for (mlir::Type type : op->getResultTypes())
          type.walk(visit);
      });
      if (!period)
        break;
      rnn::EventOp event = lastNeededBy(period, inScans);
      step::ScanOp scan = stepped;
      if (event)
        scan = event->getParentOfType<step::ScanOp>();
      else if (rnn::EventOp restart = restartsAt(period, inScans))
        scan = restart->getParentOfType<step::ScanOp>();
      mlir::OpBuilder builder(getOperation().getContext());
      mlir::Location loc = event ? event.getLoc() : scan.getLoc();
      if (event)
        builder.setInsertionPointAfter(event);
      else
        builder.setInsertionPointToStart(&scan.getBody().front());
      // An operation to build in front of; it is the new event itself.
      auto clock = rnn::EventClockAttr::get(++lastId, period.getOf());
      auto boolean = rnn::StreamType::get({}, builder.getI1Type(), period.getOf());
      Value placeholder = builder.create<rnn::ConstOp>(loc, boolean, llvm::ArrayRef<int64_t>(0));
      auto defined = builder.create<rnn::EventOp>(loc, clock, placeholder);
      Expansion expansion(defined, slots);
      builder.setInsertionPoint(defined);
      Value number = expansion.count(period.getOf(), period.getScope());
      Value phase = builder.create<rnn::ModOp>(loc, number, expansion.integer(period.getOf(), period.getPeriod()));
      defined.getConditionMutable().assign(builder.create<rnn::CompareOp>(
          loc, rnn::Predicate::Eq, phase, expansion.integer(period.getOf(), period.getPhase())));
      placeholder.getDefiningOp()->erase();
      mlir::AttrTypeReplacer replacer;
      replacer.addReplacement([&](rnn::EveryClockAttr every) -> mlir::Attribute {
        return every == period ? mlir::Attribute(clock) : mlir::Attribute(every);
      });
      replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                            /*replaceTypes=*/true);
    }
  }

  /// An event that is made in a scan, at which the period begins again.
  static rnn::EventOp restartsAt(rnn::EveryClockAttr period, const Events &inScans) {
    if (rnn::ScopeAttr scope = period.getScope())
      for (rnn::CutAttr cut : scope.getCuts())
        if (rnn::EventOp event = inScans.lookup(cut.getClock()))
          return event;
    return {};
  }

  /// The last of the events that must be known where the period is: what it selects from, and what it begins again
  /// ahead of.
  static rnn::EventOp lastNeededBy(rnn::EveryClockAttr period, const Events &inScans) {
    rnn::EventOp last = inScans.lookup(period.getOf());
    if (rnn::ScopeAttr scope = period.getScope())
      for (rnn::CutAttr cut : scope.getCuts())
        if (rnn::EventOp event = inScans.lookup(cut.getClock()); event && cut.getBefore())
          last = !last || last->isBeforeInBlock(event) ? event : last;
    return last;
  }

  int slots = 0;
};

} // namespace

std::unique_ptr<mlir::Pass> createExpandMemoryPass() { return std::make_unique<ExpandMemory>(); }

} // namespace rondo::schedule
