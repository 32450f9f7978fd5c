// All that a training needs to go on as if it had never stopped, in one safetensors file: each parameter under its
// path, the optimiser's slots as PATH@0, PATH@1, and the rest as metadata.
#ifndef RONDO_TRAIN_CHECKPOINT_H
#define RONDO_TRAIN_CHECKPOINT_H

#include "compiler/Train/Evaluate.h"
#include "llvm/ADT/StringRef.h"
#include <limits>

namespace rondo::train {

/// What was asked for, by option, as the options' texts.
using Settings = std::map<std::string, std::string>;

struct Checkpoint {
  std::string model;
  Settings settings;
  uint64_t data = 0;  // fingerprint of the training data
  int64_t step = 0;   // steps that are done
  int64_t epoch = 0;  // epochs that are
  int64_t batch = 0;  // batches of the next epoch that are. With the seed these say all of the order of samples, and
                      // of `random`: nothing is drawn from a generator that has a state
  int64_t window = 0; // windows of the next batch that are done, behind which
  std::vector<int64_t> memory;                           // this is remembered of its samples; empty if there are none
  std::vector<Means::Sum> sums;                          // of the losses of that epoch so far
  double best = std::numeric_limits<double>::infinity(); // lowest validation loss
  int64_t slots = 0;                                     // of the optimiser
  Floats parameters, state;                              // as in Gradients.h and runtime/Optimise.h
};

/// Appears whole or not at all, in place of an earlier one.
llvm::Error writeCheckpoint(llvm::StringRef path, const Checkpoint &checkpoint, const std::vector<Parameter> &layout);

/// The settings alone, to know what to go on with.
llvm::Expected<Settings> readSettings(llvm::StringRef path);

/// Whether no step is done in it: all that it has was made from the options.
bool isOfNoStep(llvm::StringRef path);

/// Checks that it is one of the model, with the same parameters. `floats`: of the buffer.
llvm::Expected<Checkpoint> readCheckpoint(llvm::StringRef path, llvm::StringRef model,
                                          const std::vector<Parameter> &layout, int64_t floats);

} // namespace rondo::train
#endif
