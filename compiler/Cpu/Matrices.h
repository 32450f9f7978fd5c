// Kernels that take matrices of a row as wholes: products of two, neither of which is packed, and transposes.
#ifndef RONDO_CPU_MATRICES_H
#define RONDO_CPU_MATRICES_H

#include "compiler/Cpu/Code.h"

namespace rondo::cpu {

/// The kernel of an rnn.matmul, of an rnn.outer that is no sum over rows, or of an rnn.transpose of a matrix of floats.
/// None for other operations.
std::optional<Kernel> matrixKernel(mlir::Operation *op);

/// Its blocks: tiles of lines of a product; 0 of a transpose.
int64_t blocksOfMatrixKernel(const Kernel &kernel, const Isa &isa);

/// Computes blocks of the rows firstRow..endRow-1 with the operands at `table`.
void emitMatrixKernel(Code &code, const Kernel &kernel, mlir::Value table, mlir::Value firstRow, mlir::Value endRow,
                      mlir::Value firstBlock, mlir::Value endBlock);

} // namespace rondo::cpu
#endif
