// Clocks: how they are made unique, how they relate; scopes; initialisers.
#include "compiler/IR/Rnn.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rondo::rnn;

#include "compiler/IR/RnnAttrInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/IR/RnnAttrs.cpp.inc"

void RnnDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/IR/RnnAttrs.cpp.inc"
      >();
}

bool ClockInterface::isSample() const {
  auto axis = dyn_cast<AxisClockAttr>(static_cast<Attribute>(*this));
  return axis && axis.isSample();
}

//===--- Axes --------------------------------------------------------------------------------------------------===//

static constexpr llvm::StringLiteral sampleName = "sample";

/// `sample` is what an axis lies in if nothing is said.
static ClockInterface stored(ClockInterface coarser) {
  return coarser && coarser.isSample() ? ClockInterface() : coarser;
}

AxisClockAttr AxisClockAttr::get(MLIRContext *context, StringRef name, ClockInterface parent) {
  return Base::get(context, StringAttr::get(context, name), stored(parent));
}

AxisClockAttr AxisClockAttr::getChecked(function_ref<InFlightDiagnostic()> emitError, MLIRContext *context,
                                        StringRef name, ClockInterface parent) {
  return Base::getChecked(emitError, context, StringAttr::get(context, name), stored(parent));
}

AxisClockAttr AxisClockAttr::getSample(MLIRContext *context) { return get(context, sampleName); }

bool AxisClockAttr::isSample() const { return getName() == sampleName; }

ClockInterface AxisClockAttr::getParent() const {
  if (isSample())
    return {};
  return getOuter() ? getOuter() : ClockInterface(getSample(getContext()));
}

ClockInterface AxisClockAttr::getRoot() const { return *this; }

bool AxisClockAttr::contains(AxisClockAttr other) const {
  for (ClockInterface axis = other; axis; axis = axis.getParent())
    if (axis == *this)
      return true;
  return false;
}

LogicalResult AxisClockAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr name,
                                    ClockInterface outer) {
  if (name.empty())
    return emitError() << "an axis has a name";
  if (outer && !isa<AxisClockAttr>(outer))
    return emitError() << "axis \"" << name.getValue() << "\" lies in " << outer << ", which is no axis [C1]";
  if (outer && name == sampleName)
    return emitError() << "\"sample\" is the coarsest axis and lies in no other [C1]";
  for (ClockInterface axis = outer; axis; axis = cast<AxisClockAttr>(axis).getOuter())
    if (cast<AxisClockAttr>(axis).getName() == name)
      return emitError() << "axis \"" << name.getValue() << "\" lies in itself [C1]";
  return success();
}

//===--- Every -------------------------------------------------------------------------------------------------===//

ClockInterface EveryClockAttr::get(int64_t period, int64_t phase, ClockInterface of) {
  return get(period, phase, of, /*reverse=*/false, ScopeAttr());
}

ClockInterface EveryClockAttr::get(int64_t period, int64_t phase, ClockInterface of, bool reverse, ScopeAttr scope) {
  if (period == 1 && phase == 0)
    return of;
  // Every P-th, from the K-th, of every Q-th from the J-th is every PQ-th from the (J + KQ)-th.
  auto inner = dyn_cast<EveryClockAttr>(of);
  if (inner && inner.getReverse() == reverse && inner.getScope() == scope) {
    int64_t product, offset, sum;
    if (!llvm::MulOverflow(period, inner.getPeriod(), product) &&
        !llvm::MulOverflow(phase, inner.getPeriod(), offset) && !llvm::AddOverflow(offset, inner.getPhase(), sum))
      return Base::get(of.getContext(), product, sum, inner.getOf(), reverse, scope);
  }
  return Base::get(of.getContext(), period, phase, of, reverse, scope);
}

ClockInterface EveryClockAttr::getChecked(function_ref<InFlightDiagnostic()> emitError, int64_t period, int64_t phase,
                                          ClockInterface of) {
  return getChecked(emitError, period, phase, of, /*reverse=*/false, ScopeAttr());
}

ClockInterface EveryClockAttr::getChecked(function_ref<InFlightDiagnostic()> emitError, int64_t period, int64_t phase,
                                          ClockInterface of, bool reverse, ScopeAttr scope) {
  if (failed(verify(emitError, period, phase, of, reverse, scope)))
    return {};
  return get(period, phase, of, reverse, scope);
}

ClockInterface EveryClockAttr::getParent() const { return getOf(); }
ClockInterface EveryClockAttr::getRoot() const { return rootAxis(getOf()); }

LogicalResult EveryClockAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t period, int64_t phase,
                                     ClockInterface of, bool, ScopeAttr) {
  if (period < 1)
    return emitError() << "a period of " << period << " is not positive [C4]";
  if (phase < 0 || phase >= period)
    return emitError() << "phase " << phase << " is not in 0.." << period - 1 << " [C4]";
  if (isa<PairClockAttr>(of))
    return emitError() << "no clock selects from " << of << ", a pair clock: select from its target [C3]";
  return success();
}

//===--- Events and pairs --------------------------------------------------------------------------------------===//

EventClockAttr EventClockAttr::get(int64_t id, ClockInterface of) { return Base::get(of.getContext(), id, of); }

EventClockAttr EventClockAttr::getChecked(function_ref<InFlightDiagnostic()> emitError, int64_t id, ClockInterface of) {
  return Base::getChecked(emitError, of.getContext(), id, of);
}

ClockInterface EventClockAttr::getParent() const { return getOf(); }
ClockInterface EventClockAttr::getRoot() const { return rootAxis(getOf()); }

LogicalResult EventClockAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t id, ClockInterface of) {
  if (id < 0)
    return emitError() << "an event's number " << id << " is negative";
  if (isa<PairClockAttr>(of))
    return emitError() << "no clock selects from " << of << ", a pair clock: select from its target [C3]";
  return success();
}

PairClockAttr PairClockAttr::get(ClockInterface target, ClockInterface source, ClockInterface per) {
  return Base::get(target.getContext(), target, source, stored(per));
}

PairClockAttr PairClockAttr::getChecked(function_ref<InFlightDiagnostic()> emitError, ClockInterface target,
                                        ClockInterface source, ClockInterface per) {
  return Base::getChecked(emitError, target.getContext(), target, source, stored(per));
}

ClockInterface PairClockAttr::getParent() const { return getTarget(); }
ClockInterface PairClockAttr::getRoot() const { return rootAxis(getTarget()); }

LogicalResult PairClockAttr::verify(function_ref<InFlightDiagnostic()> emitError, ClockInterface target,
                                    ClockInterface source, ClockInterface per) {
  for (ClockInterface side : {target, source}) {
    if (isa<PairClockAttr>(side))
      return emitError() << "a pair of " << side << ": at most one axis is collected [T2]";
    if (per && !haveOneRoot(per, side))
      return emitError() << "ticks of " << side << " lie in no tick of " << per << ", another base [C7]";
  }
  if (per && isa<PairClockAttr>(per))
    return emitError() << "pairs meet per " << per << ", a pair clock [T2]";
  return success();
}

//===--- Relations ---------------------------------------------------------------------------------------------===//

AxisClockAttr rondo::rnn::rootAxis(ClockInterface clock) {
  while (!isa<AxisClockAttr>(clock))
    clock = clock.getParent();
  return cast<AxisClockAttr>(clock);
}

bool rondo::rnn::haveOneRoot(ClockInterface a, ClockInterface b) {
  AxisClockAttr one = rootAxis(a), other = rootAxis(b);
  return one.contains(other) || other.contains(one);
}

/// True if each tick of one axis's clock is a tick of another.
static bool isTickOf(ClockInterface coarse, ClockInterface fine) {
  if (coarse == fine)
    return true;
  if (auto every = dyn_cast<EveryClockAttr>(coarse)) {
    auto of = dyn_cast<EveryClockAttr>(fine);
    // Every 4th tick is one of every 2nd, though the attribute names neither.
    if (of && every.getOf() == of.getOf() && every.getReverse() == of.getReverse() &&
        every.getScope() == of.getScope() && every.getPeriod() % of.getPeriod() == 0 &&
        every.getPhase() % of.getPeriod() == of.getPhase())
      return true;
    return isTickOf(every.getOf(), fine);
  }
  if (auto event = dyn_cast<EventClockAttr>(coarse))
    return isTickOf(event.getOf(), fine);
  auto segment = dyn_cast<AxisClockAttr>(coarse), axis = dyn_cast<AxisClockAttr>(fine);
  return segment && axis && segment.contains(axis);
}

bool rondo::rnn::isSelection(ClockInterface coarse, ClockInterface fine) {
  auto coarsePair = dyn_cast<PairClockAttr>(coarse), finePair = dyn_cast<PairClockAttr>(fine);
  if (!coarsePair && !finePair)
    return isTickOf(coarse, fine);
  return coarsePair && finePair && coarsePair.getSource() == finePair.getSource() &&
         coarsePair.getPer() == finePair.getPer() && isTickOf(coarsePair.getTarget(), finePair.getTarget());
}

std::string rondo::rnn::wordsOf(ClockInterface clock, function_ref<std::string(EventClockAttr)> event) {
  if (auto axis = dyn_cast<AxisClockAttr>(clock))
    return axis.getName().str();
  if (auto every = dyn_cast<EveryClockAttr>(clock))
    return wordsOf(every.getOf(), event) + " when every(" + std::to_string(every.getPeriod()) +
           (every.getPhase() ? ", phase = " + std::to_string(every.getPhase()) : "") + ")" +
           (every.getReverse() ? " from the end" : "");
  if (auto selected = dyn_cast<EventClockAttr>(clock))
    return wordsOf(selected.getOf(), event) + " when " + event(selected);
  return wordsOf(cast<PairClockAttr>(clock).getTarget(), event);
}

//===--- Scopes ------------------------------------------------------------------------------------------------===//

LogicalResult ScopeAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<CutAttr> cuts) {
  if (cuts.empty())
    return emitError() << "a scope without cuts is written as no scope";
  for (CutAttr cut : cuts)
    if (isa<PairClockAttr>(cut.getClock()))
      return emitError() << "a scope is cut by " << cut.getClock() << ", a pair clock [S4]";
  return success();
}

//===--- Initialisers ------------------------------------------------------------------------------------------===//

InitAttr InitAttr::get(MLIRContext *context, InitKind kind, double scale, DenseElementsAttr values) {
  if (values && values.isSplat())
    values = values.resizeSplat(RankedTensorType::get({}, values.getElementType()));
  return Base::get(context, kind, FloatAttr::get(Float64Type::get(context), scale), values);
}
