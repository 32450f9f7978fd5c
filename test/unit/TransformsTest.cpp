// Passes do not change what a model computes: programs that give each pass something to do, run before and after on made-up
// ragged batches, empty samples and segments among them.
#include "ImportTesting.h"
#include "compiler/Transforms/Condensation.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

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
    {"gates by separate equations, from one stream and from joined ones", R"(
cell gates(n: int)(x: real[k]) -> real[n] {
  state h, c : real[n]
  param Wi, Wf, Wg, Wo : real[n, k] = glorot
  param Ui, Uf, Ug : real[n, n] = orthogonal
  param Uo : real[n, k+n+1] = orthogonal
  i = sigmoid(Wi @ x + Ui @ h)
  f = sigmoid(Wf @ x + Uf @ h)
  g = tanh(Wg @ x + Ug @ (f * h) + Ug @ h)
  o = sigmoid(Wo @ x + Uo @ concat(x, h, sum(c, axis = all)))
  c' = f * c + i * g
  h' = o * tanh(c')
  return h'
}
model m {
  input x : real[2] on word in sentence
  output y = gates(3)(x)
  output z = reversed(gates(2))(x, reset = after(sentence))
})",
     -1, -1},
    {"products of rows, columns, matrices and their transposes", R"(
model m {
  input x : real[2] on step
  param W : real[5, 3] = glorot
  param V : real[4, 5] = glorot
  param R : real[3, 5] = glorot
  param Q : real[2, 3] = glorot
  param v : real[5] = glorot
  state h : real[3]
  state M : real[3, 4]
  slow = tanh(h) when every(3)
  j = concat(x, h)
  K = concat(M, hold(Q @ M + x[0] when every(2)))
  h' = tanh(j @ W + concat(hold(slow), x) @ W)
  M' = tanh(R @ K + x[1])
  output a = v @ j
  output b = concat(V, V) @ j
  output c = V @ j - (v @ j) * 0.5
  output d = v @ concat(x, hold(slow))
  output e = W @ h
  output f = v @ K
})",
     -1, -1},
    {"partial sums of events, segments and samples, forward and backward, restarted and not", R"(
cell reads(n: int)(x: real[k], y: real[l]) -> real[n] {
  param U : real[n, l] = orthogonal
  param W : real[n, k+l] = glorot
  state h : real[n]
  h' = tanh(U @ pre(y) + W @ concat(x, y) + 0.1)
  return h' - h
}
cell paced(n: int)(x: real[k]) -> real[n] {
  param U : real[n, n] = orthogonal
  s : real[n] = hold(rnn(n)(x when every(2)))
  return U @ pre(s) + U @ s + sigmoid(s)
}
model m {
  input x : real[2] on word in sentence in text
  e = x[0] > 0.4
  a = tanh(x + 1.0) when e
  b = mean(x, per = sentence)
  output p = reads(3)(x, hold(a)) + sigmoid(sum(hold(a), axis = all))
  output q = reads(3)(x, hold(b), reset = after(sentence))
  output r = reversed(reads(3))(x, sigmoid(hold(b)))
  output s = reversed(reads(2))(x, hold(a), reset = before(e))
  output t = reads(2)(x, spread(b, to = word))
  output u = dense(2)(hold(concat(b, b) when text))
  output v = paced(2)(x, reset = after(sentence))
  output w = reversed(paced(2))(x, reset = before(e))
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
    double expected = before.losses[i].value; // may be infinite
    if (expected != after.losses[i].value)
      EXPECT_NEAR(expected, after.losses[i].value, 1e-12 * std::max(1.0, std::fabs(expected)));
    EXPECT_EQ(before.losses[i].ticks, after.losses[i].ticks);
  }
}

int countStates(rnn::ModelOp model) {
  auto states = model.getOps<rnn::StateOp>();
  return std::distance(states.begin(), states.end());
}

void runPasses(Program &program, const std::vector<PassMaker> &passes) {
  mlir::PassManager manager(&program.context);
  for (PassMaker make : passes)
    manager.nest<rnn::ModelOp>().addPass(make());
  ASSERT_TRUE(mlir::succeeded(manager.run(*program.module)));
}

void checkValues(Program &before, Program &after, uint64_t seed, int64_t samples, int64_t length) {
  run::InputOptions options;
  options.samples = samples;
  options.making = {seed, length, /*irregular=*/seed > 1};
  auto batch = run::makeBatch(before.model(), options);
  ASSERT_TRUE(bool(batch)) << llvm::toString(batch.takeError());
  reference::Params params = reference::initialise(before.op(), seed);
  expectSame(before.run(*batch, params), after.run(*batch, params));
}

void checkPasses(const Case &c, const std::vector<PassMaker> &passes) {
  Program before(c.text), after(c.text);
  if (!before || !after)
    return;
  runPasses(after, passes);
  if (passes.size() > 1 && c.statesBefore >= 0) {
    EXPECT_EQ(countStates(before.op()), c.statesBefore);
    EXPECT_EQ(countStates(after.op()), c.statesAfter);
  }
  for (uint64_t seed = 1; seed <= 3; ++seed)
    checkValues(before, after, seed, /*samples=*/4, /*length=*/17);
}

const std::vector<PassMaker> toSimplifyAgain = {rnn::createSimplifyPass, rnn::createNarrowSlotsPass,
                                                rnn::createDeadStatePass, rnn::createSimplifyPass};
const std::vector<PassMaker> toMergeProducts = {rnn::createSimplifyPass,      rnn::createNarrowSlotsPass,
                                                rnn::createDeadStatePass,     rnn::createSimplifyPass,
                                                rnn::createSplitProductsPass, rnn::createCommuteCrossingsPass,
                                                rnn::createDeadStatePass,     rnn::createMergeProductsPass};

TEST_P(Preserved, BySimplify) { checkPasses(GetParam(), {rnn::createSimplifyPass}); }
TEST_P(Preserved, ByNarrowSlots) { checkPasses(GetParam(), {rnn::createNarrowSlotsPass}); }
TEST_P(Preserved, ByDeadState) { checkPasses(GetParam(), {rnn::createDeadStatePass}); }
TEST_P(Preserved, BySplitProducts) { checkPasses(GetParam(), {rnn::createSplitProductsPass}); }
TEST_P(Preserved, ByCommuteCrossings) { checkPasses(GetParam(), {rnn::createCommuteCrossingsPass}); }
TEST_P(Preserved, ByMergeProducts) { checkPasses(GetParam(), {rnn::createMergeProductsPass}); }
TEST_P(Preserved, ByAllOfThem) { checkPasses(GetParam(), toSimplifyAgain); }
TEST_P(Preserved, ByProducts) {
  Case c = GetParam();
  c.statesBefore = -1; // partial sums are states, too
  checkPasses(c, toMergeProducts);
}

INSTANTIATE_TEST_SUITE_P(Transforms, Preserved, testing::ValuesIn(cases),
                         [](const auto &info) { return "Case" + std::to_string(info.index); });

/// The programs of the collection, but those that use files beside them.
std::vector<std::string> programs() {
  llvm::SmallString<128> folder(__FILE__);
  llvm::sys::path::remove_filename(folder);
  llvm::sys::path::append(folder, "..", "programs");
  std::vector<std::string> paths;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (llvm::sys::path::extension(it->path()) == ".rondo" && !llvm::StringRef(it->path()).contains("_use."))
      paths.push_back(it->path());
  llvm::sort(paths);
  return paths;
}

class OfCollection : public testing::TestWithParam<std::string> {};

TEST_P(OfCollection, IsPreserved) {
  auto text = llvm::MemoryBuffer::getFile(GetParam());
  ASSERT_TRUE(bool(text));
  Program before((*text)->getBuffer().str()), after((*text)->getBuffer().str());
  if (!before || !after)
    return;
  runPasses(after, toMergeProducts);
  checkValues(before, after, /*seed=*/2, /*samples=*/2, /*length=*/7);
}

INSTANTIATE_TEST_SUITE_P(Transforms, OfCollection, testing::ValuesIn(programs()),
                         [](const auto &info) { return "Program" + llvm::sys::path::stem(info.param).str(); });

TEST(Condensation, NeedsStandInFront) {
  Program program(cases[0].text);
  ASSERT_TRUE(bool(program));
  rnn::Condensation condensation(program.op());
  llvm::DenseSet<const rnn::Component *> above;
  size_t ops = 0, loops = 0;
  for (const rnn::Component &component : condensation.components()) {
    above.insert(&component);
    ops += component.ops.size();
    loops += component.isLoop();
    for (mlir::Operation *op : component.ops) {
      EXPECT_EQ(&condensation.of(op), &component);
      EXPECT_EQ(condensation.loopOf(op), component.isLoop() ? &component : nullptr);
      for (mlir::Value operand : op->getOperands())
        if (mlir::Operation *from = operand.getDefiningOp(); from && !llvm::isa<rnn::StateOp>(from))
          EXPECT_TRUE(above.contains(&condensation.of(from)));
      if (auto read = llvm::dyn_cast<rnn::ReadOp>(op))
        for (mlir::Operation *user : read.getSlot().getUsers())
          if (llvm::isa<rnn::NextOp>(user))
            EXPECT_TRUE(above.contains(&condensation.of(user)));
    }
  }
  EXPECT_EQ(ops, program.op().getBody().front().getOperations().size());
  EXPECT_EQ(loops, 8u); // a module each
}

} // namespace
