// The dialect: what it consists of, builders, and what is printed and parsed by hand.
#include "compiler/IR/Step.h"
#include "compiler/IR/Syntax.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace rondo::rnn;
using namespace rondo::step;

#include "compiler/IR/StepDialect.cpp.inc"

void StepDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "compiler/IR/StepOps.cpp.inc"
      >();
}

void ScheduleOp::build(OpBuilder &builder, OperationState &state, StringRef name, ArrayRef<StringRef> inputs,
                       TypeRange types, bool training) {
  buildModel(builder, state, ModelAttributes::of<ScheduleOp>(state.name), name, inputs, types, training);
}

/// step.schedule [training] @name(%x "x" : type, ...) { groups }
ParseResult ScheduleOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseModel(parser, state, ModelAttributes::of<ScheduleOp>(state.name));
}

void ScheduleOp::print(OpAsmPrinter &printer) {
  printModel(printer, *this, ModelAttributes::of<ScheduleOp>((*this)->getName()));
}

StringRef ScheduleOp::getInputName(unsigned index) { return cast<StringAttr>(getInputs()[index]).getValue(); }

void ScheduleOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  // Also asked of schedules that do not verify.
  for (auto [argument, name] : llvm::zip(region.getArguments(), getInputs()))
    if (auto text = dyn_cast<StringAttr>(name))
      setName(argument, text.getValue());
}

template <class Users> static ScanOp onlyScanOf(Users users) {
  ScanOp reader;
  for (Operation *user : users) {
    auto scan = dyn_cast<ScanOp>(user->getParentOp());
    if (!scan || (reader && scan != reader))
      return {};
    reader = scan;
  }
  return reader;
}

ScanOp ParOp::getLeader() {
  Operation *above = *this;
  while (auto par = dyn_cast_or_null<ParOp>(above)) {
    if (!par.getTrailing())
      return {};
    above = above->getPrevNode();
  }
  return dyn_cast_or_null<ScanOp>(above);
}

ScanOp ScanOp::getScanAbove() {
  Operation *above = (*this)->getPrevNode();
  for (; auto par = dyn_cast_or_null<ParOp>(above); above = above->getPrevNode())
    if (!par.getTrailing() && !(par.getChunked() && par.getReader() == *this))
      return {};
  return dyn_cast_or_null<ScanOp>(above);
}

ScanOp ParOp::getReader() { return onlyScanOf((*this)->getUsers()); }

ScanOp ParOp::getReaderOf(unsigned result) { return onlyScanOf(getResult(result).getUsers()); }

#define GET_OP_CLASSES
#include "compiler/IR/StepOps.cpp.inc"
