// Adjoints of operations along rows, or along the last axis.
#include "compiler/Gradient/Adjoints.h"

namespace rondo::rnn {

using mlir::Value;

/// At each row the sum of all rows that belong to its tick of `per`; without it, of all elements of the last axis.
static Value sumOfRows(Adjoints &a, Value x, ClockInterface per) {
  mlir::Type type = x.getType();
  if (!per) {
    int64_t last = shapeOf(type).size() - 1;
    return a.spread(a.folded(x, last), shapeOf(type), last);
  }
  Value sum = a.reduced(Reduction::Sum, x, per, /*reverse=*/false, {});
  if (llvm::isa<PairClockAttr>(clockOf(type)))
    return a.make<CrossOp>(type, sum);
  return a.crossed(sum, clockOf(type), /*reverse=*/true, {});
}

/// Of rows that belong to no tick of `per`, which are zero and have no adjoint, only zero.
static Value inRows(Adjoints &a, Value x, ClockInterface per) {
  ClockInterface clock = clockOf(x.getType());
  if (!per || llvm::isa<AxisClockAttr>(per) || llvm::isa<PairClockAttr>(clock))
    return x; // each row belongs to one
  auto truth = mlir::IntegerType::get(x.getContext(), 1);
  return a.where(a.crossed(a.constant(StreamType::get({}, truth, per), 1), clock, /*reverse=*/true, {}), x);
}

bool transposeRows(Adjoints &a, mlir::Operation *op, Value dy) {
  auto per = op->getAttrOfType<ClockInterface>("per");
  if (auto softmax = llvm::dyn_cast<SoftmaxOp>(op)) {
    Value y = softmax.getResult(), dot = sumOfRows(a, a.make<MulOp>(y, dy), per);
    a.add(softmax.getX(), a.make<MulOp>(y, a.make<SubOp>(dy, dot)));
  } else if (auto logarithm = llvm::dyn_cast<LogSoftmaxOp>(op)) {
    Value part = a.make<MulOp>(a.make<ExpOp>(logarithm.getResult()), sumOfRows(a, dy, per));
    a.add(logarithm.getX(), inRows(a, a.make<SubOp>(dy, part), per));
  } else if (auto cumsum = llvm::dyn_cast<CumsumOp>(op)) {
    a.add(cumsum.getX(), a.make<CumsumOp>(dy, per, !cumsum.getReverse()));
  } else if (auto window = llvm::dyn_cast<WindowOp>(op)) {
    a.add(window.getX(), a.make<OverlapOp>(dy, per));
  } else if (auto overlap = llvm::dyn_cast<OverlapOp>(op)) {
    a.add(overlap.getX(), a.make<WindowOp>(shapeOf(overlap.getX().getType()).back(), dy, per));
  } else if (auto ctc = llvm::dyn_cast<CtcOp>(op)) {
    a.add(ctc.getLogits(), a.make<DctcOp>(ctc.getLogits(), ctc.getLabels(), dy));
  } else {
    return false;
  }
  return true;
}

} // namespace rondo::rnn
