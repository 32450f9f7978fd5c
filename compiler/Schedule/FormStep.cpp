// Of a schedule for whole samples one for single steps: its groups, one behind the other, become the body of one scan on
// the finest axis. What selects ticks by number becomes an event whose condition is a count, and so does what ticks at the
// ends of segments: where these are, an input says.
//
//   x on #sentence, y = latest x : #word -> #sentence
//   =>
//   %ends "sentence_ends" : #word, x on #word     // the row of x is looked at where the sentence ends
//   step.scan on #word {
//     rnn.event #e = %ends
//     %x = latest %x : #word -> #e ..
//
// A value on `sample` that time has no part in, and that is spread over it, is computed at the first step and held.
#include "compiler/Schedule/FormStep.h"
#include "compiler/Schedule/InlineGroups.h"
#include "compiler/Schedule/Liveness.h"
#include "compiler/Schedule/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_FORMSTEP
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

namespace {

/// The value that a group's result is in it, or itself.
Value inGroup(Value value) {
  Operation *op = value.getDefiningOp();
  if (!llvm::isa_and_present<step::ParOp, step::ScanOp>(op))
    return value;
  return op->getRegion(0).front().getTerminator()->getOperand(llvm::cast<mlir::OpResult>(value).getResultNumber());
}

bool isSampled(Value value) {
  ClockInterface clock = rnn::clockOf(value.getType());
  return clock && clock.isSample();
}

/// Where something is written, for messages.
std::string placeOf(mlir::Location loc) {
  if (auto call = llvm::dyn_cast<mlir::CallSiteLoc>(loc)) // in the model, not in a cell of it
    return placeOf(call.getCaller());
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(loc))
    return "'" + name.getName().str() + "'" + placeOf(name.getChildLoc());
  if (auto line = llvm::dyn_cast<mlir::FileLineColLoc>(loc))
    return " (line " + std::to_string(line.getLine()) + ")";
  return "";
}

/// The axis whose segments' last ticks a count from the end tells from others: that is all that it is used for. Null: it
/// is used for more. So programs ask `sentence` as a condition.
rnn::AxisClockAttr endsBy(rnn::TickOp tick) {
  rnn::ScopeAttr scope = tick.getScopeAttr();
  rnn::AxisClockAttr segment = rnn::AxisClockAttr::getSample(tick.getContext());
  if (scope) {
    rnn::CutAttr cut = scope.getCuts().front();
    segment = llvm::dyn_cast<rnn::AxisClockAttr>(cut.getClock());
    if (!segment || cut.getBefore() || scope.getCuts().size() != 1)
      return {};
  }
  bool isAxis = llvm::isa<rnn::AxisClockAttr>(rnn::clockOf(tick.getType()));
  bool isLast = llvm::all_of(tick->getUsers(), [&](Operation *user) {
    auto compare = llvm::dyn_cast<rnn::CompareOp>(user);
    auto zero = compare ? compare.getB().getDefiningOp<rnn::ConstOp>() : rnn::ConstOp();
    return zero && compare.getPredicate() == rnn::Predicate::Eq && compare.getA() == tick.getResult() &&
           zero.getValue().isSplat() && zero.getInts().front() == 0;
  });
  return tick.getReverse() && isAxis && isLast ? segment : rnn::AxisClockAttr();
}

/// What the outputs need of a schedule, and whether it can be computed step by step.
class Needs {
public:
  Needs(step::ScheduleOp schedule, std::string &why) : live(schedule), schedule(schedule), why(why) {
    auto add = [&](rnn::AxisClockAttr axis) { axes.insert(axis); };
    for (mlir::Type type : schedule.getBody().front().getArgumentTypes())
      type.walk(add);
    schedule.walk([&](Operation *op) {
      for (mlir::Type type : op->getResultTypes())
        type.walk(add);
    });
  }

  bool find() {
    auto end = llvm::cast<rnn::ReturnOp>(schedule.getBody().front().getTerminator());
    if (schedule.getTraining())
      return refuse("it is a training variant");
    for (auto [index, value] : llvm::enumerate(end.getValues())) {
      output = end.getName(index).str();
      if (rnn::clockOf(value.getType()))
        need(value);
      if (!ahead.empty()) // of another time, if that is not said already
        refuse(ahead.front(), "looks ahead");
    }
    output.clear();
    if (why.empty() && !steps)
      return refuse("none of its outputs goes by steps");
    return why.empty();
  }

  Liveness live;
  /// Values on `sample` that are known ahead of time, and needed there; none is a group's result.
  llvm::SetVector<Value> early;
  rnn::AxisClockAttr steps;

private:
  bool refuse(const llvm::Twine &reason) {
    if (why.empty())
      why = reason.str();
    return false;
  }

  /// Says of an equation that an output needs why it cannot be.
  bool refuse(Operation *op, const llvm::Twine &reason) {
    std::string place = placeOf(op->getLoc());
    return refuse("output '" + output + "' needs a value" +
                  (place.empty() ? "" : " " + llvm::StringRef(place).ltrim()) + " that " + reason);
  }

  /// Marks all that the value is computed from, and checks what was not known to be needed.
  void need(Value value) {
    size_t known = live.ops().size();
    live.add(value);
    addTime(value.getDefiningOp(), rnn::clockOf(value.getType()));
    for (Operation *op : live.ops().drop_front(known)) {
      if (!why.empty())
        return;
      for (Value result : op->getResults())
        if (inGroup(result) == result)
          addTime(op, rnn::clockOf(result.getType()));
      for (Value operand : op->getOperands())
        if (llvm::isa<mlir::BlockArgument>(operand))
          addTime(op, rnn::clockOf(operand.getType()));
      check(op);
    }
  }

  //===--- Time ---===//

  /// The finest axis whose rows this one groups.
  rnn::AxisClockAttr finest(rnn::AxisClockAttr axis) {
    for (rnn::AxisClockAttr other : axes)
      axis = axis.contains(other) ? other : axis;
    return axis;
  }

  /// All time must go by one axis, and forward.
  void addTime(Operation *op, ClockInterface clock) {
    if (!clock)
      return;
    bool isPair = llvm::isa<rnn::PairClockAttr>(clock);
    for (ClockInterface at = clock; !isPair && !llvm::isa<rnn::AxisClockAttr>(at); at = at.getParent())
      if (auto every = llvm::dyn_cast<rnn::EveryClockAttr>(at); every && every.getReverse())
        return void(refuse(op, "counts ticks from the end"));
    rnn::AxisClockAttr base = rnn::rootAxis(clock);
    if (!base.isSample()) {
      base = finest(base);
      if (steps && steps != base) {
        refuse("output '" + output + "' needs both '" + steps.getName().getValue() + "' and '" +
               base.getName().getValue() + "': two times, whose steps have no common order");
        return;
      }
      steps = base;
    }
    if (isPair)
      refuse(op, "meets rows of other ticks, of which there are ever more");
  }

  bool check(Operation *op) {
    if (auto scope = op->getAttrOfType<rnn::ScopeAttr>("scope"))
      for (rnn::CutAttr cut : scope.getCuts())
        addTime(op, cut.getClock());
    if (auto latest = llvm::dyn_cast<rnn::LatestOp>(op); latest && latest.getReverse()) {
      // The same at all of time, if it is known ahead of it.
      if (!isSampled(latest.getX()) || latest.getScopeAttr())
        return refuse(op, "looks ahead");
      if (!findEarly(latest.getX()))
        ahead.push_back(op);
      return true;
    }
    if (auto tick = llvm::dyn_cast<rnn::TickOp>(op); tick && tick.getReverse())
      return endsBy(tick) || refuse(op, "counts ticks from the end");
    if (op->hasAttr("reverse"))
      return refuse(op, "looks ahead");
    if (op->hasAttr("per") && !llvm::isa<rnn::CumsumOp>(op))
      return refuse(op, "is computed from all rows of a segment at once");
    bool isKnown = rnn::isTickLocal(op) ||
                   llvm::isa<rnn::ParamOp, rnn::ConstOp, rnn::LiftOp, rnn::StateOp, rnn::ReadOp, rnn::NextOp,
                             rnn::LatestOp, rnn::ReduceOp, rnn::TickOp, rnn::EventOp, rnn::RandomOp, rnn::CumsumOp,
                             step::ParOp, step::ScanOp, step::BeforeOp, step::AffineOp>(op);
    return isKnown || refuse(op, "is computed from all rows at once (" + op->getName().stripDialect() + ")");
  }

  /// Marks what a value on `sample` is computed from as known ahead of time. False: it is not.
  bool findEarly(Value root) {
    llvm::SmallVector<Value> list{inGroup(root)};
    while (!list.empty()) {
      Value value = list.pop_back_val();
      if (!rnn::clockOf(value.getType()) || early.contains(value))
        continue;
      Operation *op = value.getDefiningOp();
      if (!isSampled(value) ||
          (op && !rnn::isTickLocal(op) && !llvm::isa<rnn::ConstOp, rnn::LiftOp, rnn::RandomOp>(op)))
        return false;
      early.insert(value);
      if (!op)
        continue;
      early.insert(op->result_begin(), op->result_end()); // an operation is known ahead as a whole
      for (Value operand : op->getOperands())
        list.push_back(inGroup(operand));
    }
    return true;
  }

  step::ScheduleOp schedule;
  std::string &why;
  std::string output; // whose needs are looked for
  llvm::SmallVector<Operation *> ahead;
  llvm::SetVector<rnn::AxisClockAttr> axes;
};

class Former {
public:
  Former(step::ScheduleOp schedule, const Needs &needs)
      : schedule(schedule), needs(needs), context(schedule.getContext()),
        end(llvm::cast<rnn::ReturnOp>(schedule.getBody().front().getTerminator())),
        inlined(schedule, (schedule.getSymName() + ".step").str(), needs.steps, outputTypes(), end.getLoc()),
        made(inlined.schedule()) {
    schedule.walk([&](rnn::EventOp event) { lastEvent = std::max(lastEvent, event.getClock().getId()); });
  }

  mlir::FailureOr<StepForm> run() {
    form.schedule = made;
    form.axis = needs.steps.getName().str();
    inlined.scan()->setAttr(steppedName, mlir::UnitAttr::get(context));
    takeInputs();
    auto isNeeded = [&](Operation *op) { return needs.live.contains(op); };
    for (Operation &op : schedule.getBody().front()) {
      // Parameters lie where they lie in the caller's buffer because all are there.
      if (!needs.live.contains(&op) && !llvm::isa<rnn::ParamOp>(op))
        continue;
      if (isInside(&op))
        inlined.placeInside(&op, isNeeded);
      else
        inlined.placeAbove(&op);
    }
    llvm::SmallVector<Value> results;
    for (Value value : end.getValues())
      if (rnn::clockOf(value.getType()))
        results.push_back(inlined.values().lookup(value));
    inlined.finish(results);
    askForEnds();
    markDraws();
    settleEarly();
    moveTensorsInside();
    giveResults();
    replaceSegments();
    // Sums and counts between groups are memory too.
    mlir::PassManager manager(context, step::ScheduleOp::getOperationName());
    manager.addPass(createExpandMemoryPass());
    if (failed(manager.run(made)))
      return mlir::failure();
    return std::move(form);
  }

private:
  llvm::SmallVector<mlir::Type> outputTypes() {
    llvm::SmallVector<mlir::Type> types;
    for (Value value : end.getValues())
      if (rnn::clockOf(value.getType()))
        types.push_back(value.getType());
    return types;
  }

  mlir::Block &body() { return inlined.scan().getBody().front(); }

  /// True for what goes by time, and for tensors that hang on chance: they are computed anew at each step.
  bool isInside(Operation *op) {
    if (op->getNumResults() == 0 || rnn::clockOf(op->getResult(0).getType()))
      return true;
    bool isMoved = false;
    op->walk([&](Operation *inner) {
      isMoved |= llvm::isa<rnn::RandomOp>(inner);
      for (Value operand : inner->getOperands())
        isMoved |= moved.contains(operand);
    });
    if (isMoved)
      moved.insert(op->result_begin(), op->result_end());
    return isMoved;
  }

  //===--- Inputs ---===//

  rnn::StreamType atSteps(Value value) {
    return rnn::StreamType::get(rnn::shapeOf(value.getType()), rnn::elementOf(value.getType()), needs.steps);
  }

  /// Rows of segments come with the step at which the segment ends, or, if they are known ahead, with the first one.
  void takeInputs() {
    mlir::Block &from = schedule.getBody().front(), &to = made.getBody().front();
    for (auto [old, argument] : llvm::zip(from.getArguments(), to.getArguments())) {
      form.given.push_back(StepForm::always);
      auto axis = llvm::dyn_cast_if_present<rnn::AxisClockAttr>(rnn::clockOf(old.getType()));
      if (!axis || axis == needs.steps || !axis.contains(needs.steps))
        continue;
      argument.setType(atSteps(argument));
      if (old.use_empty())
        continue;
      bool isEarly = needs.early.contains(old);
      mlir::Type type = isEarly ? onFirst(old.getType()) : old.getType();
      inlined.values().map(
          old, inlined.body().create<rnn::LatestOp>(old.getLoc(), type, argument, /*reverse=*/false, nullptr));
      if (isEarly)
        form.given.back() = StepForm::first;
      else
        segmentInputs.push_back({old.getArgNumber(), axis});
    }
  }

  //===--- Once a sample ---===//

  ClockInterface nextEvent() { return rnn::EventClockAttr::get(++lastEvent, needs.steps); }

  /// On the clock of the first step, which is defined in front of all else.
  mlir::Type onFirst(mlir::Type type) {
    if (!firstStep) {
      firstStep = nextEvent();
      mlir::OpBuilder builder = mlir::OpBuilder::atBlockBegin(&body());
      auto number = rnn::StreamType::get({}, builder.getI64Type(), needs.steps);
      Value tick = builder.create<rnn::TickOp>(schedule.getLoc(), number, false, nullptr);
      Value zero = builder.create<rnn::ConstOp>(schedule.getLoc(), number, llvm::ArrayRef<int64_t>(0));
      Value isFirst = builder.create<rnn::CompareOp>(schedule.getLoc(), rnn::Predicate::Eq, tick, zero);
      builder.create<rnn::EventOp>(schedule.getLoc(), llvm::cast<rnn::EventClockAttr>(firstStep), isFirst);
    }
    return llvm::cast<rnn::StreamType>(type).withClock(firstStep);
  }

  /// What is known ahead ticks at the first step; from there it is held for all that looks at it.
  void settleEarly() {
    llvm::DenseSet<Value> early;
    for (Value value : needs.early)
      if (Value now = inlined.values().lookupOrNull(value)) {
        early.insert(now);
        now.setType(onFirst(value.getType()));
      }
    for (Operation &op : body()) {
      bool isEarly = op.getNumResults() > 0 && early.contains(op.getResult(0));
      if (auto latest = llvm::dyn_cast<rnn::LatestOp>(op); latest && early.contains(latest.getX()))
        latest.setReverse(false);
      else if (!isEarly)
        for (mlir::OpOperand &operand : op.getOpOperands())
          if (early.contains(operand.get()))
            operand.set(held(operand.get(), sampled(operand.get()), mlir::OpBuilder(&op)));
    }
  }

  rnn::StreamType sampled(Value value) {
    return llvm::cast<rnn::StreamType>(value.getType()).withClock(rnn::AxisClockAttr::getSample(context));
  }

  Value held(Value value, mlir::Type type, mlir::OpBuilder builder) {
    return builder.create<rnn::LatestOp>(value.getLoc(), type, value, /*reverse=*/false, nullptr);
  }

  /// Whether a tick is the last one of a segment is what the caller says; here it is a constant yet.
  void askForEnds() {
    for (Operation &op : body()) {
      auto tick = llvm::dyn_cast<rnn::TickOp>(op);
      rnn::AxisClockAttr axis = tick && tick.getReverse() ? endsBy(tick) : rnn::AxisClockAttr();
      if (!axis)
        continue;
      mlir::OpBuilder builder(&op);
      Value &ends = asked[axis];
      if (!ends) {
        auto first = mlir::OpBuilder::atBlockBegin(&body());
        auto boolean = rnn::StreamType::get({}, builder.getI1Type(), needs.steps);
        ends = first.create<rnn::ConstOp>(op.getLoc(), boolean, llvm::ArrayRef<int64_t>(0));
      }
      for (Operation *user : llvm::make_early_inc_range(op.getUsers())) {
        mlir::Type type = user->getResult(0).getType();
        user->replaceAllUsesWith(mlir::ValueRange(type == ends.getType() ? ends : held(ends, type, builder)));
        laterErased.push_back(user);
      }
      laterErased.push_back(&op);
    }
    eraseLater();
  }

  void eraseLater() {
    for (Operation *op : laterErased)
      op->erase();
    laterErased.clear();
  }

  /// Random numbers that do not go by steps are marked as long as their clocks say so.
  void markDraws() {
    for (auto random : body().getOps<rnn::RandomOp>())
      if (ClockInterface clock = rnn::clockOf(random.getType()); !clock || clock.isSample())
        random->setAttr(drawnName, mlir::StringAttr::get(context, clock ? "sample" : "call"));
  }

  //===--- Tensors ---===//

  /// Tensors that are computed at each step are streams on the clock of steps.
  void moveTensorsInside() {
    for (Operation &op : llvm::make_early_inc_range(body().without_terminator())) {
      mlir::OpBuilder builder(&op);
      // What it lifts may be a stream already, and the accessor takes tensors only.
      if (auto lift = llvm::dyn_cast<rnn::LiftOp>(op); lift && rnn::clockOf(lift->getOperand(0).getType())) {
        Value x = lift->getOperand(0);
        lift.replaceAllUsesWith(x.getType() == lift.getType() ? x : held(x, lift.getType(), builder));
        lift.erase();
        continue;
      }
      if (op.getNumResults() == 0 || !llvm::isa<mlir::RankedTensorType>(op.getResult(0).getType()))
        continue;
      for (mlir::OpOperand &operand : op.getOpOperands())
        if (!rnn::clockOf(operand.get().getType()))
          operand.set(builder.create<rnn::LiftOp>(op.getLoc(), atSteps(operand.get()), operand.get()));
      for (Value result : op.getResults())
        result.setType(atSteps(result));
    }
  }

  //===--- Outputs ---===//

  void giveResults() {
    llvm::SmallVector<llvm::StringRef> names;
    for (auto [index, value] : llvm::enumerate(end.getValues())) {
      form.outputs.push_back(bool(rnn::clockOf(value.getType())));
      if (form.outputs.back())
        names.push_back(end.getName(index));
    }
    auto builder = mlir::OpBuilder::atBlockEnd(&made.getBody().front());
    builder.create<rnn::ReturnOp>(end.getLoc(), names, inlined.scan().getResults());
  }

  //===--- Segments ---===//

  /// Segment clocks become events, and what the caller says of them inputs.
  void replaceSegments() {
    auto steps = rnn::AxisClockAttr::get(context, needs.steps.getName());
    llvm::MapVector<mlir::Attribute, ClockInterface> segments; // those that matter
    mlir::AttrTypeReplacer replacer;
    replacer.addReplacement(
        [&](rnn::AxisClockAttr axis) -> std::optional<std::pair<mlir::Attribute, mlir::WalkResult>> {
          if (axis == needs.steps || axis == steps)
            return std::pair<mlir::Attribute, mlir::WalkResult>(steps, mlir::WalkResult::skip());
          if (!axis.contains(needs.steps))
            return std::pair<mlir::Attribute, mlir::WalkResult>(axis, mlir::WalkResult::skip());
          ClockInterface &event = segments[axis];
          if (!event)
            event = rnn::EventClockAttr::get(++lastEvent, steps);
          return std::pair<mlir::Attribute, mlir::WalkResult>(event, mlir::WalkResult::skip());
        });
    replacer.recursivelyReplaceElementsIn(made, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);

    mlir::OpBuilder builder = mlir::OpBuilder::atBlockBegin(&body());
    auto boolean = rnn::StreamType::get({}, builder.getI1Type(), steps);
    llvm::SmallVector<mlir::Attribute> names(made.getInputs().begin(), made.getInputs().end());
    llvm::SmallVector<ClockInterface> order;
    for (ClockInterface axis = needs.steps.getParent(); axis; axis = axis.getParent()) {
      auto found = segments.find(axis);
      Value said = asked.lookup(axis);
      if (found == segments.end() && !said)
        continue;
      std::string name = llvm::cast<rnn::AxisClockAttr>(axis).getName().str();
      names.push_back(builder.getStringAttr(name + "_ends"));
      Value ends = made.getBody().front().addArgument(boolean, schedule.getLoc());
      if (said) {
        said.replaceAllUsesWith(ends);
        laterErased.push_back(said.getDefiningOp());
      }
      if (found != segments.end())
        builder.create<rnn::EventOp>(schedule.getLoc(), llvm::cast<rnn::EventClockAttr>(found->second), ends);
      for (auto [input, on] : segmentInputs)
        if (on == axis)
          form.given[input] = int32_t(form.ends.size());
      form.ends.push_back(name);
    }
    eraseLater();
    made.setInputsAttr(builder.getArrayAttr(names));
  }

  step::ScheduleOp schedule;
  const Needs &needs;
  mlir::MLIRContext *context;
  rnn::ReturnOp end;
  InlineGroups inlined;
  step::ScheduleOp made;
  StepForm form;
  int64_t lastEvent = 0;
  ClockInterface firstStep; // null: nothing looks at it
  llvm::DenseSet<Value> moved;
  llvm::DenseMap<mlir::Attribute, Value> asked; // by axis: what stands for the caller's words of its ends
  llvm::SmallVector<Operation *> laterErased;
  llvm::SmallVector<std::pair<unsigned, rnn::AxisClockAttr>> segmentInputs;
};

struct FormStep : impl::FormStepBase<FormStep> {
  void runOnOperation() override {
    for (auto schedule : llvm::make_early_inc_range(getOperation().getOps<step::ScheduleOp>())) {
      std::string why;
      if (failed(formStep(schedule, why)))
        return signalPassFailure();
      if (!why.empty())
        schedule.emitRemark("cannot be computed step by step: ") << why;
    }
  }
};

} // namespace

mlir::FailureOr<StepForm> formStep(step::ScheduleOp schedule, std::string &why) {
  why.clear();
  Needs needs(schedule, why);
  if (!needs.find())
    return StepForm();
  return Former(schedule, needs).run();
}

std::unique_ptr<mlir::Pass> createFormStepPass() { return std::make_unique<FormStep>(); }

} // namespace rondo::schedule
