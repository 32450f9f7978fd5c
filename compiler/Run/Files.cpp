#include "compiler/Run/Files.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace rondo::run {

Error failure(const Twine &message) { return make_error<StringError>(message, inconvertibleErrorCode()); }

char FileError::ID;

void FileError::log(raw_ostream &os) const {
  os << file << ':';
  for (int64_t number : {line, column})
    if (number > 0)
      os << number << ':';
  os << ' ' << what;
}

Error failureIn(StringRef path, const Twine &what, int64_t line, int64_t column) {
  return make_error<FileError>(path.str(), line, column, what.str());
}

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
    return failureIn(path, buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

Expected<std::unique_ptr<SafetensorsFile>> openSafetensors(StringRef path) {
  std::string error;
  if (auto file = SafetensorsFile::open(path.str(), error))
    return file;
  return failureIn(path, error);
}

Array toArray(const Tensor &tensor) {
  Array array;
  array.shape.assign(tensor.shape.begin(), tensor.shape.end());
  array.isReal = runtime::isReal(tensor.dtype);
  std::string error;
  if (array.isReal)
    array.reals = toReals(tensor);
  else
    toInts(tensor, array.ints, error);
  return array;
}

void addTensor(SafetensorsWriter &writer, StringRef name, const Array &array, DType realType) {
  std::vector<uint64_t> shape(array.shape.begin(), array.shape.end());
  if (array.isReal)
    writer.addReals(name.str(), realType, std::move(shape), array.reals.data());
  else
    writer.addInts(name.str(), DType::I64, std::move(shape), array.ints.data());
}

Expected<reference::Params> readParams(StringRef path) {
  auto file = openSafetensors(path);
  if (!file)
    return file.takeError();
  reference::Params params;
  for (const Tensor &tensor : (*file)->tensors())
    params[tensor.name] = toArray(tensor);
  return params;
}

/// Prints into an open file.
static std::error_code printInto(int descriptor, function_ref<void(raw_ostream &)> write) {
  raw_fd_ostream os(descriptor, /*shouldClose=*/false);
  write(os);
  os.flush();
  std::error_code error = os.error();
  os.clear_error();
  return error;
}

/// Where the links at `path` end, even if nothing is there.
static std::string followLinks(std::string path) {
  namespace fs = std::filesystem;
  std::error_code none;
  for (int links = 0; links < 40 && fs::is_symlink(path, none); ++links)
    path = (fs::path(path).parent_path() / fs::read_symlink(path, none)).string();
  return path;
}

namespace {

/// A file whose new contents are written, but not yet at their place; unless `put`, they vanish.
class Staged {
public:
  static Expected<Staged> write(StringRef path, function_ref<void(raw_ostream &)> write);
  Staged(Staged &&) = default;
  ~Staged() {
    if (beside)
      consumeError(beside->discard());
  }

  Error put() {
    if (!beside)
      return Error::success();
    Error error = std::exchange(beside, nullptr)->keep(target);
    return error ? failureIn(path, toString(std::move(error))) : Error::success();
  }

private:
  Staged(StringRef path) : path(path), target(followLinks(path.str())) {}

  std::string path, target;
  std::unique_ptr<sys::fs::TempFile> beside; // null: everything is where it belongs
};

} // namespace

Expected<Staged> Staged::write(StringRef path, function_ref<void(raw_ostream &)> write) {
  Staged file(path);
  if (path == "-") {
    write(outs());
    outs().flush();
    return file;
  }
  sys::fs::file_status status;
  std::error_code none = sys::fs::status(path, status);
  if (none && none != std::errc::no_such_file_or_directory)
    return failureIn(path, none.message());
  bool exists = !none;
  if (exists && status.type() == sys::fs::file_type::directory_file)
    return failureIn(path, "is a directory");
  // A device or a pipe cannot be replaced, nor can a file that has no name any more and is reached by /dev/stdout.
  if (exists && (status.type() != sys::fs::file_type::regular_file || !sys::fs::equivalent(path, file.target))) {
    int descriptor;
    std::error_code error = sys::fs::openFileForWrite(path, descriptor);
    if (!error) {
      error = printInto(descriptor, write);
      ::close(descriptor);
    }
    if (error)
      return failureIn(path, error.message());
    return file;
  }
  if (exists)
    if (std::error_code error = sys::fs::access(file.target, sys::fs::AccessMode::Write))
      return failureIn(path, error.message());
  mode_t mask = ::umask(0);
  ::umask(mask);
  unsigned mode = exists ? status.permissions() : 0666 & ~mask;
  auto beside = sys::fs::TempFile::create(file.target + ".%%%%%%", mode); // a signal removes it
  if (!beside)
    return failureIn(path, toString(beside.takeError()));
  file.beside = std::make_unique<sys::fs::TempFile>(std::move(*beside));
  if (std::error_code error = printInto(file.beside->FD, write))
    return failureIn(path, error.message());
  if (exists)
    ::fchmod(file.beside->FD, mode_t(mode));
  return file;
}

Error writeWhole(StringRef path, function_ref<void(raw_ostream &)> write) {
  auto file = Staged::write(path, write);
  return file ? file->put() : file.takeError();
}

Error writeAllWhole(ArrayRef<NamedBytes> files) {
  std::vector<Staged> staged;
  for (const NamedBytes &named : files) {
    auto file = Staged::write(named.first, [&](raw_ostream &os) { os << named.second; });
    if (!file)
      return file.takeError();
    staged.push_back(std::move(*file));
  }
  for (Staged &file : staged)
    if (Error error = file.put())
      return error;
  return Error::success();
}

} // namespace rondo::run
