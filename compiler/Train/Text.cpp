#include "compiler/Train/Text.h"
#include "llvm/ADT/StringExtras.h"
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

Expected<std::vector<Unit>> splitCharacters(StringRef text, StringRef path, int64_t line, int64_t column) {
  std::vector<Unit> units;
  while (!text.empty()) {
    if (text.starts_with("\r\n"))
      text = text.drop_front();
    size_t bytes = characterBytes(text);
    if (bytes == 0)
      return run::failureIn(
          path, "the byte 0x" + utohexstr(static_cast<unsigned char>(text[0])) + " begins no character of UTF-8", line,
          column);
    units.push_back({text.take_front(bytes).str(), line, column++});
    if (text[0] == '\n')
      ++line, column = 1;
    text = text.drop_front(bytes);
  }
  return units;
}

std::vector<Unit> splitBytes(StringRef text, int64_t line, int64_t column) {
  std::vector<Unit> units;
  for (char c : text) {
    units.push_back({std::string(1, c), line, column++});
    if (c == '\n')
      ++line, column = 1;
  }
  return units;
}

Expected<std::vector<Unit>> splitWords(StringRef text, StringRef path, int64_t line, int64_t column) {
  auto characters = splitCharacters(text, path, line, column);
  if (!characters)
    return characters.takeError();
  auto isLetter = [](const Unit &unit) { return unit.text.size() > 1 || isAlnum(unit.text[0]); };
  auto letterAt = [&](size_t i) { return i < characters->size() && isLetter((*characters)[i]); };
  std::vector<Unit> words;
  for (size_t i = 0; i < characters->size();) {
    Unit unit = (*characters)[i++];
    if (unit.text.size() == 1 && isSpace(unit.text[0]))
      continue;
    if (isLetter(unit))
      while (i < characters->size()) {
        const std::string &next = (*characters)[i].text;
        if (!letterAt(i) && !((next == "'" || next == "-") && letterAt(i + 1)))
          break;
        unit.text += next;
        ++i;
      }
    words.push_back(std::move(unit));
  }
  return words;
}

std::vector<int64_t> splitSentences(ArrayRef<Unit> words) {
  std::vector<int64_t> offsets = {0};
  auto ends = [&](size_t i) { return words[i].text == "." || words[i].text == "!" || words[i].text == "?"; };
  for (size_t i = 0; i < words.size(); ++i)
    if (i + 1 == words.size() || (ends(i) && !ends(i + 1)))
      offsets.push_back(int64_t(i) + 1);
  return offsets;
}

//===--- Vocabularies ------------------------------------------------------------------------------------------===//

void Vocabulary::add(std::string unit) {
  numbers.emplace(unit, int64_t(list.size()));
  list.push_back(std::move(unit));
}

/// Where the next number is the end's, it gets it; a complete vocabulary has numbers without a unit up to there.
void Vocabulary::reserveEnd(const Plan &plan, bool isComplete) {
  while (isComplete && int64_t(list.size()) < plan.end)
    add("<" + std::to_string(list.size()) + ">");
  if (int64_t(list.size()) == plan.end)
    add(end);
}

Expected<Vocabulary> Vocabulary::make(ArrayRef<Source> sources, const Plan &plan) {
  std::map<std::string, int64_t, std::less<>> counts;
  for (const Source &source : sources)
    for (const Unit &unit : source.units)
      ++counts[unit.text];
  std::vector<std::pair<int64_t, std::string>> order;
  for (const auto &[text, count] : counts)
    order.emplace_back(-count, text);
  llvm::sort(order);
  Vocabulary vocabulary;
  vocabulary.reserveEnd(plan, /*isComplete=*/false);
  if (plan.withUnknown)
    vocabulary.add(unknown);
  int64_t most = plan.most;
  for (auto &[count, text] : order) {
    vocabulary.reserveEnd(plan, /*isComplete=*/false);
    bool isOpen = plan.end >= int64_t(vocabulary.list.size()); // a place must be left
    if (int64_t(vocabulary.list.size()) < most - isOpen && !vocabulary.numbers.count(text))
      vocabulary.add(std::move(text));
  }
  vocabulary.reserveEnd(plan, /*isComplete=*/true);
  if (plan.withUnknown)
    return vocabulary;
  for (const Source &source : sources)
    for (const Unit &unit : source.units)
      if (!vocabulary.numbers.count(unit.text))
        return run::failureIn(source.path,
                              shownUnit(unit.text) + " finds no place: the text has " + Twine(counts.size()) +
                                  " different tokens, but " + plan.what + " has room for " +
                                  Twine(most - (plan.end >= 0)) +
                                  "; make the model's larger, or let --unk stand for the rarest",
                              unit.line, unit.column);
  return vocabulary;
}

Vocabulary Vocabulary::printable() {
  Vocabulary vocabulary;
  vocabulary.from = "token(96), which holds printable ASCII and the end of a line";
  vocabulary.isFixed = true;
  for (char c = ' '; c <= '~'; ++c)
    vocabulary.add(std::string(1, c));
  vocabulary.add("\n");
  return vocabulary;
}

Vocabulary Vocabulary::bytes() {
  Vocabulary vocabulary;
  vocabulary.isFixed = true;
  for (int byte = 0; byte < 256; ++byte)
    vocabulary.add(std::string(1, char(byte)));
  return vocabulary;
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

Expected<Vocabulary> Vocabulary::read(StringRef path, int64_t most, const std::string &what) {
  auto text = run::readWhole(path);
  if (!text)
    return text.takeError();
  Vocabulary vocabulary;
  vocabulary.from = ("'" + path + "'").str();
  StringRef rest = *text;
  for (int64_t line = 1; !rest.empty(); ++line) {
    StringRef escapedUnit;
    std::tie(escapedUnit, rest) = rest.split('\n');
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
    if (vocabulary.numbers.count(unit))
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

Expected<int64_t> Vocabulary::number(const Unit &unit, StringRef path) const {
  auto found = numbers.find(unit.text);
  if (found == numbers.end())
    found = numbers.find(unknown);
  if (found != numbers.end())
    return found->second;
  return run::failureIn(path,
                        shownUnit(unit.text) + " is not in " + from +
                            (isFixed ? "" : "; a vocabulary made with --unk takes it for <unk>"),
                        unit.line, unit.column);
}

} // namespace rondo::train
