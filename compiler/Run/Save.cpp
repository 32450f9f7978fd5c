// Outputs as a safetensors file, in the form in which inputs are read.
#include "compiler/Run/Inputs.h"
#include "compiler/Run/Print.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using rondo::reference::Stream;

namespace rondo::run {

/// Segments that have no tick get a row of zeros, so that rows and segments agree again.
static Array withEmptySegments(const Array &rows, const std::vector<int64_t> &offsets) {
  int64_t segments = int64_t(offsets.size()) - 1;
  if (rows.shape[0] == segments)
    return rows;
  std::vector<int64_t> shape = rows.shape;
  shape[0] = segments;
  Array out = makeArray(std::move(shape), rows.isReal);
  int64_t width = elementCount(ArrayRef<int64_t>(rows.shape).drop_front());
  int64_t from = 0;
  for (int64_t k = 0; k < segments; ++k) {
    if (offsets[k] == offsets[k + 1])
      continue;
    for (int64_t i = 0; i < width; ++i) {
      if (rows.isReal)
        out.reals[k * width + i] = rows.reals[from * width + i];
      else
        out.ints[k * width + i] = rows.ints[from * width + i];
    }
    ++from;
  }
  return out;
}

static void addList(SafetensorsWriter &writer, const std::string &name, const std::vector<int64_t> &values) {
  writer.addInts(name, DType::I64, {values.size()}, values.data());
}

Error saveOutputs(const RunReport &report, StringRef path) {
  auto chains = chainsOf(report.model);
  if (!chains)
    return chains.takeError();
  SafetensorsWriter writer;
  DType real = report.fp64 ? DType::F64 : DType::F32;
  for (const Chain &chain : *chains)
    addOffsets(writer, chain, report.batch);

  for (const dsl::Output &output : report.model.outputs) {
    auto it = report.result.outputs.find(output.name);
    if (it == report.result.outputs.end())
      continue;
    const Stream &stream = it->second;
    const dsl::Node &node = report.model.nodes[output.node];
    if (!node.clock) {
      addTensor(writer, output.name, stream.rows[0], real);
      continue;
    }
    bool ragged = !stream.axisClocks.empty() && !stream.counts.empty();
    bool onAxis = node.clock->kind == dsl::Clock::Kind::Axis || node.clock->kind == dsl::Clock::Kind::Sample;
    std::vector<Array> parts;
    std::vector<int64_t> offsets = {0}, ticks, counts;
    for (int64_t s = 0; s < report.batch.samples; ++s) {
      auto segments = report.batch.offsets.find(node.clock->name);
      bool onSegments = !ragged && node.clock->kind == dsl::Clock::Kind::Axis && segments != report.batch.offsets.end();
      parts.push_back(onSegments ? withEmptySegments(stream.rows[s], segments->second[s]) : stream.rows[s]);
      offsets.push_back(offsets.back() + int64_t(stream.ticks[s].size()));
      ticks.insert(ticks.end(), stream.ticks[s].begin(), stream.ticks[s].end());
      if (ragged)
        counts.insert(counts.end(), stream.counts[s].begin(), stream.counts[s].end());
    }
    std::vector<int64_t> row = rowShape(node.type);
    addTensor(writer, output.name, joinRows(parts, row, node.type.elem == dsl::Elem::Real), real);
    if (!onAxis || ragged) {
      addList(writer, output.name + ".offsets", offsets);
      addList(writer, output.name + ".ticks", ticks);
    }
    if (ragged)
      addList(writer, output.name + ".counts", counts);
  }
  return writeWhole(path, [&](raw_ostream &os) { os << writer.bytes(); });
}

} // namespace rondo::run
