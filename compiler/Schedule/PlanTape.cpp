// What a group needs of a loop ahead of it, the backward pass of the forward one, is kept in memory, or computed again.
//
//   %c, %t = step.scan { .. %t = rnn.tanh %c .. }             %c = step.scan { .. }
//   step.scan reverse { .. rnn.dtanh %t, .. }          =>     step.scan reverse { %t = rnn.tanh %c .. rnn.dtanh %t, .. }
//
// Which values are kept is a minimal cut through the equations between what is there anyway and what is needed: keeping a
// number costs its way to memory and back, computing it again the operation, and its operands, kept or computed again.
#include "compiler/Schedule/Groups.h"
#include "compiler/Schedule/MinimalCut.h"
#include "compiler/Schedule/Passes.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_PLANTAPE
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

namespace {

// In operations on a vector. Rows of all of time go through far memory, a vector in about the time of a dozen operations;
// what is written is first read there.
constexpr int64_t costOfReading = 12, costOfWriting = 24;

/// Of an operation on a vector; none if it cannot be computed again where its operands are at hand.
std::optional<int64_t> costOf(Operation *op) {
  if (llvm::isa<rnn::ConstOp, rnn::LiftOp>(op) || rnn::isMovement(op))
    return 0;
  if (llvm::isa<rnn::PowOp>(op))
    return 60;
  if (llvm::isa<rnn::TanhOp, rnn::SigmoidOp, rnn::ExpOp, rnn::LogOp, rnn::SinOp, rnn::CosOp>(op))
    return 24;
  if (llvm::isa<rnn::DivOp, rnn::SqrtOp, rnn::ModOp, rnn::FloorDivOp>(op))
    return 12;
  if (llvm::isa<rnn::Pointwise, rnn::SelectOp, rnn::CompareOp, rnn::ConvertOp>(op))
    return 1;
  return std::nullopt;
}

/// The operation of the schedule in which another one stands.
Operation *groupOf(Operation *op) { return llvm::isa<step::ScheduleOp>(op->getParentOp()) ? op : op->getParentOp(); }

/// What one group needs of a loop.
class Tape {
public:
  Tape(step::ScanOp loop, Operation *reader) : loop(loop), reader(reader) {
    for (auto [result, value] : llvm::zip(loop.getResults(), yieldOf(loop)->getOperands())) {
      auto isInReader = [&](Operation *user) { return groupOf(user) == reader; };
      bool isRead = llvm::any_of(result.getUsers(), isInReader);
      bool hasOthers = !llvm::all_of(result.getUsers(), isInReader);
      if (isRead && !hasOthers && mayStandInReader(value))
        needed.push_back({result.getResultNumber(), value});
      else
        costOfKeeping[value] = isRead ? 0 : costOfReading;
    }
  }

  /// Has done in the reader again what is cheaper so. The loop, with the results that this takes.
  step::ScanOp apply() {
    for (auto &[number, value] : needed)
      cut.addEdge(nodesOf(value).available, MinimalCut::sink, MinimalCut::never);
    cut.solve();
    if (llvm::none_of(needed, [&](auto &entry) { return isAgain(entry.second); }))
      return loop;
    llvm::SmallVector<Value> results(yieldOf(loop)->getOperands());
    for (auto &[value, node] : nodes)
      if (value.getParentBlock() == &loop.getBody().front() && cut.isOnSinkSide(node.available) && !isAgain(value) &&
          !llvm::is_contained(results, value))
        results.push_back(value);
    loop = withResults(loop, results);
    mlir::IRMapping values;
    for (auto [value, result] : llvm::zip(results, loop.getResults()))
      values.map(value, result);
    auto builder = mlir::OpBuilder::atBlockBegin(&reader->getRegion(0).front());
    for (Operation &op : loop.getBody().front())
      if (llvm::any_of(op.getResults(), [&](Value value) { return isAgain(value); }))
        builder.clone(op, values);
    for (auto &[number, value] : needed)
      if (isAgain(value))
        loop.getResult(number).replaceAllUsesWith(values.lookup(value));
    return loop;
  }

private:
  /// On the sink's side: the value is computed again; it is there when the reader runs.
  struct Nodes {
    int again, available;
  };

  bool isAgain(Value value) const {
    auto it = nodes.find(value);
    return it != nodes.end() && cut.isOnSinkSide(it->second.again);
  }

  /// Whether the reader may compute it: all that it is made of in between is on the same clock.
  bool mayStandInReader(Value value) const {
    rnn::ClockInterface clock = rnn::clockOf(value.getType());
    if (!clock || llvm::isa<rnn::PairClockAttr>(clock))
      return false;
    if (auto scan = llvm::dyn_cast<step::ScanOp>(reader))
      return rnn::isSelection(clock, scan.getClock());
    return clock == rnn::clockOf(reader->getResult(0).getType());
  }

  Nodes nodesOf(Value value) {
    if (auto it = nodes.find(value); it != nodes.end())
      return it->second;
    Nodes own{cut.addNode(), cut.addNode()};
    nodes[value] = own;
    int64_t elements = rnn::elementCount(value.getType());
    cut.addEdge(own.again, own.available, elements * keeping(value));
    Operation *op = value.getDefiningOp();
    std::optional<int64_t> cost = op && op->getParentOp() == loop ? costOf(op) : std::nullopt;
    cut.addEdge(MinimalCut::source, own.again, cost ? elements * *cost : MinimalCut::never);
    if (cost)
      for (Value operand : op->getOperands())
        cut.addEdge(nodesOf(operand).available, own.again, MinimalCut::never);
    return own;
  }

  /// For the reader, a number.
  int64_t keeping(Value value) {
    if (!rnn::clockOf(value.getType()))
      return 0;
    if (auto it = costOfKeeping.find(value); it != costOfKeeping.end())
      return it->second;
    if (llvm::any_of(value.getUsers(), [&](Operation *user) { return groupOf(user) == reader; }))
      return 0;
    // What the loop alone reads of a par need not be there for all of time.
    auto par = value.getDefiningOp<step::ParOp>();
    bool isWhole = value.getParentBlock() != &loop.getBody().front() && (!par || !par.getReader());
    return costOfReading + (isWhole ? 0 : costOfWriting);
  }

  step::ScanOp loop;
  Operation *reader;
  llvm::SmallVector<std::pair<unsigned, Value>> needed; // results that no other group reads
  llvm::DenseMap<Value, int64_t> costOfKeeping;         // of the other results
  llvm::MapVector<Value, Nodes> nodes;
  MinimalCut cut;
};

struct PlanTape : impl::PlanTapeBase<PlanTape> {
  void runOnOperation() override {
    for (step::ScanOp loop : llvm::make_early_inc_range(getOperation().getBody().front().getOps<step::ScanOp>())) {
      llvm::SetVector<Operation *> readers;
      for (Operation *user : loop->getUsers())
        if (llvm::isa<step::ScanOp, step::ParOp>(groupOf(user)))
          readers.insert(groupOf(user));
      for (Operation *reader : readers)
        loop = Tape(loop, reader).apply();
      withoutUnused(loop);
    }
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createPlanTapePass() { return std::make_unique<PlanTape>(); }

} // namespace rondo::schedule
