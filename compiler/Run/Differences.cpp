// Central differences, (f(h) - f(-h)) / 2h with h = 1e-4, and where they do not agree those of fourth order,
// (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, for h from 1e-3 to 1e-6: what a step that is too wide loses (there may be
// a kink beside the point), or rounding in one that is too narrow, another has. A gradient holds if it agrees with one of
// them. Where none does, but the differences to both sides of the point are as far apart from each other, the model has a
// kink or a step there, and no gradient to be held against; nor is there one where the differences are as far from each
// other as from the gradient, as in loops that let the smallest change grow.
//
// Of large parameters and inputs some elements are tried, and all of them together along a random direction; of a model
// so large that each run takes long, everything together along one.
#include "compiler/Run/Differences.h"
#include "compiler/Run/Frozen.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

namespace {

constexpr double allowed = 1e-6; // relative to the gradient, or to `least` of the loss
constexpr double least = 1e-4;

/// A parameter, or an input in all samples: its numbers, and the gradients to them.
struct Leaf {
  std::string what;
  std::vector<double *> at;
  std::vector<double> gradients;
  std::vector<bool> losses; // by loss, whether it moves this
};

/// An output without a loss: what its rows are multiplied by, by sample and row of its axis.
struct Seed {
  mlir::Type type;
  Rows rows;
};

class Differences {
public:
  Differences(rnn::ModelOp op, rnn::ModelOp backward, const VerifyOptions &options)
      : op(op), backward(backward), options(options) {
    for (auto loss : op.getBody().front().getOps<rnn::LossOp>())
      losses.push_back(loss);
    property.name = "gradients = differences";
    property.allowed = allowed;
  }

  Expected<Property> run(const Params *params) {
    if (Error error = choose(params))
      return std::move(error);
    axes.emplace(op, trial.batch);
    Trial given = trial; // without what is frozen
    auto copy = freeze(op, trial, options.seed);
    if (!copy) {
      property.status = Property::Status::Skipped;
      property.note = toString(copy.takeError());
      return std::move(property);
    }
    smooth = **copy;
    if (losses.empty())
      makeSeeds(given);
    auto gradients = interpret(backward, given, options.seed);
    if (!gradients)
      return gradients.takeError();
    base = evaluate();
    if (base.empty())
      return failure("the model cannot be run a second time on the same inputs");
    addLeaves(*gradients);
    for (const Leaf &leaf : leaves)
      numbers += leaf.at.size();
    if (!isLarge() || !checkTogether())
      for (Leaf &leaf : leaves)
        check(leaf);
    property.note = formatv("{0} elements and directions", tried).str();
    if (size_t left = losses.empty() ? pairOutputs() : 0)
      property.note += formatv(", without {0} output{1} with rows at each tick", left, left == 1 ? "" : "s").str();
    if (kinks)
      property.note += formatv(", {0} more at kinks", kinks).str();
    if (unsettled)
      property.note += formatv(", {0} more where differences by steps of several sizes differ", unsettled).str();
    return std::move(property);
  }

private:
  /// Real outputs of which no gradients are taken.
  size_t pairOutputs() {
    return llvm::count_if(op.getBody().front().getTerminator()->getOperandTypes(), [](mlir::Type type) {
      return llvm::isa_and_present<rnn::PairClockAttr>(rnn::clockOf(type)) && rnn::elementOf(type).isF32();
    });
  }

  //===--- What is run ---===//

  /// Inputs of which most give a finite loss: labels that do not fit into rows make an infinite one.
  Error choose(const Params *params) {
    int64_t most = -1;
    for (uint64_t i = 0; i < 8; ++i) {
      VerifyOptions how = options;
      how.seed += 1000 * i;
      Trial candidate = makeTrial(op, how);
      if (params)
        candidate.params = *params;
      auto result = interpret(op, candidate, options.seed);
      if (!result)
        return result.takeError();
      int64_t finite = 0, all = 0;
      for (const LossValue &loss : result->losses)
        for (double x : loss.perTick.reals) {
          ++all;
          finite += std::isfinite(x);
        }
      if (finite > most) {
        most = finite;
        trial = std::move(candidate);
        counted.clear();
        for (const LossValue &loss : result->losses) {
          std::vector<bool> &counts = counted.emplace_back();
          for (double x : loss.perTick.reals)
            counts.push_back(std::isfinite(x));
        }
      }
      if (finite == all)
        break;
    }
    return Error::success();
  }

  static rnn::AxisClockAttr axisOf(mlir::Type type) {
    rnn::ClockInterface clock = rnn::clockOf(type);
    return clock ? rnn::rootAxis(clock) : rnn::AxisClockAttr::getSample(type.getContext());
  }

  /// Random numbers as adjoints of the outputs.
  void makeSeeds(Trial &given) {
    auto outputs = cast<rnn::ReturnOp>(op.getBody().front().back());
    for (auto [number, value] : enumerate(outputs.getValues())) {
      mlir::Type type = value.getType();
      if (!rnn::elementOf(type).isF32() || isa_and_present<rnn::PairClockAttr>(rnn::clockOf(type)))
        continue;
      std::string name = outputs.getName(number).str();
      Rows &rows = given.batch.inputs["d." + name];
      for (int64_t s = 0; s < given.batch.samples; ++s) {
        Array array;
        array.shape = {axes->rows(axisOf(type), s)};
        append_range(array.shape, rnn::shapeOf(type));
        Draw draw(options.seed, "adjoint of " + name + " in " + std::to_string(s));
        for (int64_t i = 0; i < array.size(); ++i)
          array.reals.push_back(draw.real(i));
        rows.push_back(std::move(array));
      }
      seeds[name] = {type, rows};
    }
  }

  /// One number a loss; one alone where there is no loss. None if the model cannot be run, or counts other ticks.
  std::vector<double> evaluate() {
    auto result = interpret(smooth, trial, options.seed);
    if (!result)
      return consumeError(result.takeError()), std::vector<double>();
    std::vector<double> values;
    for (auto [loss, counts] : zip_equal(result->losses, counted)) {
      double sum = 0;
      if (counts.size() != loss.perTick.reals.size())
        return {};
      for (auto [isCounted, x] : zip_equal(counts, loss.perTick.reals))
        sum += isCounted ? x : 0; // what is infinite has no gradient
      values.push_back(sum / std::max<double>(1, counts.size()));
    }
    if (losses.empty())
      values.push_back(alongSeeds(*result));
    return values;
  }

  double alongSeeds(const Result &result) {
    double sum = 0;
    for (auto &[name, seed] : seeds) {
      const Stream &stream = result.outputs.at(name);
      int64_t width = rnn::elementCount(seed.type);
      if (!rnn::clockOf(seed.type)) {
        for (const Array &row : seed.rows)
          for (int64_t i = 0; i < width; ++i)
            sum += row.reals[i] * stream.rows[0].reals[i];
        continue;
      }
      for (size_t s = 0; s < stream.ticks.size(); ++s)
        for (auto [tick, position] : enumerate(stream.ticks[s])) {
          int64_t row = axes->rowAt(axisOf(seed.type), s, position);
          for (int64_t i = 0; i < width; ++i)
            sum += seed.rows[s].reals[row * width + i] * stream.rows[s].reals[tick * width + i];
        }
    }
    return sum;
  }

  //===--- To what there are gradients ---===//

  static bool moves(rnn::LossOp loss, StringRef param) {
    return !loss.getTrains() || any_of(loss.getTrains()->getAsValueRange<mlir::StringAttr>(), [&](StringRef path) {
      StringRef rest = param;
      return rest.consume_front(path) && (rest.empty() || rest.starts_with(".") || path.empty());
    });
  }

  void addLeaves(const Result &gradients) {
    for (auto param : op.getBody().front().getOps<rnn::ParamOp>()) {
      std::string path = param.getPath().str();
      Array &array = trial.params[path];
      if (!array.isReal)
        continue;
      Leaf leaf;
      leaf.what = "parameter " + path;
      for (double &x : array.reals)
        leaf.at.push_back(&x);
      leaf.gradients = gradients.outputs.at("d." + path).rows[0].reals;
      for (rnn::LossOp loss : losses)
        leaf.losses.push_back(moves(loss, path));
      leaves.push_back(std::move(leaf));
    }
    for (mlir::BlockArgument input : op.getBody().getArguments()) {
      auto type = cast<rnn::StreamType>(input.getType());
      if (type.getElementType().isF32())
        addInput(op.getInputName(input.getArgNumber()).str(), type, gradients);
    }
  }

  void addInput(const std::string &name, rnn::StreamType type, const Result &gradients) {
    const Stream &stream = gradients.outputs.at("d." + name);
    int64_t width = rnn::elementCount(type);
    Leaf leaf;
    leaf.what = "input " + name;
    leaf.losses.assign(losses.size(), true);
    for (int64_t s = 0; s < trial.batch.samples; ++s) {
      size_t begin = leaf.at.size();
      for (double &x : trial.batch.inputs[name][s].reals)
        leaf.at.push_back(&x);
      leaf.gradients.resize(leaf.at.size(), 0); // also of segments that never tick
      for (auto [tick, position] : enumerate(stream.ticks[s]))
        std::copy_n(stream.rows[s].reals.begin() + tick * width, width,
                    leaf.gradients.begin() + begin + axes->rowAt(axisOf(type), s, position) * width);
    }
    leaves.push_back(std::move(leaf));
  }

  //===--- Differences ---===//

  struct Direction {
    std::vector<std::pair<double *, double>> elements; // how far each goes
    double gradient = 0;                               // along them
    void add(const Leaf &leaf, size_t element, double weight) {
      elements.push_back({leaf.at[element], weight});
      gradient += weight * leaf.gradients[element];
    }
  };

  double at(const Leaf &leaf, const Direction &direction, double step) {
    std::vector<double> before;
    for (auto [number, weight] : direction.elements) {
      before.push_back(*number);
      *number += step * weight;
    }
    std::vector<double> values = evaluate();
    for (auto [element, old] : zip_equal(direction.elements, before))
      *element.first = old;
    return values.empty() ? NAN : sumFor(leaf, values);
  }

  double sumFor(const Leaf &leaf, ArrayRef<double> values) const {
    double sum = losses.empty() ? values[0] : 0;
    for (size_t i = 0; i < leaf.losses.size(); ++i)
      sum += leaf.losses[i] ? values[i] : 0;
    return sum;
  }

  /// `leaf`: one of those that move, which the same losses move. False where differences tell nothing.
  bool probe(const Leaf &leaf, const Direction &direction, const std::string &where) {
    bool leavesOut = any_of(counted, [](const std::vector<bool> &ticks) { return is_contained(ticks, false); });
    if (leavesOut && !std::isfinite(direction.gradient)) { // of a loss that is infinite, and left out
      ++kinks;
      return false;
    }
    double gradient = direction.gradient, here = sumFor(leaf, base), scale = least * std::max(1.0, std::fabs(here));
    auto apart = [&](double a, double b) { return std::fabs(a - b) / std::max({std::fabs(a), std::fabs(b), scale}); };
    double nearest = INFINITY, settled = INFINITY; // the least distance to the gradient, and from one slope to the next
    double last = NAN;
    auto compare = [&](double slope) { // a NaN is never nearer
      nearest = std::fmin(nearest, apart(gradient, slope));
      settled = std::fmin(settled, apart(last, slope));
      last = slope;
    };
    auto across = [&](double step) { return at(leaf, direction, step) - at(leaf, direction, -step); };
    compare(across(1e-4) / 2e-4);
    for (double step : {1e-3, 1e-4, 1e-5, 1e-6})
      if (nearest > allowed / 10)
        compare((8 * across(step) - across(2 * step)) / (12 * step));
    if (nearest > allowed) {
      constexpr double step = 1e-6;
      double after = (at(leaf, direction, step) - here) / step, before = (here - at(leaf, direction, -step)) / step;
      compare((after + before) / 2); // reaches half as far as that of fourth order
      if (nearest > allowed && !(apart(after, before) < std::min(1e-3, nearest))) {
        ++kinks;
        return false;
      }
      if (nearest > allowed && settled > std::min(1e-4, nearest / 3)) {
        ++unsettled;
        return false;
      }
      if (nearest > allowed)
        property.status = Property::Status::Fails;
    }
    ++tried;
    if (nearest > property.difference) {
      property.difference = nearest;
      property.where = where;
    }
    return true;
  }

  void check(Leaf &leaf) {
    constexpr size_t few = 16;
    size_t size = leaf.at.size();
    if (size == 0)
      return;
    size_t some = size <= 1000 ? 4 : isLarge() ? 0 : 1;
    Draw draw(options.seed, leaf.what);
    for (size_t i = 0; i < (size <= few ? size : some); ++i) {
      size_t element = size <= few ? i : draw.below(i, size);
      Direction direction;
      direction.add(leaf, element, 1);
      probe(leaf, direction, leaf.what + ", element " + std::to_string(element));
    }
    if (size <= few)
      return;
    Direction direction;
    for (size_t i = 0; i < size; ++i)
      direction.add(leaf, i, draw.real(some + i) / std::sqrt(double(size)));
    probe(leaf, direction, leaf.what + ", along a direction");
  }

  bool isLarge() const { return numbers > 1000000; }

  /// Each leaf weighs about as much, and of none move many more than a million numbers. False where nothing was learnt:
  /// leaves have losses of their own, or there is a kink.
  bool checkTogether() {
    if (any_of(leaves, [&](const Leaf &leaf) { return leaf.losses != leaves.front().losses; }))
      return false;
    Direction direction;
    for (const Leaf &leaf : leaves) {
      Draw draw(options.seed, leaf.what);
      size_t size = leaf.at.size(), stride = 1 + size / 1000000;
      for (size_t i = 0; i < size; i += 1 + draw.below(i, 2 * stride - 1))
        direction.add(leaf, i, draw.real(size + i) * std::sqrt(double(stride) / double(size)));
    }
    return probe(leaves.front(), direction, "all together, along a direction");
  }

  rnn::ModelOp op, backward, smooth;
  const VerifyOptions &options;
  SmallVector<rnn::LossOp> losses;
  Trial trial;
  std::optional<AxisRows> axes;
  std::map<std::string, Seed> seeds;      // by output
  std::vector<std::vector<bool>> counted; // by loss and tick: whether it is finite
  std::vector<double> base;
  std::vector<Leaf> leaves;
  size_t numbers = 0; // of all leaves
  int64_t tried = 0, kinks = 0, unsettled = 0;
  Property property;
};

} // namespace

Expected<Property> verifyDifferences(rnn::ModelOp op, rnn::ModelOp backward, const Params *params,
                                     const VerifyOptions &options) {
  return Differences(op, backward, options).run(params);
}

} // namespace rondo::run
