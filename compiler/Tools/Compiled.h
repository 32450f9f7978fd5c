// A model of a checked program as machine code of this process.
#ifndef RONDO_TOOLS_COMPILED_H
#define RONDO_TOOLS_COMPILED_H

#include "compiler/Backend.h"
#include "compiler/Emit/Target.h"
#include "compiler/IR/Step.h"
#include "compiler/Run/Library.h"
#include "compiler/Tools/Module.h"

namespace rondo::tools {

/// The bytes of a library, which can be loaded any number of times.
struct Compiled {
  std::string bytes, prefix, noCheckpoints; // noCheckpoints: why there are none, where they were asked for
  mlir::OwningOpRef<mlir::ModuleOp> rnn;    // behind the last stage that works on it
  rnn::ModelOp model() { return *rnn->getOps<rondo::rnn::ModelOp>().begin(); }
  /// What stands beside the model: ".backward" computes gradients. Null: there is none.
  rnn::ModelOp beside(llvm::StringRef ending) {
    return rnn->lookupSymbol<rondo::rnn::ModelOp>((model().getSymName() + ending).str());
  }
  llvm::Expected<std::unique_ptr<run::Library>> load(run::Library::Options options) const {
    return run::Library::load(bytes, prefix, options);
  }
};

/// What is compiled beside a model.
struct Beside {
  bool gradients = false, windows = false;
  int64_t checkpoint = 0;     // see runtime::Library
  bool mustCheckpoint = true; // see BackendOptions
};

/// A module of its own with the model and what stands beside it, behind the last stage that works on `rnn` and behind the
/// last that makes a schedule. What cannot be scheduled is reported at its place in the source.
struct Scheduled {
  mlir::OwningOpRef<mlir::ModuleOp> rnn, step;
  rnn::ModelOp model() { return *rnn->getOps<rondo::rnn::ModelOp>().begin(); }
  step::ScheduleOp schedule() { return *step->getOps<step::ScheduleOp>().begin(); }
};
llvm::Expected<Scheduled> scheduleModel(Chosen chosen, Beside beside = {});

/// For the targets, or for this machine if there are none. The program's own module stays as it is. What cannot be
/// compiled is also reported at its place in the source.
llvm::Expected<Compiled> compileModel(Chosen chosen, std::vector<const emit::Target *> targets,
                                      emit::WeightFormat weights, Beside beside = {});

/// What stands beside a model's schedule in its module, as far as it is there.
void setOthers(mlir::ModuleOp module, step::ScheduleOp schedule, int64_t checkpoint, BackendOptions &options);

/// --checkpoint
Option checkpointOption();
/// What it says: rows, 0 for none, -1 for auto; nothing after a usage error.
std::optional<int64_t> checkpointOf(const Command &command, llvm::StringRef text);

/// --dtype
Option formatOption();
/// What it says; nothing after a usage error.
std::optional<emit::WeightFormat> formatOf(const Command &command, const Arguments &arguments);

} // namespace rondo::tools
#endif
