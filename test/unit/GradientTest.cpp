// The rules of the gradient pass, one by one: what a model of a few equations has as gradients against differences of its
// outputs. Inputs and parameters are made up; samples and segments are ragged, some empty.
#include "InterpreterTesting.h"
#include "compiler/Gradient/Passes.h"
#include "compiler/Run/Differences.h"
#include "compiler/Run/Trial.h"
#include "mlir/Pass/PassManager.h"

using namespace rondo;
using namespace rondo::reference;

namespace {

const char *const inputs = R"(
#e = #rnn.event<0 of #word>
#f = #rnn.event<1 of #word>
#p = #rnn.every<3 phase 1 of #word>
#ws = #rnn.pair<#word, #s>
#sw = #rnn.pair<#s, #word>
#ww = #rnn.pair<#word, #word per #sentence>
#rw = #rnn.pair<#review, #word per #review>
!x = !rnn.stream<3xf32, #word>
!w = !rnn.stream<f32, #word>
!b = !rnn.stream<i1, #word>
!k = !rnn.stream<2x3xf32, #word>
rnn.model @m(%x "x" : !x, %v "v" : !x, %w "w" : !w, %c "c" : !b, %d "d" : !b, %q "q" : !rnn.stream<3xf32, #s>,
             %i "i" : !rnn.stream<!rnn.token<2>, #word>, %j "j" : !rnn.stream<!rnn.token<3>, #s>) {
  rnn.event #e = %c
  rnn.event #f = %d
  %P = rnn.param "P" init(normal(1.0)) : tensor<3xf32>
  %M = rnn.param "M" init(normal(1.0)) : tensor<2x3xf32>
  %K = rnn.outer %w2, %x : !rnn.stream<2xf32, #word>, !x -> !k
  BODY
  rnn.return "y" = %y : TYPE
})";

/// The pass's model of the one in `module`.
rnn::ModelOp differentiate(mlir::ModuleOp module) {
  mlir::PassManager manager(module.getContext());
  manager.addPass(rnn::createGradientPass());
  EXPECT_TRUE(mlir::succeeded(manager.run(module)));
  return module.lookupSymbol<rnn::ModelOp>("m.backward");
}

/// Two different sets of inputs.
void expectGradients(const std::string &body, const std::string &type) {
  std::string text = replaced(replaced(inputs, "BODY", body), "TYPE", type);
  // A stream of matrices, for products.
  text = replaced(text, "  %K = ", "  %w2 = rnn.matmul %M, %x : tensor<2x3xf32>, !x\n  %K = ");
  TestModel model(text);
  if (testing::Test::HasFailure())
    return;
  rnn::ModelOp op = model.op(), backward = differentiate(op->getParentOfType<mlir::ModuleOp>());
  ASSERT_TRUE(backward) << body;
  for (uint64_t seed : {1, 2}) {
    run::VerifyOptions options;
    options.samples = 4;
    options.length = 9;
    options.seed = seed;
    auto property = run::verifyDifferences(op, backward, nullptr, options);
    ASSERT_TRUE(bool(property)) << body << llvm::toString(property.takeError());
    EXPECT_EQ(property->status, run::Property::Status::Holds)
        << body << ": " << property->difference << " at " << property->where << ", " << property->note;
    EXPECT_EQ(property->note.find("kinks"), std::string::npos) << body << ": " << property->note;
  }
}

TEST(Gradient, PointwiseOfOne) {
  for (const char *name : {"tanh", "sigmoid", "relu", "exp", "sin", "cos", "abs", "neg"})
    expectGradients(std::string("%y = rnn.") + name + " %x : !x", "!x");
  for (const char *name : {"log", "sqrt"})
    expectGradients(std::string("%z = rnn.exp %x : !x\n %y = rnn.") + name + " %z : !x", "!x");
  expectGradients("%z = rnn.floor %x : !x\n %y = rnn.mul %z, %x : !x", "!x");
}

TEST(Gradient, PointwiseOfTwo) {
  for (const char *name : {"add", "sub", "mul", "minimum", "maximum", "dtanh", "dsigmoid", "straight"})
    expectGradients(std::string("%y = rnn.") + name + " %x, %v : !x", "!x");
  for (const char *name : {"div", "pow", "mod", "floordiv"})
    expectGradients(std::string("%a = rnn.exp %x : !x\n %b = rnn.exp %v : !x\n %z = rnn.") + name +
                        " %a, %b : !x\n %y = rnn.mul %z, %x : !x",
                    "!x");
  for (const char *name : {"mul", "minimum", "maximum"}) // at a tie half to each side
    expectGradients(std::string("%y = rnn.") + name + " %x, %x : !x", "!x");
  expectGradients("%two = rnn.const 2.0 : !x\n %y = rnn.pow %x, %two : !x", "!x"); // of negative numbers too
}

TEST(Gradient, ProductsOfAllRanks) {
  const char *products[][2] = {
      {"%M, %x : tensor<2x3xf32>, !x", "!rnn.stream<2xf32, #word>"},
      {"transposed %M, %w2 : tensor<2x3xf32>, !rnn.stream<2xf32, #word>", "!x"},
      {"%P, %x : tensor<3xf32>, !x", "!w"},
      {"%v, %x : !x, !x", "!w"},
      {"%v, %P : !x, tensor<3xf32>", "!w"},
      {"%K, %x : !k, !x", "!rnn.stream<2xf32, #word>"},
      {"%K, %P : !k, tensor<3xf32>", "!rnn.stream<2xf32, #word>"},
      {"transposed %K, %w2 : !k, !rnn.stream<2xf32, #word>", "!x"},
      {"transposed %M, %K : tensor<2x3xf32>, !k", "!rnn.stream<3x3xf32, #word>"},
      {"transposed %K, %M : !k, tensor<2x3xf32>", "!rnn.stream<3x3xf32, #word>"},
      {"%w2, %K : !rnn.stream<2xf32, #word>, !k", "!x"},
      {"%w2, %M : !rnn.stream<2xf32, #word>, tensor<2x3xf32>", "!x"},
      {"transposed %M, %M : tensor<2x3xf32>, tensor<2x3xf32>", "tensor<3x3xf32>"},
      {"%M, %P : tensor<2x3xf32>, tensor<3xf32>", "tensor<2xf32>"},
  };
  for (auto &[operands, type] : products)
    expectGradients(std::string("%y = rnn.matmul ") + operands, type);
  expectGradients("%y = rnn.outer %x, %v : !x, !x -> !rnn.stream<3x3xf32, #word>", "!rnn.stream<3x3xf32, #word>");
  expectGradients("%y = rnn.outer %x, %v : !x, !x -> tensor<3x3xf32>", "tensor<3x3xf32>");
  expectGradients("%y = rnn.outer %x, %P : !x, tensor<3xf32> -> tensor<3x3xf32>", "tensor<3x3xf32>");
  expectGradients("%y = rnn.outer %K, %M : !k, tensor<2x3xf32> -> !rnn.stream<2x2xf32, #word>",
                  "!rnn.stream<2x2xf32, #word>");
  expectGradients("%y = rnn.outer %w, %x : !w, !x -> tensor<3xf32>", "tensor<3xf32>");
  expectGradients("%y = rnn.outer %x, %K : !x, !k -> tensor<2xf32>", "tensor<2xf32>");
}

TEST(Gradient, Scale) {
  expectGradients("%y = rnn.scale %w, %K : !w, !k", "!k");
  expectGradients("%y = rnn.scale %w, %P : !w, tensor<3xf32>", "!x");
  expectGradients("%s = rnn.fold sum %P all : tensor<3xf32>\n %y = rnn.scale %s, %x : tensor<f32>, !x", "!x");
}

TEST(Gradient, Tables) {
  expectGradients("%y = rnn.embed %M, %i : tensor<2x3xf32>, !rnn.stream<!rnn.token<2>, #word>", "!x");
  expectGradients("%y = rnn.embed %K, %i : !k, !rnn.stream<!rnn.token<2>, #word>", "!x");
  expectGradients("%y = rnn.scatter_add %i, %x : !rnn.stream<!rnn.token<2>, #word>, !x -> !k", "!k");
  expectGradients("%y = rnn.scatter_add %i, %x : !rnn.stream<!rnn.token<2>, #word>, !x -> tensor<2x3xf32>",
                  "tensor<2x3xf32>");
}

TEST(Gradient, Parts) {
  expectGradients("%a, %b = rnn.split %x axis 0 : !x -> !rnn.stream<1xf32, #word>, !rnn.stream<2xf32, #word>\n"
                  "%y = rnn.mul %b, %w2 : !rnn.stream<2xf32, #word>",
                  "!rnn.stream<2xf32, #word>");
  expectGradients("%y = rnn.concat %K, %K axis 1 : !k, !k", "!rnn.stream<2x6xf32, #word>");
  expectGradients("%y = rnn.slice %K [1, 3] axis 1 : !k", "!rnn.stream<2x2xf32, #word>");
  expectGradients("%y = rnn.pad %K [1, 4 of 6] axis 1 : !k", "!rnn.stream<2x6xf32, #word>");
  expectGradients("%y = rnn.reshape %K : !k -> !rnn.stream<6xf32, #word>", "!rnn.stream<6xf32, #word>");
  expectGradients("%r = rnn.repeat %K : !k -> !rnn.stream<4x2x3xf32, #word>\n %y = rnn.transpose %r [2, 0, 1] : "
                  "!rnn.stream<4x2x3xf32, #word>",
                  "!rnn.stream<3x4x2xf32, #word>");
  expectGradients("%y = rnn.repeat %x : !x -> !rnn.stream<5x2x3xf32, #word>", "!rnn.stream<5x2x3xf32, #word>");
  expectGradients("%y = rnn.repeat %w : !w -> !k", "!k");
  // Taken apart, and some of it lost: joined again, with a gap or without.
  expectGradients("%a = rnn.slice %x [2, 3] axis 0 : !x\n %b = rnn.slice %x [0, 1] axis 0 : !x\n"
                  "%y = rnn.concat %a, %b, %b axis 0 : !rnn.stream<1xf32, #word>, !rnn.stream<1xf32, #word>, "
                  "!rnn.stream<1xf32, #word>",
                  "!x");
}

TEST(Gradient, Folds) {
  for (const char *kind : {"sum", "mean", "max", "first"}) {
    std::string fold = std::string("%y = rnn.fold ") + kind + " %K ";
    expectGradients(fold + "axis 0 : !k", "!x");
    expectGradients(fold + "axis 1 : !k", "!rnn.stream<2xf32, #word>");
    expectGradients(fold + "all : !k", "!w");
    expectGradients(std::string("%y = rnn.fold ") + kind + " %w all : !w", "!w");
  }
  // Of equal ones the first alone.
  expectGradients("%z = rnn.concat %x, %x axis 0 : !x, !x\n %y = rnn.fold max %z axis 0 : !rnn.stream<6xf32, #word>",
                  "!w");
}

TEST(Gradient, Choices) {
  expectGradients("%y = rnn.select %c, %x, %v : !b, !x", "!x");
  expectGradients("%g = rnn.compare gt %x, %v : !x\n %y = rnn.select %g, %x, %v : !rnn.stream<3xi1, #word>, !x", "!x");
  expectGradients("%z = rnn.stop %x : !x\n %y = rnn.mul %z, %x : !x", "!x");
  expectGradients("%t = rnn.argmax %x : !x\n %o = rnn.one_hot %t : !rnn.stream<!rnn.token<3>, #word>\n"
                  "%y = rnn.mul %o, %x : !x",
                  "!x");
  expectGradients("%u = rnn.random \"r\" site 0 : !x\n %y = rnn.mul %u, %x : !x", "!x");
}

TEST(Gradient, Rows) {
  for (const char *name : {"softmax", "log_softmax", "cumsum", "cumsum reverse"}) {
    std::string op = std::string("%y = rnn.") + name;
    expectGradients(op + " %K : !k", "!k");
    for (const char *clock : {"#sentence", "#sample", "#e", "#p"}) // behind the last event rows belong to nothing
      expectGradients(op + " %x per(" + clock + ") : !x", "!x");
    expectGradients("%z = rnn.cross %x : !x -> !rnn.stream<3xf32, #sw>\n %a" + op.substr(2) +
                        " %z per(#s) : !rnn.stream<3xf32, #sw>\n %r = rnn.mul %a, %z : !rnn.stream<3xf32, #sw>\n"
                        "%y = rnn.reduce sum %r : !rnn.stream<3xf32, #sw> -> !rnn.stream<3xf32, #s>",
                    "!rnn.stream<3xf32, #s>");
  }
  for (int width : {2, 3}) {
    std::string window = "rnn.window " + std::to_string(width) + " %x", kind = "3x" + std::to_string(width);
    std::string type = "!rnn.stream<" + kind + "xf32, #word>";
    expectGradients("%y = " + window + " per(#sentence) : !x", type);
    expectGradients("%y = " + window + " : !x", type);
    expectGradients("%z = " + window + " per(#e) : !x\n %y = rnn.overlap %z per(#sentence) : " + type, "!x");
    expectGradients("%z = " + window + " per(#e) : !x\n %y = rnn.overlap %z : " + type, "!x");
  }
}

TEST(Gradient, TensorsAndStreams) {
  expectGradients("%y = rnn.lift %P : tensor<3xf32> -> !x", "!x");
  expectGradients("%z = rnn.mul %x, %v : !x\n %t = rnn.total %z : !x -> tensor<3xf32>\n"
                  "%l = rnn.lift %t : tensor<3xf32> -> !rnn.stream<3xf32, #s>\n"
                  "%y = rnn.mul %l, %q : !rnn.stream<3xf32, #s>",
                  "!rnn.stream<3xf32, #s>");
}

const char *const clocks[] = {"#word", "#p", "#e", "#sentence", "#sample"};
const char *const scopes[] = {"", "restart(after #sentence)", "restart(before #f)",
                              "restart(after #e, before #sentence)"};

/// %u: x on clock A. Multiplied, so that what is wrong by a factor that differs from tick to tick shows.
std::string from(const std::string &a) {
  return "%z = rnn.mul %x, %v : !x\n %u = rnn.latest %z : !x -> !rnn.stream<3xf32, " + a + ">\n";
}

TEST(Gradient, Latest) {
  for (std::string a : clocks)
    for (std::string b : clocks)
      for (std::string scope : scopes)
        for (const char *reverse : {"", "reverse "})
          expectGradients(from(a) + "%y = rnn.latest " + reverse + scope + " %u : !rnn.stream<3xf32, " + a +
                              "> -> !rnn.stream<3xf32, " + b + ">",
                          "!rnn.stream<3xf32, " + b + ">");
}

TEST(Gradient, Reduce) {
  for (std::string kind : {"sum", "mean", "max", "first"})
    for (std::string a : {"#word", "#p", "#sample"})
      for (std::string b : clocks)
        for (std::string scope : scopes)
          for (const char *reverse : {"", "reverse "})
            expectGradients(from(a) + "%y = rnn.reduce " + kind + " " + reverse + scope + " %u : !rnn.stream<3xf32, " +
                                a + "> -> !rnn.stream<3xf32, " + b + ">",
                            "!rnn.stream<3xf32, " + b + ">");
  // Of equal ones the first alone.
  for (const char *reverse : {"", "reverse "})
    expectGradients("%u = rnn.latest %x : !x -> !rnn.stream<3xf32, #p>\n"
                    "%h = rnn.latest %u : !rnn.stream<3xf32, #p> -> !x\n"
                    "%n = rnn.neg %h : !x\n" // the zeros ahead are not the largest
                    "%a = rnn.exp %n : !x\n %y = rnn.reduce max " +
                        std::string(reverse) + "%a : !x -> !rnn.stream<3xf32, #sentence>",
                    "!rnn.stream<3xf32, #sentence>");
}

TEST(Gradient, Pairs) {
  // From words and sources to pairs, and from pairs to either side.
  for (std::string kind : {"sum", "mean", "max", "first"})
    for (auto [pair, side] : {std::pair("#ws", "#word"), {"#ws", "#s"}, {"#sw", "#s"}, {"#sw", "#word"}})
      for (const char *reverse : {"", "reverse "}) {
        std::string type = std::string("!rnn.stream<3xf32, ") + pair + ">",
                    to = std::string("!rnn.stream<3xf32, ") + side + ">";
        expectGradients("%a = rnn.cross %x : !x -> " + type + "\n %b = rnn.cross %q : !rnn.stream<3xf32, #s> -> " +
                            type + "\n %z = rnn.mul %a, %b : " + type + "\n %y = rnn.reduce " + kind + " " + reverse +
                            "%z : " + type + " -> " + to,
                        to);
      }
  // Of a clock with itself, to either side, and from either.
  for (std::string kind : {"sum", "mean", "max", "first"})
    for (std::string side : {"", "source "})
      for (std::string reverse : {"", "reverse "})
        expectGradients("%a = rnn.cross source %x : !x -> !rnn.stream<3xf32, #ww>\n %e = rnn.exp %x : !x\n"
                        "%b = rnn.cross %e : !x -> !rnn.stream<3xf32, #ww>\n"
                        "%z = rnn.mul %a, %b : !rnn.stream<3xf32, #ww>\n %y = rnn.reduce " +
                            kind + " " + side + reverse + "%z : !rnn.stream<3xf32, #ww> -> !x",
                        "!x");
  // Only rows that meet; a clock with itself, and with those that it contains.
  expectGradients("%a = rnn.cross %x : !x -> !rnn.stream<3xf32, #ww>\n %b = rnn.softmax %a per(#word) : "
                  "!rnn.stream<3xf32, #ww>\n %z = rnn.mul %a, %b : !rnn.stream<3xf32, #ww>\n"
                  "%y = rnn.reduce sum %z : !rnn.stream<3xf32, #ww> -> !x",
                  "!x");
  expectGradients("%a = rnn.cross %x : !x -> !rnn.stream<3xf32, #rw>\n %b = rnn.softmax %a per(#review) : "
                  "!rnn.stream<3xf32, #rw>\n %z = rnn.mul %a, %b : !rnn.stream<3xf32, #rw>\n"
                  "%y = rnn.reduce sum %z : !rnn.stream<3xf32, #rw> -> !rnn.stream<3xf32, #review>",
                  "!rnn.stream<3xf32, #review>");
}

TEST(Gradient, Slots) {
  for (std::string a : clocks)
    for (std::string b : clocks)
      for (std::string scope : scopes)
        for (std::string reverse : {"", " reverse"}) {
          std::string A = "!rnn.stream<3xf32, " + a + ">", B = "!rnn.stream<3xf32, " + b + ">";
          expectGradients(from(a) + "%s = rnn.state \"s\"" + reverse + " " + scope + " : !rnn.state<" + A +
                              ">\n rnn.next %s, %u : " + A + "\n %y = rnn.read %s : !rnn.state<" + A + "> -> " + B,
                          B);
          expectGradients(from(a) + "%s = rnn.accum \"s\"" + reverse + " " + scope + " : !rnn.accum<" + B +
                              ">\n rnn.put %s, %u : !rnn.accum<" + B + ">, " + A + "\n %y = rnn.take %s : !rnn.accum<" +
                              B + "> -> " + B,
                          B);
        }
}

TEST(Gradient, Loops) {
  // A slow slot that a fast one reads, and that reads the fast one.
  for (std::string reverse : {"", " reverse"})
    for (std::string scope : scopes)
      expectGradients(replaced(R"(
  %s = rnn.state "slow" HOW : !rnn.state<!rnn.stream<3xf32, #p>>
  %h = rnn.state "fast" HOW : !rnn.state<!x>
  %hp = rnn.read %h : !rnn.state<!x> -> !rnn.stream<3xf32, #p>
  %sp = rnn.read %s : !rnn.state<!rnn.stream<3xf32, #p>> -> !rnn.stream<3xf32, #p>
  %sw = rnn.read %s : !rnn.state<!rnn.stream<3xf32, #p>> -> !x
  %hw = rnn.read %h : !rnn.state<!x> -> !x
  %m = rnn.mul %hw, %sw : !x
  %a = rnn.add %m, %x : !x
  %n = rnn.tanh %a : !x
  rnn.next %h, %n : !x
  %o = rnn.mul %hp, %sp : !rnn.stream<3xf32, #p>
  %xp = rnn.latest %v : !x -> !rnn.stream<3xf32, #p>
  %t = rnn.add %o, %xp : !rnn.stream<3xf32, #p>
  rnn.next %s, %t : !rnn.stream<3xf32, #p>
  %y = rnn.mul %n, %x : !x)",
                               "HOW", reverse + " " + scope),
                      "!x");
}

/// Labels that do not fit into the rows make a loss infinite, which has no gradient.
TEST(Gradient, Ctc) {
  expectGradients(R"(
  %z = rnn.cross %x : !x -> !rnn.stream<3xf32, #sw>
  %r = rnn.reduce mean %z : !rnn.stream<3xf32, #sw> -> !rnn.stream<3xf32, #s>
  %y = rnn.add %r, %q : !rnn.stream<3xf32, #s>
  %some = rnn.latest %j : !rnn.stream<!rnn.token<3>, #s> -> !rnn.stream<!rnn.token<3>, #rnn.every<3 phase 0 of #s>>
  %l = rnn.ctc %y, %some : !rnn.stream<3xf32, #s>, !rnn.stream<!rnn.token<3>, #rnn.every<3 phase 0 of #s>> -> !rnn.stream<f32, #sample>
  rnn.loss "l" %l : !rnn.stream<f32, #sample>)",
                  "!rnn.stream<3xf32, #s>");
}

/// Each parameter is moved by the losses that train it; ticks that are not valid do not count.
TEST(Gradient, Losses) {
  expectGradients(R"(
  %y = rnn.matmul %M, %x : tensor<2x3xf32>, !x
  %n = rnn.matmul %P, %x : tensor<3xf32>, !x
  %o = rnn.mul %n, %w : !w
  %s = rnn.fold sum %y all : !rnn.stream<2xf32, #word>
  %t = rnn.mul %s, %o : !w
  rnn.loss "all" %t valid %c : !w, !b
  rnn.loss "some" %o trains ["P"] : !w
  %m = rnn.fold mean %M all : tensor<2x3xf32>
  rnn.loss "weights" %m trains ["M"] : tensor<f32>)",
                  "!rnn.stream<2xf32, #word>");
}

} // namespace
