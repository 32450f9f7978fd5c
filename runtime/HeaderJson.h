// The small part of JSON that a safetensors header uses, read strictly: objects, arrays, strings, whole numbers.
#ifndef RONDO_RUNTIME_HEADERJSON_H
#define RONDO_RUNTIME_HEADERJSON_H

#include "runtime/Message.h"

namespace rondo::runtime {

/// Some bytes of text, which need not end with a 0 and may hold some.
struct Text {
  const char *begin = nullptr;
  size_t size = 0;
};
bool operator==(Text a, Text b);
bool operator<(Text a, Text b); // byte by byte
/// Of a C string.
Text textOf(const char *characters);

/// The beginning of a text as messages show it: what is no letter of one line is a '?'.
struct Shown {
  explicit Shown(Text text);
  char text[100];
};

/// A cursor over the text. The first mistake is kept in the error ("byte 17 of the header: ..."), and everything after it
/// fails.
class HeaderJson {
public:
  HeaderJson(Text text, Error *error) : start(text.begin), at(text.begin), end(text.begin + text.size), error(error) {}

  bool expect(char c); // after white space
  bool accept(char c); // the same, and no mistake if it is not there
  /// Valid UTF-8, escapes resolved, written to `to`: no more bytes than the string has in the header.
  bool string(Text &out, char *to);
  bool number(uint64_t &out); // 0 .. 2^63-1, no sign, point or exponent
  bool atEnd();               // nothing but white space is left
  __attribute__((format(printf, 2, 3))) bool fail(const char *format, ...);
  bool isFine() const { return !hasFailed; }

private:
  void skipSpace();
  bool escape(char *&to);
  bool hex4(uint32_t &out);

  const char *start, *at, *end;
  Error *error;
  bool hasFailed = false;
};

/// Writes `text` as a JSON string, quotes included, to `to` unless that is null; returns how many bytes that takes.
size_t quoteJson(Text text, char *to);

} // namespace rondo::runtime
#endif
