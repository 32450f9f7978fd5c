// Calls that go on with samples: what a window of their time computes, and what is remembered from window to window.
#ifndef RONDO_RUNTIME_WINDOW_H
#define RONDO_RUNTIME_WINDOW_H

#include "runtime/Call.h"

namespace rondo::runtime {

/// What is remembered of a batch, in the caller's memory. There are no addresses in it:
///
///   Head | of each sample: ticks of its time so far | of each Carried input of the plan: a row a sample
struct StateHead {
  uint64_t magic, identity;
  int64_t batch, bytes;
};

/// Inputs and outputs that the plans of windows have more than those of the model itself.
class WindowPorts {
public:
  explicit WindowPorts(const WindowModel &model) : model(model) {}

  int32_t inputs() const { return int32_t(model.model.plan->inputs.count); } // the model's own
  int32_t outputs() const { return int32_t(model.model.plan->outputs.count); }
  int32_t allInputs() const { return int32_t(model.window->inputs.count); }
  int32_t carried() const { return int32_t(model.window->outputs.count) - outputs(); }
  const PortPlan &input(int32_t i) const { return model.window->inputs.begin(model.window)[i]; }
  /// Inputs of which a row behind the window is looked at, and such as are real.
  int32_t ahead(bool isReal = false) const;
  /// Of the plan of gradients: what flows into the model's own outputs; whether it flows into what is remembered too.
  int32_t seeds() const;
  bool flows() const;

  int64_t stateBytes(int64_t batch) const { return carve(batch, INT32_MAX); }
  /// Where the rows of a Carried input begin in a state.
  int64_t rowsAt(int64_t batch, int32_t input) const { return carve(batch, input); }

private:
  int64_t carve(int64_t batch, int32_t upTo) const;
  int32_t realCarried() const;
  const WindowModel &model;
};

/// One window, by its parts. Null where something is not there or not wanted.
struct Window {
  int64_t batch = 0;
  uint64_t seed = 0, identity = 0;
  const int64_t *const *offsets = nullptr; // by axis
  const void *const *inputs = nullptr;     // the model's own
  const uint8_t *ends = nullptr;           // [batch]
  const void *const *ahead = nullptr;      // by Ahead input: [batch] rows
  const float *const *wholes = nullptr;    // by loss: [batch]
  const char *state = nullptr, *dNext = nullptr;
  char *next = nullptr, *dState = nullptr;
  uint64_t *outputs = nullptr;    // words as Call has them
  uint64_t *gradients = nullptr;  // words of the caller's struct; null: none are computed
  float *const *dAhead = nullptr; // by Ahead input of reals: [batch] rows
};

bool countWindow(const WindowModel &model, const Window &window, bool gradients, size_t *bytes, Error *error);
bool computeWindow(const WindowModel &model, const Window &window, const char *prepared, Pool *pool, void *workspace,
                   size_t bytes, Error *error);

} // namespace rondo::runtime
#endif
