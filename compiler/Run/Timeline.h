// Which equation ticked when: of one sample, a block for each base clock, a row an equation in source order, a column a
// base tick. The equations of one instance that tick alike share a row.
#ifndef RONDO_RUN_TIMELINE_H
#define RONDO_RUN_TIMELINE_H

#include "compiler/Run/Structure.h"

namespace rondo::run {

struct TimelineRow {
  std::string label;          // "m.3", or of an instance "enc.layer.0: i f g o c h"
  std::string clock;          // "step when every(8)"
  std::vector<int64_t> ticks; // ascending base ticks
};

struct TimelineBlock {
  std::string base;
  int64_t ticks = 0;
  std::vector<std::string> segmentNames;            // of the axes over the base, finer first
  std::vector<std::vector<int64_t>> segmentOffsets; // of each into base ticks: n+1 numbers
  std::vector<TimelineRow> rows;
};

struct Timeline {
  std::string model;
  int64_t sample = 0;
  std::vector<TimelineBlock> blocks;
  std::vector<std::string> once; // equations on `sample` where there are several base clocks
};

/// `equations` as trace() lists them.
llvm::Expected<Timeline> makeTimeline(const dsl::Model &model, const reference::Batch &batch,
                                      const std::vector<reference::Stream> &equations, int64_t sample = 0);

void printTimeline(const Timeline &timeline, llvm::raw_ostream &os);
void printTimelineSvg(const Timeline &timeline, llvm::raw_ostream &os);

} // namespace rondo::run
#endif
