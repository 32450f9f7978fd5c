#include "compiler/Train/Batches.h"
#include "compiler/Run/Structure.h"
#include <algorithm>
#include <numeric>

namespace rondo::train {

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

} // namespace rondo::train
