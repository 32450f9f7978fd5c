// Loops. A scan cuts its driver's ticks into sequences, sorts them by length, longest first, and gives them to threads.
// Each thread then has a loop of its own (Loop.h), whose step k handles the k-th tick of all its sequences that have
// one: at each step a prefix of them.
#ifndef RONDO_RUNTIME_SCAN_H
#define RONDO_RUNTIME_SCAN_H

#include "runtime/Timeline.h"

namespace rondo::runtime {

/// Gives each Block, Register and Memory of a scan its place in a row of all of their kind.
void placeLoopArrays(Call &call, int32_t scan);

/// Those of one operation.
inline Span scansOf(const Call &call, const OpPlan &op) {
  const int64_t *n = call.numbers(op);
  return {int32_t(n[0]), int32_t(n[1])};
}

/// The memory of scans.
void carveScans(const Call &call, Span scans, Carver &carver);

/// One after the other, or, where threads have not enough to do with one, side by side.
bool runScans(Call &call, Span scans, char *scratch);

} // namespace rondo::runtime
#endif
