// What each operation demands of its own operands and result. Refusals cite the rule of the language.
#include "compiler/IR/Literal.h"
#include "compiler/IR/Rnn.h"
#include "compiler/IR/Verify.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rondo::rnn;

//===--- Shared checks -----------------------------------------------------------------------------------------===//

/// A crossing changes the clock and nothing else.
static LogicalResult verifySameValue(Operation *op, Type from, Type to) {
  if (shapeOf(from) != shapeOf(to) || elementOf(from) != elementOf(to))
    return op->emitOpError() << "makes " << to << " of " << from << ": shape and elements stay [T4]";
  return success();
}

/// Ticks of both clocks are located on one axis. Values over a source's rows keep the rows.
static LogicalResult verifyOneRoot(Operation *op, ClockInterface from, ClockInterface to, StringRef rule) {
  auto fromPair = dyn_cast<PairClockAttr>(from), toPair = dyn_cast<PairClockAttr>(to);
  if (bool(fromPair) != bool(toPair))
    return op->emitOpError() << "leads between " << from << " and " << to << ": only cross and reduce do [T2]";
  if (fromPair && (fromPair.getSource() != toPair.getSource() || fromPair.getPer() != toPair.getPer()))
    return op->emitOpError() << "leads between " << from << " and " << to << ": the source rows differ [T2]";
  if (!haveOneRoot(from, to))
    return op->emitOpError() << "leads between " << from << " and " << to << ", which have no base in common " << rule;
  return success();
}

LogicalResult rondo::rnn::verifyScope(Operation *op, ClockInterface clock) {
  ScopeAttr scope = cast<Timed>(op).getScopeAttr();
  if (!scope)
    return success();
  for (CutAttr cut : scope.getCuts())
    if (!haveOneRoot(cut.getClock(), clock))
      return op->emitOpError() << "on " << clock << " restarts at " << cut.getClock() << ", of another base [S4]";
  return success();
}

static LogicalResult verifyReduction(Operation *op, Reduction kind, Type element) {
  bool real = element.isF32(), number = real || element.isInteger(64);
  if (kind == Reduction::Mean ? !real : kind != Reduction::First && !number)
    return op->emitOpError() << "takes no " << stringifyReduction(kind) << " of " << element << " [C7]";
  return success();
}

/// The result of an operation on the inside of values stays on their clock.
static LogicalResult verifySameClock(Operation *op, Type x, Type result) {
  if (clockOf(x) == clockOf(result))
    return success();
  return op->emitOpError() << "makes " << result << " of " << x << ": the clock stays [C2]";
}

//===--- Slots -------------------------------------------------------------------------------------------------===//

LogicalResult StateOp::verify() { return verifyScope(*this, getSlot().getType().getStream().getClock()); }
LogicalResult AccumOp::verify() { return verifyScope(*this, getSlot().getType().getStream().getClock()); }

LogicalResult ReadOp::verify() {
  StreamType stream = getSlot().getType().getStream();
  if (failed(verifySameValue(*this, stream, getType())))
    return failure();
  return verifyOneRoot(*this, stream.getClock(), getType().getClock(), "[S3]");
}

LogicalResult PutOp::verify() {
  StreamType stream = getSlot().getType().getStream(), value = getValue().getType();
  if (failed(verifySameValue(*this, value, stream)))
    return failure();
  return verifyOneRoot(*this, value.getClock(), stream.getClock(), "[S3]");
}

//===--- Crossings ---------------------------------------------------------------------------------------------===//

LogicalResult rondo::rnn::verifyCrossing(Operation *op, StringRef rule) {
  auto x = cast<StreamType>(op->getOperand(0).getType()), result = cast<StreamType>(op->getResult(0).getType());
  if (failed(verifySameValue(op, x, result)) || failed(verifyScope(op, result.getClock())))
    return failure();
  return verifyOneRoot(op, x.getClock(), result.getClock(), rule);
}

LogicalResult LatestOp::verify() { return verifyCrossing(*this, getReverse() ? "[C6]" : "[C5]"); }

LogicalResult ReduceOp::verify() {
  StreamType x = getX().getType();
  ClockInterface to = getType().getClock();
  if (failed(verifySameValue(*this, x, getType())) || failed(verifyReduction(*this, getKind(), x.getElementType())) ||
      failed(verifyScope(*this, to)))
    return failure();
  auto pair = dyn_cast<PairClockAttr>(x.getClock());
  if (getToSource() && (!pair || pair.getTarget() != pair.getSource() || to != pair.getSource()))
    return emitOpError() << "says `source`, but does not lead from the pairs of a clock with itself to that clock";
  if (pair && (to == pair.getTarget() || to == pair.getSource()))
    return success();
  return verifyOneRoot(*this, x.getClock(), to, "[C7]");
}

LogicalResult CrossOp::verify() {
  StreamType x = getX().getType();
  auto pair = dyn_cast<PairClockAttr>(getType().getClock());
  if (!pair)
    return emitOpError() << "leads to " << getType().getClock() << ", no pair clock [T2]";
  if (x.getClock() != pair.getTarget() && x.getClock() != pair.getSource())
    return emitOpError() << "leads from " << x.getClock() << ", neither side of " << pair << " [T2]";
  if (getFromSource() && pair.getTarget() != pair.getSource())
    return emitOpError() << "says `source` though the sides of " << pair << " differ";
  return verifySameValue(*this, x, getType());
}

LogicalResult LiftOp::verify() { return verifySameValue(*this, getX().getType(), getType()); }

LogicalResult TickOp::verify() {
  if (getType().getRank() != 0)
    return emitOpError() << "is a scalar, not " << getType();
  return verifyScope(*this, getType().getClock());
}

//===--- Rows --------------------------------------------------------------------------------------------------===//

/// per(#c): groups rows of a stream by the ticks of #c.
static LogicalResult verifyPer(Operation *op, Value x, std::optional<ClockInterface> per) {
  if (!per)
    return success();
  ClockInterface clock = clockOf(x.getType());
  if (!clock)
    return op->emitOpError() << "goes over the rows of " << x.getType() << ", which has none [C7]";
  if (auto pair = dyn_cast<PairClockAttr>(clock)) {
    if (*per != pair.getTarget())
      return op->emitOpError() << "goes over rows per " << *per << ", not per " << pair.getTarget()
                               << ", the target of " << pair << " [T2]";
    return success();
  }
  if (isa<PairClockAttr>(*per) || !haveOneRoot(*per, clock))
    return op->emitOpError() << "goes over rows of " << clock << " per " << *per << ", of another base [C7]";
  return success();
}

LogicalResult SoftmaxOp::verify() { return verifyPer(*this, getX(), getPer()); }
LogicalResult LogSoftmaxOp::verify() { return verifyPer(*this, getX(), getPer()); }
LogicalResult CumsumOp::verify() { return verifyPer(*this, getX(), getPer()); }
LogicalResult PickOp::verify() { return verifyPer(*this, getX(), getPer()); }
LogicalResult WindowOp::verify() { return verifyPer(*this, getX(), getPer()); }
LogicalResult OverlapOp::verify() { return verifyPer(*this, getX(), getPer()); }

/// Logits and labels are rows of the loss's ticks.
static LogicalResult verifyCtc(Operation *op, StreamType logits, StreamType labels, StreamType loss) {
  auto token = dyn_cast<TokenType>(labels.getElementType());
  if (logits.getRank() != 1 || labels.getRank() != 0 || !token || loss.getRank() != 0)
    return op->emitOpError() << "takes rows of real[K] and of tokens, for a scalar, not " << logits << ", " << labels
                             << " and " << loss << " [T5]";
  if (token.getSize() > logits.getShape()[0])
    return op->emitOpError() << "has labels of " << token.getSize() << " values for " << logits.getShape()[0]
                             << " classes [T6]";
  for (StreamType rows : {logits, labels}) {
    auto pair = dyn_cast<PairClockAttr>(rows.getClock());
    if (pair ? pair.getTarget() != loss.getClock() : !haveOneRoot(rows.getClock(), loss.getClock()))
      return op->emitOpError() << "has rows on " << rows.getClock() << ", which belong to no tick of "
                               << loss.getClock() << " [C7]";
  }
  return success();
}

LogicalResult CtcOp::verify() { return verifyCtc(*this, getLogits().getType(), getLabels().getType(), getType()); }

LogicalResult DctcOp::verify() {
  return verifyCtc(*this, getLogits().getType(), getLabels().getType(), getDy().getType());
}

//===--- Products ----------------------------------------------------------------------------------------------===//

/// One value a tick on the operands' clock, or a tensor that sums over all of them.
static LogicalResult verifySummed(Operation *op, Type result) {
  ClockInterface clock;
  for (Type operand : op->getOperandTypes()) {
    ClockInterface other = clockOf(operand);
    if (clock && other && clock != other)
      return op->emitOpError() << "clocks differ: " << clock << " and " << other << " [C2]";
    clock = other ? other : clock;
  }
  if (clockOf(result) && clockOf(result) != clock)
    return op->emitOpError() << "makes " << result << ", not on its operands' clock [C2]";
  return success();
}

LogicalResult OuterOp::verify() {
  ArrayRef<int64_t> a = shapeOf(getA().getType()), b = shapeOf(getB().getType()), result = shapeOf(getType());
  SmallVector<int64_t> expected;
  if (getTransposed()) {
    if (a.size() == 2 && b.size() == 2 && a[0] == b[0])
      expected = {a[1], b[1]};
  } else if (a.size() == 1 && b.size() == 1)
    expected = {a[0], b[0]};
  else if (a.size() == 2 && b.size() == 2 && a[1] == b[1])
    expected = {a[0], b[0]};
  else if (a.empty() && b.size() == 1)
    expected = {b[0]};
  else if (a.size() == 1 && b.size() == 2 && a[0] == b[1])
    expected = {b[0]};
  if (expected.empty() || ArrayRef<int64_t>(expected) != result)
    return emitOpError() << "makes " << getType() << " of " << getA().getType() << " and " << getB().getType()
                         << " [T5]";
  return verifySummed(*this, getType());
}

LogicalResult ScatterAddOp::verify() {
  Type index = getIndex().getType(), dy = getDy().getType();
  ArrayRef<int64_t> table = shapeOf(getType());
  if (!shapeOf(index).empty() || table.empty() || table.drop_front() != shapeOf(dy))
    return emitOpError() << "adds " << dy << " at " << index << " into " << getType() << " [T6]";
  auto token = dyn_cast<TokenType>(elementOf(index));
  if (token && token.getSize() > table.front())
    return emitOpError() << "indexes an axis of " << table.front() << " by a token of " << token.getSize() << " [T6]";
  return verifySummed(*this, getType());
}

//===--- Parts of values ---------------------------------------------------------------------------------------===//

LogicalResult SplitOp::verify() {
  Type x = getX().getType();
  int64_t axis = getAxis(), rank = shapeOf(x).size(), sum = 0;
  if (axis < 0 || axis >= rank)
    return emitOpError() << "splits axis " << axis << " of " << x << " [T4]";
  for (Type part : getParts().getTypes()) {
    SmallVector<int64_t> shape(shapeOf(part));
    if (int64_t(shape.size()) == rank) {
      sum += shape[axis];
      shape[axis] = shapeOf(x)[axis];
    }
    if (valueType(shape, elementOf(part), clockOf(part)) != x)
      return emitOpError() << "makes " << part << " of " << x << " [T4]";
  }
  if (sum != shapeOf(x)[axis])
    return emitOpError() << "makes parts of " << sum << " in all of an axis of " << shapeOf(x)[axis] << " [T4]";
  return success();
}

LogicalResult ReshapeOp::verify() {
  Type x = getX().getType();
  if (elementCount(x) != elementCount(getType()) || elementOf(x) != elementOf(getType()))
    return emitOpError() << "makes " << getType() << " of " << x << ": the elements stay [T4]";
  return verifySameClock(*this, x, getType());
}

LogicalResult RepeatOp::verify() {
  Type x = getX().getType();
  ArrayRef<int64_t> from = shapeOf(x), to = shapeOf(getType());
  if (to.size() < from.size() || to.take_back(from.size()) != from || elementOf(x) != elementOf(getType()))
    return emitOpError() << "makes " << getType() << " of " << x << ": only leading axes are added [T4]";
  return verifySameClock(*this, x, getType());
}

//===--- Choices, conversions, constants -----------------------------------------------------------------------===//

LogicalResult SelectOp::verify() {
  Type condition = getCondition().getType();
  if (!shapeOf(condition).empty() && shapeOf(condition) != shapeOf(getType()))
    return emitOpError() << "chooses between " << getType() << " by " << condition
                         << ": a condition is a scalar or has their shape [T7]";
  if (clockOf(condition) && clockOf(condition) != clockOf(getType()))
    return emitOpError() << "chooses between " << getType() << " by " << condition << ": clocks differ [C2]";
  return success();
}

LogicalResult CompareOp::verify() {
  Type element = elementOf(getA().getType());
  bool number = element.isF32() || element.isInteger(64);
  if (!number && getPredicate() != Predicate::Eq && getPredicate() != Predicate::Ne)
    return emitOpError() << "orders " << element << ", which has no order [T7]";
  return success();
}

LogicalResult ConvertOp::verify() {
  Type x = getX().getType(), from = elementOf(x), to = elementOf(getType());
  bool known = to.isF32() || to.isInteger(64) || (isa<TokenType>(to) && from.isInteger(64));
  if (!known)
    return emitOpError() << "makes " << to << " of " << from << " [T1]";
  if (shapeOf(x) != shapeOf(getType()))
    return emitOpError() << "makes " << getType() << " of " << x << ": the shape stays [T4]";
  return verifySameClock(*this, x, getType());
}

LogicalResult ConstOp::verify() {
  if (getValue().getType().getShape() != shapeOf(getType()) ||
      getValue().getElementType() != constantElement(getType()))
    return emitOpError() << "keeps " << getValue().getType() << " for " << getType() << " [T9]";
  auto token = dyn_cast<TokenType>(elementOf(getType()));
  if (token)
    for (int64_t number : getInts())
      if (number < 0 || number >= token.getSize())
        return emitOpError() << "has the number " << number << ", no token of " << token.getSize() << " [T1]";
  return success();
}

//===--- What the caller sees ----------------------------------------------------------------------------------===//

LogicalResult ParamOp::verify() {
  InitAttr init = getInit();
  if ((init.getKind() == InitKind::Values) != bool(init.getValues()))
    return emitOpError() << "has initial values if and only if its initialiser is `values` [T9]";
  bool random =
      init.getKind() != InitKind::Values && init.getKind() != InitKind::Zeros && init.getKind() != InitKind::Ones;
  if (random && !elementOf(getType()).isF32())
    return emitOpError() << "of " << elementOf(getType()) << " is not drawn at random [T9]";
  if (init.getValues() && !init.getValues().getType().getShape().empty() &&
      init.getValues().getType().getShape() != shapeOf(getType()))
    return emitOpError() << "has initial values of another shape than " << getType() << " [T9]";
  return success();
}

LogicalResult EventOp::verify() {
  StreamType type = getCondition().getType();
  if (type.getRank() != 0)
    return emitOpError() << "is defined by a scalar, not " << type << " [C3]";
  if (type.getClock() != getClock().getOf())
    return emitOpError() << "selects from " << getClock().getOf() << " by a stream on " << type.getClock() << " [C3]";
  return success();
}

LogicalResult LossOp::verify() {
  if (!shapeOf(getValue().getType()).empty())
    return emitOpError() << "is a scalar, not " << getValue().getType() << " [M1]";
  if (!getMask())
    return success();
  if (getMask().getType().getRank() != 0)
    return emitOpError() << "is masked by a scalar, not " << getMask().getType() << " [M1]";
  if (getMask().getType().getClock() != clockOf(getValue().getType()))
    return emitOpError() << "is masked by " << getMask().getType() << ", not on the clock of " << getValue().getType()
                         << " [M1]";
  return success();
}

LogicalResult ReturnOp::verify() {
  if (getNames().size() != getValues().size())
    return emitOpError() << "has " << getNames().size() << " names for " << getValues().size() << " values";
  llvm::StringSet<> seen;
  for (unsigned i = 0; i < getNames().size(); ++i)
    if (!seen.insert(getName(i)).second)
      return emitOpError() << "names two outputs \"" << getName(i) << "\" [N1]";
  return success();
}
