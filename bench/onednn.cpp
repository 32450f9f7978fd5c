// A participant (see Participant.h): oneDNN's RNN primitives, of version 2 or 3, with their weights in the layout the
// library likes best, reordered once; gradients stay in its layouts too.

#include "Participant.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <cstring>

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
// bias [layers, directions, gates, hidden]. Or their gradients.
struct Weights {
  std::vector<float> input, state, bias;

  void add(const Case &task, const std::string &path, const Cell &cell, size_t hidden) {
    std::vector<float> w = task.read(path + ".W"), u = task.read(path + ".U"), b = task.read(path + ".b");
    if (cell.extraBias) {
      std::vector<float> candidate = task.read(path + ".Un"), extra = task.read(path + ".bn");
      u.insert(u.end(), candidate.begin(), candidate.end());
      b.insert(b.end(), extra.begin(), extra.end());
    }
    size_t gates = cell.order.size(), begin = input.size();
    input.resize(begin + w.size());
    transpose(w.size() / (gates * hidden), cell, hidden,
              [&](size_t plain, size_t ours) { input[begin + plain] = w[ours]; });
    begin = state.size();
    state.resize(begin + u.size());
    transpose(hidden, cell, hidden, [&](size_t plain, size_t ours) { state[begin + plain] = u[ours]; });
    for (int gate : cell.order)
      bias.insert(bias.end(), b.begin() + gate * hidden, b.begin() + (gate + 1) * hidden);
    if (cell.extraBias)
      bias.insert(bias.end(), b.end() - hidden, b.end());
  }

  // The other way: what is the `index`-th of so many, by the paths of parameters.
  void give(size_t index, size_t count, const std::string &path, const Cell &cell, size_t hidden,
            std::map<std::string, std::vector<float>> &found) const {
    std::vector<float> w(input.size() / count), u(state.size() / count), b(bias.size() / count);
    size_t columns = w.size() / (cell.order.size() * hidden);
    transpose(columns, cell, hidden, [&](size_t plain, size_t ours) { w[ours] = input[index * w.size() + plain]; });
    transpose(hidden, cell, hidden, [&](size_t plain, size_t ours) { u[ours] = state[index * u.size() + plain]; });
    const float *plain = bias.data() + index * b.size();
    for (size_t k = 0; k < cell.order.size(); ++k)
      std::copy_n(plain + k * hidden, hidden, b.data() + size_t(cell.order[k]) * hidden);
    if (cell.extraBias) {
      found[path + ".bn"].assign(plain + b.size() - hidden, plain + b.size());
      b.resize(b.size() - hidden);
      found[path + ".Un"].assign(u.end() - std::ptrdiff_t(hidden * hidden), u.end());
      u.resize(u.size() - hidden * hidden);
    }
    found[path + ".W"] = std::move(w);
    found[path + ".U"] = std::move(u);
    found[path + ".b"] = std::move(b);
  }

private:
  // Calls `pair` with each place in [columns, gates, hidden] and its place in Rondo's [gates * hidden, columns].
  template <typename Pair> static void transpose(size_t columns, const Cell &cell, size_t hidden, Pair pair) {
    size_t gates = cell.order.size();
    for (size_t gate = 0; gate < gates; ++gate)
      for (size_t unit = 0; unit < hidden; ++unit)
        for (size_t k = 0; k < columns; ++k)
          pair((k * gates + gate) * hidden + unit, (size_t(cell.order[gate]) * hidden + unit) * columns + k);
  }
};

// The descriptors that make a primitive: of the weights any layout will do.
struct Descriptors {
  memory::desc source, input, state, bias, target, first;

  Descriptors(const Shape &s, const Cell &cell)
      : source({s.steps, s.batch, s.inputs}, Type::f32, Tag::tnc),
        input({s.layers, s.directions, s.inputs, gates(cell), s.hidden}, Type::f32, Tag::any),
        state({s.layers, s.directions, s.hidden, gates(cell), s.hidden}, Type::f32, Tag::any),
        bias({s.layers, s.directions, gates(cell) + cell.extraBias, s.hidden}, Type::f32, Tag::ldgo),
        target({s.steps, s.batch, s.directions * s.hidden}, Type::f32, Tag::tnc),
        first({s.layers, s.directions, s.batch, s.hidden}, Type::f32, Tag::ldnc) {}

private:
  static memory::dim gates(const Cell &cell) { return memory::dim(cell.order.size()); }
};

// Version 2 describes a primitive by an operation descriptor, version 3 does without. Behind a backward primitive's
// arguments stands the forward one that it belongs to.
#if DNNL_VERSION_MAJOR >= 3
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const engine &cpu, const primitive_attr &attributes,
                                            Arguments... arguments) {
  return {cpu, arguments..., attributes};
}
template <typename Primitive, typename Forward, typename... Arguments>
typename Primitive::primitive_desc describeBackward(const engine &cpu, const primitive_attr &attributes,
                                                    const Forward &forward, Arguments... arguments) {
  return {cpu, arguments..., forward, attributes};
}
#else
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const engine &cpu, const primitive_attr &attributes,
                                            Arguments... arguments) {
  return {typename Primitive::desc(arguments...), attributes, cpu};
}
template <typename Primitive, typename Forward, typename... Arguments>
typename Primitive::primitive_desc describeBackward(const engine &cpu, const primitive_attr &attributes,
                                                    const Forward &forward, Arguments... arguments) {
  return {typename Primitive::desc(arguments...), attributes, cpu, forward};
}
#endif

// With these numbers, and zeros behind them.
memory filled(const memory::desc &desc, const engine &cpu, const std::vector<float> &values) {
  memory made(desc, cpu);
  auto *begin = static_cast<float *>(made.get_data_handle());
  std::fill(std::copy(values.begin(), values.end(), begin), begin + desc.get_size() / sizeof(float), 0.0f);
  return made;
}

// A primitive with its packed weights, and where it trains the backward one that belongs to it. No state comes from
// outside: it starts at zero.
class Layer {
public:
  Layer(const std::string &name, const Cell &cell, const Shape &shape, const engine &cpu, const Weights &weights,
        memory x, bool trains)
      : cpu(cpu), queue(cpu), d(shape, cell) {
    attributes.set_scratchpad_mode(scratchpad_mode::user);
    auto kind = trains ? prop_kind::forward_training : prop_kind::forward_inference;
    auto back = prop_kind::backward;
    auto direction =
        shape.directions == 2 ? rnn_direction::bidirectional_concat : rnn_direction::unidirectional_left2right;
    // Backward primitives without a first state give wrong gradients of the state's weights.
    memory::desc none, h = trains ? d.first : none, c = h;
    if (name == "lstm") {
      auto made = make<lstm_forward>(x, weights, kind, direction, d.source, h, c, d.input, d.state, d.bias, d.target,
                                     none, none);
      if (trains)
        makeBackward<lstm_backward>(made, weights, back, direction, d.source, h, c, d.input, d.state, d.bias, d.target,
                                    none, none, d.source, h, c, d.input, d.state, d.bias, d.target, none, none);
    } else if (name == "gru") {
      auto made =
          make<lbr_gru_forward>(x, weights, kind, direction, d.source, h, d.input, d.state, d.bias, d.target, none);
      if (trains)
        makeBackward<lbr_gru_backward>(made, weights, back, direction, d.source, h, d.input, d.state, d.bias, d.target,
                                       none, d.source, h, d.input, d.state, d.bias, d.target, none);
    } else {
      auto made = make<vanilla_rnn_forward>(x, weights, kind, algorithm::eltwise_tanh, direction, d.source, h, d.input,
                                            d.state, d.bias, d.target, none);
      if (trains)
        makeBackward<vanilla_rnn_backward>(made, weights, back, algorithm::eltwise_tanh, direction, d.source, h,
                                           d.input, d.state, d.bias, d.target, none, d.source, h, d.input, d.state,
                                           d.bias, d.target, none);
    }
  }

  void run() {
    forward.execute(queue, arguments);
    queue.wait();
  }
  memory output() const { return arguments.at(DNNL_ARG_DST_LAYER); }

  // The primitive adds to the gradients of weights.
  void runBackward() {
    for (int weights : {DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS}) {
      const memory &gradient = backwardArguments.at(weights);
      std::memset(gradient.get_data_handle(), 0, gradient.get_desc().get_size());
    }
    backward.execute(queue, backwardArguments);
    queue.wait();
  }
  void setOutputGradient(const memory &dy) { backwardArguments[DNNL_ARG_DIFF_DST_LAYER] = dy; }
  memory inputGradient() const { return backwardArguments.at(DNNL_ARG_DIFF_SRC_LAYER); }
  Weights weightGradients() {
    return {plain(DNNL_ARG_DIFF_WEIGHTS_LAYER, d.input), plain(DNNL_ARG_DIFF_WEIGHTS_ITER, d.state),
            numbers(backwardArguments.at(DNNL_ARG_DIFF_BIAS))};
  }

  static std::vector<float> numbers(const memory &from) {
    const auto *begin = static_cast<const float *>(from.get_data_handle());
    return {begin, begin + from.get_desc().get_size() / sizeof(float)};
  }

private:
  template <typename Primitive, typename... Arguments>
  typename Primitive::primitive_desc make(const memory &x, const Weights &weights, Arguments... how) {
    auto made = describe<Primitive>(cpu, attributes, how...);
    forward = Primitive(made);
    arguments[DNNL_ARG_SRC_LAYER] = x;
    arguments[DNNL_ARG_WEIGHTS_LAYER] = packed(d.input, made.weights_layer_desc(), weights.input);
    arguments[DNNL_ARG_WEIGHTS_ITER] = packed(d.state, made.weights_iter_desc(), weights.state);
    arguments[DNNL_ARG_BIAS] = filled(d.bias, cpu, weights.bias);
    arguments[DNNL_ARG_DST_LAYER] = memory(d.target, cpu);
    arguments[DNNL_ARG_SCRATCHPAD] = memory(made.scratchpad_desc(), cpu);
    return made;
  }

  template <typename Primitive, typename Forward, typename... Arguments>
  void makeBackward(const Forward &description, const Weights &weights, Arguments... how) {
    auto made = describeBackward<Primitive>(cpu, attributes, description, how...);
    backward = Primitive(made);
    arguments[DNNL_ARG_WORKSPACE] = memory(description.workspace_desc(), cpu);
    for (int state : {DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C})
      arguments[state] = filled(d.first, cpu, {});
    backwardArguments = arguments;
    for (int state : {DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER_C})
      backwardArguments[state] = filled(d.first, cpu, {});
    backwardArguments[DNNL_ARG_WEIGHTS_LAYER] = packed(d.input, made.weights_layer_desc(), weights.input);
    backwardArguments[DNNL_ARG_WEIGHTS_ITER] = packed(d.state, made.weights_iter_desc(), weights.state);
    backwardArguments[DNNL_ARG_DIFF_SRC_LAYER] = memory(made.diff_src_layer_desc(), cpu);
    backwardArguments[DNNL_ARG_DIFF_WEIGHTS_LAYER] = memory(made.diff_weights_layer_desc(), cpu);
    backwardArguments[DNNL_ARG_DIFF_WEIGHTS_ITER] = memory(made.diff_weights_iter_desc(), cpu);
    backwardArguments[DNNL_ARG_DIFF_BIAS] = memory(made.diff_bias_desc(), cpu);
    backwardArguments[DNNL_ARG_SCRATCHPAD] = memory(made.scratchpad_desc(), cpu);
  }

  memory packed(const memory::desc &any, const memory::desc &wanted, const std::vector<float> &from) {
    memory plain = filled(memory::desc(dims(any), Type::f32, Tag::ldigo), cpu, from), to(wanted, cpu);
    reorder(plain, to).execute(queue, plain, to);
    queue.wait();
    return to;
  }

  std::vector<float> plain(int argument, const memory::desc &any) {
    memory from = backwardArguments.at(argument), to(memory::desc(dims(any), Type::f32, Tag::ldigo), cpu);
    reorder(from, to).execute(queue, from, to);
    queue.wait();
    return numbers(to);
  }

#if DNNL_VERSION_MAJOR >= 3
  static memory::dims dims(const memory::desc &desc) { return desc.get_dims(); }
#else
  static memory::dims dims(const memory::desc &desc) { return desc.dims(); }
#endif

  engine cpu;
  stream queue;
  Descriptors d;
  primitive_attr attributes;
  primitive forward, backward;
  std::unordered_map<int, memory> arguments, backwardArguments;
};

struct Network {
  std::vector<std::shared_ptr<Layer>> layers;
  std::vector<std::vector<std::string>> paths; // of what each layer holds
  const Cell &cell;
  size_t hidden;
  bool trains;

  void run() const {
    for (const std::shared_ptr<Layer> &layer : layers)
      layer->run();
    for (size_t i = trains ? layers.size() : 0; i-- > 0;)
      layers[i]->runBackward();
  }

  void setOutputGradient(memory dy) const {
    for (size_t i = layers.size(); i-- > 0; dy = layers[i]->inputGradient())
      layers[i]->setOutputGradient(dy);
  }

  std::vector<float> values() const {
    std::vector<float> all = Layer::numbers(layers.back()->output());
    if (!trains)
      return all;
    std::vector<float> dx = Layer::numbers(layers.front()->inputGradient());
    all.insert(all.end(), dx.begin(), dx.end());
    std::map<std::string, std::vector<float>> gradients;
    for (size_t i = 0; i < layers.size(); ++i) {
      Weights found = layers[i]->weightGradients();
      for (size_t k = 0; k < paths[i].size(); ++k)
        found.give(k, paths[i].size(), paths[i][k], cell, hidden, gradients);
    }
    for (auto &[path, gradient] : gradients) {
      gradient.resize((gradient.size() + 15) / 16 * 16);
      all.insert(all.end(), gradient.begin(), gradient.end());
    }
    return all;
  }
};

Runner runner(std::string variant, Network network) {
  return {std::move(variant), [network] { network.run(); }, [network] { return network.values(); }};
}

Runner prepare(const Case &task) {
  auto known = cells.find(task.text("cell"));
  if (known == cells.end())
    throw std::runtime_error("it has no such cell");
  const auto &[name, cell] = *known;
  Shape shape = {task.number("steps"),  task.number("batch"),  task.number("inputs"),
                 task.number("hidden"), task.number("layers"), task.number("directions")};
  engine cpu(engine::kind::cpu, 0);
  memory x = filled(Descriptors(shape, cell).source, cpu, task.read("x")), dy;
  if (task.trains())
    dy = filled(Descriptors(shape, cell).target, cpu, task.read("dy"));

  std::vector<std::string> paths;
  if (shape.directions == 2)
    paths = {"y.forward", "y.backward"};
  else if (shape.layers == 1)
    paths = {"y"};
  else
    for (int k = 0; k < shape.layers; ++k)
      paths.push_back("y.layer." + std::to_string(k));
  size_t hidden = size_t(shape.hidden);
  Weights all;
  for (const std::string &path : paths)
    all.add(task, path, cell, hidden);
  Network one = {
      {std::make_shared<Layer>(name, cell, shape, cpu, all, x, task.trains())}, {paths}, cell, hidden, task.trains()};
  std::vector<Runner> ways;
  if (task.trains())
    one.setOutputGradient(dy);
  ways.push_back(runner("one primitive", one));
  if (shape.layers > 1) {
    Network stack = {{}, {}, cell, hidden, task.trains()};
    shape.layers = 1;
    for (const std::string &path : paths) {
      Weights own;
      own.add(task, path, cell, hidden);
      memory from = stack.layers.empty() ? x : stack.layers.back()->output();
      stack.layers.push_back(std::make_shared<Layer>(name, cell, shape, cpu, own, from, task.trains()));
      stack.paths.push_back({path});
      shape.inputs = shape.hidden;
    }
    if (task.trains())
      stack.setOutputGradient(dy);
    ways.push_back(runner("a primitive a layer", stack));
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
