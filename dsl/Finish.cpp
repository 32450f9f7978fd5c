// Slots get their next values, aliases and clock variables go, the graph is put into order and what nothing needs is dropped.
#include "dsl/Finish.h"
#include "fmt/format.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include <algorithm>

namespace rondo::dsl {

bool finish(Elaborator &e, const Cell &model, Model &result) { return Finisher(e, model, result).run(); }

bool Finisher::run() {
  unsigned before = e.diags.errorReports(); // of other models
  finishSlots();
  if (e.diags.errorReports() != before)
    return false;
  defaultClocks();
  for (size_t i = 0; i < e.nodeNames.size(); ++i)
    names.try_emplace(e.resolve(e.nodeNames[i].node), i);
  if (!orderGraph() || !checkDirections())
    return false;
  checkBases();
  checkTrains();
  checkGenerate();
  checkCausality();
  if (e.diags.errorReports() != before)
    return false;
  checkGradients();
  checkUse();
  checkLogits();
  build();
  return true;
}

//===--- Slots -------------------------------------------------------------------------------------------------===//

void Finisher::finishSlots() {
  for (size_t i = 0; i < e.slots.size(); ++i) {
    WorkingSlot &slot = e.slots[i];
    if (slot.dropped || slot.candidate == noNode)
      continue;
    NodeId next = slot.candidate;
    for (Application *app = slot.app; app && app->instance && next != noNode; app = app->outer)
      if (app->blend != noNode) { // S5, also for what the application applies
        Context ctx;
        ctx.body = app->outer->body;
        next = e.blended(next, slot.read, *app, ctx);
      }
    e.slots[i].slot.next = next;
  }
  for (Node &n : e.nodes)
    for (NodeId &x : n.operands)
      x = e.resolve(x);
  auto fix = [&](NodeId &n) {
    if (n != noNode)
      n = e.resolve(n);
  };
  for (WorkingSlot &s : e.slots)
    fix(s.slot.init), fix(s.slot.next), fix(s.read);
  for (Output &o : e.outputs)
    fix(o.node);
  for (Loss &l : e.losses)
    fix(l.node);
  for (Generate &g : e.generates)
    fix(g.node);
}

/// What took no clock from its use ticks with the cell it stands in; a segment's bool with the next finer axis.
void Finisher::defaultClocks() {
  for (size_t i = 0; i < e.nodes.size(); ++i)
    for (const Clock *given : {e.nodes[i].clock, e.nodes[i].segment}) {
      const Clock *c = e.clocks.resolve(given);
      if (!c || c->kind != Clock::Kind::Var)
        continue;
      auto app = e.nodeApps.find(i);
      const Clock *own = app != e.nodeApps.end() && app->second ? e.clocks.resolve(app->second->clock) : nullptr;
      if (own && own->kind != Clock::Kind::Var)
        e.clocks.unify(c, own);
      else if (c->segment)
        if (const Clock *finer = e.clocks.child(c->segment))
          e.clocks.unify(c, finer);
    }
}

//===--- Order -------------------------------------------------------------------------------------------------===//

void Finisher::conditions(const Clock *clock, bool after, llvm::SmallVectorImpl<NodeId> &out) {
  for (clock = e.clocks.resolve(clock); clock; clock = e.clocks.resolve(clock->parent)) {
    if (clock->kind == Clock::Kind::Event) {
      if (!after)
        out.push_back(e.resolve(clock->condition));
    } else if (clock->kind == Clock::Kind::Every) {
      llvm::append_range(out, conditions(clock->scope, after));
    } else {
      return;
    }
  }
}

llvm::ArrayRef<NodeId> Finisher::conditions(uint32_t scope, bool after) {
  auto [known, isNew] = scopeConditions.try_emplace({scope, after});
  if (!isNew)
    return known->second;
  llvm::SmallVector<NodeId> found;
  for (const Cut &cut : e.scopes[scope].cuts) {
    bool now =
        cut.before != e.scopes[scope].reverse; // a cut between the tick before, in the scope's time, and this one
    if (now != after)
      conditions(cut.clock, false, found);
    if (after)
      conditions(cut.clock, true, found);
  }
  return known->second = llvm::to_vector(llvm::SetVector<NodeId>(found.begin(), found.end()));
}

void Finisher::conditions(const Node &n, bool after, llvm::SmallVectorImpl<NodeId> &out) {
  conditions(n.clock, after, out);
  for (const Dim &d : n.type.dims)
    if (d.axis) {
      conditions(d.axis->collected, after, out);
      conditions(d.axis->per, after, out);
    }
  if (isDirected(n))
    llvm::append_range(out, conditions(scopeOf(n), after));
}

void Finisher::dependencies(NodeId id, llvm::SmallVectorImpl<NodeId> &out) {
  const Node &n = e.nodes[id];
  out.append(n.operands.begin(), n.operands.end());
  if (n.op == Op::Read && e.slots[n.index].slot.init != noNode)
    out.push_back(e.slots[n.index].slot.init);
  conditions(n, false, out);
}

void Finisher::earlier(NodeId id, llvm::SmallVectorImpl<NodeId> &out) {
  const Node &n = e.nodes[id];
  if (n.op == Op::Read && e.slots[n.index].slot.next != noNode)
    out.push_back(e.slots[n.index].slot.next);
  conditions(n, true, out);
}

bool Finisher::visit(NodeId root) {
  if (state[root] == 2)
    return true;
  struct Frame {
    NodeId node;
    size_t next = 0;
    llvm::SmallVector<NodeId, 4> on;
  };
  std::vector<Frame> path;
  auto enter = [&](NodeId n) {
    state[n] = 1;
    path.push_back({n, 0, {}});
    dependencies(n, path.back().on);
  };
  enter(root);
  while (!path.empty()) {
    Frame &f = path.back();
    if (f.next == f.on.size()) {
      state[f.node] = 2;
      order.push_back(f.node);
      path.pop_back();
      continue;
    }
    NodeId n = f.on[f.next++];
    if (state[n] == 2)
      continue;
    if (state[n] == 1) {
      llvm::SmallVector<NodeId> loop;
      for (size_t i = path.size(); i-- > 0;) {
        loop.push_back(path[i].node);
        if (path[i].node == n)
          break;
      }
      std::reverse(loop.begin(), loop.end());
      reportLoop(loop);
      return false;
    }
    enter(n);
  }
  return true;
}

SMRange Finisher::userPlace(uint32_t location, llvm::SmallVectorImpl<SMRange> *inside) const {
  const Location *l = &e.locations[location];
  while (e.isLibrary(l->range) && l->caller >= 0) {
    if (inside)
      inside->push_back(l->range);
    l = &e.locations[l->caller];
  }
  return l->range;
}

std::string Finisher::nodeName(NodeId n) const {
  auto it = names.find(n);
  return it == names.end() ? "" : e.nodeNames[it->second].name;
}

/// The item of a cell or model of the file in whose text this is; null: there is none.
const Item *Finisher::itemAt(SMRange range) const {
  const Item *found = nullptr;
  auto search = [&](const Cell &cell, auto &again) -> void {
    for (const Item *item : cell.body) {
      if (item->kind == Item::Kind::Cell)
        again(*item->cell, again);
      else if (item->range.Start.getPointer() <= range.Start.getPointer() &&
               range.Start.getPointer() < item->range.End.getPointer())
        found = item;
    }
  };
  for (const Cell *cell : e.program.file->cells)
    search(*cell, search);
  return found;
}

/// S2: prints the loop, at its first equation in the source.
void Finisher::reportLoop(llvm::ArrayRef<NodeId> loop) {
  llvm::SmallVector<const UndecidedLoop *> known; // that this may be
  for (const UndecidedLoop &undecided : e.undecidedLoops)
    if (llvm::is_contained(loop, e.resolve(undecided.read)))
      known.push_back(&undecided);
  if (known.size() == 1) {
    e.diags.report(DiagId::R0501, known[0]->at, known[0]->message);
    return;
  }
  std::vector<std::string> parts;
  SMRange first;
  auto isUsers = [&](NodeId n) {
    auto it = names.find(n);
    return it != names.end() && !e.isLibrary(e.nodeNames[it->second].app->body->cell->name.range);
  };
  bool usersOnly = llvm::any_of(loop, isUsers);
  for (NodeId n : loop) {
    std::string name = usersOnly && !isUsers(n) ? "" : nodeName(n);
    SMRange at = userPlace(e.nodes[n].location);
    if (!name.empty() && (parts.empty() || parts.back() != name))
      parts.push_back(name);
    if (at.isValid() && !e.isLibrary(at) && (!first.isValid() || at.Start.getPointer() < first.Start.getPointer()))
      first = at;
  }
  if (const Item *item = itemAt(first); item && parts.empty() && !item->lhs.empty()) {
    parts.push_back(item->lhs[0].name.text.str());
    first = item->keyword;
  }
  std::string text;
  for (const std::string &p : parts)
    text += p + " -> ";
  e.diags.report(DiagId::R0501, known.empty() ? first : known[0]->at,
                 fmt::format("{} depends on itself within one tick{}; put a state, 'pre' or 'fby' into the loop",
                             parts.empty() ? "a value" : "'" + parts[0] + "'",
                             parts.empty() ? "" : ": " + text + parts[0]));
}

bool Finisher::orderGraph() {
  state.assign(e.nodes.size(), 0);
  std::vector<NodeId> roots;
  for (const Output &o : e.outputs)
    roots.push_back(o.node);
  for (const Loss &l : e.losses)
    roots.push_back(l.node);
  for (const Generate &g : e.generates)
    roots.push_back(g.node);
  size_t seen = 0;
  while (!roots.empty()) {
    for (NodeId n : roots)
      if (!visit(n))
        return false;
    roots.clear();
    for (; seen < order.size(); ++seen) {
      llvm::SmallVector<NodeId, 4> more;
      earlier(order[seen], more);
      roots.insert(roots.end(), more.begin(), more.end());
    }
  }
  // What nobody reads must have a meaning, too.
  size_t live = order.size();
  for (const UndecidedLoop &undecided : e.undecidedLoops)
    if (!visit(e.resolve(undecided.read)))
      return false;
  order.resize(live);
  // Of what shares a clock that nobody gives, what comes first in the text is the cause.
  llvm::MapVector<const Clock *, SMRange> withoutClock;
  for (NodeId n : order)
    for (const Clock *c : {e.nodes[n].clock, e.nodes[n].segment}) { // `segment`: a constant has rows on it
      c = e.clocks.resolve(c);
      while (c && (c->kind == Clock::Kind::Every || c->kind == Clock::Kind::Event))
        c = e.clocks.resolve(c->parent);
      if (!c || c->kind != Clock::Kind::Var)
        continue;
      SMRange at = userPlace(e.nodes[n].location);
      auto [known, isFirst] = withoutClock.try_emplace(c, at);
      if (!isFirst && at.Start.getPointer() < known->second.Start.getPointer())
        known->second = at;
    }
  for (auto &[clock, at] : withoutClock)
    e.diags.report(DiagId::R0401, at,
                   fmt::format("nothing gives '{}' a clock: combine it with a stream", e.sourceText(at)));
  return withoutClock.empty();
}

//===--- The finished model ------------------------------------------------------------------------------------===//

const Clock *Finisher::canonical(const Clock *given) {
  const Clock *c = e.clocks.resolve(given);
  if (!c || c->kind == Clock::Kind::Sample || c->kind == Clock::Kind::Axis)
    return c;
  auto [it, fresh] = clockMap.try_emplace(c, nullptr);
  if (!fresh)
    return it->second;
  const Clock *parent = canonical(c->parent);
  NodeId condition = c->kind == Clock::Kind::Event ? newId[e.resolve(c->condition)] : noNode;
  for (const Clock *known : canonicalClocks)
    if (known->kind == c->kind && known->parent == parent &&
        (c->kind == Clock::Kind::Every
             ? known->period == c->period && known->phase == c->phase && known->scope == c->scope
             : known->condition == condition || e.sameNode(order[known->condition], e.resolve(c->condition))))
      return clockMap[c] = known;
  result.clockStore.push_back(std::make_unique<Clock>());
  Clock &made = *result.clockStore.back();
  made.kind = c->kind;
  made.parent = parent;
  made.period = c->period;
  made.phase = c->phase;
  made.scope = c->scope;
  made.condition = condition;
  if (c->kind == Clock::Kind::Event) {
    made.id = result.events.size();
    result.events.push_back(&made);
  }
  canonicalClocks.push_back(&made);
  return clockMap[c] = &made;
}

const ClockAxis *Finisher::canonical(const ClockAxis *axis) {
  const Clock *collected = canonical(axis->collected), *per = canonical(axis->per);
  for (auto &known : result.axisStore)
    if (known->collected == collected && known->per == per)
      return known.get();
  result.axisStore.push_back(std::make_unique<ClockAxis>(ClockAxis{collected, per}));
  return result.axisStore.back().get();
}

Type Finisher::canonical(Type type) {
  for (Dim &d : type.dims)
    if (d.axis)
      d.axis = canonical(d.axis);
  return type;
}

void Finisher::build() {
  result.name = model.name.text.str();
  result.training = e.training;
  result.usesTraining = e.usesTraining;
  newId.assign(e.nodes.size(), noNode);
  for (size_t i = 0; i < order.size(); ++i)
    newId[order[i]] = i;

  // parameters in order of path, only those that live nodes read
  std::vector<bool> readParams(e.params.size());
  for (NodeId n : order)
    if (e.nodes[n].op == Op::Param)
      readParams[e.nodes[n].index] = true;
  std::vector<uint32_t> byPath;
  for (uint32_t i = 0; i < e.params.size(); ++i)
    if (readParams[i])
      byPath.push_back(i);
  std::sort(byPath.begin(), byPath.end(), [&](uint32_t a, uint32_t b) { return e.params[a].path < e.params[b].path; });
  std::vector<uint32_t> paramIndex(e.params.size());
  for (uint32_t i = 0; i < byPath.size(); ++i) {
    paramIndex[byPath[i]] = i;
    result.params.push_back(e.params[byPath[i]]);
  }

  std::vector<uint32_t> slotIndex(e.slots.size(), ~0u);
  std::map<std::string, unsigned> slotPaths;
  std::map<std::pair<std::string, uint32_t>, uint32_t> sites;
  for (NodeId id : order) {
    Node n = e.nodes[id]; // sameNode still asks for the original
    n.clock = canonical(n.clock);
    n.type = canonical(n.type);
    for (NodeId &x : n.operands)
      x = newId[x];
    if (n.segment)
      n.segment = canonical(n.segment);
    if (auto it = names.find(id); it != names.end()) {
      std::string path = e.applicationPath(e.nodeNames[it->second].app);
      n.name = path.empty() ? e.nodeNames[it->second].name : path + "." + e.nodeNames[it->second].name;
    }
    if (n.op == Op::Param) {
      n.index = paramIndex[n.index];
    } else if (n.op == Op::Random) {
      auto app = e.nodeApps.find(id);
      std::string path = app == e.nodeApps.end() ? "" : e.applicationPath(app->second);
      const auto &[item, draw] = e.draws.at(id);
      path += (path.empty() || item.empty() ? "" : ".") + item;
      auto [site, isNew] = sites.try_emplace({path, draw}, sites.size());
      if (isNew)
        result.randomSites.push_back({path, draw});
      n.index = site->second;
    } else if (n.op == Op::Read) {
      WorkingSlot &w = e.slots[n.index];
      uint32_t &index = slotIndex[n.index];
      if (index == ~0u) {
        index = result.slots.size();
        std::string path = e.applicationPath(w.app);
        w.slot.path = path.empty() ? w.name : path + "." + w.name;
        if (unsigned times = ++slotPaths[w.slot.path]; times > 1)
          w.slot.path += fmt::format("#{}", times);
        w.slot.scope = w.app->scope;
        result.slots.push_back(w.slot);
      }
      n.scope = w.app->scope;
      n.index = index;
    }
    for (const Dim &d : n.type.dims)
      if (!d.axis && d.size == 0 && n.op != Op::Constant) { // N6: values of size 0 vanish
        n.op = Op::Constant;
        n.operands.clear();
        n.values = std::make_shared<std::vector<double>>();
      }
    result.nodes.push_back(std::move(n));
  }
  for (Node &n : result.nodes) {
    auto empty = [&](NodeId x) {
      for (const Dim &d : result.nodes[x].type.dims)
        if (!d.axis && d.size == 0)
          return true;
      return false;
    };
    if (n.op == Op::Concat) {
      n.operands.erase(std::remove_if(n.operands.begin(), n.operands.end(), empty), n.operands.end());
    } else if (n.op == Op::Fold && empty(n.operands[0])) {
      n.op = Op::Constant;
      n.operands.clear();
      n.values = std::make_shared<std::vector<double>>(1, 0.0);
    }
  }
  for (Slot &s : result.slots) {
    s.type = canonical(s.type);
    s.clock = canonical(s.clock);
    for (NodeId *n : {&s.init, &s.next})
      if (*n != noNode)
        *n = newId[*n];
  }
  for (auto [index, scope] : llvm::enumerate(e.scopes)) {
    Scope s = scope;
    llvm::SetVector<NodeId> needs;
    for (bool after : {false, true})
      needs.insert_range(conditions(index, after));
    if (llvm::all_of(needs, [&](NodeId n) { return newId[n] != noNode; })) {
      for (Cut &cut : s.cuts)
        cut.clock = canonical(cut.clock);
      for (NodeId n : needs)
        s.conditions.push_back(newId[n]);
    } else { // only ops that were dropped live there
      s.cuts.clear();
    }
    result.scopes.push_back(std::move(s));
  }
  for (Output o : e.outputs) {
    o.node = newId[o.node];
    result.outputs.push_back(o);
  }
  for (Loss l : e.losses) {
    l.node = newId[l.node];
    std::vector<uint32_t> trains;
    for (uint32_t p : l.trains)
      if (readParams[p])
        trains.push_back(paramIndex[p]);
    l.trains = trains;
    std::sort(l.trains.begin(), l.trains.end());
    result.losses.push_back(l);
  }
  for (Generate g : e.generates) {
    for (uint32_t i = 0; i < result.outputs.size(); ++i)
      if (result.outputs[i].node == newId[g.node])
        g.output = i;
    g.node = newId[g.node];
    result.generates.push_back(g);
  }
  for (Input i : e.inputs) {
    i.clock = canonical(i.clock);
    result.inputs.push_back(i);
  }
  // finest of each chain first
  for (const Clock *axis : e.clocks.axes())
    if (e.clocks.root(axis) == axis)
      for (const Clock *up = axis; up && up->kind == Clock::Kind::Axis; up = up->parent)
        result.axes.push_back(up);
  result.locations = std::move(e.locations);
  for (auto &clock : e.clocks.store)
    result.clockStore.push_back(std::move(clock));
}

} // namespace rondo::dsl
