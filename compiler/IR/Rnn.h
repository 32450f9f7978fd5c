// The `rnn` dialect: equations over clocked streams. See Rnn.td and RnnOps.td for what each thing means.
#ifndef RONDO_COMPILER_IR_RNN_H
#define RONDO_COMPILER_IR_RNN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace rondo::rnn {
class AxisClockAttr;
class CutAttr;
class ScopeAttr;
} // namespace rondo::rnn

#include "compiler/IR/RnnDialect.h.inc"
#include "compiler/IR/RnnEnums.h.inc"

#include "compiler/IR/RnnAttrInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/IR/RnnAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/IR/RnnTypes.h.inc"

namespace rondo::rnn {

//===--- Values: streams and tensors ---------------------------------------------------------------------------===//

/// True for a stream, and for a static ranked tensor of one of the dialect's elements.
bool isValueType(mlir::Type type);
/// True for f32, i64, i1 and tokens.
bool isElementType(mlir::Type type);
llvm::ArrayRef<int64_t> shapeOf(mlir::Type value);
mlir::Type elementOf(mlir::Type value);
int64_t elementCount(mlir::Type value);
/// The clock of a stream; null for a tensor, which is the same on every clock.
ClockInterface clockOf(mlir::Type value);
/// A stream on the clock, or a tensor if it is null.
mlir::Type valueType(llvm::ArrayRef<int64_t> shape, mlir::Type element, ClockInterface clock);

//===--- Clocks ------------------------------------------------------------------------------------------------===//

/// The axis under all `every` and `event`; of a pair its target's.
AxisClockAttr rootAxis(ClockInterface clock);
/// True if ticks of both are located on one axis: the axes are of one chain, or one is `sample`.
bool haveOneRoot(ClockInterface a, ClockInterface b);
/// True if each tick of `coarse` is also a tick of `fine`, at the same place; of pair clocks, for the same rows. One
/// tick has no other: that of `sample` where there are no ticks at all.
bool isSelection(ClockInterface coarse, ClockInterface fine);
/// A clock in the words of the language, a pair clock by its target. `event`: how an event is called.
std::string wordsOf(ClockInterface clock, llvm::function_ref<std::string(EventClockAttr)> event);
/// Calls function(EventClockAttr) for the events that an operation names and that its results hang on, an event's own
/// among them.
template <typename Function> void eachEvent(mlir::Operation *op, const Function &function) {
  auto visit = [&](EventClockAttr event) { function(event); };
  op->getAttrDictionary().walk(visit);
  for (mlir::Type type : op->getResultTypes())
    type.walk(visit);
}

//===--- Kinds of operations -----------------------------------------------------------------------------------===//

/// True if the operation's result at a tick (of a pair clock: at a row of a tick) depends on its operands at that very
/// tick alone, so that it can be computed on any clock on which its operands are there.
bool isTickLocal(mlir::Operation *op);
/// True for a tick-local operation that only moves, repeats or drops elements.
bool isMovement(mlir::Operation *op);
/// True for what makes a matrix of vectors, each tick: a column times a row, or a row repeated.
bool isSpread(mlir::Operation *op);
/// True for shapes [m,n] with more than one element along both axes.
bool isMatrix(mlir::Type value);

//===--- Meaning of pointwise operations -----------------------------------------------------------------------===//

// i64 arithmetic wraps around; division rounds down and gives 0 where the divisor is 0.
int64_t wrappedAdd(int64_t a, int64_t b);
int64_t wrappedSub(int64_t a, int64_t b);
int64_t wrappedMul(int64_t a, int64_t b);
int64_t floorDiv(int64_t a, int64_t b);
int64_t floorMod(int64_t a, int64_t b);
double floorMod(double a, double b);
double sigmoid(double x);
// NaN if either operand is.
double minimum(double a, double b);
double maximum(double a, double b);

//===--- Constants ---------------------------------------------------------------------------------------------===//

/// A constant for a value type: reals as f64, ints and tokens as i64, bools as i1. One number for all elements, or one
/// an element.
mlir::DenseElementsAttr constantFor(mlir::Type value, llvm::ArrayRef<double> numbers);
mlir::DenseElementsAttr constantFor(mlir::Type value, llvm::ArrayRef<int64_t> numbers);

/// What pointwise operations fold to: f64 and i64 arithmetic on constants, and identities such as x + 0.
mlir::OpFoldResult foldPointwise(mlir::Operation *op, llvm::ArrayRef<mlir::Attribute> operands);

} // namespace rondo::rnn

#include "compiler/IR/RnnOpInterfaces.h.inc"

namespace rondo::step {
class ScheduleOp; // whose outputs are also given by rnn.return
} // namespace rondo::step

#define GET_OP_CLASSES
#include "compiler/IR/RnnOps.h.inc"

#endif
