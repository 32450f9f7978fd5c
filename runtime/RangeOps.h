// Operations over rows: reductions, and what is done to the rows that belong to one tick of another clock.
#ifndef RONDO_RUNTIME_RANGEOPS_H
#define RONDO_RUNTIME_RANGEOPS_H

#include "runtime/RowOps.h"
#include "runtime/Timeline.h"

namespace rondo::runtime {

/// The memory of an operation over rows at the top level. False: it is none.
bool carveRangeOp(const Call &call, const OpPlan &op, Carver &carver);

/// Carries it out, for all ticks.
bool runRangeOp(Call &call, const OpPlan &op, char *scratch);

/// Whether it sums over all rows.
constexpr bool isTotal(OpCode code) {
  return code == OpCode::Total || code == OpCode::TotalOuter || code == OpCode::TotalScatter;
}

/// In a Scan: for each tick of the target its rows of a window on a pair clock, which begin at offsets[i] and end at
/// offsets[i + 1]. Reduce writes a row a target, the others a row a row.
void runRangesInScan(const RowTask &task, const Operand *operands, const int32_t *offsets, int64_t targets);
bool isRangeOp(OpCode code);

//===--- Affine.cpp ---===//

void carveAffine(const Call &call, const OpPlan &op, Carver &carver);
void runAffine(Call &call, const OpPlan &op, char *scratch);

//===--- Totals.cpp ---===//

void carveTotal(const Call &call, const OpPlan &op, Carver &carver);
void runTotal(Call &call, const OpPlan &op, char *scratch);
/// A Total of these rows.
void runTotal(const Call &call, const OpPlan &op, const Operand &x, int64_t rows);

//===--- Ctc (Ctc.cpp) ---===//

void carveCtc(const Call &call, const OpPlan &op, Carver &carver);
bool runCtc(Call &call, const OpPlan &op, char *scratch);

} // namespace rondo::runtime
#endif
