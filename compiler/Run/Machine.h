// What this machine can do at best, as a floor under all times.
#ifndef RONDO_RUN_MACHINE_H
#define RONDO_RUN_MACHINE_H

#include <cstddef>

namespace rondo::run {

/// Fused multiply-adds in single precision on one core: operations in a second, two for each.
double measureFlops();

/// Bytes in a second that one core reads when it reads so many bytes again and again, there and back.
double measureBandwidth(size_t bytes);

} // namespace rondo::run
#endif
