// Weights in the formats of --dtype, in the order of kernels.
#include "runtime/Pack.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace rondo::runtime;

namespace {

float fromBf16(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float x;
  std::memcpy(&x, &wide, sizeof x);
  return x;
}

/// Packs weights that lie in one part: [m,k], or [k,m] if transposed.
void packWhole(std::vector<int64_t> numbers, WeightFormat format, const float *w, void *y) {
  int64_t m = numbers[0], k = numbers[1];
  bool transposed = numbers[2];
  numbers.insert(numbers.end(), {0, 0, transposed ? k : m, transposed ? m : k, transposed ? m : k});
  pack(numbers.data(), format, &w, 1, y);
}

/// What is in the memory of `count` elements.
template <typename T>
std::vector<T> packed(const std::vector<int64_t> &numbers, WeightFormat format, const std::vector<float> &w,
                      size_t bytes, size_t from = 0) {
  alignas(64) char memory[1024];
  std::memset(memory, 0x5a, sizeof memory);
  packWhole(numbers, format, w.data(), memory);
  EXPECT_EQ(memory[bytes], 0x5a) << "written too far";
  std::vector<T> all((bytes - from) / sizeof(T));
  std::memcpy(all.data(), memory + from, bytes - from);
  return all;
}

TEST(Pack, F32OfAnyShape) {
  std::mt19937 random(3);
  auto below = [&](int64_t end) { return int64_t(random() % uint64_t(end)); };
  for (int round = 0; round < 300; ++round) {
    int64_t m = 1 + below(60), k = 1 + below(150), lanes = int64_t(4) << below(3), units = 1 + below(40);
    int64_t gates = 1 + below(4), depth = k + below(2), blocks = (units + lanes - 1) / lanes;
    bool transposed = below(2);
    std::vector<int64_t> numbers{m, k, transposed, lanes, units, 1, depth, 0, gates};
    for (int64_t g = 0; g < gates; ++g)
      numbers.push_back(below(m + 20) - 10);
    std::vector<float> w(m * k), y(blocks * depth * gates * lanes + 1, 12345.0f);
    for (size_t i = 0; i < w.size(); ++i)
      w[i] = float(i + 1);
    // Cut once along each axis: four parts, or fewer. Each is cut out of a matrix of its own.
    int64_t size[] = {transposed ? k : m, transposed ? m : k}, cut[] = {below(size[0] + 1), below(size[1] + 1)};
    std::vector<std::vector<float>> matrices;
    for (int part = 0; part < 4; ++part) {
      int64_t first[] = {part & 1 ? cut[0] : 0, part & 2 ? cut[1] : 0}, stride = size[1] + below(9);
      int64_t lines = (part & 1 ? size[0] : cut[0]) - first[0], columns = (part & 2 ? size[1] : cut[1]) - first[1];
      if (lines == 0 || columns == 0)
        continue;
      numbers.insert(numbers.end(), {first[0], first[1], lines, columns, stride});
      matrices.emplace_back(lines * stride, -1.0f);
      for (int64_t line = 0; line < lines; ++line)
        for (int64_t column = 0; column < columns; ++column)
          matrices.back()[line * stride + column] = w[(first[0] + line) * size[1] + first[1] + column];
    }
    std::vector<const float *> parts;
    for (const std::vector<float> &matrix : matrices)
      parts.push_back(matrix.data());
    pack(numbers.data(), WeightFormat::F32, parts.data(), int32_t(parts.size()), y.data());
    const float *next = y.data();
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t d = 0; d < depth; ++d)
        for (int64_t g = 0; g < gates; ++g)
          for (int64_t l = 0; l < lanes; ++l) {
            int64_t unit = b * lanes + l, row = numbers[9 + g] + unit;
            bool isThere = unit < units && row >= 0 && row < m && d < k;
            ASSERT_EQ(*next++, isThere ? w[transposed ? d * m + row : row * k + d] : 0) << round;
          }
    EXPECT_EQ(*next, 12345.0f) << "written too far";
  }
}

TEST(Pack, Bf16StandsInPairs) {
  // Two gates of three units, two lanes; k is 3: the last pair has a zero. [block][pair][gate][lane][2]
  std::vector<float> w(6 * 3); // element (row, k) is 10 row + k
  for (int row = 0; row < 6; ++row)
    for (int k = 0; k < 3; ++k)
      w[row * 3 + k] = float(10 * row + k);
  std::vector<float> expected{0,  1,  10, 11, 30, 31, 40, 41, 2,  0, 12, 0, 32, 0, 42, 0,
                              20, 21, 0,  0,  50, 51, 0,  0,  22, 0, 0,  0, 52, 0, 0,  0};
  for (bool transposed : {false, true}) {
    std::vector<float> given = w;
    for (int row = 0; transposed && row < 6; ++row)
      for (int k = 0; k < 3; ++k)
        given[k * 6 + row] = w[row * 3 + k];
    std::vector<uint16_t> bits =
        packed<uint16_t>({6, 3, transposed, 2, 3, 2, 2, 0, 2, 0, 3}, WeightFormat::BF16, given, 64);
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_EQ(fromBf16(bits[i]), expected[i]) << i;
  }
}

TEST(Pack, Bf16IsTheNearest) {
  float step = std::ldexp(1.0f, -7), least = std::numeric_limits<float>::denorm_min();
  std::vector<std::pair<float, float>> pairs{{1 + 0.49f * step, 1},
                                             {1 + 0.51f * step, 1 + step},
                                             {1 + 0.5f * step, 1}, // ties to even
                                             {1 + 1.5f * step, 1 + 2 * step},
                                             {-1 - 1.5f * step, -1 - 2 * step},
                                             {std::numeric_limits<float>::max(), INFINITY},
                                             {-INFINITY, -INFINITY},
                                             {-0.0f, -0.0f},
                                             {least, 0}};
  std::vector<float> w;
  for (auto [x, nearest] : pairs)
    w.push_back(x);
  w.push_back(NAN);
  int64_t count = int64_t(w.size());
  std::vector<uint16_t> bits =
      packed<uint16_t>({count, 1, 0, count, count, 1, 1, 0, 1, 0}, WeightFormat::BF16, w, 2 * count);
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(fromBf16(bits[i]), pairs[i].second) << i;
    EXPECT_EQ(std::signbit(fromBf16(bits[i])), std::signbit(pairs[i].second)) << i;
  }
  EXPECT_TRUE(std::isnan(fromBf16(bits.back())));
}

TEST(Pack, Int8HasAScaleForEachRow) {
  // Rows of W: each has its own largest number; one has zeros only, one what is no number.
  std::vector<float> w{254, -127, 1, 0.25f, 0.5f, -0.5f, 0, 0, 0, 1, INFINITY, NAN};
  std::vector<int64_t> numbers{4, 3, 0, 2, 4, 1, 3, 0, 1, 0};
  // Scales of 4 columns, then [2 blocks][3][1 gate][2 lanes].
  std::vector<float> scales = packed<float>(numbers, WeightFormat::Int8, w, 64 + 12);
  EXPECT_EQ(scales[0], 2);
  EXPECT_FLOAT_EQ(scales[1], 0.5f / 127);
  EXPECT_EQ(scales[2], 0);
  EXPECT_TRUE(std::isnan(scales[3]));
  std::vector<int8_t> all = packed<int8_t>(numbers, WeightFormat::Int8, w, 64 + 12, 64);
  EXPECT_EQ(all, (std::vector<int8_t>{127, 64, -64, 127, 1, -127, 0, 0, 0, 0, 0, 0}));
}

TEST(Pack, Int8MayHaveAScaleForEachK) {
  // A product whose sums are along lanes: m and k are exchanged, so a row of it is a k here. [2 blocks][2][1][2 lanes]
  std::vector<float> w{127, 1, 2, 1270, 10, 20};
  std::vector<int64_t> numbers{3, 2, 1, 2, 3, 1, 2, 1, 1, 0};
  std::vector<float> scales = packed<float>(numbers, WeightFormat::Int8, w, 64 + 8);
  EXPECT_EQ(scales[0], 1);
  EXPECT_EQ(scales[1], 10);
  std::vector<int8_t> all = packed<int8_t>(numbers, WeightFormat::Int8, w, 64 + 8, 64);
  EXPECT_EQ(all, (std::vector<int8_t>{127, 1, 127, 1, 2, 0, 2, 0}));
}

} // namespace
