// The checked model: what elaboration leaves of a model file. Cells are instantiated, lists and families unrolled, static
// conditions taken; every value has an element type, a shape and a clock. No MLIR here: compiler/Import turns this
// into the `rnn` dialect.
//
// A Model is one graph of Nodes. Node order is topological: a node follows its operands, the conditions of the event
// clocks it ticks on, and the clocks of `before` resets it runs under. Only slots lead backwards (Slot::next).
#ifndef RONDO_DSL_MODEL_H
#define RONDO_DSL_MODEL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rondo::dsl {

using NodeId = uint32_t;
constexpr NodeId noNode = ~NodeId(0);

//===--- Clocks ------------------------------------------------------------------------------------------------===//

/// Clocks of a finished Model are unique: equal clocks are one pointer.
struct Clock {
  enum class Kind : uint8_t {
    Sample, // once a sample
    Axis,   // a name of an input's `on word in sentence`; base and segment are one thing
    Every,  // parent's ticks with tick % period == phase
    Event,  // parent's ticks where `condition` holds
    Var,    // not yet known; never in a finished Model
  };
  Kind kind = Kind::Var;
  const Clock *parent =
      nullptr;      // Axis: the coarser axis or sample (`in`). Every, Event: the finer clock it selects from
  std::string name; // Axis
  int64_t period = 1, phase = 0; // Every
  uint32_t scope = 0;            // Every: the scope whose `tick` it counts
  NodeId condition = noNode;     // Event: a bool scalar on `parent`
  uint32_t id = 0;               // Event: index into Model::events

  mutable const Clock *bound = nullptr;   // Var: what it turned out to be; Every: its normal form
  mutable const Clock *segment = nullptr; // Var: must be finer than this segment clock (the clock of a segment's bool)
};

/// An axis made by `collect`: the ticks of `collected` within a tick of `per`. Unique like clocks.
struct ClockAxis {
  const Clock *collected = nullptr;
  const Clock *per = nullptr;
};

//===--- Types -------------------------------------------------------------------------------------------------===//

enum class Elem : uint8_t { Real, Int, Bool, Token };

struct Dim {
  int64_t size = 0;                // when axis is null
  const ClockAxis *axis = nullptr; // a clock's axis; at most one in a type
  bool operator==(const Dim &o) const { return size == o.size && axis == o.axis; }
  bool operator!=(const Dim &o) const { return !(*this == o); }
};

struct Type {
  Elem elem = Elem::Real;
  int64_t tokens = 0; // of token(K)
  llvm::SmallVector<Dim, 2> dims;
};

//===--- Time scopes -------------------------------------------------------------------------------------------===//

/// A cut of a scope: just behind (`after`) or ahead of (`before`) each tick of `clock`. Nothing inside crosses it.
struct Cut {
  bool before = false;
  const Clock *clock = nullptr;
};

/// The scope of time that slots, hold, reductions, tick and every inside an application live in. Scope 0: forward, no cuts.
struct Scope {
  bool reverse = false;           // time runs from the last valid tick (reversed inside reversed is forward again)
  std::vector<Cut> cuts;          // all that hold, outer applications' first
  std::vector<NodeId> conditions; // of the events that the cuts go by
};

//===--- The graph ---------------------------------------------------------------------------------------------===//

/// Elementwise operands may be of lower rank than the result (they repeat along leading axes, rule T4) and may have no
/// clock where the result has one (constants, parameters: they hold at every tick).
enum class Op : uint8_t {
  // sources
  Constant, // values: row-major, one a scalar, or one for all elements; no clock
  Input,    // index: Model::inputs
  Param,    // index: Model::params; no clock
  Read,     // index: Model::slots; the slot's value before this tick
  Tick,     // int: ticks of the node's clock since its scope began; scope (reverse: counted from the other end)
  Every,    // bool: tick % ints[0] == ints[1]; scope. Where nothing but `when` uses it, it is only a clock
  Segment,  // bool: the last tick of this segment; segment = an Axis or Sample clock
  Random,   // uniform [0,1) of the node's shape; index: Model::randomSites; without a clock: once a call
  // elementwise
  Tanh,
  Sigmoid,
  Relu,
  Exp,
  Log,
  Sqrt,
  Abs,
  Sin,
  Cos,
  Floor,
  Negate,
  Not,
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Modulo,
  Power,
  Minimum,
  Maximum,
  And,
  Or,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Select, // condition (bool: scalar or of the result's shape), then, else
  ToReal,
  ToInt,
  StopGradient,
  Straight, // value of operand 0, gradient to operand 1
  // inside a value
  OneHot, // token scalar -> real[K]; any shape: one more last axis
  MatMul, // rule T5: [n]@[n], [m,n]@[n], [n]@[n,m], [m,k]@[k,n]
  Slice,  // ints: axis, begin, end
  Pick,   // ints: axis, position; drops the axis
  Gather, // operands: x, scalar index (token, or int always in range); ints: axis; drops the axis
  Concat, // along the first axis; scalars count as [1]
  Stack,  // equal types -> a new first axis
  Reshape,
  Transpose, // Transpose reverses the axes
  Softmax,
  LogSoftmax,
  Cumsum,
  Argmax, // last axis
  Conv1d, // x[s] or x[s,c], F[k, (c,) w] -> [s,k]: row s reads x from s-(w-1)//2, zero outside
  Fold,   // reduction inside the value: reduction, ints[0] = axis, or -1 for all
  Ctc,    // logits[s,K], labels[r] -> scalar
  // crossings: the node's clock is the target
  When, // operand's value at this tick; the node's clock ticks where the operand's does (or: clockless operand)
  Hold, // x [, init]; latest x; the clock is the parent (or an ancestor) of x's; zero, or init (on the node's clock), before any; scope
  Spread,    // x's value of the segment in which this tick lies
  ReducePer, // reduction over x's ticks after this clock's previous tick up to and with this one; scope
  Collect,   // the same ticks as a new first axis
  Next,      // operand's value one tick later; under losses only
  Alias,     // never in a finished Model
};

enum class Reduction : uint8_t { Sum, Mean, Max, First };

/// Where a node comes from: a place, and the application (another location) inside whose cell it lies.
struct Location {
  llvm::SMRange range;
  int32_t caller = -1; // index into Model::locations
};

struct Node {
  Op op = Op::Constant;
  Reduction reduction = Reduction::Sum;
  uint32_t scope = 0;
  Type type;
  const Clock *clock = nullptr; // null: no clock (constant on every clock)
  llvm::SmallVector<NodeId, 3> operands;
  llvm::SmallVector<int64_t, 3> ints;
  uint32_t index = 0;
  const Clock *segment = nullptr;                    // Segment; ReducePer of what has no clock: on which it is counted
  std::shared_ptr<const std::vector<double>> values; // Constant
  uint32_t location = 0;
  std::string name; // of the first equation it is the value of, from the model inward: "enc.layer.0.z"; else empty
};

struct Input {
  std::string name;
  Type type;
  const Clock *clock = nullptr; // an Axis, or Sample
  llvm::SMRange range;
};

struct Initializer {
  enum class Kind : uint8_t { Zeros, Ones, Glorot, Orthogonal, Uniform, Normal, Values };
  Kind kind = Kind::Zeros;
  double scale = 0;                                  // Uniform: [-scale, scale]; Normal: standard deviation
  std::shared_ptr<const std::vector<double>> values; // Values: one, or one an element
};

struct Param {
  std::string path;
  Type type;
  Initializer init;
  llvm::SMRange range;
};

/// What remembers: a `state`, or a `pre` / `fby`. Reads see the last write strictly before their own tick.
struct Slot {
  std::string path; // "core.h"; of a pre or fby: "core.pre", "core.pre2", ...
  Type type;
  const Clock *clock = nullptr;
  uint32_t scope = 0;
  NodeId init = noNode;  // value where a run starts (read at its first tick); none: zero
  NodeId next = noNode;  // none: the slot holds its initial value
  bool declared = false; // a `state`
  llvm::SMRange range;
};

/// What distinguishes the random numbers of one place of the program from those of another (S8).
struct RandomSite {
  std::string path;   // of the equation
  uint32_t place = 0; // among the draws in it
};

struct Output {
  std::string name;
  NodeId node = noNode;
  llvm::SMRange range;
};

struct Loss {
  std::string name; // "loss", "loss2" where the program gives none
  NodeId node = noNode;
  bool trainsAll = true;
  std::vector<uint32_t> trains;         // indices of the parameters it moves, when not all
  std::vector<std::string> trainsPaths; // as written
  std::vector<llvm::SMRange> trainsPlaces;
  llvm::SMRange range;
};

struct Generate {
  uint32_t input = 0;  // index of the generated input
  uint32_t output = 0; // index of the output (or see node) it comes from
  NodeId node = noNode;
  bool next = false;
  int64_t start = -1, stop = -1, limit = -1; // -1: not given
  llvm::SMRange range;
};

struct Model {
  std::string name;
  bool training = false;     // elaborated with `training` true
  bool usesTraining = false; // some condition read `training`: the other variant differs
  bool causal = true;        // rule C10: can be stepped, carries its state over calls
  std::string whyNotCausal;  // "y needs the future of 'step' through 'reversed'"
  std::vector<Node> nodes;
  std::vector<Input> inputs;
  std::vector<Param> params; // in order of path
  std::vector<Slot> slots;
  std::vector<Output> outputs;
  std::vector<Loss> losses;
  std::vector<Generate> generates; // at most one
  std::vector<Scope> scopes;
  std::vector<Location> locations;
  std::vector<RandomSite> randomSites;
  std::vector<const Clock *> events;                  // clocks of kind Event, by id; conditions in topological order
  std::vector<const Clock *> axes;                    // the Axis clocks, finest of each chain first
  std::vector<std::pair<std::string, int64_t>> sizes; // the model's int sizes as built

  std::vector<std::unique_ptr<Clock>> clockStore;
  std::vector<std::unique_ptr<ClockAxis>> axisStore;
};

std::string describe(const Clock *clock, const Model &model); // "step when every(4)"
std::string describe(const Type &type, const Model &model);   // "real[source, 512]"

} // namespace rondo::dsl
#endif
