// Of a schedule for whole samples one that makes an input's rows itself.
//
//   %h = step.scan on #t { .. %x .. }          step.scan on #t split(after #hypothesis) {
//   %y = step.par { .. rnn.matmul %W, %h .. }    %s = rnn.state .. : %y's
//   rnn.generate "x" from %y next start 0  =>    %before = rnn.read %s
//                                                %x = step.choose "x" from %before next start 0
//                                                .. %x .. rnn.matmul .. rnn.next %s, %y
//                                                step.yield }
//
// Everything on the input's clock stands in the scan: first what the choice is made from, then the choice, then all
// else. Hypotheses of one sample share what does not stand there; nothing is remembered from one to the other.
#include "compiler/Schedule/FormGenerate.h"
#include "compiler/Schedule/FormChunks.h"
#include "compiler/Schedule/FormWaves.h"
#include "compiler/Schedule/InlineGroups.h"
#include "compiler/Schedule/Liveness.h"
#include "compiler/Schedule/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_FORMGENERATE
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

namespace {

class Former {
public:
  Former(step::ScheduleOp schedule, rnn::GenerateOp generate, std::string &why)
      : schedule(schedule), generate(generate), why(why), live(schedule),
        base(llvm::dyn_cast<rnn::AxisClockAttr>(rnn::clockOf(generate.getSource().getType()))) {
    for (auto [name, argument] :
         llvm::zip(schedule.getInputs().getAsValueRange<mlir::StringAttr>(), schedule.getBody().getArguments()))
      if (name == generate.getInput())
        input = argument;
  }

  mlir::FailureOr<step::ScheduleOp> run() {
    if (!base || base.isSample() || !base.getParent().isSample())
      return refuse("its axis is divided or in segments");
    live.add(generate.getSource());
    for (auto [name, argument] :
         llvm::zip(schedule.getInputs().getAsValueRange<mlir::StringAttr>(), schedule.getBody().getArguments()))
      if (argument != input && live.contains(argument) && isOnBase(rnn::clockOf(argument.getType())))
        refuse("input '" + name + "' ticks with it");
    for (Operation *op : live.ops())
      check(op);
    if (!why.empty())
      return step::ScheduleOp();
    return build();
  }

private:
  step::ScheduleOp refuse(const llvm::Twine &reason) {
    if (why.empty())
      why = reason.str();
    return {};
  }

  //===--- What can be computed row by row ---===//

  bool isOnBase(ClockInterface clock) const { return clock && rnn::rootAxis(clock) == base; }

  /// The clock of what the operation computes.
  static ClockInterface clockOf(Operation *op) {
    if (auto scan = llvm::dyn_cast<step::ScanOp>(op))
      return scan.getClock();
    if (op->getNumResults() == 0)
      return op->getNumOperands() ? rnn::clockOf(op->getOperands().back().getType()) : ClockInterface();
    mlir::Type type = op->getResult(0).getType();
    if (auto slot = llvm::dyn_cast<rnn::StateType>(type))
      type = slot.getStream();
    return rnn::clockOf(type);
  }

  void checkClocks(mlir::Type type) {
    type.walk([&](mlir::Attribute attribute) {
      if (auto axis = llvm::dyn_cast<rnn::AxisClockAttr>(attribute); axis && axis != base && base.contains(axis))
        refuse("its axis is in segments");
      if (auto every = llvm::dyn_cast<rnn::EveryClockAttr>(attribute);
          every && isOnBase(every.getOf()) && every.getReverse())
        refuse("ticks are counted from the end");
      if (auto pair = llvm::dyn_cast<rnn::PairClockAttr>(attribute); pair && isOnBase(pair.getSource()))
        refuse("a part of it compares its rows with one another");
      if (auto scope = llvm::dyn_cast<rnn::ScopeAttr>(attribute))
        checkScope(scope, /*isInside=*/false);
    });
  }

  /// Cuts of the axis are its own.
  void checkScope(rnn::ScopeAttr scope, bool isInside) {
    bool some = isInside, all = true;
    for (rnn::CutAttr cut : scope.getCuts()) {
      some |= isOnBase(cut.getClock());
      all &= isOnBase(cut.getClock());
    }
    if (some && !all)
      refuse("a part of it starts again where a sample ends");
  }

  void check(Operation *op) {
    for (mlir::Type type : op->getResultTypes())
      checkClocks(type);
    if (!isOnBase(clockOf(op))) {
      for (Value operand : op->getOperands())
        if (isOnBase(rnn::clockOf(operand.getType())))
          refuse("a part of it looks at all rows of a sample");
      return;
    }
    if (llvm::isa<step::ParOp, step::ScanOp>(op)) {
      if (auto scan = llvm::dyn_cast<step::ScanOp>(op); scan && scan.getReverse())
        refuse("a part of it looks from the end to the begin");
      return;
    }
    bool isCrossing = llvm::isa<rnn::LatestOp, rnn::CrossOp>(op);
    for (Value operand : op->getOperands())
      if (ClockInterface clock = rnn::clockOf(operand.getType()); clock && !isOnBase(clock) && !isCrossing)
        refuse("a part of it looks at ticks of another time");
    bool isAhead = isSeenFromAbove(op);
    if (auto scope = op->getAttrOfType<rnn::ScopeAttr>("scope")) {
      checkScope(scope, /*isInside=*/true);
      if (isAhead)
        refuse("a part of it starts again where a sample ends");
    }
    if (op->hasAttr("reverse") != isAhead)
      refuse(isAhead ? "a part of it is known at the end of a sample alone"
                     : "a part of it looks from the end to the begin");
    bool isKnown = rnn::isTickLocal(op) || isCrossing || isOfPairs(op) ||
                   llvm::isa<rnn::ConstOp, rnn::LiftOp, rnn::StateOp, rnn::ReadOp, rnn::NextOp, rnn::TickOp,
                             rnn::RandomOp, rnn::EventOp, rnn::ReduceOp, step::BeforeOp, step::AffineOp>(op);
    if (!isKnown)
      refuse("'" + op->getName().getStringRef() + "' is not computed row by row in this version");
  }

  /// True for what is known before the first row: it crosses from what stands ahead of the scan.
  bool isSeenFromAbove(Operation *op) const {
    return llvm::isa<rnn::LatestOp>(op) && !isOnBase(rnn::clockOf(op->getOperand(0).getType()));
  }

  /// An operation over the rows of one tick.
  static bool isOfPairs(Operation *op) {
    auto per = op->getAttrOfType<ClockInterface>("per");
    auto pair = llvm::dyn_cast_if_present<rnn::PairClockAttr>(clockOf(op));
    return per && pair && pair.getTarget() == per;
  }

  //===--- The schedule ---===//

  mlir::FailureOr<step::ScheduleOp> build() {
    InlineGroups inlined(schedule, (schedule.getSymName() + ".generate").str(), base, {}, generate.getLoc());
    step::ScheduleOp made = inlined.schedule();
    mlir::OpBuilder &body = inlined.body();
    mlir::Location loc = generate.getLoc();
    auto type = llvm::cast<rnn::StreamType>(generate.getSource().getType());
    Value slot, source;
    if (generate.getNext()) {
      slot = body.create<rnn::StateOp>(loc, rnn::StateType::get(type), "source", /*reverse=*/false, rnn::ScopeAttr());
      source = body.create<rnn::ReadOp>(loc, type, slot);
    } else { // what it is comes later
      bool isReal = llvm::isa<mlir::FloatType>(rnn::elementOf(type));
      source = isReal ? body.create<rnn::ConstOp>(loc, type, llvm::ArrayRef<double>(0.0))
                      : body.create<rnn::ConstOp>(loc, type, llvm::ArrayRef<int64_t>(0));
    }
    auto choose = body.create<step::ChooseOp>(loc, input.getType(), generate.getInput(), source, generate.getNext(),
                                              generate.getStartAttr(), generate.getStopAttr(), generate.getLimitAttr());
    Value argument = inlined.values().lookup(input);
    inlined.values().map(input, choose.getRow());
    auto isNeeded = [&](Operation *op) { return live.contains(op); };
    for (Operation &op : schedule.getBody().front()) {
      // Parameters lie where they lie in the caller's buffer because all are there.
      if (!live.contains(&op) && !llvm::isa<rnn::ParamOp>(op))
        continue;
      if (isOnBase(clockOf(&op)))
        inlined.placeInside(&op, isNeeded);
      else
        inlined.placeAbove(&op);
    }
    Value given = inlined.values().lookup(generate.getSource());
    if (slot) {
      body.create<rnn::NextOp>(loc, slot, given);
    } else {
      choose.getSourceMutable().assign(given);
      source.getDefiningOp()->erase();
    }
    inlined.finish({});
    step::ScanOp scan = inlined.scan();
    mlir::OpBuilder::atBlockEnd(&made.getBody().front())
        .create<rnn::ReturnOp>(loc, llvm::ArrayRef<llvm::StringRef>(), mlir::ValueRange());
    hoist(scan);
    order(scan, choose);
    dropInputs(made, argument);
    // Sums and counts between groups are memory too.
    mlir::PassManager manager(schedule->getContext(), step::ScheduleOp::getOperationName());
    manager.addPass(createExpandMemoryPass());
    if (failed(manager.run(made)))
      return mlir::failure();
    addHypotheses(made, scan);
    return made;
  }

  /// What crosses from above stands ahead of the scan: at the steps where the loop itself says when it ticks.
  void hoist(step::ScanOp scan) {
    for (Operation &op : llvm::make_early_inc_range(scan.getBody().front())) {
      if (!isSeenFromAbove(&op))
        continue;
      auto latest = llvm::cast<rnn::LatestOp>(op);
      bool isEvent = false;
      latest.getType().walk([&](rnn::EventClockAttr event) { isEvent |= isOnBase(event); });
      op.moveBefore(scan);
      if (!isEvent)
        continue;
      auto stream = llvm::cast<rnn::StreamType>(latest.getType());
      mlir::OpBuilder builder(scan.getBody().front().getTerminator());
      auto inner = builder.create<rnn::LatestOp>(latest.getLoc(), stream, latest.getX(), false, nullptr);
      latest.getResult().replaceAllUsesWith(inner);
      latest.getResult().setType(stream.withClock(base));
      inner.getXMutable().assign(latest.getResult());
      moveToFirstUse(inner);
    }
  }

  static void moveToFirstUse(Operation *op) {
    Operation *first = nullptr;
    for (Operation *user : op->getUsers())
      first = !first || user->isBeforeInBlock(first) ? user : first;
    if (first)
      op->moveBefore(first);
  }

  /// Ahead of the choice stands only what it is made from.
  void order(step::ScanOp scan, step::ChooseOp choose) {
    mlir::Block &block = scan.getBody().front();
    llvm::DenseMap<mlir::Attribute, Operation *> events;
    for (rnn::EventOp event : block.getOps<rnn::EventOp>())
      events[event.getClock()] = event;
    llvm::DenseSet<Operation *> needed;
    llvm::SmallVector<Operation *> list{choose};
    auto need = [&](Operation *op) {
      if (op && op->getBlock() == &block && needed.insert(op).second)
        list.push_back(op);
    };
    auto needEvent = [&](rnn::EventClockAttr event) { need(events.lookup(event)); };
    while (!list.empty()) {
      Operation *op = list.pop_back_val();
      for (Value operand : op->getOperands())
        need(operand.getDefiningOp());
      if (!llvm::isa<rnn::StateOp>(op)) // when it is written matters to its writer
        for (mlir::Type type : op->getResultTypes())
          type.walk(needEvent);
      op->getAttrDictionary().walk(needEvent);
    }
    for (Operation &op : llvm::make_early_inc_range(block))
      if (&op != choose && needed.contains(&op) && choose->isBeforeInBlock(&op))
        op.moveBefore(choose);
    Operation *last = choose;
    llvm::SmallVector<Operation *> others;
    for (Operation &op : block) {
      if (&op == choose)
        break;
      if (!needed.contains(&op))
        others.push_back(&op);
    }
    for (Operation *op : others) {
      op->moveAfter(last);
      last = op;
    }
  }

  void dropInputs(step::ScheduleOp made, Value kept) {
    mlir::Block &block = made.getBody().front();
    llvm::SmallVector<mlir::Attribute> names;
    llvm::BitVector dropped(block.getNumArguments());
    for (auto [i, argument] : llvm::enumerate(block.getArguments()))
      if (argument.use_empty() && argument != kept)
        dropped.set(i);
      else
        names.push_back(made.getInputs()[i]);
    block.eraseArguments(dropped);
    made.setInputsAttr(mlir::ArrayAttr::get(made.getContext(), names));
  }

  //===--- Hypotheses ---===//

  /// `#t` becomes `#t in #hypothesis`, and nothing sees beyond its own.
  void addHypotheses(step::ScheduleOp made, step::ScanOp scan) {
    mlir::MLIRContext *context = made.getContext();
    // No axis of a program has such a name.
    auto hypothesis = rnn::AxisClockAttr::get(context, "hypothesis of " + base.getName().str(), ClockInterface());
    auto inner = rnn::AxisClockAttr::get(context, base.getName().getValue(), hypothesis);
    auto cut = rnn::CutAttr::get(context, /*before=*/false, hypothesis);
    auto within = [&](rnn::ScopeAttr scope) {
      llvm::SmallVector<rnn::CutAttr> cuts{cut};
      if (scope)
        llvm::append_range(cuts, scope.getCuts());
      return rnn::ScopeAttr::get(context, cuts);
    };
    for (Operation &op : scan.getBody().front())
      if (auto state = llvm::dyn_cast<rnn::StateOp>(op))
        state.setScopeAttr(within(state.getScopeAttr()));
      else if (auto latest = llvm::dyn_cast<rnn::LatestOp>(op))
        latest.setScopeAttr(within(latest.getScopeAttr()));
    scan.setSplitAttr(within({}));
    mlir::AttrTypeReplacer replacer;
    replacer.addReplacement(
        [&](rnn::AxisClockAttr axis) -> std::optional<std::pair<mlir::Attribute, mlir::WalkResult>> {
          if (axis != base)
            return std::nullopt;
          return std::make_pair(mlir::Attribute(inner), mlir::WalkResult::skip());
        });
    replacer.addReplacement([&](rnn::EveryClockAttr every) -> mlir::Attribute {
      if (!isOnBase(every.getOf()))
        return every;
      return rnn::EveryClockAttr::get(every.getPeriod(), every.getPhase(), every.getOf(), every.getReverse(),
                                      within(every.getScope()));
    });
    replacer.recursivelyReplaceElementsIn(made, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  }

  step::ScheduleOp schedule;
  rnn::GenerateOp generate;
  std::string &why;
  Liveness live;
  rnn::AxisClockAttr base;
  Value input;
};

struct FormGenerate : impl::FormGenerateBase<FormGenerate> {
  void runOnOperation() override {
    for (auto schedule : llvm::make_early_inc_range(getOperation().getOps<step::ScheduleOp>())) {
      std::string why;
      if (failed(formGenerate(schedule, why)))
        return signalPassFailure();
      if (!why.empty())
        schedule.emitRemark("cannot be generated row by row: ") << why;
    }
  }
};

} // namespace

mlir::FailureOr<step::ScheduleOp> formGenerate(step::ScheduleOp schedule, std::string &why) {
  why.clear();
  auto all = schedule.getBody().front().getOps<rnn::GenerateOp>();
  // What is trained has nothing to say yet.
  bool isAsked = !all.empty() && !schedule.getTraining();
  if (!isAsked)
    return step::ScheduleOp();
  mlir::FailureOr<step::ScheduleOp> made = Former(schedule, *all.begin(), why).run();
  if (succeeded(made) && *made) {
    formChunks(*made);
    formWaves(*made);
  }
  return made;
}

std::unique_ptr<mlir::Pass> createFormGeneratePass() { return std::make_unique<FormGenerate>(); }

} // namespace rondo::schedule
