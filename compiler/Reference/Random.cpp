#include "compiler/Reference/Random.h"
#include <cmath>

namespace rondo::reference {

std::array<uint32_t, 4> philox(uint64_t key, std::array<uint32_t, 4> c) {
  uint32_t k0 = key, k1 = key >> 32;
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(0xD2511F53) * c[0], b = uint64_t(0xCD9E8D57) * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ k1, uint32_t(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

/// The finalizer of SplitMix64.
static uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

uint64_t randomKey(uint64_t seed, llvm::StringRef path, uint64_t site) {
  uint64_t text = 0xCBF29CE484222325; // FNV-1a
  for (unsigned char byte : path.bytes())
    text = (text ^ byte) * 0x100000001B3;
  return mix(mix(mix(seed) ^ text) ^ site);
}

static double unit(uint32_t low, uint32_t high, bool fp64) {
  uint64_t bits = uint64_t(high) << 32 | low;
  return fp64 ? (bits >> 11) * 0x1p-53 : (bits >> 40) * 0x1p-24;
}

double uniform(uint64_t key, std::array<uint32_t, 4> counter, bool fp64) {
  std::array<uint32_t, 4> words = philox(key, counter);
  return unit(words[0], words[1], fp64);
}

double RandomStream::uniform() {
  uint64_t n = count++;
  if (n % 2)
    return unit(words[2], words[3], true);
  words = philox(key, {uint32_t(n / 2), uint32_t(n / 2 >> 32), 0, 0});
  return unit(words[0], words[1], true);
}

double RandomStream::normal() {
  if (hasSpare) {
    hasSpare = false;
    return spare;
  }
  double radius = std::sqrt(-2 * std::log(1 - uniform())), angle = 2 * M_PI * uniform();
  spare = radius * std::sin(angle);
  hasSpare = true;
  return radius * std::cos(angle);
}

} // namespace rondo::reference
