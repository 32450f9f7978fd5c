// Sums of products in tile registers (AMX_BF16), which multiply bf16 and add up floats.
//
// A float is the sum of three bf16, of 8 bits each, exactly. Of the nine products of two such sums, the three smallest
// are less than what rounding does to a float's product; the other six take less time than vectors take for one of
// floats. What is not finite gives NaN, and what is smaller than 2^-110 loses bits.
#include "runtime/Tiles.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define RONDO_ON_TILES __attribute__((target("avx512f,avx512bw,amx-tile,amx-bf16")))

namespace rondo::runtime {

namespace {

constexpr int64_t parts = 3, tileBytes = 1024, tileRows = 16, stepTerms = 32, steps = tileTermsAtOnce / stepTerms;
constexpr int64_t partOfPanel = 2 * steps * tileBytes, partOfBlock = steps * tileBytes;
static_assert(parts * partOfPanel == tilePanelBytes && parts * partOfBlock == tileBlockBytes, "as the header says");

struct alignas(64) Setup {
  uint8_t palette = 1, start = 0, unused[14] = {};
  uint16_t bytesOfRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// Elements begin..end-1 of terms.
struct Numbers {
  Terms terms;
  int64_t begin, end;
};

RONDO_ON_TILES inline __mmask16 maskOf(int64_t count) {
  return count >= tileRows ? 0xffff : count <= 0 ? 0 : __mmask16((1u << count) - 1);
}

/// Sixteen elements of a term, zeros behind the last.
RONDO_ON_TILES inline __m512 load(const Numbers &x, const float *row, int64_t element) {
  __mmask16 mask = maskOf(x.end - element);
  if (x.terms.step == 1)
    return _mm512_maskz_loadu_ps(mask, row + element);
  __m512i places = _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                                      _mm512_set1_epi32(int32_t(x.terms.step)));
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, places, row + element * x.terms.step, 4);
}

/// The upper halves of their words are bf16; the lower ones are zero.
struct Split {
  __m512i part[parts];
};
RONDO_ON_TILES inline __m512i rounded(__m512 x) {
  __m512i bits = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000));
  return _mm512_and_si512(bits, _mm512_set1_epi32(int32_t(0xffff0000)));
}
RONDO_ON_TILES inline Split split(__m512 x) {
  __m512i high = rounded(x);
  __m512 rest = _mm512_sub_ps(x, _mm512_castsi512_ps(high));
  __m512i middle = rounded(rest);
  return {{high, middle, _mm512_castps_si512(_mm512_sub_ps(rest, _mm512_castsi512_ps(middle)))}};
}

/// Two terms side by side, as tiles have them.
RONDO_ON_TILES inline Split pairOf(const Numbers &x, int64_t term, int64_t end, int64_t element) {
  Split zero = {{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()}};
  Split even = term < end ? split(load(x, x.terms.at(term), element)) : zero;
  Split odd = term + 1 < end ? split(load(x, x.terms.at(term + 1), element)) : zero;
  for (int64_t p = 0; p < parts; ++p)
    odd.part[p] = _mm512_or_si512(odd.part[p], _mm512_srli_epi32(even.part[p], 16));
  return odd;
}

/// Writes column i of the words as row i of a tile.
RONDO_ON_TILES inline void storeTransposed(const __m512i *rows, char *tile) {
  __m512i a[tileRows], b[tileRows];
  for (int64_t i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int64_t i = 0; i < 16; i += 4) // b[i + j]: of column 4 l + j in lane l, words i to i + 3
    for (int64_t j = 0; j < 2; ++j) {
      b[i + 2 * j] = _mm512_unpacklo_epi64(a[i + j], a[i + j + 2]);
      b[i + 2 * j + 1] = _mm512_unpackhi_epi64(a[i + j], a[i + j + 2]);
    }
  for (int64_t j = 0; j < 4; ++j) {
    __m512i low = _mm512_shuffle_i32x4(b[j], b[j + 4], 0x88), high = _mm512_shuffle_i32x4(b[j], b[j + 4], 0xdd);
    __m512i low2 = _mm512_shuffle_i32x4(b[j + 8], b[j + 12], 0x88);
    __m512i high2 = _mm512_shuffle_i32x4(b[j + 8], b[j + 12], 0xdd);
    _mm512_store_si512(tile + j * 64, _mm512_shuffle_i32x4(low, low2, 0x88));
    _mm512_store_si512(tile + (j + 8) * 64, _mm512_shuffle_i32x4(low, low2, 0xdd));
    _mm512_store_si512(tile + (j + 4) * 64, _mm512_shuffle_i32x4(high, high2, 0x88));
    _mm512_store_si512(tile + (j + 12) * 64, _mm512_shuffle_i32x4(high, high2, 0xdd));
  }
}

/// Tiles of lines, in which the terms of a line lie side by side.
RONDO_ON_TILES void copyLines(const Numbers &a, int64_t first, int64_t end, char *lines) {
  for (int64_t s = 0; s < steps && first + s * stepTerms < end; ++s)
    for (int64_t line = a.begin; line < a.end; line += tileRows) {
      char *block = lines + (line - a.begin) / tileRows * tileBlockBytes + s * tileBytes;
      __m512i words[parts][tileRows];
      for (int64_t i = 0; i < tileRows; ++i) {
        Split pair = pairOf(a, first + s * stepTerms + 2 * i, end, line);
        for (int64_t p = 0; p < parts; ++p)
          words[p][i] = pair.part[p];
      }
      for (int64_t p = 0; p < parts; ++p)
        storeTransposed(words[p], block + p * partOfBlock);
    }
}

/// Tiles of a panel's columns, in which the columns of two terms lie side by side.
RONDO_ON_TILES void copyPanel(const Numbers &b, int64_t column, int64_t first, int64_t end, char *panel) {
  for (int64_t s = 0; s < steps && first + s * stepTerms < end; ++s)
    for (int64_t i = 0; i < tileRows; ++i)
      for (int64_t c = 0; c < 2; ++c) {
        Split pair = pairOf(b, first + s * stepTerms + 2 * i, end, column + c * tileRows);
        for (int64_t p = 0; p < parts; ++p)
          _mm512_store_si512(panel + p * partOfPanel + (2 * s + c) * tileBytes + i * 64, pair.part[p]);
      }
}

/// Two blocks of lines with a panel.
RONDO_ON_TILES void multiply(const char *lines, const char *panel, int64_t steps, float *sums) {
  auto line = [&](int64_t part, int64_t block) { return lines + block * tileBlockBytes + part * partOfBlock; };
  auto column = [&](int64_t part, int64_t block) { return panel + part * partOfPanel + block * tileBytes; };
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
#define RONDO_LINES(part)                                                                                              \
  _tile_loadd(4, line(part, 0), 64);                                                                                   \
  _tile_loadd(5, line(part, 1), 64)
#define RONDO_COLUMNS(part)                                                                                            \
  _tile_loadd(6, column(part, 0), 64);                                                                                 \
  _tile_loadd(7, column(part, 1), 64)
#define RONDO_PRODUCTS                                                                                                 \
  _tile_dpbf16ps(0, 4, 6);                                                                                             \
  _tile_dpbf16ps(1, 4, 7);                                                                                             \
  _tile_dpbf16ps(2, 5, 6);                                                                                             \
  _tile_dpbf16ps(3, 5, 7)
  for (int64_t s = 0; s < steps; ++s, lines += tileBytes, panel += 2 * tileBytes) {
    RONDO_LINES(0);
    RONDO_COLUMNS(2);
    RONDO_PRODUCTS;
    RONDO_COLUMNS(1);
    RONDO_PRODUCTS;
    RONDO_LINES(1);
    RONDO_PRODUCTS;
    RONDO_COLUMNS(0);
    RONDO_PRODUCTS;
    RONDO_LINES(2);
    RONDO_PRODUCTS;
    RONDO_LINES(0);
    RONDO_PRODUCTS;
  }
#undef RONDO_LINES
#undef RONDO_COLUMNS
#undef RONDO_PRODUCTS
  constexpr int64_t stride = 2 * tileRows * sizeof(float);
  _tile_stored(0, sums, stride);
  _tile_stored(1, sums + tileRows, stride);
  _tile_stored(2, sums + 2 * tileRows * tileRows, stride);
  _tile_stored(3, sums + 2 * tileRows * tileRows + tileRows, stride);
}

/// y += sums, of so many lines and columns.
RONDO_ON_TILES void add(const float *sums, int64_t lines, int64_t columns, float *y, int64_t stride) {
  __mmask16 masks[2] = {maskOf(columns), maskOf(columns - tileRows)};
  for (int64_t i = 0; i < lines && i < 2 * tileRows; ++i, y += stride)
    for (int64_t c = 0; c < 2; ++c) {
      __m512 sum = _mm512_load_ps(sums + (2 * i + c) * tileRows);
      __m512 before = _mm512_maskz_loadu_ps(masks[c], y + c * tileRows);
      _mm512_mask_storeu_ps(y + c * tileRows, masks[c], _mm512_add_ps(before, sum));
    }
}

/// Asks for a share of what is copied next: it comes from far memory, from rows so far apart that the machine cannot
/// tell.
void ask(const Numbers &x, int64_t first, int64_t end, int64_t share, int64_t shares) {
  constexpr int64_t line = 64;
  int64_t count = end - first;
  for (int64_t t = first + count * share / shares; t < first + count * (share + 1) / shares; ++t) {
    if (x.terms.isBesideLast(t))
      continue;
    const float *row = x.terms.at(t);
    auto *to = reinterpret_cast<const char *>(row + x.end * x.terms.step);
    for (auto *at = reinterpret_cast<const char *>(row + x.begin * x.terms.step); at < to; at += line)
      __builtin_prefetch(at, 0, 2);
  }
}

} // namespace

RONDO_ON_TILES void addOnTiles(const TileTask &task, int64_t first, int64_t terms) {
  auto endOf = [&](int64_t first) { return terms < first + tileTermsAtOnce ? terms : first + tileTermsAtOnce; };
  int64_t end = endOf(first), nextEnd = endOf(end), used = (end - first + stepTerms - 1) / stepTerms;
  Numbers a{task.a, task.line, task.endLine};
  int64_t lines = a.end - a.begin, pairs = (lines + 2 * tileRows - 1) / (2 * tileRows);
  char *panel = task.memory, *blocks = panel + tilePanelBytes;
  alignas(64) float sums[4 * tileRows * tileRows];
  Setup setup;
  _tile_loadconfig(&setup);
  copyLines(a, first, end, blocks);
  for (int64_t f = 0; f < task.count; ++f) {
    const TileFactor &factor = task.factors[f];
    Numbers b{factor.b, factor.column, factor.endColumn};
    int64_t panels = (b.end - b.begin + tilePanelColumns - 1) / tilePanelColumns;
    for (int64_t p = 0; p < panels; ++p) {
      int64_t column = p * tilePanelColumns;
      copyPanel(b, b.begin + column, first, end, panel);
      for (int64_t i = 0; i < pairs; ++i) {
        int64_t line = 2 * i * tileRows, share = p * pairs + i, shares = panels * pairs;
        ask(b, end, nextEnd, share, shares);
        ask(a, end, nextEnd, f * shares + share, task.count * shares);
        multiply(blocks + 2 * i * tileBlockBytes, panel, used, sums);
        add(sums, lines - line, b.end - b.begin - column, factor.y + line * factor.stride + column, factor.stride);
      }
    }
  }
  _tile_release();
}

} // namespace rondo::runtime
#endif
