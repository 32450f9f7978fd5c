// What a model that computes gradients gives, against differences of what the model itself computes.
#ifndef RONDO_RUN_DIFFERENCES_H
#define RONDO_RUN_DIFFERENCES_H

#include "compiler/Reference/Interpreter.h"
#include "compiler/Run/Verify.h"

namespace rondo::run {

/// Interprets `backward`, which was made of `op`, on made-up inputs, in double precision, and holds the gradients to all
/// parameters and inputs against differences of the sum of losses; where there is none, of the sum of outputs times
/// random numbers. `params`: those of the model, or null to make them up too.
llvm::Expected<Property> verifyDifferences(rnn::ModelOp op, rnn::ModelOp backward, const reference::Params *params,
                                           const VerifyOptions &options);

} // namespace rondo::run
#endif
