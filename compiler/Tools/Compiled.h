// A model of a checked program as machine code of this process.
#ifndef RONDO_TOOLS_COMPILED_H
#define RONDO_TOOLS_COMPILED_H

#include "compiler/Emit/Target.h"
#include "compiler/Run/Library.h"
#include "compiler/Tools/Module.h"

namespace rondo::tools {

/// The bytes of a library, which can be loaded any number of times.
struct Compiled {
  std::string bytes, prefix;
  llvm::Expected<std::unique_ptr<run::Library>> load(run::Library::Options options) const {
    return run::Library::load(bytes, prefix, options);
  }
};

/// For the target, or for this machine if it is null. The program's own module stays as it is. What cannot be compiled
/// is also reported at its place in the source.
llvm::Expected<Compiled> compileModel(Chosen chosen, const emit::Target *target);

} // namespace rondo::tools
#endif
