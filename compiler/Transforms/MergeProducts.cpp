// Makes few large products of many small ones.
//
//   %i = rnn.add (rnn.matmul %Wi, %x), (rnn.matmul %Ui, %h)      %zx = rnn.matmul [%Wi; %Wf], %x
//   %f = rnn.add (rnn.matmul %Wf, %x), (rnn.matmul %Uf, %h)  =>  %zh = rnn.matmul [%Ui; %Uf], %h
//                                                                %i = %zx's first rows + %zh's first rows ..
//
// (1) Products with one destination, that is terms of one sum, whose operands have one origin (Condensation.h) in a
//     loop, are one product of the joined operands, in the place of the last. So it is where these operands meet weights
//     only together; else each is better served by (2). Terms with one operand add their weights, in a loop or not.
// (2) Products of one operand have their weights stacked, and the result is split. Large ones that different loops read
//     stay apart: what one loop reads can be computed a few steps ahead of it (form-chunks). Those that are added to
//     products of one other operand stand together, behind the rest in a loop, ahead of it outside: products that are
//     added have one adjoint, and a row that ends as another begins, or is a part of it, need not be written twice.
//
// Products in a loop are not merged with those outside of it, in (2) as little as in (1), where what is outside has
// another origin: what need not be in a loop must be able to leave it. The joined and stacked weights are made of
// tensors: once, by prepare.
//
// Runs when each product stands on its own clock (commute-crossings): a writer's columns, its products for all who read
// it, are products of one operand then.
#include "compiler/Transforms/Condensation.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <map>
#include <set>

namespace rondo::rnn {

#define GEN_PASS_DEF_MERGEPRODUCTS
#include "compiler/Transforms/Passes.h.inc"

namespace {

using llvm::SmallVector;
using mlir::Value;

/// A product of a stream by weights that stand above all streams.
bool isPrepared(MatmulOp product, mlir::Operation *firstOfStreams) {
  mlir::Operation *w = product.getW().getDefiningOp();
  return w && w->isBeforeInBlock(firstOfStreams) && clockOf(product.getX().getType());
}

//===--- (1) Terms of a sum ------------------------------------------------------------------------------------===//

/// The products that are terms of a sum and nothing else, through sums that are terms of it.
SmallVector<MatmulOp> termsOf(AddOp sum, mlir::Operation *firstOfStreams) {
  SmallVector<MatmulOp> terms;
  SmallVector<AddOp> open{sum};
  while (!open.empty())
    for (Value operand : open.pop_back_val()->getOperands()) {
      if (!operand.hasOneUse())
        continue;
      if (auto inner = operand.getDefiningOp<AddOp>())
        open.push_back(inner);
      else if (auto product = operand.getDefiningOp<MatmulOp>(); product && isPrepared(product, firstOfStreams))
        terms.push_back(product);
    }
  llvm::sort(terms, [](MatmulOp a, MatmulOp b) { return a->isBeforeInBlock(b); });
  return terms;
}

bool haveOneForm(MatmulOp a, MatmulOp b) {
  auto rank = [](Value value) { return shapeOf(value.getType()).size(); };
  return a.getTransposed() == b.getTransposed() && rank(a.getW()) == rank(b.getW()) && rank(a.getX()) == rank(b.getX());
}

/// An operand and the weights that it meets.
struct Factor {
  Value x, w;
};

void addFactor(mlir::OpBuilder &builder, mlir::Location loc, llvm::SmallVectorImpl<Factor> &factors, Value x, Value w) {
  for (Factor &known : factors)
    if (known.x == x) {
      known.w = AddOp::create(builder, loc, w.getType(), known.w, w);
      return;
    }
  factors.push_back({x, w});
}

/// Takes joined operands apart if some other factor has one of the parts.
void shareParts(mlir::OpBuilder &builder, mlir::Location loc, llvm::SmallVectorImpl<Factor> &factors, int64_t axis) {
  auto isFactor = [&](Value x) { return llvm::any_of(factors, [&](Factor &factor) { return factor.x == x; }); };
  SmallVector<Factor> shared;
  for (auto [x, w] : factors) {
    auto concat = x.getDefiningOp<ConcatOp>();
    if (!concat || concat.getAxis() != 0 || !llvm::any_of(concat.getParts(), isFactor)) {
      addFactor(builder, loc, shared, x, w);
      continue;
    }
    int64_t begin = 0;
    for (Value part : concat.getParts()) {
      int64_t end = begin + shapeOf(part.getType()).front();
      addFactor(builder, loc, shared, part, SliceOp::create(builder, loc, w, begin, end, axis));
      begin = end;
    }
  }
  factors.assign(shared);
}

/// One product in the place of the last; the others vanish from the sum.
void joinTerms(llvm::ArrayRef<MatmulOp> terms) {
  MatmulOp last = terms.back();
  mlir::OpBuilder builder(last);
  mlir::Location loc = last.getLoc();
  int64_t axis = contractedAxis(last);
  SmallVector<Factor> factors;
  for (MatmulOp term : terms)
    addFactor(builder, loc, factors, term.getX(), term.getW());
  shareParts(builder, loc, factors, axis);
  SmallVector<Value> xs, ws;
  for (auto [x, w] : factors) {
    xs.push_back(x);
    ws.push_back(w);
  }
  Value x = xs.size() == 1 ? xs[0] : ConcatOp::create(builder, loc, xs, 0);
  Value w = ws.size() == 1 ? ws[0] : ConcatOp::create(builder, loc, ws, axis);
  Value joined = MatmulOp::create(builder, loc, w, x, last.getTransposed());
  last.getResult().replaceAllUsesWith(joined);
  last.erase();
  for (MatmulOp term : terms.drop_back()) {
    auto sum = llvm::cast<AddOp>(*term->user_begin());
    Value rest = sum.getA() == term.getResult() ? sum.getB() : sum.getA();
    sum.getResult().replaceAllUsesWith(rest);
    sum.erase();
    term.erase();
  }
}

/// The terms of one sum that can be one product.
SmallVector<SmallVector<MatmulOp>> groupsOf(llvm::ArrayRef<MatmulOp> terms, const Condensation &condensation) {
  SmallVector<SmallVector<MatmulOp>> groups;
  for (MatmulOp term : terms) {
    Origin origin = condensation.originOf(term.getX());
    auto group = llvm::find_if(groups, [&](llvm::ArrayRef<MatmulOp> group) {
      MatmulOp first = group.front();
      return haveOneForm(first, term) &&
             (first.getX() == term.getX() || (origin.loop && condensation.originOf(first.getX()) == origin));
    });
    if (group == groups.end())
      groups.push_back({term});
    else
      group->push_back(term);
  }
  llvm::erase_if(groups, [](llvm::ArrayRef<MatmulOp> group) { return group.size() == 1; });
  return groups;
}

/// The operands of a group, each once, in an order by which groups can be compared.
std::vector<const void *> operandsOf(llvm::ArrayRef<MatmulOp> group) {
  std::set<const void *> operands;
  for (MatmulOp product : group)
    operands.insert(product.getX().getAsOpaquePointer());
  return {operands.begin(), operands.end()};
}

void joinSums(ModelOp model, mlir::Operation *firstOfStreams) {
  Condensation condensation(model);
  std::map<std::pair<const void *, const Component *>, int> productsOf; // by operand and loop
  for (MatmulOp product : model.getOps<MatmulOp>())
    ++productsOf[{product.getX().getAsOpaquePointer(), condensation.loopOf(product)}];
  SmallVector<SmallVector<MatmulOp>> groups;
  std::map<std::pair<std::vector<const void *>, const void *>, int> together; // products of an operand in such groups
  for (AddOp sum : model.getOps<AddOp>()) {
    if (sum->hasOneUse() && llvm::isa<AddOp>(*sum->user_begin()))
      continue; // a term of a larger one
    for (SmallVector<MatmulOp> &group : groupsOf(termsOf(sum, firstOfStreams), condensation)) {
      for (MatmulOp product : group)
        ++together[{operandsOf(group), product.getX().getAsOpaquePointer()}];
      groups.push_back(std::move(group));
    }
  }
  llvm::erase_if(groups, [&](llvm::ArrayRef<MatmulOp> group) {
    std::vector<const void *> operands = operandsOf(group);
    const Component *loop = condensation.loopOf(group.front());
    return operands.size() > 1 &&
           llvm::any_of(operands, [&](const void *x) { return productsOf[{x, loop}] != together[{operands, x}]; });
  });
  for (llvm::ArrayRef<MatmulOp> terms : groups)
    joinTerms(terms);
}

//===--- (2) Products of one operand ---------------------------------------------------------------------------===//

/// The weights as rows, also of a product that makes one number a column.
Value rowsOf(mlir::OpBuilder &builder, MatmulOp product) {
  mlir::Type type = product.getW().getType();
  if (shapeOf(type).size() == 2)
    return product.getW();
  mlir::Type matrix = valueType({1, shapeOf(type).front()}, elementOf(type), ClockInterface());
  return ReshapeOp::create(builder, product.getLoc(), matrix, product.getW());
}

void stack(llvm::ArrayRef<MatmulOp> products) {
  MatmulOp first = *llvm::min_element(products, [](MatmulOp a, MatmulOp b) { return a->isBeforeInBlock(b); });
  mlir::OpBuilder builder(first);
  mlir::Location loc = first.getLoc();
  int64_t axis = first.getTransposed() ? 1 : 0;
  SmallVector<Value> rows;
  SmallVector<mlir::Type> types;
  for (MatmulOp product : products) {
    Value w = rowsOf(builder, product);
    rows.push_back(w);
    SmallVector<int64_t> shape(shapeOf(product.getX().getType()));
    shape[0] = shapeOf(w.getType())[axis];
    types.push_back(valueType(shape, elementOf(first.getType()), clockOf(first.getType())));
  }
  Value w = ConcatOp::create(builder, loc, rows, axis);
  Value result = MatmulOp::create(builder, loc, w, first.getX(), first.getTransposed());
  auto split = SplitOp::create(builder, loc, types, result, 0);
  for (auto [index, part] : llvm::enumerate(split.getParts())) {
    MatmulOp product = products[index];
    Value own = part;
    if (part.getType() != product.getType())
      own = ReshapeOp::create(builder, loc, product.getType(), part);
    product.getResult().replaceAllUsesWith(own);
  }
  for (MatmulOp product : products)
    product.erase();
}

/// The only loop that sees a product outside of loops; null if several do, or none.
const Component *readerOf(MatmulOp product, const Condensation &condensation) {
  const Component *reader = nullptr;
  llvm::SetVector<mlir::Operation *> open(product->user_begin(), product->user_end());
  for (size_t i = 0; i < open.size(); ++i) {
    const Component *loop = condensation.loopOf(open[i]);
    if (loop && reader && loop != reader)
      return nullptr;
    if (loop)
      reader = loop;
    else
      open.insert(open[i]->user_begin(), open[i]->user_end());
  }
  return reader;
}

/// By value of which a product is a term, or a part of a term, of a sum: an operand of other products of the sum.
llvm::DenseMap<Value, Value> partnersOf(ModelOp model) {
  llvm::DenseMap<Value, Value> madeOf, partners; // madeOf: products of this operand
  mlir::Block &block = model.getBody().front();
  for (mlir::Operation &op : block) {
    Value operand;
    if (auto product = llvm::dyn_cast<MatmulOp>(op))
      operand = product.getX();
    for (Value x : op.getOperands())
      if (!operand && (llvm::isa<AddOp>(op) || isMovement(&op)))
        operand = madeOf.lookup(x);
    for (Value result : op.getResults())
      madeOf[result] = operand;
  }
  for (mlir::Operation &op : llvm::reverse(block)) {
    bool isSum = llvm::isa<AddOp>(op);
    for (mlir::OpOperand &use : op.getOpOperands()) {
      Value &partner = partners[use.get()];
      if (!partner && isSum)
        partner = madeOf.lookup(op.getOperand(1 - use.getOperandNumber()));
      for (Value result : op.getResults())
        if (!partner && (isSum || isMovement(&op)))
          partner = partners.lookup(result);
    }
  }
  return partners;
}

/// Those with one partner side by side, in the order of the first; those without one ahead of them in a loop, else behind.
void sortByPartner(llvm::MutableArrayRef<MatmulOp> products, const llvm::DenseMap<Value, Value> &partners,
                   bool isInLoop) {
  SmallVector<Value> order;
  for (MatmulOp product : products)
    if (Value partner = partners.lookup(product); partner && !llvm::is_contained(order, partner))
      order.push_back(partner);
  order.insert(isInLoop ? order.begin() : order.end(), Value());
  auto place = [&](MatmulOp product) { return llvm::find(order, partners.lookup(product)) - order.begin(); };
  llvm::stable_sort(products, [&](MatmulOp a, MatmulOp b) { return place(a) < place(b); });
}

void stackProducts(ModelOp model, mlir::Operation *firstOfStreams) {
  Condensation condensation(model);
  // A product of so many rows gains nothing from others.
  auto isLarge = [](MatmulOp product) { return elementCount(product.getType()) >= 256; };
  using Key = std::tuple<Value, unsigned, const Component *, const Component *>;
  llvm::MapVector<Key, SmallVector<MatmulOp>> groups;
  for (MatmulOp product : model.getOps<MatmulOp>()) {
    if (!isPrepared(product, firstOfStreams))
      continue;
    const Component *loop = condensation.loopOf(product);
    const Component *reader = !loop && isLarge(product) ? readerOf(product, condensation) : nullptr;
    groups[{product.getX(), unsigned(product.getTransposed()), loop, reader}].push_back(product);
  }
  llvm::DenseMap<Value, Value> partners = partnersOf(model);
  for (auto &[key, products] : groups) {
    if (products.size() == 1)
      continue;
    bool isInLoop = std::get<2>(key) != nullptr;
    sortByPartner(products, partners, isInLoop);
    stack(products);
  }
}

/// Products that were joined behind one another are so again.
void foldJoined(ModelOp model) {
  for (ConcatOp concat : llvm::make_early_inc_range(model.getOps<ConcatOp>())) {
    SmallVector<mlir::OpFoldResult> joined;
    if (mlir::failed(concat->fold(joined)) || joined.size() != 1)
      continue;
    concat.getResult().replaceAllUsesWith(llvm::cast<Value>(joined[0]));
    concat.erase();
  }
}

struct MergeProducts : impl::MergeProductsBase<MergeProducts> {
  void runOnOperation() override {
    ModelOp model = getOperation();
    auto tidy = [&] {
      mergeEqual(model);
      return hoistTensors(model);
    };
    joinSums(model, tidy());
    stackProducts(model, tidy());
    foldJoined(model);
    tidy();
    placeConstants(model);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createMergeProductsPass() { return std::make_unique<MergeProducts>(); }

} // namespace rondo::rnn
