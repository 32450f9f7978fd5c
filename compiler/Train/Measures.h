// Measures beside losses: where a loss is the cross entropy of a class, how often the class is the likeliest.
#ifndef RONDO_TRAIN_MEASURES_H
#define RONDO_TRAIN_MEASURES_H

#include <string>
#include <vector>

namespace rondo::rnn {
class ModelOp;
}

namespace rondo::train {

/// Adds to a model, for each loss that is -log_softmax(x)[y], perhaps sampled, weighted or summed, a loss
/// `NAME.accuracy` that moves nothing: 1 where x is largest at y, else 0. The only one is called `accuracy`, if no loss is. Gives the
/// names of what it has added.
std::vector<std::string> addAccuracies(rnn::ModelOp model);

} // namespace rondo::train
#endif
