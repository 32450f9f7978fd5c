// Slots and clocks against loops written by hand.
#include "InterpreterTesting.h"
#include "LstmTesting.h"

using namespace rondo::reference;

namespace {

//===--- A layer ---===//

std::string lstmText(const std::string &direction) {
  return R"(
!x = !rnn.stream<2xf32, #t>
!h = !rnn.stream<3xf32, #t>
!z = !rnn.stream<12xf32, #t>
!w = tensor<12x2xf32>
!u = tensor<12x3xf32>
!b = tensor<12xf32>
rnn.model @lstm(%x "x" : !x) {
  %W = rnn.param "W" init(glorot) : !w
  %U = rnn.param "U" init(orthogonal) : !u
  %b = rnn.param "b" init(zeros) : !b
)" + rondo::lstmForward(direction) +
         R"(
  rnn.return "h" = %h1 : !h
}
)";
}

Vector lstm(const Params &p, const Array &x, bool reverse) {
  int64_t length = x.shape[0];
  Vector h(3), c(3), all(3 * length);
  for (int64_t k = 0; k < length; ++k) {
    int64_t t = reverse ? length - 1 - k : k;
    Vector z = product(p.at("W"), rowOf(x, t)), u = product(p.at("U"), h);
    for (int j = 0; j < 12; ++j)
      z[j] += u[j] + p.at("b").reals[j];
    for (int j = 0; j < 3; ++j) {
      c[j] = sigmoidOf(z[3 + j]) * c[j] + sigmoidOf(z[j]) * std::tanh(z[6 + j]);
      h[j] = all[3 * t + j] = sigmoidOf(z[9 + j]) * std::tanh(c[j]);
    }
  }
  return all;
}

class Lstm : public testing::TestWithParam<bool> {};

TEST_P(Lstm, EqualsALoopForEachSampleOfARaggedBatch) {
  bool reverse = GetParam();
  TestModel model(lstmText(reverse ? "reverse" : ""));
  Numbers numbers;
  Params params{{"W", numbers.reals({12, 2})}, {"U", numbers.reals({12, 3})}, {"b", numbers.reals({12})}};
  std::vector<int64_t> lengths{5, 0, 1, 8};
  Rows x;
  for (int64_t n : lengths)
    x.push_back(numbers.reals({n, 2}));
  Batch batch = batchOf({{"step", lengths}}, {{"x", x}});
  Result exact = model.run(batch, params), rough = model.run(batch, params, {/*fp64=*/false});
  for (size_t s = 0; s < lengths.size(); ++s) {
    Vector expected = lstm(params, x[s], reverse);
    expectClose(exact.outputs["h"].rows[s].reals, expected);
    expectNear(rough.outputs["h"].rows[s].reals, expected, 1e-5, "fp32");
    for (double y : rough.outputs["h"].rows[s].reals)
      EXPECT_EQ(y, static_cast<float>(y));
  }
  EXPECT_EQ(exact.outputs["h"].clock, "step");
  EXPECT_EQ(exact.outputs["h"].ticks[2], std::vector<int64_t>{0});
}

INSTANTIATE_TEST_SUITE_P(Both, Lstm, testing::Bool());

TEST(InterpreterTime, TenThousandTicksNeedNoRecursion) {
  for (const char *direction : {"", "reverse"}) {
    TestModel model(lstmText(direction));
    Numbers numbers;
    Params params{{"W", numbers.reals({12, 2})}, {"U", numbers.reals({12, 3})}, {"b", numbers.reals({12})}};
    Array x = numbers.reals({10000, 2});
    Result result = model.run(batchOf({{"step", {10000}}}, {{"x", {x}}}), params);
    expectClose(result.outputs["h"].rows[0].reals, lstm(params, x, *direction != 0));
  }
}

//===--- Clockwork ---===//

TEST(InterpreterTime, ClockworkModulesReadTheSlowerOneOfOneTickAgo) {
  // m1 ticks at 1, 4, 7, ..; m0 always; each reads both of strictly before its own tick.
  TestModel model(R"(
#t3 = #rnn.every<3 phase 1 of #t>
!a = !rnn.stream<2xf32, #t>
!b = !rnn.stream<2xf32, #t3>
!w = tensor<2x2xf32>
rnn.model @clockwork(%x "x" : !a) {
  %U00 = rnn.param "U00" init(orthogonal) : !w
  %U01 = rnn.param "U01" init(orthogonal) : !w
  %U10 = rnn.param "U10" init(orthogonal) : !w
  %U11 = rnn.param "U11" init(orthogonal) : !w
  %m0 = rnn.state "m0" : !rnn.state<!a>
  %m1 = rnn.state "m1" : !rnn.state<!b>
  %h00 = rnn.read %m0 : !rnn.state<!a> -> !a
  %h01 = rnn.read %m1 : !rnn.state<!b> -> !a
  %h10 = rnn.read %m0 : !rnn.state<!a> -> !b
  %h11 = rnn.read %m1 : !rnn.state<!b> -> !b
  %xs = rnn.latest %x : !a -> !b
  %p00 = rnn.matmul %U00, %h00 : !w, !a
  %p01 = rnn.matmul %U01, %h01 : !w, !a
  %p10 = rnn.matmul %U10, %h10 : !w, !b
  %p11 = rnn.matmul %U11, %h11 : !w, !b
  %y0 = rnn.add %p00, %p01 : !a
  %z0 = rnn.add %y0, %x : !a
  %n0 = rnn.tanh %z0 : !a
  %y1 = rnn.add %p10, %p11 : !b
  %z1 = rnn.add %y1, %xs : !b
  %n1 = rnn.tanh %z1 : !b
  rnn.next %m0, %n0 : !a
  rnn.next %m1, %n1 : !b
  %held = rnn.latest %n1 : !b -> !a
  rnn.return "fast" = %n0, "slow" = %n1, "held" = %held : !a, !b, !a
})");
  Numbers numbers;
  Params p;
  for (const char *path : {"U00", "U01", "U10", "U11"})
    p[path] = numbers.reals({2, 2});
  const int64_t length = 17;
  Array x = numbers.reals({length, 2});
  Result result = model.run(batchOf({{"step", {length}}}, {{"x", {x}}}), p);

  Vector h0(2), h1(2), fast, slow, held;
  std::vector<int64_t> ticks;
  for (int64_t t = 0; t < length; ++t) {
    Vector a = product(p["U00"], h0), b = product(p["U01"], h1), c = product(p["U10"], h0), d = product(p["U11"], h1);
    Vector before1 = h1;
    for (int j = 0; j < 2; ++j) {
      h0[j] = std::tanh(a[j] + b[j] + x.reals[2 * t + j]);
      fast.push_back(h0[j]);
      if (t % 3 == 1) {
        h1[j] = std::tanh(c[j] + d[j] + x.reals[2 * t + j]);
        slow.push_back(h1[j]);
      }
      held.push_back(h1[j]);
    }
    if (t % 3 == 1)
      ticks.push_back(t);
  }
  expectClose(result.outputs["fast"].rows[0].reals, fast);
  expectClose(result.outputs["slow"].rows[0].reals, slow);
  expectClose(result.outputs["held"].rows[0].reals, held);
  EXPECT_EQ(result.outputs["slow"].ticks[0], ticks);
  EXPECT_EQ(result.outputs["slow"].clock, "step when every(3, phase = 1)");
}

TEST(InterpreterTime, PeriodsOfPeriodsAndFromTheEnd) {
  TestModel model(R"(
#t24 = #rnn.every<3 phase 1 of #t2>
#back = #rnn.every<3 phase 0 of #t reverse>
rnn.model @periods(%x "x" : !rnn.stream<f32, #t>) {
  %a = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #t24>
  %b = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #back>
  rnn.return "a" = %a, "b" = %b : !rnn.stream<f32, #t24>, !rnn.stream<f32, #back>
})");
  Result result = model.run(batchOf({{"step", {11}}}, {{"x", {Numbers().reals({11})}}}));
  EXPECT_EQ(result.outputs["a"].ticks[0], (std::vector<int64_t>{2, 8})); // 2 * (1 + 3 k)
  EXPECT_EQ(result.outputs["b"].ticks[0], (std::vector<int64_t>{1, 4, 7, 10}));
}

//===--- Events ---===//

// A slot that counts on an event clock, where the event itself depends on what the slot holds.
TEST(InterpreterTime, EventsDifferFromSampleToSampleAndMayDependOnWhatTheyDrive) {
  TestModel model(R"(
#e = #rnn.event<0 of #t>
!f = !rnn.stream<f32, #t>
!g = !rnn.stream<f32, #e>
rnn.model @chunker(%x "x" : !f) {
  %slot = rnn.state "sum" : !rnn.state<!g>
  %before = rnn.read %slot : !rnn.state<!g> -> !f
  %surprise = rnn.compare gt %x, %before : !f
  rnn.event #e = %surprise
  %xe = rnn.latest %x : !f -> !g
  %old = rnn.read %slot : !rnn.state<!g> -> !g
  %half = rnn.const 0.5 : !g
  %kept = rnn.mul %old, %half : !g
  %new = rnn.add %kept, %xe : !g
  rnn.next %slot, %new : !g
  %held = rnn.latest %new : !g -> !f
  %mean = rnn.reduce mean %x : !f -> !g
  rnn.return "new" = %new, "held" = %held, "mean" = %mean : !g, !f, !g
})");
  Numbers numbers;
  std::vector<int64_t> lengths{12, 7, 0};
  Rows x{numbers.reals({12}), numbers.reals({7}), numbers.reals({0})};
  Result result = model.run(batchOf({{"step", lengths}}, {{"x", x}}));
  for (size_t s = 0; s < lengths.size(); ++s) {
    double sum = 0, total = 0;
    int64_t count = 0;
    Vector news, held, means;
    std::vector<int64_t> ticks;
    for (int64_t t = 0; t < lengths[s]; ++t) {
      double now = x[s].reals[t];
      total += now;
      ++count;
      if (now > sum) {
        sum = 0.5 * sum + now;
        news.push_back(sum);
        ticks.push_back(t);
        means.push_back(total / count);
        total = count = 0;
      }
      held.push_back(sum);
    }
    EXPECT_EQ(result.outputs["new"].ticks[s], ticks);
    expectClose(result.outputs["new"].rows[s].reals, news);
    expectClose(result.outputs["held"].rows[s].reals, held);
    expectClose(result.outputs["mean"].rows[s].reals, means);
  }
}

TEST(InterpreterTime, EventsThatNeverHappenCostLittle) {
  TestModel model(R"(
#e = #rnn.event<0 of #t>
rnn.model @quiet(%x "x" : !rnn.stream<f32, #t>) {
  %limit = rnn.const 1.0e9 : !rnn.stream<f32, #t>
  %never = rnn.compare gt %x, %limit : !rnn.stream<f32, #t>
  rnn.event #e = %never
  %xe = rnn.latest %x : !rnn.stream<f32, #t> -> !rnn.stream<f32, #e>
  %last = rnn.latest %xe : !rnn.stream<f32, #e> -> !rnn.stream<f32, #sample>
  %held = rnn.latest %xe : !rnn.stream<f32, #e> -> !rnn.stream<f32, #t>
  %n = rnn.tick restart(after #e) : !rnn.stream<i64, #t>
  rnn.return "last" = %last, "held" = %held, "n" = %n
      : !rnn.stream<f32, #sample>, !rnn.stream<f32, #t>, !rnn.stream<i64, #t>
})");
  Result result = model.run(batchOf({{"step", {10000}}}, {{"x", {Numbers().reals({10000})}}}));
  EXPECT_EQ(result.outputs["last"].rows[0].reals, Vector{0});
  EXPECT_EQ(result.outputs["held"].rows[0].reals, Vector(10000));
  EXPECT_EQ(result.outputs["n"].rows[0].ints.back(), 9999);
}

//===--- Segments ---===//

/// Reviews of sentences of words; empty sentences, an empty review, an empty sample.
Batch reviews(Numbers &numbers) {
  Batch batch;
  batch.samples = 3;
  batch.lengths["word"] = {9, 2, 0};
  batch.offsets["sentence"] = {{0, 2, 2, 5, 9, 9}, {0, 0, 2}, {0}};
  batch.offsets["review"] = {{0, 1, 1, 3, 5}, {0, 1, 2}, {0}};
  batch.inputs["x"] = {numbers.reals({9, 2}), numbers.reals({2, 2}), numbers.reals({0, 2})};
  batch.inputs["topic"] = {numbers.reals({5}), numbers.reals({2}), numbers.reals({0})};
  return batch;
}

TEST(InterpreterTime, AHierarchyIsNestedLoops) {
  TestModel model(R"(
!w = !rnn.stream<2xf32, #word>
!s = !rnn.stream<2xf32, #sentence>
!r = !rnn.stream<2xf32, #review>
rnn.model @document(%x "x" : !w, %topic "topic" : !rnn.stream<f32, #sentence>) {
  %U = rnn.param "U" init(orthogonal) : tensor<2x2xf32>
  %ws = rnn.state "word.h" restart(after #sentence) : !rnn.state<!w>
  %wh = rnn.read %ws : !rnn.state<!w> -> !w
  %wu = rnn.matmul %U, %wh : tensor<2x2xf32>, !w
  %wz = rnn.add %wu, %x : !w
  %w = rnn.tanh %wz : !w
  rnn.next %ws, %w : !w
  %last = rnn.latest %w : !w -> !s
  %weighted = rnn.scale %topic, %last : !rnn.stream<f32, #sentence>, !s
  %ss = rnn.state "sentence.h" restart(after #review) : !rnn.state<!s>
  %sh = rnn.read %ss : !rnn.state<!s> -> !s
  %su = rnn.matmul %U, %sh : tensor<2x2xf32>, !s
  %sz = rnn.add %su, %weighted : !s
  %s = rnn.tanh %sz : !s
  rnn.next %ss, %s : !s
  %r = rnn.reduce sum %s : !s -> !r
  %all = rnn.reduce max %r : !r -> !rnn.stream<2xf32, #sample>
  %back = rnn.latest reverse %s : !s -> !w
  rnn.return "w" = %w, "s" = %s, "r" = %r, "all" = %all, "back" = %back
      : !w, !s, !r, !rnn.stream<2xf32, #sample>, !w
})");
  Numbers numbers;
  Params params{{"U", numbers.reals({2, 2})}};
  Batch batch = reviews(numbers);
  Result result = model.run(batch, params);
  for (int64_t sample = 0; sample < batch.samples; ++sample) {
    Vector words, sentences, rs, all{0, 0}, back;
    bool any = false;
    const std::vector<int64_t> &so = batch.offsets["sentence"][sample], &ro = batch.offsets["review"][sample];
    for (size_t r = 0; r + 1 < ro.size(); ++r) {
      Vector sh(2), sum(2);
      bool ticked = false;
      for (int64_t s = ro[r]; s < ro[r + 1]; ++s) {
        Vector wh(2);
        for (int64_t t = so[s]; t < so[s + 1]; ++t) {
          wh = product(params["U"], wh);
          for (int j = 0; j < 2; ++j)
            words.push_back(wh[j] = std::tanh(wh[j] + batch.inputs["x"][sample].reals[2 * t + j]));
        }
        if (so[s] == so[s + 1])
          continue; // an empty sentence does not tick
        ticked = true;
        sh = product(params["U"], sh);
        for (int j = 0; j < 2; ++j)
          sh[j] = std::tanh(sh[j] + batch.inputs["topic"][sample].reals[s] * wh[j]);
        for (int j = 0; j < 2; ++j) {
          sum[j] += sh[j];
          sentences.push_back(sh[j]);
        }
        for (int64_t t = so[s]; t < so[s + 1]; ++t)
          back.insert(back.end(), sh.begin(), sh.end());
      }
      if (!ticked)
        continue;
      rs.insert(rs.end(), sum.begin(), sum.end());
      for (int j = 0; j < 2; ++j)
        all[j] = any ? std::max(all[j], sum[j]) : sum[j];
      any = true;
    }
    expectClose(result.outputs["w"].rows[sample].reals, words);
    expectClose(result.outputs["s"].rows[sample].reals, sentences);
    expectClose(result.outputs["r"].rows[sample].reals, rs);
    expectClose(result.outputs["all"].rows[sample].reals, all);
    expectClose(result.outputs["back"].rows[sample].reals, back);
  }
  EXPECT_EQ(result.outputs["s"].ticks[0], (std::vector<int64_t>{1, 4, 8}));
  EXPECT_EQ(result.outputs["r"].ticks[0], (std::vector<int64_t>{1, 4, 8}));
  EXPECT_EQ(result.outputs["all"].ticks, (std::vector<std::vector<int64_t>>{{8}, {1}, {-1}}));
}

//===--- Restarts ---===//

struct Restart {
  const char *scope;
  bool after, before;
};

class Restarts : public testing::TestWithParam<std::tuple<Restart, bool>> {};

// A running sum, a held value, a tick count and an open reduction, restarted behind and ahead of an event.
TEST_P(Restarts, NothingCrossesACutInEitherDirection) {
  auto [restart, reverse] = GetParam();
  std::string text = R"(
#e = #rnn.event<0 of #t>
#d = #rnn.event<1 of #t>
!f = !rnn.stream<f32, #t>
rnn.model @cuts(%x "x" : !f, %cut "cut" : !rnn.stream<i1, #t>, %some "some" : !rnn.stream<i1, #t>) {
  rnn.event #e = %cut
  rnn.event #d = %some
  %slot = rnn.state "sum" REVERSE SCOPE : !rnn.state<!f>
  %old = rnn.read %slot : !rnn.state<!f> -> !f
  %sum = rnn.add %old, %x : !f
  rnn.next %slot, %sum : !f
  %xd = rnn.latest %x : !f -> !rnn.stream<f32, #d>
  %held = rnn.latest REVERSE SCOPE %xd : !rnn.stream<f32, #d> -> !f
  %n = rnn.tick REVERSE SCOPE : !rnn.stream<i64, #t>
  %open = rnn.reduce sum REVERSE SCOPE %x : !f -> !rnn.stream<f32, #d>
  rnn.return "sum" = %sum, "held" = %held, "n" = %n, "open" = %open
      : !f, !f, !rnn.stream<i64, #t>, !rnn.stream<f32, #d>
})";
  text = replaced(replaced(text, "REVERSE", reverse ? "reverse" : ""), "SCOPE", restart.scope);
  TestModel model(text);
  Numbers numbers(5);
  const int64_t length = 15;
  Array x = numbers.reals({length}), cut = numbers.ints({length}, 3), some = numbers.ints({length}, 2);
  for (int64_t &c : cut.ints)
    c = c == 0;
  Result result = model.run(batchOf({{"step", {length}}}, {{"x", {x}}, {"cut", {cut}}, {"some", {some}}}));

  Vector sums(length), holds(length), opens;
  std::vector<int64_t> counts(length);
  double sum = 0, held = 0, open = 0;
  int64_t count = 0;
  auto clear = [&] { sum = held = open = 0, count = 0; };
  for (int64_t k = 0; k < length; ++k) {
    int64_t t = reverse ? length - 1 - k : k;
    // In reverse the cut behind a tick is met before the tick, the one ahead of it after.
    if (cut.ints[t] && (reverse ? restart.after : restart.before))
      clear();
    sums[t] = sum += x.reals[t];
    if (some.ints[t])
      held = x.reals[t];
    holds[t] = held;
    counts[t] = count++;
    open += x.reals[t];
    if (some.ints[t]) {
      opens.push_back(open);
      open = 0;
    }
    if (cut.ints[t] && (reverse ? restart.before : restart.after))
      clear();
  }
  if (reverse)
    std::reverse(opens.begin(), opens.end());
  expectClose(result.outputs["sum"].rows[0].reals, sums, "slot");
  expectClose(result.outputs["held"].rows[0].reals, holds, "latest");
  EXPECT_EQ(result.outputs["n"].rows[0].ints, counts);
  expectClose(result.outputs["open"].rows[0].reals, opens, "reduce");
}

INSTANTIATE_TEST_SUITE_P(Cuts, Restarts,
                         testing::Combine(testing::Values(Restart{"", false, false},
                                                          Restart{"restart(after #e)", true, false},
                                                          Restart{"restart(before #e)", false, true},
                                                          Restart{"restart(after #e, before #e)", true, true}),
                                          testing::Bool()));

TEST(InterpreterTime, PeriodsStartAgainAtCuts) {
  TestModel model(R"(
#p = #rnn.every<2 phase 1 of #word from(after #sentence)>
rnn.model @periods(%x "x" : !rnn.stream<f32, #word>) {
  %a = rnn.latest %x : !rnn.stream<f32, #word> -> !rnn.stream<f32, #p>
  rnn.return "a" = %a : !rnn.stream<f32, #p>
})");
  Batch batch = batchOf({{"word", {8}}}, {{"x", {Numbers().reals({8})}}});
  batch.offsets["sentence"] = {{0, 3, 4, 8}};
  batch.offsets["review"] = {{0, 3}};
  EXPECT_EQ(model.run(batch).outputs["a"].ticks[0], (std::vector<int64_t>{1, 5, 7}));
}

//===--- Sample, and bases side by side ---===//

TEST(InterpreterTime, SampleTicksOnceAndIsZeroWhereABaseIsEmpty) {
  TestModel model(R"(
!t = !rnn.stream<f32, #t>
!one = !rnn.stream<f32, #sample>
rnn.model @two(%x "x" : !t, %y "y" : !rnn.stream<f32, #s>, %z "z" : !one) {
  %a = rnn.latest %x : !t -> !one
  %b = rnn.reduce mean %x : !t -> !one
  %c = rnn.reduce first %x : !t -> !one
  %d = rnn.latest reverse %a : !one -> !rnn.stream<f32, #s>
  %e = rnn.add %d, %y : !rnn.stream<f32, #s>
  %f = rnn.add %a, %z : !one
  rnn.return "a" = %a, "b" = %b, "c" = %c, "e" = %e, "f" = %f : !one, !one, !one, !rnn.stream<f32, #s>, !one
})");
  Batch batch =
      batchOf({{"step", {3, 0}}, {"source", {2, 1}}}, {{"x", {realArray({3}, {1, 2, 6}), realArray({0}, {})}},
                                                       {"y", {realArray({2}, {10, 20}), realArray({1}, {30})}},
                                                       {"z", {realArray({1}, {0.5}), realArray({1}, {0.25})}}});
  Result result = model.run(batch);
  EXPECT_EQ(result.outputs["a"].rows[0].reals, Vector{6});
  EXPECT_EQ(result.outputs["b"].rows[0].reals, Vector{3});
  EXPECT_EQ(result.outputs["c"].rows[0].reals, Vector{1});
  EXPECT_EQ(result.outputs["e"].rows[0].reals, (Vector{16, 26}));
  for (const char *name : {"a", "b", "c"})
    EXPECT_EQ(result.outputs[name].rows[1].reals, Vector{0});
  EXPECT_EQ(result.outputs["e"].rows[1].reals, Vector{30});
  EXPECT_EQ(result.outputs["f"].rows[1].reals, Vector{0.25});
}

TEST(InterpreterTime, ABatchOfNoSamples) {
  TestModel model(R"(
rnn.model @m(%x "x" : !rnn.stream<f32, #t>) {
  rnn.loss "l" %x : !rnn.stream<f32, #t>
  rnn.return "x" = %x : !rnn.stream<f32, #t>
})");
  Result result = model.run(batchOf({{"step", {}}}, {{"x", {}}}));
  EXPECT_TRUE(result.outputs["x"].rows.empty());
  EXPECT_EQ(result.losses[0].value, 0);
}

} // namespace
