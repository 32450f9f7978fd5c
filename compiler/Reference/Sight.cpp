#include "compiler/Reference/Sight.h"
#include <algorithm>

namespace rondo::reference {

Sight::Sight(const Program &program, ClockId from, ClockId to, bool toSource)
    : fromTime(from), toTime(to), program(program), from(from) {
  const Clock &f = program.clocks[from], &t = program.clocks[to];
  towardsSource = toSource || (f.isPair() && to == f.source && to != f.target);
  if (f.isPair())
    fromTime = f.target;
  if (t.isPair())
    toTime = t.target;
  else if (towardsSource)
    toTime = sampleClock;
  rowed = f.isPair() && (t.isPair() || towardsSource);
  root = program.commonRoot(fromTime, toTime);
}

int32_t Sight::position(Timeline &time, Place looker) const { return time.position(toTime, looker.at, root); }

Place Sight::place(Timeline &time, int32_t sample, int32_t position, int32_t row) const {
  return {sample, time.tickAt(fromTime, position), row};
}

Answer Sight::hasRow(Timeline &time, int32_t position, int32_t row) const {
  return rowed ? time.meets(from, time.tickAt(fromTime, position), row) : Answer::Yes;
}

bool Sight::placesWithin(Timeline &time, int32_t sample, int32_t low, int32_t high, int32_t row,
                         llvm::SmallVectorImpl<std::pair<int32_t, Place>> &places) const {
  for (int32_t position = high;; --position) {
    position = time.last(fromTime, root, position, low);
    if (position == unknown)
      return false;
    if (position == nowhere)
      break;
    if (program.clocks[from].isPair() && !rowed) {
      const std::vector<int32_t> *rows = time.sourceRows(from, time.tickAt(fromTime, position));
      if (!rows)
        return false;
      for (int32_t r : llvm::reverse(*rows))
        places.push_back({position, place(time, sample, position, r)});
      continue;
    }
    Answer has = hasRow(time, position, row);
    if (has == Answer::Unknown)
      return false;
    if (has == Answer::Yes)
      places.push_back({position, place(time, sample, position, row)});
  }
  std::reverse(places.begin(), places.end());
  return true;
}

Row look(Evaluation &e, ValueId value, ClockId to, Place looker, bool strict, bool reverse, ScopeId scope) {
  const Type &type = e.program().typeOf(value);
  Sight sight(e.program(), type.clock, to);
  Timeline &time = e.timeline(looker.sample);
  int32_t here = sight.position(time, looker), row = sight.row(looker);
  int32_t limit = time.reach(scope, sight.root, here, reverse);
  if (limit == unknown)
    return nullptr;
  int32_t there = reverse ? time.first(sight.fromTime, sight.root, strict ? here + 1 : here, limit)
                          : time.last(sight.fromTime, sight.root, strict ? here - 1 : here, limit);
  if (there == unknown)
    return nullptr;
  if (there == nowhere)
    return e.zeros(type.size);
  Answer has = sight.hasRow(time, there, row);
  if (has == Answer::Unknown)
    return nullptr;
  if (has == Answer::No)
    return e.zeros(type.size);
  return e.ask(value, sight.place(time, looker.sample, there, row));
}

bool rowsOfTick(Evaluation &e, ClockId clock, ClockId per, Place tick, llvm::SmallVectorImpl<Place> &rows) {
  const Clock &c = e.program().clocks[clock];
  Timeline &time = e.timeline(tick.sample);
  if (c.isPair()) {
    const std::vector<int32_t> *sources = time.sourceRows(clock, tick.at);
    for (size_t i = 0; sources && i < sources->size(); ++i)
      rows.push_back({tick.sample, tick.at, (*sources)[i]});
    return sources;
  }
  Sight sight(e.program(), clock, per);
  int32_t here = sight.position(time, tick);
  int32_t previous = time.last(per, sight.root, here - 1);
  llvm::SmallVector<std::pair<int32_t, Place>> places;
  if (previous == unknown ||
      !sight.placesWithin(time, tick.sample, previous == nowhere ? 0 : previous + 1, here, 0, places))
    return false;
  for (auto &[position, place] : places)
    rows.push_back(place);
  return true;
}

} // namespace rondo::reference
