#ifndef RONDO_SCHEDULE_FORMWAVES_H
#define RONDO_SCHEDULE_FORMWAVES_H

#include "compiler/IR/Step.h"

namespace rondo::schedule {

/// Decides which scans of the schedule may run side by side.
void formWaves(step::ScheduleOp schedule);

} // namespace rondo::schedule
#endif
