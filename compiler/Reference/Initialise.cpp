// Initial values of parameters. Each path has its own stream of random numbers, so that a parameter's values depend on
// the seed and its path alone, not on what else the model has.
#include "compiler/IR/Step.h"
#include "compiler/Reference/Random.h"
#include "compiler/Reference/Rules.h"
#include <cmath>

namespace rondo::reference {
namespace {

/// Fans of a shape [out, in, receptive field...]; a vector [n] is a row that a vector of n is multiplied with.
double glorotBound(llvm::ArrayRef<int64_t> shape) {
  double field = 1;
  for (size_t i = 2; i < shape.size(); ++i)
    field *= shape[i];
  double out = shape.size() < 2 ? 1 : shape[0] * field;
  double in = shape.empty() ? 1 : shape.size() == 1 ? shape[0] : shape[1] * field;
  return std::sqrt(6 / (in + out));
}

/// Fills `out` [rows, columns] with orthonormal columns, or rows where there are fewer: Q of the QR decomposition, with
/// R's diagonal positive, of a matrix of normal numbers. (Its columns are reflected one after the other onto the axes;
/// Q is the product of the reflections, each found from normal numbers alone, since a reflected normal vector is one
/// again.)
void orthonormal(RandomStream &random, double *out, int64_t rows, int64_t columns) {
  if (rows < columns) {
    std::vector<double> turned(rows * columns);
    orthonormal(random, turned.data(), columns, rows);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        out[i * columns + j] = turned[j * rows + i];
    return;
  }
  std::vector<std::vector<double>> reflectors(columns); // the k-th works on rows k and below
  std::vector<double> sign(columns);
  for (int64_t k = 0; k < columns; ++k) {
    std::vector<double> &v = reflectors[k];
    double norm = 0;
    for (int64_t i = k; i < rows; ++i) {
      v.push_back(random.normal());
      norm += v.back() * v.back();
    }
    norm = std::sqrt(norm);
    sign[k] = v[0] < 0 ? 1 : -1; // of R's diagonal
    v[0] -= sign[k] * norm;
    double length = 0;
    for (double x : v)
      length += x * x;
    if (length > 0)
      for (double &x : v)
        x *= std::sqrt(2 / length);
  }
  // Q's columns a few at a time, which then stay in the cache while all reflections pass over them.
  constexpr int64_t strip = 32;
  std::vector<double> q(rows * strip);
  for (int64_t first = 0; first < columns; first += strip) {
    std::fill(q.begin(), q.end(), 0.0);
    for (int64_t j = first; j < std::min(first + strip, columns); ++j)
      q[j * strip + j - first] = sign[j];
    for (int64_t k = std::min(first + strip, columns) - 1; k >= 0; --k) { // later reflections leave these columns alone
      const std::vector<double> &v = reflectors[k];
      double dot[strip] = {};
      for (size_t i = 0; i < v.size(); ++i)
        for (int64_t j = 0; j < strip; ++j)
          dot[j] += v[i] * q[(k + i) * strip + j];
      for (size_t i = 0; i < v.size(); ++i)
        for (int64_t j = 0; j < strip; ++j)
          q[(k + i) * strip + j] -= v[i] * dot[j];
    }
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = first; j < std::min(first + strip, columns); ++j)
        out[i * columns + j] = q[i * strip + j - first];
  }
}

/// [n, n], or [k*n, n]: k orthogonal blocks on top of one another, one a gate. Other matrices have orthonormal columns
/// or rows; axes behind the first count as one, a vector as one row.
void orthogonal(RandomStream &random, llvm::ArrayRef<int64_t> shape, std::vector<double> &out) {
  int64_t rows = shape.size() < 2 ? 1 : shape[0];
  int64_t columns = out.size() / std::max<int64_t>(rows, 1);
  int64_t block = columns && rows % columns == 0 ? columns : rows;
  for (int64_t at = 0; at < rows && columns; at += block)
    orthonormal(random, out.data() + at * columns, block, columns);
}

/// One value for all elements, or one an element.
template <typename From, typename To, typename Convert>
void copyValues(mlir::DenseElementsAttr values, std::vector<To> &to, Convert convert) {
  if (values.isSplat())
    std::fill(to.begin(), to.end(), convert(values.getSplatValue<From>()));
  else
    llvm::transform(values.getValues<From>(), to.begin(), convert);
}

} // namespace

static Params initialise(mlir::Block &equations, uint64_t seed) {
  Params params;
  for (auto param : equations.getOps<rnn::ParamOp>()) {
    mlir::Type type = param.getResult().getType();
    Array &array = params[param.getPath().str()];
    llvm::ArrayRef<int64_t> shape = rnn::shapeOf(type);
    array.shape.assign(shape.begin(), shape.end());
    array.isReal = rnn::elementOf(type).isF32();
    int64_t size = rnn::elementCount(type);
    rnn::InitAttr init = param.getInit();
    RandomStream random(randomKey(seed, param.getPath()));
    auto uniform = [&](double bound) {
      for (double &x : array.reals)
        x = bound * (2 * random.uniform() - 1);
    };
    if (!array.isReal) {
      array.ints.assign(size, init.getKind() == rnn::InitKind::Ones);
      if (init.getKind() == rnn::InitKind::Values)
        copyValues<llvm::APInt>(init.getValues(), array.ints, [](const llvm::APInt &x) {
          return x.getBitWidth() == 1 ? int64_t(x.getZExtValue()) : x.getSExtValue();
        });
      continue;
    }
    array.reals.assign(size, init.getKind() == rnn::InitKind::Ones);
    switch (init.getKind()) {
    case rnn::InitKind::Zeros:
    case rnn::InitKind::Ones: break;
    case rnn::InitKind::Glorot: uniform(glorotBound(shape)); break;
    case rnn::InitKind::Orthogonal: orthogonal(random, shape, array.reals); break;
    case rnn::InitKind::Uniform: uniform(init.getScale().getValueAsDouble()); break;
    case rnn::InitKind::Normal:
      for (double &x : array.reals)
        x = init.getScale().getValueAsDouble() * random.normal();
      break;
    case rnn::InitKind::Values: copyValues<double>(init.getValues(), array.reals, [](double x) { return x; }); break;
    }
  }
  return params;
}

Params initialise(rnn::ModelOp model, uint64_t seed) { return initialise(model.getBody().front(), seed); }
Params initialise(step::ScheduleOp schedule, uint64_t seed) { return initialise(schedule.getBody().front(), seed); }

} // namespace rondo::reference
