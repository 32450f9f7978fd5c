#include "compiler/Run/Compare.h"
#include "compiler/Run/Trial.h"
#include "compiler/Run/VerifyCompiled.h"
#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

/// Of the numbers of a gradient: each is a sum, of which small ones are what is left.
static double sizeOf(const Stream &stream) {
  double largest = 1e-2;
  for (const Array &rows : stream.rows)
    for (double x : rows.reals)
      if (std::isfinite(x))
        largest = std::max(largest, std::fabs(x));
  return largest;
}

static void compare(Comparison &comparison, const Result &expected, const Result &actual, bool isRounded) {
  for (const auto &[name, stream] : expected.outputs) {
    auto other = actual.outputs.find(name);
    if (other == actual.outputs.end() || other->second.rows.size() != stream.rows.size()) {
      comparison.fails(name + ": missing, or of another kind");
      continue;
    }
    if (isRounded)
      comparison.relativeTo(sizeOf(stream));
    for (size_t s = 0; s < stream.rows.size(); ++s)
      comparison.rows(name, int64_t(s), {}, stream.rows[s], {}, other->second.rows[s]);
  }
}

Expected<std::vector<Property>> verifyGradients(rnn::ModelOp op, const Trial &trial, const VerifyOptions &options,
                                                Library &one, Library &two) {
  if (Error error = joinErrors(one.setParameters(trial.params), two.setParameters(trial.params)))
    return std::move(error);
  auto expected = interpret(op, trial, options.seed);
  if (!expected)
    return expected.takeError();
  auto actual = one.runBackward(trial.batch, {}), threaded = two.runBackward(trial.batch, {});
  if (!actual || !threaded)
    return joinErrors(actual.takeError(), threaded.takeError());

  std::vector<Property> properties;
  // What rounded weights make differ grows on the way back.
  double allowed = options.weights == runtime::WeightFormat::F32    ? std::max(1e-4, 10 * options.rounding)
                   : options.weights == runtime::WeightFormat::BF16 ? 5e-2
                                                                    : 1e-1;
  Comparison close("gradients ~ interpreted", allowed);
  compare(close, *expected, *actual, /*isRounded=*/true);
  properties.push_back(std::move(close.property));
  Comparison threads("gradients by two threads", 0);
  compare(threads, *actual, *threaded, /*isRounded=*/false);
  properties.push_back(std::move(threads.property));
  Comparison sums("gradients accumulate", 1e-5);
  auto added = one.runBackward(trial.batch, {/*accumulate=*/true, /*before=*/1});
  if (!added)
    return added.takeError();
  for (const auto &[path, values] : trial.params) {
    Array more = actual->outputs["d." + path].rows[0];
    for (double &x : more.reals)
      x += 1;
    sums.rows("d." + path, 0, {}, more, {}, added->outputs["d." + path].rows[0]);
  }
  properties.push_back(std::move(sums.property));
  return std::move(properties);
}

} // namespace rondo::run
