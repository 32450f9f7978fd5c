// A kernel taken apart: where the elements that it computes come from, and in what order. Both the layouts that kernels
// want and their code follow from this.
#ifndef RONDO_CPU_KERNELPARTS_H
#define RONDO_CPU_KERNELPARTS_H

#include "compiler/Cpu/Kernel.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <optional>
#include <set>
#include <tuple>

namespace rondo::cpu {

/// Elements of a value: for each column the one at `element` + column; if uniform, the one at `element` for all.
struct Source {
  mlir::Value value;
  int64_t element = 0;
  bool uniform = false;
  auto key() const { return std::make_tuple(value, element, uniform); }
  bool operator==(const Source &other) const { return key() == other.key(); }
};

} // namespace rondo::cpu

template <> struct llvm::DenseMapInfo<rondo::cpu::Source> {
  using Source = rondo::cpu::Source;
  using Values = llvm::DenseMapInfo<mlir::Value>;
  static Source getEmptyKey() { return {Values::getEmptyKey()}; }
  static Source getTombstoneKey() { return {Values::getTombstoneKey()}; }
  static unsigned getHashValue(const Source &source) {
    return llvm::hash_combine(source.value, source.element, source.uniform);
  }
  static bool isEqual(const Source &a, const Source &b) { return a == b; }
};

namespace rondo::cpu {

/// Columns begin..end-1.
struct Columns {
  int64_t begin = 0, end = 0;
};

/// One of the values behind one another in a place of a concat or a pad.
struct Piece {
  std::optional<Source> source; // none: zeros
  Columns columns;
};

struct Product {
  mlir::Value value;
  unsigned weights = 0, operand = 0; // operands of the kernel: Weights, and the Load that holds the right operand,
  int64_t operandElement = 0;        // which begins at this element
  int64_t m = 0, k = 0;
  /// If `whole`, all elements of the product are computed ahead of the row, each as a sum along lanes. Else, block for
  /// block, those of the gates meet in the lanes of a unit.
  bool whole = false;
  PackLayout layout;
  /// The sum is that of its first half of the depth and that of the second.
  bool isHalved = false;
  /// Where this is 0 the product makes no difference. Of the block's columns, or of the row.
  std::optional<Source> guard;
};

/// Of all columns of `x`; with `w`, of x * w.
struct FoldPart {
  mlir::Value value;
  rnn::Reduction kind = rnn::Reduction::Sum;
  Source x;
  std::optional<Source> w;
};

/// A walk over all columns of a row. A value that depends on folds is computed in a later pass than what they fold.
struct Pass {
  llvm::SmallVector<FoldPart> folds;
  llvm::SmallVector<unsigned> stores; // operands
  llvm::SetVector<Source> uniforms;   // what columns need that is the same for all of them
};

/// Blocks first..end-1 of columns. No place where values of a concat meet lies inside of one, unless it is one block.
struct Segment {
  int64_t first = 0, end = 0;
  Columns columns;
};

class KernelParts {
public:
  /// `alongRows`: the columns are all elements of all rows, which lie dense in memory.
  KernelParts(const Kernel &kernel, const Isa &isa, bool alongRows = false);

  /// What of it has no code, if something has not.
  const std::string &problem() const { return message; }

  const Kernel &kernel;
  const Isa &target;
  const bool alongRows;
  llvm::SmallVector<Product> products; // in the order of the Weights
  bool onMatrixUnit = false;           // products of gates are computed there, for any number of rows
  llvm::SmallVector<Pass> passes;
  llvm::SmallVector<unsigned> scalars; // Store operands with one element, computed behind the passes
  llvm::SmallVector<Segment> segments; // none if there are no columns
  int64_t blocks() const { return segments.empty() ? 0 : segments.back().end; }
  std::set<unsigned> touched; // operands of which elements are read or written, but by products of gates
  /// Of streams that are read block by block: operands, and the elements that go with the first column.
  std::set<std::pair<unsigned, int64_t>> streams;

  /// The operand from which a value is loaded, if it is.
  int64_t width() const { return kernel.width; }
  std::optional<unsigned> loaded(mlir::Value value) const;
  const Product *product(mlir::Value value) const;
  bool hasFolds() const;
  bool hasGates() const; // products that meet in units
  int64_t mostGates() const;
  bool hasWholes() const; // products computed as a whole

  /// Through operations that only move elements, to what is read or computed.
  Source resolve(mlir::Value value, int64_t element, bool uniform) const;
  Source resolve(mlir::Value operand, const Source &of) const { return resolve(operand, of.element, of.uniform); }
  /// What the columns of a source of a concat or pad consist of; nothing for other operations.
  llvm::SmallVector<Piece> pieces(const Source &source, Columns columns) const;

private:
  void fail(const llvm::Twine &problem);
  void addOperands();
  unsigned passOf(mlir::Value value);
  void visit(const Source &source, Columns columns, int pass);
  void visitOperand(const Source &child, const Source &of, Columns columns, int pass);
  void visitFold(mlir::Value fold);
  void finishProducts();
  void finishPairs();
  void finishSegments();
  void findGuards();

  std::string message;
  llvm::DenseMap<mlir::Value, unsigned> loads, productIndices, passNumbers;
  llvm::DenseSet<std::tuple<Source, int64_t, int64_t, int>> visited;
  llvm::DenseSet<mlir::Value> knownFolds;
  std::set<int64_t> breaks;                            // columns
  llvm::SmallVector<std::set<int64_t>> gates, singles; // of each product: elements needed in columns, and otherwise
};

} // namespace rondo::cpu
#endif
