// Which operations of a schedule some of its values are computed from.
#ifndef RONDO_SCHEDULE_LIVENESS_H
#define RONDO_SCHEDULE_LIVENESS_H

#include "compiler/IR/Step.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::schedule {

/// Grows from what is asked for; equations inside of groups count one by one.
class Liveness {
public:
  explicit Liveness(step::ScheduleOp schedule);

  /// Adds all that the value is computed from, and what says when it ticks.
  void add(mlir::Value value);

  bool contains(mlir::Operation *op) const { return live.contains(op); }
  bool contains(mlir::Value value) const { return seen.contains(value); }
  /// Equations, and the groups that they stand in.
  llvm::ArrayRef<mlir::Operation *> ops() const { return live.getArrayRef(); }

private:
  bool mark(mlir::Operation *op);

  step::ScheduleOp schedule;
  llvm::DenseMap<mlir::Attribute, mlir::Operation *> events; // by clock
  llvm::SetVector<mlir::Operation *> live;
  llvm::DenseSet<mlir::Value> seen;
};

} // namespace rondo::schedule
#endif
