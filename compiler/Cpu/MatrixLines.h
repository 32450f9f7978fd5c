// Matrices line by line. What spreads vectors over a matrix, or sums its lines, needs numbers of other places than a
// kernel's column: the line's number of one vector, and the column's of another.
//
//   %u = rnn.matmul %k, %v : 64x1, 1x64        // line i is k[i] times v
//   %C = rnn.add (rnn.scale %f, %old), %u
//   %y = rnn.matmul %C, %q : 64x64, 64         // y[i] is the sum of line i times q
//   %z = rnn.matmul transposed %C, %p          // z is the sum, over all lines, of line i times p[i]
//
// A kernel computes such a matrix as if each line were a row: [64] instead of [64,64], and k[i], p[i] and y[i] are numbers.
#ifndef RONDO_CPU_MATRIXLINES_H
#define RONDO_CPU_MATRIXLINES_H

#include "compiler/Cpu/Kernel.h"
#include "llvm/ADT/DenseMap.h"

namespace rondo::cpu {

/// True for what a kernel by lines makes of all elements of a matrix: the sum of each line (or what is largest there), of
/// each column, or of all of it; where it is a product, of elements times those of a vector. All are of a clock.
bool isMatrixFold(mlir::Operation *op);

/// What the operation reads where a kernel computes it line by line: of its operands what these are but for shape.
llvm::SmallVector<mlir::Value> operandsByLine(mlir::Operation *op);

/// Which values of a group are computed line by line.
class MatrixLines {
public:
  explicit MatrixLines(mlir::Block &block);
  /// How many lines the kernel goes through that computes the value; 1: it does not.
  int64_t of(mlir::Value value) const { return lines.lookup_or(value, 1); }
  /// Whether the value is seen by the kernel that computes the operation as one of its own lines.
  static bool isMatrixOf(mlir::Operation *op, mlir::Value operand);

private:
  llvm::DenseMap<mlir::Value, int64_t> lines;
};

/// A kernel by lines, whose operands are of the equations, as one whose rows are the lines. `from`: the operand of the
/// given kernel that each operand of the result is.
Kernel byLines(const Kernel &kernel, int64_t lines, llvm::SmallVectorImpl<unsigned> &from);

} // namespace rondo::cpu
#endif
