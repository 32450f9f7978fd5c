// What a kernel by lines makes of all lines of a row: folds that go on from one line to the next, and rows to which each
// line adds. Of rows that are few vectors these are in registers, and the loop over their blocks is unrolled; others are
// in memory.
#ifndef RONDO_CPU_LINETOTALS_H
#define RONDO_CPU_LINETOTALS_H

#include "compiler/Cpu/KernelValues.h"

namespace rondo::cpu {

class LineTotals {
public:
  LineTotals(Code &code, const KernelParts &parts, KernelValues &values);

  bool isUnrolled() const { return unrolled; }
  /// What the first line goes on from.
  Code::Values start();
  /// Which of what is carried is of the fold, if that goes on.
  std::optional<unsigned> placeOf(const FoldPart &fold) const;
  /// Adds a block of a line. `number`: the block's, where the loop is unrolled.
  void meetBlock(mlir::Value block, int64_t number, llvm::MutableArrayRef<mlir::Value> carried);
  /// Stores a fold, all of whose lanes have met.
  void storeFold(const FoldPart &fold, mlir::Value one);
  /// Stores a block of each row.
  void storeBlock(mlir::Value block, int64_t number, mlir::ValueRange carried);

private:
  /// A Store operand that is a row.
  struct Row {
    unsigned operand;
    unsigned place;     // of its first block among what is carried
    mlir::Value memory; // if it is not carried
  };
  const KernelOperand &operandOf(const Row &row) const { return parts.kernel.operands[row.operand]; }
  mlir::Value addressOf(const Row &row, mlir::Value block);
  mlir::Value vectorOf(const Row &row, mlir::Value block, int64_t number, mlir::ValueRange carried);
  mlir::Value met(const Row &row, mlir::Value before);

  Code &code;
  const KernelParts &parts;
  KernelValues &values;
  bool unrolled;
  llvm::SmallVector<Row> rows;
  llvm::SmallVector<const FoldPart *> folds;
};

} // namespace rondo::cpu
#endif
