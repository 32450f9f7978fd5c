#include "compiler/Run/Parts.h"
#include <algorithm>
#include <set>

using namespace llvm;
using rondo::reference::Batch;

namespace rondo::run {

Batch singleSample(const Batch &batch, int64_t sample) {
  Batch single;
  single.samples = 1;
  for (const auto &[axis, lengths] : batch.lengths)
    single.lengths[axis] = {lengths[sample]};
  for (const auto &[axis, offsets] : batch.offsets)
    single.offsets[axis] = {offsets[sample]};
  for (const auto &[name, rows] : batch.inputs)
    single.inputs[name] = {rows[sample]};
  return single;
}

static int chainAt(const dsl::Clock *clock, const std::vector<Chain> &chains) {
  while (clock && (clock->kind == dsl::Clock::Kind::Every || clock->kind == dsl::Clock::Kind::Event))
    clock = clock->parent;
  for (size_t c = 0; c < chains.size(); ++c)
    if (clock && clock->kind == dsl::Clock::Kind::Axis && chains[c].find(clock->name) >= 0)
      return int(c);
  return -1;
}

std::optional<std::vector<size_t>> steppingOrder(const dsl::Model &model, const std::vector<Chain> &chains) {
  // Of each node the chains whose ticks it depends on. Slots lead backwards: until nothing changes.
  std::vector<std::set<int>> reads(model.nodes.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t n = 0; n < model.nodes.size(); ++n) {
      const dsl::Node &node = model.nodes[n];
      size_t before = reads[n].size();
      auto add = [&](dsl::NodeId from) {
        if (from != dsl::noNode)
          reads[n].insert(reads[from].begin(), reads[from].end());
      };
      for (dsl::NodeId operand : node.operands)
        add(operand);
      if (node.op == dsl::Op::Read) {
        add(model.slots[node.index].next);
        add(model.slots[node.index].init);
      }
      if (int own = chainAt(node.clock, chains); own >= 0)
        reads[n].insert(own);
      changed |= reads[n].size() != before;
    }
  }
  std::vector<std::set<int>> needs(chains.size());
  for (size_t n = 0; n < model.nodes.size(); ++n)
    if (int own = chainAt(model.nodes[n].clock, chains); own >= 0)
      for (int other : reads[n])
        if (other != own)
          needs[own].insert(other);
  std::vector<size_t> order;
  std::set<int> done;
  while (order.size() < chains.size()) {
    size_t next = chains.size();
    for (size_t c = 0; c < chains.size() && next == chains.size(); ++c)
      if (!done.count(int(c)) && std::includes(done.begin(), done.end(), needs[c].begin(), needs[c].end()))
        next = c;
    if (next == chains.size())
      return std::nullopt;
    order.push_back(next);
    done.insert(int(next));
  }
  return order;
}

namespace {

/// A chain's structure in one sample without its empty segments.
struct Dense {
  std::vector<std::vector<int64_t>> ends;   // by segment axis: the base tick behind each segment
  std::vector<std::vector<int64_t>> rowsOf; // by axis: which of the caller's rows each is
};

Dense withoutEmpty(const Chain &chain, const Batch &single) {
  Dense dense;
  int64_t length = single.lengths.at(chain.axes[0]->name)[0];
  dense.ends.resize(chain.axes.size());
  dense.rowsOf.resize(chain.axes.size());
  std::vector<int64_t> behind; // by row of the finer axis: the base tick behind it
  for (int64_t t = 0; t < length; ++t) {
    behind.push_back(t + 1);
    dense.rowsOf[0].push_back(t);
  }
  dense.ends[0] = behind;
  for (size_t axis = 1; axis < chain.axes.size(); ++axis) {
    const std::vector<int64_t> &offsets = single.offsets.at(chain.axes[axis]->name)[0];
    std::vector<int64_t> mine;
    int64_t reached = 0;
    for (size_t k = 0; k + 1 < offsets.size(); ++k) {
      int64_t end = offsets[k + 1] > 0 ? behind[offsets[k + 1] - 1] : 0;
      mine.push_back(end);
      if (end > reached) {
        dense.ends[axis].push_back(end);
        dense.rowsOf[axis].push_back(int64_t(k));
      }
      reached = std::max(reached, end);
    }
    behind = std::move(mine);
  }
  return dense;
}

} // namespace

std::optional<std::vector<Part>> stepParts(const dsl::Model &model, const std::vector<Chain> &chains,
                                           const Batch &single) {
  std::optional<std::vector<size_t>> order = steppingOrder(model, chains);
  if (!order)
    return std::nullopt;
  std::vector<Dense> dense;
  for (const Chain &chain : chains)
    dense.push_back(withoutEmpty(chain, single));

  // A part with one tick of `active` at base tick t, and of the other chains nothing.
  auto makePart = [&](int active, int64_t t) {
    Part part;
    part.batch.samples = 1;
    std::map<std::string, std::vector<int64_t>> rows; // axis -> the caller's rows in this part
    for (size_t c = 0; c < chains.size(); ++c) {
      bool here = int(c) == active;
      const Chain &chain = chains[c];
      part.batch.lengths[chain.axes[0]->name] = {here ? 1 : 0};
      rows[chain.axes[0]->name] = here ? std::vector<int64_t>{t} : std::vector<int64_t>{};
      for (size_t axis = 1; axis < chain.axes.size(); ++axis) {
        const std::string &name = chain.axes[axis]->name;
        part.batch.offsets[name] = {here ? std::vector<int64_t>{0, 1} : std::vector<int64_t>{0}};
        rows[name] = {};
        if (!here)
          continue;
        const std::vector<int64_t> &ends = dense[c].ends[axis];
        size_t segment = size_t(std::upper_bound(ends.begin(), ends.end(), t) - ends.begin());
        rows[name] = {dense[c].rowsOf[axis][segment]};
        if (ends[segment] != t + 1)
          part.openSegments.push_back(name);
      }
    }
    for (const dsl::Input &input : model.inputs) {
      const Array &whole = single.inputs.at(input.name)[0];
      auto at = rows.find(input.clock->name);
      if (input.clock->kind == dsl::Clock::Kind::Sample || at == rows.end())
        part.batch.inputs[input.name] = {whole};
      else if (at->second.empty())
        part.batch.inputs[input.name] = {sliceRows(whole, 0, 0)};
      else
        part.batch.inputs[input.name] = {sliceRows(whole, at->second[0], at->second[0] + 1)};
    }
    part.begin = t;
    part.chain = size_t(std::max(active, 0));
    return part;
  };

  std::vector<Part> parts;
  for (size_t c : *order)
    for (int64_t t = 0, n = single.lengths.at(chains[c].axes[0]->name)[0]; t < n; ++t)
      parts.push_back(makePart(int(c), t));
  if (parts.empty())
    parts.push_back(makePart(-1, 0));
  return parts;
}

} // namespace rondo::run
