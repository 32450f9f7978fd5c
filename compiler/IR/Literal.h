// Constants in the text of the IR: a number, `true`, `false`, or nested brackets of them.
#ifndef RONDO_COMPILER_IR_LITERAL_H
#define RONDO_COMPILER_IR_LITERAL_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"

namespace rondo::rnn {

struct Literal {
  struct Number {
    enum Kind : uint8_t { Bool, Int, Real } kind;
    double real;     // also of an Int
    int64_t integer; // Int, Bool
  };
  llvm::SmallVector<int64_t> shape; // empty: one number, for all elements of whatever shape is set before get()
  std::vector<Number> numbers;      // row-major

  mlir::ParseResult parse(mlir::AsmParser &parser);
  /// Elements of f64, i64 or i1; null if a number is not of that kind (an Int counts as a real).
  mlir::DenseElementsAttr get(mlir::Type element) const;

private:
  mlir::ParseResult parseNested(mlir::AsmParser &parser, unsigned depth);
};

/// Elements of f64, i64 or i1 of this shape: one number for all, or one an element in row-major order.
mlir::DenseElementsAttr dense(llvm::ArrayRef<int64_t> shape, mlir::Type element, llvm::ArrayRef<double> numbers);
mlir::DenseElementsAttr dense(llvm::ArrayRef<int64_t> shape, mlir::Type element, llvm::ArrayRef<int64_t> numbers);
/// One number if all elements are equal bit for bit, else nested brackets.
void printLiteral(llvm::raw_ostream &os, mlir::DenseElementsAttr value);
/// The shortest decimal that is exactly this double; inf and nan as such words.
void printReal(llvm::raw_ostream &os, double value);
/// What a constant of a value's type stores: f64, i64 or i1.
mlir::Type constantElement(mlir::Type value);

} // namespace rondo::rnn
#endif
