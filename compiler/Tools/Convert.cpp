// rondo convert: parameters between the library's cells and other frameworks' layouts.
#include "compiler/Run/Files.h"
#include "compiler/Run/Layouts.h"
#include "compiler/Tools/Command.h"
#include "compiler/Tools/Crash.h"
#include "dsl/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::tools {

static int run(const Command &command, const Arguments &arguments) {
  if (arguments.has("list")) {
    if (!arguments.positional.empty())
      return unexpected(command, arguments.positional[0]);
    rondo::run::printLayouts(outs());
    return exitFine;
  }
  if (arguments.positional.size() != 2)
    return usageError(command, "expected " + command.positional);
  rondo::run::ConvertOptions options;
  options.from = arguments.text("from");
  options.to = arguments.text("to");
  for (auto [name, format] : {std::make_pair("--from", &options.from), std::make_pair("--to", &options.to)}) {
    if (format->empty())
      return usageError(command, Twine("option '") + name + "' is needed: rondo, pytorch, onnx or keras");
    if (!is_contained(rondo::run::layoutFormats(), StringRef(*format))) {
      auto near = dsl::nearest(*format, rondo::run::layoutFormats());
      return usageError(command, Twine("option '") + name + "' knows rondo, pytorch, onnx and keras, not '" + *format +
                                     "'" + (near ? "; did you mean '" + near->str() + "'?" : std::string()));
    }
  }
  std::string cell = arguments.text("cell");
  for (const std::string &text : arguments.all("map")) {
    size_t equals = text.find('=');
    if (equals == std::string::npos)
      return usageError(command, "option '--map' needs [CELL:]NEW=OLD, not '" + text + "'");
    rondo::run::ModuleMap map{cell, text.substr(0, equals), text.substr(equals + 1)};
    if (size_t colon = map.newName.find(':'); colon != std::string::npos) {
      map.cell = map.newName.substr(0, colon);
      map.newName.erase(0, colon + 1);
    }
    if (map.cell.empty())
      return usageError(command, "--map " + Twine(text) + " does not say which cell it is: --map CELL:" + text +
                                     ", or --cell CELL for all");
    std::vector<StringRef> cells = rondo::run::layoutCells();
    if (!is_contained(cells, StringRef(map.cell))) {
      auto near = dsl::nearest(map.cell, cells);
      return usageError(command, "no layout of a cell '" + map.cell + "' is known" +
                                     (near ? "; did you mean '" + near->str() + "'?" : std::string()));
    }
    options.modules.push_back(std::move(map));
  }
  if (options.modules.empty())
    return usageError(command, "expected at least one --map CELL:NEW=OLD");
  options.resetBefore = arguments.has("reset-before");
  std::string rest = arguments.text("rest", "refuse");
  if (rest != "refuse" && rest != "keep" && rest != "drop")
    return usageError(command, "option '--rest' knows refuse, keep and drop, not '" + rest + "'");
  options.rest = rest == "keep"   ? rondo::run::Rest::Keep
                 : rest == "drop" ? rondo::run::Rest::Drop
                                  : rondo::run::Rest::Refuse;

  const std::string &from = arguments.positional[0], &to = arguments.positional[1];
  addCrashInput(from);
  auto in = rondo::run::openSafetensors(from);
  if (!in)
    return failed(in.takeError());
  rondo::run::SafetensorsWriter out;
  if (Error conversion = rondo::run::convertLayout(**in, options, out))
    return failed(from + ": " + toString(std::move(conversion)));
  Error error = rondo::run::writeWhole(to, [&](raw_ostream &os) { os << out.bytes(); });
  return error ? failed(std::move(error)) : exitFine;
}

Command convertCommand() {
  return {
      "convert",
      "IN.safetensors OUT.safetensors",
      "convert parameters from and to the layouts of PyTorch, ONNX and Keras",
      "For example, what PyTorch calls 'rnn' becomes the instance 'enc' of a model; --list has the cells:\n"
      "  rondo convert --from pytorch --to rondo --map CELL:enc=rnn in.safetensors out.safetensors\n"
      "Layers and directions are found in the names. Two biases become their sum, and one bias becomes itself and "
      "zeros.",
      {
          {"from", Option::Kind::Text, "FORMAT", "the layout of IN: rondo, pytorch, onnx or keras"},
          {"to", Option::Kind::Text, "FORMAT", "the layout of OUT"},
          {"map", Option::Kind::Repeated, "[CELL:]NEW=OLD", "the module OLD of IN is NEW in OUT; either may be empty"},
          {"cell", Option::Kind::Text, "CELL", "the cell of each --map that names none"},
          {"reset-before", Option::Kind::Flag, "", "the GRUs have the reset gate before the product with the state"},
          {"rest", Option::Kind::Text, "WHAT", "tensors of no module: refuse (the default), keep or drop"},
          {"list", Option::Kind::Flag, "", "print the table: tensors and their parts by cell and layout"},
      },
      0,
      2,
      run};
}

} // namespace rondo::tools
