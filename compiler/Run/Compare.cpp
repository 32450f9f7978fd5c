#include "compiler/Run/Compare.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cfloat>
#include <cmath>

namespace rondo::run {

void Comparison::numbers(double expected, double actual, const std::string &where) {
  if (expected == actual || (std::isnan(expected) && std::isnan(actual)))
    return;
  double distance = std::fabs(expected - actual) / scale.value_or(std::max(1.0, std::fabs(expected)));
  if (!(distance <= HUGE_VAL) || !std::isfinite(expected))
    distance = HUGE_VAL;
  if (distance <= property.difference)
    return;
  property.difference = distance;
  property.where = where;
  if (std::isfinite(expected) && std::fabs(expected) > FLT_MAX && !std::isfinite(actual))
    property.where += llvm::formatv(": {0:e1}, past what single precision holds", expected);
  if (distance > property.allowed)
    property.status = Property::Status::Fails;
}

void Comparison::include(const Property &found) {
  if (found.difference > property.difference) {
    property.difference = found.difference;
    property.where = found.where;
  }
  if (found.status == Property::Status::Fails)
    fails(found.note);
  else if (property.note.empty())
    property.note = found.note;
}

void Comparison::fails(const std::string &note) {
  property.status = Property::Status::Fails;
  if (property.note.empty())
    property.note = note;
}

void Comparison::failsByTicks(const std::string &note) {
  property.hasOtherTicks = true;
  fails(note);
}

void Comparison::rows(const std::string &output, int64_t sample, const std::vector<int64_t> &expectedTicks,
                      const Array &expected, const std::vector<int64_t> &actualTicks, const Array &actual) {
  std::string where = "output " + output + ", sample " + std::to_string(sample);
  if (expectedTicks != actualTicks || expected.shape != actual.shape)
    return failsByTicks(where + ": ticks at other times");
  int64_t rows = expected.shape.empty() ? 1 : expected.shape[0];
  if (rows == 0)
    return;
  int64_t width = elementCount(expected.shape) / rows;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < width; ++i) {
      int64_t at = row * width + i;
      double a = expected.isReal ? expected.reals[at] : double(expected.ints[at]);
      double b = actual.isReal ? actual.reals[at] : double(actual.ints[at]);
      if (a == b)
        continue;
      // Of a ragged value there are more rows than ticks.
      bool oneRowATick = rows == int64_t(expectedTicks.size());
      numbers(a, b,
              where + (oneRowATick ? ", tick " + std::to_string(expectedTicks[row]) : ", row " + std::to_string(row)) +
                  (width > 1 ? ", element " + std::to_string(i) : ""));
    }
}

void Comparison::samples(const reference::Stream &expected, int64_t expectedSample, const reference::Stream &actual,
                         int64_t actualSample) {
  if (expected.ticks.empty()) // no clock: one value for all samples
    return rows(expected.name, 0, {}, expected.rows[0], {}, actual.rows[0]);
  if (!expected.counts.empty() && expected.counts[expectedSample] != actual.counts[actualSample])
    return failsByTicks("output " + expected.name + ", sample " + std::to_string(expectedSample) +
                        ": other numbers of rows");
  rows(expected.name, expectedSample, expected.ticks[expectedSample], expected.rows[expectedSample],
       actual.ticks[actualSample], actual.rows[actualSample]);
}

void Comparison::losses(const reference::Result &expected, const reference::Result &actual, bool isRounded) {
  for (auto [loss, other] : llvm::zip_equal(expected.losses, actual.losses)) {
    std::string what = "loss " + loss.name;
    if (loss.ticks != other.ticks)
      failsByTicks(what + ": a mean over other ticks");
    if (isRounded)
      relativeTo(std::max(1.0, std::fabs(loss.value)));
    numbers(loss.value, other.value, what);
  }
}

void excuseEvents(Property &property, bool isRounding) {
  if (property.status != Property::Status::Fails)
    return;
  if (isRounding && property.hasOtherTicks) {
    property.status = Property::Status::Skipped;
    property.note = "rounding moves an event of this model, whose condition is a close call: " + property.note;
  } else {
    property.note += (property.note.empty() ? "" : "; ") +
                     std::string("an event may fall otherwise where its condition is a close call");
  }
}

} // namespace rondo::run
