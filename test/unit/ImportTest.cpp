// What crossings, scopes and masks of the language mean once imported, against numbers worked out by hand. Words have the
// values 1, 2, 5, 10, 17, 26, ..; sentences end behind the third and the fifth.
#include "ImportTesting.h"

using namespace rondo;
using reference::Vector;

namespace {

/// Runs one output `y` of a cell `f` applied to the words.
Vector applied(const std::string &cell, const std::string &application, const std::vector<int64_t> &lengths = {3, 2}) {
  Program program(cell + "\nmodel m {\n  input x : real on word in sentence\n  output y = " + application + "\n}\n");
  return program ? program.run(sentences(lengths)).outputs["y"].rows[0].reals : Vector();
}

//===--- Reversed applications are mirror images ---===//

struct Mirror {
  const char *what, *cell, *application;
  Vector expected;
};

std::ostream &operator<<(std::ostream &os, const Mirror &m) { return os << m.what; }

class Mirrored : public testing::TestWithParam<Mirror> {};

TEST_P(Mirrored, MeansTheSameWithTimeTurned) {
  EXPECT_EQ(applied(GetParam().cell, GetParam().application), GetParam().expected);
}

const Mirror mirrors[] = {
    {"pre", "cell f(x) { return pre(x) }", "reversed(f)(x)", {2, 5, 10, 17, 0}},
    {"pre within a sentence",
     "cell f(x) { return pre(x) }",
     "reversed(f)(x, reset = after(sentence))",
     {2, 5, 0, 17, 0}},
    {"tick", "cell f(x) { return real(tick) + 0 * x }", "reversed(f)(x)", {4, 3, 2, 1, 0}},
    {"every", "cell f(x) { return hold(x when every(2)) }", "reversed(f)(x)", {1, 5, 5, 17, 17}},
    {"every within a sentence",
     "cell f(x) { return hold(x when every(2)) }",
     "reversed(f)(x, reset = after(sentence))",
     {1, 5, 5, 17, 17}},
    {"an event", "cell f(x) { e = x > 3 and x < 12  return hold(x when e) }", "reversed(f)(x)", {5, 5, 5, 10, 0}},
    {"a sum to an event",
     "cell f(x) { e = x > 3 and x < 12  return hold(sum(x, per = e)) }",
     "reversed(f)(x)",
     {5, 5, 5, 27, 0}},
    // At the first word of a sentence it is complete, seen from behind.
    {"when a segment ends", "cell f(x) { return hold(x when sentence) }", "reversed(f)(x)", {1, 10, 10, 10, 0}},
    {"sum per segment", "cell f(x) { return hold(sum(x, per = sentence)) }", "reversed(f)(x)", {8, 27, 27, 27, 0}},
    {"first per segment", "cell f(x) { return hold(first(x, per = sentence)) }", "reversed(f)(x)", {5, 17, 17, 17, 0}},
    {"held within a segment",
     "cell f(x) { return hold(sum(x, per = sentence)) }",
     "reversed(f)(x, reset = after(sentence))",
     {8, 0, 0, 27, 0}},
    {"a segment's bool", "cell f(x) { return if sentence then x else 0.0 }", "reversed(f)(x)", {1, 0, 0, 10, 0}},
    {"when the sample ends", "cell f(x) { return hold(x when sample, to = word) }", "reversed(f)(x)", {1, 0, 0, 0, 0}},
    {"spread has no direction",
     "cell f(x) { return spread(sum(x, per = sentence), to = word) }",
     "reversed(f)(x)",
     {8, 8, 8, 27, 27}},
    {"reversed inside reversed",
     "cell g(x) { return pre(x) } cell f(x) { return reversed(g)(x) }",
     "reversed(f)(x)",
     {0, 1, 2, 5, 10}},
    // Loops through a segment clock: s is 2 s + the sum of a sentence, the last sentence first.
    {"a loop through a segment",
     "cell f(x: real) { s : real = hold(2 * pre(s) when sentence) + hold(sum(x, per = sentence))  return s }",
     "reversed(f)(x)",
     {62, 27, 27, 27, 0}},
    {"a loop through a period of a segment",
     "cell f(x: real) { s : real = hold(hold(2 * pre(s) + x when sentence when every(2)))  return s }",
     "reversed(f)(x)",
     {10, 10, 10, 10, 0}},
    {"a loop with a state on the segment",
     "cell g(x: real, z: real) { state h : real  h' = h + x + z  return h' }\n"
     "cell f(x: real) { t = sum(x, per = sentence)  s : real = hold(g(2 * pre(s) when sentence, t + first(x, per = "
     "sentence)))  return s }",
     "reversed(f)(x)",
     {145, 44, 44, 44, 0}},
    {"a loop read on the segment",
     "cell f(x: real) { s : real = hold(2 * pre(s) + x when sentence)  return hold((s when sentence) + sum(x, per = "
     "sentence)) }",
     "reversed(f)(x)",
     {29, 37, 37, 37, 0}},
    {"a slow slot",
     "cell f(x) { s = sum(x, per = sentence)  return hold(s + pre(s)) }",
     "reversed(f)(x)",
     {35, 27, 27, 27, 0}},
};

INSTANTIATE_TEST_SUITE_P(Import, Mirrored, testing::ValuesIn(mirrors));

TEST(Import, ReversedResultsOnASegmentClockStandAtTheSegment) {
  EXPECT_EQ(applied("cell f(x) -> real on sentence { return x when sentence }", "reversed(f)(x)"), Vector({1, 10}));
  EXPECT_EQ(applied("", "sum(x, per = sentence)"), Vector({8, 27}));
}

//===--- Forward ---===//

TEST(Import, HoldIsZeroOrItsInitialValueBeforeTheFirstTick) {
  EXPECT_EQ(applied("", "hold(x when every(2, phase = 1))"), Vector({0, 2, 2, 10, 10}));
  EXPECT_EQ(applied("", "hold(x when every(2, phase = 1), init = 7.0)"), Vector({7, 2, 2, 10, 10}));
  EXPECT_EQ(applied("", "hold(x when every(2, phase = 1), init = 100 * x)"), Vector({100, 2, 2, 10, 10}));
}

TEST(Import, AStartIsReadWhereARunBegins) {
  EXPECT_EQ(applied("", "9 fby x"), Vector({9, 1, 2, 5, 10}));
  EXPECT_EQ(applied("cell f(x) { return 9 fby x }", "f(x, reset = after(sentence))"), Vector({9, 1, 2, 9, 10}));
  EXPECT_EQ(applied("cell f(x) { return 9 fby x }", "f(x, reset = before(x == 5))"), Vector({9, 1, 9, 5, 10}));
  EXPECT_EQ(applied("cell f(x) { return 100 * x fby x }", "f(x, reset = after(sentence))"),
            Vector({100, 1, 2, 1000, 10}));
}

TEST(Import, AValueThatFollowsItselfIsDrawnOnceARun) {
  EXPECT_EQ(applied("cell f(x: real) { m : real = 10 * x fby m  return m }", "f(x)"), Vector({10, 10, 10, 10, 10}));
  EXPECT_EQ(applied("cell f(x: real) { m : real = 10 * x fby m  return m }", "f(x, reset = after(sentence))"),
            Vector({10, 10, 10, 100, 100}));
  EXPECT_EQ(applied("cell f(x: real) { m : real = 10 * x fby m  return m }", "reversed(f)(x)"),
            Vector({170, 170, 170, 170, 170}));
}

TEST(Import, EmptySentencesDoNotTick) {
  EXPECT_EQ(applied("", "sum(x, per = sentence)", {0, 3, 0, 2, 0}), Vector({8, 27}));
  EXPECT_EQ(applied("cell f(x) { return pre(x) }", "reversed(f)(x, reset = after(sentence))", {0, 3, 0, 2, 0}),
            Vector({2, 5, 0, 17, 0}));
  EXPECT_EQ(applied("", "x when sample", {}), Vector({0}));
  EXPECT_EQ(applied("", "(x + 1) when sample", {}), Vector({0}));
}

//===--- Validity ---===//

double loss(const std::string &items, const std::vector<int64_t> &lengths = {3, 2}) {
  Program program("model m {\n  input x : real on word in sentence\n  output x\n  " + items + "\n}\n");
  return program ? program.run(sentences(lengths)).losses[0].value : -1;
}

TEST(Import, ALossDoesNotCountTheTickThatHasNoNext) {
  EXPECT_DOUBLE_EQ(loss("loss next(x)"), (2 + 5 + 10 + 17) / 4.);
  EXPECT_DOUBLE_EQ(loss("loss next(next(x))"), (5 + 10 + 17) / 3.);
  EXPECT_DOUBLE_EQ(loss("loss x + next(x) * next(next(x))"), (1 + 2 * 5 + 2 + 5 * 10 + 5 + 10 * 17) / 3.);
  EXPECT_DOUBLE_EQ(loss("loss next(x when every(2))"), (5 + 17) / 2.);
  EXPECT_DOUBLE_EQ(loss("loss next(x)", {1}), 0);
  EXPECT_DOUBLE_EQ(loss("loss next(x)", {}), 0);
}

TEST(Import, MasksPassCrossings) {
  EXPECT_DOUBLE_EQ(loss("loss next(x) when x > 4"), (10 + 17) / 2.);
  EXPECT_DOUBLE_EQ(loss("loss next(x) when next(x) != 5"), (2 + 10 + 17) / 3.);
  // Held, a value is invalid as long as the last is; before the first it is a valid zero.
  EXPECT_DOUBLE_EQ(loss("loss hold(next(x) when every(2, phase = 1))"), (0 + 5 + 5 + 17 + 17) / 5.);
  EXPECT_DOUBLE_EQ(loss("loss hold(next(x) when every(4))"), (2 + 2 + 2 + 2) / 4.);
}

TEST(Import, AReductionInALossCountsTheValidTicks) {
  EXPECT_DOUBLE_EQ(loss("loss mean(next(x), per = sentence)"), ((2 + 5 + 10) / 3. + 17) / 2);
  EXPECT_DOUBLE_EQ(loss("loss mean(next(x), per = sample)"), (2 + 5 + 10 + 17) / 4.);
}

//===--- Rows ---===//

/// Two targets with the queries 10 and 20 that read the source rows 1, 2, 3: `y` of a cell f(q, m), m real[source], or,
/// with `row` [x, 10 * x], real[source, 2].
Vector attended(const std::string &cell, int64_t rows = 3, const std::string &row = "x") {
  Program program(cell + R"(
model m {
  input x : real on source
  input q : real on target
  m = spread(collect()" +
                  row + R"(, per = sample), to = target)
  output y = f(q, m)
})");
  if (!program)
    return {};
  reference::Batch batch;
  batch.samples = 1;
  batch.lengths = {{"source", {rows}}, {"target", {2}}};
  Vector a;
  for (int64_t i = 0; i < rows; ++i)
    a.push_back(i + 1);
  batch.inputs["x"] = {reference::realArray({rows}, a)};
  batch.inputs["q"] = {reference::realArray({2}, {10, 20})};
  return program.run(batch).outputs["y"].rows[0].reals;
}

TEST(Import, ReductionsOfRows) {
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { return q + sum(m, axis = 0) }"), Vector({16, 26}));
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { return max(m * q, axis = 0) }"), Vector({30, 60}));
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { return mean(m + q, axis = all) }"), Vector({12, 22}));
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { return m @ (m * q) }"), Vector({140, 280}));
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { return q + sum(m, axis = 0) }", 0), Vector({10, 20}));
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { return sum(cumsum(m) * q, axis = 0) }"), Vector({100, 200}));
}

TEST(Import, StatesOfRows) {
  // Each row sums the queries so far, weighted by itself.
  const char *cell = "cell f(q: real, m: real[s]) { state c : real[s]  c' = c + q * m  return sum(c', axis = 0) }";
  EXPECT_EQ(attended(cell), Vector({60, 180}));
  const char *started = "cell f(q: real, m: real[s]) { state c : real[s] = m  c' = c + q  return sum(c, axis = 0) }";
  EXPECT_EQ(attended(started), Vector({6, 36}));
  const char *turned = "cell g(q: real, m: real[s]) { state c : real[s]  c' = c + q * m  return sum(c', axis = 0) }\n"
                       "cell f(q: real, m: real[s]) { return reversed(g)(q, m) }";
  EXPECT_EQ(attended(turned), Vector({180, 120}));
}

TEST(Import, ProductsOfRows) {
  auto value = [](const std::string &y) {
    return attended("cell f(q: real, m: real[s, 2]) { t = transpose(m)  w = m @ [1.0, 0.0]  return " + y + " + 0 * q }",
                    3, "[x, 10 * x]");
  };
  EXPECT_EQ(value("sum(m @ [q, 1.0], axis = 0)"), Vector({120, 180}));
  EXPECT_EQ(value("sum([q, 1.0] @ t, axis = 0)"), Vector({120, 180}));
  EXPECT_EQ(value("sum(m @ [[q, 1.0], [1.0, q]], axis = all)"), Vector({6 * 11 + 60 * 11, 6 * 21 + 60 * 21}));
  EXPECT_EQ(value("sum([[q, 1.0], [1.0, q]] @ t, axis = all)"), Vector({6 * 11 + 60 * 11, 6 * 21 + 60 * 21}));
  EXPECT_EQ(value("sum(w @ m, axis = 0)"), Vector({14 + 140, 14 + 140}));
  EXPECT_EQ(value("sum(t @ w, axis = 0)"), Vector({14 + 140, 14 + 140}));
  EXPECT_EQ(value("sum(t @ m, axis = all)"), Vector({14 + 280 + 1400, 14 + 280 + 1400}));
  EXPECT_EQ(value("sum(t @ (q * m), axis = all)"), Vector({16940, 33880}));
  EXPECT_EQ(value("sum(max(t, axis = 1), axis = 0)"), Vector({33, 33}));
}

TEST(Import, ConvolutionsOfRowsAndOfValues) {
  // Row s is x[s-1] + 10 x[s] + 100 x[s+1], zero outside.
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { F : real[1, 3] = [[1.0, 10.0, 100.0]]  "
                     "return max(conv1d(q * m, F), axis = all) }"),
            Vector({3210, 6420}));
  EXPECT_EQ(attended("cell f(q: real, m: real[s, 2]) { F : real[1, 2, 2] = [[[1.0, 10.0], [0.0, 1.0]]]  "
                     "return sum(conv1d(m, F), axis = all) + 0 * q }",
                     3, "[x, 10 * x]"),
            Vector({6 + 50 + 50, 6 + 50 + 50}));
  EXPECT_EQ(applied("", "sum(conv1d([x, 2 * x, 3 * x], [[1.0, 10.0, 100.0]]), axis = all)", {1}),
            Vector({3 + 60 + 500}));
  EXPECT_EQ(applied("", "sum(conv1d([[x, 0.0], [2 * x, 1.0]], [[[1.0, 10.0], [5.0, 7.0]]]), axis = all)", {1}),
            Vector({(1 + 20 + 7) + (2 + 5)}));
}

TEST(Import, RowsAreSampledAndHeldARowByItself) {
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { h = hold(m * q when every(2))  return sum(h, axis = 0) }"),
            Vector({60, 60}));
  EXPECT_EQ(attended("cell f(q: real, m: real[s]) { h = hold(m * q when every(2, phase = 1), init = m)  return sum(h, "
                     "axis = 0) }"),
            Vector({6, 120}));
}

} // namespace
