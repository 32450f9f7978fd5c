// Initialisers as the runtime carries them out, and parameters as it finds them in files.
#ifndef RONDO_EMIT_INITTABLE_H
#define RONDO_EMIT_INITTABLE_H

#include "compiler/Emit/Interface.h"
#include "runtime/Init.h"
#include "runtime/Parameters.h"

namespace rondo::emit {

struct InitTables {
  std::vector<runtime::InitPlan> plans; // one a parameter
  std::string data;
};
InitTables initTables(const Interface &interface);

struct ParameterTables {
  std::vector<runtime::ParameterPlan> plans; // one a parameter
  std::vector<int64_t> sizes;
  std::string text;
};
ParameterTables parameterTables(const Interface &interface);

} // namespace rondo::emit
#endif
