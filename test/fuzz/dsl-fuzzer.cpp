// libFuzzer on lexer, parser, checker and formatter: no text may crash them, run away, or change its meaning when it is
// formatted.
#include "dsl/Frontend.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

using namespace rondo::dsl;

/// The dump of the tree, or nothing where the text does not parse.
static std::optional<std::string> tree(llvm::StringRef text) {
  Frontend frontend;
  File *file = frontend.parseText(text, "fuzz.rondo");
  if (!file || frontend.diagnostics().hasErrors())
    return std::nullopt;
  std::string dump;
  llvm::raw_string_ostream os(dump);
  print(*file, os);
  return dump;
}

static void require(bool condition, const char *what) {
  if (!condition)
    llvm::report_fatal_error(what, /*gen_crash_diag=*/false);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);

  Frontend frontend;
  bool clean = frontend.checkText(text, "fuzz.rondo");
  require(clean != frontend.diagnostics().hasErrors(), "checkText and its diagnostics disagree");
  std::string rendered;
  llvm::raw_string_ostream os(rendered);
  frontend.diagnostics().printText(os, /*colors=*/false);
  frontend.diagnostics().printJson(os);

  if (std::optional<std::string> before = tree(text)) {
    std::string formatted = format(text);
    require(tree(formatted) == before, "formatting changes the tree");
    require(format(formatted) == formatted, "formatting twice is not formatting once");
  }
  return 0;
}
