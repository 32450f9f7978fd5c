#include "compiler/Run/Work.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"
#include <algorithm>
#include <numeric>

using namespace llvm;

namespace rondo::run {

namespace {

template <typename Number> double sum(ArrayRef<GroupWork> groups, Number number) {
  return std::accumulate(groups.begin(), groups.end(), 0.0,
                         [&](double sum, const GroupWork &group) { return sum + group.*number; });
}

int64_t elementsOf(mlir::Value value) {
  ArrayRef<int64_t> shape = rnn::shapeOf(value.getType());
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<int64_t>());
}

/// Whether this adds up products: of two vectors, or of rows with the weights that an attention gives them.
bool addsUpProducts(mlir::Operation *op) {
  auto fold = dyn_cast<rnn::FoldOp>(op);
  auto reduce = dyn_cast<rnn::ReduceOp>(op);
  if (!(fold && fold.getKind() == rnn::Reduction::Sum) && !(reduce && reduce.getKind() == rnn::Reduction::Sum))
    return false;
  mlir::Value each = op->getOperand(0);
  if (auto par = each.getDefiningOp<step::ParOp>())
    each = par.getBody().front().getTerminator()->getOperand(cast<mlir::OpResult>(each).getResultNumber());
  return isa_and_present<rnn::MulOp, rnn::ScaleOp>(each.getDefiningOp());
}

/// Rows on each clock of a model, by sample.
using Ticks = DenseMap<mlir::Attribute, std::vector<int64_t>>;

/// The interpreter traces equations by name: one of each clock gets the clock's number as its name.
Expected<Ticks> ticksOf(rnn::ModelOp model, const reference::Params &params, const reference::Batch &batch) {
  mlir::OwningOpRef<rnn::ModelOp> named = cast<rnn::ModelOp>(model->clone());
  mlir::Builder builder(named->getContext());
  MapVector<mlir::Attribute, std::string> names;
  named->walk([&](mlir::Operation *op) {
    mlir::Location unnamed = mlir::UnknownLoc::get(op->getContext());
    mlir::Location place = unnamed;
    bool hasRows = op->getNumResults() > 0 && !isa<rnn::StateOp, rnn::AccumOp>(op);
    if (rnn::ClockInterface clock = hasRows ? rnn::clockOf(op->getResult(0).getType()) : nullptr)
      if (auto [entry, isNew] = names.insert({clock, std::to_string(names.size())}); isNew)
        place = mlir::NameLoc::get(builder.getStringAttr(entry->second), unnamed);
    op->setLoc(place);
  });
  reference::Params used; // passes may have left out some
  named->walk([&](rnn::ParamOp param) {
    if (auto given = params.find(param.getPath().str()); given != params.end())
      used.insert(*given);
  });
  auto interpreter = reference::Interpreter::create(*named, used, {});
  if (!interpreter)
    return interpreter.takeError();
  auto streams = (*interpreter)->trace(batch);
  if (!streams)
    return streams.takeError();
  Ticks ticks;
  for (const auto &[clock, name] : names)
    for (const reference::Stream &stream : *streams) {
      if (stream.name != name)
        continue;
      std::vector<int64_t> &rows = ticks[clock];
      for (size_t s = 0; s < stream.ticks.size(); ++s)
        rows.push_back(stream.counts.empty() ? int64_t(stream.ticks[s].size())
                                             : std::accumulate(stream.counts[s].begin(), stream.counts[s].end(), 0));
    }
  return ticks;
}

} // namespace

double Work::flops() const { return sum(groups, &GroupWork::flops); }
double Work::weightBytes() const { return sum(groups, &GroupWork::weightBytes); }
double Work::readBytes() const { return sum(groups, &GroupWork::readBytes); }

Expected<Work> countWork(step::ScheduleOp schedule, rnn::ModelOp model, const reference::Params &params,
                         const reference::Batch &batch, runtime::WeightFormat weights, bool isStepped) {
  auto ticks = ticksOf(model, params, batch);
  if (!ticks)
    return ticks.takeError();
  Work work;
  for (const auto &[axis, lengths] : batch.lengths)
    for (int64_t length : lengths)
      work.steps = std::max(work.steps, length);
  if (batch.lengths.empty())
    work.steps = 1;
  for (mlir::Operation &group : schedule.getBody().front()) {
    GroupWork sums;
    bool isLoop = isa<step::ScanOp>(group);
    auto rowsOf = [&](mlir::Value first, mlir::Value second) -> ArrayRef<int64_t> {
      rnn::ClockInterface clock = rnn::clockOf(first.getType());
      auto rows = ticks->find(clock ? clock : rnn::clockOf(second.getType()));
      // what hangs on parameters alone is computed once, ahead of all
      return rows == ticks->end() ? ArrayRef<int64_t>() : ArrayRef(rows->second);
    };
    group.walk([&](rnn::OuterOp product) {
      ArrayRef<int64_t> right = rnn::shapeOf(product.getB().getType());
      ArrayRef<int64_t> rows = rowsOf(product.getA(), product.getB());
      double shared = right.size() == 2 ? double(right[product.getTransposed() ? 0 : 1]) : 1; // summed over
      sums.flops += 2.0 * double(elementsOf(product.getA())) * double(elementsOf(product.getB())) / shared *
                    double(std::accumulate(rows.begin(), rows.end(), int64_t(0)));
    });
    group.walk([&](mlir::Operation *op) {
      if (!addsUpProducts(op))
        return;
      ArrayRef<int64_t> rows = rowsOf(op->getOperand(0), op->getOperand(0));
      sums.flops +=
          2.0 * double(elementsOf(op->getOperand(0))) * double(std::accumulate(rows.begin(), rows.end(), int64_t(0)));
    });
    group.walk([&](rnn::MatmulOp product) {
      ArrayRef<int64_t> rows = rowsOf(product.getW(), product.getX());
      ArrayRef<int64_t> right = rnn::shapeOf(product.getX().getType());
      int64_t total = std::accumulate(rows.begin(), rows.end(), int64_t(0));
      int64_t most = rows.empty() ? 0 : *llvm::max_element(rows);
      sums.flops += 2.0 * double(elementsOf(product.getW())) * double(right.size() == 2 ? right[1] : 1) * double(total);
      for (mlir::Value operand : {product.getW(), product.getX()})
        if (!rnn::clockOf(operand.getType()) && total > 0) {
          double bytes = double(bytesOf(weights)) * double(elementsOf(operand));
          sums.weightBytes += bytes;
          sums.readBytes += isLoop || isStepped ? bytes * double(most) : bytes;
        }
    });
    if (sums.flops > 0)
      work.groups.push_back(sums);
  }
  return work;
}

} // namespace rondo::run
