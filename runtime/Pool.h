// Threads that wait for work. A call hands out a piece of work to some of them, takes part itself, and goes on when all
// are done; inside of a piece of work threads meet at barriers. Nobody locks: waiting is looking at a flag, for a while
// at full speed, then giving way to other threads, and only threads without any work go to sleep.
#ifndef RONDO_RUNTIME_POOL_H
#define RONDO_RUNTIME_POOL_H

#include "runtime/Runtime.h"
#include <atomic>

namespace rondo::runtime {

constexpr int32_t mostThreads = 64;

/// Work for a thread, numbered from 0: the caller's own.
using Work = void (*)(void *context, int32_t thread);

/// How many threads may work on a call; 1 without a pool.
int32_t threadsOf(const Pool *pool);

/// Takes the pool for a call. False if another call has it.
bool enter(Pool *pool);
void leave(Pool *pool);

/// Runs the work on threads 0..threads-1 (at most threadsOf(pool)) and waits for all of them.
void run(Pool *pool, int32_t threads, Work work, void *context);

/// The same, of work that is over when thread 0 is through with it: threads that have not begun by then are let off.
void share(Pool *pool, int32_t threads, Work work, void *context);

/// Looks at a flag that another thread changes.
class Patience {
public:
  void wait();

private:
  int32_t looks = 0;
};

/// Where a fixed number of threads meet again and again.
class Barrier {
public:
  void expect(int32_t count) { threads = count; }
  /// Returns when all threads have called this as often as this one has. What a thread wrote before, all see behind.
  void meet(int32_t thread);

private:
  struct alignas(64) Flag {
    std::atomic<uint32_t> meetings{0};
  };
  int32_t threads = 1;
  Flag flags[mostThreads];
};

} // namespace rondo::runtime
#endif
