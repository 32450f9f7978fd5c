#include "compiler/Schedule/Passes.h"
#include "compiler/IR/Step.h"
#include "mlir/IR/BuiltinOps.h"

namespace rondo::schedule {

#define GEN_PASS_REGISTRATION
#include "compiler/Schedule/Passes.h.inc"

void registerSchedulePasses() { registerRondoSchedulePasses(); }

} // namespace rondo::schedule
