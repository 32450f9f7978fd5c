// The operations of a loop with their operands, ready to be run at each step.
#include "runtime/Loop.h"
#include "runtime/RangeOps.h"

namespace rondo::runtime {

/// Where the rows of this loop's sequences begin.
char *Loop::baseOf(const View &view) {
  const ArrayPlan &array = call.array(view.array);
  const ArrayState &state = call.arrays[view.array];
  int64_t offset = state.offset, step = aligned(array.stride);
  switch (array.place) {
  case Place::Register: return memory.registers + offset * memory.bounds.sequences + first * step;
  case Place::Memory: return memory.memories + offset * memory.bounds.windows;
  case Place::Chunk: return memory.chunks + (offset * memory.bounds.sequences + first * step) * memory.chunkSteps;
  case Place::Block:
    if (call.isPair(array.clock)) {
      const ClockMemory &pair = memory.clocks[call.clocks[array.clock].loopClock];
      return memory.pairBlocks + offset * memory.bounds.windows + pair.windows[first] * step;
    }
    return memory.blocks + offset * memory.bounds.sequences + first * step;
  default: return state.base + (state.stride == 0 ? thread * state.discard : 0);
  }
}

bool Loop::makeOperand(const View &view, const LoopClock &window, Operand &operand, bool isOfChunks) {
  List list = listOf(call, scan, view, window.clock);
  int64_t stride = call.arrays[view.array].stride;
  operand.base = baseOf(view) + view.offset;
  operand.rows = nullptr;
  operand.stride = list == List::One ? 0 : stride;
  if (const ArrayPlan &array = call.array(view.array); array.place == Place::Chunk && !isOfChunks)
    *nextFollow++ = {&operand, operand.base, stride, &clockOf(array.clock), true};
  const int32_t *rows = nullptr;
  if (list == List::Map || list == List::MapOfDriver)
    rows = tables.maps[nextMap++].rows;
  else if (int32_t(list) < listKinds && !(list == List::Sequence && window.isFull))
    rows = window.lists[int32_t(list)];
  else
    return true;
  if (int32_t samples = call.arrays[view.array].samples) { // step by step, of sequences that are all of one length
    if (rows || count == 0)
      return count == 0;
    int64_t length = sequences[0].length, step = scan.reverse ? -samples : samples;
    operand.base += (driverTick(0, 0) % length * samples + driverTick(0, 0) / length - step) * stride;
    operand.stride = distance / length * stride;
    *nextSlide++ = {&operand, step * stride};
    return true;
  }
  if (!rows && isOfChunks && isOneSequence()) {
    operand.stride = scan.reverse ? -stride : stride;
    *nextFollow++ = {&operand, operand.base + driverTick(0, 0) * stride, operand.stride, driver, false};
  } else if (!rows && isOfChunks) {
    operand.rows = memory.chunkTicks + int64_t(first) * memory.chunkSteps;
  } else if (!rows) { // the driver's ticks, that grow
    operand.base += (isAffine && count ? driverTick(0, 0) : 0) * stride;
    if (count > 1)
      operand.stride = distance * stride;
    int64_t growth = scan.reverse ? -stride : stride;
    operand.base -= growth;
    *nextSlide++ = {&operand, growth};
  } else if (window.mask) {
    *nextMove++ = {&operand, rows};
  } else {
    operand.rows = rows;
  }
  return true;
}

bool Loop::makeTables() {
  nextMap = 0;
  nextMove = tables.moves;
  nextSlide = tables.slides;
  nextFollow = tables.follows;
  groupsEnd = tables.groups;
  Operand *operands = tables.operands;
  for (int32_t i = 0; i < scan.ops.count; ++i) {
    const OpPlan &plan = call.op(scan.ops.first + i);
    LoopOp &op = tables.ops[i] = LoopOp();
    op.operands = operands;
    operands += plan.views.count;
    if (!makeOp(i, plan, op))
      return false;
    LoopClock *clock = &clockOf(windowOf(call, plan, -1));
    if (i == scan.ahead)
      stepGroups = groupsEnd;
    if (i == scan.stepsEnd())
      stepGroupsEnd = groupsEnd;
    if (i == 0 || i == scan.ahead || i == scan.stepsEnd() || groupsEnd[-1].clock != clock)
      *groupsEnd++ = {clock, &op, &op};
    groupsEnd[-1].end = &op + 1;
  }
  if (!scan.after)
    stepGroupsEnd = groupsEnd;
  makeSwaps();
  for (int32_t j = 0; j < scan.arrays.count && !(team.byColumns && thread); ++j) {
    int32_t index = int32_t(call.numbers(scan.arrays)[j]);
    const ArrayPlan &array = call.array(index);
    if (array.place == Place::Register)
      std::memset(baseOf({index, -1, 0, Rows::Same}), 0, size_t(count * array.stride));
  }
  return true;
}

bool Loop::makeOp(int32_t index, const OpPlan &plan, LoopOp &op) {
  op.task = taskOf(call, plan);
  op.code = plan.code;
  op.moves = nextMove;
  op.slides = nextSlide;
  op.follows = nextFollow;
  for (int32_t v = 0; v < plan.views.count; ++v)
    if (!makeOperand(call.views(plan)[v], clockOf(windowOf(call, plan, v)), op.operands[v], scan.isOfChunks(index)))
      return false;
  op.movesEnd = nextMove;
  op.slidesEnd = nextSlide;
  op.followsEnd = nextFollow;
  const int64_t *n = call.numbers(plan);
  switch (plan.code) {
  case OpCode::Kernel: {
    op.kernel = call.kernels[n[0]];
    int64_t blocks = n[1] > 0 ? n[1] : 1;
    op.firstBlock = team.byColumns ? blocks * thread / team.threads : 0;
    op.endBlock = team.byColumns ? blocks * (thread + 1) / team.threads : blocks;
    break;
  }
  case OpCode::Event: op.clock = &clockOf(int32_t(n[0])); break;
  case OpCode::Tick: op.tickCounts = memory.tickCounts[index]; break;
  default:
    op.function = plan.code == OpCode::Zero ? nullptr : rowFunctionOf(plan.code);
    if (isRangeOp(plan.code))
      op.clock = &clockOf(plan.code == OpCode::Reduce ? int32_t(n[0]) : plan.clock);
    break;
  }
  return true;
}

/// Finds, for each Commit, the operands that must follow when two arrays change places.
void Loop::makeSwaps() {
  int32_t *begin = tables.swapsBegin;
  auto each = [&](auto function) {
    for (int32_t i = 0; i < scan.ops.count; ++i) {
      const OpPlan &op = call.op(scan.ops.first + i);
      for (int32_t v = 0; v < op.views.count; ++v) {
        int32_t array = call.views(op)[v].array;
        if (call.array(array).place == Place::Register || call.array(array).place == Place::Memory)
          function(call.arrays[array].next, &tables.ops[i].operands[v]);
      }
    }
  };
  for (int32_t j = 0; j <= scan.arrays.count; ++j)
    begin[j] = 0;
  each([&](int32_t number, Operand *) { ++begin[number + 1]; });
  for (int32_t j = 0; j < scan.arrays.count; ++j)
    begin[j + 1] += begin[j];
  each([&](int32_t number, Operand *operand) { tables.swaps[begin[number]++] = operand; });
  for (int32_t j = scan.arrays.count; j > 0; --j) // each has moved on to the next
    begin[j] = begin[j - 1];
  begin[0] = 0;
  for (int32_t i = 0; i < scan.ops.count; ++i) {
    LoopOp &op = tables.ops[i];
    if (op.code != OpCode::Commit)
      continue;
    const View *views = call.views(*op.task.op);
    int32_t now = call.arrays[views[0].array].next, next = call.arrays[views[1].array].next;
    op.now = tables.swaps + begin[now];
    op.nowEnd = tables.swaps + begin[now + 1];
    op.next = tables.swaps + begin[next];
    op.nextEnd = tables.swaps + begin[next + 1];
    op.distance = baseOf(views[1]) - baseOf(views[0]);
  }
}

} // namespace rondo::runtime
