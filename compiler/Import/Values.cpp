// Types and values: constants where they are used, int widened to real, scalars and lower ranks repeated (T1, T4), tensors
// lifted onto the clock they are used on (C2).
#include "compiler/Import/Importer.h"

namespace rondo::import {

llvm::SmallVector<int64_t> rowShape(const dsl::Type &type) {
  llvm::SmallVector<int64_t> shape;
  for (const dsl::Dim &dim : type.dims)
    if (!dim.axis)
      shape.push_back(dim.size);
  return shape;
}

mlir::Type Importer::element(const dsl::Type &type) {
  switch (type.elem) {
  case dsl::Elem::Real: return real;
  case dsl::Elem::Int: return integer;
  case dsl::Elem::Bool: return boolean;
  case dsl::Elem::Token: return rnn::TokenType::get(context, type.tokens);
  }
  llvm_unreachable("an element type");
}

mlir::Type Importer::type(const dsl::Type &type, ClockInterface clock) {
  return valueType(rowShape(type), element(type), clock);
}

Value Importer::constant(double value, mlir::Type type) {
  if (rnn::elementOf(type).isF32())
    return rnn::ConstOp::create(b, type, llvm::ArrayRef<double>(value));
  return rnn::ConstOp::create(b, type, llvm::ArrayRef<int64_t>(int64_t(value)));
}

Value Importer::constant(const dsl::Node &node, llvm::ArrayRef<int64_t> shape, mlir::Type element,
                         ClockInterface clock) {
  const std::vector<double> &values = *node.values;
  if (values.size() == 1)
    return constant(values[0], valueType(shape, element, clock));
  mlir::Type own = valueType(rowShape(node.type), element, clock);
  Value value;
  if (element.isF32())
    value = rnn::ConstOp::create(b, own, llvm::ArrayRef<double>(values));
  else
    value = rnn::ConstOp::create(b, own, llvm::SmallVector<int64_t>(values.begin(), values.end()));
  return toShape(value, shape);
}

Value Importer::operand(dsl::NodeId id, Space space, mlir::Type element) {
  return operand(id, space, element, rowShape(node(id).type));
}

Value Importer::operand(dsl::NodeId id, Space space, mlir::Type element, llvm::ArrayRef<int64_t> shape) {
  if (node(id).op == dsl::Op::Constant)
    return constant(node(id), shape, element ? element : this->element(node(id).type), space.clock);
  Value value = toShape(toElement(imported[id].value, element), shape);
  return onClock(inSpace(value, space, imported[id].rows), space.clock);
}

Value Importer::operandOrTensor(dsl::NodeId id, Space space, mlir::Type element) {
  if (node(id).op == dsl::Op::Constant)
    return constant(node(id), rowShape(node(id).type), element ? element : this->element(node(id).type), {});
  return inSpace(toElement(imported[id].value, element), space, imported[id].rows);
}

Value Importer::toElement(Value value, mlir::Type element) {
  if (!element || rnn::elementOf(value.getType()) == element)
    return value;
  return rnn::ConvertOp::create(b, valueType(rnn::shapeOf(value.getType()), element, rnn::clockOf(value.getType())),
                                value);
}

Value Importer::toShape(Value value, llvm::ArrayRef<int64_t> shape) {
  if (rnn::shapeOf(value.getType()) == shape)
    return value;
  mlir::Type from = value.getType();
  return rnn::RepeatOp::create(b, valueType(shape, rnn::elementOf(from), rnn::clockOf(from)), value);
}

Value Importer::reshape(Value value, llvm::ArrayRef<int64_t> shape) {
  mlir::Type from = value.getType();
  if (rnn::shapeOf(from) == shape)
    return value;
  return rnn::ReshapeOp::create(b, valueType(shape, rnn::elementOf(from), rnn::clockOf(from)), value);
}

Value Importer::onClock(Value value, ClockInterface clock) {
  mlir::Type from = value.getType();
  if (!clock || rnn::clockOf(from))
    return value;
  return rnn::LiftOp::create(b, valueType(rnn::shapeOf(from), rnn::elementOf(from), clock), value);
}

} // namespace rondo::import
