#include "compiler/Run/VerifyCompiled.h"
#include "compiler/Run/Compare.h"
#include "compiler/Run/Inputs.h"
#include "compiler/Run/Parts.h"
#include <algorithm>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

/// A sample of one result against a sample of another. A library does not tell when its rows were.
static void compare(Comparison &comparison, const Result &expected, Result &actual, int64_t expectedSample,
                    int64_t actualSample) {
  static const std::vector<int64_t> untold;
  for (const auto &[name, stream] : expected.outputs) {
    const Rows &rows = actual.outputs[name].rows;
    // What has no clock is one array for all samples.
    bool isOne = stream.clock.empty();
    int64_t from = isOne ? 0 : expectedSample, to = isOne ? 0 : actualSample;
    if (to >= int64_t(rows.size()))
      return comparison.fails("output " + name + ": missing");
    comparison.rows(name, expectedSample, untold, stream.rows[from], untold, rows[to]);
  }
}

static void compareLosses(Comparison &comparison, const Result &expected, const Result &actual) {
  for (size_t i = 0; i < expected.losses.size(); ++i)
    comparison.numbers(expected.losses[i].value, actual.losses[i].value, "loss " + expected.losses[i].name);
}

Expected<std::vector<Property>> verifyCompiled(rnn::ModelOp op, const dsl::Model &model, const Params &params,
                                               const VerifyOptions &options, Library &one, Library &two) {
  InputOptions inputs;
  inputs.samples = options.samples;
  inputs.making.seed = options.seed;
  inputs.making.length = options.length;
  inputs.making.irregular = true;
  auto batch = makeBatch(model, inputs);
  if (!batch)
    return batch.takeError();
  Options how;
  how.seed = options.seed;
  auto interpreter = Interpreter::create(op, params, how);
  if (!interpreter)
    return interpreter.takeError();
  auto expected = (*interpreter)->run(*batch);
  if (!expected)
    return expected.takeError();
  for (Library *library : {&one, &two})
    if (Error error = library->setParameters(params))
      return std::move(error);
  auto whole = one.run(*batch);
  if (!whole)
    return whole.takeError();

  std::vector<Property> properties;
  Comparison interpreted("compiled ~ interpreted", 1e-4);
  for (int64_t s = 0; s < batch->samples; ++s)
    compare(interpreted, *expected, *whole, s, s);
  compareLosses(interpreted, *expected, *whole);
  if (interpreted.property.status == Property::Status::Fails && !model.events.empty())
    interpreted.property.note += (interpreted.property.note.empty() ? "" : "; ") +
                                 std::string("an event may fall otherwise where its condition is a close call");
  properties.push_back(std::move(interpreted.property));

  Comparison threads("two threads = one", 0);
  auto shared = two.run(*batch);
  if (!shared)
    return shared.takeError();
  for (int64_t s = 0; s < batch->samples; ++s)
    compare(threads, *whole, *shared, s, s);
  compareLosses(threads, *whole, *shared);
  properties.push_back(std::move(threads.property));

  Comparison singles("compiled batch = singles", 0);
  int64_t comparable = batch->samples;
  if (any_of(model.nodes, [](const dsl::Node &node) { return node.op == dsl::Op::Random; }) && comparable > 1) {
    comparable = 1;
    singles.property.note = "the first sample only: the model draws random numbers by sample";
  }
  for (int64_t s = 0; s < comparable; ++s) {
    auto single = one.run(singleSample(*batch, s));
    if (!single)
      return single.takeError();
    compare(singles, *whole, *single, s, 0);
  }
  properties.push_back(std::move(singles.property));
  return std::move(properties);
}

} // namespace rondo::run
