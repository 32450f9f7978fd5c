#include "runtime/Optimise.h"
#include <cmath>

namespace rondo::runtime {

int64_t optimiserSlots(const Optimiser &optimiser) {
  switch (optimiser.kind) {
  case Optimiser::Kind::Sgd: return optimiser.momentum != 0;
  case Optimiser::Kind::RmsProp: return optimiser.momentum != 0 ? 2 : 1;
  default: return 2;
  }
}

// Loops without calls and branches, so that they become vector code. What is the same for all elements is computed
// ahead, in double.

static void plainSteps(float rate, float decay, float *__restrict p, const float *__restrict gradients, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    p[i] -= rate * (gradients[i] + decay * p[i]);
}

static void momentumSteps(float rate, float decay, float momentum, bool nesterov, float *__restrict p,
                          const float *__restrict gradients, float *__restrict v, int64_t count) {
  // What the plain step takes of g and v; Nesterov looks one step ahead.
  const float ofGradient = nesterov ? 1 : 0, ofMomentum = nesterov ? momentum : 1;
  for (int64_t i = 0; i < count; ++i) {
    float g = gradients[i] + decay * p[i];
    v[i] = momentum * v[i] + g;
    p[i] -= rate * (ofGradient * g + ofMomentum * v[i]);
  }
}

static void rmsSteps(const Optimiser &how, float rate, float *__restrict p, const float *__restrict gradients,
                     float *__restrict s, int64_t count) {
  const float decay = float(how.decay), alpha = float(how.alpha), rest = float(1 - how.alpha);
  const float epsilon = float(how.epsilon);
  for (int64_t i = 0; i < count; ++i) {
    float g = gradients[i] + decay * p[i];
    s[i] = alpha * s[i] + rest * (g * g);
    p[i] -= rate * (g / (__builtin_elementwise_sqrt(s[i]) + epsilon));
  }
}

static void rmsMomentumSteps(const Optimiser &how, float rate, float *__restrict p, const float *__restrict gradients,
                             float *__restrict s, float *__restrict v, int64_t count) {
  const float decay = float(how.decay), alpha = float(how.alpha), rest = float(1 - how.alpha);
  const float epsilon = float(how.epsilon), momentum = float(how.momentum);
  for (int64_t i = 0; i < count; ++i) {
    float g = gradients[i] + decay * p[i];
    s[i] = alpha * s[i] + rest * (g * g);
    v[i] = momentum * v[i] + g / (__builtin_elementwise_sqrt(s[i]) + epsilon);
    p[i] -= rate * v[i];
  }
}

static void adamSteps(const Optimiser &how, int64_t step, double rate, float *__restrict p,
                      const float *__restrict gradients, float *__restrict m, float *__restrict s, int64_t count) {
  const bool isDecoupled = how.kind == Optimiser::Kind::AdamW;
  const float decay = float(isDecoupled ? 0 : how.decay), keep = float(1 - (isDecoupled ? rate * how.decay : 0));
  const float beta1 = float(how.beta1), rest1 = float(1 - how.beta1);
  const float beta2 = float(how.beta2), rest2 = float(1 - how.beta2);
  const float epsilon = float(how.epsilon);
  const float ofMean = float(rate / (1 - std::pow(how.beta1, double(step))));
  const float ofSquares = float(1 / (1 - std::pow(how.beta2, double(step))));
  for (int64_t i = 0; i < count; ++i) {
    float g = gradients[i] + decay * p[i];
    m[i] = beta1 * m[i] + rest1 * g;
    s[i] = beta2 * s[i] + rest2 * (g * g);
    p[i] = keep * p[i] - ofMean * m[i] / (__builtin_elementwise_sqrt(ofSquares * s[i]) + epsilon);
  }
}

void optimise(const Optimiser &optimiser, int64_t step, double rate, float *parameters, const float *gradients,
              float *state, int64_t stride, int64_t count) {
  float *second = state + (optimiserSlots(optimiser) == 2 ? stride : 0);
  switch (optimiser.kind) {
  case Optimiser::Kind::Sgd:
    if (optimiser.momentum == 0)
      return plainSteps(float(rate), float(optimiser.decay), parameters, gradients, count);
    return momentumSteps(float(rate), float(optimiser.decay), float(optimiser.momentum), optimiser.nesterov != 0,
                         parameters, gradients, state, count);
  case Optimiser::Kind::RmsProp:
    if (optimiser.momentum == 0)
      return rmsSteps(optimiser, float(rate), parameters, gradients, state, count);
    return rmsMomentumSteps(optimiser, float(rate), parameters, gradients, state, second, count);
  default: return adamSteps(optimiser, step, rate, parameters, gradients, state, second, count);
  }
}

double rateAt(const RateSchedule &schedule, int64_t step) {
  if (step <= schedule.warmup)
    return schedule.rate * double(step) / double(schedule.warmup);
  int64_t done = step - schedule.warmup - 1; // steps of the schedule itself
  switch (schedule.kind) {
  case RateSchedule::Kind::Constant: return schedule.rate;
  case RateSchedule::Kind::Step: {
    int64_t times = done / schedule.every;
    return schedule.rate * std::pow(schedule.factor, double(times));
  }
  case RateSchedule::Kind::Cosine: break;
  }
  int64_t last = schedule.total - schedule.warmup - 1;
  double place = done >= last ? 1 : double(done) / double(last);
  double half = 0.5 * (1 + std::cos(3.14159265358979323846 * place));
  return schedule.rate * (schedule.factor + (1 - schedule.factor) * half);
}

double sumOfSquares(const float *values, int64_t count) {
  // As many sums as fit two vectors of the widest machine: the order is the same on all.
  constexpr int64_t lanes = 16;
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (int64_t lane = 0; lane < lanes; ++lane)
      sums[lane] += double(values[i + lane]) * double(values[i + lane]);
  for (int64_t lane = 0; i < count; ++i, ++lane)
    sums[lane] += double(values[i]) * double(values[i]);
  for (int64_t width = lanes / 2; width > 0; width /= 2)
    for (int64_t lane = 0; lane < width; ++lane)
      sums[lane] += sums[lane + width];
  return sums[0];
}

void scaleAll(float *values, int64_t count, float factor) {
  for (int64_t i = 0; i < count; ++i)
    values[i] *= factor;
}

void clipValues(float *values, int64_t count, float limit) {
  for (int64_t i = 0; i < count; ++i) {
    float x = values[i];
    x = x > limit ? limit : x;
    values[i] = x < -limit ? -limit : x;
  }
}

} // namespace rondo::runtime
