// Operators and functions of each element. Operation types are exact in the dialect, so operands first get the result's
// element type, shape and clock (Values.cpp):
//
// | Model                                  | rnn                                                                |
// |----------------------------------------|--------------------------------------------------------------------|
// | Tanh .. Floor, Add .. Or, StopGradient | the pointwise operation of the same name                           |
// | Multiply by a scalar                   | scale                                                              |
// | Equal .. GreaterEqual                  | compare, of reals if one side is real                              |
// | Select, ToReal, ToInt, OneHot, Straight| select, convert, one_hot, straight                                 |
// | Random                                 | random                                                             |
#include "compiler/Import/Importer.h"

namespace rondo::import {

using dsl::Op;

namespace {

/// Functions of reals alone, whatever the elements of the operand.
bool isOfReals(Op op) {
  switch (op) {
  case Op::Tanh:
  case Op::Sigmoid:
  case Op::Relu:
  case Op::Exp:
  case Op::Log:
  case Op::Sqrt:
  case Op::Sin:
  case Op::Cos:
  case Op::Floor:
  case Op::Divide:
  case Op::Power: return true;
  default: return false;
  }
}

template <typename OpTy> Value unary(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Value> in) {
  return OpTy::create(b, in[0]);
}
template <typename OpTy> Value binary(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Value> in) {
  return OpTy::create(b, in[0], in[1]);
}
using Maker = Value (*)(mlir::ImplicitLocOpBuilder &, llvm::ArrayRef<Value>);

Maker makerOf(Op op) {
  switch (op) {
  case Op::Tanh: return unary<rnn::TanhOp>;
  case Op::Sigmoid: return unary<rnn::SigmoidOp>;
  case Op::Relu: return unary<rnn::ReluOp>;
  case Op::Exp: return unary<rnn::ExpOp>;
  case Op::Log: return unary<rnn::LogOp>;
  case Op::Sqrt: return unary<rnn::SqrtOp>;
  case Op::Abs: return unary<rnn::AbsOp>;
  case Op::Sin: return unary<rnn::SinOp>;
  case Op::Cos: return unary<rnn::CosOp>;
  case Op::Floor: return unary<rnn::FloorOp>;
  case Op::Negate: return unary<rnn::NegOp>;
  case Op::Not: return unary<rnn::NotOp>;
  case Op::Add: return binary<rnn::AddOp>;
  case Op::Subtract: return binary<rnn::SubOp>;
  case Op::Multiply: return binary<rnn::MulOp>;
  case Op::Divide: return binary<rnn::DivOp>;
  case Op::FloorDivide: return binary<rnn::FloorDivOp>;
  case Op::Modulo: return binary<rnn::ModOp>;
  case Op::Power: return binary<rnn::PowOp>;
  case Op::Minimum: return binary<rnn::MinimumOp>;
  case Op::Maximum: return binary<rnn::MaximumOp>;
  case Op::And: return binary<rnn::AndOp>;
  case Op::Or: return binary<rnn::OrOp>;
  case Op::StopGradient: return unary<rnn::StopOp>;
  case Op::Straight: return binary<rnn::StraightOp>;
  default: return nullptr;
  }
}

rnn::Predicate predicateOf(Op op) {
  switch (op) {
  case Op::Equal: return rnn::Predicate::Eq;
  case Op::NotEqual: return rnn::Predicate::Ne;
  case Op::Less: return rnn::Predicate::Lt;
  case Op::LessEqual: return rnn::Predicate::Le;
  case Op::Greater: return rnn::Predicate::Gt;
  default: return rnn::Predicate::Ge;
  }
}

} // namespace

Value Importer::importPointwise(const dsl::Node &node, Space space) {
  Maker make = makerOf(node.op);
  if (!make)
    return fail("no operation for this elementwise function");
  mlir::Type result = element(node.type);
  mlir::Type in = isOfReals(node.op) ? real : result;
  llvm::SmallVector<int64_t> shape = rowShape(node.type);
  llvm::SmallVector<Value, 2> operands;
  for (dsl::NodeId id : node.operands)
    operands.push_back(operand(id, space, in, shape));
  return toElement(make(b, operands), result);
}

Value Importer::importMultiply(const dsl::Node &node, Space space) {
  llvm::SmallVector<int64_t> shape = rowShape(node.type);
  if (node.type.elem == dsl::Elem::Real && !shape.empty())
    for (unsigned i : {0, 1}) {
      dsl::NodeId by = node.operands[i], x = node.operands[1 - i];
      if (graph.nodes[by].op != Op::Constant && rowShape(graph.nodes[by].type).empty() &&
          rowShape(graph.nodes[x].type) == shape) {
        Value factor = operandOrTensor(by, space, real), scaled = operandOrTensor(x, space, real);
        return onClock(rnn::ScaleOp::create(b, factor, scaled), space.clock);
      }
    }
  return importPointwise(node, space);
}

Value Importer::importCompare(const dsl::Node &node, Space space) {
  const dsl::Type &left = graph.nodes[node.operands[0]].type, &right = graph.nodes[node.operands[1]].type;
  rnn::Predicate predicate = predicateOf(node.op);
  bool equality = predicate == rnn::Predicate::Eq || predicate == rnn::Predicate::Ne;
  mlir::Type in = element(left);
  if (left.elem == dsl::Elem::Real || right.elem == dsl::Elem::Real)
    in = real;
  else if (in != element(right) || !equality)
    in = integer; // order of tokens is that of their numbers
  llvm::SmallVector<int64_t> shape = rowShape(node.type);
  Value a = operand(node.operands[0], space, in, shape), c = operand(node.operands[1], space, in, shape);
  return rnn::CompareOp::create(b, predicate, a, c);
}

Value Importer::importSelect(const dsl::Node &node, Space space) {
  llvm::SmallVector<int64_t> shape = rowShape(node.type);
  mlir::Type in = element(node.type);
  bool scalar = rowShape(graph.nodes[node.operands[0]].type).empty();
  Value condition = scalar ? operand(node.operands[0], space) : operand(node.operands[0], space, boolean, shape);
  Value a = operand(node.operands[1], space, in, shape), c = operand(node.operands[2], space, in, shape);
  return rnn::SelectOp::create(b, condition, a, c);
}

Value Importer::importRandom(const dsl::Node &node, Space space) {
  const auto &[path, site] = model.randomSites[node.index];
  return rnn::RandomOp::create(b, type(node.type, space.clock), b.getStringAttr(path), site);
}

} // namespace rondo::import
