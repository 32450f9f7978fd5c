// Expressions: Pratt's algorithm over the table of operators. The numbers are the levels of docs/language.md.
//
// A chain of operators of one level, or of postfixes, is read in a loop and leaves a tree as deep as it is long, which
// maxTreeDepth bounds for all who walk it.
#include "dsl/Parser.h"

using namespace llvm;

namespace rondo::dsl {

namespace {

constexpr unsigned notLevel = 5, comparisonLevel = 6, negateLevel = 9;

struct Operator {
  unsigned level;
  BinaryOp op;
  bool rightAssociative = false;
};

std::optional<Operator> operatorOf(TokenKind kind) {
  switch (kind) {
  case TokenKind::When: return Operator{1, BinaryOp::When};
  case TokenKind::Fby: return Operator{2, BinaryOp::Fby, true};
  case TokenKind::Or: return Operator{3, BinaryOp::Or};
  case TokenKind::And: return Operator{4, BinaryOp::And};
  case TokenKind::Equal: return Operator{comparisonLevel, BinaryOp::Equal};
  case TokenKind::NotEqual: return Operator{comparisonLevel, BinaryOp::NotEqual};
  case TokenKind::Less: return Operator{comparisonLevel, BinaryOp::Less};
  case TokenKind::LessEqual: return Operator{comparisonLevel, BinaryOp::LessEqual};
  case TokenKind::Greater: return Operator{comparisonLevel, BinaryOp::Greater};
  case TokenKind::GreaterEqual: return Operator{comparisonLevel, BinaryOp::GreaterEqual};
  case TokenKind::Plus: return Operator{7, BinaryOp::Add};
  case TokenKind::Minus: return Operator{7, BinaryOp::Subtract};
  case TokenKind::Star: return Operator{8, BinaryOp::Multiply};
  case TokenKind::Slash: return Operator{8, BinaryOp::Divide};
  case TokenKind::FloorDivide: return Operator{8, BinaryOp::FloorDivide};
  case TokenKind::Percent: return Operator{8, BinaryOp::Modulo};
  case TokenKind::At: return Operator{8, BinaryOp::MatrixProduct};
  case TokenKind::Caret: return Operator{10, BinaryOp::Power, true};
  default: return std::nullopt;
  }
}

} // namespace

/// Closes a node that starts at token `first`: its range and its depth, which has a limit.
Parser::Parsed Parser::finish(Expr *expr, unsigned depth, uint32_t first) {
  if (depth > maxTreeDepth) {
    report(DiagId::R0107, expr->nameRange,
           "this expression applies more than " + std::to_string(maxTreeDepth) +
               " operators to one another; give parts of it names");
    return {};
  }
  expr->range = rangeFrom(first);
  return {expr, depth, first};
}

Parser::Parsed Parser::expression() {
  Nested nested(*this);
  return nested ? operand(0) : Parsed();
}

/// An expression whose operators are of `level` or above; 0: any, `if` included.
Parser::Parsed Parser::operand(unsigned level) {
  if (at(TokenKind::If)) {
    if (level > 0)
      report(DiagId::R0102, peek().range(), "'if' inside an operand needs parentheses");
    return conditional();
  }
  if (at(TokenKind::Not)) {
    if (level > notLevel)
      report(DiagId::R0102, peek().range(), "'not' inside an operand needs parentheses");
    return binary(unary(UnaryOp::Not, notLevel), level);
  }
  if (at(TokenKind::Minus))
    return binary(unary(UnaryOp::Negate, negateLevel), level);
  return binary(postfix(), level);
}

Parser::Parsed Parser::conditional() {
  uint32_t first = pos;
  Expr *expr = make(Expr::Kind::If);
  expr->nameRange = take().range();
  unsigned depth = 0;
  for (TokenKind next : {TokenKind::Then, TokenKind::Else, TokenKind::Eof}) {
    Parsed part = expression();
    if (!part)
      return {};
    if (next != TokenKind::Eof && !accept(next)) {
      if (Diagnostic *error = expected("'" + spelling(next) + "'"))
        error->note(expr->nameRange, "of this 'if', which has a value either way");
      return {};
    }
    depth = std::max(depth, part.depth);
    expr->operands.push_back(part.expr);
  }
  return finish(expr, depth + 1, first);
}

Parser::Parsed Parser::unary(UnaryOp op, unsigned operandLevel) {
  Nested nested(*this);
  if (!nested)
    return {};
  uint32_t first = pos;
  Expr *expr = make(Expr::Kind::Unary);
  expr->unaryOp = op;
  expr->nameRange = take().range();
  Parsed inner = operand(operandLevel);
  if (!inner)
    return {};
  expr->operands = {inner.expr};
  return finish(expr, inner.depth + 1, first);
}

/// The operators that follow `left`, as far as they are of `level` or above.
Parser::Parsed Parser::binary(Parsed left, unsigned level) {
  while (left) {
    std::optional<Operator> found = operatorOf(peek().kind);
    if (!found || found->level < level)
      return left;
    if (found->level == comparisonLevel) {
      left = comparisons(left, level);
      continue;
    }
    Expr *expr = make(Expr::Kind::Binary);
    expr->binaryOp = found->op;
    expr->nameRange = take().range();
    std::optional<Nested> nested;
    if (found->rightAssociative) // a chain `a fby b fby c` nests; others are read by this loop
      nested.emplace(*this);
    if (nested && !*nested)
      return {};
    Parsed right = operand(found->rightAssociative ? found->level : found->level + 1);
    if (!right)
      return {};
    expr->operands = {left.expr, right.expr};
    left = finish(expr, std::max(left.depth, right.depth) + 1, left.first);
  }
  return left;
}

/// `first < second`; a chain of them is R0104, and is read as what it is taken to mean: `a < b and b < c`.
Parser::Parsed Parser::comparisons(Parsed first, unsigned level) {
  struct Text {
    std::string text;
    void add(const std::string &part) { isWhole &= !part.empty(), text += part; }
    bool isWhole = true;
  } meant;
  Parsed result, left = first;
  Diagnostic *error = nullptr;
  std::string leftText = textOf(first.first, pos - 1);
  for (;;) {
    std::optional<Operator> found = operatorOf(peek().kind);
    if (!found || found->level != comparisonLevel)
      break;
    Expr *expr = make(Expr::Kind::Binary);
    expr->binaryOp = found->op;
    const Token &sign = take();
    expr->nameRange = sign.range();
    Parsed right = operand(comparisonLevel + 1);
    if (!right)
      return {};
    expr->operands = {left.expr, right.expr};
    Parsed comparison = finish(expr, std::max(left.depth, right.depth) + 1, left.first);
    if (!comparison)
      return {};
    std::string rightText = textOf(right.first, pos - 1);
    meant.add(leftText);
    meant.add(" " + sign.text().str() + " ");
    meant.add(rightText);
    if (!result) {
      result = comparison;
    } else {
      if (!error)
        error = report(DiagId::R0104, sign.range(), "");
      Expr *both = make(Expr::Kind::Binary);
      both->binaryOp = BinaryOp::And;
      both->nameRange = sign.range();
      both->operands = {result.expr, comparison.expr};
      result = finish(both, std::max(result.depth, comparison.depth) + 1, first.first);
      if (!result)
        break;
    }
    std::optional<Operator> next = operatorOf(peek().kind);
    if (next && next->level == comparisonLevel)
      meant.add(" and ");
    left = right;
    leftText = std::move(rightText);
  }
  if (!error)
    return result;
  constexpr size_t longest = 100;
  if (!meant.isWhole || meant.text.size() > longest) {
    error->message = "comparisons do not chain; join two of them with 'and'";
    return result;
  }
  error->message = "comparisons do not chain; write '" + meant.text + "'";
  bool isOperandOfNot = level == notLevel;
  error->fixIt(rangeFrom(first.first), isOperandOfNot ? "(" + meant.text + ")" : meant.text);
  return result;
}

//===--- Postfixes --------------------------------------------------------------------------------------------===//

/// R0103 where the bracket or prime at hand starts a line; it is then read as if it were joined to its operand.
void Parser::checkSameLine(uint32_t operandFirst, StringRef purpose) {
  const Token &bracket = peek();
  if (!bracket.startsLine)
    return;
  std::string operand = textOf(operandFirst, pos - 1);
  Diagnostic *error = report(DiagId::R0103, bracket.range(),
                             "'" + bracket.text().str() + "' starts a new line: join it to " +
                                 (operand.empty() ? "its operand" : "'" + operand + "'") + " " + purpose.str());
  SMRange gap(SMLoc::getFromPointer(previous().end()), bracket.range().Start);
  bool holdsComment = StringRef(previous().end(), bracket.begin - previous().end()).contains('#');
  if (error && !holdsComment)
    error->fixIt(gap, "");
}

Parser::Parsed Parser::postfix() {
  Parsed result = primary();
  while (result) {
    switch (peek().kind) {
    case TokenKind::LeftParen:
      checkSameLine(result.first, "to call");
      result = call(result);
      break;
    case TokenKind::LeftBracket:
      checkSameLine(result.first, "to index");
      result = index(result);
      break;
    case TokenKind::Dot: result = member(result); break;
    case TokenKind::Prime: {
      checkSameLine(result.first, "for its next value");
      Expr *expr = make(Expr::Kind::Prime);
      expr->nameRange = take().range();
      expr->operands = {result.expr};
      result = finish(expr, result.depth + 1, result.first);
      break;
    }
    default: return result;
    }
  }
  return result;
}

Parser::Parsed Parser::call(Parsed callee) {
  Expr *expr = make(Expr::Kind::Call);
  expr->nameRange = peek().range();
  expr->operands = {callee.expr};
  unsigned depth = callee.depth;
  if (!arguments(expr->arguments, depth))
    return {};
  return finish(expr, depth + 1, callee.first);
}

/// `depth` grows to the deepest of the arguments.
bool Parser::arguments(std::vector<Argument> &arguments, unsigned &depth) {
  uint32_t open = pos;
  take();
  ++brackets;
  while (!at(TokenKind::RightParen)) {
    Argument argument;
    if (at(TokenKind::Name) && peek(1).kind == TokenKind::Assign) {
      argument.name = nameOf(take());
      take();
    }
    Parsed value = expression();
    if (!value)
      return false;
    argument.value = value.expr;
    depth = std::max(depth, value.depth);
    arguments.push_back(argument);
    if (!accept(TokenKind::Comma))
      break;
  }
  return expectClose(TokenKind::RightParen, open, /*afterElement=*/!arguments.empty());
}

Parser::Parsed Parser::index(Parsed indexed) {
  Expr *expr = make(Expr::Kind::Index);
  expr->nameRange = peek().range();
  expr->operands = {indexed.expr};
  uint32_t open = pos;
  unsigned depth = indexed.depth;
  ++brackets;
  do {
    take(); // `[` or `,`
    uint32_t first = pos;
    Subscript subscript;
    auto bound = [&](Expr *&into) {
      Parsed value = expression();
      depth = std::max(depth, value.depth);
      into = value.expr;
      return into != nullptr;
    };
    if (!at(TokenKind::Range) && !bound(subscript.low))
      return {};
    if (accept(TokenKind::Range)) {
      subscript.isRange = true;
      if (!at(TokenKind::Comma) && !at(TokenKind::RightBracket) && !bound(subscript.high))
        return {};
    }
    subscript.range = rangeFrom(first);
    expr->subscripts.push_back(subscript);
  } while (at(TokenKind::Comma));
  if (!expectClose(TokenKind::RightBracket, open, /*afterElement=*/true))
    return {};
  return finish(expr, depth + 1, indexed.first);
}

Parser::Parsed Parser::member(Parsed object) {
  take();
  if (at(TokenKind::Int)) {
    std::string element = "[" + peek().text().str() + "]";
    if (Diagnostic *error = expected("a name"))
      error->message += "; an element of a list is written '" + element + "'";
    return {};
  }
  std::optional<Name> name = expectNameHere("a name");
  if (!name)
    return {};
  Expr *expr = make(Expr::Kind::Member);
  expr->operands = {object.expr};
  expr->name = name->text;
  expr->nameRange = name->range;
  return finish(expr, object.depth + 1, object.first);
}

//===--- Primaries --------------------------------------------------------------------------------------------===//

Parser::Parsed Parser::primary() {
  uint32_t first = pos;
  // Outside of brackets a line that reads like an equation is the next item: the operand is missing.
  bool isNextItem = brackets == 0 && peek().startsLine && startsEquation(pos);
  switch (isNextItem ? TokenKind::Eof : peek().kind) {
  case TokenKind::Name: {
    Expr *expr = make(Expr::Kind::Name);
    expr->name = peek().text();
    expr->nameRange = take().range();
    return finish(expr, 1, first);
  }
  case TokenKind::Int:
  case TokenKind::Real: return number();
  case TokenKind::True:
  case TokenKind::False: {
    Expr *expr = make(Expr::Kind::Bool);
    expr->boolValue = at(TokenKind::True);
    expr->nameRange = take().range();
    return finish(expr, 1, first);
  }
  case TokenKind::LeftParen: {
    take();
    ++brackets;
    Parsed inner = expression();
    if (!inner || !expectClose(TokenKind::RightParen, first, /*afterElement=*/false))
      return {};
    inner.first = first;
    return inner;
  }
  case TokenKind::LeftBracket: return listLiteral();
  default:
    if (wordsAsNames.contains(peek().kind))
      return {};
    if (Diagnostic *error = expected("an expression")) {
      bool isDoubledStar = at(TokenKind::Star) && pos > 0 && previous().kind == TokenKind::Star;
      if (isDoubledStar)
        error->message += "; a power is written '^'";
      if (isNextItem)
        error->message += ", which starts the next item";
    }
    return {};
  }
}

Parser::Parsed Parser::number() {
  uint32_t first = pos;
  const Token &token = take();
  bool isInt = token.kind == TokenKind::Int;
  Expr *expr = make(isInt ? Expr::Kind::Int : Expr::Kind::Real);
  expr->nameRange = token.range();
  if (isInt)
    expr->intValue = *intValue(token.text()); // the lexer lets through only what has a value
  else
    expr->realValue = *realValue(token.text());
  return finish(expr, 1, first);
}

/// `[]`, `[a, b]`, `[e for k in 0..n]`
Parser::Parsed Parser::listLiteral() {
  uint32_t first = pos;
  Expr *expr = make(Expr::Kind::List);
  expr->nameRange = take().range();
  ++brackets;
  unsigned depth = 0;
  while (!at(TokenKind::RightBracket)) {
    Parsed element = expression();
    if (!element)
      return {};
    depth = std::max(depth, element.depth);
    expr->operands.push_back(element.expr);
    if (at(TokenKind::For) && expr->operands.size() == 1) {
      expr->kind = Expr::Kind::Comprehension;
      if (!(expr->family = family(&depth)))
        return {};
      break;
    }
    if (!accept(TokenKind::Comma))
      break;
  }
  bool afterElement = expr->kind == Expr::Kind::List && !expr->operands.empty();
  if (!expectClose(TokenKind::RightBracket, first, afterElement))
    return {};
  return finish(expr, depth + 1, first);
}

/// `for k in low..high`; `depth`, where given, grows to the deeper of the bounds.
std::optional<Family> Parser::family(unsigned *depth) {
  uint32_t first = pos;
  take();
  Family family;
  std::optional<Name> variable = expectName("the name of an index");
  if (!variable || !expect(TokenKind::In))
    return std::nullopt;
  family.variable = *variable;
  Parsed low = expression();
  if (!low)
    return std::nullopt;
  if (at(TokenKind::Error))
    return std::nullopt; // the lexer has spoken of it
  if (!accept(TokenKind::Range)) {
    std::string found = textOf(low.first, pos - 1);
    report(DiagId::R0102, rangeFrom(low.first),
           "expected a range, as in '0..3'" + (found.empty() ? "" : ", found '" + found + "'"));
    return std::nullopt;
  }
  Parsed high = expression();
  if (!high)
    return std::nullopt;
  family.low = low.expr;
  family.high = high.expr;
  family.range = rangeFrom(first);
  if (depth)
    *depth = std::max({*depth, low.depth, high.depth});
  return family;
}

} // namespace rondo::dsl
