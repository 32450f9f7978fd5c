// The ragged structure of batches: from the offsets in a file, and made up.
#include "compiler/Run/Structure.h"
#include <gtest/gtest.h>

using namespace rondo;
using namespace rondo::run;

namespace {

/// word in sentence in section.
struct Words {
  dsl::Clock sample, section, sentence, word;
  Chain chain;
  Words() {
    sample.kind = dsl::Clock::Kind::Sample;
    auto axis = [](dsl::Clock &clock, const char *name, const dsl::Clock &parent) {
      clock.kind = dsl::Clock::Kind::Axis;
      clock.name = name;
      clock.parent = &parent;
    };
    axis(section, "section", sample);
    axis(sentence, "sentence", section);
    axis(word, "word", sentence);
    chain.axes = {&word, &sentence, &section};
  }
};

using Lists = std::vector<std::pair<std::string, std::vector<int64_t>>>;

llvm::Expected<std::vector<Cuts>> read(const Chain &chain, const Lists &lists) {
  SafetensorsWriter writer;
  for (const auto &[name, values] : lists)
    writer.addInts(name, DType::I64, {values.size()}, values.data());
  std::string bytes = writer.bytes(), error;
  auto file = SafetensorsFile::parse(bytes.data(), bytes.size(), error);
  return cutsFromFile(*file, chain, "f");
}

std::string refusal(const Chain &chain, const Lists &lists) {
  auto cuts = read(chain, lists);
  EXPECT_FALSE(bool(cuts));
  return llvm::toString(cuts.takeError());
}

TEST(Structure, OffsetsCutRowsIntoSegmentsAndSamples) {
  Words words;
  // Sample 0: section [[2 words], []] and section [[3 words]]; sample 1: nothing; sample 2: section [[1 word]].
  auto cuts =
      read(words.chain,
           {{"word.offsets", {0, 2, 2, 5, 6}}, {"sentence.offsets", {0, 2, 3, 4}}, {"section.offsets", {0, 2, 2, 3}}});
  ASSERT_TRUE(bool(cuts)) << llvm::toString(cuts.takeError());
  ASSERT_EQ(cuts->size(), 3u);
  EXPECT_EQ((*cuts)[0].rows, (std::vector<int64_t>{5, 3, 2}));
  EXPECT_EQ(*(*cuts)[0].offsets[1], (std::vector<int64_t>{0, 2, 2, 5}));
  EXPECT_EQ(*(*cuts)[0].offsets[2], (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ((*cuts)[1].rows, (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(*(*cuts)[1].offsets[1], std::vector<int64_t>{0});
  EXPECT_EQ(*(*cuts)[2].offsets[1], (std::vector<int64_t>{0, 1}));
}

TEST(Structure, WithoutTheOutermostOffsetsThereIsOneSample) {
  Words words;
  auto cuts = read(words.chain, {{"word.offsets", {0, 2, 5}}});
  ASSERT_TRUE(bool(cuts)) << llvm::toString(cuts.takeError());
  ASSERT_EQ(cuts->size(), 1u);
  EXPECT_EQ((*cuts)[0].rows, (std::vector<int64_t>{5, 2, -1}));
  EXPECT_TRUE(read(words.chain, {})->empty());
}

TEST(Structure, OffsetsMustFitOneAnother) {
  Words words;
  EXPECT_EQ(
      refusal(words.chain, {{"word.offsets", {0, 2, 5}}, {"sentence.offsets", {0, 3}}, {"section.offsets", {0, 1}}}),
      "f: 'word.offsets' has 3 numbers, where 'sentence' has 3 rows: expected one number more");
  EXPECT_EQ(refusal(words.chain, {{"word.offsets", {0, 2, 5}}, {"section.offsets", {0, 1}}}),
            "f: has 'word.offsets' but not 'sentence.offsets'");
  EXPECT_EQ(refusal(words.chain, {{"word.offsets", {1, 2}}}), "f: 'word.offsets' must start at 0 and never decrease");
  EXPECT_EQ(refusal(words.chain, {{"word.offsets", {}}}), "f: 'word.offsets' must be a list of whole numbers");
}

TEST(Structure, WhatIsUnknownIsMadeToFit) {
  Words words;
  Making how;
  for (how.seed = 0; how.seed < 50; ++how.seed) {
    how.irregular = how.seed % 2;
    Cuts cuts(3);
    cuts.rows[1] = 4; // four sentences; words and sections are free
    ASSERT_FALSE(bool(complete(cuts, words.chain, 0, how)));
    for (size_t axis : {1, 2}) {
      const std::vector<int64_t> &offsets = *cuts.offsets[axis];
      EXPECT_EQ(offsets.front(), 0);
      EXPECT_TRUE(llvm::is_sorted(offsets));
      EXPECT_EQ(offsets.back(), cuts.rows[axis - 1]);
      EXPECT_EQ(int64_t(offsets.size()), cuts.rows[axis] + 1);
    }
    EXPECT_EQ(cuts.rows[1], 4);
  }
  Cuts known(3);
  known.rows = {7, 3, 3};
  ASSERT_FALSE(bool(complete(known, words.chain, 0, how)));
  for (size_t k = 0; k < 3; ++k) // as many rows as segments, or more: none is empty
    EXPECT_LT((*known.offsets[1])[k], (*known.offsets[1])[k + 1]);
  Cuts impossible(3);
  impossible.rows = {7, 0, -1};
  EXPECT_EQ(llvm::toString(complete(impossible, words.chain, 2, how)),
            "sample 2 has 7 rows on 'word', but none on 'sentence' that they could belong to");
}

TEST(Structure, DrawsDependOnNameAndPlaceAlone) {
  EXPECT_EQ(Draw(1, "x").bits(5), Draw(1, "x").bits(5));
  EXPECT_NE(Draw(1, "x").bits(5), Draw(1, "y").bits(5));
  EXPECT_NE(Draw(1, "x").bits(5), Draw(2, "x").bits(5));
  double sum = 0;
  for (uint64_t i = 0; i < 10000; ++i) {
    double value = Draw(0, "mean").real(i);
    EXPECT_EQ(value, double(float(value)));
    EXPECT_TRUE(value >= -1 && value < 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0, 0.03);
}

} // namespace
