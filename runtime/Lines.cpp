#include "runtime/Lines.h"
#include "runtime/Exp.h"
#include "runtime/RowOps.h"
#include <cmath>

namespace rondo::runtime {

namespace {

/// The array of a call of vector code, which counts in 32 bits.
struct Array {
  LineBuffer::Dimension dimensions[2];
  LineBuffer buffer;

  Array(const float *first, int64_t size, int64_t step = 1) : Array(first, size, step, 1, 0) { buffer.dimensions = 1; }
  Array(const float *first, int64_t size, int64_t step, int64_t count, int64_t stride)
      : dimensions{{0, int32_t(size), int32_t(step), 0}, {0, int32_t(count), int32_t(stride), 0}} {
    buffer.host = const_cast<float *>(first);
    buffer.dimensions = 2;
    buffer.dim = dimensions;
  }
  Array(const Array &) = delete;
  operator const LineBuffer *() const { return &buffer; }
};

constexpr bool isCountable(int64_t elements) { return elements <= INT32_MAX; }

/// Lines that are worked on in one call: as many as the nearest cache has room for.
constexpr int64_t mostTogether = 64;
int64_t togetherOf(int64_t size, int64_t left) {
  int64_t together = 4096 / size;
  together = together < 1 ? 1 : together > mostTogether ? mostTogether : together;
  return together < left ? together : left;
}

//===--- Plain -------------------------------------------------------------------------------------------------===//

/// A line is folded in this many interleaved parts, whatever the machine: the order of sums does not hang on it. A
/// shorter one is folded in order.
constexpr int64_t parts = 16;

float mostOf(const float *x, int64_t size) {
  if (size < parts) {
    float most = -INFINITY;
    for (int64_t i = 0; i < size; ++i)
      most = maximum(most, x[i]);
    return most;
  }
  float most[parts];
  for (float &part : most)
    part = -INFINITY;
  int64_t i = 0;
  for (; i + parts <= size; i += parts)
    for (int64_t j = 0; j < parts; ++j)
      most[j] = maximum(most[j], x[i + j]);
  for (; i < size; ++i)
    most[i % parts] = maximum(most[i % parts], x[i]);
  for (int64_t half = parts / 2; half; half /= 2)
    for (int64_t j = 0; j < half; ++j)
      most[j] = maximum(most[j], most[j + half]);
  return most[0];
}

float foldParts(float *sums) {
  for (int64_t half = parts / 2; half; half /= 2)
    for (int64_t j = 0; j < half; ++j)
      sums[j] += sums[j + half];
  return sums[0];
}

void fill(float *y, int64_t size, float value) {
  for (int64_t i = 0; i < size; ++i)
    y[i] = value;
}

} // namespace

float sumOf(const float *x, int64_t size) {
  if (size < parts) {
    float sum = 0;
    for (int64_t i = 0; i < size; ++i)
      sum += x[i];
    return sum;
  }
  float sums[parts] = {};
  int64_t i = 0;
  for (; i + parts <= size; i += parts)
    for (int64_t j = 0; j < parts; ++j)
      sums[j] += x[i + j];
  for (int64_t j = 0; i + j < size; ++j)
    sums[j] += x[i + j];
  return foldParts(sums);
}

//===--- With vector code --------------------------------------------------------------------------------------===//

namespace {

/// Exponentials of x - shift of each of `count` lines, at most mostTogether, that are shorter than a vector, as of one line:
/// its own largest element is 0, as that of each of them.
void shortExps(const Lines *lines, const float *x, const float *shifts, float *y, int64_t size, int64_t count) {
  float shifted[mostTogether * lineLanes] = {}, exps[mostTogether * lineLanes], most, sum;
  for (int64_t line = 0; line < count; ++line)
    for (int64_t i = line * size; i < (line + 1) * size; ++i)
      shifted[i] = x[i] - shifts[line];
  int64_t all = size * count < lineLanes ? lineLanes : size * count;
  lines->exps(Array(shifted, all, 1, 1, all), Array(exps, all, 1, 1, all), Array(&most, 1), Array(&sum, 1));
  std::memcpy(y, exps, size_t(size * count) * sizeof(float));
}

/// Calls finish(x, y, shift, sum) for each line, of which y has the exponentials of x - shift. A sum is 0 only where all
/// elements are -inf: the largest of others gives a 1.
template <typename Finish>
void eachExps(const Lines *lines, const float *x, float *y, int64_t size, int64_t count, const Finish &finish) {
  bool hasVectors = lines && lines->exps && isCountable(size);
  for (int64_t done = 0, together; done < count && size > 0; done += together) {
    together = togetherOf(size, count - done);
    float shifts[mostTogether], sums[mostTogether];
    if (hasVectors && size >= lineLanes) {
      lines->exps(Array(x, size, 1, together, size), Array(y, size, 1, together, size), Array(shifts, together),
                  Array(sums, together));
    } else {
      for (int64_t i = 0; i < together; ++i) {
        float most = mostOf(x + i * size, size);
        shifts[i] = most == -INFINITY ? 0 : most;
      }
      if (hasVectors)
        shortExps(lines, x, shifts, y, size, together);
      for (int64_t i = 0; i < together; ++i) {
        for (int64_t e = i * size; e < (i + 1) * size && !hasVectors; ++e)
          y[e] = expOf(x[e] - shifts[i]);
        sums[i] = sumOf(y + i * size, size);
      }
    }
    for (int64_t i = 0; i < together; ++i, x += size, y += size)
      finish(x, y, shifts[i], sums[i]);
  }
}

} // namespace

void softmaxLines(const Lines *lines, const float *x, float *y, int64_t size, int64_t count) {
  eachExps(lines, x, y, size, count, [=](const float *, float *y, float, float sum) {
    float factor = sum == 0 ? 0 : 1 / sum;
    for (int64_t i = 0; i < size; ++i)
      y[i] *= factor;
  });
}

void logSoftmaxLines(const Lines *lines, const float *x, float *y, int64_t size, int64_t count) {
  eachExps(lines, x, y, size, count, [=](const float *x, float *y, float shift, float sum) {
    float log = sum == 0 ? 0 : std::log(sum);
    for (int64_t i = 0; i < size; ++i)
      y[i] = x[i] - shift - log;
  });
}

void combineLines(const Lines *lines, const float *factors, int64_t step, const float *x, int64_t stride, float *y,
                  int64_t size, int64_t count) {
  if (combinesLines(lines, size, count) && isCountable(size) && isCountable(stride * count) &&
      isCountable(step * count)) {
    lines->combine(Array(factors, count, step), Array(x, size, 1, count, stride), Array(y, size));
    return;
  }
  fill(y, size, 0);
  for (int64_t l = 0; l < count; ++l)
    for (int64_t i = 0; i < size; ++i)
      y[i] += factors[l * step] * x[l * stride + i];
}

void addProducts(const Lines *lines, const float *a, const float *b, float *y, int64_t width, int64_t count,
                 int64_t stride) {
  if (lines && lines->products && isCountable(stride * tileLines)) {
    lines->products(Array(a, tileLines, 1, count, tileLines), Array(b, width, 1, count, width),
                    Array(y, width, 1, tileLines, stride), Array(y, width, 1, tileLines, stride));
    return;
  }
  for (int64_t i = 0; i < tileLines; ++i) {
    float sums[3 * lineLanes] = {};
    for (int64_t t = 0; t < count; ++t)
      for (int64_t j = 0; j < width; ++j)
        sums[j] += a[t * tileLines + i] * b[t * width + j];
    for (int64_t j = 0; j < width; ++j)
      y[i * stride + j] += sums[j];
  }
}

//===--- Optimisers --------------------------------------------------------------------------------------------===//

/// Whether a step of so many is one for vector code.
static bool isStepOfLines(int64_t count) { return count > 0 && isCountable(count); }

int64_t momentumLines(const Lines *lines, const MomentumNumbers &n, float *p, const float *g, float *v, int64_t count) {
  if (!lines || !lines->momentum || !isStepOfLines(count))
    return 0;
  Array ofG(g, count), ofP(p, count), ofV(v, count);
  lines->momentum(n.limit, n.factor, n.decay, n.momentum, n.rate, n.ofGradient, n.ofMomentum, ofG, ofP, ofV, ofP, ofV);
  return count;
}

int64_t rmsLines(const Lines *lines, const RmsNumbers &n, float *p, const float *g, float *s, int64_t count) {
  if (!lines || !lines->rms || !isStepOfLines(count))
    return 0;
  Array ofG(g, count), ofP(p, count), ofS(s, count);
  lines->rms(n.limit, n.factor, n.decay, n.alpha, n.rest, n.epsilon, n.rate, ofG, ofP, ofS, ofP, ofS);
  return count;
}

int64_t adamLines(const Lines *lines, const AdamNumbers &n, float *p, const float *g, float *m, float *s,
                  int64_t count) {
  if (!lines || !lines->adam || !isStepOfLines(count))
    return 0;
  Array ofG(g, count), ofP(p, count), ofM(m, count), ofS(s, count);
  lines->adam(n.limit, n.factor, n.decay, n.keep, n.beta1, n.rest1, n.beta2, n.rest2, n.epsilon, n.ofMean, n.ofSquares,
              ofG, ofP, ofM, ofS, ofP, ofM, ofS);
  return count;
}

} // namespace rondo::runtime
