// The clocks of one model while it is elaborated: the axes its inputs declare, periods, events, and variables for clocks
// that are not known yet. Rules C1 to C8.
#ifndef RONDO_DSL_CLOCKS_H
#define RONDO_DSL_CLOCKS_H

#include "dsl/Model.h"
#include <deque>
#include <functional>
#include <map>

namespace rondo::dsl {

enum class Unify : uint8_t { Same, Differ, SegmentOnEvent };

class ClockTable {
public:
  /// `sameCondition`: whether two bool nodes are the same condition (C4).
  explicit ClockTable(std::function<bool(NodeId, NodeId)> sameCondition);

  const Clock *sample() const { return sampleClock; }
  const Clock *find(llvm::StringRef axis) const; // null where there is none
  /// Declares `finer in coarser`; coarser may be null (sample, or unknown so far). Null on a contradiction.
  const Clock *declareAxis(llvm::StringRef name);
  bool declareParent(const Clock *finer, const Clock *coarser);
  void finishAxes(); // what has no parent is in sample
  llvm::ArrayRef<const Clock *> axes() const { return axisClocks; }

  /// `every(1)` ticks with its parent and equals it; it is kept apart only so that `hold` can rise from it.
  const Clock *every(const Clock *parent, int64_t period, int64_t phase, uint32_t scope);
  const Clock *event(const Clock *parent, NodeId condition);
  const Clock *variable(const Clock *segment = nullptr);

  /// Through bound variables, also inside; compositions of `every` multiply out.
  const Clock *resolve(const Clock *clock);
  const Clock *withoutVariables(const Clock *clock); // no normal form
  bool same(const Clock *a, const Clock *b);
  Unify unify(const Clock *a, const Clock *b);

  const Clock *child(const Clock *coarser) const; // the next finer axis; of `sample`: of the only chain, else null
  const Clock *root(const Clock *clock);          // the finest axis; sample and variables: themselves
  bool isSegment(const Clock *clock) const { return clock == sampleClock || child(clock); }
  bool isKnown(const Clock *clock) { return root(clock)->kind != Clock::Kind::Var; }
  /// Whether `clock` is `axis`'s finer axis, or an axis still finer.
  bool finerAxis(const Clock *clock, const Clock *axis);
  /// The clock itself, what it selects from, ..., down to the finest axis: C7's "x's clock or an ancestor".
  llvm::SmallVector<const Clock *> ancestors(const Clock *clock);
  /// Of these, those before `fine`, which is one of them.
  llvm::SmallVector<const Clock *> levels(const Clock *fine, const Clock *coarse);

  std::string describe(const Clock *clock) {
    return describe(clock, [](NodeId) { return std::string(); });
  }
  std::string describe(const Clock *clock, const std::function<std::string(NodeId)> &condition);

  const ClockAxis *clockAxis(const Clock *collected, const Clock *per);
  /// The same, or made so: ticks whose clock is not known yet, as those of `tick`, are the others.
  bool agree(const ClockAxis *a, const ClockAxis *b) {
    bool isOpen = resolve(a->collected)->kind == Clock::Kind::Var || resolve(b->collected)->kind == Clock::Kind::Var;
    return isOpen && same(a->per, b->per) && unify(a->collected, b->collected) == Unify::Same;
  }
  bool same(const ClockAxis *a, const ClockAxis *b) {
    return a == b || (same(a->collected, b->collected) && same(a->per, b->per));
  }

  std::vector<std::unique_ptr<Clock>> store;
  std::vector<std::unique_ptr<ClockAxis>> axisStore;

private:
  Clock *make(Clock::Kind kind, const Clock *parent);
  Unify bind(const Clock *variable, const Clock *to);
  bool occurs(const Clock *variable, const Clock *in);

  std::function<bool(NodeId, NodeId)> sameCondition;
  const Clock *sampleClock;
  std::vector<const Clock *> axisClocks;
  std::map<std::string, Clock *, std::less<>> byName;
  std::map<const Clock *, const Clock *> childOf; // of axes
  std::vector<const Clock *> events;
};

} // namespace rondo::dsl
#endif
