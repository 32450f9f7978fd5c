#include "runtime/Layout.h"
#include "runtime/RangeOps.h"
#include "runtime/Scan.h"
#include "runtime/Timeline.h"

namespace rondo::runtime {

constexpr int64_t mostCount = INT32_MAX - 64; // of rows: they are numbered in 32 bits

//===--- Tables ------------------------------------------------------------------------------------------------===//

namespace {

/// Memory that is free between what is in use, in order.
struct Gap {
  int64_t offset, bytes;
};

struct Tables {
  ClockState *clocks;
  int64_t *mostRows;
  int32_t **rootOffsets;
  MapState *maps;
  ArrayState *arrays;
  OpState *ops;
  Gap *gaps;
  Tables(const Plan &plan, Carver &carver)
      : clocks(carver.take<ClockState>(plan.clocks.count)), mostRows(carver.take<int64_t>(plan.clocks.count)),
        rootOffsets(carver.take<int32_t *>(plan.axes.count)), maps(carver.take<MapState>(plan.maps.count)),
        arrays(carver.take<ArrayState>(plan.arrays.count)), ops(carver.take<OpState>(plan.forward.count)),
        gaps(carver.take<Gap>(int64_t(plan.arrays.count) + plan.forward.count + 1)) {}
};

template <typename T> void clear(T *rows, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    rows[i] = T();
}

} // namespace

int64_t tableBytes(const Plan &plan) {
  Carver carver(nullptr);
  Tables(plan, carver);
  return carver.count();
}

void setTables(Call &call, char *memory) {
  Carver carver(memory);
  Tables tables(*call.plan, carver);
  call.clocks = tables.clocks;
  call.mostRows = tables.mostRows;
  call.rootOffsets = tables.rootOffsets;
  call.maps = tables.maps;
  call.arrays = tables.arrays;
  call.ops = tables.ops;
  clear(call.clocks, call.plan->clocks.count);
  clear(call.rootOffsets, call.plan->axes.count);
  clear(call.maps, call.plan->maps.count);
  clear(call.arrays, call.plan->arrays.count);
  clear(call.ops, call.plan->forward.count);
}

const char *nameOfClock(const Call &call, int32_t clock) {
  int32_t root = clock < 0 ? -1 : call.clock(clock).root;
  return root < 0 ? "sample" : call.name(call.axis(root).name);
}

//===--- Bounds ------------------------------------------------------------------------------------------------===//

static bool boundClock(Call &call, int32_t clock) {
  int64_t rows = 0;
  for (int64_t s = 0; s < call.batch && rows <= mostCount; ++s)
    rows += mostTicks(call, clock, s);
  if (rows > mostCount)
    return fail(call.error, Code::TooLarge, "the batch has more than %lld %s of '%s'",
                static_cast<long long>(mostCount), call.isPair(clock) ? "pairs with ticks" : "ticks",
                nameOfClock(call, clock));
  call.mostRows[clock] = rows;
  return true;
}

/// Room for a clock's ticks. Those that follow from the caller's offsets alone are there from the beginning.
static void placeClock(Call &call, int32_t index, Carver &carver) {
  const ClockPlan &plan = call.clock(index);
  ClockState &clock = call.clocks[index];
  bool isBase = plan.kind == ClockPlan::Kind::Axis && call.axis(plan.axis).inner < 0;
  clock.offsets = isBase ? call.rootOffsets[plan.axis] : carver.take<int32_t>(call.batch + 1);
  if (plan.kind == ClockPlan::Kind::Pair) {
    clock.pairs = carver.take<int32_t>(call.mostRows[plan.target] + 1);
    clock.firstSource = carver.take<int32_t>(call.mostRows[plan.target]);
  } else if (!isBase && plan.root >= 0) {
    clock.positions = carver.take<int32_t>(call.mostRows[index]);
  }
  if (!clock.offsets || (!isBase && plan.kind != ClockPlan::Kind::Sample))
    return;
  if (!isBase)
    for (int64_t s = 0; s <= call.batch; ++s)
      clock.offsets[s] = int32_t(s);
  clock.rows = clock.offsets[call.batch];
  clock.known = true;
}

static bool hangsOnEvents(const Call &call, int32_t clock) { return clock >= 0 && call.clocks[clock].onEvents; }

static void findEvents(Call &call, int32_t index) {
  const ClockPlan &plan = call.clock(index);
  bool found = plan.kind == ClockPlan::Kind::Event;
  found |= hangsOnEvents(call, plan.parent) || hangsOnEvents(call, plan.target) || hangsOnEvents(call, plan.source) ||
           hangsOnEvents(call, plan.per);
  if (plan.scope >= 0) {
    Span cuts = call.plan->scopes.begin(call.plan)[plan.scope].cuts;
    for (int32_t i = 0; i < cuts.count; ++i)
      found |= hangsOnEvents(call, call.plan->cuts.begin(call.plan)[cuts.first + i].clock);
  }
  call.clocks[index].onEvents = found;
}

static bool placeTime(Call &call, Carver &carver) {
  const Plan &plan = *call.plan;
  for (uint32_t a = 0; a < plan.axes.count; ++a) {
    if (call.axis(a).inner >= 0)
      continue;
    int32_t *offsets = call.rootOffsets[a] = carver.take<int32_t>(call.batch + 1);
    for (int64_t s = 0; offsets && s <= call.batch; ++s)
      offsets[s] = int32_t(axisBegin(call, a, s));
  }
  for (uint32_t c = 0; c < plan.clocks.count; ++c) {
    const ClockPlan &clock = call.clock(c);
    call.mostRows[c] = -1;
    bool isBase = clock.kind == ClockPlan::Kind::Axis && call.axis(clock.axis).inner < 0;
    if (!isBase && clock.kind != ClockPlan::Kind::Sample)
      continue;
    if (!boundClock(call, c))
      return false;
    placeClock(call, c, carver);
  }
  for (int32_t i = 0; i < plan.forward.count; ++i) {
    const OpPlan &op = call.op(plan.forward.first + i);
    int32_t index = op.code == OpCode::Clock || op.code == OpCode::Map ? int32_t(call.numbers(op)[0]) : -1;
    if (op.code == OpCode::Clock && call.mostRows[index] < 0) {
      if (!boundClock(call, index))
        return false;
      findEvents(call, index);
      placeClock(call, index, carver);
    } else if (op.code == OpCode::Map) {
      call.maps[index].rows = carver.take<int32_t>(call.mostRows[call.map(index).to]);
    }
  }
  return true;
}

//===--- Arrays ------------------------------------------------------------------------------------------------===//

Span innerOps(const Call &call, int32_t index) {
  const OpPlan &op = call.op(index);
  const int64_t *n = call.numbers(op);
  return op.code == OpCode::Par ? Span{int32_t(n[0]), int32_t(n[1])} : Span{index, 1};
}

ParShape shapeOf(const Call &call, int32_t index, int64_t rows) {
  constexpr int64_t bytes = 256 * 1024; // a thread's share of the cache
  ParShape shape;
  shape.rows = rows;
  Span inner = innerOps(call, index);
  for (int32_t i = 0; i < inner.count; ++i) {
    const OpPlan &op = call.op(inner.first + i);
    for (int32_t v = 0; v < op.views.count; ++v) {
      int32_t array = call.views(op)[v].array;
      int64_t end = call.arrays[array].offset + aligned(call.array(array).stride);
      if (call.array(array).place == Place::Block && end > shape.rowBytes)
        shape.rowBytes = end;
    }
  }
  shape.blockRows = call.op(index).code == OpCode::Par ? call.numbers(call.op(index))[2] : 0;
  if (shape.blockRows <= 0)
    shape.blockRows = shape.rowBytes == 0 ? 256 : bytes / shape.rowBytes / 16 * 16;
  if (shape.blockRows > rows)
    shape.blockRows = rows;
  if (shape.blockRows < 16)
    shape.blockRows = 16;
  return shape;
}

/// Gives each Block array of a Par its place in a row of all of them.
static void placeBlocks(Call &call, int32_t index) {
  if (call.op(index).code == OpCode::Scan) {
    Span scans = scansOf(call, call.op(index));
    for (int32_t i = 0; i < scans.count; ++i)
      placeLoopArrays(call, scans.first + i);
    return;
  }
  int64_t offset = 0;
  Span inner = innerOps(call, index);
  for (int32_t i = 0; i < inner.count; ++i) {
    const OpPlan &op = call.op(inner.first + i);
    for (int32_t v = 0; v < op.views.count; ++v) {
      int32_t array = call.views(op)[v].array;
      if (call.array(array).place != Place::Block || call.arrays[array].offset >= 0)
        continue;
      call.arrays[array].offset = offset;
      offset += aligned(call.array(array).stride);
    }
  }
}

void carveOp(const Call &call, int32_t index, Carver &carver) {
  const OpPlan &op = call.op(index);
  switch (op.code) {
  case OpCode::Clock: carveClock(call, int32_t(call.numbers(op)[0]), carver); return;
  case OpCode::Map: carveMap(call, int32_t(call.numbers(op)[0]), carver); return;
  case OpCode::Scan: carveScans(call, scansOf(call, op), carver); return;
  case OpCode::Loss:
  case OpCode::Gradient: return;
  default: break;
  }
  if (carveRangeOp(call, op, carver))
    return;
  int64_t rows = op.clock < 0 ? 1 : call.mostRows[op.clock];
  Span inner = innerOps(call, index);
  for (int32_t i = 0; i < inner.count; ++i) {
    const OpPlan &tick = call.op(inner.first + i);
    if (tick.code != OpCode::Tick)
      continue;
    carver.take<int32_t>(rows);
    carver.take<int32_t>(cutsSize(call, int32_t(call.numbers(tick)[1]), call.clock(op.clock).root));
  }
  ParShape shape = shapeOf(call, index, rows);
  carver.bytes(shape.places() * shape.blockRows, shape.rowBytes);
}

/// Rows of an array of the top level; -1 if nothing says when its clock ticks.
static int64_t rowsOf(const Call &call, const ArrayPlan &array) {
  return array.clock < 0 ? 1 : call.mostRows[array.clock];
}

/// An input that cannot be read where it is: rows of empty segments are among its rows, or a row of zeros must stand in
/// front.
static bool isCopied(const Call &call, const ArrayPlan &array) {
  if (array.zeroRow)
    return true;
  if (array.index >= call.given || array.clock < 0 || call.clock(array.clock).kind != ClockPlan::Kind::Axis)
    return false;
  return call.mostRows[array.clock] < axisRows(call, call.clock(array.clock).axis);
}

static bool placeFixedArrays(Call &call, Carver &carver) {
  const Plan &plan = *call.plan;
  int64_t most = 1; // of windows in which threads may work side by side
  for (uint32_t c = 0; c < plan.clocks.count; ++c)
    most = call.mostRows[c] > most ? call.mostRows[c] : most;
  for (uint32_t a = 0; a < plan.arrays.count; ++a) {
    const ArrayPlan &array = call.array(a);
    ArrayState &state = call.arrays[a];
    state.stride = array.stride;
    state.offset = -1;
    int64_t rows = rowsOf(call, array);
    switch (array.place) {
    case Place::Input:
      if (array.index >= call.given) { // a row of zeros stands for rows that are not given
        char *zeros = carver.bytes(1, array.stride);
        state.base = const_cast<char *>(static_cast<const char *>(call.inputs[array.index]));
        if (!state.base) {
          state.base = zeros;
          state.stride = 0;
        }
        break;
      }
      if (rows < 0)
        return fail(call.error, Code::Plan, "an input's clock is not fixed");
      state.base = const_cast<char *>(static_cast<const char *>(call.inputs[array.index]));
      if (isCopied(call, array)) {
        char *zeros = carver.bytes(1, aligned(array.stride));
        carver.bytes(rows, array.stride);
        state.base = zeros ? zeros + aligned(array.stride) : nullptr;
      }
      break;
    case Place::Output:
      state.discard = aligned(array.stride);
      state.base = carver.bytes(most < mostThreads ? most : mostThreads, state.discard);
      break;
    case Place::Gradient: {
      char *gradients = call.gradients ? reinterpret_cast<char *>(call.gradients[2]) : nullptr;
      state.base = gradients ? gradients + array.offset : nullptr;
      break;
    }
    case Place::Prepared: state.base = call.prepared ? call.prepared + array.offset : nullptr; break;
    case Place::Constant:
      state.base = const_cast<char *>(reinterpret_cast<const char *>(plan.constants.begin(&plan))) + array.offset;
      break;
    case Place::Call:
      if (array.firstUse >= 0 && (rows < 0 || array.lastUse >= plan.forward.count || array.lastUse < array.firstUse))
        return fail(call.error, Code::Plan, "array %u is used where it has no rows", a);
      break;
    default: break;
    }
  }
  return true;
}

//===--- Memory that arrays share ------------------------------------------------------------------------------===//

namespace {

/// First fit, by the order of operations.
class Sharing {
public:
  explicit Sharing(Gap *gaps) : gaps(gaps) {}

  int64_t take(int64_t bytes) {
    for (int32_t i = 0; i < count; ++i) {
      if (gaps[i].bytes < bytes)
        continue;
      int64_t offset = gaps[i].offset;
      gaps[i].offset += bytes;
      gaps[i].bytes -= bytes;
      if (gaps[i].bytes == 0)
        erase(i);
      return offset;
    }
    int64_t offset = top;
    if (count && gaps[count - 1].offset + gaps[count - 1].bytes == top)
      offset = gaps[--count].offset;
    if (__builtin_add_overflow(offset, bytes, &top))
      top = INT64_MAX;
    return offset;
  }

  void give(int64_t offset, int64_t bytes) {
    if (bytes == 0)
      return;
    int32_t at = 0;
    while (at < count && gaps[at].offset < offset)
      ++at;
    bool joinsBefore = at > 0 && gaps[at - 1].offset + gaps[at - 1].bytes == offset;
    bool joinsBehind = at < count && offset + bytes == gaps[at].offset;
    if (joinsBefore) {
      gaps[at - 1].bytes += bytes + (joinsBehind ? gaps[at].bytes : 0);
      if (joinsBehind)
        erase(at);
    } else if (joinsBehind) {
      gaps[at].offset = offset;
      gaps[at].bytes += bytes;
    } else {
      for (int32_t i = count++; i > at; --i)
        gaps[i] = gaps[i - 1];
      gaps[at] = {offset, bytes};
    }
  }

  int64_t top = 0; // bytes in all

private:
  void erase(int32_t at) {
    for (--count; at < count; ++at)
      gaps[at] = gaps[at + 1];
  }

  Gap *gaps;
  int32_t count = 0;
};

} // namespace

/// Bytes of an array with its row of zeros.
static bool bytesOf(const Call &call, const ArrayPlan &array, int64_t &bytes) {
  return !__builtin_mul_overflow(rowsOf(call, array), array.stride, &bytes) &&
         !__builtin_add_overflow(bytes, 64 + (array.zeroRow ? aligned(array.stride) : 0), &bytes) &&
         ((bytes = bytes / 64 * 64), true);
}

static bool placeShared(Call &call, int64_t &bytes) {
  const Plan &plan = *call.plan;
  for (int32_t a = int32_t(plan.arrays.count) - 1; a >= 0; --a) {
    const ArrayPlan &array = call.array(a);
    if (array.place != Place::Call || array.firstUse < 0)
      continue;
    OpState &first = call.ops[array.firstUse], &last = call.ops[array.lastUse];
    call.arrays[a].next = first.firstArray;
    first.firstArray = a;
    call.arrays[a].behind = last.lastArray;
    last.lastArray = a;
  }
  Carver tables(reinterpret_cast<char *>(call.clocks)); // the first of them
  Sharing sharing(Tables(plan, tables).gaps);
  auto tooLarge = [&] { return fail(call.error, Code::TooLarge, "the batch needs more bytes than can be counted"); };
  for (int32_t i = 0; i < plan.forward.count; ++i) {
    int32_t index = plan.forward.first + i;
    OpState &op = call.ops[i];
    int64_t size;
    for (int32_t a = op.firstArray; a >= 0; a = call.arrays[a].next) {
      if (!bytesOf(call, call.array(a), size))
        return tooLarge();
      call.arrays[a].offset = sharing.take(size) + (call.array(a).zeroRow ? aligned(call.array(a).stride) : 0);
    }
    placeBlocks(call, index);
    Carver scratch(nullptr);
    carveOp(call, index, scratch);
    op.scratch = sharing.take(scratch.count());
    if (scratch.isTooLarge() || sharing.top == INT64_MAX)
      return tooLarge();
    sharing.give(op.scratch, scratch.count());
    for (int32_t a = op.lastArray; a >= 0; a = call.arrays[a].behind) {
      int64_t zeros = call.array(a).zeroRow ? aligned(call.array(a).stride) : 0;
      if (bytesOf(call, call.array(a), size))
        sharing.give(call.arrays[a].offset - zeros, size);
    }
  }
  bytes = sharing.top;
  return true;
}

//===--- Step by step ------------------------------------------------------------------------------------------===//

namespace {

/// Which arrays of the call have their rows step by step: those that loops write and read, where all samples are of one
/// length. A step's rows follow one another then; sample after sample each would lie far from the next, and memory is
/// slow where it is read at so many places in turn.
class StepOrder {
public:
  explicit StepOrder(Call &call) : call(call) {}

  void find() {
    constexpr int64_t fewSamples = 8; // the machine finds their next rows by itself
    for (uint32_t a = 0; a < call.plan->arrays.count; ++a)
      call.arrays[a].samples = 0;
    if (call.batch < fewSamples || call.choice)
      return;
    eachView([&](const OpPlan &op, const View &view, const ScanPlan *scan, bool) {
      if (scan && isEven(call.array(view.array)) && scan->driver == op.clock)
        call.arrays[view.array].samples = int32_t(call.batch);
    });
    eachView([&](const OpPlan &op, const View &view, const ScanPlan *scan, bool isOfChunks) {
      if (!canBe(op, view, scan, isOfChunks))
        call.arrays[view.array].samples = 0;
    });
  }

  void carve(Carver &carver) {
    for (int32_t c = 0; c < int32_t(call.plan->clocks.count); ++c) {
      bool isUsed = false;
      for (uint32_t a = 0; a < call.plan->arrays.count; ++a)
        isUsed |= call.arrays[a].samples && call.array(int32_t(a)).clock == c;
      call.clocks[c].places = carver.take<int32_t>(isUsed ? call.mostRows[c] : 0);
      call.clocks[c].ticks = carver.take<int32_t>(isUsed ? call.mostRows[c] : 0);
      if (!isUsed)
        call.clocks[c].places = call.clocks[c].ticks = nullptr;
    }
  }

  void fill() {
    for (uint32_t c = 0; c < call.plan->clocks.count; ++c) {
      ClockState &clock = call.clocks[c];
      int32_t place = 0, samples = int32_t(call.batch);
      for (int32_t k = 0, length = clock.places ? int32_t(call.mostRows[c]) / samples : 0; k < length; ++k)
        for (int32_t s = 0; s < samples; ++s, ++place) {
          clock.places[s * length + k] = place;
          clock.ticks[place] = s * length + k;
        }
    }
  }

private:
  bool isEven(const ArrayPlan &array) const {
    if (array.place != Place::Call || array.zeroRow || array.firstUse < 0 || array.clock < 0)
      return false;
    const ClockPlan &clock = call.clock(array.clock);
    bool isEven = clock.kind == ClockPlan::Kind::Axis && call.axis(clock.axis).inner < 0;
    for (int64_t s = 1; s < call.batch && isEven; ++s)
      isEven = mostTicks(call, array.clock, s) == mostTicks(call, array.clock, 0);
    return isEven && mostTicks(call, array.clock, 0) > 1;
  }

  bool canBe(const OpPlan &op, const View &view, const ScanPlan *scan, bool isOfChunks) const {
    if (view.rows != Rows::Same || op.clock != call.array(view.array).clock)
      return false;
    if (op.code == OpCode::Total)
      return true;
    if (op.code == OpCode::TotalOuter)
      return call.numbers(op)[1] == 1;
    bool isOfLoop = !scan || (scan->driver == op.clock && scan->split < 0 && !isOfChunks);
    return isOfLoop && (op.code == OpCode::Kernel || op.code == OpCode::Copy);
  }

  template <typename Function> void eachView(const Function &function) const {
    auto eachOf = [&](Span ops, const ScanPlan *scan) {
      for (int32_t i = 0; i < ops.count; ++i) {
        const OpPlan &op = call.op(ops.first + i);
        for (int32_t v = 0; v < op.views.count; ++v)
          function(op, call.views(op)[v], scan, scan && scan->isOfChunks(i));
      }
    };
    for (int32_t i = 0; i < call.plan->forward.count; ++i) {
      int32_t index = call.plan->forward.first + i;
      Span scans = call.op(index).code == OpCode::Scan ? scansOf(call, call.op(index)) : Span{0, 0};
      for (int32_t s = 0; s < scans.count; ++s)
        eachOf(call.scan(scans.first + s).ops, &call.scan(scans.first + s));
      if (scans.count == 0)
        eachOf(innerOps(call, index), nullptr);
    }
  }

  Call &call;
};

} // namespace

bool layOut(Call &call, char *workspace, int64_t limit, int64_t &bytes) {
  Carver carver(workspace, limit);
  carver.bytes(1, tableBytes(*call.plan));
  int64_t shared = 0;
  if (!placeTime(call, carver) || !placeFixedArrays(call, carver) || !placeShared(call, shared))
    return false;
  StepOrder order(call);
  order.find();
  order.carve(carver);
  call.shared = carver.bytes(1, shared);
  if (carver.isTooLarge())
    return fail(call.error, Code::TooLarge, "the batch needs more bytes than can be counted");
  bytes = carver.count();
  if (workspace && bytes <= limit)
    order.fill();
  if (workspace && bytes <= limit)
    for (uint32_t a = 0; a < call.plan->arrays.count; ++a)
      if (call.array(a).place == Place::Call && call.array(a).firstUse >= 0)
        call.arrays[a].base = call.shared + call.arrays[a].offset;
  return true;
}

} // namespace rondo::runtime
