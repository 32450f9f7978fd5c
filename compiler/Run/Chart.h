// Lines over a common axis as a picture: the curve of a training, outputs over time.
#ifndef RONDO_RUN_CHART_H
#define RONDO_RUN_CHART_H

#include "compiler/Run/Structure.h"

namespace rondo::run {

struct ChartPoint {
  double x = 0, y = 0;
};

struct Chart {
  struct Line {
    std::string name;
    std::vector<ChartPoint> points; // in order of x; those that are not finite are left out
    bool isBroad = false;           // and pale, so that what lies on it is seen
  };
  std::string title, below; // below the axis
  std::vector<Line> lines;
};

/// As SVG. The axis begins with 0; a line has at most some hundred points, each the mean of its neighbours.
void printChart(const Chart &chart, llvm::raw_ostream &os);

/// Inputs and outputs over the ticks of their base clock, in one sample: a line a scalar, or an element of a vector.
llvm::Expected<Chart> chartOf(const dsl::Model &model, const reference::Batch &batch, const reference::Result &result,
                              llvm::ArrayRef<llvm::StringRef> names, int64_t sample = 0);

} // namespace rondo::run
#endif
