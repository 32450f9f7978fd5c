// A sum goes on from one product of tiles to the next in the order of k, whatever the rows beside it: a row has the same
// bits in a tile of one as in one of sixteen.
#include "compiler/Cpu/MatrixUnit.h"

#include "runtime/Plan.h"
#include <algorithm>
#include <cstddef>

using namespace mlir;

namespace rondo::cpu {

namespace {

constexpr int64_t rowsOfTile = 16, bytesOfTileRow = 64;
// Registers by what they hold.
constexpr int64_t sumTiles = 0, rowTiles = 4, weightTiles = 6, registers = 8;

} // namespace

MatrixUnit::MatrixUnit(Code &code) : code(code), setup(code.stack(64)) {
  auto words = [&](int64_t at, int64_t word) { code.store(code.index(word), code.at(setup, at)); };
  words(0, 1); // palette
  words(8, 0);
  for (int64_t at = 16; at < 16 + 2 * registers; at += 8)
    words(at, bytesOfTileRow * 0x0001000100010001);
  for (int64_t at = 16 + 2 * registers; at < 64; at += 8)
    words(at, 0);
}

Value MatrixUnit::begin(Value rows) {
  Value one = code.index(1);
  Value tiles = code.most(code.shiftRight(code.add(rows, code.index(rowsOfTile - 1)), 4), one);
  Value each = code.most(code.divide(code.add(rows, code.sub(tiles, one)), tiles), one);
  constexpr int64_t ofRows = 0x0000010101010101, ofWeights = rowsOfTile * 0x0101000000000000;
  code.store(code.add(code.mul(each, code.index(ofRows)), code.index(ofWeights)), code.at(setup, 48));
  code.effect("llvm.x86.ldtilecfg", setup);
  return each;
}

void MatrixUnit::end() { code.effect("llvm.x86.tilerelease", {}); }

namespace {

/// Tiles of rows x columns sums, within their function.
class MatrixTile {
public:
  MatrixTile(Code &code, int64_t rows, int64_t columns) : code(code), rows(rows), columns(columns) {}

  /// `x`, of each tile of rows; `weights`, `sums`: of each column of tiles. `step`: from a pair of k to the next.
  void emit(ArrayRef<Value> x, Value xStride, ArrayRef<Value> weights, Value depth, Value step, ArrayRef<Value> sums,
            Value sumsStride, Value rowsToNext) {
    for (int64_t i = 0; i < rows * columns; ++i)
      code.effect("llvm.x86.tilezero", tile(sumTiles + i));
    Code::Values addresses(x);
    llvm::append_range(addresses, weights);
    Value weightStep = code.mul(step, code.index(rowsOfTile));
    code.loop(code.index(0), depth, code.index(rowsOfTile), addresses, [&](Value, ValueRange at) {
      for (int64_t r = 0; r < rows; ++r)
        load(rowTiles + r, at[r], xStride);
      Code::Values next;
      for (int64_t r = 0; r < rows; ++r)
        next.push_back(code.at(at[r], bytesOfTileRow));
      for (int64_t c = 0; c < columns; ++c) {
        int64_t weight = weightTiles + c % (registers - weightTiles);
        load(weight, at[rows + c], step);
        for (int64_t r = 0; r < rows; ++r)
          code.effect("llvm.x86.tdpbf16ps", {tile(sumTiles + r * columns + c), tile(rowTiles + r), tile(weight)});
        next.push_back(code.at(at[rows + c], weightStep));
      }
      return next;
    });
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        code.effect("llvm.x86.tilestored64",
                    {tile(sumTiles + r * columns + c), r ? code.at(sums[c], rowsToNext) : sums[c], sumsStride});
  }

private:
  Value tile(int64_t number) { return code.integer(number, code.i8); }
  void load(int64_t number, Value address, Value stride) {
    code.effect("llvm.x86.tileloadd64", {tile(number), address, stride});
  }

  Code &code;
  int64_t rows, columns;
};

/// void (operand, row, rows, tileRows, weights, depth, step, sums)
void emitMatrixTiles(Code &code, StringRef name, int64_t blocks, int64_t gates) {
  Type p = code.pointer, n = code.i64;
  ValueRange in = code.begin(name, {p, n, n, n, p, n, n, p}, true);
  Value operand = in[0], row = in[1], rows = in[2], tileRows = in[3], weights = in[4], depth = in[5], step = in[6],
        sums = in[7];
  Value stride = code.load(code.i64, code.at(operand, offsetof(runtime::Operand, stride)));
  Value first =
      code.at(code.load(code.pointer, code.at(operand, offsetof(runtime::Operand, base))), code.mul(row, stride));
  Value blockBytes = code.mul(step, depth), sumsStride = code.mul(step, code.index(blocks));
  Value rowsToNext = code.mul(tileRows, sumsStride);
  auto emit = [&](int64_t tiles) {
    Code::Values x{first};
    if (tiles == 2)
      x.push_back(code.at(first, code.mul(tileRows, stride)));
    int64_t columns = blocks * gates, most = (rowTiles - sumTiles) / tiles;
    for (int64_t begin = 0; begin < columns; begin += most) {
      Code::Values weightsOf, sumsOf;
      for (int64_t v = begin; v < std::min(columns, begin + most); ++v) {
        auto at = [&](Value base, Value block) {
          return code.at(code.at(base, code.mul(block, code.index(v / gates))), v % gates * bytesOfTileRow);
        };
        weightsOf.push_back(at(weights, blockBytes));
        sumsOf.push_back(at(sums, step));
      }
      MatrixTile(code, tiles, weightsOf.size()).emit(x, stride, weightsOf, depth, step, sumsOf, sumsStride, rowsToNext);
    }
  };
  code.when(code.compare(rnn::Predicate::Gt, rows, tileRows), [&] { emit(2); }, [&] { emit(1); });
  code.end();
}

} // namespace

void callMatrixTile(Code &code, int64_t blocks, int64_t gates, const TileArguments &a, Value tileRows) {
  std::string name = ("matrix." + Twine(blocks) + "x" + Twine(gates)).str();
  code.callLocal(name,
                 {a.operand, a.row, a.rows, tileRows, a.weights, a.depth, code.index(gates * bytesOfTileRow), a.sums},
                 [&](Code &callee) { emitMatrixTiles(callee, name, blocks, gates); });
}

} // namespace rondo::cpu
