// Built-in functions (section 7 of the language): one row a function in the table at the end, one C++ function a row or family.
#include "dsl/Builtins.h"
#include "dsl/Constants.h"
#include "fmt/format.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

namespace rondo::dsl {

using namespace builtins;
using DimVector = llvm::SmallVector<Dim, 2>;

namespace builtins {

std::string quoted(const Call &c) { return fmt::format("'{}'", c.builtin->name); }

/// How a value of a type that is no number becomes one, behind a message.
static const char *wayToNumber(const Type &t) {
  return t.elem == Elem::Token ? ": use 'embed(n)(..)' or 'one_hot(..)'" : ": use 'real(..)'";
}

const Expr *argExpr(const Call &c, size_t i) { return i < c.argExprs.size() ? c.argExprs[i] : c.expr; }

NodeId number(Elaborator &e, Call &c, size_t i, bool keepInt) {
  NodeId n = e.node(c.args[i], argExpr(c, i), c.ctx);
  if (n == noNode)
    return n;
  const Type &t = e.nodes[n].type;
  if (t.elem == Elem::Token || t.elem == Elem::Bool) {
    e.fail(DiagId::R0302, argExpr(c, i), c.ctx,
           fmt::format("{} takes numbers; '{}' is {}{}", quoted(c), e.text(argExpr(c, i)), e.describeType(t),
                       wayToNumber(t)));
    return noNode;
  }
  return keepInt ? n : e.convert(n, Elem::Real, 0, argExpr(c, i), c.ctx);
}

Value mapList(Elaborator &e, Call &c, const Value &v, const std::function<Value(const Value &)> &f) {
  std::vector<Value> parts;
  for (const Value &x : v.list->elements) {
    parts.push_back(f(x));
    if (parts.back().isError())
      return Value();
  }
  return Value::ofList(e.makeList(std::move(parts)));
}

} // namespace builtins

namespace {

//===--- Elementwise -------------------------------------------------------------------------------------------===//

Value unary(Elaborator &e, Call &c) {
  const Value &v = c.args[0];
  Op op = c.builtin->elementwise;
  if (v.isNumber()) {
    if (op == Op::Abs && v.is(Value::Kind::Int))
      return Value::ofInt(v.integer < 0 ? -v.integer : v.integer);
    if (std::optional<double> y = computeReal(op, v.number(), 0))
      return Value::ofReal(*y);
  }
  NodeId n = number(e, c, 0, op == Op::Abs);
  return n == noNode ? Value() : e.elementwise(op, {n}, {argExpr(c, 0)}, c.expr, c.ctx);
}

Value extremum(Elaborator &e, Call &c, Op op) {
  const Value &a = c.args[0], &b = c.args[1];
  if (a.isNumber() && b.isNumber()) {
    bool first = (op == Op::Minimum) == (a.number() <= b.number());
    Value v = first ? a : b;
    return a.is(Value::Kind::Int) && b.is(Value::Kind::Int) ? v : Value::ofReal(v.number());
  }
  NodeId x = number(e, c, 0, true), y = number(e, c, 1, true);
  return x == noNode || y == noNode ? Value()
                                    : e.elementwise(op, {x, y}, {argExpr(c, 0), argExpr(c, 1)}, c.expr, c.ctx);
}
Value minimum(Elaborator &e, Call &c) { return extremum(e, c, Op::Minimum); }
Value maximum(Elaborator &e, Call &c) { return extremum(e, c, Op::Maximum); }

Value toReal(Elaborator &e, Call &c) {
  const Value &v = c.args[0];
  if (v.isNumber() || v.is(Value::Kind::Bool))
    return Value::ofReal(v.is(Value::Kind::Bool) ? v.flag : v.number());
  NodeId n = e.node(v, argExpr(c, 0), c.ctx);
  if (n == noNode || e.nodes[n].type.elem == Elem::Real)
    return Value::ofNode(n);
  return Value::ofNode(e.add(Op::ToReal, {Elem::Real, 0, e.nodes[n].type.dims}, e.nodes[n].clock, {n}, c.expr, c.ctx));
}

Value toInt(Elaborator &e, Call &c) {
  const Value &v = c.args[0];
  if (v.is(Value::Kind::Int) || v.is(Value::Kind::Bool))
    return Value::ofInt(v.is(Value::Kind::Bool) ? v.flag : v.integer);
  if (v.is(Value::Kind::Real)) {
    if (!(std::fabs(v.real) < 9.2e18))
      return e.fail(DiagId::R0107, argExpr(c, 0), c.ctx, fmt::format("{} does not fit an int", v.real));
    return Value::ofInt(int64_t(v.real));
  }
  NodeId n = e.node(v, argExpr(c, 0), c.ctx);
  if (n == noNode || e.nodes[n].type.elem == Elem::Int)
    return Value::ofNode(n);
  return Value::ofNode(e.add(Op::ToInt, {Elem::Int, 0, e.nodes[n].type.dims}, e.nodes[n].clock, {n}, c.expr, c.ctx));
}

Value stopGradient(Elaborator &e, Call &c) {
  std::function<Value(const Value &)> stop = [&](const Value &v) -> Value {
    if (v.is(Value::Kind::List))
      return mapList(e, c, v, stop);
    if (v.isStatic())
      return v;
    NodeId n = e.node(v, argExpr(c, 0), c.ctx);
    return n == noNode ? Value()
                       : Value::ofNode(e.add(Op::StopGradient, e.nodes[n].type, e.nodes[n].clock, {n}, c.expr, c.ctx));
  };
  return stop(c.args[0]);
}

Value straight(Elaborator &e, Call &c) {
  NodeId a = number(e, c, 0), b = number(e, c, 1);
  return a == noNode || b == noNode
             ? Value()
             : e.elementwise(Op::Straight, {a, b}, {argExpr(c, 0), argExpr(c, 1)}, c.expr, c.ctx);
}

Value random(Elaborator &e, Call &c) {
  NodeId x = e.node(c.args[0], argExpr(c, 0), c.ctx);
  if (x == noNode)
    return Value();
  const Node like = e.nodes[e.resolve(x)];
  // S8: of a parameter once a call; a constant takes the clock it is used on
  const Clock *clock = e.nodes[x].clock;
  if (!clock && like.op == Op::Constant)
    clock = e.clocks.variable();
  NodeId n = e.add(Op::Random, {Elem::Real, 0, like.type.dims}, clock, {}, c.expr, c.ctx);
  if (n == noNode)
    return Value();
  e.nodeApps[n] = c.ctx.body->app;
  Namer *namer = c.ctx.namer;
  e.draws[n] = namer ? std::pair(namer->isReturn ? std::string("return") : namer->item, namer->draws++)
                     : std::pair(std::string(), 0u);
  if (like.op == Op::Input)
    e.shapesUsed.insert(like.index);
  return Value::ofNode(n);
}

//===--- Shapes ------------------------------------------------------------------------------------------------===//

/// The first axis that is no clock's, or -1.
int firstStatic(const Type &t) {
  for (size_t i = 0; i < t.dims.size(); ++i)
    if (!t.dims[i].axis)
      return int(i);
  return -1;
}

Value concatCall(Elaborator &e, Call &c) {
  return e.concat(llvm::SmallVector<Value>(c.args.begin(), c.args.end()), c.argExprs, c.expr, c.ctx);
}

Value split(Elaborator &e, Call &c) {
  NodeId x = e.node(c.args[0], argExpr(c, 0), c.ctx);
  if (x == noNode)
    return Value();
  if (!c.args[1].is(Value::Kind::Int))
    return e.fail(DiagId::R0303, argExpr(c, 1), c.ctx,
                  fmt::format("'split' takes a static number of parts; '{}' is {}", e.text(argExpr(c, 1)),
                              e.describeValue(c.args[1])));
  int64_t parts = c.args[1].integer;
  const Type type = e.nodes[x].type;
  int axis = firstStatic(type);
  if (axis < 0)
    return e.fail(DiagId::R0301, argExpr(c, 0), c.ctx,
                  fmt::format("'{}' is {}: it has no axis to split", e.text(argExpr(c, 0)), e.describeType(type)));
  int64_t size = type.dims[axis].size;
  if (parts < 1 || size % parts)
    return e.fail(DiagId::R0305, c.expr, c.ctx,
                  fmt::format("{} does not split into {} equal parts", e.describeType(type), parts));
  Type part = type;
  part.dims[axis].size = size / parts;
  std::vector<Value> result;
  for (int64_t k = 0; k < parts; ++k) {
    NodeId n = e.add(Op::Slice, part, e.nodes[x].clock, {x}, c.expr, c.ctx);
    if (n == noNode)
      return Value();
    e.nodes[n].ints = {axis, k * size / parts, (k + 1) * size / parts};
    result.push_back(Value::ofNode(n));
  }
  return Value::ofList(e.makeList(std::move(result)));
}

Value reshape(Elaborator &e, Call &c) {
  NodeId x = e.node(c.args[0], argExpr(c, 0), c.ctx);
  if (x == noNode)
    return Value();
  const Type type = e.nodes[x].type;
  if (e.ragged(type) >= 0)
    return e.fail(DiagId::R0308, argExpr(c, 0), c.ctx,
                  fmt::format("a value with a clock's axis cannot be reshaped: {}", e.describeType(type)));
  Type result = type;
  result.dims.clear();
  int64_t from = 1, to = 1;
  for (const Dim &d : type.dims)
    from *= d.size;
  Value shape = e.listed(c.args[1], argExpr(c, 1), c.ctx);
  bool good = shape.is(Value::Kind::List);
  if (good)
    for (const Value &d : shape.list->elements) {
      if (d.is(Value::Kind::Int) && d.integer < 0)
        return e.fail(DiagId::R0304, argExpr(c, 1), c.ctx,
                      fmt::format("a size cannot be {}; all are written, and '{}' has {} number{}", d.integer,
                                  e.text(argExpr(c, 0)), from, from == 1 ? "" : "s"));
      good &= d.is(Value::Kind::Int);
      if (good)
        result.dims.push_back({d.integer});
    }
  if (!good)
    return e.fail(DiagId::R0303, argExpr(c, 1), c.ctx, "'reshape' takes a static list of sizes: 'reshape(x, [2, 3])'");
  if (!e.checkSize(result.dims, c.expr->range, c.ctx))
    return Value();
  for (const Dim &d : result.dims)
    to *= d.size;
  if (from != to)
    return e.fail(DiagId::R0301, c.expr, c.ctx,
                  fmt::format("'reshape' keeps the number of elements: {} has {}, {} has {}", e.describeType(type),
                              from, e.describeType(result), to));
  return Value::ofNode(e.add(Op::Reshape, result, e.nodes[x].clock, {x}, c.expr, c.ctx));
}

Value transpose(Elaborator &e, Call &c) {
  NodeId x = e.node(c.args[0], argExpr(c, 0), c.ctx);
  if (x == noNode)
    return Value();
  Type type = e.nodes[x].type;
  if (type.dims.size() < 2)
    return e.fail(DiagId::R0301, argExpr(c, 0), c.ctx,
                  fmt::format("'transpose' takes a matrix; '{}' is {}", e.text(argExpr(c, 0)), e.describeType(type)));
  std::reverse(type.dims.begin(), type.dims.end());
  return Value::ofNode(e.add(Op::Transpose, type, e.nodes[x].clock, {x}, c.expr, c.ctx));
}

Value oneHot(Elaborator &e, Call &c) {
  NodeId x = e.node(c.args[0], argExpr(c, 0), c.ctx);
  if (x == noNode)
    return Value();
  Type type = e.nodes[x].type;
  if (type.elem != Elem::Token)
    return e.fail(DiagId::R0302, argExpr(c, 0), c.ctx,
                  fmt::format("'one_hot' takes a token; '{}' is {}", e.text(argExpr(c, 0)), e.describeType(type)));
  type.dims.push_back({type.tokens});
  return Value::ofNode(e.add(Op::OneHot, {Elem::Real, 0, type.dims}, e.nodes[x].clock, {x}, c.expr, c.ctx));
}

Value len(Elaborator &e, Call &c) {
  const Value &v = c.args[0];
  if (v.is(Value::Kind::List))
    return Value::ofInt(v.list->elements.size());
  if (v.is(Value::Kind::Family))
    return Value::ofInt(std::max(v.family->elements.size(), v.family->paramElements.size()));
  NodeId n = e.node(v, argExpr(c, 0), c.ctx);
  if (n == noNode)
    return Value();
  const Type &t = e.nodes[n].type;
  if (t.dims.empty())
    return e.fail(DiagId::R0301, argExpr(c, 0), c.ctx,
                  fmt::format("'len' takes a list or a vector; '{}' is {}", e.text(argExpr(c, 0)), e.describeType(t)));
  if (t.dims[0].axis)
    return e.fail(DiagId::R0303, argExpr(c, 0), c.ctx,
                  fmt::format("the length of a clock's axis is not static: {}", e.describeType(t)));
  return Value::ofInt(t.dims[0].size);
}

//===--- Along the last axis -----------------------------------------------------------------------------------===//

Value lastAxis(Elaborator &e, Call &c, Op op) {
  NodeId x = number(e, c, 0, op == Op::Argmax);
  if (x == noNode)
    return Value();
  Type type = e.nodes[x].type;
  if (type.dims.empty())
    return e.fail(DiagId::R0301, argExpr(c, 0), c.ctx,
                  fmt::format("{} works along the last axis; '{}' is {}", quoted(c), e.text(argExpr(c, 0)),
                              e.describeType(type)));
  if (op == Op::Argmax) {
    const Dim last = type.dims.back();
    if (last.axis)
      return e.fail(DiagId::R0308, argExpr(c, 0), c.ctx,
                    fmt::format("'argmax' along a clock's axis is no token: {}", e.describeType(type)));
    if (last.size < 1)
      return e.fail(DiagId::R0301, argExpr(c, 0), c.ctx, "'argmax' of nothing");
    type.dims.pop_back();
    type = {Elem::Token, last.size, type.dims};
  }
  return Value::ofNode(e.add(op, type, e.nodes[x].clock, {x}, c.expr, c.ctx));
}
Value softmax(Elaborator &e, Call &c) { return lastAxis(e, c, Op::Softmax); }
Value logSoftmax(Elaborator &e, Call &c) { return lastAxis(e, c, Op::LogSoftmax); }
Value cumsum(Elaborator &e, Call &c) { return lastAxis(e, c, Op::Cumsum); }
Value argmax(Elaborator &e, Call &c) { return lastAxis(e, c, Op::Argmax); }

Value conv1d(Elaborator &e, Call &c) {
  NodeId x = number(e, c, 0), f = number(e, c, 1);
  if (x == noNode || f == noNode)
    return Value();
  const Type a = e.nodes[x].type, b = e.nodes[f].type;
  bool channels = a.dims.size() == 2;
  bool fits = (a.dims.size() == 1 || channels) && b.dims.size() == a.dims.size() + 1 && e.ragged(b) < 0 &&
              (!channels || (!a.dims[1].axis && e.sameDim(a.dims[1], b.dims[1])));
  if (!fits)
    return e.fail(DiagId::R0301, c.expr, c.ctx,
                  fmt::format("'conv1d' takes x[s] and F[k, w], or x[s, c] and F[k, c, w]: '{}' is {}, '{}' is {}",
                              e.text(argExpr(c, 0)), e.describeType(a), e.text(argExpr(c, 1)), e.describeType(b)));
  if (llvm::any_of(b.dims, [](const Dim &d) { return d.size == 0; }))
    return e.fail(
        DiagId::R0301, argExpr(c, 1), c.ctx,
        fmt::format("'conv1d' takes filters that have elements: '{}' is {}", e.text(argExpr(c, 1)), e.describeType(b)));
  const Clock *clock = nullptr;
  if (!e.oneClock({x, f}, {argExpr(c, 0), argExpr(c, 1)}, "'conv1d'", c.expr, c.ctx, clock))
    return Value();
  return Value::ofNode(e.add(Op::Conv1d, {Elem::Real, 0, {a.dims[0], b.dims[0]}}, clock, {x, f}, c.expr, c.ctx));
}

Value ctc(Elaborator &e, Call &c) {
  NodeId logits = number(e, c, 0), labels = e.node(c.args[1], argExpr(c, 1), c.ctx);
  if (logits == noNode || labels == noNode)
    return Value();
  const Type a = e.nodes[logits].type, b = e.nodes[labels].type;
  bool fits = a.dims.size() == 2 && a.dims[0].axis && !a.dims[1].axis && b.dims.size() == 1 && b.dims[0].axis;
  if (!fits)
    return e.fail(DiagId::R0301, c.expr, c.ctx,
                  fmt::format("'ctc' takes collected logits[s, K] and labels[r]: '{}' is {}, '{}' is {}",
                              e.text(argExpr(c, 0)), e.describeType(a), e.text(argExpr(c, 1)), e.describeType(b)));
  if (b.elem != Elem::Token || b.tokens != a.dims[1].size)
    return e.fail(DiagId::R0302, argExpr(c, 1), c.ctx,
                  fmt::format("the labels of 'ctc' are token({}), blank 0; '{}' is {}", a.dims[1].size,
                              e.text(argExpr(c, 1)), e.describeType(b)));
  const Clock *clock = nullptr;
  if (!e.oneClock({logits, labels}, {argExpr(c, 0), argExpr(c, 1)}, "'ctc'", c.expr, c.ctx, clock))
    return Value();
  return Value::ofNode(e.add(Op::Ctc, {Elem::Real, 0, {}}, clock, {logits, labels}, c.expr, c.ctx));
}

Value initializer(Elaborator &e, Call &c, Initializer::Kind kind) {
  if (!c.args[0].isNumber())
    return e.fail(DiagId::R0303, argExpr(c, 0), c.ctx,
                  fmt::format("{} takes a static number; '{}' is {}", quoted(c), e.text(argExpr(c, 0)),
                              e.describeValue(c.args[0])));
  Value v;
  v.kind = Value::Kind::Initial;
  v.initial = kind;
  v.scale = c.args[0].number();
  return v;
}
Value uniform(Elaborator &e, Call &c) { return initializer(e, c, Initializer::Kind::Uniform); }
Value normal(Elaborator &e, Call &c) { return initializer(e, c, Initializer::Kind::Normal); }

const Builtin table[] = {
    {"tanh", 1, 1, unary, Op::Tanh},
    {"sigmoid", 1, 1, unary, Op::Sigmoid},
    {"relu", 1, 1, unary, Op::Relu},
    {"exp", 1, 1, unary, Op::Exp},
    {"log", 1, 1, unary, Op::Log},
    {"sqrt", 1, 1, unary, Op::Sqrt},
    {"abs", 1, 1, unary, Op::Abs},
    {"sin", 1, 1, unary, Op::Sin},
    {"cos", 1, 1, unary, Op::Cos},
    {"floor", 1, 1, unary, Op::Floor},
    {"minimum", 2, 2, minimum},
    {"maximum", 2, 2, maximum},
    {"real", 1, 1, toReal},
    {"int", 1, 1, toInt},
    {"stop_gradient", 1, 1, stopGradient},
    {"straight", 2, 2, straight},
    {"random", 1, 1, random},
    {"concat", 1, 1 << 20, concatCall},
    {"split", 2, 2, split},
    {"reshape", 2, 2, reshape},
    {"transpose", 1, 1, transpose},
    {"one_hot", 1, 1, oneHot},
    {"len", 1, 1, len},
    {"softmax", 1, 1, softmax},
    {"log_softmax", 1, 1, logSoftmax},
    {"cumsum", 1, 1, cumsum},
    {"argmax", 1, 1, argmax},
    {"conv1d", 2, 2, conv1d},
    {"ctc", 2, 2, ctc},
    {"sum", 1, 1, sum, Op::Alias, {"axis", "per"}},
    {"mean", 1, 1, mean, Op::Alias, {"axis", "per"}},
    {"max", 1, 1, max, Op::Alias, {"axis", "per"}},
    {"first", 1, 1, first, Op::Alias, {"axis", "per"}},
    {"collect", 1, 1, collect, Op::Alias, {"per", "axis"}},
    {"pre", 1, 1, pre},
    {"next", 1, 1, next},
    {"hold", 1, 1, hold, Op::Alias, {"init", "to"}},
    {"spread", 1, 1, spread, Op::Alias, {"to", nullptr}},
    {"every", 1, 1, every, Op::Alias, {"phase", nullptr}},
    {"reversed", 1, 1, reversed},
    {"after", 1, 1, after},
    {"before", 1, 1, before},
    {"uniform", 1, 1, uniform},
    {"normal", 1, 1, normal},
};

} // namespace

const Builtin *findBuiltin(StringRef name) {
  for (const Builtin &b : table)
    if (name == b.name)
      return &b;
  return nullptr;
}

std::vector<StringRef> builtinNames() {
  std::vector<StringRef> names = {"tick", "training", "sample", "zeros", "ones", "glorot", "orthogonal"};
  for (const Builtin &b : table)
    names.push_back(b.name);
  return names;
}

/// Another built-in of this one's kind, by its name, that takes so many arguments.
static std::string sibling(const Builtin &builtin, int given) {
  for (const Builtin &b : table)
    if (&b != &builtin && StringRef(b.name).starts_with(builtin.name) && given >= b.minArgs && given <= b.maxArgs)
      return fmt::format("; '{}' takes {}", b.name, given);
  return "";
}

Value Elaborator::callBuiltin(const Builtin &builtin, const Expr *e, Context &ctx) {
  Call call{&builtin, e, ctx, {}, {}, {}};
  // what is after a tick may depend on it
  bool delays = builtin.make == pre || builtin.make == after, resets = builtin.make == after || builtin.make == before,
       bad = false;
  if (delays)
    enterDelay(builtin.name);
  for (const Argument &arg : e->arguments) {
    if (arg.name) {
      StringRef name = arg.name->text;
      if ((!builtin.named[0] || name != builtin.named[0]) && (!builtin.named[1] || name != builtin.named[1])) {
        std::string known = builtin.named[0]
                                ? fmt::format("'{}'{}", builtin.named[0],
                                              builtin.named[1] ? fmt::format(" and '{}'", builtin.named[1]) : "")
                                : "none";
        StringRef along = name != "axis"                         ? ""
                          : builtin.name == StringRef("maximum") ? "; the largest along an axis is 'max(x, axis = 0)'"
                          : builtin.name == StringRef("minimum") ? "; the least along an axis is '-max(-x, axis = 0)'"
                          : builtin.name == StringRef("concat") || builtin.name == StringRef("split")
                              ? "; it works along the first axis: 'transpose' puts another one there"
                          : llvm::is_contained({"softmax", "log_softmax", "cumsum", "argmax"}, StringRef(builtin.name))
                              ? "; it works along the last axis: 'transpose' puts another one there"
                              : "";
        error(DiagId::R0203, arg.name->range, ctx,
              fmt::format("'{}' has no argument '{}'{}", builtin.name, name.str(),
                          along.empty() ? "; its named arguments: " + known : along.str()));
        bad = true;
        continue;
      }
      bool isAll = name == "axis" && arg.value->kind == Expr::Kind::Name && arg.value->name == "all";
      Value v = isAll                           ? Value::ofAll()
                : name == "per" || name == "to" ? evaluateClock(arg.value, ctx)
                                                : evaluate(arg.value, ctx);
      bad |= v.isError();
      if (!call.named.try_emplace(name.str(), v, arg.value).second) {
        error(DiagId::R0203, arg.value, ctx, fmt::format("'{}' is given twice", name.str()));
        bad = true;
      }
      continue;
    }
    call.args.push_back(resets ? evaluateCondition(arg.value, ctx) : evaluate(arg.value, ctx));
    call.argExprs.push_back(arg.value);
    bad |= call.args.back().isError();
  }
  if (delays)
    leaveDelay();
  if (bad)
    return Value();
  int given = call.args.size();
  if (given < builtin.minArgs || given > builtin.maxArgs) {
    const Expr *extra = given > builtin.maxArgs ? call.argExprs[builtin.maxArgs] : nullptr;
    std::string hint = sibling(builtin, given);
    if (extra && builtin.make == reshape)
      hint = "; the sizes are a list: 'reshape(x, [2, 3])'";
    else if (extra && builtin.make == pre && call.args.back().is(Value::Kind::Int))
      hint = fmt::format("; two ticks before is 'pre(pre({}))'", text(call.argExprs[0]));
    else if (extra && builtin.named[0] && call.args.back().is(Value::Kind::Int) && given == builtin.maxArgs + 1 &&
             !call.named.count(builtin.named[0]))
      hint += fmt::format("; or is '{} = {}' meant?", builtin.named[0], text(extra));
    return fail(DiagId::R0203, extra ? extra : e, ctx,
                fmt::format("'{}' takes {} argument{}; {} given{}", builtin.name, builtin.minArgs,
                            builtin.minArgs == 1 ? "" : "s", given, hint));
  }
  return builtin.make(*this, call);
}

std::vector<StringRef> Elaborator::clockNames() const {
  std::vector<StringRef> names;
  for (const Clock *axis : clocks.axes())
    names.push_back(axis->name);
  names.push_back("sample");
  return names;
}

/// A clock by name (`per = c`, `to = c`, `-> .. on c`) or a condition: an unknown name is an unknown clock.
Value Elaborator::evaluateClock(const Expr *e, Context &ctx) {
  if (e->kind == Expr::Kind::Name && !lookup(e->name, ctx.body) && !clocks.find(e->name)) {
    std::vector<StringRef> known = clockNames();
    error(DiagId::R0410, e, ctx, fmt::format("no clock '{}' here; clocks: {}", e->name.str(), llvm::join(known, ", ")))
        .suggest(e->nameRange, e->name, known);
    return Value();
  }
  return evaluateCondition(e, ctx);
}

Value Elaborator::concat(llvm::ArrayRef<Value> given, llvm::ArrayRef<const Expr *> exprs, const Expr *at,
                         Context &ctx) {
  llvm::SmallVector<NodeId> parts;
  llvm::SmallVector<const Expr *> places;
  llvm::SmallPtrSet<const Expr *, 4> lists;
  bool bad = false;
  std::function<void(const Value &, const Expr *)> flatten = [&](const Value &given, const Expr *e) {
    Value v = listed(given, e, ctx);
    if (v.is(Value::Kind::List)) {
      lists.insert(e);
      for (const Value &x : v.list->elements)
        flatten(x, e);
      return;
    }
    NodeId n = node(v, e, ctx);
    if (n == noNode) {
      bad = true;
      return;
    }
    const Type &t = nodes[n].type;
    if (t.elem == Elem::Token || t.elem == Elem::Bool) {
      fail(DiagId::R0302, e, ctx,
           fmt::format("'concat' joins numbers; '{}' is {}{}", text(e), describeType(t), wayToNumber(t)));
      bad = true;
      return;
    }
    parts.push_back(n), places.push_back(e);
  };
  for (size_t i = 0; i < given.size(); ++i)
    flatten(given[i], exprs[i]);
  if (bad)
    return Value();
  bool real = false;
  for (NodeId n : parts)
    real |= nodes[n].type.elem == Elem::Real;
  Type result{real || parts.empty() ? Elem::Real : Elem::Int, 0, {}};
  llvm::SmallVector<NodeId> kept;
  llvm::SmallVector<const Expr *> keptAt;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (real && (parts[i] = convert(parts[i], Elem::Real, 0, places[i], ctx)) == noNode)
      return Value();
    Type t = nodes[parts[i]].type;
    if (t.dims.empty())
      t.dims.push_back({1});
    if (t.dims[0].axis)
      return fail(
          DiagId::R0308, places[i], ctx,
          fmt::format("'concat' cannot join along a clock's axis: '{}' is {}", text(places[i]), describeType(t)));
    if (t.dims.size() == 1 && t.dims[0].size == 0) {
      if (const Node &none = nodes[parts[i]]; none.op == Op::Input)
        shapesUsed.insert(none.index);
      continue; // as `[]`
    }
    if (kept.empty()) {
      result.dims = t.dims;
    } else {
      DimVector other = t.dims;
      other[0] = result.dims[0];
      if (!sameDims(other, result.dims)) {
        auto shown = [&](const Expr *e) {
          return fmt::format("{}'{}'", lists.contains(e) ? "an element of " : "", text(e));
        };
        const Expr *list = lists.contains(places[i]) ? places[i] : keptAt[0];
        bool isBesideList = lists.contains(list) && keptAt[0] != places[i];
        std::string hint;
        if (std::max(other.size(), result.dims.size()) == 2 && other.size() != result.dims.size())
          hint =
              isBesideList
                  ? fmt::format("; 'concat' takes a list's elements one by one: 'reshape({}, ..)' makes it one value",
                                text(list))
                  : "; 'reshape(.., [1, n])' makes a row of a vector";
        return fail(DiagId::R0301, at, ctx,
                    fmt::format("'concat' joins along the first axis; the others differ: {} is {}, {} is {}{}",
                                shown(keptAt[0]), describeType(nodes[kept[0]].type), shown(places[i]),
                                describeType(nodes[parts[i]].type), hint));
      }
      result.dims[0].size += t.dims[0].size;
    }
    kept.push_back(parts[i]), keptAt.push_back(places[i]);
  }
  if (kept.empty())
    return Value::ofList(makeList({}));
  const Clock *clock = nullptr;
  if (!oneClock(kept, keptAt, "'concat'", at, ctx, clock))
    return Value();
  if (kept.size() == 1 && !nodes[kept[0]].type.dims.empty())
    return Value::ofNode(kept[0]);
  return Value::ofNode(add(Op::Concat, result, clock, kept, at, ctx));
}

} // namespace rondo::dsl
