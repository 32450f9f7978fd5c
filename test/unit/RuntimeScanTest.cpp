// Loops, against hand-written ones that go through each sample tick by tick.
#include "RuntimeTimeTesting.h"

namespace rondo::runtime {
namespace {

constexpr int64_t width = 4; // elements of a row, and blocks of columns of a kernel
using Row = std::array<uint64_t, width>;

uint64_t &at(const Operand &operand, int64_t i, int64_t column) {
  return reinterpret_cast<uint64_t *>(operand.base + (operand.rows ? operand.rows[i] : i) * operand.stride)[column];
}

/// Calls function(i, column) for a kernel's part.
template <typename Function>
void each(int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock, const Function &function) {
  for (int64_t i = begin; i < end; ++i)
    for (int64_t column = std::min(firstBlock, endBlock); column < std::max(firstBlock, endBlock); ++column)
      function(i, column);
}

// x, fast, slow, rare, seen, weights -> fast', output
uint64_t nextFast(uint64_t x, uint64_t fast, uint64_t slow, uint64_t rare, uint64_t seen) {
  return fast * 3 + x + slow * 5 + rare * 7 + seen;
}
void fastKernel(const Operand *o, int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock) {
  each(begin, end, firstBlock, endBlock, [&](int64_t i, int64_t c) {
    at(o[6], i, c) = at(o[7], i, c) =
        nextFast(at(o[0], i, c), at(o[1], i, c), at(o[2], i, c), at(o[3], i, c), at(o[4], i, c));
  });
}

// y, slow, fast' -> slow', output
uint64_t nextSlow(uint64_t y, uint64_t slow, uint64_t fast) { return slow * 11 + y + fast; }
void slowKernel(const Operand *o, int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock) {
  each(begin, end, firstBlock, endBlock, [&](int64_t i, int64_t c) {
    at(o[3], i, c) = at(o[4], i, c) = nextSlow(at(o[0], i, c), at(o[1], i, c), at(o[2], i, c));
  });
}

// fast' -> condition, and again for who comes later
bool isRare(uint64_t fast) { return fast % 3 == 0; }
void conditionKernel(const Operand *o, int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock) {
  for (int64_t i = begin; i < end && std::min(firstBlock, endBlock) == 0; ++i)
    for (int k = 1; k < 3; ++k)
      o[k].base[(o[k].rows ? o[k].rows[i] : i) * o[k].stride] = isRare(at(o[0], i, 0));
}

// y, rare, fast' -> rare', output
uint64_t nextRare(uint64_t y, uint64_t rare, uint64_t fast) { return rare * 13 + fast + y; }
void rareKernel(const Operand *o, int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock) {
  each(begin, end, firstBlock, endBlock, [&](int64_t i, int64_t c) {
    at(o[3], i, c) = at(o[4], i, c) = nextRare(at(o[0], i, c), at(o[1], i, c), at(o[2], i, c));
  });
}

// key, memory, fast', y -> memory', score
uint64_t nextMemory(uint64_t key, uint64_t memory, uint64_t fast, uint64_t y) {
  return memory * 17 + key * 3 + fast + y * 5;
}
void pairKernel(const Operand *o, int64_t begin, int64_t end, int64_t firstBlock, int64_t endBlock) {
  each(begin, end, firstBlock, endBlock, [&](int64_t i, int64_t c) {
    at(o[4], i, c) = at(o[5], i, c) = nextMemory(at(o[0], i, c), at(o[1], i, c), at(o[2], i, c), at(o[3], i, c));
  });
}

struct Loops {
  explicit Loops(unsigned seed) : model(seed), plan(model.plan) {
    Oracle oracle = model.oracle();
    driver = model.pick();
    std::vector<int32_t> inside;
    for (int32_t clock : model.clocks)
      if (isInside(oracle, clock))
        inside.push_back(clock);
    auto pickInside = [&] { return inside[model.random() % inside.size()]; };
    slow = pickInside();
    zeroed = pickInside();
    zeroes = model.flip();
    reverse = model.flip();
    split = model.addScope();
    rare = plan.event(model.flip() ? driver : slow);
    target = std::array<int32_t, 3>{driver, slow, rare}[model.random() % 3];
    int32_t per = -1;
    source = model.flip() ? model.other : model.pick();
    int32_t root = plan.tables.clocks[model.word].root;
    if (plan.tables.clocks[source].root == root && plan.tables.clocks[driver].root == root && model.flip())
      per = model.pick();
    if (per >= 0 && plan.tables.clocks[per].root != root)
      per = -1;
    pair = plan.pair(target, source, per);
    if (target != rare)
      plan.fix(pair);
    build();
  }

  /// Whether the loop has a step at each tick of a clock.
  bool isInside(Oracle &oracle, int32_t clock) {
    int32_t root = oracle.rootOf(driver);
    if (root < 0 && oracle.rootOf(clock) >= 0)
      return false;
    for (int s = 0; s < model.batch.samples; ++s)
      for (int p = 0; p < oracle.length(root, s); ++p)
        if (oracle.ticks(clock, root, s, p) && !oracle.ticks(driver, root, s, p))
          return false;
    return true;
  }

  int32_t bigInput(int32_t clock, std::vector<Row> &values) {
    int64_t rows = model.batch.offsets[plan.tables.clocks[clock].axis].back();
    int32_t array = plan.input("x", clock, width, Element::I64);
    plan.tables.arrays[array].zeroRow = 1;
    std::vector<int64_t> bytes(rows * width);
    values.resize(rows);
    for (int64_t i = 0; i < rows * width; ++i)
      values[i / width][i % width] = bytes[i] = model.random() % 1000;
    model.batch.input(bytes);
    return array;
  }

  int32_t add(Place place, int32_t clock, Element element = Element::I64) {
    return plan.array(place, clock, element == Element::Bool ? 1 : width, element);
  }

  void build() {
    using B = PlanBuilder;
    int32_t words = bigInput(model.word, wordValues), others = bigInput(model.other, otherValues);
    int32_t toDriver = plan.map(MapPlan::Kind::Latest, model.word, driver);
    int32_t y = add(Place::Call, driver), key = add(Place::Call, source);
    plan.top(plan.copy(driver, B::mapped(words, toDriver), B::same(y)));
    bool fromOther = plan.tables.clocks[source].root == plan.tables.clocks[model.other].root;
    int32_t toSource = plan.map(MapPlan::Kind::Latest, fromOther ? model.other : model.word, source);
    plan.top(plan.copy(source, B::mapped(fromOther ? others : words, toSource), B::same(key)));

    int32_t fast[2], slowState[2], rareState[2], memory[2];
    for (int k = 0; k < 2; ++k) {
      fast[k] = add(Place::Register, driver);
      slowState[k] = add(Place::Register, slow);
      rareState[k] = add(Place::Register, rare);
      memory[k] = add(Place::Memory, pair);
    }
    int32_t seen = add(Place::Register, target),
            condition = add(Place::Block, tables().clocks[rare].parent, Element::Bool);
    int32_t rareOut = add(Place::Call, driver), told = add(Place::Call, driver, Element::Bool);
    int32_t score = add(Place::Block, pair), sums = add(Place::Block, pair);
    int32_t weights = add(Place::Prepared, -1);
    plan.tables.arrays[weights].stride = 1 << 20; // as if a step read that much
    plan.tables.preparedBytes = 64;
    int32_t fastOut = plan.output("fast", driver, width, Element::I64);
    int32_t slowOut = plan.output("slow", slow, width, Element::I64);
    int32_t parent = tables().clocks[rare].parent;

    std::vector<OpPlan> ops;
    // By way of a map, of which y is a copy.
    ops.push_back(
        plan.kernel(fastKernel, driver,
                    {B::mapped(words, toDriver), B::same(fast[0]), B::same(slowState[0]), B::same(rareState[0]),
                     B::same(seen), B::one(weights), B::same(fast[1]), B::same(fastOut)},
                    width));
    ops.push_back(plan.kernel(
        slowKernel, slow,
        {B::same(y), B::same(slowState[0]), B::same(fast[1]), B::same(slowState[1]), B::same(slowOut)}, width));
    ops.push_back(plan.kernel(conditionKernel, parent, {B::same(fast[1]), B::same(condition), B::same(told)}, width));
    ops.push_back(plan.op(OpCode::Event, parent, {B::same(condition)}, {rare}));
    ops.push_back(plan.kernel(
        rareKernel, rare,
        {B::mapped(words, toDriver), B::same(rareState[0]), B::same(fast[1]), B::same(rareState[1]), B::same(rareOut)},
        width));
    ops.push_back(plan.kernel(
        pairKernel, pair,
        {B::source(key), B::same(memory[0]), B::target(fast[1]), B::target(y), B::same(memory[1]), B::same(score)},
        width));
    ops.push_back(plan.op(OpCode::CumsumPer, pair, {B::same(score), B::same(sums)}, {target, width, 0}));
    ops.push_back(plan.op(OpCode::Reduce, target, {B::same(sums), B::same(seen)}, {pair, 0, 0, -1, width, 0}));
    if (target != rare) {
      pairOut = plan.output("pairs", pair, width, Element::I64);
      ops.push_back(plan.copy(pair, B::same(sums), B::same(pairOut)));
    }
    ops.push_back(plan.op(OpCode::Commit, driver, {B::same(fast[0]), B::same(fast[1])}));
    ops.push_back(plan.op(OpCode::Commit, slow, {B::same(slowState[0]), B::same(slowState[1])}));
    ops.push_back(plan.op(OpCode::Commit, rare, {B::same(rareState[0]), B::same(rareState[1])}));
    ops.push_back(plan.op(OpCode::Commit, pair, {B::same(memory[0]), B::same(memory[1])}));
    if (zeroes)
      ops.push_back(plan.op(OpCode::Zero, zeroed, {B::same(fast[0]), B::same(seen), B::same(memory[0])}));
    std::vector<int64_t> arrays{seen};
    for (int k = 0; k < 2; ++k)
      for (int32_t array : {fast[k], slowState[k], rareState[k], memory[k]})
        arrays.push_back(array);
    std::vector<int64_t> clocks{rare, pair};
    for (int32_t clock : {slow, zeroed})
      if (clock != driver && std::find(clocks.begin(), clocks.end(), clock) == clocks.end())
        clocks.push_back(clock);
    plan.scan(driver, ops, clocks, arrays, reverse, split);

    // Behind the loop the event is a clock as any other.
    int32_t toParent = plan.map(MapPlan::Kind::Latest, driver, parent);
    plan.fix(rare, {B::mapped(told, toParent)});
    int32_t toRare = plan.map(MapPlan::Kind::Latest, driver, rare);
    int32_t rareResult = plan.output("rare", rare, width, Element::I64);
    // Where a sample of no steps has a tick nothing was told.
    tables().arrays[told].zeroRow = tables().arrays[rareOut].zeroRow = 1;
    plan.top(plan.copy(rare, B::mapped(rareOut, toRare), B::same(rareResult)));
  }

  PlanTables &tables() { return plan.tables; }

  //===--- What the loop means ---===//

  using Key = std::pair<int, int>; // sample, position
  std::map<Key, Row> fastRows, slowRows, rareRows;
  std::map<std::array<int, 3>, Row> pairRows;

  Row wordAt(Oracle &oracle, const std::vector<Row> &values, int32_t root, int32_t clock, int s, int p) {
    int position = oracle.positionIn(root, clock, s, p);
    return position < 0 ? Row{} : values[oracle.begin(root, s) + position];
  }

  void simulate() {
    Oracle oracle = model.oracle();
    int32_t root = oracle.rootOf(driver), wordRoot = oracle.rootOf(model.word), otherRoot = oracle.rootOf(model.other);
    bool fromOther = oracle.rootOf(source) == otherRoot;
    for (int s = 0; s < model.batch.samples; ++s) {
      std::vector<int> steps = oracle.all(driver, s);
      if (reverse)
        std::reverse(steps.begin(), steps.end());
      Row fast{}, slowState{}, rareState{}, seen{};
      std::map<int, Row> memory; // by position of the source
      for (size_t k = 0; k < steps.size(); ++k) {
        int p = steps[k];
        if (k > 0 && oracle.isCut(split, root, s, steps[k - 1], p)) {
          fast = slowState = rareState = seen = Row{};
          memory.clear();
        }
        Row x = wordAt(oracle, wordValues, wordRoot, driver, s, p), newFast, newSlow = slowState, newRare = rareState;
        for (int64_t c = 0; c < width; ++c)
          newFast[c] = nextFast(x[c], fast[c], slowState[c], rareState[c], seen[c]);
        fastRows[{s, p}] = newFast;
        bool slowTicks = oracle.ticks(slow, root, s, p);
        if (slowTicks) {
          for (int64_t c = 0; c < width; ++c)
            newSlow[c] = nextSlow(x[c], slowState[c], newFast[c]);
          slowRows[{s, oracle.rootOf(slow) < 0 ? 0 : p}] = newSlow;
        }
        bool parentTicks = tables().clocks[rare].parent == driver || slowTicks;
        bool rareTicks = parentTicks && isRare(newFast[0]);
        if (rareTicks) {
          for (int64_t c = 0; c < width; ++c)
            newRare[c] = nextRare(x[c], rareState[c], newFast[c]);
          rareRows[{s, oracle.rootOf(rare) < 0 ? 0 : p}] = newRare;
        }
        if (target == driver || (target == slow ? slowTicks : rareTicks)) {
          Row sum{}, total{};
          for (int q : oracle.all(source, s)) {
            if (!oracle.meets(tables().clocks[pair], s, p, q))
              continue;
            Row keyRow =
                wordAt(oracle, fromOther ? otherValues : wordValues, fromOther ? otherRoot : wordRoot, source, s, q);
            for (int64_t c = 0; c < width; ++c) {
              memory[q][c] = nextMemory(keyRow[c], memory[q][c], newFast[c], x[c]);
              sum[c] += memory[q][c];
              total[c] += sum[c];
            }
            pairRows[{s, oracle.rootOf(target) < 0 ? 0 : p, q}] = sum;
          }
          seen = total;
        }
        fast = newFast;
        slowState = newSlow;
        rareState = newRare;
        if (zeroes && oracle.ticks(zeroed, root, s, p)) {
          fast = seen = Row{};
          memory.clear();
        }
      }
    }
  }

  static void compareRow(const std::vector<uint64_t> &values, size_t row, const Row &expected) {
    for (int64_t c = 0; c < width; ++c)
      ASSERT_EQ(values[row * width + c], expected[c]) << "row " << row << ", element " << c;
  }

  void compare(const TestResult &result) {
    Oracle oracle = model.oracle();
    struct Output {
      const char *name;
      int32_t clock;
      const std::map<Key, Row> &rows;
      size_t number;
    };
    for (const Output &output : {Output{"fast", driver, fastRows, 0}, Output{"slow", slow, slowRows, 1},
                                 Output{"rare", rare, rareRows, target == rare ? 2u : 3u}}) {
      SCOPED_TRACE(output.name);
      std::vector<uint64_t> values = result.outputs[output.number].as<uint64_t>();
      if (output.clock == rare) {
        // Its ticks are those at which it was found.
        size_t row = 0;
        ASSERT_EQ(result.outputs[output.number].rows, int64_t(output.rows.size()));
        for (auto &[key, expected] : output.rows)
          compareRow(values, row++, expected);
        continue;
      }
      size_t row = 0;
      for (int s = 0; s < model.batch.samples; ++s)
        for (int p : oracle.all(output.clock, s)) {
          if (output.rows.count({s, p})) // there was a step
            compareRow(values, row, output.rows.at({s, p}));
          ++row;
        }
      ASSERT_EQ(result.outputs[output.number].rows, int64_t(row));
    }
    if (target == rare)
      return;
    size_t row = 0;
    std::vector<uint64_t> values = result.outputs[2].as<uint64_t>();
    for (int s = 0; s < model.batch.samples; ++s)
      for (Oracle::Place place : oracle.places(pair, s)) {
        if (pairRows.count({s, place.at, place.source}))
          compareRow(values, row, pairRows.at({s, place.at, place.source}));
        ++row;
      }
  }

  TimeModel model;
  PlanBuilder &plan;
  int32_t driver, slow, rare, target, source, pair, zeroed, split, pairOut = -1;
  bool reverse, zeroes;
  std::vector<Row> wordValues, otherValues;
};

class RuntimeScan : public testing::TestWithParam<int> {};

TEST_P(RuntimeScan, StepsAreThoseOfALoopOverTicks) {
  unsigned seeds = GetParam() > 2 ? 60 : 300;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    Loops loops(seed);
    TestResult result = loops.plan.run(loops.model.batch, GetParam());
    ASSERT_EQ(result.message, "");
    loops.simulate();
    loops.compare(result);
    if (testing::Test::HasFatalFailure() || testing::Test::HasFailure())
      return;
  }
}

// One thread; two, that share sequences; more than there are sequences, so that they share columns.
INSTANTIATE_TEST_SUITE_P(Threads, RuntimeScan, testing::Values(1, 2, 7));

} // namespace
} // namespace rondo::runtime
