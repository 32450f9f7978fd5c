// The meaning of everything: executes an `rnn.model` op by op, value(v, sample, tick) on demand and memoised, in fp64
// or fp32. It shares no code with any lowering and is written to be read. A `step.schedule` means the same, but says in
// which order: its groups are executed one after another, and what is needed before it is computed is an error.
//
// Data is given and returned a sample at a time, unpadded: rows of a clock are its ticks in time order.
#ifndef RONDO_REFERENCE_INTERPRETER_H
#define RONDO_REFERENCE_INTERPRETER_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace rondo::rnn {
class ModelOp;
}
namespace rondo::step {
class ScheduleOp;
}

namespace rondo::reference {

struct Program;

/// A dense row-major array. Reals use `reals`, ints, bools (0, 1) and tokens `ints`; the other vector is empty.
struct Array {
  std::vector<int64_t> shape;
  bool isReal = true;
  std::vector<double> reals;
  std::vector<int64_t> ints;
  int64_t size() const;
};

/// The rows of one stream: for each sample an array whose first axis is the rows. For an input on an axis clock: one
/// row a tick of a base axis, one row a segment (empty ones included, never read) of a segment axis; on `sample` one
/// row.
using Rows = std::vector<Array>;

/// The ragged structure of a batch.
struct Batch {
  int64_t samples = 0;
  /// Base axis name (the finest of a chain) -> ticks of each sample.
  std::map<std::string, std::vector<int64_t>> lengths;
  /// Segment axis name -> for each sample offsets into the rows of the next finer axis: n+1 numbers for n segments,
  /// from 0 to that axis's row count, never decreasing; equal neighbours are an empty segment.
  std::map<std::string, std::vector<std::vector<int64_t>>> offsets;
  std::map<std::string, Rows> inputs;
};

using Params = std::map<std::string, Array>; // by path

/// All that a causal model remembers between calls, a sample: slot values, last values that `latest` saw, open
/// reductions, tick counts. Opaque; made by run(), copied freely.
struct State;

struct Options {
  bool fp64 = true;  // else every result is rounded to float
  uint64_t seed = 0; // of `random`
};

/// What one stream did: where it ticked, and its rows. A value without a clock has none, no ticks, and as rows one
/// array of its shape.
struct Stream {
  std::string name;
  std::string clock; // display text: "step", "step when every(4)"
  /// By sample: the base ticks (indices into the finest axis) at which it ticked; on `sample` the last base tick (or -1
  /// where there is none). In a run that goes on they are counted from its own beginning; rows of a segment that was
  /// open come when it ends, at negative ticks.
  std::vector<std::vector<int64_t>> ticks;
  std::vector<std::string> axisClocks;      // ragged: the collected clock's name, else empty
  Rows rows;                                // [tick, ...]; a ragged value has rows (tick, source) in order ...
  std::vector<std::vector<int64_t>> counts; // ... and this many source rows at each tick
};

struct LossValue {
  std::string name;
  double value = 0;  // mean over the valid ticks of the batch; 0 if none
  int64_t ticks = 0; // how many; 0 for a loss without a clock
  Array perTick;     // the values that were averaged, in (sample, tick) order
};

struct Result {
  std::map<std::string, Stream> outputs;
  std::vector<LossValue> losses;
  std::shared_ptr<const State> state; // null unless asked for
};

/// Initial values of all parameters from a seed: each path has its own stream of random numbers.
Params initialise(rnn::ModelOp model, uint64_t seed);
Params initialise(step::ScheduleOp schedule, uint64_t seed);

class Interpreter {
public:
  /// Checks parameters (all there, right shapes and types, no unknown path) and keeps them.
  static llvm::Expected<std::unique_ptr<Interpreter>> create(rnn::ModelOp model, const Params &params, Options options);
  /// Of a schedule: computes all of it, in its order. It runs whole batches: no state goes in or out.
  static llvm::Expected<std::unique_ptr<Interpreter>> create(step::ScheduleOp schedule, const Params &params,
                                                             Options options);
  ~Interpreter();

  /// Checks the batch (lengths agree, offsets in order, shapes, tokens in range), then computes all outputs and losses.
  /// `from`: state that an earlier call returned (causal models); `keepState`: return the state after the last tick.
  /// With `from` the batch is the continuation: tick counts, open segments and reductions go on. A segment that is
  /// still open at the end of a part is described by `openSegments` (axis names): its last segment does not end here.
  llvm::Expected<Result> run(const Batch &batch, const State *from = nullptr, bool keepState = false,
                             const std::vector<std::string> &openSegments = {});

  /// Every named equation's stream, inputs left out (for the timeline): name, clock, ticks; rows only where `values`.
  llvm::Expected<std::vector<Stream>> trace(const Batch &batch, bool values = false);

private:
  struct Impl;
  explicit Interpreter(std::unique_ptr<Impl> impl);
  static llvm::Expected<std::unique_ptr<Interpreter>> create(llvm::Expected<std::shared_ptr<const Program>> program);
  std::unique_ptr<Impl> impl;
};

/// How `generate` chooses the next row.
struct GenerateOptions {
  enum class Mode { Greedy, Sample, Beam } mode = Mode::Greedy;
  double temperature = 1;
  int64_t topK = 0; // 0: all
  int64_t beams = 1;
  double lengthPenalty = 0;                  // score / length^penalty; the stop token counts
  uint64_t seed = 0;                         // of sampling
  int64_t limit = -1, stop = -1, start = -1; // override the program's; -1: as written
  Array prompt; // rows of the generated input, forced first, in place of start; not counted by the limit
};

struct Generated {
  Array rows;        // tokens, or rows of the input's shape, without start, prompt and stop token
  double score = 0;  // sum of log probabilities (tokens), that of the stop token too
  double margin = 1; // of draws: how little of all probability, somewhere else, might have drawn another token
};

/// Runs the model's `generate` for each sample of `batch` (its other inputs; the generated input is absent).
/// Returns, a sample, the results best first (Beam: up to `beams`, ties by the smaller token sequence).
llvm::Expected<std::vector<std::vector<Generated>>>
generate(rnn::ModelOp model, const Params &params, const Batch &batch, Options options, const GenerateOptions &how);

} // namespace rondo::reference
#endif
