// rondo-opt: parses the IR, runs the passes named on the command line, prints the IR.
#include "compiler/Gradient/Passes.h"
#include "compiler/IR/Rnn.h"
#include "compiler/IR/Step.h"
#include "compiler/Run/CheckEach.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Tools/Output.h"
#include "compiler/Transforms/Passes.h"

#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;

/// As MlirOptMain, with checks around the passes.
static mlir::LogicalResult runChecked(const std::string &input, const std::string &output,
                                      mlir::DialectRegistry &registry, bool each, const std::string &against,
                                      const rondo::run::CheckOptions &options) {
  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> text = mlir::openInputFile(input, &error);
  std::unique_ptr<llvm::ToolOutputFile> file = text ? mlir::openOutputFile(output, &error) : nullptr;
  if (!file) {
    llvm::errs() << "rondo-opt: error: " << error << '\n';
    return mlir::failure();
  }
  rondo::run::Findings findings;
  mlir::MlirOptMainConfig given = mlir::MlirOptMainConfig::createFromCLOptions(), config = given;
  config.setPassPipelineSetupFn([&](mlir::PassManager &manager) {
    if (each)
      rondo::run::checkEach(manager, options, findings, llvm::errs());
    if (failed(given.setupPassPipeline(manager)))
      return mlir::failure();
    return against.empty() ? mlir::success()
                           : rondo::run::checkAgainst(manager, against, options, findings, llvm::errs());
  });
  if (failed(mlir::MlirOptMain(file->os(), std::move(text), registry, config)))
    return mlir::failure();
  file->keep();
  return mlir::success(findings.differences == 0);
}

int main(int argc, char **argv) {
  rondo::tools::prepareOutput();
  mlir::DialectRegistry registry;
  registry.insert<rondo::rnn::RnnDialect, rondo::step::StepDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  mlir::registerStripDebugInfoPass();
  rondo::rnn::registerTransformPasses();
  rondo::rnn::registerGradientPasses();
  rondo::schedule::registerSchedulePasses();
  std::string header = mlir::registerCLIOptions("rondo's IR tool\n", registry);
  // Not MLIR's own parsing, which exits with 1.
  cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"), cl::init("-"));
  cl::opt<std::string> output("o", cl::desc("Output filename"), cl::value_desc("filename"), cl::init("-"));
  cl::opt<bool> each("check-each",
                     cl::desc("Interpret models and schedules before and after each pass, on made-up inputs, "
                              "and say which pass changes which output"));
  cl::opt<std::string> against("check-against", cl::value_desc("file"),
                               cl::desc("Say where models and schedules, after all passes, compute something else than "
                                        "those of the same name in another file"));
  cl::opt<int64_t> batches("check-batches", cl::desc("How many batches of inputs both of these try"), cl::init(2));
  if (!cl::ParseCommandLineOptions(argc, argv, header, &llvm::errs()))
    return 2;
  rondo::run::CheckOptions options;
  options.batches = batches;
  bool checked = each || !against.empty();
  int code = mlir::asMainReturnCode(checked ? runChecked(input, output, registry, each, against, options)
                                            : mlir::MlirOptMain(argc, argv, input, output, registry));
  return rondo::tools::finishOutput("rondo-opt", code);
}
