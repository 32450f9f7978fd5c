// The table of parameter layouts: every conversion forth and back, and the order of gates number by number.
#include "compiler/Run/Layouts.h"
#include <gtest/gtest.h>
#include <map>

using namespace rondo::run;
using namespace rondo::runtime;

namespace {

using Tensors = std::map<std::string, std::pair<std::vector<uint64_t>, std::vector<double>>>;

/// Tensors with these shapes whose elements are 1, 2, 3, ... through all of them.
std::string numbered(const std::vector<std::pair<std::string, std::vector<uint64_t>>> &shapes) {
  SafetensorsWriter writer;
  double next = 1;
  for (const auto &[name, shape] : shapes) {
    uint64_t count = 1;
    for (uint64_t extent : shape)
      count *= extent;
    std::vector<double> values(count);
    for (double &value : values)
      value = next++;
    writer.addReals(name, DType::F64, shape, values.data());
  }
  return writer.bytes();
}

ConvertOptions options(const char *from, const char *to, std::vector<ModuleMap> modules) {
  ConvertOptions result;
  result.from = from;
  result.to = to;
  result.modules = std::move(modules);
  return result;
}

std::string convert(const std::string &bytes, const ConvertOptions &how) {
  std::string error;
  auto in = SafetensorsFile::parse(bytes.data(), bytes.size(), error);
  EXPECT_NE(in, nullptr) << error;
  SafetensorsWriter out;
  llvm::Error failed = convertLayout(*in, how, out);
  EXPECT_FALSE(bool(failed)) << llvm::toString(std::move(failed));
  return out.bytes();
}

std::string refusal(const std::string &bytes, const ConvertOptions &how) {
  std::string error;
  auto in = SafetensorsFile::parse(bytes.data(), bytes.size(), error);
  SafetensorsWriter out;
  return llvm::toString(convertLayout(*in, how, out));
}

Tensors tensors(const std::string &bytes) {
  std::string error;
  auto file = SafetensorsFile::parse(bytes.data(), bytes.size(), error);
  Tensors all;
  for (const Tensor &tensor : file->tensors())
    all[tensor.name] = {tensor.shape, toReals(tensor)};
  return all;
}

const std::vector<double> &values(const Tensors &all, const std::string &name) {
  static const std::vector<double> none;
  auto it = all.find(name);
  EXPECT_NE(it, all.end()) << name;
  return it == all.end() ? none : it->second.second;
}

TEST(Layouts, PyTorchLstm) {
  // One input, one unit: each gate is one number, in the order i f g o. The biases are summed.
  std::string file = numbered(
      {{"rnn.weight_ih_l0", {4, 1}}, {"rnn.weight_hh_l0", {4, 1}}, {"rnn.bias_ih_l0", {4}}, {"rnn.bias_hh_l0", {4}}});
  Tensors rondo = tensors(convert(file, options("pytorch", "rondo", {{"lstm", "enc", "rnn"}})));
  EXPECT_EQ(rondo.size(), 3u);
  EXPECT_EQ(values(rondo, "enc.W"), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(values(rondo, "enc.U"), (std::vector<double>{5, 6, 7, 8}));
  EXPECT_EQ(values(rondo, "enc.b"), (std::vector<double>{9 + 13, 10 + 14, 11 + 15, 12 + 16}));
}

TEST(Layouts, PyTorchGruKeepsTheBiasInsideTheReset) {
  std::string file =
      numbered({{"weight_ih_l0", {3, 1}}, {"weight_hh_l0", {3, 1}}, {"bias_ih_l0", {3}}, {"bias_hh_l0", {3}}});
  Tensors rondo = tensors(convert(file, options("pytorch", "rondo", {{"gru", "g", ""}})));
  EXPECT_EQ(values(rondo, "g.W"), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(values(rondo, "g.U"), (std::vector<double>{4, 5}));
  EXPECT_EQ(values(rondo, "g.Un"), std::vector<double>{6});
  EXPECT_EQ(values(rondo, "g.b"), (std::vector<double>{7 + 10, 8 + 11, 9}));
  EXPECT_EQ(values(rondo, "g.bn"), std::vector<double>{12});
}

TEST(Layouts, OnnxOrdersGatesItsWay) {
  std::string lstm = numbered({{"n.W", {1, 4, 1}}, {"n.R", {1, 4, 1}}, {"n.B", {1, 8}}, {"n.P", {1, 3}}});
  Tensors rondo = tensors(convert(lstm, options("onnx", "rondo", {{"peephole_lstm", "e", "n"}}))); // i o f c, P: i o f
  EXPECT_EQ(values(rondo, "e.W"), (std::vector<double>{1, 3, 4, 2}));
  EXPECT_EQ(values(rondo, "e.b"), (std::vector<double>{9 + 13, 11 + 15, 12 + 16, 10 + 14}));
  EXPECT_EQ(values(rondo, "e.pi"), std::vector<double>{17});
  EXPECT_EQ(values(rondo, "e.po"), std::vector<double>{18});
  EXPECT_EQ(values(rondo, "e.pf"), std::vector<double>{19});
  std::string gru = numbered({{"n.W", {1, 3, 1}}, {"n.R", {1, 3, 1}}, {"n.B", {1, 6}}});
  rondo = tensors(convert(gru, options("onnx", "rondo", {{"gru", "e", "n"}}))); // z r h
  EXPECT_EQ(values(rondo, "e.W"), (std::vector<double>{2, 1, 3}));
  EXPECT_EQ(values(rondo, "e.b"), (std::vector<double>{8 + 11, 7 + 10, 9}));
  EXPECT_EQ(values(rondo, "e.bn"), std::vector<double>{12});
}

TEST(Layouts, KerasKernelsAreTransposed) {
  // Two inputs, one unit: the kernel is [2, 4], i f c o side by side.
  std::string lstm = numbered({{"l.kernel", {2, 4}}, {"l.recurrent_kernel", {1, 4}}, {"l.bias", {4}}});
  Tensors rondo = tensors(convert(lstm, options("keras", "rondo", {{"lstm", "e", "l"}})));
  EXPECT_EQ(values(rondo, "e.W"), (std::vector<double>{1, 5, 2, 6, 3, 7, 4, 8}));
  EXPECT_EQ(values(rondo, "e.b"), (std::vector<double>{13, 14, 15, 16}));
  // reset_after: the bias has a row for the input and one for the state, z r h.
  std::string gru = numbered({{"l.kernel", {1, 3}}, {"l.recurrent_kernel", {1, 3}}, {"l.bias", {2, 3}}});
  rondo = tensors(convert(gru, options("keras", "rondo", {{"gru", "e", "l"}})));
  EXPECT_EQ(values(rondo, "e.W"), (std::vector<double>{2, 1, 3}));
  EXPECT_EQ(values(rondo, "e.b"), (std::vector<double>{8 + 11, 7 + 10, 9}));
  EXPECT_EQ(values(rondo, "e.bn"), std::vector<double>{12});
  // Before: one bias, which becomes that of the input.
  std::string before = numbered({{"l.kernel", {1, 3}}, {"l.recurrent_kernel", {1, 3}}, {"l.bias", {3}}});
  ConvertOptions how = options("keras", "rondo", {{"gru", "e", "l"}});
  EXPECT_NE(refusal(before, how).find("--reset-before"), std::string::npos);
  how.resetBefore = true;
  rondo = tensors(convert(before, how));
  EXPECT_EQ(values(rondo, "e.b"), (std::vector<double>{8, 7, 9}));
  EXPECT_EQ(values(rondo, "e.bn"), std::vector<double>{0});
}

TEST(Layouts, LayersAndDirections) {
  std::vector<std::pair<std::string, std::vector<uint64_t>>> shapes;
  for (const char *end : {"_l0", "_l0_reverse", "_l1", "_l1_reverse"})
    for (const char *name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"})
      shapes.push_back(
          {std::string("m.") + name + end, name[0] == 'w' ? std::vector<uint64_t>{2, 2} : std::vector<uint64_t>{2}});
  std::string file = numbered(shapes);
  Tensors rondo = tensors(convert(file, options("pytorch", "rondo", {{"rnn", "h", "m"}})));
  EXPECT_EQ(rondo.size(), 12u);
  EXPECT_EQ(values(rondo, "h.layer.0.forward.W"), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(values(rondo, "h.layer.1.backward.U"), (std::vector<double>{41, 42, 43, 44}));
  Tensors onnx = tensors(convert(file, options("pytorch", "onnx", {{"rnn", "h", "m"}})));
  EXPECT_EQ(onnx.at("h.1.W").first, (std::vector<uint64_t>{2, 2, 2}));
  Tensors keras = tensors(convert(file, options("pytorch", "keras", {{"rnn", "h", "m"}})));
  EXPECT_EQ(values(keras, "h.0.forward_layer.kernel"), (std::vector<double>{1, 3, 2, 4}));
}

TEST(Layouts, ThereAndBackIsTheSame) {
  // From each format's own file through the library's layout and back. Biases that are summed come back as the sum.
  struct Case {
    const char *cell, *format;
    std::vector<std::pair<std::string, std::vector<uint64_t>>> shapes;
  };
  std::vector<Case> cases = {
      {"lstm", "keras", {{"a.kernel", {3, 8}}, {"a.recurrent_kernel", {2, 8}}, {"a.bias", {8}}}},
      {"rnn",
       "keras",
       {{"a.forward_layer.kernel", {3, 2}},
        {"a.forward_layer.recurrent_kernel", {2, 2}},
        {"a.forward_layer.bias", {2}},
        {"a.backward_layer.kernel", {3, 2}},
        {"a.backward_layer.recurrent_kernel", {2, 2}},
        {"a.backward_layer.bias", {2}}}},
      {"dense", "pytorch", {{"a.weight", {2, 3}}, {"a.bias", {2}}}},
      {"dense", "keras", {{"a.kernel", {3, 2}}}},
      {"embed", "pytorch", {{"a.weight", {5, 3}}}},
      {"layer_norm", "keras", {{"a.gamma", {4}}, {"a.beta", {4}}}},
      {"gru", "onnx", {{"a.W", {2, 6, 3}}, {"a.R", {2, 6, 2}}}},
  };
  for (const Case &one : cases) {
    std::string file = numbered(one.shapes);
    std::string there = convert(file, options(one.format, "rondo", {{one.cell, "x", "a"}}));
    Tensors back = tensors(convert(there, options("rondo", one.format, {{one.cell, "a", "x"}})));
    for (const auto &[name, tensor] : tensors(file))
      EXPECT_EQ(back[name], tensor) << one.cell << " " << one.format << " " << name;
  }
}

TEST(Layouts, SaysWhatIsWrong) {
  std::string file = numbered({{"rnn.weight_ih_l0", {4, 1}}, {"fc.weight", {1, 1}}});
  auto has = [](const std::string &text, const char *part) { EXPECT_NE(text.find(part), std::string::npos) << text; };
  has(refusal(file, options("pytorch", "rondo", {{"lstm", "e", "cell"}})),
      "no tensor 'cell.weight_ih_l0' of module 'cell'");
  has(refusal(file, options("pytorch", "rondo", {{"lstm", "e", "rnn"}})), "no tensor 'rnn.weight_hh_l0'");
  has(refusal(file, options("pytorch", "rondo", {{"dense", "y", "fc"}})), "no --map names rnn.weight_ih_l0");
  has(refusal(file, options("pytorch", "rondo", {{"dense", "y", "fc"}, {"dense", "z", "fc"}})),
      "belongs to two of the modules");
  has(refusal(file, options("pytorch", "rondo", {{"peephole_lstm", "e", "rnn"}})),
      "PyTorch has no layout of the cell 'peephole_lstm'");
  std::string odd = numbered({{"m.weight_ih_l0", {5, 1}}, {"m.weight_hh_l0", {4, 1}}});
  has(refusal(odd, options("pytorch", "rondo", {{"lstm", "e", "m"}})), "has shape [5, 1]");
  std::string flat = numbered({{"m.weight", {4}}});
  has(refusal(flat, options("pytorch", "rondo", {{"dense", "e", "m"}})), "expected two axes");
  ConvertOptions before = options("pytorch", "rondo", {{"gru", "e", "rnn"}});
  before.resetBefore = true;
  has(refusal(file, before), "PyTorch has no gru with the reset gate before the product");
}

TEST(Layouts, TensorsOfACellAgree) {
  auto expect = [](const char *cell, const char *format,
                   const std::vector<std::pair<std::string, std::vector<uint64_t>>> &shapes, const char *part) {
    std::string message = refusal(numbered(shapes), options(format, "rondo", {{cell, "e", "m"}}));
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  // A GRU of four units is no LSTM of three.
  expect("lstm", "pytorch", {{"m.weight_ih_l0", {12, 2}}, {"m.weight_hh_l0", {12, 4}}},
         "tensor 'm.weight_hh_l0' has shape [12, 4]; expected [12, 3] beside 'm.weight_ih_l0' of shape [12, 2]");
  expect("lstm", "pytorch", {{"m.weight_ih_l0", {8, 16}}, {"m.weight_hh_l0", {16, 4}}},
         "tensor 'm.weight_hh_l0' has shape [16, 4]; expected [8, 2] beside 'm.weight_ih_l0'");
  expect("dense", "pytorch", {{"m.weight", {2, 3}}, {"m.bias", {3}}},
         "tensor 'm.bias' has shape [3]; expected [2] beside 'm.weight' of shape [2, 3]");
  expect("layer_norm", "keras", {{"m.gamma", {2}}, {"m.beta", {3}}}, "'m.beta' has shape [3]; expected [2]");
  expect("peephole_lstm", "onnx", {{"m.W", {1, 8, 3}}, {"m.R", {1, 8, 2}}, {"m.B", {1, 16}}, {"m.P", {1, 9}}},
         "'m.P' has shape [1, 9]; expected [1, 6] beside 'm.W'");
  expect("gru", "keras", {{"m.kernel", {2, 9}}, {"m.recurrent_kernel", {3, 9}}, {"m.bias", {2, 6}}},
         "'m.bias' has shape [2, 6]; expected [2, 9] beside 'm.kernel'");
  // Both directions, the projection.
  expect("rnn", "pytorch",
         {{"m.weight_ih_l0", {2, 3}},
          {"m.weight_hh_l0", {2, 2}},
          {"m.weight_ih_l0_reverse", {4, 3}},
          {"m.weight_hh_l0_reverse", {4, 4}}},
         "'m.weight_ih_l0_reverse' has shape [4, 3]; expected [2, 3] beside 'm.weight_ih_l0'");
  expect("lstmp", "pytorch", {{"m.weight_ih_l0", {8, 3}}, {"m.weight_hh_l0", {8, 1}}, {"m.weight_hr_l0", {2, 2}}},
         "'m.weight_hr_l0' has shape [2, 2]; expected [1, 2] beside 'm.weight_hh_l0'");
  expect("dense", "pytorch", {{"m.weight", {0, 3}}}, "expected no axis of length 0");
  // One of two biases is missing.
  expect("gru", "rondo", {{"m.W", {6, 3}}, {"m.U", {4, 2}}, {"m.Un", {2, 2}}, {"m.b", {6}}},
         "there is no tensor 'm.bn', but there is 'm.b'; cell gru has both or neither");
}

TEST(Layouts, WeightsAreRealsOfOneType) {
  SafetensorsWriter ints, mixed;
  std::vector<double> reals(4);
  std::vector<int64_t> wholes(4);
  ints.addInts("m.weight", DType::I64, {2, 2}, wholes.data());
  EXPECT_EQ(refusal(ints.bytes(), options("pytorch", "rondo", {{"dense", "e", "m"}})),
            "tensor 'm.weight' holds I64, not reals");
  mixed.addReals("m.weight", DType::F64, {2, 2}, reals.data());
  mixed.addReals("m.bias", DType::F16, {2}, reals.data());
  EXPECT_EQ(refusal(mixed.bytes(), options("pytorch", "rondo", {{"dense", "e", "m"}})),
            "tensor 'm.bias' holds F16, but others of the cell F64");
}

TEST(Layouts, KeepsOrDropsTheRest) {
  std::string file = numbered({{"fc.weight", {1, 2}}, {"step", {1}}});
  ConvertOptions how = options("pytorch", "rondo", {{"dense", "y", "fc"}});
  how.rest = Rest::Keep;
  EXPECT_EQ(values(tensors(convert(file, how)), "step"), std::vector<double>{3});
  how.rest = Rest::Drop;
  EXPECT_EQ(tensors(convert(file, how)).size(), 1u);
}

} // namespace
