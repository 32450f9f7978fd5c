// rondo evaluate: losses and measures of parameters on data, read as `rondo train` reads them.
#include "compiler/Train/Evaluate.h"
#include "compiler/Tools/TrainingData.h"
#include "compiler/Train/Metrics.h"
#include "compiler/Train/Options.h"
#include "compiler/Train/Phase.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>
#include <numeric>

using namespace llvm;

namespace rondo::tools {

namespace {

std::string countText(int64_t count, const char *what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void print(const train::Means &means, const train::Dataset &data, const std::vector<std::string> &measures) {
  std::vector<int64_t> ticks = data.ticks();
  outs() << countText(data.samples(), "sample");
  if (int64_t all = std::accumulate(ticks.begin(), ticks.end(), int64_t(0)))
    outs() << ", " << countText(all, "token");
  outs() << "\n" << fmt::format("loss {:.6g}\n", means.total());
  std::vector<train::Means::Mean> all = means.all();
  bool hasSeveral = all.size() - measures.size() > 1;
  for (const train::Means::Mean &mean : all)
    if (mean.isMeasure || hasSeveral)
      outs() << fmt::format("{} {:.6g}\n", mean.isMeasure ? mean.name : train::shownName(mean.name, measures),
                            mean.value);
}

} // namespace

static int run(const Command &command, const Arguments &arguments) {
  auto checks = checkOptions(command, arguments);
  auto threads = threadsOf(command, arguments);
  if (!checks || !threads)
    return exitUsage;
  for (const char *needed : {"params", "data"})
    if (!arguments.has(needed))
      return usageError(command, Twine("option '--") + needed + "' is needed");
  std::string folder = folderOf(arguments.text("params"));
  auto settings = settingsBeside(arguments, {"data", "unit", "split", "unk", "batch", "loss"}, folder,
                                 {"unit", "split", "unk", "batch", "tbptt"});
  if (!settings)
    return failed(settings.takeError());
  auto options = train::parseOptions(*settings);
  if (!options)
    return usageError(command, toString(options.takeError()));
  auto ofData = dataOptions(*settings, "data");
  if (!ofData)
    return usageError(command, toString(ofData.takeError()));

  Program program(std::move(*checks), /*json=*/false);
  Chosen chosen = loadModel(program, arguments.positional[0], arguments.text("model"), /*training=*/false);
  if (!chosen)
    return program.code;
  if (chosen.model->losses.empty())
    return program.fail(rondo::run::failure("model '" + chosen.model->name + "' has no loss"));
  auto params = parametersFor(chosen.op, arguments.text("params"), /*seed=*/0);
  if (!params)
    return program.fail(params.takeError());
  if (Error error = train::chooseLosses(chosen.op, options->phase))
    return program.fail(std::move(error));
  auto vocabularies = readVocabularies(*chosen.model, folder);
  if (!vocabularies)
    return program.fail(vocabularies.takeError());
  ofData->isNew = false;
  auto data = train::readData(*chosen.model, *ofData, *vocabularies);
  if (!data)
    return program.fail(data.takeError());
  auto compiled = compileTrainable(chosen, {}, *threads);
  if (!compiled)
    return program.fail(compiled.takeError());
  train::Gradients &model = *compiled->model;
  train::Floats parameters(model.floats());
  writeParameters(model.parameters(), *params, parameters.data());
  auto means = train::evaluate(model, parameters.data(), *data, train::orderedBatches(data->ticks(), options->batch),
                               options->seed, compiled->measures);
  if (!means)
    return program.fail(means.takeError());
  if (means->isOfNothing())
    return program.fail(train::nothingCounts("no row of the data"));
  print(*means, *data, compiled->measures);
  return exitFine;
}

Command evaluateCommand() {
  std::vector<Option> options = {
      {"params", Option::Kind::File, "FILE", "the parameters, of a safetensors file"},
      {"data", Option::Kind::Repeated, "[NAME=]FILE", "as of rondo train"},
      {"batch", Option::Kind::Text, "N", "samples that are computed together (16)"},
      {"loss", Option::Kind::Text, "NAME", "only these losses, with commas between them (all)"},
      {"threads", Option::Kind::Count, "N", "to compute with (1)"},
      {"model", Option::Kind::Text, "NAME", "the model, where the file has several"},
  };
  std::vector<Option> ofData = dataOptionList();
  options.insert(options.begin() + 2, ofData.begin(), ofData.end());
  return {
      "evaluate",
      "FILE",
      "losses and accuracy of parameters on data",
      "Data are read as rondo train does. Vocabularies, and what --unit, --split and --batch do not say, are those\n"
      "of the training in the folder of the parameters, if there is one; of a training in windows a text is as many\n"
      "streams as a step had samples.",
      withSourceOptions(std::move(options)),
      1,
      1,
      run};
}

} // namespace rondo::tools
