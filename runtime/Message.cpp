#include "runtime/Message.h"
#include <cstdarg>
#include <cstdio>

namespace rondo::runtime {

bool fail(Error *error, Code code, const char *format, ...) {
  if (!error)
    return false;
  error->code = int32_t(code);
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return false;
}

int32_t codeOf(bool isDone, Error *error) {
  if (isDone && error)
    *error = Error();
  return isDone ? int32_t(Code::Ok) : error->code;
}

} // namespace rondo::runtime
