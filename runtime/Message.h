// How a call says what is wrong.
#ifndef RONDO_RUNTIME_MESSAGE_H
#define RONDO_RUNTIME_MESSAGE_H

#include "runtime/Runtime.h"

namespace rondo::runtime {

/// Writes the error, if there is room for one, and returns false.
__attribute__((format(printf, 3, 4))) bool fail(Error *error, Code code, const char *format, ...);

/// What a call returns. Where it is done an error that is there says so; where not it must be there, and says why.
int32_t codeOf(bool isDone, Error *error);

} // namespace rondo::runtime
#endif
