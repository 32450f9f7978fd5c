#include "compiler/Run/Trial.h"
#include "compiler/IR/Step.h"
#include "compiler/Run/Compare.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>

using namespace mlir;
using namespace rondo::rnn;

namespace rondo::run {

using reference::Array;
using reference::Batch;

namespace {

/// Streams of random numbers are named by what they are for.
Draw makeDraw(uint64_t seed, const llvm::Twine &what, int64_t sample = 0) {
  return Draw(seed, (what + " " + llvm::Twine(sample)).str());
}

/// `lengths`: how many rows each sample has.
reference::Rows makeRows(StringRef name, StreamType type, ArrayRef<int64_t> lengths, uint64_t seed) {
  reference::Rows rows;
  for (auto [sample, length] : llvm::enumerate(lengths)) {
    Array array;
    array.shape = {length};
    array.shape.insert(array.shape.end(), type.getShape().begin(), type.getShape().end());
    Type element = type.getElementType();
    array.isReal = element.isF32();
    Draw numbers = makeDraw(seed, "input " + name, int64_t(sample));
    auto token = dyn_cast<TokenType>(element);
    for (int64_t i = 0; i < array.size(); ++i)
      if (array.isReal)
        array.reals.push_back(numbers.real(i));
      else
        array.ints.push_back(token                  ? numbers.below(i, token.getSize())
                             : element.isInteger(1) ? numbers.below(i, 2)
                                                    : int64_t(numbers.below(i, 9)) - 4);
    rows.push_back(std::move(array));
  }
  return rows;
}

/// By name.
llvm::SmallVector<std::pair<StringRef, StreamType>> inputsOf(Operation *op) {
  llvm::SmallVector<std::pair<StringRef, StreamType>> inputs;
  auto names = op->getAttrOfType<ArrayAttr>("inputs").getAsValueRange<StringAttr>();
  for (auto [argument, name] : llvm::zip_equal(op->getRegion(0).front().getArguments(), names))
    inputs.push_back({name, cast<StreamType>(argument.getType())});
  return inputs;
}

class Maker {
public:
  Maker(Operation *op, const VerifyOptions &options) : op(op), options(options) {}

  Trial run() {
    trial.batch.samples = options.samples;
    makeStructure();
    for (auto [name, type] : inputsOf(op)) {
      bool isOfSample = type.getClock().isSample();
      trial.batch.inputs[name.str()] = makeRows(name, type,
                                                isOfSample ? std::vector<int64_t>(options.samples, 1)
                                                           : rowsOf[rootAxis(type.getClock()).getName().str()],
                                                options.seed);
    }
    makeParams(op->getRegion(0).front());
    return std::move(trial);
  }

private:
  Draw draw(const llvm::Twine &what, int64_t sample = 0) const { return makeDraw(options.seed, what, sample); }

  //===--- Ticks ---===//

  void makeStructure() {
    llvm::SmallSetVector<AxisClockAttr, 4> axes;
    auto add = [&](AxisClockAttr axis) {
      if (!axis.isSample())
        axes.insert(axis);
    };
    op->walk([&](Operation *inner) {
      for (Type type : inner->getResultTypes())
        type.walk(add);
      inner->getAttrDictionary().walk(add);
    });
    for (BlockArgument argument : op->getRegion(0).getArguments())
      argument.getType().walk(add);
    for (AxisClockAttr axis : axes)
      if (llvm::none_of(axes, [&](AxisClockAttr other) { return other.getOuter() == axis; }))
        for (int64_t sample = 0; sample < options.samples; ++sample)
          makeChain(axis, sample);
  }

  void makeChain(AxisClockAttr base, int64_t sample) {
    std::string name = base.getName().str();
    int64_t rows = sample == 0   ? options.length
                   : sample == 1 ? 0
                                 : draw("length of " + name, sample).below(0, options.length + 1);
    trial.batch.lengths[name].push_back(rows);
    rowsOf[name].push_back(rows);
    for (auto axis = cast_if_present<AxisClockAttr>(base.getOuter()); axis;
         axis = cast_if_present<AxisClockAttr>(axis.getOuter())) {
      name = axis.getName().str();
      Draw cuts = draw("cuts by " + name, sample);
      // As many segments as make three rows each; where there are no rows, perhaps empty segments.
      int64_t segments = rows ? 1 + cuts.below(0, 1 + 2 * rows / 3) : cuts.below(0, 3);
      std::vector<int64_t> offsets = {0};
      for (int64_t i = 1; i < segments; ++i)
        offsets.push_back(cuts.below(i, rows + 1));
      std::sort(offsets.begin(), offsets.end());
      if (segments)
        offsets.push_back(rows);
      trial.batch.offsets[name].push_back(std::move(offsets));
      rowsOf[name].push_back(segments);
      rows = segments;
    }
  }

  //===--- Values ---===//

  /// As they are at the start of training, but that nothing is zero or one everywhere: that would hide differences.
  void makeParams(Block &block) {
    auto model = dyn_cast<ModelOp>(op);
    trial.params = model ? reference::initialise(model, options.seed)
                         : reference::initialise(cast<step::ScheduleOp>(op), options.seed);
    for (auto param : block.getOps<ParamOp>()) {
      InitKind kind = param.getInit().getKind();
      Draw numbers = draw("parameter " + param.getPath());
      Array &array = trial.params[param.getPath().str()];
      if (kind == InitKind::Zeros || kind == InitKind::Ones)
        for (size_t i = 0; i < array.reals.size(); ++i)
          array.reals[i] += 0.5 * numbers.real(i);
    }
  }

  Operation *op;
  const VerifyOptions &options;
  Trial trial;
  std::map<std::string, std::vector<int64_t>> rowsOf; // by axis and sample
};

} // namespace

void addInputs(ModelOp model, uint64_t seed, Batch &batch) {
  for (auto [name, type] : inputsOf(model)) {
    if (batch.inputs.count(name.str()))
      continue;
    std::string axis = rootAxis(type.getClock()).getName().str();
    std::vector<int64_t> lengths(batch.samples, 1);
    if (auto base = batch.lengths.find(axis); base != batch.lengths.end())
      lengths = base->second;
    else if (auto segments = batch.offsets.find(axis); segments != batch.offsets.end())
      for (auto [length, offsets] : llvm::zip_equal(lengths, segments->second))
        length = int64_t(offsets.size()) - 1;
    batch.inputs[name.str()] = makeRows(name, type, lengths, seed);
  }
}

Trial makeTrial(Operation *op, const VerifyOptions &options) { return Maker(op, options).run(); }

llvm::Expected<reference::Result> interpret(Operation *op, const Trial &trial, uint64_t seed) {
  return interpretIn(/*fp64=*/true, op, trial, seed);
}

reference::Params roundedOtherwise(reference::Params params, uint64_t seed) {
  for (auto &[name, values] : params) {
    Draw draw(seed, name);
    for (auto [i, x] : llvm::enumerate(values.reals))
      x *= 1 + 0x1p-23 * draw.real(i);
  }
  return params;
}

llvm::Expected<reference::Result> interpretIn(bool fp64, Operation *op, const Trial &trial, uint64_t seed) {
  reference::Options options;
  options.fp64 = fp64;
  options.seed = seed;
  auto model = dyn_cast<ModelOp>(op);
  auto interpreter = model ? reference::Interpreter::create(model, trial.params, options)
                           : reference::Interpreter::create(cast<step::ScheduleOp>(op), trial.params, options);
  if (!interpreter)
    return interpreter.takeError();
  return (*interpreter)->run(trial.batch);
}

std::vector<Property> compareResults(const reference::Result &expected, const reference::Result &actual,
                                     double allowed) {
  std::vector<Property> properties;
  for (auto &[name, stream] : expected.outputs) {
    Comparison comparison("output " + name, allowed);
    auto other = actual.outputs.find(name);
    if (other == actual.outputs.end() || stream.rows.size() != other->second.rows.size() ||
        stream.ticks.size() != other->second.ticks.size())
      comparison.fails("output " + name + " is not there, or of another kind");
    else if (stream.ticks.empty())
      comparison.samples(stream, 0, other->second, 0);
    else
      for (size_t sample = 0; sample < stream.rows.size(); ++sample)
        comparison.samples(stream, sample, other->second, sample);
    properties.push_back(comparison.property);
  }
  for (const reference::LossValue &loss : expected.losses) {
    Comparison comparison("loss " + loss.name, allowed);
    auto other = llvm::find_if(actual.losses, [&](const reference::LossValue &l) { return l.name == loss.name; });
    if (other == actual.losses.end() || loss.ticks != other->ticks)
      comparison.fails("loss " + loss.name + " is not there, or over other ticks");
    else
      comparison.numbers(loss.value, other->value, "loss " + loss.name);
    properties.push_back(comparison.property);
  }
  return properties;
}

} // namespace rondo::run
