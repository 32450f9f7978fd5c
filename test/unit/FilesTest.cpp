// The readers of .npy, .csv and .txt: good files, and every way in which one can be wrong.
#include "compiler/Run/Files.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace rondo::run;
using llvm::StringRef;

namespace {

template <typename T> std::string messageOf(llvm::Expected<T> value) {
  if (value) {
    ADD_FAILURE() << "was accepted";
    return "";
  }
  return llvm::toString(value.takeError());
}

#define EXPECT_MESSAGE(expression, part)                                                                               \
  {                                                                                                                    \
    std::string message = messageOf(expression);                                                                       \
    EXPECT_NE(message.find(part), std::string::npos) << message;                                                       \
  }

template <typename T> T good(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  ADD_FAILURE() << llvm::toString(value.takeError());
  return T();
}

//===--- .npy --------------------------------------------------------------------------------------------------===//

std::string npy(const std::string &header, const std::string &data, char version = 1) {
  std::string out = std::string("\x93NUMPY") + version + '\0';
  out += char(header.size() & 255);
  out += char(header.size() >> 8);
  if (version > 1)
    out += std::string(2, '\0');
  return out + header + data;
}

std::string described(const std::string &descr, const std::string &shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

TEST(Npy, ReadsWhatItWrites) {
  Array array = makeArray({2, 3}, true);
  array.reals = {1, 2, 3, -4, 0.5, 1e300};
  Array read = good(parseNpy(npyBytes(array), "a.npy"));
  EXPECT_EQ(read.shape, array.shape);
  EXPECT_EQ(read.reals, array.reals);
  Array ints = makeArray({2}, false);
  ints.ints = {-7, 1LL << 60};
  EXPECT_EQ(good(parseNpy(npyBytes(ints), "a.npy")).ints, ints.ints);
  EXPECT_EQ(npyBytes(array).find('\n') % 64, 63u);
}

TEST(Npy, ReadsEveryType) {
  EXPECT_EQ(good(parseNpy(npy(described("|b1", "(2,)"), std::string("\x01\x00", 2)), "a")).ints,
            (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(good(parseNpy(npy(described("|u1", "(1,)"), "\xff"), "a")).ints, std::vector<int64_t>{255});
  EXPECT_EQ(good(parseNpy(npy(described("<i2", "(1,)"), "\xff\xff"), "a")).ints, std::vector<int64_t>{-1});
  EXPECT_EQ(good(parseNpy(npy(described("<f2", "(1,)"), std::string("\x00\x3c", 2)), "a")).reals,
            std::vector<double>{1});
  EXPECT_EQ(good(parseNpy(npy(described("<f4", "()"), std::string("\x00\x00\x80\x3f", 4), 2), "a")).reals,
            std::vector<double>{1});
  EXPECT_EQ(good(parseNpy(npy(described("<f8", "(0, 5)"), ""), "a")).shape, (std::vector<int64_t>{0, 5}));
}

TEST(Npy, RefusesWhatItCannotRead) {
  EXPECT_MESSAGE(parseNpy("", "a.npy"), "a.npy: is not a .npy file");
  EXPECT_MESSAGE(parseNpy("hello, this is text", "a.npy"), "is not a .npy file");
  EXPECT_MESSAGE(parseNpy(npy(described(">f8", "(1,)"), std::string(8, '\0')), "a.npy"), "big-endian");
  EXPECT_MESSAGE(
      parseNpy(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1)}", std::string(8, '\0')), "a.npy"),
      "Fortran order");
  EXPECT_MESSAGE(parseNpy(npy(described("<f16", "(1,)"), ""), "a.npy"), "'<f16'");
  EXPECT_MESSAGE(parseNpy(npy(described("|O", "(1,)"), ""), "a.npy"), "element type");
  EXPECT_MESSAGE(parseNpy(npy(described("<U4", "(1,)"), ""), "a.npy"), "element type");
  EXPECT_MESSAGE(parseNpy(npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", ""), "a.npy"),
                 "records");
  EXPECT_MESSAGE(parseNpy(npy(described("<f8", "(1,)"), "", 9), "a.npy"), "version 9");
  EXPECT_MESSAGE(parseNpy(npy(described("<u8", "(1,)"), std::string(8, '\xff')), "a.npy"), "does not fit");
}

TEST(Npy, RefusesHostileHeaders) {
  EXPECT_MESSAGE(parseNpy(npy("{'shape': (1,)}", ""), "a.npy"), "lacks 'descr'");
  EXPECT_MESSAGE(parseNpy(npy("junk", ""), "a.npy"), "not a dictionary");
  EXPECT_MESSAGE(parseNpy(npy(described("<f8", "(-1,)"), ""), "a.npy"), "whole numbers");
  EXPECT_MESSAGE(parseNpy(npy(described("<f8", "(99999999999999999999,)"), ""), "a.npy"), "whole numbers");
  EXPECT_MESSAGE(parseNpy(npy(described("<f8", "(4294967296, 4294967296, 4294967296)"), ""), "a.npy"), "64 bits");
  EXPECT_MESSAGE(parseNpy(npy(described("<f8", "(2305843009213693952,)"), ""), "a.npy"), "64 bits");
  EXPECT_MESSAGE(parseNpy(npy(described("<f8", "(3,)"), std::string(16, '\0')), "a.npy"),
                 "takes 24 bytes, but 16 follow the header; the file is truncated");
  EXPECT_MESSAGE(parseNpy(npy(described("<f8", "(1,)"), std::string(9, '\0')), "a.npy"), "takes 8 bytes, but 9 follow");
  std::string whole = npy(described("<f8", "(1,)"), std::string(8, '\0'));
  for (size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(messageOf(parseNpy(StringRef(whole).take_front(n), "a")).empty());
}

//===--- .csv --------------------------------------------------------------------------------------------------===//

TEST(Csv, ReadsTables) {
  Table table = good(parseCsv("a,b\n1,2\r\n3.5, -4e1\n", "t.csv"));
  EXPECT_EQ(table.header, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table.values, (std::vector<double>{1, 2, 3.5, -40}));
  EXPECT_EQ(table.lines, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(table.samples, (std::vector<int64_t>{0, 2}));
  EXPECT_TRUE(good(parseCsv("1;2\n3;4\n", "t.csv")).header.empty());
  EXPECT_EQ(good(parseCsv("\"the \"\"x\"\", quoted\"\n\"1\"\n", "t.csv")).header[0], "the \"x\", quoted");
  EXPECT_EQ(good(parseCsv("true\nfalse\n", "t.csv")).values, (std::vector<double>{1, 0}));
}

TEST(Csv, EmptyLinesDivideSamples) {
  EXPECT_EQ(good(parseCsv("1\n2\n\n\n3\n\n", "t.csv")).samples, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(good(parseCsv("", "t.csv")).samples, std::vector<int64_t>{0});
}

TEST(Csv, NamesLineAndColumn) {
  EXPECT_MESSAGE(parseCsv("1,2\n3,x\n", "t.csv"), "t.csv:2:3: 'x' is no number");
  EXPECT_MESSAGE(parseCsv("1,2\n3\n", "t.csv"), "t.csv:2:1: 1 fields, but the lines before have 2");
  EXPECT_MESSAGE(parseCsv("1,2\n3,\n", "t.csv"), "t.csv:2:3: the field is empty");
  EXPECT_MESSAGE(parseCsv("1\n\"2\n", "t.csv"), "a quote is not closed");
  EXPECT_MESSAGE(parseCsv("1\n0x10\n", "t.csv"), "'0x10' is no number");
  EXPECT_MESSAGE(parseCsv("1\n\"1\"2\n", "t.csv"), "t.csv:2:1: text behind a closing quote");
  EXPECT_MESSAGE(parseCsv("1,2\r3,4\r", "t.csv"), "t.csv:1:4: a carriage return inside a line");
}

TEST(Csv, AHeaderHasWordsOnly) {
  EXPECT_EQ(good(parseCsv("x1,\"\",\"(m/s)\",gr\xC3\xB6\xC3\x9F\x65\n1,2,3,4\n", "t.csv")).header.size(), 4u);
  EXPECT_EQ(good(parseCsv("\"a, b\";c\n1;2\n", "t.csv")).header, (std::vector<std::string>{"a, b", "c"}));
  // Words that are numbers.
  EXPECT_EQ(good(parseCsv("nan,Inf\n1,2\n", "t.csv")).lines.size(), 2u);
  EXPECT_EQ(good(parseCsv("True,false\n1,2\n", "t.csv")).lines.size(), 2u);
  // A damaged first row is no header.
  EXPECT_MESSAGE(parseCsv("1,,3\n4,5,6\n", "t.csv"), "t.csv:1:3: the field is empty");
  EXPECT_MESSAGE(parseCsv("1,2,\n4,5,6\n", "t.csv"), "t.csv:1:5: the field is empty");
  EXPECT_MESSAGE(parseCsv("0x10,2,3\n4,5,6\n", "t.csv"), "t.csv:1:1: '0x10' is no number");
  EXPECT_MESSAGE(parseCsv("1_0,2,3\n4,5,6\n", "t.csv"), "t.csv:1:1: '1_0' is no number");
  EXPECT_MESSAGE(parseCsv("1,2;3\n4,5\n", "t.csv"), "t.csv:1:3: '2;3' is no number");
  EXPECT_MESSAGE(parseCsv("\"1.2.3\"\n4\n", "t.csv"), "t.csv:1:1: '1.2.3' is no number");
  EXPECT_MESSAGE(parseCsv(StringRef("a\0b\n1\n", 6), "t.csv"), "t.csv:1:1: 'a?b' is no number");
  EXPECT_MESSAGE(parseCsv("\xFF\xFE\n1\n", "t.csv"), "t.csv:1:1: '\?\?' is no number");
  EXPECT_MESSAGE(parseCsv("a,,c\n1,2,3\n", "t.csv"), "t.csv:1:1: 'a' is no number; in a header every field is a word");
  EXPECT_MESSAGE(parseCsv("a,b,c\x01\n1,2,3\n", "t.csv"),
                 "t.csv:1:5: 'c?' is no word, as all fields of a header are, and no number");
}

TEST(Csv, NumbersGoToTheLastCharacter) {
  EXPECT_EQ(good(parseCsv("+1\n-.5e+1\n4.\n1e-310\n", "t")).values, (std::vector<double>{1, -5, 4, 1e-310}));
  for (const char *wrong : {"1.5e", "1e+", "+-1", "++1", "1.2.3", "-", "."})
    EXPECT_MESSAGE(parseCsv(std::string("1\n") + wrong, "t"), "' is no number");
  EXPECT_MESSAGE(parseCsv("1\n1e400\n", "t"), "t:2:1: '1e400' is out of the range of a double");
}

//===--- .txt --------------------------------------------------------------------------------------------------===//

TEST(Text, CharactersAreTokens) {
  EXPECT_EQ(good(encodeText("A b~\n", 96, "t")), (std::vector<int64_t>{33, 0, 66, 94, 95}));
  EXPECT_EQ(good(encodeText("a\nb", 96, "t")), (std::vector<int64_t>{65, 95, 66}));
  EXPECT_EQ(good(encodeText("\xff", 256, "t")), std::vector<int64_t>{255});
  EXPECT_EQ(decodeText(good(encodeText("a line\nand one", 96, "t")), 96), "a line\nand one");
  EXPECT_MESSAGE(encodeText("ok\nno\ttabs", 96, "t.txt"), "t.txt:2:3: the byte 0x9");
  EXPECT_EQ(good(encodeText("a\r\nb\r\n", 96, "t")), (std::vector<int64_t>{65, 95, 66, 95}));
  EXPECT_EQ(good(encodeText("a\r\nb\r\n", 256, "t")), (std::vector<int64_t>{97, 13, 10, 98, 13, 10}));
  EXPECT_MESSAGE(encodeText("a\r\nb\rc", 96, "t"), "t:2:2: the byte 0xD");
}

TEST(Text, NumbersStandOneRowALine) {
  EXPECT_EQ(good(parseNumbers("1 2\n3\n", 1, "t")).values.size(), 3u);
  EXPECT_EQ(good(parseNumbers("1 2\n\n3 4\n", 2, "t")).samples, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_MESSAGE(parseNumbers("1 2\n3\n", 2, "t.txt"), "t.txt:2:1: 1 numbers where a row has 2");
  EXPECT_MESSAGE(parseNumbers("1\n two", 1, "t.txt"), "t.txt:2:2: 'two' is no number");
}

//===--- Writing -----------------------------------------------------------------------------------------------===//

TEST(WriteWhole, AppearsWholeOrNotAtAll) {
  std::string folder = ::testing::TempDir(), path = folder + "/whole.txt";
  auto write = [](const std::string &path) { return toString(writeWhole(path, [](auto &os) { os << "text"; })); };
  EXPECT_EQ(write(path), "");
  EXPECT_EQ(good(readWhole(path)), "text");
  EXPECT_EQ(write(folder), folder + ": is a directory");
  std::string nowhere = folder + "/no/such/folder/x";
  EXPECT_EQ(write(nowhere), nowhere + ": No such file or directory");
}

} // namespace
