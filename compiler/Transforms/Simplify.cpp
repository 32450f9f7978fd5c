// Folds, canonicalisations, common subexpressions and zero propagation, until nothing changes.
//
//   rnn.next %s, %zero                       // what is only ever written zero
//   %r = rnn.read %s                         // reads zero,
//   %u = rnn.matmul %U, %r                   // and so does a product with it,
//   %z = rnn.add %wx, %u                     // hence %z is %wx
//
// Runs first, so that the passes behind it meet each equation once and in one form (lists of rows, say, are the products
// that they stand for), and last, to sweep. Products with zero are zero here even where the other factor is not a number:
// a weight that meets nothing has no influence.
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_SIMPLIFY
#include "compiler/Transforms/Passes.h.inc"

namespace {

using mlir::LogicalResult;
using mlir::Operation;
using mlir::OpRewritePattern;
using mlir::PatternRewriter;
using mlir::Value;

/// Whether all of it is one number.
bool isConstant(Value value, double expected) {
  auto constant = value.getDefiningOp<ConstOp>();
  auto elements = constant ? llvm::dyn_cast<mlir::DenseElementsAttr>(constant.getValue()) : mlir::DenseElementsAttr();
  if (!elements || !elements.isSplat())
    return false;
  if (auto number = llvm::dyn_cast<mlir::FloatAttr>(elements.getSplatValue<mlir::Attribute>()))
    return number.getValueAsDouble() == expected;
  return llvm::cast<mlir::IntegerAttr>(elements.getSplatValue<mlir::Attribute>()).getValue() == uint64_t(expected);
}

bool isZero(Value value) { return isConstant(value, 0); }

LogicalResult replaceByZero(PatternRewriter &rewriter, Operation *op) {
  mlir::Type type = op->getResult(0).getType();
  if (elementOf(type).isF32())
    rewriter.replaceOpWithNewOp<ConstOp>(op, type, llvm::ArrayRef<double>(0.0));
  else
    rewriter.replaceOpWithNewOp<ConstOp>(op, type, llvm::ArrayRef<int64_t>(int64_t(0)));
  return mlir::success();
}

/// Zero where its first operand is: what only moves, sums or selects values.
template <typename OpTy> struct OfZero : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!isZero(op->getOperand(0)))
      return rewriter.notifyMatchFailure(op, "operand is not the constant zero");
    return replaceByZero(rewriter, op);
  }
};

/// Zero where one of its operands is.
template <typename OpTy> struct TimesZero : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!llvm::any_of(op->getOperands(), isZero))
      return rewriter.notifyMatchFailure(op, "no operand is the constant zero");
    return replaceByZero(rewriter, op);
  }
};

/// A slot starts at zero; it stays so if only zero, or what was read at the tick before, is written to it.
struct ReadOfZero : OpRewritePattern<ReadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReadOp read, PatternRewriter &rewriter) const override {
    for (Operation *user : read.getSlot().getUsers()) {
      auto next = llvm::dyn_cast<NextOp>(user);
      if (!next || isZero(next.getValue()))
        continue;
      auto kept = next.getValue().getDefiningOp<ReadOp>();
      if (!kept || kept.getSlot() != read.getSlot())
        return rewriter.notifyMatchFailure(read, "the slot is written something else than zero");
    }
    return replaceByZero(rewriter, read);
  }
};

/// Nothing comes out of an accumulator that nothing is put into.
struct TakeOfNothing : OpRewritePattern<TakeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TakeOp take, PatternRewriter &rewriter) const override {
    if (llvm::any_of(take.getSlot().getUsers(), [](Operation *user) { return llvm::isa<PutOp>(user); }))
      return rewriter.notifyMatchFailure(take, "something is put into the accumulator");
    return replaceByZero(rewriter, take);
  }
};

struct PutOfZero : OpRewritePattern<PutOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PutOp put, PatternRewriter &rewriter) const override {
    if (!isZero(put.getValue()))
      return rewriter.notifyMatchFailure(put, "the value is not the constant zero");
    rewriter.eraseOp(put);
    return mlir::success();
  }
};

/// Rows of a matrix that are all the same vector: [v for j in 0..n].
struct ConcatOfEqual : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp concat, PatternRewriter &rewriter) const override {
    Value part = concat.getParts().front();
    llvm::ArrayRef<int64_t> shape = shapeOf(part.getType());
    if (concat.getAxis() != 0 || shape[0] != 1 || concat.getParts().size() < 2 || !llvm::all_equal(concat.getParts()))
      return rewriter.notifyMatchFailure(concat, "parts are no rows, or differ");
    mlir::Type row = valueType(shape.drop_front(), elementOf(part.getType()), clockOf(part.getType()));
    Value vector = rewriter.create<ReshapeOp>(concat.getLoc(), row, part);
    rewriter.replaceOpWithNewOp<RepeatOp>(concat, concat.getType(), vector);
    return mlir::success();
  }
};

/// An element of a vector that is a value by itself.
struct Element {
  Value vector;
  int64_t index = 0;
};

Element elementOfVector(Value scalar) {
  auto reshape = scalar.getDefiningOp<ReshapeOp>();
  if (!reshape || elementCount(scalar.getType()) != 1)
    return {};
  auto isVector = [](Value x) { return shapeOf(x.getType()).size() == 1; };
  if (auto slice = reshape.getX().getDefiningOp<SliceOp>(); slice && isVector(slice.getX()))
    return {slice.getX(), int64_t(slice.getBegin())};
  if (auto split = reshape.getX().getDefiningOp<SplitOp>(); split && isVector(split.getX()))
    return {split.getX(), llvm::cast<mlir::OpResult>(reshape.getX()).getResultNumber()};
  return {};
}

/// Rows of a matrix that are a vector times the elements of another: [u[i] * v for i in 0..n].
struct ConcatOfScaled : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp concat, PatternRewriter &rewriter) const override {
    Element first;
    Value row;
    if (concat.getAxis() != 0 || concat.getParts().size() < 2 || !clockOf(concat.getType()))
      return rewriter.notifyMatchFailure(concat, "no rows of a stream");
    for (auto [i, part] : llvm::enumerate(concat.getParts())) {
      auto reshape = part.getDefiningOp<ReshapeOp>();
      auto scale = reshape ? reshape.getX().getDefiningOp<ScaleOp>() : ScaleOp();
      if (!scale || shapeOf(scale.getType()).size() != 1 || shapeOf(part.getType())[0] != 1)
        return rewriter.notifyMatchFailure(concat, "a part is no scaled vector");
      Element element = elementOfVector(scale.getBy());
      if (i == 0) {
        first = element;
        row = scale.getX();
      }
      if (!element.vector || element.vector != first.vector || element.index != first.index + int64_t(i) ||
          scale.getX() != row)
        return rewriter.notifyMatchFailure(concat, "parts are not a vector times elements side by side");
    }
    int64_t end = first.index + int64_t(concat.getParts().size());
    Value column = rewriter.createOrFold<SliceOp>(concat.getLoc(), first.vector, first.index, end, 0);
    rewriter.replaceOpWithNewOp<OuterOp>(concat, concat.getType(), column, row);
    return mlir::success();
  }
};

/// A number times a vector is one product, whatever made it.
struct OuterOfNumber : OpRewritePattern<OuterOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(OuterOp outer, PatternRewriter &rewriter) const override {
    if (!shapeOf(outer.getA().getType()).empty() || !clockOf(outer.getType()))
      return rewriter.notifyMatchFailure(outer, "no number times a vector at each tick");
    rewriter.replaceOpWithNewOp<ScaleOp>(outer, outer.getType(), outer.getA(), outer.getB());
    return mlir::success();
  }
};

/// A matrix times ones is the sum of its columns, or of its lines.
struct MatmulOfOnes : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp product, PatternRewriter &rewriter) const override {
    Value matrix = product.getW();
    if (!isConstant(product.getX(), 1) || !isMatrix(matrix.getType()) ||
        shapeOf(product.getX().getType()).size() != 1 || clockOf(matrix.getType()) != clockOf(product.getType()))
      return rewriter.notifyMatchFailure(product, "no matrix of a tick times a vector of ones");
    rewriter.replaceOpWithNewOp<FoldOp>(product, Reduction::Sum, matrix,
                                        rewriter.getI64IntegerAttr(contractedAxis(product)));
    return mlir::success();
  }
};

/// What is linear is done once, with the sum.
struct TotalOfLinear : OpRewritePattern<TotalOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TotalOp total, PatternRewriter &rewriter) const override {
    Operation *op = total.getX().getDefiningOp();
    if (!llvm::isa_and_present<NegOp, MulOp, ScaleOp, ReshapeOp, TransposeOp, RepeatOp>(op))
      return rewriter.notifyMatchFailure(total, "its operand is not linear in anything");
    Value moving = movingOperand(op);
    if (!moving || moving.getDefiningOp<LiftOp>() || llvm::count(op->getOperands(), moving) > 1)
      return rewriter.notifyMatchFailure(total, "several operands change from tick to tick");
    Value sum = rewriter.create<TotalOp>(total.getLoc(), moving);
    rewriter.replaceOp(total, rebuild(rewriter, total.getX(), sum));
    return mlir::success();
  }
};

/// A sum of products of vectors is one product over all ticks.
struct TotalOfOuter : OpRewritePattern<TotalOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TotalOp total, PatternRewriter &rewriter) const override {
    auto outer = total.getX().getDefiningOp<OuterOp>();
    if (!outer || !isSpread(outer))
      return rewriter.notifyMatchFailure(total, "no sum of products of vectors");
    rewriter.replaceOp(total, createOnClock(rewriter, outer, outer->getOperands(), {}));
    return mlir::success();
  }
};

/// Rows of pairs of ticks that have several weights are summed up weight by weight: their products need not be there.
struct ReduceOfWeighed : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  static bool isWeighed(Value value) {
    if (!value.hasOneUse())
      return false;
    if (auto sum = value.getDefiningOp<AddOp>())
      return isWeighed(sum.getA()) && isWeighed(sum.getB());
    return bool(value.getDefiningOp<ScaleOp>());
  }
  LogicalResult matchAndRewrite(ReduceOp reduce, PatternRewriter &rewriter) const override {
    auto sum = reduce.getX().getDefiningOp<AddOp>();
    if (reduce.getKind() != Reduction::Sum || !sum || !isWeighed(sum) ||
        !llvm::isa<PairClockAttr>(clockOf(sum.getType())))
      return rewriter.notifyMatchFailure(reduce, "no sum of rows with several weights");
    llvm::SmallVector<Value> parts;
    for (Value weighed : sum->getOperands()) {
      Operation *part = rewriter.clone(*reduce);
      part->setOperand(0, weighed);
      parts.push_back(part->getResult(0));
    }
    rewriter.replaceOpWithNewOp<AddOp>(reduce, parts[0], parts[1]);
    return mlir::success();
  }
};

struct Simplify : impl::SimplifyBase<Simplify> {
  LogicalResult initialize(mlir::MLIRContext *context) override {
    mlir::RewritePatternSet set(context);
    set.add<OfZero<LatestOp>, OfZero<ReduceOp>, OfZero<CrossOp>, OfZero<TotalOp>, OfZero<WindowOp>, OfZero<OverlapOp>,
            OfZero<CumsumOp>, OfZero<FoldOp>, OfZero<EmbedOp>, TimesZero<MatmulOp>, TimesZero<MulOp>,
            TimesZero<ScaleOp>, TimesZero<OuterOp>, ReadOfZero, TakeOfNothing, PutOfZero, ConcatOfEqual, ConcatOfScaled,
            OuterOfNumber, MatmulOfOnes, TotalOfLinear, TotalOfOuter, ReduceOfWeighed>(context);
    for (mlir::RegisteredOperationName name : context->getRegisteredOperationsByDialect("rnn"))
      name.getCanonicalizationPatterns(set, context);
    patterns = mlir::FrozenRewritePatternSet(std::move(set));
    return mlir::success();
  }

  void runOnOperation() override {
    mlir::GreedyRewriteConfig config;
    config.setMaxIterations(mlir::GreedyRewriteConfig::kNoLimit);
    for (bool changed = true; changed;) {
      if (failed(mlir::applyPatternsGreedily(getOperation(), patterns, config)))
        return signalPassFailure();
      changed = mergeEqual(getOperation()); // what is equal now may fold further
    }
    placeConstants(getOperation());
  }

  mlir::FrozenRewritePatternSet patterns;
};

} // namespace

std::unique_ptr<mlir::Pass> createSimplifyPass() { return std::make_unique<Simplify>(); }

} // namespace rondo::rnn
