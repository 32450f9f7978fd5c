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

/// Libraries, with one thread and with two, that go on with samples. With gradients these have checkpoints, if the model
/// can have them, fewer rows apart than the longest sample has.
struct WindowLibraries {
  Library &one, &two;
  bool addsAnew = false;     // see rnn::addsAnewName
  std::string noCheckpoints; // why there are none
};

/// A sample in windows; `whole`: a library with one thread. `model`: what the trial is for.
llvm::Expected<Property> verifyCompiledWindows(rnn::ModelOp model, const Trial &trial, const VerifyOptions &options,
                                               Library &whole, const WindowLibraries &windows);

/// The gradients of a model: `backward` is what the gradient pass made of it, and what it is tried with. The libraries'
/// seed is that of the options. `windows`: null, or what goes on with samples.
llvm::Expected<std::vector<Property>> verifyGradients(rnn::ModelOp backward, const Trial &trial,
                                                      const VerifyOptions &options, Library &one, Library &two,
                                                      const WindowLibraries *windows = nullptr);

} // namespace rondo::run
#endif
