// Changing what pars and scans give.
#ifndef RONDO_SCHEDULE_GROUPS_H
#define RONDO_SCHEDULE_GROUPS_H

#include "compiler/IR/Step.h"

namespace rondo::schedule {

inline mlir::Operation *yieldOf(mlir::Operation *group) { return group->getRegion(0).front().getTerminator(); }

/// The group with these values of its body as results; of those that it had, what is not among them must be unused.
step::ScanOp withResults(step::ScanOp loop, llvm::ArrayRef<mlir::Value> values);
step::ParOp withResults(step::ParOp par, llvm::ArrayRef<mlir::Value> values);

/// The loop without results that nobody uses.
step::ScanOp withoutUnused(step::ScanOp loop);

/// Leaves out of a par what nobody uses any more; results of it that stand above are these values themselves.
void withoutUnused(step::ParOp par);

} // namespace rondo::schedule
#endif
