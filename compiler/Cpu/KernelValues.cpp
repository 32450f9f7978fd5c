#include "compiler/Cpu/KernelValues.h"

#include "compiler/Cpu/KernelElements.h"
#include "compiler/Cpu/KernelProducts.h"
#include "runtime/Plan.h"

using namespace mlir;

namespace rondo::cpu {

KernelValues::KernelValues(Code &code, const KernelParts &parts, Value table) : code(code), parts(parts), table(table) {
  auto read = [&](unsigned operand) {
    operand = firstInRowOf(operand);
    operands.try_emplace(operand, code, tableEntry(operand));
  };
  for (unsigned operand : parts.touched)
    read(operand);
  for (const Product &product : parts.products) {
    read(product.weights);
    // All elements of each row of a tile, or the most that a tile leaves there.
    int64_t gates = product.layout.gates.size(), numbers = 0;
    Tiles tiles(code.target, gates, parts.onMatrixUnit);
    if (product.whole)
      numbers = product.m * (parts.hasGates() ? tiles.mostRows(1) : 1);
    else
      for (int64_t blocks = 1; blocks <= tiles.blocksForOneRow; blocks *= 2)
        numbers = std::max(numbers, tiles.mostRows(blocks) * blocks * gates * code.target.lanes());
    sums.push_back(code.stack(numbers * bytesOfReal));
  }
}

Value KernelValues::tableEntry(unsigned operand) { return code.at(table, operand * sizeof(runtime::Operand)); }

Value KernelValues::isDense() {
  Value dense = code.integer(1, code.i1);
  for (unsigned operand : parts.touched) {
    Type type = typeOf(operand);
    if (isa<RankedTensorType>(type))
      continue;
    const RowAddress &rows = operands.at(firstInRowOf(operand));
    Value stride = code.index(rnn::elementCount(type) * bytesOfElement(rnn::elementOf(type)));
    dense = code.both(dense, code.both(rows.isInOrder, code.compare(rnn::Predicate::Eq, rows.stride, stride)));
  }
  return dense;
}

/// What has no clock is one row.
Value KernelValues::addressOfRow(unsigned operand, Value row) {
  unsigned first = firstInRowOf(operand);
  const RowAddress &address = operands.at(first);
  Value base = isa<RankedTensorType>(typeOf(first)) ? address.base : address.of(code, row);
  return code.at(base, parts.kernel.operands[operand].distance);
}

/// Of all operands.
std::map<unsigned, Value> KernelValues::addressesOfRow(Value row) {
  std::map<unsigned, Value> addresses;
  for (unsigned operand : parts.touched) {
    unsigned first = firstInRowOf(operand);
    if (!addresses.count(first))
      addresses[first] = addressOfRow(first, row);
    addresses[operand] = code.at(addresses[first], parts.kernel.operands[operand].distance);
  }
  return addresses;
}

Value KernelValues::wholeOf(const Product &product, Value place) {
  return code.at(sumsOf(product), code.mul(place, code.index(product.m * bytesOfReal)));
}

void KernelValues::computeWholes(Value row, Value place) {
  for (const Product &product : parts.products)
    if (product.whole)
      callSums(code, product.layout, code.at(addressOfRow(product.operand, row), product.operandElement * bytesOfReal),
               addressOf(product.weights), wholeOf(product, place));
}

void KernelValues::beginRow(Value row, Value next) {
  place = next;
  rows = addressesOfRow(row);
  singles.clear();
  known.clear();
}

void KernelValues::beginLines(Value row) { firstLines = addressesOfRow(row); }

void KernelValues::beginLine(Value line) {
  rows.clear();
  singles.clear();
  known.clear();
  for (auto [operand, first] : firstLines)
    rows[operand] = code.at(first, code.mul(line, code.index(parts.kernel.operands[operand].lineBytes)));
}

void KernelValues::beginBlock(const ColumnBlock &next) {
  block = next;
  known.clear();
}

//===--- Values ------------------------------------------------------------------------------------------------===//

Value KernelValues::maskOf(int64_t first, int64_t end) {
  if (block.mask)
    return block.mask;
  return first == 0 && end == lanesOfBlock() ? Value() : code.mask(first, end, lanesOfBlock());
}

Value KernelValues::fromMemory(Type element, Value base, int64_t at, int64_t first, int64_t end) {
  int64_t bytes = bytesOfElement(element);
  Value address = code.at(code.at(base, code.mul(block.column, code.index(bytes))), at * bytes);
  return loadElements(code, element, lanesOfBlock(), address, maskOf(first, end));
}

Value KernelValues::tableOf(rnn::ConstOp constant) {
  Type element = rnn::elementOf(constant.getResult().getType());
  int64_t count = rnn::elementCount(constant.getResult().getType());
  auto table = [&](Type type, auto numbers) {
    return code.table(DenseElementsAttr::get(RankedTensorType::get({count}, type), ArrayRef(numbers)));
  };
  if (element.isF32())
    return table(code.f32, SmallVector<float>(llvm::map_range(constant.getReals(), [](double x) { return float(x); })));
  SmallVector<int64_t> ints = constant.getInts();
  if (element.isInteger(64))
    return table(code.i64, ints);
  if (element.isInteger(1))
    return table(code.i8, SmallVector<int8_t>(ints.begin(), ints.end()));
  return table(code.i32, SmallVector<int32_t>(ints.begin(), ints.end()));
}

/// One number, in all lanes of the type.
static Value splat(Code &code, rnn::ConstOp constant, int64_t at, int64_t lanes) {
  Type element = rnn::elementOf(constant.getResult().getType());
  Type type = Code::vectorOf(registerType(code, element), lanes);
  return element.isF32() ? code.real(constant.getReals()[at], type) : code.integer(constant.getInts()[at], type);
}

Value KernelValues::single(const Source &source) {
  if (auto it = singles.find(source); it != singles.end())
    return it->second;
  Type element = rnn::elementOf(source.value.getType());
  auto compute = [&]() -> Value {
    int64_t bytes = bytesOfElement(element);
    if (std::optional<unsigned> operand = parts.loaded(source.value))
      return loadElements(code, element, 1, code.at(rows.at(*operand), source.element * bytes));
    if (const Product *product = parts.product(source.value))
      return loadElements(code, element, 1, code.at(wholeOf(*product, place), source.element * bytes));
    Operation *op = source.value.getDefiningOp();
    if (auto constant = dyn_cast<rnn::ConstOp>(op))
      return splat(code, constant, source.element, 1);
    if (isa<rnn::ConcatOp, rnn::PadOp>(op)) {
      Piece piece = parts.pieces(source, {0, 1}).front();
      if (piece.source)
        return single(*piece.source);
      return code.real(0, code.f32); // only reals are padded
    }
    Code::Values in;
    for (Value operand : op->getOperands())
      in.push_back(single(parts.resolve(operand, source)));
    return emitElementwise(code, op, in);
  };
  Value value = compute();
  singles[source] = value;
  return value;
}

Value KernelValues::read(const Source &source, int64_t first, int64_t end) {
  if (source.uniform)
    return code.broadcast(single(source), lanesOfBlock());
  auto key = std::make_tuple(source, first, end);
  if (auto it = known.find(key); it != known.end())
    return it->second;
  Value value = compute(source, first, end);
  known[key] = value;
  return value;
}

Value KernelValues::compute(const Source &source, int64_t first, int64_t end) {
  Type element = rnn::elementOf(source.value.getType());
  if (std::optional<unsigned> operand = parts.loaded(source.value))
    return fromMemory(element, rows.at(*operand), source.element, first, end);
  if (const Product *product = parts.product(source.value)) {
    if (product->whole)
      return fromMemory(element, wholeOf(*product, place), source.element, first, end);
    const auto &gates = product->layout.gates;
    int64_t gate = llvm::find(gates, source.element) - gates.begin(), vectorBytes = code.target.lanes() * bytesOfReal;
    Value bytes = code.mul(block.number, code.index(gates.size() * vectorBytes));
    return loadElements(code, element, lanesOfBlock(), code.at(code.at(sumsOf(*product), bytes), gate * vectorBytes));
  }
  Operation *op = source.value.getDefiningOp();
  if (auto constant = dyn_cast<rnn::ConstOp>(op))
    return constant.getValue().isSplat() ? splat(code, constant, 0, lanesOfBlock())
                                         : fromMemory(element, tableOf(constant), source.element, first, end);
  if (isa<rnn::ConcatOp, rnn::PadOp>(op))
    return joined(source, first, end);
  Code::Values in;
  for (Value operand : op->getOperands())
    in.push_back(read(parts.resolve(operand, source), first, end));
  return emitElementwise(code, op, in);
}

Value KernelValues::joined(const Source &source, int64_t first, int64_t end) {
  // Where parts meet inside of the block it is the only one of its segment: its columns are known.
  Columns columns = block.columns;
  bool isOne = columns.end - columns.begin <= lanesOfBlock();
  if (isOne)
    columns = {block.columns.begin + first, block.columns.begin + end};
  Value value;
  for (const Piece &piece : parts.pieces(source, columns)) {
    bool isAll = piece.columns.begin == columns.begin && piece.columns.end == columns.end;
    int64_t from = isAll ? first : piece.columns.begin - block.columns.begin;
    int64_t to = isAll ? end : piece.columns.end - block.columns.begin;
    Value part = piece.source ? read(*piece.source, from, to) : code.real(0, Code::vectorOf(code.f32, lanesOfBlock()));
    value = value ? code.select(code.mask(from, to, lanesOfBlock()), part, value) : part;
  }
  return value;
}

void KernelValues::prefetch(Value row, Value block, Value group) {
  for (auto [operand, element] : parts.streams)
    prefetch(operand, element, row, block, group);
}

void KernelValues::prefetchStores(Value row, Value block, Value group) {
  for (auto [operand, what] : llvm::enumerate(parts.kernel.operands))
    if (what.kind == KernelOperand::Kind::Store)
      prefetch(operand, 0, row, block, group);
}

void KernelValues::prefetch(unsigned operand, int64_t element, Value row, Value block, Value group) {
  int64_t bytes = bytesOfElement(rnn::elementOf(typeOf(operand))), blockBytes = code.target.lanes() * bytes;
  Value base = code.at(addressOfRow(operand, row), element * bytes);
  code.loop(block, code.add(block, group), code.index(1),
            [&](Value i) { code.prefetch(code.at(base, code.mul(i, code.index(blockBytes))), 1); });
}

//===--- Stores ------------------------------------------------------------------------------------------------===//

void KernelValues::storeLanes(unsigned operand, Value value) {
  int64_t bytes = bytesOfElement(rnn::elementOf(typeOf(operand)));
  Value address = code.at(rows.at(operand), code.mul(block.column, code.index(bytes)));
  store(operand, value, address, maskOf(block.firstLane, block.endLane));
}

void KernelValues::storeSingle(unsigned operand, Value value) { store(operand, value, rows.at(operand), {}); }

void KernelValues::store(unsigned operand, Value value, Value address, Value mask) {
  if (parts.kernel.operands[operand].isAdded)
    value = code.add(code.load(value.getType(), address, mask), value);
  storeElements(code, value, address, mask);
}

} // namespace rondo::cpu
