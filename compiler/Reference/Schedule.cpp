#include "compiler/Reference/Schedule.h"
#include <algorithm>

namespace rondo::reference {
namespace {

class Executor {
public:
  explicit Executor(Evaluation &evaluation) : evaluation(evaluation), program(evaluation.program()) {}

  llvm::Error run() {
    for (const InputInfo &input : program.inputs)
      if (llvm::Error e = computeAll(input.value))
        return e;
    for (const Group &group : program.groups)
      if (llvm::Error e = run(group))
        return llvm::createStringError(group.text + ": " + llvm::toString(std::move(e)));
    return llvm::Error::success();
  }

private:
  llvm::Error run(const Group &group) {
    switch (group.kind) {
    case Group::Kind::All:
      for (ValueId value : group.values)
        if (llvm::Error e = computeAll(value))
          return e;
      return llvm::Error::success();
    case Group::Kind::Par: return par(group);
    case Group::Kind::Scan: return scan(group);
    }
    llvm_unreachable("a kind of group");
  }

  /// Of a tensor: its one place.
  llvm::Expected<std::vector<Place>> placesOf(ClockId clock) {
    std::optional<std::vector<Place>> places;
    if (clock == noClock)
      return std::vector<Place>(1);
    if (llvm::Error e = evaluation.settle([&] { return (places = evaluation.allPlaces(clock)).has_value(); }))
      return e;
    return std::move(*places);
  }

  llvm::Error computeAll(ValueId value) {
    llvm::Expected<std::vector<Place>> places = placesOf(program.typeOf(value).clock);
    if (!places)
      return places.takeError();
    if (program.values[value].backward) // step.affine needs its own row at the tick before
      std::reverse(places->begin(), places->end());
    for (Place place : *places)
      if (llvm::Error e = evaluation.compute(value, place))
        return e;
    return llvm::Error::success();
  }

  llvm::Error par(const Group &group) {
    llvm::Expected<std::vector<Place>> places = placesOf(group.clock);
    if (!places)
      return places.takeError();
    for (Place place : *places)
      for (ValueId value : group.values)
        if (llvm::Error e = evaluation.compute(value, place))
          return e;
    return llvm::Error::success();
  }

  //===--- Loops ---===//

  /// A step of one sequence: a position in the root of the loop's clock.
  struct Step {
    int32_t sample, position;
  };
  using Sequence = std::vector<Step>;

  llvm::Error scan(const Group &group) {
    std::vector<Sequence> sequences;
    if (llvm::Error e = evaluation.settle([&] { return findSequences(group, sequences); }))
      return e;
    size_t longest = 0;
    for (const Sequence &sequence : sequences)
      longest = std::max(longest, sequence.size());
    for (size_t k = 0; k < longest; ++k)
      for (const Sequence &sequence : llvm::reverse(sequences)) // an earlier one must not be needed by a later one
        if (k < sequence.size())
          if (llvm::Error e = step(group, sequence[k]))
            return e;
    for (ValueId value : group.values) // sums over all steps
      if (program.typeOf(value).clock == noClock)
        if (llvm::Error e = evaluation.compute(value, Place()))
          return e;
    return llvm::Error::success();
  }

  /// In (sample, time) order, time in the direction of the loop. False: its ticks or cuts are not known.
  bool findSequences(const Group &group, std::vector<Sequence> &sequences) {
    sequences.clear();
    int32_t root = program.clocks[group.clock].root;
    for (int32_t sample = 0; sample < int32_t(evaluation.samples().size()); ++sample) {
      Timeline &time = evaluation.timeline(sample);
      std::vector<int32_t> ticks;
      if (!time.allTicks(group.clock, ticks))
        return false;
      if (time.length(root) == 0) // where `sample` ticks nevertheless
        ticks.push_back(time.end(root));
      if (group.reverse)
        std::reverse(ticks.begin(), ticks.end());
      for (size_t i = 0; i < ticks.size(); ++i) {
        int32_t reach = time.reach(group.split, root, ticks[i], group.reverse);
        if (reach == unknown)
          return false;
        if (i == 0 || (group.reverse ? ticks[i - 1] > reach : ticks[i - 1] < reach))
          sequences.emplace_back();
        sequences.back().push_back({sample, ticks[i]});
      }
    }
    return true;
  }

  llvm::Error step(const Group &group, Step step) {
    for (ValueId value : group.values) {
      ClockId clock = program.typeOf(value).clock;
      if (clock == noClock)
        continue;
      llvm::SmallVector<Place> places;
      if (llvm::Error e = evaluation.settle([&] { return findPlaces(clock, group.clock, step, places); }))
        return e;
      for (Place place : places)
        if (llvm::Error e = evaluation.compute(value, place))
          return e;
    }
    return llvm::Error::success();
  }

  /// Where a clock of the loop ticks at a step; of a pair, the rows of its target's tick. False: not known.
  bool findPlaces(ClockId clock, ClockId steps, Step step, llvm::SmallVectorImpl<Place> &places) {
    places.clear();
    ClockId own = program.clocks[clock].isPair() ? program.clocks[clock].target : clock;
    Timeline &time = evaluation.timeline(step.sample);
    int32_t root = program.clocks[steps].root, position = step.position;
    if (program.clocks[own].root == noRoot && position == time.end(root)) {
      root = noRoot;
      position = time.end(root);
    }
    Answer ticks = time.ticks(own, root, position);
    if (ticks != Answer::Yes)
      return ticks == Answer::No;
    int32_t at = time.tickAt(own, position);
    if (own == clock) {
      places.push_back({step.sample, at, 0});
      return true;
    }
    const std::vector<int32_t> *rows = time.sourceRows(clock, at);
    for (size_t i = 0; rows && i < rows->size(); ++i)
      places.push_back({step.sample, at, (*rows)[i]});
    return rows;
  }

  Evaluation &evaluation;
  const Program &program;
};

} // namespace

llvm::Error execute(Evaluation &evaluation) { return Executor(evaluation).run(); }

} // namespace rondo::reference
