// The one layout of source text: an item a line, two blanks a level, columns of like lines aligned, comments kept.
//
// The text must parse. It is laid out from its tokens, so nothing but white space can change; a body that stood on one
// line stays on one line where it fits. The result formats to itself.
#include "dsl/FormatTokens.h"
#include "dsl/Frontend.h"

using namespace llvm;

namespace rondo::dsl {

namespace {

constexpr unsigned levelIndent = 2;
constexpr size_t commentGap = 2; // blanks before a comment at the end of a line

/// An item: tokens [first, end). A cell or model has its head up to the `{` at `brace` and its items.
struct Entry {
  uint32_t first = 0, end = 0;
  uint32_t brace = 0; // 0: no cell
  std::vector<Entry> body;
  uint32_t close() const { return end - 1; }
};

class Formatter {
public:
  explicit Formatter(const FormatTokens &tokens) : tokens(tokens) {}

  std::string run() {
    uint32_t i = 0;
    std::vector<Entry> entries = entriesFrom(i);
    body(entries, tokens.eof(), 0);
    return std::move(out);
  }

private:
  /// The items from token i to the end of their body, which i is moved to.
  std::vector<Entry> entriesFrom(uint32_t &i) const {
    std::vector<Entry> entries;
    while (tokens.kind(i) != TokenKind::RightBrace && tokens.kind(i) != TokenKind::Eof) {
      Entry &entry = entries.emplace_back();
      entry.first = i;
      bool isCell = tokens.kind(i) == TokenKind::Cell || tokens.kind(i) == TokenKind::Model;
      auto endsHere = [&] {
        TokenKind kind = tokens.kind(i);
        return kind == TokenKind::RightBrace || kind == TokenKind::Eof || (isCell && kind == TokenKind::LeftBrace) ||
               tokens.startsItem(i);
      };
      do
        ++i;
      while (!endsHere());
      if (isCell) {
        entry.brace = i++;
        entry.body = entriesFrom(i);
        ++i;
      }
      entry.end = i;
    }
    return entries;
  }

  //===--- Lines ----------------------------------------------------------------------------------------------===//

  /// What is written next comes from `begin`: keeps one of the empty lines before it.
  void gap(const char *begin) {
    bool keeps = lastEnd && StringRef(lastEnd, begin - lastEnd).count('\n') > 1;
    if (keeps && !atBodyStart)
      out += '\n';
    atBodyStart = false;
  }

  bool hasGap(const char *end, const char *begin) const { return StringRef(end, begin - end).count('\n') > 1; }

  void ownComments(uint32_t before, unsigned indent) {
    for (const Comment &comment : tokens.commentsBefore(before)) {
      if (!comment.ownLine)
        continue;
      gap(comment.text.begin());
      out.append(indent, ' ');
      (out += comment.text) += '\n';
      lastEnd = comment.text.end();
    }
  }

  /// Ends the line of the token before `next`, with the comment behind it, from column `at` where that is given.
  void endLine(uint32_t next, size_t width = 0, size_t at = 0) {
    lastEnd = tokens[next - 1].end();
    if (const Comment *comment = tokens.trailing(next)) {
      out.append(std::max(commentGap, at > width ? at - width : 0), ' ');
      out += comment->text;
      lastEnd = comment->text.end();
    }
    out += '\n';
  }

  //===--- Bodies ---------------------------------------------------------------------------------------------===//

  void body(ArrayRef<Entry> entries, uint32_t close, unsigned indent) {
    atBodyStart = true;
    while (!entries.empty()) {
      size_t run = runLength(entries, indent);
      ownComments(entries.front().first, indent);
      gap(tokens[entries.front().first].begin);
      if (run > 0) {
        aligned(entries.take_front(run), indent);
        entries = entries.drop_front(run);
        continue;
      }
      item(entries.front(), indent);
      entries = entries.drop_front();
    }
    ownComments(close, indent);
    atBodyStart = false;
  }

  void item(const Entry &entry, unsigned indent) {
    out.append(indent, ' ');
    bool isEmpty = entry.brace && entry.body.empty() && tokens.commentsBefore(entry.close()).empty();
    if (!entry.brace || isEmpty || (wasOneLine(entry) && isOneLine(entry, indent))) {
      out += layoutItem(tokens, entry.first, entry.end, indent);
      return endLine(entry.end);
    }
    out += layoutItem(tokens, entry.first, entry.brace + 1, indent);
    endLine(entry.brace + 1);
    body(entry.body, entry.close(), indent + levelIndent);
    out.append(indent, ' ');
    out += '}';
    endLine(entry.end);
  }

  bool wasOneLine(const Entry &entry) const {
    const char *open = tokens[entry.brace].begin;
    return !StringRef(open, tokens[entry.close()].begin - open).contains('\n');
  }

  bool isOneLine(const Entry &entry, unsigned indent) const {
    return !tokens.commentsWithin(entry.first, entry.end) && indent + tokens.width(entry.first, entry.end) <= lineWidth;
  }

  //===--- Columns --------------------------------------------------------------------------------------------===//

  /// How many entries from the front are one-line items of one kind, with no empty line or comment between.
  size_t runLength(ArrayRef<Entry> entries, unsigned indent) const {
    size_t length = 0;
    for (const Entry &entry : entries) {
      if (entry.brace || !isOneLine(entry, indent) || tokens.kind(entry.first) != tokens.kind(entries[0].first))
        break;
      if (length > 0) {
        ArrayRef<Comment> comments = tokens.commentsBefore(entry.first);
        const Comment *trailing = tokens.trailing(entry.first);
        const char *end = trailing ? trailing->text.end() : tokens[entry.first - 1].end();
        if (comments.size() > (trailing ? 1 : 0) || hasGap(end, tokens[entry.first].begin))
          break;
      }
      ++length;
    }
    return length;
  }

  /// The tokens of an item that start a column, outside of brackets: `param b :: real[n] = zeros` has `:` and `=`.
  std::vector<uint32_t> columnStarts(const Entry &entry) const {
    SmallVector<TokenKind, 2> kinds;
    switch (tokens.kind(entry.first)) {
    case TokenKind::Param:
    case TokenKind::State: kinds = {TokenKind::Colon, TokenKind::Assign}; break;
    case TokenKind::Input: kinds = {TokenKind::Colon, TokenKind::On}; break;
    case TokenKind::Output: kinds = {TokenKind::Assign}; break;
    case TokenKind::Loss: kinds = {TokenKind::Assign, TokenKind::Trains}; break;
    default: return {};
    }
    std::vector<uint32_t> starts(kinds.size(), 0); // 0: the item lacks it
    bool hasSeveralNames = false;
    for (uint32_t i = entry.first + 1; i < entry.end;) {
      TokenKind kind = tokens.kind(i);
      hasSeveralNames |= kind == TokenKind::Comma && starts[0] == 0;
      for (size_t k = 0; k != kinds.size(); ++k)
        if (kind == kinds[k] && starts[k] == 0)
          starts[k] = i;
      bool opens = kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket;
      i = opens ? tokens.partner(i) + 1 : i + 1;
    }
    // `param pi, pf, po : real[n] = zeros` would push the colons of its neighbours far out.
    if (hasSeveralNames && kinds[0] == TokenKind::Colon)
      starts[0] = 0;
    return starts;
  }

  void aligned(ArrayRef<Entry> entries, unsigned indent) {
    std::vector<std::string> lines(entries.size());
    std::vector<std::vector<uint32_t>> starts;
    std::vector<uint32_t> written; // the first token of each item that is not in its line yet
    for (const Entry &entry : entries) {
      starts.push_back(columnStarts(entry));
      written.push_back(entry.first);
    }
    auto write = [&](size_t i, uint32_t end) {
      lines[i] += tokens.flat(written[i], end);
      written[i] = end;
    };
    for (size_t column = 0; column != starts.front().size(); ++column) {
      size_t widest = 0;
      for (size_t i = 0; i != entries.size(); ++i)
        if (uint32_t start = starts[i][column]) {
          write(i, start);
          widest = std::max(widest, lines[i].size() + tokens.space(start));
        }
      for (size_t i = 0; i != entries.size(); ++i)
        if (starts[i][column])
          lines[i].resize(widest, ' ');
    }
    size_t widest = 0, widestComment = 0;
    for (size_t i = 0; i != entries.size(); ++i) {
      write(i, entries[i].end);
      widest = std::max(widest, indent + lines[i].size());
    }
    if (widest > lineWidth) { // columns would need more than a line: none, then
      widest = 0;
      for (size_t i = 0; i != entries.size(); ++i) {
        lines[i] = tokens.flat(entries[i].first, entries[i].end);
        widest = std::max(widest, indent + lines[i].size());
      }
    }
    size_t commentColumn = 0;
    for (size_t i = 0; i != entries.size(); ++i)
      if (const Comment *comment = tokens.trailing(entries[i].end)) {
        commentColumn = std::max(commentColumn, indent + lines[i].size() + commentGap);
        widestComment = std::max(widestComment, comment->text.size());
      }
    if (commentColumn + widestComment > lineWidth)
      commentColumn = 0;
    for (size_t i = 0; i != entries.size(); ++i) {
      out.append(indent, ' ');
      out += lines[i];
      endLine(entries[i].end, indent + lines[i].size(), commentColumn);
    }
  }

  const FormatTokens &tokens;
  std::string out;
  const char *lastEnd = nullptr; // of what was written last, in the source
  bool atBodyStart = true;
};

} // namespace

std::string format(StringRef text) {
  SourceMgr sources;
  Diagnostics diags(sources);
  unsigned buffer =
      sources.AddNewSourceBuffer(MemoryBuffer::getMemBuffer(text, "", /*RequiresNullTerminator=*/false), SMLoc());
  std::unique_ptr<File> file = parse(buffer, diags);
  if (file->isBroken)
    return text.str();
  return Formatter(FormatTokens(*file, lex(file->text, diags))).run();
}

} // namespace rondo::dsl
