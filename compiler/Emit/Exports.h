// THE list of what a library exports. The header's declarations, the functions' code and the linker's exports all come
// from it.
#ifndef RONDO_EMIT_EXPORTS_H
#define RONDO_EMIT_EXPORTS_H

#include "compiler/Emit/Interface.h"

namespace rondo::emit {

struct Export {
  llvm::StringRef name;      // without the prefix: "forward"
  llvm::StringRef entry;     // the runtime's function behind it, which takes the library first
  llvm::StringRef signature; // code of the result, then of the parameters: p pointer, l 64 bits, i int32_t, v nothing
  llvm::StringRef result;    // in C; `@` stands for the prefix
  llvm::StringRef parameters;
  llvm::StringRef comment;
};
/// With those of single steps, of rows that the model makes, of gradients and of windows where the library has these.
std::vector<Export> exports(const Interface &interface);

} // namespace rondo::emit
#endif
