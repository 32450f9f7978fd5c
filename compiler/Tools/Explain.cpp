// rondo explain: what a diagnostic means, with a wrong and a right program.
#include "compiler/Tools/Command.h"
#include "dsl/Frontend.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>

using namespace llvm;

namespace rondo::tools {

static const dsl::DiagId ids[] = {
#define RONDO_DIAGNOSTIC(ID, SEVERITY, TITLE) dsl::DiagId::ID,
#include "dsl/Diagnostics.def"
#undef RONDO_DIAGNOSTIC
};

static int run(const Command &command, const Arguments &arguments) {
  if (arguments.has("list")) {
    if (!arguments.positional.empty())
      return unexpected(command, arguments.positional[0]);
    for (dsl::DiagId id : ids)
      outs() << fmt::format("{}  {:<8} {}\n", dsl::idName(id).str(),
                            dsl::severity(id) == dsl::Severity::Error ? "error" : "warning", dsl::title(id).str());
    return exitFine;
  }
  if (arguments.positional.empty())
    return usageError(command, "expected an id such as R0401, or --list");
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    StringRef name = arguments.positional[i];
    auto id = dsl::idFromName(name.upper());
    if (!id)
      return failed("there is no diagnostic '" + name + "'; rondo explain --list shows all");
    StringRef text = dsl::explanation(*id);
    outs() << (i ? "\n" : "");
    if (text.empty())
      outs() << dsl::idName(*id) << ": " << dsl::title(*id) << '\n';
    else
      outs() << text << (text.ends_with("\n") ? "" : "\n");
  }
  return exitFine;
}

Command explainCommand() {
  return {"explain",
          "ID...",
          "say what a diagnostic means",
          "For example: rondo explain R0401",
          {{"list", Option::Kind::Flag, "", "list all diagnostics"}},
          0,
          ~size_t(0),
          run};
}

} // namespace rondo::tools
