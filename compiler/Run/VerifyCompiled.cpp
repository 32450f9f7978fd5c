#include "compiler/Run/VerifyCompiled.h"
#include "compiler/Run/Compare.h"
#include "compiler/Run/Parts.h"
#include <algorithm>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

/// Leaves out targets of pairs that have no rows: of some a library cannot tell.
static Result withoutEmptyTargets(Result result) {
  for (auto &[name, stream] : result.outputs)
    for (size_t s = 0; s < stream.counts.size(); ++s) {
      std::vector<int64_t> ticks, counts;
      for (auto [tick, count] : zip_equal(stream.ticks[s], stream.counts[s]))
        if (count > 0) {
          ticks.push_back(tick);
          counts.push_back(count);
        }
      stream.ticks[s] = std::move(ticks);
      stream.counts[s] = std::move(counts);
    }
  return result;
}

/// A sample of one result against a sample of another.
static void compare(Comparison &comparison, const Result &expected, Result &actual, int64_t expectedSample,
                    int64_t actualSample) {
  for (const auto &[name, stream] : expected.outputs) {
    const Stream &other = actual.outputs[name];
    if (other.rows.empty() || other.clock != stream.clock)
      return comparison.fails("output " + name + ": missing, or of another kind");
    comparison.samples(stream, expectedSample, other, actualSample);
  }
}

static void compareLosses(Comparison &comparison, const Result &expected, const Result &actual) {
  for (auto [loss, other] : zip_equal(expected.losses, actual.losses)) {
    if (loss.ticks != other.ticks)
      comparison.fails("loss " + loss.name + ": a mean over other ticks");
    comparison.numbers(loss.value, other.value, "loss " + loss.name);
  }
}

Expected<std::vector<Property>> verifyCompiled(rnn::ModelOp op, const dsl::Model &model, const Params &params,
                                               const VerifyOptions &options, Library &one, Library &two) {
  auto batch = irregularBatch(model, options.samples, options.length, options.seed);
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
  expected = withoutEmptyTargets(std::move(*expected));
  for (Library *library : {&one, &two})
    if (Error error = library->setParameters(params))
      return std::move(error);
  auto whole = one.run(*batch);
  if (!whole)
    return whole.takeError();
  whole = withoutEmptyTargets(std::move(*whole));

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
  shared = withoutEmptyTargets(std::move(*shared));
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
    single = withoutEmptyTargets(std::move(*single));
    compare(singles, *whole, *single, s, 0);
  }
  properties.push_back(std::move(singles.property));

  if (!one.hasSteps())
    return std::move(properties);
  // Products that a whole run computes for all ticks at once are summed in another order here.
  Comparison steps("compiled steps ~ whole", 1e-5);
  auto stepped = one.runSteps(*batch);
  if (!stepped)
    return stepped.takeError();
  for (int64_t s = 0; s < batch->samples; ++s)
    compare(steps, *whole, *stepped, s, s);
  if (steps.property.status == Property::Status::Fails && !model.events.empty())
    steps.property.note += (steps.property.note.empty() ? "" : "; ") +
                           std::string("an event may fall otherwise where its condition is a close call");
  properties.push_back(std::move(steps.property));
  return std::move(properties);
}

} // namespace rondo::run
