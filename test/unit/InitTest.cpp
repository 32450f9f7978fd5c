// The shipped initialiser gives the interpreter's numbers, rounded to float, bit for bit.
#include "InterpreterTesting.h"
#include "compiler/Cpu/PlanTables.h"
#include "compiler/Emit/InitTable.h"
#include "llvm/Support/MemAlloc.h"

using namespace rondo;

namespace {

template <typename T> std::vector<T> read(const char *from, size_t count) {
  std::vector<T> all(count);
  std::memcpy(all.data(), from, count * sizeof(T));
  return all;
}

struct Made {
  emit::Interface interface;
  std::vector<char> bytes;
  const char *at(const std::string &path) const {
    for (const emit::Parameter &parameter : interface.parameters)
      if (parameter.path == path)
        return bytes.data() + parameter.offset;
    ADD_FAILURE() << "no parameter " << path;
    return nullptr;
  }
};

Made make(rnn::ModelOp model, uint64_t seed) {
  std::vector<char> plan = runtime::PlanTables().serialise();
  Made made{emit::interfaceOf(model, llvm::StringRef(plan.data(), plan.size())), {}};
  emit::InitTables tables = emit::initTables(made.interface);
  made.bytes.assign(made.interface.parameterBytes, char(0xAB));
  EXPECT_TRUE(runtime::initialise({tables.plans.data(), int64_t(tables.plans.size()), tables.data.data()}, seed,
                                  made.bytes.data()));
  return made;
}

/// All parameters of a model, against the interpreter's.
void expectSame(const std::string &body, uint64_t seed) {
  reference::TestModel model("rnn.model @m() {\n" + body + "\nrnn.return\n}");
  Made made = make(model.op(), seed);
  for (const auto &[path, expected] : reference::initialise(model.op(), seed)) {
    const char *from = made.at(path);
    for (const emit::Parameter &parameter : made.interface.parameters) {
      if (parameter.path != path)
        continue;
      size_t count = expected.size();
      switch (parameter.type.element) {
      case emit::Element::F32:
        EXPECT_EQ(read<float>(from, count), std::vector<float>(expected.reals.begin(), expected.reals.end())) << path;
        break;
      case emit::Element::I64: EXPECT_EQ(read<int64_t>(from, count), expected.ints) << path; break;
      case emit::Element::Bool:
        EXPECT_EQ(read<uint8_t>(from, count), std::vector<uint8_t>(expected.ints.begin(), expected.ints.end())) << path;
        break;
      case emit::Element::Token:
        EXPECT_EQ(read<int32_t>(from, count), std::vector<int32_t>(expected.ints.begin(), expected.ints.end())) << path;
        break;
      }
    }
  }
}

TEST(Init, constants) {
  expectSame(R"(
    %a = rnn.param "zeros" init(zeros) : tensor<3x2xf32>
    %b = rnn.param "ones" init(ones) : tensor<5xf32>
    %c = rnn.param "scalar" init(values(0.1)) : tensor<f32>
    %d = rnn.param "each" init(values([0.1, -2.5, 1.0e-30, 3.0])) : tensor<4xf32>
    %e = rnn.param "all" init(values(-0.7)) : tensor<3x3xf32>
    %g = rnn.param "int ones" init(ones) : tensor<2xi64>
    %h = rnn.param "bools" init(ones) : tensor<3xi1>
    %i = rnn.param "tokens" init(zeros) : tensor<3x!rnn.token<5>>
    %j = rnn.param "empty" init(zeros) : tensor<0x4xf32>)",
             7);
}

TEST(Init, uniformAndNormal) {
  for (uint64_t seed : {uint64_t(0), uint64_t(1), ~uint64_t(0)})
    expectSame(R"(
      %a = rnn.param "glorot" init(glorot) : tensor<40x30xf32>
      %b = rnn.param "glorot of a vector" init(glorot) : tensor<17xf32>
      %c = rnn.param "glorot of a scalar" init(glorot) : tensor<f32>
      %d = rnn.param "glorot of a filter" init(glorot) : tensor<4x3x5xf32>
      %e = rnn.param "uniform" init(uniform(0.3)) : tensor<101xf32>
      %f = rnn.param "normal" init(normal(1.7)) : tensor<9x11xf32>
      %g = rnn.param "normal, odd" init(normal(0.01)) : tensor<1xf32>)",
               seed);
}

TEST(Init, orthogonal) {
  expectSame(R"(
    %a = rnn.param "square" init(orthogonal) : tensor<50x50xf32>
    %b = rnn.param "gates" init(orthogonal) : tensor<132x33xf32>
    %c = rnn.param "tall" init(orthogonal) : tensor<70x40xf32>
    %d = rnn.param "wide" init(orthogonal) : tensor<20x65xf32>
    %e = rnn.param "row" init(orthogonal) : tensor<9xf32>
    %f = rnn.param "column" init(orthogonal) : tensor<9x1xf32>
    %g = rnn.param "scalar" init(orthogonal) : tensor<f32>
    %h = rnn.param "three axes" init(orthogonal) : tensor<12x2x3xf32>
    %i = rnn.param "none" init(orthogonal) : tensor<0x4xf32>)",
             3);
}

TEST(Init, whatLiesBetweenParametersIsLeftAlone) {
  reference::TestModel model(R"(rnn.model @m() {
    %b = rnn.param "b" init(ones) : tensor<3xf32>
    %a = rnn.param "a" init(normal(1.0)) : tensor<17xf32>
    rnn.return
  })");
  Made made = make(model.op(), 0);
  ASSERT_EQ(made.interface.parameters.size(), 2u);
  EXPECT_EQ(made.interface.parameters[0].path, "a");
  EXPECT_EQ(made.interface.parameters[1].offset, 128);
  EXPECT_EQ(made.bytes.size(), 192u);
  for (size_t i = 17 * 4; i < 128; ++i)
    EXPECT_EQ(made.bytes[i], char(0xAB));
  for (size_t i = 128 + 3 * 4; i < 192; ++i)
    EXPECT_EQ(made.bytes[i], char(0xAB));
}

} // namespace
