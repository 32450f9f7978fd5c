#include "compiler/Train/Phase.h"
#include "compiler/IR/Rnn.h"
#include "compiler/Run/Files.h"
#include "dsl/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace rondo::train {

static bool isUnder(StringRef path, StringRef group) {
  return path.consume_front(group) && (path.empty() || path.starts_with("."));
}

static bool isUnderOne(StringRef path, const std::vector<std::string> &groups) {
  return any_of(groups, [&](const std::string &group) { return isUnder(path, group); });
}

bool Phase::moves(StringRef path) const { return train.empty() ? !isUnderOne(path, freeze) : isUnderOne(path, train); }

/// An error if a group is of no parameter, or nothing is left to train. `paths`: of all parameters.
static Error checkGroups(const Phase &phase, const std::vector<std::string> &paths) {
  for (const auto *groups : {&phase.train, &phase.freeze})
    for (const std::string &group : *groups)
      if (none_of(paths, [&](const std::string &path) { return isUnder(path, group); })) {
        std::set<std::string> tops;
        for (const std::string &path : paths)
          tops.insert(StringRef(path).split('.').first.str());
        return run::failure("no parameter is called '" + group + "' or lies under it; there are " + join(tops, ", "));
      }
  if (none_of(paths, [&](const std::string &path) { return phase.moves(path); }))
    return run::failure(paths.empty() ? "the model has no parameters" : "--freeze leaves no parameter to train");
  return Error::success();
}

Error chooseLosses(rnn::ModelOp model, const Phase &phase) {
  if (phase.losses.empty())
    return Error::success();
  mlir::Block &block = model.getBody().front();
  std::vector<StringRef> names;
  for (rnn::LossOp loss : block.getOps<rnn::LossOp>())
    names.push_back(loss.getName());
  for (const std::string &wanted : phase.losses)
    if (!is_contained(names, wanted)) {
      auto near = dsl::nearest(wanted, names);
      return run::failure("the model has no loss '" + wanted + "'; it has " + join(names, ", ") +
                          (near ? "; did you mean '" + near->str() + "'?" : ""));
    }
  for (rnn::LossOp loss : make_early_inc_range(block.getOps<rnn::LossOp>()))
    if (!is_contained(phase.losses, loss.getName().str()))
      loss.erase();
  return Error::success();
}

/// The parameters of which the loss is made, but for what `stop_gradient` and conditions keep back.
static std::set<StringRef> parametersOf(rnn::LossOp loss) {
  std::set<StringRef> paths;
  SetVector<mlir::Operation *> needed;
  auto need = [&](mlir::Value value) {
    mlir::Operation *op = value.getDefiningOp();
    if (op && !isa<rnn::StopOp>(op) && (!rnn::isValueType(value.getType()) || rnn::elementOf(value.getType()).isF32()))
      needed.insert(op);
  };
  need(loss.getValue());
  for (size_t i = 0; i < needed.size(); ++i) { // it grows
    for_each(needed[i]->getOperands(), need);
    if (auto param = dyn_cast<rnn::ParamOp>(needed[i]))
      paths.insert(param.getPath());
    else if (isa<rnn::StateOp>(needed[i]))
      for (mlir::Operation *user : needed[i]->getUsers())
        if (auto next = dyn_cast<rnn::NextOp>(user))
          need(next.getValue());
  }
  return paths;
}

Expected<std::set<std::string>> chooseParameters(rnn::ModelOp model, const Phase &phase) {
  mlir::Block &block = model.getBody().front();
  std::vector<std::string> paths;
  for (rnn::ParamOp param : block.getOps<rnn::ParamOp>())
    paths.push_back(param.getPath().str());
  llvm::sort(paths);
  if (Error error = checkGroups(phase, paths))
    return std::move(error);
  std::set<std::string> movedByAny;
  bool choosesAny = !phase.train.empty() || !phase.freeze.empty();
  for (rnn::LossOp loss : block.getOps<rnn::LossOp>()) {
    std::vector<std::string> own; // groups; none: all
    if (auto trains = loss.getTrainsAttr())
      for (StringRef path : trains.getAsValueRange<mlir::StringAttr>())
        own.push_back(path.str());
    SmallVector<StringRef> moved;
    for (const std::string &path : paths)
      if (phase.moves(path) && (!loss.getTrainsAttr() || isUnderOne(path, own)))
        moved.push_back(path);
    std::set<StringRef> reached = parametersOf(loss);
    for (StringRef path : moved)
      if (reached.count(path))
        movedByAny.insert(path.str());
    if (choosesAny)
      loss.setTrainsAttr(mlir::Builder(model.getContext()).getStrArrayAttr(moved));
  }
  if (movedByAny.empty())
    return run::failure("no loss that counts moves any of the parameters that are trained: none is made of them, or "
                        "the program says by `trains` that it moves others");
  return movedByAny;
}

} // namespace rondo::train
