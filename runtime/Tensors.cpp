#include "runtime/Tensors.h"
#include "runtime/HalfFloat.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rondo::runtime {

namespace {

struct DTypeRow {
  char name[8];
  uint8_t bytes;
  bool real;
};
// In the order of the enumerators.
const DTypeRow dtypes[] = {
    {"F64", 8, true},  {"F32", 4, true},  {"F16", 2, true}, {"BF16", 2, true}, {"I64", 8, false},
    {"I32", 4, false}, {"I16", 2, false}, {"I8", 1, false}, {"U8", 1, false},  {"BOOL", 1, false},
};
constexpr int dtypeCount = sizeof dtypes / sizeof dtypes[0];

constexpr uint64_t mostHeaderBytes = 100'000'000; // the format's own limit
constexpr int32_t mostAxes = 32;

unsigned long long wide(uint64_t number) { return number; }

/// A list that grows.
template <typename T> struct List {
  T *items = nullptr;
  size_t count = 0, room = 0;

  bool add(const T &item) {
    if (count == room) {
      size_t more = room ? 2 * room : 16;
      void *moved = std::realloc(static_cast<void *>(items), more * sizeof(T));
      if (!moved)
        return false;
      items = static_cast<T *>(moved);
      room = more;
    }
    items[count++] = item;
    return true;
  }
};

/// Sorts in place, in n log n steps whatever the order was.
template <typename T, typename Less> void sort(T *items, size_t count, Less less) {
  auto sink = [&](size_t at, size_t end) {
    for (size_t child; (child = 2 * at + 1) < end; at = child) {
      child += child + 1 < end && less(items[child], items[child + 1]);
      if (!less(items[at], items[child]))
        return;
      T moved = items[at];
      items[at] = items[child];
      items[child] = moved;
    }
  };
  for (size_t at = count / 2; at-- > 0;)
    sink(at, count);
  for (size_t end = count; end-- > 1;) {
    T moved = items[0];
    items[0] = items[end];
    items[end] = moved;
    sink(0, end);
  }
}

/// A header in the making.
class Reader {
public:
  Reader(Text header, Error *error) : json(header, error), error(error), headerBytes(header.size) {}

  bool readHeader() {
    text = textEnd = static_cast<char *>(std::malloc(headerBytes + 1));
    if (!text)
      return noMemory();
    bool hasMetadata = false;
    if (!json.expect('{'))
      return false;
    if (!json.accept('}')) {
      do {
        TensorEntry tensor;
        if (!json.string(tensor.name, textEnd) || !json.expect(':'))
          return false;
        if (tensor.name == textOf("__metadata__")) {
          if (hasMetadata)
            return json.fail("the field '__metadata__' stands twice");
          hasMetadata = true;
          if (!readMetadata())
            return false;
          continue;
        }
        textEnd += tensor.name.size;
        if (!readFields(tensor))
          return false;
        if (!entries.add(tensor))
          return noMemory();
      } while (json.accept(','));
      if (!json.expect('}'))
        return false;
    }
    if (!json.atEnd())
      return json.fail("text behind the end of the object");
    const uint64_t *shape = shapes.items;
    for (size_t i = 0; i < entries.count; shape += entries.items[i++].rank)
      entries.items[i].shape = shape;
    return true;
  }

  /// Whether tensors fill the data, one behind the other, and have names of their own.
  bool checkPlaces(uint64_t dataBytes) {
    for (size_t i = 0; i < entries.count; ++i)
      if (!measure(entries.items[i], dataBytes))
        return false;
    sort(entries.items, entries.count, [](const TensorEntry &a, const TensorEntry &b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end != b.end ? a.end < b.end : a.name < b.name;
    });
    uint64_t reached = 0;
    for (size_t i = 0; i < entries.count; ++i) {
      const TensorEntry &tensor = entries.items[i];
      if (tensor.begin < reached)
        return fail(error, Code::File, "tensor '%s' overlaps tensor '%s'", Shown(tensor.name).text,
                    Shown(entries.items[i - 1].name).text);
      if (tensor.begin > reached)
        return fail(error, Code::File,
                    "bytes %llu to %llu of the data belong to no tensor; they stand before tensor '%s'", wide(reached),
                    wide(tensor.begin), Shown(tensor.name).text);
      reached = tensor.end;
    }
    if (reached != dataBytes)
      return fail(error, Code::File, "%llu bytes behind the last tensor belong to no tensor",
                  wide(dataBytes - reached));
    sort(entries.items, entries.count, [](const TensorEntry &a, const TensorEntry &b) { return a.name < b.name; });
    for (size_t i = 1; i < entries.count; ++i)
      if (entries.items[i].name == entries.items[i - 1].name)
        return fail(error, Code::File, "tensor '%s' stands twice", Shown(entries.items[i].name).text);
    return true;
  }

  List<TensorEntry> entries;
  List<uint64_t> shapes;
  List<MetadataEntry> metadata;
  char *text = nullptr, *textEnd = nullptr;

private:
  bool noMemory() { return fail(error, Code::Memory, "no memory to read the header in"); }

  bool readMetadata() {
    if (!json.expect('{'))
      return false;
    if (json.accept('}'))
      return true;
    do {
      MetadataEntry entry;
      if (!json.string(entry.key, textEnd) || !json.expect(':'))
        return false;
      textEnd += entry.key.size;
      if (!json.string(entry.value, textEnd))
        return false;
      textEnd += entry.value.size;
      if (!metadata.add(entry))
        return noMemory();
    } while (json.accept(','));
    if (!json.expect('}'))
      return false;
    sort(metadata.items, metadata.count, [](const MetadataEntry &a, const MetadataEntry &b) { return a.key < b.key; });
    for (size_t i = 1; i < metadata.count; ++i)
      if (metadata.items[i].key == metadata.items[i - 1].key)
        return json.fail("metadata '%s' stands twice", Shown(metadata.items[i].key).text);
    return true;
  }

  bool readShape(TensorEntry &tensor) {
    if (!json.expect('['))
      return false;
    if (json.accept(']'))
      return true;
    do {
      uint64_t extent = 0;
      if (!json.number(extent))
        return false;
      if (tensor.rank++ == mostAxes)
        return json.fail("tensor '%s' has more than 32 axes", Shown(tensor.name).text);
      if (!shapes.add(extent))
        return noMemory();
    } while (json.accept(','));
    return json.expect(']');
  }

  bool readType(TensorEntry &tensor) {
    Text name;
    if (!json.string(name, textEnd))
      return false;
    for (int i = 0; i < dtypeCount; ++i)
      if (name == textOf(dtypes[i].name)) {
        tensor.dtype = DType(i);
        return true;
      }
    return json.fail("tensor '%s' has the element type '%s', which is not one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 "
                     "BOOL",
                     Shown(tensor.name).text, Shown(name).text);
  }

  /// The fields of one tensor: each must be there once.
  bool readFields(TensorEntry &tensor) {
    static const char *const fields[] = {"dtype", "shape", "data_offsets"};
    unsigned seen = 0;
    if (!json.expect('{'))
      return false;
    if (!json.accept('}')) {
      do {
        Text name;
        if (!json.string(name, textEnd) || !json.expect(':'))
          return false;
        int field = 0;
        while (field < 3 && !(name == textOf(fields[field])))
          ++field;
        if (field == 3)
          return json.fail("tensor '%s' has an unknown field '%s'", Shown(tensor.name).text, Shown(name).text);
        if (seen & 1u << field)
          return json.fail("tensor '%s' has two fields '%s'", Shown(tensor.name).text, fields[field]);
        seen |= 1u << field;
        bool isRead = field == 0   ? readType(tensor)
                      : field == 1 ? readShape(tensor)
                                   : json.expect('[') && json.number(tensor.begin) && json.expect(',') &&
                                         json.number(tensor.end) && json.expect(']');
        if (!isRead)
          return false;
      } while (json.accept(','));
      if (!json.expect('}'))
        return false;
    }
    for (int field = 0; field < 3; ++field)
      if (!(seen & 1u << field))
        return json.fail("tensor '%s' lacks the field '%s'", Shown(tensor.name).text, fields[field]);
    return true;
  }

  /// The number of elements, and that they fill their place exactly.
  bool measure(TensorEntry &tensor, uint64_t dataBytes) {
    Shown name(tensor.name);
    bool isEmpty = false;
    for (int32_t i = 0; i < tensor.rank; ++i)
      isEmpty |= tensor.shape[i] == 0;
    tensor.count = isEmpty ? 0 : 1;
    for (int32_t i = 0; i < tensor.rank; ++i) // with a zero anywhere there is nothing to overflow
      if (!isEmpty && __builtin_mul_overflow(tensor.count, tensor.shape[i], &tensor.count))
        return fail(error, Code::File, "tensor '%s': its shape has more elements than fit in 64 bits", name.text);
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(tensor.count, uint64_t(dtypeBytes(tensor.dtype)), &bytes))
      return fail(error, Code::File, "tensor '%s': its shape has more bytes than fit in 64 bits", name.text);
    if (tensor.end < tensor.begin)
      return fail(error, Code::File, "tensor '%s': its data ends before it begins", name.text);
    if (tensor.end > dataBytes)
      return fail(error, Code::File, "tensor '%s': its data ends at byte %llu of %llu; the file is truncated",
                  name.text, wide(tensor.end), wide(dataBytes));
    if (tensor.end - tensor.begin != bytes)
      return fail(error, Code::File, "tensor '%s': its shape takes %llu bytes, its place has %llu", name.text,
                  wide(bytes), wide(tensor.end - tensor.begin));
    return true;
  }

  HeaderJson json;
  Error *error;
  size_t headerBytes;
};

template <typename T> T load(const unsigned char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

} // namespace

const char *dtypeName(DType dtype) { return dtypes[size_t(dtype)].name; }
size_t dtypeBytes(DType dtype) { return dtypes[size_t(dtype)].bytes; }
bool isReal(DType dtype) { return dtypes[size_t(dtype)].real; }

double realAt(DType dtype, const unsigned char *data, uint64_t i) {
  const unsigned char *at = data + i * dtypeBytes(dtype);
  switch (dtype) {
  case DType::F64: return load<double>(at);
  case DType::F32: return load<float>(at);
  case DType::F16: return halfToDouble(load<uint16_t>(at));
  case DType::BF16: return bfloatToDouble(load<uint16_t>(at));
  default: return double(intAt(dtype, data, i));
  }
}

int64_t intAt(DType dtype, const unsigned char *data, uint64_t i) {
  const unsigned char *at = data + i * dtypeBytes(dtype);
  switch (dtype) {
  case DType::I64: return load<int64_t>(at);
  case DType::I32: return load<int32_t>(at);
  case DType::I16: return load<int16_t>(at);
  case DType::I8: return load<int8_t>(at);
  case DType::U8: return *at;
  case DType::Bool: return *at != 0;
  default: return 0; // real types do not come here
  }
}

//===--- Reading -----------------------------------------------------------------------------------------------===//

bool TensorTable::read(const void *bytes, size_t size, Error *error) {
  if (size < 8)
    return fail(error, Code::File,
                "the file has %llu bytes; a safetensors file starts with the 8 bytes of its header's length",
                wide(size));
  const auto *file = static_cast<const unsigned char *>(bytes);
  uint64_t headerBytes = load<uint64_t>(file);
  if (headerBytes > mostHeaderBytes)
    return fail(error, Code::File,
                "the header's length, %llu, is over the limit of 100000000; is this a safetensors file?",
                wide(headerBytes));
  if (headerBytes > size - 8)
    return fail(error, Code::File, "the header's length is %llu, but only %llu bytes follow; the file is truncated",
                wide(headerBytes), wide(size - 8));
  data = file + 8 + headerBytes;

  Reader reader({reinterpret_cast<const char *>(file) + 8, size_t(headerBytes)}, error);
  bool isRead = reader.readHeader() && reader.checkPlaces(size - 8 - headerBytes);
  void *taken[] = {reader.entries.items, reader.shapes.items, reader.metadata.items, reader.text};
  for (int i = 0; i < 4; ++i) {
    std::free(memory[i]);
    memory[i] = taken[i];
  }
  tensors = reader.entries.items;
  count = isRead ? reader.entries.count : 0;
  metadata = reader.metadata.items;
  metadataCount = isRead ? reader.metadata.count : 0;
  return isRead;
}

TensorTable::~TensorTable() {
  for (void *part : memory)
    std::free(part);
}

bool MappedFile::open(const char *path, Error *error) {
  char text[128];
  auto failed = [&](const char *doing) {
    return fail(error, Code::File, "%s%s", doing, strerror_r(errno, text, sizeof text));
  };
  int descriptor = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe without a writer would be waited for
  if (descriptor < 0)
    return failed("");
  struct stat status;
  bool isMapped = false;
  // Not by the C library, which exports the function in its newer versions only.
  if (syscall(SYS_fstat, descriptor, &status) != 0)
    failed("");
  else if (!S_ISREG(status.st_mode))
    fail(error, Code::File, S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file");
  else if (mappedBytes = size_t(status.st_size); mappedBytes == 0)
    isMapped = true; // nothing can be mapped, and nothing needs to be
  else if (void *place = mmap(nullptr, mappedBytes, PROT_READ, MAP_PRIVATE, descriptor, 0); place == MAP_FAILED)
    failed("cannot be mapped: ");
  else {
    mapping = place;
    isMapped = true;
  }
  close(descriptor);
  return isMapped;
}

MappedFile::~MappedFile() {
  if (mapping)
    munmap(mapping, mappedBytes);
}

//===--- Writing -----------------------------------------------------------------------------------------------===//

size_t writeHeader(const TensorEntry *tensors, size_t count, const MetadataEntry *metadata, size_t metadataCount,
                   char *to) {
  size_t size = 8;
  auto at = [&] { return to ? to + size : nullptr; };
  auto put = [&](const char *text) {
    for (; *text; ++text, ++size)
      if (to)
        to[size] = *text;
  };
  auto putNumber = [&](uint64_t number) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%llu", wide(number));
    put(digits);
  };
  auto putQuoted = [&](Text text) { size += quoteJson(text, at()); };
  put("{");
  if (metadataCount) {
    put("\"__metadata__\":{");
    for (size_t i = 0; i < metadataCount; ++i) {
      put(i ? "," : "");
      putQuoted(metadata[i].key);
      put(":");
      putQuoted(metadata[i].value);
    }
    put("}");
  }
  for (size_t t = 0; t < count; ++t) {
    const TensorEntry &tensor = tensors[t];
    put(t || metadataCount ? "," : "");
    putQuoted(tensor.name);
    put(":{\"dtype\":\"");
    put(dtypeName(tensor.dtype));
    put("\",\"shape\":[");
    for (int32_t i = 0; i < tensor.rank; ++i) {
      put(i ? "," : "");
      putNumber(tensor.shape[i]);
    }
    put("],\"data_offsets\":[");
    putNumber(tensor.begin);
    put(",");
    putNumber(tensor.end);
    put("]}");
  }
  put("}");
  while (size % 8)
    put(" ");
  uint64_t headerBytes = size - 8;
  if (to)
    std::memcpy(to, &headerBytes, sizeof headerBytes);
  return size;
}

} // namespace rondo::runtime
