// How a training went: a table with a row a step, and a picture of the losses.
#ifndef RONDO_TRAIN_METRICS_H
#define RONDO_TRAIN_METRICS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rondo::train {

struct MetricsRow {
  int64_t step = 0, epoch = 0;
  double loss = 0;              // the sum of all; of losses and measures NaN: no row of the step counts for them
  std::vector<double> losses;   // by name
  std::vector<double> measures; // that are no losses, as accuracy, by name
  double rate = 0;              // of learning
  double norm = 0;              // of the gradient, before it was clipped
  std::optional<double> valid;
  std::vector<double> validMeasures; // where there is a validation
};

/// metrics.csv: step,epoch,loss[,NAME..],rate,norm,valid[,valid.NAME..]. Names of losses stand there where there are
/// several, behind them those of measures; what is NaN is left out. It holds no times: the same training writes the same
/// file.
class Metrics {
public:
  explicit Metrics(std::string path) : path(std::move(path)) {}

  /// An empty table, or what an earlier one has up to a step.
  llvm::Error begin(std::vector<std::string> losses, std::vector<std::string> measures, int64_t upToStep);
  void add(MetricsRow row);
  /// What was added is in the file now.
  llvm::Error flush();

  const std::vector<MetricsRow> &rows() const { return all; }

private:
  std::string header() const;
  void print(const MetricsRow &row, llvm::raw_ostream &os) const;
  llvm::Error readEarlier(int64_t upToStep);

  std::string path;
  std::vector<std::string> names;    // of losses, where there are several
  std::vector<std::string> measures; // names
  std::vector<MetricsRow> all;
  std::unique_ptr<llvm::raw_fd_ostream> file;
};

/// What a loss is called beside the sum of all and other columns: its name, or `loss.NAME` if that is one of theirs.
std::string shownName(llvm::StringRef loss, llvm::ArrayRef<std::string> measures);

/// The loss over the steps, and the validation loss where there is one.
void printCurve(const std::vector<MetricsRow> &rows, llvm::StringRef title, llvm::raw_ostream &os);

} // namespace rondo::train
#endif
