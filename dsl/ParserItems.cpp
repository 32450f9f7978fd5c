// The items of bodies, and types.
#include "dsl/Elsewhere.h"
#include "dsl/Parser.h"

using namespace llvm;

namespace rondo::dsl {

Item *Parser::item(Where where) {
  // `state = tanh(x)`
  if (atReservedWord() && !at(TokenKind::Loss) && peek(1).kind == TokenKind::Assign) {
    expectName("a name");
    return nullptr;
  }
  checkPlace(where);
  switch (peek().kind) {
  case TokenKind::Name: return equation();
  case TokenKind::Cell:
  case TokenKind::Model: {
    Item *item = makeItem(Item::Kind::Cell);
    item->cell = cell();
    if (!item->cell)
      return nullptr;
    item->range = item->cell->range;
    return item;
  }
  default: break;
  }
  if (isItemWord(peek().kind))
    return itemOfWord();
  bool isFor = peek().kind == TokenKind::For, isIf = peek().kind == TokenKind::If;
  expected(isFor                   ? "an item or '}' (a loop stands behind its equation: 'h[k] = .. for k in 0..n')"
           : isIf                  ? "an item or '}' (a choice stands in an equation: 'y = if c then a else b')"
           : at(TokenKind::Assign) ? "an item or '}' (values are compared by '==')"
           : at(TokenKind::LeftBrace)
               ? "an item or '}' (a loop is one equation and has no braces: 'h[k] = .. for k in 0..n')"
               : "an item or '}'");
  return nullptr;
}

/// Reports the word at hand if the item it starts does not belong in `where`.
void Parser::checkPlace(Where where) {
  const Token &word = peek();
  auto misplaced = [&](const Twine &message) { report(DiagId::R0105, word.range(), message.str()); };
  std::string shown = "'" + word.text().str() + "'";
  bool inModel = where == Where::Model, inCell = where == Where::Cell;
  switch (word.kind) {
  case TokenKind::Rondo:
  case TokenKind::Use: return misplaced(shown + " belongs at the start of a file");
  case TokenKind::Model: return misplaced("a model stands by itself, outside of cells and models");
  case TokenKind::Param:
  case TokenKind::State:
    if (where == Where::File)
      misplaced(shown + " belongs in a cell or a model");
    return;
  case TokenKind::Input:
    if (!inModel)
      misplaced(shown + " belongs in a model" + (inCell ? "; a cell's inputs are in its parentheses" : ""));
    return;
  case TokenKind::Output:
    if (!inModel)
      misplaced(shown + " belongs in a model" + (inCell ? "; a cell's results follow 'return'" : ""));
    return;
  case TokenKind::Loss:
  case TokenKind::Generate:
    if (!inModel)
      misplaced(shown + " belongs in a model");
    return;
  case TokenKind::Return:
    if (where == Where::File)
      misplaced("'return' belongs in a cell");
    else if (inModel)
      report(DiagId::R0503, word.range(), "a model has no 'return'; its results are 'output NAME = ..'");
    return;
  default: return;
  }
}

/// The item that starts with the word at hand, `cell` and `model` apart.
Item *Parser::itemOfWord() {
  uint32_t first = pos;
  Item *item = nullptr;
  switch (peek().kind) {
  case TokenKind::Input: item = input(); break;
  case TokenKind::Output: item = output(); break;
  case TokenKind::Loss: item = loss(); break;
  case TokenKind::Generate: item = generate(); break;
  case TokenKind::Return: item = results(); break;
  case TokenKind::Param:
  case TokenKind::State: item = paramOrState(); break;
  default:
    // `use` or `rondo` in a body: checkPlace has spoken, and recovery skips it.
    return nullptr;
  }
  if (item)
    item->range = rangeFrom(first);
  return item;
}

Item *Parser::equation() {
  uint32_t first = pos;
  Item *item = makeItem(Item::Kind::Equation);
  do {
    Lhs lhs;
    if (!left(lhs))
      return nullptr;
    item->lhs.push_back(lhs);
  } while (accept(TokenKind::Comma));
  if (!accept(TokenKind::Assign)) {
    missingEquals(first);
    return nullptr;
  }
  item->value = expression().expr;
  if (!item->value)
    return nullptr;
  if (at(TokenKind::For) && !(item->family = family()))
    return nullptr;
  item->range = rangeFrom(first);
  return item;
}

bool Parser::left(Lhs &lhs) {
  uint32_t first = pos;
  std::optional<Name> name = expectName("a name");
  if (!name)
    return false;
  lhs.name = *name;
  if (at(TokenKind::LeftBracket)) {
    checkSameLine(first, "to index");
    uint32_t open = pos;
    take();
    ++brackets;
    lhs.index = expression().expr;
    if (!lhs.index || !expectClose(TokenKind::RightBracket, open, /*afterElement=*/false))
      return false;
  }
  if (at(TokenKind::Prime)) {
    checkSameLine(first, "for its next value");
    take();
    lhs.prime = true;
  }
  if (accept(TokenKind::Colon) && !(lhs.type = type()))
    return false;
  lhs.range = rangeFrom(first);
  return true;
}

/// An equation without its `=`: a misspelt word, or the end of the item before it.
void Parser::missingEquals(uint32_t firstToken) {
  const Token &first = stream.tokens[firstToken];
  if (at(TokenKind::Error))
    return;
  StringRef instead = insteadOfItem(first.text());
  bool isFollowed = is_contained(
      {TokenKind::Name, TokenKind::String, TokenKind::True, TokenKind::Not, TokenKind::LeftParen}, peek().kind);
  if (pos == firstToken + 1 && isFollowed && !instead.empty()) {
    report(DiagId::R0102, first.range(), "'" + first.text().str() + "' is not part of the language; " + instead.str());
    return;
  }
  if (!first.startsLine && firstToken > 0 && stream.tokens[firstToken - 1].kind != TokenKind::LeftBrace) {
    pos = firstToken;
    expected("an operator or the next item");
    return;
  }
  Diagnostic *error = expected("'='");
  if (!error || pos != firstToken + 1)
    return;
  bool isOperator = is_contained({TokenKind::Plus, TokenKind::Minus, TokenKind::Star, TokenKind::Slash}, peek().kind);
  if (isOperator && peek(1).kind == TokenKind::Assign) { // `x += y`
    error->message += "; a name has one equation, and what goes on from tick to tick is a 'state'";
    return;
  }
  SmallVector<StringRef> words;
  for (StringRef word : reservedWords())
    words.push_back(word);
  erase_if(words, [](StringRef word) {
    return !is_contained({"cell", "model", "param", "state", "input", "output", "loss", "generate", "return"}, word);
  });
  error->suggest(first.range(), first.text(), words);
}

bool Parser::colonAndType(Item &item) {
  if (!at(TokenKind::Colon)) {
    expected("':' and a type");
    return false;
  }
  take();
  item.type = type();
  return bool(item.type);
}

bool Parser::namesAndType(Item &item, StringRef what) {
  do {
    std::optional<Name> name = expectName(what);
    if (!name)
      return false;
    item.names.push_back(*name);
  } while (accept(TokenKind::Comma));
  return colonAndType(item);
}

Item *Parser::paramOrState() {
  bool isParam = at(TokenKind::Param);
  Item *item = makeItem(isParam ? Item::Kind::Param : Item::Kind::State);
  take();
  if (!namesAndType(*item, "a name"))
    return nullptr;
  if (accept(TokenKind::Assign) && !(item->value = expression().expr))
    return nullptr;
  if (isParam && at(TokenKind::For) && !(item->family = family()))
    return nullptr;
  return item;
}

Item *Parser::input() {
  Item *item = makeItem(Item::Kind::Input);
  take();
  if (!namesAndType(*item, "the name of the input"))
    return nullptr;
  if (!at(TokenKind::On)) {
    expected("'on' and a clock");
    return nullptr;
  }
  do {
    take(); // `on` or `in`
    std::optional<Name> clock = expectNameHere("the name of a clock");
    if (!clock)
      return nullptr;
    item->clocks.push_back(*clock);
  } while (at(TokenKind::In));
  return item;
}

Item *Parser::output() {
  Item *item = makeItem(Item::Kind::Output);
  take();
  std::optional<Name> name = expectName("the name of the output");
  if (!name)
    return nullptr;
  item->names.push_back(*name);
  if (accept(TokenKind::Assign) && !(item->value = expression().expr))
    return nullptr;
  return item;
}

Item *Parser::loss() {
  Item *item = makeItem(Item::Kind::Loss);
  take();
  if (at(TokenKind::Name) && peek(1).kind == TokenKind::Assign) {
    item->names.push_back(nameOf(take()));
    take();
  }
  if (at(TokenKind::Assign)) {
    if (Diagnostic *error = expected("an expression"))
      error->message += "; the name of a loss stands before its '=', if it has one";
    return nullptr;
  }
  item->value = expression().expr;
  if (!item->value)
    return nullptr;
  if (at(TokenKind::Trains)) {
    do {
      take(); // `trains` or `,`
      if (!path(item->trains.emplace_back()))
        return nullptr;
    } while (at(TokenKind::Comma));
  }
  return item;
}

bool Parser::path(std::vector<PathElement> &path) {
  uint32_t first = pos;
  // What a loss without a name has is called `loss`.
  bool isOfLoss = at(TokenKind::Loss) && peek(1).kind == TokenKind::Dot;
  std::optional<Name> name = isOfLoss ? nameOf(take()) : expectNameHere("the path of a parameter");
  if (!name)
    return false;
  path.push_back({*name, -1});
  for (;;) {
    if (accept(TokenKind::Dot)) {
      std::optional<Name> part = expectName("a name");
      if (!part)
        return false;
      path.push_back({*part, -1});
    } else if (at(TokenKind::LeftBracket)) {
      checkSameLine(first, "to index");
      uint32_t open = pos;
      take();
      ++brackets;
      if (!at(TokenKind::Int)) {
        expected("a number");
        return false;
      }
      const Token &number = take();
      path.push_back({Name{StringRef(), number.range()}, *intValue(number.text())});
      if (!expectClose(TokenKind::RightBracket, open, /*afterElement=*/false))
        return false;
      path.back().name.range.End = SMLoc::getFromPointer(previous().end());
    } else {
      return true;
    }
  }
}

/// `generate next text from logits (stop = 2)`. `next` and `from` are no reserved words: `next` is one here unless
/// `from` follows it as the word of the item.
Item *Parser::generate() {
  Item *item = makeItem(Item::Kind::Generate);
  take();
  bool isInputCalledNext = peek(1).text() == "from" && peek(2).text() != "from";
  if (atName("next") && peek(1).kind == TokenKind::Name && !isInputCalledNext) {
    take();
    item->next = true;
  }
  std::optional<Name> generated = expectNameHere("the input to generate");
  if (!generated)
    return nullptr;
  if (!atName("from")) {
    expected("'from'");
    return nullptr;
  }
  take();
  uint32_t sourceToken = pos;
  std::optional<Name> source = expectNameHere("the value to generate from");
  if (!source)
    return nullptr;
  item->names = {*generated, *source};
  if (at(TokenKind::LeftParen)) {
    checkSameLine(sourceToken, "to give its options");
    unsigned depth = 0;
    if (!arguments(item->arguments, depth))
      return nullptr;
  }
  return item;
}

Item *Parser::results() {
  Item *item = makeItem(Item::Kind::Return);
  do {
    take(); // `return` or `,`
    Expr *result = expression().expr;
    if (!result)
      return nullptr;
    item->results.push_back(result);
  } while (at(TokenKind::Comma));
  return item;
}

TypeExpr *Parser::type() {
  Nested nested(*this);
  if (!nested)
    return nullptr;
  uint32_t first = pos;
  TypeExpr *type = new (file->types.Allocate()) TypeExpr();
  if (at(TokenKind::LeftBracket)) {
    type->kind = TypeExpr::Kind::List;
    take();
    ++brackets;
    type->element = this->type();
    if (!type->element || !expectClose(TokenKind::RightBracket, first, /*afterElement=*/false))
      return nullptr;
  } else if (accept(TokenKind::Cell)) {
    type->kind = TypeExpr::Kind::Cell;
  } else if (atName("token")) {
    type->kind = TypeExpr::Kind::Token;
    take();
    uint32_t open = pos;
    if (!expect(TokenKind::LeftParen))
      return nullptr;
    ++brackets;
    type->tokens = expression().expr;
    if (!type->tokens || !expectClose(TokenKind::RightParen, open, /*afterElement=*/false))
      return nullptr;
  } else if (atName("real") || atName("int") || atName("bool")) {
    StringRef word = take().text();
    type->kind = word == "real" ? TypeExpr::Kind::Real : word == "int" ? TypeExpr::Kind::Int : TypeExpr::Kind::Bool;
  } else {
    if (Diagnostic *error = expected("a type (real, int, bool, token(K), cell or [type])");
        error && at(TokenKind::Name))
      error->suggest(peek().range(), peek().text(), {"real", "int", "bool", "token", "cell"});
    return nullptr;
  }
  if (at(TokenKind::LeftParen) && !peek().startsLine) {
    expected("the shape in brackets, as in 'real[3]'");
    return nullptr;
  }
  if (at(TokenKind::LeftBracket)) {
    checkSameLine(first, "to give the shape");
    uint32_t open = pos;
    do {
      take(); // `[` or `,`
      if (type->dims.empty())
        ++brackets;
      Expr *dim = expression().expr;
      if (!dim)
        return nullptr;
      type->dims.push_back(dim);
    } while (at(TokenKind::Comma));
    if (!expectClose(TokenKind::RightBracket, open, /*afterElement=*/true))
      return nullptr;
  }
  type->range = rangeFrom(first);
  return type;
}

} // namespace rondo::dsl
