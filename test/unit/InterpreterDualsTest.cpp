// The duals with which gradients flow. A linear operation and its dual are known by one property: for all u and v the
// inner products <v, A u> and <A* v, u> are equal, over all ticks and samples of a batch.
#include "InterpreterTesting.h"
#include "LstmTesting.h"

using namespace rondo::reference;

namespace {

double inner(const Rows &a, const Rows &b) {
  double sum = 0;
  EXPECT_EQ(a.size(), b.size());
  for (size_t s = 0; s < a.size(); ++s) {
    EXPECT_EQ(a[s].reals.size(), b[s].reals.size());
    for (size_t i = 0; i < a[s].reals.size(); ++i)
      sum += a[s].reals[i] * b[s].reals[i];
  }
  return sum;
}

Batch randomBatch(Numbers &numbers) {
  std::vector<int64_t> lengths{13, 0, 1, 8};
  Batch batch;
  batch.samples = lengths.size();
  batch.lengths["word"] = lengths;
  batch.offsets["sentence"] = {{0, 4, 4, 9, 13}, {0, 0}, {0, 1}, {0, 8}};
  batch.offsets["review"] = {{0, 2, 4}, {0, 1}, {0, 1}, {0, 1}};
  for (int64_t n : lengths) {
    batch.inputs["u"].push_back(numbers.reals({n}));
    batch.inputs["v"].push_back(numbers.reals({n}));
    batch.inputs["c"].push_back(numbers.ints({n}, 2));
    batch.inputs["d"].push_back(numbers.ints({n}, 2));
  }
  return batch;
}

/// A text with `u` on clock A and `v` on clock B, and the dual pair `forward` (u -> B) and `backward` (v -> A).
std::string duals(const std::string &a, const std::string &b, const std::string &body) {
  std::string text = R"(
#e = #rnn.event<0 of #word>
#f = #rnn.event<1 of #word>
#p = #rnn.every<3 phase 1 of #word>
!word = !rnn.stream<f32, #word>
!A = !rnn.stream<f32, CLOCKA>
!B = !rnn.stream<f32, CLOCKB>
rnn.model @duals(%u0 "u" : !word, %v0 "v" : !word, %c "c" : !rnn.stream<i1, #word>, %d "d" : !rnn.stream<i1, #word>) {
  rnn.event #e = %c
  rnn.event #f = %d
  %u = rnn.latest %u0 : !word -> !A
  %v = rnn.latest %v0 : !word -> !B
  BODY
  rnn.return "u" = %u, "v" = %v, "forward" = %forward, "backward" = %backward : !A, !B, !B, !A
})";
  return replaced(replaced(replaced(text, "BODY", body), "CLOCKA", a), "CLOCKB", b);
}

/// Returns whether the two had anything to say to one another.
bool expectDual(const std::string &text, const std::string &what) {
  TestModel model(text);
  Numbers numbers(7);
  Result r = model.run(randomBatch(numbers));
  double one = inner(r.outputs["v"].rows, r.outputs["forward"].rows);
  double other = inner(r.outputs["backward"].rows, r.outputs["u"].rows);
  EXPECT_NEAR(one, other, 1e-12 * std::max(1.0, std::fabs(one))) << what;
  return one != 0;
}

const char *const clocks[] = {"#word", "#p", "#e", "#f", "#sentence", "#sample"};
const char *const scopes[] = {"", "restart(after #sentence)", "restart(before #f)",
                              "restart(after #e, before #sentence)"};

// A take gets what was put where a read would have seen what was written; takes come before puts at one instant.
TEST(InterpreterDuals, AccumulatorsOfStates) {
  int meetings = 0;
  for (const char *a : clocks)
    for (const char *b : clocks)
      for (const char *scope : scopes)
        for (bool reverse : {false, true}) {
          std::string body = R"(
  %s = rnn.state "s" STATE SCOPE : !rnn.state<!A>
  rnn.next %s, %u : !A
  %forward = rnn.read %s : !rnn.state<!A> -> !B
  %acc = rnn.accum "d.s" ACCUM SCOPE : !rnn.accum<!A>
  rnn.put %acc, %v : !rnn.accum<!A>, !B
  %backward = rnn.take %acc : !rnn.accum<!A> -> !A)";
          body = replaced(replaced(body, "STATE", reverse ? "reverse" : ""), "ACCUM", reverse ? "" : "reverse");
          body = replaced(body, "SCOPE", scope);
          meetings += expectDual(duals(a, b, body),
                                 std::string(a) + " read on " + b + " " + scope + (reverse ? " reverse" : ""));
        }
  EXPECT_GT(meetings, 100) << "of 288; a cut at every tick leaves nothing to see";
}

TEST(InterpreterDuals, ReductionsOfLatest) {
  int meetings = 0;
  for (const char *a : clocks)
    for (const char *b : clocks)
      for (const char *scope : scopes)
        for (bool reverse : {false, true}) {
          std::string body = R"(
  %forward = rnn.latest ONE SCOPE %u : !A -> !B
  %backward = rnn.reduce sum OTHER SCOPE %v : !B -> !A)";
          body = replaced(replaced(body, "ONE", reverse ? "reverse" : ""), "OTHER", reverse ? "" : "reverse");
          body = replaced(body, "SCOPE", scope);
          meetings += expectDual(duals(a, b, body),
                                 std::string(a) + " seen on " + b + " " + scope + (reverse ? " reverse" : ""));
        }
  EXPECT_GT(meetings, 100) << "of 288; a cut at every tick leaves nothing to see";
}

TEST(InterpreterDuals, PutsOnSeveralClocksAddUp) {
  EXPECT_TRUE(expectDual(duals("#p", "#word", R"(
  %s = rnn.state "s" : !rnn.state<!A>
  rnn.next %s, %u : !A
  %r = rnn.read %s : !rnn.state<!A> -> !B
  %re = rnn.read %s : !rnn.state<!A> -> !rnn.stream<f32, #e>
  %up = rnn.latest %re : !rnn.stream<f32, #e> -> !B
  %forward = rnn.add %r, %up : !B
  %acc = rnn.accum "d.s" reverse : !rnn.accum<!A>
  rnn.put %acc, %v : !rnn.accum<!A>, !B
  %ve = rnn.reduce sum reverse %v : !B -> !rnn.stream<f32, #e>
  rnn.put %acc, %ve : !rnn.accum<!A>, !rnn.stream<f32, #e>
  %backward = rnn.take %acc : !rnn.accum<!A> -> !A)"),
                         "two readers"));
}

TEST(InterpreterDuals, RowsAndPairs) {
  const char *const same = "#word";
  EXPECT_TRUE(expectDual(duals(same, same, R"(
  %forward = rnn.cumsum %u per(#sentence) : !A
  %backward = rnn.cumsum reverse %v per(#sentence) : !A)"),
                         "cumsum"));
  for (const char *width : {"1", "2", "3", "4"})
    EXPECT_TRUE(expectDual(duals(same, same,
                                 replaced(R"(
  %w = rnn.window WIDTH %u per(#sentence) : !A
  %forward = rnn.fold max %w axis 0 : !rnn.stream<WIDTHxf32, #word>
  %m = rnn.pick %w : !rnn.stream<WIDTHxf32, #word>
  %vs = rnn.repeat %v : !A -> !rnn.stream<WIDTHxf32, #word>
  %zero = rnn.const 0.0 : !rnn.stream<WIDTHxf32, #word>
  %dw = rnn.select %m, %vs, %zero : !rnn.stream<WIDTHxi1, #word>, !rnn.stream<WIDTHxf32, #word>
  %backward = rnn.overlap %dw per(#sentence) : !rnn.stream<WIDTHxf32, #word>)",
                                          "WIDTH", width)),
                           "window"));
  EXPECT_TRUE(expectDual(duals(same, same, R"(
  %x = rnn.cross source %u : !A -> !rnn.stream<f32, #rnn.pair<#word, #word per #review>>
  %forward = rnn.reduce sum %x : !rnn.stream<f32, #rnn.pair<#word, #word per #review>> -> !A
  %y = rnn.cross %v : !A -> !rnn.stream<f32, #rnn.pair<#word, #word per #review>>
  %turned = rnn.reduce sum %y : !rnn.stream<f32, #rnn.pair<#word, #word per #review>> -> !A
  %sums = rnn.reduce sum %v : !A -> !rnn.stream<f32, #review>
  %backward = rnn.latest reverse %sums : !rnn.stream<f32, #review> -> !A)"),
                         "cross and reduce"));
}

TEST(InterpreterDuals, AtOneInstantTheTakeComesBeforeThePuts) {
  TestModel model(R"(
!f = !rnn.stream<f32, #t>
!g = !rnn.stream<f32, #t2>
rnn.model @take(%x "x" : !f) {
  %a = rnn.accum "a" reverse : !rnn.accum<!g>
  rnn.put %a, %x : !rnn.accum<!g>, !f
  %y = rnn.take %a : !rnn.accum<!g> -> !g
  %b = rnn.accum "b" : !rnn.accum<!g>
  rnn.put %b, %x : !rnn.accum<!g>, !f
  %z = rnn.take %b : !rnn.accum<!g> -> !g
  rnn.return "y" = %y, "z" = %z : !g, !g
})");
  Result r = model.run(batchOf({{"step", {6}}}, {{"x", {realArray({6}, {1, 2, 4, 8, 16, 32})}}}));
  EXPECT_EQ(r.outputs["y"].rows[0].reals, (Vector{2 + 4, 8 + 16, 32}));
  EXPECT_EQ(r.outputs["z"].rows[0].reals, (Vector{0, 1 + 2, 4 + 8}));
}

TEST(InterpreterDuals, TheBackwardPassOfAnLstmIsItsDerivative) {
  TestModel model(R"(
!x = !rnn.stream<2xf32, #t>
!h = !rnn.stream<3xf32, #t>
!z = !rnn.stream<12xf32, #t>
!w = tensor<12x2xf32>
!u = tensor<12x3xf32>
!b = tensor<12xf32>
rnn.model @lstm(%x "x" : !x, %dy "dy" : !h) {
  %W = rnn.param "W" init(glorot) : !w
  %U = rnn.param "U" init(orthogonal) : !u
  %b = rnn.param "b" init(zeros) : !b
)" + rondo::lstmForward() +
                  R"(
  %seen = rnn.mul %h1, %dy : !h
  %sum = rnn.fold sum %seen axis 0 : !h
  %loss = rnn.total %sum : !rnn.stream<f32, #t> -> tensor<f32>
)" + rondo::lstmBackward +
                  R"(
  rnn.return "loss" = %loss, "dx" = %dx, "dW" = %dW, "dU" = %dU, "db" = %db : tensor<f32>, !x, !w, !u, !b
})");
  Numbers numbers;
  Params params{{"W", numbers.reals({12, 2})}, {"U", numbers.reals({12, 3})}, {"b", numbers.reals({12})}};
  std::vector<int64_t> lengths{4, 0, 3};
  Rows x, dy;
  for (int64_t n : lengths) {
    x.push_back(numbers.reals({n, 2}));
    dy.push_back(numbers.reals({n, 3}));
  }
  Result r = model.run(batchOf({{"step", lengths}}, {{"x", x}, {"dy", dy}}), params);
  auto slopeAt = [&](double &number) {
    const double step = 1e-5, before = number;
    double loss[2];
    for (int up : {0, 1}) {
      number = before + (up ? step : -step);
      loss[up] =
          model.run(batchOf({{"step", lengths}}, {{"x", x}, {"dy", dy}}), params).outputs["loss"].rows[0].reals[0];
    }
    number = before;
    return (loss[1] - loss[0]) / (2 * step);
  };
  auto expectDerivative = [&](const Vector &derivative, Array &of, const std::string &what) {
    for (size_t i = 0; i < derivative.size(); ++i)
      EXPECT_NEAR(derivative[i], slopeAt(of.reals[i]), 1e-8) << what << ", element " << i;
  };
  expectDerivative(r.outputs["dW"].rows[0].reals, params["W"], "dW");
  expectDerivative(r.outputs["dU"].rows[0].reals, params["U"], "dU");
  expectDerivative(r.outputs["db"].rows[0].reals, params["b"], "db");
  for (size_t s = 0; s < lengths.size(); ++s)
    expectDerivative(r.outputs["dx"].rows[s].reals, x[s], "dx of sample " + std::to_string(s));
}

TEST(InterpreterDuals, SumsOverAllTicksAndSamples) {
  TestModel model(R"(
!x = !rnn.stream<2xf32, #word>
!i = !rnn.stream<!rnn.token<3>, #word>
!e = tensor<3x2xf32>
rnn.model @sums(%u "u" : !rnn.stream<f32, #word>, %v "v" : !rnn.stream<f32, #word>, %i "i" : !i) {
  %E = rnn.param "E" init(normal(1.0)) : !e
  %W = rnn.param "W" init(normal(1.0)) : tensor<2xf32>
  %x = rnn.embed %E, %i : !e, !i
  %vx = rnn.scale %v, %x : !rnn.stream<f32, #word>, !x
  %lifted = rnn.lift %W : tensor<2xf32> -> !x
  %vw = rnn.scale %v, %lifted : !rnn.stream<f32, #word>, !x
  %dE = rnn.scatter_add %i, %vx : !i, !x -> !e
  %dW = rnn.total %vw : !x -> tensor<2xf32>
  %dO = rnn.outer %x, %vw : !x, !x -> tensor<2x2xf32>
  rnn.return "dE" = %dE, "dW" = %dW, "dO" = %dO : !e, tensor<2xf32>, tensor<2x2xf32>
})");
  Numbers numbers;
  Batch batch = randomBatch(numbers);
  batch.inputs.erase("c");
  batch.inputs.erase("d");
  for (int64_t n : batch.lengths["word"])
    batch.inputs["i"].push_back(numbers.ints({n}, 3));
  Params p{{"E", numbers.reals({3, 2})}, {"W", numbers.reals({2})}};
  Result r = model.run(batch, p);
  Vector dE(6), dW(2), dO(4);
  for (int64_t s = 0; s < batch.samples; ++s)
    for (int64_t t = 0; t < batch.lengths["word"][s]; ++t) {
      double v = batch.inputs["v"][s].reals[t];
      int64_t i = batch.inputs["i"][s].ints[t];
      for (int j = 0; j < 2; ++j) {
        dE[2 * i + j] += v * p["E"].reals[2 * i + j];
        dW[j] += v * p["W"].reals[j];
        for (int k = 0; k < 2; ++k)
          dO[2 * j + k] += p["E"].reals[2 * i + j] * v * p["W"].reals[k];
      }
    }
  expectClose(r.outputs["dE"].rows[0].reals, dE);
  expectClose(r.outputs["dW"].rows[0].reals, dW);
  expectClose(r.outputs["dO"].rows[0].reals, dO);
}

} // namespace
