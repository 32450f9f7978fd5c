// The only file of kernels that knows how the LLVM dialect spells what they are made of.
#include "compiler/Cpu/Code.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace rondo::cpu {

Code::Code(ModuleOp module, const Isa &isa)
    : target(isa), f32(Float32Type::get(module.getContext())), f64(Float64Type::get(module.getContext())),
      bf16(BFloat16Type::get(module.getContext())), i64(IntegerType::get(module.getContext(), 64)),
      i32(IntegerType::get(module.getContext(), 32)), i8(IntegerType::get(module.getContext(), 8)),
      i1(IntegerType::get(module.getContext(), 1)),
      pointer((module.getContext()->loadDialect<LLVM::LLVMDialect>(), LLVM::LLVMPointerType::get(module.getContext()))),
      builder(module.getContext()), location(builder.getUnknownLoc()), module(module) {}

//===--- Functions ---------------------------------------------------------------------------------------------===//

ValueRange Code::begin(StringRef name, TypeRange arguments, bool local) {
  builder.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), SmallVector<Type>(arguments));
  auto function = LLVM::LLVMFuncOp::create(builder, location, name, type,
                                           local ? LLVM::Linkage::Internal : LLVM::Linkage::External);
  function.setNoUnwind(true);
  entry = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  constants.clear();
  return entry->getArguments();
}

void Code::end() { LLVM::ReturnOp::create(builder, location, ValueRange()); }

void Code::callLocal(StringRef name, ValueRange arguments, llvm::function_ref<void(Code &)> write) {
  if (written.insert(name).second && !module.lookupSymbol(name)) {
    Code callee(module, target);
    write(callee);
  }
  LLVM::CallOp::create(builder, location, TypeRange(), name, arguments);
}

Value Code::intrinsic(Type type, StringRef name, ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(builder, location, type, builder.getStringAttr(name), arguments).getResult(0);
}

void Code::effect(StringRef name, ValueRange arguments) {
  LLVM::CallIntrinsicOp::create(builder, location, builder.getStringAttr(name), arguments);
}

Value Code::stack(int64_t bytes) {
  OpBuilder::InsertionGuard guard(builder);
  Value size = index(bytes);
  builder.setInsertionPointAfterValue(size);
  return LLVM::AllocaOp::create(builder, location, pointer, i8, size, 64);
}

Value Code::table(DenseElementsAttr numbers) {
  Value &known = constants[{pointer, numbers}];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(builder);
  std::string name;
  for (int i = 0;; ++i) {
    name = "table." + std::to_string(i);
    auto known = module.lookupSymbol<LLVM::GlobalOp>(name);
    if (!known || known.getValueOrNull() == numbers)
      break;
  }
  if (!module.lookupSymbol(name)) {
    builder.setInsertionPointToEnd(module.getBody());
    auto type = LLVM::LLVMArrayType::get(numbers.getElementType(), numbers.getNumElements());
    LLVM::GlobalOp::create(builder, location, type, true, LLVM::Linkage::Internal, name, numbers, 64);
  }
  builder.setInsertionPointToStart(entry);
  return known = LLVM::AddressOfOp::create(builder, location, pointer, name);
}

//===--- Types and constants -----------------------------------------------------------------------------------===//

Type Code::vectorOf(Type element, int64_t lanes) { return lanes == 1 ? element : VectorType::get({lanes}, element); }

Type Code::elementOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getElementType() : type;
}

int64_t Code::lanesOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getNumElements() : 1;
}

Value Code::constant(Type type, Attribute value) {
  Value &known = constants[{type, value}];
  if (!known) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(entry);
    known = LLVM::ConstantOp::create(builder, location, type, value);
  }
  return known;
}

Value Code::real(double value, Type type) {
  TypedAttr number = builder.getFloatAttr(elementOf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    number = DenseElementsAttr::get(vector, number);
  return constant(type, number);
}

Value Code::integer(int64_t value, Type type) {
  TypedAttr number = builder.getIntegerAttr(elementOf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    number = DenseElementsAttr::get(vector, number);
  return constant(type, number);
}

Value Code::mask(int64_t first, int64_t end, int64_t lanes) {
  SmallVector<bool> bits(lanes, false);
  std::fill(bits.begin() + first, bits.begin() + end, true);
  auto type = VectorType::get({lanes}, i1);
  return constant(type, DenseElementsAttr::get(type, bits));
}

Value Code::broadcast(Value scalar, int64_t lanes) {
  if (lanes == 1 || isa_and_present<VectorType>(scalar.getType()))
    return scalar;
  Type type = vectorOf(scalar.getType(), lanes);
  if (auto number = scalar.getDefiningOp<LLVM::ConstantOp>())
    return constant(type, DenseElementsAttr::get(cast<VectorType>(type), number.getValue()));
  Value none = LLVM::PoisonOp::create(builder, location, type);
  Value first = LLVM::InsertElementOp::create(builder, location, none, scalar, integer(0, i32));
  return LLVM::ShuffleVectorOp::create(builder, location, first, none, SmallVector<int32_t>(lanes, 0));
}

//===--- Arithmetic --------------------------------------------------------------------------------------------===//

static bool isFloat(Value x) { return isa<FloatType>(Code::elementOf(x.getType())); }

/// The operation on floats, or its counterpart on integers.
template <typename OnFloats, typename OnInts>
static Value arithmetic(OpBuilder &builder, Location location, Value a, Value b) {
  if (isFloat(a))
    return OnFloats::create(builder, location, a, b);
  return OnInts::create(builder, location, a, b);
}

Value Code::add(Value a, Value b) { return arithmetic<LLVM::FAddOp, LLVM::AddOp>(builder, location, a, b); }
Value Code::sub(Value a, Value b) { return arithmetic<LLVM::FSubOp, LLVM::SubOp>(builder, location, a, b); }
Value Code::mul(Value a, Value b) { return arithmetic<LLVM::FMulOp, LLVM::MulOp>(builder, location, a, b); }
Value Code::divide(Value a, Value b) { return arithmetic<LLVM::FDivOp, LLVM::SDivOp>(builder, location, a, b); }

Value Code::neg(Value a) {
  if (isFloat(a))
    return LLVM::FNegOp::create(builder, location, a);
  return sub(integer(0, a), a);
}

Value Code::fma(Value a, Value b, Value c) {
  if (target.level == Isa::Level::X86_64_v2) // a function call there
    return add(mul(a, b), c);
  return LLVM::FMAOp::create(builder, location, a, b, c);
}

Value Code::both(Value a, Value b) { return LLVM::AndOp::create(builder, location, a, b); }
Value Code::either(Value a, Value b) { return LLVM::OrOp::create(builder, location, a, b); }
Value Code::differing(Value a, Value b) { return LLVM::XOrOp::create(builder, location, a, b); }
Value Code::negation(Value bits) { return differing(bits, integer(-1, bits)); }
Value Code::shiftLeft(Value a, int64_t by) { return LLVM::ShlOp::create(builder, location, a, integer(by, a)); }
Value Code::shiftRight(Value a, int64_t by) { return LLVM::LShrOp::create(builder, location, a, integer(by, a)); }
Value Code::trailingZeros(Value a) {
  return LLVM::CountTrailingZerosOp::create(builder, location, a.getType(), a, true);
}
Value Code::least(Value a, Value b) { return LLVM::SMinOp::create(builder, location, a, b); }
Value Code::most(Value a, Value b) { return LLVM::SMaxOp::create(builder, location, a, b); }

Value Code::unary(Unary kind, Value x) {
  switch (kind) {
  case Unary::Sqrt: return LLVM::SqrtOp::create(builder, location, x);
  case Unary::Floor: return LLVM::FFloorOp::create(builder, location, x);
  case Unary::Abs: return LLVM::FAbsOp::create(builder, location, x);
  case Unary::Sin: return LLVM::SinOp::create(builder, location, x);
  case Unary::Cos: return LLVM::CosOp::create(builder, location, x);
  }
  llvm_unreachable("a function of one operand");
}

Value Code::power(Value a, Value b) { return LLVM::PowOp::create(builder, location, a, b); }

Value Code::compare(rnn::Predicate predicate, Value a, Value b) {
  using Float = LLVM::FCmpPredicate;
  using Int = LLVM::ICmpPredicate;
  static constexpr Float floats[] = {Float::oeq, Float::une, Float::olt, Float::ole, Float::ogt, Float::oge};
  static constexpr Int ints[] = {Int::eq, Int::ne, Int::slt, Int::sle, Int::sgt, Int::sge};
  if (isFloat(a))
    return LLVM::FCmpOp::create(builder, location, floats[int(predicate)], a, b);
  return LLVM::ICmpOp::create(builder, location, ints[int(predicate)], a, b);
}

Value Code::intrinsicOfFloats(StringRef name, ValueRange operands, llvm::function_ref<Values(Values)> arguments) {
  constexpr int64_t lanes = 16;
  Values wide;
  for (Value operand : operands)
    wide.push_back(broadcast(operand, lanes));
  Value result = intrinsic(vectorOf(f32, lanes), name, arguments(wide));
  return lanesOf(operands[0].getType()) == 1 ? laneOf(result, 0) : result;
}

// An approximation to 14 bits, and a step of Newton's.
Value Code::reciprocal(Value x) {
  Value one = real(1, x);
  if (!hasScaling())
    return divide(one, x);
  Value near = intrinsicOfFloats("llvm.x86.avx512.rcp14.ps.512", x, [&](Values in) {
    return Values{in[0], real(0, in[0]), integer(-1, builder.getIntegerType(16))};
  });
  return fma(near, fma(neg(x), near, one), near);
}

constexpr int64_t currentRounding = 4;

Value Code::fraction(Value x) {
  return intrinsicOfFloats("llvm.x86.avx512.mask.reduce.ps.512", x, [&](Values in) {
    constexpr int64_t toNearest = 8; // and without exceptions
    return Values{in[0], integer(toNearest, i32), real(0, in[0]), integer(-1, builder.getIntegerType(16)),
                  integer(currentRounding, i32)};
  });
}

Value Code::scaleBy(Value x, Value n) {
  return intrinsicOfFloats("llvm.x86.avx512.mask.scalef.ps.512", {x, n}, [&](Values in) {
    return Values{in[0], in[1], real(0, in[0]), integer(-1, builder.getIntegerType(16)), integer(currentRounding, i32)};
  });
}

Value Code::below(Value a, Value b) { return LLVM::ICmpOp::create(builder, location, LLVM::ICmpPredicate::ult, a, b); }
Value Code::isNan(Value x) { return LLVM::FCmpOp::create(builder, location, LLVM::FCmpPredicate::uno, x, x); }
Value Code::null() { return LLVM::ZeroOp::create(builder, location, pointer); }
Value Code::isNull(Value address) {
  return LLVM::ICmpOp::create(builder, location, LLVM::ICmpPredicate::eq, address, null());
}
Value Code::lanesBelow(Value end, int64_t lanes) {
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  auto type = VectorType::get({lanes}, i32);
  return compare(rnn::Predicate::Lt, constant(type, DenseElementsAttr::get(type, ArrayRef(numbers))),
                 broadcast(narrow(end, i32), lanes));
}
Value Code::select(Value condition, Value a, Value b) {
  return LLVM::SelectOp::create(builder, location, condition, a, b);
}

//===--- Conversions -------------------------------------------------------------------------------------------===//

Value Code::bits(Value x, Type element) {
  return LLVM::BitcastOp::create(builder, location, like(x.getType(), element), x);
}
Value Code::halves(Value x, Type element) {
  return LLVM::BitcastOp::create(builder, location, vectorOf(element, 2 * lanesOf(x.getType())), x);
}
Value Code::widen(Value x, Type element) {
  if (isFloat(x))
    return LLVM::FPExtOp::create(builder, location, like(x.getType(), element), x);
  return LLVM::ZExtOp::create(builder, location, like(x.getType(), element), x);
}
Value Code::widenSigned(Value x, Type element) {
  return LLVM::SExtOp::create(builder, location, like(x.getType(), element), x);
}
Value Code::narrow(Value x, Type element) {
  if (isFloat(x))
    return LLVM::FPTruncOp::create(builder, location, like(x.getType(), element), x);
  return LLVM::TruncOp::create(builder, location, like(x.getType(), element), x);
}
Value Code::toFloat(Value integer, Type element, bool isSigned) {
  Type type = like(integer.getType(), element);
  if (isSigned)
    return LLVM::SIToFPOp::create(builder, location, type, integer);
  return LLVM::UIToFPOp::create(builder, location, type, integer);
}
Value Code::toInt(Value x) {
  std::string lanes = lanesOf(x.getType()) == 1 ? "" : "v" + std::to_string(lanesOf(x.getType()));
  return intrinsic(like(x.getType(), i64), "llvm.fptosi.sat." + lanes + "i64." + lanes + "f32", x);
}

//===--- Lanes -------------------------------------------------------------------------------------------------===//

Value Code::laneOf(Value vector, int64_t lane) {
  return LLVM::ExtractElementOp::create(builder, location, vector, integer(lane, i32));
}

Value Code::reduce(Value vector, llvm::function_ref<Value(Value, Value)> meet) {
  if (lanesOf(vector.getType()) == 1)
    return vector;
  for (int64_t lanes = lanesOf(vector.getType()); lanes > 2; lanes /= 2) {
    SmallVector<int32_t> low, high;
    for (int64_t i = 0; i < lanes / 2; ++i) {
      low.push_back(i);
      high.push_back(lanes / 2 + i);
    }
    vector = meet(LLVM::ShuffleVectorOp::create(builder, location, vector, vector, low),
                  LLVM::ShuffleVectorOp::create(builder, location, vector, vector, high));
  }
  return meet(laneOf(vector, 0), laneOf(vector, 1));
}

void Code::transpose(MutableArrayRef<Value> square) {
  auto lanes = int64_t(square.size());
  for (int64_t size = lanes / 2; size > 0; size /= 2) {
    // Of squares of this size, four in each larger one, two change places.
    SmallVector<int32_t> low, high;
    for (int64_t i = 0; i < lanes; ++i) {
      low.push_back(i & size ? lanes + i - size : i);
      high.push_back(i & size ? lanes + i : i + size);
    }
    for (int64_t i = 0; i < lanes; ++i)
      if (!(i & size)) {
        Value a = square[i], b = square[i + size];
        square[i] = LLVM::ShuffleVectorOp::create(builder, location, a, b, low);
        square[i + size] = LLVM::ShuffleVectorOp::create(builder, location, a, b, high);
      }
  }
}

//===--- Memory ------------------------------------------------------------------------------------------------===//

Value Code::at(Value base, Value bytes) {
  return LLVM::GEPOp::create(builder, location, pointer, i8, base, ArrayRef<LLVM::GEPArg>(bytes));
}

Value Code::at(Value base, int64_t bytes) {
  if (bytes == 0)
    return base;
  if (bytes == int32_t(bytes))
    return LLVM::GEPOp::create(builder, location, pointer, i8, base, ArrayRef<LLVM::GEPArg>(int32_t(bytes)));
  return at(base, index(bytes));
}

/// Rows begin at multiples of their element only.
static unsigned alignmentOf(Type type) {
  Type element = Code::elementOf(type);
  return element.isIntOrFloat() ? element.getIntOrFloatBitWidth() / 8 : 8;
}

Value Code::load(Type type, Value address, Value mask) {
  unsigned alignment = alignmentOf(type);
  if (!mask)
    return LLVM::LoadOp::create(builder, location, type, address, alignment);
  Value zeros = constant(type, builder.getZeroAttr(type));
  return LLVM::MaskedLoadOp::create(builder, location, type, address, mask, zeros, builder.getI32IntegerAttr(alignment),
                                    UnitAttr());
}

void Code::prefetch(Value address, int64_t level) {
  LLVM::Prefetch::create(builder, location, address, /*rw=*/0, /*hint=*/4 - level, /*cache=*/1);
}

void Code::store(Value value, Value address, Value mask) {
  unsigned alignment = alignmentOf(value.getType());
  if (mask)
    LLVM::MaskedStoreOp::create(builder, location, value, address, mask, builder.getI32IntegerAttr(alignment));
  else
    LLVM::StoreOp::create(builder, location, value, address, alignment);
}

//===--- Control -----------------------------------------------------------------------------------------------===//

Block *Code::newBlock(TypeRange arguments) {
  Region *body = entry->getParent();
  Block *block = &body->emplaceBlock();
  block->addArguments(arguments, SmallVector<Location>(arguments.size(), location));
  return block;
}

/// A test in front and one behind the body: the body is one piece that nothing is jumped over in.
Code::Values Code::loop(Value first, Value end, Value step, ValueRange carried, Body body) {
  SmallVector<Type> types(1, i64);
  llvm::append_range(types, carried.getTypes());
  Block *turn = newBlock(types), *behind = newBlock(carried.getTypes());
  Values entering(1, first);
  llvm::append_range(entering, carried);
  LLVM::CondBrOp::create(builder, location, compare(rnn::Predicate::Lt, first, end), turn, entering, behind,
                         Values(carried));
  builder.setInsertionPointToStart(turn);
  Values last = body(turn->getArgument(0), turn->getArguments().drop_front());
  Value next = add(turn->getArgument(0), step);
  Values again(1, next);
  llvm::append_range(again, last);
  LLVM::CondBrOp::create(builder, location, compare(rnn::Predicate::Lt, next, end), turn, again, behind, last);
  builder.setInsertionPointToStart(behind);
  return Values(behind->getArguments());
}

void Code::loop(Value first, Value end, Value step, llvm::function_ref<void(Value)> body) {
  loop(first, end, step, {}, [&](Value i, ValueRange) -> Values {
    body(i);
    return {};
  });
}

void Code::loopWhileBelow(Value first, Value end, llvm::function_ref<Value(Value)> body) {
  Block *turn = newBlock(i64), *behind = newBlock();
  LLVM::CondBrOp::create(builder, location, compare(rnn::Predicate::Lt, first, end), turn, first, behind, ValueRange());
  builder.setInsertionPointToStart(turn);
  Value next = body(turn->getArgument(0));
  LLVM::CondBrOp::create(builder, location, compare(rnn::Predicate::Lt, next, end), turn, next, behind, ValueRange());
  builder.setInsertionPointToStart(behind);
}

Code::Values Code::choose(Value condition, llvm::function_ref<Values()> then, llvm::function_ref<Values()> otherwise) {
  Block *yes = newBlock(), *no = newBlock();
  LLVM::CondBrOp::create(builder, location, condition, yes, no);
  builder.setInsertionPointToStart(yes);
  Values values = then();
  Block *behind = newBlock(ValueRange(values).getTypes());
  LLVM::BrOp::create(builder, location, values, behind);
  builder.setInsertionPointToStart(no);
  LLVM::BrOp::create(builder, location, otherwise(), behind);
  builder.setInsertionPointToStart(behind);
  return Values(behind->getArguments());
}

void Code::when(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise) {
  choose(condition, [&] { return then(), Values(); }, [&] { return otherwise(), Values(); });
}

void Code::when(Value condition, llvm::function_ref<void()> then) {
  when(condition, then, [] {});
}

void Code::dispatch(Value n, int64_t cases, llvm::function_ref<void(int64_t)> body) {
  SmallVector<Block *> targets;
  SmallVector<int64_t> numbers;
  SmallVector<ValueRange> arguments(cases);
  Block *behind = newBlock();
  for (int64_t i = 0; i < cases; ++i) {
    targets.push_back(newBlock());
    numbers.push_back(i);
  }
  auto type = RankedTensorType::get({cases}, i64);
  LLVM::SwitchOp::create(builder, location, n, behind, ValueRange(), DenseIntElementsAttr::get(type, numbers), targets,
                         arguments);
  for (int64_t i = 0; i < cases; ++i) {
    builder.setInsertionPointToStart(targets[i]);
    body(i);
    LLVM::BrOp::create(builder, location, ValueRange(), behind);
  }
  builder.setInsertionPointToStart(behind);
}

} // namespace rondo::cpu
