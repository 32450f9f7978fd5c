// Diagnostics: every message the front end can give is registered in Diagnostics.def by its stable id.
//
// A diagnostic names a place, says what is wrong there in the user's words, and may carry notes (other places), and a
// fix-it (a text that replaces a range). Nothing here prints: tools render the collected list as text or JSON.
#ifndef RONDO_DSL_DIAGNOSTICS_H
#define RONDO_DSL_DIAGNOSTICS_H

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"
#include "llvm/Support/SourceMgr.h"
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace rondo::dsl {

/// One enumerator per row of Diagnostics.def: `R0101`, `R0102`, ...
enum class DiagId : uint16_t {
#define RONDO_DIAGNOSTIC(ID, SEVERITY, TITLE) ID,
#include "dsl/Diagnostics.def"
#undef RONDO_DIAGNOSTIC
};

enum class Severity : uint8_t { Error, Warning };

llvm::StringRef idName(DiagId id); // "R0401"
llvm::StringRef title(DiagId id);  // "clocks differ"
Severity severity(DiagId id);
std::optional<DiagId> idFromName(llvm::StringRef name);

struct Note {
  llvm::SMRange range;
  std::string message;
};

/// Replace `range` (may be empty: an insertion) by `text`.
struct FixIt {
  llvm::SMRange range;
  std::string text;
};

struct Diagnostic {
  DiagId id;
  llvm::SMRange range; // the caret stands at its start
  std::string message; // lower-case start, no full stop
  std::vector<Note> notes;
  std::vector<FixIt> fixIts;

  Diagnostic &note(llvm::SMRange at, std::string text) {
    notes.push_back({at, std::move(text)});
    return *this;
  }
  Diagnostic &fixIt(llvm::SMRange at, std::string text) {
    fixIts.push_back({at, std::move(text)});
    return *this;
  }
  /// "; did you mean 'x'?", with the fix-it, if one of the candidates is near to the name that stands there.
  Diagnostic &suggest(llvm::SMRange at, llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> candidates);
};

/// Of one run; beyond it is R0107.
constexpr unsigned maxErrors = 1000;

/// Collects diagnostics of one run. A place reports an id at most once (a cell instantiated ten times reports its
/// mistake once); later repeats are dropped, and the returned object is then a scratch one.
class Diagnostics {
public:
  explicit Diagnostics(llvm::SourceMgr &sources) : sources(sources) {}

  Diagnostic &report(DiagId id, llvm::SMRange range, std::string message);
  Diagnostic &report(DiagId id, llvm::SMLoc loc, std::string message) {
    return report(id, llvm::SMRange(loc, loc), std::move(message));
  }

  /// Takes back what was reported there.
  void retract(llvm::SMLoc at, DiagId id);
  /// What is reported so far; and back to that.
  using Mark = size_t;
  Mark mark() const { return list.size(); }
  void rewind(Mark mark);

  bool hasErrors() const { return errors != 0; }
  unsigned errorCount() const { return errors; }
  /// How often an error was reported, repeats and what is not told among them; never less than before.
  unsigned errorReports() const { return reports; }
  const std::deque<Diagnostic> &all() const { return list; }

  /// `FILE:LINE:COL: error: message [R0107]`, the source line, the caret, notes and fix-its; in source order.
  void printText(llvm::raw_ostream &os, bool colors) const;
  /// One JSON array; an object a diagnostic: id, severity, file, line, column, endLine, endColumn, message, notes, fixits.
  void printJson(llvm::raw_ostream &os) const;

  llvm::SourceMgr &sources;

private:
  std::vector<const Diagnostic *> inSourceOrder() const;

  std::deque<Diagnostic> list;
  llvm::DenseSet<std::pair<const char *, unsigned>> seen; // place and id of each
  Diagnostic scratch{};
  unsigned errors = 0, reports = 0;
};

/// The candidate nearest to `name` (edit distance at most a third of its length), for "did you mean".
std::optional<llvm::StringRef> nearest(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace rondo::dsl
#endif
