// Loops that are affine in their state: y = a * y at the tick before + b. Samples and strips of elements are independent,
// and each is one pass over its ticks, so that a row's bits depend on nothing but its own sample.
#include "runtime/Execute.h"
#include "runtime/RangeOps.h"

namespace rondo::runtime {

namespace {

constexpr int64_t strip = 64; // elements that are worked on together

struct AffineNumbers {
  bool reverse;
  int32_t scope;
  int64_t elements;
  explicit AffineNumbers(const int64_t *n) : reverse(n[0]), scope(int32_t(n[1])), elements(n[2]) {}
};

} // namespace

void carveAffine(const Call &call, const OpPlan &op, Carver &carver) {
  AffineNumbers n(call.numbers(op));
  carver.take<int32_t>(cutsSize(call, n.scope, call.clock(op.clock).root));
}

void runAffine(Call &call, const OpPlan &op, char *scratch) {
  AffineNumbers n(call.numbers(op));
  int32_t root = call.clock(op.clock).root;
  Carver carver(scratch);
  int32_t *cutNumbers = carver.take<int32_t>(cutsSize(call, n.scope, root));
  Cuts cuts = cutsOf(call, n.scope, root, cutNumbers);
  const View *views = call.views(op);
  Operand a = operandOf(call, views[0]), b = operandOf(call, views[1]), y = operandOf(call, views[2]);
  int64_t strips = (n.elements + strip - 1) / strip;
  forBlocks(call, call.batch * strips, 1, mostThreads, [&](int64_t task, int64_t, int32_t) {
    int64_t first = task % strips * strip;
    int64_t count = n.elements - first < strip ? n.elements - first : strip;
    Stretch ticks = stretchOf(call, op.clock, root, task / strips);
    float state[strip] = {};
    for (int32_t i = 0, before = 0; i < ticks.count; ++i) {
      int32_t tick = n.reverse ? ticks.count - 1 - i : i, position = ticks.at(tick);
      if (i > 0 && cuts.between(before, position))
        std::memset(state, 0, sizeof state);
      before = position;
      const float *factor = rowOf<const float>(a, ticks.first + tick) + first;
      const float *term = rowOf<const float>(b, ticks.first + tick) + first;
      float *out = rowOf<float>(y, ticks.first + tick) + first;
      for (int64_t e = 0; e < count; ++e)
        out[e] = state[e] = factor[e] * state[e] + term[e];
    }
  });
}

} // namespace rondo::runtime
