// Libraries that are built, loaded and run in this process.
#include "compiler/Run/Library.h"
#include "ImportTesting.h"
#include "compiler/Backend.h"
#include "compiler/Emit/Target.h"
#include "compiler/Pipeline.h"

using namespace rondo;

namespace {

const char *const text = R"(
model m {
  input x : real[3] on word in sentence
  input tag : token(5) on sentence
  input flag : bool on word
  input start : int on sample
  param scale : real = 2
  W = dense(4)
  h = gru(4)(x)
  output every_word = h * scale
  output tags = tag
  output flags = not flag
  output next = start + 1
  output each = W(mean(h, per = sentence))
  output constant = scale * 3.0
  loud = x[0] > 0.0
  output events = x when loud
  output seconds = x when every(2, phase = 1)
  output last = h when sample
  output memory = spread(collect(h, per = sentence), to = word)
  output heard = spread(collect(h when loud, per = sentence), to = word)
  loss mean(h * h, axis = all)
})";

struct Built {
  Program program{text};
  std::unique_ptr<run::Library> library;

  explicit Built(run::Library::Options options = {}) {
    mlir::OwningOpRef<mlir::ModuleOp> module = llvm::cast<mlir::ModuleOp>((*program.module)->clone());
    mlir::DefaultTimingManager timing;
    mlir::TimingScope root = timing.getRootScope();
    if (mlir::failed(runStages(*module, {}, root))) {
      ADD_FAILURE() << "a stage failed";
      return;
    }
    BackendOptions how;
    how.targets = {emit::nativeTarget()};
    Backend backend(*module->getOps<step::ScheduleOp>().begin(), std::move(how), root);
    if (mlir::failed(backend.plan())) {
      ADD_FAILURE() << "the model cannot be planned";
      return;
    }
    auto bytes = backend.library();
    auto loaded = bytes ? run::Library::load(*bytes, backend.prefix(), options) : bytes.takeError();
    if (loaded)
      library = std::move(*loaded);
    else
      ADD_FAILURE() << llvm::toString(loaded.takeError());
  }
};

run::InputOptions irregular() {
  run::InputOptions inputs;
  inputs.samples = 4;
  inputs.making.length = 9;
  inputs.making.irregular = true;
  return inputs;
}

TEST(Library, itsInitialiserIsTheInterpreters) {
  Built built;
  for (uint64_t seed : {uint64_t(0), uint64_t(99)}) {
    auto params = built.library->initialise(seed);
    ASSERT_TRUE(bool(params)) << llvm::toString(params.takeError());
    reference::Params expected = reference::initialise(built.program.op(), seed);
    ASSERT_EQ(params->size(), expected.size());
    for (const auto &[path, array] : expected) {
      EXPECT_EQ((*params)[path].shape, array.shape) << path;
      for (size_t i = 0; i < array.reals.size(); ++i)
        EXPECT_EQ((*params)[path].reals[i], double(float(array.reals[i]))) << path;
    }
  }
}

TEST(Library, outputsOfAllElementsAndClocks) {
  Built built({/*seed=*/0, /*threads=*/2});
  reference::Params params = reference::initialise(built.program.op(), 1);
  ASSERT_FALSE(bool(built.library->setParameters(params)));
  auto batch = run::makeBatch(built.program.model(), irregular());
  ASSERT_TRUE(bool(batch));
  reference::Result expected = built.program.run(*batch, params);
  auto actual = built.library->run(*batch);
  ASSERT_TRUE(bool(actual)) << llvm::toString(actual.takeError());
  ASSERT_EQ(actual->outputs.size(), expected.outputs.size());
  for (const auto &[name, stream] : expected.outputs) {
    const reference::Rows &rows = actual->outputs[name].rows;
    ASSERT_EQ(rows.size(), stream.rows.size()) << name;
    EXPECT_EQ(actual->outputs[name].ticks, stream.ticks) << name;
    EXPECT_EQ(actual->outputs[name].counts, stream.counts) << name;
    EXPECT_EQ(actual->outputs[name].clock, stream.clock) << name;
    EXPECT_EQ(actual->outputs[name].axisClocks, stream.axisClocks) << name;
    for (size_t s = 0; s < rows.size(); ++s) {
      EXPECT_EQ(rows[s].shape, stream.rows[s].shape) << name;
      EXPECT_EQ(rows[s].ints, stream.rows[s].ints) << name;
      ASSERT_EQ(rows[s].reals.size(), stream.rows[s].reals.size()) << name;
      for (size_t i = 0; i < rows[s].reals.size(); ++i)
        EXPECT_NEAR(rows[s].reals[i], stream.rows[s].reals[i], 1e-5) << name;
    }
  }
  ASSERT_EQ(actual->losses.size(), 1u);
  EXPECT_NEAR(actual->losses[0].value, expected.losses[0].value, 1e-5);
  EXPECT_EQ(actual->losses[0].ticks, expected.losses[0].ticks);
}

TEST(Library, mistakesOfTheCaller) {
  Built built;
  reference::Params params = reference::initialise(built.program.op(), 1);
  params.erase("scale");
  EXPECT_EQ(llvm::toString(built.library->setParameters(params)), "parameter 'scale' is missing");
  params = reference::initialise(built.program.op(), 1);
  params["scale"] = reference::realArray({2}, {1, 2});
  EXPECT_EQ(llvm::toString(built.library->setParameters(params)), "parameter 'scale' has another type in the library");
  params = reference::initialise(built.program.op(), 1);
  ASSERT_FALSE(bool(built.library->setParameters(params)));
  auto batch = run::makeBatch(built.program.model(), irregular());
  batch->inputs["tag"][0].ints[0] = 5;
  auto result = built.library->run(*batch);
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(llvm::toString(result.takeError()), "input 'tag': token 5 at row 0 is not below 5");
}

TEST(Library, filesThatAreNone) {
  auto none = run::Library::load("not a library", "m", {});
  ASSERT_FALSE(bool(none));
  EXPECT_NE(llvm::toString(none.takeError()).find("cannot load the library: "), std::string::npos);
  auto missing = run::Library::open("no/such/libm.so", "m", {});
  ASSERT_FALSE(bool(missing));
  EXPECT_NE(llvm::toString(missing.takeError()).find("No such file"), std::string::npos);
}

} // namespace
