// Optimisers against their formulas in double, written down a second time, and against what must hold of them.
#include "runtime/Optimise.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace rondo::runtime;

namespace {

using Kind = Optimiser::Kind;
using Floats = std::vector<float>;

Floats numbers(size_t count, unsigned seed, double scale = 1) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal(0, scale);
  Floats all(count);
  for (float &x : all)
    x = float(normal(engine));
  return all;
}

/// One parameter in double, as papers and PyTorch's documents have it.
struct Reference {
  Optimiser how;
  double p, v = 0, m = 0, s = 0;

  void step(int64_t t, double rate, double g) {
    if (how.kind == Kind::AdamW)
      p *= 1 - rate * how.decay;
    else
      g += how.decay * p;
    switch (how.kind) {
    case Kind::Sgd:
      v = how.momentum * v + g;
      p -= rate * (how.nesterov ? g + how.momentum * v : v);
      break;
    case Kind::RmsProp:
      s = how.alpha * s + (1 - how.alpha) * g * g;
      v = how.momentum * v + g / (std::sqrt(s) + how.epsilon);
      p -= rate * v;
      break;
    default:
      m = how.beta1 * m + (1 - how.beta1) * g;
      s = how.beta2 * s + (1 - how.beta2) * g * g;
      p -= rate * (m / (1 - std::pow(how.beta1, double(t)))) /
           (std::sqrt(s / (1 - std::pow(how.beta2, double(t)))) + how.epsilon);
    }
  }
};

std::vector<Optimiser> allKinds() {
  std::vector<Optimiser> all;
  for (double decay : {0.0, 0.1}) {
    auto add = [&](Kind kind, double momentum, bool nesterov) {
      Optimiser how;
      how.kind = kind;
      how.momentum = momentum;
      how.nesterov = nesterov;
      how.decay = decay;
      all.push_back(how);
    };
    add(Kind::Sgd, 0, false);
    add(Kind::Sgd, 0.9, false);
    add(Kind::Sgd, 0.9, true);
    add(Kind::RmsProp, 0, false);
    add(Kind::RmsProp, 0.5, false);
    add(Kind::Adam, 0, false);
    add(Kind::AdamW, 0, false);
  }
  return all;
}

// 30 steps in single precision stay within 2e-5 of the numbers in double: some roundings of 6e-8 a step, of numbers
// up to about 5.
TEST(Optimise, FollowsTheFormulas) {
  constexpr size_t count = 37; // no multiple of a vector
  for (const Optimiser &how : allKinds()) {
    Floats p = numbers(count, 1), state(optimiserSlots(how) * count);
    std::vector<Reference> expected;
    for (float x : p)
      expected.push_back({how, x});
    for (int64_t t = 1; t <= 30; ++t) {
      Floats g = numbers(count, unsigned(100 + t));
      double rate = 0.02 / double(t);
      optimise(how, t, rate, p.data(), g.data(), state.data(), count, count);
      for (size_t i = 0; i < count; ++i)
        expected[i].step(t, rate, g[i]);
    }
    for (size_t i = 0; i < count; ++i)
      EXPECT_NEAR(p[i], expected[i].p, 2e-5) << "kind " << int(how.kind) << " decay " << how.decay << " at " << i;
  }
}

TEST(Optimise, GivesTheSameBitsInParts) {
  constexpr int64_t count = 53, cut = 19;
  for (const Optimiser &how : allKinds()) {
    Floats whole = numbers(count, 3), parts = whole;
    Floats stateOfWhole(optimiserSlots(how) * count), stateOfParts = stateOfWhole;
    for (int64_t t = 1; t <= 5; ++t) {
      Floats g = numbers(count, unsigned(t));
      optimise(how, t, 0.1, whole.data(), g.data(), stateOfWhole.data(), count, count);
      optimise(how, t, 0.1, parts.data(), g.data(), stateOfParts.data(), count, cut);
      float *rest = stateOfParts.empty() ? nullptr : stateOfParts.data() + cut;
      optimise(how, t, 0.1, parts.data() + cut, g.data() + cut, rest, count, count - cut);
    }
    EXPECT_EQ(0, std::memcmp(whole.data(), parts.data(), count * sizeof(float)));
    EXPECT_EQ(stateOfWhole, stateOfParts);
  }
}

TEST(Optimise, LeavesParametersBeyondTheRangeAlone) {
  for (const Optimiser &how : allKinds()) {
    Floats p(8, 1), g(8, 1), state(optimiserSlots(how) * 8);
    optimise(how, 1, 0.1, p.data(), g.data(), state.data(), 8, 5);
    for (int i = 5; i < 8; ++i)
      EXPECT_EQ(p[i], 1);
    for (int64_t slot = 0; slot < optimiserSlots(how); ++slot)
      for (int i = 5; i < 8; ++i)
        EXPECT_EQ(state[slot * 8 + i], 0);
  }
}

// Whatever the gradient's size, the first step of Adam is the rate long: bias correction undoes the two means.
TEST(Optimise, CorrectsTheBiasOfTheFirstStep) {
  for (float size : {1e-3f, 1.0f, 1e4f}) {
    Optimiser how;
    float p = 0, g = -size, state[2] = {};
    optimise(how, 1, 0.01, &p, &g, state, 1, 1);
    EXPECT_NEAR(p, 0.01, 0.01 * 2e-5); // epsilon over the smallest gradient, and rounding
  }
}

TEST(Optimise, NesterovTakesALongerFirstStepAndTheSameMomentum) {
  Optimiser plain, nesterov;
  plain.kind = nesterov.kind = Kind::Sgd;
  plain.momentum = nesterov.momentum = 0.5;
  nesterov.nesterov = 1;
  float p = 0, q = 0, g = 1, v = 0, w = 0;
  optimise(plain, 1, 0.25, &p, &g, &v, 1, 1);
  optimise(nesterov, 1, 0.25, &q, &g, &w, 1, 1);
  EXPECT_EQ(p, -0.25f);
  EXPECT_EQ(q, -0.375f); // rate * (g + momentum * v)
  EXPECT_EQ(v, w);
}

TEST(Optimise, DecaysWithoutAGradient) {
  float g = 0;
  for (Kind kind : {Kind::Sgd, Kind::AdamW}) {
    Optimiser how;
    how.kind = kind;
    how.decay = 0.5;
    float p = 8, state[2] = {};
    for (int64_t t = 1; t <= 3; ++t)
      optimise(how, t, 0.5, &p, &g, state, 1, 1);
    EXPECT_NEAR(p, 8 * 0.75 * 0.75 * 0.75, 1e-6) << int(kind);
  }
  Optimiser none;
  float p = 8, state[2] = {};
  optimise(none, 1, 0.5, &p, &g, state, 1, 1);
  EXPECT_EQ(p, 8);
}

TEST(Optimise, FindsTheMinimumOfAQuadratic) {
  // f = sum of c (p - 1)^2 / 2, with curvatures from 0.1 to 2.
  for (const Optimiser &how : allKinds()) {
    if (how.decay != 0)
      continue;
    constexpr int64_t count = 20;
    Floats p(count, 0), g(count), state(optimiserSlots(how) * count);
    double rate = how.kind == Kind::Sgd ? 0.1 : 0.01;
    for (int64_t t = 1; t <= 2000; ++t) {
      for (int64_t i = 0; i < count; ++i)
        g[i] = float(0.1 * double(i + 1)) * (p[i] - 1);
      optimise(how, t, rate, p.data(), g.data(), state.data(), count, count);
    }
    for (float x : p)
      EXPECT_NEAR(x, 1, 0.02) << int(how.kind) << " " << how.momentum; // RMSProp goes on by about a rate
  }
}

//===--- Clipping ----------------------------------------------------------------------------------------------===//

TEST(Optimise, SumsSquaresInDouble) {
  for (size_t count : {0, 1, 15, 16, 17, 1000}) {
    Floats x = numbers(count, 5, 1e3);
    long double exact = 0;
    for (float value : x)
      exact += (long double)value * value;
    EXPECT_NEAR(sumOfSquares(x.data(), int64_t(count)), double(exact), double(exact) * 1e-14);
  }
  Floats large(100, 1e30f); // their squares are no floats
  EXPECT_NEAR(sumOfSquares(large.data(), 100) / 1e62, 1, 1e-6);
  large[70] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(sumOfSquares(large.data(), 100)));
}

TEST(Optimise, ClipsNorms) {
  EXPECT_EQ(clipFactor(0.5, 1), 1);
  EXPECT_EQ(clipFactor(1, 1), 1);
  EXPECT_EQ(clipFactor(4, 1), 0.25);
  Floats x = {3, 4};
  scaleAll(x.data(), 2, float(clipFactor(std::sqrt(sumOfSquares(x.data(), 2)), 1)));
  EXPECT_NEAR(std::sqrt(sumOfSquares(x.data(), 2)), 1, 1e-7);
  EXPECT_NEAR(x[0] / x[1], 0.75, 1e-7); // the direction stays
}

TEST(Optimise, ClipsValues) {
  float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  Floats x = {-2, -1, -0.5f, 0, 0.5f, 1, 2, inf, -inf, nan};
  clipValues(x.data(), int64_t(x.size()), 1);
  Floats expected = {-1, -1, -0.5f, 0, 0.5f, 1, 1, 1, -1};
  EXPECT_EQ(Floats(x.begin(), x.end() - 1), expected);
  EXPECT_TRUE(std::isnan(x.back()));
}

//===--- Schedules ---------------------------------------------------------------------------------------------===//

TEST(Optimise, ChangesTheRate) {
  RateSchedule constant;
  constant.rate = 0.5;
  EXPECT_EQ(rateAt(constant, 1), 0.5);
  EXPECT_EQ(rateAt(constant, 1000000), 0.5);
  constant.warmup = 4;
  EXPECT_EQ(rateAt(constant, 1), 0.125);
  EXPECT_EQ(rateAt(constant, 4), 0.5);
  EXPECT_EQ(rateAt(constant, 5), 0.5);

  RateSchedule steps;
  steps.kind = RateSchedule::Kind::Step;
  steps.rate = 1;
  steps.every = 10;
  steps.factor = 0.5;
  EXPECT_EQ(rateAt(steps, 10), 1);
  EXPECT_EQ(rateAt(steps, 11), 0.5);
  EXPECT_EQ(rateAt(steps, 31), 0.125);
  steps.warmup = 5;
  EXPECT_EQ(rateAt(steps, 15), 1);
  EXPECT_EQ(rateAt(steps, 16), 0.5);

  RateSchedule cosine;
  cosine.kind = RateSchedule::Kind::Cosine;
  cosine.rate = 2;
  cosine.factor = 0.1;
  cosine.total = 101;
  EXPECT_NEAR(rateAt(cosine, 1), 2, 1e-12);
  EXPECT_NEAR(rateAt(cosine, 51), 1.1, 1e-12); // half way
  EXPECT_NEAR(rateAt(cosine, 101), 0.2, 1e-12);
  EXPECT_NEAR(rateAt(cosine, 500), 0.2, 1e-12);
  cosine.warmup = 50;
  EXPECT_NEAR(rateAt(cosine, 51), 2, 1e-12);
  EXPECT_NEAR(rateAt(cosine, 76), 1.1, 1e-12);
  for (int64_t step = 52; step <= 101; ++step)
    EXPECT_LT(rateAt(cosine, step), rateAt(cosine, step - 1));
  cosine.total = 10; // ends inside of the warm-up: nothing is divided by 0
  EXPECT_NEAR(rateAt(cosine, 51), 0.2, 1e-12);
}

} // namespace
