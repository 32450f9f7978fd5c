// Breaking an item that is too long for its line.
//
// The tokens between two brackets are split at the separators that bind weakest: `=`, then commas, `for`, `then`, and
// the operators by level; a part that still does not fit is split further, brackets last. Lines are broken after commas
// and before operators and words, never before `(` `[` `'`, which belong to the operand on their left.
#include "dsl/FormatTokens.h"

using namespace llvm;

namespace rondo::dsl {

namespace {

constexpr unsigned continuation = 4; // blanks deeper than the line that goes on

/// How weakly a token separates what stands around it; the weakest come first.
enum Separator : unsigned { assignment, clause, comma, forFamily, branch, firstOperator, notSeparating = 100 };

class ItemLayout {
public:
  ItemLayout(const FormatTokens &tokens, uint32_t first, unsigned indent)
      : tokens(tokens), first(first), column(indent), lineIndent(indent) {}

  std::string take() { return std::move(out); }

  /// Lays out [begin, end). `indent`: where further lines start; `tail`: columns that must fit behind it.
  void range(uint32_t begin, uint32_t end, size_t indent, size_t tail) {
    if (begin == end)
      return;
    if (fits(begin, end, indent, tail)) {
      for (uint32_t i = begin; i != end; ++i)
        token(i, indent);
      return;
    }
    auto [weakest, separators] = weakestSeparators(begin, end);
    switch (weakest) {
    case notSeparating: return operand(begin, end, indent, tail);
    case assignment: {
      uint32_t sign = separators.front();
      range(begin, sign, indent, 2);
      token(sign, indent);
      if (fitsBehindOnly(sign + 1, end, indent, tail))
        newline(indent);
      return range(sign + 1, end, indent, tail);
    }
    case comma: return parts(begin, end, separators, /*breakAfter=*/true, /*all=*/false, indent, tail);
    default: return parts(begin, end, separators, /*breakAfter=*/false, /*all=*/weakest == branch, indent, tail);
    }
  }

private:
  /// The token behind i, or behind the brackets that i opens.
  uint32_t next(uint32_t i) const { return isOpening(i) ? tokens.partner(i) + 1 : i + 1; }
  bool isOpening(uint32_t i) const {
    return tokens.kind(i) == TokenKind::LeftParen || tokens.kind(i) == TokenKind::LeftBracket;
  }

  unsigned separatorOf(uint32_t i) const {
    switch (tokens.kind(i)) {
    case TokenKind::Assign: return assignment;
    case TokenKind::Trains:
    case TokenKind::Arrow: return clause;
    case TokenKind::Comma: return comma;
    case TokenKind::For: return forFamily;
    case TokenKind::Then:
    case TokenKind::Else: return branch;
    default: return tokens.isBinary(i) ? firstOperator + levelOf(tokens.kind(i)) : unsigned(notSeparating);
    }
  }

  static unsigned levelOf(TokenKind op) {
    switch (op) {
    case TokenKind::When: return 1;
    case TokenKind::Fby: return 2;
    case TokenKind::Or: return 3;
    case TokenKind::And: return 4;
    case TokenKind::Plus:
    case TokenKind::Minus: return 7;
    case TokenKind::Star:
    case TokenKind::Slash:
    case TokenKind::FloorDivide:
    case TokenKind::Percent:
    case TokenKind::At: return 8;
    case TokenKind::Caret: return 10;
    default: return 6; // comparisons
    }
  }

  std::pair<unsigned, std::vector<uint32_t>> weakestSeparators(uint32_t begin, uint32_t end) const {
    unsigned weakest = notSeparating;
    std::vector<uint32_t> separators;
    for (uint32_t i = begin; i != end; i = next(i)) {
      unsigned here = i == begin ? unsigned(notSeparating) : separatorOf(i);
      if (here > weakest || here == notSeparating)
        continue;
      if (here < weakest)
        separators.clear();
      weakest = here;
      separators.push_back(i);
    }
    return {weakest, std::move(separators)};
  }

  /// Whether [begin, end), the right side of a `=`, fits on a line of its own while not even its first operand fits
  /// here.
  bool fitsBehindOnly(uint32_t begin, uint32_t end, size_t indent, size_t tail) const {
    if (mustBreak || hasComments(begin) || tokens.commentsWithin(begin, end))
      return false;
    auto [weakest, separators] = weakestSeparators(begin, end);
    return weakest != notSeparating && !fits(begin, separators.front(), indent, 0) &&
           indent + tokens.width(begin, end) + tail <= lineWidth;
  }

  bool hasComments(uint32_t i) const { return i != first && !tokens.commentsBefore(i).empty(); }

  bool fits(uint32_t begin, uint32_t end, size_t indent, size_t tail) const {
    if (tokens.commentsWithin(begin, end))
      return false;
    bool onNewLine = mustBreak || hasComments(begin);
    size_t start = onNewLine ? indent : column + blanksBefore(begin);
    return start + tokens.width(begin, end) + tail <= lineWidth;
  }

  unsigned blanksBefore(uint32_t i) const { return isFresh ? 0 : tokens.space(i); }

  /// The next token goes to a new line, unless a comment has already ended this one.
  void newline(size_t indent) {
    while (!out.empty() && out.back() == ' ')
      out.pop_back();
    out += '\n';
    out.append(indent, ' ');
    column = lineIndent = indent;
    isFresh = true;
    mustBreak = false;
  }

  void token(uint32_t i, size_t indent) {
    if (i != first)
      for (const Comment &comment : tokens.commentsBefore(i)) {
        bool needsLine = comment.ownLine && !isFresh;
        if (needsLine || mustBreak)
          newline(indent);
        else if (!isFresh)
          out += "  ";
        out += comment.text;
        mustBreak = true;
        isFresh = false;
      }
    if (mustBreak)
      newline(indent);
    unsigned blanks = blanksBefore(i);
    out.append(blanks, ' ');
    out += tokens[i].text();
    column += blanks + tokens[i].length;
    isFresh = false;
  }

  /// Parts that start (or, with breakAfter, end) with a separator, as many on a line as fit; with `all`, one on a line.
  void parts(uint32_t begin, uint32_t end, ArrayRef<uint32_t> separators, bool breakAfter, bool all, size_t indent,
             size_t tail) {
    uint32_t partBegin = begin;
    for (size_t i = 0; i <= separators.size(); ++i) {
      bool isLast = i == separators.size();
      uint32_t partEnd = isLast ? end : separators[i]; // without the separator behind it
      size_t partTail = isLast ? tail : breakAfter ? 1 : 0;
      bool mayBreak = i != 0 && !isFresh && !mustBreak && !hasComments(partBegin);
      if (mayBreak && (all || !fits(partBegin, partEnd, indent, partTail)))
        newline(indent);
      if (i != 0 && !breakAfter) {
        token(partBegin, indent); // the separator; what follows it is split by itself
        ++partBegin;
      }
      range(partBegin, partEnd, indent, partTail);
      if (!isLast && breakAfter)
        token(partEnd++, indent);
      partBegin = partEnd;
    }
  }

  /// A primary with its prefixes and postfixes: only brackets can be broken.
  void operand(uint32_t begin, uint32_t end, size_t indent, size_t tail) {
    for (uint32_t i = begin; i != end; i = next(i)) {
      if (!isOpening(i)) {
        token(i, indent);
        continue;
      }
      // Up to the next bracket nothing can be broken.
      size_t behind = 0;
      uint32_t j = next(i);
      for (; j != end; ++j) {
        behind += tokens.space(j) + tokens[j].length;
        if (isOpening(j))
          break;
      }
      bracket(i, tokens.partner(i), indent, j == end ? behind + tail : behind);
    }
  }

  struct Element {
    uint32_t begin, end; // without its comma
  };

  std::vector<Element> elementsOf(uint32_t open, uint32_t close) const {
    std::vector<Element> elements;
    uint32_t begin = open + 1;
    for (uint32_t i = begin; i != close; i = next(i))
      if (tokens.kind(i) == TokenKind::Comma) {
        elements.push_back({begin, i});
        begin = i + 1;
      }
    if (begin != close)
      elements.push_back({begin, close});
    return elements;
  }

  void bracket(uint32_t open, uint32_t close, size_t indent, size_t tail) {
    if (fits(open, close + 1, indent, tail)) {
      for (uint32_t i = open; i <= close; ++i)
        token(i, indent);
      return;
    }
    token(open, indent);
    std::vector<Element> elements = elementsOf(open, close);
    size_t widest = 0;
    bool areShort = true; // numbers and names: a table, filled line by line
    for (Element element : elements) {
      widest = std::max(widest, tokens.width(element.begin, element.end));
      areShort &= element.end - element.begin <= 2;
    }
    // Elements stand under the first one, or on lines of their own where that leaves them too little room.
    size_t hanging = column, deeper = lineIndent + continuation;
    bool isSingle = elements.size() == 1;
    bool hangs =
        deeper >= hanging || (!hasComments(open + 1) && (areShort || hanging + widest + 1 + tail <= lineWidth));
    bool joins = hangs || (isSingle && isOpening(elements.front().begin));
    size_t base = hangs ? hanging : deeper;
    size_t inner = isSingle ? base : base + 2;
    for (size_t i = 0; i != elements.size(); ++i) {
      auto [begin, end] = elements[i];
      size_t elementTail = i + 1 == elements.size() ? 1 + tail : 1;
      bool isFirst = i == 0;
      bool breaks = isFirst ? !joins : !areShort || !fits(begin, end, base, elementTail);
      if (breaks && !mustBreak && !hasComments(begin))
        newline(base);
      if (hasComments(begin) || mustBreak)
        token(begin++, base);
      range(begin, end, inner, elementTail);
      if (end != close)
        token(end, inner);
    }
    token(close, base);
  }

  const FormatTokens &tokens;
  uint32_t first; // the item's first token; comments before it are not the item's
  std::string out;
  size_t column, lineIndent;
  bool isFresh = true;    // nothing on this line yet
  bool mustBreak = false; // a comment ends this line
};

} // namespace

std::string layoutItem(const FormatTokens &tokens, uint32_t begin, uint32_t end, unsigned indent) {
  ItemLayout layout(tokens, begin, indent);
  layout.range(begin, end, indent + continuation, 0);
  return layout.take();
}

} // namespace rondo::dsl
