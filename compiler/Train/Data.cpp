#include "compiler/Train/Data.h"
#include "dsl/Diagnostics.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::train {

using dsl::Clock;

GivenData DataSource::none(const dsl::Input &input, StringRef path) const {
  return {("input '" + input.name + "' (" + path + ")").str(), Column(input.type),
          std::vector<std::vector<run::Cuts>>(chains.size())};
}

std::string DataSource::describe(const dsl::Input &input) const {
  return "input '" + input.name + "' : " + dsl::describe(input.type, model);
}

std::string describeBad(double value) {
  return std::isnan(value)   ? "NaN"
         : std::isinf(value) ? "an infinity"
                             : fmt::format("{}, which is larger than the largest number", value);
}

bool isTextFile(StringRef path) {
  StringRef ending = sys::path::extension(path);
  return ending == ".txt" || ending == ".tsv";
}

namespace {

class Reader {
public:
  Reader(const dsl::Model &model, const DataOptions &options, Vocabularies &vocabularies)
      : source{model, options, vocabularies, {}, nullptr}, model(model) {}

  Expected<Dataset> read() {
    auto chains = run::chainsOf(model);
    if (!chains)
      return chains.takeError();
    source.chains = std::move(*chains);
    if (Error error = lookThrough())
      return std::move(error);
    for (const run::InputFile &file : source.options.files)
      if (Error error = readFile(file))
        return std::move(error);
    return assemble();
  }

private:
  Error lookThrough() {
    if (!source.options.isNew)
      return Error::success();
    std::map<std::string, VocabularyText> texts;
    source.collected = &texts;
    for (const run::InputFile &file : source.options.files) {
      if (!isTextFile(file.path))
        continue;
      auto read = file.name.empty() ? readAll(file.path) : readNamed(file.name, file.path);
      if (!read)
        return read.takeError();
    }
    source.collected = nullptr;
    makeVocabularies(source, texts);
    return Error::success();
  }

  Error readFile(const run::InputFile &file) {
    auto read = file.name.empty() ? readAll(file.path) : readNamed(file.name, file.path);
    if (!read)
      return read.takeError();
    for (auto &[name, given] : *read) {
      if (name == source.options.generated)
        continue;
      auto [place, isFirst] = inputs.try_emplace(name, std::move(given));
      if (isFirst)
        continue;
      for (size_t c = 0; c < source.chains.size(); ++c) {
        auto &cuts = place->second.cuts[c];
        if (cuts.empty() != given.cuts[c].empty())
          return run::failure(given.from + " and an earlier file of it must both have offsets, or neither");
        cuts.insert(cuts.end(), given.cuts[c].begin(), given.cuts[c].end());
      }
      place->second.column.append(given.column);
    }
    return Error::success();
  }

  Expected<GivenInputs> readNamed(StringRef name, StringRef path) {
    const dsl::Input *input = run::findInput(model, name);
    if (!input) {
      std::vector<StringRef> names;
      for (const dsl::Input &known : model.inputs)
        names.push_back(known.name);
      auto near = dsl::nearest(name, names);
      return run::failure("model '" + model.name + "' has no input '" + name + "' (it has: " + run::inputList(model) +
                          ")" + (near ? "; did you mean '" + near->str() + "'?" : std::string()));
    }
    StringRef ending = sys::path::extension(path);
    if (ending == ".csv")
      return readTable(source, input, path);
    if (isTextFile(path) && isText(source, *input))
      return readText(source, *input, path);
    return readArrays(*input, path);
  }

  Expected<GivenInputs> readArrays(const dsl::Input &input, StringRef path) {
    GivenData given = source.none(input, path);
    given.cuts.clear();
    auto rows = run::readInput(model, input, path, source.chains, given.cuts);
    if (!rows)
      return rows.takeError();
    given.from = rows->from;
    for (size_t s = 0; s < rows->samples.size(); ++s) {
      reference::Array &array = rows->samples[s];
      for (size_t i = 0; i < array.reals.size(); ++i)
        if (double x = array.reals[i]; !std::isfinite(float(x)))
          return run::failureIn(path, "input '" + input.name + "': sample " + Twine(s) + ", row " +
                                          Twine(i * array.shape[0] / array.reals.size()) + " holds " + describeBad(x));
      given.column.addSample(array);
      array = reference::Array(); // what has been taken needs no memory
    }
    GivenInputs all;
    all.emplace(input.name, std::move(given));
    return all;
  }

  /// A file without an input's name.
  Expected<GivenInputs> readAll(StringRef path) {
    StringRef ending = sys::path::extension(path);
    if (ending == ".csv")
      return readTable(source, nullptr, path);
    if (ending == ".safetensors")
      return readTensors(path);
    if (isTextFile(path))
      return readTexts(path);
    if (ending != ".npy")
      return run::failureIn(path, "the ending '" + ending + "' is none of .txt, .tsv, .csv, .npy, .safetensors");
    if (model.inputs.size() != 1)
      return run::failureIn(path, "holds one input, but model '" + model.name + "' has " + run::inputList(model) +
                                      "; say which: NAME=FILE");
    return readArrays(model.inputs[0], path);
  }

  Expected<GivenInputs> readTensors(StringRef path) {
    auto file = run::openSafetensors(path);
    if (!file)
      return file.takeError();
    GivenInputs all;
    for (const dsl::Input &input : model.inputs) {
      if (!(*file)->find(input.name))
        continue;
      auto given = readArrays(input, path);
      if (!given)
        return given.takeError();
      all.merge(*given);
    }
    if (all.empty())
      return run::failureIn(path, "has none of the inputs of model '" + model.name + "': " + run::inputList(model));
    return all;
  }

  Expected<GivenInputs> readTexts(StringRef path) {
    const dsl::Input *text = nullptr, *label = nullptr;
    bool fits = model.inputs.size() <= 2;
    for (const dsl::Input &input : model.inputs) {
      if (isText(source, input) && !text)
        text = &input;
      else if (input.clock->kind == Clock::Kind::Sample && input.type.dims.empty())
        label = &input;
      else
        fits = false;
    }
    if (!fits || !text)
      return run::failureIn(path, "a text is for a model with one input of tokens on an axis, and perhaps a label on "
                                  "'sample'; model '" +
                                      model.name + "' has " + run::inputList(model) + "; say which: NAME=FILE");
    return label ? readLabelled(source, *label, *text, path) : readText(source, *text, path);
  }

  Expected<Dataset> assemble() {
    Dataset data;
    const GivenData *first = nullptr;
    for (const dsl::Input &input : model.inputs) {
      if (input.name == source.options.generated)
        continue;
      auto given = inputs.find(input.name);
      if (given == inputs.end())
        return run::failure((source.options.areForValidation ? "--valid: " : "") +
                            std::string("the data have nothing for input '") + input.name + "' of model '" +
                            model.name + "'" +
                            (inputs.empty() ? "" : "; give a further file, " + input.name + "=FILE"));
      int64_t samples = given->second.column.samples();
      if (first && samples != data.samples())
        return run::failure(given->second.from + " has " + Twine(samples) + (samples == 1 ? " sample" : " samples") +
                            ", but " + first->from + " has " + Twine(data.samples()));
      first = first ? first : &given->second;
      data.begin(samples);
    }
    if (data.samples() == 0)
      return run::failure(first ? first->from + " has no samples"
                                : "model '" + model.name + "' has no inputs for data");
    const dsl::Input *generated = run::findInput(model, source.options.generated);
    for (size_t c = 0; c < source.chains.size(); ++c)
      for (int64_t s = 0; s < data.samples(); ++s)
        if (!generated || generated->clock != source.chains[c].axes[0])
          if (Error error = addStructure(c, s, data))
            return std::move(error);
    for (auto &[name, given] : inputs)
      data.addInput(name, std::move(given.column));
    return data;
  }

  Error addStructure(size_t c, int64_t s, Dataset &data) {
    const run::Chain &chain = source.chains[c];
    run::Cuts cuts(chain.axes.size());
    for (const dsl::Input &input : model.inputs) {
      if (input.name == source.options.generated)
        continue;
      const GivenData &given = inputs.at(input.name);
      std::string who = given.from + ", sample " + std::to_string(s) + ",";
      if (int own = chain.find(input.clock->name); own >= 0)
        if (Error error = noteRows(cuts, chain, size_t(own), given.column.rows(s), who))
          return error;
      if (given.cuts[c].empty())
        continue;
      if (int64_t(given.cuts[c].size()) != data.samples())
        return run::failure(given.from + ": the offsets of '" + chain.axes.back()->name + "' cut " +
                            Twine(given.cuts[c].size()) + " samples, but there are " + Twine(data.samples()));
      const run::Cuts &file = given.cuts[c][s];
      for (size_t axis = 0; axis < file.rows.size(); ++axis) {
        if (file.rows[axis] >= 0)
          if (Error error = noteRows(cuts, chain, axis, file.rows[axis], who))
            return error;
        if (file.offsets[axis])
          if (Error error = noteOffsets(cuts, chain, axis, *file.offsets[axis], who))
            return error;
      }
    }
    for (size_t axis = 1; axis < chain.axes.size(); ++axis) {
      if (!cuts.offsets[axis])
        return run::failure("the data do not say how the rows of '" + chain.axes[axis - 1]->name + "' fall into '" +
                            chain.axes[axis]->name + "': a .safetensors file does, with '" +
                            chain.axes[axis - 1]->name + ".offsets'");
      data.addOffsets(chain.axes[axis]->name, *cuts.offsets[axis]);
    }
    if (cuts.rows[0] < 0)
      return run::failure("the data do not say how many rows '" + chain.axes[0]->name + "' has");
    data.addLength(chain.axes[0]->name, cuts.rows[0]);
    return Error::success();
  }

  DataSource source;
  const dsl::Model &model;
  GivenInputs inputs;
};

} // namespace

Expected<Dataset> readData(const dsl::Model &model, const DataOptions &options, Vocabularies &vocabularies) {
  return Reader(model, options, vocabularies).read();
}

} // namespace rondo::train
