// Functions that compute parts of products from packed weights. They are local to a module, and all its kernels share
// them: what a kernel does with the sums it reads from memory that they leave them in, which is still in the cache.
#ifndef RONDO_CPU_KERNELPRODUCTS_H
#define RONDO_CPU_KERNELPRODUCTS_H

#include "compiler/Cpu/Code.h"

namespace rondo::cpu {

/// How many sums fit into registers at once. A tile is rows times blocks times gates.
class Tiles {
public:
  /// `onMatrixUnit`: of products that are computed there, where a register holds many.
  Tiles(const Isa &isa, int64_t gates, bool onMatrixUnit = false);
  /// Of a tile of so many blocks.
  int64_t mostRows(int64_t blocks) const;
  /// Numbers of blocks to take together: powers of two up to this, for several rows, and for one.
  int64_t blocksForRows, blocksForOneRow;
  /// Of gates at once; more than these are computed in turns.
  int64_t gatesAtOnce;

private:
  int64_t budget, most;
};

/// What a tile is made of.
struct TileArguments {
  mlir::Value operand;      // runtime::Operand: the rows that the weights are multiplied with; for BF16 RoundedRows
  mlir::Value operandBytes; // where in a row
  mlir::Value row, rows;    // the first, and how many
  mlir::Value weights;      // of the first block
  mlir::Value scales;       // of the first block, for Int8
  mlir::Value depth;
  mlir::Value sums; // [rows][blocks][gates][lanes]
  /// What will be needed next: while the tile is computed it is asked for, so many bytes with each depth.
  mlir::Value next, nextStep;
};
/// `isHalved`: each sum is that of its first half and that of the second.
void callTile(Code &code, WeightFormat format, bool isHalved, int64_t blocks, int64_t gates,
              const TileArguments &arguments);

/// Computes m sums along lanes: weights [k/lanes rounded up][m][lanes], behind their scales if they have some, times x,
/// k numbers in memory.
void callSums(Code &code, const PackLayout &layout, mlir::Value x, mlir::Value weights, mlir::Value sums);

} // namespace rondo::cpu
#endif
