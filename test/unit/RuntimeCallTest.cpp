// What calls check, what they leave alone, and that nothing hangs on threads, memory or the rest of the batch.
#include "RuntimeTesting.h"
#include "runtime/Pool.h"
#include <atomic>
#include <cmath>
#include <thread>

namespace rondo::runtime {
namespace {

//===--- What is checked ---===//

/// A model of sentences of words, with a table of words' vectors.
class RuntimeCheck : public testing::Test {
protected:
  RuntimeCheck() {
    int32_t sentence = plan.axis("sentence"), word = plan.axis("word", sentence);
    plan.fix(sentence);
    int32_t tokens = plan.input("text", word, 1, Element::Token, 96),
            ends = plan.input("last", sentence, 1, Element::Bool);
    int32_t y = plan.output("vectors", word, 2);
    plan.top(
        OpCode::Embed, word,
        {PlanBuilder::one(plan.constant(std::vector<float>(192, 1))), PlanBuilder::same(tokens), PlanBuilder::same(y)},
        {96, 2});
    plan.top(plan.copy(sentence, PlanBuilder::same(ends),
                       PlanBuilder::same(plan.output("flags", sentence, 1, Element::Bool))));
    plan.tables.losses = 1;
    plan.finish();
    bytes.resize(plan.finish().size() + 64);
    char *aligned = bytes.data() + (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64) % 64;
    std::memcpy(aligned, plan.finish().data(), plan.finish().size());
    model.plan = reinterpret_cast<const Plan *>(aligned);
    in = {7 * 8, 2, 0, address(sentences), address(words), address(text), address(last)};
    out = {11 * 8, address(vectors), 5, address(vectorOffsets), address(vectorTicks), address(flags), 3, 0, 0, 0, 0};
  }

  template <typename T> static uint64_t address(std::vector<T> &values) {
    return reinterpret_cast<uint64_t>(values.data());
  }

  /// The message that a call returns; empty if it succeeds.
  std::string call() {
    Error error;
    size_t needed = 0;
    int32_t code = workspaceBytes(model, in.data(), &needed, &error);
    if (code == 0) {
      needed = workspaceIsSmall ? needed - 64 : needed;
      Buffer workspace(needed);
      code = forward(model, nullptr, in.data(), out.data(), workspace.data() + workspaceShift, needed, nullptr, &error);
      EXPECT_TRUE(workspace.isIntact());
    }
    EXPECT_EQ(error.code, code);
    lastCode = Code(code);
    return error.message;
  }

  PlanBuilder plan;
  Model model;
  std::vector<char> bytes;
  std::vector<int64_t> sentences{0, 2, 3}, words{0, 3, 3, 5}, vectorOffsets = std::vector<int64_t>(3),
                                                              vectorTicks = std::vector<int64_t>(5);
  std::vector<int32_t> text{1, 2, 3, 4, 95};
  std::vector<uint8_t> last{0, 1, 1}, flags = std::vector<uint8_t>(3);
  std::vector<float> vectors = std::vector<float>(10);
  std::vector<uint64_t> in, out;
  bool workspaceIsSmall = false;
  int workspaceShift = 0;
  Code lastCode = Code::Ok;
};

TEST_F(RuntimeCheck, AGoodCallSucceeds) {
  EXPECT_EQ(call(), "");
  EXPECT_EQ(vectorOffsets, (std::vector<int64_t>{0, 3, 5}));
  EXPECT_EQ(vectorTicks, (std::vector<int64_t>{0, 1, 2, 0, 1}));
  EXPECT_EQ(out[2], 5u);
  EXPECT_EQ(vectors, std::vector<float>(10, 1));
  EXPECT_EQ(out[6], 2u); // the empty sentence has no tick
  EXPECT_EQ(flags, (std::vector<uint8_t>{0, 1, 0}));
}

TEST_F(RuntimeCheck, Structs) {
  in[0] = 8;
  EXPECT_EQ(call(), "inputs: size is 8, but the struct has 56 bytes");
  EXPECT_EQ(lastCode, Code::Argument);
  in[0] = 56;
  out[0] = 72;
  EXPECT_EQ(call(), "outputs: size is 72, but the struct has 88 bytes");
  Error error;
  size_t needed;
  EXPECT_EQ(workspaceBytes(model, nullptr, &needed, &error), int32_t(Code::Argument));
  EXPECT_STREQ(error.message, "inputs is null");
  EXPECT_EQ(workspaceBytes(model, in.data(), nullptr, nullptr), int32_t(Code::Argument));
}

TEST_F(RuntimeCheck, BatchSizes) {
  in[1] = uint64_t(-1);
  EXPECT_EQ(call(), "inputs: a batch of -1 samples");
  in[1] = uint64_t(1) << 40;
  EXPECT_EQ(call(), "inputs: a batch of 1099511627776 samples");
}

TEST_F(RuntimeCheck, Offsets) {
  in[3] = 0;
  EXPECT_EQ(call(), "offsets of axis 'sentence' are null");
  in[3] = address(sentences) + 4;
  EXPECT_EQ(call(), "offsets of axis 'sentence' are not at a multiple of 8 bytes");
  in[3] = address(sentences);
  sentences[0] = 1;
  EXPECT_EQ(call(), "offsets of axis 'sentence' begin with 1, not with 0");
  EXPECT_EQ(lastCode, Code::Structure);
  sentences = {0, 2, 3};
  words = {0, 3, 2, 5};
  EXPECT_EQ(call(), "offsets of axis 'word' decrease from 3 to 2 behind row 1 of 'sentence'");
  words = {0, 3, 3, int64_t(1) << 33};
  EXPECT_EQ(call(), "axis 'word' has 8589934592 rows; there can be 2147483583");
  EXPECT_EQ(lastCode, Code::TooLarge);
}

TEST_F(RuntimeCheck, Inputs) {
  in[5] = 0;
  EXPECT_EQ(call(), "input 'text' is null");
  in[5] = address(text) + 2;
  EXPECT_EQ(call(), "input 'text' is not at a multiple of 4 bytes");
  in[5] = address(text);
  text[3] = 97;
  EXPECT_EQ(call(), "input 'text': token 97 at row 3 is not below 96");
  EXPECT_EQ(lastCode, Code::Value);
  text[3] = -2;
  EXPECT_EQ(call(), "input 'text': token -2 at row 3 is not in 0 .. 95");
  text[3] = 4;
  last[2] = 3;
  EXPECT_EQ(call(), "input 'last': 3 at row 2 is not a bool (0 or 1)");
}

TEST_F(RuntimeCheck, RowsThatAreNotThereNeedNoMemory) {
  sentences = {0, 0, 0};
  words = {0, 0, 0, 0};
  in[5] = in[6] = 0;
  EXPECT_EQ(call(), "");
  EXPECT_EQ(out[2], 0u);
}

TEST_F(RuntimeCheck, Outputs) {
  out[2] = 4;
  EXPECT_EQ(call(), "output 'vectors' has room for 4 rows and needs 5");
  EXPECT_EQ(lastCode, Code::Capacity);
  EXPECT_EQ(vectors, std::vector<float>(10)); // nothing has been written
  EXPECT_EQ(out[2], 5u);                      // but what it takes
  out[2] = uint64_t(-3);
  EXPECT_EQ(call(), "output 'vectors' has room for -3 rows");
  out[2] = 5;
  out[1] += 1;
  EXPECT_EQ(call(), "output 'vectors' is not at a multiple of 4 bytes");
  out[1] = 0;
  out[2] = 4;
  EXPECT_EQ(call(), "output 'vectors' has room for 4 rows and needs 5"); // for ticks
  out[4] = 0;
  out[2] = 0;
  EXPECT_EQ(call(), ""); // not wanted
  EXPECT_EQ(out[2], 5u);
  out[4] = address(vectorTicks) + 4;
  EXPECT_EQ(call(), "ticks of output 'vectors' are not at a multiple of 8 bytes");
  out[4] = 0;
  out[3] += 4;
  EXPECT_EQ(call(), "offsets of output 'vectors' are not at a multiple of 8 bytes");
  out[3] = 0;
  out[9] = 2;
  EXPECT_EQ(call(), "losses are not at a multiple of 4 bytes");
  out[9] = 0;
  out[10] = 4;
  EXPECT_EQ(call(), "ticks of losses are not at a multiple of 8 bytes");
}

TEST_F(RuntimeCheck, AllOutputsWithTooLittleRoomSayHowMuchTheyNeed) {
  out[2] = 1;
  out[6] = 1;
  EXPECT_EQ(call(), "output 'vectors' has room for 1 rows and needs 5");
  EXPECT_EQ(out[2], 5u);
  EXPECT_EQ(out[6], 2u);
  EXPECT_EQ(call(), "");
}

TEST_F(RuntimeCheck, Workspaces) {
  workspaceIsSmall = true;
  EXPECT_NE(call().find("the workspace has "), std::string::npos);
  EXPECT_EQ(lastCode, Code::Workspace);
  workspaceIsSmall = false;
  workspaceShift = 8;
  EXPECT_EQ(call(), "workspace is not at a multiple of 64 bytes");
}

TEST(RuntimeCheckPlan, OutputsOnEventsAreCheckedWhenTheyAreKnown) {
  PlanBuilder plan;
  int32_t t = plan.axis("t"), event = plan.event(t);
  int32_t condition = plan.input("condition", t, 1, Element::Bool);
  plan.fix(event, {PlanBuilder::same(condition)});
  plan.top(OpCode::Zero, event, {PlanBuilder::same(plan.output("y", event))});
  TestBatch batch;
  batch.samples = 1;
  batch.offsets = {{0, 4}};
  batch.input(std::vector<bool>{true, false, true, true});
  EXPECT_EQ(plan.run(batch).outputs[0].rows, 3);
  plan.mostRows = 3;
  EXPECT_EQ(plan.run(batch).message, "");
  plan.mostRows = 2;
  EXPECT_EQ(plan.run(batch).message, "output 'y' has room for 2 rows and needs 3");
}

TEST(RuntimeCheckPlan, TooManyPairs) {
  PlanBuilder plan;
  int32_t t = plan.axis("t"), s = plan.axis("s"), pair = plan.pair(t, s);
  plan.fix(pair);
  plan.top(OpCode::Zero, pair, {PlanBuilder::same(plan.array(Place::Call, pair))});
  TestBatch batch;
  batch.samples = 1;
  batch.offsets = {{0, 1 << 16}, {0, 1 << 16}};
  TestResult result = plan.run(batch);
  EXPECT_EQ(Code(result.code), Code::TooLarge);
  EXPECT_EQ(result.message, "the batch has more than 2147483583 pairs with ticks of 't'");
}

TEST(RuntimeCheckPlan, ADamagedPlan) {
  alignas(64) Plan plan;
  plan.version = 77;
  Error error;
  size_t needed;
  EXPECT_EQ(workspaceBytes({&plan, nullptr}, nullptr, &needed, &error), int32_t(Code::Plan));
}

//===--- What is computed ---===//

TEST(RuntimeLoss, IsTheMeanOverValidTicks) {
  PlanBuilder plan;
  int32_t t = plan.axis("t");
  int32_t x = plan.input("x", t), valid = plan.input("valid", t, 1, Element::Bool),
          none = plan.input("none", t, 1, Element::Bool);
  int32_t number = plan.constant({2.5});
  plan.tables.losses = 4;
  plan.top(OpCode::Loss, t, {PlanBuilder::same(x)}, {0, t});
  plan.top(OpCode::Loss, t, {PlanBuilder::same(x), PlanBuilder::same(valid)}, {1, t});
  plan.top(OpCode::Loss, t, {PlanBuilder::same(x), PlanBuilder::same(none)}, {2, t});
  plan.top(OpCode::Loss, -1, {PlanBuilder::one(number)}, {3, -1});
  TestBatch batch;
  batch.samples = 3;
  batch.offsets = {{0, 2, 2, 4}};
  batch.input(std::vector<float>{1, NAN, 3, 5});
  batch.input(std::vector<bool>{true, false, true, true});
  batch.input(std::vector<bool>{false, false, false, false});
  TestResult result = plan.run(batch);
  EXPECT_TRUE(std::isnan(result.losses[0]));
  EXPECT_EQ(result.losses[1], 3);
  EXPECT_EQ(result.losses[2], 0);
  EXPECT_EQ(result.losses[3], 2.5);
  EXPECT_EQ(result.lossTicks, (std::vector<int64_t>{4, 3, 0, 0})); // the last one has no clock
}

TEST(RuntimeOutputs, TellWhenTheirRowsWere) {
  PlanBuilder plan;
  int32_t sentence = plan.axis("sentence"), word = plan.axis("word", sentence);
  int32_t large = plan.event(word), second = plan.every(word, 2, 1), often = plan.every(large, 2),
          pair = plan.pair(sentence, large);
  int32_t x = plan.input("x", word), isLarge = plan.input("large", word, 1, Element::Bool);
  plan.fix(sentence);
  plan.fix(second);
  plan.fix(large, {PlanBuilder::same(isLarge)});
  plan.fix(often);
  plan.fix(pair);
  auto latest = [&](int32_t clock, const char *name) {
    int32_t map = plan.map(MapPlan::Kind::Latest, word, clock);
    plan.top(plan.copy(clock, PlanBuilder::mapped(x, map), PlanBuilder::same(plan.output(name, clock))));
  };
  latest(word, "words");
  latest(sentence, "sentences");
  latest(second, "seconds");
  latest(large, "events");
  latest(often, "every second event");
  int32_t zero = plan.constant({0});
  for (auto [clock, name] : {std::pair(PlanBuilder::sample, "samples"), {pair, "pairs"}, {-1, "one"}})
    plan.top(plan.copy(clock, PlanBuilder::one(zero), PlanBuilder::same(plan.output(name, clock))));
  TestBatch batch;
  batch.samples = 3;
  batch.offsets = {{0, 3, 3, 4}, {0, 2, 2, 5, 8}}; // samples of 5, 0 and 3 words; the second sentence is empty
  batch.input(std::vector<float>{0, 1, 2, 3, 4, 0, 1, 2});
  batch.input(std::vector<bool>{false, true, true, false, true, false, false, true});
  TestResult result = plan.run(batch);
  ASSERT_EQ(result.message, "");
  using Ticks = std::vector<int64_t>;
  EXPECT_EQ(result.outputs[0].ticks, (Ticks{0, 1, 2, 3, 4, 0, 1, 2}));
  EXPECT_EQ(result.outputs[1].ticks, (Ticks{1, 4, 2}));
  EXPECT_EQ(result.outputs[2].ticks, (Ticks{1, 3, 1}));
  EXPECT_EQ(result.outputs[3].ticks, (Ticks{1, 2, 4, 2}));
  EXPECT_EQ(result.outputs[4].ticks, (Ticks{1, 4, 2}));
  EXPECT_EQ(result.outputs[5].ticks, (Ticks{4, -1, 2}));
  EXPECT_EQ(result.outputs[6].ticks, (Ticks{1, 1, 1, 4, 4, 4, 2})); // three events meet each of two sentences
  EXPECT_EQ(result.outputs[7].ticks, (Ticks{-2}));                  // left alone: without a clock there is no when
}

TEST(RuntimeArrays, ShareMemoryWhenTheirTimeIsOver) {
  PlanBuilder plan;
  int32_t t = plan.axis("t");
  constexpr int64_t elements = 64, rows = 1000;
  int32_t x = plan.input("x", t, elements);
  for (int i = 0; i < 50; ++i) {
    int32_t y = plan.array(Place::Call, t, elements, Element::F32, /*zeroRow=*/i % 2);
    plan.top(plan.copy(t, PlanBuilder::same(x), PlanBuilder::same(y)));
    x = y;
  }
  plan.top(plan.copy(t, PlanBuilder::same(x), PlanBuilder::same(plan.output("y", t, elements))));
  TestBatch batch;
  batch.samples = 1;
  batch.offsets = {{0, rows}};
  std::mt19937 random(1);
  std::vector<float> values = randomReals(random, elements * rows);
  batch.input(values);
  TestResult result = plan.run(batch);
  EXPECT_EQ(result.outputs[0].as<float>(), values);
  EXPECT_LT(result.workspaceBytes, size_t(3 * elements * rows * 4));
}

TEST(RuntimeArrays, MissingRowsAreZeroThoughMemoryIsShared) {
  PlanBuilder plan;
  int32_t t = plan.axis("t");
  int32_t map = plan.map(MapPlan::Kind::Strict, t, t), x = plan.input("x", t), first = plan.array(Place::Call, t);
  plan.top(plan.copy(t, PlanBuilder::same(x), PlanBuilder::same(first)));
  int32_t second = plan.array(Place::Call, t, 1, Element::F32, /*zeroRow=*/true); // where `first` was
  plan.top(plan.copy(t, PlanBuilder::same(x), PlanBuilder::same(second)));
  plan.top(plan.copy(t, PlanBuilder::mapped(second, map), PlanBuilder::same(plan.output("y", t))));
  TestBatch batch;
  batch.samples = 2;
  batch.offsets = {{0, 2, 5}};
  batch.input(std::vector<float>{1, 2, 3, 4, 5});
  EXPECT_EQ(plan.run(batch).outputs[0].as<float>(), (std::vector<float>{0, 1, 0, 3, 4}));
}

TEST(RuntimeArrays, AMapThatMissesNeedsARowOfZeros) {
  PlanBuilder plan;
  int32_t t = plan.axis("t"), map = plan.map(MapPlan::Kind::Strict, t, t), x = plan.input("x", t);
  plan.top(plan.copy(t, PlanBuilder::mapped(x, map), PlanBuilder::same(plan.output("y", t))));
  TestBatch batch;
  batch.samples = 1;
  batch.offsets = {{0, 2}};
  batch.input(std::vector<float>{1, 2});
  EXPECT_EQ(Code(plan.run(batch).code), Code::Plan);
}

//===--- Nothing hangs on threads, or on other samples ---===//

/// y = softmax over the sentence of a loop's outputs, by way of a block.
struct Mixed {
  PlanBuilder plan;
  int32_t x, h[2];

  static void cell(const Operand *o, int64_t begin, int64_t end, int64_t, int64_t) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t c = 0; c < 8; ++c)
        out(o[2], i)[c] = out(o[3], i)[c] = std::tanh(0.9f * in(o[1], i)[(c + 1) % 8] + in(o[0], i)[c]);
  }
  static void square(const Operand *o, int64_t begin, int64_t end, int64_t, int64_t) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t c = 0; c < 8; ++c)
        out(o[1], i)[c] = in(o[0], i)[c] * in(o[0], i)[c];
  }

  Mixed() {
    int32_t sentence = plan.axis("sentence"), word = plan.axis("word", sentence);
    plan.fix(sentence);
    x = plan.input("x", word, 8);
    int32_t block = plan.array(Place::Block, word, 8), squared = plan.array(Place::Call, word, 8);
    auto same = [](int32_t array) { return PlanBuilder::same(array); };
    plan.par(
        word,
        {plan.kernel(square, word, {same(x), same(block)}), plan.kernel(square, word, {same(block), same(squared)})},
        32);
    for (int32_t &state : h)
      state = plan.array(Place::Register, word, 8);
    int32_t states = plan.array(Place::Call, word, 8), soft = plan.array(Place::Call, word, 8);
    plan.scan(word,
              {plan.kernel(cell, word, {same(squared), same(h[0]), same(h[1]), same(states)}),
               plan.op(OpCode::Commit, word, {same(h[0]), same(h[1])})},
              {}, {h[0], h[1]}, /*reverse=*/true);
    plan.top(OpCode::SoftmaxPer, word, {same(states), same(soft)}, {sentence, 8});
    int32_t y = plan.output("y", word, 8), sums = plan.output("sums", sentence, 8);
    plan.top(plan.copy(word, same(soft), same(y)));
    plan.top(OpCode::Reduce, sentence, {same(states), same(sums)}, {word, 0, 0, -1, 8, 0});
  }
};

TestBatch mixedBatch(std::mt19937 &random) {
  TestBatch batch;
  batch.samples = 20;
  batch.offsets.push_back(randomOffsets(random, batch.samples, 6));
  batch.offsets.push_back(randomOffsets(random, batch.offsets[0].back(), 40));
  batch.input(randomReals(random, 8 * batch.offsets[1].back()));
  return batch;
}

TEST(RuntimeDeterminism, ThreadsDoNotMatter) {
  std::mt19937 random(11);
  TestBatch batch = mixedBatch(random);
  TestResult alone = Mixed().plan.run(batch, 1);
  ASSERT_EQ(alone.message, "");
  for (int32_t threads : {2, 3, 8}) {
    Mixed mixed;
    TestResult result = mixed.plan.run(batch, threads);
    EXPECT_EQ(result.outputs[0].bytes, alone.outputs[0].bytes) << threads;
    EXPECT_EQ(result.outputs[1].bytes, alone.outputs[1].bytes) << threads;
    mixed.plan.wantsOutputs = false;
    EXPECT_EQ(mixed.plan.run(batch, threads).message, "");
  }
}

TEST(RuntimeDeterminism, OtherSamplesDoNotMatter) {
  std::mt19937 random(12);
  TestBatch batch = mixedBatch(random);
  TestResult all = Mixed().plan.run(batch, 2);
  std::string rows(all.outputs[0].bytes.begin(), all.outputs[0].bytes.end()), single;
  std::vector<float> x(batch.inputs[0].size() / 4);
  std::memcpy(x.data(), batch.inputs[0].data(), batch.inputs[0].size());
  for (int64_t s = 0; s < batch.samples; ++s) {
    TestBatch one;
    one.samples = 1;
    int64_t first = batch.offsets[0][s], end = batch.offsets[0][s + 1];
    one.offsets = {{0, end - first}, {}};
    for (int64_t i = first; i <= end; ++i)
      one.offsets[1].push_back(batch.offsets[1][i] - batch.offsets[1][first]);
    one.input(std::vector<float>(x.begin() + 8 * batch.offsets[1][first], x.begin() + 8 * batch.offsets[1][end]));
    TestResult result = Mixed().plan.run(one);
    ASSERT_EQ(result.message, "");
    single.append(result.outputs[0].bytes.begin(), result.outputs[0].bytes.end());
  }
  EXPECT_EQ(rows, single);
}

//===--- Threads ---===//

TEST(RuntimePool, RunsAllOfItsThreads) {
  for (int32_t threads : {1, 2, 5}) {
    Pool *pool = createPool(threads);
    ASSERT_TRUE(pool);
    EXPECT_EQ(threadsOf(pool), threads);
    struct Context {
      int32_t threads;
      Barrier barrier;
      std::atomic<int> counts[8] = {};
      int rounds[8] = {}; // each written by one thread, read by all behind a meeting
      bool isBehind = false;
    } context{threads, {}, {}, {}, false};
    context.barrier.expect(threads);
    for (int repeat = 0; repeat < 20; ++repeat)
      run(
          pool, threads,
          [](void *argument, int32_t thread) {
            Context &context = *static_cast<Context *>(argument);
            ++context.counts[thread];
            for (int round = 0; round < 10; ++round) {
              ++context.rounds[thread];
              context.barrier.meet(thread);
              for (int32_t other = 0; other < context.threads; ++other)
                if (context.rounds[other] != context.rounds[thread])
                  context.isBehind = true;
              context.barrier.meet(thread);
            }
          },
          &context);
    for (int32_t i = 0; i < threads; ++i)
      EXPECT_EQ(context.counts[i], 20);
    EXPECT_FALSE(context.isBehind);
    destroyPool(pool);
  }
  EXPECT_EQ(createPool(0), nullptr);
  destroyPool(nullptr);
}

TEST(RuntimePool, SleepersWakeUp) {
  Pool *pool = createPool(3);
  std::atomic<int> count{0};
  for (int repeat = 0; repeat < 3; ++repeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    run(pool, 3, [](void *context, int32_t) { ++*static_cast<std::atomic<int> *>(context); }, &count);
  }
  EXPECT_EQ(count, 9);
  destroyPool(pool);
}

TEST(RuntimePool, LetsThreadsOffThatComeLate) {
  Pool *pool = createPool(4);
  std::atomic<int> inside{0}, ran{0};
  for (int repeat = 0; repeat < 2000; ++repeat) {
    if (repeat % 500 == 0) // until all sleep
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    struct Context {
      std::atomic<int> &inside, next{0}, pieces[8] = {};
    } context{inside};
    share(
        pool, 4,
        [](void *argument, int32_t) {
          Context &context = *static_cast<Context *>(argument);
          ++context.inside;
          for (int piece; (piece = context.next++) < 8;)
            ++context.pieces[piece];
          --context.inside;
        },
        &context);
    EXPECT_EQ(inside, 0);
    for (std::atomic<int> &piece : context.pieces)
      EXPECT_EQ(piece, 1);
    if (repeat % 7 == 0) // for these nobody is let off
      run(pool, 4, [](void *argument, int32_t) { ++*static_cast<std::atomic<int> *>(argument); }, &ran);
  }
  EXPECT_EQ(ran, 4 * 286);
  destroyPool(pool);
}

TEST(RuntimePool, ServesOneCallAtATime) {
  Pool *pool = createPool(2);
  EXPECT_TRUE(enter(pool));
  EXPECT_FALSE(enter(pool)); // the other call works alone
  leave(pool);
  EXPECT_TRUE(enter(pool));
  leave(pool);
  EXPECT_FALSE(enter(nullptr));
  destroyPool(pool);
}

} // namespace
} // namespace rondo::runtime
