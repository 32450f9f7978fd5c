#include "compiler/Train/Gradients.h"
#include "compiler/IR/Rnn.h"
#include "compiler/Run/Library.h"
#include <algorithm>
#include <cstring>

using namespace llvm;

namespace rondo::train {

Gradients::~Gradients() = default;

Expected<std::vector<reference::LossValue>> Gradients::computeWindow(const float *, float *, const reference::Batch &,
                                                                     const run::Library::WindowPlace &, uint64_t) {
  return run::failure(noWindows());
}

void writeParameters(const std::vector<Parameter> &layout, const reference::Params &values, float *buffer) {
  for (const Parameter &parameter : layout) {
    const std::vector<double> &reals = values.at(parameter.path).reals;
    std::copy(reals.begin(), reals.end(), buffer + parameter.offset);
  }
}

reference::Params readParameters(const std::vector<Parameter> &layout, const float *buffer) {
  reference::Params values;
  for (const Parameter &parameter : layout) {
    reference::Array array = run::makeArray(parameter.shape, /*isReal=*/true);
    std::copy_n(buffer + parameter.offset, parameter.size, array.reals.begin());
    values[parameter.path] = std::move(array);
  }
  return values;
}

/// What a call that failed says: of numbers that are none, or that it was given what cannot be.
static Expected<std::string> stepResult(bool isDone, const runtime::Error &error) {
  if (isDone || runtime::Code(error.code) == runtime::Code::Value)
    return std::string(isDone ? "" : error.message);
  return run::failure(error.message);
}

Expected<std::string> Gradients::optimise(const runtime::Optimiser &how, runtime::Update &step, Floats &state) {
  std::vector<runtime::ParameterPlan> plans;
  std::string text;
  for (const Parameter &parameter : layout) {
    runtime::ParameterPlan &plan = plans.emplace_back();
    plan.offset = parameter.offset * int64_t(sizeof(float));
    plan.elements = parameter.size;
    plan.name = int32_t(text.size());
    text += parameter.path + '\0';
  }
  runtime::ParameterTable table{plans.data(), int64_t(plans.size()), nullptr, text.c_str()};
  runtime::Error error;
  bool isDone = runtime::checkOptimiser(&how, &error) &&
                runtime::update(table, /*lines=*/nullptr, how, step, state.data(), count, /*pool=*/nullptr, &error);
  return stepResult(isDone, error);
}

namespace {

class InterpretedGradients final : public Gradients {
public:
  InterpretedGradients(rnn::ModelOp forward, rnn::ModelOp backward, bool fp64)
      : forward(forward), backward(backward), fp64(fp64) {
    for (const auto &[path, value] : reference::initialise(forward, 0)) {
      layout.push_back({path, value.shape, count, value.size()});
      count += value.size();
    }
  }

  Expected<reference::Params> initialise(uint64_t seed) override { return reference::initialise(forward, seed); }

  Expected<std::vector<reference::LossValue>> compute(const float *parameters, float *gradients,
                                                      const reference::Batch &batch, uint64_t seed) override {
    reference::Options options;
    options.fp64 = fp64;
    options.seed = seed;
    auto interpreter =
        reference::Interpreter::create(gradients ? backward : forward, readParameters(layout, parameters), options);
    if (!interpreter)
      return interpreter.takeError();
    auto result = (*interpreter)->run(batch);
    if (!result)
      return result.takeError();
    if (!gradients)
      return std::move(result->losses);
    for (const Parameter &parameter : layout) {
      auto stream = result->outputs.find("d." + parameter.path);
      if (stream == result->outputs.end())
        return run::failure("the backward model has no output 'd." + parameter.path + "'");
      const std::vector<double> &values = stream->second.rows[0].reals;
      std::copy(values.begin(), values.end(), gradients + parameter.offset);
    }
    return std::move(result->losses);
  }

private:
  rnn::ModelOp forward, backward;
  bool fp64;
};

class CompiledGradients final : public Gradients {
public:
  explicit CompiledGradients(std::unique_ptr<run::Library> from) : library(std::move(from)) {
    const json::Object &manifest = library->manifest();
    for (const json::Value &value : *manifest.getArray("parameters")) {
      const json::Object &object = *value.getAsObject();
      Parameter parameter;
      parameter.path = object.getString("path")->str();
      for (const json::Value &extent : *object.getArray("shape"))
        parameter.shape.push_back(*extent.getAsInteger());
      parameter.offset = *object.getInteger("offset") / int64_t(sizeof(float));
      parameter.size = run::elementCount(parameter.shape);
      layout.push_back(std::move(parameter));
    }
    count = *manifest.getObject("bytes")->getInteger("parameters") / int64_t(sizeof(float));
  }

  Expected<reference::Params> initialise(uint64_t seed) override {
    Floats values(count);
    if (Error error = library->makeParameters(seed, values.data()))
      return std::move(error);
    return readParameters(layout, values.data());
  }

  Expected<std::vector<reference::LossValue>> compute(const float *parameters, float *gradients,
                                                      const reference::Batch &batch, uint64_t seed) override {
    return library->computeLosses(parameters, gradients, batch, seed);
  }

  Expected<std::vector<reference::LossValue>> computeWindow(const float *parameters, float *gradients,
                                                            const reference::Batch &batch,
                                                            const run::Library::WindowPlace &place,
                                                            uint64_t seed) override {
    return library->computeWindow(parameters, gradients, batch, place, seed);
  }
  std::string noWindows() const override {
    return library->hasWindows() ? "" : library->manifest().getString("whyNoWindows").value_or("it has none").str();
  }
  std::vector<int64_t> windowState() const override { return library->windowState(); }
  void setWindowState(ArrayRef<int64_t> words) override { library->setWindowState(words); }

  Expected<std::string> optimise(const runtime::Optimiser &how, runtime::Update &step, Floats &state) override {
    runtime::Error error;
    bool isDone = library->optimise(how, step, state.data(), state.size() * sizeof(float), error);
    return stepResult(isDone, error);
  }

private:
  std::unique_ptr<run::Library> library;
};

} // namespace

std::unique_ptr<Gradients> compiledGradients(std::unique_ptr<run::Library> library) {
  return std::make_unique<CompiledGradients>(std::move(library));
}

std::unique_ptr<Gradients> interpretedGradients(rnn::ModelOp forward, rnn::ModelOp backward, bool fp64) {
  return std::make_unique<InterpretedGradients>(forward, backward, fp64);
}

} // namespace rondo::train
