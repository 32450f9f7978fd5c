// What is done to lines: by plain code, and by the vector code of each level that this machine has.
#include "runtime/Lines.h"
#include "runtime/Library.h"
#include "runtime/Optimise.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using Line = const rondo::runtime::LineBuffer *;
#define RONDO_VECTOR_CODE(level, machine)                                                                              \
  extern "C" int32_t exps##level(Line, Line, Line, Line) __asm__("rondo.exps." machine);                               \
  extern "C" int32_t combine##level(Line, Line, Line) __asm__("rondo.combine." machine);                               \
  extern "C" int32_t products##level(Line, Line, Line, Line) __asm__("rondo.products." machine);                       \
  extern "C" int32_t momentum##level(float, float, float, float, float, float, float, Line, Line, Line, Line,          \
                                     Line) __asm__("rondo.momentum." machine);                                         \
  extern "C" int32_t rms##level(float, float, float, float, float, float, float, Line, Line, Line, Line,               \
                                Line) __asm__("rondo.rms." machine);                                                   \
  extern "C" int32_t adam##level(float, float, float, float, float, float, float, float, float, float, float, Line,    \
                                 Line, Line, Line, Line, Line, Line) __asm__("rondo.adam." machine);
#if defined(__x86_64__)
RONDO_VECTOR_CODE(2, "x86-64-v2")
RONDO_VECTOR_CODE(3, "x86-64-v3")
RONDO_VECTOR_CODE(4, "x86-64-v4")
#elif defined(__aarch64__)
RONDO_VECTOR_CODE(0, "aarch64")
#endif

namespace rondo::runtime {
namespace {

constexpr float infinity = INFINITY;

struct Machine {
  const char *name;
  int32_t level;
  Lines lines;
};
const Machine machines[] = {
    {"Plain", 0, {}},
#if defined(__x86_64__)
    {"X8664V2", 2, {exps2, combine2, products2, momentum2, rms2, adam2}},
    {"X8664V3", 3, {exps3, combine3, products3, momentum3, rms3, adam3}},
    {"X8664V4", 4, {exps4, combine4, products4, momentum4, rms4, adam4}},
#elif defined(__aarch64__)
    {"Aarch64", 0, {exps0, combine0, products0, momentum0, rms0, adam0}},
#endif
};

class LinesTest : public testing::TestWithParam<Machine> {
protected:
  void SetUp() override {
    if (GetParam().level > cpuLevel())
      GTEST_SKIP() << "this machine has no such level";
  }
  const Lines *lines() const { return &GetParam().lines; }

  std::vector<float> softmax(const std::vector<float> &x, int64_t size, bool logarithm = false) {
    constexpr float untouched = 12345;
    std::vector<float> y(x.size() + 64, untouched);
    (logarithm ? logSoftmaxLines : softmaxLines)(lines(), x.data(), y.data(), size, int64_t(x.size()) / size);
    for (size_t i = x.size(); i < y.size(); ++i)
      EXPECT_EQ(y[i], untouched) << "written behind the last line";
    y.resize(x.size());
    return y;
  }
  std::vector<float> logSoftmax(const std::vector<float> &x, int64_t size) { return softmax(x, size, true); }

  std::vector<float> numbers(int64_t count, float range) {
    std::uniform_real_distribution<float> distribution(-range, range);
    std::vector<float> result(count);
    for (float &x : result)
      x = distribution(random);
    return result;
  }
  std::mt19937 random{7};
};

bool sameBits(const float *a, const float *b, size_t count) { return !std::memcmp(a, b, count * sizeof(float)); }

const int64_t sizes[] = {1, 2, 3, 5, 8, 15, 16, 17, 24, 31, 32, 33, 47, 48, 63, 64, 65, 100, 257, 1000, 5000};

TEST_P(LinesTest, SoftmaxIsThatOfDoublePrecision) {
  for (int64_t size : sizes) {
    const int64_t count = 5;
    std::vector<float> x = numbers(size * count, 30), y = softmax(x, size), logs = logSoftmax(x, size);
    for (int64_t line = 0; line < count; ++line) {
      const float *from = &x[line * size];
      float most = *std::max_element(from, from + size);
      double sum = 0;
      for (int64_t i = 0; i < size; ++i)
        sum += std::exp(double(from[i] - most)); // the difference in single precision is part of the definition
      for (int64_t i = 0; i < size; ++i) {
        double expected = std::exp(double(from[i] - most)) / sum;
        EXPECT_NEAR(y[line * size + i], expected, expected * 6e-7) << size << ": " << i;
        double log = double(from[i] - most) - std::log(sum);
        EXPECT_NEAR(logs[line * size + i], log, 3e-7 * (1 + std::fabs(log))) << size << ": " << i;
      }
    }
  }
}

TEST_P(LinesTest, SoftmaxOfManyLinesIsThatOfEach) {
  for (int64_t size : sizes) {
    const int64_t count = size > 1000 ? 3 : 150;
    std::vector<float> x = numbers(size * count, 12);
    for (bool logarithm : {false, true}) {
      std::vector<float> together = softmax(x, size, logarithm);
      for (int64_t line = 0; line < count; ++line) {
        std::vector<float> alone =
            softmax(std::vector<float>(&x[line * size], &x[line * size] + size), size, logarithm);
        ASSERT_TRUE(sameBits(alone.data(), &together[line * size], size)) << size << ": " << line;
      }
    }
  }
}

TEST_P(LinesTest, SoftmaxOfNothingButMinusInfinityIsZero) {
  for (int64_t size : sizes) {
    for (float y : softmax(std::vector<float>(size, -infinity), size))
      EXPECT_EQ(y, 0) << size;
    for (float y : logSoftmax(std::vector<float>(size, -infinity), size))
      EXPECT_EQ(y, -infinity) << size;
  }
}

TEST_P(LinesTest, SoftmaxLeavesOutMinusInfinity) {
  for (int64_t size : sizes) {
    std::vector<float> x = numbers(size, 4), kept;
    for (int64_t i = 0; i < size; ++i)
      i % 3 == 1 ? void(x[i] = -infinity) : kept.push_back(x[i]);
    std::vector<float> y = softmax(x, size), logs = logSoftmax(x, size);
    std::vector<float> expected = softmax(kept, int64_t(kept.size()));
    for (int64_t i = 0, k = 0; i < size; ++i) {
      if (i % 3 == 1) {
        EXPECT_EQ(y[i], 0) << size;
        EXPECT_EQ(logs[i], -infinity) << size;
      } else {
        EXPECT_NEAR(y[i], expected[k++], 1e-6) << size;
      }
    }
  }
}

TEST_P(LinesTest, SoftmaxSpreadsNaNAndInfinityThroughItsLineOnly) {
  for (int64_t size : sizes)
    for (float odd : {NAN, infinity})
      for (float other : {1.0f, -infinity})
        for (int64_t at : {int64_t(0), size / 2, size - 1}) {
          std::vector<float> x(3 * size, 1.0f);
          std::fill(&x[size], &x[2 * size], other);
          x[size + at] = odd;
          for (bool logarithm : {false, true}) {
            std::vector<float> y = softmax(x, size, logarithm);
            int64_t numbersOf = 0;
            for (int64_t i = 0; i < size; ++i) {
              numbersOf += y[size + i] == y[size + i];
              EXPECT_EQ(y[i], y[i]);
              EXPECT_EQ(y[2 * size + i], y[i]);
            }
            EXPECT_EQ(numbersOf, 0) << size << ": " << odd << " at " << at;
          }
        }
}

TEST_P(LinesTest, SoftmaxHasSubnormalResults) {
  for (int64_t size : {5, 16, 40}) {
    std::vector<float> x(size, -95.0f);
    x[0] = 0;
    for (int64_t i = 1; i < size; ++i)
      EXPECT_NEAR(softmax(x, size)[i] * 1e38, std::exp(-95.0) * 1e38, 1e-5);
    x.assign(size, -1000.0f);
    x[size - 1] = 0;
    EXPECT_EQ(softmax(x, size)[0], 0);
    EXPECT_EQ(logSoftmax(x, size)[0], -1000);
  }
}

TEST_P(LinesTest, CombinedLinesAreAddedUpInOrder) {
  for (int64_t size : sizes)
    for (int64_t count : {0, 1, 3, 4, 7, 20, 300})
      for (int64_t step : {0, 1, 3}) {
        int64_t stride = size + count % 3 * 5;
        std::vector<float> x = numbers(stride * count + size, 2), factors = numbers(step * count + 1, 2);
        std::vector<float> expected(size), y(size + 64, 12345.0f);
        for (int64_t l = 0; l < count; ++l)
          for (int64_t i = 0; i < size; ++i) {
            volatile float product = factors[l * step] * x[l * stride + i]; // rounded, whatever the compiler
            expected[i] += product;
          }
        combineLines(lines(), factors.data(), step, x.data(), stride, y.data(), size, count);
        EXPECT_TRUE(sameBits(y.data(), expected.data(), size)) << size << " x " << count;
        for (size_t i = size; i < y.size(); ++i)
          EXPECT_EQ(y[i], 12345.0f) << "written behind the line";
      }
}

TEST_P(LinesTest, CombinedLinesKeepNaNAndInfinity) {
  const int64_t size = 70, count = 8;
  std::vector<float> x(size * count, 1.0f), factors(count, 0.0f), y(size);
  x[3 * size + 5] = infinity; // times 0
  x[4 * size + 68] = NAN;
  factors[7] = -infinity;
  x[7 * size + 20] = 0;
  combineLines(lines(), factors.data(), 1, x.data(), size, y.data(), size, count);
  for (int64_t i = 0; i < size; ++i)
    if (i == 5 || i == 20 || i == 68)
      EXPECT_NE(y[i], y[i]) << i;
    else
      EXPECT_EQ(y[i], -infinity) << i;
}

std::string nameOf(const testing::TestParamInfo<Machine> &info) { return info.param.name; }
/// Tiles of all widths, in the middle of other memory: each element is the sum of what was there and of its products.
TEST_P(LinesTest, ProductsAreAdded) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-1, 1);
  auto numbers = [&](int64_t count) {
    std::vector<float> values(count);
    for (float &value : values)
      value = uniform(random);
    return values;
  };
  for (int64_t width = lineLanes; width <= 3 * lineLanes; width += lineLanes)
    for (int64_t count : {0, 1, 2, 7, 128})
      for (int64_t stride : {width, width + 5}) {
        std::vector<float> a = numbers(count * tileLines), b = numbers(count * width), y = numbers(tileLines * stride);
        std::vector<float> before = y;
        addProducts(lines(), a.data(), b.data(), y.data(), width, count, stride);
        for (int64_t i = 0; i < tileLines; ++i)
          for (int64_t j = 0; j < stride && i * stride + j < int64_t(y.size()); ++j) {
            double expected = before[i * stride + j];
            for (int64_t t = 0; t < count && j < width; ++t)
              expected += double(a[t * tileLines + i]) * b[t * width + j];
            EXPECT_NEAR(y[i * stride + j], expected, j < width ? 1e-5 : 0)
                << width << " " << count << " " << i << " " << j;
          }
      }
}

// Optimisers take vector code for whole vectors and plain code for the rest; it must not be seen which did what.
TEST_P(LinesTest, OptimisersGiveTheBitsOfPlainCode) {
  for (Optimiser::Kind kind : {Optimiser::Kind::Sgd, Optimiser::Kind::RmsProp, Optimiser::Kind::Adam})
    for (int64_t count : {15, 16, 1000, 4097}) {
      Optimiser how;
      how.kind = kind;
      how.momentum = kind == Optimiser::Kind::Sgd ? 0.9 : 0;
      how.nesterov = kind == Optimiser::Kind::Sgd && count > 1000;
      how.decay = 0.01;
      std::vector<float> p = numbers(count, 2), state(size_t(2 * count)), plainP = p, plainState = state;
      for (int64_t step = 1; step <= 5; ++step) {
        std::vector<float> g = numbers(count, 3);
        g[size_t(count / 2)] = step == 3 ? 1e-30f : 0;
        g[size_t(count / 3)] = step == 4 ? NAN : 1e30f;
        Clip clip;
        clip.limit = step == 2 ? INFINITY : 1.5f;
        clip.factor = step == 5 ? 0.25f : 1;
        optimise(how, lines(), step, 0.01, clip, p.data(), g.data(), state.data(), count, count);
        optimise(how, nullptr, step, 0.01, clip, plainP.data(), g.data(), plainState.data(), count, count);
      }
      EXPECT_TRUE(sameBits(p.data(), plainP.data(), size_t(count))) << int(kind) << " " << count;
      EXPECT_TRUE(sameBits(state.data(), plainState.data(), size_t(2 * count))) << int(kind) << " " << count;
    }
}

INSTANTIATE_TEST_SUITE_P(Machines, LinesTest, testing::ValuesIn(machines), nameOf);

} // namespace
} // namespace rondo::runtime
