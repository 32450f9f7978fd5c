// rondo build: text through the stages of the pipeline, to a library or as far as asked for.
#include "compiler/Backend.h"
#include "compiler/Emit/Target.h"
#include "compiler/Pipeline.h"
#include "compiler/Run/Files.h"
#include "compiler/Tools/Compiled.h"
#include "compiler/Tools/Crash.h"
#include "compiler/Tools/Module.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassManager.h"
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
    os << fmt::format("{:>2}  {:<18} {}\n", number, stage.name.str(), stage.purpose.str());
  os << "\nproducts, for --emit:\n";
  for (const Product &product : products())
    os << fmt::format("    {:<8} {} (after {})\n", product.name.str(), product.what.str(), product.stage.str());
}

std::string namesOf(ArrayRef<Product> products) {
  return join(map_range(products, [](const Product &product) { return product.name; }), ", ");
}
std::string namesOf(ArrayRef<Stage> stages) {
  return join(map_range(stages, [](const Stage &stage) { return stage.name; }), ", ");
}

/// A file's name as make reads it.
std::string quotedForMake(StringRef name) {
  std::string text;
  for (char c : name) {
    if (c == ' ' || c == '#' || c == '\\')
      text += '\\';
    text += c;
    if (c == '$')
      text += '$';
  }
  return text;
}

using rondo::run::NamedBytes;

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
    for (auto choose : {&Build::chooseEnd, &Build::chooseTargets, &Build::chooseOutput, &Build::chooseCheckpoint})
      if (int code = (this->*choose)())
        return code;
    timing.setEnabled(arguments.has("timing"));
    timing.setOutput(mlir::createOutputStrategy(mlir::DefaultTimingManager::OutputFormat::Text, errs()));
    return end->name == "parse" ? emitTree() : emitModule();
  }

private:
  //===--- What is wanted ---===//

  /// What to make, and the stage to stop behind: from --emit, --stop-after, or all.
  int chooseEnd() {
    std::string stop = arguments.text("stop-after"), emit = arguments.text("emit");
    if (!stop.empty() && !emit.empty())
      return usageError(command, "--emit and --stop-after both say where to stop; give one");
    if (!stop.empty()) {
      end = findStage(stop);
      if (!end)
        return usageError(command, "option '--stop-after' knows " + namesOf(stages()) + ", not '" + stop + "'");
      // Behind some stages there is no IR but something else to be had.
      for (const Product &made : products())
        if (end->kind == Stage::Kind::Backend && made.stage == stop && !product)
          product = &made;
      return exitFine;
    }
    product = findProduct(emit.empty() ? "lib" : emit);
    if (!product)
      return usageError(command, "option '--emit' knows " + namesOf(products()) + ", not '" + emit + "'");
    end = findStage(product->stage);
    return exitFine;
  }

  int chooseTargets() {
    auto format = formatOf(command, arguments);
    if (!format)
      return exitUsage;
    weights = *format;
    if (arguments.has("target") || end->kind == Stage::Kind::Backend) {
      auto chosen = emit::parseTargets(arguments.text("target", "native"), weights);
      if (!chosen)
        return usageError(command, toString(chosen.takeError()));
      targets = std::move(*chosen);
    }
    return exitFine;
  }

  bool makes(StringRef name) const { return product && product->name == name; }

  int chooseOutput() {
    std::string output = arguments.text("o");
    if (makes("lib")) {
      if (output == "-" || sys::path::extension(output) == ".so")
        return usageError(command, "option '-o' takes the folder for a library and its header, not '" + output + "'");
    } else if (makes("obj") && output.empty()) {
      return usageError(command, "an object is not for the screen: give its file by -o (- for the standard output)");
    }
    return exitFine;
  }

  int chooseCheckpoint() {
    auto rows = checkpointOf(command, arguments.text("checkpoint"));
    if (!rows)
      return exitUsage;
    checkpoint = *rows;
    if (checkpoint && !arguments.has("gradients"))
      return usageError(command, "--checkpoint is about gradients: give --gradients too");
    return exitFine;
  }

  //===--- Front ---===//

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
    return write(frontend, {{shownIn(), printed([&](raw_ostream &os) { dsl::print(*file, os); })}});
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
    if (end->name == "check")
      return exitFine;
    {
      mlir::TimingScope scope = root.nest("import");
      if (!importProgram(program))
        return program.code;
    }
    if (int code = runPasses(program, root))
      return code;
    if (end->kind == Stage::Kind::Backend)
      return emitModels(program, root);
    return write(program.frontend, {{shownIn(), printed([&](raw_ostream &os) { print(*program.module, os); })}});
  }

  int runPasses(Program &program, mlir::TimingScope &root) {
    std::string saveTemps = arguments.text("save-temps");
    if (!saveTemps.empty())
      if (std::error_code error = sys::fs::create_directories(saveTemps))
        return failed(saveTemps + ": " + error.message());
    StageOptions stageOptions;
    stageOptions.stopAfter = end->name;
    stageOptions.gradients = arguments.has("gradients") || end->kind == Stage::Kind::Gradient;
    stageOptions.windows = arguments.has("windows") || checkpoint || end->kind == Stage::Kind::Windows;
    stageOptions.verifyEach = arguments.has("verify-each");
    SmallString<128> reproducer;
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, reproducer);
    sys::path::append(reproducer, "rondo-bug-" + Twine(sys::Process::getProcessId()) + ".mlir");
    stageOptions.reproducer = reproducer.str().str();
    bool saved = true;
    stageOptions.after = [&](size_t number, const Stage &stage) -> mlir::LogicalResult {
      if (stage.kind != Stage::Kind::Backend)
        if (Error error = save(number, stage.name, ".mlir", [&](raw_ostream &os) { print(*program.module, os); })) {
          failed(std::move(error));
          saved = false;
        }
      if (stage.name == "order-sums" && arguments.has("remarks") && mlir::failed(remark(*program.module)))
        return mlir::failure();
      return mlir::success(saved);
    };
    if (mlir::failed(runStages(*program.module, stageOptions, root)))
      return saved ? reportBug("a stage failed; what it was given is in " + Twine(stageOptions.reproducer))
                   : int(exitError);
    return exitFine;
  }

  /// Says of loops how they will be run, and what of their equations made it so.
  mlir::LogicalResult remark(mlir::ModuleOp module) {
    mlir::PassManager manager(module.getContext(), rnn::ModelOp::getOperationName());
    manager.addPass(rnn::createClassifyPass());
    for (rnn::ModelOp model : module.getOps<rnn::ModelOp>())
      if (model.getTraining() == arguments.has("training") && mlir::failed(manager.run(model)))
        return mlir::failure();
    return mlir::success();
  }

  /// Writes a file of --save-temps.
  Error save(size_t number, const Twine &name, StringRef ending, function_ref<void(raw_ostream &)> print) {
    std::string folder = arguments.text("save-temps");
    if (folder.empty())
      return Error::success();
    return rondo::run::writeWhole(fmt::format("{}/{:02}-{}{}", folder, number, name.str(), ending.str()), print);
  }

  void print(mlir::ModuleOp module, raw_ostream &os) {
    mlir::OpPrintingFlags flags;
    if (arguments.has("locations"))
      flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
    module->print(os, flags);
    os << '\n';
  }

  static std::string printed(function_ref<void(raw_ostream &)> print) {
    std::string text;
    raw_string_ostream os(text);
    print(os);
    return text;
  }

  /// Where what is not for a folder goes.
  std::string shownIn() const { return arguments.text("o", "-"); }

  /// Writes what was made, and for make and ninja that it depends on every file that was read: all of it or nothing.
  int write(const dsl::Frontend &frontend, std::vector<NamedBytes> files) {
    if (arguments.has("depfile")) {
      auto quoted = [](const auto &names) { return map_range(names, quotedForMake); };
      std::string targets = join(quoted(make_first_range(files)), " ");
      std::vector<StringRef> read = frontend.filesRead();
      std::string rules = targets + ": " + join(quoted(read), " \\\n  ") + "\n";
      for (StringRef file : read)
        if (file != arguments.positional[0])
          rules += quotedForMake(file) + ":\n"; // one that is not there any more is no error
      files.insert(files.begin(), {arguments.text("depfile"), std::move(rules)});
    }
    Error error = rondo::run::writeAllWhole(files);
    return error ? failed(std::move(error)) : exitFine;
  }

  //===--- Behind the schedule: each model by itself ---===//

  int emitModels(Program &program, mlir::TimingScope &root) {
    std::string name = arguments.text("model");
    std::vector<const dsl::Model *> models;
    for (const dsl::Model &model : program.frontend.models())
      if ((name.empty() || model.name == name) && model.training == arguments.has("training"))
        models.push_back(&model);
    if (models.empty() && !name.empty())
      return failed("the file has no model '" + name + "'" +
                    (arguments.has("training") ? " that depends on `training`" : ""));
    if (models.empty())
      return failed(arguments.has("training") ? "no model of the file depends on `training`" : "the file has no model");
    bool isText = !makes("lib") && !makes("plan") && !makes("llvm") && !makes("asm");
    if (models.size() > 1 && isText)
      return failed("the file has several models; choose one by --model: " +
                    join(map_range(models, [](const dsl::Model *model) { return model->name; }), ", "));

    std::string text;
    std::vector<NamedBytes> files;
    for (const dsl::Model *model : models) {
      auto schedule = program.module->lookupSymbol<step::ScheduleOp>(model->name + (model->training ? ".train" : ""));
      if (!schedule)
        return reportBug("model '" + model->name + "' was not scheduled");
      BackendOptions options;
      options.targets = targets;
      options.weights = weights;
      options.hasNames = arguments.has("symbols");
      setOthers(*program.module, schedule, checkpoint, options);
      options.notCausal = model->causal ? "" : model->whyNotCausal;
      Backend backend(schedule, std::move(options), root);
      if (mlir::failed(backend.plan()))
        return exitError;
      if (Error error = emitModel(backend, text, files))
        return failed(asBug(std::move(error)));
    }
    if (!makes("lib"))
      files = {{shownIn(), std::move(text)}};
    else if (std::error_code error = sys::fs::create_directories(folder(), /*IgnoreExisting=*/true, sys::fs::all_all))
      return failed(rondo::run::failureIn(folder(), error.message()));
    return write(program.frontend, std::move(files));
  }

  /// Adds what is to be printed to `text`, what is to be written to `files`.
  Error emitModel(Backend &backend, std::string &text, std::vector<NamedBytes> &files) {
    raw_string_ostream os(text);
    auto number = [](StringRef stage) { return size_t(findStage(stage) - stages().begin()); };
    if (Error error =
            save(number("plan"), "plan." + backend.prefix(), ".txt", [&](raw_ostream &os) { backend.printPlan(os); }))
      return error;
    if (makes("plan"))
      return backend.printPlan(os), Error::success();
    if (makes("header"))
      return os << backend.header(), Error::success();
    if (makes("manifest"))
      return os << backend.manifest() << '\n', Error::success();
    if (makes("llvm"))
      return backend.printLlvm(os);
    if (makes("asm"))
      return backend.printAssembly(os);
    if (arguments.has("save-temps")) {
      std::string code;
      raw_string_ostream os(code);
      if (Error error = backend.printLlvm(os))
        return error;
      if (Error error = save(number("lower"), "lower." + backend.prefix(), ".ll", [&](raw_ostream &os) { os << code; }))
        return error;
    }
    auto bytes = makes("obj") ? backend.object() : backend.library();
    if (!bytes)
      return bytes.takeError();
    if (makes("obj"))
      return os << *bytes, Error::success();
    files.push_back({placeOf("lib" + backend.prefix() + ".so"), std::move(*bytes)});
    files.push_back({placeOf(backend.prefix() + ".h"), backend.header()});
    return Error::success();
  }

  std::string folder() const { return arguments.text("o", "."); }

  std::string placeOf(StringRef file) const {
    SmallString<128> path(folder());
    sys::path::append(path, file);
    sys::path::remove_dots(path);
    return path.str().str();
  }

  const Command &command;
  const Arguments &arguments;
  const Stage *end = nullptr;
  const Product *product = nullptr; // null: the IR
  std::vector<const emit::Target *> targets;
  emit::WeightFormat weights = emit::WeightFormat::F32;
  int64_t checkpoint = 0; // rows; see runtime::Library
  mlir::DefaultTimingManager timing;
};

} // namespace

static int run(const Command &command, const Arguments &arguments) { return Build(command, arguments).run(); }

Command buildCommand() {
  return {
      "build",
      "FILE",
      "compile a file to native libraries",
      "Writes, for each model of the file, libMODEL.so and MODEL.h. FILE is - for the standard input.",
      withModelOptions({
          {"o", Option::Kind::File, "DIR", "write into this folder (.); what --emit prints, into this file"},
          {"target", Option::Kind::Text, "LIST",
           "native, x86-64-v2, x86-64-v3, x86-64-v4 or aarch64; several for a library that picks at load"},
          formatOption(),
          {"gradients", Option::Kind::Flag, "", "also compile what computes gradients: MODEL_backward"},
          {"windows", Option::Kind::Flag, "", "also compile what goes on with samples, window by window: MODEL_window"},
          checkpointOption(),
          {"emit", Option::Kind::Text, "PRODUCT",
           "instead print ast, rnn, grad, step, plan, header, manifest, llvm or asm, or write obj"},
          {"stop-after", Option::Kind::Text, "STAGE", "print the IR as it is behind that stage of --list"},
          {"symbols", Option::Kind::Flag, "", "keep names of local functions, for profilers and debuggers"},
          {"depfile", Option::Kind::File, "FILE", "write what was read, for make and ninja"},
          {"save-temps", Option::Kind::File, "DIR", "also write what there is behind each stage into DIR"},
          {"locations", Option::Kind::Flag, "", "print the places in the source that each operation comes from"},
          {"verify-each", Option::Kind::Flag, "", "check the IR behind each stage"},
          {"remarks", Option::Kind::Flag, "",
           "say which loops there are, and what of the source keeps them from running in parallel over time"},
          {"timing", Option::Kind::Flag, "", "print the time of each stage, to the standard error"},
          {"list", Option::Kind::Flag, "", "list the stages and products"},
      }),
      0,
      1,
      run};
}

} // namespace rondo::tools
