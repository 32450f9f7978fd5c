// What is printed and parsed by hand: clocks, scopes, types, initialisers; models, outputs and constants.
#include "compiler/IR/Literal.h"
#include "compiler/IR/Rnn.h"
#include "compiler/IR/Syntax.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace rondo::rnn;

/// Diagnostics at the place where something began.
static auto errorAt(AsmParser &parser, SMLoc loc) {
  return [&parser, loc] { return parser.emitError(loc); };
}

//===--- Scopes ------------------------------------------------------------------------------------------------===//

static ParseResult parseCut(AsmParser &parser, bool &before, ClockInterface &clock) {
  StringRef side;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOptionalKeyword(&side, {"after", "before"}))
    return parser.emitError(loc, "expected `after` or `before`");
  before = side == "before";
  return parser.parseAttribute(clock);
}

static void printCut(AsmPrinter &printer, CutAttr cut) {
  printer << (cut.getBefore() ? "before " : "after ") << cut.getClock();
}

ParseResult rondo::rnn::parseCuts(AsmParser &parser, ScopeAttr &scope) {
  SmallVector<CutAttr> cuts;
  SMLoc loc = parser.getCurrentLocation();
  auto one = [&]() -> ParseResult {
    bool before;
    ClockInterface clock;
    if (parseCut(parser, before, clock))
      return failure();
    cuts.push_back(CutAttr::get(parser.getContext(), before, clock));
    return success();
  };
  if (parser.parseCommaSeparatedList(one))
    return failure();
  scope = ScopeAttr::getChecked(errorAt(parser, loc), parser.getContext(), ArrayRef<CutAttr>(cuts));
  return success(bool(scope));
}

void rondo::rnn::printCuts(AsmPrinter &printer, ScopeAttr scope) {
  llvm::interleaveComma(scope.getCuts(), printer, [&](CutAttr cut) { printCut(printer, cut); });
}

Attribute CutAttr::parse(AsmParser &parser, Type) {
  bool before;
  ClockInterface clock;
  if (parser.parseLess() || parseCut(parser, before, clock) || parser.parseGreater())
    return {};
  return get(parser.getContext(), before, clock);
}

void CutAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printCut(printer, *this);
  printer << '>';
}

Attribute ScopeAttr::parse(AsmParser &parser, Type) {
  ScopeAttr scope;
  if (parser.parseLess() || parseCuts(parser, scope) || parser.parseGreater())
    return {};
  return scope;
}

void ScopeAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printCuts(printer, *this);
  printer << '>';
}

//===--- Clocks ------------------------------------------------------------------------------------------------===//

Attribute AxisClockAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  std::string name;
  ClockInterface parent;
  if (parser.parseLess() || parser.parseString(&name) ||
      (succeeded(parser.parseOptionalKeyword("in")) && parser.parseAttribute(parent)) || parser.parseGreater())
    return {};
  return getChecked(errorAt(parser, loc), parser.getContext(), StringRef(name), parent);
}

void AxisClockAttr::print(AsmPrinter &printer) const {
  printer << '<' << getName();
  if (getOuter())
    printer << " in " << getOuter();
  printer << '>';
}

Attribute EveryClockAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t period, phase;
  ClockInterface of;
  ScopeAttr scope;
  if (parser.parseLess() || parser.parseInteger(period) || parser.parseKeyword("phase") || parser.parseInteger(phase) ||
      parser.parseKeyword("of") || parser.parseAttribute(of))
    return {};
  bool reverse = succeeded(parser.parseOptionalKeyword("reverse"));
  if (succeeded(parser.parseOptionalKeyword("from")) &&
      (parser.parseLParen() || parseCuts(parser, scope) || parser.parseRParen()))
    return {};
  if (parser.parseGreater())
    return {};
  return getChecked(errorAt(parser, loc), period, phase, of, reverse, scope);
}

void EveryClockAttr::print(AsmPrinter &printer) const {
  printer << '<' << getPeriod() << " phase " << getPhase() << " of " << getOf();
  if (getReverse())
    printer << " reverse";
  if (getScope()) {
    printer << " from(";
    printCuts(printer, getScope());
    printer << ')';
  }
  printer << '>';
}

Attribute EventClockAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t id;
  ClockInterface of;
  if (parser.parseLess() || parser.parseInteger(id) || parser.parseKeyword("of") || parser.parseAttribute(of) ||
      parser.parseGreater())
    return {};
  return getChecked(errorAt(parser, loc), id, of);
}

void EventClockAttr::print(AsmPrinter &printer) const { printer << '<' << getId() << " of " << getOf() << '>'; }

Attribute PairClockAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  ClockInterface target, source, per;
  if (parser.parseLess() || parser.parseAttribute(target) || parser.parseComma() || parser.parseAttribute(source) ||
      (succeeded(parser.parseOptionalKeyword("per")) && parser.parseAttribute(per)) || parser.parseGreater())
    return {};
  return getChecked(errorAt(parser, loc), target, source, per);
}

void PairClockAttr::print(AsmPrinter &printer) const {
  printer << '<' << getTarget() << ", " << getSource();
  if (getPer())
    printer << " per " << getPer();
  printer << '>';
}

//===--- Types -------------------------------------------------------------------------------------------------===//

Type StreamType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> shape;
  Type element;
  ClockInterface clock;
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) || parser.parseType(element) ||
      parser.parseComma() || parser.parseAttribute(clock) || parser.parseGreater())
    return {};
  return StreamType::getChecked(errorAt(parser, loc), parser.getContext(), ArrayRef<int64_t>(shape), element, clock);
}

void StreamType::print(AsmPrinter &printer) const {
  printer << '<';
  for (int64_t size : getShape())
    printer << size << 'x';
  printer << getElementType() << ", " << getClock() << '>';
}

template <typename Slot> static Type parseSlot(AsmParser &parser) {
  StreamType stream;
  if (parser.parseLess() || parser.parseType(stream) || parser.parseGreater())
    return {};
  return Slot::get(stream);
}

Type StateType::parse(AsmParser &parser) { return parseSlot<StateType>(parser); }
void StateType::print(AsmPrinter &printer) const { printer << '<' << Type(getStream()) << '>'; }
Type AccumType::parse(AsmParser &parser) { return parseSlot<AccumType>(parser); }
void AccumType::print(AsmPrinter &printer) const { printer << '<' << Type(getStream()) << '>'; }

Type TokenType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t size;
  if (parser.parseLess() || parser.parseInteger(size) || parser.parseGreater())
    return {};
  return TokenType::getChecked(errorAt(parser, loc), parser.getContext(), size);
}

void TokenType::print(AsmPrinter &printer) const { printer << '<' << getSize() << '>'; }

//===--- Initialisers ------------------------------------------------------------------------------------------===//

/// zeros | ones | glorot | orthogonal | uniform(0.1) | normal(0.1) | values(constant)
static ParseResult parseInit(AsmParser &parser, InitAttr &init) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseKeyword(&word))
    return failure();
  std::optional<InitKind> kind = symbolizeInitKind(word);
  if (!kind)
    return parser.emitError(loc) << "unknown initialiser `" << word << "` [T9]";
  double scale = 0;
  DenseElementsAttr values;
  if (*kind == InitKind::Uniform || *kind == InitKind::Normal || *kind == InitKind::Values) {
    Literal literal;
    loc = parser.getCurrentLocation();
    if (parser.parseLParen() || literal.parse(parser) || parser.parseRParen())
      return failure();
    DenseElementsAttr numbers = literal.get(parser.getBuilder().getF64Type());
    bool one = *kind != InitKind::Values;
    if (!numbers || (one && !literal.shape.empty()))
      return parser.emitError(loc) << "`" << word << "` takes " << (one ? "one number" : "numbers") << " [T9]";
    if (one)
      scale = literal.numbers.front().real;
    else
      values = numbers;
  }
  init = InitAttr::get(parser.getContext(), *kind, scale, values);
  return success();
}

static void printInit(AsmPrinter &printer, InitAttr init) {
  printer << stringifyInitKind(init.getKind());
  if (init.getKind() == InitKind::Values) {
    printer << '(';
    printLiteral(printer.getStream(), init.getValues());
    printer << ')';
  } else if (init.getKind() == InitKind::Uniform || init.getKind() == InitKind::Normal) {
    printer << '(';
    printReal(printer.getStream(), init.getScale().getValueAsDouble());
    printer << ')';
  }
}

static void printInit(OpAsmPrinter &printer, Operation *, InitAttr init) { printInit(printer, init); }

Attribute InitAttr::parse(AsmParser &parser, Type) {
  InitAttr init;
  if (parser.parseLess() || parseInit(parser, init) || parser.parseGreater())
    return {};
  return init;
}

void InitAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printInit(printer, *this);
  printer << '>';
}

//===--- Models ------------------------------------------------------------------------------------------------===//

ParseResult rondo::rnn::parseModel(OpAsmParser &parser, OperationState &state, const ModelAttributes &attributes) {
  Builder &builder = parser.getBuilder();
  if (succeeded(parser.parseOptionalKeyword("training")))
    state.addAttribute(attributes.training, builder.getUnitAttr());
  StringAttr name;
  if (parser.parseSymbolName(name, attributes.name, state.attributes))
    return failure();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<StringRef> names;
  std::vector<std::string> texts;
  auto one = [&]() -> ParseResult {
    if (parser.parseArgument(arguments.emplace_back()) || parser.parseString(&texts.emplace_back()))
      return failure();
    return parser.parseColonType(arguments.back().type);
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, one) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  for (const std::string &text : texts)
    names.push_back(text);
  state.addAttribute(attributes.inputs, builder.getStrArrayAttr(names));
  return parser.parseRegion(*state.addRegion(), arguments);
}

void rondo::rnn::printModel(OpAsmPrinter &printer, Operation *op, const ModelAttributes &attributes) {
  auto inputs = op->getAttrOfType<ArrayAttr>(attributes.inputs);
  printer << (op->hasAttr(attributes.training) ? " training " : " ");
  printer.printSymbolName(op->getAttrOfType<StringAttr>(attributes.name));
  printer << '(';
  llvm::interleaveComma(op->getRegion(0).getArguments(), printer, [&](BlockArgument argument) {
    printer.printRegionArgument(argument, /*argAttrs=*/{}, /*omitType=*/true); // and its location, if asked for
    printer << ' ' << inputs[argument.getArgNumber()] << " : " << argument.getType();
  });
  printer << ')';
  printer.printOptionalAttrDictWithKeyword(op->getAttrs(), {attributes.name, attributes.inputs, attributes.training});
  printer << ' ';
  printer.printRegion(op->getRegion(0), /*printEntryBlockArgs=*/false);
}

/// rnn.model [training] @name(%x "x" : type, ...) { equations }
ParseResult ModelOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseModel(parser, state, ModelAttributes::of<ModelOp>(state.name));
}

void ModelOp::print(OpAsmPrinter &printer) {
  printModel(printer, *this, ModelAttributes::of<ModelOp>((*this)->getName()));
}

/// rnn.return "y" = %y, "z" = %z : types
ParseResult ReturnOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<Attribute> names;
  SmallVector<OpAsmParser::UnresolvedOperand> values;
  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  std::string name;
  if (succeeded(parser.parseOptionalString(&name))) {
    do {
      if (!names.empty() && parser.parseString(&name))
        return failure();
      names.push_back(parser.getBuilder().getStringAttr(name));
      if (parser.parseEqual() || parser.parseOperand(values.emplace_back()))
        return failure();
    } while (succeeded(parser.parseOptionalComma()));
    if (parser.parseColonTypeList(types))
      return failure();
  }
  state.addAttribute(getNamesAttrName(state.name), parser.getBuilder().getArrayAttr(names));
  return failure(parser.parseOptionalAttrDict(state.attributes) ||
                 parser.resolveOperands(values, types, loc, state.operands));
}

void ReturnOp::print(OpAsmPrinter &printer) {
  if (!getValues().empty()) {
    printer << ' ';
    llvm::interleaveComma(llvm::zip_equal(getNames(), getValues()), printer,
                          [&](auto output) { printer << std::get<0>(output) << " = " << std::get<1>(output); });
    printer << " : " << getValues().getTypes();
  }
  printer.printOptionalAttrDict((*this)->getAttrs(), {getNamesAttrName()});
}

/// The condition of an event has the type that its clock says.
static ParseResult parseCondition(OpAsmParser &parser, OpAsmParser::UnresolvedOperand &condition, Type &type,
                                  EventClockAttr clock) {
  type = StreamType::get({}, parser.getBuilder().getI1Type(), clock.getOf());
  return parser.parseOperand(condition);
}

static void printCondition(OpAsmPrinter &printer, Operation *, Value condition, Type, EventClockAttr) {
  printer << condition;
}

//===--- Constants ---------------------------------------------------------------------------------------------===//

/// rnn.const 0.1 : type, rnn.const [[1.0, 2.0], [3.0, 4.0]] : type
ParseResult ConstOp::parse(OpAsmParser &parser, OperationState &state) {
  SMLoc loc = parser.getCurrentLocation();
  Literal literal;
  Type type;
  if (literal.parse(parser) || parser.parseOptionalAttrDict(state.attributes) || parser.parseColonType(type))
    return failure();
  if (!isValueType(type))
    return parser.emitError(loc) << "expected a stream or a static tensor, not " << type;
  if (!literal.shape.empty() && ArrayRef<int64_t>(literal.shape) != shapeOf(type))
    return parser.emitError(loc) << "the constant's shape is not that of " << type << " [T4]";
  literal.shape.assign(shapeOf(type).begin(), shapeOf(type).end());
  DenseElementsAttr value = literal.get(constantElement(type));
  if (!value)
    return parser.emitError(loc) << "the constant is no " << elementOf(type) << " [T1]";
  state.addAttribute(getValueAttrName(state.name), value);
  state.addTypes(type);
  return success();
}

void ConstOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printLiteral(printer.getStream(), getValue());
  printer.printOptionalAttrDict((*this)->getAttrs(), {getValueAttrName()});
  printer << " : " << getType();
}

// Next to the hand-written directives that it calls.
#include "compiler/IR/RnnOpInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/IR/RnnOps.cpp.inc"
