// Kernels with products.
#include "KernelTesting.h"

using namespace rondo;
using namespace rondo::cpu;
using reference::replaced;

namespace {

std::string sized(std::string text, std::initializer_list<std::pair<std::string, int64_t>> sizes) {
  for (const auto &[name, size] : sizes)
    text = replaced(text, name, std::to_string(size));
  return text;
}

/// Any number of rows gives each row the bits it has alone; some of the blocks of columns the bits they have in all.
void expectProducts(const std::string &text, int64_t width, const Isa &isa, double tolerance) {
  TestKernel kernel(text, isa, width);
  Rows all = kernel.inputs(67), expected = kernel.expected(all);
  if (testing::Test::HasFailure())
    return;
  Rows full = kernel.run(all);
  expectSame(full, expected, tolerance, nameOf(isa) + "\n" + text);
  // Where rows lie is nothing that formats of weights differ in.
  bool isReal = isa.weights == WeightFormat::F32;
  std::vector<Layout> layouts{Layout::Listed};
  if (isReal)
    layouts.insert(layouts.end(), {Layout::Dense, Layout::Padded});
  std::vector<int64_t> counts = isReal ? std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 29}
                                       : std::vector<int64_t>{1, 5, 8, 13, 16, 17, 33, 64};
  for (Layout layout : layouts)
    for (int64_t rows : counts) {
      int64_t begin = (67 - rows) / 2;
      Rows part = kernel.run(all, layout, begin, begin + rows);
      for (int64_t row = 0; row < rows; ++row)
        expectSameBits(part, row, full, begin + row,
                       nameOf(isa) + ", row " + std::to_string(row) + " of " + std::to_string(rows) + text);
      if (testing::Test::HasFailure())
        return;
    }
  int64_t blocks = blocksOf(kernel.kernel(), isa), half = blocks / 2;
  if (half == 0)
    return;
  for (int64_t rows : {1, 5}) {
    Rows first = kernel.run(all, Layout::Dense, 0, rows, 0, half);
    Rows second = kernel.run(all, Layout::Dense, 0, rows, half, blocks);
    Rows back = kernel.run(all, Layout::Dense, 0, rows, blocks, 0);
    for (auto &[name, array] : first)
      for (int64_t i = 0; i < rows * width; ++i) {
        bool isFirst = i % width < half * isa.lanes();
        EXPECT_EQ((isFirst ? array : second[name]).reals[i], full[name].reals[i]) << name << ' ' << i;
        EXPECT_EQ(back[name].reals[i], full[name].reals[i]) << name << ' ' << i << ", from the last block to the first";
      }
  }
}

void expectProducts(const std::string &text, int64_t width, double tolerance = 1e-5) {
  for (WeightFormat format : {WeightFormat::F32, WeightFormat::BF16, WeightFormat::Int8})
    for (const Isa &isa : runnableLevels(format))
      expectProducts(text, width, isa, tolerance);
}

TEST(KernelProducts, AreMatricesTimesRows) {
  for (auto [m, k] : {std::pair(1, 40), {3, 64}, {5, 3}, {17, 33}, {64, 16}, {130, 21}, {70, 95}})
    for (const char *transposed : {"", "transposed "}) {
      int64_t outer = *transposed ? k : m, inner = *transposed ? m : k;
      expectProducts(sized(replaced(R"(
rnn.model @m(%x "x" : !rnn.stream<$Kxf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<$OUTx$INxf32>
  %b = rnn.param "b" init(normal(1.0)) : tensor<$Mxf32>
  %bt = rnn.lift %b : tensor<$Mxf32> -> !rnn.stream<$Mxf32, #t>
  %y = rnn.matmul $T%W, %x : tensor<$OUTx$INxf32>, !rnn.stream<$Kxf32, #t>
  %z = rnn.add %y, %bt : !rnn.stream<$Mxf32, #t>
  rnn.return "z" = %z : !rnn.stream<$Mxf32, #t>
})",
                                    "$T", transposed),
                           {{"$OUT", outer}, {"$IN", inner}, {"$M", m}, {"$K", k}}),
                     m);
    }
}

const char *const lstm = R"(
rnn.model @lstm(%wx "wx" : !rnn.stream<$Zxf32, #t>, %h "h" : !rnn.stream<$Hxf32, #t>, %c "c" : !rnn.stream<$Hxf32, #t>) {
  %U = rnn.param "U" init(orthogonal) : tensor<$Zx$Hxf32>
  %b = rnn.param "b" init(normal(1.0)) : tensor<$Zxf32>
  %bt = rnn.lift %b : tensor<$Zxf32> -> !rnn.stream<$Zxf32, #t>
  %uh = rnn.matmul %U, %h : tensor<$Zx$Hxf32>, !rnn.stream<$Hxf32, #t>
  %z0 = rnn.add %wx, %bt : !rnn.stream<$Zxf32, #t>
  %z = rnn.add %z0, %uh : !rnn.stream<$Zxf32, #t>
  %zi, %zf, %zg, %zo = rnn.split %z axis 0 : !rnn.stream<$Zxf32, #t> -> !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>
  %i = rnn.sigmoid %zi : !rnn.stream<$Hxf32, #t>
  %f = rnn.sigmoid %zf : !rnn.stream<$Hxf32, #t>
  %g = rnn.tanh %zg : !rnn.stream<$Hxf32, #t>
  %o = rnn.sigmoid %zo : !rnn.stream<$Hxf32, #t>
  %fc = rnn.mul %f, %c : !rnn.stream<$Hxf32, #t>
  %ig = rnn.mul %i, %g : !rnn.stream<$Hxf32, #t>
  %c1 = rnn.add %fc, %ig : !rnn.stream<$Hxf32, #t>
  %tc = rnn.tanh %c1 : !rnn.stream<$Hxf32, #t>
  %h1 = rnn.mul %o, %tc : !rnn.stream<$Hxf32, #t>
  rnn.return "c" = %c1, "h" = %h1 : !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>
})";

TEST(KernelProducts, MeetInUnits) {
  for (int64_t h : {1, 3, 7, 15, 16, 17, 64, 100})
    expectProducts(sized(lstm, {{"$H", h}, {"$Z", 4 * h}}), h);
}

TEST(KernelProducts, OfOneCellMayBeSeveral) {
  // A GRU's candidate needs both products apart, its gates need their sum.
  for (int64_t h : {5, 16, 40})
    expectProducts(sized(R"(
rnn.model @gru(%x "x" : !rnn.stream<$Kxf32, #t>, %h "h" : !rnn.stream<$Hxf32, #t>) {
  %W = rnn.param "W" init(normal(0.5)) : tensor<$Zx$Kxf32>
  %U = rnn.param "U" init(normal(0.5)) : tensor<$Zx$Hxf32>
  %wx = rnn.matmul %W, %x : tensor<$Zx$Kxf32>, !rnn.stream<$Kxf32, #t>
  %uh = rnn.matmul %U, %h : tensor<$Zx$Hxf32>, !rnn.stream<$Hxf32, #t>
  %xr, %xz, %xn = rnn.split %wx axis 0 : !rnn.stream<$Zxf32, #t> -> !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>
  %hr, %hz, %hn = rnn.split %uh axis 0 : !rnn.stream<$Zxf32, #t> -> !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>
  %zr = rnn.add %xr, %hr : !rnn.stream<$Hxf32, #t>
  %r = rnn.sigmoid %zr : !rnn.stream<$Hxf32, #t>
  %zz = rnn.add %xz, %hz : !rnn.stream<$Hxf32, #t>
  %z = rnn.sigmoid %zz : !rnn.stream<$Hxf32, #t>
  %rn = rnn.mul %r, %hn : !rnn.stream<$Hxf32, #t>
  %zn = rnn.add %xn, %rn : !rnn.stream<$Hxf32, #t>
  %n = rnn.tanh %zn : !rnn.stream<$Hxf32, #t>
  %d = rnn.sub %h, %n : !rnn.stream<$Hxf32, #t>
  %zd = rnn.mul %z, %d : !rnn.stream<$Hxf32, #t>
  %h1 = rnn.add %n, %zd : !rnn.stream<$Hxf32, #t>
  rnn.return "h" = %h1, "r" = %r : !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>
})",
                         {{"$H", h}, {"$Z", 3 * h}, {"$K", 9}}),
                   h);
}

TEST(KernelProducts, MayHaveManyGates) {
  std::string split, types, sum = "%p0";
  constexpr int64_t gates = 11, h = 20;
  for (int64_t i = 0; i < gates; ++i) {
    split += (i ? ", %p" : "%p") + std::to_string(i);
    types += std::string(i ? ", " : "") + "!rnn.stream<20xf32, #t>";
  }
  std::string sums;
  for (int64_t i = 1; i < gates; ++i) {
    std::string next = "%s" + std::to_string(i);
    sums += "  " + next + " = rnn.sub %p" + std::to_string(i) + ", " + sum + " : !rnn.stream<20xf32, #t>\n";
    sum = next;
  }
  expectProducts(R"(
rnn.model @m(%x "x" : !rnn.stream<9xf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<220x9xf32>
  %y = rnn.matmul %W, %x : tensor<220x9xf32>, !rnn.stream<9xf32, #t>
  )" + split + " = rnn.split %y axis 0 : !rnn.stream<220xf32, #t> -> " +
                     types + "\n" + sums + "  rnn.return \"y\" = " + sum + " : !rnn.stream<20xf32, #t>\n}",
                 h);
}

TEST(KernelProducts, MayBePartsOfJoins) {
  expectProducts(R"(
rnn.model @m(%x "x" : !rnn.stream<10xf32, #t>) {
  %V = rnn.param "V" init(normal(1.0)) : tensor<21x10xf32>
  %W = rnn.param "W" init(normal(1.0)) : tensor<30x10xf32>
  %a = rnn.matmul %V, %x : tensor<21x10xf32>, !rnn.stream<10xf32, #t>
  %b = rnn.matmul %W, %x : tensor<30x10xf32>, !rnn.stream<10xf32, #t>
  %z = rnn.concat %a, %b axis 0 : !rnn.stream<21xf32, #t>, !rnn.stream<30xf32, #t>
  %y = rnn.relu %z : !rnn.stream<51xf32, #t>
  rnn.return "y" = %y : !rnn.stream<51xf32, #t>
})",
                 51);
}

TEST(KernelProducts, MayBeSingleElements) {
  expectProducts(R"(
rnn.model @m(%x "x" : !rnn.stream<10xf32, #t>, %y "y" : !rnn.stream<40xf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<2x10xf32>
  %a = rnn.matmul %W, %x : tensor<2x10xf32>, !rnn.stream<10xf32, #t>
  %p, %q = rnn.split %a axis 0 : !rnn.stream<2xf32, #t> -> !rnn.stream<1xf32, #t>, !rnn.stream<1xf32, #t>
  %s = rnn.reshape %q : !rnn.stream<1xf32, #t> -> !rnn.stream<f32, #t>
  %g = rnn.sigmoid %s : !rnn.stream<f32, #t>
  %z = rnn.scale %g, %y : !rnn.stream<f32, #t>, !rnn.stream<40xf32, #t>
  rnn.return "z" = %z : !rnn.stream<40xf32, #t>
})",
                 40);
}

TEST(KernelProducts, MayBeBothInColumnsAndSingle) {
  expectProducts(R"(
rnn.model @m(%x "x" : !rnn.stream<10xf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<90x10xf32>
  %V = rnn.param "V" init(normal(1.0)) : tensor<89x10xf32>
  %a = rnn.matmul %W, %x : tensor<90x10xf32>, !rnn.stream<10xf32, #t>
  %b = rnn.matmul %V, %x : tensor<89x10xf32>, !rnn.stream<10xf32, #t>
  %p, %q = rnn.split %a axis 0 : !rnn.stream<90xf32, #t> -> !rnn.stream<89xf32, #t>, !rnn.stream<1xf32, #t>
  %s = rnn.reshape %q : !rnn.stream<1xf32, #t> -> !rnn.stream<f32, #t>
  %g = rnn.sigmoid %s : !rnn.stream<f32, #t>
  %y = rnn.add %p, %b : !rnn.stream<89xf32, #t>
  %z = rnn.scale %g, %y : !rnn.stream<f32, #t>, !rnn.stream<89xf32, #t>
  rnn.return "z" = %z : !rnn.stream<89xf32, #t>
})",
                 89);
}

TEST(KernelProducts, MayBeNeededBehindAFold) {
  expectProducts(R"(
rnn.model @m(%x "x" : !rnn.stream<10xf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<90x10xf32>
  %a = rnn.matmul %W, %x : tensor<90x10xf32>, !rnn.stream<10xf32, #t>
  %most = rnn.fold max %a all : !rnn.stream<90xf32, #t>
  %wide = rnn.repeat %most : !rnn.stream<f32, #t> -> !rnn.stream<90xf32, #t>
  %d = rnn.sub %a, %wide : !rnn.stream<90xf32, #t>
  %e = rnn.exp %d : !rnn.stream<90xf32, #t>
  rnn.return "e" = %e : !rnn.stream<90xf32, #t>
})",
                 90);
}

TEST(KernelProducts, MayBeFolded) {
  // An energy: what it scores is nowhere in memory.
  for (int64_t h : {5, 40, 70})
    expectProducts(sized(R"(
rnn.model @m(%x "x" : !rnn.stream<10xf32, #t>, %y "y" : !rnn.stream<$Hxf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<$Hx10xf32>
  %v = rnn.param "v" init(normal(1.0)) : tensor<$Hxf32>
  %a = rnn.matmul %W, %x : tensor<$Hx10xf32>, !rnn.stream<10xf32, #t>
  %s = rnn.add %a, %y : !rnn.stream<$Hxf32, #t>
  %t = rnn.tanh %s : !rnn.stream<$Hxf32, #t>
  %e = rnn.matmul %v, %t : tensor<$Hxf32>, !rnn.stream<$Hxf32, #t>
  %m = rnn.fold max %a all : !rnn.stream<$Hxf32, #t>
  rnn.return "e" = %e, "m" = %m, "t" = %t : !rnn.stream<f32, #t>, !rnn.stream<f32, #t>, !rnn.stream<$Hxf32, #t>
})",
                         {{"$H", h}}),
                   h, 2e-5);
}

TEST(KernelProducts, TakePartsOfWhatIsLoaded) {
  expectProducts(R"(
rnn.model @m(%x "x" : !rnn.stream<30xf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<20x10xf32>
  %V = rnn.param "V" init(normal(1.0)) : tensor<2x20xf32>
  %a, %b = rnn.split %x axis 0 : !rnn.stream<30xf32, #t> -> !rnn.stream<20xf32, #t>, !rnn.stream<10xf32, #t>
  %y = rnn.matmul %W, %b : tensor<20x10xf32>, !rnn.stream<10xf32, #t>
  %s = rnn.matmul %V, %a : tensor<2x20xf32>, !rnn.stream<20xf32, #t>
  %s0 = rnn.slice %s [0, 1] axis 0 : !rnn.stream<2xf32, #t>
  %z = rnn.repeat %s0 : !rnn.stream<1xf32, #t> -> !rnn.stream<20x1xf32, #t>
  %f = rnn.reshape %z : !rnn.stream<20x1xf32, #t> -> !rnn.stream<20xf32, #t>
  %w = rnn.add %f, %y : !rnn.stream<20xf32, #t>
  rnn.return "w" = %w : !rnn.stream<20xf32, #t>
})",
                 20);
}

TEST(KernelProducts, MakeObjectsForOtherMachines) {
  for (WeightFormat format : {WeightFormat::F32, WeightFormat::BF16, WeightFormat::Int8})
    TestKernel kernel(sized(lstm, {{"$H", 100}, {"$Z", 400}}), {Isa::Level::Aarch64, format}, 100);
}

const char *const product = R"(
rnn.model @m(%x "x" : !rnn.stream<$Kxf32, #t>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<$Mx$Kxf32>
  %y = rnn.matmul %W, %x : tensor<$Mx$Kxf32>, !rnn.stream<$Kxf32, #t>
  rnn.return "y" = %y : !rnn.stream<$Mxf32, #t>
})";

TEST(KernelProducts, TakeRowsInPartsWhereTheyAreLong) {
  for (const Isa &isa : runnableLevels(WeightFormat::BF16))
    expectProducts(sized(product, {{"$M", 20}, {"$K", 3000}}), 20, isa, 3e-4);
}

TEST(KernelProducts, OfBf16RoundWhatTheyMultiply) {
  // By tiles or pairs, one by one, and along lanes.
  for (auto [m, k] : {std::pair(64, 100), {20, 7}, {2, 300}})
    for (const Isa &isa : runnableLevels(WeightFormat::BF16)) {
      TestKernel kernel(sized(product, {{"$M", m}, {"$K", k}}), isa, m);
      Rows rounded = kernel.inputs(9), given = rounded;
      std::vector<double> &x = given["x"].reals, &y = rounded["x"].reals;
      for (size_t i = 0; i < x.size(); ++i) {
        x[i] = float(std::ldexp(1 + double(i % 1021) / 1021, int(i % 5) - 2) * (i % 3 ? 1 : -1));
        y[i] = roundedToBf16(float(x[i]));
      }
      x[1] = 1 + std::ldexp(1, -8), y[1] = 1;                         // a tie goes to the even one below,
      x[2] = 1 + 3 * std::ldexp(1, -8), y[2] = 1 + std::ldexp(1, -6); // and to the one above
      x[3] = y[3] = -0.0;
      x[k + 4] = y[k + 4] = INFINITY;
      x[2 * k + 5] = y[2 * k + 5] = NAN;
      Rows results = kernel.run(given), expected = kernel.run(rounded);
      std::vector<double> &z = results["y"].reals, &w = expected["y"].reals;
      for (size_t i = 0; i < z.size(); ++i)
        EXPECT_TRUE(z[i] == w[i] || (std::isnan(z[i]) && std::isnan(w[i]))) << nameOf(isa) << ' ' << i;
      EXPECT_TRUE(std::isinf(z[m]) || std::isnan(z[m]));
      EXPECT_TRUE(std::isnan(z[2 * m]));
    }
}

TEST(KernelProducts, ReadLessOfSmallerWeights) {
  auto bytesFor = [](const Isa &isa) {
    return TestKernel(sized(product, {{"$M", 64}, {"$K", 64}}), isa, 64).layouts[0].bytes();
  };
  EXPECT_EQ(bytesFor({Isa::Level::X86_64_v4}), 64 * 64 * 4);
  EXPECT_EQ(bytesFor({Isa::Level::X86_64_v4, WeightFormat::BF16}), 64 * 64 * 2);
  EXPECT_EQ(bytesFor({Isa::Level::X86_64_v4, WeightFormat::Int8}), 64 * 64 + 64 * 4);
}

//===--- Signatures ---===//

TEST(KernelSignature, IsThatOfTheCode) {
  auto signature = [](const std::string &text, int64_t width) {
    TestKernel kernel(text, {Isa::Level::X86_64_v2}, width);
    return signatureOf(kernel.kernel(), {Isa::Level::X86_64_v2});
  };
  std::string text = sized(lstm, {{"$H", 16}, {"$Z", 64}});
  EXPECT_EQ(signature(text, 16), signature(replaced(text, "#t>", "#s>"), 16));
  EXPECT_EQ(signature(text, 16), signature(replaced(text, "\"U\"", "\"other.U\""), 16));
  EXPECT_NE(signature(text, 16), signature(replaced(text, "rnn.tanh %c1", "rnn.sigmoid %c1"), 16));
  EXPECT_NE(signature(text, 16), signature(sized(lstm, {{"$H", 17}, {"$Z", 68}}), 17));
  EXPECT_NE(signature(text, 16), signature(replaced(text, "rnn.mul %f, %c", "rnn.mul %f, %g"), 16));
}

} // namespace
