// Each operation means what RnnPointwiseOps.td says, which is in f64; what f32 loses of it is said where it matters.
#include "compiler/Cpu/KernelElements.h"

#include "compiler/Cpu/Activations.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace rondo::cpu {

using rnn::Predicate;

//===--- Elements in memory ------------------------------------------------------------------------------------===//

Type registerType(Code &code, Type element) { return isa<rnn::TokenType>(element) ? code.i32 : element; }

int64_t bytesOfElement(Type element) {
  return isa<rnn::TokenType>(element) || element.isF32() ? 4 : element.isInteger(64) ? 8 : 1;
}

Value loadElements(Code &code, Type element, int64_t lanes, Value address, Value mask) {
  if (!element.isInteger(1))
    return code.load(Code::vectorOf(registerType(code, element), lanes), address, mask);
  Value bytes = code.load(Code::vectorOf(code.i8, lanes), address, mask);
  return code.compare(Predicate::Ne, bytes, code.integer(0, bytes));
}

void storeElements(Code &code, Value value, Value address, Value mask) {
  if (Code::elementOf(value.getType()).isInteger(1))
    value = code.widen(value, code.i8);
  code.store(value, address, mask);
}

//===--- Reals -------------------------------------------------------------------------------------------------===//

static bool isReal(Value x) { return Code::elementOf(x.getType()).isF32(); }

/// The quotient decides which whole number is below it, so it has the precision in which this is defined.
static Value floorOfQuotient(Code &code, Value a, Value b) {
  return code.unary(Code::Unary::Floor, code.divide(code.widen(a, code.f64), code.widen(b, code.f64)));
}

static Value floorModOfReals(Code &code, Value a, Value b) {
  Value product = code.mul(code.widen(b, code.f64), floorOfQuotient(code, a, b));
  return code.narrow(code.sub(code.widen(a, code.f64), product), code.f32);
}

/// The one that comes first in the order; NaN if either is.
static Value extremeOfReals(Code &code, Predicate before, Value a, Value b) {
  return code.select(code.isNan(a), a, code.select(code.compare(before, a, b), a, b));
}

/// The power as products and a root, where its exponent is one constant that is not large.
static Value powerOf(Code &code, rnn::PowOp op, Value a, Value b) {
  constexpr double mostHalves = 32; // then a product of all factors would be less exact
  auto constant = op.getB().getDefiningOp<rnn::ConstOp>();
  double halves = constant && constant.getValue().isSplat() ? 2 * constant.getReals()[0] : HUGE_VAL;
  if (std::fabs(halves) > mostHalves || halves != std::floor(halves))
    return code.power(a, b);
  int left = int(std::fabs(halves));
  Value result = left % 2 ? code.unary(Code::Unary::Sqrt, a) : code.real(1, a), factor = a;
  for (left /= 2; left; left /= 2, factor = code.mul(factor, factor))
    if (left % 2)
      result = code.mul(result, factor);
  return halves < 0 ? code.divide(code.real(1, a), result) : result;
}

//===--- Integers ----------------------------------------------------------------------------------------------===//

/// A quotient towards zero and its rest, of a divisor that is made harmless where it is 0 or -1.
struct Division {
  Value quotient, rest, isZero, isMinusOne, roundsUp;
};
static Division divisionOf(Code &code, Value a, Value b) {
  Division d;
  d.isZero = code.compare(Predicate::Eq, b, code.integer(0, b));
  d.isMinusOne = code.compare(Predicate::Eq, b, code.integer(-1, b));
  Value divisor = code.select(code.either(d.isZero, d.isMinusOne), code.integer(1, b), b);
  d.quotient = code.divide(a, divisor);
  d.rest = code.sub(a, code.mul(d.quotient, divisor));
  Value signsDiffer = code.compare(Predicate::Lt, code.differing(d.rest, divisor), code.integer(0, b));
  d.roundsUp = code.both(code.compare(Predicate::Ne, d.rest, code.integer(0, b)), signsDiffer);
  return d;
}

static Value floorDivOfInts(Code &code, Value a, Value b) {
  Division d = divisionOf(code, a, b);
  Value below = code.sub(d.quotient, code.integer(1, a));
  Value q = code.select(d.roundsUp, below, d.quotient);
  return code.select(d.isZero, code.integer(0, a), code.select(d.isMinusOne, code.neg(a), q));
}

static Value floorModOfInts(Code &code, Value a, Value b) {
  Division d = divisionOf(code, a, b);
  Value rest = code.select(d.roundsUp, code.add(d.rest, b), d.rest);
  return code.select(code.either(d.isZero, d.isMinusOne), code.integer(0, a), rest);
}

//===--- Conversions -------------------------------------------------------------------------------------------===//

static Value convert(Code &code, rnn::ConvertOp op, Value x) {
  Type from = rnn::elementOf(op.getX().getType()), to = rnn::elementOf(op.getResult().getType());
  if (from == to)
    return x;
  bool isBit = from.isInteger(1);
  if (to.isF32())
    return code.toFloat(x, code.f32, !isBit);
  Value whole = from.isF32()         ? code.toInt(x)
                : from.isInteger(64) ? x
                : isBit              ? code.widen(x, code.i64)
                                     : code.widenSigned(x, code.i64);
  if (to.isInteger(64))
    return whole;
  // What is no token becomes -1, which look-ups take for none.
  Value size = code.integer(cast<rnn::TokenType>(to).getSize(), whole);
  Value token = code.narrow(whole, code.i32);
  return code.select(code.below(whole, size), token, code.integer(-1, token));
}

//===--- All of them -------------------------------------------------------------------------------------------===//

Value emitElementwise(Code &code, Operation *op, ValueRange in) {
  using Unary = Code::Unary;
  Value a = in[0], b = in.size() > 1 ? in[1] : Value();
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<rnn::TanhOp>([&](auto) { return emitTanh(code, a); })
      .Case<rnn::SigmoidOp>([&](auto) { return emitSigmoid(code, a); })
      .Case<rnn::ExpOp>([&](auto) { return emitExp(code, a); })
      .Case<rnn::LogOp>([&](auto) { return emitLog(code, a); })
      .Case<rnn::ReluOp>([&](auto) {
        Value zero = code.real(0, a);
        return code.select(code.compare(Predicate::Le, a, zero), zero, a);
      })
      .Case<rnn::SqrtOp>([&](auto) { return code.unary(Unary::Sqrt, a); })
      .Case<rnn::SinOp>([&](auto) { return emitSin(code, a); })
      .Case<rnn::CosOp>([&](auto) { return emitCos(code, a); })
      .Case<rnn::FloorOp>([&](auto) { return code.unary(Unary::Floor, a); })
      .Case<rnn::AbsOp>([&](auto) { return isReal(a) ? code.unary(Unary::Abs, a) : code.most(a, code.neg(a)); })
      .Case<rnn::NegOp>([&](auto) { return code.neg(a); })
      .Case<rnn::NotOp>([&](auto) { return code.negation(a); })
      .Case<rnn::AddOp>([&](auto) { return code.add(a, b); })
      .Case<rnn::SubOp>([&](auto) { return code.sub(a, b); })
      .Case<rnn::MulOp, rnn::ScaleOp, rnn::MatmulOp>([&](auto) { return code.mul(a, b); })
      .Case<rnn::DivOp>([&](auto) { return code.divide(a, b); })
      .Case<rnn::FloorDivOp>([&](auto) {
        return isReal(a) ? code.narrow(floorOfQuotient(code, a, b), code.f32) : floorDivOfInts(code, a, b);
      })
      .Case<rnn::ModOp>([&](auto) { return isReal(a) ? floorModOfReals(code, a, b) : floorModOfInts(code, a, b); })
      .Case<rnn::PowOp>([&](rnn::PowOp power) { return powerOf(code, power, a, b); })
      .Case<rnn::MinimumOp>(
          [&](auto) { return isReal(a) ? extremeOfReals(code, Predicate::Lt, a, b) : code.least(a, b); })
      .Case<rnn::MaximumOp>(
          [&](auto) { return isReal(a) ? extremeOfReals(code, Predicate::Gt, a, b) : code.most(a, b); })
      .Case<rnn::AndOp>([&](auto) { return code.both(a, b); })
      .Case<rnn::OrOp>([&](auto) { return code.either(a, b); })
      .Case<rnn::DtanhOp>([&](auto) { return code.mul(code.sub(code.real(1, a), code.mul(a, a)), b); })
      .Case<rnn::DsigmoidOp>([&](auto) { return code.mul(code.mul(a, code.sub(code.real(1, a), a)), b); })
      .Case<rnn::CompareOp>([&](rnn::CompareOp compare) { return code.compare(compare.getPredicate(), a, b); })
      .Case<rnn::SelectOp>([&](auto) { return code.select(a, b, in[2]); })
      .Case<rnn::ConvertOp>([&](rnn::ConvertOp conversion) { return convert(code, conversion, a); });
}

//===--- Folds -------------------------------------------------------------------------------------------------===//

Value meet(Code &code, rnn::Reduction kind, Value a, Value b) {
  if (kind != rnn::Reduction::Max)
    return code.add(a, b);
  return isReal(a) ? extremeOfReals(code, Predicate::Gt, a, b) : code.most(a, b);
}

Value startOf(Code &code, rnn::Reduction kind, Type type) {
  bool real = Code::elementOf(type).isF32();
  if (kind != rnn::Reduction::Max)
    return real ? code.real(0, type) : code.integer(0, type);
  return real ? code.real(-HUGE_VAL, type) : code.integer(INT64_MIN, type);
}

Value finishFold(Code &code, rnn::Reduction kind, Value met, int64_t count) {
  if (kind != rnn::Reduction::Mean)
    return met;
  return code.divide(met, code.real(count, met)); // integers have no mean
}

} // namespace rondo::cpu
