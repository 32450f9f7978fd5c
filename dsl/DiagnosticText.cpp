// Diagnostics for people:
//
//   model.rondo:5:14: error: comparisons do not chain; write '0 < x[0] and x[0] < 1' [R0104]
//     e = 0 < x[0] < 1
//         ~~~~~~~~~^~~
//         0 < x[0] and x[0] < 1
//
// SourceMgr knows the lines; the excerpt is our own because source lines may be a megabyte long, hold tabs, wide
// characters or bytes that are no text, and columns count characters.
#include "dsl/Diagnostics.h"
#include "dsl/SourcePlace.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;

namespace rondo::dsl {

std::optional<uint32_t> takeCharacter(StringRef &rest) {
  auto *begin = reinterpret_cast<const UTF8 *>(rest.begin());
  auto *end = reinterpret_cast<const UTF8 *>(rest.end());
  if (*begin < 0x80) {
    rest = rest.drop_front();
    return *begin;
  }
  UTF32 codePoint = 0;
  if (getUTF8SequenceSize(begin, end) == 0 ||
      convertUTF8Sequence(&begin, end, &codePoint, strictConversion) != conversionOK) {
    rest = rest.drop_front();
    return std::nullopt;
  }
  rest = rest.drop_front(reinterpret_cast<const char *>(begin) - rest.begin());
  return codePoint;
}

std::string codePointName(uint32_t codePoint) {
  std::string text;
  raw_string_ostream(text) << "U+" << format_hex_no_prefix(codePoint, 4, /*Upper=*/true);
  return text;
}

SourcePlace placeOf(const SourceMgr &sources, SMLoc loc) {
  unsigned buffer = loc.isValid() ? sources.FindBufferContainingLoc(loc) : 0;
  if (buffer == 0)
    return {};
  const MemoryBuffer *memory = sources.getMemoryBuffer(buffer);
  StringRef before(memory->getBufferStart(), loc.getPointer() - memory->getBufferStart());
  StringRef after(loc.getPointer(), memory->getBufferEnd() - loc.getPointer());
  size_t lineStart = before.rfind('\n') + 1; // npos + 1 is 0
  SourcePlace place;
  place.file = memory->getBufferIdentifier();
  place.line = sources.FindLineNumber(loc, buffer);
  place.column = 1;
  for (StringRef rest = before.substr(lineStart); !rest.empty(); ++place.column)
    takeCharacter(rest);
  StringRef tail = after.take_until([](char c) { return c == '\n'; });
  place.lineText = StringRef(before.begin() + lineStart, before.size() - lineStart + tail.size());
  place.lineText.consume_back("\r");
  return place;
}

namespace {

constexpr unsigned tabStop = 8;
constexpr size_t widestExcerpt = 160; // columns of source shown; a longer line is clipped around its caret

/// One source line made printable, and where each of its bytes stands in it.
class Excerpt {
public:
  Excerpt(StringRef line, const char *caret) {
    const char *begin = line.begin(), *end = line.end();
    caret = std::clamp(caret, begin, end);
    if (line.size() > widestExcerpt) {
      begin = characterStart(line, std::max(begin, caret - std::min<size_t>(caret - begin, widestExcerpt / 2)));
      end = characterStart(line, begin + std::min<size_t>(line.end() - begin, widestExcerpt));
    }
    first = begin;
    if (begin != line.begin())
      append("...");
    for (StringRef rest(begin, end - begin); !rest.empty();)
      appendCharacter(rest);
    starts.push_back(width);
    last = end;
    if (end != line.end())
      append("...");
  }

  bool holds(const char *at) const { return at >= first && at <= last; }
  /// The column, from 0, of the character at `at`, which is clipped to what is shown.
  size_t column(const char *at) const { return starts[std::clamp(at, first, last) - first]; }
  StringRef text() const { return shown; }

private:
  static const char *characterStart(StringRef line, const char *at) {
    while (at > line.begin() && at < line.end() && (static_cast<unsigned char>(*at) & 0xC0) == 0x80)
      --at;
    return at;
  }

  void append(StringRef text) {
    shown += text;
    width += text.size();
  }

  void appendCharacter(StringRef &rest) {
    StringRef before = rest;
    std::optional<uint32_t> codePoint = takeCharacter(rest);
    StringRef bytes = before.drop_back(rest.size());
    starts.insert(starts.end(), bytes.size(), width);
    if (!codePoint) {
      std::string hex;
      raw_string_ostream(hex) << '<' << format_hex_no_prefix(static_cast<unsigned char>(bytes[0]), 2, true) << '>';
      append(hex);
    } else if (*codePoint == '\t') {
      append(StringRef("        ").take_front(tabStop - width % tabStop));
    } else if (!sys::unicode::isPrintable(static_cast<int>(*codePoint))) {
      append("<" + codePointName(*codePoint) + ">");
    } else {
      shown += bytes;
      width += std::max(0, sys::unicode::columnWidthUTF8(bytes));
    }
  }

  std::string shown;
  size_t width = 0;
  std::vector<size_t> starts; // of each byte from `first` to `last`, the end included
  const char *first = nullptr, *last = nullptr;
};

class TextPrinter {
public:
  TextPrinter(const SourceMgr &sources, raw_ostream &os, bool colors)
      : sources(sources), os(os), mode(colors ? ColorMode::Enable : ColorMode::Disable) {}

  void print(const Diagnostic &diagnostic) {
    bool isError = severity(diagnostic.id) == Severity::Error;
    message(diagnostic.range, isError ? "error" : "warning", isError ? HighlightColor::Error : HighlightColor::Warning,
            diagnostic.message + " [" + idName(diagnostic.id).str() + "]", diagnostic.fixIts);
    for (const Note &note : diagnostic.notes)
      message(note.range, "note", HighlightColor::Note, note.message, {});
    // Fix-its that the excerpt of the diagnostic has no room for.
    for (const FixIt &fix : diagnostic.fixIts)
      if (isOnOneLine(fix) && !isDrawnAt(fix, diagnostic.range.Start))
        message(fix.range, "note", HighlightColor::Note,
                fix.text.empty() ? "remove this" : "write '" + fix.text + "' here", {});
  }

private:
  static bool isOnOneLine(const FixIt &fix) {
    StringRef replaced(fix.range.Start.getPointer(), fix.range.End.getPointer() - fix.range.Start.getPointer());
    return !replaced.contains('\n') && !StringRef(fix.text).contains('\n');
  }

  /// Whether the excerpt around `caret` shows the fix-it's place.
  bool isDrawnAt(const FixIt &fix, SMLoc caret) const {
    SourcePlace place = placeOf(sources, caret);
    const char *start = fix.range.Start.getPointer();
    if (place.lineText.data() == nullptr || start < place.lineText.begin() || start > place.lineText.end())
      return false;
    return Excerpt(place.lineText, caret.getPointer()).holds(start);
  }

  void message(SMRange range, StringRef kind, HighlightColor color, const Twine &text, ArrayRef<FixIt> fixIts) {
    SourcePlace place = placeOf(sources, range.Start);
    if (!place.file.empty())
      os << place.file << ':' << place.line << ':' << place.column << ": ";
    WithColor(os, color, mode) << kind << ": ";
    os << text << '\n';
    if (place.file.empty() || place.lineText.trim().empty())
      return;

    Excerpt excerpt(place.lineText, range.Start.getPointer());
    size_t caret = excerpt.column(range.Start.getPointer());
    size_t end = std::max(caret + 1, excerpt.column(std::min(range.End.getPointer(), place.lineText.end())));
    os << excerpt.text() << '\n' << std::string(caret, ' ');
    WithColor(os, HighlightColor::Note, mode) << '^' << std::string(end - caret - 1, '~');
    os << '\n';

    std::string line;
    for (const FixIt &fix : fixIts) {
      if (!isOnOneLine(fix) || !isDrawnAt(fix, range.Start))
        continue;
      size_t column = excerpt.column(fix.range.Start.getPointer());
      if (!line.empty() && column <= line.size())
        flush(line);
      line.resize(std::max(column, line.size()), ' ');
      line += fix.text.empty() ? std::string(excerpt.column(fix.range.End.getPointer()) - column, '-') : fix.text;
    }
    if (!line.empty())
      flush(line);
  }

  void flush(std::string &line) {
    os << line << '\n';
    line.clear();
  }

  const SourceMgr &sources;
  raw_ostream &os;
  ColorMode mode;
};

} // namespace

void Diagnostics::printText(raw_ostream &os, bool colors) const {
  TextPrinter printer(sources, os, colors);
  for (const Diagnostic *diagnostic : inSourceOrder())
    printer.print(*diagnostic);
}

} // namespace rondo::dsl
