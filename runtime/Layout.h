// Where everything of a call lies in its workspace. Sizes follow from the lengths in the batch alone: what hangs on
// values (ticks of events) is given room for the most that there can be. One code computes how much a workspace must
// hold and, given one, places.
#ifndef RONDO_RUNTIME_LAYOUT_H
#define RONDO_RUNTIME_LAYOUT_H

#include "runtime/Call.h"

namespace rondo::runtime {

/// Bytes of a call's tables: what `Call` has by number. They are the first part of the workspace.
int64_t tableBytes(const Plan &plan);
/// Places the tables, with nothing in them.
void setTables(Call &call, char *memory);

/// Places all else. `workspace`: null to count only; it has `limit` bytes, the tables at least. `bytes`: what is
/// needed; with less, not everything has a place.
bool layOut(Call &call, char *workspace, int64_t limit, int64_t &bytes);

/// What a clock is called in messages: the axis under it.
const char *nameOfClock(const Call &call, int32_t clock);

//===--- Pars --------------------------------------------------------------------------------------------------===//

/// The operations that an operation of the top level carries out on each block of a window: those of a Par, else it
/// alone.
Span innerOps(const Call &call, int32_t op);

/// How a window is divided.
struct ParShape {
  int64_t rows = 0;      // in all
  int64_t blockRows = 0; // of a block
  int64_t rowBytes = 0;  // of all Block arrays together, a row
  /// No more blocks than this have memory at a time.
  int64_t places() const {
    int64_t blocks = (rows + blockRows - 1) / blockRows;
    return (blocks < mostThreads ? blocks : mostThreads) + 1;
  }
};
ParShape shapeOf(const Call &call, int32_t op, int64_t rows);

/// The memory of an operation of the top level, by its parts.
void carveOp(const Call &call, int32_t op, Carver &carver);

} // namespace rondo::runtime
#endif
