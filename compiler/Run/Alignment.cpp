#include "compiler/Run/Alignment.h"
#include "compiler/Run/Svg.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::run {

namespace {

/// What the ticks of a clock are called: the tokens of an input on it, if there are as many.
std::vector<std::string> namesOn(const dsl::Clock *clock, const dsl::Model &model, const reference::Batch &batch,
                                 const TokenTexts &texts, int64_t sample, size_t count) {
  std::vector<std::string> names;
  for (const dsl::Input &input : model.inputs) {
    if (input.clock != clock || input.type.elem != dsl::Elem::Token || !input.type.dims.empty())
      continue;
    const std::vector<int64_t> &tokens = batch.inputs.at(input.name)[sample].ints;
    if (tokens.size() != count)
      continue;
    for (int64_t token : tokens)
      names.push_back(tokenText(texts, input, token));
    return names;
  }
  for (size_t i = 0; i < count; ++i)
    names.push_back(std::to_string(i));
  return names;
}

} // namespace

Expected<Alignment> alignmentOf(const dsl::Model &model, const reference::Batch &batch, const reference::Result &result,
                                const TokenTexts &texts, StringRef name, int64_t sample) {
  auto output = find_if(model.outputs, [&](const dsl::Output &other) { return other.name == name; });
  if (output == model.outputs.end())
    return failure("model '" + model.name + "' has no output '" + name + "' to draw");
  const dsl::Node &node = model.nodes[output->node];
  if (!node.clock || node.type.elem != dsl::Elem::Real || node.type.dims.size() != 1)
    return failure("output '" + name + "' has no row of numbers at each tick, as the weights of an attention have");
  const reference::Stream &stream = result.outputs.at(output->name);
  const dsl::ClockAxis *axis = node.type.dims[0].axis;
  size_t rows = stream.ticks[sample].size(), widest = 0;
  Alignment alignment;
  const std::vector<double> &numbers = stream.rows[sample].reals;
  size_t next = 0;
  for (size_t row = 0; row < rows; ++row) {
    size_t width = axis ? size_t(stream.counts[sample][row]) : size_t(node.type.dims[0].size);
    alignment.weights.emplace_back(numbers.begin() + int64_t(next), numbers.begin() + int64_t(next + width));
    next += width;
    widest = std::max(widest, width);
  }
  if (widest == 0)
    return failure("output '" + name + "' has nothing to draw in the first sample");
  alignment.title = model.name + ": " + output->name;
  alignment.rowAxis = dsl::describe(node.clock, model);
  alignment.columnAxis = axis ? dsl::describe(axis->collected, model) : "element";
  alignment.rowNames = namesOn(node.clock, model, batch, texts, sample, rows);
  // Only of a whole sample all rows mean the same ticks.
  bool isWhole = axis && axis->per->kind == dsl::Clock::Kind::Sample;
  alignment.columnNames = namesOn(isWhole ? axis->collected : nullptr, model, batch, texts, sample, widest);
  return alignment;
}

//===--- The picture -------------------------------------------------------------------------------------------===//

namespace {

const int margin = 24, charWidth = 8, titleHeight = 26, scaleWidth = 14;

/// White to dark blue, as light as a weight is small; the middle is clearly blue.
std::string colourOf(double share) {
  const double stops[][3] = {{255, 255, 255}, {107, 174, 214}, {8, 48, 107}};
  double at = std::min(std::max(share, 0.0), 1.0) * 2; // in stops
  int low = at >= 1 ? 1 : 0;
  unsigned parts[3];
  for (int k = 0; k < 3; ++k)
    parts[k] = unsigned(std::lround(stops[low][k] + (at - low) * (stops[low + 1][k] - stops[low][k])));
  return fmt::format("#{:02x}{:02x}{:02x}", parts[0], parts[1], parts[2]);
}

int longest(ArrayRef<std::string> names) {
  int most = 1;
  for (const std::string &name : names)
    most = std::max(most, lengthOf(name));
  return most;
}

} // namespace

void printAlignment(const Alignment &alignment, raw_ostream &os) {
  int columns = int(alignment.columnNames.size()), rows = int(alignment.rowNames.size());
  int most = std::max(columns, rows);
  int cell = most <= 40 ? 22 : most <= 80 ? 14 : 8;
  int every = cell >= 14 ? 1 : 5; // where there is little room, only some have their names
  int nameLength = longest(alignment.columnNames);
  bool isTurned = nameLength * charWidth > cell * every - 4;
  int left = margin + 20 + longest(alignment.rowNames) * charWidth + 8;
  int top = margin + titleHeight + 22 + (isTurned ? nameLength * charWidth : 14) + 8;
  int right = left + columns * cell, bottom = top + rows * cell;
  int scaleTop = top, scaleHeight = std::max(100, std::min(rows * cell, 160));
  int width = std::max(right + 28 + scaleWidth + 52, 2 * margin + lengthOf(alignment.title) * 9);
  int height = std::max(bottom, scaleTop + scaleHeight) + margin;

  double largest = 0;
  for (const std::vector<double> &row : alignment.weights)
    for (double weight : row)
      largest = std::max(largest, std::isfinite(weight) ? weight : 0);
  if (largest > 0.5 && largest <= 1)
    largest = 1; // weights that are shares of one
  if (largest == 0)
    largest = 1;

  os << fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n",
                    width, height)
     << "<style>\n"
        "text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #222 }\n"
        ".title { font: 600 15px system-ui, 'DejaVu Sans', sans-serif }\n"
        ".axis { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: #555 }\n"
        ".end { text-anchor: end } .middle { text-anchor: middle }\n"
        "</style>\n"
     << fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", width, height)
     << fmt::format("<text x=\"{}\" y=\"{}\" class=\"title\">{}</text>\n", margin, margin + 8,
                    escapeXml(alignment.title))
     << fmt::format("<text x=\"{}\" y=\"{}\" class=\"axis\">{} &#8594;</text>\n", left, margin + titleHeight + 12,
                    escapeXml(alignment.columnAxis))
     << fmt::format("<text transform=\"translate({} {}) rotate(-90)\" class=\"axis end\">&#8592; {}</text>\n",
                    margin + 8, top, escapeXml(alignment.rowAxis));

  for (int column = 0; column < columns; column += every) {
    int middle = left + column * cell + cell / 2;
    std::string place = isTurned ? fmt::format("transform=\"translate({} {}) rotate(-90)\"", middle + 4, top - 7)
                                 : fmt::format("x=\"{}\" y=\"{}\" class=\"middle\"", middle, top - 7);
    os << fmt::format("<text {}>{}</text>\n", place, escapeXml(alignment.columnNames[column]));
  }
  for (int row = 0; row < rows; ++row) {
    int y = top + row * cell;
    if (row % every == 0)
      os << fmt::format("<text x=\"{}\" y=\"{}\" class=\"end\">{}</text>\n", left - 8, y + cell / 2 + 4,
                        escapeXml(alignment.rowNames[row]));
    for (int column = 0; column < int(alignment.weights[row].size()); ++column) {
      double weight = alignment.weights[row][column];
      os << fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{} {}, {} {}: "
                        "{:.3g}</title></rect>\n",
                        left + column * cell, y, cell, cell, colourOf(weight / largest), escapeXml(alignment.rowAxis),
                        escapeXml(alignment.rowNames[row]), escapeXml(alignment.columnAxis),
                        escapeXml(alignment.columnNames[column]), weight);
    }
  }
  os << fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n", left, top,
                    right - left, bottom - top);

  // The scale, the largest weight above.
  const int steps = 20;
  int scaleLeft = right + 28;
  for (int step = 0; step < steps; ++step) {
    int from = scaleTop + step * scaleHeight / steps, to = scaleTop + (step + 1) * scaleHeight / steps;
    os << fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", scaleLeft, from, scaleWidth,
                      to - from, colourOf((steps - step - 0.5) / steps));
  }
  os << fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n", scaleLeft,
                    scaleTop, scaleWidth, scaleHeight);
  for (int part = 0; part <= 2; ++part)
    os << fmt::format("<text x=\"{}\" y=\"{}\">{:.2g}</text>\n", scaleLeft + scaleWidth + 6,
                      scaleTop + part * scaleHeight / 2 + 4, largest * (2 - part) / 2);
  os << "</svg>\n";
}

} // namespace rondo::run
