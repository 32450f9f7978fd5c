// What decides the code of a kernel, as text: its expressions with operands numbered as they are met. Clocks and names
// do not matter to it.
#include "compiler/Cpu/KernelParts.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace rondo::cpu {
namespace {

class Signature {
public:
  Signature(const Kernel &kernel) : os(text) {
    os << kernel.width << '*' << kernel.lines;
    for (auto [i, operand] : llvm::enumerate(kernel.operands)) {
      os << (operand.kind == KernelOperand::Kind::Load    ? " l"
             : operand.kind == KernelOperand::Kind::Store ? " s"
                                                          : " w");
      print(operand.value.getType());
      if (operand.lineBytes)
        os << '+' << operand.lineBytes;
      if (operand.inRowOf)
        os << '@' << *operand.inRowOf << '+' << operand.distance;
      if (operand.overLines)
        os << ' ' << rnn::stringifyReduction(*operand.overLines) << operand.isProduct;
      if (operand.kind == KernelOperand::Kind::Load)
        leaves.try_emplace(operand.value, i);
    }
    for (auto [i, operand] : llvm::enumerate(kernel.operands))
      if (operand.kind == KernelOperand::Kind::Weights && isPackedProduct(operand.value.getDefiningOp())) {
        auto product = operand.value.getDefiningOp<rnn::MatmulOp>();
        std::string x = numberOf(product.getX());
        os << (product.getTransposed() ? " transposed " : " product ");
        print(product.getW().getType());
        os << ' ' << x;
        leaves.try_emplace(operand.value, i);
      }
    for (const KernelOperand &operand : kernel.operands)
      if (operand.kind == KernelOperand::Kind::Store) {
        std::string value = numberOf(operand.value);
        os << (operand.isAdded ? " +=" : " =") << value;
      }
  }
  std::string text;

private:
  void print(Type type) {
    os << (isa<RankedTensorType>(type) ? 't' : 'r') << rnn::elementCount(type) << 'x' << rnn::elementOf(type);
  }

  std::string numberOf(Value value) {
    if (auto it = leaves.find(value); it != leaves.end())
      return "o" + std::to_string(it->second);
    if (auto it = numbers.find(value); it != numbers.end())
      return it->second;
    Operation *op = value.getDefiningOp();
    if (!op)
      return "?";
    std::string line;
    llvm::raw_string_ostream out(line);
    out << op->getName() << op->getAttrDictionary();
    for (Value operand : op->getOperands()) {
      out << ' ' << numberOf(operand) << ':';
      llvm::interleave(rnn::shapeOf(operand.getType()), out, "x");
    }
    unsigned own = numbers.size();
    os << "\n" << own << ' ' << line;
    for (OpResult result : op->getResults()) {
      os << ' ';
      print(result.getType());
      numbers[result] = std::to_string(own) + "#" + std::to_string(result.getResultNumber());
    }
    return numbers[value];
  }

  llvm::raw_string_ostream os;
  llvm::DenseMap<Value, unsigned> leaves;
  llvm::DenseMap<Value, std::string> numbers;
};

} // namespace

std::string signatureOf(const Kernel &kernel, const Isa &isa) {
  return Signature(kernel).text + (kernel.isOfMatrices ? "matrices " : "") + (kernel.isInLoop ? "loop\n" : "\n") +
         std::to_string(int(isa.level)) + std::to_string(int(isa.weights)) + std::to_string(isa.hasPairs) +
         std::to_string(isa.hasTiles);
}

} // namespace rondo::cpu
