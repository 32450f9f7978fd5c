// Single steps, against a hand-written model of each sequence: which rows are looked at, who takes part, and what is
// given that cannot be.
#include "RuntimeTesting.h"
#include "runtime/Random.h"

namespace rondo::runtime {
namespace {

constexpr uint64_t identity = 17, seed = 5, path = 99;
constexpr int64_t site = 3, tokens = 7;

template <typename T> T &at(const Operand &operand, int64_t i) {
  return *reinterpret_cast<T *>(operand.base + (operand.rows ? operand.rows[i] : i) * operand.stride);
}

// x, sum -> sum', output
void sumKernel(const Operand *o, int64_t begin, int64_t end, int64_t, int64_t) {
  for (int64_t i = begin; i < end; ++i)
    at<int64_t>(o[2], i) = at<int64_t>(o[3], i) = at<int64_t>(o[1], i) * 3 + at<int64_t>(o[0], i);
}
// sum', tag, ended -> ended', output
void endKernel(const Operand *o, int64_t begin, int64_t end, int64_t, int64_t) {
  for (int64_t i = begin; i < end; ++i)
    at<int64_t>(o[3], i) = at<int64_t>(o[4], i) =
        at<int64_t>(o[2], i) * 5 + at<int64_t>(o[0], i) + 1000 * at<int32_t>(o[1], i);
}

/// Sums that begin anew behind each sentence; at its end they go, with its tag, into another that does not; and random
/// numbers of both.
class RuntimeStep : public testing::Test {
protected:
  RuntimeStep() {
    using B = PlanBuilder;
    int32_t word = plan.axis("word"), sentence = plan.event(word), section = plan.event(word);
    int32_t x = plan.input("x", word, 1, Element::I64), tag = plan.input("tag", word, 1, Element::Token, tokens);
    plan.input("unused", word, 1, Element::Token, tokens);
    int32_t ends = plan.input("sentence_ends", word, 1, Element::Bool);
    int32_t outerEnds = plan.input("section_ends", word, 1, Element::Bool);
    plan.tables.inputs[1].given = Given::AtEnd;
    plan.tables.inputs[1].end = 3;
    plan.tables.inputs[3].given = plan.tables.inputs[4].given = Given::End;
    int32_t sum[2], ended[2];
    for (int k = 0; k < 2; ++k) {
      sum[k] = plan.array(Place::Register, word, 1, Element::I64);
      ended[k] = plan.array(Place::Register, sentence, 1, Element::I64);
    }
    int32_t sums = plan.output("sums", word, 1, Element::I64);
    int32_t totals = plan.output("totals", sentence, 1, Element::I64);
    int32_t noise = plan.output("noise", sentence, 2), once = plan.output("once", section, 2);
    std::vector<OpPlan> ops = {
        plan.kernel(sumKernel, word, {B::same(x), B::same(sum[0]), B::same(sum[1]), B::same(sums)}),
        plan.op(OpCode::Event, word, {B::same(ends)}, {sentence}),
        plan.op(OpCode::Event, word, {B::same(outerEnds)}, {section}),
        plan.kernel(endKernel, sentence,
                    {B::same(sum[1]), B::same(tag), B::same(ended[0]), B::same(ended[1]), B::same(totals)}),
        plan.op(OpCode::Random, sentence, {B::same(noise)}, {int64_t(path), site, 2, 0}),
        plan.op(OpCode::Random, section, {B::same(once)}, {int64_t(path), site, 2, 1}),
        plan.op(OpCode::Commit, word, {B::same(sum[0]), B::same(sum[1])}),
        plan.op(OpCode::Commit, sentence, {B::same(ended[0]), B::same(ended[1])}),
        plan.op(OpCode::Zero, sentence, {B::same(sum[0])}),
    };
    plan.scan(word, ops, {sentence, section}, {sum[0], sum[1], ended[0], ended[1]});
    const std::vector<char> &bytes = plan.finish();
    block = std::make_unique<Buffer>(bytes.size());
    std::memcpy(block->data(), bytes.data(), bytes.size());
    model = {reinterpret_cast<const Plan *>(block->data()), plan.kernels.data()};
  }

  std::unique_ptr<Buffer> makeState(int64_t batch) {
    size_t size = 0;
    EXPECT_EQ(stateBytes(model.plan, batch, &size, &error), 0) << error.message;
    auto state = std::make_unique<Buffer>(size);
    EXPECT_EQ(initState(model.plan, identity, state->data(), size, batch, &error), 0) << error.message;
    stateSize = size;
    return state;
  }

  /// What a step is given; rows that nobody may look at are nonsense.
  struct GivenRows {
    std::vector<uint8_t> active, ends, outerEnds;
    std::vector<int64_t> x;
    std::vector<int32_t> tag;
    uint64_t words[8];
    explicit GivenRows(int64_t batch) : active(batch, 1), ends(batch), outerEnds(batch), x(batch, 1), tag(batch, -9) {}
    const void *get() {
      words[0] = sizeof words;
      words[1] = seed;
      words[2] = reinterpret_cast<uintptr_t>(active.data());
      words[3] = reinterpret_cast<uintptr_t>(x.data());
      words[4] = reinterpret_cast<uintptr_t>(tag.data());
      words[5] = 0;
      words[6] = reinterpret_cast<uintptr_t>(ends.data());
      words[7] = reinterpret_cast<uintptr_t>(outerEnds.data());
      return words;
    }
  };
  struct Taken {
    std::vector<int64_t> sums, totals;
    std::vector<float> noise, once;
    std::vector<uint8_t> ticks[4];
    uint64_t words[9];
    explicit Taken(int64_t batch) : sums(batch, -1), totals(batch, -1), noise(2 * batch, -1), once(2 * batch, -1) {
      for (auto &each : ticks)
        each.assign(batch, 77);
    }
    void *get() {
      words[0] = sizeof words;
      void *rows[4] = {sums.data(), totals.data(), noise.data(), once.data()};
      for (int k = 0; k < 4; ++k) {
        words[1 + 2 * k] = reinterpret_cast<uintptr_t>(rows[k]);
        words[2 + 2 * k] = reinterpret_cast<uintptr_t>(ticks[k].data());
      }
      return words;
    }
  };

  int32_t run(Buffer &state, GivenRows &given, Taken &taken) {
    return step(model, identity, nullptr, state.data(), given.get(), taken.get(), &error);
  }

  /// The step fails with the code and these words, and leaves the state as it was.
  void expectRefused(Buffer &state, const void *given, void *taken, Code code, const std::string &words) {
    std::vector<char> before(state.data(), state.data() + stateSize);
    EXPECT_EQ(step(model, identity, nullptr, state.data(), given, taken, &error), int32_t(code));
    EXPECT_NE(std::string(error.message).find(words), std::string::npos) << error.message;
    EXPECT_EQ(std::memcmp(before.data(), state.data(), stateSize), 0) << words;
  }

  PlanBuilder plan;
  std::unique_ptr<Buffer> block;
  Model model;
  Error error;
  size_t stateSize = 0;
};

TEST_F(RuntimeStep, IsWhatEachSequenceComputesByItself) {
  for (int64_t batch : {1, 2, 5, 33}) {
    std::mt19937 random(batch);
    auto state = makeState(batch);
    struct Sequence {
      int64_t sum = 0, total = 0, steps = 0, sample = 0;
    };
    std::vector<Sequence> sequences(batch);
    for (int64_t s = 0; s < batch; ++s)
      sequences[s].sample = s;
    for (int turn = 0; turn < 60; ++turn) {
      GivenRows given(batch);
      Taken taken(batch);
      if (turn % 7 == 3) {
        int64_t s = random() % batch;
        ASSERT_EQ(resetState(model.plan, identity, state->data(), s, &error), 0) << error.message;
        sequences[s] = {0, 0, 0, sequences[s].sample + batch};
      }
      bool areAll = turn % 5 == 0;
      for (int64_t s = 0; s < batch; ++s) {
        given.active[s] = areAll || random() % 3;
        given.x[s] = random() % 100;
        given.ends[s] = given.active[s] ? random() % 2 : 9; // of one that rests it may be anything
        given.outerEnds[s] = given.active[s] ? given.ends[s] && random() % 2 : 9;
        if (given.active[s] && given.ends[s])
          given.tag[s] = random() % tokens;
      }
      given.get();
      if (areAll)
        given.words[2] = 0;
      bool anyEnds = turn % 11 != 6;
      if (!anyEnds) // null: nowhere
        given.words[6] = given.words[7] = 0;
      ASSERT_EQ(step(model, identity, nullptr, state->data(), given.words, taken.get(), &error), 0) << error.message;
      for (int64_t s = 0; s < batch; ++s) {
        bool active = areAll || given.active[s], ends = active && anyEnds && given.ends[s];
        bool outerEnds = active && anyEnds && given.outerEnds[s];
        EXPECT_EQ(taken.ticks[0][s], active);
        EXPECT_EQ(taken.ticks[1][s], ends);
        EXPECT_EQ(taken.ticks[2][s], ends);
        EXPECT_EQ(taken.ticks[3][s], outerEnds);
        Sequence &own = sequences[s];
        own.sum = active ? own.sum * 3 + given.x[s] : own.sum;
        EXPECT_EQ(taken.sums[s], active ? own.sum : -1);
        own.total = ends ? own.total * 5 + own.sum + 1000 * given.tag[s] : own.total;
        EXPECT_EQ(taken.totals[s], ends ? own.total : -1);
        for (uint32_t e = 0; e < 2; ++e) {
          uint32_t atStep[4] = {e, 0, uint32_t(own.steps), uint32_t(own.sample)},
                   once[4] = {e, 0, 0, uint32_t(own.sample)};
          uint64_t key = randomKey(seed, path, site);
          EXPECT_EQ(taken.noise[2 * s + e], ends ? uniformFloat(key, atStep) : -1);
          EXPECT_EQ(taken.once[2 * s + e], outerEnds ? uniformFloat(key, once) : -1);
        }
        own.sum = ends ? 0 : own.sum;
        own.steps += active;
      }
    }
    EXPECT_TRUE(state->isIntact());
  }
}

TEST_F(RuntimeStep, RestsLeaveAStateBitForBit) {
  auto state = makeState(3), other = makeState(3);
  // The second sequence rests in one state, and has no such step in the other.
  for (int turn = 0; turn < 4; ++turn) {
    GivenRows given(3);
    Taken taken(3);
    given.ends[0] = turn == 2;
    given.tag[0] = 1;
    given.active = {1, uint8_t(turn != 1), 1};
    ASSERT_EQ(run(*state, given, taken), 0) << error.message;
    given.active = {1, uint8_t(turn != 3), 1};
    ASSERT_EQ(run(*other, given, taken), 0) << error.message;
  }
  GivenRows given(3);
  Taken a(3), b(3);
  run(*state, given, a);
  run(*other, given, b);
  EXPECT_EQ(a.sums, b.sums);
  EXPECT_EQ(std::memcmp(state->data(), other->data(), stateSize), 0);
}

TEST_F(RuntimeStep, RefusesWhatCannotBe) {
  auto state = makeState(3);
  GivenRows good(3);
  Taken taken(3);
  good.ends[1] = 1;
  good.tag[1] = tokens - 1;
  ASSERT_EQ(run(*state, good, taken), 0) << error.message;
  auto refused = [&](auto change, Code code, const char *words) {
    GivenRows given = good;
    Taken into(3);
    given.get();
    into.get();
    change(given, into);
    expectRefused(*state, given.words, into.words, code, words);
  };
  refused([](GivenRows &g, Taken &) { g.words[0] = 7; }, Code::Argument, "inputs: size is 7");
  refused([](GivenRows &, Taken &t) { t.words[0] += 8; }, Code::Argument, "outputs: size");
  refused([](GivenRows &g, Taken &) { g.active[2] = 2; }, Code::Value, "'active': 2 of sequence 2");
  refused([](GivenRows &g, Taken &) { g.ends[0] = 255; }, Code::Value, "input 'sentence_ends': 255 at row 0");
  refused([](GivenRows &g, Taken &) { g.outerEnds[0] = 1; }, Code::Structure,
          "sequence 0: 'section_ends' is 1, but 'sentence_ends' is not");
  refused([](GivenRows &g, Taken &) { g.outerEnds[1] = 1, g.words[6] = 0; }, Code::Structure, "sequence 1");
  refused([](GivenRows &g, Taken &) { g.tag[1] = tokens; }, Code::Value, "input 'tag': 7 at row 1");
  refused([](GivenRows &g, Taken &) { g.words[3] = 0; }, Code::Argument, "input 'x' is null");
  refused([](GivenRows &g, Taken &) { g.words[4] = 0; }, Code::Argument, "input 'tag' is null");
  refused([](GivenRows &g, Taken &) { g.words[3] += 4; }, Code::Argument, "input 'x' is not at a multiple of 8");
  refused([](GivenRows &, Taken &t) { t.words[1] += 4; }, Code::Argument, "output 'sums' is not at a multiple of 8");
  expectRefused(*state, nullptr, taken.get(), Code::Argument, "inputs");
  expectRefused(*state, good.get(), nullptr, Code::Argument, "outputs");

  // Where nobody looks there need be nothing.
  GivenRows nothing(3);
  nothing.active = {0, 0, 0};
  nothing.get();
  nothing.words[3] = nothing.words[4] = nothing.words[6] = 0;
  EXPECT_EQ(step(model, identity, nullptr, state->data(), nothing.words, taken.get(), &error), 0) << error.message;
  nothing.active = {1, 1, 1};
  nothing.ends = nothing.outerEnds = {0, 0, 0};
  nothing.get();
  nothing.words[4] = 0;
  EXPECT_EQ(step(model, identity, nullptr, state->data(), nothing.words, taken.get(), &error), 0) << error.message;
}

TEST_F(RuntimeStep, KnowsItsStates) {
  auto state = makeState(3);
  GivenRows given(3);
  Taken taken(3);
  EXPECT_EQ(step(model, identity + 1, nullptr, state->data(), given.get(), taken.get(), &error),
            int32_t(Code::Argument));
  EXPECT_EQ(step(model, identity, nullptr, nullptr, given.get(), taken.get(), &error), int32_t(Code::Argument));
  EXPECT_EQ(step(model, identity, nullptr, state->data() + 8, given.get(), taken.get(), &error),
            int32_t(Code::Argument));
  for (int64_t sequence : {int64_t(-1), int64_t(3), INT64_MAX, INT64_MIN})
    EXPECT_EQ(resetState(model.plan, identity, state->data(), sequence, &error), int32_t(Code::Argument));
  EXPECT_EQ(resetState(model.plan, identity + 1, state->data(), 0, &error), int32_t(Code::Argument));
  EXPECT_EQ(resetState(model.plan, identity, nullptr, 0, &error), int32_t(Code::Argument));
  // What the head says: whose it is, how many sequences, how many bytes.
  std::vector<char> good(state->data(), state->data() + stateSize);
  for (int word = 0; word < 4; ++word)
    for (uint64_t value : {uint64_t(0), uint64_t(2), uint64_t(-1), uint64_t(1) << 40}) {
      std::memcpy(state->data() + 8 * word, &value, 8);
      EXPECT_EQ(run(*state, given, taken), int32_t(Code::Argument)) << word << " " << value;
      EXPECT_EQ(resetState(model.plan, identity, state->data(), 0, &error), int32_t(Code::Argument));
      std::memcpy(state->data(), good.data(), stateSize);
    }
  EXPECT_EQ(run(*state, given, taken), 0) << error.message;

  size_t size = 0;
  EXPECT_EQ(stateBytes(model.plan, -1, &size, &error), int32_t(Code::Argument));
  EXPECT_EQ(stateBytes(model.plan, INT64_MAX, &size, &error), int32_t(Code::Argument));
  EXPECT_EQ(stateBytes(model.plan, 3, nullptr, &error), int32_t(Code::Argument));
  EXPECT_EQ(initState(model.plan, identity, state->data(), stateSize - 1, 3, &error), int32_t(Code::Workspace));
  EXPECT_EQ(initState(model.plan, identity, state->data() + 32, stateSize, 3, &error), int32_t(Code::Argument));
}

} // namespace
} // namespace rondo::runtime
