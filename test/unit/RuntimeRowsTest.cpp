// Operations inside of rows, and over the rows of a tick, against plain definitions.
#include "RuntimeTesting.h"
#include "compiler/Reference/Ctc.h"
#include "compiler/Reference/Random.h"
#include "runtime/Exp.h"
#include "runtime/Random.h"
#include <cmath>

namespace rondo::runtime {
namespace {

constexpr float infinity = INFINITY;

int64_t productOf(std::vector<int64_t> numbers) {
  int64_t product = 1;
  for (int64_t number : numbers)
    product *= number;
  return product;
}

/// One operation at each of some ticks.
class RowCase {
public:
  explicit RowCase(int64_t rows) : rows(rows), clock(plan.axis("t")) {
    batch.samples = 1;
    batch.offsets = {{0, rows}};
  }

  template <typename T> RowCase &input(Element element, const std::vector<T> &values) {
    EXPECT_EQ(values.size() % rows, 0u);
    int64_t elements = values.size() / rows;
    views.push_back(PlanBuilder::same(plan.input("x", clock, elements, element, 1000000)));
    batch.input(values);
    return *this;
  }
  RowCase &input(const std::vector<float> &values) { return input(Element::F32, values); }

  template <typename T>
  std::vector<T> run(OpCode code, std::vector<int64_t> numbers, Element element, int64_t elements) {
    views.push_back(PlanBuilder::same(plan.output("y", clock, elements, element)));
    plan.top(code, clock, views, numbers);
    TestResult result = plan.run(batch, 2);
    EXPECT_EQ(result.message, "");
    return result.outputs[0].as<T>();
  }
  std::vector<float> run(OpCode code, std::vector<int64_t> numbers, int64_t elements) {
    return run<float>(code, numbers, Element::F32, elements);
  }

  PlanBuilder plan;
  TestBatch batch;
  int64_t rows;
  int32_t clock;
  std::vector<View> views;
};

void expectNear(const std::vector<float> &values, const std::vector<double> &expected, double tolerance = 1e-6) {
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(expected[i]) || std::isinf(expected[i]))
      EXPECT_TRUE(std::isnan(expected[i]) ? std::isnan(values[i]) : values[i] == expected[i]) << i << ": " << values[i];
    else
      EXPECT_NEAR(values[i], expected[i], tolerance * std::max(1.0, std::fabs(expected[i]))) << i;
  }
}

TEST(RuntimeExp, IsWithinTwoUnitsInTheLastPlace) {
  auto unit = [](double x) { return x < 1.1754943508222875e-38 ? 0x1p-149 : std::ldexp(1.0, std::ilogb(x) - 23); };
  for (double x = -104; x < 88.8; x += 0.000731) {
    double exact = std::exp(double(float(x)));
    if (exact > 3.4028e38)
      continue;
    ASSERT_LE(std::fabs(expOf(float(x)) - exact), 2 * unit(exact)) << x;
  }
  EXPECT_EQ(expOf(0), 1);
  EXPECT_EQ(expOf(-infinity), 0);
  EXPECT_EQ(expOf(-200), 0);
  EXPECT_EQ(expOf(infinity), infinity);
  EXPECT_EQ(expOf(89), infinity);
  EXPECT_TRUE(std::isnan(expOf(NAN)));
}

TEST(RuntimeRows, FoldsReduceOneAxis) {
  std::mt19937 random(1);
  for (auto [outer, size, inner] : {std::array<int64_t, 3>{1, 37, 1}, {3, 5, 4}, {2, 1, 3}, {1, 16, 2}}) {
    int64_t rows = 19;
    std::vector<float> x = randomReals(random, rows * outer * size * inner);
    std::vector<int64_t> ints(x.size());
    for (int64_t &i : ints)
      i = int64_t(random() % 21) - 10;
    for (int64_t kind = 0; kind < 4; ++kind) {
      std::vector<double> expected;
      std::vector<int64_t> expectedInts;
      for (int64_t a = 0; a < rows * outer; ++a)
        for (int64_t b = 0; b < inner; ++b) {
          double sum = 0, most = -infinity;
          int64_t sumOfInts = 0, mostOfInts = -100;
          for (int64_t k = 0; k < size; ++k) {
            int64_t at = (a * size + k) * inner + b;
            sum += x[at];
            most = std::max<double>(most, x[at]);
            sumOfInts += ints[at];
            mostOfInts = std::max(mostOfInts, ints[at]);
          }
          int64_t first = a * size * inner + b;
          expected.push_back(kind == 0 ? sum : kind == 1 ? sum / size : kind == 2 ? most : x[first]);
          int64_t mean = int64_t(std::floor(double(sumOfInts) / size));
          expectedInts.push_back(kind == 0 ? sumOfInts : kind == 1 ? mean : kind == 2 ? mostOfInts : ints[first]);
        }
      expectNear(RowCase(rows).input(x).run(OpCode::Fold, {kind, outer, size, inner}, outer * inner), expected, 1e-5);
      EXPECT_EQ(RowCase(rows)
                    .input(Element::I64, ints)
                    .run<int64_t>(OpCode::Fold, {kind, outer, size, inner}, Element::I64, outer * inner),
                expectedInts);
    }
  }
  // Of nothing, zero; a NaN stays.
  std::vector<float> x = {1, NAN, 3, 4};
  expectNear(RowCase(2).input(x).run(OpCode::Fold, {2, 1, 2, 1}, 1), {NAN, 4});
  expectNear(RowCase(2).input(x).run(OpCode::Fold, {0, 1, 0, 2}, 2), {0, 0, 0, 0});
}

TEST(RuntimeRows, SoftmaxOfALine) {
  std::mt19937 random(2);
  int64_t rows = 5, outer = 2, size = 37;
  std::vector<float> x = randomReals(random, rows * outer * size);
  for (float &value : x)
    value *= 20;
  x[3] = -infinity;
  std::fill(x.begin() + size, x.begin() + 2 * size, -infinity);
  x[2 * size + 1] = NAN;
  std::vector<double> soft, logs;
  for (int64_t a = 0; a < rows * outer; ++a) {
    double sum = 0, most = -infinity;
    bool hasNan = false;
    for (int64_t k = 0; k < size; ++k) {
      most = std::max<double>(most, x[a * size + k]);
      hasNan |= std::isnan(x[a * size + k]);
    }
    for (int64_t k = 0; k < size; ++k)
      sum += std::exp(x[a * size + k] - most);
    for (int64_t k = 0; k < size; ++k) {
      double value = x[a * size + k];
      soft.push_back(hasNan ? NAN : most == -infinity ? 0 : std::exp(value - most) / sum);
      logs.push_back(hasNan ? NAN : most == -infinity ? -infinity : value - most - std::log(sum));
    }
  }
  expectNear(RowCase(rows).input(x).run(OpCode::Softmax, {outer, size}, outer * size), soft);
  expectNear(RowCase(rows).input(x).run(OpCode::LogSoftmax, {outer, size}, outer * size), logs);
}

TEST(RuntimeRows, WhatIsPicked) {
  std::vector<float> x = {1, 3, 3, 0, NAN, 2, NAN, 9, -infinity, -infinity, -infinity, -infinity};
  EXPECT_EQ(RowCase(3).input(x).run<uint8_t>(OpCode::Pick, {1, 4}, Element::Bool, 4),
            (std::vector<uint8_t>{0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(RowCase(3).input(x).run<int32_t>(OpCode::Argmax, {1, 4}, Element::Token, 1),
            (std::vector<int32_t>{1, 0, 0}));
  EXPECT_EQ(RowCase(3).input(x).run<int32_t>(OpCode::Argmax, {2, 2}, Element::Token, 2),
            (std::vector<int32_t>{1, 0, 0, 0, 0, 0}));
  std::vector<int64_t> ints = {5, 7, 7, -1};
  EXPECT_EQ(RowCase(1).input(Element::I64, ints).run<uint8_t>(OpCode::Pick, {1, 4}, Element::Bool, 4),
            (std::vector<uint8_t>{0, 1, 0, 0}));
}

TEST(RuntimeRows, RunningSums) {
  std::vector<float> x = {1, 2, 3, 10, 20, 30};
  expectNear(RowCase(1).input(x).run(OpCode::Cumsum, {2, 3, 0}, 6), {1, 3, 6, 10, 30, 60});
  expectNear(RowCase(2).input(x).run(OpCode::Cumsum, {1, 3, 1}, 3), {6, 5, 3, 60, 50, 30});
}

TEST(RuntimeRows, WindowsAndTheirDuals) {
  std::vector<float> x = {1, 2, 3, 4};
  expectNear(RowCase(1).input(x).run(OpCode::Window, {1, 4, 3}, 12), {0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 0});
  expectNear(RowCase(1).input(x).run(OpCode::Window, {2, 2, 2}, 8), {1, 2, 2, 0, 3, 4, 4, 0});
  // <overlap y, x> = <y, window x>
  std::mt19937 random(3);
  for (int64_t width = 1; width < 7; ++width) {
    int64_t outer = 2, size = 5;
    std::vector<float> a = randomReals(random, outer * size), b = randomReals(random, outer * size * width);
    std::vector<float> wide = RowCase(1).input(a).run(OpCode::Window, {outer, size, width}, outer * size * width);
    std::vector<float> narrow = RowCase(1).input(b).run(OpCode::Overlap, {outer, size, width}, outer * size);
    double left = 0, right = 0;
    for (size_t i = 0; i < a.size(); ++i)
      left += a[i] * narrow[i];
    for (size_t i = 0; i < b.size(); ++i)
      right += b[i] * wide[i];
    EXPECT_NEAR(left, right, 1e-5);
  }
}

TEST(RuntimeRows, TransposesReorderAxes) {
  std::mt19937 random(5);
  for (auto &[shape, order] : std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{
           {{2, 3}, {1, 0}}, {{2, 3, 4}, {2, 0, 1}}, {{2, 3, 4}, {0, 2, 1}}, {{5}, {0}}}) {
    int64_t rank = shape.size(), size = productOf(shape);
    std::vector<float> x = randomReals(random, size);
    std::vector<double> expected(size);
    for (int64_t i = 0; i < size; ++i) {
      std::vector<int64_t> index(rank);
      for (int64_t rest = i, axis = rank - 1; axis >= 0; rest /= shape[axis--])
        index[axis] = rest % shape[axis];
      int64_t to = 0;
      for (int64_t axis = 0; axis < rank; ++axis)
        to = to * shape[order[axis]] + index[order[axis]];
      expected[to] = x[i];
    }
    std::vector<int64_t> numbers{rank};
    numbers.insert(numbers.end(), shape.begin(), shape.end());
    numbers.insert(numbers.end(), order.begin(), order.end());
    expectNear(RowCase(1).input(x).run(OpCode::Transpose, numbers, size), expected);
  }
}

TEST(RuntimeRows, TablesAndIndices) {
  std::vector<float> table = {1, 2, 3, 4, 5, 6};
  std::vector<int32_t> tokens = {2, 0};
  std::vector<int64_t> numbers = {1, 7};
  RowCase embed(2);
  embed.views.push_back(PlanBuilder::one(embed.plan.constant(table)));
  expectNear(embed.input(Element::Token, tokens).run(OpCode::Embed, {3, 2}, 2), {5, 6, 1, 2});
  RowCase outside(2); // of no entry: zero
  outside.views.push_back(PlanBuilder::one(outside.plan.constant(table)));
  expectNear(outside.input(Element::I64, numbers).run(OpCode::Embed, {3, 2}, 2), {3, 4, 0, 0});
  expectNear(RowCase(2).input(Element::Token, tokens).input({1, 2, 3, 4}).run(OpCode::Scatter, {3, 2}, 6),
             {0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0});
  expectNear(RowCase(2).input(Element::Token, tokens).run(OpCode::OneHot, {1, 3}, 3), {0, 0, 1, 1, 0, 0});
}

TEST(RuntimeRows, PiecesAreCopied) {
  // The middle of three columns of each of two rows, into the first of two.
  RowCase c(1);
  c.input({1, 2, 3, 4, 5, 6});
  c.views[0].offset = 4;
  int32_t y = c.plan.output("y", c.clock, 4);
  c.plan.par(c.clock, {c.plan.op(OpCode::Zero, c.clock, {PlanBuilder::same(y)}),
                       c.plan.op(OpCode::Copy, c.clock, {c.views[0], PlanBuilder::same(y)}, {2, 4, 12, 8})});
  TestResult result = c.plan.run(c.batch);
  expectNear(result.outputs[0].as<float>(), {2, 0, 5, 0});
}

//===--- Over the rows of a tick ---===//

struct Groups {
  PlanBuilder plan;
  TestBatch batch;
  int32_t sentence, word;
  int32_t x = -1;

  explicit Groups(std::vector<int64_t> sentences, std::vector<int64_t> words)
      : sentence(plan.axis("sentence")), word(plan.axis("word", sentence)) {
    batch.samples = sentences.size() - 1;
    batch.offsets = {sentences, words};
    plan.fix(sentence);
  }

  std::vector<float> run(OpCode code, const std::vector<float> &values, int64_t elements, std::vector<int64_t> numbers,
                         int64_t results, int32_t per = -1) {
    x = plan.input("x", word, elements);
    batch.input(values);
    int32_t y = plan.output("y", word, results);
    numbers.insert(numbers.begin(), per < 0 ? sentence : per);
    plan.top(code, word, {PlanBuilder::same(x), PlanBuilder::same(y)}, numbers);
    TestResult result = plan.run(batch, 2);
    EXPECT_EQ(result.message, "");
    return result.outputs[0].as<float>();
  }
};

TEST(RuntimeGroups, SoftmaxGoesThroughTheRowsOfASegment) {
  std::mt19937 random(6);
  for (int64_t elements : {1, 3, 70}) {
    std::vector<int64_t> words = {0, 3, 3, 40, 41};
    std::vector<float> x = randomReals(random, 41 * elements);
    x[0] = x[elements] = x[2 * elements] = -infinity; // the first element of the first sentence
    for (OpCode code : {OpCode::SoftmaxPer, OpCode::LogSoftmaxPer}) {
      std::vector<double> expected(x.size());
      for (size_t g = 0; g + 1 < words.size(); ++g)
        for (int64_t e = 0; e < elements; ++e) {
          double sum = 0;
          for (int64_t i = words[g]; i < words[g + 1]; ++i)
            sum += std::exp(double(x[i * elements + e]));
          for (int64_t i = words[g]; i < words[g + 1]; ++i) {
            double value = x[i * elements + e];
            bool isLog = code == OpCode::LogSoftmaxPer;
            expected[i * elements + e] = sum == 0 ? (isLog ? -infinity : 0)
                                         : isLog  ? value - std::log(sum)
                                                  : std::exp(value) / sum;
          }
        }
      expectNear(Groups({0, 2, 4}, words).run(code, x, elements, {elements}, elements), expected, 2e-6);
    }
  }
}

TEST(RuntimeGroups, OtherOperationsGoThroughThemToo) {
  std::vector<int64_t> words = {0, 3, 3, 5};
  std::vector<float> x = {1, 5, 2, NAN, 3, 4, 7, 8, 7, 9}; // two columns
  expectNear(Groups({0, 3}, words).run(OpCode::CumsumPer, x, 2, {2, 0}, 2), {1, 5, 3, NAN, 6, NAN, 7, 8, 14, 17});
  expectNear(Groups({0, 3}, words).run(OpCode::CumsumPer, x, 2, {2, 1}, 2), {6, NAN, 5, NAN, 3, 4, 14, 17, 7, 9});
  expectNear(Groups({0, 3}, words).run(OpCode::WindowPer, {1, 2, 3, 4, 5}, 1, {1, 3}, 3),
             {0, 1, 2, 1, 2, 3, 2, 3, 0, 0, 4, 5, 4, 5, 0});
  expectNear(Groups({0, 3}, words).run(OpCode::OverlapPer, {0, 1, 2, 1, 2, 3, 2, 3, 0, 0, 4, 5, 4, 5, 0}, 3, {1, 3}, 1),
             {2, 6, 6, 8, 10});
  Groups pick({0, 3}, words);
  int32_t in = pick.plan.input("x", pick.word, 2), out = pick.plan.output("y", pick.word, 2, Element::Bool);
  pick.batch.input(x);
  pick.plan.top(OpCode::PickPer, pick.word, {PlanBuilder::same(in), PlanBuilder::same(out)}, {pick.sentence, 2});
  EXPECT_EQ(pick.plan.run(pick.batch).outputs[0].as<uint8_t>(), (std::vector<uint8_t>{0, 0, 0, 1, 1, 0, 1, 0, 0, 1}));
}

TEST(RuntimeGroups, RowsBehindTheLastTickAreZero) {
  Groups groups({0, 3}, {0, 3, 3, 5});
  int32_t third = groups.plan.every(groups.word, 3, 1); // words 1 and 4
  groups.plan.fix(third);
  expectNear(groups.run(OpCode::CumsumPer, {1, 2, 3, 4, 5}, 1, {1, 0}, 1, third), {1, 3, 3, 7, 12});
  Groups behind({0, 3}, {0, 3, 3, 5});
  int32_t fourth = behind.plan.every(behind.word, 4, 3); // word 3
  behind.plan.fix(fourth);
  expectNear(behind.run(OpCode::CumsumPer, {1, 2, 3, 4, 5}, 1, {1, 0}, 1, fourth), {1, 3, 6, 10, 0});
}

//===--- Random numbers ---===//

TEST(RuntimeRandom, IsTheInterpreters) {
  uint64_t key = randomKey(17, hashPath("dropout", 7), 3);
  EXPECT_EQ(key, reference::randomKey(17, "dropout", 3));
  for (uint32_t i = 0; i < 1000; ++i) {
    const uint32_t counter[4] = {i, 7 * i, i * i, 1};
    EXPECT_EQ(uniformFloat(key, counter), float(reference::uniform(key, {i, 7 * i, i * i, 1}, /*fp64=*/false)));
  }
}

TEST(RuntimeRandom, IsCountedByPlace) {
  PlanBuilder plan;
  int32_t t = plan.axis("t"), u = plan.axis("u"), even = plan.every(t, 2), pair = plan.pair(even, u);
  plan.fix(even);
  plan.fix(pair);
  auto path = int64_t(hashPath("dropout", 7));
  std::vector<int32_t> clocks = {-1, PlanBuilder::sample, even, pair};
  for (int32_t clock : clocks)
    plan.top(OpCode::Random, clock, {PlanBuilder::same(plan.output("y", clock, 3))}, {path, 2, 3});
  TestBatch batch;
  batch.samples = 2;
  batch.seed = 99;
  batch.offsets = {{0, 5, 8}, {0, 2, 3}};
  TestResult result = plan.run(batch);
  ASSERT_EQ(result.message, "");
  uint64_t key = reference::randomKey(99, "dropout", 2);
  // sample, tick, source of each row
  std::vector<std::vector<std::array<uint32_t, 3>>> places = {
      {{0, 0, 0}},
      {{0, 0, 0}, {1, 0, 0}},
      {{0, 0, 0}, {0, 2, 0}, {0, 4, 0}, {1, 0, 0}, {1, 2, 0}},
      {{0, 0, 0}, {0, 0, 1}, {0, 2, 0}, {0, 2, 1}, {0, 4, 0}, {0, 4, 1}, {1, 0, 0}, {1, 2, 0}}};
  for (size_t i = 0; i < places.size(); ++i) {
    std::vector<float> values = result.outputs[i].as<float>();
    ASSERT_EQ(values.size(), 3 * places[i].size());
    for (size_t row = 0; row < places[i].size(); ++row)
      for (uint32_t e = 0; e < 3; ++e) {
        auto [sample, tick, source] = places[i][row];
        EXPECT_EQ(values[3 * row + e], float(reference::uniform(key, {e, source, tick, sample}, false)));
      }
  }
}

TEST(RuntimeRandom, IsTheSameInLoops) {
  for (bool inLoop : {false, true}) {
    PlanBuilder plan;
    int32_t t = plan.axis("t"), u = plan.axis("u"), even = plan.every(t, 2), pair = plan.pair(even, u);
    plan.fix(even);
    plan.fix(pair);
    std::vector<OpPlan> ops;
    for (int32_t clock : {t, even, pair}) {
      ops.push_back(plan.op(OpCode::Random, clock, {PlanBuilder::same(plan.output("y", clock, 2))}, {5, 0, 2}));
      int32_t n = plan.output("n", clock, 1, Element::I64);
      if (clock != pair)
        ops.push_back(plan.op(OpCode::Tick, clock, {PlanBuilder::same(n)}, {0, -1}));
    }
    if (inLoop)
      plan.scan(t, ops, {even, pair}, {});
    else
      for (const OpPlan &op : ops)
        plan.top(op);
    TestBatch batch;
    batch.samples = 3;
    batch.offsets = {{0, 5, 8, 8}, {0, 2, 3, 4}};
    static TestResult alone;
    TestResult result = plan.run(batch);
    ASSERT_EQ(result.message, "");
    if (inLoop)
      for (size_t i = 0; i < 5; ++i)
        EXPECT_EQ(result.outputs[i].bytes, alone.outputs[i].bytes) << i;
    alone = result;
  }
}

//===--- Ctc ---===//

TEST(RuntimeCtc, IsTheInterpreters) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 40; ++trial) {
    PlanBuilder plan;
    int64_t classes = 2 + random() % 4;
    int32_t t = plan.axis("t"), s = plan.axis("s");
    int32_t logits = plan.input("logits", t, classes), labels = plan.input("labels", s, 1, Element::Token, classes),
            dy = plan.input("dy", PlanBuilder::sample);
    int32_t loss = plan.output("loss", PlanBuilder::sample), gradient = plan.output("gradient", t, classes);
    auto same = [](int32_t array) { return PlanBuilder::same(array); };
    plan.top(OpCode::Ctc, PlanBuilder::sample, {same(logits), same(labels), same(loss)}, {t, s, classes});
    plan.top(OpCode::Dctc, t, {same(logits), same(labels), same(dy), same(gradient)},
             {PlanBuilder::sample, s, classes});
    TestBatch batch;
    batch.samples = 5;
    batch.offsets = {randomOffsets(random, 5, 9), randomOffsets(random, 5, 3)};
    std::vector<float> x = randomReals(random, batch.offsets[0].back() * classes), factors = randomReals(random, 5);
    std::vector<int32_t> text(batch.offsets[1].back());
    for (int32_t &label : text)
      label = trial % 4 ? 1 + random() % (classes - 1) : random() % classes; // class 0 is none
    batch.input(x);
    batch.input(text);
    batch.input(factors);
    TestResult result = plan.run(batch, 3);
    ASSERT_EQ(result.message, "");
    std::vector<double> losses, gradients;
    for (int i = 0; i < 5; ++i) {
      std::vector<std::vector<double>> rows;
      for (int64_t r = batch.offsets[0][i]; r < batch.offsets[0][i + 1]; ++r)
        rows.emplace_back(x.begin() + r * classes, x.begin() + (r + 1) * classes);
      std::vector<const double *> pointers;
      for (auto &row : rows)
        pointers.push_back(row.data());
      std::vector<int64_t> word(text.begin() + batch.offsets[1][i], text.begin() + batch.offsets[1][i + 1]);
      losses.push_back(reference::ctcLoss(pointers, classes, word));
      for (double value : reference::ctcGradient(pointers, classes, word))
        gradients.push_back(value * factors[i]);
    }
    expectNear(result.outputs[0].as<float>(), losses);
    expectNear(result.outputs[1].as<float>(), gradients);
  }
}

//===--- Preparation ---===//

TEST(RuntimePrepare, WeightsArePacked) {
  // Two gates of three units each, two lanes: W is [6, 2], or [2, 6] if transposed.
  for (bool transposed : {false, true}) {
    PlanBuilder plan;
    int32_t t = plan.axis("t");
    int32_t w = plan.array(Place::Parameter, -1, 12), packed = plan.array(Place::Prepared, -1, 16);
    plan.tables.parameterBytes = plan.tables.preparedBytes = 64;
    plan.prepare(plan.op(
        OpCode::Pack, -1, {PlanBuilder::one(w), PlanBuilder::one(packed)},
        {6, 2, transposed, 2, 3, 1, 2, 0, 2, 0, 3, 0, 0, transposed ? 2 : 6, transposed ? 6 : 2, transposed ? 6 : 2}));
    int32_t y = plan.output("y", t, 16);
    plan.top(plan.copy(t, PlanBuilder::one(packed), PlanBuilder::same(y)));
    std::vector<float> weights(12); // element (row, column) is 10 row + column
    for (int row = 0; row < 6; ++row)
      for (int column = 0; column < 2; ++column)
        weights[transposed ? column * 6 + row : row * 2 + column] = 10 * row + column;
    std::vector<char> bytes(48);
    std::memcpy(bytes.data(), weights.data(), 48);
    TestBatch batch;
    batch.samples = 1;
    batch.offsets = {{0, 1}};
    // [block][k][gate][lane]
    expectNear(plan.run(batch, 1, bytes).outputs[0].as<float>(),
               {0, 10, 30, 40, 1, 11, 31, 41, 20, 0, 50, 0, 21, 0, 51, 0});
  }
}

} // namespace
} // namespace rondo::runtime
