// What a built library loads and saves.
#include "runtime/Parameters.h"
#include "compiler/Run/Safetensors.h"
#include <cmath>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

using namespace rondo::runtime;
using rondo::run::SafetensorsFile;
using rondo::run::SafetensorsWriter;

namespace {

const char names[] = "W\0alive\0b\0count\0word";
const int64_t sizes[] = {2, 3, 2, 2};
// W : real[2, 3], alive : bool[2], b : real, count : int, word : token(5)[2]
const ParameterPlan plans[] = {
    {0, 6, 0, 0, 0, 2, Element::F32},    {64, 2, 0, 2, 2, 1, Element::Bool},    {128, 1, 0, 8, 2, 0, Element::F32},
    {192, 1, 0, 10, 2, 0, Element::I64}, {256, 2, 5, 16, 3, 1, Element::Token},
};
const ParameterTable table = {plans, 5, sizes, names};

struct alignas(64) Buffer {
  unsigned char bytes[320];
  Buffer() { std::memset(bytes, 0xAB, sizeof bytes); }
  template <typename T> T *at(size_t offset) { return reinterpret_cast<T *>(bytes + offset); }
};

class Parameters : public ::testing::Test {
protected:
  void SetUp() override {
    folder = ::testing::TempDir() + "rondo-parameters-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    path = folder + "/all.safetensors";
  }
  void TearDown() override {
    for (const std::string &name : files())
      unlink((folder + "/" + name).c_str());
    rmdir(folder.c_str());
  }
  std::vector<std::string> files() const {
    std::vector<std::string> all;
    DIR *open = opendir(folder.c_str());
    while (dirent *entry = readdir(open))
      if (entry->d_name[0] != '.')
        all.push_back(entry->d_name);
    closedir(open);
    std::sort(all.begin(), all.end());
    return all;
  }

  /// A file that loads, and what a test makes of one of its tensors.
  struct Content {
    rondo::run::DType real = rondo::run::DType::F32, whole = rondo::run::DType::I64;
    std::vector<double> W = {1, 2, 3, 4, 5, 6};
    std::vector<uint64_t> shape = {2, 3};
    std::vector<int64_t> alive = {1, 0}, word = {4, 0};
    std::string without, more;
    void write(const std::string &path) const {
      SafetensorsWriter writer;
      double b = -0.5;
      int64_t count = -7;
      if (without != "W")
        writer.addReals("W", real, shape, W.data());
      if (without != "alive")
        writer.addInts("alive", whole, {2}, alive.data());
      if (without != "b")
        writer.addReals("b", real, {}, &b);
      writer.addInts("count", whole, {}, &count);
      if (without != "word")
        writer.addInts("word", whole, {2}, word.data());
      if (!more.empty())
        writer.addReals(more, real, {}, &b);
      std::ofstream(path, std::ios::binary) << writer.bytes();
    }
  };

  std::string refused(const Content &content) {
    content.write(path);
    Error error;
    EXPECT_FALSE(loadParameters(table, path.c_str(), buffer.bytes, &error));
    EXPECT_EQ(error.code, int32_t(Code::File)) << error.message;
    EXPECT_EQ(std::string(error.message).find(path + ": "), 0u) << error.message;
    return std::string(error.message).substr(path.size() + 2);
  }

  std::string folder, path;
  Buffer buffer;
};

TEST_F(Parameters, AreLoadedFromEveryType) {
  using rondo::run::DType;
  for (DType real : {DType::F64, DType::F32, DType::F16, DType::BF16})
    for (DType whole : {DType::I64, DType::I32, DType::I16, DType::I8}) {
      Content content;
      content.real = real;
      content.whole = whole;
      content.write(path);
      buffer = Buffer();
      Error error;
      ASSERT_TRUE(loadParameters(table, path.c_str(), buffer.bytes, &error)) << error.message;
      for (int i = 0; i < 6; ++i)
        EXPECT_EQ(buffer.at<float>(0)[i], float(i + 1));
      EXPECT_EQ(buffer.bytes[24], 0xAB); // nothing between parameters
      EXPECT_EQ(buffer.bytes[64], 1);
      EXPECT_EQ(buffer.bytes[65], 0);
      EXPECT_EQ(buffer.bytes[66], 0xAB);
      EXPECT_EQ(*buffer.at<float>(128), -0.5f);
      EXPECT_EQ(*buffer.at<int64_t>(192), -7);
      EXPECT_EQ(buffer.at<int32_t>(256)[0], 4);
    }
}

TEST_F(Parameters, AreSavedAsTheyWereBitForBit) {
  const uint32_t bits[] = {0x7fc00001, 0xffa00002, 0x7f800000, 0x80000000, 1, 0x3f800000}; // kinds of NaN; inf; -0; ..
  std::memcpy(buffer.bytes, bits, sizeof bits);
  *buffer.at<float>(128) = 3;
  *buffer.at<int64_t>(192) = std::numeric_limits<int64_t>::min();
  buffer.bytes[64] = 0, buffer.bytes[65] = 1;
  buffer.at<int32_t>(256)[0] = 3, buffer.at<int32_t>(256)[1] = 2;
  Error error;
  ASSERT_TRUE(saveParameters(table, path.c_str(), buffer.bytes, &error)) << error.message;
  EXPECT_EQ(files(), std::vector<std::string>{"all.safetensors"});
  Buffer again;
  ASSERT_TRUE(loadParameters(table, path.c_str(), again.bytes, &error)) << error.message;
  EXPECT_EQ(std::memcmp(buffer.bytes, again.bytes, sizeof buffer), 0);

  std::string why;
  auto file = SafetensorsFile::open(path, why);
  ASSERT_NE(file, nullptr) << why;
  ASSERT_EQ(file->tensors().size(), 5u);
  EXPECT_STREQ(dtypeName(file->find("word")->dtype), "I32");
  EXPECT_STREQ(dtypeName(file->find("alive")->dtype), "BOOL");
  for (const rondo::run::Tensor &tensor : file->tensors())
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data) % dtypeBytes(tensor.dtype), 0u) << tensor.name;
}

TEST_F(Parameters, AModelWithoutAnyHasAFileToo) {
  Error error;
  ASSERT_TRUE(saveParameters({}, path.c_str(), buffer.bytes, &error)) << error.message;
  EXPECT_TRUE(loadParameters({}, path.c_str(), buffer.bytes, &error)) << error.message;
}

TEST_F(Parameters, OtherTensorsAreNamed) {
  Content content;
  content.without = "word";
  EXPECT_EQ(refused(content), "there is no tensor 'word', a parameter of the model");
  content.without = "W";
  EXPECT_EQ(refused(content), "there is no tensor 'W', a parameter of the model");
  content.without = "b";
  content.more = "c";
  EXPECT_EQ(refused(content), "there is no tensor 'b', a parameter of the model");
  content.without = "";
  EXPECT_EQ(refused(content), "tensor 'c' is no parameter of the model");
  content.more = "zebra";
  EXPECT_EQ(refused(content), "tensor 'zebra' is no parameter of the model");
}

TEST_F(Parameters, OtherShapesAndTypesAreNamed) {
  Content content;
  content.shape = {3, 2};
  EXPECT_EQ(refused(content), "tensor 'W' has the shape [3,2]; the parameter has [2,3]");
  content.shape = {6};
  EXPECT_EQ(refused(content), "tensor 'W' has the shape [6]; the parameter has [2,3]");
  content = {};
  content.real = rondo::run::DType::I32;
  EXPECT_EQ(refused(content), "tensor 'W' has the element type I32, but the parameter is of real numbers");
  content = {};
  content.whole = rondo::run::DType::F32;
  EXPECT_EQ(refused(content), "tensor 'alive' has the element type F32, but the parameter is of whole numbers");
  content = {};
  content.word = {1, 5};
  EXPECT_EQ(refused(content), "tensor 'word' has 5 as element 1, which is not in 0 .. 4");
  content.word = {-1, 0};
  EXPECT_EQ(refused(content), "tensor 'word' has -1 as element 0, which is not in 0 .. 4");
  content = {};
  content.alive = {0, 2};
  EXPECT_EQ(refused(content), "tensor 'alive' has 2 as element 1, which is not in 0 .. 1");
}

TEST_F(Parameters, EveryBrokenByteIsNoticedOrHarmless) {
  Content().write(path);
  std::ifstream in(path, std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(in)), {});
  size_t header = 8 + size_t(static_cast<unsigned char>(whole[0])) + size_t(static_cast<unsigned char>(whole[1])) * 256;
  for (size_t n = 0; n < whole.size(); n += 7) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, n);
    EXPECT_FALSE(loadParameters(table, path.c_str(), buffer.bytes, nullptr)) << n;
  }
  for (size_t n = 0; n < header; ++n)
    for (char other : {'\0', '9', '"', ' ', '\xff'}) {
      std::string changed = whole;
      changed[n] = other;
      std::ofstream(path, std::ios::binary) << changed;
      Buffer guarded;
      Error error;
      bool isLoaded = loadParameters(table, path.c_str(), guarded.bytes, &error);
      EXPECT_TRUE(isLoaded || error.message[0]) << n;
      for (size_t end : {24, 66, 132, 200, 264})
        EXPECT_EQ(guarded.bytes[end], 0xAB) << n;
    }
}

TEST_F(Parameters, FilesThatCannotBeUsed) {
  Error error;
  auto loads = [&](const std::string &from) { return loadParameters(table, from.c_str(), buffer.bytes, &error); };
  auto saves = [&](const std::string &to) { return saveParameters(table, to.c_str(), buffer.bytes, &error); };
  EXPECT_FALSE(loads(folder + "/none"));
  EXPECT_STREQ(error.message, (folder + "/none: No such file or directory").c_str());
  EXPECT_EQ(error.code, int32_t(Code::File));
  EXPECT_FALSE(loads(folder));
  EXPECT_STREQ(error.message, (folder + ": is a directory").c_str());
  EXPECT_FALSE(loads("/dev/null"));
  EXPECT_STREQ(error.message, "/dev/null: is not a regular file");
  std::string pipe = folder + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(loads(pipe)); // and does not wait
  EXPECT_FALSE(saves(pipe));
  EXPECT_FALSE(saves(folder));
  EXPECT_FALSE(saves(folder + "/none/file"));
  EXPECT_FALSE(saves("/dev/full"));
  EXPECT_STREQ(error.message, "/dev/full: is not a regular file");
  EXPECT_FALSE(saves(std::string(300, 'n')));
  EXPECT_NE(std::string(error.message).find("nnn...: File name too long"), std::string::npos) << error.message;
  EXPECT_EQ(files(), std::vector<std::string>{"pipe"}); // nothing half written
}

TEST_F(Parameters, ReplaceAFile) {
  std::string link = folder + "/link";
  std::ofstream(path) << "before";
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(symlink("all.safetensors", link.c_str()), 0);
  Error error;
  ASSERT_TRUE(saveParameters(table, link.c_str(), buffer.bytes, &error)) << error.message;
  struct stat status;
  ASSERT_EQ(lstat(link.c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(files(), (std::vector<std::string>{"all.safetensors", "link"}));
}

} // namespace
