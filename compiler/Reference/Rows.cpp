// Operations along rows: along the last axis of a value, or, with per(#c), each element by itself along the rows of a
// clock that belong to one tick of #c. What is done to one line of elements is the same for both.
#include "compiler/Reference/Rules.h"
#include "compiler/Reference/Sight.h"
#include <cmath>
#include <functional>

namespace rondo::reference {

//===--- Lines ---===//

/// Reads and writes one line: `inWidth` and `outWidth` numbers an element.
template <typename In, typename Out> struct Line {
  int64_t inWidth = 1, outWidth = 1;
  std::function<void(bool fp64, llvm::ArrayRef<In>, llvm::MutableArrayRef<Out>)> apply;
};

/// All -inf: softmax gives 0, its logarithm -inf.
static void softmax(bool fp64, llvm::ArrayRef<double> in, llvm::MutableArrayRef<double> out, bool logarithm) {
  double most = -INFINITY;
  for (double x : in)
    most = rnn::maximum(most, x);
  if (most == -INFINITY) {
    std::fill(out.begin(), out.end(), logarithm ? -INFINITY : 0.0);
    return;
  }
  Sum sum{fp64};
  for (size_t i = 0; i < in.size(); ++i) {
    out[i] = rounded(std::exp(rounded(in[i] - most, fp64)), fp64);
    sum.add(out[i]);
  }
  double log = rounded(std::log(sum.value), fp64);
  for (size_t i = 0; i < in.size(); ++i)
    out[i] = rounded(logarithm ? rounded(in[i] - most, fp64) - log : out[i] / sum.value, fp64);
}

template <typename T> static T plus(bool fp64, T a, T b) {
  if constexpr (std::is_same_v<T, double>)
    return rounded(a + b, fp64);
  else
    return rnn::wrappedAdd(a, b);
}

template <typename T> static Line<T, T> cumsum(bool reverse) {
  return {1, 1, [=](bool fp64, llvm::ArrayRef<T> in, llvm::MutableArrayRef<T> out) {
            T sum = 0;
            for (size_t k = 0; k < in.size(); ++k) {
              size_t i = reverse ? in.size() - 1 - k : k;
              out[i] = sum = plus(fp64, sum, in[i]);
            }
          }};
}

static bool isNan(double x) { return std::isnan(x); }
static bool isNan(int64_t) { return false; }

/// The first maximum; a NaN is above everything.
template <typename T> static Line<T, int64_t> pick() {
  return {1, 1, [](bool, llvm::ArrayRef<T> in, llvm::MutableArrayRef<int64_t> out) {
            size_t best = 0;
            for (size_t i = 1; i < in.size(); ++i)
              if (in[i] > in[best] || (isNan(in[i]) && !isNan(in[best])))
                best = i;
            for (size_t i = 0; i < in.size(); ++i)
              out[i] = i == best;
          }};
}

static Line<double, double> window(int64_t width) {
  return {1, width, [=](bool, llvm::ArrayRef<double> in, llvm::MutableArrayRef<double> out) {
            int64_t n = in.size();
            for (int64_t i = 0; i < n; ++i)
              for (int64_t j = 0; j < width; ++j) {
                int64_t from = i - (width - 1) / 2 + j;
                out[i * width + j] = from >= 0 && from < n ? in[from] : 0;
              }
          }};
}

static Line<double, double> overlap(int64_t width) {
  return {width, 1, [=](bool fp64, llvm::ArrayRef<double> in, llvm::MutableArrayRef<double> out) {
            int64_t n = out.size();
            for (int64_t i = 0; i < n; ++i) {
              Sum sum{fp64};
              for (int64_t j = 0; j < width; ++j) {
                int64_t to = i + (width - 1) / 2 - j;
                if (to >= 0 && to < n)
                  sum.add(in[to * width + j]);
              }
              out[i] = sum.value;
            }
          }};
}

//===--- Along the last axis, and along rows ---===//

template <typename T> static T *allocate(Evaluation &e, int64_t size) {
  if constexpr (std::is_same_v<T, double>)
    return e.newReals(size);
  else
    return e.newInts(size);
}

template <typename In, typename Out>
static std::unique_ptr<Rule> alongLastAxis(Compiler &c, mlir::Value x, const Line<In, Out> &line) {
  const Type &type = c.type(x);
  int64_t length = type.shape[type.shape.size() - (line.inWidth == 1 ? 1 : 2)];
  int64_t in1 = length * line.inWidth, out1 = length * line.outWidth;
  int64_t lines = type.size / in1;
  return local({c.id(x)}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    Out *out = allocate<Out>(e, lines * out1);
    for (int64_t l = 0; l < lines; ++l)
      line.apply(e.fp64(), llvm::ArrayRef(static_cast<const In *>(in[0]) + l * in1, in1),
                 llvm::MutableArrayRef(out + l * out1, out1));
    return out;
  });
}

namespace {

/// Computes a group of rows at once. A row that belongs to no tick of `per` is zero.
template <typename In, typename Out> class PerRule final : public Rule {
public:
  PerRule(ValueId x, ClockId per, Line<In, Out> line) : x(x), per(per), line(std::move(line)) {}

  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    const Program &program = e.program();
    const Type &from = program.typeOf(x), &to = program.typeOf(self);
    Place tick = place;
    if (!program.clockOf(x).isPair()) {
      Timeline &time = e.timeline(place.sample);
      int32_t root = program.commonRoot(from.clock, per);
      int32_t end = time.first(per, root, time.position(from.clock, place.at, root));
      if (end == unknown)
        return nullptr;
      if (end == nowhere)
        return e.zeros(to.size);
      tick.at = time.tickAt(per, end);
    }
    llvm::SmallVector<Place> places;
    if (!rowsOfTick(e, from.clock, per, tick, places))
      return nullptr;
    llvm::SmallVector<Row> rows(places.size());
    bool ready = true;
    for (size_t i = places.size(); i-- > 0;)
      ready &= (rows[i] = e.ask(x, places[i])) != nullptr;
    if (!ready)
      return nullptr;

    llvm::SmallVector<Out *> results;
    for (size_t i = 0; i < places.size(); ++i)
      results.push_back(allocate<Out>(e, to.size));
    int64_t n = places.size();
    std::vector<In> in(n * line.inWidth);
    std::vector<Out> out(n * line.outWidth);
    for (int64_t element = 0; element * line.inWidth < from.size; ++element) {
      for (int64_t i = 0; i < n; ++i)
        std::copy_n(static_cast<const In *>(rows[i]) + element * line.inWidth, line.inWidth,
                    in.data() + i * line.inWidth);
      line.apply(e.fp64(), in, out);
      for (int64_t i = 0; i < n; ++i)
        std::copy_n(out.data() + i * line.outWidth, line.outWidth, results[i] + element * line.outWidth);
    }
    Row mine = nullptr;
    for (int64_t i = 0; i < n; ++i) {
      e.store(self, places[i], results[i]);
      if (places[i].at == place.at && places[i].row == place.row)
        mine = results[i];
    }
    return mine;
  }

private:
  ValueId x;
  ClockId per;
  Line<In, Out> line;
};

template <typename In, typename Out>
std::unique_ptr<Rule> along(Compiler &c, mlir::Value x, std::optional<rnn::ClockInterface> per, Line<In, Out> line) {
  if (!per)
    return alongLastAxis(c, x, line);
  return std::make_unique<PerRule<In, Out>>(c.id(x), c.clock(*per), std::move(line));
}

} // namespace

std::unique_ptr<Rule> makeRowRule(Compiler &c, mlir::Operation *op, unsigned) {
  auto softmaxLine = [](bool logarithm) -> Line<double, double> {
    return {1, 1, [=](bool fp64, llvm::ArrayRef<double> in, llvm::MutableArrayRef<double> out) {
              softmax(fp64, in, out, logarithm);
            }};
  };
  if (auto soft = llvm::dyn_cast<rnn::SoftmaxOp>(op))
    return along(c, soft.getX(), soft.getPer(), softmaxLine(false));
  if (auto soft = llvm::dyn_cast<rnn::LogSoftmaxOp>(op))
    return along(c, soft.getX(), soft.getPer(), softmaxLine(true));
  if (auto sums = llvm::dyn_cast<rnn::CumsumOp>(op))
    return c.type(sums.getX()).isReal() ? along(c, sums.getX(), sums.getPer(), cumsum<double>(sums.getReverse()))
                                        : along(c, sums.getX(), sums.getPer(), cumsum<int64_t>(sums.getReverse()));
  if (auto first = llvm::dyn_cast<rnn::PickOp>(op))
    return c.type(first.getX()).isReal() ? along(c, first.getX(), first.getPer(), pick<double>())
                                         : along(c, first.getX(), first.getPer(), pick<int64_t>());
  if (auto near = llvm::dyn_cast<rnn::WindowOp>(op))
    return along(c, near.getX(), near.getPer(), window(near.getWidth()));
  if (auto back = llvm::dyn_cast<rnn::OverlapOp>(op))
    return along(c, back.getX(), back.getPer(), overlap(c.type(back.getX()).shape.back()));
  return nullptr;
}

} // namespace rondo::reference
