#include "KernelTesting.h"

#include "InterpreterTesting.h"
#include "compiler/Cpu/MachineCode.h"
#include "mlir/IR/Verifier.h"
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

std::vector<Isa> runnableLevels() {
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
  return levels;
}

std::string nameOf(const Isa &isa) {
  switch (isa.level) {
  case Isa::Level::X86_64_v2: return "x86-64-v2";
  case Isa::Level::X86_64_v3: return "x86-64-v3";
  case Isa::Level::X86_64_v4: return "x86-64-v4";
  case Isa::Level::Aarch64: return "aarch64";
  }
  llvm_unreachable("a level");
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
  for (mlir::Value output : model.getBody().front().getTerminator()->getOperands())
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
        x = float(x);
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
  return rows;
}

std::vector<float> TestKernel::packed(const PackLayout &layout, mlir::Value weights) {
  const Array &w = params[nameOf(weights)];
  std::vector<float> packed;
  for (int64_t b = 0; b < (layout.units + layout.lanes - 1) / layout.lanes; ++b)
    for (int64_t k = 0; k < layout.k; ++k)
      for (int64_t gate : layout.gates)
        for (int64_t l = 0; l < layout.lanes; ++l) {
          int64_t unit = b * layout.lanes + l, column = gate + unit;
          bool is = unit < layout.units && column >= 0 && column < layout.m;
          int64_t at = layout.transposed ? k * layout.m + column : column * layout.k + k;
          packed.push_back(is ? w.reals[at] : 0);
        }
  EXPECT_EQ(int64_t(packed.size()), layout.elements());
  return packed;
}

Rows TestKernel::run(const Rows &inputs, Layout layout, int64_t begin, int64_t end, int64_t firstBlock,
                     int64_t endBlock) {
  int64_t count = inputs.empty() ? 1 : inputs.begin()->second.shape[0];
  if (end < 0)
    end = count;
  if (endBlock < 0)
    endBlock = blocksOf(description, isa);
  std::vector<Memory> memory;
  std::vector<std::vector<float>> weights;
  std::vector<runtime::Operand> operands;
  memory.reserve(description.operands.size());
  for (const KernelOperand &operand : description.operands) {
    if (operand.kind == KernelOperand::Kind::Weights) {
      auto product = operand.value.getDefiningOp<rnn::MatmulOp>();
      weights.push_back(packed(layouts[weights.size()], product.getW()));
      operands.push_back({reinterpret_cast<char *>(weights.back().data()), nullptr, 0});
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
