#include "compiler/Cpu/MatrixLines.h"

#include "compiler/Cpu/KernelElements.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace rondo::cpu {

//===--- What is computed line by line -------------------------------------------------------------------------===//

using rnn::isMatrix;
using rnn::isSpread;

/// What a line sees of a value: its own line, its own number of a column, all of a row, or the one number.
enum class Role { Matrix, Column, Row, Number };

bool isMatrixFold(Operation *op) {
  if (!isa_and_present<rnn::MatmulOp, rnn::FoldOp>(op) || !isMatrix(op->getOperand(0).getType()) ||
      !llvm::all_of(op->getOperandTypes(), [](Type type) { return bool(rnn::clockOf(type)); }))
    return false;
  constexpr int64_t mostColumns = 1 << 14; // a row of sums is on the stack
  if (rnn::shapeOf(op->getOperand(0).getType())[1] > mostColumns)
    return false;
  if (auto product = dyn_cast<rnn::MatmulOp>(op))
    return rnn::shapeOf(product.getX().getType()).size() == 1;
  auto fold = cast<rnn::FoldOp>(op);
  // Where lines are whole vectors all elements meet in the order of other kernels: not all programs that compute the sum
  // do so line by line.
  constexpr int64_t mostLanes = 16;
  bool isInOrder = fold.getAxis() || rnn::shapeOf(fold.getX().getType())[1] % mostLanes == 0;
  return fold.getKind() != rnn::Reduction::First && rnn::elementOf(fold.getX().getType()).isF32() && isInOrder;
}

/// What is made of the matrix: a number of each line, a row, or one number.
static Role roleOfFold(Operation *op) {
  if (auto product = dyn_cast<rnn::MatmulOp>(op))
    return product.getTransposed() ? Role::Row : Role::Column;
  std::optional<int64_t> axis = cast<rnn::FoldOp>(op).getAxis();
  return !axis ? Role::Number : *axis == 0 ? Role::Row : Role::Column;
}

/// True for operations that compute each element of a matrix from those at its place.
static bool isPointwise(Operation *op) {
  return op && op->getNumResults() == 1 && isElementwise(op) && isMatrix(op->getResult(0).getType()) &&
         rnn::clockOf(op->getResult(0).getType()) &&
         !isa<rnn::ConstOp, rnn::ReshapeOp, rnn::SplitOp, rnn::SliceOp, rnn::PadOp, rnn::ConcatOp>(op);
}

bool MatrixLines::isMatrixOf(Operation *op, Value operand) {
  if (isSpread(op))
    return false;
  if (isMatrixFold(op))
    return operand == op->getOperand(0);
  return rnn::elementCount(operand.getType()) > 1;
}

SmallVector<Value> operandsByLine(Operation *op) {
  SmallVector<Value> operands(op->getOperands());
  for (Value &operand : operands)
    while (!MatrixLines::isMatrixOf(op, operand) &&
           isa_and_present<rnn::ReshapeOp, rnn::LiftOp>(operand.getDefiningOp()))
      operand = operand.getDefiningOp()->getOperand(0);
  return operands;
}

MatrixLines::MatrixLines(Block &block) {
  // Matrices that are computed from one another at each element are computed by lines if one of them is.
  llvm::EquivalenceClasses<const void *> classes;
  SmallVector<Value> members;
  llvm::DenseSet<const void *> wanted;
  SmallVector<Operation *> folds;
  for (Operation &op : block) {
    if (isMatrixFold(&op)) {
      folds.push_back(&op);
      if (roleOfFold(&op) != Role::Number)
        wanted.insert(op.getOperand(0).getAsOpaquePointer());
    }
    if (!isSpread(&op) && !isPointwise(&op))
      continue;
    Value result = op.getResult(0);
    members.push_back(result);
    classes.insert(result.getAsOpaquePointer());
    if (isSpread(&op)) {
      wanted.insert(result.getAsOpaquePointer());
      continue;
    }
    for (Value operand : op.getOperands())
      if (Operation *from = operand.getDefiningOp();
          from && from->getBlock() == &block && isMatrix(operand.getType()) && (isSpread(from) || isPointwise(from)))
        classes.unionSets(result.getAsOpaquePointer(), operand.getAsOpaquePointer());
  }
  llvm::DenseSet<const void *> leaders;
  for (Value member : members)
    if (wanted.contains(member.getAsOpaquePointer()))
      leaders.insert(classes.getLeaderValue(member.getAsOpaquePointer()));
  for (Value member : members)
    if (leaders.contains(classes.getLeaderValue(member.getAsOpaquePointer())))
      lines[member] = rnn::shapeOf(member.getType())[0];
  for (Operation *fold : folds)
    if (roleOfFold(fold) != Role::Number || of(fold->getOperand(0)) > 1)
      lines[fold->getResult(0)] = rnn::shapeOf(fold->getOperand(0).getType())[0];
}

//===--- Kernels -----------------------------------------------------------------------------------------------===//

namespace {

class ByLines {
public:
  ByLines(const Kernel &kernel, int64_t lines, SmallVectorImpl<unsigned> &from)
      : from(from), builder(kernel.operands.front().value.getContext()) {
    result.width = kernel.width / lines;
    result.lines = lines;
    result.isInLoop = kernel.isInLoop;
    result.body = std::make_shared<Block>();
    builder.setInsertionPointToEnd(result.body.get());
    for (auto [i, operand] : llvm::enumerate(kernel.operands))
      if (operand.kind == KernelOperand::Kind::Load)
        loads[operand.value] = i;
    SmallVector<KernelOperand> stores;
    SmallVector<unsigned> places;
    for (auto [i, operand] : llvm::enumerate(kernel.operands)) {
      if (operand.kind != KernelOperand::Kind::Store)
        continue;
      Operation *op = operand.value.getDefiningOp();
      Role role = isMatrixFold(op) ? roleOfFold(op) : Role::Matrix;
      KernelOperand store{operand.kind, seen(operand.value, role), bytesOf(operand.value.getType(), role)};
      store.isProduct = isa_and_present<rnn::MatmulOp>(op);
      store.isAdded = operand.isAdded;
      if (role == Role::Row || role == Role::Number)
        store.overLines = store.isProduct ? rnn::Reduction::Sum : cast<rnn::FoldOp>(op).getKind();
      stores.push_back(store);
      places.push_back(i);
    }
    llvm::append_range(result.operands, stores);
    llvm::append_range(from, places);
  }

  Kernel result;

private:
  Type typeOf(Type type, Role role) {
    SmallVector<int64_t> shape;
    if (role == Role::Matrix || role == Role::Row)
      shape.push_back(result.width);
    return rnn::valueType(shape, rnn::elementOf(type), rnn::clockOf(type));
  }

  int64_t bytesOf(Type type, Role role) {
    int64_t element = bytesOfElement(rnn::elementOf(type));
    return role == Role::Matrix ? result.width * element : role == Role::Column ? element : 0;
  }

  Value seen(Value value, Role role) {
    auto [it, isNew] = values.try_emplace({value, int(role)});
    if (!isNew)
      return it->second;
    Value made = loads.count(value) ? load(value, role) : compute(value, role);
    return values[{value, int(role)}] = made;
  }

  Value load(Value value, Role role) {
    Value line = result.body->addArgument(typeOf(value.getType(), role), value.getLoc());
    result.operands.push_back({KernelOperand::Kind::Load, line, bytesOf(value.getType(), role)});
    from.push_back(loads.at(value));
    return line;
  }

  Value compute(Value value, Role role) {
    Operation *op = value.getDefiningOp();
    SmallVector<Value> operands = operandsByLine(op);
    bool isOverLines = isMatrixFold(op) && role != Role::Column;
    if (isa<rnn::RepeatOp>(op) && isSpread(op))
      return seen(operands[0], Role::Row);
    if (isa<rnn::FoldOp>(op) && role == Role::Row)
      return seen(operands[0], Role::Matrix);
    SmallVector<Value> in;
    for (auto [i, operand] : llvm::enumerate(operands)) {
      Role own = MatrixLines::isMatrixOf(op, operand) ? Role::Matrix
                 : isMatrixFold(op)                   ? (isOverLines ? Role::Column : Role::Row)
                 : !isSpread(op)                      ? Role::Number
                 : i == 0                             ? Role::Column
                                                      : Role::Row;
      in.push_back(seen(operand, own));
    }
    Type type = typeOf(value.getType(), role);
    if (auto fold = dyn_cast<rnn::FoldOp>(op))
      return builder.create<rnn::FoldOp>(op->getLoc(), fold.getKind(), in[0], IntegerAttr());
    if (isOverLines) // a product
      return builder.create<rnn::ScaleOp>(op->getLoc(), type, in[1], in[0]);
    SmallVector<NamedAttribute> attributes(op->getAttrs());
    if (auto constant = dyn_cast<rnn::ConstOp>(op)) {
      auto splat = cast<DenseElementsAttr>(constant.getValue());
      auto shape = RankedTensorType::get(rnn::shapeOf(type), splat.getElementType());
      attributes = {builder.getNamedAttr("value", splat.resizeSplat(shape))};
    } else if (isSpread(op)) {
      return builder.create<rnn::ScaleOp>(op->getLoc(), type, in[0], in[1]);
    }
    OperationState state(op->getLoc(), op->getName(), in, {type}, attributes);
    return builder.create(state)->getResult(0);
  }

  SmallVectorImpl<unsigned> &from;
  llvm::DenseMap<Value, unsigned> loads;
  llvm::DenseMap<std::pair<Value, int>, Value> values;
  OpBuilder builder;
};

} // namespace

Kernel byLines(const Kernel &kernel, int64_t lines, SmallVectorImpl<unsigned> &from) {
  return std::move(ByLines(kernel, lines, from).result);
}

} // namespace rondo::cpu
