#include "compiler/Train/Batches.h"
#include "compiler/Run/Structure.h"
#include <algorithm>
#include <numeric>

namespace rondo::train {

std::vector<int64_t> sampleTicks(const reference::Batch &data) {
  std::vector<int64_t> ticks(data.samples);
  for (const auto &[axis, lengths] : data.lengths)
    for (int64_t s = 0; s < data.samples; ++s)
      ticks[s] += lengths[s];
  return ticks;
}

template <typename T> static void shuffle(std::vector<T> &list, const run::Draw &draw) {
  for (size_t i = list.size(); i > 1; --i)
    std::swap(list[i - 1], list[draw.below(i, i)]);
}

static std::vector<Samples> cut(const Samples &order, int64_t size) {
  std::vector<Samples> batches;
  for (size_t begin = 0; begin < order.size(); begin += size_t(size))
    batches.emplace_back(order.begin() + begin, order.begin() + std::min(begin + size_t(size), order.size()));
  return batches;
}

std::vector<Samples> shuffledBatches(const std::vector<int64_t> &ticks, int64_t size, uint64_t seed, int64_t epoch) {
  constexpr int64_t batchesOfPiece = 32; // lengths are alike, and neighbours still change from epoch to epoch
  Samples order(ticks.size());
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, run::Draw(seed, "samples of epoch " + std::to_string(epoch)));
  for (size_t begin = 0, piece = size_t(size) * batchesOfPiece; begin < order.size(); begin += piece)
    std::stable_sort(order.begin() + begin, order.begin() + std::min(begin + piece, order.size()),
                     [&](int64_t a, int64_t b) { return ticks[a] < ticks[b]; });
  std::vector<Samples> batches = cut(order, size);
  shuffle(batches, run::Draw(seed, "batches of epoch " + std::to_string(epoch)));
  return batches;
}

std::vector<Samples> orderedBatches(const std::vector<int64_t> &ticks, int64_t size) {
  Samples order(ticks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return ticks[a] < ticks[b]; });
  return cut(order, size);
}

reference::Batch takeSamples(const reference::Batch &data, const Samples &samples) {
  reference::Batch batch;
  batch.samples = int64_t(samples.size());
  auto take = [&](const auto &from, auto &to) {
    to.reserve(samples.size());
    for (int64_t s : samples)
      to.push_back(from[s]);
  };
  for (const auto &[axis, lengths] : data.lengths)
    take(lengths, batch.lengths[axis]);
  for (const auto &[axis, offsets] : data.offsets)
    take(offsets, batch.offsets[axis]);
  for (const auto &[name, rows] : data.inputs)
    take(rows, batch.inputs[name]);
  return batch;
}

} // namespace rondo::train
