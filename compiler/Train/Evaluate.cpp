#include "compiler/Train/Evaluate.h"
#include "llvm/ADT/STLExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace rondo::train {

void Means::add(ArrayRef<reference::LossValue> losses) {
  if (names.empty())
    for (const reference::LossValue &loss : losses)
      names.push_back(loss.name);
  sums.resize(names.size());
  for (auto [sum, loss] : zip_equal(sums, losses)) {
    sum.weighted += loss.value * double(loss.ticks);
    sum.ticks += double(loss.ticks);
    sum.plain += loss.value;
    ++sum.batches;
  }
}

std::vector<Means::Mean> Means::all() const {
  std::vector<Mean> means;
  for (const auto &[name, sum] : zip_equal(names, sums))
    means.push_back(
        {name, sum.ticks ? sum.weighted / sum.ticks : sum.plain / sum.batches, is_contained(measures, name)});
  return means;
}

double Means::total() const {
  double all = 0;
  for (const Mean &mean : this->all())
    all += mean.isMeasure ? 0 : mean.value;
  return all;
}

bool Means::isOfNothing() const {
  return all_of(zip_equal(names, sums), [&](const auto &of) {
    const auto &[name, sum] = of;
    return is_contained(measures, name) || (sum.ticks == 0 && sum.plain == 0);
  });
}

std::vector<double> Means::ofMeasures() const {
  std::vector<double> values;
  for (const Mean &mean : all())
    if (mean.isMeasure)
      values.push_back(mean.value);
  return values;
}

std::string Means::measuresText() const {
  std::string text;
  for (const Mean &mean : all())
    if (mean.isMeasure)
      text += fmt::format(", {} {:.4g}", mean.name, mean.value);
  return text;
}

Expected<Means> evaluate(Gradients &model, const float *parameters, const Dataset &data, ArrayRef<Samples> batches,
                         uint64_t seed, const std::vector<std::string> &measures) {
  Means means(measures);
  for (const Samples &samples : batches) {
    auto losses = model.compute(parameters, nullptr, data.take(samples), seed);
    if (!losses)
      return losses.takeError();
    means.add(*losses);
  }
  return means;
}

Error nothingCounts(const std::string &what) {
  return run::failure(what +
                      " counts for a loss: of a sample of one row `next` leaves none, of a mask that is never true "
                      "nothing");
}

} // namespace rondo::train
