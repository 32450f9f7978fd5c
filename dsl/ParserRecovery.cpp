// What the parser says when a rule fails, and where it goes on.
#include "dsl/Parser.h"

using namespace llvm;

namespace rondo::dsl {

bool isItemWord(TokenKind kind) {
  switch (kind) {
  case TokenKind::Rondo:
  case TokenKind::Use:
  case TokenKind::Cell:
  case TokenKind::Model:
  case TokenKind::Param:
  case TokenKind::State:
  case TokenKind::Input:
  case TokenKind::Output:
  case TokenKind::Loss:
  case TokenKind::Generate:
  case TokenKind::Return: return true;
  default: return false;
  }
}

Diagnostic *Parser::report(DiagId id, SMRange range, std::string message) {
  if (stopped)
    return nullptr;
  if (++reports > maxErrors) {
    stopped = true;
    diags.report(DiagId::R0107, range.Start,
                 "more than " + std::to_string(maxErrors) + " errors; the rest is not read");
    pos = stream.tokens.size() - 1;
    return nullptr;
  }
  return &diags.report(id, range, std::move(message));
}

/// A token as a message names it.
std::string Parser::describe(const Token &token) const {
  switch (token.kind) {
  case TokenKind::Eof: return "end of file";
  case TokenKind::String: return "a string; strings belong in 'use'";
  default: break;
  }
  constexpr size_t longest = 40;
  StringRef text = token.text();
  std::string shown = "'" + text.take_front(longest).str() + (text.size() > longest ? "..." : "") + "'";
  return is_contained(reservedWords(), text) ? shown + ", a reserved word" : shown;
}

/// What is written here for a sign that stands where it says nothing; empty where nobody would write it.
StringRef Parser::insteadOfSign() const {
  // Words behind the sign of a comment: the first is read as an operand.
  for (uint32_t back = 0; back <= 2 && back <= pos; ++back) {
    auto kindOf = [&](uint32_t token) { return stream.tokens[token].kind; };
    uint32_t sign = pos - back;
    bool isStarred = kindOf(sign) == TokenKind::Slash && kindOf(sign + 1) == TokenKind::Star;
    if (kindOf(sign) == TokenKind::FloorDivide || isStarred)
      return "a comment begins with '#'";
    if (stream.tokens[sign].startsLine)
      break;
  }
  switch (peek().kind) {
  case TokenKind::Arrow: return "'->' stands before the results of a cell, and what comes first is 'first fby later'";
  case TokenKind::Colon:
    return isWithin(TokenKind::LeftBracket) ? "a range is written 'low..high', all of it '..'" : "";
  case TokenKind::For: return isWithin(TokenKind::LeftParen) ? "a list of them is '[.. for k in 0..n]'" : "";
  default: return "";
  }
}

/// Whether the innermost bracket open at the token at hand is of that kind.
bool Parser::isWithin(TokenKind open) const {
  unsigned closed = 0;
  for (uint32_t i = pos; i-- > 0;) {
    TokenKind kind = stream.tokens[i].kind;
    if (kind == TokenKind::RightParen || kind == TokenKind::RightBracket)
      ++closed;
    else if ((kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket) && closed-- == 0)
      return kind == open;
    else if (kind == TokenKind::LeftBrace)
      return false;
  }
  return false;
}

Diagnostic *Parser::expected(const Twine &what) {
  if (at(TokenKind::Error))
    return nullptr; // the lexer has spoken of it
  StringRef instead = insteadOfSign();
  return report(DiagId::R0102, peek().range(),
                ("expected " + what + ", found " + describe(peek()) + (instead.empty() ? "" : "; ") + instead).str());
}

bool Parser::expect(TokenKind kind) {
  if (accept(kind))
    return true;
  expected("'" + spelling(kind) + "'");
  return false;
}

/// The bracket that closes the one at `open`.
bool Parser::expectClose(TokenKind kind, uint32_t open, bool afterElement) {
  if (accept(kind)) {
    --brackets;
    return true;
  }
  const Token &opening = stream.tokens[open];
  std::string close = "'" + spelling(kind).str() + "'";
  StringRef list = !afterElement && at(TokenKind::Comma) ? "; several values are a list: '[a, b]'" : "";
  if (Diagnostic *error = expected(afterElement ? "',' or " + close : close))
    error->note(opening.range(), "this '" + opening.text().str() + "' is not closed" + list.str());
  return false;
}

std::optional<Name> Parser::expectName(StringRef what) {
  if (at(TokenKind::Name))
    return nameOf(take());
  expected(what);
  if (atReservedWord())
    wordsAsNames.insert(peek().kind);
  return std::nullopt;
}

/// A name that does not begin an equation on a line of its own.
std::optional<Name> Parser::expectNameHere(StringRef what) {
  if (!at(TokenKind::Name) || !startsEquation(pos))
    return expectName(what);
  if (Diagnostic *error = expected(what))
    error->message += ", which starts the next item";
  return std::nullopt;
}

/// The column, from 1, of a token that starts its line.
unsigned Parser::columnOf(uint32_t token) const {
  const char *begin = stream.tokens[token].begin, *lineStart = begin;
  while (lineStart != file->text.begin() && lineStart[-1] != '\n')
    --lineStart;
  return begin - lineStart + 1;
}

/// Whether the line that starts with `token` reads like `NAME ... =`.
bool Parser::startsEquation(uint32_t token) const {
  if (stream.tokens[token].kind != TokenKind::Name || !stream.tokens[token].startsLine)
    return false;
  unsigned depth = 0;
  for (uint32_t i = token + 1; i < stream.tokens.size() && !stream.tokens[i].startsLine; ++i) {
    switch (stream.tokens[i].kind) {
    case TokenKind::LeftParen:
    case TokenKind::LeftBracket: ++depth; break;
    case TokenKind::RightParen:
    case TokenKind::RightBracket:
      if (depth == 0)
        return false;
      --depth;
      break;
    case TokenKind::Assign:
      if (depth == 0)
        return true;
      break;
    case TokenKind::Name:
    case TokenKind::Cell: // of a type
    case TokenKind::Comma:
    case TokenKind::Colon:
    case TokenKind::Prime: break;
    default:
      if (depth == 0)
        return false;
      break;
    }
  }
  return false;
}

/// Skips what is left of a broken item: to the next line that starts with an item word or `NAME ... =`, or to the `}`
/// of the body. Where brackets are left open, a line that reads like an equation may be an argument on its own line;
/// it counts when it does not stand deeper than the broken item.
void Parser::recover(uint32_t itemStart) {
  uint32_t lineStart = itemStart;
  while (!stream.tokens[lineStart].startsLine)
    --lineStart;
  unsigned column = columnOf(lineStart);
  unsigned open = 0, braces = 0;
  auto count = [&](TokenKind kind) {
    if (kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket)
      ++open;
    else if ((kind == TokenKind::RightParen || kind == TokenKind::RightBracket) && open > 0)
      --open;
    else if (kind == TokenKind::LeftBrace)
      ++braces;
    else if (kind == TokenKind::RightBrace && braces > 0)
      --braces;
  };
  brackets = 0;
  for (uint32_t i = itemStart; i != pos; ++i)
    count(stream.tokens[i].kind);
  for (; !at(TokenKind::Eof); take()) {
    const Token &token = peek();
    // Among open brackets, and with braces that do not match, a `}` within a line is the mistake itself.
    bool isStray = open > 0 && !bracesMatch && !token.startsLine;
    if (token.kind == TokenKind::RightBrace && braces == 0 && !isStray)
      return;
    if (token.startsLine && pos != itemStart) {
      bool isDeeper = columnOf(pos) > column;
      bool inBody = braces == 0 || (!bracesMatch && !isDeeper);
      if (inBody && (isItemWord(token.kind) || (startsEquation(pos) && (open == 0 || !isDeeper))))
        return;
    }
    count(token.kind);
  }
}

/// After a broken head of a cell: to its `{`, so that its body is still read as a body.
void Parser::recoverToBody() {
  brackets = 0;
  while (!at(TokenKind::Eof) && !at(TokenKind::LeftBrace) && !at(TokenKind::RightBrace) &&
         !(peek().startsLine && (isItemWord(peek().kind) || startsEquation(pos))))
    take();
}

/// The source from token `first` to token `last`, its white space made single; empty when it is too long for a message.
std::string Parser::textOf(uint32_t first, uint32_t last) const {
  constexpr ptrdiff_t longest = 60;
  const char *begin = stream.tokens[first].begin, *end = stream.tokens[last].end();
  if (end - begin > longest)
    return "";
  StringRef text(begin, end - begin);
  if (text.contains('#'))
    return "";
  std::string result;
  for (char c : text) {
    bool isSpace = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!isSpace)
      result += c;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  return result;
}

} // namespace rondo::dsl
