// Values with a clock's axis. No type of the dialect has one: such a value is a stream of its rows. Let the axis be the
// ticks of s within a tick of p (`collect(.., per = p)`), and c the clock of the value:
//
// | value                         | its rows are on                          |
// |-------------------------------|------------------------------------------|
// | c is p                        | #s                                       |
// | .. and it is part of a loop   | #rnn.pair<#p, #s per #p>                 |
// | else (it was spread)          | #rnn.pair<#c, #s per #p>                 |
// | .. but no tick of c matters   | still #s, and cross where one comes in   |
//
// A loop on p steps from tick to tick of p. On #s the ticks' values would be looked at from before they are there.
//
// | Model                         | rnn                                                                     |
// |-------------------------------|-------------------------------------------------------------------------|
// | Collect, Spread of rows       | nothing                                                                 |
// | elementwise with plain values | cross of the plain one (on #s: latest reverse), then as ever            |
// | m @ W, W @ m'                 | matmul transposed, matmul of each row                                   |
// | m @ q                         | matmul of each row and the crossed q                                    |
// | w @ m, m' @ w, m' @ n         | reduce sum of scale, of outer, of mul                                   |
// | Softmax .. along the axis     | softmax .. per(#c), or per(#p) on #s                                    |
// | Fold along the axis           | reduce                                                                  |
// | Conv1d                        | window, matmul                                                          |
// | Transpose                     | renames only                                                            |
#include "compiler/Import/Importer.h"

namespace rondo::import {

//===--- Where an operation is computed ------------------------------------------------------------------------===//

const dsl::ClockAxis *raggedAxis(const dsl::Type &type) {
  for (const dsl::Dim &dim : type.dims)
    if (dim.axis)
      return dim.axis;
  return nullptr;
}

int64_t rowAxis(const dsl::Type &type, int64_t axis) {
  int64_t before = 0;
  for (int64_t i = 0; i < axis; ++i)
    before += type.dims[i].axis != nullptr;
  return axis - before;
}

/// Where a value of this type and clock lives.
Space Importer::home(const dsl::Type &type, const dsl::Clock *clock) {
  ClockInterface ticks = clocks.clock(clock);
  const dsl::ClockAxis *axis = raggedAxis(type);
  if (!axis)
    return {ticks, ticks, {}};
  ClockInterface rows = clocks.clock(axis->collected);
  return axis->per == clock ? Space{rows, ticks, rows} : Space{pair(ticks, rows, axis), ticks, rows};
}

ClockInterface Importer::pair(ClockInterface ticks, ClockInterface rows, const dsl::ClockAxis *axis) {
  bool wholeSample = axis->per->kind == dsl::Clock::Kind::Sample;
  return rnn::PairClockAttr::get(ticks, rows, wholeSample ? ClockInterface() : clocks.clock(axis->per));
}

/// Of operations that look at one tick: on tensors if nothing has a clock; on the rows' own clock as long as no operand
/// depends on the value's tick; else at home, or where a loop has put an operand.
Space Importer::spaceOf(dsl::NodeId self) {
  const dsl::Node &node = graph.nodes[self];
  const dsl::ClockAxis *axis = nullptr;
  ClockInterface rows;
  bool tensors = true, ownRows = true, inLoop = graph.inLoop[self];
  for (dsl::NodeId id : node.operands) {
    const dsl::Node &operand = graph.nodes[id];
    Value value = imported[id].value;
    bool stream = value && rnn::clockOf(value.getType());
    tensors &= !stream;
    if (const dsl::ClockAxis *of = raggedAxis(operand.type)) {
      axis = of;
      ClockInterface all = clocks.clock(of->collected), own = imported[id].rows ? imported[id].rows : all;
      if (!rows || rows == all) // rows that a mask has thinned out prevail
        rows = own;
      else if (own != all && own != rows) // both masks
        rows = eventOf(both(conditionOf(rows), conditionOf(own)));
      ownRows &= !stream || rnn::clockOf(value.getType()) == own;
      inLoop |= stream && llvm::isa<rnn::PairClockAttr>(rnn::clockOf(value.getType()));
    } else {
      ownRows &= !stream;
    }
  }
  if (!axis)
    return tensors && !node.operands.empty() ? Space{} : home(node.type, node.clock);
  ClockInterface ticks = clocks.clock(node.clock);
  if (ownRows || (axis->per == node.clock && !inLoop))
    return {rows, clocks.clock(axis->per), rows};
  return {pair(ticks, rows, axis), ticks, rows};
}

/// A stream as an operand in this space; `rows` is the rows' clock if it is one of rows.
Value Importer::inSpace(Value value, Space space, ClockInterface rows) {
  ClockInterface from = rnn::clockOf(value.getType());
  if (!from || !space.rows || from == space.clock)
    return value;
  if (!rows) // a plain value: the same for all rows of a tick
    return llvm::isa<rnn::PairClockAttr>(space.clock) ? cross(value, space, false) : latest(value, space.clock, true);
  if (rows != space.rows) {
    if (from != rows) {
      refuse("values of rows that different 'next's have thinned out meet here; take 'next' of the result instead");
      return constant(0, llvm::cast<rnn::StreamType>(value.getType()).withClock(space.clock));
    }
    value = latest(value, space.rows);
  }
  if (space.clock != space.rows)
    return cross(value, space, true);
  // From a loop: a row belongs to one tick.
  return llvm::isa<rnn::PairClockAttr>(from) ? reduce(rnn::Reduction::First, value, space.rows) : value;
}

Value Importer::cross(Value value, Space space, bool isSource) {
  rnn::StreamType from = llvm::cast<rnn::StreamType>(value.getType());
  auto pair = llvm::cast<rnn::PairClockAttr>(space.clock);
  return rnn::CrossOp::create(b, from.withClock(space.clock), value, isSource && pair.getTarget() == pair.getSource());
}

/// What was computed at ticks of a coarser clock, for each tick of the node's.
Value Importer::atTicks(Value value, const dsl::Clock *clock) {
  return rnn::clockOf(value.getType()) == clocks.clock(clock) ? value : latest(value, clocks.clock(clock), true);
}

//===--- Over the rows -----------------------------------------------------------------------------------------===//

Value Importer::importCollect(const dsl::Node &node, Imported &result) {
  dsl::NodeId id = node.operands[0];
  const dsl::ClockAxis *axis = raggedAxis(node.type);
  result.rows = clocks.clock(axis->collected);
  Value rows = operand(id, home(graph.nodes[id].type, axis->collected), element(node.type));
  if (Value valid = imported[id].valid) { // the rows that count are an event of them [S7]
    result.rows = eventOf(valid);
    rows = latest(rows, result.rows);
  }
  return rows;
}

Value Importer::importAlongLastAxis(const dsl::Node &node, Space space) {
  const dsl::Type &in = graph.nodes[node.operands[0]].type;
  mlir::Type elements = node.op == dsl::Op::Argmax ? element(in) : element(node.type);
  Value x = operand(node.operands[0], space, elements);
  ClockInterface per = !in.dims.empty() && in.dims.back().axis ? space.ticks : ClockInterface();
  switch (node.op) {
  case dsl::Op::Softmax: return rnn::SoftmaxOp::create(b, x, per);
  case dsl::Op::LogSoftmax: return rnn::LogSoftmaxOp::create(b, x, per);
  case dsl::Op::Cumsum: return rnn::CumsumOp::create(b, x, per);
  default: return rnn::ArgmaxOp::create(b, x);
  }
}

Value Importer::importFold(const dsl::Node &node, Space space) {
  const dsl::Type &in = graph.nodes[node.operands[0]].type;
  Value x = operand(node.operands[0], space, element(node.type));
  auto kind = rnn::Reduction(node.reduction);
  int64_t axis = node.ints[0];
  bool all = axis < 0, ragged = raggedAxis(in);
  if (!ragged || (!all && !in.dims[axis].axis))
    return rnn::FoldOp::create(b, kind, x, all ? mlir::IntegerAttr() : b.getI64IntegerAttr(rowAxis(in, axis)));
  // Rows have one size, hence a mean of their means is the mean of all; and the first element is in the first row.
  if (all && !rnn::shapeOf(x.getType()).empty())
    x = rnn::FoldOp::create(b, kind, x, mlir::IntegerAttr());
  return atTicks(reduce(kind, x, space.ticks), node.clock);
}

Value Importer::importRowProduct(const dsl::Node &node, Space space) {
  dsl::NodeId left = node.operands[0], right = node.operands[1];
  const dsl::Type &l = graph.nodes[left].type, &r = graph.nodes[right].type;
  bool overRows = l.dims.back().axis && r.dims.front().axis;
  Value a = operandOrTensor(left, space, real), c = operandOrTensor(right, space, real);
  if (!overRows)
    return product(a, c);
  size_t rankA = rnn::shapeOf(a.getType()).size(), rankC = rnn::shapeOf(c.getType()).size();
  Value each;
  if (rankA && rankC)
    each = rnn::OuterOp::create(
        b, valueType({rnn::shapeOf(a.getType())[0], rnn::shapeOf(c.getType())[0]}, real, space.clock), a, c);
  else if (rankA || rankC)
    each = rankA ? rnn::ScaleOp::create(b, c, a) : rnn::ScaleOp::create(b, a, c);
  else
    each = rnn::MulOp::create(b, a, c);
  return atTicks(reduce(rnn::Reduction::Sum, each, space.ticks), node.clock);
}

/// x[s] or x[s, c], F[k, (c,) w]: each row's w neighbours as features, times F.
Value Importer::importConv1d(const dsl::Node &node, Space space) {
  const dsl::Type &in = graph.nodes[node.operands[0]].type;
  Value x = operand(node.operands[0], space, real), filters = operandOrTensor(node.operands[1], space, real);
  llvm::ArrayRef<int64_t> shape = rnn::shapeOf(filters.getType());
  int64_t width = shape.back(), features = shape.size() == 3 ? shape[1] * width : width;
  if (!space.rows && in.dims.size() == 2)
    return productsOfNeighbours(x, filters);
  filters = reshape(filters, {shape[0], features});
  if (space.rows) {
    Value window = rnn::WindowOp::create(b, width, x, space.ticks);
    return rnn::MatmulOp::create(b, filters, reshape(window, features), false);
  }
  Value window = rnn::WindowOp::create(b, width, x, ClockInterface());
  return rnn::MatmulOp::create(b, window, transpose(filters, {1, 0}), false);
}

/// x[s, c], F[k, c, w]: the sum over w of the rows, moved, times a matrix of the filters.
Value Importer::productsOfNeighbours(Value x, Value filters) {
  llvm::ArrayRef<int64_t> shape = rnn::shapeOf(filters.getType());
  int64_t rows = rnn::shapeOf(x.getType())[0], width = shape[2];
  Value sum;
  for (int64_t i = 0; i < width; ++i) {
    int64_t by = i - (width - 1) / 2; // row s meets row s + by
    int64_t begin = std::max<int64_t>(by, 0), end = rows + std::min<int64_t>(by, 0);
    if (begin >= end)
      continue;
    Value moved = x;
    if (by != 0)
      moved = rnn::PadOp::create(b, rnn::SliceOp::create(b, x, begin, end, 0), begin - by, end - by, rows, 0);
    Value filter = reshape(rnn::SliceOp::create(b, filters, i, i + 1, 2), {shape[0], shape[1]});
    Value each = rnn::MatmulOp::create(b, moved, transpose(filter, {1, 0}), false);
    sum = sum ? rnn::AddOp::create(b, sum, each).getResult() : each;
  }
  return sum;
}

Value Importer::importCtc(const dsl::Node &node) {
  ClockInterface ticks = clocks.clock(node.clock);
  const dsl::ClockAxis *axes[2];
  bool ownRows = true;
  for (unsigned i : {0, 1}) {
    axes[i] = raggedAxis(graph.nodes[node.operands[i]].type);
    if (!axes[i])
      return fail("`ctc` takes its logits and labels as rows that `collect` made");
    const Imported &in = imported[node.operands[i]];
    ownRows &= rnn::clockOf(in.value.getType()) == in.rows;
  }
  if (ownRows && axes[0]->per == axes[1]->per)
    ticks = clocks.clock(axes[0]->per);
  Value rows[2];
  for (unsigned i : {0, 1}) {
    dsl::NodeId id = node.operands[i];
    ClockInterface own = imported[id].rows, per = clocks.clock(axes[i]->per);
    Space space = per == ticks ? Space{own, ticks, own} : Space{pair(ticks, own, axes[i]), ticks, own};
    rows[i] = operand(id, space, i == 0 ? real : mlir::Type());
  }
  return atTicks(rnn::CtcOp::create(b, valueType({}, real, ticks), rows[0], rows[1]), node.clock);
}

} // namespace rondo::import
