// How near the functions of kernels come to what they stand for, over numbers of all sizes.
#include "KernelTesting.h"
#include <cstring>
#include <limits>

using namespace rondo;
using namespace rondo::cpu;
using reference::replaced;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();

/// A function of one real, on all elements of a vector at once.
class Function {
public:
  Function(const std::string &name, Isa isa)
      : kernel(replaced(R"(
rnn.model @m(%x "x" : !rnn.stream<1024xf32, #t>) {
  %y = rnn.$F %x : !rnn.stream<1024xf32, #t>
  rnn.return "y" = %y : !rnn.stream<1024xf32, #t>
})",
                        "$F", name),
               isa, 1024),
        isa(isa) {}

  std::vector<float> operator()(std::vector<float> x) {
    size_t count = x.size(), rows = (count + 1023) / 1024;
    x.resize(rows * 1024);
    std::vector<float> y(x.size());
    runtime::Operand operands[] = {{reinterpret_cast<char *>(x.data()), nullptr, 4096},
                                   {reinterpret_cast<char *>(y.data()), nullptr, 4096}};
    kernel.function(operands, 0, rows, 0, blocksOf(kernel.kernel(), isa));
    y.resize(count);
    return y;
  }

private:
  TestKernel kernel;
  Isa isa;
};

/// Numbers of every sign, exponent and many mantissas.
std::vector<float> sweep() {
  std::vector<float> numbers;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 2003) {
    uint32_t low = bits;
    float x;
    std::memcpy(&x, &low, 4);
    if (!std::isnan(x))
      numbers.push_back(x);
  }
  for (int i = -200000; i <= 200000; ++i)
    numbers.push_back(i * 5e-4f);
  return numbers;
}

/// How far a float is from a number, in units of the last place of floats of its size.
double unitsBetween(float actual, double exact) {
  float rounded = exact;
  if (actual == rounded)
    return 0;
  int exponent;
  std::frexp(rounded, &exponent);
  return std::fabs(actual - exact) / std::ldexp(1.0, std::max(exponent, -125) - 24);
}

template <typename Exact, typename Error> void expectWithin(const char *name, Exact exact, Error error, double most) {
  std::vector<float> x = sweep();
  for (const Isa &isa : runnableLevels()) {
    std::vector<float> y = Function(name, isa)(x);
    double worst = 0;
    float where = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      double e = error(y[i], exact(double(x[i])));
      if (!(e <= worst)) {
        worst = e;
        where = x[i];
      }
    }
    EXPECT_LE(worst, most) << name << " of " << where << ", " << nameOf(isa);
  }
}

void expectValues(const char *name, const std::vector<std::pair<float, float>> &values) {
  for (const Isa &isa : runnableLevels()) {
    Function function(name, isa);
    for (auto [x, expected] : values) {
      float y = function({x})[0];
      EXPECT_TRUE(std::isnan(expected) ? std::isnan(y) : y == expected && std::signbit(y) == std::signbit(expected))
          << name << " of " << x << " is " << y << ", " << nameOf(isa);
    }
  }
}

double relative(float actual, double exact) {
  return double(actual) == exact ? 0 : std::fabs(actual - exact) / std::max(std::fabs(exact), 1.5e-38);
}
double absolute(float actual, double exact) { return std::fabs(actual - exact); }

TEST(KernelActivations, TanhIsNear) {
  expectWithin("tanh", [](double x) { return std::tanh(x); }, relative, 3e-7);
  expectValues("tanh", {{0, 0}, {-0.0f, -0.0f}, {infinity, 1}, {-infinity, -1}, {30, 1}, {-30, -1}, {nan, nan}});
}

TEST(KernelActivations, TanhStaysWithinOne) {
  for (const Isa &isa : runnableLevels())
    for (float y : Function("tanh", isa)(sweep()))
      ASSERT_LE(std::fabs(y), 1) << nameOf(isa);
}

TEST(KernelActivations, SigmoidIsNear) {
  expectWithin("sigmoid", [](double x) { return rnn::sigmoid(x); }, absolute, 1e-7);
  expectValues("sigmoid", {{0, 0.5f}, {infinity, 1}, {30, 1}, {nan, nan}});
  for (const Isa &isa : runnableLevels())
    EXPECT_NEAR(Function("sigmoid", isa)({-infinity})[0], 0, 1e-37) << nameOf(isa);
}

TEST(KernelActivations, ExpIsNear) {
  expectWithin("exp", [](double x) { return std::exp(x); }, unitsBetween, 2);
  expectValues("exp", {{0, 1},
                       {-0.0f, 1},
                       {infinity, infinity},
                       {-infinity, 0},
                       {88.8f, infinity},
                       {1000, infinity},
                       {-104, 0},
                       {-1000, 0},
                       {nan, nan}});
}

TEST(KernelActivations, LogIsNear) {
  auto exact = [](double x) { return x < 0 ? 0 : std::log(x); };
  auto error = [](float actual, double exact) { return std::isnan(actual) ? 0 : unitsBetween(actual, exact); };
  expectWithin("log", exact, error, 2);
  expectValues("log", {{1, 0},
                       {0, -infinity},
                       {-0.0f, -infinity},
                       {-1, nan},
                       {-1e-40f, nan},
                       {-infinity, nan},
                       {infinity, infinity},
                       {nan, nan}});
}

TEST(KernelActivations, SinAndCosAreNear) {
  auto error = [](float actual, double exact) {
    return std::isnan(exact) ? double(!std::isnan(actual)) : unitsBetween(actual, exact);
  };
  expectWithin("sin", [](double x) { return std::sin(x); }, error, 2);
  expectWithin("cos", [](double x) { return std::cos(x); }, error, 2);
  expectValues("sin", {{0, 0}, {-0.0f, -0.0f}, {infinity, nan}, {-infinity, nan}, {nan, nan}});
  expectValues("cos", {{0, 1}, {-0.0f, 1}, {infinity, nan}, {-infinity, nan}, {nan, nan}});
}

// Numbers beside one another do not depend on each other.
TEST(KernelActivations, SinOfANumberIsTheSameWhateverIsBeside) {
  for (const Isa &isa : runnableLevels()) {
    Function sine("sin", isa);
    std::vector<float> near, mixed;
    for (int i = 0; i < 1024; ++i) {
      near.push_back(0.37f * i);
      mixed.push_back(i % 5 ? near.back() : 3e7f * i);
    }
    std::vector<float> y = sine(near), z = sine(mixed);
    for (int i = 0; i < 1024; ++i)
      ASSERT_TRUE(i % 5 == 0 || y[i] == z[i]) << near[i] << ", " << nameOf(isa);
  }
}

// Next to multiples of pi little is left of a number.
TEST(KernelActivations, SinAndCosAreNearWhereTheyAreSmall) {
  std::vector<float> x;
  for (int i = -660000; i <= 660000; i += 7) {
    float at = float(i * 1.57079632679489662);
    x.insert(x.end(), {std::nextafter(at, -infinity), at, std::nextafter(at, infinity)});
  }
  for (const Isa &isa : runnableLevels()) {
    std::vector<float> sine = Function("sin", isa)(x), cosine = Function("cos", isa)(x);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(unitsBetween(sine[i], std::sin(double(x[i]))), 2) << x[i] << ", " << nameOf(isa);
      ASSERT_LE(unitsBetween(cosine[i], std::cos(double(x[i]))), 2) << x[i] << ", " << nameOf(isa);
    }
  }
}

TEST(KernelActivations, SimpleFunctionsAreExact) {
  expectValues("sqrt", {{4, 2}, {0, 0}, {-1, nan}, {infinity, infinity}, {nan, nan}});
  expectValues("floor", {{1.5f, 1}, {-1.5f, -2}, {1e30f, 1e30f}, {nan, nan}});
  expectValues("abs", {{-1.5f, 1.5f}, {-infinity, infinity}, {nan, nan}});
  expectValues("relu", {{-1, 0}, {2, 2}, {-infinity, 0}, {infinity, infinity}, {nan, nan}});
}

} // namespace
