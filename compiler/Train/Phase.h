// A phase of training: which losses count in it, and which parameters it moves. What is in no phase is not computed.
#ifndef RONDO_TRAIN_PHASE_H
#define RONDO_TRAIN_PHASE_H

#include "llvm/Support/Error.h"
#include <set>
#include <string>
#include <vector>

namespace rondo::rnn {
class ModelOp;
}

namespace rondo::train {

/// Groups are paths of parameters, or what they begin with up to a point: `m`, `m.0`, `m.0.W`; `m[0]` is `m.0`.
struct Phase {
  std::vector<std::string> losses;        // by name; none: all
  std::vector<std::string> train, freeze; // at most one of them has groups

  bool moves(llvm::StringRef path) const;
};

/// Takes all losses out of a model that do not count. An error if there is none of a name.
llvm::Error chooseLosses(rnn::ModelOp model, const Phase &phase);

/// Lets the losses of a model move what the phase trains, of what the program lets them. Gives the paths of all that some
/// loss moves; an error if that is nothing.
llvm::Expected<std::set<std::string>> chooseParameters(rnn::ModelOp model, const Phase &phase);

} // namespace rondo::train
#endif
