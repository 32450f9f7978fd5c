// Sums over all rows of a clock: of rows themselves, of products of two, of rows that belong to entries of a table.
//
// Threads divide what is summed to, never a sum: rows are added up in chunks of fixed size, each from its first row to
// its last, and the chunks' sums in their order. So the bits do not hang on the number of threads.
#include "runtime/Execute.h"
#include "runtime/RangeOps.h"

namespace rondo::runtime {

namespace {

/// Rows whose sum is made by itself.
constexpr int64_t chunkRows = 128;

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t roundedUp(int64_t number, int64_t multiple) { return (number + multiple - 1) / multiple * multiple; }

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

template <typename T> void total(const Call &call, const OpPlan &op, const Operand &x, T *y) {
  int64_t rows = call.rowsOf(op.clock), elements = call.numbers(op)[0];
  forBlocks(call, elements, stripElements, mostThreads, [&](int64_t begin, int64_t end, int32_t) {
    std::memset(y + begin, 0, size_t(end - begin) * sizeof(T));
    for (int64_t first = 0; first < rows; first += chunkRows) {
      T sum[stripElements];
      sumRows(call.lines, x, first, least(first + chunkRows, rows), begin, end - begin, sum);
      for (int64_t e = begin; e < end; ++e)
        y[e] = plus(y[e], sum[e - begin]);
    }
  });
}

//===--- Products ----------------------------------------------------------------------------------------------===//

/// A task makes so many lines and columns of the result, which stay in the cache that a core has to itself: the larger
/// they are the less is copied. Of a chunk it copies what it needs of both operands, by tiles of lines and panels of
/// columns, in which the numbers of one row lie side by side.
constexpr int64_t taskLines = 512, leastTaskLines = 32, taskColumns = 288, panelColumns = 48;
static_assert(leastTaskLines % tileLines == 0 && taskColumns % panelColumns == 0, "tasks have whole tiles");
/// From tile to tile: those of one row must not all share a place in the cache.
constexpr int64_t tileStep = chunkRows * tileLines + lineLanes;
constexpr int64_t taskFloats(int64_t lines) { return lines / tileLines * tileStep + chunkRows * panelColumns; }

/// Columns of the panel that begins at `column`: a multiple of a vector's. Two vectors at a time are faster than one.
int64_t panelAt(int64_t column, int64_t end) {
  int64_t rest = roundedUp(end - column, lineLanes);
  return rest == panelColumns + lineLanes ? rest / 2 : least(panelColumns, rest);
}

/// y [m, k], the sum of a b transposed over all rows, with a: [m, n], b: [k, n].
class Products {
public:
  Products(const Call &call, const OpPlan &op)
      : call(call), n(call.numbers(op)), m(n[0]), k(n[1]), inner(n[2]), terms(call.rowsOf(op.clock) * inner),
        a(operandOf(call, call.views(op)[0])), b(operandOf(call, call.views(op)[1])),
        y(rowOf<float>(operandOf(call, call.views(op)[2]), 0)) {}

  /// What the threads may need, however many they are.
  static int64_t mostFloats(const int64_t *n) {
    int64_t most = 0;
    for (int64_t threads = 1; threads <= int64_t(mostThreads); threads *= 2) {
      // Those of up to twice as many threads, less one, have tasks of this size or smaller ones.
      int64_t size = sizeOf(n, threads);
      int64_t users = least(least(2 * threads - 1, mostThreads), tasks(n, leastTaskLines));
      int64_t floats = users * taskFloats(size);
      most = floats > most ? floats : most;
    }
    return most;
  }

  void run(char *scratch) {
    int64_t size = sizeOf(n, threadsOf(call.pool)), down = (m + size - 1) / size;
    forBlocks(call, tasks(n, size), 1, mostThreads, [&](int64_t task, int64_t, int32_t thread) {
      int64_t line = task % down * size, column = task / down * taskColumns;
      compute(line, least(line + size, m), column, least(column + taskColumns, k),
              reinterpret_cast<float *>(scratch) + thread * taskFloats(size));
    });
  }

private:
  static int64_t tasks(const int64_t *n, int64_t size) {
    return (n[0] + size - 1) / size * ((n[1] + taskColumns - 1) / taskColumns);
  }

  /// Lines of a task: so many that each thread has two.
  static int64_t sizeOf(const int64_t *n, int64_t threads) {
    int64_t size = taskLines, wanted = threads > 1 ? 2 * threads : 1;
    while (size > leastTaskLines && (tasks(n, size) < wanted || size >= 2 * roundedUp(n[0], leastTaskLines)))
      size /= 2;
    return size;
  }

  void compute(int64_t line, int64_t endLine, int64_t column, int64_t endColumn, float *memory) const {
    for (int64_t i = line; i < endLine; ++i)
      std::memset(y + i * k + column, 0, size_t(endColumn - column) * sizeof(float));
    float *panel = memory, *tiles = memory + chunkRows * panelColumns;
    for (int64_t first = 0; first < terms; first += chunkRows) {
      int64_t count = least(chunkRows, terms - first);
      copy<tileLines>(a, line, endLine, first, count, tiles);
      for (int64_t j = column, width; j < endColumn; j += width) {
        width = panelAt(j, endColumn);
        int64_t end = least(j + width, endColumn);
        switch (width / lineLanes) {
        case 1: copy<lineLanes>(b, j, end, first, count, panel); break;
        case 2: copy<2 * lineLanes>(b, j, end, first, count, panel); break;
        default: copy<panelColumns>(b, j, end, first, count, panel); break;
        }
        for (int64_t i = line; i < endLine; i += tileLines)
          add(tiles + (i - line) / tileLines * tileStep, panel, width, count, i, j);
      }
    }
  }

  /// Elements begin..end-1 of each row, in pieces that lie `tileStep` apart, with zeros behind the last.
  template <int64_t Width>
  void copy(const Operand &x, int64_t begin, int64_t end, int64_t first, int64_t count, float *to) const {
    for (int64_t t = first; t < first + count; ++t, to += Width) {
      const float *from =
          inner == 1 ? rowOf<const float>(x, t) + begin : rowOf<const float>(x, t / inner) + begin * inner + t % inner;
      float *place = to;
      int64_t e = begin;
      for (; inner == 1 && e + Width <= end; e += Width, from += Width, place += tileStep)
        copyLine<Width>(from, place);
      for (; e < end; e += Width, from += Width * inner, place += tileStep)
        for (int64_t i = 0; i < Width; ++i)
          place[i] = e + i < end ? from[i * inner] : 0;
    }
  }

  /// In parts that need no call of the C library.
  template <int64_t Width> static void copyLine(const float *from, float *to) {
    constexpr int64_t part = Width < lineLanes ? Width : lineLanes;
    for (int64_t i = 0; i < Width; i += part)
      std::memcpy(to + i, from + i, size_t(part) * sizeof(float));
  }

  void add(const float *tile, const float *panel, int64_t width, int64_t count, int64_t line, int64_t column) const {
    int64_t lines = least(tileLines, m - line), columns = least(width, k - column);
    if (lines == tileLines && columns == width)
      return addProducts(call.lines, tile, panel, y + line * k + column, width, count, k);
    float sums[tileLines * panelColumns];
    for (int64_t i = 0; i < lines; ++i)
      std::memcpy(sums + i * width, y + (line + i) * k + column, size_t(columns) * sizeof(float));
    addProducts(call.lines, tile, panel, sums, width, count, width);
    for (int64_t i = 0; i < lines; ++i)
      std::memcpy(y + (line + i) * k + column, sums + i * width, size_t(columns) * sizeof(float));
  }

  const Call &call;
  const int64_t *n;
  int64_t m, k, inner, terms;
  Operand a, b;
  float *y;
};

//===--- Entries -----------------------------------------------------------------------------------------------===//

/// y, of so many entries: each the sum of the rows with its index, in their order.
template <typename Index>
void totalOfEntries(const Call &call, const OpPlan &op, const Operand &index, const Operand &dy, float *y) {
  int64_t rows = call.rowsOf(op.clock), entries = call.numbers(op)[0], elements = call.numbers(op)[1];
  int64_t share = (entries + 2 * threadsOf(call.pool) - 1) / (2 * threadsOf(call.pool));
  forBlocks(call, entries, share, mostThreads, [&](int64_t begin, int64_t end, int32_t) {
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
    carver.take<float>(Products::mostFloats(call.numbers(op)));
}

void runTotal(Call &call, const OpPlan &op, char *scratch) {
  const View *views = call.views(op);
  if (op.code == OpCode::TotalOuter)
    return Products(call, op).run(scratch);
  Operand x = operandOf(call, views[0]), y = operandOf(call, views[op.views.count - 1]);
  if (op.code == OpCode::Total) {
    withElement(taskOf(call, op).element, [&](auto element) { total(call, op, x, rowOf<decltype(element)>(y, 0)); });
    return;
  }
  Operand dy = operandOf(call, views[1]);
  if (taskOf(call, op).element == Element::I64)
    totalOfEntries<int64_t>(call, op, x, dy, rowOf<float>(y, 0));
  else
    totalOfEntries<int32_t>(call, op, x, dy, rowOf<float>(y, 0));
}

} // namespace rondo::runtime
