// All operations of the `rnn` dialect, family by family. The convention of the examples is at the top of Rnn.td.
#ifndef RONDO_COMPILER_IR_RNNOPS
#define RONDO_COMPILER_IR_RNNOPS

include "compiler/IR/RnnModelOps.td"
include "compiler/IR/RnnTimeOps.td"
include "compiler/IR/RnnRowOps.td"
include "compiler/IR/RnnMathOps.td"
include "compiler/IR/RnnPointwiseOps.td"

#endif
