#include "compiler/Run/VerifyCompiled.h"
#include "compiler/Run/Compare.h"
#include "compiler/Run/Parts.h"
#include "compiler/Run/Windows.h"
#include <algorithm>
#include <cmath>

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

/// Leaves out what single steps do not give: outputs without a clock, and values of samples without steps. A sample ends
/// with the last of its steps, though other axes may have more rows.
static Result thatStepsTell(Result result, const Result &stepped, ArrayRef<int64_t> steps) {
  for (auto it = result.outputs.begin(); it != result.outputs.end();) {
    Stream &stream = it->second;
    bool isOfSample = StringRef(stream.clock).split(" when ").first == "sample";
    for (size_t s = 0; s < stream.ticks.size() && isOfSample; ++s)
      if (steps[s] > 0) {
        stream.ticks[s].assign(stream.ticks[s].size(), steps[s] - 1);
      } else {
        stream.ticks[s].clear();
        stream.rows[s].shape[0] = 0;
        stream.rows[s].reals.clear();
        stream.rows[s].ints.clear();
      }
    it = stepped.outputs.count(it->first) ? std::next(it) : result.outputs.erase(it);
  }
  return result;
}

/// What rounded weights make differ: outputs relative to the largest number of each.
static double allowedWith(runtime::WeightFormat weights, double otherwise) {
  switch (weights) {
  case runtime::WeightFormat::F32: return otherwise;
  case runtime::WeightFormat::BF16: return 2e-2;
  case runtime::WeightFormat::Int8: return 5e-2;
  }
  llvm_unreachable("a format of weights");
}

/// Of the numbers of an output. Small ones are what is left of larger ones that took each other away.
static double sizeOf(const Stream &stream) {
  double largest = 0.25;
  for (const Array &rows : stream.rows)
    for (double x : rows.reals)
      if (std::isfinite(x))
        largest = std::max(largest, std::fabs(x));
  return largest;
}

/// A sample of one result against a sample of another.
static void compare(Comparison &comparison, const Result &expected, Result &actual, int64_t expectedSample,
                    int64_t actualSample, bool isRounded = false) {
  for (const auto &[name, stream] : expected.outputs) {
    const Stream &other = actual.outputs[name];
    if (other.rows.empty() || other.clock != stream.clock)
      return comparison.fails("output " + name + ": missing, or of another kind");
    if (isRounded)
      comparison.relativeTo(sizeOf(stream));
    comparison.samples(stream, expectedSample, other, actualSample);
  }
}

Expected<Property> verifyCompiledWindows(rnn::ModelOp model, const Trial &trial, const VerifyOptions &options,
                                         Library &whole, const WindowLibraries &windows) {
  Comparison comparison("compiled windows = whole", windows.addsAnew ? options.allowed() : 0);
  auto expected = whole.run(trial.batch);
  if (!expected)
    return expected.takeError();
  for (int64_t rows : windowRows(options.length)) {
    auto one = runWindows(model, trial, rows, windows.one, /*gradients=*/false, *expected),
         two = runWindows(model, trial, rows, windows.two, /*gradients=*/false, *expected);
    if (!one || !two)
      return joinErrors(one.takeError(), two.takeError());
    Comparison threads("two threads", 0);
    for (int64_t s = 0; s < trial.batch.samples; ++s) {
      compare(comparison, *expected, *one, s, s);
      compare(threads, *one, *two, s, s);
    }
    threads.losses(*one, *two);
    comparison.include(threads.property);
    Comparison losses("losses", 1e-5); // means of means
    losses.losses(*expected, *one, /*isRounded=*/true);
    if (losses.property.status == Property::Status::Fails)
      comparison.include(losses.property);
  }
  return std::move(comparison.property);
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
  bool isRounded = options.weights != runtime::WeightFormat::F32;
  Comparison interpreted("compiled ~ interpreted", allowedWith(options.weights, options.allowed()));
  for (int64_t s = 0; s < batch->samples; ++s)
    compare(interpreted, *expected, *whole, s, s, isRounded);
  interpreted.losses(*expected, *whole, isRounded);
  if (!model.events.empty())
    excuseEvents(interpreted.property, options.roundingMovesEvents);
  properties.push_back(std::move(interpreted.property));

  Comparison threads("two threads = one", 0);
  auto shared = two.run(*batch);
  if (!shared)
    return shared.takeError();
  shared = withoutEmptyTargets(std::move(*shared));
  for (int64_t s = 0; s < batch->samples; ++s)
    compare(threads, *whole, *shared, s, s);
  threads.losses(*whole, *shared);
  if (batch->samples > 0) { // threads share one sample otherwise than many
    auto first = two.run(singleSample(*batch, 0));
    if (!first)
      return first.takeError();
    first = withoutEmptyTargets(std::move(*first));
    compare(threads, *whole, *first, 0, 0);
  }
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

  if (one.generates()) {
    auto generation = verifyGeneration(op, model, params, options, one, two);
    if (!generation)
      return generation.takeError();
    append_range(properties, std::move(*generation));
  }

  if (!one.hasSteps())
    return std::move(properties);
  // Products that a whole run computes for all ticks at once are summed in another order here.
  // Where products are of rounded numbers, a number may be rounded otherwise then.
  bool isBf16 = options.weights == runtime::WeightFormat::BF16;
  Comparison steps("compiled steps ~ whole", isBf16 ? allowedWith(options.weights, 0) : options.allowed());
  auto stepped = one.runSteps(*batch);
  if (!stepped)
    return stepped.takeError();
  Result seen = thatStepsTell(std::move(*whole), *stepped, batch->lengths.at(one.stepAxis().str()));
  for (int64_t s = 0; s < batch->samples; ++s)
    compare(steps, seen, *stepped, s, s, isBf16);
  if (!model.events.empty())
    excuseEvents(steps.property, options.roundingMovesEvents);
  properties.push_back(std::move(steps.property));
  return std::move(properties);
}

} // namespace rondo::run
