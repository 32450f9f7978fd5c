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
  /// Of all losses.
  double total() const;
  /// Of measures, in order.
  std::vector<double> ofMeasures() const;
  /// ", accuracy 0.875", for lines.
  std::string measuresText() const;

private:
  struct Sum {
    std::string name;
    bool isMeasure = false;
    double weighted = 0, plain = 0;
    int64_t ticks = 0;
  };
  const std::vector<std::string> &measures;
  std::vector<Sum> sums;
  int64_t batches = 0;
};

/// All samples, in batches that are taken out one by one.
llvm::Expected<Means> evaluate(Gradients &model, const float *parameters, const Dataset &data,
                               const std::vector<Samples> &batches, uint64_t seed,
                               const std::vector<std::string> &measures);

} // namespace rondo::train
#endif
