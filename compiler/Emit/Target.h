// Machines that libraries are built for.
#ifndef RONDO_EMIT_TARGET_H
#define RONDO_EMIT_TARGET_H

#include "runtime/Plan.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <vector>

namespace rondo::emit {

using runtime::WeightFormat;

/// Of --dtype: "f32", "bf16", "int8".
llvm::StringRef nameOf(WeightFormat format);
llvm::Expected<WeightFormat> parseFormat(llvm::StringRef name);

enum class Arch { X86_64, Aarch64 };

struct Target {
  llvm::StringRef name; // of --target, and what the psABI calls it: "x86-64-v3"; for products of bf16 "x86-64-v4+amx"
  Arch arch;
  int level; // what the machine must have, as runtime::cpuLevel() counts; 0 everywhere but on x86-64
  bool isForBf16() const { return level > 4; }
};
llvm::ArrayRef<Target> targets();
const Target *findTarget(llvm::StringRef name);

/// The best that runs on this machine, leaving aside what is for bf16. Null if there is none.
const Target *nativeTarget();

/// The targets of a comma list, best first; `native` is one too. With weights in bf16 there are beside x86-64-v4 those
/// that have more for it. An error names what is wrong: an unknown or a doubled name, one that is for other weights, or
/// machines of which no one library can hold code for both.
llvm::Expected<std::vector<const Target *>> parseTargets(llvm::StringRef list, WeightFormat weights);

llvm::StringRef tripleOf(Arch arch);

} // namespace rondo::emit
#endif
