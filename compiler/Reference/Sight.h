// How a value on one clock is seen from a place on another: what slots, crossings and row operations have in common.
#ifndef RONDO_REFERENCE_SIGHT_H
#define RONDO_REFERENCE_SIGHT_H

#include "compiler/Reference/Evaluation.h"

namespace rondo::reference {

/// A pair's time is its target's, and rows keep to themselves. Towards a source's clock a stream on a pair is seen row
/// by row from where `sample` ticks.
class Sight {
public:
  /// `toSource`: from pairs of a clock with itself to the source, not to the target.
  Sight(const Program &program, ClockId from, ClockId to, bool toSource = false);

  /// Where the looker stands: its position in the root that both clocks have, and its row.
  int32_t position(Timeline &time, Place looker) const;
  int32_t row(Place looker) const { return towardsSource ? looker.at : looker.row; }
  /// The place of the seen value's tick at a position.
  Place place(Timeline &time, int32_t sample, int32_t position, int32_t row) const;
  /// Whether the seen value has this row at a position.
  Answer hasRow(Timeline &time, int32_t position, int32_t row) const;

  /// All places of the seen value in from..to, ascending: its ticks, in the looker's row or, where the looker has none,
  /// in all rows. False: unknown yet.
  bool placesWithin(Timeline &time, int32_t sample, int32_t from, int32_t to, int32_t row,
                    llvm::SmallVectorImpl<std::pair<int32_t, Place>> &places) const;

  ClockId fromTime, toTime;
  int32_t root;
  bool towardsSource = false; // from a pair to its source

private:
  const Program &program;
  ClockId from;
  bool rowed = false; // both have rows, and only equal rows see one another
};

/// The row of `value` at its tick last at or before (`strict`: before) the looker's position, or in reverse first at or
/// after it; zero where there is none or where a cut lies between. Null: not known yet.
Row look(Evaluation &evaluation, ValueId value, ClockId to, Place looker, bool strict, bool reverse, ScopeId scope);

/// The places on `clock` that belong to one tick of `per`, ascending: those after the tick before, up to and with this
/// one; on a pair clock, whose target `per` is then, the source rows. False: not known yet.
bool rowsOfTick(Evaluation &evaluation, ClockId clock, ClockId per, Place tick, llvm::SmallVectorImpl<Place> &rows);

} // namespace rondo::reference
#endif
