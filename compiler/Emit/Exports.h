// THE list of what a library exports. The header's declarations, the functions' code and the linker's exports all come
// from it.
#ifndef RONDO_EMIT_EXPORTS_H
#define RONDO_EMIT_EXPORTS_H

#include "llvm/ADT/StringRef.h"
#include <vector>

namespace rondo::emit {

struct Export {
  llvm::StringRef name;      // without the prefix: "forward"
  llvm::StringRef entry;     // the runtime's function behind it, which takes the library first
  llvm::StringRef signature; // code of the result, then of the parameters: p pointer, l 64 bits, i int32_t, v nothing
  llvm::StringRef result;    // in C; `@` stands for the prefix
  llvm::StringRef parameters;
  llvm::StringRef comment;
};
/// `steps`: with those of models that can be stepped; `generates`: with those of models that feed themselves; `trains`:
/// with those that give gradients.
std::vector<Export> exports(bool steps, bool generates, bool trains);

} // namespace rondo::emit
#endif
