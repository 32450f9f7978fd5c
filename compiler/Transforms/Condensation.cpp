// Tarjan's components (llvm::scc_iterator) over the arrows "needs", hence what is needed comes first.
#include "compiler/Transforms/Condensation.h"
#include "compiler/Transforms/Rewrite.h"
#include "llvm/ADT/SCCIterator.h"

using namespace rondo::rnn;

namespace {

struct Graph {
  struct Node {
    mlir::Operation *op = nullptr;
    llvm::SmallVector<Node *, 4> needs;
  };

  explicit Graph(mlir::Block &block) : nodes(block.getOperations().size() + 1) {
    Node *node = &nodes.front(); // the entry: needs all
    for (mlir::Operation &op : block) {
      (++node)->op = &op;
      of[&op] = node;
      nodes.front().needs.push_back(node);
      if (auto event = llvm::dyn_cast<EventOp>(op))
        events[event.getClock()] = node;
    }
    for (Node &node : llvm::drop_begin(nodes))
      connect(node);
  }

  void connect(Node &node) {
    for (mlir::Value operand : node.op->getOperands()) {
      mlir::Operation *from = operand.getDefiningOp();
      if (llvm::isa_and_present<StateOp, AccumOp>(from)) {
        if (!llvm::isa<ReadOp, TakeOp>(node.op))
          continue;
        for (mlir::Operation *writer : from->getUsers())
          if (llvm::isa<NextOp, PutOp>(writer))
            node.needs.push_back(of[writer]);
        addEvents(node, from);
      } else if (from) {
        node.needs.push_back(of[from]);
      }
    }
    if (!llvm::isa<EventOp>(node.op))
      addEvents(node, node.op);
  }

  void addEvents(Node &node, mlir::Operation *op) {
    eachEvent(op, [&](EventClockAttr clock) {
      if (Node *event = events.lookup(clock))
        node.needs.push_back(event);
    });
  }

  std::vector<Node> nodes;
  llvm::DenseMap<mlir::Operation *, Node *> of;
  llvm::DenseMap<EventClockAttr, Node *> events;
};

} // namespace

template <> struct llvm::GraphTraits<Graph *> {
  using NodeRef = Graph::Node *;
  using ChildIteratorType = SmallVector<Graph::Node *, 4>::iterator;
  static NodeRef getEntryNode(Graph *graph) { return &graph->nodes.front(); }
  static ChildIteratorType child_begin(NodeRef node) { return node->needs.begin(); }
  static ChildIteratorType child_end(NodeRef node) { return node->needs.end(); }
};

Condensation::Condensation(ModelOp model) {
  Graph graph(model.getBody().front());
  for (auto nodes = llvm::scc_begin(&graph); !nodes.isAtEnd(); ++nodes) {
    if (!nodes->front()->op)
      continue;
    Component &component = list.emplace_back();
    for (const Graph::Node *node : *nodes) {
      component.ops.push_back(node->op);
      indices[node->op] = list.size() - 1;
    }
    llvm::sort(component.ops, [](mlir::Operation *a, mlir::Operation *b) { return a->isBeforeInBlock(b); });
  }
}

const Component &Condensation::of(mlir::Operation *op) const {
  auto found = indices.find(op);
  if (found == indices.end())
    llvm::report_fatal_error("an operation that was made later is looked for in a condensation");
  return list[found->second];
}

const Component *Condensation::loopOf(mlir::Operation *op) const {
  const Component &component = of(op);
  return component.isLoop() ? &component : nullptr;
}

Origin Condensation::originOf(mlir::Value value) const {
  ClockInterface clock = clockOf(value.getType());
  mlir::Operation *op = value.getDefiningOp();
  if (!op)
    return {nullptr, clock};
  Origin from{nullptr, clock};
  if (llvm::isa<LiftOp>(op)) {
    from = {};
  } else if (auto read = llvm::dyn_cast<ReadOp>(op)) {
    NextOp next = writerOf(read.getSlot().getDefiningOp<StateOp>());
    from = {loopOf(next), read.getSlot().getType().getStream().getClock()};
  } else if (llvm::isa<LatestOp, CrossOp>(op)) {
    from = originOf(op->getOperand(0));
  } else if (mlir::Value moving = movingOperand(op); moving && mapsZeroToZero(op)) {
    from = originOf(moving);
  }
  if (const Component *loop = loopOf(op))
    from.loop = loop;
  if (ticksLessOften(clock, from.clock))
    from.clock = clock;
  return from;
}
