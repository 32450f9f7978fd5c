// Beside each model one that computes a window of a sample's time and goes on where the window before has ended.
//
//   %s = rnn.state "h" : on #t               %h0 "carry.h" : on #sample           // an input more
//   %r = rnn.read %s   : on #t      =>       %r = rnn.read %s ..
//   rnn.next %s, %h                          %old = rnn.select (rnn.tick == 0), (%h0 spread over #t), %r
//                                            rnn.next %s, %h
//                                            rnn.return .. "carry.h" = (the last %h; %h0 where there is none)
//
// What a sample remembers from window to window are inputs and outputs on `sample`, so that all else that works on models
// works on windows, gradients above all: the adjoint of an output is what flows in from the window behind, that of an
// input what flows out to the one before. Besides slots these are values that `latest` holds, reductions that are open,
// and counts of ticks; what ticks by number becomes an event whose condition is a count that goes on. Of a product with
// weights that is kept for a finer clock what is multiplied goes on, since weights change between windows.
//
// A window has whole rows of the coarsest axis, so that nothing is open at its end in a segment. One row behind the
// window may be looked at, if it is computed from inputs: it is an input more. `sample` ticks at the end of each window;
// what a loss says of it counts only where the sample ends.
//
// Runs behind the passes that move products, so that a window computes what the whole model does, in the same order.
#include "compiler/Gradient/FormWindows.h"
#include "compiler/Gradient/Passes.h"
#include "compiler/Gradient/WindowEquations.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_FORMWINDOWS
#include "compiler/Gradient/Passes.h.inc"

namespace {

using llvm::SmallVector;
using mlir::Operation;
using mlir::Type;
using mlir::Value;

/// Turns a copy of a model into its window.
class Window : WindowEquations {
public:
  Window(ModelOp model, std::string &why) : WindowEquations(model), why(why) {}

  bool form() {
    if (!findAxes() || !check())
      return false;
    for (GenerateOp generate : llvm::make_early_inc_range(block.getOps<GenerateOp>()))
      generate.erase(); // the model itself feeds itself
    ends = addInput(endsName, {}, boolean, sample);
    for (LossOp loss : block.getOps<LossOp>())
      addInput((wholePrefix + loss.getName()).str(), {}, builder.getF32Type(), sample);
    countPeriods();
    SmallVector<Operation *> remembering;
    for (Operation &op : block)
      if (llvm::isa<StateOp, LatestOp, ReduceOp, TickOp>(op))
        remembering.push_back(&op);
    for (Operation *op : remembering)
      if (!carry(op))
        return false;
    for (LossOp loss : block.getOps<LossOp>())
      if (clockOf(loss.getValue().getType()) == sample) {
        builder.setInsertionPoint(loss);
        loss.getMaskMutable().assign(loss.getMask() ? make<AndOp>(loss.getMask(), ends) : ends);
      }
    finish();
    return true;
  }

private:
  bool refuse(const llvm::Twine &reason) {
    if (why.empty())
      why = reason.str();
    return false;
  }
  /// Says it of an equation, with its name where it has one.
  bool refuse(Operation *op, const llvm::Twine &reason) {
    mlir::Location at = op->getLoc();
    std::string name, line;
    if (auto state = llvm::dyn_cast<StateOp>(op))
      return refuse("'" + state.getPath() + "' " + reason);
    while (true) {
      if (auto call = llvm::dyn_cast<mlir::CallSiteLoc>(at)) {
        at = call.getCaller(); // in the model, not in a cell of it
      } else if (auto named = llvm::dyn_cast<mlir::NameLoc>(at)) {
        name = " '" + named.getName().str() + "'";
        at = named.getChildLoc();
      } else {
        break;
      }
    }
    if (auto file = llvm::dyn_cast<mlir::FileLineColLoc>(at))
      line = " (line " + std::to_string(file.getLine()) + ")";
    return refuse("a value" + name + line + " " + reason);
  }

  //===--- What has no windows ---===//

  bool findAxes() {
    llvm::SetVector<AxisClockAttr> axes;
    model->walk([&](Operation *op) {
      for (Type type : op->getResultTypes())
        type.walk([&](AxisClockAttr axis) { axes.insert(axis); });
    });
    for (Type type : block.getArgumentTypes())
      type.walk([&](AxisClockAttr axis) { axes.insert(axis); });
    axes.remove(sample);
    if (axes.empty())
      return refuse("nothing in it goes by time");
    base = axes.front();
    for (AxisClockAttr axis : axes)
      base = base.contains(axis) ? axis : base;
    for (AxisClockAttr axis : axes)
      if (!axis.contains(base))
        return refuse("it goes by '" + base.getName().getValue() + "' and by '" + axis.getName().getValue() +
                      "': two times, of which a window has no common part");
    return true;
  }

  /// True for a clock whose ticks end what a window has whole.
  bool isSegment(ClockInterface clock) const {
    auto axis = llvm::dyn_cast_if_present<AxisClockAttr>(clock);
    return axis && axis != base && !axis.isSample();
  }
  /// True if the scope begins again behind each segment: then nothing is remembered at the end of a window.
  bool isClosed(ScopeAttr scope) const {
    return scope &&
           llvm::any_of(scope.getCuts(), [&](CutAttr cut) { return !cut.getBefore() && isSegment(cut.getClock()); });
  }
  /// True if the scope begins again at the last tick of a sample, which may be the last of any window.
  bool endsAhead(ScopeAttr scope) const {
    return scope &&
           llvm::any_of(scope.getCuts(), [&](CutAttr cut) { return cut.getBefore() && cut.getClock() == sample; });
  }
  bool isInside(PairClockAttr pair) const { return isSegment(pair.getPer()); }

  bool check() {
    for (Operation &op : block.without_terminator()) {
      for (Type type : op.getResultTypes())
        if (!checkClock(&op, clockOf(type)))
          return false;
      if (auto timed = llvm::dyn_cast<Timed>(op); timed && endsAhead(timed.getScopeAttr()))
        return refuse(&op, "begins again ahead of the last tick of a sample");
      if (auto per = op.getAttrOfType<ClockInterface>("per");
          per && !isSegment(per) && !llvm::isa<PairClockAttr>(clockOf(op.getResult(0).getType())))
        return refuse(&op, "is computed from all rows of a sample at once");
      bool isKnown = isTickLocal(&op) || op.hasAttr("per") ||
                     llvm::isa<ParamOp, ConstOp, LiftOp, StateOp, ReadOp, NextOp, LatestOp, ReduceOp, CrossOp, TickOp,
                               EventOp, RandomOp, LossOp, GenerateOp>(op);
      if (!isKnown)
        return refuse(&op, "is computed from all rows at once (" + op.getName().stripDialect() + ")");
    }
    return true;
  }

  bool checkClock(Operation *op, ClockInterface clock) {
    if (auto pair = llvm::dyn_cast_if_present<PairClockAttr>(clock))
      return isInside(pair) || refuse(op, "meets rows of other ticks, of which there are ever more");
    for (; clock && !llvm::isa<AxisClockAttr>(clock); clock = clock.getParent())
      if (auto every = llvm::dyn_cast<EveryClockAttr>(clock); every && !isClosed(every.getScope())) {
        if (every.getReverse())
          return refuse(op, "counts ticks from the end");
        for (ClockInterface of = every.getOf(); of && !llvm::isa<AxisClockAttr>(of); of = of.getParent())
          if (llvm::isa<EveryClockAttr>(of))
            return refuse(op, "counts ticks of a period that begins again elsewhere");
      }
    return true;
  }

  //===--- Inputs and outputs ---===//

  void finish() {
    model.setInputsAttr(builder.getArrayAttr(names));
    SmallVector<Value> values(output.getValues());
    SmallVector<mlir::Attribute> outputs(output.getNames().getValue());
    // In the order of the inputs.
    for (auto &[name, value] : given) {
      values.push_back(value);
      outputs.push_back(builder.getStringAttr(name));
    }
    builder.setInsertionPoint(output);
    builder.create<ReturnOp>(output.getLoc(), values, builder.getArrayAttr(outputs));
    output.erase();
  }

  //===--- What ticks by number ---===//

  /// Each period becomes an event of the rarest other one that has its ticks, or of what it selects from.
  void countPeriods() {
    llvm::SetVector<EveryClockAttr> periods;
    int64_t lastEvent = -1;
    auto collect = [&](mlir::Attribute attribute) {
      attribute.walk([&](EveryClockAttr every) {
        if (!isClosed(every.getScope()))
          periods.insert(every);
      });
    };
    model->walk([&](Operation *op) {
      for (Type type : op->getResultTypes())
        type.walk([&](EveryClockAttr every) { collect(every); });
      if (op != model)
        collect(op->getAttrDictionary());
    });
    for (EventOp event : block.getOps<EventOp>())
      lastEvent = std::max(lastEvent, event.getClock().getId());
    SmallVector<EveryClockAttr> sorted(periods.begin(), periods.end());
    llvm::stable_sort(sorted, [](EveryClockAttr a, EveryClockAttr b) { return a.getPeriod() < b.getPeriod(); });
    llvm::DenseMap<mlir::Attribute, EventOp> made;
    std::function<void(EveryClockAttr)> count = [&](EveryClockAttr period) {
      if (made.count(period))
        return;
      EventOp parent;
      for (EveryClockAttr other : sorted)
        if (other.getPeriod() < period.getPeriod() && other.getOf() == period.getOf() &&
            other.getScope() == period.getScope() && period.getPeriod() % other.getPeriod() == 0 &&
            period.getPhase() % other.getPeriod() == other.getPhase()) {
          count(other);
          parent = made.lookup(other);
        }
      placeBehind(period, parent, [&](EveryClockAttr other) {
        if (!isClosed(other.getScope()))
          count(other);
        return made.lookup(other);
      });
      Type number = StreamType::get({}, integer, period.getOf());
      Value phase = make<ModOp>(make<TickOp>(number, false, period.getScope()), constant(number, period.getPeriod()));
      Value condition = make<CompareOp>(Predicate::Eq, phase, constant(number, period.getPhase()));
      ClockInterface of = parent ? parent.getClock() : period.getOf();
      auto clock = EventClockAttr::get(++lastEvent, of);
      made[period] = builder.create<EventOp>(place, clock, crossed(condition, of, /*reverse=*/false));
    };
    llvm::for_each(sorted, count);
    mlir::AttrTypeReplacer replacer;
    replacer.addReplacement([&](EveryClockAttr every) -> mlir::Attribute {
      EventOp event = made.lookup(every);
      return event ? mlir::Attribute(event.getClock()) : every;
    });
    replacer.recursivelyReplaceElementsIn(model, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  }

  /// Sets the place of a period's event: behind those that it is made from, and that begin its count again ahead of a tick.
  void placeBehind(EveryClockAttr period, EventOp parent, llvm::function_ref<EventOp(EveryClockAttr)> eventOf) {
    Operation *last = parent;
    auto need = [&](ClockInterface clock) {
      EventOp event;
      if (auto every = llvm::dyn_cast<EveryClockAttr>(clock))
        event = eventOf(every);
      for (EventOp other : block.getOps<EventOp>())
        event = other.getClock() == clock ? other : event;
      if (event && (!last || last->isBeforeInBlock(event)))
        last = event;
    };
    need(period.getOf());
    for (CutAttr cut : period.getScope() ? period.getScope().getCuts() : llvm::ArrayRef<CutAttr>())
      if (cut.getBefore())
        need(cut.getClock());
    if (last)
      builder.setInsertionPointAfter(last);
    else
      builder.setInsertionPointToStart(&block);
  }

  //===--- What is remembered ---===//

  bool carry(Operation *op) {
    auto timed = llvm::cast<Timed>(op);
    ScopeAttr scope = timed.getScopeAttr();
    place = op->getLoc();
    if (isClosed(scope))
      return true;
    if (auto state = llvm::dyn_cast<StateOp>(op)) {
      ClockInterface clock = state.getSlot().getType().getStream().getClock();
      bool isAheadOfTicks = state.getReverse() && llvm::any_of(readsOf(state), [](ReadOp read) {
                              return !rootAxis(clockOf(read.getType())).isSample();
                            });
      if (llvm::isa<PairClockAttr>(clock) || (rootAxis(clock).isSample() && !isAheadOfTicks))
        return true; // of the rows of one segment; of what ticks once
      return state.getReverse() ? lookAhead(state) : carryState(state);
    }
    if (auto latest = llvm::dyn_cast<LatestOp>(op))
      return carryLatest(latest);
    if (auto reduce = llvm::dyn_cast<ReduceOp>(op))
      return carryReduce(reduce);
    return carryTick(llvm::cast<TickOp>(op));
  }

  bool carryState(StateOp state) {
    NextOp next = writerOf(state);
    if (!next)
      return true;
    StreamType type = state.getSlot().getType().getStream();
    bool isRare = llvm::all_of(readsOf(state),
                               [&](ReadOp read) { return ticksLessOften(type.getClock(), clockOf(read.getType())); });
    Value start = begun(next.getValue(), state.getScopeAttr(), state.getPath(), isRare);
    for (ReadOp read : readsOf(state)) {
      ClockInterface at = clockOf(read.getType());
      SmallVector<mlir::OpOperand *> uses = usesOf(read);
      builder.setInsertionPointAfter(read);
      Value isOpen = both(make<NotOp>(isBefore(type.getClock(), at)), isUncut(state.getScopeAttr(), at));
      replace(uses, select(isOpen, spread(start, at), read));
    }
    return true;
  }

  /// Those that use a value now, before something is made of it that they will use instead.
  static SmallVector<mlir::OpOperand *> usesOf(Value value) {
    return llvm::to_vector(llvm::map_range(value.getUses(), [](mlir::OpOperand &use) { return &use; }));
  }
  static void replace(llvm::ArrayRef<mlir::OpOperand *> uses, Value value) {
    for (mlir::OpOperand *use : uses)
      use->set(value);
  }

  bool carryLatest(LatestOp latest) {
    ClockInterface from = clockOf(latest.getX().getType()), to = clockOf(latest.getType());
    if (llvm::isa<PairClockAttr>(from) || llvm::isa<PairClockAttr>(to) || from == to)
      return true;
    bool isSeen = isSelection(to, from) && to != sample; // each tick sees itself
    if (isSeen)
      return true;
    if (latest.getReverse()) {
      if (from == sample)
        return isEarly(latest.getX()) || refuse(latest, "spreads over time what is known at its end");
      return isSegment(from) || refuse(latest, "looks ahead");
    }
    if (from == sample)
      return refuse(latest, "holds what is known at the end of time");
    SmallVector<mlir::OpOperand *> uses = usesOf(latest);
    Value start = begun(latest.getX(), latest.getScopeAttr(), "latest", /*isRare=*/true);
    builder.setInsertionPointAfter(latest);
    Value isOpen = both(make<NotOp>(isUpTo(from, to)), isUncut(latest.getScopeAttr(), to));
    replace(uses, select(isOpen, spread(start, to), latest));
    return true;
  }

  /// True for a value on `sample` in which time has no part.
  bool isEarly(Value root) {
    SmallVector<Value> list{root};
    llvm::DenseSet<Value> seen;
    while (!list.empty()) {
      Value value = list.pop_back_val();
      if (!clockOf(value.getType()) || !seen.insert(value).second)
        continue;
      Operation *op = value.getDefiningOp();
      if (clockOf(value.getType()) != sample || (op && !isTickLocal(op) && !llvm::isa<ConstOp, LiftOp, RandomOp>(op)))
        return false;
      if (op)
        llvm::append_range(list, op->getOperands());
    }
    return true;
  }

  /// A reduction is of what was open at the window's begin too, where it is the first. Open at its end is what stands
  /// behind the last tick.
  bool carryReduce(ReduceOp reduce) {
    ClockInterface from = clockOf(reduce.getX().getType()), to = clockOf(reduce.getType());
    if (llvm::isa<PairClockAttr>(from) || isSegment(to))
      return true;
    if (reduce.getReverse())
      return refuse(reduce, "looks ahead");
    if (reduce.getScopeAttr())
      return refuse(reduce, "is a reduction that begins again at an event");
    Reduction kind = reduce.getKind();
    if (kind == Reduction::First && to != sample)
      return refuse(reduce, "is the first value since an event");
    Type type = reduce.getType(), real = builder.getF32Type();
    bool needsCount = kind != Reduction::Sum;

    SmallVector<mlir::OpOperand *> uses = usesOf(reduce);
    builder.setInsertionPointAfter(reduce);
    Value isFirst = to == sample ? Value() : make<NotOp>(isBefore(to, to)), whole = reduce;
    auto sum = [&](Value x, ClockInterface clock, Reduction kind) {
      return make<ReduceOp>(valueType(shapeOf(x.getType()), elementOf(x.getType()), clock), kind, x, false,
                            ScopeAttr());
    };
    Value ones = needsCount ? constant(real, from, 1) : Value();
    Value start = addCarried("reduce", type), startCount, count;
    model->setAttr(addsAnewName, builder.getUnitAttr());
    size_t at = given.size() - 1;
    if (needsCount) {
      startCount = addCarried("reduce.count", StreamType::get({}, real, sample));
      count = sum(ones, to, Reduction::Sum);
    }
    Value open = spread(start, to), openCount = needsCount ? spread(startCount, to) : Value();
    Value joined =
        join(kind, open, openCount, kind == Reduction::Mean ? sum(reduce.getX(), to, Reduction::Sum) : whole, count);
    Value result = joined;
    if (kind == Reduction::Mean) {
      Value all = make<MaximumOp>(make<AddOp>(openCount, count), constant(real, to, 1));
      result = make<DivOp>(joined, lengthened(all, type));
    }
    replace(uses, isFirst ? select(isFirst, result, reduce) : result);

    builder.setInsertionPoint(output);
    if (to == sample) {
      given[at].second = joined;
      if (needsCount)
        given[at + 1].second = make<AddOp>(startCount, count);
      return true;
    }
    // What no tick takes any more.
    Value isTail = make<NotOp>(isFrom(to, from)), isTaken = isUpTo(to, sample);
    Value tailCount = needsCount ? sum(where(isTail, ones), sample, Reduction::Sum) : Value();
    Value x = kind == Reduction::Max ? select(isTail, reduce.getX(), lowest(reduce.getX().getType()))
                                     : where(isTail, reduce.getX());
    Value tail = sum(x, sample, kind == Reduction::Max ? kind : Reduction::Sum);
    Value none = constant(start.getType(), 0);
    if (needsCount) {
      Value before = select(isTaken, constant(real, sample, 0), startCount);
      given[at + 1].second = make<AddOp>(before, tailCount);
      startCount = before;
    }
    given[at].second = join(kind, select(isTaken, none, start), startCount, tail, tailCount);
    return true;
  }

  Value lowest(Type type) {
    return make<ConstOp>(type, llvm::ArrayRef<double>(-std::numeric_limits<double>::infinity()));
  }

  /// A number a tick for each element.
  Value lengthened(Value x, Type like) {
    if (shapeOf(like).empty())
      return x;
    return make<RepeatOp>(valueType(shapeOf(like), elementOf(x.getType()), clockOf(x.getType())), x);
  }

  /// What was open and what has come, of so many values each.
  Value join(Reduction kind, Value open, Value openCount, Value x, Value count) {
    if (kind == Reduction::Sum || kind == Reduction::Mean)
      return make<AddOp>(open, x);
    auto isAny = [&](Value number) { return make<CompareOp>(Predicate::Gt, number, constant(number.getType(), 0)); };
    if (kind == Reduction::First)
      return select(isAny(openCount), open, x);
    // Of equal ones the first takes the gradient, as if time were in one piece. NaN goes on.
    Value isMore = make<OrOp>(make<CompareOp>(Predicate::Gt, x, open), make<CompareOp>(Predicate::Ne, x, x));
    Value most = select(isAny(count), select(isMore, x, open), open);
    return select(isAny(openCount), most, where(isAny(count), x));
  }

  /// A count goes on. From the end, what is asked is whether this tick is the last.
  bool carryTick(TickOp tick) {
    StreamType type = llvm::cast<StreamType>(tick.getType());
    ClockInterface clock = type.getClock();
    if (clock == sample || llvm::isa<PairClockAttr>(clock))
      return true;
    SmallVector<mlir::OpOperand *> uses = usesOf(tick);
    builder.setInsertionPointAfter(tick);
    if (tick.getReverse()) {
      bool isOfEnd = clock == base && !tick.getScopeAttr() && llvm::all_of(tick->getUsers(), [&](Operation *user) {
                       auto compare = llvm::dyn_cast<CompareOp>(user);
                       auto zero = compare ? compare.getB().getDefiningOp<ConstOp>() : ConstOp();
                       return zero && compare.getA() == tick.getResult() && zero.getValue().isSplat() &&
                              zero.getInts().front() == 0;
                     });
      if (!isOfEnd)
        return refuse(tick, "counts ticks from the end");
      Value number =
          make<AddOp>(tick, spread(select(ends, constant(integer, sample, 0), constant(integer, sample, 1)), clock));
      replace(uses, number);
      return true;
    }
    Value start = addCarried("ticks", type), isOpen = isUncut(tick.getScopeAttr(), clock);
    Value number = make<AddOp>(tick, where(isOpen, spread(start, clock)));
    replace(uses, number);
    builder.setInsertionPoint(output);
    give(lastOf(make<AddOp>(number, constant(type, 1)), start, tick.getScopeAttr()));
    return true;
  }

  //===--- One row ahead ---===//

  /// What is read against time is the row behind the window at its last tick, unless the sample ends there.
  bool lookAhead(StateOp state) {
    NextOp next = writerOf(state);
    ClockInterface clock = state.getSlot().getType().getStream().getClock(); // `sample`: it is the same at all ticks
    if (!next || (clock != base && clock != sample) || state.getScopeAttr())
      return refuse(state, "looks ahead");
    if (!isAhead(next.getValue()))
      return refuse(state, "looks ahead at more than the next row of inputs");
    for (ReadOp read : readsOf(state)) {
      ClockInterface at = clockOf(read.getType());
      SmallVector<mlir::OpOperand *> uses = usesOf(read);
      builder.setInsertionPointAfter(read);
      Value isLast = make<NotOp>(make<OrOp>(isBehind(base, at), spread(ends, at)));
      llvm::DenseMap<Value, Value> made;
      replace(uses, select(isLast, spread(ahead(next.getValue(), made), at), read));
    }
    return true;
  }

  /// True for a value that is made of one row of inputs alone. One that is not refuses the model: nobody asks again.
  bool isAhead(Value value) {
    if (!askedAhead.insert(value).second)
      return true;
    ClockInterface clock = clockOf(value.getType());
    if (!clock || (clock == sample && isEarly(value)))
      return true;
    Operation *op = value.getDefiningOp();
    if (!op || clock != base)
      return clock == base;
    if (auto latest = llvm::dyn_cast<LatestOp>(op))
      return latest.getReverse() && clockOf(latest.getX().getType()) == sample && isEarly(latest.getX());
    return (isTickLocal(op) || llvm::isa<ConstOp, LiftOp>(op)) &&
           llvm::all_of(op->getOperands(), [&](Value operand) { return isAhead(operand); });
  }

  /// The same of the row behind the window, on `sample`. `made`: those made here.
  Value ahead(Value value, llvm::DenseMap<Value, Value> &made) {
    if (clockOf(value.getType()) != base)
      return value;
    if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value)) {
      Value &row = rowsAhead[argument];
      if (!row)
        row = addInput((aheadPrefix + model.getInputName(argument.getArgNumber())).str(), shapeOf(value.getType()),
                       elementOf(value.getType()), sample);
      return row;
    }
    if (Value known = made.lookup(value))
      return known;
    Operation *op = value.getDefiningOp();
    if (auto latest = llvm::dyn_cast<LatestOp>(op))
      return latest.getX();
    auto operands = llvm::map_to_vector(op->getOperands(), [&](Value operand) { return ahead(operand, made); });
    return made[value] = createOnClock(builder, op, operands, sample)
                             ->getResult(llvm::cast<mlir::OpResult>(value).getResultNumber());
  }

  std::string &why;
  Value ends;
  llvm::DenseMap<Value, Value> rowsAhead;
  llvm::DenseSet<Value> askedAhead;
};

} // namespace

ModelOp formWindow(ModelOp model, std::string &why) {
  mlir::OpBuilder builder(model->getContext());
  builder.setInsertionPointAfter(model);
  auto window = llvm::cast<ModelOp>(builder.clone(*model));
  window.setSymName((model.getSymName() + ".window").str());
  if (Window(window, why).form())
    return window;
  window.erase();
  return {};
}

namespace {

struct FormWindows : impl::FormWindowsBase<FormWindows> {
  void runOnOperation() override {
    for (ModelOp model : llvm::to_vector(getOperation().getOps<ModelOp>())) {
      std::string why;
      ModelOp window = formWindow(model, why);
      if (!window) {
        model->setAttr(noWindowsName, mlir::StringAttr::get(model.getContext(), why));
        continue;
      }
      mlir::OpPassManager sweep(ModelOp::getOperationName());
      sweep.addPass(createSimplifyPass());
      sweep.addPass(createOrderSumsPass());
      if (failed(runPipeline(sweep, window)))
        return signalPassFailure();
    }
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createFormWindowsPass() { return std::make_unique<FormWindows>(); }

} // namespace rondo::rnn
