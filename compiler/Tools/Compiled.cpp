#include "compiler/Tools/Compiled.h"
#include "compiler/Backend.h"
#include "compiler/Pipeline.h"

using namespace llvm;

namespace rondo::tools {

Expected<Scheduled> scheduleModel(Chosen chosen, bool gradients) {
  Scheduled scheduled;
  scheduled.step = mlir::ModuleOp::create(chosen.op.getLoc());
  scheduled.step->push_back(chosen.op->clone());
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  StageOptions options;
  options.gradients = gradients;
  options.after = [&](size_t, const Stage &) {
    if (!scheduled.step->getOps<rnn::ModelOp>().empty())
      scheduled.rnn = cast<mlir::ModuleOp>((*scheduled.step)->clone());
    return mlir::success();
  };
  if (mlir::failed(runStages(*scheduled.step, options, root)) || scheduled.step->getOps<step::ScheduleOp>().empty())
    return run::failure("a stage of the compiler failed; 'rondo run --interpret' runs the model without it");
  return std::move(scheduled);
}

Expected<Compiled> compileModel(Chosen chosen, std::vector<const emit::Target *> targets, emit::WeightFormat weights,
                                bool gradients) {
  if (targets.empty()) {
    auto own = emit::parseTargets("native", weights);
    if (!own)
      return own.takeError();
    targets = std::move(*own);
  }
  auto scheduled = scheduleModel(chosen, gradients);
  if (!scheduled)
    return scheduled.takeError();
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  BackendOptions how;
  how.targets = std::move(targets);
  how.weights = weights;
  how.backward = scheduled->backward();
  Backend backend(scheduled->schedule(), std::move(how), root);
  if (mlir::failed(backend.plan()))
    return run::failure("the model cannot be compiled; 'rondo run --interpret' runs it all the same");
  auto bytes = backend.library();
  if (!bytes)
    return bytes.takeError();
  return Compiled{std::move(*bytes), backend.prefix(), std::move(scheduled->rnn)};
}

Option formatOption() {
  return {"dtype", Option::Kind::Text, "TYPE",
          "f32 (the default), or what weights of products are kept in: bf16 (products too) or int8"};
}

std::optional<emit::WeightFormat> formatOf(const Command &command, const Arguments &arguments) {
  auto format = emit::parseFormat(arguments.text("dtype", "f32"));
  if (format)
    return *format;
  usageError(command, toString(format.takeError()));
  return std::nullopt;
}

} // namespace rondo::tools
