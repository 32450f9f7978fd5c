// From a module of LLVM-dialect functions to LLVM IR, and from that to the bytes of an object.
#ifndef RONDO_CPU_MACHINECODE_H
#define RONDO_CPU_MACHINECODE_H

#include "compiler/Cpu/Kernel.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace rondo::cpu {

/// The triple that code of this level is for.
llvm::Triple tripleOf(const Isa &isa);

/// Translates and optimises what emitKernel made. Functions get the attributes of the level (`target-cpu` and others);
/// the module its triple and data layout, so that more can be added to it before toObject.
llvm::Expected<std::unique_ptr<llvm::Module>> toLlvmIr(mlir::ModuleOp kernels, const Isa &isa,
                                                       llvm::LLVMContext &context);

/// A position-independent object, or its assembly text. Functions without `target-cpu` are compiled for the least CPU
/// of the architecture. What is unresolved is in libm, or declared in the module.
llvm::Expected<llvm::SmallVector<char>> toObject(llvm::Module &module, const Isa &isa, bool assembly = false);

} // namespace rondo::cpu
#endif
