// The samples of a training in memory: each input's rows one behind another, as narrow as their type lets them be, for
// texts of many millions of tokens. Batches are taken out of it.
#ifndef RONDO_TRAIN_DATASET_H
#define RONDO_TRAIN_DATASET_H

#include "compiler/Reference/Interpreter.h"
#include "dsl/Model.h"
#include <variant>

namespace rondo::train {

using Samples = std::vector<int64_t>; // numbers of samples

/// The rows of one input. Tokens take one, two or four bytes, by how many there are; reals are floats.
class Column {
public:
  explicit Column(const dsl::Type &type);
  /// For rows of this shape, of reals or of any whole numbers.
  Column(std::vector<int64_t> rowShape, bool isReal);

  bool isReal() const { return std::holds_alternative<std::vector<float>>(elements); }
  int64_t samples() const { return int64_t(begins.size()) - 1; }
  int64_t rows(int64_t sample) const { return begins[sample + 1] - begins[sample]; }
  reference::Array sample(int64_t sample) const;

  void reserve(int64_t count);
  void add(double value);
  /// All elements of so many rows have been added.
  void endSample(int64_t rows) { begins.push_back(begins.back() + rows); }
  void addSample(const reference::Array &rows);
  /// The samples of another one of the same type.
  void append(const Column &other);
  void addTo(uint64_t &hash) const;

private:
  std::vector<int64_t> rowShape;
  int64_t rowElements;
  std::variant<std::vector<float>, std::vector<uint8_t>, std::vector<uint16_t>, std::vector<int32_t>,
               std::vector<int64_t>>
      elements;
  std::vector<int64_t> begins = {0}; // rows ahead of each sample
};

class Dataset {
public:
  Dataset() = default;
  explicit Dataset(const reference::Batch &batch);

  int64_t samples() const { return count; }
  /// Ticks of each sample, all base axes together.
  std::vector<int64_t> ticks() const;
  /// Rows of an axis.
  int64_t rows(const std::string &axis, int64_t sample) const {
    auto base = lengths.find(axis);
    if (base != lengths.end())
      return base->second[sample];
    const Cuts &segments = cuts.at(axis);
    return segments.begins[sample + 1] - segments.begins[sample] - 1;
  }
  reference::Batch take(const Samples &samples) const;
  reference::Batch all() const;
  /// A number that other data hardly have.
  uint64_t fingerprint() const;

  //===--- While it is made ---===//

  void begin(int64_t samples) { count = samples; }
  /// Of the next sample: ticks of a base axis, and where a segment axis cuts the rows of the one under it.
  void addLength(const std::string &axis, int64_t ticks) { lengths[axis].push_back(ticks); }
  void addOffsets(const std::string &axis, const std::vector<int64_t> &offsets);
  void addInput(const std::string &name, Column column) { inputs.emplace(name, std::move(column)); }

private:
  struct Cuts {
    std::vector<int32_t> offsets; // of all samples
    std::vector<int64_t> begins = {0};
  };
  int64_t count = 0;
  std::map<std::string, std::vector<int64_t>> lengths;
  std::map<std::string, Cuts> cuts;
  std::map<std::string, Column> inputs;
};

} // namespace rondo::train
#endif
