// Parameters: made where they are first read, with what they start from.
#include "dsl/Constants.h"
#include "dsl/Elaborate.h"
#include "fmt/format.h"

namespace rondo::dsl {

Value Elaborator::readParam(Binding &b, std::optional<int64_t> index, const Expr *at, Context &) {
  Value &known = index ? b.paramElements[*index] : b.value;
  if (!known.isError() || b.broken)
    return known;
  Local local;
  Context ctx;
  ctx.body = b.body;
  if (index) {
    local.name = b.item->family->variable.text;
    local.value = Value::ofInt(*index);
    ctx.locals = &local;
  }
  if (b.busy) {
    error(DiagId::R0306, b.range, ctx, fmt::format("the shape of parameter '{}' depends on itself", b.name.str()));
    return Value();
  }
  if (b.starts) {
    error(DiagId::R0307, at, ctx, fmt::format("parameter '{}' starts from itself", b.name.str()));
    return Value();
  }
  b.busy = true;
  std::optional<Type> type = evaluateType(*b.item->type, ctx);
  b.busy = false;
  if (!type) {
    b.broken = true;
    return Value();
  }
  auto refuse = [&](DiagId id, SMRange where, std::string message) {
    error(id, where, ctx, std::move(message));
    b.broken = true;
    return Value();
  };
  if (ragged(*type) >= 0)
    return refuse(DiagId::R0308, b.item->type->range, "a parameter has no clock's axis");
  if (type->elem != Elem::Real)
    return refuse(DiagId::R0302, b.item->type->range, fmt::format("a parameter is real, not {}", describeType(*type)));
  for (const Dim &d : type->dims)
    if (d.size == 0) { // N6: parameters of size 0 do not exist
      NodeId n = add(Op::Constant, *type, nullptr, {}, at, ctx);
      if (n != noNode)
        nodes[n].values = std::make_shared<std::vector<double>>();
      return known = Value::ofNode(n);
    }
  std::string name = b.name.str() + (index ? fmt::format(".{}", *index) : "");
  auto [it, fresh] = b.body->shared->params.try_emplace(name, params.size());
  if (!fresh) {
    const Param &other = params[it->second];
    if (!sameDims(other.type.dims, type->dims))
      return refuse(DiagId::R0301, at->range,
                    fmt::format("'{}' is shared: its parameter is {} here and {} elsewhere", other.path,
                                describeType(*type), describeType(other.type)));
  } else {
    Param p;
    p.path = b.body->shared->path.empty() ? name : b.body->shared->path + "." + name;
    p.type = *type;
    p.range = b.range;
    b.starts = true;
    bool isGood = !b.item->value || parameterInit(*b.item->value, p, ctx);
    b.starts = false;
    if (!isGood) {
      b.broken = true;
      b.body->shared->params.erase(name);
      return Value();
    }
    params.push_back(std::move(p));
    paramOwners.push_back(b.body->shared);
    ++created;
  }
  NodeId n = add(Op::Param, *type, nullptr, {}, at, ctx);
  if (n != noNode)
    nodes[n].index = it->second;
  return known = Value::ofNode(n);
}

bool Elaborator::parameterInit(const Expr &e, Param &p, Context &ctx) {
  Value v = evaluate(&e, ctx);
  if (v.isError())
    return false;
  if (v.is(Value::Kind::Initial)) {
    p.init.kind = v.initial;
    p.init.scale = v.scale;
    return true;
  }
  NodeId n = v.isStatic() || v.is(Value::Kind::List) || v.is(Value::Kind::Node) || v.is(Value::Kind::Family)
                 ? node(v, &e, ctx)
                 : noNode;
  if (n != noNode)
    n = resolve(n);
  bool hasShape = n != noNode && nodes[n].type.elem != Elem::Bool &&
                  (nodes[n].type.dims.empty() || sameDims(nodes[n].type.dims, p.type.dims));
  if (!hasShape || !foldConstant(nodes, n)) {
    error(DiagId::R0307, &e, ctx,
          fmt::format("a parameter starts at zeros, ones, glorot, orthogonal, uniform(a), normal(s), a number or "
                      "constants of its shape {}; '{}' is {}",
                      describeType(p.type), text(&e),
                      hasShape      ? "no constant"
                      : n == noNode ? describeValue(v)
                                    : describeType(nodes[n].type)))
        .note(p.range, "the parameter");
    return false;
  }
  p.init.kind = Initializer::Kind::Values;
  p.init.values = nodes[n].values;
  return true;
}

} // namespace rondo::dsl
