#include "runtime/Optimise.h"
#include "runtime/Check.h"
#include "runtime/Lines.h"
#include "runtime/Message.h"
#include <cmath>
#include <cstring>

namespace rondo::runtime {

int64_t optimiserSlots(const Optimiser &optimiser) {
  switch (optimiser.kind) {
  case Optimiser::Kind::Sgd: return optimiser.momentum != 0;
  case Optimiser::Kind::RmsProp: return optimiser.momentum != 0 ? 2 : 1;
  default: return 2;
  }
}

//===--- Elements ----------------------------------------------------------------------------------------------===//

// Loops without calls and branches, so that they become vector code. What is the same for all elements is computed
// ahead, in double. The vector code of runtime/generators does the same operations in the same order.

static float clipped(float g, const Clip &clip) {
  g = g > clip.limit ? clip.limit : g;
  g = g < -clip.limit ? -clip.limit : g;
  return clip.factor * g;
}

static void plainSteps(const Clip &clip, float rate, float decay, float *__restrict p,
                       const float *__restrict gradients, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    p[i] -= rate * (clipped(gradients[i], clip) + decay * p[i]);
}

static void momentumSteps(const MomentumNumbers &n, float *__restrict p, const float *__restrict gradients,
                          float *__restrict v, int64_t count) {
  const Clip clip{n.limit, n.factor};
  for (int64_t i = 0; i < count; ++i) {
    float g = clipped(gradients[i], clip) + n.decay * p[i];
    v[i] = n.momentum * v[i] + g;
    p[i] -= n.rate * (n.ofGradient * g + n.ofMomentum * v[i]);
  }
}

static void rmsSteps(const RmsNumbers &n, float *__restrict p, const float *__restrict gradients, float *__restrict s,
                     int64_t count) {
  const Clip clip{n.limit, n.factor};
  for (int64_t i = 0; i < count; ++i) {
    float g = clipped(gradients[i], clip) + n.decay * p[i];
    s[i] = n.alpha * s[i] + n.rest * (g * g);
    p[i] -= n.rate * (g / (__builtin_elementwise_sqrt(s[i]) + n.epsilon));
  }
}

static void rmsMomentumSteps(const RmsNumbers &n, float momentum, float *__restrict p,
                             const float *__restrict gradients, float *__restrict s, float *__restrict v,
                             int64_t count) {
  const Clip clip{n.limit, n.factor};
  for (int64_t i = 0; i < count; ++i) {
    float g = clipped(gradients[i], clip) + n.decay * p[i];
    s[i] = n.alpha * s[i] + n.rest * (g * g);
    v[i] = momentum * v[i] + g / (__builtin_elementwise_sqrt(s[i]) + n.epsilon);
    p[i] -= n.rate * v[i];
  }
}

static void adamSteps(const AdamNumbers &n, float *__restrict p, const float *__restrict gradients, float *__restrict m,
                      float *__restrict s, int64_t count) {
  const Clip clip{n.limit, n.factor};
  for (int64_t i = 0; i < count; ++i) {
    float g = clipped(gradients[i], clip) + n.decay * p[i];
    m[i] = n.beta1 * m[i] + n.rest1 * g;
    s[i] = n.beta2 * s[i] + n.rest2 * (g * g);
    p[i] = n.keep * p[i] - n.ofMean * m[i] / (__builtin_elementwise_sqrt(n.ofSquares * s[i]) + n.epsilon);
  }
}

/// Vector code takes whole vectors, plain code does what is left.
static int64_t wholeVectors(int64_t count) { return count / lineLanes * lineLanes; }

void optimise(const Optimiser &how, const Lines *lines, int64_t step, double rate, const Clip &clip, float *p,
              const float *g, float *state, int64_t stride, int64_t count) {
  float *second = state + (optimiserSlots(how) == 2 ? stride : 0);
  const int64_t vectors = lines ? wholeVectors(count) : 0;
  const float decay = float(how.decay);
  switch (how.kind) {
  case Optimiser::Kind::Sgd: {
    if (how.momentum == 0)
      return plainSteps(clip, float(rate), decay, p, g, count);
    // What the plain step takes of g and v; Nesterov looks one step ahead.
    MomentumNumbers n = {clip.limit,
                         clip.factor,
                         decay,
                         float(how.momentum),
                         float(rate),
                         how.nesterov ? 1.0f : 0.0f,
                         how.nesterov ? float(how.momentum) : 1.0f};
    int64_t done = momentumLines(lines, n, p, g, state, vectors);
    return momentumSteps(n, p + done, g + done, state + done, count - done);
  }
  case Optimiser::Kind::RmsProp: {
    RmsNumbers n = {clip.limit,           clip.factor,        decay,      float(how.alpha),
                    float(1 - how.alpha), float(how.epsilon), float(rate)};
    if (how.momentum != 0)
      return rmsMomentumSteps(n, float(how.momentum), p, g, state, second, count);
    int64_t done = rmsLines(lines, n, p, g, state, vectors);
    return rmsSteps(n, p + done, g + done, state + done, count - done);
  }
  default: break;
  }
  const bool isDecoupled = how.kind == Optimiser::Kind::AdamW;
  AdamNumbers n;
  n.limit = clip.limit;
  n.factor = clip.factor;
  n.decay = isDecoupled ? 0 : decay;
  n.keep = float(1 - (isDecoupled ? rate * how.decay : 0));
  n.beta1 = float(how.beta1);
  n.rest1 = float(1 - how.beta1);
  n.beta2 = float(how.beta2);
  n.rest2 = float(1 - how.beta2);
  n.epsilon = float(how.epsilon);
  n.ofMean = float(rate / (1 - std::pow(how.beta1, double(step))));
  n.ofSquares = float(1 / (1 - std::pow(how.beta2, double(step))));
  int64_t done = adamLines(lines, n, p, g, state, second, vectors);
  adamSteps(n, p + done, g + done, state + done, second + done, count - done);
}

//===--- What is the same for all elements ---------------------------------------------------------------------===//

double rateAt(const Optimiser &how, int64_t step) {
  if (step <= how.warmup)
    return how.rate * double(step) / double(how.warmup);
  int64_t done = step - how.warmup - 1; // steps of the schedule itself
  switch (how.schedule) {
  case Optimiser::Schedule::Constant: return how.rate;
  case Optimiser::Schedule::Step: {
    int64_t times = done / how.every;
    return how.rate * std::pow(how.factor, double(times));
  }
  case Optimiser::Schedule::Cosine: break;
  }
  int64_t last = how.total - how.warmup - 1;
  bool isOnly = done == 0 && last == 0; // a single step has the whole rate
  double place = done < last ? double(done) / double(last) : isOnly ? 0 : 1;
  double half = 0.5 * (1 + std::cos(3.14159265358979323846 * place));
  return how.rate * (how.factor + (1 - how.factor) * half);
}

double sumOfSquares(const float *values, int64_t count, float limit) {
  // As many sums as fit two vectors of the widest machine: the order is the same on all.
  constexpr int64_t lanes = 16;
  const Clip clip{limit, 1};
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (int64_t lane = 0; lane < lanes; ++lane) {
      double x = clipped(values[i + lane], clip);
      sums[lane] += x * x;
    }
  for (int64_t lane = 0; i < count; ++i, ++lane) {
    double x = clipped(values[i], clip);
    sums[lane] += x * x;
  }
  for (int64_t width = lanes / 2; width > 0; width /= 2)
    for (int64_t lane = 0; lane < width; ++lane)
      sums[lane] += sums[lane + width];
  return sums[0];
}

//===--- A step of all -----------------------------------------------------------------------------------------===//

bool checkOptimiser(const Optimiser *how, Error *error) {
  if (!checkStruct(error, "optimiser", how, sizeof(Optimiser) / 8))
    return false;
  auto wrong = [&](const char *name, double value, const char *wanted) {
    return fail(error, Code::Argument, "optimiser: %s is %g; it must be %s", name, value, wanted);
  };
  if (how->kind < Optimiser::Kind::Sgd || how->kind > Optimiser::Kind::AdamW)
    return wrong("kind", double(how->kind), "0 to 3");
  if (how->schedule < Optimiser::Schedule::Constant || how->schedule > Optimiser::Schedule::Cosine)
    return wrong("schedule", double(how->schedule), "0 to 2");
  if (how->nesterov < 0 || how->nesterov > 1 || (how->nesterov && how->momentum == 0))
    return wrong("nesterov", double(how->nesterov), "0, or 1 with a momentum");
  struct {
    const char *name;
    double value;
  } shares[] = {{"momentum", how->momentum}, {"alpha", how->alpha}, {"beta1", how->beta1}, {"beta2", how->beta2}},
    sizes[] = {{"epsilon", how->epsilon}, {"decay", how->decay},          {"rate", how->rate},
               {"factor", how->factor},   {"clip_value", how->clipValue}, {"clip_norm", how->clipNorm}};
  for (auto &share : shares)
    if (!(share.value >= 0 && share.value < 1))
      return wrong(share.name, share.value, "at least 0 and less than 1");
  for (auto &size : sizes)
    if (!(size.value >= 0) || std::isinf(size.value))
      return wrong(size.name, size.value, "finite and not negative");
  if (how->epsilon == 0 && how->kind != Optimiser::Kind::Sgd)
    return wrong("epsilon", how->epsilon, "over 0: gradients that are 0 are divided by it");
  if (how->warmup < 0)
    return wrong("warmup", double(how->warmup), "0 or more");
  if (how->schedule == Optimiser::Schedule::Step && how->every < 1)
    return wrong("every", double(how->every), "1 or more");
  if (how->schedule == Optimiser::Schedule::Cosine && how->total < 1)
    return wrong("total", double(how->total), "1 or more");
  return true;
}

bool checkUpdate(const Update *step, Error *error) {
  if (!checkStruct(error, "update", step, sizeof(Update) / 8))
    return false;
  return step->step > 0 ||
         fail(error, Code::Argument, "update: step is %lld; steps are counted from 1", (long long)step->step);
}

static bool isTrained(const ParameterTable &table, const Update &step, int64_t i) {
  return table.plans[i].element == Element::F32 && (!step.trained || step.trained[i]);
}

static int64_t floatsAhead(const ParameterPlan &plan) { return plan.offset / int64_t(sizeof(float)); }

static bool areFinite(const float *values, int64_t count) {
  uint32_t isBad = 0; // of whole numbers: the loop becomes vector code
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    isBad |= (bits & 0x7f800000) == 0x7f800000;
  }
  return !isBad;
}

/// Says which number is none. False.
static bool failOf(const ParameterTable &table, const ParameterPlan &plan, const float *values, const char *what,
                   Error *error) {
  for (int64_t i = 0; i < plan.elements; ++i)
    if (!std::isfinite(values[i]))
      return fail(error, Code::Value, "%sparameter '%s' is %s", what, table.text + plan.name,
                  std::isnan(values[i]) ? "NaN" : "an infinity");
  return true;
}

namespace {

/// Threads take turns with pieces of parameters.
struct Pieces {
  static constexpr int64_t size = 16384; // of floats: some nanoseconds each, and with their state in a near cache
  const ParameterTable &table;
  const Lines *lines;
  const Optimiser &how;
  const Update &step;
  Clip clip;
  float *state;
  int64_t stride;
  int32_t threads = 1;
  std::atomic<bool> isBad{false}; // some parameter is no number any more

  void runThread(int32_t thread) {
    int64_t number = 0;
    for (int64_t i = 0; i < table.count; ++i) {
      if (!isTrained(table, step, i))
        continue;
      const ParameterPlan &plan = table.plans[i];
      for (int64_t begin = 0; begin < plan.elements; begin += size, ++number)
        if (number % threads == thread)
          runPiece(floatsAhead(plan) + begin, plan.elements - begin < size ? plan.elements - begin : size);
    }
  }

private:
  void runPiece(int64_t at, int64_t count) {
    optimise(how, lines, step.step, step.rate, clip, step.parameters + at, step.gradients + at,
             state ? state + at : nullptr, stride, count);
    if (!areFinite(step.parameters + at, count))
      isBad.store(true, std::memory_order_relaxed);
  }
};

} // namespace

bool update(const ParameterTable &table, const Lines *lines, const Optimiser &how, Update &step, float *state,
            int64_t stride, Pool *pool, Error *error) {
  double squares = 0, clippedSquares = 0;
  int64_t pieces = 0;
  const bool clipsBoth = how.clipValue > 0 && how.clipNorm > 0;
  for (int64_t i = 0; i < table.count; ++i) {
    if (!isTrained(table, step, i))
      continue;
    const ParameterPlan &plan = table.plans[i];
    const float *from = step.gradients + floatsAhead(plan);
    double own = sumOfSquares(from, plan.elements);
    if (!std::isfinite(own)) // squares of floats are no infinities in double, nor are sums of them
      return failOf(table, plan, from, "the gradient of ", error);
    squares += own;
    if (clipsBoth)
      clippedSquares += sumOfSquares(from, plan.elements, float(how.clipValue));
    pieces += (plan.elements + Pieces::size - 1) / Pieces::size;
  }
  step.norm = std::sqrt(squares);
  step.rate = rateAt(how, step.step);
  Clip clip;
  if (how.clipValue > 0)
    clip.limit = float(how.clipValue);
  double norm = clipsBoth ? std::sqrt(clippedSquares) : step.norm;
  if (how.clipNorm > 0 && norm > how.clipNorm)
    clip.factor = float(how.clipNorm / norm);

  Pieces work{table, lines, how, step, clip, state, stride};
  Pool *own = pieces > 1 && enter(pool) ? pool : nullptr;
  int64_t most = threadsOf(own);
  work.threads = int32_t(pieces < most ? pieces : most);
  if (work.threads > 1)
    run(
        own, work.threads, [](void *context, int32_t thread) { static_cast<Pieces *>(context)->runThread(thread); },
        &work);
  else
    work.runThread(0);
  if (own)
    leave(own);
  for (int64_t i = 0; work.isBad && i < table.count; ++i)
    if (isTrained(table, step, i) &&
        !failOf(table, table.plans[i], step.parameters + floatsAhead(table.plans[i]), "", error))
      return false;
  return true;
}

bool markGroup(const ParameterTable &table, const char *group, bool isTrained, uint8_t *trained) {
  size_t length = std::strlen(group);
  bool isThere = false;
  for (int64_t i = 0; i < table.count; ++i) {
    const char *path = table.text + table.plans[i].name;
    if (std::strlen(path) < length || std::memcmp(path, group, length) || (path[length] && path[length] != '.'))
      continue;
    trained[i] = isTrained;
    isThere = true;
  }
  return isThere;
}

} // namespace rondo::runtime
