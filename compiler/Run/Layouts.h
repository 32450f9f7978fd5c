// Converting parameters between the library's cells and the layouts of other frameworks, by the table lib/layouts.def.
#ifndef RONDO_RUN_LAYOUTS_H
#define RONDO_RUN_LAYOUTS_H

#include "compiler/Run/Safetensors.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class raw_ostream;
}

namespace rondo::run {

/// One module of the file: `oldName` in the layout that is read becomes `newName` in the one that is written. Either
/// may be empty.
struct ModuleMap {
  std::string cell, newName, oldName;
};

enum class Rest { Refuse, Keep, Drop }; // tensors that belong to no module

struct ConvertOptions {
  std::string from, to; // formats: "rondo", "pytorch", "onnx", "keras"
  std::vector<ModuleMap> modules;
  bool resetBefore = false; // the cells have the reset gate before the product
  Rest rest = Rest::Refuse;
};

/// Layers and directions are found in the names that are there. Element types are kept.
llvm::Error convertLayout(const SafetensorsFile &in, const ConvertOptions &options, SafetensorsWriter &out);

llvm::ArrayRef<llvm::StringRef> layoutFormats();
std::vector<llvm::StringRef> layoutCells();
/// The table, readable: each cell's tensors in each format, with their blocks.
void printLayouts(llvm::raw_ostream &os);

} // namespace rondo::run
#endif
