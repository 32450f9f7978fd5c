// Steps of optimisers: from gradients to parameters, on flat buffers that the caller owns.
//
// What an optimiser remembers is a number of slots, each as long as the parameters, in one buffer of floats that starts
// as zeros: slot k of parameter i is state[k * stride + i]. Any range of parameters can be stepped by itself (freezing
// leaves the others out), and gives the same bits as it does among all. Nothing here depends on threads or on time.
#ifndef RONDO_RUNTIME_OPTIMISE_H
#define RONDO_RUNTIME_OPTIMISE_H

#include <cstdint>

namespace rondo::runtime {

/// With gradient g, parameter p, rate r and t the number of the step, from 1:
///   Sgd      g += decay p;  v = momentum v + g;  p -= r v, with Nesterov r (g + momentum v)
///   RmsProp  g += decay p;  s = alpha s + (1 - alpha) g^2;  u = g / (sqrt(s) + epsilon);
///            p -= r u, with momentum v = momentum v + u; p -= r v
///   Adam     g += decay p;  m = beta1 m + (1 - beta1) g;  s = beta2 s + (1 - beta2) g^2;
///            p -= r (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)
///   AdamW    p -= r decay p;  then as Adam without decay
struct Optimiser {
  enum class Kind : int32_t { Sgd, RmsProp, Adam, AdamW };
  Kind kind = Kind::Adam;
  int32_t nesterov = 0; // Sgd, with momentum
  double momentum = 0;  // Sgd, RmsProp
  double alpha = 0.99;  // RmsProp
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 0; // of weights
};

/// Slots of the state.
int64_t optimiserSlots(const Optimiser &optimiser);

/// Step number `step` of `count` parameters. `state`: that of the first of them; null where there are no slots.
void optimise(const Optimiser &optimiser, int64_t step, double rate, float *parameters, const float *gradients,
              float *state, int64_t stride, int64_t count);

/// The learning rate of a step, from 1. A schedule begins behind the warm-up, in which the rate rises in equal steps to
/// `rate`.
///   Constant  rate
///   Step      rate factor^k after k times `every` steps
///   Cosine    from `rate` along half a cosine to rate * factor at step `total`, and that from then on
struct RateSchedule {
  enum class Kind : int32_t { Constant, Step, Cosine };
  Kind kind = Kind::Constant;
  double rate = 1e-3;
  int64_t warmup = 0; // steps
  int64_t every = 1;  // Step
  double factor = 0;  // Step, Cosine
  int64_t total = 1;  // Cosine: steps, those of the warm-up too
};
double rateAt(const RateSchedule &schedule, int64_t step);

/// The sum of all squares, in double and in an order that only `count` decides. NaN and infinities stay what they are.
double sumOfSquares(const float *values, int64_t count);
/// Multiplies.
void scaleAll(float *values, int64_t count, float factor);
/// What lies outside of [-limit, limit] becomes the limit; NaN stays NaN.
void clipValues(float *values, int64_t count, float limit);
/// What gradients of this norm are multiplied with so that it is at most `limit`.
inline double clipFactor(double norm, double limit) { return norm > limit ? limit / norm : 1; }

} // namespace rondo::runtime
#endif
