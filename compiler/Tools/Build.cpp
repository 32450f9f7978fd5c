// rondo build: text through the stages of the pipeline, as far as they go.
#include "compiler/Pipeline.h"
#include "compiler/Run/Files.h"
#include "compiler/Tools/Crash.h"
#include "compiler/Tools/Module.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>

using namespace llvm;

namespace rondo::tools {

namespace {

void printStages(raw_ostream &os) {
  for (auto [number, stage] : enumerate(stages()))
    os << fmt::format("{:>2}  {:<18} {}{}\n", number, stage.name.str(), stage.purpose.str(),
                      stage.kind == Stage::Kind::Planned ? " (not in this version)" : "");
  os << "\nproducts, for --emit:\n";
  for (const Product &product : products())
    os << fmt::format("    {:<7} {} (after {})\n", product.name.str(), product.what.str(), product.stage.str());
}

/// The last stage of this version.
const Stage &lastStage() {
  const Stage *last = &stages().front();
  for (const Stage &stage : stages())
    if (stage.kind != Stage::Kind::Planned)
      last = &stage;
  return *last;
}

class Build {
public:
  Build(const Command &command, const Arguments &arguments) : command(command), arguments(arguments) {}

  int run() {
    if (arguments.has("list")) {
      if (!arguments.positional.empty())
        return unexpected(command, arguments.positional[0]);
      printStages(outs());
      return exitFine;
    }
    if (arguments.positional.size() != 1)
      return usageError(command, "expected " + command.positional);
    if (int code = chooseEnd())
      return code;
    timing.setEnabled(arguments.has("timing"));
    timing.setOutput(mlir::createOutputStrategy(mlir::DefaultTimingManager::OutputFormat::Text, errs()));
    return end->name == "parse" ? emitTree() : emitModule();
  }

private:
  /// The stage to stop after, from --stop-after, --emit, or all.
  int chooseEnd() {
    std::string stop = arguments.text("stop-after"), emit = arguments.text("emit");
    if (!stop.empty() && !emit.empty())
      return usageError(command, "--emit and --stop-after both say where to stop; give one");
    const Product *product = findProduct(emit.empty() ? "lib" : emit);
    if (!product) {
      std::vector<StringRef> names;
      for (const Product &known : products())
        names.push_back(known.name);
      return usageError(command, "option '--emit' knows " + join(names, ", ") + ", not '" + emit + "'");
    }
    end = findStage(stop.empty() ? product->stage : StringRef(stop));
    if (!end) {
      std::vector<StringRef> names;
      for (const Stage &stage : stages())
        names.push_back(stage.name);
      return usageError(command, "option '--stop-after' knows " + join(names, ", ") + ", not '" + stop + "'");
    }
    return exitFine;
  }

  int emitTree() {
    dsl::Frontend frontend;
    dsl::File *file = nullptr;
    {
      mlir::TimingScope root = timing.getRootScope(), scope = root.nest("parse");
      file = parsePath(frontend, arguments.positional[0]);
    }
    printDiagnostics(frontend);
    if (!file || frontend.diagnostics().hasErrors())
      return exitError;
    return write([&](raw_ostream &os) { dsl::print(*file, os); });
  }

  int emitModule() {
    auto options = checkOptions(command, arguments);
    if (!options)
      return exitUsage;
    Program program(std::move(*options), /*json=*/false);
    mlir::TimingScope root = timing.getRootScope();
    {
      mlir::TimingScope scope = root.nest("check");
      if (!checkProgram(program, arguments.positional[0]))
        return program.code;
    }
    if (end->kind == Stage::Kind::Planned)
      return notInThisVersion();
    if (end->name == "check")
      return exitFine;
    {
      mlir::TimingScope scope = root.nest("import");
      if (!importProgram(program))
        return program.code;
    }

    std::string saveTemps = arguments.text("save-temps");
    if (!saveTemps.empty())
      if (std::error_code error = sys::fs::create_directories(saveTemps))
        return failed(saveTemps + ": " + error.message());
    StageOptions stageOptions;
    stageOptions.stopAfter = end->name;
    stageOptions.verifyEach = arguments.has("verify-each");
    SmallString<128> reproducer;
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, reproducer);
    sys::path::append(reproducer, "rondo-bug-" + Twine(sys::Process::getProcessId()) + ".mlir");
    stageOptions.reproducer = reproducer.str().str();
    bool saved = true;
    stageOptions.after = [&](size_t number, const Stage &stage) -> mlir::LogicalResult {
      if (saveTemps.empty())
        return mlir::success();
      std::string path = fmt::format("{}/{:02}-{}.mlir", saveTemps, number, stage.name.str());
      if (Error error = rondo::run::writeWhole(path, [&](raw_ostream &os) { print(*program.module, os); })) {
        failed(std::move(error));
        saved = false;
      }
      return mlir::success(saved);
    };
    if (mlir::failed(runStages(*program.module, stageOptions, root)))
      return saved ? reportBug("a stage failed; what it was given is in " + Twine(stageOptions.reproducer))
                   : int(exitError);
    return write([&](raw_ostream &os) { print(*program.module, os); });
  }

  void print(mlir::ModuleOp module, raw_ostream &os) {
    mlir::OpPrintingFlags flags;
    if (arguments.has("locations"))
      flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
    module->print(os, flags);
    os << '\n';
  }

  int write(function_ref<void(raw_ostream &)> print) {
    Error error = rondo::run::writeWhole(arguments.text("o", "-"), print);
    return error ? failed(std::move(error)) : exitFine;
  }

  int notInThisVersion() {
    std::string missing;
    for (const Stage &stage : stages()) {
      if (stage.kind == Stage::Kind::Planned)
        missing += (missing.empty() ? "" : ", ") + stage.name.str();
      if (&stage == end)
        break;
    }
    return failed("this version ends behind the stage '" + lastStage().name + "'; not there yet: " + missing +
                  ". --emit=rnn prints what there is, and rondo run interprets it");
  }

  const Command &command;
  const Arguments &arguments;
  const Stage *end = nullptr;
  mlir::DefaultTimingManager timing;
};

} // namespace

static int run(const Command &command, const Arguments &arguments) { return Build(command, arguments).run(); }

Command buildCommand() {
  return {"build",
          "FILE",
          "compile a file; so far as this version goes, --emit=ast or rnn",
          "FILE is - for the standard input.",
          withSourceOptions({
              {"emit", Option::Kind::Text, "PRODUCT",
               "what to print: ast, rnn; the others of --list are not in this version"},
              {"stop-after", Option::Kind::Text, "STAGE", "print the IR as it is behind that stage of --list"},
              {"o", Option::Kind::File, "FILE", "write to FILE; - is the standard output, as without"},
              {"save-temps", Option::Kind::File, "DIR", "also write the IR behind each stage into DIR"},
              {"locations", Option::Kind::Flag, "", "print the places in the source that each operation comes from"},
              {"verify-each", Option::Kind::Flag, "", "check the IR behind each stage"},
              {"timing", Option::Kind::Flag, "", "print the time of each stage, to the standard error"},
              {"list", Option::Kind::Flag, "", "list the stages and products"},
          }),
          0,
          1,
          run};
}

} // namespace rondo::tools
