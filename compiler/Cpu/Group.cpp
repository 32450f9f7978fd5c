#include "compiler/Cpu/Group.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::cpu {

using mlir::Operation;
using mlir::Value;

//===--- What is kept ------------------------------------------------------------------------------------------===//

/// True for a fold of all elements of a value, or of a matrix.
static bool isKernelFold(Operation *op) { return isMatrixFold(op) || isWholeFold(op); }

bool Group::isKernelOp(Operation *op) const {
  if (isElementwise(op) || isKernelFold(op) || rnn::isSpread(op))
    return true;
  auto product = llvm::dyn_cast<rnn::MatmulOp>(op);
  return product && isPackedProduct(op) && rnn::clockOf(product.getType()) && planner.isPrepared(product.getW());
}

int64_t Group::widthOf(Value value) {
  if (isKernelFold(value.getDefiningOp()))
    return rnn::elementCount(value.getDefiningOp()->getOperand(0).getType());
  return rnn::elementCount(value.getType());
}

void Group::keepWhatIsNeeded() {
  for (Operation &op : block) {
    if (isSpecial(&op))
      continue;
    if (llvm::isa<step::YieldOp>(op))
      llvm::for_each(op.getOperands(), [&](Value operand) { keep(keptFor(operand)); });
    else if (!isKernelOp(&op))
      llvm::for_each(Planner::rowsReadBy(&op), [&](Value operand) { keep(operand); });
    else if (auto product = llvm::dyn_cast<rnn::MatmulOp>(op); isPackedProduct(&op) && lines.of(product) == 1)
      keep(product.getX());
    if (isKernelOp(&op))
      keepForLines(&op);
  }
}

/// A kernel by lines computes nothing but its lines, and only such a kernel does that.
void Group::keepForLines(Operation *op) {
  int64_t own = op->getNumResults() == 1 ? lines.of(op->getResult(0)) : 1;
  for (Value operand : operandsByLine(op)) {
    auto constant = operand.getDefiningOp<rnn::ConstOp>();
    bool isLine = own > 1 && MatrixLines::isMatrixOf(op, operand);
    int64_t needed = isLine ? own : 1;
    bool isNumbers = own > 1 && !isLine;
    if (!(constant && constant.getValue().isSplat()) && (isNumbers || lines.of(operand) != needed))
      keep(operand);
  }
}

llvm::SmallVector<Value> Group::partsOf(Value value) const {
  auto concat = isInside(value) ? value.getDefiningOp<rnn::ConcatOp>() : rnn::ConcatOp();
  if (!concat || concat.getAxis() != 0 || !isKernelOp(concat))
    return {value};
  llvm::SmallVector<Value> parts;
  for (Value part : concat.getParts())
    llvm::append_range(parts, partsOf(part));
  return parts;
}

void Group::keepPartsOfJoined() {
  if (!writesParts())
    return;
  for (size_t i = 0; i < kept.size(); ++i) { // it grows
    Value value = kept[i];
    llvm::SmallVector<Value> parts = partsOf(value);
    llvm::SmallPtrSet<Value, 4> known;
    bool isMade = parts.size() > 1 && !seen(value) && llvm::all_of(parts, [&](Value part) {
                    return isInside(part) && !seen(part) && isKernelOp(part.getDefiningOp()) &&
                           !isKernelFold(part.getDefiningOp()) && widthOf(part) == widthOf(parts.front()) &&
                           known.insert(part).second;
                  });
    if (!isMade)
      continue;
    kept.insert(parts.begin(), parts.end());
    joined[value] = std::move(parts);
  }
}

bool Group::isLoaded(Value value) const {
  return !isInside(value) || kept.contains(value) || !isKernelOp(value.getDefiningOp());
}

Group::Reach Group::reach(Value root, const Members *members) const {
  Reach found;
  walk(root, root, members, false, found);
  return found;
}

void Group::walk(Value value, Value root, const Members *members, bool inFold, Reach &found) const {
  bool isMember = value == root || (members && !inFold && members->contains(value));
  if (!isMember && isLoaded(value)) {
    bool isTogether = isInside(value) && isKernelOp(value.getDefiningOp()) && !inFold &&
                      !isKernelFold(value.getDefiningOp()) && !joined.contains(value) && isAlike(value, root) &&
                      rnn::clockOf(value.getType()) == rnn::clockOf(root.getType());
    (isTogether ? found.together : found.loads).insert(value);
    return;
  }
  Operation *op = value.getDefiningOp();
  if (isKernelFold(op) && widthOf(value) != widthOf(root)) {
    found.missing.insert(value);
    found.loads.insert(value);
    return;
  }
  if (!(inFold ? found.folded : found.computed).insert(value))
    return;
  if (auto product = llvm::dyn_cast<rnn::MatmulOp>(op); isPackedProduct(op) && lines.of(value) == 1) {
    found.products.insert(value);
    found.loads.insert(product.getX());
    return;
  }
  for (Value operand : lines.of(value) > 1 ? operandsByLine(op) : llvm::SmallVector<Value>(op->getOperands()))
    walk(operand, root, members, inFold || (isKernelFold(op) && lines.of(value) == 1), found); // lines are walked once
}

//===--- Order -------------------------------------------------------------------------------------------------===//

int64_t Group::levelOf(Value value) {
  if (!isInside(value))
    return 0;
  auto it = levels.find(value);
  if (it != levels.end())
    return it->second;
  int64_t level = earliest(value);
  Operation *op = value.getDefiningOp();
  if (isSpecial(op)) {
    // `earliest` says it.
  } else if (joined.contains(value)) {
    for (Value part : joined.lookup(value))
      level = std::max(level, levelOf(part));
  } else if (isKernelOp(op)) {
    Reach found = reach(value);
    for (Value other : found.together)
      level = std::max(level, levelOf(other));
    for (Value load : found.loads)
      level = std::max(level, levelOf(load) + 1);
  } else {
    for (Value operand : Planner::rowsReadBy(op))
      level = std::max(level, levelOf(operand) + 1);
  }
  return levels[value] = level;
}

/// True if computing it twice costs more than storing it.
static bool isHeavy(Value value) {
  return !rnn::isSpread(value.getDefiningOp()) &&
         llvm::isa<rnn::MatmulOp, rnn::TanhOp, rnn::SigmoidOp, rnn::ExpOp, rnn::LogOp, rnn::SinOp, rnn::CosOp,
                   rnn::PowOp, rnn::ModOp, rnn::DivOp, rnn::SqrtOp>(value.getDefiningOp());
}

std::vector<Group::Members> Group::formKernels() {
  levels.clear();
  llvm::SmallVector<Value> roots;
  for (Value value : kept)
    if (isKernelOp(value.getDefiningOp()) && !joined.contains(value))
      roots.push_back(value);
  auto joins = [&](Value a, Value b) {
    return levelOf(a) == levelOf(b) && isAlike(a, b) && rnn::clockOf(a.getType()) == rnn::clockOf(b.getType());
  };
  llvm::EquivalenceClasses<const void *> classes;
  llvm::DenseMap<Value, llvm::SmallVector<Value>> usersOf; // of what is computed in registers, and of matrices
  for (Value root : roots) {
    classes.insert(root.getAsOpaquePointer());
    Reach found = reach(root);
    for (Value other : found.together)
      if (joins(root, other))
        classes.unionSets(root.getAsOpaquePointer(), other.getAsOpaquePointer());
    for (Value value : found.computed)
      if (isHeavy(value) || lines.of(value) > 1 || (!joined.empty() && value.getDefiningOp()->getNumOperands() > 1))
        usersOf[value].push_back(root);
    for (Value value : found.loads)
      if (lines.of(root) > 1 && rnn::elementCount(value.getType()) == widthOf(root))
        usersOf[value].push_back(root);
  }
  for (auto &[value, users] : usersOf)
    for (Value user : users)
      if (joins(users.front(), user))
        classes.unionSets(users.front().getAsOpaquePointer(), user.getAsOpaquePointer());
  for (auto &[value, parts] : joined)
    for (Value part : parts)
      if (joins(parts.front(), part))
        classes.unionSets(parts.front().getAsOpaquePointer(), part.getAsOpaquePointer());
  llvm::MapVector<const void *, Members> kernels;
  for (Value root : roots)
    kernels[classes.getLeaderValue(root.getAsOpaquePointer())].insert(root);
  std::vector<Members> result;
  for (auto &[leader, members] : kernels)
    result.push_back(std::move(members));
  return result;
}

/// True if a number is made of a fold, not far from it: then it is known before the walk that uses it. `known`: what was
/// found out of others.
bool Group::hangsOnFold(Value value, llvm::DenseMap<Value, bool> &known) const {
  if (isLoaded(value))
    return false;
  if (auto it = known.find(value); it != known.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  bool hangs =
      isKernelFold(op) || llvm::any_of(op->getOperands(), [&](Value operand) { return hangsOnFold(operand, known); });
  return known[value] = hangs;
}

bool Group::keepWhatIsShared(llvm::ArrayRef<Members> kernels) {
  llvm::MapVector<Value, int> uses;
  llvm::SetVector<Value> missing;
  llvm::DenseMap<Value, bool> onFolds;
  for (const Members &members : kernels) {
    Reach all;
    for (Value member : members) {
      Reach found = reach(member, &members);
      all.computed.insert(found.computed.begin(), found.computed.end());
      all.folded.insert(found.folded.begin(), found.folded.end());
      missing.insert(found.missing.begin(), found.missing.end());
    }
    auto count = [&](Value value, int times) {
      if (!members.contains(value))
        uses[value] += times;
    };
    for (Value value : all.computed) {
      bool isFold = isKernelFold(value.getDefiningOp());
      // One number for a whole row is computed once, not once a block.
      bool isNumber =
          rnn::elementCount(value.getType()) == 1 && widthOf(members.front()) > 1 && !hangsOnFold(value, onFolds);
      if (isFold || isHeavy(value))
        count(value, isNumber && !isFold ? 2 : 1);
    }
    for (Value value : all.folded)
      if (isHeavy(value))
        count(value, 1);
  }
  bool changed = false;
  for (auto &[value, count] : uses)
    changed |= count > 1 && kept.insert(value);
  // With these, some of the folds may be needed by kernels of their own width only.
  for (Value value : missing)
    changed |= !changed && kept.insert(value);
  return changed;
}

//===--- Operations --------------------------------------------------------------------------------------------===//

View Group::loadView(Value value) {
  if (!isInside(value))
    return planner.view(value, inPrepare);
  if (std::optional<View> view = seen(value))
    return *view;
  assert(homes.contains(value));
  return homes.lookup(value);
}

/// Values that are read from memory here; what a kernel computes itself it has in registers.
llvm::DenseSet<Value> Group::findRead(llvm::ArrayRef<Members> kernels) const {
  llvm::DenseSet<Value> read;
  for (const Members &members : kernels)
    for (Value member : members) {
      Reach found = reach(member, &members);
      read.insert(found.loads.begin(), found.loads.end());
      read.insert(found.together.begin(), found.together.end());
    }
  for (Operation &op : block)
    if (!isKernelOp(&op) && !llvm::isa<step::YieldOp, rnn::TotalOp>(op)) {
      llvm::SmallVector<Value> rows = Planner::rowsReadBy(&op);
      read.insert(rows.begin(), rows.end());
    }
  return read;
}

void Group::placeHomes(llvm::ArrayRef<Members> kernels) {
  llvm::DenseSet<Value> read = findRead(kernels);
  llvm::DenseSet<Value> parts;
  for (auto &[value, own] : joined)
    parts.insert(own.begin(), own.end());
  // Values that operations of this group read.
  llvm::SmallVector<Value> values(kept.begin(), kept.end());
  for (Operation &op : block)
    if (!isSpecial(&op) && !isKernelOp(&op))
      llvm::for_each(op.getResults(), [&](Value result) {
        if (!kept.contains(result))
          values.push_back(result);
      });
  for (Value value : values) {
    if (seen(value))
      continue;
    llvm::SmallVector<View, 2> &targets = stores[value];
    addTargets(value, targets);
    if (std::optional<View> home = homeAmong(targets)) {
      homes[value] = *home;
      continue;
    }
    if (read.contains(value) || (targets.empty() && !parts.contains(value))) {
      homes[value] = addHome(value);
      targets.insert(targets.begin(), homes[value]);
    }
  }
  for (auto &[value, own] : joined) {
    int64_t offset = 0;
    for (Value part : own) {
      for (View target : stores[value]) {
        target.offset += offset;
        auto isTarget = [&](const View &other) { return other.array == target.array && other.offset == target.offset; };
        if (llvm::none_of(stores[part], isTarget))
          stores[part].push_back(target);
      }
      offset += Planner::rowBytes(part.getType());
    }
  }
}

/// Operands that are parts of one row have one address and distances from it.
static void findSharedRows(Kernel &kernel, llvm::ArrayRef<View> views) {
  for (size_t i = 0; i < views.size(); ++i)
    for (size_t first = 0; first < i && !kernel.operands[i].inRowOf; ++first) {
      const View &a = views[first], &b = views[i];
      bool isOneRow = a.array == b.array && a.rows == b.rows && a.map == b.map;
      if (!isOneRow || kernel.operands[i].kind == KernelOperand::Kind::Weights)
        continue;
      kernel.operands[i].inRowOf = first;
      kernel.operands[i].distance = b.offset - a.offset;
    }
}

bool Group::addKernel(const Members &members) {
  Kernel kernel;
  kernel.width = widthOf(members.front());
  kernel.isInLoop = isLoop();
  llvm::SetVector<Value> loads, products;
  for (Value member : members) {
    Reach found = reach(member, &members);
    loads.insert(found.loads.begin(), found.loads.end());
    loads.insert(found.together.begin(), found.together.end());
    products.insert(found.products.begin(), found.products.end());
  }
  llvm::SmallVector<View> views;
  llvm::SmallVector<std::pair<Value, View>> written;
  for (Value load : loads) {
    kernel.operands.push_back({KernelOperand::Kind::Load, load});
    views.push_back(loadView(load));
    if (isInside(load) && widthOf(load) == kernel.width &&
        rnn::clockOf(load.getType()) == rnn::clockOf(members.front().getType())) {
      llvm::SmallVector<View, 2> targets;
      addTargetsOfLoaded(load, targets);
      for (View target : targets)
        written.push_back({load, target});
    }
  }
  for (Value product : products)
    kernel.operands.push_back({KernelOperand::Kind::Weights, product});
  for (Value member : members)
    for (View target : stores[member])
      written.push_back({member, target});
  for (auto &[value, target] : written) {
    kernel.operands.push_back({KernelOperand::Kind::Store, value});
    kernel.operands.back().isAdded = isSum(target);
  }
  if (int64_t count = lines.of(members.front()); count > 1) {
    llvm::append_range(views, llvm::make_second_range(written));
    llvm::SmallVector<unsigned> from;
    kernel = byLines(kernel, count, from);
    views = llvm::map_to_vector(from, [&](unsigned operand) { return views[operand]; });
    written.clear();
  }
  std::vector<PackLayout> layouts = layoutsOf(kernel, planner.target());
  for (auto [product, layout] : llvm::zip(products, layouts))
    views.push_back(planner.packed(product.getDefiningOp()->getOperand(0), layout));
  llvm::append_range(views, llvm::make_second_range(written));
  int64_t blocks = blocksOf(kernel, planner.target());
  int64_t level = levelOf(members.front());
  int32_t clock = clockOf(members.front());
  findSharedRows(kernel, views);
  int32_t number = planner.kernel(std::move(kernel));
  add(level, planner.makeOp(OpCode::Kernel, clock, views, {number, blocks}));
  return true;
}

bool Group::addRowOp(Operation *op) {
  llvm::SmallVector<View> operands, results;
  for (Value operand : Planner::rowsReadBy(op))
    operands.push_back(loadView(operand));
  int64_t level = 0;
  for (Value result : op->getResults()) {
    level = std::max(level, levelOf(result));
    results.push_back(stores[result].front());
  }
  int32_t clock = clockOf(op->getResult(0));
  llvm::SmallVector<OpPlan, 2> made;
  if (!planner.rowOps(op, clock, operands, results, made))
    return planner.refuse(op, "is not compiled by this version");
  for (const OpPlan &one : made)
    add(level, one);
  for (Value result : op->getResults())
    for (View target : llvm::drop_begin(stores[result]))
      add(level, planner.makeCopy(clock, stores[result].front(), target, Planner::rowBytes(result.getType())));
  return true;
}

bool Group::plan() {
  if (!prepareMemory())
    return false;
  keepWhatIsNeeded();
  keepPartsOfJoined();
  std::vector<Members> kernels = formKernels();
  while (keepWhatIsShared(kernels))
    kernels = formKernels();
  placeResults();
  placeHomes(kernels);
  for (const Members &members : kernels)
    if (!addKernel(members))
      return false;
  for (Operation &op : block) {
    if (op.getNumResults() == 0 || isSpecial(&op) || isKernelOp(&op))
      continue;
    if (!addRowOp(&op))
      return false;
  }
  if (!finish())
    return false;
  llvm::stable_sort(units, [](const Unit &a, const Unit &b) { return a.level < b.level; });
  for (const Unit &unit : units)
    ops.push_back(unit.op);
  return true;
}

} // namespace rondo::cpu
