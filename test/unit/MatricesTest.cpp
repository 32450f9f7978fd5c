// Kernels of matrices as wholes against the interpreter: products of each form and shape, and transposes.
#include "compiler/Cpu/Matrices.h"
#include "KernelTesting.h"
#include "fmt/format.h"

using namespace rondo;
using namespace rondo::cpu;

namespace {

std::string stream(std::initializer_list<int64_t> shape) {
  return fmt::format("!rnn.stream<{}{}f32, #t>", fmt::join(shape, "x"), shape.size() ? "x" : "");
}

/// The result of an operation, written without its types, of x and y.
std::string modelOf(const std::string &operation, const std::string &types, const std::string &x, const std::string &y,
                    const std::string &result) {
  return fmt::format(R"(
rnn.model @m(%x "x" : {}, %y "y" : {}) {{
  %z = rnn.{} : {}
  rnn.return "z" = %z : {}
}})",
                     x, y, operation, types, result);
}

/// On several rows, wherever they lie, and for some of the blocks.
void expectKernel(const std::string &text) {
  for (const Isa &isa : runnableLevels()) {
    TestKernel kernel(text, isa);
    if (testing::Test::HasFailure())
      return;
    Rows all = kernel.inputs(5), expected = kernel.expected(all), full = kernel.run(all);
    expectSame(full, expected, 2e-5, nameOf(isa) + text);
    for (Layout layout : {Layout::Padded, Layout::Listed}) {
      Rows part = kernel.run(all, layout, 1, 4);
      for (int64_t row = 0; row < 3; ++row)
        expectSameBits(part, row, full, 1 + row, nameOf(isa) + text);
    }
    int64_t blocks = blocksOf(kernel.kernel(), isa);
    for (int64_t block = 0; block < blocks; ++block) {
      Rows some = kernel.run(all, Layout::Dense, 0, 5, block, block + 1);
      const std::vector<double> &found = some.at("z").reals, &whole = full.at("z").reals;
      size_t written = 0;
      for (size_t i = 0; i < found.size(); ++i)
        written += found[i] == whole[i];
      EXPECT_LT(0u, written) << nameOf(isa) << text;
      EXPECT_TRUE(blocks == 1 || written < found.size()) << nameOf(isa) << text;
    }
    if (testing::Test::HasFailure())
      return;
  }
}

/// Each form of a product with m lines, n columns and sums of k.
void expectProducts(int64_t m, int64_t k, int64_t n) {
  std::string result = stream({m, n});
  auto matmul = [&](const char *form, const std::string &x, const std::string &y) {
    expectKernel(modelOf(fmt::format("matmul {}%x, %y", form), x + ", " + y, x, y, result));
  };
  auto outer = [&](const char *form, const std::string &x, const std::string &y) {
    expectKernel(modelOf(fmt::format("outer {}%x, %y", form), x + ", " + y + " -> " + result, x, y, result));
  };
  matmul("", stream({m, k}), stream({k, n}));
  matmul("transposed ", stream({k, m}), stream({k, n}));
  outer("", stream({m, k}), stream({n, k}));
  outer("transposed ", stream({k, m}), stream({k, n}));
}

TEST(Matrices, ProductsOfAllShapes) {
  for (int64_t m : {1, 5, 13, 33})
    for (int64_t k : {1, 3, 40})
      for (int64_t n : {1, 4, 16, 20, 81})
        if (!testing::Test::HasFailure())
          expectProducts(m, k, n);
}

TEST(Matrices, LongSums) {
  for (int64_t k : {128, 129, 256, 300})
    if (!testing::Test::HasFailure())
      expectProducts(7, k, 21);
}

TEST(Matrices, ProductsWithVectors) {
  for (int64_t m : {1, 7, 16, 35})
    for (int64_t k : {1, 9, 33}) {
      std::string matrix = stream({m, k}), turned = stream({k, m}), vector = stream({k}), result = stream({m});
      expectKernel(modelOf("matmul %x, %y", matrix + ", " + vector, matrix, vector, result));
      expectKernel(modelOf("matmul transposed %x, %y", turned + ", " + vector, turned, vector, result));
      expectKernel(modelOf("matmul %x, %y", vector + ", " + turned, vector, turned, result));
      expectKernel(modelOf("outer %x, %y", vector + ", " + matrix + " -> " + result, vector, matrix, result));
      if (testing::Test::HasFailure())
        return;
    }
  std::string number = stream({}), vector = stream({9});
  expectKernel(modelOf("outer %x, %y", number + ", " + vector + " -> " + vector, number, vector, vector));
}

TEST(Matrices, Transposes) {
  for (int64_t m : {1, 3, 16, 21, 64})
    for (int64_t n : {1, 5, 16, 35}) {
      expectKernel(fmt::format(R"(
rnn.model @m(%x "x" : {0}) {{
  %z = rnn.transpose %x [1, 0] : {0}
  rnn.return "z" = %z : {1}
}})",
                               stream({m, n}), stream({n, m})));
      if (testing::Test::HasFailure())
        return;
    }
}

} // namespace
