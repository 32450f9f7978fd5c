#include "compiler/Tools/TrainingData.h"
#include "compiler/Gradient/Passes.h"
#include "compiler/Tools/Crash.h"
#include "compiler/Train/Measures.h"
#include "compiler/Train/Trainer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace rondo::tools {

train::Settings settingsOf(const Arguments &arguments, ArrayRef<const char *> options) {
  train::Settings settings;
  for (const char *option : options)
    if (arguments.has(option))
      settings[option] = join(arguments.all(option), "\n");
  return settings;
}

std::string folderOf(StringRef parameters) {
  StringRef folder = sys::path::parent_path(parameters);
  return folder.empty() ? "." : folder.str();
}

Expected<train::Settings> settingsBeside(const Arguments &arguments, ArrayRef<const char *> options, StringRef folder,
                                         ArrayRef<const char *> ofTraining) {
  train::Settings settings = settingsOf(arguments, options);
  train::TrainFolder beside{folder.str()};
  if (!sys::fs::exists(beside.checkpoint()))
    return settings;
  auto earlier = train::readSettings(beside.checkpoint());
  if (!earlier)
    return earlier.takeError();
  for (const char *option : ofTraining)
    if (auto known = earlier->find(option); known != earlier->end())
      settings.insert(*known);
  return settings;
}

static std::string textOf(const train::Settings &settings, const char *option) {
  auto found = settings.find(option);
  return found == settings.end() ? "" : found->second;
}

std::vector<std::string> linesOf(StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  return {lines.begin(), lines.end()};
}

static std::vector<rondo::run::InputFile> filesOf(StringRef text) {
  std::vector<rondo::run::InputFile> files;
  for (const std::string &line : linesOf(text)) {
    auto pair = splitAssignment(line);
    if (pair && StringRef(pair->first).contains('/')) // no name, but a path with a `=` in it
      pair.reset();
    files.push_back(pair ? rondo::run::InputFile{pair->first, pair->second} : rondo::run::InputFile{"", line});
    addCrashInput(files.back().path);
  }
  return files;
}

Expected<train::DataOptions> dataOptions(const train::Settings &settings, const char *files) {
  train::DataOptions options;
  options.files = filesOf(textOf(settings, files));
  std::string unit = textOf(settings, "unit"), split = textOf(settings, "split");
  if (!unit.empty() && unit != "words" && unit != "characters")
    return rondo::run::failure("option '--unit' needs words or characters, not '" + unit + "'");
  if (!unit.empty())
    options.words = unit == "words";
  options.unknown = settings.count("unk") != 0;
  if (settings.count("tbptt") && textOf(settings, "batch").empty())
    options.streams = 16;
  else if (settings.count("tbptt") && StringRef(textOf(settings, "batch")).getAsInteger(10, options.streams))
    options.streams = 0; // a mistake that is told elsewhere
  if (split.empty())
    return options;
  train::TextSplit how;
  if (split == "lines")
    how.kind = train::TextSplit::Kind::Lines;
  else if (split == "paragraphs")
    how.kind = train::TextSplit::Kind::Paragraphs;
  else if (StringRef(split).getAsInteger(10, how.length) || how.length < 1)
    return rondo::run::failure("option '--split' needs lines, paragraphs or a number over 0, not '" + split + "'");
  options.split = how;
  return options;
}

std::string vocabularyFile(StringRef folder, StringRef input) {
  return (folder + "/vocabulary." + input + ".txt").str();
}

Expected<train::Vocabularies> readVocabularies(const dsl::Model &model, StringRef folder) {
  train::Vocabularies vocabularies;
  for (const dsl::Input &input : model.inputs)
    if (std::string path = vocabularyFile(folder, input.name); sys::fs::exists(path)) {
      auto read = train::Vocabulary::read(path, input.type.tokens, "input '" + input.name + "'",
                                          input.clock->kind == dsl::Clock::Kind::Sample);
      if (!read)
        return read.takeError();
      vocabularies[input.name] = std::move(*read);
    }
  return vocabularies;
}

Expected<RunData> readInputs(const dsl::Model &model, const Arguments &arguments,
                             const rondo::run::InputOptions &inputs) {
  if (!arguments.has("data")) {
    auto made = rondo::run::makeBatch(model, inputs);
    if (!made)
      return made.takeError();
    return RunData{std::move(*made), {}};
  }
  std::string folder = folderOf(arguments.text("params"));
  auto settings = settingsBeside(arguments, {"data", "unit", "split", "unk"}, folder, {"unit", "split", "unk"});
  if (!settings)
    return settings.takeError();
  auto options = dataOptions(*settings, "data");
  if (!options)
    return options.takeError();
  train::Vocabularies vocabularies;
  if (arguments.has("params")) {
    if (std::error_code error = sys::fs::access(arguments.text("params"), sys::fs::AccessMode::Exist))
      return rondo::run::failureIn(arguments.text("params"), error.message());
    auto read = readVocabularies(model, folder);
    if (!read)
      return read.takeError();
    vocabularies = std::move(*read);
  }
  options->isNew = !arguments.has("params");
  options->generated = inputs.generated;
  auto dataset = train::readData(model, *options, vocabularies);
  if (!dataset)
    return dataset.takeError();
  RunData data{dataset->all(), {}};
  for (const auto &[input, vocabulary] : vocabularies)
    data.texts[input] = vocabulary.units();
  return data;
}

bool givesDataAlone(const Command &command, const Arguments &arguments) {
  for (const char *option : {"input", "batch", "length"})
    if (arguments.has("data") && arguments.has(option)) {
      usageError(command, Twine("option '--data' gives all inputs, '--") + option + "' beside it none");
      return false;
    }
  return true;
}

Expected<Trainable> compileTrainable(Chosen chosen, Beside beside, int32_t threads) {
  std::vector<std::string> measures = train::addAccuracies(chosen.op);
  chosen.op->setAttr(rnn::fixedInputsName, mlir::UnitAttr::get(chosen.op->getContext()));
  auto compiled = compileModel(chosen, /*targets=*/{}, emit::WeightFormat::F32, beside);
  if (!compiled)
    return compiled.takeError();
  auto library = compiled->load({/*seed=*/0, threads});
  if (!library)
    return library.takeError();
  return Trainable{train::compiledGradients(std::move(*library)), std::move(measures)};
}

std::optional<int32_t> threadsOf(const Command &command, const Arguments &arguments) {
  int64_t threads = arguments.count("threads", 1);
  if (threads >= 1 && threads <= 1024)
    return int32_t(threads);
  usageError(command, "option '--threads' needs a number from 1 to 1024");
  return std::nullopt;
}

std::vector<Option> dataOptionList() {
  return {{"unit", Option::Kind::Text, "UNIT", "of texts: words or characters"},
          {"split", Option::Kind::Text, "HOW",
           "samples of a text without labels: lines, paragraphs, or pieces of so many tokens (256)"},
          {"unk", Option::Kind::Flag, "", "a token <unk> stands for what has no place in the vocabulary"}};
}

} // namespace rondo::tools
