// What a caller of the interpreter meets: parameters, batches and their errors, losses, traces, random numbers.
#include "InterpreterTesting.h"
#include "compiler/Reference/Random.h"

using namespace rondo::reference;

namespace {

//===--- Parameters ---===//

TEST(InterpreterParameters, StartAsTheirInitialisersSay) {
  TestModel model(R"(
rnn.model @params() {
  %a = rnn.param "a" init(zeros) : tensor<3xf32>
  %b = rnn.param "b" init(ones) : tensor<f32>
  %c = rnn.param "c" init(glorot) : tensor<40x20xf32>
  %d = rnn.param "d" init(orthogonal) : tensor<12x4xf32>
  %e = rnn.param "e" init(orthogonal) : tensor<3x7xf32>
  %f = rnn.param "f" init(uniform(0.5)) : tensor<1000xf32>
  %g = rnn.param "g" init(normal(2.0)) : tensor<10000xf32>
  %h = rnn.param "h" init(values([1.0, 2.5])) : tensor<2xf32>
  %i = rnn.param "i" init(values(0.1)) : tensor<2xf32>
  %j = rnn.param "j" init(orthogonal) : tensor<9x4xf32>
  rnn.return
})");
  Params p = initialise(model.op(), 7);
  EXPECT_EQ(p["a"].reals, Vector(3));
  EXPECT_EQ(p["b"].reals, Vector{1});
  EXPECT_EQ(p["h"].reals, (Vector{1, 2.5}));
  EXPECT_EQ(p["i"].reals, (Vector{0.1, 0.1}));
  auto widest = [](const Array &array) {
    double most = 0;
    for (double x : array.reals)
      most = std::max(most, std::fabs(x));
    return most;
  };
  EXPECT_LE(widest(p["c"]), std::sqrt(6.0 / 60));
  EXPECT_GT(widest(p["c"]), 0.9 * std::sqrt(6.0 / 60));
  EXPECT_LE(widest(p["f"]), 0.5);
  double square = 0;
  for (double x : p["g"].reals)
    square += x * x;
  EXPECT_NEAR(square / 10000, 4, 0.2);

  // Columns of a block, or rows where there are fewer, are orthonormal: 12x4 is three blocks, one a gate.
  auto expectOrthonormal = [](const double *m, int64_t count, int64_t length, int64_t step, int64_t along) {
    for (int64_t a = 0; a < count; ++a)
      for (int64_t b = 0; b < count; ++b) {
        double dot = 0;
        for (int64_t i = 0; i < length; ++i)
          dot += m[a * step + i * along] * m[b * step + i * along];
        EXPECT_NEAR(dot, a == b, 1e-12);
      }
  };
  for (int block = 0; block < 3; ++block)
    expectOrthonormal(p["d"].reals.data() + 16 * block, 4, 4, 1, 4);
  expectOrthonormal(p["e"].reals.data(), 3, 7, 7, 1);
  expectOrthonormal(p["j"].reals.data(), 4, 9, 1, 4);

  EXPECT_EQ(initialise(model.op(), 7)["c"].reals, p["c"].reals);
  EXPECT_NE(initialise(model.op(), 8)["c"].reals, p["c"].reals);
}

TEST(InterpreterParameters, AreChecked) {
  TestModel model(R"(
rnn.model @m() {
  %W = rnn.param "core.W" init(glorot) : tensor<2x3xf32>
  rnn.return "W" = %W : tensor<2x3xf32>
})");
  Batch none;
  EXPECT_EQ(model.errorOf(none, {}), "parameter 'core.W' is missing");
  EXPECT_EQ(model.errorOf(none, {{"core.W", realArray({3, 2}, Vector(6))}}),
            "parameter 'core.W' has shape [3, 2]; the model declares real[2, 3]");
  EXPECT_EQ(model.errorOf(none, {{"core.W", realArray({2, 3}, Vector(5))}}),
            "parameter 'core.W' has 5 elements, not 6");
  EXPECT_EQ(model.errorOf(none, {{"core.W", intArray({2, 3}, {1, 2, 3, 4, 5, 6})}}),
            "parameter 'core.W' holds integers; the model declares real[2, 3]");
  EXPECT_EQ(model.errorOf(none, {{"core.W", realArray({2, 3}, Vector(6))}, {"x", realArray({}, {1})}}),
            "unknown parameter 'x'; model 'm' has no such path");
}

//===--- Batches ---===//

class BatchErrors : public testing::Test {
protected:
  TestModel model{R"(
rnn.model @m(%x "x" : !rnn.stream<2xf32, #word>, %i "i" : !rnn.stream<!rnn.token<5>, #sentence>,
             %b "b" : !rnn.stream<i1, #sample>) {
  rnn.return "x" = %x, "i" = %i : !rnn.stream<2xf32, #word>, !rnn.stream<!rnn.token<5>, #sentence>
})"};
  Batch batch;
  void SetUp() override {
    batch = batchOf({{"word", {3, 1}}}, {{"x", {realArray({3, 2}, Vector(6)), realArray({1, 2}, Vector(2))}},
                                         {"i", {intArray({2}, {1, 4}), intArray({1}, {0})}},
                                         {"b", {intArray({1}, {1}), intArray({1}, {0})}}});
    batch.offsets["sentence"] = {{0, 1, 3}, {0, 1}};
    batch.offsets["review"] = {{0, 2}, {0, 1}};
  }
  std::string with(const std::function<void(Batch &)> &change) {
    Batch changed = batch;
    change(changed);
    return model.errorOf(changed);
  }
};

TEST_F(BatchErrors, NameTheThingAndTheSample) {
  EXPECT_EQ(model.errorOf(batch), "no error");
  EXPECT_EQ(with([](Batch &b) { b.lengths.clear(); }), "lengths of axis 'word' are missing");
  EXPECT_EQ(with([](Batch &b) { b.lengths["word"] = {3}; }), "axis 'word' has lengths of 1 samples; the batch has 2");
  EXPECT_EQ(with([](Batch &b) { b.lengths["word"][1] = -1; }), "axis 'word', sample 1: a length of -1");
  EXPECT_EQ(with([](Batch &b) { b.lengths["wort"] = {3, 1}; }), "lengths of 'wort': the model has no such axis");
  EXPECT_EQ(with([](Batch &b) { b.lengths["review"] = {3, 1}; }),
            "axis 'review' is divided into 'sentence': it takes offsets, not lengths");
  EXPECT_EQ(with([](Batch &b) { b.offsets.erase("review"); }), "offsets of axis 'review' into 'sentence' are missing");
  EXPECT_EQ(with([](Batch &b) { b.offsets["word"] = {{0}, {0}}; }),
            "axis 'word' is not divided: it takes lengths, not offsets");
  EXPECT_EQ(with([](Batch &b) { b.offsets["sentence"][0] = {1, 3}; }),
            "axis 'sentence', sample 0: offsets begin with 0");
  EXPECT_EQ(with([](Batch &b) { b.offsets["sentence"][0] = {0, 3, 2, 3}; }),
            "axis 'sentence', sample 0: offsets decrease from 3 to 2");
  EXPECT_EQ(with([](Batch &b) { b.offsets["review"][0] = {0, 3}; }),
            "axis 'review', sample 0: offsets end with 3, but there are 2 rows of 'sentence'");
  EXPECT_EQ(with([](Batch &b) { b.inputs.erase("i"); }), "input 'i' is missing");
  EXPECT_EQ(with([](Batch &b) { b.inputs["z"] = Rows(2); }), "input 'z': the model has no such input");
  EXPECT_EQ(with([](Batch &b) { b.inputs["x"].pop_back(); }), "input 'x' has 1 samples; the batch has 2");
  EXPECT_EQ(with([](Batch &b) { b.inputs["x"][0] = realArray({2, 2}, Vector(4)); }),
            "input 'x', sample 0: 2 rows, but axis 'word' has 3");
  EXPECT_EQ(with([](Batch &b) { b.inputs["x"][0] = realArray({3, 4}, Vector(12)); }),
            "input 'x', sample 0: rows of real[4] are given for real[2]");
  EXPECT_EQ(with([](Batch &b) { b.inputs["x"][0] = realArray({3, 2}, Vector(5)); }),
            "input 'x', sample 0: 5 elements, but its shape has 6");
  EXPECT_EQ(with([](Batch &b) { b.inputs["x"][0] = intArray({3, 2}, {1, 2, 3, 4, 5, 6}); }),
            "input 'x', sample 0: integers are given for real[2]");
  EXPECT_EQ(with([](Batch &b) { b.inputs["i"][1].ints[0] = 5; }), "input 'i', sample 1: 5 in row 0 is not a token(5)");
  EXPECT_EQ(with([](Batch &b) { b.inputs["i"][0] = realArray({}, {1}); }),
            "input 'i', sample 0: reals are given for token(5)");
  EXPECT_EQ(with([](Batch &b) { b.inputs["b"][0].ints[0] = 2; }),
            "input 'b', sample 0: 2 in row 0 is not a bool (0 or 1)");
  EXPECT_EQ(with([](Batch &b) { b.inputs["b"][0] = intArray({2}, {0, 1}); }),
            "input 'b', sample 0: 2 rows, but 'sample' has one");
}

TEST(InterpreterErrors, AnIndexOutOfRangeNamesValueSampleAndTick) {
  TestModel model(R"(
rnn.model @m(%i "i" : !rnn.stream<i64, #t>) {
  %E = rnn.const [1.0, 2.0] : tensor<2xf32>
  %y = rnn.embed %E, %i : tensor<2xf32>, !rnn.stream<i64, #t> loc("picked"("m.rondo":1:1))
  rnn.return "y" = %y : !rnn.stream<f32, #t>
})");
  EXPECT_EQ(model.errorOf(batchOf({{"step", {1, 2}}}, {{"i", {intArray({1}, {1}), intArray({2}, {0, 2})}}})),
            "'picked' (rnn.embed), sample 1, tick 1: index 2 is not in 0..1");
}

TEST(InterpreterErrors, AnEventMayDependOnWhatRestartsBehindIt) {
  TestModel model(R"(
#e = #rnn.event<0 of #t>
!f = !rnn.stream<f32, #t>
rnn.model @m(%x "x" : !f) {
  %slot = rnn.state "s" restart(after #e) : !rnn.state<!f>
  %h = rnn.read %slot : !rnn.state<!f> -> !f
  %c = rnn.compare gt %h, %x : !f
  rnn.event #e = %c
  rnn.next %slot, %x : !f
  rnn.return "h" = %h : !f
})");
  Result r = model.run(batchOf({{"step", {4}}}, {{"x", {realArray({4}, {1, 2, 0, 5})}}}));
  EXPECT_EQ(r.outputs["h"].rows[0].reals, (Vector{0, 1, 2, 0}));
}

//===--- Losses ---===//

TEST(InterpreterLosses, AreMeansOverTheValidTicksOfTheBatch) {
  TestModel model(R"(
!f = !rnn.stream<f32, #t>
rnn.model @m(%x "x" : !f, %valid "valid" : !rnn.stream<i1, #t>) {
  %w = rnn.param "w" init(ones) : tensor<f32>
  rnn.loss "all" %x : !f
  rnn.loss "some" %x valid %valid : !f, !rnn.stream<i1, #t>
  rnn.loss "price" %w trains ["w"] : tensor<f32>
  rnn.return
})");
  Params p{{"w", realArray({}, {0.25})}};
  Result r = model.run(
      batchOf({{"step", {3, 1, 0}}}, {{"x", {realArray({3}, {1, NAN, 3}), realArray({1}, {8}), realArray({0}, {})}},
                                      {"valid", {intArray({3}, {1, 0, 1}), intArray({1}, {1}), intArray({0}, {})}}}),
      p);
  ASSERT_EQ(r.losses.size(), 3u);
  EXPECT_TRUE(std::isnan(r.losses[0].value));
  EXPECT_EQ(r.losses[1].value, 4);
  EXPECT_EQ(r.losses[1].ticks, 3);
  EXPECT_EQ(r.losses[1].perTick.reals, (Vector{1, 3, 8}));
  EXPECT_EQ(r.losses[2].value, 0.25);
  EXPECT_EQ(r.losses[2].ticks, 0);
  Result none =
      model.run(batchOf({{"step", {1}}}, {{"x", {realArray({1}, {NAN})}}, {"valid", {intArray({1}, {0})}}}), p);
  EXPECT_EQ(none.losses[1].value, 0); // a tick that is not valid has no influence
}

TEST(InterpreterLosses, FloatSumsAreFloat) {
  TestModel model(R"(
rnn.model @m(%x "x" : !rnn.stream<3xf32, #t>) {
  %s = rnn.fold sum %x axis 0 : !rnn.stream<3xf32, #t>
  rnn.return "s" = %s : !rnn.stream<f32, #t>
})");
  Batch batch = batchOf({{"step", {1}}}, {{"x", {realArray({1, 3}, {16777216, 1, 1})}}});
  EXPECT_EQ(model.run(batch).outputs["s"].rows[0].reals, Vector{16777218});
  EXPECT_EQ(model.run(batch, {}, {/*fp64=*/false}).outputs["s"].rows[0].reals, Vector{16777216}); // term by term
}

//===--- Traces ---===//

TEST(InterpreterTrace, ListsNamedEquations) {
  TestModel model(R"(
#e = #rnn.event<0 of #t>
!f = !rnn.stream<f32, #t>
rnn.model @m(%x "x" : !f) {
  %zero = rnn.const 0.0 : !f
  %up = rnn.compare gt %x, %zero : !f loc("up"("m.rondo":1:1))
  rnn.event #e = %up
  %y = rnn.latest %x : !f -> !rnn.stream<f32, #e> loc("risen"("m.rondo":2:1))
  %z = rnn.tanh %y : !rnn.stream<f32, #e>
  rnn.return "z" = %z : !rnn.stream<f32, #e>
})");
  Batch batch = batchOf({{"step", {4}}}, {{"x", {realArray({4}, {1, -1, -1, 2})}}});
  auto interpreter = llvm::cantFail(Interpreter::create(model.op(), {}, {}));
  std::vector<Stream> streams = llvm::cantFail(interpreter->trace(batch));
  ASSERT_EQ(streams.size(), 2u);
  EXPECT_EQ(streams[0].name, "up");
  EXPECT_EQ(streams[0].clock, "step");
  EXPECT_EQ(streams[1].name, "risen");
  EXPECT_EQ(streams[1].clock, "step when up");
  EXPECT_EQ(streams[1].ticks[0], (std::vector<int64_t>{0, 3}));
  EXPECT_TRUE(streams[1].rows[0].reals.empty());
  streams = llvm::cantFail(interpreter->trace(batch, true));
  EXPECT_EQ(streams[1].rows[0].reals, (Vector{1, 2}));
}

//===--- Random numbers ---===//

TEST(InterpreterRandom, IsAFunctionOfSeedPlaceSampleAndTick) {
  TestModel model(R"(
!f = !rnn.stream<2xf32, #t>
rnn.model @m(%x "x" : !f) {
  %a = rnn.random "drop" site 0 : !f
  %again = rnn.random "drop" site 0 : !f
  %b = rnn.random "drop" site 1 : !f
  %c = rnn.random "other" site 0 : !f
  %w = rnn.random "drop" site 0 : tensor<1000xf32>
  %s = rnn.random "drop" site 0 : !rnn.stream<2xf32, #t2>
  rnn.return "a" = %a, "again" = %again, "b" = %b, "c" = %c, "w" = %w, "s" = %s
      : !f, !f, !f, !f, tensor<1000xf32>, !rnn.stream<2xf32, #t2>
})");
  Rows x{realArray({3, 2}, Vector(6)), realArray({3, 2}, Vector(6))};
  Batch batch = batchOf({{"step", {3, 3}}}, {{"x", x}});
  Options seed1, seed2, rough;
  seed1.seed = rough.seed = 1;
  seed2.seed = 2;
  rough.fp64 = false;
  Result r = model.run(batch, {}, seed1), other = model.run(batch, {}, seed2), floats = model.run(batch, {}, rough);
  auto out = [](Result &result, const char *name, int s) { return result.outputs[name].rows[s].reals; };
  EXPECT_EQ(out(r, "a", 0), out(r, "again", 0));
  EXPECT_NE(out(r, "a", 0), out(r, "a", 1));
  EXPECT_NE(out(r, "a", 0), out(r, "b", 0));
  EXPECT_NE(out(r, "a", 0), out(r, "c", 0));
  EXPECT_NE(out(r, "a", 0), out(other, "a", 0));
  Vector a = out(r, "a", 0), s = out(r, "s", 0);
  EXPECT_EQ(s, (Vector{a[0], a[1], a[4], a[5]})); // the same root tick, whatever the clock
  double sum = 0;
  for (double u : out(r, "w", 0)) {
    EXPECT_GE(u, 0);
    EXPECT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(out(floats, "a", 0)[i], a[i], 1e-7);
  Batch one = batchOf({{"step", {2}}}, {{"x", {realArray({2, 2}, Vector(4))}}});
  Result shorter = model.run(one, {}, seed1);
  EXPECT_EQ(out(shorter, "a", 0), Vector(a.begin(), a.begin() + 4)); // whatever else is in the batch
}

TEST(InterpreterRandom, IsPhilox) {
  // Known answers of the reference implementation, Random123.
  EXPECT_EQ(philox(0, {0, 0, 0, 0}), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(0xffffffffffffffff, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

} // namespace
