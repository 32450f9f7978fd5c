// rondo fmt: programs in the one layout.
#include "compiler/Run/Files.h"
#include "compiler/Tools/Source.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::tools {

static int run(const Command &command, const Arguments &arguments) {
  bool checkOnly = arguments.has("check");
  int code = exitFine;
  for (const std::string &path : arguments.positional) {
    dsl::Frontend frontend;
    dsl::File *file = parsePath(frontend, path);
    if (!file || frontend.diagnostics().hasErrors()) {
      printDiagnostics(frontend);
      code = exitError;
      continue;
    }
    StringRef before = frontend.sourceManager().getMemoryBuffer(file->buffer)->getBuffer();
    std::string after = dsl::format(before);
    if (checkOnly) {
      if (before != after) {
        outs() << path << ": is not in the layout of rondo fmt\n";
        code = exitError;
      }
      continue;
    }
    if (before == after && path != "-")
      continue;
    if (Error error = rondo::run::writeWhole(path, [&](raw_ostream &os) { os << after; }))
      code = failed(std::move(error));
  }
  return code;
}

Command fmtCommand() {
  return {"fmt",
          "FILE...",
          "bring files into the one layout, in place",
          "Comments stay. A file with a syntax error stays as it is. FILE is - to go from the standard input to the "
          "standard output.",
          {{"check", Option::Kind::Flag, "",
            "change nothing; name the files that would change, and exit with 1 if there are any"}},
          1,
          ~size_t(0),
          run};
}

} // namespace rondo::tools
