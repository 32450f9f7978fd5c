// What the tests of import and of the transforms share: programs in the language, as far as `rnn`, run by the interpreter.
#ifndef RONDO_TEST_UNIT_IMPORTTESTING_H
#define RONDO_TEST_UNIT_IMPORTTESTING_H

#include "InterpreterTesting.h"
#include "compiler/Import/Import.h"
#include "compiler/Run/Inputs.h"
#include "dsl/Frontend.h"
#include "llvm/Support/raw_ostream.h"

namespace rondo {

/// A text, checked and imported.
class Program {
public:
  explicit Program(const std::string &text) {
    if (!frontend.checkText(text, "test.rondo")) {
      std::string message;
      llvm::raw_string_ostream os(message);
      frontend.diagnostics().printText(os, false);
      ADD_FAILURE() << message;
      return;
    }
    bool refused = false;
    std::vector<const dsl::Model *> models;
    for (const dsl::Model &model : frontend.models())
      models.push_back(&model);
    module = import::importModels(context, models, frontend.sourceManager(), refused);
    if (!module)
      ADD_FAILURE() << "the program cannot be imported:\n" << text;
  }
  explicit operator bool() const { return bool(module); }
  const dsl::Model &model() { return frontend.models().front(); }
  rnn::ModelOp op() { return *module->getOps<rnn::ModelOp>().begin(); }

  reference::Result run(const reference::Batch &batch, const reference::Params &params = {}) {
    return reference::resultOf(reference::Interpreter::create(op(), params, {}), batch);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

private:
  dsl::Frontend frontend;
};

/// A batch of one sample of words 0, 1, .. in sentences of these lengths, each with the number that is its square plus one.
inline reference::Batch sentences(const std::vector<int64_t> &lengths) {
  reference::Batch batch;
  batch.samples = 1;
  std::vector<int64_t> offsets{0};
  for (int64_t length : lengths)
    offsets.push_back(offsets.back() + length);
  int64_t words = offsets.back();
  std::vector<double> values;
  for (int64_t t = 0; t < words; ++t)
    values.push_back(t * t + 1);
  batch.lengths["word"] = {words};
  batch.offsets["sentence"] = {offsets};
  batch.inputs["x"] = {reference::realArray({words}, values)};
  return batch;
}

} // namespace rondo
#endif
