// How a model feeds itself.
#include "InterpreterTesting.h"
#include <algorithm>

using namespace rondo::reference;

namespace {

/// A decoder of three tokens that starts from an encoder's mean; y at a tick is not made from that tick's token.
const char *const decoder = R"(
!h = !rnn.stream<2xf32, #t>
!y = !rnn.stream<!rnn.token<3>, #t>
!one = !rnn.stream<f32, #sample>
rnn.model @decoder(%y "y" : !y, %x "x" : !rnn.stream<f32, #s>, %label "label" : !one) {
  %E = rnn.param "E" init(normal(1.0)) : tensor<3x2xf32>
  %U = rnn.param "U" init(normal(1.0)) : tensor<2x2xf32>
  %V = rnn.param "V" init(normal(1.0)) : tensor<3x2xf32>
  %mean = rnn.reduce mean %x : !rnn.stream<f32, #s> -> !one
  %m = rnn.latest reverse %mean : !one -> !rnn.stream<f32, #t>
  %ys = rnn.state "fed" : !rnn.state<!h>
  %before = rnn.read %ys : !rnn.state<!h> -> !h
  %e = rnn.embed %E, %y : tensor<3x2xf32>, !y
  rnn.next %ys, %e : !h
  %hs = rnn.state "h" : !rnn.state<!h>
  %h0 = rnn.read %hs : !rnn.state<!h> -> !h
  %u = rnn.matmul %U, %h0 : tensor<2x2xf32>, !h
  %z0 = rnn.add %u, %before : !h
  %z = rnn.scale %m, %z0 : !rnn.stream<f32, #t>, !h
  %h = rnn.tanh %z : !h
  rnn.next %hs, %h : !h
  %logits = rnn.matmul %V, %h : tensor<3x2xf32>, !h
  %next = rnn.reduce mean %m : !rnn.stream<f32, #t> -> !one
  %d = rnn.sub %next, %label : !one
  rnn.loss "l" %d : !one
  rnn.generate "y" from %logits stop 2 limit 4 : !rnn.stream<3xf32, #t>
  rnn.return
})";

/// The decoder by hand: log probabilities of the next token after `tokens`.
Vector logProbabilities(const Params &p, double m, const std::vector<int64_t> &tokens) {
  Vector h(2), y(3);
  for (size_t t = 0; t <= tokens.size(); ++t) {
    Vector u = product(p.at("U"), h);
    for (int j = 0; j < 2; ++j)
      h[j] = std::tanh(m * (u[j] + (t ? p.at("E").reals[2 * tokens[t - 1] + j] : 0)));
  }
  y = product(p.at("V"), h);
  double sum = 0;
  for (double x : y)
    sum += std::exp(x);
  for (double &x : y)
    x -= std::log(sum);
  return y;
}

class Decoder : public testing::Test {
protected:
  TestModel model{decoder};
  Numbers numbers{11};
  Params params{{"E", numbers.reals({3, 2}, 2)}, {"U", numbers.reals({2, 2})}, {"V", numbers.reals({3, 2}, 1.5)}};
  Batch batch = batchOf({{"source", {3, 1}}}, {{"x", {numbers.reals({3}), numbers.reals({1})}}});
  double mean(int64_t s) {
    double sum = 0;
    for (double x : batch.inputs["x"][s].reals)
      sum += x;
    return sum / batch.inputs["x"][s].shape[0];
  }
  std::vector<std::vector<Generated>> generated(const GenerateOptions &how) {
    return llvm::cantFail(generate(model.op(), params, batch, {}, how));
  }
};

TEST_F(Decoder, GreedyTakesTheLikeliest) {
  GenerateOptions how;
  how.limit = 9;
  auto results = generated(how);
  for (int64_t s = 0; s < 2; ++s) {
    std::vector<int64_t> tokens;
    double score = 0;
    while (tokens.size() < 9) {
      Vector y = logProbabilities(params, mean(s), tokens);
      int64_t best = std::max_element(y.begin(), y.end()) - y.begin();
      score += y[best];
      if (best == 2)
        break;
      tokens.push_back(best);
    }
    ASSERT_EQ(results[s].size(), 1u);
    EXPECT_EQ(results[s][0].rows.ints, tokens);
    EXPECT_NEAR(results[s][0].score, score, 1e-12);
  }
  how.mode = GenerateOptions::Mode::Beam; // one beam is greedy
  auto beam = generated(how);
  for (int64_t s = 0; s < 2; ++s)
    EXPECT_EQ(beam[s][0].rows.ints, results[s][0].rows.ints);
}

TEST_F(Decoder, AWideBeamIsExhaustiveSearch) {
  for (double penalty : {0.0, 0.7, -0.5}) {
    GenerateOptions how;
    how.mode = GenerateOptions::Mode::Beam;
    how.beams = 200;
    how.lengthPenalty = penalty;
    auto results = generated(how);
    for (int64_t s = 0; s < 2; ++s) {
      struct Found {
        double rank, score;
        std::vector<int64_t> tokens;
      };
      std::vector<Found> all;
      std::function<void(const std::vector<int64_t> &, double)> grow = [&](const std::vector<int64_t> &tokens,
                                                                           double score) {
        if (tokens.size() == 4) {
          all.push_back({score / std::pow(4, penalty), score, tokens});
          return;
        }
        Vector y = logProbabilities(params, mean(s), tokens);
        double stopped = score + y[2];
        all.push_back({stopped / std::pow(tokens.size() + 1, penalty), stopped, tokens});
        for (int64_t token : {0, 1}) {
          std::vector<int64_t> longer = tokens;
          longer.push_back(token);
          grow(longer, score + y[token]);
        }
      };
      grow({}, 0);
      std::sort(all.begin(), all.end(), [](const Found &a, const Found &b) { return a.rank > b.rank; });
      ASSERT_EQ(results[s].size(), all.size());
      for (size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(results[s][i].rows.ints, all[i].tokens) << "penalty " << penalty << ", place " << i;
        EXPECT_NEAR(results[s][i].score, all[i].score, 1e-12);
      }
    }
  }
}

TEST_F(Decoder, TiesGoToTheSmallerTokens) {
  params["V"] = realArray({3, 2}, Vector(6));
  GenerateOptions how;
  how.stop = 1;
  EXPECT_EQ(generated(how)[0][0].rows.ints, (std::vector<int64_t>{0, 0, 0, 0}));
  how.mode = GenerateOptions::Mode::Beam;
  how.beams = 3;
  how.lengthPenalty = 1; // all sequences are equal then
  auto results = generated(how)[0];
  EXPECT_EQ(results[0].rows.ints, (std::vector<int64_t>{0, 0, 0, 0}));
  EXPECT_EQ(results[1].rows.ints, (std::vector<int64_t>{0, 0, 0})); // and 1, which stops
  EXPECT_EQ(results[2].rows.ints, (std::vector<int64_t>{0, 0, 0, 2}));
}

TEST_F(Decoder, APromptIsForcedAndNotReturned) {
  GenerateOptions how;
  how.prompt = intArray({2}, {1, 0});
  how.limit = 1;
  how.stop = -1;
  for (int64_t s = 0; s < 2; ++s) {
    Vector y = logProbabilities(params, mean(s), {1, 0});
    int64_t best = std::max_element(y.begin(), y.end()) - y.begin();
    std::vector<int64_t> expected;
    if (best != 2)
      expected.push_back(best);
    EXPECT_EQ(generated(how)[s][0].rows.ints, expected);
  }
}

TEST_F(Decoder, SamplesFollowTheProbabilitiesAndTheSeed) {
  GenerateOptions how;
  how.mode = GenerateOptions::Mode::Sample;
  how.limit = 1;
  how.temperature = 0.5;
  how.topK = 2;
  how.prompt = intArray({1}, {1});
  Vector y = logProbabilities(params, mean(0), {1});
  int64_t worst = std::min_element(y.begin(), y.end()) - y.begin();
  Vector weight(3);
  double sum = 0;
  for (int64_t k = 0; k < 3; ++k)
    if (k != worst)
      sum += weight[k] = std::exp(y[k] / 0.5);
  Vector seen(3);
  const int draws = 2000;
  for (int seed = 0; seed < draws; ++seed) {
    how.seed = seed;
    auto tokens = generated(how)[0][0].rows.ints;
    ++seen[tokens.empty() ? 2 : tokens[0]];
  }
  for (int64_t k = 0; k < 3; ++k)
    EXPECT_NEAR(seen[k] / draws, weight[k] / sum, 0.05);
  EXPECT_EQ(seen[worst], 0);
  how.limit = 8;
  EXPECT_EQ(generated(how)[1][0].rows.ints, generated(how)[1][0].rows.ints);
}

TEST_F(Decoder, ADrawTellsHowLittleWouldHaveChangedIt) {
  GenerateOptions how;
  how.mode = GenerateOptions::Mode::Sample;
  how.limit = 1;
  how.prompt = intArray({1}, {1});
  Vector y = logProbabilities(params, mean(0), {1});
  // All tokens may be drawn, and so the point drawn is as far from a bound as the margin says.
  Vector bounds{std::exp(y[0]), std::exp(y[0]) + std::exp(y[1])};
  double least = 1;
  for (int seed = 0; seed < 500; ++seed) {
    how.seed = seed;
    Generated drawn = generated(how)[0][0];
    int64_t token = drawn.rows.ints.empty() ? 2 : drawn.rows.ints[0];
    double begin = token ? bounds[token - 1] : 0, end = token < 2 ? bounds[token] : 1;
    EXPECT_LE(drawn.margin, end - begin);
    least = std::min(least, drawn.margin);
  }
  EXPECT_LT(least, 0.02);
  // Of two that are nearly as good, one may be drawn: the other is as near as their probabilities.
  how.topK = 1;
  Vector falling = y;
  std::sort(falling.rbegin(), falling.rend());
  EXPECT_NEAR(generated(how)[0][0].margin, 1 - std::exp(falling[1] - falling[0]), 1e-6);
}

TEST_F(Decoder, BadRequestsSayWhatIsWrong) {
  auto errorOf = [&](const std::function<void(GenerateOptions &, Batch &)> &change) {
    GenerateOptions how;
    Batch changed = batch;
    change(how, changed);
    auto result = generate(model.op(), params, changed, {}, how);
    return result ? "no error" : llvm::toString(result.takeError());
  };
  EXPECT_EQ(errorOf([](GenerateOptions &, Batch &) {}), "no error"); // "label" is not needed
  EXPECT_EQ(errorOf([](GenerateOptions &, Batch &b) { b.inputs.erase("x"); }), "input 'x' is missing");
  EXPECT_EQ(errorOf([](GenerateOptions &, Batch &b) { b.lengths.clear(); }), "lengths of axis 'source' are missing");
  EXPECT_EQ(errorOf([](GenerateOptions &, Batch &b) { b.inputs["y"] = Rows(2); }),
            "generate 'y': the input is generated, and cannot be given; use a prompt");
  EXPECT_EQ(errorOf([](GenerateOptions &how, Batch &) { how.stop = 3; }), "generate 'y': stop 3 is not a token(3)");
  EXPECT_EQ(errorOf([](GenerateOptions &how, Batch &) { how.prompt = intArray({1}, {7}); }),
            "generate 'y': 7 in the prompt is not a token(3)");
  EXPECT_EQ(errorOf([](GenerateOptions &how, Batch &) { how.prompt = realArray({1}, {7}); }),
            "generate 'y': the prompt is not rows of token(3)");
  EXPECT_EQ(
      errorOf([](GenerateOptions &how, Batch &) { how.mode = GenerateOptions::Mode::Sample, how.temperature = 0; }),
      "generate 'y': the temperature is a positive number");
  EXPECT_EQ(errorOf([](GenerateOptions &how, Batch &) { how.mode = GenerateOptions::Mode::Beam, how.beams = 0; }),
            "generate 'y': the number of beams is at least 1");
}

//===--- Next, and values that are no tokens ---===//

TEST(InterpreterGenerate, NextPredictsTheNextRowFromThisOne) {
  // The token that is predicted after k is k + 1; 3 stops.
  TestModel model(R"(
!x = !rnn.stream<!rnn.token<4>, #t>
rnn.model @count(%x "x" : !x) {
  %T = rnn.const [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]] : tensor<4x4xf32>
  %y = rnn.embed %T, %x : tensor<4x4xf32>, !x
  rnn.generate "x" from %y next start 0 limit 6 : !rnn.stream<4xf32, #t>
  rnn.return
})");
  auto tokens = [&](const GenerateOptions &how) {
    Batch one;
    one.samples = 1;
    return llvm::cantFail(generate(model.op(), {}, one, {}, how))[0][0].rows.ints;
  };
  EXPECT_EQ(tokens({}), (std::vector<int64_t>{1, 2, 3, 0, 1, 2}));
  GenerateOptions how;
  how.stop = 3;
  EXPECT_EQ(tokens(how), (std::vector<int64_t>{1, 2}));
  how.start = 1;
  EXPECT_EQ(tokens(how), (std::vector<int64_t>{2}));
  how.prompt = intArray({3}, {3, 3, 0});
  EXPECT_EQ(tokens(how), (std::vector<int64_t>{1, 2}));
  how.limit = 0;
  EXPECT_EQ(tokens(how), (std::vector<int64_t>{}));
}

TEST(InterpreterGenerate, RealRowsAreFedBack) {
  TestModel model(R"(
!x = !rnn.stream<2xf32, #t>
rnn.model @orbit(%x "x" : !x) {
  %R = rnn.const [[0.0, -1.0], [1.0, 0.0]] : tensor<2x2xf32>
  %y = rnn.matmul %R, %x : tensor<2x2xf32>, !x
  rnn.generate "x" from %y next limit 3 : !x
  rnn.return
})");
  Batch two;
  two.samples = 2;
  GenerateOptions how;
  how.prompt = realArray({1, 2}, {2, 1});
  auto results = llvm::cantFail(generate(model.op(), {}, two, {}, how));
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1][0].rows.reals, (Vector{-1, 2, -2, -1, 1, -2}));
  how.prompt = {};
  EXPECT_EQ(llvm::cantFail(generate(model.op(), {}, two, {}, how))[0][0].rows.reals, Vector(6)); // from zero
  how.mode = GenerateOptions::Mode::Beam;
  auto beam = generate(model.op(), {}, two, {}, how);
  ASSERT_FALSE(bool(beam));
  EXPECT_EQ(llvm::toString(beam.takeError()), "generate 'x': sampling and beams choose among tokens; 'x' is real[2]");
}

TEST(InterpreterGenerate, AModelThatSeesTheAnswerIsRefused) {
  TestModel model(R"(
!x = !rnn.stream<2xf32, #t>
rnn.model @peek(%x "x" : !x) {
  %y = rnn.tanh %x : !x
  rnn.generate "x" from %y limit 3 : !x
  rnn.return
})");
  Batch one;
  one.samples = 1;
  auto result = generate(model.op(), {}, one, {}, {});
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(llvm::toString(result.takeError()), "'x' (input), sample 0, tick 0: asked for before it is generated");
}

} // namespace
