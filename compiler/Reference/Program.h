// A model made ready to be interpreted: clocks, scopes, slots and values by number, and for each value the rule that
// computes it. Built once from the IR; nothing here changes while it is evaluated.
#ifndef RONDO_REFERENCE_PROGRAM_H
#define RONDO_REFERENCE_PROGRAM_H

#include "compiler/Reference/Interpreter.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace rondo::reference {

class Evaluation;

using ValueId = int32_t;
using ClockId = int32_t;
using ScopeId = int32_t; // into Program::scopes; scope 0 has no cuts

constexpr ClockId noClock = -1;    // of tensors
constexpr ClockId sampleClock = 0; // `sample`, in every program
constexpr int32_t noRoot = -1;     // of `sample` and of clocks that select from it: they belong to every root

/// Where a value is asked for. Tensors have one place, the default one.
struct Place {
  int32_t sample = 0;
  int32_t at = 0;  // the tick's position in its clock's root; 0 on `sample`
  int32_t row = 0; // on a pair clock: the source tick's position in the source's root
};

/// A value at one place: `Type::size` elements of 8 bytes, double or int64_t. Immutable once made, hence shared freely.
using Row = const void *;
inline const double *reals(Row row) { return static_cast<const double *>(row); }
inline const int64_t *ints(Row row) { return static_cast<const int64_t *>(row); }

enum class Element : uint8_t { Real, Int, Bool, Token };

struct Type {
  Element element = Element::Real;
  int64_t tokens = 0; // of Token
  llvm::SmallVector<int64_t, 3> shape;
  int64_t size = 1; // product of the shape
  ClockId clock = noClock;
  bool isReal() const { return element == Element::Real; }
};

struct Clock {
  enum class Kind : uint8_t { Sample, Axis, Every, Event, Pair };
  Kind kind = Kind::Sample;
  int32_t root = noRoot;        // the finest axis of the chain (index into Program::axes); of a pair: of its target
  int32_t axis = -1;            // Axis: index into Program::axes
  ClockId parent = sampleClock; // Every, Event: the clock they select from. Axis: the coarser one
  int64_t period = 1, phase = 0;
  bool reverse = false;   // Every: counted from the last tick
  ScopeId scope = 0;      // Every: at whose cuts the count starts again
  int64_t id = 0;         // Event: its number in the model
  ValueId condition = -1; // Event: a bool on parent; -1 where only a type mentions it
  ClockId target = noClock, source = noClock, per = sampleClock; // Pair
  std::string text;                                              // "step when every(4)"; of a pair its target's
  bool isPair() const { return kind == Kind::Pair; }
};

/// Axes of a chain are linked; the finest (finer < 0) is the chain's root.
struct Axis {
  std::string name;
  ClockId clock = noClock;
  int32_t coarser = -1, finer = -1, root = -1;
};

struct Cut {
  bool before = false;
  ClockId clock = noClock;
};

/// A `state` (next, one value) or an `accum` (puts).
struct Slot {
  std::string path;
  Type type;
  bool reverse = false;
  ScopeId scope = 0;
  ValueId next = -1;
  llvm::SmallVector<ValueId, 2> puts;
};

/// How one value is computed.
class Rule {
public:
  virtual ~Rule() = default;
  /// The row at a place. Null if rows or ticks that it needs are not there yet: they have then been asked for, and the
  /// rule is evaluated again when they are.
  virtual Row evaluate(Evaluation &evaluation, ValueId self, Place place) const = 0;
};

struct Value {
  Type type;
  std::unique_ptr<Rule> rule;
  llvm::SmallVector<ValueId, 3> operands; // slots are not among them
  int32_t slot = -1;                      // of read and take
  bool backward = false;                  // looks along time in reverse
  ScopeId scope = 0;
  ClockId per = noClock; // of what works on groups of rows
  std::string op;        // "rnn.embed", for messages
  std::string name;      // of the equation, or empty
};

struct InputInfo {
  std::string name;
  ValueId value = -1;
};
struct OutputInfo {
  std::string name;
  ValueId value = -1;
};
struct LossInfo {
  std::string name;
  ValueId value = -1, mask = -1;
};
struct GenerateInfo {
  int32_t input = -1; // index into Program::inputs
  ValueId source = -1;
  bool next = false;
  int64_t start = -1, stop = -1, limit = -1;
};

/// Part of a schedule, of what is computed before anything behind it.
struct Group {
  enum class Kind : uint8_t {
    All,  // each value at all of its places, before the next value
    Par,  // at each tick all values, one after another
    Scan, // at each step, of all sequences, the values whose clocks tick
  };
  Kind kind = Kind::All;
  std::string text;                     // for messages
  ClockId clock = noClock;              // of Par and Scan
  bool reverse = false;                 // Scan
  ScopeId split = 0;                    // Scan: at whose cuts a sequence ends
  llvm::SmallVector<ValueId, 4> values; // in order
};

/// Owns everything, so that rows which point into it (parameters, constants) live as long as whoever holds it.
struct Program {
  std::string model;
  bool fp64 = true;
  uint64_t seed = 0;
  std::vector<Clock> clocks; // [0] is `sample`
  std::vector<Axis> axes;
  std::vector<llvm::SmallVector<Cut, 2>> scopes; // [0] is empty
  std::vector<Slot> slots;
  std::vector<Value> values;
  std::vector<InputInfo> inputs;
  std::vector<OutputInfo> outputs;
  std::vector<LossInfo> losses;
  std::vector<GenerateInfo> generates; // at most one
  bool isSchedule = false;             // then values are computed as the groups say, else when they are asked for
  std::vector<Group> groups;
  Params params; // rounded to float unless fp64

  const Type &typeOf(ValueId value) const { return values[value].type; }
  const Clock &clockOf(ValueId value) const { return clocks[typeOf(value).clock]; }
  /// In which root ticks of both clocks have positions: noRoot if both are `sample`'s.
  int32_t commonRoot(ClockId a, ClockId b) const { return clocks[a].root == noRoot ? clocks[b].root : clocks[a].root; }
  int32_t axisNamed(llvm::StringRef name) const;
  /// "lstm.h (rnn.mul)"
  std::string describe(ValueId value) const;
};

llvm::Expected<std::shared_ptr<const Program>> compile(rnn::ModelOp model, const Params &params,
                                                       const Options &options);
llvm::Expected<std::shared_ptr<const Program>> compile(step::ScheduleOp schedule, const Params &params,
                                                       const Options &options);

/// "real[3, 4]", "token(5)": an element type and shape in the language's words.
std::string describe(const Type &type);

} // namespace rondo::reference
#endif
