// Adjoints of pointwise operations, in terms of the result where they can be.
//
// What is chosen is chosen by `select`: a mask that multiplied would keep a NaN of the other side. And what was not chosen
// gets nothing, even where its slope is infinite. At ties abs and relu give 0, minimum and maximum half to each side.
#include "compiler/Gradient/Adjoints.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rondo::rnn {

using mlir::Value;

namespace {

struct PointwiseAdjoint {
  Adjoints &a;
  Value dy;

  Value zero() { return a.constant(dy.getType(), 0); }
  Value neg(Value x) { return a.make<NegOp>(x); }
  Value mul(Value x, Value y) { return a.make<MulOp>(x, y); }
  Value div(Value x, Value y) { return a.make<DivOp>(x, y); }

  /// An adjoint by a slope that may be infinite, where anything hangs on it.
  Value unlessNone(Value adjoint) { return a.where(a.compare(Predicate::Ne, dy, zero()), adjoint); }

  /// Of the side that wins all, of the other nothing.
  void choose(Predicate wins, Value x, Value y) {
    Value half = a.where(a.compare(Predicate::Eq, x, y), a.times(dy, 0.5));
    a.add(x, a.select(a.compare(wins, x, y), dy, half));
    a.add(y, a.select(a.compare(wins, y, x), dy, half));
  }

  void power(PowOp op) {
    Value x = op.getA(), exponent = op.getB(), y = op.getResult();
    if (a.wants(x)) {
      Value less = a.make<SubOp>(exponent, a.constant(dy.getType(), 1));
      Value slope = mul(exponent, a.make<PowOp>(x, less));
      Value isSlope = a.compare(Predicate::Ne, exponent, zero()); // x^0 is 1 even at 0
      a.add(x, unlessNone(a.where(isSlope, mul(dy, slope))));
    }
    if (a.wants(exponent)) // of 0 every power that has a slope is 0; of less there is none in between whole powers
      a.add(exponent, unlessNone(a.where(a.compare(Predicate::Gt, x, zero()), mul(dy, mul(y, a.make<LogOp>(x))))));
  }
};

} // namespace

bool transposePointwise(Adjoints &a, mlir::Operation *op, Value dy) {
  PointwiseAdjoint d{a, dy};
  // Only what is wanted is written.
  auto to = [&](unsigned operand, llvm::function_ref<Value()> adjoint) {
    if (a.wants(op->getOperand(operand)))
      a.add(op->getOperand(operand), adjoint());
  };
  auto operand = [&](unsigned number) { return op->getOperand(number); };
  Value y = op->getResult(0);
  return llvm::TypeSwitch<mlir::Operation *, bool>(op)
      .Case([&](TanhOp) { return to(0, [&] { return a.make<DtanhOp>(y, dy); }), true; })
      .Case([&](SigmoidOp) { return to(0, [&] { return a.make<DsigmoidOp>(y, dy); }), true; })
      .Case([&](ReluOp) { return to(0, [&] { return a.where(a.compare(Predicate::Gt, y, d.zero()), dy); }), true; })
      .Case([&](ExpOp) { return to(0, [&] { return d.unlessNone(d.mul(dy, y)); }), true; })
      .Case([&](LogOp) { return to(0, [&] { return d.unlessNone(d.div(dy, operand(0))); }), true; })
      .Case([&](SqrtOp) { return to(0, [&] { return d.unlessNone(d.div(a.times(dy, 0.5), y)); }), true; })
      .Case([&](SinOp) { return to(0, [&] { return d.mul(dy, a.make<CosOp>(operand(0))); }), true; })
      .Case([&](CosOp) { return to(0, [&] { return d.neg(d.mul(dy, a.make<SinOp>(operand(0)))); }), true; })
      .Case([&](AbsOp) {
        return to(0,
                  [&] {
                    Value below = a.where(a.compare(Predicate::Lt, operand(0), d.zero()), d.neg(dy));
                    return a.select(a.compare(Predicate::Gt, operand(0), d.zero()), dy, below);
                  }),
               true;
      })
      .Case([&](NegOp) { return to(0, [&] { return d.neg(dy); }), true; })
      .Case([&](AddOp) { return to(0, [&] { return dy; }), to(1, [&] { return dy; }), true; })
      .Case([&](SubOp) { return to(0, [&] { return dy; }), to(1, [&] { return d.neg(dy); }), true; })
      .Case([&](MulOp) {
        return to(0, [&] { return d.mul(dy, operand(1)); }), to(1, [&] { return d.mul(dy, operand(0)); }), true;
      })
      .Case([&](DivOp) {
        return to(0, [&] { return d.unlessNone(d.div(dy, operand(1))); }),
               to(1, [&] { return d.unlessNone(d.neg(d.div(d.mul(dy, y), operand(1)))); }), true;
      })
      .Case([&](ModOp) {
        Value whole = a.wants(operand(1)) ? a.make<FloorDivOp>(operand(0), operand(1)) : Value();
        return to(0, [&] { return dy; }), to(1, [&] { return d.neg(d.mul(dy, whole)); }), true;
      })
      .Case([&](PowOp power) { return d.power(power), true; })
      .Case([&](MinimumOp) { return d.choose(Predicate::Lt, operand(0), operand(1)), true; })
      .Case([&](MaximumOp) { return d.choose(Predicate::Gt, operand(0), operand(1)), true; })
      .Case([&](DtanhOp) { // (1 - u u) v
        return to(0, [&] { return a.times(d.mul(dy, d.mul(operand(0), operand(1))), -2); }),
               to(1, [&] { return a.make<DtanhOp>(operand(0), dy); }), true;
      })
      .Case([&](DsigmoidOp) { // u (1 - u) v
        return to(0,
                  [&] {
                    Value slope = a.make<SubOp>(a.constant(dy.getType(), 1), a.times(operand(0), 2));
                    return d.mul(dy, d.mul(slope, operand(1)));
                  }),
               to(1, [&] { return a.make<DsigmoidOp>(operand(0), dy); }), true;
      })
      .Case([&](StraightOp) { return to(1, [&] { return dy; }), true; })
      .Default(false);
}

} // namespace rondo::rnn
