// Operations on the inside of a value: parts, joins, other shapes, folds, indices.
#include "compiler/Reference/Rules.h"
#include <cmath>
#include <cstring>

namespace rondo::reference {

namespace {

/// Elements of any kind are 8 bytes; these operations only move them.
constexpr size_t elementBytes = 8;
Row offset(Row row, int64_t elements) { return static_cast<const char *>(row) + elements * elementBytes; }

/// Copies a block of each outer index: from[outer][fromSize] -> to[outer][toSize], `count` elements at the given
/// offsets.
void copyBlocks(Row from, int64_t fromSize, int64_t fromAt, int64_t *to, int64_t toSize, int64_t toAt, int64_t count,
                int64_t outer) {
  for (int64_t o = 0; o < outer; ++o)
    std::memcpy(to + o * toSize + toAt, ints(from) + o * fromSize + fromAt, count * elementBytes);
}

/// Elements begin..end-1 of an axis.
std::unique_ptr<Rule> part(Compiler &c, mlir::Value x, int64_t axis, int64_t begin, int64_t end) {
  AxisView view(c.type(x).shape, axis);
  return local({c.id(x)}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    if (view.outer == 1)
      return offset(in[0], begin * view.inner);
    int64_t count = (end - begin) * view.inner;
    int64_t *out = e.newInts(view.outer * count);
    copyBlocks(in[0], view.size * view.inner, begin * view.inner, out, count, 0, count, view.outer);
    return out;
  });
}

std::unique_ptr<Rule> split(Compiler &c, rnn::SplitOp op, unsigned result) {
  int64_t begin = 0;
  for (unsigned i = 0; i < result; ++i)
    begin += c.type(op.getParts()[i]).shape[op.getAxis()];
  return part(c, op.getX(), op.getAxis(), begin, begin + c.type(op.getParts()[result]).shape[op.getAxis()]);
}

std::unique_ptr<Rule> concat(Compiler &c, rnn::ConcatOp op) {
  AxisView view(c.type(op.getResult()).shape, op.getAxis());
  llvm::SmallVector<int64_t> sizes;
  for (mlir::Value part : op.getParts())
    sizes.push_back(c.type(part).shape[op.getAxis()] * view.inner);
  return local(c.idsOf(op->getOperands()), [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t total = view.size * view.inner, at = 0;
    int64_t *out = e.newInts(view.outer * total);
    for (size_t i = 0; i < in.size(); ++i) {
      copyBlocks(in[i], sizes[i], 0, out, total, at, sizes[i], view.outer);
      at += sizes[i];
    }
    return out;
  });
}

std::unique_ptr<Rule> pad(Compiler &c, rnn::PadOp op) {
  AxisView view(c.type(op.getResult()).shape, op.getAxis());
  int64_t begin = op.getBegin() * view.inner, count = (op.getEnd() - op.getBegin()) * view.inner;
  return local({c.id(op.getX())}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t total = view.size * view.inner;
    int64_t *out = e.newInts(view.outer * total);
    std::memset(out, 0, view.outer * total * elementBytes);
    copyBlocks(in[0], count, 0, out, total, begin, count, view.outer);
    return out;
  });
}

std::unique_ptr<Rule> transpose(Compiler &c, rnn::TransposeOp op) {
  llvm::SmallVector<int64_t, 3> from = c.type(op.getX()).shape, to = c.type(op.getResult()).shape, strides(to.size());
  for (size_t i = 0; i < to.size(); ++i)
    strides[i] = AxisView(from, op.getPermutation()[i]).inner;
  int64_t size = c.type(op.getResult()).size;
  return local({c.id(op.getX())}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t *out = e.newInts(size);
    llvm::SmallVector<int64_t> index(to.size(), 0);
    for (int64_t i = 0; i < size; ++i) {
      int64_t source = 0;
      for (size_t axis = 0; axis < to.size(); ++axis)
        source += index[axis] * strides[axis];
      out[i] = ints(in[0])[source];
      for (int64_t axis = to.size() - 1; axis >= 0 && ++index[axis] == to[axis]; --axis)
        index[axis] = 0;
    }
    return out;
  });
}

std::unique_ptr<Rule> repeat(Compiler &c, rnn::RepeatOp op) {
  int64_t from = c.type(op.getX()).size, to = c.type(op.getResult()).size;
  return local({c.id(op.getX())}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t *out = e.newInts(to);
    for (int64_t i = 0; i < to; i += from)
      std::memcpy(out + i, in[0], from * elementBytes);
    return out;
  });
}

/// Of the elements at `in + k * stride`; of none, zero.
double foldReals(rnn::Reduction kind, const double *in, int64_t count, int64_t stride, bool fp64) {
  if (count == 0)
    return 0;
  if (kind == rnn::Reduction::First)
    return in[0];
  Sum sum{fp64};
  double most = in[0];
  for (int64_t k = 0; k < count; ++k) {
    sum.add(in[k * stride]);
    most = rnn::maximum(most, in[k * stride]);
  }
  return kind == rnn::Reduction::Max   ? most
         : kind == rnn::Reduction::Sum ? sum.value
                                       : rounded(sum.value / count, fp64);
}

int64_t foldInts(rnn::Reduction kind, const int64_t *in, int64_t count, int64_t stride) {
  if (count == 0)
    return 0;
  int64_t sum = 0, most = in[0];
  for (int64_t k = 0; k < count; ++k) {
    sum = rnn::wrappedAdd(sum, in[k * stride]);
    most = std::max(most, in[k * stride]);
  }
  switch (kind) {
  case rnn::Reduction::Sum: return sum;
  case rnn::Reduction::Mean: return rnn::floorDiv(sum, count);
  case rnn::Reduction::Max: return most;
  case rnn::Reduction::First: return in[0];
  }
  llvm_unreachable("a reduction");
}

std::unique_ptr<Rule> fold(Compiler &c, rnn::FoldOp op) {
  const Type &x = c.type(op.getX());
  AxisView view = op.getAxis() ? AxisView(x.shape, *op.getAxis()) : AxisView({x.size}, 0);
  rnn::Reduction kind = op.getKind();
  bool real = x.isReal();
  return local({c.id(op.getX())}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t count = view.outer * view.inner;
    double *realOut = real ? e.newReals(count) : nullptr;
    int64_t *intOut = real ? nullptr : e.newInts(count);
    for (int64_t o = 0; o < view.outer; ++o)
      for (int64_t i = 0; i < view.inner; ++i) {
        int64_t at = o * view.size * view.inner + i;
        if (real)
          realOut[o * view.inner + i] = foldReals(kind, reals(in[0]) + at, view.size, view.inner, e.fp64());
        else
          intOut[o * view.inner + i] = foldInts(kind, ints(in[0]) + at, view.size, view.inner);
      }
    return real ? static_cast<Row>(realOut) : intOut;
  });
}

std::unique_ptr<Rule> argmax(Compiler &c, rnn::ArgmaxOp op) {
  const Type &x = c.type(op.getX());
  int64_t n = x.shape.back(), lines = x.size / n;
  bool real = x.isReal();
  return local({c.id(op.getX())}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t *out = e.newInts(lines);
    for (int64_t l = 0; l < lines; ++l) {
      int64_t best = 0;
      for (int64_t i = 1; i < n; ++i) { // a NaN is above everything
        int64_t a = l * n + i, b = l * n + best;
        bool above =
            real ? reals(in[0])[a] > reals(in[0])[b] || (std::isnan(reals(in[0])[a]) && !std::isnan(reals(in[0])[b]))
                 : ints(in[0])[a] > ints(in[0])[b];
        if (above)
          best = i;
      }
      out[l] = best;
    }
    return out;
  });
}

std::unique_ptr<Rule> oneHot(Compiler &c, rnn::OneHotOp op) {
  int64_t count = c.type(op.getX()).size, n = c.type(op.getResult()).shape.back();
  return local({c.id(op.getX())}, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    double *out = e.newReals(count * n);
    std::fill(out, out + count * n, 0.0);
    for (int64_t i = 0; i < count; ++i)
      out[i * n + ints(in[0])[i]] = 1;
    return out;
  });
}

} // namespace

std::unique_ptr<Rule> makeFeatureRule(Compiler &c, mlir::Operation *op, unsigned result) {
  // The same elements in the same order.
  if (llvm::isa<rnn::ReshapeOp, rnn::StopOp, rnn::StraightOp, rnn::LiftOp>(op))
    return local({c.id(op->getOperand(0))}, [](Evaluation &, llvm::ArrayRef<Row> in) { return in[0]; });
  if (auto parts = llvm::dyn_cast<rnn::SplitOp>(op))
    return split(c, parts, result);
  if (auto join = llvm::dyn_cast<rnn::ConcatOp>(op))
    return concat(c, join);
  if (auto slice = llvm::dyn_cast<rnn::SliceOp>(op))
    return part(c, slice.getX(), slice.getAxis(), slice.getBegin(), slice.getEnd());
  if (auto wider = llvm::dyn_cast<rnn::PadOp>(op))
    return pad(c, wider);
  if (auto turned = llvm::dyn_cast<rnn::TransposeOp>(op))
    return transpose(c, turned);
  if (auto more = llvm::dyn_cast<rnn::RepeatOp>(op))
    return repeat(c, more);
  if (auto reduction = llvm::dyn_cast<rnn::FoldOp>(op))
    return fold(c, reduction);
  if (auto best = llvm::dyn_cast<rnn::ArgmaxOp>(op))
    return argmax(c, best);
  if (auto hot = llvm::dyn_cast<rnn::OneHotOp>(op))
    return oneHot(c, hot);
  return nullptr;
}

} // namespace rondo::reference
