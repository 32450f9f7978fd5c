// Initialisers as the runtime carries them out.
#ifndef RONDO_EMIT_INITTABLE_H
#define RONDO_EMIT_INITTABLE_H

#include "compiler/Emit/Interface.h"
#include "runtime/Init.h"

namespace rondo::emit {

struct InitTables {
  std::vector<runtime::InitPlan> plans; // one a parameter
  std::string data;
};
InitTables initTables(const Interface &interface);

} // namespace rondo::emit
#endif
