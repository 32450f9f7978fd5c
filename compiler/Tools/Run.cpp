// rondo run: a model on inputs from files or made up, compiled for this machine or by the interpreter.
#include "compiler/Run/Alignment.h"
#include "compiler/Run/Chart.h"
#include "compiler/Run/Heatmap.h"
#include "compiler/Run/Print.h"
#include "compiler/Run/Timeline.h"
#include "compiler/Tools/TextCodec.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::tools {

namespace {

/// What the interpreter alone can do, it is asked for.
bool needsInterpreter(const Arguments &arguments) {
  return arguments.has("interpret") || arguments.has("fp64") || arguments.has("timeline");
}

Expected<reference::Result> runCompiled(Chosen chosen, const reference::Params &params, const reference::Batch &batch,
                                        uint64_t seed, emit::WeightFormat weights) {
  auto compiled = compileModel(chosen, /*targets=*/{}, weights);
  if (!compiled)
    return compiled.takeError();
  auto library = compiled->load({seed, /*threads=*/1});
  if (!library)
    return library.takeError();
  if (Error error = (*library)->setParameters(params))
    return std::move(error);
  return (*library)->run(batch);
}

/// The first sample of one output; `option` is NAME=FILE.
Error drawAlignment(StringRef option, const rondo::run::RunReport &report, const rondo::run::TokenTexts &texts) {
  auto pair = splitAssignment(option);
  auto alignment = rondo::run::alignmentOf(report.model, report.batch, report.result, texts, pair->first);
  if (!alignment)
    return alignment.takeError();
  return rondo::run::writeWhole(pair->second, [&](raw_ostream &os) { rondo::run::printAlignment(*alignment, os); });
}

/// NAME,NAME=FILE
Error drawPlot(StringRef option, const rondo::run::RunReport &report) {
  auto pair = splitAssignment(option);
  SmallVector<StringRef> names;
  StringRef(pair->first).split(names, ',');
  auto chart = rondo::run::chartOf(report.model, report.batch, report.result, names);
  if (!chart)
    return chart.takeError();
  return rondo::run::writeWhole(pair->second, [&](raw_ostream &os) { rondo::run::printChart(*chart, os); });
}

Error drawHeatmap(StringRef path, const rondo::run::RunReport &report, const rondo::run::TokenTexts &texts) {
  auto heatmap = rondo::run::heatmapOf(report.model, report.batch, report.result, texts);
  if (!heatmap)
    return heatmap.takeError();
  return rondo::run::writeWhole(path, [&](raw_ostream &os) { rondo::run::printHeatmap(*heatmap, os); });
}

} // namespace

static int run(const Command &command, const Arguments &arguments) {
  auto options = checkOptions(command, arguments);
  auto files = inputFiles(command, arguments);
  auto weights = formatOf(command, arguments);
  if (!options || !files || !weights)
    return exitUsage;
  if (*weights != emit::WeightFormat::F32 && needsInterpreter(arguments))
    return usageError(command, "option '--dtype' is about compiled code, which --interpret, --fp64 and --timeline do "
                               "without");
  if (!givesDataAlone(command, arguments))
    return exitUsage;
  for (const char *option : {"save", "timeline", "heatmap"})
    if (arguments.text(option) == "-")
      return usageError(command,
                        Twine("option '--") + option + "' needs a file: the report goes to the standard output");
  for (const std::string &option : arguments.all("alignment"))
    if (auto pair = splitAssignment(option); !pair || pair->second == "-")
      return usageError(command, "option '--alignment' needs NAME=FILE.svg, not '" + option + "'");
  for (const std::string &option : arguments.all("plot"))
    if (auto pair = splitAssignment(option); !pair || pair->second.empty() || pair->second == "-")
      return usageError(command, "option '--plot' needs NAME,NAME=FILE.svg, not '" + option + "'");
  Program program(std::move(*options), arguments.has("json"));
  Chosen chosen = loadModel(program, arguments.positional[0], arguments.text("model"), arguments.has("training"));
  if (!chosen)
    return program.code;
  auto [model, op] = chosen;
  uint64_t seed = uint64_t(arguments.count("seed", 0));
  std::string paramsFile = arguments.text("params");

  rondo::run::InputOptions inputs;
  inputs.files = std::move(*files);
  inputs.samples = arguments.count("batch", -1);
  inputs.readText = TextCodec::reader(arguments);
  inputs.making.seed = seed;
  inputs.making.length = arguments.count("length", inputs.making.length);
  auto data = readInputs(*model, arguments, inputs);
  if (!data)
    return program.fail(data.takeError());
  const reference::Batch *batch = &data->batch;
  auto params = parametersFor(op, paramsFile, seed);
  if (!params)
    return program.fail(params.takeError());
  reference::Options how;
  how.fp64 = arguments.has("fp64");
  how.seed = seed;
  auto interpreter = reference::Interpreter::create(op, *params, how);
  if (!interpreter)
    return program.fail(interpreter.takeError());
  // Which equation ticked when is nothing that code tells; the interpreter computes of it what events hang on.
  auto equations = (*interpreter)->trace(*batch);
  if (!equations)
    return program.fail(equations.takeError());
  auto result =
      needsInterpreter(arguments) ? (*interpreter)->run(*batch) : runCompiled(chosen, *params, *batch, seed, *weights);
  if (!result)
    return program.fail(result.takeError());

  rondo::run::RunReport report{*model, *params, *batch, *result, *equations, how.fp64, seed, paramsFile};
  std::string timelineFile = arguments.text("timeline");
  for (const char *option : {"timeline", "alignment", "plot", "heatmap"})
    if (arguments.has(option) && batch->samples == 0)
      return program.fail(
          rondo::run::failure(Twine("--") + option + " draws the first sample, but the batch has none"));
  // Files first: when one cannot be written nothing else is said.
  if (std::string path = arguments.text("save"); !path.empty())
    if (Error error = rondo::run::saveOutputs(report, path))
      return program.fail(std::move(error));
  for (const std::string &option : arguments.all("alignment"))
    if (Error error = drawAlignment(option, report, data->texts))
      return program.fail(std::move(error));
  for (const std::string &option : arguments.all("plot"))
    if (Error error = drawPlot(option, report))
      return program.fail(std::move(error));
  if (arguments.has("heatmap"))
    if (Error error = drawHeatmap(arguments.text("heatmap"), report, data->texts))
      return program.fail(std::move(error));
  std::optional<rondo::run::Timeline> timeline;
  if (arguments.has("timeline")) {
    auto made = rondo::run::makeTimeline(*model, *batch, *equations);
    if (!made)
      return program.fail(made.takeError());
    timeline = std::move(*made);
  }
  if (!timelineFile.empty())
    if (Error error =
            rondo::run::writeWhole(timelineFile, [&](raw_ostream &os) { rondo::run::printTimelineSvg(*timeline, os); }))
      return program.fail(std::move(error));
  if (arguments.has("json")) {
    rondo::run::printJson(report, outs());
  } else {
    rondo::run::printText(report, outs());
    if (timeline && timelineFile.empty())
      rondo::run::printTimeline(*timeline, outs());
  }
  return exitFine;
}

Command runCommand() {
  std::vector<Option> options = {
      {"input", Option::Kind::Repeated, "NAME=FILE", "read an input; FILE.safetensors alone: all inputs it has"},
      {"data", Option::Kind::Repeated, "[NAME=]FILE", "read all inputs as rondo train does: texts, tables, arrays"},
      {"params", Option::Kind::File, "FILE", "read the parameters from a safetensors file instead of making them"},
      {"seed", Option::Kind::Count, "N", "of made inputs, parameters and `random` (0)"},
      {"batch", Option::Kind::Count, "N", "samples, where no file says (2)"},
      {"length", Option::Kind::Count, "N", "ticks of the longest sample of each base clock, where no file says (12)"},
      {"fp64", Option::Kind::Flag, "", "compute in double precision"},
      {"interpret", Option::Kind::Flag, "", "use the interpreter instead of compiled code"},
      formatOption(),
      {"save", Option::Kind::File, "FILE", "write the outputs to a safetensors file"},
      {"json", Option::Kind::Flag, "", "print everything as JSON, with all values"},
      {"alignment", Option::Kind::Repeated, "NAME=FILE.svg",
       "draw an output of weights, such as an attention's, for the first sample"},
      {"plot", Option::Kind::Repeated, "NAME,..=FILE.svg",
       "draw inputs and outputs of the first sample as lines over time"},
      {"heatmap", Option::Kind::File, "FILE.svg",
       "draw the text of the first sample, coloured by the weights that outputs give its words and sentences"},
      {"timeline", Option::Kind::Maybe, "FILE.svg", "draw which equation ticked when in the first sample"},
  };
  std::vector<Option> ofData = dataOptionList();
  options.insert(options.begin() + 2, ofData.begin(), ofData.end());
  return {
      "run",
      "FILE",
      "execute a model and show its outputs, losses, parameters and clocks",
      "Inputs that no --input gives are made from the seed, samples of different lengths and segments included. By the "
      "ending of the\n"
      "file, an input is read from\n"
      "  .npy          [ticks, ...], or [samples, ticks, ...] of one length; on `sample` [samples, ...]\n"
      "  .csv          a row a tick, a header allowed; an empty line ends a sample\n"
      "  .txt          token(96): its characters, space to ~ are 0 to 94 and the end of a line is 95; token(256): its "
      "bytes;\n"
      "                all else: numbers, a line a tick; an empty line ends a sample\n"
      "  .safetensors  the tensor NAME: the rows of all samples one after another, cut by `AXIS.offsets`. For word in "
      "sentence:\n"
      "                word.offsets says where each sentence begins in the words, sentence.offsets where each sample "
      "begins in\n"
      "                the sentences, both with the total at their end. Without offsets as .npy. --save writes this "
      "form.\n"
      "An input that is given several times has the samples of all its files.\n"
      "--data gives all inputs, read as rondo train does: with the vocabularies in the folder of --params, if it is "
      "one "
      "of a training.\n"
      "The model is compiled for this machine. --fp64 and --timeline are the interpreter's, which is slow.",
      withModelOptions(std::move(options)),
      1,
      1,
      run};
}

} // namespace rondo::tools
