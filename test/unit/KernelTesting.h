// What the tests of kernels share: a model's equations as one kernel, compiled into this process, and the interpreter's
// results for the same rows.
#ifndef RONDO_TEST_UNIT_KERNELTESTING_H
#define RONDO_TEST_UNIT_KERNELTESTING_H

#include "InterpreterTesting.h"
#include "compiler/Cpu/Kernel.h"
#include "runtime/Plan.h"

namespace llvm::orc {
class LLJIT;
}

namespace rondo::cpu {

/// What this machine can run, of x86.
std::vector<Isa> runnableLevels(WeightFormat weights = WeightFormat::F32);
std::string nameOf(const Isa &isa);

/// Memory that ends where none is, so that reading beyond it is noticed.
class Guarded {
public:
  explicit Guarded(size_t bytes);
  ~Guarded();
  Guarded(Guarded &&other);
  char *data() const { return first; }
  size_t size() const { return bytes; }

private:
  void *pages = nullptr;
  size_t length = 0, bytes = 0;
  char *first = nullptr;
};

/// Where rows of operands lie in memory.
enum class Layout {
  Dense,  // behind one another
  Padded, // further apart
  Listed, // by a list of rows, in another order
};

using Rows = std::map<std::string, reference::Array>; // by name: [row, ...]

/// The kernel of a model: all inputs are loaded, and parameters, unless a product has them packed; outputs are stored.
/// Without a width the kernel of its one output, an operation on matrices as wholes.
class TestKernel {
public:
  TestKernel(const std::string &text, Isa isa, int64_t width = 0);
  ~TestKernel();

  /// Numbers for the inputs, from a seed. They, and weights of products, are such that the format of weights has them.
  Rows inputs(int64_t rows, unsigned seed = 1);
  void setParams(const reference::Params &values) { params = values; }

  /// What the kernel stores, for rows begin..end-1 (all, without them); reports what it writes elsewhere.
  Rows run(const Rows &inputs, Layout layout = Layout::Dense, int64_t begin = 0, int64_t end = -1,
           int64_t firstBlock = 0, int64_t endBlock = -1);
  /// What the interpreter computes, in f64.
  Rows expected(const Rows &inputs);

  const Kernel &kernel() const { return description; }
  runtime::Kernel function = nullptr;
  std::vector<PackLayout> layouts;

  /// The memory that the kernel wants, at a multiple of 64 bytes.
  std::vector<char> packed(const PackLayout &layout, mlir::Value weights, int64_t &begin);

private:
  struct Memory;
  void compile(const std::string &text);
  void roundWeights();
  std::string nameOf(mlir::Value value);

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  rnn::ModelOp model;
  Kernel description;
  Isa isa;
  reference::Params params;
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

/// To bf16, ties to even.
float roundedToBf16(float x);

/// All elements as near as `tolerance` times the larger of 1 and the expected; NaN where NaN is expected.
void expectSame(const Rows &actual, const Rows &expected, double tolerance, const std::string &what);
/// The same bits in row `row` of each as in row `otherRow` of the other.
void expectSameBits(const Rows &actual, int64_t row, const Rows &other, int64_t otherRow, const std::string &what);

} // namespace rondo::cpu
#endif
