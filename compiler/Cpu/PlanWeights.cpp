// Weights in the order in which kernels read them. What is only put together of parameters, or cut out of them, is packed
// from where its parts lie: it is nowhere else.
#include "compiler/Cpu/Planner.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::cpu {

using mlir::Operation;
using mlir::Value;

namespace {

/// Lines and columns of a matrix.
struct Area {
  int64_t line, column, lines, columns;
  int64_t &begin(int64_t axis) { return axis == 0 ? line : column; }
  int64_t &size(int64_t axis) { return axis == 0 ? lines : columns; }
};

/// An area of a matrix that lies in memory, and where in the weights it is.
struct Part {
  Value matrix;
  int64_t stride; // elements from a line to the next
  Area area;
  int64_t line, column;
};

class Parts {
public:
  explicit Parts(const Planner &planner) : planner(planner) {}

  /// Of an area of a matrix, to be put at a place in the weights.
  void add(Value matrix, Area area, int64_t line, int64_t column) {
    if (auto par = matrix.getDefiningOp<step::ParOp>(); par && planner.isDeferred(matrix))
      matrix = par.getBody().front().getTerminator()->getOperand(llvm::cast<mlir::OpResult>(matrix).getResultNumber());
    Operation *op = matrix.getDefiningOp();
    if (auto slice = llvm::dyn_cast<rnn::SliceOp>(op)) {
      area.begin(slice.getAxis()) += slice.getBegin();
      return add(slice.getX(), area, line, column);
    }
    auto concat = llvm::dyn_cast<rnn::ConcatOp>(op);
    if (!concat) {
      auto reshape = llvm::dyn_cast<rnn::ReshapeOp>(op);
      all.push_back({reshape ? reshape.getX() : matrix, rnn::shapeOf(matrix.getType()).back(), area, line, column});
      return;
    }
    int64_t axis = concat.getAxis(), first = 0;
    for (Value part : concat.getParts()) {
      int64_t size = rnn::shapeOf(part.getType())[axis], end = area.begin(axis) + area.size(axis);
      int64_t begin = std::max(area.begin(axis), first), rest = std::min(end, first + size) - begin;
      if (rest > 0) {
        Area own = area;
        own.begin(axis) = begin - first;
        own.size(axis) = rest;
        int64_t ahead = begin - area.begin(axis);
        add(part, own, line + (axis == 0 ? ahead : 0), column + (axis == 0 ? 0 : ahead));
      }
      first += size;
    }
  }

  std::vector<Part> all;

private:
  const Planner &planner;
};

} // namespace

bool Planner::defer(step::ParOp par) {
  mlir::Block &body = par.getBody().front();
  auto isMoved = [&](Operation &op) {
    bool ofMatrices =
        llvm::all_of(op.getOperandTypes(), [](mlir::Type type) { return rnn::shapeOf(type).size() == 2; });
    return (ofMatrices && llvm::isa<rnn::ConcatOp, rnn::SliceOp, step::YieldOp>(op)) ||
           (llvm::isa<rnn::ReshapeOp>(op) && op.getOperand(0).getParentBlock() != &body);
  };
  if (!llvm::all_of(body, isMoved))
    return false;
  for (Value result : par.getResults())
    deferred[result] = par;
  return true;
}

View Planner::packed(Value weights, const PackLayout &layout) {
  Area whole{0, 0, layout.m, layout.k};
  if (layout.transposed)
    std::swap(whole.lines, whole.columns);
  Parts parts(*this);
  parts.add(weights, whole, 0, 0);
  std::vector<int64_t> numbers = layout.numbers();
  for (const Part &part : parts.all)
    llvm::append_values(numbers, part.line, part.column, part.area.lines, part.area.columns, part.stride);
  auto [it, isNew] = packs.try_emplace({weights.getAsOpaquePointer(), numbers}, View());
  if (isNew) {
    // The plan that this one is added to may have it.
    int64_t &known = result.packs.try_emplace({keyOf(weights), numbers}, -1).first->second;
    bool isMade = known >= 0;
    ArrayPlan array;
    array.place = Place::Prepared;
    array.weights = layout.format;
    array.elements = (layout.bytes() + 3) / 4;
    array.stride = array.elements * runtime::bytesOf(Element::F32);
    array.offset = isMade ? known : tables().preparedBytes;
    if (!isMade)
      tables().preparedBytes += aligned(array.stride);
    known = array.offset;
    tables().arrays.push_back(array);
    it->second = all(tables().arrays.size() - 1, Rows::One);
    llvm::SmallVector<View> views;
    for (const Part &part : parts.all) {
      views.push_back(view(part.matrix, /*inPrepare=*/true));
      views.back().offset += (part.area.line * part.stride + part.area.column) * runtime::bytesOf(Element::F32);
    }
    views.push_back(it->second);
    if (!isMade)
      prepare(makeOp(OpCode::Pack, -1, views, numbers));
  }
  return it->second;
}

} // namespace rondo::cpu
