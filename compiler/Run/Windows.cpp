#include "compiler/Run/Windows.h"
#include "compiler/Gradient/FormWindows.h"
#include "compiler/Run/Compare.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>

using namespace rondo::rnn;
using namespace llvm;

namespace rondo::run {

using reference::Array;
using reference::Batch;

Array rowsOf(const Array &array, int64_t begin, int64_t end) {
  int64_t size = array.shape[0] ? array.size() / array.shape[0] : 0;
  Array part;
  part.shape = array.shape;
  part.shape[0] = end - begin;
  part.isReal = array.isReal;
  if (array.isReal)
    part.reals.assign(array.reals.begin() + begin * size, array.reals.begin() + end * size);
  else
    part.ints.assign(array.ints.begin() + begin * size, array.ints.begin() + end * size);
  return part;
}

//===--- Cuts --------------------------------------------------------------------------------------------------===//

std::vector<std::string> axesOf(ModelOp model) {
  SetVector<AxisClockAttr> axes;
  auto add = [&](AxisClockAttr axis) {
    if (!axis.isSample())
      axes.insert(axis);
  };
  model->walk([&](mlir::Operation *op) {
    for (mlir::Type type : op->getResultTypes())
      type.walk(add);
  });
  for (mlir::Type type : model.getBody().getArgumentTypes())
    type.walk(add);
  SmallVector<AxisClockAttr> chain = axes.takeVector();
  sort(chain, [](AxisClockAttr a, AxisClockAttr b) { return a != b && a.contains(b); });
  std::vector<std::string> names;
  for (AxisClockAttr axis : chain)
    names.push_back(axis.getName().str());
  return names;
}

WindowCuts::WindowCuts(ModelOp model, const Batch &batch, int64_t rows) : batch(batch), model(model) {
  last.resize(batch.samples);
  for (const std::string &axis : axesOf(model)) {
    Level level{axis, std::vector<std::vector<int64_t>>(batch.samples)};
    for (int64_t s = 0; s < batch.samples; ++s) {
      if (levels.empty()) {
        auto offsets = batch.offsets.find(level.name);
        int64_t all = offsets == batch.offsets.end() ? batch.lengths.at(level.name)[s] : offsets->second[s].size() - 1;
        all = std::max<int64_t>(all, 0);
        windows = std::max(windows, (all + rows - 1) / rows);
        for (int64_t row = 0; row < all; row += rows)
          level.begins[s].push_back(row);
        level.begins[s].push_back(all);
      } else {
        const std::vector<int64_t> &offsets = batch.offsets.at(levels.back().name)[s];
        for (int64_t row : levels.back().begins[s])
          level.begins[s].push_back(offsets.empty() ? 0 : offsets[row]);
      }
    }
    levels.push_back(std::move(level));
  }
  for (int64_t s = 0; s < batch.samples; ++s) // behind its last row there may be empty segments
    for (int64_t w = 0; w < windows; ++w)
      if (auto [begin, end] = this->rows(levels.back().name, s, w); begin < end)
        last[s] = w;
}

std::pair<int64_t, int64_t> WindowCuts::rows(StringRef axis, int64_t sample, int64_t window) const {
  if (axis == "sample")
    return {0, 1};
  const std::vector<int64_t> &begins =
      find_if(levels, [&](const Level &level) { return level.name == axis; })->begins[sample];
  auto at = [&](int64_t w) { return begins[std::min<int64_t>(w, begins.size() - 1)]; };
  return {at(window), at(window + 1)};
}

bool WindowCuts::ends(int64_t sample, int64_t window) const { return last[sample] == window; }

/// The axis whose rows an input has.
static std::string axisOf(mlir::Type type) { return rootAxis(clockOf(type)).getName().str(); }

Batch WindowCuts::part(int64_t window) const {
  Batch part;
  part.samples = batch.samples;
  for (auto [i, level] : enumerate(levels))
    for (int64_t s = 0; s < batch.samples; ++s) {
      auto [begin, end] = rows(level.name, s, window);
      if (i + 1 == levels.size()) {
        part.lengths[level.name].push_back(end - begin);
        continue;
      }
      const std::vector<int64_t> &all = batch.offsets.at(level.name)[s];
      std::vector<int64_t> offsets;
      for (int64_t row = begin; row <= end && !all.empty(); ++row)
        offsets.push_back(all[row] - all[begin]);
      part.offsets[level.name].push_back(std::move(offsets));
    }
  ModelOp op = model;
  for (auto [number, argument] : enumerate(op.getBody().getArguments())) {
    std::string name = op.getInputName(number).str();
    auto found = batch.inputs.find(name);
    if (found == batch.inputs.end())
      continue;
    for (int64_t s = 0; s < batch.samples; ++s) {
      auto [begin, end] = rows(axisOf(argument.getType()), s, window);
      part.inputs[name].push_back(rowsOf(found->second[s], begin, end));
    }
  }
  return part;
}

reference::Rows WindowCuts::ahead(StringRef input, int64_t window) const {
  reference::Rows all;
  for (int64_t s = 0; s < batch.samples; ++s) {
    const Array &given = batch.inputs.at(input.str())[s];
    int64_t end = rows(levels.back().name, s, window).second;
    if (end < given.shape[0]) {
      all.push_back(rowsOf(given, end, end + 1));
      continue;
    }
    Array none = given;
    none.shape[0] = 1;
    none.reals.assign(given.isReal ? none.size() : 0, 0);
    none.ints.assign(given.isReal ? 0 : none.size(), 0);
    all.push_back(std::move(none));
  }
  return all;
}

Library::WindowPlace WindowCuts::place(int64_t window) const {
  Library::WindowPlace place;
  place.isFirst = window == 0;
  for (int64_t s = 0; s < batch.samples; ++s)
    place.ends.push_back(ends(s, window));
  ModelOp op = model;
  for (auto [number, argument] : enumerate(op.getBody().getArguments()))
    if (std::string name = op.getInputName(number).str();
        batch.inputs.count(name) && axisOf(argument.getType()) == levels.back().name)
      place.ahead[name] = ahead(name, window);
  return place;
}

//===--- Windows, there and back -------------------------------------------------------------------------------===//

namespace {

/// So many rows of zeros.
Array zeros(mlir::Type type, int64_t rows) {
  Array array;
  array.shape = {rows};
  llvm::append_range(array.shape, shapeOf(type));
  array.isReal = elementOf(type).isF32();
  (array.isReal ? array.reals.resize(array.size()) : array.ints.resize(array.size()));
  return array;
}

void append(Array &to, const Array &from) {
  to.shape[0] += from.shape[0];
  llvm::append_range(to.reals, from.reals);
  llvm::append_range(to.ints, from.ints);
}

void addTo(Array &to, const Array &from, int64_t at = 0) {
  for (size_t i = 0; i < from.reals.size(); ++i)
    to.reals[at + i] += from.reals[i];
}

/// A sample in windows: what each takes, and what all give.
class InWindows {
public:
  InWindows(ModelOp whole, const Trial &trial, int64_t rows)
      : whole(whole), trial(trial), cuts(whole, trial.batch, rows) {
    for (const auto &[number, name] : enumerate(whole.getInputs().getAsValueRange<mlir::StringAttr>()))
      types[name] = whole.getBody().getArgument(number).getType();
  }

protected:
  /// What flows into an output once a sample flows into that of one window.
  Batch part(int64_t w) {
    Batch part = cuts.part(w);
    for (auto &[name, rows] : part.inputs)
      for (int64_t s = 0; s < part.samples && isSeed(name) && clockOf(types[name]).isSample(); ++s)
        if (isOfTensor(name) ? w > 0 : !cuts.ends(s, w))
          rows[s] = zeros(types[name], 1);
    return part;
  }

  /// Puts the windows' results together.
  reference::Result join(const reference::Result &expected) {
    reference::Result whole;
    for (const auto &[name, stream] : expected.outputs) {
      reference::Stream &sum = whole.outputs[name];
      sum.name = name;
      if (stream.clock.empty()) { // a tensor's gradient, or an output without a clock
        sum.rows = results[0].outputs.at(name).rows;
        for (size_t w = 1; w < results.size() && StringRef(name).starts_with("d."); ++w)
          addTo(sum.rows[0], results[w].outputs.at(name).rows[0]);
        continue;
      }
      sum.clock = stream.clock;
      sum.ticks = stream.ticks;
      sum.counts = stream.counts;
      StringRef input = name;
      bool isGradient = input.consume_front("d.") && trial.batch.inputs.count(input.str());
      bool isOnce = isGradient ? clockOf(types[input]).isSample() : stream.clock == "sample";
      for (int64_t s = 0; s < trial.batch.samples; ++s) {
        Array all = stream.rows[s];
        all.shape[0] = 0;
        all.reals.clear();
        all.ints.clear();
        for (int64_t w = 0; w < cuts.count(); ++w) {
          const Array &rows = results[w].outputs.at(name).rows[s];
          if (!isOnce)
            append(all, rows);
          else if (isGradient && w)
            addTo(all, rows);
          else if (isGradient || cuts.ends(s, w))
            append(all, rows);
        }
        std::string ahead = ("d." + aheadPrefix + input).str();
        for (int64_t w = 0; w + 1 < cuts.count() && isGradient && results[w].outputs.count(ahead); ++w) {
          const Array &row = results[w].outputs.at(ahead).rows[s];
          if (int64_t at = cuts.rows(baseName(), s, w).second; at < all.shape[0])
            addTo(all, row, at * row.size());
        }
        sum.rows.push_back(std::move(all));
      }
    }
    for (size_t l = 0; l < expected.losses.size(); ++l) {
      reference::LossValue sum;
      sum.name = expected.losses[l].name;
      for (const reference::Result &result : results) {
        sum.ticks += result.losses[l].ticks;
        sum.value += result.losses[l].value * double(result.losses[l].ticks);
      }
      sum.value = sum.ticks ? sum.value / double(sum.ticks) : results[0].losses[l].value;
      whole.losses.push_back(std::move(sum));
    }
    return whole;
  }

  ModelOp whole;
  const Trial &trial;
  WindowCuts cuts;
  StringMap<mlir::Type> types; // of the inputs
  std::vector<reference::Result> results;

private:
  static bool isSeed(StringRef name) { return name.starts_with("d."); }
  bool isOfTensor(StringRef seed) {
    auto end = cast<ReturnOp>(whole.getBody().front().getTerminator());
    for (auto [number, value] : enumerate(end.getValues()))
      if (seed.drop_front(2) == end.getName(number))
        return !clockOf(value.getType());
    return false;
  }
  std::string baseName() const { return trial.batch.lengths.begin()->first; }
};

class Interpreted : InWindows {
public:
  Interpreted(ModelOp backward, ModelOp window, const Trial &trial, int64_t rows, uint64_t seed)
      : InWindows(backward, trial, rows), window(window), seed(seed) {}

  Expected<Property> verify() {
    auto expected = interpret(whole, trial, seed);
    if (!expected)
      return expected.takeError();
    // There: what is remembered, and over how many ticks losses are means.
    std::vector<Batch> parts;
    for (int64_t w = 0; w < cuts.count(); ++w) {
      parts.push_back(begin(w, w ? &results.back() : nullptr));
      auto result = interpret(window, {trial.params, parts.back()}, seed);
      if (!result)
        return result.takeError();
      results.push_back(std::move(*result));
    }
    // Back.
    for (int64_t w = cuts.count(); w-- > 0;) {
      setWholes(parts[w], w);
      if (w + 1 < cuts.count())
        for (auto &[name, stream] : results[w + 1].outputs)
          if (StringRef(name).starts_with(("d." + carryPrefix).str()) && parts[w].inputs.count(name))
            parts[w].inputs[name] = stream.rows;
      auto result = interpret(window, {trial.params, parts[w]}, seed);
      if (!result)
        return result.takeError();
      results[w] = std::move(*result);
    }
    Comparison comparison("windows = whole sequence", 1e-9);
    if (!flows()) {
      comparison.property.note = whole.getBody().front().getOps<rnn::LossOp>().empty()
                                     ? "without gradients: no output takes any"
                                     : "without gradients: losses that train different parameters";
      for (auto it = expected->outputs.begin(); it != expected->outputs.end();)
        it = StringRef(it->first).starts_with("d.") ? expected->outputs.erase(it) : std::next(it);
    }
    for (const Property &property : compareResults(*expected, join(*expected), comparison.property.allowed))
      comparison.include(property);
    return std::move(comparison.property);
  }

private:
  /// Whether it matters to the windows behind what one remembers.
  bool flows() {
    auto names = window.getInputs().getAsValueRange<mlir::StringAttr>();
    auto has = [&](const std::string &prefix) {
      return any_of(names, [&](StringRef name) { return name.starts_with(prefix); });
    };
    return !has(carryPrefix.str()) || has(("d." + carryPrefix).str());
  }

  Batch begin(int64_t w, const reference::Result *before) {
    Batch part = this->part(w);
    for (const auto &[number, text] : enumerate(window.getInputs().getAsValueRange<mlir::StringAttr>())) {
      StringRef name = text;
      if (types.contains(name))
        continue;
      reference::Rows &rows = part.inputs[name.str()];
      if (name.starts_with(carryPrefix) && before)
        rows = before->outputs.at(name.str()).rows;
      else if (name.consume_front(aheadPrefix))
        rows = cuts.ahead(name, w);
      else
        rows.assign(part.samples, zeros(window.getBody().getArgument(number).getType(), 1));
      for (int64_t s = 0; s < part.samples && name == endsName; ++s)
        rows[s].ints[0] = cuts.ends(s, w);
    }
    return part;
  }

  void setWholes(Batch &part, int64_t w) {
    for (const reference::LossValue &loss : results[0].losses) {
      int64_t ticks = 0;
      for (const reference::Result &result : results)
        for (const reference::LossValue &other : result.losses)
          if (other.name == loss.name)
            ticks += other.ticks;
      reference::Rows &rows = part.inputs[(wholePrefix + loss.name).str()];
      if (!rows.empty())
        rows[0].reals[0] = ticks ? ticks : w ? -1 : 0; // without a clock it counts once
    }
  }

  ModelOp window;
  uint64_t seed;
};

class Compiled : InWindows {
public:
  using InWindows::InWindows;

  Expected<reference::Result> run(Library &library, bool gradients, const reference::Result &expected) {
    std::vector<FencedBytes> states(cuts.count() + 1), dStates(cuts.count() + 1);
    for (int64_t w = 0; w < cuts.count(); ++w) {
      auto result = library.runWindow(part(w), cuts.place(w), {w ? &states[w] : nullptr, &states[w + 1]}, false);
      if (!result)
        return result.takeError();
      results.push_back(std::move(*result));
    }
    for (int64_t w = cuts.count(); gradients && w-- > 0;) {
      Library::WindowStates flow{w ? &states[w] : nullptr, nullptr, w + 1 < cuts.count() ? &dStates[w + 1] : nullptr,
                                 w ? &dStates[w] : nullptr};
      auto result = library.runWindow(part(w), cuts.place(w), flow, true);
      if (!result)
        return result.takeError();
      results[w] = std::move(*result);
    }
    return join(expected);
  }
};

} // namespace

Expected<Property> verifyWindows(ModelOp backward, ModelOp window, const Trial &trial, int64_t rows, uint64_t seed) {
  return Interpreted(backward, window, trial, rows, seed).verify();
}

Expected<reference::Result> runWindows(ModelOp whole, const Trial &trial, int64_t rows, Library &library,
                                       bool gradients, const reference::Result &expected) {
  return Compiled(whole, trial, rows).run(library, gradients, expected);
}

} // namespace rondo::run
