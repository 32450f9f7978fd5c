// The sum over k of each element is added up in the same order whatever the tile, so that the bits of a row do not
// depend on the rows beside it.
#include "compiler/Cpu/KernelProducts.h"

#include "compiler/Cpu/KernelElements.h"
#include "compiler/Cpu/RowAddress.h"
#include <algorithm>

using namespace mlir;

namespace rondo::cpu {

//===--- Tiles -------------------------------------------------------------------------------------------------===//

Tiles::Tiles(const Isa &isa, int64_t gates) {
  bool manyRegisters = isa.level == Isa::Level::X86_64_v4 || isa.level == Isa::Level::Aarch64;
  budget = manyRegisters ? 24 : 12;
  gatesAtOnce = std::min<int64_t>(gates, manyRegisters ? 8 : 4);
  auto blocksWithin = [&](int64_t vectors) {
    int64_t blocks = 1;
    while (blocks * 2 * gates <= vectors)
      blocks *= 2;
    return blocks;
  };
  blocksForRows = blocksWithin(4);
  blocksForOneRow = blocksWithin(8); // as many as additions are under way at once
}

int64_t Tiles::mostRows(int64_t blocks) const {
  if (blocks > blocksForRows)
    return 1;
  int64_t vectors = blocks * gatesAtOnce;
  return std::clamp<int64_t>(budget / vectors, 1, vectors == 1 ? 8 : 6);
}

namespace {

/// One tile of rows x blocks x gates, within its function.
class Tile {
public:
  Tile(Code &code, int64_t rows, int64_t blocks, int64_t gates)
      : code(code), rows(rows), vectors(blocks * gates), gates(gates), lanes(code.target.lanes()) {}

  /// `step`: bytes from a k to the next; `blockBytes`: from a block to the next.
  void emit(ArrayRef<Value> x, Value weights, Value k, Value step, Value blockBytes, Value sums, Value rowBytes) {
    this->x = x;
    Code::Values carried(1, weights);
    Value zero = code.real(0, Code::vectorOf(code.f32, lanes));
    carried.append(rows * vectors, zero);
    // A turn is not unrolled: it takes as long as an addition does, in which there is time for all else.
    carried = code.loop(code.index(0), k, code.index(1), carried, [&](Value i, ValueRange carried) {
      Code::Values next(carried);
      addProducts(i, next, step, blockBytes);
      return next;
    });
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t v = 0; v < vectors; ++v)
        code.store(carried[1 + row * vectors + v], at(code.at(sums, code.mul(rowBytes, code.index(row))), v, step));
  }

private:
  /// The vector of a block and gate, where blocks are so many bytes apart.
  Value at(Value base, int64_t v, Value blockBytes) {
    if (v >= gates)
      base = code.at(base, code.mul(blockBytes, code.index(v / gates)));
    return code.at(base, v % gates * lanes * bytesOfReal);
  }

  void addProducts(Value i, Code::Values &carried, Value step, Value blockBytes) {
    Type vector = Code::vectorOf(code.f32, lanes);
    Value weights = carried[0];
    auto number = [&](int64_t row) {
      return code.broadcast(code.load(code.f32, code.at(x[row], code.mul(i, code.index(bytesOfReal)))), lanes);
    };
    auto weight = [&](int64_t v) { return code.load(vector, at(weights, v, blockBytes)); };
    auto add = [&](int64_t row, int64_t v, Value number, Value weight) {
      Value &sum = carried[1 + row * vectors + v];
      sum = code.fma(number, weight, sum);
    };
    // What there is less of stays in registers.
    if (rows <= vectors) {
      Code::Values numbers;
      for (int64_t row = 0; row < rows; ++row)
        numbers.push_back(number(row));
      for (int64_t v = 0; v < vectors; ++v) {
        Value w = weight(v);
        for (int64_t row = 0; row < rows; ++row)
          add(row, v, numbers[row], w);
      }
    } else {
      Code::Values weightsOfK;
      for (int64_t v = 0; v < vectors; ++v)
        weightsOfK.push_back(weight(v));
      for (int64_t row = 0; row < rows; ++row) {
        Value n = number(row);
        for (int64_t v = 0; v < vectors; ++v)
          add(row, v, n, weightsOfK[v]);
      }
    }
    carried[0] = code.at(weights, step);
  }

  Code &code;
  int64_t rows, vectors, gates, lanes;
  ArrayRef<Value> x;
};

/// void (operand, operandBytes, row, rows, weights, k, step, sums): `step` is the bytes of all gates of a k.
void emitTileFunction(Code &code, llvm::StringRef name, int64_t blocks, int64_t gates, int64_t mostRows) {
  Type p = code.pointer, n = code.i64;
  ValueRange in = code.begin(name, {p, n, n, n, p, n, n, p}, true);
  Value operandBytes = in[1], row = in[2], rows = in[3], weights = in[4], k = in[5], step = in[6], sums = in[7];
  RowAddress address(code, in[0]);
  code.dispatch(code.sub(rows, code.index(1)), mostRows, [&](int64_t which) {
    Code::Values x;
    for (int64_t r = 0; r <= which; ++r)
      x.push_back(code.at(address.of(code, code.add(row, code.index(r))), operandBytes));
    Tile(code, which + 1, blocks, gates)
        .emit(x, weights, k, step, code.mul(step, k), sums, code.mul(step, code.index(blocks)));
  });
  code.end();
}

} // namespace

void callTile(Code &code, int64_t blocks, int64_t gates, const TileArguments &a) {
  Tiles tiles(code.target, gates);
  Value step = code.index(gates * code.target.lanes() * bytesOfReal);
  for (int64_t first = 0; first < gates; first += tiles.gatesAtOnce) {
    int64_t count = std::min(tiles.gatesAtOnce, gates - first), bytes = first * code.target.lanes() * bytesOfReal;
    std::string name = ("tile." + Twine(blocks) + "x" + Twine(count)).str();
    code.callLocal(
        name, {a.operand, a.operandBytes, a.row, a.rows, code.at(a.weights, bytes), a.k, step, code.at(a.sums, bytes)},
        [&](Code &callee) {
          emitTileFunction(callee, name, blocks, count, Tiles(code.target, count).mostRows(blocks));
        });
  }
}

//===--- Sums along lanes --------------------------------------------------------------------------------------===//

namespace {

/// Columns first..first+count-1 of a function of sums.
class Sums {
public:
  Sums(Code &code, int64_t m, int64_t k, int64_t count)
      : code(code), m(m), k(k), count(count), chains(std::max<int64_t>(1, 4 / count)), lanes(code.target.lanes()),
        vector(Code::vectorOf(code.f32, lanes)) {}

  void emit(Value x, Value weights, Value sums) {
    int64_t whole = k / lanes / chains * chains, blocks = (k + lanes - 1) / lanes;
    Code::Values totals =
        code.loop(code.index(0), code.index(whole), code.index(chains),
                  Code::Values(count * chains, code.real(0, vector)), [&](Value block, ValueRange carried) {
                    Code::Values next(carried);
                    for (int64_t chain = 0; chain < chains; ++chain)
                      add(x, weights, code.add(block, code.index(chain)), chain, {}, next);
                    return next;
                  });
    for (int64_t block = whole; block < blocks; ++block) {
      bool isPart = (block + 1) * lanes > k;
      add(x, weights, code.index(block), block - whole, isPart ? code.mask(0, k % lanes, lanes) : Value(), totals);
    }
    auto plus = [&](Value a, Value b) { return code.add(a, b); };
    for (int64_t column = 0; column < count; ++column) {
      Value total = totals[column];
      for (int64_t chain = 1; chain < chains; ++chain)
        total = code.add(total, totals[chain * count + column]);
      code.store(code.reduce(total, plus), code.at(sums, column * bytesOfReal));
    }
  }

private:
  void add(Value x, Value weights, Value block, int64_t chain, Value mask, Code::Values &totals) {
    Value bytes = code.mul(block, code.index(lanes * bytesOfReal));
    Value part = code.load(vector, code.at(x, bytes), mask);
    Value row = code.at(weights, code.mul(bytes, code.index(m)));
    for (int64_t column = 0; column < count; ++column) {
      Value &total = totals[chain * count + column];
      total = code.fma(part, code.load(vector, code.at(row, column * lanes * bytesOfReal)), total);
    }
  }

  Code &code;
  int64_t m, k, count, chains, lanes;
  Type vector;
};

} // namespace

void callSums(Code &code, int64_t m, int64_t k, Value x, Value weights, Value sums) {
  std::string name = ("sums." + Twine(m) + "x" + Twine(k)).str();
  code.callLocal(name, {x, weights, sums}, [&](Code &callee) {
    Type p = callee.pointer;
    ValueRange in = callee.begin(name, {p, p, p}, true);
    constexpr int64_t most = 4;
    int64_t lanes = callee.target.lanes(), whole = m / most * most;
    auto part = [&](Value first, int64_t count) {
      Value bytes = callee.mul(first, callee.index(bytesOfReal));
      Sums(callee, m, k, count)
          .emit(in[0], callee.at(in[1], callee.mul(bytes, callee.index(lanes))), callee.at(in[2], bytes));
    };
    if (whole)
      callee.loop(callee.index(0), callee.index(whole), callee.index(most), [&](Value first) { part(first, most); });
    if (whole < m)
      part(callee.index(whole), m - whole);
    callee.end();
  });
}

} // namespace rondo::cpu
