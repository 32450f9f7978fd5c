// What the verifiers of the dialects `rnn` and `step` have in common.
#ifndef RONDO_IR_VERIFY_H
#define RONDO_IR_VERIFY_H

#include "compiler/IR/Rnn.h"

namespace rondo::rnn {

/// The cuts of a scope lie on the axis of the clock that they cut.
mlir::LogicalResult verifyScope(mlir::Operation *op, ClockInterface clock);

/// Of an operation with a scope whose result is its operand on another clock: shape and elements stay, and both clocks
/// and all cuts are of one root.
mlir::LogicalResult verifyCrossing(mlir::Operation *op, llvm::StringRef rule);

/// True if the value at a tick depends on ticks on both sides of it.
bool looksBothWays(mlir::Operation *op);

/// What surrounds the equations of `op`: its inputs and their names, and the outputs.
mlir::LogicalResult verifyPorts(mlir::Operation *op, mlir::Block &block, mlir::ArrayAttr inputs);

/// What equations, in their order, demand of each other: names, one writer a slot, events above what ticks by them.
/// `allTicks`: an operation whose equations are computed at all ticks before the next one, so that events which end a
/// scope behind their tick must stand above too; null if there is none.
mlir::LogicalResult verifyEquations(llvm::ArrayRef<mlir::Operation *> equations, mlir::Block &block,
                                    mlir::ArrayAttr inputs, mlir::Operation *allTicks = nullptr);

} // namespace rondo::rnn
#endif
