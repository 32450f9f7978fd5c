// Optimisers against their formulas in double, written down a second time, and against what must hold of them.
#include "runtime/Optimise.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>
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
      optimise(how, nullptr, t, rate, Clip(), p.data(), g.data(), state.data(), count, count);
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
      optimise(how, nullptr, t, 0.1, Clip(), whole.data(), g.data(), stateOfWhole.data(), count, count);
      optimise(how, nullptr, t, 0.1, Clip(), parts.data(), g.data(), stateOfParts.data(), count, cut);
      float *rest = stateOfParts.empty() ? nullptr : stateOfParts.data() + cut;
      optimise(how, nullptr, t, 0.1, Clip(), parts.data() + cut, g.data() + cut, rest, count, count - cut);
    }
    EXPECT_EQ(0, std::memcmp(whole.data(), parts.data(), count * sizeof(float)));
    EXPECT_EQ(stateOfWhole, stateOfParts);
  }
}

TEST(Optimise, LeavesParametersBeyondTheRangeAlone) {
  for (const Optimiser &how : allKinds()) {
    Floats p(8, 1), g(8, 1), state(optimiserSlots(how) * 8);
    optimise(how, nullptr, 1, 0.1, Clip(), p.data(), g.data(), state.data(), 8, 5);
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
    optimise(how, nullptr, 1, 0.01, Clip(), &p, &g, state, 1, 1);
    EXPECT_NEAR(p, 0.01, 0.01 * 2e-5); // epsilon over the smallest gradient, and rounding
  }
}

TEST(Optimise, NesterovTakesALongerFirstStepAndTheSameMomentum) {
  Optimiser plain, nesterov;
  plain.kind = nesterov.kind = Kind::Sgd;
  plain.momentum = nesterov.momentum = 0.5;
  nesterov.nesterov = 1;
  float p = 0, q = 0, g = 1, v = 0, w = 0;
  optimise(plain, nullptr, 1, 0.25, Clip(), &p, &g, &v, 1, 1);
  optimise(nesterov, nullptr, 1, 0.25, Clip(), &q, &g, &w, 1, 1);
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
      optimise(how, nullptr, t, 0.5, Clip(), &p, &g, state, 1, 1);
    EXPECT_NEAR(p, 8 * 0.75 * 0.75 * 0.75, 1e-6) << int(kind);
  }
  Optimiser none;
  float p = 8, state[2] = {};
  optimise(none, nullptr, 1, 0.5, Clip(), &p, &g, state, 1, 1);
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
      optimise(how, nullptr, t, rate, Clip(), p.data(), g.data(), state.data(), count, count);
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

// With plain steps of rate 1 from 0, the parameters are what is left of the gradients, with the other sign.
Floats clippedBy(const Clip &clip, const Floats &gradients) {
  Optimiser how;
  how.kind = Kind::Sgd;
  Floats p(gradients.size(), 0);
  optimise(how, nullptr, 1, 1, clip, p.data(), gradients.data(), nullptr, 0, int64_t(p.size()));
  for (float &x : p)
    x = -x;
  return p;
}

TEST(Optimise, ClipsValues) {
  float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  Clip clip;
  clip.limit = 1;
  Floats x = clippedBy(clip, {-2, -1, -0.5f, 0, 0.5f, 1, 2, inf, -inf, nan});
  Floats expected = {-1, -1, -0.5f, 0, 0.5f, 1, 1, 1, -1};
  EXPECT_EQ(Floats(x.begin(), x.end() - 1), expected);
  EXPECT_TRUE(std::isnan(x.back()));
  clip.factor = 0.5f; // behind the limit
  EXPECT_EQ(clippedBy(clip, {-4, 0.5f}), (Floats{-0.5f, 0.25f}));
  EXPECT_EQ(sumOfSquares(expected.data(), 9, 0.5f), 8 * 0.25);
}

//===--- Schedules ---------------------------------------------------------------------------------------------===//

TEST(Optimise, ChangesTheRate) {
  Optimiser constant;
  constant.rate = 0.5;
  EXPECT_EQ(rateAt(constant, 1), 0.5);
  EXPECT_EQ(rateAt(constant, 1000000), 0.5);
  constant.warmup = 4;
  EXPECT_EQ(rateAt(constant, 1), 0.125);
  EXPECT_EQ(rateAt(constant, 4), 0.5);
  EXPECT_EQ(rateAt(constant, 5), 0.5);

  Optimiser steps;
  steps.schedule = Optimiser::Schedule::Step;
  steps.rate = 1;
  steps.every = 10;
  steps.factor = 0.5;
  EXPECT_EQ(rateAt(steps, 10), 1);
  EXPECT_EQ(rateAt(steps, 11), 0.5);
  EXPECT_EQ(rateAt(steps, 31), 0.125);
  steps.warmup = 5;
  EXPECT_EQ(rateAt(steps, 15), 1);
  EXPECT_EQ(rateAt(steps, 16), 0.5);

  Optimiser cosine;
  cosine.schedule = Optimiser::Schedule::Cosine;
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

//===--- A step of all -----------------------------------------------------------------------------------------===//

/// Parameters "a.W" [40000], "ab" [3] and "a.b" [16], each behind a gap, and one of whole numbers.
struct Model {
  std::vector<ParameterPlan> plans;
  std::string text;
  int64_t floats = 0;
  Floats p, g, state;
  std::vector<uint8_t> trained;

  explicit Model(const Optimiser &how) {
    add("a.W", 40000);
    add("a.b", 16);
    add("ab", 3);
    add("n", 4, Element::I64);
    p = numbers(size_t(floats), 1);
    g = numbers(size_t(floats), 2);
    state.resize(size_t(optimiserSlots(how) * floats));
    trained.assign(plans.size(), 1);
  }
  void add(const char *path, int64_t elements, Element element = Element::F32) {
    ParameterPlan &plan = plans.emplace_back();
    plan.offset = (floats + 5) * 4;
    plan.elements = elements;
    plan.name = int32_t(text.size());
    plan.element = element;
    text += path + std::string(1, '\0');
    floats += 5 + elements * (element == Element::I64 ? 2 : 1);
  }
  ParameterTable table() const { return {plans.data(), int64_t(plans.size()), nullptr, text.c_str()}; }
  float *of(Floats &values, int i) const { return values.data() + plans[i].offset / 4; }

  std::string step(const Optimiser &how, Update &update, Pool *pool = nullptr) {
    update.trained = trained.data();
    update.gradients = g.data();
    update.parameters = p.data();
    Error error;
    bool isDone = rondo::runtime::update(table(), nullptr, how, update, state.data(), floats, pool, &error);
    EXPECT_EQ(isDone, error.code == 0);
    return error.message;
  }
};

TEST(Optimise, MovesParametersAndNothingElse) {
  for (const Optimiser &how : allKinds()) {
    Model model(how);
    Floats before = model.p;
    Update update;
    EXPECT_EQ(model.step(how, update), "");
    int64_t moved = 0, movedOfReals = 0;
    for (size_t i = 0; i < before.size(); ++i)
      moved += model.p[i] != before[i];
    double squares = 0;
    for (int i = 0; i < 3; ++i)
      for (int64_t k = 0; k < model.plans[i].elements; ++k) {
        squares += double(model.of(model.g, i)[k]) * model.of(model.g, i)[k];
        movedOfReals += model.of(model.p, i)[k] != model.of(before, i)[k];
      }
    EXPECT_EQ(moved, movedOfReals);
    EXPECT_GT(moved, 40000) << "but where a step is less than rounding";
    EXPECT_NEAR(update.norm, std::sqrt(squares), 1e-9 * update.norm);
    EXPECT_EQ(update.rate, how.rate);
  }
}

TEST(Optimise, MovesGroupsThatAreTrained) {
  Optimiser how;
  Model model(how);
  std::vector<uint8_t> marks(4, 7);
  EXPECT_TRUE(markGroup(model.table(), "a", true, marks.data()));
  EXPECT_EQ(marks, (std::vector<uint8_t>{1, 1, 7, 7}));
  EXPECT_TRUE(markGroup(model.table(), "a.b", false, marks.data()));
  EXPECT_EQ(marks, (std::vector<uint8_t>{1, 0, 7, 7}));
  EXPECT_FALSE(markGroup(model.table(), "b", true, marks.data()));
  EXPECT_FALSE(markGroup(model.table(), "a.", true, marks.data()));

  model.trained = {0, 1, 0, 0};
  model.of(model.g, 0)[3] = NAN; // nobody looks
  Floats before = model.p;
  Update update;
  EXPECT_EQ(model.step(how, update), "");
  for (size_t i = 0; i < before.size(); ++i) {
    bool isTrained = &model.p[i] >= model.of(model.p, 1) && &model.p[i] < model.of(model.p, 1) + 16;
    EXPECT_EQ(model.p[i] != before[i], isTrained) << i;
  }
  EXPECT_NEAR(update.norm, std::sqrt(sumOfSquares(model.of(model.g, 1), 16)), 1e-12);
}

TEST(Optimise, GivesTheSameBitsForAnyNumberOfThreads) {
  Optimiser how;
  how.clipNorm = 1;
  Model one(how), two(how);
  Pool *pool = createPool(2);
  for (int64_t step = 1; step < 4; ++step) {
    Update update;
    update.step = step;
    EXPECT_EQ(one.step(how, update), "");
    EXPECT_EQ(two.step(how, update, pool), "");
  }
  destroyPool(pool);
  EXPECT_EQ(one.p, two.p);
  EXPECT_EQ(one.state, two.state);
}

TEST(Optimise, ClipsTheNormOfAllThatIsTrained) {
  Optimiser how;
  how.kind = Kind::Sgd;
  how.rate = 1;
  how.clipNorm = 0.5;
  for (double limit : {0.0, 0.01}) {
    how.clipValue = limit;
    Model model(how);
    Floats before = model.p;
    model.trained = {1, 1, 0, 0};
    Update update;
    EXPECT_EQ(model.step(how, update), "");
    double squares = 0;
    for (size_t i = 0; i < before.size(); ++i)
      squares += (double(model.p[i]) - before[i]) * (double(model.p[i]) - before[i]);
    EXPECT_NEAR(std::sqrt(squares), 0.5, 1e-4) << limit;
    EXPECT_GT(update.norm, 100) << "of what is given";
  }
}

TEST(Optimise, StopsAtWhatIsNoNumber) {
  for (Kind kind : {Kind::Sgd, Kind::Adam}) {
    Optimiser how;
    how.kind = kind;
    how.clipNorm = how.clipValue = 1;
    Model model(how);
    Floats before = model.p;
    Update update;
    model.of(model.g, 1)[15] = -INFINITY;
    EXPECT_EQ(model.step(how, update), "the gradient of parameter 'a.b' is an infinity");
    model.of(model.g, 0)[39999] = NAN;
    EXPECT_EQ(model.step(how, update), "the gradient of parameter 'a.W' is NaN");
    EXPECT_EQ(model.p, before);
    EXPECT_EQ(model.state, Floats(model.state.size()));
  }
  Optimiser large;
  large.kind = Kind::Sgd;
  large.rate = 1e38;
  Model model(large);
  model.of(model.g, 0)[39999] = 100;
  Update update;
  EXPECT_EQ(model.step(large, update), "parameter 'a.W' is an infinity");
}

TEST(Optimise, RefusesNumbersThatCannotBe) {
  auto refusal = [](auto change) {
    Optimiser how;
    change(how);
    Error error;
    EXPECT_EQ(checkOptimiser(&how, &error), error.code == 0);
    return std::string(error.message);
  };
  EXPECT_EQ(refusal([](Optimiser &) {}), "");
  EXPECT_EQ(refusal([](Optimiser &how) { how.size = 8; }), "optimiser: size is 8, but the struct has 136 bytes");
  EXPECT_EQ(refusal([](Optimiser &how) { how.kind = Kind(4); }), "optimiser: kind is 4; it must be 0 to 3");
  EXPECT_EQ(refusal([](Optimiser &how) { how.nesterov = 1; }),
            "optimiser: nesterov is 1; it must be 0, or 1 with a momentum");
  EXPECT_EQ(refusal([](Optimiser &how) { how.beta2 = 1; }),
            "optimiser: beta2 is 1; it must be at least 0 and less than 1");
  EXPECT_EQ(refusal([](Optimiser &how) { how.rate = NAN; }),
            "optimiser: rate is nan; it must be finite and not negative");
  EXPECT_EQ(refusal([](Optimiser &how) { how.clipNorm = -1; }),
            "optimiser: clip_norm is -1; it must be finite and not negative");
  EXPECT_EQ(refusal([](Optimiser &how) { how.warmup = -1; }), "optimiser: warmup is -1; it must be 0 or more");
  EXPECT_EQ(refusal([](Optimiser &how) { how.schedule = Optimiser::Schedule::Step, how.every = 0; }),
            "optimiser: every is 0; it must be 1 or more");
  EXPECT_EQ(refusal([](Optimiser &how) { how.schedule = Optimiser::Schedule::Cosine, how.total = 0; }),
            "optimiser: total is 0; it must be 1 or more");
  Update none;
  none.step = 0;
  Error error;
  EXPECT_FALSE(checkUpdate(&none, &error));
  EXPECT_STREQ(error.message, "update: step is 0; steps are counted from 1");
}

} // namespace
