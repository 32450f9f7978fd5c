// Equations that windows are written with: where clocks tick in a window, and what is remembered at its end.
#ifndef RONDO_GRADIENT_WINDOWEQUATIONS_H
#define RONDO_GRADIENT_WINDOWEQUATIONS_H

#include "compiler/Gradient/FormWindows.h"
#include "compiler/IR/Rnn.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace rondo::rnn {

class WindowEquations {
protected:
  using Value = mlir::Value;
  using Type = mlir::Type;

  explicit WindowEquations(ModelOp model)
      : model(model), block(model.getBody().front()), output(llvm::cast<ReturnOp>(block.back())),
        builder(model.getContext()), sample(AxisClockAttr::getSample(model.getContext())), boolean(builder.getI1Type()),
        integer(builder.getI64Type()), names(model.getInputs().getValue()),
        lastTensor(hoistTensors(model)->getPrevNode()) {}

  Value addInput(const llvm::Twine &name, llvm::ArrayRef<int64_t> shape, Type element, ClockInterface clock) {
    names.push_back(builder.getStringAttr(name));
    return block.addArgument(valueType(shape, element, clock), output.getLoc());
  }

  template <typename Op, typename... Arguments> Value make(Arguments &&...arguments) {
    return builder.create<Op>(place, std::forward<Arguments>(arguments)...).getResult();
  }

  Value constant(Type like, int64_t number) {
    if (elementOf(like).isF32())
      return make<ConstOp>(like, llvm::ArrayRef<double>(double(number)));
    return make<ConstOp>(like, llvm::ArrayRef<int64_t>(number));
  }
  Value constant(Type element, ClockInterface clock, int64_t number) {
    return constant(StreamType::get({}, element, clock), number);
  }
  Value isTrue(ClockInterface clock) { return constant(boolean, clock, 1); }
  Value select(Value condition, Value a, Value b) { return make<SelectOp>(condition, a, b); }
  Value crossed(Value x, ClockInterface clock, bool reverse) {
    if (clockOf(x.getType()) == clock)
      return x;
    return make<LatestOp>(valueType(shapeOf(x.getType()), elementOf(x.getType()), clock), x, reverse, ScopeAttr());
  }
  /// A value on `sample` at every tick of a clock. Its clock may be made in a loop: that of the way is not.
  Value spread(Value x, ClockInterface clock) {
    return clock == sample ? x : crossed(crossed(x, base, /*reverse=*/true), clock, /*reverse=*/false);
  }
  Value both(Value a, Value b) { return !a ? b : !b ? a : make<AndOp>(a, b); }

  /// A slot that is true behind a tick of the clock (reverse: ahead of one).
  Value marks(ClockInterface clock, bool reverse) {
    Value &slot = slots[reverse][clock];
    if (slot)
      return slot;
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&block);
    std::string path =
        "window." + std::to_string(slots[0].size() + slots[1].size()); // no path of a program has such a number
    slot =
        builder.create<StateOp>(place, StateType::get(StreamType::get({}, boolean, clock)), path, reverse, ScopeAttr());
    builder.setInsertionPoint(output);
    builder.create<NextOp>(place, slot, isTrue(clock));
    return slot;
  }

  // Where a clock ticks in the window, seen from ticks of another one.
  Value isBefore(ClockInterface clock, ClockInterface at) {
    if (clock == at || clock == base) // its number says so
      return make<CompareOp>(Predicate::Ne,
                             crossed(make<TickOp>(StreamType::get({}, integer, clock), false, ScopeAttr()), at, false),
                             constant(integer, at, 0));
    return make<ReadOp>(StreamType::get({}, boolean, at), marks(clock, /*reverse=*/false));
  }
  Value isBehind(ClockInterface clock, ClockInterface at) {
    return make<ReadOp>(StreamType::get({}, boolean, at), marks(clock, /*reverse=*/true));
  }
  Value isUpTo(ClockInterface clock, ClockInterface at) { return crossed(isTrue(clock), at, /*reverse=*/false); }
  Value isFrom(ClockInterface clock, ClockInterface at) { return crossed(isTrue(clock), at, /*reverse=*/true); }

  /// Whether no cut lies between the window's begin and a tick; null: there are no cuts.
  Value isUncut(ScopeAttr scope, ClockInterface at) {
    Value all;
    if (scope)
      for (CutAttr cut : scope.getCuts())
        all = both(all, make<NotOp>(cut.getBefore() || at == sample ? isUpTo(cut.getClock(), at)
                                                                    : isBefore(cut.getClock(), at)));
    return all;
  }
  /// Whether no cut lies between a tick and the window's end; null: there are no cuts.
  Value isKept(ScopeAttr scope, ClockInterface at) {
    Value all;
    if (scope)
      for (CutAttr cut : scope.getCuts())
        all = both(all, make<NotOp>(cut.getBefore() ? isBehind(cut.getClock(), at) : isFrom(cut.getClock(), at)));
    return all;
  }
  Value where(Value condition, Value x) { return condition ? select(condition, x, constant(x.getType(), 0)) : x; }

  /// What is remembered at the window's end: the last of x, where it is kept; what was remembered at its begin, if
  /// there was no x.
  Value lastOf(Value x, Value before, ScopeAttr scope) {
    ClockInterface clock = clockOf(x.getType());
    return select(isUpTo(clock, sample), crossed(where(isKept(scope, clock), x), sample, /*reverse=*/false),
                  where(isUncut(scope, sample), before));
  }

  /// What is remembered from window to window: an input, and an output that `give` is told.
  Value addCarried(llvm::StringRef name, Type like) {
    std::string full = (carryPrefix + name).str();
    int same = taken[full]++;
    if (same)
      full += "." + std::to_string(same);
    given.push_back({full, {}});
    return addInput(full, shapeOf(like), elementOf(like), sample);
  }
  void give(Value value) { given.back().second = value; }

  /// The last x that there was at the window's begin, none behind a cut. With `isAnew` a product with weights is not
  /// remembered, but what they multiply, and computed anew: they may be others by now, and it hangs on them.
  Value begun(Value x, ScopeAttr scope, llvm::StringRef name, bool isAnew) {
    if (Value known = held.lookup({x, scope}))
      return known;
    Value start;
    if (Value from = isAnew ? multiplied(x) : Value()) {
      start = begun(from, scope, name, isAnew);
      mlir::OpBuilder::InsertionGuard guard(builder);
      if (lastTensor)
        builder.setInsertionPointAfter(lastTensor);
      else
        builder.setInsertionPointToStart(&block);
      start = rebuild(builder, x, start);
      lastTensor = start.getDefiningOp();
      model->setAttr(addsAnewName, builder.getUnitAttr());
    } else {
      start = addCarried(name, x.getType());
      mlir::OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(output);
      give(lastOf(x, start, scope));
    }
    return held[{x, scope}] = start;
  }

  /// What a product with weights is a product of, through what else makes zero of zero. Null: it is none.
  static Value multiplied(Value x) {
    mlir::Operation *op = x.getDefiningOp();
    Value from = op && isTickLocal(op) && mapsZeroToZero(op) ? movingOperand(op) : Value();
    if (!from || clockOf(from.getType()) != clockOf(x.getType()) || from.getDefiningOp<LiftOp>())
      return {};
    bool hasWeights = llvm::any_of(op->getOperands(),
                                   [&](Value operand) { return operand != from && !operand.getDefiningOp<ConstOp>(); });
    return hasWeights || multiplied(from) ? from : Value();
  }

  ModelOp model;
  mlir::Block &block;
  ReturnOp output;
  mlir::OpBuilder builder;
  mlir::Location place = builder.getUnknownLoc();
  AxisClockAttr sample, base; // base: the finest axis, which is found out later
  Type boolean, integer;
  llvm::DenseMap<mlir::Attribute, Value> slots[2]; // of marks, by direction
  llvm::SmallVector<mlir::Attribute> names;        // of inputs
  llvm::StringMap<int> taken;
  std::vector<std::pair<std::string, Value>> given; // what is remembered at the window's end
  llvm::DenseMap<std::pair<Value, mlir::Attribute>, Value> held;
  mlir::Operation *lastTensor; // behind it: what is made of tensors and of what is remembered; null: there are none
};

} // namespace rondo::rnn
#endif
