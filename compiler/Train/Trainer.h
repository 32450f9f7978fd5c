// The training loop: batches, gradients, steps of the optimiser, checkpoints.
//
// Into its folder go checkpoint.safetensors (Checkpoint.h), model.safetensors (the parameters alone, as `rondo run
// --params` takes them), best.safetensors (those of the lowest validation loss), metrics.csv and curve.svg.
#ifndef RONDO_TRAIN_TRAINER_H
#define RONDO_TRAIN_TRAINER_H

#include "compiler/Train/Dataset.h"
#include "compiler/Train/Metrics.h"
#include "compiler/Train/Options.h"
#include "compiler/Train/Progress.h"
#include <utility>

namespace mlir {
class Operation;
}

namespace rondo::train {

/// Where a training writes, and whether it goes on with what is there.
struct TrainFolder {
  std::string path;
  bool resume = false;
  std::string file(llvm::StringRef name) const { return path + "/" + name.str(); }
  std::string checkpoint() const { return file("checkpoint.safetensors"); }
};

/// A folder that no other process trains in while this stands.
class OpenFolder {
public:
  explicit OpenFolder(int descriptor = -1) : descriptor(descriptor) {}
  OpenFolder(OpenFolder &&other) noexcept : descriptor(std::exchange(other.descriptor, -1)) {}
  OpenFolder &operator=(OpenFolder &&other) noexcept {
    std::swap(descriptor, other.descriptor);
    return *this;
  }
  ~OpenFolder();

private:
  int descriptor;
};

/// Makes the folder if it is to be new. An error if it has a checkpoint then, or has none to go on with, or if it is open
/// elsewhere.
llvm::Expected<OpenFolder> openFolder(const TrainFolder &folder);

struct TrainTask {
  std::string model;             // its name
  mlir::Operation *op = nullptr; // the rnn.model; where there are windows
  Gradients *training = nullptr;
  Gradients *evaluation = nullptr;          // of the validation loss; its parameters are among the others
  std::set<std::string> moved;              // paths of the parameters that a loss moves; all others stay as they are
  std::vector<std::string> measures;        // names of what both give among the losses, but that is only looked at
  Dataset data, valid;                      // without samples: there is no validation
  const reference::Params *start = nullptr; // null: made from the seed
};

struct TrainOutcome {
  bool interrupted = false;
  int64_t steps = 0;
  double loss = 0; // of the last step
};

/// In an open folder. `interrupted` is asked after each step: if so, the training is saved and ends.
llvm::Expected<TrainOutcome> train(const TrainTask &task, const TrainOptions &options, const TrainFolder &folder,
                                   Progress &progress, const std::function<bool()> &interrupted);

} // namespace rondo::train
#endif
