// Sums over all rows, against plain loops in double precision.
#include "RuntimeTesting.h"
#include <cmath>

namespace rondo::runtime {
namespace {

/// Rows of several samples: some hundred, so that there are several chunks of them, or none.
TestBatch batchOf(std::mt19937 &random, int64_t samples, int64_t most) {
  TestBatch batch;
  batch.samples = samples;
  batch.offsets = {randomOffsets(random, samples, most)};
  return batch;
}

void expectNear(const std::vector<float> &actual, const std::vector<double> &expected, int64_t rows) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], 1e-6 * (1 + std::sqrt(double(rows)))) << i;
}

/// Runs with several numbers of threads, which must give the same bits.
std::vector<std::vector<char>> runAll(PlanBuilder &plan, const TestBatch &batch) {
  TestResult result = plan.run(batch, 1);
  EXPECT_EQ(result.message, "");
  std::vector<std::vector<char>> found;
  for (const auto &output : result.outputs)
    found.push_back(output.bytes);
  for (int32_t threads : {2, 3}) {
    TestResult other = plan.run(batch, threads);
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(other.outputs[i].bytes, found[i]) << threads << " threads";
  }
  return found;
}
std::vector<char> run(PlanBuilder &plan, const TestBatch &batch) { return runAll(plan, batch).front(); }

template <typename T> std::vector<T> as(const std::vector<char> &bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(RuntimeTotals, Rows) {
  std::mt19937 random(1);
  for (int64_t elements : {1, 3, 16, 64, 255, 256, 257, 700})
    for (int64_t most : {0, 5, 150}) {
      PlanBuilder plan;
      int32_t t = plan.axis("t"), x = plan.input("x", t, elements), y = plan.output("y", -1, elements);
      plan.top(OpCode::Total, t, {PlanBuilder::same(x), PlanBuilder::one(y)}, {elements});
      TestBatch batch = batchOf(random, 7, most);
      int64_t rows = batch.offsets[0].back();
      std::vector<float> values = randomReals(random, rows * elements);
      batch.input(values);
      std::vector<double> expected(elements);
      for (size_t i = 0; i < values.size(); ++i)
        expected[i % elements] += values[i];
      expectNear(as<float>(run(plan, batch)), expected, rows);
    }
}

/// Adds a row to a sum, in some columns.
void addRow(const Operand *o, int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock) {
  auto row = [&](int k, int64_t i) {
    return reinterpret_cast<float *>(o[k].base + (o[k].rows ? o[k].rows[i] : i) * o[k].stride);
  };
  for (int64_t i = begin; i < end; ++i)
    for (int64_t c = std::min(firstBlock, endBlock); c < std::max(firstBlock, endBlock); ++c)
      row(1, i)[c] += row(0, i)[c];
}

TEST(RuntimeTotals, OfALoop) {
  std::mt19937 random(6);
  for (int64_t elements : {1, 20, 700})
    for (int64_t samples : {0, 1, 7})
      for (int64_t most : {0, 5, 150})
        for (bool isSplit : {false, true}) {
          PlanBuilder plan;
          int32_t t = plan.axis("t"), x = plan.input("x", t, elements), y = plan.output("y", -1, elements);
          int32_t third = plan.every(t, 3), split = isSplit ? plan.scope({{third, true}}) : -1;
          plan.fix(t);
          plan.fix(third);
          int32_t sum = plan.array(Place::Register, t, elements);
          plan.tables.arrays[sum].stride = (4 * elements + 63) / 64 * 64; // as rows of registers lie
          OpPlan step = plan.kernel(addRow, t, {PlanBuilder::same(x), PlanBuilder::same(sum)}, elements);
          OpPlan total = plan.op(OpCode::Total, t, {PlanBuilder::same(sum), PlanBuilder::one(y)}, {elements});
          plan.scan(t, {step}, {}, {sum}, isSplit, split, {total});
          TestBatch batch = batchOf(random, samples, most);
          int64_t rows = batch.offsets[0].back();
          std::vector<float> values = randomReals(random, rows * elements);
          batch.input(values);
          std::vector<double> expected(elements);
          for (size_t i = 0; i < values.size(); ++i)
            expected[i % elements] += values[i];
          expectNear(as<float>(run(plan, batch)), expected, rows);
        }
}

TEST(RuntimeTotals, IntegersWrapAround) {
  PlanBuilder plan;
  int32_t t = plan.axis("t"), x = plan.input("x", t, 2, Element::I64), y = plan.output("y", -1, 2, Element::I64);
  plan.top(OpCode::Total, t, {PlanBuilder::same(x), PlanBuilder::one(y)}, {2});
  TestBatch batch;
  batch.samples = 1;
  batch.offsets = {{0, 3}};
  batch.input(std::vector<int64_t>{INT64_MAX, 1, 1, 2, 0, 3});
  EXPECT_EQ(as<int64_t>(run(plan, batch)), (std::vector<int64_t>{INT64_MIN, 6}));
}

/// Products of [m, n] and [k, n], or of [n, m] and [n, k], the first seen as it is, the second one tick before.
TEST(RuntimeTotals, Products) {
  std::mt19937 random(2);
  for (auto [m, k, n] : {std::array<int64_t, 3>{1, 1, 1},
                         {7, 5, 1},
                         {8, 16, 1},
                         {9, 49, 1},
                         {16, 96, 1},
                         {130, 33, 1},
                         {1, 200, 1},
                         {65, 1, 1},
                         {300, 250, 1},
                         {6, 4, 3},
                         {1, 9, 20},
                         {17, 50, 7}})
    for (auto [most, byLines] : {std::pair{0, false}, {4, false}, {90, false}, {4, true}, {90, true}}) {
      PlanBuilder plan;
      int32_t t = plan.axis("t"), a = plan.input("a", t, m * n), b = plan.input("b", t, k * n),
              y = plan.output("y", -1, m * k);
      int32_t seen = plan.array(Place::Call, t, k * n, Element::F32, /*zeroRow=*/true);
      plan.top(plan.copy(t, PlanBuilder::same(b), PlanBuilder::same(seen)));
      int32_t before = plan.map(MapPlan::Kind::Strict, t, t);
      plan.top(OpCode::TotalOuter, t, {PlanBuilder::same(a), PlanBuilder::mapped(seen, before), PlanBuilder::one(y)},
               {m, n, byLines, k});
      TestBatch batch = batchOf(random, 5, most);
      int64_t rows = batch.offsets[0].back();
      std::vector<float> left = randomReals(random, rows * m * n), right = randomReals(random, rows * k * n);
      batch.input(left);
      batch.input(right);
      std::vector<double> expected(m * k);
      for (int64_t s = 0; s < batch.samples; ++s)
        for (int64_t row = batch.offsets[0][s] + 1; row < batch.offsets[0][s + 1]; ++row)
          for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < k; ++j)
              for (int64_t e = 0; e < n; ++e) {
                double ofLeft = left[row * m * n + (byLines ? e * m + i : i * n + e)];
                expected[i * k + j] += ofLeft * right[(row - 1) * k * n + (byLines ? e * k + j : j * n + e)];
              }
      expectNear(as<float>(run(plan, batch)), expected, rows * n);
    }
}

/// Of one [m] with several [k], and its own sum.
TEST(RuntimeTotals, SeveralProducts) {
  std::mt19937 random(4);
  for (auto widths : {std::vector<int64_t>{16, 3, 48}, {500, 40, 1}})
    for (int64_t m : {1, 40, 530})
      for (bool hasSum : {false, true}) {
        PlanBuilder plan;
        int32_t t = plan.axis("t");
        std::vector<View> factors, results;
        std::vector<int64_t> numbers{m, 1, 0};
        int32_t a = plan.input("a", t, m);
        for (size_t i = 0; i < widths.size(); ++i) {
          numbers.push_back(widths[i]);
          factors.push_back(PlanBuilder::same(plan.input("b" + std::to_string(i), t, widths[i])));
          results.push_back(PlanBuilder::one(plan.output("y" + std::to_string(i), -1, m * widths[i])));
        }
        if (hasSum)
          results.push_back(PlanBuilder::one(plan.output("s", -1, m)));
        std::vector<View> views{PlanBuilder::same(a)};
        views.insert(views.end(), factors.begin(), factors.end());
        views.insert(views.end(), results.begin(), results.end());
        plan.top(OpCode::TotalOuter, t, views, numbers);
        TestBatch batch = batchOf(random, 3, 90);
        int64_t rows = batch.offsets[0].back();
        std::vector<float> left = randomReals(random, rows * m);
        batch.input(left);
        std::vector<double> sums(m);
        for (int64_t row = 0; row < rows; ++row)
          for (int64_t i = 0; i < m; ++i)
            sums[i] += left[row * m + i];
        std::vector<std::vector<double>> expected;
        for (int64_t k : widths) {
          std::vector<float> right = randomReals(random, rows * k);
          batch.input(right);
          std::vector<double> &y = expected.emplace_back(m * k);
          for (int64_t row = 0; row < rows; ++row)
            for (int64_t i = 0; i < m; ++i)
              for (int64_t j = 0; j < k; ++j)
                y[i * k + j] += double(left[row * m + i]) * right[row * k + j];
        }
        if (hasSum)
          expected.push_back(sums);
        auto found = runAll(plan, batch);
        for (size_t i = 0; i < expected.size(); ++i)
          expectNear(as<float>(found[i]), expected[i], rows);
      }
}

TEST(RuntimeTotals, Entries) {
  std::mt19937 random(3);
  for (Element element : {Element::Token, Element::I64})
    for (int64_t entries : {1, 2, 11, 100}) {
      constexpr int64_t elements = 5;
      PlanBuilder plan;
      int32_t t = plan.axis("t"), index = plan.input("index", t, 1, element, entries + 1),
              dy = plan.input("dy", t, elements), y = plan.output("y", -1, entries * elements);
      plan.top(OpCode::TotalScatter, t, {PlanBuilder::same(index), PlanBuilder::same(dy), PlanBuilder::one(y)},
               {entries, elements});
      TestBatch batch = batchOf(random, 9, 40);
      int64_t rows = batch.offsets[0].back();
      std::vector<int32_t> tokens(rows);
      for (int32_t &token : tokens)
        token = int32_t(random() % (entries + 1)); // the last one is none
      std::vector<float> values = randomReals(random, rows * elements);
      if (element == Element::Token)
        batch.input(tokens);
      else
        batch.input(std::vector<int64_t>(tokens.begin(), tokens.end()));
      batch.input(values);
      // A row is added up in order, as it is told.
      std::vector<float> expected(entries * elements);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t e = 0; e < elements && tokens[row] < entries; ++e)
          expected[tokens[row] * elements + e] += values[row * elements + e];
      EXPECT_EQ(as<float>(run(plan, batch)), expected);
    }
}

} // namespace
} // namespace rondo::runtime
