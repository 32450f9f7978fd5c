// Sums over all rows that have one array in common: the gradients of the weights that share a product's adjoint, and of
// its bias. Each would read all rows of it.
#include "compiler/Cpu/Planner.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::cpu {

namespace {

class Joiner {
public:
  Joiner(Planner &planner, std::vector<OpPlan> &ops) : planner(planner), ops(ops) {}

  void run() {
    for (size_t first = 0; first < ops.size(); ++first) {
      std::vector<size_t> group = groupOf(first);
      bool hasProduct = llvm::any_of(group, [&](size_t i) { return ops[i].code == OpCode::TotalOuter; });
      if (group.size() < 2 || !hasProduct)
        continue;
      ops[group.back()] = join(group);
      group.pop_back();
      for (size_t i : llvm::reverse(group))
        ops.erase(ops.begin() + i);
      --first; // what stands there now has not been seen
    }
  }

private:
  llvm::ArrayRef<View> viewsOf(const OpPlan &op) {
    return llvm::ArrayRef(planner.tables().views).slice(op.views.first, op.views.count);
  }
  llvm::ArrayRef<int64_t> numbersOf(const OpPlan &op) {
    return llvm::ArrayRef(planner.tables().numbers).slice(op.numbers.first, op.numbers.count);
  }

  /// A sum of floats that are all of a row, or of products with one factor. Another one is none that can be joined.
  bool isSum(const OpPlan &op) {
    if (op.code == OpCode::TotalOuter)
      return viewsOf(op).size() == 3;
    return op.code == OpCode::Total && planner.arrayOf(viewsOf(op)[0]).element == Element::F32;
  }

  /// Elements of a term, how many terms a row has, and whether they are its lines.
  std::array<int64_t, 3> termsOf(const OpPlan &op) {
    llvm::ArrayRef<int64_t> numbers = numbersOf(op);
    if (op.code == OpCode::Total)
      return {numbers[0], 1, 0};
    return {numbers[0], numbers[1], numbers[2]};
  }

  bool isOfSame(const OpPlan &a, const OpPlan &b) {
    const View &x = viewsOf(a)[0], &y = viewsOf(b)[0];
    return a.clock == b.clock && termsOf(a) == termsOf(b) && x.array == y.array && x.offset == y.offset &&
           x.rows == y.rows && x.map == y.map;
  }

  /// Itself and sums behind it, as far as what those in front give is not read in between.
  std::vector<size_t> groupOf(size_t first) {
    std::vector<size_t> group;
    if (!isSum(ops[first]))
      return group;
    group.push_back(first);
    bool hasRowSum = ops[first].code == OpCode::Total;
    llvm::DenseSet<int32_t> given{viewsOf(ops[first]).back().array};
    for (size_t i = first + 1; i < ops.size(); ++i) {
      bool isRead = false;
      planner.eachView(ops[i], [&](const View &view) { isRead |= given.contains(view.array); });
      if (isRead)
        break;
      bool isRowSum = ops[i].code == OpCode::Total;
      if (!isSum(ops[i]) || !isOfSame(ops[first], ops[i]) || (isRowSum && hasRowSum))
        continue;
      hasRowSum |= isRowSum;
      given.insert(viewsOf(ops[i]).back().array);
      group.push_back(i);
    }
    return group;
  }

  OpPlan join(llvm::ArrayRef<size_t> group) {
    llvm::SmallVector<View> factors, results, rowSum;
    auto numbers = llvm::to_vector<8>(termsOf(ops[group.front()]));
    for (size_t i : group) {
      llvm::ArrayRef<View> views = viewsOf(ops[i]);
      if (ops[i].code == OpCode::Total) {
        rowSum.push_back(views[1]);
        continue;
      }
      factors.push_back(views[1]);
      results.push_back(views[2]);
      numbers.push_back(numbersOf(ops[i])[3]);
    }
    llvm::SmallVector<View> all{viewsOf(ops[group.front()])[0]};
    llvm::append_range(all, factors);
    llvm::append_range(all, results);
    llvm::append_range(all, rowSum);
    return planner.makeOp(OpCode::TotalOuter, ops[group.front()].clock, all, numbers);
  }

  Planner &planner;
  std::vector<OpPlan> &ops;
};

} // namespace

void joinTotals(Planner &planner, std::vector<OpPlan> &ops) { Joiner(planner, ops).run(); }

} // namespace rondo::cpu
