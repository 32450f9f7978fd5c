#include "compiler/Run/FencedBytes.h"
#include <cstdint>
#include <gtest/gtest.h>

namespace rondo::run {
namespace {

TEST(FencedBytes, endAtTheFence) {
  for (size_t size : {size_t(1), size_t(12), size_t(4096), size_t(10'000)}) {
    FencedBytes memory(size, /*alignment=*/1);
    EXPECT_EQ(memory.size(), size);
    EXPECT_EQ(memory.data()[0] + memory.data()[size - 1], 0);
    EXPECT_DEATH(const_cast<volatile char *>(memory.data())[size] = 1, "");
  }
}

TEST(FencedBytes, beginBehindOne) {
  FencedBytes memory(1 << 14);
  EXPECT_DEATH(const_cast<volatile char *>(memory.data())[-1] = 1, "");
}

TEST(FencedBytes, areAligned) {
  for (size_t alignment : {4, 8, 64})
    for (size_t size : {0, 1, 100, 5000}) {
      FencedBytes memory(size, alignment);
      EXPECT_NE(memory.data(), nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % alignment, 0u);
    }
}

TEST(FencedBytes, goFromHandToHand) {
  FencedBytes first = unwritten(10, 1), second;
  char *data = first.data();
  EXPECT_EQ(static_cast<unsigned char>(data[9]), 0xff);
  second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(second.size(), 10u);
  EXPECT_EQ(first.size(), 0u);
}

} // namespace
} // namespace rondo::run
