// Operators: elementwise (T4, T7), `@` (T5), `if`. Of static values they are computed at once.
#include "dsl/Constants.h"
#include "dsl/Elaborate.h"
#include "fmt/format.h"
#include <cmath>
#include <limits>

namespace rondo::dsl {

using DimVector = llvm::SmallVector<Dim, 2>;

//===--- Operators ---------------------------------------------------------------------------------------------===//

Value Elaborator::elementwise(Op op, llvm::ArrayRef<NodeId> given, llvm::ArrayRef<const Expr *> exprs, const Expr *at,
                              Context &ctx) {
  llvm::SmallVector<NodeId, 3> operands(given.begin(), given.end());
  std::string what = at->kind == Expr::Kind::Binary ? fmt::format("'{}'", spelling(at->binaryOp).str())
                     : at->kind == Expr::Kind::Call ? fmt::format("'{}'", text(at->operands[0]))
                     : op == Op::Not                ? "'not'"
                                                    : "'-'";
  auto elem = [&](size_t i) { return nodes[operands[i]].type.elem; };
  auto wrong = [&](size_t i, const char *wanted) {
    return fail(
        DiagId::R0302, exprs[i], ctx,
        fmt::format("{} takes {}; '{}' is {}", what, wanted, text(exprs[i]), describeType(nodes[operands[i]].type)));
  };
  Elem result = Elem::Real;
  switch (op) {
  case Op::And:
  case Op::Or:
  case Op::Not:
    for (size_t i = 0; i < operands.size(); ++i)
      if (elem(i) != Elem::Bool)
        return wrong(i, "bool");
    result = Elem::Bool;
    break;
  case Op::Equal:
  case Op::NotEqual:
  case Op::Less:
  case Op::LessEqual:
  case Op::Greater:
  case Op::GreaterEqual: {
    bool equality = op == Op::Equal || op == Op::NotEqual;
    for (size_t i = 0; i < 2; ++i)
      if (!equality && (elem(i) == Elem::Bool || elem(i) == Elem::Token))
        return wrong(i, "numbers (a token's number is 'int(..)')");
    for (size_t i = 0; i < 2; ++i) {
      const Type other = nodes[operands[1 - i]].type;
      if (elem(i) != other.elem && elem(i) == Elem::Int && (other.elem == Elem::Real || other.elem == Elem::Token)) {
        operands[i] = convert(operands[i], other.elem, other.tokens, exprs[i], ctx, false);
        if (operands[i] == noNode)
          return diags.hasErrors() && nodes[given[i]].op == Op::Constant
                     ? Value()
                     : (operands[i] = given[i], wrong(i, describeType(other).c_str()));
      }
    }
    const Type &a = nodes[operands[0]].type, &b = nodes[operands[1]].type;
    if (a.elem != b.elem || (a.elem == Elem::Token && a.tokens != b.tokens))
      return fail(DiagId::R0302, at, ctx,
                  fmt::format("{} compares equal types: '{}' is {}, '{}' is {}", what, text(exprs[0]), describeType(a),
                              text(exprs[1]), describeType(b)));
    result = Elem::Bool;
    break;
  }
  default: {
    bool anyReal = op != Op::Add && op != Op::Subtract && op != Op::Multiply && op != Op::FloorDivide &&
                   op != Op::Modulo && op != Op::Minimum && op != Op::Maximum && op != Op::Abs && op != Op::Negate;
    for (size_t i = 0; i < operands.size(); ++i) {
      if (elem(i) == Elem::Bool || elem(i) == Elem::Token)
        return wrong(i, elem(i) == Elem::Token ? "numbers: use 'embed(n)(..)', 'one_hot(..)' or 'int(..)'"
                                               : "numbers: use 'real(..)' or 'if'");
      anyReal |= elem(i) == Elem::Real;
    }
    result = anyReal ? Elem::Real : Elem::Int;
    if (anyReal)
      for (size_t i = 0; i < operands.size(); ++i)
        if ((operands[i] = convert(operands[i], Elem::Real, 0, exprs[i], ctx)) == noNode)
          return Value();
  }
  }
  std::optional<DimVector> dims = broadcast(operands, exprs, at, what.c_str(), ctx);
  const Clock *clock = nullptr;
  if (!oneClock(operands, exprs, what, at, ctx, clock) || !dims)
    return Value();
  // C4: `tick % P == K` is `every(P, phase = K)`
  if (op == Op::Equal)
    for (int side : {0, 1}) {
      const Node &mod = nodes[operands[side]], &phase = nodes[operands[1 - side]];
      if (mod.op != Op::Modulo || phase.op != Op::Constant || !phase.type.dims.empty() || mod.type.elem != Elem::Int)
        continue;
      const Node &tick = nodes[mod.operands[0]], &period = nodes[mod.operands[1]];
      if (tick.op != Op::Tick || period.op != Op::Constant || !period.type.dims.empty())
        continue;
      int64_t p = int64_t((*period.values)[0]), k = int64_t((*phase.values)[0]);
      if (p < 1 || k < 0 || k >= p)
        continue;
      uint32_t scope = tick.scope;
      NodeId n = add(Op::Every, {Elem::Bool, 0, {}}, clock, {}, at, ctx);
      if (n != noNode) {
        nodes[n].ints = {p, k};
        nodes[n].scope = scope;
      }
      return Value::ofNode(n);
    }
  return Value::ofNode(add(op, {result, 0, *dims}, clock, operands, at, ctx));
}

namespace {
std::optional<Op> nodeOp(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or: return Op::Or;
  case BinaryOp::And: return Op::And;
  case BinaryOp::Equal: return Op::Equal;
  case BinaryOp::NotEqual: return Op::NotEqual;
  case BinaryOp::Less: return Op::Less;
  case BinaryOp::LessEqual: return Op::LessEqual;
  case BinaryOp::Greater: return Op::Greater;
  case BinaryOp::GreaterEqual: return Op::GreaterEqual;
  case BinaryOp::Add: return Op::Add;
  case BinaryOp::Subtract: return Op::Subtract;
  case BinaryOp::Multiply: return Op::Multiply;
  case BinaryOp::Divide: return Op::Divide;
  case BinaryOp::FloorDivide: return Op::FloorDivide;
  case BinaryOp::Modulo: return Op::Modulo;
  case BinaryOp::Power: return Op::Power;
  default: return std::nullopt;
  }
}

/// Static arithmetic. No value where an int overflows.
std::optional<Value> fold(BinaryOp op, const Value &a, const Value &b) {
  bool ints = a.is(Value::Kind::Int) && b.is(Value::Kind::Int);
  int64_t i = a.integer, k = b.integer, r = 0;
  double x = a.number(), y = b.number();
  switch (op) {
  case BinaryOp::Equal: return Value::ofBool(ints ? i == k : x == y);
  case BinaryOp::NotEqual: return Value::ofBool(ints ? i != k : x != y);
  case BinaryOp::Less: return Value::ofBool(ints ? i < k : x < y);
  case BinaryOp::LessEqual: return Value::ofBool(ints ? i <= k : x <= y);
  case BinaryOp::Greater: return Value::ofBool(ints ? i > k : x > y);
  case BinaryOp::GreaterEqual: return Value::ofBool(ints ? i >= k : x >= y);
  case BinaryOp::Divide: return Value::ofReal(x / y);
  default: break;
  }
  if (!ints)
    return Value::ofReal(*computeReal(*nodeOp(op), x, y));
  switch (op) {
  case BinaryOp::Add: return __builtin_add_overflow(i, k, &r) ? std::optional<Value>() : Value::ofInt(r);
  case BinaryOp::Subtract: return __builtin_sub_overflow(i, k, &r) ? std::optional<Value>() : Value::ofInt(r);
  case BinaryOp::Multiply: return __builtin_mul_overflow(i, k, &r) ? std::optional<Value>() : Value::ofInt(r);
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo: { // floor; by 0 gives 0, as at run time
    if (k == 0)
      return Value::ofInt(0);
    if (k == -1)
      return op == BinaryOp::Modulo
                 ? Value::ofInt(0)
                 : (i == std::numeric_limits<int64_t>::min() ? std::optional<Value>() : Value::ofInt(-i));
    int64_t quotient = i / k - (i % k != 0 && (i < 0) != (k < 0));
    return Value::ofInt(op == BinaryOp::FloorDivide ? quotient : i - quotient * k);
  }
  default: { // Power
    if (k < 0)
      return Value::ofReal(std::pow(x, y));
    r = 1;
    if (i == 0 || i == 1 || i == -1)
      return Value::ofInt(k == 0 ? 1 : i == -1 ? (k % 2 ? -1 : 1) : i);
    for (int64_t n = 0; n < k; ++n)
      if (__builtin_mul_overflow(r, i, &r))
        return std::nullopt;
    return Value::ofInt(r);
  }
  }
}
} // namespace

Value Elaborator::binary(BinaryOp op, const Value &a, const Value &b, const Expr *at, const Expr *left,
                         const Expr *right, Context &ctx) {
  if (a.isError() || b.isError())
    return Value();
  if (a.isNumber() && b.isNumber() && op != BinaryOp::And && op != BinaryOp::Or && op != BinaryOp::MatrixProduct) {
    if (std::optional<Value> v = fold(op, a, b))
      return *v;
    return fail(DiagId::R0107, at, ctx, fmt::format("'{}' overflows a 64-bit int", text(at)));
  }
  if (a.is(Value::Kind::Bool) && b.is(Value::Kind::Bool)) {
    if (op == BinaryOp::Equal || op == BinaryOp::NotEqual)
      return Value::ofBool((a.flag == b.flag) == (op == BinaryOp::Equal));
    if (op == BinaryOp::And)
      return Value::ofBool(a.flag && b.flag);
    if (op == BinaryOp::Or)
      return Value::ofBool(a.flag || b.flag);
  }
  // N6: `2 * recipe` is a list of two
  if (op == BinaryOp::Multiply && a.is(Value::Kind::Int) && (b.isCell() || b.is(Value::Kind::CellSizes))) {
    if (b.is(Value::Kind::CellSizes))
      return fail(DiagId::R0204, right, ctx, fmt::format("'{}' needs its sizes: '{}'", text(right), sizesHint(b)));
    if (a.integer < 0 || a.integer > 100'000)
      return fail(DiagId::R0303, left, ctx, fmt::format("a list cannot have {} elements", a.integer));
    return Value::ofList(makeList(std::vector<Value>(size_t(a.integer), b)));
  }
  NodeId x = node(a, left, ctx), y = node(b, right, ctx);
  if (x == noNode || y == noNode)
    return Value();
  if (op == BinaryOp::MatrixProduct)
    return matrixProduct(x, y, at, left, right, ctx);
  return elementwise(*nodeOp(op), {x, y}, {left, right}, at, ctx);
}

Value Elaborator::matrixProduct(NodeId x, NodeId y, const Expr *at, const Expr *left, const Expr *right, Context &ctx) {
  if ((x = convert(x, Elem::Real, 0, left, ctx)) == noNode || (y = convert(y, Elem::Real, 0, right, ctx)) == noNode)
    return Value();
  const Type a = nodes[x].type, b = nodes[y].type;
  size_t m = a.dims.size(), n = b.dims.size();
  auto wrong = [&](std::string message) {
    Diagnostic &d = error(DiagId::R0301, at, ctx, std::move(message));
    SMRange first = definitionOf(left, ctx), second = definitionOf(right, ctx);
    if (first.isValid())
      d.note(first, fmt::format("{} is declared here", text(left)));
    if (second.isValid() && second.Start != first.Start)
      d.note(second, fmt::format("{} is declared here", text(right)));
    return Value();
  };
  if (m < 1 || m > 2 || n < 1 || n > 2)
    return wrong(fmt::format("'@' takes vectors and matrices: {} is {}, {} is {}", text(left), describeType(a),
                             text(right), describeType(b)));
  if (!agree(a.dims.back(), b.dims.front())) {
    auto size = [&](const Dim &d) {
      return d.axis ? "'" + clocks.describe(d.axis->collected) + "'" : std::to_string(d.size);
    };
    return wrong(fmt::format("'@' needs {} {} = {} rows: {} is {}, {} is {}", size(b.dims.front()),
                             m == 2 ? "columns" : "elements", size(b.dims.front()), text(left), describeType(a),
                             text(right), describeType(b)));
  }
  Type type;
  type.dims.append(a.dims.begin(), a.dims.end() - 1);
  type.dims.append(b.dims.begin() + 1, b.dims.end());
  if (type.dims.size() == 2 && type.dims[0].axis && type.dims[1].axis)
    return fail(DiagId::R0308, at, ctx,
                fmt::format("a value has at most one clock's axis; this would be {}", describeType(type)));
  const Clock *clock = nullptr;
  if (!oneClock({x, y}, {left, right}, "'@'", at, ctx, clock))
    return Value();
  if (!a.dims.back().axis && a.dims.back().size == 0) { // nothing to sum: no input
    if (ragged(type) >= 0)
      return wrong(fmt::format("'@' takes rows that have elements: {} is {}, {} is {}", text(left), describeType(a),
                               text(right), describeType(b)));
    NodeId zero = constant(0, Elem::Real);
    nodes[zero].type = type;
    return Value::ofNode(zero);
  }
  return Value::ofNode(add(Op::MatMul, type, clock, {x, y}, at, ctx));
}

Value Elaborator::select(const Value &c, const Value &a, const Value &b, const Expr *at, Context &ctx) {
  const Expr *ce = at->operands[0], *ae = at->operands[1], *be = at->operands[2];
  NodeId condition = node(c, ce, ctx), x = node(a, ae, ctx), y = node(b, be, ctx);
  if (condition == noNode || x == noNode || y == noNode)
    return Value();
  if (nodes[condition].type.elem != Elem::Bool)
    return fail(DiagId::R0302, ce, ctx,
                fmt::format("'if' takes a bool; '{}' is {}", text(ce), describeType(nodes[condition].type)));
  // int widens to real, a literal to the other branch's token
  for (int side : {0, 1}) {
    NodeId &mine = side ? y : x;
    const Type other = nodes[side ? x : y].type;
    if (nodes[mine].type.elem == Elem::Int && (other.elem == Elem::Real || other.elem == Elem::Token))
      if ((mine = convert(mine, other.elem, other.tokens, side ? be : ae, ctx)) == noNode)
        return Value();
  }
  const Type &p = nodes[x].type, &q = nodes[y].type;
  if (p.elem != q.elem || p.tokens != q.tokens)
    return fail(DiagId::R0302, at, ctx,
                fmt::format("the branches of 'if' differ: '{}' is {}, '{}' is {}", text(ae), describeType(p), text(be),
                            describeType(q)));
  std::optional<DimVector> dims = broadcast({x, y}, {ae, be}, at, "'if'", ctx);
  if (!dims)
    return Value();
  const Type &ct = nodes[condition].type;
  if (!ct.dims.empty() && !agree(ct.dims, *dims)) {
    // a scalar choice under a vector condition takes the condition's shape
    std::optional<DimVector> wide = broadcast({condition, x, y}, {ce, ae, be}, at, "'if'", ctx);
    if (!wide)
      return Value();
    if (!sameDims(*wide, ct.dims))
      return fail(DiagId::R0301, at, ctx,
                  fmt::format("the condition of 'if' is a scalar or of the branches' shape: it is {}, they are {}",
                              describeType(ct), describeType({p.elem, p.tokens, *dims})));
    dims = wide;
  }
  const Clock *clock = nullptr;
  if (!oneClock({condition, x, y}, {ce, ae, be}, "'if'", at, ctx, clock))
    return Value();
  return Value::ofNode(add(Op::Select, {p.elem, p.tokens, *dims}, clock, {condition, x, y}, at, ctx));
}

} // namespace rondo::dsl
