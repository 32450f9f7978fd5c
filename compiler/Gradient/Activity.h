// Which values have an adjoint that is wanted and that need not be zero.
#ifndef RONDO_GRADIENT_ACTIVITY_H
#define RONDO_GRADIENT_ACTIVITY_H

#include "compiler/IR/Rnn.h"

namespace rondo::rnn {

/// True for a value of reals.
bool isReal(mlir::Value value);

class Activity {
public:
  /// Wanted are the adjoints of `leaves`; adjoints flow from `ends`.
  Activity(mlir::ValueRange leaves, mlir::ValueRange ends);

  bool isActive(mlir::Value value) const { return varied.contains(value) && useful.contains(value); }

private:
  void vary(mlir::ValueRange leaves);
  void use(mlir::ValueRange ends);

  llvm::DenseSet<mlir::Value> varied; // by the leaves
  llvm::DenseSet<mlir::Value> useful; // to the ends
};

} // namespace rondo::rnn
#endif
