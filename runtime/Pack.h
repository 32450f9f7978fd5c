// Weights in the order in which kernels read them, see OpCode::Pack.
#ifndef RONDO_RUNTIME_PACK_H
#define RONDO_RUNTIME_PACK_H

#include "runtime/Plan.h"

namespace rondo::runtime {

constexpr int32_t partNumbers = 5;

/// `n`: the operation's numbers; `parts`: of W, so many; `y`: at a multiple of 64 bytes.
void pack(const int64_t *n, WeightFormat format, const float *const *parts, int32_t count, void *y);

} // namespace rondo::runtime
#endif
