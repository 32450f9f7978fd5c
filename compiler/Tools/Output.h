// What becomes of the standard output at the end of a tool.
#ifndef RONDO_TOOLS_OUTPUT_H
#define RONDO_TOOLS_OUTPUT_H

#include "llvm/ADT/StringRef.h"

namespace rondo::tools {

/// To be called first: lets a closed pipe be an error of writing.
void prepareOutput();
/// Says so if the standard output could not be written, which LLVM would take for a crash. Returns the exit code: `code`,
/// or 1 instead of 0.
int finishOutput(llvm::StringRef tool, int code);

} // namespace rondo::tools
#endif
