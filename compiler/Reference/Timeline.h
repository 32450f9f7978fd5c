// When clocks tick in one sample. Positions are indices into the ticks of a root (the finest axis of a chain); `sample`
// has a position in every root, its last. Ticks of events are values: a question whose answer hangs on one that has not
// been computed is answered `Unknown`, and the value has then been asked for.
#ifndef RONDO_REFERENCE_TIMELINE_H
#define RONDO_REFERENCE_TIMELINE_H

#include "compiler/Reference/Program.h"
#include <map>
#include <tuple>

namespace rondo::reference {

enum class Answer : uint8_t { No, Yes, Unknown };

/// What a search along time returns besides a position.
constexpr int32_t nowhere = -2;
constexpr int32_t unknown = -3;

/// Who knows the values of events.
class EventSource {
public:
  virtual ~EventSource() = default;
  virtual Answer holds(ValueId condition, int32_t sample, int32_t at) = 0;
};

class Timeline {
public:
  /// `lengths`: by axis, ticks of roots (others are not read). `rowAt`: by axis, for each position of the root the row
  /// of the segment that ends there, or -1; empty for roots.
  Timeline(const Program &program, EventSource &events, int32_t sample, std::vector<int32_t> lengths,
           std::vector<std::vector<int32_t>> rowAt);

  int32_t length(int32_t root) const { return root == noRoot ? 1 : lengths[root]; }
  /// Where `sample` ticks: the last position, -1 in an empty root.
  int32_t end(int32_t root) const { return length(root) - 1; }
  /// The position in `root` of a clock's tick, and back.
  int32_t position(ClockId clock, int32_t at, int32_t root) const { return isSampled(clock) ? end(root) : at; }
  int32_t tickAt(ClockId clock, int32_t position) const { return isSampled(clock) ? 0 : position; }
  /// The row of an input on an axis (or on `sample`) that belongs to a tick.
  int32_t inputRow(ClockId clock, int32_t at) const;

  Answer ticks(ClockId clock, int32_t root, int32_t position);
  /// The last tick at or before a position and not before `lowest`; a position, nowhere or unknown.
  int32_t last(ClockId clock, int32_t root, int32_t position, int32_t lowest = -1);
  /// The first tick at or after a position and not after `highest`.
  int32_t first(ClockId clock, int32_t root, int32_t position, int32_t highest = INT32_MAX);
  /// The farthest position that is seen from `position`, backward (in reverse forward) in time: up to the nearest cut of
  /// the scope. What happens behind a cut is not asked for. -1 (in reverse INT32_MAX) where there is none; or unknown.
  int32_t reach(ScopeId scope, int32_t root, int32_t position, bool reverse);
  /// How many ticks of the clock lie before its tick at `position` in the scope (in reverse: behind). -1: unknown.
  int64_t count(ClockId clock, bool reverse, ScopeId scope, int32_t position);
  /// All ticks, as positions in the clock's root (`sample`: 0), ascending. False: unknown yet.
  bool allTicks(ClockId clock, std::vector<int32_t> &ticks);
  /// The source rows that a pair clock's target tick meets, ascending. Null: unknown yet.
  const std::vector<int32_t> *sourceRows(ClockId pair, int32_t at);
  /// Whether a pair clock's target tick meets a source row.
  Answer meets(ClockId pair, int32_t at, int32_t row);

  /// A copy that stands for another sample (of generation).
  Timeline forSample(int32_t sample) const;

private:
  bool isSampled(ClockId clock) const { return program->clocks[clock].root == noRoot; }

  const Program *program;
  EventSource *events;
  int32_t sample;
  std::vector<int32_t> lengths;
  std::vector<std::vector<int32_t>> rowAt;

  // Answers that are settled. `back[c][p]` = q: clock c has no tick in (q, p]; `ahead`: none in [p, q).
  std::vector<std::vector<int32_t>> back, ahead;                             // by clock
  std::map<std::tuple<ClockId, bool, ScopeId>, std::vector<int64_t>> counts; // by position; -1: not yet
  std::map<std::pair<ClockId, int32_t>, std::vector<int32_t>> rows;          // by pair and the tick of its `per`
};

} // namespace rondo::reference
#endif
