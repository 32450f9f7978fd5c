// THE list of stages from a program's text to what the user holds. `--emit=`, `--stop-after=`, the names of
// --save-temps, the rows of --timing and `rondo build --list` all come from it.
#ifndef RONDO_PIPELINE_H
#define RONDO_PIPELINE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/ArrayRef.h"
#include <functional>
#include <string>

namespace mlir {
class OpPassManager;
}

namespace rondo {

struct Stage {
  enum class Kind {
    Front,    // from text to IR: done by the caller, before runStages
    Passes,   // IR to IR: `build`
    Gradient, // the same, but only where StageOptions::gradients asks for it
    Windows,  // the same for StageOptions::windows
    Backend,  // for each model by itself, behind runStages: Backend.h
  };
  llvm::StringRef name;
  Kind kind;
  llvm::StringRef purpose;
  void (*build)(mlir::OpPassManager &manager) = nullptr; // on a module
};
llvm::ArrayRef<Stage> stages();
const Stage *findStage(llvm::StringRef name);

/// What can be printed or written: the state of things after a stage.
struct Product {
  llvm::StringRef name; // of --emit=
  llvm::StringRef stage;
  llvm::StringRef what;
};
llvm::ArrayRef<Product> products();
const Product *findProduct(llvm::StringRef name);

struct StageOptions {
  llvm::StringRef stopAfter; // the last stage to run; empty: all that there are
  bool gradients = false;    // models that compute gradients too
  bool windows = false;      // models that go on with a sample, window by window
  bool verifyEach = false;   // check the IR after every stage, not only at the end
  std::string reproducer;    // where MLIR saves the IR and the stage, should one fail
  /// Called after each stage with its number in the list.
  std::function<mlir::LogicalResult(size_t number, const Stage &stage)> after;
};

/// Runs the Passes stages, one after another. Errors go to the context's diagnostics.
mlir::LogicalResult runStages(mlir::ModuleOp module, const StageOptions &options, mlir::TimingScope &timing);

} // namespace rondo
#endif
