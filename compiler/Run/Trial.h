// Trying out a model or a schedule of which nothing but the IR is known: made-up parameters and ragged inputs, and the
// outcomes of two of them held against each other.
#ifndef RONDO_RUN_TRIAL_H
#define RONDO_RUN_TRIAL_H

#include "compiler/Reference/Interpreter.h"
#include "compiler/Run/Verify.h"

namespace rondo::run {

struct Trial {
  reference::Params params;
  reference::Batch batch;
};

/// `op`: an rnn.model or a step.schedule. Everything follows from the seed and the names of inputs, axes and
/// parameters, so that what has the same of these is tried with the same. The first sample is the longest and the second is empty;
/// some segments are empty.
Trial makeTrial(mlir::Operation *op, const VerifyOptions &options);

/// Adds made-up rows of those inputs of the model that the batch does not have.
void addInputs(rnn::ModelOp model, uint64_t seed, reference::Batch &batch);

/// In fp64. An error if it cannot be run.
llvm::Expected<reference::Result> interpret(mlir::Operation *op, const Trial &trial, uint64_t seed);
/// With the last bit of some parameters another one: how far rounding takes a model is not said by one run alone.
reference::Params roundedOtherwise(reference::Params params, uint64_t seed);
/// In fp64, or in single precision.
llvm::Expected<reference::Result> interpretIn(bool fp64, mlir::Operation *op, const Trial &trial, uint64_t seed);

/// One property for each output and loss: "output y", "loss l". `expected` decides which there must be.
std::vector<Property> compareResults(const reference::Result &expected, const reference::Result &actual,
                                     double allowed);

} // namespace rondo::run
#endif
