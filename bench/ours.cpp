// A participant (see Participant.h): the library that `rondo build` made of one of models/*.rondo. All of these models
// have one input x on the axis `step` and one output y, so their C interface is this one.

#include "Participant.h"

#include <dlfcn.h>

using bench::Case;
using bench::Runner;

namespace {

extern "C" {
struct Error {
  int32_t code;
  char message[252];
};
struct Inputs {
  size_t size;
  int64_t batch;
  uint64_t seed;
  const int64_t *step; // [batch + 1]: where each sample's rows begin
  const float *x;      // [batch * steps, inputs]
};
struct Outputs {
  size_t size;
  float *y; // [batch * steps, width]
  int64_t rows;
  int64_t *offsets, *ticks;
  float *losses;
  int64_t *lossTicks;
};
struct Gradients {
  size_t size;
  uint64_t accumulate;
  float *parameters;
  const float *dy; // [batch * steps, width]
  float *dx;       // [batch * steps, inputs]
};
struct Pool;
}

class Library {
public:
  explicit Library(const std::string &path) : handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (!handle)
      throw std::runtime_error(dlerror());
  }
  Library(const Library &) = delete;
  ~Library() { dlclose(handle); }

  template <typename Result, typename... Arguments> Result call(const char *name, Arguments... arguments) const {
    return get<Result(Arguments...)>(name)(arguments...);
  }
  template <typename Function> Function *get(const char *name) const {
    void *symbol = dlsym(handle, (std::string("net_") + name).c_str());
    if (!symbol)
      throw std::runtime_error(std::string("the library has no net_") + name);
    return reinterpret_cast<Function *>(symbol);
  }

private:
  void *handle;
};

// Where a pass needs none.
bench::Buffer nothing() { return bench::makeBuffer(0); }

// [first, second, width] to [second, first, width]
void exchange(const float *from, float *to, size_t first, size_t second, size_t width) {
  for (size_t i = 0; i < first; ++i)
    for (size_t k = 0; k < second; ++k)
      std::copy_n(from + (i * second + k) * width, width, to + (k * first + i) * width);
}

// Like whoever trains, it has the parameters, too, as long as it runs.
struct Net {
  explicit Net(const Case &task)
      : library(task.text("library")), steps(size_t(task.number("steps"))), batch(size_t(task.number("batch"))),
        width(size_t(task.number("width"))), inputWidth(size_t(task.number("inputs"))),
        numbers(library.call<size_t>("parameter_bytes") / sizeof(float)), parameters(bench::makeBuffer(numbers)),
        x(bySample(task, "x")), y(bench::makeBuffer(batch * steps * width)),
        prepared(bench::makeBuffer(bytesToFloats(library.call<size_t>("prepared_bytes")))) {
    if (std::vector<float> given = task.read("params"); given.size() == numbers)
      std::copy(given.begin(), given.end(), parameters.get());
    else
      throw std::runtime_error("the library has other parameters");
    check(library.call<int32_t, const float *, void *, Error *>("prepare", parameters.get(), prepared.get(), &error));

    for (size_t i = 0; i <= batch; ++i)
      offsets.push_back(int64_t(i * steps));
    inputs = {sizeof inputs, int64_t(batch), 0, offsets.data(), x.get()};
    if (task.trains())
      prepareGradients(task);
    check(library.call<int32_t, const Inputs *, size_t *, Error *>(
        task.trains() ? "backward_workspace_bytes" : "workspace_bytes", &inputs, &workspaceBytes, &error));
    workspace = bench::reserve(bytesToFloats(workspaceBytes)); // for any number of threads: one needs less
    pool = library.call<Pool *, int32_t>("pool_create", int32_t(std::atoi(std::getenv("OMP_NUM_THREADS"))));
    if (task.trains())
      backward = library.get<BackwardCall>("backward");
    else
      forward = library.get<ForwardCall>("forward");
  }
  ~Net() { library.call<void, Pool *>("pool_destroy", pool); }

  void run() {
    Outputs outputs = {sizeof outputs, y.get(), int64_t(batch * steps), nullptr, nullptr, nullptr, nullptr};
    if (backward)
      check(backward(prepared.get(), &inputs, &outputs, &gradients, workspace.get(), workspaceBytes, pool, &error));
    else
      check(forward(prepared.get(), &inputs, &outputs, workspace.get(), workspaceBytes, pool, &error));
  }

  std::vector<float> values() const {
    std::vector<float> all(steps * batch * width);
    exchange(y.get(), all.data(), batch, steps, width);
    if (backward) {
      all.resize(all.size() + steps * batch * inputWidth + numbers);
      float *end = all.data() + all.size() - numbers;
      exchange(dx.get(), end - steps * batch * inputWidth, batch, steps, inputWidth);
      std::copy_n(dp.get(), numbers, end);
    }
    return all;
  }

private:
  using ForwardCall = int32_t(const void *, const Inputs *, Outputs *, void *, size_t, Pool *, Error *);
  using BackwardCall = int32_t(const void *, const Inputs *, Outputs *, Gradients *, void *, size_t, Pool *, Error *);

  // The case's rows step by step, here sample by sample.
  bench::Buffer bySample(const Case &task, const std::string &array) const {
    std::vector<float> given = task.read(array);
    bench::Buffer rows = bench::makeBuffer(given.size());
    exchange(given.data(), rows.get(), steps, batch, given.size() / (steps * batch));
    return rows;
  }

  void prepareGradients(const Case &task) {
    dy = bySample(task, "dy");
    dx = bench::makeBuffer(steps * batch * inputWidth);
    dp = bench::makeBuffer(numbers);
    gradients = {sizeof gradients, 0, dp.get(), dy.get(), dx.get()};
  }

  static size_t bytesToFloats(size_t bytes) { return (bytes + sizeof(float) - 1) / sizeof(float); }
  void check(int32_t code) const {
    if (code != 0)
      throw std::runtime_error(error.message);
  }

  Library library;
  size_t steps, batch, width, inputWidth, numbers;
  bench::Buffer parameters, x, y, prepared, workspace = nothing(), dy = nothing(), dx = nothing(), dp = nothing();
  std::vector<int64_t> offsets;
  Inputs inputs = {};
  Gradients gradients = {};
  size_t workspaceBytes = 0;
  Pool *pool = nullptr;
  Error error = {};
  ForwardCall *forward = nullptr;
  BackwardCall *backward = nullptr;
};

Runner prepare(const Case &task) {
  auto net = std::make_shared<Net>(task);
  return {"", [net] { net->run(); }, [net] { return net->values(); }};
}

} // namespace

int main() { return bench::serve("Rondo", prepare); }
