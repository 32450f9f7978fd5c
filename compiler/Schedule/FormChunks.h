#ifndef RONDO_SCHEDULE_FORMCHUNKS_H
#define RONDO_SCHEDULE_FORMCHUNKS_H

#include "compiler/IR/Step.h"

namespace rondo::schedule {

/// Decides which pars of the schedule are chunked.
void formChunks(step::ScheduleOp schedule);

} // namespace rondo::schedule
#endif
