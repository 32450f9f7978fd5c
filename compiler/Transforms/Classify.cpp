// Tells of each loop and each output what decides how it can be scheduled. Nothing is changed.
//
//   h' = tanh(W @ x + U @ h)  =>  remark: loop through h: forward, on step, degree 2 or more, Jacobian dense,
//                                 coefficients made of the state; not affine: line 3 puts h under tanh
//
// A loop's slots are its state. Each of its values is classified by what it makes of the values read: its degree, the
// structure of its Jacobian, and whether coefficients are free of the state. Other passes ask for the facts themselves.
#include "compiler/Transforms/Classify.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_CLASSIFY
#include "compiler/Transforms/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

//===--- Loops -------------------------------------------------------------------------------------------------===//

namespace {

/// What a value of a loop makes of the loop's state.
struct Dependence {
  int degree = 0;
  Jacobian jacobian = Jacobian::Zero;
  Operation *slot = nullptr; // of which slot; of the first, if it is of several
  bool freeCoefficients = true;

  bool exists() const { return degree > 0 || !freeCoefficients; }
};

/// How operations combine what their operands make of the state.
class LoopAnalysis {
public:
  explicit LoopAnalysis(const Component &loop) : loop(loop) {
    for (Operation *op : loop.ops)
      if (auto event = llvm::dyn_cast<EventOp>(op))
        events.insert(event.getClock());
  }

  LoopFacts run() {
    for (Operation *op : loop.ops) {
      if (auto event = llvm::dyn_cast<EventOp>(op)) {
        facts.freeCoefficients &= of(event.getCondition()).freeCoefficients;
        continue;
      }
      if (llvm::isa<NextOp, PutOp>(op)) {
        write(op);
        continue;
      }
      Dependence result = visit(op);
      auto ticksByState = [&](EventClockAttr clock) { result.freeCoefficients &= !events.contains(clock); };
      for (Value value : op->getResults()) {
        ClockInterface clock = clockOf(value.getType());
        clock.walk(ticksByState);
        if (!llvm::is_contained(facts.clocks, clock))
          facts.clocks.push_back(clock);
      }
      if (!facts.bend && (result.degree > 1 || !result.freeCoefficients)) {
        facts.bend = op;
        facts.bent = result.slot;
      }
      if (!facts.mix && result.jacobian == Jacobian::Dense)
        facts.mix = op;
      for (Value value : op->getResults())
        values[value] = result;
    }
    return facts;
  }

private:
  Dependence of(Value value) const { return values.lookup(value); }

  void write(Operation *op) {
    Operation *slot = op->getOperand(0).getDefiningOp();
    Dependence written = of(op->getOperand(1));
    if (!llvm::is_contained(facts.slots, slot)) {
      facts.slots.push_back(slot);
      facts.reverse = slot->hasAttr("reverse");
    }
    facts.degree = std::max(facts.degree, written.degree);
    facts.freeCoefficients &= written.freeCoefficients;
    bool isOwn = written.slot == slot || written.jacobian == Jacobian::Zero;
    if (!isOwn && !facts.mix)
      facts.mix = op;
    facts.jacobian = std::max(facts.jacobian, isOwn ? written.jacobian : Jacobian::Dense);
  }

  Dependence visit(Operation *op) const {
    if (llvm::isa<ReadOp, TakeOp>(op))
      return {1, Jacobian::Identity, op->getOperand(0).getDefiningOp(), true};
    llvm::SmallVector<Dependence> in;
    for (Value operand : op->getOperands())
      if (Dependence dependence = of(operand); dependence.exists())
        in.push_back(dependence);
    if (in.empty())
      return {};

    if (llvm::isa<ReshapeOp, StopOp>(op))
      return in.front();
    if (auto straight = llvm::dyn_cast<StraightOp>(op))
      return of(straight.getA());
    if (llvm::isa<AddOp, SubOp, NegOp>(op))
      return sum(in, llvm::isa<AddOp>(op) && in.size() == 1 ? Jacobian::Identity : Jacobian::Diagonal);
    if (llvm::isa<SelectOp>(op)) // the state that decides, of degree 0, is among the coefficients
      return sum(in, Jacobian::Diagonal);
    if (llvm::isa<MulOp>(op))
      return product(in, Jacobian::Diagonal);
    if (auto scale = llvm::dyn_cast<ScaleOp>(op))
      return product(in, of(scale.getBy()).degree > 0 ? Jacobian::Dense : Jacobian::Diagonal);
    // Linear in one of two operands.
    if (auto div = llvm::dyn_cast<DivOp>(op); div && !of(div.getB()).exists())
      return sum(in, Jacobian::Diagonal);
    if (llvm::isa<DtanhOp, DsigmoidOp>(op) && !of(op->getOperand(0)).exists())
      return sum(in, Jacobian::Diagonal);
    if (llvm::isa<MatmulOp, OuterOp, EmbedOp>(op))
      return product(in, Jacobian::Dense);
    if (isMovement(op) || llvm::isa<LatestOp, CrossOp, WindowOp, OverlapOp, CumsumOp>(op) || isSum(op))
      return sum(in, Jacobian::Dense);
    return curve(in, op);
  }

  static bool isSum(Operation *op) {
    auto isLinear = [](Reduction kind) { return kind != Reduction::Max; };
    if (auto fold = llvm::dyn_cast<FoldOp>(op))
      return isLinear(fold.getKind());
    auto reduce = llvm::dyn_cast<ReduceOp>(op);
    return reduce && isLinear(reduce.getKind());
  }

  /// Linear in all operands together; by itself of this structure.
  static Dependence sum(llvm::ArrayRef<Dependence> in, Jacobian structure) {
    Dependence result = in.front();
    for (const Dependence &other : in.drop_front()) {
      bool both = result.jacobian != Jacobian::Zero && other.jacobian != Jacobian::Zero;
      if (both && result.slot != other.slot)
        result.jacobian = Jacobian::Dense;
      else
        result.jacobian = std::max(result.jacobian, other.jacobian);
      if (result.degree == 0)
        result.slot = other.slot;
      result.degree = std::max(result.degree, other.degree);
      result.freeCoefficients &= other.freeCoefficients;
    }
    if (result.jacobian != Jacobian::Zero)
      result.jacobian = std::max(result.jacobian, structure);
    return result;
  }

  /// Linear in each operand.
  static Dependence product(llvm::ArrayRef<Dependence> in, Jacobian structure) {
    Dependence result = sum(in, structure);
    int degree = 0;
    for (const Dependence &factor : in)
      degree += factor.degree;
    result.degree = std::min(degree, 2);
    result.freeCoefficients &= degree < 2;
    return result;
  }

  /// Anything else. What has few values is constant between its jumps.
  static Dependence curve(llvm::ArrayRef<Dependence> in, Operation *op) {
    Dependence result = sum(in, llvm::isa<Pointwise>(op) ? Jacobian::Diagonal : Jacobian::Dense);
    result.freeCoefficients = false;
    bool jumps = llvm::isa<FloorOp>(op) || !elementOf(op->getResult(0).getType()).isF32();
    if (jumps)
      result.jacobian = Jacobian::Zero;
    result.degree = jumps || result.degree == 0 ? 0 : 2;
    return result;
  }

  const Component &loop;
  llvm::DenseSet<EventClockAttr> events; // defined in the loop
  llvm::DenseMap<Value, Dependence> values;
  LoopFacts facts;
};

} // namespace

LoopFacts classifyLoop(const Component &loop) { return LoopAnalysis(loop).run(); }

//===--- Values ------------------------------------------------------------------------------------------------===//

namespace {

/// The later of two times at which something is known.
ClockInterface later(ClockInterface a, ClockInterface b) {
  if (!a || !b || a == b)
    return a ? a : b;
  auto one = llvm::dyn_cast<AxisClockAttr>(a), other = llvm::dyn_cast<AxisClockAttr>(b);
  if (one && other && one.contains(other))
    return one;
  if (one && other && other.contains(one))
    return other;
  return AxisClockAttr::getSample(a.getContext());
}

/// Which values an operation sees, and what says how it looks along time, if it does: of a read its slot.
std::pair<Timed, llvm::SmallVector<Value>> sightOf(Operation *op) {
  if (!llvm::isa<ReadOp, TakeOp>(op))
    return {llvm::dyn_cast<Timed>(op), llvm::SmallVector<Value>(op->getOperands())};
  Operation *slot = op->getOperand(0).getDefiningOp();
  llvm::SmallVector<Value> written;
  for (Operation *user : slot->getUsers())
    if (llvm::isa<NextOp, PutOp>(user))
      written.push_back(user->getOperand(1));
  return {llvm::cast<Timed>(slot), written};
}

/// Where time that runs backward begins: at the nearest cut, of which the first is one bound.
ClockInterface endOf(ScopeAttr scope, mlir::MLIRContext *context) {
  return scope ? scope.getCuts().front().getClock() : ClockInterface(AxisClockAttr::getSample(context));
}

} // namespace

ValueFacts::ValueFacts(ModelOp model) {
  mlir::Block &block = model.getBody().front();
  for (EventOp event : model.getOps<EventOp>())
    conditions[event.getClock()] = event.getCondition();
  various.insert(block.args_begin(), block.args_end());
  // Until nothing is added any more: slots lead backward.
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &op : block) {
      ClockInterface time = knownAt(&op);
      bool isNew = isVarious(&op);
      for (Value result : op.getResults()) {
        changed |= isNew && various.insert(result).second;
        ClockInterface &place = known[result];
        ClockInterface then = later(place, time);
        changed |= then != place;
        place = then;
      }
    }
  }
}

bool ValueFacts::isVarious(ClockInterface clock) const {
  if (auto every = llvm::dyn_cast<EveryClockAttr>(clock))
    return every.getReverse() || isVarious(every.getScope()) || isVarious(every.getOf());
  auto axis = llvm::dyn_cast<AxisClockAttr>(clock);
  return !axis || axis.isSample(); // an event, rows of some other base, or where each sample ends
}

bool ValueFacts::isVarious(ScopeAttr scope) const {
  return scope && llvm::any_of(scope.getCuts(), [&](CutAttr cut) {
           return llvm::isa<AxisClockAttr>(cut.getClock()) || isVarious(cut.getClock());
         });
}

bool ValueFacts::isVarious(Operation *op) const {
  if (op->getNumResults() == 0 || llvm::isa<StateOp, AccumOp>(op))
    return false;
  ClockInterface clock = clockOf(op->getResult(0).getType());
  if (!clock || llvm::isa<LiftOp, ConstOp>(op))
    return false; // of tensors and constants
  if (llvm::isa<RandomOp, CtcOp, DctcOp>(op) || op->hasAttr("per"))
    return true;
  auto [timed, from] = sightOf(op);
  if (timed && (timed.getReverse() || isVarious(timed.getScopeAttr()) || isVarious(clock)))
    return true;
  return llvm::any_of(from, [&](Value value) {
    ClockInterface other = clockOf(value.getType());
    bool crosses = other && other != clock;
    return !isUniform(value) ||
           (crosses && (isVarious(clock) || isVarious(other) || rootAxis(clock) != rootAxis(other)));
  });
}

/// When it is known which of the operation's ticks there are.
ClockInterface ValueFacts::ticksKnownAt(Operation *op) const {
  ClockInterface time;
  auto visit = [&](mlir::Attribute attr) {
    if (auto event = llvm::dyn_cast<EventClockAttr>(attr))
      time = later(time, knownAt(conditions.lookup(event)));
    else if (auto every = llvm::dyn_cast<EveryClockAttr>(attr); every && every.getReverse())
      time = later(time, endOf(every.getScope(), op->getContext()));
  };
  for (mlir::Type type : op->getResultTypes())
    type.walk(visit);
  op->getAttrDictionary().walk(visit);
  return time;
}

ClockInterface ValueFacts::knownAt(Operation *op) const {
  if (op->getNumResults() == 0 || llvm::isa<StateOp, AccumOp>(op))
    return {};
  mlir::MLIRContext *context = op->getContext();
  ClockInterface clock = clockOf(op->getResult(0).getType()), sample = AxisClockAttr::getSample(context);
  auto [timed, from] = sightOf(op);
  ClockInterface time;
  auto cross = llvm::dyn_cast<CrossOp>(op);
  bool fromSource = cross && cross.isFromSource();
  bool isMemory = fromSource && !haveOneRoot(cross.getPair().getTarget(), cross.getPair().getSource());
  for (Value value : from)
    time = isMemory ? time : later(time, knownAt(value)); // another sequence is there before this one begins
  if (!clock)                                             // a sum over all ticks
    return llvm::any_of(from, [](Value value) { return bool(clockOf(value.getType())); }) ? sample : time;
  if (timed && timed.getReverse())
    time =
        later(time, llvm::isa<LatestOp>(op) ? clockOf(from.front().getType()) : endOf(timed.getScopeAttr(), context));
  if (auto per = op->getAttrOfType<ClockInterface>("per"); per && !(llvm::isa<CumsumOp>(op) && !op->hasAttr("reverse")))
    time = later(time, per);
  if (fromSource && !isMemory) // rows to come, too
    time = later(time, cross.getPair().getPer() ? cross.getPair().getPer() : sample);
  time = later(time, ticksKnownAt(op));
  // What is known at a tick of `time` is known by the ticks of `clock` that are among them.
  auto pair = llvm::dyn_cast<PairClockAttr>(clock);
  return time && isSelection(pair ? pair.getTarget() : clock, time) ? ClockInterface() : time;
}

//===--- Remarks -----------------------------------------------------------------------------------------------===//

namespace {

llvm::StringRef pathOf(Operation *slot) { return slot->getAttrOfType<mlir::StringAttr>("path").getValue(); }

/// The line that says what is computed: of an applied cell's equation that in the cell.
void addPlace(mlir::InFlightDiagnostic &remark, Operation *op) {
  mlir::LocationAttr loc = op->getLoc();
  if (auto place = loc.findInstanceOf<mlir::FileLineColLoc>())
    remark << "line " << place.getLine();
  else
    remark << "an equation";
}

std::string wordsOf(ClockInterface clock) {
  return wordsOf(clock, [](EventClockAttr) { return std::string("an event comes"); });
}

/// What makes a large matrix of vectors for the loop, through operations on elements; null if nothing does.
Operation *spreadFor(const Component &loop) {
  llvm::SmallSetVector<Operation *, 8> known;
  for (Operation *op : loop.ops)
    for (mlir::Value operand : op->getOperands())
      if (operand.getDefiningOp())
        known.insert(operand.getDefiningOp());
  for (size_t i = 0; i < known.size(); ++i) { // it grows
    Operation *op = known[i];
    if (op->getNumResults() != 1 || !isLargeMatrix(op->getResult(0).getType()))
      continue;
    if (isSpread(op))
      return op;
    if (isElementwise(op))
      for (mlir::Value operand : op->getOperands())
        if (operand.getDefiningOp())
          known.insert(operand.getDefiningOp());
  }
  return nullptr;
}

void remarkOn(const Component &loop) {
  LoopFacts facts = classifyLoop(loop);
  if (facts.slots.empty())
    return;
  mlir::InFlightDiagnostic remark = mlir::emitRemark(facts.slots.front()->getLoc(), "loop through ");
  llvm::interleaveComma(facts.slots, remark, [&](Operation *slot) { remark << pathOf(slot); });
  remark << (facts.reverse ? ": backward" : ": forward") << ", on ";
  llvm::interleave(facts.clocks, remark, [&](ClockInterface clock) { remark << wordsOf(clock); }, " and ");
  const char *structures[] = {"zero", "identity", "diagonal", "dense"};
  remark << ", degree " << facts.degree << (facts.degree > 1 ? " or more" : "") << ", Jacobian "
         << structures[int(facts.jacobian)] << ", coefficients " << (facts.freeCoefficients ? "free" : "made")
         << " of the state";
  Operation *reason = nullptr;
  if (!facts.isAffine() && facts.bend) {
    reason = facts.bend;
    remark << "; not affine: ";
    addPlace(remark, reason);
    remark << " puts " << pathOf(facts.bent) << " under " << reason->getName().stripDialect();
  } else if (facts.jacobian == Jacobian::Dense) {
    reason = facts.mix;
    remark << "; affine, not diagonal: ";
    addPlace(remark, reason);
    remark << " mixes by " << reason->getName().stripDialect();
  } else if ((reason = spreadFor(loop))) {
    remark << "; step by step all the same: ";
    addPlace(remark, reason);
    remark << " makes a matrix of vectors, which stays in the loop";
  }
  if (reason)
    remark.attachNote(reason->getLoc()) << "here";
}

void remarkOn(ReturnOp op, const ValueFacts &facts) {
  for (auto [index, value] : llvm::enumerate(op.getValues())) {
    mlir::Location loc = value.getDefiningOp() ? value.getDefiningOp()->getLoc() : op.getLoc();
    mlir::InFlightDiagnostic remark = mlir::emitRemark(loc, "output ") << op.getName(index) << ": ";
    remark << (facts.isUniform(value) ? "the same for every sample" : "by sample") << ", known at ";
    ClockInterface time = facts.knownAt(value);
    if (!time)
      remark << "its own tick";
    else if (time.isSample())
      remark << "the end of the sequence";
    else
      remark << "the end of " << wordsOf(time);
  }
}

struct Classify : impl::ClassifyBase<Classify> {
  void runOnOperation() override {
    Condensation condensation(getOperation());
    for (const Component &component : condensation.components())
      if (component.isLoop())
        remarkOn(component);
    remarkOn(llvm::cast<ReturnOp>(getOperation().getBody().front().getTerminator()), ValueFacts(getOperation()));
    markAllAnalysesPreserved();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createClassifyPass() { return std::make_unique<Classify>(); }

} // namespace rondo::rnn
