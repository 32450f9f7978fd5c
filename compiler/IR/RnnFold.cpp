// Foldings of crossings, parts and choices: what is obviously the same, and constants.
#include "compiler/IR/Rnn.h"

using namespace mlir;
using namespace rondo::rnn;

static DenseElementsAttr constant(Attribute operand) { return dyn_cast_if_present<DenseElementsAttr>(operand); }

/// A constant that is one number for all of its elements, of which it has some.
static DenseElementsAttr splat(Attribute operand) {
  DenseElementsAttr value = constant(operand);
  return value && !value.empty() && value.isSplat() ? value : DenseElementsAttr();
}

/// The constant under another shape.
static DenseElementsAttr resized(DenseElementsAttr value, Type type) {
  return value.resizeSplat(value.getType().clone(shapeOf(type)));
}

OpFoldResult ConstOp::fold(FoldAdaptor) { return getValue(); }

//===--- Crossings ---------------------------------------------------------------------------------------------===//

OpFoldResult LatestOp::fold(FoldAdaptor) {
  // The last tick at or before this one is this one.
  return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult LiftOp::fold(FoldAdaptor adaptor) { return constant(adaptor.getX()); }

//===--- Parts -------------------------------------------------------------------------------------------------===//

LogicalResult SplitOp::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &results) {
  if (getNumResults() == 1) {
    results.push_back(getX());
    return success();
  }
  // Splits what was joined from just these parts.
  auto concat = getX().getDefiningOp<ConcatOp>();
  if (!concat || concat.getAxis() != getAxis() || concat.getParts().getTypes() != getParts().getTypes())
    return failure();
  results.append(concat.getParts().begin(), concat.getParts().end());
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getParts().size() == 1)
    return getParts().front();
  // Joins again what was split.
  auto split = getParts().front().getDefiningOp<SplitOp>();
  if (split && split.getAxis() == getAxis() && llvm::equal(split.getParts(), getParts()))
    return split.getX();
  return {};
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult PadOp::fold(FoldAdaptor) { return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult(); }

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (DenseElementsAttr value = constant(adaptor.getX()))
    return value.reshape(value.getType().clone(shapeOf(getType())));
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, getPermutation().size())))
    return getX();
  if (DenseElementsAttr value = splat(adaptor.getX()))
    return resized(value, getType());
  if (auto inner = getX().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> permutation;
    for (int64_t axis : getPermutation())
      permutation.push_back(inner.getPermutation()[axis]);
    setPermutation(permutation);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return {};
}

OpFoldResult RepeatOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (DenseElementsAttr value = splat(adaptor.getX()))
    return resized(value, getType());
  if (auto inner = getX().getDefiningOp<RepeatOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return {};
}

//===--- Choices and conversions -------------------------------------------------------------------------------===//

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getA() == getB())
    return getA();
  if (DenseElementsAttr condition = splat(adaptor.getCondition()))
    return condition.getSplatValue<bool>() ? getA() : getB();
  return {};
}

template <typename Number> static bool compare(Predicate predicate, Number a, Number b) {
  switch (predicate) {
  case Predicate::Eq: return a == b;
  case Predicate::Ne: return a != b;
  case Predicate::Lt: return a < b;
  case Predicate::Le: return a <= b;
  case Predicate::Gt: return a > b;
  case Predicate::Ge: return a >= b;
  }
  llvm_unreachable("all predicates are handled");
}

OpFoldResult CompareOp::fold(FoldAdaptor adaptor) {
  DenseElementsAttr a = constant(adaptor.getA()), b = constant(adaptor.getB());
  if (!a || !b)
    return {};
  SmallVector<int64_t> results;
  if (a.getElementType().isF64()) {
    for (auto [x, y] : llvm::zip_equal(a.getValues<double>(), b.getValues<double>()))
      results.push_back(compare(getPredicate(), x, y));
  } else {
    for (auto [x, y] : llvm::zip_equal(a.getValues<APInt>(), b.getValues<APInt>()))
      results.push_back(compare(getPredicate(), x.getSExtValue(), y.getSExtValue()));
  }
  return constantFor(getType(), results);
}

OpFoldResult ConvertOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  DenseElementsAttr value = constant(adaptor.getX());
  if (!value || !elementOf(getType()).isF32() || value.getElementType().isF64())
    return {};
  bool boolean = value.getElementType().isInteger(1);
  SmallVector<double> results;
  for (const APInt &number : value.getValues<APInt>())
    results.push_back(boolean ? double(number.getZExtValue()) : double(number.getSExtValue()));
  return constantFor(getType(), results);
}
