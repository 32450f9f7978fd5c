// A model whose derivative is what the language calls its gradient.
#ifndef RONDO_RUN_FROZEN_H
#define RONDO_RUN_FROZEN_H

#include "compiler/Run/Trial.h"
#include "mlir/IR/OwningOpRef.h"

namespace rondo::run {

/// The place of each tick of an axis among its rows, by sample; what does not tick (an empty segment) is no tick's row.
class AxisRows {
public:
  AxisRows(mlir::Operation *op, const reference::Batch &batch);
  int64_t rows(rnn::AxisClockAttr axis, int64_t sample) const;
  /// The row of the tick at a position of the base axis; -1 if there is none.
  int64_t rowAt(rnn::AxisClockAttr axis, int64_t sample, int64_t position) const;

private:
  const std::vector<int64_t> &lastsOf(llvm::StringRef axis, int64_t sample) const;

  const reference::Batch &batch;
  std::map<std::string, std::string> finer;                                      // by axis
  mutable std::map<std::pair<std::string, int64_t>, std::vector<int64_t>> lasts; // of rows: the last position, or -1
};

/// A copy of the model in which what `stop` hides and the difference between the sides of each `straight` are inputs
/// (constants, where they are tensors), with the values that they have in this trial, to which these are added: the
/// copy computes what the model does, and its derivative is the gradient that the model means. An error if one is on a
/// pair clock.
llvm::Expected<mlir::OwningOpRef<rnn::ModelOp>> freeze(rnn::ModelOp op, Trial &trial, uint64_t seed);

} // namespace rondo::run
#endif
