// Equations and families of them: forced when first read, recursions through a delay get an alias (T8).
#include "dsl/Elaborate.h"
#include "fmt/format.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <utility>

namespace rondo::dsl {

//===--- Equations ---------------------------------------------------------------------------------------------===//

std::string Elaborator::loopText(size_t from) const {
  std::string text;
  for (size_t i = from; i < stack.size(); ++i)
    if (stack[i])
      text += stack[i]->name + " -> ";
  return text + stack[from]->name;
}

/// The name as it is written: "m[0]" for "m.0".
static std::string written(const Equation &equation) {
  size_t dot = equation.name.find('.');
  return dot == std::string::npos ? equation.name
                                  : fmt::format("{}[{}]", equation.name.substr(0, dot), equation.name.substr(dot + 1));
}

/// How to say the type of what recurs. An output has no place for one.
static std::string declaration(const Equation &equation, const Lhs *lhs, const std::string &type) {
  if (lhs)
    return fmt::format(
        "declare it: '{} : {} = '",
        StringRef(lhs->range.Start.getPointer(), lhs->range.End.getPointer() - lhs->range.Start.getPointer()), type);
  return fmt::format("declare it in an equation of its own: '{} : {} = '", equation.name, type);
}

Value Elaborator::recursion(Equation &equation, unsigned position, const Expr *at, Context &ctx) {
  size_t from = stack.size();
  bool delayed = false;
  while (from > 0 && stack[--from] != &equation)
    delayed |= stack[from] == nullptr;
  const Equation *first = stack[from];
  for (Equation *q : llvm::drop_begin(stack, from))
    if (q && q->item->range.Start.getPointer() < first->item->range.Start.getPointer() && !isLibrary(q->item->range))
      first = q;
  // What a cell returns need not depend on what it is applied to at the same tick: where a type on the loop is known, the
  // finished graph tells.
  bool isApplied = !delayed && !appliedAt.empty() && appliedAt.back() > from;
  bool isTyped = isApplied && llvm::any_of(llvm::drop_begin(stack, from), [&](Equation *q) {
                   bool guess = false;
                   return q && declaredType(*q, q == &equation ? position : 0, guess) && !guess;
                 });
  auto loop = [&] {
    const Binding *other = lookup(first->name, first->body->outer);
    bool hides = other ? other->kind == Binding::Kind::Cell : findBuiltin(first->name) != nullptr;
    if (hides && from + 1 == stack.size() && *at->range.End.getPointer() == '(')
      return fmt::format("'{0}' is defined by itself: it hides what else is called '{0}'; give it another name",
                         written(*first));
    if (equation.body == fileBody)
      return fmt::format("'{}' is defined by itself: {}", written(*first), loopText(from));
    return fmt::format("'{}' depends on itself within one tick: {}; put a state, 'pre' or 'fby' into the loop{}",
                       written(*first), loopText(from),
                       isApplied && !isTyped ? ", or declare a type on it if a cell there returns what it remembers"
                                             : "");
  };
  if (!delayed && !isTyped)
    return failRecursion(DiagId::R0501, first->item->keyword, ctx, loop(), from);
  bool guess = false;
  std::optional<Type> type = declaredType(equation, position, guess);
  if ((!type || guess) && ctx.hint && (!type || !ctx.hintIsGuess)) {
    type = *ctx.hint;
    guess = ctx.hintIsGuess;
  }
  if ((!type || guess) && !(guess && mayGuess(from)) && enterElsewhere(from, type.has_value()))
    return Value();
  if (type) {
    Value v = delayedRead(equation, position, *type, at, ctx);
    if (isTyped && v.is(Value::Kind::Node))
      undecidedLoops.push_back({v.node, first->item->keyword, loop()});
    return v;
  }
  const Lhs *lhs = position < equation.item->lhs.size() ? &equation.item->lhs[position] : nullptr;
  SMRange where = lhs ? lhs->range : equation.item->keyword;
  return failRecursion(DiagId::R0306, where, equationContext(equation),
                       fmt::format("the shape of '{}' depends on itself{}; {}", written(equation),
                                   delayed ? fmt::format(" through '{}'", delayNames.back()) : "",
                                   declaration(equation, lhs, "real[..]")),
                       from);
}

/// `from`: on the stack, the first equation of the loop.
Value Elaborator::failRecursion(DiagId id, SMRange at, const Context &ctx, std::string message, size_t from) {
  Consequence made{id, error(id, at, ctx, std::move(message)).range, {}};
  bool isKnown = llvm::any_of(
      consequences, [&](const Consequence &known) { return known.id == id && known.at.Start == made.at.Start; });
  if (quiet || isKnown)
    return Value();
  llvm::SmallPtrSet<const void *, 8> seen;
  std::vector<std::pair<const Item *, Body *>> work;
  auto add = [&](const Item *item, Body *body) {
    if (item && seen.insert(item).second)
      work.push_back({item, body});
  };
  for (Equation *q : llvm::drop_begin(stack, from))
    if (q)
      add(q->item, q->body);
  while (!work.empty()) {
    auto [item, body] = work.back();
    work.pop_back();
    made.leading.push_back(item->range);
    if (item->value)
      forEachName(*item->value, [&, body = body](StringRef name) {
        const Binding *b = lookup(name, body);
        if (b && b->equation)
          add(b->equation->item, b->body);
        else if (b && b->cell && seen.insert(b->cell).second)
          made.leading.push_back(b->cell->range);
        else if (b)
          for (const Item *element : b->items)
            add(element, b->body);
      });
  }
  consequences.push_back(std::move(made));
  return Value();
}

/// A value that is read through a delay before it is known.
Value Elaborator::delayedRead(Equation &equation, unsigned position, const Type &type, const Expr *at, Context &ctx) {
  NodeId &alias = equation.aliases[position];
  if (alias == noNode)
    alias = this->alias(type, at, ctx);
  return Value::ofNode(alias);
}

/// The equations of one body on the stack from here on; after the first, those that declare a type come before the others.
static std::vector<Attempts::Key> entriesFrom(llvm::ArrayRef<Equation *> stack) {
  std::vector<Attempts::Key> entries, undeclared;
  for (const Equation *q : stack)
    if (q && q->body == stack.front()->body) {
      bool first = q == stack.front(), declared = !q->item->lhs.empty() && q->item->lhs[0].type;
      (first || declared ? entries : undeclared).push_back(q->key());
    }
  entries.insert(entries.end(), undeclared.begin(), undeclared.end());
  return entries;
}

bool Elaborator::mayGuess(size_t from) const {
  return attempts.mayGuess(entriesFrom(llvm::ArrayRef<Equation *>(stack).drop_front(from)));
}

bool Elaborator::enterElsewhere(size_t from, bool canGuess) {
  if (quiet)
    return false;
  std::vector<Attempts::Key> entries = entriesFrom(llvm::ArrayRef<Equation *>(stack).drop_front(from));
  attempts.charge(nodes.size() + 10 * entries.size());
  return attempts.enterElsewhere(entries, canGuess) && (aborted = true);
}

bool Attempts::advance(Loop &loop) {
  if (loop.attempt == 2 * loop.entries.size()) // after all, as it was: there its mistakes are reported
    return false;
  ++loop.attempt;
  return spend();
}

bool Attempts::enterElsewhere(const std::vector<Key> &entries, bool canGuess) {
  if (isSpent())
    return false;
  std::set<Key> members(entries.begin(), entries.end());
  auto known = llvm::find_if(loops, [&](const Loop &loop) { return loop.members == members; });
  Loop &loop = known != loops.end() ? *known : loops.emplace_back(Loop{members, entries});
  if (canGuess && loop.attempt + 1 == loop.entries.size() && loop.entries.size() == 1) { // nowhere else to go
    loop.attempt = 1;
    return false;
  }
  return advance(loop);
}

bool Attempts::mayGuess(const std::vector<Key> &entries) const {
  std::set<Key> members(entries.begin(), entries.end());
  return llvm::any_of(loops, [&](const Loop &loop) { return loop.members == members && loop.guesses(); });
}

std::vector<Attempts::Key> Attempts::entriesOf(Key equation) const {
  std::vector<Key> entries;
  for (const Loop &loop : loops)
    if (loop.members.count(equation))
      if (Key entry = loop.entries[loop.attempt % loop.entries.size()]; entry != equation && entry != loop.entries[0])
        entries.push_back(entry);
  return entries;
}

bool Attempts::again(bool good) {
  if (!good && !restart) // a guess may be what was wrong
    for (Loop &loop : loops)
      if (loop.guesses() && advance(loop))
        break;
  return std::exchange(restart, false);
}

Context Elaborator::equationContext(Equation &equation) {
  Context ctx;
  ctx.body = equation.body;
  ctx.inLoss = equation.body->inLoss || equation.item->kind == Item::Kind::Loss;
  if (!equation.local.name.empty())
    ctx.locals = &equation.local;
  return ctx;
}

/// The equation of an earlier attempt in this one; null where it is not made.
Equation *Elaborator::find(Body &body, Attempts::Key key) {
  for (Equation *q : body.equations)
    if (q->key() == key)
      return q;
  if (key.first->family && !key.first->lhs.empty())
    expand(*body.names.lookup(key.first->lhs[0].name.text));
  auto element = body.familyEquations.find(key);
  return element == body.familyEquations.end() ? nullptr : element->second;
}

Value Elaborator::force(Equation &equation, unsigned position, const Expr *at, Context &ctx) {
  if (equation.state == Equation::State::Busy)
    return recursion(equation, position, at, ctx);
  constexpr unsigned mostReevaluations = 64;
  if (equation.state == Equation::State::Done && (!equation.reevaluated || equation.reevaluations >= mostReevaluations))
    return equation.results[position];

  if (equation.state == Equation::State::Idle)
    for (Attempts::Key entry : attempts.entriesOf(equation.key()))
      if (Equation *first = find(*equation.body, entry);
          first && first->state == Equation::State::Idle && !first->waits) {
        equation.waits = true;
        enterDelay("pre"); // what leads here need not read it within the tick: the finished graph tells
        force(*first, 0, at, ctx);
        leaveDelay();
        equation.waits = false;
        return force(equation, position, at, ctx);
      }
  equation.reevaluations += equation.state == Equation::State::Done;
  equation.state = Equation::State::Busy;
  equation.aliases.assign(std::max<size_t>(equation.item->lhs.size(), 1), noNode);
  stack.push_back(&equation);
  Context own = equationContext(equation);
  Namer namer;
  namer.item = equation.name;
  own.namer = &namer;
  unsigned before = created;
  Value v = evaluateWhole(equation.value, own);
  stack.pop_back();

  size_t count = equation.item->lhs.size();
  std::vector<Value> results;
  if (count <= 1) {
    results = {equation.body->app ? toInstances(v, equation.name, equation.body, equation) : v};
  } else if (v.is(Value::Kind::List) && v.list->elements.size() == count) {
    results = v.list->elements;
  } else {
    if (!v.isError())
      error(DiagId::R0203, equation.value, own,
            fmt::format("{} names on the left, {} on the right{}", count,
                        v.is(Value::Kind::List) ? fmt::format("{} values", v.list->elements.size()) : "one value",
                        v.is(Value::Kind::Node) ? waysToStates(equation.value) : ""));
    results.assign(count, Value());
  }
  for (size_t i = 0; i < results.size(); ++i)
    results[i] = finishEquation(equation, i, results[i], own);
  equation.state = Equation::State::Done;
  equation.results = results;
  bool aliased = false;
  for (NodeId n : equation.aliases)
    aliased |= n != noNode;
  equation.reevaluated = !aliased && count == 1 && created == before && results[0].is(Value::Kind::Node) &&
                         nodes[results[0].node].clock &&
                         clocks.resolve(nodes[results[0].node].clock)->kind == Clock::Kind::Var;
  return equation.results[std::min<size_t>(position, results.size() - 1)];
}

/// Behind a message on an application like 'lstm(8)(x)', of which more than its result was wanted.
std::string Elaborator::waysToStates(const Expr *e) const {
  if (e->kind != Expr::Kind::Call || e->operands[0]->kind != Expr::Kind::Call)
    return "";
  return fmt::format("; states are members of an instance: 'core = {}', 'core(..)' and 'core.NAME\''",
                     text(e->operands[0]));
}

/// Holds a name's value against its declared type and against what a recursion took it for.
Value Elaborator::finishEquation(Equation &equation, unsigned position, Value v, Context &ctx) {
  const Lhs *lhs = position < equation.item->lhs.size() ? &equation.item->lhs[position] : nullptr;
  if (lhs && lhs->type && !v.isError()) {
    std::optional<Type> type = evaluateType(*lhs->type, ctx);
    NodeId n = type ? node(v, equation.value, ctx) : noNode;
    if (n != noNode && (n = convert(n, type->elem, type->tokens, equation.value, ctx)) != noNode &&
        !sameDims(nodes[n].type.dims, type->dims)) {
      if (nodes[n].op == Op::Constant && nodes[n].type.dims.empty())
        nodes[n].type.dims = type->dims;
      else {
        error(DiagId::R0301, lhs->range, ctx,
              fmt::format("'{}' is declared {}, its value is {}", lhs->name.text.str(), describeType(*type),
                          describeType(nodes[n].type)));
        n = noNode;
      }
    }
    v = Value::ofNode(n);
  }
  NodeId alias = equation.aliases[position];
  if (alias != noNode && !v.isError()) {
    NodeId n = node(v, equation.value, ctx);
    if (n == noNode)
      return Value();
    // `m = v fby m`: the first v for ever; v itself where it has no clock
    if (nodes[n].op == Op::Read) {
      WorkingSlot &slot = slots[nodes[n].index];
      if (slot.candidate == alias && !slot.state && slot.slot.init != noNode && !nodes[slot.slot.init].clock) {
        slot.dropped = true;
        n = slot.slot.init;
      }
    }
    if (resolve(n) == alias) { // a cell that returns what it is applied to
      auto undecided = llvm::find_if(undecidedLoops, [&](const UndecidedLoop &loop) { return loop.read == alias; });
      error(DiagId::R0501, undecided->at, ctx, undecided->message);
      return Value();
    }
    const Type &taken = nodes[alias].type, &is = nodes[n].type;
    if (taken.elem == Elem::Real && is.elem == Elem::Int)
      n = convert(n, Elem::Real, 0, equation.value, ctx);
    if (nodes[alias].type.elem != nodes[n].type.elem || nodes[alias].type.tokens != nodes[n].type.tokens ||
        !sameDims(nodes[alias].type.dims, nodes[n].type.dims)) {
      SMRange where = lhs ? lhs->range : equation.item->keyword;
      error(DiagId::R0306, where, ctx,
            fmt::format("'{}' depends on itself as {} and is {}; {}", written(equation),
                        describeType(nodes[alias].type), describeType(nodes[n].type),
                        declaration(equation, lhs, describeType(nodes[n].type))));
      return Value();
    }
    if (nodes[n].clock && clocks.unify(nodes[alias].clock, nodes[n].clock) != Unify::Same) {
      SMRange where = lhs ? lhs->range : equation.item->keyword;
      error(DiagId::R0401, where, ctx,
            fmt::format("'{}' ticks on '{}' and reads itself on '{}'; cross with 'hold' or 'when'", written(equation),
                        describeClock(nodes[n].clock), describeClock(nodes[alias].clock)));
      return Value();
    }
    if (!nodes[n].clock)
      nodes[alias].clock = nullptr;
    nodes[alias].operands = {n};
    v = Value::ofNode(n);
  }
  if (v.is(Value::Kind::Node) && equation.body->app && !equation.anonymous)
    nodeNames.push_back({v.node, equation.body->app, elementName(equation, position)});
  return v;
}

std::string Elaborator::elementName(const Equation &equation, unsigned position) const {
  if (position >= equation.item->lhs.size())
    return equation.name;
  const Lhs &lhs = equation.item->lhs[position];
  size_t dot = equation.name.find('.');
  return lhs.name.text.str() + (dot == std::string::npos ? "" : equation.name.substr(dot)) + (lhs.prime ? "'" : "");
}

//===--- Families ----------------------------------------------------------------------------------------------===//

bool Elaborator::expand(Binding &b) {
  if (b.expanded)
    return !b.broken;
  Body &body = *b.body;
  Context ctx;
  ctx.body = &body;
  if (b.expanding) {
    error(DiagId::R0501, b.range, ctx, fmt::format("the elements of '{}' depend on the list itself", b.name.str()));
    return false;
  }
  b.expanding = true;
  for (const Item *item : b.items) {
    int64_t low = 0, high = 1;
    if (item->family) {
      std::optional<int64_t> l = evaluateInt(item->family->low, ctx, "the range of a family");
      std::optional<int64_t> h = evaluateInt(item->family->high, ctx, "the range of a family");
      if (!l || !h) {
        b.broken = true;
        continue;
      }
      low = *l, high = *h;
    }
    if (high - low > 100'000) {
      error(DiagId::R0107, item->family->range, ctx,
            fmt::format("a family of {} equations; there are at most 100000", high - low));
      b.broken = true;
      continue;
    }
    for (int64_t k = low; k < high; ++k) {
      Local local;
      if (item->family) {
        local.name = item->family->variable.text;
        local.value = Value::ofInt(k);
      }
      Context at = ctx;
      at.locals = item->family ? &local : nullptr;
      if (item->kind == Item::Kind::Param) {
        b.paramElements.emplace(k, Value());
        continue;
      }
      Equation *&equation = body.familyEquations[{item, k}];
      for (unsigned position = 0; position < item->lhs.size(); ++position) {
        const Lhs &lhs = item->lhs[position];
        if (lhs.name.text != b.name || !lhs.index)
          continue;
        std::optional<int64_t> index = evaluateInt(lhs.index, at, "the index of a list's element");
        if (!index || *index < 0) {
          if (index)
            error(DiagId::R0304, lhs.index, at, fmt::format("a list has no element {}", *index));
          b.broken = true;
          continue;
        }
        if (!equation) {
          equation = makeEquation();
          equation->item = item;
          equation->value = item->value;
          equation->body = &body;
          equation->local = local;
          equation->name = fmt::format("{}.{}", b.name.str(), *index);
        }
        auto [it, fresh] = b.elements.try_emplace(*index, equation, position);
        if (!fresh) {
          error(DiagId::R0202, lhs.range, ctx, fmt::format("'{}[{}]' is defined twice", b.name.str(), *index))
              .note(it->second.first->item->lhs[it->second.second].range, "first here");
          b.broken = true;
        }
      }
    }
  }
  int64_t expected = 0;
  auto complain = [&](SMRange at, int64_t last) {
    std::string known;
    if (b.elements.size() <= 8)
      for (auto &[k, e] : b.elements)
        known += (known.empty() ? "" : k == b.elements.rbegin()->first ? " and " : ", ") + std::to_string(k);
    error(DiagId::R0207, at, ctx,
          fmt::format("list '{}' has no element {}; it is defined at {}", b.name.str(), expected,
                      known.empty() ? fmt::format("{} places up to {}", b.elements.size(), last) : known));
    b.broken = true;
  };
  for (auto &[k, element] : b.elements) {
    if (k != expected) {
      complain(element.first->item->lhs[element.second].range, b.elements.rbegin()->first);
      break;
    }
    ++expected;
  }
  if (!b.paramElements.empty() && b.paramElements.begin()->first != 0) {
    error(DiagId::R0207, b.range, ctx,
          fmt::format("list '{}' has no element 0; a list is complete from 0", b.name.str()));
    b.broken = true;
  }
  b.expanding = false;
  b.expanded = true;
  return !b.broken;
}

/// A family as the list of its elements; any other value as it is.
Value Elaborator::listed(const Value &v, const Expr *at, Context &ctx) {
  return v.is(Value::Kind::Family) ? Value::ofList(makeList(familyElements(*v.family, 0, std::nullopt, at, ctx))) : v;
}

std::vector<Value> Elaborator::familyElements(Binding &b, int64_t low, std::optional<int64_t> high, const Expr *at,
                                              Context &ctx) {
  bool isParam = !b.paramElements.empty();
  int64_t size = isParam ? b.paramElements.size() : b.elements.size();
  std::vector<Value> result;
  for (int64_t k = low; k < std::min(high.value_or(size), size); ++k)
    result.push_back(isParam ? readParam(b, k, at, ctx)
                             : force(*b.elements.at(k).first, b.elements.at(k).second, at, ctx));
  return result;
}

} // namespace rondo::dsl
