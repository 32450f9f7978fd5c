// What commands share that read data as a training does.
#ifndef RONDO_TOOLS_TRAININGDATA_H
#define RONDO_TOOLS_TRAININGDATA_H

#include "compiler/Run/TokenTexts.h"
#include "compiler/Tools/Compiled.h"
#include "compiler/Train/Checkpoint.h"
#include "compiler/Train/Data.h"
#include "compiler/Train/Gradients.h"

namespace rondo::tools {

/// Given options of these; several values of one are lines of one text.
train::Settings settingsOf(const Arguments &arguments, llvm::ArrayRef<const char *> options);

/// The values of an option that was given several times.
std::vector<std::string> linesOf(llvm::StringRef text);

/// Where parameters lie, and with them what a training has left there.
std::string folderOf(llvm::StringRef parameters);
/// The same, and where they are not given those of the training in a folder, if there was one, that are `ofTraining`.
llvm::Expected<train::Settings> settingsBeside(const Arguments &arguments, llvm::ArrayRef<const char *> options,
                                               llvm::StringRef folder, llvm::ArrayRef<const char *> ofTraining);

/// --unit, --split and --unk, and the files of `--data` or another option.
llvm::Expected<train::DataOptions> dataOptions(const train::Settings &settings, const char *files);

/// Where a training's folder has the vocabulary of an input.
std::string vocabularyFile(llvm::StringRef folder, llvm::StringRef input);
/// Those that are there.
llvm::Expected<train::Vocabularies> readVocabularies(const dsl::Model &model, llvm::StringRef folder);

/// What is computed on, and what its tokens are called.
struct RunData {
  reference::Batch batch;
  rondo::run::TokenTexts texts;
};
/// By --data, as a training reads them, with what it has left where the parameters are; else as `inputs` says.
llvm::Expected<RunData> readInputs(const dsl::Model &model, const Arguments &arguments,
                                   const rondo::run::InputOptions &inputs);
/// False after a usage error: there is --data beside what makes up inputs.
bool givesDataAlone(const Command &command, const Arguments &arguments);

/// What a trainer asks a model for, compiled for this machine.
struct Trainable {
  std::unique_ptr<train::Gradients> model;
  std::vector<std::string> measures; // names of what it has beside the losses that count
};
llvm::Expected<Trainable> compileTrainable(Chosen chosen, Beside beside, int32_t threads);

/// --threads; nothing after a usage error.
std::optional<int32_t> threadsOf(const Command &command, const Arguments &arguments);

/// The options that say what data are: --unit, --split, --unk.
std::vector<Option> dataOptionList();

} // namespace rondo::tools
#endif
