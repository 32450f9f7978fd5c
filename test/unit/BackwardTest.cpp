// Compiled backward passes against the interpreter: models with their adjoints written by hand.
#include "LstmTesting.h"
#include "compiler/Backend.h"
#include "compiler/Emit/Target.h"
#include "compiler/Run/Trial.h"
#include "compiler/Run/VerifyCompiled.h"
#include "compiler/Schedule/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

namespace rondo::run {
namespace {

/// `module`: a model @m and its @m.backward.
class Backward {
public:
  explicit Backward(const std::string &text) { build(text); }

  void build(const std::string &text) {
    context.loadDialect<rnn::RnnDialect, step::StepDialect>();
    models = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!models) {
      ADD_FAILURE() << "does not parse:\n" << text;
      return;
    }
    schedules = llvm::cast<mlir::ModuleOp>((*models)->clone());
    mlir::PassManager manager(&context);
    manager.addNestedPass<rnn::ModelOp>(schedule::createExpandAccumsPass());
    manager.addPass(schedule::createFormScansPass());
    for (auto create :
         {schedule::createParallelScanPass, schedule::createBatchSegmentsPass, schedule::createExpandMemoryPass,
          schedule::createFormChunksPass, schedule::createFormWavesPass})
      manager.addNestedPass<step::ScheduleOp>(create());
    if (mlir::failed(manager.run(*schedules))) {
      ADD_FAILURE() << "cannot be scheduled";
      return;
    }
    mlir::DefaultTimingManager timing;
    mlir::TimingScope root = timing.getRootScope();
    BackendOptions options;
    options.targets = {emit::nativeTarget()};
    options.backward = schedules->lookupSymbol<step::ScheduleOp>("m.backward");
    Backend backend(schedules->lookupSymbol<step::ScheduleOp>("m"), std::move(options), root);
    if (mlir::failed(backend.plan())) {
      ADD_FAILURE() << "cannot be planned";
      return;
    }
    auto bytes = backend.library();
    ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
    for (int32_t threads : {1, 2}) {
      auto loaded = Library::load(*bytes, backend.prefix(), {/*seed=*/0, threads});
      ASSERT_TRUE(bool(loaded)) << llvm::toString(loaded.takeError());
      libraries.push_back(std::move(*loaded));
    }
  }

  void expectSame(int64_t samples, int64_t length, uint64_t seed = 0) {
    if (libraries.size() < 2)
      return;
    VerifyOptions options;
    options.samples = samples;
    options.length = length;
    options.seed = seed;
    auto op = models->lookupSymbol<rnn::ModelOp>("m.backward");
    Trial trial = makeTrial(op, options);
    options.seed = 0; // of random numbers
    auto properties = verifyGradients(op, trial, options, *libraries[0], *libraries[1]);
    ASSERT_TRUE(bool(properties)) << llvm::toString(properties.takeError());
    for (const Property &property : *properties) {
      if (mixesSamples && (property.name == "padding and gradients" || property.name == "gradients of singles"))
        continue;
      EXPECT_EQ(property.status, Property::Status::Holds)
          << property.name << ": " << property.difference << " at " << property.where << " " << property.note << ", "
          << samples << " samples";
    }
  }

  bool mixesSamples = false; // what is computed is no gradient: a sample's numbers depend on the others'

  void expectSame() {
    expectSame(1, 3);
    expectSame(2, 1); // the second is empty
    expectSame(5, 12, 1);
    expectSame(17, 9, 2);
    expectSame(67, 21, 3);
  }

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> models, schedules;
  std::vector<std::unique_ptr<Library>> libraries;
};

const char *const clocks = R"(
#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#t3 = #rnn.every<3 phase 1 of #t>
#sample = #rnn.axis<"sample">
#sentence = #rnn.axis<"sentence">
#word = #rnn.axis<"word" in #sentence>
)";

//===--- Loops -------------------------------------------------------------------------------------------------===//

TEST(Backward, lstm) {
  const std::string forward = std::string(R"(
    %W = rnn.param "core.W" init(glorot) : !w
    %U = rnn.param "core.U" init(glorot) : !u
    %b = rnn.param "core.b" init(zeros) : !b
    %unused = rnn.param "unused" init(zeros) : tensor<3xf32>)") +
                              lstmForward();
  Backward model(clocks + std::string(R"(
    !x = !rnn.stream<5xf32, #t>
    !h = !rnn.stream<7xf32, #t>
    !z = !rnn.stream<28xf32, #t>
    !w = tensor<28x5xf32>
    !u = tensor<28x7xf32>
    !b = tensor<28xf32>
    rnn.model @m(%x "x" : !x) {)") +
                 forward + R"(
      rnn.return "y" = %h1 : !h
    }
    rnn.model @m.backward(%x "x" : !x, %dy "d.y" : !h) {)" +
                 forward + lstmBackward + R"(
    %none = rnn.const 0.0 : tensor<3xf32>
    rnn.return "y" = %h1, "d.core.U" = %dU, "d.core.W" = %dW, "d.core.b" = %db, "d.unused" = %none, "d.x" = %dx
        : !h, !u, !w, !b, tensor<3xf32>, !x
    })");
  model.expectSame();
}

/// What is put on one clock is taken on another, in a loop through both and outside of loops. `forward` puts and takes in
/// the other direction of time.
std::string accumulators(const std::string &takers, const std::string &putters, bool isLoop, bool reverse,
                         const std::string &scope = "") {
  std::string direction = std::string(reverse ? " reverse" : "") + (scope.empty() ? "" : " restart(" + scope + ")");
  return clocks +
         ("!x = !rnn.stream<3xf32, #word>\n!a = !rnn.stream<3xf32, " + takers + ">\n!b = !rnn.stream<3xf32, " +
          putters + ">\n") +
         R"(
    rnn.model @m(%x "x" : !x) {
      %W = rnn.param "W" init(glorot) : tensor<3x3xf32>
      rnn.return "y" = %x : !x
    }
    rnn.model @m.backward(%x "x" : !x, %dy "d.y" : !x) {
      %W = rnn.param "W" init(glorot) : tensor<3x3xf32>
      %one = rnn.accum "one")" +
         direction + R"( : !rnn.accum<!a>
      %taken = rnn.take %one : !rnn.accum<!a> -> !a
      %ya = rnn.latest %dy : !x -> !a
      %u = rnn.matmul %W, %taken : tensor<3x3xf32>, !a
      %v = rnn.add %u, %ya : !a
      %w = rnn.tanh %v : !a
      %xb = rnn.latest %x : !x -> !b
      )" +
         (isLoop ? R"(
      %two = rnn.accum "two")" +
                       direction +
                       R"( : !rnn.accum<!b>
      rnn.put %two, %w : !rnn.accum<!b>, !a
      %back = rnn.take %two : !rnn.accum<!b> -> !b)"
                 : "%back = rnn.tanh %xb : !b") +
         R"(
      %p = rnn.matmul transposed %W, %back : tensor<3x3xf32>, !b
      %q = rnn.add %p, %xb : !b
      %r = rnn.sin %q : !b
      rnn.put %one, %r : !rnn.accum<!a>, !b
      rnn.put %one, %xb : !rnn.accum<!a>, !b
      %dW = rnn.outer %w, %taken : !a, !a -> tensor<3x3xf32>
      %up = rnn.reduce sum reverse %w : !a -> !x
      %down = rnn.reduce sum reverse %r : !b -> !x
      %dx = rnn.add %up, %down : !x
      rnn.return "y" = %x, "d.W" = %dW, "d.x" = %dx : !x, tensor<3x3xf32>, !x
    })";
}

TEST(Backward, accumulatorsOfEachClockTakeFromEachClock) {
  const std::string every2 = "#rnn.every<2 phase 0 of #word>", every3 = "#rnn.every<3 phase 1 of #word>";
  for (const std::string &takers :
       {std::string("#word"), every2, every3, std::string("#sentence"), std::string("#sample")})
    for (const std::string &putters : {std::string("#word"), every2, std::string("#sentence")})
      for (bool isLoop : {false, true}) {
        SCOPED_TRACE(takers + " of " + putters + (isLoop ? ", a loop" : ""));
        Backward(accumulators(takers, putters, isLoop, /*reverse=*/true)).expectSame(5, 12);
      }
  Backward(accumulators(every2, "#word", true, /*reverse=*/false)).expectSame(5, 12);
  Backward(accumulators("#word", every3, false, /*reverse=*/false)).expectSame(5, 12);
}

TEST(Backward, accumulatorsStartAgainAtCuts) {
  const std::string every2 = "#rnn.every<2 phase 0 of #word>", scope = "after #sentence";
  for (const std::string &takers : {std::string("#word"), every2})
    for (const std::string &putters : {std::string("#word"), every2})
      for (bool isLoop : {false, true}) {
        SCOPED_TRACE(takers + " of " + putters + (isLoop ? ", a loop" : ""));
        Backward(accumulators(takers, putters, isLoop, /*reverse=*/true, scope)).expectSame(7, 15);
      }
}

//===--- Sums over all rows ------------------------------------------------------------------------------------===//

/// Products of rows of all shapes, some of which are seen through a map.
TEST(Backward, sumsOfProducts) {
  for (auto [m, k] : {std::make_pair(1, 1), {5, 3}, {8, 16}, {3, 70}, {19, 33}, {130, 50}, {40, 200}}) {
    SCOPED_TRACE(std::to_string(m) + " by " + std::to_string(k));
    std::string a = std::to_string(m), b = std::to_string(k), tensor = "tensor<" + a + "x" + b + "xf32>";
    Backward model(clocks +
                   ("!a = !rnn.stream<" + a + "xf32, #t>\n!b = !rnn.stream<" + b + "xf32, #t>\n!p = " + tensor) + R"(
    !a2 = !rnn.stream<)" +
                   a + R"(xf32, #t2>
    !b2 = !rnn.stream<)" +
                   b + R"(xf32, #t2>
    rnn.model @m(%x "x" : !b) {
      %W = rnn.param "W" init(glorot) : !p
      %y = rnn.matmul %W, %x : !p, !b
      rnn.return "y" = %y : !a
    }
    rnn.model @m.backward(%x "x" : !b, %dy "d.y" : !a) {
      %W = rnn.param "W" init(glorot) : !p
      %y = rnn.matmul %W, %x : !p, !b
      %dW = rnn.outer %dy, %x : !a, !b -> !p
      %s = rnn.state "s" : !rnn.state<!b>
      rnn.next %s, %x : !b
      %before = rnn.read %s : !rnn.state<!b> -> !b
      %dB = rnn.outer %dy, %before : !a, !b -> !p
      %x2 = rnn.latest %x : !b -> !b2
      %y2 = rnn.latest %dy : !a -> !a2
      %dC = rnn.outer %y2, %x2 : !a2, !b2 -> !p
      %sum = rnn.add %dW, %dB : !p
      %all = rnn.add %sum, %dC : !p
      %dx = rnn.matmul transposed %W, %dy : !p, !a
      rnn.return "y" = %y, "d.W" = %all, "d.x" = %dx : !a, !p, !b
    })");
    model.expectSame(1, 2);
    model.expectSame(3, 50);
    model.expectSame(67, 21);
  }
}

/// Of matrices, a scalar and a row, and a row and a matrix.
TEST(Backward, sumsOfProductsOfMatrices) {
  Backward model(clocks + std::string(R"(
    !x = !rnn.stream<4x3xf32, #t>
    !y = !rnn.stream<6x3xf32, #t>
    !r = !rnn.stream<3xf32, #t>
    !s = !rnn.stream<f32, #t>
    rnn.model @m(%x "x" : !x, %y "y" : !y, %r "r" : !r, %s "s" : !s) {
      %A = rnn.param "A" init(glorot) : tensor<6x4xf32>
      %B = rnn.param "B" init(glorot) : tensor<3xf32>
      %C = rnn.param "C" init(glorot) : tensor<4xf32>
      %D = rnn.param "D" init(glorot) : tensor<6x3xf32>
      rnn.return
    }
    rnn.model @m.backward(%x "x" : !x, %y "y" : !y, %r "r" : !r, %s "s" : !s) {
      %A = rnn.param "A" init(glorot) : tensor<6x4xf32>
      %B = rnn.param "B" init(glorot) : tensor<3xf32>
      %C = rnn.param "C" init(glorot) : tensor<4xf32>
      %D = rnn.param "D" init(glorot) : tensor<6x3xf32>
      %a = rnn.outer %y, %x : !y, !x -> tensor<6x4xf32>
      %b = rnn.outer %s, %r : !s, !r -> tensor<3xf32>
      %c = rnn.outer %r, %x : !r, !x -> tensor<4xf32>
      %d = rnn.total %y : !y -> tensor<6x3xf32>
      %n = rnn.total %s : !s -> tensor<f32>
      %dr = rnn.lift %b : tensor<3xf32> -> !r
      %e = rnn.exp %n : tensor<f32>
      %ds = rnn.lift %e : tensor<f32> -> !s
      %dx = rnn.neg %x : !x
      %t = rnn.tanh %d : tensor<6x3xf32>
      %more = rnn.matmul %t, %b : tensor<6x3xf32>, tensor<3xf32>
      %lifted = rnn.lift %t : tensor<6x3xf32> -> !y
      %dy = rnn.mul %lifted, %y : !y
      rnn.return "d.A" = %a, "d.B" = %b, "d.C" = %c, "d.D" = %t, "d.x" = %dx, "d.y" = %dy, "d.r" = %dr, "d.s" = %ds
          : tensor<6x4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<6x3xf32>, !x, !y, !r, !s
    })"));
  model.mixesSamples = true;
  model.expectSame();
}

/// A loss over the valid ticks of words; what flows back is made of a number that is known when all ticks have been seen.
TEST(Backward, embeddingAndMaskedLoss) {
  const std::string forward = R"(
      %E = rnn.param "E" init(normal(1.0)) : tensor<11x6xf32>
      %v = rnn.param "v" init(glorot) : tensor<6xf32>
      %e = rnn.embed %E, %x : tensor<11x6xf32>, !i
      %vt = rnn.lift %v : tensor<6xf32> -> !e
      %p = rnn.mul %e, %vt : !e
      %s = rnn.fold sum %p all : !e
      rnn.loss "l" %s valid %mask : !s, !m
  )";
  Backward model(clocks + std::string(R"(
    !i = !rnn.stream<!rnn.token<11>, #word>
    !m = !rnn.stream<i1, #word>
    !e = !rnn.stream<6xf32, #word>
    !s = !rnn.stream<f32, #word>
    rnn.model @m(%x "x" : !i, %mask "mask" : !m, %bias "bias" : !rnn.stream<f32, #sentence>) {)") +
                 forward + R"(
      rnn.return
    }
    rnn.model @m.backward(%x "x" : !i, %mask "mask" : !m, %bias "bias" : !rnn.stream<f32, #sentence>) {)" +
                 forward + R"(
      %one = rnn.const 1.0 : !s
      %zero = rnn.const 0.0 : !s
      %counted = rnn.select %mask, %one, %zero : !m, !s
      %number = rnn.total %counted : !s -> tensor<f32>
      %unit = rnn.const 1.0 : tensor<f32>
      %most = rnn.maximum %number, %unit : tensor<f32>
      %share = rnn.div %unit, %most : tensor<f32>
      %each = rnn.lift %share : tensor<f32> -> !s
      %ds = rnn.select %mask, %each, %zero : !m, !s
      %dp = rnn.repeat %ds : !s -> !e
      %de = rnn.mul %dp, %vt : !e
      %dE = rnn.scatter_add %x, %de : !i, !e -> tensor<11x6xf32>
      %dv0 = rnn.mul %dp, %e : !e
      %dv = rnn.total %dv0 : !e -> tensor<6xf32>
      %db = rnn.reduce sum %ds : !s -> !rnn.stream<f32, #sentence>
      rnn.return "d.E" = %dE, "d.v" = %dv, "d.bias" = %db
          : tensor<11x6xf32>, tensor<6xf32>, !rnn.stream<f32, #sentence>
    })");
  model.expectSame();
}

//===--- Pairs -------------------------------------------------------------------------------------------------===//

/// A decoder that looks at all rows of its source; its query comes from its own state.
TEST(Backward, attentionInALoop) {
  const std::string forward = R"(
      %K = rnn.param "K" init(glorot) : tensor<4x3xf32>
      %Q = rnn.param "Q" init(glorot) : tensor<4x4xf32>
      %R = rnn.param "R" init(glorot) : tensor<4x3xf32>
      %k = rnn.matmul %K, %m : tensor<4x3xf32>, !m
      %hs = rnn.state "h" : !rnn.state<!h>
      %h = rnn.read %hs : !rnn.state<!h> -> !h
      %q = rnn.matmul %Q, %h : tensor<4x4xf32>, !h
      %kp = rnn.cross %k : !k -> !kp
      %qp = rnn.cross %q : !h -> !kp
      %kq = rnn.mul %kp, %qp : !kp
      %s = rnn.fold sum %kq all : !kp
      %a = rnn.softmax %s per(#t) : !sp
      %mp = rnn.cross %m : !m -> !mp
      %am = rnn.scale %a, %mp : !sp, !mp
      %c = rnn.reduce sum %am : !mp -> !c
      %rc = rnn.matmul %R, %c : tensor<4x3xf32>, !c
      %z = rnn.add %rc, %x : !h
      %h1 = rnn.tanh %z : !h
      rnn.next %hs, %h1 : !h
  )";
  Backward model(clocks + std::string(R"(
    #s = #rnn.axis<"source">
    #ts = #rnn.pair<#t, #s>
    !m = !rnn.stream<3xf32, #s>
    !k = !rnn.stream<4xf32, #s>
    !h = !rnn.stream<4xf32, #t>
    !c = !rnn.stream<3xf32, #t>
    !kp = !rnn.stream<4xf32, #ts>
    !mp = !rnn.stream<3xf32, #ts>
    !sp = !rnn.stream<f32, #ts>
    !s1 = !rnn.stream<f32, #t>
    rnn.model @m(%m "m" : !m, %x "x" : !h) {)") +
                 forward + R"(
      rnn.return "y" = %h1 : !h
    }
    rnn.model @m.backward(%m "m" : !m, %x "x" : !h, %dy "d.y" : !h) {)" +
                 forward + R"(
      %dhs = rnn.accum "d.h" reverse : !rnn.accum<!h>
      %dh0 = rnn.take %dhs : !rnn.accum<!h> -> !h
      %dh1 = rnn.add %dh0, %dy : !h
      %dz = rnn.dtanh %h1, %dh1 : !h
      %dc = rnn.matmul transposed %R, %dz : tensor<4x3xf32>, !h
      %dam = rnn.cross %dc : !c -> !mp
      %dap = rnn.mul %dam, %mp : !mp
      %da = rnn.fold sum %dap all : !mp
      %dmp = rnn.scale %a, %dam : !sp, !mp
      %ada = rnn.mul %a, %da : !sp
      %sum = rnn.reduce sum reverse %ada : !sp -> !s1
      %sump = rnn.cross %sum : !s1 -> !sp
      %less = rnn.sub %da, %sump : !sp
      %ds = rnn.mul %a, %less : !sp
      %dkp = rnn.scale %ds, %qp : !sp, !kp
      %dqp = rnn.scale %ds, %kp : !sp, !kp
      %dq = rnn.reduce sum reverse %dqp : !kp -> !h
      %dh = rnn.matmul transposed %Q, %dq : tensor<4x4xf32>, !h
      rnn.put %dhs, %dh : !rnn.accum<!h>, !h
      %dk = rnn.reduce sum %dkp : !kp -> !k
      %dm0 = rnn.reduce sum %dmp : !mp -> !m
      %dm1 = rnn.matmul transposed %K, %dk : tensor<4x3xf32>, !k
      %dm = rnn.add %dm0, %dm1 : !m
      %dK = rnn.outer %dk, %m : !k, !m -> tensor<4x3xf32>
      %dQ = rnn.outer %dq, %h : !h, !h -> tensor<4x4xf32>
      %dR = rnn.outer %dz, %c : !h, !c -> tensor<4x3xf32>
      rnn.return "y" = %h1, "d.K" = %dK, "d.Q" = %dQ, "d.R" = %dR, "d.m" = %dm, "d.x" = %dz
          : !h, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4x3xf32>, !m, !h
    })");
  model.expectSame();
}

/// Gradients of rows that segments group, and of one row a segment or a sample: empty segments get zeros.
TEST(Backward, segmentsAndSamples) {
  Backward model(clocks + std::string(R"(
    !w = !rnn.stream<3xf32, #word>
    !s = !rnn.stream<3xf32, #sentence>
    !d = !rnn.stream<3xf32, #sample>
    rnn.model @m(%w "w" : !w, %s "s" : !s, %d "d" : !d) {
      %b = rnn.param "b" init(zeros) : tensor<3xf32>
      %sw = rnn.latest reverse %s : !s -> !w
      %dw = rnn.latest reverse %d : !d -> !w
      %x = rnn.mul %w, %sw : !w
      %y = rnn.mul %x, %dw : !w
      %p = rnn.reduce sum %y : !w -> !s
      rnn.return "p" = %p : !s
    }
    rnn.model @m.backward(%w "w" : !w, %s "s" : !s, %d "d" : !d, %dp "d.p" : !s) {
      %b = rnn.param "b" init(zeros) : tensor<3xf32>
      %sw = rnn.latest reverse %s : !s -> !w
      %dw = rnn.latest reverse %d : !d -> !w
      %x = rnn.mul %w, %sw : !w
      %y = rnn.mul %x, %dw : !w
      %p = rnn.reduce sum %y : !w -> !s
      %dy = rnn.latest reverse %dp : !s -> !w
      %dx = rnn.mul %dy, %dw : !w
      %ddw = rnn.mul %dy, %x : !w
      %dww = rnn.mul %dx, %sw : !w
      %dsw = rnn.mul %dx, %w : !w
      %ds = rnn.reduce sum %dsw : !w -> !s
      %dd = rnn.reduce sum %ddw : !w -> !d
      %db = rnn.total %dp : !s -> tensor<3xf32>
      rnn.return "p" = %p, "d.b" = %db, "d.w" = %dww, "d.s" = %ds, "d.d" = %dd : !s, tensor<3xf32>, !w, !s, !d
    })"));
  model.expectSame();
}

} // namespace
} // namespace rondo::run
