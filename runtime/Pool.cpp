#include "runtime/Pool.h"
#include <climits>
#include <cstdlib>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace rondo::runtime {
namespace {

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/// Sleeps while the word has this value. May return early.
void sleepWhile(std::atomic<uint32_t> &word, uint32_t value) {
#if defined(__linux__)
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
#else
  timespec moment = {0, 50000};
  if (word.load() == value)
    nanosleep(&moment, nullptr);
#endif
}

void wake(std::atomic<uint32_t> &word) {
#if defined(__linux__)
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#endif
}

constexpr int32_t looksWithoutPause = 200; // a pause takes about as long as a meeting
constexpr int32_t looksAtFullSpeed = 500;  // about 20 microseconds
constexpr int32_t looksBeforeSleep = 2500; // of a thread without work

struct alignas(64) Worker {
  std::atomic<uint32_t> given{0}; // odd while there is work that it has not begun
  std::atomic<uint32_t> asleep{0};
  alignas(64) std::atomic<uint32_t> done{0};
  Pool *pool = nullptr;
  int32_t number = 0;
  pthread_t thread = {};
};

} // namespace

struct Pool {
  int32_t threads = 0;
  std::atomic<uint32_t> taken{0};
  Work work = nullptr; // null: end
  void *context = nullptr;
  Worker workers[mostThreads]; // [0] is the caller
};

/// Either the worker begins what it was given, or the one who gave it takes it back.
static bool takeFrom(Worker &worker, uint32_t given) {
  return worker.given.compare_exchange_strong(given, given + 1, std::memory_order_acq_rel);
}

static void *live(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  for (;;) {
    Patience patience;
    uint32_t seen;
    for (int32_t looks = 0; (seen = worker.given.load(std::memory_order_relaxed)) % 2 == 0; ++looks) {
      if (looks < looksBeforeSleep) {
        patience.wait();
        continue;
      }
      worker.asleep.store(1);
      if (worker.given.load() == seen)
        sleepWhile(worker.given, seen);
      worker.asleep.store(0);
    }
    if (!takeFrom(worker, seen))
      continue;
    if (!worker.pool->work)
      return nullptr;
    worker.pool->work(worker.pool->context, worker.number);
    worker.done.store(seen, std::memory_order_release);
  }
}

static void give(Worker &worker) {
  worker.given.fetch_add(1);
  if (worker.asleep.load())
    wake(worker.given);
}

Pool *createPool(int32_t threads) {
  if (threads < 1)
    return nullptr;
  if (threads > mostThreads)
    threads = mostThreads;
  void *memory = nullptr;
  if (posix_memalign(&memory, alignof(Pool), sizeof(Pool)))
    return nullptr;
  Pool *pool = ::new (memory) Pool;
  // Signals are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (pool->threads = 1; pool->threads < threads; ++pool->threads) {
    Worker &worker = pool->workers[pool->threads];
    worker.pool = pool;
    worker.number = pool->threads;
    if (pthread_create(&worker.thread, nullptr, live, &worker))
      break;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pool->threads == threads)
    return pool;
  destroyPool(pool);
  return nullptr;
}

void destroyPool(Pool *pool) {
  if (!pool)
    return;
  pool->work = nullptr;
  for (int32_t i = 1; i < pool->threads; ++i)
    give(pool->workers[i]);
  for (int32_t i = 1; i < pool->threads; ++i)
    pthread_join(pool->workers[i].thread, nullptr);
  pool->~Pool();
  std::free(pool);
}

int32_t threadsOf(const Pool *pool) { return pool ? pool->threads : 1; }

bool enter(Pool *pool) { return pool && !pool->taken.exchange(1, std::memory_order_acquire); }
void leave(Pool *pool) { pool->taken.store(0, std::memory_order_release); }

static void give(Pool *pool, int32_t threads, Work work, void *context) {
  if (threads < 2)
    return;
  pool->work = work;
  pool->context = context;
  for (int32_t i = 1; i < threads; ++i)
    give(pool->workers[i]);
}

static uint32_t lastGiven(const Worker &worker) { return (worker.given.load(std::memory_order_relaxed) - 1) | 1; }

static void awaitEnd(const Worker &worker) {
  Patience patience;
  while (worker.done.load(std::memory_order_acquire) != lastGiven(worker))
    patience.wait();
}

void run(Pool *pool, int32_t threads, Work work, void *context) {
  give(pool, threads, work, context);
  work(context, 0);
  for (int32_t i = 1; i < threads; ++i)
    awaitEnd(pool->workers[i]);
}

void share(Pool *pool, int32_t threads, Work work, void *context) {
  give(pool, threads, work, context);
  work(context, 0);
  for (int32_t i = 1; i < threads; ++i)
    if (Worker &worker = pool->workers[i]; !takeFrom(worker, lastGiven(worker)))
      awaitEnd(worker);
}

void Patience::wait() {
  if (looks < looksAtFullSpeed) {
    if (++looks > looksWithoutPause)
      pause();
  } else {
    sched_yield();
  }
}

void Barrier::meet(int32_t thread) {
  uint32_t mine = flags[thread].meetings.load(std::memory_order_relaxed) + 1;
  flags[thread].meetings.store(mine, std::memory_order_release);
  for (int32_t i = 0; i < threads; ++i) {
    Patience patience;
    // A thread may already be on its way to the next meeting.
    while (int32_t(flags[i].meetings.load(std::memory_order_acquire) - mine) < 0)
      patience.wait();
  }
}

} // namespace rondo::runtime
