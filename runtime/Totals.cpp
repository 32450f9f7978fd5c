// Sums over all rows of a clock: of rows themselves, of products of two, of rows that belong to entries of a table.
//
// Threads divide what is summed to, never a sum: rows are added up in chunks of fixed size, each from its first row to
// its last, and the chunks' sums in their order. So the bits do not hang on the number of threads.
#include "runtime/Execute.h"
#include "runtime/RangeOps.h"
#include "runtime/Tiles.h"

namespace rondo::runtime {

namespace {

/// Rows whose sum is made by itself.
constexpr int64_t chunkRows = 128;

constexpr int64_t roundedUp(int64_t number, int64_t multiple) { return (number + multiple - 1) / multiple * multiple; }

//===--- Rows --------------------------------------------------------------------------------------------------===//

constexpr int64_t stripElements = 256;

/// Sums of elements from `begin` on.
template <typename T>
void sumRows(const Lines *lines, const Operand &x, int64_t first, int64_t end, int64_t begin, int64_t size, T *sum) {
  if constexpr (sizeof(T) == sizeof(float) && T(0.5) != 0)
    if (!x.rows && combinesLines(lines, size, end - first)) {
      const float one = 1;
      combineLines(lines, &one, 0, rowOf<const T>(x, first) + begin, x.stride / int64_t(sizeof(T)), sum, size,
                   end - first);
      return;
    }
  std::memset(sum, 0, size_t(size) * sizeof(T));
  for (int64_t row = first; row < end; ++row) {
    const T *from = rowOf<const T>(x, row) + begin;
    for (int64_t e = 0; e < size; ++e)
      sum[e] = plus(sum[e], from[e]);
  }
}

/// Adds the sum of rows first..end-1, made by itself, to y; of at most `stripElements` elements.
template <typename T>
void addRows(const Lines *lines, const Operand &x, int64_t first, int64_t end, int64_t begin, int64_t size, T *y) {
  T sum[stripElements];
  sumRows(lines, x, first, end, begin, size, sum);
  for (int64_t e = 0; e < size; ++e)
    y[e] = plus(y[e], sum[e]);
}

/// Whether a sum is added to what the caller has there.
bool isAdded(const Call &call, const View &sum) {
  return call.array(sum.array).place == Place::Gradient && call.gradients[1];
}

template <typename T> void total(const Call &call, const OpPlan &op, const Operand &x, int64_t rows, T *y) {
  bool adds = isAdded(call, call.views(op)[1]);
  int64_t elements = call.numbers(op)[0];
  forBlocks(call, elements, stripElements, threadsFor(rows * elements * int64_t(sizeof(T))),
            [&](int64_t begin, int64_t end, int32_t) {
              if (!adds)
                std::memset(y + begin, 0, size_t(end - begin) * sizeof(T));
              for (int64_t first = 0; first < rows; first += chunkRows)
                addRows(call.lines, x, first, least(first + chunkRows, rows), begin, end - begin, y + begin);
            });
}

//===--- Products ----------------------------------------------------------------------------------------------===//

/// A task makes so many lines and columns of the result, which stay in the cache that a core has to itself: the larger
/// they are the less is copied. Of a chunk it copies what it needs of both operands, by tiles of lines and panels of
/// columns, in which the numbers of one row lie side by side.
constexpr int64_t taskLines = 512, leastTaskLines = 32, taskColumns = 576, panelColumns = 48;
static_assert(leastTaskLines % tileLines == 0 && taskColumns % panelColumns == 0, "tasks have whole tiles");
static_assert(leastTaskLines % (2 * tileBlockLines) == 0 && taskColumns % tilePanelColumns == 0, "of both kinds");
static_assert(chunkRows == tileTermsAtOnce, "a chunk is a chunk");
/// From tile to tile: those of one row must not all share a place in the cache.
constexpr int64_t tileStep = chunkRows * tileLines + lineLanes;
constexpr int64_t taskFloats(int64_t lines, bool onTiles) {
  if (onTiles)
    return (roundedUp(lines, 2 * tileBlockLines) / tileBlockLines * tileBlockBytes + tilePanelBytes) / 4;
  return lines / tileLines * tileStep + chunkRows * panelColumns;
}

/// Columns of the panel that begins at `column`: a multiple of a vector's. Two vectors at a time are faster than one.
int64_t panelAt(int64_t column, int64_t end) {
  int64_t rest = roundedUp(end - column, lineLanes);
  return rest == panelColumns + lineLanes ? rest / 2 : least(panelColumns, rest);
}

/// y [m, k], the sum of a b transposed over all rows, with a: [m, n], b: [k, n], for each b; or, by lines, of a transposed
/// b, with a: [n, m], b: [n, k]. The columns of all y count on from one to the next.
class Products {
public:
  Products(const Call &call, const OpPlan &op)
      : call(call), op(op), m(call.numbers(op)[0]), terms(call.rowsOf(op.clock) * call.numbers(op)[1]),
        a(termsOf(operandOf(call, call.views(op)[0]), m)), isByPlace(call.arrays[call.views(op)[0].array].samples) {
    if (int32_t last = op.views.count - 1; last == 2 * factorsOf(op) + 1)
      sums = rowOf<float>(operandOf(call, call.views(op)[last]), 0), addsSums = isAdded(call, call.views(op)[last]);
    for (int32_t i = 0; i < factorsOf(op); ++i)
      isByPlace &= call.views(op)[1 + i].rows != Rows::Mapped;
    if (isByPlace)
      a.rows.rows = nullptr;
  }

  /// What the threads may need, however many they are.
  static int64_t mostFloats(const Call &call, const OpPlan &op) {
    int64_t most = 0;
    for (int64_t threads = 1; threads <= int64_t(mostThreads); threads *= 2) {
      // Those of up to twice as many threads, less one, have tasks of this size or smaller ones.
      int64_t size = sizeOf(call, op, threads);
      int64_t users = least(least(2 * threads - 1, mostThreads), tasks(call, op, leastTaskLines));
      int64_t floats = users * taskFloats(size, usesTiles(call, op));
      most = floats > most ? floats : most;
    }
    return most;
  }

  void run(char *scratch) {
    bool isWanted = sums;
    for (int32_t i = 0; i < factorsOf(op); ++i)
      isWanted |= operandOf(call, call.views(op)[1 + factorsOf(op) + i]).base != nullptr;
    if (!isWanted)
      return;
    int64_t columns = columnsOf(call, op), bytes = m * columns / 16 * terms * int64_t(sizeof(float));
    int64_t threads = least(threadsOf(call.pool), threadsFor(bytes));
    int64_t size = sizeOf(call, op, threads), down = (m + size - 1) / size;
    forBlocks(call, tasks(call, op, size), 1, threads, [&](int64_t task, int64_t, int32_t thread) {
      int64_t line = task % down * size, column = task / down * taskColumns;
      auto *memory = reinterpret_cast<float *>(scratch) + thread * taskFloats(size, onTiles);
      compute(line, least(line + size, m), column, least(column + taskColumns, columns), memory);
    });
  }

private:
  /// Its numbers: m, n, whether by lines, and k of each b.
  static constexpr int32_t firstWidth = 3;
  static int32_t factorsOf(const OpPlan &op) { return op.numbers.count - firstWidth; }

  static int64_t columnsOf(const Call &call, const OpPlan &op) {
    int64_t columns = 0;
    for (int32_t i = 0; i < factorsOf(op); ++i)
      columns += call.numbers(op)[firstWidth + i];
    return columns;
  }

  /// Whether they are no larger than what they are computed in, or not by much.
  static bool usesTiles(const Call &call, const OpPlan &op) {
    if (!call.lines || !call.lines->tiles || call.numbers(op)[0] < 2 * tileBlockLines)
      return false;
    int64_t columns = 0;
    for (int32_t i = 0; i < factorsOf(op); ++i)
      columns += roundedUp(call.numbers(op)[firstWidth + i], tilePanelColumns);
    return columns <= 2 * columnsOf(call, op);
  }

  static int64_t tasks(const Call &call, const OpPlan &op, int64_t size) {
    return (call.numbers(op)[0] + size - 1) / size * ((columnsOf(call, op) + taskColumns - 1) / taskColumns);
  }

  /// Lines of a task: so many that each thread has one, or two as long as that does not mean to copy much again.
  static int64_t sizeOf(const Call &call, const OpPlan &op, int64_t threads) {
    constexpr int64_t worthwhileLines = 128;
    int64_t lines = call.numbers(op)[0], across = tasks(call, op, lines);
    int64_t down = (threads + across - 1) / across, more = least(2 * down, lines / worthwhileLines);
    down = threads > 1 && more > down ? more : down;
    int64_t size = roundedUp((lines + down - 1) / down, tileLines);
    return size < leastTaskLines ? leastTaskLines : least(size, taskLines);
  }

  /// Columns begin..end-1 of y are those of the task.
  struct Part {
    Terms b;
    float *y;
    bool isAdded;
    int64_t k, begin, end;
  };

  Terms termsOf(Operand rows, int64_t size) const {
    int64_t inner = call.numbers(op)[1];
    return call.numbers(op)[2] ? Terms{rows, inner, 1, size} : Terms{rows, inner, inner, 1};
  }

  /// With its rows in the order of a's.
  Operand factor(int32_t i) const {
    const View &view = call.views(op)[1 + i];
    Operand b = operandOf(call, view);
    bool hasPlaces = call.arrays[view.array].samples;
    if (isByPlace)
      b.rows = hasPlaces || view.rows == Rows::One ? nullptr : call.clocks[op.clock].ticks;
    return b;
  }

  /// Calls function(part) for each y that is wanted and has columns of the task.
  template <typename Function> void eachPart(int64_t column, int64_t endColumn, const Function &function) const {
    int32_t factors = factorsOf(op);
    for (int32_t i = 0; i < factors; ++i) {
      int64_t k = call.numbers(op)[firstWidth + i], begin = column > 0 ? column : 0, end = least(endColumn, k);
      const View &sum = call.views(op)[1 + factors + i];
      float *y = rowOf<float>(operandOf(call, sum), 0);
      if (begin < end && y)
        function(Part{termsOf(factor(i), k), y, isAdded(call, sum), k, begin, end});
      column -= k;
      endColumn -= k;
    }
  }

  /// What is copied at once: elements begin..end-1 of rows.
  struct Piece {
    Terms x;
    int64_t begin, end, first, count;
  };

  /// A panel of a part, and where its columns are added.
  struct Panel {
    Part part;
    int64_t width;
    Piece piece;
  };

  void compute(int64_t line, int64_t endLine, int64_t column, int64_t endColumn, float *memory) const {
    eachPart(column, endColumn, [&](const Part &part) {
      for (int64_t i = line; i < endLine && !part.isAdded; ++i)
        std::memset(part.y + i * part.k + part.begin, 0, size_t(part.end - part.begin) * sizeof(float));
    });
    bool sumsRows = sums && column == 0;
    if (sumsRows && !addsSums)
      std::memset(sums + line, 0, size_t(endLine - line) * sizeof(float));
    auto addSums = [&](int64_t first) {
      for (int64_t begin = line; sumsRows && begin < endLine; begin += stripElements)
        addRows(call.lines, a.rows, first, least(first + chunkRows, terms), begin,
                least(stripElements, endLine - begin), sums + begin);
    };
    if (onTiles)
      return computeOnTiles(line, endLine, column, endColumn, memory, addSums);
    float *packed = memory, *tiles = memory + chunkRows * panelColumns;
    Panel last{};
    // Multiplies the panel before this one, and asks meanwhile for what is copied behind it.
    auto multiplyLast = [&](const Piece &next, const Piece &lines) {
      copyPanel(last, packed);
      int64_t count = (endLine - line + tileLines - 1) / tileLines;
      for (int64_t i = 0; i < count; ++i) {
        ask(next, i, count);
        ask(lines, i, count);
        add(last, tiles + i * tileStep, packed, line + i * tileLines);
      }
    };
    for (int64_t first = 0; first < terms; first += chunkRows) {
      Piece lines{a, line, endLine, first, least(chunkRows, terms - first)};
      bool isFirst = true;
      eachPart(column, endColumn, [&](const Part &part) {
        for (int64_t j = part.begin; j < part.end; j = last.piece.end) {
          int64_t width = panelAt(j, part.end);
          Panel panel{part, width, {part.b, j, least(j + width, part.end), first, lines.count}};
          if (last.width)
            multiplyLast(panel.piece, isFirst ? lines : Piece{});
          if (isFirst) {
            copy<tileLines>(lines, tiles);
            addSums(first);
          }
          isFirst = false;
          last = panel;
        }
      });
      if (isFirst) // only the rows' own sum is wanted
        addSums(first);
    }
    if (last.width)
      multiplyLast({}, {});
  }

  template <typename AddSums>
  void computeOnTiles(int64_t line, int64_t endLine, int64_t column, int64_t endColumn, float *memory,
                      const AddSums &addSums) const {
    auto *factors = static_cast<TileFactor *>(__builtin_alloca(size_t(factorsOf(op)) * sizeof(TileFactor)));
    TileTask task{a, line, endLine, factors, 0, reinterpret_cast<char *>(memory)};
    eachPart(column, endColumn, [&](const Part &part) {
      factors[task.count++] = {part.b, part.begin, part.end, part.y + line * part.k + part.begin, part.k};
    });
    for (int64_t first = 0; first < terms; first += chunkRows) {
      call.lines->tiles(task, first, terms);
      addSums(first);
    }
  }

  /// Asks for a share of the rows that are copied next: they come from far memory, and lie so far apart that the machine
  /// cannot tell.
  void ask(const Piece &piece, int64_t share, int64_t shares) const {
    constexpr int64_t lineBytes = 64;
    int64_t end = piece.first + piece.count * (share + 1) / shares;
    for (int64_t t = piece.first + piece.count * share / shares; t < end; ++t) {
      if (piece.x.isBesideLast(t))
        continue;
      const float *row = piece.x.at(t);
      auto *to = reinterpret_cast<const char *>(row + piece.end * piece.x.step);
      for (auto *at = reinterpret_cast<const char *>(row + piece.begin * piece.x.step); at < to; at += lineBytes)
        __builtin_prefetch(at, 0, 3);
    }
  }

  void copyPanel(const Panel &panel, float *to) const {
    switch (panel.width / lineLanes) {
    case 1: return copy<lineLanes>(panel.piece, to);
    case 2: return copy<2 * lineLanes>(panel.piece, to);
    default: return copy<panelColumns>(panel.piece, to);
    }
  }

  /// By pieces of each term that lie `tileStep` apart, with zeros behind the last.
  template <int64_t Width> void copy(const Piece &piece, float *to) const {
    const auto &[x, begin, end, first, count] = piece;
    for (int64_t t = first, together; t < first + count; t += together, to += together * Width) {
      const float *from = x.at(t) + begin * x.step;
      float *place = to;
      int64_t e = begin;
      together = x.step > 1 && t % x.inner + 4 <= x.inner && t + 4 <= first + count ? 4 : 1;
      for (; together == 1 && x.step == 1 && e + Width <= end; e += Width, from += Width, place += tileStep)
        copyLine<Width>(from, place);
      for (; e < end; e += Width, from += Width * x.step, place += tileStep) {
        int64_t i = 0;
        for (; together == 4 && i + 4 <= least(Width, end - e); i += 4)
          turnSquare(from + i * x.step, x.step, place + i, Width);
        for (int64_t own = 0; own < together; ++own)
          for (int64_t j = i; j < Width; ++j)
            place[own * Width + j] = e + j < end ? from[j * x.step + own] : 0;
      }
    }
  }

  /// Four terms side by side: four elements of each.
  static void turnSquare(const float *from, int64_t step, float *to, int64_t stride) {
    using Four = float __attribute__((vector_size(16)));
    Four a, b, c, d;
    std::memcpy(&a, from, sizeof(a));
    std::memcpy(&b, from + step, sizeof(b));
    std::memcpy(&c, from + 2 * step, sizeof(c));
    std::memcpy(&d, from + 3 * step, sizeof(d));
    Four lowAb = __builtin_shufflevector(a, b, 0, 4, 1, 5), highAb = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    Four lowCd = __builtin_shufflevector(c, d, 0, 4, 1, 5), highCd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(lowAb, lowCd, 0, 1, 4, 5), b = __builtin_shufflevector(lowAb, lowCd, 2, 3, 6, 7);
    c = __builtin_shufflevector(highAb, highCd, 0, 1, 4, 5), d = __builtin_shufflevector(highAb, highCd, 2, 3, 6, 7);
    std::memcpy(to, &a, sizeof(a));
    std::memcpy(to + stride, &b, sizeof(b));
    std::memcpy(to + 2 * stride, &c, sizeof(c));
    std::memcpy(to + 3 * stride, &d, sizeof(d));
  }

  /// In parts that need no call of the C library.
  template <int64_t Width> static void copyLine(const float *from, float *to) {
    constexpr int64_t part = Width < lineLanes ? Width : lineLanes;
    for (int64_t i = 0; i < Width; i += part)
      std::memcpy(to + i, from + i, size_t(part) * sizeof(float));
  }

  void add(const Panel &panel, const float *tile, const float *packed, int64_t line) const {
    const auto &[part, width, piece] = panel;
    int64_t lines = least(tileLines, m - line), columns = piece.end - piece.begin;
    float *y = part.y + line * part.k + piece.begin;
    if (lines == tileLines && columns == width)
      return addProducts(call.lines, tile, packed, y, width, piece.count, part.k);
    float sums[tileLines * panelColumns];
    for (int64_t i = 0; i < lines; ++i)
      std::memcpy(sums + i * width, y + i * part.k, size_t(columns) * sizeof(float));
    addProducts(call.lines, tile, packed, sums, width, piece.count, width);
    for (int64_t i = 0; i < lines; ++i)
      std::memcpy(y + i * part.k, sums + i * width, size_t(columns) * sizeof(float));
  }

  const Call &call;
  const OpPlan &op;
  int64_t m, terms;
  Terms a;
  float *sums = nullptr; // of the rows of a
  bool addsSums = false;
  bool isByPlace; // rows are added up as they lie, step by step
  bool onTiles = usesTiles(call, op);
};

//===--- Entries -----------------------------------------------------------------------------------------------===//

/// y, of so many entries: each the sum of the rows with its index, in their order.
template <typename Index>
void totalOfEntries(const Call &call, const OpPlan &op, const Operand &index, const Operand &dy, float *y) {
  bool adds = isAdded(call, call.views(op)[2]);
  int64_t rows = call.rowsOf(op.clock), entries = call.numbers(op)[0], elements = call.numbers(op)[1];
  int64_t share = (entries + 2 * threadsOf(call.pool) - 1) / (2 * threadsOf(call.pool));
  forBlocks(call, entries, share, mostThreads, [&](int64_t begin, int64_t end, int32_t) {
    if (!adds)
      std::memset(y + begin * elements, 0, size_t((end - begin) * elements) * sizeof(float));
    for (int64_t row = 0; row < rows; ++row) {
      int64_t entry = *rowOf<const Index>(index, row);
      if (entry < begin || entry >= end)
        continue;
      const float *from = rowOf<const float>(dy, row);
      float *to = y + entry * elements;
      for (int64_t e = 0; e < elements; ++e)
        to[e] += from[e];
    }
  });
}

} // namespace

//===--- All of them -------------------------------------------------------------------------------------------===//

void carveTotal(const Call &call, const OpPlan &op, Carver &carver) {
  if (op.code == OpCode::TotalOuter)
    carver.take<float>(Products::mostFloats(call, op));
}

void runTotal(const Call &call, const OpPlan &op, const Operand &x, int64_t rows) {
  Operand y = operandOf(call, call.views(op)[1]);
  if (!y.base)
    return;
  withElement(taskOf(call, op).element,
              [&](auto element) { total(call, op, x, rows, rowOf<decltype(element)>(y, 0)); });
}

void runTotal(Call &call, const OpPlan &op, char *scratch) {
  const View *views = call.views(op);
  if (op.code == OpCode::TotalOuter)
    return Products(call, op).run(scratch);
  Operand x = operandOf(call, views[0]), y = operandOf(call, views[op.views.count - 1]);
  if (op.code == OpCode::Total) {
    if (call.arrays[views[0].array].samples) // in the order in which they lie
      x.rows = nullptr;
    runTotal(call, op, x, call.rowsOf(op.clock));
    return;
  }
  Operand dy = operandOf(call, views[1]);
  if (!y.base)
    return;
  if (taskOf(call, op).element == Element::I64)
    totalOfEntries<int64_t>(call, op, x, dy, rowOf<float>(y, 0));
  else
    totalOfEntries<int32_t>(call, op, x, dy, rowOf<float>(y, 0));
}

} // namespace rondo::runtime
