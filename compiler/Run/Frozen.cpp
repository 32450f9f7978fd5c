#include "compiler/Run/Frozen.h"
#include "compiler/Run/Files.h"
#include "mlir/IR/Builders.h"
#include <algorithm>

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

//===--- Rows of axes ---===//

AxisRows::AxisRows(mlir::Operation *op, const Batch &batch) : batch(batch) {
  auto note = [&](rnn::AxisClockAttr axis) {
    if (auto outer = dyn_cast_if_present<rnn::AxisClockAttr>(axis.getOuter()))
      finer[outer.getName().str()] = axis.getName().str();
  };
  op->walk([&](mlir::Operation *inner) {
    for (mlir::Type type : inner->getResultTypes())
      type.walk(note);
    inner->getAttrDictionary().walk(note);
  });
  for (mlir::BlockArgument argument : op->getRegion(0).getArguments())
    argument.getType().walk(note);
}

const std::vector<int64_t> &AxisRows::lastsOf(StringRef axis, int64_t sample) const {
  auto [place, isNew] = lasts.try_emplace({axis.str(), sample});
  std::vector<int64_t> &mine = place->second;
  if (!isNew)
    return mine;
  if (auto length = batch.lengths.find(axis.str()); length != batch.lengths.end()) {
    for (int64_t i = 0; i < length->second[sample]; ++i)
      mine.push_back(i);
    return mine;
  }
  const std::vector<int64_t> &inner = lastsOf(finer.at(axis.str()), sample);
  const std::vector<int64_t> &offsets = batch.offsets.at(axis.str())[sample];
  for (size_t i = 1; i < offsets.size(); ++i) {
    mine.push_back(-1);
    for (int64_t row = offsets[i - 1]; row < offsets[i]; ++row)
      mine.back() = std::max(mine.back(), inner[row]);
  }
  return mine;
}

int64_t AxisRows::rows(rnn::AxisClockAttr axis, int64_t sample) const {
  return axis.isSample() ? 1 : lastsOf(axis.getName(), sample).size();
}

int64_t AxisRows::rowAt(rnn::AxisClockAttr axis, int64_t sample, int64_t position) const {
  if (axis.isSample())
    return 0;
  const std::vector<int64_t> &mine = lastsOf(axis.getName(), sample);
  auto found = find(mine, position);
  return found == mine.end() ? -1 : found - mine.begin();
}

//===--- Freezing ---===//

namespace {

/// What is not to be followed: of a straight the difference of its sides.
SmallVector<mlir::Operation *> stopsOf(rnn::ModelOp op) {
  SmallVector<mlir::Operation *> stops;
  for (mlir::Operation &inner : op.getBody().front())
    if (isa<rnn::StopOp, rnn::StraightOp>(inner) && rnn::elementOf(inner.getResult(0).getType()).isF32())
      stops.push_back(&inner);
  return stops;
}

std::string nameOf(size_t number) { return "frozen." + std::to_string(number); }

/// As the model, but giving the values too.
mlir::OwningOpRef<rnn::ModelOp> watched(rnn::ModelOp op) {
  mlir::OwningOpRef<rnn::ModelOp> copy = op.clone();
  auto output = cast<rnn::ReturnOp>(copy->getBody().front().back());
  SmallVector<mlir::Value> values(output.getValues());
  SmallVector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i)
    names.push_back(output.getName(i).str());
  for (auto [number, stop] : enumerate(stopsOf(*copy))) {
    mlir::OpBuilder builder(output);
    bool isStraight = isa<rnn::StraightOp>(stop);
    values.push_back(isStraight ? builder.create<rnn::SubOp>(stop->getLoc(), stop->getOperand(0), stop->getOperand(1))
                                : stop->getOperand(0));
    names.push_back(nameOf(number));
  }
  mlir::OpBuilder builder(output);
  builder.create<rnn::ReturnOp>(output.getLoc(), SmallVector<StringRef>(names.begin(), names.end()), values);
  output.erase();
  return copy;
}

} // namespace

Expected<mlir::OwningOpRef<rnn::ModelOp>> freeze(rnn::ModelOp op, Trial &trial, uint64_t seed) {
  mlir::OwningOpRef<rnn::ModelOp> copy = op.clone();
  SmallVector<mlir::Operation *> stops = stopsOf(*copy);
  if (stops.empty())
    return std::move(copy);
  auto result = interpret(*watched(op), trial, seed);
  if (!result)
    return result.takeError();
  AxisRows axes(op, trial.batch);
  SmallVector<mlir::Attribute> inputs(copy->getInputs().getValue());
  for (auto [number, stop] : enumerate(stops)) {
    const Stream &stream = result->outputs.at(nameOf(number));
    mlir::Type type = stop->getResult(0).getType();
    rnn::ClockInterface clock = rnn::clockOf(type);
    mlir::OpBuilder builder(stop);
    mlir::Value value;
    if (isa_and_present<rnn::PairClockAttr>(clock))
      return failure("what is not followed is on a pair clock");
    if (!clock) {
      value = builder.create<rnn::ConstOp>(stop->getLoc(), type, ArrayRef<double>(stream.rows[0].reals));
    } else {
      rnn::AxisClockAttr axis = rnn::rootAxis(clock);
      Rows &rows = trial.batch.inputs[nameOf(number)];
      int64_t width = rnn::elementCount(type);
      for (int64_t s = 0; s < trial.batch.samples; ++s) {
        Array array;
        array.shape = {axes.rows(axis, s)};
        append_range(array.shape, rnn::shapeOf(type));
        array.reals.assign(array.size(), 0);
        for (auto [tick, position] : enumerate(stream.ticks[s]))
          std::copy_n(stream.rows[s].reals.begin() + tick * width, width,
                      array.reals.begin() + axes.rowAt(axis, s, position) * width);
        rows.push_back(std::move(array));
      }
      auto given = rnn::StreamType::get(rnn::shapeOf(type), rnn::elementOf(type), axis);
      value = copy->getBody().front().addArgument(given, stop->getLoc());
      inputs.push_back(builder.getStringAttr(nameOf(number)));
      if (clock != axis)
        value = builder.create<rnn::LatestOp>(stop->getLoc(), type, value, /*reverse=*/false, rnn::ScopeAttr());
    }
    if (isa<rnn::StraightOp>(stop))
      value = builder.create<rnn::AddOp>(stop->getLoc(), stop->getOperand(1), value);
    stop->getResult(0).replaceAllUsesWith(value);
    stop->erase();
  }
  copy->setInputsAttr(mlir::ArrayAttr::get(op.getContext(), inputs));
  return std::move(copy);
}

} // namespace rondo::run
