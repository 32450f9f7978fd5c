// Adjoints of what leads from one clock to another. Read against the arrows, time runs the other way: `latest` sees one
// tick from many, [a, next a); its adjoint is their sum, in reverse. `reduce` makes one tick of many, (previous b, b];
// each of them looks ahead to it.
#include "compiler/Gradient/Adjoints.h"

namespace rondo::rnn {

using mlir::Value;

namespace {

/// The adjoints of a reduction: what belongs to its ticks, seen from the rows that each was made of.
class Reduced {
public:
  Reduced(Adjoints &a, ReduceOp op) : a(a), op(op), from(op.getX().getType().getClock()), to(op.getType().getClock()) {
    pair = llvm::dyn_cast<PairClockAttr>(from);
    if (pair && to != pair.getTarget() && to != pair.getSource())
      pair = {}; // to another pair: row by row, as streams
  }

  void transpose(Value dy) {
    switch (op.getKind()) {
    case Reduction::Sum: return a.add(op.getX(), back(dy));
    case Reduction::Mean: return a.add(op.getX(), back(a.make<DivOp>(dy, count())));
    case Reduction::First: return a.add(op.getX(), a.where(isFirst({}, /*last=*/op.getReverse()), back(dy)));
    case Reduction::Max: return a.add(op.getX(), a.where(isFirstMaximum(), back(dy)));
    }
  }

private:
  Value back(Value x) {
    if (pair)
      return a.make<CrossOp>(valueType(shapeOf(x.getType()), elementOf(x.getType()), from), x, op.getToSource());
    return a.crossed(x, from, !op.getReverse(), op.getScopeAttr());
  }

  Value reduce(Reduction kind, Value x) {
    return a.reduced(kind, x, to, op.getReverse(), op.getScopeAttr(), op.getToSource());
  }

  /// How many rows each element was made of, at least 1.
  Value count() {
    mlir::Type real = elementOf(op.getType());
    Value ones = a.constant(StreamType::get({}, real, from), 1), one = a.constant(StreamType::get({}, real, to), 1);
    return a.spread(a.make<MaximumOp>(reduce(Reduction::Sum, ones), one), shapeOf(op.getType()), std::nullopt);
  }

  Value isFirstMaximum() {
    // Where the rows of a tick are those of `per`, there is an operation for it.
    bool isPlain = pair ? !op.isToSource() : !op.getReverse() && !op.getScopeAttr() && !llvm::isa<PairClockAttr>(from);
    if (isPlain)
      return a.make<PickOp>(op.getX(), to);
    return isFirst(a.compare(Predicate::Eq, op.getX(), back(op.getResult())), /*last=*/false);
  }

  /// True at the first of the rows that an element was made of; among candidates, if there are any. `last`: the last.
  Value isFirst(Value candidates, bool last) {
    mlir::Type number = mlir::IntegerType::get(op.getContext(), 64);
    Value order = ticks(number);
    if (!last)
      order = a.make<NegOp>(order);
    if (candidates) {
      order = a.spread(order, shapeOf(op.getType()), std::nullopt);
      order = a.select(candidates, order, a.constant(order.getType(), -0x1p62));
    }
    Value first = a.compare(Predicate::Eq, order, back(reduce(Reduction::Max, order)));
    return candidates ? a.make<AndOp>(candidates, first) : first;
  }

  /// Numbers that grow in time over the rows.
  Value ticks(mlir::Type number) {
    auto rows = llvm::dyn_cast<PairClockAttr>(from);
    if (!rows)
      return a.make<TickOp>(StreamType::get({}, number, from), false, ScopeAttr());
    bool fromSource = to == rows.getTarget() && !op.isToSource();
    ClockInterface clock = fromSource ? rows.getSource() : rows.getTarget();
    Value tick = a.make<TickOp>(StreamType::get({}, number, clock), false, ScopeAttr());
    return a.make<CrossOp>(StreamType::get({}, number, from), tick, fromSource && rows.getTarget() == rows.getSource());
  }

  Adjoints &a;
  ReduceOp op;
  ClockInterface from, to;
  PairClockAttr pair; // where the rows of a pair become one
};

} // namespace

bool transposeCrossing(Adjoints &a, mlir::Operation *op, Value dy) {
  if (auto latest = llvm::dyn_cast<LatestOp>(op)) {
    ClockInterface from = latest.getX().getType().getClock();
    a.add(latest.getX(), a.reduced(Reduction::Sum, dy, from, !latest.getReverse(), latest.getScopeAttr()));
  } else if (auto reduce = llvm::dyn_cast<ReduceOp>(op)) {
    Reduced(a, reduce).transpose(dy);
  } else if (auto cross = llvm::dyn_cast<CrossOp>(op)) {
    a.add(cross.getX(), a.reduced(Reduction::Sum, dy, cross.getX().getType().getClock(), /*reverse=*/false, {},
                                  /*toSource=*/cross.getFromSource()));
  } else if (auto lift = llvm::dyn_cast<LiftOp>(op)) {
    a.add(lift.getX(), dy);
  } else if (auto total = llvm::dyn_cast<TotalOp>(op)) {
    a.add(total.getX(), dy);
  } else {
    return false;
  }
  return true;
}

} // namespace rondo::rnn
