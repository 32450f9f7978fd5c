// libFuzzer on the safetensors reader that built libraries ship: nothing that a file says may crash it, and what it hands
// out lies inside of the file. What is read is written again and read to be the same, and loaded as parameters.
#include "runtime/Parameters.h"
#include "runtime/Tensors.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace rondo::runtime;

static void require(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

static bool isSame(const TensorEntry &a, const TensorEntry &b) {
  return a.name == b.name && a.dtype == b.dtype && a.rank == b.rank && a.count == b.count && a.begin == b.begin &&
         a.end == b.end && std::equal(a.shape, a.shape + a.rank, b.shape);
}

/// What is written of a table is the same table.
static void rewrite(const TensorTable &table, size_t dataBytes) {
  std::vector<TensorEntry> order(table.tensors, table.tensors + table.count);
  std::stable_sort(order.begin(), order.end(),
                   [](const TensorEntry &a, const TensorEntry &b) { return a.begin < b.begin; });
  std::string bytes(writeHeader(order.data(), order.size(), table.metadata, table.metadataCount, nullptr), 0);
  writeHeader(order.data(), order.size(), table.metadata, table.metadataCount, bytes.data());
  bytes.append(reinterpret_cast<const char *>(table.data), dataBytes);
  TensorTable again;
  Error error;
  require(again.read(bytes.data(), bytes.size(), &error), "what was written is not read");
  require(again.count == table.count && std::equal(table.tensors, table.tensors + table.count, again.tensors, isSame),
          "what was written is read otherwise");
  require(again.metadataCount == table.metadataCount, "metadata are lost");
}

/// A file in memory, loaded by its path.
static void loadAsParameters(const uint8_t *data, size_t size) {
  static const int file = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  require(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == ssize_t(size), "no file in memory");
  static const ParameterPlan plans[] = {{0, 6, 0, 0, 0, 2, Element::F32}, {64, 2, 4, 2, 2, 1, Element::Token}};
  static const int64_t sizes[] = {2, 3, 2};
  std::vector<int64_t> parameters(9); // 72 bytes, which the address sanitizer guards
  Error error;
  if (!loadParameters({plans, 2, sizes, "W\0t"}, path.c_str(), parameters.data(), &error)) {
    require(error.code != 0 && error.message[0], "a failure without a message");
    return;
  }
  int32_t tokens[2];
  std::memcpy(tokens, parameters.data() + 8, sizeof tokens);
  require(tokens[0] >= 0 && tokens[0] < 4 && tokens[1] >= 0 && tokens[1] < 4, "a token out of range was loaded");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TensorTable table;
  Error error;
  if (table.read(data, size, &error)) {
    size_t dataBytes = size_t(data + size - table.data);
    double sum = 0;
    for (size_t i = 0; i < table.count; ++i) {
      const TensorEntry &tensor = table.tensors[i];
      require(tensor.end <= dataBytes && tensor.end - tensor.begin == tensor.count * dtypeBytes(tensor.dtype),
              "a tensor outside of the file");
      require(i == 0 || table.tensors[i - 1].name < tensor.name, "names are not in order");
      for (uint64_t at = 0; at < tensor.count; ++at)
        sum += realAt(tensor.dtype, table.data + tensor.begin, at);
    }
    static volatile double sink;
    sink = sum;
    rewrite(table, dataBytes);
  } else {
    require(error.code == int32_t(Code::File) && error.message[0], "a failure without a message");
    require(table.count == 0 && table.metadataCount == 0, "a failure that hands out tensors");
  }
  loadAsParameters(data, size);
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// Half the time any bytes are changed; else the header alone, whose length is then right.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  uint64_t header = 0;
  if (size >= 8)
    std::memcpy(&header, data, 8);
  if (random() % 2 || size < 8 || header == 0 || header > size - 8)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::vector<uint8_t> tail(data + 8 + header, data + size);
  size_t room = maxSize - std::min(maxSize, 8 + tail.size());
  if (room < header)
    return LLVMFuzzerMutate(data, size, maxSize);
  uint64_t changed = LLVMFuzzerMutate(data + 8, header, room);
  std::memcpy(data, &changed, 8);
  std::copy(tail.begin(), tail.end(), data + 8 + changed);
  return 8 + changed + tail.size();
}
