// Sums of products in tile registers, against plain loops in double precision.
#include "runtime/Tiles.h"
#include "runtime/Library.h"
#include "runtime/RowOps.h"
#include "gtest/gtest.h"
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#if defined(__x86_64__)
namespace rondo::runtime {
namespace {

class Tiles : public testing::Test {
protected:
  void SetUp() override {
    if (!runsLevel(levelOfTiles, cpuLevel()))
      GTEST_SKIP() << "this machine has no tiles";
  }

  std::vector<float> numbers(int64_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> x(count);
    for (float &number : x)
      number = normal(random);
    return x;
  }

  std::mt19937 random{1};
};

/// Rows of so many numbers, in an order of their own.
struct Rows {
  std::vector<float> numbers;
  std::vector<int32_t> order;
  Operand operand;

  Rows(std::vector<float> given, int64_t width, int64_t rows, std::mt19937 &random) : numbers(std::move(given)) {
    for (int64_t i = 0; i < rows; ++i)
      order.push_back(int32_t(random() % rows));
    operand.base = reinterpret_cast<char *>(numbers.data());
    operand.rows = order.data();
    operand.stride = width * int64_t(sizeof(float));
  }
};

/// Lines 3..m-1, and columns 1.. of factors of so many; what stands beside must stay.
void expectSums(int64_t m, std::vector<int64_t> widths, int64_t rows, int64_t inner, bool byLines, std::mt19937 &random,
                const std::function<std::vector<float>(int64_t)> &numbers) {
  Rows a(numbers(rows * m * inner), m * inner, rows, random);
  std::vector<Rows> b;
  std::vector<std::vector<float>> y;
  std::vector<TileFactor> factors;
  for (int64_t k : widths) {
    b.emplace_back(numbers(rows * k * inner), k * inner, rows, random);
    y.push_back(numbers(m * k));
  }
  std::vector<std::vector<float>> before = y;
  auto termsOf = [&](Operand operand, int64_t size) {
    return byLines ? Terms{operand, inner, 1, size} : Terms{operand, inner, inner, 1};
  };
  for (size_t i = 0; i < widths.size(); ++i)
    factors.push_back({termsOf(b[i].operand, widths[i]), 1, widths[i], y[i].data() + 3 * widths[i] + 1, widths[i]});
  int64_t blocks = (m - 3 + 2 * tileBlockLines - 1) / (2 * tileBlockLines) * 2;
  std::vector<char> memory(64 + tilePanelBytes + blocks * tileBlockBytes);
  char *place = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
  TileTask task{termsOf(a.operand, m), 3, m, factors.data(), int64_t(factors.size()), place};
  int64_t terms = rows * inner;
  for (int64_t first = 0; first < terms; first += tileTermsAtOnce)
    addOnTiles(task, first, terms);
  for (size_t f = 0; f < widths.size(); ++f)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < widths[f]; ++j) {
        int64_t place = i * widths[f] + j;
        double sum = before[f][place], size = std::fabs(sum);
        for (int64_t t = 0; i >= 3 && j >= 1 && t < terms; ++t) {
          auto elementOf = [&](const Operand &of, int64_t size, int64_t element) {
            return double(
                rowOf<float>(of, t / inner)[byLines ? t % inner * size + element : element * inner + t % inner]);
          };
          double product = elementOf(a.operand, m, i) * elementOf(b[f].operand, widths[f], j);
          sum += product;
          size += std::fabs(product);
        }
        ASSERT_NEAR(y[f][place], sum, 2e-7 * size) << m << "x" << widths[f] << " of " << terms << ": " << i << " " << j;
      }
}

TEST_F(Tiles, AddUpAsFloatsDo) {
  auto make = [&](int64_t count) { return numbers(count); };
  for (int64_t rows : {1, 2, 31, 33, 128, 129, 300})
    expectSums(40, {17}, rows, 1, false, random, make);
  for (int64_t m : {4, 19, 35, 64, 100})
    expectSums(m, {2, 33, 64, 100}, 70, 1, false, random, make);
  for (int64_t inner : {2, 3, 17})
    for (bool byLines : {false, true})
      expectSums(50, {40, 20}, 40, inner, byLines, random, make);
}

TEST_F(Tiles, LargeAndSmallNumbers) {
  for (float scale : {1e-12f, 1e-6f, 1e9f, 1e15f})
    expectSums(40, {40}, 150, 1, false, random, [&](int64_t count) {
      std::vector<float> x = numbers(count);
      for (float &number : x)
        number *= scale * (random() % 2 ? 1 : 1000);
      return x;
    });
}

TEST_F(Tiles, NoNumberGivesNone) {
  std::vector<float> a(32 * 5, 1), b(32 * 5, 1), y(32 * 32);
  a[7] = NAN;
  b[32 + 9] = INFINITY;
  TileFactor factor;
  factor.b.rows.base = reinterpret_cast<char *>(b.data());
  factor.b.rows.stride = 32 * sizeof(float);
  factor.endColumn = factor.stride = 32;
  factor.y = y.data();
  alignas(64) static char memory[tilePanelBytes + 2 * tileBlockBytes];
  TileTask task;
  task.a.rows.base = reinterpret_cast<char *>(a.data());
  task.a.rows.stride = 32 * sizeof(float);
  task.endLine = 32;
  task.factors = &factor;
  task.count = 1;
  task.memory = memory;
  addOnTiles(task, 0, 5);
  for (int64_t i = 0; i < 32; ++i)
    for (int64_t j = 0; j < 32; ++j)
      EXPECT_EQ(std::isfinite(y[i * 32 + j]), i != 7 && j != 9) << i << " " << j;
}

} // namespace
} // namespace rondo::runtime
#endif
