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
  bool isStepped = false; // an input that single steps need; an output that they give
  std::string given; // of such an input: when its row is looked at: "" at each step, "first", or where this axis ends
};

/// How the model feeds itself.
struct Generation {
  size_t input = 0;      // whose rows are made; on `axis`
  std::string axis;      // its clock
  bool isNext = false;   // a row makes the next one
  bool isChosen = false; // among tokens, by their numbers; else rows are what is computed
  std::optional<int64_t> start, stop, limit;
  std::vector<std::string> inputs; // that the rows depend on, beside the prompt
};

/// A gradient that is no parameter's, and the member of the gradients' struct that points to it; of a window's struct.
struct Gradient {
  size_t port = 0; // among the outputs, or the inputs
  std::string member;
};
struct Gradients {
  std::vector<Gradient> outputs; // what the caller gives; none where there are losses
  std::vector<Gradient> inputs;  // what the caller gets
};

/// How the library goes on with samples, window by window.
struct Windows {
  std::vector<Gradient> ahead;  // inputs of which the row behind a window is looked at
  std::vector<Gradient> dAhead; // those of reals among them: where gradients of such rows go
};

struct Loss {
  std::string name;
  std::optional<std::vector<std::string>> trains; // paths of the parameters that it moves; nothing: all
};

/// What single steps are told: whether a segment ends with them.
struct StepEnd {
  std::string axis;   // or "sample"
  std::string member; // of the steps' inputs
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
  std::string stepAxis;                 // of which a step is a row
  std::vector<StepEnd> stepEnds;        // of all axes; where there are steps: of those that matter, in their order
  std::optional<Gradients> gradients;   // if the library computes them
  std::optional<Windows> windows;       // if the library goes on with samples
  std::string noWindows;                // why it does not, where that is asked for
  std::optional<Generation> generate;   // what generates, if the library does
  std::string notGenerated;             // why it does not, where the program says how it would
};

/// Of an `rnn.model` (or the schedule that it became) and one of its plans, which knows the axes.
Interface interfaceOf(mlir::Operation *model, llvm::StringRef plan);
/// Of the schedule that computes gradients, for the model's ports.
Gradients gradientsOf(mlir::Operation *schedule, const Interface &interface);
/// Of the schedule of windows, for the model's ports.
Windows windowsOf(mlir::Operation *schedule, const Interface &interface);
/// Of what schedule::formGenerate made, for the model's inputs.
Generation generationOf(mlir::Operation *schedule, llvm::ArrayRef<Port> inputs);

} // namespace rondo::emit
#endif
