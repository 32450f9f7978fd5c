#include "compiler/Pipeline.h"
#include "compiler/Gradient/Passes.h"
#include "compiler/IR/Rnn.h"
#include "compiler/IR/Step.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace rondo {

namespace {

void simplify(OpPassManager &manager) { manager.addNestedPass<rnn::ModelOp>(rnn::createSimplifyPass()); }
void narrowSlots(OpPassManager &manager) { manager.addNestedPass<rnn::ModelOp>(rnn::createNarrowSlotsPass()); }
void deadState(OpPassManager &manager) { manager.addNestedPass<rnn::ModelOp>(rnn::createDeadStatePass()); }
void splitProducts(OpPassManager &manager) { manager.addNestedPass<rnn::ModelOp>(rnn::createSplitProductsPass()); }
void commuteCrossings(OpPassManager &manager) {
  manager.addNestedPass<rnn::ModelOp>(rnn::createCommuteCrossingsPass());
  deadState(manager); // of slots that are now read as partial sums only
}
void mergeProducts(OpPassManager &manager) { manager.addNestedPass<rnn::ModelOp>(rnn::createMergeProductsPass()); }
void chainSums(OpPassManager &manager) {
  manager.addNestedPass<rnn::ModelOp>(rnn::createChainSumsPass());
  deadState(manager); // of slots that are now read as sums only
}
void mergeSums(OpPassManager &manager) { manager.addNestedPass<rnn::ModelOp>(rnn::createMergeSumsPass()); }
void orderSums(OpPassManager &manager) { manager.addNestedPass<rnn::ModelOp>(rnn::createOrderSumsPass()); }
void orientMatrices(OpPassManager &manager) {
  manager.addNestedPass<rnn::ModelOp>(rnn::createOrientMatricesPass());
  simplify(manager);
}
void formWindows(OpPassManager &manager) { manager.addPass(rnn::createFormWindowsPass()); }
void gradient(OpPassManager &manager) { manager.addPass(rnn::createGradientPass()); }
void formScans(OpPassManager &manager) {
  manager.addNestedPass<rnn::ModelOp>(schedule::createExpandAccumsPass());
  manager.addPass(schedule::createFormScansPass());
}
void nestMatrices(OpPassManager &manager) {
  manager.addNestedPass<step::ScheduleOp>(schedule::createNestMatricesPass());
}
void nestSums(OpPassManager &manager) { manager.addNestedPass<step::ScheduleOp>(schedule::createNestSumsPass()); }
void batchSegments(OpPassManager &manager) {
  manager.addNestedPass<step::ScheduleOp>(schedule::createBatchSegmentsPass());
}
void parallelScan(OpPassManager &manager) {
  manager.addNestedPass<step::ScheduleOp>(schedule::createParallelScanPass());
}
void expandMemory(OpPassManager &manager) {
  manager.addNestedPass<step::ScheduleOp>(schedule::createExpandMemoryPass());
}
void planTape(OpPassManager &manager) { manager.addNestedPass<step::ScheduleOp>(schedule::createPlanTapePass()); }
void formChunks(OpPassManager &manager) { manager.addNestedPass<step::ScheduleOp>(schedule::createFormChunksPass()); }
void formWaves(OpPassManager &manager) { manager.addNestedPass<step::ScheduleOp>(schedule::createFormWavesPass()); }

using Kind = Stage::Kind;

const Stage list[] = {
    {"parse", Kind::Front, "text to syntax trees"},
    {"check", Kind::Front, "names, shapes, clocks and causality; cells are instantiated"},
    {"import", Kind::Front, "checked models to rnn: one flat block of equations each"},
    {"simplify", Kind::Passes, "fold constants, merge equal equations, drop unused ones", simplify},
    // Before any loop is looked for: a slow module that reads itself through hold must not loop at every base tick.
    {"narrow-slots", Kind::Passes, "put slots on the clock of what is written to them", narrowSlots},
    {"dead-state", Kind::Passes, "remove slots that no output, loss or event needs", deadState},
    // Narrowing and removing leave equations that are now equal or unused.
    {"simplify-again", Kind::Passes, "as simplify", simplify},
    // What is merged must first be told apart by loop and clock, and stand on the clock that it needs.
    {"split-products", Kind::Passes, "products of joined operands, by loop and clock", splitProducts},
    {"commute-crossings", Kind::Passes, "products where their operand ticks least often", commuteCrossings},
    {"merge-products", Kind::Passes, "products that share an operand or a destination become one", mergeProducts},
    {"chain-sums", Kind::Passes, "sums of what comes from several clocks, from the rarest on", chainSums},
    {"merge-sums", Kind::Passes, "sums of the parts of two values become parts of their sum", mergeSums},
    // What is left in a loop is what must be.
    {"order-sums", Kind::Passes, "sums of a loop begin with what does not come from it", orderSums},
    {"orient-matrices", Kind::Passes, "matrices of a tick are read the way they lie, by vectors where that is enough",
     orientMatrices},
    // Ahead of gradients, which windows have too.
    {"form-windows", Kind::Windows, "beside each model one that goes on with a sample, where it is asked for",
     formWindows},
    {"gradient", Kind::Gradient, "beside each model one with adjoint equations too, where it is asked for", gradient},
    {"orient-adjoints", Kind::Passes,
     "as orient-matrices: adjoints of products with a row, and of transposes, are such", orientMatrices},
    {"form-scans", Kind::Passes, "rnn to step: loops become scans, the rest runs in parallel over time", formScans},
    // What makes or reads matrices at each tick is a loop's from here on, no matter what its state would allow.
    {"nest-matrices", Kind::Passes,
     "matrices made of vectors for one loop, and read as vectors of one, stay inside of it", nestMatrices},
    {"parallel-scan", Kind::Passes, "loops that are affine in their state, element by element, all ticks at once",
     parallelScan},
    // Of what is a loop still; what it has made of vectors then reads fewer matrices.
    {"nest-sums", Kind::Passes, "sums over time of matrices of a loop are added up in it", nestSums},
    {"nest-more", Kind::Passes, "as nest-matrices: what sums needed too is a loop's alone by now", nestMatrices},
    {"batch-segments", Kind::Passes, "stretches of a loop between cuts run side by side", batchSegments},
    {"expand-memory", Kind::Passes, "in loops, reductions and tick counts become slots", expandMemory},
    {"plan-tape", Kind::Passes, "what the backward pass needs of the forward one is kept, or computed again", planTape},
    {"form-chunks", Kind::Passes, "what stands around one loop is computed a few steps ahead of it or behind",
     formChunks},
    {"form-waves", Kind::Passes, "loops that may run at the same time stand together", formWaves},
    {"plan", Kind::Backend, "the schedule as tables for the runtime, and kernels"},
    {"lower", Kind::Backend, "kernels to vectors, loops and LLVM, for each target"},
    {"emit", Kind::Backend, "object code, library, header and manifest"},
};

const Product productList[] = {
    {"ast", "parse", "the syntax tree"},
    {"rnn", "simplify-again", "equations over clocked streams"},
    {"grad", "gradient", "the same with adjoints"},
    {"step", "form-chunks", "the schedule"},
    {"plan", "plan", "what the runtime will do, as a table"},
    {"header", "plan", "the C header"},
    {"manifest", "plan", "what the header says, as JSON"},
    {"llvm", "lower", "LLVM IR"},
    {"asm", "lower", "assembly"},
    {"lib", "emit", "the library and its header, into a folder"},
    {"obj", "emit", "all of the library as one relocatable object"},
};

} // namespace

llvm::ArrayRef<Stage> stages() { return list; }
llvm::ArrayRef<Product> products() { return productList; }

const Stage *findStage(llvm::StringRef name) {
  auto it = llvm::find_if(list, [&](const Stage &stage) { return stage.name == name; });
  return it == std::end(list) ? nullptr : it;
}

const Product *findProduct(llvm::StringRef name) {
  auto it = llvm::find_if(productList, [&](const Product &product) { return product.name == name; });
  return it == std::end(productList) ? nullptr : it;
}

LogicalResult runStages(ModuleOp module, const StageOptions &options, TimingScope &timing) {
  for (auto [number, stage] : llvm::enumerate(stages())) {
    bool isSkipped =
        (stage.kind == Kind::Gradient && !options.gradients) || (stage.kind == Kind::Windows && !options.windows);
    if (stage.build && !isSkipped) {
      TimingScope scope = timing.nest(stage.name);
      PassManager manager(module->getName());
      manager.enableVerifier(options.verifyEach);
      manager.enableTiming(scope);
      if (!options.reproducer.empty())
        manager.enableCrashReproducerGeneration(options.reproducer);
      stage.build(manager);
      if (failed(manager.run(module)))
        return failure();
    }
    if (options.after && !isSkipped && stage.name != "parse" && stage.name != "check" &&
        failed(options.after(number, stage)))
      return failure();
    if (stage.name == options.stopAfter)
      break;
  }
  return verify(module);
}

} // namespace rondo
