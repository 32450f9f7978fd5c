// Text files: tables of numbers (.csv), and characters or numbers (.txt).
#include "compiler/Run/Files.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include <charconv>
#include <cmath>

using namespace llvm;

namespace rondo::run {

namespace {

/// What is wrong with a field that is to be a number; nothing if it is one, to its last character.
StringRef parseNumber(StringRef field, double &value) {
  const StringRef noNumber = "is no number";
  std::string lower = field.lower();
  StringRef text = lower;
  if (text == "true" || text == "false") {
    value = text == "true";
    return {};
  }
  if (text.consume_front("+") && text.starts_with("-"))
    return noNumber;
  if (text == "nan" || text == "inf" || text == "-inf") {
    value = text == "nan" ? std::nan("") : text == "inf" ? HUGE_VAL : -HUGE_VAL;
    return {};
  }
  // What from_chars takes beyond decimal numbers would only hide mistakes.
  if (text.find_first_not_of("0123456789+-.e") != StringRef::npos)
    return noNumber;
  auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error == std::errc::result_out_of_range && end == text.end())
    return "is out of the range of a double";
  return error == std::errc() && end == text.end() ? StringRef() : noNumber;
}

std::string shown(StringRef field) {
  std::string out = "'";
  for (char c : field.take_front(40))
    out += isPrint(c) ? c : '?';
  return out + (field.size() > 40 ? "...'" : "'");
}

struct Field {
  std::string text;
  bool quoted = false;
  int64_t column = 1; // in bytes, from 1
};

char separatorOf(StringRef line) {
  bool quoted = false;
  std::string open; // what stands outside quotes
  for (char c : line) {
    quoted ^= c == '"';
    if (!quoted)
      open += c;
  }
  for (char separator : {',', ';', '\t'})
    if (StringRef(open).contains(separator))
      return separator;
  return ',';
}

/// Whether a field may stand in a header. A quoted one need not begin with a letter, but what begins like a number is
/// more likely a damaged one.
bool isWord(const Field &field) {
  double number;
  char first = field.text.empty() ? '\0' : field.text[0];
  bool begins = field.quoted ? !isDigit(first) && !StringRef("+-.,").contains(first)
                             : isAlpha(first) || static_cast<unsigned char>(first) >= 0x80;
  bool readable = json::isUTF8(field.text) && none_of(field.text, [](unsigned char c) { return c < ' '; });
  return begins && readable && !parseNumber(field.text, number).empty();
}

/// The fields of a line; a quoted field may hold separators, and "" for a quote. Returns what is wrong, if anything.
StringRef splitFields(StringRef line, char separator, std::vector<Field> &fields) {
  size_t i = 0;
  for (;;) {
    Field field;
    field.column = int64_t(i) + 1;
    while (i < line.size() && line[i] == ' ')
      ++i;
    if (i < line.size() && line[i] == '"') {
      field.quoted = true;
      for (++i;; ++i) {
        if (i == line.size())
          return "a quote is not closed";
        if (line[i] == '"') {
          if (i + 1 < line.size() && line[i + 1] == '"')
            ++i;
          else
            break;
        }
        field.text += line[i];
      }
      ++i;
      size_t end = std::min(line.find(separator, i), line.size());
      if (!line.slice(i, end).trim(" \t").empty())
        return "text behind a closing quote";
      i = end;
    } else {
      while (i < line.size() && line[i] != separator)
        field.text += line[i++];
    }
    field.text = StringRef(field.text).trim(" \t").str();
    fields.push_back(std::move(field));
    if (i == line.size())
      return {};
    ++i; // the separator
  }
}

/// An empty line: what follows is the next sample. Several are one.
void endSample(Table &table) {
  int64_t rows = int64_t(table.lines.size());
  if (table.samples.back() != rows)
    table.samples.push_back(rows);
}

StringRef nextLine(StringRef &rest) {
  auto [line, tail] = rest.split('\n');
  rest = tail;
  line.consume_back("\r");
  return line;
}

} // namespace

Expected<Table> parseCsv(StringRef text, StringRef path) {
  Table table;
  table.samples = {0};
  text = withoutMark(text);
  char separator = 0;
  int64_t number = 0;
  while (!text.empty()) {
    StringRef line = nextLine(text);
    ++number;
    if (line.trim().empty()) {
      endSample(table);
      continue;
    }
    if (!separator)
      separator = separatorOf(line);
    auto wrong = [&](int64_t column, const Twine &message) { return failureIn(path, message, number, column); };
    if (size_t at = line.find('\r'); at != StringRef::npos)
      return wrong(int64_t(at) + 1, "a carriage return inside a line; lines end with LF or CR LF");
    std::vector<Field> fields;
    if (StringRef mistake = splitFields(line, separator, fields); !mistake.empty())
      return wrong(1, mistake);
    bool isFirst = table.columns == 0;
    if (isFirst) {
      table.columns = int64_t(fields.size());
      if (all_of(fields, isWord)) {
        for (Field &field : fields)
          table.header.push_back(std::move(field.text));
        continue;
      }
      double any;
      auto isNeither = [&](const Field &field) { return !isWord(field) && !parseNumber(field.text, any).empty(); };
      if (auto bad = find_if(fields, isNeither); bad != fields.end() && any_of(fields, isWord) && !bad->text.empty())
        return wrong(bad->column, shown(bad->text) + " is no word, as all fields of a header are, and no number");
    }
    std::vector<double> values(fields.size());
    for (auto [field, value] : zip(fields, values)) {
      StringRef mistake = parseNumber(field.text, value);
      if (mistake.empty())
        continue;
      if (field.text.empty())
        return wrong(field.column, "the field is empty, expected a number");
      return wrong(field.column, shown(field.text) + " " + mistake +
                                     (isFirst && isWord(field) ? "; in a header every field is a word" : ""));
    }
    if (int64_t(fields.size()) != table.columns)
      return wrong(1, Twine(fields.size()) + " fields, but the lines before have " + Twine(table.columns));
    table.values.insert(table.values.end(), values.begin(), values.end());
    table.lines.push_back(number);
  }
  endSample(table);
  return table;
}

Expected<Table> readCsv(StringRef path) {
  auto text = readWhole(path);
  if (!text)
    return text.takeError();
  return parseCsv(*text, path);
}

Expected<Table> parseNumbers(StringRef text, int64_t columns, StringRef path) {
  Table table;
  table.samples = {0};
  table.columns = columns;
  int64_t number = 0;
  while (!text.empty()) {
    StringRef line = nextLine(text);
    ++number;
    if (line.trim().empty()) {
      endSample(table);
      continue;
    }
    int64_t count = 0;
    for (size_t i = 0; i < line.size();) {
      if (isSpace(line[i])) {
        ++i;
        continue;
      }
      size_t end = i;
      while (end < line.size() && !isSpace(line[end]))
        ++end;
      double value = 0;
      if (StringRef mistake = parseNumber(line.slice(i, end), value); !mistake.empty())
        return failureIn(path, shown(line.slice(i, end)) + " " + mistake, number, int64_t(i) + 1);
      table.values.push_back(value);
      if (columns == 1)
        table.lines.push_back(number);
      ++count;
      i = end;
    }
    if (columns != 1) {
      if (count != columns)
        return failureIn(path, Twine(count) + " numbers where a row has " + Twine(columns), number, 1);
      table.lines.push_back(number);
    }
  }
  endSample(table);
  return table;
}

bool textHasTokens(int64_t tokens) { return tokens == 96 || tokens == 256; }

Expected<std::vector<int64_t>> encodeText(StringRef text, int64_t tokens, StringRef name) {
  std::vector<int64_t> out;
  int64_t line = 1, column = 1;
  for (size_t i = 0; i < text.size(); ++i, ++column) {
    unsigned byte = static_cast<unsigned char>(text[i]);
    if (tokens == 256)
      out.push_back(byte);
    else if (byte >= 32 && byte < 127)
      out.push_back(byte - 32);
    else if (byte == '\n')
      out.push_back(95);
    else if (!text.substr(i).starts_with("\r\n"))
      return failureIn(name,
                       "the byte 0x" + utohexstr(byte) +
                           " has no number in token(96), which holds printable ASCII and the end of a line",
                       line, column);
    if (byte == '\n') {
      ++line;
      column = 0;
    }
  }
  return out;
}

std::string decodeText(ArrayRef<int64_t> tokens, int64_t alphabet) {
  std::string out;
  for (int64_t token : tokens)
    out += alphabet == 256 ? char(token) : token == 95 ? '\n' : char(token + 32);
  return out;
}

} // namespace rondo::run
