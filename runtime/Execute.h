// What the operations of the top level have in common.
#ifndef RONDO_RUNTIME_EXECUTE_H
#define RONDO_RUNTIME_EXECUTE_H

#include "runtime/Call.h"

namespace rondo::runtime {

/// How a view finds rows begin.. of a window on its operation's clock, outside of Scans.
struct WindowPlace {
  int64_t begin = 0;
  int32_t thread = 0;
  char *blocks = nullptr; // memory of Block arrays, for `blockRows` rows
  int64_t blockRows = 0;
};
Operand operandOf(const Call &call, const View &view, const WindowPlace &place = {});

/// How large a workspace a call needs whose inputs have been taken.
bool countWorkspace(Call &call, size_t *bytes);
/// Carries out a call whose inputs and outputs have been taken.
bool carryOut(Call &call, void *workspace, size_t bytes);

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/// For how many threads there is work that reads so many bytes.
inline int64_t threadsFor(int64_t bytes) {
  constexpr int64_t bytesOfThread = 32 * 1024; // are read while another thread is told, and has its data brought
  return bytes < bytesOfThread ? 1 : least(bytes / bytesOfThread, mostThreads);
}

/// Calls body(begin, end, thread) for blocks of 0..count-1, in any order and on at most so many threads.
template <typename Body>
void forBlocks(const Call &call, int64_t count, int64_t block, int64_t most, const Body &body) {
  struct Shared {
    const Body &body;
    int64_t count, block;
    std::atomic<int64_t> next;
  } shared{body, count, block, {0}};
  int64_t blocks = (count + block - 1) / block;
  int64_t threads = least(threadsOf(call.pool), least(most, blocks));
  auto work = [](void *context, int32_t thread) {
    Shared &shared = *static_cast<Shared *>(context);
    for (;;) {
      int64_t begin = shared.next.fetch_add(shared.block, std::memory_order_relaxed);
      if (begin >= shared.count)
        return;
      shared.body(begin, least(begin + shared.block, shared.count), thread);
    }
  };
  if (count > 0)
    share(call.pool, int32_t(threads), work, &shared);
}

} // namespace rondo::runtime
#endif
