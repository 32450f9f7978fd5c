#include "compiler/Train/Progress.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::train {

std::string timeText(double seconds) {
  int64_t all = std::llround(seconds), hours = all / 3600, minutes = all / 60 % 60;
  return hours ? fmt::format("{}:{:02}:{:02}", hours, minutes, all % 60) : fmt::format("{}:{:02}", minutes, all % 60);
}

void Progress::begin(int64_t done, int64_t of) {
  first = done;
  total = of;
  ticks = 0;
  started = shown = now();
}

void Progress::step(int64_t step, int64_t epoch, int64_t epochs, double loss, int64_t ofStep) {
  // Often enough to be seen moving, and rarely enough for a log.
  constexpr double interval[] = {10, 0.1};
  ticks += ofStep;
  double time = now();
  if (time - shown < interval[isTerminal])
    return;
  shown = time;
  double spent = std::max(time - started, 1e-9);
  double left = spent / double(step - first) * double(total - step);
  std::string text = fmt::format("epoch {}/{}  step {}/{}", epoch, epochs, step, total);
  if (isTerminal) {
    constexpr int cells = 20;
    int full = int(cells * step / std::max<int64_t>(total, 1));
    text += "  [" + std::string(size_t(full), '=') + std::string(size_t(cells - full), ' ') + "]";
  }
  text += fmt::format("  loss {:.4g}  {:.3g} tokens/s  {} left", loss, double(ticks) / spent, timeText(left));
  if (!isTerminal) {
    os << text << '\n';
    os.flush();
    return;
  }
  size_t length = text.size();
  os << '\r' << text << std::string(drawn > length ? drawn - length : 0, ' ');
  os.flush();
  drawn = std::max(drawn, length);
}

void Progress::clear() {
  if (drawn)
    os << '\r' << std::string(drawn, ' ') << '\r';
  drawn = 0;
}

void Progress::line(const Twine &text) {
  clear();
  os << text << '\n';
  os.flush();
}

} // namespace rondo::train
