#include "runtime/HeaderJson.h"

namespace rondo::runtime {

bool HeaderJson::fail(const std::string &message) {
  if (error.empty())
    error = "byte " + std::to_string(at - begin) + " of the header: " + message;
  return false;
}

void HeaderJson::skipSpace() {
  while (at != end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
    ++at;
}

bool HeaderJson::accept(char c) {
  skipSpace();
  if (!error.empty() || at == end || *at != c)
    return false;
  ++at;
  return true;
}

bool HeaderJson::expect(char c) { return accept(c) || fail(std::string("expected '") + c + "'"); }

bool HeaderJson::atEnd() {
  skipSpace();
  return at == end;
}

bool HeaderJson::number(uint64_t &out) {
  skipSpace();
  if (!error.empty())
    return false;
  if (at == end || *at < '0' || *at > '9')
    return fail("expected a whole number that is not negative");
  if (*at == '0' && at + 1 != end && at[1] >= '0' && at[1] <= '9')
    return fail("a number starts with 0");
  const uint64_t limit = INT64_MAX;
  out = 0;
  for (; at != end && *at >= '0' && *at <= '9'; ++at) {
    uint64_t digit = uint64_t(*at - '0');
    if (out > (limit - digit) / 10)
      return fail("number too large");
    out = out * 10 + digit;
  }
  if (at != end && (*at == '.' || *at == 'e' || *at == 'E'))
    return fail("expected a whole number");
  return true;
}

size_t utf8Length(const char *at, const char *end) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(at[i]); };
  size_t left = size_t(end - at);
  if (left == 0)
    return 0;
  unsigned char first = byte(0);
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                  : first >= 0xE0 && first <= 0xEF ? 3
                  : first >= 0xF0 && first <= 0xF4 ? 4
                                                   : 0;
  if (length == 0 || length > left)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  // overlong forms, surrogates, beyond U+10FFFF
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) || (first == 0xF0 && byte(1) < 0x90) ||
      (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return length;
}

bool HeaderJson::hex4(uint32_t &out) {
  out = 0;
  for (int i = 0; i < 4; ++i, ++at) {
    if (at == end)
      return fail("text ends inside a string");
    char c = *at;
    uint32_t digit = c >= '0' && c <= '9'   ? uint32_t(c - '0')
                     : c >= 'a' && c <= 'f' ? uint32_t(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? uint32_t(c - 'A') + 10
                                            : 16;
    if (digit == 16)
      return fail("expected four hexadecimal digits");
    out = out * 16 + digit;
  }
  return true;
}

static void appendUtf8(uint32_t code, std::string &out) {
  if (code < 0x80) {
    out += char(code);
  } else if (code < 0x800) {
    out += char(0xC0 | (code >> 6));
    out += char(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += char(0xE0 | (code >> 12));
    out += char(0x80 | ((code >> 6) & 0x3F));
    out += char(0x80 | (code & 0x3F));
  } else {
    out += char(0xF0 | (code >> 18));
    out += char(0x80 | ((code >> 12) & 0x3F));
    out += char(0x80 | ((code >> 6) & 0x3F));
    out += char(0x80 | (code & 0x3F));
  }
}

/// Behind the backslash.
bool HeaderJson::escape(std::string &out) {
  if (at == end)
    return fail("text ends inside a string");
  char c = *at++;
  switch (c) {
  case '"':
  case '\\':
  case '/': out += c; return true;
  case 'b': out += '\b'; return true;
  case 'f': out += '\f'; return true;
  case 'n': out += '\n'; return true;
  case 'r': out += '\r'; return true;
  case 't': out += '\t'; return true;
  case 'u': {
    uint32_t code = 0;
    if (!hex4(code))
      return false;
    if (code >= 0xDC00 && code <= 0xDFFF)
      return fail("half of a surrogate pair");
    if (code >= 0xD800 && code <= 0xDBFF) {
      uint32_t low = 0;
      if (end - at < 2 || at[0] != '\\' || at[1] != 'u')
        return fail("half of a surrogate pair");
      at += 2;
      if (!hex4(low))
        return false;
      if (low < 0xDC00 || low > 0xDFFF)
        return fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    appendUtf8(code, out);
    return true;
  }
  default: --at; return fail("unknown escape in a string");
  }
}

bool HeaderJson::string(std::string &out) {
  out.clear();
  if (!expect('"'))
    return false;
  while (at != end) {
    if (*at == '"') {
      ++at;
      return true;
    }
    if (*at == '\\') {
      ++at;
      if (!escape(out))
        return false;
      continue;
    }
    if (static_cast<unsigned char>(*at) < 0x20)
      return fail("control character in a string");
    size_t length = utf8Length(at, end);
    if (length == 0)
      return fail("invalid UTF-8 in a string");
    out.append(at, length);
    at += length;
  }
  return fail("text ends inside a string");
}

std::string quoteJson(const std::string &text) {
  static const char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[c & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

} // namespace rondo::runtime
