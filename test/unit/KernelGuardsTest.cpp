// Products that count only where another number is not zero.
#include "KernelTesting.h"
#include "compiler/Cpu/KernelParts.h"
#include <cmath>

using namespace rondo;
using namespace rondo::cpu;
using reference::replaced;

namespace {

/// y = a * tanh(U h + x) + old, where the rate is a number or, as "mul" has it, one an element.
std::string blend(const std::string &rate, const std::string &by) {
  return replaced(replaced(R"(
rnn.model @m(%x "x" : !rnn.stream<40xf32, #t>, %h "h" : !rnn.stream<24xf32, #t>, %a "a" : !rnn.stream<$Ax, #t>, %old "old" : !rnn.stream<40xf32, #t>) {
  %U = rnn.param "U" init(normal(1.0)) : tensor<40x24xf32>
  %uh = rnn.matmul %U, %h : tensor<40x24xf32>, !rnn.stream<24xf32, #t>
  %z = rnn.add %uh, %x : !rnn.stream<40xf32, #t>
  %n = rnn.tanh %z : !rnn.stream<40xf32, #t>
  %r = $B %a, %n : $T!rnn.stream<40xf32, #t>
  %y = rnn.add %r, %old : !rnn.stream<40xf32, #t>
  rnn.return "y" = %y : !rnn.stream<40xf32, #t>
})",
                           "$Ax", rate),
                  "$B", by);
}

const std::string scalar = replaced(blend("f32", "rnn.scale"), "$T", "!rnn.stream<f32, #t>, ");
const std::string each = replaced(blend("40xf32", "rnn.mul"), "$T", "");

/// With weights that make whatever they meet NaN.
void spoil(TestKernel &kernel) {
  reference::Array weights{{40, 24}, true, std::vector<double>(40 * 24, INFINITY), {}};
  for (size_t i = 0; i < weights.reals.size(); i += 2)
    weights.reals[i] = -INFINITY;
  kernel.setParams({{"U", weights}});
}

TEST(KernelGuards, NothingOfATileIsComputedWhereItsRateIsZero) {
  for (const std::string &text : {scalar, each})
    for (const Isa &isa : runnableLevels())
      for (int64_t rows : {1, 5, 13}) {
        TestKernel kernel(text, isa, 40);
        Rows all = kernel.inputs(rows);
        for (double &rate : all["a"].reals)
          rate = 0;
        spoil(kernel);
        EXPECT_EQ(kernel.run(all)["y"].reals, all["old"].reals) << nameOf(isa) << ' ' << rows;
      }
}

TEST(KernelGuards, OneRowThatCountsIsEnough) {
  for (const std::string &text : {scalar, each})
    for (const Isa &isa : runnableLevels()) {
      TestKernel kernel(text, isa, 40);
      Rows all = kernel.inputs(29);
      std::vector<double> &rates = all["a"].reals;
      for (size_t i = 0; i < rates.size(); ++i)
        if (i / (rates.size() / 29) % 7 != 3)
          rates[i] = i % 2 ? 0 : -0.0;
      expectSame(kernel.run(all), kernel.expected(all), 1e-5, nameOf(isa));
    }
}

TEST(KernelGuards, ARateThatIsNoNumberCounts) {
  for (const Isa &isa : runnableLevels()) {
    TestKernel kernel(scalar, isa, 40);
    Rows all = kernel.inputs(3);
    all["a"].reals = {0, NAN, 0};
    expectSame(kernel.run(all), kernel.expected(all), 1e-5, nameOf(isa));
  }
}

TEST(KernelGuards, AProductThatIsUsedElsewhereTooIsComputed) {
  std::string text = replaced(scalar, "rnn.add %r, %old", "rnn.add %r, %uh");
  for (const Isa &isa : runnableLevels()) {
    TestKernel kernel(text, isa, 40);
    Rows all = kernel.inputs(4);
    for (double &rate : all["a"].reals)
      rate = 0;
    expectSame(kernel.run(all), kernel.expected(all), 1e-5, nameOf(isa));
  }
}

} // namespace
