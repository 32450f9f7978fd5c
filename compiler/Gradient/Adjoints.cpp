#include "compiler/Gradient/Adjoints.h"

namespace rondo::rnn {

using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::SmallVectorImpl;
using mlir::Value;

//===--- Sums --------------------------------------------------------------------------------------------------===//

void Adjoints::add(Value value, Value adjoint) {
  if (!wants(value))
    return;
  ClockInterface clock = clockOf(value.getType());
  adjoint = clock || !clockOf(adjoint.getType()) ? lifted(adjoint, clock) : make<TotalOp>(adjoint);
  assert(adjoint.getType() == value.getType() && "an adjoint of another type");
  terms[value].push_back(adjoint);
}

Value Adjoints::of(Value value) {
  auto found = terms.find(value);
  if (found == terms.end())
    return {};
  joinPads(found->second);
  Value sum = found->second.front();
  for (Value term : llvm::drop_begin(found->second))
    sum = make<AddOp>(sum, term);
  found->second = {sum};
  return sum;
}

/// Terms that are parts of one axis, none over another, are joined: a value that was taken apart is put together.
void Adjoints::joinPads(SmallVectorImpl<Value> &terms) {
  SmallVector<PadOp> pads;
  for (Value term : terms)
    if (auto pad = term.getDefiningOp<PadOp>(); pad && (pads.empty() || pad.getAxis() == pads.front().getAxis()))
      pads.push_back(pad);
  llvm::stable_sort(pads, [](PadOp a, PadOp b) { return a.getBegin() < b.getBegin(); });
  SmallVector<Value> parts;
  int64_t end = 0;
  auto fill = [&](PadOp like, int64_t upTo) {
    SmallVector<int64_t> shape(shapeOf(like.getType()));
    shape[like.getAxis()] = upTo - end;
    if (upTo > end)
      parts.push_back(constant(valueType(shape, elementOf(like.getType()), clockOf(like.getType())), 0));
  };
  for (PadOp pad : pads) {
    if (pad.getBegin() < end)
      return;
    fill(pad, pad.getBegin());
    parts.push_back(pad.getX());
    end = pad.getEnd();
  }
  if (pads.size() < 2)
    return;
  fill(pads.front(), pads.front().getSize());
  llvm::erase_if(terms, [&](Value term) { return llvm::is_contained(pads, term.getDefiningOp<PadOp>()); });
  terms.insert(terms.begin(), make<ConcatOp>(parts, pads.front().getAxis()));
}

//===--- Transposition -----------------------------------------------------------------------------------------===//

/// An adjoint is called after its value.
static mlir::Location placeOfAdjoint(mlir::Location place) {
  auto named = llvm::dyn_cast<mlir::NameLoc>(place);
  if (!named)
    return place;
  auto name = mlir::StringAttr::get(place.getContext(), "d." + named.getName().getValue());
  return mlir::NameLoc::get(name, named.getChildLoc());
}

mlir::LogicalResult Adjoints::transpose(mlir::Operation *op) {
  place = placeOfAdjoint(op->getLoc());
  // What is written gets all that was read of it; what is read gives it, though it stand behind.
  if (auto next = llvm::dyn_cast<NextOp>(op)) {
    if (wants(next.getValue()) && llvm::any_of(next.getSlot().getUsers(), [&](mlir::Operation *user) {
          return llvm::isa<ReadOp>(user) && wants(user->getResult(0));
        }))
      add(next.getValue(), make<TakeOp>(dualOf(next.getSlot().getDefiningOp())));
    return mlir::success();
  }
  if (auto put = llvm::dyn_cast<PutOp>(op)) {
    if (wants(put.getValue()) && llvm::any_of(put.getSlot().getUsers(), [&](mlir::Operation *user) {
          return llvm::isa<TakeOp>(user) && wants(user->getResult(0));
        }))
      add(put.getValue(), make<ReadOp>(put.getValue().getType(), dualOf(put.getSlot().getDefiningOp())));
    return mlir::success();
  }
  if (auto split = llvm::dyn_cast<SplitOp>(op)) {
    if (!wants(split.getX()))
      return mlir::success();
    SmallVector<Value> parts;
    bool any = false;
    for (Value part : split.getParts()) {
      Value dy = of(part);
      any |= bool(dy);
      parts.push_back(dy ? dy : constant(part.getType(), 0));
    }
    if (any)
      add(split.getX(), make<ConcatOp>(parts, split.getAxis()));
    return mlir::success();
  }
  if (op->getNumResults() != 1 || llvm::isa<ParamOp>(op) || llvm::none_of(op->getOperands(), [&](Value operand) {
        return wants(operand) || llvm::isa<StateType, AccumType>(operand.getType());
      }))
    return mlir::success();
  Value dy = isReal(op->getResult(0)) ? of(op->getResult(0)) : Value();
  if (!dy)
    return mlir::success();
  if (auto read = llvm::dyn_cast<ReadOp>(op)) {
    builder.create<PutOp>(place, dualOf(read.getSlot().getDefiningOp()), dy);
    return mlir::success();
  }
  if (auto take = llvm::dyn_cast<TakeOp>(op)) {
    builder.create<NextOp>(place, dualOf(take.getSlot().getDefiningOp()), dy);
    return mlir::success();
  }
  for (auto rule : {transposePointwise, transposeProduct, transposePart, transposeRows, transposeCrossing})
    if (rule(*this, op, dy))
      return mlir::success();
  return op->emitOpError("has no adjoint");
}

Value Adjoints::dualOf(mlir::Operation *slot) {
  Value &dual = duals[slot];
  if (dual)
    return dual;
  auto timed = llvm::cast<Timed>(slot);
  std::string path = (prefix + slot->getAttrOfType<mlir::StringAttr>("path").getValue()).str();
  if (auto state = llvm::dyn_cast<StateOp>(slot))
    dual = builder.create<AccumOp>(place, AccumType::get(state.getSlot().getType().getStream()), path,
                                   !timed.getReverse(), timed.getScopeAttr());
  else
    dual = builder.create<StateOp>(place, StateType::get(llvm::cast<AccumOp>(slot).getSlot().getType().getStream()),
                                   path, !timed.getReverse(), timed.getScopeAttr());
  return dual;
}

//===--- Equations ---------------------------------------------------------------------------------------------===//

Value Adjoints::constant(mlir::Type type, double number) {
  if (elementOf(type).isF32())
    return make<ConstOp>(type, ArrayRef<double>(number));
  return make<ConstOp>(type, ArrayRef<int64_t>(int64_t(number)));
}

Value Adjoints::lifted(Value x, ClockInterface clock) {
  if (!clock || clockOf(x.getType()))
    return x;
  return make<LiftOp>(valueType(shapeOf(x.getType()), elementOf(x.getType()), clock), x);
}

Value Adjoints::compare(Predicate predicate, Value a, Value b) { return make<CompareOp>(predicate, a, b); }

Value Adjoints::where(Value condition, Value x) { return select(condition, x, constant(x.getType(), 0)); }

Value Adjoints::times(Value x, double factor) { return make<MulOp>(x, constant(x.getType(), factor)); }

Value Adjoints::crossed(Value x, ClockInterface clock, bool reverse, ScopeAttr scope) {
  return make<LatestOp>(valueType(shapeOf(x.getType()), elementOf(x.getType()), clock), x, reverse, scope);
}

Value Adjoints::reduced(Reduction kind, Value x, ClockInterface clock, bool reverse, ScopeAttr scope, bool toSource) {
  return make<ReduceOp>(valueType(shapeOf(x.getType()), elementOf(x.getType()), clock), kind, x, reverse, scope,
                        toSource);
}

Value Adjoints::spread(Value x, ArrayRef<int64_t> shape, std::optional<int64_t> axis) {
  auto repeated = [&](ArrayRef<int64_t> shape) {
    return make<RepeatOp>(valueType(shape, elementOf(x.getType()), clockOf(x.getType())), x);
  };
  if (!axis || *axis == 0)
    return shapeOf(x.getType()) == shape ? x : repeated(shape);
  SmallVector<int64_t> first{shape[*axis]}, order;
  llvm::append_range(first, shapeOf(x.getType()));
  for (int64_t i = 0; i < int64_t(shape.size()); ++i)
    order.push_back(i < *axis ? i + 1 : i == *axis ? 0 : i);
  return transposed(repeated(first), order);
}

Value Adjoints::transposed(Value x, ArrayRef<int64_t> permutation) { return make<TransposeOp>(x, permutation); }

Value Adjoints::reshaped(Value x, ArrayRef<int64_t> shape) {
  return make<ReshapeOp>(valueType(shape, elementOf(x.getType()), clockOf(x.getType())), x);
}

Value Adjoints::folded(Value x, std::optional<int64_t> axis) {
  return make<FoldOp>(Reduction::Sum, x, axis ? builder.getI64IntegerAttr(*axis) : mlir::IntegerAttr());
}

Value Adjoints::padded(Value x, int64_t begin, int64_t end, int64_t size, int64_t axis) {
  mlir::Type type = x.getType();
  SmallVector<int64_t> shape(shapeOf(type));
  shape[axis] = size;
  return make<PadOp>(valueType(shape, elementOf(type), clockOf(type)), x, builder.getI64IntegerAttr(begin),
                     builder.getI64IntegerAttr(end), builder.getI64IntegerAttr(size), builder.getI64IntegerAttr(axis));
}

} // namespace rondo::rnn
