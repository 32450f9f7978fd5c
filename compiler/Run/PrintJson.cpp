#include "compiler/Run/Print.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;
using rondo::reference::Stream;

namespace rondo::run {

namespace {

void writeReal(json::OStream &json, double value) {
  if (std::isfinite(value))
    json.value(value);
  else
    json.value(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

/// The elements from `at` on of an array with the axes `shape`, nested; `at` moves behind them.
void writeNested(json::OStream &json, const Array &array, ArrayRef<int64_t> shape, size_t &at) {
  if (shape.empty()) {
    if (array.isReal)
      writeReal(json, array.reals[at]);
    else
      json.value(array.ints[at]);
    ++at;
    return;
  }
  json.arrayBegin();
  for (int64_t i = 0; i < shape[0]; ++i)
    writeNested(json, array, shape.drop_front(), at);
  json.arrayEnd();
}

void writeList(json::OStream &json, ArrayRef<int64_t> numbers) {
  json.array([&] {
    for (int64_t number : numbers)
      json.value(number);
  });
}

void writeLists(json::OStream &json, StringRef key, const std::vector<std::vector<int64_t>> &lists) {
  json.attributeArray(key, [&] {
    for (const auto &list : lists)
      writeList(json, list);
  });
}

void writeStream(json::OStream &json, const Stream &stream, const dsl::Node &node, const dsl::Model &model) {
  json.attribute("type", dsl::describe(node.type, model));
  json.attribute("clock", stream.clock);
  writeLists(json, "ticks", stream.ticks);
  if (!stream.counts.empty())
    writeLists(json, "counts", stream.counts);
  json.attributeArray("rows", [&] {
    for (const Array &rows : stream.rows)
      writeJson(json, rows);
  });
}

} // namespace

void writeJson(json::OStream &json, const Array &array) {
  size_t at = 0;
  writeNested(json, array, array.shape, at);
}

void printJson(const RunReport &report, raw_ostream &os) {
  json::OStream json(os, /*IndentSize=*/1);
  const dsl::Model &model = report.model;
  json.objectBegin();
  json.attribute("model", model.name);
  json.attribute("training", model.training);
  json.attributeObject("sizes", [&] {
    for (const auto &[name, value] : model.sizes)
      json.attribute(name, value);
  });
  json.attribute("precision", report.fp64 ? "fp64" : "fp32");
  json.attribute("seed", report.seed);
  json.attributeObject("parameters", [&] {
    int64_t total = 0;
    for (const auto &[path, value] : report.params)
      total += elementCount(value.shape);
    json.attribute("count", total);
    json.attributeObject("shapes", [&] {
      for (const auto &[path, value] : report.params) {
        json.attributeBegin(path);
        writeList(json, value.shape);
        json.attributeEnd();
      }
    });
  });
  json.attributeObject("batch", [&] {
    json.attribute("samples", report.batch.samples);
    json.attributeObject("lengths", [&] {
      for (const auto &[axis, lengths] : report.batch.lengths) {
        json.attributeBegin(axis);
        writeList(json, lengths);
        json.attributeEnd();
      }
    });
    json.attributeObject("offsets", [&] {
      for (const auto &[axis, offsets] : report.batch.offsets)
        writeLists(json, axis, offsets);
    });
    json.attributeObject("inputs", [&] {
      for (const auto &input : report.batch.inputs)
        json.attributeArray(input.first, [&] {
          for (const Array &sample : input.second)
            writeJson(json, sample);
        });
    });
  });
  json.attributeObject("outputs", [&] {
    for (const dsl::Output &output : model.outputs)
      if (auto it = report.result.outputs.find(output.name); it != report.result.outputs.end())
        json.attributeObject(output.name, [&] { writeStream(json, it->second, model.nodes[output.node], model); });
  });
  json.attributeObject("losses", [&] {
    for (const reference::LossValue &loss : report.result.losses)
      json.attributeObject(loss.name, [&] {
        json.attributeBegin("value");
        writeReal(json, loss.value);
        json.attributeEnd();
        json.attribute("ticks", loss.ticks);
      });
  });
  json.attributeArray("equations", [&] {
    for (const Stream &stream : report.equations)
      json.object([&] {
        json.attribute("name", stream.name);
        json.attribute("clock", stream.clock);
        writeLists(json, "ticks", stream.ticks);
      });
  });
  json.objectEnd();
  os << '\n';
}

} // namespace rondo::run
