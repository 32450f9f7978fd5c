// libFuzzer on lexer, parser, checker and formatter: no text may crash them, run away, or change its meaning when it is
// formatted.
#include "dsl/Frontend.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

using namespace rondo::dsl;

/// Both forms of the messages must be possible, whatever they speak of.
static void render(const Diagnostics &diagnostics) {
  std::string text;
  llvm::raw_string_ostream os(text);
  diagnostics.printText(os, /*colors=*/false);
  diagnostics.printJson(os);
}

/// The dump of the tree without the places in the source (` @3:14` at the ends of its lines), or nothing where the text
/// does not parse.
static std::optional<std::string> tree(llvm::StringRef text) {
  Frontend frontend;
  File *file = frontend.parseText(text, "fuzz.rondo");
  render(frontend.diagnostics());
  if (!file || frontend.diagnostics().hasErrors())
    return std::nullopt;
  std::string dump;
  llvm::raw_string_ostream os(dump);
  print(*file, os);

  std::string placeless;
  llvm::StringRef rest = dump;
  while (!rest.empty()) {
    auto [line, behind] = rest.split('\n');
    placeless += line.rsplit(" @").first;
    placeless += '\n';
    rest = behind;
  }
  return placeless;
}

static void require(bool condition, const char *what) {
  if (!condition)
    llvm::report_fatal_error(what, /*gen_crash_diag=*/false);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  std::optional<std::string> before = tree(text);
  if (!before)
    return 0; // what does not parse is not checked

  std::string formatted = format(text);
  require(tree(formatted) == before, "formatting changes the tree");
  require(format(formatted) == formatted, "formatting twice is not formatting once");

  Frontend frontend;
  bool clean = frontend.checkText(text, "fuzz.rondo");
  require(clean != frontend.diagnostics().hasErrors(), "checkText and its diagnostics disagree");
  render(frontend.diagnostics());
  return 0;
}
