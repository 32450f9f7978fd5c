// rondo-opt --check-each finds the pass that changes what a model computes, and says what it changes.
#include "compiler/Run/CheckEach.h"
#include "compiler/IR/Step.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

using namespace rondo;

namespace {

const char *const text = R"(
#t = #rnn.axis<"step">
#word = #rnn.axis<"word" in #rnn.axis<"sentence">>
rnn.model @m(%x "x" : !rnn.stream<2xf32, #t>, %i "i" : !rnn.stream<i64, #t>, %b "b" : !rnn.stream<i1, #t>,
             %k "k" : !rnn.stream<!rnn.token<5>, #word>, %s "s" : !rnn.stream<f32, #rnn.axis<"sentence">>) {
  %W = rnn.param "W" init(zeros) : tensor<2x2xf32>
  %y = rnn.matmul %W, %x : tensor<2x2xf32>, !rnn.stream<2xf32, #t>
  %f = rnn.fold sum %y all : !rnn.stream<2xf32, #t>
  rnn.loss "l" %f : !rnn.stream<f32, #t>
  rnn.return "y" = %y, "x" = %x, "i" = %i, "b" = %b, "k" = %k, "s" = %s :
    !rnn.stream<2xf32, #t>, !rnn.stream<2xf32, #t>, !rnn.stream<i64, #t>, !rnn.stream<i1, #t>,
    !rnn.stream<!rnn.token<5>, #word>, !rnn.stream<f32, #rnn.axis<"sentence">>
}
)";

/// A pass that does to the module what a function says.
class Edit : public mlir::PassWrapper<Edit, mlir::OperationPass<mlir::ModuleOp>> {
public:
  explicit Edit(std::function<void(mlir::ModuleOp)> edit) : edit(std::move(edit)) {}
  llvm::StringRef getArgument() const override { return "edit"; }
  void runOnOperation() override { edit(getOperation()); }

private:
  std::function<void(mlir::ModuleOp)> edit;
};

rnn::ModelOp modelIn(mlir::ModuleOp module) { return *module.getOps<rnn::ModelOp>().begin(); }

/// What --check-each says of an edit of the model above.
std::string said(std::function<void(mlir::ModuleOp)> edit, const std::string &source = text) {
  mlir::MLIRContext context;
  context.loadDialect<rnn::RnnDialect, step::StepDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
  if (!module)
    return "does not parse";
  std::string words;
  llvm::raw_string_ostream os(words);
  run::Findings findings;
  mlir::PassManager manager(&context);
  run::checkEach(manager, {}, findings, os);
  manager.addPass(std::make_unique<Edit>(std::move(edit)));
  EXPECT_TRUE(succeeded(manager.run(*module)));
  EXPECT_EQ(findings.differences, int64_t(llvm::StringRef(words).count("error: ")));
  return words;
}

TEST(CheckEach, NothingToSayOfWhatChangesNothing) {
  EXPECT_EQ(said([](mlir::ModuleOp) {}), "");
  // Twice the value, in another way.
  EXPECT_EQ(said([](mlir::ModuleOp module) {
              auto product = *modelIn(module).getOps<rnn::MatmulOp>().begin();
              mlir::OpBuilder builder(product);
              auto zero = rnn::ConstOp::create(builder, product.getLoc(), product.getType(), llvm::ArrayRef<double>(0));
              builder.setInsertionPointAfter(product);
              auto sum = rnn::AddOp::create(builder, product.getLoc(), product.getResult(), zero.getResult());
              product.getResult().replaceAllUsesExcept(sum, sum);
            }),
            "");
}

// Parameters that start at zero are tried with other values: else this would not be seen.
TEST(CheckEach, NamesOutputsAndLosses) {
  std::string words = said([](mlir::ModuleOp module) {
    auto product = *modelIn(module).getOps<rnn::MatmulOp>().begin();
    product.replaceAllUsesWith(modelIn(module).getBody().getArgument(0));
  });
  EXPECT_NE(words.find("rondo-opt: error: edit: @m, output y, sample "), std::string::npos) << words;
  EXPECT_NE(words.find("rondo-opt: error: edit: @m, loss l: changes by "), std::string::npos) << words;
  EXPECT_NE(words.find("(inputs of seed "), std::string::npos) << words;
  EXPECT_EQ(words.find("output x"), std::string::npos) << words;
}

TEST(CheckEach, SaysWhatIsGone) {
  EXPECT_EQ(said([](mlir::ModuleOp module) { modelIn(module).erase(); }), "rondo-opt: error: edit: @m is gone\n");
  EXPECT_EQ(said([](mlir::ModuleOp module) {
              auto out = llvm::cast<rnn::ReturnOp>(modelIn(module).getBody().front().getTerminator());
              mlir::OpBuilder builder(out);
              rnn::ReturnOp::create(builder, out.getLoc(), llvm::ArrayRef<llvm::StringRef>{"x"}, out.getOperand(1));
              out.erase();
              (*modelIn(module).getOps<rnn::LossOp>().begin()).erase();
            }),
            "rondo-opt: error: edit: @m, output b is not there, or of another kind\n"
            "rondo-opt: error: edit: @m, output i is not there, or of another kind\n"
            "rondo-opt: error: edit: @m, output k is not there, or of another kind\n"
            "rondo-opt: error: edit: @m, output s is not there, or of another kind\n"
            "rondo-opt: error: edit: @m, output y is not there, or of another kind\n"
            "rondo-opt: error: edit: @m, loss l is not there, or over other ticks\n");
}

// A schedule in a wrong order is a mistake of the pass that made it.
TEST(CheckEach, ReplacesModelsBySchedules) {
  std::string words = said(
      [](mlir::ModuleOp module) {
        modelIn(module).erase();
        auto schedule = *module.getOps<step::ScheduleOp>().begin();
        schedule.setSymName("m");
      },
      R"(
#word = #rnn.axis<"word" in #rnn.axis<"sentence">>
#slow = #rnn.every<3 phase 0 of #word>
rnn.model @m(%x "x" : !rnn.stream<f32, #word>) {
  rnn.return "x" = %x : !rnn.stream<f32, #word>
}
step.schedule @other(%x "x" : !rnn.stream<f32, #word>) {
  step.scan on #word split(after #rnn.axis<"sentence">) {
    %t = rnn.tanh %x : !rnn.stream<f32, #word>
    %slow = rnn.latest %t : !rnn.stream<f32, #word> -> !rnn.stream<f32, #slow>
    %held = rnn.latest %slow : !rnn.stream<f32, #slow> -> !rnn.stream<f32, #word>
    step.yield
  }
  rnn.return "x" = %x : !rnn.stream<f32, #word>
}
)");
  EXPECT_NE(words.find("edit: @m cannot be run any more: step.scan on word: rnn.latest, sample "), std::string::npos)
      << words;
  EXPECT_NE(words.find("edit: @other is gone"), std::string::npos) << words;
}

TEST(CheckEach, WarnsOfWhatCannotBeRun) {
  std::string words = said([](mlir::ModuleOp) {}, R"(
#a = #rnn.axis<"a" in #rnn.axis<"over">>
#b = #rnn.axis<"b" in #rnn.axis<"over">>
rnn.model @m(%x "x" : !rnn.stream<f32, #a>, %y "y" : !rnn.stream<f32, #b>) {
  rnn.return "x" = %x, "y" = %y : !rnn.stream<f32, #a>, !rnn.stream<f32, #b>
}
)");
  EXPECT_EQ(words,
            "rondo-opt: warning: @m cannot be run, and is not checked: axes 'a' and 'b' both divide axis 'over'; "
            "a segment axis has one finer axis\n");
}

} // namespace
