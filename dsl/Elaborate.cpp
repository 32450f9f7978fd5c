// A model from its items: names of bodies, inputs with their clocks (C1), and the order in which all is evaluated.
#include "dsl/Elaborate.h"
#include "fmt/format.h"
#include "llvm/Support/thread.h"
#include <charconv>

namespace rondo::dsl {

Elaborator::Elaborator(Diagnostics &diags, const CheckOptions &options, const Program &program, bool training,
                       Attempts &attempts)
    : diags(diags), options(options), clocks([this](NodeId a, NodeId b) { return sameNode(a, b); }), training(training),
      attempts(attempts), program(program) {
  scopes.emplace_back();
}

//===--- Diagnostics -------------------------------------------------------------------------------------------===//

bool Elaborator::isLibrary(SMRange range) const {
  return range.isValid() && program.libraryBuffers.count(diags.sources.FindBufferContainingLoc(range.Start));
}

/// The caret stands in the user's text: a mistake found inside a library cell is shown at the application that led there.
Diagnostic &Elaborator::error(DiagId id, SMRange range, const Context &ctx, std::string message) {
  if (quiet)
    return scratch = Diagnostic{};
  const Application *app = ctx.body ? ctx.body->app : nullptr;
  std::vector<std::pair<SMRange, std::string>> levels;
  SMRange at = range;
  for (; app && app->instance && app->outer; app = app->outer) {
    SMRange call = locations[app->location].range;
    std::string cell = app->instance->recipe->cell->name.text.str();
    if (isLibrary(at)) {
      levels.push_back({at, fmt::format("in '{}'", cell)});
      at = call;
    } else if (!isLibrary(call) && levels.size() < 4) {
      levels.push_back({call, fmt::format("'{}' is instantiated here", cell)});
    }
  }
  Diagnostic &d = diags.report(id, at, std::move(message));
  for (auto &[where, what] : levels)
    d.note(where, what);
  return d;
}

std::string Elaborator::sourceText(SMRange range) const {
  if (!range.isValid())
    return "";
  const char *begin = range.Start.getPointer(), *end = range.End.getPointer();
  std::string text;
  for (const char *p = begin; p < end; ++p) {
    bool space = *p == ' ' || *p == '\n' || *p == '\t' || *p == '\r';
    if (space && (text.empty() || text.back() == ' '))
      continue;
    if (*p == '#') // a comment inside an expression
      while (p < end && *p != '\n')
        ++p;
    else
      text += space ? ' ' : *p;
    if (text.size() > 40)
      return text.substr(0, 37) + "..";
  }
  return text;
}

std::string Elaborator::elementText(const Expr *e) const {
  bool isOperand = e->kind == Expr::Kind::Name || e->kind == Expr::Kind::Call || e->kind == Expr::Kind::Index ||
                   e->kind == Expr::Kind::Member || e->kind == Expr::Kind::List || e->kind == Expr::Kind::Prime;
  return fmt::format(isOperand ? "{}[0]" : "({})[0]", text(e));
}

std::string Elaborator::userText(const Expr *e, const Context &ctx) const {
  const Application *app = ctx.body ? ctx.body->app : nullptr;
  for (; app && e->kind == Expr::Kind::Name && isLibrary(e->range); app = app->outer) {
    auto given = app->arguments.find(e->name);
    if (given == app->arguments.end())
      break;
    e = given->second;
  }
  return text(e);
}

std::string Elaborator::text(const Expr *e) const { return sourceText(e->range); }

SMRange Elaborator::definitionOf(const Expr *e, const Context &ctx) const {
  if (e->kind != Expr::Kind::Name)
    return {};
  for (const Local *l = ctx.locals; l; l = l->up)
    if (l->name == e->name)
      return {};
  Binding *b = lookup(e->name, ctx.body);
  return b ? b->range : SMRange();
}

std::string Elaborator::describeClock(const Clock *clock) {
  return clocks.describe(clock, [&](NodeId n) {
    auto it = conditionTexts.find(n);
    return it == conditionTexts.end() ? std::string() : it->second;
  });
}

const Expr *Elaborator::place(SMRange range) {
  Expr &e = exprStore.emplace_back();
  e.range = e.nameRange = range;
  return &e;
}

//===--- Bodies ------------------------------------------------------------------------------------------------===//

Binding *Elaborator::define(Body &body, StringRef name, SMRange range, Binding::Kind kind, const Expr *value) {
  auto [it, fresh] = body.names.try_emplace(name, nullptr);
  if (!fresh) {
    Context ctx;
    ctx.body = &body;
    bool isState = it->second->kind == Binding::Kind::State && kind == Binding::Kind::Equation;
    std::string text = definedTwice(name.str(), isState);
    if (!isState && mentions(value, name))
      text += "; equations hold all together: what is made of it has a name of its own";
    error(DiagId::R0202, range, ctx, text).note(it->second->range, "first here");
    it->second->clashes = true;
    return &bindingStore.emplace_back(); // the first definition stands
  }
  Binding *b = &bindingStore.emplace_back();
  b->kind = kind;
  b->name = name;
  b->range = range;
  b->body = &body;
  it->second = b;
  body.order.push_back(b);
  return b;
}

void Elaborator::load(Body &body, const std::vector<Item *> &items) {
  Context ctx;
  ctx.body = &body;
  auto family = [&](const Name &name, SMRange range) -> Binding * {
    auto it = body.names.find(name.text);
    if (it != body.names.end() && it->second->kind == Binding::Kind::Family)
      return it->second;
    return define(body, name.text, range, Binding::Kind::Family);
  };
  auto isState = [&](StringRef name) {
    return llvm::any_of(items, [&](const Item *item) {
      return item->kind == Item::Kind::State &&
             llvm::any_of(item->names, [&](const Name &state) { return state.text == name; });
    });
  };
  for (const Item *item : items) {
    switch (item->kind) {
    case Item::Kind::Cell:
      if (Binding *b = define(body, item->cell->name.text, item->cell->name.range, Binding::Kind::Cell))
        b->cell = item->cell;
      break;
    case Item::Kind::Equation: {
      bool indexed = false, plain = false;
      for (const Lhs &l : item->lhs)
        (l.index ? indexed : plain) = true;
      if (item->family && plain)
        error(DiagId::R0202, item->lhs[0].range, ctx,
              fmt::format("'for' defines '{0}' once for each value: write '{0}[{1}] = ..'",
                          item->lhs[0].name.text.str(), item->family->variable.text.str()));
      if (indexed) {
        for (const Lhs &l : item->lhs)
          if (l.index && l.prime && isState(l.name.text)) {
            error(DiagId::R0210, l.range, ctx,
                  fmt::format("the next value of a state is given whole: '{}' = ..'", l.name.text.str()));
          } else if (l.index) {
            Binding *b = family(l.name, l.range);
            if (b->items.empty() || b->items.back() != item)
              b->items.push_back(item);
            if (l.prime)
              error(DiagId::R0210, l.range, ctx, fmt::format("'{}' is a list, not a state", l.name.text.str()));
          }
        break;
      }
      Equation *q = makeEquation();
      q->item = item;
      q->value = item->value;
      q->body = &body;
      q->name = item->lhs[0].name.text.str();
      body.equations.push_back(q);
      for (unsigned i = 0; i < item->lhs.size(); ++i)
        if (!item->lhs[i].prime) {
          Binding *b =
              define(body, item->lhs[i].name.text, item->lhs[i].name.range, Binding::Kind::Equation, item->value);
          b->equation = q;
          b->position = i;
        }
      break;
    }
    case Item::Kind::Param:
    case Item::Kind::State:
      for (const Name &name : item->names) {
        bool isParam = item->kind == Item::Kind::Param;
        Binding *b = define(body, name.text, name.range,
                            item->family ? Binding::Kind::Family
                            : isParam    ? Binding::Kind::Param
                                         : Binding::Kind::State);
        b->item = item;
        if (item->family)
          b->items.push_back(item);
      }
      break;
    case Item::Kind::Output:
      if (item->value) {
        Equation *q = makeEquation();
        q->item = item;
        q->value = item->value;
        q->body = &body;
        q->name = item->names[0].text.str();
        body.equations.push_back(q);
        define(body, item->names[0].text, item->names[0].range, Binding::Kind::Equation, item->value)->equation = q;
      }
      break;
    case Item::Kind::Return: body.returns = item; break;
    default: break;
    }
  }
  for (const Item *item : items)
    for (const Lhs &l : item->lhs)
      if (auto it = body.names.find(l.name.text); l.index && l.prime && it != body.names.end())
        it->second->clashes = true; // spoken of above
  // next values belong to states of the same body
  for (Equation *q : body.equations)
    for (unsigned i = 0; i < q->item->lhs.size(); ++i) {
      const Lhs &l = q->item->lhs[i];
      if (!l.prime)
        continue;
      auto it = body.names.find(l.name.text);
      if (it == body.names.end() || it->second->kind != Binding::Kind::State) {
        const Binding *known = it == body.names.end() ? nullptr : it->second;
        if (!known || !known->clashes)
          error(DiagId::R0210, l.range, ctx, noState(l.name.text, known));
        continue;
      }
      Binding &b = *it->second;
      if (b.equation)
        error(DiagId::R0202, l.range, ctx, fmt::format("'{}'' is defined twice", l.name.text.str()))
            .note(b.equation->item->lhs[b.position].range, "first here");
      else
        b.equation = q, b.position = i;
    }
}

void Elaborator::loadFile(Body &body, const File &file) {
  for (const Cell *cell : file.cells)
    if (!cell->isModel)
      define(body, cell->name.text, cell->name.range, Binding::Kind::Cell)->cell = cell;
  load(body, file.equations);
}

uint32_t Elaborator::scope(bool reverse, std::vector<Cut> cuts) {
  for (size_t i = 0; i < scopes.size(); ++i) {
    bool same = scopes[i].reverse == reverse && scopes[i].cuts.size() == cuts.size();
    for (size_t k = 0; same && k < cuts.size(); ++k)
      same = scopes[i].cuts[k].before == cuts[k].before && clocks.same(scopes[i].cuts[k].clock, cuts[k].clock);
    if (same)
      return i;
  }
  scopes.push_back({reverse, std::move(cuts), {}});
  return scopes.size() - 1;
}

std::string Elaborator::applicationPath(const Application *app) const {
  if (!app || !app->instance)
    return "";
  const Instance &instance = *app->instance;
  std::string home = applicationPath(instance.home->app);
  std::string path = home.empty() ? instance.name : home + "." + instance.name;
  if (instance.applications.size() <= 1)
    return path;
  // one of several: the place that applies it tells them apart
  std::string place = app->outer == instance.home->app ? "" : applicationPath(app->outer) + ".";
  return path + "@" + place + app->name;
}

void Elaborator::force(Body &body) {
  Context ctx;
  ctx.body = &body;
  ctx.inLoss = body.inLoss;
  for (bool late : {false, true})
    for (size_t i = 0; i < body.order.size() && !aborted; ++i) {
      Binding &b = *body.order[i];
      auto one = [&](Equation &equation, unsigned position) {
        if (equation.state == Equation::State::Idle && attempts.isLate(equation.key()) == late)
          force(equation, position, equation.value, ctx);
      };
      if (b.kind == Binding::Kind::Equation) {
        one(*b.equation, b.position);
      } else if (b.kind == Binding::Kind::Family && expand(b) && b.paramElements.empty()) {
        for (auto &[k, element] : b.elements)
          one(*element.first, element.second);
      }
    }
  // What is written to one may read another that is declared ahead of it.
  for (bool isAssigned : {true, false})
    for (Binding *b : body.order)
      if (b->kind == Binding::Kind::State && !aborted && bool(b->equation) == isAssigned && (isAssigned || b->used))
        finishState(*b);
  for (Binding *b : body.order) {
    if (b->kind != Binding::Kind::State || aborted || isLibrary(b->range) || quiet || b->clashes)
      continue;
    if (!b->equation)
      diags.report(
          DiagId::R0502, b->range,
          fmt::format("state '{0}' is never assigned: it keeps its initial value; write '{0}' = ..'", b->name.str()));
    else if (!b->used)
      diags.report(DiagId::R0502, b->range, fmt::format("state '{}' is never read", b->name.str()));
  }
}

//===--- Inputs (C1) -------------------------------------------------------------------------------------------===//

void Elaborator::loadInputs(const std::vector<Item *> &items) {
  Context ctx;
  ctx.body = modelBody;
  for (const Item *item : items) {
    if (item->kind != Item::Kind::Input)
      continue;
    const Clock *finer = nullptr;
    for (const Name &name : item->clocks) {
      if (finer == clocks.sample()) {
        error(DiagId::R0410, name.range, ctx, "'sample' is the coarsest clock");
        break;
      }
      const Clock *clock = clocks.declareAxis(name.text);
      if (finer && !clocks.declareParent(finer, clock)) {
        const Clock *other = finer->parent ? nullptr : clocks.child(clock);
        if (other)
          error(DiagId::R0409, name.range, ctx,
                fmt::format("'{}' is a segment of '{}' and of '{}': two base clocks meet only in 'sample'",
                            name.text.str(), other->name, finer->name));
        else if (!finer->parent)
          error(DiagId::R0410, name.range, ctx,
                finer == clock ? fmt::format("clock '{}' cannot be in itself", finer->name)
                               : fmt::format("clock '{}' cannot be in '{}', which is in '{}'", finer->name, clock->name,
                                             finer->name));
        else
          error(DiagId::R0410, name.range, ctx,
                fmt::format("clock '{}' is in '{}' here and in '{}' elsewhere", finer->name, clock->name,
                            finer->parent->kind == Clock::Kind::Sample ? "sample" : finer->parent->name));
        break;
      }
      finer = clock;
    }
  }
  clocks.finishAxes();
  for (const Item *item : items) {
    if (item->kind != Item::Kind::Input)
      continue;
    std::optional<Type> type = evaluateType(*item->type, ctx);
    if (type && ragged(*type) >= 0) {
      error(DiagId::R0308, item->type->range, ctx, "an input has no clock's axis; 'collect' makes one");
      type = std::nullopt;
    }
    const Clock *clock = clocks.find(item->clocks[0].text);
    for (const Name &name : item->names) {
      Binding *b = define(*modelBody, name.text, name.range, Binding::Kind::Value);
      NodeId n = type ? add(Op::Input, *type, clock, {}, place(name.range), ctx) : noNode;
      if (n == noNode)
        continue;
      nodes[n].index = inputs.size();
      inputs.push_back({name.text.str(), *type, clock, name.range});
      nodeNames.push_back({n, modelApp, name.text.str()});
      b->value = Value::ofNode(n);
    }
  }
}

//===--- A model -----------------------------------------------------------------------------------------------===//

namespace {
Value parseSize(const std::string &text) {
  if (text == "true" || text == "false")
    return Value::ofBool(text == "true");
  int64_t i;
  auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), i);
  if (bad == std::errc() && end == text.data() + text.size())
    return Value::ofInt(i);
  char *last = nullptr;
  double r = std::strtod(text.c_str(), &last);
  return !text.empty() && *last == 0 ? Value::ofReal(r) : Value();
}
} // namespace

/// What had to wait for clocks: each may make more of them known, and add to it.
void Elaborator::settle() {
  while (!deferred.empty() && !aborted) {
    auto next = llvm::find_if(deferred, [&](const Deferred &one) { return !one.clock || clocks.isKnown(one.clock); });
    if (next == deferred.end()) // it has waited for nothing
      next = deferred.begin();
    std::function<void()> say = std::move(next->say);
    deferred.erase(next);
    say();
  }
}

bool Elaborator::run(const Cell &model, Model &result) {
  char base;
  stackBase = &base;
  unsigned before = diags.errorReports();
  Body *outer = nullptr;
  auto fileLevel = [&](llvm::ArrayRef<const File *> files) {
    Body *body = makeBody();
    body->outer = outer;
    for (const File *f : files)
      loadFile(*body, *f);
    outer = body;
  };
  fileLevel(program.library);
  fileLevel(program.visible);
  fileLevel({program.file});
  fileBody = outer;

  modelApp = &applicationStore.emplace_back();
  modelBody = makeBody();
  modelBody->outer = fileBody;
  modelBody->cell = &model;
  modelBody->app = modelApp;
  modelBody->shared = &sharedStore.emplace_back();
  modelApp->body = modelBody;
  locations.push_back({model.name.range, -1});
  Context ctx;
  ctx.body = modelBody;
  for (const Decl &d : model.sizes) {
    Value v;
    auto given = options.sizes.find(d.name.text.str());
    if (given != options.sizes.end()) {
      v = parseSize(given->second);
      if (v.isError())
        error(DiagId::R0203, d.name.range, ctx,
              fmt::format("-D {}={}: not a number, true or false", given->first, given->second));
      else {
        ++quiet;
        Value checked = checkSizeValue(d, v, place(d.name.range), model, ctx);
        --quiet;
        if (checked.isError())
          error(DiagId::R0203, d.name.range, ctx,
                fmt::format("-D {}={}: '{}' is {}, not {}", given->first, given->second, d.name.text.str(),
                            d.type ? sourceText(d.type->range) : "static", describeValue(v)));
        v = checked;
      }
    } else if (d.init) {
      v = checkSizeValue(d, evaluate(d.init, ctx), d.init, model, ctx);
    } else {
      bool isGivenByOption = !d.type || (d.type->dims.empty() && d.type->kind != TypeExpr::Kind::Cell &&
                                         d.type->kind != TypeExpr::Kind::List);
      error(DiagId::R0203, d.name.range, ctx,
            fmt::format("size '{0}' of model '{1}' has no default; {2}", d.name.text.str(), model.name.text.str(),
                        isGivenByOption
                            ? fmt::format("build with '-D {}=..'", d.name.text.str())
                            : fmt::format("give it one: '{}: {} = ..'", d.name.text.str(), sourceText(d.type->range))));
    }
    define(*modelBody, d.name.text, d.name.range, Binding::Kind::Value)->value = v;
    if (v.is(Value::Kind::Int))
      result.sizes.push_back({d.name.text.str(), v.integer});
  }
  Context top;
  top.body = fileBody;
  for (Equation *q : fileBody->equations)
    if (Value v = force(*q, 0, q->value, top); v.is(Value::Kind::Node) && nodes[v.node].op != Op::Constant) {
      error(DiagId::R0303, q->item->lhs[0].range, top,
            fmt::format("an equation at the top of a file is static; '{}' is {}", q->name, describeValue(v)));
      q->results.assign(q->results.size(), Value());
      q->reevaluated = false;
    }
  loadInputs(model.body);
  load(*modelBody, model.body);
  for (const Binding *b : modelBody->order)
    if (clocks.find(b->name))
      error(DiagId::R0202, b->range, ctx,
            fmt::format("'{0}' is a clock of this model; another '{0}' would hide it", b->name.str()));
  force(*modelBody);
  bool declared = false;
  for (const Item *item : model.body) {
    if (item->kind == Item::Kind::Output)
      makeOutput(*item), declared = true;
    else if (item->kind == Item::Kind::Loss)
      makeLoss(*item);
    else if (item->kind == Item::Kind::Generate)
      makeGenerate(*item);
  }
  for (size_t i = 0; i < bodies.size() && !aborted; ++i) {
    if (bodies[i]->app->bound) // an application that failed has said why
      force(*bodies[i]);
  }
  settle();
  for (const Application &app : applicationStore)
    if (app.instance)
      instantiated.insert(app.body->cell);
  for (const MemberUse &use : memberUses)
    if (use.instance->applications.size() != 1) {
      Context at;
      at.body = use.body;
      notOnce(*use.instance, use.at, at);
    }
  checkPaths();
  if (!declared)
    error(DiagId::R0605, model.name.range, ctx, fmt::format("model '{}' has no 'output'", model.name.text.str()));
  if (diags.errorReports() != before || aborted)
    return false;
  return finish(*this, model, result) && diags.errorReports() == before;
}

/// Of recursions only what has no other cause stays.
static void dropConsequences(llvm::ArrayRef<Consequence> consequences, Diagnostics &diags) {
  auto isAt = [](const Diagnostic &d, const Consequence &c) { return d.id == c.id && d.range.Start == c.at.Start; };
  std::vector<SMLoc> causes;
  for (const Diagnostic &d : diags.all()) {
    if (severity(d.id) != Severity::Error || llvm::any_of(consequences, [&](auto &c) { return isAt(d, c); }))
      continue;
    causes.push_back(d.range.Start);
    if (d.id == DiagId::R0201) // its other places
      for (const Note &note : d.notes)
        causes.push_back(note.range.Start);
  }
  for (const Consequence &consequence : consequences)
    if (llvm::any_of(consequence.leading, [&](SMRange range) {
          return llvm::any_of(causes, [&](SMLoc cause) {
            return range.Start.getPointer() <= cause.getPointer() && cause.getPointer() < range.End.getPointer();
          });
        }))
      diags.retract(consequence.at.Start, consequence.id);
}

bool elaborate(File &file, llvm::ArrayRef<File *> visible, llvm::ArrayRef<File *> library, const CheckOptions &options,
               Diagnostics &diags, std::deque<Model> &models) {
  Program program;
  program.file = &file;
  program.visible.assign(visible.begin(), visible.end());
  for (File *f : library)
    if (f != &file) {
      program.library.push_back(f);
      program.libraryBuffers.insert(f->buffer);
    }
  unsigned before = diags.errorCount();
  // Evaluation is recursive along chains of equations; it gets a stack of its own, and a limit that is reported.
  constexpr unsigned stackBytes = 1u << 30;
  llvm::thread worker(std::optional<unsigned>(stackBytes), [&] {
    if (!checkStructure(program, diags))
      return;
    std::set<const Cell *> instantiated;
    std::vector<Consequence> consequences;
    NamesOfCells unknown;
    std::set<std::string> sizes;
    bool anyModel = false;
    for (const Cell *cell : file.cells) {
      if (!cell->isModel)
        continue;
      anyModel = true;
      for (const Decl &d : cell->sizes)
        sizes.insert(d.name.text.str());
      Attempts attempts;
      Diagnostics::Mark start = diags.mark();
      for (bool training = false;;) {
        Elaborator e(diags, options, program, training, attempts);
        e.stackLimit = stackBytes / 4 * 3;
        Model model;
        bool good = e.run(*cell, model);
        if (attempts.again(good)) {
          diags.rewind(start);
          continue;
        }
        if (e.consequences.empty()) // else cells may have been left before their mistakes were seen
          instantiated.insert(e.instantiated.begin(), e.instantiated.end());
        llvm::append_range(consequences, e.consequences);
        for (const auto &[name, told] : e.unknown)
          unknown.insert(name);
        if (good)
          models.push_back(std::move(model));
        if (training || !e.usesTraining || e.aborted)
          break;
        training = true;
        start = diags.mark();
      }
    }
    for (auto &[name, value] : options.sizes)
      if (anyModel && !sizes.count(name)) {
        std::optional<StringRef> near = nearest(name, std::vector<StringRef>(sizes.begin(), sizes.end()));
        diags.report(DiagId::R0203, SMRange(),
                     fmt::format("-D {}={}: no model here has a size '{}'{}", name, value, name,
                                 near ? fmt::format("; did you mean '{}'?", near->str()) : ""));
      }
    checkNames(program, instantiated, unknown, diags);
    dropConsequences(consequences, diags);
  });
  worker.join();
  return diags.errorCount() == before;
}

} // namespace rondo::dsl
