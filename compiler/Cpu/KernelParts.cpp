#include "compiler/Cpu/KernelParts.h"

#include "compiler/Cpu/KernelProducts.h"
#include "compiler/Cpu/Matrices.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace rondo::cpu {

/// Elements that an index of the axis stands for, if what lies ahead of the axis has extent one.
static std::optional<int64_t> innerOf(Type type, int64_t axis) {
  ArrayRef<int64_t> shape = rnn::shapeOf(type);
  if (llvm::any_of(shape.take_front(axis), [](int64_t size) { return size != 1; }))
    return std::nullopt;
  int64_t inner = 1;
  for (int64_t size : shape.drop_front(axis + 1))
    inner *= size;
  return inner;
}

//===--- What kernels can compute ------------------------------------------------------------------------------===//

bool isElementwise(Operation *op) {
  if (isa<rnn::Pointwise, rnn::CompareOp, rnn::SelectOp, rnn::ScaleOp, rnn::ConvertOp, rnn::ConstOp, rnn::LiftOp,
          rnn::ReshapeOp, rnn::StopOp, rnn::StraightOp>(op))
    return true;
  if (isa<rnn::RepeatOp>(op))
    return rnn::elementCount(op->getOperand(0).getType()) == 1;
  if (auto split = dyn_cast<rnn::SplitOp>(op))
    return innerOf(split.getX().getType(), split.getAxis()).has_value();
  if (auto slice = dyn_cast<rnn::SliceOp>(op))
    return innerOf(slice.getX().getType(), slice.getAxis()).has_value();
  if (auto pad = dyn_cast<rnn::PadOp>(op))
    return innerOf(pad.getX().getType(), pad.getAxis()).has_value();
  // Each source where parts meet inside of a vector needs code of its own.
  constexpr size_t mostParts = 16;
  if (auto concat = dyn_cast<rnn::ConcatOp>(op))
    return concat.getParts().size() <= mostParts && innerOf(concat.getResult().getType(), concat.getAxis()).has_value();
  return false;
}

bool isPackedProduct(Operation *op) {
  auto matmul = dyn_cast_if_present<rnn::MatmulOp>(op);
  return matmul && isa<RankedTensorType>(matmul.getW().getType()) &&
         rnn::shapeOf(matmul.getW().getType()).size() == 2 && rnn::shapeOf(matmul.getX().getType()).size() == 1;
}

bool isWholeFold(Operation *op) {
  if (auto fold = dyn_cast<rnn::FoldOp>(op)) {
    Type element = rnn::elementOf(fold.getX().getType());
    return rnn::elementCount(fold.getResult().getType()) == 1 && rnn::elementCount(fold.getX().getType()) > 0 &&
           (element.isF32() || element.isInteger(64) || fold.getKind() == rnn::Reduction::First);
  }
  auto matmul = dyn_cast<rnn::MatmulOp>(op);
  return matmul && rnn::shapeOf(matmul.getW().getType()).size() == 1 &&
         rnn::shapeOf(matmul.getX().getType()).size() == 1;
}

//===--- Places ------------------------------------------------------------------------------------------------===//

std::optional<unsigned> KernelParts::loaded(Value value) const {
  auto it = loads.find(value);
  return it == loads.end() ? std::nullopt : std::optional(it->second);
}

const Product *KernelParts::product(Value value) const {
  auto it = productIndices.find(value);
  return it == productIndices.end() ? nullptr : &products[it->second];
}

bool KernelParts::hasFolds() const {
  return llvm::any_of(passes, [](const Pass &pass) { return !pass.folds.empty(); });
}

int64_t KernelParts::mostGates() const {
  size_t most = 1;
  for (const Product &product : products)
    if (!product.whole)
      most = std::max(most, product.layout.gates.size());
  return most;
}

bool KernelParts::hasGates() const {
  return llvm::any_of(products, [](const Product &product) { return !product.whole; });
}

/// A fold that is an element of its operand: the first, or the only one.
static bool isOneElement(Operation *op) {
  auto fold = dyn_cast_if_present<rnn::FoldOp>(op);
  return fold && isWholeFold(fold) &&
         (fold.getKind() == rnn::Reduction::First || rnn::elementCount(fold.getX().getType()) == 1);
}

static bool isSplat(Value value) {
  auto constant = value.getDefiningOp<rnn::ConstOp>();
  return constant && constant.getValue().isSplat();
}

bool KernelParts::hasWholes() const {
  return llvm::any_of(products, [](const Product &product) { return product.whole; });
}

Source KernelParts::resolve(Value value, int64_t element, bool uniform) const {
  while (!loads.count(value) && !productIndices.count(value)) {
    Operation *op = value.getDefiningOp();
    if (rnn::elementCount(value.getType()) == 1) { // for all columns
      element = 0;
      uniform = true;
    }
    if (auto split = dyn_cast_if_present<rnn::SplitOp>(op)) {
      int64_t inner = *innerOf(split.getX().getType(), split.getAxis());
      for (Value part : split.getParts().take_front(cast<OpResult>(value).getResultNumber()))
        element += rnn::shapeOf(part.getType())[split.getAxis()] * inner;
    } else if (auto slice = dyn_cast_if_present<rnn::SliceOp>(op)) {
      element += slice.getBegin() * *innerOf(slice.getX().getType(), slice.getAxis());
    } else if (isa_and_present<rnn::RepeatOp>(op)) {
      element = 0;
      uniform = true;
    } else if (isOneElement(op)) {
      element = 0;
      uniform = true;
    } else if (!isa_and_present<rnn::ReshapeOp, rnn::LiftOp, rnn::StopOp, rnn::StraightOp>(op)) {
      break;
    }
    value = op->getOperand(0);
  }
  if (alongRows) {
    bool isSame = isa<RankedTensorType>(value.getType()) || isSplat(value);
    // An element of each row for all of its columns has no place among the columns of all rows.
    bool isOfRow = uniform && !isSame && width() > 1;
    return {value, isOfRow ? -1 : element, isSame};
  }
  if (rnn::elementCount(value.getType()) == 1)
    return {value, 0, true};
  return {value, element, uniform || width() == 1};
}

SmallVector<Piece> KernelParts::pieces(const Source &source, Columns columns) const {
  SmallVector<Piece> pieces;
  auto add = [&](std::optional<Value> part, int64_t begin, int64_t count) {
    // Elements begin..begin+count-1 of the whole.
    Columns own = columns;
    if (source.uniform) {
      if (source.element < begin || source.element >= begin + count)
        return;
    } else {
      own = {std::max(columns.begin, begin - source.element), std::min(columns.end, begin + count - source.element)};
      if (own.begin >= own.end)
        return;
    }
    std::optional<Source> from;
    if (part)
      from = resolve(*part, source.element - begin, source.uniform);
    pieces.push_back({from, own});
  };
  Operation *op = source.value.getDefiningOp();
  if (auto concat = dyn_cast_if_present<rnn::ConcatOp>(op)) {
    int64_t begin = 0;
    for (Value part : concat.getParts()) {
      int64_t count = rnn::elementCount(part.getType());
      add(part, begin, count);
      begin += count;
    }
  } else if (auto pad = dyn_cast_if_present<rnn::PadOp>(op)) {
    int64_t inner = *innerOf(pad.getX().getType(), pad.getAxis());
    int64_t begin = pad.getBegin() * inner, end = pad.getEnd() * inner;
    add(std::nullopt, 0, begin);
    add(pad.getX(), begin, end - begin);
    add(std::nullopt, end, rnn::elementCount(pad.getResult().getType()) - end);
  }
  return pieces;
}

//===--- What is demanded --------------------------------------------------------------------------------------===//

KernelParts::KernelParts(const Kernel &kernel, const Isa &isa, bool alongRows)
    : kernel(kernel), target(isa), alongRows(alongRows) {
  addOperands();
  passes.resize(1);
  for (auto [i, operand] : llvm::enumerate(kernel.operands)) {
    if (!message.empty())
      return;
    if (operand.kind != KernelOperand::Kind::Store)
      continue;
    touched.insert(i);
    int64_t count = rnn::elementCount(operand.value.getType());
    unsigned number = passOf(operand.value);
    if (passes.size() <= number)
      passes.resize(number + 1);
    Source source = resolve(operand.value, 0, false);
    if (count == 1 && !alongRows) {
      scalars.push_back(i);
      visit(resolve(operand.value, 0, true), {0, 1}, -1);
    } else if (count == width()) {
      passes[number].stores.push_back(i);
      visitOperand(source, {operand.value, 0, false}, {0, width()}, number);
    } else {
      fail("a stored value has " + Twine(count) + " elements, its kernel " + Twine(width()) + " columns");
    }
  }
  if (!message.empty())
    return;
  finishProducts();
  finishSegments();
  findGuards();
}

void KernelParts::fail(const Twine &problem) {
  if (message.empty())
    message = problem.str();
}

void KernelParts::addOperands() {
  for (auto [i, operand] : llvm::enumerate(kernel.operands))
    if (operand.kind == KernelOperand::Kind::Load)
      loads.try_emplace(operand.value, i);
  for (auto [i, operand] : llvm::enumerate(kernel.operands)) {
    if (operand.kind != KernelOperand::Kind::Weights)
      continue;
    auto matmul = operand.value.getDefiningOp<rnn::MatmulOp>();
    if (!matmul || !isPackedProduct(matmul))
      return fail("packed weights are not of a product of a tensor and a vector");
    ArrayRef<int64_t> shape = rnn::shapeOf(matmul.getW().getType());
    Product product;
    product.value = operand.value;
    product.weights = i;
    product.m = shape[matmul.getTransposed() ? 1 : 0];
    product.k = shape[matmul.getTransposed() ? 0 : 1];
    product.layout.transposed = matmul.getTransposed();
    productIndices[operand.value] = products.size();
    products.push_back(product);
  }
  gates.resize(products.size());
  singles.resize(products.size());
  for (Product &product : products) {
    // In memory its elements lie behind one another, whatever names them: this never is uniform, or a part.
    Source x = resolve(product.value.getDefiningOp<rnn::MatmulOp>().getX(), 0, false);
    std::optional<unsigned> operand = loaded(x.value);
    if (!operand)
      return fail("the right operand of a product is not loaded");
    product.operand = *operand;
    product.operandElement = x.element;
  }
}

/// A fold is known behind the pass of what it folds.
unsigned KernelParts::passOf(Value value) {
  if (loads.count(value) || productIndices.count(value) || !value.getDefiningOp())
    return 0;
  if (auto it = passNumbers.find(value); it != passNumbers.end())
    return it->second;
  unsigned number = 0;
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands().take_front(isa<rnn::StraightOp>(op) ? 1 : op->getNumOperands()))
    number = std::max(number, passOf(operand)); // of `straight` the second is for gradients
  if (isWholeFold(op) && !isOneElement(op) && width() > 1)
    ++number;
  return passNumbers[value] = number;
}

void KernelParts::visitOperand(const Source &child, const Source &of, Columns columns, int pass) {
  if (child.uniform && !of.uniform && pass >= 0)
    passes[pass].uniforms.insert(child);
  visit(child, columns, pass);
}

void KernelParts::visit(const Source &source, Columns columns, int pass) {
  if (!message.empty())
    return;
  if (source.uniform)
    columns = {0, 1};
  if (alongRows && !source.uniform && (source.element != 0 || rnn::elementCount(source.value.getType()) != width()))
    return fail("rows are not alike");
  if (alongRows && source.uniform && rnn::elementCount(source.value.getType()) != 1 && !isSplat(source.value))
    return fail("rows are not alike");
  if (!visited.insert({source, columns.begin, columns.end, pass}).second)
    return;
  if (std::optional<unsigned> operand = loaded(source.value)) {
    touched.insert(*operand);
    if (!source.uniform && rnn::clockOf(source.value.getType()))
      streams.insert({*operand, source.element});
    return;
  }
  if (auto it = productIndices.find(source.value); it != productIndices.end()) {
    // What is needed behind a fold is kept for as long as a single element is.
    (source.uniform || pass > 0 ? singles : gates)[it->second].insert(source.element);
    return;
  }
  Operation *op = source.value.getDefiningOp();
  if (!op)
    return fail("a block argument is not loaded");
  if (isa<rnn::ConstOp>(op)) {
    if (alongRows && !isSplat(source.value))
      fail("rows are not alike");
    return;
  }
  if (isWholeFold(op) && width() > 1)
    return visitFold(source.value);
  if (isa<rnn::ConcatOp, rnn::PadOp>(op) && isElementwise(op)) {
    SmallVector<Piece> parts = pieces(source, columns);
    if (alongRows && parts.size() > 1) // where they meet is a place in a row
      return fail("rows are not alike");
    for (const Piece &piece : parts) {
      if (!source.uniform && piece.columns.begin > columns.begin)
        breaks.insert(piece.columns.begin);
      if (piece.source)
        visitOperand(*piece.source, source, piece.columns, pass);
    }
    return;
  }
  if (!isElementwise(op) && !isWholeFold(op))
    return fail("a kernel cannot compute " + op->getName().getStringRef());
  for (Value operand : op->getOperands())
    visitOperand(resolve(operand, source), source, columns, pass);
}

void KernelParts::visitFold(Value value) {
  if (!knownFolds.insert(value).second)
    return;
  Operation *op = value.getDefiningOp();
  unsigned number = passOf(value) - 1;
  if (passes.size() <= number + 1)
    passes.resize(number + 2);
  Value x = op->getOperand(op->getNumOperands() - 1);
  if (rnn::elementCount(x.getType()) != width())
    return fail("a fold is of " + Twine(rnn::elementCount(x.getType())) + " elements, its kernel has " +
                Twine(width()) + " columns");
  FoldPart fold;
  fold.value = value;
  Source all{value, 0, false};
  fold.x = resolve(x, 0, false);
  visitOperand(fold.x, all, {0, width()}, number);
  if (auto reduction = dyn_cast<rnn::FoldOp>(op)) {
    fold.kind = reduction.getKind();
  } else {
    fold.w = resolve(op->getOperand(0), 0, false);
    visitOperand(*fold.w, all, {0, width()}, number);
  }
  passes[number].folds.push_back(fold);
}

//===--- What follows ------------------------------------------------------------------------------------------===//

void KernelParts::finishProducts() {
  int64_t lanes = target.lanes(), blocks = (width() + lanes - 1) / lanes;
  for (auto [i, product] : llvm::enumerate(products)) {
    // A sum along lanes ends with adding them up, about as long as six additions take.
    int64_t asSums = product.m * ((product.k + lanes - 1) / lanes + 6);
    product.whole = !singles[i].empty() || gates[i].empty() || asSums < product.k * blocks * int64_t(gates[i].size());
    PackLayout &layout = product.layout;
    if (product.whole)
      touched.insert(product.operand);
    layout.lanes = lanes;
    layout.format = target.weights;
    if (product.whole) {
      layout.m = layout.units = product.k;
      layout.k = layout.depth = product.m;
      layout.transposed = !layout.transposed;
      layout.isScaledByK = true;
      layout.gates = {0};
    } else {
      layout.m = product.m;
      layout.k = layout.depth = product.k;
      layout.units = width();
      layout.gates.assign(gates[i].begin(), gates[i].end());
    }
  }
  if (target.weights == WeightFormat::BF16)
    finishPairs();
  // One row has too few sums for all additions that could be under way.
  constexpr int64_t enough = 8;
  for (Product &product : products) {
    const PackLayout &layout = product.layout;
    product.isHalved = kernel.isInLoop && !product.whole && !onMatrixUnit && layout.depth % 2 == 0 &&
                       blocks * int64_t(layout.gates.size()) < enough;
  }
}

/// Products of pairs of numbers, or of as many as are in a row of a tile of the matrix unit.
void KernelParts::finishPairs() {
  // Less is done before the unit is ready.
  constexpr int64_t leastDepth = 16, leastWeights = 2048;
  int64_t weights = 0;
  bool isDeep = true;
  for (const Product &product : products) {
    weights += product.layout.blocks() * product.layout.gates.size() * product.layout.lanes * product.k;
    isDeep &= product.k >= leastDepth;
  }
  onMatrixUnit = target.hasTiles && hasGates() && !hasWholes() && isDeep && weights >= leastWeights;
  for (Product &product : products)
    if (!product.whole) {
      int64_t together = onMatrixUnit ? 32 : 2;
      product.layout.group = 2;
      product.layout.depth = (product.k + together - 1) / together * together / 2;
    }
}

void KernelParts::finishSegments() {
  int64_t lanes = target.lanes(), blocks = (width() + lanes - 1) / lanes;
  std::set<int64_t> cuts{0, blocks, width() / lanes};
  for (int64_t column : breaks) {
    cuts.insert(column / lanes);
    cuts.insert((column + lanes - 1) / lanes);
  }
  for (auto it = cuts.begin(); std::next(it) != cuts.end(); ++it) {
    int64_t first = *it, end = *std::next(it);
    segments.push_back({first, end, {first * lanes, std::min(end * lanes, width())}});
  }
}

//===--- The interface -----------------------------------------------------------------------------------------===//

int64_t PackLayout::scaleBytes() const {
  if (format != WeightFormat::Int8)
    return 0;
  int64_t scales = isScaledByK ? depth : blocks() * int64_t(gates.size()) * lanes;
  return (scales * int64_t(sizeof(float)) + 63) / 64 * 64;
}

std::vector<int64_t> PackLayout::numbers() const {
  std::vector<int64_t> numbers{m, k, transposed, lanes, units, group, depth, isScaledByK, int64_t(gates.size())};
  numbers.insert(numbers.end(), gates.begin(), gates.end());
  return numbers;
}

std::vector<PackLayout> layoutsOf(const Kernel &kernel, const Isa &isa) {
  KernelParts parts(kernel, isa);
  std::vector<PackLayout> layouts;
  for (const Product &product : parts.products)
    layouts.push_back(product.layout);
  return layouts;
}

int64_t blocksOf(const Kernel &kernel, const Isa &isa) {
  auto isOverLines = [](const KernelOperand &operand) { return operand.overLines.has_value(); };
  if (kernel.lines > 1)
    return llvm::any_of(kernel.operands, isOverLines) ? 0 : kernel.lines;
  if (kernel.isOfMatrices)
    return blocksOfMatrixKernel(kernel, isa);
  KernelParts parts(kernel, isa);
  if (kernel.width == 1 || parts.hasFolds() || !parts.scalars.empty())
    return 0;
  return (kernel.width + isa.lanes() - 1) / isa.lanes();
}

} // namespace rondo::cpu
