#include "compiler/Train/Metrics.h"
#include "compiler/Run/Chart.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::train {

std::string shownName(StringRef loss, ArrayRef<std::string> measures) {
  bool isTaken = is_contained({"step", "epoch", "loss", "rate", "norm", "valid"}, loss) || is_contained(measures, loss);
  return (isTaken ? "loss." + loss : loss).str();
}

std::string Metrics::header() const {
  std::string out = "step,epoch,loss";
  for (const std::string &name : names)
    out += "," + shownName(name, measures);
  for (const std::string &name : measures)
    out += "," + name;
  out += ",rate,norm,valid";
  for (const std::string &name : measures)
    out += ",valid." + name;
  return out;
}

void Metrics::print(const MetricsRow &row, raw_ostream &os) const {
  // The shortest digits that give the same number when they are read.
  auto add = [&](double value) { os << "," << (std::isnan(value) ? "" : fmt::format("{}", value)); };
  os << row.step << "," << row.epoch;
  add(row.loss);
  if (!names.empty())
    for_each(row.losses, add);
  for_each(row.measures, add);
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
  bool maybe(double &value) { // an empty one is NaN
    if (!isEmpty())
      return number(value);
    ++at;
    value = std::nan("");
    return true;
  }
  bool count(int64_t &value) { return at < fields.size() && !fields[at++].getAsInteger(10, value); }
  bool numbers(size_t count, std::vector<double> &values) {
    values.resize(count);
    return llvm::all_of(values, [&](double &value) { return maybe(value); });
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
    bool good = fields.count(row.step) && fields.count(row.epoch) && fields.maybe(row.loss) &&
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

void printCurve(const std::vector<MetricsRow> &rows, StringRef title, raw_ostream &os) {
  run::Chart chart{title.str(), "step", {{"training", {}, false}, {"validation", {}, false}}};
  for (const MetricsRow &row : rows) {
    if (!std::isnan(row.loss))
      chart.lines[0].points.push_back({double(row.step), row.loss});
    if (row.valid)
      chart.lines[1].points.push_back({double(row.step), *row.valid});
  }
  if (chart.lines[1].points.empty())
    chart.lines.pop_back();
  run::printChart(chart, os);
}

} // namespace rondo::train
