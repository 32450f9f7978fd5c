// A batch for a model: inputs from files, and what no file gives made from the seed.
#ifndef RONDO_RUN_INPUTS_H
#define RONDO_RUN_INPUTS_H

#include "compiler/Run/Structure.h"
#include <functional>
#include <optional>

namespace rondo::run {

constexpr int64_t mostSamples = 1 << 24;        // a sample takes some hundred bytes even when it is empty
constexpr int64_t mostTicks = (1LL << 31) - 64; // what the interpreter counts to
constexpr int64_t mostElements = 1LL << 40;     // of one input in one sample

struct InputFile {
  std::string name; // of the input; empty: every input that the safetensors file has
  std::string path;
};

/// Text as tokens of an input, by a vocabulary of its own; nothing where it has none, and characters or numbers are meant.
using TextReader = std::function<llvm::Expected<std::optional<std::vector<int64_t>>>(
    const dsl::Input &input, llvm::StringRef text, llvm::StringRef path)>;

struct InputOptions {
  std::vector<InputFile> files; // one input's files give its samples, one after another
  int64_t samples = -1;         // -1: as the files say, else 2
  Making making;
  std::string generated; // this input is left out: `generate` makes it
  TextReader readText;   // of .txt files
};

/// What the files do not give is made up: lengths, segments and values depend on the seed, the name and the place
/// alone.
llvm::Expected<reference::Batch> makeBatch(const dsl::Model &model, const InputOptions &options);

/// The rows of one input in each sample, as files give them.
struct GivenInput {
  std::string from; // what messages call it: "input 'x' (a.npy)"
  std::vector<Array> samples;
};

/// Reads one file for `input`: by its ending .npy, .csv, .txt or .safetensors. `cuts`: what it says of the structure, a
/// sample of the file and a chain.
llvm::Expected<GivenInput> readInput(const dsl::Model &model, const dsl::Input &input, llvm::StringRef path,
                                     const std::vector<Chain> &chains, std::vector<std::vector<Cuts>> &cuts,
                                     const TextReader &readText = {});

/// Made-up rows of `input` for a sample.
Array makeRows(const dsl::Input &input, int64_t rows, int64_t sample, uint64_t seed);

std::vector<int64_t> rowShape(const dsl::Type &type); // static axes only
const dsl::Input *findInput(const dsl::Model &model, llvm::StringRef name);
std::string inputList(const dsl::Model &model); // "x, label"

} // namespace rondo::run
#endif
