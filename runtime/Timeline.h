// When clocks tick, what a tick of one clock sees of another, and which ticks belong together.
#ifndef RONDO_RUNTIME_TIMELINE_H
#define RONDO_RUNTIME_TIMELINE_H

#include "runtime/Call.h"

namespace rondo::runtime {

//===--- Rows of the caller's axes -----------------------------------------------------------------------------===//

/// Rows of an axis ahead of a sample. (`sample` up to and with batch.)
int64_t axisBegin(const Call &call, int32_t axis, int64_t sample);
inline int64_t axisRows(const Call &call, int32_t axis) { return axisBegin(call, axis, call.batch); }
/// The first row of its root at or behind the beginning of an axis's row.
int64_t rootRowOf(const Call &call, int32_t axis, int64_t row);

/// An upper bound of a clock's ticks in a sample, from the lengths alone.
int64_t mostTicks(const Call &call, int32_t clock, int64_t sample);

//===--- Ticks -------------------------------------------------------------------------------------------------===//

/// The ticks of a clock in one sample, with their positions in a root. A tick of `sample`'s family lies at the last
/// position; in a sample without positions it is not there.
struct Stretch {
  int32_t first = 0, count = 0;       // tick numbers
  int32_t base = 0;                   // position of the first; the others follow one by one, unless there are
  const int32_t *positions = nullptr; // positions of all
  int32_t at(int32_t i) const { return positions ? positions[i] : base + i; }
};
Stretch stretchOf(const Call &call, int32_t clock, int32_t root, int64_t sample);

/// Some consecutive ticks.
struct Range {
  int32_t begin = 0, end = 0;
};

/// Where the cuts of a scope lie in a root.
struct Cuts {
  const int32_t *numbers = nullptr; // by position: grows at each cut; null: no cuts
  bool between(int32_t a, int32_t b) const { return numbers && numbers[a] != numbers[b]; }
};
/// Numbers of memory that cutsOf needs.
int64_t cutsSize(const Call &call, int32_t scope, int32_t root);
Cuts cutsOf(const Call &call, int32_t scope, int32_t root, int32_t *memory);

/// Fixes a clock's ticks. `condition`: of an event, by tick of its parent. `scratch`: what the clock's carve takes.
void fixClock(Call &call, int32_t clock, const Operand *condition, char *scratch);
void carveClock(const Call &call, int32_t clock, Carver &carver);

/// How many ticks lie before each tick of a clock (reverse: behind) in its scope, by tick.
void countTicks(const Call &call, int32_t clock, bool reverse, Cuts cuts, int32_t *counts);

//===--- Ticks that see one another ----------------------------------------------------------------------------===//

/// Fixes a map's rows. False: there is no such map.
bool fixMap(Call &call, int32_t map, char *scratch);
void carveMap(const Call &call, int32_t map, Carver &carver);

/// For each tick of a target, those ticks of the source that lie in the same tick of `per` (-1: in the same sample).
void meetingsOf(const Call &call, int32_t target, int32_t source, int32_t per, Range *ranges);

/// The row of a pair clock at which two ticks meet; -1 if they do not.
int32_t pairRow(const Call &call, int32_t pair, int32_t target, int32_t source);

/// For each tick of `to`, the ticks of `from` after the tick before it, up to and with it; reverse: from it on, and
/// before the next. Behind a cut there are none. Neither is a pair.
void rangesOf(const Call &call, int32_t from, int32_t to, bool reverse, Cuts cuts, Range *ranges);
/// For each sample, those ticks that no cut separates from its end (reverse: its beginning).
void sampleRangesOf(const Call &call, int32_t clock, bool reverse, Cuts cuts, Range *ranges);
/// For each tick of `per`, the rows of `clock` that belong to it: those since the tick before it, up to and with it; on
/// a pair clock, whose target `per` is, the rows of the target's tick.
void groupsOf(const Call &call, int32_t clock, int32_t per, Range *ranges);

} // namespace rondo::runtime
#endif
