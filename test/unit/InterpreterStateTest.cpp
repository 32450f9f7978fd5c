// A causal model in parts is the model in one go: what one call returns as its state, the next one takes.
#include "InterpreterTesting.h"

using namespace rondo::reference;

namespace {

/// Everything that remembers: slots, held values, open reductions, counts, events, restarts, segments, rows of
/// segments, attention over a source that is complete when the target begins.
const char *const text = R"(
#p = #rnn.every<3 phase 1 of #word>
#e = #rnn.event<0 of #word>
#q = #rnn.every<2 phase 1 of #word from(after #e)>
#ws = #rnn.pair<#word, #s>
!w = !rnn.stream<f32, #word>
!p = !rnn.stream<f32, #p>
!k = !rnn.stream<f32, #ws>
!one = !rnn.stream<f32, #sample>
rnn.model @parts(%x "x" : !w, %c "c" : !rnn.stream<i1, #word>, %topic "topic" : !rnn.stream<f32, #sentence>,
                 %m "m" : !rnn.stream<f32, #s>, %bias "bias" : !one) {
  rnn.event #e = %c
  %hs = rnn.state "h" restart(after #sentence) : !rnn.state<!w>
  %h0 = rnn.read %hs : !rnn.state<!w> -> !w
  %hx = rnn.add %h0, %x : !w
  %h = rnn.tanh %hx : !w
  rnn.next %hs, %h : !w
  %ss = rnn.state "slow" : !rnn.state<!p>
  %s0 = rnn.read %ss : !rnn.state<!p> -> !p
  %sx = rnn.latest %h : !w -> !p
  %s1 = rnn.sub %sx, %s0 : !p
  rnn.next %ss, %s1 : !p
  %held = rnn.latest restart(before #e) %s1 : !p -> !w
  %strict = rnn.read %ss : !rnn.state<!p> -> !w
  %n = rnn.tick restart(after #sentence) : !rnn.stream<i64, #word>
  %mean = rnn.reduce mean %h : !w -> !rnn.stream<f32, #e>
  %most = rnn.reduce max restart(after #e) %h : !w -> !rnn.stream<f32, #sentence>
  %first = rnn.reduce first %h : !w -> !rnn.stream<f32, #review>
  %sum = rnn.reduce sum %h : !w -> !one
  %biased = rnn.add %sum, %bias : !one
  %last = rnn.latest %held : !w -> !one
  %everysecond = rnn.latest %h : !w -> !rnn.stream<f32, #q>
  %soft = rnn.softmax %h per(#sentence) : !w
  %sx2 = rnn.mul %soft, %x : !w
  %pooled = rnn.reduce sum %sx2 : !w -> !rnn.stream<f32, #sentence>
  %weighed = rnn.mul %pooled, %topic : !rnn.stream<f32, #sentence>
  %all = rnn.softmax %h per(#sample) : !w
  %ax = rnn.mul %all, %x : !w
  %pool = rnn.reduce sum %ax : !w -> !one
  %ms = rnn.state "source" : !rnn.state<!rnn.stream<f32, #s>>
  %m0 = rnn.read %ms : !rnn.state<!rnn.stream<f32, #s>> -> !rnn.stream<f32, #s>
  %m1 = rnn.add %m0, %m : !rnn.stream<f32, #s>
  rnn.next %ms, %m1 : !rnn.stream<f32, #s>
  %key = rnn.cross %m1 : !rnn.stream<f32, #s> -> !k
  %query = rnn.cross %h : !w -> !k
  %qk = rnn.mul %key, %query : !k
  %as = rnn.state "alpha" : !rnn.state<!k>
  %a0 = rnn.read %as : !rnn.state<!k> -> !k
  %qa = rnn.sub %qk, %a0 : !k
  %alpha = rnn.softmax %qa per(#word) : !k
  rnn.next %as, %alpha : !k
  %ak = rnn.mul %alpha, %key : !k
  %ctx = rnn.reduce sum %ak : !k -> !w
  %end = rnn.latest %m1 : !rnn.stream<f32, #s> -> !one
  %spread = rnn.latest reverse %end : !one -> !w
  %u = rnn.random "u" site 0 : !w
  rnn.loss "l" %h : !w
  rnn.return "h" = %h, "slow" = %s1, "held" = %held, "strict" = %strict, "n" = %n, "mean" = %mean, "most" = %most,
    "first" = %first, "sum" = %biased, "last" = %last, "everysecond" = %everysecond, "weighed" = %weighed, "pool" = %pool,
    "alpha" = %alpha, "ctx" = %ctx, "spread" = %spread, "u" = %u, "soft" = %sx2
    : !w, !p, !w, !w, !rnn.stream<i64, #word>, !rnn.stream<f32, #e>, !rnn.stream<f32, #sentence>,
      !rnn.stream<f32, #review>, !one, !one, !rnn.stream<f32, #q>, !rnn.stream<f32, #sentence>, !one, !k, !w, !w, !w, !w
})";

Array slice(const Array &array, int64_t begin, int64_t end) {
  int64_t size = 1;
  for (size_t i = 1; i < array.shape.size(); ++i)
    size *= array.shape[i];
  Array part = array;
  part.shape[0] = end - begin;
  if (array.isReal)
    part.reals = Vector(array.reals.begin() + begin * size, array.reals.begin() + end * size);
  else
    part.ints = std::vector<int64_t>(array.ints.begin() + begin * size, array.ints.begin() + end * size);
  return part;
}

struct Cuts {
  std::vector<int64_t> at;       // where words are cut
  std::vector<std::string> open; // at the end of each part
};

class Parts : public testing::Test {
protected:
  TestModel model{text};
  Numbers numbers{3};
  Batch whole;

  void SetUp() override {
    // One sample, sentences 0-3, 4-4, 5-9 in reviews of two and one; three source ticks.
    whole = batchOf({{"word", {10}}, {"source", {3}}}, {{"x", {numbers.reals({10})}},
                                                        {"c", {intArray({10}, {0, 0, 1, 0, 0, 0, 1, 1, 0, 0})}},
                                                        {"topic", {numbers.reals({3})}},
                                                        {"m", {numbers.reals({3})}},
                                                        {"bias", {numbers.reals({1})}}});
    whole.offsets["sentence"] = {{0, 4, 5, 10}};
    whole.offsets["review"] = {{0, 2, 3}};
  }

  /// Words begin..end-1, with the segments that lie or end or go on in them.
  Batch part(int64_t begin, int64_t end, std::vector<std::string> &open) {
    Batch result = whole;
    open.clear();
    result.lengths["word"] = {end - begin};
    for (const char *name : {"x", "c"})
      result.inputs[name] = {slice(whole.inputs[name][0], begin, end)};
    std::vector<int64_t> &sentences = result.offsets["sentence"][0] = {0};
    int64_t firstSentence = -1, lastSentence = -1;
    const std::vector<int64_t> all = whole.offsets["sentence"][0];
    for (int64_t s = 0; s + 1 < int64_t(all.size()); ++s)
      if (all[s] < end && all[s + 1] > begin) {
        firstSentence = firstSentence < 0 ? s : firstSentence;
        lastSentence = s;
        sentences.push_back(std::min(all[s + 1], end) - begin);
        if (all[s + 1] > end)
          open.push_back("sentence");
      }
    result.inputs["topic"] = {slice(whole.inputs["topic"][0], std::max<int64_t>(firstSentence, 0), lastSentence + 1)};
    std::vector<int64_t> &reviews = result.offsets["review"][0] = {0};
    const std::vector<int64_t> of = whole.offsets["review"][0];
    for (int64_t r = 0; r + 1 < int64_t(of.size()) && firstSentence >= 0; ++r)
      if (of[r] <= lastSentence && of[r + 1] > firstSentence) {
        reviews.push_back(std::min(of[r + 1], lastSentence + 1) - firstSentence);
        if (of[r + 1] > lastSentence + 1 || (of[r + 1] == lastSentence + 1 && !open.empty()))
          open.push_back("review");
      }
    if (begin > 0) { // the source is complete
      result.lengths["source"] = {0};
      result.inputs["m"] = {realArray({0}, {})};
    }
    return result;
  }
};

TEST_F(Parts, AreTheWhole) {
  Result expected = model.run(whole);
  auto interpreter = llvm::cantFail(Interpreter::create(model.op(), {}, {}));
  for (std::vector<int64_t> cuts : std::vector<std::vector<int64_t>>{
           {0, 5, 10}, {0, 4, 10}, {0, 2, 7, 10}, {0, 3, 3, 10}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}) {
    std::map<std::string, Vector> values;
    std::map<std::string, std::vector<int64_t>> ticks;
    std::shared_ptr<const State> state;
    Result last;
    double lossSum = 0;
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      std::vector<std::string> open;
      Batch batch = part(cuts[i], cuts[i + 1], open);
      auto result = interpreter->run(batch, state.get(), true, open);
      ASSERT_TRUE(bool(result)) << llvm::toString(result.takeError());
      state = result->state;
      lossSum += result->losses[0].value * result->losses[0].ticks;
      for (auto &[name, stream] : result->outputs) {
        const Array &rows = stream.rows[0];
        values[name].insert(values[name].end(), rows.reals.begin(), rows.reals.end());
        values[name].insert(values[name].end(), rows.ints.begin(), rows.ints.end());
        for (int64_t tick : stream.ticks[0])
          ticks[name].push_back(cuts[i] + tick);
      }
      last = std::move(*result);
    }
    for (auto &[name, stream] : expected.outputs) {
      std::string what = name + " in " + std::to_string(cuts.size() - 1) + " parts";
      Vector whole = stream.rows[0].reals;
      whole.insert(whole.end(), stream.rows[0].ints.begin(), stream.rows[0].ints.end());
      if (stream.clock == "sample") { // each part tells what is true so far
        EXPECT_EQ(last.outputs[name].rows[0].reals, whole) << what;
      } else {
        EXPECT_EQ(values[name], whole) << what;
        EXPECT_EQ(ticks[name], stream.ticks[0]) << what;
      }
    }
    EXPECT_NEAR(lossSum / 10, expected.losses[0].value, 1e-12);
  }
}

TEST_F(Parts, AStateMayBeUsedTwiceAndOutlivesItsInterpreter) {
  std::vector<std::string> open, none;
  Batch first = part(0, 6, open), second = part(6, 10, none);
  std::shared_ptr<const State> state;
  {
    auto interpreter = llvm::cantFail(Interpreter::create(model.op(), {}, {}));
    state = llvm::cantFail(interpreter->run(first, nullptr, true, open)).state;
  }
  auto interpreter = llvm::cantFail(Interpreter::create(model.op(), {}, {}));
  Result one = llvm::cantFail(interpreter->run(second, state.get())),
         two = llvm::cantFail(interpreter->run(second, state.get()));
  EXPECT_EQ(one.outputs["h"].rows[0].reals, two.outputs["h"].rows[0].reals);
  Result expected = model.run(whole);
  EXPECT_EQ(one.outputs["h"].rows[0].reals, slice(expected.outputs["h"].rows[0], 6, 10).reals);
}

TEST_F(Parts, WhatCannotGoOnIsRefused) {
  auto interpreter = llvm::cantFail(Interpreter::create(model.op(), {}, {}));
  std::vector<std::string> open, none;
  Batch first = part(0, 6, open), second = part(6, 10, none);
  auto error = [&](llvm::Expected<Result> result) { return result ? "no error" : llvm::toString(result.takeError()); };
  EXPECT_EQ(error(interpreter->run(first, nullptr, true, {"sentence"})),
            "a segment of 'sentence' is open, so that of 'review' is open too");
  EXPECT_EQ(error(interpreter->run(first, nullptr, true, {"word"})),
            "open segment of 'word': the model has no such segment axis");
  std::shared_ptr<const State> state = llvm::cantFail(interpreter->run(first, nullptr, true, open)).state;
  Batch two = batchOf({{"word", {0, 0}}, {"source", {0, 0}}}, {{"x", {realArray({0}, {}), realArray({0}, {})}},
                                                               {"c", {intArray({0}, {}), intArray({0}, {})}},
                                                               {"topic", {realArray({0}, {}), realArray({0}, {})}},
                                                               {"m", {realArray({0}, {}), realArray({0}, {})}},
                                                               {"bias", {realArray({1}, {0}), realArray({1}, {0})}}});
  two.offsets["sentence"] = two.offsets["review"] = {{0}, {0}};
  EXPECT_EQ(error(interpreter->run(two, state.get())), "the state is of 1 samples; the batch has 2");
  second.offsets["sentence"] = {{0, 0, 4}};
  second.offsets["review"] = {{0, 2}};
  second.inputs["topic"] = {realArray({2}, {1, 1})};
  EXPECT_EQ(
      error(interpreter->run(second, state.get())),
      "axis 'sentence', sample 0: the segment that was left open ends without another tick; leave it open, or end it "
      "where it ends");
}

TEST(InterpreterState, AModelThatLooksAheadCannotBeRunInParts) {
  for (const char *body : {"%y = rnn.tick reverse : !rnn.stream<i64, #t>",
                           "%a = rnn.latest %x : !x -> !one  %y = rnn.latest reverse %a : !one -> !x",
                           "%s = rnn.state \"s\" reverse : !rnn.state<!x>  %y = rnn.read %s : !rnn.state<!x> -> !x  "
                           "rnn.next %s, %x : !x"}) {
    bool count = std::string(body).find("tick") != std::string::npos;
    TestModel model(
        std::string(
            "!x = !rnn.stream<f32, #t>\n!one = !rnn.stream<f32, #sample>\nrnn.model @ahead(%x \"x\" : !x) {\n") +
        body + "\nrnn.return \"y\" = %y : " + (count ? "!rnn.stream<i64, #t>" : "!x") + "\n}");
    auto interpreter = llvm::cantFail(Interpreter::create(model.op(), {}, {}));
    auto result = interpreter->run(batchOf({{"step", {2}}}, {{"x", {realArray({2}, {1, 2})}}}), nullptr, true);
    ASSERT_FALSE(bool(result));
    EXPECT_NE(llvm::toString(result.takeError()).find("model 'ahead' cannot be interpreted in parts"),
              std::string::npos);
  }
}

} // namespace
