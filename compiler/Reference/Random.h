// Random numbers that are functions of a key and a counter (Philox 4x32-10, Salmon et al. 2011): nothing is drawn in an
// order, so that a number is the same wherever and whenever it is computed.
#ifndef RONDO_REFERENCE_RANDOM_H
#define RONDO_REFERENCE_RANDOM_H

#include "llvm/ADT/StringRef.h"
#include <array>
#include <cstdint>

namespace rondo::reference {

/// 128 random bits.
std::array<uint32_t, 4> philox(uint64_t key, std::array<uint32_t, 4> counter);

/// A key for each (seed, path, site).
uint64_t randomKey(uint64_t seed, llvm::StringRef path, uint64_t site = 0);

/// Uniform in [0, 1): the upper 53 bits of the first two words, or the upper 24, so that the float is the double
/// rounded down and never 1.
double uniform(uint64_t key, std::array<uint32_t, 4> counter, bool fp64 = true);

/// One number after another.
class RandomStream {
public:
  explicit RandomStream(uint64_t key) : key(key) {}
  double uniform();
  double normal(); // Box and Muller

private:
  uint64_t key, count = 0;
  std::array<uint32_t, 4> words = {}; // two numbers
  double spare = 0;
  bool hasSpare = false;
};

} // namespace rondo::reference
#endif
