// The pass that writes adjoint equations; Passes.td describes it.
#ifndef RONDO_GRADIENT_PASSES_H
#define RONDO_GRADIENT_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace rondo::rnn {

std::unique_ptr<mlir::Pass> createGradientPass();

/// Makes the pass known to rondo-opt.
void registerGradientPasses();

} // namespace rondo::rnn
#endif
