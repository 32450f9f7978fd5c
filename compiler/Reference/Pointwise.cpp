// Operations on the same element of each operand: pointwise ones, comparisons, choices, conversions.
#include "compiler/Reference/Rules.h"
#include <cmath>

namespace rondo::reference {
namespace {

/// What an element becomes is said once, with the operation (RnnPointwiseOps.td).
std::unique_ptr<Rule> pointwise(Compiler &c, rnn::Pointwise op) {
  const Type &type = c.type(op->getResult(0));
  int64_t size = type.size;
  auto operands = c.idsOf(op->getOperands());
  if (type.isReal())
    return local(operands, [op, size](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
      rnn::Pointwise meaning = op;
      double *out = e.newReals(size);
      llvm::SmallVector<double, 2> element(in.size());
      for (int64_t i = 0; i < size; ++i) {
        for (size_t k = 0; k < in.size(); ++k)
          element[k] = reals(in[k])[i];
        out[i] = rounded(meaning.evaluateReal(element), e.fp64());
      }
      return out;
    });
  return local(operands, [op, size](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    rnn::Pointwise meaning = op;
    int64_t *out = e.newInts(size);
    llvm::SmallVector<int64_t, 2> element(in.size());
    for (int64_t i = 0; i < size; ++i) {
      for (size_t k = 0; k < in.size(); ++k)
        element[k] = ints(in[k])[i];
      out[i] = meaning.evaluateInt(element);
    }
    return out;
  });
}

template <typename T> bool compare(rnn::Predicate predicate, T a, T b) {
  switch (predicate) {
  case rnn::Predicate::Eq: return a == b;
  case rnn::Predicate::Ne: return a != b;
  case rnn::Predicate::Lt: return a < b;
  case rnn::Predicate::Le: return a <= b;
  case rnn::Predicate::Gt: return a > b;
  case rnn::Predicate::Ge: return a >= b;
  }
  llvm_unreachable("a predicate");
}

std::unique_ptr<Rule> comparison(Compiler &c, rnn::CompareOp op) {
  rnn::Predicate predicate = op.getPredicate();
  bool real = c.type(op.getA()).isReal();
  int64_t size = c.type(op.getResult()).size;
  return local(c.idsOf(op->getOperands()), [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t *out = e.newInts(size);
    for (int64_t i = 0; i < size; ++i)
      out[i] = real ? compare(predicate, reals(in[0])[i], reals(in[1])[i])
                    : compare(predicate, ints(in[0])[i], ints(in[1])[i]);
    return out;
  });
}

std::unique_ptr<Rule> selection(Compiler &c, rnn::SelectOp op) {
  const Type &type = c.type(op.getResult());
  int64_t size = type.size;
  if (c.type(op.getCondition()).shape.empty())
    return local(c.idsOf(op->getOperands()),
                 [](Evaluation &, llvm::ArrayRef<Row> in) { return *ints(in[0]) ? in[1] : in[2]; });
  if (type.isReal())
    return local(c.idsOf(op->getOperands()), [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
      double *out = e.newReals(size);
      for (int64_t i = 0; i < size; ++i)
        out[i] = reals(ints(in[0])[i] ? in[1] : in[2])[i];
      return out;
    });
  return local(c.idsOf(op->getOperands()), [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    int64_t *out = e.newInts(size);
    for (int64_t i = 0; i < size; ++i)
      out[i] = ints(ints(in[0])[i] ? in[1] : in[2])[i];
    return out;
  });
}

/// Towards zero; what i64 cannot hold becomes its nearest, NaN 0.
int64_t toInt(double x) {
  if (std::isnan(x))
    return 0;
  if (x >= 9223372036854775808.0)
    return INT64_MAX;
  return x <= -9223372036854775808.0 ? INT64_MIN : static_cast<int64_t>(x);
}

std::unique_ptr<Rule> conversion(Compiler &c, rnn::ConvertOp op) {
  const Type &from = c.type(op.getX()), &to = c.type(op.getResult());
  auto operands = c.idsOf(op->getOperands());
  return local(operands, [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    if (from.isReal() == to.isReal() && to.element != Element::Token)
      return in[0];
    if (to.isReal()) {
      double *out = e.newReals(to.size);
      for (int64_t i = 0; i < to.size; ++i)
        out[i] = rounded(static_cast<double>(ints(in[0])[i]), e.fp64());
      return out;
    }
    int64_t *out = e.newInts(to.size);
    for (int64_t i = 0; i < to.size; ++i) {
      out[i] = from.isReal() ? toInt(reals(in[0])[i]) : ints(in[0])[i];
      if (to.element == Element::Token && (out[i] < 0 || out[i] >= to.tokens)) {
        e.fail(llvm::Twine(out[i]) + " is not a token(" + llvm::Twine(to.tokens) + ")");
        return nullptr;
      }
    }
    return out;
  });
}

std::unique_ptr<Rule> scaling(Compiler &c, rnn::ScaleOp op) {
  int64_t size = c.type(op.getResult()).size;
  return local(c.idsOf(op->getOperands()), [=](Evaluation &e, llvm::ArrayRef<Row> in) -> Row {
    double *out = e.newReals(size);
    for (int64_t i = 0; i < size; ++i)
      out[i] = rounded(*reals(in[0]) * reals(in[1])[i], e.fp64());
    return out;
  });
}

} // namespace

std::unique_ptr<Rule> makePointwiseRule(Compiler &c, mlir::Operation *op, unsigned) {
  if (auto same = llvm::dyn_cast<rnn::Pointwise>(op))
    return pointwise(c, same);
  if (auto compare = llvm::dyn_cast<rnn::CompareOp>(op))
    return comparison(c, compare);
  if (auto select = llvm::dyn_cast<rnn::SelectOp>(op))
    return selection(c, select);
  if (auto convert = llvm::dyn_cast<rnn::ConvertOp>(op))
    return conversion(c, convert);
  if (auto scale = llvm::dyn_cast<rnn::ScaleOp>(op))
    return scaling(c, scale);
  return nullptr;
}

} // namespace rondo::reference
