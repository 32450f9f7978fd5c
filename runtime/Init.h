// First values of parameters, from a seed: the same numbers as the interpreter's, rounded to float.
#ifndef RONDO_RUNTIME_INIT_H
#define RONDO_RUNTIME_INIT_H

#include "runtime/Plan.h"

namespace rondo::runtime {

/// How one parameter gets its first values. The compiler has already worked out what does not hang on the seed.
struct InitPlan {
  enum class Kind : int32_t {
    Fill,       // `elements` times the element at `data`
    Copy,       // `elements` elements from `data`
    Uniform,    // float, in [-scale, scale)
    Normal,     // float, of standard deviation `scale`
    Orthogonal, // float, [rows, columns]: blocks of `block` rows, each with orthonormal columns (or rows, if fewer)
  };
  Kind kind = Kind::Fill;
  int32_t bytes = 4;  // of an element
  uint64_t path = 0;  // hash of its path, see Random.h: each path has its own stream of random numbers
  int64_t offset = 0; // of its first element in the parameters, in bytes
  int64_t elements = 1;
  int64_t data = 0;                         // Fill, Copy: offset in the table's data, in bytes
  double scale = 1;                         // Uniform, Normal
  int64_t rows = 0, columns = 0, block = 1; // Orthogonal
};

struct InitTable {
  const InitPlan *plans = nullptr;
  int64_t count = 0;
  const char *data = nullptr; // elements of Fill and Copy
};

/// False if there is no memory for the work: orthogonal blocks need up to 8 bytes an element while they are made.
/// `parameters`: aligned to the largest element's size; bytes between parameters are left alone.
bool initialise(const InitTable &table, uint64_t seed, void *parameters);

} // namespace rondo::runtime
#endif
