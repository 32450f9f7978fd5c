// What the caller gives is looked at before anything is written.
#ifndef RONDO_RUNTIME_CHECK_H
#define RONDO_RUNTIME_CHECK_H

#include "runtime/Call.h"

namespace rondo::runtime {

constexpr int64_t mostRows = INT32_MAX - 64; // rows are numbered in 32 bits

bool checkPlan(const Plan *plan, Error *error);

/// Takes the inputs' struct apart: sizes, pointers, offsets. `values`: that there are rows, and that tokens and bools
/// are such, is looked at too.
bool takeInputs(Call &call, const void *inputs, bool values);
bool takeOutputs(Call &call, void *outputs);

/// Offsets of an axis, whose rows are grouped by those of the outer one, or by so many of that name.
bool checkAxis(const Call &call, int32_t axis);
bool checkOffsets(const Call &call, int32_t axis, int64_t outer, const char *outerName);
/// Rows of an input that the caller gives: of a segment axis the empty ones too.
int64_t givenRows(const Call &call, const PortPlan &port);
/// That there are so many, and that tokens and bools are such.
bool checkInput(const Call &call, int32_t input, int64_t rows);

/// That a caller's struct has so many words, the first of which is its size in bytes.
bool checkStruct(Error *error, const char *what, const void *pointer, int64_t words);
bool checkPointer(Error *error, const char *what, const char *name, const void *pointer, int64_t alignment);

/// Whether the outputs on a clock whose ticks are known have room; of those that have not, how many rows they need is
/// written. All of them for -2.
bool checkRoom(const Call &call, int32_t clock);
/// Writes numbers of rows, offsets, and ticks.
void giveRows(const Call &call);

} // namespace rondo::runtime
#endif
