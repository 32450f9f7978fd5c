// Products of bf16 on AMX: a tile register holds 16 rows of 32 numbers, of weights 32 rows of 16 units, or 16 x 16 sums.
#ifndef RONDO_CPU_MATRIXUNIT_H
#define RONDO_CPU_MATRIXUNIT_H

#include "compiler/Cpu/KernelProducts.h"

namespace rondo::cpu {

/// What a kernel does to use it. The registers are the thread's: what a kernel sets up, it also releases.
class MatrixUnit {
public:
  explicit MatrixUnit(Code &code);
  /// Rows in a tile, about as many in each, for so many rows in all; the registers are set up for them.
  mlir::Value begin(mlir::Value rows);
  void end();

  /// The most rows that one call computes, two tiles.
  static constexpr int64_t mostRows = 32;

private:
  Code &code;
  mlir::Value setup;
};

/// As callTile. Operands have rows as RoundedRows makes them, and the sums room, for whole tiles; `tileRows`: of each.
void callMatrixTile(Code &code, int64_t blocks, int64_t gates, const TileArguments &arguments, mlir::Value tileRows);

} // namespace rondo::cpu
#endif
