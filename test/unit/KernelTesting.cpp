#include "KernelTesting.h"
#include "compiler/Cpu/Matrices.h"

#include "InterpreterTesting.h"
#include "compiler/Cpu/MachineCode.h"
#include "mlir/IR/Verifier.h"
#include "runtime/Library.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace rondo::cpu {

using reference::Array;

std::vector<Isa> runnableLevels(WeightFormat weights) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  std::vector<Isa> levels;
  auto has = [&](std::initializer_list<const char *> names) {
    return llvm::all_of(names, [&](const char *name) { return features.lookup(name); });
  };
  if (has({"sse4.2"}))
    levels.push_back({Isa::Level::X86_64_v2});
  if (has({"avx2", "fma", "bmi2", "f16c", "lzcnt"}))
    levels.push_back({Isa::Level::X86_64_v3});
  if (has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    levels.push_back({Isa::Level::X86_64_v4});
  for (Isa &isa : levels)
    isa.weights = weights;
  int32_t own = runtime::cpuLevel();
  if (weights == WeightFormat::BF16 && runtime::runsLevel(5, own))
    levels.push_back({Isa::Level::X86_64_v4, weights, true, false});
  if (weights == WeightFormat::BF16 && runtime::runsLevel(6, own))
    levels.push_back({Isa::Level::X86_64_v4, weights, false, true});
  return levels;
}

std::string nameOf(const Isa &isa) {
  std::string format = isa.hasTiles                        ? "+amx"
                       : isa.hasPairs                      ? "+bf16"
                       : isa.weights == WeightFormat::BF16 ? " for bf16"
                       : isa.weights == WeightFormat::Int8 ? " for int8"
                                                           : "";
  switch (isa.level) {
  case Isa::Level::X86_64_v2: return "x86-64-v2" + format;
  case Isa::Level::X86_64_v3: return "x86-64-v3" + format;
  case Isa::Level::X86_64_v4: return "x86-64-v4" + format;
  case Isa::Level::Aarch64: return "aarch64" + format;
  }
  llvm_unreachable("a level");
}

float roundedToBf16(float x) {
  double size = std::fabs(double(x));
  if (size == 0 || !std::isfinite(size))
    return x;
  double unit = std::ldexp(1.0, std::ilogb(size) - 7);
  return float(std::nearbyint(x / unit) * unit);
}

//===--- Memory ------------------------------------------------------------------------------------------------===//

Guarded::Guarded(size_t bytes) : bytes(bytes) {
  size_t page = sysconf(_SC_PAGESIZE);
  length = (bytes + page - 1) / page * page + 2 * page;
  pages = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(pages, MAP_FAILED);
  mprotect(pages, page, PROT_NONE);
  mprotect(static_cast<char *>(pages) + length - page, page, PROT_NONE);
  first = static_cast<char *>(pages) + length - page - bytes;
}
Guarded::~Guarded() {
  if (pages)
    munmap(pages, length);
}
Guarded::Guarded(Guarded &&other) : pages(other.pages), length(other.length), bytes(other.bytes), first(other.first) {
  other.pages = nullptr;
}

static int64_t bytesOf(mlir::Type element) { return element.isInteger(64) ? 8 : element.isInteger(1) ? 1 : 4; }

static void write(char *to, mlir::Type element, const Array &from, int64_t at) {
  if (element.isF32()) {
    float x = from.reals[at];
    std::memcpy(to, &x, 4);
  } else if (element.isInteger(64)) {
    std::memcpy(to, &from.ints[at], 8);
  } else if (element.isInteger(1)) {
    *to = from.ints[at];
  } else {
    int32_t x = from.ints[at];
    std::memcpy(to, &x, 4);
  }
}

static void read(Array &to, const char *from, mlir::Type element) {
  if (element.isF32()) {
    float x;
    std::memcpy(&x, from, 4);
    to.reals.push_back(x);
    return;
  }
  int64_t x = 0;
  if (element.isInteger(64)) {
    std::memcpy(&x, from, 8);
  } else if (element.isInteger(1)) {
    x = *from;
  } else {
    int32_t token;
    std::memcpy(&token, from, 4);
    x = token;
  }
  to.ints.push_back(x);
}

/// One operand's rows.
struct TestKernel::Memory {
  Memory(mlir::Value value, int64_t rows, Layout layout)
      : element(rnn::elementOf(value.getType())), count(rnn::elementCount(value.getType())),
        isTensor(llvm::isa<mlir::RankedTensorType>(value.getType())), rows(isTensor ? 1 : rows),
        stride((count + (layout == Layout::Padded && !isTensor ? 3 : 0)) * bytesOf(element)),
        bytes(stride * (this->rows - 1) + count * bytesOf(element)) {
    std::memset(bytes.data(), 0xcc, bytes.size());
    if (layout == Layout::Listed && !isTensor)
      for (int64_t i = 0; i < rows; ++i)
        list.push_back((i * 5 + 3) % rows);
    if (layout == Layout::Listed && rows % 5 == 0)
      std::iota(list.begin(), list.end(), 0);
  }
  char *row(int64_t i) { return bytes.data() + (isTensor ? 0 : list.empty() ? i : list[i]) * stride; }
  runtime::Operand operand() { return {bytes.data(), list.empty() ? nullptr : list.data(), isTensor ? 0 : stride}; }
  /// Bytes that hold no element of these rows keep what they were set to.
  void expectUntouched(int64_t begin, int64_t end, const std::string &what) {
    std::vector<bool> written(bytes.size());
    for (int64_t i = isTensor ? 0 : begin; i < (isTensor ? 1 : end); ++i)
      std::fill_n(written.begin() + (row(i) - bytes.data()), count * bytesOf(element), true);
    for (size_t i = 0; i < bytes.size(); ++i)
      if (!written[i] && static_cast<unsigned char>(bytes.data()[i]) != 0xcc) {
        ADD_FAILURE() << what << ": byte " << i << " is written, which is of no row " << begin << ".." << end - 1;
        return;
      }
  }

  mlir::Type element;
  int64_t count;
  bool isTensor;
  int64_t rows, stride;
  Guarded bytes;
  std::vector<int32_t> list;
};

//===--- Kernels -----------------------------------------------------------------------------------------------===//

static bool isOnlyPacked(mlir::Value param) {
  return llvm::all_of(param.getUses(), [](mlir::OpOperand &use) {
    return isPackedProduct(use.getOwner()) && use.getOperandNumber() == 0;
  });
}

TestKernel::TestKernel(const std::string &text, Isa isa, int64_t width) : isa(isa) {
  context.loadDialect<rnn::RnnDialect>();
  module = mlir::parseSourceString<mlir::ModuleOp>(reference::prelude + text, &context);
  if (!module) {
    ADD_FAILURE() << "the text of the model does not parse:\n" << text;
    return;
  }
  model = *module->getOps<rnn::ModelOp>().begin();
  params = reference::initialise(model, 7);
  mlir::OperandRange outputs = model.getBody().front().getTerminator()->getOperands();
  if (width == 0) {
    description = *matrixKernel(outputs.front().getDefiningOp());
    compile(text);
    return;
  }
  description.width = width;
  auto add = [&](KernelOperand::Kind kind, mlir::Value value) { description.operands.push_back({kind, value}); };
  for (mlir::Value input : model.getBody().getArguments())
    add(KernelOperand::Kind::Load, input);
  for (auto param : model.getOps<rnn::ParamOp>())
    if (!isOnlyPacked(param))
      add(KernelOperand::Kind::Load, param);
  for (auto product : model.getOps<rnn::MatmulOp>())
    if (isPackedProduct(product))
      add(KernelOperand::Kind::Weights, product);
  for (mlir::Value output : outputs)
    add(KernelOperand::Kind::Store, output);

  layouts = layoutsOf(description, isa);
  compile(text);
}

void TestKernel::compile(const std::string &text) {
  mlir::OwningOpRef<mlir::ModuleOp> code = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  if (mlir::failed(emitKernel(description, "kernel", isa, *code))) {
    ADD_FAILURE() << "no code is made for:\n" << text;
    return;
  }
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*code))) << text;
  llvm::LLVMContext llvmContext;
  auto fail = [&](llvm::Error error) { ADD_FAILURE() << llvm::toString(std::move(error)) << "\n" << text; };
  auto ir = toLlvmIr(*code, isa, llvmContext);
  if (!ir)
    return fail(ir.takeError());
  EXPECT_FALSE(llvm::verifyModule(**ir, &llvm::errs())) << text;
  auto object = toObject(**ir, isa);
  if (!object)
    return fail(object.takeError());
  if (isa.level == Isa::Level::Aarch64)
    return;
  auto made = llvm::orc::LLJITBuilder().create();
  if (!made)
    return fail(made.takeError());
  jit = std::move(*made);
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object->data(), object->size()), "kernels");
  if (llvm::Error error = jit->addObjectFile(std::move(buffer)))
    return fail(std::move(error));
  auto address = jit->lookup("kernel");
  if (!address)
    return fail(address.takeError());
  function = address->toPtr<runtime::Kernel>();
}

TestKernel::~TestKernel() = default;

std::string TestKernel::nameOf(mlir::Value value) {
  if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value))
    return model.getInputName(argument.getArgNumber()).str();
  return value.getDefiningOp<rnn::ParamOp>().getPath().str();
}

Rows TestKernel::inputs(int64_t count, unsigned seed) {
  reference::Numbers numbers(seed);
  Rows rows;
  for (mlir::Value input : model.getBody().getArguments()) {
    std::vector<int64_t> shape{count};
    for (int64_t size : rnn::shapeOf(input.getType()))
      shape.push_back(size);
    mlir::Type element = rnn::elementOf(input.getType());
    Array array;
    if (element.isF32()) {
      array = numbers.reals(shape);
      for (double &x : array.reals)
        x = isa.weights == WeightFormat::BF16 ? roundedToBf16(float(x)) : float(x);
    } else {
      auto token = llvm::dyn_cast<rnn::TokenType>(element);
      array = numbers.ints(shape, token ? token.getSize() : element.isInteger(1) ? 2 : 20);
      if (element.isInteger(64))
        for (int64_t &x : array.ints)
          x -= 10;
    }
    rows[nameOf(input)] = array;
  }
  for (auto &[name, param] : params)
    for (double &x : param.reals)
      x = float(x);
  roundWeights();
  return rows;
}

/// Numbers that stand in the format as they are; of Int8, the scale of a row is that of its largest.
void TestKernel::roundWeights() {
  for (const KernelOperand &operand : description.operands) {
    if (operand.kind != KernelOperand::Kind::Weights || isa.weights == WeightFormat::F32)
      continue;
    auto product = operand.value.getDefiningOp<rnn::MatmulOp>();
    Array &w = params[nameOf(product.getW())];
    bool transposed = product.getTransposed();
    int64_t m = w.shape[transposed ? 1 : 0], k = w.shape[transposed ? 0 : 1];
    for (int64_t row = 0; row < m; ++row) {
      auto at = [&](int64_t i) -> double & { return w.reals[transposed ? i * m + row : row * k + i]; };
      double most = 0;
      for (int64_t i = 0; i < k; ++i)
        most = std::max(most, std::fabs(at(i)));
      for (int64_t i = 0; i < k; ++i)
        at(i) = isa.weights == WeightFormat::BF16 ? roundedToBf16(float(at(i)))
                : most == 0                       ? 0
                                                  : std::round(at(i) / most * 127) * (most / 127);
    }
  }
}

std::vector<char> TestKernel::packed(const PackLayout &layout, mlir::Value weights, int64_t &begin) {
  const Array &w = params[nameOf(weights)];
  std::vector<char> memory(layout.bytes() + 63);
  begin = -reinterpret_cast<uintptr_t>(memory.data()) & 63;
  char *scales = memory.data() + begin, *to = scales + layout.scaleBytes();
  auto number = [&](int64_t column, int64_t unit, int64_t k) -> double {
    bool is = unit < layout.units && column >= 0 && column < layout.m && k < layout.k;
    return is ? w.reals[layout.transposed ? k * layout.m + column : column * layout.k + k] : 0;
  };
  /// The scale of a column, or of a k.
  auto scaleOf = [&](int64_t column, int64_t k) {
    double most = 0;
    for (int64_t i = 0; i < (layout.isScaledByK ? layout.m : layout.k); ++i)
      most = std::max(most, std::fabs(layout.isScaledByK ? number(i, 0, k) : number(column, 0, i)));
    return float(most / 127);
  };
  auto put = [&](auto x) {
    std::memcpy(to, &x, sizeof x);
    to += sizeof x;
  };
  for (int64_t b = 0; b < layout.blocks(); ++b)
    for (int64_t d = 0; d < layout.depth; ++d)
      for (size_t g = 0; g < layout.gates.size(); ++g)
        for (int64_t l = 0; l < layout.lanes; ++l)
          for (int64_t i = 0; i < layout.group; ++i) {
            int64_t unit = b * layout.lanes + l, column = layout.gates[g] + unit, k = d * layout.group + i;
            float x = number(column, unit, k);
            if (layout.format == WeightFormat::F32) {
              put(x);
            } else if (layout.format == WeightFormat::BF16) {
              uint32_t bits;
              std::memcpy(&bits, &x, sizeof bits);
              put(uint16_t(bits >> 16));
            } else {
              float scale = scaleOf(column, k);
              int64_t place = layout.isScaledByK ? k : (b * int64_t(layout.gates.size()) + g) * layout.lanes + l;
              std::memcpy(scales + place * sizeof scale, &scale, sizeof scale);
              put(int8_t(scale > 0 ? std::lround(x / scale) : 0));
            }
          }
  EXPECT_EQ(to - scales, layout.bytes());
  return memory;
}

Rows TestKernel::run(const Rows &inputs, Layout layout, int64_t begin, int64_t end, int64_t firstBlock,
                     int64_t endBlock) {
  int64_t count = inputs.empty() ? 1 : inputs.begin()->second.shape[0];
  if (end < 0)
    end = count;
  if (endBlock < 0)
    endBlock = blocksOf(description, isa);
  std::vector<Memory> memory;
  std::vector<std::vector<char>> weights;
  std::vector<runtime::Operand> operands;
  memory.reserve(description.operands.size());
  for (const KernelOperand &operand : description.operands) {
    if (operand.kind == KernelOperand::Kind::Weights) {
      auto product = operand.value.getDefiningOp<rnn::MatmulOp>();
      int64_t first = 0;
      weights.push_back(packed(layouts[weights.size()], product.getW(), first));
      operands.push_back({weights.back().data() + first, nullptr, 0});
      continue;
    }
    Memory &rows = memory.emplace_back(operand.value, count, layout);
    operands.push_back(rows.operand());
    if (operand.kind != KernelOperand::Kind::Load)
      continue;
    std::string name = nameOf(operand.value);
    const Array &from = inputs.count(name) ? inputs.at(name) : params.at(name);
    for (int64_t i = 0; i < rows.rows; ++i)
      for (int64_t e = 0; e < rows.count; ++e)
        write(rows.row(i) + e * bytesOf(rows.element), rows.element, from, i * rows.count + e);
  }
  if (!function)
    return {};
  function(operands.data(), begin, end, firstBlock, endBlock);

  Rows results;
  auto names = llvm::cast<rnn::ReturnOp>(model.getBody().front().getTerminator());
  unsigned output = 0;
  auto rows = memory.begin();
  for (const KernelOperand &operand : description.operands) {
    if (operand.kind == KernelOperand::Kind::Weights)
      continue;
    if (operand.kind == KernelOperand::Kind::Store) {
      std::string name = names.getName(output++).str();
      if (firstBlock == 0)
        rows->expectUntouched(begin, end, name);
      Array &array = results[name];
      array.isReal = rows->element.isF32();
      array.shape = {rows->isTensor ? 1 : end - begin, rows->count};
      for (int64_t i = rows->isTensor ? 0 : begin; i < (rows->isTensor ? 1 : end); ++i)
        for (int64_t e = 0; e < rows->count; ++e)
          read(array, rows->row(i) + e * bytesOf(rows->element), rows->element);
    }
    ++rows;
  }
  return results;
}

Rows TestKernel::expected(const Rows &inputs) {
  reference::Batch batch;
  batch.samples = 1;
  if (!inputs.empty())
    batch.lengths["step"] = {inputs.begin()->second.shape[0]};
  for (const auto &[name, array] : inputs)
    batch.inputs[name] = {array};
  reference::Result result = reference::resultOf(reference::Interpreter::create(model, params, {}), batch);
  Rows rows;
  for (auto &[name, stream] : result.outputs)
    rows[name] = stream.rows[0];
  return rows;
}

//===--- Comparisons -------------------------------------------------------------------------------------------===//

void expectSame(const Rows &actual, const Rows &expected, double tolerance, const std::string &what) {
  for (const auto &[name, array] : actual) {
    ASSERT_TRUE(expected.count(name)) << what << ", " << name;
    const Array &other = expected.at(name);
    ASSERT_EQ(array.reals.size(), other.reals.size()) << what << ", " << name;
    EXPECT_EQ(array.ints, other.ints) << what << ", " << name;
    for (size_t i = 0; i < array.reals.size(); ++i) {
      double x = array.reals[i], y = float(other.reals[i]);
      bool same = std::isnan(y) ? std::isnan(x) : x == y || std::fabs(x - y) <= tolerance * std::max(1.0, std::fabs(y));
      if (!same) {
        ADD_FAILURE() << what << ", " << name << ", element " << i << ": " << x << " is not " << y;
        return;
      }
    }
  }
}

void expectSameBits(const Rows &actual, int64_t row, const Rows &other, int64_t otherRow, const std::string &what) {
  for (const auto &[name, array] : actual) {
    int64_t size = array.shape[1];
    const Array &second = other.at(name);
    for (int64_t i = 0; i < size; ++i) {
      if (!array.isReal) {
        EXPECT_EQ(array.ints[row * size + i], second.ints[otherRow * size + i]) << what << ", " << name;
        continue;
      }
      float a = array.reals[row * size + i], b = second.reals[otherRow * size + i];
      if (std::memcmp(&a, &b, 4) != 0) {
        ADD_FAILURE() << what << ", " << name << ", element " << i << ": " << a << " and " << b;
        return;
      }
    }
  }
}

} // namespace rondo::cpu
