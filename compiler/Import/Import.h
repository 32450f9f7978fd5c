// dsl::Model -> `rnn.model`. What each construct of the language becomes is told in the files of this folder, by family.
#ifndef RONDO_IMPORT_IMPORT_H
#define RONDO_IMPORT_IMPORT_H

#include "dsl/Model.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"

namespace llvm {
class SourceMgr;
}

namespace rondo::import {

/// One `rnn.model` a Model: `@name`, and `@name.train` for one elaborated with `training`. `sources` holds the texts that
/// the models' places lie in. The module is verified. Null after an error, which went to the context's diagnostics. The
/// models were checked before, so it is a bug of the compiler, unless `refused` says that they use something that the
/// dialect cannot say; then the message tells what to write instead.
mlir::OwningOpRef<mlir::ModuleOp> importModels(mlir::MLIRContext &context, llvm::ArrayRef<const dsl::Model *> models,
                                               llvm::SourceMgr &sources, bool &refused);

} // namespace rondo::import
#endif
