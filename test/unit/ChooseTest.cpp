// How a library chooses tokens, against the rules as they are written down for the language: the likeliest, of equal
// ones the smallest; draws by sharpened probabilities; beams by score / length^penalty, ties by the smaller sequence.
#include "runtime/Choose.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <vector>

using namespace rondo::runtime;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();

using Row = std::vector<float>;

/// Log probabilities, summed in another order and type than the library sums.
std::vector<double> logProbabilities(const Row &row) {
  long double most = *std::max_element(row.begin(), row.end()), sum = 0;
  for (size_t i = row.size(); i-- > 0;)
    sum += std::exp(static_cast<long double>(row[i]) - most);
  std::vector<double> all;
  for (float x : row)
    all.push_back(double(x - most - std::log(sum)));
  return all;
}

Row randomRow(size_t size, unsigned seed, float width = 4) {
  std::mt19937 numbers(seed);
  std::uniform_real_distribution<float> between(-width, width);
  Row row(size);
  for (float &x : row)
    x = between(numbers);
  return row;
}

int64_t drawn(const Row &row, double temperature, int64_t best, double uniform) {
  std::vector<double> weights(row.size(), nan);
  std::vector<int32_t> heap(std::min<size_t>(best, row.size()) + 1, -1);
  return draw(Likelihoods(row.data(), int64_t(row.size())), temperature, best, uniform, weights.data(), heap.data());
}

//===--- The likeliest -----------------------------------------------------------------------------------------===//

TEST(Choose, LikelihoodsAreLogarithmsOfShares) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Row row = randomRow(1 + seed * 7, seed, 60);
    Likelihoods all(row.data(), int64_t(row.size()));
    std::vector<double> expected = logProbabilities(row);
    for (size_t i = 0; i < row.size(); ++i)
      EXPECT_NEAR(all.of(int64_t(i)), expected[i], 1e-12 * (1 + std::fabs(expected[i])));
  }
}

TEST(Choose, TheSmallestOfTheLikeliest) {
  struct Case {
    Row row;
    int64_t best;
  };
  for (const Case &one : {Case{{1, 3, 2}, 1}, Case{{2, 5, 5, 5}, 1}, Case{{0, 0, 0}, 0}, Case{{-inf, -7, -inf}, 1},
                          Case{{7}, 0}, Case{{-1e30f, 1e30f}, 1}, Case{{-inf, -inf, -inf}, 0},
                          // What is no number makes all likelihoods none.
                          Case{{1, nan, 3}, 0}, Case{{nan, 2, 3}, 0}, Case{{1, inf, 3}, 0}, Case{{nan, nan}, 0}}) {
    EXPECT_EQ(likeliest(Likelihoods(one.row.data(), int64_t(one.row.size()))), one.best);
    EXPECT_EQ(likeliest(one.row.data(), int64_t(one.row.size())), one.best);
  }
}

TEST(Choose, BothWaysToTheLikeliestAgree) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    // Coarse numbers have ties; tiny ones differ by less than likelihoods do.
    Row row = randomRow(1 + seed % 40, seed);
    for (float &x : row)
      x = seed % 3 == 0 ? std::round(x) : seed % 3 == 1 ? x * 1e-20f : x;
    EXPECT_EQ(likeliest(row.data(), int64_t(row.size())), likeliest(Likelihoods(row.data(), int64_t(row.size()))));
  }
}

TEST(Choose, NumbersThatDifferByLessThanLikelihoodsAreTies) {
  Row row = {0, 1e-30f};
  EXPECT_EQ(likeliest(row.data(), 2), 0);
  row = {0, 1e-3f};
  EXPECT_EQ(likeliest(row.data(), 2), 1);
}

//===--- Draws -------------------------------------------------------------------------------------------------===//

/// By the cumulative distribution of what is left.
int64_t expectedDraw(const Row &row, double temperature, int64_t best, double uniform) {
  std::vector<double> all = logProbabilities(row);
  std::vector<int64_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return row[a] > row[b]; });
  if (best > 0 && best < int64_t(order.size()))
    order.resize(best);
  std::sort(order.begin(), order.end());
  double most = *std::max_element(all.begin(), all.end()), sum = 0;
  for (int64_t token : order)
    sum += std::exp((all[token] - most) / temperature);
  double at = 0;
  for (int64_t token : order)
    if ((at += std::exp((all[token] - most) / temperature)) > uniform * sum)
      return token;
  return order.back();
}

TEST(Choose, DrawsFollowTheSharpenedProbabilities) {
  int differences = 0, draws = 0;
  for (unsigned seed = 0; seed < 40; ++seed)
    for (double temperature : {0.3, 1.0, 2.5})
      for (int64_t best : {0, 1, 3, 1000})
        for (double uniform : {0.0, 0.1, 0.5, 0.77, 0.999999}) {
          Row row = randomRow(2 + seed, seed);
          differences += drawn(row, temperature, best, uniform) != expectedDraw(row, temperature, best, uniform);
          ++draws;
        }
  EXPECT_LE(differences, draws / 1000); // a point may fall on a border
}

TEST(Choose, OneTokenToDrawFromIsTheLikeliest) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    Row row = randomRow(12, seed);
    for (float &x : row)
      x = std::round(x); // with ties
    for (double uniform : {0.0, 0.5, 0.9999999})
      EXPECT_EQ(drawn(row, 1.5, 1, uniform), likeliest(row.data(), int64_t(row.size())));
  }
}

TEST(Choose, TiesAtTheEdgeOfTheBestGoToTheSmallerTokens) {
  Row row = {1, 2, 1, 2, 1, 1};
  std::map<int64_t, int> counts;
  for (int i = 0; i < 100; ++i)
    ++counts[drawn(row, 1, 4, i / 100.0)];
  EXPECT_EQ(counts.size(), 4u); // both 2s, and the first two 1s
  EXPECT_TRUE(counts[0] && counts[1] && counts[2] && counts[3]);
}

TEST(Choose, TemperatureTakesDrawsToTheLikeliestOrToAll) {
  Row row = {0, 1, 4, 2};
  std::map<int64_t, int> cold, hot;
  for (int i = 0; i < 1000; ++i) {
    ++cold[drawn(row, 1e-6, 0, i / 1000.0)];
    ++hot[drawn(row, 1e9, 0, i / 1000.0)];
  }
  EXPECT_EQ(cold.size(), 1u);
  EXPECT_EQ(cold[2], 1000);
  for (int64_t token = 0; token < 4; ++token)
    EXPECT_NEAR(hot[token], 250, 2);
  EXPECT_EQ(drawn({0, 1, 4, 4}, std::numeric_limits<double>::denorm_min(), 0, 0.7), 3); // two that are equal
}

TEST(Choose, WhatIsImpossibleIsNeverDrawn) {
  Row row = {-inf, 1, -inf, 1};
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(drawn(row, 1, 0, i / 100.0) % 2, 1);
  EXPECT_EQ(drawn({-inf, -inf}, 1, 0, 0.9), 0);
  EXPECT_EQ(drawn({1, nan}, 1, 0, 0.9), 0);
}

//===--- Beams -------------------------------------------------------------------------------------------------===//

/// A beam search over fixed numbers: those of a step hang on what came before by its hash alone.
struct Search {
  int64_t tokens, stop, limit;
  double penalty;
  std::function<Row(const std::vector<int32_t> &)> numbers;

  struct Found {
    double score, rank;
    std::vector<int32_t> tokens;
  };

  std::vector<Found> run(int64_t width) const {
    std::vector<Hypothesis> now(1), next(width);
    std::vector<int32_t> rows(limit), nextRows(width * limit);
    std::vector<Candidate> best(width);
    for (int64_t step = 0; step < limit; ++step) {
      Beam beam(best.data(), width, now.data(), rows.data(), limit, stop);
      for (size_t j = 0; j < now.size(); ++j) {
        Row row = numbers({rows.begin() + int64_t(j) * limit, rows.begin() + int64_t(j) * limit + now[j].length});
        beam.add(int32_t(j), row.data(), tokens, penalty);
      }
      std::fill(nextRows.begin(), nextRows.end(), 0);
      for (int64_t j = 0; j < beam.size(); ++j) {
        Hypothesis one = now[beam[j].parent];
        std::copy_n(rows.begin() + beam[j].parent * limit, one.length, nextRows.begin() + j * limit);
        if (beam[j].token >= 0) {
          one.score = beam[j].score;
          one.stopped = beam[j].token == stop;
          if (!one.stopped)
            nextRows[j * limit + one.length++] = beam[j].token;
        }
        next[j] = one;
      }
      now.assign(next.begin(), next.begin() + beam.size());
      rows = nextRows;
    }
    std::vector<Found> all;
    for (size_t j = 0; j < now.size(); ++j) {
      int64_t length = now[j].length + now[j].stopped;
      all.push_back({now[j].score,
                     penalty == 0 ? now[j].score : now[j].score / std::pow(length, penalty),
                     {rows.begin() + int64_t(j) * limit, rows.begin() + int64_t(j) * limit + now[j].length}});
    }
    return all;
  }

  /// All sequences there are.
  std::vector<Found> exhaustive() const {
    std::vector<Found> all;
    std::function<void(std::vector<int32_t>, double)> grow = [&](std::vector<int32_t> so, double score) {
      auto add = [&](double score, int64_t length) {
        all.push_back({score, penalty == 0 ? score : score / std::pow(length, penalty), so});
      };
      if (int64_t(so.size()) == limit)
        return add(score, limit);
      std::vector<double> next = logProbabilities(numbers(so));
      for (int32_t token = 0; token < tokens; ++token) {
        if (token == stop) {
          add(score + next[token], int64_t(so.size()) + 1);
          continue;
        }
        std::vector<int32_t> longer = so;
        longer.push_back(token);
        grow(longer, score + next[token]);
      }
    };
    grow({}, 0);
    std::stable_sort(all.begin(), all.end(), [](const Found &a, const Found &b) { return a.rank > b.rank; });
    return all;
  }
};

Row numbersBehind(const std::vector<int32_t> &tokens, int64_t count) {
  unsigned seed = 17;
  for (int32_t token : tokens)
    seed = seed * 31 + unsigned(token) + 1;
  return randomRow(size_t(count), seed, 2);
}

TEST(Choose, AWideBeamFindsAllSequencesInOrder) {
  for (double penalty : {0.0, 0.7, 1.5, -0.5}) {
    Search search{3, 2, 4, penalty, [](const std::vector<int32_t> &so) { return numbersBehind(so, 3); }};
    auto all = search.exhaustive(), found = search.run(200);
    ASSERT_EQ(found.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(found[i].tokens, all[i].tokens) << "penalty " << penalty << ", place " << i;
      EXPECT_NEAR(found[i].score, all[i].score, 1e-12);
    }
  }
}

TEST(Choose, ANarrowBeamKeepsTheBestPrefixes) {
  Search search{5, -1, 3, 0, [](const std::vector<int32_t> &so) { return numbersBehind(so, 5); }};
  // By hand: the four best prefixes of each length among those that go on from the four best before.
  std::vector<Search::Found> now = {{0, 0, {}}};
  for (int step = 0; step < 3; ++step) {
    std::vector<Search::Found> longer;
    for (const auto &one : now) {
      std::vector<double> next = logProbabilities(search.numbers(one.tokens));
      for (int32_t token = 0; token < 5; ++token) {
        longer.push_back({one.score + next[token], 0, one.tokens});
        longer.back().tokens.push_back(token);
      }
    }
    std::sort(longer.begin(), longer.end(), [](const auto &a, const auto &b) { return a.score > b.score; });
    longer.resize(4);
    now = longer;
  }
  auto found = search.run(4);
  ASSERT_EQ(found.size(), 4u);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(found[i].tokens, now[i].tokens);
}

TEST(Choose, OneBeamIsTheLikeliestAgainAndAgain) {
  Search search{6, 5, 10, 0, [](const std::vector<int32_t> &so) { return numbersBehind(so, 6); }};
  std::vector<int32_t> expected;
  while (expected.size() < 10) {
    Row row = search.numbers(expected);
    int64_t token = likeliest(row.data(), 6);
    if (token == 5)
      break;
    expected.push_back(int32_t(token));
  }
  EXPECT_EQ(search.run(1)[0].tokens, expected);
}

TEST(Choose, EqualBeamsAreInTheOrderOfDictionaries) {
  // Length 1 under a penalty of 1 is the same mean for all.
  Search search{3, 1, 4, 1, [](const std::vector<int32_t> &) { return Row{0, 0, 0}; }};
  auto found = search.run(3);
  EXPECT_EQ(found[0].tokens, (std::vector<int32_t>{0, 0, 0, 0}));
  EXPECT_EQ(found[1].tokens, (std::vector<int32_t>{0, 0, 0})); // and 1, which stops
  EXPECT_EQ(found[2].tokens, (std::vector<int32_t>{0, 0, 0, 2}));
}

TEST(Choose, NoNumberIsBelowEveryNumber) {
  EXPECT_TRUE(isAbove(-inf, nan));
  EXPECT_FALSE(isAbove(nan, -inf));
  EXPECT_FALSE(isAbove(nan, nan));
  // A hypothesis whose numbers are none comes behind those that have some.
  Hypothesis parents[2];
  int32_t tokens[2] = {0, 1};
  parents[0].length = parents[1].length = 1;
  Candidate best[3];
  Beam beam(best, 3, parents, tokens, 1, -1);
  Row none = {nan, 1}, some = {-inf, -3};
  beam.add(0, none.data(), 2, 0);
  beam.add(1, some.data(), 2, 0);
  ASSERT_EQ(beam.size(), 3);
  EXPECT_EQ(beam[0].parent, 1);
  EXPECT_EQ(beam[0].token, 1);
  EXPECT_EQ(beam[1].parent, 1);
  EXPECT_EQ(beam[1].token, 0); // impossible, but known to be
  EXPECT_EQ(beam[2].parent, 0);
  EXPECT_EQ(beam[2].token, 0);
}

} // namespace
