#include "runtime/HalfFloat.h"
#include "runtime/HeaderJson.h"
#include "runtime/Safetensors.h"
#include <algorithm>

namespace rondo::runtime {

namespace {

template <typename T> void append(std::string &out, T value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

void appendReal(std::string &out, DType dtype, double value) {
  switch (dtype) {
  case DType::F64: return append(out, value);
  case DType::F32: return append(out, float(value));
  case DType::F16: return append(out, doubleToHalf(value));
  case DType::BF16: return append(out, doubleToBfloat(value));
  case DType::I64: return append(out, int64_t(value));
  case DType::I32: return append(out, int32_t(value));
  case DType::I16: return append(out, int16_t(value));
  case DType::I8: return append(out, int8_t(value));
  case DType::U8: return append(out, uint8_t(value));
  case DType::Bool: return append(out, uint8_t(value != 0));
  }
}

void appendInt(std::string &out, DType dtype, int64_t value) {
  switch (dtype) {
  case DType::I64: return append(out, value);
  case DType::I32: return append(out, int32_t(value));
  case DType::I16: return append(out, int16_t(value));
  case DType::I8: return append(out, int8_t(value));
  case DType::U8: return append(out, uint8_t(value));
  case DType::Bool: return append(out, uint8_t(value != 0));
  default: return appendReal(out, dtype, double(value));
  }
}

uint64_t elements(const std::vector<uint64_t> &shape) {
  uint64_t count = 1;
  for (uint64_t extent : shape)
    count *= extent;
  return count;
}

} // namespace

void SafetensorsWriter::addReals(std::string name, DType dtype, std::vector<uint64_t> shape, const double *values) {
  Entry entry{std::move(name), dtype, std::move(shape), {}};
  for (uint64_t i = 0, n = elements(entry.shape); i < n; ++i)
    appendReal(entry.data, dtype, values[i]);
  entries.push_back(std::move(entry));
}

void SafetensorsWriter::addInts(std::string name, DType dtype, std::vector<uint64_t> shape, const int64_t *values) {
  Entry entry{std::move(name), dtype, std::move(shape), {}};
  for (uint64_t i = 0, n = elements(entry.shape); i < n; ++i)
    appendInt(entry.data, dtype, values[i]);
  entries.push_back(std::move(entry));
}

void SafetensorsWriter::addMetadata(std::string key, std::string value) {
  meta.emplace_back(std::move(key), std::move(value));
}

std::string SafetensorsWriter::bytes() const {
  // Wide elements first, so that every tensor is aligned to its element; then by name.
  std::vector<const Entry *> order;
  for (const Entry &entry : entries)
    order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry *a, const Entry *b) {
    return std::make_pair(-int(dtypeBytes(a->dtype)), a->name) < std::make_pair(-int(dtypeBytes(b->dtype)), b->name);
  });

  std::string header = "{";
  auto separate = [&] {
    if (header.size() > 1)
      header += ',';
  };
  if (!meta.empty()) {
    header += "\"__metadata__\":{";
    for (size_t i = 0; i < meta.size(); ++i)
      header += (i ? "," : "") + quoteJson(meta[i].first) + ":" + quoteJson(meta[i].second);
    header += "}";
  }
  uint64_t offset = 0;
  for (const Entry *entry : order) {
    separate();
    header += quoteJson(entry->name) + ":{\"dtype\":\"" + dtypeName(entry->dtype) + "\",\"shape\":[";
    for (size_t i = 0; i < entry->shape.size(); ++i)
      header += (i ? "," : "") + std::to_string(entry->shape[i]);
    header +=
        "],\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(offset + entry->data.size()) + "]}";
    offset += entry->data.size();
  }
  header += "}";
  while (header.size() % 8)
    header += ' ';

  std::string out;
  append(out, uint64_t(header.size()));
  out += header;
  for (const Entry *entry : order)
    out += entry->data;
  return out;
}

} // namespace rondo::runtime
