#include "runtime/RangeOps.h"
#include "runtime/Execute.h"
#include "runtime/Exp.h"
#include <cmath>

namespace rondo::runtime {

bool isRangeOp(OpCode code) {
  switch (code) {
  case OpCode::Reduce:
  case OpCode::SoftmaxPer:
  case OpCode::LogSoftmaxPer:
  case OpCode::CumsumPer:
  case OpCode::PickPer:
  case OpCode::WindowPer:
  case OpCode::OverlapPer:
  case OpCode::Affine:
  case OpCode::Ctc:
  case OpCode::Dctc:
  case OpCode::Total:
  case OpCode::TotalOuter:
  case OpCode::TotalScatter: return true;
  default: return false;
  }
}

//===--- Reduce ------------------------------------------------------------------------------------------------===//

namespace {

struct ReduceNumbers {
  int32_t from, scope;
  Reduction kind;
  bool reverse, toSource;
  int64_t elements;
  explicit ReduceNumbers(const int64_t *n)
      : from(int32_t(n[0])), scope(int32_t(n[3])), kind(Reduction(n[1])), reverse(n[2]), toSource(n[5]),
        elements(n[4]) {}
};

/// `count` rows of a window from `first` on, `step` apart.
struct RowSteps {
  int64_t first = 0, step = 1, count = 0;
};

/// The bytes from each of these rows to the next, if they are the same number; else -1.
int64_t distanceOf(const Operand &x, const RowSteps &steps) {
  if (!x.rows || steps.count < 2)
    return steps.step * x.stride;
  const int32_t *rows = x.rows + steps.first;
  int64_t distance = rows[steps.step] - rows[0];
  for (int64_t i = 2; i < steps.count; ++i)
    if (rows[i * steps.step] - rows[(i - 1) * steps.step] != distance)
      return -1;
  return distance < 0 ? -1 : distance * x.stride;
}

/// Collects rows into one: rows of x, each times its number of the weights if there are any.
template <typename T> class Reducer {
public:
  static constexpr bool isFloat = sizeof(T) == sizeof(float) && T(0.5) != 0;

  Reducer(const ReduceNumbers &n, const Operand *operands, int32_t count, int64_t to)
      : n(n), x(operands[0]), weights(count == 3 ? &operands[1] : nullptr), y(rowOf<T>(operands[count - 1], to)) {}

  void add(int64_t row) {
    const T *from = rowOf<const T>(x, row);
    bool isFirst = count++ == 0;
    if (isFloat && weights)
      addWeighed(from, *rowOf<const T>(*weights, row), isFirst);
    else if (isFirst || (n.kind == Reduction::First && n.reverse))
      std::memcpy(y, from, size_t(n.elements) * sizeof(T));
    else if (n.kind == Reduction::Max)
      for (int64_t e = 0; e < n.elements; ++e)
        y[e] = maximum(y[e], from[e]);
    else if (n.kind != Reduction::First)
      for (int64_t e = 0; e < n.elements; ++e)
        y[e] = plus(y[e], from[e]);
  }

  /// All that there are.
  void addAll(const Lines *lines, const RowSteps &steps) {
    if constexpr (isFloat)
      if ((n.kind == Reduction::Sum || n.kind == Reduction::Mean) && combinesLines(lines, n.elements, steps.count)) {
        int64_t lineBytes = distanceOf(x, steps), factorBytes = weights ? distanceOf(*weights, steps) : 0;
        if (lineBytes >= 0 && factorBytes >= 0) {
          const float one = 1, *factors = weights ? rowOf<const float>(*weights, steps.first) : &one;
          combineLines(lines, factors, factorBytes / int64_t(sizeof(float)), rowOf<const T>(x, steps.first),
                       lineBytes / int64_t(sizeof(T)), y, n.elements, steps.count);
          count = steps.count;
          return;
        }
      }
    for (int64_t i = 0; i < steps.count; ++i)
      add(steps.first + i * steps.step);
  }

  void end() {
    if (count == 0)
      std::memset(y, 0, size_t(n.elements) * sizeof(T));
    else if (n.kind == Reduction::Mean)
      for (int64_t e = 0; e < n.elements; ++e)
        y[e] = meanOf(y[e], count);
  }

  bool isEmpty() const { return count == 0; }

private:
  void addWeighed(const T *from, T weight, bool isFirst) {
    for (int64_t e = 0; e < n.elements; ++e)
      y[e] = isFirst ? weight * from[e] : y[e] + weight * from[e];
  }

  const ReduceNumbers &n;
  const Operand &x, *weights;
  T *y;
  int64_t count = 0;
};

/// Whose ticks see which: for each tick of `to` (each sample) a range of ticks of `from`.
struct ReduceTime {
  enum class Kind { All, Ticks, Source } kind = Kind::Ticks;
  int32_t from = -1, to = -1, root = -1;

  ReduceTime(const Call &call, const OpPlan &op, const ReduceNumbers &n) : from(call.timeOf(n.from)) {
    if (op.clock < 0) {
      kind = Kind::All;
      return;
    }
    to = call.timeOf(op.clock);
    if (n.toSource) {
      kind = Kind::Source;
      to = 0;
    }
    root = call.commonRoot(from, to);
  }
};

template <typename T> void reduce(Call &call, const OpPlan &op, const ReduceTime &time, const Range *ranges) {
  ReduceNumbers n(call.numbers(op));
  Operand operands[3];
  for (int32_t v = 0; v < op.views.count; ++v)
    operands[v] = operandOf(call, call.views(op)[v]);
  bool fromPair = call.isPair(n.from);
  const int32_t *pairs = fromPair ? call.clocks[n.from].pairs : nullptr;
  // All rows of a range of ticks.
  auto rows = [&](int64_t to, Range ticks) {
    Reducer<T> reducer(n, operands, op.views.count, to);
    int32_t begin = pairs ? pairs[ticks.begin] : ticks.begin, end = pairs ? pairs[ticks.end] : ticks.end;
    reducer.addAll(call.lines, {begin, 1, end - begin});
    reducer.end();
  };
  // The rows at which they meet one tick of the source.
  auto meetings = [&](int64_t to, Range ticks, int32_t source) {
    Reducer<T> reducer(n, operands, op.views.count, to);
    RowSteps steps; // as far as they are regular
    for (int32_t t = ticks.begin; t < ticks.end; ++t) {
      int32_t row = pairRow(call, n.from, t, source);
      if (row < 0)
        continue;
      if (steps.count > 1 && row != steps.first + steps.count * steps.step) {
        reducer.addAll(nullptr, steps);
        steps.count = 0;
      }
      if (steps.count == 1)
        steps.step = row - steps.first;
      if (steps.count++ == 0)
        steps.first = row;
    }
    reducer.addAll(reducer.isEmpty() ? call.lines : nullptr, steps);
    reducer.end();
  };
  if (time.kind == ReduceTime::Kind::All)
    return rows(0, {0, call.clocks[time.from].rows});
  if (time.kind == ReduceTime::Kind::Source) {
    const int32_t *offsets = call.clocks[op.clock].offsets;
    forBlocks(call, call.batch, 1, mostThreads, [&](int64_t s, int64_t, int32_t) {
      for (int32_t i = offsets[s]; i < offsets[s + 1]; ++i)
        meetings(i, ranges[s], i);
    });
    return;
  }
  const ClockState &to = call.clocks[op.clock];
  bool toPair = call.isPair(op.clock);
  forBlocks(call, call.clocks[time.to].rows, 16, mostThreads, [&](int64_t begin, int64_t end, int32_t) {
    for (int64_t t = begin; t < end; ++t) {
      if (!toPair) {
        rows(t, ranges[t]);
        continue;
      }
      for (int32_t i = to.pairs[t]; i < to.pairs[t + 1]; ++i) {
        if (fromPair)
          meetings(i, ranges[t], to.firstSource[t] + i - to.pairs[t]);
        else
          rows(i, ranges[t]);
      }
    }
  });
}

int64_t rangesOfReduce(const Call &call, const ReduceTime &time) {
  return time.kind == ReduceTime::Kind::All      ? 0
         : time.kind == ReduceTime::Kind::Source ? call.batch
                                                 : call.mostRows[time.to];
}

void runReduce(Call &call, const OpPlan &op, char *scratch) {
  ReduceNumbers n(call.numbers(op));
  ReduceTime time(call, op, n);
  Carver carver(scratch);
  int32_t *cutNumbers = carver.take<int32_t>(cutsSize(call, n.scope, time.root));
  Range *ranges = carver.take<Range>(rangesOfReduce(call, time));
  Cuts cuts = cutsOf(call, n.scope, time.root, cutNumbers);
  if (time.kind == ReduceTime::Kind::Ticks)
    rangesOf(call, time.from, time.to, n.reverse, cuts, ranges);
  else if (time.kind == ReduceTime::Kind::Source)
    sampleRangesOf(call, time.from, n.reverse, cuts, ranges);
  withElement(taskOf(call, op).element, [&](auto element) { reduce<decltype(element)>(call, op, time, ranges); });
}

//===--- Over the rows of a tick -------------------------------------------------------------------------------===//

/// Elements that are worked on together: their sums are on the stack.
constexpr int64_t strip = 64;

/// Each of `elements` columns by itself, through `count` rows from `first` on.
struct Group {
  Operand x, y;
  int64_t first, count, elements;
  template <typename T> const T *in(int64_t i) const { return rowOf<const T>(x, first + i); }
  template <typename T> T *out(int64_t i) const { return rowOf<T>(y, first + i); }
};

void softmaxStrip(const Group &g, int64_t begin, int64_t size, bool logarithm) {
  float most[strip], shift[strip], sum[strip] = {};
  for (int64_t e = 0; e < size; ++e)
    most[e] = -INFINITY;
  for (int64_t i = 0; i < g.count; ++i) {
    const float *x = g.in<float>(i) + begin;
    for (int64_t e = 0; e < size; ++e)
      most[e] = maximum(most[e], x[e]);
  }
  for (int64_t e = 0; e < size; ++e)
    shift[e] = most[e] == -INFINITY ? 0 : most[e];
  for (int64_t i = 0; i < g.count; ++i) {
    const float *x = g.in<float>(i) + begin;
    float *y = g.out<float>(i) + begin;
    for (int64_t e = 0; e < size; ++e) {
      y[e] = expOf(x[e] - shift[e]);
      sum[e] += y[e];
    }
  }
  for (int64_t e = 0; e < size; ++e)
    sum[e] = most[e] == -INFINITY ? (logarithm ? 0 : 1) : logarithm ? std::log(sum[e]) : sum[e];
  for (int64_t i = 0; i < g.count; ++i) {
    const float *x = g.in<float>(i) + begin;
    float *y = g.out<float>(i) + begin;
    for (int64_t e = 0; e < size; ++e)
      y[e] = logarithm ? x[e] - shift[e] - sum[e] : y[e] / sum[e];
  }
}

void softmaxGroup(const Lines *lines, const Group &g, bool logarithm) {
  // One number a row, side by side: a line.
  if (g.elements == 1 && !g.x.rows && !g.y.rows && g.x.stride == sizeof(float) && g.y.stride == sizeof(float)) {
    (logarithm ? logSoftmaxLines : softmaxLines)(lines, g.in<float>(0), g.out<float>(0), g.count, 1);
    return;
  }
  for (int64_t begin = 0; begin < g.elements; begin += strip)
    softmaxStrip(g, begin, g.elements - begin < strip ? g.elements - begin : strip, logarithm);
}

template <typename T> void cumsumGroup(const Group &g, bool reverse) {
  const T *sum = nullptr;
  for (int64_t k = 0; k < g.count; ++k) {
    int64_t i = reverse ? g.count - 1 - k : k;
    const T *x = g.in<T>(i);
    T *y = g.out<T>(i);
    if (sum)
      for (int64_t e = 0; e < g.elements; ++e)
        y[e] = plus(sum[e], x[e]);
    else
      std::memcpy(y, x, size_t(g.elements) * sizeof(T));
    sum = y;
  }
}

template <typename T> void pickGroup(const Group &g) {
  for (int64_t i = 0; i < g.count; ++i)
    std::memset(g.out<uint8_t>(i), 0, size_t(g.elements));
  for (int64_t e = 0; e < g.elements && g.count; ++e) {
    int64_t best = 0;
    for (int64_t i = 1; i < g.count; ++i)
      if (isAbove(g.in<T>(i)[e], g.in<T>(best)[e]))
        best = i;
    g.out<uint8_t>(best)[e] = 1;
  }
}

void windowGroup(const Group &g, int64_t width) {
  for (int64_t i = 0; i < g.count; ++i) {
    float *y = g.out<float>(i);
    for (int64_t j = 0; j < width; ++j) {
      int64_t from = i - (width - 1) / 2 + j;
      bool isInside = from >= 0 && from < g.count;
      const float *x = g.in<float>(isInside ? from : i);
      for (int64_t e = 0; e < g.elements; ++e)
        y[e * width + j] = isInside ? x[e] : 0;
    }
  }
}

void overlapGroup(const Group &g, int64_t width) {
  for (int64_t i = 0; i < g.count; ++i) {
    float *y = g.out<float>(i);
    std::memset(y, 0, size_t(g.elements) * sizeof(float));
    for (int64_t j = 0; j < width; ++j) {
      int64_t to = i + (width - 1) / 2 - j;
      if (to < 0 || to >= g.count)
        continue;
      const float *x = g.in<float>(to);
      for (int64_t e = 0; e < g.elements; ++e)
        y[e] += x[e * width + j];
    }
  }
}

void runGroup(const RowTask &task, const Group &g) {
  const int64_t *n = task.numbers;
  switch (task.op->code) {
  case OpCode::SoftmaxPer: softmaxGroup(task.call->lines, g, false); break;
  case OpCode::LogSoftmaxPer: softmaxGroup(task.call->lines, g, true); break;
  case OpCode::CumsumPer:
    withElement(task.element, [&](auto element) { cumsumGroup<decltype(element)>(g, n[2]); });
    break;
  case OpCode::PickPer: withElement(task.element, [&](auto element) { pickGroup<decltype(element)>(g); }); break;
  case OpCode::WindowPer: windowGroup(g, n[2]); break;
  default: overlapGroup(g, n[2]); break;
  }
}

void runPer(Call &call, const OpPlan &op, char *scratch) {
  RowTask task = taskOf(call, op);
  const View *views = call.views(op);
  Operand x = operandOf(call, views[0]), y = operandOf(call, views[1]);
  int32_t per = int32_t(task.numbers[0]);
  int64_t elements = task.numbers[1];
  Range *ranges = reinterpret_cast<Range *>(scratch);
  groupsOf(call, op.clock, per, ranges);
  int32_t groups = call.clocks[per].rows;
  // Rows behind the last tick of `per` belong to none.
  const ArrayPlan &result = call.array(views[1].array);
  size_t bytes = size_t(result.elements * bytesOf(result.element));
  int32_t row = 0;
  for (int32_t group = 0; group <= groups; ++group) {
    bool isLast = group == groups;
    if (!isLast && ranges[group].begin == ranges[group].end)
      continue;
    for (int32_t end = isLast ? call.clocks[op.clock].rows : ranges[group].begin; row < end; ++row)
      std::memset(rowOf(y, row), 0, bytes);
    row = isLast ? row : ranges[group].end;
  }
  forBlocks(call, groups, 4, mostThreads, [&](int64_t begin, int64_t end, int32_t) {
    for (int64_t group = begin; group < end; ++group)
      if (ranges[group].begin < ranges[group].end)
        runGroup(task, {x, y, ranges[group].begin, ranges[group].end - ranges[group].begin, elements});
  });
}

} // namespace

//===--- All of them -------------------------------------------------------------------------------------------===//

bool carveRangeOp(const Call &call, const OpPlan &op, Carver &carver) {
  if (!isRangeOp(op.code))
    return false;
  const int64_t *n = call.numbers(op);
  if (op.code == OpCode::Ctc || op.code == OpCode::Dctc) {
    carveCtc(call, op, carver);
  } else if (op.code == OpCode::Affine) {
    carveAffine(call, op, carver);
  } else if (isTotal(op.code)) {
    carveTotal(call, op, carver);
  } else if (op.code == OpCode::Reduce) {
    ReduceTime time(call, op, ReduceNumbers(n));
    carver.take<int32_t>(cutsSize(call, int32_t(n[3]), time.root));
    carver.take<Range>(rangesOfReduce(call, time));
  } else {
    carver.take<Range>(call.mostRows[n[0]]);
  }
  return true;
}

bool runRangeOp(Call &call, const OpPlan &op, char *scratch) {
  if (op.code == OpCode::Ctc || op.code == OpCode::Dctc)
    return runCtc(call, op, scratch);
  if (op.code == OpCode::Reduce)
    runReduce(call, op, scratch);
  else if (op.code == OpCode::Affine)
    runAffine(call, op, scratch);
  else if (isTotal(op.code))
    runTotal(call, op, scratch);
  else
    runPer(call, op, scratch);
  return true;
}

void runRangesInScan(const RowTask &task, const Operand *operands, const int32_t *offsets, int64_t targets) {
  if (task.op->code != OpCode::Reduce) {
    for (int64_t i = 0; i < targets; ++i)
      if (offsets[i] < offsets[i + 1])
        runGroup(task, {operands[0], operands[1], offsets[i], offsets[i + 1] - offsets[i], task.numbers[1]});
    return;
  }
  ReduceNumbers n(task.numbers);
  withElement(task.element, [&](auto element) {
    using T = decltype(element);
    for (int64_t i = 0; i < targets; ++i) {
      Reducer<T> reducer(n, operands, task.op->views.count, i);
      reducer.addAll(task.call->lines, {offsets[i], 1, offsets[i + 1] - offsets[i]});
      reducer.end();
    }
  });
}

} // namespace rondo::runtime
