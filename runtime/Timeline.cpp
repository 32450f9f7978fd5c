#include "runtime/Timeline.h"
#include "runtime/Generate.h"
#include <cstring>

namespace rondo::runtime {

//===--- Rows of the caller's axes -----------------------------------------------------------------------------===//

/// Rows of an axis ahead of a row of the one that groups it.
static int64_t rowsAhead(const Call &call, int32_t axis, int64_t outerRow) {
  if (call.choice && axis == call.choice->hypotheses)
    return outerRow * call.choice->beams;
  if (call.choice && axis == call.choice->axis)
    return call.choice->rowsAhead(outerRow);
  return call.offsets[axis][outerRow];
}

int64_t axisBegin(const Call &call, int32_t axis, int64_t sample) {
  int32_t outer = call.axis(axis).outer;
  return rowsAhead(call, axis, outer < 0 ? sample : axisBegin(call, outer, sample));
}

int64_t rootRowOf(const Call &call, int32_t axis, int64_t row) {
  for (int32_t inner = call.axis(axis).inner; inner >= 0; inner = call.axis(inner).inner)
    row = rowsAhead(call, inner, row);
  return row;
}

static int64_t atMost(int64_t a, int64_t b) { return a < b ? a : b; }

/// Target and source meet in the rows of a segment axis: no more than all with all, row by row.
static int64_t mostPairs(const Call &call, const ClockPlan &pair, int64_t targets, int64_t sources, int64_t sample) {
  int64_t all = targets * sources; // of two numbers below 2^31
  if (pair.per < 0)
    return all;
  const ClockPlan &per = call.clock(pair.per), &source = call.clock(pair.source), &target = call.clock(pair.target);
  if (per.kind != ClockPlan::Kind::Axis || source.root != per.root || target.root != per.root)
    return all;
  int64_t pairs = 0;
  int64_t end = axisBegin(call, per.axis, sample + 1);
  for (int64_t row = axisBegin(call, per.axis, sample); row < end; ++row) {
    int64_t length = rootRowOf(call, per.axis, row + 1) - rootRowOf(call, per.axis, row);
    pairs += atMost(length, targets) * atMost(length, sources);
  }
  return atMost(pairs, all);
}

int64_t mostTicks(const Call &call, int32_t index, int64_t sample) {
  const ClockPlan &clock = call.clock(index);
  switch (clock.kind) {
  case ClockPlan::Kind::Sample: return 1;
  case ClockPlan::Kind::Axis: {
    int64_t row = axisBegin(call, clock.axis, sample), end = axisBegin(call, clock.axis, sample + 1);
    if (call.axis(clock.axis).inner < 0)
      return end - row;
    int64_t ticks = 0;
    for (int64_t root = rootRowOf(call, clock.axis, row); row < end; ++row) {
      int64_t next = rootRowOf(call, clock.axis, row + 1);
      ticks += next > root;
      root = next;
    }
    return ticks;
  }
  case ClockPlan::Kind::Every: {
    int64_t ticks = mostTicks(call, clock.parent, sample), scopes = 1;
    if (clock.scope >= 0) {
      Span cuts = call.plan->scopes.begin(call.plan)[clock.scope].cuts;
      for (int32_t i = 0; i < cuts.count && scopes <= ticks; ++i)
        scopes += mostTicks(call, call.plan->cuts.begin(call.plan)[cuts.first + i].clock, sample);
    } else {
      ticks = ticks > clock.phase ? ticks - clock.phase : 0;
    }
    return atMost(ticks, (ticks + clock.period - 1) / clock.period + scopes - 1);
  }
  case ClockPlan::Kind::Event: return mostTicks(call, clock.parent, sample);
  case ClockPlan::Kind::Pair:
    return mostPairs(call, clock, mostTicks(call, clock.target, sample), mostTicks(call, clock.source, sample), sample);
  }
  return 0;
}

//===--- Ticks -------------------------------------------------------------------------------------------------===//

Stretch stretchOf(const Call &call, int32_t index, int32_t root, int64_t sample) {
  const ClockState &clock = call.clocks[index];
  Stretch stretch;
  stretch.first = clock.offsets[sample];
  stretch.count = clock.offsets[sample + 1] - stretch.first;
  stretch.base = stretch.first;
  if (call.isSampled(index)) {
    int32_t end = call.rootBegin(root, sample + 1);
    if (end == call.rootBegin(root, sample))
      stretch.count = 0;
    stretch.base = end - 1;
  } else if (clock.positions) {
    stretch.positions = clock.positions + stretch.first;
  }
  return stretch;
}

int64_t cutsSize(const Call &call, int32_t scope, int32_t root) {
  return scope < 0 || root < 0 ? 0 : axisRows(call, root) + 1;
}

Cuts cutsOf(const Call &call, int32_t scope, int32_t root, int32_t *memory) {
  if (scope < 0 || root < 0)
    return {};
  int32_t rows = call.rootRows(root);
  std::memset(memory, 0, (size_t(rows) + 1) * sizeof(int32_t));
  Span span = call.plan->scopes.begin(call.plan)[scope].cuts;
  for (int32_t i = 0; i < span.count; ++i) {
    const CutPlan &cut = call.plan->cuts.begin(call.plan)[span.first + i];
    int32_t cutRoot = call.clock(cut.clock).root;
    if (cutRoot >= 0 && cutRoot != root)
      continue;
    for (int64_t s = 0; s < call.batch; ++s) {
      Stretch ticks = stretchOf(call, cut.clock, root, s);
      for (int32_t k = 0; k < ticks.count; ++k)
        ++memory[ticks.at(k) + !cut.before];
    }
  }
  for (int32_t p = 1; p <= rows; ++p)
    memory[p] += memory[p - 1];
  return {memory};
}

/// The ticks from the i-th on that no cut separates from it: the first behind them.
static int32_t runEnd(const Stretch &ticks, Cuts cuts, int32_t i) {
  int32_t end = cuts.numbers ? i + 1 : ticks.count;
  while (end < ticks.count && !cuts.between(ticks.at(i), ticks.at(end)))
    ++end;
  return end;
}

namespace {

/// Writes a clock's ticks, in order.
class TickWriter {
public:
  explicit TickWriter(ClockState &clock) : clock(clock) { clock.rows = 0; }
  void beginSample(int64_t sample) { clock.offsets[sample] = clock.rows; }
  void tick(int32_t position) {
    if (clock.positions)
      clock.positions[clock.rows] = position;
    ++clock.rows;
  }

private:
  ClockState &clock;
};

void fixEvery(Call &call, int32_t index, char *scratch) {
  const ClockPlan &plan = call.clock(index);
  TickWriter writer(call.clocks[index]);
  Cuts cuts = cutsOf(call, plan.scope, plan.root, reinterpret_cast<int32_t *>(scratch));
  for (int64_t s = 0; s <= call.batch; ++s) {
    writer.beginSample(s);
    if (s == call.batch)
      break;
    Stretch ticks = stretchOf(call, plan.parent, plan.root, s);
    for (int32_t i = 0, end; i < ticks.count; i = end) {
      end = runEnd(ticks, cuts, i);
      int64_t first = i + plan.phase;
      if (plan.reverse) {
        int64_t last = end - 1 - plan.phase; // in this direction the first
        first = last < i ? end : last - (last - i) / plan.period * plan.period;
      }
      for (int64_t k = first; k < end && (!plan.reverse || k <= end - 1 - plan.phase); k += plan.period)
        writer.tick(ticks.at(int32_t(k)));
    }
  }
}

void fixEvent(Call &call, int32_t index, const Operand &condition) {
  const ClockPlan &plan = call.clock(index);
  TickWriter writer(call.clocks[index]);
  for (int64_t s = 0; s <= call.batch; ++s) {
    writer.beginSample(s);
    if (s == call.batch)
      break;
    const int32_t *offsets = call.clocks[plan.parent].offsets;
    for (int32_t i = offsets[s]; i < offsets[s + 1]; ++i) {
      int64_t row = condition.rows ? condition.rows[i] : i;
      if (condition.base[row * condition.stride])
        writer.tick(plan.root < 0 ? 0 : call.clocks[plan.parent].positions ? call.clocks[plan.parent].positions[i] : i);
    }
  }
}

void fixSegments(Call &call, int32_t index) {
  const ClockPlan &plan = call.clock(index);
  TickWriter writer(call.clocks[index]);
  int64_t row = 0;
  int64_t begin = 0; // of the row, in the root
  for (int64_t s = 0; s <= call.batch; ++s) {
    writer.beginSample(s);
    if (s == call.batch)
      break;
    for (int64_t rows = axisBegin(call, plan.axis, s + 1); row < rows; ++row) {
      int64_t end = rootRowOf(call, plan.axis, row + 1);
      if (end > begin)
        writer.tick(int32_t(end - 1));
      begin = end;
    }
  }
}

void fixPair(Call &call, int32_t index, char *scratch) {
  const ClockPlan &plan = call.clock(index);
  ClockState &clock = call.clocks[index];
  Range *ranges = reinterpret_cast<Range *>(scratch);
  meetingsOf(call, plan.target, plan.source, plan.per, ranges);
  const int32_t *targets = call.clocks[plan.target].offsets;
  clock.rows = 0;
  for (int64_t s = 0; s < call.batch; ++s) {
    clock.offsets[s] = clock.rows;
    for (int32_t t = targets[s]; t < targets[s + 1]; ++t) {
      clock.pairs[t] = clock.rows;
      clock.firstSource[t] = ranges[t].begin;
      clock.rows += ranges[t].end - ranges[t].begin;
    }
  }
  clock.offsets[call.batch] = clock.pairs[targets[call.batch]] = clock.rows;
}

} // namespace

void carveClock(const Call &call, int32_t index, Carver &carver) {
  const ClockPlan &clock = call.clock(index);
  if (clock.kind == ClockPlan::Kind::Every)
    carver.take<int32_t>(cutsSize(call, clock.scope, clock.root));
  if (clock.kind == ClockPlan::Kind::Pair)
    carver.take<Range>(call.mostRows[clock.target]);
}

void fixClock(Call &call, int32_t index, const Operand *condition, char *scratch) {
  ClockState &clock = call.clocks[index];
  if (clock.known)
    return;
  switch (call.clock(index).kind) {
  case ClockPlan::Kind::Sample: // from the beginning
    break;
  case ClockPlan::Kind::Axis: fixSegments(call, index); break;
  case ClockPlan::Kind::Every: fixEvery(call, index, scratch); break;
  case ClockPlan::Kind::Event: fixEvent(call, index, *condition); break;
  case ClockPlan::Kind::Pair: fixPair(call, index, scratch); break;
  }
  clock.known = true;
}

void meetingsOf(const Call &call, int32_t target, int32_t source, int32_t per, Range *ranges) {
  bool bySample = per < 0 || call.clock(per).kind == ClockPlan::Kind::Sample;
  int32_t root = bySample ? -1 : call.commonRoot(per, source);
  for (int64_t s = 0; s < call.batch; ++s) {
    const int32_t *targets = call.clocks[target].offsets, *sources = call.clocks[source].offsets;
    for (int32_t t = targets[s]; t < targets[s + 1]; ++t)
      ranges[t] = bySample ? Range{sources[s], sources[s + 1]} : Range();
    if (bySample)
      continue;
    Stretch ticks = stretchOf(call, target, root, s), ends = stretchOf(call, per, root, s),
            rows = stretchOf(call, source, root, s);
    int32_t group = 0, begin = 0, end = 0; // rows of the group
    auto findEnd = [&] {
      while (group < ends.count && end < rows.count && rows.at(end) <= ends.at(group))
        ++end;
    };
    findEnd();
    for (int32_t i = 0; i < ticks.count; ++i) {
      while (group < ends.count && ends.at(group) < ticks.at(i)) {
        ++group;
        begin = end;
        findEnd();
      }
      if (group < ends.count)
        ranges[ticks.first + i] = {rows.first + begin, rows.first + end};
    }
  }
}

void countTicks(const Call &call, int32_t index, bool reverse, Cuts cuts, int32_t *counts) {
  int32_t root = call.clock(index).root;
  for (int64_t s = 0; s < call.batch; ++s) {
    Stretch ticks = stretchOf(call, index, root, s);
    for (int32_t i = 0, end; i < ticks.count; i = end) {
      end = runEnd(ticks, cuts, i);
      for (int32_t k = i; k < end; ++k)
        counts[ticks.first + k] = reverse ? end - 1 - k : k - i;
    }
  }
}

} // namespace rondo::runtime
