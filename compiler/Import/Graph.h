// The model's graph in the form in which it is imported.
#ifndef RONDO_IMPORT_GRAPH_H
#define RONDO_IMPORT_GRAPH_H

#include "dsl/Model.h"

namespace rondo::import {

/// A copy of the parts of a dsl::Model that refer to nodes. It differs from the model in one thing: loops that run through
/// a segment clock in reverse (see Graph.cpp).
struct Graph {
  explicit Graph(const dsl::Model &model);
  /// A node's scope of time; of a read that of its slot.
  uint32_t scopeOf(dsl::NodeId id) const {
    return nodes[id].op == dsl::Op::Read ? slots[nodes[id].index].scope : nodes[id].scope;
  }

  std::vector<dsl::Node> nodes;
  std::vector<dsl::NodeId> order; // in which to import them; all of them, operands first
  std::vector<dsl::Slot> slots;
  std::vector<std::pair<dsl::NodeId, const dsl::Clock *>> events; // a condition, and the clock that it defines
  std::vector<dsl::Output> outputs;
  std::vector<dsl::Loss> losses;
  std::vector<dsl::Generate> generates;
  std::vector<std::unique_ptr<dsl::Clock>> clocks; // that are not the model's
  dsl::NodeId refused = dsl::noNode;               // a node in such a loop that cannot be imported
  std::vector<bool> inLoop;                        // by node: its value depends on the same node's at other ticks
};

} // namespace rondo::import
#endif
