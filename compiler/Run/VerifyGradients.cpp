#include "compiler/Run/Compare.h"
#include "compiler/Run/Frozen.h"
#include "compiler/Run/Parts.h"
#include "compiler/Run/Trial.h"
#include "compiler/Run/VerifyCompiled.h"
#include "compiler/Run/Windows.h"
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

/// What single precision alone changes in each gradient, relative to its size.
using Rounding = std::map<std::string, double>;

/// What differences in a gradient are relative to; nothing where rounding decides what it is.
static std::optional<double> scaleOf(const std::string &name, const Stream &stream, const Rounding &rounding) {
  auto found = rounding.find(name);
  double times = found == rounding.end() ? 0 : 10 * found->second / 1e-4;
  return times < 1000 ? std::optional(sizeOf(stream) * std::max(1.0, times)) : std::nullopt;
}

/// `rounding`: null for the same bits; else a gradient may be as many times further off as rounding takes it further
/// than it should. One of which rounding leaves nothing is left out.
static void compare(Comparison &comparison, const Result &expected, const Result &actual, const Rounding *rounding) {
  for (const auto &[name, stream] : expected.outputs) {
    auto other = actual.outputs.find(name);
    if (other == actual.outputs.end() || other->second.rows.size() != stream.rows.size()) {
      comparison.fails(name + ": missing, or of another kind");
      continue;
    }
    if (rounding) {
      std::optional<double> scale = scaleOf(name, stream, *rounding);
      if (!scale)
        continue;
      comparison.relativeTo(*scale);
    }
    for (size_t s = 0; s < stream.rows.size(); ++s)
      comparison.rows(name, int64_t(s), {}, stream.rows[s], {}, other->second.rows[s]);
  }
}

namespace {

class GradientVerifier {
public:
  GradientVerifier(rnn::ModelOp op, const Trial &trial, const VerifyOptions &options, Library &one, Library &two,
                   const WindowLibraries *windows)
      : op(op), trial(trial), options(options), one(one), two(two), windows(windows) {
    block = &op.getBody().front();
    isSeeded = block->getOps<rnn::LossOp>().empty();
    draws = !block->getOps<rnn::RandomOp>().empty();
  }

  Expected<std::vector<Property>> run() {
    if (Error error = joinErrors(one.setParameters(trial.params), two.setParameters(trial.params)))
      return std::move(error);
    auto result = one.runBackward(trial.batch, {});
    if (!result)
      return result.takeError();
    whole = std::move(*result);
    for (auto check : {&GradientVerifier::interpreted, &GradientVerifier::threads, &GradientVerifier::accumulation,
                       &GradientVerifier::padding, &GradientVerifier::singles})
      if (Error error = (this->*check)())
        return std::move(error);
    if (windows)
      for (auto check : {&GradientVerifier::inWindows, &GradientVerifier::checkpoints})
        if (Error error = (this->*check)())
          return std::move(error);
    return std::move(properties);
  }

private:
  Error interpreted() {
    Comparison comparison("gradients ~ interpreted", allowed());
    auto expected = interpret(op, trial, options.seed), single = interpretIn(/*fp64=*/false, op, trial, options.seed),
         other =
             interpretIn(/*fp64=*/false, op, {roundedOtherwise(trial.params, options.seed), trial.batch}, options.seed);
    if (!expected || !single || !other)
      return joinErrors(joinErrors(expected.takeError(), single.takeError()), other.takeError());
    int64_t lost = 0;
    for (const auto &[name, stream] : expected->outputs) {
      Comparison alone(name, 0);
      alone.relativeTo(sizeOf(stream));
      for (size_t s = 0; s < stream.rows.size(); ++s)
        for (Result *result : {&*single, &*other})
          alone.rows(name, int64_t(s), {}, stream.rows[s], {}, result->outputs[name].rows[s]);
      rounding[name] = alone.property.difference;
      if (!scaleOf(name, stream, rounding))
        comparison.property.note =
            "rounding leaves nothing of " + name + (++lost > 1 ? " and " + std::to_string(lost - 1) + " more" : "");
    }
    compare(comparison, *expected, whole, &rounding);
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  Error threads() {
    Comparison comparison("gradients by two threads", 0);
    auto again = one.runBackward(trial.batch, {}), threaded = two.runBackward(trial.batch, {});
    if (!again || !threaded)
      return joinErrors(again.takeError(), threaded.takeError());
    compare(comparison, whole, *again, nullptr);
    compare(comparison, whole, *threaded, nullptr);
    if (trial.batch.samples > 0) { // threads share one sample otherwise than many
      Batch first = singleSample(trial.batch, 0);
      auto single = one.runBackward(first, {}), shared = two.runBackward(first, {});
      if (!single || !shared)
        return joinErrors(single.takeError(), shared.takeError());
      compare(comparison, *single, *shared, nullptr);
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  Error accumulation() {
    Comparison comparison("gradients accumulate", 1e-5);
    auto added = one.runBackward(trial.batch, {/*accumulate=*/true, /*before=*/1});
    if (!added)
      return added.takeError();
    for (const auto &[path, values] : trial.params) {
      Array more = whole.outputs["d." + path].rows[0];
      for (double &x : more.reals)
        x += 1;
      comparison.rows("d." + path, 0, {}, more, {}, added->outputs["d." + path].rows[0]);
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  //===--- What has no say ---===//

  /// Rows that no tick reads hold NaN, then all rows of the samples beside the first: of segments that are empty, and
  /// of what flows into an output where that does not tick.
  Error padding() {
    Comparison comparison("padding and gradients", 0);
    Batch poisoned = trial.batch;
    AxisRows axes(op, trial.batch);
    forReals([&](const std::string &name, rnn::AxisClockAttr axis) {
      for (int64_t s = 0; s < trial.batch.samples; ++s)
        poison(poisoned.inputs.at(name)[s], rowsRead(name, axis, axes, s));
    });
    auto result = one.runBackward(poisoned, {});
    if (!result)
      return result.takeError();
    compare(comparison, whole, *result, nullptr);
    if (trial.batch.samples > 0) {
      forReals([&](const std::string &name, rnn::AxisClockAttr) {
        for (Array &rows : MutableArrayRef(poisoned.inputs.at(name)).drop_front())
          poison(rows, {});
      });
      if (Error error = compareFirst(comparison, poisoned))
        return error;
      VerifyOptions longer = options;
      longer.length = 2 * options.length + 3;
      longer.seed += 1;
      Batch others = makeTrial(op, longer).batch;
      for (auto &[axis, lengths] : others.lengths)
        lengths[0] = trial.batch.lengths.at(axis)[0];
      for (auto &[axis, offsets] : others.offsets)
        offsets[0] = trial.batch.offsets.at(axis)[0];
      for (auto &[name, rows] : others.inputs)
        rows[0] = trial.batch.inputs.at(name)[0];
      if (Error error = compareFirst(comparison, others))
        return error;
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  /// What belongs to the first sample, unless losses are means over other numbers of ticks now.
  Error compareFirst(Comparison &comparison, const Batch &batch) {
    auto result = one.runBackward(batch, {});
    if (!result)
      return result.takeError();
    for (auto [loss, other] : zip_equal(whole.losses, result->losses))
      if (loss.ticks != other.ticks)
        return Error::success();
    for (const auto &[name, stream] : whole.outputs)
      if (!stream.clock.empty())
        comparison.rows(name, 0, {}, stream.rows[0], {}, result->outputs[name].rows[0]);
    return Error::success();
  }

  /// The inputs of reals, with the axes of their rows.
  void forReals(function_ref<void(const std::string &, rnn::AxisClockAttr)> visit) {
    for (mlir::BlockArgument input : block->getArguments()) {
      auto type = cast<rnn::StreamType>(input.getType());
      if (type.getElementType().isF32())
        visit(op.getInputName(input.getArgNumber()).str(), rnn::rootAxis(type.getClock()));
    }
  }

  /// The rows of an input that count.
  std::vector<bool> rowsRead(StringRef name, rnn::AxisClockAttr axis, const AxisRows &axes, int64_t sample) const {
    std::vector<bool> isRead(axes.rows(axis, sample), axis.isSample());
    auto read = [&](int64_t position) {
      if (int64_t row = axes.rowAt(axis, sample, position); row >= 0)
        isRead[row] = true;
    };
    auto output = isSeeded && name.consume_front("d.") ? whole.outputs.find(name.str()) : whole.outputs.end();
    if (output == whole.outputs.end()) {
      int64_t longest = 0;
      for (const auto &[base, lengths] : trial.batch.lengths)
        longest = std::max(longest, lengths[sample]);
      for (int64_t position = 0; position < longest; ++position)
        read(position);
    } else if (!output->second.ticks.empty()) {
      for (int64_t position : output->second.ticks[sample])
        read(position);
    }
    return isRead;
  }

  static void poison(Array &rows, const std::vector<bool> &isRead) {
    if (rows.shape[0] == 0)
      return;
    int64_t width = rows.size() / rows.shape[0];
    for (int64_t i = 0; i < rows.size(); ++i)
      if (isRead.empty() || !isRead[i / width])
        rows.reals[i] = NAN;
  }

  //===--- Batches and samples ---===//

  /// Gradients of the samples one by one: those to inputs, and the sum of those to parameters.
  Error singles() {
    Comparison comparison("gradients of singles", allowed());
    std::map<std::string, std::vector<double>> sums; // by parameter
    bool isWhole = true;                             // all samples have been added
    for (int64_t s = 0; s < trial.batch.samples; ++s) {
      auto single = one.runBackward(singleSample(trial.batch, s), {});
      if (!single)
        return single.takeError();
      std::optional<double> weight = weightOf(*single);
      if (!weight || (draws && s > 0)) {
        isWhole = false;
        comparison.property.note = draws ? "the first sample only: the model draws random numbers by sample"
                                         : "not of all samples: several losses are means over ticks of their own";
        continue;
      }
      for (const auto &[name, stream] : whole.outputs) {
        if (stream.clock.empty() || !StringRef(name).starts_with("d."))
          continue;
        Array rows = single->outputs[name].rows[0];
        for (double &x : rows.reals)
          x *= *weight;
        std::optional<double> scale =
            isSeeded ? 1e-30 : scaleOf(name, stream, rounding); // without weights the same bits
        if (!scale)
          continue;
        comparison.relativeTo(*scale);
        comparison.rows(name, s, {}, stream.rows[s], {}, rows);
      }
      for (const auto &[path, values] : trial.params) {
        std::vector<double> &sum = sums[path];
        const std::vector<double> &added = single->outputs["d." + path].rows[0].reals;
        sum.resize(added.size());
        for (size_t i = 0; i < sum.size(); ++i)
          sum[i] += *weight * added[i];
      }
    }
    for (const auto &[path, sum] : sums) {
      if (!isWhole)
        break;
      const Stream &stream = whole.outputs["d." + path];
      Array rows = stream.rows[0];
      rows.reals = sum;
      if (std::optional<double> scale = scaleOf("d." + path, stream, rounding)) {
        comparison.relativeTo(*scale);
        comparison.rows("d." + path, 0, {}, stream.rows[0], {}, rows);
      }
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  //===--- Windows ---===//

  /// What flows back through all of them.
  Error inWindows() {
    Comparison comparison("gradients of windows", allowed());
    for (int64_t rows : windowRows(options.length)) {
      if (!isSeeded)
        break;
      auto there = runWindows(op, trial, rows, windows->one, /*gradients=*/true, whole),
           shared = runWindows(op, trial, rows, windows->two, /*gradients=*/true, whole);
      if (!there || !shared)
        return joinErrors(there.takeError(), shared.takeError());
      compareParts(comparison, *there, *shared);
    }
    if (!isSeeded)
      skip(comparison, "losses of a window are means over its own ticks");
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  Error checkpoints() {
    Comparison comparison("gradients with checkpoints", allowed());
    if (windows->noCheckpoints.empty()) {
      Library::GradientOptions how;
      how.checkpoints = true;
      auto kept = windows->one.runBackward(trial.batch, how), shared = windows->two.runBackward(trial.batch, how);
      if (!kept || !shared)
        return joinErrors(kept.takeError(), shared.takeError());
      compareParts(comparison, *kept, *shared);
      auto forward = one.run(trial.batch);
      if (!forward)
        return forward.takeError();
      Comparison bits("outputs", 0);
      bool isInPieces = any_of(trial.batch.lengths.begin()->second,
                               [&](int64_t length) { return length > windowRows(options.length).back(); });
      for (const auto &[name, stream] : forward->outputs)
        if (auto other = kept->outputs.find(name); other != kept->outputs.end() && isInPieces && !windows->addsAnew)
          for (size_t s = 0; s < stream.rows.size(); ++s)
            bits.rows(name, int64_t(s), {}, stream.rows[s], {}, other->second.rows[s]);
      if (bits.property.status == Property::Status::Fails)
        comparison.fails("not what forward gives: " + bits.property.where);
    } else {
      skip(comparison, windows->noCheckpoints);
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  /// Of a sample in parts, by one thread and by two, against the whole.
  void compareParts(Comparison &comparison, const Result &parts, const Result &shared) {
    Comparison bits("two threads", 0);
    compare(bits, parts, shared, nullptr);
    comparison.include(bits.property);
    Result expected = whole;
    for (const auto &[name, stream] : whole.outputs)
      if (!parts.outputs.count(name))
        expected.outputs.erase(name);
    compare(comparison, expected, parts, &rounding);
  }

  static void skip(Comparison &comparison, const std::string &why) {
    comparison.property.status = Property::Status::Skipped;
    comparison.property.note = why;
  }

  /// A sample's part of the losses of the batch, if it is the same of all losses.
  std::optional<double> weightOf(const Result &single) const {
    std::optional<double> weight;
    for (auto [loss, part] : zip_equal(whole.losses, single.losses)) {
      if (loss.ticks == 0)
        continue;
      double its = double(part.ticks) / double(loss.ticks);
      if (weight && *weight != its)
        return std::nullopt;
      weight = its;
    }
    // A loss without a clock is there once, however many samples there are.
    return weight.value_or(isSeeded ? 1 : 1.0 / double(trial.batch.samples));
  }

  /// What rounded weights make differ grows on the way back.
  double allowed() const {
    switch (options.weights) {
    case runtime::WeightFormat::F32: return std::max(1e-4, 10 * options.rounding);
    case runtime::WeightFormat::BF16: return 5e-2;
    case runtime::WeightFormat::Int8: return 1e-1;
    }
    return 0;
  }

  rnn::ModelOp op;
  const Trial &trial;
  const VerifyOptions &options;
  Library &one, &two;
  const WindowLibraries *windows;
  mlir::Block *block;
  bool isSeeded; // there are no losses: what flows into the outputs is given
  bool draws;
  Result whole;
  Rounding rounding;
  std::vector<Property> properties;
};

} // namespace

Expected<std::vector<Property>> verifyGradients(rnn::ModelOp op, const Trial &trial, const VerifyOptions &options,
                                                Library &one, Library &two, const WindowLibraries *windows) {
  return GradientVerifier(op, trial, options, one, two, windows).run();
}

} // namespace rondo::run
