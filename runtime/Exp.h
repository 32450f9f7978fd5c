// The exponential function, without branches or tables, so that loops over it become vector code.
#ifndef RONDO_RUNTIME_EXP_H
#define RONDO_RUNTIME_EXP_H

#include <cstdint>
#include <cstring>

namespace rondo::runtime {

inline float powerOfTwo(int32_t exponent) {
  uint32_t bits = uint32_t(exponent + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return power;
}

/// Within 2 units in the last place, subnormal results included; NaN of NaN.
inline float expOf(float x) {
  float within = x == x ? x : 0;
  within = within < -104 ? -104 : within; // where the result is 0
  within = within > 89 ? 89 : within;     // infinity
  // x = n ln 2 + r. Adding and taking away 1.5 * 2^23 rounds.
  float n = (within * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
  float r = within - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1;
  int32_t exponent = int32_t(n), half = exponent >> 1;     // in two steps: 2^n alone may be subnormal, or infinite
  float last = x < -104 ? 0 : powerOfTwo(exponent - half); // no subnormal on the way to 0: they are slow
  float result = p * powerOfTwo(half) * last;
  return x == x ? result : x;
}

} // namespace rondo::runtime
#endif
