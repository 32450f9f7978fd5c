// Lines: elements that lie one behind another, and what is done to a line as a whole.
//
// For lines that are long enough, and for exponentials of any, there is vector code for each kind of machine, which
// runtime/generators writes when Rondo is built. A library holds that of its machines which its model uses
// (compiler/Emit); a model's Lines point to it. All else is done by plain code. Which of the two it is hangs on sizes alone, never on how many lines there are.
#ifndef RONDO_RUNTIME_LINES_H
#define RONDO_RUNTIME_LINES_H

#include "runtime/Plan.h"

namespace rondo::runtime {

struct TileTask;

/// The least elements of a line for which there is vector code.
constexpr int lineLanes = 16;

/// An array, as that code takes it: Halide's halide_buffer_t.
struct LineBuffer {
  struct Dimension {
    int32_t min = 0, extent = 0, stride = 0; // in elements
    uint32_t flags = 0;
  };
  uint64_t device = 0;
  const void *deviceInterface = nullptr;
  void *host = nullptr;
  uint64_t flags = 0;
  uint8_t typeCode = 0, bits = 0;
  uint16_t typeLanes = 0;
  int32_t dimensions = 0;
  Dimension *dim = nullptr;
  void *padding = nullptr;
};

/// The vector code of one kind of machine, see runtime/generators/Generate.cpp. Null: plain code does it.
struct Lines {
  int32_t (*exps)(const LineBuffer *x, const LineBuffer *y, const LineBuffer *shifts, const LineBuffer *sums) = nullptr;
  int32_t (*combine)(const LineBuffer *factors, const LineBuffer *x, const LineBuffer *y) = nullptr;
  int32_t (*products)(const LineBuffer *a, const LineBuffer *b, const LineBuffer *before,
                      const LineBuffer *y) = nullptr;
  // Steps of optimisers, in place: what is read is given once more to be written.
  int32_t (*momentum)(float limit, float factor, float decay, float momentum, float rate, float ofGradient,
                      float ofMomentum, const LineBuffer *g, const LineBuffer *p, const LineBuffer *v,
                      const LineBuffer *toP, const LineBuffer *toV) = nullptr;
  int32_t (*rms)(float limit, float factor, float decay, float alpha, float rest, float epsilon, float rate,
                 const LineBuffer *g, const LineBuffer *p, const LineBuffer *s, const LineBuffer *toP,
                 const LineBuffer *toS) = nullptr;
  int32_t (*adam)(float limit, float factor, float decay, float keep, float beta1, float rest1, float beta2,
                  float rest2, float epsilon, float ofMean, float ofSquares, const LineBuffer *g, const LineBuffer *p,
                  const LineBuffer *m, const LineBuffer *s, const LineBuffer *toP, const LineBuffer *toM,
                  const LineBuffer *toS) = nullptr;
  // Instead of products, see runtime/Tiles.h.
  void (*tiles)(const TileTask &task, int64_t first, int64_t terms) = nullptr;
};
/// Its functions by number.
enum class LineCode : uint8_t { Exps, Combine, Products, Momentum, Rms, Adam, Tiles };
constexpr int32_t lineCodes = 7;
/// In the names of their symbols: rondo.NAME.MACHINE.
constexpr const char *nameOf(LineCode code) {
  constexpr const char *names[lineCodes] = {"exps", "combine", "products", "momentum", "rms", "adam", "tiles"};
  return names[int(code)];
}
/// Whether an operation may use it.
constexpr bool uses(OpCode op, LineCode code) {
  switch (op) {
  case OpCode::Softmax:
  case OpCode::SoftmaxPer:
  case OpCode::LogSoftmax:
  case OpCode::LogSoftmaxPer: return code == LineCode::Exps;
  case OpCode::Total:
  case OpCode::Reduce: return code == LineCode::Combine;
  case OpCode::TotalOuter: return code == LineCode::Products || code == LineCode::Tiles;
  default: return false;
  }
}

/// Whether optimisers use it, which no operation stands for.
constexpr bool isOfOptimisers(LineCode code) { return code >= LineCode::Momentum && code <= LineCode::Adam; }

/// exp(x) over its sum of each of `count` lines, which lie one behind another; a line of -inf: 0.
void softmaxLines(const Lines *lines, const float *x, float *y, int64_t size, int64_t count);
/// Its logarithm; a line of -inf: -inf.
void logSoftmaxLines(const Lines *lines, const float *x, float *y, int64_t size, int64_t count);

float sumOf(const float *x, int64_t size);

/// The lines of x, `stride` elements apart, times factors that lie `step` apart (0: one for all), added up in order.
void combineLines(const Lines *lines, const float *factors, int64_t step, const float *x, int64_t stride, float *y,
                  int64_t size, int64_t count);
/// Lines of a tile of products.
constexpr int64_t tileLines = 8;
/// Adds a tile of products to y [tileLines][width], whose lines are `stride` elements apart: the sum of a [tileLines]
/// times b [width] over `count` of them, which lie one behind another. `width` is 1, 2 or 3 times lineLanes.
void addProducts(const Lines *lines, const float *a, const float *b, float *y, int64_t width, int64_t count,
                 int64_t stride);

// Steps of optimisers, see Optimise.cpp, of `count` elements, whole vectors. They return how many they did: all, or none
// where there is no vector code, which gives the bits of plain code.
struct MomentumNumbers {
  float limit, factor, decay, momentum, rate, ofGradient, ofMomentum;
};
int64_t momentumLines(const Lines *lines, const MomentumNumbers &n, float *p, const float *g, float *v, int64_t count);
struct RmsNumbers {
  float limit, factor, decay, alpha, rest, epsilon, rate;
};
int64_t rmsLines(const Lines *lines, const RmsNumbers &n, float *p, const float *g, float *s, int64_t count);
struct AdamNumbers {
  float limit, factor, decay, keep, beta1, rest1, beta2, rest2, epsilon, ofMean, ofSquares;
};
int64_t adamLines(const Lines *lines, const AdamNumbers &n, float *p, const float *g, float *m, float *s,
                  int64_t count);

/// Whether vector code does it: for few elements a call costs more than it saves. Both ways give the same bits.
inline bool combinesLines(const Lines *lines, int64_t size, int64_t count) {
  return lines && lines->combine && size >= lineLanes && count >= 4 && size * count >= 256;
}

} // namespace rondo::runtime
#endif
