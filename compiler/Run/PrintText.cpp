#include "compiler/Run/Print.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

using namespace llvm;
using rondo::reference::Stream;

namespace rondo::run {

std::string describeShape(ArrayRef<int64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

std::string groupDigits(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = int64_t(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(size_t(at), " ");
  return digits;
}

namespace {

/// One layout for all reals of an excerpt, so that their points stand under one another.
class RealLayout {
public:
  explicit RealLayout(ArrayRef<double> values) {
    double largest = 0;
    for (double value : values)
      if (std::isfinite(value))
        largest = std::max(largest, std::fabs(value));
    scientific = largest >= 1e6 || (largest > 0 && largest < 1e-3);
    whole = largest < 1 ? 1 : 1 + int(std::log10(std::min(largest, 1e6)));
  }
  int width() const { return scientific ? 12 : whole + 7; } // sign, whole part, point, five digits
  std::string text(double value) const {
    if (!std::isfinite(value))
      return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    if (value == 0)
      value = 0; // no "-0"
    return scientific ? fmt::format("{:.4e}", value) : fmt::format("{:.5f}", value);
  }

private:
  bool scientific = false;
  int whole = 1;
};

/// Which of `count` things are shown: the first and last ones, -1 for the gap between.
std::vector<int64_t> excerpt(int64_t count, int64_t first, int64_t last) {
  std::vector<int64_t> shown;
  for (int64_t i = 0; i < count; ++i) {
    if (count > first + last + 1 && i == first) {
      shown.push_back(-1);
      i = count - last;
    }
    shown.push_back(i);
  }
  return shown;
}

} // namespace

void printRows(const Array &rows, ArrayRef<std::string> labels, unsigned indent, raw_ostream &os) {
  int64_t count = rows.shape[0];
  int64_t width = elementCount(ArrayRef<int64_t>(rows.shape).drop_front());
  std::vector<int64_t> lines = excerpt(count, 5, 2), columns = excerpt(width, 6, 1);
  std::vector<double> reals;
  size_t labelWidth = 0, numberWidth = 1;
  for (int64_t line : lines) {
    if (line < 0)
      continue;
    labelWidth = std::max(labelWidth, labels[line].size());
    for (int64_t column : columns) {
      if (column < 0)
        continue;
      if (rows.isReal)
        reals.push_back(rows.reals[line * width + column]);
      else
        numberWidth = std::max(numberWidth, std::to_string(rows.ints[line * width + column]).size());
    }
  }
  RealLayout layout(reals);
  for (int64_t line : lines) {
    os.indent(indent);
    if (line < 0) {
      os << fmt::format("{:>{}}\n", "...", labelWidth);
      continue;
    }
    os << fmt::format("{:>{}}", labels[line], labelWidth);
    for (int64_t column : columns) {
      if (column < 0)
        os << "  ...";
      else if (rows.isReal)
        os << fmt::format(" {:>{}}", layout.text(rows.reals[line * width + column]), layout.width());
      else
        os << fmt::format("  {:>{}}", rows.ints[line * width + column], numberWidth);
    }
    os << '\n';
  }
}

namespace {

class TextPrinter {
public:
  TextPrinter(const RunReport &report, raw_ostream &os) : report(report), os(os) {}

  void print() {
    head();
    parameters();
    batch();
    clocks();
    for (const dsl::Output &output : report.model.outputs)
      this->output(output);
    losses();
  }

private:
  void head() {
    const dsl::Model &model = report.model;
    os << "model " << model.name;
    for (size_t i = 0; i < model.sizes.size(); ++i)
      os << (i ? ", " : " (") << model.sizes[i].first << " = " << model.sizes[i].second
         << (i + 1 == model.sizes.size() ? ")" : "");
    os << (model.training ? ", training" : "") << ", " << (report.fp64 ? "fp64" : "fp32") << "\n";
  }

  void parameters() {
    int64_t total = 0;
    size_t width = 0;
    for (const auto &[path, value] : report.params) {
      total += elementCount(value.shape);
      width = std::max(width, path.size());
    }
    os << "\nparameters: " << groupDigits(total) << " in " << report.params.size();
    if (!report.params.empty())
      os << (report.paramsFrom.empty() ? fmt::format(", from seed {}", report.seed) : ", from " + report.paramsFrom);
    os << '\n';
    for (const auto &[path, value] : report.params)
      os << fmt::format("  {:<{}}  {}\n", path, width, describeShape(value.shape));
  }

  void batch() {
    const reference::Batch &batch = report.batch;
    os << "\nbatch: " << batch.samples << (batch.samples == 1 ? " sample" : " samples") << '\n';
    size_t width = 0;
    for (const dsl::Input &input : report.model.inputs)
      width = std::max(width, input.name.size());
    for (const dsl::Input &input : report.model.inputs) {
      os << fmt::format("  {:<{}} : {} on {}, rows", input.name, width, dsl::describe(input.type, report.model),
                        dsl::describe(input.clock, report.model));
      perSample([&](int64_t s) { return batch.inputs.at(input.name)[s].shape[0]; });
    }
  }

  /// " 8, 5" and the line's end; the middle of a large batch is left out.
  void perSample(function_ref<int64_t(int64_t)> number) {
    bool first = true;
    for (int64_t s : excerpt(report.batch.samples, 8, 2)) {
      os << (first ? " " : ", ") << (s < 0 ? "..." : std::to_string(number(s)));
      first = false;
    }
    os << '\n';
  }

  /// Every clock on which something named ticks, in order of appearance.
  void clocks() {
    std::vector<const Stream *> seen;
    size_t width = 0;
    auto add = [&](const Stream &stream) {
      for (const Stream *other : seen)
        if (other->clock == stream.clock && other->ticks == stream.ticks)
          return;
      if (!stream.clock.empty()) {
        seen.push_back(&stream);
        width = std::max(width, stream.clock.size());
      }
    };
    for (const Stream &stream : report.equations)
      add(stream);
    for (const dsl::Output &output : report.model.outputs)
      if (auto it = report.result.outputs.find(output.name); it != report.result.outputs.end())
        add(it->second);
    if (seen.empty())
      return;
    os << "\nclocks, ticks in each sample:\n";
    for (const Stream *stream : seen) {
      os << fmt::format("  {:<{}} ", stream->clock, width);
      perSample([&](int64_t s) { return int64_t(stream->ticks[s].size()); });
    }
  }

  void output(const dsl::Output &output) {
    auto it = report.result.outputs.find(output.name);
    if (it == report.result.outputs.end())
      return;
    const Stream &stream = it->second;
    const dsl::Node &node = report.model.nodes[output.node];
    os << "\noutput " << output.name << " : " << dsl::describe(node.type, report.model);
    if (node.clock)
      os << " on " << dsl::describe(node.clock, report.model);
    printMean(stream, node);
    os << '\n';
    for (int64_t s : excerpt(int64_t(stream.rows.size()), 3, 1)) {
      if (s < 0) {
        os << "  ...\n";
        continue;
      }
      Array rows = stream.rows[s];
      if (!node.clock) // one value, no axis of rows
        rows.shape.insert(rows.shape.begin(), 1);
      if (report.batch.samples > 1 && node.clock)
        os << "  sample " << s << ":" << (rows.shape[0] == 0 ? " nothing" : "") << '\n';
      printRows(rows, rowLabels(stream, s, rows.shape[0]), report.batch.samples > 1 && node.clock ? 4 : 2, os);
    }
  }

  /// Of a measure, one real a tick, what it is in all: its mean over the ticks of all samples.
  void printMean(const Stream &stream, const dsl::Node &node) {
    if (!node.clock || node.type.elem != dsl::Elem::Real || !node.type.dims.empty())
      return;
    double sum = 0;
    int64_t ticks = 0;
    for (const Array &rows : stream.rows) {
      sum = std::accumulate(rows.reals.begin(), rows.reals.end(), sum);
      ticks += int64_t(rows.reals.size());
    }
    if (ticks > 0)
      os << fmt::format(", mean {:.6g} over {}", sum / double(ticks), ticks) << (ticks == 1 ? " tick" : " ticks");
  }

  /// The base tick of each row; of a ragged value the tick and the row at it: "3.0", "3.1".
  static std::vector<std::string> rowLabels(const Stream &stream, size_t sample, int64_t rows) {
    std::vector<std::string> labels;
    bool ragged = sample < stream.counts.size() && !stream.axisClocks.empty();
    if (sample < stream.ticks.size())
      for (size_t i = 0; i < stream.ticks[sample].size(); ++i) {
        std::string tick = std::to_string(stream.ticks[sample][i]);
        if (!ragged)
          labels.push_back(tick);
        for (int64_t row = 0; ragged && row < stream.counts[sample][i]; ++row)
          labels.push_back(tick + "." + std::to_string(row));
      }
    labels.resize(size_t(rows));
    return labels;
  }

  void losses() {
    if (report.result.losses.empty())
      return;
    os << "\nlosses:\n";
    size_t width = 0;
    double sum = 0;
    for (const reference::LossValue &loss : report.result.losses)
      width = std::max(width, loss.name.size());
    for (const reference::LossValue &loss : report.result.losses) {
      sum += loss.value;
      os << fmt::format("  {:<{}}  {:.6g}", loss.name, width, loss.value);
      if (loss.ticks)
        os << ", mean over " << loss.ticks << (loss.ticks == 1 ? " tick" : " ticks");
      os << '\n';
    }
    if (report.result.losses.size() > 1)
      os << fmt::format("  {:<{}}  {:.6g}\n", "all", width, sum);
  }

  const RunReport &report;
  raw_ostream &os;
};

} // namespace

void printText(const RunReport &report, raw_ostream &os) { TextPrinter(report, os).print(); }

} // namespace rondo::run
