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
  const dsl::Node &x = graph.nodes[id];
  if (!x.clock)
    return operand(id, home(node.type, node.clock), element(node.type));
  Space space = home(x.type, x.clock);
  result.rows = space.rows;
  bool reverse = !clocks.reverse(node.scope);
  rnn::ScopeAttr cuts = clocks.cuts(node.scope);
  if (Value valid = imported[id].valid)
    result.valid = valueBehind(valid, reverse, cuts);
  else
    result.valid = compareTick(rnn::Predicate::Ne, space.ticks, reverse, cuts);
  Value value = operand(id, space, element(node.type));
  if (space.rows && space.clock == space.rows) // one tick a sample: none follows
    return constant(0, value.getType());
  return valueBehind(value, reverse, cuts);
}

/// The value one tick back in this direction, zero where there is none.
Value Importer::valueBehind(Value value, bool reverse, rnn::ScopeAttr cuts) {
  Value &known = following[{value.getAsOpaquePointer(), reverse, cuts.getAsOpaquePointer()}];
  if (!known) {
    auto stream = llvm::cast<rnn::StreamType>(value.getType());
    Value state = rnn::StateOp::create(b, rnn::StateType::get(stream), freshPath("next"), reverse, cuts);
    rnn::NextOp::create(b, state, value);
    known = rnn::ReadOp::create(b, stream, state);
  }
  return known;
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

/// Of a clock that `eventOf` made.
Value Importer::conditionOf(ClockInterface event) {
  for (auto &[condition, clock] : eventsMade)
    if (clock == event)
      return condition;
  llvm_unreachable("rows are thinned out by events that were made here");
}

/// The event clocks that this node is the condition of, defined as soon as it is there.
void Importer::importEvents(dsl::NodeId condition) {
  for (const dsl::Clock *event : eventsOf.lookup(condition)) {
    Space space{clocks.clock(event->parent), clocks.clock(event->parent), {}};
    Value value = both(operand(condition, space, boolean), imported[condition].valid);
    auto made = rnn::EventOp::create(b, llvm::cast<rnn::EventClockAttr>(clocks.clock(event)), value);
    // The condition's name is the clock's, whatever becomes of the condition.
    mlir::Location named = value.getLoc();
    if (auto input = llvm::dyn_cast<mlir::BlockArgument>(value))
      named = mlir::NameLoc::get(b.getStringAttr(model.inputs[input.getArgNumber()].name), named);
    if (llvm::isa<mlir::NameLoc>(named))
      made->setLoc(named);
  }
}

} // namespace rondo::import
