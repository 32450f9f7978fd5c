// rondo-opt: parses the IR, runs the passes named on the command line, prints the IR.
#include "compiler/IR/Rnn.h"
#include "compiler/Tools/Output.h"
#include "compiler/Transforms/Passes.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  rondo::tools::prepareOutput();
  mlir::DialectRegistry registry;
  registry.insert<rondo::rnn::RnnDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  mlir::registerStripDebugInfoPass();
  rondo::rnn::registerTransformPasses();
  std::string header = mlir::registerCLIOptions("rondo's IR tool\n", registry);
  // Not MLIR's own parsing, which exits with 1.
  namespace cl = llvm::cl;
  cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"), cl::init("-"));
  cl::opt<std::string> output("o", cl::desc("Output filename"), cl::value_desc("filename"), cl::init("-"));
  if (!cl::ParseCommandLineOptions(argc, argv, header, &llvm::errs()))
    return 2;
  int code = mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, input, output, registry));
  return rondo::tools::finishOutput("rondo-opt", code);
}
