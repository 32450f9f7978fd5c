#include "compiler/Train/Evaluate.h"
#include "llvm/ADT/STLExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace rondo::train {

void Means::add(ArrayRef<reference::LossValue> losses) {
  if (sums.empty())
    for (const reference::LossValue &loss : losses)
      sums.push_back({loss.name, is_contained(measures, loss.name)});
  for (auto [sum, loss] : zip(sums, losses)) {
    sum.weighted += loss.value * double(loss.ticks);
    sum.ticks += loss.ticks;
    sum.plain += loss.value;
  }
  ++batches;
}

std::vector<Means::Mean> Means::all() const {
  std::vector<Mean> means;
  for (const Sum &sum : sums)
    means.push_back(
        {sum.name, sum.ticks ? sum.weighted / double(sum.ticks) : sum.plain / double(batches), sum.isMeasure});
  return means;
}

double Means::total() const {
  double all = 0;
  for (const Mean &mean : this->all())
    all += mean.isMeasure ? 0 : mean.value;
  return all;
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

Expected<Means> evaluate(Gradients &model, const float *parameters, const Dataset &data,
                         const std::vector<Samples> &batches, uint64_t seed, const std::vector<std::string> &measures) {
  Means means(measures);
  for (const Samples &samples : batches) {
    auto losses = model.compute(parameters, nullptr, data.take(samples), seed);
    if (!losses)
      return losses.takeError();
    means.add(*losses);
  }
  return means;
}

} // namespace rondo::train
