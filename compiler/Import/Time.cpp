// Slots, and crossings from clock to clock.
//
// | Model                | forward scope                       | reverse scope                                            |
// |----------------------|-------------------------------------|----------------------------------------------------------|
// | Slot, Read           | state, read, next                   | .. reverse                                               |
// | .. with initial v    | select(tick == 0, v, read)          | tick reverse == 0                                        |
// | .. that keeps v      | v sampled at the first tick, held   | the same, reverse; v itself if it is a tensor            |
// | Tick                 | tick                                | tick reverse                                             |
// | Every                | tick % P == K                       | tick reverse % P == K                                    |
// | Segment s            | tick reverse restart(after #s) == 0 | tick restart(after #s) == 0                              |
// | When c               | latest                              | latest; c a segment: reduce first                        |
// | Hold                 | latest                              | latest reverse; of a segment: from its first tick on     |
// | ReducePer c          | reduce                              | reduce reverse; c a segment: reduce, or latest for first |
// | Spread               | latest reverse                      | the same                                                 |
// | Next                 | Validity.cpp                        |                                                          |
//
// A reversed application is its mirror image (S6): it sees a segment's rows last to first, so that the tick at which the
// segment is complete (C3, C5, C7; `when sentence`, `hold`) is the segment's *first* row. The dialect has one position for
// a segment's tick, the last row, in both directions. Hence in a reverse scope, with s a segment clock:
//   `x when s` is x at s's first row, which a forward `reduce first` brings to s's tick;
//   `sum(x, per = s)` are the same rows in either direction, and `first(x, per = s)` is the last of them;
//   `hold(y)` of y on s is to be seen from s's first row on, in reverse. For this, and for reductions that a cut of the
//   scope breaks inside s (S4), s is replaced by the event of its first rows, whose positions are the mirrored ticks.
// All of these carry the scope's cuts where they remember (S9); `when` and `spread` do not.
#include "compiler/Import/Importer.h"
#include <limits>

namespace rondo::import {

using rnn::Reduction;

Value Importer::latest(Value x, ClockInterface clock, bool reverse, rnn::ScopeAttr cuts) {
  auto from = llvm::cast<rnn::StreamType>(x.getType());
  return from.getClock() == clock ? x : Value(rnn::LatestOp::create(b, from.withClock(clock), x, reverse, cuts));
}

Value Importer::reduce(Reduction kind, Value x, ClockInterface clock, bool reverse, rnn::ScopeAttr cuts) {
  auto from = llvm::cast<rnn::StreamType>(x.getType());
  return rnn::ReduceOp::create(b, from.withClock(clock), kind, x, reverse, cuts);
}

//===--- Counting ----------------------------------------------------------------------------------------------===//

Value Importer::tick(ClockInterface clock, bool reverse, rnn::ScopeAttr cuts) {
  Value &known = ticks[{clock.getAsOpaquePointer(), reverse, cuts.getAsOpaquePointer()}];
  if (!known)
    known = rnn::TickOp::create(b, valueType({}, integer, clock), reverse, cuts);
  return known;
}

Value Importer::isFirst(ClockInterface clock, bool reverse, rnn::ScopeAttr cuts) {
  return compareTick(rnn::Predicate::Eq, clock, reverse, cuts);
}

Value Importer::compareTick(rnn::Predicate predicate, ClockInterface clock, bool reverse, rnn::ScopeAttr cuts) {
  Value &known = compared[{predicate, tick(clock, reverse, cuts)}];
  if (!known) {
    Value count = tick(clock, reverse, cuts);
    known = rnn::CompareOp::create(b, predicate, count, constant(0, count.getType()));
  }
  return known;
}

Value Importer::importTick(const dsl::Node &node) {
  return tick(clocks.clock(node.clock), clocks.reverse(node.scope), clocks.cuts(node.scope));
}

Value Importer::importEvery(const dsl::Node &node) {
  Value count = importTick(node);
  Value rest = rnn::ModOp::create(b, count, constant(node.ints[0], count.getType()));
  return rnn::CompareOp::create(b, rnn::Predicate::Eq, rest, constant(node.ints[1], count.getType()));
}

Value Importer::importSegment(const dsl::Node &node) {
  return isFirst(clocks.clock(node.clock), !clocks.reverse(node.scope), clocks.after(clocks.clock(node.segment)));
}

/// The clock of the first ticks of `axis` in each tick of `segment`.
ClockInterface Importer::firstTickOf(const dsl::Clock *segment, const dsl::Clock *axis) {
  return eventOf(isFirst(clocks.clock(axis), false, clocks.after(clocks.clock(segment))));
}

/// Whether some cut of the scope may lie between two rows of a segment.
bool Importer::cutsInside(uint32_t scope, const dsl::Clock *segment) {
  for (const dsl::Cut &cut : model.scopes[scope].cuts) {
    const dsl::Clock *up = segment;
    while (up && up != cut.clock)
      up = up->kind == dsl::Clock::Kind::Axis ? up->parent : nullptr;
    if (cut.before || !up)
      return true;
  }
  return false;
}

//===--- Slots -------------------------------------------------------------------------------------------------===//

/// Nothing is ever written but what was read: the slot keeps its initial value.
bool Importer::keepsStart(const dsl::Slot &slot) const {
  if (slot.next == dsl::noNode)
    return true;
  const dsl::Node &next = node(slot.next);
  return next.op == dsl::Op::Read && &graph.slots[next.index] == &slot;
}

Value Importer::importRead(const dsl::Node &node) {
  const dsl::Slot &slot = graph.slots[node.index];
  Space space = home(slot.type, slot.clock);
  mlir::Type stream = type(slot.type, space.clock);
  bool hasStart = slot.init != dsl::noNode;
  if (keepsStart(slot))
    return hasStart ? importKeptStart(slot, space) : constant(0, stream);
  if (!states[node.index]) // one tick a sample: there is none before
    return hasStart ? operand(slot.init, space, element(slot.type), rowShape(slot.type)) : constant(0, stream);
  Value read = rnn::ReadOp::create(b, stream, states[node.index]);
  if (!hasStart)
    return read;
  Value first = inSpace(isFirst(space.ticks, clocks.reverse(slot.scope), clocks.cuts(slot.scope)), space, {});
  Value start = operand(slot.init, space, element(slot.type), rowShape(slot.type));
  return rnn::SelectOp::create(b, first, start, read);
}

/// `v fby m` as m's own definition: one draw of v a run.
Value Importer::importKeptStart(const dsl::Slot &slot, Space space) {
  Value start = this->node(slot.init).op == dsl::Op::Constant ? operand(slot.init, {}) : imported[slot.init].value;
  start = toShape(toElement(start, element(slot.type)), rowShape(slot.type));
  if (!rnn::clockOf(start.getType()))
    return start;
  bool reverse = clocks.reverse(slot.scope);
  rnn::ScopeAttr cuts = clocks.cuts(slot.scope);
  start = inSpace(start, space, imported[slot.init].rows);
  if (space.rows && space.clock == space.rows) // one tick a sample
    return start;
  ClockInterface first = rnn::EveryClockAttr::get(std::numeric_limits<int64_t>::max(), 0, space.ticks, reverse, cuts);
  return latest(latest(start, withRows(first, start)), space.clock, reverse, cuts);
}

void Importer::importNext(uint32_t index) {
  if (!states[index])
    return;
  const dsl::Slot &slot = graph.slots[index];
  Value next = operand(slot.next, home(slot.type, slot.clock), element(slot.type), rowShape(slot.type));
  rnn::NextOp::create(b, states[index], next);
}

//===--- Crossings ---------------------------------------------------------------------------------------------===//

Value Importer::importWhen(const dsl::Node &node, Imported &result) {
  dsl::NodeId id = node.operands[0];
  const dsl::Node &x = graph.nodes[id];
  if (!x.clock)
    return operand(id, home(node.type, node.clock), element(node.type));
  Space from = home(x.type, x.clock), to = home(node.type, node.clock);
  result.rows = to.rows;
  if (imported[id].valid)
    result.valid = sample(imported[id].valid, x, node);
  Value value = operand(id, from, element(node.type));
  bool ownRows = from.rows && from.clock == from.rows;
  return ownRows ? inSpace(value, to, from.rows) : sample(value, x, node);
}

Value Importer::sample(Value x, const dsl::Node &from, const dsl::Node &to) {
  bool mirrored = clocks.reverse(to.scope) && isSegment(to.clock, from.clock);
  auto rows = llvm::dyn_cast<rnn::PairClockAttr>(rnn::clockOf(x.getType()));
  if (rows && to.clock->kind == dsl::Clock::Kind::Sample) // each row's last target tick; its first in a mirror
    return reduce(Reduction::First, x, rows.getSource(), !mirrored);
  ClockInterface clock = withRows(clocks.clock(to.clock), x);
  return mirrored ? reduce(Reduction::First, x, clock) : latest(x, clock, clocks.reverse(to.scope));
}

Value Importer::importHold(const dsl::Node &node, Imported &result) {
  dsl::NodeId id = node.operands[0];
  const dsl::Node &x = graph.nodes[id];
  if (!x.clock)
    return operand(id, home(node.type, node.clock), element(node.type));
  Space from = home(x.type, x.clock), to = home(node.type, node.clock);
  result.rows = to.rows;
  if (imported[id].valid) // before the first tick there is nothing invalid yet
    result.valid = rnn::NotOp::create(b, hold(rnn::NotOp::create(b, imported[id].valid), x.clock, node));
  auto seen = [&] { return inSpace(hold(constant(1, valueType({}, boolean, from.ticks)), x.clock, node), to, {}); };
  Value value = operand(id, from, element(node.type)), held;
  if (from.rows && from.clock == from.rows) { // rows of the sample: theirs is no clock in time
    Value isSeen = seen(), crossed = inSpace(value, to, from.rows), zero = constant(0, type(node.type, to.clock));
    held = rnn::SelectOp::create(b, isSeen, crossed, zero);
  } else {
    held = hold(value, x.clock, node);
  }
  if (node.operands.size() < 2)
    return held;
  Value start = operand(node.operands[1], to, element(node.type), rowShape(node.type));
  return rnn::SelectOp::create(b, seen(), held, start);
}

Value Importer::hold(Value x, const dsl::Clock *from, const dsl::Node &to) {
  bool reverse = clocks.reverse(to.scope);
  rnn::ScopeAttr cuts = clocks.cuts(to.scope);
  const dsl::Clock *segment = axisOf(from);
  if (reverse && isSegment(segment, axisOf(to.clock))) {
    x = latest(x, withRows(clocks.clock(segment), x), true, cuts);
    x = latest(x, withRows(firstTickOf(segment, axisOf(to.clock)), x), true);
  }
  return latest(x, withRows(clocks.clock(to.clock), x), reverse, cuts);
}

Value Importer::importSpread(const dsl::Node &node, Imported &result) {
  dsl::NodeId id = node.operands[0];
  if (!graph.nodes[id].clock)
    return operand(id, home(node.type, node.clock), element(node.type));
  const Imported &in = imported[id];
  result.rows = in.rows;
  if (in.valid)
    result.valid = latest(in.valid, clocks.clock(node.clock), true);
  if (!rnn::clockOf(in.value.getType()) || (in.rows && rnn::clockOf(in.value.getType()) == in.rows))
    return in.value;
  ClockInterface to = clocks.clock(node.clock);
  return latest(in.value, in.rows ? pair(to, in.rows, raggedAxis(node.type)) : to, true);
}

Value Importer::importReducePer(const dsl::Node &node) {
  dsl::NodeId id = node.operands[0];
  dsl::Node x = graph.nodes[id];
  if (!x.clock) // a constant: `segment` says on which clock it is used
    x.clock = node.segment;
  if (!x.clock)
    return fail("a reduction over ticks of a value without a clock");
  Value value = operand(id, home(x.type, x.clock), element(node.type));
  if (Value valid = imported[id].valid) // S7: a reduction counts the valid ticks
    value = latest(value, eventOf(valid));
  auto kind = Reduction(node.reduction);
  bool reverse = clocks.reverse(node.scope);
  rnn::ScopeAttr cuts = clocks.cuts(node.scope);
  ClockInterface clock = clocks.clock(node.clock);
  if (!reverse || !isSegment(node.clock, x.clock))
    return reduce(kind, value, clock, reverse, cuts);
  if (!cutsInside(node.scope, node.clock))
    return kind == Reduction::First ? latest(value, clock, false, clocks.after(clock)) : reduce(kind, value, clock);
  return latest(reduce(kind, value, firstTickOf(node.clock, axisOf(x.clock)), true, cuts), clock);
}

/// The clock, or, if x is on a pair clock, its pair with the same rows.
ClockInterface Importer::withRows(ClockInterface clock, Value x) {
  auto rows = llvm::dyn_cast<rnn::PairClockAttr>(rnn::clockOf(x.getType()));
  return rows ? ClockInterface(rnn::PairClockAttr::get(clock, rows.getSource(), rows.getPer())) : clock;
}

} // namespace rondo::import
