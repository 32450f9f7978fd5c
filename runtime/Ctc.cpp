// Connectionist temporal classification: the probability of all paths through the rows that read, without repetitions
// and blanks (class 0), as the labels. In logarithms, in double.
#include "runtime/Execute.h"
#include "runtime/RangeOps.h"
#include <cmath>

namespace rondo::runtime {
namespace {

constexpr int64_t mostPlaces = 8; // for threads: each has memory of its own

double logAdd(double a, double b) {
  double high = a < b ? b : a, low = a < b ? a : b;
  return low == -INFINITY ? high : high + std::log1p(std::exp(low - high));
}

struct CtcClocks {
  int32_t logits, labels, per;
  int64_t classes;
  bool isGradient;
  CtcClocks(const Call &call, const OpPlan &op) : isGradient(op.code == OpCode::Dctc) {
    const int64_t *n = call.numbers(op);
    logits = isGradient ? op.clock : int32_t(n[0]);
    labels = int32_t(n[1]);
    per = isGradient ? int32_t(n[0]) : op.clock;
    classes = n[2];
  }
};

/// Memory to work in, for the largest group.
struct Trellis {
  double *totals;   // [rows]: logarithms of the sums over classes
  double *forward;  // [rows or 2][states]
  double *backward; // [2][states]
  double *gradient; // [classes]
  int32_t *labels;  // [states]: blanks too
  Trellis(const CtcClocks &clocks, int64_t rows, int64_t states, Carver &carver)
      : totals(carver.take<double>(rows)), forward(carver.take<double>((clocks.isGradient ? rows : 2) * states)),
        backward(carver.take<double>(clocks.isGradient ? 2 * states : 0)),
        gradient(carver.take<double>(clocks.isGradient ? clocks.classes : 0)), labels(carver.take<int32_t>(states)) {}
};

struct CtcMemory {
  Range *logits, *labels;
  int64_t rows = 0, states = 0, places = 0, placeBytes = 0;
  char *work;

  CtcMemory(const Call &call, const CtcClocks &clocks, Carver &carver) {
    int64_t groups = call.mostRows[clocks.per];
    logits = carver.take<Range>(groups);
    labels = carver.take<Range>(groups);
    for (int64_t s = 0; s < call.batch; ++s) {
      int64_t mostRows = rowsIn(call, clocks.logits, s), mostStates = 2 * rowsIn(call, clocks.labels, s) + 1;
      rows = mostRows > rows ? mostRows : rows;
      states = mostStates > states ? mostStates : states;
    }
    Carver one(nullptr);
    Trellis(clocks, rows, states, one);
    places = groups < mostPlaces ? groups : mostPlaces;
    placeBytes = one.isTooLarge() ? INT64_MAX : one.count();
    work = carver.bytes(places, placeBytes);
  }

  /// The most rows of a sample that may belong to one tick.
  static int64_t rowsIn(const Call &call, int32_t clock, int64_t sample) {
    return mostTicks(call, call.isPair(clock) ? call.clock(clock).source : clock, sample);
  }
};

/// One group of rows and labels.
class Alignment {
public:
  Alignment(const Trellis &memory, const CtcClocks &clocks, const Operand &x, Range rows, const Operand &text,
            Range labels)
      : memory(memory), x(x), first(rows.begin), rows(rows.end - rows.begin), classes(clocks.classes),
        states(2 * int64_t(labels.end - labels.begin) + 1) {
    for (int64_t s = 0; s < states; ++s)
      memory.labels[s] = s % 2 ? *rowOf<const int32_t>(text, labels.begin + s / 2) : 0;
    for (int64_t s = 1; s < states; s += 2)
      impossible |= memory.labels[s] <= 0 || memory.labels[s] >= classes;
    for (int64_t t = 0; t < this->rows; ++t)
      memory.totals[t] = total(logits(t));
  }

  double loss() const {
    if (rows == 0)
      return states == 1 ? 0 : INFINITY;
    if (impossible)
      return INFINITY;
    for (int64_t t = 0; t < rows; ++t)
      advance(t, memory.forward + (t + 1) % 2 * states, memory.forward + t % 2 * states);
    return -ending(memory.forward + (rows - 1) % 2 * states);
  }

  /// Rows of y: d loss / d logits, times a factor.
  void gradient(float factor, const Operand &y) const {
    double total = -INFINITY;
    if (!impossible && rows > 0) {
      for (int64_t t = 0; t < rows; ++t)
        advance(t, memory.forward + (t - 1) * states, memory.forward + t * states);
      total = ending(memory.forward + (rows - 1) * states);
    }
    for (int64_t t = rows - 1; t >= 0; --t) {
      float *out = rowOf<float>(y, first + t);
      if (total == -INFINITY) {
        for (int64_t k = 0; k < classes; ++k)
          out[k] = 0 * factor;
        continue;
      }
      double *behind = memory.backward + (t + 1) % 2 * states, *here = memory.backward + t % 2 * states;
      retreat(t, behind, here);
      for (int64_t k = 0; k < classes; ++k)
        memory.gradient[k] = std::exp(logits(t)[k] - memory.totals[t]);
      for (int64_t s = 0; s < states; ++s) // minus the probability of being there, given the labels
        memory.gradient[memory.labels[s]] -= std::exp(memory.forward[t * states + s] + here[s] - total);
      for (int64_t k = 0; k < classes; ++k)
        out[k] = float(memory.gradient[k] * factor);
    }
  }

private:
  const float *logits(int64_t t) const { return rowOf<const float>(x, first + t); }
  double at(int64_t t, int64_t s) const { return logits(t)[memory.labels[s]] - memory.totals[t]; }
  /// From state s - 2 to s: past a blank that stands between two different labels.
  bool maySkipTo(int64_t s) const {
    return s >= 2 && memory.labels[s] != 0 && memory.labels[s] != memory.labels[s - 2];
  }

  double total(const float *row) const {
    double most = -INFINITY, sum = 0;
    for (int64_t k = 0; k < classes; ++k)
      most = maximum(float(most), row[k]);
    if (std::isinf(most))
      return most;
    for (int64_t k = 0; k < classes; ++k)
      sum += std::exp(row[k] - most);
    return most + std::log(sum);
  }

  /// Log probability of all that is read up to row t, ending in each state.
  void advance(int64_t t, const double *before, double *now) const {
    for (int64_t s = 0; s < states; ++s) {
      if (t == 0) {
        now[s] = s < 2 ? at(0, s) : -INFINITY;
        continue;
      }
      double sum = before[s];
      if (s >= 1)
        sum = logAdd(sum, before[s - 1]);
      if (maySkipTo(s))
        sum = logAdd(sum, before[s - 2]);
      now[s] = sum + at(t, s);
    }
  }

  /// Log probability of all that is read behind row t, from each state.
  void retreat(int64_t t, const double *behind, double *now) const {
    for (int64_t s = 0; s < states; ++s) {
      if (t == rows - 1) {
        now[s] = s >= states - 2 ? 0 : -INFINITY;
        continue;
      }
      double sum = behind[s] + at(t + 1, s);
      if (s + 1 < states)
        sum = logAdd(sum, behind[s + 1] + at(t + 1, s + 1));
      if (s + 2 < states && maySkipTo(s + 2))
        sum = logAdd(sum, behind[s + 2] + at(t + 1, s + 2));
      now[s] = sum;
    }
  }

  double ending(const double *last) const {
    return states > 1 ? logAdd(last[states - 1], last[states - 2]) : last[states - 1];
  }

  const Trellis &memory;
  Operand x;
  int64_t first, rows, classes, states;
  bool impossible = false;
};

} // namespace

void carveCtc(const Call &call, const OpPlan &op, Carver &carver) { CtcMemory(call, CtcClocks(call, op), carver); }

bool runCtc(Call &call, const OpPlan &op, char *scratch) {
  CtcClocks clocks(call, op);
  Carver carver(scratch);
  CtcMemory memory(call, clocks, carver);
  groupsOf(call, clocks.logits, clocks.per, memory.logits);
  groupsOf(call, clocks.labels, clocks.per, memory.labels);
  const View *views = call.views(op);
  Operand x = operandOf(call, views[0]), text = operandOf(call, views[1]);
  Operand dy = operandOf(call, views[2]), y = operandOf(call, views[clocks.isGradient ? 3 : 2]);
  if (clocks.isGradient) // rows that belong to no tick
    for (int32_t i = 0; i < call.clocks[clocks.logits].rows; ++i)
      std::memset(rowOf(y, i), 0, size_t(clocks.classes) * sizeof(float));
  forBlocks(call, call.clocks[clocks.per].rows, 1, memory.places, [&](int64_t i, int64_t, int32_t thread) {
    Carver mine(memory.work + thread * memory.placeBytes);
    Trellis trellis(clocks, memory.rows, memory.states, mine);
    Alignment alignment(trellis, clocks, x, memory.logits[i], text, memory.labels[i]);
    if (clocks.isGradient)
      alignment.gradient(*rowOf<const float>(dy, i), y);
    else
      *rowOf<float>(y, i) = float(alignment.loss());
  });
  return true;
}

} // namespace rondo::runtime
