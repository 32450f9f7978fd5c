// What other languages write where this one writes something else: for messages that say so.
#ifndef RONDO_DSL_ELSEWHERE_H
#define RONDO_DSL_ELSEWHERE_H

#include "llvm/ADT/StringRef.h"

namespace rondo::dsl {

/// The name that what other languages call so has here. This and the following are empty where nothing is known.
llvm::StringRef nameHere(llvm::StringRef elsewhere);

/// What is written here in place of a name that no definition has; `isOwner`: a point stands behind it.
llvm::StringRef insteadOfName(llvm::StringRef elsewhere, bool isOwner);

/// What is written here where others begin an item with that word.
llvm::StringRef insteadOfItem(llvm::StringRef word);

} // namespace rondo::dsl
#endif
