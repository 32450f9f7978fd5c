// Text files: tables of numbers (.csv), and characters or numbers (.txt).
#include "compiler/Run/Files.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace llvm;

namespace rondo::run {

namespace {

Error at(StringRef path, int64_t line, int64_t column, const Twine &message) {
  return failure(path + ":" + Twine(line) + ":" + Twine(column) + ": " + message);
}

bool parseNumber(StringRef field, double &value) {
  if (field == "true" || field == "false") {
    value = field == "true";
    return true;
  }
  field.consume_front("+");
  // What getAsDouble takes beyond decimal numbers (hexadecimal, "inf" of any kind) would only hide mistakes.
  if (field == "nan" || field == "inf" || field == "-inf") {
    value = field == "nan" ? std::nan("") : field == "inf" ? HUGE_VAL : -HUGE_VAL;
    return true;
  }
  if (field.empty() || field.find_first_not_of("0123456789+-.eE") != StringRef::npos)
    return false;
  return !field.getAsDouble(value);
}

std::string shown(StringRef field) {
  std::string out = "'";
  for (char c : field.take_front(40))
    out += isPrint(c) ? c : '?';
  return out + (field.size() > 40 ? "...'" : "'");
}

struct Field {
  std::string text;
  int64_t column = 1; // in characters, from 1
};

/// The fields of a line; a quoted field may hold separators, and "" for a quote. False: a quote is not closed.
bool splitFields(StringRef line, char separator, std::vector<Field> &fields) {
  size_t i = 0;
  for (;;) {
    Field field;
    field.column = int64_t(i) + 1;
    while (i < line.size() && line[i] == ' ')
      ++i;
    if (i < line.size() && line[i] == '"') {
      for (++i;; ++i) {
        if (i == line.size())
          return false;
        if (line[i] == '"') {
          if (i + 1 < line.size() && line[i + 1] == '"')
            ++i;
          else
            break;
        }
        field.text += line[i];
      }
      ++i;
      while (i < line.size() && line[i] != separator)
        field.text += line[i++];
    } else {
      while (i < line.size() && line[i] != separator)
        field.text += line[i++];
    }
    field.text = StringRef(field.text).trim(" \t").str();
    fields.push_back(std::move(field));
    if (i == line.size())
      return true;
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
  text.consume_front("\xEF\xBB\xBF"); // a byte order mark
  char separator = 0;
  bool first = true;
  int64_t number = 0;
  while (!text.empty()) {
    StringRef line = nextLine(text);
    ++number;
    if (line.trim().empty()) {
      endSample(table);
      continue;
    }
    if (!separator)
      separator = line.contains(',') ? ',' : line.contains(';') ? ';' : line.contains('\t') ? '\t' : ',';
    std::vector<Field> fields;
    if (!splitFields(line, separator, fields))
      return at(path, number, 1, "a quote is not closed");
    std::vector<double> values(fields.size());
    size_t good = 0;
    while (good < fields.size() && parseNumber(fields[good].text, values[good]))
      ++good;
    if (first) {
      first = false;
      table.columns = int64_t(fields.size());
      if (good < fields.size()) {
        for (Field &field : fields)
          table.header.push_back(field.text);
        continue;
      }
    }
    if (good < fields.size())
      return at(path, number, fields[good].column,
                fields[good].text.empty() ? Twine("the field is empty, expected a number").str()
                                          : shown(fields[good].text) + " is no number");
    if (int64_t(fields.size()) != table.columns)
      return at(path, number, 1, Twine(fields.size()) + " fields, but the lines before have " + Twine(table.columns));
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
      if (!parseNumber(line.slice(i, end), value))
        return at(path, number, int64_t(i) + 1, shown(line.slice(i, end)) + " is no number");
      table.values.push_back(value);
      if (columns == 1)
        table.lines.push_back(number);
      ++count;
      i = end;
    }
    if (columns != 1) {
      if (count != columns)
        return at(path, number, 1, Twine(count) + " numbers where a row has " + Twine(columns));
      table.lines.push_back(number);
    }
  }
  endSample(table);
  return table;
}

bool textHasTokens(int64_t tokens) { return tokens == 96 || tokens == 256; }

Expected<std::vector<int64_t>> encodeText(StringRef text, int64_t tokens, StringRef name) {
  std::vector<int64_t> out;
  text.consume_back("\n");
  int64_t line = 1, column = 1;
  for (char c : text) {
    unsigned byte = static_cast<unsigned char>(c);
    if (tokens == 256)
      out.push_back(byte);
    else if (c == '\n')
      out.push_back(95);
    else if (byte >= 32 && byte < 127)
      out.push_back(byte - 32);
    else
      return at(name, line, column,
                "the byte 0x" + utohexstr(byte) +
                    " has no number in token(96), which holds printable ASCII and the end of a line");
    ++column;
    if (c == '\n') {
      ++line;
      column = 1;
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
