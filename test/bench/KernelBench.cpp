// How fast kernels are on this machine, in one thread: `kernel-bench [v2|v3|v4|v4+bf16|v4+amx] [f32|bf16|int8]`. Steps of
// an LSTM and of a plain cell, products alone, functions of one number, and how long making the code takes.
#include "../unit/KernelTesting.h"
#include "compiler/Cpu/MachineCode.h"
#include "compiler/Emit/Target.h"
#include "llvm/IR/LLVMContext.h"
#include <cstdio>
#include <cstring>
#include <ctime>

using namespace rondo;
using namespace rondo::cpu;

namespace {

const char *const lstm = R"(
rnn.model @lstm(%wx "wx" : !rnn.stream<$Zxf32, #t>, %h "h" : !rnn.stream<$Hxf32, #t>, %c "c" : !rnn.stream<$Hxf32, #t>) {
  %U = rnn.param "U" init(zeros) : tensor<$Zx$Hxf32>
  %uh = rnn.matmul %U, %h : tensor<$Zx$Hxf32>, !rnn.stream<$Hxf32, #t>
  %z = rnn.add %wx, %uh : !rnn.stream<$Zxf32, #t>
  %zi, %zf, %zg, %zo = rnn.split %z axis 0 : !rnn.stream<$Zxf32, #t> -> !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>
  %i = rnn.sigmoid %zi : !rnn.stream<$Hxf32, #t>
  %f = rnn.sigmoid %zf : !rnn.stream<$Hxf32, #t>
  %g = rnn.tanh %zg : !rnn.stream<$Hxf32, #t>
  %o = rnn.sigmoid %zo : !rnn.stream<$Hxf32, #t>
  %fc = rnn.mul %f, %c : !rnn.stream<$Hxf32, #t>
  %ig = rnn.mul %i, %g : !rnn.stream<$Hxf32, #t>
  %c1 = rnn.add %fc, %ig : !rnn.stream<$Hxf32, #t>
  %tc = rnn.tanh %c1 : !rnn.stream<$Hxf32, #t>
  %h1 = rnn.mul %o, %tc : !rnn.stream<$Hxf32, #t>
  rnn.return "c" = %c1, "h" = %h1 : !rnn.stream<$Hxf32, #t>, !rnn.stream<$Hxf32, #t>
})";

const char *const plain = R"(
rnn.model @plain(%x "x" : !rnn.stream<$Zxf32, #t>, %h "h" : !rnn.stream<$Hxf32, #t>) {
  %U = rnn.param "U" init(zeros) : tensor<$Zx$Hxf32>
  %uh = rnn.matmul %U, %h : tensor<$Zx$Hxf32>, !rnn.stream<$Hxf32, #t>
  %z = rnn.add %x, %uh : !rnn.stream<$Zxf32, #t>
  %y = rnn.tanh %z : !rnn.stream<$Zxf32, #t>
  rnn.return "h" = %y : !rnn.stream<$Zxf32, #t>
})";

const char *const product = R"(
rnn.model @product(%h "h" : !rnn.stream<$Hxf32, #t>) {
  %U = rnn.param "U" init(zeros) : tensor<$Zx$Hxf32>
  %uh = rnn.matmul %U, %h : tensor<$Zx$Hxf32>, !rnn.stream<$Hxf32, #t>
  rnn.return "y" = %uh : !rnn.stream<$Zxf32, #t>
})";

const char *const function = R"(
rnn.model @function(%x "x" : !rnn.stream<$Hxf32, #t>) {
  %y = rnn.$F %x : !rnn.stream<$Hxf32, #t>
  rnn.return "y" = %y : !rnn.stream<$Hxf32, #t>
})";

std::string sized(const char *text, int64_t z, int64_t h) {
  return reference::replaced(reference::replaced(text, "$Z", std::to_string(z)), "$H", std::to_string(h));
}

/// Of this thread: others may use the machine too.
double seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

/// The best of many short tries.
template <typename Body> double best(Body body) {
  double least = 1e300;
  int64_t turns = 1;
  for (double begin = seconds(); seconds() - begin < 0.15;) {
    double start = seconds();
    for (int64_t i = 0; i < turns; ++i)
      body();
    double taken = seconds() - start;
    if (taken < 2e-4)
      turns *= 2;
    else
      least = std::min(least, taken / turns);
  }
  return least;
}

class Bench {
public:
  Bench(const std::string &text, const Isa &isa, int64_t width) : kernel(text, isa, width), isa(isa) {}

  double secondsFor(int64_t rows) {
    std::vector<std::vector<float>> memory;
    std::vector<runtime::Operand> operands;
    size_t product = 0;
    for (const KernelOperand &operand : kernel.kernel().operands) {
      bool isWeights = operand.kind == KernelOperand::Kind::Weights;
      int64_t count = isWeights ? 0 : rnn::elementCount(operand.value.getType());
      int64_t size = isWeights ? kernel.layouts[product++].bytes() / 4 : count * rows;
      constexpr int64_t line = 16; // floats
      std::vector<float> &numbers = memory.emplace_back(size + line, 0.25f);
      auto address = (reinterpret_cast<uintptr_t>(numbers.data()) + 63) & ~uintptr_t(63);
      operands.push_back({reinterpret_cast<char *>(address), nullptr, count * 4});
    }
    int64_t blocks = blocksOf(kernel.kernel(), isa);
    return best([&] { kernel.function(operands.data(), 0, rows, 0, blocks); });
  }

  void printRates(const char *name, int64_t m, int64_t k, std::initializer_list<int64_t> rowCounts) {
    for (int64_t rows : rowCounts) {
      double time = secondsFor(rows);
      std::printf("%-8s %5ld x %4ld %5ld rows %9.2f us %7.1f GFLOP/s\n", name, m, k, rows, time * 1e6,
                  2e-9 * m * k * rows / time);
    }
  }

  void printCompileTime(const char *name) {
    mlir::MLIRContext *context = kernel.kernel().operands.front().value.getContext();
    mlir::OwningOpRef<mlir::ModuleOp> code = mlir::ModuleOp::create(mlir::UnknownLoc::get(context));
    double start = seconds();
    if (mlir::failed(emitKernel(kernel.kernel(), "kernel", isa, *code)))
      return;
    double emitted = seconds();
    llvm::LLVMContext llvmContext;
    auto ir = llvm::cantFail(toLlvmIr(*code, isa, llvmContext));
    double optimised = seconds();
    size_t bytes = llvm::cantFail(toObject(*ir, isa)).size();
    double end = seconds();
    std::printf("%-8s emitted in %.1f ms, optimised in %.1f, compiled in %.1f: %zu bytes\n", name,
                (emitted - start) * 1e3, (optimised - emitted) * 1e3, (end - optimised) * 1e3, bytes);
  }

private:
  TestKernel kernel;
  Isa isa;
};

} // namespace

int main(int count, char **arguments) {
  WeightFormat weights = WeightFormat::F32;
  for (WeightFormat format : {WeightFormat::F32, WeightFormat::BF16, WeightFormat::Int8})
    if (count > 2 && emit::nameOf(format) == arguments[2])
      weights = format;
  Isa isa = runnableLevels(weights).back();
  for (const Isa &level : runnableLevels(weights))
    if (count > 1 && llvm::StringRef(nameOf(level)).split(" ").first == std::string("x86-64-") + arguments[1])
      isa = level;
  std::printf("%s\n", nameOf(isa).c_str());
  for (const char *name : {"tanh", "sigmoid", "exp", "log"})
    for (int64_t width : {1, 10, 256}) {
      double time = Bench(reference::replaced(sized(function, 0, width), "$F", name), isa, width).secondsFor(16);
      std::printf("%-8s %5ld        %5d rows %9.3f ns an element\n", name, width, 16, time * 1e9 / (16 * width));
    }
  for (int64_t h : {64, 128, 256, 512, 1024})
    Bench(sized(lstm, 4 * h, h), isa, h).printRates("lstm", 4 * h, h, {1, 4, 16, 64});
  for (int64_t h : {32, 64, 128, 256, 512})
    Bench(sized(plain, h, h), isa, h).printRates("plain", h, h, {1, 16, 64});
  for (auto [m, k] : {std::pair(1, 256), {10, 128}, {256, 64}, {1000, 256}, {2048, 512}})
    Bench(sized(product, m, k), isa, m).printRates("product", m, k, {1, 16, 64, 1600});
  Bench(sized(lstm, 1024, 256), isa, 256).printCompileTime("lstm");
  Bench(sized(product, 1024, 256), isa, 1024).printCompileTime("product");
  return 0;
}
