#include "compiler/Train/Dataset.h"
#include "compiler/Run/Inputs.h"
#include "runtime/Random.h"
#include <cstring>
#include <numeric>

namespace rondo::train {

//===--- Columns -----------------------------------------------------------------------------------------------===//

Column::Column(const dsl::Type &type) : rowShape(run::rowShape(type)), rowElements(run::elementCount(rowShape)) {
  switch (type.elem) {
  case dsl::Elem::Real: break;
  case dsl::Elem::Bool: elements = std::vector<uint8_t>(); break;
  case dsl::Elem::Token:
    if (type.tokens <= 1 << 8)
      elements = std::vector<uint8_t>();
    else if (type.tokens <= 1 << 16)
      elements = std::vector<uint16_t>();
    else
      elements = std::vector<int32_t>();
    break;
  default: elements = std::vector<int64_t>();
  }
}

Column::Column(std::vector<int64_t> shape, bool isReal)
    : rowShape(std::move(shape)), rowElements(run::elementCount(rowShape)) {
  if (!isReal)
    elements = std::vector<int64_t>();
}

reference::Array Column::sample(int64_t sample) const {
  std::vector<int64_t> shape = rowShape;
  shape.insert(shape.begin(), rows(sample));
  reference::Array array = run::makeArray(std::move(shape), isReal());
  int64_t begin = begins[sample] * rowElements, end = begins[sample + 1] * rowElements;
  std::visit(
      [&](const auto &all) {
        if (array.isReal)
          std::copy(all.begin() + begin, all.begin() + end, array.reals.begin());
        else
          std::copy(all.begin() + begin, all.begin() + end, array.ints.begin());
      },
      elements);
  return array;
}

void Column::reserve(int64_t count) {
  std::visit([&](auto &all) { all.reserve(all.size() + size_t(count)); }, elements);
}

void Column::add(double value) {
  std::visit([&](auto &all) { all.push_back(static_cast<typename std::decay_t<decltype(all)>::value_type>(value)); },
             elements);
}

void Column::addSample(const reference::Array &rows) {
  std::visit(
      [&](auto &all) {
        auto add = [&](const auto &values) {
          for (auto value : values)
            all.push_back(static_cast<typename std::decay_t<decltype(all)>::value_type>(value));
        };
        if (rows.isReal)
          add(rows.reals);
        else
          add(rows.ints);
      },
      elements);
  endSample(rows.shape[0]);
}

void Column::append(const Column &other) {
  std::visit(
      [&](auto &all) {
        const auto &more = std::get<std::decay_t<decltype(all)>>(other.elements);
        all.insert(all.end(), more.begin(), more.end());
      },
      elements);
  for (int64_t s = 0; s < other.samples(); ++s)
    endSample(other.rows(s));
}

static void addBits(uint64_t &hash, uint64_t bits) { hash = runtime::mixBits(hash ^ bits); }

/// Eight bytes at a time; the last ones are filled up with zeros.
template <typename T> static void addAll(uint64_t &hash, const std::vector<T> &values) {
  const char *bytes = reinterpret_cast<const char *>(values.data());
  size_t size = values.size() * sizeof(T);
  addBits(hash, size);
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + at, std::min(sizeof word, size - at));
    addBits(hash, word);
  }
}

void Column::addTo(uint64_t &hash) const {
  addAll(hash, begins);
  std::visit([&](const auto &all) { addAll(hash, all); }, elements);
}

//===--- All inputs --------------------------------------------------------------------------------------------===//

Dataset::Dataset(const reference::Batch &batch) : count(batch.samples), lengths(batch.lengths) {
  for (const auto &[axis, samples] : batch.offsets)
    for (const std::vector<int64_t> &offsets : samples)
      addOffsets(axis, offsets);
  for (const auto &[name, samples] : batch.inputs) {
    std::vector<int64_t> shape;
    if (!samples.empty())
      shape.assign(samples[0].shape.begin() + 1, samples[0].shape.end());
    Column column(std::move(shape), samples.empty() || samples[0].isReal);
    for (const reference::Array &rows : samples)
      column.addSample(rows);
    addInput(name, std::move(column));
  }
}

void Dataset::addOffsets(const std::string &axis, const std::vector<int64_t> &offsets) {
  Cuts &all = cuts[axis];
  all.offsets.insert(all.offsets.end(), offsets.begin(), offsets.end());
  all.begins.push_back(int64_t(all.offsets.size()));
}

std::vector<int64_t> Dataset::ticks() const {
  std::vector<int64_t> ticks(count);
  for (const auto &[axis, ofSamples] : lengths)
    for (int64_t s = 0; s < count; ++s)
      ticks[s] += ofSamples[s];
  return ticks;
}

reference::Batch Dataset::take(const Samples &samples) const {
  reference::Batch batch;
  batch.samples = int64_t(samples.size());
  for (const auto &[axis, ofSamples] : lengths) {
    std::vector<int64_t> &taken = batch.lengths[axis];
    for (int64_t s : samples)
      taken.push_back(ofSamples[s]);
  }
  for (const auto &[axis, all] : cuts) {
    std::vector<std::vector<int64_t>> &taken = batch.offsets[axis];
    for (int64_t s : samples)
      taken.emplace_back(all.offsets.begin() + all.begins[s], all.offsets.begin() + all.begins[s + 1]);
  }
  for (const auto &[name, column] : inputs) {
    reference::Rows &taken = batch.inputs[name];
    for (int64_t s : samples)
      taken.push_back(column.sample(s));
  }
  return batch;
}

reference::Batch Dataset::all() const {
  Samples samples(count);
  std::iota(samples.begin(), samples.end(), 0);
  return take(samples);
}

uint64_t Dataset::fingerprint() const {
  uint64_t hash = uint64_t(count);
  auto addText = [&](const std::string &text) { addBits(hash, runtime::hashPath(text.data(), text.size())); };
  for (const auto &[axis, ofSamples] : lengths) {
    addText(axis);
    addAll(hash, ofSamples);
  }
  for (const auto &[axis, all] : cuts) {
    addText(axis);
    addAll(hash, all.begins);
    addAll(hash, all.offsets);
  }
  for (const auto &[name, column] : inputs) {
    addText(name);
    column.addTo(hash);
  }
  return hash;
}

} // namespace rondo::train
