// Builders, names for printed values, and accessors that are more than a field.
#include "compiler/IR/Rnn.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/Twine.h"

using namespace mlir;
using namespace rondo::rnn;

//===--- Models ------------------------------------------------------------------------------------------------===//

void ModelOp::build(OpBuilder &builder, OperationState &state, StringRef name, ArrayRef<StringRef> inputs,
                    TypeRange types, bool training) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(getInputsAttrName(state.name), builder.getStrArrayAttr(inputs));
  if (training)
    state.addAttribute(getTrainingAttrName(state.name), builder.getUnitAttr());
  Block &block = state.addRegion()->emplaceBlock();
  for (Type type : types)
    block.addArgument(type, state.location);
}

StringRef ModelOp::getInputName(unsigned index) { return cast<StringAttr>(getInputs()[index]).getValue(); }

ReturnOp ModelOp::getReturn() { return cast<ReturnOp>(getBody().front().getTerminator()); }

void ModelOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  // Also asked of models that do not verify.
  for (auto [argument, name] : llvm::zip(region.getArguments(), getInputs()))
    if (auto text = dyn_cast<StringAttr>(name))
      setName(argument, text.getValue());
}

/// Adds the axes on which the clock's ticks are located, and those that they lie in.
static void addAxes(ClockInterface clock, llvm::SetVector<AxisClockAttr> &axes) {
  if (!clock)
    return;
  if (auto axis = dyn_cast<AxisClockAttr>(clock)) {
    if (!axis.isSample() && axes.insert(axis))
      addAxes(axis.getParent(), axes);
  } else if (auto pair = dyn_cast<PairClockAttr>(clock)) {
    addAxes(pair.getTarget(), axes);
    addAxes(pair.getSource(), axes);
  } else {
    addAxes(clock.getParent(), axes);
  }
}

SmallVector<AxisClockAttr> ModelOp::getAxes() {
  llvm::SetVector<AxisClockAttr> axes;
  for (BlockArgument argument : getBody().getArguments())
    addAxes(clockOf(argument.getType()), axes);
  for (Operation &op : getBody().front())
    for (Type type : op.getResultTypes())
      addAxes(clockOf(type), axes);
  // The deeper an axis lies, the finer it is in its chain; of equal depth, in order of appearance.
  SmallVector<std::pair<int, AxisClockAttr>> byDepth;
  for (AxisClockAttr axis : axes) {
    int depth = 0;
    for (ClockInterface outer = axis; outer; outer = outer.getParent())
      ++depth;
    auto place = llvm::find_if(byDepth, [&](auto &other) { return other.first < depth; });
    byDepth.insert(place, {depth, axis});
  }
  return llvm::to_vector(llvm::make_second_range(byDepth));
}

AxisClockAttr ModelOp::getRoot(ClockInterface clock) {
  AxisClockAttr root = rootAxis(clock);
  if (!root.isSample())
    for (AxisClockAttr axis : getAxes())
      if (root.contains(axis))
        return axis;
  return root;
}

void ReturnOp::build(OpBuilder &builder, OperationState &state, ArrayRef<StringRef> names, ValueRange values) {
  build(builder, state, values, builder.getStrArrayAttr(names));
}

StringRef ReturnOp::getName(unsigned index) { return cast<StringAttr>(getNames()[index]).getValue(); }

//===--- Names -------------------------------------------------------------------------------------------------===//

void StateOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getSlot(), getPath()); }
void AccumOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getSlot(), getPath()); }
void ParamOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getPath()); }

//===--- Constants ---------------------------------------------------------------------------------------------===//

void ConstOp::build(OpBuilder &builder, OperationState &state, Type type, ArrayRef<double> values) {
  build(builder, state, type, constantFor(type, values));
}

void ConstOp::build(OpBuilder &builder, OperationState &state, Type type, ArrayRef<int64_t> values) {
  build(builder, state, type, constantFor(type, values));
}

SmallVector<double> ConstOp::getReals() { return llvm::to_vector(getValue().getValues<double>()); }

SmallVector<int64_t> ConstOp::getInts() {
  SmallVector<int64_t> numbers;
  numbers.reserve(getValue().getNumElements());
  for (const APInt &number : getValue().getValues<APInt>())
    numbers.push_back(number.getBitWidth() == 1 ? number.getZExtValue() : number.getSExtValue());
  return numbers;
}

//===--- Crossings ---------------------------------------------------------------------------------------------===//

PairClockAttr CrossOp::getPair() { return cast<PairClockAttr>(getResult().getType().getClock()); }

bool CrossOp::isFromSource() { return getFromSource() || getX().getType().getClock() != getPair().getTarget(); }
