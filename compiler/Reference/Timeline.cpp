#include "compiler/Reference/Timeline.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <numeric>

namespace rondo::reference {

Timeline::Timeline(const Program &program, EventSource &events, int32_t sample, std::vector<int32_t> lengths,
                   std::vector<std::vector<int32_t>> rowAt)
    : program(&program), events(&events), sample(sample), lengths(std::move(lengths)), rowAt(std::move(rowAt)),
      back(program.clocks.size()), ahead(program.clocks.size()) {}

Timeline Timeline::forSample(int32_t other) const {
  Timeline copy = *this;
  copy.sample = other;
  return copy;
}

int32_t Timeline::inputRow(ClockId clock, int32_t at) const {
  const Clock &c = program->clocks[clock];
  if (c.kind != Clock::Kind::Axis || c.axis == c.root)
    return at;
  return rowAt[c.axis][at];
}

Answer Timeline::ticks(ClockId clock, int32_t root, int32_t position) {
  if (position < 0 || position > end(root))
    return Answer::No;
  const Clock &c = program->clocks[clock];
  switch (c.kind) {
  case Clock::Kind::Sample: return position == end(root) ? Answer::Yes : Answer::No;
  case Clock::Kind::Axis: return c.axis == c.root || rowAt[c.axis][position] >= 0 ? Answer::Yes : Answer::No;
  case Clock::Kind::Every: {
    Answer parent = ticks(c.parent, root, position);
    if (parent != Answer::Yes)
      return parent;
    int64_t n = count(c.parent, c.reverse, c.scope, position);
    return n < 0 ? Answer::Unknown : n % c.period == c.phase ? Answer::Yes : Answer::No;
  }
  case Clock::Kind::Event: {
    Answer parent = ticks(c.parent, root, position);
    return parent == Answer::Yes ? events->holds(c.condition, sample, tickAt(c.parent, position)) : parent;
  }
  case Clock::Kind::Pair: return ticks(c.target, root, position);
  }
  return Answer::No;
}

// Searches skip what is known to hold no tick. When one stops at an event that is not known yet, it asks for the next
// few too: it would come to them one by one otherwise, and they lie where the looker may look.
constexpr int lookFurther = 64;

int32_t Timeline::last(ClockId clock, int32_t root, int32_t position, int32_t lowest) {
  position = std::min(position, end(root));
  if (isSampled(clock)) {
    int32_t only = end(root);
    if (position < only || lowest > only)
      return nowhere;
    Answer answer = ticks(clock, root, only);
    return answer == Answer::Yes ? only : answer == Answer::No ? nowhere : unknown;
  }
  lowest = std::max(lowest, 0);
  if (position < lowest)
    return nowhere;
  std::vector<int32_t> &skip = back[clock];
  if (skip.empty()) {
    skip.resize(length(root));
    std::iota(skip.begin(), skip.end(), 0);
  }
  int32_t found = position;
  Answer answer = Answer::No;
  while (found >= lowest) {
    if (skip[found] != found) {
      found = skip[found];
      continue;
    }
    answer = ticks(clock, root, found);
    if (answer != Answer::No)
      break;
    skip[found] = found - 1;
  }
  skip[position] = std::min(found, position);
  if (found < lowest)
    return nowhere;
  if (answer == Answer::Unknown)
    for (int i = 1; i < lookFurther && found - i >= lowest; ++i)
      ticks(clock, root, found - i);
  return answer == Answer::Yes ? found : unknown;
}

int32_t Timeline::first(ClockId clock, int32_t root, int32_t position, int32_t highest) {
  position = std::max(position, 0);
  if (isSampled(clock)) {
    int32_t only = end(root);
    if (position > only || highest < only)
      return nowhere;
    Answer answer = ticks(clock, root, only);
    return answer == Answer::Yes ? only : answer == Answer::No ? nowhere : unknown;
  }
  highest = std::min(highest, end(root));
  if (position > highest)
    return nowhere;
  std::vector<int32_t> &skip = ahead[clock];
  if (skip.empty()) {
    skip.resize(length(root));
    std::iota(skip.begin(), skip.end(), 0);
  }
  int32_t found = position;
  Answer answer = Answer::No;
  while (found <= highest) {
    if (skip[found] != found) {
      found = skip[found];
      continue;
    }
    answer = ticks(clock, root, found);
    if (answer != Answer::No)
      break;
    skip[found] = found + 1;
  }
  skip[position] = std::max(found, position);
  if (found > highest)
    return nowhere;
  if (answer == Answer::Unknown)
    for (int i = 1; i < lookFurther && found + i <= highest; ++i)
      ticks(clock, root, found + i);
  return answer == Answer::Yes ? found : unknown;
}

int32_t Timeline::reach(ScopeId scope, int32_t root, int32_t position, bool reverse) {
  int32_t farthest = reverse ? INT32_MAX : -1;
  auto end = [&](const Cut &cut) {
    // `after` cuts lie a quarter behind their tick, `before` cuts a quarter ahead of it.
    int32_t found = reverse ? first(cut.clock, root, cut.before ? position + 1 : position, farthest)
                            : last(cut.clock, root, cut.before ? position : position - 1, farthest);
    if (found == unknown)
      return false;
    if (found != nowhere && reverse)
      farthest = std::min(farthest, cut.before ? found - 1 : found);
    if (found != nowhere && !reverse)
      farthest = std::max(farthest, cut.before ? found : found + 1);
    return true;
  };
  llvm::SmallVector<Cut, 2> open;
  for (const Cut &cut : program->scopes[scope]) {
    int32_t cutRoot = program->clocks[cut.clock].root;
    if ((cutRoot == noRoot || cutRoot == root) && !end(cut))
      open.push_back(cut);
  }
  // What others have cut off does not matter.
  return llvm::all_of(open, end) ? farthest : unknown;
}

int64_t Timeline::count(ClockId clock, bool reverse, ScopeId scope, int32_t position) {
  if (isSampled(clock))
    return 0;
  int32_t root = program->clocks[clock].root;
  std::vector<int64_t> &known = counts[{clock, reverse, scope}];
  if (known.empty())
    known.assign(length(root), -1);
  llvm::SmallVector<int32_t, 8> path; // ticks whose count follows from that of the tick before
  int64_t n = -1;                     // the count at the tick before path's last
  for (int32_t at = position;;) {
    if (known[at] >= 0) {
      n = known[at];
      break;
    }
    int32_t limit = reach(scope, root, at, reverse);
    if (limit == unknown)
      return -1;
    int32_t before = reverse ? first(clock, root, at + 1, limit) : last(clock, root, at - 1, limit);
    if (before == unknown)
      return -1;
    path.push_back(at);
    if (before == nowhere)
      break;
    at = before;
  }
  while (!path.empty())
    known[path.pop_back_val()] = ++n;
  return n;
}

bool Timeline::allTicks(ClockId clock, std::vector<int32_t> &result) {
  result.clear();
  int32_t root = program->clocks[clock].root;
  bool known = true;
  for (int32_t p = end(root); p >= 0; --p) { // what is asked for last is computed first
    Answer answer = ticks(clock, root, p);
    known &= answer != Answer::Unknown;
    if (answer == Answer::Yes)
      result.push_back(p);
  }
  std::reverse(result.begin(), result.end());
  return known;
}

const std::vector<int32_t> *Timeline::sourceRows(ClockId pair, int32_t at) {
  const Clock &c = program->clocks[pair];
  int32_t group = 0, from = 0;
  int32_t root = program->clocks[c.source].root;
  int32_t to = end(root);
  if (program->clocks[c.per].kind != Clock::Kind::Sample) {
    group = first(c.per, root, position(c.target, at, root));
    if (group == unknown)
      return nullptr;
    if (group == nowhere) {
      group = length(root); // behind the last tick of `per`: meets nothing
      from = to + 1;
    } else {
      int32_t previous = last(c.per, root, group - 1);
      if (previous == unknown)
        return nullptr;
      from = std::max(previous + 1, 0);
      to = group;
    }
  }
  auto it = rows.find({pair, group});
  if (it != rows.end())
    return &it->second;
  std::vector<int32_t> result;
  bool known = true;
  for (int32_t p = to; p >= from; --p) {
    Answer answer = ticks(c.source, root, p);
    known &= answer != Answer::Unknown;
    if (answer == Answer::Yes)
      result.push_back(p);
  }
  if (!known)
    return nullptr;
  std::reverse(result.begin(), result.end());
  return &(rows[{pair, group}] = std::move(result));
}

Answer Timeline::meets(ClockId pair, int32_t at, int32_t row) {
  const Clock &c = program->clocks[pair];
  if (program->clocks[c.per].kind == Clock::Kind::Sample)
    return Answer::Yes;
  int32_t root = program->clocks[c.source].root;
  int32_t mine = first(c.per, root, position(c.target, at, root));
  int32_t its = first(c.per, root, row);
  if (mine == unknown || its == unknown)
    return Answer::Unknown;
  return mine != nowhere && mine == its ? Answer::Yes : Answer::No;
}

} // namespace rondo::reference
