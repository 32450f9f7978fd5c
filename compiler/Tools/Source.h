// What the subcommands that read programs share: the options -D and --library, standard input, and the printing of
// diagnostics.
#ifndef RONDO_TOOLS_SOURCE_H
#define RONDO_TOOLS_SOURCE_H

#include "compiler/Tools/Command.h"
#include "dsl/Frontend.h"

namespace rondo::tools {

/// -D and --library.
std::vector<Option> sourceOptions();
/// `own` first, then the shared ones.
std::vector<Option> withSourceOptions(std::vector<Option> own);

/// -D, --library and, where a command has it, --entry. Nothing (after a usage error) where one is not what it has to be.
std::optional<dsl::CheckOptions> checkOptions(const Command &command, const Arguments &arguments);

/// Checks a file, or the standard input for "-". Its text is kept for a reproducer.
bool checkPath(dsl::Frontend &frontend, llvm::StringRef path);
dsl::File *parsePath(dsl::Frontend &frontend, llvm::StringRef path);

/// To the standard error, coloured on a terminal.
void printDiagnostics(dsl::Frontend &frontend);

} // namespace rondo::tools
#endif
