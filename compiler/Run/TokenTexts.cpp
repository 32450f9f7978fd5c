#include "compiler/Run/TokenTexts.h"
#include "compiler/Run/Inputs.h"

namespace rondo::run {

std::string tokenText(const TokenTexts &texts, const dsl::Input &input, int64_t token) {
  if (auto found = texts.find(input.name); found != texts.end() && token < int64_t(found->second.size()))
    return found->second[token];
  if (!textHasTokens(input.type.tokens))
    return std::to_string(token);
  bool isPrintable = input.type.tokens == 96; // the last of them is the end of a line
  int64_t byte = !isPrintable ? token : token == 95 ? '\n' : token + ' ';
  if (byte == '\n')
    return "\u21b5";
  if (byte == ' ')
    return "\u2423";
  return byte > ' ' && byte <= '~' ? std::string(1, char(byte)) : std::to_string(token);
}

} // namespace rondo::run
