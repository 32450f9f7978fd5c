// rondo train: a model's parameters from data, by the gradients of code that is compiled for this machine.
#include "compiler/Tools/TrainingData.h"
#include "compiler/Train/Trainer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <csignal>

using namespace llvm;

namespace rondo::tools {

namespace {

/// Options whose texts a checkpoint keeps, so that --resume needs none of them.
const char *const kept[] = {"data",       "valid",      "unit",     "split", "unk",   "optimizer",  "lr",
                            "schedule",   "warmup",     "momentum", "decay", "clip",  "clip-value", "epochs",
                            "batch",      "save-every", "seed",     "loss",  "train", "freeze",     "tbptt",
                            "checkpoint", "D",          "library",  "model"};

volatile std::sig_atomic_t isInterrupted = 0;

/// The first Ctrl-C asks for an end, the second one is an end, and leaves no unfinished file.
void catchInterrupts() {
  // LLVM puts its own handler when it makes its first temporary file; ours must come behind it.
  sys::SetInterruptFunction(nullptr);
  struct sigaction action = {};
  action.sa_handler = [](int signal) {
    if (isInterrupted) {
      sys::RunInterruptHandlers();
      std::signal(signal, SIG_DFL);
      std::raise(signal);
    }
    isInterrupted = 1;
  };
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM})
    sigaction(signal, &action, nullptr);
}

/// Training and validation data, and the vocabularies of texts.
Error readAllData(const dsl::Model &model, const train::Settings &settings, const train::TrainFolder &folder,
                  StringRef params, train::DataOptions data, train::Vocabularies &vocabularies,
                  train::TrainTask &task) {
  for (const char *option : {"unit", "split", "unk"})
    if (settings.count(option) && none_of(data.files, [](const auto &file) { return train::isTextFile(file.path); }))
      return rondo::run::failure(Twine("option '--") + option + "' is for texts (.txt, .tsv), and --data names none");
  if (folder.resume || !params.empty()) {
    auto read = readVocabularies(model, folder.resume ? folder.path : folderOf(params));
    if (!read)
      return read.takeError();
    vocabularies = std::move(*read);
  }
  data.isNew = !folder.resume;
  auto read = train::readData(model, data, vocabularies);
  if (!read)
    return read.takeError();
  task.data = std::move(*read);
  if (settings.count("valid")) {
    auto ofValid = dataOptions(settings, "valid");
    if (!ofValid)
      return ofValid.takeError();
    ofValid->isNew = false;
    ofValid->areForValidation = true;
    auto valid = train::readData(model, *ofValid, vocabularies);
    if (!valid)
      return valid.takeError();
    task.valid = std::move(*valid);
  }
  return Error::success();
}

/// The folder, with the vocabularies in it.
Expected<train::OpenFolder> openWith(const train::TrainFolder &folder, const dsl::Model &model,
                                     const train::Vocabularies &vocabularies) {
  auto opened = train::openFolder(folder);
  if (!opened || folder.resume)
    return opened;
  for (const dsl::Input &input : model.inputs) {
    std::string file = vocabularyFile(folder.path, input.name);
    auto vocabulary = vocabularies.find(input.name);
    if (vocabulary == vocabularies.end())
      sys::fs::remove(file); // of another training
    else if (Error error = vocabulary->second.write(file))
      return std::move(error);
  }
  return opened;
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// What is asked for: by options, and with --resume by the checkpoint where there are none.
Expected<train::Settings> allSettings(const Arguments &arguments, const train::TrainFolder &folder) {
  bool areTexts = any_of(arguments.all("data"), [](const std::string &file) { return train::isTextFile(file); });
  if (!folder.resume && areTexts && arguments.has("params")) // they are read as they were for those parameters
    return settingsBeside(arguments, kept, folderOf(arguments.text("params")), {"unit", "split", "unk"});
  train::Settings settings = settingsOf(arguments, kept);
  if (!folder.resume)
    return settings;
  if (auto opened = train::openFolder(folder); !opened)
    return opened.takeError();
  auto earlier = train::readSettings(folder.checkpoint());
  if (!earlier)
    return earlier.takeError();
  if (settings.count("train") || settings.count("freeze")) // one takes the place of the other
    earlier->erase("train"), earlier->erase("freeze");
  settings.merge(*earlier);
  return settings;
}

} // namespace

static int run(const Command &command, const Arguments &given) {
  Arguments arguments = given;
  if (!arguments.has("o"))
    return usageError(command, "give the folder for what is trained: -o DIR");
  train::TrainFolder folder{arguments.text("o"), arguments.has("resume")};
  if (!arguments.has("data") && !folder.resume)
    return usageError(command, "give the training data: --data FILE");
  if (folder.resume && arguments.has("params"))
    return usageError(command, "option '--params' is where a training begins, which --resume does not");
  auto threads = threadsOf(command, arguments);
  if (!threads)
    return exitUsage;
  auto settings = allSettings(arguments, folder);
  if (!settings)
    return failed(settings.takeError());
  auto options = train::parseOptions(*settings);
  if (!options)
    return usageError(command, toString(options.takeError()));
  auto ofData = dataOptions(*settings, "data");
  if (!ofData)
    return usageError(command, toString(ofData.takeError()));
  for (const char *option : {"D", "library", "model"}) // what the training began with
    if (auto known = settings->find(option); known != settings->end())
      arguments.values[option] = linesOf(known->second);
  auto checks = checkOptions(command, arguments);
  if (!checks)
    return exitUsage;
  auto checkpoint = checkpointOf(command, settings->count("checkpoint") ? settings->at("checkpoint") : "");
  if (!checkpoint)
    return exitUsage;

  Program program(*checks, /*json=*/false);
  Chosen chosen = loadModel(program, arguments.positional[0], arguments.text("model"), /*training=*/true);
  if (!chosen)
    return program.code;
  const dsl::Model &model = *chosen.model;
  if (model.losses.empty())
    return program.fail(
        rondo::run::failure("model '" + model.name + "' has no loss, so there is nothing to train for"));
  if (Error error = train::chooseLosses(chosen.op, options->phase))
    return program.fail(std::move(error));
  auto moved = train::chooseParameters(chosen.op, options->phase);
  if (!moved)
    return program.fail(moved.takeError());
  train::TrainTask task;
  task.model = model.name;
  task.moved = std::move(*moved);
  std::optional<reference::Params> start;
  if (arguments.has("params")) {
    auto params = parametersFor(chosen.op, arguments.text("params"), /*seed=*/0);
    if (!params)
      return program.fail(params.takeError());
    task.start = &start.emplace(std::move(*params));
  }
  train::Vocabularies vocabularies;
  if (Error error =
          readAllData(model, *settings, folder, arguments.text("params"), std::move(*ofData), vocabularies, task))
    return program.fail(std::move(error));

  auto training = compileTrainable(chosen, {/*gradients=*/true, /*windows=*/options->tbptt > 0, *checkpoint}, *threads);
  if (!training)
    return program.fail(training.takeError());
  if (std::string why = options->tbptt ? training->model->noWindows() : ""; !why.empty())
    return program.fail(rondo::run::failure("--tbptt: model '" + model.name + "' has no windows: " + why));
  task.op = chosen.op;
  task.training = task.evaluation = training->model.get();
  task.measures = training->measures;
  // Validation is without dropout and the like.
  Program plain(std::move(*checks), /*json=*/false);
  Trainable evaluation;
  if (model.training && task.valid.samples() > 0) {
    Chosen other = loadModel(plain, arguments.positional[0], arguments.text("model"), /*training=*/false);
    if (!other)
      return plain.code;
    if (Error error = train::chooseLosses(other.op, options->phase))
      return plain.fail(std::move(error));
    auto compiled = compileTrainable(other, {}, *threads);
    if (!compiled)
      return plain.fail(compiled.takeError());
    evaluation = std::move(*compiled);
    task.evaluation = evaluation.model.get();
  }

  auto open = openWith(folder, model, vocabularies);
  if (!open)
    return program.fail(open.takeError());
  catchInterrupts();
  train::Progress progress(outs(), sys::Process::StandardOutIsDisplayed(), seconds);
  auto outcome = train::train(task, *options, folder, progress, [] { return isInterrupted != 0; });
  if (!outcome)
    return program.fail(outcome.takeError());
  return outcome->interrupted ? exitError : exitFine;
}

Command trainCommand() {
  std::vector<Option> options = {
      {"data", Option::Kind::Repeated, "[NAME=]FILE",
       "training data: a text, a table or arrays, for the inputs that it has or for one"},
      {"valid", Option::Kind::Repeated, "[NAME=]FILE", "data that the loss is measured on after each epoch"},
      {"optimizer", Option::Kind::Text, "NAME", "sgd, momentum, nesterov, rmsprop, adam (the default) or adamw"},
      {"lr", Option::Kind::Text, "RATE", "learning rate (0.001; of sgd, momentum and nesterov 0.1)"},
      {"schedule", Option::Kind::Text, "HOW",
       "of the rate: constant (the default), step:EVERY:FACTOR, cosine or cosine:LEAST"},
      {"warmup", Option::Kind::Text, "N", "steps in which the rate rises to its full size (0)"},
      {"momentum", Option::Kind::Text, "M", "of momentum and nesterov (0.9), of rmsprop (0)"},
      {"decay", Option::Kind::Text, "D", "of weights: of adamw apart from the gradient (0.01), else added to it (0)"},
      {"clip", Option::Kind::Text, "NORM", "the largest norm of the gradient of all that is trained"},
      {"clip-value", Option::Kind::Text, "LIMIT", "the largest element of a gradient, ahead of --clip"},
      {"epochs", Option::Kind::Text, "N", "times through the data (10)"},
      {"batch", Option::Kind::Text, "N", "samples of a step (16)"},
      {"tbptt", Option::Kind::Text, "ROWS",
       "take samples in windows of so many rows, each a step that goes on from the one before; a text is as many "
       "streams as --batch has samples"},
      checkpointOption(),
      {"save-every", Option::Kind::Text, "N", "steps between checkpoints, beside those after each epoch"},
      {"seed", Option::Kind::Text, "N", "of first values, of the order of samples and of `random` (0)"},
      {"threads", Option::Kind::Count, "N", "to compute with (1); the result is the same for any number"},
      {"loss", Option::Kind::Text, "NAME", "only these losses count, with commas between them (all)"},
      {"train", Option::Kind::Text, "GROUP", "only parameters at or under these paths, with commas between them"},
      {"freeze", Option::Kind::Text, "GROUP", "all parameters but those"},
      {"params", Option::Kind::File, "FILE", "begin with the parameters of a safetensors file"},
      {"resume", Option::Kind::Flag, "", "go on with the training in the folder, with the options that it began with"},
      {"o", Option::Kind::File, "DIR", "the folder for checkpoints, parameters, metrics.csv and curve.svg"},
      {"model", Option::Kind::Text, "NAME", "the model, where the file has several"},
  };
  std::vector<Option> ofData = dataOptionList();
  options.insert(options.begin() + 2, ofData.begin(), ofData.end());
  return {
      "train",
      "FILE",
      "train a model on data",
      "By the ending of a file the data are\n"
      "  .txt .tsv     text. For one input of tokens: its words or characters. With a label on `sample` too: lines\n"
      "                of a label, a tab and a text, which falls into words, and sentences if the model has them;\n"
      "                with paragraphs too, a document goes on until the next line that has one\n"
      "  .csv          a table. Its header names inputs: x, or of a vector x.0, x.1, ..; an empty line ends a "
      "sample\n"
      "  .npy          an array, for one input\n"
      "  .safetensors  tensors named by inputs, cut by `AXIS.offsets` as for rondo run\n"
      "Into the folder go checkpoint.safetensors, from which --resume goes on as if nothing had been between, and\n"
      "model.safetensors, for --params of rondo run and rondo generate; with --valid also best.safetensors.\n"
      "Ctrl-C saves and ends. Of --resume and the same data, any number of threads: the same bits.",
      withSourceOptions(std::move(options)),
      1,
      1,
      run};
}

} // namespace rondo::tools
