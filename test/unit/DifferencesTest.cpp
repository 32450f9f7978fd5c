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
run::Property compare(const std::string &text, llvm::StringRef wrong, int64_t length = 2,
                      const Params *params = nullptr) {
  TestModel model(text);
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
  options.length = length;
  auto property = run::verifyDifferences(op, backward, params, options);
  EXPECT_TRUE(bool(property));
  return *property;
}

TEST(Differences, FindWrongGradients) {
  for (int64_t rows : {2, 340000}) {
    SCOPED_TRACE(rows);
    std::string sized = replaced(text, "ROWS", std::to_string(rows));
    run::Property right = compare(sized, "");
    EXPECT_EQ(right.status, run::Property::Status::Holds) << right.difference << " at " << right.where;
    EXPECT_EQ(right.note, rows == 2 ? "13 elements and directions" : "1 elements and directions");
    for (const char *wrong : {"d.W", "d.b", "d.x"}) {
      run::Property found = compare(sized, wrong);
      EXPECT_EQ(found.status, run::Property::Status::Fails) << wrong;
      EXPECT_GT(found.difference, 1e-5) << wrong;
    }
  }
}

/// Where the smallest change grows until it is as large as anything, differences say nothing of the gradient; before that
/// they do.
TEST(Differences, TellWhereTheyDoNotSettle) {
  const char *const unstable = R"(
rnn.model @m(%x "x" : !rnn.stream<f32, #word>) {
  %p = rnn.param "p" init(zeros) : tensor<f32>
  %s = rnn.state "s" : !rnn.state<!rnn.stream<f32, #word>>
  %old = rnn.read %s : !rnn.state<!rnn.stream<f32, #word>> -> !rnn.stream<f32, #word>
  %three = rnn.const 3.0 : !rnn.stream<f32, #word>
  %more = rnn.mul %three, %old : !rnn.stream<f32, #word>
  %lift = rnn.lift %p : tensor<f32> -> !rnn.stream<f32, #word>
  %sum = rnn.add %more, %lift : !rnn.stream<f32, #word>
  %new = rnn.tanh %sum : !rnn.stream<f32, #word>
  rnn.next %s, %new : !rnn.stream<f32, #word>
  rnn.loss "l" %new : !rnn.stream<f32, #word>
  rnn.return "y" = %new : !rnn.stream<f32, #word>
})";
  Params params;
  params["p"].reals = {0};
  EXPECT_EQ(compare(unstable, "", 5, &params).note.find("more"), std::string::npos);
  EXPECT_EQ(compare(unstable, "d.p", 5, &params).status, run::Property::Status::Fails);
  run::Property lost = compare(unstable, "", 60, &params);
  EXPECT_EQ(lost.status, run::Property::Status::Holds);
  EXPECT_NE(lost.note.find(", 1 more where differences by steps of several sizes differ"), std::string::npos)
      << lost.note;
}

} // namespace
