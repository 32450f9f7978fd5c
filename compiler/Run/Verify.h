// The interpreter against itself: what must hold of every model, whatever it computes.
#ifndef RONDO_RUN_VERIFY_H
#define RONDO_RUN_VERIFY_H

#include "compiler/IR/Rnn.h"
#include "compiler/Run/Structure.h"
#include "runtime/Plan.h"
#include <algorithm>

namespace rondo::run {

struct Property {
  enum class Status { Holds, Fails, Skipped };
  std::string name;
  Status status = Status::Holds;
  double difference = 0; // the largest one found
  double allowed = 0;
  std::string where;          // of the largest difference: "output y, sample 1, tick 3, element 0"
  std::string note;           // why it was skipped, or what else there is to say
  bool hasOtherTicks = false; // an event falls at one tick here and at another there
};

struct VerifyOptions {
  int64_t samples = 3;
  int64_t length = 12; // of the longest sample; there are empty samples and empty segments too
  uint64_t seed = 0;
  runtime::WeightFormat weights = runtime::WeightFormat::F32; // of the machine code
  // How far the interpreter in single precision was from itself in double precision, and whether it moved events.
  double rounding = 0;
  bool roundingMovesEvents = false;
  /// How far compiled code may be. Another order of sums takes it as far as that once, a few times as far another time.
  double allowed() const { return std::max(1e-5, 8 * rounding); }
};

/// Inputs as the properties are tried on, `length` ticks at most.
llvm::Expected<reference::Batch> irregularBatch(const dsl::Model &model, int64_t samples, int64_t length,
                                                uint64_t seed);

/// Runs all properties on inputs made from the seed. An error if the model cannot be run at all.
llvm::Expected<std::vector<Property>> verifyModel(rnn::ModelOp op, const dsl::Model &model,
                                                  const reference::Params &params, const VerifyOptions &options);

/// What the properties of a model tell of rounding.
void setRounding(VerifyOptions &options, llvm::ArrayRef<Property> properties);

} // namespace rondo::run
#endif
