// The last stage of elaboration: the working graph becomes the finished Model. Internal to dsl/.
#ifndef RONDO_DSL_FINISH_H
#define RONDO_DSL_FINISH_H

#include "dsl/Elaborate.h"

namespace rondo::dsl {

class Finisher {
public:
  Finisher(Elaborator &e, const Cell &model, Model &result) : e(e), model(model), result(result) {}
  bool run();

private:
  // Finish.cpp
  void finishSlots();
  void defaultClocks();
  bool orderGraph();
  bool visit(NodeId root);
  const Item *itemAt(SMRange range) const;
  void reportLoop(llvm::ArrayRef<NodeId> loop);
  void build();
  const Clock *canonical(const Clock *clock);
  const ClockAxis *canonical(const ClockAxis *axis);
  Type canonical(Type type);
  std::string nodeName(NodeId n) const;

  // Causality.cpp
  bool checkDirections();
  void checkBases();
  void checkCausality();
  void checkGenerate();
  std::vector<std::string> pathsLike(llvm::StringRef path, const std::vector<bool> &live) const;
  void checkTrains();
  void checkGradients();
  void checkUse();
  void checkLogits();
  std::vector<bool> closure(llvm::ArrayRef<NodeId> roots, bool atAnyTick = true);
  std::vector<bool> gradientFrom(NodeId root);

  /// What node n reads at its own tick: operands, the condition of its event clock, a slot's start, `before` cuts.
  void dependencies(NodeId n, llvm::SmallVectorImpl<NodeId> &out);
  /// Besides: what it needs from earlier ticks.
  void earlier(NodeId n, llvm::SmallVectorImpl<NodeId> &out);
  /// The conditions of events: those that tick a clock or cut its scope at a tick, or, `after`, that cut it after one.
  void conditions(const Clock *clock, bool after, llvm::SmallVectorImpl<NodeId> &out);
  void conditions(const Node &n, bool after, llvm::SmallVectorImpl<NodeId> &out);
  llvm::ArrayRef<NodeId> conditions(uint32_t scope, bool after);
  bool isDirected(const Node &n) const {
    return n.op == Op::Read || n.op == Op::Hold || n.op == Op::ReducePer || n.op == Op::Tick || n.op == Op::Every;
  }
  uint32_t scopeOf(const Node &n) const { return n.op == Op::Read ? e.slots[n.index].app->scope : n.scope; }
  SMRange userPlace(uint32_t location, llvm::SmallVectorImpl<SMRange> *inside = nullptr) const;

  Elaborator &e;
  const Cell &model;
  Model &result;
  std::vector<NodeId> order;  // live nodes
  std::vector<uint8_t> state; // 0 not visited, 1 on the path, 2 done
  std::map<std::pair<uint32_t, bool>, llvm::SmallVector<NodeId>> scopeConditions;
  std::map<NodeId, size_t> names; // into e.nodeNames: the first name of a node
  std::map<const Clock *, const Clock *> clockMap;
  std::vector<const Clock *> canonicalClocks;
  std::vector<NodeId> newId;
};

} // namespace rondo::dsl
#endif
