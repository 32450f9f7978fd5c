// What the files of `--input` hold, as rows of an input.
#include "compiler/Run/Inputs.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace rondo::run {

namespace {

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

/// Turns numbers into elements of an input; `wrong` adds the place of a bad one to what is said of it.
class Elements {
public:
  Elements(const dsl::Model &model, const dsl::Input &input) : type(input.type) {
    wanted = "input '" + input.name + "' : " + dsl::describe(input.type, model);
  }

  using Wrong = function_ref<Error(const Twine &)>;

  Error add(double value, Array &out, Wrong wrong) const {
    if (type.elem == dsl::Elem::Real) {
      out.reals.push_back(value);
      return Error::success();
    }
    if (!std::isfinite(value) || value != std::floor(value))
      return wrong(Twine(fmt::format("{}", value)) + " is no whole number; it is for " + wanted);
    if (std::fabs(value) >= 0x1p53)
      return wrong(Twine(fmt::format("{}", value)) +
                   " may be rounded: from 2^53 on, whole numbers must come as integers" +
                   " of a .npy or .safetensors file; it is for " + wanted);
    return add(int64_t(value), out, wrong);
  }

  Error add(int64_t value, Array &out, Wrong wrong) const {
    if (type.elem == dsl::Elem::Real) {
      out.reals.push_back(double(value));
      return Error::success();
    }
    int64_t limit = type.elem == dsl::Elem::Token ? type.tokens : type.elem == dsl::Elem::Bool ? 2 : 0;
    if (limit && (value < 0 || value >= limit))
      return wrong(Twine(value) + " is out of range, 0 to " + Twine(limit - 1) + "; it is for " + wanted);
    out.ints.push_back(value);
    return Error::success();
  }

  bool real() const { return type.elem == dsl::Elem::Real; }
  std::string wanted;

private:
  const dsl::Type &type;
};

Array emptyRows(const dsl::Input &input, int64_t rows) {
  Array array;
  array.isReal = input.type.elem == dsl::Elem::Real;
  array.shape = rowShape(input.type);
  array.shape.insert(array.shape.begin(), rows);
  return array;
}

/// Rows `begin` to `end` of all elements in `array`, whose rows have the input's shape.
Expected<Array> takeRows(const Elements &elements, const dsl::Input &input, const Array &array, int64_t begin,
                         int64_t end, StringRef path) {
  Array out = emptyRows(input, end - begin);
  int64_t row = elementCount(rowShape(input.type));
  for (int64_t i = begin * row; i < end * row; ++i) {
    auto wrong = [&](const Twine &what) {
      std::vector<int64_t> index;
      int64_t rest = i;
      for (size_t axis = array.shape.size(); axis-- > 0; rest /= array.shape[axis])
        index.insert(index.begin(), rest % array.shape[axis]);
      return failureIn(path, "element " + shapeText(index) + ": " + what);
    };
    if (Error error = array.isReal ? elements.add(array.reals[i], out, wrong) : elements.add(array.ints[i], out, wrong))
      return error;
  }
  return out;
}

/// [rows, ...] is one sample, [samples, rows, ...] are many of one length; on `sample` [samples, ...].
Error takeDense(const Elements &elements, const dsl::Input &input, const Array &array, StringRef path,
                GivenInput &out) {
  std::vector<int64_t> row = rowShape(input.type);
  bool onSample = input.clock->kind == dsl::Clock::Kind::Sample;
  size_t rank = array.shape.size(), least = row.size() + (onSample ? 0 : 1);
  bool fits = rank >= row.size() && ArrayRef<int64_t>(array.shape).take_back(row.size()) == ArrayRef<int64_t>(row) &&
              (rank == least || rank == least + 1);
  if (!fits) {
    std::string inner;
    for (int64_t extent : row)
      inner += ", " + std::to_string(extent);
    std::string rows = input.clock->name;
    std::string one = onSample ? shapeText(row) : "[" + rows + inner + "]";
    std::string many = onSample ? "[samples" + inner + "]" : "[samples, " + rows + inner + "]";
    return failureIn(path, "has shape " + shapeText(array.shape) + ", but " + elements.wanted + " takes " + one +
                               " or " + many);
  }
  bool many = rank == least + 1;
  int64_t samples = many ? array.shape[0] : 1;
  int64_t rows = onSample ? 1 : array.shape[many ? 1 : 0];
  if (samples > mostSamples || rows > mostTicks)
    return failureIn(path, Twine(samples) + " samples of " + Twine(rows) + " rows are too many");
  for (int64_t s = 0; s < samples; ++s) {
    auto taken = takeRows(elements, input, array, s * rows, (s + 1) * rows, path);
    if (!taken)
      return taken.takeError();
    out.samples.push_back(std::move(*taken));
  }
  return Error::success();
}

Error takeTable(const Elements &elements, const dsl::Input &input, const Table &table, StringRef path,
                GivenInput &out) {
  int64_t row = elementCount(rowShape(input.type));
  if (!table.lines.empty() && table.columns != row)
    return failureIn(path, "has " + Twine(table.columns) + " columns, but " + elements.wanted + " takes " + Twine(row),
                     table.lines[0]);
  // On `sample` every row is a sample of its own.
  bool onSample = input.clock->kind == dsl::Clock::Kind::Sample;
  size_t samples = onSample ? table.lines.size() : table.samples.size() - 1;
  for (size_t s = 0; s < samples; ++s) {
    int64_t begin = onSample ? int64_t(s) : table.samples[s], end = onSample ? begin + 1 : table.samples[s + 1];
    Array rows = emptyRows(input, end - begin);
    for (int64_t i = begin * row; i < end * row; ++i) {
      auto wrong = [&](const Twine &what) {
        std::string column = std::to_string(i % row + 1);
        if (!table.header.empty())
          column += " ('" + table.header[i % row] + "')";
        return failureIn(path, "column " + column + ": " + what, table.lines[i / row]);
      };
      if (Error error = elements.add(table.values[i], rows, wrong))
        return error;
    }
    out.samples.push_back(std::move(rows));
  }
  return Error::success();
}

Error takeSafetensors(const Elements &elements, const dsl::Input &input, StringRef path,
                      const std::vector<Chain> &chains, std::vector<std::vector<Cuts>> &cuts, GivenInput &out) {
  auto file = openSafetensors(path);
  if (!file)
    return file.takeError();
  const Tensor *tensor = (*file)->find(input.name);
  if (!tensor) {
    std::string names;
    for (const Tensor &other : (*file)->tensors())
      names += (names.empty() ? "" : ", ") + other.name;
    return failureIn(path, "has no tensor '" + input.name + "'; it has " + (names.empty() ? "none" : names));
  }
  Array array = toArray(*tensor);
  std::vector<int64_t> row = rowShape(input.type);
  const std::vector<Cuts> *own = nullptr;
  size_t position = 0;
  for (size_t c = 0; c < chains.size(); ++c) {
    auto fromFile = cutsFromFile(**file, chains[c], path);
    if (!fromFile)
      return fromFile.takeError();
    cuts[c] = std::move(*fromFile);
    int at = chains[c].find(input.clock->name);
    if (at >= 0 && !cuts[c].empty() && cuts[c][0].rows[at] >= 0) {
      own = &cuts[c];
      position = size_t(at);
    }
  }
  bool packed = own && array.shape.size() == row.size() + 1 &&
                ArrayRef<int64_t>(array.shape).drop_front() == ArrayRef<int64_t>(row);
  if (!packed)
    return takeDense(elements, input, array, path, out);
  int64_t begin = 0, total = 0;
  for (const Cuts &sample : *own)
    total += sample.rows[position];
  if (total != array.shape[0])
    return failureIn(path, "'" + input.name + "' has " + Twine(array.shape[0]) + " rows, but the offsets of '" +
                               input.clock->name + "' speak of " + Twine(total));
  for (const Cuts &sample : *own) {
    auto rows = takeRows(elements, input, array, begin, begin + sample.rows[position], path);
    if (!rows)
      return rows.takeError();
    begin += sample.rows[position];
    out.samples.push_back(std::move(*rows));
  }
  return Error::success();
}

/// The tokens that a text is; nothing where it is numbers.
Expected<std::optional<std::vector<int64_t>>> tokensOf(const dsl::Input &input, StringRef text, StringRef path,
                                                       const TextReader &readText) {
  if (input.type.elem != dsl::Elem::Token || !input.type.dims.empty())
    return std::nullopt;
  if (text.consume_back("\n")) // what ends the last line is no part of it
    text.consume_back("\r");
  if (readText)
    if (auto tokens = readText(input, text, path); !tokens || *tokens)
      return tokens;
  if (!textHasTokens(input.type.tokens))
    return std::nullopt;
  return encodeText(text, input.type.tokens, path);
}

Error takeText(const Elements &elements, const dsl::Input &input, StringRef path, const TextReader &readText,
               GivenInput &out) {
  auto text = readWhole(path);
  if (!text)
    return text.takeError();
  const dsl::Type &type = input.type;
  auto tokens = tokensOf(input, withoutMark(*text), path, readText);
  if (!tokens)
    return tokens.takeError();
  if (*tokens) {
    Array rows = emptyRows(input, int64_t((*tokens)->size()));
    rows.ints = std::move(**tokens);
    if (input.clock->kind != dsl::Clock::Kind::Sample)
      out.samples.push_back(std::move(rows));
    else
      for (int64_t row = 0; row < rows.shape[0]; ++row)
        out.samples.push_back(sliceRows(rows, row, row + 1));
    return Error::success();
  }
  auto table = parseNumbers(withoutMark(*text), elementCount(rowShape(type)), path);
  if (!table)
    return table.takeError();
  return takeTable(elements, input, *table, path, out);
}

} // namespace

Expected<GivenInput> readInput(const dsl::Model &model, const dsl::Input &input, StringRef path,
                               const std::vector<Chain> &chains, std::vector<std::vector<Cuts>> &cuts,
                               const TextReader &readText) {
  GivenInput given;
  given.from = ("input '" + input.name + "' (" + path + ")").str();
  cuts.assign(chains.size(), {});
  Elements elements(model, input);
  StringRef ending = sys::path::extension(path);
  auto done = [&](Error error) -> Expected<GivenInput> {
    if (error)
      return std::move(error);
    return given;
  };
  if (ending == ".npy") {
    auto array = readNpy(path);
    if (!array)
      return array.takeError();
    return done(takeDense(elements, input, *array, path, given));
  }
  if (ending == ".csv") {
    auto table = readCsv(path);
    if (!table)
      return table.takeError();
    return done(takeTable(elements, input, *table, path, given));
  }
  if (ending == ".txt")
    return done(takeText(elements, input, path, readText, given));
  if (ending == ".safetensors")
    return done(takeSafetensors(elements, input, path, chains, cuts, given));
  return failureIn(path, "the ending '" + ending + "' is none of .npy, .safetensors, .csv, .txt");
}

} // namespace rondo::run
