// The steps of a loop.
#include "runtime/Loop.h"
#include "runtime/Random.h"
#include "runtime/RangeOps.h"

namespace rondo::runtime {

void Loop::run() {
  if (team.byColumns)
    runSteps<true>();
  else
    runSteps<false>();
}

// Where threads share columns, each has its own tables and moves its own operands; kernels are divided, all else is
// done by thread 0. Behind whatever writes memory all meet.

template <bool byColumns> void Loop::runSteps() {
  bool hasEvents = false;
  for (int32_t j = 0; j < scan.clocks.count; ++j)
    hasEvents |= tables.clocks[j].kind == LoopClock::Kind::InLoop;
  int32_t last = steps(), chunk = scan.hasChunks() ? memory.chunkSteps : last, begin = 0;
  if (team.progress && chunk > stepsBesideOthers)
    chunk = stepsBesideOthers;
  for (int32_t step = 0, next = 0; step < last; ++step) {
    if (team.progress)
      team.progress->steps.store(step, std::memory_order_release);
    if (step == next) {
      if (begin < step)
        runChunk<byColumns>(stepGroupsEnd, groupsEnd, begin, step);
      begin = step;
      next = chunk < last - step ? step + chunk : last;
      waitForOthers(next);
      if (scan.hasChunks())
        beginChunk<byColumns>(step, next);
      runChunk<byColumns>(tables.groups, stepGroups, step, next);
    }
    // An event does not tick where its parent does not.
    for (int32_t j = 0; hasEvents && j < scan.clocks.count; ++j)
      if (tables.clocks[j].kind == LoopClock::Kind::InLoop)
        tables.clocks[j].counts[1] = 0;
    if (!dueMask) {
      for (const LoopGroup *group = stepGroups; group != stepGroupsEnd && !isOver; ++group)
        runGroup<byColumns>(*group, step);
      if (isOver)
        return;
      continue;
    }
    for (int64_t w = 0; w < memory.words; ++w)
      for (uint64_t bits = due[step * memory.words + w]; bits; bits &= bits - 1) {
        runGroup<byColumns>(stepGroups[64 * w + __builtin_ctzll(bits)], step);
        if (isOver)
          return;
      }
  }
  runChunk<byColumns>(stepGroupsEnd, groupsEnd, begin, last);
}

/// Makes the lists that operations see which are carried out for all rows of these steps.
template <bool byColumns> void Loop::beginChunk(int32_t step, int32_t end) {
  for (int32_t j = 0; j < scan.clocks.count; ++j)
    if (tables.clocks[j].mask)
      tables.clocks[j].chunkEntry = tables.clocks[j].offsets[step];
  if (isAffine && !isOneSequence() && (!byColumns || thread == 0)) {
    int32_t *ticks = memory.chunkTicks + int64_t(first) * memory.chunkSteps;
    for (int32_t k = step; k < end; ++k)
      for (int32_t i = 0; i < count; ++i)
        *ticks++ = driverTick(i, k);
  }
  if (byColumns)
    team.barrier->meet(thread);
}

template <bool byColumns>
void Loop::runChunk(const LoopGroup *group, const LoopGroup *groupEnd, int32_t step, int32_t end) {
  for (; group != groupEnd; ++group) {
    int32_t entry = group->clock->offsets[step], rows = group->clock->offsets[end] - entry;
    if (rows)
      runOps<byColumns>(*group, entry, rows, step);
  }
}

template <bool byColumns> inline void Loop::runGroup(const LoopGroup &group, int32_t step) {
  LoopClock &clock = *group.clock;
  if (clock.kind == LoopClock::Kind::Pair && clock.step != step)
    refreshPairs<byColumns>(clock, step);
  int32_t at = step & clock.mask, entry = clock.offsets[at], rows = clock.offsets[at + 1] - entry;
  if (rows)
    runOps<byColumns>(group, entry, rows, step);
}

template <bool byColumns> inline void Loop::runOps(const LoopGroup &group, int32_t entry, int32_t rows, int32_t step) {
  for (LoopOp *op = group.first; op != group.end; ++op) {
    for (const Move *move = op->moves; move != op->movesEnd; ++move)
      move->operand->rows = move->list + entry;
    for (const Slide *slide = op->slides; slide != op->slidesEnd; ++slide)
      slide->operand->base += slide->bytes;
    for (const Follow *one = op->follows; one != op->followsEnd; ++one)
      place(*one, step);
    if (!op->kernel) {
      runOther<byColumns>(*op, *group.clock, rows, entry, step);
      if (isOver)
        return;
      continue;
    }
    // Weights are walked there and back: what was read last, and may still be in a cache, is read first.
    if (!byColumns || op->firstBlock < op->endBlock)
      op->kernel(op->operands, 0, rows, step & 1 ? op->endBlock : op->firstBlock,
                 step & 1 ? op->firstBlock : op->endBlock);
    if (byColumns)
      team.barrier->meet(thread);
  }
}

template <bool byColumns> void Loop::refreshPairs(LoopClock &pair, int32_t step) {
  if (!byColumns || thread == 0)
    makePairs(pair, step);
  if (!byColumns)
    return;
  team.barrier->meet(thread);
  if (thread) {
    const LoopClock &leader = leaders[&pair - tables.clocks];
    pair.counts[1] = leader.counts[1];
    pair.lastCount = leader.lastCount;
    pair.step = step;
  }
  team.barrier->meet(thread);
}

template <bool byColumns> void Loop::runOther(LoopOp &op, LoopClock &clock, int32_t rows, int32_t entry, int32_t step) {
  if (op.code == OpCode::Commit && swap(op, clock, rows, step))
    return;
  if (op.code == OpCode::Choose)
    return runChoose<byColumns>(op, rows, step);
  if (op.clock && op.clock->kind == LoopClock::Kind::Pair && op.clock->step != step)
    refreshPairs<byColumns>(*op.clock, step);
  if (!byColumns || thread == 0)
    runRows(op, clock, rows, entry, step);
  if (!byColumns)
    return;
  team.barrier->meet(thread);
  if (op.code != OpCode::Event)
    return;
  if (thread)
    op.clock->counts[1] = leaders[op.clock - tables.clocks].counts[1];
  team.barrier->meet(thread);
}

/// If all that have a step have a new row, the two arrays change places. (Rows of sequences that have ended do not
/// matter.)
bool Loop::swap(LoopOp &op, const LoopClock &clock, int32_t rows, int32_t step) {
  int32_t targets = clock.kind == LoopClock::Kind::Pair ? clock.lastCount : rows;
  if (targets != active(step))
    return false;
  for (Operand **operand = op.now; operand != op.nowEnd; ++operand)
    (*operand)->base += op.distance;
  for (Operand **operand = op.next; operand != op.nextEnd; ++operand)
    (*operand)->base -= op.distance;
  op.distance = -op.distance;
  return true;
}

void Loop::runRows(LoopOp &op, const LoopClock &clock, int32_t rows, int32_t entry, int32_t step) {
  if (op.function)
    return op.function(op.task, op.operands, rows);
  switch (op.code) {
  case OpCode::Commit: {
    const ArrayPlan &array = call.array(call.views(*op.task.op)[0].array);
    for (int32_t i = 0; i < rows; ++i)
      std::memcpy(rowOf(op.operands[0], i), rowOf(op.operands[1], i), size_t(array.elements * bytesOf(array.element)));
    return;
  }
  case OpCode::Zero: return zero(op, clock, rows, entry);
  case OpCode::Event: return findEvents(op, clock, rows, entry, step);
  case OpCode::Random: return fillRandom(op, clock, rows, entry, step);
  case OpCode::Tick: {
    const int32_t *own = clock.lists[int32_t(List::Tick)];
    for (int32_t i = 0; i < rows; ++i)
      *rowOf<int64_t>(op.operands[0], i) = op.tickCounts[own ? own[entry + i] : driverTick(i, step)];
    return;
  }
  default: return runRangesInScan(op.task, op.operands, op.clock->groups, op.clock->lastCount);
  }
}

void Loop::zero(const LoopOp &op, const LoopClock &clock, int32_t rows, int32_t entry) {
  const int32_t *sequenceList = clock.kind == LoopClock::Kind::Driver ? nullptr : clock.lists[int32_t(List::Sequence)];
  for (int32_t v = 0; v < op.task.op->views.count; ++v) {
    const View &view = call.views(*op.task.op)[v];
    const ArrayPlan &array = call.array(view.array);
    bool isAll = array.place == Place::Memory && clock.kind != LoopClock::Kind::Pair;
    size_t bytes = size_t(array.elements * bytesOf(array.element) - view.offset);
    for (int32_t i = 0; i < rows; ++i) {
      if (!isAll) {
        std::memset(rowOf(op.operands[v], i), 0, bytes);
        continue;
      }
      int32_t sequence = first + (sequenceList ? sequenceList[entry + i] : i);
      const int32_t *memoryRows = memory.clocks[call.clocks[array.clock].loopClock].memoryRows + sequence;
      std::memset(op.operands[v].base + memoryRows[0] * array.stride, 0,
                  size_t((memoryRows[1] - memoryRows[0]) * array.stride));
    }
  }
}

void Loop::fillRandom(const LoopOp &op, const LoopClock &clock, int32_t rows, int32_t entry, int32_t step) {
  const int64_t *n = op.task.numbers;
  uint64_t key = randomKey(call.seed, uint64_t(n[0]), uint64_t(n[1]));
  bool isDriver = clock.kind == LoopClock::Kind::Driver;
  int32_t time = call.timeOf(clock.clock);
  bool isChosen = call.choice && call.clock(scan.driver).axis == call.choice->axis;
  auto positionOf = [&](int32_t of, int32_t tick, int32_t sample) {
    const int32_t *positions = call.clocks[of].positions;
    return call.isSampled(of) ? 0
                              : (positions ? positions[tick] : tick) - call.rootBegin(call.clock(of).root, sample) +
                                    call.begin(sample);
  };
  for (int32_t i = 0; i < rows; ++i) {
    int32_t sequence = isDriver ? i : clock.lists[int32_t(List::Sequence)][entry + i];
    int32_t tick = isDriver ? driverTick(i, step) : clock.lists[int32_t(List::Driver)][entry + i];
    int32_t sample = sequences[sequence].sample;
    // Hypotheses of a sample have the same numbers.
    int32_t at = call.isSampled(time) ? 0 : isChosen ? step : positionOf(scan.driver, tick, sample), source = 0;
    if (clock.kind == LoopClock::Kind::Pair)
      source = positionOf(call.clock(clock.clock).source, clock.lists[int32_t(List::Source)][entry + i], sample);
    fillUniform(key, rowOf<float>(op.operands[0], i), n[2], uint32_t(source), uint32_t(at), uint32_t(sample));
  }
}

} // namespace rondo::runtime
