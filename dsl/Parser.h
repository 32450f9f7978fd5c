// The parser: LL(2) for items, Pratt for expressions. Private to the dsl folder; others call parse() of Frontend.h.
//
// A rule that fails has reported why and returns null (or false); its callers pass that up to the item, which is then
// dropped, and recovery skips to the next item. So a broken item costs one message and leaves the items after it whole.
#ifndef RONDO_DSL_PARSER_H
#define RONDO_DSL_PARSER_H

#include "dsl/Ast.h"
#include "dsl/Lexer.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/Twine.h"

namespace rondo::dsl {

/// Beyond these is R0107. Everything that walks the tree recurses at most `maxTreeDepth` deep.
constexpr unsigned maxNesting = 256;    // brackets, bodies, prefix operators, `if`s, `fby`s, `^`s within one another
constexpr unsigned maxTreeDepth = 1000; // operators and postfixes applied to one another, as in a long sum

class Parser {
public:
  Parser(unsigned buffer, Diagnostics &diags);
  std::unique_ptr<File> run();

private:
  /// An expression as read: its tokens, parentheses included, are [first, the parser's position).
  struct Parsed {
    Expr *expr = nullptr;
    unsigned depth = 0; // of the tree
    uint32_t first = 0;
    explicit operator bool() const { return expr != nullptr; }
  };
  /// Counts a level of nesting while it lives; false where the limit is reached, which it reports.
  class Nested {
  public:
    explicit Nested(Parser &parser);
    ~Nested() { --parser.nesting; }
    explicit operator bool() const { return fine; }

  private:
    Parser &parser;
    bool fine;
  };
  /// What encloses an item.
  enum class Where : uint8_t { File, Cell, Model };

  //===--- Files and items (Parser.cpp) ---===//
  void wholeFile();
  bool version();
  bool use();
  bool topLevelItem();
  Cell *cell();
  bool cellHead(Cell &cell);
  bool declarations(std::vector<Decl> &decls);
  bool resultTypes(Cell &cell);
  void body(Cell &cell, unsigned headColumn);
  Item *item(Where where);
  void checkPlace(Where where);
  Item *itemOfWord();
  Item *equation();
  Item *paramOrState();
  Item *input();
  Item *output();
  Item *loss();
  Item *generate();
  Item *results();
  bool left(Lhs &lhs);
  bool path(std::vector<PathElement> &path);
  bool colonAndType(Item &item);
  bool namesAndType(Item &item, llvm::StringRef what);
  TypeExpr *type();
  void missingEquals(uint32_t firstToken);
  std::string docBefore(uint32_t token) const;
  std::string fileDoc() const;

  //===--- Expressions (ParserExpressions.cpp) ---===//
  Parsed expression();
  Parsed operand(unsigned level);
  Parsed conditional();
  Parsed unary(UnaryOp op, unsigned operandLevel);
  Parsed binary(Parsed left, unsigned level);
  Parsed comparisons(Parsed first, unsigned level);
  Parsed postfix();
  Parsed primary();
  Parsed listLiteral();
  Parsed number();
  Parsed call(Parsed callee);
  Parsed index(Parsed indexed);
  Parsed member(Parsed object);
  bool arguments(std::vector<Argument> &arguments, unsigned &depth);
  std::optional<Family> family(unsigned *depth = nullptr);
  Parsed finish(Expr *expr, unsigned depth, uint32_t first);
  void checkSameLine(uint32_t operandFirst, StringRef purpose);

  //===--- Errors and recovery (ParserRecovery.cpp) ---===//
  Diagnostic *report(DiagId id, SMRange range, std::string message);
  /// R0102 at the next token, unless the lexer has reported it.
  Diagnostic *expected(const llvm::Twine &what);
  bool expect(TokenKind kind);
  bool expectClose(TokenKind kind, uint32_t open, bool afterElement);
  bool atReservedWord() const { return llvm::is_contained(reservedWords(), peek().text()); }
  std::optional<Name> expectName(StringRef what);
  std::optional<Name> expectNameHere(StringRef what);
  void recover(uint32_t itemStart);
  void recoverToBody();
  bool startsEquation(uint32_t token) const;
  unsigned columnOf(uint32_t token) const;
  std::string describe(const Token &token) const;
  llvm::StringRef insteadOfSign() const;
  bool isWithin(TokenKind open) const;
  std::string textOf(uint32_t first, uint32_t last) const;

  //===--- Tokens ---===//
  const Token &peek(unsigned ahead = 0) const {
    return stream.tokens[std::min<size_t>(pos + ahead, stream.tokens.size() - 1)];
  }
  const Token &previous() const { return stream.tokens[pos - 1]; }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool atName(StringRef text) const { return at(TokenKind::Name) && peek().text() == text; }
  const Token &take() {
    const Token &token = peek();
    if (token.kind != TokenKind::Eof)
      ++pos;
    return token;
  }
  bool accept(TokenKind kind) {
    if (!at(kind))
      return false;
    take();
    return true;
  }
  Name nameOf(const Token &token) const { return {token.text(), token.range()}; }
  /// From token `first` to the last one taken.
  SMRange rangeFrom(uint32_t first) const {
    return {SMLoc::getFromPointer(stream.tokens[first].begin), SMLoc::getFromPointer(previous().end())};
  }
  Expr *make(Expr::Kind kind) {
    Expr *expr = new (file->exprs.Allocate()) Expr();
    expr->kind = kind;
    return expr;
  }
  Item *makeItem(Item::Kind kind) {
    Item *item = new (file->items.Allocate()) Item();
    item->kind = kind;
    item->keyword = peek().range();
    return item;
  }

  Diagnostics &diags;
  std::unique_ptr<File> file;
  TokenStream stream;
  llvm::SmallSet<TokenKind, 4> wordsAsNames; // reserved words that were reported in the place of a name

  uint32_t pos = 0;
  unsigned nesting = 0;
  unsigned brackets = 0;       // open `(` and `[` around the next token, within its item
  unsigned reports = 0;        // errors in this file
  bool stopped = false;        // a limit was reached; nothing more is read
  bool bracesMatch = false;    // every `{` of the file has its `}`
  bool inMisplacedRun = false; // the item before, at the top level, did not belong there either
};

/// Words that start an item, in a body or at the top level.
bool isItemWord(TokenKind kind);

} // namespace rondo::dsl
#endif
