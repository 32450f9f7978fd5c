// What a run did, as text for people and as JSON for programs, and its outputs as a file that can be an input again.
#ifndef RONDO_RUN_PRINT_H
#define RONDO_RUN_PRINT_H

#include "compiler/Run/Structure.h"

namespace llvm::json {
class OStream;
}

namespace rondo::run {

struct RunReport {
  const dsl::Model &model;
  const reference::Params &params;
  const reference::Batch &batch;
  const reference::Result &result;
  const std::vector<reference::Stream> &equations; // of trace(): where every named equation ticked
  bool fp64 = false;
  uint64_t seed = 0;
  std::string paramsFrom; // a file; empty: made from the seed
};

void printText(const RunReport &report, llvm::raw_ostream &os);
/// Everything, values in full precision. Infinities and NaN are the strings "Infinity", "-Infinity", "NaN".
void printJson(const RunReport &report, llvm::raw_ostream &os);

/// Each output `y` as the rows of all samples one after another, with the offsets of its axis (Structure.h). Segments
/// that did not tick have a row of zeros. An output on a periodic or event clock has its own `y.offsets` (a sample) and
/// `y.ticks` (the base tick of each row); one with a ragged axis also `y.counts`, its rows at each tick.
llvm::Error saveOutputs(const RunReport &report, llvm::StringRef path);

void writeJson(llvm::json::OStream &json, const Array &array);
/// An excerpt of at most some lines and columns; `labels` names the rows.
void printRows(const Array &rows, llvm::ArrayRef<std::string> labels, unsigned indent, llvm::raw_ostream &os);
std::string describeShape(llvm::ArrayRef<int64_t> shape); // "[3, 4]"
std::string groupDigits(int64_t number);                  // "12 345"

} // namespace rondo::run
#endif
