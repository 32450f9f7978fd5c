// The samples that a model is trained on, from files. Which input a file gives follows from the model's inputs, their
// types and axes; docs/training.md tells how.
#ifndef RONDO_TRAIN_DATA_H
#define RONDO_TRAIN_DATA_H

#include "compiler/Run/Inputs.h"
#include "compiler/Train/Dataset.h"
#include "compiler/Train/Text.h"
#include <optional>

namespace rondo::train {

/// How a text without labels becomes samples.
struct TextSplit {
  enum class Kind { Pieces, Streams, Lines, Paragraphs, Whole } kind = Kind::Pieces;
  int64_t length = 256; // tokens of a piece; how many streams of like length
};

struct DataOptions {
  std::vector<run::InputFile> files; // without a name: for the inputs that the file is about
  std::optional<bool> words;         // else characters; not given: words where there are labels or sentences
  std::optional<TextSplit> split;    // not given: lines where two texts stand beside each other, paragraphs where there
                                     // are sentences, the whole text where there are paragraphs, else pieces
  int64_t streams = 0;               // not 0: so many streams take the place of such pieces
  bool unknown = false;              // a new vocabulary has <unk>
  bool isNew = true;                 // vocabularies that are not there are made
  bool areForValidation = false;     // as messages say
  std::string generated;             // this input is left out, also where files have it
};

/// By input.
using Vocabularies = std::map<std::string, Vocabulary>;

/// By its ending, .txt or .tsv.
bool isTextFile(llvm::StringRef path);

/// Reads and checks all files: every input has rows in every sample, there is at least one sample, and reals are
/// finite.
llvm::Expected<Dataset> readData(const dsl::Model &model, const DataOptions &options, Vocabularies &vocabularies);

//===--- Parts -------------------------------------------------------------------------------------------------===//

/// An input's rows by sample, and by chain what the file says of the structure: nothing, or one a sample.
struct GivenData {
  std::string from; // what messages call it: "input 'x' (a.npy)"
  Column column;
  std::vector<std::vector<run::Cuts>> cuts;
};
using GivenInputs = std::map<std::string, GivenData>;

/// What vocabularies are made of, by input: all files are looked through before one is read.
struct VocabularyText {
  bool isLabel = false;
  bool areNumbers = true; // labels, all of them
  UnitCounts counts;
};

/// What readers of files share.
struct DataSource {
  const dsl::Model &model;
  const DataOptions &options;
  Vocabularies &vocabularies;
  std::vector<run::Chain> chains;
  std::map<std::string, VocabularyText> *collected = nullptr; // not null: while files are looked through

  GivenData none(const dsl::Input &input, llvm::StringRef path) const;
  /// "input 'x' : real[3]"
  std::string describe(const dsl::Input &input) const;
};

/// Adds a number to the rows; what is wrong with it otherwise, "" if nothing.
std::string addValue(const DataSource &source, const dsl::Input &input, double value, Column &rows);

/// What a real is that is no finite float: "NaN".
std::string describeBad(double value);

/// A table: of one input, or of those that the header names.
llvm::Expected<GivenInputs> readTable(const DataSource &source, const dsl::Input *input, llvm::StringRef path);

/// A scalar token on the finest axis of a chain.
bool isText(const DataSource &source, const dsl::Input &input);
/// A text of one input.
llvm::Expected<GivenInputs> readText(const DataSource &source, const dsl::Input &input, llvm::StringRef path);
/// Makes the vocabularies that are missing.
void makeVocabularies(const DataSource &source, const std::map<std::string, VocabularyText> &texts);
/// Lines `label<TAB>text`.
llvm::Expected<GivenInputs> readLabelled(const DataSource &source, const dsl::Input &label, const dsl::Input &text,
                                         llvm::StringRef path);

} // namespace rondo::train
#endif
