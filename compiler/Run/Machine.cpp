#include "compiler/Run/Machine.h"
#include "runtime/Library.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemAlloc.h"
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rondo::run {

namespace {

using Clock = std::chrono::steady_clock;

/// A floor must not be too high: the best of many tries.
template <typename Body> double bestSeconds(int tries, Body body) {
  double best = 1e300;
  for (int i = 0; i < tries; ++i) {
    Clock::time_point start = Clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

constexpr int chains = 12; // sums that do not wait for one another: enough for two units of latency 5
constexpr int block = 8;   // vectors that are read side by side

/// Numbers that the compiler does not know, and a place for what it must not leave out.
volatile float source[2] = {0.999f, 0.001f}, sink;

template <int lanes> struct Work {
  typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

  [[gnu::always_inline]] static inline void multiplyAdd(int64_t rounds) {
    Vector factor = Vector{} + source[0], term = Vector{} + source[1], sums[chains];
    for (Vector &sum : sums)
      sum = Vector{} + source[0];
    for (int64_t i = 0; i < rounds; ++i)
      for (Vector &sum : sums)
        sum = sum * factor + term;
    for (Vector &sum : sums)
      sink = sum[0];
  }

  /// Turning round at the end leaves what was read last in the near caches: nothing that reads weights in a cycle can
  /// read less.
  [[gnu::always_inline]] static inline void read(const char *memory, size_t blocks) {
    Vector sums[block] = {};
    auto *at = reinterpret_cast<const Vector *>(memory);
    for (size_t i = 0; i < blocks; ++i, at += block)
      for (int k = 0; k < block; ++k)
        sums[k] += at[k];
    for (size_t i = 0; i < blocks; ++i) {
      at -= block;
      for (int k = 0; k < block; ++k)
        sums[k] += at[k];
    }
    for (Vector &sum : sums)
      sink = sum[0];
  }
};

struct Functions {
  int lanes;
  void (*multiplyAdd)(int64_t rounds);
  void (*read)(const char *memory, size_t blocks);
};

#if defined(__x86_64__)
__attribute__((target("avx512f"))) void multiplyAdd512(int64_t rounds) { Work<16>::multiplyAdd(rounds); }
__attribute__((target("avx512f"))) void read512(const char *memory, size_t blocks) { Work<16>::read(memory, blocks); }
__attribute__((target("avx2,fma"))) void multiplyAdd256(int64_t rounds) { Work<8>::multiplyAdd(rounds); }
__attribute__((target("avx2,fma"))) void read256(const char *memory, size_t blocks) { Work<8>::read(memory, blocks); }
#endif

#if defined(__x86_64__)
/// AMX: sums of 16 x 16 in four registers.
__attribute__((target("amx-tile,amx-bf16"))) void multiplyTiles(int64_t rounds) {
  struct alignas(64) {
    uint8_t palette = 1, reserved[15] = {};
    uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } setup;
  _tile_loadconfig(&setup);
  _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  _tile_zero(4), _tile_zero(5), _tile_zero(6), _tile_zero(7);
  for (int64_t i = 0; i < rounds; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

__attribute__((target("avx512f,avx512bf16"))) void multiplyPairs(int64_t rounds) {
  __m512 start = _mm512_set1_ps(source[0]), sums[chains];
  __m512bh factors = _mm512_cvtne2ps_pbh(start, start);
  for (__m512 &sum : sums)
    sum = start;
  for (int64_t i = 0; i < rounds; ++i)
    for (__m512 &sum : sums)
      sum = _mm512_dpbf16_ps(sum, factors, factors);
  for (__m512 &sum : sums)
    sink = _mm512_cvtss_f32(sum);
}
#endif

Functions bestFunctions() {
#if defined(__x86_64__)
  int level = runtime::cpuLevel();
  if (level >= 4)
    return {16, multiplyAdd512, read512};
  if (level == 3)
    return {8, multiplyAdd256, read256};
#endif
  return {4, Work<4>::multiplyAdd, Work<4>::read};
}

} // namespace

double measureFlops(runtime::WeightFormat weights) {
  constexpr int64_t rounds = 100000;
#if defined(__x86_64__)
  int level = weights == runtime::WeightFormat::BF16 ? runtime::cpuLevel() : 0;
  if (level >= 6 && runtime::runsLevel(6, level))
    return 2.0 * (4 * 16 * 16 * 32) * rounds / bestSeconds(100, [&] { multiplyTiles(rounds); });
  if (level >= 5)
    return 2.0 * 32 * chains * rounds / bestSeconds(100, [&] { multiplyPairs(rounds); });
#endif
  Functions best = bestFunctions();
  return 2.0 * best.lanes * chains * rounds / bestSeconds(100, [&] { best.multiplyAdd(rounds); });
}

double measureBandwidth(size_t bytes) {
  constexpr size_t page = 4096, most = size_t(1) << 30; // beyond any cache
  Functions best = bestFunctions();
  size_t step = best.lanes * sizeof(float) * block;
  bytes = llvm::alignTo(std::clamp<size_t>(bytes, 4 * step, most), step);
  size_t turns = std::max<size_t>(1, (size_t(4) << 20) / bytes);
  void *memory = llvm::allocate_buffer(bytes, page);
  std::memset(memory, 0, bytes);
  double seconds = bestSeconds(bytes > (size_t(64) << 20) ? 3 : 60, [&] {
    for (size_t i = 0; i < turns; ++i)
      best.read(static_cast<const char *>(memory), bytes / step);
  });
  llvm::deallocate_buffer(memory, bytes, page);
  return 2.0 * double(turns) * double(bytes) / seconds;
}

} // namespace rondo::run
