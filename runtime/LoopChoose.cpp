// The step of a loop at which a model feeds itself. Where there are beams, hypotheses go on from others: all that has
// been remembered, and what this step has computed so far, follows.
#include "runtime/Loop.h"
#include "runtime/Random.h"

namespace rondo::runtime {

/// Threads that share columns hear of it all: which hypotheses tick, and whether that was it.
template <bool byColumns> void Loop::runChoose(LoopOp &op, int32_t rows, int32_t step) {
  if (!byColumns || thread == 0)
    choose(op, rows, step);
  if (!byColumns)
    return;
  if (thread == 0)
    team.isOver = isOver;
  team.barrier->meet(thread);
  if (thread) {
    isOver = team.isOver;
    for (int32_t j = 0; j < scan.clocks.count; ++j) {
      LoopClock &clock = tables.clocks[j];
      clock.counts[1] = leaders[j].counts[1];
      clock.lastCount = leaders[j].lastCount;
      clock.step = leaders[j].step;
    }
  }
  team.barrier->meet(thread);
}
template void Loop::runChoose<false>(LoopOp &op, int32_t rows, int32_t step);
template void Loop::runChoose<true>(LoopOp &op, int32_t rows, int32_t step);

/// A row for each sequence. Of those that are over, rows of zeros go on.
void Loop::choose(LoopOp &op, int32_t rows, int32_t step) {
  const Choice &choice = *call.choice;
  const ChoiceMemory &made = memory.choice;
  const PortPlan &port = call.input(choice.input);
  Element element = call.array(call.views(*op.task.op)[0].array).element;
  bool isToken = port.element == Element::Token, isAmong = isToken && element == Element::F32;
  size_t bytes = size_t(made.rowBytes);
  int32_t beams = int32_t(choice.beams);
  bool isMoved = false, isGoing = false;
  for (int32_t i = 0; i < rows; i += beams) {
    int64_t s = sequences[i].sample, forced = choice.forced(s), at = step - forced;
    ChoiceMemory::Sample &sample = made.samples[s];
    char *to = rowOf(op.operands[1], i);
    for (int32_t j = 0; j < beams && made.parents; ++j)
      made.parents[first + i + j] = i + j;
    if (at < 0) {
      isGoing |= !sample.over;
      for (int32_t j = 0; j < beams; ++j) {
        char *row = rowOf(op.operands[1], i + j);
        if (choice.promptRows(s)) {
          std::memcpy(row, choice.prompts + (choice.promptOffsets[s] + step) * int64_t(bytes), bytes);
          continue;
        }
        int64_t start = choice.start < 0 ? 0 : choice.start;
        for (int64_t k = 0; k < port.elements; ++k)
          switch (port.element) {
          case Element::F32: reinterpret_cast<float *>(row)[k] = float(start); break;
          case Element::I64: reinterpret_cast<int64_t *>(row)[k] = start; break;
          case Element::Token: reinterpret_cast<int32_t *>(row)[k] = int32_t(start); break;
          case Element::Bool: reinterpret_cast<uint8_t *>(row)[k] = start != 0; break;
          }
      }
      continue;
    }
    for (int32_t j = 0; j < beams; ++j)
      std::memset(rowOf(op.operands[1], i + j), 0, bytes);
    if (sample.over)
      continue;
    if (choice.mode == ChoiceMode::Beam) {
      isMoved |= chooseBeam(op, i, int32_t(at));
      sample.over |= at + 1 == choice.limit;
      isGoing |= !sample.over;
      continue;
    }
    Hypothesis &one = made.hypotheses[0][s];
    const char *from = rowOf(op.operands[0], i);
    int32_t token = 0;
    if (isAmong) {
      const float *numbers = reinterpret_cast<const float *>(from);
      if (choice.mode == ChoiceMode::Sample || choice.isScored) {
        Likelihoods all(numbers, port.tokens);
        const uint32_t counter[4] = {uint32_t(at), 0, 0, uint32_t(s)};
        double *weights = made.weights + thread * port.tokens;
        int64_t best = choice.best < port.tokens ? choice.best : port.tokens;
        token = int32_t(choice.mode == ChoiceMode::Sample
                            ? draw(all, choice.temperature, best, uniformDouble(choice.key, counter), weights,
                                   made.heap + thread * best)
                            : likeliest(all));
        one.score += all.of(token);
      } else {
        token = int32_t(likeliest(numbers, port.tokens));
      }
    } else if (isToken) {
      token = *reinterpret_cast<const int32_t *>(from);
    }
    if (isToken && token == choice.stop) {
      sample.over = 1;
      continue;
    }
    if (isAmong)
      std::memcpy(to, &token, sizeof token);
    else
      std::memcpy(to, from, bytes);
    std::memcpy(made.rows[0] + (s * choice.limit + at) * int64_t(bytes), to, bytes);
    ++one.length;
    sample.over = at + 1 == choice.limit;
    isGoing |= !sample.over;
  }
  isOver = !isGoing;
  if (isMoved && !isOver)
    follow(step);
}

/// The next tokens of one sample's hypotheses. True if some go on from another one's state.
bool Loop::chooseBeam(const LoopOp &op, int32_t sequence, int32_t at) {
  const Choice &choice = *call.choice;
  const ChoiceMemory &made = memory.choice;
  int64_t s = sequences[sequence].sample, tokens = call.input(choice.input).tokens;
  ChoiceMemory::Sample &sample = made.samples[s];
  const Hypothesis *parents = made.hypotheses[sample.turn] + s * choice.beams;
  const int32_t *from = reinterpret_cast<const int32_t *>(made.rows[sample.turn]) + s * choice.beams * choice.limit;
  int32_t turn = choice.beams > 1 ? !sample.turn : 0;
  Hypothesis *next = made.hypotheses[turn] + s * choice.beams;
  int32_t *to = reinterpret_cast<int32_t *>(made.rows[turn]) + s * choice.beams * choice.limit;
  Beam beam(made.candidates + thread * choice.beams, choice.beams, parents, from, choice.limit, choice.stop);
  for (int32_t j = 0; j < sample.found; ++j)
    beam.add(j, rowOf<const float>(op.operands[0], sequence + j), tokens, choice.lengthPenalty);
  bool isMoved = false, isGoing = false;
  for (int32_t j = 0; j < beam.size(); ++j) {
    const Candidate &candidate = beam[j];
    Hypothesis one = parents[candidate.parent];
    if (turn != sample.turn)
      std::memcpy(to + j * choice.limit, from + candidate.parent * choice.limit, size_t(one.length) * sizeof(int32_t));
    if (candidate.token >= 0) {
      one.score = candidate.score;
      one.stopped = candidate.token == choice.stop;
      if (!one.stopped) {
        to[j * choice.limit + one.length++] = candidate.token;
        *rowOf<int32_t>(op.operands[1], sequence + j) = candidate.token;
        isGoing = true;
      }
    }
    next[j] = one;
    if (candidate.parent != j && !one.stopped) {
      made.parents[first + sequence + j] = sequence + candidate.parent;
      isMoved = true;
    }
  }
  sample.found = int32_t(beam.size());
  sample.turn = turn;
  sample.over = !isGoing;
  return isMoved && at + 1 < choice.limit;
}

//===--- What follows ------------------------------------------------------------------------------------------===//

/// All that belongs to a sequence becomes what its parent has.
void Loop::follow(int32_t step) {
  const ChoiceMemory &made = memory.choice;
  const int32_t *parents = made.parents + first;
  for (int32_t j = 0; j < scan.arrays.count; ++j) {
    int32_t index = int32_t(call.numbers(scan.arrays)[j]);
    const ArrayPlan &array = call.array(index);
    char *base = baseOf({index, -1, 0, Rows::Same});
    if (array.place == Place::Register) {
      char *moved = made.moved + first * made.widest;
      for (int32_t i = 0; i < active(step); ++i)
        if (parents[i] != i)
          std::memcpy(moved + i * array.stride, base + parents[i] * array.stride, size_t(array.stride));
      for (int32_t i = 0; i < active(step); ++i)
        if (parents[i] != i)
          std::memcpy(base + i * array.stride, moved + i * array.stride, size_t(array.stride));
      continue;
    }
    // Sequences of one sample meet the same rows.
    const int32_t *rows = memory.clocks[call.clocks[array.clock].loopClock].memoryRows + first;
    char *movedPairs = made.movedPairs + rows[0] * made.widestOfPairs;
    for (int32_t half = 0; half < 2; ++half)
      for (int32_t i = 0; i < active(step); ++i) {
        if (parents[i] == i)
          continue;
        char *moved = movedPairs + (rows[i] - rows[0]) * array.stride;
        size_t bytes = size_t((rows[i + 1] - rows[i]) * array.stride);
        if (half == 0)
          std::memcpy(moved, base + rows[parents[i]] * array.stride, bytes);
        else
          std::memcpy(base + rows[i] * array.stride, moved, bytes);
      }
  }
  for (int32_t j = 0; j < scan.clocks.count; ++j)
    if (tables.clocks[j].kind != LoopClock::Kind::Pair)
      followBlocks(tables.clocks[j], step);
}

/// What has been computed at this step on a clock or on pairs with it, and, if it is one of events, which tick.
void Loop::followBlocks(LoopClock &clock, int32_t step) {
  const ChoiceMemory &made = memory.choice;
  const int32_t *parents = made.parents + first;
  int32_t *oldRows = made.oldRows + first;
  int32_t at = step & clock.mask, entry = clock.offsets[at], rows = clock.offsets[at + 1] - entry;
  int32_t *list = clock.kind == LoopClock::Kind::Driver ? nullptr : clock.lists[int32_t(List::Sequence)] + entry;
  for (int32_t i = 0; i < active(step); ++i)
    oldRows[i] = list ? -1 : i;
  for (int32_t row = 0; list && row < rows; ++row)
    oldRows[list[row]] = row;
  for (const int32_t *array = made.following; *array >= 0; ++array) {
    const ArrayPlan &plan = call.array(*array);
    const LoopClock &own = clockOf(plan.clock);
    bool isPair = own.kind == LoopClock::Kind::Pair && &tables.clocks[own.target] == &clock;
    if (&own != &clock && !(isPair && own.step == step))
      continue;
    int64_t ahead =
        isPair ? memory.clocks[&own - tables.clocks].windows[first] * made.widestOfPairs : first * made.widest;
    char *base = baseOf({*array, -1, 0, Rows::Same}), *to = (isPair ? made.movedPairs : made.moved) + ahead;
    char *moved = to;
    for (int32_t i = 0; i < active(step); ++i)
      if (int32_t row = oldRows[parents[i]]; row >= 0) {
        int32_t begin = isPair ? own.groups[row] : row, end = isPair ? own.groups[row + 1] : row + 1;
        size_t bytes = size_t((end - begin) * plan.stride);
        std::memcpy(to, base + begin * plan.stride, bytes);
        to += bytes;
      }
    std::memcpy(base, moved, size_t(to - moved));
  }
  if (clock.kind != LoopClock::Kind::InLoop)
    return;
  int32_t found = 0;
  for (int32_t i = 0; i < active(step); ++i)
    if (oldRows[parents[i]] >= 0) {
      clock.lists[int32_t(List::Sequence)][found] = i;
      clock.lists[int32_t(List::Driver)][found++] = driverTick(i, step);
    }
  clock.counts[1] = found;
  makeMapLists(clock, 0, found, step);
  for (int32_t j = 0; j < scan.clocks.count; ++j)
    if (tables.clocks[j].kind == LoopClock::Kind::Pair && &tables.clocks[tables.clocks[j].target] == &clock)
      tables.clocks[j].step = -1; // the window is made anew
}

} // namespace rondo::runtime
