// Models become schedules: each loop a scan, all else parallel over time.
//
//   %h = rnn.add %r, %wx     // in a loop through a slot    =>  %wx = step.par { .. }
//   %wx = rnn.matmul %W, %x  // in none                         %h = step.scan on #t { .. }
//
// The components of the equations come in the order in which they need one another. A loop is a scan. An equation that
// looks at its own tick alone joins the last group of its clock that stands behind all that it needs, or begins one.
// What only a later group of the same clock uses goes there, unless that makes more values known between groups. What
// only joins values of a loop is made in the loop, where it costs nothing. What is cheap (constants, lifted tensors;
// inside of scans also what crosses to pairs) is repeated where it is used; crossings, which move nothing, stand in front
// of what uses them first.
#include "compiler/Gradient/FormWindows.h"
#include "compiler/IR/Step.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Condensation.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_FORMSCANS
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;
using rnn::ClockInterface;

namespace {

/// The clock of which all are selections, the rarest there is.
ClockInterface driverOf(llvm::ArrayRef<ClockInterface> clocks) {
  ClockInterface best;
  for (ClockInterface clock : clocks)
    for (; clock; clock = clock.getParent()) {
      bool drives = llvm::all_of(clocks, [&](ClockInterface c) { return rnn::isSelection(c, clock); });
      if (drives && (!best || rnn::ticksLessOften(clock, best)))
        best = clock;
      if (llvm::isa<rnn::AxisClockAttr>(clock)) // coarser ones do not drive it
        break;
    }
  return best;
}

/// One operation of the schedule, with the equations that it is made of.
struct Step {
  enum class Kind { Par, Scan, Single } kind;
  ClockInterface clock;               // of a Par: null for tensors; of a Scan its driver
  bool isPrepared = false;            // of a Par of tensors: made of parameters and constants alone
  llvm::SmallVector<Operation *> ops; // may be none
};

class Scheduler {
public:
  explicit Scheduler(rnn::ModelOp model) : model(model), condensation(model) {
    for (rnn::EventOp event : model.getBody().front().getOps<rnn::EventOp>())
      events[event.getClock()] = event;
  }

  void run() {
    for (const rnn::Component &component : condensation.components())
      place(component);
    sink();
    build();
  }

private:
  //===--- Which step ---===//

  static bool isRepeated(Operation *op) { return llvm::isa_and_present<rnn::ConstOp, rnn::LiftOp>(op); }

  static bool isCrossing(Operation *op) { return llvm::isa_and_present<rnn::LatestOp, rnn::CrossOp, rnn::ReadOp>(op); }

  static bool isGrouped(Operation *op) { return rnn::isTickLocal(op) || llvm::isa<rnn::TickOp, rnn::RandomOp>(op); }

  static bool isSlot(Operation *op) { return llvm::isa_and_present<rnn::StateOp, rnn::AccumOp>(op); }

  void place(const rnn::Component &component) {
    Operation *op = component.ops.front();
    if (component.isLoop()) {
      placeLoop(component);
    } else if (isSlot(op) || llvm::isa<rnn::NextOp, rnn::PutOp>(op)) {
      return; // part of what reads it
    } else if (isRepeated(op)) {
      floating[op] = lastNeed(op);
    } else if (isCrossing(op)) {
      floating[op] = lastNeed(op) + 1; // behind all of the step that it looks at
    } else if (isGrouped(op)) {
      placeInPar(op);
    } else {
      addStep({Step::Kind::Single, {}, false, {op}});
    }
  }

  size_t addStep(Step step) {
    for (Operation *op : step.ops)
      steps[op] = list.size();
    list.push_back(std::move(step));
    return list.size() - 1;
  }

  /// The first step that can hold the operation, if it joins what it needs; -1 if it needs nothing.
  int64_t lastNeed(Operation *op) const {
    int64_t last = -1;
    auto need = [&](Operation *from) {
      if (auto it = steps.find(from); it != steps.end())
        last = std::max<int64_t>(last, it->second);
      else if (auto other = floating.find(from); other != floating.end())
        last = std::max(last, other->second);
    };
    auto needEvent = [&](rnn::EventClockAttr clock) { need(events.lookup(clock)); };
    for (Value operand : op->getOperands()) {
      Operation *from = operand.getDefiningOp();
      if (llvm::isa_and_present<rnn::StateOp>(from)) {
        need(rnn::writerOf(llvm::cast<rnn::StateOp>(from)).getValue().getDefiningOp());
        rnn::eachEvent(from, needEvent); // of the scope
      } else if (from) {
        need(from);
      }
    }
    rnn::eachEvent(op, needEvent);
    return last;
  }

  void placeInPar(Operation *op) {
    ClockInterface clock = rnn::clockOf(op->getResult(0).getType());
    bool isPrepared = !clock && this->isPrepared(op);
    int64_t need = lastNeed(op);
    bool isBehind = need >= 0 && need < int64_t(list.size()); // of a crossing it is the step to come
    if (isBehind && list[need].kind == Step::Kind::Scan && list[need].clock == clock && joinsResults(op, need)) {
      list[need].ops.push_back(op);
      steps[op] = need;
      return;
    }
    for (int64_t i = list.size() - 1; i >= std::max<int64_t>(need, 0); --i)
      if (list[i].kind == Step::Kind::Par && list[i].clock == clock && list[i].isPrepared == isPrepared) {
        list[i].ops.push_back(op);
        steps[op] = i;
        return;
      }
    addStep({Step::Kind::Par, clock, isPrepared, {op}});
  }

  /// Whether it joins what this step makes.
  bool joinsResults(Operation *op, size_t step) const {
    return llvm::isa<rnn::ConcatOp>(op) && llvm::all_of(op->getOperands(), [&](Value part) {
             auto it = steps.find(part.getDefiningOp());
             return it != steps.end() && it->second == step && part.getType() == op->getOperand(0).getType();
           });
  }

  /// Made of parameters and constants alone.
  bool isPrepared(Operation *op) {
    auto [it, isNew] = prepared.try_emplace(op, false);
    if (!isNew)
      return it->second;
    bool result = !llvm::isa<rnn::RandomOp>(op) && llvm::all_of(op->getOperands(), [&](Value operand) {
      Operation *from = operand.getDefiningOp();
      return from && (llvm::isa<rnn::ParamOp, rnn::ConstOp>(from) ||
                      (!rnn::clockOf(operand.getType()) && isGrouped(from) && isPrepared(from)));
    });
    return prepared[op] = result;
  }

  void placeLoop(const rnn::Component &component) {
    llvm::DenseSet<Operation *> members(component.ops.begin(), component.ops.end());
    llvm::SmallVector<ClockInterface> clocks;
    auto add = [&](ClockInterface clock) {
      if (auto pair = llvm::dyn_cast_if_present<rnn::PairClockAttr>(clock))
        clock = pair.getTarget();
      if (clock && !llvm::is_contained(clocks, clock))
        clocks.push_back(clock);
    };
    for (Operation *op : component.ops) {
      for (mlir::Type type : op->getResultTypes())
        add(rnn::clockOf(type));
      if (auto event = llvm::dyn_cast<rnn::EventOp>(op))
        add(event.getClock());
      Operation *timed = llvm::isa<rnn::ReadOp, rnn::TakeOp>(op) ? op->getOperand(0).getDefiningOp() : op;
      auto scope = timed->getAttrOfType<rnn::ScopeAttr>("scope");
      if (scope)
        for (rnn::CutAttr cut : scope.getCuts())
          add(cut.getClock());
      // What is remembered here, tick by tick, though it comes from outside.
      if (timed != op && llvm::isa<rnn::StateOp>(timed) && !isKnownAhead(scope, members))
        add(llvm::cast<rnn::StateOp>(timed).getSlot().getType().getStream().getClock());
      else if (llvm::isa<rnn::NextOp>(op))
        add(rnn::clockOf(op->getOperand(1).getType()));
      else if (auto reduce = llvm::dyn_cast<rnn::ReduceOp>(op);
               reduce && !llvm::isa<rnn::PairClockAttr>(rnn::clockOf(reduce.getX().getType())))
        add(rnn::clockOf(reduce.getX().getType()));
      else if (llvm::isa<rnn::LatestOp>(op) && !isKnownAhead(scope, members))
        add(rnn::clockOf(op->getOperand(0).getType()));
    }
    addStep({Step::Kind::Scan, driverOf(clocks), false,
             llvm::SmallVector<Operation *>(llvm::ArrayRef<Operation *>(component.ops))});
  }

  //===--- Where it is used ---===//

  void sink() {
    for (size_t i = list.size(); i-- > 0;) {
      if (list[i].kind != Step::Kind::Par || !list[i].clock)
        continue;
      llvm::SmallVector<Operation *> ops = list[i].ops;
      for (Operation *op : llvm::reverse(ops)) {
        std::optional<size_t> user = onlyUser(op);
        if (!user || *user == i || list[*user].kind != Step::Kind::Par || list[*user].clock != list[i].clock ||
            newResults(op) > elements(op->getResults()))
          continue;
        llvm::erase(list[i].ops, op);
        list[*user].ops.insert(list[*user].ops.begin(), op);
        steps[op] = *user;
      }
    }
  }

  /// The step that has all users.
  std::optional<size_t> onlyUser(Operation *op) const {
    std::optional<size_t> only;
    for (Operation *user : op->getUsers()) {
      auto it = steps.find(user);
      if (it == steps.end() || (only && *only != it->second))
        return std::nullopt;
      only = it->second;
    }
    return only;
  }

  static int64_t elements(mlir::ValueRange values) {
    int64_t count = 0;
    for (Value value : values)
      count += rnn::elementCount(value.getType());
    return count;
  }

  /// Elements of operands that are made beside the operation and so far for its step alone.
  int64_t newResults(Operation *op) {
    int64_t count = 0;
    for (Value operand : op->getOperands())
      if (Operation *from = operand.getDefiningOp())
        if (auto it = steps.find(from); it != steps.end() && it->second == steps.at(op) && onlyUser(from) == it->second)
          count += elements(operand);
    return count;
  }

  //===--- The schedule ---===//

  void build() {
    mlir::OpBuilder builder(model);
    mlir::Block &from = model.getBody().front();
    auto names = llvm::to_vector(model.getInputs().getAsValueRange<mlir::StringAttr>());
    auto schedule = builder.create<step::ScheduleOp>(model.getLoc(), model.getSymName(), names, from.getArgumentTypes(),
                                                     model.getTraining());
    if (mlir::Attribute why = model->getAttr(rnn::noWindowsName))
      schedule->setAttr(rnn::noWindowsName, why);
    mlir::Block &block = schedule.getBody().front();
    values.map(from.getArguments(), block.getArguments());
    top = mlir::OpBuilder::atBlockEnd(&block);
    for (const Step &step : list) {
      if (step.ops.empty()) // used elsewhere
        continue;
      if (step.kind == Step::Kind::Par)
        buildPar(step);
      else if (step.kind == Step::Kind::Scan)
        buildScan(step);
      else
        buildSingle(step.ops.front());
    }
    model.erase();
  }

  /// The value at the top level, where crossings are made when they are needed first; what is repeated is computed there
  /// by a group of its own.
  Value atTop(Value value) {
    if (Value known = values.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    if (isCrossing(op) || !rnn::clockOf(value.getType())) {
      buildSingle(op);
      return values.lookup(value);
    }
    mlir::IRMapping inside;
    auto par = top.create<step::ParOp>(op->getLoc(), value.getType());
    mlir::OpBuilder body = mlir::OpBuilder::atBlockEnd(&par.getBody().emplaceBlock());
    Value result = cloneInto(body, op, inside)->getResult(0);
    body.create<step::YieldOp>(op->getLoc(), result);
    values.map(value, par.getResult(0));
    return par.getResult(0);
  }

  void buildSingle(Operation *op) {
    if (auto read = llvm::dyn_cast<rnn::ReadOp>(op)) {
      values.map(read.getResult(), readBefore(read, read.getType()));
      return;
    }
    mlir::IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, atTop(operand));
    Operation *clone = top.clone(*op, operands);
    values.map(op->getResults(), clone->getResults());
  }

  /// At the top level: what a read sees of a slot whose writes are all known there.
  Value readBefore(rnn::ReadOp read, mlir::Type type) {
    auto state = read.getSlot().getDefiningOp<rnn::StateOp>();
    Value written = atTop(rnn::writerOf(state).getValue());
    return top.create<step::BeforeOp>(read.getLoc(), type, written, state.getReverse(), state.getScopeAttr());
  }

  /// Repeats the operation in a group, and what is repeated of its operands.
  Operation *cloneInto(mlir::OpBuilder &body, Operation *op, mlir::IRMapping &inside, bool inScan = false) {
    bool isOnClock = op->getNumResults() == 0 || rnn::clockOf(op->getResult(0).getType());
    for (Value operand : op->getOperands()) {
      if (inside.contains(operand))
        continue;
      Operation *from = operand.getDefiningOp();
      bool isOfGroup = isSlot(from) || bool(rnn::clockOf(operand.getType())) == isOnClock;
      bool isOfRows = inScan && llvm::isa<rnn::CrossOp>(op); // they stand outside, on a clock of their own
      bool isRepeatedHere =
          (isRepeated(from) && isOfGroup && !isOfRows) || (inScan && llvm::isa_and_present<rnn::CrossOp>(from));
      if (isRepeatedHere)
        cloneInto(body, from, inside, inScan);
      else
        inside.map(operand, atTop(operand));
    }
    return body.clone(*op, inside);
  }

  /// Results of the step's operations that others use: in other steps, or as what a slot was written. Other loops repeat
  /// what crosses to pairs: they use what it crosses from.
  llvm::SmallVector<Value> usedOutside(const Step &step) {
    llvm::SmallSetVector<Value, 8> used;
    auto stepOf = [&](Operation *op) {
      auto it = op ? steps.find(op) : steps.end();
      return it == steps.end() ? nullptr : &list[it->second];
    };
    auto isOutside = [&](Operation *user) { return stepOf(user) != &step; };
    for (Operation *op : step.ops)
      for (Value result : op->getResults())
        for (Operation *user : result.getUsers()) {
          bool isNeeded = isOutside(user);
          if (auto next = llvm::dyn_cast<rnn::NextOp>(user))
            isNeeded = llvm::any_of(next.getSlot().getUsers(), [&](Operation *reader) {
              return llvm::isa<rnn::ReadOp>(reader) && isOutside(reader);
            });
          if (!isNeeded)
            continue;
          const Step *other = stepOf(user);
          bool isRepeated = llvm::isa<rnn::CrossOp>(op) && other && other->kind == Step::Kind::Scan;
          if (!isRepeated)
            used.insert(result);
          else if (Value from = op->getOperand(0); !isOutside(from.getDefiningOp()))
            used.insert(from);
        }
    return used.takeVector();
  }

  template <typename GroupOp>
  void finish(GroupOp group, mlir::OpBuilder &body, llvm::ArrayRef<Value> used, mlir::IRMapping &inside) {
    llvm::SmallVector<Value> results;
    for (Value value : used)
      results.push_back(inside.lookup(value));
    body.create<step::YieldOp>(group.getLoc(), results);
    values.map(used, group.getResults());
  }

  void buildPar(const Step &step) {
    llvm::SmallVector<Value> used = usedOutside(step);
    // What is repeated but has to stand at the top level comes first.
    auto par = top.create<step::ParOp>(step.ops.front()->getLoc(), mlir::ValueRange(used).getTypes());
    top.setInsertionPoint(par);
    mlir::OpBuilder body = mlir::OpBuilder::atBlockEnd(&par.getBody().emplaceBlock());
    mlir::IRMapping inside;
    for (Operation *op : step.ops)
      cloneInto(body, op, inside);
    finish(par, body, used, inside);
    top.setInsertionPointAfter(par);
  }

  //===--- Scans ---===//

  void buildScan(const Step &step) {
    llvm::SmallVector<Value> used = usedOutside(step);
    llvm::DenseSet<Operation *> members(step.ops.begin(), step.ops.end());
    bool reverse = llvm::any_of(step.ops, [](Operation *op) {
      return llvm::isa<rnn::ReadOp, rnn::TakeOp>(op) && op->getOperand(0).getDefiningOp()->hasAttr("reverse");
    });
    auto scan = top.create<step::ScanOp>(step.ops.front()->getLoc(), mlir::ValueRange(used).getTypes(), step.clock,
                                         reverse, rnn::ScopeAttr());
    top.setInsertionPoint(scan);
    mlir::OpBuilder body = mlir::OpBuilder::atBlockEnd(&scan.getBody().emplaceBlock());
    mlir::IRMapping inside;
    for (Operation *op : step.ops)
      if (llvm::isa<rnn::NextOp, rnn::TakeOp>(op))
        body.clone(*op->getOperand(0).getDefiningOp(), inside);
    for (Operation *op : step.ops)
      if (Value ahead = seenAhead(op, step, members, body, inside))
        inside.map(op->getResult(0),
                   body.create<rnn::LatestOp>(op->getLoc(), op->getResult(0).getType(), ahead, reverse, nullptr));
      else
        cloneInto(body, op, inside, /*inScan=*/true);
    finish(scan, body, used, inside);
    top.setInsertionPointAfter(scan);
  }

  /// What an operation of the loop sees, on an event of the loop, of a value outside, led to each step ahead of the
  /// loop: null if it is no such operation. A slot that cannot be seen ahead becomes the loop's.
  Value seenAhead(Operation *op, const Step &step, const llvm::DenseSet<Operation *> &members, mlir::OpBuilder &body,
                  mlir::IRMapping &inside) {
    if (auto read = llvm::dyn_cast<rnn::ReadOp>(op)) {
      auto state = read.getSlot().getDefiningOp<rnn::StateOp>();
      if (inside.contains(state.getSlot()))
        return {};
      if (isKnownAhead(state.getScopeAttr(), members))
        return readBefore(read, atSteps(read.getType(), step.clock));
      rnn::NextOp next = rnn::writerOf(state);
      body.clone(*state, inside);
      cloneInto(body, next, inside, /*inScan=*/true);
      return {};
    }
    auto latest = llvm::dyn_cast<rnn::LatestOp>(op);
    if (!latest || !isKnownAhead(latest.getScopeAttr(), members))
      return {};
    Value x = latest.getX();
    bool isRepeatedHere = isRepeated(x.getDefiningOp()) && rnn::isSelection(rnn::clockOf(x.getType()), step.clock);
    bool isOutside = !inside.contains(x) && !isRepeatedHere;
    rnn::StreamType type = atSteps(latest.getX().getType(), step.clock);
    if (!isOutside || x.getType() == type)
      return {};
    return top.create<rnn::LatestOp>(latest.getLoc(), type, atTop(x), latest.getReverse(), latest.getScopeAttr());
  }

  /// The same value at each step of a loop; its rows, if it has some, stay.
  static rnn::StreamType atSteps(rnn::StreamType type, rnn::ClockInterface steps) {
    auto pair = llvm::dyn_cast<rnn::PairClockAttr>(type.getClock());
    return type.withClock(pair ? rnn::PairClockAttr::get(steps, pair.getSource(), pair.getPer()) : steps);
  }

  /// True if no cut of the scope is made by an event of the loop.
  bool isKnownAhead(rnn::ScopeAttr scope, const llvm::DenseSet<Operation *> &members) const {
    bool known = true;
    if (scope)
      scope.walk([&](rnn::EventClockAttr clock) { known &= !members.contains(events.lookup(clock)); });
    return known;
  }

  rnn::ModelOp model;
  rnn::Condensation condensation;
  std::vector<Step> list;
  llvm::DenseMap<Operation *, size_t> steps;     // into list
  llvm::DenseMap<Operation *, int64_t> floating; // of what is made where it is used: the first step that can use it
  llvm::DenseMap<Operation *, bool> prepared;
  llvm::DenseMap<mlir::Attribute, Operation *> events; // by clock
  mlir::IRMapping values;                              // of the model, at the top level
  mlir::OpBuilder top{model.getContext()};
};

struct FormScans : impl::FormScansBase<FormScans> {
  void runOnOperation() override {
    for (rnn::ModelOp model : llvm::make_early_inc_range(getOperation().getOps<rnn::ModelOp>()))
      Scheduler(model).run();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createFormScansPass() { return std::make_unique<FormScans>(); }

} // namespace rondo::schedule
