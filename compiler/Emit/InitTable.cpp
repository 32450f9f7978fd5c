#include "compiler/Emit/InitTable.h"
#include "runtime/Random.h"
#include <cmath>

using namespace llvm;

namespace rondo::emit {

using runtime::InitPlan;

namespace {

/// Bound of the uniform distribution for a shape [out, in, receptive field...]; a vector [n] is a row that a vector of
/// n is multiplied with.
double glorotBound(ArrayRef<int64_t> shape) {
  double field = 1;
  for (size_t i = 2; i < shape.size(); ++i)
    field *= shape[i];
  double out = shape.size() < 2 ? 1 : shape[0] * field;
  double in = shape.empty() ? 1 : shape.size() == 1 ? shape[0] : shape[1] * field;
  return std::sqrt(6 / (in + out));
}

class Data {
public:
  explicit Data(std::string &bytes) : bytes(bytes) {}

  /// Adds numbers as elements; returns where they begin.
  template <typename Range> int64_t add(Element element, Range &&numbers) {
    bytes.resize((bytes.size() + 7) / 8 * 8);
    size_t begin = bytes.size();
    for (auto number : numbers)
      switch (element) {
      case Element::F32: append(float(number)); break;
      case Element::I64: append(int64_t(number)); break;
      case Element::Bool: append(uint8_t(number)); break;
      case Element::Token: append(int32_t(number)); break;
      }
    return begin;
  }

private:
  template <typename T> void append(T value) { bytes.append(reinterpret_cast<const char *>(&value), sizeof(T)); }
  std::string &bytes;
};

} // namespace

InitTables initTables(const Interface &interface) {
  InitTables tables;
  Data data(tables.data);
  for (const Parameter &parameter : interface.parameters) {
    InitPlan plan;
    Element element = parameter.type.element;
    ArrayRef<int64_t> shape = parameter.type.shape;
    plan.bytes = bytesOf(element);
    plan.path = runtime::hashPath(parameter.path.data(), parameter.path.size());
    plan.offset = parameter.offset;
    plan.elements = parameter.type.elements();
    switch (parameter.init.getKind()) {
    case rnn::InitKind::Zeros: plan.data = data.add(element, ArrayRef<int64_t>{0}); break;
    case rnn::InitKind::Ones: plan.data = data.add(element, ArrayRef<int64_t>{1}); break;
    case rnn::InitKind::Values: {
      mlir::DenseElementsAttr values = parameter.init.getValues();
      plan.kind = values.isSplat() ? InitPlan::Kind::Fill : InitPlan::Kind::Copy;
      plan.data = values.isSplat() ? data.add(element, ArrayRef<double>{values.getSplatValue<double>()})
                                   : data.add(element, values.getValues<double>());
      break;
    }
    case rnn::InitKind::Glorot:
      plan.kind = InitPlan::Kind::Uniform;
      plan.scale = glorotBound(shape);
      break;
    case rnn::InitKind::Uniform:
      plan.kind = InitPlan::Kind::Uniform;
      plan.scale = parameter.init.getScale().getValueAsDouble();
      break;
    case rnn::InitKind::Normal:
      plan.kind = InitPlan::Kind::Normal;
      plan.scale = parameter.init.getScale().getValueAsDouble();
      break;
    case rnn::InitKind::Orthogonal:
      // k blocks of [n, n] on top of one another, one a gate; axes behind the first count as one, a vector as a row.
      plan.kind = InitPlan::Kind::Orthogonal;
      plan.rows = shape.size() < 2 ? 1 : shape[0];
      plan.columns = plan.elements / std::max<int64_t>(plan.rows, 1);
      plan.block = plan.columns && plan.rows % plan.columns == 0 ? plan.columns : plan.rows;
      break;
    }
    tables.plans.push_back(plan);
  }
  return tables;
}

ParameterTables parameterTables(const Interface &interface) {
  ParameterTables tables;
  for (const Parameter &parameter : interface.parameters) {
    runtime::ParameterPlan plan;
    plan.offset = parameter.offset;
    plan.elements = parameter.type.elements();
    plan.tokens = parameter.type.tokens;
    plan.name = int32_t(tables.text.size());
    plan.shape = int32_t(tables.sizes.size());
    plan.rank = int32_t(parameter.type.shape.size());
    plan.element = parameter.type.element;
    tables.text += parameter.path + '\0';
    append_range(tables.sizes, parameter.type.shape);
    tables.plans.push_back(plan);
  }
  return tables;
}

} // namespace rondo::emit
