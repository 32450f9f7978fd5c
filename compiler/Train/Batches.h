// Which samples are computed together, and in which order. All of it follows from the seed and the number of the epoch,
// so that a training that goes on takes the same batches.
#ifndef RONDO_TRAIN_BATCHES_H
#define RONDO_TRAIN_BATCHES_H

#include "compiler/Reference/Interpreter.h"

namespace rondo::train {

using Samples = std::vector<int64_t>; // numbers of samples

/// Ticks of a sample, all base axes together.
std::vector<int64_t> sampleTicks(const reference::Batch &data);

/// All samples once, in an order of the seed and the epoch (from 0): shuffled, then ordered by length inside of pieces
/// of so many batches that a batch has samples of like length, cut into batches, and these shuffled again. The batch
/// that is left over is smaller.
std::vector<Samples> shuffledBatches(const std::vector<int64_t> &ticks, int64_t size, uint64_t seed, int64_t epoch);

/// In order of length: for what is only evaluated.
std::vector<Samples> orderedBatches(const std::vector<int64_t> &ticks, int64_t size);

/// These samples alone.
reference::Batch takeSamples(const reference::Batch &data, const Samples &samples);

} // namespace rondo::train
#endif
