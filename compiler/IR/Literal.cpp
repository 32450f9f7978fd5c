#include "compiler/IR/Literal.h"
#include "compiler/IR/Rnn.h"

#include "llvm/ADT/SmallString.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace rondo::rnn;

static ParseResult parseNumber(AsmParser &parser, Literal::Number &number) {
  if (succeeded(parser.parseOptionalKeyword("true"))) {
    number = {Literal::Number::Bool, 1, 1};
    return success();
  }
  if (succeeded(parser.parseOptionalKeyword("false"))) {
    number = {Literal::Number::Bool, 0, 0};
    return success();
  }
  SMLoc loc = parser.getCurrentLocation();
  bool minus = succeeded(parser.parseOptionalMinus());
  double real;
  if (succeeded(parser.parseOptionalKeyword("inf"))) {
    real = HUGE_VAL;
  } else if (succeeded(parser.parseOptionalKeyword("nan"))) {
    real = std::nan("");
  } else {
    APInt integer;
    OptionalParseResult parsed = parser.parseOptionalInteger(integer);
    if (parsed.has_value()) {
      if (failed(*parsed))
        return failure();
      integer = integer.zext(integer.getBitWidth() + 1); // never negative so far
      if (minus)
        integer.negate();
      if (!integer.isSignedIntN(64))
        return parser.emitError(loc, "the number does not fit into 64 bits");
      int64_t value = integer.getSExtValue();
      number = {Literal::Number::Int, double(value), value};
      return success();
    }
    if (parser.parseFloat(real))
      return failure();
  }
  number = {Literal::Number::Real, minus ? -real : real, 0};
  return success();
}

ParseResult Literal::parse(AsmParser &parser) {
  shape.clear();
  numbers.clear();
  return parseNested(parser, 0);
}

ParseResult Literal::parseNested(AsmParser &parser, unsigned depth) {
  SMLoc loc = parser.getCurrentLocation();
  auto irregular = [&] { return parser.emitError(loc, "brackets of different sizes side by side"); };
  if (failed(parser.parseOptionalLSquare())) {
    // The first number tells how deep all are.
    if (depth != shape.size())
      return irregular();
    return parseNumber(parser, numbers.emplace_back());
  }
  bool first = depth == shape.size();
  if (first && !numbers.empty())
    return irregular();
  if (first)
    shape.push_back(-1);
  int64_t count = 0;
  if (failed(parser.parseOptionalRSquare())) {
    do {
      if (parseNested(parser, depth + 1))
        return failure();
      ++count;
    } while (succeeded(parser.parseOptionalComma()));
    if (parser.parseRSquare())
      return failure();
  }
  if (shape[depth] != -1 && shape[depth] != count)
    return irregular();
  shape[depth] = count;
  return success();
}

DenseElementsAttr Literal::get(Type element) const {
  bool real = element.isF64(), boolean = element.isInteger(1);
  SmallVector<double> reals;
  SmallVector<int64_t> integers;
  for (const Number &number : numbers) {
    if ((number.kind == Number::Bool) != boolean || (number.kind == Number::Real && !real))
      return {};
    if (real)
      reals.push_back(number.real);
    else
      integers.push_back(number.integer);
  }
  return real ? dense(shape, element, ArrayRef(reals)) : dense(shape, element, ArrayRef(integers));
}

//===--- Elements ----------------------------------------------------------------------------------------------===//

/// One number for all elements, or one an element; equal elements are stored once, so that equal constants are one.
template <typename Number> static bool allEqual(ArrayRef<Number> numbers) {
  return llvm::all_of(numbers, [&](Number number) { return !std::memcmp(&number, &numbers[0], sizeof(Number)); });
}

DenseElementsAttr rondo::rnn::dense(ArrayRef<int64_t> shape, Type element, ArrayRef<double> numbers) {
  auto type = RankedTensorType::get(shape, element);
  if (type.getNumElements() == 0)
    return DenseElementsAttr::get(type, ArrayRef<double>());
  return DenseElementsAttr::get(type, allEqual(numbers) ? numbers.take_front() : numbers);
}

DenseElementsAttr rondo::rnn::dense(ArrayRef<int64_t> shape, Type element, ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get(shape, element);
  SmallVector<APInt> integers;
  unsigned width = element.getIntOrFloatBitWidth();
  if (type.getNumElements() > 0)
    for (int64_t number : allEqual(numbers) ? numbers.take_front() : numbers)
      integers.push_back(APInt(width, width == 1 ? number != 0 : number, /*isSigned=*/width > 1));
  return DenseElementsAttr::get(type, integers);
}

DenseElementsAttr rondo::rnn::constantFor(Type value, ArrayRef<double> numbers) {
  return dense(shapeOf(value), constantElement(value), numbers);
}

DenseElementsAttr rondo::rnn::constantFor(Type value, ArrayRef<int64_t> numbers) {
  return dense(shapeOf(value), constantElement(value), numbers);
}

Type rondo::rnn::constantElement(Type value) {
  Type element = elementOf(value);
  if (element.isF32())
    return Float64Type::get(value.getContext());
  if (element.isInteger(1))
    return element;
  return IntegerType::get(value.getContext(), 64);
}

//===--- Printing ----------------------------------------------------------------------------------------------===//

void rondo::rnn::printReal(raw_ostream &os, double value) {
  if (std::isnan(value)) {
    os << "nan";
    return;
  }
  if (std::isinf(value)) {
    os << (value < 0 ? "-inf" : "inf");
    return;
  }
  SmallString<32> text;
  for (unsigned digits : {6, 9, 15, 16, 17}) {
    text.clear();
    APFloat(value).toString(text, digits, /*FormatMaxPadding=*/6);
    if (APFloat(APFloat::IEEEdouble(), text).bitwiseIsEqual(APFloat(value)))
      break;
  }
  if (!text.str().contains('.'))
    text += ".0";
  os << text;
}

static void printNested(raw_ostream &os, ArrayRef<int64_t> shape, int64_t begin, function_ref<void(int64_t)> element) {
  if (shape.empty()) {
    element(begin);
    return;
  }
  int64_t stride = 1;
  for (int64_t size : shape.drop_front())
    stride *= size;
  os << '[';
  for (int64_t i = 0; i < shape.front(); ++i) {
    os << (i ? ", " : "");
    printNested(os, shape.drop_front(), begin + i * stride, element);
  }
  os << ']';
}

void rondo::rnn::printLiteral(raw_ostream &os, DenseElementsAttr value) {
  ArrayRef<int64_t> shape = value.isSplat() ? ArrayRef<int64_t>() : value.getType().getShape();
  Type type = value.getElementType();
  if (value.empty()) {
    os << (type.isF64() ? "0.0" : type.isInteger(1) ? "false" : "0");
    return;
  }
  if (type.isF64()) {
    auto reals = value.getValues<double>();
    printNested(os, shape, 0, [&](int64_t i) { printReal(os, reals[i]); });
  } else if (type.isInteger(1)) {
    auto bools = value.getValues<bool>();
    printNested(os, shape, 0, [&](int64_t i) { os << (bools[i] ? "true" : "false"); });
  } else {
    auto integers = value.getValues<int64_t>();
    printNested(os, shape, 0, [&](int64_t i) { os << integers[i]; });
  }
}
