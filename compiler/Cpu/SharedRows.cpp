#include "compiler/Cpu/SharedRows.h"
#include "llvm/ADT/STLExtras.h"
#include <optional>

namespace rondo::cpu {

using mlir::Value;

/// Where a list lies, in a row of its parts and of those of `row`, so that most are of both; it may begin ahead of `row`.
static std::optional<int64_t> placeOf(llvm::ArrayRef<Value> list, llvm::ArrayRef<Value> row) {
  std::optional<int64_t> place;
  int64_t most = 0, size = list.size(), rowSize = row.size();
  for (int64_t at = 1 - size; at < rowSize; ++at) {
    int64_t begin = std::max<int64_t>(at, 0), common = std::min(at + size, rowSize) - begin;
    if (common > most && row.slice(begin, common) == list.slice(begin - at, common)) {
      place = at;
      most = common;
    }
  }
  return place;
}

/// Adds a list to a row.
static void join(SharedRow &row, size_t number, llvm::ArrayRef<Value> list, int64_t at) {
  if (at < 0) { // it begins ahead of it
    row.parts.insert(row.parts.begin(), list.begin(), list.begin() - at);
    for (auto &[other, place] : row.lists)
      place -= at;
    at = 0;
  }
  row.lists.push_back({number, size_t(at)});
  if (at + list.size() > row.parts.size())
    llvm::append_range(row.parts, list.drop_front(row.parts.size() - at));
}

std::vector<SharedRow> shareRows(llvm::ArrayRef<llvm::SmallVector<Value>> lists) {
  auto longestFirst = llvm::to_vector(llvm::seq<size_t>(lists.size()));
  llvm::stable_sort(longestFirst, [&](size_t a, size_t b) { return lists[a].size() > lists[b].size(); });
  std::vector<SharedRow> rows;
  for (size_t number : longestFirst) {
    std::optional<int64_t> place;
    auto row = llvm::find_if(rows, [&](const SharedRow &row) {
      place = placeOf(lists[number], row.parts);
      return place.has_value();
    });
    if (row == rows.end())
      rows.push_back({llvm::to_vector(lists[number]), {{number, 0}}});
    else
      join(*row, number, lists[number], *place);
  }
  llvm::erase_if(rows, [](const SharedRow &row) { return row.lists.size() == 1; });
  return rows;
}

} // namespace rondo::cpu
