// rondo generate: runs what the program's `generate` says, from a prompt, compiled for this machine or by the
// interpreter.
#include "compiler/Run/Print.h"
#include "compiler/Tools/TextCodec.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>

using namespace llvm;
using rondo::reference::Generated;
using rondo::reference::GenerateOptions;

namespace rondo::tools {

namespace {

/// The rows that are forced first, from --prompt or --prompt-file.
Expected<rondo::run::Array> readPrompt(const dsl::Model &model, const dsl::Input &input,
                                       const std::optional<TextCodec> &codec, const Arguments &arguments) {
  std::vector<int64_t> shape = rondo::run::rowShape(input.type);
  shape.insert(shape.begin(), 0);
  rondo::run::Array none = rondo::run::makeArray(shape, input.type.elem == dsl::Elem::Real);
  if (arguments.has("prompt")) {
    if (!codec)
      return rondo::run::failure("--prompt is for text, token(96) or token(256), but input '" + input.name + "' is " +
                                 dsl::describe(input.type, model) + "; use --prompt-file");
    auto tokens = codec->encode(arguments.text("prompt"), "--prompt");
    if (!tokens)
      return tokens.takeError();
    none.shape[0] = int64_t(tokens->size());
    none.ints = std::move(*tokens);
    return none;
  }
  if (!arguments.has("prompt-file"))
    return none;
  auto chains = rondo::run::chainsOf(model);
  if (!chains)
    return chains.takeError();
  std::vector<std::vector<rondo::run::Cuts>> cuts;
  auto given =
      rondo::run::readInput(model, input, arguments.text("prompt-file"), *chains, cuts, TextCodec::reader(arguments));
  if (!given)
    return given.takeError();
  if (given->samples.size() != 1)
    return rondo::run::failureIn(arguments.text("prompt-file"),
                                 "a prompt is one sample, but it has " + Twine(given->samples.size()));
  return std::move(given->samples[0]);
}

void printText(const dsl::Input &input, const std::optional<TextCodec> &codec,
               const std::vector<std::vector<Generated>> &all, bool scores) {
  for (size_t s = 0; s < all.size(); ++s)
    for (size_t k = 0; k < all[s].size(); ++k) {
      const Generated &one = all[s][k];
      if (all.size() > 1 || all[s].size() > 1 || scores) {
        outs() << "sample " << s;
        if (all[s].size() > 1)
          outs() << ", number " << k + 1;
        if (scores)
          outs() << fmt::format(", score {:.6g}", one.score);
        outs() << ":\n";
      }
      if (codec) {
        outs() << codec->decode(one.rows.ints) << '\n';
      } else if (input.type.dims.empty() && !one.rows.isReal) {
        for (size_t i = 0; i < one.rows.ints.size(); ++i)
          outs() << (i ? " " : "") << one.rows.ints[i];
        outs() << '\n';
      } else {
        std::vector<std::string> labels;
        for (int64_t t = 0; t < one.rows.shape[0]; ++t)
          labels.push_back(std::to_string(t));
        rondo::run::printRows(one.rows, labels, 2, outs());
      }
    }
}

void printJson(const dsl::Model &model, const dsl::Input &input, const std::optional<TextCodec> &codec,
               const std::vector<std::vector<Generated>> &all) {
  json::OStream json(outs(), 1);
  json.object([&] {
    json.attribute("model", model.name);
    json.attribute("input", input.name);
    json.attributeArray("samples", [&] {
      for (const auto &sample : all)
        json.array([&] {
          for (const Generated &one : sample)
            json.object([&] {
              json.attribute("score", one.score);
              json.attributeBegin("rows");
              rondo::run::writeJson(json, one.rows);
              json.attributeEnd();
              if (codec)
                json.attribute("text", json::fixUTF8(codec->decode(one.rows.ints)));
            });
        });
    });
  });
  outs() << '\n';
}

std::optional<GenerateOptions> howToChoose(const Command &command, const Arguments &arguments) {
  GenerateOptions how;
  if (arguments.has("greedy") + arguments.has("sample") + arguments.has("beams") > 1) {
    usageError(command, "give one of --greedy, --sample and --beams");
    return std::nullopt;
  }
  for (auto [option, needs] :
       {std::make_pair("temperature", "sample"), {"top-k", "sample"}, {"length-penalty", "beams"}})
    if (arguments.has(option) && !arguments.has(needs)) {
      usageError(command, Twine("option '--") + option + "' needs --" + needs);
      return std::nullopt;
    }
  how.mode = arguments.has("sample")  ? GenerateOptions::Mode::Sample
             : arguments.has("beams") ? GenerateOptions::Mode::Beam
                                      : GenerateOptions::Mode::Greedy;
  how.temperature = arguments.real("temperature", 1);
  how.topK = arguments.count("top-k", 0);
  how.beams = arguments.count("beams", 1);
  how.lengthPenalty = arguments.real("length-penalty", 0);
  how.seed = uint64_t(arguments.count("seed", 0));
  how.limit = arguments.count("limit", -1);
  if (!(how.temperature > 0)) {
    usageError(command, "option '--temperature' needs a number over 0; --greedy takes the likeliest");
    return std::nullopt;
  }
  for (const char *option : {"beams", "top-k"})
    if (arguments.count(option, 1) < 1) {
      usageError(command, Twine("option '--") + option + "' needs a number over 0");
      return std::nullopt;
    }
  return how;
}

Expected<std::vector<std::vector<Generated>>> runCompiled(Chosen chosen, const reference::Params &params,
                                                          const reference::Batch &batch, const GenerateOptions &how,
                                                          emit::WeightFormat weights) {
  auto compiled = compileModel(chosen, /*targets=*/{}, weights);
  if (!compiled)
    return compiled.takeError();
  auto library = compiled->load({how.seed, /*threads=*/1});
  if (!library)
    return library.takeError();
  if (!(*library)->generates())
    return rondo::run::failure("the compiled model generates nothing: " +
                               (*library)->manifest().getString("whyNotGenerated").value_or("it has no `generate`") +
                               "; 'rondo generate --interpret' does all the same");
  if (Error error = (*library)->setParameters(params))
    return std::move(error);
  return (*library)->generate(batch, how);
}

} // namespace

static int run(const Command &command, const Arguments &arguments) {
  auto options = checkOptions(command, arguments);
  auto files = inputFiles(command, arguments);
  auto how = howToChoose(command, arguments);
  auto weights = formatOf(command, arguments);
  if (!options || !files || !how || !weights)
    return exitUsage;
  if (arguments.has("prompt") && arguments.has("prompt-file"))
    return usageError(command, "give one of --prompt and --prompt-file");
  if (!givesDataAlone(command, arguments))
    return exitUsage;
  Program program(std::move(*options), arguments.has("json"));
  Chosen chosen = loadModel(program, arguments.positional[0], arguments.text("model"), /*training=*/false);
  if (!chosen)
    return program.code;
  auto [model, op] = chosen;
  if (model->generates.empty())
    return program.fail(rondo::run::failure("model '" + model->name + "' has no `generate`"));
  const dsl::Generate &generate = model->generates[0];
  const dsl::Input &input = model->inputs[generate.input];
  auto codec = TextCodec::of(input, arguments);
  if (!codec)
    return program.fail(codec.takeError());
  auto prompt = readPrompt(*model, input, *codec, arguments);
  if (!prompt)
    return program.fail(prompt.takeError());
  how->prompt = std::move(*prompt);

  bool bounded = how->limit >= 0 || generate.limit >= 0 || generate.stop >= 0;
  if (!bounded)
    return program.fail(rondo::run::failure("model '" + model->name +
                                            "' says neither when to stop nor how many rows to make; give --limit"));

  rondo::run::InputOptions inputs;
  inputs.files = std::move(*files);
  bool batchGiven = arguments.has("batch") || !inputs.files.empty();
  inputs.samples = batchGiven ? arguments.count("batch", -1) : 1;
  inputs.generated = input.name;
  inputs.readText = TextCodec::reader(arguments);
  inputs.making.seed = how->seed;
  inputs.making.length = arguments.count("length", inputs.making.length);
  auto data = readInputs(*model, arguments, inputs);
  if (!data)
    return program.fail(data.takeError());
  auto params = parametersFor(op, arguments.text("params"), how->seed);
  if (!params)
    return program.fail(params.takeError());
  reference::Options precision;
  precision.fp64 = arguments.has("fp64");
  precision.seed = how->seed;
  bool isInterpreted = arguments.has("interpret") || precision.fp64;
  auto all = isInterpreted ? reference::generate(op, *params, data->batch, precision, *how)
                           : runCompiled(chosen, *params, data->batch, *how, *weights);
  if (!all)
    return program.fail(all.takeError());
  if (arguments.has("json"))
    printJson(*model, input, *codec, *all);
  else
    printText(input, *codec, *all, how->mode == GenerateOptions::Mode::Beam);
  return exitFine;
}

Command generateCommand() {
  std::vector<Option> options = {
      {"params", Option::Kind::File, "FILE",
       "the parameters, a safetensors file; without it they are made from the seed"},
      {"prompt", Option::Kind::Text, "TEXT", "the text to go on from; only what follows is printed"},
      {"prompt-file", Option::Kind::File, "FILE", "the same as rows of a .npy, .csv, .txt or .safetensors file"},
      {"input", Option::Kind::Repeated, "NAME=FILE", "another input of the model, as for rondo run"},
      {"data", Option::Kind::Repeated, "[NAME=]FILE",
       "all other inputs, read as rondo train does; of the one that is generated nothing is taken"},
      {"greedy", Option::Kind::Flag, "", "always the likeliest (the default)"},
      {"sample", Option::Kind::Flag, "", "draw by the probabilities"},
      {"temperature", Option::Kind::Real, "T", "with --sample: divide the logits by T (1)"},
      {"top-k", Option::Kind::Count, "K", "with --sample: draw among the K likeliest only"},
      {"beams", Option::Kind::Count, "N", "search with N beams, and show the N best"},
      {"length-penalty", Option::Kind::Real, "A", "with --beams: order by score / length^A (0)"},
      {"limit", Option::Kind::Count, "N", "at most N rows, instead of the program's limit"},
      {"seed", Option::Kind::Count, "N", "of --sample, and of what is made up (0)"},
      {"batch", Option::Kind::Count, "N", "samples, where no file says (1)"},
      {"length", Option::Kind::Count, "N", "ticks of the longest sample of made inputs (12)"},
      {"fp64", Option::Kind::Flag, "", "compute in double precision"},
      {"interpret", Option::Kind::Flag, "", "use the interpreter instead of compiled code"},
      formatOption(),
      {"json", Option::Kind::Flag, "", "print JSON: rows, scores and text"},
      {"model", Option::Kind::Text, "NAME", "the model, where the file has several"},
  };
  std::vector<Option> ofData = dataOptionList();
  options.insert(options.begin() + 5, ofData.begin(), ofData.end());
  return {
      "generate",
      "FILE",
      "let a model with `generate` write",
      "Text is what token(96) and token(256) are, and what a vocabulary says that lies beside the parameters: where\n"
      "rondo train made both. The model is compiled for this machine. --fp64 is the interpreter's, which is slow.",
      withSourceOptions(std::move(options)),
      1,
      1,
      run};
}

} // namespace rondo::tools
