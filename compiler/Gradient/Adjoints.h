// The adjoints of one set of losses while they are written, and the rules by which each operation hands on its own.
#ifndef RONDO_GRADIENT_ADJOINTS_H
#define RONDO_GRADIENT_ADJOINTS_H

#include "compiler/Gradient/Activity.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

namespace rondo::rnn {

class Adjoints {
public:
  /// Writes with `builder`, behind all of the forward equations. `prefix` begins the paths of the slots that adjoints
  /// flow through.
  Adjoints(mlir::OpBuilder &builder, const Activity &activity, llvm::StringRef prefix)
      : builder(builder), activity(activity), prefix(prefix) {}

  /// Hands the adjoints of an operation's results on to its operands; the operations come last to first.
  mlir::LogicalResult transpose(mlir::Operation *op);

  /// True if the value has an adjoint that is wanted and that need not be zero.
  bool wants(mlir::Value value) const { return activity.isActive(value); }
  /// Adds to a value's adjoint; to that of a tensor the total of what is a stream, to each tick of a stream what is a
  /// tensor. Does nothing where it is not wanted.
  void add(mlir::Value value, mlir::Value adjoint);
  /// The sum of all that was added; null if nothing was.
  mlir::Value of(mlir::Value value);

  //===--- For rules: equations at the operation's place in the source ---===//

  template <typename Op, typename... Arguments> mlir::Value make(Arguments &&...arguments) {
    return builder.create<Op>(place, std::forward<Arguments>(arguments)...).getResult();
  }
  mlir::Value constant(mlir::Type type, double number);
  /// A tensor at every tick of the clock; what is a stream, and all where the clock is null, as it is.
  mlir::Value lifted(mlir::Value x, ClockInterface clock);
  mlir::Value compare(Predicate predicate, mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) { return make<SelectOp>(condition, a, b); }
  /// The value where the condition holds, else zero.
  mlir::Value where(mlir::Value condition, mlir::Value x);
  mlir::Value times(mlir::Value x, double factor);
  mlir::Value crossed(mlir::Value x, ClockInterface clock, bool reverse, ScopeAttr scope);
  mlir::Value reduced(Reduction kind, mlir::Value x, ClockInterface clock, bool reverse, ScopeAttr scope,
                      bool toSource = false);
  /// The value repeated along an axis that it lacks, or along all where there is none: of this shape then.
  mlir::Value spread(mlir::Value x, llvm::ArrayRef<int64_t> shape, std::optional<int64_t> axis);
  mlir::Value transposed(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  mlir::Value reshaped(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value folded(mlir::Value x, std::optional<int64_t> axis); // their sum
  mlir::Value padded(mlir::Value x, int64_t begin, int64_t end, int64_t size, int64_t axis);

  /// The slot through which the adjoints of another one flow; made when it is first asked for.
  mlir::Value dualOf(mlir::Operation *slot);

private:
  void joinPads(llvm::SmallVectorImpl<mlir::Value> &terms);

  mlir::OpBuilder &builder;
  const Activity &activity;
  llvm::StringRef prefix;
  mlir::Location place = builder.getUnknownLoc();
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value, 2>> terms; // of sums
  llvm::DenseMap<mlir::Operation *, mlir::Value> duals;
};

// The rules, by families of operations: `dy` is the adjoint of the one result. False: of another family.
bool transposePointwise(Adjoints &adjoints, mlir::Operation *op, mlir::Value dy);
bool transposeProduct(Adjoints &adjoints, mlir::Operation *op, mlir::Value dy);
bool transposePart(Adjoints &adjoints, mlir::Operation *op, mlir::Value dy);
bool transposeRows(Adjoints &adjoints, mlir::Operation *op, mlir::Value dy);
bool transposeCrossing(Adjoints &adjoints, mlir::Operation *op, mlir::Value dy);

} // namespace rondo::rnn
#endif
