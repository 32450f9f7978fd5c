// Safetensors files as the compiler uses them; runtime/Tensors.h reads and writes their headers.
//
// A function that can fail returns null or false and leaves a message that names the tensor or the byte.
#ifndef RONDO_RUN_SAFETENSORS_H
#define RONDO_RUN_SAFETENSORS_H

#include "runtime/Tensors.h"
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rondo::run {

using runtime::DType;

/// A tensor inside a file. `data` is row-major, little-endian and may be unaligned; it lives as long as the file.
struct Tensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<uint64_t> shape; // empty: a scalar
  uint64_t count = 1;          // elements
  const unsigned char *data = nullptr;
};

/// All elements as doubles: exact but for integers beyond 2^53.
std::vector<double> toReals(const Tensor &tensor);
/// All elements as integers; false (and a message) for a real type.
bool toInts(const Tensor &tensor, std::vector<int64_t> &values, std::string &error);

class SafetensorsFile {
public:
  static std::unique_ptr<SafetensorsFile> open(const std::string &path, std::string &error);
  /// The same on bytes in memory, which must outlive the result.
  static std::unique_ptr<SafetensorsFile> parse(const void *bytes, size_t size, std::string &error);

  const std::vector<Tensor> &tensors() const { return all; } // in order of name
  const Tensor *find(const std::string &name) const;
  const std::vector<std::pair<std::string, std::string>> &metadata() const { return meta; } // in order of key

private:
  SafetensorsFile() = default;
  bool read(const void *bytes, size_t size, runtime::Error *error);

  runtime::MappedFile mapped;
  std::vector<Tensor> all;
  std::vector<std::pair<std::string, std::string>> meta;
};

/// Collects tensors; `bytes` is the file that holds them.
class SafetensorsWriter {
public:
  /// Values are converted to `dtype` (to nearest, ties to even); integers that do not fit are a caller's mistake and
  /// wrap.
  void addReals(std::string name, DType dtype, std::vector<uint64_t> shape, const double *values);
  void addInts(std::string name, DType dtype, std::vector<uint64_t> shape, const int64_t *values);
  void addMetadata(std::string key, std::string value);

  std::string bytes() const;

private:
  struct Entry {
    std::string name;
    DType dtype;
    std::vector<uint64_t> shape;
    std::string data;
  };
  std::vector<Entry> entries;
  std::vector<std::pair<std::string, std::string>> meta;
};

} // namespace rondo::run
#endif
