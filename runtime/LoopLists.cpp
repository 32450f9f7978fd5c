// The rows of each step, by clock.
#include "runtime/Loop.h"

namespace rondo::runtime {

Loop::Loop(Call &call, const ScanPlan &scan, const ScanMemory &memory, Team &team, int32_t thread, int32_t first,
           int32_t count, int64_t ticks)
    : call(call), scan(scan), memory(memory), team(team), tables([&] {
        Carver carver(memory.tables + thread * memory.tableBytes);
        return LoopTables(scan, memory.bounds, memory.words, carver);
      }()),
      sequences(memory.sequences + first), thread(thread), first(first), count(count), ticks(ticks) {}

void Loop::shareLists(const Loop &other) {
  isAffine = other.isAffine;
  distance = other.distance;
  leaders = other.tables.clocks;
  due = other.due;
  dueMask = other.dueMask;
  for (int32_t j = 0; j < scan.clocks.count; ++j) {
    LoopClock &clock = tables.clocks[j];
    clock = other.tables.clocks[j];
    if (clock.offsets == other.tables.clocks[j].counts)
      clock.offsets = clock.counts;
  }
  for (int64_t i = 0; i < memory.bounds.mapped; ++i)
    tables.maps[i] = other.tables.maps[i];
  driver = &clockOf(scan.driver);
}

bool Loop::makeLists() {
  int32_t mapped = 0; // by the loops of all threads, in the order of views
  for (int32_t j = 0; j < scan.clocks.count; ++j) {
    LoopClock &clock = tables.clocks[j] = LoopClock();
    clock.clock = int32_t(call.numbers(scan.clocks)[j]);
    const ClockPlan &plan = call.clock(clock.clock);
    if (clock.clock == scan.driver)
      clock.kind = LoopClock::Kind::Driver;
    else if (plan.kind == ClockPlan::Kind::Pair)
      clock.kind = LoopClock::Kind::Pair;
    else
      clock.kind = call.clocks[clock.clock].known ? LoopClock::Kind::Known : LoopClock::Kind::InLoop;
    if (clock.kind == LoopClock::Kind::Pair || clock.kind == LoopClock::Kind::InLoop) {
      clock.target = call.clocks[clock.kind == LoopClock::Kind::Pair ? plan.target : plan.parent].loopClock;
      clock.offsets = clock.counts;
    }
  }
  driver = &clockOf(scan.driver);
  makeDriver();
  makeGroups();
  for (int32_t j = 0; j < scan.clocks.count; ++j) {
    LoopClock &clock = tables.clocks[j];
    const ClockMemory &from = memory.clocks[j];
    bool isPair = clock.kind == LoopClock::Kind::Pair;
    // Entries of sequences ahead of this loop's, in what all loops share.
    int64_t before = isPair ? from.windows[first] : clock.kind == LoopClock::Kind::InLoop ? first : ticks;
    for (int32_t list = 0; list < listKinds && clock.kind != LoopClock::Kind::Driver; ++list)
      if (from.lists[list] && (!isPair || from.isNeeded[list]))
        clock.lists[list] = from.lists[list] + before;
    if (isPair) {
      clock.groups = from.groups + first + thread;
      clock.lastSequences = from.lastSequences + first;
      clock.lastSources = from.lastSources + first;
    }
    if (clock.kind == LoopClock::Kind::Known && !makeKnown(clock, from))
      return false;
  }
  for (int32_t i = 0; i < scan.ops.count; ++i) {
    const OpPlan &op = call.op(scan.ops.first + i);
    for (int32_t v = 0; v < op.views.count; ++v) {
      const View &view = call.views(op)[v];
      if (view.rows != Rows::Mapped)
        continue;
      int32_t window = windowOf(call, op, v);
      LoopClock &clock = clockOf(window);
      const ClockMemory &from = memory.clocks[call.clocks[window].loopClock];
      LoopMap &map = tables.maps[nextMap];
      int64_t before = clock.kind == LoopClock::Kind::Pair     ? from.windows[first]
                       : clock.kind == LoopClock::Kind::InLoop ? first
                                                               : ticks;
      map.rows = memory.mapLists[mapped++] + before;
      map.map = call.maps[view.map].rows;
      map.ofDriver = listOf(call, scan, view, window) == List::MapOfDriver;
      map.next = clock.maps;
      clock.maps = nextMap++;
      if (clock.kind == LoopClock::Kind::Pair || clock.kind == LoopClock::Kind::InLoop)
        continue;
      if (clock.kind == LoopClock::Kind::Driver && isOneSequence() && !scan.reverse) {
        map.rows = const_cast<int32_t *>(map.map) + driverTick(0, 0);
        continue;
      }
      for (int32_t k = 0; k < steps(); ++k)
        makeMapLists(clock, clock.offsets[k], clock.offsets[k + 1] - clock.offsets[k], k);
    }
  }
  return true;
}

/// Operations that stand side by side on one clock are a group; which clocks have which.
void Loop::makeGroups() {
  for (int64_t i = 0; i < scan.clocks.count * memory.words; ++i)
    tables.dueOf[i] = 0;
  int64_t group = -1;
  const LoopClock *last = nullptr;
  for (int32_t i = scan.ahead; i < scan.stepsEnd(); ++i) {
    const LoopClock *clock = &clockOf(windowOf(call, call.op(scan.ops.first + i), -1));
    group += clock != last;
    last = clock;
    tables.dueOf[(clock - tables.clocks) * memory.words + group / 64] |= uint64_t(1) << group % 64;
  }
  // Where no clock but those that are found step by step is slower than the loop, all steps have all groups.
  for (int32_t j = 0; j < scan.clocks.count; ++j)
    if (tables.clocks[j].kind == LoopClock::Kind::Known)
      dueMask = -1;
  due = memory.due + (ticks + thread) * memory.words;
  for (int32_t k = 0, rows = dueMask ? steps() : 1; k < rows; ++k)
    for (int64_t w = 0; w < memory.words; ++w) {
      uint64_t bits = 0;
      for (int32_t j = 0; j < scan.clocks.count; ++j)
        if (tables.clocks[j].kind != LoopClock::Kind::Known)
          bits |= tables.dueOf[j * memory.words + w];
      due[k * memory.words + w] = bits;
    }
}

/// Steps of the driver. Where sequences are of one length and lie at equal distances its ticks need no list: from row
/// to row and from step to step they grow by the same.
void Loop::makeDriver() {
  const ClockMemory &from = memory.clocks[call.clocks[scan.driver].loopClock];
  int32_t *offsets = from.offsets + ticks + thread;
  int32_t active = count;
  offsets[0] = 0;
  for (int32_t k = 0; k < steps(); ++k) {
    while (sequences[active - 1].length <= k)
      --active;
    offsets[k + 1] = offsets[k] + active;
  }
  driver->offsets = offsets;
  driver->mask = -1;
  driver->isFull = true;
  distance = count > 1 ? sequences[1].first - sequences[0].first : 0;
  isAffine = true;
  for (int32_t i = 1; i < count && isAffine; ++i)
    isAffine = sequences[i].length == sequences[0].length && sequences[i].first - sequences[i - 1].first == distance;
  if (!from.isNeeded[int32_t(List::Tick)] || isAffine)
    return;
  int32_t *list = from.lists[int32_t(List::Tick)] + ticks;
  driver->lists[int32_t(List::Tick)] = list;
  for (int32_t k = 0; k < steps(); ++k)
    for (int32_t i = 0; i < offsets[k + 1] - offsets[k]; ++i)
      *list++ = driverTick(i, k);
}

/// Calls function(sequence, tick, driver's tick) for all ticks of a known clock that are the loop's.
template <typename Function> bool Loop::eachTick(const LoopClock &clock, const Function &function) {
  int32_t root = call.clock(scan.driver).root;
  for (int32_t i = 0; i < count; ++i) {
    const Sequence &sequence = sequences[i];
    Stretch steps = stretchOf(call, scan.driver, root, sequence.sample);
    Stretch ticks = stretchOf(call, clock.clock, root, sequence.sample);
    int32_t d = sequence.first - steps.first, end = d + sequence.length;
    // The first tick at or behind the sequence's first.
    int32_t low = 0, high = ticks.count;
    while (low < high) {
      int32_t middle = low + (high - low) / 2;
      if (ticks.at(middle) < steps.at(d))
        low = middle + 1;
      else
        high = middle;
    }
    for (int32_t t = low; t < ticks.count; ++t) {
      int32_t position = ticks.at(t);
      if (position > steps.at(end - 1))
        break;
      while (steps.at(d) < position)
        ++d;
      if (steps.at(d) != position)
        return false;
      function(i, ticks.first + t, steps.first + d);
    }
  }
  return true;
}

bool Loop::makeKnown(LoopClock &clock, const ClockMemory &from) {
  int32_t *offsets = from.offsets + ticks + thread;
  clock.offsets = offsets;
  clock.mask = -1;
  for (int32_t k = 0; k <= steps(); ++k)
    offsets[k] = 0;
  auto stepOf = [&](int32_t sequence, int32_t tick) {
    const Sequence &s = sequences[sequence];
    return scan.reverse ? s.first + s.length - 1 - tick : tick - s.first;
  };
  if (!eachTick(clock, [&](int32_t i, int32_t, int32_t d) { ++offsets[stepOf(i, d)]; }))
    return false;
  int32_t sum = 0;
  const uint64_t *mine = tables.dueOf + (&clock - tables.clocks) * memory.words;
  clock.isFull = true;
  for (int32_t k = 0; k <= steps(); ++k) {
    int32_t here = offsets[k];
    offsets[k] = sum;
    sum += here;
    if (here == 0)
      continue;
    clock.isFull &= here == active(k);
    for (int64_t w = 0; w < memory.words; ++w)
      due[k * memory.words + w] |= mine[w];
  }
  int32_t *rows = clock.lists[int32_t(List::Sequence)], *own = clock.lists[int32_t(List::Tick)],
          *drivers = clock.lists[int32_t(List::Driver)];
  bool needsOwn = from.isNeeded[int32_t(List::Tick)];
  eachTick(clock, [&](int32_t i, int32_t tick, int32_t d) {
    int32_t entry = offsets[stepOf(i, d)]++;
    rows[entry] = i;
    drivers[entry] = d;
    if (needsOwn)
      own[entry] = tick;
  });
  for (int32_t k = steps(); k > 0; --k) // each offset has moved on to the next
    offsets[k] = offsets[k - 1];
  offsets[0] = 0;
  return true;
}

void Loop::makeMapLists(const LoopClock &clock, int64_t entry, int32_t rows, int32_t step) {
  for (int32_t m = clock.maps; m >= 0; m = tables.maps[m].next) {
    const LoopMap &map = tables.maps[m];
    const int32_t *from = clock.lists[int32_t(map.ofDriver ? List::Driver : List::Tick)];
    for (int32_t i = 0; i < rows; ++i)
      map.rows[entry + i] = map.map[clock.kind == LoopClock::Kind::Driver ? driverTick(i, step) : from[entry + i]];
  }
}

/// The window of a pair clock: the rows of each target that ticks at this step.
void Loop::makePairs(LoopClock &pair, int32_t step) {
  pair.step = step;
  const LoopClock &target = tables.clocks[pair.target];
  int32_t at = step & target.mask, entry = target.offsets[at], targets = target.offsets[at + 1] - entry;
  const ClockMemory &from = memory.clocks[&pair - tables.clocks];
  bool isDriver = target.kind == LoopClock::Kind::Driver;
  auto sequenceOf = [&](int32_t i) { return isDriver ? i : target.lists[int32_t(List::Sequence)][entry + i]; };
  auto tickOf = [&](int32_t i) {
    return isDriver ? driverTick(i, step) : target.lists[int32_t(List::Driver)][entry + i];
  };
  bool isSame = targets == pair.lastCount;
  int32_t rows = 0;
  for (int32_t i = 0; i < targets; ++i) {
    Range sources = from.sources[tickOf(i)];
    isSame = isSame && pair.lastSequences[i] == sequenceOf(i) && pair.lastSources[i].begin == sources.begin &&
             pair.lastSources[i].end == sources.end;
    pair.lastSequences[i] = sequenceOf(i);
    pair.lastSources[i] = sources;
    pair.groups[i] = rows;
    rows += sources.end - sources.begin;
  }
  pair.groups[targets] = rows;
  pair.counts[1] = rows;
  pair.lastCount = targets;
  auto fill = [&](List list, auto valueOf, int32_t growth) {
    int32_t *to = pair.lists[int32_t(list)];
    for (int32_t i = 0; to && i < targets; ++i) {
      int32_t value = valueOf(i);
      for (int32_t row = pair.groups[i]; row < pair.groups[i + 1]; ++row, value += growth)
        to[row] = value;
    }
  };
  if (!isSame) {
    fill(List::Window, [&](int32_t i) { return i; }, 0);
    fill(List::Sequence, sequenceOf, 0);
    fill(List::Source, [&](int32_t i) { return pair.lastSources[i].begin; }, 1);
    fill(List::Memory, [&](int32_t i) { return pair.lastSources[i].begin + from.shifts[first + sequenceOf(i)]; }, 1);
  }
  fill(List::Driver, tickOf, 0);
  if (pair.lists[int32_t(List::Target)] || pair.lists[int32_t(List::Tick)]) {
    const int32_t *own = target.lists[int32_t(List::Tick)];
    auto ownOf = [&](int32_t i) { return isDriver ? driverTick(i, step) : own[entry + i]; };
    fill(List::Target, ownOf, 0);
    fill(List::Tick, [&](int32_t i) { return call.clocks[pair.clock].pairs[ownOf(i)]; }, 1);
  }
  makeMapLists(pair, 0, rows, step);
}

void Loop::findEvents(const LoopOp &op, const LoopClock &parent, int32_t rows, int32_t entry, int32_t step) {
  LoopClock &clock = *op.clock;
  bool isDriver = parent.kind == LoopClock::Kind::Driver;
  const int32_t *sequenceList = parent.lists[int32_t(List::Sequence)], *ticks = parent.lists[int32_t(List::Driver)];
  int32_t found = 0;
  for (int32_t i = 0; i < rows; ++i) {
    if (!*rowOf(op.operands[0], i))
      continue;
    clock.lists[int32_t(List::Sequence)][found] = isDriver ? i : sequenceList[entry + i];
    clock.lists[int32_t(List::Driver)][found++] = isDriver ? driverTick(i, step) : ticks[entry + i];
  }
  clock.counts[1] = found;
  makeMapLists(clock, 0, found, step);
}

} // namespace rondo::runtime
