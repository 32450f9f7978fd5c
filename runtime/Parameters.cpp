#include "runtime/Parameters.h"
#include "runtime/Tensors.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace rondo::runtime {

namespace {

/// Memory of a call.
class Memory {
public:
  explicit Memory(size_t bytes) : memory(static_cast<char *>(std::malloc(bytes ? bytes : 1))) {}
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;
  ~Memory() { std::free(memory); }
  char *get() const { return memory; }

private:
  char *memory;
};

/// What is wrong begins with the path.
bool failIn(const char *path, Error *error, const Error &why) {
  return fail(error, Code(why.code), "%s: %s", Shown(textOf(path)).text, why.message);
}

bool failOf(const char *path, Error *error, const char *doing) {
  char text[128];
  return fail(error, Code::File, "%s: %s%s", Shown(textOf(path)).text, doing, strerror_r(errno, text, sizeof text));
}

/// "[2,3]"
struct ShapeText {
  template <typename T> ShapeText(const T *sizes, int32_t rank) {
    size_t size = size_t(std::snprintf(text, sizeof text, "["));
    for (int32_t i = 0; i < rank && size < sizeof text; ++i)
      size += size_t(
          std::snprintf(text + size, sizeof text - size, i ? ",%lld" : "%lld", static_cast<long long>(sizes[i])));
    if (size < sizeof text)
      std::snprintf(text + size, sizeof text - size, "]");
  }
  char text[64];
};

/// Takes the elements of a tensor; `why` is where something may be wrong.
bool takeElements(const ParameterPlan &plan, const char *name, const TensorEntry &tensor, const unsigned char *data,
                  char *to, Error &why) {
  if (isReal(tensor.dtype) != (plan.element == Element::F32))
    return fail(&why, Code::File, "tensor '%s' has the element type %s, but the parameter is of %s numbers",
                Shown(textOf(name)).text, dtypeName(tensor.dtype), plan.element == Element::F32 ? "real" : "whole");
  if (tensor.dtype == DType::F32) { // bit for bit
    if (tensor.count)
      std::memcpy(to, data, size_t(tensor.count) * sizeof(float));
    return true;
  }
  int64_t limit = plan.element == Element::Token ? plan.tokens : plan.element == Element::Bool ? 2 : INT64_MAX;
  for (uint64_t i = 0; i < tensor.count; ++i) {
    if (plan.element == Element::F32) {
      reinterpret_cast<float *>(to)[i] = float(realAt(tensor.dtype, data, i));
      continue;
    }
    int64_t value = intAt(tensor.dtype, data, i);
    if (plan.element == Element::I64) {
      reinterpret_cast<int64_t *>(to)[i] = value;
      continue;
    }
    if (value < 0 || value >= limit)
      return fail(&why, Code::File, "tensor '%s' has %lld as element %llu, which is not in 0 .. %lld",
                  Shown(textOf(name)).text, static_cast<long long>(value), static_cast<unsigned long long>(i),
                  static_cast<long long>(limit - 1));
    if (plan.element == Element::Bool)
      to[i] = char(value);
    else
      reinterpret_cast<int32_t *>(to)[i] = int32_t(value);
  }
  return true;
}

bool takeParameter(const ParameterTable &table, const ParameterPlan &plan, const TensorEntry &tensor,
                   const unsigned char *data, void *parameters, Error &why) {
  const char *name = table.text + plan.name;
  const int64_t *sizes = table.sizes + plan.shape;
  bool isShaped = tensor.rank == plan.rank;
  for (int32_t i = 0; isShaped && i < plan.rank; ++i)
    isShaped = tensor.shape[i] == uint64_t(sizes[i]);
  if (!isShaped)
    return fail(&why, Code::File, "tensor '%s' has the shape %s; the parameter has %s", Shown(textOf(name)).text,
                ShapeText(tensor.shape, tensor.rank).text, ShapeText(sizes, plan.rank).text);
  return takeElements(plan, name, tensor, data + tensor.begin, static_cast<char *>(parameters) + plan.offset, why);
}

/// Both are in order of name.
bool takeAll(const ParameterTable &table, const TensorTable &tensors, void *parameters, Error &why) {
  size_t at = 0;
  for (int64_t i = 0; i < table.count; ++i) {
    const ParameterPlan &plan = table.plans[i];
    Text name = textOf(table.text + plan.name);
    if (at < tensors.count && tensors.tensors[at].name < name)
      return fail(&why, Code::File, "tensor '%s' is no parameter of the model", Shown(tensors.tensors[at].name).text);
    if (at == tensors.count || !(tensors.tensors[at].name == name))
      return fail(&why, Code::File, "there is no tensor '%s', a parameter of the model", Shown(name).text);
    if (!takeParameter(table, plan, tensors.tensors[at++], tensors.data, parameters, why))
      return false;
  }
  if (at < tensors.count)
    return fail(&why, Code::File, "tensor '%s' is no parameter of the model", Shown(tensors.tensors[at].name).text);
  return true;
}

DType dtypeOf(Element element) {
  switch (element) {
  case Element::F32: return DType::F32;
  case Element::I64: return DType::I64;
  case Element::Bool: return DType::Bool;
  case Element::Token: return DType::I32;
  }
  return DType::F32;
}

bool writeAll(int descriptor, const void *bytes, size_t size) {
  for (const char *at = static_cast<const char *>(bytes); size > 0;) {
    ssize_t written = write(descriptor, at, size);
    if (written < 0 && errno != EINTR)
      return false;
    if (written > 0) {
      at += written;
      size -= size_t(written);
    }
  }
  return true;
}

/// A file beside another, whose place it takes when it is whole.
class FileBeside {
public:
  /// `name`: room for the path and `more` bytes.
  FileBeside(const char *path, char *name) : path(path), name(name) {}
  static constexpr size_t more = 32;
  FileBeside(const FileBeside &) = delete;
  FileBeside &operator=(const FileBeside &) = delete;
  ~FileBeside() {
    if (descriptor < 0)
      return;
    close(descriptor);
    unlink(name);
  }

  bool create() {
    timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    size_t length = std::strlen(path);
    std::memcpy(name, path, length);
    uint64_t number = uint64_t(now.tv_nsec) << 22 ^ uint64_t(now.tv_sec) ^ uint64_t(getpid()) << 42;
    for (int tries = 0; tries < 100; ++tries, number += 0x9e3779b97f4a7c15) {
      std::snprintf(name + length, more, ".%016llx", static_cast<unsigned long long>(number));
      descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); // less what the process masks
      if (descriptor >= 0 || errno != EEXIST)
        break;
    }
    return descriptor >= 0;
  }
  int file() const { return descriptor; }

  /// What was written is on the disk before the name leads to it: not even a system that stops halfway leaves less.
  bool takePlace() {
    if (fsync(descriptor) != 0 || rename(name, path) != 0)
      return false;
    close(descriptor);
    descriptor = -1;
    return true;
  }

private:
  const char *path;
  char *name;
  int descriptor = -1;
};

} // namespace

bool loadParameters(const ParameterTable &table, const char *path, void *parameters, Error *error) {
  Error why;
  MappedFile file;
  TensorTable tensors;
  return (file.open(path, &why) && tensors.read(file.bytes(), file.size(), &why) &&
          takeAll(table, tensors, parameters, why)) ||
         failIn(path, error, why);
}

bool saveParameters(const ParameterTable &table, const char *path, const void *parameters, Error *error) {
  const char *values = static_cast<const char *>(parameters);
  size_t count = size_t(table.count), sizes = 0;
  for (size_t i = 0; i < count; ++i)
    sizes += size_t(table.plans[i].rank);
  Memory entryMemory(count * sizeof(TensorEntry)), shapeMemory(sizes * sizeof(uint64_t)),
      sourceMemory(count * sizeof(const char *));
  auto noMemory = [&] { return fail(error, Code::Memory, "no memory to write a header in"); };
  if (!entryMemory.get() || !shapeMemory.get() || !sourceMemory.get())
    return noMemory();
  auto *entries = reinterpret_cast<TensorEntry *>(entryMemory.get());
  auto *shapes = reinterpret_cast<uint64_t *>(shapeMemory.get());
  auto *sources = reinterpret_cast<const char **>(sourceMemory.get());
  // Wide elements first: each is aligned to its size.
  size_t placed = 0;
  uint64_t reached = 0;
  for (int64_t width = 8; width > 0; width /= 2)
    for (size_t i = 0; i < count; ++i) {
      const ParameterPlan &plan = table.plans[i];
      if (bytesOf(plan.element) != width)
        continue;
      TensorEntry &entry = entries[placed] = TensorEntry();
      entry.name = textOf(table.text + plan.name);
      entry.dtype = dtypeOf(plan.element);
      entry.rank = plan.rank;
      entry.shape = shapes;
      for (int32_t axis = 0; axis < plan.rank; ++axis)
        *shapes++ = uint64_t(table.sizes[plan.shape + axis]);
      entry.begin = reached;
      entry.end = reached += uint64_t(plan.elements * width);
      sources[placed++] = values + plan.offset;
    }
  Memory header(writeHeader(entries, placed, nullptr, 0, nullptr));
  if (!header.get())
    return noMemory();
  size_t headerBytes = writeHeader(entries, placed, nullptr, 0, header.get());

  struct stat status;
  int existing = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK); // who may not write a file may not replace it
  if (existing < 0 && errno != ENOENT)
    return failOf(path, error, "");
  if (existing >= 0) {
    bool isRegular = syscall(SYS_fstat, existing, &status) == 0 && S_ISREG(status.st_mode);
    close(existing);
    if (!isRegular)
      return fail(error, Code::File, "%s: is not a regular file", Shown(textOf(path)).text);
  }
  char *target = existing >= 0 ? realpath(path, nullptr) : nullptr;
  const char *end = target ? target : path;
  Memory name(std::strlen(end) + FileBeside::more);
  bool isSaved = false;
  if (!name.get()) {
    noMemory();
  } else {
    FileBeside beside(end, name.get());
    isSaved = beside.create() && (existing < 0 || fchmod(beside.file(), status.st_mode & 07777) == 0) &&
              writeAll(beside.file(), header.get(), headerBytes);
    for (size_t i = 0; isSaved && i < placed; ++i)
      isSaved = writeAll(beside.file(), sources[i], size_t(entries[i].end - entries[i].begin));
    isSaved = isSaved && beside.takePlace();
    if (!isSaved)
      failOf(path, error, "cannot be written: ");
  }
  std::free(target);
  return isSaved;
}

} // namespace rondo::runtime
