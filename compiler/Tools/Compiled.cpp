#include "compiler/Tools/Compiled.h"
#include "compiler/Backend.h"
#include "compiler/Pipeline.h"

using namespace llvm;

namespace rondo::tools {

Expected<Compiled> compileModel(Chosen chosen, const emit::Target *target) {
  if (!target && !(target = emit::nativeTarget()))
    return run::failure("this machine is none that Rondo compiles for");
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(chosen.op.getLoc());
  module->push_back(chosen.op->clone());
  mlir::DefaultTimingManager timing; // not enabled
  mlir::TimingScope root = timing.getRootScope();
  if (mlir::failed(runStages(*module, {}, root)))
    return run::failure("a stage of the compiler failed; --interpret runs the model without it");
  auto schedules = module->getOps<step::ScheduleOp>();
  if (schedules.empty())
    return run::failure("a stage of the compiler failed; --interpret runs the model without it");
  BackendOptions how;
  how.targets = {target};
  Backend backend(*schedules.begin(), std::move(how), root);
  if (mlir::failed(backend.plan()))
    return run::failure("the model cannot be compiled; --interpret runs it without that");
  auto bytes = backend.library();
  if (!bytes)
    return bytes.takeError();
  return Compiled{std::move(*bytes), backend.prefix()};
}

} // namespace rondo::tools
