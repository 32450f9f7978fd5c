#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/ADT/STLExtras.h"
#include <map>
#include <tuple>

namespace rondo::rnn {

bool isElementwise(mlir::Operation *op) {
  return llvm::isa_and_present<Pointwise, ScaleOp, SelectOp, CompareOp, ConvertOp, StraightOp>(op);
}

bool isLargeMatrix(mlir::Type type) {
  constexpr int64_t least = 256;
  return clockOf(type) && isMatrix(type) && elementCount(type) >= least;
}

/// In the order of `ticksLessOften`: tensors or streams or pairs, the depth of the axis, ticks for one of its own.
static std::tuple<int, int, double> frequency(ClockInterface clock) {
  if (!clock)
    return {0, 0, 0};
  bool isPair = llvm::isa<PairClockAttr>(clock);
  int depth = 0;
  double ticks = 1;
  for (; clock; clock = clock.getParent()) {
    if (auto every = llvm::dyn_cast<EveryClockAttr>(clock))
      ticks /= every.getPeriod();
    else if (llvm::isa<EventClockAttr>(clock))
      ticks /= 4;
    else if (llvm::isa<AxisClockAttr>(clock))
      ++depth;
  }
  return {isPair ? 2 : 1, depth, ticks};
}

bool ticksLessOften(ClockInterface a, ClockInterface b) { return frequency(a) < frequency(b); }

mlir::Value movingOperand(mlir::Operation *op) {
  mlir::Value moving, lifted;
  if (!isTickLocal(op))
    return moving;
  for (mlir::Value operand : op->getOperands()) {
    if (operand.getDefiningOp<LiftOp>()) {
      lifted = lifted ? lifted : operand;
    } else if (clockOf(operand.getType()) && !operand.getDefiningOp<ConstOp>() && operand != moving) {
      if (moving)
        return {};
      moving = operand;
    }
  }
  return moving ? moving : lifted;
}

bool mapsZeroToZero(mlir::Operation *op) {
  if (isMovement(op))
    return op->getNumOperands() == 1;
  if (llvm::isa<MatmulOp, ScaleOp, MulOp, FoldOp>(op))
    return true;
  auto pointwise = llvm::dyn_cast<Pointwise>(op);
  if (!pointwise || op->getNumOperands() != 1)
    return false;
  bool isReal = elementOf(op->getOperand(0).getType()).isF32();
  return isReal ? pointwise.evaluateReal({0.0}) == 0 : pointwise.evaluateInt({int64_t(0)}) == 0;
}

mlir::Operation *createOnClock(mlir::OpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands,
                               ClockInterface clock) {
  llvm::SmallVector<mlir::Type> types;
  for (mlir::Type type : op->getResultTypes())
    types.push_back(valueType(shapeOf(type), elementOf(type), clock));
  return builder.create(op->getLoc(), op->getName().getIdentifier(), operands, types, op->getAttrs());
}

/// What is a tensor, lifted or constant, for an operation on the clock.
static mlir::Value onClock(mlir::OpBuilder &builder, mlir::Value steady, ClockInterface clock) {
  mlir::Type type = valueType(shapeOf(steady.getType()), elementOf(steady.getType()), clock);
  auto lift = steady.getDefiningOp<LiftOp>();
  if (lift && clock)
    return LiftOp::create(builder, lift.getLoc(), type, lift.getX());
  if (lift)
    return lift.getX();
  if (auto constant = steady.getDefiningOp<ConstOp>())
    return ConstOp::create(builder, constant.getLoc(), type, constant.getValue());
  return steady;
}

mlir::Value rebuild(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> chain, mlir::Value x) {
  ClockInterface clock = clockOf(x.getType());
  for (mlir::Value value : llvm::reverse(chain)) {
    mlir::Operation *op = value.getDefiningOp();
    mlir::Value from = movingOperand(op);
    llvm::SmallVector<mlir::Value> operands;
    for (mlir::Value operand : op->getOperands())
      operands.push_back(operand == from ? x : onClock(builder, operand, clock));
    unsigned number = llvm::cast<mlir::OpResult>(value).getResultNumber();
    x = createOnClock(builder, op, operands, clock)->getResult(number);
  }
  return x;
}

int64_t contractedAxis(MatmulOp product) {
  return product.getTransposed() ? 0 : shapeOf(product.getW().getType()).size() - 1;
}

NextOp writerOf(StateOp state) {
  for (mlir::Operation *user : state.getSlot().getUsers())
    if (auto next = llvm::dyn_cast<NextOp>(user))
      return next;
  return {};
}

llvm::SmallVector<ReadOp> readsOf(StateOp state) {
  llvm::SmallVector<ReadOp> reads;
  for (mlir::Operation *user : state.getSlot().getUsers())
    if (auto read = llvm::dyn_cast<ReadOp>(user))
      reads.push_back(read);
  return reads;
}

bool mergeEqual(ModelOp model) {
  bool changed = false;
  mlir::IRRewriter rewriter(model.getContext());
  mlir::DominanceInfo dominance(model);
  mlir::eliminateCommonSubExpressions(rewriter, dominance, model, &changed);
  return changed;
}

bool mergeStates(ModelOp model) {
  std::map<std::tuple<const void *, bool, const void *>, StateOp> written;
  llvm::SmallVector<std::pair<StateOp, StateOp>> equal;
  for (StateOp state : model.getOps<StateOp>())
    if (NextOp next = writerOf(state)) {
      StateOp &first = written[{next.getValue().getAsOpaquePointer(), state.getReverse(),
                                state.getScopeAttr().getAsOpaquePointer()}];
      if (first)
        equal.push_back({first, state});
      else
        first = state;
    }
  for (auto [first, other] : equal) {
    writerOf(other).erase();
    other.getSlot().replaceAllUsesWith(first.getSlot());
    other.erase();
  }
  return !equal.empty();
}

mlir::Operation *hoistTensors(ModelOp model) {
  mlir::Operation *place = nullptr; // behind what is hoisted
  llvm::DenseSet<mlir::Operation *> hoisted;
  for (mlir::Operation &op : llvm::make_early_inc_range(model.getBody().front())) {
    bool isTensor = op.getNumResults() > 0 && llvm::none_of(op.getResultTypes(), clockOf);
    isTensor &= !llvm::isa<StateOp, AccumOp>(op);
    isTensor &= llvm::all_of(op.getOperands(), [&](mlir::Value x) { return hoisted.contains(x.getDefiningOp()); });
    if (isTensor) {
      hoisted.insert(&op);
      if (place)
        op.moveBefore(place);
    } else if (!place) {
      place = &op;
    }
  }
  return place;
}

void placeConstants(ModelOp model) {
  mlir::Block &block = model.getBody().front();
  llvm::SmallVector<std::pair<mlir::Operation *, mlir::Operation *>> moves;
  llvm::DenseSet<mlir::Operation *> seen;
  for (mlir::Operation &user : block)
    for (mlir::Value operand : user.getOperands())
      if (auto constant = operand.getDefiningOp<ConstOp>())
        if (seen.insert(constant).second)
          moves.push_back({constant, &user});
  for (auto [constant, user] : moves)
    constant->moveBefore(user);
}

} // namespace rondo::rnn
