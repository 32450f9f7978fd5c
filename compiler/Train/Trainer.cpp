#include "compiler/Train/Trainer.h"
#include "compiler/IR/Rnn.h"
#include "compiler/Run/Structure.h"
#include "compiler/Run/Windows.h"
#include "compiler/Train/Evaluate.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include <cmath>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

using namespace llvm;

namespace rondo::train {

OpenFolder::~OpenFolder() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Expected<OpenFolder> openFolder(const TrainFolder &folder) {
  bool exists = sys::fs::exists(folder.checkpoint());
  if (folder.resume && !exists)
    return run::failureIn(folder.checkpoint(), "there is no training to go on with");
  if (!folder.resume && exists && !isOfNoStep(folder.checkpoint()))
    return run::failureIn(folder.checkpoint(), "is there already: --resume goes on with it; else take another folder");
  if (std::error_code error = sys::fs::create_directories(folder.path, /*IgnoreExisting=*/true, sys::fs::all_all))
    return run::failureIn(folder.path, error.message());
  int descriptor = ::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  OpenFolder open(descriptor);
  if (descriptor < 0)
    return run::failureIn(folder.path, sys::StrError(errno));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) // where nothing can be locked, nothing is
    return run::failureIn(folder.path, "another process trains in this folder");
  return open;
}

namespace {

class Training {
public:
  Training(const TrainTask &task, const TrainOptions &options, const TrainFolder &folder, Progress &progress,
           const std::function<bool()> &interrupted)
      : task(task), options(options), folder(folder), progress(progress), interrupted(interrupted),
        layout(task.training->parameters()), optimiser(options.optimiser), means(task.measures),
        metrics(folder.file("metrics.csv")) {}

  Expected<TrainOutcome> all() {
    if (Error error = begin())
      return std::move(error);
    for (; at.epoch < options.epochs; ++at.epoch) {
      auto isWhole = runEpoch();
      if (!isWhole)
        return isWhole.takeError();
      if (!*isWhole)
        return stop();
    }
    if (savedStep != at.step)
      if (Error error = save())
        return std::move(error);
    progress.line("wrote " + folder.file("model.safetensors"));
    return outcome;
  }

private:
  //===--- Beginning -------------------------------------------------------------------------------------------===//

  Error begin() {
    for (const Parameter &parameter : layout)
      trained.push_back(task.moved.count(parameter.path));
    ticks = task.data.ticks();
    batchesOfEpoch = int64_t((ticks.size() + size_t(options.batch) - 1) / size_t(options.batch));
    optimiser.total = options.epochs * batchesOfEpoch;
    if (options.tbptt)
      countWindows();
    if (Error error = folder.resume ? resume() : start())
      return error;
    if (Error error = beginValidation())
      return error;
    gradients.resize(at.parameters.size());
    outcome.steps = at.step;
    progress.begin(at.step, optimiser.total);
    return Error::success();
  }

  /// A batch has as many windows, and steps, as its longest sample.
  void countWindows() {
    std::string axis = run::axesOf(model()).front();
    optimiser.total = 0;
    for (int64_t epoch = 0; epoch < options.epochs; ++epoch)
      for (const Samples &samples : shuffledBatches(ticks, options.batch, options.seed, epoch)) {
        int64_t most = 1;
        for (int64_t sample : samples)
          most = std::max(most, task.data.rows(axis, sample));
        optimiser.total += (most + options.tbptt - 1) / options.tbptt;
      }
  }
  rnn::ModelOp model() const { return cast<rnn::ModelOp>(task.op); }

  /// An error where no row will count.
  Error beginValidation() {
    if (task.valid.samples() == 0)
      return Error::success();
    validation = orderedBatches(task.valid.ticks(), options.batch);
    for (const Samples &samples : validation) {
      auto some = evaluate(samples);
      if (!some)
        return some.takeError();
      if (!some->isOfNothing())
        return Error::success();
    }
    return nothingCounts("no row of the validation data");
  }

  Error start() {
    at.model = task.model;
    at.settings = options.settings;
    at.data = task.data.fingerprint();
    at.slots = runtime::optimiserSlots(options.optimiser);
    at.parameters.resize(task.training->floats());
    at.state.resize(at.slots * task.training->floats());
    if (task.start) {
      writeParameters(layout, *task.start, at.parameters.data());
      for (const Parameter &parameter : layout)
        for (int64_t i = 0; i < parameter.size; ++i)
          if (float value = at.parameters[parameter.offset + i]; !std::isfinite(value))
            return run::failure("--params: parameter '" + parameter.path + "' is " +
                                (std::isnan(value) ? "NaN" : "larger than a float"));
    } else {
      auto made = task.training->initialise(options.seed);
      if (!made)
        return made.takeError();
      writeParameters(layout, *made, at.parameters.data());
    }
    // Before the first step, so that a folder that cannot be written is no surprise at the end.
    return save();
  }

  Error resume() {
    auto read = readCheckpoint(folder.checkpoint(), task.model, layout, task.training->floats());
    if (!read)
      return read.takeError();
    at = std::move(*read);
    for (auto [option, otherwise] : fixedOptions) {
      auto value = [&, option = option, otherwise = otherwise](const Settings &settings) {
        auto found = settings.find(option);
        return found == settings.end() ? std::string(otherwise) : found->second;
      };
      if (std::string was = value(at.settings), is = value(options.settings); was != is)
        return run::failureIn(folder.checkpoint(), Twine("was made with --") + option + " " + was + ", not " + is +
                                                       "; a training goes on with what it began with");
    }
    if (at.data != task.data.fingerprint())
      return run::failureIn(folder.checkpoint(), "was made with other training data");
    if (at.slots != runtime::optimiserSlots(options.optimiser) || at.batch > batchesOfEpoch)
      return run::failureIn(folder.checkpoint(), "does not fit the optimizer or the data");
    at.settings = options.settings;
    means.setState(at.sums);
    if (at.window)
      task.training->setWindowState(at.memory);
    savedStep = at.step;
    progress.line(fmt::format("going on behind step {}", at.step));
    return Error::success();
  }

  //===--- Epochs and steps ------------------------------------------------------------------------------------===//

  /// False: it was interrupted.
  Expected<bool> runEpoch() {
    std::vector<Samples> batches = shuffledBatches(ticks, options.batch, options.seed, at.epoch);
    reference::Batch whole, batch;
    std::optional<run::WindowCuts> cuts;
    while (at.batch < batchesOfEpoch) {
      if (!options.tbptt) {
        batch = task.data.take(batches[at.batch]);
      } else {
        if (!cuts) {
          whole = task.data.take(batches[at.batch]);
          cuts.emplace(model(), whole, options.tbptt);
        }
        batch = cuts->part(at.window);
      }
      auto row = step(batch, cuts ? &*cuts : nullptr);
      if (!row)
        return row.takeError();
      int64_t ticksOfBatch = 0;
      for (const auto &[axis, lengths] : batch.lengths)
        for (int64_t length : lengths)
          ticksOfBatch += length;
      if (!cuts || ++at.window >= cuts->count()) {
        at.window = 0;
        cuts.reset();
        ++at.batch;
      }
      bool isLast = at.batch == batchesOfEpoch;
      std::string validText;
      if (isLast && !validation.empty()) {
        auto valid = evaluate(validation);
        if (!valid)
          return valid.takeError();
        row->valid = valid->total();
        row->validMeasures = valid->ofMeasures();
        validText = fmt::format(", validation {:.6g}", *row->valid) + valid->measuresText();
      }
      metrics.add(*row);
      progress.step(at.step, at.epoch + 1, options.epochs, outcome.loss, ticksOfBatch);
      if (isLast)
        if (Error error = endEpoch(row->valid, validText))
          return std::move(error);
      if (!isLast && isSaveAsked())
        if (Error error = save())
          return std::move(error);
      if (interrupted())
        return false;
    }
    at.batch = 0;
    means.setState({});
    return true;
  }

  Expected<MetricsRow> step(const reference::Batch &batch, const run::WindowCuts *cuts) {
    int64_t number = at.step + 1;
    uint64_t seed = run::Draw(options.seed, "random of steps").bits(uint64_t(number));
    auto losses =
        cuts ? task.training->computeWindow(at.parameters.data(), gradients.data(), batch, cuts->place(at.window), seed)
             : task.training->compute(at.parameters.data(), gradients.data(), batch, seed);
    if (!losses)
      return losses.takeError();
    if (!metricsBegun)
      if (Error error = beginMetrics(*losses))
        return std::move(error);
    means.add(*losses);
    MetricsRow row;
    row.step = number;
    row.epoch = at.epoch + 1;
    row.loss = std::nan("");
    for (const reference::LossValue &loss : *losses) {
      bool isMeasure = is_contained(task.measures, loss.name);
      bool isOfNothing = cuts && loss.ticks == 0 && loss.value == 0;
      (isMeasure ? row.measures : row.losses).push_back(isOfNothing ? std::nan("") : loss.value);
      if (!isMeasure && !isOfNothing)
        row.loss = loss.value + (std::isnan(row.loss) ? 0 : row.loss);
    }
    runtime::Update update;
    update.step = number;
    update.trained = trained.data();
    update.gradients = gradients.data();
    update.parameters = at.parameters.data();
    auto bad = task.training->optimise(optimiser, update, at.state);
    if (!bad)
      return bad.takeError();
    if (!bad->empty())
      return diverged(number, *bad);
    for (const reference::LossValue &loss : *losses)
      if (!std::isfinite(loss.value))
        return diverged(number, "loss '" + loss.name + "' is " + kindOf(loss.value));
    row.norm = update.norm;
    row.rate = update.rate;
    at.step = number;
    outcome.steps = number;
    if (!std::isnan(row.loss))
      outcome.loss = row.loss;
    return row;
  }

  /// Of a loss that is no number.
  std::string kindOf(double value) {
    if (std::isnan(value))
      return "NaN";
    bool aligns = !model().getBody().getOps<rnn::CtcOp>().empty();
    return aligns ? "an infinity, as ctc is where labels do not fit into their rows" : "an infinity";
  }

  Error diverged(int64_t number, const std::string &what) {
    if (metricsBegun)
      if (Error error = metrics.flush())
        return error;
    return run::failure(fmt::format("step {}: {}; the last good checkpoint is {}, of step {}. A lower --lr, --clip or "
                                    "--warmup may help",
                                    number, what, folder.checkpoint(), savedStep));
  }

  Expected<Means> evaluate(ArrayRef<Samples> batches) {
    // The parameters as the other model has them.
    Gradients &evaluation = *task.evaluation;
    Floats parameters(evaluation.floats());
    writeParameters(evaluation.parameters(), readParameters(layout, at.parameters.data()), parameters.data());
    return train::evaluate(evaluation, parameters.data(), task.valid, batches, options.seed, task.measures);
  }

  //===--- Files -----------------------------------------------------------------------------------------------===//

  Error beginMetrics(ArrayRef<reference::LossValue> losses) {
    metricsBegun = true;
    std::vector<std::string> names;
    for (const reference::LossValue &loss : losses)
      if (!is_contained(task.measures, loss.name))
        names.push_back(loss.name);
    return metrics.begin(std::move(names), task.measures, at.step);
  }

  Error endEpoch(std::optional<double> valid, const std::string &validText) {
    if (means.isOfNothing())
      return nothingCounts(fmt::format("step {}: no row of the training data", at.step));
    progress.line(fmt::format("epoch {} of {}: loss {:.6g}", at.epoch + 1, options.epochs, means.total()) +
                  means.measuresText() + validText);
    if (valid && *valid < at.best) {
      at.best = *valid;
      newBest = at.parameters;
    }
    // Where epochs are short, not behind each of them: files are to be on the disk, which takes its time.
    constexpr double share = 0.1;
    bool isShort = savingTime > share * (progress.time() - begunTime);
    return isShort && !isSaveAsked() ? Error::success() : save();
  }

  bool isSaveAsked() const { return options.saveEvery && at.step % options.saveEvery == 0; }

  Error saveParameters(StringRef name, const Floats &parameters) {
    run::SafetensorsWriter writer;
    for (const auto &[path, array] : readParameters(layout, parameters.data()))
      run::addTensor(writer, path, array, run::DType::F32);
    return run::writeWhole(folder.file(name), [&](raw_ostream &os) { os << writer.bytes(); });
  }

  /// The checkpoint is last: what it speaks of is there.
  Error save() {
    if (metricsBegun)
      if (Error error = metrics.flush())
        return error;
    double time = progress.time();
    if (Error error = saveParameters("model.safetensors", at.parameters))
      return error;
    if (!newBest.empty())
      if (Error error = saveParameters("best.safetensors", newBest))
        return error;
    newBest.clear();
    if (!metrics.rows().empty())
      if (Error error = run::writeWhole(folder.file("curve.svg"),
                                        [&](raw_ostream &os) { printCurve(metrics.rows(), task.model, os); }))
        return error;
    Checkpoint whole = at;
    whole.memory = at.window ? task.training->windowState() : std::vector<int64_t>();
    whole.sums = means.state();
    // Behind the last batch of an epoch comes the next one.
    if (whole.batch == batchesOfEpoch) {
      whole.batch = 0;
      whole.sums.clear();
      ++whole.epoch;
    }
    if (Error error = writeCheckpoint(folder.checkpoint(), whole, layout))
      return error;
    savedStep = at.step;
    savingTime += progress.time() - time;
    return Error::success();
  }

  Expected<TrainOutcome> stop() {
    if (Error error = save())
      return std::move(error);
    outcome.interrupted = true;
    progress.line(fmt::format("stopped behind step {} and saved {}; --resume goes on", at.step, folder.checkpoint()));
    return outcome;
  }

  const TrainTask &task;
  const TrainOptions &options;
  const TrainFolder &folder;
  Progress &progress;
  const std::function<bool()> &interrupted;
  const std::vector<Parameter> &layout;
  runtime::Optimiser optimiser;
  Means means; // of the epoch
  Metrics metrics;
  bool metricsBegun = false;
  std::vector<uint8_t> trained; // by parameter
  std::vector<int64_t> ticks;   // by sample
  int64_t batchesOfEpoch = 0;
  std::vector<Samples> validation;
  Checkpoint at; // where the training is now
  int64_t savedStep = 0;
  double begunTime = progress.time(), savingTime = 0; // in seconds; of all that was saved
  Floats newBest;                                     // those of the lowest validation loss, until they are saved
  Floats gradients;
  TrainOutcome outcome;
};

} // namespace

Expected<TrainOutcome> train(const TrainTask &task, const TrainOptions &options, const TrainFolder &folder,
                             Progress &progress, const std::function<bool()> &interrupted) {
  return Training(task, options, folder, progress, interrupted).all();
}

} // namespace rondo::train
