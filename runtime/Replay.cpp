// Gradients of samples that are too long to keep all of them in memory: what is remembered is kept at the beginning of
// each window; from the last window on, each is computed once more, with all that its gradients need.
//
//   there: window 0 -> state 1 -> window 1 -> state 2 -> ..     (forward alone; losses, outputs)
//   back:  .. <- d state 1 <- (state 1, window 1) again          (gradients; those of parameters are added)
//
// A window's rows are copied from and to those of the caller, which lie sample by sample.
#include "runtime/Backward.h"
#include "runtime/Check.h"
#include "runtime/Execute.h"
#include "runtime/Window.h"
#include <cstring>

namespace rondo::runtime {

namespace {

constexpr int64_t mostSamples = 65536; // their offsets are on the stack while bytes are counted

class Replay {
public:
  Replay(const WindowModel &model, const Call &own, int64_t rows)
      : model(model), ports(model), own(own), rows(rows), offsets(own.offsets[0]) {
    for (int64_t s = 0; s < own.batch; ++s) {
      int64_t length = offsets[s + 1] - offsets[s], count = (length + rows - 1) / rows;
      windows = count > windows ? count : windows;
      longest += least(length, rows);
    }
  }

  /// Bytes of all but the windows' workspace, or places all of it.
  int64_t carve(char *memory) {
    Carver carver(memory);
    cuts = carver.take<int64_t>(own.batch + 1);
    ends = carver.take<uint8_t>(own.batch);
    int32_t ahead = ports.ahead(), real = ports.ahead(/*isReal=*/true), losses = own.plan->losses;
    in = carver.take<const void *>(ports.inputs());
    copies = carver.take<char *>(ports.inputs());
    aheadRows = carver.take<void *>(ahead);
    dAhead = carver.take<float *>(real);
    wholes = carver.take<float *>(losses);
    lossSums = carver.take<double>(losses);
    lossTicks = carver.take<int64_t>(losses);
    windowLosses = carver.take<float>(losses);
    windowTicks = carver.take<int64_t>(losses);
    out = carver.take<uint64_t>(outputWords * ports.outputs() + 2);
    gradients = carver.take<uint64_t>(3 + ports.seeds() + ports.inputs());
    for (int32_t i = 0; i < ports.inputs(); ++i) {
      char *copy = isTimed(own.input(i).clock) ? carver.bytes(longest, rowBytes(own.input(i))) : nullptr;
      char *gradient = own.input(i).element == Element::F32 && own.input(i).clock >= 0
                           ? carver.bytes(isTimed(own.input(i).clock) ? longest : own.batch, rowBytes(own.input(i)))
                           : nullptr;
      if (memory) {
        copies[i] = copy;
        setGradient(i, gradient);
      }
    }
    for (int32_t i = ports.inputs(), a = 0, r = 0; i < ports.allInputs(); ++i) {
      const PortPlan &port = ports.input(i);
      if (port.given != Given::Ahead)
        continue;
      char *copy = carver.bytes(own.batch, rowBytes(port));
      char *gradient = port.element == Element::F32 ? carver.bytes(own.batch, rowBytes(port)) : nullptr;
      if (!memory)
        continue;
      aheadRows[a++] = copy;
      if (gradient)
        dAhead[r++] = reinterpret_cast<float *>(gradient);
    }
    for (int32_t l = 0; l < losses; ++l) {
      float *whole = carver.take<float>(own.batch);
      if (memory)
        wholes[l] = whole;
    }
    for (int32_t i = 0; i < ports.outputs(); ++i) {
      char *copy = carver.bytes(isTimed(own.output(i).clock) ? longest : own.batch, rowBytes(own.output(i)));
      if (memory)
        out[outputWords * i] = reinterpret_cast<uint64_t>(copy);
    }
    for (int32_t i = 0; i < ports.seeds(); ++i) {
      char *copy = carver.bytes(longest > own.batch ? longest : own.batch, rowBytes(seed(i)));
      if (memory)
        gradients[3 + i] = reinterpret_cast<uint64_t>(copy);
    }
    int64_t bytes = aligned(ports.stateBytes(own.batch));
    states = carver.bytes(windows, bytes);
    dStates = carver.bytes(2, bytes);
    return carver.isTooLarge() ? INT64_MAX : carver.count();
  }

  /// Of the window that needs most. None has more rows than the first, but arrays lie side by side as they fit, and fewer
  /// rows may fit less well.
  bool countWorkspace(size_t *bytes) {
    size_t offsets = size_t(own.batch + 1) * sizeof(int64_t);
    cuts = static_cast<int64_t *>(__builtin_alloca(offsets));
    void *last = __builtin_alloca(offsets);
    const int64_t *list[] = {cuts};
    Window window;
    window.batch = own.batch;
    window.offsets = list;
    auto **inputs = static_cast<const void **>(__builtin_alloca(size_t(ports.inputs() + 1) * sizeof(void *)));
    for (int32_t i = 0; i < ports.inputs(); ++i)
      inputs[i] = own.inputs[i];
    window.inputs = inputs;
    *bytes = 0;
    for (int64_t w = 0; w < windows; ++w) {
      cut(w);
      if (w > 0 && std::memcmp(last, cuts, offsets) == 0)
        continue;
      std::memcpy(last, cuts, offsets);
      size_t forward = 0, backward = 0;
      if (!countWindow(model, window, false, &forward, own.error) ||
          !countWindow(model, window, true, &backward, own.error))
        return false;
      size_t most = forward > backward ? forward : backward;
      *bytes = most > *bytes ? most : *bytes;
    }
    return true;
  }

  bool run(const char *prepared, Pool *pool, char *workspace, size_t bytes) {
    this->prepared = prepared;
    this->pool = pool;
    this->workspace = workspace;
    this->bytes = bytes;
    if (!checkOutputs())
      return false;
    for (int32_t l = 0; l < own.plan->losses; ++l)
      lossSums[l] = 0, lossTicks[l] = 0;
    for (int64_t w = 0; w < windows; ++w)
      if (!there(w))
        return false;
    giveLosses();
    for (int64_t w = windows - 1; w >= 0; --w)
      if (!back(w))
        return false;
    return true;
  }

private:
  bool isTimed(int32_t clock) const { return clock >= 0 && own.clock(clock).kind == ClockPlan::Kind::Axis; }
  bool isSampled(int32_t clock) const { return clock >= 0 && own.clock(clock).kind == ClockPlan::Kind::Sample; }
  static int64_t rowBytes(const PortPlan &port) { return port.elements * bytesOf(port.element); }
  /// What flows into an output of the model's own.
  const PortPlan &seed(int32_t i) const {
    return model.gradients->inputs.begin(model.gradients)[ports.allInputs() + i];
  }

  //===--- A window's rows ---===//

  int64_t begin(int64_t s, int64_t w) const { return offsets[s] + least(w * rows, offsets[s + 1] - offsets[s]); }
  bool isLast(int64_t s, int64_t w) const {
    int64_t length = offsets[s + 1] - offsets[s], count = (length + rows - 1) / rows;
    return w == (count > 0 ? count - 1 : 0);
  }
  void cut(int64_t w) {
    cuts[0] = 0;
    for (int64_t s = 0; s < own.batch; ++s)
      cuts[s + 1] = cuts[s] + begin(s, w + 1) - begin(s, w);
  }

  void gather(const char *from, char *to, int64_t size, int64_t w) const {
    for (int64_t s = 0; s < own.batch; ++s)
      if (cuts[s + 1] > cuts[s])
        std::memcpy(to + cuts[s] * size, from + begin(s, w) * size, size_t((cuts[s + 1] - cuts[s]) * size));
  }
  void scatter(const char *from, char *to, int64_t size, int64_t w) const {
    for (int64_t s = 0; s < own.batch; ++s)
      if (cuts[s + 1] > cuts[s])
        std::memcpy(to + begin(s, w) * size, from + cuts[s] * size, size_t((cuts[s + 1] - cuts[s]) * size));
  }

  Window begin(int64_t w) {
    cut(w);
    for (int64_t s = 0; s < own.batch; ++s)
      ends[s] = isLast(s, w);
    for (int32_t i = 0; i < ports.inputs(); ++i)
      if (in[i] = own.inputs[i]; isTimed(own.input(i).clock) && own.inputs[i]) {
        gather(static_cast<const char *>(own.inputs[i]), copies[i], rowBytes(own.input(i)), w);
        in[i] = copies[i];
      }
    for (int32_t i = ports.inputs(), a = 0; i < ports.allInputs(); ++i) {
      const PortPlan &port = ports.input(i);
      if (port.given != Given::Ahead)
        continue;
      char *to = static_cast<char *>(aheadRows[a++]);
      for (int64_t s = 0; s < own.batch; ++s) {
        int64_t row = begin(s, w + 1), size = rowBytes(port);
        if (row < offsets[s + 1])
          std::memcpy(to + s * size, static_cast<const char *>(own.inputs[port.end]) + row * size, size_t(size));
        else
          std::memset(to + s * size, 0, size_t(size));
      }
    }
    list[0] = cuts;
    Window window;
    window.batch = own.batch;
    window.seed = own.seed;
    window.identity = model.identity;
    window.offsets = list;
    window.inputs = in;
    window.ends = ends;
    window.ahead = aheadRows;
    window.state = w ? states + w * aligned(ports.stateBytes(own.batch)) : nullptr;
    return window;
  }

  //===--- There ---===//

  /// Rows of outputs whose clock is none of the caller's are not known before the whole is.
  bool checkOutputs() const {
    for (int32_t i = 0; i < ports.outputs(); ++i) {
      const PortPlan &port = own.output(i);
      uint64_t *words = own.outputs + outputWords * i;
      bool isWanted = words[0] || words[2] || words[3];
      if (isWanted && port.clock >= 0 && !isTimed(port.clock) && !isSampled(port.clock))
        return fail(own.error, Code::Argument,
                    "output '%s' is on a clock of the model's own: with checkpoints only `forward` gives it",
                    own.name(port.name));
      int64_t needed = port.clock < 0 ? 1 : isTimed(port.clock) ? offsets[own.batch] : own.batch;
      if ((words[0] || words[3]) && int64_t(words[1]) < needed) {
        fail(own.error, Code::Capacity, "output '%s' has room for %lld rows and needs %lld", own.name(port.name),
             static_cast<long long>(words[1]), static_cast<long long>(needed));
        words[1] = uint64_t(needed);
        return false;
      }
    }
    return true;
  }

  bool there(int64_t w) {
    Window window = begin(w);
    auto *words =
        static_cast<uint64_t *>(__builtin_alloca(size_t(outputWords * ports.outputs() + 2) * sizeof(uint64_t)));
    for (int32_t i = 0; i < ports.outputs(); ++i) {
      bool isWanted = own.outputs[outputWords * i];
      words[outputWords * i] = isWanted ? out[outputWords * i] : 0;
      words[outputWords * i + 1] = uint64_t(isTimed(own.output(i).clock) ? longest : own.batch);
      words[outputWords * i + 2] = words[outputWords * i + 3] = 0;
    }
    words[outputWords * ports.outputs()] = reinterpret_cast<uint64_t>(windowLosses);
    words[outputWords * ports.outputs() + 1] = reinterpret_cast<uint64_t>(windowTicks);
    window.outputs = words;
    window.next = w + 1 < windows ? states + (w + 1) * aligned(ports.stateBytes(own.batch)) : nullptr;
    if (!computeWindow(model, window, prepared, pool, workspace, bytes, own.error))
      return false;
    for (int32_t l = 0; l < own.plan->losses; ++l) {
      lossSums[l] += windowTicks[l] ? double(windowLosses[l]) * double(windowTicks[l]) : w == 0 ? windowLosses[l] : 0;
      lossTicks[l] += windowTicks[l];
    }
    for (int32_t i = 0; i < ports.outputs(); ++i)
      giveOutput(i, w);
    return true;
  }

  void giveOutput(int32_t i, int64_t w) {
    const PortPlan &port = own.output(i);
    uint64_t *words = own.outputs + outputWords * i;
    const char *from = reinterpret_cast<const char *>(out[outputWords * i]);
    char *to = reinterpret_cast<char *>(words[0]);
    int64_t *begins = reinterpret_cast<int64_t *>(words[2]), *ticks = reinterpret_cast<int64_t *>(words[3]);
    int64_t size = rowBytes(port);
    if (isTimed(port.clock)) {
      if (to)
        scatter(from, to, size, w);
      words[1] = uint64_t(offsets[own.batch]);
    } else if (port.clock < 0) {
      if (to && w == 0)
        std::memcpy(to, from, size_t(size));
      words[1] = 1;
    } else if (isSampled(port.clock)) {
      for (int64_t s = 0; s < own.batch && to; ++s)
        if (ends[s])
          std::memcpy(to + s * size, from + s * size, size_t(size));
      words[1] = uint64_t(own.batch);
    }
    if (w || port.clock < 0)
      return;
    for (int64_t s = 0; s <= own.batch && begins; ++s)
      begins[s] = isTimed(port.clock) ? offsets[s] : s;
    for (int64_t s = 0; s < own.batch && ticks; ++s) {
      if (isTimed(port.clock))
        for (int64_t row = offsets[s]; row < offsets[s + 1]; ++row)
          ticks[row] = row - offsets[s];
      else
        ticks[s] = offsets[s + 1] - offsets[s] - 1;
    }
  }

  void giveLosses() {
    uint64_t *words = own.outputs + outputWords * ports.outputs();
    float *values = reinterpret_cast<float *>(words[0]);
    int64_t *counts = reinterpret_cast<int64_t *>(words[1]);
    for (int32_t l = 0; l < own.plan->losses; ++l) {
      if (values)
        values[l] = float(lossTicks[l] ? lossSums[l] / double(lossTicks[l]) : lossSums[l]);
      if (counts)
        counts[l] = lossTicks[l];
    }
  }

  //===--- Back ---===//

  void setGradient(int32_t input, char *place) {
    int32_t at = 3 + ports.seeds();
    for (int32_t i = 0; i < input; ++i)
      at += own.input(i).element == Element::F32;
    if (own.input(input).element == Element::F32)
      gradients[at] = reinterpret_cast<uint64_t>(place);
  }

  bool back(int64_t w) {
    Window window = begin(w);
    auto *words =
        static_cast<uint64_t *>(__builtin_alloca(size_t(outputWords * ports.outputs() + 2) * sizeof(uint64_t)));
    std::memset(words, 0, size_t(outputWords * ports.outputs() + 2) * sizeof(uint64_t));
    window.outputs = words;
    int32_t count = 3 + ports.seeds();
    for (int32_t i = 0; i < ports.inputs(); ++i)
      count += own.input(i).element == Element::F32;
    auto *flows = static_cast<uint64_t *>(__builtin_alloca(size_t(count) * sizeof(uint64_t)));
    std::memcpy(flows, gradients, size_t(count) * sizeof(uint64_t));
    flows[0] = uint64_t(count) * sizeof(uint64_t);
    flows[1] = w + 1 < windows ? 1 : own.gradients[1];
    flows[2] = own.gradients[2];
    for (int32_t i = 3; i < count; ++i)
      if (!own.gradients[i])
        flows[i] = 0;
    giveSeeds(w);
    for (int32_t l = 0; l < own.plan->losses; ++l) {
      std::memset(wholes[l], 0, size_t(own.batch) * sizeof(float));
      if (own.batch)
        wholes[l][0] = lossTicks[l] ? float(lossTicks[l]) : w ? -1 : 0; // what has no ticks counts once
    }
    int64_t bytes = aligned(ports.stateBytes(own.batch));
    window.gradients = flows;
    window.wholes = wholes;
    window.dAhead = dAhead;
    window.dNext = w + 1 < windows ? dStates + (w + 1) % 2 * bytes : nullptr;
    window.dState = w ? dStates + w % 2 * bytes : nullptr;
    if (!computeWindow(model, window, prepared, pool, workspace, this->bytes, own.error))
      return false;
    for (int32_t i = 0, at = 3 + ports.seeds(); i < ports.inputs(); ++i)
      if (own.input(i).element == Element::F32) {
        if (flows[at])
          takeGradient(i, reinterpret_cast<float *>(own.gradients[at]), reinterpret_cast<float *>(flows[at]), w);
        ++at;
      }
    return true;
  }

  void giveSeeds(int64_t w) {
    for (int32_t i = 0; i < ports.seeds(); ++i) {
      const char *from = reinterpret_cast<const char *>(own.gradients[3 + i]);
      char *to = reinterpret_cast<char *>(gradients[3 + i]);
      const PortPlan &port = seed(i);
      int64_t size = rowBytes(port);
      if (!from)
        continue;
      if (model.gradients->clocks.begin(model.gradients)[port.clock].kind == ClockPlan::Kind::Axis) {
        gather(from, to, size, w);
        continue;
      }
      // Of `sample`; of what has no clock, in one window.
      bool isTensor = own.output(outputOf(i)).clock < 0;
      for (int64_t s = 0; s < own.batch; ++s)
        if (isTensor ? w == 0 : bool(ends[s]))
          std::memcpy(to + s * size, from + s * size, size_t(size));
        else
          std::memset(to + s * size, 0, size_t(size));
    }
  }

  /// The output that a gradient flows into: each of reals that is none of pairs has one.
  int32_t outputOf(int32_t seed) const {
    int32_t i = 0;
    for (; i < ports.outputs(); ++i)
      if (own.output(i).element == Element::F32 && !own.isPair(own.output(i).clock) && seed-- == 0)
        break;
    return i;
  }

  void takeGradient(int32_t input, float *to, const float *from, int64_t w) {
    const PortPlan &port = own.input(input);
    if (!isTimed(port.clock)) { // the same rows in all windows
      int64_t size = own.batch * port.elements;
      if (w + 1 == windows)
        std::memcpy(to, from, size_t(size) * sizeof(float));
      else
        for (int64_t i = 0; i < size; ++i)
          to[i] += from[i];
      return;
    }
    scatter(reinterpret_cast<const char *>(from), reinterpret_cast<char *>(to), rowBytes(port), w);
    // The row behind the window has its own already.
    for (int32_t i = ports.inputs(), r = 0; i < ports.allInputs(); ++i) {
      if (ports.input(i).given != Given::Ahead || ports.input(i).element != Element::F32)
        continue;
      const float *row = dAhead[r++];
      for (int64_t s = 0; s < own.batch && ports.input(i).end == input; ++s)
        for (int64_t e = 0, at = begin(s, w + 1); e < port.elements && at < offsets[s + 1]; ++e)
          to[at * port.elements + e] += row[s * port.elements + e];
    }
  }

  const WindowModel &model;
  WindowPorts ports;
  const Call &own;                        // what the caller gave
  int64_t rows, windows = 1, longest = 0; // longest: rows of the first window
  const int64_t *offsets;                 // of the caller's one axis
  const int64_t *list[1] = {};

  int64_t *cuts = nullptr; // offsets of a window
  uint8_t *ends = nullptr;
  const void **in = nullptr;
  void **aheadRows = nullptr;
  char **copies = nullptr; // by input: a window's rows
  float **dAhead = nullptr, **wholes = nullptr;
  double *lossSums = nullptr;
  int64_t *lossTicks = nullptr, *windowTicks = nullptr;
  float *windowLosses = nullptr;
  uint64_t *out = nullptr, *gradients = nullptr; // words, with pointers to a window's rows
  char *states = nullptr, *dStates = nullptr;

  const char *prepared = nullptr;
  Pool *pool = nullptr;
  char *workspace = nullptr;
  size_t bytes = 0;
};

/// The least multiple of 16 that is not below the square root.
int64_t rootOf(int64_t length) {
  int64_t rows = 64;
  while (rows * rows < length)
    rows += 16;
  return rows;
}

/// How many rows a window has; 0: the batch is computed as a whole. `whole`: bytes of the workspace for that.
int64_t rowsFor(const Call &own, int64_t rows, size_t whole) {
  int64_t longest = 0;
  for (int64_t s = 0; s < own.batch; ++s)
    if (int64_t length = own.offsets[0][s + 1] - own.offsets[0][s]; length > longest)
      longest = length;
  if (rows < 0)
    rows = whole > size_t(mostWhole) ? rootOf(longest) : 0;
  return rows < longest && own.batch <= mostSamples ? rows : 0;
}

} // namespace

int32_t replayWorkspaceBytes(const WindowModel &model, const Plan *backward, int64_t rows, const void *inputs,
                             size_t *bytes, Error *error) {
  Model whole = {backward, model.model.kernels, model.model.lines};
  size_t wholeBytes = 0;
  if (int32_t wrong = backwardWorkspaceBytes(whole, model.model.plan, inputs, &wholeBytes, error))
    return wrong;
  Call own(model.model, error);
  bool isDone = takeInputs(own, inputs, false) && checkPointer(own.error, "bytes", "", bytes, alignof(size_t));
  if (isDone && !(rows = rowsFor(own, rows, wholeBytes))) {
    *bytes = wholeBytes;
  } else if (isDone) {
    Replay replay(model, own, rows);
    size_t windows = 0;
    isDone = replay.countWorkspace(&windows);
    if (isDone && __builtin_add_overflow(size_t(replay.carve(nullptr)), windows, bytes))
      isDone = fail(own.error, Code::TooLarge, "the batch needs more bytes than can be counted");
  }
  return codeOf(isDone, own.error);
}

int32_t replay(const WindowModel &model, const Plan *backward, int64_t rows, const void *prepared, const void *inputs,
               void *outputs, void *gradients, void *workspace, size_t bytes, Pool *pool, Error *error) {
  Model whole = {backward, model.model.kernels, model.model.lines};
  size_t needed = 0;
  if (int32_t wrong = backwardWorkspaceBytes(whole, model.model.plan, inputs, &needed, error))
    return wrong;
  Call own(model.model, error);
  if (!takeInputs(own, inputs, true))
    return codeOf(false, own.error);
  rows = rowsFor(own, rows, needed);
  if (!rows)
    return runtime::backward(whole, model.model.plan, prepared, inputs, outputs, gradients, workspace, bytes, pool,
                             error);
  bool isDone = takeOutputs(own, outputs) &&
                takeGradients(own, *model.model.plan, WindowPorts(model).seeds(), gradients) &&
                checkPointer(own.error, "workspace", "", workspace, 64);
  if (isDone) {
    Replay replay(model, own, rows);
    int64_t kept = replay.carve(nullptr);
    size_t windows = 0;
    isDone = replay.countWorkspace(&windows);
    if (isDone && (bytes < windows || bytes - windows < size_t(kept)))
      isDone = fail(own.error, Code::Workspace, "the workspace has %lld bytes; this batch needs %lld or more",
                    static_cast<long long>(bytes), static_cast<long long>(kept + int64_t(windows)));
    if (isDone) {
      Pool *entered = enter(pool) ? pool : nullptr;
      replay.carve(static_cast<char *>(workspace));
      isDone = replay.run(static_cast<const char *>(prepared), entered, static_cast<char *>(workspace) + kept, windows);
      if (entered)
        leave(entered);
    }
  }
  return codeOf(isDone, own.error);
}

} // namespace rondo::runtime
