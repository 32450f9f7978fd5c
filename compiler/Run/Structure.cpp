#include "compiler/Run/Structure.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <set>

using namespace llvm;

namespace rondo::run {

//===--- Random numbers ----------------------------------------------------------------------------------------===//

/// The finaliser of splitmix64: every bit of the result depends on every bit of x.
static uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

Draw::Draw(uint64_t seed, StringRef name) : key(mix(seed)) {
  for (char c : name)
    key = mix(key ^ static_cast<unsigned char>(c));
}

uint64_t Draw::bits(uint64_t position) const { return mix(key ^ mix(position)); }

//===--- Chains ------------------------------------------------------------------------------------------------===//

int Chain::find(StringRef axis) const {
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i]->name == axis)
      return int(i);
  return -1;
}

Expected<std::vector<Chain>> chainsOf(const dsl::Model &model) {
  std::set<const dsl::Clock *> coarser;
  for (const dsl::Clock *axis : model.axes)
    coarser.insert(axis->parent);
  std::vector<Chain> chains;
  std::set<const dsl::Clock *> seen;
  for (const dsl::Clock *base : model.axes) {
    if (coarser.count(base))
      continue;
    Chain chain;
    for (const dsl::Clock *axis = base; axis && axis->kind == dsl::Clock::Kind::Axis; axis = axis->parent) {
      chain.axes.push_back(axis);
      if (!seen.insert(axis).second)
        return failure("the segment clock '" + axis->name + "' stands over two base clocks; give each its own");
    }
    chains.push_back(std::move(chain));
  }
  return chains;
}

//===--- What is known -----------------------------------------------------------------------------------------===//

Error noteRows(Cuts &cuts, const Chain &chain, size_t at, int64_t rows, const Twine &who) {
  if (cuts.rows[at] >= 0 && cuts.rows[at] != rows)
    return failure(who + " has " + Twine(rows) + " rows on '" + chain.axes[at]->name + "', where other inputs have " +
                   Twine(cuts.rows[at]));
  cuts.rows[at] = rows;
  return Error::success();
}

Error noteOffsets(Cuts &cuts, const Chain &chain, size_t at, std::vector<int64_t> offsets, const Twine &who) {
  if (cuts.offsets[at] && *cuts.offsets[at] != offsets)
    return failure(who + " cuts '" + chain.axes[at - 1]->name + "' into '" + chain.axes[at]->name +
                   "' otherwise than another file");
  if (Error error = noteRows(cuts, chain, at, int64_t(offsets.size()) - 1, who))
    return error;
  if (Error error = noteRows(cuts, chain, at - 1, offsets.back(), who))
    return error;
  cuts.offsets[at] = std::move(offsets);
  return Error::success();
}

Expected<std::vector<Cuts>> cutsFromFile(const SafetensorsFile &file, const Chain &chain, StringRef path) {
  size_t count = chain.axes.size();
  std::vector<std::vector<int64_t>> packed(count);
  for (size_t i = 0; i < count; ++i) {
    std::string name = chain.axes[i]->name + ".offsets";
    const Tensor *tensor = file.find(name);
    if (!tensor)
      continue;
    std::string error;
    if (tensor->shape.size() != 1 || !toInts(*tensor, packed[i], error) || packed[i].empty())
      return failureIn(path, "'" + name + "' must be a list of whole numbers");
    if (packed[i].front() != 0 || !is_sorted(packed[i]))
      return failureIn(path, "'" + name + "' must start at 0 and never decrease");
  }
  auto known = [&](size_t i) { return !packed[i].empty(); };
  size_t outermost = count;
  while (outermost > 0 && !known(outermost - 1))
    --outermost;
  std::vector<Cuts> all;
  if (outermost == 0)
    return all;
  for (size_t i = 0; i + 1 < outermost; ++i)
    if (known(i) && !known(i + 1))
      return failureIn(path,
                       "has '" + chain.axes[i]->name + ".offsets' but not '" + chain.axes[i + 1]->name + ".offsets'");

  // Where each sample's rows of axis i begin. Without offsets of the outermost axis everything is one sample.
  size_t top = outermost - 1;
  std::vector<int64_t> starts = packed[top];
  if (outermost < count)
    starts = {0, int64_t(packed[top].size()) - 1};
  all.assign(starts.size() - 1, Cuts(count));
  if (outermost < count)
    all[0].rows[outermost] = starts[1]; // the ticks of the next coarser axis, which is in no file
  for (size_t i = outermost; i-- > 0;) {
    if (!known(i))
      break;
    bool cutsSamples = i + 1 == count;
    if (!cutsSamples && int64_t(packed[i].size()) != starts.back() + 1)
      return failureIn(path, "'" + chain.axes[i]->name + ".offsets' has " + Twine(packed[i].size()) +
                                 " numbers, where '" + chain.axes[i + 1]->name + "' has " + Twine(starts.back()) +
                                 " rows: expected one number more");
    std::vector<int64_t> below(starts.size());
    for (size_t s = 0; s < starts.size(); ++s)
      below[s] = cutsSamples ? packed[i][s] : packed[i][starts[s]];
    for (size_t s = 0; s < all.size(); ++s) {
      all[s].rows[i] = below[s + 1] - below[s];
      if (cutsSamples)
        continue;
      std::vector<int64_t> offsets(packed[i].begin() + starts[s], packed[i].begin() + starts[s + 1] + 1);
      for (int64_t &offset : offsets)
        offset -= below[s];
      all[s].offsets[i + 1] = std::move(offsets);
    }
    starts = below;
  }
  return all;
}

//===--- What is made up ---------------------------------------------------------------------------------------===//

/// `rows` rows cut into `segments`, none of them empty where that is possible.
static std::vector<int64_t> cutInto(int64_t rows, int64_t segments, const Draw &draw) {
  std::vector<int64_t> offsets = {0};
  std::set<int64_t> inner;
  bool distinct = segments <= rows;
  uint64_t position = 0;
  while (int64_t(offsets.size()) < segments) {
    int64_t cut = distinct ? 1 + int64_t(draw.below(position++, uint64_t(rows - 1)))
                           : int64_t(draw.below(position++, uint64_t(rows + 1)));
    if (!distinct || inner.insert(cut).second)
      offsets.push_back(cut);
  }
  std::sort(offsets.begin(), offsets.end());
  if (segments > 0)
    offsets.push_back(rows);
  return offsets;
}

/// `rows` rows cut into segments of 1 to 4 rows; now and then an empty one if `irregular`.
static std::vector<int64_t> cutFreely(int64_t rows, bool irregular, const Draw &draw) {
  std::vector<int64_t> offsets = {0};
  uint64_t position = 0;
  while (offsets.back() < rows) {
    if (irregular && draw.below(position++, 4) == 0)
      offsets.push_back(offsets.back());
    offsets.push_back(std::min(rows, offsets.back() + 1 + int64_t(draw.below(position++, 4))));
  }
  if (irregular && draw.below(position++, 4) == 0)
    offsets.push_back(rows);
  return offsets;
}

Error complete(Cuts &cuts, const Chain &chain, int64_t sample, const Making &how) {
  auto drawFor = [&](const dsl::Clock *axis) {
    return Draw(how.seed, "rows of " + axis->name + " in " + std::to_string(sample));
  };
  // The finest axis first: from the nearest coarser one that is known, or from nothing.
  size_t known = 0;
  while (known < cuts.rows.size() && cuts.rows[known] < 0)
    ++known;
  if (known == cuts.rows.size()) {
    Draw draw = drawFor(chain.axes[0]);
    int64_t shortest = (how.length + 1) / 2;
    cuts.rows[0] =
        sample == 0 || how.equal ? how.length : shortest + int64_t(draw.below(0, uint64_t(how.length - shortest + 1)));
    if (how.irregular && sample == 2)
      cuts.rows[0] = 0;
    known = 0;
  }
  for (size_t i = known; i > 0; --i) {
    Draw draw = drawFor(chain.axes[i - 1]);
    std::vector<int64_t> offsets = {0};
    for (int64_t segment = 0; segment < cuts.rows[i]; ++segment)
      offsets.push_back(offsets.back() + 1 + int64_t(draw.below(uint64_t(segment), 4)));
    cuts.rows[i - 1] = offsets.back();
    cuts.offsets[i] = std::move(offsets);
  }
  for (size_t i = 1; i < cuts.rows.size(); ++i) {
    if (cuts.offsets[i])
      continue;
    if (cuts.rows[i] == 0 && cuts.rows[i - 1] > 0)
      return failure("sample " + Twine(sample) + " has " + Twine(cuts.rows[i - 1]) + " rows on '" +
                     chain.axes[i - 1]->name + "', but none on '" + chain.axes[i]->name +
                     "' that they could belong to");
    Draw draw = drawFor(chain.axes[i]);
    cuts.offsets[i] = cuts.rows[i] >= 0 ? cutInto(cuts.rows[i - 1], cuts.rows[i], draw)
                                        : cutFreely(cuts.rows[i - 1], how.irregular, draw);
    cuts.rows[i] = int64_t(cuts.offsets[i]->size()) - 1;
  }
  return Error::success();
}

void addOffsets(SafetensorsWriter &writer, const Chain &chain, const reference::Batch &batch) {
  auto add = [&](const std::string &axis, const std::vector<int64_t> &offsets) {
    writer.addInts(axis + ".offsets", DType::I64, {offsets.size()}, offsets.data());
  };
  for (size_t i = 0; i + 1 < chain.axes.size(); ++i) {
    std::vector<int64_t> packed = {0};
    for (const std::vector<int64_t> &offsets : batch.offsets.at(chain.axes[i + 1]->name)) {
      int64_t start = packed.back();
      for (size_t k = 1; k < offsets.size(); ++k)
        packed.push_back(start + offsets[k]);
    }
    add(chain.axes[i]->name, packed);
  }
  std::vector<int64_t> packed = {0};
  size_t top = chain.axes.size() - 1;
  for (int64_t s = 0; s < batch.samples; ++s) {
    int64_t rows = top == 0 ? batch.lengths.at(chain.axes[0]->name)[s]
                            : int64_t(batch.offsets.at(chain.axes[top]->name)[s].size()) - 1;
    packed.push_back(packed.back() + rows);
  }
  add(chain.axes[top]->name, packed);
}

} // namespace rondo::run
