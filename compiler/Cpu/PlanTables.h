// The tables of a plan while it is made, and the block of bytes that they become.
#ifndef RONDO_CPU_PLANTABLES_H
#define RONDO_CPU_PLANTABLES_H

#include "runtime/Plan.h"
#include <string_view>
#include <vector>

namespace rondo::runtime {

struct PlanTables {
  std::vector<AxisPlan> axes;
  std::vector<ClockPlan> clocks;
  std::vector<CutPlan> cuts;
  std::vector<ScopePlan> scopes;
  std::vector<MapPlan> maps;
  std::vector<ArrayPlan> arrays;
  std::vector<View> views;
  std::vector<int64_t> numbers;
  std::vector<OpPlan> ops;
  std::vector<ScanPlan> scans;
  std::vector<PortPlan> inputs, outputs;
  std::vector<char> constants;
  std::vector<char> text; // names, each ended by a 0
  int64_t parameterBytes = 0, preparedBytes = 0;
  int32_t losses = 0;
  Span prepare, forward;

  /// Where the name begins in `text`.
  int32_t name(std::string_view name);

  /// The plan. Its bytes must be kept at an address that is a multiple of 64.
  std::vector<char> serialise() const;
};

} // namespace rondo::runtime
#endif
