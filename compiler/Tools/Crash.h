// When we are at fault: a message, what is needed to see it again in a folder of its own, and exit code 70.
#ifndef RONDO_TOOLS_CRASH_H
#define RONDO_TOOLS_CRASH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

namespace rondo::tools {

/// Catches the signals of a crash (also of an exhausted stack) from here on, and running out of memory.
void installCrashReport(llvm::ArrayRef<const char *> commandLine);
/// A file that the reproducer needs. What stands in `text`, if any, is its contents (standard input) and must stay
/// alive.
void addCrashInput(llvm::StringRef path, llvm::StringRef text = {});
/// The same for a failure that we noticed ourselves; returns exit code 70.
int reportBug(const llvm::Twine &message);

} // namespace rondo::tools
#endif
