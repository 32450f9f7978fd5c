// Places in the source as MLIR locations.
#ifndef RONDO_IMPORT_LOCATIONS_H
#define RONDO_IMPORT_LOCATIONS_H

#include "dsl/Model.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/DenseMap.h"

namespace llvm {
class SourceMgr;
}

namespace rondo::import {

/// file:line:column of an expression, and outward through the applications it lies in: a CallSiteLoc each.
class LocationTranslator {
public:
  LocationTranslator(mlir::MLIRContext *context, const dsl::Model &model, llvm::SourceMgr &sources)
      : context(context), model(model), sources(sources) {}

  mlir::Location at(uint32_t location);
  mlir::Location at(llvm::SMRange range);

private:
  mlir::MLIRContext *context;
  const dsl::Model &model;
  llvm::SourceMgr &sources;
  llvm::DenseMap<uint32_t, mlir::LocationAttr> known;
};

} // namespace rondo::import
#endif
