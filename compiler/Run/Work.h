// How much there is to do for a batch: multiply-adds of products, and weights to be read.
#ifndef RONDO_RUN_WORK_H
#define RONDO_RUN_WORK_H

#include "compiler/IR/Step.h"
#include "compiler/Reference/Interpreter.h"
#include "runtime/Plan.h"

namespace rondo::run {

/// A group of a schedule: a loop, or what is computed for all ticks at once.
struct GroupWork {
  double flops = 0;       // in the whole batch, two for each multiply-add
  double weightBytes = 0; // of all its products, once
  double readBytes = 0;   // in the whole batch: a loop, and all that is stepped, reads them again at every step
};

struct Work {
  std::vector<GroupWork> groups;
  int64_t steps = 0; // ticks of the longest sample
  double flops() const;
  double weightBytes() const;
  double readBytes() const;
};

/// Of a schedule; `model` is what it was made of, and tells when its clocks tick in the batch. `isStepped`: each step is
/// a call.
llvm::Expected<Work> countWork(step::ScheduleOp schedule, rnn::ModelOp model, const reference::Params &params,
                               const reference::Batch &batch, runtime::WeightFormat weights, bool isStepped);

} // namespace rondo::run
#endif
