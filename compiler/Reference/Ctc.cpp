#include "compiler/Reference/Ctc.h"
#include "compiler/Reference/Rules.h"
#include "compiler/Reference/Sight.h"
#include <algorithm>
#include <cmath>

namespace rondo::reference {

namespace {

double logAdd(double a, double b) {
  if (a < b)
    std::swap(a, b);
  return b == -INFINITY ? a : a + std::log1p(std::exp(b - a));
}

/// The trellis: at each row, one of the labels with a blank before, between and behind them.
struct Trellis {
  int64_t rows, classes, states;
  std::vector<int64_t> label;         // by state; 0 at the blanks
  std::vector<double> logProbability; // [rows][classes]
  bool impossible;

  Trellis(llvm::ArrayRef<const double *> logits, int64_t classes, llvm::ArrayRef<int64_t> labels)
      : rows(logits.size()), classes(classes), states(2 * labels.size() + 1), label(states, 0),
        logProbability(rows * classes), impossible(llvm::is_contained(labels, 0)) {
    for (size_t i = 0; i < labels.size(); ++i)
      label[2 * i + 1] = labels[i];
    for (int64_t t = 0; t < rows; ++t) {
      double total = -INFINITY;
      for (int64_t k = 0; k < classes; ++k)
        total = logAdd(total, logits[t][k]);
      for (int64_t k = 0; k < classes; ++k)
        logProbability[t * classes + k] = logits[t][k] - total;
    }
  }

  double at(int64_t t, int64_t state) const { return logProbability[t * classes + label[state]]; }
  /// From state s - 2 to s: past a blank that stands between two different labels.
  bool maySkipTo(int64_t s) const { return s >= 2 && label[s] != 0 && label[s] != label[s - 2]; }

  /// Log probability of all that is read up to row t, ending in a state.
  std::vector<double> forward() const {
    std::vector<double> a(rows * states, -INFINITY);
    for (int64_t s = 0; s < std::min<int64_t>(2, states); ++s)
      a[s] = at(0, s);
    for (int64_t t = 1; t < rows; ++t)
      for (int64_t s = 0; s < states; ++s) {
        const double *before = &a[(t - 1) * states];
        double sum = before[s];
        if (s >= 1)
          sum = logAdd(sum, before[s - 1]);
        if (maySkipTo(s))
          sum = logAdd(sum, before[s - 2]);
        a[t * states + s] = sum + at(t, s);
      }
    return a;
  }

  /// Log probability of all that is read behind row t, from a state.
  std::vector<double> backward() const {
    std::vector<double> b(rows * states, -INFINITY);
    for (int64_t s = std::max<int64_t>(0, states - 2); s < states; ++s)
      b[(rows - 1) * states + s] = 0;
    for (int64_t t = rows - 2; t >= 0; --t)
      for (int64_t s = 0; s < states; ++s) {
        const double *behind = &b[(t + 1) * states];
        double sum = behind[s] + at(t + 1, s);
        if (s + 1 < states)
          sum = logAdd(sum, behind[s + 1] + at(t + 1, s + 1));
        if (s + 2 < states && maySkipTo(s + 2))
          sum = logAdd(sum, behind[s + 2] + at(t + 1, s + 2));
        b[t * states + s] = sum;
      }
    return b;
  }

  double logTotal(const std::vector<double> &a) const {
    double last = a[rows * states - 1];
    return states > 1 ? logAdd(last, a[rows * states - 2]) : last;
  }
};

} // namespace

double ctcLoss(llvm::ArrayRef<const double *> logits, int64_t classes, llvm::ArrayRef<int64_t> labels) {
  if (logits.empty())
    return labels.empty() ? 0 : INFINITY;
  Trellis trellis(logits, classes, labels);
  return trellis.impossible ? INFINITY : -trellis.logTotal(trellis.forward());
}

std::vector<double> ctcGradient(llvm::ArrayRef<const double *> logits, int64_t classes,
                                llvm::ArrayRef<int64_t> labels) {
  std::vector<double> gradient(logits.size() * classes, 0);
  if (logits.empty())
    return gradient;
  Trellis trellis(logits, classes, labels);
  std::vector<double> a = trellis.forward(), b = trellis.backward();
  double total = trellis.impossible ? -INFINITY : trellis.logTotal(a);
  if (total == -INFINITY)
    return gradient;
  for (int64_t t = 0; t < trellis.rows; ++t) {
    double *row = &gradient[t * classes];
    for (int64_t k = 0; k < classes; ++k)
      row[k] = std::exp(trellis.logProbability[t * classes + k]);
    for (int64_t s = 0; s < trellis.states; ++s) // minus the probability of being there, given the labels
      row[trellis.label[s]] -= std::exp(a[t * trellis.states + s] + b[t * trellis.states + s] - total);
  }
  return gradient;
}

namespace {

struct CtcOperands {
  ValueId logits, labels;
  int64_t classes;

  /// The rows of both at a tick. False: not known yet.
  bool gather(Evaluation &e, ClockId per, Place tick, llvm::SmallVectorImpl<Place> &places,
              std::vector<const double *> &rows, std::vector<int64_t> &text) const {
    llvm::SmallVector<Place> labelPlaces;
    bool ready = rowsOfTick(e, e.program().typeOf(logits).clock, per, tick, places);
    ready &= rowsOfTick(e, e.program().typeOf(labels).clock, per, tick, labelPlaces);
    if (!ready)
      return false;
    for (Place place : labelPlaces) {
      Row row = e.ask(labels, place);
      ready &= row != nullptr;
      text.push_back(row ? *ints(row) : 0);
    }
    for (Place place : places) {
      Row row = e.ask(logits, place);
      ready &= row != nullptr;
      rows.push_back(reals(row));
    }
    return ready;
  }
};

class CtcRule final : public Rule {
public:
  explicit CtcRule(CtcOperands operands) : operands(operands) {}
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    llvm::SmallVector<Place> places;
    std::vector<const double *> rows;
    std::vector<int64_t> labels;
    if (!operands.gather(e, e.program().typeOf(self).clock, place, places, rows, labels))
      return nullptr;
    double *out = e.newReals(1);
    *out = rounded(ctcLoss(rows, operands.classes, labels), e.fp64());
    return out;
  }

private:
  CtcOperands operands;
};

class DctcRule final : public Rule {
public:
  DctcRule(CtcOperands operands, ValueId dy) : operands(operands), dy(dy) {}
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    const Program &program = e.program();
    ClockId clock = program.typeOf(self).clock, per = program.typeOf(dy).clock;
    Place tick = place;
    tick.row = 0;
    if (!program.clocks[clock].isPair()) {
      Timeline &time = e.timeline(place.sample);
      int32_t root = program.commonRoot(clock, per);
      int32_t end = time.first(per, root, time.position(clock, place.at, root));
      if (end == unknown)
        return nullptr;
      if (end == nowhere)
        return e.zeros(operands.classes);
      tick.at = time.tickAt(per, end);
    }
    llvm::SmallVector<Place> places;
    std::vector<const double *> rows;
    std::vector<int64_t> labels;
    Row factor = e.ask(dy, tick);
    if (!operands.gather(e, per, tick, places, rows, labels) || !factor)
      return nullptr;
    std::vector<double> gradient = ctcGradient(rows, operands.classes, labels);
    Row mine = nullptr;
    for (size_t t = 0; t < places.size(); ++t) {
      double *out = e.newReals(operands.classes);
      for (int64_t k = 0; k < operands.classes; ++k)
        out[k] = rounded(gradient[t * operands.classes + k] * *reals(factor), e.fp64());
      e.store(self, places[t], out);
      if (places[t].at == place.at && places[t].row == place.row)
        mine = out;
    }
    return mine;
  }

private:
  CtcOperands operands;
  ValueId dy;
};

} // namespace

std::unique_ptr<Rule> makeCtcRule(Compiler &c, mlir::Operation *op, unsigned) {
  if (auto ctc = llvm::dyn_cast<rnn::CtcOp>(op))
    return std::make_unique<CtcRule>(
        CtcOperands{c.id(ctc.getLogits()), c.id(ctc.getLabels()), c.type(ctc.getLogits()).size});
  if (auto dctc = llvm::dyn_cast<rnn::DctcOp>(op))
    return std::make_unique<DctcRule>(
        CtcOperands{c.id(dctc.getLogits()), c.id(dctc.getLabels()), c.type(dctc.getLogits()).size}, c.id(dctc.getDy()));
  return nullptr;
}

} // namespace rondo::reference
