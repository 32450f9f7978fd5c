// .npy: magic, version, length of the header, a Python dictionary as text, the data.
#include "compiler/Run/Files.h"
#include "runtime/HalfFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include <cstring>

using namespace llvm;

namespace rondo::run {

namespace {

struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// The dictionary that numpy writes: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
class HeaderReader {
public:
  explicit HeaderReader(StringRef text) : rest(text) {}

  Error read(Header &header) {
    bool descr = false, order = false, shape = false;
    if (!take("{"))
      return failure("the header is not a dictionary");
    while (!take("}")) {
      std::string key;
      if (!string(key) || !take(":"))
        return failure("the header is not a dictionary of descr, fortran_order and shape");
      if (key == "descr" && !descr) {
        descr = true;
        rest = rest.ltrim();
        if (rest.starts_with("["))
          return failure("records are not supported; the array must have one element type");
        if (!string(header.descr))
          return failure("'descr' is not a string");
      } else if (key == "fortran_order" && !order) {
        order = true;
        header.fortranOrder = take("True");
        if (!header.fortranOrder && !take("False"))
          return failure("'fortran_order' is not True or False");
      } else if (key == "shape" && !shape) {
        shape = true;
        if (Error error = tuple(header.shape))
          return error;
      } else {
        return failure("unexpected key '" + key + "' in the header");
      }
      if (!take(",") && !rest.ltrim().starts_with("}"))
        return failure("the header is not a dictionary of descr, fortran_order and shape");
    }
    if (!descr || !order || !shape)
      return failure(Twine("the header lacks '") + (!descr ? "descr" : !order ? "fortran_order" : "shape") + "'");
    if (!rest.trim().empty())
      return failure("text behind the header's dictionary");
    return Error::success();
  }

private:
  bool take(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  bool string(std::string &out) {
    rest = rest.ltrim();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return false;
    size_t end = rest.find(rest[0], 1);
    if (end == StringRef::npos)
      return false;
    out = rest.slice(1, end).str();
    rest = rest.drop_front(end + 1);
    return true;
  }
  Error tuple(std::vector<int64_t> &shape) {
    if (!take("("))
      return failure("'shape' is not a tuple");
    while (!take(")")) {
      rest = rest.ltrim();
      uint64_t extent = 0;
      if (rest.consumeInteger(10, extent) || extent > uint64_t(INT64_MAX))
        return failure("'shape' is not a tuple of whole numbers");
      shape.push_back(int64_t(extent));
      if (shape.size() > 32)
        return failure("more than 32 axes");
      if (!take(",") && !rest.ltrim().starts_with(")"))
        return failure("'shape' is not a tuple of whole numbers");
    }
    return Error::success();
  }

  StringRef rest;
};

template <typename T> T load(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

int64_t intAt(const char *at, char kind, unsigned bytes) {
  if (kind == 'b')
    return *at != 0;
  bool isSigned = kind == 'i';
  switch (bytes) {
  case 1: return isSigned ? int64_t(load<int8_t>(at)) : int64_t(load<uint8_t>(at));
  case 2: return isSigned ? int64_t(load<int16_t>(at)) : int64_t(load<uint16_t>(at));
  case 4: return isSigned ? int64_t(load<int32_t>(at)) : int64_t(load<uint32_t>(at));
  default: return load<int64_t>(at);
  }
}

double realAt(const char *at, unsigned bytes) {
  return bytes == 2   ? runtime::halfToDouble(load<uint16_t>(at))
         : bytes == 4 ? double(load<float>(at))
                      : load<double>(at);
}

Expected<Array> parse(StringRef bytes) {
  if (bytes.size() < 10 || !bytes.starts_with("\x93NUMPY"))
    return failure("is not a .npy file");
  unsigned version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3)
    return failure("has version " + Twine(version) + " of the .npy format; 1, 2 and 3 are known");
  size_t lengthBytes = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + lengthBytes)
    return failure("is truncated inside its header");
  size_t headerBytes =
      version == 1 ? support::endian::read16le(bytes.data() + 8) : support::endian::read32le(bytes.data() + 8);
  StringRef rest = bytes.drop_front(8 + lengthBytes);
  if (headerBytes > rest.size())
    return failure("is truncated inside its header");
  Header header;
  if (Error error = HeaderReader(rest.take_front(headerBytes)).read(header))
    return error;
  StringRef data = rest.drop_front(headerBytes);

  StringRef descr = header.descr;
  if (descr.size() < 3 || !StringRef("<>|=").contains(descr[0]))
    return failure("has the element type '" + descr + "', which is no number");
  char kind = descr[1];
  unsigned width = 0;
  if (descr.drop_front(2).getAsInteger(10, width))
    width = 0;
  bool known = kind == 'f'   ? width == 2 || width == 4 || width == 8
               : kind == 'b' ? width == 1
                             : (kind == 'i' || kind == 'u') && (width == 1 || width == 2 || width == 4 || width == 8);
  if (!known)
    return failure("has the element type '" + descr + "'; bool, integers and floats of up to 8 bytes can be read");
  if (descr[0] == '>' && width > 1)
    return failure("is big-endian ('" + descr + "'); save it with a.astype('<" + descr.drop_front() + "')");
  if (header.fortranOrder && header.shape.size() > 1)
    return failure("is in Fortran order; save numpy.ascontiguousarray(a)");

  uint64_t count = 1, size = 0;
  bool empty = is_contained(header.shape, 0);
  for (int64_t extent : header.shape)
    if (!empty && __builtin_mul_overflow(count, uint64_t(extent), &count))
      return failure("its shape has more elements than fit in 64 bits");
  if (empty)
    count = 0;
  if (__builtin_mul_overflow(count, uint64_t(width), &size))
    return failure("its shape has more bytes than fit in 64 bits");
  if (data.size() != size)
    return failure("its shape takes " + Twine(size) + " bytes, but " + Twine(data.size()) + " follow the header" +
                   (data.size() < size ? "; the file is truncated" : ""));

  Array array = makeArray(header.shape, kind == 'f');
  for (uint64_t i = 0; i < count; ++i) {
    const char *at = data.data() + i * width;
    if (kind == 'f') {
      array.reals[i] = realAt(at, width);
    } else {
      array.ints[i] = intAt(at, kind, width);
      if (kind == 'u' && width == 8 && array.ints[i] < 0)
        return failure("element " + Twine(i) + ", " + Twine(uint64_t(array.ints[i])) +
                       ", does not fit in a signed 64-bit integer");
    }
  }
  return array;
}

} // namespace

Expected<Array> parseNpy(StringRef bytes, StringRef path) {
  auto array = parse(bytes);
  if (!array)
    return failureIn(path, toString(array.takeError()));
  return array;
}

Expected<Array> readNpy(StringRef path) {
  auto bytes = readWhole(path);
  if (!bytes)
    return bytes.takeError();
  return parseNpy(*bytes, path);
}

std::string npyBytes(const Array &array) {
  std::string header =
      std::string("{'descr': '") + (array.isReal ? "<f8" : "<i8") + "', 'fortran_order': False, 'shape': (";
  for (int64_t extent : array.shape)
    header += std::to_string(extent) + ",";
  header += "), }";
  // The data start at a multiple of 64 bytes, behind a line feed.
  while ((10 + header.size() + 1) % 64)
    header += ' ';
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += char(header.size() & 255);
  out += char(header.size() >> 8);
  out += header;
  if (array.isReal)
    out.append(reinterpret_cast<const char *>(array.reals.data()), array.reals.size() * 8);
  else
    out.append(reinterpret_cast<const char *>(array.ints.data()), array.ints.size() * 8);
  return out;
}

} // namespace rondo::run
