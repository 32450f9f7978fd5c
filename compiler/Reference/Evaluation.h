// One evaluation of a program on a batch: rows on demand, each computed once. There is no order of execution: a rule
// asks for the rows that it needs, and an explicit list of work replaces recursion, so that chains of any length do.
// Of a schedule rows are computed only by `compute`, in the order of its calls.
#ifndef RONDO_REFERENCE_EVALUATION_H
#define RONDO_REFERENCE_EVALUATION_H

#include "compiler/Reference/Timeline.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Allocator.h"
#include <algorithm>
#include <optional>

namespace rondo::reference {

using Arena = llvm::BumpPtrAllocator;

/// The rows of one value in one sample that have been computed, by position (and on pair clocks by source position).
struct Column {
  std::vector<Row> rows;
  std::vector<std::vector<Row>> pairs;
};

/// One sample of the batch (in generation: one hypothesis).
struct Sample {
  int32_t index; // of the batch: what `random` sees
  Timeline timeline;
  std::vector<Column> columns;       // by value
  std::vector<const Array *> inputs; // by input; null: absent
  bool generates = false;            // then rows of the generated input come from here:
  std::vector<Row> generated;
};

class Evaluation : public EventSource {
public:
  explicit Evaluation(std::shared_ptr<const Program> program);

  const Program &program() const { return *owner; }
  bool fp64() const { return owner->fp64; }
  std::vector<Sample> &samples() { return all; }
  Timeline &timeline(int32_t sample) { return all[sample].timeline; }
  /// Adds a sample with these lengths and segments (see Timeline) and no rows.
  Sample &addSample(int32_t index, std::vector<int32_t> lengths, std::vector<std::vector<int32_t>> rowAt);

  //===--- For rules ---===//
  /// The row, or null: then it will be there when the rule is evaluated again.
  Row ask(ValueId value, Place place);
  /// Keeps a row that a rule found on the way to another.
  void store(ValueId value, Place place, Row row) { cell(value, place) = row; }
  double *newReals(int64_t size) { return memory->Allocate<double>(std::max<int64_t>(size, 1)); } // never null
  int64_t *newInts(int64_t size) { return memory->Allocate<int64_t>(std::max<int64_t>(size, 1)); }
  Row zeros(int64_t size);
  /// The row that `value` had when it was last computed from the same operand rows, or null. Rows are immutable, so
  /// what does not change from tick to tick is computed and kept once.
  Row sameAsBefore(ValueId value, llvm::ArrayRef<Row> operands) const;
  void remember(ValueId value, llvm::ArrayRef<Row> operands, Row result);
  /// All places of a clock in (sample, tick, row) order; none if ticks are unknown yet.
  std::optional<std::vector<Place>> allPlaces(ClockId clock);
  std::optional<std::vector<Place>> placesOf(ClockId clock, int32_t sample);
  /// Stops the evaluation; the value and place whose rule says this are put in front.
  void fail(const llvm::Twine &message);
  /// "'enc.h' (rnn.mul), sample 0, tick 3"
  std::string describe(ValueId value, Place place) const;

  //===--- For those who start an evaluation ---===//
  llvm::Expected<Row> get(ValueId value, Place place);
  /// Repeats `attempt` until it returns true, computing in between what it asked for.
  llvm::Error settle(llvm::function_ref<bool()> attempt);

  /// Computes the row now; what it needs must be there.
  llvm::Error compute(ValueId value, Place place);

  Answer holds(ValueId condition, int32_t sample, int32_t at) override;

  /// Owners of rows, for who keeps some longer than the evaluation.
  std::shared_ptr<const Program> owner;
  std::shared_ptr<Arena> memory = std::make_shared<Arena>();

private:
  struct Task {
    ValueId value;
    Place place;
  };
  struct Known {
    llvm::SmallVector<Row, 3> operands;
    Row result = nullptr;
  };

  Row &cell(ValueId value, Place place);
  void work();

  std::vector<Sample> all;
  std::vector<Row> tensors; // by value
  std::vector<Known> known; // by value
  std::vector<Task> tasks;  // the last first
  llvm::DenseMap<int64_t, Row> zeroRows;
  std::string error;
};

} // namespace rondo::reference
#endif
