// The passes from `rnn` to `rnn`; Passes.td describes each.
#ifndef RONDO_TRANSFORMS_PASSES_H
#define RONDO_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace rondo::rnn {

std::unique_ptr<mlir::Pass> createSimplifyPass();
std::unique_ptr<mlir::Pass> createNarrowSlotsPass();
std::unique_ptr<mlir::Pass> createDeadStatePass();
std::unique_ptr<mlir::Pass> createSplitProductsPass();
std::unique_ptr<mlir::Pass> createCommuteCrossingsPass();
std::unique_ptr<mlir::Pass> createMergeProductsPass();
std::unique_ptr<mlir::Pass> createChainSumsPass();
std::unique_ptr<mlir::Pass> createMergeSumsPass();
std::unique_ptr<mlir::Pass> createOrderSumsPass();
std::unique_ptr<mlir::Pass> createOrientMatricesPass();
/// Remarks on loops and outputs; changes nothing.
std::unique_ptr<mlir::Pass> createClassifyPass();

/// Makes the passes known to rondo-opt.
void registerTransformPasses();

} // namespace rondo::rnn
#endif
