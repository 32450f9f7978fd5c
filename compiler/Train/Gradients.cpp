#include "compiler/Train/Gradients.h"
#include "compiler/IR/Rnn.h"
#include "compiler/Run/Library.h"
#include <algorithm>
#include <cstring>

using namespace llvm;

namespace rondo::train {

Gradients::~Gradients() = default;

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
    llvm::sort(layout, [](const Parameter &a, const Parameter &b) { return a.path < b.path; });
    count = *manifest.getObject("bytes")->getInteger("parameters") / int64_t(sizeof(float));
    for (run::AlignedBytes *buffer : {&values, &results}) {
      *buffer = run::AlignedBytes(std::max<size_t>(size_t(count) * sizeof(float), 64));
      std::memset(buffer->data(), 0, buffer->size());
    }
  }

  Expected<reference::Params> initialise(uint64_t seed) override {
    if (Error error = library->makeParameters(seed, values.data()))
      return std::move(error);
    return readParameters(layout, reinterpret_cast<const float *>(values.data()));
  }

  Expected<std::vector<reference::LossValue>> compute(const float *parameters, float *gradients,
                                                      const reference::Batch &batch, uint64_t seed) override {
    size_t bytes = size_t(count) * sizeof(float);
    std::memcpy(values.data(), parameters, bytes);
    auto losses = library->computeLosses(values.data(), gradients ? results.data() : nullptr, batch, seed);
    if (losses && gradients)
      std::memcpy(gradients, results.data(), bytes);
    return losses;
  }

private:
  std::unique_ptr<run::Library> library;
  run::AlignedBytes values, results; // at addresses as the library wants them
};

} // namespace

std::unique_ptr<Gradients> compiledGradients(std::unique_ptr<run::Library> library) {
  return std::make_unique<CompiledGradients>(std::move(library));
}

std::unique_ptr<Gradients> interpretedGradients(rnn::ModelOp forward, rnn::ModelOp backward, bool fp64) {
  return std::make_unique<InterpretedGradients>(forward, backward, fp64);
}

} // namespace rondo::train
