// Operations along rows, attention over pairs, CTC, and operations inside a value.
#include "InterpreterTesting.h"
#include "compiler/Reference/Ctc.h"

using namespace rondo::reference;

namespace {

//===--- Rows of segments ---===//

Batch wordsIn(const std::vector<int64_t> &offsets, Rows x) {
  Batch batch = batchOf({{"word", {offsets.back()}}}, {{"x", std::move(x)}});
  batch.offsets["sentence"] = {offsets};
  batch.offsets["review"] = {{0, int64_t(offsets.size()) - 1}};
  return batch;
}

TEST(InterpreterRows, PerSegment) {
  TestModel model(R"(
!w = !rnn.stream<2xf32, #word>
rnn.model @rows(%x "x" : !w) {
  %soft = rnn.softmax %x per(#sentence) : !w
  %logs = rnn.log_softmax %x per(#sentence) : !w
  %sum = rnn.cumsum %x per(#sentence) : !w
  %back = rnn.cumsum reverse %x per(#sentence) : !w
  %max = rnn.pick %x per(#sentence) : !w
  %near = rnn.window 4 %x per(#sentence) : !w
  %whole = rnn.softmax %x per(#sample) : !w
  rnn.return "soft" = %soft, "logs" = %logs, "sum" = %sum, "back" = %back, "max" = %max, "near" = %near, "whole" = %whole
      : !w, !w, !w, !w, !rnn.stream<2xi1, #word>, !rnn.stream<2x4xf32, #word>, !w
})");
  std::vector<int64_t> offsets{0, 3, 3, 4, 9};
  Array x = Numbers().reals({9, 2});
  x.reals[2 * 6] = x.reals[2 * 5] = 7; // the first of two equal maxima
  Result result = model.run(wordsIn(offsets, {x}));
  auto at = [&](const char *name, int64_t i) { return result.outputs[name].rows[0].reals[i]; };
  double whole[2] = {};
  for (int i = 0; i < 18; ++i)
    whole[i % 2] += std::exp(x.reals[i]);
  for (size_t s = 0; s + 1 < offsets.size(); ++s)
    for (int j = 0; j < 2; ++j) {
      double total = 0, running = 0, most = -INFINITY;
      for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t) {
        total += std::exp(x.reals[2 * t + j]);
        most = std::max(most, x.reals[2 * t + j]);
      }
      double rest = 0;
      for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t)
        rest += x.reals[2 * t + j];
      bool picked = false;
      for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t) {
        int64_t i = 2 * t + j;
        double v = x.reals[i];
        running += v;
        EXPECT_NEAR(at("soft", i), std::exp(v) / total, 1e-12);
        EXPECT_NEAR(at("logs", i), v - std::log(total), 1e-12);
        EXPECT_NEAR(at("sum", i), running, 1e-12);
        EXPECT_NEAR(at("back", i), rest - running + v, 1e-12);
        EXPECT_NEAR(at("whole", i), std::exp(v) / whole[j], 1e-12);
        EXPECT_EQ(result.outputs["max"].rows[0].ints[i], v == most && !picked);
        picked |= v == most;
        for (int64_t k = 0; k < 4; ++k) { // from one row before to two behind
          int64_t from = t - 1 + k;
          bool inside = from >= offsets[s] && from < offsets[s + 1];
          EXPECT_EQ(at("near", 4 * i + k), inside ? x.reals[2 * from + j] : 0);
        }
      }
    }
}

TEST(InterpreterRows, RowsOfEventsAndRowsBehindTheLast) {
  TestModel model(R"(
#e = #rnn.event<0 of #t>
rnn.model @events(%x "x" : !rnn.stream<f32, #t>, %c "c" : !rnn.stream<i1, #t>) {
  rnn.event #e = %c
  %y = rnn.cumsum %x per(#e) : !rnn.stream<f32, #t>
  rnn.return "y" = %y : !rnn.stream<f32, #t>
})");
  Result result = model.run(batchOf(
      {{"step", {6}}}, {{"x", {realArray({6}, {1, 2, 3, 4, 5, 6})}}, {"c", {intArray({6}, {0, 1, 0, 1, 0, 0})}}}));
  EXPECT_EQ(result.outputs["y"].rows[0].reals, (Vector{1, 3, 3, 7, 0, 0}));
}

TEST(InterpreterRows, SoftmaxOfNothingButMinusInfinityIsZero) {
  TestModel model(R"(
!x = !rnn.stream<3xf32, #t>
rnn.model @soft(%x "x" : !x) {
  %y = rnn.softmax %x : !x
  %z = rnn.log_softmax %x : !x
  rnn.return "y" = %y, "z" = %z : !x, !x
})");
  const double inf = INFINITY, nan = NAN;
  Result result =
      model.run(batchOf({{"step", {3}}}, {{"x", {realArray({3, 3}, {-inf, -inf, -inf, 0, -inf, 0, 1, nan, 2})}}}));
  const Vector &y = result.outputs["y"].rows[0].reals;
  EXPECT_EQ(Vector(y.begin(), y.begin() + 6), (Vector{0, 0, 0, 0.5, 0, 0.5}));
  EXPECT_TRUE(std::isnan(y[6]) && std::isnan(y[8]));
  EXPECT_EQ(result.outputs["z"].rows[0].reals[0], -inf);
}

//===--- Pairs ---===//

TEST(InterpreterRows, AttentionWithCoverageInsideTheLoop) {
  // The decoder's state asks; the weights so far, one a source row, are a slot on the pair.
  TestModel model(R"(
#ts = #rnn.pair<#t, #s>
!y = !rnn.stream<2xf32, #t>
!m = !rnn.stream<2xf32, #s>
!p = !rnn.stream<2xf32, #ts>
!w = !rnn.stream<f32, #ts>
rnn.model @attend(%y "y" : !y, %m "m" : !m) {
  %v = rnn.param "v" init(normal(1.0)) : tensor<2xf32>
  %core = rnn.state "core.h" : !rnn.state<!y>
  %alpha = rnn.state "alpha" : !rnn.state<!w>
  %q = rnn.read %core : !rnn.state<!y> -> !y
  %past = rnn.read %alpha : !rnn.state<!w> -> !w
  %kq = rnn.cross %q : !y -> !p
  %km = rnn.cross %m : !m -> !p
  %sum = rnn.add %kq, %km : !p
  %th = rnn.tanh %sum : !p
  %e0 = rnn.matmul %v, %th : tensor<2xf32>, !p
  %e = rnn.sub %e0, %past : !w
  %a = rnn.softmax %e per(#t) : !w
  %total = rnn.add %past, %a : !w
  rnn.next %alpha, %total : !w
  %weighted = rnn.scale %a, %km : !w, !p
  %ctx = rnn.reduce sum %weighted : !p -> !y
  %z = rnn.add %ctx, %y : !y
  %h = rnn.tanh %z : !y
  rnn.next %core, %h : !y
  %use = rnn.reduce sum %a : !w -> !rnn.stream<f32, #s>
  %last = rnn.reduce first reverse %a : !w -> !rnn.stream<f32, #s>
  rnn.return "h" = %h, "a" = %a, "use" = %use, "last" = %last : !y, !w, !rnn.stream<f32, #s>, !rnn.stream<f32, #s>
})");
  Numbers numbers;
  Params params{{"v", numbers.reals({2})}};
  std::vector<int64_t> targets{4, 2, 3}, sources{5, 0, 1};
  Rows y, m;
  for (size_t s = 0; s < targets.size(); ++s) {
    y.push_back(numbers.reals({targets[s], 2}));
    m.push_back(numbers.reals({sources[s], 2}));
  }
  Result result = model.run(batchOf({{"step", targets}, {"source", sources}}, {{"y", y}, {"m", m}}), params);
  for (size_t s = 0; s < targets.size(); ++s) {
    Vector h(2), past(sources[s]), hs, as, use(sources[s]), a(sources[s]);
    for (int64_t t = 0; t < targets[s]; ++t) {
      double sum = 0;
      for (int64_t r = 0; r < sources[s]; ++r) {
        double e = -past[r];
        for (int j = 0; j < 2; ++j)
          e += params["v"].reals[j] * std::tanh(h[j] + m[s].reals[2 * r + j]);
        sum += a[r] = std::exp(e);
      }
      Vector ctx(2);
      for (int64_t r = 0; r < sources[s]; ++r) {
        a[r] /= sum;
        past[r] += a[r];
        use[r] += a[r];
        as.push_back(a[r]);
        for (int j = 0; j < 2; ++j)
          ctx[j] += a[r] * m[s].reals[2 * r + j];
      }
      for (int j = 0; j < 2; ++j)
        hs.push_back(h[j] = std::tanh(ctx[j] + y[s].reals[2 * t + j]));
    }
    expectClose(result.outputs["h"].rows[s].reals, hs, "h");
    expectClose(result.outputs["a"].rows[s].reals, as, "a");
    expectClose(result.outputs["use"].rows[s].reals, use, "use");
    expectClose(result.outputs["last"].rows[s].reals, a, "last");
  }
  EXPECT_EQ(result.outputs["a"].clock, "step");
  EXPECT_EQ(result.outputs["a"].axisClocks, std::vector<std::string>{"source"});
  EXPECT_EQ(result.outputs["a"].counts[0], (std::vector<int64_t>{5, 5, 5, 5}));
  EXPECT_EQ(result.outputs["a"].counts[1], (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(result.outputs["a"].ticks[1], (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(result.outputs["a"].counts[2], (std::vector<int64_t>{1, 1, 1}));
}

TEST(InterpreterRows, PairsOfOneSentence) {
  TestModel model(R"(
#ww = #rnn.pair<#word, #word per #sentence>
!w = !rnn.stream<f32, #word>
!p = !rnn.stream<f32, #ww>
rnn.model @self(%x "x" : !w) {
  %q = rnn.cross %x : !w -> !p
  %k = rnn.cross source %x : !w -> !p
  %b = rnn.const 10.0 : !p
  %qb = rnn.mul %q, %b : !p
  %s = rnn.add %qb, %k : !p
  %sum = rnn.reduce sum %s : !p -> !w
  rnn.return "sum" = %sum, "s" = %s : !w, !p
})");
  Result result = model.run(wordsIn({0, 2, 2, 5}, {realArray({5}, {1, 2, 3, 4, 5})}));
  EXPECT_EQ(result.outputs["sum"].rows[0].reals, (Vector{23, 43, 102, 132, 162}));
  EXPECT_EQ(result.outputs["s"].counts[0], (std::vector<int64_t>{2, 2, 3, 3, 3}));
}

//===--- CTC ---===//

/// The sum over all paths, one by one.
double ctcByPaths(const Array &logits, const std::vector<int64_t> &labels) {
  int64_t rows = logits.shape[0], classes = logits.shape[1];
  std::vector<Vector> p(rows, Vector(classes));
  for (int64_t t = 0; t < rows; ++t) {
    double sum = 0;
    for (int64_t k = 0; k < classes; ++k)
      sum += p[t][k] = std::exp(logits.reals[t * classes + k]);
    for (double &x : p[t])
      x /= sum;
  }
  double total = 0;
  std::vector<int64_t> path(rows);
  std::function<void(int64_t, double)> walk = [&](int64_t t, double probability) {
    if (t < rows) {
      for (path[t] = 0; path[t] < classes; ++path[t])
        walk(t + 1, probability * p[t][path[t]]);
      return;
    }
    std::vector<int64_t> text;
    for (int64_t i = 0; i < rows; ++i)
      if (path[i] != 0 && (i == 0 || path[i] != path[i - 1]))
        text.push_back(path[i]);
    if (text == labels)
      total += probability;
  };
  walk(0, 1);
  return -std::log(total);
}

TEST(InterpreterRows, CtcIsTheSumOverPaths) {
  TestModel model(R"(
!l = !rnn.stream<3xf32, #t>
!k = !rnn.stream<!rnn.token<3>, #s>
!one = !rnn.stream<f32, #sample>
rnn.model @ctc(%l "l" : !l, %k "k" : !k) {
  %loss = rnn.ctc %l, %k : !l, !k -> !one
  %two = rnn.const 2.0 : !one
  %d = rnn.dctc %l, %k, %two : !l, !k, !one
  rnn.return "loss" = %loss, "d" = %d : !one, !l
})");
  Numbers numbers;
  std::vector<std::vector<int64_t>> labels{{}, {1}, {1, 2}, {1, 1}, {2, 2, 1}, {1, 2, 1, 2, 1}, {}, {1}, {1, 1, 1}};
  std::vector<int64_t> rows{4, 4, 4, 4, 5, 5, 0, 0, 4}, counts;
  Rows logits, tokens;
  for (size_t i = 0; i < labels.size(); ++i) {
    counts.push_back(labels[i].size());
    logits.push_back(numbers.reals({rows[i], 3}));
    tokens.push_back(intArray({counts[i]}, labels[i]));
  }
  Batch batch = batchOf({{"step", rows}, {"source", counts}}, {{"l", logits}, {"k", tokens}});
  Result result = model.run(batch);
  for (size_t i = 0; i < labels.size(); ++i) {
    double expected = ctcByPaths(logits[i], labels[i]), loss = result.outputs["loss"].rows[i].reals[0];
    if (std::isinf(expected)) // too few rows: five labels, or three equal ones in four rows
      EXPECT_EQ(loss, INFINITY) << i;
    else
      EXPECT_NEAR(loss, expected, 1e-12) << i;
    const Vector &gradient = result.outputs["d"].rows[i].reals;
    for (size_t j = 0; j < gradient.size(); ++j) {
      Array up = logits[i], down = logits[i];
      up.reals[j] += 1e-5;
      down.reals[j] -= 1e-5;
      double slope = std::isinf(expected) ? 0 : 2 * (ctcByPaths(up, labels[i]) - ctcByPaths(down, labels[i])) / 2e-5;
      EXPECT_NEAR(gradient[j], slope, 1e-8) << i;
    }
  }
}

TEST(InterpreterRows, CtcOfALabelThatIsTheBlankIsImpossible) {
  Vector row(3);
  std::vector<const double *> rows(4, row.data());
  EXPECT_EQ(ctcLoss(rows, 3, {1, 0}), INFINITY);
  EXPECT_EQ(ctcGradient(rows, 3, {1, 0}), Vector(12));
}

//===--- Inside a value ---===//

TEST(InterpreterRows, PartsJoinsAndFolds) {
  TestModel model(R"(
!x = !rnn.stream<2x3xf32, #t>
rnn.model @features(%x "x" : !x) {
  %t = rnn.transpose %x [1, 0] : !x
  %a, %b = rnn.split %x axis 1 : !x -> !rnn.stream<2x1xf32, #t>, !rnn.stream<2x2xf32, #t>
  %c = rnn.concat %b, %a axis 1 : !rnn.stream<2x2xf32, #t>, !rnn.stream<2x1xf32, #t>
  %s = rnn.slice %x [1, 3] axis 1 : !x
  %p = rnn.pad %s [1, 3 of 4] axis 1 : !rnn.stream<2x2xf32, #t>
  %m = rnn.fold mean %x axis 0 : !x
  %f = rnn.fold first %x axis 1 : !x
  %n = rnn.fold max %x all : !x
  %i = rnn.argmax %x : !x
  %h = rnn.one_hot %i : !rnn.stream<2x!rnn.token<3>, #t>
  %r = rnn.repeat %f : !rnn.stream<2xf32, #t> -> !rnn.stream<2x2xf32, #t>
  %near = rnn.window 2 %x : !x
  %over = rnn.overlap %near : !rnn.stream<2x3x2xf32, #t>
  rnn.return "t" = %t, "c" = %c, "p" = %p, "m" = %m, "f" = %f, "n" = %n, "h" = %h, "r" = %r, "over" = %over
    : !rnn.stream<3x2xf32, #t>, !x, !rnn.stream<2x4xf32, #t>, !rnn.stream<3xf32, #t>, !rnn.stream<2xf32, #t>,
      !rnn.stream<f32, #t>, !rnn.stream<2x3xf32, #t>, !rnn.stream<2x2xf32, #t>, !x
})");
  Result r = model.run(batchOf({{"step", {1}}}, {{"x", {realArray({1, 2, 3}, {1, 5, 3, 6, 2, 6})}}}));
  auto out = [&](const char *name) { return r.outputs[name].rows[0].reals; };
  EXPECT_EQ(out("t"), (Vector{1, 6, 5, 2, 3, 6}));
  EXPECT_EQ(out("c"), (Vector{5, 3, 1, 2, 6, 6}));
  EXPECT_EQ(out("p"), (Vector{0, 5, 3, 0, 0, 2, 6, 0}));
  EXPECT_EQ(out("m"), (Vector{3.5, 3.5, 4.5}));
  EXPECT_EQ(out("f"), (Vector{1, 6}));
  EXPECT_EQ(out("n"), Vector{6});
  EXPECT_EQ(out("h"), (Vector{0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(out("r"), (Vector{1, 6, 1, 6}));
  EXPECT_EQ(out("over"), (Vector{1, 10, 6, 6, 4, 12})); // each element as often as a window holds it
}

TEST(InterpreterRows, ProductsOfEveryRank) {
  TestModel model(R"(
!v = !rnn.stream<2xf32, #t>
!m = !rnn.stream<2x2xf32, #t>
rnn.model @products(%v "v" : !v, %m "m" : !m) {
  %dot = rnn.matmul %v, %v : !v, !v
  %row = rnn.matmul %v, %m : !v, !m
  %column = rnn.matmul %m, %v : !m, !v
  %turned = rnn.matmul transposed %m, %v : !m, !v
  %square = rnn.matmul %m, %m : !m, !m
  %outer = rnn.outer %v, %v : !v, !v -> !m
  %summed = rnn.outer %m, %m : !m, !m -> tensor<2x2xf32>
  %all = rnn.lift %summed : tensor<2x2xf32> -> !m
  rnn.return "dot" = %dot, "row" = %row, "column" = %column, "turned" = %turned, "square" = %square, "outer" = %outer,
             "all" = %all, "summed" = %summed : !rnn.stream<f32, #t>, !v, !v, !v, !m, !m, !m, tensor<2x2xf32>
})");
  Result r = model.run(
      batchOf({{"step", {1, 1}}}, {{"v", {realArray({1, 2}, {1, 2}), realArray({1, 2}, {0, 0})}},
                                   {"m", {realArray({1, 2, 2}, {1, 2, 3, 4}), realArray({1, 2, 2}, {0, 1, 0, 0})}}}));
  auto out = [&](const char *name) { return r.outputs[name].rows[0].reals; };
  EXPECT_EQ(out("dot"), Vector{5});
  EXPECT_EQ(out("row"), (Vector{7, 10}));
  EXPECT_EQ(out("column"), (Vector{5, 11}));
  EXPECT_EQ(out("turned"), (Vector{7, 10}));
  EXPECT_EQ(out("square"), (Vector{7, 10, 15, 22}));
  EXPECT_EQ(out("outer"), (Vector{1, 2, 2, 4}));
  EXPECT_EQ(out("summed"), (Vector{6, 11, 11, 25})); // m m' of both samples
  EXPECT_EQ(out("all"), out("summed"));
}

TEST(InterpreterRows, WholeNumbers) {
  TestModel model(R"(
!i = !rnn.stream<i64, #t>
rnn.model @ints(%a "a" : !i, %b "b" : !i) {
  %q = rnn.floordiv %a, %b : !i
  %r = rnn.mod %a, %b : !i
  %m = rnn.minimum %a, %b : !i
  %x = rnn.convert %a : !i -> !rnn.stream<f32, #t>
  %k = rnn.convert %x : !rnn.stream<f32, #t> -> !i
  rnn.return "q" = %q, "r" = %r, "m" = %m, "k" = %k : !i, !i, !i, !i
})");
  Result r = model.run(
      batchOf({{"step", {4}}}, {{"a", {intArray({4}, {7, -7, 7, 5})}}, {"b", {intArray({4}, {2, 2, -2, 0})}}}));
  EXPECT_EQ(r.outputs["q"].rows[0].ints, (std::vector<int64_t>{3, -4, -4, 0}));
  EXPECT_EQ(r.outputs["r"].rows[0].ints, (std::vector<int64_t>{1, 1, -1, 0}));
  EXPECT_EQ(r.outputs["m"].rows[0].ints, (std::vector<int64_t>{2, -7, -2, 0}));
  EXPECT_EQ(r.outputs["k"].rows[0].ints, (std::vector<int64_t>{7, -7, 7, 5}));
}

} // namespace
