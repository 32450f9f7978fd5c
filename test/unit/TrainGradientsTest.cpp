// What the trainer asks of a model, answered by a built library and by the interpreter.
#include "ImportTesting.h"
#include "TrainTesting.h"
#include "compiler/Backend.h"
#include "compiler/Emit/Target.h"
#include "compiler/Pipeline.h"
#include "compiler/Run/Library.h"
#include "compiler/Train/Gradients.h"

using namespace rondo;
using namespace rondo::train;

namespace {

/// A model and what computes its gradients, in both ways.
struct Both {
  Program program;
  mlir::OwningOpRef<mlir::ModuleOp> rnn;
  std::unique_ptr<Gradients> compiled, interpreted;

  explicit Both(const std::string &text, int32_t threads = 1) : program(text) {
    auto module = llvm::cast<mlir::ModuleOp>((*program.module)->clone());
    mlir::OwningOpRef<mlir::ModuleOp> owner = module;
    mlir::DefaultTimingManager timing;
    mlir::TimingScope root = timing.getRootScope();
    StageOptions stages;
    stages.gradients = true;
    stages.after = [&](size_t, const Stage &) {
      if (!module.getOps<rnn::ModelOp>().empty())
        rnn = llvm::cast<mlir::ModuleOp>(module->clone());
      return mlir::success();
    };
    if (mlir::failed(runStages(module, stages, root))) {
      ADD_FAILURE() << "a stage failed";
      return;
    }
    BackendOptions how;
    how.targets = {emit::nativeTarget()};
    how.backward = module.lookupSymbol<step::ScheduleOp>("m.backward");
    Backend backend(module.lookupSymbol<step::ScheduleOp>("m"), how, root);
    if (mlir::failed(backend.plan())) {
      ADD_FAILURE() << "the model cannot be planned";
      return;
    }
    auto library = run::Library::load(good(backend.library()), backend.prefix(), {0, threads});
    compiled = compiledGradients(good(std::move(library)));
    interpreted = interpretedGradients(rnn->lookupSymbol<rnn::ModelOp>("m"),
                                       rnn->lookupSymbol<rnn::ModelOp>("m.backward"), /*fp64=*/true);
  }
};

const char *const text = R"(
model m {
  input x : real[3] on word in sentence
  input label : token(3) on sample
  param scale : real = 2.0
  h = gru(5)(x)
  s = mean(h, per = sentence)
  kept = if random(s) < 0.5 then s else 0.0 * s
  output y = dense(3)(scale * gru(4)(kept) when sample)
  loss task = cross_entropy(y, label)
  loss small = 0.01 * scale * scale
})";

reference::Batch batchFor(const Program &program, uint64_t seed) {
  run::InputOptions inputs;
  inputs.samples = 5;
  inputs.making.seed = seed;
  inputs.making.length = 9;
  return good(run::makeBatch(const_cast<Program &>(program).model(), inputs));
}

TEST(TrainGradients, AreTheSameCompiledAndInterpreted) {
  Both both(text);
  ASSERT_TRUE(both.compiled && both.interpreted);
  const std::vector<Parameter> &layout = both.compiled->parameters();
  ASSERT_EQ(layout.size(), both.interpreted->parameters().size());
  reference::Params params = good(both.compiled->initialise(3));
  Floats p(both.compiled->floats()), q(both.interpreted->floats()), g(p.size()), expected(q.size());
  writeParameters(layout, params, p.data());
  writeParameters(both.interpreted->parameters(), params, q.data());
  for (uint64_t seed : {0, 1}) {
    reference::Batch batch = batchFor(both.program, seed);
    auto losses = good(both.compiled->compute(p.data(), g.data(), batch, seed));
    auto wanted = good(both.interpreted->compute(q.data(), expected.data(), batch, seed));
    auto forward = good(both.compiled->compute(p.data(), nullptr, batch, seed));
    ASSERT_EQ(losses.size(), 2u);
    for (size_t i = 0; i < losses.size(); ++i) {
      EXPECT_EQ(losses[i].name, wanted[i].name);
      EXPECT_EQ(losses[i].ticks, wanted[i].ticks);
      EXPECT_NEAR(losses[i].value, wanted[i].value, 1e-5);
      EXPECT_NEAR(losses[i].value, forward[i].value, 1e-6);
    }
    double size = 0;
    for (size_t k = 0; k < layout.size(); ++k) {
      const Parameter &mine = layout[k], &other = both.interpreted->parameters()[k];
      ASSERT_EQ(mine.path, other.path);
      ASSERT_EQ(mine.shape, other.shape);
      for (int64_t i = 0; i < mine.size; ++i) {
        EXPECT_NEAR(g[mine.offset + i], expected[other.offset + i], 1e-5) << mine.path << " " << i;
        size += std::fabs(expected[other.offset + i]);
      }
    }
    EXPECT_GT(size, 0.1); // not just zeros
  }
}

TEST(TrainGradients, HaveTheSameBitsForAnyNumberOfThreads) {
  Both one(text), two(text, 2);
  ASSERT_TRUE(one.compiled && two.compiled);
  Floats p(one.compiled->floats()), g(p.size()), h(p.size());
  writeParameters(one.compiled->parameters(), good(one.compiled->initialise(1)), p.data());
  reference::Batch batch = batchFor(one.program, 1);
  good(one.compiled->compute(p.data(), g.data(), batch, 1));
  good(two.compiled->compute(p.data(), h.data(), batch, 1));
  EXPECT_EQ(g, h);
}

} // namespace
