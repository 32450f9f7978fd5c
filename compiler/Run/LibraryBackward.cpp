#include "compiler/Run/LibraryCall.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace rondo::reference;

namespace rondo::run {

/// Of an input on an axis the rows that have a tick: those of empty segments have none.
static Array rowsWithTicks(const Array &rows, ArrayRef<int64_t> ends, bool isSegmented) {
  if (!isSegmented)
    return rows;
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

Expected<Result> Library::runBackward(const Batch &batch, const GradientOptions &how) {
  Call call(*this, batch);
  if (Error error = call.addInputs())
    return std::move(error);
  call.addOutputs();
  Failure wrong;
  size_t bytes = 0;
  if (backwardBytes(call.in.data(), &bytes, &wrong))
    return failed("backward_workspace_bytes", wrong);
  AlignedBytes workspace(std::max<size_t>(bytes, 64)), gradients(std::max<size_t>(parameterBytes(), 64));
  std::memset(workspace.data(), 0xff, workspace.size()); // what nobody wrote is not a number
  std::fill_n(reinterpret_cast<float *>(gradients.data()), gradients.size() / sizeof(float), float(how.before));

  auto endsOf = [&](const Port &port, int64_t sample) { return call.ends(port.axis, sample); };
  auto isSegmented = [&](const Port &port) { return batch.offsets.count(port.axis) != 0; };
  std::vector<AlignedBytes> given, taken;
  std::vector<uint64_t> words = {0, how.accumulate, reinterpret_cast<uintptr_t>(gradients.data())};
  auto portOf = [](const std::vector<Port> &ports, StringRef name) -> const Port & {
    return *find_if(ports, [&](const Port &port) { return port.name == name; });
  };
  for (const std::string &name : gradientOutputs) {
    const Port &port = portOf(outputs, name);
    auto rows = batch.inputs.find("d." + name);
    if (rows == batch.inputs.end()) {
      words.push_back(0);
      continue;
    }
    given.emplace_back(std::max<size_t>(call.roomFor(port) * port.rowBytes(), 8));
    char *to = given.back().data();
    for (const auto &[sample, array] : enumerate(rows->second))
      to = port.write(
          rowsWithTicks(array, isSegmented(port) ? endsOf(port, sample) : std::vector<int64_t>(), isSegmented(port)),
          to);
    words.push_back(reinterpret_cast<uintptr_t>(given.back().data()));
  }
  for (const std::string &name : gradientInputs) {
    const Port &port = portOf(inputs, name);
    taken.emplace_back(std::max<size_t>(call.roomFor(port) * port.rowBytes(), 8));
    words.push_back(reinterpret_cast<uintptr_t>(taken.back().data()));
  }
  words[0] = words.size() * sizeof(uint64_t);
  if (backward(prepared.data(), call.in.data(), call.out.data(), words.data(), workspace.data(), bytes, pool, &wrong))
    return failed("backward", wrong);

  Result result = call.result();
  for (const Port &parameter : parameters) {
    Stream &stream = result.outputs["d." + parameter.name];
    stream.name = "d." + parameter.name;
    stream.rows.push_back(parameter.read(gradients.data() + parameter.offset, 0, /*isRow=*/true));
  }
  for (const auto &[name, buffer] : zip_equal(gradientInputs, taken)) {
    const Port &port = portOf(inputs, name);
    Stream &stream = result.outputs["d." + name];
    stream.name = "d." + name;
    stream.clock = port.clock;
    const char *from = buffer.data();
    for (int64_t s = 0; s < batch.samples; ++s) {
      int64_t rows = call.rowsOf(port.axis, s);
      stream.rows.push_back(rowsWithTicks(port.read(from, rows, /*isRow=*/false),
                                          isSegmented(port) ? endsOf(port, s) : std::vector<int64_t>(),
                                          isSegmented(port)));
      from += rows * port.rowBytes();
    }
  }
  return result;
}

} // namespace rondo::run
