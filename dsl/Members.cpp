// Looking inside an instance: its parameters, states, equations and instances by name (N5).
#include "dsl/Elaborate.h"
#include "fmt/format.h"

namespace rondo::dsl {

bool mentions(const Expr *e, StringRef name) {
  if (!e)
    return false;
  if (e->kind == Expr::Kind::Name)
    return e->name == name;
  if (e->kind == Expr::Kind::Member)
    return e->operands[0]->kind != Expr::Kind::Name && mentions(e->operands[0], name);
  for (const Expr *x : e->operands)
    if (mentions(x, name))
      return true;
  for (const Argument &a : e->arguments)
    if (mentions(a.value, name))
      return true;
  return false;
}

namespace {

/// Where `name` is applied once, and for certain: not in the branch of a conditional that is not among `twoBranches`.
const Expr *applicationIn(const Expr *e, StringRef name, const std::set<const Expr *> &twoBranches) {
  if (!e || e->kind == Expr::Kind::Comprehension)
    return nullptr;
  if (e->kind == Expr::Kind::Call && e->operands[0]->kind == Expr::Kind::Name && e->operands[0]->name == name)
    return e;
  llvm::ArrayRef<Expr *> operands(e->operands);
  for (const Expr *x : e->kind == Expr::Kind::If && !twoBranches.count(e) ? operands.take_front() : operands)
    if (const Expr *found = applicationIn(x, name, twoBranches))
      return found;
  for (const Argument &a : e->arguments)
    if (const Expr *found = applicationIn(a.value, name, twoBranches))
      return found;
  return nullptr;
}

/// "s" of "s.layer.0".
StringRef headOf(const Instance &instance) { return StringRef(instance.name).split('.').first; }
} // namespace

Value Elaborator::member(const Expr *e, bool prime, Context &ctx) {
  Value object = evaluate(e->operands[0], ctx);
  if (object.isError())
    return object;
  if (!object.is(Value::Kind::Instance) && !object.is(Value::Kind::ReversedInstance)) {
    StringRef function = e->name == "T" ? StringRef("transpose") : e->name;
    if (object.is(Value::Kind::Node) && findBuiltin(function)) {
      error(DiagId::R0204, e->nameRange, ctx,
            fmt::format("'{}' is {} and has no members; a function is applied to it: '{}({})'", text(e->operands[0]),
                        describeValue(object), function.str(), text(e->operands[0])));
      return Value();
    }
    return fail(DiagId::R0204, e->operands[0], ctx,
                fmt::format("'{}' is {}; only an instance has members: 'i = cell(..)', then 'i.{}'",
                            text(e->operands[0]), describeValue(object), e->name.str()));
  }
  Instance &instance = *object.instance;
  auto body = [&]() -> Body & {
    if (!instance.applications.empty())
      return *instance.applications[0]->body;
    if (!instance.awaiting) {
      Context home;
      home.body = instance.home;
      home.inLoss = ctx.inLoss;
      instance.awaiting = makeApplication(&instance, home);
      instance.awaiting->outer = instance.home->app;
    }
    return *instance.awaiting->body;
  };
  Binding *b = body().names.lookup(e->name);
  if (!b || b->sizeVariable || b->kind == Binding::Kind::Cell) {
    std::vector<StringRef> candidates;
    for (Binding *known : body().order)
      candidates.push_back(known->name);
    error(DiagId::R0201, e->nameRange, ctx,
          fmt::format("'{}' has no parameter, state, instance or equation '{}'", instance.recipe->cell->name.text.str(),
                      e->name.str()))
        .suggest(e->nameRange, e->name, candidates);
    return Value();
  }
  auto isApplied = [&] { return !instance.applications.empty() && instance.applications[0]->bound; };
  if (prime && b->kind == Binding::Kind::State && !isApplied())
    if (NodeId n = laterState(*b, e, ctx); n != noNode) {
      memberUses.push_back({&instance, e, ctx.body});
      return Value::ofNode(n);
    }
  // what is not a state needs the application itself: it may stand in an equation that is not evaluated yet
  bool needsApplication = b->kind != Binding::Kind::State || prime;
  if (needsApplication) {
    applyIdle(instance, e, ctx);
    applyAhead(instance);
  }
  b = body().names.lookup(e->name);
  bool isStream = b->kind == Binding::Kind::State || b->kind == Binding::Kind::Equation ||
                  b->kind == Binding::Kind::Family || b->kind == Binding::Kind::Pending;
  auto hasShape = [&] { // a parameter
    Context inner;
    inner.body = b->body;
    ++quiet;
    std::optional<Type> type = evaluateType(*b->item->type, inner);
    --quiet;
    return type.has_value();
  };
  if (!isApplied() && needsApplication && (isStream || (b->kind == Binding::Kind::Param && !hasShape()))) {
    size_t from = 0; // the outermost equation at home that is being evaluated: it, or one behind it, applies the cell
    while (from < stack.size() && (!stack[from] || stack[from]->body != instance.home))
      ++from;
    if (!quiet && from < stack.size() &&
        (enterElsewhere(from, false) || (attempts.evaluateLate(stack[from]->key()) && (aborted = true))))
      return Value();
    return notOnce(instance, e, ctx);
  }
  Context inner;
  inner.body = &body();
  inner.inLoss = ctx.inLoss;
  Value v;
  if (prime) {
    if (b->kind != Binding::Kind::State)
      return fail(DiagId::R0210, e, ctx, fmt::format("'{}' is no state, so it has no next value", text(e)));
    v = Value::ofNode(visibleNext(*b, e, inner));
  } else {
    v = read(*b, e, inner);
  }
  if (isStream && (v.is(Value::Kind::Node) || v.is(Value::Kind::List)))
    memberUses.push_back({&instance, e, ctx.body});
  return v;
}

/// Evaluates the equations that apply it.
void Elaborator::applyIdle(const Instance &instance, const Expr *at, Context &ctx) {
  auto mayApply = [&](const Expr *value) { return instance.applications.empty() && mentions(value, headOf(instance)); };
  auto tryEach = [&](llvm::ArrayRef<Equation *> equations) {
    for (Equation *q : std::vector<Equation *>(equations))
      if (q->state == Equation::State::Idle && mayApply(q->value))
        force(*q, 0, at, ctx);
  };
  Body &home = *instance.home;
  tryEach(home.equations);
  for (Binding *b : std::vector<Binding *>(home.order)) {
    if (b->kind != Binding::Kind::Family || b->expanding ||
        llvm::none_of(b->items, [&](const Item *item) { return mayApply(item->value); }) || !expand(*b))
      continue;
    std::vector<Equation *> elements;
    for (auto &[index, element] : b->elements)
      elements.push_back(element.first);
    tryEach(elements);
  }
}

/// Evaluates an application in an expression that is being evaluated itself.
void Elaborator::applyAhead(const Instance &instance) {
  for (size_t i = underway.size(); i-- && instance.applications.empty();) {
    Underway &one = underway[i];
    const Expr *call =
        one.ctx->body == instance.home ? applicationIn(one.value, headOf(instance), one.twoBranches) : nullptr;
    if (!call || !one.ahead.try_emplace(call).second)
      continue;
    Context own = *one.ctx;
    own.hint = nullptr;
    one.ahead[call] = evaluate(call, own);
  }
}

/// The next value of a state whose cell is not applied yet: of its declared type (T8). It may be an argument of that very
/// application. noNode where the type depends on the inputs.
NodeId Elaborator::laterState(Binding &state, const Expr *at, Context &ctx) {
  if (state.later != noNode)
    return state.later;
  Context inner;
  inner.body = state.body;
  ++quiet;
  std::optional<Type> type = evaluateType(*state.item->type, inner);
  --quiet;
  if (!type)
    return noNode;
  NodeId n = state.later = alias(*type, at, ctx);
  if (n == noNode)
    return n;
  nodes[n].clock = ownClock(state.body->app);
  state.used = true;
  deferred.push_back({nullptr, [this, n, &state, at] {
                        if (!state.body->app->bound)
                          return;
                        Context inner;
                        inner.body = state.body;
                        NodeId next = visibleNext(state, at, inner);
                        if (next == noNode)
                          return;
                        if (nodes[next].clock) // its own clock, if it has one: the cell's
                          clocks.unify(nodes[n].clock, nodes[next].clock);
                        nodes[n].operands = {next};
                      }});
  return n;
}

Value Elaborator::notOnce(const Instance &instance, const Expr *e, Context &ctx) {
  size_t n = instance.applications.size();
  if (n == 1 && instance.applications[0]->failed)
    return Value();
  bool isLater = n == 0 && llvm::any_of(underway, [&](const Underway &one) {
                   return one.ctx->body == instance.home && mentions(one.value, headOf(instance));
                 });
  std::string why = fmt::format("'{}' is applied {} times, so '{}' is not one stream", instance.name, n, text(e));
  if (isLater)
    why = fmt::format("'{}' is read where '{}' is not applied yet; give what applies it an equation of its own",
                      text(e), instance.name);
  else if (n == 0)
    why = fmt::format("'{}' is applied nowhere, so there is no '{}'", instance.name, text(e));
  else if (n == 1)
    why = fmt::format("'{}' depends on what '{}' is applied to, and that on '{}'", text(e), instance.name, text(e));
  Diagnostic &d = error(DiagId::R0206, e, ctx, why);
  for (size_t k = 0; k < n && k < 3; ++k)
    d.note(locations[instance.applications[k]->location].range, "applied here");
  return Value();
}

} // namespace rondo::dsl
