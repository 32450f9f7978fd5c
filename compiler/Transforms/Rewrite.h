// What several passes of this folder need.
#ifndef RONDO_TRANSFORMS_REWRITE_H
#define RONDO_TRANSFORMS_REWRITE_H

#include "compiler/IR/Rnn.h"

namespace rondo::rnn {

/// True if each element of the result is made of those at its place, or of one number.
bool isElementwise(mlir::Operation *op);

/// A matrix of a tick that loops make and read by vectors: smaller ones cost less, as rows of all of time, than the steps
/// of a loop do.
bool isLargeMatrix(mlir::Type type);

/// An estimate of cost: true if `a` ticks less often than `b`. A coarser axis does, whatever is selected from the finer
/// one; on one axis a period says how often, and an event is taken to come at every fourth tick. A pair clock ticks more
/// often than any other; tensors, of the null clock, are computed once.
bool ticksLessOften(ClockInterface a, ClockInterface b);

/// Of a tick-local operation the one stream that changes from tick to tick: its other operands are tensors, or lifted or
/// constant. The first lifted one if none changes; null if several do.
mlir::Value movingOperand(mlir::Operation *op);

/// True if the operation makes zero of zero, whatever its operands other than `movingOperand` are.
bool mapsZeroToZero(mlir::Operation *op);

/// The same tick-local operation on other operands and on another clock, or on tensors if that is null.
mlir::Operation *createOnClock(mlir::OpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands,
                               ClockInterface clock);

/// The operations that lead to the first value of a chain, each result the `movingOperand` of the one ahead of it in the
/// list, made again on x, in place of what moves the last, and on its clock.
mlir::Value rebuild(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> chain, mlir::Value x);

/// The axis of a product's left operand that is summed over.
int64_t contractedAxis(MatmulOp product);

/// What is written to a state; null if nothing is.
NextOp writerOf(StateOp state);
llvm::SmallVector<ReadOp> readsOf(StateOp state);

/// Merges equal equations of the model; returns whether there were any.
bool mergeEqual(ModelOp model);

/// Merges states of equal next value, direction and scope: the earliest stays. Returns whether there were any.
bool mergeStates(ModelOp model);

/// Moves what is made of parameters and constants alone ahead of all else; returns the first operation behind.
mlir::Operation *hoistTensors(ModelOp model);

/// Moves each constant to its first user: where rewriting left it, its clock may not be defined yet.
void placeConstants(ModelOp model);

} // namespace rondo::rnn
#endif
