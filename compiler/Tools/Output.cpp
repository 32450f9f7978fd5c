#include "compiler/Tools/Output.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>

using namespace llvm;

namespace rondo::tools {

void prepareOutput() {
  // What cannot be written is an error of the one who writes.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

int finishOutput(StringRef tool, int code) {
  outs().flush();
  std::error_code error = outs().error();
  outs().clear_error();
  if (error && error != std::errc::broken_pipe) // who closes a pipe has read enough
    errs() << tool << ": error: cannot write the output: " << error.message() << '\n';
  errs().clear_error(); // there is nowhere left to say so
  return code == 0 && error ? 1 : code;
}

} // namespace rondo::tools
