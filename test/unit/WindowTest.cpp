// A model in windows is the model: what one window remembers the next one takes, and what flows back the one before.
#include "InterpreterTesting.h"
#include "compiler/Gradient/FormWindows.h"
#include "compiler/Gradient/Passes.h"
#include "compiler/Run/Windows.h"
#include "mlir/Pass/PassManager.h"

using namespace rondo;
using namespace rondo::reference;

namespace {

const char *const inputs = R"(
#e = #rnn.event<0 of #t>
#p = #rnn.every<3 phase 1 of #t>
#p6 = #rnn.every<6 phase 4 of #t>
#pe = #rnn.every<2 phase 1 of #e>
!x = !rnn.stream<3xf32, #t>
!w = !rnn.stream<f32, #t>
!e = !rnn.stream<3xf32, #e>
!p = !rnn.stream<3xf32, #p>
!one = !rnn.stream<3xf32, #sample>
rnn.model @m(%x "x" : !x, %w "w" : !w, %c "c" : !rnn.stream<i1, #t>, %k "k" : !one) {
  rnn.event #e = %c
  %M = rnn.param "M" init(normal(1.0)) : tensor<3x3xf32>
  BODY
  rnn.return "y" = %y : TYPE
})";

/// Windows of several lengths against the whole: outputs, losses, gradients.
void expectWindows(mlir::ModuleOp module) {
  mlir::PassManager manager(module.getContext());
  manager.addPass(rnn::createFormWindowsPass());
  manager.addPass(rnn::createGradientPass());
  ASSERT_TRUE(mlir::succeeded(manager.run(module)));
  auto backward = module.lookupSymbol<rnn::ModelOp>("m.backward"),
       window = module.lookupSymbol<rnn::ModelOp>("m.window.backward");
  auto why = module.lookupSymbol<rnn::ModelOp>("m")->getAttrOfType<mlir::StringAttr>(rnn::noWindowsName);
  ASSERT_TRUE(window) << (why ? why.getValue().str() : "");
  run::VerifyOptions options;
  options.samples = 4;
  options.length = 11;
  for (int64_t rows : {1, 2, 5, 20}) {
    auto property = run::verifyWindows(backward, window, run::makeTrial(backward, options), rows, 0);
    ASSERT_TRUE(bool(property)) << llvm::toString(property.takeError());
    EXPECT_EQ(property->status, run::Property::Status::Holds)
        << "windows of " << rows << ": " << property->difference << " " << property->where << property->note;
  }
}

void expectWindows(const std::string &body, const std::string &type) {
  TestModel model(replaced(replaced(inputs, "BODY", body), "TYPE", type));
  if (testing::Test::HasFailure())
    return;
  SCOPED_TRACE(body);
  expectWindows(model.op()->getParentOfType<mlir::ModuleOp>());
}

TEST(Windows, CarrySlots) {
  expectWindows(R"(%s = rnn.state "s" : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %z = rnn.matmul %M, %r : tensor<3x3xf32>, !x
    %a = rnn.add %z, %x : !x
    %y = rnn.tanh %a : !x
    rnn.next %s, %y : !x)",
                "!x");
}

TEST(Windows, CarryWhatAnotherClockReads) {
  for (const char *at : {"#t", "#p", "#p6", "#pe"})
    expectWindows(replaced(R"(%xe = rnn.latest %x : !x -> !e
    %s = rnn.state "s" : !rnn.state<!e>
    %r = rnn.read %s : !rnn.state<!e> -> !e
    %z = rnn.mul %r, %xe : !e
    %n = rnn.add %z, %xe : !e
    rnn.next %s, %n : !e
    %y = rnn.read %s : !rnn.state<!e> -> !rnn.stream<3xf32, AT>)",
                           "AT", at),
                  std::string("!rnn.stream<3xf32, ") + at + ">");
}

TEST(Windows, RememberNothingOfSamples) {
  for (const char *at : {"!one", "!x"})
    expectWindows(replaced(R"(%s = rnn.state "s" : !rnn.state<!one>
    %last = rnn.latest %x : !x -> !one
    rnn.next %s, %last : !one
    %y = rnn.read %s : !rnn.state<!one> -> AT)",
                           "AT", at),
                  at);
}

TEST(Windows, CarryHeldValues) {
  for (const char *at : {"#e", "#p", "#p6", "#pe"})
    expectWindows(replaced("%xe = rnn.latest %x : !x -> !rnn.stream<3xf32, AT>\n"
                           "%y = rnn.latest %xe : !rnn.stream<3xf32, AT> -> !x",
                           "AT", at),
                  "!x");
  expectWindows("%xe = rnn.latest %x : !x -> !e\n%y = rnn.latest %xe : !e -> !one", "!one");
}

TEST(Windows, CarryOpenReductions) {
  for (const char *kind : {"sum", "mean", "max"})
    for (const char *at : {"#e", "#p", "#p6", "#pe", "#sample"})
      expectWindows(std::string("%y = rnn.reduce ") + kind + " %x : !x -> !rnn.stream<3xf32, " + at + ">",
                    std::string("!rnn.stream<3xf32, ") + at + ">");
  expectWindows("%y = rnn.reduce first %x : !x -> !one", "!one");
}

TEST(Windows, CarryCounts) {
  for (const char *at : {"#t", "#e", "#p", "#pe"})
    expectWindows(replaced("%n = rnn.tick : !rnn.stream<i64, AT>\n%f = rnn.convert %n : !rnn.stream<i64, AT> -> "
                           "!rnn.stream<f32, AT>\n%wa = rnn.latest %w : !w -> !rnn.stream<f32, AT>\n"
                           "%y = rnn.mul %f, %wa : !rnn.stream<f32, AT>",
                           "AT", at),
                  std::string("!rnn.stream<f32, ") + at + ">");
}

TEST(Windows, BeginAgainWhereScopesDo) {
  for (const char *cut : {"after #e", "before #e", "after #p", "before #p, after #e"}) {
    expectWindows(replaced(R"(%s = rnn.state "s" restart(CUT) : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %z = rnn.matmul %M, %r : tensor<3x3xf32>, !x
    %y = rnn.add %z, %x : !x
    rnn.next %s, %y : !x)",
                           "CUT", cut),
                  "!x");
    expectWindows(replaced("%xp = rnn.latest %x : !x -> !p\n%y = rnn.latest restart(CUT) %xp : !p -> !x", "CUT", cut),
                  "!x");
    expectWindows(replaced("%n = rnn.tick restart(CUT) : !rnn.stream<i64, #t>\n%f = rnn.convert %n : "
                           "!rnn.stream<i64, #t> -> !w\n%y = rnn.mul %f, %w : !w",
                           "CUT", cut),
                  "!w");
  }
  expectWindows("%y = rnn.latest %x : !x -> !rnn.stream<3xf32, #rnn.every<2 phase 1 of #t from(after #e)>>",
                "!rnn.stream<3xf32, #rnn.every<2 phase 1 of #t from(after #e)>>");
}

TEST(Windows, LookOneRowAhead) {
  expectWindows(R"(%s = rnn.state "s" reverse : !rnn.state<!x>
    %z = rnn.matmul %M, %x : tensor<3x3xf32>, !x
    rnn.next %s, %z : !x
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %d = rnn.sub %r, %x : !x
    %q = rnn.mul %d, %d : !x
    %f = rnn.fold sum %q all : !x
    %left = rnn.tick reverse : !rnn.stream<i64, #t>
    %zero = rnn.const 0 : !rnn.stream<i64, #t>
    %more = rnn.compare ne %left, %zero : !rnn.stream<i64, #t>
    rnn.loss "l" %f valid %more : !w, !rnn.stream<i1, #t>
    %y = rnn.add %r, %x : !x)",
                "!x");
}

TEST(Windows, LossesAreMeansOfAll) {
  expectWindows(R"(%ks = rnn.latest reverse %k : !one -> !x
    %d = rnn.mul %ks, %x : !x
    %f = rnn.fold sum %d all : !x
    rnn.loss "some" %f valid %c : !w, !rnn.stream<i1, #t>
    %sum = rnn.reduce sum %d : !x -> !one
    %q = rnn.mul %sum, %k : !one
    %g = rnn.fold sum %q all : !one
    rnn.loss "end" %g : !rnn.stream<f32, #sample>
    %m2 = rnn.mul %M, %M : tensor<3x3xf32>
    %r = rnn.fold sum %m2 all : tensor<3x3xf32>
    rnn.loss "weights" %r : tensor<f32>
    %y = rnn.tanh %x : !x)",
                "!x");
}

TEST(Windows, HaveWholeSegments) {
  TestModel model(R"(
!w = !rnn.stream<3xf32, #word>
!s = !rnn.stream<3xf32, #sentence>
!r = !rnn.stream<3xf32, #review>
#ww = #rnn.pair<#word, #word per #sentence>
#p = #rnn.every<2 phase 1 of #sentence>
rnn.model @m(%x "x" : !w, %k "k" : !s) {
  %M = rnn.param "M" init(normal(1.0)) : tensor<3x3xf32>
  %b = rnn.state "b" reverse restart(after #sentence) : !rnn.state<!w>
  %rb = rnn.read %b : !rnn.state<!w> -> !w
  %zb = rnn.matmul %M, %rb : tensor<3x3xf32>, !w
  %ab = rnn.add %zb, %x : !w
  rnn.next %b, %ab : !w
  %soft = rnn.softmax %ab per(#sentence) : !w
  %ks = rnn.latest reverse %k : !s -> !w
  %wx = rnn.mul %soft, %ks : !w
  %pool = rnn.reduce sum %wx : !w -> !s
  %s = rnn.state "s" : !rnn.state<!s>
  %rs = rnn.read %s : !rnn.state<!s> -> !s
  %ss = rnn.add %rs, %pool : !s
  %ts = rnn.tanh %ss : !s
  rnn.next %s, %ts : !s
  %held = rnn.latest %ts : !s -> !w
  %z = rnn.mul %held, %x : !w
  %every = rnn.latest %ts : !s -> !rnn.stream<3xf32, #p>
  %rev = rnn.latest %ts : !s -> !r
  rnn.return "z" = %z, "every" = %every, "rev" = %rev, "ab" = %ab : !w, !rnn.stream<3xf32, #p>, !r, !w
})");
  expectWindows(model.op()->getParentOfType<mlir::ModuleOp>());
}

/// Why there are none.
std::string refusal(const std::string &body, const std::string &type) {
  TestModel model(replaced(replaced(inputs, "BODY", body), "TYPE", type));
  std::string why;
  EXPECT_FALSE(rnn::formWindow(model.op(), why));
  return why;
}

TEST(Windows, AreNotWhereTimeIsLookedAtAsAWhole) {
  EXPECT_EQ(refusal("%y = rnn.softmax %x per(#sample) : !x", "!x"),
            "a value (line 22) is computed from all rows of a sample at once");
  EXPECT_EQ(refusal(R"(%s = rnn.state "s" reverse : !rnn.state<!x>
    %r = rnn.read %s : !rnn.state<!x> -> !x
    %y = rnn.add %r, %x : !x
    rnn.next %s, %y : !x)",
                    "!x"),
            "'s' looks ahead at more than the next row of inputs");
  EXPECT_EQ(refusal("%l = rnn.latest %x : !x -> !one\n%y = rnn.latest reverse %l : !one -> !x", "!x"),
            "a value (line 23) spreads over time what is known at its end");
  EXPECT_EQ(refusal("%y = rnn.latest %x : !x -> !rnn.stream<3xf32, #rnn.every<2 phase 0 of #t reverse>>",
                    "!rnn.stream<3xf32, #rnn.every<2 phase 0 of #t reverse>>"),
            "a value (line 22) counts ticks from the end");
}

} // namespace
