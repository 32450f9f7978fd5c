#include "compiler/Cpu/LineTotals.h"

#include "compiler/Cpu/KernelElements.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace rondo::cpu {

LineTotals::LineTotals(Code &code, const KernelParts &parts, KernelValues &values)
    : code(code), parts(parts), values(values) {
  auto isStoredOverLines = [&](const FoldPart &fold) {
    return llvm::any_of(parts.scalars, [&](unsigned operand) {
      const KernelOperand &store = parts.kernel.operands[operand];
      return store.overLines && store.value == fold.value;
    });
  };
  for (const FoldPart &fold : parts.passes[0].folds)
    if (isStoredOverLines(fold))
      folds.push_back(&fold);
  for (unsigned operand : parts.passes[0].stores)
    if (parts.kernel.operands[operand].overLines)
      rows.push_back({operand, 0, {}});
  // Other registers hold what lines are computed from.
  bool manyRegisters = code.target.level == Isa::Level::X86_64_v4 || code.target.level == Isa::Level::Aarch64;
  int64_t mostVectors = manyRegisters ? 16 : 8, mostBlocks = 8;
  unrolled = parts.blocks() <= mostBlocks && parts.blocks() * int64_t(rows.size()) <= mostVectors;
  for (auto [i, row] : llvm::enumerate(rows)) {
    row.place = folds.size() + i * parts.blocks();
    if (!unrolled)
      row.memory = code.stack(parts.blocks() * code.target.lanes() * bytesOfReal);
  }
}

Code::Values LineTotals::start() {
  Type vector = Code::vectorOf(code.f32, code.target.lanes());
  Code::Values carried;
  for (const FoldPart *fold : folds)
    carried.push_back(startOf(code, fold->kind, vector));
  for (const Row &row : rows) {
    Value none = startOf(code, *operandOf(row).overLines, vector);
    if (unrolled)
      carried.append(parts.blocks(), none);
    else
      code.loop(code.index(0), code.index(parts.blocks()), code.index(1),
                [&](Value block) { code.store(none, addressOf(row, block)); });
  }
  return carried;
}

std::optional<unsigned> LineTotals::placeOf(const FoldPart &fold) const {
  auto it = llvm::find(folds, &fold);
  return it == folds.end() ? std::nullopt : std::optional<unsigned>(it - folds.begin());
}

Value LineTotals::addressOf(const Row &row, Value block) {
  return code.at(row.memory, code.mul(block, code.index(code.target.lanes() * bytesOfReal)));
}

Value LineTotals::vectorOf(const Row &row, Value block, int64_t number, ValueRange carried) {
  return unrolled ? carried[row.place + number]
                  : code.load(Code::vectorOf(code.f32, code.target.lanes()), addressOf(row, block));
}

Value LineTotals::met(const Row &row, Value before) {
  Source source = parts.resolve(operandOf(row).value, 0, false);
  if (!operandOf(row).isProduct)
    return meet(code, *operandOf(row).overLines, before, values.lanes(source));
  auto product = source.value.getDefiningOp<rnn::ScaleOp>();
  auto in = [&](Value operand) { return values.lanes(parts.resolve(operand, source)); };
  return code.fma(in(product.getBy()), in(product.getX()), before);
}

void LineTotals::meetBlock(Value block, int64_t number, MutableArrayRef<Value> carried) {
  for (const Row &row : rows) {
    Value next = met(row, vectorOf(row, block, number, carried));
    if (unrolled)
      carried[row.place + number] = next;
    else
      code.store(next, addressOf(row, block));
  }
}

void LineTotals::storeFold(const FoldPart &fold, Value one) {
  Value value = finishFold(code, fold.kind, one, parts.width() * parts.kernel.lines);
  for (unsigned operand : parts.scalars)
    if (parts.kernel.operands[operand].value == fold.value)
      values.storeSingle(operand, value);
}

void LineTotals::storeBlock(Value block, int64_t number, ValueRange carried) {
  for (const Row &row : rows) {
    Value total = vectorOf(row, block, number, carried);
    values.storeLanes(row.operand, finishFold(code, *operandOf(row).overLines, total, parts.kernel.lines));
  }
}

} // namespace rondo::cpu
