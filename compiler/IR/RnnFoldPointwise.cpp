// Pointwise operations on constants, in f64 and i64, and their identities.
#include "compiler/IR/Rnn.h"

#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace rondo::rnn;

//===--- Arithmetic --------------------------------------------------------------------------------------------===//

int64_t rondo::rnn::wrappedAdd(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
int64_t rondo::rnn::wrappedSub(int64_t a, int64_t b) { return int64_t(uint64_t(a) - uint64_t(b)); }
int64_t rondo::rnn::wrappedMul(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }

int64_t rondo::rnn::floorDiv(int64_t a, int64_t b) {
  if (b == 0)
    return 0;
  if (b == -1) // the one quotient that may not fit
    return wrappedSub(0, a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t rondo::rnn::floorMod(int64_t a, int64_t b) {
  if (b == 0 || b == -1)
    return 0;
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double rondo::rnn::floorMod(double a, double b) { return a - b * std::floor(a / b); }

double rondo::rnn::sigmoid(double x) {
  // No exponential overflows: of a large negative x it would be inf / inf.
  if (x >= 0)
    return 1 / (1 + std::exp(-x));
  double e = std::exp(x);
  return e / (1 + e);
}

double rondo::rnn::minimum(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double rondo::rnn::maximum(double a, double b) { return std::isnan(a) || a > b ? a : b; }

//===--- Folding -----------------------------------------------------------------------------------------------===//

/// Applies the operation to each element; elements that are all equal are computed once.
template <typename Number, typename Evaluate>
static OpFoldResult foldConstants(Type type, ArrayRef<Attribute> operands, Evaluate evaluate) {
  bool splat = llvm::all_of(operands, [](Attribute operand) { return cast<DenseElementsAttr>(operand).isSplat(); });
  int64_t count = splat ? std::min<int64_t>(1, elementCount(type)) : elementCount(type);
  SmallVector<SmallVector<Number>> columns;
  for (Attribute operand : operands) {
    auto value = cast<DenseElementsAttr>(operand);
    SmallVector<Number> &column = columns.emplace_back();
    if constexpr (std::is_same_v<Number, double>)
      column = llvm::to_vector(llvm::make_range(value.value_begin<double>(), value.value_begin<double>() + count));
    else
      for (const APInt &number : llvm::make_range(value.value_begin<APInt>(), value.value_begin<APInt>() + count))
        column.push_back(number.getBitWidth() == 1 ? number.getZExtValue() : number.getSExtValue());
  }
  SmallVector<Number> results, in(operands.size());
  for (int64_t i = 0; i < count; ++i) {
    for (auto [number, column] : llvm::zip_equal(in, columns))
      number = column[i];
    results.push_back(evaluate(in));
  }
  return constantFor(type, ArrayRef<Number>(results));
}

/// True if all elements of a constant operand are this number.
static bool isAll(Attribute operand, double number) {
  auto value = dyn_cast_if_present<DenseElementsAttr>(operand);
  if (!value || value.empty() || !value.isSplat())
    return false;
  if (value.getElementType().isF64())
    return value.getSplatValue<double>() == number;
  return value.getSplatValue<APInt>().getZExtValue() == uint64_t(number);
}

/// x of neg (neg x), not (not x).
template <typename Op> static Value undoTwice(Operation *op) {
  if (!isa<Op>(op))
    return {};
  auto inner = op->getOperand(0).getDefiningOp<Op>();
  return inner ? inner.getX() : Value();
}

OpFoldResult rondo::rnn::foldPointwise(Operation *op, ArrayRef<Attribute> operands) {
  Type type = op->getResult(0).getType();
  if (llvm::all_of(operands, [](Attribute operand) { return isa_and_present<DenseElementsAttr>(operand); })) {
    auto pointwise = cast<Pointwise>(op);
    if (elementOf(type).isF32())
      return foldConstants<double>(type, operands, [&](ArrayRef<double> in) { return pointwise.evaluateReal(in); });
    return foldConstants<int64_t>(type, operands, [&](ArrayRef<int64_t> in) { return pointwise.evaluateInt(in); });
  }
  if (Value x = undoTwice<NegOp>(op))
    return x;
  if (Value x = undoTwice<NotOp>(op))
    return x;
  if (op->getNumOperands() != 2)
    return {};
  Value a = op->getOperand(0), b = op->getOperand(1);
  if (isa<AddOp, SubOp, OrOp>(op) && isAll(operands[1], 0))
    return a;
  if (isa<AddOp, OrOp>(op) && isAll(operands[0], 0))
    return b;
  if (isa<MulOp, DivOp, AndOp, PowOp>(op) && isAll(operands[1], 1))
    return a;
  if (isa<MulOp, AndOp>(op) && isAll(operands[0], 1))
    return b;
  if (isa<AndOp, OrOp, MinimumOp, MaximumOp>(op) && a == b)
    return a;
  for (Attribute operand : operands)
    if ((isa<OrOp>(op) && isAll(operand, 1)) || (isa<AndOp>(op) && isAll(operand, 0)))
      return operand;
  return {};
}
