// The model feeds itself. The generated input's rows are handed to the evaluation as they come; since what they are
// made from is asked for tick by tick, and every row is computed once, nothing is run twice.
#include "compiler/Reference/Dependence.h"
#include "compiler/Reference/Evaluation.h"
#include "compiler/Reference/Random.h"
#include "compiler/Reference/Rules.h"
#include "compiler/Reference/Structure.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace rondo::reference {
namespace {

/// One way to go on, of one sample.
struct Hypothesis {
  std::vector<int64_t> tokens; // generated so far, without start, prompt and stop
  double score = 0;            // sum of log probabilities, of stop too
  double margin = 1;           // see Generated
  bool stopped = false;
  int64_t length() const { return tokens.size() + stopped; }
};

class Generator {
public:
  Generator(const std::shared_ptr<const Program> &program, const Batch &batch, const GenerateOptions &how)
      : program(*program), evaluation(program), batch(batch), how(how), info(program->generates[0]),
        input(program->typeOf(program->inputs[info.input].value)), source(program->typeOf(info.source)),
        start(how.start >= 0 ? how.start : info.start), stop(how.stop >= 0 ? how.stop : info.stop),
        limit(how.limit >= 0 ? how.limit : info.limit), key(randomKey(how.seed, "generate")) {}

  llvm::Expected<std::vector<std::vector<Generated>>> run() {
    if (llvm::Error e = checkOptions())
      return e;
    if (llvm::Error e = checkModel())
      return e;
    llvm::Expected<std::vector<Structure>> structure = checkBatch(program, batch, required, {});
    if (!structure)
      return structure.takeError();
    makePrefix();
    std::vector<std::vector<Generated>> results;
    for (int64_t s = 0; s < batch.samples; ++s) {
      begin(s, (*structure)[s]);
      llvm::Expected<std::vector<Generated>> result = how.mode == GenerateOptions::Mode::Beam ? beam()
                                                      : input.element == Element::Token       ? tokens()
                                                                                              : rows();
      if (!result)
        return result.takeError();
      results.push_back(std::move(*result));
    }
    return results;
  }

private:
  std::string inputName() const { return program.inputs[info.input].name; }
  bool hasPrompt() const { return !how.prompt.reals.empty() || !how.prompt.ints.empty(); }

  //===--- Checks ---===//

  llvm::Error fail(const llvm::Twine &message) const {
    return llvm::createStringError("generate '" + inputName() + "': " + message.str());
  }

  llvm::Error checkOptions() {
    bool token = input.element == Element::Token;
    if (limit < 0)
      return fail("neither the program nor the options give a limit");
    if (limit > INT32_MAX / 2)
      return fail("a limit of " + llvm::Twine(limit) + " rows is too large");
    if (how.mode != GenerateOptions::Mode::Greedy && (!token || !source.isReal()))
      return fail("sampling and beams choose among tokens; '" + inputName() + "' is " + describe(input));
    if (how.mode == GenerateOptions::Mode::Sample && !(how.temperature > 0 && std::isfinite(how.temperature)))
      return fail("the temperature is a positive number");
    if (how.topK < 0)
      return fail("top-k is negative");
    if (how.beams < 1)
      return fail("the number of beams is at least 1");
    if (!std::isfinite(how.lengthPenalty))
      return fail("the length penalty is a finite number");
    if (token && stop >= input.tokens)
      return fail("stop " + llvm::Twine(stop) + " is not a " + describe(input));
    if (token && start >= input.tokens)
      return fail("start " + llvm::Twine(start) + " is not a " + describe(input));
    if (info.next && token && start < 0 && !hasPrompt())
      return fail("the first token is missing: give a start or a prompt");
    if (!hasPrompt())
      return llvm::Error::success();
    const Array &prompt = how.prompt;
    if (prompt.isReal != input.isReal() || prompt.shape.empty() ||
        llvm::ArrayRef<int64_t>(prompt.shape).drop_front() != llvm::ArrayRef<int64_t>(input.shape) ||
        int64_t(prompt.isReal ? prompt.reals.size() : prompt.ints.size()) != prompt.size() ||
        prompt.shape[0] > INT32_MAX / 4)
      return fail("the prompt is not rows of " + describe(input));
    if (input.element == Element::Token || input.element == Element::Bool)
      for (int64_t x : prompt.ints)
        if (x < 0 || x >= (token ? input.tokens : 2))
          return fail(llvm::Twine(x) + " in the prompt is not a " + describe(input));
    return llvm::Error::success();
  }

  /// Only what the source can depend on must be given, and nothing else on the generated input's own axes.
  llvm::Error checkModel() {
    std::vector<bool> reached = reachedFrom(program, info.source);
    required = requireAll(program);
    const Clock &clock = program.clocks[input.clock];
    if (clock.kind != Clock::Kind::Axis || program.axes[clock.root].coarser >= 0)
      return fail("its axis is divided or in segments [M3]");
    if (batch.inputs.count(inputName()))
      return fail("the input is generated, and cannot be given; use a prompt");
    std::fill(required.axes.begin(), required.axes.end(), false);
    for (size_t i = 0; i < program.inputs.size(); ++i) {
      const Clock &other = program.clocks[program.typeOf(program.inputs[i].value).clock];
      required.inputs[i] = reached[program.inputs[i].value] && int32_t(i) != info.input;
      if (!required.inputs[i] || other.root == noRoot)
        continue;
      if (other.root == clock.root)
        return fail("'" + program.inputs[i].name + "' ticks with it [M3]");
      for (int32_t axis = other.root; axis >= 0; axis = program.axes[axis].coarser)
        required.axes[axis] = true;
    }
    return llvm::Error::success();
  }

  //===--- A sample's evaluation ---===//

  Row rowOf(const Array &array, int64_t row) {
    if (input.isReal()) {
      double *out = evaluation.newReals(input.size);
      for (int64_t i = 0; i < input.size; ++i)
        out[i] = rounded(array.reals[row * input.size + i], program.fp64);
      return out;
    }
    int64_t *out = evaluation.newInts(input.size);
    std::copy_n(array.ints.data() + row * input.size, input.size, out);
    return out;
  }

  Row tokenRow(int64_t token) {
    int64_t *out = evaluation.newInts(1);
    *out = token;
    return out;
  }

  /// The rows that are not chosen: the prompt, or under `next` the start (of reals: zero, or the number everywhere).
  void makePrefix() {
    if (hasPrompt()) {
      for (int64_t row = 0; row < how.prompt.shape[0]; ++row)
        prefix.push_back(rowOf(how.prompt, row));
    } else if (info.next && input.isReal()) {
      double *out = evaluation.newReals(input.size);
      std::fill_n(out, input.size, start >= 0 ? static_cast<double>(start) : 0.0);
      prefix.push_back(out);
    } else if (info.next) {
      int64_t *out = evaluation.newInts(input.size);
      std::fill_n(out, input.size, std::max<int64_t>(start, 0));
      prefix.push_back(out);
    }
  }

  void begin(int32_t index, const Structure &structure) {
    evaluation.samples().clear();
    std::vector<int32_t> lengths = structure.lengths;
    lengths[program.clocks[input.clock].root] = prefix.size() + limit;
    Sample &sample = evaluation.addSample(index, std::move(lengths), structure.rowAt);
    for (size_t i = 0; i < program.inputs.size(); ++i)
      if (auto given = batch.inputs.find(program.inputs[i].name); given != batch.inputs.end())
        sample.inputs[i] = &given->second[index];
    sample.generates = true;
    sample.generated = prefix;
  }

  /// The source's row from which a hypothesis' next row is made.
  llvm::Expected<Row> ask(int32_t hypothesis) {
    int32_t rows = evaluation.samples()[hypothesis].generated.size();
    return evaluation.get(info.source, {hypothesis, info.next ? rows - 1 : rows, 0});
  }

  llvm::Expected<std::vector<double>> logProbabilities(int32_t hypothesis) {
    llvm::Expected<Row> row = ask(hypothesis);
    if (!row)
      return row.takeError();
    std::vector<double> result(reals(*row), reals(*row) + source.size);
    double most = -INFINITY, sum = 0;
    for (double x : result)
      most = std::max(most, x);
    for (double x : result)
      sum += std::exp(x - most);
    for (double &x : result)
      x = most == -INFINITY ? -INFINITY : x - most - std::log(sum);
    return result;
  }

  Generated finished(const Hypothesis &hypothesis) const {
    Generated result;
    result.rows.isReal = false;
    result.rows.shape = {int64_t(hypothesis.tokens.size())};
    result.rows.ints = hypothesis.tokens;
    result.score = hypothesis.score;
    result.margin = hypothesis.margin;
    return result;
  }

  //===--- One at a time ---===//

  /// Values that are no tokens are fed back as they are.
  llvm::Expected<std::vector<Generated>> rows() {
    Generated result;
    result.rows.isReal = input.isReal();
    result.rows.shape = {limit};
    result.rows.shape.insert(result.rows.shape.end(), input.shape.begin(), input.shape.end());
    for (int64_t i = 0; i < limit; ++i) {
      llvm::Expected<Row> row = ask(0);
      if (!row)
        return row.takeError();
      evaluation.samples()[0].generated.push_back(*row);
      if (input.isReal())
        result.rows.reals.insert(result.rows.reals.end(), reals(*row), reals(*row) + input.size);
      else
        result.rows.ints.insert(result.rows.ints.end(), ints(*row), ints(*row) + input.size);
    }
    return std::vector<Generated>{std::move(result)};
  }

  llvm::Expected<std::vector<Generated>> tokens() {
    Hypothesis hypothesis;
    while (int64_t(hypothesis.tokens.size()) < limit) {
      int64_t token;
      if (source.isReal()) {
        llvm::Expected<std::vector<double>> scores = logProbabilities(0);
        if (!scores)
          return scores.takeError();
        token = how.mode == GenerateOptions::Mode::Sample ? draw(*scores, hypothesis) : best(*scores);
        hypothesis.score += (*scores)[token];
      } else {
        llvm::Expected<Row> row = ask(0);
        if (!row)
          return row.takeError();
        token = *ints(*row);
      }
      if (token == stop)
        break;
      hypothesis.tokens.push_back(token);
      evaluation.samples()[0].generated.push_back(tokenRow(token));
    }
    return std::vector<Generated>{finished(hypothesis)};
  }

  static int64_t best(llvm::ArrayRef<double> scores) {
    return std::max_element(scores.begin(), scores.end()) - scores.begin();
  }

  double weightOf(double score) const {
    double weight = std::exp(score / how.temperature);
    return std::isnan(weight) ? 0 : weight;
  }

  /// Among the topK best (ties: the smaller token), with probabilities sharpened or flattened by the temperature.
  int64_t draw(llvm::ArrayRef<double> scores, Hypothesis &hypothesis) {
    std::vector<int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    double most = scores[best(scores)], sum = 0, next = -1; // next: of the first that is not among them
    if (how.topK > 0 && how.topK < int64_t(order.size())) {
      std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return above(scores[a], scores[b]) || (!above(scores[b], scores[a]) && a < b);
      });
      next = weightOf(scores[order[how.topK]] - most);
      order.resize(how.topK);
      std::sort(order.begin(), order.end());
    }
    if (!std::isfinite(most))
      return best(scores);
    std::vector<double> weights;
    for (int64_t token : order) {
      weights.push_back(weightOf(scores[token] - most));
      sum += weights.back();
    }
    auto mayDiffer = [&](double weight) { hypothesis.margin = std::min(hypothesis.margin, std::abs(weight) / sum); };
    if (next >= 0)
      mayDiffer(*std::min_element(weights.begin(), weights.end()) - next);
    uint32_t step = hypothesis.tokens.size();
    double point = sum * uniform(key, {step, 0, 0, uint32_t(evaluation.samples()[0].index)});
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0)
        mayDiffer(point);
      if ((point -= weights[i]) < 0) {
        if (i + 1 < order.size())
          mayDiffer(point);
        return order[i];
      }
    }
    return best(scores); // rounding left no weight
  }

  //===--- Beams ---===//

  /// By falling score; a NaN is below everything.
  static bool above(double a, double b) { return a > b || (std::isnan(b) && !std::isnan(a)); }

  double normalised(double score, int64_t length) const {
    return how.lengthPenalty == 0 ? score : score / std::pow(length, how.lengthPenalty);
  }

  /// At each step, the best of all hypotheses and their continuations by score / length^penalty, those that have
  /// stopped among them; ties by the smaller token sequence. The stop token counts in score, length and sequence.
  llvm::Expected<std::vector<Generated>> beam() {
    struct Candidate {
      int32_t parent;
      int64_t token; // -1: the parent has stopped and stays
      double score, rank;
    };
    std::vector<Hypothesis> beam(1);
    for (int64_t step = 0; step < limit; ++step) {
      std::vector<Candidate> candidates;
      for (size_t i = 0; i < beam.size(); ++i) {
        if (beam[i].stopped) {
          candidates.push_back({int32_t(i), -1, beam[i].score, normalised(beam[i].score, beam[i].length())});
          continue;
        }
        llvm::Expected<std::vector<double>> scores = logProbabilities(i);
        if (!scores)
          return scores.takeError();
        for (size_t token = 0; token < scores->size(); ++token) {
          double score = beam[i].score + (*scores)[token];
          candidates.push_back({int32_t(i), int64_t(token), score, normalised(score, step + 1)});
        }
      }
      auto sequence = [&](const Candidate &candidate) {
        std::vector<int64_t> tokens = beam[candidate.parent].tokens;
        tokens.push_back(candidate.token < 0 ? stop : candidate.token);
        return tokens;
      };
      size_t kept = std::min<size_t>(how.beams, candidates.size());
      std::partial_sort(candidates.begin(), candidates.begin() + kept, candidates.end(),
                        [&](const Candidate &a, const Candidate &b) {
                          if (above(a.rank, b.rank) || above(b.rank, a.rank))
                            return above(a.rank, b.rank);
                          return sequence(a) < sequence(b);
                        });
      std::vector<Hypothesis> next;
      std::vector<Sample> samples;
      bool going = false;
      for (const Candidate &candidate : llvm::ArrayRef(candidates).take_front(kept)) {
        Hypothesis &hypothesis = next.emplace_back(beam[candidate.parent]);
        samples.push_back(copyOf(candidate.parent, samples.size()));
        if (candidate.token < 0)
          continue;
        hypothesis.score = candidate.score;
        hypothesis.stopped = candidate.token == stop;
        if (hypothesis.stopped)
          continue;
        hypothesis.tokens.push_back(candidate.token);
        samples.back().generated.push_back(tokenRow(candidate.token));
        going = true;
      }
      beam = std::move(next);
      evaluation.samples() = std::move(samples);
      if (!going)
        break;
    }
    std::vector<Generated> results;
    for (const Hypothesis &hypothesis : beam)
      results.push_back(finished(hypothesis));
    return results;
  }

  Sample copyOf(int32_t hypothesis, int32_t as) {
    Sample copy = evaluation.samples()[hypothesis];
    copy.timeline = copy.timeline.forSample(as);
    return copy;
  }

  const Program &program;
  Evaluation evaluation;
  const Batch &batch;
  const GenerateOptions &how;
  const GenerateInfo &info;
  const Type &input, &source;
  const int64_t start, stop, limit;
  const uint64_t key;
  Required required;
  std::vector<Row> prefix;
};

} // namespace

llvm::Expected<std::vector<std::vector<Generated>>>
generate(rnn::ModelOp model, const Params &params, const Batch &batch, Options options, const GenerateOptions &how) {
  llvm::Expected<std::shared_ptr<const Program>> program = compile(model, params, options);
  if (!program)
    return program.takeError();
  if ((*program)->generates.empty())
    return llvm::createStringError("model '" + (*program)->model + "' has no generate item");
  return Generator(*program, batch, how).run();
}

} // namespace rondo::reference
