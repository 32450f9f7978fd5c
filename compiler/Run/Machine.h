// What this machine can do at best, as a floor under all times.
#ifndef RONDO_RUN_MACHINE_H
#define RONDO_RUN_MACHINE_H

#include "runtime/Plan.h"
#include <cstddef>

namespace rondo::run {

/// Multiply-adds on one core: operations in a second, two for each. Fused ones in single precision, or what code for
/// weights of the format does.
double measureFlops(runtime::WeightFormat weights = runtime::WeightFormat::F32);

/// Bytes in a second that one core reads when it reads so many bytes again and again, there and back.
double measureBandwidth(size_t bytes);

} // namespace rondo::run
#endif
