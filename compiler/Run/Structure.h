// The ragged structure of a batch: how many ticks each axis has in each sample, and how the rows of one fall into the
// segments of the next.
//
// In a safetensors file an axis X has a tensor `X.offsets` (int64): the rows of X, those of all samples one after
// another, cut into the ticks of the axis it is `in`; the outermost axis is cut into samples. For `word in sentence`:
// `word.offsets` has one number more than there are sentences in the file, `sentence.offsets` one more than there are
// samples.
#ifndef RONDO_RUN_STRUCTURE_H
#define RONDO_RUN_STRUCTURE_H

#include "compiler/Run/Files.h"
#include "dsl/Model.h"
#include <optional>

namespace rondo::run {

/// A base axis and the segment axes over it, finest first.
struct Chain {
  std::vector<const dsl::Clock *> axes;
  int find(llvm::StringRef axis) const; // position of the axis; -1: another chain's
};

/// The chains of a model in order of the inputs. An error if an axis is the segment of two bases.
llvm::Expected<std::vector<Chain>> chainsOf(const dsl::Model &model);

/// What is known of one sample along a chain: by position of the axis, -1 and nothing for what is not known.
struct Cuts {
  explicit Cuts(size_t axes) : rows(axes, -1), offsets(axes) {}
  std::vector<int64_t> rows;                                // ticks of axis i, empty segments included
  std::vector<std::optional<std::vector<int64_t>>> offsets; // of segment axis i into the rows of axis i - 1
};

/// Notes that axis `at` has `rows` rows, or these offsets; `who` gives them, for the message when they disagree with
/// what is known.
llvm::Error noteRows(Cuts &cuts, const Chain &chain, size_t at, int64_t rows, const llvm::Twine &who);
llvm::Error noteOffsets(Cuts &cuts, const Chain &chain, size_t at, std::vector<int64_t> offsets,
                        const llvm::Twine &who);

/// The cuts that a file's `X.offsets` make, a sample; nothing if it has none of this chain.
llvm::Expected<std::vector<Cuts>> cutsFromFile(const SafetensorsFile &file, const Chain &chain, llvm::StringRef path);

/// How what is not known is made up.
struct Making {
  uint64_t seed = 0;
  int64_t length = 12;    // the longest sample
  bool irregular = false; // empty segments and empty samples too
  bool equal = false;     // all samples as long as the longest
};

/// Fills in what `cuts` leaves open, for sample number `sample`. An error if there are rows but no segment to hold
/// them.
llvm::Error complete(Cuts &cuts, const Chain &chain, int64_t sample, const Making &how);

/// Writes `X.offsets` of all axes of the chain.
void addOffsets(SafetensorsWriter &writer, const Chain &chain, const reference::Batch &batch);

/// Random numbers that depend on nothing but what they are for: a stream for each name, a number for each position in
/// it.
class Draw {
public:
  Draw(uint64_t seed, llvm::StringRef name);
  uint64_t bits(uint64_t position) const;
  uint64_t below(uint64_t position, uint64_t limit) const { return limit ? bits(position) % limit : 0; }
  /// In [-1, 1), a multiple of 2^-23: the same in single and double precision.
  double real(uint64_t position) const { return double(bits(position) >> 40) * 0x1p-23 - 1; }

private:
  uint64_t key;
};

} // namespace rondo::run
#endif
