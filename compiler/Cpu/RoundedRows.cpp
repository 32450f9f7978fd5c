#include "compiler/Cpu/RoundedRows.h"

#include "compiler/Cpu/KernelElements.h"
#include "runtime/Plan.h"
#include <cstddef>

using namespace mlir;

namespace rondo::cpu {

Value roundToBf16(Code &code, Value x) {
  Value bits = code.bits(x, code.i32);
  Value odd = code.both(code.shiftRight(bits, 16), code.integer(1, bits));
  Value sum = code.add(code.add(bits, code.integer(0x7fff, bits)), odd);
  Value rounded = code.bits(code.both(sum, code.integer(int32_t(0xffff0000), bits)), code.f32);
  return code.select(code.isNan(x), x, rounded);
}

RoundedRows::RoundedRows(Code &code, const KernelParts &parts, Value table, int64_t most)
    : code(code), table(table), areNarrow(code.target.hasPairs || parts.onMatrixUnit) {
  int64_t lanes = code.target.lanes();
  for (const Product &product : parts.products) {
    if (product.whole || product.layout.format != WeightFormat::BF16 || find(product))
      continue;
    int64_t numbers = (product.layout.depth * 2 + lanes - 1) / lanes * lanes;
    int64_t rowBytes = numbers * (areNarrow ? 2 : 4);
    Value memory = code.stack(most * rowBytes), operand = code.stack(sizeof(runtime::Operand));
    code.store(memory, code.at(operand, offsetof(runtime::Operand, base)));
    code.store(code.null(), code.at(operand, offsetof(runtime::Operand, rows)));
    code.store(code.index(rowBytes), code.at(operand, offsetof(runtime::Operand, stride)));
    all.push_back({&product, rowBytes, memory, operand});
  }
}

const RoundedRows::Rows *RoundedRows::find(const Product &product) const {
  for (const Rows &rows : all)
    if (rows.product->operand == product.operand && rows.product->operandElement == product.operandElement &&
        rows.product->k == product.k)
      return &rows;
  return nullptr;
}

Value RoundedRows::operandOf(const Product &product) const { return find(product)->operand; }

/// void (operand, operandBytes, first, end, k, to, rowBytes)
static void emitRounding(Code &code, StringRef name, bool isNarrow) {
  Type p = code.pointer, n = code.i64;
  ValueRange in = code.begin(name, {p, n, n, n, n, p, n}, true);
  Value operandBytes = in[1], first = in[2], end = in[3], k = in[4], to = in[5], rowBytes = in[6];
  RowAddress address(code, in[0]);
  int64_t lanes = code.target.lanes(), bytes = isNarrow ? 2 : 4;
  Type vector = Code::vectorOf(code.f32, lanes);
  Value whole = code.both(k, code.index(-lanes)), numbers = code.shiftRight(rowBytes, isNarrow ? 1 : 2);
  code.loop(first, end, code.index(1), to, [&](Value row, ValueRange carried) {
    Value x = code.at(address.of(code, row), operandBytes);
    auto round = [&](Value i, Value mask) {
      Value part = code.load(vector, code.at(x, code.mul(i, code.index(bytesOfReal))), mask);
      code.store(isNarrow ? code.narrow(part, code.bf16) : roundToBf16(code, part),
                 code.at(carried[0], code.mul(i, code.index(bytes))));
    };
    code.loop(code.index(0), whole, code.index(lanes), [&](Value i) { round(i, {}); });
    code.loop(whole, numbers, code.index(lanes), [&](Value i) { round(i, code.lanesBelow(code.sub(k, i), lanes)); });
    return Code::Values(1, code.at(carried[0], rowBytes));
  });
  code.end();
}

void RoundedRows::round(Value first, Value end) {
  bool isNarrow = areNarrow;
  StringRef name = isNarrow ? "round.bf16" : "round.f32";
  for (const Rows &rows : all)
    code.callLocal(name,
                   {code.at(table, rows.product->operand * sizeof(runtime::Operand)),
                    code.index(rows.product->operandElement * bytesOfReal), first, end, code.index(rows.product->k),
                    rows.memory, code.index(rows.rowBytes)},
                   [&](Code &callee) { emitRounding(callee, name, isNarrow); });
}

} // namespace rondo::cpu
