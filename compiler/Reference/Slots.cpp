// What remembers: a read sees its state's last write strictly before its own position, a take sums all that was put
// since the take before.
#include "compiler/Reference/Rules.h"
#include "compiler/Reference/Sight.h"
#include <algorithm>
#include <cstring>

namespace rondo::reference {
namespace {

class ReadRule final : public Rule {
public:
  explicit ReadRule(int32_t slot) : slot(slot) {}
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    const Slot &s = e.program().slots[slot];
    if (s.next < 0)
      return e.zeros(s.type.size);
    return look(e, s.next, e.program().typeOf(self).clock, place, /*strict=*/true, s.reverse, s.scope);
  }

private:
  int32_t slot;
};

/// Forward, a take at a gets what was put at b in [previous take, a); in reverse in (a, next take]: at one position the
/// take comes before the puts. So a put at b goes to that a which a read at b in the other direction would have seen.
class TakeRule final : public Rule {
public:
  explicit TakeRule(int32_t slot) : slot(slot) {}

  Row evaluate(Evaluation &e, ValueId, Place place) const override {
    const Slot &s = e.program().slots[slot];
    Timeline &time = e.timeline(place.sample);
    struct Put {
      int32_t position;
      size_t order; // of the text
      Row row;
    };
    std::vector<Put> puts;
    bool ready = true;
    for (ValueId put : s.puts) {
      Sight sight(e.program(), e.program().typeOf(put).clock, s.type.clock);
      int32_t here = sight.position(time, place);
      int32_t limit = time.reach(s.scope, sight.root, here, s.reverse);
      if (limit == unknown)
        return nullptr;
      int32_t other = s.reverse ? time.first(sight.toTime, sight.root, here + 1, limit)
                                : time.last(sight.toTime, sight.root, here - 1, limit);
      if (other == unknown)
        return nullptr;
      int32_t low = s.reverse ? here + 1 : other == nowhere ? limit : other;
      int32_t high = !s.reverse ? here - 1 : other == nowhere ? limit : other;
      llvm::SmallVector<std::pair<int32_t, Place>> places;
      if (!sight.placesWithin(time, place.sample, low, high, sight.row(place), places))
        return nullptr;
      for (auto &[position, from] : places) {
        Row row = e.ask(put, from);
        ready &= row != nullptr;
        puts.push_back({position, puts.size(), row});
      }
    }
    if (!ready)
      return nullptr;
    if (puts.empty())
      return e.zeros(s.type.size);
    // In the order of time, and at one position in the order of the text.
    std::sort(puts.begin(), puts.end(), [&](const Put &a, const Put &b) {
      if (a.position != b.position)
        return s.reverse ? a.position > b.position : a.position < b.position;
      return a.order < b.order;
    });
    double *sum = e.newReals(s.type.size);
    std::memcpy(sum, puts[0].row, s.type.size * sizeof(double));
    for (size_t k = 1; k < puts.size(); ++k)
      for (int64_t i = 0; i < s.type.size; ++i)
        sum[i] = rounded(sum[i] + reals(puts[k].row)[i], e.fp64());
    return sum;
  }

private:
  int32_t slot;
};

} // namespace

std::unique_ptr<Rule> makeSlotRule(Compiler &c, mlir::Operation *op, unsigned) {
  if (auto read = llvm::dyn_cast<rnn::ReadOp>(op))
    return std::make_unique<ReadRule>(c.slots.lookup(read.getSlot()));
  if (auto take = llvm::dyn_cast<rnn::TakeOp>(op))
    return std::make_unique<TakeRule>(c.slots.lookup(take.getSlot()));
  return nullptr;
}

} // namespace rondo::reference
