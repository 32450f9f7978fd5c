// From operations to rules: what the files of the families share.
#ifndef RONDO_REFERENCE_RULES_H
#define RONDO_REFERENCE_RULES_H

#include "compiler/IR/Rnn.h"
#include "compiler/Reference/Evaluation.h"

namespace rondo::reference {

/// Numbers the clocks, scopes, slots and values of a model.
class Compiler {
public:
  explicit Compiler(Program &program) : program(program) {}

  ValueId id(mlir::Value value) const { return ids.lookup(value); }
  llvm::SmallVector<ValueId, 3> idsOf(mlir::ValueRange values) const;
  const Type &type(mlir::Value value) const { return program.typeOf(id(value)); }
  ClockId clock(rnn::ClockInterface clock);
  ScopeId scope(rnn::ScopeAttr scope);
  Type type(mlir::Type type);
  bool fp64() const { return program.fp64; }

  Program &program;
  llvm::DenseMap<mlir::Value, ValueId> ids;
  llvm::DenseMap<mlir::Value, int32_t> slots;

private:
  llvm::DenseMap<mlir::Attribute, ClockId> clocks;
  llvm::DenseMap<mlir::Attribute, ScopeId> scopes;
};

/// The rule of an operation's result, or null where the operation is of another family.
using RuleMaker = std::unique_ptr<Rule> (*)(Compiler &, mlir::Operation *, unsigned result);
std::unique_ptr<Rule> makePointwiseRule(Compiler &, mlir::Operation *, unsigned);
std::unique_ptr<Rule> makeProductRule(Compiler &, mlir::Operation *, unsigned);
std::unique_ptr<Rule> makeFeatureRule(Compiler &, mlir::Operation *, unsigned);
std::unique_ptr<Rule> makeSourceRule(Compiler &, mlir::Operation *, unsigned);
std::unique_ptr<Rule> makeSlotRule(Compiler &, mlir::Operation *, unsigned);
std::unique_ptr<Rule> makeCrossingRule(Compiler &, mlir::Operation *, unsigned);
std::unique_ptr<Rule> makeRowRule(Compiler &, mlir::Operation *, unsigned);
std::unique_ptr<Rule> makeCtcRule(Compiler &, mlir::Operation *, unsigned);
/// Not of an operation: the rule of a model's input, and of a parameter.
std::unique_ptr<Rule> makeInputRule(int32_t input);

/// A real as the build keeps it.
inline double rounded(double x, bool fp64) { return fp64 ? x : static_cast<float>(x); }

/// A sum in the build's precision, term by term in the order given.
struct Sum {
  bool fp64;
  double value = 0;
  void add(double x) { value = rounded(value + x, fp64); }
};

/// A rule that looks only at its operands' rows at its own place (or at tensors).
class LocalRule : public Rule {
public:
  explicit LocalRule(llvm::SmallVector<ValueId, 3> operands) : operands(std::move(operands)) {}
  Row evaluate(Evaluation &evaluation, ValueId self, Place place) const final;

protected:
  /// Computes a new row, or returns (a part of) an operand's. Null after Evaluation::fail.
  virtual Row compute(Evaluation &evaluation, llvm::ArrayRef<Row> in) const = 0;

private:
  llvm::SmallVector<ValueId, 3> operands;
};

/// A local rule written as a function.
template <typename Function> class LocalFunction final : public LocalRule {
public:
  LocalFunction(llvm::SmallVector<ValueId, 3> operands, Function function)
      : LocalRule(std::move(operands)), function(std::move(function)) {}

protected:
  Row compute(Evaluation &evaluation, llvm::ArrayRef<Row> in) const override { return function(evaluation, in); }

private:
  Function function;
};
template <typename Function> std::unique_ptr<Rule> local(llvm::SmallVector<ValueId, 3> operands, Function function) {
  return std::make_unique<LocalFunction<Function>>(std::move(operands), std::move(function));
}

/// A shape seen from one axis: [outer, size, inner].
struct AxisView {
  int64_t outer = 1, size = 1, inner = 1;
  AxisView(llvm::ArrayRef<int64_t> shape, int64_t axis);
};

} // namespace rondo::reference
#endif
