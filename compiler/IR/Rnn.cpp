// The dialect: what it consists of, the names of clocks in printed text, and what types of values have in common.
#include "compiler/IR/Rnn.h"
#include "compiler/IR/Step.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rondo::rnn;

#include "compiler/IR/RnnDialect.cpp.inc"
#include "compiler/IR/RnnEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/IR/RnnTypes.cpp.inc"

namespace {

/// Clocks print as aliases that say what they are: #word, #every4_word, #event0_word, #target_source.
struct ClockAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  static void print(Attribute clock, raw_ostream &os) {
    if (auto axis = dyn_cast<AxisClockAttr>(clock)) {
      os << axis.getName().getValue();
    } else if (auto every = dyn_cast<EveryClockAttr>(clock)) {
      os << "every" << every.getPeriod() << '_';
      if (every.getPhase())
        os << "phase" << every.getPhase() << '_';
      if (every.getReverse())
        os << "reverse_";
      print(every.getOf(), os);
    } else if (auto event = dyn_cast<EventClockAttr>(clock)) {
      os << "event" << event.getId() << '_';
      print(event.getOf(), os);
    } else if (auto pair = dyn_cast<PairClockAttr>(clock)) {
      print(pair.getTarget(), os);
      os << '_';
      print(pair.getSource(), os);
    }
  }

  AliasResult getAlias(Attribute attr, raw_ostream &os) const override {
    if (!isa<ClockInterface>(attr))
      return AliasResult::NoAlias;
    print(attr, os);
    return AliasResult::FinalAlias;
  }
};

} // namespace

void RnnDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "compiler/IR/RnnOps.cpp.inc"
      >();
  addInterfaces<ClockAliases>();
}

Operation *RnnDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || !isValueType(type) || dense.getType().getShape() != shapeOf(type))
    return nullptr;
  return ConstOp::create(builder, loc, type, dense);
}

bool rondo::rnn::isElementType(Type type) {
  return type.isF32() || type.isInteger(64) || type.isInteger(1) || isa<TokenType>(type);
}

bool rondo::rnn::isValueType(Type type) {
  if (isa<StreamType>(type))
    return true;
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && !tensor.getEncoding() && isElementType(tensor.getElementType());
}

ArrayRef<int64_t> rondo::rnn::shapeOf(Type value) {
  if (auto stream = dyn_cast<StreamType>(value))
    return stream.getShape();
  return cast<RankedTensorType>(value).getShape();
}

Type rondo::rnn::elementOf(Type value) {
  if (auto stream = dyn_cast<StreamType>(value))
    return stream.getElementType();
  return cast<RankedTensorType>(value).getElementType();
}

int64_t rondo::rnn::elementCount(Type value) {
  int64_t count = 1;
  for (int64_t size : shapeOf(value))
    count *= size;
  return count;
}

ClockInterface rondo::rnn::clockOf(Type value) {
  auto stream = dyn_cast<StreamType>(value);
  return stream ? stream.getClock() : ClockInterface();
}

Type rondo::rnn::valueType(ArrayRef<int64_t> shape, Type element, ClockInterface clock) {
  if (clock)
    return StreamType::get(shape, element, clock);
  return RankedTensorType::get(shape, element);
}

//===--- Types -------------------------------------------------------------------------------------------------===//

void RnnDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/IR/RnnTypes.cpp.inc"
      >();
}

LogicalResult StreamType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape,
                                 Type elementType, ClockInterface clock) {
  if (llvm::any_of(shape, [](int64_t size) { return size < 0; }))
    return emitError() << "a stream's shape is static [T2]";
  if (!isElementType(elementType))
    return emitError() << "elements are f32, i64, i1 or !rnn.token, not " << elementType << " [T1]";
  return success();
}

LogicalResult TokenType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t size) {
  if (size < 1)
    return emitError() << "a token of " << size << " values [T1]";
  return success();
}
