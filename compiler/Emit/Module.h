// What a library holds besides kernels, as a module of LLVM IR: plans, tables, the manifest, and the functions that are
// exported.
#ifndef RONDO_EMIT_MODULE_H
#define RONDO_EMIT_MODULE_H

#include "compiler/Emit/Interface.h"
#include "compiler/Emit/Target.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace rondo::emit {

/// A plan, and the functions that are its kernels, by number. Functions of all codes have different names.
struct Code {
  const Target *target = nullptr;
  std::string plan;
  std::string step;                   // the plan of single steps; empty: there is none
  std::string generate;               // the plan of rows that the model makes; empty: there is none
  std::string backward;               // the plan of gradients; empty: there is none
  std::string window, windowBackward; // the plans of windows and of their gradients; empty: there are none
  uint64_t identity = 0;              // what it prepares is of no use to code of another one
  std::vector<std::string> kernels;
};

struct Content {
  Interface interface;
  std::string manifest;
  int64_t preparedBytes = 0;
  int64_t checkpoint = 0;  // see runtime::Library
  std::vector<Code> codes; // best first
};

std::unique_ptr<llvm::Module> libraryModule(const Content &content, llvm::LLVMContext &context);

} // namespace rondo::emit
#endif
