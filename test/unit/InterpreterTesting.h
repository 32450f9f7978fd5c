// What the interpreter's tests share: models written as text, batches made of numbers from a seed.
#ifndef RONDO_TEST_UNIT_INTERPRETERTESTING_H
#define RONDO_TEST_UNIT_INTERPRETERTESTING_H

#include "compiler/IR/Rnn.h"
#include "compiler/Reference/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"
#include <cmath>
#include <functional>
#include <random>

namespace rondo::reference {

using Vector = std::vector<double>;

/// Clocks and types that the models are written with.
inline const char *const prelude = R"(
#sample = #rnn.axis<"sample">
#t = #rnn.axis<"step">
#t2 = #rnn.every<2 phase 0 of #t>
#s = #rnn.axis<"source">
#review = #rnn.axis<"review">
#sentence = #rnn.axis<"sentence" in #review>
#word = #rnn.axis<"word" in #sentence>
)";

/// What running a batch gives; nothing, and a failure of the test, where it does not run.
inline Result resultOf(llvm::Expected<std::unique_ptr<Interpreter>> interpreter, const Batch &batch) {
  if (!interpreter) {
    ADD_FAILURE() << llvm::toString(interpreter.takeError());
    return {};
  }
  auto result = (*interpreter)->run(batch);
  if (!result) {
    ADD_FAILURE() << llvm::toString(result.takeError());
    return {};
  }
  return std::move(*result);
}

/// A model parsed from text: `declarations` (clock aliases), the inputs, the body.
class TestModel {
public:
  explicit TestModel(const std::string &text) {
    context.loadDialect<rnn::RnnDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(prelude + text, &context);
    if (!module)
      ADD_FAILURE() << "the text of the model does not parse:\n" << text;
  }
  rnn::ModelOp op() { return *module->getOps<rnn::ModelOp>().begin(); }

  Result run(const Batch &batch, const Params &params = {}, Options options = {}) {
    return resultOf(Interpreter::create(op(), params, options), batch);
  }

  /// The message with which a run fails.
  std::string errorOf(const Batch &batch, const Params &params = {}) {
    auto interpreter = Interpreter::create(op(), params, {});
    if (!interpreter)
      return llvm::toString(interpreter.takeError());
    auto result = (*interpreter)->run(batch);
    return result ? "no error" : llvm::toString(result.takeError());
  }

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

inline std::string replaced(std::string text, const std::string &what, const std::string &with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

inline Array realArray(std::vector<int64_t> shape, Vector values) {
  Array array;
  array.shape = std::move(shape);
  array.reals = std::move(values);
  return array;
}

inline Array intArray(std::vector<int64_t> shape, std::vector<int64_t> values) {
  Array array;
  array.shape = std::move(shape);
  array.isReal = false;
  array.ints = std::move(values);
  return array;
}

/// Numbers from a seed.
class Numbers {
public:
  explicit Numbers(unsigned seed = 1) : engine(seed) {}
  Array reals(std::vector<int64_t> shape, double scale = 1) {
    Array array = realArray(std::move(shape), {});
    array.reals.resize(array.size());
    for (double &x : array.reals)
      x = scale * std::normal_distribution<double>()(engine);
    return array;
  }
  Array ints(std::vector<int64_t> shape, int64_t below) {
    Array array = intArray(std::move(shape), {});
    array.ints.resize(array.size());
    for (int64_t &x : array.ints)
      x = std::uniform_int_distribution<int64_t>(0, below - 1)(engine);
    return array;
  }

private:
  std::mt19937_64 engine;
};

/// A batch over base axes, its samples' lengths one by one.
inline Batch batchOf(std::map<std::string, std::vector<int64_t>> lengths, std::map<std::string, Rows> inputs) {
  Batch batch;
  batch.samples = lengths.empty() ? inputs.begin()->second.size() : lengths.begin()->second.size();
  batch.lengths = std::move(lengths);
  batch.inputs = std::move(inputs);
  return batch;
}

inline Vector rowOf(const Array &array, int64_t row) {
  int64_t size = array.size() / array.shape[0];
  return Vector(array.reals.begin() + row * size, array.reals.begin() + (row + 1) * size);
}

inline Vector product(const Array &w, const Vector &x) {
  Vector y(w.shape[0]);
  for (size_t i = 0; i < y.size(); ++i)
    for (size_t j = 0; j < x.size(); ++j)
      y[i] += w.reals[i * x.size() + j] * x[j];
  return y;
}

inline double sigmoidOf(double x) { return 1 / (1 + std::exp(-x)); }

inline void expectNear(const Vector &actual, const Vector &expected, double tolerance, const std::string &what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::fabs(expected[i]))) << what << ", element " << i;
}

inline void expectClose(const Vector &actual, const Vector &expected, const std::string &what = "") {
  expectNear(actual, expected, 1e-12, what);
}

} // namespace rondo::reference
#endif
