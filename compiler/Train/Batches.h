// Which samples are computed together, and in which order. All of it follows from the seed and the number of the epoch,
// so that a training that goes on takes the same batches.
#ifndef RONDO_TRAIN_BATCHES_H
#define RONDO_TRAIN_BATCHES_H

#include "compiler/Train/Dataset.h"

namespace rondo::train {

/// All samples once, in an order of the seed and the epoch (from 0): shuffled, then ordered by length inside of pieces
/// of so many batches that a batch has samples of like length, cut into batches, and these shuffled again. The batch
/// that is left over is smaller.
std::vector<Samples> shuffledBatches(const std::vector<int64_t> &ticks, int64_t size, uint64_t seed, int64_t epoch);

/// In order of length: for what is only evaluated.
std::vector<Samples> orderedBatches(const std::vector<int64_t> &ticks, int64_t size);

} // namespace rondo::train
#endif
