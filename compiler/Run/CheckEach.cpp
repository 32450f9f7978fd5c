#include "compiler/Run/CheckEach.h"
#include "compiler/IR/Step.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/Format.h"
#include <map>

using namespace mlir;

namespace rondo::run {

namespace {

/// What models compute, by their names.
class Outcomes {
public:
  Outcomes(const CheckOptions &options, llvm::raw_ostream &os) : options(options), os(os) {}

  /// Runs the models and schedules in `op` (or `op` itself) that have changed since they were last run. With `who`,
  /// compares them to what they were, and returns the number of differences.
  int64_t update(Operation *op, StringRef who = {}) {
    int64_t differences = 0;
    for (Operation *model : modelsIn(op)) {
      StringRef name = SymbolTable::getSymbolName(model).getValue();
      OperationFingerPrint text(model);
      auto [place, isNew] = outcomes.try_emplace(name.str());
      Outcome &known = place->second;
      if (!isNew && *known.text == text)
        continue;
      Outcome now = run(model);
      now.text = text;
      if (!isNew && !who.empty())
        differences += compare(name, known, now, who);
      else if (!now.error.empty())
        os << "rondo-opt: warning: @" << name << " cannot be run, and is not checked: " << now.error << '\n';
      known = std::move(now);
    }
    return differences;
  }

  /// Models that were in `op` and are no more.
  int64_t findLost(Operation *op, StringRef who) {
    llvm::SmallVector<Operation *> models = modelsIn(op);
    int64_t differences = 0;
    for (auto it = outcomes.begin(); it != outcomes.end();) {
      bool found = llvm::any_of(
          models, [&](Operation *model) { return SymbolTable::getSymbolName(model).getValue() == it->first; });
      if (!found) {
        os << "rondo-opt: error: " << who << ": @" << it->first << " is gone\n";
        ++differences;
      }
      it = found ? std::next(it) : outcomes.erase(it);
    }
    return differences;
  }

private:
  struct Outcome {
    std::optional<OperationFingerPrint> text;
    std::vector<reference::Result> results; // by seed
    std::string error;                      // instead
  };

  static llvm::SmallVector<Operation *> modelsIn(Operation *op) {
    llvm::SmallVector<Operation *> models;
    if (isa<rnn::ModelOp, step::ScheduleOp>(op))
      models.push_back(op);
    else if (auto module = dyn_cast<ModuleOp>(op))
      for (Operation &inner : *module.getBody())
        if (isa<rnn::ModelOp, step::ScheduleOp>(inner))
          models.push_back(&inner);
    return models;
  }

  Outcome run(Operation *model) {
    Outcome outcome;
    for (int64_t seed = 0; seed < options.batches && outcome.error.empty(); ++seed) {
      VerifyOptions how;
      how.seed = seed;
      how.samples = 5;
      llvm::Expected<reference::Result> result = interpret(model, makeTrial(model, how), seed);
      if (result)
        outcome.results.push_back(std::move(*result));
      else
        outcome.error = llvm::toString(result.takeError());
    }
    return outcome;
  }

  int64_t compare(StringRef name, const Outcome &before, const Outcome &after, StringRef who) {
    if (!before.error.empty())
      return 0; // has been said
    if (!after.error.empty()) {
      os << "rondo-opt: error: " << who << ": @" << name << " cannot be run any more: " << after.error << '\n';
      return 1;
    }
    int64_t differences = 0;
    std::map<std::string, bool> told; // each output once
    for (size_t seed = 0; seed < before.results.size(); ++seed)
      for (const Property &property : compareResults(before.results[seed], after.results[seed], options.allowed)) {
        if (property.status == Property::Status::Holds || std::exchange(told[property.name], true))
          continue;
        ++differences;
        os << "rondo-opt: error: " << who << ": @" << name << ", ";
        if (property.note.empty())
          os << property.where << ": changes by " << llvm::format("%.3g", property.difference) << " (inputs of seed "
             << seed << ")\n";
        else
          os << property.note << '\n';
      }
    return differences;
  }

  CheckOptions options;
  llvm::raw_ostream &os;
  std::map<std::string, Outcome> outcomes;
};

class CheckEach : public PassInstrumentation {
public:
  CheckEach(const CheckOptions &options, Findings &findings, llvm::raw_ostream &os)
      : outcomes(options, os), findings(findings) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (!isAdaptor(pass))
      outcomes.update(op);
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    if (isAdaptor(pass))
      return;
    findings.differences += outcomes.update(op, nameOf(pass));
    if (isa<ModuleOp>(op))
      findings.differences += outcomes.findLost(op, nameOf(pass));
  }

private:
  /// What only runs other passes on what is inside.
  static bool isAdaptor(Pass *pass) { return pass->getArgument().empty(); }
  static std::string nameOf(Pass *pass) { return pass->getArgument().str(); }

  Outcomes outcomes;
  Findings &findings;
};

class CheckAgainst : public PassWrapper<CheckAgainst, OperationPass<ModuleOp>> {
public:
  CheckAgainst(std::shared_ptr<Outcomes> expected, std::string who, Findings &findings)
      : expected(std::move(expected)), who(std::move(who)), findings(findings) {}

  StringRef getName() const override { return "check-against"; }

  void runOnOperation() override {
    findings.differences += expected->update(getOperation(), who) + expected->findLost(getOperation(), who);
    markAllAnalysesPreserved();
  }

private:
  std::shared_ptr<Outcomes> expected;
  std::string who;
  Findings &findings;
};

} // namespace

void checkEach(PassManager &manager, const CheckOptions &options, Findings &findings, llvm::raw_ostream &os) {
  manager.addInstrumentation(std::make_unique<CheckEach>(options, findings, os));
}

LogicalResult checkAgainst(PassManager &manager, StringRef file, const CheckOptions &options, Findings &findings,
                           llvm::raw_ostream &os) {
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(file, manager.getContext());
  if (!module)
    return mlir::failure();
  auto expected = std::make_shared<Outcomes>(options, os);
  expected->update(*module);
  manager.addPass(std::make_unique<CheckAgainst>(std::move(expected), file.str(), findings));
  return success();
}

} // namespace rondo::run
