#include "compiler/Run/LibraryCall.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

/// Of an input on an axis the rows that have a tick: those of empty segments have none.
static Array rowsWithTicks(const Array &rows, ArrayRef<int64_t> ends) {
  std::vector<int64_t> shape = rows.shape;
  int64_t before = 0, elements = elementCount(ArrayRef(shape).drop_front());
  Array kept;
  kept.isReal = true;
  shape[0] = 0;
  for (const auto &[row, end] : enumerate(ends)) {
    if (end > before) {
      kept.reals.insert(kept.reals.end(), rows.reals.begin() + row * elements,
                        rows.reals.begin() + (row + 1) * elements);
      ++shape[0];
    }
    before = end;
  }
  kept.shape = std::move(shape);
  return kept;
}

Library::Flow::Flow(const Call &call, const GradientOptions &how)
    : call(call), parameters(call.library.parameterBytes()) {
  const Library &library = call.library;
  std::fill_n(reinterpret_cast<float *>(parameters.data()), parameters.size() / sizeof(float), float(how.before));
  words = {0, how.accumulate, reinterpret_cast<uintptr_t>(parameters.data())};
  for (const std::string &name : library.gradientOutputs) {
    const Port &port = portOf(library.outputs, name);
    auto rows = call.batch.inputs.find("d." + name);
    if (rows == call.batch.inputs.end()) {
      words.push_back(0);
      continue;
    }
    given.push_back(port.rows(call.flowsInto(port)));
    char *to = given.back().data();
    bool isSegmented = call.batch.offsets.count(port.axis);
    for (const auto &[sample, array] : enumerate(rows->second))
      to = port.write(isSegmented ? rowsWithTicks(array, call.ends(port.axis, sample)) : array, to);
    words.push_back(reinterpret_cast<uintptr_t>(given.back().data()));
  }
  for (const std::string &name : library.gradientInputs) {
    const Port &port = portOf(library.inputs, name);
    taken.push_back(port.rows(call.roomFor(port)));
    words.push_back(reinterpret_cast<uintptr_t>(taken.back().data()));
  }
  words[0] = words.size() * sizeof(uint64_t);
}

void Library::Flow::addTo(Result &result) const {
  const Library &library = call.library;
  for (const Port &parameter : library.parameters) {
    Stream &stream = result.outputs["d." + parameter.name];
    stream.name = "d." + parameter.name;
    stream.rows.push_back(parameter.read(parameters.data() + parameter.offset, 0, /*isRow=*/true));
  }
  for (const auto &[name, buffer] : zip_equal(library.gradientInputs, taken)) {
    const Port &port = portOf(library.inputs, name);
    Stream &stream = result.outputs["d." + name];
    stream.name = "d." + name;
    stream.clock = port.clock;
    const char *from = buffer.data();
    bool isSegmented = call.batch.offsets.count(port.axis);
    for (int64_t s = 0; s < call.batch.samples; ++s) {
      int64_t rows = call.rowsOf(port.axis, s);
      Array array = port.read(from, rows, /*isRow=*/false);
      stream.rows.push_back(isSegmented ? rowsWithTicks(array, call.ends(port.axis, s)) : array);
      from += rows * port.rowBytes();
    }
  }
}

Expected<Result> Library::runBackward(const Batch &batch, const GradientOptions &how) {
  Call call(*this, batch);
  auto workspace = makeReady(call, /*gradients=*/true);
  if (!workspace)
    return workspace.takeError();
  auto isGiven = [&](const Port &output) {
    return !how.checkpoints || output.clock.empty() || output.clock == output.axis;
  };
  for (const auto &[i, output] : enumerate(outputs))
    if (!isGiven(output))
      std::fill_n(call.out.begin() + 1 + 4 * i, 4, 0);
  Flow flow(call, how);
  Failure wrong;
  if (backward(prepared.data(), call.in.data(), call.out.data(), flow.words.data(), workspace->data(),
               workspace->size(), pool, &wrong))
    return failed(wrong);
  Result result = call.result();
  for (const Port &output : outputs)
    if (!isGiven(output))
      result.outputs.erase(output.name);
  flow.addTo(result);
  return result;
}

} // namespace rondo::run
