// The plan of a model: what the compiler decided, as tables, and the runtime carries out. With the kernels (generated
// functions) it is all that a built library holds of a model.
//
// Words: a *clock* has ticks; outside of loops every value is an *array*: one row a tick of its clock, sample after
// sample, in time ("canonical order"), or one row in all if it has no clock. An *operation* works on a *window* of rows
// of its clock: at the top level all ticks, in a Par a block of ticks, in a Scan the rows that tick at one step.
//
// A plan is one block of bytes without pointers, in the byte order of the machine it is for. There are no holes in its
// structs (`fill` is 0): the same plan is the same bytes.
#ifndef RONDO_RUNTIME_PLAN_H
#define RONDO_RUNTIME_PLAN_H

#include <cstddef>
#include <cstdint>

namespace rondo::runtime {

constexpr uint32_t planMagic = 0x4e444f52; // "RODN"
constexpr uint32_t planVersion = 1;

/// Some consecutive entries of a table.
struct Span {
  int32_t first = 0, count = 0;
};

/// How weights of products lie in memory. Products with BF16 (the upper half of an f32) are of numbers rounded to it,
/// added up in f32; with Int8 of f32 and whole numbers -127..127, their sum times a scale that each column has.
enum class WeightFormat : uint8_t { F32, BF16, Int8 };
constexpr int64_t bytesOf(WeightFormat format) {
  return format == WeightFormat::F32 ? 4 : format == WeightFormat::BF16 ? 2 : 1;
}

enum class Element : uint8_t { F32, I64, Bool, Token }; // 4, 8, 1 (0 or 1) and 4 (int32_t) bytes
constexpr int64_t bytesOf(Element element) { return element == Element::I64 ? 8 : element == Element::Bool ? 1 : 4; }

//===--- Time --------------------------------------------------------------------------------------------------===//

/// One level of the data's nesting. The caller gives, for each axis but `sample`, offsets: as many numbers as the outer
/// axis has rows in the whole batch, and one more; row i of the outer axis holds rows offsets[i]..offsets[i+1]-1.
struct AxisPlan {
  int32_t outer = -1; // axis, which stands before; -1: the samples of the batch
  int32_t inner = -1; // the finer axis whose rows this one groups; -1: none, a base
  int32_t root = -1;  // the base under it: ticks have positions among the rows of their root
  int32_t name = -1;  // in the text; -1: none
};

struct ClockPlan {
  enum class Kind : uint8_t {
    Sample, // once a sample, at the last row of whatever root it is compared with; not in a sample without rows there
    Axis,   // a base: at each row; a segment: at the last root row of each row that is not empty
    Every,  // of `parent`: ticks number phase, phase + period, .. since the sample's (or scope's) begin
    Event,  // of `parent`: where `condition` is true
    Pair,   // each tick of target with each tick of source in the same tick of `per`; target-major
  };
  Kind kind = Kind::Sample;
  uint8_t reverse = 0; // Every: counted from the end
  uint8_t fill[2] = {};
  int32_t axis = -1;   // Axis
  int32_t parent = -1; // Every, Event
  int32_t root = -1;   // axis on which the ticks have positions; of a pair its target's; -1: of Sample's family
  int64_t period = 1, phase = 0;
  int32_t scope = -1;                         // Every: where counting begins again; -1: nowhere
  int32_t target = -1, source = -1, per = -1; // Pair: clocks; per -1: the sample
};

/// A place that no memory crosses: just behind each tick of a clock (position + 1/4), or just ahead (position - 1/4).
struct CutPlan {
  int32_t clock = -1;
  int32_t before = 0;
};
struct ScopePlan {
  Span cuts;
};

/// For each tick of `to` a row of an array over `from`, or -1: there is none, and the row is zero.
struct MapPlan {
  enum class Kind : uint8_t {
    Latest,  // the last tick at or before it; reverse: the first at or after it; none behind a cut of the scope
    Strict,  // the last tick strictly before it; reverse: the first strictly after it
    Target,  // `to` is a pair: the tick of its target
    Source,  // `to` is a pair: the tick of its source
    Compose, // first `inner` (from `from` to the clock of `outer.from`), then `outer`: row inner[outer[tick]]
  };
  Kind kind = Kind::Latest;
  uint8_t reverse = 0;
  uint8_t fill[2] = {};
  int32_t from = -1, to = -1; // clocks
  int32_t scope = -1;
  int32_t inner = -1, outer = -1; // Compose: maps
};

//===--- Data --------------------------------------------------------------------------------------------------===//

enum class Place : uint8_t {
  Call,      // the workspace: all rows of its clock
  Block,     // inside of a Par or Scan: the rows of the window, forgotten behind it
  Chunk,     // inside of a Scan: the rows of some consecutive steps, from the first of them to the last
  Register,  // inside of a Scan: one row a sequence, kept from step to step; zero at first
  Memory,    // inside of a Scan, on a pair clock: one row a tick of the source, kept from step to step; zero at first
  Input,     // the caller's; `index` among the inputs
  Output,    // the caller's; `index` among the outputs. Only written: there are no rows if the caller wants none
  Gradient,  // the caller's gradients of parameters, at `offset`. Only a total gives it: added to what is there, if the
             // caller says so, and not made at all where there is none
  Parameter, // the caller's parameters, at `offset` (only Prepare sees these)
  Prepared,  // made by Prepare, at `offset`
  Constant,  // part of the plan, at `offset` of its constants
};

struct ArrayPlan {
  Place place = Place::Call;
  Element element = Element::F32;
  uint8_t zeroRow = 0; // Call, Input (which is copied for it): a row of zeros stands in front: row -1
  WeightFormat weights = WeightFormat::F32; // of what Pack makes; if it is another, `elements` are those of the f32
                                            // that take as much memory
  int32_t clock = -1;                       // -1: one row
  int32_t index = -1;                       // Input, Output
  int32_t fill2 = 0;
  int64_t elements = 1;              // of a row
  int64_t stride = 4;                // bytes from row to row; at least the row's, a multiple of the element's
  int64_t offset = 0;                // bytes
  int32_t firstUse = 0, lastUse = 0; // Call: the operations of `forward` (0: its first) between which its memory is its
                                     // own; -1: nothing uses it
};

/// How the i-th row of a window finds its row of an operand.
enum class Rows : uint8_t {
  Same, // its own: the tick's in Call, Input and Output; the window's in Block; the sequence's in Register. In a Scan,
        // an array over the driver may be used on any clock of the loop: the row of the driver's tick
  One,  // row 0 for all: what has no clock
  Mapped, // row map[tick] of a Call or Input array, which has a zero row if the map has rows -1. In a Scan the map is
          // to the window's clock, or to the driver
  Target, // the window is on a pair clock: what Same finds for the target's tick. In Scans only; else a map
  Source, // the window is on a pair clock: the source tick's row of a Call, Input or Memory array. In Scans only
};
struct View {
  int32_t array = -1;
  int32_t map = -1;   // Mapped
  int64_t offset = 0; // bytes into the row
  Rows rows = Rows::Same;
  uint8_t fill[7] = {};
};

//===--- Operations --------------------------------------------------------------------------------------------===//

// v: operands in order, the results last; n: numbers in order. Sizes are in elements unless said otherwise; an
// operation inside of a row sees it as [outer, size, inner].
enum class OpCode : uint8_t {
  // Top level
  Clock, // n: clock. Fixes its ticks; v for an event: its condition, on the parent. Parents stand before
  Map,   // n: map
  Par,   // on clock (-1: one row): n: first operation, number of operations, rows a block (0: any)
  Scan,  // n: first scan, number of scans. Scans that one operation has may run at the same time

  // On the rows of any window
  // n: kernel, blocks of columns or lines (the function may be run on some of them; 0: only on all)
  Kernel,
  Copy, // v: x, y; n: outer, bytes, bytes from piece to piece in x, and in y: for each outer one piece is copied
  Zero, // v: y..: rows become zero. In a Scan, of a Memory on a clock that is no pair: all rows of the sequence
  Fold, // v: x, y; n: kind (Reduction), outer, size, inner. x any number; y alike
  Softmax,
  LogSoftmax, // v: x, y; n: outer, size
  Cumsum,     // v: x, y; n: outer, size, reverse
  Pick,       // v: x, y; n: outer, size. y bool: true at the first maximum
  Window,
  Overlap,   // v: x, y; n: outer, size, width: [outer, size] <-> [outer, size, width]
  Argmax,    // v: x, y; n: outer, size. y token
  OneHot,    // v: x (token), y; n: outer, size
  Transpose, // v: x, y; n: rank, sizes of x, permutation (axis i of y is axis permutation[i] of x)
  Embed,     // v: table, index, y; n: entries, elements an entry. Index token or i64; out of range: zero
  Scatter,   // v: index, dy, y; n: entries, elements an entry: y is zero but for the entry at the index
  Random, // v: y; n: path hash, site, elements; in single steps also: 0 drawn at each step, 1 once a sequence, 2 once
          // for all. Uniform in [0,1), see Random.h
  Tick,   // v: y (i64); n: reverse, scope (-1: none). Number of the tick since the scope's begin

  // Over rows. At the top level; on a pair clock with per = its target also in a Scan
  // v: x, perhaps weights (a number for each of its rows, which is multiplied by it before it is summed up), y; n: clock
  // of x, kind (Reduction), reverse, scope, elements, whether it leads from pairs to their source. On the clock of y
  Reduce,
  SoftmaxPer,
  LogSoftmaxPer, // v: x, y; n: per, elements. Each element over the rows of one tick of per
  CumsumPer,     // v: x, y; n: per, elements, reverse
  PickPer,       // v: x, y; n: per, elements
  WindowPer,
  OverlapPer, // v: x, y; n: per, elements, width
  Affine,     // v: a, b, y; n: reverse, scope, elements. y = a * y at the tick before + b; zero before the first
  Ctc,        // v: logits, labels, y; n: clock of logits, clock of labels, classes. On the clock of y
  Dctc,       // v: logits, labels, dy, y; n: clock of dy, clock of labels, classes. On the clock of logits

  // In a Scan
  Event,  // n: clock; v: condition on its parent. Which rows tick at this step
  Commit, // v: now, next (two Registers or two Memories, Same): behind this operation `now` has the rows of `next`,
          // all of which were written at this step; what `next` has is not defined
  Choose, // v: y, x; n: input, next, start, stop, limit (-1: none of these three), axis, its outer axis (of hypotheses),
          // numbers of axes and of inputs that the caller gives, then for each axis and for each input of the plan its
          // number among those (-1: of hypotheses). The generated input's row at this step: given, or made from y

  // In Prepare
  Pack, // v: parts of W, y; n: m, k, transposed, lanes, units, group, depth, scaled, gates, column of each gate, of each
        // part `partNumbers`: the first line and column of it in W as it lies (transposed: [k,m]), lines, columns, and
        // elements from a line of it to the next. y is
  // [units/lanes rounded up][depth][gates][lanes][group], element (b, d, g, l, i) is W[column of g + b*lanes + l][k] with
  // k = d*group + i, or 0 where b*lanes + l >= units, or W has no such column or k. Int8: in front stand f32 scales;
  // scaled 0: [units/lanes rounded up][gates][lanes], for a column each, 1: [depth], for a k each, to a multiple of 64
  // bytes. An element is a number / its scale, rounded

  // Ends
  Loss, // n: loss, clock; v: value, mask if there is one

  // Sums over all rows of the operation's clock, at the top level. Operands are on it, or have one row; results have one
  Total, // v: x, y; n: elements
  // v: a, each b, each y, and perhaps s; n: m, n, whether by lines, k of each b: y [m,k] is the sum of a b transposed, of
  // a [m,n] and b [k,n]; by lines of a transposed b, of a [n,m] and b [n,k]. s [m]: the sum of a
  // itself, where n is 1
  TotalOuter,
  TotalScatter, // v: index, dy, y; n: entries, elements an entry: as Scatter

  // Of a call that gives gradients
  Gradient, // v: x; n: word of the caller's struct, bytes into what it points to, elements, 1: added to what is there
            // where the caller wants that
};
enum class Reduction : uint8_t { Sum, Mean, Max, First };

struct OpPlan {
  OpCode code = OpCode::Copy;
  uint8_t fill[3] = {};
  int32_t clock = -1; // whose ticks the window holds; -1: one row
  Span views;
  Span numbers;
};

/// A loop: its operations, at each step, for the rows of every sequence that still has one. Sequences are the stretches
/// of a sample between cuts of `split`; all of them run side by side, each from its first tick of `driver` to its last
/// (reverse: from its last to its first).
struct ScanPlan {
  int32_t driver = -1; // the clock of steps; the others of the loop, but for pairs, tick at some of its ticks
  uint8_t reverse = 0;
  uint8_t fill[3] = {};
  int32_t split = -1; // scope; -1: whole samples
  Span clocks;        // of the loop's operations and operands: driver, pairs, in-loop events (table `numbers`)
  Span ops;           // in order; those of in-loop events follow the Event. The first `ahead` are carried out for the
                      // rows of several steps at once, ahead of the first of them; the last `after` behind the last of
                      // them. What only these steps and operations read of one another are Chunks
  Span arrays;        // the Registers and Memories (table `numbers`)
  int32_t ahead = 0, after = 0;
  Span sums; // Totals of Registers, of all sequences: behind the last step
  int32_t stepsEnd() const { return ops.count - after; }
  bool hasChunks() const { return ahead || after; }
  /// Whether the operation is carried out for the rows of several steps at once.
  bool isOfChunks(int32_t op) const { return op < ahead || op >= stepsEnd(); }
  int32_t isBehind = 0; // of several scans: a step of this one reads what those ahead of it give at the same step
};

/// Of an input of single steps: when a sequence's row is looked at. Of one that windows have behind the model's own: what
/// it is, a row a sample.
enum class Given : uint8_t {
  Always,  // at each step
  First,   // at the first step of a sequence
  AtEnd,   // where the input `end` says so
  End,     // at each step: a bool, which says that a segment ends here. Null: none does. Such inputs are the last ones,
           // finer segments before coarser ones: where one ends, all that stand before it do
  Ends,    // of a window: a bool, whether the sample ends with it. Null: none does
  Ahead,   // of a window: the row of the input `end` that stands behind it, unless the sample ends
  Whole,   // of a window: how many ticks the loss `end` is the mean of, all samples' added; see Gradient.cpp
  Carried, // of a window: what is remembered at its begin. Outputs behind the model's own give it back, in this order
};

/// What the caller gives or gets.
struct PortPlan {
  int32_t array = -1; // Output: the array written, of Place::Output
  int32_t clock = -1; // -1: one row
  Element element = Element::F32;
  Given given = Given::Always;
  uint8_t fill[6] = {};
  int64_t elements = 1;
  int64_t tokens = 0; // Token: how many there are
  int32_t name = -1;  // in the text; -1: none
  int32_t end = -1;   // AtEnd, Ahead: an input; Whole: a loss
};

//===--- The block ---------------------------------------------------------------------------------------------===//

template <typename T> struct Table {
  uint32_t offset = 0, count = 0; // bytes from the plan's first
  const T *begin(const void *plan) const {
    return reinterpret_cast<const T *>(static_cast<const char *>(plan) + offset);
  }
};

struct Plan {
  uint32_t magic = planMagic, version = planVersion;
  uint64_t bytes = 0;
  int64_t parameterBytes = 0, preparedBytes = 0;
  Table<AxisPlan> axes;
  Table<ClockPlan> clocks; // [0] is `sample`
  Table<CutPlan> cuts;
  Table<ScopePlan> scopes;
  Table<MapPlan> maps;
  Table<ArrayPlan> arrays;
  Table<View> views;
  Table<int64_t> numbers;
  Table<OpPlan> ops;
  Table<ScanPlan> scans;
  Table<PortPlan> inputs, outputs;
  Table<uint8_t> constants; // aligned to 64 bytes
  Table<char> text;         // names, for messages; each ended by a 0
  int32_t losses = 0;
  Span prepare, forward; // top-level operations of each entry
  int32_t fill = 0;
};

//===--- Kernels -----------------------------------------------------------------------------------------------===//

/// An operand, ready to be read or written: row i of a window is at base + (rows ? rows[i] : i) * stride.
struct Operand {
  char *base = nullptr;
  const int32_t *rows = nullptr;
  int64_t stride = 0; // 0: one row for all
};

/// Computes rows begin..end-1 of the window, blocks firstBlock..endBlock-1 of columns or lines; if endBlock is the smaller
/// one, endBlock..firstBlock-1, those of columns from the last to the first.
using Kernel = void (*)(const Operand *operands, int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock);

} // namespace rondo::runtime
#endif
