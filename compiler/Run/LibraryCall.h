// What the calls of a library have in common; part of Library.h.
#ifndef RONDO_RUN_LIBRARYCALL_H
#define RONDO_RUN_LIBRARYCALL_H

#include "compiler/Run/Library.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

namespace rondo::run {

enum class Element { F32, I64, Bool, Token };

inline size_t bytesOf(Element element) { return element == Element::I64 ? 8 : element == Element::Bool ? 1 : 4; }

/// An input, an output, or a parameter, as the manifest describes it.
struct Library::Port {
  std::string name; // of a parameter its path
  Element element = Element::F32;
  std::vector<int64_t> shape;
  int64_t offset = 0; // of a parameter
  std::string clock, axis, source, sourceAxis;
  bool isStepped = false; // single steps look at it, or give it
  std::string given;      // of such an input when: always, "first", or where this axis ends

  int64_t elements() const { return elementCount(shape); }
  size_t rowBytes() const { return elements() * bytesOf(element); }
  FencedBytes rows(int64_t count) const { return unwritten(count * rowBytes(), bytesOf(element)); }

  /// Writes the elements of an array one behind the other; returns where they end.
  char *write(const reference::Array &array, char *to) const {
    auto put = [&](auto value) {
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    };
    for (double x : array.reals)
      put(float(x));
    for (int64_t x : array.ints)
      element == Element::I64 ? put(x) : element == Element::Bool ? put(uint8_t(x)) : put(int32_t(x));
    return to;
  }
  reference::Array read(const char *from, int64_t rows, bool isRow) const {
    std::vector<int64_t> all = shape;
    if (!isRow)
      all.insert(all.begin(), rows);
    reference::Array array = makeArray(std::move(all), element == Element::F32);
    auto take = [&](auto value) {
      std::memcpy(&value, from, sizeof value);
      from += sizeof value;
      return value;
    };
    for (double &x : array.reals)
      x = take(float());
    for (int64_t &x : array.ints)
      x = element == Element::I64 ? take(int64_t()) : element == Element::Bool ? take(uint8_t()) : take(int32_t());
    return array;
  }
};

/// The port of that name.
template <typename Ports> const auto &portOf(const Ports &ports, llvm::StringRef name) {
  return *llvm::find_if(ports, [&](const auto &port) { return port.name == name; });
}

struct Library::Call {
  Call(const Library &library, const reference::Batch &batch) : library(library), batch(batch) {}

  /// Rows of an axis in one sample.
  int64_t rowsOf(const std::string &axis, int64_t sample) const {
    if (auto base = batch.lengths.find(axis); base != batch.lengths.end())
      return base->second[sample];
    if (auto segments = batch.offsets.find(axis); segments != batch.offsets.end())
      return int64_t(segments->second[sample].size()) - 1;
    return 1; // `sample`
  }
  int64_t rowsOf(const std::string &axis) const {
    int64_t rows = 0;
    for (int64_t s = 0; s < batch.samples; ++s)
      rows += rowsOf(axis, s);
    return rows;
  }

  /// `all`: those that are not there are missing; else they are null.
  llvm::Error addInputs(bool all = true) {
    in = {0, uint64_t(batch.samples), library.options.seed};
    for (const auto &[axis, outer] : library.axes) {
      std::vector<int64_t> starts = {0};
      auto grouped = batch.offsets.find(outer);
      for (int64_t s = 0; s < batch.samples; ++s) {
        int64_t before = starts.back();
        if (grouped == batch.offsets.end())
          starts.push_back(before + rowsOf(axis, s));
        else
          for (int64_t end : llvm::ArrayRef(grouped->second[s]).drop_front())
            starts.push_back(before + end);
      }
      offsets.push_back(std::move(starts));
      in.push_back(reinterpret_cast<uintptr_t>(offsets.back().data()));
    }
    for (const Port &input : library.inputs) {
      auto given = batch.inputs.find(input.name);
      if (given == batch.inputs.end()) {
        if (all)
          return failure("input '" + input.name + "' is missing");
        in.push_back(0);
        continue;
      }
      size_t rows = 0;
      for (const reference::Array &sample : given->second)
        rows += sample.shape[0];
      FencedBytes buffer = input.rows(rows);
      char *to = buffer.data();
      for (const reference::Array &sample : given->second)
        to = input.write(sample, to);
      in.push_back(reinterpret_cast<uintptr_t>(buffer.data()));
      buffers.push_back(std::move(buffer));
    }
    in[0] = in.size() * sizeof(uint64_t);
    return llvm::Error::success();
  }

  /// As many rows as an output can have.
  int64_t roomFor(const Port &output) const {
    if (output.clock.empty())
      return 1;
    int64_t rows = 0;
    for (int64_t s = 0; s < batch.samples; ++s)
      rows += rowsOf(output.axis, s) * (output.sourceAxis.empty() ? 1 : rowsOf(output.sourceAxis, s));
    return rows;
  }

  /// As many rows as say what flows back into it.
  int64_t flowsInto(const Port &output) const { return output.clock.empty() ? batch.samples : roomFor(output); }

  /// Inputs, and room for outputs.
  llvm::Error addAll() {
    if (llvm::Error error = addInputs())
      return error;
    addOutputs();
    return llvm::Error::success();
  }

  void addOutputs() {
    out = {0};
    for (const Port &output : library.outputs) {
      int64_t room = roomFor(output);
      results.push_back(output.rows(room));
      starts.emplace_back(batch.samples + 1);
      ticks.emplace_back(room);
      out.push_back(reinterpret_cast<uintptr_t>(results.back().data()));
      out.push_back(room);
      out.push_back(output.clock.empty() ? 0 : reinterpret_cast<uintptr_t>(starts.back().data()));
      out.push_back(output.clock.empty() ? 0 : reinterpret_cast<uintptr_t>(ticks.back().data()));
    }
    endOutputs();
  }

  /// No output is wanted, but the losses are.
  void addLosses() {
    out.assign(1 + 4 * library.outputs.size(), 0);
    endOutputs();
  }

  void endOutputs() {
    losses.resize(std::max<size_t>(library.losses.size(), 1));
    lossTicks.resize(losses.size());
    out.push_back(reinterpret_cast<uintptr_t>(losses.data()));
    out.push_back(reinterpret_cast<uintptr_t>(lossTicks.data()));
    out[0] = out.size() * sizeof(uint64_t);
  }

  std::vector<reference::LossValue> lossValues() const {
    std::vector<reference::LossValue> values;
    for (const auto &[i, name] : llvm::enumerate(library.losses)) {
      reference::LossValue loss;
      loss.name = name;
      loss.value = losses[i];
      loss.ticks = lossTicks[i];
      values.push_back(std::move(loss));
    }
    return values;
  }

  /// For each row of an axis where it ends: a number of rows of its base.
  std::vector<int64_t> ends(const std::string &axis, int64_t sample) const {
    std::vector<int64_t> all;
    for (int64_t row = 0, rows = rowsOf(axis, sample); row < rows; ++row) {
      int64_t end = row + 1;
      for (std::string at = axis; batch.offsets.count(at);) {
        end = batch.offsets.at(at)[sample][end];
        at = llvm::find_if(library.axes, [&](const auto &other) { return other.second == at; })->first;
      }
      all.push_back(end);
    }
    return all;
  }

  /// Where the ticks of an axis are, among the rows of its base: the last of each segment that is not empty.
  std::vector<int64_t> ticksOf(const std::string &axis, int64_t sample) const {
    std::vector<int64_t> ticks;
    int64_t before = 0;
    for (int64_t end : ends(axis, sample)) {
      if (end > before)
        ticks.push_back(end - 1);
      before = end;
    }
    return ticks;
  }

  /// The ticks of one sample. `perRow`: where each row was.
  void addTicks(const Port &output, int64_t sample, llvm::ArrayRef<int64_t> perRow, reference::Stream &stream) const {
    if (output.source.empty()) {
      stream.ticks.push_back(perRow.vec());
      return;
    }
    std::vector<int64_t> targets, counts;
    if (output.clock == output.axis && output.axis != "sample")
      targets = ticksOf(output.axis, sample);
    else
      std::unique_copy(perRow.begin(), perRow.end(), std::back_inserter(targets));
    for (int64_t target : targets)
      counts.push_back(llvm::count(perRow, target));
    stream.ticks.push_back(std::move(targets));
    stream.counts.push_back(std::move(counts));
  }

  reference::Result result() const {
    reference::Result result;
    for (const auto &[i, output] : llvm::enumerate(library.outputs)) {
      reference::Stream stream;
      stream.name = output.name;
      stream.clock = output.clock;
      if (output.clock.empty())
        stream.rows.push_back(output.read(results[i].data(), 1, /*isRow=*/true));
      else
        for (int64_t s = 0; s < batch.samples; ++s) {
          int64_t begin = starts[i][s], rows = starts[i][s + 1] - begin;
          stream.rows.push_back(output.read(results[i].data() + begin * output.rowBytes(), rows, /*isRow=*/false));
          addTicks(output, s, llvm::ArrayRef(ticks[i]).slice(begin, rows), stream);
        }
      if (!output.source.empty())
        stream.axisClocks.push_back(output.source);
      result.outputs[output.name] = std::move(stream);
    }
    result.losses = lossValues();
    return result;
  }

  const Library &library;
  const reference::Batch &batch;
  std::vector<uint64_t> in, out; // the words of the structs
  std::vector<std::vector<int64_t>> offsets, starts, ticks;
  std::vector<FencedBytes> buffers, results;
  std::vector<float> losses;
  std::vector<int64_t> lossTicks;
};

/// What flows back in a call.
struct Library::Flow {
  Flow(const Call &call, const GradientOptions &how);
  /// Gradients of parameters and inputs, as outputs.
  void addTo(reference::Result &result) const;

  const Call &call;
  FencedBytes parameters;
  std::vector<FencedBytes> given, taken;
  std::vector<uint64_t> words; // of the struct
};

/// Where a window stands.
struct Library::Place {
  Place(const Call &call, const WindowPlace &place, const void *state, void *next);

  std::vector<FencedBytes> rows;
  std::vector<uint64_t> words; // of the struct
};

} // namespace rondo::run
#endif
