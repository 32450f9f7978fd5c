// Which ticks see one another.
#include "runtime/Timeline.h"

namespace rondo::runtime {

static int32_t clamped(int32_t x, int32_t least, int32_t most) { return x < least ? least : x < most ? x : most; }

/// For each of `lookers` the last of `seen` at or before it (strict: before it), or -1; reverse: the first at or after
/// it.
static void lookAlong(Stretch seen, Stretch lookers, bool strict, bool reverse, int32_t *rows) {
  int32_t shift = reverse ? strict : -int32_t(strict); // to the position from which one looks
  int32_t last = seen.count - 1, i = 0;
  auto fill = [&](int32_t end, int32_t found) {
    for (; i < end; ++i)
      rows[i] = found < 0 || found > last ? -1 : seen.first + found;
  };
  if (seen.positions) {
    // Each tick is seen by those between it and the next; in reverse, between the one before and it.
    for (int32_t j = 0; j <= last; ++j) {
      int32_t limit = seen.positions[j] + reverse - shift, end = i;
      if (lookers.positions)
        while (end < lookers.count && lookers.positions[end] < limit)
          ++end;
      else
        end = clamped(limit - lookers.base, i, lookers.count);
      fill(end, reverse ? j : j - 1);
    }
    return fill(lookers.count, reverse ? -1 : last);
  }
  for (; i < lookers.count;) {
    int32_t found = lookers.at(i) + shift - seen.base;
    fill(i + 1, reverse ? (found < 0 ? 0 : found) : (found < last ? found : last));
  }
}

/// Nothing is seen across a cut. Neither clock is a pair.
static void look(const Call &call, int32_t from, int32_t to, bool strict, bool reverse, Cuts cuts, int32_t *rows) {
  int32_t root = call.commonRoot(from, to);
  if (call.isSampled(to)) // a sample without positions has a row, but no tick
    for (int32_t i = 0; i < call.clocks[to].rows; ++i)
      rows[i] = -1;
  for (int64_t s = 0; s < call.batch; ++s) {
    Stretch seen = stretchOf(call, from, root, s), lookers = stretchOf(call, to, root, s);
    int32_t *own = rows + lookers.first;
    lookAlong(seen, lookers, strict, reverse, own);
    for (int32_t i = 0; cuts.numbers && i < lookers.count; ++i)
      if (own[i] >= 0 && cuts.between(seen.at(own[i] - seen.first), lookers.at(i)))
        own[i] = -1;
  }
}

int32_t pairRow(const Call &call, int32_t pair, int32_t target, int32_t source) {
  if (target < 0)
    return -1;
  const ClockState &clock = call.clocks[pair];
  int32_t row = source - clock.firstSource[target], count = clock.pairs[target + 1] - clock.pairs[target];
  return row >= 0 && row < count ? clock.pairs[target] + row : -1;
}

namespace {

/// The clocks of a Latest or Strict whose ticks look at one another.
struct Lookers {
  int32_t from, to, root;
  Lookers(const Call &call, const MapPlan &map) : from(call.timeOf(map.from)), to(call.timeOf(map.to)) {
    if (call.isPair(map.from) && !call.isPair(map.to))
      to = 0; // a source sees, row by row, what was at the sample's end
    root = call.commonRoot(from, to);
  }
};

bool fixLook(Call &call, const MapPlan &map, int32_t *rows, char *scratch) {
  Lookers clocks(call, map);
  Carver carver(scratch);
  int32_t *cutNumbers = carver.take<int32_t>(cutsSize(call, map.scope, clocks.root));
  Cuts cuts = cutsOf(call, map.scope, clocks.root, cutNumbers);
  bool strict = map.kind == MapPlan::Kind::Strict, fromPair = call.isPair(map.from), toPair = call.isPair(map.to);
  if (!fromPair && !toPair) {
    look(call, clocks.from, clocks.to, strict, map.reverse, cuts, rows);
    return true;
  }
  int32_t *seen = carver.take<int32_t>(call.mostRows[clocks.to]); // by tick of clocks.to
  look(call, clocks.from, clocks.to, strict, map.reverse, cuts, seen);
  int32_t source = call.clock(fromPair ? map.from : map.to).source;
  if (!toPair) {
    if (map.to != source)
      return false;
    const int32_t *offsets = call.clocks[source].offsets;
    for (int64_t s = 0; s < call.batch; ++s)
      for (int32_t i = offsets[s]; i < offsets[s + 1]; ++i)
        rows[i] = pairRow(call, map.from, seen[s], i);
    return true;
  }
  if (call.clock(map.to).source != source)
    return false;
  const ClockState &to = call.clocks[map.to];
  for (int32_t t = 0; t < call.clocks[clocks.to].rows; ++t)
    for (int32_t i = to.pairs[t]; i < to.pairs[t + 1]; ++i)
      rows[i] = fromPair ? pairRow(call, map.from, seen[t], to.firstSource[t] + i - to.pairs[t]) : seen[t];
  return true;
}

} // namespace

void carveMap(const Call &call, int32_t index, Carver &carver) {
  const MapPlan &map = call.map(index);
  if (map.kind != MapPlan::Kind::Latest && map.kind != MapPlan::Kind::Strict)
    return;
  Lookers clocks(call, map);
  carver.take<int32_t>(cutsSize(call, map.scope, clocks.root));
  carver.take<int32_t>(call.mostRows[clocks.to]);
}

bool fixMap(Call &call, int32_t index, char *scratch) {
  const MapPlan &map = call.map(index);
  MapState &state = call.maps[index];
  int32_t count = call.clocks[map.to].rows;
  switch (map.kind) {
  case MapPlan::Kind::Latest:
  case MapPlan::Kind::Strict:
    if (!fixLook(call, map, state.rows, scratch))
      return false;
    break;
  case MapPlan::Kind::Target:
  case MapPlan::Kind::Source: {
    if (!call.isPair(map.to))
      return false;
    const ClockState &pair = call.clocks[map.to];
    for (int32_t t = 0; t < call.clocks[call.clock(map.to).target].rows; ++t)
      for (int32_t i = pair.pairs[t]; i < pair.pairs[t + 1]; ++i)
        state.rows[i] = map.kind == MapPlan::Kind::Target ? t : pair.firstSource[t] + i - pair.pairs[t];
    break;
  }
  case MapPlan::Kind::Compose: {
    const int32_t *inner = call.maps[map.inner].rows, *outer = call.maps[map.outer].rows;
    for (int32_t i = 0; i < count; ++i)
      state.rows[i] = outer[i] < 0 ? -1 : inner[outer[i]];
    break;
  }
  }
  int32_t least = 0;
  for (int32_t i = 0; i < count; ++i)
    least = state.rows[i] < least ? state.rows[i] : least;
  state.misses = least < 0;
  state.known = true;
  return true;
}

//===--- Ranges ------------------------------------------------------------------------------------------------===//

void rangesOf(const Call &call, int32_t from, int32_t to, bool reverse, Cuts cuts, Range *ranges) {
  int32_t root = call.commonRoot(from, to);
  for (int32_t i = 0; i < call.clocks[to].rows; ++i)
    ranges[i] = {};
  for (int64_t s = 0; s < call.batch; ++s) {
    Stretch seen = stretchOf(call, from, root, s), lookers = stretchOf(call, to, root, s);
    int32_t begin = 0, end = 0;
    for (int32_t i = 0; i < lookers.count; ++i) {
      int32_t here = lookers.at(i);
      begin = end;
      if (reverse) {
        while (begin < seen.count && seen.at(begin) < here)
          ++begin;
        end = begin;
        while (end < seen.count && (i + 1 == lookers.count || seen.at(end) < lookers.at(i + 1)))
          ++end;
      } else {
        while (end < seen.count && seen.at(end) <= here)
          ++end;
      }
      int32_t first = begin, behind = end;
      while (first < behind && cuts.between(seen.at(reverse ? behind - 1 : first), here))
        reverse ? --behind : ++first;
      ranges[lookers.first + i] = {seen.first + first, seen.first + behind};
    }
  }
}

void sampleRangesOf(const Call &call, int32_t clock, bool reverse, Cuts cuts, Range *ranges) {
  int32_t root = call.clock(clock).root;
  for (int64_t s = 0; s < call.batch; ++s) {
    Stretch ticks = stretchOf(call, clock, root, s);
    int32_t here = reverse ? call.rootBegin(root, s) : call.rootBegin(root, s + 1) - 1;
    int32_t begin = 0, end = ticks.count;
    while (begin < end && cuts.between(ticks.at(reverse ? end - 1 : begin), here))
      reverse ? --end : ++begin;
    ranges[s] = {ticks.first + begin, ticks.first + end};
  }
}

void groupsOf(const Call &call, int32_t clock, int32_t per, Range *ranges) {
  if (!call.isPair(clock)) {
    rangesOf(call, clock, per, false, {}, ranges);
    return;
  }
  const int32_t *pairs = call.clocks[clock].pairs;
  for (int32_t t = 0; t < call.clocks[per].rows; ++t)
    ranges[t] = {pairs[t], pairs[t + 1]};
}

} // namespace rondo::runtime
