// Whether compiled code generates what the interpreter does.
#include "compiler/Run/Compare.h"
#include "compiler/Run/Parts.h"
#include "compiler/Run/VerifyCompiled.h"

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

namespace {

using All = std::vector<std::vector<Generated>>;

constexpr int64_t most = 6;        // rows: the interpreter is slow
constexpr double closeCall = 1e-4; // of log probabilities, or of probability: what rounding may turn around

struct Setting {
  const char *name;
  GenerateOptions how;
};

/// Each way to choose that the model has.
std::vector<Setting> settingsFor(const dsl::Model &model, const Batch &batch, uint64_t seed) {
  const dsl::Generate &generate = model.generates[0];
  const dsl::Input &input = model.inputs[generate.input];
  GenerateOptions how;
  how.seed = seed;
  how.limit = generate.limit >= 0 ? std::min(generate.limit, most) : most;
  if (generate.start < 0 && input.type.elem == dsl::Elem::Token)
    how.start = 0;
  std::vector<Setting> all = {{"greedy", how}};
  // The first two rows of the first sample that has some are a prompt.
  for (const Array &rows : batch.inputs.at(input.name))
    if (rows.shape[0] >= 2 && all.size() == 1) {
      all.push_back({"prompt", how});
      Array &prompt = all.back().how.prompt = rows;
      int64_t size = prompt.size() / prompt.shape[0];
      prompt.shape[0] = 2;
      prompt.reals.resize(prompt.isReal ? 2 * size : 0);
      prompt.ints.resize(prompt.isReal ? 0 : 2 * size);
    }
  bool isChosen = input.type.elem == dsl::Elem::Token;
  if (isChosen) {
    all.push_back({"sample", how});
    all.back().how.mode = GenerateOptions::Mode::Sample;
    all.back().how.temperature = 1.5;
    all.back().how.topK = 5;
    all.push_back({"beam", how});
    all.back().how.mode = GenerateOptions::Mode::Beam;
    all.back().how.beams = 3;
    all.back().how.lengthPenalty = 0.6;
  }
  return all;
}

std::string placeOf(const Setting &setting, size_t sample, size_t number) {
  return std::string(setting.name) + ", sample " + std::to_string(sample) +
         (number ? ", number " + std::to_string(number + 1) : "");
}

void compareRows(Comparison &comparison, const Generated &expected, const Generated &actual, const std::string &where) {
  comparison.numbers(expected.score, actual.score, where + ", score");
  if (expected.rows.shape != actual.rows.shape || expected.rows.ints != actual.rows.ints)
    return comparison.fails(where + ": other rows");
  for (size_t i = 0; i < expected.rows.reals.size(); ++i)
    comparison.numbers(expected.rows.reals[i], actual.rows.reals[i], where + ", element " + std::to_string(i));
}

void compare(Comparison &comparison, const Setting &setting, ArrayRef<std::vector<Generated>> expected,
             ArrayRef<std::vector<Generated>> actual, size_t firstSample = 0) {
  for (auto [s, pair] : enumerate(zip_equal(expected, actual))) {
    auto &[these, others] = pair;
    if (these.size() != others.size()) {
      comparison.fails(placeOf(setting, firstSample + s, 0) + ": another number of hypotheses");
      continue;
    }
    for (size_t k = 0; k < these.size(); ++k)
      compareRows(comparison, these[k], others[k], placeOf(setting, firstSample + s, k));
  }
}

/// Where the first tokens differ that two ways of computing choose, whether little would have changed the choice.
bool isCloseCall(const All &expected, const All &actual, bool isDrawn) {
  for (auto [these, others] : zip_equal(expected, actual))
    for (auto [one, other] : zip(these, others))
      if (one.rows.ints != other.rows.ints && (isDrawn ? one.margin : std::abs(one.score - other.score)) > closeCall)
        return false;
  return true;
}

int64_t firstDifference(const All &expected, const All &actual) {
  int64_t first = INT64_MAX;
  for (auto [these, others] : zip_equal(expected, actual))
    for (auto [one, other] : zip(these, others)) {
      auto [a, b] =
          std::mismatch(one.rows.ints.begin(), one.rows.ints.end(), other.rows.ints.begin(), other.rows.ints.end());
      if (a != one.rows.ints.end() || b != other.rows.ints.end())
        first = std::min<int64_t>(first, a - one.rows.ints.begin());
    }
  return first;
}

} // namespace

Expected<std::vector<Property>> verifyGeneration(rnn::ModelOp op, const dsl::Model &model, const Params &params,
                                                 const VerifyOptions &options, Library &one, Library &two) {
  auto batch = irregularBatch(model, options.samples, options.length, options.seed);
  if (!batch)
    return batch.takeError();
  std::vector<Setting> settings = settingsFor(model, *batch, options.seed);
  batch->inputs.erase(model.inputs[model.generates[0].input].name);
  Options precision;
  precision.seed = options.seed;
  Comparison interpreted("compiled generation ~ interpreted", 1e-4), threads("generation: two threads = one", 0),
      singles("generation: batch = singles", 0);
  bool isRandom = any_of(model.nodes, [](const dsl::Node &node) { return node.op == dsl::Op::Random; });
  bool isRounded = options.weights != runtime::WeightFormat::F32;
  if (isRounded) {
    interpreted.property.status = Property::Status::Skipped;
    interpreted.property.note = "with rounded weights other rows are as good";
  }
  for (const Setting &setting : settings) {
    auto made = one.generate(*batch, setting.how);
    if (!made)
      return made.takeError();
    auto shared = two.generate(*batch, setting.how);
    if (!shared)
      return shared.takeError();
    compare(threads, setting, *made, *shared);
    // Draws, and random numbers of the model, hang on a sample's number: the first one's is the same.
    int64_t comparable = isRandom || setting.how.mode == GenerateOptions::Mode::Sample ? 1 : batch->samples;
    for (int64_t s = 0; s < std::min(comparable, batch->samples); ++s) {
      auto single = one.generate(singleSample(*batch, s), setting.how);
      if (!single)
        return single.takeError();
      compare(singles, setting, ArrayRef(*made).slice(s, 1), *single, s);
    }
    if (isRounded)
      continue;
    auto expected = reference::generate(op, params, *batch, precision, setting.how);
    if (!expected)
      return expected.takeError();
    if (int64_t first = firstDifference(*expected, *made); first < most) {
      GenerateOptions shorter = setting.how;
      shorter.limit = first + 1;
      auto these = reference::generate(op, params, *batch, precision, shorter);
      auto others = one.generate(*batch, shorter);
      if (!these)
        return these.takeError();
      if (!others)
        return others.takeError();
      if (isCloseCall(*these, *others, setting.how.mode == GenerateOptions::Mode::Sample)) {
        interpreted.property.note = std::string(setting.name) + ": row " + std::to_string(first) + " is a close call";
        continue;
      }
    }
    compare(interpreted, setting, *expected, *made);
  }
  return std::vector<Property>{std::move(interpreted.property), std::move(threads.property),
                               std::move(singles.property)};
}

} // namespace rondo::run
