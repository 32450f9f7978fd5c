// The sum over k of each element is added up in the same order whatever the tile, so that the bits of a row do not
// depend on the rows beside it.
#include "compiler/Cpu/KernelProducts.h"

#include "compiler/Cpu/KernelElements.h"
#include "compiler/Cpu/MatrixUnit.h"
#include "compiler/Cpu/RoundedRows.h"
#include <algorithm>

using namespace mlir;

namespace rondo::cpu {

//===--- Tiles -------------------------------------------------------------------------------------------------===//

Tiles::Tiles(const Isa &isa, int64_t gates, bool onMatrixUnit) {
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
  blocksForOneRow = onMatrixUnit ? blocksForRows : blocksWithin(8); // as many as additions are under way at once
  most = onMatrixUnit ? MatrixUnit::mostRows : 0;
}

int64_t Tiles::mostRows(int64_t blocks) const {
  if (most)
    return most;
  if (blocks > blocksForRows)
    return 1;
  int64_t vectors = blocks * gatesAtOnce;
  return std::clamp<int64_t>(budget / vectors, 1, 8);
}

namespace {

/// One tile of rows x blocks x gates, within its function.
class Tile {
public:
  /// `stepBytes`: from one depth to the next; `depthsAtOnce`: in one turn of its loop.
  Tile(Code &code, WeightFormat format, bool isHalved, int64_t rows, int64_t blocks, int64_t gates, int64_t stepBytes,
       int64_t depthsAtOnce)
      : code(code), format(format), isHalved(isHalved), rows(rows), vectors(blocks * gates), gates(gates),
        stepBytes(stepBytes), depthsAtOnce(depthsAtOnce), lanes(code.target.lanes()),
        hasPairs(format == WeightFormat::BF16 && code.target.hasPairs) {}

  /// `blockBytes`: from a block to the next; `sumStep`, `rowBytes`: of sums, from a block to the next, and from a row.
  void emit(ArrayRef<Value> x, Value weights, Value scales, Value depth, Value blockBytes, Value sums, Value sumStep,
            Value rowBytes, Value nextWeights, Value nextStep) {
    this->x = x;
    this->nextWeights = nextWeights;
    this->nextStep = nextStep;
    this->weights = weights;
    this->blockBytes = blockBytes;
    Type vector = Code::vectorOf(code.f32, lanes);
    auto place = [&](int64_t row, int64_t v) {
      return at(code.at(sums, code.mul(rowBytes, code.index(row))), v, sumStep, bytesOfReal);
    };
    auto forSums = [&](llvm::function_ref<void(int64_t, Value)> body) {
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t v = 0; v < vectors; ++v)
          body(row * vectors + v, place(row, v));
    };
    Value zero = code.index(0), half = code.shiftRight(depth, 1);
    Code::Values totals;
    if (isHalved && rows == 1) { // side by side
      Code::Values both = sumUp(half, {zero, half});
      for (int64_t i = 0; i < vectors; ++i)
        totals.push_back(code.add(both[i], both[vectors + i]));
    } else if (isHalved) { // one after the other: there are no registers for both
      Code::Values first = sumUp(half, zero);
      forSums([&](int64_t i, Value place) { code.store(first[i], place); });
      totals = sumUp(half, half);
      forSums([&](int64_t i, Value place) { totals[i] = code.add(code.load(vector, place), totals[i]); });
    } else {
      totals = sumUp(depth, zero);
    }
    forSums([&](int64_t i, Value place) {
      Value sum = totals[i];
      if (scales)
        sum = code.mul(sum, code.load(vector, at(scales, i % vectors, sumStep, bytesOfReal)));
      code.store(sum, place);
    });
  }

private:
  /// The sums over so much of the depth, from each of the starts on.
  Code::Values sumUp(Value depth, ValueRange starts) {
    Code::Values carried;
    for (Value start : starts)
      carried.push_back(code.at(weights, code.mul(start, code.index(stepBytes))));
    int64_t chains = starts.size(), sums = rows * vectors;
    carried.append(chains * sums, code.real(0, Code::vectorOf(code.f32, lanes)));
    auto addDepths = [&](Value first, Value end, int64_t atOnce) {
      carried = code.loop(first, end, code.index(atOnce), carried, [&](Value i, ValueRange carried) {
        Code::Values next(carried);
        for (int64_t k = 0; k < atOnce; ++k)
          for (int64_t chain = 0; chain < chains; ++chain)
            addDepth(code.add(starts[chain], code.add(i, code.index(k))), code.at(next[chain], k * stepBytes),
                     MutableArrayRef(next).slice(chains + chain * sums, sums));
        for (int64_t chain = 0; chain < chains; ++chain)
          next[chain] = code.at(next[chain], atOnce * stepBytes);
        return next;
      });
    };
    Value done = code.index(0);
    if (depthsAtOnce > 1) {
      done = code.sub(depth, code.both(depth, code.index(depthsAtOnce - 1)));
      addDepths(code.index(0), done, depthsAtOnce);
    }
    addDepths(done, depth, 1);
    carried.erase(carried.begin(), carried.begin() + chains);
    return carried;
  }

  void addDepth(Value i, Value weights, MutableArrayRef<Value> sums) {
    bool isSplit = format == WeightFormat::BF16 && !hasPairs;
    for (int64_t half = 0; half < (isSplit ? 2 : 1); ++half)
      addProducts(i, half, weights, sums);
    prefetch(weights, i);
  }

  int64_t laneBytes() const { return format == WeightFormat::Int8 ? 1 : bytesOfReal; }

  /// Asks for weights somewhat ahead, which may not be in the first cache, and for what follows, which may not be in
  /// the second. A tile of few rows has no time for it.
  void prefetch(Value weights, Value i) {
    constexpr int64_t aheadBytes = 1024, line = 64, linesOfNext = 2;
    if (rows < 4)
      return;
    Value ahead = code.at(weights, aheadBytes);
    for (int64_t v = 0; v < vectors; ++v)
      code.prefetch(at(ahead, v, blockBytes, laneBytes()), 1);
    Value soon = code.at(nextWeights, code.mul(i, nextStep));
    for (int64_t i = 0; i < linesOfNext; ++i)
      code.prefetch(code.at(soon, i * line), 2);
  }

  /// The vector of a block and gate, where blocks are so many bytes apart.
  Value at(Value base, int64_t v, Value blockBytes, int64_t laneBytes) {
    if (v >= gates)
      base = code.at(base, code.mul(blockBytes, code.index(v / gates)));
    return code.at(base, v % gates * lanes * laneBytes);
  }

  /// The numbers of a row that belong to a depth; of two, if the machine does not take them together, one half.
  Value numbers(int64_t row, Value i, int64_t half) {
    if (hasPairs)
      return code.broadcast(code.load(code.i32, code.at(x[row], code.mul(i, code.index(bytesOfReal)))), lanes);
    bool isSplit = format == WeightFormat::BF16;
    Value address = code.at(x[row], code.mul(i, code.index(isSplit ? 2 * bytesOfReal : bytesOfReal)));
    return code.broadcast(code.load(code.f32, code.at(address, half * bytesOfReal)), lanes);
  }

  /// The same of weights.
  Value weightsAt(Value address, int64_t half) {
    if (format == WeightFormat::F32)
      return code.load(Code::vectorOf(code.f32, lanes), address);
    if (format == WeightFormat::Int8)
      return code.toFloat(code.widenSigned(code.load(Code::vectorOf(code.i8, lanes), address), code.i32), code.f32,
                          true);
    Value pairs = code.load(Code::vectorOf(code.i32, lanes), address);
    if (hasPairs)
      return pairs;
    return code.bits(half ? code.both(pairs, code.integer(int32_t(0xffff0000), pairs)) : code.shiftLeft(pairs, 16),
                     code.f32);
  }

  Value sumWith(Value sum, Value numbers, Value weights) {
    if (!hasPairs)
      return code.fma(numbers, weights, sum);
    return code.intrinsic(sum.getType(), "llvm.x86.avx512bf16.dpbf16ps.512",
                          {sum, code.halves(numbers, code.bf16), code.halves(weights, code.bf16)});
  }

  void addProducts(Value i, int64_t half, Value weights, MutableArrayRef<Value> sums) {
    auto number = [&](int64_t row) { return numbers(row, i, half); };
    auto weight = [&](int64_t v) { return weightsAt(at(weights, v, blockBytes, laneBytes()), half); };
    auto add = [&](int64_t row, int64_t v, Value number, Value weight) {
      Value &sum = sums[row * vectors + v];
      sum = sumWith(sum, number, weight);
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
  }

  Code &code;
  WeightFormat format;
  bool isHalved;
  int64_t rows, vectors, gates, stepBytes, depthsAtOnce, lanes;
  bool hasPairs;
  ArrayRef<Value> x;
  Value weights, blockBytes, nextWeights, nextStep;
};

/// void (operand, operandBytes, row, rows, weights, depth, sums, next, nextStep, and scales for Int8): `count` of the
/// gates of which a depth has the weights of all.
void emitTileFunction(Code &code, llvm::StringRef name, WeightFormat format, bool isHalved, int64_t blocks,
                      int64_t count, int64_t gates) {
  Type p = code.pointer, n = code.i64;
  bool isScaled = format == WeightFormat::Int8;
  int64_t sumBytes = gates * code.target.lanes() * bytesOfReal,
          stepBytes = isScaled ? sumBytes / bytesOfReal : sumBytes;
  SmallVector<Type> types{p, n, n, n, p, n, p, p, n};
  if (isScaled)
    types.push_back(p);
  ValueRange in = code.begin(name, types, true);
  Value operandBytes = in[1], row = in[2], rows = in[3], weights = in[4], depth = in[5], sums = in[6];
  Value scales = isScaled ? in[9] : Value(), sumStep = code.index(sumBytes);
  RowAddress address(code, in[0]);
  code.dispatch(code.sub(rows, code.index(1)), Tiles(code.target, count).mostRows(blocks), [&](int64_t which) {
    Code::Values x;
    for (int64_t r = 0; r <= which; ++r)
      x.push_back(code.at(address.of(code, code.add(row, code.index(r))), operandBytes));
    // A turn takes as long as an addition does, in which there is time for all else. But the weights of a single row
    // come from a cache behind the first, and the machine foresees them better where a load does not come back to what
    // is near. Where sums are halved there are few of them, and vectors of four numbers are slow anyway.
    bool isFromAfar =
        which == 0 && !isHalved && code.target.lanes() >= 8 && blocks == Tiles(code.target, gates).blocksForOneRow;
    Tile(code, format, isHalved, which + 1, blocks, count, stepBytes, isFromAfar ? 32 : 1)
        .emit(x, weights, scales, depth, code.mul(code.index(stepBytes), depth), sums, sumStep,
              code.index(blocks * sumBytes), in[7], in[8]);
  });
  code.end();
}

} // namespace

void callTile(Code &code, WeightFormat format, bool isHalved, int64_t blocks, int64_t gates, const TileArguments &a) {
  Tiles tiles(code.target, gates);
  // A pair of bf16 is as long as an f32.
  int64_t lanes = code.target.lanes(), laneBytes = format == WeightFormat::Int8 ? 1 : bytesOfReal;
  llvm::StringRef kind = format == WeightFormat::F32    ? "tile."
                         : format == WeightFormat::BF16 ? "tile.bf16."
                                                        : "tile.int8.";
  for (int64_t first = 0; first < gates; first += tiles.gatesAtOnce) {
    int64_t count = std::min(tiles.gatesAtOnce, gates - first), bytes = first * lanes * bytesOfReal;
    std::string name = (kind + Twine(blocks) + "x" + Twine(count)).str();
    if (count < gates)
      name += ".of." + std::to_string(gates);
    if (isHalved)
      name += ".halves";
    Code::Values arguments{
        a.operand, a.operandBytes,         a.row,  a.rows,    code.at(a.weights, first * lanes * laneBytes),
        a.depth,   code.at(a.sums, bytes), a.next, a.nextStep};
    if (format == WeightFormat::Int8)
      arguments.push_back(code.at(a.scales, bytes));
    code.callLocal(name, arguments,
                   [&](Code &callee) { emitTileFunction(callee, name, format, isHalved, blocks, count, gates); });
  }
}

//===--- Sums along lanes --------------------------------------------------------------------------------------===//

namespace {

/// Columns first..first+count-1 of a function of sums.
class Sums {
public:
  Sums(Code &code, WeightFormat format, int64_t m, int64_t k, int64_t count)
      : code(code), format(format), m(m), k(k), count(count), chains(std::max<int64_t>(1, 4 / count)),
        lanes(code.target.lanes()), vector(Code::vectorOf(code.f32, lanes)) {}

  /// `scales`: of the columns; none if there are none.
  void emit(Value x, Value weights, Value scales, Value sums) {
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
      Value sum = code.reduce(total, plus);
      if (scales)
        sum = code.mul(sum, code.load(code.f32, code.at(scales, column * bytesOfReal)));
      code.store(sum, code.at(sums, column * bytesOfReal));
    }
  }

private:
  void add(Value x, Value weights, Value block, int64_t chain, Value mask, Code::Values &totals) {
    Value bytes = code.mul(block, code.index(lanes * bytesOfReal));
    Value part = code.load(vector, code.at(x, bytes), mask);
    if (format == WeightFormat::BF16)
      part = roundToBf16(code, part);
    int64_t laneBytes = bytesOf(format);
    Value row = code.at(weights, code.mul(block, code.index(lanes * m * laneBytes)));
    for (int64_t column = 0; column < count; ++column) {
      Value &total = totals[chain * count + column];
      total = code.fma(part, weightsAt(code.at(row, column * lanes * laneBytes)), total);
    }
  }

  Value weightsAt(Value address) {
    switch (format) {
    case WeightFormat::F32: return code.load(vector, address);
    case WeightFormat::BF16: return code.widen(code.load(Code::vectorOf(code.bf16, lanes), address), code.f32);
    case WeightFormat::Int8:
      return code.toFloat(code.widenSigned(code.load(Code::vectorOf(code.i8, lanes), address), code.i32), code.f32,
                          true);
    }
    llvm_unreachable("a format of weights");
  }

  Code &code;
  WeightFormat format;
  int64_t m, k, count, chains, lanes;
  Type vector;
};

} // namespace

void callSums(Code &code, const PackLayout &layout, Value x, Value weights, Value sums) {
  WeightFormat format = layout.format;
  int64_t m = layout.k, k = layout.m, scaleBytes = layout.scaleBytes();
  std::string name = ("sums." + Twine(m) + "x" + Twine(k)).str();
  code.callLocal(name, {x, weights, sums}, [&](Code &callee) {
    Type p = callee.pointer;
    ValueRange in = callee.begin(name, {p, p, p}, true);
    constexpr int64_t most = 4;
    int64_t lanes = callee.target.lanes(), whole = m / most * most;
    auto part = [&](Value first, int64_t count) {
      Value bytes = callee.mul(first, callee.index(bytesOfReal));
      Value weights = callee.at(in[1], callee.mul(first, callee.index(lanes * bytesOf(format))));
      Sums(callee, format, m, k, count)
          .emit(in[0], callee.at(weights, scaleBytes), scaleBytes ? callee.at(in[1], bytes) : Value(),
                callee.at(in[2], bytes));
    };
    if (whole)
      callee.loop(callee.index(0), callee.index(whole), callee.index(most), [&](Value first) { part(first, most); });
    if (whole < m)
      part(callee.index(whole), m - whole);
    callee.end();
  });
}

} // namespace rondo::cpu
