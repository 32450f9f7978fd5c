// rondo verify: what must hold of every model, tried on this one.
#include "compiler/Emit/Target.h"
#include "compiler/Gradient/FormWindows.h"
#include "compiler/Pipeline.h"
#include "compiler/Run/Compare.h"
#include "compiler/Run/Differences.h"
#include "compiler/Run/VerifyCompiled.h"
#include "compiler/Run/Windows.h"
#include "compiler/Tools/Compiled.h"
#include "compiler/Tools/Module.h"
#include "runtime/Library.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <fmt/format.h>

using namespace llvm;
using rondo::run::Property;

namespace rondo::tools {

static const char *statusName(Property::Status status) {
  return status == Property::Status::Holds ? "holds" : status == Property::Status::Fails ? "FAILS" : "skipped";
}

static void printText(const dsl::Model &model, ArrayRef<Property> properties) {
  outs() << "model " << model.name << '\n';
  for (const Property &property : properties) {
    outs() << fmt::format("  {:<27} {:<8}", property.name, statusName(property.status));
    if (property.status != Property::Status::Skipped) {
      outs() << fmt::format(" largest difference {:.2g}", property.difference);
      if (property.allowed > 0)
        outs() << fmt::format(" of {:.0e} allowed", property.allowed);
      if (!property.where.empty())
        outs() << " (" << property.where << ")";
    }
    if (!property.note.empty())
      outs() << (property.status == Property::Status::Skipped ? " " : "; ") << property.note;
    outs() << '\n';
  }
}

static void printJson(const dsl::Model &model, ArrayRef<Property> properties) {
  json::OStream json(outs(), 1);
  json.object([&] {
    json.attribute("model", model.name);
    json.attributeArray("properties", [&] {
      for (const Property &property : properties)
        json.object([&] {
          json.attribute("name", property.name);
          json.attribute("status", StringRef(statusName(property.status)).lower());
          if (std::isfinite(property.difference))
            json.attribute("difference", property.difference);
          else
            json.attribute("difference", "Infinity");
          json.attribute("allowed", property.allowed);
          if (!property.where.empty())
            json.attribute("where", property.where);
          if (!property.note.empty())
            json.attribute("note", property.note);
        });
    });
  });
  outs() << '\n';
}

/// What goes on with the model's samples; with gradients it has checkpoints where it can.
struct Windowed {
  Compiled compiled;
  std::unique_ptr<rondo::run::Library> one, two;

  rondo::run::WindowLibraries libraries() {
    bool addsAnew = compiled.beside(".window")->hasAttr(rnn::addsAnewName);
    return {*one, *two, addsAnew, compiled.noCheckpoints};
  }
};

static Expected<Windowed> windowsOf(const Chosen &chosen, ArrayRef<const emit::Target *> targets,
                                    const reference::Params &params, const rondo::run::VerifyOptions &how,
                                    bool gradients) {
  Beside beside{gradients, /*windows=*/true, gradients ? rondo::run::windowRows(how.length).back() : 0};
  beside.mustCheckpoint = false;
  auto compiled = compileModel(chosen, targets, how.weights, beside);
  if (!compiled)
    return compiled.takeError();
  auto one = compiled->load({how.seed, 1}), two = compiled->load({how.seed, 2});
  if (!one || !two)
    return joinErrors(one.takeError(), two.takeError());
  if (Error error = joinErrors((*one)->setParameters(params), (*two)->setParameters(params)))
    return std::move(error);
  return Windowed{std::move(*compiled), std::move(*one), std::move(*two)};
}

/// What holds of the model's machine code; for each target that this machine runs.
static Error addCompiled(const Chosen &chosen, const emit::Target *target, const reference::Params &params,
                         const rondo::run::VerifyOptions &how, Beside beside, std::vector<Property> &properties) {
  std::vector<const emit::Target *> targets;
  if (target)
    targets.push_back(target);
  auto compiled = compileModel(chosen, targets, how.weights, {beside.gradients});
  if (!compiled)
    return compiled.takeError();
  auto one = compiled->load({how.seed, 1}), two = compiled->load({how.seed, 2});
  if (!one || !two)
    return joinErrors(one.takeError(), two.takeError());
  auto found = rondo::run::verifyCompiled(chosen.op, *chosen.model, params, how, **one, **two);
  if (!found)
    return found.takeError();
  std::optional<Windowed> windowed;
  if (beside.windows) {
    auto made = windowsOf(chosen, targets, params, how, beside.gradients);
    if (!made)
      return made.takeError();
    windowed = std::move(*made);
    rondo::run::Trial trial = rondo::run::makeTrial(compiled->model(), how);
    trial.params = params;
    auto compared = rondo::run::verifyCompiledWindows(compiled->model(), trial, how, **one, windowed->libraries());
    if (!compared)
      return compared.takeError();
    found->push_back(std::move(*compared));
  }
  if (beside.gradients) {
    rnn::ModelOp backward = compiled->beside(".backward");
    rondo::run::Trial trial = rondo::run::makeTrial(backward, how);
    trial.params = params;
    auto libraries = windowed ? std::optional(windowed->libraries()) : std::nullopt;
    auto compared = rondo::run::verifyGradients(backward, trial, how, **one, **two, libraries ? &*libraries : nullptr);
    if (!compared)
      return compared.takeError();
    found->insert(found->end(), compared->begin(), compared->end());
  }
  for (Property &property : *found) {
    if (how.weights != emit::WeightFormat::F32)
      property.name += fmt::format(", {}", emit::nameOf(how.weights).str());
    property.name += target ? fmt::format(", {}", target->name.str()) : "";
    properties.push_back(std::move(property));
  }
  return Error::success();
}

/// What holds of the equations that the compiler writes beside the model: adjoint ones, and those of windows, if it has
/// any.
static Error addEquations(Chosen chosen, const reference::Params *params, const rondo::run::VerifyOptions &how,
                          Beside &beside, std::vector<Property> &properties) {
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(chosen.op.getLoc());
  module->push_back(chosen.op->clone());
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  StageOptions options;
  options.gradients = options.verifyEach = true;
  options.windows = beside.windows;
  options.stopAfter = "gradient";
  bool isDone = mlir::succeeded(runStages(*module, options, root));
  auto find = [&](StringRef ending) {
    return module->lookupSymbol<rnn::ModelOp>((chosen.op.getSymName() + ending).str());
  };
  rnn::ModelOp backward = find(".backward"), window = find(".window.backward");
  if (!isDone || !backward)
    return rondo::run::failure("a stage of the compiler failed on the equations that it writes beside the model");
  if (beside.gradients) {
    auto property = rondo::run::verifyDifferences(chosen.op, backward, params, how);
    if (!property)
      return property.takeError();
    properties.push_back(std::move(*property));
  }
  if (!beside.windows)
    return Error::success();
  rondo::run::Comparison comparison("windows = whole sequence", 1e-9);
  if (auto why = find("")->getAttrOfType<mlir::StringAttr>(rnn::noWindowsName)) {
    comparison.property.status = Property::Status::Skipped;
    comparison.property.note = why.str();
    beside.windows = false;
  } else if (!chosen.op.getBody().front().getOps<rnn::RandomOp>().empty()) {
    comparison.property.status = Property::Status::Skipped;
    comparison.property.note = "the interpreter draws random numbers by the tick, which it counts anew in each window";
  } else {
    rondo::run::Trial trial = rondo::run::makeTrial(backward, how);
    if (params)
      trial.params = *params;
    for (int64_t rows : rondo::run::windowRows(how.length)) {
      auto property = rondo::run::verifyWindows(backward, window, trial, rows, how.seed);
      if (!property)
        return property.takeError();
      comparison.include(*property);
    }
  }
  properties.push_back(std::move(comparison.property));
  return Error::success();
}

/// Prints what holds of a model; returns an exit code.
static int verify(Program &program, const Chosen &chosen, const Arguments &arguments,
                  ArrayRef<const emit::Target *> targets, const rondo::run::VerifyOptions &how) {
  auto params = parametersFor(chosen.op, arguments.text("params"), how.seed);
  if (!params)
    return program.fail(params.takeError());
  auto properties = rondo::run::verifyModel(chosen.op, *chosen.model, *params, how);
  if (!properties)
    return program.fail(properties.takeError());
  Beside beside{arguments.has("gradients"), arguments.has("windows")};
  if (beside.gradients || beside.windows)
    if (Error error = addEquations(chosen, arguments.has("params") ? &*params : nullptr, how, beside, *properties))
      return program.fail(std::move(error));
  rondo::run::VerifyOptions compiled = how;
  setRounding(compiled, *properties);
  for (const emit::Target *target : targets)
    if (Error error = addCompiled(chosen, target, *params, compiled, beside, *properties))
      return program.fail(std::move(error));
  if (arguments.has("json"))
    printJson(*chosen.model, *properties);
  else
    printText(*chosen.model, *properties);
  bool fails = any_of(*properties, [](const Property &property) { return property.status == Property::Status::Fails; });
  return fails ? exitError : exitFine;
}

static int run(const Command &command, const Arguments &arguments) {
  auto options = checkOptions(command, arguments);
  auto weights = formatOf(command, arguments);
  if (!options || !weights)
    return exitUsage;
  rondo::run::VerifyOptions how;
  how.samples = arguments.count("batch", how.samples);
  if (how.samples < 1)
    return usageError(command, "option '--batch' needs a number from 1 on");
  Program program(std::move(*options), arguments.has("json"));
  how.length = arguments.count("length", how.length);
  how.seed = uint64_t(arguments.count("seed", 0));
  how.weights = *weights;
  std::vector<const emit::Target *> targets{nullptr};
  if (arguments.has("interpret")) {
    targets.clear();
  } else if (arguments.has("target")) {
    auto chosenTargets = emit::parseTargets(arguments.text("target"), *weights);
    if (!chosenTargets)
      return usageError(command, toString(chosenTargets.takeError()));
    targets = std::move(*chosenTargets);
    for (const emit::Target *target : targets)
      if (const emit::Target *native = emit::nativeTarget(); !native || native->arch != target->arch)
        return usageError(command, "option '--target': this machine does not run code for " + target->name);
    // What a library would leave aside here.
    if (targets.size() > 1)
      erase_if(targets, [](const emit::Target *target) {
        return target->isForBf16() && !runtime::runsLevel(target->level, runtime::cpuLevel());
      });
  }
  std::string path = arguments.positional[0], name = arguments.text("model");
  std::vector<Chosen> models;
  if (!arguments.has("json") && !arguments.has("params"))
    models = loadModels(program, path, name, arguments.has("training"));
  else if (Chosen one = loadModel(program, path, name, arguments.has("training"))) // a document, a file for one model
    models.push_back(one);
  int code = program.code;
  for (const Chosen &chosen : models)
    code = std::max(code, verify(program, chosen, arguments, targets, how));
  return code;
}

Command verifyCommand() {
  return {
      "verify",
      "FILE",
      "try on a model what must hold of every model",
      "Runs the model, or one by one those of the file, on made-up inputs, empty samples and segments among\n"
      "them, and compares:\n"
      "  stepping = whole sequence   tick by tick with the state carried over, as at once (causal models)\n"
      "  padding has no influence    a sample among others, shorter and longer ones\n"
      "  batch = singles             a batch as its samples one by one; losses too\n"
      "  fp32 ~ fp64                 single as double precision, nearly\n"
      "  causality                   inputs changed from some tick on leave the outputs before it (causal models)\n"
      "  gradients = differences     with --gradients: to parameters and inputs, in double precision, of the sum of "
      "losses,\n"
      "                              or of outputs times random numbers\n"
      "  gradients ~ interpreted     those of machine code: the interpreter's\n"
      "  gradients by two threads    and computed again: bit for bit\n"
      "  gradients accumulate        added to what is there\n"
      "  padding and gradients       rows that no tick reads, and other samples, hold NaN: bit for bit\n"
      "  gradients of singles        a batch as its samples one by one: inputs', and the sum of parameters'\n"
      "  windows = whole sequence    with --windows: samples in parts, there and back, as at once; in double "
      "precision\n"
      "  compiled windows = whole    bit for bit, but for sums that go on from part to part\n"
      "  gradients of windows        what flows back through all parts (models without losses)\n"
      "  gradients with checkpoints  as without them; outputs of samples in pieces have the bits of forward's\n"
      "  compiled ~ interpreted      the machine code for this machine, or for each --target; with --dtype other than "
      "f32\n"
      "                              relative to the largest number of an output\n"
      "  two threads = one           bit for bit\n"
      "  compiled batch = singles    bit for bit\n"
      "Exits with 1 when one fails.",
      withModelOptions({
          {"batch", Option::Kind::Count, "N", "samples (3)"},
          {"length", Option::Kind::Count, "N", "ticks of the longest sample (12)"},
          {"seed", Option::Kind::Count, "N", "of inputs, parameters and `random` (0)"},
          {"params", Option::Kind::File, "FILE", "read the parameters from a safetensors file"},
          {"target", Option::Kind::Text, "LIST", "compile for these, instead of for this machine; see rondo build"},
          formatOption(),
          {"interpret", Option::Kind::Flag, "", "the interpreter only"},
          {"gradients", Option::Kind::Flag, "", "gradients too"},
          {"windows", Option::Kind::Flag, "", "windows too; with --gradients theirs, and checkpoints"},
          {"json", Option::Kind::Flag, "", "print JSON"},
      }),
      1,
      1,
      run};
}

} // namespace rondo::tools
