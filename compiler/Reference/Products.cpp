// Products, table look-ups, and what sums over all samples and ticks.
#include "compiler/Reference/Rules.h"
#include <cstring>

namespace rondo::reference {
namespace {

/// A matrix in memory, read as it lies or transposed.
struct MatrixView {
  const double *data;
  int64_t rowStride, columnStride;
  double at(int64_t row, int64_t column) const { return data[row * rowStride + column * columnStride]; }
};

/// out[m, n] = a[m, k] b[k, n], each sum over k in ascending order.
template <typename Real> void product(MatrixView a, MatrixView b, double *out, int64_t m, int64_t k, int64_t n) {
  if (n == 1 && a.columnStride == 1) {
    // A matrix times a vector; four rows at once, since one sum alone waits for each of its additions.
    int64_t i = 0;
    for (; i + 4 <= m; i += 4) {
      const double *row = a.data + i * a.rowStride;
      Real s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (int64_t l = 0; l < k; ++l) {
        Real x = b.data[l * b.rowStride];
        s0 += static_cast<Real>(row[l]) * x;
        s1 += static_cast<Real>(row[l + a.rowStride]) * x;
        s2 += static_cast<Real>(row[l + 2 * a.rowStride]) * x;
        s3 += static_cast<Real>(row[l + 3 * a.rowStride]) * x;
      }
      out[i] = s0, out[i + 1] = s1, out[i + 2] = s2, out[i + 3] = s3;
    }
    for (; i < m; ++i) {
      Real sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += static_cast<Real>(a.at(i, l)) * static_cast<Real>(b.data[l * b.rowStride]);
      out[i] = sum;
    }
    return;
  }
  std::vector<Real> sums(m * n, 0);
  for (int64_t l = 0; l < k; ++l)
    for (int64_t i = 0; i < m; ++i) {
      Real x = a.at(i, l);
      for (int64_t j = 0; j < n; ++j)
        sums[i * n + j] += x * static_cast<Real>(b.at(l, j));
    }
  std::copy(sums.begin(), sums.end(), out);
}

void product(bool fp64, MatrixView a, MatrixView b, double *out, int64_t m, int64_t k, int64_t n) {
  fp64 ? product<double>(a, b, out, m, k, n) : product<float>(a, b, out, m, k, n);
}

std::unique_ptr<Rule> matmul(Compiler &c, rnn::MatmulOp op) {
  llvm::ArrayRef<int64_t> w = c.type(op.getW()).shape, x = c.type(op.getX()).shape;
  bool transposed = op.getTransposed() && w.size() == 2;
  int64_t k = x[0], n = x.size() == 2 ? x[1] : 1;
  int64_t m = w.size() == 1 ? 1 : w[transposed ? 1 : 0];
  return local(c.idsOf(op->getOperands()), [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    double *out = e.newReals(m * n);
    MatrixView a{reals(in[0]), transposed ? 1 : k, transposed ? m : 1};
    product(e.fp64(), a, {reals(in[1]), n, 1}, out, m, k, n);
    return out;
  });
}

//===--- Summed over all places, or one a tick ---===//

/// Adds what one place gives to a sum of the result's size.
class Contribution {
public:
  virtual ~Contribution() = default;
  virtual bool add(Evaluation &evaluation, llvm::ArrayRef<Row> in, double *sum) const = 0;
};

/// a[m, n] b[k, n] transposed: the sum over n of outer products.
class OuterContribution final : public Contribution {
public:
  OuterContribution(int64_t m, int64_t k, int64_t n, bool transposed) : m(m), k(k), n(n), transposed(transposed) {}
  bool add(Evaluation &evaluation, llvm::ArrayRef<Row> in, double *sum) const override {
    std::vector<double> part(m * k);
    if (transposed)
      product(evaluation.fp64(), {reals(in[0]), 1, m}, {reals(in[1]), k, 1}, part.data(), m, n, k);
    else
      product(evaluation.fp64(), {reals(in[0]), n, 1}, {reals(in[1]), 1, n}, part.data(), m, n, k);
    for (int64_t i = 0; i < m * k; ++i)
      sum[i] = rounded(sum[i] + part[i], evaluation.fp64());
    return true;
  }

private:
  int64_t m, k, n;
  bool transposed;
};

class TotalContribution final : public Contribution {
public:
  explicit TotalContribution(int64_t size) : size(size) {}
  bool add(Evaluation &evaluation, llvm::ArrayRef<Row> in, double *sum) const override {
    for (int64_t i = 0; i < size; ++i)
      sum[i] = rounded(sum[i] + reals(in[0])[i], evaluation.fp64());
    return true;
  }

private:
  int64_t size;
};

bool inRange(Evaluation &evaluation, int64_t index, int64_t size) {
  if (index >= 0 && index < size)
    return true;
  evaluation.fail("index " + llvm::Twine(index) + " is not in 0.." + llvm::Twine(size - 1));
  return false;
}

class ScatterContribution final : public Contribution {
public:
  ScatterContribution(int64_t entries, int64_t entry) : entries(entries), entry(entry) {}
  bool add(Evaluation &evaluation, llvm::ArrayRef<Row> in, double *sum) const override {
    int64_t index = *ints(in[0]);
    if (!inRange(evaluation, index, entries))
      return false;
    for (int64_t i = 0; i < entry; ++i) {
      double &to = sum[index * entry + i];
      to = rounded(to + reals(in[1])[i], evaluation.fp64());
    }
    return true;
  }

private:
  int64_t entries, entry;
};

/// The sum of contributions over all ticks of a clock in all samples, in that order.
class TotalRule final : public Rule {
public:
  TotalRule(llvm::SmallVector<ValueId, 3> operands, ClockId clock, int64_t size, std::unique_ptr<Contribution> each)
      : operands(std::move(operands)), clock(clock), size(size), each(std::move(each)) {}

  Row evaluate(Evaluation &e, ValueId self, Place) const override {
    std::optional<std::vector<Place>> places = e.allPlaces(clock);
    if (!places)
      return nullptr;
    bool ready = true;
    for (const Place &place : llvm::reverse(*places))
      for (ValueId operand : operands)
        ready &= e.ask(operand, place) != nullptr;
    if (!ready)
      return nullptr;
    double *sum = e.newReals(size);
    std::memset(sum, 0, size * sizeof(double));
    llvm::SmallVector<Row, 2> in;
    for (const Place &place : *places) {
      in.clear();
      for (ValueId operand : operands)
        in.push_back(e.ask(operand, place));
      if (!each->add(e, in, sum))
        return nullptr;
    }
    return sum;
  }

private:
  llvm::SmallVector<ValueId, 3> operands;
  ClockId clock;
  int64_t size;
  std::unique_ptr<Contribution> each;
};

std::unique_ptr<Rule> summed(Compiler &c, mlir::Operation *op, std::unique_ptr<Contribution> each) {
  const Type &result = c.type(op->getResult(0));
  ClockId clock = noClock; // the streams' among the operands
  for (mlir::Value operand : op->getOperands())
    if (c.type(operand).clock != noClock)
      clock = c.type(operand).clock;
  auto operands = c.idsOf(op->getOperands());
  int64_t size = result.size;
  if (result.clock == noClock && clock != noClock)
    return std::make_unique<TotalRule>(operands, clock, size, std::move(each));
  auto shared = std::shared_ptr<Contribution>(std::move(each));
  return local(operands, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    double *sum = e.newReals(size);
    std::memset(sum, 0, size * sizeof(double));
    return shared->add(e, in, sum) ? sum : nullptr;
  });
}

std::unique_ptr<Rule> outer(Compiler &c, rnn::OuterOp op) {
  // [m] and [k]; [m,n] and [k,n]; a scalar and [k]; [n] and [k,n]: the last axis of b, where it has two, is summed. If
  // transposed, the first.
  llvm::ArrayRef<int64_t> b = c.type(op.getB()).shape;
  int64_t n = b.size() == 2 ? b[op.getTransposed() ? 0 : 1] : 1;
  int64_t k = b.empty() ? 1 : b[op.getTransposed() ? 1 : 0];
  int64_t m = c.type(op.getA()).size / std::max<int64_t>(n, 1);
  return summed(c, op, std::make_unique<OuterContribution>(m, k, n, op.getTransposed()));
}

std::unique_ptr<Rule> embed(Compiler &c, rnn::EmbedOp op) {
  const Type &table = c.type(op.getTable());
  int64_t entries = table.shape[0], entry = entries ? table.size / entries : 0;
  return local(c.idsOf(op->getOperands()), [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t index = *ints(in[1]);
    return inRange(e, index, entries) ? reals(in[0]) + index * entry : nullptr; // elements of any kind are 8 bytes
  });
}

} // namespace

std::unique_ptr<Rule> makeProductRule(Compiler &c, mlir::Operation *op, unsigned) {
  if (auto matrix = llvm::dyn_cast<rnn::MatmulOp>(op))
    return matmul(c, matrix);
  if (auto both = llvm::dyn_cast<rnn::OuterOp>(op))
    return outer(c, both);
  if (auto table = llvm::dyn_cast<rnn::EmbedOp>(op))
    return embed(c, table);
  if (auto scatter = llvm::dyn_cast<rnn::ScatterAddOp>(op)) {
    const Type &type = c.type(scatter.getResult());
    int64_t entries = type.shape[0], entry = entries ? type.size / entries : 0;
    return summed(c, op, std::make_unique<ScatterContribution>(entries, entry));
  }
  if (auto total = llvm::dyn_cast<rnn::TotalOp>(op))
    return summed(c, op, std::make_unique<TotalContribution>(c.type(total.getResult()).size));
  return nullptr;
}

} // namespace rondo::reference
