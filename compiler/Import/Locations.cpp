#include "compiler/Import/Locations.h"
#include "llvm/Support/SourceMgr.h"

namespace rondo::import {

mlir::Location LocationTranslator::at(llvm::SMRange range) {
  unsigned buffer = range.isValid() ? sources.FindBufferContainingLoc(range.Start) : 0;
  if (!buffer)
    return mlir::UnknownLoc::get(context);
  auto [line, column] = sources.getLineAndColumn(range.Start, buffer);
  return mlir::FileLineColLoc::get(context, sources.getMemoryBuffer(buffer)->getBufferIdentifier(), line, column);
}

mlir::Location LocationTranslator::at(uint32_t location) {
  if (location >= model.locations.size())
    return mlir::UnknownLoc::get(context);
  if (mlir::LocationAttr done = known.lookup(location))
    return done;
  // Callers come first, so that nesting of any depth costs no recursion.
  llvm::SmallVector<uint32_t> open{location};
  for (int32_t up = model.locations[location].caller; up >= 0 && !known.contains(up); up = model.locations[up].caller)
    open.push_back(up);
  while (!open.empty()) {
    uint32_t index = open.pop_back_val();
    mlir::Location here = at(model.locations[index].range);
    int32_t caller = model.locations[index].caller;
    known[index] = caller < 0 ? here : mlir::Location(mlir::CallSiteLoc::get(here, mlir::Location(known[caller])));
  }
  return known[location];
}

} // namespace rondo::import
