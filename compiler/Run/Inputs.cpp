#include "compiler/Run/Inputs.h"
#include "dsl/Diagnostics.h"
#include <algorithm>

using namespace llvm;

namespace rondo::run {

std::vector<int64_t> rowShape(const dsl::Type &type) {
  std::vector<int64_t> shape;
  for (const dsl::Dim &dim : type.dims)
    if (!dim.axis)
      shape.push_back(dim.size);
  return shape;
}

const dsl::Input *findInput(const dsl::Model &model, StringRef name) {
  auto it = std::find_if(model.inputs.begin(), model.inputs.end(),
                         [&](const dsl::Input &input) { return input.name == name; });
  return it == model.inputs.end() ? nullptr : &*it;
}

std::string inputList(const dsl::Model &model) {
  std::string out;
  for (const dsl::Input &input : model.inputs)
    out += (out.empty() ? "" : ", ") + input.name;
  return out.empty() ? "none" : out;
}

Array makeRows(const dsl::Input &input, int64_t rows, int64_t sample, uint64_t seed) {
  Draw draw(seed, "input " + input.name + " in " + std::to_string(sample));
  std::vector<int64_t> shape = rowShape(input.type);
  shape.insert(shape.begin(), rows);
  Array array = makeArray(std::move(shape), input.type.elem == dsl::Elem::Real);
  for (size_t i = 0; i < array.reals.size(); ++i)
    array.reals[i] = draw.real(i);
  uint64_t limit = input.type.elem == dsl::Elem::Token  ? uint64_t(input.type.tokens)
                   : input.type.elem == dsl::Elem::Bool ? 2
                                                        : 10;
  for (size_t i = 0; i < array.ints.size(); ++i)
    array.ints[i] = int64_t(draw.below(i, limit));
  return array;
}

namespace {

class BatchMaker {
public:
  BatchMaker(const dsl::Model &model, const InputOptions &options) : model(model), options(options) {}

  Expected<reference::Batch> make() {
    auto found = chainsOf(model);
    if (!found)
      return found.takeError();
    chains = std::move(*found);
    known.resize(chains.size());
    if (Error error = readFiles())
      return error;
    if (Error error = countSamples())
      return error;
    for (size_t c = 0; c < chains.size(); ++c)
      known[c].resize(size_t(samples), Cuts(chains[c].axes.size()));
    for (auto &[name, given] : inputs)
      if (Error error = noteInput(*findInput(model, name), given))
        return error;
    return fill();
  }

private:
  struct Given {
    GivenInput rows;
    std::vector<std::vector<Cuts>> cuts; // by chain; empty or one a sample
  };

  Error readOne(const dsl::Input &input, const std::string &path) {
    std::vector<std::vector<Cuts>> cuts;
    auto read = readInput(model, input, path, chains, cuts, options.readText);
    if (!read)
      return read.takeError();
    auto [place, fresh] = inputs.try_emplace(input.name);
    Given &given = place->second;
    if (fresh) {
      given = {std::move(*read), std::move(cuts)};
      return Error::success();
    }
    for (Array &rows : read->samples)
      given.rows.samples.push_back(std::move(rows));
    for (size_t c = 0; c < chains.size(); ++c) {
      if (given.cuts[c].empty() != cuts[c].empty())
        return failure(read->from + " and an earlier file of it must both have offsets, or neither");
      given.cuts[c].insert(given.cuts[c].end(), cuts[c].begin(), cuts[c].end());
    }
    return Error::success();
  }

  Error readFiles() {
    for (const InputFile &file : options.files) {
      if (file.name.empty()) {
        auto tensors = openSafetensors(file.path);
        if (!tensors)
          return tensors.takeError();
        bool any = false;
        for (const dsl::Input &input : model.inputs) {
          if (!(*tensors)->find(input.name) || input.name == options.generated)
            continue;
          any = true;
          if (Error error = readOne(input, file.path))
            return error;
        }
        if (!any)
          return failureIn(file.path, "has none of the inputs of model '" + model.name + "': " + inputList(model));
        continue;
      }
      const dsl::Input *input = findInput(model, file.name);
      if (!input) {
        std::vector<StringRef> names;
        for (const dsl::Input &known : model.inputs)
          names.push_back(known.name);
        std::string hint;
        if (auto near = dsl::nearest(file.name, names))
          hint = "; did you mean '" + near->str() + "'?";
        return failure("model '" + model.name + "' has no input '" + file.name + "' (it has: " + inputList(model) +
                       ")" + hint);
      }
      if (file.name == options.generated)
        return failure("input '" + file.name +
                       "' is the one that is generated; give its first rows by --prompt or --prompt-file");
      if (Error error = readOne(*input, file.path))
        return error;
    }
    return Error::success();
  }

  Error countSamples() {
    samples = options.samples;
    std::string from = "--batch";
    for (auto &[name, given] : inputs) {
      int64_t has = int64_t(given.rows.samples.size());
      if (samples >= 0 && has != samples)
        return failure(given.rows.from + " has " + Twine(has) + (has == 1 ? " sample" : " samples") + ", but " + from +
                       " has " + Twine(samples));
      samples = has;
      from = given.rows.from;
    }
    if (samples < 0)
      samples = 2;
    if (samples > mostSamples)
      return failure("a batch of " + Twine(samples) + " samples is too large; at most " + Twine(mostSamples));
    if (options.making.length > mostTicks)
      return failure("samples of " + Twine(options.making.length) + " ticks are too long; at most " + Twine(mostTicks));
    return Error::success();
  }

  Error noteInput(const dsl::Input &input, const Given &given) {
    for (size_t c = 0; c < chains.size(); ++c) {
      int own = chains[c].find(input.clock->name);
      for (int64_t s = 0; s < samples; ++s) {
        Cuts &cuts = known[c][s];
        if (own >= 0)
          if (Error error = noteRows(cuts, chains[c], size_t(own), given.rows.samples[s].shape[0], given.rows.from))
            return error;
        if (given.cuts.empty() || given.cuts[c].empty())
          continue;
        if (given.cuts[c].size() != size_t(samples))
          return failure(given.rows.from + ": the offsets of '" + chains[c].axes.back()->name + "' cut " +
                         Twine(given.cuts[c].size()) + " samples, but there are " + Twine(samples));
        const Cuts &file = given.cuts[c][s];
        for (size_t axis = 0; axis < file.rows.size(); ++axis) {
          if (file.rows[axis] >= 0)
            if (Error error = noteRows(cuts, chains[c], axis, file.rows[axis], given.rows.from))
              return error;
          if (file.offsets[axis])
            if (Error error = noteOffsets(cuts, chains[c], axis, *file.offsets[axis], given.rows.from))
              return error;
        }
      }
    }
    return Error::success();
  }

  Expected<reference::Batch> fill() {
    reference::Batch batch;
    batch.samples = samples;
    const dsl::Input *generated = findInput(model, options.generated);
    for (size_t c = 0; c < chains.size(); ++c) {
      const Chain &chain = chains[c];
      if (generated && generated->clock == chain.axes[0])
        continue;
      for (int64_t s = 0; s < samples; ++s) {
        Cuts &cuts = known[c][s];
        if (Error error = complete(cuts, chain, s, options.making))
          return error;
        batch.lengths[chain.axes[0]->name].push_back(cuts.rows[0]);
        for (size_t axis = 1; axis < chain.axes.size(); ++axis)
          batch.offsets[chain.axes[axis]->name].push_back(*cuts.offsets[axis]);
      }
      // Also with no sample at all every axis is there.
      batch.lengths[chain.axes[0]->name];
      for (size_t axis = 1; axis < chain.axes.size(); ++axis)
        batch.offsets[chain.axes[axis]->name];
    }
    for (const dsl::Input &input : model.inputs) {
      if (&input == generated)
        continue;
      auto given = inputs.find(input.name);
      if (given != inputs.end()) {
        batch.inputs[input.name] = std::move(given->second.rows.samples);
        continue;
      }
      reference::Rows rows;
      int64_t width = elementCount(rowShape(input.type));
      for (int64_t s = 0; s < samples; ++s) {
        int64_t count = rowsOf(input, s);
        if (width > 0 && count > mostElements / width)
          return failure("input '" + input.name + "' would have " + Twine(count) + " rows of " + Twine(width) +
                         " elements, too many");
        rows.push_back(makeRows(input, count, s, options.making.seed));
      }
      batch.inputs[input.name] = std::move(rows);
    }
    return batch;
  }

  int64_t rowsOf(const dsl::Input &input, int64_t sample) const {
    for (size_t c = 0; c < chains.size(); ++c)
      if (int at = chains[c].find(input.clock->name); at >= 0)
        return known[c][sample].rows[at];
    return 1; // on `sample`
  }

  const dsl::Model &model;
  const InputOptions &options;
  std::vector<Chain> chains;
  std::vector<std::vector<Cuts>> known; // by chain and sample
  std::map<std::string, Given> inputs;
  int64_t samples = -1;
};

} // namespace

Expected<reference::Batch> makeBatch(const dsl::Model &model, const InputOptions &options) {
  return BatchMaker(model, options).make();
}

} // namespace rondo::run
