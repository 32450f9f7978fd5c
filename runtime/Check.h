// What the caller gives is looked at before anything is written.
#ifndef RONDO_RUNTIME_CHECK_H
#define RONDO_RUNTIME_CHECK_H

#include "runtime/Call.h"

namespace rondo::runtime {

bool checkPlan(const Plan *plan, Error *error);

/// Takes the inputs' struct apart: sizes, pointers, offsets. `values`: that there are rows, and that tokens and bools
/// are such, is looked at too.
bool takeInputs(Call &call, const void *inputs, bool values);
bool takeOutputs(Call &call, void *outputs);

bool checkPointer(Error *error, const char *what, const char *name, const void *pointer, int64_t alignment);

/// Whether the outputs on a clock whose ticks are known have room; of those that have not, how many rows they need is
/// written. All of them for -2.
bool checkRoom(const Call &call, int32_t clock);
/// Writes numbers of rows, offsets, and ticks.
void giveRows(const Call &call);

} // namespace rondo::runtime
#endif
