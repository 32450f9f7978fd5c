// Tables as data: a column is an element of an input.
#include "compiler/Train/Data.h"
#include "dsl/Diagnostics.h"
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::train {

using dsl::Clock;
using dsl::Elem;

std::string addValue(const DataSource &source, const dsl::Input &input, double value, Column &rows) {
  const dsl::Type &type = input.type;
  std::string wanted = "; it is for " + source.describe(input);
  if (!std::isfinite(float(value)))
    return describeBad(value) + wanted;
  if (type.elem == Elem::Real) {
    rows.add(value);
    return "";
  }
  if (value != std::floor(value))
    return fmt::format("{} is no whole number", value) + wanted;
  if (std::fabs(value) >= 0x1p53)
    return fmt::format("{:.0f} may be rounded: a whole number of a table has to be below 2^53", value) + wanted;
  int64_t limit = type.elem == Elem::Token ? type.tokens : type.elem == Elem::Bool ? 2 : 0;
  if (limit && (value < 0 || value >= double(limit)))
    return fmt::format("{} is out of range, 0 to {}", value, limit - 1) + wanted;
  rows.add(value);
  return "";
}

namespace {

/// Where an input's elements are in a row of the table.
struct Columns {
  const dsl::Input *input;
  std::vector<int64_t> numbers;
};

/// "x", or of an input with a shape "x.0", "x.1", .., "x.1.2"
std::vector<std::string> columnNames(const dsl::Input &input) {
  std::vector<std::string> names = {input.name};
  for (int64_t extent : run::rowShape(input.type)) {
    std::vector<std::string> longer;
    for (const std::string &name : names)
      for (int64_t i = 0; i < extent; ++i)
        longer.push_back(name + "." + std::to_string(i));
    names = std::move(longer);
  }
  return names;
}

std::string listed(const std::vector<std::string> &names) {
  if (names.size() == 1)
    return "'" + names[0] + "'";
  return "'" + names.front() + "' to '" + names.back() + "'";
}

Expected<std::vector<Columns>> columnsByName(const DataSource &source, const run::Table &table, StringRef path) {
  std::vector<Columns> all;
  std::map<std::string, int64_t> unused;
  for (const auto &[i, name] : enumerate(table.header))
    if (!unused.emplace(name, i).second)
      return run::failureIn(path, "the column '" + name + "' stands twice", 1);
  std::vector<std::string> known;
  for (const dsl::Input &input : source.model.inputs) {
    Columns columns{&input, {}};
    std::vector<std::string> names = columnNames(input);
    std::string missing;
    for (const std::string &name : names) {
      auto found = unused.find(name);
      if (found == unused.end()) {
        missing = missing.empty() ? name : missing;
        continue;
      }
      columns.numbers.push_back(found->second);
      unused.erase(found);
    }
    known.insert(known.end(), names.begin(), names.end());
    if (columns.numbers.empty() && !names.empty())
      continue; // another file may have it
    if (!missing.empty())
      return run::failureIn(
          path, "has no column '" + missing + "'; " + source.describe(input) + " takes " + listed(names), 1);
    all.push_back(std::move(columns));
  }
  if (unused.empty())
    return all;
  auto [name, number] = *min_element(unused, [](auto &a, auto &b) { return a.second < b.second; });
  std::vector<StringRef> names(known.begin(), known.end());
  auto near = dsl::nearest(name, names);
  if (const dsl::Input *input = run::findInput(source.model, StringRef(name).split('.').first))
    return run::failureIn(path,
                          "the column '" + name + "' is none of " + source.describe(*input) + ", which takes " +
                              listed(columnNames(*input)),
                          1);
  return run::failureIn(path,
                        "the column '" + name + "' is of no input of model '" + source.model.name + "', which has " +
                            run::inputList(source.model) + (near ? "; did you mean '" + near->str() + "'?" : ""),
                        1);
}

Expected<std::vector<Columns>> columnsOf(const DataSource &source, const run::Table &table, const dsl::Input *input,
                                         StringRef path) {
  if (!input && !table.header.empty())
    return columnsByName(source, table, path);
  if (!input && source.model.inputs.size() != 1)
    return run::failureIn(path,
                          "has no header; its columns must be named by inputs of model '" + source.model.name +
                              "': " + run::inputList(source.model),
                          1);
  Columns columns{input ? input : &source.model.inputs[0], {}};
  int64_t wanted = run::elementCount(run::rowShape(columns.input->type));
  if (table.columns != wanted)
    return run::failureIn(path,
                          "has " + Twine(table.columns) + " columns, but " + source.describe(*columns.input) +
                              " takes " + Twine(wanted),
                          1);
  for (int64_t i = 0; i < wanted; ++i)
    columns.numbers.push_back(i);
  return std::vector<Columns>{columns};
}

/// Adds rows `begin` to `end` of one input, a sample. On `sample` they must all be the same, and are one.
Error addRows(const DataSource &source, const Columns &columns, const run::Table &table, int64_t begin, int64_t end,
              StringRef path, Column &rows) {
  bool onSample = columns.input->clock->kind == Clock::Kind::Sample;
  for (int64_t row = begin; row < end; ++row)
    for (int64_t column : columns.numbers) {
      double value = table.values[row * table.columns + column];
      auto wrong = [&](const Twine &what) {
        std::string place = "column " + std::to_string(column + 1);
        if (!table.header.empty())
          place += " ('" + table.header[column] + "')";
        return run::failureIn(path, place + ": " + what, table.lines[row]);
      };
      if (onSample && row > begin) {
        if (value != table.values[begin * table.columns + column])
          return wrong(fmt::format("{} differs from {} in line {}, but {} is on 'sample', where all rows up to an "
                                   "empty line are one",
                                   value, table.values[begin * table.columns + column], table.lines[begin],
                                   source.describe(*columns.input)));
        continue;
      }
      if (std::string mistake = addValue(source, *columns.input, value, rows); !mistake.empty())
        return wrong(mistake);
    }
  rows.endSample(onSample ? 1 : end - begin);
  return Error::success();
}

} // namespace

Expected<GivenInputs> readTable(const DataSource &source, const dsl::Input *input, StringRef path) {
  auto table = run::readCsv(path);
  if (!table)
    return table.takeError();
  if (table->lines.empty())
    return run::failureIn(path, "holds no rows");
  auto columns = columnsOf(source, *table, input, path);
  if (!columns)
    return columns.takeError();
  // Where nothing has more than a row a sample, every row is a sample of its own.
  std::vector<int64_t> samples = table->samples;
  if (all_of(*columns, [](const Columns &of) { return of.input->clock->kind == Clock::Kind::Sample; })) {
    samples.resize(table->lines.size() + 1);
    for (size_t i = 0; i < samples.size(); ++i)
      samples[i] = int64_t(i);
  }
  GivenInputs all;
  for (const Columns &of : *columns) {
    GivenData given = source.none(*of.input, path);
    for (size_t s = 0; s + 1 < samples.size(); ++s)
      if (Error error = addRows(source, of, *table, samples[s], samples[s + 1], path, given.column))
        return std::move(error);
    all.emplace(of.input->name, std::move(given));
  }
  return all;
}

} // namespace rondo::train
