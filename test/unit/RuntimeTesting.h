// Plans made by hand, and batches to run them on.
#ifndef RONDO_TEST_RUNTIMETESTING_H
#define RONDO_TEST_RUNTIMETESTING_H

#include "compiler/Cpu/PlanTables.h"
#include "runtime/Runtime.h"
#include "gtest/gtest.h"
#include <cstring>
#include <memory>
#include <random>
#include <string>

namespace rondo::runtime {

/// Memory as callers give it, with bytes behind it that nobody may touch.
class Buffer {
public:
  explicit Buffer(size_t bytes, unsigned char fill = 0xA5) : bytes(bytes), memory(bytes + 64 + guard, fill) {
    std::memset(data() + bytes, 0x5A, guard);
  }
  char *data() { return memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64; }
  bool isIntact() {
    for (size_t i = 0; i < guard; ++i)
      if (data()[bytes + i] != 0x5A)
        return false;
    return true;
  }

private:
  static constexpr size_t guard = 128;
  size_t bytes;
  std::vector<char> memory;
};

/// What a caller gives: for each axis offsets, for each input its rows' bytes.
struct TestBatch {
  int64_t samples = 0;
  uint64_t seed = 0;
  std::vector<std::vector<int64_t>> offsets;
  std::vector<std::vector<char>> inputs;

  template <typename T> void input(const std::vector<T> &rows) {
    const char *first = reinterpret_cast<const char *>(rows.data());
    inputs.emplace_back(first, first + rows.size() * sizeof(T));
  }
  void input(const std::vector<bool> &rows) { input(std::vector<uint8_t>(rows.begin(), rows.end())); }
};

struct TestOutput {
  std::vector<char> bytes;
  int64_t rows = 0;
  std::vector<int64_t> offsets, ticks;
  template <typename T> std::vector<T> as() const {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty())
      std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
  }
};

struct TestResult {
  int32_t code = 0;
  std::string message;
  std::vector<TestOutput> outputs;
  std::vector<float> losses;
  std::vector<int64_t> lossTicks;
  size_t workspaceBytes = 0;
};

class PlanBuilder {
public:
  PlanBuilder() {
    tables.clocks.push_back({}); // sample
  }

  PlanTables tables;
  std::vector<Kernel> kernels;
  static constexpr int32_t sample = 0;

  //===--- Time ---===//
  /// An axis with its clock, which is returned.
  int32_t axis(const std::string &name, int32_t outer = -1) {
    AxisPlan plan;
    plan.outer = outer < 0 ? -1 : tables.clocks[outer].axis;
    plan.name = tables.name(name);
    int32_t index = tables.axes.size();
    tables.axes.push_back(plan);
    for (int32_t i = index, inner = -1; i >= 0; inner = i, i = tables.axes[i].outer) {
      tables.axes[i].root = index;
      tables.axes[i].inner = inner;
    }
    ClockPlan clock;
    clock.kind = ClockPlan::Kind::Axis;
    clock.axis = index;
    int32_t result = add(clock);
    for (ClockPlan &each : tables.clocks)
      if (each.kind == ClockPlan::Kind::Axis)
        each.root = tables.axes[each.axis].root;
    return result;
  }
  int32_t every(int32_t parent, int64_t period, int64_t phase = 0, bool reverse = false, int32_t scope = -1) {
    ClockPlan clock;
    clock.kind = ClockPlan::Kind::Every;
    clock.parent = parent;
    clock.root = tables.clocks[parent].root;
    clock.period = period;
    clock.phase = phase;
    clock.reverse = reverse;
    clock.scope = scope;
    return add(clock);
  }
  int32_t event(int32_t parent) {
    ClockPlan clock;
    clock.kind = ClockPlan::Kind::Event;
    clock.parent = parent;
    clock.root = tables.clocks[parent].root;
    return add(clock);
  }
  int32_t pair(int32_t target, int32_t source, int32_t per = -1) {
    ClockPlan clock;
    clock.kind = ClockPlan::Kind::Pair;
    clock.target = target;
    clock.source = source;
    clock.per = per;
    clock.root = tables.clocks[target].root;
    return add(clock);
  }
  int32_t scope(std::vector<CutPlan> cuts) {
    tables.scopes.push_back({{int32_t(tables.cuts.size()), int32_t(cuts.size())}});
    tables.cuts.insert(tables.cuts.end(), cuts.begin(), cuts.end());
    return tables.scopes.size() - 1;
  }
  /// Emits what fixes a clock, or a map.
  void fix(int32_t clock, std::vector<View> condition = {}) { top(OpCode::Clock, -1, condition, {clock}); }
  int32_t map(MapPlan::Kind kind, int32_t from, int32_t to, bool reverse = false, int32_t scope = -1) {
    MapPlan plan;
    plan.kind = kind;
    plan.from = from;
    plan.to = to;
    plan.reverse = reverse;
    plan.scope = scope;
    return fixMap(plan);
  }
  int32_t fixMap(MapPlan plan) {
    tables.maps.push_back(plan);
    top(OpCode::Map, -1, {}, {int64_t(tables.maps.size()) - 1});
    return tables.maps.size() - 1;
  }

  //===--- Data ---===//
  int32_t array(Place place, int32_t clock, int64_t elements = 1, Element element = Element::F32,
                bool zeroRow = false) {
    ArrayPlan plan;
    plan.place = place;
    plan.element = element;
    plan.clock = clock;
    plan.elements = elements;
    plan.stride = elements * bytesOf(element);
    plan.zeroRow = zeroRow;
    tables.arrays.push_back(plan);
    return tables.arrays.size() - 1;
  }
  int32_t input(const std::string &name, int32_t clock, int64_t elements = 1, Element element = Element::F32,
                int64_t tokens = 0) {
    PortPlan port;
    port.array = array(Place::Input, clock, elements, element);
    port.clock = clock;
    port.element = element;
    port.elements = elements;
    port.tokens = tokens;
    port.name = tables.name(name);
    tables.arrays[port.array].index = tables.inputs.size();
    tables.inputs.push_back(port);
    return port.array;
  }
  int32_t output(const std::string &name, int32_t clock, int64_t elements = 1, Element element = Element::F32) {
    PortPlan port;
    port.array = array(Place::Output, clock, elements, element);
    port.clock = clock;
    port.element = element;
    port.elements = elements;
    port.name = tables.name(name);
    tables.arrays[port.array].index = tables.outputs.size();
    tables.outputs.push_back(port);
    return port.array;
  }
  int32_t constant(const std::vector<float> &values) {
    int32_t index = array(Place::Constant, -1, values.size());
    tables.constants.resize((tables.constants.size() + 63) / 64 * 64);
    tables.arrays[index].offset = tables.constants.size();
    const char *first = reinterpret_cast<const char *>(values.data());
    tables.constants.insert(tables.constants.end(), first, first + values.size() * sizeof(float));
    return index;
  }
  static View same(int32_t array, int64_t offset = 0) { return {array, -1, offset, Rows::Same}; }
  static View one(int32_t array) { return {array, -1, 0, Rows::One}; }
  static View mapped(int32_t array, int32_t map) { return {array, map, 0, Rows::Mapped}; }
  static View target(int32_t array) { return {array, -1, 0, Rows::Target}; }
  static View source(int32_t array) { return {array, -1, 0, Rows::Source}; }

  //===--- Operations ---===//
  OpPlan op(OpCode code, int32_t clock, std::vector<View> views, std::vector<int64_t> numbers = {}) {
    OpPlan op;
    op.code = code;
    op.clock = clock;
    op.views = {int32_t(tables.views.size()), int32_t(views.size())};
    op.numbers = {int32_t(tables.numbers.size()), int32_t(numbers.size())};
    tables.views.insert(tables.views.end(), views.begin(), views.end());
    tables.numbers.insert(tables.numbers.end(), numbers.begin(), numbers.end());
    return op;
  }
  OpPlan kernel(Kernel function, int32_t clock, std::vector<View> views, int64_t blocks = 0) {
    kernels.push_back(function);
    return op(OpCode::Kernel, clock, views, {int64_t(kernels.size()) - 1, blocks, 1});
  }
  OpPlan copy(int32_t clock, View from, View to) {
    int64_t bytes = tables.arrays[to.array].stride;
    return op(OpCode::Copy, clock, {from, to}, {1, bytes, bytes, bytes});
  }
  void top(OpPlan op) { forward.push_back(op); }
  void top(OpCode code, int32_t clock, std::vector<View> views, std::vector<int64_t> numbers = {}) {
    top(op(code, clock, views, numbers));
  }
  void prepare(OpPlan op) { prepared.push_back(op); }
  void par(int32_t clock, const std::vector<OpPlan> &ops, int64_t blockRows = 0) {
    Span span = store(ops);
    top(OpCode::Par, clock, {}, {span.first, span.count, blockRows});
  }
  void scan(int32_t driver, const std::vector<OpPlan> &ops, std::vector<int64_t> clocks, std::vector<int64_t> arrays,
            bool reverse = false, int32_t split = -1, const std::vector<OpPlan> &sums = {}) {
    ScanPlan plan;
    plan.driver = driver;
    plan.reverse = reverse;
    plan.split = split;
    plan.ops = store(ops);
    plan.sums = store(sums);
    clocks.insert(clocks.begin(), driver);
    plan.clocks = list(clocks);
    plan.arrays = list(arrays);
    tables.scans.push_back(plan);
    top(OpCode::Scan, driver, {}, {int64_t(tables.scans.size()) - 1, 1});
  }

  //===--- Running ---===//
  /// What is called with a batch: a struct of words.
  std::vector<uint64_t> inputWords(const TestBatch &batch) const {
    std::vector<uint64_t> words{(3 + batch.offsets.size() + batch.inputs.size()) * 8, uint64_t(batch.samples),
                                batch.seed};
    for (auto &offsets : batch.offsets)
      words.push_back(reinterpret_cast<uint64_t>(offsets.data()));
    for (auto &rows : batch.inputs)
      words.push_back(reinterpret_cast<uint64_t>(rows.data()));
    return words;
  }

  TestResult run(const TestBatch &batch, int32_t threads = 1, const std::vector<char> &parameters = {}) {
    finish();
    Buffer plan(bytes.size());
    std::memcpy(plan.data(), bytes.data(), bytes.size());
    Model model{reinterpret_cast<const Plan *>(plan.data()), kernels.data()};
    TestResult result;
    Error error;
    Buffer parameterBuffer(parameters.size()), prepared(tables.preparedBytes);
    if (!parameters.empty())
      std::memcpy(parameterBuffer.data(), parameters.data(), parameters.size());
    auto end = [&](int32_t code) {
      result.code = code;
      result.message = error.message;
      EXPECT_EQ(error.code, code);
    };
    if (int32_t code = runtime::prepare(model, parameterBuffer.data(), prepared.data(), &error)) {
      end(code);
      return result;
    }
    std::vector<uint64_t> in = inputWords(batch);
    if (int32_t code = runtime::workspaceBytes(model, in.data(), &result.workspaceBytes, &error)) {
      end(code);
      return result;
    }
    Buffer workspace(result.workspaceBytes);
    std::vector<uint64_t> out{(3 + 4 * tables.outputs.size()) * 8};
    std::vector<Buffer> rows;
    result.outputs.resize(tables.outputs.size());
    result.losses.resize(tables.losses);
    for (size_t i = 0; i < tables.outputs.size(); ++i) {
      rows.emplace_back(mostRows * tables.arrays[tables.outputs[i].array].stride);
      result.outputs[i].offsets.assign(batch.samples + 1, -1);
      out.push_back(wantsOutputs ? reinterpret_cast<uint64_t>(rows.back().data()) : 0);
      out.push_back(mostRows);
      out.push_back(reinterpret_cast<uint64_t>(result.outputs[i].offsets.data()));
      result.outputs[i].ticks.assign(mostRows, -2);
      out.push_back(reinterpret_cast<uint64_t>(result.outputs[i].ticks.data()));
    }
    out.push_back(reinterpret_cast<uint64_t>(result.losses.data()));
    result.lossTicks.assign(tables.losses, -1);
    out.push_back(reinterpret_cast<uint64_t>(result.lossTicks.data()));
    std::unique_ptr<Pool, void (*)(Pool *)> pool(threads > 1 ? createPool(threads) : nullptr, destroyPool);
    end(runtime::forward(model, prepared.data(), in.data(), out.data(), workspace.data(), result.workspaceBytes,
                         pool.get(), &error));
    EXPECT_TRUE(workspace.isIntact());
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_TRUE(rows[i].isIntact());
      result.outputs[i].rows = out[2 + 4 * i];
      if (result.code == 0)
        result.outputs[i].ticks.resize(result.outputs[i].rows);
      if (result.code == 0 && wantsOutputs)
        result.outputs[i].bytes.assign(
            rows[i].data(), rows[i].data() + result.outputs[i].rows * tables.arrays[tables.outputs[i].array].stride);
    }
    return result;
  }

  /// Makes the plan's bytes of what is there.
  const std::vector<char> &finish() {
    if (!bytes.empty())
      return bytes;
    tables.prepare = store(prepared);
    tables.forward = store(forward);
    for (ArrayPlan &array : tables.arrays)
      array.firstUse = array.lastUse = -1;
    for (int32_t at = 0; at < tables.forward.count; ++at) {
      const OpPlan &op = tables.ops[tables.forward.first + at];
      Span inner{tables.forward.first + at, 1};
      if (op.code == OpCode::Par)
        inner = {int32_t(tables.numbers[op.numbers.first]), int32_t(tables.numbers[op.numbers.first + 1])};
      else if (op.code == OpCode::Scan)
        inner = tables.scans[tables.numbers[op.numbers.first]].ops;
      for (int32_t i = 0; i < inner.count; ++i)
        for (int32_t v = 0; v < tables.ops[inner.first + i].views.count; ++v) {
          ArrayPlan &array = tables.arrays[tables.views[tables.ops[inner.first + i].views.first + v].array];
          array.firstUse = array.firstUse < 0 ? at : array.firstUse;
          array.lastUse = at;
        }
    }
    bytes = tables.serialise();
    return bytes;
  }

  size_t mostRows = 4096; // room in outputs
  bool wantsOutputs = true;

private:
  int32_t add(const ClockPlan &clock) {
    tables.clocks.push_back(clock);
    return tables.clocks.size() - 1;
  }
  Span store(const std::vector<OpPlan> &ops) {
    Span span{int32_t(tables.ops.size()), int32_t(ops.size())};
    tables.ops.insert(tables.ops.end(), ops.begin(), ops.end());
    return span;
  }
  Span list(const std::vector<int64_t> &values) {
    Span span{int32_t(tables.numbers.size()), int32_t(values.size())};
    tables.numbers.insert(tables.numbers.end(), values.begin(), values.end());
    return span;
  }

  std::vector<OpPlan> forward, prepared;
  std::vector<char> bytes;
};

//===--- Ragged data -------------------------------------------------------------------------------------------===//

/// Offsets of an axis whose outer axis has so many rows: random sizes, many of them 0.
inline std::vector<int64_t> randomOffsets(std::mt19937 &random, int64_t outerRows, int64_t most) {
  std::vector<int64_t> offsets{0};
  for (int64_t i = 0; i < outerRows; ++i)
    offsets.push_back(offsets.back() + (random() % 3 == 0 ? 0 : random() % (most + 1)));
  return offsets;
}

inline std::vector<float> randomReals(std::mt19937 &random, int64_t count) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float &value : values)
    value = uniform(random);
  return values;
}

inline std::vector<int64_t> countFrom(int64_t first, int64_t count) {
  std::vector<int64_t> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = first + i;
  return values;
}

inline const float *in(const Operand &operand, int64_t i) {
  return reinterpret_cast<const float *>(operand.base + (operand.rows ? operand.rows[i] : i) * operand.stride);
}
inline float *out(const Operand &operand, int64_t i) { return const_cast<float *>(in(operand, i)); }

} // namespace rondo::runtime
#endif
