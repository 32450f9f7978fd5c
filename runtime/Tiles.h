// Sums of products of floats in tile registers, where the machine has them (AMX_BF16).
#ifndef RONDO_RUNTIME_TILES_H
#define RONDO_RUNTIME_TILES_H

#include "runtime/RowOps.h"

namespace rondo::runtime {

/// Terms whose sum is made by itself, columns that are multiplied at once, and what is copied of terms: of a panel of
/// columns, of a block of so many lines. Blocks are two by two.
constexpr int64_t tileTermsAtOnce = 128, tilePanelColumns = 32, tileBlockLines = 16;
constexpr int64_t tilePanelBytes = 24 << 10, tileBlockBytes = 12 << 10;

/// What is multiplied and summed up: each row holds `inner` terms.
struct Terms {
  Operand rows;
  int64_t inner = 1;
  int64_t step = 1;    // from one element of a term to the next
  int64_t between = 0; // from one term of a row to the next

  /// Whether its elements lie in the same lines of a cache as those of the term before.
  bool isBesideLast(int64_t term) const { return step > 1 && term % inner > 0; }
  /// The first element.
  const float *at(int64_t term) const {
    return inner == 1 ? rowOf<const float>(rows, term)
                      : rowOf<const float>(rows, term / inner) + term % inner * between;
  }
};

/// Columns of a result that lie in one array. `y`: their first, in the task's first line; lines are `stride` apart.
struct TileFactor {
  Terms b;
  int64_t column = 0, endColumn = 0; // elements of a term of b
  float *y = nullptr;
  int64_t stride = 0;
};

struct TileTask {
  Terms a;
  int64_t line = 0, endLine = 0; // elements of a term of a
  const TileFactor *factors = nullptr;
  int64_t count = 0;
  char *memory = nullptr; // for a panel, and for blocks of all lines
};

/// Adds to y what terms first, first + 1, .., tileTermsAtOnce or as far as there are `terms`, give.
void addOnTiles(const TileTask &task, int64_t first, int64_t terms) __asm__("rondo.tiles.x86-64-v4");

} // namespace rondo::runtime
#endif
