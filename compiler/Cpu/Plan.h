// From a schedule to what a library holds of it: tables for the runtime, and kernels.
#ifndef RONDO_CPU_PLAN_H
#define RONDO_CPU_PLAN_H

#include "compiler/Cpu/Kernel.h"
#include "compiler/Cpu/PlanTables.h"
#include "compiler/IR/Step.h"
#include <map>
#include <optional>

namespace rondo::cpu {

/// Where a parameter lies in the caller's buffer, in the order of their paths.
struct PlannedParameter {
  rnn::ParamOp op;
  int64_t offset = 0; // bytes
};

struct CpuPlan {
  runtime::PlanTables tables;
  std::vector<Kernel> kernels; // by number; their values are the schedule's
  std::vector<PlannedParameter> parameters;
  /// Where things lie that Prepare makes, by how they are computed from parameters: tensors, and weights by layout.
  std::map<std::string, int64_t> tensors;
  std::map<std::pair<std::string, std::vector<int64_t>>, int64_t> packs;
  /// Of single steps, if there is such a plan: one scan whose Registers the caller keeps. Its Prepare adds to that of
  /// `tables`, and its kernels are among `kernels`.
  std::optional<runtime::PlanTables> step;
  /// Of a model that feeds itself, if there is such a plan: one scan with a Choose. Its Prepare adds to those of the
  /// others.
  std::optional<runtime::PlanTables> generate;
  /// Of gradients, if there is such a plan: its inputs are those of `tables`, then what flows into outputs; it has the
  /// outputs of `tables`, and gives gradients. Its Prepare adds to those of the others.
  std::optional<runtime::PlanTables> backward;
  /// Of windows, and of their gradients, if there are such plans. `window` has the inputs and outputs of `tables`, then
  /// those that windows have more.
  std::optional<runtime::PlanTables> window, windowBackward;

  /// The one that was made last: its Prepare comes behind those of all others.
  const runtime::PlanTables &last() const {
    const runtime::PlanTables *last = &tables;
    for (const auto *other : {&step, &generate, &backward, &window, &windowBackward})
      last = *other ? &**other : last;
    return *last;
  }
};

/// Parameters begin at multiples of this, in the caller's buffer and in what Prepare makes.
constexpr int64_t alignment = 64;
inline int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

/// Decides how the schedule is carried out. What cannot be is reported at its place in the source.
std::optional<CpuPlan> planSchedule(step::ScheduleOp schedule, const Isa &isa);

/// Decides how single steps are carried out by a library that has the plan; `schedule` is what schedule::formStep made.
bool planStep(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan);

/// Decides how a library that has the plan makes rows itself; `schedule` is what schedule::formGenerate made.
bool planGenerate(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan);

/// Decides how a library that has the plan computes gradients; `schedule` is that of the model which the gradient pass
/// made.
bool planBackward(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan);

/// Decides how such a library goes on with samples, window by window, and, behind planWindow, how it computes gradients of
/// windows.
bool planWindow(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan);
bool planWindowBackward(step::ScheduleOp schedule, const Isa &isa, CpuPlan &plan);

/// The plan as a table, for --emit=plan.
void printPlan(const CpuPlan &plan, llvm::raw_ostream &out);

} // namespace rondo::cpu
#endif
