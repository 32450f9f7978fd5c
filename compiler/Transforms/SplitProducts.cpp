// Splits products of joined operands where the parts do not come about together.
//
//   %c = rnn.concat %x, (rnn.read %slow : #t4 -> #t), (rnn.read %h)
//   %z = rnn.matmul %W, %c
// =>
//   %z = (W[.., slow] (rnn.read %slow) + W[.., x] %x) + W[.., h] (rnn.read %h)
//
// Parts of one origin (Condensation.h: one loop, one clock) stay joined: they are there at one time and change equally
// often. Summed up are first the parts from outside of the product's own loop, then those from inside; of either first
// those that change least often; else they stand as they were joined. What is outside can then leave the loop, and what
// changes rarely is computed rarely (commute-crossings). The slices of the weights are made of tensors: once, by prepare.
//
// Runs when slots are on the clocks of what they hold (narrow-slots), for that is what tells the parts apart.
#include "compiler/Transforms/Condensation.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_SPLITPRODUCTS
#include "compiler/Transforms/Passes.h.inc"

namespace {

using mlir::Value;

/// Some parts of the joined operand, which stay together.
struct Group {
  Origin origin;
  llvm::SmallVector<unsigned> parts;
};

/// What is joined along axis 0, through joins of joins.
void addParts(Value joined, llvm::SmallVectorImpl<Value> &parts) {
  auto concat = joined.getDefiningOp<ConcatOp>();
  if (!concat || concat.getAxis() != 0)
    return parts.push_back(joined);
  for (Value part : concat.getParts())
    addParts(part, parts);
}

llvm::SmallVector<Value> partsOf(MatmulOp product) {
  llvm::SmallVector<Value> parts;
  addParts(product.getX(), parts);
  return parts;
}

/// The groups in the order of summation.
llvm::SmallVector<Group> groupsOf(MatmulOp product, const Condensation &condensation) {
  llvm::SmallVector<Group> groups;
  for (auto [index, part] : llvm::enumerate(partsOf(product))) {
    Origin origin = condensation.originOf(part);
    auto group = llvm::find_if(groups, [&](const Group &group) { return group.origin == origin; });
    if (group == groups.end())
      group = groups.insert(groups.end(), {origin, {}});
    group->parts.push_back(index);
  }
  const Component *loop = condensation.loopOf(product);
  llvm::stable_sort(groups, [&](const Group &a, const Group &b) {
    bool aInside = loop && a.origin.loop == loop, bInside = loop && b.origin.loop == loop;
    return aInside != bInside ? bInside : ticksLessOften(a.origin.clock, b.origin.clock);
  });
  return groups;
}

Value join(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<Value> parts, int64_t axis) {
  return parts.size() == 1 ? parts.front() : ConcatOp::create(builder, loc, parts, axis);
}

void split(MatmulOp product, llvm::ArrayRef<Group> groups) {
  mlir::OpBuilder builder(product);
  mlir::Location loc = product.getLoc();
  llvm::SmallVector<Value> parts = partsOf(product);
  llvm::SmallVector<int64_t> begins{0};
  for (Value part : parts)
    begins.push_back(begins.back() + shapeOf(part.getType()).front());
  int64_t axis = contractedAxis(product);
  Value sum;
  for (const Group &group : groups) {
    llvm::SmallVector<Value> columns, operands;
    for (size_t i = 0; i < group.parts.size(); ++i) {
      int64_t begin = begins[group.parts[i]];
      operands.push_back(parts[group.parts[i]]);
      // Neighbours are one slice.
      for (; i + 1 < group.parts.size() && group.parts[i + 1] == group.parts[i] + 1; ++i)
        operands.push_back(parts[group.parts[i + 1]]);
      columns.push_back(SliceOp::create(builder, loc, product.getW(), begin, begins[group.parts[i] + 1], axis));
    }
    Value w = join(builder, loc, columns, axis), x = join(builder, loc, operands, 0);
    Value term = MatmulOp::create(builder, loc, w, x, product.getTransposed());
    sum = sum ? AddOp::create(builder, loc, sum.getType(), sum, term) : term;
  }
  product.getResult().replaceAllUsesWith(sum);
  product.erase();
}

struct SplitProducts : impl::SplitProductsBase<SplitProducts> {
  void runOnOperation() override {
    // All is decided before anything is changed: the analysis knows no new operations.
    llvm::SmallVector<std::pair<MatmulOp, llvm::SmallVector<Group>>> plan;
    Condensation condensation(getOperation());
    for (MatmulOp product : getOperation().getOps<MatmulOp>()) {
      // Weights that change from tick to tick would be sliced at every tick.
      if (clockOf(product.getW().getType()) || !product.getX().getDefiningOp<ConcatOp>())
        continue;
      llvm::SmallVector<Group> groups = groupsOf(product, condensation);
      if (groups.size() > 1)
        plan.push_back({product, std::move(groups)});
    }
    for (auto &[product, groups] : plan)
      split(product, groups);
    mergeEqual(getOperation());
    hoistTensors(getOperation());
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createSplitProductsPass() { return std::make_unique<SplitProducts>(); }

} // namespace rondo::rnn
