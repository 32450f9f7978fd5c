// The right operands of products whose weights are BF16: rows are rounded to it once, and read many times.
#ifndef RONDO_CPU_ROUNDEDROWS_H
#define RONDO_CPU_ROUNDEDROWS_H

#include "compiler/Cpu/KernelParts.h"
#include "compiler/Cpu/RowAddress.h"

namespace rondo::cpu {

/// To nearest, ties to even: of f32 vectors, which have the results in their upper halves.
mlir::Value roundToBf16(Code &code, mlir::Value x);

/// Memory of a kernel for rows of all operands of its products of gates: [row][k to a multiple of what is read at once],
/// as bf16 where the machine multiplies these, else as f32; zeros behind k.
class RoundedRows {
public:
  /// `table`: the kernel's operands; `most`: rows at a time.
  RoundedRows(Code &code, const KernelParts &parts, mlir::Value table, int64_t most);

  /// Of the window's rows first..end-1, which are the rows 0.. here.
  void round(mlir::Value first, mlir::Value end);
  /// runtime::Operand, whose rows begin with what the product needs.
  mlir::Value operandOf(const Product &product) const;

private:
  struct Rows {
    const Product *product; // one that needs them
    int64_t rowBytes;
    mlir::Value memory, operand;
  };
  const Rows *find(const Product &product) const;

  Code &code;
  mlir::Value table;
  bool areNarrow; // bf16
  std::vector<Rows> all;
};

} // namespace rondo::cpu
#endif
