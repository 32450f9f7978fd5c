// What was read when: an output that has a row of weights at each tick, as attention has, as a picture.
#ifndef RONDO_RUN_ALIGNMENT_H
#define RONDO_RUN_ALIGNMENT_H

#include "compiler/Run/Structure.h"
#include "compiler/Run/TokenTexts.h"

namespace rondo::run {

struct Alignment {
  std::string title;
  std::string rowAxis, columnAxis;                // what is counted: "target", "source"; of a vector "element"
  std::vector<std::string> rowNames, columnNames; // tokens where there are inputs of tokens on the axis, else numbers
  std::vector<std::vector<double>> weights;       // a row a tick
};

/// Of one sample, the output called `name`: reals with one axis, on a clock.
llvm::Expected<Alignment> alignmentOf(const dsl::Model &model, const reference::Batch &batch,
                                      const reference::Result &result, const TokenTexts &texts, llvm::StringRef name,
                                      int64_t sample = 0);

/// As SVG: a square a weight, darker the larger it is, with a scale.
void printAlignment(const Alignment &alignment, llvm::raw_ostream &os);

} // namespace rondo::run
#endif
