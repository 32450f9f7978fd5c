#include "compiler/Reference/Structure.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace rondo::reference {
namespace {

template <typename... Parts> llvm::Error error(Parts &&...parts) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  (stream << ... << parts);
  return llvm::createStringError(text);
}

constexpr int64_t longest = INT32_MAX - 64; // positions are 32 bits

class Check {
public:
  Check(const Program &program, const Batch &batch, const Required &required, const std::set<std::string> &open)
      : program(program), batch(batch), required(required), open(open), structures(std::max<int64_t>(batch.samples, 0)),
        rowCounts(structures.size()) {}

  llvm::Expected<std::vector<Structure>> run() {
    if (batch.samples < 0 || batch.samples > longest)
      return error("a batch of ", batch.samples, " samples");
    if (llvm::Error e = checkNames())
      return e;
    for (size_t s = 0; s < structures.size(); ++s) {
      structures[s].lengths.resize(program.axes.size());
      structures[s].rowAt.resize(program.axes.size());
      rowCounts[s].resize(program.axes.size());
      for (const Axis &axis : program.axes)
        if (axis.finer < 0)
          if (llvm::Error e = checkChain(s, program.clocks[axis.clock].axis))
            return e;
      for (size_t i = 0; i < program.inputs.size(); ++i)
        if (llvm::Error e = checkInput(s, i))
          return e;
    }
    return structures;
  }

private:
  llvm::Error checkNames() {
    for (auto &[name, lengths] : batch.lengths) {
      int32_t axis = program.axisNamed(name);
      if (axis < 0)
        return error("lengths of '", name, "': the model has no such axis");
      if (program.axes[axis].finer >= 0)
        return error("axis '", name, "' is divided into '", program.axes[program.axes[axis].finer].name,
                     "': it takes offsets, not lengths");
      if (int64_t(lengths.size()) != batch.samples)
        return error("axis '", name, "' has lengths of ", lengths.size(), " samples; the batch has ", batch.samples);
    }
    for (auto &[name, offsets] : batch.offsets) {
      int32_t axis = program.axisNamed(name);
      if (axis < 0)
        return error("offsets of '", name, "': the model has no such axis");
      if (program.axes[axis].finer < 0)
        return error("axis '", name, "' is not divided: it takes lengths, not offsets");
      if (int64_t(offsets.size()) != batch.samples)
        return error("axis '", name, "' has offsets of ", offsets.size(), " samples; the batch has ", batch.samples);
    }
    for (auto &given : batch.inputs) {
      const std::string &name = given.first;
      const Rows &rows = given.second;
      if (llvm::none_of(program.inputs, [&](const InputInfo &input) { return input.name == name; }))
        return error("input '", name, "': the model has no such input");
      if (int64_t(rows.size()) != batch.samples)
        return error("input '", name, "' has ", rows.size(), " samples; the batch has ", batch.samples);
    }
    for (size_t a = 0; a < program.axes.size(); ++a) {
      const Axis &axis = program.axes[a];
      if (!required.axes[a])
        continue;
      if (axis.finer < 0 && !batch.lengths.count(axis.name))
        return error("lengths of axis '", axis.name, "' are missing");
      if (axis.finer >= 0 && !batch.offsets.count(axis.name))
        return error("offsets of axis '", axis.name, "' into '", program.axes[axis.finer].name, "' are missing");
    }
    for (size_t i = 0; i < program.inputs.size(); ++i)
      if (required.inputs[i] && !batch.inputs.count(program.inputs[i].name))
        return error("input '", program.inputs[i].name, "' is missing");
    return llvm::Error::success();
  }

  /// From the root to the coarsest axis: lengths, offsets, and where each segment ends.
  llvm::Error checkChain(size_t sample, int32_t root) {
    Structure &structure = structures[sample];
    auto given = batch.lengths.find(program.axes[root].name);
    int64_t length = given == batch.lengths.end() ? 0 : given->second[sample];
    if (length < 0 || length > longest)
      return error("axis '", program.axes[root].name, "', sample ", sample, ": a length of ", length);
    structure.lengths[root] = length;
    rowCounts[sample][root] = length;
    std::vector<int32_t> lastOf(length); // by row of the finer axis: the last position in it, or -1
    for (int64_t i = 0; i < length; ++i)
      lastOf[i] = i;
    for (int32_t a = program.axes[root].coarser; a >= 0; a = program.axes[a].coarser) {
      const std::string &name = program.axes[a].name;
      structure.rowAt[a].assign(length, -1);
      auto found = batch.offsets.find(name);
      if (found == batch.offsets.end())
        return llvm::Error::success(); // not required
      const std::vector<int64_t> &offsets = found->second[sample];
      if (offsets.empty() || offsets.front() != 0)
        return error("axis '", name, "', sample ", sample, ": offsets begin with 0");
      for (size_t i = 1; i < offsets.size(); ++i)
        if (offsets[i] < offsets[i - 1])
          return error("axis '", name, "', sample ", sample, ": offsets decrease from ", offsets[i - 1], " to ",
                       offsets[i]);
      if (offsets.back() != int64_t(lastOf.size()))
        return error("axis '", name, "', sample ", sample, ": offsets end with ", offsets.back(), ", but there are ",
                     lastOf.size(), " rows of '", program.axes[program.axes[a].finer].name, "'");
      std::vector<int32_t> mine(offsets.size() - 1, -1);
      for (size_t i = 0; i < mine.size(); ++i) {
        for (int64_t row = offsets[i]; row < offsets[i + 1]; ++row)
          mine[i] = std::max(mine[i], lastOf[row]);
        if (mine[i] >= 0 && !(open.count(name) && i + 1 == mine.size()))
          structure.rowAt[a][mine[i]] = i;
      }
      lastOf = std::move(mine);
      rowCounts[sample][a] = lastOf.size();
    }
    return llvm::Error::success();
  }

  llvm::Error checkInput(size_t sample, size_t index) {
    const InputInfo &input = program.inputs[index];
    auto found = batch.inputs.find(input.name);
    if (found == batch.inputs.end())
      return llvm::Error::success();
    const Array &array = found->second[sample];
    const Type &type = program.typeOf(input.value);
    const Clock &clock = program.clocks[type.clock];
    int64_t rows = clock.kind == Clock::Kind::Sample ? 1 : rowCounts[sample][clock.axis];
    std::string where = "input '" + input.name + "', sample " + std::to_string(sample) + ": ";
    if (array.isReal != type.isReal())
      return error(where, array.isReal ? "reals" : "integers", " are given for ", describe(type));
    if (array.shape.empty() ||
        llvm::ArrayRef<int64_t>(array.shape).drop_front() != llvm::ArrayRef<int64_t>(type.shape)) {
      Type row = type;
      row.shape.assign(array.shape.begin() + (array.shape.empty() ? 0 : 1), array.shape.end());
      if (array.shape.empty())
        return error(where, "a scalar is given, not rows of ", describe(type));
      return error(where, "rows of ", describe(row), " are given for ", describe(type));
    }
    if (array.shape[0] != rows)
      return error(where, array.shape[0], " rows, but ",
                   clock.kind == Clock::Kind::Sample ? std::string("'sample' has one")
                                                     : "axis '" + clock.text + "' has " + std::to_string(rows));
    int64_t size = type.isReal() ? array.reals.size() : array.ints.size();
    if (size != rows * type.size)
      return error(where, size, " elements, but its shape has ", rows * type.size);
    if (type.element == Element::Token || type.element == Element::Bool) {
      int64_t limit = type.element == Element::Token ? type.tokens : 2;
      for (int64_t i = 0; i < size; ++i)
        if (array.ints[i] < 0 || array.ints[i] >= limit)
          return error(where, array.ints[i], " in row ", i / type.size, " is not a ",
                       type.element == Element::Token ? describe(type) : "bool (0 or 1)");
    }
    return llvm::Error::success();
  }

  const Program &program;
  const Batch &batch;
  const Required &required;
  const std::set<std::string> &open;
  std::vector<Structure> structures;
  std::vector<std::vector<int64_t>> rowCounts; // by sample and axis
};

} // namespace

Required requireAll(const Program &program) {
  return {std::vector<bool>(program.inputs.size(), true), std::vector<bool>(program.axes.size(), true)};
}

llvm::Expected<std::vector<Structure>> checkBatch(const Program &program, const Batch &batch, const Required &required,
                                                  const std::set<std::string> &open) {
  return Check(program, batch, required, open).run();
}

llvm::Error checkOpen(const Program &program, const std::vector<std::string> &open) {
  for (const std::string &name : open) {
    int32_t axis = program.axisNamed(name);
    if (axis < 0 || program.axes[axis].finer < 0)
      return error("open segment of '", name, "': the model has no such segment axis");
    int32_t coarser = program.axes[axis].coarser;
    if (coarser >= 0 && !llvm::is_contained(open, program.axes[coarser].name))
      return error("a segment of '", name, "' is open, so that of '", program.axes[coarser].name, "' is open too");
  }
  return llvm::Error::success();
}

//===--- A batch and its continuation ---===//

namespace {

void append(Array &to, const Array &from, int64_t size, bool replaceLast) {
  if (replaceLast) {
    to.shape[0] -= 1;
    to.reals.resize(to.isReal ? to.shape[0] * size : 0);
    to.ints.resize(to.isReal ? 0 : to.shape[0] * size);
  }
  to.shape[0] += from.shape[0];
  to.reals.insert(to.reals.end(), from.reals.begin(), from.reals.end());
  to.ints.insert(to.ints.end(), from.ints.begin(), from.ints.end());
}

/// An open segment ends where the part says, not at a tick that has passed.
llvm::Error checkGoesOn(const Program &program, int32_t axis, int64_t sample, const Structure &before,
                        const Structure &part, size_t segments, bool stillOpen) {
  if (segments == 0 ? stillOpen : segments == 1 && stillOpen)
    return llvm::Error::success();
  bool hasTicksHere = segments > 0 && llvm::is_contained(part.rowAt[axis], 0);
  int64_t closed = before.rowAt[axis].size(); // ticks of closed segments before
  while (closed > 0 && before.rowAt[axis][closed - 1] < 0)
    --closed;
  bool hadTicks = closed < int64_t(before.rowAt[axis].size());
  if (hadTicks && !hasTicksHere)
    return error("axis '", program.axes[axis].name, "', sample ", sample,
                 ": the segment that was left open ends without another tick; leave it open, or end it where it ends");
  return llvm::Error::success();
}

} // namespace

llvm::Expected<Batch> joined(const Program &program, const Batch &before, const std::vector<Structure> &structure,
                             const std::set<std::string> &open, const Batch &part,
                             const std::vector<Structure> &partStructure, const std::set<std::string> &stillOpen) {
  if (before.samples != part.samples)
    return error("the state is of ", before.samples, " samples; the batch has ", part.samples);
  Batch all = before;
  for (int64_t s = 0; s < part.samples; ++s) {
    // By axis: rows so far, and whether the last of them goes on in the part.
    std::vector<int64_t> rows(program.axes.size());
    std::vector<bool> goesOn(program.axes.size());
    for (const Axis &base : program.axes) {
      if (base.finer >= 0)
        continue;
      int32_t root = program.clocks[base.clock].axis;
      rows[root] = before.lengths.at(base.name)[s];
      all.lengths[base.name][s] += part.lengths.at(base.name)[s];
      for (int32_t a = base.coarser, finer = root; a >= 0; finer = a, a = program.axes[a].coarser) {
        const std::string &name = program.axes[a].name;
        const std::vector<int64_t> &more = part.offsets.at(name)[s];
        std::vector<int64_t> &offsets = all.offsets[name][s];
        rows[a] = offsets.size() - 1;
        goesOn[a] = open.count(name) && rows[a] > 0 && more.size() > 1;
        if (open.count(name) && rows[a] > 0)
          if (llvm::Error e =
                  checkGoesOn(program, a, s, structure[s], partStructure[s], more.size() - 1, stillOpen.count(name)))
            return e;
        int64_t shift = rows[finer] - (goesOn[finer] ? 1 : 0);
        if (goesOn[a])
          offsets.pop_back();
        for (size_t i = 1; i < more.size(); ++i)
          offsets.push_back(more[i] + shift);
      }
    }
    for (const InputInfo &input : program.inputs) {
      const Type &type = program.typeOf(input.value);
      const Clock &clock = program.clocks[type.clock];
      bool replaceLast = clock.kind == Clock::Kind::Sample || goesOn[clock.axis];
      append(all.inputs[input.name][s], part.inputs.at(input.name)[s], type.size, replaceLast);
    }
  }
  return all;
}

} // namespace rondo::reference
