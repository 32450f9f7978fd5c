// What a library's caller sees of a model: names, types and places of all that goes in and out. The header, the manifest
// and whoever loads a library work from this.
#ifndef RONDO_EMIT_INTERFACE_H
#define RONDO_EMIT_INTERFACE_H

#include "compiler/IR/Rnn.h"
#include "runtime/Plan.h"
#include <optional>
#include <string>
#include <vector>

namespace rondo::emit {

using runtime::Element;
llvm::StringRef nameOf(Element element);  // of the manifest: "f32", "i64", "bool", "token"
llvm::StringRef cTypeOf(Element element); // "float", "int64_t", "uint8_t", "int32_t"

/// One level of the data's nesting; `sample`, the outermost, is not among them.
struct Axis {
  std::string name;
  std::string outer;  // the axis that groups its rows, or "sample"
  std::string member; // of the inputs: its offsets
};

/// An input, output or parameter has rows of this.
struct RowType {
  Element element = Element::F32;
  int64_t tokens = 0; // Token: how many there are
  std::vector<int64_t> shape;
  int64_t elements() const;
};

struct Port {
  std::string name;
  std::string member; // of the inputs or outputs; an output's others are this + "_rows", "_offsets", "_ticks"
  RowType type;
  std::string clock; // in words: "step when every(4)"; empty: it has none, and is one row
  std::string axis;  // whose rows, or some of whose rows, it has; "sample"; empty: none
  // Of an output with rows of pairs; else empty.
  std::string source;     // the clock of the sources
  std::string sourceAxis; // its axis
  std::string per;        // the clock within whose ticks they meet
  bool isStepped = false; // an input that single steps need
};

struct Loss {
  std::string name;
  std::optional<std::vector<std::string>> trains; // paths of the parameters that it moves; nothing: all
};

struct Parameter {
  std::string path;
  RowType type;
  int64_t offset = 0; // bytes, a multiple of `parameterAlignment`
  rnn::InitAttr init;
};
constexpr int64_t parameterAlignment = 64;

struct Interface {
  std::string model;  // as the program calls it
  std::string prefix; // of C names
  bool training = false;
  std::vector<Axis> axes; // in the order of the plan
  std::vector<Port> inputs, outputs;
  std::vector<Loss> losses;
  std::vector<Parameter> parameters; // in order of path
  int64_t parameterBytes = 0;
  std::optional<std::string> notCausal; // why; empty: it is causal; nothing: not known
  bool hasSteps = false;                // it can be stepped
  std::string notStepped;               // else why not, if that is known
};

/// Of an `rnn.model` (or the schedule that it became) and one of its plans, which knows the axes.
Interface interfaceOf(mlir::Operation *model, llvm::StringRef plan);

} // namespace rondo::emit
#endif
