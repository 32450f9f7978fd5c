// Where a pointer into a source buffer is, in a reader's terms.
#ifndef RONDO_DSL_SOURCEPLACE_H
#define RONDO_DSL_SOURCEPLACE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"
#include "llvm/Support/SourceMgr.h"
#include <cstdint>
#include <optional>
#include <string>

namespace rondo::dsl {

struct SourcePlace {
  llvm::StringRef file;     // empty: nowhere (a mistake of the command line)
  unsigned line = 0;        // from 1
  unsigned column = 0;      // from 1, in characters
  llvm::StringRef lineText; // without its end
};

SourcePlace placeOf(const llvm::SourceMgr &sources, llvm::SMLoc loc);

/// The next character of `rest`, which is not empty, and removes it: its code point, or nothing for a byte that is not
/// part of valid UTF-8 (then one byte is removed).
std::optional<uint32_t> takeCharacter(llvm::StringRef &rest);

/// "U+2019"
std::string codePointName(uint32_t codePoint);

} // namespace rondo::dsl
#endif
