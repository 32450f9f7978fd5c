#include "compiler/Run/Verify.h"
#include "compiler/Run/Compare.h"
#include "compiler/Run/Inputs.h"
#include "compiler/Run/Parts.h"
#include "compiler/Run/Trial.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

Expected<Batch> irregularBatch(const dsl::Model &model, int64_t samples, int64_t length, uint64_t seed) {
  InputOptions inputs;
  inputs.samples = samples;
  inputs.making.seed = seed;
  inputs.making.length = length;
  inputs.making.irregular = true;
  return makeBatch(model, inputs);
}

namespace {

constexpr const char *precisionName = "fp32 ~ fp64";

class Verifier {
public:
  Verifier(rnn::ModelOp op, const dsl::Model &model, const Params &params, const VerifyOptions &options)
      : op(op), model(model), params(params), options(options) {}

  Expected<std::vector<Property>> run() {
    auto found = chainsOf(model);
    if (!found)
      return found.takeError();
    chains = std::move(*found);
    auto made = irregularBatch(model, options.samples, options.length, options.seed);
    if (!made)
      return made.takeError();
    batch = std::move(*made);
    draws = any_of(model.nodes, [](const dsl::Node &node) { return node.op == dsl::Op::Random; });
    auto interpreter = create(/*fp64=*/true);
    if (!interpreter)
      return interpreter.takeError();
    precise = std::move(*interpreter);
    auto result = precise->run(batch);
    if (!result)
      return result.takeError();
    whole = std::move(*result);
    auto causal = precise->run(singleSample(batch, 0), nullptr, /*keepState=*/true);
    if (!causal)
      notCausal = toString(causal.takeError());
    if (!model.causal)
      notCausal = "not causal: " + model.whyNotCausal;

    for (auto check :
         {&Verifier::stepping, &Verifier::padding, &Verifier::singles, &Verifier::precision, &Verifier::causality})
      if (Error error = (this->*check)())
        return std::move(error);
    return std::move(properties);
  }

private:
  Expected<std::unique_ptr<Interpreter>> create(bool fp64) {
    Options how;
    how.fp64 = fp64;
    how.seed = options.seed;
    return Interpreter::create(op, params, how);
  }

  void skip(std::string name, std::string why) {
    Property property;
    property.name = std::move(name);
    property.status = Property::Status::Skipped;
    property.note = std::move(why);
    properties.push_back(std::move(property));
  }

  /// Samples beyond the first draw other random numbers when they stand elsewhere.
  int64_t comparable() const { return draws ? std::min<int64_t>(1, batch.samples) : batch.samples; }
  void noteDraws(Comparison &comparison) const {
    if (draws && batch.samples > 1)
      comparison.property.note = "the first sample only: the model draws random numbers by sample";
  }

  /// Each sample tick by tick, with the state carried over, gives what it gives at once.
  Error stepping() {
    const char *name = "stepping = whole sequence";
    if (!notCausal.empty()) {
      skip(name, notCausal);
      return Error::success();
    }
    Comparison comparison(name, 0);
    noteDraws(comparison);
    for (int64_t s = 0; s < comparable(); ++s) {
      std::shared_ptr<const State> state;
      std::map<std::string, Stream> stepped;
      auto parts = stepParts(model, chains, singleSample(batch, s));
      if (!parts) {
        skip(name, "its axes each need all of another one");
        return Error::success();
      }
      for (Part &part : *parts) {
        auto result = precise->run(part.batch, state.get(), /*keepState=*/true, part.openSegments);
        if (!result)
          return result.takeError();
        state = result->state;
        for (auto &[output, stream] : result->outputs)
          append(stepped, output, std::move(stream), part);
      }
      for (const auto &[output, stream] : whole.outputs) {
        Stream expected = stream;
        if (onSample(output) && !expected.ticks[s].empty()) // where it stands is told by parts of other bases too
          stepped[output].ticks[0] = expected.ticks[s];
        comparison.samples(expected, s, stepped[output], 0);
      }
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  const dsl::Node *nodeOf(const std::string &output) const {
    for (const dsl::Output &known : model.outputs)
      if (known.name == output)
        return &model.nodes[known.node];
    return nullptr;
  }
  /// The clock that an output's ticks are among, whichever of them tick.
  const dsl::Clock *baseOf(const std::string &output) const {
    const dsl::Node *node = nodeOf(output);
    const dsl::Clock *clock = node ? node->clock : nullptr;
    while (clock && (clock->kind == dsl::Clock::Kind::Every || clock->kind == dsl::Clock::Kind::Event))
      clock = clock->parent;
    return clock;
  }
  bool onSample(const std::string &output) const {
    const dsl::Clock *clock = baseOf(output);
    return clock && clock->kind == dsl::Clock::Kind::Sample;
  }
  bool isCollected(const std::string &output) const {
    const dsl::Node *node = nodeOf(output);
    return node && any_of(node->type.dims, [](const dsl::Dim &dim) { return dim.axis; });
  }

  /// What a part adds. On `sample` the last part has the last word; but rows that are only collected come one by one.
  void append(std::map<std::string, Stream> &all, const std::string &output, Stream part, const Part &from) const {
    auto [it, fresh] = all.try_emplace(output);
    Stream &stream = it->second;
    if (!part.ticks.empty())
      for (int64_t &tick : part.ticks[0])
        tick += from.begin;
    bool isFirst = fresh || part.ticks.empty(); // or one value for all samples
    bool more = !isFirst && !part.rows.empty() && part.rows[0].shape[0] <= stream.rows[0].shape[0];
    if (isFirst || (onSample(output) && !(more && isCollected(output)))) {
      stream = std::move(part);
      return;
    }
    stream.ticks[0].insert(stream.ticks[0].end(), part.ticks[0].begin(), part.ticks[0].end());
    if (!part.counts.empty())
      stream.counts[0].insert(stream.counts[0].end(), part.counts[0].begin(), part.counts[0].end());
    Array &rows = stream.rows[0];
    rows = joinRows({rows, part.rows[0]}, ArrayRef<int64_t>(rows.shape).drop_front(), rows.isReal);
  }

  /// The first sample between others than before, shorter and longer ones.
  Error padding() {
    Comparison comparison("padding has no influence", 0);
    for (int64_t length : {int64_t(1), 2 * options.length + 3}) {
      auto others = irregularBatch(model, options.samples, length, options.seed + 1);
      if (!others)
        return others.takeError();
      for (auto &[axis, lengths] : others->lengths)
        replaceFirst(lengths, batch.lengths.at(axis));
      for (auto &[axis, offsets] : others->offsets)
        replaceFirst(offsets, batch.offsets.at(axis));
      for (auto &[name, rows] : others->inputs)
        replaceFirst(rows, batch.inputs.at(name));
      auto result = precise->run(*others);
      if (!result)
        return result.takeError();
      for (const auto &[output, stream] : whole.outputs)
        if (batch.samples > 0)
          comparison.samples(stream, 0, result->outputs[output], 0);
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  template <typename T> static void replaceFirst(std::vector<T> &to, const std::vector<T> &from) {
    if (!to.empty())
      to[0] = from[0];
  }

  /// Each sample by itself gives what it gives in the batch; losses are means over the ticks of all.
  Error singles() {
    Comparison comparison("batch = singles", 0);
    noteDraws(comparison);
    std::vector<Array> perTick(whole.losses.size());
    for (int64_t s = 0; s < comparable(); ++s) {
      auto result = precise->run(singleSample(batch, s));
      if (!result)
        return result.takeError();
      for (const auto &[output, stream] : whole.outputs)
        comparison.samples(stream, s, result->outputs[output], 0);
      for (size_t i = 0; i < perTick.size(); ++i)
        perTick[i].reals.insert(perTick[i].reals.end(), result->losses[i].perTick.reals.begin(),
                                result->losses[i].perTick.reals.end());
    }
    for (size_t i = 0; i < perTick.size() && !draws; ++i) {
      const LossValue &loss = whole.losses[i];
      if (loss.ticks == 0)
        continue;
      if (perTick[i].reals.size() != loss.perTick.reals.size())
        comparison.fails("loss " + loss.name + ": other numbers of ticks");
      for (size_t k = 0; k < std::min(perTick[i].reals.size(), loss.perTick.reals.size()); ++k)
        comparison.numbers(loss.perTick.reals[k], perTick[i].reals[k],
                           "loss " + loss.name + ", tick " + std::to_string(k) + " of the batch");
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  /// Single precision comes near double precision, unless the model is one that lets differences grow.
  Error precision() {
    Comparison comparison(precisionName, 1e-4);
    for (const Params &rounded : {params, roundedOtherwise(params, options.seed)}) {
      auto result = interpretIn(/*fp64=*/false, op, {rounded, batch}, options.seed);
      if (!result)
        return result.takeError();
      for (const auto &[output, stream] : whole.outputs)
        for (int64_t s = 0; s < batch.samples; ++s)
          comparison.samples(stream, s, result->outputs[output], s);
      comparison.losses(whole, *result);
    }
    Property &found = comparison.property;
    if (found.hasOtherTicks) {
      excuseEvents(found, /*isRounding=*/true);
    } else if (found.status == Property::Status::Fails && std::isfinite(found.difference)) {
      found.status = Property::Status::Skipped;
      found.note = formatv("rounding grows in this model: to {0:e1} ({1})", found.difference, found.where);
    }
    properties.push_back(std::move(found));
    return Error::success();
  }

  /// Inputs changed from some tick on leave all before it as it was.
  Error causality() {
    const char *name = "causality";
    if (!notCausal.empty()) {
      skip(name, notCausal);
      return Error::success();
    }
    Comparison comparison(name, 0);
    for (const Chain &chain : chains) {
      Batch changed = batch;
      std::vector<int64_t> from; // by sample: the first tick that is changed
      for (int64_t length : batch.lengths.at(chain.axes[0]->name))
        from.push_back(length / 2);
      for (const dsl::Input &input : model.inputs)
        if (input.clock == chain.axes[0])
          changeRows(input, from, changed);
      auto result = precise->run(changed);
      if (!result)
        return result.takeError();
      for (const auto &[output, stream] : whole.outputs) {
        const dsl::Clock *clock = baseOf(output);
        if (!clock || clock->kind != dsl::Clock::Kind::Axis || chain.find(clock->name) < 0)
          continue;
        for (int64_t s = 0; s < batch.samples; ++s)
          compareBefore(comparison, stream, result->outputs[output], s, from[s]);
      }
    }
    properties.push_back(std::move(comparison.property));
    return Error::success();
  }

  void changeRows(const dsl::Input &input, const std::vector<int64_t> &from, Batch &changed) const {
    for (int64_t s = 0; s < batch.samples; ++s) {
      Array &rows = changed.inputs[input.name][s];
      Array fresh = makeRows(input, rows.shape[0], s, options.seed + 1);
      rows = joinRows({sliceRows(rows, 0, from[s]), sliceRows(fresh, from[s], rows.shape[0])}, rowShape(input.type),
                      rows.isReal);
    }
  }

  static void compareBefore(Comparison &comparison, const Stream &expected, const Stream &actual, int64_t s,
                            int64_t limit) {
    auto take = [&](const Stream &stream, std::vector<int64_t> &ticks) {
      size_t count = 0;
      int64_t rows = 0;
      while (count < stream.ticks[s].size() && stream.ticks[s][count] < limit) {
        rows += stream.counts.empty() ? 1 : stream.counts[s][count];
        ++count;
      }
      ticks.assign(stream.ticks[s].begin(), stream.ticks[s].begin() + count);
      return sliceRows(stream.rows[s], 0, rows);
    };
    std::vector<int64_t> expectedTicks, actualTicks;
    Array expectedRows = take(expected, expectedTicks), actualRows = take(actual, actualTicks);
    comparison.rows(expected.name, s, expectedTicks, expectedRows, actualTicks, actualRows);
  }

  rnn::ModelOp op;
  const dsl::Model &model;
  const Params &params;
  const VerifyOptions &options;
  std::vector<Chain> chains;
  Batch batch;
  std::unique_ptr<Interpreter> precise; // in double precision
  Result whole;
  std::string notCausal; // why; empty: it is
  bool draws = false;
  std::vector<Property> properties;
};

} // namespace

Expected<std::vector<Property>> verifyModel(rnn::ModelOp op, const dsl::Model &model, const Params &params,
                                            const VerifyOptions &options) {
  return Verifier(op, model, params, options).run();
}

void setRounding(VerifyOptions &options, ArrayRef<Property> properties) {
  for (const Property &property : properties)
    if (property.name == precisionName) {
      options.rounding = std::isfinite(property.difference) ? property.difference : 0;
      options.roundingMovesEvents = property.hasOtherTicks || property.difference > property.allowed;
    }
}

} // namespace rondo::run
