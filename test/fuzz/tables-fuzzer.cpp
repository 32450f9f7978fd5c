// libFuzzer on the readers of .npy, .csv and .txt files. The first byte says which: n, c, t (characters), or a digit, the
// number of columns of a text of numbers.
#include "compiler/Run/Files.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstring>

using namespace llvm;
using namespace rondo::run;

static void require(bool condition, const char *what) {
  if (!condition)
    report_fatal_error(what, /*gen_crash_diag=*/false);
}

template <typename T> static bool succeeds(Expected<T> &result) {
  if (result)
    return true;
  require(StringRef(toString(result.takeError())).starts_with("f:"), "a failure that does not name the file");
  return false;
}

static void checkTable(const Table &table) {
  require(table.values.size() == table.lines.size() * size_t(table.columns), "rows of several lengths");
  require(is_sorted(table.lines) && is_sorted(table.samples), "lines or samples out of order");
  require(!table.samples.empty() && table.samples.front() == 0 && table.samples.back() == int64_t(table.lines.size()),
          "samples that do not cover the rows");
  require(table.header.empty() || table.lines.empty() || table.header.size() == size_t(table.columns),
          "a header of another width");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  StringRef text(reinterpret_cast<const char *>(data) + 1, size - 1);
  if (data[0] == 'n') {
    auto array = parseNpy(text, "f");
    if (!succeeds(array))
      return 0;
    std::string bytes = npyBytes(*array);
    auto again = parseNpy(bytes, "f");
    require(succeeds(again) && again->shape == array->shape && again->ints == array->ints, "a copy differs");
    require(array->reals.empty() || std::memcmp(again->reals.data(), array->reals.data(), array->reals.size() * 8) == 0,
            "a copy's reals differ");
  } else if (data[0] == 'c') {
    auto table = parseCsv(text, "f");
    if (succeeds(table))
      checkTable(*table);
  } else if (data[0] == 't') {
    for (int64_t alphabet : {96, 256}) {
      auto tokens = encodeText(text, alphabet, "f");
      if (!succeeds(tokens))
        continue;
      for (int64_t token : *tokens)
        require(token >= 0 && token < alphabet, "a token out of range");
      decodeText(*tokens, alphabet);
    }
  } else if (data[0] >= '1' && data[0] <= '9') {
    auto table = parseNumbers(text, data[0] - '0', "f");
    if (succeeds(table))
      checkTable(*table);
  }
  return 0;
}
