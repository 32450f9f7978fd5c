#include "compiler/Cpu/RowAddress.h"

#include "runtime/Plan.h"
#include <cstddef>

using namespace mlir;

namespace rondo::cpu {

RowAddress::RowAddress(Code &code, Value operand) {
  using runtime::Operand;
  base = code.load(code.pointer, code.at(operand, offsetof(Operand, base)));
  rows = code.load(code.pointer, code.at(operand, offsetof(Operand, rows)));
  stride = code.load(code.i64, code.at(operand, offsetof(Operand, stride)));
  isInOrder = code.isNull(rows);
}

/// Without a branch: if there is no list, a zero is read in its place, and i added to it.
Value RowAddress::of(Code &code, Value i) const {
  auto zeroType = RankedTensorType::get({1}, code.i32);
  Value zero = code.table(DenseElementsAttr::get(zeroType, int32_t(0)));
  Value listed = code.select(isInOrder, zero, code.at(rows, code.shiftLeft(i, 2)));
  Value row =
      code.add(code.widenSigned(code.load(code.i32, listed), code.i64), code.select(isInOrder, i, code.index(0)));
  return code.at(base, code.mul(row, stride));
}

} // namespace rondo::cpu
