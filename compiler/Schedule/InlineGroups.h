// Groups of a schedule, one behind the other, as the body of one scan.
//
//   %a = step.par { .. rnn.mul .. }               step.scan on #t { %s = rnn.state
//   %h = step.scan on #t { .. }             =>      .. rnn.mul .. , .. %p = rnn.read %s .. rnn.next %s, %h
//   %p = step.before %h                             step.yield .. }
//
// What crosses time between groups becomes memory of the scan.
#ifndef RONDO_SCHEDULE_INLINEGROUPS_H
#define RONDO_SCHEDULE_INLINEGROUPS_H

#include "compiler/IR/Step.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace rondo::schedule {

/// Makes a schedule of another whose operations, in order, are placed one by one: into a scan, or above it. Nothing
/// that stands above may look at what stands in the scan.
class InlineGroups {
public:
  /// Makes `@name` behind the schedule, with the same inputs, and in it a scan on the clock with results of these types.
  InlineGroups(step::ScheduleOp from, llvm::StringRef name, rnn::ClockInterface clock, mlir::TypeRange results,
               mlir::Location loc);

  step::ScheduleOp schedule() const { return made; }
  step::ScanOp scan() const { return loop; }
  mlir::OpBuilder &top() { return above; }   // builds in front of the scan
  mlir::OpBuilder &body() { return inside; } // builds at the end of its body

  /// Copies an operation of the old schedule's top level as it is: in front of the scan.
  void placeAbove(mlir::Operation *op);

  /// Computes an operation of the old schedule's top level in the scan: of a group the operations that are needed.
  /// It must be causal; a scan must go forward in time.
  void placeInside(mlir::Operation *op, llvm::function_ref<bool(mlir::Operation *)> isNeeded);

  /// From values of the old schedule to new ones: of inputs, and of what has been placed. Results of a group that were
  /// not needed have none.
  mlir::IRMapping &values() { return mapping; }

  /// A value that the scan may yield: its body's.
  mlir::Value yieldable(mlir::Value value);

  /// Ends the body: slots are written, and these new values yielded.
  void finish(llvm::ArrayRef<mlir::Value> results);

private:
  void clone(mlir::Operation *op);
  mlir::Value readBefore(mlir::Value value, mlir::Type type, rnn::ScopeAttr scope, mlir::Location loc);

  step::ScheduleOp made;
  step::ScanOp loop;
  mlir::OpBuilder above, inside;
  mlir::IRMapping mapping;
  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>> written; // slots, and what is written to them, of the old
  int64_t slots = 0;
};

} // namespace rondo::schedule
#endif
