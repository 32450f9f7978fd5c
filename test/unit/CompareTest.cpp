// What `rondo verify` calls a difference.
#include "compiler/Run/Compare.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace rondo::run;

namespace {

Array column(std::vector<double> values) {
  Array array = makeArray({int64_t(values.size())}, true);
  array.reals = std::move(values);
  return array;
}

TEST(Compare, KeepsTheLargestDifferenceAndItsPlace) {
  Comparison comparison("p", 1e-3);
  comparison.rows("y", 1, {0, 4, 8}, column({1, 2, 1000}), {0, 4, 8}, column({1.0001, 2, 1000.5}));
  EXPECT_EQ(comparison.property.status, Property::Status::Holds);
  EXPECT_NEAR(comparison.property.difference, 5e-4, 1e-9); // relative to the large number
  EXPECT_EQ(comparison.property.where, "output y, sample 1, tick 8");
  comparison.rows("z", 0, {3}, column({1}), {3}, column({2}));
  EXPECT_EQ(comparison.property.status, Property::Status::Fails);
  EXPECT_EQ(comparison.property.where, "output z, sample 0, tick 3");
}

TEST(Compare, TicksAtOtherTimesFail) {
  Comparison comparison("p", 1);
  comparison.rows("y", 0, {0, 1}, column({1, 2}), {0, 2}, column({1, 2}));
  EXPECT_EQ(comparison.property.status, Property::Status::Fails);
  EXPECT_EQ(comparison.property.note, "output y, sample 0: ticks at other times");
}

TEST(Compare, InfinitiesAndNaNs) {
  Comparison same("p", 0);
  same.numbers(HUGE_VAL, HUGE_VAL, "");
  same.numbers(std::nan(""), std::nan(""), "");
  EXPECT_EQ(same.property.status, Property::Status::Holds);
  for (auto [a, b] : {std::make_pair(HUGE_VAL, 1.0),
                      {1.0, HUGE_VAL},
                      {std::nan(""), 1.0},
                      {1.0, std::nan("")},
                      {HUGE_VAL, -HUGE_VAL}}) {
    Comparison other("p", 1);
    other.numbers(a, b, "here");
    EXPECT_EQ(other.property.status, Property::Status::Fails) << a << " " << b;
    EXPECT_EQ(other.property.difference, HUGE_VAL);
  }
}

} // namespace
