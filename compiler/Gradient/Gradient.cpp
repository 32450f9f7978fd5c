// Beside each model one that also computes its gradients.
//
//   %y = rnn.tanh %z              // stays, and behind all:  %dz = rnn.dtanh %y, %dy
//   %z = rnn.matmul %W, %x                                   %dW = rnn.outer %dz, %x    // summed over all ticks
//
// Each equation hands the adjoint of its result on to its operands, the last equation first; what several users hand to
// one value is added. Only what leads from a parameter or an input of reals to a loss has an adjoint (Activity.h), and
// nothing is written for the rest. The rules are in files by families of operations.
//
// Losses that train different parameters are transposed apart: what they share on the way belongs to each by itself.
//
// Runs behind the passes that move products out of loops, so that their adjoints stand outside too. What it writes is
// simplified, its products merged and its sums ordered like those of the model before.
#include "compiler/Gradient/Adjoints.h"
#include "compiler/Gradient/FormWindows.h"
#include "compiler/Gradient/Passes.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_GRADIENT
#define GEN_PASS_REGISTRATION
#include "compiler/Gradient/Passes.h.inc"

namespace {

using llvm::SmallVector;
using llvm::StringRef;
using mlir::Value;

/// Adds to a copy of a model what its gradients are.
class BackwardModel {
public:
  explicit BackwardModel(ModelOp model)
      : model(model), block(model.getBody().front()), output(llvm::cast<ReturnOp>(block.back())), builder(output) {
    for (mlir::Operation &op : block.without_terminator())
      forward.push_back(&op);
    for (auto param : block.getOps<ParamOp>())
      if (isReal(param.getResult()))
        params.push_back(param);
    llvm::sort(params, [](ParamOp a, ParamOp b) { return a.getPath() < b.getPath(); });
    for (mlir::BlockArgument input : block.getArguments())
      if (isReal(input))
        inputs.push_back({model.getInputName(input.getArgNumber()).str(), input});
  }

  mlir::LogicalResult run() {
    // By what they train, in the order of the text; null: everything.
    llvm::MapVector<mlir::ArrayAttr, SmallVector<LossOp>> losses;
    for (auto loss : block.getOps<LossOp>())
      losses[loss.getTrainsAttr()].push_back(loss);
    if (losses.empty()) {
      if (failed(transpose(params, seedsOfOutputs(/*carried=*/false), "d.")))
        return mlir::failure();
    }
    // What flows in from the window behind belongs to all losses; not where these train different parameters.
    auto trainsAny = [](const auto &group) { return !group.first || !group.first.empty(); };
    Seeds carried = llvm::count_if(losses, trainsAny) == 1 ? seedsOfOutputs(/*carried=*/true) : Seeds();
    for (auto [number, group] : llvm::enumerate(losses)) {
      SmallVector<ParamOp> trained;
      for (ParamOp param : params)
        if (trains(group.first, param))
          trained.push_back(param);
      Seeds seeds;
      if (trainsAny(group))
        seeds = carried;
      for (LossOp loss : group.second)
        seeds.push_back({loss.getValue(), seedOf(loss)});
      std::string prefix = number == 0 ? "d." : "d" + std::to_string(number + 1) + ".";
      if (failed(transpose(trained, seeds, prefix)))
        return mlir::failure();
    }
    returnGradients();
    return mlir::success();
  }

private:
  using Seeds = SmallVector<std::pair<Value, Value>>; // a value and what is added to its adjoint
  struct Input {
    std::string name;
    Value value;
  };

  static bool trains(mlir::ArrayAttr paths, ParamOp param) {
    return !paths || llvm::any_of(paths.getAsValueRange<mlir::StringAttr>(), [&](StringRef path) {
      StringRef rest = param.getPath();
      return rest.consume_front(path) && (rest.empty() || rest.starts_with(".") || path.empty());
    });
  }

  //===--- Where gradients begin ---===//

  template <typename Op, typename... Arguments> Value make(mlir::Operation *at, Arguments &&...arguments) {
    return builder.create<Op>(at->getLoc(), std::forward<Arguments>(arguments)...).getResult();
  }
  Value number(mlir::Operation *at, mlir::Type type, double x) {
    return make<ConstOp>(at, type, llvm::ArrayRef<double>(x));
  }

  /// An input of the model; null if it has none of that name.
  Value inputOf(const llvm::Twine &name) {
    std::string text = name.str();
    for (mlir::BlockArgument input : block.getArguments())
      if (model.getInputName(input.getArgNumber()) == text)
        return input;
    return {};
  }

  /// The mean over the valid ticks of the batch: one of so many, where it counts. Of a window the caller may say how
  /// many the batch has, and that what has no ticks counts in another one.
  Value seedOf(LossOp loss) {
    auto stream = llvm::dyn_cast<StreamType>(loss.getValue().getType());
    Value whole = inputOf(wholePrefix + loss.getName());
    if (whole)
      whole = make<TotalOp>(loss, whole);
    if (!stream) {
      mlir::Type type = loss.getValue().getType();
      Value one = number(loss, type, 1), none = number(loss, type, 0);
      return whole ? make<SelectOp>(loss, make<CompareOp>(loss, Predicate::Lt, whole, none), none, one) : one;
    }
    auto tensor = mlir::RankedTensorType::get({}, stream.getElementType());
    Value valid = number(loss, stream, 1), nothing = loss.getMask() ? number(loss, stream, 0) : Value();
    if (nothing)
      valid = make<SelectOp>(loss, loss.getMask(), valid, nothing);
    Value one = number(loss, tensor, 1), ticks = make<MaximumOp>(loss, make<TotalOp>(loss, valid), one);
    if (whole)
      ticks = make<SelectOp>(loss, make<CompareOp>(loss, Predicate::Gt, whole, number(loss, tensor, 0)), whole, ticks);
    Value weight = make<LiftOp>(loss, stream, make<DivOp>(loss, one, ticks));
    return nothing ? make<SelectOp>(loss, loss.getMask(), weight, nothing) : weight;
  }

  /// Inputs that give the adjoints of the outputs; `carried`: only of what goes on to the window behind. Inputs are on
  /// axes: a tick of an output is one of its axis.
  Seeds seedsOfOutputs(bool carried) {
    Seeds seeds;
    SmallVector<mlir::Attribute> names(model.getInputs().getValue());
    for (auto [number, value] : llvm::enumerate(output.getValues())) {
      ClockInterface clock = clockOf(value.getType());
      if (!isReal(value) || llvm::isa_and_present<PairClockAttr>(clock) ||
          (carried && !output.getName(number).starts_with(carryPrefix)))
        continue;
      AxisClockAttr axis = clock ? rootAxis(clock) : AxisClockAttr::getSample(model.getContext());
      auto type = StreamType::get(shapeOf(value.getType()), elementOf(value.getType()), axis);
      Value seed = block.addArgument(type, output.getLoc());
      names.push_back(builder.getStringAttr("d." + output.getName(number)));
      if (!clock)
        seed = make<TotalOp>(output, seed);
      else if (clock != axis)
        seed = make<LatestOp>(output, value.getType(), seed, /*reverse=*/false, ScopeAttr());
      seeds.push_back({value, seed});
    }
    model.setInputsAttr(builder.getArrayAttr(names));
    return seeds;
  }

  //===--- One set of losses ---===//

  mlir::LogicalResult transpose(llvm::ArrayRef<ParamOp> trained, const Seeds &seeds, StringRef prefix) {
    SmallVector<Value> leaves, ends;
    for (ParamOp param : trained)
      leaves.push_back(param.getResult());
    for (const Input &input : inputs)
      if (!model->hasAttr(fixedInputsName) || StringRef(input.name).starts_with(carryPrefix))
        leaves.push_back(input.value);
    for (auto [value, seed] : seeds)
      ends.push_back(value);
    Activity activity(leaves, ends);
    Adjoints adjoints(builder, activity, prefix);
    for (auto [value, seed] : seeds)
      adjoints.add(value, seed);
    for (mlir::Operation *op : llvm::reverse(forward))
      if (failed(adjoints.transpose(op)))
        return mlir::failure();
    for (Value leaf : leaves)
      if (Value adjoint = adjoints.of(leaf)) {
        Value &sum = gradients[leaf];
        sum = sum ? builder.create<AddOp>(leaf.getLoc(), sum, adjoint).getResult() : adjoint;
      }
    return mlir::success();
  }

  void returnGradients() {
    SmallVector<Value> values(output.getValues());
    SmallVector<mlir::Attribute> names(output.getNames().getValue());
    auto give = [&](const llvm::Twine &name, Value leaf) {
      Value gradient = gradients.lookup(leaf);
      values.push_back(gradient ? gradient : number(output, leaf.getType(), 0));
      names.push_back(builder.getStringAttr("d." + name));
    };
    for (ParamOp param : params)
      give(param.getPath(), param.getResult());
    for (const Input &input : inputs)
      give(input.name, input.value);
    builder.create<ReturnOp>(output.getLoc(), values, builder.getArrayAttr(names));
    output.erase();
  }

  ModelOp model;
  mlir::Block &block;
  ReturnOp output;
  mlir::OpBuilder builder; // behind all of the forward equations
  SmallVector<mlir::Operation *> forward;
  SmallVector<ParamOp> params; // of reals, by path
  std::vector<Input> inputs;   // of reals
  llvm::DenseMap<Value, Value> gradients;
};

struct Gradient : impl::GradientBase<Gradient> {
  void runOnOperation() override {
    for (ModelOp model : llvm::to_vector(getOperation().getOps<ModelOp>())) {
      mlir::OpBuilder builder(model->getContext());
      builder.setInsertionPointAfter(model);
      auto backward = llvm::cast<ModelOp>(builder.clone(*model));
      backward.setSymName((model.getSymName() + ".backward").str());
      for (GenerateOp generate : llvm::make_early_inc_range(backward.getBody().front().getOps<GenerateOp>()))
        generate.erase(); // it feeds the forward model alone
      mlir::OpPassManager sweep(ModelOp::getOperationName());
      sweep.addPass(createSimplifyPass());
      sweep.addPass(createMergeProductsPass());
      sweep.addPass(createSimplifyPass());
      sweep.addPass(createOrderSumsPass());
      if (failed(BackwardModel(backward).run()) || failed(runPipeline(sweep, backward)))
        return signalPassFailure();
    }
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createGradientPass() { return std::make_unique<Gradient>(); }

void registerGradientPasses() { registerRondoGradientPasses(); }

} // namespace rondo::rnn
