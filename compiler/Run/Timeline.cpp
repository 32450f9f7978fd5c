#include "compiler/Run/Timeline.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <fmt/format.h>
#include <tuple>

using namespace llvm;
using rondo::reference::Stream;

namespace rondo::run {

namespace {

/// Where an equation stands: the place of the outermost application first, then inward. Only places in one buffer can
/// be compared; the library's come behind the model's own by the outer place that they share.
std::vector<const char *> sourceOrder(const dsl::Model &model, const dsl::Node &node) {
  std::vector<const char *> places;
  for (int32_t at = int32_t(node.location); at >= 0 && size_t(at) < model.locations.size();
       at = model.locations[at].caller)
    places.push_back(model.locations[at].range.Start.getPointer());
  std::reverse(places.begin(), places.end());
  return places;
}

/// "enc.layer.0.z" -> "enc.layer.0", "z"; the number of a list element stays with its name: "h.y.0" -> "h", "y.0".
std::pair<StringRef, StringRef> instanceAndName(StringRef name) {
  size_t dot = name.rfind('.');
  while (dot != StringRef::npos && all_of(name.substr(dot + 1).split('.').first, isDigit))
    dot = name.take_front(dot).rfind('.');
  return dot == StringRef::npos ? std::make_pair(StringRef(), name)
                                : std::make_pair(name.take_front(dot), name.drop_front(dot + 1));
}

/// The finest axis that a clock's ticks are among; null for `sample`.
const Chain *chainOf(const dsl::Clock *clock, const std::vector<Chain> &chains) {
  while (clock && (clock->kind == dsl::Clock::Kind::Every || clock->kind == dsl::Clock::Kind::Event))
    clock = clock->parent;
  for (const Chain &chain : chains)
    if (clock && clock->kind == dsl::Clock::Kind::Axis && chain.find(clock->name) >= 0)
      return &chain;
  return nullptr;
}

/// "m.12.h" -> "m", 12: the equation of the model that all of it belongs to, and the number of a list element.
std::pair<StringRef, int64_t> modelEquation(StringRef name) {
  auto [equation, rest] = name.split('.');
  int64_t number = -1;
  rest.split('.').first.getAsInteger(10, number);
  return {equation, number};
}

struct Entry {
  const Stream *stream;
  const dsl::Node *node;
  std::vector<const char *> place;

  const char *outermost() const { return place.empty() ? nullptr : place[0]; }
};

/// Source order; an equation of the model with all that is inside it, the elements of a family one after another.
void sortEntries(std::vector<Entry> &entries) {
  std::map<StringRef, const char *> begin; // of each equation of the model
  for (const Entry &entry : entries) {
    const char *&known = begin.try_emplace(modelEquation(entry.stream->name).first, entry.outermost()).first->second;
    known = std::min(known, entry.outermost());
  }
  auto key = [&](const Entry &entry) {
    auto [equation, number] = modelEquation(entry.stream->name);
    return std::make_tuple(begin[equation], equation, number);
  };
  std::sort(entries.begin(), entries.end(), [&](const Entry &a, const Entry &b) {
    auto keyA = key(a), keyB = key(b);
    return std::tie(keyA, a.place, a.node) < std::tie(keyB, b.place, b.node);
  });
}

std::string shorten(std::string text, size_t limit) {
  if (text.size() > limit)
    text = text.substr(0, limit - 2) + "..";
  return text;
}

} // namespace

Expected<Timeline> makeTimeline(const dsl::Model &model, const reference::Batch &batch,
                                const std::vector<Stream> &equations, int64_t sample) {
  auto chains = chainsOf(model);
  if (!chains)
    return chains.takeError();
  Timeline timeline;
  timeline.model = model.name;
  timeline.sample = sample;
  for (const Chain &chain : *chains) {
    TimelineBlock block;
    block.base = chain.axes[0]->name;
    block.ticks = batch.lengths.at(block.base)[sample];
    std::vector<int64_t> toBase; // offsets of the last axis into base ticks
    for (size_t i = 1; i < chain.axes.size(); ++i) {
      std::vector<int64_t> offsets = batch.offsets.at(chain.axes[i]->name)[sample];
      for (int64_t &offset : offsets)
        offset = i == 1 ? offset : toBase[offset];
      block.segmentNames.push_back(chain.axes[i]->name);
      block.segmentOffsets.push_back(offsets);
      toBase = std::move(offsets);
    }
    timeline.blocks.push_back(std::move(block));
  }

  std::map<StringRef, const dsl::Node *> nodes;
  for (const dsl::Node &node : model.nodes)
    if (!node.name.empty())
      nodes.try_emplace(node.name, &node);
  std::vector<Entry> entries;
  for (const Stream &stream : equations)
    if (auto it = nodes.find(stream.name); it != nodes.end() && it->second->clock)
      entries.push_back({&stream, it->second, sourceOrder(model, *it->second)});
  sortEntries(entries);

  std::map<std::string, std::pair<size_t, size_t>> rowOfGroup; // instance, clock and ticks -> block and row
  for (const Entry &entry : entries) {
    const Stream &stream = *entry.stream;
    const Chain *chain = chainOf(entry.node->clock, *chains);
    if (!chain && chains->size() != 1) {
      timeline.once.push_back(stream.name);
      continue;
    }
    size_t block = chain ? size_t(chain - chains->data()) : 0;
    const std::vector<int64_t> &ticks = stream.ticks[sample];
    auto [instance, name] = instanceAndName(stream.name);
    std::vector<TimelineRow> &rows = timeline.blocks[block].rows;
    if (!instance.empty()) {
      std::string key = (instance + "|" + stream.clock).str();
      for (int64_t tick : ticks)
        key += "," + std::to_string(tick);
      auto [it, fresh] = rowOfGroup.try_emplace(key, block, rows.size());
      if (!fresh) {
        rows[it->second.second].label += (" " + name).str();
        continue;
      }
    }
    std::string label = instance.empty() ? stream.name : (instance + ": " + name).str();
    rows.push_back({label, stream.clock, ticks});
  }
  for (TimelineBlock &block : timeline.blocks)
    for (TimelineRow &row : block.rows) {
      row.label = shorten(std::move(row.label), 40);
      row.ticks.erase(std::remove(row.ticks.begin(), row.ticks.end(), -1), row.ticks.end());
    }
  return timeline;
}

void printTimeline(const Timeline &timeline, raw_ostream &os) {
  const int64_t mostColumns = 100;
  for (const TimelineBlock &block : timeline.blocks) {
    int64_t columns = std::min(block.ticks, mostColumns);
    size_t width = 0;
    for (const TimelineRow &row : block.rows)
      width = std::max(width, row.label.size());
    for (const std::string &name : block.segmentNames)
      width = std::max(width, name.size());
    os << fmt::format("\ntimeline of {}, sample {}: {} {} of {}\n", timeline.model, timeline.sample, block.ticks,
                      block.ticks == 1 ? "tick" : "ticks", block.base);
    std::string scale;
    for (int64_t t = 0; t < columns; t += 10)
      scale += fmt::format("{:<10}", t);
    os << fmt::format("{:{}}  {}\n", "", width, StringRef(scale).rtrim().str());
    auto line = [&](const std::string &label, const std::string &clock, const char *mark, ArrayRef<int64_t> ticks) {
      os << fmt::format("{:<{}}  ", label, width);
      size_t next = 0;
      for (int64_t t = 0; t < columns; ++t) {
        while (next < ticks.size() && ticks[next] < t)
          ++next;
        os << (next < ticks.size() && ticks[next] == t ? mark : "·");
      }
      os << (columns < block.ticks ? " ..  " : "  ") << clock << '\n';
    };
    for (size_t i = 0; i < block.segmentNames.size(); ++i) {
      std::vector<int64_t> ends;
      const std::vector<int64_t> &offsets = block.segmentOffsets[i];
      for (size_t k = 1; k < offsets.size(); ++k)
        if (offsets[k] > offsets[k - 1])
          ends.push_back(offsets[k] - 1);
      line(block.segmentNames[i], "ends of " + block.segmentNames[i], "|", ends);
    }
    for (const TimelineRow &row : block.rows)
      line(row.label, row.clock, "●", row.ticks);
  }
  if (!timeline.once.empty()) {
    os << "\nonce a sample:";
    for (const std::string &name : timeline.once)
      os << ' ' << name;
    os << '\n';
  }
}

} // namespace rondo::run
