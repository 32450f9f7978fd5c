// Functions of a real number that machines have no instruction for, of scalars and vectors alike. A NaN gives a NaN.
#ifndef RONDO_CPU_ACTIVATIONS_H
#define RONDO_CPU_ACTIVATIONS_H

#include "compiler/Cpu/Code.h"

namespace rondo::cpu {

mlir::Value emitTanh(Code &code, mlir::Value x);    // 3e-7, relative
mlir::Value emitSigmoid(Code &code, mlir::Value x); // 9e-8, absolute
mlir::Value emitExp(Code &code, mlir::Value x);     // 2 units in the last place
mlir::Value emitLog(Code &code, mlir::Value x);     // 2 units in the last place
mlir::Value emitSin(Code &code, mlir::Value x);     // 2 units in the last place
mlir::Value emitCos(Code &code, mlir::Value x);     // 2 units in the last place

} // namespace rondo::cpu
#endif
