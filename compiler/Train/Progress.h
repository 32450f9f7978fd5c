// What a training says while it runs: on a terminal a bar that is drawn over itself, elsewhere lines.
#ifndef RONDO_TRAIN_PROGRESS_H
#define RONDO_TRAIN_PROGRESS_H

#include "llvm/ADT/Twine.h"
#include <cstdint>
#include <functional>
#include <string>

namespace llvm {
class raw_ostream;
}

namespace rondo::train {

class Progress {
public:
  /// `now`: seconds from any beginning.
  Progress(llvm::raw_ostream &os, bool isTerminal, std::function<double()> now)
      : os(os), isTerminal(isTerminal), now(std::move(now)) {}

  /// `done` of `total` steps are already.
  void begin(int64_t done, int64_t total);
  /// After a step, the number of which is counted from 1.
  void step(int64_t step, int64_t epoch, int64_t epochs, double loss, int64_t ticks);
  /// Seconds from any beginning.
  double time() const { return now(); }
  /// A line that stays.
  void line(const llvm::Twine &text);

private:
  void clear();

  llvm::raw_ostream &os;
  bool isTerminal;
  std::function<double()> now;
  int64_t first = 0, total = 0, ticks = 0;
  double started = 0, shown = 0;
  size_t drawn = 0; // characters of the bar
};

/// "1:02:03", "2:03"
std::string timeText(double seconds);

} // namespace rondo::train
#endif
