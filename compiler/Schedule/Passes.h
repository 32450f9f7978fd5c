// The passes from `rnn` to `step`, and from `step` to `step`; Passes.td describes each.
#ifndef RONDO_SCHEDULE_PASSES_H
#define RONDO_SCHEDULE_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace rondo::schedule {

std::unique_ptr<mlir::Pass> createExpandAccumsPass();
std::unique_ptr<mlir::Pass> createFormScansPass();
std::unique_ptr<mlir::Pass> createFormStepPass();
std::unique_ptr<mlir::Pass> createFormGeneratePass();
std::unique_ptr<mlir::Pass> createNestMatricesPass();
std::unique_ptr<mlir::Pass> createNestSumsPass();
std::unique_ptr<mlir::Pass> createBatchSegmentsPass();
std::unique_ptr<mlir::Pass> createParallelScanPass();
std::unique_ptr<mlir::Pass> createExpandMemoryPass();
std::unique_ptr<mlir::Pass> createPlanTapePass();
std::unique_ptr<mlir::Pass> createFormChunksPass();
std::unique_ptr<mlir::Pass> createFormWavesPass();

/// Makes the passes known to rondo-opt.
void registerSchedulePasses();

} // namespace rondo::schedule
#endif
