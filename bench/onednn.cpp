// A participant (see Participant.h): oneDNN's RNN primitives, of version 2 or 3, with their weights in the layout the
// library likes best, reordered once.

#include "Participant.h"

#include <oneapi/dnnl/dnnl.hpp>

using namespace dnnl;
using bench::Case;
using bench::Runner;
using Type = memory::data_type;
using Tag = memory::format_tag;

namespace {

struct Shape {
  memory::dim steps, batch, inputs, hidden, layers, directions;
};

// A cell's gates: row block k of oneDNN's weights is row block order[k] of Rondo's.
struct Cell {
  std::vector<int> order;
  bool extraBias; // GRU with the reset behind the product: the candidate's recurrent part has a bias of its own
};

const std::map<std::string, Cell> cells = {
    {"rnn", {{0}, false}}, {"lstm", {{0, 1, 2, 3}, false}}, {"gru", {{1, 0, 2}, true}}};

// The parameters of a primitive in oneDNN's plain layouts: input and state [layers, directions, inputs, gates, hidden],
// bias [layers, directions, gates, hidden].
struct Weights {
  std::vector<float> input, state, bias;

  void add(const Case &task, const std::string &path, const Cell &cell, size_t hidden) {
    std::vector<float> w = task.read(path + ".W"), u = task.read(path + ".U"), b = task.read(path + ".b");
    if (cell.extraBias) {
      std::vector<float> candidate = task.read(path + ".Un"), extra = task.read(path + ".bn");
      u.insert(u.end(), candidate.begin(), candidate.end());
      b.insert(b.end(), extra.begin(), extra.end());
    }
    transpose(w, cell, hidden, input);
    transpose(u, cell, hidden, state);
    for (int gate : cell.order)
      bias.insert(bias.end(), b.begin() + gate * hidden, b.begin() + (gate + 1) * hidden);
    if (cell.extraBias)
      bias.insert(bias.end(), b.end() - hidden, b.end());
  }

private:
  // from [gates * hidden, n] to [n, gates, hidden]
  static void transpose(const std::vector<float> &from, const Cell &cell, size_t hidden, std::vector<float> &to) {
    size_t gates = cell.order.size(), columns = from.size() / (gates * hidden), start = to.size();
    to.resize(start + from.size());
    for (size_t gate = 0; gate < gates; ++gate)
      for (size_t unit = 0; unit < hidden; ++unit)
        for (size_t k = 0; k < columns; ++k)
          to[start + (k * gates + gate) * hidden + unit] = from[(cell.order[gate] * hidden + unit) * columns + k];
  }
};

// The descriptors that make a primitive: of the weights any layout will do.
struct Descriptors {
  memory::desc source, input, state, bias, target;

  Descriptors(const Shape &s, const Cell &cell)
      : source({s.steps, s.batch, s.inputs}, Type::f32, Tag::tnc),
        input({s.layers, s.directions, s.inputs, gates(cell), s.hidden}, Type::f32, Tag::any),
        state({s.layers, s.directions, s.hidden, gates(cell), s.hidden}, Type::f32, Tag::any),
        bias({s.layers, s.directions, gates(cell) + cell.extraBias, s.hidden}, Type::f32, Tag::ldgo),
        target({s.steps, s.batch, s.directions * s.hidden}, Type::f32, Tag::tnc) {}

private:
  static memory::dim gates(const Cell &cell) { return memory::dim(cell.order.size()); }
};

// Version 2 describes a primitive by an operation descriptor, version 3 does without.
#if DNNL_VERSION_MAJOR >= 3
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const engine &cpu, const primitive_attr &attributes,
                                            Arguments... arguments) {
  return {cpu, arguments..., attributes};
}
#else
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const engine &cpu, const primitive_attr &attributes,
                                            Arguments... arguments) {
  return {typename Primitive::desc(arguments...), attributes, cpu};
}
#endif

// One primitive with its packed weights. No state comes from outside: it starts at zero.
class Layer {
public:
  Layer(const std::string &name, const Cell &cell, const Shape &shape, const engine &cpu, Weights weights, memory x)
      : queue(cpu) {
    Descriptors d(shape, cell);
    primitive_attr attributes;
    attributes.set_scratchpad_mode(scratchpad_mode::user);
    auto inference = prop_kind::forward_inference;
    auto direction =
        shape.directions == 2 ? rnn_direction::bidirectional_concat : rnn_direction::unidirectional_left2right;
    memory::desc none;
    if (name == "lstm")
      make<lstm_forward>(describe<lstm_forward>(cpu, attributes, inference, direction, d.source, none, none, d.input,
                                                d.state, d.bias, d.target, none, none));
    else if (name == "gru")
      make<lbr_gru_forward>(describe<lbr_gru_forward>(cpu, attributes, inference, direction, d.source, none, d.input,
                                                      d.state, d.bias, d.target, none));
    else
      make<vanilla_rnn_forward>(describe<vanilla_rnn_forward>(cpu, attributes, inference, algorithm::eltwise_tanh,
                                                              direction, d.source, none, d.input, d.state, d.bias,
                                                              d.target, none));
    arguments[DNNL_ARG_SRC_LAYER] = x;
    arguments[DNNL_ARG_WEIGHTS_LAYER] = packed(cpu, d.input, inputDesc, weights.input);
    arguments[DNNL_ARG_WEIGHTS_ITER] = packed(cpu, d.state, stateDesc, weights.state);
    memory bias(d.bias, cpu);
    std::copy(weights.bias.begin(), weights.bias.end(), static_cast<float *>(bias.get_data_handle()));
    arguments[DNNL_ARG_BIAS] = bias;
    arguments[DNNL_ARG_DST_LAYER] = memory(d.target, cpu);
    arguments[DNNL_ARG_SCRATCHPAD] = memory(scratchDesc, cpu);
  }

  void run() {
    code.execute(queue, arguments);
    queue.wait();
  }
  memory output() const { return arguments.at(DNNL_ARG_DST_LAYER); }

private:
  template <typename Primitive> void make(const typename Primitive::primitive_desc &description) {
    code = Primitive(description);
    inputDesc = description.weights_layer_desc();
    stateDesc = description.weights_iter_desc();
    scratchDesc = description.scratchpad_desc();
  }

  memory packed(const engine &cpu, const memory::desc &any, const memory::desc &wanted, std::vector<float> &plain) {
    memory from(memory::desc(dims(any), Type::f32, Tag::ldigo), cpu), to(wanted, cpu);
    std::copy(plain.begin(), plain.end(), static_cast<float *>(from.get_data_handle()));
    reorder(from, to).execute(queue, from, to);
    queue.wait();
    return to;
  }

#if DNNL_VERSION_MAJOR >= 3
  static memory::dims dims(const memory::desc &desc) { return desc.get_dims(); }
#else
  static memory::dims dims(const memory::desc &desc) { return desc.dims(); }
#endif

  stream queue;
  primitive code;
  memory::desc inputDesc, stateDesc, scratchDesc;
  std::unordered_map<int, memory> arguments;
};

// Layers one after another; each computes the whole sequence.
Runner chain(std::string variant, std::vector<std::shared_ptr<Layer>> layers) {
  memory output = layers.back()->output();
  auto run = [layers] {
    for (const std::shared_ptr<Layer> &layer : layers)
      layer->run();
  };
  auto values = [output] { return static_cast<const float *>(output.get_data_handle()); };
  return {std::move(variant), run, values, output.get_desc().get_size() / sizeof(float)};
}

Runner prepare(const Case &task) {
  auto known = cells.find(task.text("cell"));
  if (known == cells.end())
    throw std::runtime_error("it has no such cell");
  const auto &[name, cell] = *known;
  Shape shape = {task.number("steps"),  task.number("batch"),  task.number("inputs"),
                 task.number("hidden"), task.number("layers"), task.number("directions")};
  engine cpu(engine::kind::cpu, 0);
  memory x(Descriptors(shape, cell).source, cpu);
  std::vector<float> values = task.read("x");
  std::copy(values.begin(), values.end(), static_cast<float *>(x.get_data_handle()));

  std::vector<std::string> paths;
  if (shape.directions == 2)
    paths = {"y.forward", "y.backward"};
  else if (shape.layers == 1)
    paths = {"y"};
  else
    for (int k = 0; k < shape.layers; ++k)
      paths.push_back("y.layer." + std::to_string(k));
  Weights all;
  for (const std::string &path : paths)
    all.add(task, path, cell, size_t(shape.hidden));
  std::vector<Runner> ways = {chain("one primitive", {std::make_shared<Layer>(name, cell, shape, cpu, all, x)})};
  if (shape.layers > 1) {
    std::vector<std::shared_ptr<Layer>> layers;
    shape.layers = 1;
    for (const std::string &path : paths) {
      Weights own;
      own.add(task, path, cell, size_t(shape.hidden));
      layers.push_back(
          std::make_shared<Layer>(name, cell, shape, cpu, own, layers.empty() ? x : layers.back()->output()));
      shape.inputs = shape.hidden;
    }
    ways.push_back(chain("a primitive a layer", layers));
  }
  return bench::fastest(std::move(ways));
}

} // namespace

int main() {
  const dnnl_version_t &version = *dnnl_version();
  return bench::serve("oneDNN " + std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                          std::to_string(version.patch),
                      prepare);
}
