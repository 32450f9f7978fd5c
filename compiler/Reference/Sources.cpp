// Values that come from nowhere: inputs, parameters, constants, tick counts, random numbers.
#include "compiler/Reference/Random.h"
#include "compiler/Reference/Rules.h"

namespace rondo::reference {
namespace {

/// Never null: also of no numbers there is a row.
template <typename T> Row rowOf(const std::vector<T> &values) {
  static const T none = 0;
  return values.empty() ? &none : values.data();
}

class InputRule final : public Rule {
public:
  explicit InputRule(int32_t input) : input(input) {}

  /// A copy of the batch's row, so that rows do not hang on the batch's life.
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    const Type &type = e.program().typeOf(self);
    Sample &sample = e.samples()[place.sample];
    int32_t row = sample.timeline.inputRow(type.clock, place.at);
    bool generated = sample.generates && e.program().generates[0].input == input;
    if (generated && row < static_cast<int64_t>(sample.generated.size()))
      return sample.generated[row];
    const Array *array = sample.inputs[input];
    int64_t size = type.size;
    if (generated || !array) {
      e.fail(generated ? "asked for before it is generated" : "not given");
      return nullptr;
    }
    if (!type.isReal()) {
      int64_t *out = e.newInts(size);
      std::copy_n(array->ints.data() + row * size, size, out);
      return out;
    }
    double *out = e.newReals(size);
    for (int64_t i = 0; i < size; ++i)
      out[i] = rounded(array->reals[row * size + i], e.fp64());
    return out;
  }

private:
  int32_t input;
};

/// A row that the rule owns.
class ConstantRule final : public Rule {
public:
  Row evaluate(Evaluation &, ValueId, Place) const override {
    return realValues.empty() ? rowOf(intValues) : rowOf(realValues);
  }
  std::vector<double> realValues;
  std::vector<int64_t> intValues;
};

std::unique_ptr<Rule> constant(Compiler &c, rnn::ConstOp op) {
  auto rule = std::make_unique<ConstantRule>();
  if (c.type(op.getResult()).isReal()) {
    for (double x : op.getReals())
      rule->realValues.push_back(rounded(x, c.fp64()));
  } else {
    llvm::SmallVector<int64_t> values = op.getInts();
    rule->intValues.assign(values.begin(), values.end());
  }
  return rule;
}

class ParamRule final : public Rule {
public:
  explicit ParamRule(std::string path) : path(std::move(path)) {}
  Row evaluate(Evaluation &e, ValueId, Place) const override {
    const Array &array = e.program().params.find(path)->second;
    return array.isReal ? rowOf(array.reals) : rowOf(array.ints);
  }

private:
  std::string path;
};

class TickRule final : public Rule {
public:
  TickRule(bool reverse, ScopeId scope) : reverse(reverse), scope(scope) {}
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    int64_t n = e.timeline(place.sample).count(e.program().typeOf(self).clock, reverse, scope, place.at);
    if (n < 0)
      return nullptr;
    int64_t *out = e.newInts(1);
    *out = n;
    return out;
  }

private:
  bool reverse;
  ScopeId scope;
};

/// The counter is (element, source row, root tick, sample); of a tensor (element, 0, 0, 0), of `sample` with tick 0.
class RandomRule final : public Rule {
public:
  explicit RandomRule(uint64_t key) : key(key) {}
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    const Type &type = e.program().typeOf(self);
    std::array<uint32_t, 4> counter = {0, uint32_t(place.row), uint32_t(place.at), 0};
    if (type.clock == noClock) // of the call: the place says only who asks
      counter = {};
    else
      counter[3] = e.samples()[place.sample].index;
    double *out = e.newReals(type.size);
    for (int64_t i = 0; i < type.size; ++i) {
      counter[0] = i;
      out[i] = uniform(key, counter, e.fp64());
    }
    return out;
  }

private:
  uint64_t key;
};

} // namespace

std::unique_ptr<Rule> makeInputRule(int32_t input) { return std::make_unique<InputRule>(input); }

std::unique_ptr<Rule> makeSourceRule(Compiler &c, mlir::Operation *op, unsigned) {
  if (auto param = llvm::dyn_cast<rnn::ParamOp>(op))
    return std::make_unique<ParamRule>(param.getPath().str());
  if (auto number = llvm::dyn_cast<rnn::ConstOp>(op))
    return constant(c, number);
  if (auto tick = llvm::dyn_cast<rnn::TickOp>(op))
    return std::make_unique<TickRule>(tick.getReverse(), c.scope(tick.getScopeAttr()));
  if (auto random = llvm::dyn_cast<rnn::RandomOp>(op))
    return std::make_unique<RandomRule>(randomKey(c.program.seed, random.getPath(), random.getSite()));
  return nullptr;
}

} // namespace rondo::reference
