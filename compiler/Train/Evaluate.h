// Losses and measures over data: what a training tells of an epoch, and what parameters are held against.
#ifndef RONDO_TRAIN_EVALUATE_H
#define RONDO_TRAIN_EVALUATE_H

#include "compiler/Train/Batches.h"
#include "compiler/Train/Gradients.h"

namespace rondo::train {

/// Means over batches: over all ticks that a batch's were means of, or over the batches where a loss has none.
class Means {
public:
  /// `measures`: names of those among the losses that are only looked at.
  explicit Means(const std::vector<std::string> &measures) : measures(measures) {}

  void add(llvm::ArrayRef<reference::LossValue> losses);

  struct Mean {
    std::string name;
    double value;
    bool isMeasure;
  };
  std::vector<Mean> all() const;
  /// What was added so far of a loss or measure; means go on with all of them.
  struct Sum {
    double weighted = 0, ticks = 0; // values times ticks
    double plain = 0, batches = 0;
  };
  const std::vector<Sum> &state() const { return sums; }
  void setState(std::vector<Sum> state) { sums = std::move(state); }
  /// Of all losses.
  double total() const;
  /// Whether no loss was a mean of anything.
  bool isOfNothing() const;
  /// Of measures, in order.
  std::vector<double> ofMeasures() const;
  /// ", accuracy 0.875", for lines.
  std::string measuresText() const;

private:
  const std::vector<std::string> &measures;
  std::vector<std::string> names;
  std::vector<Sum> sums; // as names
};

/// All samples, in batches that are taken out one by one.
llvm::Expected<Means> evaluate(Gradients &model, const float *parameters, const Dataset &data,
                               llvm::ArrayRef<Samples> batches, uint64_t seed,
                               const std::vector<std::string> &measures);

/// Where means are of nothing: "WHAT counts for a loss", and why that may be.
llvm::Error nothingCounts(const std::string &what);

} // namespace rondo::train
#endif
