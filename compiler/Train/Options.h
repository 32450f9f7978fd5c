// What can be asked of a training, from the texts of options.
#ifndef RONDO_TRAIN_OPTIONS_H
#define RONDO_TRAIN_OPTIONS_H

#include "compiler/Train/Checkpoint.h"
#include "compiler/Train/Phase.h"
#include "runtime/Optimise.h"

namespace rondo::train {

struct TrainOptions {
  Settings settings;            // all that the rest is made of
  runtime::Optimiser optimiser; // `total` is found out later
  int64_t epochs = 10, batch = 16;
  int64_t saveEvery = 0; // steps; 0: at the ends of epochs alone
  int64_t tbptt = 0;     // rows of a window, each a step; 0: samples are whole
  uint64_t seed = 0;
  Phase phase;
};

/// By name without dashes. What is not there has its default, which the optimiser decides in part.
///   optimizer  sgd, momentum, nesterov, rmsprop, adam, adamw
///   schedule   constant, step:EVERY:FACTOR, cosine, cosine:LEAST
///   lr, decay, momentum, warmup, clip, clip-value, epochs, batch, tbptt, save-every, seed; loss, train and freeze, with commas between
llvm::Expected<TrainOptions> parseOptions(Settings settings);

/// Options that a training which goes on must have as it had them, and what they are where they are not given.
extern const std::pair<const char *, const char *> fixedOptions[6];

} // namespace rondo::train
#endif
