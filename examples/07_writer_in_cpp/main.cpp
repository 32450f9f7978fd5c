// Writes text with a language model that was compiled into this program.
//
//   writer PARAMETERS.safetensors [PROMPT] [--seed N] [--temperature T] [--beams N] [--limit N]
//
// The model draws a letter at a time; it goes on from the prompt. A temperature below 1 makes the likely likelier. 0
// takes the likeliest letter always, --beams N looks for the likeliest text instead, N at a time.
#include "writer.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

// Of letters: space to ~ are 0 to 94, the end of a line is 95.
int32_t encode(char c) { return c == '\n' ? 95 : c >= ' ' && c <= '~' ? c - ' ' : -1; }
char decode(int32_t letter) { return letter == 95 ? '\n' : char(' ' + letter); }

[[noreturn]] void quit(const std::string &message) {
  std::fprintf(stderr, "writer: %s\n", message.c_str());
  std::exit(2);
}

/// The library wants memory at addresses that are multiples of WRITER_ALIGNMENT.
struct Release {
  void operator()(void *memory) const { std::free(memory); }
};
template <typename T> using Memory = std::unique_ptr<T, Release>;
template <typename T> Memory<T> allocate(size_t bytes) {
  void *memory = nullptr;
  if (posix_memalign(&memory, WRITER_ALIGNMENT, bytes ? bytes : 1))
    quit("no memory");
  return Memory<T>(static_cast<T *>(memory));
}

class Writer {
public:
  explicit Writer(const char *file) : prepared(allocate<void>(WRITER_PREPARED_BYTES)) {
    auto parameters = allocate<float>(WRITER_PARAMETER_BYTES);
    check(writer_load(parameters.get(), file, &error));
    check(writer_prepare(parameters.get(), prepared.get(), &error));
  }

  /// What follows the prompt, at most `limit` letters of it.
  std::string write(const std::string &prompt, const writer_generate_options &options) {
    std::vector<int32_t> text;
    for (char c : prompt)
      text.push_back(encode(c));
    // One sample, which begins with all rows of the prompt.
    const int64_t offsets[] = {0, int64_t(text.size())};
    writer_inputs in = {};
    in.size = sizeof in;
    in.batch = 1;
    in.step_offsets = offsets;
    in.text = text.data();
    size_t bytes = 0;
    check(writer_generate_workspace_bytes(&in, &options, &bytes, &error));
    auto workspace = allocate<void>(bytes);

    // Room for all hypotheses of a search; the best one stands first.
    std::vector<int32_t> rows(size_t(options.limit * options.beams));
    std::vector<int64_t> ends(size_t(options.beams) + 1);
    writer_generated out = {};
    out.size = sizeof out;
    out.rows = rows.data();
    out.row_count = int64_t(rows.size());
    out.offsets = ends.data();
    check(writer_generate(prepared.get(), &in, &options, &out, workspace.get(), bytes, nullptr, &error));
    std::string written;
    for (int64_t row = ends[0]; row < ends[1]; ++row)
      written += decode(rows[size_t(row)]);
    return written;
  }

private:
  void check(int32_t code) const {
    if (code)
      quit(error.message);
  }

  rondo_error error = {};
  Memory<void> prepared;
};

double number(const std::string &text, double least, double most) {
  char *end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end || !(value >= least && value <= most))
    quit("not a number that can be here: " + text);
  return value;
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> names;
  writer_generate_options options = WRITER_GENERATE_DEFAULTS;
  options.mode = WRITER_SAMPLE;
  options.temperature = 0.7;
  options.limit = 400;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    bool hasValue = i + 1 < argc;
    if (name == "--seed" && hasValue) {
      options.seed = uint64_t(number(argv[++i], 0, 1e15));
    } else if (name == "--limit" && hasValue) {
      options.limit = int64_t(number(argv[++i], 1, 1e6));
    } else if (name == "--temperature" && hasValue) {
      double temperature = number(argv[++i], 0, 100);
      if (temperature > 0)
        options.temperature = temperature;
      else
        options.mode = WRITER_GREEDY;
    } else if (name == "--beams" && hasValue) {
      options.mode = WRITER_BEAM;
      options.beams = int64_t(number(argv[++i], 1, 1000));
    } else if (names.size() < 2 && !name.empty() && name[0] != '-') {
      names.push_back(name);
    } else {
      quit("does not know what to do with '" + name + "'");
    }
  }
  if (names.empty())
    quit("usage: writer PARAMETERS.safetensors [PROMPT] [--seed N] [--temperature T] [--beams N] [--limit N]");
  std::string prompt = names.size() > 1 ? names[1] : "";
  for (char c : prompt)
    if (encode(c) < 0)
      quit("a prompt is of letters, digits, signs and spaces");

  Writer writer(names[0].c_str());
  std::printf("%s%s\n", prompt.c_str(), writer.write(prompt, options).c_str());
}
