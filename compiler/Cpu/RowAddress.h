// Where rows of an operand (runtime::Operand) lie.
#ifndef RONDO_CPU_ROWADDRESS_H
#define RONDO_CPU_ROWADDRESS_H

#include "compiler/Cpu/Code.h"

namespace rondo::cpu {

class RowAddress {
public:
  /// Reads the operand at an address.
  RowAddress(Code &code, mlir::Value operand);
  /// Row i of the window.
  mlir::Value of(Code &code, mlir::Value i) const;

  mlir::Value base, rows, stride;
  mlir::Value isInOrder; // rows is null
};

} // namespace rondo::cpu
#endif
