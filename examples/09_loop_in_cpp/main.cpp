// A training loop of one's own: made-up waves, forward and backward in one call, a step of an optimiser.
//
//   loop FILE.safetensors [FROM.safetensors]
//
// Writes what it has learned into a file. With a second file it begins with what that holds, and trains the readout
// alone: the recurrent layer stays what it is.
#include "forecast.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

rondo_error error;
void check(int32_t code) {
  if (!code)
    return;
  std::fprintf(stderr, "loop: %s\n", error.message);
  std::exit(1);
}

/// The library wants memory at addresses that are multiples of FORECAST_ALIGNMENT.
struct Release {
  void operator()(void *memory) const { std::free(memory); }
};
template <typename T> using Memory = std::unique_ptr<T, Release>;
template <typename T> Memory<T> allocate(size_t bytes) {
  void *memory = nullptr;
  if (posix_memalign(&memory, FORECAST_ALIGNMENT, bytes ? bytes : 1))
    std::exit(1);
  std::memset(memory, 0, bytes);
  return Memory<T>(static_cast<T *>(memory));
}

/// Waves of different length and rhythm, one behind the other.
struct Waves {
  std::vector<float> x;
  std::vector<int64_t> begins = {0};

  explicit Waves(std::mt19937 &random) {
    for (int wave = 0; wave < 8; ++wave) {
      int64_t length = 20 + int64_t(random() % 20);
      double step = 0.3 + 0.05 * double(random() % 8), phase = 0.1 * double(random() % 63);
      for (int64_t t = 0; t < length; ++t)
        x.push_back(float(std::sin(phase + step * double(t))));
      begins.push_back(int64_t(x.size()));
    }
  }
};

class Loop {
public:
  explicit Loop(const char *from) {
    how.kind = FORECAST_ADAMW;
    how.decay = 1e-4;
    how.schedule = FORECAST_COSINE;
    how.rate = 0.02;
    how.warmup = 20;
    how.total = steps;
    how.clip_norm = 1;
    if (from) {
      check(forecast_load(parameters.get(), from, &error));
      // All but what is at or under "h".
      std::memset(trained, 1, sizeof trained);
      check(forecast_group("h", 0, trained, &error));
    } else {
      check(forecast_init(parameters.get(), 1, &error));
      std::memset(trained, 1, sizeof trained);
    }
    check(forecast_optimiser_bytes(&how, &stateBytes, &error));
    state = allocate<void>(stateBytes);
  }

  void run() {
    std::mt19937 random(7);
    for (int64_t number = 1; number <= steps; ++number) {
      double norm = 0;
      float loss = step(number, Waves(random), norm);
      if (number == 1 || number % 100 == 0)
        std::printf("step %3lld  loss %.5f  norm of the gradient %.3f\n", static_cast<long long>(number), double(loss),
                    norm);
    }
  }

  void save(const char *file) { check(forecast_save(parameters.get(), file, &error)); }

private:
  static constexpr int64_t steps = 400;

  float step(int64_t number, const Waves &waves, double &norm) {
    check(forecast_prepare(parameters.get(), prepared.get(), &error));
    forecast_inputs in = {};
    in.size = sizeof in;
    in.batch = int64_t(waves.begins.size()) - 1;
    in.step_offsets = waves.begins.data();
    in.x = waves.x.data();
    float loss = 0;
    forecast_outputs out = {};
    out.size = sizeof out;
    out.losses = &loss;
    forecast_gradients wanted = {};
    wanted.size = sizeof wanted;
    wanted.parameters = gradients.get();
    size_t bytes = 0;
    check(forecast_backward_workspace_bytes(&in, &bytes, &error));
    if (bytes > workspaceBytes)
      workspace = allocate<void>(workspaceBytes = bytes);
    check(forecast_backward(prepared.get(), &in, &out, &wanted, workspace.get(), bytes, nullptr, &error));

    forecast_update update = {};
    update.size = sizeof update;
    update.step = number;
    update.trained = trained;
    update.gradients = gradients.get();
    update.parameters = parameters.get();
    check(forecast_optimise(prepared.get(), &how, &update, state.get(), stateBytes, nullptr, &error));
    norm = update.norm;
    return loss;
  }

  forecast_optimiser how = FORECAST_OPTIMISER_DEFAULTS;
  uint8_t trained[FORECAST_PARAMETERS];
  Memory<float> parameters = allocate<float>(FORECAST_PARAMETER_BYTES);
  Memory<float> gradients = allocate<float>(FORECAST_PARAMETER_BYTES);
  Memory<void> prepared = allocate<void>(FORECAST_PREPARED_BYTES);
  Memory<void> state, workspace;
  size_t stateBytes = 0, workspaceBytes = 0;
};

} // namespace

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: loop FILE.safetensors [FROM.safetensors]\n");
    return 2;
  }
  Loop loop(argc > 2 ? argv[2] : nullptr);
  loop.run();
  loop.save(argv[1]);
}
