// A window is a call of a plan of its own, which has inputs and outputs more for what is remembered. Here they are put
// together from what the caller gives: a window's struct and states.
#include "runtime/Window.h"
#include "runtime/Backward.h"
#include "runtime/Check.h"
#include "runtime/Execute.h"
#include "runtime/Timeline.h"
#include <cstring>

namespace rondo::runtime {

constexpr uint64_t windowMagic = 0x574f444e49574e52; // "RNWINDOW"
constexpr int64_t mostPorts = 65536;                 // their pointers are on the stack

//===--- Ports -------------------------------------------------------------------------------------------------===//

int32_t WindowPorts::ahead(bool isReal) const {
  int32_t count = 0;
  for (int32_t i = inputs(); i < allInputs(); ++i)
    count += input(i).given == Given::Ahead && (!isReal || input(i).element == Element::F32);
  return count;
}

int32_t WindowPorts::realCarried() const {
  int32_t count = 0;
  for (int32_t i = inputs(); i < allInputs(); ++i)
    count += input(i).given == Given::Carried && input(i).element == Element::F32;
  return count;
}

bool WindowPorts::flows() const {
  return model.gradients && int32_t(model.gradients->inputs.count) - allInputs() >= realCarried();
}

int32_t WindowPorts::seeds() const {
  return flows() ? int32_t(model.gradients->inputs.count) - allInputs() - realCarried() : 0;
}

int64_t WindowPorts::carve(int64_t batch, int32_t upTo) const {
  Carver carver(nullptr);
  carver.take<StateHead>(1);
  carver.take<int64_t>(batch);
  for (int32_t i = inputs(); i < allInputs() && i < upTo; ++i)
    if (input(i).given == Given::Carried)
      carver.bytes(batch, input(i).elements * bytesOf(input(i).element));
  return carver.count();
}

static int64_t *ticksOf(char *state) { return reinterpret_cast<int64_t *>(state + aligned(sizeof(StateHead))); }
static const int64_t *ticksOf(const char *state) { return ticksOf(const_cast<char *>(state)); }

//===--- One window --------------------------------------------------------------------------------------------===//

namespace {

/// A call of one of the plans of windows. `pointers` and `words` are as many as `sizes` says.
class WindowCall {
public:
  WindowCall(const WindowModel &model, const Window &window, bool gradients, Error *error)
      : ports(model), window(window), plan(gradients ? model.gradients : model.window),
        call({plan, model.model.kernels, model.model.lines}, error) {}

  /// Words of inputs, outputs and gradients together.
  int64_t words() const {
    return int64_t(plan->inputs.count) + outputWords * int64_t(plan->outputs.count) + 2 + 3 +
           2 * int64_t(plan->inputs.count);
  }

  bool join(uint64_t *memory) {
    call.batch = window.batch;
    call.seed = window.seed;
    call.offsets = window.offsets;
    call.given = ports.inputs();
    call.ticksBefore = window.state ? ticksOf(window.state) : nullptr;
    call.inputs = reinterpret_cast<const void *const *>(memory);
    joinInputs(reinterpret_cast<const void **>(memory));
    call.outputs = memory + plan->inputs.count;
    if (window.outputs)
      joinOutputs();
    if (window.gradients)
      joinGradients(call.outputs + outputWords * plan->outputs.count + 2);
    return checkAhead(reinterpret_cast<const void **>(memory));
  }

  bool count(size_t *bytes) { return countWorkspace(call, bytes); }

  bool run(const char *prepared, Pool *pool, void *workspace, size_t bytes) {
    call.prepared = const_cast<char *>(prepared);
    call.pool = pool;
    if (!carryOut(call, workspace, bytes)) {
      giveCounts(); // what is missing
      return false;
    }
    giveCounts();
    if (window.next)
      finish(window.next, true);
    if (window.dState)
      finish(window.dState, false);
    return true;
  }

private:
  void joinInputs(const void **inputs) {
    int32_t ahead = 0;
    for (int32_t i = 0; i < int32_t(plan->inputs.count); ++i) {
      inputs[i] = nullptr;
      if (i < ports.inputs())
        inputs[i] = window.inputs ? window.inputs[i] : nullptr;
      else if (i >= ports.allInputs())
        inputs[i] = seed(i - ports.allInputs());
      else if (ports.input(i).given == Given::Ends)
        inputs[i] = window.ends;
      else if (ports.input(i).given == Given::Ahead)
        inputs[i] = window.ahead ? window.ahead[ahead++] : nullptr;
      else if (ports.input(i).given == Given::Whole)
        inputs[i] = window.wholes ? window.wholes[ports.input(i).end] : nullptr;
      else if (window.state)
        inputs[i] = window.state + ports.rowsAt(window.batch, i);
    }
  }

  /// What flows into an output: the caller's own, then what is remembered, as far as it is real.
  const void *seed(int32_t number) const {
    if (number < ports.seeds())
      return window.gradients ? reinterpret_cast<const void *>(window.gradients[3 + number]) : nullptr;
    number -= ports.seeds();
    for (int32_t i = ports.inputs(); i < ports.allInputs() && window.dNext; ++i)
      if (ports.input(i).given == Given::Carried && ports.input(i).element == Element::F32 && number-- == 0)
        return window.dNext + ports.rowsAt(window.batch, i);
    return nullptr;
  }

  void joinOutputs() {
    int64_t own = outputWords * ports.outputs(), all = outputWords * int64_t(plan->outputs.count);
    std::memcpy(call.outputs, window.outputs, size_t(own) * sizeof(uint64_t));
    uint64_t *words = call.outputs + own;
    for (int32_t i = ports.inputs(); i < ports.allInputs(); ++i) {
      if (ports.input(i).given != Given::Carried)
        continue;
      words[0] = reinterpret_cast<uint64_t>(window.next ? window.next + ports.rowsAt(window.batch, i) : nullptr);
      words[1] = uint64_t(window.batch);
      words[2] = words[3] = 0;
      words += outputWords;
    }
    std::memcpy(call.outputs + all, window.outputs + own, 2 * sizeof(uint64_t));
  }

  void giveCounts() const {
    for (int32_t i = 0; i < ports.outputs(); ++i)
      window.outputs[outputWords * i + 1] = call.outputs[outputWords * i + 1];
  }

  void joinGradients(uint64_t *words) {
    call.gradients = words;
    std::memcpy(words, window.gradients, 3 * sizeof(uint64_t));
    words += 3 + plan->inputs.count - ports.allInputs();
    const uint64_t *own = window.gradients + 3 + ports.seeds();
    int32_t ahead = 0;
    for (int32_t i = 0; i < ports.allInputs(); ++i) {
      if (ports.input(i).element != Element::F32)
        continue;
      const void *place = nullptr;
      if (i < ports.inputs())
        place = reinterpret_cast<const void *>(*own++);
      else if (ports.input(i).given == Given::Ahead)
        place = window.dAhead ? window.dAhead[ahead++] : nullptr;
      else if (ports.input(i).given == Given::Carried && window.dState)
        place = window.dState + ports.rowsAt(window.batch, i);
      *words++ = reinterpret_cast<uint64_t>(place);
    }
  }

  /// That rows behind the window are there, where samples go on, and are such.
  bool checkAhead(const void **inputs) {
    int32_t base = baseAxis();
    for (int32_t i = ports.inputs(); i < ports.allInputs() && window.outputs; ++i) {
      if (ports.input(i).given != Given::Ahead)
        continue;
      const char *rows = static_cast<const char *>(inputs[i]);
      int64_t stride = ports.input(i).elements * bytesOf(ports.input(i).element);
      bool isFine = true;
      for (int64_t s = 0; s < window.batch && isFine; ++s) {
        if ((window.ends && window.ends[s]) || axisBegin(call, base, s + 1) == axisBegin(call, base, s))
          continue;
        inputs[i] = rows ? rows + s * stride : nullptr;
        isFine = checkInput(call, i, 1);
      }
      inputs[i] = rows;
      if (!isFine)
        return false;
    }
    return true;
  }

  /// The head of a state; what is no real has no gradient.
  void finish(char *state, bool isForward) const {
    StateHead *head = reinterpret_cast<StateHead *>(state);
    *head = {windowMagic, window.identity, window.batch, ports.stateBytes(window.batch)};
    int32_t base = baseAxis();
    for (int64_t s = 0; s < window.batch; ++s)
      ticksOf(state)[s] = isForward ? (call.ticksBefore ? call.ticksBefore[s] : 0) +
                                          (call.rootBegin(base, s + 1) - call.rootBegin(base, s))
                                    : 0;
    for (int32_t i = ports.inputs(); i < ports.allInputs() && !isForward; ++i)
      if (ports.input(i).given == Given::Carried && ports.input(i).element != Element::F32)
        std::memset(state + ports.rowsAt(window.batch, i), 0,
                    size_t(window.batch * ports.input(i).elements * bytesOf(ports.input(i).element)));
  }

  int32_t baseAxis() const {
    int32_t base = 0;
    while (call.axis(base).inner >= 0)
      ++base;
    return base;
  }

  WindowPorts ports;
  const Window &window;
  const Plan *plan;
  Call call;
};

bool fit(const WindowModel &model, Error *error) {
  const Plan *own = model.model.plan;
  bool isFine = checkPlan(own, error) && checkPlan(model.window, error) &&
                (!model.gradients || checkPlan(model.gradients, error));
  if (!isFine)
    return false;
  auto goesWith = [&](const Plan *plan, const Plan *base) {
    return plan->inputs.count >= base->inputs.count && plan->axes.count == own->axes.count &&
           plan->inputs.count + plan->outputs.count <= mostPorts && plan->axes.count > 0;
  };
  if (!goesWith(model.window, own) || model.window->outputs.count < own->outputs.count ||
      (model.gradients &&
       (!goesWith(model.gradients, model.window) || model.gradients->outputs.count != model.window->outputs.count)))
    return fail(error, Code::Plan, "the plans of the library do not fit together");
  return true;
}

} // namespace

bool countWindow(const WindowModel &model, const Window &window, bool gradients, size_t *bytes, Error *error) {
  WindowCall call(model, window, gradients, error);
  auto *words = static_cast<uint64_t *>(__builtin_alloca(size_t(call.words()) * sizeof(uint64_t)));
  return call.join(words) && call.count(bytes);
}

bool computeWindow(const WindowModel &model, const Window &window, const char *prepared, Pool *pool, void *workspace,
                   size_t bytes, Error *error) {
  WindowCall call(model, window, window.gradients, error);
  auto *words = static_cast<uint64_t *>(__builtin_alloca(size_t(call.words()) * sizeof(uint64_t)));
  return call.join(words) && call.run(prepared, pool, workspace, bytes);
}

//===--- Calls -------------------------------------------------------------------------------------------------===//

int32_t windowStateBytes(const WindowModel &model, int64_t batch, size_t *bytes, Error *error) {
  Error own;
  error = error ? error : &own;
  bool isDone = fit(model, error) && checkPointer(error, "bytes", "", bytes, alignof(size_t));
  if (isDone && (batch < 0 || batch > mostRows))
    isDone = fail(error, Code::Argument, "a batch of %lld samples", static_cast<long long>(batch));
  if (isDone)
    *bytes = size_t(WindowPorts(model).stateBytes(batch));
  return codeOf(isDone, error);
}

int32_t windowWorkspaceBytes(const WindowModel &model, const void *inputs, int32_t gradients, size_t *bytes,
                             Error *error) {
  Call own(model.model, error);
  bool isDone = fit(model, own.error) && takeInputs(own, inputs, false);
  if (isDone && gradients && !model.gradients)
    isDone = fail(own.error, Code::Argument, "gradients: the library has none");
  Window window;
  window.batch = own.batch;
  window.offsets = own.offsets;
  window.inputs = own.inputs;
  return codeOf(isDone && countWindow(model, window, gradients, bytes, own.error), own.error);
}

/// Whether a state is one of such a batch.
static bool checkState(const WindowModel &model, const char *what, const char *state, int64_t batch, bool isWritten,
                       Error *error) {
  if (!state)
    return true;
  if (!checkPointer(error, "window: ", what, state, 64))
    return false;
  const StateHead *head = reinterpret_cast<const StateHead *>(state);
  if (isWritten && (head->magic != windowMagic || head->identity != model.identity || head->batch != batch ||
                    head->bytes != WindowPorts(model).stateBytes(batch)))
    return fail(error, Code::Argument, "window: %s was not written by this library for a batch of %lld samples", what,
                static_cast<long long>(batch));
  return true;
}

static bool takeWindow(const WindowModel &model, const void *given, bool gradients, Window &window, Error *error) {
  WindowPorts ports(model);
  int64_t ahead = ports.ahead(), real = ports.ahead(/*isReal=*/true), flows = model.gradients ? 2 + real : 0;
  if (!checkStruct(error, "window", given, 4 + ahead + flows))
    return false;
  const uint64_t *words = static_cast<const uint64_t *>(given);
  window.state = reinterpret_cast<const char *>(words[1]);
  window.next = reinterpret_cast<char *>(words[2]);
  window.ends = reinterpret_cast<const uint8_t *>(words[3]);
  window.ahead = reinterpret_cast<const void *const *>(words + 4);
  if (gradients) {
    window.dNext = reinterpret_cast<const char *>(words[4 + ahead]);
    window.dState = reinterpret_cast<char *>(words[5 + ahead]);
    window.dAhead = reinterpret_cast<float *const *>(words + 6 + ahead);
  }
  for (int64_t s = 0; s < window.batch && window.ends; ++s)
    if (window.ends[s] > 1)
      return fail(error, Code::Value, "window: 'sample_ends' is %d at sample %lld, neither 0 nor 1", window.ends[s],
                  static_cast<long long>(s));
  if ((window.state && window.state == window.next) || (window.dNext && window.dNext == window.dState))
    return fail(error, Code::Argument, "window: a state is both read and written");
  if ((window.dNext || window.dState) && !ports.flows())
    return fail(error, Code::Argument, "window: losses that train different parameters have no gradients of states");
  for (int64_t i = 0; gradients && i < real; ++i)
    if (words[6 + ahead + i] % alignof(float))
      return fail(error, Code::Argument, "window: pointer %lld is not at a multiple of 4 bytes",
                  static_cast<long long>(6 + ahead + i));
  return checkState(model, "state", window.state, window.batch, true, error) &&
         checkState(model, "next_state", window.next, window.batch, false, error) &&
         checkState(model, "d_next_state", window.dNext, window.batch, true, error) &&
         checkState(model, "d_state", window.dState, window.batch, false, error);
}

int32_t runWindow(const WindowModel &model, const void *prepared, const void *inputs, const void *given, void *outputs,
                  void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error) {
  Call own(model.model, error);
  Window window;
  bool isDone = fit(model, own.error) && takeInputs(own, inputs, true) && takeOutputs(own, outputs);
  if (isDone && gradients && !model.gradients)
    isDone = fail(own.error, Code::Argument, "gradients: the library has none");
  if (isDone && gradients)
    isDone = takeGradients(own, *model.model.plan, WindowPorts(model).seeds(), gradients);
  if (isDone) {
    window.identity = model.identity;
    window.batch = own.batch;
    window.seed = own.seed;
    window.offsets = own.offsets;
    window.inputs = own.inputs;
    window.outputs = own.outputs;
    window.gradients = own.gradients;
    isDone = takeWindow(model, given, gradients, window, own.error);
  }
  if (isDone) {
    Pool *entered = enter(pool) ? pool : nullptr;
    isDone = computeWindow(model, window, static_cast<const char *>(prepared), entered, workspace, bytes, own.error);
    if (entered)
      leave(entered);
  }
  return codeOf(isDone, own.error);
}

} // namespace rondo::runtime
