// Measures what the machine can do at best, as a floor under all times. Prints lines
//
//   fma GFLOPS              fused multiply-adds in fp32, one core
//   read BYTES GBS          reading so many bytes again and again, there and back, one core
//   barrier NANOSECONDS     two cores meeting through a flag each
//
// A floor must not be too high, so each figure is the best of many short tries.

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

#ifdef __AVX512F__
constexpr int lanes = 16;
#else
constexpr int lanes = 8;
#endif
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));
constexpr int chains = 12;   // independent ones, enough to fill two units of latency 4
constexpr int64_t block = 8; // vectors read side by side

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <typename Body> double bestSeconds(int tries, Body body) {
  double best = 1e300;
  for (int i = 0; i < tries; ++i) {
    double start = now();
    body();
    best = std::min(best, now() - start);
  }
  return best;
}

// Keeps a value in its register, and the compiler from knowing it.
inline void touch(Vector &value) { asm volatile("" : "+v"(value)); }

void multiplyAdd(int64_t rounds) {
  Vector sums[chains] = {}, factor = sums[0] + 0.999f, term = sums[0] + 0.001f;
  touch(factor);
  touch(term);
  for (Vector &sum : sums)
    touch(sum); // else they are all the same, and one is computed
  for (int64_t i = 0; i < rounds; ++i)
    for (Vector &sum : sums)
      sum = sum * factor + term;
  for (Vector &sum : sums)
    touch(sum);
}

double fma() {
  constexpr int64_t rounds = 100000;
  return 2.0 * lanes * chains * rounds / bestSeconds(100, [] { multiplyAdd(rounds); }) * 1e-9;
}

void readBlocks(const Vector *at, size_t blocks, int64_t step) {
  Vector sums[block] = {};
  for (size_t i = 0; i < blocks; ++i, at += step)
    for (size_t k = 0; k < block; ++k)
      sums[k] += at[k];
  for (Vector &sum : sums)
    touch(sum);
}

// Turning round at each end leaves what was read last in the near caches: no schedule reads cyclic weights with less.
double read(size_t bytes) {
  size_t blocks = bytes / sizeof(Vector) / block, turns = std::max<size_t>(1, (8 << 20) / bytes);
  auto *memory = static_cast<Vector *>(std::aligned_alloc(1 << 21, (bytes + (1 << 21) - 1) >> 21 << 21));
  std::memset(memory, 0, bytes);
  auto turn = [&] {
    for (size_t i = 0; i < turns; ++i) {
      readBlocks(memory, blocks, block);
      readBlocks(memory + (blocks - 1) * block, blocks, -block);
    }
  };
  turn();
  double seconds = bestSeconds(bytes > (64 << 20) ? 3 : 60, turn);
  std::free(memory);
  return 2.0 * double(turns * blocks * block * sizeof(Vector)) / seconds * 1e-9;
}

void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

double barrier(int first, int second) {
  struct alignas(128) Flag {
    std::atomic<uint32_t> count{0};
  };
  static Flag flags[2];
  constexpr uint32_t rounds = 20000, tries = 30;
  auto meet = [](int me, uint32_t count) {
    flags[me].count.store(count, std::memory_order_release);
    while (flags[1 - me].count.load(std::memory_order_acquire) < count) {
    }
  };
  std::thread other([=] {
    pin(second);
    for (uint32_t i = 1; i <= rounds * tries; ++i)
      meet(1, i);
  });
  pin(first);
  uint32_t count = 0;
  double seconds = bestSeconds(tries, [&] {
    for (uint32_t i = 0; i < rounds; ++i)
      meet(0, ++count);
  });
  other.join();
  return seconds / rounds * 1e9;
}

} // namespace

// The arguments are the two cores to use, of which the first measures alone.
int main(int argc, char **argv) {
  int first = argc > 1 ? std::atoi(argv[1]) : 0, second = argc > 2 ? std::atoi(argv[2]) : first;
  pin(first);
  std::printf("fma %.1f\n", fma());
  for (size_t kilobytes : {16, 32, 64, 256, 512, 1024, 1536, 2048, 3072, 4096, 8192, 16384, 65536, 524288})
    std::printf("read %zu %.1f\n", kilobytes << 10, read(kilobytes << 10));
  if (second != first)
    std::printf("barrier %.0f\n", barrier(first, second));
}
