// Text as tokens: vocabularies, and how documents fall into sentences, words and characters.
#ifndef RONDO_TRAIN_TEXT_H
#define RONDO_TRAIN_TEXT_H

#include "compiler/Run/Files.h"
#include <map>

namespace rondo::train {

/// A word or character and where it stands, both from 1; columns count characters.
struct Unit {
  std::string text;
  int64_t line = 1, column = 1;
};

/// UTF-8 characters; the end of a line (LF or CR LF) is "\n". Bytes that are no UTF-8 are errors of `path`.
llvm::Expected<std::vector<Unit>> splitCharacters(llvm::StringRef text, llvm::StringRef path, int64_t line = 1,
                                                  int64_t column = 1);

/// Each byte is a unit.
std::vector<Unit> splitBytes(llvm::StringRef text, int64_t line = 1, int64_t column = 1);

/// Runs of letters, digits and what is no ASCII, with ' and - inside of them; every other mark is a word of its own. An
/// end of line is none.
llvm::Expected<std::vector<Unit>> splitWords(llvm::StringRef text, llvm::StringRef path, int64_t line = 1,
                                             int64_t column = 1);

/// Sentences end behind words that are '.', '!' or '?' (several in a row are one end). Offsets into the words, one
/// more than there are sentences.
std::vector<int64_t> splitSentences(llvm::ArrayRef<Unit> words);

/// Units by number. In a file they stand one a line, with \n, \t, \r and \\ for what cannot.
class Vocabulary {
public:
  static constexpr const char *unknown = "<unk>", *end = "<end>";

  /// The units of all texts, the most frequent first, of equal ones the smaller.
  struct Plan {
    int64_t most = 0;         // numbers. With more units: an error of the first in a text that finds no place, or,
    bool withUnknown = false; // the first number is `<unk>`, which stands for the rest
    int64_t end = -1;         // not -1: this number is `<end>`
    std::string what;         // names the input in messages
  };
  struct Source {
    std::string path;
    std::vector<Unit> units;
  };
  static llvm::Expected<Vocabulary> make(llvm::ArrayRef<Source> sources, const Plan &plan);
  static llvm::Expected<Vocabulary> read(llvm::StringRef path, int64_t most, const std::string &what);
  /// What token(96) and token(256) are numbers of, see encodeText in Run/Files.h.
  static Vocabulary printable();
  static Vocabulary bytes();

  llvm::Error write(llvm::StringRef path) const;

  /// One that is not there is `<unk>` if that is, else an error of its place.
  llvm::Expected<int64_t> number(const Unit &unit, llvm::StringRef path) const;
  const std::vector<std::string> &units() const { return list; }

private:
  void add(std::string unit);
  void reserveEnd(const Plan &plan, bool isComplete);

  std::string from = "the vocabulary of the training data"; // for messages
  bool isFixed = false;                                     // there is no place for <unk>
  std::vector<std::string> list;
  std::map<std::string, int64_t, std::less<>> numbers;
};

/// As messages show it: "'a'", "the end of a line", "'\x01'".
std::string shownUnit(llvm::StringRef text);

} // namespace rondo::train
#endif
