#include "runtime/Check.h"
#include "runtime/Timeline.h"

namespace rondo::runtime {

static long long wide(int64_t number) { return number; }

bool checkPlan(const Plan *plan, Error *error) {
  if (!plan || plan->magic != planMagic || plan->version != planVersion)
    return fail(error, Code::Plan, "the library's plan is not one of this version");
  return true;
}

bool checkPointer(Error *error, const char *what, const char *name, const void *pointer, int64_t alignment) {
  if (!pointer)
    return fail(error, Code::Argument, "%s%s is null", what, name);
  if (reinterpret_cast<uintptr_t>(pointer) % uintptr_t(alignment))
    return fail(error, Code::Argument, "%s%s is not at a multiple of %lld bytes", what, name, wide(alignment));
  return true;
}

bool checkStruct(Error *error, const char *what, const void *pointer, int64_t words) {
  if (!checkPointer(error, what, "", pointer, 8))
    return false;
  uint64_t size = *static_cast<const uint64_t *>(pointer);
  if (size != uint64_t(words) * 8)
    return fail(error, Code::Argument, "%s: size is %llu, but the struct has %lld bytes", what,
                static_cast<unsigned long long>(size), wide(words * 8));
  return true;
}

//===--- Inputs ------------------------------------------------------------------------------------------------===//

bool checkOffsets(const Call &call, int32_t axis, int64_t outer, const char *outerName) {
  const AxisPlan &plan = call.axis(axis);
  const char *name = call.name(plan.name);
  const int64_t *offsets = call.offsets[axis];
  if (!offsets || reinterpret_cast<uintptr_t>(offsets) % alignof(int64_t))
    return fail(call.error, Code::Argument, "offsets of axis '%s' are %s", name,
                offsets ? "not at a multiple of 8 bytes" : "null");
  if (offsets[0] != 0)
    return fail(call.error, Code::Structure, "offsets of axis '%s' begin with %lld, not with 0", name,
                wide(offsets[0]));
  for (int64_t i = 0; i < outer; ++i)
    if (offsets[i + 1] < offsets[i])
      return fail(call.error, Code::Structure,
                  "offsets of axis '%s' decrease from %lld to %lld behind row %lld of '%s'", name, wide(offsets[i]),
                  wide(offsets[i + 1]), wide(i), outerName);
  if (offsets[outer] > mostRows)
    return fail(call.error, Code::TooLarge, "axis '%s' has %lld rows; there can be %lld", name, wide(offsets[outer]),
                wide(mostRows));
  return true;
}

bool checkAxis(const Call &call, int32_t axis) {
  int32_t outer = call.axis(axis).outer;
  return outer < 0 ? checkOffsets(call, axis, call.batch, "sample")
                   : checkOffsets(call, axis, axisRows(call, outer), call.name(call.axis(outer).name));
}

int64_t givenRows(const Call &call, const PortPlan &port) {
  if (port.clock < 0)
    return 1;
  const ClockPlan &clock = call.clock(port.clock);
  return clock.kind == ClockPlan::Kind::Axis ? axisRows(call, clock.axis) : call.batch;
}

/// What is said of an input: "input 'x'", or "input 'x' behind the window" of the row there.
struct InputName {
  InputName(const Call &call, const PortPlan &port)
      : name(call.name(port.given == Given::Ahead ? call.input(port.end).name : port.name)),
        place(port.given == Given::Ahead ? " behind the window" : "") {}
  const char *name, *place;
};

template <typename T>
static bool checkBelow(const Call &call, const PortPlan &port, const T *values, int64_t rows, uint64_t limit) {
  uint64_t isBad = 0;
  int64_t count = rows * port.elements;
  for (int64_t i = 0; i < count; ++i)
    isBad |= uint64_t(values[i]) >= limit; // negative ones are large
  for (int64_t i = 0; isBad && i < count; ++i) {
    if (uint64_t(values[i]) < limit)
      continue;
    InputName input(call, port);
    if (port.element == Element::Bool)
      return fail(call.error, Code::Value, "input '%s'%s: %lld at row %lld is not a bool (0 or 1)", input.name,
                  input.place, wide(values[i]), wide(i / port.elements));
    return fail(call.error, Code::Value, "input '%s'%s: token %lld at row %lld is not %s %llu", input.name, input.place,
                wide(values[i]), wide(i / port.elements), values[i] < 0 ? "in 0 .." : "below",
                static_cast<unsigned long long>(values[i] < 0 ? limit - 1 : limit));
  }
  return true;
}

bool checkInput(const Call &call, int32_t index, int64_t rows) {
  const PortPlan &port = call.input(index);
  const void *values = call.inputs[index];
  if (rows == 0 || port.elements == 0)
    return true;
  int64_t size = bytesOf(port.element);
  InputName input(call, port);
  if (!values)
    return fail(call.error, Code::Argument, "input '%s'%s is null", input.name, input.place);
  if (reinterpret_cast<uintptr_t>(values) % uintptr_t(size))
    return fail(call.error, Code::Argument, "input '%s'%s is not at a multiple of %lld bytes", input.name, input.place,
                wide(size));
  if (port.element == Element::Token)
    return checkBelow(call, port, static_cast<const int32_t *>(values), rows, uint64_t(port.tokens));
  if (port.element == Element::Bool)
    return checkBelow(call, port, static_cast<const uint8_t *>(values), rows, 2);
  return true;
}

bool takeInputs(Call &call, const void *inputs, bool values) {
  const Plan &plan = *call.plan;
  int32_t count = call.given < int32_t(plan.inputs.count) ? call.given : int32_t(plan.inputs.count);
  if (!checkStruct(call.error, "inputs", inputs, 3 + int64_t(plan.axes.count) + count))
    return false;
  const uint64_t *words = static_cast<const uint64_t *>(inputs);
  call.batch = int64_t(words[1]);
  call.seed = words[2];
  call.offsets = reinterpret_cast<const int64_t *const *>(words + 3);
  call.inputs = reinterpret_cast<const void *const *>(words + 3 + plan.axes.count);
  if (call.batch < 0 || call.batch > mostRows)
    return fail(call.error, Code::Argument, "inputs: a batch of %lld samples", wide(call.batch));
  for (uint32_t a = 0; a < plan.axes.count; ++a)
    if (!checkAxis(call, int32_t(a)))
      return false;
  for (int32_t i = 0; values && i < count; ++i)
    if (!checkInput(call, i, givenRows(call, call.input(i))))
      return false;
  return true;
}

//===--- Outputs -----------------------------------------------------------------------------------------------===//

/// Whether a pointer may be null or point to numbers.
static bool checkNumbers(const Call &call, uint64_t word, const char *what, int32_t name) {
  if (word % alignof(int64_t))
    return fail(call.error, Code::Argument, "%s of output '%s' are not at a multiple of 8 bytes", what,
                call.name(name));
  return true;
}

bool takeOutputs(Call &call, void *outputs) {
  const Plan &plan = *call.plan;
  if (!checkStruct(call.error, "outputs", outputs, 3 + outputWords * int64_t(plan.outputs.count)))
    return false;
  call.outputs = static_cast<uint64_t *>(outputs) + 1;
  for (uint32_t i = 0; i < plan.outputs.count; ++i) {
    const PortPlan &port = call.output(int32_t(i));
    const uint64_t *words = call.outputs + outputWords * i;
    if (words[0] % uint64_t(bytesOf(port.element)))
      return fail(call.error, Code::Argument, "output '%s' is not at a multiple of %lld bytes", call.name(port.name),
                  wide(bytesOf(port.element)));
    if (!checkNumbers(call, words[2], "offsets", port.name) || !checkNumbers(call, words[3], "ticks", port.name))
      return false;
    if ((words[0] || words[3]) && int64_t(words[1]) < 0)
      return fail(call.error, Code::Argument, "output '%s' has room for %lld rows", call.name(port.name),
                  wide(words[1]));
  }
  const uint64_t *losses = call.outputs + outputWords * plan.outputs.count;
  if (losses[0] % alignof(float))
    return fail(call.error, Code::Argument, "losses are not at a multiple of 4 bytes");
  if (losses[1] % alignof(int64_t))
    return fail(call.error, Code::Argument, "ticks of losses are not at a multiple of 8 bytes");
  return true;
}

bool checkRoom(const Call &call, int32_t clock) {
  bool hasRoom = true;
  for (uint32_t i = 0; i < call.plan->outputs.count; ++i) {
    const PortPlan &port = call.output(int32_t(i));
    uint64_t *words = call.outputs + outputWords * i;
    if ((!words[0] && !words[3]) || (clock != -2 && port.clock != clock) ||
        (port.clock >= 0 && !call.clocks[port.clock].known))
      continue;
    int64_t room = int64_t(words[1]), needed = call.rowsOf(port.clock);
    if (room >= needed)
      continue;
    words[1] = uint64_t(needed); // the caller can give all that is missing at once
    if (hasRoom)
      fail(call.error, Code::Capacity, "output '%s' has room for %lld rows and needs %lld", call.name(port.name),
           wide(room), wide(needed));
    hasRoom = false;
  }
  return hasRoom;
}

/// Where the rows of a clock are: positions among the rows of its root in each sample. What ticks once a sample does so
/// at the last row of the first base, or at -1 where that has none.
static void giveTicks(const Call &call, int32_t index, int64_t *ticks) {
  int32_t time = call.timeOf(index), root = call.clock(time).root;
  bool isSampled = root < 0;
  for (uint32_t a = 0; isSampled && root < 0 && a < call.plan->axes.count; ++a)
    if (call.axis(int32_t(a)).inner < 0)
      root = int32_t(a);
  const ClockState &clock = call.clocks[time];
  for (int64_t s = 0; s < call.batch; ++s) {
    int64_t begin = root < 0 ? 0 : call.rootBegin(root, s), end = root < 0 ? 0 : call.rootBegin(root, s + 1);
    for (int32_t i = clock.offsets[s]; i < clock.offsets[s + 1]; ++i) {
      int64_t position = isSampled ? end - 1 : clock.positions ? clock.positions[i] : i;
      int64_t rows = call.isPair(index) ? call.clocks[index].pairs[i + 1] - call.clocks[index].pairs[i] : 1;
      for (; rows > 0; --rows)
        *ticks++ = position - begin;
    }
  }
}

void giveRows(const Call &call) {
  for (uint32_t i = 0; i < call.plan->outputs.count; ++i) {
    const PortPlan &port = call.output(int32_t(i));
    uint64_t *words = call.outputs + outputWords * i;
    words[1] = uint64_t(call.rowsOf(port.clock));
    if (port.clock < 0)
      continue;
    int64_t *offsets = reinterpret_cast<int64_t *>(words[2]), *ticks = reinterpret_cast<int64_t *>(words[3]);
    for (int64_t s = 0; offsets && s <= call.batch; ++s)
      offsets[s] = call.clocks[port.clock].offsets[s];
    if (ticks)
      giveTicks(call, port.clock, ticks);
  }
}

} // namespace rondo::runtime
