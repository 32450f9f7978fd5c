// What the pictures have in common.
#ifndef RONDO_RUN_SVG_H
#define RONDO_RUN_SVG_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace rondo::run {

/// Distinct also for colour-blind eyes (after Okabe and Ito), dark enough on white.
inline const char *pictureColour(size_t number) {
  static const char *const palette[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                        "#8a6d00", "#56a0d8", "#7b4fa3", "#444444"};
  return palette[number % (sizeof(palette) / sizeof(*palette))];
}

inline std::string escapeXml(llvm::StringRef text) {
  std::string out;
  for (char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

/// Characters of UTF-8.
inline int lengthOf(llvm::StringRef text) {
  int count = 0;
  for (char c : text)
    count += (uint8_t(c) & 0xc0) != 0x80;
  return count;
}

} // namespace rondo::run
#endif
