// Cells: sizes given (N2), instances made (N2 to N4), applied (N8); names of applications (N7).
#include "dsl/Elaborate.h"
#include "fmt/format.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"

namespace rondo::dsl {

namespace {
std::string names(const std::vector<Decl> &decls) {
  std::string text;
  for (const Decl &d : decls)
    text += (text.empty() ? "" : ", ") + d.name.text.str();
  return text;
}
} // namespace

//===--- Names of unnamed applications (N7) --------------------------------------------------------------------===//

std::string Namer::next(StringRef cell) {
  std::string name;
  if (isReturn) {
    name = cell.str();
  } else if (!outerTaken) {
    outerTaken = true;
    return item;
  } else {
    name = item + "_" + cell.str();
  }
  unsigned n = ++counts[name];
  return n == 1 ? name : name + std::to_string(n);
}

std::string Namer::delay() {
  std::string name = isReturn ? "pre" : item + "_pre";
  unsigned n = ++counts[name];
  return n == 1 ? name : name + std::to_string(n);
}

//===--- Sizes -------------------------------------------------------------------------------------------------===//

std::string Elaborator::sizesHint(const Value &cell) const {
  std::string text = cell.recipe->cell->name.text.str() + "(";
  const char *comma = "";
  for (const Decl &d : cell.recipe->cell->sizes)
    if (!d.init) {
      text += comma + d.name.text.str();
      comma = ", ";
    }
  return text + ")";
}

Value Elaborator::configure(const Value &callee, const Expr *call, Context &ctx) {
  const Cell &cell = *callee.recipe->cell;
  std::string cellName = cell.name.text.str();
  std::map<StringRef, std::pair<Value, const Expr *>> given;
  unsigned position = 0, positional = 0;
  bool bad = false;
  for (const Argument &arg : call->arguments)
    positional += !arg.name;
  auto signature = [&] {
    std::string list;
    for (const Decl &d : cell.sizes)
      list += fmt::format("{}{}{}", list.empty() ? "" : ", ", d.name.text.str(),
                          d.type ? ": " + sourceText(d.type->range) : "");
    return fmt::format("'{}' takes {} size{} ({})", cellName, cell.sizes.size(), cell.sizes.size() == 1 ? "" : "s",
                       list);
  };
  for (const Argument &arg : call->arguments) {
    Context sized = ctx;
    sized.namer = nullptr;
    sized.applied = false;
    size_t recursions = consequences.size();
    Value v = evaluate(arg.value, sized);
    bad |= v.isError();
    bool isStream = v.is(Value::Kind::Node)
                        ? nodes[v.node].op != Op::Constant
                        : v.isError() && consequences.size() > recursions && consequences.back().id == DiagId::R0306;
    if (isStream && !ctx.applied) {
      // What stands before it may be sizes, or behind it where nothing does; the rest goes on being inputs.
      std::string sizes, inputs;
      size_t before = &arg - call->arguments.data(), count = call->arguments.size();
      bool areBehind = before == 0 && count == cell.sizes.size() + cell.inputs.size();
      for (const Argument &other : call->arguments) {
        size_t place = &other - call->arguments.data();
        std::string &list = (areBehind ? place >= cell.inputs.size() : place < before) ? sizes : inputs;
        list += (list.empty() ? "" : ", ") + (other.name ? other.name->text.str() + " = " : "") + text(other.value);
      }
      error(DiagId::R0204, call, ctx,
            fmt::format("'{}' needs its sizes before its inputs: '{}({})'", cellName,
                        sizes.empty() ? sizesHint(callee) : fmt::format("{}({})", cellName, sizes), inputs))
          .note(arg.value->range, fmt::format("'{}' is a stream, a size is static", text(arg.value)));
      return Value();
    }
    StringRef name;
    if (arg.name) {
      name = arg.name->text;
      std::vector<StringRef> known;
      for (const Decl &d : cell.sizes)
        known.push_back(d.name.text);
      if (!llvm::is_contained(known, name)) {
        error(DiagId::R0203, arg.name->range, ctx,
              fmt::format("'{}' has no size '{}'; {}", cellName, name.str(), signature()))
            .suggest(arg.name->range, name, known);
        return Value();
      }
    } else {
      if (position >= cell.sizes.size()) {
        error(DiagId::R0203, arg.value, ctx, fmt::format("{}; {} given", signature(), positional));
        return Value();
      }
      name = cell.sizes[position++].name.text;
    }
    if (!given.try_emplace(name, v, arg.value).second) {
      error(DiagId::R0203, arg.value, ctx, fmt::format("size '{}' of '{}' is given twice", name.str(), cellName));
      return Value();
    }
  }
  if (bad)
    return Value();
  Recipe *recipe = makeRecipe();
  recipe->cell = &cell;
  recipe->definition = callee.recipe->definition;
  Body *earlier = makeBody(); // defaults may read earlier sizes
  earlier->outer = recipe->definition;
  for (const Decl &d : cell.sizes) {
    auto it = given.find(d.name.text);
    Value v;
    if (it != given.end()) {
      v = checkSizeValue(d, it->second.first, it->second.second, cell, ctx);
    } else if (d.init) {
      Context inner;
      inner.body = earlier;
      v = checkSizeValue(d, evaluate(d.init, inner), d.init, cell, inner);
    } else {
      error(DiagId::R0203, call, ctx,
            fmt::format("{}; {} given", signature(), given.empty() ? "none" : std::to_string(given.size())));
    }
    if (v.isError())
      return Value();
    recipe->sizes.push_back({d.name.text, v});
    if (it != given.end())
      recipe->places[d.name.text] = it->second.second->range;
    define(*earlier, d.name.text, d.name.range, Binding::Kind::Value)->value = v;
  }
  Value v;
  v.kind = Value::Kind::Recipe;
  v.recipe = recipe;
  return v;
}

//===--- Instances ---------------------------------------------------------------------------------------------===//

Shared *Elaborator::sharedOf(Body *home, const std::string &name, const void *origin, SMRange at) {
  Shared *outer = home->shared;
  auto [known, end] = outer->inner.equal_range(name);
  for (; known != end; ++known)
    if (known->second->origin == origin)
      return known->second;
  Shared *shared = &sharedStore.emplace_back();
  shared->origin = origin;
  shared->home = home;
  shared->path = outer->path.empty() ? name : outer->path + "." + name;
  shared->range = at;
  outer->inner.emplace(name, shared);
  return shared;
}

/// N7: no two parameters have one path.
void Elaborator::checkPaths() {
  std::map<std::string, Shared *> owners;
  std::set<std::string> told;
  for (size_t i = 0; i < params.size(); ++i) {
    auto [first, fresh] = owners.try_emplace(params[i].path, paramOwners[i]);
    Shared *owner = paramOwners[i];
    if (fresh || !told.insert(owner->path).second)
      continue;
    Context ctx;
    ctx.body = owner->home;
    error(DiagId::R0208, owner->range, ctx,
          fmt::format("two cells here have the path '{}': give one of them a name of its own", owner->path))
        .note(first->second->range, "the other one");
  }
}

Instance *Elaborator::makeInstance(const Recipe *recipe, const std::string &name, Body *body, const void *origin,
                                   SMRange at) {
  Instance *instance = &instanceStore.emplace_back();
  instance->recipe = recipe;
  instance->home = body;
  instance->name = name;
  instance->shared = sharedOf(body, name, origin, at);
  ++created;
  return instance;
}

/// N2: a named recipe is an instance; of a list of recipes each element.
Value Elaborator::toInstances(const Value &v, const std::string &name, Body *body, const Equation &equation) {
  if (v.is(Value::Kind::Recipe)) {
    Value r;
    r.kind = Value::Kind::Instance;
    r.instance = makeInstance(v.recipe, name, body, equation.value, equation.item->keyword);
    return r;
  }
  if (!v.is(Value::Kind::List) || v.list->elements.empty() || !v.list->elements[0].is(Value::Kind::Recipe))
    return v;
  std::vector<Value> elements;
  for (size_t k = 0; k < v.list->elements.size(); ++k)
    elements.push_back(toInstances(v.list->elements[k], fmt::format("{}.{}", name, k), body, equation));
  return Value::ofList(makeList(std::move(elements)));
}

Application *Elaborator::makeApplication(Instance *instance, Context &ctx) {
  Application *app = &applicationStore.emplace_back();
  const Recipe &recipe = *instance->recipe;
  Body *body = makeBody();
  app->instance = instance;
  app->body = body;
  body->outer = recipe.definition;
  body->cell = recipe.cell;
  body->app = app;
  body->shared = instance->shared;
  body->inLoss = ctx.inLoss;
  for (auto &[name, value] : recipe.sizes)
    define(*body, name, recipe.cell->name.range, Binding::Kind::Value)->value = value;
  declareSizeVariables(*body);
  for (const Decl &input : recipe.cell->inputs)
    define(*body, input.name.text, input.name.range, Binding::Kind::Pending);
  load(*body, recipe.cell->body);
  bodies.push_back(body);
  ++created;
  return app;
}

const Clock *Elaborator::ownClock(Application *app) {
  if (!app || !app->instance)
    return clocks.variable();
  if (!app->clock)
    app->clock = clocks.variable();
  return app->clock;
}

//===--- Applying ----------------------------------------------------------------------------------------------===//

Value Elaborator::apply(const Value &callee, const Expr *call, Context &ctx) {
  if (!ctx.body->app)
    return fail(DiagId::R0105, call, ctx, "a cell is applied in a model or a cell, not at the top of a file");
  if (tooLarge(call, ctx))
    return Value();
  const Recipe *recipe = callee.is(Value::Kind::Recipe) ? callee.recipe : callee.instance->recipe;
  const Cell &cell = *recipe->cell;
  std::string cellName = cell.name.text.str();
  Namer spare;
  spare.isReturn = true;
  std::string name = (ctx.namer ? *ctx.namer : spare).next(cell.name.text);

  Instance *instance = callee.is(Value::Kind::Recipe)
                           ? makeInstance(recipe, name, ctx.body, call, call->operands[0]->range)
                           : callee.instance;
  Application *app = instance->awaiting;
  instance->awaiting = nullptr;
  if (!app)
    app = makeApplication(instance, ctx);
  instance->applications.push_back(app);
  app->outer = ctx.body->app;
  app->name = name;
  app->location = location(call->range, ctx);
  app->reversed = recipe->reversed != callee.is(Value::Kind::ReversedInstance);
  Body &body = *app->body;
  auto end = llvm::make_scope_exit([&] { app->failed = !app->bound; });

  // arguments: run options, inputs, initial values
  std::map<StringRef, std::pair<Value, const Expr *>> given;
  Value blend, reset;
  const Expr *blendExpr = nullptr, *resetExpr = nullptr;
  llvm::StringSet<> named;
  unsigned position = 0;
  bool bad = false;
  for (const Argument &arg : call->arguments) {
    appliedAt.push_back(stack.size());
    Value v = evaluate(arg.value, ctx);
    appliedAt.pop_back();
    bad |= v.isError();
    if (arg.name && !named.insert(arg.name->text).second) {
      error(DiagId::R0203, arg.name->range, ctx,
            fmt::format("'{}' of '{}' is given twice", arg.name->text.str(), cellName));
      return Value();
    }
    if (arg.name && arg.name->text == "blend") {
      blend = v, blendExpr = arg.value;
      continue;
    }
    if (arg.name && arg.name->text == "reset") {
      reset = v, resetExpr = arg.value;
      continue;
    }
    StringRef input;
    if (!arg.name) {
      if (position >= cell.inputs.size()) {
        error(DiagId::R0203, arg.value, ctx,
              fmt::format("'{}' takes {} input{} ({}); too many given", cellName, cell.inputs.size(),
                          cell.inputs.size() == 1 ? "" : "s", names(cell.inputs)));
        return Value();
      }
      input = cell.inputs[position++].name.text;
    } else {
      input = arg.name->text;
      Binding *b = body.names.lookup(input);
      bool isInput = false;
      for (const Decl &d : cell.inputs)
        isInput |= d.name.text == input;
      if (!isInput && b && b->kind == Binding::Kind::State) {
        app->initial[input.str()] = {v, arg.value};
        continue;
      }
      if (!isInput) {
        std::vector<StringRef> known = {"reset", "blend"};
        for (const Binding *candidate : body.order)
          known.push_back(candidate->name);
        std::string states;
        for (const Binding *candidate : body.order)
          if (candidate->kind == Binding::Kind::State)
            states += (states.empty() ? "" : ", ") + candidate->name.str();
        bool isSize = llvm::any_of(cell.sizes, [&](const Decl &size) { return size.name.text == input; });
        std::string hint = isSize ? fmt::format("; '{0}' is a size: '{1}(.., {0} = ..)(..)'", input.str(), cellName)
                                  : fmt::format("; its inputs are ({}){}", names(cell.inputs),
                                                states.empty() ? "" : fmt::format(", its states ({})", states));
        Diagnostic &d = error(DiagId::R0203, arg.name->range, ctx,
                              fmt::format("'{}' has no input or state '{}'{}", cellName, input.str(), hint));
        if (!isSize)
          d.suggest(arg.name->range, input, known);
        return Value();
      }
    }
    if (!given.try_emplace(input, v, arg.value).second) {
      error(DiagId::R0203, arg.value, ctx, fmt::format("input '{}' of '{}' is given twice", input.str(), cellName));
      return Value();
    }
  }
  for (const Decl &d : cell.inputs)
    if (!given.count(d.name.text)) {
      if (!d.init) {
        bool isForSizes = cell.sizes.empty() && call->arguments.empty(); // `f()(x)`
        error(DiagId::R0203, call, ctx,
              fmt::format("'{}' takes {} input{} ({}); '{}' is missing{}", cellName, cell.inputs.size(),
                          cell.inputs.size() == 1 ? "" : "s", names(cell.inputs), d.name.text.str(),
                          isForSizes ? "; it has no sizes, so there is one pair of brackets" : ""));
        return Value();
      }
      Context inner;
      inner.body = &body;
      given[d.name.text] = {evaluate(d.init, inner), d.init};
      bad |= given[d.name.text].first.isError();
    }
  if (bad)
    return Value();
  for (const auto &[input, argument] : given)
    app->arguments[input] = argument.second;

  // one clock for all inputs (C2)
  llvm::SmallVector<NodeId> clocked;
  llvm::SmallVector<const Expr *> exprs;
  std::function<void(const Value &, const Expr *)> collect = [&](const Value &v, const Expr *e) {
    if (v.is(Value::Kind::List))
      for (const Value &x : v.list->elements)
        collect(x, e);
    if (v.is(Value::Kind::Node))
      clocked.push_back(v.node), exprs.push_back(e);
  };
  for (const Decl &d : cell.inputs) {
    auto &[v, e] = given[d.name.text];
    v = listed(v, e, ctx);
    Value bound = bindInput(d, v, e, body, cell, ctx);
    if (bound.isError())
      return Value();
    collect(bound, e);
    Binding *b = body.names.lookup(d.name.text);
    b->kind = Binding::Kind::Value;
    b->value = bound;
  }
  const Clock *clock = app->clock;
  if (!oneClock(clocked, exprs, fmt::format("'{}'", cellName), call, ctx, clock))
    return Value();
  app->clock = clock;
  app->bound = true;

  if (!enterScope(*app, reset, resetExpr, ctx))
    return Value();
  if (blendExpr) {
    NodeId rate = node(blend, blendExpr, ctx);
    if (rate == noNode || (rate = convert(rate, Elem::Real, 0, blendExpr, ctx)) == noNode)
      return Value();
    const Clock *own = ownClock(app);
    if (!oneClock({rate}, {blendExpr}, fmt::format("'{}'", cellName), call, ctx, own))
      return Value();
    app->blend = rate;
    app->blendAt = blendExpr;
  }
  for (auto &[state, init] : app->initial)
    if (NodeId n = node(init.first, init.second, ctx); n != noNode) {
      const Clock *own = ownClock(app);
      if (!oneClock({n}, {init.second}, fmt::format("'{}'", cellName), call, ctx, own))
        return Value();
    }
  return results(*app, call, ctx);
}

/// `reset = after(c) | before(c)` (S4) and `reversed` (S6) make the scope of time inside.
bool Elaborator::enterScope(Application &app, const Value &reset, const Expr *at, Context &ctx) {
  const Scope outer = scopes[ctx.body->app->scope];
  std::vector<Cut> cuts = outer.cuts;
  if (at) {
    if (!reset.is(Value::Kind::Reset)) {
      error(DiagId::R0203, at, ctx,
            fmt::format("'reset' takes 'after(c)' or 'before(c)'; '{}' is {}", text(at), describeValue(reset)));
      return false;
    }
    const ResetValue &r = resetStore[reset.integer];
    const Clock *clock = nullptr;
    if (r.clock.is(Value::Kind::Clock)) {
      clock = r.clock.clock;
      auto check = [this, segment = clock, &app, at, what = r.at](Context &ctx) {
        const Clock *own = clocks.resolve(app.clock);
        bool finer = segment == clocks.sample() ||
                     clocks.finerAxis(own->kind == Clock::Kind::Axis ? own : clocks.root(own), segment);
        if (!finer && clocks.isKnown(own))
          error(DiagId::R0402, at, ctx,
                fmt::format("'{}' is no segment of '{}', the clock of '{}'", text(what), describeClock(own),
                            app.instance->recipe->cell->name.text.str()));
        return finer;
      };
      if (app.clock && !clocks.isKnown(app.clock))
        onceKnown(app.clock, nullptr, ctx, check);
      else if (app.clock && !check(ctx))
        return false;
    } else {
      Value c = r.clock;
      NodeId n = node(c, r.at, ctx);
      if (n == noNode)
        return false;
      if (nodes[n].type.elem != Elem::Bool || !nodes[n].type.dims.empty()) {
        error(DiagId::R0402, r.at, ctx,
              fmt::format("a reset happens where a bool is true; '{}' is {}", text(r.at), describeType(nodes[n].type)));
        return false;
      }
      const Clock *own = ownClock(&app);
      if (clocks.unify(own, nodes[n].clock) != Unify::Same) {
        error(DiagId::R0401, r.at, ctx,
              fmt::format("'{}' ticks on '{}', '{}' on '{}'; {}", text(r.at), describeClock(nodes[n].clock),
                          app.instance->recipe->cell->name.text.str(), describeClock(own),
                          crossingHint(nodes[n].clock, text(r.at), own, "")));
        return false;
      }
      clock = eventClock(own, n, text(r.at));
    }
    // A cut stands in forward time. In reverse "before" is behind; and a segment's tick is its first row, at whose far
    // side it ends, in either direction.
    bool before = r.before != outer.reverse;
    if (outer.reverse && (clock->kind == Clock::Kind::Axis || clock->kind == Clock::Kind::Sample)) {
      NodeId first = r.before ? segmentEnd(scope(true, {{false, clock}}), at, ctx) : noNode;
      if (r.before && first == noNode)
        return false;
      before = false;
      if (r.before)
        clock = eventClock(ownClock(&app), first, text(r.at));
    }
    cuts.push_back({before, clock});
  }
  app.scope = scope(outer.reverse != app.reversed, std::move(cuts));
  return true;
}

Value Elaborator::results(Application &app, const Expr *call, Context &ctx) {
  Body &body = *app.body;
  const Cell &cell = *body.cell;
  if (!body.returns)
    return Value(); // R0503 is reported with the names
  Context inner;
  inner.body = &body;
  inner.inLoss = body.inLoss;
  Namer namer;
  namer.isReturn = true;
  inner.namer = &namer;
  std::vector<Value> values;
  const std::vector<Expr *> &exprs = body.returns->results;
  if (!cell.results.empty() && cell.results.size() != exprs.size()) {
    error(DiagId::R0203, body.returns->keyword, inner,
          fmt::format("'{}' declares {} result{}, 'return' has {}", cell.name.text.str(), cell.results.size(),
                      cell.results.size() == 1 ? "" : "s", exprs.size()));
    return Value();
  }
  for (size_t i = 0; i < exprs.size(); ++i) {
    const Expr *e = exprs[i];
    Value v = app.blend == noNode ? evaluateWhole(e, inner) : blendedResult(e, inner, call, ctx);
    v = listed(v, e, inner);
    if (v.isError())
      return v;
    if (i < cell.results.size()) {
      v = checkResult(cell.results[i], v, e, app, inner);
      if (v.isError())
        return v;
    }
    values.push_back(v);
  }
  // Where no input says when a cell ticks, what it makes does: resets from outside count that cell's ticks.
  for (const Value &v : values) {
    const Clock *own = app.clock ? clocks.resolve(app.clock) : nullptr;
    const Clock *made = v.is(Value::Kind::Node) ? nodes[v.node].clock : nullptr;
    if (own && own->kind == Clock::Kind::Var && made && clocks.root(made) != own)
      clocks.unify(own, made);
  }
  return values.size() == 1 ? values[0] : Value::ofList(makeList(std::move(values)));
}

Value Elaborator::checkResult(const ResultType &declared, Value v, const Expr *e, Application &app, Context &inner) {
  std::string cellName = app.body->cell->name.text.str();
  std::optional<Type> type = evaluateType(*declared.type, inner);
  NodeId n = type ? node(v, e, inner) : noNode;
  if (n == noNode || (n = convert(n, type->elem, type->tokens, e, inner)) == noNode)
    return Value();
  if (!sameDims(nodes[n].type.dims, type->dims)) {
    if (nodes[n].op != Op::Constant || !nodes[n].type.dims.empty()) {
      error(DiagId::R0301, e, inner,
            fmt::format("'{}' returns {}, declared {}", cellName, describeType(nodes[n].type), describeType(*type)))
          .note(declared.type->range, "declared here");
      return Value();
    }
    nodes[n].type.dims = type->dims;
  }
  // C9: the cell's own clock, or `when e` of it
  const Clock *expected = app.clock;
  if (declared.clock) {
    Expr &clock = exprStore.emplace_back();
    clock.name = declared.clock->text;
    clock.range = clock.nameRange = declared.clock->range;
    Value c = evaluateClock(&clock, inner);
    if (c.isError())
      return c;
    expected = whenClock(ownClock(&app), c, &clock, e, &clock, inner);
    if (!expected)
      return Value();
  }
  if (expected && nodes[n].clock && clocks.unify(expected, nodes[n].clock) != Unify::Same) {
    error(DiagId::R0401, e, inner,
          fmt::format("'{}' returns a value on '{}', {} '{}'", cellName, describeClock(nodes[n].clock),
                      declared.clock ? "declared on" : "its clock is", describeClock(expected)));
    return Value();
  }
  return Value::ofNode(n);
}

} // namespace rondo::dsl
