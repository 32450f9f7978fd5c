// A loop that is affine in its state, element by element, is computed for all ticks at once.
//
//   h' = f * h + (1 - f) * x    // f, x: not of the loop    =>    %h = step.affine %f, %g    // g = (1 - f) * x
//
// Each value of the loop is a * h + b of the state h that is read. What is written gives the a and b of step.affine; what
// the loop gives to others is computed again, of the state before. That composing such maps costs no more than applying
// one is true of diagonal ones only: a loop through a matrix stays a scan.
#include "compiler/IR/Step.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Classify.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::schedule {

#define GEN_PASS_DEF_PARALLELSCAN
#include "compiler/Schedule/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

namespace {

/// a * h + b, of the loop's state h; null for zero. Of what is free of the state, a is null.
struct Affine {
  Value a, b;
};

/// Works out what a loop makes of its state, in a group that knows nothing of it.
class Coefficients {
public:
  Coefficients(step::ScanOp scan, rnn::ReadOp read, mlir::OpBuilder builder)
      : scan(scan), start(startOf(read)), builder(builder) {
    values[start ? start.getResult() : read.getResult()] = {constant(read.getType(), 1), {}};
  }

  /// False if an operation stands between that is not known here to be affine.
  bool visitAll() {
    for (Operation &op : scan.getBody().front().without_terminator())
      if (!llvm::isa<rnn::StateOp, rnn::ReadOp, rnn::NextOp>(op) && &op != start && !visit(&op))
        return false;
    return true;
  }

  /// The factor and the term of what is written. Where the loop starts with a given value, that has the same factor as
  /// the state has elsewhere: a loop that goes on gives the bits of one that was not interrupted.
  Affine ofStep(Value written) {
    Affine result = of(written);
    if (!start || !result.a)
      return result;
    mlir::Location loc = start.getLoc();
    Value first = sum(loc, builder.create<rnn::MulOp>(loc, result.a, start.getA()), result.b);
    auto choose = [&](Value x, Value y) {
      return builder.create<rnn::SelectOp>(loc, start.getCondition(), x, orZero(y, x.getType()));
    };
    return {choose(constant(result.a.getType(), 0), result.a), choose(first, result.b)};
  }

  Affine of(Value value) {
    auto it = values.find(value);
    return it == values.end() ? Affine{{}, value} : it->second; // from outside
  }

  Value constant(mlir::Type type, double number) {
    return builder.create<rnn::ConstOp>(scan.getLoc(), type, llvm::ArrayRef<double>(number));
  }

  Value orZero(Value value, mlir::Type type) { return value ? value : constant(type, 0); }

private:
  /// What the loop has for its state, if it does not use it otherwise: at some ticks a value from outside.
  static rnn::SelectOp startOf(rnn::ReadOp read) {
    auto start = read->hasOneUse() ? llvm::dyn_cast<rnn::SelectOp>(*read->user_begin()) : rnn::SelectOp();
    auto isOutside = [&](Value value) { return value.getParentBlock() != read->getBlock(); };
    bool isStart = start && start.getB() == read.getResult() && isOutside(start.getCondition()) &&
                   isOutside(start.getA()) && start.getA().getType() == read.getType();
    return isStart ? start : rnn::SelectOp();
  }

  bool visit(Operation *op) {
    llvm::SmallVector<Affine, 3> in;
    for (Value operand : op->getOperands())
      in.push_back(of(operand));
    if (llvm::none_of(in, [](const Affine &x) { return bool(x.a); })) { // free of the state
      mlir::IRMapping map;
      for (auto [operand, x] : llvm::zip(op->getOperands(), in))
        map.map(operand, orZero(x.b, operand.getType()));
      Operation *clone = builder.clone(*op, map);
      for (auto [result, cloned] : llvm::zip(op->getResults(), clone->getResults()))
        values[result] = {{}, cloned};
      return true;
    }
    std::optional<Affine> result = combine(op, in);
    if (!result)
      return false;
    values[op->getResult(0)] = *result;
    return true;
  }

  std::optional<Affine> combine(Operation *op, llvm::ArrayRef<Affine> in) {
    mlir::Location loc = op->getLoc();
    mlir::Type type = op->getResult(0).getType();
    if (llvm::isa<rnn::AddOp>(op))
      return Affine{sum(loc, in[0].a, in[1].a), sum(loc, in[0].b, in[1].b)};
    if (llvm::isa<rnn::SubOp>(op))
      return Affine{difference(loc, in[0].a, in[1].a), difference(loc, in[0].b, in[1].b)};
    if (llvm::isa<rnn::NegOp>(op))
      return Affine{difference(loc, {}, in[0].a), difference(loc, {}, in[0].b)};
    if (llvm::isa<rnn::MulOp>(op)) {
      bool isFirst = bool(in[0].a);
      Value by = in[isFirst ? 1 : 0].b;
      if (in[0].a && in[1].a)
        return std::nullopt;
      return by ? scaled<rnn::MulOp>(loc, in[isFirst ? 0 : 1], by) : Affine{};
    }
    if (llvm::isa<rnn::DivOp>(op)) {
      if (in[1].a)
        return std::nullopt;
      return scaled<rnn::DivOp>(loc, in[0], orZero(in[1].b, type));
    }
    if (auto select = llvm::dyn_cast<rnn::SelectOp>(op)) {
      if (in[0].a)
        return std::nullopt;
      auto choose = [&](Value x, Value y) -> Value {
        if (!x && !y)
          return {};
        return builder.create<rnn::SelectOp>(loc, in[0].b, orZero(x, type), orZero(y, type));
      };
      return Affine{choose(in[1].a, in[2].a), choose(in[1].b, in[2].b)};
    }
    if (llvm::isa<rnn::ScaleOp>(op)) {
      if (in[0].a)
        return std::nullopt;
      auto scale = [&](Value x) -> Value {
        return x && in[0].b ? builder.create<rnn::ScaleOp>(loc, in[0].b, x) : Value();
      };
      return Affine{scale(in[1].a), scale(in[1].b)};
    }
    if (llvm::isa<rnn::StopOp>(op))
      return in[0];
    return std::nullopt;
  }

  /// Multiplied or divided by what is free of the state.
  template <typename Op> Affine scaled(mlir::Location loc, Affine x, Value by) {
    auto apply = [&](Value part) { return part ? builder.createOrFold<Op>(loc, part, by) : Value(); };
    return {apply(x.a), apply(x.b)};
  }

  Value sum(mlir::Location loc, Value x, Value y) {
    return x && y ? builder.createOrFold<rnn::AddOp>(loc, x, y) : x ? x : y;
  }

  Value difference(mlir::Location loc, Value x, Value y) {
    if (!y)
      return x;
    return x ? builder.createOrFold<rnn::SubOp>(loc, x, y) : builder.createOrFold<rnn::NegOp>(loc, y);
  }

  step::ScanOp scan;
  rnn::SelectOp start; // null if it starts at zero
  mlir::OpBuilder builder;
  llvm::DenseMap<Value, Affine> values;
};

/// Builds into a block that is part of nothing yet.
mlir::OpBuilder builderInto(mlir::Block &block, mlir::MLIRContext *context) {
  mlir::OpBuilder builder(context);
  builder.setInsertionPointToEnd(&block);
  return builder;
}

struct ParallelScan : impl::ParallelScanBase<ParallelScan> {
  void runOnOperation() override {
    for (step::ScanOp scan : llvm::make_early_inc_range(getOperation().getBody().front().getOps<step::ScanOp>()))
      transform(scan);
  }

  /// The only slot, if all of the loop is on one clock and affine in it.
  static rnn::StateOp onlySlot(step::ScanOp scan) {
    mlir::Block &block = scan.getBody().front();
    auto slots = llvm::to_vector(block.getOps<rnn::StateOp>());
    bool isReal = slots.size() == 1 && rnn::elementOf(slots.front().getSlot().getType().getStream()).isF32();
    bool isPlain = isReal && llvm::all_of(block.without_terminator(), [&](Operation &op) {
                     bool isOwn = llvm::isa<rnn::StateOp, rnn::ReadOp, rnn::NextOp, rnn::ConstOp, rnn::LiftOp>(op);
                     return (isOwn || rnn::isTickLocal(&op)) && llvm::all_of(op.getResults(), [&](Value value) {
                              return llvm::isa<rnn::StateType>(value.getType()) ||
                                     rnn::clockOf(value.getType()) == scan.getClock();
                            });
                   });
    return isPlain ? slots.front() : rnn::StateOp();
  }

  static void transform(step::ScanOp scan) {
    rnn::Component loop;
    for (Operation &op : scan.getBody().front().without_terminator())
      if (!llvm::isa<rnn::StateOp>(op))
        loop.ops.push_back(&op);
    rnn::LoopFacts facts = rnn::classifyLoop(loop);
    rnn::StateOp slot = onlySlot(scan);
    if (!slot || !facts.isAffine() || facts.jacobian == rnn::Jacobian::Dense)
      return;
    // Matrices made of vectors would be rows of all of time.
    if (llvm::any_of(scan.getBody().front(), [](Operation &op) { return rnn::isSpread(&op); }))
      return;
    rnn::ReadOp read;
    rnn::NextOp next;
    for (Operation *user : slot.getSlot().getUsers()) {
      if (auto other = llvm::dyn_cast<rnn::ReadOp>(user)) {
        if (read) // of one clock, there is one after merging
          return;
        read = other;
      } else {
        next = llvm::cast<rnn::NextOp>(user);
      }
    }
    // a and b, in a group of their own.
    auto block = std::make_unique<mlir::Block>();
    Coefficients coefficients(scan, read, builderInto(*block, scan.getContext()));
    if (!coefficients.visitAll())
      return;
    Affine written = coefficients.ofStep(next.getValue());
    mlir::Type type = read.getType();
    llvm::SmallVector<Value> parts{coefficients.orZero(written.a, type), coefficients.orZero(written.b, type)};
    mlir::OpBuilder top(scan);
    addGroup(top, scan.getLoc(), std::move(block), parts);
    Value state =
        top.create<step::AffineOp>(scan.getLoc(), type, parts[0], parts[1], slot.getReverse(), slot.getScopeAttr());
    replaceResults(scan, slot, read, next, state, top);
    scan.erase();
  }

  /// Makes a par of the block. `values` become its results, where they are not there without it.
  static void addGroup(mlir::OpBuilder &top, mlir::Location loc, std::unique_ptr<mlir::Block> block,
                       llvm::MutableArrayRef<Value> values) {
    llvm::SmallVector<Value> inside;
    for (Value value : values)
      if (value.getParentBlock() == block.get() && !llvm::is_contained(inside, value))
        inside.push_back(value);
    if (inside.empty())
      return;
    builderInto(*block, top.getContext()).create<step::YieldOp>(loc, inside);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
      if (mlir::isOpTriviallyDead(&op))
        op.erase();
    auto group = top.create<step::ParOp>(loc, mlir::ValueRange(inside).getTypes());
    group.getBody().push_back(block.release());
    for (Value &value : values)
      if (auto it = llvm::find(inside, value); it != inside.end())
        value = group.getResult(it - inside.begin());
  }

  /// What others use is the state, or computed of the state before.
  static void replaceResults(step::ScanOp scan, rnn::StateOp slot, rnn::ReadOp read, rnn::NextOp next, Value state,
                             mlir::OpBuilder &top) {
    Operation *yield = scan.getBody().front().getTerminator();
    mlir::IRMapping map;
    map.map(next.getValue(), state);
    if (llvm::any_of(yield->getOperands(), [&](Value value) { return value != next.getValue(); }))
      map.map(read.getResult(),
              top.create<step::BeforeOp>(read.getLoc(), read.getType(), state, slot.getReverse(), slot.getScopeAttr()));
    auto block = std::make_unique<mlir::Block>();
    mlir::OpBuilder body = builderInto(*block, scan.getContext());
    for (Operation &op : scan.getBody().front().without_terminator())
      if (map.contains(read.getResult()) && !llvm::isa<rnn::StateOp, rnn::ReadOp, rnn::NextOp>(op) &&
          op.getResult(0) != next.getValue())
        body.clone(op, map);
    llvm::SmallVector<Value> results;
    for (Value value : yield->getOperands())
      results.push_back(map.lookupOrDefault(value));
    addGroup(top, scan.getLoc(), std::move(block), results);
    scan.replaceAllUsesWith(results);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createParallelScanPass() { return std::make_unique<ParallelScan>(); }

} // namespace rondo::schedule
