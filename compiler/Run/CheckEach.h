// rondo-opt --check-each: what every pass leaves is interpreted, on made-up inputs, and held against what was there
// before it.
#ifndef RONDO_RUN_CHECKEACH_H
#define RONDO_RUN_CHECKEACH_H

#include "compiler/Run/Trial.h"
#include "mlir/Pass/PassManager.h"
#include <memory>
#include <optional>

namespace rondo::run {

struct CheckOptions {
  int64_t batches = 2; // inputs of so many seeds
  double allowed = 1e-9;
};

/// Counts what does not hold; shared by all pass managers of a run of the tool.
struct Findings {
  int64_t differences = 0;
};

/// Says on `os` which output of which model a pass changes, and by how much; `findings` counts these.
void checkEach(mlir::PassManager &manager, const CheckOptions &options, Findings &findings, llvm::raw_ostream &os);

/// Adds a check to the end of the passes: that every model, or its schedule, computes what the one of its name in the
/// text of `file` does.
mlir::LogicalResult checkAgainst(mlir::PassManager &manager, llvm::StringRef file, const CheckOptions &options,
                                 Findings &findings, llvm::raw_ostream &os);

} // namespace rondo::run
#endif
