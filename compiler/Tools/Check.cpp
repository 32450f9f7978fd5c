// rondo check: all diagnostics of some files.
#include "compiler/Tools/Source.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::tools {

static int run(const Command &command, const Arguments &arguments) {
  auto options = checkOptions(command, arguments);
  if (!options)
    return exitUsage;

  dsl::Frontend frontend(std::move(*options));
  bool good = true;
  for (const std::string &path : arguments.positional)
    good &= checkPath(frontend, path);
  if (arguments.has("json")) {
    frontend.diagnostics().printJson(outs());
    outs() << '\n';
  } else {
    printDiagnostics(frontend);
  }
  return good ? exitFine : exitError;
}

Command checkCommand() {
  return {"check",
          "FILE...",
          "find every mistake in some files",
          "Prints nothing for a file without mistakes. 'rondo explain ID' says more about a diagnostic.\n"
          "FILE is - for the standard input.",
          withSourceOptions({
              {"json", Option::Kind::Flag, "", "print the diagnostics as a JSON array, to the standard output"},
              {"entry", Option::Kind::Text, "step",
               "also demand that the models are causal, without which nothing can be stepped"},
          }),
          1,
          ~size_t(0),
          run};
}

} // namespace rondo::tools
