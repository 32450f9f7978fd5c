// The words and signs of the language, as section 1 of docs/language.md lists them.
#include "dsl/Lexer.h"
#include "gtest/gtest.h"

using namespace rondo::dsl;

namespace {

/// Lexes a text that it owns, so that places in it can be named.
class Lexed {
public:
  explicit Lexed(llvm::StringRef text) {
    unsigned buffer = sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, "text"), llvm::SMLoc());
    stream = lex(sources.getMemoryBuffer(buffer)->getBuffer(), diags);
  }

  /// The kinds of all tokens but the last, Eof.
  std::vector<TokenKind> kinds() const {
    std::vector<TokenKind> result;
    for (const Token &token : llvm::ArrayRef(stream.tokens).drop_back())
      result.push_back(token.kind);
    return result;
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> result;
    for (const Token &token : llvm::ArrayRef(stream.tokens).drop_back())
      result.push_back(token.text().str());
    return result;
  }

  std::vector<std::string> messages() const {
    std::vector<std::string> result;
    for (const Diagnostic &diagnostic : diags.all())
      result.push_back(diagnostic.message);
    return result;
  }

  llvm::SourceMgr sources;
  Diagnostics diags{sources};
  TokenStream stream;
};

using Kinds = std::vector<TokenKind>;
using Texts = std::vector<std::string>;

TEST(Lexer, EmptyTextIsOnlyItsEnd) {
  Lexed text("");
  ASSERT_EQ(text.stream.tokens.size(), 1u);
  EXPECT_EQ(text.stream.tokens[0].kind, TokenKind::Eof);
}

TEST(Lexer, ReservedWordsAreNoNames) {
  for (llvm::StringRef word : reservedWords()) {
    Lexed text(word);
    ASSERT_EQ(text.kinds().size(), 1u);
    EXPECT_NE(text.kinds()[0], TokenKind::Name) << word.str();
    EXPECT_EQ(spelling(text.kinds()[0]), word);
  }
  EXPECT_EQ(reservedWords().size(), 25u);
}

TEST(Lexer, WordsOfOneItemOnlyAreNames) {
  EXPECT_EQ(Lexed("real int bool token next from sample").kinds(), Kinds(7, TokenKind::Name));
}

TEST(Lexer, NamesMayHoldDigitsAndUnderscores) {
  EXPECT_EQ(Lexed("h2 _x W_in cells cell2").kinds(), Kinds(5, TokenKind::Name));
}

TEST(Lexer, TheLongestSignWins) {
  EXPECT_EQ(Lexed("a<=b//c->d..e==f!=g>=h").texts(),
            Texts({"a", "<=", "b", "//", "c", "->", "d", "..", "e", "==", "f", "!=", "g", ">=", "h"}));
}

TEST(Lexer, PointsNeedDigitsOnBothSides) {
  EXPECT_EQ(Lexed("0..8").kinds(), Kinds({TokenKind::Int, TokenKind::Range, TokenKind::Int}));
  EXPECT_EQ(Lexed("0.5..1.5").kinds(), Kinds({TokenKind::Real, TokenKind::Range, TokenKind::Real}));
  EXPECT_EQ(Lexed("x = 1.").messages(),
            Texts({"'1.' is no number: digits stand on both sides of the point; write '1.0'"}));
  EXPECT_EQ(Lexed("x = .5").messages(),
            Texts({"'.5' is no number: digits stand on both sides of the point; write '0.5'"}));
}

TEST(Lexer, Numbers) {
  EXPECT_EQ(Lexed("12 1_000 007").kinds(), Kinds(3, TokenKind::Int));
  EXPECT_EQ(Lexed("0.5 1e-4 5e-4 2.5e+3 1e9").kinds(), Kinds(5, TokenKind::Real));
  EXPECT_EQ(intValue("1_000"), 1000);
  EXPECT_EQ(intValue("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(realValue("5e-4"), 5e-4);
  EXPECT_EQ(realValue("1_0.5"), 10.5);
}

TEST(Lexer, MalformedNumbersAreOneMistakeEach) {
  for (const char *wrong :
       {"1_", "1__0", "12abc", "0x10", "1.5.2", "1E5", "1e", "3.x", "9223372036854775808", "1e999"}) {
    Lexed text(std::string("x = ") + wrong);
    EXPECT_EQ(text.diags.errorCount(), 1u) << wrong;
    EXPECT_EQ(text.kinds(), Kinds({TokenKind::Name, TokenKind::Assign, TokenKind::Error})) << wrong;
  }
}

TEST(Lexer, AMemberMayNotBeANumberButIsLexedAsOne) {
  EXPECT_EQ(Lexed("enc.0.W").texts(), Texts({"enc", ".", "0", ".", "W"}));
}

TEST(Lexer, Strings) {
  Lexed text(R"(use "a \"b\" \\ \n \t.rondo")");
  EXPECT_EQ(text.kinds(), Kinds({TokenKind::Use, TokenKind::String}));
  EXPECT_FALSE(text.diags.hasErrors());
  EXPECT_EQ(Lexed("use \"a\nx = 1").messages(), Texts({"this string is not closed on its line"}));
  EXPECT_EQ(Lexed(R"(use "a\q")").messages(), Texts({R"(a string knows the escapes \" \\ \n \t)"}));
  EXPECT_TRUE(Lexed("use \"\xC3\xA9\"").diags.hasErrors());
}

TEST(Lexer, TokensKnowWhetherTheyStartTheirLine) {
  Lexed text("a b\n\n  c # d\r\n\te");
  std::vector<bool> starts;
  for (const Token &token : text.stream.tokens)
    starts.push_back(token.startsLine);
  EXPECT_EQ(starts, std::vector<bool>({true, false, true, true, true}));
}

TEST(Lexer, CommentsKnowTheirPlace) {
  Lexed text("## of a\na # behind  \n# last");
  ASSERT_EQ(text.stream.comments.size(), 3u);
  EXPECT_EQ(text.stream.comments[0].text, "## of a");
  EXPECT_TRUE(text.stream.comments[0].ownLine);
  EXPECT_EQ(text.stream.comments[0].next, 0u);
  EXPECT_EQ(text.stream.comments[1].text, "# behind");
  EXPECT_FALSE(text.stream.comments[1].ownLine);
  EXPECT_EQ(text.stream.comments[1].next, 1u);
  EXPECT_TRUE(text.stream.comments[2].ownLine);
}

TEST(Lexer, OnlyCommentsHoldMoreThanAscii) {
  EXPECT_FALSE(Lexed("x = 1 # \xCF\x83 \xE2\x80\x99").diags.hasErrors());
  EXPECT_EQ(Lexed("\xCF\x83 = 1").messages(),
            Texts({"'\xCF\x83' (U+03C3) is not part of the language; only comments may hold it"}));
}

TEST(Lexer, LookalikesAreNamedAndMended) {
  Lexed text("h\xE2\x80\x99 = a \xE2\x88\x92 b");
  ASSERT_EQ(text.diags.all().size(), 1u) << "one message a line";
  const Diagnostic &diagnostic = text.diags.all().front();
  EXPECT_EQ(diagnostic.message, "'\xE2\x80\x99' (U+2019, right single quotation mark) is not part of the language; "
                                "write \"'\"");
  ASSERT_EQ(diagnostic.fixIts.size(), 2u) << "and a fix-it for each";
  EXPECT_EQ(diagnostic.fixIts[0].text, "'");
  EXPECT_EQ(diagnostic.fixIts[1].text, "-");
}

TEST(Lexer, SignsOfOtherLanguages) {
  EXPECT_EQ(Lexed("a && b").messages(), Texts({"'&&' is not part of the language; write 'and'"}));
  EXPECT_EQ(Lexed("a || b").messages(), Texts({"'||' is not part of the language; write 'or'"}));
  EXPECT_EQ(Lexed("!a").messages(), Texts({"'!' is not part of the language; write 'not'"}));
  EXPECT_EQ(Lexed("a = 1;").messages(), Texts({"';' is not part of the language; an item ends by itself"}));
  EXPECT_EQ(Lexed("a $ b").messages(), Texts({"'$' is not part of the language"}));
}

TEST(Lexer, BytesThatAreNoText) {
  EXPECT_EQ(Lexed(llvm::StringRef("a\0b", 3)).messages(), Texts({"a NUL byte is not part of the language"}));
  EXPECT_EQ(Lexed(llvm::StringRef("# a\0b", 5)).messages(), Texts({"a NUL byte is not part of the language"}));
  EXPECT_EQ(Lexed("a \xFF\xFE").messages(), Texts({"byte 0xFF is not valid UTF-8"}));
  EXPECT_EQ(Lexed("# \xC3").messages(), Texts({"byte 0xC3 is not valid UTF-8"}));
  EXPECT_EQ(Lexed("# an overlong slash \xC0\xAF").messages(), Texts({"byte 0xC0 is not valid UTF-8"}));
}

TEST(Lexer, LineEndsAndByteOrderMark) {
  EXPECT_EQ(Lexed("\xEF\xBB\xBF"
                  "a\r\nb")
                .texts(),
            Texts({"a", "b"}));
  EXPECT_EQ(Lexed("a\rb").messages(), Texts({"U+000D is not part of the language; a line ends with a line feed"}));
}

TEST(Lexer, ManyMistakesStopTheReading) {
  std::string lines;
  for (int i = 0; i < 5000; ++i)
    lines += "$\n";
  Lexed text(lines);
  EXPECT_EQ(text.diags.errorCount(), maxErrors + 1);
  EXPECT_EQ(text.diags.all().back().id, DiagId::R0107);
  EXPECT_FALSE(text.stream.complete);
}

TEST(Lexer, TooManyTokens) {
  std::string text;
  for (size_t i = 0; i <= maxTokens; ++i)
    text += "x ";
  Lexed lexed(text);
  ASSERT_EQ(lexed.diags.errorCount(), 1u);
  EXPECT_EQ(lexed.diags.all().front().id, DiagId::R0107);
}

} // namespace
