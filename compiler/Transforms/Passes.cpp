#include "compiler/Transforms/Passes.h"
#include "compiler/IR/Rnn.h"

namespace rondo::rnn {

#define GEN_PASS_REGISTRATION
#include "compiler/Transforms/Passes.h.inc"

void registerTransformPasses() { registerRondoTransformPasses(); }

} // namespace rondo::rnn
