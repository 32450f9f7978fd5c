// Calls that give gradients. Their plan computes what `forward` does and the adjoints of it: it has the inputs of the
// other plan, behind these what flows into the outputs, and ends with Gradients.
#include "runtime/Backward.h"
#include "runtime/Check.h"
#include "runtime/Execute.h"
#include "runtime/RowOps.h"
#include "runtime/Timeline.h"

namespace rondo::runtime {

//===--- What is given -----------------------------------------------------------------------------------------===//

static void copyOrAdd(float *to, const float *from, int64_t size, bool adds) {
  if (!adds) {
    std::memcpy(to, from, size_t(size) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < size; ++i)
    to[i] += from[i];
}

/// The caller's rows may have others between them.
static bool hasEmptyRows(const Call &call, int32_t clock) {
  return clock >= 0 && call.clock(clock).kind == ClockPlan::Kind::Axis && call.axis(call.clock(clock).axis).inner >= 0;
}

void placeGradients(Call &call) {
  for (int32_t i = 0; i < call.plan->forward.count && call.gradients; ++i) {
    const OpPlan &op = call.op(call.plan->forward.first + i);
    if (op.code != OpCode::Gradient)
      continue;
    const int64_t *n = call.numbers(op);
    const View &view = call.views(op)[0];
    const ArrayPlan &array = call.array(view.array);
    char *place = reinterpret_cast<char *>(call.gradients[n[0]]);
    bool adds = n[3] && call.gradients[1], isWhole = view.offset == 0 && array.elements == n[2] && !array.zeroRow;
    bool isInOrder = view.rows == (op.clock < 0 ? Rows::One : Rows::Same) && array.clock == op.clock;
    if (place && !adds && isWhole && isInOrder && array.place == Place::Call && !hasEmptyRows(call, op.clock))
      call.arrays[view.array].base = place + n[1];
  }
}

void giveGradient(const Call &call, const OpPlan &op) {
  const int64_t *n = call.numbers(op);
  char *place = reinterpret_cast<char *>(call.gradients[n[0]]);
  if (!place)
    return;
  float *to = reinterpret_cast<float *>(place + n[1]);
  int64_t elements = n[2];
  Operand x = operandOf(call, call.views(op)[0]);
  if (x.base == reinterpret_cast<char *>(to) && !x.rows)
    return;
  if (op.clock < 0) {
    const float *from = rowOf<const float>(x, 0);
    bool adds = n[3] && call.gradients[1];
    forBlocks(call, elements, 16384, mostThreads,
              [&](int64_t begin, int64_t end, int32_t) { copyOrAdd(to + begin, from + begin, end - begin, adds); });
    return;
  }
  const ClockPlan &clock = call.clock(op.clock);
  bool isRagged = hasEmptyRows(call, op.clock);
  int64_t rows = isRagged ? axisRows(call, clock.axis) : call.rowsOf(op.clock);
  // The rows of segments that are empty stand among the caller's, and have no tick.
  int64_t tick = 0, begin = 0;
  for (int64_t row = 0; row < rows; ++row, to += elements) {
    int64_t end = isRagged ? rootRowOf(call, clock.axis, row + 1) : begin + 1;
    if (end > begin)
      copyOrAdd(to, rowOf<const float>(x, tick++), elements, false);
    else
      std::memset(to, 0, size_t(elements) * sizeof(float));
    begin = end;
  }
}

//===--- What the caller hands over ----------------------------------------------------------------------------===//

/// Words of the caller's struct: its size, whether parameters' are added, parameters, what flows into outputs, and a
/// place for each input of reals.
static int64_t gradientWords(const Plan &forward, int64_t seeds) {
  int64_t words = 3 + seeds;
  for (uint32_t i = 0; i < forward.inputs.count; ++i)
    words += forward.inputs.begin(&forward)[i].element == Element::F32;
  return words;
}

bool takeGradients(Call &call, const Plan &forward, int64_t seeds, void *gradients) {
  int64_t words = gradientWords(forward, seeds);
  if (!checkStruct(call.error, "gradients", gradients, words))
    return false;
  call.gradients = static_cast<uint64_t *>(gradients);
  if (call.gradients[1] > 1)
    return fail(call.error, Code::Argument, "gradients: accumulate is %lld, neither 0 nor 1",
                static_cast<long long>(call.gradients[1]));
  if (call.gradients[2] &&
      !checkPointer(call.error, "gradients: parameters", "", reinterpret_cast<const void *>(call.gradients[2]), 64))
    return false;
  auto isMisplaced = [&](int64_t word) { return call.gradients[word] % alignof(float) != 0; };
  int64_t word = 3;
  for (; word < 3 + seeds; ++word)
    if (isMisplaced(word))
      return fail(call.error, Code::Argument, "gradients: pointer %lld of outputs is not at a multiple of 4 bytes",
                  static_cast<long long>(word - 3));
  for (uint32_t i = 0; i < forward.inputs.count; ++i) {
    const PortPlan &port = forward.inputs.begin(&forward)[i];
    if (port.element == Element::F32 && isMisplaced(word++))
      return fail(call.error, Code::Argument, "gradients: that of input '%s' is not at a multiple of 4 bytes",
                  forward.text.begin(&forward) + port.name);
  }
  return true;
}

/// Puts the inputs that are the caller's and those that the gradients' struct has side by side.
static void joinInputs(Call &call, const Plan &forward, const void **inputs) {
  for (uint32_t i = 0; i < call.plan->inputs.count; ++i)
    if (i < forward.inputs.count)
      inputs[i] = call.inputs[i];
    else
      inputs[i] =
          call.gradients ? reinterpret_cast<const void *>(call.gradients[3 + i - forward.inputs.count]) : nullptr;
  call.inputs = inputs;
}

static bool isOfOne(const Plan *plan, const Plan *forward, Error *error) {
  if (!checkPlan(plan, error) || !checkPlan(forward, error))
    return false;
  constexpr uint32_t most = 65536; // of inputs: their pointers are on the stack
  if (plan->inputs.count < forward->inputs.count || plan->outputs.count != forward->outputs.count ||
      plan->axes.count != forward->axes.count || plan->inputs.count > most)
    return fail(error, Code::Plan, "the plans of the library do not fit together");
  return true;
}

//===--- Calls -------------------------------------------------------------------------------------------------===//

int32_t backwardWorkspaceBytes(const Model &model, const Plan *forward, const void *inputs, size_t *bytes,
                               Error *error) {
  Call call(model, error);
  if (!isOfOne(model.plan, forward, call.error))
    return codeOf(false, call.error);
  call.given = int32_t(forward->inputs.count);
  auto **joined = static_cast<const void **>(__builtin_alloca((model.plan->inputs.count + 1) * sizeof(void *)));
  bool isDone = takeInputs(call, inputs, false);
  if (isDone) {
    joinInputs(call, *forward, joined);
    isDone = countWorkspace(call, bytes);
  }
  return codeOf(isDone, call.error);
}

int32_t backward(const Model &model, const Plan *forward, const void *prepared, const void *inputs, void *outputs,
                 void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error) {
  Call call(model, error);
  if (!isOfOne(model.plan, forward, call.error))
    return codeOf(false, call.error);
  call.given = int32_t(forward->inputs.count);
  call.prepared = const_cast<char *>(static_cast<const char *>(prepared));
  call.pool = enter(pool) ? pool : nullptr;
  auto **joined = static_cast<const void **>(__builtin_alloca((model.plan->inputs.count + 1) * sizeof(void *)));
  bool isDone =
      takeInputs(call, inputs, true) && takeOutputs(call, outputs) &&
      takeGradients(call, *forward, int64_t(model.plan->inputs.count) - int64_t(forward->inputs.count), gradients);
  if (isDone) {
    joinInputs(call, *forward, joined);
    isDone = carryOut(call, workspace, bytes);
  }
  if (call.pool)
    leave(call.pool);
  return codeOf(isDone, call.error);
}

} // namespace rondo::runtime
