// A sample in parts: what a caller gives who steps through it.
#ifndef RONDO_RUN_PARTS_H
#define RONDO_RUN_PARTS_H

#include "compiler/Run/Structure.h"

namespace rondo::run {

/// One sample of a batch as a batch of its own.
reference::Batch singleSample(const reference::Batch &batch, int64_t sample);

/// The base axes in an order in which they can be stepped: one whose ticks read others' samples (through spread) after
/// these. None if axes read one another's.
std::optional<std::vector<size_t>> steppingOrder(const dsl::Model &model, const std::vector<Chain> &chains);

struct Part {
  reference::Batch batch;
  std::vector<std::string> openSegments;
  size_t chain = 0;  // whose ticks it has
  int64_t begin = 0; // base ticks before it
};

/// Tick by tick, a chain after the other. Empty segments, which nothing sees, are left out. One part if there is no
/// tick; none if there is no order.
std::optional<std::vector<Part>> stepParts(const dsl::Model &model, const std::vector<Chain> &chains,
                                           const reference::Batch &single);

} // namespace rondo::run
#endif
