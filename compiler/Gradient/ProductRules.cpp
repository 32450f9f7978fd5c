// Adjoints of products and of looking up tables. What belongs to a tensor is summed over all ticks where it is made: one
// product of all of them.
#include "compiler/Gradient/Adjoints.h"

namespace rondo::rnn {

using mlir::Value;

/// Whether the adjoint of x is the product of two matrices of each tick, summed up over all of them.
static bool isSumOfProducts(Value x, Value left, Value right) {
  return !clockOf(x.getType()) && clockOf(left.getType()) && clockOf(right.getType()) &&
         shapeOf(left.getType()).size() == 2 && shapeOf(right.getType()).size() == 2;
}

/// The sum over all ticks of left (or left transposed) times right: no tick has a product of its own.
static Value sumOfProducts(Adjoints &a, Value left, Value right, bool transposed) {
  Value lines = transposed ? left : a.make<TransposeOp>(left, llvm::ArrayRef<int64_t>{1, 0});
  int64_t m = shapeOf(lines.getType())[1], k = shapeOf(right.getType())[1];
  return a.make<OuterOp>(valueType({m, k}, elementOf(right.getType()), ClockInterface()), lines, right,
                         /*transposed=*/true);
}

/// y = w x, for all ranks: [m,k] by [k] or [k,n], and [k] by [k] or [k,n].
static void transposeMatmul(Adjoints &a, MatmulOp op, Value dy) {
  Value w = op.getW(), x = op.getX();
  bool isRow = shapeOf(w.getType()).size() == 1;
  if (a.wants(x)) {
    if (isSumOfProducts(x, w, dy))
      a.add(x, sumOfProducts(a, w, dy, !op.getTransposed()));
    else if (!isRow)
      a.add(x, a.make<MatmulOp>(w, dy, !op.getTransposed()));
    else if (shapeOf(x.getType()).size() == 1)
      a.add(x, a.make<ScaleOp>(dy, w));
    else
      a.add(x, a.make<OuterOp>(x.getType(), w, dy));
  }
  if (a.wants(w))
    a.add(w, op.getTransposed() ? a.make<OuterOp>(w.getType(), x, dy) : a.make<OuterOp>(w.getType(), dy, x));
}

/// y = u v^T; `dy` is a tensor where y was summed over all ticks: it counts at each of them.
static void transposeOuter(Adjoints &a, OuterOp op, Value dy) {
  Value u = op.getA(), v = op.getB();
  size_t rank = shapeOf(dy.getType()).size();
  if (a.wants(u))
    a.add(u, isSumOfProducts(u, dy, v) ? sumOfProducts(a, dy, v, false) : a.make<MatmulOp>(dy, v));
  if (!a.wants(v))
    return;
  if (isSumOfProducts(v, dy, u))
    a.add(v, sumOfProducts(a, dy, u, true));
  else if (rank == 2)
    a.add(v, a.make<MatmulOp>(dy, u, /*transposed=*/true));
  else if (shapeOf(v.getType()).size() == 1)
    a.add(v, a.make<ScaleOp>(u, dy));
  else
    a.add(v, a.make<OuterOp>(v.getType(), dy, u));
}

/// y = by x, with a scalar `by`: its adjoint is the product of all elements with all.
static void transposeScale(Adjoints &a, ScaleOp op, Value dy) {
  Value by = op.getBy(), x = op.getX();
  if (a.wants(x))
    a.add(x, a.make<ScaleOp>(by, dy));
  if (!a.wants(by))
    return;
  int64_t count = elementCount(x.getType());
  a.add(by, a.make<MatmulOp>(a.reshaped(dy, {count}), a.reshaped(x, {count})));
}

bool transposeProduct(Adjoints &a, mlir::Operation *op, Value dy) {
  if (auto product = llvm::dyn_cast<MatmulOp>(op))
    transposeMatmul(a, product, dy);
  else if (auto outer = llvm::dyn_cast<OuterOp>(op))
    transposeOuter(a, outer, dy);
  else if (auto scale = llvm::dyn_cast<ScaleOp>(op))
    transposeScale(a, scale, dy);
  else if (auto embed = llvm::dyn_cast<EmbedOp>(op))
    a.add(embed.getTable(), a.make<ScatterAddOp>(embed.getTable().getType(), embed.getIndex(), dy));
  else if (auto scatter = llvm::dyn_cast<ScatterAddOp>(op))
    a.add(scatter.getDy(), a.make<EmbedOp>(dy, scatter.getIndex()));
  else
    return false;
  return true;
}

} // namespace rondo::rnn
