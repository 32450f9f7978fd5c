#include "compiler/Run/Chart.h"
#include "compiler/Run/Inputs.h"
#include "compiler/Run/Svg.h"
#include "dsl/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::run {

namespace {

const double left = 70, width = 600, height = 300, right = 30, entryHeight = 18;

std::vector<ChartPoint> thinned(const std::vector<ChartPoint> &all, size_t most) {
  std::vector<ChartPoint> points, out;
  copy_if(all, std::back_inserter(points), [](const ChartPoint &point) { return std::isfinite(point.y); });
  size_t count = std::min(points.size(), most);
  for (size_t k = 0; k < count; ++k) {
    size_t begin = k * points.size() / count, end = (k + 1) * points.size() / count;
    ChartPoint mean;
    for (size_t i = begin; i < end; ++i)
      mean.x += points[i].x, mean.y += points[i].y;
    out.push_back({mean.x / double(end - begin), mean.y / double(end - begin)});
  }
  return out;
}

/// 1, 2 or 5 times a power of ten, so that a span has about `parts` of it.
double niceStep(double span, int parts) {
  double rough = span / parts, power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power)
      return factor * power;
  return 10 * power;
}

class Picture {
public:
  explicit Picture(const Chart &chart) : chart(chart) {
    bool isFirst = true;
    for (const Chart::Line &line : chart.lines) {
      lines.push_back(thinned(line.points, 400));
      for (const ChartPoint &point : lines.back()) {
        low = isFirst ? point.y : std::min(low, point.y);
        high = isFirst ? point.y : std::max(high, point.y);
        last = std::max(last, point.x);
        isFirst = false;
      }
    }
    if (!(high > low))
      high = low + std::max(1e-9, std::fabs(low) * 1e-3); // a line in the picture also where nothing changes
    placeNames();
  }

  void print(raw_ostream &os) const {
    os << fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
                      "font-family=\"sans-serif\" font-size=\"12\">\n",
                      left + width + right, top + height + 50)
       << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
       << fmt::format("<text x=\"{}\" y=\"24\" font-size=\"15\" fill=\"#222222\">{}</text>\n", left,
                      escapeXml(chart.title));
    printAxes(os);
    for (size_t k = 0; k < lines.size(); ++k)
      printLine(k, os);
    os << "</svg>\n";
  }

private:
  double x(double at) const { return left + width * at / last; }
  double y(double at) const { return top + height * (high - at) / (high - low); }

  /// The names stand side by side under the title, as many as fit into a row.
  void placeNames() {
    double at = left, row = 44;
    for (const Chart::Line &line : chart.lines) {
      double size = 22 + 7.5 * double(line.name.size()) + 16;
      if (at > left && at + size > left + width) {
        at = left;
        row += entryHeight;
      }
      names.push_back({at, row});
      at += size;
    }
    top = row + 18;
  }

  void printAxes(raw_ostream &os) const {
    std::string labels;
    double stepUp = niceStep(high - low, 5), stepAside = std::max(1.0, niceStep(last, 6));
    os << "<g stroke=\"#dddddd\" fill=\"none\">\n";
    auto lowest = int64_t(std::ceil(low / stepUp)), highest = int64_t(std::floor(high / stepUp));
    for (int64_t line = lowest; line <= highest; ++line) {
      double value = double(line) * stepUp;
      os << fmt::format("<path d=\"M{} {:.1f}H{}\"/>\n", left, y(value), left + width);
      labels +=
          fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.6g}</text>\n", left - 8, y(value) + 4, value);
    }
    for (int64_t line = 0; double(line) * stepAside <= last; ++line) {
      double value = double(line) * stepAside;
      os << fmt::format("<path d=\"M{:.1f} {}V{}\"/>\n", x(value), top, top + height);
      labels += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(value),
                            top + height + 18, int64_t(value));
    }
    os << "</g>\n<g fill=\"#444444\">\n"
       << labels
       << fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n</g>\n", left + width / 2,
                      top + height + 38, escapeXml(chart.below));
  }

  void printLine(size_t k, raw_ostream &os) const {
    if (lines[k].empty())
      return;
    const char *colour = pictureColour(k);
    const char *pen = chart.lines[k].isBroad ? "stroke-width=\"5\" stroke-opacity=\"0.4\"" : "stroke-width=\"1.5\"";
    os << "<polyline fill=\"none\" stroke=\"" << colour << "\" " << pen << " points=\"";
    for (const ChartPoint &point : lines[k])
      os << fmt::format("{:.1f},{:.1f} ", x(point.x), y(point.y));
    os << "\"/>\n";
    if (lines[k].size() == 1) // a line of one point is none
      os << fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x(lines[k][0].x),
                        y(lines[k][0].y), colour);
    os << fmt::format("<path d=\"M{} {}h16\" stroke=\"{}\" {}/>\n", names[k].x, names[k].y - 4, colour, pen)
       << fmt::format("<text x=\"{}\" y=\"{}\" fill=\"#222222\">{}</text>\n", names[k].x + 22, names[k].y,
                      escapeXml(chart.lines[k].name));
  }

  const Chart &chart;
  std::vector<std::vector<ChartPoint>> lines;
  std::vector<ChartPoint> names; // where they stand in the picture
  double top = 0, last = 1, low = 0, high = 0;
};

/// The finest axis under a clock; empty: `sample`, or there is no clock.
StringRef baseOf(const std::vector<Chain> &chains, const dsl::Clock *clock) {
  while (clock && (clock->kind == dsl::Clock::Kind::Every || clock->kind == dsl::Clock::Kind::Event))
    clock = clock->parent;
  if (clock)
    for (const Chain &chain : chains)
      if (chain.find(clock->name) >= 0)
        return chain.axes[0]->name;
  return "";
}

double element(const Array &rows, int64_t at) { return rows.isReal ? rows.reals[at] : double(rows.ints[at]); }

} // namespace

void printChart(const Chart &chart, raw_ostream &os) { Picture(chart).print(os); }

Expected<Chart> chartOf(const dsl::Model &model, const reference::Batch &batch, const reference::Result &result,
                        ArrayRef<StringRef> names, int64_t sample) {
  auto chains = chainsOf(model);
  if (!chains)
    return chains.takeError();
  Chart chart;
  chart.title = model.name;
  for (StringRef name : names) {
    const dsl::Input *input = findInput(model, name);
    auto output = find_if(model.outputs, [&](const dsl::Output &known) { return known.name == name; });
    if (!input && output == model.outputs.end()) {
      std::vector<StringRef> known;
      for (const dsl::Input &other : model.inputs)
        known.push_back(other.name);
      for (const dsl::Output &other : model.outputs)
        known.push_back(other.name);
      return failure("model '" + model.name + "' has no input or output '" + name + "' (it has: " + join(known, ", ") +
                     ")");
    }
    bool isOutput = output != model.outputs.end();
    const dsl::Type &type = isOutput ? model.nodes[output->node].type : input->type;
    const dsl::Clock *clock = isOutput ? model.nodes[output->node].clock : input->clock;
    StringRef base = baseOf(*chains, clock);
    if (type.elem == dsl::Elem::Token || any_of(type.dims, [](const dsl::Dim &dim) { return dim.axis; }) ||
        base.empty() || (!isOutput && base != clock->name))
      return failure("'" + name + "' : " + dsl::describe(type, model) +
                     (clock ? " on " + dsl::describe(clock, model) : "") +
                     " cannot be plotted: lines are numbers at the ticks of an axis");
    if (!chart.below.empty() && chart.below != base)
      return failure("'" + name + "' ticks on '" + base + "', what is plotted beside it on '" + chart.below + "'");
    chart.below = base.str();
    const Array &rows = isOutput ? result.outputs.at(name.str()).rows[sample] : batch.inputs.at(name.str())[sample];
    int64_t elements = elementCount(rowShape(type));
    for (int64_t k = 0; k < elements; ++k) {
      Chart::Line line{type.dims.empty() ? name.str() : (name + "." + Twine(k)).str(), {}, /*isBroad=*/!isOutput};
      for (int64_t row = 0; row < rows.shape[0]; ++row) {
        int64_t tick = isOutput ? result.outputs.at(name.str()).ticks[sample][row] : row;
        line.points.push_back({double(tick), element(rows, row * elements + k)});
      }
      chart.lines.push_back(std::move(line));
    }
  }
  return chart;
}

} // namespace rondo::run
