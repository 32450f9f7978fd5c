#include "compiler/Train/Measures.h"
#include "compiler/IR/Rnn.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace llvm;

namespace rondo::train {

namespace {

/// What a loss is the cross entropy of.
struct Classes {
  rnn::EmbedOp chosen;                // log_softmax(x)[y]
  SmallVector<rnn::LatestOp> sampled; // on the way to the loss, the last first
  bool isSummed = false;              // its ticks are not those of the loss
};

bool isConstant(mlir::Value value) { return value.getDefiningOp<rnn::ConstOp>() != nullptr; }

std::optional<Classes> classesOf(rnn::LossOp loss) {
  Classes classes;
  mlir::Value value = loss.getValue();
  while (mlir::Operation *op = value.getDefiningOp()) {
    if (auto latest = dyn_cast<rnn::LatestOp>(op)) {
      classes.sampled.push_back(latest);
      value = latest.getOperand();
    } else if (auto reduce = dyn_cast<rnn::ReduceOp>(op)) {
      classes.sampled.clear(); // of the sums; what is counted is on the clock of what is summed
      classes.isSummed = true;
      value = reduce.getOperand();
    } else if (auto product = dyn_cast<rnn::MulOp>(op)) {
      if (!isConstant(product->getOperand(0)) && !isConstant(product->getOperand(1)))
        return std::nullopt;
      value = isConstant(product->getOperand(0)) ? product->getOperand(1) : product->getOperand(0);
    } else if (auto negated = dyn_cast<rnn::NegOp>(op)) {
      classes.chosen = negated.getOperand().getDefiningOp<rnn::EmbedOp>();
      if (!classes.chosen || !classes.chosen->getOperand(0).getDefiningOp<rnn::LogSoftmaxOp>())
        return std::nullopt;
      return classes;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

} // namespace

std::vector<std::string> addAccuracies(rnn::ModelOp model) {
  std::vector<std::pair<rnn::LossOp, Classes>> found;
  bool isTaken = false;
  for (rnn::LossOp loss : model.getBody().front().getOps<rnn::LossOp>()) {
    isTaken |= loss.getName() == "accuracy";
    if (std::optional<Classes> classes = classesOf(loss))
      found.emplace_back(loss, std::move(*classes));
  }
  std::vector<std::string> names;
  for (auto &[loss, classes] : found) {
    mlir::ImplicitLocOpBuilder b(loss.getLoc(), loss->getContext());
    b.setInsertionPointAfter(loss);
    mlir::Value scores = classes.chosen->getOperand(0).getDefiningOp<rnn::LogSoftmaxOp>().getOperand();
    mlir::Value best = rnn::ArgmaxOp::create(b, scores);
    mlir::Value isRight = rnn::CompareOp::create(b, rnn::Predicate::Eq, best, classes.chosen->getOperand(1));
    mlir::Value value = rnn::ConvertOp::create(b, classes.chosen.getType(), isRight);
    for (rnn::LatestOp sampled : reverse(classes.sampled)) {
      mlir::IRMapping map;
      map.map(sampled.getOperand(), value);
      value = b.clone(*sampled, map)->getResult(0);
    }
    bool isOnly = found.size() == 1 && !isTaken;
    names.push_back(isOnly ? "accuracy" : (loss.getName() + ".accuracy").str());
    rnn::LossOp::create(b, b.getStringAttr(names.back()), value, classes.isSummed ? mlir::Value() : loss.getMask(),
                        b.getArrayAttr({}));
  }
  return names;
}

} // namespace rondo::train
