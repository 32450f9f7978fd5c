// Adjoints of what moves, repeats, chooses or adds up elements of a value.
#include "compiler/Gradient/Adjoints.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

namespace rondo::rnn {

using llvm::SmallVector;
using mlir::Value;

static void transposeConcat(Adjoints &a, ConcatOp op, Value dy) {
  int64_t begin = 0;
  for (Value part : op.getParts()) {
    int64_t end = begin + shapeOf(part.getType())[op.getAxis()];
    if (a.wants(part))
      a.add(part, a.make<SliceOp>(dy, begin, end, op.getAxis()));
    begin = end;
  }
}

/// The axis moved behind all others, and back.
static Value withAxisLast(Adjoints &a, Value x, int64_t axis) {
  SmallVector<int64_t> order;
  int64_t rank = shapeOf(x.getType()).size();
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      order.push_back(i);
  order.push_back(axis);
  return axis == rank - 1 ? x : a.transposed(x, order);
}
static Value withLastAt(Adjoints &a, Value x, int64_t axis) {
  SmallVector<int64_t> order;
  int64_t rank = shapeOf(x.getType()).size();
  for (int64_t i = 0; i < rank; ++i)
    order.push_back(i < axis ? i : i == axis ? rank - 1 : i - 1);
  return axis == rank - 1 ? x : a.transposed(x, order);
}

/// Sum and mean give to each element, max to the first that is largest, first to the first.
static void transposeFold(Adjoints &a, FoldOp op, Value dy) {
  Value x = op.getX();
  llvm::ArrayRef<int64_t> shape = shapeOf(x.getType());
  std::optional<int64_t> axis = op.getAxis();
  int64_t count = elementCount(x.getType()), size = axis ? shape[*axis] : count;
  if (count == 0)
    return;
  switch (op.getKind()) {
  case Reduction::Sum: return a.add(x, a.spread(dy, shape, axis));
  case Reduction::Mean: return a.add(x, a.spread(a.times(dy, 1.0 / size), shape, axis));
  case Reduction::Max: {
    Value all = a.spread(dy, shape, axis);
    Value first = a.make<PickOp>(axis ? withAxisLast(a, x, *axis) : a.reshaped(x, {count}), ClockInterface());
    return a.add(x, a.where(axis ? withLastAt(a, first, *axis) : a.reshaped(first, shape), all));
  }
  case Reduction::First: {
    if (!axis)
      return a.add(x, a.reshaped(a.padded(a.reshaped(dy, {1}), 0, 1, count, 0), shape));
    SmallVector<int64_t> one(shape);
    one[*axis] = 1;
    return a.add(x, a.padded(a.reshaped(dy, one), 0, 1, size, *axis));
  }
  }
}

bool transposePart(Adjoints &a, mlir::Operation *op, Value dy) {
  if (auto concat = llvm::dyn_cast<ConcatOp>(op)) {
    transposeConcat(a, concat, dy);
  } else if (auto slice = llvm::dyn_cast<SliceOp>(op)) {
    int64_t size = shapeOf(slice.getX().getType())[slice.getAxis()];
    a.add(slice.getX(), a.padded(dy, slice.getBegin(), slice.getEnd(), size, slice.getAxis()));
  } else if (auto pad = llvm::dyn_cast<PadOp>(op)) {
    a.add(pad.getX(), a.make<SliceOp>(dy, pad.getBegin(), pad.getEnd(), pad.getAxis()));
  } else if (auto reshape = llvm::dyn_cast<ReshapeOp>(op)) {
    a.add(reshape.getX(), a.reshaped(dy, shapeOf(reshape.getX().getType())));
  } else if (auto transpose = llvm::dyn_cast<TransposeOp>(op)) {
    a.add(transpose.getX(), a.transposed(dy, mlir::invertPermutationVector(transpose.getPermutation())));
  } else if (auto repeat = llvm::dyn_cast<RepeatOp>(op)) {
    size_t rank = shapeOf(repeat.getX().getType()).size();
    if (rank == 0)
      return a.add(repeat.getX(), shapeOf(dy.getType()).empty() ? dy : a.folded(dy, std::nullopt)), true;
    while (shapeOf(dy.getType()).size() > rank)
      dy = a.folded(dy, 0);
    a.add(repeat.getX(), dy);
  } else if (auto fold = llvm::dyn_cast<FoldOp>(op)) {
    transposeFold(a, fold, dy);
  } else if (auto select = llvm::dyn_cast<SelectOp>(op)) {
    Value zero = a.constant(dy.getType(), 0);
    if (a.wants(select.getA()))
      a.add(select.getA(), a.select(select.getCondition(), dy, zero));
    if (a.wants(select.getB()))
      a.add(select.getB(), a.select(select.getCondition(), zero, dy));
  } else if (auto convert = llvm::dyn_cast<ConvertOp>(op)) {
    a.add(convert.getX(), dy); // of reals: no other element has an adjoint
  } else {
    return false;
  }
  return true;
}

} // namespace rondo::rnn
