// Generated functions: each computes, for every row of a window, some values of one group of equations from values that
// are in memory. Products, what is pointwise, and the layout operations between them happen in registers.
#ifndef RONDO_CPU_KERNEL_H
#define RONDO_CPU_KERNEL_H

#include "compiler/IR/Rnn.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/Plan.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rondo::cpu {

using runtime::WeightFormat;

/// What the machine code may use, and how it finds weights.
struct Isa {
  enum class Level { X86_64_v2, X86_64_v3, X86_64_v4, Aarch64 };
  Level level = Level::X86_64_v4;
  WeightFormat weights = WeightFormat::F32;
  // Of v4, for BF16. What has tiles has pairs too, but these are no faster there than products of widened numbers.
  bool hasPairs = false; // sums of products of two numbers, AVX512_BF16
  bool hasTiles = false; // AMX_BF16
  /// f32 in a vector register: the width of a block of columns.
  int64_t lanes() const { return level == Level::X86_64_v4 ? 16 : level == Level::X86_64_v3 ? 8 : 4; }
};

/// A row of memory that a kernel reads or writes; the i-th of its function's operand table.
struct KernelOperand {
  enum class Kind {
    Load,    // rows of `value`, all of its elements
    Weights, // the packed left operand of the product whose result is `value`; its right operand is among the loads
    Store,   // `value` is computed and written
  };
  Kind kind;
  mlir::Value value;
  int64_t lineBytes = 0; // from one line to the next, in a kernel by lines
  /// Of a store in a kernel by lines: what is written behind the last one is this of all lines' values.
  std::optional<rnn::Reduction> overLines = {};
  bool isProduct = false; // there the value is a product, which is rounded with the sum
  bool isAdded = false;   // of a store: the value is added to what is there
  /// It is in the row of that operand, so many bytes from it: one address serves both.
  std::optional<unsigned> inRowOf = {};
  int64_t distance = 0;
};

/// What is stored may lie where the same element is loaded, unless a product or a fold reads it there.
///
/// All stored values have `width` elements, except results of `rnn.fold .. all` (and of products with a row, which are
/// such folds): they have one, of an operand that has `width`. A value that is neither loaded nor a product given here
/// is computed from its operands, element by element, where it is needed; what needs a fold of the row too, in another
/// walk over the row.
///
/// With several `lines`, a row is as many lines, one behind another, each of which is computed as a row is: values are
/// those of a line, `width` elements of it, in a `body` of the kernel's own. They are needed behind no fold. See
/// MatrixLines.h.
struct Kernel {
  int64_t width = 0;
  int64_t lines = 1;
  bool isOfMatrices = false; // the stored value is an operation on the loads as wholes, see Matrices.h
  bool isInLoop = false;     // step after step, often for one row: what counts is how long one takes
  std::vector<KernelOperand> operands;
  std::shared_ptr<mlir::Block> body;
};

/// How a kernel wants a left operand W: [m,k] (or [k,m] if transposed) packed, see OpCode::Pack. Gates are the columns
/// (elements of the product) at which the parts that meet in one unit begin; they may lie outside of W, where a product
/// is joined to other values. A kernel that wants to add up along lanes exchanges m and k.
struct PackLayout {
  int64_t m = 0, k = 0;
  bool transposed = false;
  int64_t lanes = 0, units = 0;
  llvm::SmallVector<int64_t> gates;
  WeightFormat format = WeightFormat::F32;
  int64_t group = 1, depth = 0; // numbers of consecutive k side by side, and how many groups there are
  bool isScaledByK = false;     // where m and k are exchanged
  int64_t blocks() const { return (units + lanes - 1) / lanes; }
  int64_t blockBytes() const { return depth * int64_t(gates.size()) * lanes * group * bytesOf(format); }
  /// Of the scales in front.
  int64_t scaleBytes() const;
  int64_t bytes() const { return scaleBytes() + blocks() * blockBytes(); }
  /// As the operation has it.
  std::vector<int64_t> numbers() const;
};

/// True if a kernel can compute the result from its operands' elements: pointwise operations, select, compare, convert,
/// scale, lift, const, reshape, stop, straight, and repeat of a scalar; split, slice, pad and concat (of a few parts)
/// where all that is ahead of their axis has extent one. (Not products and folds, which have rules of their own: see
/// Kernel.)
bool isElementwise(mlir::Operation *op);

/// True for a product that a kernel can compute from packed weights: of a tensor and a vector.
bool isPackedProduct(mlir::Operation *op);

/// True for a fold to one element that a kernel can compute over its columns, a product of two vectors included.
bool isWholeFold(mlir::Operation *op);

/// The layout of each Weights operand, in the order of the operands.
std::vector<PackLayout> layoutsOf(const Kernel &kernel, const Isa &isa);

/// Blocks of columns, or lines, into which the work on a row can be divided, 0 if it cannot (there are folds).
int64_t blocksOf(const Kernel &kernel, const Isa &isa);

/// Adds to the module an LLVM function of the type runtime::Kernel.
mlir::LogicalResult emitKernel(const Kernel &kernel, llvm::StringRef name, const Isa &isa, mlir::ModuleOp module);

/// A text that is equal for kernels with the same code: emitted once, used by all.
std::string signatureOf(const Kernel &kernel, const Isa &isa);

} // namespace rondo::cpu
#endif
