#include "compiler/Run/Layouts.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>

using namespace llvm;

namespace rondo::run {

namespace {

//===--- The table ---------------------------------------------------------------------------------------------===//

enum class Form { Rows, Columns, Vector, Pair };
enum class Presence { Always, OrZero, OrNone };
enum class Reset { Any, After, Before };
enum class Directions { Named, Stacked };

struct FormatRow {
  StringRef name, title, layerBefore, forwardBefore, backwardBefore, layerBehind, backwardBehind;
  Directions directions;
};

struct LayoutRow {
  StringRef cell, format, tensor;
  Form form;
  Presence presence;
  Reset reset;
  StringRef blocks;
};

const FormatRow formats[] = {
#define RONDO_FORMAT(FORMAT, TITLE, LAYER, FORWARD, BACKWARD, LAYER_BEHIND, BACKWARD_BEHIND, DIRECTIONS)               \
  {#FORMAT, TITLE, LAYER, FORWARD, BACKWARD, LAYER_BEHIND, BACKWARD_BEHIND, Directions::DIRECTIONS},
#include "lib/layouts.def"
};

const LayoutRow layouts[] = {
#define RONDO_LAYOUT(CELL, FORMAT, TENSOR, FORM, PRESENCE, RESET, BLOCKS)                                              \
  {#CELL, #FORMAT, TENSOR, Form::FORM, Presence::PRESENCE, Reset::RESET, BLOCKS},
#include "lib/layouts.def"
};

Error failure(const Twine &message) { return make_error<StringError>(message, inconvertibleErrorCode()); }

SmallVector<StringRef, 8> blocksOf(const LayoutRow &row) {
  SmallVector<StringRef, 8> blocks;
  row.blocks.split(blocks, ' ');
  return blocks;
}

std::string shapeText(ArrayRef<uint64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

/// The shape of a tensor with so many rows; a vector has no columns.
std::vector<uint64_t> shapeOf(Form form, uint64_t rows, uint64_t columns) {
  switch (form) {
  case Form::Rows: return {rows, columns};
  case Form::Columns: return {columns, rows};
  case Form::Vector: return {rows};
  case Form::Pair: return {2, rows / 2};
  }
  return {};
}

/// Part of a tensor: a matrix, row-major, or a vector.
struct Block {
  uint64_t rows = 0;
  std::optional<uint64_t> columns; // a vector has none
  std::vector<double> values;
};

/// All of a cell's blocks in one layer and direction, by name. Only x and r of a bias are kept, not their sum.
using Blocks = std::map<std::string, Block>;

//===--- Layers, directions and names --------------------------------------------------------------------------===//

struct Structure {
  uint64_t layers = 1;
  bool numbered = false; // layers have numbers in their names, though there may be only one
  bool bidirectional = false;
};

/// One cell in one format.
class Layout {
public:
  Layout(StringRef cell, const FormatRow &format, Reset reset) : cell(cell), format(format) {
    for (const LayoutRow &row : layouts)
      if (row.cell == cell && row.format == format.name && (row.reset == Reset::Any || row.reset == reset))
        rows.push_back(&row);
    for (const LayoutRow *row : rows)
      for (StringRef block : blocksOf(*row)) {
        recurrent |= block.starts_with("U.");
        projected |= block == "P";
      }
  }

  /// What the rows and the columns (of a matrix) of a block count.
  std::pair<StringRef, StringRef> axesOf(StringRef block) const {
    if (block.starts_with("U."))
      return {"units", projected ? "states" : "units"};
    if (block == "P")
      return {"states", "units"};
    if (block == "table")
      return {"tokens", "units"};
    return {"units", "inputs"};
  }

  std::string name(StringRef module, StringRef tensor, const Structure &structure, uint64_t layer,
                   bool backward) const {
    auto numbered = [&](StringRef part) {
      std::string text = part.str();
      if (size_t at = text.find('%'); at != std::string::npos)
        text.replace(at, 1, std::to_string(layer));
      return text;
    };
    std::string out = module.str();
    if (recurrent && structure.numbered)
      out += numbered(format.layerBefore);
    if (recurrent && structure.bidirectional)
      out += (backward ? format.backwardBefore : format.forwardBefore).str();
    out += "." + tensor.str();
    if (recurrent)
      out += numbered(format.layerBehind) + (backward ? format.backwardBehind.str() : "");
    return StringRef(out).ltrim('.').str();
  }

  bool stacked() const { return recurrent && format.directions == Directions::Stacked; }

  /// Which layers and directions a file has, from the names of the first tensor.
  Expected<Structure> find(const SafetensorsFile &in, StringRef module) const {
    StringRef probe = rows[0]->tensor;
    Structure found;
    auto has = [&](const Structure &structure, uint64_t layer) -> const Tensor * {
      return in.find(name(module, probe, structure, layer, false));
    };
    for (bool numbered : {false, true})
      for (bool bidirectional : {false, true}) {
        found.numbered = numbered;
        found.bidirectional = bidirectional;
        const Tensor *first = has(found, 0);
        if (!first)
          continue;
        if (stacked())
          found.bidirectional = !first->shape.empty() && first->shape[0] == 2;
        else if (recurrent) // a format whose forward direction has no mark
          found.bidirectional = bidirectional || in.find(name(module, probe, {1, numbered, true}, 0, true));
        if (recurrent && (numbered || !format.layerBehind.empty()))
          while (has(found, found.layers))
            ++found.layers;
        found.numbered = numbered || found.layers > 1;
        return found;
      }
    std::string names;
    for (const Tensor &tensor : in.tensors())
      names += (names.empty() ? "" : ", ") + tensor.name;
    return failure("there is no tensor '" + name(module, probe, {}, 0, false) + "' of module '" + module + "' (cell " +
                   cell + " in the layout of " + format.title + "); the file has " + (names.empty() ? "none" : names));
  }

  StringRef cell;
  const FormatRow &format;
  std::vector<const LayoutRow *> rows;
  bool recurrent = false, projected = false;
};

//===--- Reading -----------------------------------------------------------------------------------------------===//

/// The sizes of a cell, by the names of Layout::axesOf, each with the tensor that it was first seen in.
using Sizes = std::map<StringRef, std::pair<uint64_t, const Tensor *>>;

class Reader {
public:
  Reader(const SafetensorsFile &in, const Layout &layout, StringRef module) : in(in), layout(layout), module(module) {}

  /// The directions of a layer share `sizes`.
  Expected<Blocks> read(const Structure &structure, uint64_t layer, bool backward, Sizes &sizes) {
    Blocks blocks;
    std::vector<StringRef> absent;
    std::string absentName, presentName; // of those that may be absent together
    for (const LayoutRow *row : layout.rows) {
      std::string name = layout.name(module, row->tensor, structure, layer, backward);
      const Tensor *tensor = in.find(name);
      if (!tensor) {
        if (row->presence == Presence::Always)
          return failure("there is no tensor '" + name + "', which cell " + layout.cell + " needs");
        if (row->presence == Presence::OrZero) {
          append_range(absent, blocksOf(*row));
          absentName = name;
        }
        continue;
      }
      if (row->presence == Presence::OrZero)
        presentName = name;
      used.insert(name);
      if (!runtime::isReal(tensor->dtype))
        return failure("tensor '" + name + "' holds " + runtime::dtypeName(tensor->dtype) + ", not reals");
      if (!dtype)
        dtype = tensor->dtype;
      if (tensor->dtype != *dtype)
        return failure("tensor '" + name + "' holds " + runtime::dtypeName(tensor->dtype) +
                       ", but others of the cell " + runtime::dtypeName(*dtype));
      if (Error error = split(*row, *tensor, structure, backward, sizes, blocks))
        return std::move(error);
    }
    if (!absentName.empty() && !presentName.empty())
      return failure("there is no tensor '" + absentName + "', but there is '" + presentName + "'; cell " +
                     layout.cell + " has both or neither");
    // A bias that is not there is a zero as long as its gate's rows.
    for (StringRef block : absent)
      if (auto weights = blocks.find(("W." + block.drop_front(2)).str()); weights != blocks.end())
        addBias(block, {weights->second.rows, std::nullopt, std::vector<double>(weights->second.rows)}, blocks);
    return blocks;
  }

  std::set<std::string> used;
  std::optional<DType> dtype;

private:
  static void addBias(StringRef name, Block block, Blocks &blocks) {
    if (name.starts_with("b.")) {
      std::string gate = name.drop_front(2).str();
      blocks["r." + gate] = {block.rows, std::nullopt, std::vector<double>(block.rows)};
      blocks["x." + gate] = std::move(block);
    } else {
      blocks[name.str()] = std::move(block);
    }
  }

  Error split(const LayoutRow &row, const Tensor &tensor, const Structure &structure, bool backward, Sizes &sizes,
              Blocks &blocks) {
    auto names = blocksOf(row);
    std::vector<uint64_t> shape = tensor.shape;
    std::vector<double> values = toReals(tensor);
    auto wrong = [&](const Twine &expected) {
      return failure("tensor '" + tensor.name + "' has shape " + shapeText(tensor.shape) + "; expected " + expected);
    };
    StringRef otherReset = row.reset == Reset::After ? " (does it reset before the product? then pass --reset-before)"
                           : row.reset == Reset::Before
                               ? " (does it reset behind the product? then leave --reset-before out)"
                               : "";
    if (tensor.count == 0)
      return wrong("no axis of length 0");
    if (layout.stacked()) {
      uint64_t directions = structure.bidirectional ? 2 : 1;
      if (shape.size() < 2 || shape[0] != directions)
        return wrong("a first axis of " + Twine(directions) + (directions == 1 ? " direction" : " directions"));
      shape.erase(shape.begin());
      uint64_t half = values.size() / directions;
      values =
          std::vector<double>(values.begin() + (backward ? half : 0), values.begin() + (backward ? 2 * half : half));
    }
    bool vector = row.form == Form::Vector || row.form == Form::Pair;
    if (row.form == Form::Pair) {
      if (shape.size() != 2 || shape[0] != 2)
        return wrong("two rows" + otherReset);
      shape = {shape[0] * shape[1]};
    }
    if (shape.size() != (vector ? 1u : 2u))
      return wrong((vector ? "one axis" : "two axes") + otherReset);
    uint64_t columns = vector ? 1 : shape[row.form == Form::Columns ? 0 : 1];
    uint64_t allRows = vector ? shape[0] : shape[row.form == Form::Columns ? 1 : 0];
    if (allRows % names.size())
      return wrong("an axis that divides into the " + Twine(names.size()) + " parts " + row.blocks);
    uint64_t rows = allRows / names.size();
    uint64_t wantedRows = rows, wantedColumns = columns;
    const Tensor *other = nullptr;
    auto agree = [&](StringRef axis, uint64_t &size) {
      auto [known, from] = sizes.try_emplace(axis, size, &tensor).first->second;
      if (size != known)
        other = from;
      size = known;
    };
    auto [rowAxis, columnAxis] = layout.axesOf(names[0]);
    agree(rowAxis, wantedRows);
    if (!vector)
      agree(columnAxis, wantedColumns);
    if (other) {
      std::vector<uint64_t> expected = shapeOf(row.form, wantedRows * names.size(), wantedColumns);
      if (layout.stacked())
        expected.insert(expected.begin(), structure.bidirectional ? 2 : 1);
      return wrong(shapeText(expected) + " beside '" + other->name + "' of shape " + shapeText(other->shape));
    }
    for (size_t k = 0; k < names.size(); ++k) {
      Block block{rows, vector ? std::optional<uint64_t>() : columns, std::vector<double>(rows * columns)};
      for (uint64_t i = 0; i < rows; ++i)
        for (uint64_t j = 0; j < columns; ++j) {
          uint64_t r = k * rows + i;
          block.values[i * columns + j] = row.form == Form::Columns ? values[j * allRows + r] : values[r * columns + j];
        }
      addBias(names[k], std::move(block), blocks);
    }
    return Error::success();
  }

  const SafetensorsFile &in;
  const Layout &layout;
  StringRef module;
};

//===--- Writing -----------------------------------------------------------------------------------------------===//

struct Joined {
  std::vector<uint64_t> shape;
  std::vector<double> values;
};

/// The tensor of `row` from its blocks; nothing if all of them are absent and may be.
Expected<std::optional<Joined>> join(const LayoutRow &row, const Blocks &blocks) {
  std::vector<Block> parts;
  for (StringRef name : blocksOf(row)) {
    auto find = [&](StringRef key) -> const Block * {
      auto it = blocks.find(key.str());
      return it == blocks.end() ? nullptr : &it->second;
    };
    const Block *block = find(name);
    if (name.starts_with("b.")) {
      const Block *input = find(("x" + name.drop_front()).str()), *state = find(("r" + name.drop_front()).str());
      if (input && state) {
        parts.push_back(*input);
        for (size_t i = 0; i < state->values.size(); ++i)
          parts.back().values[i] += state->values[i];
        continue;
      }
    }
    if (block)
      parts.push_back(*block);
    else if (row.presence != Presence::OrNone)
      return failure("'" + row.tensor + "' needs the part " + name + ", which the file does not have");
  }
  if (parts.empty())
    return std::nullopt;
  const Block &first = parts[0];
  assert(all_of(parts, [&](const Block &part) { return part.rows == first.rows && part.columns == first.columns; }));
  uint64_t columns = first.columns.value_or(1), allRows = first.rows * parts.size();
  Joined out;
  out.shape = shapeOf(row.form, allRows, columns);
  out.values.resize(allRows * columns);
  for (size_t k = 0; k < parts.size(); ++k)
    for (uint64_t i = 0; i < first.rows; ++i)
      for (uint64_t j = 0; j < columns; ++j) {
        uint64_t r = k * first.rows + i;
        out.values[row.form == Form::Columns ? j * allRows + r : r * columns + j] = parts[k].values[i * columns + j];
      }
  return out;
}

class Converter {
public:
  Converter(const SafetensorsFile &in, const ConvertOptions &options, SafetensorsWriter &out)
      : in(in), options(options), out(out) {}

  Error convert(const ModuleMap &map) {
    const FormatRow *from = findFormat(options.from), *to = findFormat(options.to);
    Reset reset = options.resetBefore ? Reset::Before : Reset::After;
    Layout source(map.cell, *from, reset), target(map.cell, *to, reset);
    for (const Layout *layout : {&source, &target})
      if (layout->rows.empty())
        return missing(*layout);
    auto structure = source.find(in, map.oldName);
    if (!structure)
      return structure.takeError();

    Reader reader(in, source, map.oldName);
    for (uint64_t layer = 0; layer < structure->layers; ++layer) {
      std::vector<Blocks> directions;
      Sizes sizes;
      for (bool backward : {false, true}) {
        if (backward && !structure->bidirectional)
          break;
        auto blocks = reader.read(*structure, layer, backward, sizes);
        if (!blocks)
          return blocks.takeError();
        directions.push_back(std::move(*blocks));
      }
      if (Error error = write(target, map.newName, *structure, layer, directions, *reader.dtype))
        return error;
    }
    for (const std::string &name : reader.used)
      if (!used.insert(name).second)
        return failure("tensor '" + name + "' belongs to two of the modules of --map");
    return Error::success();
  }

  Error finish() {
    std::string left;
    for (const Tensor &tensor : in.tensors()) {
      if (used.count(tensor.name) || options.rest == Rest::Drop)
        continue;
      if (options.rest == Rest::Refuse)
        left += (left.empty() ? "" : ", ") + tensor.name;
      else if (Error error = keep(tensor))
        return error;
    }
    if (!left.empty())
      return failure("no --map names " + left + "; add one, or say --rest keep or --rest drop");
    return Error::success();
  }

  static const FormatRow *findFormat(StringRef name) {
    auto it = find_if(formats, [&](const FormatRow &row) { return row.name == name; });
    return it == std::end(formats) ? nullptr : it;
  }

private:
  Error missing(const Layout &layout) {
    bool otherReset = any_of(
        layouts, [&](const LayoutRow &row) { return row.cell == layout.cell && row.format == layout.format.name; });
    if (otherReset)
      return failure(layout.format.title + " has no " + layout.cell + " with the reset gate " +
                     (options.resetBefore ? "before" : "behind") + " the product");
    return failure(layout.format.title + " has no layout of the cell '" + layout.cell +
                   "'; rondo convert --list shows what there is");
  }

  Error add(const std::string &name, std::vector<uint64_t> shape, const std::vector<double> &values, DType dtype) {
    if (!written.insert(name).second)
      return failure("two tensors would be named '" + name + "'");
    out.addReals(name, dtype, std::move(shape), values.data());
    return Error::success();
  }

  Error keep(const Tensor &tensor) {
    std::vector<int64_t> ints;
    std::string error;
    if (runtime::isReal(tensor.dtype))
      return add(tensor.name, tensor.shape, toReals(tensor), tensor.dtype);
    if (!written.insert(tensor.name).second)
      return failure("two tensors would be named '" + tensor.name + "'");
    toInts(tensor, ints, error);
    out.addInts(tensor.name, tensor.dtype, tensor.shape, ints.data());
    return Error::success();
  }

  Error write(const Layout &target, StringRef module, const Structure &structure, uint64_t layer,
              ArrayRef<Blocks> directions, DType dtype) {
    for (const LayoutRow *row : target.rows) {
      Joined all;
      for (size_t d = 0; d < directions.size(); ++d) {
        auto joined = join(*row, directions[d]);
        if (!joined)
          return joined.takeError();
        if (!*joined)
          continue;
        if (!target.stacked()) {
          std::string name = target.name(module, row->tensor, structure, layer, d == 1);
          if (Error error = add(name, (*joined)->shape, (*joined)->values, dtype))
            return error;
          continue;
        }
        all.shape = (*joined)->shape;
        append_range(all.values, (*joined)->values);
      }
      if (all.values.empty())
        continue;
      all.shape.insert(all.shape.begin(), directions.size());
      if (Error error = add(target.name(module, row->tensor, structure, layer, false), all.shape, all.values, dtype))
        return error;
    }
    return Error::success();
  }

  const SafetensorsFile &in;
  const ConvertOptions &options;
  SafetensorsWriter &out;
  std::set<std::string> used, written;
};

} // namespace

ArrayRef<StringRef> layoutFormats() {
  static const StringRef names[] = {
#define RONDO_FORMAT(FORMAT, TITLE, LAYER, FORWARD, BACKWARD, LAYER_BEHIND, BACKWARD_BEHIND, DIRECTIONS) #FORMAT,
#include "lib/layouts.def"
  };
  return names;
}

std::vector<StringRef> layoutCells() {
  std::vector<StringRef> cells;
  for (const LayoutRow &row : layouts)
    if (!is_contained(cells, row.cell))
      cells.push_back(row.cell);
  return cells;
}

Error convertLayout(const SafetensorsFile &in, const ConvertOptions &options, SafetensorsWriter &out) {
  for (const std::string &format : {options.from, options.to})
    if (!Converter::findFormat(format))
      return failure("'" + format + "' is no layout; there are " + join(layoutFormats(), ", "));
  Converter converter(in, options, out);
  for (const ModuleMap &map : options.modules)
    if (Error error = converter.convert(map))
      return error;
  return converter.finish();
}

void printLayouts(raw_ostream &os) {
  for (StringRef cell : layoutCells()) {
    os << cell << '\n';
    for (const LayoutRow &row : layouts) {
      if (row.cell != cell)
        continue;
      Layout layout(cell, *Converter::findFormat(row.format),
                    row.reset == Reset::Before ? Reset::Before : Reset::After);
      os << fmt::format("  {:<8} {:<22} {}{}{}\n", row.format.str(), layout.name("", row.tensor, {}, 0, false),
                        row.blocks.str(),
                        row.form == Form::Columns ? "  (transposed)"
                        : row.form == Form::Pair  ? "  (in two rows)"
                                                  : "",
                        row.reset == Reset::Before  ? "  (reset before)"
                        : row.reset == Reset::After ? "  (reset after)"
                                                    : "");
    }
  }
}

} // namespace rondo::run
