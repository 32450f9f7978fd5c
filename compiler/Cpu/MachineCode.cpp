#include "compiler/Cpu/MachineCode.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/PassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/GVN.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

namespace rondo::cpu {

llvm::Triple tripleOf(const Isa &isa) {
  return llvm::Triple(isa.level == Isa::Level::Aarch64 ? "aarch64-unknown-linux-gnu" : "x86_64-unknown-linux-gnu");
}

static llvm::StringRef cpuOf(const Isa &isa) {
  switch (isa.level) {
  case Isa::Level::X86_64_v2: return "x86-64-v2";
  case Isa::Level::X86_64_v3: return "x86-64-v3";
  case Isa::Level::X86_64_v4: return "x86-64-v4";
  case Isa::Level::Aarch64: return "generic";
  }
  llvm_unreachable("a level");
}

/// Beyond the level's.
static llvm::StringRef featuresOf(const Isa &isa) {
  return isa.hasTiles ? "+avx512bf16,+amx-tile,+amx-bf16" : isa.hasPairs ? "+avx512bf16" : "";
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machineFor(const Isa &isa, llvm::StringRef cpu) {
  static const bool ready = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    return true;
  }();
  (void)ready;
  std::string message;
  llvm::Triple triple = tripleOf(isa);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError(message);
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, cpu, "", llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
}

/// What kernels leave to be done is to find what is computed twice, and to move what does not change out of loops:
/// their loops are as long as they should be, and their vectors as wide.
static void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(&machine);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(callGraph);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, callGraph, modules);
  llvm::FunctionPassManager manager;
  manager.addPass(llvm::SimplifyCFGPass());
  manager.addPass(llvm::EarlyCSEPass(true));
  manager.addPass(llvm::InstCombinePass());
  manager.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(llvm::LICMOptions()), true));
  manager.addPass(llvm::GVNPass());
  manager.addPass(llvm::SimplifyCFGPass());
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      manager.run(function, functions);
}

llvm::Expected<std::unique_ptr<llvm::Module>> toLlvmIr(mlir::ModuleOp kernels, const Isa &isa,
                                                       llvm::LLVMContext &context) {
  mlir::registerBuiltinDialectTranslation(*kernels.getContext());
  mlir::registerLLVMDialectTranslation(*kernels.getContext());
  auto machine = machineFor(isa, cpuOf(isa));
  if (!machine)
    return machine.takeError();
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(kernels, context, "kernels");
  if (!module)
    return llvm::createStringError("kernels have no LLVM IR");
  module->setTargetTriple(tripleOf(isa));
  module->setDataLayout((*machine)->createDataLayout());
  for (llvm::Function &function : *module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", cpuOf(isa));
    if (!featuresOf(isa).empty())
      function.addFnAttr("target-features", featuresOf(isa));
    if (isa.level == Isa::Level::X86_64_v4)
      function.addFnAttr("prefer-vector-width", "512");
  }
  optimise(*module, **machine);
  return module;
}

llvm::Expected<llvm::SmallVector<char>> toObject(llvm::Module &module, const Isa &isa, bool assembly) {
  bool isArm = isa.level == Isa::Level::Aarch64;
  auto machine = machineFor(isa, isArm ? "generic" : "x86-64");
  if (!machine)
    return machine.takeError();
  llvm::SmallVector<char> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if ((*machine)->addPassesToEmitFile(passes, out, nullptr, kind))
    return llvm::createStringError("no code can be made for " + tripleOf(isa).str());
  passes.run(module);
  return bytes;
}

} // namespace rondo::cpu
