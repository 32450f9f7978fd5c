// What holds gradients against differences finds wrong ones: of a small model element by element, of a large one in the
// one direction that everything goes along.
#include "compiler/Run/Differences.h"
#include "InterpreterTesting.h"
#include "compiler/Gradient/Passes.h"
#include "mlir/Pass/PassManager.h"

using namespace rondo;
using namespace rondo::reference;

namespace {

const char *const text = R"(
rnn.model @m(%x "x" : !rnn.stream<3xf32, #word>) {
  %W = rnn.param "W" init(normal(1.0)) : tensor<ROWSx3xf32>
  %b = rnn.param "b" init(normal(1.0)) : tensor<f32>
  %h = rnn.matmul %W, %x : tensor<ROWSx3xf32>, !rnn.stream<3xf32, #word>
  %t = rnn.tanh %h : !rnn.stream<ROWSxf32, #word>
  %s = rnn.fold mean %t all : !rnn.stream<ROWSxf32, #word>
  %l = rnn.lift %b : tensor<f32> -> !rnn.stream<f32, #word>
  %y = rnn.mul %s, %l : !rnn.stream<f32, #word>
  rnn.loss "l" %y : !rnn.stream<f32, #word>
  rnn.return "y" = %y : !rnn.stream<f32, #word>
})";

/// The outcome where the gradient `wrong` is given twice as large; empty: none is.
run::Property compare(int64_t rows, llvm::StringRef wrong) {
  TestModel model(replaced(text, "ROWS", std::to_string(rows)));
  rnn::ModelOp op = model.op();
  auto module = op->getParentOfType<mlir::ModuleOp>();
  mlir::PassManager manager(module.getContext());
  manager.addPass(rnn::createGradientPass());
  EXPECT_TRUE(mlir::succeeded(manager.run(module)));
  auto backward = module.lookupSymbol<rnn::ModelOp>("m.backward");
  auto output = llvm::cast<rnn::ReturnOp>(backward.getBody().front().back());
  for (auto [number, value] : llvm::enumerate(llvm::to_vector(output.getValues())))
    if (output.getName(number) == wrong) {
      mlir::OpBuilder builder(output);
      output.setOperand(number, builder.create<rnn::AddOp>(output.getLoc(), value, value));
    }
  run::VerifyOptions options;
  options.samples = 1;
  options.length = 2;
  auto property = run::verifyDifferences(op, backward, nullptr, options);
  EXPECT_TRUE(bool(property));
  return *property;
}

TEST(Differences, FindWrongGradients) {
  for (int64_t rows : {2, 340000}) {
    SCOPED_TRACE(rows);
    run::Property right = compare(rows, "");
    EXPECT_EQ(right.status, run::Property::Status::Holds) << right.difference << " at " << right.where;
    EXPECT_EQ(right.note, rows == 2 ? "13 elements and directions" : "1 elements and directions");
    for (const char *wrong : {"d.W", "d.b", "d.x"}) {
      run::Property found = compare(rows, wrong);
      EXPECT_EQ(found.status, run::Property::Status::Fails) << wrong;
      EXPECT_GT(found.difference, 1e-5) << wrong;
    }
  }
}

} // namespace
