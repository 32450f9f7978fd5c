// Files, cells and models. Their items are read in ParserItems.cpp, expressions in ParserExpressions.cpp.
#include "dsl/Parser.h"
#include "dsl/Frontend.h"

using namespace llvm;

namespace rondo::dsl {

std::unique_ptr<File> parse(unsigned buffer, Diagnostics &diags) { return Parser(buffer, diags).run(); }

static bool haveMatchingBraces(const std::vector<Token> &tokens) {
  size_t open = 0;
  for (const Token &token : tokens) {
    if (token.kind == TokenKind::LeftBrace)
      ++open;
    else if (token.kind == TokenKind::RightBrace && open-- == 0)
      return false;
  }
  return open == 0;
}

Parser::Parser(unsigned buffer, Diagnostics &diags) : diags(diags), file(std::make_unique<File>()) {
  file->buffer = buffer;
  file->text = diags.sources.getMemoryBuffer(buffer)->getBuffer();
  unsigned errorsBefore = diags.errorCount();
  stream = lex(file->text, diags);
  reports = diags.errorCount() - errorsBefore;
  bracesMatch = haveMatchingBraces(stream.tokens);
}

Parser::Nested::Nested(Parser &parser) : parser(parser), fine(++parser.nesting <= maxNesting) {
  if (!fine)
    parser.report(DiagId::R0107, parser.peek().range(),
                  "nested too deeply; the limit is " + std::to_string(maxNesting) + " levels");
}

std::unique_ptr<File> Parser::run() {
  if (stream.complete)
    wholeFile();
  file->isBroken = !stream.complete || reports != 0;
  return std::move(file);
}

void Parser::wholeFile() {
  file->doc = fileDoc();
  if (at(TokenKind::Rondo) && !version())
    recover(0);
  while (at(TokenKind::Use)) {
    uint32_t start = pos;
    if (!use())
      recover(start);
  }
  while (!at(TokenKind::Eof)) {
    uint32_t start = pos;
    if (!topLevelItem())
      recover(start);
  }
}

//===--- The top level ----------------------------------------------------------------------------------------===//

bool Parser::version() {
  uint32_t first = pos;
  take();
  if (!at(TokenKind::Int)) {
    expected("the version of the language, as in 'rondo 1'");
    return false;
  }
  const Token &number = take();
  file->version = intValue(number.text());
  file->versionRange = rangeFrom(first);
  if (file->version != 1)
    report(DiagId::R0106, number.range(),
           "this text is in version " + number.text().str() + " of the language; version 1 is known here");
  return true;
}

/// The text of a string token.
static std::string unescape(StringRef quoted) {
  std::string text;
  StringRef inside = quoted.drop_front().drop_back();
  for (size_t i = 0; i < inside.size(); ++i) {
    char c = inside[i];
    if (c == '\\') {
      c = inside[++i];
      c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
    }
    text += c;
  }
  return text;
}

bool Parser::use() {
  take();
  if (!at(TokenKind::String)) {
    expected("the name of a file, as in 'use \"layers.rondo\"'");
    return false;
  }
  const Token &path = take();
  file->uses.push_back({unescape(path.text()), path.range()});
  return true;
}

bool Parser::topLevelItem() {
  const Token &token = peek();
  bool wasMisplaced = std::exchange(inMisplacedRun, false);
  switch (token.kind) {
  case TokenKind::Cell:
  case TokenKind::Model:
    if (Cell *made = cell()) {
      file->cells.push_back(made);
      return true;
    }
    return false;
  case TokenKind::Name:
    if (Item *made = equation()) {
      file->equations.push_back(made);
      return true;
    }
    return false;
  case TokenKind::Use:
    report(DiagId::R0105, token.range(), "'use' stands at the start of the file, before what it is used for");
    return use();
  case TokenKind::Rondo:
    report(DiagId::R0105, token.range(), "the version is the first thing in a file");
    return version();
  case TokenKind::RightBrace:
    // Behind another mistake it only closes what that one left open.
    if (reports == 0)
      expected("'cell', 'model' or an equation");
    take();
    return reports > 1;
  default: break;
  }
  if (!isItemWord(token.kind)) {
    expected("'cell', 'model' or an equation");
    return false;
  }
  // A body that was closed too early leaves a run of such items: one message for all.
  if (!wasMisplaced)
    checkPlace(Where::File);
  inMisplacedRun = true;
  return itemOfWord() != nullptr;
}

//===--- Cells and models -------------------------------------------------------------------------------------===//

Cell *Parser::cell() {
  Nested nested(*this);
  if (!nested)
    return nullptr;
  uint32_t first = pos;
  unsigned column = peek().startsLine ? columnOf(first) : 0;
  Cell *cell = new (file->cellArena.Allocate()) Cell();
  cell->doc = docBefore(first);
  cell->isModel = take().kind == TokenKind::Model;
  bool isWhole = cellHead(*cell);
  if (isWhole && !at(TokenKind::LeftBrace)) {
    expected("'{'");
    isWhole = false;
  }
  if (!isWhole) {
    recoverToBody();
    // Without its `{` a body is still one where it stands deeper than its head.
    bool isBody = at(TokenKind::LeftBrace) || (peek().startsLine && !at(TokenKind::Eof) && columnOf(pos) > column);
    if (!isBody)
      return nullptr;
  }
  body(*cell, column);
  cell->range = rangeFrom(first);
  return cell;
}

bool Parser::cellHead(Cell &cell) {
  std::optional<Name> name = expectName(cell.isModel ? "the name of the model" : "the name of the cell");
  if (!name)
    return false;
  cell.name = *name;
  if (cell.isModel) {
    cell.hasSizes = at(TokenKind::LeftParen);
    return !cell.hasSizes || declarations(cell.sizes);
  }
  if (!declarations(cell.inputs))
    return false;
  if (at(TokenKind::LeftParen)) {
    cell.hasSizes = true;
    std::swap(cell.sizes, cell.inputs);
    if (!declarations(cell.inputs))
      return false;
  }
  return !accept(TokenKind::Arrow) || resultTypes(cell);
}

bool Parser::declarations(std::vector<Decl> &decls) {
  uint32_t open = pos;
  if (!expect(TokenKind::LeftParen))
    return false;
  ++brackets;
  while (!at(TokenKind::RightParen)) {
    std::optional<Name> name = expectName(decls.empty() ? "a name or ')'" : "a name");
    if (!name)
      return false;
    Decl decl;
    decl.name = *name;
    if (accept(TokenKind::Colon) && !(decl.type = type()))
      return false;
    if (accept(TokenKind::Assign) && !(decl.init = expression().expr))
      return false;
    decls.push_back(decl);
    if (!accept(TokenKind::Comma))
      break;
  }
  return expectClose(TokenKind::RightParen, open, /*afterElement=*/true);
}

bool Parser::resultTypes(Cell &cell) {
  do {
    ResultType result;
    result.type = type();
    if (!result.type)
      return false;
    if (accept(TokenKind::On)) {
      result.clock = expectName("the name of a clock");
      if (!result.clock)
        return false;
    }
    cell.results.push_back(result);
  } while (accept(TokenKind::Comma));
  return true;
}

/// The items up to `}`. `headColumn`: where the line of the head starts, 0 if the head does not start its line.
void Parser::body(Cell &cell, unsigned headColumn) {
  std::optional<Token> open;
  if (at(TokenKind::LeftBrace)) {
    open = take();
    cell.openBrace = open->range().Start;
  }
  uint32_t recoveredTo = 0; // where the last broken item ended
  auto notClosed = [&] {
    bool isSpokenOf = !open || pos == recoveredTo;
    Diagnostic *error = isSpokenOf ? nullptr : expected("'}'");
    if (error)
      error->note(open->range(), "this '{' is not closed");
  };
  Where where = cell.isModel ? Where::Model : Where::Cell;
  bool isBroken = !open.has_value(), hasReturn = false, hasTrailer = false;
  for (;;) {
    if (at(TokenKind::RightBrace)) {
      cell.closeBrace = take().range().Start;
      break;
    }
    // With a `}` missing somewhere, a head no deeper than ours is not ours.
    bool isNextHead = (at(TokenKind::Cell) || at(TokenKind::Model)) && !bracesMatch && peek().startsLine &&
                      columnOf(pos) <= headColumn;
    if (at(TokenKind::Eof) || isNextHead) {
      notClosed();
      isBroken = true;
      break;
    }
    uint32_t start = pos;
    Item *made = item(where);
    if (!made) {
      recover(start);
      recoveredTo = pos;
      isBroken = true;
      continue;
    }
    if (hasReturn && !cell.isModel && !std::exchange(hasTrailer, true))
      report(DiagId::R0503, made->keyword, "'return' ends a cell; nothing may follow");
    hasReturn |= made->kind == Item::Kind::Return;
    cell.body.push_back(made);
  }
  if (!cell.isModel && !hasReturn && !isBroken)
    report(DiagId::R0503, cell.name.range, "cell '" + cell.name.text.str() + "' has no 'return'");
}

//===--- Documentation ----------------------------------------------------------------------------------------===//

static size_t linesBetween(const char *from, const char *to) { return StringRef(from, to - from).count('\n'); }

static void addDocLine(std::string &doc, StringRef comment) {
  comment.consume_front("##");
  comment.consume_front(" ");
  if (!doc.empty())
    doc += '\n';
  doc += comment;
}

/// The `##` lines of the comments right above the definition that starts with `token`.
std::string Parser::docBefore(uint32_t token) const {
  const std::vector<Comment> &comments = stream.comments;
  auto after = std::upper_bound(comments.begin(), comments.end(), token,
                                [](uint32_t token, const Comment &comment) { return token < comment.next; });
  auto first = after;
  const char *below = stream.tokens[token].begin;
  while (first != comments.begin()) {
    const Comment &comment = *std::prev(first);
    if (comment.next != token || !comment.ownLine || linesBetween(comment.text.end(), below) > 1)
      break;
    below = comment.text.begin();
    --first;
  }
  std::string doc;
  for (; first != after; ++first)
    if (first->text.starts_with("##"))
      addDocLine(doc, first->text);
  return doc;
}

/// The first `##` comment where nothing precedes it and an empty line, or the file's `rondo` or `use`, follows.
std::string Parser::fileDoc() const {
  std::string doc;
  for (size_t i = 0; i != stream.comments.size() && stream.comments[i].next == 0; ++i) {
    const Comment &comment = stream.comments[i];
    bool isDoc = comment.text.starts_with("##");
    if (!isDoc && doc.empty())
      continue;
    if (!isDoc)
      return "";
    addDocLine(doc, comment.text);
    bool isLast = i + 1 == stream.comments.size() || stream.comments[i + 1].next != 0;
    const char *below = isLast ? peek().begin : stream.comments[i + 1].text.begin();
    bool endsHere = linesBetween(comment.text.end(), below) > 1 ||
                    (isLast && (at(TokenKind::Rondo) || at(TokenKind::Use) || at(TokenKind::Eof)));
    if (endsHere)
      return doc;
  }
  return "";
}

} // namespace rondo::dsl
