// What a model computes at one step of its time, for callers that have one step at a time.
#ifndef RONDO_SCHEDULE_FORMSTEP_H
#define RONDO_SCHEDULE_FORMSTEP_H

#include "compiler/IR/Step.h"
#include <string>

namespace rondo::schedule {

/// Of the scan that is stepped from outside: one step a call. It stands alone in its schedule.
constexpr llvm::StringLiteral steppedName = "stepped";

/// Makes `@name.step` behind the schedule: all that its outputs need stands in one scan, but for what parameters alone
/// decide. Null, with the reason, if the model cannot be computed step by step.
step::ScheduleOp formStep(step::ScheduleOp schedule, std::string &why);

} // namespace rondo::schedule
#endif
