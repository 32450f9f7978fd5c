// The two 16-bit reals as bit patterns, from and to double. Conversion rounds to nearest, ties to even.
#ifndef RONDO_RUNTIME_HALFFLOAT_H
#define RONDO_RUNTIME_HALFFLOAT_H

#include <cmath>
#include <cstdint>
#include <cstring>

namespace rondo::runtime {

/// IEEE half: 1 sign, 5 exponent (bias 15), 10 fraction bits.
inline double halfToDouble(uint16_t bits) {
  int exponent = (bits >> 10) & 31;
  int fraction = bits & 1023;
  double magnitude = exponent == 31  ? (fraction ? std::nan("") : HUGE_VAL)
                     : exponent == 0 ? std::ldexp(double(fraction), -24)
                                     : std::ldexp(double(fraction + 1024), exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

inline uint16_t doubleToHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7E00;
  if (magnitude == 0)
    return sign;
  if (magnitude >= 65520) // half way from the largest half to the next power of two
    return sign | 0x7C00;
  int exponent = 0;
  std::frexp(magnitude, &exponent); // magnitude in [2^(exponent-1), 2^exponent)
  // In units of the last fraction bit; below 2^-14 the unit stays 2^-24. A carry runs into the exponent by itself.
  int unit = exponent - 11 < -24 ? -24 : exponent - 11;
  uint32_t steps = uint32_t(std::nearbyint(std::ldexp(magnitude, -unit)));
  return sign | uint16_t(steps + uint32_t(unit + 24) * 1024);
}

/// bfloat16: the upper half of a float.
inline double bfloatToDouble(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

inline uint16_t doubleToBfloat(double value) {
  if (std::isnan(value))
    return std::signbit(value) ? 0xFFC0 : 0x7FC0;
  // To odd first, so that rounding twice does not round wrong.
  float narrow = float(value);
  uint32_t bits;
  std::memcpy(&bits, &narrow, 4);
  if (double(narrow) != value && !std::isinf(narrow)) {
    if (std::fabs(double(narrow)) > std::fabs(value))
      --bits;
    bits |= 1;
  }
  uint32_t rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  return uint16_t(std::isinf(narrow) ? bits >> 16 : rounded >> 16);
}

} // namespace rondo::runtime
#endif
