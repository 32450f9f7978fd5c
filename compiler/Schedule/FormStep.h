// What a model computes at one step of its time, for callers that have one step at a time.
#ifndef RONDO_SCHEDULE_FORMSTEP_H
#define RONDO_SCHEDULE_FORMSTEP_H

#include "compiler/IR/Step.h"
#include <string>
#include <vector>

namespace rondo::schedule {

/// Of the scan that is stepped from outside: one step a call. It stands alone in its schedule.
constexpr llvm::StringLiteral steppedName = "stepped";

/// Of random numbers in it that do not go by steps: "sample", drawn once a sequence, or "call", once for all.
constexpr llvm::StringLiteral drawnName = "drawn";

/// A schedule of single steps. They are rows of the finest axis. Where segments of coarser axes end, `sample` among
/// them, the caller says: for each such axis that matters the schedule has an input more, a bool at each step.
struct StepForm {
  step::ScheduleOp schedule;     // null: there is none
  std::string axis;              // of the steps
  std::vector<std::string> ends; // axes, from the finest on; their inputs stand behind the model's own

  /// When a row of an input of the model is looked at.
  static constexpr int32_t always = -1, first = -2; // first: at the first step of a sequence
  std::vector<int32_t> given;                       // by input: one of these, or where an axis of `ends` ends
  std::vector<bool> outputs;                        // by output of the model: it has one; those without a clock do not
};

/// Makes `@name.step` behind the schedule: all that its outputs need stands in one scan, but for what parameters alone
/// decide. Without a schedule, and with the reason, if the model cannot be computed step by step. Fails where a pass does.
mlir::FailureOr<StepForm> formStep(step::ScheduleOp schedule, std::string &why);

} // namespace rondo::schedule
#endif
