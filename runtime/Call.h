// What one call knows: the plan, what the caller gave, and, by number, where clocks tick, what maps hold and where
// arrays lie. All of it is in the caller's workspace (Layout.h).
//
// Ticks of a clock are numbered through the batch, sample after sample; so are rows of axes, and positions: a tick's
// position is a row of its clock's root.
#ifndef RONDO_RUNTIME_CALL_H
#define RONDO_RUNTIME_CALL_H

#include "runtime/Message.h"
#include "runtime/Pool.h"

namespace rondo::runtime {

struct ClockState {
  bool known = false;
  bool onEvents = false; // its ticks hang on values
  int32_t rows = 0;
  int32_t *offsets = nullptr;   // [batch + 1]: ticks ahead of each sample
  int32_t *positions = nullptr; // [rows]; null: of a base (tick i is at i), of a pair, and where there is no root
  // Of a pair, by tick of its target:
  int32_t *pairs = nullptr;       // [target's rows + 1]: rows ahead of each
  int32_t *firstSource = nullptr; // [target's rows]: the first tick of the source that it meets
  int32_t loopClock = -1;         // in the Scan that runs: its number among the loop's clocks
  // Where arrays have their rows step by step, all samples' first ones first; null: none has.
  int32_t *places = nullptr; // [rows]: the place of each tick
  int32_t *ticks = nullptr;  // [rows]: the tick at each place
};

struct MapState {
  int32_t *rows = nullptr; // [ticks of `to`]
  bool known = false;
  bool misses = false; // some are -1
};

struct ArrayState {
  char *base = nullptr; // of row 0; null: only a Par or Scan knows
  int64_t stride = 0;   // 0: an output that is not wanted; each thread has one row for it, `discard` bytes apart
  int64_t discard = 0;
  int64_t offset = 0;  // Call: in the part of the workspace that arrays share. Block, Register, Memory: in a row of all
                       // of them that one Par or Scan has, with gaps up to multiples of 64
  int32_t next = -1;   // another array whose memory is taken at the same operation. Register, Memory: its number in its
                       // Scan
  int32_t behind = -1; // another array whose memory is given back at the same operation
  int32_t samples = 0; // not 0: rows lie step by step, so many to a step
};

struct OpState {
  int64_t scratch = 0;     // offset of its own memory, among the arrays
  int32_t firstArray = -1; // whose memory is taken here
  int32_t lastArray = -1;  // whose memory is given back here
};

struct Choice;
struct Lines;

struct Call {
  /// `error`: null where the caller wants none.
  Call(const Model &model, Error *error)
      : plan(model.plan), kernels(model.kernels), lines(model.lines), error(error ? error : &own) {}
  /// The same call, for a thread that goes its own way: with an error of its own, and no pool.
  Call(const Call &other, Error *error) : Call(other) {
    this->error = error;
    pool = nullptr;
  }
  Call &operator=(const Call &) = delete;

  const Plan *plan;
  const Kernel *kernels;
  const Lines *lines;
  Error *error;
  Pool *pool = nullptr;

  int64_t batch = 0;
  uint64_t seed = 0;
  const int64_t *const *offsets = nullptr; // by axis
  const void *const *inputs = nullptr;
  int32_t given = INT32_MAX;     // inputs from this number on flow into outputs: they have the outputs' rows, and
                                 // null is zero
  uint64_t *gradients = nullptr; // words of the caller's struct
  const int64_t *ticksBefore = nullptr; // of a window: by sample, ticks of its time ahead of it; else null
  uint64_t *outputs = nullptr;          // `outputWords` each, then the losses' two
  const Choice *choice = nullptr;       // where the model feeds itself; else null
  const char *parameters = nullptr;
  char *prepared = nullptr;
  Error own;

  // By number, of everything in the plan.
  ClockState *clocks = nullptr;
  int64_t *mostRows = nullptr;     // by clock: upper bounds; -1: of a clock whose ticks the plan never fixes
  int32_t **rootOffsets = nullptr; // by axis: rows ahead of each sample, of bases
  MapState *maps = nullptr;
  ArrayState *arrays = nullptr;
  OpState *ops = nullptr; // of `forward`
  char *shared = nullptr; // the part of the workspace that arrays share

  const AxisPlan &axis(int32_t i) const { return plan->axes.begin(plan)[i]; }
  const ClockPlan &clock(int32_t i) const { return plan->clocks.begin(plan)[i]; }
  const MapPlan &map(int32_t i) const { return plan->maps.begin(plan)[i]; }
  const ArrayPlan &array(int32_t i) const { return plan->arrays.begin(plan)[i]; }
  const ScanPlan &scan(int32_t i) const { return plan->scans.begin(plan)[i]; }
  const OpPlan &op(int32_t i) const { return plan->ops.begin(plan)[i]; }
  const PortPlan &input(int32_t i) const { return plan->inputs.begin(plan)[i]; }
  const PortPlan &output(int32_t i) const { return plan->outputs.begin(plan)[i]; }
  const int64_t *numbers(Span span) const { return plan->numbers.begin(plan) + span.first; }
  const int64_t *numbers(const OpPlan &op) const { return numbers(op.numbers); }
  const View *views(const OpPlan &op) const { return plan->views.begin(plan) + op.views.first; }
  const char *name(int32_t at) const { return at < 0 ? "" : plan->text.begin(plan) + at; }

  bool isSampled(int32_t clock) const { return this->clock(clock).root < 0; }
  /// Rows of `root` ahead of a sample; where there is no root, each sample is one position.
  int32_t rootBegin(int32_t root, int64_t sample) const {
    return root < 0 ? int32_t(sample) : rootOffsets[root][sample];
  }
  int32_t rootRows(int32_t root) const { return rootBegin(root, batch); }
  int32_t rowsOf(int32_t clock) const { return clock < 0 ? 1 : clocks[clock].rows; }
  /// In which root ticks of both clocks have positions: -1 if both are of `sample`'s family.
  int32_t commonRoot(int32_t a, int32_t b) const { return isSampled(a) ? clock(b).root : clock(a).root; }
  /// The clock by which a pair's time goes, or the clock itself.
  int32_t timeOf(int32_t clock) const {
    return this->clock(clock).kind == ClockPlan::Kind::Pair ? this->clock(clock).target : clock;
  }
  /// A sample's first position, counted from where the sample itself begins.
  int64_t begin(int64_t sample) const { return ticksBefore ? ticksBefore[sample] : 0; }
  bool isPair(int32_t clock) const { return clock >= 0 && this->clock(clock).kind == ClockPlan::Kind::Pair; }

private:
  Call(const Call &) = default;
};

/// Of an output in the caller's struct: rows, their number, offsets, ticks.
constexpr int64_t outputWords = 4;

constexpr int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

/// Hands out memory, one piece behind another, at multiples of 64. Without a base, or behind its limit, it only counts.
class Carver {
public:
  explicit Carver(char *base, int64_t limit = INT64_MAX) : base(base), limit(limit) {}
  template <typename T> T *take(int64_t count) { return reinterpret_cast<T *>(bytes(count, sizeof(T))); }
  char *bytes(int64_t count, int64_t size) {
    int64_t total, at = used;
    if (count < 0 || __builtin_mul_overflow(count, size, &total) || __builtin_add_overflow(total, 63, &total) ||
        __builtin_add_overflow(used, total / 64 * 64, &used) || used > most) {
      tooLarge = true;
      used = 0;
    }
    return base && !tooLarge && used <= limit ? base + at : nullptr;
  }
  int64_t count() const { return used; }
  bool isTooLarge() const { return tooLarge; }

private:
  static constexpr int64_t most = INT64_MAX / 4;
  char *base;
  int64_t limit, used = 0;
  bool tooLarge = false;
};

} // namespace rondo::runtime
#endif
