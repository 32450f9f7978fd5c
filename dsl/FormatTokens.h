// What the formatter knows of a file's tokens before it lays them out: which start items, which brackets match, which
// signs are operators, and the white space before each on a line. Private to Format*.cpp.
#ifndef RONDO_DSL_FORMATTOKENS_H
#define RONDO_DSL_FORMATTOKENS_H

#include "dsl/Ast.h"
#include "dsl/Lexer.h"
#include <string>
#include <vector>

namespace rondo::dsl {

constexpr size_t lineWidth = 100;

class FormatTokens {
public:
  FormatTokens(const File &file, TokenStream stream);

  const Token &operator[](uint32_t i) const { return stream.tokens[i]; }
  TokenKind kind(uint32_t i) const { return stream.tokens[i].kind; }
  uint32_t eof() const { return stream.tokens.size() - 1; }
  bool startsItem(uint32_t i) const { return itemStart[i]; }
  /// Of an opening bracket or brace: the index of its partner.
  uint32_t partner(uint32_t i) const { return partners[i]; }
  /// Whether token i is an operator between two operands.
  bool isBinary(uint32_t i) const;
  /// Blanks between token i - 1 and token i when they share a line.
  unsigned space(uint32_t i) const { return spaces[i]; }
  /// Columns of the tokens [begin, end) on one line.
  size_t width(uint32_t begin, uint32_t end) const {
    return begin == end ? 0 : starts[end - 1] + stream.tokens[end - 1].length - starts[begin];
  }
  std::string flat(uint32_t begin, uint32_t end) const;

  /// The comments right before token i.
  llvm::ArrayRef<Comment> commentsBefore(uint32_t i) const {
    return llvm::ArrayRef(stream.comments).slice(firstComment[i], firstComment[i + 1] - firstComment[i]);
  }
  /// Whether comments stand between the tokens [begin, end).
  bool commentsWithin(uint32_t begin, uint32_t end) const {
    return begin + 1 < end && firstComment[end] != firstComment[begin + 1];
  }
  /// The comment behind token i - 1 on its line.
  const Comment *trailing(uint32_t i) const {
    llvm::ArrayRef<Comment> comments = commentsBefore(i);
    return !comments.empty() && !comments.front().ownLine ? &comments.front() : nullptr;
  }

private:
  unsigned spaceBefore(uint32_t i, unsigned depth) const;
  bool endsOperand(uint32_t i) const;

  TokenStream stream;
  std::vector<bool> itemStart, tight, generateOptions; // by token
  std::vector<uint32_t> partners, firstComment;
  std::vector<unsigned> spaces;
  std::vector<size_t> starts; // columns, were the whole file one line
};

/// Lays out the tokens [begin, end) of an item, or of the head of a cell, from column `indent`: on one line where they
/// fit, else broken after commas and before operators.
std::string layoutItem(const FormatTokens &tokens, uint32_t begin, uint32_t end, unsigned indent);

} // namespace rondo::dsl
#endif
