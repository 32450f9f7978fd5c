// Machines that libraries are built for.
#ifndef RONDO_EMIT_TARGET_H
#define RONDO_EMIT_TARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace rondo::emit {

enum class Arch { X86_64, Aarch64 };

struct Target {
  llvm::StringRef name; // of --target, and what the psABI calls it: "x86-64-v3"
  Arch arch;
  int level; // what the machine must have, as rondo_cpu_level() counts; 0 everywhere but on x86-64
};
llvm::ArrayRef<Target> targets();
const Target *findTarget(llvm::StringRef name);

/// The best that runs on this machine. Null if there is none.
const Target *nativeTarget();

/// The targets of a comma list, best first; `native` is one too. An error names what is wrong: an unknown or a doubled
/// name, or machines of which no one library can hold code for both.
llvm::Expected<std::vector<const Target *>> parseTargets(llvm::StringRef list);

llvm::StringRef tripleOf(Arch arch);

} // namespace rondo::emit
#endif
