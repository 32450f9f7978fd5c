// Groups that look at each tick by itself.
#include "compiler/Cpu/Group.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::cpu {

using mlir::Operation;
using mlir::Value;

namespace {

class ParGroup final : public Group {
public:
  ParGroup(Planner &planner, step::ParOp par, int32_t clock, bool inPrepare)
      : Group(planner, par.getBody().front(), inPrepare), par(par), clock(clock) {}

private:
  /// Consecutive elements of another value: which, and how many there are ahead of them.
  struct Part {
    Value whole;
    int64_t begin = 0;
  };

  /// A part need not be stored by itself where the whole is: a product, or what has several parts.
  Part partOf(Value value) {
    Part part{value};
    while (isInside(part.whole) && isElementwise(part.whole.getDefiningOp())) {
      Operation *op = part.whole.getDefiningOp();
      if (auto split = llvm::dyn_cast<rnn::SplitOp>(op)) {
        for (Value before : split.getParts().take_front(llvm::cast<mlir::OpResult>(part.whole).getResultNumber()))
          part.begin += rnn::elementCount(before.getType());
      } else if (auto slice = llvm::dyn_cast<rnn::SliceOp>(op)) {
        llvm::ArrayRef<int64_t> shape = rnn::shapeOf(slice.getX().getType());
        part.begin += slice.getBegin() * (rnn::elementCount(slice.getX().getType()) / shape[slice.getAxis()]);
      } else if (!llvm::isa<rnn::ReshapeOp>(op)) {
        break;
      }
      part.whole = op->getOperand(0);
    }
    bool isStored = isInside(part.whole) && !inPrepare &&
                    (llvm::isa<rnn::MatmulOp>(part.whole.getDefiningOp()) || hasParts(part.whole));
    return isStored ? part : Part{value};
  }

  static bool hasParts(Value whole) {
    int64_t parts = 0;
    for (Operation *user : whole.getUsers())
      if (llvm::isa<rnn::SplitOp, rnn::SliceOp>(user))
        parts += llvm::count_if(user->getResults(), [](Value part) { return !part.use_empty(); });
      else
        return false;
    return parts > 1;
  }

  Value keptFor(Value yielded) override { return partOf(yielded).whole; }

  bool isOnlyResult(Value value) {
    return llvm::count_if(block.getTerminator()->getOperands(),
                          [&](Value yielded) { return partOf(yielded).whole == value; }) == 1;
  }

  void addTargets(Value value, llvm::SmallVectorImpl<View> &targets) override {
    std::optional<View> target;
    for (auto [yielded, result] : llvm::zip(block.getTerminator()->getOperands(), par.getResults())) {
      Part part = partOf(yielded);
      if (part.whole != value)
        continue;
      if (inPrepare) {
        target = target ? target : addHome(value);
        planner.setPrepared(result, *target);
        continue;
      }
      // One place for all results that are the same, or parts of the same.
      if (!target && par.getChunked())
        target = addHome(value);
      if (!target)
        target = yielded == value && isOnlyResult(value)
                     ? planner.addResult(result, clock)
                     : Planner::all(planner.addArray(value.getType(), Place::Call, clock),
                                    clock < 0 ? Rows::One : Rows::Same);
      View view = *target;
      view.offset += part.begin * runtime::bytesOf(Planner::elementOf(value.getType()));
      planner.setView(result, view);
    }
    if (target)
      targets.push_back(*target);
  }

  std::optional<View> homeAmong(llvm::ArrayRef<View> targets) override {
    for (const View &target : targets)
      if (planner.arrayOf(target).place != Place::Output)
        return target;
    return std::nullopt;
  }

  View addHome(Value value) override {
    if (inPrepare)
      return Planner::all(planner.addArray(value.getType(), Place::Prepared, -1), Rows::One);
    return Planner::all(planner.addArray(value.getType(), isByChunks() ? Place::Chunk : Place::Block, clock));
  }

  bool writesParts() override { return isByChunks(); }
  bool isByChunks() { return par.getChunked() || par.getTrailing(); }

  step::ParOp par;
  int32_t clock;
};

/// Whether the plan that this one is added to prepares all results.
bool isKnown(Planner &planner, step::ParOp par) {
  llvm::SmallVector<View> views;
  for (Value result : par.getResults())
    if (std::optional<View> known = planner.knownTensor(planner.keyOf(result), result.getType()))
      views.push_back(*known);
    else
      return false;
  for (auto [result, view] : llvm::zip(par.getResults(), views))
    planner.setPrepared(result, view);
  return true;
}

} // namespace

bool planPar(Planner &planner, step::ParOp par, bool mayDefer) {
  if (par.getNumResults() == 0)
    return true;
  mlir::Block &block = par.getBody().front();
  for (Operation *reader : par.getResult(0).getUsers())
    if (Planner::weighedBy(reader))
      return true; // it reads what is multiplied here
  rnn::ClockInterface attribute = rnn::clockOf(par.getResult(0).getType());
  int32_t clock = planner.clock(attribute);
  planner.settle(attribute);
  bool inPrepare = !attribute;
  for (Operation &op : block) {
    if (auto tick = llvm::dyn_cast<rnn::TickOp>(op))
      planner.settle(tick.getScopeAttr());
    inPrepare &= !llvm::isa<rnn::RandomOp>(op);
    for (Value operand : op.getOperands())
      inPrepare &= operand.getParentBlock() == &block || planner.isPrepared(operand);
  }
  if (inPrepare && (isKnown(planner, par) || (mayDefer && planner.defer(par))))
    return true;
  ParGroup group(planner, par, clock, inPrepare);
  if (!group.plan())
    return false;
  for (Value result : par.getResults())
    if (inPrepare)
      planner.result.tensors[planner.keyOf(result)] = planner.arrayOf(planner.view(result, true)).offset;
  if (par.getChunked()) {
    planner.addAhead(par.getReader(), group.ops);
    return true;
  }
  if (par.getTrailing()) {
    planner.addAfter(par.getLeader(), group.ops);
    return true;
  }
  runtime::Span inner = planner.store(group.ops);
  OpPlan op = planner.makeOp(OpCode::Par, clock, {}, {inner.first, inner.count, 0});
  if (inPrepare)
    planner.prepare(op);
  else
    planner.top(op);
  return true;
}

} // namespace rondo::cpu
