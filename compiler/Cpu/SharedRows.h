// Rows that are made of parts, laid so that what several of them have in common is there once.
#ifndef RONDO_CPU_SHAREDROWS_H
#define RONDO_CPU_SHAREDROWS_H

#include "mlir/IR/Value.h"
#include <vector>

namespace rondo::cpu {

struct SharedRow {
  llvm::SmallVector<mlir::Value> parts;
  /// The lists that are parts of it: their numbers, and where each begins.
  llvm::SmallVector<std::pair<size_t, size_t>> lists;
};

/// Lists of parts as parts of rows: one that lies within another, or begins as another ends, is in the same row. A row of
/// one list is none of the result.
std::vector<SharedRow> shareRows(llvm::ArrayRef<llvm::SmallVector<mlir::Value>> lists);

} // namespace rondo::cpu
#endif
