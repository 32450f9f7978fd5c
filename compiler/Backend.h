// The stages behind the schedule, `plan`, `lower` and `emit`: from one model's schedule to what its user holds. Each
// result is made when it is first asked for.
#ifndef RONDO_BACKEND_H
#define RONDO_BACKEND_H

#include "compiler/IR/Step.h"
#include "mlir/Support/Timing.h"
#include "runtime/Plan.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rondo::emit {
struct Target;
}

namespace rondo {

struct BackendOptions {
  std::vector<const emit::Target *> targets; // best first, of one architecture
  runtime::WeightFormat weights = runtime::WeightFormat::F32;
  std::optional<std::string> notCausal;    // why the model cannot be stepped; empty: it can; nothing: not known
  bool hasNames = false;                   // a library keeps the names of its own functions
  step::ScheduleOp backward;               // of the model that computes gradients; null: there is none
  step::ScheduleOp window, windowBackward; // of its windows, and of their gradients; null: there are none
  std::string noWindows;                   // why there are none, where they were asked for
  int64_t checkpoint = 0;                  // see runtime::Library; needs all three
  bool mustCheckpoint = true;              // else there are checkpoints where the model can have them
};

class Backend {
public:
  /// The schedule, the timing scope and the targets must outlive this.
  Backend(step::ScheduleOp schedule, BackendOptions options, mlir::TimingScope &timing);
  ~Backend();

  /// Decides how the schedule is carried out on each target. What cannot be is reported to the context's diagnostics.
  mlir::LogicalResult plan();

  // All below need a plan.

  std::string prefix();                     // of the library's C names
  const std::string &noCheckpoints() const; // why there are none, where they were asked for
  void printPlan(llvm::raw_ostream &os);
  /// Kernels of all targets, one module behind the other.
  llvm::Error printLlvm(llvm::raw_ostream &os);
  llvm::Error printAssembly(llvm::raw_ostream &os);
  llvm::Expected<std::string> object();  // all of the library in one relocatable file
  llvm::Expected<std::string> library(); // a shared library
  std::string header();
  std::string manifest();

private:
  struct Lowering; // of one target
  bool checkCheckpoint();
  llvm::Error lower();
  llvm::Error compile();
  llvm::Expected<std::string> link(bool isShared);

  struct Parts;
  std::unique_ptr<Parts> parts;
};

} // namespace rondo
#endif
