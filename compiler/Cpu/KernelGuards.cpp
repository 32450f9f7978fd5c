// Products that count only where another number is not zero.
//
//   %new = rnn.tanh (rnn.add %wx, (rnn.matmul %U, %h))
//   %y = rnn.add (rnn.scale %a, %new), (rnn.scale %b, %old)      // where %a is 0, %y is %b times %old
//
// The product is found through the scaling alone, on every way from what is stored: where %a is 0 for all of a tile, the
// product need not be computed, and is taken to be 0.
#include "compiler/Cpu/KernelParts.h"

using namespace mlir;

namespace rondo::cpu {

namespace {

using Guards = llvm::SetVector<Source>;

/// A walk from what is stored to products.
class GuardFinder {
public:
  explicit GuardFinder(const KernelParts &parts) : parts(parts) {}

  /// `ahead`: all by which what is computed from the source is multiplied.
  void walk(const Source &source, const Guards &ahead) {
    auto [it, isNew] = met.try_emplace(source, ahead);
    if (!isNew) {
      if (!intersect(it->second, ahead))
        return;
    }
    Guards guards = it->second;
    Operation *op = source.value.getDefiningOp();
    if (parts.loaded(source.value) || parts.product(source.value) || !op)
      return;
    if (!isElementwise(op) || isa<rnn::ConcatOp, rnn::PadOp>(op)) { // elements of other columns
      for (Value operand : op->getOperands())
        walk({operand, 0, false}, {});
      return;
    }
    for (OpOperand &operand : op->getOpOperands()) {
      Guards more = guards;
      if (isa<rnn::MulOp, rnn::ScaleOp>(op)) {
        Source other = parts.resolve(op->getOperand(1 - operand.getOperandNumber()), source);
        if (changes(other))
          more.insert(other);
      }
      walk(parts.resolve(operand.get(), source), more);
    }
  }

  /// The first that all ways to the product lead through.
  std::optional<Source> guardOf(const Product &product) const {
    std::optional<Guards> common;
    for (const auto &[source, guards] : met) {
      if (source.value != product.value)
        continue;
      if (!common)
        common = guards;
      else
        intersect(*common, guards);
    }
    return common && !common->empty() ? std::optional<Source>(common->front()) : std::nullopt;
  }

private:
  /// Returns whether that takes something away.
  static bool intersect(Guards &guards, const Guards &others) {
    return guards.remove_if([&](const Source &source) { return !others.contains(source); });
  }

  /// True for what is made of loaded values in few operations, without products.
  bool changes(const Source &source, int depth = 4) const {
    Operation *op = source.value.getDefiningOp();
    if (parts.loaded(source.value))
      return bool(rnn::clockOf(source.value.getType()));
    if (!op || parts.product(source.value) || depth == 0 || !isElementwise(op) || isa<rnn::ConcatOp, rnn::PadOp>(op))
      return false;
    bool any = false;
    for (Value operand : op->getOperands()) {
      Source of = parts.resolve(operand, source);
      bool isConstant = of.value.getDefiningOp<rnn::ConstOp>();
      if (!isConstant && !changes(of, depth - 1))
        return false;
      any |= !isConstant;
    }
    return any;
  }

  const KernelParts &parts;
  llvm::MapVector<Source, Guards> met;
};

} // namespace

void KernelParts::findGuards() {
  GuardFinder finder(*this);
  for (const Pass &pass : passes)
    for (unsigned operand : pass.stores)
      finder.walk(resolve(kernel.operands[operand].value, 0, false), {});
  for (unsigned operand : scalars)
    finder.walk(resolve(kernel.operands[operand].value, 0, true), {});
  for (Product &product : products)
    if (!product.whole)
      product.guard = finder.guardOf(product);
}

} // namespace rondo::cpu
