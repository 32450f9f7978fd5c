#include "compiler/Tools/Compiled.h"
#include "compiler/Backend.h"
#include "compiler/Pipeline.h"

using namespace llvm;

namespace rondo::tools {

Expected<Scheduled> scheduleModel(Chosen chosen) {
  Scheduled scheduled;
  scheduled.step = mlir::ModuleOp::create(chosen.op.getLoc());
  scheduled.step->push_back(chosen.op->clone());
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  StageOptions options;
  options.after = [&](size_t, const Stage &) {
    if (!scheduled.step->getOps<rnn::ModelOp>().empty())
      scheduled.rnn = cast<mlir::ModuleOp>((*scheduled.step)->clone());
    return mlir::success();
  };
  if (mlir::failed(runStages(*scheduled.step, options, root)) || scheduled.step->getOps<step::ScheduleOp>().empty())
    return run::failure("a stage of the compiler failed; 'rondo run --interpret' runs the model without it");
  return std::move(scheduled);
}

Expected<Compiled> compileModel(Chosen chosen, const emit::Target *target) {
  if (!target && !(target = emit::nativeTarget()))
    return run::failure("this machine is none that Rondo compiles for");
  auto scheduled = scheduleModel(chosen);
  if (!scheduled)
    return scheduled.takeError();
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  BackendOptions how;
  how.targets = {target};
  Backend backend(scheduled->schedule(), std::move(how), root);
  if (mlir::failed(backend.plan()))
    return run::failure("the model cannot be compiled; 'rondo run --interpret' runs it all the same");
  auto bytes = backend.library();
  if (!bytes)
    return bytes.takeError();
  return Compiled{std::move(*bytes), backend.prefix()};
}

} // namespace rondo::tools
