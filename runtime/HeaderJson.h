// The small part of JSON that a safetensors header uses, read strictly: objects, arrays, strings, whole numbers.
#ifndef RONDO_RUNTIME_HEADERJSON_H
#define RONDO_RUNTIME_HEADERJSON_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace rondo::runtime {

/// A cursor over the text. The first mistake is kept in `error` ("byte 17: ...") and everything after it fails.
class HeaderJson {
public:
  HeaderJson(const char *text, size_t size) : begin(text), at(text), end(text + size) {}

  bool expect(char c);           // after white space
  bool accept(char c);           // the same, and no mistake if it is not there
  bool string(std::string &out); // valid UTF-8, escapes resolved
  bool number(uint64_t &out);    // 0 .. 2^63-1, no sign, point or exponent
  bool atEnd();                  // nothing but white space is left
  bool fail(const std::string &message);

  std::string error;

private:
  void skipSpace();
  bool escape(std::string &out);
  bool hex4(uint32_t &out);

  const char *begin, *at, *end;
};

/// `text` as a JSON string, quotes included.
std::string quoteJson(const std::string &text);
/// The length of the valid UTF-8 sequence at `at`, or 0.
size_t utf8Length(const char *at, const char *end);

} // namespace rondo::runtime
#endif
