// Operations that compute each row of a window by itself.
#ifndef RONDO_RUNTIME_ROWOPS_H
#define RONDO_RUNTIME_ROWOPS_H

#include "runtime/Call.h"
#include "runtime/Lines.h"
#include <cstring>

namespace rondo::runtime {

inline char *rowOf(const Operand &operand, int64_t i) {
  return operand.base + (operand.rows ? operand.rows[i] : i) * operand.stride;
}
template <typename T> T *rowOf(const Operand &operand, int64_t i) { return reinterpret_cast<T *>(rowOf(operand, i)); }

struct RowTask {
  const Call *call = nullptr;
  const OpPlan *op = nullptr;
  const int64_t *numbers = nullptr;
  Element element = Element::F32; // of the first operand
};
RowTask taskOf(const Call &call, const OpPlan &op);

/// For rows 0..count-1 of a window.
using RowFunction = void (*)(const RowTask &task, const Operand *operands, int64_t count);

/// Null if the operation is none of those.
RowFunction rowFunctionOf(OpCode code);

//===--- Elements ----------------------------------------------------------------------------------------------===//

inline float maximum(float a, float b) { return a != a || a > b ? a : b; } // NaN if either is
template <typename T> T maximum(T a, T b) { return a > b ? a : b; }

/// True if a is the larger of two in which a NaN is above everything.
inline bool isAbove(float a, float b) { return a > b || (a != a && b == b); }
template <typename T> bool isAbove(T a, T b) { return a > b; }

/// As integers wrap around.
inline float plus(float a, float b) { return a + b; }
template <typename T> T plus(T a, T b) { return T(uint64_t(a) + uint64_t(b)); }

/// A sum's mean; of integers rounded down.
inline float meanOf(float sum, int64_t count) { return sum / float(count); }
template <typename T> T meanOf(T sum, int64_t count) {
  int64_t quotient = int64_t(sum) / count;
  return T(quotient - (int64_t(sum) % count < 0));
}

/// Calls the function with a value of the element's type.
template <typename Function> void withElement(Element element, const Function &function) {
  switch (element) {
  case Element::F32: function(float()); break;
  case Element::I64: function(int64_t()); break;
  case Element::Bool: function(uint8_t()); break;
  case Element::Token: function(int32_t()); break;
  }
}

} // namespace rondo::runtime
#endif
