// Operations on the same element of each operand, in registers.
#ifndef RONDO_CPU_KERNELELEMENTS_H
#define RONDO_CPU_KERNELELEMENTS_H

#include "compiler/Cpu/Code.h"

namespace rondo::cpu {

/// What an element is in a register: f32, i64, i1, or i32 for a token.
mlir::Type registerType(Code &code, mlir::Type element);

/// Elements of a type of the dialect, from and to memory, where i1 is a byte. Only lanes of the mask, if there is one.
mlir::Value loadElements(Code &code, mlir::Type element, int64_t lanes, mlir::Value address, mlir::Value mask = {});
void storeElements(Code &code, mlir::Value value, mlir::Value address, mlir::Value mask = {});
int64_t bytesOfElement(mlir::Type element);
constexpr int64_t bytesOfReal = 4;

/// The result of a pointwise operation, compare, select, convert, scale, or product of vectors of one element. Operands
/// have as many lanes as each other.
mlir::Value emitElementwise(Code &code, mlir::Operation *op, mlir::ValueRange operands);

/// One more element of a fold, or two results of a fold; and the start.
mlir::Value meet(Code &code, rnn::Reduction kind, mlir::Value a, mlir::Value b);
mlir::Value startOf(Code &code, rnn::Reduction kind, mlir::Type type);
/// The fold of `count` elements, from their sum or maximum.
mlir::Value finishFold(Code &code, rnn::Reduction kind, mlir::Value met, int64_t count);

} // namespace rondo::cpu
#endif
