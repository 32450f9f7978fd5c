// Writes functions in the LLVM dialect. Most of what it makes works on scalars and vectors alike: operands of one
// operation have as many lanes as each other.
#ifndef RONDO_CPU_CODE_H
#define RONDO_CPU_CODE_H

#include "compiler/Cpu/Kernel.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

namespace rondo::cpu {

class Code {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  Code(mlir::ModuleOp module, const Isa &isa);

  const Isa target;
  const mlir::Type f32, f64, bf16, i64, i32, i8, i1, pointer;

  //===--- Functions ---===//

  /// Begins a function without a result; what is written from now on goes into it. Local: seen in this module only.
  mlir::ValueRange begin(llvm::StringRef name, mlir::TypeRange arguments, bool local);
  void end();
  /// Calls a function of this module; if there is none of the name, it is written first.
  void callLocal(llvm::StringRef name, mlir::ValueRange arguments, llvm::function_ref<void(Code &)> write);
  /// Calls an intrinsic that the dialect has no operation for, by its full name.
  mlir::Value intrinsic(mlir::Type type, llvm::StringRef name, mlir::ValueRange arguments);
  /// One without a result.
  void effect(llvm::StringRef name, mlir::ValueRange arguments);
  /// Memory on the stack, 64-byte aligned, whose place is the function's beginning.
  mlir::Value stack(int64_t bytes);
  /// The address of constant numbers.
  mlir::Value table(mlir::DenseElementsAttr numbers);

  //===--- Types and constants ---===//

  /// A vector of so many lanes; of one lane the element itself.
  static mlir::Type vectorOf(mlir::Type element, int64_t lanes);
  static mlir::Type elementOf(mlir::Type type);
  static int64_t lanesOf(mlir::Type type);
  /// The element type with the lanes of `shape`.
  static mlir::Type like(mlir::Type shape, mlir::Type element) { return vectorOf(element, lanesOf(shape)); }

  mlir::Value real(double value, mlir::Type type);
  mlir::Value real(double value, mlir::Value like) { return real(value, like.getType()); }
  mlir::Value integer(int64_t value, mlir::Type type);
  mlir::Value integer(int64_t value, mlir::Value like) { return integer(value, like.getType()); }
  mlir::Value index(int64_t value) { return integer(value, i64); }
  /// True in the lanes first..end-1.
  mlir::Value mask(int64_t first, int64_t end, int64_t lanes);
  /// The same number in each lane; a vector as it is.
  mlir::Value broadcast(mlir::Value scalar, int64_t lanes);

  //===--- Arithmetic ---===//

  // Of floats or integers, as the operands are. Integers wrap around.
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value neg(mlir::Value a);
  /// a * b + c, rounded once where the machine can.
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value divide(mlir::Value a, mlir::Value b); // floats; integers towards zero

  // Integers and bits
  mlir::Value both(mlir::Value a, mlir::Value b);
  mlir::Value either(mlir::Value a, mlir::Value b);
  mlir::Value differing(mlir::Value a, mlir::Value b); // exclusive or
  mlir::Value negation(mlir::Value bits);              // each bit
  mlir::Value shiftLeft(mlir::Value a, int64_t by);
  mlir::Value shiftRight(mlir::Value a, int64_t by); // without sign
  mlir::Value trailingZeros(mlir::Value a);
  mlir::Value least(mlir::Value a, mlir::Value b); // integers
  mlir::Value most(mlir::Value a, mlir::Value b);

  // Floats
  enum class Unary { Sqrt, Floor, Abs, Sin, Cos };
  mlir::Value unary(Unary kind, mlir::Value x);
  mlir::Value power(mlir::Value a, mlir::Value b);
  /// 1 / x to a unit in the last place, for x that is not 0, infinite, nor so small or large that 1 / x is not normal.
  mlir::Value reciprocal(mlir::Value x);
  /// Whether the machine has the next two.
  bool hasScaling() const { return target.level == Isa::Level::X86_64_v4; }
  mlir::Value fraction(mlir::Value x);               // x minus the whole number next to it
  mlir::Value scaleBy(mlir::Value x, mlir::Value n); // x * 2^n, rounded once, for a whole n

  /// A comparison: of floats false where either is NaN, but for Ne, which is true.
  mlir::Value compare(rnn::Predicate predicate, mlir::Value a, mlir::Value b);
  /// As the last, of integers without sign.
  mlir::Value below(mlir::Value a, mlir::Value b);
  mlir::Value isNan(mlir::Value x);
  mlir::Value null();
  mlir::Value isNull(mlir::Value address);
  /// True in the lanes ahead of `end`, an i64.
  mlir::Value lanesBelow(mlir::Value end, int64_t lanes);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);

  //===--- Conversions, to an element type ---===//

  mlir::Value bits(mlir::Value x, mlir::Type element);   // the same bits
  mlir::Value halves(mlir::Value x, mlir::Type element); // the same bits, as twice as many lanes
  mlir::Value widen(mlir::Value x, mlir::Type element);  // floats, and integers without sign
  mlir::Value widenSigned(mlir::Value x, mlir::Type element);
  mlir::Value narrow(mlir::Value x, mlir::Type element);
  mlir::Value toFloat(mlir::Value integer, mlir::Type element, bool isSigned);
  /// Towards zero; what an i64 cannot hold becomes its nearest, NaN 0.
  mlir::Value toInt(mlir::Value x);

  //===--- Lanes ---===//

  mlir::Value laneOf(mlir::Value vector, int64_t lane);
  /// One number of all lanes: halves meet until one is left.
  mlir::Value reduce(mlir::Value vector, llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> meet);
  /// As many vectors as each has lanes, a power of two: lane i of the j-th becomes lane j of the i-th.
  void transpose(llvm::MutableArrayRef<mlir::Value> square);

  //===--- Memory: addresses are in bytes ---===//

  mlir::Value at(mlir::Value base, mlir::Value bytes);
  mlir::Value at(mlir::Value base, int64_t bytes);
  /// With a mask only lanes where it is true are read, others are 0.
  mlir::Value load(mlir::Type type, mlir::Value address, mlir::Value mask = {});
  void store(mlir::Value value, mlir::Value address, mlir::Value mask = {});
  /// Asks for what will be read soon, into the cache of this level. The address may be any.
  void prefetch(mlir::Value address, int64_t level);

  //===--- Control ---===//

  using Body = llvm::function_ref<Values(mlir::Value, mlir::ValueRange)>;
  /// For i = first, first + step, .. below `end`: carries values from one turn to the next, and returns the last ones.
  Values loop(mlir::Value first, mlir::Value end, mlir::Value step, mlir::ValueRange carried, Body body);
  void loop(mlir::Value first, mlir::Value end, mlir::Value step, llvm::function_ref<void(mlir::Value)> body);
  /// As a loop whose body says what the next turn's i is.
  void loopWhileBelow(mlir::Value first, mlir::Value end, llvm::function_ref<mlir::Value(mlir::Value)> body);
  void when(mlir::Value condition, llvm::function_ref<void()> then);
  void when(mlir::Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise);
  Values choose(mlir::Value condition, llvm::function_ref<Values()> then, llvm::function_ref<Values()> otherwise);
  /// cases[n], for n in 0..cases-1.
  void dispatch(mlir::Value n, int64_t cases, llvm::function_ref<void(int64_t)> body);

private:
  /// One of 16 floats, or of one.
  mlir::Value intrinsicOfFloats(llvm::StringRef name, mlir::ValueRange operands,
                                llvm::function_ref<Values(Values)> arguments);
  mlir::Value constant(mlir::Type type, mlir::Attribute value);
  mlir::Block *newBlock(mlir::TypeRange arguments = {});

  mlir::OpBuilder builder;
  mlir::Location location;
  mlir::ModuleOp module;
  mlir::Block *entry = nullptr;
  llvm::DenseMap<std::pair<mlir::Type, mlir::Attribute>, mlir::Value> constants; // of the function
  llvm::StringSet<> written;                                                     // functions that are there
};

} // namespace rondo::cpu
#endif
