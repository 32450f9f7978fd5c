// Matrices of a tick are read the way they lie, and products of one row or column are products with a vector.
//
//   %t = rnn.transpose %S [1, 0] : 64x32
//   %m = rnn.mul %t, %a                        // %a = rnn.repeat of 64 numbers
//   %u = rnn.transpose %m [1, 0]        =>     %u = rnn.mul %S, (rnn.matmul %column, %ones)
//   %y = rnn.fold sum %m axis 1         =>     %y = rnn.fold sum %u axis 0
//   %z = rnn.outer %S, %row : 64x32, 1x32  =>  %z = rnn.matmul %S, %vector
//
// A transpose reads or writes far between its elements, and no kernel computes one. No new one is made here. Slots of
// matrices with short lines are turned too, where all that is made of them can be.
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_ORIENTMATRICES
#include "compiler/Transforms/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

namespace {

mlir::Type withShape(mlir::Type type, llvm::ArrayRef<int64_t> shape) {
  return valueType(shape, elementOf(type), clockOf(type));
}

bool isMatrixOfTick(Value value) { return isMatrix(value.getType()) && clockOf(value.getType()); }

bool isTranspose(Operation *op) {
  auto transpose = llvm::dyn_cast_if_present<TransposeOp>(op);
  return transpose && transpose.getPermutation() == llvm::ArrayRef<int64_t>{1, 0};
}

/// Whether an operand can as well be given the other way round.
bool takesEither(mlir::OpOperand &use) {
  Operation *op = use.getOwner();
  return isTranspose(op) || (llvm::isa<FoldOp, MatmulOp, TotalOp>(op) && use.getOperandNumber() == 0);
}

//===--- Transposes --------------------------------------------------------------------------------------------===//

class Orientation {
public:
  /// Whether the transposed value takes no transpose.
  bool isTransposed(Value value) {
    known.clear();
    return isTransposed(value, 0);
  }
  /// And the value itself does.
  bool isBetterTransposed(Value value) { return isTransposed(value) && takesTranspose(value, 0); }

  /// The transposed value, where it takes none.
  Value transposed(Value value) {
    Operation *op = value.getDefiningOp();
    if (!isMatrix(value.getType()))
      return value;
    if (isTranspose(op))
      return op->getOperand(0);
    if (auto it = made.find(value); it != made.end())
      return it->second;
    mlir::OpBuilder builder(op);
    llvm::ArrayRef<int64_t> shape = shapeOf(value.getType());
    mlir::Type type = withShape(value.getType(), {shape[1], shape[0]});
    if (auto constant = llvm::dyn_cast<ConstOp>(op)) {
      auto splat = llvm::cast<mlir::DenseElementsAttr>(constant.getValue());
      auto turned = mlir::RankedTensorType::get({shape[1], shape[0]}, splat.getElementType());
      return made[value] = ConstOp::create(builder, op->getLoc(), type, splat.resizeSplat(turned));
    }
    if (isSpread(op))
      return made[value] = spread(builder, op, type);
    if (auto lift = llvm::dyn_cast<LiftOp>(op)) {
      Value turned = TransposeOp::create(builder, op->getLoc(), lift.getX(), llvm::ArrayRef<int64_t>{1, 0});
      return made[value] = LiftOp::create(builder, op->getLoc(), type, turned);
    }
    llvm::SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(transposed(operand));
    mlir::OperationState state(op->getLoc(), op->getName(), operands, {type}, op->getAttrs());
    return made[value] = builder.create(state)->getResult(0);
  }

private:
  static constexpr int most = 256; // operations from a reader to a transpose
  enum class Fact { Transposed, TakesTranspose, ReadEither };

  /// What is found out once.
  template <typename Find> bool remembered(Value value, Fact fact, int depth, Find find) {
    auto [it, isNew] = known.try_emplace({value, int(fact)}, false);
    if (!isNew || depth > most)
      return it->second;
    bool found = find();
    return known[{value, int(fact)}] = found;
  }

  bool isTransposed(Value value, int depth) {
    Operation *op = value.getDefiningOp();
    if (!op || !isMatrixOfTick(value))
      return false;
    if (auto constant = llvm::dyn_cast<ConstOp>(op))
      return constant.getValue().isSplat();
    if (isTranspose(op) || isSpread(op) || llvm::isa<LiftOp>(op))
      return true; // a tensor is transposed once
    return remembered(value, Fact::Transposed, depth, [&] {
      return isOwn(value, depth) && llvm::all_of(op->getOperands(), [&](Value operand) {
               return !isMatrix(operand.getType()) || isTransposed(operand, depth + 1);
             });
    });
  }

  /// Whether there is a transpose that only this value needs.
  bool takesTranspose(Value value, int depth) {
    Operation *op = value.getDefiningOp();
    return isTranspose(op) || (op && remembered(value, Fact::TakesTranspose, depth, [&] {
                                 return isOwn(value, depth) && llvm::any_of(op->getOperands(), [&](Value x) {
                                          return takesTranspose(x, depth + 1);
                                        });
                               }));
  }

  /// Whether it is made element by element, and nobody but the one who asks needs it the way it is.
  bool isOwn(Value value, int depth) {
    return isElementwise(value.getDefiningOp()) && (value.hasOneUse() || isReadEither(value, depth));
  }

  bool isReadEither(Value value, int depth) {
    return remembered(value, Fact::ReadEither, depth, [&] {
      return llvm::all_of(value.getUses(), [&](mlir::OpOperand &use) {
        Operation *user = use.getOwner();
        return takesEither(use) || (isElementwise(user) && isReadEither(user->getResult(0), depth + 1));
      });
    });
  }

  /// The numbers of a column times those of a row, the other way round.
  static Value spread(mlir::OpBuilder &builder, Operation *op, mlir::Type type) {
    llvm::ArrayRef<int64_t> shape = shapeOf(type);
    auto as = [&](Value x, llvm::ArrayRef<int64_t> to) -> Value {
      return ReshapeOp::create(builder, op->getLoc(), withShape(x.getType(), to), x);
    };
    Value column = op->getOperand(op->getNumOperands() - 1), row;
    if (llvm::isa<RepeatOp>(op))
      row = ConstOp::create(builder, op->getLoc(), withShape(type, {1, shape[1]}), llvm::ArrayRef<double>(1.0));
    else
      row = as(op->getOperand(0), {1, shape[1]});
    return MatmulOp::create(builder, op->getLoc(), as(column, {shape[0], 1}), row, false);
  }

  llvm::DenseMap<std::pair<Value, int>, bool> known;
  llvm::DenseMap<Value, Value> made;
};

//===--- Slots -------------------------------------------------------------------------------------------------===//

/// Lines of a few numbers leave most of a vector's lanes empty, and each ends with adding up lanes.
bool isNarrow(mlir::Type type) {
  constexpr int64_t most = 16;
  llvm::ArrayRef<int64_t> shape = shapeOf(type);
  return isMatrix(type) && shape[1] <= most && 2 * shape[1] <= shape[0];
}

/// Whether all that is made of the value element by element has no transpose if the value is one.
bool leavesNoTranspose(Value value, Orientation &orientation) {
  llvm::SmallSetVector<Value, 8> values;
  values.insert(value);
  for (size_t i = 0; i < values.size(); ++i) // it grows
    for (mlir::OpOperand &use : values[i].getUses()) {
      Operation *user = use.getOwner();
      if (takesEither(use))
        continue;
      if (!isElementwise(user) || !orientation.isTransposed(user->getResult(0)))
        return false;
      values.insert(user->getResult(0));
    }
  return true;
}

/// Remembers a narrow matrix the other way round, where no transpose is left of that.
void turnSlot(StateOp state, Orientation &orientation) {
  NextOp next = writerOf(state);
  if (!next || !isNarrow(next.getValue().getType()))
    return;
  auto turned = [](Value matrix) {
    llvm::ArrayRef<int64_t> shape = shapeOf(matrix.getType());
    return llvm::cast<StreamType>(withShape(matrix.getType(), {shape[1], shape[0]}));
  };
  auto transposed = [](mlir::OpBuilder &builder, Value matrix) -> Value {
    return TransposeOp::create(builder, matrix.getLoc(), matrix, llvm::ArrayRef<int64_t>{1, 0});
  };
  mlir::OpBuilder builder(state);
  auto slot = StateOp::create(builder, state.getLoc(), StateType::get(turned(next.getValue())), state.getPath(),
                              state.getReverse(), state.getScopeAttr());
  llvm::SmallVector<ReadOp> reads = readsOf(state);
  llvm::SmallVector<Value> seen;
  for (ReadOp read : reads) {
    builder.setInsertionPoint(read);
    seen.push_back(transposed(builder, ReadOp::create(builder, read.getLoc(), turned(read), slot.getSlot())));
    read.getResult().replaceAllUsesWith(seen.back());
  }
  builder.setInsertionPointAfter(next);
  mlir::Location loc = next.getLoc();
  Value value = next.getValue(), written = transposed(builder, value);
  next.erase();
  bool isBetter = orientation.isTransposed(value) &&
                  llvm::all_of(seen, [&](Value matrix) { return leavesNoTranspose(matrix, orientation); });
  if (isBetter) {
    NextOp::create(builder, loc, slot.getSlot(), written);
    for (ReadOp read : reads)
      read.erase();
    state.erase();
    return;
  }
  NextOp::create(builder, loc, state.getSlot(), value);
  written.getDefiningOp()->erase();
  for (auto [read, matrix] : llvm::zip(reads, seen)) {
    matrix.replaceAllUsesWith(read.getResult());
    Operation *transpose = matrix.getDefiningOp(), *other = transpose->getOperand(0).getDefiningOp();
    transpose->erase();
    other->erase();
  }
  slot.erase();
}

//===--- Products ----------------------------------------------------------------------------------------------===//

/// The product of a matrix and a vector, or of two vectors, that this is; null if it is not one.
Value asVectors(Operation *op) {
  mlir::OpBuilder builder(op);
  mlir::Location loc = op->getLoc();
  ClockInterface clock = clockOf(op->getResult(0).getType());
  auto flat = [&](Value x) -> Value {
    while (auto reshape = x.getDefiningOp<ReshapeOp>())
      x = reshape.getX();
    if (!clockOf(x.getType()))
      x = LiftOp::create(builder, loc, valueType(shapeOf(x.getType()), elementOf(x.getType()), clock), x);
    mlir::Type type = withShape(x.getType(), {elementCount(x.getType())});
    return type == x.getType() ? x : ReshapeOp::create(builder, loc, type, x).getResult();
  };
  auto times = [&](Value matrix, Value vector, bool transposed) -> Value {
    Value product = MatmulOp::create(builder, loc, matrix, flat(vector), transposed);
    return product.getType() == op->getResult(0).getType()
               ? product
               : ReshapeOp::create(builder, loc, op->getResult(0).getType(), product).getResult();
  };
  if (auto product = llvm::dyn_cast<MatmulOp>(op)) {
    Value w = product.getW(), x = product.getX();
    llvm::ArrayRef<int64_t> ofW = shapeOf(w.getType()), ofX = shapeOf(x.getType());
    bool isRow = ofW.size() == 1 || ofW[product.getTransposed() ? 1 : 0] == 1;
    if (isMatrix(w.getType()) && ofX.size() == 2 && ofX[1] == 1)
      return times(w, x, product.getTransposed());
    return isRow && isMatrixOfTick(x) ? times(x, w, true) : Value();
  }
  auto outer = llvm::dyn_cast<OuterOp>(op);
  if (!outer)
    return {};
  auto isOneRow = [](Value x) { return shapeOf(x.getType()).size() == 1 || shapeOf(x.getType())[0] == 1; };
  Value a = outer.getA(), b = outer.getB();
  if (isMatrixOfTick(a) && isOneRow(b))
    return times(a, b, false);
  return isMatrixOfTick(b) && !shapeOf(a.getType()).empty() && isOneRow(a) ? times(b, a, false) : Value();
}

/// A product of two matrices, the second or both of which are better read the other way round, as the product that does;
/// null if it is another one.
Value withoutTransposes(Operation *op, Orientation &orientation) {
  if (!llvm::isa<MatmulOp, OuterOp>(op))
    return {};
  Value a = op->getOperand(0), b = op->getOperand(1);
  if (!isMatrix(a.getType()) || !isMatrixOfTick(b) || !orientation.isBetterTransposed(b))
    return {};
  mlir::OpBuilder builder(op);
  mlir::Type type = op->getResult(0).getType();
  auto matmul = llvm::dyn_cast<MatmulOp>(op);
  auto outer = llvm::dyn_cast<OuterOp>(op);
  if (outer && isMatrixOfTick(a) && orientation.isBetterTransposed(a))
    return OuterOp::create(builder, op->getLoc(), type, orientation.transposed(a), orientation.transposed(b),
                           !outer.getTransposed());
  if (matmul && !matmul.getTransposed())
    return OuterOp::create(builder, op->getLoc(), type, a, orientation.transposed(b));
  if (outer && !outer.getTransposed() && clockOf(type))
    return MatmulOp::create(builder, op->getLoc(), a, orientation.transposed(b), false);
  return {};
}

/// The sum of the products of the elements of two matrices, as this.
Value asFold(MatmulOp product) {
  auto w = product.getW().getDefiningOp<ReshapeOp>(), x = product.getX().getDefiningOp<ReshapeOp>();
  if (!w || !x || w.getX().getType() != x.getX().getType() || !isMatrixOfTick(w.getX()) ||
      elementCount(product.getType()) != 1)
    return {};
  mlir::OpBuilder builder(product);
  Value each = MulOp::create(builder, product.getLoc(), w.getX(), x.getX());
  Value sum = FoldOp::create(builder, product.getLoc(), Reduction::Sum, each, mlir::IntegerAttr());
  return sum.getType() == product.getType()
             ? sum
             : ReshapeOp::create(builder, product.getLoc(), product.getType(), sum).getResult();
}

//===--- All of them -------------------------------------------------------------------------------------------===//

struct OrientMatrices : impl::OrientMatricesBase<OrientMatrices> {
  void runOnOperation() override {
    mlir::Block &block = getOperation().getBody().front();
    auto replace = [](Operation *op, Value by) {
      if (!by)
        return;
      op->getResult(0).replaceAllUsesWith(by);
      op->erase();
    };
    for (Operation &op : llvm::make_early_inc_range(block))
      if (llvm::isa<MatmulOp, OuterOp>(op) && clockOf(op.getResult(0).getType())) {
        auto product = llvm::dyn_cast<MatmulOp>(op);
        Value fold = product ? asFold(product) : Value();
        replace(&op, fold ? fold : asVectors(&op));
      }
    Orientation orientation;
    for (StateOp state : llvm::make_early_inc_range(block.getOps<StateOp>()))
      turnSlot(state, orientation);
    // Readers first: what they read the other way round may then be read by one less.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      turn(&op, orientation);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (mlir::isOpTriviallyDead(&op))
        op.erase();
  }

  /// Lets an operation that can read a matrix either way read it the better one.
  static void turn(Operation *op, Orientation &orientation) {
    if (isTranspose(op)) {
      if (orientation.isTransposed(op->getOperand(0)))
        op->getResult(0).replaceAllUsesWith(orientation.transposed(op->getOperand(0)));
      return;
    }
    if (Value product = withoutTransposes(op, orientation)) {
      op->getResult(0).replaceAllUsesWith(product);
      op = product.getDefiningOp();
    }
    if (!llvm::isa<FoldOp, MatmulOp, TotalOp>(op) || !isMatrixOfTick(op->getOperand(0)) ||
        !orientation.isBetterTransposed(op->getOperand(0)))
      return;
    Value turned = orientation.transposed(op->getOperand(0));
    if (auto total = llvm::dyn_cast<TotalOp>(op)) { // the sum over ticks is transposed once
      mlir::OpBuilder builder(op);
      Value sum = TotalOp::create(builder, op->getLoc(), turned);
      total.getResult().replaceAllUsesWith(
          TransposeOp::create(builder, op->getLoc(), sum, llvm::ArrayRef<int64_t>{1, 0}).getResult());
      return;
    }
    op->setOperand(0, turned);
    if (auto product = llvm::dyn_cast<MatmulOp>(op))
      product.setTransposed(!product.getTransposed());
    else if (auto fold = llvm::cast<FoldOp>(op); fold.getAxis())
      fold.setAxis(1 - *fold.getAxis());
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createOrientMatricesPass() { return std::make_unique<OrientMatrices>(); }

} // namespace rondo::rnn
