#include "runtime/HeaderJson.h"
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace rondo::runtime {

bool operator==(Text a, Text b) {
  return a.size == b.size && (a.size == 0 || std::memcmp(a.begin, b.begin, a.size) == 0);
}
bool operator<(Text a, Text b) {
  size_t common = a.size < b.size ? a.size : b.size;
  int order = common ? std::memcmp(a.begin, b.begin, common) : 0;
  return order ? order < 0 : a.size < b.size;
}
Text textOf(const char *characters) { return {characters, std::strlen(characters)}; }

/// The length of the valid UTF-8 sequence at `at`, or 0.
static size_t utf8Length(const char *at, const char *end) {
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

Shown::Shown(Text whole) {
  static const char more[] = "...";
  size_t size = 0;
  for (const char *at = whole.begin, *end = at + whole.size; at != end;) {
    size_t length = utf8Length(at, end), left = length ? length : 1;
    if (size + left + sizeof more > sizeof text) {
      std::memcpy(text + size, more, sizeof more);
      return;
    }
    if (length == 0 || (length == 1 && (*at < ' ' || *at == 127)))
      text[size++] = '?';
    else
      for (size_t i = 0; i < length; ++i)
        text[size++] = at[i];
    at += left;
  }
  text[size] = 0;
}

bool HeaderJson::fail(const char *format, ...) {
  if (hasFailed)
    return false;
  hasFailed = true;
  char what[sizeof(Error::message)];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return runtime::fail(error, Code::File, "byte %lld of the header: %s", static_cast<long long>(at - start), what);
}

void HeaderJson::skipSpace() {
  while (at != end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
    ++at;
}

bool HeaderJson::accept(char c) {
  skipSpace();
  if (hasFailed || at == end || *at != c)
    return false;
  ++at;
  return true;
}

bool HeaderJson::expect(char c) { return accept(c) || fail("expected '%c'", c); }

bool HeaderJson::atEnd() {
  skipSpace();
  return at == end;
}

bool HeaderJson::number(uint64_t &out) {
  skipSpace();
  if (hasFailed)
    return false;
  if (at == end || *at < '0' || *at > '9')
    return fail("expected a whole number that is not negative");
  if (*at == '0' && at + 1 != end && at[1] >= '0' && at[1] <= '9')
    return fail("a number starts with 0");
  constexpr uint64_t limit = INT64_MAX;
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

static void putUtf8(uint32_t code, char *&to) {
  int rest = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3; // bytes behind the first
  static const uint8_t marks[] = {0, 0xC0, 0xE0, 0xF0};
  *to++ = char(marks[rest] | code >> (6 * rest));
  while (rest-- > 0)
    *to++ = char(0x80 | (code >> (6 * rest) & 0x3F));
}

/// Behind the backslash.
bool HeaderJson::escape(char *&to) {
  if (at == end)
    return fail("text ends inside a string");
  char c = *at++;
  switch (c) {
  case '"':
  case '\\':
  case '/': *to++ = c; return true;
  case 'b': *to++ = '\b'; return true;
  case 'f': *to++ = '\f'; return true;
  case 'n': *to++ = '\n'; return true;
  case 'r': *to++ = '\r'; return true;
  case 't': *to++ = '\t'; return true;
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
    putUtf8(code, to);
    return true;
  }
  default: --at; return fail("unknown escape in a string");
  }
}

bool HeaderJson::string(Text &out, char *to) {
  out = {to, 0};
  if (!expect('"'))
    return false;
  while (at != end) {
    if (*at == '"') {
      ++at;
      out.size = size_t(to - out.begin);
      return true;
    }
    if (*at == '\\') {
      ++at;
      if (!escape(to))
        return false;
      continue;
    }
    if (static_cast<unsigned char>(*at) < 0x20)
      return fail("control character in a string");
    size_t length = utf8Length(at, end);
    if (length == 0)
      return fail("invalid UTF-8 in a string");
    for (; length > 0; --length)
      *to++ = *at++;
  }
  return fail("text ends inside a string");
}

size_t quoteJson(Text text, char *to) {
  static const char digits[] = "0123456789abcdef";
  size_t size = 0;
  auto put = [&](char c) {
    if (to)
      to[size] = c;
    ++size;
  };
  put('"');
  for (const char *at = text.begin, *end = at + text.size; at != end; ++at) {
    auto c = static_cast<unsigned char>(*at);
    if (c < 0x20) {
      for (const char *escape = "\\u00"; *escape; ++escape)
        put(*escape);
      put(digits[c >> 4]);
      put(digits[c & 15]);
      continue;
    }
    if (c == '"' || c == '\\')
      put('\\');
    put(*at);
  }
  put('"');
  return size;
}

} // namespace rondo::runtime
