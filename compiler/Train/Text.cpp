#include "compiler/Train/Text.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace llvm;

namespace rondo::train {

std::string shownUnit(StringRef text) {
  if (text == "\n")
    return "the end of a line";
  std::string out = "'";
  for (char c : text) {
    unsigned byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte == 127)
      out += "\\x" + utohexstr(byte, /*LowerCase=*/false, /*Width=*/2);
    else
      out += c;
  }
  return out + "'";
}

//===--- Files -------------------------------------------------------------------------------------------------===//

Expected<TextFile> TextFile::open(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return run::failureIn(path, buffer.getError().message());
  TextFile file;
  file.path = path.str();
  file.buffer = std::move(*buffer);
  return std::move(file);
}

TextFile TextFile::of(StringRef name, StringRef text) {
  TextFile file;
  file.path = name.str();
  file.buffer = MemoryBuffer::getMemBufferCopy(text);
  return file;
}

Error TextFile::failure(const char *at, const Twine &what) const {
  StringRef before = text().take_front(size_t(at - text().data()));
  size_t lineBegin = before.rfind('\n') + 1; // npos + 1 is 0
  int64_t column = 1;
  for (char c : before.drop_front(lineBegin))
    column += (static_cast<unsigned char>(c) & 0xC0) != 0x80; // not inside of a character
  return run::failureIn(path, what, int64_t(before.count('\n')) + 1, column);
}

//===--- Splitting ---------------------------------------------------------------------------------------------===//

/// Bytes of the character that `text` begins with; 0: it is no UTF-8.
static size_t characterBytes(StringRef text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned first = byte(0);
  size_t count = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : 0;
  if (first >= 0xF0 && first < 0xF5)
    count = 4;
  for (size_t i = 1; i < count; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  // Longer than need be, half of a pair, or beyond Unicode.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0) || (first == 0xF0 && byte(1) < 0x90) ||
      (first == 0xF4 && byte(1) >= 0x90))
    return 0;
  return count;
}

/// Bytes of a character; 0, and the place is noted, if there is none.
size_t Units::character(StringRef text) {
  if (kind == UnitKind::Bytes)
    return 1;
  size_t bytes = characterBytes(text);
  if (bytes == 0)
    badAt = text.data();
  return bytes;
}

bool Units::next(StringRef &unit) {
  auto isLetter = [](StringRef text) { return !text.empty() && (isAlnum(text[0]) || (text[0] & 0x80)); };
  if (kind == UnitKind::Words)
    rest = rest.ltrim(" \t\n\v\f\r");
  else if (kind == UnitKind::Characters && rest.starts_with("\r\n"))
    rest = rest.drop_front();
  if (rest.empty())
    return false;
  size_t size = character(rest);
  if (size == 0)
    return false;
  if (kind == UnitKind::Words && isLetter(rest))
    for (StringRef behind = rest.drop_front(size); !behind.empty(); behind = rest.drop_front(size)) {
      bool joins = (behind[0] == '\'' || behind[0] == '-') && isLetter(behind.drop_front());
      if (!joins && !isLetter(behind))
        break;
      size_t more = character(behind);
      if (more == 0)
        return false;
      size += more;
    }
  unit = rest.take_front(size);
  rest = rest.drop_front(size);
  return true;
}

Error noCharacter(const TextFile &file, const char *at) {
  return file.failure(at, "the byte 0x" + utohexstr(static_cast<unsigned char>(*at)) + " begins no character of UTF-8");
}

//===--- Vocabularies ------------------------------------------------------------------------------------------===//

std::vector<std::string> UnitCounts::order() const {
  std::vector<std::pair<int64_t, std::string>> counts;
  for (int byte = 0; byte < 256; ++byte)
    if (ofBytes[byte])
      counts.emplace_back(-ofBytes[byte], std::string(1, char(byte)));
  for (const auto &other : others)
    counts.emplace_back(-other.second, other.first().str());
  llvm::sort(counts);
  std::vector<std::string> order;
  for (auto &[count, unit] : counts)
    order.push_back(std::move(unit));
  return order;
}

void Vocabulary::add(std::string unit) {
  auto number = int32_t(list.size());
  if (unit.size() == 1)
    ofBytes[static_cast<unsigned char>(unit[0])] = number;
  else
    others.try_emplace(unit, number);
  if (unit == unknown)
    numberOfUnknown = number;
  list.push_back(std::move(unit));
}

/// Where the next number is the end's, it gets it; a complete vocabulary has numbers without a unit up to there.
void Vocabulary::reserveEnd(const Plan &plan, bool isComplete) {
  while (isComplete && int64_t(list.size()) < plan.end)
    add("<" + std::to_string(list.size()) + ">");
  if (int64_t(list.size()) == plan.end)
    add(end);
}

Vocabulary Vocabulary::make(const UnitCounts &counts, const Plan &plan) {
  std::vector<std::string> order = counts.order();
  Vocabulary vocabulary;
  if (plan.withBlank)
    vocabulary.add(blank);
  vocabulary.reserveEnd(plan, /*isComplete=*/false);
  if (plan.withUnknown)
    vocabulary.add(unknown);
  for (std::string &unit : order) {
    vocabulary.reserveEnd(plan, /*isComplete=*/false);
    bool isOpen = plan.end >= int64_t(vocabulary.list.size());      // a place must be left
    bool isThere = unit == unknown || unit == end || unit == blank; // the text has it, too
    if (int64_t(vocabulary.list.size()) < plan.most - isOpen && !(isThere && vocabulary.find(unit) >= 0))
      vocabulary.add(unit);
  }
  vocabulary.reserveEnd(plan, /*isComplete=*/true);
  int64_t room = plan.most - (plan.end >= 0) - plan.withBlank;
  if (plan.areLabels)
    vocabulary.whyMissing = " is no label of the training data";
  if (int64_t(order.size()) > room)
    vocabulary.whyMissing = std::string(" finds no place: ") + (plan.areLabels ? "there are " : "the text has ") +
                            std::to_string(order.size()) + " different " + (plan.areLabels ? "labels" : "tokens") +
                            ", but " + plan.what + " has room for " + std::to_string(room) +
                            "; make the model's larger" + (plan.areLabels ? "" : ", or let --unk stand for the rarest");
  return vocabulary;
}

Vocabulary Vocabulary::printable() {
  Vocabulary vocabulary;
  vocabulary.whyMissing = " is not in token(96), which holds printable ASCII and the end of a line";
  for (char c = ' '; c <= '~'; ++c)
    vocabulary.add(std::string(1, c));
  vocabulary.add("\n");
  return vocabulary;
}

Vocabulary Vocabulary::bytes() {
  Vocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte)
    vocabulary.add(std::string(1, char(byte)));
  return vocabulary;
}

bool Vocabulary::holdsWords() const {
  return any_of(list, [](StringRef unit) { return unit[0] != '<' && characterBytes(unit) != unit.size(); });
}

static std::string escaped(StringRef text) {
  std::string out;
  for (char c : text)
    out += c == '\n'   ? std::string("\\n")
           : c == '\t' ? std::string("\\t")
           : c == '\r' ? std::string("\\r")
           : c == '\\' ? std::string("\\\\")
                       : std::string(1, c);
  return out;
}

Expected<Vocabulary> Vocabulary::read(StringRef path, int64_t most, const std::string &what, bool areLabels) {
  auto text = run::readWhole(path);
  if (!text)
    return text.takeError();
  Vocabulary vocabulary;
  vocabulary.whyMissing = areLabels
                              ? (" is no label of '" + path + "'").str()
                              : (" is not in '" + path + "'; a vocabulary made with --unk takes it for <unk>").str();
  StringRef rest = run::withoutMark(*text);
  for (int64_t line = 1; !rest.empty(); ++line) {
    StringRef escapedUnit;
    std::tie(escapedUnit, rest) = rest.split('\n');
    escapedUnit.consume_back("\r"); // in a token it is escaped
    if (const auto *at = escapedUnit.bytes_begin(); !isLegalUTF8String(&at, escapedUnit.bytes_end()))
      return run::failureIn(path, "a byte begins no character of UTF-8", line,
                            int64_t(at - escapedUnit.bytes_begin()) + 1);
    std::string unit;
    for (size_t i = 0; i < escapedUnit.size(); ++i) {
      char c = escapedUnit[i];
      if (c == '\\') {
        size_t kind = i + 1 < escapedUnit.size() ? StringRef("ntr\\").find(escapedUnit[i + 1]) : StringRef::npos;
        if (kind == StringRef::npos)
          return run::failureIn(path, "a \\ must stand before n, t, r or another \\", line, int64_t(i) + 1);
        ++i;
        c = "\n\t\r\\"[kind];
      }
      unit += c;
    }
    if (unit.empty())
      return run::failureIn(path, "the line is empty; each holds a token", line);
    if (vocabulary.has(unit))
      return run::failureIn(path, shownUnit(unit) + " stands twice", line);
    if (int64_t(vocabulary.list.size()) == most)
      return run::failureIn(path, "has more tokens than " + what + ", which has " + Twine(most), line);
    vocabulary.add(std::move(unit));
  }
  return vocabulary;
}

Error Vocabulary::write(StringRef path) const {
  return run::writeWhole(path, [&](raw_ostream &os) {
    for (const std::string &unit : list)
      os << escaped(unit) << '\n';
  });
}

Error Vocabulary::missing(StringRef unit, const TextFile &file) const {
  return file.failure(unit.data(), shownUnit(unit) + whyMissing);
}

} // namespace rondo::train
