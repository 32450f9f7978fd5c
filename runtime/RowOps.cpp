#include "runtime/RowOps.h"

namespace rondo::runtime {

RowTask taskOf(const Call &call, const OpPlan &op) {
  RowTask task{&call, &op, call.numbers(op), Element::F32};
  if (op.views.count > 0)
    task.element = call.array(call.views(op)[0].array).element;
  return task;
}

//===--- Operations --------------------------------------------------------------------------------------------===//

namespace {

/// Calls function(x, y) with the rows of the first operand and the last.
template <typename X, typename Y, typename Function>
void eachRow(const Operand *o, int64_t count, const Function &function) {
  for (int64_t i = 0; i < count; ++i)
    function(rowOf<const X>(o[0], i), rowOf<Y>(o[1], i));
}

void copy(const RowTask &task, const Operand *o, int64_t count) {
  int64_t outer = task.numbers[0], bytes = task.numbers[1], fromStep = task.numbers[2], toStep = task.numbers[3];
  if (outer == 1 && !o[0].rows && !o[1].rows && o[0].stride == bytes && o[1].stride == bytes) {
    std::memcpy(o[1].base, o[0].base, size_t(count * bytes));
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const char *from = rowOf(o[0], i);
    char *to = rowOf(o[1], i);
    for (int64_t k = 0; k < outer; ++k)
      std::memcpy(to + k * toStep, from + k * fromStep, size_t(bytes));
  }
}

void zero(const RowTask &task, const Operand *o, int64_t count) {
  for (int32_t v = 0; v < task.op->views.count; ++v) {
    const View &view = task.call->views(*task.op)[v];
    const ArrayPlan &array = task.call->array(view.array);
    int64_t bytes = array.elements * bytesOf(array.element) - view.offset;
    for (int64_t i = 0; i < count; ++i)
      std::memset(rowOf(o[v], i), 0, size_t(bytes));
  }
}

/// Of the elements of a line that lie `step` apart; of none zero.
template <typename T> T foldLine(Reduction kind, const T *x, int64_t size, int64_t step) {
  if (size == 0)
    return 0;
  T result = x[0];
  if (kind == Reduction::First)
    return result;
  if constexpr (sizeof(T) == sizeof(float) && T(0.5) != 0)
    if (step == 1 && kind != Reduction::Max) {
      result = sumOf(x, size);
      return kind == Reduction::Mean ? meanOf(result, size) : result;
    }
  for (int64_t i = 1; i < size; ++i)
    result = kind == Reduction::Max ? maximum(result, x[i * step]) : plus(result, x[i * step]);
  return kind == Reduction::Mean ? meanOf(result, size) : result;
}

template <typename T> void foldRows(const RowTask &task, const Operand *o, int64_t count) {
  auto kind = Reduction(task.numbers[0]);
  int64_t outer = task.numbers[1], size = task.numbers[2], inner = task.numbers[3];
  eachRow<T, T>(o, count, [&](const T *x, T *y) {
    for (int64_t a = 0; a < outer; ++a)
      for (int64_t b = 0; b < inner; ++b)
        y[a * inner + b] = foldLine(kind, x + a * size * inner + b, size, inner);
  });
}

void fold(const RowTask &task, const Operand *o, int64_t count) {
  withElement(task.element, [&](auto element) { foldRows<decltype(element)>(task, o, count); });
}

using LinesFunction = void (*)(const Lines *lines, const float *x, float *y, int64_t size, int64_t count);

void lines(const RowTask &task, const Operand *o, int64_t count, LinesFunction function) {
  int64_t outer = task.numbers[0], size = task.numbers[1], bytes = outer * size * int64_t(sizeof(float));
  if (!o[0].rows && !o[1].rows && o[0].stride == bytes && o[1].stride == bytes) { // all lie one behind another
    outer *= count;
    count = count > 0;
  }
  eachRow<float, float>(o, count, [&](const float *x, float *y) { function(task.call->lines, x, y, size, outer); });
}

void softmax(const RowTask &task, const Operand *o, int64_t count) { lines(task, o, count, softmaxLines); }
void logSoftmax(const RowTask &task, const Operand *o, int64_t count) { lines(task, o, count, logSoftmaxLines); }

void cumsum(const RowTask &task, const Operand *o, int64_t count) {
  int64_t outer = task.numbers[0], size = task.numbers[1];
  bool reverse = task.numbers[2];
  withElement(task.element, [&](auto element) {
    using T = decltype(element);
    eachRow<T, T>(o, count, [&](const T *x, T *y) {
      for (int64_t a = 0; a < outer; ++a) {
        T sum = 0;
        for (int64_t k = 0; k < size; ++k) {
          int64_t i = a * size + (reverse ? size - 1 - k : k);
          y[i] = sum = plus(sum, x[i]);
        }
      }
    });
  });
}

template <typename T> int64_t firstMost(const T *x, int64_t size) {
  int64_t best = 0;
  for (int64_t i = 1; i < size; ++i)
    if (isAbove(x[i], x[best]))
      best = i;
  return best;
}

void pick(const RowTask &task, const Operand *o, int64_t count) {
  int64_t outer = task.numbers[0], size = task.numbers[1];
  withElement(task.element, [&](auto element) {
    using T = decltype(element);
    eachRow<T, uint8_t>(o, count, [&](const T *x, uint8_t *y) {
      std::memset(y, 0, size_t(outer * size));
      for (int64_t a = 0; a < outer && size; ++a)
        y[a * size + firstMost(x + a * size, size)] = 1;
    });
  });
}

void argmax(const RowTask &task, const Operand *o, int64_t count) {
  int64_t outer = task.numbers[0], size = task.numbers[1];
  withElement(task.element, [&](auto element) {
    using T = decltype(element);
    eachRow<T, int32_t>(o, count, [&](const T *x, int32_t *y) {
      for (int64_t a = 0; a < outer; ++a)
        y[a] = int32_t(firstMost(x + a * size, size));
    });
  });
}

void window(const RowTask &task, const Operand *o, int64_t count) {
  int64_t outer = task.numbers[0], size = task.numbers[1], width = task.numbers[2];
  eachRow<float, float>(o, count, [&](const float *x, float *y) {
    for (int64_t a = 0; a < outer; ++a, x += size)
      for (int64_t i = 0; i < size; ++i)
        for (int64_t j = 0; j < width; ++j) {
          int64_t from = i - (width - 1) / 2 + j;
          *y++ = from >= 0 && from < size ? x[from] : 0;
        }
  });
}

void overlap(const RowTask &task, const Operand *o, int64_t count) {
  int64_t outer = task.numbers[0], size = task.numbers[1], width = task.numbers[2];
  eachRow<float, float>(o, count, [&](const float *x, float *y) {
    for (int64_t a = 0; a < outer; ++a, x += size * width)
      for (int64_t i = 0; i < size; ++i) {
        float sum = 0;
        for (int64_t j = 0; j < width; ++j) {
          int64_t to = i + (width - 1) / 2 - j;
          if (to >= 0 && to < size)
            sum += x[to * width + j];
        }
        *y++ = sum;
      }
  });
}

void oneHot(const RowTask &task, const Operand *o, int64_t count) {
  int64_t outer = task.numbers[0], size = task.numbers[1];
  eachRow<int32_t, float>(o, count, [&](const int32_t *x, float *y) {
    std::memset(y, 0, size_t(outer * size) * sizeof(float));
    for (int64_t a = 0; a < outer; ++a)
      if (x[a] >= 0 && x[a] < size)
        y[a * size + x[a]] = 1;
  });
}

constexpr int64_t mostRank = 16;

template <typename T> void transposeRow(const T *x, T *y, const int64_t *numbers) {
  int64_t rank = numbers[0];
  const int64_t *sizes = numbers + 1, *order = sizes + rank;
  int64_t extent[mostRank], step[mostRank], index[mostRank] = {}, total = 1;
  for (int64_t i = 0; i < rank; ++i) {
    extent[i] = sizes[order[i]];
    step[i] = 1;
    for (int64_t j = order[i] + 1; j < rank; ++j)
      step[i] *= sizes[j];
    total *= extent[i];
  }
  int64_t last = rank - 1, inner = rank > 0 ? extent[last] : 1, innerStep = rank > 0 ? step[last] : 0;
  const T *from = x;
  for (int64_t i = 0; i < total; i += inner) {
    for (int64_t j = 0; j < inner; ++j)
      y[i + j] = from[j * innerStep];
    for (int64_t axis = last - 1; axis >= 0; --axis) {
      from += step[axis];
      if (++index[axis] < extent[axis])
        break;
      from -= step[axis] * extent[axis];
      index[axis] = 0;
    }
  }
}

void transpose(const RowTask &task, const Operand *o, int64_t count) {
  withElement(task.element, [&](auto element) {
    using T = decltype(element);
    eachRow<T, T>(o, count, [&](const T *x, T *y) { transposeRow(x, y, task.numbers); });
  });
}

int64_t indexAt(const RowTask &task, int32_t operand, const char *row) {
  if (task.call->array(task.call->views(*task.op)[operand].array).element == Element::I64)
    return *reinterpret_cast<const int64_t *>(row);
  return *reinterpret_cast<const int32_t *>(row);
}

void embed(const RowTask &task, const Operand *o, int64_t count) {
  int64_t entries = task.numbers[0], bytes = task.numbers[1] * bytesOf(task.element);
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = indexAt(task, 1, rowOf(o[1], i));
    if (index >= 0 && index < entries)
      std::memcpy(rowOf(o[2], i), rowOf(o[0], i) + index * bytes, size_t(bytes));
    else
      std::memset(rowOf(o[2], i), 0, size_t(bytes));
  }
}

void scatter(const RowTask &task, const Operand *o, int64_t count) {
  int64_t entries = task.numbers[0], elements = task.numbers[1];
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = indexAt(task, 0, rowOf(o[0], i));
    float *y = rowOf<float>(o[2], i);
    std::memset(y, 0, size_t(entries * elements) * sizeof(float));
    if (index >= 0 && index < entries)
      std::memcpy(y + index * elements, rowOf(o[1], i), size_t(elements) * sizeof(float));
  }
}

} // namespace

RowFunction rowFunctionOf(OpCode code) {
  switch (code) {
  case OpCode::Copy: return copy;
  case OpCode::Zero: return zero;
  case OpCode::Fold: return fold;
  case OpCode::Softmax: return softmax;
  case OpCode::LogSoftmax: return logSoftmax;
  case OpCode::Cumsum: return cumsum;
  case OpCode::Pick: return pick;
  case OpCode::Window: return window;
  case OpCode::Overlap: return overlap;
  case OpCode::Argmax: return argmax;
  case OpCode::OneHot: return oneHot;
  case OpCode::Transpose: return transpose;
  case OpCode::Embed: return embed;
  case OpCode::Scatter: return scatter;
  default: return nullptr;
  }
}

} // namespace rondo::runtime
