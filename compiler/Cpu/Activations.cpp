// Each splits off a power of two, or quarters of a circle, and approximates the rest by a polynomial, fitted to the least
// error over its range.
#include "compiler/Cpu/Activations.h"

#include <cmath>

using namespace mlir;

namespace rondo::cpu {
namespace {

using rnn::Predicate;

constexpr double log2e = 1.44269504088896341, ln2 = 0.693147180559945309;
// ln 2 in two parts, of which the first has few enough bits that its product with an exponent is exact.
constexpr double ln2High = 0.693145751953125, ln2Low = ln2 - ln2High;
constexpr double infinity = HUGE_VAL;
constexpr int mantissaBits = 23;
constexpr int64_t exponentOfOne = 127;
/// A float so large that adding it to a smaller number leaves no room for a fraction: 1.5 * 2^23.
constexpr double noFraction = 12582912;

/// c[0] + x (c[1] + x (c[2] + ..)).
Value polynomial(Code &code, Value x, llvm::ArrayRef<double> c) {
  Value sum = code.real(c.back(), x);
  for (double next : llvm::reverse(c.drop_back()))
    sum = code.fma(sum, x, code.real(next, x));
  return sum;
}

/// x, or the limit where x is beyond it. A NaN is beyond nothing.
Value atMost(Code &code, Value x, double limit) {
  Value most = code.real(limit, x);
  return code.select(code.compare(Predicate::Lt, most, x), most, x);
}
Value atLeast(Code &code, Value x, double limit) {
  Value least = code.real(limit, x);
  return code.select(code.compare(Predicate::Gt, least, x), least, x);
}

/// 2 to the power of n, which lies in -126..127. Only the low bits of n matter.
Value powerOfTwo(Code &code, Value n) {
  Value one = code.integer(exponentOfOne << mantissaBits, Code::like(n.getType(), code.i32));
  return code.bits(code.add(code.shiftLeft(n, mantissaBits), one), code.f32);
}

/// A number taken apart: the whole one next to it, and what is left.
struct Split {
  Value whole, rest;
  Value shifted; // holds the whole one in its low bits; null where the machine scales by itself

  Split(Code &code, Value x) {
    if (code.hasScaling()) {
      rest = code.fraction(x);
      whole = code.sub(x, rest);
      return;
    }
    shifted = code.add(x, code.real(noFraction, x));
    whole = code.sub(shifted, code.real(noFraction, x));
    rest = code.sub(x, whole);
  }

  /// x * 2^whole; where the machine does not do it by itself, `whole` lies in -126..127.
  Value scale(Code &code, Value x) {
    return shifted ? code.mul(x, powerOfTwo(code, code.bits(shifted, code.i32))) : code.scaleBy(x, whole);
  }
};

/// The rest r of x = n ln 2 + r, |r| <= ln 2 / 2.
Value restOfExp(Code &code, Value x, Value n) {
  return code.fma(n, code.real(-ln2Low, x), code.fma(n, code.real(-ln2High, x), x));
}

/// exp(r) for |r| <= ln 2 / 2, to 8e-9.
Value expOfRest(Code &code, Value r) {
  Value c = polynomial(code, r, {0.5, 0.166665770256, 0.0416665546621, 0.00836317307451, 0.00139261761199});
  return code.add(code.fma(code.mul(r, r), c, r), code.real(1, r));
}

} // namespace

// With t = exp(-2 |x|) - 1, computed as such so that small x lose no bits: tanh |x| = -t / (2 + t).
Value emitTanh(Code &code, Value x) {
  Type i32 = Code::like(x.getType(), code.i32);
  Value bits = code.bits(x, code.i32);
  Value signBit = code.integer(int64_t(INT32_MIN), i32);
  Value a = code.bits(code.both(bits, code.negation(signBit)), code.f32);
  if (!code.hasScaling())
    a = atMost(code, a, 10); // of more it is 1
  Split exponent(code, code.mul(a, code.real(-2 * log2e, x)));
  // 2^r - 1
  Value q = code.mul(exponent.rest, polynomial(code, exponent.rest,
                                               {0.693147187927, 0.24022649795, 0.0555035743364, 0.00961823749368,
                                                0.00133907354781, 0.00015403512776}));
  Value scale = exponent.scale(code, code.real(1, x));
  Value t = code.fma(scale, q, code.sub(scale, code.real(1, x)));
  Value y = code.mul(t, code.reciprocal(code.add(t, code.real(2, x))));
  Value size = code.both(code.bits(y, code.i32), code.negation(signBit));
  return code.bits(code.either(size, code.both(bits, signBit)), code.f32);
}

// 1 / (1 + exp(-x)).
Value emitSigmoid(Code &code, Value x) {
  Value exponent = atMost(code, code.mul(x, code.real(-log2e, x)), 125.5); // exp stays finite
  if (!code.hasScaling())
    exponent = atLeast(code, exponent, -125.5);
  Split split(code, exponent);
  Value power = polynomial(code, split.rest,
                           {1.00000000055, 0.693147205737, 0.240226468906, 0.0555032877697, 0.00961848895711,
                            0.00133999312191, 0.000153458120028});
  return code.reciprocal(code.add(split.scale(code, power), code.real(1, x)));
}

// Where the machine does not scale by itself the power of two is applied in two halves, since of what is not normal it
// alone would not be.
Value emitExp(Code &code, Value x) {
  // Beyond these it is infinite, or 0.
  Value a = atLeast(code, atMost(code, x, 89), -104);
  Split split(code, code.mul(a, code.real(log2e, x)));
  Value r = expOfRest(code, restOfExp(code, a, split.whole));
  if (code.hasScaling())
    return split.scale(code, r);
  Value whole = code.sub(code.bits(split.shifted, code.i32), code.bits(code.real(noFraction, x), code.i32));
  Value half = code.sub(code.shiftRight(code.add(whole, code.integer(512, whole)), 1), code.integer(256, whole));
  Value rest = code.sub(whole, half);
  return code.mul(code.mul(r, powerOfTwo(code, half)), powerOfTwo(code, rest));
}

// With x = 2^n (1 + f), 1 + f between the roots of 1/2 and 2: n ln 2 + f - f^2 / 2 + f^3 P(f).
Value emitLog(Code &code, Value x) {
  Type i32 = Code::like(x.getType(), code.i32);
  // What is not normal is made so.
  constexpr double least = 1.17549435e-38, up = 33554432;
  Value tiny = code.compare(Predicate::Lt, x, code.real(least, x));
  Value normal = code.select(tiny, code.mul(x, code.real(up, x)), x);
  Value bits = code.bits(normal, code.i32);
  constexpr int64_t rootOfHalf = 0x3f3504f3;
  Value above = code.sub(bits, code.integer(rootOfHalf, i32));
  Value exponent = code.both(above, code.integer(int64_t(0xff800000) - (int64_t(1) << 32), i32));
  Value f = code.sub(code.bits(code.sub(bits, exponent), code.f32), code.real(1, x));
  Value n = code.mul(code.toFloat(exponent, code.f32, true), code.real(std::ldexp(1.0, -mantissaBits), x));
  n = code.sub(n, code.select(tiny, code.real(25, x), code.real(0, x)));
  Value p = polynomial(code, f,
                       {0.3333333118, -0.24999996958, 0.200007157489, -0.166678023195, 0.142490576457, -0.124256873315,
                        0.116854199235, -0.114797338466, 0.0697161147145});
  Value square = code.mul(f, f);
  Value tail = code.fma(code.mul(square, f), p, code.mul(n, code.real(ln2Low, x)));
  tail = code.fma(square, code.real(-0.5, x), tail);
  Value y = code.fma(n, code.real(ln2High, x), code.add(f, tail));
  // 0, infinity, negative numbers, NaN
  Value proper = code.both(code.compare(Predicate::Gt, x, code.real(0, x)),
                           code.compare(Predicate::Lt, x, code.real(infinity, x)));
  Value zeroOrLess =
      code.select(code.compare(Predicate::Eq, x, code.real(0, x)), code.real(-infinity, x), code.real(NAN, x));
  Value odd = code.select(code.compare(Predicate::Le, x, code.real(0, x)), zeroOrLess, x);
  return code.select(proper, y, odd);
}

// With |x| = n pi / 2 + r, |r| <= pi / 4, it is the sine or the cosine of r, by whether n is even, and negative in two of
// four quarters. n and r are found in double precision, where a product with n is exact up to a limit: beyond, where
// neighbouring floats are a large part of a circle apart, each number is left to the C library.
static Value emitWave(Code &code, Value x, Code::Unary function) {
  constexpr double limit = 1 << 20, quartersOfOne = 0.636619772367581343;
  constexpr double quarterHigh = 1.5707963267341256, quarterLow = 6.077100506506192e-11;
  constexpr double noFractionOfDouble = 6755399441055744; // 1.5 * 2^52
  Value size = code.unary(Code::Unary::Abs, x);
  Value wide = code.widen(size, code.f64), magic = code.real(noFractionOfDouble, wide);
  Value shifted = code.add(code.mul(wide, code.real(quartersOfOne, wide)), magic), n = code.sub(shifted, magic);
  Value r = code.sub(wide, code.mul(n, code.real(quarterHigh, wide)));
  r = code.narrow(code.sub(r, code.mul(n, code.real(quarterLow, wide))), code.f32);
  Value quarter = code.narrow(code.bits(shifted, code.i64), code.i32);
  if (function == Code::Unary::Cos)
    quarter = code.add(quarter, code.integer(1, quarter));
  Value square = code.mul(r, r);
  Value sine = code.fma(code.mul(square, r),
                        polynomial(code, square, {-0.16666654602268, 0.00833216029147, -0.00019515218068}), r);
  Value cosine = code.fma(code.mul(square, square),
                          polynomial(code, square, {0.0416666456701438, -0.00138873156160246, 2.44330826411322e-05}),
                          code.fma(square, code.real(-0.5, r), code.real(1, r)));
  Value isOdd = code.compare(Predicate::Ne, code.both(quarter, code.integer(1, quarter)), code.integer(0, quarter));
  Value sign = code.shiftLeft(code.both(quarter, code.integer(2, quarter)), 30);
  if (function == Code::Unary::Sin)
    sign = code.differing(sign, code.differing(code.bits(x, code.i32), code.bits(size, code.i32)));
  Value y = code.bits(code.differing(code.bits(code.select(isOdd, cosine, sine), code.i32), sign), code.f32);
  Value isFar = code.compare(Predicate::Gt, size, code.real(limit, x));
  Value anyFar = code.reduce(code.widen(isFar, code.i32), [&](Value a, Value b) { return code.either(a, b); });
  return code.choose(
      code.compare(Predicate::Ne, anyFar, code.integer(0, anyFar)),
      [&]() -> Code::Values { return {code.select(isFar, code.unary(function, x), y)}; },
      [&]() -> Code::Values { return {y}; })[0];
}

Value emitSin(Code &code, Value x) { return emitWave(code, x, Code::Unary::Sin); }
Value emitCos(Code &code, Value x) { return emitWave(code, x, Code::Unary::Cos); }

} // namespace rondo::cpu
