// Machine code against the interpreter, and against itself.
#ifndef RONDO_RUN_VERIFYCOMPILED_H
#define RONDO_RUN_VERIFYCOMPILED_H

#include "compiler/Run/Library.h"
#include "compiler/Run/Trial.h"
#include "compiler/Run/Verify.h"

namespace rondo::run {

/// Runs all properties on inputs made from the seed. `one` and `two`: the model's library with one thread and with two.
/// An error if the model cannot be run at all.
llvm::Expected<std::vector<Property>> verifyCompiled(rnn::ModelOp op, const dsl::Model &model,
                                                     const reference::Params &params, const VerifyOptions &options,
                                                     Library &one, Library &two);

/// The same of a model that feeds itself, in each way to choose; the libraries have the parameters.
llvm::Expected<std::vector<Property>> verifyGeneration(rnn::ModelOp op, const dsl::Model &model,
                                                       const reference::Params &params, const VerifyOptions &options,
                                                       Library &one, Library &two);

/// The gradients of a model: `backward` is what the gradient pass made of it, and what it is tried with. The libraries'
/// seed is that of the options.
llvm::Expected<std::vector<Property>> verifyGradients(rnn::ModelOp backward, const Trial &trial,
                                                      const VerifyOptions &options, Library &one, Library &two);

} // namespace rondo::run
#endif
