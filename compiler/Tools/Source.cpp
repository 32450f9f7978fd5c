#include "compiler/Tools/Source.h"
#include "compiler/Tools/Crash.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::tools {

std::vector<Option> sourceOptions() {
  return {
      {"D", Option::Kind::Repeated, "NAME=VALUE", "set a size of the model: -D hidden=512"},
      {"library", Option::Kind::File, "DIR", "read the library's cells from DIR instead of those built in"},
  };
}

std::vector<Option> withSourceOptions(std::vector<Option> own) {
  for (Option &option : sourceOptions())
    own.push_back(std::move(option));
  return own;
}

std::optional<dsl::CheckOptions> checkOptions(const Command &command, const Arguments &arguments) {
  dsl::CheckOptions options;
  for (const std::string &size : arguments.all("D")) {
    auto pair = splitAssignment(size);
    if (!pair) {
      usageError(command, "option '-D' needs NAME=VALUE, not '" + size + "'");
      return std::nullopt;
    }
    if (!options.sizes.emplace(pair->first, pair->second).second) {
      usageError(command, "size '" + pair->first + "' is set twice");
      return std::nullopt;
    }
  }
  options.libraryPath = arguments.text("library");
  std::string entry = arguments.text("entry");
  if (!entry.empty() && entry != "step") {
    usageError(command, "option '--entry' knows only 'step', not '" + entry + "'");
    return std::nullopt;
  }
  options.requireStep = entry == "step";
  return options;
}

/// The text of the standard input lives as long as the process: a reproducer needs it.
static StringRef standardInput() {
  static std::unique_ptr<MemoryBuffer> buffer;
  if (!buffer)
    if (auto read = MemoryBuffer::getSTDIN())
      buffer = std::move(*read);
  return buffer ? buffer->getBuffer() : StringRef();
}

static const char *const standardInputName = "<stdin>";

bool checkPath(dsl::Frontend &frontend, StringRef path) {
  if (path != "-") {
    addCrashInput(path);
    return frontend.checkFile(path);
  }
  addCrashInput(path, standardInput());
  return frontend.checkText(standardInput(), standardInputName);
}

dsl::File *parsePath(dsl::Frontend &frontend, StringRef path) {
  if (path != "-") {
    addCrashInput(path);
    return frontend.parseFile(path);
  }
  addCrashInput(path, standardInput());
  return frontend.parseText(standardInput(), standardInputName);
}

void printDiagnostics(dsl::Frontend &frontend) {
  outs().flush();
  frontend.diagnostics().printText(errs(), sys::Process::StandardErrHasColors());
  errs().flush();
}

} // namespace rondo::tools
