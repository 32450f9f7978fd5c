#include "runtime/Pack.h"
#include <cmath>
#include <cstring>

namespace rondo::runtime {

namespace {

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t most(int64_t a, int64_t b) { return a < b ? b : a; }

/// Weights go through tiles: numbers [k][lanes] of some columns that lie side by side. No kernel has more lanes.
constexpr int64_t mostLanes = 64, tileDepth = 64;

struct Packing {
  Packing(const int64_t *n, const float *const *parts, int32_t count)
      : parts(parts), count(count), m(n[0]), k(n[1]), transposed(n[2]), lanes(n[3]), units(n[4]), group(n[5]),
        depth(n[6]), gates(n[8]), columns(n + 9), places(columns + gates), blocks((units + lanes - 1) / lanes) {}

  /// How many scales there are: one for each column, or each k.
  int64_t scales(bool byK) const { return byK ? depth : blocks * gates * lanes; }

  /// Calls put(tile, first column, first k, number of k, place of its first number) for all of it.
  template <typename Put> void forTiles(const Put &put) const {
    float tile[tileDepth * mostLanes];
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t g = 0; g < gates; ++g)
        for (int64_t at = 0; at < depth * group; at += tileDepth) {
          int64_t count = depth * group - at < tileDepth ? depth * group - at : tileDepth;
          fill(tile, columns[g] + b * lanes, units - b * lanes, at, count);
          put(tile, (b * gates + g) * lanes, at, count, ((b * depth + at / group) * gates + g) * lanes * group);
        }
  }

  /// Writes all of it, each number as `convert` makes it; columns and k are numbered.
  template <typename T, typename Convert> void write(T *y, const Convert &convert) const {
    forTiles([&](const float *tile, int64_t column, int64_t first, int64_t count, int64_t place) {
      for (int64_t d = 0; d < count; ++d) {
        T *to = y + place + d / group * gates * lanes * group + d % group;
        const float *from = tile + d * lanes;
        if (group == 1)
          for (int64_t l = 0; l < lanes; ++l)
            to[l] = convert(from[l], column + l, first + d);
        else
          for (int64_t l = 0; l < lanes; ++l)
            to[l * group] = convert(from[l], column + l, first + d);
      }
    });
  }

  /// Rows row..row+rows-1 of W, as far as it has them, at k = at..
  void fill(float *tile, int64_t row, int64_t rows, int64_t at, int64_t depths) const {
    int64_t begin = row < 0 ? -row : 0, end = least(least(m - row, rows), lanes), known = least(k - at, depths);
    if (begin > 0 || end < lanes || known < depths)
      std::memset(tile, 0, size_t(depths * lanes) * sizeof(float));
    for (int32_t part = 0; part < count; ++part)
      copy(tile, part, row, begin, end, at, known);
  }

  /// What a part of W has of rows row + begin..row + end-1, in these lanes, and k = at..at + depths-1.
  void copy(float *tile, int32_t part, int64_t row, int64_t begin, int64_t end, int64_t at, int64_t depths) const {
    const int64_t *n = places + part * partNumbers;
    int64_t firstRow = n[transposed], firstK = n[!transposed], stride = n[4], first = 0;
    begin = most(begin, firstRow - row), end = least(end, firstRow + n[2 + transposed] - row);
    first = most(first, firstK - at), depths = least(depths, firstK + n[2 + !transposed] - at);
    if (transposed) {
      for (int64_t d = first; d < depths && begin < end; ++d)
        std::memcpy(tile + d * lanes + begin, parts[part] + (at + d - firstK) * stride + row + begin - firstRow,
                    size_t(end - begin) * sizeof(float));
      return;
    }
    for (int64_t l = begin; l < end; ++l)
      for (int64_t d = first; d < depths; ++d)
        tile[d * lanes + l] = parts[part][(row + l - firstRow) * stride + at + d - firstK];
  }

  const float *const *parts;
  int32_t count;
  int64_t m, k;
  bool transposed;
  int64_t lanes, units, group, depth, gates;
  const int64_t *columns, *places;
  int64_t blocks;
};

/// To nearest, ties to even.
uint16_t toBfloat(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
  return uint16_t(x != x ? nan : rounded);
}

/// The largest becomes 127. Where there is no largest, the scale is no number, and no product with the column is.
void packInt8(const Packing &packing, bool isScaledByK, char *y) {
  float *scales = reinterpret_cast<float *>(y);
  int64_t count = packing.scales(isScaledByK);
  for (int64_t i = 0; i < count; ++i)
    scales[i] = 0;
  packing.forTiles([&](const float *tile, int64_t column, int64_t first, int64_t depth, int64_t) {
    for (int64_t d = 0; d < depth; ++d)
      for (int64_t l = 0; l < packing.lanes; ++l) {
        float &most = scales[isScaledByK ? first + d : column + l], size = std::fabs(tile[d * packing.lanes + l]);
        float larger = size < INFINITY ? size : NAN;
        most = most == most && !(size <= most) ? larger : most; // NaN too
      }
  });
  for (int64_t i = 0; i < count; ++i)
    scales[i] /= 127;
  int8_t *to = reinterpret_cast<int8_t *>(y + (count * int64_t(sizeof(float)) + 63) / 64 * 64);
  packing.write(to, [=](float x, int64_t column, int64_t k) {
    float scale = scales[isScaledByK ? k : column], steps = scale > 0 ? x / scale : 0;
    return int8_t(steps < 0 ? steps - 0.5f : steps + 0.5f);
  });
}

} // namespace

void pack(const int64_t *n, WeightFormat format, const float *const *parts, int32_t count, void *y) {
  Packing packing(n, parts, count);
  switch (format) {
  case WeightFormat::F32: return packing.write(static_cast<float *>(y), [](float x, int64_t, int64_t) { return x; });
  case WeightFormat::BF16:
    return packing.write(static_cast<uint16_t *>(y), [](float x, int64_t, int64_t) { return toBfloat(x); });
  case WeightFormat::Int8: return packInt8(packing, n[7], static_cast<char *>(y));
  }
}

} // namespace rondo::runtime
