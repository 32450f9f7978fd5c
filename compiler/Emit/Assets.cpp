#include "compiler/Emit/Link.h"

#define EMBED(symbol, file)                                                                                            \
  __asm__(".section .rodata\n"                                                                                         \
          ".balign 16\n" #symbol ":\n"                                                                                 \
          ".incbin \"" RONDO_ASSETS "/" file "\"\n" #symbol "_end:\n"                                                  \
          ".byte 0\n"                                                                                                  \
          ".text\n");                                                                                                  \
  extern "C" __attribute__((visibility("hidden"))) const char symbol[], symbol##_end[];

EMBED(rondo_x86_64_runtime, "x86_64/runtime.a")
EMBED(rondo_x86_64_c, "x86_64/libc.so")
EMBED(rondo_x86_64_m, "x86_64/libm.so")
EMBED(rondo_x86_64_pthread, "x86_64/libpthread.so")
EMBED(rondo_aarch64_runtime, "aarch64/runtime.a")
EMBED(rondo_aarch64_c, "aarch64/libc.so")
EMBED(rondo_aarch64_m, "aarch64/libm.so")
EMBED(rondo_aarch64_pthread, "aarch64/libpthread.so")

#define ASSET(symbol, name) {name, llvm::StringRef(symbol, size_t(symbol##_end - symbol))}

namespace rondo::emit {

llvm::ArrayRef<Asset> assetsFor(Arch arch) {
  static const Asset x86_64[] = {
      ASSET(rondo_x86_64_runtime, "runtime.a"),
      ASSET(rondo_x86_64_c, "libc.so"),
      ASSET(rondo_x86_64_m, "libm.so"),
      ASSET(rondo_x86_64_pthread, "libpthread.so"),
  };
  static const Asset aarch64[] = {
      ASSET(rondo_aarch64_runtime, "runtime.a"),
      ASSET(rondo_aarch64_c, "libc.so"),
      ASSET(rondo_aarch64_m, "libm.so"),
      ASSET(rondo_aarch64_pthread, "libpthread.so"),
  };
  return arch == Arch::X86_64 ? llvm::ArrayRef(x86_64) : llvm::ArrayRef(aarch64);
}

} // namespace rondo::emit
