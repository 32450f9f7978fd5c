// From objects to a shared library, in this process.
#ifndef RONDO_EMIT_LINK_H
#define RONDO_EMIT_LINK_H

#include "compiler/Emit/Target.h"
#include <string>

namespace rondo::emit {

struct LinkJob {
  Arch arch = Arch::X86_64;
  bool hasNames = false;            // of local functions; what is relocatable keeps them
  bool isShared = true;             // else a relocatable object, whose user links it with the system's libraries
  std::string soname;               // of a shared library: "libm.so"
  std::vector<std::string> exports; // all else is hidden
  std::vector<llvm::StringRef> objects;
};

/// The bytes, which depend on nothing but the job. They hold the runtime, as far as it is used, and need no more than
/// the system's libc, libm and libpthread.
llvm::Expected<std::string> link(const LinkJob &job);

/// What is linked into each library: the runtime's archive, and stubs of the system's libraries.
struct Asset {
  llvm::StringRef name, bytes;
};
llvm::ArrayRef<Asset> assetsFor(Arch arch);

} // namespace rondo::emit
#endif
