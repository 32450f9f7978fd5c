// The `step` dialect: a model's equations in the order in which they are computed. See Step.td.
#ifndef RONDO_COMPILER_IR_STEP_H
#define RONDO_COMPILER_IR_STEP_H

#include "compiler/IR/Rnn.h"

#include "compiler/IR/StepDialect.h.inc"

#define GET_OP_CLASSES
#include "compiler/IR/StepOps.h.inc"

#endif
