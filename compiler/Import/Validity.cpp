// What `next` makes invalid (S7): `next(x)` is a slot read against time, and at the last tick there is nothing to read. A
// value computed from it is not valid there either:
//
// | Model                 | value                       | valid                                              |
// |-----------------------|-----------------------------|----------------------------------------------------|
// | next(x)               | read of a reverse state     | tick reverse != 0; of x that is not always valid:  |
// |                       |                             | read of a reverse state of x's mask                |
// | one tick's operations | as ever                     | and of the operands'                               |
// | when, spread          | as ever                     | the mask sampled, spread                           |
// | hold                  | as ever                     | not (the inverted mask held): valid before any tick|
// | reductions, collect   | of x sampled where valid    | everywhere                                         |
// | slots, forward        | as ever                     | everywhere: the last tick's write is never read    |
// | an event's condition  | and of it and its mask      |                                                    |
// | loss                  | as ever                     | the mask is given to rnn.loss                      |
#include "compiler/Import/Importer.h"

namespace rondo::import {

Value Importer::importNextValue(const dsl::Node &node, Imported &result) {
  dsl::NodeId id = node.operands[0];
  const dsl::Node &x = model.nodes[id];
  if (!x.clock)
    return operand(id, home(node.type, node.clock), element(node.type));
  Space space = home(x.type, x.clock);
  result.rows = space.rows;
  bool reverse = !clocks.reverse(node.scope);
  rnn::ScopeAttr cuts = clocks.cuts(node.scope);
  auto following = [&](Value value) -> Value {
    auto stream = llvm::cast<rnn::StreamType>(value.getType());
    Value state = rnn::StateOp::create(b, rnn::StateType::get(stream), freshPath("next"), reverse, cuts);
    rnn::NextOp::create(b, state, value);
    return rnn::ReadOp::create(b, stream, state);
  };
  if (Value valid = imported[id].valid) {
    result.valid = following(valid);
  } else {
    Value left = tick(space.ticks, reverse, cuts);
    result.valid = rnn::CompareOp::create(b, rnn::Predicate::Ne, left, constant(0, left.getType()));
  }
  Value value = operand(id, space, element(node.type));
  if (space.rows && space.clock == space.rows) // one tick a sample: none follows
    return constant(0, value.getType());
  return following(value);
}

Value Importer::validOf(const dsl::Node &node) {
  Value valid;
  for (dsl::NodeId id : node.operands)
    valid = both(valid, imported[id].valid);
  return valid;
}

Value Importer::both(Value a, Value c) {
  if (!a || !c || a == c)
    return a ? a : c;
  return rnn::AndOp::create(b, a, c);
}

/// A new clock that ticks where the condition is true.
ClockInterface Importer::eventOf(Value condition) {
  ClockInterface &known = eventsMade[condition];
  if (!known) {
    known = rnn::EventClockAttr::get(nextEvent++, rnn::clockOf(condition.getType()));
    rnn::EventOp::create(b, llvm::cast<rnn::EventClockAttr>(known), condition);
  }
  return known;
}

/// The event clocks that this node is the condition of, defined as soon as it is there.
void Importer::importEvents(dsl::NodeId condition) {
  for (const dsl::Clock *event : eventsOf.lookup(condition)) {
    Space space{clocks.clock(event->parent), clocks.clock(event->parent), {}};
    Value value = both(operand(condition, space, boolean), imported[condition].valid);
    rnn::EventOp::create(b, llvm::cast<rnn::EventClockAttr>(clocks.clock(event)), value);
  }
}

} // namespace rondo::import
