#include "compiler/Run/Files.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/stat.h>

using namespace llvm;

namespace rondo::run {

Error failure(const Twine &message) { return make_error<StringError>(message, inconvertibleErrorCode()); }

int64_t elementCount(ArrayRef<int64_t> shape) {
  if (is_contained(shape, 0)) // whatever the others are, even if their product does not fit
    return 0;
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

Array makeArray(std::vector<int64_t> shape, bool isReal) {
  Array array;
  array.isReal = isReal;
  if (isReal)
    array.reals.resize(elementCount(shape));
  else
    array.ints.resize(elementCount(shape));
  array.shape = std::move(shape);
  return array;
}

Array sliceRows(const Array &array, int64_t begin, int64_t end) {
  Array out;
  out.isReal = array.isReal;
  out.shape = array.shape;
  out.shape[0] = end - begin;
  int64_t row = elementCount(ArrayRef<int64_t>(array.shape).drop_front());
  if (array.isReal)
    out.reals.assign(array.reals.begin() + begin * row, array.reals.begin() + end * row);
  else
    out.ints.assign(array.ints.begin() + begin * row, array.ints.begin() + end * row);
  return out;
}

Array joinRows(ArrayRef<Array> parts, ArrayRef<int64_t> rowShape, bool isReal) {
  Array out;
  out.isReal = isReal;
  out.shape.assign(1, 0);
  out.shape.insert(out.shape.end(), rowShape.begin(), rowShape.end());
  for (const Array &part : parts) {
    out.shape[0] += part.shape[0];
    out.reals.insert(out.reals.end(), part.reals.begin(), part.reals.end());
    out.ints.insert(out.ints.end(), part.ints.begin(), part.ints.end());
  }
  return out;
}

Expected<std::string> readWhole(StringRef path) {
  auto buffer = path == "-" ? MemoryBuffer::getSTDIN()
                            : MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return failure(path + ": " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

Expected<std::unique_ptr<runtime::SafetensorsFile>> openSafetensors(StringRef path) {
  std::string error;
  if (auto file = runtime::SafetensorsFile::open(path.str(), error))
    return file;
  return failure(path + ": " + error);
}

Array toArray(const runtime::Tensor &tensor) {
  Array array;
  array.shape.assign(tensor.shape.begin(), tensor.shape.end());
  array.isReal = runtime::isReal(tensor.dtype);
  std::string error;
  if (array.isReal)
    array.reals = runtime::toReals(tensor);
  else
    runtime::toInts(tensor, array.ints, error);
  return array;
}

void addTensor(runtime::SafetensorsWriter &writer, StringRef name, const Array &array, runtime::DType realType) {
  std::vector<uint64_t> shape(array.shape.begin(), array.shape.end());
  if (array.isReal)
    writer.addReals(name.str(), realType, std::move(shape), array.reals.data());
  else
    writer.addInts(name.str(), runtime::DType::I64, std::move(shape), array.ints.data());
}

Expected<reference::Params> readParams(StringRef path) {
  auto file = openSafetensors(path);
  if (!file)
    return file.takeError();
  reference::Params params;
  for (const runtime::Tensor &tensor : (*file)->tensors())
    params[tensor.name] = toArray(tensor);
  return params;
}

Error writeWhole(StringRef path, function_ref<void(raw_ostream &)> write) {
  if (path == "-") {
    write(outs());
    outs().flush();
    return Error::success();
  }
  sys::fs::file_status status;
  bool exists = !sys::fs::status(path, status);
  if (exists && status.type() == sys::fs::file_type::directory_file)
    return failure(path + ": is a directory");
  // A device or a pipe cannot be replaced; it takes the text as it comes.
  if (exists && status.type() != sys::fs::file_type::regular_file) {
    std::error_code code;
    raw_fd_ostream os(path, code);
    if (code)
      return failure(path + ": " + code.message());
    write(os);
    return Error::success();
  }
  mode_t mask = ::umask(0);
  ::umask(mask);
  unsigned mode = exists ? status.permissions() : 0666 & ~mask;
  auto beside = sys::fs::TempFile::create(path + ".%%%%%%", mode);
  if (!beside)
    return failure(path + ": " + toString(beside.takeError()));
  raw_fd_ostream os(beside->FD, /*shouldClose=*/false);
  write(os);
  os.flush();
  if (os.has_error()) {
    std::string message = os.error().message();
    os.clear_error();
    consumeError(beside->discard());
    return failure(path + ": " + message);
  }
  if (exists)
    ::fchmod(beside->FD, mode_t(mode));
  if (Error error = beside->keep(path))
    return failure(path + ": " + toString(std::move(error)));
  return Error::success();
}

} // namespace rondo::run
