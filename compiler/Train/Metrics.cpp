#include "compiler/Train/Metrics.h"
#include "compiler/Run/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::train {

std::string Metrics::header() const {
  std::string out = "step,epoch,loss";
  for (const auto *list : {&names, &measures})
    for (const std::string &name : *list)
      out += "," + name;
  out += ",rate,norm,valid";
  for (const std::string &name : measures)
    out += ",valid." + name;
  return out;
}

void Metrics::print(const MetricsRow &row, raw_ostream &os) const {
  // The shortest digits that give the same number when they are read.
  os << fmt::format("{},{},{}", row.step, row.epoch, row.loss);
  if (!names.empty())
    for (double loss : row.losses)
      os << fmt::format(",{}", loss);
  for (double value : row.measures)
    os << fmt::format(",{}", value);
  os << fmt::format(",{},{},", row.rate, row.norm);
  if (row.valid)
    os << fmt::format("{}", *row.valid);
  for (size_t i = 0; i < measures.size(); ++i)
    os << (row.valid ? fmt::format(",{}", row.validMeasures[i]) : ",");
  os << '\n';
}

/// The fields of a line, one after another; each call takes those of so many numbers.
namespace {
class Fields {
public:
  explicit Fields(StringRef line) { line.split(fields, ','); }
  bool number(double &value) { return at < fields.size() && !fields[at++].getAsDouble(value); }
  bool count(int64_t &value) { return at < fields.size() && !fields[at++].getAsInteger(10, value); }
  bool numbers(size_t count, std::vector<double> &values) {
    values.resize(count);
    return llvm::all_of(values, [&](double &value) { return number(value); });
  }
  bool isEmpty() const { return at < fields.size() && fields[at].empty(); }
  bool skip(size_t count) { return (at += count) <= fields.size(); }
  bool isEnd() const { return at == fields.size(); }

private:
  SmallVector<StringRef> fields;
  size_t at = 0;
};
} // namespace

Error Metrics::readEarlier(int64_t upToStep) {
  auto text = run::readWhole(path);
  if (!text)
    return text.takeError();
  SmallVector<StringRef> lines;
  StringRef(*text).split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  if (lines.empty() || lines[0] != header())
    return run::failureIn(path, "its first line is not '" + header() + "'; it is of another model", 1);
  for (size_t i = 1; i < lines.size(); ++i) {
    Fields fields(lines[i]);
    MetricsRow row;
    bool good = fields.count(row.step) && fields.count(row.epoch) && fields.number(row.loss) &&
                fields.numbers(names.size(), row.losses) && fields.numbers(measures.size(), row.measures) &&
                fields.number(row.rate) && fields.number(row.norm);
    if (good && fields.isEmpty())
      good = fields.skip(1 + measures.size());
    else if (good)
      good = fields.number(row.valid.emplace()) && fields.numbers(measures.size(), row.validMeasures);
    good = good && fields.isEnd();
    if (good && row.step > upToStep)
      break;
    if (!good && i + 1 == lines.size())
      break; // the program ended while it was written
    if (!good)
      return run::failureIn(path, "the line is none that 'rondo train' writes", int64_t(i) + 1);
    all.push_back(std::move(row));
  }
  return Error::success();
}

Error Metrics::begin(std::vector<std::string> losses, std::vector<std::string> ofMeasures, int64_t upToStep) {
  if (losses.size() > 1)
    names = std::move(losses);
  measures = std::move(ofMeasures);
  if (upToStep > 0)
    if (Error error = readEarlier(upToStep))
      return error;
  Error written = run::writeWhole(path, [&](raw_ostream &os) {
    os << header() << '\n';
    for (const MetricsRow &row : all)
      print(row, os);
  });
  if (written)
    return written;
  std::error_code error;
  file = std::make_unique<raw_fd_ostream>(path, error, sys::fs::OF_Append);
  if (!error)
    return Error::success();
  file.reset();
  return run::failureIn(path, error.message());
}

void Metrics::add(MetricsRow row) {
  print(row, *file);
  all.push_back(std::move(row));
}

Error Metrics::flush() {
  file->flush();
  std::error_code error = file->error();
  file->clear_error();
  return error ? run::failureIn(path, error.message()) : Error::success();
}

//===--- The curve ---------------------------------------------------------------------------------------------===//

namespace {

struct Point {
  double step, loss;
};

/// At most so many points, each the mean of its neighbours.
std::vector<Point> thinned(const std::vector<Point> &points, size_t most) {
  std::vector<Point> out;
  size_t count = std::min(points.size(), most);
  for (size_t k = 0; k < count; ++k) {
    size_t begin = k * points.size() / count, end = (k + 1) * points.size() / count;
    Point mean{0, 0};
    for (size_t i = begin; i < end; ++i)
      mean.step += points[i].step, mean.loss += points[i].loss;
    out.push_back({mean.step / double(end - begin), mean.loss / double(end - begin)});
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

} // namespace

void printCurve(const std::vector<MetricsRow> &rows, StringRef title, raw_ostream &os) {
  const double left = 70, top = 44, width = 600, height = 300;
  std::vector<Point> train, valid;
  for (const MetricsRow &row : rows) {
    train.push_back({double(row.step), row.loss});
    if (row.valid)
      valid.push_back({double(row.step), *row.valid});
  }
  train = thinned(train, 400);
  valid = thinned(valid, 400);
  double first = 0, last = 1, low = 0, high = 0;
  bool isFirst = true;
  for (const auto *points : {&train, &valid})
    for (const Point &point : *points) {
      low = isFirst ? point.loss : std::min(low, point.loss);
      high = isFirst ? point.loss : std::max(high, point.loss);
      last = std::max(last, point.step);
      isFirst = false;
    }
  if (!(high > low))
    high = low + std::max(1e-9, std::fabs(low) * 1e-3); // a line in the picture also where nothing changes
  auto x = [&](double step) { return left + width * (step - first) / (last - first); };
  auto y = [&](double loss) { return top + height * (high - loss) / (high - low); };

  os << fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
                    "font-family=\"sans-serif\" font-size=\"12\">\n",
                    left + width + 30, top + height + 50);
  os << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"" << left
     << "\" y=\"24\" font-size=\"15\">";
  printHTMLEscaped(title, os);
  os << "</text>\n<g stroke=\"#dddddd\" fill=\"none\">\n";
  std::string labels;
  double stepOfLoss = niceStep(high - low, 5), stepOfSteps = std::max(1.0, niceStep(last - first, 6));
  auto lowest = int64_t(std::ceil(low / stepOfLoss)), highest = int64_t(std::floor(high / stepOfLoss));
  for (int64_t line = lowest; line <= highest; ++line) {
    double loss = double(line) * stepOfLoss;
    os << fmt::format("<path d=\"M{} {:.1f}H{}\"/>\n", left, y(loss), left + width);
    labels +=
        fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.6g}</text>\n", left - 8, y(loss) + 4, loss);
  }
  for (int64_t line = 0; double(line) * stepOfSteps <= last; ++line) {
    double step = double(line) * stepOfSteps;
    os << fmt::format("<path d=\"M{:.1f} {}V{}\"/>\n", x(step), top, top + height);
    labels += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(step), top + height + 18,
                          int64_t(step));
  }
  os << "</g>\n<g fill=\"#444444\">\n" << labels;
  os << fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">step</text>\n</g>\n", left + width / 2,
                    top + height + 38);
  auto draw = [&](const std::vector<Point> &points, const char *color, const char *name, double labelX) {
    if (points.empty())
      return;
    os << "<polyline fill=\"none\" stroke=\"" << color << "\" stroke-width=\"1.5\" points=\"";
    for (const Point &point : points)
      os << fmt::format("{:.1f},{:.1f} ", x(point.step), y(point.loss));
    os << "\"/>\n";
    if (points.size() == 1) // a line of one point is none
      os << fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x(points[0].step),
                        y(points[0].loss), color);
    os << fmt::format("<text x=\"{}\" y=\"24\" fill=\"{}\" text-anchor=\"end\">{}</text>\n", labelX, color, name);
  };
  draw(train, "#0072b2", "training", left + width - 80);
  draw(valid, "#d55e00", "validation", left + width);
  os << "</svg>\n";
}

} // namespace rondo::train
