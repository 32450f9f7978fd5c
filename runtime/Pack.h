// Weights in the order in which kernels read them, see OpCode::Pack.
#ifndef RONDO_RUNTIME_PACK_H
#define RONDO_RUNTIME_PACK_H

#include "runtime/Plan.h"

namespace rondo::runtime {

/// `n`: the operation's numbers; `y`: at a multiple of 64 bytes.
void pack(const int64_t *n, WeightFormat format, const float *w, void *y);

} // namespace rondo::runtime
#endif
