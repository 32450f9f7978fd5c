// explanation(): what `rondo explain` prints, from docs/errors.
#include "dsl/Frontend.h"
#include "llvm/Support/Path.h"

namespace rondo::dsl {

/// The files of docs/errors, embedded at build time: name ("docs/errors/R0401.md"), text.
llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> explanationTexts();

llvm::StringRef explanation(DiagId id) {
  for (const auto &[name, text] : explanationTexts())
    if (llvm::sys::path::stem(name) == idName(id))
      return text;
  return {};
}

} // namespace rondo::dsl
