#include "compiler/Tools/Compiled.h"
#include "compiler/Gradient/FormWindows.h"
#include "compiler/Pipeline.h"

using namespace llvm;

namespace rondo::tools {

Expected<Scheduled> scheduleModel(Chosen chosen, Beside beside) {
  Scheduled scheduled;
  scheduled.step = mlir::ModuleOp::create(chosen.op.getLoc());
  scheduled.step->push_back(chosen.op->clone());
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  StageOptions options;
  options.gradients = beside.gradients;
  options.windows = beside.windows || beside.checkpoint;
  options.after = [&](size_t, const Stage &) {
    if (!scheduled.step->getOps<rnn::ModelOp>().empty())
      scheduled.rnn = cast<mlir::ModuleOp>((*scheduled.step)->clone());
    return mlir::success();
  };
  if (mlir::failed(runStages(*scheduled.step, options, root)) || scheduled.step->getOps<step::ScheduleOp>().empty())
    return make_error<Bug>("a stage of the compiler failed; 'rondo run --interpret' runs the model without it");
  return std::move(scheduled);
}

Expected<Compiled> compileModel(Chosen chosen, std::vector<const emit::Target *> targets, emit::WeightFormat weights,
                                Beside beside) {
  if (targets.empty()) {
    auto own = emit::parseTargets("native", weights);
    if (!own)
      return own.takeError();
    targets = std::move(*own);
  }
  auto scheduled = scheduleModel(chosen, beside);
  if (!scheduled)
    return scheduled.takeError();
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  BackendOptions how;
  how.targets = std::move(targets);
  how.weights = weights;
  how.mustCheckpoint = beside.mustCheckpoint;
  setOthers(*scheduled->step, scheduled->schedule(), beside.checkpoint, how);
  Backend backend(scheduled->schedule(), std::move(how), root);
  if (mlir::failed(backend.plan()))
    return run::failure(beside.checkpoint
                            ? "the model cannot be compiled with --checkpoint"
                            : "the model cannot be compiled; 'rondo run --interpret' runs it all the same");
  auto bytes = backend.library();
  if (!bytes)
    return asBug(bytes.takeError());
  return Compiled{std::move(*bytes), backend.prefix(), backend.noCheckpoints(), std::move(scheduled->rnn)};
}

void setOthers(mlir::ModuleOp module, step::ScheduleOp schedule, int64_t checkpoint, BackendOptions &options) {
  auto find = [&](StringRef ending) {
    return module.lookupSymbol<step::ScheduleOp>((schedule.getSymName() + ending).str());
  };
  options.backward = find(".backward");
  options.window = find(".window");
  options.windowBackward = find(".window.backward");
  if (auto why = schedule->getAttrOfType<mlir::StringAttr>(rnn::noWindowsName))
    options.noWindows = why.getValue().str();
  options.checkpoint = checkpoint;
}

Option checkpointOption() {
  return {"checkpoint", Option::Kind::Text, "ROWS",
          "what gradients keep of a sample: none (the default: all is kept), the state every so many rows, or auto"};
}

std::optional<int64_t> checkpointOf(const Command &command, StringRef text) {
  int64_t rows = 0;
  if (text.empty() || text == "none" || text == "auto")
    return text == "auto" ? -1 : 0;
  if (!text.getAsInteger(10, rows) && rows > 0 && rows < int64_t(1) << 31)
    return rows;
  usageError(command, "option '--checkpoint' takes a number of rows, 'auto' or 'none', not '" + text + "'");
  return std::nullopt;
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
