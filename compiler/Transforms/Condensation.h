// The loops of a model: its equations, condensed.
#ifndef RONDO_TRANSFORMS_CONDENSATION_H
#define RONDO_TRANSFORMS_CONDENSATION_H

#include "compiler/IR/Rnn.h"
#include "llvm/ADT/DenseMap.h"

namespace rondo::rnn {

/// A strongly connected component of the equations: a loop, or one equation by itself, which is time-parallel.
struct Component {
  llvm::SmallVector<mlir::Operation *, 1> ops;   // in the order of the block
  bool isLoop() const { return ops.size() > 1; } // an equation alone cannot need itself: a slot has two
};

/// Where a value is made and how often it changes, seen through crossings and through what can be moved across them.
/// Values of one origin are there at one time.
struct Origin {
  const Component *loop = nullptr;
  ClockInterface clock; // null: never
  bool operator==(const Origin &other) const { return loop == other.loop && clock == other.clock; }
};

/// An equation needs those of its operands; a read or a take the writers of its slot; all that ticks or restarts by an
/// event, or reads a slot that does, the definition of the event. Invalid as soon as an operation is erased; of later
/// ones it knows nothing.
class Condensation {
public:
  explicit Condensation(ModelOp model);

  /// What a component needs stands in front of it.
  llvm::ArrayRef<Component> components() const { return list; }
  const Component &of(mlir::Operation *op) const;
  /// The loop that an operation is part of; null if it is in none.
  const Component *loopOf(mlir::Operation *op) const;
  Origin originOf(mlir::Value value) const;

private:
  std::vector<Component> list;
  llvm::DenseMap<mlir::Operation *, size_t> indices;
};

} // namespace rondo::rnn
#endif
