#include "dsl/Constants.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

namespace rondo::dsl {

std::optional<double> computeReal(Op op, double x, double y) {
  switch (op) {
  case Op::ToReal: return x;
  case Op::Tanh: return std::tanh(x);
  case Op::Sigmoid: return 1 / (1 + std::exp(-x));
  case Op::Relu: return x > 0 ? x : x != x ? x : 0;
  case Op::Exp: return std::exp(x);
  case Op::Log: return std::log(x);
  case Op::Sqrt: return std::sqrt(x);
  case Op::Abs: return std::fabs(x);
  case Op::Sin: return std::sin(x);
  case Op::Cos: return std::cos(x);
  case Op::Floor: return std::floor(x);
  case Op::Negate: return -x;
  case Op::Not: return !x;
  case Op::Add: return x + y;
  case Op::Subtract: return x - y;
  case Op::Multiply: return x * y;
  case Op::Divide: return x / y;
  case Op::FloorDivide: return std::floor(x / y);
  case Op::Modulo: return x - y * std::floor(x / y);
  case Op::Power: return std::pow(x, y);
  case Op::Minimum:
  case Op::Maximum: return (op == Op::Minimum) == (x <= y) ? x : y;
  case Op::And: return x && y;
  case Op::Or: return x || y;
  case Op::Equal: return x == y;
  case Op::NotEqual: return x != y;
  case Op::Less: return x < y;
  case Op::LessEqual: return x <= y;
  case Op::Greater: return x > y;
  case Op::GreaterEqual: return x >= y;
  default: return std::nullopt;
  }
}

static size_t elements(llvm::ArrayRef<Dim> dims) {
  size_t n = 1;
  for (const Dim &d : dims)
    n *= d.size;
  return n;
}

bool foldConstant(std::deque<Node> &nodes, NodeId id) {
  Node &node = nodes[id];
  if (node.op == Op::Constant)
    return true;
  if (node.operands.empty() || llvm::any_of(node.type.dims, [](const Dim &d) { return d.axis; }))
    return false;
  for (NodeId operand : node.operands)
    if (!foldConstant(nodes, operand))
      return false;

  auto operand = [&](size_t k) -> const Node & { return nodes[node.operands[k]]; };
  // one number stands for all, and what has fewer axes repeats along the leading ones (T4)
  auto number = [&](size_t k, size_t i) { return (*operand(k).values)[i % operand(k).values->size()]; };
  size_t size = elements(node.type.dims);
  std::vector<double> values;
  switch (node.op) {
  case Op::Alias:
  case Op::Reshape:
  case Op::Concat:
  case Op::Stack:
    for (size_t k = 0; k < node.operands.size(); ++k)
      for (size_t i = 0; i < elements(operand(k).type.dims); ++i)
        values.push_back(number(k, i));
    break;
  case Op::Slice:
  case Op::Pick: {
    llvm::ArrayRef<Dim> dims = operand(0).type.dims;
    int64_t axis = node.ints[0], begin = node.ints[1], end = node.op == Op::Slice ? node.ints[2] : begin + 1;
    size_t inner = elements(dims.drop_front(axis + 1));
    for (size_t i = 0; i < elements(dims); ++i)
      if (int64_t position = i / inner % dims[axis].size; position >= begin && position < end)
        values.push_back(number(0, i));
    break;
  }
  case Op::Transpose:
    for (size_t i = 0; i < size; ++i) {
      size_t from = 0, rest = i, stride = size;
      for (const Dim &d : operand(0).type.dims) {
        stride /= d.size;
        from += rest % d.size * stride;
        rest /= d.size;
      }
      values.push_back(number(0, from));
    }
    break;
  case Op::Select:
    for (size_t i = 0; i < size; ++i)
      values.push_back(number(0, i) ? number(1, i) : number(2, i));
    break;
  default:
    for (size_t i = 0; i < size; ++i) {
      size_t last = node.operands.size() - 1;
      std::optional<double> x = computeReal(node.op, number(0, i), number(last, i));
      if (!x)
        return false;
      bool byZero =
          node.type.elem == Elem::Int && (node.op == Op::FloorDivide || node.op == Op::Modulo) && !number(1, i);
      values.push_back(byZero ? 0 : *x);
    }
  }
  node.op = Op::Constant;
  node.clock = nullptr;
  node.operands.clear();
  node.values = std::make_shared<std::vector<double>>(std::move(values));
  return true;
}

} // namespace rondo::dsl
