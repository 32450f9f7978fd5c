// Schedules: rows are computed in the order that is written, not when they are asked for.
#ifndef RONDO_REFERENCE_SCHEDULE_H
#define RONDO_REFERENCE_SCHEDULE_H

#include "compiler/Reference/Evaluation.h"

namespace rondo::reference {

/// Computes every row of a schedule's program, group after group. A row that needs another one which a later group, or a
/// later step of the same loop, computes, is an error of the schedule.
llvm::Error execute(Evaluation &evaluation);

} // namespace rondo::reference
#endif
