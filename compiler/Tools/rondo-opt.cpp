// rondo-opt: parses the IR, runs the passes named on the command line, prints the IR.
#include "compiler/IR/Rnn.h"
#include "compiler/Transforms/Passes.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<rondo::rnn::RnnDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  mlir::registerStripDebugInfoPass();
  rondo::rnn::registerTransformPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "rondo's IR tool\n", registry));
}
