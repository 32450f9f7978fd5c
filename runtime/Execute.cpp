#include "runtime/Execute.h"
#include "runtime/Backward.h"
#include "runtime/Check.h"
#include "runtime/Layout.h"
#include "runtime/Pack.h"
#include "runtime/Random.h"
#include "runtime/RangeOps.h"
#include "runtime/Scan.h"

namespace rondo::runtime {

Operand operandOf(const Call &call, const View &view, const WindowPlace &place) {
  const ArrayPlan &array = call.array(view.array);
  Operand operand;
  operand.stride = array.stride;
  switch (array.place) {
  case Place::Parameter: operand.base = const_cast<char *>(call.parameters) + array.offset; break;
  case Place::Prepared: operand.base = call.prepared + array.offset; break;
  case Place::Constant:
    operand.base =
        const_cast<char *>(reinterpret_cast<const char *>(call.plan->constants.begin(call.plan))) + array.offset;
    break;
  case Place::Block: operand.base = place.blocks + call.arrays[view.array].offset * place.blockRows; break;
  default:
    operand.base = call.arrays[view.array].base;
    operand.stride = call.arrays[view.array].stride;
    if (operand.stride == 0)
      operand.base += place.thread * call.arrays[view.array].discard;
    if (call.arrays[view.array].samples)
      operand.rows = call.clocks[array.clock].places + place.begin;
    else if (view.rows == Rows::Same && array.clock >= 0)
      operand.base += place.begin * operand.stride;
    break;
  }
  operand.base += view.offset;
  if (view.rows == Rows::One || (view.rows == Rows::Same && array.clock < 0))
    operand.stride = 0;
  if (view.rows == Rows::Mapped)
    operand.rows = call.maps[view.map].rows + place.begin;
  return operand;
}

namespace {

//===--- Rows --------------------------------------------------------------------------------------------------===//

/// The last of `offsets` (of `count` + 1 that do not decrease) that is not above.
int32_t findStretch(const int32_t *offsets, int64_t count, int32_t row) {
  int64_t low = 0, high = count;
  while (low + 1 < high) {
    int64_t middle = (low + high) / 2;
    (offsets[middle] <= row ? low : high) = middle;
  }
  return int32_t(low);
}

/// Rows begin.. of a window on a clock; -1: none.
void fillRandom(const Call &call, const OpPlan &op, const Operand &y, int64_t begin, int64_t count) {
  const int64_t *n = call.numbers(op);
  uint64_t key = randomKey(call.seed, uint64_t(n[0]), uint64_t(n[1]));
  if (op.clock < 0)
    return fillUniform(key, rowOf<float>(y, 0), n[2], 0, 0, 0);
  int32_t time = call.timeOf(op.clock);
  bool isPair = call.isPair(op.clock);
  auto positionOf = [&](int32_t clock, int32_t tick, int32_t sample) {
    const int32_t *positions = call.clocks[clock].positions;
    return call.isSampled(clock) ? 0
                                 : (positions ? positions[tick] : tick) -
                                       call.rootBegin(call.clock(clock).root, sample) + call.begin(sample);
  };
  for (int64_t i = 0; i < count; ++i) {
    int32_t row = int32_t(begin + i), tick = row, source = 0;
    const ClockState &clock = call.clocks[op.clock];
    int32_t sample = findStretch(clock.offsets, call.batch, row);
    if (isPair) {
      tick = findStretch(clock.pairs, call.clocks[time].rows, row);
      source = positionOf(call.clock(op.clock).source, clock.firstSource[tick] + row - clock.pairs[tick], sample);
    }
    fillUniform(key, rowOf<float>(y, i), n[2], uint32_t(source), uint32_t(positionOf(time, tick, sample)),
                uint32_t(sample));
  }
}

/// One operation on `count` rows of a window that begins at `place.begin`.
void runOnRows(const Call &call, const OpPlan &op, int64_t count, const WindowPlace &place, const int32_t *tickCounts) {
  auto *operands = static_cast<Operand *>(__builtin_alloca(size_t(op.views.count + 1) * sizeof(Operand)));
  for (int32_t v = 0; v < op.views.count; ++v)
    operands[v] = operandOf(call, call.views(op)[v], place);
  const int64_t *n = call.numbers(op);
  switch (op.code) {
  case OpCode::Kernel: call.kernels[n[0]](operands, 0, count, 0, n[1] > 0 ? n[1] : 1); return;
  case OpCode::Random: return fillRandom(call, op, operands[0], place.begin, count);
  case OpCode::Pack: {
    int32_t count = op.views.count - 1;
    auto *parts = static_cast<const float **>(__builtin_alloca(size_t(count) * sizeof(float *)));
    for (int32_t i = 0; i < count; ++i)
      parts[i] = rowOf<const float>(operands[i], 0);
    return pack(n, call.array(call.views(op)[count].array).weights, parts, count, operands[count].base);
  }
  case OpCode::Tick:
    for (int64_t i = 0; i < count; ++i)
      *rowOf<int64_t>(operands[0], i) = tickCounts[place.begin + i];
    return;
  default: rowFunctionOf(op.code)(taskOf(call, op), operands, count);
  }
}

bool isRowOp(OpCode code) {
  return code == OpCode::Kernel || code == OpCode::Random || code == OpCode::Tick || rowFunctionOf(code);
}

/// Whether each view finds rows on the window of its operation.
bool checkViews(const Call &call, const OpPlan &op) {
  for (int32_t v = 0; v < op.views.count; ++v) {
    const View &view = call.views(op)[v];
    const ArrayPlan &array = call.array(view.array);
    bool hasRows = array.place != Place::Register && array.place != Place::Memory && array.place != Place::Chunk &&
                   array.place != Place::Parameter;
    if (view.rows == Rows::Mapped) {
      const MapState &map = call.maps[view.map];
      hasRows &= map.known && call.map(view.map).to == op.clock && (!map.misses || array.zeroRow);
    } else {
      hasRows &= view.rows == Rows::One || (view.rows == Rows::Same && (array.clock == op.clock || array.clock < 0));
    }
    if (!hasRows)
      return fail(call.error, Code::Plan, "an operation has an operand (%d) without rows", v);
  }
  return true;
}

/// Rows of a block that are few enough for all threads to have one.
int64_t shareOf(int64_t rows, int64_t threads, int64_t most) {
  int64_t share = ((rows + threads - 1) / threads + 15) / 16 * 16;
  return share < 16 ? 16 : share < most ? share : most;
}

/// Of a row, about: weights stay in registers for several rows.
int64_t bytesOfRow(const Call &call, Span ops) {
  int64_t bytes = 0;
  for (int32_t i = 0; i < ops.count; ++i)
    for (int32_t v = 0; v < call.op(ops.first + i).views.count; ++v) {
      const View &view = call.views(call.op(ops.first + i))[v];
      int64_t stride = call.array(view.array).stride;
      bytes += view.rows == Rows::One ? stride / 16 : stride;
    }
  return bytes;
}

bool runPar(Call &call, int32_t index, char *scratch) {
  const OpPlan &par = call.op(index);
  Span inner = innerOps(call, index);
  Carver carver(scratch);
  int64_t rows = call.rowsOf(par.clock), most = par.clock < 0 ? 1 : call.mostRows[par.clock];
  const int32_t *tickCounts[8]; // one for each Tick
  int32_t tickOps = 0;
  for (int32_t i = 0; i < inner.count; ++i) {
    const OpPlan &op = call.op(inner.first + i);
    if (!isRowOp(op.code) || op.clock != par.clock)
      return fail(call.error, Code::Plan, "operation %d is none that rows have", inner.first + i);
    if (!checkViews(call, op))
      return false;
    if (op.code != OpCode::Tick)
      continue;
    const int64_t *n = call.numbers(op);
    int32_t *counts = carver.take<int32_t>(most), root = call.clock(op.clock).root;
    int32_t *cutNumbers = carver.take<int32_t>(cutsSize(call, int32_t(n[1]), root));
    if (tickOps == 8)
      return fail(call.error, Code::Plan, "a group counts ticks more than eight times");
    countTicks(call, op.clock, n[0], cutsOf(call, int32_t(n[1]), root, cutNumbers), counts);
    tickCounts[tickOps++] = counts;
  }
  ParShape shape = shapeOf(call, index, most);
  char *memory = carver.bytes(shape.places() * shape.blockRows, shape.rowBytes);
  // All threads get a share, as far as there are rows.
  int64_t threads = threadsOf(call.pool), block = shape.blockRows;
  if (rows < block * threads)
    block = shareOf(rows, threads, block);
  int64_t places = shape.rowBytes ? shape.places() * shape.blockRows / block : mostThreads;
  places = least(places, threadsFor(rows * bytesOfRow(call, inner)));
  forBlocks(call, rows, block, places, [&](int64_t begin, int64_t end, int32_t thread) {
    WindowPlace place{begin, thread, memory + thread * block * shape.rowBytes, block};
    for (int32_t i = 0, tick = 0; i < inner.count; ++i) {
      const OpPlan &op = call.op(inner.first + i);
      runOnRows(call, op, end - begin, place, op.code == OpCode::Tick ? tickCounts[tick++] : nullptr);
    }
  });
  return true;
}

//===--- The top level -----------------------------------------------------------------------------------------===//

/// The mean over all ticks where the mask holds; 0 if there are none.
void computeLoss(const Call &call, const OpPlan &op) {
  const int64_t *n = call.numbers(op);
  const uint64_t *words = call.outputs + outputWords * call.plan->outputs.count;
  float *losses = reinterpret_cast<float *>(words[0]);
  int64_t *counts = reinterpret_cast<int64_t *>(words[1]);
  if (!losses && !counts)
    return;
  Operand value = operandOf(call, call.views(op)[0]), mask;
  if (op.views.count > 1)
    mask = operandOf(call, call.views(op)[1]);
  double sum = 0;
  int64_t ticks = 0;
  for (int64_t i = 0; i < call.rowsOf(int32_t(n[1])); ++i) {
    if (mask.base && !*rowOf(mask, i))
      continue;
    sum += *rowOf<const float>(value, i);
    ++ticks;
  }
  if (losses)
    losses[n[0]] = ticks ? float(sum / double(ticks)) : 0;
  if (counts)
    counts[n[0]] = n[1] < 0 ? 0 : ticks;
}

bool runClock(Call &call, const OpPlan &op, char *scratch) {
  int32_t clock = int32_t(call.numbers(op)[0]);
  if (call.clocks[clock].known)
    return true;
  Operand condition;
  if (op.views.count > 0)
    condition = operandOf(call, call.views(op)[0]);
  fixClock(call, clock, &condition, scratch);
  return checkRoom(call, clock);
}

/// A result that goes to an output alone, which the caller does not want.
bool isUnwanted(const Call &call, const OpPlan &op) {
  int32_t result = call.views(op)[op.views.count - 1].array;
  return call.array(result).place == Place::Output && call.arrays[result].stride == 0;
}

bool runOp(Call &call, int32_t i) {
  int32_t index = call.plan->forward.first + i;
  const OpPlan &op = call.op(index);
  const OpState &state = call.ops[i];
  char *scratch = call.shared + state.scratch;
  for (int32_t a = state.firstArray; a >= 0; a = call.arrays[a].next)
    if (call.array(a).zeroRow)
      std::memset(call.arrays[a].base - call.array(a).stride, 0, size_t(call.array(a).stride));
  switch (op.code) {
  case OpCode::Clock: return runClock(call, op, scratch);
  case OpCode::Map:
    return fixMap(call, int32_t(call.numbers(op)[0]), scratch) ||
           fail(call.error, Code::Plan, "map %d leads nowhere", int32_t(call.numbers(op)[0]));
  case OpCode::Scan: return runScans(call, scansOf(call, op), scratch);
  case OpCode::Loss: computeLoss(call, op); return true;
  case OpCode::Gradient: giveGradient(call, op); return true;
  default:
    if (isRangeOp(op.code))
      return isUnwanted(call, op) || runRangeOp(call, op, scratch);
    return runPar(call, index, scratch);
  }
}

/// Copies inputs that cannot be read where they are.
void copyInputs(Call &call) {
  for (uint32_t a = 0; a < call.plan->arrays.count; ++a) {
    const ArrayPlan &array = call.array(int32_t(a));
    char *to = call.arrays[a].base;
    const char *from = array.place == Place::Input ? static_cast<const char *>(call.inputs[array.index]) : nullptr;
    if (array.place != Place::Input || to == from)
      continue;
    if (array.index >= call.given) {
      std::memset(to, 0, size_t(array.stride));
      continue;
    }
    std::memset(to - array.stride, 0, size_t(array.stride));
    const ClockPlan *clock = array.clock < 0 ? nullptr : &call.clock(array.clock);
    if (!clock || clock->kind != ClockPlan::Kind::Axis || call.axis(clock->axis).inner < 0) {
      if (call.rowsOf(array.clock))
        std::memcpy(to, from, size_t(call.rowsOf(array.clock) * array.stride));
      continue;
    }
    // Rows of segments that are not empty.
    int64_t begin = 0, rows = axisRows(call, clock->axis);
    for (int64_t row = 0; row < rows; ++row) {
      int64_t end = rootRowOf(call, clock->axis, row + 1);
      if (end > begin) {
        std::memcpy(to, from + row * array.stride, size_t(array.stride));
        to += array.stride;
      }
      begin = end;
    }
  }
}

/// Fixes all clocks that do not hang on values, and sees whether there is room for outputs on them.
bool fixClocks(Call &call) {
  for (int32_t i = 0; i < call.plan->forward.count; ++i) {
    const OpPlan &op = call.op(call.plan->forward.first + i);
    if (op.code != OpCode::Clock || call.clocks[call.numbers(op)[0]].onEvents)
      continue;
    fixClock(call, int32_t(call.numbers(op)[0]), nullptr, call.shared + call.ops[i].scratch);
  }
  return checkRoom(call, -2);
}

void placeOutputs(Call &call) {
  for (uint32_t a = 0; a < call.plan->arrays.count; ++a) {
    const ArrayPlan &array = call.array(int32_t(a));
    if (array.place != Place::Output)
      continue;
    if (char *rows = reinterpret_cast<char *>(call.outputs[outputWords * array.index]))
      call.arrays[a].base = rows;
    else
      call.arrays[a].stride = 0;
  }
}

bool prepareAll(Call &call) {
  for (int32_t i = 0; i < call.plan->prepare.count; ++i) {
    int32_t index = call.plan->prepare.first + i;
    Span inner = innerOps(call, index);
    for (int32_t k = 0; k < inner.count; ++k) {
      const OpPlan &op = call.op(inner.first + k);
      bool isKnown = op.code == OpCode::Pack || op.code == OpCode::Kernel || rowFunctionOf(op.code);
      for (int32_t v = 0; v < op.views.count; ++v) {
        Place place = call.array(call.views(op)[v].array).place;
        isKnown &= place == Place::Parameter || place == Place::Prepared || place == Place::Constant;
      }
      if (!isKnown || op.clock >= 0)
        return fail(call.error, Code::Plan, "operation %d is none of preparation", inner.first + k);
      runOnRows(call, op, 1, {}, nullptr);
    }
  }
  return true;
}

} // namespace

bool carryOut(Call &call, void *workspace, size_t bytes) {
  if (call.plan->preparedBytes && !checkPointer(call.error, "prepared", "", call.prepared, 64))
    return false;
  if (!checkPointer(call.error, "workspace", "", workspace, 64))
    return false;
  char *memory = static_cast<char *>(workspace);
  int64_t given = bytes > size_t(INT64_MAX) ? INT64_MAX : int64_t(bytes), needed = tableBytes(*call.plan);
  if (given >= needed) {
    setTables(call, memory);
    if (!layOut(call, memory, given, needed))
      return false;
  }
  if (given < needed)
    return fail(call.error, Code::Workspace, "the workspace has %lld bytes; this batch needs %lld or more",
                static_cast<long long>(given), static_cast<long long>(needed));
  if (!fixClocks(call))
    return false;
  placeOutputs(call);
  placeGradients(call);
  copyInputs(call);
  for (int32_t i = 0; i < call.plan->forward.count; ++i)
    if (!runOp(call, i))
      return false;
  giveRows(call);
  return true;
}

bool countWorkspace(Call &call, size_t *bytes) {
  if (!checkPointer(call.error, "bytes", "", bytes, alignof(size_t)))
    return false;
  constexpr int64_t mostOnStack = 2 << 20;
  if (tableBytes(*call.plan) > mostOnStack)
    return fail(call.error, Code::Plan, "the model is too large: its tables have more than 2 MiB");
  auto *tables = static_cast<char *>(__builtin_alloca_with_align(size_t(tableBytes(*call.plan)), 64 * 8));
  setTables(call, tables);
  int64_t needed = 0;
  if (!layOut(call, nullptr, 0, needed))
    return false;
  *bytes = size_t(needed);
  return true;
}

//===--- Calls -------------------------------------------------------------------------------------------------===//

int32_t workspaceBytes(const Model &model, const void *inputs, size_t *bytes, Error *error) {
  Call call(model, error);
  bool isDone = checkPlan(model.plan, call.error) && takeInputs(call, inputs, false) && countWorkspace(call, bytes);
  return codeOf(isDone, call.error);
}

int32_t prepare(const Model &model, const void *parameters, void *prepared, Error *error) {
  Call call(model, error);
  call.parameters = static_cast<const char *>(parameters);
  call.prepared = static_cast<char *>(prepared);
  bool isDone = checkPlan(model.plan, call.error) &&
                (model.plan->parameterBytes == 0 || checkPointer(call.error, "parameters", "", parameters, 4)) &&
                (model.plan->preparedBytes == 0 || checkPointer(call.error, "prepared", "", prepared, 64)) &&
                prepareAll(call);
  return codeOf(isDone, call.error);
}

int32_t forward(const Model &model, const void *prepared, const void *inputs, void *outputs, void *workspace,
                size_t bytes, Pool *pool, Error *error) {
  Call call(model, error);
  call.prepared = const_cast<char *>(static_cast<const char *>(prepared));
  call.pool = enter(pool) ? pool : nullptr;
  bool isDone = checkPlan(call.plan, call.error) && takeInputs(call, inputs, true) && takeOutputs(call, outputs) &&
                carryOut(call, workspace, bytes);
  if (call.pool)
    leave(call.pool);
  return codeOf(isDone, call.error);
}

} // namespace rondo::runtime
