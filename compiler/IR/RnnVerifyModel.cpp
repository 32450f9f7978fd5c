// What a model demands of its equations together: names, one writer a slot, events above what ticks on them, and loops
// that run in one direction of time.
#include "compiler/IR/Rnn.h"
#include "compiler/IR/Verify.h"

#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rondo::rnn;

//===--- Events that an operation needs ------------------------------------------------------------------------===//

namespace {

using Events = llvm::SmallSetVector<EventClockAttr, 4>;
using Clocks = llvm::SmallSetVector<ClockInterface, 4>;

/// A clock and all that decide where it ticks; `allCuts`: also those that, in the direction of time, end a scope behind
/// them, which is seen one tick later.
void addClocks(ClockInterface clock, bool allCuts, Clocks &clocks);

void addClocks(ScopeAttr scope, bool reverse, bool allCuts, Clocks &clocks) {
  if (!scope)
    return;
  for (CutAttr cut : scope.getCuts())
    if (cut.getBefore() != reverse || allCuts)
      addClocks(cut.getClock(), allCuts, clocks);
}

void addClocks(ClockInterface clock, bool allCuts, Clocks &clocks) {
  if (!clocks.insert(clock))
    return;
  if (auto pair = dyn_cast<PairClockAttr>(clock)) {
    addClocks(pair.getTarget(), allCuts, clocks);
    addClocks(pair.getSource(), allCuts, clocks);
    if (pair.getPer())
      addClocks(pair.getPer(), allCuts, clocks);
  } else if (auto every = dyn_cast<EveryClockAttr>(clock)) {
    addClocks(every.getScope(), every.getReverse(), allCuts, clocks);
    addClocks(every.getOf(), allCuts, clocks);
  } else if (auto event = dyn_cast<EventClockAttr>(clock)) {
    addClocks(event.getOf(), allCuts, clocks);
  }
}

/// The operation whose direction and scope of time an operation's value depends on: of a read that of its slot.
Timed timeOf(Operation *op) {
  if (isa<StateOp, AccumOp>(op))
    return {};
  if (auto read = dyn_cast<ReadOp>(op))
    op = read.getSlot().getDefiningOp();
  else if (auto take = dyn_cast<TakeOp>(op))
    op = take.getSlot().getDefiningOp();
  return dyn_cast_if_present<Timed>(op);
}

/// The events whose truth at a tick decides the operation's values at that tick (with `allCuts`: at later ticks too).
/// Slots may be declared before, and constants stand wherever folding puts them.
Events eventsOf(Operation *op, bool allCuts) {
  Clocks clocks;
  if (!isa<ConstOp>(op)) {
    for (Type type : op->getResultTypes())
      if (ClockInterface clock = clockOf(type))
        addClocks(clock, allCuts, clocks);
    if (Timed timed = timeOf(op))
      addClocks(timed.getScopeAttr(), timed.getReverse(), allCuts, clocks);
    if (auto per = op->getAttrOfType<ClockInterface>("per"))
      addClocks(per, allCuts, clocks);
  }
  Events events;
  for (ClockInterface clock : clocks)
    if (auto event = dyn_cast<EventClockAttr>(clock))
      events.insert(event);
  return events;
}

//===--- Names and slots ---------------------------------------------------------------------------------------===//

LogicalResult verifyNames(ArrayRef<Operation *> equations) {
  llvm::StringSet<> params, slots, losses;
  GenerateOp generate;
  for (Operation *op : equations) {
    if (auto param = dyn_cast<ParamOp>(op)) {
      if (!params.insert(param.getPath()).second)
        return param.emitOpError() << "\"" << param.getPath() << "\" is declared twice [N7]";
    } else if (isa<StateOp, AccumOp>(op)) {
      auto path = op->getAttrOfType<StringAttr>("path");
      if (!slots.insert(path).second)
        return op->emitOpError() << "\"" << path.getValue() << "\" is declared twice [N7]";
    } else if (auto loss = dyn_cast<LossOp>(op)) {
      if (!losses.insert(loss.getName()).second)
        return loss.emitOpError() << "\"" << loss.getName() << "\" is defined twice [N1]";
    } else if (auto next = dyn_cast<GenerateOp>(op)) {
      if (generate)
        return next.emitOpError() << "is the second of its model [M3]";
      generate = next;
    }
  }
  for (Operation *op : equations) {
    auto loss = dyn_cast<LossOp>(op);
    if (!loss || !loss.getTrains())
      continue;
    for (StringRef path : loss.getTrains()->getAsValueRange<StringAttr>()) {
      bool found = llvm::any_of(params.keys(), [&](StringRef param) {
        return param.consume_front(path) && (param.empty() || param.starts_with(".") || path.empty());
      });
      if (!found)
        return loss.emitOpError() << "trains \"" << path << "\", under which there is no parameter [M1]";
    }
  }
  return success();
}

LogicalResult verifySlots(ArrayRef<Operation *> equations) {
  llvm::DenseMap<Value, Operation *> ends; // of a state its next, of an accumulator its take
  for (Operation *op : equations) {
    if (!isa<NextOp, TakeOp>(op))
      continue;
    auto [place, isNew] = ends.try_emplace(op->getOperand(0), op);
    if (!isNew) {
      auto error = op->emitOpError() << (isa<NextOp>(op) ? "writes" : "takes from") << " a slot a second time [S1]";
      return error.attachNote(place->second->getLoc()) << "the first is here";
    }
  }
  for (Operation *op : equations)
    if (auto state = dyn_cast<StateOp>(op); state && !state.getSlot().use_empty() && !ends.contains(state.getSlot()))
      return state.emitOpError() << "\"" << state.getPath() << "\" is read and never written [S1]";
  return success();
}

LogicalResult verifyGenerate(ArrayRef<Operation *> equations, Block &block, ArrayAttr inputs) {
  for (Operation *op : equations) {
    auto generate = dyn_cast<GenerateOp>(op);
    if (!generate)
      continue;
    StreamType input;
    for (auto [argument, name] : llvm::zip_equal(block.getArguments(), inputs.getAsValueRange<StringAttr>()))
      if (name == generate.getInput())
        input = cast<StreamType>(argument.getType());
    if (!input)
      return generate.emitOpError() << "feeds \"" << generate.getInput() << "\", which is no input [M3]";
    StreamType source = generate.getSource().getType();
    auto token = dyn_cast<TokenType>(input.getElementType());
    bool scores = token && input.getRank() == 0 && source.getElementType().isF32() &&
                  source.getShape() == ArrayRef<int64_t>(token.getSize()) && source.getClock() == input.getClock();
    if (source != input && !scores)
      return generate.emitOpError() << "feeds " << input << " from " << source << " [M3]";
    for (std::optional<int64_t> number : {generate.getStart(), generate.getStop()})
      if (number && (!token || *number < 0 || *number >= token.getSize()))
        return generate.emitOpError() << "starts or stops at " << *number << ", no value of " << input.getElementType()
                                      << " [M3]";
  }
  return success();
}

//===--- Events ------------------------------------------------------------------------------------------------===//

LogicalResult verifyEvents(ArrayRef<Operation *> equations, Operation *allTicks) {
  llvm::DenseMap<int64_t, EventOp> defined;
  for (Operation *op : equations) {
    auto event = dyn_cast<EventOp>(op);
    if (!event)
      continue;
    auto [place, isNew] = defined.try_emplace(event.getClock().getId(), event);
    if (!isNew) {
      auto error = event.emitOpError() << "defines event " << event.getClock().getId() << " a second time [C4]";
      return error.attachNote(place->second.getLoc()) << "the first is here";
    }
  }
  llvm::DenseSet<EventClockAttr> above;
  for (Operation *op : equations) {
    for (EventClockAttr event : eventsOf(op, /*allCuts=*/op->getParentOp() == allTicks))
      if (!above.contains(event))
        return op->emitOpError() << "ticks or restarts by " << event << ", which is not defined above [S2]";
    // Whatever is named anywhere is defined somewhere.
    bool missing = false;
    auto check = [&](Attribute attr) {
      auto event = dyn_cast<EventClockAttr>(attr);
      if (event && (!defined.contains(event.getId()) || defined[event.getId()].getClock() != event))
        missing = true;
    };
    for (Type type : op->getResultTypes())
      type.walk(check);
    op->getAttrDictionary().walk(check);
    if (missing)
      return op->emitOpError() << "names an event clock that no rnn.event of the model defines [C4]";
    if (auto event = dyn_cast<EventOp>(op))
      above.insert(event.getClock());
  }
  return success();
}

//===--- Loops -------------------------------------------------------------------------------------------------===//

/// What flows where: from operands to results, from a slot's writer to its readers, and from an event to all that ticks
/// or restarts by it.
struct Graph {
  struct Node {
    Operation *op = nullptr;
    SmallVector<Node *, 4> next;
  };

  explicit Graph(Block &block) : nodes(std::distance(block.begin(), block.end()) + 1) {
    llvm::DenseMap<Operation *, Node *> of;
    llvm::DenseMap<EventClockAttr, Node *> events;
    Node *node = &nodes.front(); // the entry: leads to all
    for (Operation &op : block) {
      (++node)->op = &op;
      of[&op] = node;
      nodes.front().next.push_back(node);
      if (auto event = dyn_cast<EventOp>(op))
        events[event.getClock()] = node;
    }
    for (Node &to : llvm::drop_begin(nodes)) {
      for (Value operand : to.op->getOperands())
        if (Operation *from = operand.getDefiningOp(); from && !isa<StateOp, AccumOp>(from))
          of[from]->next.push_back(&to);
      for (EventClockAttr event : eventsOf(to.op, /*allCuts=*/true))
        if (Node *from = events.lookup(event))
          from->next.push_back(&to);
      if (isa<NextOp, PutOp>(to.op))
        for (Operation *reader : to.op->getOperand(0).getUsers())
          if (isa<ReadOp, TakeOp>(reader))
            to.next.push_back(of[reader]);
    }
  }

  std::vector<Node> nodes;
};

/// The direction in which an operation looks; none if it looks at its own tick only, as over the rows of a pair's target.
std::optional<bool> directionOf(Operation *op) {
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    auto pair = dyn_cast<PairClockAttr>(reduce.getX().getType().getClock());
    if (pair && pair.getTarget() == reduce.getType().getClock())
      return std::nullopt;
  }
  Timed timed = timeOf(op);
  return timed ? std::optional<bool>(timed.getReverse()) : std::nullopt;
}

LogicalResult verifyLoop(ArrayRef<Graph::Node *> loop) {
  Operation *first = nullptr;
  for (const Graph::Node *node : llvm::reverse(loop)) {
    Operation *op = node->op;
    if (looksBothWays(op))
      return op->emitOpError() << "takes part in a loop and depends on ticks to come [S2]";
    std::optional<bool> reverse = directionOf(op);
    if (!reverse)
      continue;
    if (!first)
      first = op;
    if (directionOf(first) != reverse) {
      auto error = op->emitOpError() << "runs " << (*reverse ? "backward" : "forward")
                                     << " in time in a loop that runs the other way [S2]";
      return error.attachNote(first->getLoc()) << "the loop runs " << (*reverse ? "forward" : "backward") << " here";
    }
  }
  return success();
}

} // namespace

template <> struct llvm::GraphTraits<Graph *> {
  using NodeRef = Graph::Node *;
  using ChildIteratorType = SmallVector<Graph::Node *, 4>::iterator;
  static NodeRef getEntryNode(Graph *graph) { return &graph->nodes.front(); }
  static ChildIteratorType child_begin(NodeRef node) { return node->next.begin(); }
  static ChildIteratorType child_end(NodeRef node) { return node->next.end(); }
};

static LogicalResult verifyLoops(ModelOp model) {
  Graph graph(model.getBody().front());
  for (auto component = llvm::scc_begin(&graph); !component.isAtEnd(); ++component)
    if (component.hasCycle() && failed(verifyLoop(*component)))
      return failure();
  return success();
}

//===--- The model ---------------------------------------------------------------------------------------------===//

bool rondo::rnn::looksBothWays(Operation *op) {
  if (isa<CtcOp, DctcOp, TotalOp>(op))
    return true;
  if (isa<OuterOp, ScatterAddOp>(op))
    return !clockOf(op->getResult(0).getType()) && llvm::any_of(op->getOperandTypes(), clockOf);
  return op->hasAttr("per") && !isa<PairClockAttr>(clockOf(op->getOperand(0).getType()));
}

LogicalResult rondo::rnn::verifyPorts(Operation *op, Block &block, ArrayAttr inputs) {
  if (inputs.size() != block.getNumArguments())
    return op->emitOpError() << "has " << inputs.size() << " names for " << block.getNumArguments() << " inputs";
  llvm::StringSet<> seen;
  for (auto [argument, name] : llvm::zip_equal(block.getArguments(), inputs.getAsValueRange<StringAttr>())) {
    if (!seen.insert(name).second)
      return op->emitOpError() << "has two inputs \"" << name << "\" [N1]";
    auto stream = dyn_cast<StreamType>(argument.getType());
    if (!stream || !isa<AxisClockAttr>(stream.getClock()))
      return op->emitOpError() << "has an input \"" << name << "\" of " << argument.getType()
                               << ", no stream on an axis [C1]";
  }
  if (block.empty() || !isa<ReturnOp>(block.back()))
    return op->emitOpError() << "ends without rnn.return";
  return success();
}

LogicalResult rondo::rnn::verifyEquations(ArrayRef<Operation *> equations, Block &block, ArrayAttr inputs,
                                          Operation *allTicks) {
  return failure(failed(verifyNames(equations)) || failed(verifySlots(equations)) ||
                 failed(verifyGenerate(equations, block, inputs)) || failed(verifyEvents(equations, allTicks)));
}

LogicalResult ModelOp::verify() { return verifyPorts(*this, getBody().front(), getInputs()); }

LogicalResult ModelOp::verifyRegions() {
  SmallVector<Operation *> equations;
  for (Operation &op : getBody().front()) {
    if (op.getDialect() != (*this)->getDialect() || isa<ModelOp>(op))
      return op.emitOpError() << "is no equation of a model";
    equations.push_back(&op);
  }
  if (failed(verifyEquations(equations, getBody().front(), getInputs())))
    return failure();
  return verifyLoops(*this);
}
