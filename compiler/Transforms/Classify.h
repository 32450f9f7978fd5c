// What is known of a model's loops and values before they are scheduled.
#ifndef RONDO_TRANSFORMS_CLASSIFY_H
#define RONDO_TRANSFORMS_CLASSIFY_H

#include "compiler/Transforms/Condensation.h"

namespace rondo::rnn {

/// How elements of one value depend on those of another, the simpler first.
enum class Jacobian { Zero, Identity, Diagonal, Dense };

/// A loop can be scanned in parallel if it is affine in its state and at most diagonal.
struct LoopFacts {
  bool reverse = false;                       // the direction of all its slots
  llvm::SmallVector<ClockInterface> clocks;   // of its values, in the order of the block
  llvm::SmallVector<mlir::Operation *> slots; // its states and accumulators
  int degree = 0;                     // of what is written, in the state: 2 stands for more, and for no polynomial
  Jacobian jacobian = Jacobian::Zero; // of what is written, by the state; between two slots it is zero or dense
  bool freeCoefficients = true;       // nothing that the state is multiplied by or chosen with is made of it
  mlir::Operation *bend = nullptr;    // the first operation that makes it not affine
  mlir::Operation *bent = nullptr;    // the slot whose value that is
  mlir::Operation *mix = nullptr;     // the first operation that makes it dense

  bool isAffine() const { return degree <= 1 && freeCoefficients; }
};

LoopFacts classifyLoop(const Component &loop);

/// What is known of each value of a model.
class ValueFacts {
public:
  explicit ValueFacts(ModelOp model);

  /// True if the value is the same for every sample: it is made of tensors, constants and forward tick counts alone, and
  /// no segment, event or end of a sample decides where it is seen.
  bool isUniform(mlir::Value value) const { return !various.contains(value); }

  /// When the value at a tick can be known: null at that tick; else at the next tick of this clock or, if that is
  /// `sample`, at the end of the sequence.
  ClockInterface knownAt(mlir::Value value) const { return known.lookup(value); }

private:
  bool isVarious(mlir::Operation *op) const;
  bool isVarious(ClockInterface clock) const;
  bool isVarious(ScopeAttr scope) const;
  ClockInterface knownAt(mlir::Operation *op) const;
  ClockInterface ticksKnownAt(mlir::Operation *op) const;

  llvm::DenseSet<mlir::Value> various; // not uniform
  llvm::DenseMap<mlir::Value, ClockInterface> known;
  llvm::DenseMap<EventClockAttr, mlir::Value> conditions;
};

} // namespace rondo::rnn
#endif
