// Products, and parts of values. A value with a clock's axis is imported as its rows, so its other axes are numbered
// without that one (rowAxis).
//
// | Model                       | rnn                                                                        |
// |-----------------------------|----------------------------------------------------------------------------|
// | MatMul [n]@[n], [m,n]@[n,..]| matmul                                                                     |
// | MatMul [n]@[n,m]            | matmul transposed, operands exchanged                                      |
// | Gather                      | embed; for another axis than the first, transpose first                    |
// | Pick                        | slice, reshape                                                             |
// | Slice, Concat, Transpose    | slice, concat, transpose                                                   |
// | Stack                       | reshape to [1, ..], concat                                                 |
#include "compiler/Import/Importer.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::import {

Value Importer::importMatMul(const dsl::Node &node, Space space) {
  dsl::NodeId left = node.operands[0], right = node.operands[1];
  if (space.rows)
    return importRowProduct(node, space);
  Value a = operandOrTensor(left, space, real), c = operandOrTensor(right, space, real);
  return product(a, c);
}

Value Importer::product(Value a, Value c) {
  size_t rankA = rnn::shapeOf(a.getType()).size(), rankC = rnn::shapeOf(c.getType()).size();
  if (rankA == 1 && rankC == 2)
    return rnn::MatmulOp::create(b, c, a, true);
  if (rankA == 1 && rankC == 1 && !rnn::clockOf(c.getType())) // the one that may be packed once comes first
    std::swap(a, c);
  return rnn::MatmulOp::create(b, a, c, false);
}

Value Importer::importGather(const dsl::Node &node, Space space) {
  Value table = operandOrTensor(node.operands[0], space, element(node.type));
  Value index = operandOrTensor(node.operands[1], space);
  if (int64_t axis = rowAxis(graph.nodes[node.operands[0]].type, node.ints[0])) {
    llvm::SmallVector<int64_t> permutation{axis};
    for (int64_t i : llvm::seq<int64_t>(0, rnn::shapeOf(table.getType()).size()))
      if (i != axis)
        permutation.push_back(i);
    table = transpose(table, permutation);
  }
  return onClock(rnn::EmbedOp::create(b, table, index), space.clock);
}

Value Importer::importPick(const dsl::Node &node, Space space) {
  Value x = operand(node.operands[0], space, element(node.type));
  int64_t axis = rowAxis(graph.nodes[node.operands[0]].type, node.ints[0]);
  return reshape(slice(x, axis, node.ints[1], node.ints[1] + 1), rowShape(node.type));
}

Value Importer::importSlice(const dsl::Node &node, Space space) {
  Value x = operand(node.operands[0], space, element(node.type));
  return slice(x, rowAxis(node.type, node.ints[0]), node.ints[1], node.ints[2]);
}

Value Importer::importConcat(const dsl::Node &node, Space space) {
  llvm::SmallVector<Value> parts;
  for (dsl::NodeId id : node.operands) {
    Value part = operand(id, space, element(node.type));
    parts.push_back(rnn::shapeOf(part.getType()).empty() ? reshape(part, {1}) : part);
  }
  return parts.size() == 1 ? parts[0] : Value(rnn::ConcatOp::create(b, parts, 0));
}

Value Importer::importStack(const dsl::Node &node, Space space) {
  llvm::SmallVector<int64_t> shape = rowShape(node.type);
  shape[0] = 1;
  llvm::SmallVector<Value> parts;
  for (dsl::NodeId id : node.operands)
    parts.push_back(reshape(operand(id, space, element(node.type)), shape));
  return parts.size() == 1 ? parts[0] : Value(rnn::ConcatOp::create(b, parts, 0));
}

Value Importer::importTranspose(const dsl::Node &node, Space space) {
  Value x = operand(node.operands[0], space, element(node.type));
  auto axes = llvm::seq<int64_t>(0, rnn::shapeOf(x.getType()).size());
  return transpose(x, llvm::SmallVector<int64_t>(llvm::reverse(axes)));
}

Value Importer::transpose(Value value, llvm::ArrayRef<int64_t> permutation) {
  if (permutation.size() < 2)
    return value;
  return rnn::TransposeOp::create(b, value, permutation);
}

Value Importer::slice(Value value, int64_t axis, int64_t begin, int64_t end) {
  if (begin == 0 && end == rnn::shapeOf(value.getType())[axis])
    return value;
  return rnn::SliceOp::create(b, value, begin, end, axis);
}

} // namespace rondo::import
