// Clocks, maps and reductions on ragged data, against definitions that look at every position.
#include "RuntimeTimeTesting.h"

namespace rondo::runtime {
namespace {

/// Compares the numbers at all ticks of a clock with what a function says they are.
template <typename Expected>
void compare(TimeModel &model, Oracle &oracle, const TestOutput &output, int32_t clock, const Expected &expected) {
  std::vector<int64_t> values = output.as<int64_t>();
  size_t row = 0;
  for (int s = 0; s < model.batch.samples; ++s) {
    EXPECT_EQ(output.offsets[s], int64_t(row)) << "sample " << s;
    for (Oracle::Place place : oracle.places(clock, s)) {
      ASSERT_LT(row, size_t(output.rows)) << "clock " << clock;
      std::array<int64_t, 2> number = expected(s, place);
      EXPECT_EQ(values[2 * row], number[0])
          << "clock " << clock << ", sample " << s << ", at " << place.at << " " << place.source;
      EXPECT_EQ(values[2 * row + 1], number[1]);
      ++row;
    }
  }
  EXPECT_EQ(size_t(output.rows), row) << "clock " << clock;
}

TEST(RuntimeTime, ClocksTickWhereTheyShould) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    TimeModel model(seed);
    std::vector<int32_t> clocks = model.clocks;
    clocks.insert(clocks.end(), model.pairs.begin(), model.pairs.end());
    for (int32_t clock : clocks) {
      int32_t numbers = model.numbers(clock), output = model.plan.output("y", clock, 2, Element::I64);
      model.plan.top(model.plan.copy(clock, PlanBuilder::same(numbers), PlanBuilder::same(output)));
    }
    TestResult result = model.plan.run(model.batch, 1 + seed % 2);
    ASSERT_EQ(result.message, "");
    Oracle oracle = model.oracle();
    for (size_t i = 0; i < clocks.size(); ++i)
      compare(model, oracle, result.outputs[i], clocks[i],
              [&](int s, Oracle::Place place) { return model.expected(oracle, clocks[i], s, place); });
  }
}

TEST(RuntimeTime, MapsSeeWhatTheyShould) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    TimeModel model(seed);
    struct Case {
      int32_t from, to, scope;
      bool strict, reverse;
    };
    std::vector<Case> cases;
    for (int i = 0; i < 12; ++i) {
      Case c{model.pick(), model.pick(), model.addScope(), model.flip(), model.flip()};
      if (i % 4 == 1)
        c.to = model.pickPair();
      if (i % 4 == 2) { // of equal sources
        c.from = c.to = model.pickPair();
        const ClockPlan &pair = model.plan.tables.clocks[c.to];
        if (pair.per < 0)
          model.plan.fix(c.from = model.plan.pair(model.pick(), pair.source));
      }
      if (i % 4 == 3) {
        c.from = model.pickPair();
        c.to = model.plan.tables.clocks[c.from].source;
        if (c.to == model.plan.tables.clocks[c.from].target)
          continue;
      }
      cases.push_back(c);
    }
    for (Case &c : cases) {
      int32_t numbers = model.numbers(c.from), output = model.plan.output("y", c.to, 2, Element::I64);
      int32_t map =
          model.plan.map(c.strict ? MapPlan::Kind::Strict : MapPlan::Kind::Latest, c.from, c.to, c.reverse, c.scope);
      model.plan.top(model.plan.copy(c.to, PlanBuilder::mapped(numbers, map), PlanBuilder::same(output)));
    }
    TestResult result = model.plan.run(model.batch, 1 + seed % 2);
    ASSERT_EQ(result.message, "");
    Oracle oracle = model.oracle();
    for (size_t i = 0; i < cases.size(); ++i) {
      const Case &c = cases[i];
      SCOPED_TRACE(testing::Message() << "from " << c.from << " to " << c.to << " strict " << c.strict << " reverse "
                                      << c.reverse << " scope " << c.scope);
      compare(model, oracle, result.outputs[i], c.to, [&](int s, Oracle::Place place) -> std::array<int64_t, 2> {
        std::optional<Oracle::Place> seen = oracle.look(c.from, c.to, s, place, c.strict, c.reverse, c.scope);
        return seen ? model.expected(oracle, c.from, s, *seen) : std::array<int64_t, 2>{0, 0};
      });
    }
  }
}

TEST(RuntimeTime, ReductionsAreOverTheRightTicks) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    TimeModel model(seed);
    struct Case {
      int32_t from, to, scope;
      Reduction kind;
      bool reverse, toSource;
    };
    std::vector<Case> cases;
    for (int i = 0; i < 15; ++i) {
      Case c{model.pick(), model.pick(), model.addScope(), Reduction(model.random() % 4), model.flip(), false};
      if (i % 5 == 1)
        c.to = model.pickPair();
      if (i % 5 == 2)
        c.from = c.to = model.pickPair();
      if (i % 5 == 3) {
        c.from = model.pickPair();
        c.to = model.plan.tables.clocks[c.from].source;
        c.toSource = c.to != model.plan.tables.clocks[c.from].target || model.flip(); // of a clock with itself: either
      }
      if (i % 5 == 4) {
        c.from = model.pickPair();
        c.to = model.flip() ? model.plan.tables.clocks[c.from].target : c.to;
      }
      cases.push_back(c);
    }
    for (Case &c : cases) {
      int32_t numbers = model.numbers(c.from), output = model.plan.output("y", c.to, 2, Element::I64);
      model.plan.top(OpCode::Reduce, c.to, {PlanBuilder::same(numbers), PlanBuilder::same(output)},
                     {c.from, int64_t(c.kind), c.reverse, c.scope, 2, c.toSource});
    }
    TestResult result = model.plan.run(model.batch, 1 + seed % 3);
    ASSERT_EQ(result.message, "");
    Oracle oracle = model.oracle();
    for (size_t i = 0; i < cases.size(); ++i) {
      const Case &c = cases[i];
      SCOPED_TRACE(testing::Message() << "from " << c.from << " to " << c.to << " kind " << int(c.kind) << " reverse "
                                      << c.reverse << " scope " << c.scope);
      compare(model, oracle, result.outputs[i], c.to, [&](int s, Oracle::Place place) -> std::array<int64_t, 2> {
        std::vector<Oracle::Place> seen = oracle.reduced(c.from, c.to, c.toSource, s, place, c.reverse, c.scope);
        std::array<int64_t, 2> value = {0, 0};
        for (size_t k = 0; k < seen.size(); ++k) {
          std::array<int64_t, 2> x = model.expected(oracle, c.from, s, seen[k]);
          for (int e = 0; e < 2; ++e) {
            if (c.kind == Reduction::Max || c.kind == Reduction::First)
              value[e] = k == 0 || (c.kind == Reduction::First ? c.reverse : x[e] > value[e]) ? x[e] : value[e];
            else
              value[e] += x[e];
          }
        }
        for (int e = 0; e < 2 && c.kind == Reduction::Mean && !seen.empty(); ++e)
          value[e] /= int64_t(seen.size());
        return value;
      });
    }
  }
}

TEST(RuntimeTime, TicksAreCounted) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    TimeModel model(seed);
    struct Case {
      int32_t clock, scope;
      bool reverse;
    };
    std::vector<Case> cases;
    for (int i = 0; i < 6; ++i) {
      Case c{model.pick(), model.addScope(), model.flip()};
      int32_t output = model.plan.output("n", c.clock, 1, Element::I64);
      model.plan.par(c.clock,
                     {model.plan.op(OpCode::Tick, c.clock, {PlanBuilder::same(output)}, {c.reverse, c.scope})});
      cases.push_back(c);
    }
    TestResult result = model.plan.run(model.batch);
    ASSERT_EQ(result.message, "");
    Oracle oracle = model.oracle();
    for (size_t i = 0; i < cases.size(); ++i) {
      std::vector<int64_t> expected;
      for (int s = 0; s < model.batch.samples; ++s)
        for (Oracle::Place place : oracle.places(cases[i].clock, s))
          expected.push_back(oracle.count(cases[i].clock, cases[i].reverse, cases[i].scope, s, place.at));
      EXPECT_EQ(result.outputs[i].as<int64_t>(), expected) << "clock " << cases[i].clock;
    }
  }
}

} // namespace
} // namespace rondo::runtime
