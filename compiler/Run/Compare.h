// The largest difference between results.
#ifndef RONDO_RUN_COMPARE_H
#define RONDO_RUN_COMPARE_H

#include "compiler/Run/Verify.h"
#include <optional>

namespace rondo::run {

/// Collects differences into a property, which fails when one is over what is allowed.
class Comparison {
public:
  Comparison(std::string name, double allowed) {
    property.name = std::move(name);
    property.allowed = allowed;
  }

  /// From here on differences are relative to this; else to 1, and to the expected where that is larger.
  void relativeTo(double size) { scale = size; }

  /// Two numbers: their distance, for large ones relative to them; equal infinities and NaNs do not differ.
  void numbers(double expected, double actual, const std::string &where);
  /// Rows of one output in one sample, with the base ticks at which they stand.
  void rows(const std::string &output, int64_t sample, const std::vector<int64_t> &expectedTicks, const Array &expected,
            const std::vector<int64_t> &actualTicks, const Array &actual);
  /// A sample of one stream against a sample of another.
  void samples(const reference::Stream &expected, int64_t expectedSample, const reference::Stream &actual,
               int64_t actualSample);
  /// The values of losses, each a mean over as many ticks; rounded ones relative to their size.
  void losses(const reference::Result &expected, const reference::Result &actual, bool isRounded = false);
  /// What was found elsewhere, as far as it is worse.
  void include(const Property &found);
  /// Something that cannot be measured: the property fails.
  void fails(const std::string &note);
  /// The same, where there are values at other ticks.
  void failsByTicks(const std::string &note);

  Property property;

private:
  std::optional<double> scale;
};

/// Says of a failing property of rounded numbers, of a model with events, that one may have fallen otherwise; where
/// rounding alone does that to the model, the property says nothing.
void excuseEvents(Property &property, bool isRounding);

} // namespace rondo::run
#endif
