// A program as far as `import`: checked models and their IR, and the choice of one of them.
#ifndef RONDO_TOOLS_MODULE_H
#define RONDO_TOOLS_MODULE_H

#include "compiler/IR/Rnn.h"
#include "compiler/Reference/Interpreter.h"
#include "compiler/Run/Inputs.h"
#include "compiler/Tools/Source.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>

namespace rondo::tools {

/// Everything lives as long as this.
struct Program {
  /// `json`: mistakes are printed as JSON, to the standard output.
  Program(dsl::CheckOptions options, bool json);

  /// Prints a mistake and returns the exit code.
  int fail(llvm::Error error);

  bool json;
  dsl::Frontend frontend;
  mlir::MLIRContext context;
  mlir::SourceMgrDiagnosticHandler handler; // the compiler's own errors, with the source line they come from
  mlir::OwningOpRef<mlir::ModuleOp> module;
  int code = exitFine; // why a function below failed
};

/// Checks a file and prints what there is to say.
bool checkProgram(Program &program, llvm::StringRef path);
/// Imports all models.
bool importProgram(Program &program);

/// A model and its IR.
struct Chosen {
  const dsl::Model *model = nullptr;
  rnn::ModelOp op;
  explicit operator bool() const { return model != nullptr; }
};
/// Checks and imports a file and takes its model called `name`, or the only one. `training`: its training variant,
/// where it has one. Empty after an error.
Chosen loadModel(Program &program, llvm::StringRef path, llvm::StringRef name, bool training);
/// The same, but all models of the file where no name is given.
std::vector<Chosen> loadModels(Program &program, llvm::StringRef path, llvm::StringRef name, bool training);

/// --model and --training, then -D and --library.
std::vector<Option> withModelOptions(std::vector<Option> own);

/// `NAME=FILE` or `FILE` of every --input; nothing after a usage error.
std::optional<std::vector<run::InputFile>> inputFiles(const Command &command, const Arguments &arguments);

/// Those of the file, which must be the model's, or made from the seed.
llvm::Expected<reference::Params> parametersFor(rnn::ModelOp model, llvm::StringRef path, uint64_t seed);

} // namespace rondo::tools
#endif
