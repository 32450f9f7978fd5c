#include "dsl/Lexer.h"
#include "dsl/SourcePlace.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Unicode.h"
#include <charconv>

using namespace llvm;

namespace rondo::dsl {

StringRef spelling(TokenKind kind) {
  switch (kind) {
#define RONDO_TOKEN(KIND, SPELLING)                                                                                    \
  case TokenKind::KIND: return SPELLING;
#include "dsl/Tokens.def"
#undef RONDO_TOKEN
  default: return "";
  }
}

ArrayRef<StringRef> reservedWords() {
  static constexpr StringRef words[] = {
#define RONDO_KEYWORD(KIND, SPELLING) SPELLING,
#define RONDO_TOKEN(KIND, SPELLING)
#include "dsl/Tokens.def"
#undef RONDO_TOKEN
  };
  return words;
}

static std::string withoutUnderscores(StringRef spelling) {
  std::string digits;
  for (char c : spelling)
    if (c != '_')
      digits += c;
  return digits;
}

std::optional<int64_t> intValue(StringRef spelling) {
  std::string digits = withoutUnderscores(spelling);
  int64_t value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<double> realValue(StringRef spelling) {
  std::string digits = withoutUnderscores(spelling);
  double value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc() ? std::optional(value) : std::nullopt;
}

namespace {

/// A character that looks like one of the language's, and what to write for it.
struct Confusable {
  uint32_t codePoint;
  StringRef name;
  StringRef replacement;
};

const Confusable *confusable(uint32_t codePoint) {
  static constexpr Confusable table[] = {
#define RONDO_CONFUSABLE(CODE, NAME, REPLACEMENT) {CODE, NAME, REPLACEMENT},
#include "dsl/Confusables.def"
#undef RONDO_CONFUSABLE
  };
  for (const Confusable &row : table)
    if (row.codePoint == codePoint)
      return &row;
  return nullptr;
}

bool isNameStart(char c) { return isAlpha(c) || c == '_'; }
bool isNamePart(char c) { return isAlnum(c) || c == '_'; }
bool isAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// A number's text at most as long as a message can bear.
std::string quoted(StringRef text) {
  constexpr size_t longest = 40;
  return "'" + (text.size() > longest ? text.take_front(longest).str() + "..." : text.str()) + "'";
}

class Lexer {
public:
  Lexer(StringRef text, Diagnostics &diags) : p(text.begin()), end(text.end()), diags(diags) { lineStart = p; }

  TokenStream run() {
    if (static_cast<size_t>(end - p) > maxSourceBytes) {
      stop(p, "the text has " + std::to_string(end - p) + " bytes; the limit is " + std::to_string(maxSourceBytes));
    } else if (StringRef other = otherThanText(StringRef(p, end - p)); !other.empty()) {
      diags.report(DiagId::R0101, SMLoc::getFromPointer(p), other.str() + "; a model is text in UTF-8");
      stream.complete = false;
    } else {
      StringRef(p, end - p).starts_with("\xEF\xBB\xBF") ? p += 3 : p; // a byte order mark may open a file
      while (p != end && stream.complete)
        next();
    }
    begin = end;
    push(TokenKind::Eof);
    return std::move(stream);
  }

private:
  /// What a file is that has many bytes which are no text, by its beginning; empty: text.
  static StringRef otherThanText(StringRef text) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
      return "this file is in UTF-16";
    constexpr size_t seen = 4096, least = 8;
    size_t bad = 0;
    for (StringRef rest = text.take_front(seen); rest.size() > 3;) {
      const char *at = rest.begin();
      std::optional<uint32_t> character = takeCharacter(rest);
      bad += !character || (*character < ' ' && !isSpace(*at));
    }
    return bad >= least && bad >= std::min(text.size(), seen) / 20 ? "this file is no text" : "";
  }

  void next() {
    begin = p;
    char c = *p++;
    switch (c) {
    case '\n':
      lineStart = p;
      startsLine = true;
      return;
    case '\r':
      if (p != end && *p != '\n')
        bad(begin, p, "U+000D is not part of the language; a line ends with a line feed");
      return;
    case ' ':
    case '\t': return;
    case '#': return comment();
    case '"': return string();
    case '-': return push(take('>') ? TokenKind::Arrow : TokenKind::Minus);
    case '.': return dot();
    case '=': return push(take('=') ? TokenKind::Equal : TokenKind::Assign);
    case '!':
      if (take('='))
        return push(TokenKind::NotEqual);
      return unknown("write 'not'", "not ");
    case '<': return push(take('=') ? TokenKind::LessEqual : TokenKind::Less);
    case '>': return push(take('=') ? TokenKind::GreaterEqual : TokenKind::Greater);
    case '/': return push(take('/') ? TokenKind::FloorDivide : TokenKind::Slash);
    case '+': return push(TokenKind::Plus);
    case '*': return push(TokenKind::Star);
    case '%': return push(TokenKind::Percent);
    case '@': return push(TokenKind::At);
    case '^': return push(TokenKind::Caret);
    case '(': return push(TokenKind::LeftParen);
    case ')': return push(TokenKind::RightParen);
    case '{': return push(TokenKind::LeftBrace);
    case '}': return push(TokenKind::RightBrace);
    case '[': return push(TokenKind::LeftBracket);
    case ']': return push(TokenKind::RightBracket);
    case ',': return push(TokenKind::Comma);
    case ':': return push(TokenKind::Colon);
    case '\'': return push(TokenKind::Prime);
    case '&': take('&'); return unknown("write 'and'", "and");
    case '|':
      if (take('>'))
        return unknown("a cell is applied so: 'f(x)'");
      take('|');
      return unknown("write 'or'", "or");
    case '?': return unknown("a choice is written 'if c then a else b'");
    case ';': return unknown("an item ends by itself", "");
    default:
      if (isNameStart(c))
        return name();
      if (isDigit(c))
        return number();
      return isAscii(c) ? unknown() : nonAscii();
    }
  }

  bool take(char c) {
    if (p == end || *p != c)
      return false;
    ++p;
    return true;
  }

  void push(TokenKind kind) {
    stream.tokens.push_back({begin, static_cast<uint32_t>(p - begin), kind, startsLine || kind == TokenKind::Eof});
    startsLine = false;
    if (stream.tokens.size() == maxTokens)
      stop(begin, "the text has more than " + std::to_string(maxTokens) + " words and signs");
  }

  void name() {
    while (p != end && isNamePart(*p))
      ++p;
    push(StringSwitch<TokenKind>(StringRef(begin, p - begin))
#define RONDO_KEYWORD(KIND, SPELLING) .Case(SPELLING, TokenKind::KIND)
#define RONDO_TOKEN(KIND, SPELLING)
#include "dsl/Tokens.def"
#undef RONDO_TOKEN
             .Default(TokenKind::Name));
  }

  void dot() {
    if (take('.')) {
      push(TokenKind::Range);
      begin = p;
      if (take('.')) {
        bad(begin, p, "'...' is not part of the language; a range is written 'low..high'");
        fix(begin, p, "");
      }
      return;
    }
    // In `layer.0` the parser says what to write; any other number may not start with its point.
    if (p == end || !isDigit(*p) || followsOperand())
      return push(TokenKind::Dot);
    scanDigits();
    scanExponent();
    StringRef text(begin, p - begin);
    badNumber("digits stand on both sides of the point; write " + quoted("0" + text.str()), begin, "0");
  }

  bool followsOperand() const {
    if (stream.tokens.empty() || stream.tokens.back().end() != begin)
      return false;
    TokenKind last = stream.tokens.back().kind;
    return last == TokenKind::Name || last == TokenKind::RightParen || last == TokenKind::RightBracket ||
           last == TokenKind::Prime;
  }

  /// Digits with `_` between them; false for a `_` elsewhere.
  bool scanDigits() {
    const char *first = p;
    while (p != end && (isDigit(*p) || *p == '_'))
      ++p;
    StringRef digits(first, p - first);
    return !digits.ends_with("_") && !digits.contains("__");
  }

  bool atExponent() const {
    const char *q = p;
    if (q == end || *q != 'e')
      return false;
    ++q;
    if (q != end && (*q == '+' || *q == '-'))
      ++q;
    return q != end && isDigit(*q);
  }

  bool scanExponent() {
    if (!atExponent())
      return true;
    p += isDigit(p[1]) ? 1 : 2;
    return scanDigits();
  }

  void number() {
    bool isMember = !stream.tokens.empty() && stream.tokens.back().kind == TokenKind::Dot &&
                    stream.tokens.back().end() == begin; // `layer.0.W`: the second point belongs to the path
    p = begin;
    bool wellFormed = scanDigits();
    bool isReal = false;
    if (!isMember && p != end && *p == '.' && (p + 1 == end || p[1] != '.')) {
      ++p;
      if (p == end || !isDigit(*p)) {
        if (p != end && isNameStart(*p))
          return badTail();
        std::string whole(begin, p);
        return badNumber("digits stand on both sides of the point; write " + quoted(whole + "0"), p, "0");
      }
      isReal = true;
      wellFormed &= scanDigits();
    }
    if (!isMember && atExponent()) {
      isReal = true;
      wellFormed &= scanExponent();
    }
    if (p != end && (isNamePart(*p) || (isReal && *p == '.' && p + 1 != end && isDigit(p[1]))))
      return badTail();
    StringRef text(begin, p - begin);
    if (!wellFormed)
      return badNumber("'_' stands between two digits");
    if (!isReal && !intValue(text))
      return badNumber("integers end at 9223372036854775807");
    if (isReal && !realValue(text))
      return badNumber("reals reach from 5e-324 to 1.8e308");
    push(isReal ? TokenKind::Real : TokenKind::Int);
  }

  /// Letters or a second point right behind a number: all of it is one mistake.
  void badTail() {
    while (p != end && (isNamePart(*p) || *p == '.'))
      ++p;
    StringRef text(begin, p - begin);
    bool capital = text.contains('E') && all_of(text, [](char c) { return isDigit(c) || c == '.' || c == 'E'; });
    badNumber(capital ? "an exponent is written with a small 'e'" : "write numbers like 12, 1_000, 0.5 or 1e-4");
  }

  void badNumber(const std::string &why, const char *fixAt = nullptr, StringRef insertion = {}) {
    bad(begin, p, quoted(StringRef(begin, p - begin)) + " is no number: " + why);
    if (fixAt)
      fix(fixAt, fixAt, insertion);
  }

  void string() {
    const char *wrong = nullptr;
    std::string message;
    auto note = [&](const char *at, std::string text) {
      if (!wrong) {
        wrong = at;
        message = std::move(text);
      }
    };
    for (;;) {
      if (p == end || *p == '\n') {
        bad(begin, p, "this string is not closed on its line");
        return;
      }
      char c = *p++;
      if (c == '"')
        break;
      if (c == '\\') {
        if (p != end && StringRef("\"\\nt").contains(*p))
          ++p;
        else
          note(p - 1, "a string knows the escapes \\\" \\\\ \\n \\t");
      } else if (!isAscii(c) || c == '\0') {
        StringRef rest(p - 1, end - (p - 1));
        note(p - 1, "a string holds ASCII only; only comments may hold more");
        takeCharacter(rest);
        p = rest.begin();
      }
    }
    if (!wrong)
      return push(TokenKind::String);
    bad(wrong, wrong + 1, message);
  }

  void comment() {
    const void *newline = memchr(p, '\n', end - p);
    p = newline ? static_cast<const char *>(newline) : end;
    StringRef text(begin, p - begin);
    stream.comments.push_back({text.rtrim(" \t\r"), static_cast<uint32_t>(stream.tokens.size()), startsLine});
    for (StringRef rest = text; !rest.empty();) {
      const char *at = rest.begin();
      std::optional<uint32_t> character = takeCharacter(rest);
      if (!character)
        return report(at, rest.begin(), notUtf8(*at));
      if (*character == 0)
        return report(at, rest.begin(), "a NUL byte is not part of the language");
      if (*character == '\r' && !rest.empty())
        return report(at, rest.begin(), "U+000D is not part of the language; a line ends with a line feed");
    }
  }

  static std::string notUtf8(char byte) {
    return "byte 0x" + utohexstr(static_cast<unsigned char>(byte), /*LowerCase=*/false, 2) + " is not valid UTF-8";
  }

  /// An ASCII character, or a doubled one, that no token starts with.
  void unknown(StringRef hint = {}, std::optional<StringRef> replacement = std::nullopt) {
    StringRef text(begin, p - begin);
    std::string what = text == StringRef("\0", 1) ? "a NUL byte"
                       : isPrint(text.front())    ? "'" + text.str() + "'"
                                                  : codePointName(static_cast<unsigned char>(text.front()));
    bad(begin, p, what + " is not part of the language" + (hint.empty() ? "" : "; " + hint.str()));
    if (replacement)
      fix(begin, p, *replacement);
  }

  void nonAscii() {
    StringRef rest(begin, end - begin);
    std::optional<uint32_t> character = takeCharacter(rest);
    p = rest.begin();
    if (!character) {
      while (!rest.empty() && !isAscii(rest.front()) && !takeCharacter(rest))
        p = rest.begin();
      return bad(begin, p, notUtf8(*begin));
    }
    std::string code = codePointName(*character);
    std::string shown(begin, p);
    bool printable = sys::unicode::isPrintable(static_cast<int>(*character));
    if (const Confusable *known = confusable(*character)) {
      std::string write = known->replacement.empty()  ? "remove it"
                          : known->replacement == " " ? "write a space"
                          : known->replacement == "'" ? "write \"'\""
                                                      : "write '" + known->replacement.str() + "'";
      bad(begin, p,
          (printable ? "'" + shown + "' (" + code + ", " : code + " (") + known->name.str() +
              ") is not part of the language; " + write);
      return fix(begin, p, known->replacement);
    }
    // A foreign letter: what follows belongs to the same word.
    while (p != end && (isNamePart(*p) || !isAscii(*p))) {
      StringRef more(p, end - p);
      takeCharacter(more);
      p = more.begin();
    }
    bad(begin, p,
        (printable ? "'" + shown + "' (" + code + ")" : code) +
            " is not part of the language; only comments may hold it");
  }

  /// Reports, at most once a line, and leaves an Error token that reaches to p.
  void bad(const char *from, const char *to, std::string message) {
    report(from, to, std::move(message));
    push(TokenKind::Error);
  }

  void report(const char *from, const char *to, std::string message) {
    if (current && reportedLine == lineStart)
      return;
    if (++reports > maxErrors)
      return stop(from, "more than " + std::to_string(maxErrors) + " errors; the rest is not read");
    reportedLine = lineStart;
    current =
        &diags.report(DiagId::R0101, {SMLoc::getFromPointer(from), SMLoc::getFromPointer(to)}, std::move(message));
  }

  /// Adds a fix-it to what was reported on this line; later ones of the line mend the same mistake elsewhere.
  void fix(const char *from, const char *to, StringRef text) {
    constexpr size_t most = 8;
    if (current && current->fixIts.size() < most)
      current->fixIt({SMLoc::getFromPointer(from), SMLoc::getFromPointer(to)}, text.str());
  }

  void stop(const char *at, std::string message) {
    diags.report(DiagId::R0107, SMLoc::getFromPointer(at), std::move(message));
    stream.complete = false;
  }

  const char *p, *end;
  const char *begin = nullptr; // of the token at hand
  const char *lineStart;
  bool startsLine = true;
  TokenStream stream;
  Diagnostics &diags;
  Diagnostic *current = nullptr; // reported on reportedLine
  const char *reportedLine = nullptr;
  unsigned reports = 0;
};

} // namespace

TokenStream lex(StringRef text, Diagnostics &diags) { return Lexer(text, diags).run(); }

} // namespace rondo::dsl
