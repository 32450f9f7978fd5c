// Text -> tokens and comments.
//
// A character or number that is no part of the language is reported here (R0101) and leaves an Error token, so that the
// parser knows that the place has been spoken of and says nothing more about it.
#ifndef RONDO_DSL_LEXER_H
#define RONDO_DSL_LEXER_H

#include "dsl/Diagnostics.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace rondo::dsl {

enum class TokenKind : uint8_t {
  Eof,
  Error,
  Name,
  Int,
  Real,
  String,
#define RONDO_TOKEN(KIND, SPELLING) KIND,
#include "dsl/Tokens.def"
#undef RONDO_TOKEN
};

/// "model", "->", ...; empty for the kinds that have no one spelling.
llvm::StringRef spelling(TokenKind kind);
/// Reserved words, punctuation not included.
llvm::ArrayRef<llvm::StringRef> reservedWords();

struct Token {
  const char *begin = nullptr;
  uint32_t length = 0;
  TokenKind kind = TokenKind::Eof;
  bool startsLine = false; // first on its line

  const char *end() const { return begin + length; }
  llvm::StringRef text() const { return {begin, length}; }
  llvm::SMRange range() const { return {llvm::SMLoc::getFromPointer(begin), llvm::SMLoc::getFromPointer(end())}; }
};

struct Comment {
  llvm::StringRef text; // from `#`, without white space at its end
  uint32_t next = 0;    // index of the token that follows
  bool ownLine = false; // nothing but white space before it on its line
};

struct TokenStream {
  std::vector<Token> tokens; // ends with Eof
  std::vector<Comment> comments;
  bool complete = true; // false: a limit was reached (R0107) and the rest was not read
};

/// What one file may hold; beyond it is R0107.
constexpr size_t maxSourceBytes = 64 << 20;
constexpr size_t maxTokens = 4 << 20;

TokenStream lex(llvm::StringRef text, Diagnostics &diags);

/// The value of an Int or Real token; nothing when it is out of range.
std::optional<int64_t> intValue(llvm::StringRef spelling);
std::optional<double> realValue(llvm::StringRef spelling);

} // namespace rondo::dsl
#endif
