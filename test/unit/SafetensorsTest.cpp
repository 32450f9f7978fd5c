// Safetensors files: what is written is read again, and nothing in a file is trusted.
#include "compiler/Run/Safetensors.h"
#include "runtime/HalfFloat.h"
#include <cmath>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>

using namespace rondo::run;
using namespace rondo::runtime;

namespace {

/// A file with this header and so many bytes of data.
std::string file(const std::string &header, size_t dataBytes, uint64_t claimedHeader = ~uint64_t(0)) {
  uint64_t length = claimedHeader == ~uint64_t(0) ? header.size() : claimedHeader;
  std::string out(8, 0);
  std::memcpy(&out[0], &length, 8);
  return out + header + std::string(dataBytes, '\x01');
}

/// The message for a file that must be refused.
std::string refused(const std::string &bytes) {
  std::string error;
  auto parsed = SafetensorsFile::parse(bytes.data(), bytes.size(), error);
  EXPECT_EQ(parsed, nullptr);
  EXPECT_FALSE(error.empty());
  return error;
}

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

#define EXPECT_REFUSED(bytes, part)                                                                                    \
  {                                                                                                                    \
    std::string message = refused(bytes);                                                                              \
    EXPECT_TRUE(contains(message, part)) << message;                                                                   \
  }

TEST(Safetensors, WritesAndReads) {
  SafetensorsWriter writer;
  std::vector<double> reals = {1, -0.5, 3.25, 1e-3, 0, 7};
  std::vector<int64_t> ints = {-1, 5};
  int64_t flags[] = {1, 0};
  writer.addReals("b.W", DType::F32, {2, 3}, reals.data());
  writer.addReals("a", DType::F64, {6}, reals.data());
  writer.addInts("ids", DType::I16, {2}, ints.data());
  writer.addInts("flag", DType::Bool, {2}, flags);
  writer.addReals("empty", DType::F16, {0, 4}, nullptr);
  writer.addReals("scalar", DType::BF16, {}, reals.data());
  writer.addMetadata("made \"by\"", "a test\n");
  std::string bytes = writer.bytes(), error;
  auto parsed = SafetensorsFile::parse(bytes.data(), bytes.size(), error);
  ASSERT_NE(parsed, nullptr) << error;
  EXPECT_EQ(parsed->tensors().size(), 6u);
  EXPECT_EQ(parsed->metadata()[0].first, "made \"by\"");
  EXPECT_EQ(parsed->metadata()[0].second, "a test\n");
  EXPECT_EQ(toReals(*parsed->find("a")), reals);
  std::vector<double> narrow = toReals(*parsed->find("b.W"));
  EXPECT_EQ(narrow[1], -0.5);
  EXPECT_EQ(narrow[3], double(1e-3f));
  EXPECT_EQ(parsed->find("b.W")->shape, (std::vector<uint64_t>{2, 3}));
  std::vector<int64_t> read;
  ASSERT_TRUE(toInts(*parsed->find("ids"), read, error));
  EXPECT_EQ(read, ints);
  EXPECT_FALSE(toInts(*parsed->find("a"), read, error));
  EXPECT_TRUE(contains(error, "'a' holds F64")) << error;
  EXPECT_EQ(parsed->find("empty")->count, 0u);
  EXPECT_EQ(toReals(*parsed->find("scalar")), std::vector<double>{1});
  EXPECT_EQ(parsed->find("none"), nullptr);
}

TEST(Safetensors, ReadsEveryType) {
  std::string header =
      R"({"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"u":{"dtype":"U8","shape":[1],"data_offsets":[4,5]},)"
      R"("i":{"dtype":"I8","shape":[1],"data_offsets":[5,6]},"n":{"dtype":"I32","shape":[1],"data_offsets":[6,10]}}  )";
  std::string bytes = file(header, 0) + std::string("\x00\x3C\x01\x80\xFF\xFF\xFE\xFF\xFF\xFF", 10), error;
  auto parsed = SafetensorsFile::parse(bytes.data(), bytes.size(), error);
  ASSERT_NE(parsed, nullptr) << error;
  EXPECT_EQ(toReals(*parsed->find("h")), (std::vector<double>{1, -std::ldexp(1, -24)}));
  EXPECT_EQ(toReals(*parsed->find("u")), std::vector<double>{255});
  EXPECT_EQ(toReals(*parsed->find("i")), std::vector<double>{-1});
  EXPECT_EQ(toReals(*parsed->find("n")), std::vector<double>{-2});
}

TEST(Safetensors, RefusesTruncatedFiles) {
  EXPECT_REFUSED("", "has 0 bytes");
  EXPECT_REFUSED("abc", "has 3 bytes");
  EXPECT_REFUSED(file("{}", 0, 100), "the file is truncated");
  EXPECT_REFUSED(file("{}", 0, UINT64_MAX - 1), "over the limit");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 12), "ends at byte 16 of 12");
  // Every prefix of a good file is refused.
  std::string whole = file(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  for (size_t n = 0; n < whole.size(); ++n)
    refused(whole.substr(0, n));
}

TEST(Safetensors, RefusesBadJson) {
  EXPECT_REFUSED(file("", 0), "expected '{'");
  EXPECT_REFUSED(file("[]", 0), "expected '{'");
  EXPECT_REFUSED(file("{} x", 0), "behind the end");
  EXPECT_REFUSED(file(R"({"a":1})", 0), "expected '{'");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}})", 0), "whole number");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,0]}})", 0), "whole number");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,0]}})", 0),
                 "number too large");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F32","shape":[1]}})", 0), "lacks the field 'data_offsets'");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
                 "two fields 'dtype'");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})", 4), "unknown field 'more'");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1), "'F8_E4M3'");
  EXPECT_REFUSED(file("{\"a\xff\":{}}", 0), "invalid UTF-8");
  EXPECT_REFUSED(file("{\"a\\ud800\":{}}", 0), "surrogate");
  EXPECT_REFUSED(file("{\"a\\q\":{}}", 0), "unknown escape");
  EXPECT_REFUSED(file("{\"a", 0), "ends inside a string");
  EXPECT_REFUSED(file(R"({"__metadata__":{"k":1}})", 0), "expected '\"'");
  EXPECT_REFUSED(file(R"({"__metadata__":{},"__metadata__":{}})", 0), "stands twice");
}

TEST(Safetensors, RefusesBadPlaces) {
  auto two = [](const char *a, const char *b) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + a +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}";
  };
  EXPECT_REFUSED(file(two("[0,4]", "[2,6]"), 6), "tensor 'b' overlaps tensor 'a'");
  EXPECT_REFUSED(file(two("[0,4]", "[0,4]"), 4), "overlaps");
  EXPECT_REFUSED(file(two("[0,4]", "[6,10]"), 10), "bytes 4 to 6 of the data belong to no tensor");
  EXPECT_REFUSED(file(two("[0,4]", "[4,8]"), 10), "2 bytes behind the last tensor");
  EXPECT_REFUSED(file(two("[4,0]", "[4,8]"), 8), "ends before it begins");
  EXPECT_REFUSED(file(two("[0,5]", "[5,9]"), 9), "takes 4 bytes, its place has 5");
  EXPECT_REFUSED(
      file(
          R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
          8),
      "'a' stands twice");
}

TEST(Safetensors, RefusesShapesThatOverflow) {
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
                 "fit in 64 bits");
  EXPECT_REFUSED(file(R"({"a":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]}})", 0),
                 "fit in 64 bits");
  // With a zero anywhere there is nothing to overflow.
  std::string error, empty = file(R"({"a":{"dtype":"F64","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}})", 0);
  EXPECT_NE(SafetensorsFile::parse(empty.data(), empty.size(), error), nullptr) << error;
  std::string rank = "1";
  for (int i = 0; i < 40; ++i)
    rank += ",1";
  EXPECT_REFUSED(file(R"({"a":{"dtype":"U8","shape":[)" + rank + R"(],"data_offsets":[0,1]}})", 1),
                 "more than 32 axes");
}

TEST(Safetensors, OpensFiles) {
  std::string folder = ::testing::TempDir(), path = folder + "/out.safetensors", error;
  SafetensorsWriter writer;
  double one = 1;
  writer.addReals("x", DType::F64, {1}, &one);
  std::ofstream(path, std::ios::binary) << writer.bytes();
  auto read = SafetensorsFile::open(path, error);
  ASSERT_NE(read, nullptr) << error;
  EXPECT_EQ(toReals(*read->find("x")), std::vector<double>{1});
  EXPECT_EQ(SafetensorsFile::open(folder + "/nothing.safetensors", error), nullptr);
  EXPECT_EQ(SafetensorsFile::open(folder, error), nullptr);
  EXPECT_TRUE(contains(error, "directory")) << error;
}

TEST(HalfFloat, RoundsToNearestEven) {
  EXPECT_EQ(doubleToHalf(0.0), 0x0000);
  EXPECT_EQ(doubleToHalf(-0.0), 0x8000);
  EXPECT_EQ(doubleToHalf(1.0), 0x3C00);
  EXPECT_EQ(doubleToHalf(65504.0), 0x7BFF);
  EXPECT_EQ(doubleToHalf(65519.0), 0x7BFF);
  EXPECT_EQ(doubleToHalf(65520.0), 0x7C00);
  EXPECT_EQ(doubleToHalf(std::ldexp(1, -24)), 0x0001);
  EXPECT_EQ(doubleToHalf(std::ldexp(1, -25)), 0x0000); // a tie, to even
  EXPECT_EQ(doubleToHalf(1 + std::ldexp(1, -11)), 0x3C00);
  EXPECT_EQ(doubleToHalf(1 + 3 * std::ldexp(1, -11)), 0x3C02);
  EXPECT_EQ(doubleToBfloat(1.0), 0x3F80);
  EXPECT_EQ(doubleToBfloat(1 + std::ldexp(1, -8)), 0x3F80);
  // Twice rounded this would go up: it lies just under the tie.
  EXPECT_EQ(doubleToBfloat(1 + std::ldexp(1, -8) - std::ldexp(1, -40)), 0x3F80);
  EXPECT_EQ(doubleToBfloat(1 + std::ldexp(1, -8) + std::ldexp(1, -40)), 0x3F81);
  EXPECT_EQ(doubleToBfloat(HUGE_VAL), 0x7F80);
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    double half = halfToDouble(uint16_t(bits)), wide = bfloatToDouble(uint16_t(bits));
    if (!std::isnan(half))
      EXPECT_EQ(doubleToHalf(half), bits);
    if (!std::isnan(wide))
      EXPECT_EQ(doubleToBfloat(wide), bits);
  }
}

} // namespace
