// What a model computes where it feeds itself.
#ifndef RONDO_SCHEDULE_FORMGENERATE_H
#define RONDO_SCHEDULE_FORMGENERATE_H

#include "compiler/IR/Step.h"
#include <string>

namespace rondo::schedule {

/// Makes `@name.generate` behind the schedule, if that has an rnn.generate: the generated input's axis lies in one of
/// hypotheses, all equations on it stand in one scan, whose sequences are the hypotheses, and step.choose makes the
/// input's rows. What does not stand on that axis is computed ahead, once a sample. There are no outputs; inputs that
/// the rows do not depend on are not there. Null, with the reason, if it cannot be computed so; null, without, if the
/// model does not feed itself. Fails where a pass does.
mlir::FailureOr<step::ScheduleOp> formGenerate(step::ScheduleOp schedule, std::string &why);

} // namespace rondo::schedule
#endif
