// Optimisers: from gradients to parameters, on flat buffers that the caller owns.
//
// What an optimiser remembers is a number of slots, each as long as the parameters, in one buffer of floats that starts
// as zeros: slot k of parameter i is state[k * stride + i]. Any range of parameters can be stepped by itself (freezing
// leaves the others out), and gives the same bits as it does among all. Nothing here depends on threads or on time, and
// vector code gives the bits of plain code.
#ifndef RONDO_RUNTIME_OPTIMISE_H
#define RONDO_RUNTIME_OPTIMISE_H

#include "runtime/Parameters.h"
#include "runtime/Pool.h"

namespace rondo::runtime {

/// How to step; also the caller's struct. With gradient g, parameter p, rate r and t the number of the step, from 1:
///   Sgd      g += decay p;  v = momentum v + g;  p -= r v, with Nesterov r (g + momentum v)
///   RmsProp  g += decay p;  s = alpha s + (1 - alpha) g^2;  u = g / (sqrt(s) + epsilon);
///            p -= r u, with momentum v = momentum v + u; p -= r v
///   Adam     g += decay p;  m = beta1 m + (1 - beta1) g;  s = beta2 s + (1 - beta2) g^2;
///            p -= r (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)
///   AdamW    p -= r decay p;  then as Adam without decay
/// Ahead of that g is clipped: each element to [-clipValue, clipValue], then all of it to the norm clipNorm.
///
/// A schedule begins behind the warm-up, in which the rate rises in equal steps to `rate`.
///   Constant  rate
///   Step      rate factor^k after k times `every` steps
///   Cosine    from `rate` along half a cosine to rate * factor at step `total`, and that from then on
struct Optimiser {
  enum class Kind : int64_t { Sgd, RmsProp, Adam, AdamW };
  enum class Schedule : int64_t { Constant, Step, Cosine };
  uint64_t size = sizeof(Optimiser);
  Kind kind = Kind::Adam;
  int64_t nesterov = 0; // Sgd, with momentum
  double momentum = 0;  // Sgd, RmsProp
  double alpha = 0.99;  // RmsProp
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 0; // of weights
  Schedule schedule = Schedule::Constant;
  double rate = 1e-3;
  int64_t warmup = 0;                 // steps
  int64_t every = 1;                  // Step
  double factor = 0;                  // Step, Cosine
  int64_t total = 1;                  // Cosine: steps, those of the warm-up too
  double clipValue = 0, clipNorm = 0; // 0: not
};

/// One step; also the caller's struct.
struct Update {
  uint64_t size = sizeof(Update);
  int64_t step = 1;                 // its number
  const uint8_t *trained = nullptr; // by parameter: 1, or 0 where it stays what it is; null: all are trained
  const float *gradients = nullptr;
  float *parameters = nullptr;
  double norm = 0; // out: of the gradients of what is trained, before they are clipped
  double rate = 0; // out: of learning
};

/// Slots of the state.
int64_t optimiserSlots(const Optimiser &optimiser);
/// Whether the numbers of an optimiser can be.
bool checkOptimiser(const Optimiser *optimiser, Error *error);

/// Whether the struct and the number of a step can be.
bool checkUpdate(const Update *step, Error *error);

/// A step of all that is trained. `state`: slots of `stride` floats, as the parameters lie. Where a gradient is no
/// finite number, that is said and nothing has moved; where a parameter is none behind the step, that is said.
bool update(const ParameterTable &parameters, const Lines *lines, const Optimiser &optimiser, Update &step,
            float *state, int64_t stride, Pool *pool, Error *error);

/// Marks the parameters at or under a path: `trained` has a byte for each. False if there is none.
bool markGroup(const ParameterTable &parameters, const char *group, bool isTrained, uint8_t *trained);

//===--- Parts -------------------------------------------------------------------------------------------------===//

/// What gradients are clipped by.
struct Clip {
  float limit = __builtin_inff(); // first
  float factor = 1;               // then
};

/// Step number `step` of `count` parameters. `state`: that of the first of them; null where there are no slots.
void optimise(const Optimiser &optimiser, const Lines *lines, int64_t step, double rate, const Clip &clip,
              float *parameters, const float *gradients, float *state, int64_t stride, int64_t count);

/// The learning rate of a step, from 1.
double rateAt(const Optimiser &optimiser, int64_t step);

/// The sum of all squares of what is clipped to a limit, in double and in an order that only `count` decides. NaN stays
/// NaN, and infinities infinite where there is no limit.
double sumOfSquares(const float *values, int64_t count, float limit = __builtin_inff());

} // namespace rondo::runtime
#endif
