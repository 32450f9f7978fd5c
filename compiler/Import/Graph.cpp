// In a reversed application a segment is complete at its first row, which comes last (Time.cpp). Where values only pass a
// segment clock, crossings see to that. But in a loop, as of
//
//     s = hold(rnn(8)(concat(x, pre(s)) when sentence))       inside reversed(..)
//
// everything must happen at that very row, or the loop would run forward in one place and backward in the others. So all
// nodes of such a loop leave the segment clock for the event of the segment's first rows, which is a clock like any other:
// `when` is a sample, `hold` a held value, slots remember in reverse. Where other values enter the loop they are spread to
// the event, where values leave it they are taken back to the segment.
#include "compiler/Import/Graph.h"
#include "compiler/Import/Clocks.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include <map>
#include <set>

namespace rondo::import {

using dsl::Clock;
using dsl::NodeId;
using dsl::Op;

namespace {

/// What flows where: from operands to users, from a slot's initial and next value to its reads, and, if asked for, from an
/// event's condition to what ticks, or begins again, by it.
struct Flow {
  struct Vertex {
    NodeId id = dsl::noNode;
    llvm::SmallVector<Vertex *, 2> next;
  };

  Flow(const Graph &graph, const dsl::Model &model, bool events) : vertices(graph.nodes.size() + 1) {
    for (auto [id, node] : llvm::enumerate(graph.nodes)) {
      Vertex &vertex = vertices[id];
      vertex.id = id;
      vertices.back().next.push_back(&vertex); // the entry leads to all
      for (NodeId operand : node.operands)
        vertices[operand].next.push_back(&vertex);
      if (node.op == Op::Read)
        for (NodeId seen : {graph.slots[node.index].init, graph.slots[node.index].next})
          if (seen != dsl::noNode)
            vertices[seen].next.push_back(&vertex);
      if (!events)
        continue;
      llvm::SmallSetVector<NodeId, 4> conditions;
      auto addScope = [&](uint32_t scope) { conditions.insert_range(model.scopes[scope].conditions); };
      addScope(graph.scopeOf(id));
      for (const Clock *clock = node.clock; clock; clock = clock->parent)
        if (clock->kind == Clock::Kind::Event)
          conditions.insert(clock->condition);
        else if (clock->kind == Clock::Kind::Every)
          addScope(clock->scope);
      for (NodeId condition : conditions)
        vertices[condition].next.push_back(&vertex);
    }
  }

  std::vector<Vertex> vertices;
};

/// Moves the loops of one graph.
class MirrorLoops {
public:
  MirrorLoops(Graph &graph, const dsl::Model &model) : graph(graph), model(model) {}

  void run();

private:
  bool crossesSegment(NodeId id) const;
  void place(llvm::ArrayRef<NodeId> loop);
  void checkRestarts();
  const Clock *mirrored(const Clock *clock, const Clock *base, uint32_t scope);
  void connect();
  NodeId converted(NodeId id, const Clock *to, bool intoLoop);

  Graph &graph;
  const dsl::Model &model;
  std::map<NodeId, const Clock *> bases;                                 // of nodes in such loops: their finest axis
  std::map<NodeId, const Clock *> homes;                                 // and the clock they had
  std::map<std::pair<const Clock *, const Clock *>, const Clock *> made; // by clock and base
  std::map<std::pair<NodeId, const Clock *>, NodeId> conversions;
  std::map<NodeId, std::vector<NodeId>> behind; // new nodes, by the one they follow
  std::vector<NodeId> first;                    // new nodes that follow none
};

} // namespace
} // namespace rondo::import

template <> struct llvm::GraphTraits<rondo::import::Flow *> {
  using NodeRef = rondo::import::Flow::Vertex *;
  using ChildIteratorType = llvm::SmallVector<NodeRef, 2>::iterator;
  static NodeRef getEntryNode(rondo::import::Flow *flow) { return &flow->vertices.back(); }
  // NOLINTBEGIN(readability-identifier-naming): the names that LLVM asks for
  static ChildIteratorType child_begin(NodeRef vertex) { return vertex->next.begin(); }
  static ChildIteratorType child_end(NodeRef vertex) { return vertex->next.end(); }
  // NOLINTEND(readability-identifier-naming)
};

namespace rondo::import {

bool MirrorLoops::crossesSegment(NodeId id) const {
  const dsl::Node &node = graph.nodes[id];
  if ((node.op != Op::When && node.op != Op::ReducePer) || !model.scopes[node.scope].reverse)
    return false;
  const Clock *from = graph.nodes[node.operands[0]].clock;
  return from && isSegment(axisOf(node.clock), axisOf(from));
}

void MirrorLoops::run() {
  bool any = false;
  for (NodeId id : graph.order)
    any |= crossesSegment(id);
  if (!any)
    return;
  Flow flow(graph, model, /*events=*/false);
  for (auto loop = llvm::scc_begin(&flow); !loop.isAtEnd(); ++loop) {
    llvm::SmallVector<NodeId> ids;
    for (const Flow::Vertex *vertex : *loop)
      ids.push_back(vertex->id);
    if (loop.hasCycle() && llvm::any_of(ids, [&](NodeId id) { return crossesSegment(id); }))
      place(ids);
  }
  if (bases.empty())
    return;
  checkRestarts();
  connect();
  std::vector<NodeId> open(graph.order.rbegin(), graph.order.rend()), order = std::move(first);
  while (!open.empty()) {
    order.push_back(open.back());
    open.pop_back();
    std::vector<NodeId> &next = behind[order.back()];
    open.insert(open.end(), next.begin(), next.end());
  }
  graph.order = std::move(order);
}

/// Puts a loop's nodes, and the slots they read, on the mirrored clocks.
void MirrorLoops::place(llvm::ArrayRef<NodeId> loop) {
  const Clock *base = nullptr;
  for (NodeId id : loop)
    if (const Clock *axis = axisOf(graph.nodes[id].clock); !base || isFiner(axis, base))
      base = axis;
  for (NodeId id : loop) {
    bases[id] = base;
    homes[id] = graph.nodes[id].clock;
    const Clock *clock = mirrored(homes[id], base, graph.nodes[id].scope); // may add nodes
    if (!clock) {
      graph.refused = id;
      return;
    }
    dsl::Node &node = graph.nodes[id];
    node.clock = clock;
    if (node.op == Op::Read)
      graph.slots[node.index].clock = clock;
  }
}

/// Refuses such a loop that begins again by an event on a segment clock which it decides itself.
void MirrorLoops::checkRestarts() {
  Flow flow(graph, model, /*events=*/true);
  for (auto loop = llvm::scc_begin(&flow); !loop.isAtEnd(); ++loop) {
    std::set<NodeId> ids;
    for (const Flow::Vertex *vertex : *loop)
      ids.insert(vertex->id);
    for (NodeId id : ids)
      if (auto base = bases.find(id); base != bases.end())
        for (NodeId condition : model.scopes[graph.scopeOf(id)].conditions)
          if (ids.count(condition) && axisOf(model.nodes[condition].clock) != base->second)
            graph.refused = id;
  }
}

/// Null for an event on a segment clock: it has one definition, at the segment's last row.
const Clock *MirrorLoops::mirrored(const Clock *clock, const Clock *base, uint32_t scope) {
  if (axisOf(clock) == base)
    return clock;
  const Clock *&known = made[{clock, base}];
  if (known || clock->kind == Clock::Kind::Event)
    return known;
  auto result = std::make_unique<Clock>();
  if (clock->kind == Clock::Kind::Every) {
    const Clock *parent = mirrored(clock->parent, base, scope);
    if (!parent)
      return nullptr;
    *result = *clock;
    result->parent = parent;
  } else {
    dsl::Node isFirst; // in a reverse scope the segment's bool is true at its first row
    isFirst.op = Op::Segment;
    isFirst.type.elem = dsl::Elem::Bool;
    isFirst.scope = scope;
    isFirst.clock = base;
    isFirst.segment = clock;
    first.push_back(graph.nodes.size());
    graph.nodes.push_back(isFirst);
    result->kind = Clock::Kind::Event;
    result->parent = base;
    result->condition = first.back();
    result->id = graph.events.size();
    graph.events.push_back({first.back(), result.get()});
  }
  graph.clocks.push_back(std::move(result));
  return known = graph.clocks.back().get();
}

/// Converts what enters and leaves the loops.
void MirrorLoops::connect() {
  auto baseOf = [&](NodeId id) {
    auto it = bases.find(id);
    return it == bases.end() ? nullptr : it->second;
  };
  /// `id` as an operand of what lies in the loops over `base`, or, with null, in none.
  auto as = [&](NodeId id, const Clock *base, uint32_t scope) -> NodeId {
    if (id == dsl::noNode || !graph.nodes[id].clock || baseOf(id) == base)
      return id;
    if (baseOf(id) && homes[id] != graph.nodes[id].clock)
      id = converted(id, homes[id], /*intoLoop=*/false);
    const Clock *to = base ? mirrored(graph.nodes[id].clock, base, scope) : graph.nodes[id].clock;
    return to && to != graph.nodes[id].clock ? converted(id, to, /*intoLoop=*/true) : id;
  };
  size_t count = graph.nodes.size();
  std::vector<const Clock *> slotBases(graph.slots.size());
  for (NodeId id = 0; id < count; ++id) {
    if (graph.nodes[id].op == Op::Read)
      slotBases[graph.nodes[id].index] = baseOf(id);
    for (size_t i = 0; i < graph.nodes[id].operands.size(); ++i) {
      NodeId operand = as(graph.nodes[id].operands[i], baseOf(id), graph.nodes[id].scope);
      graph.nodes[id].operands[i] = operand;
    }
  }
  for (auto [index, slot] : llvm::enumerate(graph.slots)) {
    slot.init = as(slot.init, slotBases[index], slot.scope);
    slot.next = as(slot.next, slotBases[index], slot.scope);
  }
  for (auto &[condition, clock] : graph.events)
    condition = as(condition, nullptr, 0);
  for (dsl::Output &output : graph.outputs)
    output.node = as(output.node, nullptr, 0);
  for (dsl::Loss &loss : graph.losses)
    loss.node = as(loss.node, nullptr, 0);
}

/// A node behind `id` with its value on another clock: into a loop from the segment to its first row, out of it to the
/// segment's own tick, which comes at or behind that row.
NodeId MirrorLoops::converted(NodeId id, const Clock *to, bool intoLoop) {
  NodeId &known = conversions.try_emplace({id, to}, dsl::noNode).first->second;
  if (known == dsl::noNode) {
    dsl::Node node;
    node.op = intoLoop ? Op::Spread : Op::When;
    node.type = graph.nodes[id].type;
    node.clock = to;
    node.operands = {id};
    node.location = graph.nodes[id].location;
    known = graph.nodes.size();
    graph.nodes.push_back(node);
    behind[id].push_back(known);
  }
  return known;
}

/// Marks all nodes of all loops.
static void findLoops(Graph &graph, const dsl::Model &model) {
  graph.inLoop.resize(graph.nodes.size());
  Flow flow(graph, model, /*events=*/true);
  for (auto loop = llvm::scc_begin(&flow); !loop.isAtEnd(); ++loop)
    if (loop.hasCycle())
      for (const Flow::Vertex *vertex : *loop)
        graph.inLoop[vertex->id] = true;
}

Graph::Graph(const dsl::Model &model)
    : nodes(model.nodes), slots(model.slots), outputs(model.outputs), losses(model.losses), generates(model.generates) {
  order.resize(nodes.size());
  for (auto [id, place] : llvm::enumerate(order))
    place = id;
  for (const Clock *event : model.events)
    events.push_back({event->condition, event});
  MirrorLoops(*this, model).run();
  findLoops(*this, model);
}

} // namespace rondo::import
