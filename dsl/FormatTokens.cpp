// Which blanks stand between two tokens.
//
// Operators stand between blanks, except where a size or a position is computed: `real[4*n, k + 1]` (products in a
// shape), `m[k+1..]`, `0..n-1` (sums and products in an index or range), and `2^k` (a power of two names or numbers).
// An operator is only written tight when those that bind stronger are, so that the eye groups what the grammar groups.
#include "dsl/FormatTokens.h"
#include "llvm/ADT/DenseSet.h"

using namespace llvm;

namespace rondo::dsl {

namespace {

/// Walks the tree for what tokens alone do not tell.
class Marker {
public:
  DenseSet<const char *> itemStarts, tightOperators, generateSources;

  void mark(const File &file) {
    for (const Cell *cell : file.cells)
      mark(*cell);
    for (const Item *item : file.equations)
      mark(*item);
  }

private:
  enum class Context : uint8_t { Plain, Shape, Position };

  void mark(const Cell &cell) {
    itemStarts.insert(cell.range.Start.getPointer());
    for (const std::vector<Decl> *decls : {&cell.sizes, &cell.inputs})
      for (const Decl &decl : *decls) {
        mark(decl.type);
        mark(decl.init);
      }
    for (const ResultType &result : cell.results)
      mark(result.type);
    for (const Item *item : cell.body)
      mark(*item);
  }

  void mark(const Item &item) {
    itemStarts.insert(item.range.Start.getPointer());
    if (item.cell)
      return mark(*item.cell);
    if (item.kind == Item::Kind::Generate)
      generateSources.insert(item.names.back().range.Start.getPointer());
    for (const Lhs &lhs : item.lhs) {
      mark(lhs.index, Context::Position);
      mark(lhs.type);
    }
    mark(item.type);
    mark(item.value);
    mark(item.family);
    for (const Argument &argument : item.arguments)
      mark(argument.value);
    for (const Expr *result : item.results)
      mark(result);
  }

  void mark(const TypeExpr *type) {
    if (!type)
      return;
    mark(type->tokens, Context::Shape);
    mark(type->element);
    for (const Expr *dim : type->dims)
      mark(dim, Context::Shape);
  }

  void mark(const std::optional<Family> &family) {
    if (!family)
      return;
    mark(family->low, Context::Position);
    mark(family->high, Context::Position);
  }

  static bool isAtom(const Expr *expr) { return expr->kind == Expr::Kind::Name || expr->kind == Expr::Kind::Int; }

  static bool mayBeTight(const Expr *expr, Context context) {
    const Expr *left = expr->operands[0], *right = expr->operands[1];
    if (right->kind == Expr::Kind::Unary)
      return false;
    switch (expr->binaryOp) {
    case BinaryOp::Power: return isAtom(left) && isAtom(right);
    case BinaryOp::Multiply: return context != Context::Plain;
    case BinaryOp::Divide:
    case BinaryOp::FloorDivide: return context == Context::Shape;
    case BinaryOp::Add:
    case BinaryOp::Subtract: return context == Context::Position;
    default: return false;
    }
  }

  /// Returns whether all operators of `expr`, down to what is bracketed, are tight.
  bool mark(const Expr *expr, Context context = Context::Plain) {
    if (!expr)
      return true;
    if (expr->kind == Expr::Kind::Binary) {
      bool left = mark(expr->operands[0], context);
      bool right = mark(expr->operands[1], context);
      bool isTight = left && right && mayBeTight(expr, context);
      if (isTight)
        tightOperators.insert(expr->nameRange.Start.getPointer());
      return isTight;
    }
    if (expr->kind == Expr::Kind::Unary && expr->unaryOp == UnaryOp::Negate)
      return mark(expr->operands[0], context);
    for (const Expr *operand : expr->operands)
      mark(operand);
    for (const Argument &argument : expr->arguments)
      mark(argument.value);
    for (const Subscript &subscript : expr->subscripts) {
      mark(subscript.low, Context::Position);
      mark(subscript.high, Context::Position);
    }
    mark(expr->family);
    return true;
  }
};

} // namespace

FormatTokens::FormatTokens(const File &file, TokenStream tokenStream) : stream(std::move(tokenStream)) {
  Marker marker;
  marker.mark(file);
  size_t count = stream.tokens.size();
  itemStart.resize(count);
  tight.resize(count);
  generateOptions.resize(count);
  partners.resize(count);
  spaces.resize(count);
  starts.resize(count);

  std::vector<uint32_t> open;
  for (uint32_t i = 0; i != count; ++i) {
    const Token &token = stream.tokens[i];
    switch (token.kind) {
    case TokenKind::LeftParen:
    case TokenKind::LeftBracket:
    case TokenKind::LeftBrace: open.push_back(i); break;
    case TokenKind::RightParen:
    case TokenKind::RightBracket:
    case TokenKind::RightBrace:
      partners[open.back()] = i;
      open.pop_back();
      break;
    default: break;
    }
    itemStart[i] =
        marker.itemStarts.contains(token.begin) || token.kind == TokenKind::Rondo || token.kind == TokenKind::Use;
    tight[i] = marker.tightOperators.contains(token.begin);
    generateOptions[i] =
        token.kind == TokenKind::LeftParen && i > 0 && marker.generateSources.contains(stream.tokens[i - 1].begin);
  }

  firstComment.assign(count + 1, 0);
  for (const Comment &comment : stream.comments)
    ++firstComment[comment.next + 1];
  for (size_t i = 1; i <= count; ++i)
    firstComment[i] += firstComment[i - 1];

  unsigned depth = 0; // of round and square brackets
  for (uint32_t i = 0; i != count; ++i) {
    TokenKind kind = stream.tokens[i].kind;
    if (kind == TokenKind::RightParen || kind == TokenKind::RightBracket)
      --depth;
    spaces[i] = i == 0 ? 0 : spaceBefore(i, depth);
    starts[i] = i == 0 ? 0 : starts[i - 1] + stream.tokens[i - 1].length + spaces[i];
    if (kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket)
      ++depth;
  }
}

bool FormatTokens::endsOperand(uint32_t i) const {
  switch (kind(i)) {
  case TokenKind::Name:
  case TokenKind::Int:
  case TokenKind::Real:
  case TokenKind::String:
  case TokenKind::True:
  case TokenKind::False:
  case TokenKind::Prime:
  case TokenKind::RightParen:
  case TokenKind::RightBracket: return true;
  default: return false;
  }
}

bool FormatTokens::isBinary(uint32_t i) const {
  switch (kind(i)) {
  case TokenKind::When:
  case TokenKind::Fby:
  case TokenKind::Or:
  case TokenKind::And:
  case TokenKind::Equal:
  case TokenKind::NotEqual:
  case TokenKind::Less:
  case TokenKind::LessEqual:
  case TokenKind::Greater:
  case TokenKind::GreaterEqual:
  case TokenKind::Plus:
  case TokenKind::Star:
  case TokenKind::Slash:
  case TokenKind::FloorDivide:
  case TokenKind::Percent:
  case TokenKind::At:
  case TokenKind::Caret: return true;
  case TokenKind::Minus: return i > 0 && endsOperand(i - 1);
  default: return false;
  }
}

unsigned FormatTokens::spaceBefore(uint32_t i, unsigned depth) const {
  TokenKind before = kind(i - 1), here = kind(i);
  if (itemStart[i])
    return before == TokenKind::LeftBrace ? 1 : 2;
  if (tight[i] || tight[i - 1])
    return 0;
  switch (here) {
  case TokenKind::RightParen:
  case TokenKind::RightBracket:
  case TokenKind::Comma:
  case TokenKind::Prime: return 0;
  case TokenKind::Range: // `m[k, ..n]`
    return before == TokenKind::Comma;
  case TokenKind::Dot: // `2.x` would be a number
    return before == TokenKind::Int || before == TokenKind::Real;
  case TokenKind::Colon: return depth == 0;
  case TokenKind::Trains: return 2;
  case TokenKind::RightBrace: return before != TokenKind::LeftBrace;
  case TokenKind::LeftParen:
    if (endsOperand(i - 1))
      return generateOptions[i];
    break;
  case TokenKind::LeftBracket:
    if (endsOperand(i - 1) || before == TokenKind::Cell)
      return 0;
    break;
  default: break;
  }
  switch (before) {
  case TokenKind::LeftParen:
  case TokenKind::LeftBracket:
  case TokenKind::Dot:
  case TokenKind::Range: return 0;
  case TokenKind::Minus: return isBinary(i - 1);
  default: return 1;
  }
}

std::string FormatTokens::flat(uint32_t begin, uint32_t end) const {
  std::string text;
  for (uint32_t i = begin; i != end; ++i) {
    if (i != begin)
      text.append(spaces[i], ' ');
    text += stream.tokens[i].text();
  }
  return text;
}

} // namespace rondo::dsl
