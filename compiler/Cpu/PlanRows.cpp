// Operations that the runtime knows, as entries of the plan.
#include "compiler/Cpu/Matrices.h"
#include "compiler/Cpu/Planner.h"
#include "compiler/Schedule/FormStep.h"
#include "runtime/Random.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rondo::cpu {

using mlir::Operation;
using mlir::Value;

namespace {

/// A shape seen from one axis.
struct Extent {
  int64_t outer = 1, size = 1, inner = 1;
  Extent(llvm::ArrayRef<int64_t> shape, int64_t axis) {
    for (auto [i, extent] : llvm::enumerate(shape))
      (int64_t(i) < axis ? outer : int64_t(i) == axis ? size : inner) *= extent;
  }
};

Extent lastAxis(Value value) {
  llvm::ArrayRef<int64_t> shape = rnn::shapeOf(value.getType());
  return Extent(shape, int64_t(shape.size()) - 1);
}

int64_t count(Value value) { return rnn::elementCount(value.getType()); }

int64_t bytes(Value value) { return runtime::bytesOf(Planner::elementOf(value.getType())); }

llvm::SmallVector<int64_t> numbersOf(rnn::ScatterAddOp op) {
  int64_t entries = rnn::shapeOf(op.getResult().getType())[0];
  return {entries, count(op.getResult()) / entries};
}

} // namespace

rnn::ScaleOp Planner::weighedBy(Operation *sum) {
  auto reduce = llvm::dyn_cast<rnn::ReduceOp>(sum);
  if (!reduce || reduce.getKind() != rnn::Reduction::Sum)
    return {};
  auto par = reduce.getX().getDefiningOp<step::ParOp>();
  llvm::SmallVector<Value> products{reduce.getX()};
  if (par && (par.getChunked() || par.getTrailing()))
    return {};
  if (par)
    products.assign(par.getBody().front().getTerminator()->operand_begin(),
                    par.getBody().front().getTerminator()->operand_end());
  auto isWeighed = [&](Value product) {
    auto scale = product.getDefiningOp<rnn::ScaleOp>();
    return scale && product.hasOneUse() && llvm::all_of(scale->getOperands(), [&](Value operand) {
             return rnn::clockOf(operand.getType()) == rnn::clockOf(product.getType()) &&
                    !(par && operand.getParentBlock() == &par.getBody().front());
           });
  };
  bool isAlone = !par || llvm::all_of(par.getResults(), [](Value result) {
    auto user = result.hasOneUse() ? llvm::dyn_cast<rnn::ReduceOp>(*result.user_begin()) : rnn::ReduceOp();
    return user && user.getKind() == rnn::Reduction::Sum;
  });
  if (!isAlone || !llvm::all_of(products, isWeighed))
    return {};
  unsigned number = par ? llvm::cast<mlir::OpResult>(reduce.getX()).getResultNumber() : 0;
  return products[number].getDefiningOp<rnn::ScaleOp>();
}

llvm::SmallVector<Value> Planner::rowsReadBy(Operation *op) {
  if (rnn::ScaleOp scale = weighedBy(op))
    return {scale.getX(), scale.getBy()};
  return llvm::SmallVector<Value>(op->getOperands());
}

std::optional<OpPlan> Planner::rowOp(Operation *op, int32_t clock, llvm::ArrayRef<View> operands,
                                     llvm::ArrayRef<View> results) {
  llvm::SmallVector<View> all(operands);
  all.append(results.begin(), results.end());
  auto make = [&](OpCode code, llvm::ArrayRef<int64_t> numbers) -> std::optional<OpPlan> {
    return makeOp(code, clock, all, numbers);
  };
  auto perOf = [&] { return op->getAttrOfType<rnn::ClockInterface>("per"); };
  // Over the last axis, or over the rows of a tick of `per`.
  auto along = [&](OpCode inside, OpCode over, Value x, llvm::ArrayRef<int64_t> more = {}) {
    llvm::SmallVector<int64_t> numbers;
    if (rnn::ClockInterface per = perOf())
      numbers = {this->clock(per), count(x)};
    else
      numbers = {lastAxis(x).outer, lastAxis(x).size};
    numbers.append(more.begin(), more.end());
    return make(perOf() ? over : inside, numbers);
  };
  if (std::optional<Kernel> ofMatrices = matrixKernel(op)) {
    int64_t blocks = blocksOf(*ofMatrices, isa);
    return make(OpCode::Kernel, {kernel(std::move(*ofMatrices)), blocks});
  }
  return llvm::TypeSwitch<Operation *, std::optional<OpPlan>>(op)
      .Case([&](rnn::FoldOp fold) {
        Value x = fold.getX();
        Extent extent = fold.getAxis() ? Extent(rnn::shapeOf(x.getType()), *fold.getAxis()) : Extent({count(x)}, 0);
        return make(OpCode::Fold, {int64_t(fold.getKind()), extent.outer, extent.size, extent.inner});
      })
      .Case([&](rnn::SoftmaxOp o) { return along(OpCode::Softmax, OpCode::SoftmaxPer, o.getX()); })
      .Case([&](rnn::LogSoftmaxOp o) { return along(OpCode::LogSoftmax, OpCode::LogSoftmaxPer, o.getX()); })
      .Case([&](rnn::CumsumOp o) { return along(OpCode::Cumsum, OpCode::CumsumPer, o.getX(), {o.getReverse()}); })
      .Case([&](rnn::PickOp o) { return along(OpCode::Pick, OpCode::PickPer, o.getX()); })
      .Case([&](rnn::WindowOp o) { return along(OpCode::Window, OpCode::WindowPer, o.getX(), {o.getWidth()}); })
      .Case([&](rnn::OverlapOp o) {
        int64_t width = rnn::shapeOf(o.getX().getType()).back();
        if (perOf())
          return make(OpCode::OverlapPer, {this->clock(perOf()), count(o.getResult()), width});
        Extent extent = lastAxis(o.getResult());
        return make(OpCode::Overlap, {extent.outer, extent.size, width});
      })
      .Case([&](rnn::ArgmaxOp o) { return make(OpCode::Argmax, {lastAxis(o.getX()).outer, lastAxis(o.getX()).size}); })
      .Case([&](rnn::OneHotOp o) {
        return make(OpCode::OneHot, {lastAxis(o.getResult()).outer, lastAxis(o.getResult()).size});
      })
      .Case([&](rnn::TransposeOp o) {
        llvm::ArrayRef<int64_t> shape = rnn::shapeOf(o.getX().getType());
        llvm::SmallVector<int64_t> numbers{int64_t(shape.size())};
        numbers.append(shape.begin(), shape.end());
        numbers.append(o.getPermutation().begin(), o.getPermutation().end());
        return make(OpCode::Transpose, numbers);
      })
      .Case([&](rnn::EmbedOp o) {
        int64_t entries = rnn::shapeOf(o.getTable().getType())[0];
        return make(OpCode::Embed, {entries, count(o.getTable()) / entries});
      })
      .Case([&](rnn::ScatterAddOp o) { return make(OpCode::Scatter, numbersOf(o)); })
      .Case([&](rnn::TickOp o) { return make(OpCode::Tick, {o.getReverse(), scope(o.getScopeAttr())}); })
      .Case([&](rnn::ReduceOp o) {
        return make(OpCode::Reduce, {this->clock(rnn::clockOf(o.getX().getType())), int64_t(o.getKind()),
                                     o.getReverse(), scope(o.getScopeAttr()), count(o.getX()), o.isToSource()});
      })
      .Case([&](step::AffineOp o) {
        return make(OpCode::Affine, {o.getReverse(), scope(o.getScopeAttr()), count(o.getResult())});
      })
      .Case([&](rnn::CtcOp o) {
        return make(OpCode::Ctc, {this->clock(rnn::clockOf(o.getLogits().getType())),
                                  this->clock(rnn::clockOf(o.getLabels().getType())), count(o.getLogits())});
      })
      .Case([&](rnn::DctcOp o) {
        return make(OpCode::Dctc, {this->clock(rnn::clockOf(o.getDy().getType())),
                                   this->clock(rnn::clockOf(o.getLabels().getType())), count(o.getLogits())});
      })
      .Case([&](rnn::RandomOp o) {
        llvm::SmallVector<int64_t> numbers{int64_t(runtime::hashPath(o.getPath().data(), o.getPath().size())),
                                           int64_t(o.getSite()), count(o.getResult())};
        if (stepped) {
          auto drawn = o->getAttrOfType<mlir::StringAttr>(rondo::schedule::drawnName);
          numbers.push_back(!drawn ? 0 : drawn.getValue() == "sample" ? 1 : 2);
        }
        return make(OpCode::Random, numbers);
      })
      .Case([&](rnn::SliceOp o) {
        Extent extent(rnn::shapeOf(o.getX().getType()), o.getAxis());
        int64_t size = extent.inner * bytes(o.getX());
        all[0].offset += o.getBegin() * size;
        return make(OpCode::Copy, {extent.outer, (o.getEnd() - o.getBegin()) * size, extent.size * size,
                                   (o.getEnd() - o.getBegin()) * size});
      })
      .Case([&](rnn::RepeatOp o) {
        int64_t size = count(o.getX()) * bytes(o.getX());
        return make(OpCode::Copy, {count(o.getResult()) / count(o.getX()), size, 0, size});
      })
      .Default([](Operation *) { return std::nullopt; });
}

/// Sums over all rows of the clock. `all`: operands and the result.
std::optional<OpPlan> Planner::totalOp(Operation *op, int32_t clock, llvm::ArrayRef<View> all) {
  return llvm::TypeSwitch<Operation *, std::optional<OpPlan>>(op)
      .Case([&](rnn::TotalOp o) { return makeOp(OpCode::Total, clock, all, {count(o.getX())}); })
      .Case([&](rnn::OuterOp o) {
        llvm::ArrayRef<int64_t> b = rnn::shapeOf(o.getB().getType());
        bool byLines = o.getTransposed();
        int64_t k = b[byLines ? 1 : 0], n = count(o.getB()) / k;
        return makeOp(OpCode::TotalOuter, clock, all, {count(o.getA()) / n, n, byLines, k});
      })
      .Case([&](rnn::ScatterAddOp o) { return makeOp(OpCode::TotalScatter, clock, all, numbersOf(o)); })
      .Default([](Operation *) { return std::nullopt; });
}

/// Operations that are several entries: each part is copied to or from its place in the whole.
bool Planner::rowOps(Operation *op, int32_t clock, llvm::ArrayRef<View> operands, llvm::ArrayRef<View> results,
                     llvm::SmallVectorImpl<OpPlan> &ops) {
  // A part of `axis` that begins at `begin`: pieces of both, one for each index ahead of the axis.
  auto copy = [&](Value part, View partView, bool isSource, View whole, Value of, int64_t axis, int64_t begin) {
    Extent extent(rnn::shapeOf(of.getType()), axis);
    int64_t size = extent.inner * bytes(of), piece = rnn::shapeOf(part.getType())[axis] * size;
    whole.offset += begin * size;
    if (isSource)
      ops.push_back(makeOp(OpCode::Copy, clock, {partView, whole}, {extent.outer, piece, piece, extent.size * size}));
    else
      ops.push_back(makeOp(OpCode::Copy, clock, {whole, partView}, {extent.outer, piece, extent.size * size, piece}));
  };
  if (auto concat = llvm::dyn_cast<rnn::ConcatOp>(op)) {
    int64_t begin = 0;
    for (auto [part, view] : llvm::zip(concat.getParts(), operands)) {
      copy(part, view, /*isSource=*/true, results[0], concat.getResult(), concat.getAxis(), begin);
      begin += rnn::shapeOf(part.getType())[concat.getAxis()];
    }
    return true;
  }
  if (auto split = llvm::dyn_cast<rnn::SplitOp>(op)) {
    int64_t begin = 0;
    for (auto [part, view] : llvm::zip(split.getParts(), results)) {
      copy(part, view, /*isSource=*/false, operands[0], split.getX(), split.getAxis(), begin);
      begin += rnn::shapeOf(part.getType())[split.getAxis()];
    }
    return true;
  }
  if (auto pad = llvm::dyn_cast<rnn::PadOp>(op)) {
    ops.push_back(makeOp(OpCode::Zero, clock, {results[0]}, {}));
    copy(pad.getX(), operands[0], /*isSource=*/true, results[0], pad.getResult(), pad.getAxis(), pad.getBegin());
    return true;
  }
  if (std::optional<OpPlan> one = rowOp(op, clock, operands, results)) {
    ops.push_back(*one);
    return true;
  }
  return false;
}

} // namespace rondo::cpu
