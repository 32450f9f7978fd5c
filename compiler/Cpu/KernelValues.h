// The code of values in registers: made where they are first asked for, from what they are computed from.
#ifndef RONDO_CPU_KERNELVALUES_H
#define RONDO_CPU_KERNELVALUES_H

#include "compiler/Cpu/KernelParts.h"
#include "compiler/Cpu/RowAddress.h"

namespace rondo::cpu {

/// A block of columns, for which there is code.
struct ColumnBlock {
  mlir::Value column; // the first
  Columns columns;    // those that it may be about
  int64_t firstLane = 0, endLane = 0;
  mlir::Value mask;   // lanes that count, if this is not known when code is made
  mlir::Value number; // among the blocks of a tile's rows, which have their sums in memory
};

class KernelValues {
public:
  /// `table`: the address of the kernel's operands.
  KernelValues(Code &code, const KernelParts &parts, mlir::Value table);

  //===--- Where the code is that is made from now on ---===//
  /// Computes what products are needed as a whole, for a row and its place in its tile.
  void computeWholes(mlir::Value row, mlir::Value place);
  void beginRow(mlir::Value row, mlir::Value place);
  /// A row whose lines are to come.
  void beginLines(mlir::Value row);
  void beginLine(mlir::Value line);
  void beginBlock(const ColumnBlock &block);

  //===--- Values ---===//
  /// The lanes of the block; the others hold anything.
  mlir::Value lanes(const Source &source) { return read(source, block.firstLane, block.endLane); }
  /// A value that is the same for all columns. Those that blocks need are asked for ahead of them.
  mlir::Value single(const Source &source);
  void setSingle(const Source &source, mlir::Value value) { singles[source] = value; }

  /// Asks for what a group of blocks reads of a row.
  void prefetch(mlir::Value row, mlir::Value block, mlir::Value group);
  /// The same of what it writes: a line is read before a part of it is written.
  void prefetchStores(mlir::Value row, mlir::Value block, mlir::Value group);

  void storeLanes(unsigned operand, mlir::Value value);
  void storeSingle(unsigned operand, mlir::Value value);

  /// The memory for the sums of a product's tile.
  mlir::Value sumsOf(const Product &product) const { return sums[&product - parts.products.begin()]; }
  mlir::Value addressOf(unsigned weights) const { return operands.at(weights).base; }
  /// Where the table has it.
  mlir::Value tableEntry(unsigned operand);
  /// True if rows of all operands lie behind one another.
  mlir::Value isDense();

private:
  void prefetch(unsigned operand, int64_t element, mlir::Value row, mlir::Value block, mlir::Value group);
  void store(unsigned operand, mlir::Value value, mlir::Value address, mlir::Value mask);
  mlir::Value read(const Source &source, int64_t first, int64_t end);
  mlir::Value compute(const Source &source, int64_t first, int64_t end);
  mlir::Value joined(const Source &source, int64_t first, int64_t end);
  mlir::Value fromMemory(mlir::Type element, mlir::Value base, int64_t at, int64_t first, int64_t end);
  mlir::Value tableOf(rnn::ConstOp constant);
  mlir::Value maskOf(int64_t first, int64_t end);
  int64_t lanesOfBlock() const { return code.target.lanes(); }
  unsigned firstInRowOf(unsigned operand) const { return parts.kernel.operands[operand].inRowOf.value_or(operand); }
  mlir::Value addressOfRow(unsigned operand, mlir::Value row);
  std::map<unsigned, mlir::Value> addressesOfRow(mlir::Value row);
  mlir::Value wholeOf(const Product &product, mlir::Value place);
  mlir::Type typeOf(unsigned operand) const { return parts.kernel.operands[operand].value.getType(); }

  Code &code;
  const KernelParts &parts;
  mlir::Value table;
  std::map<unsigned, RowAddress> operands;
  Code::Values sums;

  std::map<unsigned, mlir::Value> rows; // addresses of the row, or its line
  std::map<unsigned, mlir::Value> firstLines;
  mlir::Value place;
  llvm::DenseMap<Source, mlir::Value> singles;
  ColumnBlock block;
  llvm::DenseMap<std::tuple<Source, int64_t, int64_t>, mlir::Value> known; // in the block
};

} // namespace rondo::cpu
#endif
