#include "runtime/Safetensors.h"
#include "runtime/HalfFloat.h"
#include "runtime/HeaderJson.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rondo::runtime {

namespace {

struct DTypeRow {
  DType dtype;
  const char *name;
  size_t bytes;
  bool real;
};
// In the order of the enumerators.
const DTypeRow dtypes[] = {
    {DType::F64, "F64", 8, true},    {DType::F32, "F32", 4, true},  {DType::F16, "F16", 2, true},
    {DType::BF16, "BF16", 2, true},  {DType::I64, "I64", 8, false}, {DType::I32, "I32", 4, false},
    {DType::I16, "I16", 2, false},   {DType::I8, "I8", 1, false},   {DType::U8, "U8", 1, false},
    {DType::Bool, "BOOL", 1, false},
};

const uint64_t maxHeaderBytes = 100'000'000; // the format's own limit
const size_t maxRank = 32;

std::string quoted(const std::string &name) { return "tensor '" + name + "'"; }

struct Place {
  uint64_t begin = 0, end = 0;
};

/// The fields of one tensor: each must be there once.
bool readFields(HeaderJson &json, Tensor &tensor, Place &place) {
  bool hasType = false, hasShape = false, hasOffsets = false;
  auto once = [&](bool &seen, const char *field) {
    if (seen)
      return json.fail(quoted(tensor.name) + " has two fields '" + field + "'");
    return seen = true;
  };
  if (!json.expect('{'))
    return false;
  if (!json.accept('}')) {
    do {
      std::string field, text;
      if (!json.string(field) || !json.expect(':'))
        return false;
      if (field == "dtype") {
        if (!once(hasType, "dtype") || !json.string(text))
          return false;
        auto row =
            std::find_if(std::begin(dtypes), std::end(dtypes), [&](const DTypeRow &r) { return text == r.name; });
        if (row == std::end(dtypes))
          return json.fail(quoted(tensor.name) + " has the element type '" + text +
                           "', which is not one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL");
        tensor.dtype = row->dtype;
      } else if (field == "shape") {
        if (!once(hasShape, "shape") || !json.expect('['))
          return false;
        if (!json.accept(']')) {
          do {
            uint64_t extent = 0;
            if (!json.number(extent))
              return false;
            if (tensor.shape.size() == maxRank)
              return json.fail(quoted(tensor.name) + " has more than 32 axes");
            tensor.shape.push_back(extent);
          } while (json.accept(','));
          if (!json.expect(']'))
            return false;
        }
      } else if (field == "data_offsets") {
        if (!once(hasOffsets, "data_offsets") || !json.expect('[') || !json.number(place.begin) || !json.expect(',') ||
            !json.number(place.end) || !json.expect(']'))
          return false;
      } else {
        return json.fail(quoted(tensor.name) + " has an unknown field '" + field + "'");
      }
    } while (json.accept(','));
    if (!json.expect('}'))
      return false;
  }
  if (!hasType || !hasShape || !hasOffsets)
    return json.fail(quoted(tensor.name) + " lacks the field '" +
                     (!hasType    ? "dtype"
                      : !hasShape ? "shape"
                                  : "data_offsets") +
                     "'");
  return true;
}

bool readMetadata(HeaderJson &json, std::vector<std::pair<std::string, std::string>> &meta) {
  if (!json.expect('{'))
    return false;
  if (json.accept('}'))
    return true;
  do {
    std::string key, value;
    if (!json.string(key) || !json.expect(':') || !json.string(value))
      return false;
    for (const auto &entry : meta)
      if (entry.first == key)
        return json.fail("metadata '" + key + "' stands twice");
    meta.emplace_back(std::move(key), std::move(value));
  } while (json.accept(','));
  return json.expect('}');
}

/// The number of elements, and that they fill their place exactly.
bool measure(Tensor &tensor, Place place, uint64_t dataBytes, std::string &error) {
  tensor.count = 1;
  bool empty = std::find(tensor.shape.begin(), tensor.shape.end(), 0u) != tensor.shape.end();
  if (empty)
    tensor.count = 0;
  for (uint64_t extent : tensor.shape)
    if (!empty && __builtin_mul_overflow(tensor.count, extent, &tensor.count)) {
      error = quoted(tensor.name) + ": its shape has more elements than fit in 64 bits";
      return false;
    }
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(tensor.count, uint64_t(dtypeBytes(tensor.dtype)), &bytes)) {
    error = quoted(tensor.name) + ": its shape has more bytes than fit in 64 bits";
    return false;
  }
  if (place.end < place.begin) {
    error = quoted(tensor.name) + ": its data ends before it begins";
    return false;
  }
  if (place.end > dataBytes) {
    error = quoted(tensor.name) + ": its data ends at byte " + std::to_string(place.end) + " of " +
            std::to_string(dataBytes) + "; the file is truncated";
    return false;
  }
  if (place.end - place.begin != bytes) {
    error = quoted(tensor.name) + ": its shape takes " + std::to_string(bytes) + " bytes, its place has " +
            std::to_string(place.end - place.begin);
    return false;
  }
  return true;
}

template <typename T> T load(const unsigned char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

double realAt(const Tensor &tensor, uint64_t i) {
  const unsigned char *at = tensor.data + i * dtypeBytes(tensor.dtype);
  switch (tensor.dtype) {
  case DType::F64: return load<double>(at);
  case DType::F32: return load<float>(at);
  case DType::F16: return halfToDouble(load<uint16_t>(at));
  case DType::BF16: return bfloatToDouble(load<uint16_t>(at));
  case DType::I64: return double(load<int64_t>(at));
  case DType::I32: return load<int32_t>(at);
  case DType::I16: return load<int16_t>(at);
  case DType::I8: return load<int8_t>(at);
  case DType::U8: return *at;
  case DType::Bool: return *at != 0;
  }
  return 0;
}

int64_t intAt(const Tensor &tensor, uint64_t i) {
  const unsigned char *at = tensor.data + i * dtypeBytes(tensor.dtype);
  switch (tensor.dtype) {
  case DType::I64: return load<int64_t>(at);
  case DType::I32: return load<int32_t>(at);
  case DType::I16: return load<int16_t>(at);
  case DType::I8: return load<int8_t>(at);
  case DType::U8: return *at;
  case DType::Bool: return *at != 0;
  default: return 0; // real types do not come here
  }
}

} // namespace

const char *dtypeName(DType dtype) { return dtypes[size_t(dtype)].name; }
size_t dtypeBytes(DType dtype) { return dtypes[size_t(dtype)].bytes; }
bool isReal(DType dtype) { return dtypes[size_t(dtype)].real; }

std::vector<double> toReals(const Tensor &tensor) {
  std::vector<double> values(tensor.count);
  for (uint64_t i = 0; i < tensor.count; ++i)
    values[i] = realAt(tensor, i);
  return values;
}

bool toInts(const Tensor &tensor, std::vector<int64_t> &values, std::string &error) {
  if (isReal(tensor.dtype)) {
    error = quoted(tensor.name) + " holds " + dtypeName(tensor.dtype) + ", not whole numbers";
    return false;
  }
  values.resize(tensor.count);
  for (uint64_t i = 0; i < tensor.count; ++i)
    values[i] = intAt(tensor, i);
  return true;
}

bool SafetensorsFile::read(const unsigned char *bytes, size_t size, std::string &error) {
  if (size < 8) {
    error = "the file has " + std::to_string(size) +
            " bytes; a safetensors file starts with the 8 bytes of its header's length";
    return false;
  }
  uint64_t headerBytes = load<uint64_t>(bytes);
  if (headerBytes > maxHeaderBytes) {
    error = "the header's length, " + std::to_string(headerBytes) +
            ", is over the limit of 100000000; is this a safetensors file?";
    return false;
  }
  if (headerBytes > size - 8) {
    error = "the header's length is " + std::to_string(headerBytes) + ", but only " + std::to_string(size - 8) +
            " bytes follow; the file is truncated";
    return false;
  }
  const unsigned char *data = bytes + 8 + headerBytes;
  uint64_t dataBytes = size - 8 - headerBytes;

  HeaderJson json(reinterpret_cast<const char *>(bytes) + 8, headerBytes);
  std::vector<Place> places;
  bool hasMetadata = false;
  json.expect('{');
  if (json.error.empty() && !json.accept('}')) {
    do {
      Tensor tensor;
      Place place;
      if (!json.string(tensor.name) || !json.expect(':'))
        break;
      if (tensor.name == "__metadata__") {
        if (hasMetadata)
          json.fail("the field '__metadata__' stands twice");
        hasMetadata = true;
        if (!json.error.empty() || !readMetadata(json, meta))
          break;
        continue;
      }
      if (!readFields(json, tensor, place))
        break;
      all.push_back(std::move(tensor));
      places.push_back(place);
    } while (json.accept(','));
    json.expect('}');
  }
  if (json.error.empty() && !json.atEnd())
    json.fail("text behind the end of the object");
  if (!json.error.empty()) {
    error = json.error;
    return false;
  }

  std::vector<size_t> order(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    order[i] = i;
    if (!measure(all[i], places[i], dataBytes, error))
      return false;
    all[i].data = data + places[i].begin;
  }
  // Side by side in order of place, they must meet exactly, from the first byte to the last.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::make_pair(places[a].begin, places[a].end) < std::make_pair(places[b].begin, places[b].end);
  });
  uint64_t reached = 0;
  for (size_t n = 0; n < order.size(); ++n) {
    const Tensor &tensor = all[order[n]];
    if (places[order[n]].begin < reached) {
      error = quoted(tensor.name) + " overlaps " + quoted(all[order[n - 1]].name);
      return false;
    }
    if (places[order[n]].begin > reached) {
      error = "bytes " + std::to_string(reached) + " to " + std::to_string(places[order[n]].begin) +
              " of the data belong to no tensor; they stand before " + quoted(tensor.name);
      return false;
    }
    reached = places[order[n]].end;
  }
  if (reached != dataBytes) {
    error = std::to_string(dataBytes - reached) + " bytes behind the last tensor belong to no tensor";
    return false;
  }

  std::sort(all.begin(), all.end(), [](const Tensor &a, const Tensor &b) { return a.name < b.name; });
  for (size_t i = 1; i < all.size(); ++i)
    if (all[i].name == all[i - 1].name) {
      error = quoted(all[i].name) + " stands twice";
      return false;
    }
  return true;
}

std::unique_ptr<SafetensorsFile> SafetensorsFile::parse(const void *bytes, size_t size, std::string &error) {
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  if (!file->read(static_cast<const unsigned char *>(bytes), size, error))
    return nullptr;
  return file;
}

std::unique_ptr<SafetensorsFile> SafetensorsFile::open(const std::string &path, std::string &error) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    error = std::strerror(errno);
    return nullptr;
  }
  struct stat status;
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    error = S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file";
    ::close(descriptor);
    return nullptr;
  }
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  file->mappedBytes = size_t(status.st_size);
  if (file->mappedBytes) {
    void *mapping = ::mmap(nullptr, file->mappedBytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapping == MAP_FAILED) {
      error = std::strerror(errno);
      ::close(descriptor);
      return nullptr;
    }
    file->mapping = mapping;
  }
  ::close(descriptor);
  if (!file->read(static_cast<const unsigned char *>(file->mapping), file->mappedBytes, error))
    return nullptr;
  return file;
}

SafetensorsFile::~SafetensorsFile() {
  if (mapping)
    ::munmap(mapping, mappedBytes);
}

const Tensor *SafetensorsFile::find(const std::string &name) const {
  auto it =
      std::lower_bound(all.begin(), all.end(), name, [](const Tensor &t, const std::string &n) { return t.name < n; });
  return it != all.end() && it->name == name ? &*it : nullptr;
}

} // namespace rondo::runtime
