// Passes do not change what a model computes: programs that give each pass something to do, run before and after on made-up
// ragged batches, empty samples and segments among them.
#include "ImportTesting.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"

using namespace rondo;

namespace {

struct Case {
  const char *name, *text;
  int statesBefore, statesAfter; // of the whole pipeline; -1: not counted
};

const Case cases[] = {
    {"clockwork with periods 1, 2, 4, .. 128", R"(
model m {
  input x : real[1] on step
  m[k] = hold(rnn(3)(concat(x, pre(m[k+1..])) when every(2^k))) for k in 0..8
  output y = dense(1)(concat(m))
})",
     36, 8},
    {"clockwork whose modules read themselves too", R"(
model m {
  input x : real[2] on step
  cell step_of(x: real[n]) -> real[3] { param W : real[3, n] = glorot  return tanh(W @ x) }
  m[k] : real[3] = hold(step_of(concat(x, pre(m[k..])) when every(3^k))) for k in 0..4
  output y = concat(m)
})",
     10, 4},
    {"periods that divide nothing, phases, and both directions of reading", R"(
model m {
  input x : real on step
  a : real[2] = hold(rnn(2)(concat(x, pre(b), pre(c)) when every(3, phase = 1)))
  b : real[2] = hold(rnn(2)(concat(x, pre(a), pre(c)) when every(5)))
  c : real[2] = rnn(2)(concat(x, pre(a), pre(b)))
  output a
  output b
  output c
})",
     9, 3},
    {"events", R"(
model m {
  input x : real on step
  e = x > pre(x)
  h : real[2] = hold(gru(2)(concat(x, pre(h)) when e))
  output y = tanh(h) when every(2)
  output z = hold(sum(x * x, per = e))
})",
     3, 2},
    {"a slot restarted where what it holds is not", R"(
cell delayed(x) { return pre(hold(x when every(3))) }
cell late(x: real[n], y: real[n]) { return pre(y) + x }
model m {
  input x : real[2] on word in sentence
  output a = delayed(x, reset = after(sentence))
  output b = late(x, hold(x when every(3)), reset = before(x[0] > 0.5))
  output c = reversed(delayed)(x)
  output d = reversed(late)(x, hold(x when sentence))
})",
     -1, -1},
    {"samples of samples, to empty ones too", R"(
model m {
  input x : real[2] on word in sentence
  s = tanh(x + 1.0) when sentence
  output a = concat(s, s + 1.0) when sample
  output b = (hold(s) when sentence) when sample
  output c = (concat(x, x) when sentence) when sample
  output d = (x + 1.0) when sample
  output e = hold(hold(x when every(2)) when every(4))
})",
     -1, -1},
    {"zeros and constants", R"(
cell odd(x: real[n]) {
  state kept, unread : real[n]
  unread' = unread + x
  param U : real[n, n] = orthogonal
  return x + U @ kept + 0.0 * x + (0.1 + 0.2)
}
model m {
  input x : real[3] on step
  output y = odd(x)
  loss mse(y, next(x))
})",
     1, 1},
    {"attention with a state of rows", R"(
model m {
  input a : real[3] on source
  input b : real[2] on target
  att = location(4, maps = 2, width = 3)
  core : real[3] = rnn(3)(concat(b, att(pre(core), spread(collect(gru(3)(a), per = sample), to = target))))
  output core
  output weights = att.weights
  loss mse(core, next(core))
})",
     -1, -1},
    {"hierarchy in both directions", R"(
model m {
  input x : real[2] on word in sentence
  h = bidirectional(gru(2))(x, reset = after(sentence))
  s = bidirectional(gru(2))(mean(h, per = sentence))
  output y = concat(h, spread(s, to = word), hold(s))
  loss mean(next(x), axis = 0)
})",
     -1, -1},
};

std::ostream &operator<<(std::ostream &os, const Case &c) { return os << c.name; }

class Preserved : public testing::TestWithParam<Case> {};

using PassMaker = std::unique_ptr<mlir::Pass> (*)();

void expectSame(const reference::Result &before, const reference::Result &after) {
  ASSERT_EQ(before.outputs.size(), after.outputs.size());
  for (const auto &[name, stream] : before.outputs) {
    const reference::Stream &other = after.outputs.at(name);
    EXPECT_EQ(stream.ticks, other.ticks) << name;
    ASSERT_EQ(stream.rows.size(), other.rows.size()) << name;
    for (size_t i = 0; i < stream.rows.size(); ++i) {
      EXPECT_EQ(stream.rows[i].shape, other.rows[i].shape) << name;
      reference::expectClose(other.rows[i].reals, stream.rows[i].reals, name);
    }
  }
  ASSERT_EQ(before.losses.size(), after.losses.size());
  for (size_t i = 0; i < before.losses.size(); ++i) {
    EXPECT_NEAR(before.losses[i].value, after.losses[i].value, 1e-12);
    EXPECT_EQ(before.losses[i].ticks, after.losses[i].ticks);
  }
}

int countStates(rnn::ModelOp model) {
  auto states = model.getOps<rnn::StateOp>();
  return std::distance(states.begin(), states.end());
}

void checkPasses(const Case &c, const std::vector<PassMaker> &passes) {
  Program before(c.text), after(c.text);
  if (!before || !after)
    return;
  mlir::PassManager manager(&after.context);
  for (PassMaker make : passes)
    manager.nest<rnn::ModelOp>().addPass(make());
  ASSERT_TRUE(mlir::succeeded(manager.run(*after.module)));
  if (passes.size() > 1 && c.statesBefore >= 0) {
    EXPECT_EQ(countStates(before.op()), c.statesBefore);
    EXPECT_EQ(countStates(after.op()), c.statesAfter);
  }
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    run::InputOptions options;
    options.samples = 4;
    options.making = {seed, /*length=*/17, /*irregular=*/seed > 1};
    auto batch = run::makeBatch(before.model(), options);
    ASSERT_TRUE(bool(batch)) << llvm::toString(batch.takeError());
    reference::Params params = reference::initialise(before.op(), seed);
    expectSame(before.run(*batch, params), after.run(*batch, params));
  }
}

TEST_P(Preserved, BySimplify) { checkPasses(GetParam(), {rnn::createSimplifyPass}); }
TEST_P(Preserved, ByNarrowSlots) { checkPasses(GetParam(), {rnn::createNarrowSlotsPass}); }
TEST_P(Preserved, ByDeadState) { checkPasses(GetParam(), {rnn::createDeadStatePass}); }
TEST_P(Preserved, ByAllOfThem) {
  checkPasses(GetParam(),
              {rnn::createSimplifyPass, rnn::createNarrowSlotsPass, rnn::createDeadStatePass, rnn::createSimplifyPass});
}

INSTANTIATE_TEST_SUITE_P(Transforms, Preserved, testing::ValuesIn(cases),
                         [](const auto &info) { return "Case" + std::to_string(info.index); });

} // namespace
