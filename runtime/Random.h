// Random numbers that are functions of a key and a counter (Philox 4x32-10, Salmon et al. 2011): the same wherever and
// whenever they are computed, and the same as the interpreter's.
#ifndef RONDO_RUNTIME_RANDOM_H
#define RONDO_RUNTIME_RANDOM_H

#include <cstdint>

namespace rondo::runtime {

/// 128 random bits.
inline void philox(uint64_t key, const uint32_t counter[4], uint32_t words[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(0xD2511F53) * c0, b = uint64_t(0xCD9E8D57) * c2;
    c0 = uint32_t(b >> 32) ^ c1 ^ k0;
    c1 = uint32_t(b);
    c2 = uint32_t(a >> 32) ^ c3 ^ k1;
    c3 = uint32_t(a);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

/// The finalizer of SplitMix64.
inline uint64_t mixBits(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// Of a path: FNV-1a, 64 bits.
inline uint64_t hashPath(const char *text, uint64_t length) {
  uint64_t hash = 0xCBF29CE484222325;
  for (uint64_t i = 0; i < length; ++i)
    hash = (hash ^ static_cast<unsigned char>(text[i])) * 0x100000001B3;
  return hash;
}

/// A key for each (seed, path, site).
inline uint64_t randomKey(uint64_t seed, uint64_t path, uint64_t site) {
  return mixBits(mixBits(mixBits(seed) ^ path) ^ site);
}

/// Uniform in [0, 1): the upper 24 of the first 64 bits.
inline float uniformFloat(uint64_t key, const uint32_t counter[4]) {
  uint32_t words[4];
  philox(key, counter, words);
  return float(words[1] >> 8) * 0x1p-24f;
}

/// Uniform in [0, 1): the upper 53 of the first 64 bits.
inline double uniformDouble(uint64_t key, const uint32_t counter[4]) {
  uint32_t words[4];
  philox(key, counter, words);
  return double((uint64_t(words[1]) << 32 | words[0]) >> 11) * 0x1p-53;
}

/// The numbers of one row. Of what has no clock all places are 0.
inline void fillUniform(uint64_t key, float *out, int64_t elements, uint32_t source, uint32_t tick, uint32_t sample) {
  for (int64_t i = 0; i < elements; ++i) {
    const uint32_t counter[4] = {uint32_t(i), source, tick, sample};
    out[i] = uniformFloat(key, counter);
  }
}

} // namespace rondo::runtime
#endif
