// The loops of a kernel: over rows and blocks of columns, or, where there are products, over tiles of them.
#include "compiler/Cpu/KernelElements.h"
#include "compiler/Cpu/KernelProducts.h"
#include "compiler/Cpu/LineTotals.h"
#include "compiler/Cpu/Matrices.h"
#include "compiler/Cpu/MatrixUnit.h"
#include "compiler/Cpu/RoundedRows.h"
#include "compiler/Cpu/RowAddress.h"

using namespace mlir;

namespace rondo::cpu {
namespace {

using rnn::Predicate;

/// What runtime::Kernel gives.
struct Range {
  Value firstRow, endRow, firstBlock, endBlock;
  Value isBackward; // from the last block to the first
};

class KernelLoops {
public:
  KernelLoops(Code &code, const KernelParts &parts, Value operands, Range range)
      : code(code), parts(parts), table(operands), values(code, parts, operands), range(range),
        lanes(code.target.lanes()) {}

  void emitRows() {
    code.loop(range.firstRow, range.endRow, code.index(1), [&](Value row) {
      if (parts.kernel.isInLoop)
        fetchRowAhead(row);
      values.computeWholes(row, code.index(0));
      values.beginRow(row, code.index(0));
      finishRow(0);
    });
  }

  void emitLines() {
    assert(llvm::all_of(llvm::drop_begin(parts.passes),
                        [](const Pass &pass) { return pass.folds.empty() && pass.stores.empty(); }) &&
           "a line is walked over once");
    Value first = range.firstBlock, end = range.endBlock;
    range.firstBlock = code.index(0);
    range.endBlock = code.index(parts.blocks());
    LineTotals totals(code, parts, values);
    code.loop(range.firstRow, range.endRow, code.index(1), [&](Value row) {
      values.beginLines(row);
      Code::Values met = code.loop(first, end, code.index(1), totals.start(), [&](Value line, ValueRange carried) {
        values.beginLine(line);
        return emitLine(totals, carried);
      });
      values.beginLine(code.index(0));
      storeTotals(totals, met);
    });
  }

  /// Blocks in the outer loop, so that their weights stay in the cache, and the rows too, unless rows are needed as a
  /// whole.
  void emitTiles() {
    if (parts.passes.size() > 1 || !parts.scalars.empty() || parts.hasWholes())
      return emitTilesOfRows();
    Value end = range.endRow, count = code.index(rowsInCache());
    makeUnits(rowsInCache());
    code.loop(range.firstRow, end, count, [&](Value row) {
      range.firstRow = row;
      range.endRow = code.least(end, code.add(row, count));
      beginMatrixUnit(code.sub(range.endRow, row));
      roundRows(row, range.endRow);
      fetchOnlyRow();
      if (bytesOfWeights() >= mostInCache)
        shareOfRow = code.divide(code.index(int64_t(1) << shareBits), code.sub(range.endRow, row));
      forGroups([&](const Segment &segment, Value block, Value group) {
        forTiles(group, [&](Value row, Value rows) { emitTile(segment, block, group, row, rows); });
      });
    });
    if (unit)
      unit->end();
  }

  /// All elements of all rows as one row.
  void emitDense() {
    values.beginRow(range.firstRow, code.index(0));
    computeSingles(parts.passes[0]);
    Value count = code.mul(code.sub(range.endRow, range.firstRow), code.index(parts.width()));
    Value whole = code.both(count, code.index(-lanes));
    auto body = [&](Value column, Value mask) {
      values.beginBlock({column, {0, parts.width()}, 0, lanes, mask, {}});
      storeBlock(parts.passes[0]);
    };
    code.loop(code.index(0), whole, code.index(lanes), [&](Value column) { body(column, {}); });
    code.when(code.compare(Predicate::Lt, whole, count),
              [&] { body(whole, code.lanesBelow(code.sub(count, whole), lanes)); });
  }

  Value isDense() {
    Value all = code.both(code.compare(Predicate::Le, range.firstBlock, code.index(0)),
                          code.compare(Predicate::Ge, range.endBlock, code.index(parts.blocks())));
    return code.both(values.isDense(), all);
  }

private:
  //===--- Lines ---===//

  /// Walks over the blocks of a line, whose numbers are known if the walk is unrolled.
  Code::Values forBlocks(const LineTotals &totals, Code::Values met,
                         llvm::function_ref<Code::Values(const Segment &, Value, int64_t, ValueRange)> body) {
    for (const Segment &segment : parts.segments) {
      if (!totals.isUnrolled())
        met = code.loop(code.index(segment.first), code.index(segment.end), code.index(1), met,
                        [&](Value block, ValueRange met) { return body(segment, block, -1, met); });
      else
        for (int64_t number = segment.first; number < segment.end; ++number)
          met = body(segment, code.index(number), number, met);
    }
    return met;
  }

  /// Returns what is carried to the next line.
  Code::Values emitLine(LineTotals &totals, ValueRange carried) {
    const Pass &pass = parts.passes[0];
    computeSingles(pass);
    Code::Values next(carried), met = startFolds(pass);
    for (auto [fold, own] : llvm::zip_equal(pass.folds, met))
      if (std::optional<unsigned> place = totals.placeOf(fold))
        own = next[*place];
    met = forBlocks(totals, met, [&](const Segment &segment, Value block, int64_t number, ValueRange met) {
      int64_t end = beginBlock(segment, block, {});
      Code::Values more = meetFolds(pass, met, end);
      totals.meetBlock(block, number, next);
      storeBlock(pass);
      return more;
    });
    for (auto [fold, own] : llvm::zip_equal(pass.folds, met)) {
      if (std::optional<unsigned> place = totals.placeOf(fold))
        next[*place] = own;
      else
        finishOneFold(fold, own);
    }
    storeSingles();
    return next;
  }

  void storeTotals(LineTotals &totals, ValueRange met) {
    for (const FoldPart &fold : parts.passes[0].folds)
      if (std::optional<unsigned> place = totals.placeOf(fold))
        totals.storeFold(fold, reduced(fold, met[*place]));
    forBlocks(totals, {}, [&](const Segment &segment, Value block, int64_t number, ValueRange) {
      beginBlock(segment, block, {});
      totals.storeBlock(block, number, met);
      return Code::Values();
    });
  }

  //===--- One row ---===//

  /// Of the rows of a step, which for other steps lie elsewhere, in several arrays: the machine does not see what follows.
  void fetchRowAhead(Value row) {
    constexpr int64_t rows = 2;
    Value ahead = code.add(row, code.index(rows)), blocks = code.sub(range.endBlock, range.firstBlock);
    code.when(code.compare(Predicate::Lt, ahead, range.endRow), [&] {
      values.prefetch(ahead, range.firstBlock, blocks);
      values.prefetchStores(ahead, range.firstBlock, blocks);
    });
  }

  void computeSingles(const Pass &pass) {
    for (const Source &source : pass.uniforms)
      values.single(source);
  }

  /// What is known behind the passes ahead of this one.
  void finishRow(size_t firstPass) {
    for (const Pass &pass : llvm::drop_begin(parts.passes, firstPass)) {
      computeSingles(pass);
      Code::Values met = startFolds(pass);
      if (!pass.folds.empty() || !pass.stores.empty())
        for (const Segment &segment : parts.segments)
          met = code.loop(firstOf(segment), endOf(segment), code.index(1), met, [&](Value block, ValueRange carried) {
            return emitBlock(pass, segment, block, {}, carried);
          });
      finishFolds(pass, met);
    }
    storeSingles();
  }

  /// But for those that wait for all lines.
  void storeSingles() {
    for (unsigned operand : parts.scalars)
      if (const KernelOperand &store = parts.kernel.operands[operand]; !store.overLines)
        values.storeSingle(operand, values.single(parts.resolve(store.value, 0, true)));
  }

  Value firstOf(const Segment &segment) { return code.most(range.firstBlock, code.index(segment.first)); }
  Value endOf(const Segment &segment) { return code.least(range.endBlock, code.index(segment.end)); }

  /// Returns how many lanes of it count.
  int64_t beginBlock(const Segment &segment, Value block, Value number) {
    bool isOne = segment.end - segment.first == 1;
    Value column = isOne ? code.index(segment.columns.begin) : code.mul(block, code.index(lanes));
    int64_t end = isOne ? segment.columns.end - segment.columns.begin : lanes;
    values.beginBlock({column, segment.columns, 0, end, {}, number});
    return end;
  }

  Code::Values emitBlock(const Pass &pass, const Segment &segment, Value block, Value number, ValueRange met) {
    int64_t end = beginBlock(segment, block, number);
    Code::Values next = meetFolds(pass, met, end);
    storeBlock(pass);
    return next;
  }

  /// All is computed ahead of the first store: what is stored may lie where something is loaded.
  void storeBlock(const Pass &pass) {
    llvm::SmallVector<std::pair<unsigned, Value>> computed;
    for (unsigned operand : pass.stores)
      if (const KernelOperand &store = parts.kernel.operands[operand]; !store.overLines)
        computed.push_back({operand, values.lanes(parts.resolve(store.value, 0, false))});
    for (auto [operand, value] : computed)
      values.storeLanes(operand, value);
  }

  //===--- Folds: lane by lane over the blocks, and then over the lanes ---===//

  Type typeOfFold(const FoldPart &fold) {
    return Code::vectorOf(registerType(code, rnn::elementOf(fold.value.getType())), lanes);
  }

  Code::Values startFolds(const Pass &pass) {
    Code::Values starts;
    for (const FoldPart &fold : pass.folds)
      starts.push_back(startOf(code, fold.kind, typeOfFold(fold)));
    return starts;
  }

  Code::Values meetFolds(const Pass &pass, ValueRange met, int64_t end) {
    Code::Values next;
    for (auto [fold, before] : llvm::zip_equal(pass.folds, met)) {
      Value start = startOf(code, fold.kind, typeOfFold(fold));
      auto counted = [&](const Source &source) {
        Value x = values.lanes(source);
        return end == lanes ? x : code.select(code.mask(0, end, lanes), x, start);
      };
      Value x = counted(fold.x);
      next.push_back(fold.w ? code.fma(counted(*fold.w), x, before) : meet(code, fold.kind, before, x));
    }
    return next;
  }

  void finishFolds(const Pass &pass, ValueRange met) {
    for (auto [fold, lanes] : llvm::zip_equal(pass.folds, met))
      finishOneFold(fold, lanes);
  }

  void finishOneFold(const FoldPart &fold, Value lanes) {
    values.setSingle({fold.value, 0, true}, finishFold(code, fold.kind, reduced(fold, lanes), parts.width()));
  }

  Value reduced(const FoldPart &fold, Value lanes) {
    return code.reduce(lanes, [&](Value a, Value b) { return meet(code, fold.kind, a, b); });
  }

  //===--- Tiles ---===//

  /// Rows whose right operands of products fill a part of the second level's cache.
  int64_t rowsInCache() {
    constexpr int64_t numbers = 65536;
    int64_t unit = parts.onMatrixUnit ? MatrixUnit::mostRows : 24; // any tile's rows divide the unit
    int64_t row = 0;
    for (const Product &product : parts.products)
      row += product.k;
    // Rounded rows are on the stack: there only are more of them than fill the cache where one does.
    if (code.target.weights == WeightFormat::BF16 && row * unit > numbers)
      return std::max<int64_t>(numbers / row, 1);
    return std::max<int64_t>(numbers / row / unit, 1) * unit;
  }

  int64_t bytesOfWeights() {
    int64_t bytes = 0;
    for (const Product &product : parts.products)
      bytes += product.layout.bytes();
    return bytes;
  }

  Tiles tilesOf() { return Tiles(code.target, parts.mostGates(), parts.onMatrixUnit); }

  /// What products need besides registers.
  void makeUnits(int64_t mostRows) {
    if (code.target.weights == WeightFormat::BF16)
      rounded.emplace(code, parts, table, mostRows);
    if (parts.onMatrixUnit)
      unit.emplace(code);
  }

  void roundRows(Value first, Value end) {
    firstRounded = first;
    if (rounded)
      rounded->round(first, end);
  }

  /// A right operand of products that is one row may just have been written by another core: all of it is asked for at
  /// once.
  void fetchOnlyRow() {
    if (rounded)
      return;
    code.when(code.compare(Predicate::Eq, code.sub(range.endRow, range.firstRow), code.index(1)),
              [&] { fetchRow(range.firstRow); });
  }

  /// Asks for a row of all right operands of products.
  void fetchRow(Value row) {
    constexpr int64_t line = 64;
    for (const Product &product : parts.products) {
      Value x = RowAddress(code, values.tableEntry(product.operand)).of(code, row);
      code.loop(code.index(product.operandElement * bytesOfReal),
                code.index((product.operandElement + product.k) * bytesOfReal), code.index(line),
                [&](Value byte) { code.prefetch(code.at(x, byte), 1); });
    }
  }

  /// Rows of all of time come from afar where they are read first: those of the tile behind this one are asked for.
  void fetchNextRows(Value block, Value row, Value rows) {
    if (parts.kernel.isInLoop || rounded)
      return;
    code.when(code.compare(Predicate::Eq, block, range.firstBlock), [&] {
      Value next = code.add(row, rows);
      code.loop(next, code.least(code.add(next, rows), range.endRow), code.index(1), [&](Value r) { fetchRow(r); });
    });
  }

  void beginMatrixUnit(Value rows) {
    if (unit)
      tileRows = unit->begin(rows);
  }

  /// Groups of consecutive blocks that are computed together; their number is a power of two, as large as may be.
  void forGroups(llvm::function_ref<void(const Segment &, Value, Value)> body) {
    Tiles tiles = tilesOf();
    Value one = code.compare(Predicate::Eq, code.sub(range.endRow, range.firstRow), code.index(1));
    Value most = code.select(one, code.index(tiles.blocksForOneRow), code.index(tiles.blocksForRows));
    for (const Segment &segment : parts.segments) {
      if (segment.end - segment.first == 1) {
        code.when(code.compare(Predicate::Lt, firstOf(segment), endOf(segment)),
                  [&] { body(segment, code.index(segment.first), code.index(1)); });
        continue;
      }
      Value first = firstOf(segment), end = endOf(segment);
      code.loopWhileBelow(first, end, [&](Value done) {
        Value left = code.sub(end, done), limit = code.least(most, left), group = code.index(1);
        for (int64_t blocks = 2; blocks <= tiles.blocksForOneRow; blocks *= 2)
          group = code.select(code.compare(Predicate::Ge, limit, code.index(blocks)), code.index(blocks), group);
        Value block = code.select(range.isBackward, code.add(first, code.sub(left, group)), done);
        body(segment, block, group);
        return code.add(done, group);
      });
    }
  }

  /// Rows, as many at a time as there is room for; the last two times as many as each other.
  void forTiles(Value group, llvm::function_ref<void(Value, Value)> body) {
    if (unit) {
      Value most = code.shiftLeft(tileRows, 1);
      code.loop(range.firstRow, range.endRow, most,
                [&](Value row) { body(row, code.least(most, code.sub(range.endRow, row))); });
      return;
    }
    Tiles tiles = tilesOf();
    Value most = code.index(tiles.mostRows(1));
    for (int64_t blocks = 2; blocks <= tiles.blocksForOneRow; blocks *= 2)
      most =
          code.select(code.compare(Predicate::Ge, group, code.index(blocks)), code.index(tiles.mostRows(blocks)), most);
    code.loopWhileBelow(range.firstRow, range.endRow, [&](Value row) {
      Value left = code.sub(range.endRow, row);
      Value half = code.shiftRight(code.add(left, code.index(1)), 1);
      Value rows = code.select(code.compare(Predicate::Le, left, most), left, code.least(half, most));
      body(row, rows);
      return code.add(row, rows);
    });
  }

  /// Whether a tile has a number that is not 0.
  Value isLive(const Source &guard, const Segment &segment, Value block, Value group, Value row, Value rows) {
    Type type = Code::vectorOf(code.i32, guard.uniform ? 1 : lanes);
    auto meet = [&](Value found, Value number) {
      return code.either(found, code.shiftLeft(code.bits(number, code.i32), 1)); // but for the sign
    };
    Value found = code.loop(code.index(0), rows, code.index(1), Code::Values(1, code.integer(0, type)),
                            [&](Value r, ValueRange carried) -> Code::Values {
                              values.beginRow(code.add(row, r), r);
                              if (guard.uniform)
                                return {meet(carried[0], values.single(guard))};
                              return code.loop(code.index(0), group, code.index(1), carried,
                                               [&](Value i, ValueRange carried) -> Code::Values {
                                                 beginBlock(segment, code.add(block, i), {});
                                                 return {meet(carried[0], values.lanes(guard))};
                                               });
                            })[0];
    if (!guard.uniform)
      found = code.reduce(found, [&](Value a, Value b) { return code.either(a, b); });
    return code.compare(Predicate::Ne, found, code.integer(0, code.i32));
  }

  void emitProducts(const Segment &segment, Value block, Value group, Value row, Value rows) {
    for (const Product &product : parts.products) {
      if (product.whole)
        continue;
      auto compute = [&] { emitProduct(product, segment, block, group, row, rows); };
      if (!product.guard) {
        compute();
        continue;
      }
      code.when(isLive(*product.guard, segment, block, group, row, rows), compute, [&] {
        Value count = code.mul(code.mul(rows, group), code.index(product.layout.gates.size()));
        code.loop(code.index(0), count, code.index(1), [&](Value i) {
          code.store(code.real(0, Code::vectorOf(code.f32, lanes)),
                     code.at(values.sumsOf(product), code.mul(i, code.index(lanes * bytesOfReal))));
        });
      });
    }
  }

  /// Weights that do not stay in the core's cache come from afar at every step: while the tiles of some blocks are
  /// computed, each of them asks for its share of the blocks that follow.
  void fetchNext(const PackLayout &layout, const Segment &segment, Value block, Value group, Value row, Value rows,
                 TileArguments &arguments) {
    arguments.next = arguments.weights;
    arguments.nextStep = code.index(0);
    if (!shareOfRow)
      return;
    Value step = code.mul(code.mul(group, code.index(layout.blockBytes() / layout.depth)), shareOfRow);
    auto shareOf = [&](Value rows) { return code.shiftRight(code.mul(step, rows), shareBits); };
    Value ahead = code.add(block, group), first = firstOf(segment);
    ahead = code.select(code.compare(Predicate::Lt, ahead, endOf(segment)), ahead, first);
    Value following = code.select(range.isBackward, code.most(code.sub(block, group), first), ahead);
    Value distance = code.mul(code.sub(following, block), code.index(layout.blockBytes()));
    Value begun = code.mul(shareOf(code.sub(row, range.firstRow)), code.index(layout.depth));
    arguments.next = code.at(arguments.weights, code.add(distance, begun));
    arguments.nextStep = shareOf(rows);
  }

  void emitProduct(const Product &product, const Segment &segment, Value block, Value group, Value row, Value rows) {
    Tiles tiles = tilesOf();
    const PackLayout &layout = product.layout;
    int64_t gates = layout.gates.size();
    TileArguments arguments;
    if (rounded) {
      arguments.operand = rounded->operandOf(product);
      arguments.operandBytes = code.index(0);
      arguments.row = code.sub(row, firstRounded);
    } else {
      arguments.operand = values.tableEntry(product.operand);
      arguments.operandBytes = code.index(product.operandElement * bytesOfReal);
      arguments.row = row;
    }
    arguments.rows = rows;
    Value packed = values.addressOf(product.weights);
    arguments.weights = code.at(code.at(packed, layout.scaleBytes()), code.mul(block, code.index(layout.blockBytes())));
    fetchNext(layout, segment, block, group, row, rows, arguments);
    if (layout.scaleBytes())
      arguments.scales = code.at(packed, code.mul(block, code.index(gates * lanes * bytesOfReal)));
    arguments.depth = code.index(layout.depth);
    arguments.sums = values.sumsOf(product);
    int64_t cases = 1;
    while (int64_t(1) << cases <= tiles.blocksForOneRow)
      ++cases;
    code.dispatch(code.trailingZeros(group), cases, [&](int64_t power) {
      if (unit)
        callMatrixTile(code, int64_t(1) << power, gates, arguments, tileRows);
      else
        callTile(code, layout.format, product.isHalved, int64_t(1) << power, gates, arguments);
    });
  }

  /// What several rows read comes from afar, each from a place of its own: it is asked for ahead of the products, which
  /// take longer than that.
  void prefetch(Value block, Value group, Value row, Value rows) {
    code.loop(row, code.add(row, rows), code.index(1), [&](Value r) { values.prefetch(r, block, group); });
  }

  void emitTile(const Segment &segment, Value block, Value group, Value row, Value rows) {
    prefetch(block, group, row, rows);
    fetchNextRows(block, row, rows);
    emitProducts(segment, block, group, row, rows);
    const Pass &pass = parts.passes[0];
    code.loop(code.index(0), rows, code.index(1), [&](Value r) {
      values.beginRow(code.add(row, r), r);
      computeSingles(pass);
      emitGroup(segment, block, group, r, {});
    });
  }

  Code::Values emitGroup(const Segment &segment, Value block, Value group, Value r, ValueRange met) {
    Value number = code.mul(r, group);
    return code.loop(code.index(0), group, code.index(1), met, [&](Value i, ValueRange carried) {
      return emitBlock(parts.passes[0], segment, code.add(block, i), code.add(number, i), carried);
    });
  }

  /// Whole rows of tiles. What folds have met of a row waits in memory while other rows have their turn.
  void emitTilesOfRows() {
    const Pass &pass = parts.passes[0];
    Tiles tiles = tilesOf();
    makeUnits(tiles.mostRows(1));
    beginMatrixUnit(code.sub(range.endRow, range.firstRow));
    int64_t foldBytes = lanes * 8;
    Value memory = code.stack(std::max<int64_t>(pass.folds.size(), 1) * foldBytes * tiles.mostRows(1));
    auto placeOf = [&](Value r, size_t fold) {
      return code.at(code.at(memory, code.mul(r, code.index(pass.folds.size() * foldBytes))), fold * foldBytes);
    };
    auto keep = [&](Value r, ValueRange met) {
      for (auto [i, value] : llvm::enumerate(met))
        code.store(value, placeOf(r, i));
    };
    auto kept = [&](Value r) {
      Code::Values met;
      for (auto [i, fold] : llvm::enumerate(pass.folds))
        met.push_back(code.load(typeOfFold(fold), placeOf(r, i)));
      return met;
    };
    forTiles(code.index(tiles.blocksForRows), [&](Value row, Value rows) {
      roundRows(row, code.add(row, rows));
      code.loop(code.index(0), rows, code.index(1), [&](Value r) {
        values.computeWholes(code.add(row, r), r);
        keep(r, startFolds(pass));
      });
      forGroups([&](const Segment &segment, Value block, Value group) {
        emitProducts(segment, block, group, row, rows);
        code.loop(code.index(0), rows, code.index(1), [&](Value r) {
          values.beginRow(code.add(row, r), r);
          computeSingles(pass);
          keep(r, emitGroup(segment, block, group, r, kept(r)));
        });
      });
      code.loop(code.index(0), rows, code.index(1), [&](Value r) {
        values.beginRow(code.add(row, r), r);
        finishFolds(pass, kept(r));
        finishRow(1);
      });
    });
    if (unit)
      unit->end();
  }

  Code &code;
  const KernelParts &parts;
  Value table;
  KernelValues values;
  Range range;
  int64_t lanes;
  std::optional<RoundedRows> rounded; // where weights are BF16
  std::optional<MatrixUnit> unit;     // where products are computed there
  Value firstRounded, tileRows;
  Value shareOfRow; // one by the number of rows, in fixed point, where weights are larger than mostInCache
  static constexpr int64_t shareBits = 20, mostInCache = 512 << 10;
};

} // namespace

LogicalResult emitKernel(const Kernel &kernel, llvm::StringRef name, const Isa &isa, ModuleOp module) {
  Code code(module, isa);
  Type n = code.i64;
  ValueRange in = code.begin(name, {code.pointer, n, n, n, n}, false);
  Range range{in[1], in[2], code.least(in[3], in[4]), code.most(in[3], in[4]),
              code.compare(Predicate::Gt, in[3], in[4])};
  if (kernel.isOfMatrices) {
    emitMatrixKernel(code, kernel, in[0], range.firstRow, range.endRow, range.firstBlock, range.endBlock);
    code.end();
    return success();
  }
  KernelParts parts(kernel, isa);
  if (!parts.problem().empty())
    return module.emitError("kernel ") << name << ": " << parts.problem();
  if (blocksOf(kernel, isa) == 0) {
    range.firstBlock = code.index(0);
    range.endBlock = code.index(kernel.lines > 1 ? kernel.lines : parts.blocks());
    range.isBackward = code.compare(Predicate::Lt, range.endBlock, range.firstBlock);
  }
  if (kernel.lines > 1) {
    KernelLoops(code, parts, in[0], range).emitLines();
  } else if (parts.hasGates()) {
    KernelLoops(code, parts, in[0], range).emitTiles();
  } else {
    auto byRows = [&] { KernelLoops(code, parts, in[0], range).emitRows(); };
    // Rows of few elements leave lanes empty, if each is computed by itself.
    KernelParts denseParts(kernel, isa, true);
    if (kernel.width < 8 * isa.lanes() && parts.products.empty() && !parts.hasFolds() && denseParts.problem().empty()) {
      KernelLoops dense(code, denseParts, in[0], range);
      code.when(dense.isDense(), [&] { dense.emitDense(); }, byRows);
    } else {
      byRows();
    }
  }
  code.end();
  return success();
}

} // namespace rondo::cpu
