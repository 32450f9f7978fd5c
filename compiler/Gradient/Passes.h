// The passes that write adjoint equations, and what they are written for; Passes.td describes each.
#ifndef RONDO_GRADIENT_PASSES_H
#define RONDO_GRADIENT_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace rondo::rnn {

/// A unit attribute of models whose inputs' gradients nobody asks for.
constexpr llvm::StringLiteral fixedInputsName = "fixed_inputs";

std::unique_ptr<mlir::Pass> createGradientPass();
std::unique_ptr<mlir::Pass> createFormWindowsPass();

/// Makes the passes known to rondo-opt.
void registerGradientPasses();

} // namespace rondo::rnn
#endif
