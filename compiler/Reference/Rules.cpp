#include "compiler/Reference/Rules.h"

namespace rondo::reference {

Row LocalRule::evaluate(Evaluation &evaluation, ValueId self, Place place) const {
  llvm::SmallVector<Row, 4> in;
  bool ready = true;
  for (ValueId operand : operands) {
    in.push_back(evaluation.ask(operand, place));
    ready &= in.back() != nullptr;
  }
  if (!ready)
    return nullptr;
  if (Row same = evaluation.sameAsBefore(self, in))
    return same;
  Row result = compute(evaluation, in);
  evaluation.remember(self, in, result);
  return result;
}

AxisView::AxisView(llvm::ArrayRef<int64_t> shape, int64_t axis) : size(shape[axis]) {
  for (int64_t i = 0; i < axis; ++i)
    outer *= shape[i];
  for (size_t i = axis + 1; i < shape.size(); ++i)
    inner *= shape[i];
}

} // namespace rondo::reference
