// Text that the dialects `rnn` and `step` have in common.
#ifndef RONDO_IR_SYNTAX_H
#define RONDO_IR_SYNTAX_H

#include "compiler/IR/Rnn.h"

namespace rondo::rnn {

/// after #c, before #d
mlir::ParseResult parseCuts(mlir::AsmParser &parser, ScopeAttr &scope);
void printCuts(mlir::AsmPrinter &printer, ScopeAttr scope);
inline void printCuts(mlir::OpAsmPrinter &printer, mlir::Operation *, ScopeAttr scope) { printCuts(printer, scope); }

/// What the attributes of a model or a schedule are called.
struct ModelAttributes {
  template <typename Op> static ModelAttributes of(mlir::OperationName op) {
    return {Op::getSymNameAttrName(op), Op::getInputsAttrName(op), Op::getTrainingAttrName(op)};
  }
  mlir::StringAttr name, inputs, training;
};

/// Adds the attributes and the block, with one argument an input.
void buildModel(mlir::OpBuilder &builder, mlir::OperationState &state, const ModelAttributes &attributes,
                llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> inputs, mlir::TypeRange types, bool training);

/// [training] @name(%x "x" : type, ...) { equations }
mlir::ParseResult parseModel(mlir::OpAsmParser &parser, mlir::OperationState &state, const ModelAttributes &attributes);
void printModel(mlir::OpAsmPrinter &printer, mlir::Operation *op, const ModelAttributes &attributes);

} // namespace rondo::rnn
#endif
