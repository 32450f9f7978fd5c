// Text as tokens: vocabularies, and how documents fall into sentences, words and characters. Files are mapped, and
// units are parts of them: nothing is kept for each.
#ifndef RONDO_TRAIN_TEXT_H
#define RONDO_TRAIN_TEXT_H

#include "compiler/Run/Files.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

namespace rondo::train {

/// A file, and how messages tell a place in it: by line and column from 1; columns count characters.
class TextFile {
public:
  static llvm::Expected<TextFile> open(llvm::StringRef path);
  /// A text that is in no file.
  static TextFile of(llvm::StringRef name, llvm::StringRef text);

  llvm::StringRef text() const { return run::withoutMark(buffer->getBuffer()); }
  /// `at`: in the text.
  llvm::Error failure(const char *at, const llvm::Twine &what) const;
  llvm::Error failure(const llvm::Twine &what) const { return run::failureIn(path, what); }

private:
  std::string path;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
};

enum class UnitKind { Bytes, Characters, Words };

/// The units of a document, one after another.
///   Characters  of UTF-8; the end of a line (LF or CR LF) is "\n"
///   Words       runs of letters, digits and what is no ASCII, with ' and - inside of them; every other mark is a word
///               of its own. An end of line is none
class Units {
public:
  Units(llvm::StringRef text, UnitKind kind) : rest(text), kind(kind) {}

  /// False behind the last one, and where there is no UTF-8.
  bool next(llvm::StringRef &unit);
  /// Null, or the place of a byte that begins no character.
  const char *bad() const { return badAt; }

private:
  size_t character(llvm::StringRef text);

  llvm::StringRef rest;
  UnitKind kind;
  const char *badAt = nullptr;
};
/// What is wrong at Units::bad.
llvm::Error noCharacter(const TextFile &file, const char *at);

/// Sentences end behind words that are '.', '!' or '?' (several in a row are one end).
class Sentences {
public:
  void add(llvm::StringRef word) {
    bool ends = word == "." || word == "!" || word == "?";
    if (hasEnded && !ends)
      offsets.push_back(words);
    hasEnded = ends;
    ++words;
  }
  /// A sentence ends here, whatever its last word was. How many there are.
  int64_t end() {
    if (words > offsets.back())
      offsets.push_back(words);
    hasEnded = false;
    return int64_t(offsets.size()) - 1;
  }
  /// Offsets into the words, one more than there are sentences. Then it begins anew.
  std::vector<int64_t> finish() {
    end();
    std::vector<int64_t> all = std::move(offsets);
    *this = Sentences();
    return all;
  }

private:
  std::vector<int64_t> offsets = {0};
  int64_t words = 0;
  bool hasEnded = false;
};

/// How often units are there.
class UnitCounts {
public:
  void add(llvm::StringRef unit) {
    if (unit.size() == 1)
      ++ofBytes[static_cast<unsigned char>(unit[0])];
    else
      ++others[unit];
  }
  /// The most frequent first, of equal ones the smaller.
  std::vector<std::string> order() const;

private:
  int64_t ofBytes[256] = {};
  llvm::StringMap<int64_t> others;
};

/// Units by number. In a file they stand one a line, with \n, \t, \r and \\ for what cannot.
class Vocabulary {
public:
  Vocabulary() { std::fill(std::begin(ofBytes), std::end(ofBytes), -1); }
  static constexpr const char *unknown = "<unk>", *end = "<end>", *blank = "<blank>";

  struct Plan {
    int64_t most = 0;         // numbers. Of more units, the rarest find no place, or,
    bool withUnknown = false; // the first number is `<unk>`, which stands for them
    int64_t end = -1;         // not -1: this number is `<end>`
    bool withBlank = false;   // number 0 is `<blank>`, which no text has
    std::string what;         // names the input in messages
    bool areLabels = false;   // not units of a text
  };
  static Vocabulary make(const UnitCounts &counts, const Plan &plan);
  static llvm::Expected<Vocabulary> read(llvm::StringRef path, int64_t most, const std::string &what,
                                         bool areLabels = false);
  /// What token(96) and token(256) are numbers of, see encodeText in Run/Files.h.
  static Vocabulary printable();
  static Vocabulary bytes();

  llvm::Error write(llvm::StringRef path) const;

  /// -1: it has none, also not that of `<unk>`.
  int64_t number(llvm::StringRef unit) const {
    int64_t known = unit.size() == 1 ? ofBytes[static_cast<unsigned char>(unit[0])] : find(unit);
    return known < 0 ? numberOfUnknown : known;
  }
  /// What is wrong with a unit that has none.
  llvm::Error missing(llvm::StringRef unit, const TextFile &file) const;
  const std::vector<std::string> &units() const { return list; }
  /// Whether there is a unit of several characters, but for those that stand for none, `<unk>`.
  bool holdsWords() const;

private:
  bool has(llvm::StringRef unit) const { return unit.size() == 1 ? ofBytes[uint8_t(unit[0])] >= 0 : find(unit) >= 0; }
  void add(std::string unit);
  void reserveEnd(const Plan &plan, bool isComplete);
  int64_t find(llvm::StringRef unit) const {
    auto found = others.find(unit);
    return found == others.end() ? -1 : found->second;
  }

  std::string whyMissing = " is not in the vocabulary of the training data; a vocabulary made with --unk takes it for "
                           "<unk>"; // for messages
  std::vector<std::string> list;
  int32_t ofBytes[256];
  int64_t numberOfUnknown = -1;
  llvm::StringMap<int32_t> others;
};

/// As messages show it: "'a'", "the end of a line", "'\x01'".
std::string shownUnit(llvm::StringRef text);

} // namespace rondo::train
#endif
