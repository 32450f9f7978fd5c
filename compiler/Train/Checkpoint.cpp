#include "compiler/Train/Checkpoint.h"
#include "compiler/Run/Files.h"
#include "compiler/Run/Print.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <fmt/format.h>
#include <set>

using namespace llvm;

namespace rondo::train {

namespace {

constexpr const char *versionKey = "rondo.training", *version = "1";
constexpr const char *optionPrefix = "option.";
constexpr const char *memoryName = "@window", *sumsName = "@epoch"; // no path of a parameter begins so
constexpr size_t numbersOfSum = sizeof(Means::Sum) / sizeof(double);

std::string slotName(const Parameter &parameter, int64_t slot) { return parameter.path + "@" + std::to_string(slot); }

uint64_t bitsOf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

using Metadata = std::map<std::string, std::string>;

struct Opened {
  std::unique_ptr<run::SafetensorsFile> file;
  Metadata metadata;
};

Expected<Opened> open(StringRef path) {
  auto file = run::openSafetensors(path);
  if (!file)
    return file.takeError();
  Metadata metadata((*file)->metadata().begin(), (*file)->metadata().end());
  if (metadata[versionKey] != version)
    return run::failureIn(path, "is no checkpoint of 'rondo train'");
  return Opened{std::move(*file), std::move(metadata)};
}

Settings settingsOf(const Metadata &metadata) {
  Settings settings;
  for (const auto &[key, value] : metadata)
    if (StringRef name = key; name.consume_front(optionPrefix))
      settings[name.str()] = value;
  return settings;
}

} // namespace

Error writeCheckpoint(StringRef path, const Checkpoint &checkpoint, const std::vector<Parameter> &layout) {
  run::SafetensorsWriter writer;
  int64_t stride = int64_t(checkpoint.parameters.size());
  std::vector<double> values;
  auto add = [&](std::string name, const Parameter &parameter, const float *from) {
    values.assign(from, from + parameter.size);
    writer.addReals(std::move(name), run::DType::F32, {parameter.shape.begin(), parameter.shape.end()}, values.data());
  };
  for (const Parameter &parameter : layout) {
    add(parameter.path, parameter, checkpoint.parameters.data() + parameter.offset);
    for (int64_t slot = 0; slot < checkpoint.slots; ++slot)
      add(slotName(parameter, slot), parameter, checkpoint.state.data() + slot * stride + parameter.offset);
  }
  if (!checkpoint.memory.empty())
    writer.addInts(memoryName, run::DType::I64, {checkpoint.memory.size()}, checkpoint.memory.data());
  if (!checkpoint.sums.empty())
    writer.addReals(sumsName, run::DType::F64, {checkpoint.sums.size(), numbersOfSum}, &checkpoint.sums[0].weighted);
  writer.addMetadata("window", std::to_string(checkpoint.window));
  writer.addMetadata(versionKey, version);
  writer.addMetadata("model", checkpoint.model);
  writer.addMetadata("data", std::to_string(checkpoint.data));
  writer.addMetadata("step", std::to_string(checkpoint.step));
  writer.addMetadata("epoch", std::to_string(checkpoint.epoch));
  writer.addMetadata("batch", std::to_string(checkpoint.batch));
  writer.addMetadata("best", std::to_string(bitsOf(checkpoint.best))); // the bits of the double
  writer.addMetadata("slots", std::to_string(checkpoint.slots));
  for (const auto &[option, value] : checkpoint.settings)
    writer.addMetadata(optionPrefix + option, value);
  return run::writeWhole(path, [&](raw_ostream &os) { os << writer.bytes(); });
}

Expected<Settings> readSettings(StringRef path) {
  auto opened = open(path);
  if (!opened)
    return opened.takeError();
  return settingsOf(opened->metadata);
}

bool isOfNoStep(StringRef path) {
  auto opened = open(path);
  if (!opened)
    consumeError(opened.takeError());
  return opened && opened->metadata["step"] == "0";
}

Expected<Checkpoint> readCheckpoint(StringRef path, StringRef model, const std::vector<Parameter> &layout,
                                    int64_t floats) {
  auto opened = open(path);
  if (!opened)
    return opened.takeError();
  const run::SafetensorsFile &file = *opened->file;
  Metadata &metadata = opened->metadata;
  Checkpoint checkpoint;
  checkpoint.model = metadata["model"];
  if (checkpoint.model != model)
    return run::failureIn(path, "is a checkpoint of model '" + checkpoint.model + "', not of '" + model + "'");
  checkpoint.settings = settingsOf(metadata);
  auto number = [&](const char *key, auto &value) { return !StringRef(metadata[key]).getAsInteger(10, value); };
  uint64_t best = 0;
  if (!number("data", checkpoint.data) || !number("step", checkpoint.step) || !number("epoch", checkpoint.epoch) ||
      !number("batch", checkpoint.batch) || !number("best", best) || !number("slots", checkpoint.slots) ||
      checkpoint.step < 0 || checkpoint.epoch < 0 || checkpoint.batch < 0 || checkpoint.slots < 0 ||
      checkpoint.slots > 2 || (metadata.count("window") && !number("window", checkpoint.window)) ||
      checkpoint.window < 0)
    return run::failureIn(path, "is a damaged checkpoint: its step, epoch, batch, best, slots or data is no number");
  std::memcpy(&checkpoint.best, &best, sizeof best);

  checkpoint.parameters.resize(floats);
  checkpoint.state.resize(checkpoint.slots * floats);
  std::set<std::string> expected;
  auto take = [&](const std::string &name, const Parameter &parameter, float *to) -> Error {
    expected.insert(name);
    const run::Tensor *tensor = file.find(name);
    if (!tensor)
      return run::failureIn(path, "has no '" + name + "', which the model has; it is of another model");
    std::vector<int64_t> shape(tensor->shape.begin(), tensor->shape.end());
    if (shape != parameter.shape || tensor->dtype != run::DType::F32)
      return run::failureIn(path, "'" + name + "' has shape " + run::describeShape(shape) + ", but " +
                                      run::describeShape(parameter.shape) + " in the model");
    std::memcpy(to, tensor->data, size_t(parameter.size) * sizeof(float));
    return Error::success();
  };
  for (const Parameter &parameter : layout) {
    if (Error error = take(parameter.path, parameter, checkpoint.parameters.data() + parameter.offset))
      return std::move(error);
    for (int64_t slot = 0; slot < checkpoint.slots; ++slot)
      if (Error error =
              take(slotName(parameter, slot), parameter, checkpoint.state.data() + slot * floats + parameter.offset))
        return std::move(error);
  }
  if (const run::Tensor *memory = file.find(memoryName); memory && memory->dtype == run::DType::I64) {
    expected.insert(memoryName);
    checkpoint.memory.resize(memory->shape.size() == 1 ? memory->shape[0] : 0);
    std::memcpy(checkpoint.memory.data(), memory->data, checkpoint.memory.size() * sizeof(int64_t));
  }
  if (const run::Tensor *sums = file.find(sumsName); sums && sums->dtype == run::DType::F64) {
    expected.insert(sumsName);
    checkpoint.sums.resize(sums->count / numbersOfSum);
    std::memcpy(checkpoint.sums.data(), sums->data, checkpoint.sums.size() * sizeof(Means::Sum));
  }
  for (const run::Tensor &tensor : file.tensors())
    if (!expected.count(tensor.name))
      return run::failureIn(path, "has '" + tensor.name + "', which the model does not have; it is of another model");
  return checkpoint;
}

} // namespace rondo::train
