// Builders, names for printed values, and accessors that are more than a field.
#include "compiler/IR/Rnn.h"
#include "compiler/IR/Syntax.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace rondo::rnn;

//===--- Models ------------------------------------------------------------------------------------------------===//

void rondo::rnn::buildModel(OpBuilder &builder, OperationState &state, const ModelAttributes &attributes,
                            StringRef name, ArrayRef<StringRef> inputs, TypeRange types, bool training) {
  state.addAttribute(attributes.name, builder.getStringAttr(name));
  state.addAttribute(attributes.inputs, builder.getStrArrayAttr(inputs));
  if (training)
    state.addAttribute(attributes.training, builder.getUnitAttr());
  Block &block = state.addRegion()->emplaceBlock();
  for (Type type : types)
    block.addArgument(type, state.location);
}

void ModelOp::build(OpBuilder &builder, OperationState &state, StringRef name, ArrayRef<StringRef> inputs,
                    TypeRange types, bool training) {
  buildModel(builder, state, ModelAttributes::of<ModelOp>(state.name), name, inputs, types, training);
}

StringRef ModelOp::getInputName(unsigned index) { return cast<StringAttr>(getInputs()[index]).getValue(); }

void ModelOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  // Also asked of models that do not verify.
  for (auto [argument, name] : llvm::zip(region.getArguments(), getInputs()))
    if (auto text = dyn_cast<StringAttr>(name))
      setName(argument, text.getValue());
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

bool ReduceOp::isToSource() {
  auto pair = dyn_cast<PairClockAttr>(getX().getType().getClock());
  ClockInterface to = getType().getClock();
  return getToSource() || (pair && to == pair.getSource() && to != pair.getTarget());
}

bool CrossOp::isFromSource() { return getFromSource() || getX().getType().getClock() != getPair().getTarget(); }

//===--- Kinds of operations -----------------------------------------------------------------------------------===//

bool rondo::rnn::isMovement(Operation *op) {
  return isa<SplitOp, ConcatOp, SliceOp, PadOp, ReshapeOp, TransposeOp, RepeatOp, StopOp>(op);
}

bool rondo::rnn::isMatrix(Type value) {
  ArrayRef<int64_t> shape = shapeOf(value);
  return shape.size() == 2 && shape[0] > 1 && shape[1] > 1;
}

bool rondo::rnn::isSpread(Operation *op) {
  if (!isa_and_present<MatmulOp, OuterOp, RepeatOp>(op))
    return false;
  Type type = op->getResult(0).getType();
  if (!isMatrix(type) || !clockOf(type))
    return false;
  ArrayRef<int64_t> x = shapeOf(op->getOperand(op->getNumOperands() - 1).getType());
  return isa<MatmulOp>(op) ? x.size() == 2 && x[0] == 1 : x.size() == 1;
}

bool rondo::rnn::isTickLocal(Operation *op) {
  if (isMovement(op) || isa<Pointwise>(op))
    return true;
  if (isa<MatmulOp, EmbedOp, FoldOp, ScaleOp, SelectOp, CompareOp, ArgmaxOp, OneHotOp, ConvertOp, StraightOp>(op))
    return true;
  // `per` looks at other rows; a tensor made of a stream sums over ticks.
  if (isa<SoftmaxOp, LogSoftmaxOp, CumsumOp, PickOp, WindowOp, OverlapOp>(op))
    return !op->hasAttr("per");
  if (isa<OuterOp, ScatterAddOp>(op))
    return clockOf(op->getResult(0).getType()) || llvm::none_of(op->getOperandTypes(), clockOf);
  return false;
}
