// Result types that follow from operands. Refusals cite the rule of the language.
#include "compiler/IR/Rnn.h"

using namespace mlir;
using namespace rondo::rnn;

namespace {

/// The operands of an operation whose result type is asked for. They are not verified yet.
struct Inference {
  Inference(std::optional<Location> loc, ValueRange operands) : loc(loc), types(operands.getTypes()) {}

  template <typename... Parts> LogicalResult refuse(Parts &&...parts) const {
    return emitOptionalError(loc, std::forward<Parts>(parts)...);
  }

  /// Checks that all operands are values on one clock, and keeps it.
  LogicalResult check() {
    for (Type type : types) {
      if (!isValueType(type))
        return refuse("operands are streams or static tensors, not ", type);
      ClockInterface other = clockOf(type);
      if (clock && other && clock != other)
        return refuse("clocks differ: ", clock, " and ", other, " [C2]");
      if (other)
        clock = other;
    }
    return success();
  }

  LogicalResult checkAxis(int64_t axis, int64_t rank) const {
    if (axis < 0 || axis >= rank)
      return refuse("axis ", axis, " of a value of rank ", rank, " [C7]");
    return success();
  }

  /// The inferred type: a stream on the operands' clock, or a tensor.
  LogicalResult yield(SmallVectorImpl<Type> &results, ArrayRef<int64_t> shape, Type element) const {
    results.push_back(valueType(shape, element, clock));
    return success();
  }

  std::optional<Location> loc;
  ValueTypeRange<ValueRange> types;
  ClockInterface clock;
};

std::string text(ArrayRef<int64_t> shape) {
  std::string result;
  llvm::raw_string_ostream os(result);
  os << '[';
  llvm::interleaveComma(shape, os);
  os << ']';
  return result;
}

} // namespace

//===--- Time and rows -----------------------------------------------------------------------------------------===//

LogicalResult TotalOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                        SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  if (failed(in.check()))
    return failure();
  Type x = op.getX().getType();
  results.push_back(RankedTensorType::get(shapeOf(x), elementOf(x)));
  return success();
}

/// An operation over rows or over the last axis: the latter must exist.
static LogicalResult inferRows(Inference &in, bool per, Type x) {
  if (failed(in.check()))
    return failure();
  if (!per && shapeOf(x).empty())
    return in.refuse("a scalar has no last axis: give the rows' clock by per(..) [C7]");
  return success();
}

template <typename Adaptor>
static LogicalResult inferSameShape(std::optional<Location> loc, Adaptor op, Type element,
                                    SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(inferRows(in, op.getPer().has_value(), x)))
    return failure();
  return in.yield(results, shapeOf(x), element ? element : elementOf(x));
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                          SmallVectorImpl<Type> &results) {
  return inferSameShape(loc, op, {}, results);
}

LogicalResult LogSoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                             SmallVectorImpl<Type> &results) {
  return inferSameShape(loc, op, {}, results);
}

LogicalResult CumsumOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  return inferSameShape(loc, op, {}, results);
}

LogicalResult PickOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor op,
                                       SmallVectorImpl<Type> &results) {
  return inferSameShape(loc, op, IntegerType::get(context, 1), results);
}

LogicalResult WindowOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(inferRows(in, op.getPer().has_value(), x)))
    return failure();
  if (op.getWidth() < 1)
    return in.refuse("a window of ", op.getWidth(), " rows");
  SmallVector<int64_t> shape(shapeOf(x));
  shape.push_back(op.getWidth());
  return in.yield(results, shape, elementOf(x));
}

LogicalResult OverlapOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                          SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(in.check()))
    return failure();
  if (shapeOf(x).size() < (op.getPer() ? 1 : 2) || shapeOf(x).back() == 0)
    return in.refuse("a value of shape ", text(shapeOf(x)), " has no windows as its last axis");
  return in.yield(results, shapeOf(x).drop_back(), elementOf(x));
}

//===--- Products ----------------------------------------------------------------------------------------------===//

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  if (failed(in.check()))
    return failure();
  SmallVector<int64_t> w(shapeOf(op.getW().getType()));
  ArrayRef<int64_t> x = shapeOf(op.getX().getType());
  if (w.empty() || w.size() > 2 || x.empty() || x.size() > 2)
    return in.refuse("a product of shapes ", text(w), " and ", text(x), " [T5]");
  if (op.getTransposed()) {
    if (w.size() != 2)
      return in.refuse("the transpose of shape ", text(w), " [T5]");
    std::swap(w[0], w[1]);
  }
  if (w.back() != x.front())
    return in.refuse("a product of shapes ", text(w), " and ", text(x), ": ", w.back(), " is not ", x.front(), " [T5]");
  SmallVector<int64_t> shape(ArrayRef<int64_t>(w).drop_back());
  llvm::append_range(shape, x.drop_front());
  return in.yield(results, shape, elementOf(op.getX().getType()));
}

LogicalResult EmbedOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                        SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  if (failed(in.check()))
    return failure();
  Type table = op.getTable().getType(), index = op.getIndex().getType();
  if (shapeOf(table).empty())
    return in.refuse("a scalar has no axis to index [T6]");
  if (!shapeOf(index).empty())
    return in.refuse("an index is a scalar, not of shape ", text(shapeOf(index)), " [T6]");
  auto token = dyn_cast<TokenType>(elementOf(index));
  if (token && token.getSize() > shapeOf(table).front())
    return in.refuse("a token of ", token.getSize(), " values indexes an axis of ", shapeOf(table).front(), " [T6]");
  return in.yield(results, shapeOf(table).drop_front(), elementOf(table));
}

LogicalResult ScaleOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                        SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  if (failed(in.check()))
    return failure();
  if (!shapeOf(op.getBy().getType()).empty())
    return in.refuse("the factor is a scalar, not of shape ", text(shapeOf(op.getBy().getType())), " [T4]");
  return in.yield(results, shapeOf(op.getX().getType()), elementOf(op.getX().getType()));
}

//===--- Parts -------------------------------------------------------------------------------------------------===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  if (failed(in.check()))
    return failure();
  if (op.getParts().empty())
    return in.refuse("nothing to join");
  Type first = op.getParts().front().getType();
  SmallVector<int64_t> shape(shapeOf(first));
  int64_t axis = op.getAxis();
  if (failed(in.checkAxis(axis, shape.size())))
    return failure();
  shape[axis] = 0;
  for (Value part : op.getParts()) {
    ArrayRef<int64_t> other = shapeOf(part.getType());
    bool fits = other.size() == shape.size() && other.take_front(axis) == ArrayRef<int64_t>(shape).take_front(axis) &&
                other.drop_front(axis + 1) == ArrayRef<int64_t>(shape).drop_front(axis + 1);
    if (!fits)
      return in.refuse("shapes ", text(shapeOf(first)), " and ", text(other), " do not join along axis ", axis,
                       " [T4]");
    if (elementOf(part.getType()) != elementOf(first))
      return in.refuse("elements differ: ", elementOf(first), " and ", elementOf(part.getType()), " [T1]");
    if (bool(clockOf(part.getType())) != bool(in.clock))
      return in.refuse("a tensor joins streams: lift it");
    shape[axis] += other[axis];
  }
  return in.yield(results, shape, elementOf(first));
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                        SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(in.check()) || failed(in.checkAxis(op.getAxis(), shapeOf(x).size())))
    return failure();
  SmallVector<int64_t> shape(shapeOf(x));
  int64_t &size = shape[op.getAxis()];
  if (op.getBegin() < 0 || op.getBegin() > op.getEnd() || op.getEnd() > size)
    return in.refuse("the slice ", op.getBegin(), "..", op.getEnd(), " of an axis of ", size, " [T6]");
  size = op.getEnd() - op.getBegin();
  return in.yield(results, shape, elementOf(x));
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                      SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(in.check()) || failed(in.checkAxis(op.getAxis(), shapeOf(x).size())))
    return failure();
  SmallVector<int64_t> shape(shapeOf(x));
  int64_t &size = shape[op.getAxis()];
  if (op.getBegin() < 0 || op.getBegin() > op.getEnd() || op.getEnd() > op.getSize())
    return in.refuse("the place ", op.getBegin(), "..", op.getEnd(), " in an axis of ", op.getSize(), " [T6]");
  if (op.getEnd() - op.getBegin() != size)
    return in.refuse("the place ", op.getBegin(), "..", op.getEnd(), " for an axis of ", size, " [T6]");
  size = op.getSize();
  return in.yield(results, shape, elementOf(x));
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                            SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(in.check()))
    return failure();
  ArrayRef<int64_t> permutation = op.getPermutation(), from = shapeOf(x);
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, from.size())))
    return in.refuse(text(permutation), " is no order of the axes of shape ", text(from), " [T4]");
  SmallVector<int64_t> shape;
  for (int64_t axis : permutation)
    shape.push_back(from[axis]);
  return in.yield(results, shape, elementOf(x));
}

LogicalResult FoldOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                       SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(in.check()))
    return failure();
  Type element = elementOf(x);
  bool real = element.isF32(), number = real || element.isInteger(64);
  if (op.getKind() == Reduction::Mean ? !real : op.getKind() != Reduction::First && !number)
    return in.refuse("no ", stringifyReduction(op.getKind()), " of ", element, " [C7]");
  SmallVector<int64_t> shape;
  if (std::optional<int64_t> axis = op.getAxis()) {
    if (failed(in.checkAxis(*axis, shapeOf(x).size())))
      return failure();
    shape.assign(shapeOf(x).begin(), shapeOf(x).end());
    shape.erase(shape.begin() + *axis);
  }
  return in.yield(results, shape, element);
}

//===--- Choices -----------------------------------------------------------------------------------------------===//

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor op,
                                          SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  if (failed(in.check()))
    return failure();
  return in.yield(results, shapeOf(op.getA().getType()), IntegerType::get(context, 1));
}

LogicalResult ArgmaxOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(in.check()))
    return failure();
  if (shapeOf(x).empty() || shapeOf(x).back() == 0)
    return in.refuse("a value of shape ", text(shapeOf(x)), " has no maximum along its last axis [T1]");
  return in.yield(results, shapeOf(x).drop_back(), TokenType::get(context, shapeOf(x).back()));
}

LogicalResult OneHotOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  Inference in(loc, op.getOperands());
  Type x = op.getX().getType();
  if (failed(in.check()))
    return failure();
  auto token = dyn_cast<TokenType>(elementOf(x));
  if (!token)
    return in.refuse("one_hot takes tokens, not ", elementOf(x), " [T1]");
  SmallVector<int64_t> shape(shapeOf(x));
  shape.push_back(token.getSize());
  return in.yield(results, shape, Float32Type::get(context));
}
