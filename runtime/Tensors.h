// Safetensors files: a JSON header of names, types, shapes and places, then the data of all tensors, packed.
//
//   8 bytes: length of the header, little-endian
//   header: {"NAME": {"dtype", "shape", "data_offsets": [begin, end]}, ..}
//   data: offsets count from the end of the header; they cover it without holes or overlaps
//
// The reader trusts nothing in a file: what it hands out is checked. Built libraries load and save parameters with this,
// and the compiler reads and writes its files.
#ifndef RONDO_RUNTIME_TENSORS_H
#define RONDO_RUNTIME_TENSORS_H

#include "runtime/HeaderJson.h"

namespace rondo::runtime {

enum class DType : uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };

const char *dtypeName(DType dtype); // as the file spells it: "BF16"
size_t dtypeBytes(DType dtype);     // of one element
bool isReal(DType dtype);           // F64, F32, F16, BF16

/// What a header says of a tensor.
struct TensorEntry {
  Text name;
  DType dtype = DType::F32;
  int32_t rank = 0;
  const uint64_t *shape = nullptr; // [rank]; none: a scalar
  uint64_t count = 1;              // elements
  uint64_t begin = 0, end = 0;     // bytes of the data
};

struct MetadataEntry {
  Text key, value;
};

/// What is in a file. `data` is little-endian and may be unaligned.
struct TensorTable {
  TensorTable() = default;
  TensorTable(const TensorTable &) = delete;
  TensorTable &operator=(const TensorTable &) = delete;
  ~TensorTable();

  /// Of the bytes of a file, which must outlive this. False, with Code::File or Code::Memory and a message that names
  /// the tensor or the byte.
  bool read(const void *bytes, size_t size, Error *error);

  const TensorEntry *tensors = nullptr; // in order of name
  size_t count = 0;
  const MetadataEntry *metadata = nullptr; // in order of key
  size_t metadataCount = 0;
  const unsigned char *data = nullptr;

private:
  void *memory[4] = {}; // entries, shapes, metadata, text
};

/// An element as a double: exact but for integers beyond 2^53.
double realAt(DType dtype, const unsigned char *data, uint64_t i);
/// An element of a whole type.
int64_t intAt(DType dtype, const unsigned char *data, uint64_t i);

/// A file in memory, as long as this lives. Who cuts it short meanwhile makes the program end with SIGBUS.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();
  /// False, with Code::File and a message without the path.
  bool open(const char *path, Error *error);
  const void *bytes() const { return mapping; }
  size_t size() const { return mappedBytes; }

private:
  void *mapping = nullptr;
  size_t mappedBytes = 0;
};

/// What stands in front of the data: the length of the header and the header, for tensors in the order of their places.
/// Written to `to` unless that is null; returns how many bytes it has, a multiple of 8.
size_t writeHeader(const TensorEntry *tensors, size_t count, const MetadataEntry *metadata, size_t metadataCount,
                   char *to);

} // namespace rondo::runtime
#endif
