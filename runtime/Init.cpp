#include "runtime/Init.h"
#include "runtime/Random.h"
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace rondo::runtime {
namespace {

/// One number after another, two from each counter of Philox.
class Stream {
public:
  explicit Stream(uint64_t key) : key(key) {}

  /// In [0, 1), of 53 bits.
  double uniform() {
    uint64_t n = count++;
    if (n % 2)
      return unit(words[2], words[3]);
    const uint32_t counter[4] = {uint32_t(n / 2), uint32_t(n / 2 >> 32), 0, 0};
    philox(key, counter, words);
    return unit(words[0], words[1]);
  }

  /// Of standard deviation 1: Box and Muller.
  double normal() {
    if (hasSpare) {
      hasSpare = false;
      return spare;
    }
    constexpr double pi = 3.14159265358979323846;
    double radius = std::sqrt(-2 * std::log(1 - uniform())), angle = 2 * pi * uniform();
    spare = radius * std::sin(angle);
    hasSpare = true;
    return radius * std::cos(angle);
  }

private:
  static double unit(uint32_t low, uint32_t high) { return double((uint64_t(high) << 32 | low) >> 11) * 0x1p-53; }

  uint64_t key, count = 0;
  uint32_t words[4] = {};
  double spare = 0;
  bool hasSpare = false;
};

/// Columns of Q that are made at a time: they stay in the cache while all reflections pass over them.
constexpr int64_t strip = 32;

/// Doubles that `orthonormal` works on, for a matrix of at least as many rows as columns.
int64_t workOf(int64_t rows, int64_t columns) {
  return columns * rows - columns * (columns - 1) / 2 + columns + rows * strip;
}

/// Writes a [rows, columns] matrix with orthonormal columns, rows >= columns; element (i, j) stands at
/// out[i * down + j * across]. It is Q of the QR decomposition, with R's diagonal positive, of a matrix of normal
/// numbers. (Its columns are reflected one after the other onto the axes; Q is the product of the reflections, each
/// found from normal numbers alone, since a reflected normal vector is one again.)
void orthonormal(Stream &random, float *out, int64_t rows, int64_t columns, int64_t down, int64_t across,
                 double *work) {
  double *sign = work, *q = sign + columns, *reflectors = q + rows * strip;
  // The k-th reflector works on rows k and below: rows - k numbers.
  double *v = reflectors;
  for (int64_t k = 0; k < columns; v += rows - k, ++k) {
    double norm = 0;
    for (int64_t i = 0; i < rows - k; ++i) {
      v[i] = random.normal();
      norm += v[i] * v[i];
    }
    norm = std::sqrt(norm);
    sign[k] = v[0] < 0 ? 1 : -1; // of R's diagonal
    v[0] -= sign[k] * norm;
    double length = 0;
    for (int64_t i = 0; i < rows - k; ++i)
      length += v[i] * v[i];
    if (length > 0) {
      double scale = std::sqrt(2 / length);
      for (int64_t i = 0; i < rows - k; ++i)
        v[i] *= scale;
    }
  }
  for (int64_t first = 0; first < columns; first += strip) {
    int64_t end = first + strip < columns ? first + strip : columns;
    std::memset(q, 0, size_t(rows * strip) * sizeof(double));
    for (int64_t j = first; j < end; ++j)
      q[j * strip + j - first] = sign[j];
    const double *v = reflectors + end * rows - end * (end - 1) / 2; // behind reflector end - 1
    for (int64_t k = end - 1; k >= 0; --k) {                         // later reflections leave these columns alone
      v -= rows - k;
      double dot[strip] = {};
      for (int64_t i = 0; i < rows - k; ++i)
        for (int64_t j = 0; j < strip; ++j)
          dot[j] += v[i] * q[(k + i) * strip + j];
      for (int64_t i = 0; i < rows - k; ++i)
        for (int64_t j = 0; j < strip; ++j)
          q[(k + i) * strip + j] -= v[i] * dot[j];
    }
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = first; j < end; ++j)
        out[i * down + j * across] = float(q[i * strip + j - first]);
  }
}

bool orthogonal(const InitPlan &plan, Stream &random, float *out) {
  bool tall = plan.block >= plan.columns;
  int64_t rows = tall ? plan.block : plan.columns, columns = tall ? plan.columns : plan.block;
  double *work = static_cast<double *>(std::malloc(size_t(workOf(rows, columns)) * sizeof(double)));
  if (!work)
    return false;
  for (int64_t at = 0; at < plan.rows; at += plan.block)
    orthonormal(random, out + at * plan.columns, rows, columns, tall ? plan.columns : 1, tall ? 1 : plan.columns, work);
  std::free(work);
  return true;
}

} // namespace

bool initialise(const InitTable &table, uint64_t seed, void *parameters) {
  for (const InitPlan *plan = table.plans, *end = plan + table.count; plan != end; ++plan) {
    char *out = static_cast<char *>(parameters) + plan->offset;
    float *reals = reinterpret_cast<float *>(out);
    Stream random(randomKey(seed, plan->path, 0));
    switch (plan->kind) {
    case InitPlan::Kind::Fill:
      for (int64_t i = 0; i < plan->elements; ++i)
        std::memcpy(out + i * plan->bytes, table.data + plan->data, size_t(plan->bytes));
      break;
    case InitPlan::Kind::Copy: std::memcpy(out, table.data + plan->data, size_t(plan->elements * plan->bytes)); break;
    case InitPlan::Kind::Uniform:
      for (int64_t i = 0; i < plan->elements; ++i)
        reals[i] = float(plan->scale * (2 * random.uniform() - 1));
      break;
    case InitPlan::Kind::Normal:
      for (int64_t i = 0; i < plan->elements; ++i)
        reals[i] = float(plan->scale * random.normal());
      break;
    case InitPlan::Kind::Orthogonal:
      if (plan->elements && !orthogonal(*plan, random, reals))
        return false;
      break;
    }
  }
  return true;
}

} // namespace rondo::runtime
