// Single steps of a scan that the caller drives. The state holds, at multiples of 64 bytes:
//
//   Head | of each sequence: steps made, sample | of each operation: Act | of each operand: Spot
//        | rows of each clock at this step | Registers | Blocks
//
// all of them numbers and offsets; addresses are found anew at each step, which costs about a nanosecond an operand.
#include "runtime/Check.h"
#include "runtime/Random.h"
#include "runtime/RowOps.h"

namespace rondo::runtime {

namespace {

constexpr uint64_t stateMagic = 0x4554415453444e52; // "RNDSTATE"
constexpr int64_t mostSequences = INT32_MAX - 64;   // they are numbered in 32 bits

struct Head {
  uint64_t magic, identity;
  int64_t batch, bytes;
  uint64_t digest; // of what says where everything lies: a damaged state must not lead anywhere else
};

/// An operation, ready to be run.
struct Act {
  int32_t op, clock; // number of the plan's operation; the clock of its window, among the scan's
  int32_t child;     // Event: the clock that it finds, among the scan's
  int32_t first;     // operand
};

/// Where an operand lies: base is a number in Bases.
struct Spot {
  int64_t offset, stride;
  int32_t base, clock; // clock: by whose list of sequences rows are found; -1: rows are the window's
};

/// Words of the caller's inputs ahead of their rows: size, seed, active.
constexpr int64_t inputWords = 3;

/// Numbers of the addresses that a step works with: these, then inputs, then outputs.
enum Base : int32_t { State, Prepared, Constants, FirstPort };

/// Where everything lies in the state.
struct Shape {
  int64_t views = 0, mostViews = 0;               // of all operations, of one
  int64_t registers = 0, blocks = 0, discard = 0; // bytes a sequence; of a row that is not wanted
  int64_t *made, *samples; // [batch]: steps that a sequence has made, and as which sample it draws random numbers
  Act *acts;
  Spot *spots;
  int32_t *counts; // [clocks]: sequences that tick at this step
  int32_t *lists;  // [clocks][batch]: which they are
  char *registerRows, *blockRows, *discarded;

  Shape(const Call &call, const ScanPlan &scan, int64_t batch, Carver &carver) {
    for (int32_t i = 0; i < scan.ops.count; ++i) {
      const OpPlan &op = call.op(scan.ops.first + i);
      views += op.views.count;
      mostViews = op.views.count > mostViews ? op.views.count : mostViews;
    }
    for (uint32_t a = 0; a < call.plan->arrays.count; ++a) {
      const ArrayPlan &array = call.array(int32_t(a));
      int64_t bytes = aligned(array.stride);
      if (array.place == Place::Register)
        registers += bytes;
      else if (array.place == Place::Block)
        blocks += bytes;
      else if (array.place == Place::Output && bytes > discard)
        discard = bytes;
    }
    carver.take<Head>(1);
    made = carver.take<int64_t>(batch);
    samples = carver.take<int64_t>(batch);
    acts = carver.take<Act>(scan.ops.count);
    spots = carver.take<Spot>(views);
    counts = carver.take<int32_t>(scan.clocks.count);
    lists = carver.take<int32_t>(scan.clocks.count * batch);
    registerRows = carver.bytes(batch, registers);
    blockRows = carver.bytes(batch, blocks);
    discarded = carver.bytes(1, discard);
  }
};

bool checkStep(const Plan *plan, int64_t batch, Error *error) {
  if (!checkPlan(plan, error))
    return false;
  if (plan->scans.count != 1)
    return fail(error, Code::Plan, "the library's plan is not one of single steps");
  if (batch < 0 || batch > mostSequences)
    return fail(error, Code::Argument, "a batch of %lld sequences", static_cast<long long>(batch));
  return true;
}

/// Number of a clock in the scan; -1: it has none.
int32_t indexIn(const Call &call, const ScanPlan &scan, int32_t clock) {
  const int64_t *clocks = call.numbers(scan.clocks);
  for (int32_t j = 0; j < scan.clocks.count; ++j)
    if (clocks[j] == clock)
      return j;
  return -1;
}

/// Offsets of Registers and Blocks, in rows of all of them that one sequence has.
int64_t offsetOf(const Call &call, int32_t index) {
  int64_t offset = 0;
  for (int32_t a = 0; a < index; ++a)
    if (call.array(a).place == call.array(index).place)
      offset += aligned(call.array(a).stride);
  return offset;
}

/// Finds an operand's rows. False: there are none.
bool findSpot(const Call &call, const ScanPlan &scan, const Shape &shape, char *state, int64_t batch, const View &view,
              int32_t window, Spot &spot) {
  const ArrayPlan &array = call.array(view.array);
  spot = {view.offset, array.stride, State, -1};
  bool bySequence = true;
  switch (array.place) {
  case Place::Prepared:
  case Place::Constant:
    spot.base = array.place == Place::Prepared ? Prepared : Constants;
    spot.offset += array.offset;
    spot.stride = 0;
    return view.rows == Rows::One || array.clock < 0;
  case Place::Input:
    spot.base = FirstPort + array.index;
    if (array.clock < 0) {
      spot.stride = 0;
      return true;
    }
    break;
  case Place::Output: spot.base = FirstPort + int32_t(call.plan->inputs.count) + array.index; break;
  case Place::Register: spot.offset += shape.registerRows - state + offsetOf(call, view.array) * batch; break;
  case Place::Block:
    spot.offset += shape.blockRows - state + offsetOf(call, view.array) * batch;
    bySequence = array.clock == scan.driver;
    if (!bySequence && array.clock != window)
      return false;
    break;
  default: return false;
  }
  if (bySequence)
    spot.clock = indexIn(call, scan, window);
  return view.rows == Rows::Same;
}

bool isStepped(OpCode code) {
  return code == OpCode::Kernel || code == OpCode::Event || code == OpCode::Commit || code == OpCode::Zero ||
         code == OpCode::Random || rowFunctionOf(code);
}

bool makeActs(const Call &call, const ScanPlan &scan, const Shape &shape, char *state, int64_t batch) {
  int32_t next = 0;
  for (int32_t i = 0; i < scan.ops.count; ++i) {
    int32_t number = scan.ops.first + i;
    const OpPlan &op = call.op(number);
    int32_t window = op.code == OpCode::Event ? call.clock(int32_t(call.numbers(op)[0])).parent : op.clock;
    Act act = {number, indexIn(call, scan, window), -1, next};
    if (op.code == OpCode::Event)
      act.child = indexIn(call, scan, int32_t(call.numbers(op)[0]));
    if (!isStepped(op.code) || act.clock < 0 || (op.code == OpCode::Event && act.child < 0))
      return fail(call.error, Code::Plan, "operation %d is none of a single step", i);
    for (int32_t v = 0; v < op.views.count; ++v)
      if (!findSpot(call, scan, shape, state, batch, call.views(op)[v], window, shape.spots[next++]))
        return fail(call.error, Code::Plan, "operation %d of a single step has an operand (%d) without rows", i, v);
    shape.acts[i] = act;
  }
  return true;
}

uint64_t digestOf(const void *memory, size_t bytes, uint64_t digest) {
  constexpr uint64_t prime = 0x9e3779b97f4a7c15;
  const char *at = static_cast<const char *>(memory);
  uint64_t lanes[4] = {digest, ~digest, digest ^ prime, digest + prime}, words[4];
  for (; bytes > 0; bytes -= bytes < sizeof words ? bytes : sizeof words, at += sizeof words) {
    words[0] = words[1] = words[2] = words[3] = 0;
    if (bytes < sizeof words)
      std::memcpy(words, at, bytes);
    else
      std::memcpy(words, at, sizeof words);
    for (int i = 0; i < 4; ++i) {
      lanes[i] = (lanes[i] ^ words[i]) * prime;
      lanes[i] ^= lanes[i] >> 32;
    }
  }
  return lanes[0] ^ lanes[1] * 3 ^ lanes[2] * 5 ^ lanes[3] * 7;
}

uint64_t digestOf(const Shape &shape, const ScanPlan &scan, int64_t batch) {
  uint64_t digest = digestOf(shape.acts, size_t(scan.ops.count) * sizeof(Act), uint64_t(batch));
  return digestOf(shape.spots, size_t(shape.views) * sizeof(Spot), digest);
}

//===--- A step ------------------------------------------------------------------------------------------------===//

/// What the caller says of a step, and what addresses it works with.
struct Now {
  const uint8_t *active = nullptr; // null: all
  uint64_t seed = 0;
  char **bases = nullptr;
  bool isActive(int64_t sequence) const { return !active || active[sequence]; }
  char *input(int64_t i) const { return bases[FirstPort + i]; }
};

/// Whether a row of an input is looked at.
bool isSeen(const Shape &shape, const Now &now, const PortPlan &port, int64_t sequence) {
  if (!now.isActive(sequence))
    return false;
  if (port.given == Given::First)
    return shape.made[sequence] == 0;
  if (port.given != Given::AtEnd)
    return true;
  const char *ends = now.input(port.end);
  return ends && ends[sequence];
}

template <typename T>
bool checkBelow(const Call &call, const Shape &shape, const Now &now, const PortPlan &port, const void *rows,
                uint64_t limit) {
  const T *values = static_cast<const T *>(rows);
  for (int64_t row = 0, end = port.clock < 0 ? 1 : call.batch; row < end; ++row)
    for (int64_t i = row * port.elements; i < (row + 1) * port.elements; ++i)
      if (uint64_t(values[i]) >= limit && (port.clock < 0 || isSeen(shape, now, port, row))) // negative ones are large
        return fail(call.error, Code::Value, "input '%s': %lld at row %lld is not below %llu", call.name(port.name),
                    static_cast<long long>(values[i]), static_cast<long long>(row),
                    static_cast<unsigned long long>(limit));
  return true;
}

bool checkPort(const Call &call, const char *what, const PortPlan &port, const void *rows) {
  if (reinterpret_cast<uintptr_t>(rows) % uintptr_t(bytesOf(port.element)))
    return fail(call.error, Code::Argument, "%s '%s' is not at a multiple of %lld bytes", what, call.name(port.name),
                static_cast<long long>(bytesOf(port.element)));
  return true;
}

bool checkSize(const Call &call, const char *what, const void *words, int64_t count) {
  if (!checkPointer(call.error, what, "", words, 8))
    return false;
  uint64_t size = *static_cast<const uint64_t *>(words);
  if (size != uint64_t(count) * 8)
    return fail(call.error, Code::Argument, "%s: size is %llu, but the struct has %lld bytes", what,
                static_cast<unsigned long long>(size), static_cast<long long>(count * 8));
  return true;
}

bool checkInput(const Call &call, const Shape &shape, const Now &now, const PortPlan &port, const char *rows) {
  if (call.array(port.array).firstUse < 0) // of losses, or of nothing
    return true;
  if (!checkPort(call, "input", port, rows))
    return false;
  if (!rows) {
    bool isMissing = port.elements && port.given != Given::End && port.clock < 0;
    for (int64_t i = 0; i < call.batch && port.elements && port.given != Given::End && !isMissing; ++i)
      isMissing = isSeen(shape, now, port, i);
    return !isMissing || fail(call.error, Code::Argument, "input '%s' is null", call.name(port.name));
  }
  if (port.element == Element::Token)
    return checkBelow<int32_t>(call, shape, now, port, rows, uint64_t(port.tokens));
  return port.element != Element::Bool || checkBelow<uint8_t>(call, shape, now, port, rows, 2);
}

/// Where a segment ends, all segments inside of it do.
bool checkEnds(const Call &call, const Now &now) {
  for (uint32_t i = 1; i < call.plan->inputs.count; ++i) {
    const PortPlan &outer = call.input(int32_t(i)), &inner = call.input(int32_t(i) - 1);
    const char *ends = now.input(i), *within = now.input(i - 1);
    if (outer.given != Given::End || inner.given != Given::End || !ends)
      continue;
    for (int64_t s = 0; s < call.batch; ++s)
      if (now.isActive(s) && ends[s] && !(within && within[s]))
        return fail(call.error, Code::Structure, "sequence %lld: '%s' is 1, but '%s' is not", static_cast<long long>(s),
                    call.name(outer.name), call.name(inner.name));
  }
  return true;
}

bool takePorts(const Call &call, const Shape &shape, const uint64_t *inputs, const uint64_t *outputs, Now &now) {
  const Plan &plan = *call.plan;
  now.seed = inputs[1];
  now.active = reinterpret_cast<const uint8_t *>(inputs[2]);
  for (int64_t s = 0; s < call.batch && now.active; ++s)
    if (now.active[s] > 1)
      return fail(call.error, Code::Value, "'active': %d of sequence %lld is neither 0 nor 1", now.active[s],
                  static_cast<long long>(s));
  char **ports = now.bases + FirstPort;
  for (uint32_t i = 0; i < plan.inputs.count; ++i)
    ports[i] = reinterpret_cast<char *>(inputs[inputWords + i]);
  // The last ones first: they say which rows of others are looked at.
  uint32_t own = plan.inputs.count;
  for (; own > 0 && call.input(int32_t(own) - 1).given == Given::End; --own)
    if (!checkInput(call, shape, now, call.input(int32_t(own) - 1), ports[own - 1]))
      return false;
  for (uint32_t i = 0; i < own; ++i)
    if (!checkInput(call, shape, now, call.input(int32_t(i)), ports[i]))
      return false;
  for (uint32_t i = 0; i < plan.outputs.count; ++i) {
    ports[plan.inputs.count + i] = reinterpret_cast<char *>(outputs[1 + 2 * i]);
    if (!checkPort(call, "output", call.output(int32_t(i)), ports[plan.inputs.count + i]))
      return false;
  }
  return checkEnds(call, now);
}

void fillRandom(const Call &call, const Shape &shape, const Now &now, const OpPlan &op, const Operand &rows,
                const int32_t *sequences, int32_t count) {
  const int64_t *n = call.numbers(op);
  uint64_t key = randomKey(now.seed, uint64_t(n[0]), uint64_t(n[1]));
  for (int32_t i = 0; i < count; ++i) {
    int32_t sequence = sequences ? sequences[i] : i;
    fillUniform(key, rowOf<float>(rows, i), n[2], 0, n[3] == 0 ? uint32_t(shape.made[sequence]) : 0,
                n[3] == 2 ? 0 : uint32_t(shape.samples[sequence]));
  }
}

/// By clock the list of sequences that tick; null: all do, in order. Those that take part are the driver's.
const int32_t **makeLists(const Call &call, const ScanPlan &scan, const Shape &shape, const Now &now, int32_t driver,
                          const int32_t **lists) {
  for (int32_t j = 0; j < scan.clocks.count; ++j) {
    lists[j] = shape.lists + j * call.batch;
    shape.counts[j] = 0;
  }
  shape.counts[driver] = int32_t(call.batch);
  if (!now.active) {
    lists[driver] = nullptr;
    return lists;
  }
  int32_t *list = shape.lists + driver * call.batch, count = 0;
  for (int64_t s = 0; s < call.batch; ++s)
    if (now.active[s])
      list[count++] = int32_t(s);
  shape.counts[driver] = count;
  return lists;
}

void runSteps(const Call &call, const ScanPlan &scan, const Shape &shape, const Now &now, int32_t driver) {
  auto *operands = static_cast<Operand *>(__builtin_alloca(size_t(shape.mostViews + 1) * sizeof(Operand)));
  auto **room = static_cast<const int32_t **>(__builtin_alloca(size_t(scan.clocks.count) * sizeof(int32_t *)));
  const int32_t **lists = makeLists(call, scan, shape, now, driver, room);
  for (const Act *act = shape.acts, *end = act + scan.ops.count; act != end; ++act) {
    int32_t rows = shape.counts[act->clock];
    if (rows == 0)
      continue;
    const OpPlan &op = call.op(act->op);
    for (int32_t v = 0; v < op.views.count; ++v) {
      const Spot &spot = shape.spots[act->first + v];
      Operand &operand = operands[v];
      if (char *base = now.bases[spot.base])
        operand = {base + spot.offset, spot.clock < 0 ? nullptr : lists[spot.clock], spot.stride};
      else // not wanted, or where no segment ends
        operand = {shape.discarded, nullptr, 0};
    }
    switch (op.code) {
    case OpCode::Kernel: {
      const int64_t *n = call.numbers(op);
      call.kernels[n[0]](operands, 0, rows, 0, n[1] > 0 ? n[1] : 1);
      break;
    }
    case OpCode::Event: {
      const int32_t *from = lists[act->clock];
      int32_t *to = shape.lists + act->child * call.batch, count = 0;
      for (int32_t i = 0; i < rows && operands[0].base != shape.discarded; ++i)
        if (*rowOf<uint8_t>(operands[0], i))
          to[count++] = from ? from[i] : i;
      shape.counts[act->child] = count;
      break;
    }
    case OpCode::Commit: {
      const ArrayPlan &array = call.array(call.views(op)[0].array);
      for (int32_t i = 0; i < rows; ++i)
        std::memcpy(rowOf(operands[0], i), rowOf(operands[1], i), size_t(array.stride));
      break;
    }
    case OpCode::Zero:
      for (int32_t v = 0; v < op.views.count; ++v)
        for (int32_t i = 0; i < rows; ++i)
          std::memset(rowOf(operands[v], i), 0, size_t(call.array(call.views(op)[v].array).stride));
      break;
    case OpCode::Random: fillRandom(call, shape, now, op, operands[0], lists[act->clock], rows); break;
    default: rowFunctionOf(op.code)(taskOf(call, op), operands, rows); break;
    }
  }
}

/// Tells which outputs ticked.
void giveTicks(const Call &call, const ScanPlan &scan, const Shape &shape, const Now &now, int32_t driver,
               const uint64_t *outputs) {
  for (uint32_t i = 0; i < call.plan->outputs.count; ++i) {
    auto *ticks = reinterpret_cast<uint8_t *>(outputs[2 + 2 * i]);
    if (!ticks)
      continue;
    int32_t clock = indexIn(call, scan, call.output(int32_t(i)).clock);
    if (clock == driver && !now.active) {
      std::memset(ticks, 1, size_t(call.batch));
      continue;
    }
    std::memset(ticks, 0, size_t(call.batch));
    for (int32_t k = 0; clock >= 0 && k < shape.counts[clock]; ++k)
      ticks[shape.lists[clock * call.batch + k]] = 1;
  }
}

/// Takes the number of sequences from a state, if it is one of this library.
bool takeHead(Call &call, uint64_t identity, char *state) {
  if (!checkStep(call.plan, 0, call.error) || !checkPointer(call.error, "state", "", state, 64))
    return false;
  const Head &head = *reinterpret_cast<const Head *>(state);
  if (head.magic != stateMagic || head.identity != identity || head.batch < 0 || head.batch > mostSequences)
    return fail(call.error, Code::Argument, "'state' is none that this library made for this machine");
  call.batch = head.batch;
  return true;
}

bool checkState(const Call &call, const Shape &shape, const Carver &carver, const char *state) {
  const Head &head = *reinterpret_cast<const Head *>(state);
  if (carver.isTooLarge() || carver.count() != head.bytes || digestOf(shape, call.scan(0), call.batch) != head.digest)
    return fail(call.error, Code::Argument, "'state' is damaged");
  return true;
}

bool stepAll(Call &call, uint64_t identity, const void *prepared, char *state, const void *inputs, void *outputs) {
  if (!takeHead(call, identity, state))
    return false;
  const Plan &plan = *call.plan;
  const auto *in = static_cast<const uint64_t *>(inputs), *out = static_cast<const uint64_t *>(outputs);
  if (!checkSize(call, "inputs", in, inputWords + int64_t(plan.inputs.count)) ||
      !checkSize(call, "outputs", out, 1 + 2 * int64_t(plan.outputs.count)))
    return false;
  Carver carver(state);
  const ScanPlan &scan = call.scan(0);
  Shape shape(call, scan, call.batch, carver);
  if (!checkState(call, shape, carver, state))
    return false;
  Now now;
  now.bases = static_cast<char **>(
      __builtin_alloca((size_t(FirstPort) + plan.inputs.count + plan.outputs.count) * sizeof(char *)));
  if (!takePorts(call, shape, in, out, now))
    return false;
  now.bases[State] = state;
  now.bases[Prepared] = const_cast<char *>(static_cast<const char *>(prepared));
  now.bases[Constants] = const_cast<char *>(reinterpret_cast<const char *>(plan.constants.begin(&plan)));
  int32_t driver = indexIn(call, scan, scan.driver);
  runSteps(call, scan, shape, now, driver);
  giveTicks(call, scan, shape, now, driver, out);
  for (int64_t s = 0; s < call.batch; ++s)
    shape.made[s] += now.isActive(s);
  return true;
}

bool resetOne(Call &call, uint64_t identity, char *state, int64_t sequence) {
  if (!takeHead(call, identity, state))
    return false;
  if (sequence < 0 || sequence >= call.batch)
    return fail(call.error, Code::Argument, "there is no sequence %lld in a state of %lld",
                static_cast<long long>(sequence), static_cast<long long>(call.batch));
  Carver carver(state);
  Shape shape(call, call.scan(0), call.batch, carver);
  if (!checkState(call, shape, carver, state))
    return false;
  shape.made[sequence] = 0;
  shape.samples[sequence] += call.batch;
  for (uint32_t a = 0; a < call.plan->arrays.count; ++a) {
    const ArrayPlan &array = call.array(int32_t(a));
    if (array.place == Place::Register)
      std::memset(shape.registerRows + offsetOf(call, int32_t(a)) * call.batch + sequence * array.stride, 0,
                  size_t(array.stride));
  }
  return true;
}

} // namespace

//===--- Calls -------------------------------------------------------------------------------------------------===//

int32_t stateBytes(const Plan *plan, int64_t batch, size_t *bytes, Error *error) {
  Call call({plan, nullptr}, error);
  bool isDone = checkStep(plan, batch, call.error) && checkPointer(call.error, "bytes", "", bytes, alignof(size_t));
  if (isDone) {
    Carver carver(nullptr);
    Shape(call, call.scan(0), batch, carver);
    if (carver.isTooLarge())
      isDone = fail(call.error, Code::TooLarge, "the state of so many sequences is too large");
    *bytes = size_t(carver.count());
  }
  return codeOf(isDone, call.error);
}

int32_t initState(const Plan *plan, uint64_t identity, void *state, size_t bytes, int64_t batch, Error *error) {
  Call call({plan, nullptr}, error);
  size_t needed = 0;
  if (int32_t wrong = stateBytes(plan, batch, &needed, call.error))
    return wrong;
  bool isDone = checkPointer(call.error, "state", "", state, 64);
  if (isDone && bytes < needed)
    isDone = fail(call.error, Code::Workspace, "the state has %llu bytes; this batch needs %llu",
                  static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(needed));
  if (isDone) {
    // Every byte: that equal states have equal bytes.
    std::memset(state, 0, bytes);
    char *memory = static_cast<char *>(state);
    Carver carver(memory);
    Shape shape(call, call.scan(0), batch, carver);
    *reinterpret_cast<Head *>(memory) = {stateMagic, identity, batch, carver.count(), 0};
    for (int64_t s = 0; s < batch; ++s)
      shape.samples[s] = s;
    isDone = makeActs(call, call.scan(0), shape, memory, batch);
    reinterpret_cast<Head *>(memory)->digest = digestOf(shape, call.scan(0), batch);
  }
  return codeOf(isDone, call.error);
}

int32_t resetState(const Plan *plan, uint64_t identity, void *state, int64_t sequence, Error *error) {
  Call call({plan, nullptr}, error);
  return codeOf(resetOne(call, identity, static_cast<char *>(state), sequence), call.error);
}

int32_t step(const Model &model, uint64_t identity, const void *prepared, void *state, const void *inputs,
             void *outputs, Error *error) {
  Call call(model, error);
  return codeOf(stepAll(call, identity, prepared, static_cast<char *>(state), inputs, outputs), call.error);
}

} // namespace rondo::runtime
