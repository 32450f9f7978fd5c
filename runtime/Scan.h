// Loops. A scan cuts its driver's ticks into sequences, sorts them by length, longest first, and gives them to threads.
// Each thread then has a loop of its own (Loop.h), whose step k handles the k-th tick of all its sequences that have
// one: at each step a prefix of them.
#ifndef RONDO_RUNTIME_SCAN_H
#define RONDO_RUNTIME_SCAN_H

#include "runtime/Timeline.h"

namespace rondo::runtime {

/// Gives each Block, Register and Memory of a scan its place in a row of all of their kind.
void placeLoopArrays(Call &call, int32_t scan);

/// The memory of a scan.
void carveScan(const Call &call, int32_t scan, Carver &carver);

bool runScan(Call &call, int32_t scan, char *scratch);

} // namespace rondo::runtime
#endif
