// What several passes of this folder need.
#ifndef RONDO_TRANSFORMS_REWRITE_H
#define RONDO_TRANSFORMS_REWRITE_H

#include "compiler/IR/Rnn.h"

namespace rondo::rnn {

/// True if the operation's result at a tick (of a pair clock: at a row of a tick) depends on its operands at that very
/// tick alone, so that it can be computed on any clock on which its operands are there.
bool isTickLocal(mlir::Operation *op);

/// True for a tick-local operation that only moves, repeats or drops elements.
bool isMovement(mlir::Operation *op);

/// True if each tick of `coarse` is also a tick of `fine`, at the same place; of pair clocks, for the same rows. One tick
/// has no other: that of `sample` where there are no ticks at all.
bool isSelection(ClockInterface coarse, ClockInterface fine);

/// Merges equal equations of the model; returns whether there were any.
bool mergeEqual(ModelOp model);

/// Moves each constant to its first user: where rewriting left it, its clock may not be defined yet.
void placeConstants(ModelOp model);

} // namespace rondo::rnn
#endif
