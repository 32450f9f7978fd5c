// Checks over the whole graph: direction of loops (S2), causality (C10), generate (M3), trains (M1), gradients (G4), use.
#include "dsl/Finish.h"
#include "fmt/format.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace rondo::dsl {

/// All that `roots` depend on, at their own tick or, if `atAnyTick`, any other.
std::vector<bool> Finisher::closure(llvm::ArrayRef<NodeId> roots, bool atAnyTick) {
  std::vector<bool> seen(e.nodes.size());
  std::vector<NodeId> work(roots.begin(), roots.end());
  while (!work.empty()) {
    NodeId n = work.back();
    work.pop_back();
    if (seen[n])
      continue;
    seen[n] = true;
    llvm::SmallVector<NodeId, 4> on;
    dependencies(n, on);
    if (atAnyTick)
      earlier(n, on);
    work.insert(work.end(), on.begin(), on.end());
  }
  return seen;
}

/// S2: no loop passes through `reversed` or through a `spread` back to its own base.
bool Finisher::checkDirections() {
  // strongly connected components of the graph with the edges back through slots (Tarjan, iterative)
  size_t count = e.nodes.size();
  std::vector<uint32_t> number(count), low(count);
  std::vector<bool> onStack(count);
  std::vector<NodeId> stack;
  uint32_t next = 0;
  bool good = true;
  struct Frame {
    NodeId node;
    size_t next = 0;
    llvm::SmallVector<NodeId, 4> on;
  };
  auto component = [&](llvm::ArrayRef<NodeId> members) {
    bool forward = false, reverse = false;
    NodeId spread = noNode;
    for (NodeId n : members) {
      if (isDirected(e.nodes[n]))
        (e.scopes[scopeOf(e.nodes[n])].reverse ? reverse : forward) = true;
      if (e.nodes[n].op == Op::Spread)
        spread = n;
    }
    if (spread == noNode && !(forward && reverse))
      return;
    std::vector<std::string> parts;
    SMRange first;
    std::set<NodeId> inside(members.begin(), members.end());
    std::set<NodeId> named; // an output has another name of what it gives
    for (const auto &[node, app, name] : e.nodeNames)
      if (parts.size() < 8 && inside.count(e.resolve(node)) && !e.isLibrary(app->body->cell->name.range) &&
          named.insert(e.resolve(node)).second)
        parts.push_back(name);
    for (NodeId n : members) {
      SMRange at = userPlace(e.nodes[n].location);
      if (!e.isLibrary(at) && (!first.isValid() || at.Start.getPointer() < first.Start.getPointer()))
        first = at;
    }
    e.diags.report(DiagId::R0501, first,
                   fmt::format("a loop passes through {}, which needs its own future{}{}; no delay helps: take what is "
                               "read from outside of the loop",
                               spread != noNode ? "'spread'" : "'reversed'", parts.empty() ? "" : ": ",
                               fmt::join(parts, ", ")));
    good = false;
  };
  for (NodeId root : order) {
    if (number[root])
      continue;
    std::vector<Frame> path;
    auto enter = [&](NodeId n) {
      number[n] = low[n] = ++next;
      stack.push_back(n);
      onStack[n] = true;
      path.push_back({n, 0, {}});
      dependencies(n, path.back().on);
      earlier(n, path.back().on);
    };
    enter(root);
    while (!path.empty()) {
      Frame &f = path.back();
      if (f.next < f.on.size()) {
        NodeId n = f.on[f.next++];
        if (!number[n])
          enter(n);
        else if (onStack[n])
          low[f.node] = std::min(low[f.node], number[n]);
        continue;
      }
      NodeId done = f.node;
      path.pop_back();
      if (!path.empty())
        low[path.back().node] = std::min(low[path.back().node], low[done]);
      if (low[done] != number[done])
        continue;
      llvm::SmallVector<NodeId> members;
      while (true) {
        NodeId n = stack.back();
        stack.pop_back();
        onStack[n] = false;
        members.push_back(n);
        if (n == done)
          break;
      }
      if (members.size() > 1)
        component(members);
    }
  }
  return good;
}

/// C6: what comes from another base clock is spread; held, it would be there at the last tick only.
void Finisher::checkBases() {
  for (NodeId id : order) {
    const Node &n = e.nodes[id];
    const Clock *from = n.op == Op::Hold ? e.clocks.resolve(e.nodes[n.operands[0]].clock) : nullptr;
    if (!from || from->kind != Clock::Kind::Sample)
      continue;
    const Clock *base = e.clocks.root(n.clock), *other = nullptr;
    std::vector<bool> needs = closure({n.operands[0]});
    for (NodeId x : order)
      if (const Clock *root = needs[x] && e.nodes[x].clock ? e.clocks.root(e.nodes[x].clock) : nullptr;
          root && root->kind == Clock::Kind::Axis && root != base)
        other = root;
    if (other)
      e.diags.report(DiagId::R0409, userPlace(n.location),
                     fmt::format("'hold' to '{0}' of what '{1}' makes: two base clocks meet in 'sample' only; "
                                 "'spread(.., to = {0})' brings it over",
                                 e.describeClock(n.clock), e.describeClock(other)));
  }
}

/// C10: an output that reads `reversed`, or a `spread` of what its own base makes, cannot be stepped.
void Finisher::checkCausality() {
  for (const Output &o : e.outputs) {
    std::vector<bool> needs = closure({o.node});
    for (NodeId id : order) {
      if (!needs[id])
        continue;
      const Node &n = e.nodes[id];
      const char *through = nullptr;
      const Clock *root = e.clocks.resolve(n.clock);
      if (isDirected(n) && e.scopes[scopeOf(n)].reverse)
        through = "reversed";
      if (n.op == Op::Spread) {
        root = e.clocks.root(n.clock);
        std::vector<bool> from = closure({n.operands[0]});
        for (NodeId x : order)
          if (from[x] && e.nodes[x].clock && e.clocks.resolve(e.nodes[x].clock)->kind != Clock::Kind::Sample &&
              e.clocks.root(e.nodes[x].clock) == root)
            through = "spread";
      }
      if (!through)
        continue;
      std::string what = fmt::format("{} needs the future of '{}' through '{}'", o.name,
                                     e.describeClock(e.clocks.root(root)), through);
      result.causal = false;
      if (result.whyNotCausal.empty())
        result.whyNotCausal = what;
      if (e.options.requireStep) {
        llvm::SmallVector<SMRange, 2> inside;
        SMRange at = userPlace(n.location, &inside);
        Diagnostic &d =
            e.diags.report(DiagId::R0407, at, fmt::format("'{}' cannot be stepped: {}", model.name.text.str(), what));
        for (SMRange r : inside)
          d.note(r, "inside here");
      }
      break;
    }
  }
}

/// M3.
void Finisher::checkGenerate() {
  for (const Generate &g : e.generates) {
    const Input &input = e.inputs[g.input];
    const Node &y = e.nodes[g.node];
    auto refuse = [&](std::string message) { e.diags.report(DiagId::R0602, g.range, std::move(message)); };
    const Clock *c = input.clock;
    if (c->kind != Clock::Kind::Axis || c->parent->kind != Clock::Kind::Sample || e.clocks.child(c)) {
      refuse(fmt::format("'generate' makes an input on a base clock without segments; '{}' is on '{}'", input.name,
                         e.describeClock(c)));
      continue;
    }
    bool others = false;
    for (const Input &other : e.inputs)
      if (&other != &input && other.clock == c) {
        refuse(fmt::format("'{}' is on '{}' too: nothing makes its rows while '{}' is generated", other.name, c->name,
                           input.name));
        others = true;
      }
    if (others)
      continue;
    if (!y.clock) {
      refuse(fmt::format("'{}' is made of parameters and constants alone: no input reaches what generates it",
                         input.name));
      continue;
    }
    bool token = input.type.elem == Elem::Token;
    bool fits = token ? y.type.elem == Elem::Real && input.type.dims.empty() && y.type.dims.size() == 1 &&
                            !y.type.dims[0].axis && y.type.dims[0].size == input.type.tokens
                      : y.type.elem == input.type.elem && e.sameDims(y.type.dims, input.type.dims);
    if (!fits) {
      refuse(fmt::format("'{}' is {}: it is generated from {}, this is {}", input.name, e.describeType(input.type),
                         token ? fmt::format("real[{}]", input.type.tokens) : e.describeType(input.type),
                         e.describeType(y.type)));
      continue;
    }
    if (!y.clock || !e.clocks.same(y.clock, c)) {
      refuse(fmt::format("'{}' is on '{}', what it is generated from on '{}'", input.name, c->name,
                         e.describeClock(y.clock)));
      continue;
    }
    std::vector<bool> all = closure({g.node});
    std::string future;
    for (NodeId id : order) {
      const Node &n = e.nodes[id];
      if (!all[id])
        continue;
      const Clock *on = n.clock ? e.clocks.root(n.clock) : nullptr;
      if (on == c && isDirected(n) && e.scopes[scopeOf(n)].reverse)
        future = "reversed";
      if (n.op == Op::Spread && on == c) {
        std::vector<bool> from = closure({n.operands[0]});
        for (NodeId x : order)
          if (from[x] && e.nodes[x].clock && e.clocks.resolve(e.nodes[x].clock)->kind != Clock::Kind::Sample &&
              e.clocks.root(e.nodes[x].clock) == c)
            future = "spread";
      }
    }
    if (!future.empty()) {
      refuse(fmt::format("'{}' cannot be generated: it would need its own future through '{}'", input.name, future));
      continue;
    }
    if (!g.next && g.start >= 0) {
      refuse(
          fmt::format("without 'next' no row is given: '{0}' begins with what is read ahead of it, the 'v' of 'v fby "
                      "{0}'; 'start' belongs to 'generate next {0}'",
                      input.name));
      continue;
    }
    if (!g.next) {
      std::vector<bool> now = closure({g.node}, /*atAnyTick=*/false);
      for (NodeId id : order)
        if (now[id] && e.nodes[id].op == Op::Input && e.nodes[id].index == g.input) {
          refuse(
              fmt::format("'{0}' is computed from the '{0}' of the same tick: read 'v fby {0}', or 'generate next {0}'",
                          input.name));
          break;
        }
    }
  }
}

/// The paths of parameters as far as they go along with `path`, and one name further.
std::vector<std::string> Finisher::pathsLike(llvm::StringRef path, const std::vector<bool> &live) const {
  std::set<std::string> paths;
  size_t most = 0; // letters that go along
  for (uint32_t i = 0; i < e.params.size(); ++i) {
    llvm::StringRef known = e.params[i].path;
    size_t along = 0;
    for (size_t dot = known.find('.'); dot != known.npos; dot = known.find('.', dot + 1))
      if (path.starts_with(known.substr(0, dot + 1)))
        along = dot + 1;
    if (!live[i] || along < most)
      continue;
    if (along > most)
      paths.clear();
    most = along;
    paths.insert(known.substr(0, known.find('.', along)).str());
  }
  return {paths.begin(), paths.end()};
}

/// A path as `trains` takes it: "h.layer[0].W" for "h.layer.0.W".
static std::string writtenPath(llvm::StringRef path) {
  std::string text;
  for (llvm::StringRef part : llvm::split(path, '.'))
    text +=
        llvm::all_of(part, llvm::isDigit) ? fmt::format("[{}]", part.str()) : (text.empty() ? "" : ".") + part.str();
  return text;
}

void Finisher::checkTrains() {
  std::vector<bool> live(e.params.size());
  for (NodeId n : order)
    if (e.nodes[n].op == Op::Param)
      live[e.nodes[n].index] = true;
  for (Loss &loss : e.losses)
    for (size_t k = 0; k < loss.trainsPaths.size(); ++k) {
      const std::string &path = loss.trainsPaths[k];
      size_t before = loss.trains.size();
      for (uint32_t i = 0; i < e.params.size(); ++i)
        if (live[i] && (e.params[i].path == path || llvm::StringRef(e.params[i].path).starts_with(path + ".")))
          loss.trains.push_back(i);
      if (loss.trains.size() != before)
        continue;
      std::vector<std::string> paths = pathsLike(path, live);
      for (std::string &known : paths)
        known = writtenPath(known);
      e.diags
          .report(DiagId::R0603, loss.trainsPlaces[k],
                  fmt::format("'{}' matches no parameter; paths here: {}", writtenPath(path),
                              paths.empty() ? "none" : fmt::format("{}", fmt::join(paths, ", "))))
          .suggest(loss.trainsPlaces[k], writtenPath(path), std::vector<llvm::StringRef>(paths.begin(), paths.end()));
    }
}

/// What a gradient from `root` flows to: G2, G3 say where it ends.
std::vector<bool> Finisher::gradientFrom(NodeId root) {
  std::vector<bool> seen(e.nodes.size());
  std::vector<NodeId> work = {root};
  while (!work.empty()) {
    NodeId id = work.back();
    work.pop_back();
    const Node &n = e.nodes[id];
    if (seen[id] || n.type.elem != Elem::Real)
      continue;
    seen[id] = true;
    switch (n.op) {
    case Op::StopGradient:
    case Op::Floor:
    case Op::ToReal:
    case Op::OneHot: break;
    case Op::Straight: work.push_back(n.operands[1]); break;
    case Op::Select:
      work.push_back(n.operands[1]);
      work.push_back(n.operands[2]);
      break;
    case Op::Gather:
    case Op::Ctc: work.push_back(n.operands[0]); break;
    case Op::Read:
      for (NodeId x : {e.slots[n.index].slot.init, e.slots[n.index].slot.next})
        if (x != noNode)
          work.push_back(x);
      break;
    default: work.insert(work.end(), n.operands.begin(), n.operands.end());
    }
  }
  return seen;
}

/// G4: which parameters no loss moves.
void Finisher::checkGradients() {
  if (e.losses.empty())
    return;
  std::vector<bool> reached(e.params.size()), frozen(e.params.size());
  for (const Loss &l : e.losses) {
    std::vector<bool> seen = gradientFrom(l.node);
    for (NodeId id : order)
      if (uint32_t param = e.nodes[id].index; e.nodes[id].op == Op::Param && seen[id])
        (l.trainsAll || llvm::is_contained(l.trains, param) ? reached : frozen)[param] = true;
  }
  std::vector<NodeId> reads(e.params.size(), noNode);
  for (NodeId id : order)
    if (e.nodes[id].op == Op::Param)
      reads[e.nodes[id].index] = id;
  // a library cell's parameters are the application's
  std::map<std::pair<const char *, bool>, std::pair<SMRange, std::vector<std::string>>> places;
  for (size_t i = 0; i < e.params.size(); ++i)
    if (reads[i] != noNode && !reached[i]) {
      SMRange at = e.isLibrary(e.params[i].range) ? userPlace(e.nodes[reads[i]].location) : e.params[i].range;
      auto &[range, paths] = places[{at.Start.getPointer(), frozen[i]}];
      range = at;
      paths.push_back(fmt::format("'{}'", e.params[i].path));
    }
  for (auto &[key, place] : places) {
    auto &[at, paths] = place;
    bool one = paths.size() == 1;
    e.diags.report(DiagId::R0604, at,
                   fmt::format("parameter{} {} get{} no gradient: {} on {}{}", one ? "" : "s", fmt::join(paths, ", "),
                               one ? "s" : "", key.second ? "the losses that depend" : "no loss depends smoothly",
                               one ? "it" : "them", key.second ? " train others" : ""));
  }
}

void Finisher::checkUse() {
  std::vector<bool> used(e.inputs.size());
  for (NodeId id : order)
    if (e.nodes[id].op == Op::Input)
      used[e.nodes[id].index] = true;
  for (size_t i = 0; i < e.inputs.size(); ++i)
    if (!used[i] && !e.shapesUsed.count(i))
      e.diags.report(DiagId::R0606, e.inputs[i].range, fmt::format("input '{}' is not used", e.inputs[i].name));
}

/// Probabilities where logits are meant: no error, but nothing learns well so.
void Finisher::checkLogits() {
  for (NodeId id : order) {
    const Node &n = e.nodes[id];
    if ((n.op != Op::Softmax && n.op != Op::LogSoftmax) || e.nodes[n.operands[0]].op != Op::Softmax)
      continue;
    const char *name = n.op == Op::Softmax ? "softmax" : "log_softmax";
    e.diags.report(DiagId::R0607, userPlace(n.location),
                   fmt::format("'{}' of what 'softmax' has made: it takes any numbers, not probabilities", name));
  }
}

} // namespace rondo::dsl
