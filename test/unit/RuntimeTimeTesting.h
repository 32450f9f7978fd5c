// What clocks mean, position by position, and models of random clocks on ragged data.
#ifndef RONDO_TEST_RUNTIMETIMETESTING_H
#define RONDO_TEST_RUNTIMETIMETESTING_H

#include "RuntimeTesting.h"
#include <array>
#include <map>
#include <optional>

namespace rondo::runtime {

/// The meaning of clocks, position by position. Positions are counted within a sample.
class Oracle {
public:
  Oracle(const PlanTables &tables, const TestBatch &batch) : tables(tables), batch(batch) {}

  std::map<int32_t, std::vector<bool>> conditions; // of events, by row of `eventAxis`
  int32_t eventAxis = -1;

  int64_t rowsBefore(int32_t axis, int64_t sample) const {
    int32_t outer = tables.axes[axis].outer;
    return batch.offsets[axis][outer < 0 ? sample : rowsBefore(outer, sample)];
  }
  int begin(int32_t root, int s) const { return root < 0 ? s : rowsBefore(root, s); }
  int length(int32_t root, int s) const { return begin(root, s + 1) - begin(root, s); }
  int32_t rootOf(int32_t clock) const { return tables.clocks[clock].root; }
  int32_t commonRoot(int32_t a, int32_t b) const { return rootOf(a) < 0 ? rootOf(b) : rootOf(a); }

  bool ticks(int32_t clock, int32_t root, int s, int p) {
    auto &known = memory[{clock, root, s}];
    if (known.empty())
      for (int q = 0; q < length(root, s); ++q)
        known.push_back(findTick(clock, root, s, q));
    return p >= 0 && p < length(root, s) && known[p];
  }

  bool isCut(int32_t scope, int32_t root, int s, int a, int b) {
    if (scope < 0)
      return false;
    for (int i = 0; i < tables.scopes[scope].cuts.count; ++i) {
      const CutPlan &cut = tables.cuts[tables.scopes[scope].cuts.first + i];
      if (rootOf(cut.clock) >= 0 && rootOf(cut.clock) != root)
        continue;
      for (int q = 0; q < length(root, s); ++q)
        if (ticks(cut.clock, root, s, q)) {
          double at = cut.before ? q - 0.25 : q + 0.25;
          if (std::min(a, b) < at && at < std::max(a, b))
            return true;
        }
    }
    return false;
  }

  /// Ticks ahead in the scope; reverse: behind.
  int count(int32_t clock, bool reverse, int32_t scope, int s, int p) {
    int32_t root = rootOf(clock);
    int n = 0;
    for (int q = 0; root >= 0 && q < length(root, s); ++q)
      n += (reverse ? q > p : q < p) && ticks(clock, root, s, q) && !isCut(scope, root, s, q, p);
    return n;
  }

  /// Ticks of a clock that is no pair, as positions in its own root.
  std::vector<int> all(int32_t clock, int s) {
    std::vector<int> result;
    for (int p = 0; p < length(rootOf(clock), s); ++p)
      if (ticks(clock, rootOf(clock), s, p))
        result.push_back(p);
    return result;
  }

  /// A tick's position in a root that it may only share.
  int positionIn(int32_t root, int32_t clock, int s, int p) { return rootOf(clock) < 0 ? length(root, s) - 1 : p; }

  struct Place {
    int at, source; // positions of a tick; source: of a pair
    bool operator==(const Place &other) const { return at == other.at && source == other.source; }
  };
  bool isPair(int32_t clock) const { return tables.clocks[clock].kind == ClockPlan::Kind::Pair; }

  std::vector<Place> places(int32_t clock, int s) {
    const ClockPlan &plan = tables.clocks[clock];
    std::vector<Place> result;
    if (!isPair(clock)) {
      for (int p : all(clock, s))
        result.push_back({p, 0});
      return result;
    }
    for (int p : all(plan.target, s))
      for (int q : all(plan.source, s))
        if (meets(plan, s, p, q))
          result.push_back({p, q});
    return result;
  }

  bool meets(const ClockPlan &pair, int s, int p, int q) {
    if (pair.per < 0)
      return true;
    int32_t root = commonRoot(pair.per, pair.source);
    int mine = nextTick(pair.per, root, s, positionIn(root, pair.target, s, p));
    return mine >= 0 && mine == nextTick(pair.per, root, s, positionIn(root, pair.source, s, q));
  }

  /// What a tick sees by Latest or Strict.
  std::optional<Place> look(int32_t from, int32_t to, int s, Place looker, bool strict, bool reverse, int32_t scope) {
    bool toSource = isPair(from) && tables.clocks[from].source == to && tables.clocks[from].target != to;
    Sight sight = sightOf(from, to, s, looker, toSource);
    int found = -1;
    for (int p = 0; p < length(sight.root, s); ++p) {
      bool isSeen = reverse ? (strict ? p > sight.here : p >= sight.here) : strict ? p < sight.here : p <= sight.here;
      if (isSeen && ticks(sight.fromTime, sight.root, s, p) && !(reverse && found >= 0))
        found = p;
    }
    if (found < 0 || isCut(scope, sight.root, s, found, sight.here))
      return std::nullopt;
    int at = rootOf(sight.fromTime) < 0 ? 0 : found;
    if (sight.isRowed && !meets(tables.clocks[from], s, at, sight.source))
      return std::nullopt;
    return Place{at, sight.isRowed ? sight.source : 0};
  }

  /// What a tick's reduction is over, in order. `toSource`: from pairs to their source.
  std::vector<Place> reduced(int32_t from, int32_t to, bool toSource, int s, Place looker, bool reverse,
                             int32_t scope) {
    Sight sight = sightOf(from, to, s, looker, toSource);
    int low = 0, high = sight.here;
    for (int p = 0; p < sight.here && !reverse; ++p)
      if (ticks(sight.toTime, sight.root, s, p))
        low = p + 1;
    if (reverse) {
      low = sight.here;
      high = length(sight.root, s) - 1;
      for (int p = high; p > sight.here; --p)
        if (ticks(sight.toTime, sight.root, s, p))
          high = p - 1;
    }
    if (sight.isTowardsSource) {
      low = 0;
      high = length(sight.root, s) - 1;
      sight.here = reverse ? 0 : high;
    }
    std::vector<Place> result;
    for (int p = std::max(low, 0); p <= high; ++p) {
      if (!ticks(sight.fromTime, sight.root, s, p) || isCut(scope, sight.root, s, p, sight.here))
        continue;
      int at = rootOf(sight.fromTime) < 0 ? 0 : p;
      if (!isPair(from)) {
        result.push_back({at, 0});
        continue;
      }
      for (int q : all(tables.clocks[from].source, s))
        if (meets(tables.clocks[from], s, at, q) && (!sight.isRowed || q == sight.source))
          result.push_back({at, q});
    }
    return result;
  }

private:
  struct Sight {
    int32_t fromTime, toTime, root;
    int here, source;
    bool isRowed, isTowardsSource;
  };
  Sight sightOf(int32_t from, int32_t to, int s, Place looker, bool toSource) {
    Sight sight;
    sight.isTowardsSource = toSource;
    sight.fromTime = isPair(from) ? tables.clocks[from].target : from;
    sight.toTime = isPair(to) ? tables.clocks[to].target : sight.isTowardsSource ? 0 : to;
    sight.root = commonRoot(sight.fromTime, sight.toTime);
    sight.here = positionIn(sight.root, sight.toTime, s, looker.at);
    sight.isRowed = isPair(from) && (isPair(to) || sight.isTowardsSource);
    sight.source = sight.isTowardsSource ? looker.at : looker.source;
    return sight;
  }

  int nextTick(int32_t clock, int32_t root, int s, int p) {
    for (int q = std::max(p, 0); q < length(root, s); ++q)
      if (ticks(clock, root, s, q))
        return q;
    return -1;
  }

  bool findTick(int32_t clock, int32_t root, int s, int p) {
    const ClockPlan &plan = tables.clocks[clock];
    int global = begin(root, s) + p;
    switch (plan.kind) {
    case ClockPlan::Kind::Sample: return p == length(root, s) - 1;
    case ClockPlan::Kind::Axis: {
      // The last root row of some row of the axis.
      for (int64_t row = rowsBefore(plan.axis, s); row < rowsBefore(plan.axis, s + 1); ++row) {
        int64_t first = row, end = row + 1;
        for (int32_t inner = tables.axes[plan.axis].inner; inner >= 0; inner = tables.axes[inner].inner)
          first = batch.offsets[inner][first], end = batch.offsets[inner][end];
        if (first < end && end - 1 == global)
          return true;
      }
      return false;
    }
    case ClockPlan::Kind::Every:
      return ticks(plan.parent, root, s, p) &&
             count(plan.parent, plan.reverse, plan.scope, s, p) % plan.period == plan.phase;
    case ClockPlan::Kind::Event: {
      int rows = length(eventAxis, s), at = rootOf(clock) < 0 ? rows - 1 : p;
      return ticks(plan.parent, root, s, p) && at >= 0 && conditions[clock][begin(eventAxis, s) + at];
    }
    case ClockPlan::Kind::Pair: break;
    }
    return false;
  }

  const PlanTables &tables;
  const TestBatch &batch;
  std::map<std::tuple<int32_t, int32_t, int>, std::vector<bool>> memory;
};

/// A model of random clocks over documents of sentences of words, and another axis; with numbers of all positions.
class TimeModel {
public:
  explicit TimeModel(unsigned seed) : random(seed) {
    document = plan.axis("document");
    sentence = plan.axis("sentence", document);
    word = plan.axis("word", sentence);
    other = plan.axis("other");
    batch.samples = random() % 5;
    batch.offsets.push_back(randomOffsets(random, batch.samples, 3));
    batch.offsets.push_back(randomOffsets(random, batch.offsets[0].back(), 3));
    batch.offsets.push_back(randomOffsets(random, batch.offsets[1].back(), 4));
    batch.offsets.push_back(randomOffsets(random, batch.samples, 5));
    wordNumbers = plan.input("words", word, 1, Element::I64);
    plan.tables.arrays[wordNumbers].zeroRow = 1;
    batch.input(countFrom(1, batch.offsets[2].back()));
    otherNumbers = plan.input("others", other, 1, Element::I64);
    plan.tables.arrays[otherNumbers].zeroRow = 1;
    batch.input(countFrom(1, batch.offsets[3].back()));
    clocks = {PlanBuilder::sample, document, sentence, word};
    for (int32_t clock : {document, sentence, word, other})
      plan.fix(clock);
    for (int i = 0; i < 6; ++i)
      clocks.push_back(addClock());
    for (int i = 0; i < 4; ++i)
      pairs.push_back(addPair());
  }

  int32_t pick() { return clocks[random() % clocks.size()]; }
  int32_t pickPair() { return pairs[random() % pairs.size()]; }
  bool flip() { return random() % 2; }

  int32_t addScope() {
    std::vector<CutPlan> cuts;
    for (int i = random() % 3; i >= 0; --i)
      cuts.push_back({pick(), flip()});
    return flip() ? -1 : plan.scope(cuts);
  }

  /// Two numbers for each tick: of its position, and of a pair's source.
  int32_t numbers(int32_t clock) {
    auto [it, isNew] = known.try_emplace(clock);
    if (!isNew)
      return it->second;
    int32_t array = it->second = plan.array(Place::Call, clock, 2, Element::I64, /*zeroRow=*/true);
    const ClockPlan &c = plan.tables.clocks[clock];
    bool isPair = c.kind == ClockPlan::Kind::Pair;
    auto fill = [&](int32_t time, MapPlan::Kind kind, int64_t offset) {
      int32_t own = plan.tables.clocks[time].root == plan.tables.clocks[other].root ? other : word;
      int32_t map = plan.map(MapPlan::Kind::Latest, own, time);
      if (isPair) {
        MapPlan both;
        both.kind = MapPlan::Kind::Compose;
        both.from = own;
        both.to = clock;
        both.inner = map;
        both.outer = plan.map(kind, time, clock);
        map = plan.fixMap(both);
      }
      plan.top(OpCode::Copy, clock,
               {PlanBuilder::mapped(own == word ? wordNumbers : otherNumbers, map), PlanBuilder::same(array, offset)},
               {1, 8, 8, 8});
    };
    fill(isPair ? c.target : clock, MapPlan::Kind::Target, 0);
    if (isPair)
      fill(c.source, MapPlan::Kind::Source, 8);
    else
      plan.top(OpCode::Zero, clock, {PlanBuilder::same(array, 8)});
    return array;
  }

  /// What `numbers` are by definition.
  std::array<int64_t, 2> expected(Oracle &oracle, int32_t clock, int s, Oracle::Place place) {
    const ClockPlan &c = plan.tables.clocks[clock];
    bool isPair = c.kind == ClockPlan::Kind::Pair;
    auto number = [&](int32_t time, int at) -> int64_t {
      int32_t root = plan.tables.clocks[time].root;
      if (root < 0)
        root = plan.tables.clocks[word].root;
      int p = oracle.positionIn(root, time, s, at);
      return p < 0 ? 0 : 1 + oracle.begin(root, s) + p;
    };
    return {number(isPair ? c.target : clock, place.at), isPair ? number(c.source, place.source) : 0};
  }

  Oracle oracle() {
    Oracle oracle(plan.tables, batch);
    oracle.conditions = conditions;
    oracle.eventAxis = plan.tables.clocks[word].axis;
    return oracle;
  }

  PlanBuilder plan;
  TestBatch batch;
  std::mt19937 random;
  int32_t document, sentence, word, other, wordNumbers, otherNumbers;
  std::vector<int32_t> clocks, pairs; // of the words' root
  std::map<int32_t, int32_t> known;
  std::map<int32_t, std::vector<bool>> conditions;

private:
  int32_t addClock() {
    int32_t parent = pick(), clock;
    if (random() % 3) {
      int period = 1 + random() % 3;
      clock = plan.every(parent, period, random() % period, flip(), addScope());
      plan.fix(clock);
      return clock;
    }
    clock = plan.event(parent);
    int32_t condition = plan.input("condition", word, 1, Element::Bool);
    plan.tables.arrays[condition].zeroRow = 1;
    std::vector<bool> values(batch.offsets[2].back());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = flip();
    batch.input(values);
    conditions[clock] = values;
    plan.fix(clock, {PlanBuilder::mapped(condition, plan.map(MapPlan::Kind::Latest, word, parent))});
    return clock;
  }

  int32_t addPair() {
    int32_t target = pick(), source = flip() ? other : pick(), per = -1;
    int32_t root = plan.tables.clocks[word].root;
    if (plan.tables.clocks[source].root == root && plan.tables.clocks[target].root == root && flip())
      per = pick();
    int32_t clock = plan.pair(target, source, plan.tables.clocks[per < 0 ? 0 : per].root == root ? per : -1);
    plan.fix(clock);
    return clock;
  }
};

} // namespace rondo::runtime
#endif
