// Kernels against the interpreter: whatever the level, the width, the number of rows and where they lie.
#include "KernelTesting.h"

using namespace rondo;
using namespace rondo::cpu;
using reference::replaced;

namespace {

const std::vector<Layout> layouts = {Layout::Dense, Layout::Padded, Layout::Listed};

/// Runs it on 1 to 13 rows, in each layout, and holds the bits of some rows against those of the row alone.
void expectKernel(const std::string &text, int64_t width, double tolerance = 2e-6) {
  for (const Isa &isa : runnableLevels()) {
    TestKernel kernel(text, isa, width);
    Rows all = kernel.inputs(13), expected = kernel.expected(all);
    if (testing::Test::HasFailure())
      return;
    Rows full = kernel.run(all);
    expectSame(full, expected, tolerance, nameOf(isa));
    for (Layout layout : layouts)
      for (int64_t rows = 1; rows <= 13; ++rows) {
        int64_t begin = rows % 3 == 0 ? 13 - rows : 0;
        Rows part = kernel.run(all, layout, begin, begin + rows);
        for (int64_t row = 0; row < rows; ++row)
          expectSameBits(part, row, full, begin + row,
                         nameOf(isa) + ", row " + std::to_string(row) + " of " + std::to_string(rows) + ", layout " +
                             std::to_string(int(layout)) + ", width " + std::to_string(width));
        if (testing::Test::HasFailure())
          return;
      }
  }
}

/// For each width, $N in the text; $2N and $4N are multiples, $M is one less.
void expectKernels(const std::string &text, std::vector<int64_t> widths, double tolerance = 2e-6) {
  for (int64_t width : widths) {
    std::string number = std::to_string(width);
    std::string sized = replaced(text, "$4N", std::to_string(4 * width));
    sized = replaced(sized, "$2N", std::to_string(2 * width));
    sized = replaced(sized, "$M", std::to_string(width - 1));
    expectKernel(replaced(sized, "$N", number), width, tolerance);
    if (testing::Test::HasFailure())
      return;
  }
}

const std::vector<int64_t> widths = {1, 3, 7, 15, 16, 17, 100};

//===--- Pointwise ---===//

TEST(Kernel, ComputesReals) {
  expectKernels(R"(
rnn.model @m(%x "x" : !rnn.stream<$Nxf32, #t>, %y "y" : !rnn.stream<$Nxf32, #t>) {
  %a = rnn.add %x, %y : !rnn.stream<$Nxf32, #t>
  %b = rnn.sub %a, %x : !rnn.stream<$Nxf32, #t>
  %c = rnn.mul %x, %a : !rnn.stream<$Nxf32, #t>
  %d = rnn.div %c, %y : !rnn.stream<$Nxf32, #t>
  %e = rnn.minimum %d, %x : !rnn.stream<$Nxf32, #t>
  %f = rnn.maximum %e, %y : !rnn.stream<$Nxf32, #t>
  %g = rnn.neg %f : !rnn.stream<$Nxf32, #t>
  %h = rnn.abs %g : !rnn.stream<$Nxf32, #t>
  %i = rnn.sqrt %h : !rnn.stream<$Nxf32, #t>
  %j = rnn.relu %g : !rnn.stream<$Nxf32, #t>
  %k = rnn.floor %a : !rnn.stream<$Nxf32, #t>
  %l = rnn.dtanh %x, %y : !rnn.stream<$Nxf32, #t>
  %m = rnn.dsigmoid %x, %y : !rnn.stream<$Nxf32, #t>
  rnn.return "b" = %b, "d" = %d, "f" = %f, "i" = %i, "j" = %j, "k" = %k, "l" = %l, "m" = %m
    : !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>
})",
                widths, 1e-5);
}

TEST(Kernel, ComputesFunctions) {
  expectKernels(R"(
rnn.model @m(%x "x" : !rnn.stream<$Nxf32, #t>, %y "y" : !rnn.stream<$Nxf32, #t>) {
  %a = rnn.tanh %x : !rnn.stream<$Nxf32, #t>
  %b = rnn.sigmoid %x : !rnn.stream<$Nxf32, #t>
  %c = rnn.exp %x : !rnn.stream<$Nxf32, #t>
  %d = rnn.log %c : !rnn.stream<$Nxf32, #t>
  %e = rnn.sin %x : !rnn.stream<$Nxf32, #t>
  %f = rnn.cos %x : !rnn.stream<$Nxf32, #t>
  %g = rnn.pow %c, %y : !rnn.stream<$Nxf32, #t>
  %h = rnn.mod %x, %y : !rnn.stream<$Nxf32, #t>
  %i = rnn.floordiv %x, %y : !rnn.stream<$Nxf32, #t>
  rnn.return "a" = %a, "b" = %b, "c" = %c, "d" = %d, "e" = %e, "f" = %f, "g" = %g, "h" = %h, "i" = %i
    : !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>
})",
                {1, 3, 17}, 1e-5);
}

TEST(Kernel, ComputesIntegers) {
  expectKernels(R"(
rnn.model @m(%x "x" : !rnn.stream<$Nxi64, #t>, %y "y" : !rnn.stream<$Nxi64, #t>) {
  %a = rnn.add %x, %y : !rnn.stream<$Nxi64, #t>
  %b = rnn.sub %x, %y : !rnn.stream<$Nxi64, #t>
  %c = rnn.mul %a, %b : !rnn.stream<$Nxi64, #t>
  %d = rnn.floordiv %c, %y : !rnn.stream<$Nxi64, #t>
  %e = rnn.mod %c, %y : !rnn.stream<$Nxi64, #t>
  %f = rnn.minimum %d, %x : !rnn.stream<$Nxi64, #t>
  %g = rnn.maximum %e, %b : !rnn.stream<$Nxi64, #t>
  %h = rnn.abs %c : !rnn.stream<$Nxi64, #t>
  %i = rnn.neg %h : !rnn.stream<$Nxi64, #t>
  rnn.return "d" = %d, "e" = %e, "f" = %f, "g" = %g, "i" = %i
    : !rnn.stream<$Nxi64, #t>, !rnn.stream<$Nxi64, #t>, !rnn.stream<$Nxi64, #t>, !rnn.stream<$Nxi64, #t>, !rnn.stream<$Nxi64, #t>
})",
                {1, 3, 5, 17});
}

TEST(Kernel, ComparesChoosesAndConverts) {
  expectKernels(R"(
rnn.model @m(%x "x" : !rnn.stream<$Nxf32, #t>, %y "y" : !rnn.stream<$Nxf32, #t>, %n "n" : !rnn.stream<$Nxi64, #t>,
             %p "p" : !rnn.stream<$Nxi1, #t>, %c "c" : !rnn.stream<$Nx!rnn.token<5>, #t>) {
  %lt = rnn.compare lt %x, %y : !rnn.stream<$Nxf32, #t>
  %zero = rnn.const 0 : !rnn.stream<$Nxi64, #t>
  %ge = rnn.compare ge %n, %zero : !rnn.stream<$Nxi64, #t>
  %and = rnn.and %lt, %p : !rnn.stream<$Nxi1, #t>
  %or = rnn.or %ge, %and : !rnn.stream<$Nxi1, #t>
  %not = rnn.not %or : !rnn.stream<$Nxi1, #t>
  %two = rnn.const 2 : !rnn.stream<$Nx!rnn.token<5>, #t>
  %is = rnn.compare eq %c, %two : !rnn.stream<$Nx!rnn.token<5>, #t>
  %chosen = rnn.select %not, %x, %y : !rnn.stream<$Nxi1, #t>, !rnn.stream<$Nxf32, #t>
  %token = rnn.select %is, %two, %c : !rnn.stream<$Nxi1, #t>, !rnn.stream<$Nx!rnn.token<5>, #t>
  %real = rnn.convert %n : !rnn.stream<$Nxi64, #t> -> !rnn.stream<$Nxf32, #t>
  %whole = rnn.convert %x : !rnn.stream<$Nxf32, #t> -> !rnn.stream<$Nxi64, #t>
  %bit = rnn.convert %not : !rnn.stream<$Nxi1, #t> -> !rnn.stream<$Nxf32, #t>
  %number = rnn.convert %c : !rnn.stream<$Nx!rnn.token<5>, #t> -> !rnn.stream<$Nxi64, #t>
  %three = rnn.const 3 : !rnn.stream<$Nxi64, #t>
  %rest = rnn.mod %n, %three : !rnn.stream<$Nxi64, #t>
  %made = rnn.convert %rest : !rnn.stream<$Nxi64, #t> -> !rnn.stream<$Nx!rnn.token<5>, #t>
  rnn.return "not" = %not, "is" = %is, "chosen" = %chosen, "token" = %token, "real" = %real, "whole" = %whole,
             "bit" = %bit, "number" = %number, "made" = %made
    : !rnn.stream<$Nxi1, #t>, !rnn.stream<$Nxi1, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nx!rnn.token<5>, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxi64, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxi64, #t>, !rnn.stream<$Nx!rnn.token<5>, #t>
})",
                {1, 3, 15, 16, 17});
}

TEST(Kernel, UsesScalarsAndTensorsAndConstants) {
  expectKernels(R"(
rnn.model @m(%x "x" : !rnn.stream<$Nxf32, #t>, %s "s" : !rnn.stream<f32, #t>) {
  %b = rnn.param "b" init(normal(1.0)) : tensor<$Nxf32>
  %g = rnn.param "g" init(normal(1.0)) : tensor<f32>
  %bt = rnn.lift %b : tensor<$Nxf32> -> !rnn.stream<$Nxf32, #t>
  %gt = rnn.lift %g : tensor<f32> -> !rnn.stream<f32, #t>
  %one = rnn.const 1.0 : !rnn.stream<f32, #t>
  %s1 = rnn.add %s, %one : !rnn.stream<f32, #t>
  %weight = rnn.mul %s1, %gt : !rnn.stream<f32, #t>
  %a = rnn.scale %weight, %x : !rnn.stream<f32, #t>, !rnn.stream<$Nxf32, #t>
  %c = rnn.add %a, %bt : !rnn.stream<$Nxf32, #t>
  %wide = rnn.repeat %s1 : !rnn.stream<f32, #t> -> !rnn.stream<$Nxf32, #t>
  %d = rnn.mul %c, %wide : !rnn.stream<$Nxf32, #t>
  %positive = rnn.compare gt %s, %one : !rnn.stream<f32, #t>
  %e = rnn.select %positive, %d, %x : !rnn.stream<i1, #t>, !rnn.stream<$Nxf32, #t>
  rnn.return "c" = %c, "e" = %e : !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>
})",
                widths);
}

TEST(Kernel, ReadsTablesOfConstants) {
  expectKernel(R"(
rnn.model @m(%x "x" : !rnn.stream<5xf32, #t>, %n "n" : !rnn.stream<5xi64, #t>) {
  %a = rnn.const [1.0, 2.0, 3.0, 4.0, 5.0] : !rnn.stream<5xf32, #t>
  %b = rnn.const [1, 2, 3, 4, 5] : !rnn.stream<5xi64, #t>
  %y = rnn.mul %a, %x : !rnn.stream<5xf32, #t>
  %m = rnn.mul %b, %n : !rnn.stream<5xi64, #t>
  rnn.return "y" = %y, "m" = %m : !rnn.stream<5xf32, #t>, !rnn.stream<5xi64, #t>
})",
               5);
}

//===--- Parts ---===//

TEST(Kernel, TakesPartsOfValues) {
  expectKernels(R"(
rnn.model @m(%z "z" : !rnn.stream<$4Nxf32, #t>, %w "w" : !rnn.stream<$2Nxf32, #t>) {
  %a, %b, %c, %d = rnn.split %z axis 0 : !rnn.stream<$4Nxf32, #t> -> !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>
  %t = rnn.tanh %w : !rnn.stream<$2Nxf32, #t>
  %e, %f = rnn.split %t axis 0 : !rnn.stream<$2Nxf32, #t> -> !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>
  %g = rnn.slice %f [1, $N] axis 0 : !rnn.stream<$Nxf32, #t>
  %h = rnn.slice %e [1, 2] axis 0 : !rnn.stream<$Nxf32, #t>
  %gh = rnn.concat %h, %g axis 0 : !rnn.stream<1xf32, #t>, !rnn.stream<$Mxf32, #t>
  %be = rnn.add %b, %gh : !rnn.stream<$Nxf32, #t>
  %ab = rnn.sub %a, %be : !rnn.stream<$Nxf32, #t>
  %cd = rnn.mul %c, %d : !rnn.stream<$Nxf32, #t>
  rnn.return "ab" = %ab, "cd" = %cd : !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>
})",
                {2, 3, 16, 17, 100});
}

TEST(Kernel, JoinsParts) {
  // Where parts meet: at the begin of a block, within one, several in one.
  for (auto [a, b, c] : {std::tuple(1, 1, 1), std::tuple(3, 16, 5), std::tuple(16, 32, 16), std::tuple(20, 1, 1),
                         std::tuple(40, 40, 20), std::tuple(2, 5, 100)}) {
    std::string text = R"(
rnn.model @m(%a "a" : !rnn.stream<$Axf32, #t>, %b "b" : !rnn.stream<$Bxf32, #t>, %c "c" : !rnn.stream<$Cxf32, #t>,
             %x "x" : !rnn.stream<$Nxf32, #t>) {
  %ta = rnn.tanh %a : !rnn.stream<$Axf32, #t>
  %nb = rnn.neg %b : !rnn.stream<$Bxf32, #t>
  %z = rnn.concat %ta, %nb, %c axis 0 : !rnn.stream<$Axf32, #t>, !rnn.stream<$Bxf32, #t>, !rnn.stream<$Cxf32, #t>
  %y = rnn.add %z, %x : !rnn.stream<$Nxf32, #t>
  %p = rnn.pad %b [$A, $E of $N] axis 0 : !rnn.stream<$Bxf32, #t>
  rnn.return "z" = %z, "y" = %y, "p" = %p : !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>, !rnn.stream<$Nxf32, #t>
})";
    for (auto [name, number] : {std::pair("$A", a), {"$B", b}, {"$C", c}, {"$E", a + b}, {"$N", a + b + c}})
      text = replaced(text, name, std::to_string(number));
    expectKernel(text, a + b + c);
  }
}

TEST(Kernel, SeesOtherShapes) {
  expectKernel(R"(
rnn.model @m(%x "x" : !rnn.stream<3x4xf32, #t>, %y "y" : !rnn.stream<12xf32, #t>) {
  %r = rnn.reshape %x : !rnn.stream<3x4xf32, #t> -> !rnn.stream<12xf32, #t>
  %z = rnn.add %r, %y : !rnn.stream<12xf32, #t>
  %q = rnn.reshape %z : !rnn.stream<12xf32, #t> -> !rnn.stream<1x12xf32, #t>
  %a, %b = rnn.split %q axis 1 : !rnn.stream<1x12xf32, #t> -> !rnn.stream<1x5xf32, #t>, !rnn.stream<1x7xf32, #t>
  %c = rnn.concat %b, %a axis 1 : !rnn.stream<1x7xf32, #t>, !rnn.stream<1x5xf32, #t>
  rnn.return "z" = %z, "c" = %c : !rnn.stream<12xf32, #t>, !rnn.stream<1x12xf32, #t>
})",
               12);
}

TEST(Kernel, WorksOnScalarsOfRows) {
  expectKernel(R"(
rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>, %s "s" : !rnn.stream<f32, #t>, %n "n" : !rnn.stream<i64, #t>) {
  %a = rnn.slice %x [2, 3] axis 0 : !rnn.stream<4xf32, #t>
  %b = rnn.reshape %a : !rnn.stream<1xf32, #t> -> !rnn.stream<f32, #t>
  %c = rnn.mul %b, %s : !rnn.stream<f32, #t>
  %d = rnn.convert %n : !rnn.stream<i64, #t> -> !rnn.stream<f32, #t>
  %e = rnn.add %c, %d : !rnn.stream<f32, #t>
  %f = rnn.sigmoid %e : !rnn.stream<f32, #t>
  rnn.return "c" = %c, "f" = %f : !rnn.stream<f32, #t>, !rnn.stream<f32, #t>
})",
               1);
}

TEST(Kernel, ComputesTensors) {
  for (const Isa &isa : runnableLevels()) {
    TestKernel kernel(R"(
rnn.model @m() {
  %b = rnn.param "b" init(normal(1.0)) : tensor<19xf32>
  %g = rnn.param "g" init(normal(1.0)) : tensor<f32>
  %e = rnn.exp %b : tensor<19xf32>
  %s = rnn.scale %g, %e : tensor<f32>, tensor<19xf32>
  rnn.return "s" = %s : tensor<19xf32>
})",
                      isa, 19);
    expectSame(kernel.run({}), kernel.expected(kernel.inputs(1)), 2e-6, nameOf(isa));
  }
}

//===--- Folds ---===//

TEST(Kernel, FoldsRows) {
  expectKernels(R"(
rnn.model @m(%x "x" : !rnn.stream<$Nxf32, #t>, %y "y" : !rnn.stream<$Nxf32, #t>, %n "n" : !rnn.stream<$Nxi64, #t>) {
  %v = rnn.param "v" init(normal(1.0)) : tensor<$Nxf32>
  %e = rnn.exp %x : !rnn.stream<$Nxf32, #t>
  %sum = rnn.fold sum %e all : !rnn.stream<$Nxf32, #t>
  %mean = rnn.fold mean %x all : !rnn.stream<$Nxf32, #t>
  %max = rnn.fold max %y axis 0 : !rnn.stream<$Nxf32, #t>
  %first = rnn.fold first %e all : !rnn.stream<$Nxf32, #t>
  %t = rnn.tanh %y : !rnn.stream<$Nxf32, #t>
  %dot = rnn.matmul %v, %t : tensor<$Nxf32>, !rnn.stream<$Nxf32, #t>
  %nsum = rnn.fold sum %n all : !rnn.stream<$Nxi64, #t>
  %nmax = rnn.fold max %n all : !rnn.stream<$Nxi64, #t>
  rnn.return "sum" = %sum, "mean" = %mean, "max" = %max, "first" = %first, "dot" = %dot, "nsum" = %nsum, "nmax" = %nmax, "t" = %t
    : !rnn.stream<f32, #t>, !rnn.stream<f32, #t>, !rnn.stream<f32, #t>, !rnn.stream<f32, #t>, !rnn.stream<f32, #t>, !rnn.stream<i64, #t>, !rnn.stream<i64, #t>, !rnn.stream<$Nxf32, #t>
})",
                widths, 1e-5);
}

TEST(Kernel, UsesWhatItFoldedInTheRow) {
  // Normalised rows: two folds, one behind the other, and what follows from both.
  expectKernels(R"(
rnn.model @m(%x "x" : !rnn.stream<$Nxf32, #t>) {
  %mean = rnn.fold mean %x all : !rnn.stream<$Nxf32, #t>
  %wide = rnn.repeat %mean : !rnn.stream<f32, #t> -> !rnn.stream<$Nxf32, #t>
  %d = rnn.sub %x, %wide : !rnn.stream<$Nxf32, #t>
  %square = rnn.mul %d, %d : !rnn.stream<$Nxf32, #t>
  %variance = rnn.fold mean %square all : !rnn.stream<$Nxf32, #t>
  %little = rnn.const 1.0e-3 : !rnn.stream<f32, #t>
  %safe = rnn.add %variance, %little : !rnn.stream<f32, #t>
  %root = rnn.sqrt %safe : !rnn.stream<f32, #t>
  %one = rnn.const 1.0 : !rnn.stream<f32, #t>
  %inverse = rnn.div %one, %root : !rnn.stream<f32, #t>
  %y = rnn.scale %inverse, %d : !rnn.stream<f32, #t>, !rnn.stream<$Nxf32, #t>
  rnn.return "y" = %y, "variance" = %safe : !rnn.stream<$Nxf32, #t>, !rnn.stream<f32, #t>
})",
                widths, 2e-5);
}

//===--- Any of these together ---===//

/// A kernel of random equations over vectors of N reals, some of them parts of 3N, some joined from parts.
class RandomKernel {
public:
  explicit RandomKernel(unsigned seed) : engine(seed), width(below(40) + 1), cut(below(width + 1)) {
    line("rnn.model @m(%x0 \"a\" : N, %x1 \"b\" : N, %wide \"c\" : W, %s \"d\" : S) {");
    line("  %x2, %x3, %x4 = rnn.split %wide axis 0 : W -> N, N, N");
    line("  %p = rnn.param \"p\" init(normal(1.0)) : T");
    line("  %x5 = rnn.lift %p : T -> N");
    // Compared are only numbers that are exact.
    line("  %c0 = rnn.compare lt %x0, %x1 : N");
    line("  %c1 = rnn.compare gt %x2, %x5 : N");
    values = 6;
    for (int i = 0; i < 12; ++i)
      addEquation();
    line("  %f = rnn.fold sum " + newest(2) + " all : N");
    line("  rnn.return \"y\" = " + newest(0) + ", \"z\" = " + newest(1) + ", \"f\" = %f : N, N, S\n}");
  }

  std::string text() const {
    std::string all = body;
    auto stream = [](int64_t size) { return "!rnn.stream<" + std::to_string(size) + "xf32, #t>"; };
    for (auto [name, type] : {std::pair<std::string, std::string>{"N", stream(width)},
                              {"W", stream(3 * width)},
                              {"T", "tensor<" + std::to_string(width) + "xf32>"},
                              {"S", "!rnn.stream<f32, #t>"},
                              {"B", "!rnn.stream<" + std::to_string(width) + "xi1, #t>"},
                              {"L", stream(cut)},
                              {"R", stream(width - cut)}})
      for (const char *behind : {" ", ",", ")", "\n"})
        all = replaced(all, " " + name + behind, " " + type + behind);
    return all;
  }
  int64_t size() const { return width; }

private:
  int64_t below(int64_t limit) { return std::uniform_int_distribution<int64_t>(0, limit - 1)(engine); }
  void line(const std::string &text) { body += text + "\n"; }
  std::string any() { return "%x" + std::to_string(below(values)); }
  std::string newest(int64_t before) const { return "%x" + std::to_string(values - 1 - before); }

  void addEquation() {
    std::string result = "%x" + std::to_string(values), number = std::to_string(values);
    auto unary = [&](const char *name) { line("  " + result + " = rnn." + name + " " + any() + " : N"); };
    auto binary = [&](const char *name) {
      line("  " + result + " = rnn." + name + " " + any() + ", " + any() + " : N");
    };
    static const char *const unaries[] = {"tanh", "sigmoid", "relu", "abs", "neg", "sin"};
    static const char *const binaries[] = {"add", "sub", "minimum", "maximum", "dtanh"};
    switch (below(6)) {
    case 0:
    case 1: unary(unaries[below(6)]); break;
    case 2: binary(binaries[below(5)]); break;
    case 3:
      line("  " + result + " = rnn.select %c" + std::to_string(below(2)) + ", " + any() + ", " + any() + " : B, N");
      break;
    case 4: line("  " + result + " = rnn.scale %s, " + any() + " : S, N"); break;
    case 5:
      if (cut == 0 || cut == width) {
        binary("add");
        break;
      }
      line("  %l" + number + " = rnn.slice " + any() + " [" + std::to_string(width - cut) + ", " +
           std::to_string(width) + "] axis 0 : N");
      line("  %r" + number + " = rnn.slice " + any() + " [0, " + std::to_string(width - cut) + "] axis 0 : N");
      line("  " + result + " = rnn.concat %l" + number + ", %r" + number + " axis 0 : L, R");
      break;
    }
    ++values;
  }

  std::mt19937 engine;
  int64_t width, cut;
  int64_t values = 0;
  std::string body;
};

TEST(Kernel, ComputesRandomEquations) {
  for (unsigned seed = 0; seed < 15; ++seed) {
    RandomKernel random(seed);
    SCOPED_TRACE(random.text());
    expectKernel(random.text(), random.size(), 1e-4);
    if (HasFailure())
      return;
  }
}

} // namespace
