#include "compiler/Run/Safetensors.h"
#include "runtime/HalfFloat.h"
#include <algorithm>

namespace rondo::run {

using runtime::MetadataEntry;
using runtime::TensorEntry;
using runtime::Text;

static std::string toString(Text text) { return std::string(text.begin, text.size); }
static Text toText(const std::string &text) { return {text.data(), text.size()}; }

//===--- Reading -----------------------------------------------------------------------------------------------===//

std::vector<double> toReals(const Tensor &tensor) {
  std::vector<double> values(tensor.count);
  for (uint64_t i = 0; i < tensor.count; ++i)
    values[i] = runtime::realAt(tensor.dtype, tensor.data, i);
  return values;
}

bool toInts(const Tensor &tensor, std::vector<int64_t> &values, std::string &error) {
  if (isReal(tensor.dtype)) {
    error = "tensor '" + tensor.name + "' holds " + dtypeName(tensor.dtype) + ", not whole numbers";
    return false;
  }
  values.resize(tensor.count);
  for (uint64_t i = 0; i < tensor.count; ++i)
    values[i] = runtime::intAt(tensor.dtype, tensor.data, i);
  return true;
}

bool SafetensorsFile::read(const void *bytes, size_t size, runtime::Error *error) {
  runtime::TensorTable table;
  if (!table.read(bytes, size, error))
    return false;
  for (size_t i = 0; i < table.count; ++i) {
    const TensorEntry &entry = table.tensors[i];
    all.push_back({toString(entry.name), entry.dtype, std::vector<uint64_t>(entry.shape, entry.shape + entry.rank),
                   entry.count, table.data + entry.begin});
  }
  for (size_t i = 0; i < table.metadataCount; ++i)
    meta.emplace_back(toString(table.metadata[i].key), toString(table.metadata[i].value));
  return true;
}

std::unique_ptr<SafetensorsFile> SafetensorsFile::parse(const void *bytes, size_t size, std::string &error) {
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  runtime::Error why;
  if (file->read(bytes, size, &why))
    return file;
  error = why.message;
  return nullptr;
}

std::unique_ptr<SafetensorsFile> SafetensorsFile::open(const std::string &path, std::string &error) {
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  runtime::Error why;
  if (file->mapped.open(path.c_str(), &why) && file->read(file->mapped.bytes(), file->mapped.size(), &why))
    return file;
  error = why.message;
  return nullptr;
}

const Tensor *SafetensorsFile::find(const std::string &name) const {
  auto it =
      std::lower_bound(all.begin(), all.end(), name, [](const Tensor &t, const std::string &n) { return t.name < n; });
  return it != all.end() && it->name == name ? &*it : nullptr;
}

//===--- Writing -----------------------------------------------------------------------------------------------===//

template <typename T> static void append(std::string &out, T value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

static void appendReal(std::string &out, DType dtype, double value) {
  switch (dtype) {
  case DType::F64: return append(out, value);
  case DType::F32: return append(out, float(value));
  case DType::F16: return append(out, runtime::doubleToHalf(value));
  case DType::BF16: return append(out, runtime::doubleToBfloat(value));
  case DType::I64: return append(out, int64_t(value));
  case DType::I32: return append(out, int32_t(value));
  case DType::I16: return append(out, int16_t(value));
  case DType::I8: return append(out, int8_t(value));
  case DType::U8: return append(out, uint8_t(value));
  case DType::Bool: return append(out, uint8_t(value != 0));
  }
}

static void appendInt(std::string &out, DType dtype, int64_t value) {
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

static uint64_t elements(const std::vector<uint64_t> &shape) {
  uint64_t count = 1;
  for (uint64_t extent : shape)
    count *= extent;
  return count;
}

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
  std::vector<TensorEntry> tensors;
  uint64_t offset = 0;
  for (const Entry *entry : order) {
    TensorEntry tensor;
    tensor.name = toText(entry->name);
    tensor.dtype = entry->dtype;
    tensor.rank = int32_t(entry->shape.size());
    tensor.shape = entry->shape.data();
    tensor.begin = offset;
    tensor.end = offset += entry->data.size();
    tensors.push_back(tensor);
  }
  std::vector<MetadataEntry> metadata;
  for (const auto &[key, value] : meta)
    metadata.push_back({toText(key), toText(value)});
  auto header = [&](char *to) {
    return runtime::writeHeader(tensors.data(), tensors.size(), metadata.data(), metadata.size(), to);
  };
  std::string out(header(nullptr), ' ');
  header(out.data());
  for (const Entry *entry : order)
    out += entry->data;
  return out;
}

} // namespace rondo::run
