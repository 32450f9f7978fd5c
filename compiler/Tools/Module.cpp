#include "compiler/Tools/Module.h"
#include "compiler/Import/Import.h"
#include "compiler/Tools/Crash.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::tools {

Program::Program(dsl::CheckOptions options, bool json)
    : json(json), frontend(std::move(options)), context(mlir::MLIRContext::Threading::DISABLED),
      handler(frontend.sourceManager(), &context, errs()) {}

/// In the form of Diagnostics::printJson.
static void printJson(Error error) {
  json::OStream json(outs(), 2);
  auto print = [&](StringRef file, int64_t line, int64_t column, StringRef message) {
    json.object([&] {
      json.attribute("id", nullptr);
      json.attribute("severity", "error");
      json.attribute("file", json::fixUTF8(file));
      json.attribute("line", line);
      json.attribute("column", column);
      json.attribute("endLine", line);
      json.attribute("endColumn", column);
      json.attribute("message", json::fixUTF8(message));
      json.attributeArray("notes", [] {});
      json.attributeArray("fixits", [] {});
    });
  };
  json.array([&] {
    handleAllErrors(
        std::move(error), [&](const run::FileError &e) { print(e.file, e.line, e.column, e.what); },
        [&](const ErrorInfoBase &e) { print("", 0, 0, e.message()); });
  });
  outs() << '\n';
}

int Program::fail(Error error) {
  if (json)
    printJson(std::move(error));
  else
    failed(std::move(error));
  return code = exitError;
}

bool checkProgram(Program &program, StringRef path) {
  bool good = checkPath(program.frontend, path);
  if (program.json && !good) {
    program.frontend.diagnostics().printJson(outs());
    outs() << '\n';
  } else {
    printDiagnostics(program.frontend);
  }
  if (!good)
    program.code = exitError;
  return good;
}

bool importProgram(Program &program) {
  std::vector<const dsl::Model *> models;
  for (const dsl::Model &model : program.frontend.models())
    models.push_back(&model);
  bool refused = false;
  Error mistake = Error::success();
  std::optional<mlir::ScopedDiagnosticHandler> collect;
  if (program.json)
    collect.emplace(&program.context, [&](mlir::Diagnostic &diagnostic) {
      auto place = diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>();
      mistake = joinErrors(std::move(mistake), place ? run::failureIn(place.getFilename(), diagnostic.str(),
                                                                      place.getLine(), place.getColumn())
                                                     : run::failure(diagnostic.str()));
    });
  program.module = import::importModels(program.context, models, program.frontend.sourceManager(), refused);
  if (mistake)
    program.fail(std::move(mistake));
  if (!program.module)
    program.code = refused ? exitError : reportBug("a checked program could not be imported");
  return bool(program.module);
}

static const dsl::Model *chooseModel(Program &program, StringRef name, bool training) {
  const dsl::Model *found = nullptr;
  std::vector<StringRef> names;
  for (const dsl::Model &model : program.frontend.models()) {
    if (!model.training)
      names.push_back(model.name);
    // The training variant stands behind the other; a model that never asks has only one.
    if ((name.empty() || model.name == name) && (training || !model.training))
      found = &model;
  }
  std::string list = llvm::join(names, ", ");
  if (names.empty())
    program.fail(run::failure("the file has no model"));
  else if (name.empty() && names.size() > 1)
    program.fail(run::failure("the file has several models; choose one by --model: " + list));
  else if (!found)
    program.fail(run::failure("the file has no model '" + name + "'; it has " + list));
  return program.code == exitFine ? found : nullptr;
}

static Chosen imported(Program &program, const dsl::Model *model) {
  Chosen chosen{model, program.module->lookupSymbol<rnn::ModelOp>(model->name + (model->training ? ".train" : ""))};
  if (chosen.op)
    return chosen;
  program.code = reportBug("model '" + model->name + "' was not imported");
  return {};
}

Chosen loadModel(Program &program, StringRef path, StringRef name, bool training) {
  const dsl::Model *model = nullptr;
  if (!checkProgram(program, path) || !(model = chooseModel(program, name, training)) || !importProgram(program))
    return {};
  return imported(program, model);
}

std::vector<Chosen> loadModels(Program &program, StringRef path, StringRef name, bool training) {
  std::vector<Chosen> all;
  if (!checkProgram(program, path))
    return all;
  std::vector<const dsl::Model *> models;
  for (const dsl::Model &model : program.frontend.models()) {
    if (!model.training)
      models.push_back(&model);
    else if (training) // it stands behind the other
      models.back() = &model;
  }
  if (!name.empty() || models.empty()) {
    models.assign(1, chooseModel(program, name, training));
    if (!models.front())
      return all;
  }
  if (!importProgram(program))
    return all;
  for (const dsl::Model *model : models)
    if (Chosen chosen = imported(program, model))
      all.push_back(chosen);
  return all;
}

std::vector<Option> withModelOptions(std::vector<Option> own) {
  own.push_back({"model", Option::Kind::Text, "NAME", "the model, where the file has several"});
  own.push_back(
      {"training", Option::Kind::Flag, "", "build the model with `training` true: dropout and the like are active"});
  return withSourceOptions(std::move(own));
}

std::optional<std::vector<run::InputFile>> inputFiles(const Command &command, const Arguments &arguments) {
  std::vector<run::InputFile> files;
  for (const std::string &text : arguments.all("input")) {
    if (auto pair = splitAssignment(text)) {
      files.push_back({pair->first, pair->second});
    } else if (StringRef(text).ends_with(".safetensors")) {
      files.push_back({"", text});
    } else {
      usageError(command, "option '--input' needs NAME=FILE, or a safetensors file, not '" + text + "'");
      return std::nullopt;
    }
    addCrashInput(files.back().path);
  }
  return files;
}

Expected<reference::Params> parametersFor(rnn::ModelOp model, StringRef path, uint64_t seed) {
  if (path.empty())
    return reference::initialise(model, seed);
  addCrashInput(path);
  auto params = run::readParams(path);
  if (!params)
    return params.takeError();
  auto interpreter = reference::Interpreter::create(model, *params, {});
  if (!interpreter)
    return run::failureIn(path, toString(interpreter.takeError()));
  return params;
}

} // namespace rondo::tools
