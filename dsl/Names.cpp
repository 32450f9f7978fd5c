// What is checked of cells by their text alone: recursion among cells (N6), `return`, reserved names, and, in cells that no
// model instantiates, unknown names, double definitions and primes on what is no state.
#include "dsl/Elaborate.h"
#include "dsl/Elsewhere.h"
#include "fmt/format.h"
#include "llvm/ADT/DenseSet.h"
#include <functional>

namespace rondo::dsl {

std::string noState(StringRef name, const Binding *binding) {
  bool isParam = binding && binding->kind == Binding::Kind::Param;
  bool isInput = binding && (binding->kind == Binding::Kind::Value || binding->kind == Binding::Kind::Pending);
  if (isParam || isInput)
    return fmt::format("'{}' is no state but {}: it has no next value", name.str(),
                       isParam ? "a parameter" : "an input or a size");
  return fmt::format("'{0}' is no state, so it has no next value; declare 'state {0} : ...' or drop the prime",
                     name.str());
}

std::string definedTwice(const std::string &name, bool isState) {
  return fmt::format("'{}' is defined twice", name) +
         (isState ? fmt::format("; a state's next value is written '{}' = ..'", name) : "");
}

bool Body::assignsNext(StringRef state) const {
  return llvm::any_of(equations, [&](const Equation *q) {
    return llvm::any_of(q->item->lhs, [&](const Lhs &l) { return l.prime && l.name.text == state; });
  });
}

namespace {

/// One lexical level: what its names are; a cell, or null for anything else.
struct Level {
  llvm::DenseMap<StringRef, const Cell *> names;
  std::set<StringRef> states;
  const Level *up = nullptr;

  bool find(StringRef name, const Cell *&cell) const {
    for (const Level *l = this; l; l = l->up) {
      auto it = l->names.find(name);
      if (it != l->names.end()) {
        cell = it->second;
        return true;
      }
    }
    return false;
  }
  bool isState(StringRef name) const {
    for (const Level *l = this; l; l = l->up)
      if (l->names.count(name))
        return l->states.count(name);
    return false;
  }
};

struct Reference {
  const Cell *to;
  SMRange at;
};

class Walker {
public:
  Walker(Diagnostics &diags, bool report) : diags(diags), report(report) {}

  std::map<const Cell *, std::vector<Reference>> references;
  llvm::DenseSet<StringRef> mentioned; // as a name, or as a member of something
  NamesOfCells told;                   // of unknown ones

  void cell(const Cell &c, const Level *outer) {
    Level level;
    level.up = outer;
    llvm::DenseMap<StringRef, SMRange> first;
    auto define = [&](const Name &name, const Cell *isCell = nullptr) {
      auto [it, fresh] = first.try_emplace(name.text, name.range);
      if (!fresh && report) {
        std::string text = name.text.str();
        diags.report(DiagId::R0202, name.range, definedTwice(text, level.isState(name.text)))
            .note(it->second, "first here");
      }
      level.names[name.text] = isCell;
    };
    for (const Decl &d : c.sizes)
      define(d.name);
    for (const Decl &d : c.inputs) {
      const TypeExpr *t = d.type;
      while (t && t->kind == TypeExpr::Kind::List)
        t = t->element;
      auto sizeVariable = [&](const Expr *e) {
        const Cell *known;
        if (e && e->kind == Expr::Kind::Name && !level.find(e->name, known))
          level.names[e->name] = nullptr;
      };
      if (t) {
        sizeVariable(t->tokens);
        for (const Expr *e : t->dims)
          sizeVariable(e);
      }
    }
    for (const Decl &d : c.inputs)
      define(d.name);
    std::set<std::string> indexed;
    for (const Item *item : c.body) {
      if (item->kind == Item::Kind::Cell)
        define(item->cell->name, item->cell);
      for (const Lhs &l : item->lhs)
        if (l.index)
          level.names[l.name.text] = nullptr;
        else if (!l.prime)
          define(l.name);
      if (item->kind == Item::Kind::Param || item->kind == Item::Kind::State || item->kind == Item::Kind::Input ||
          (item->kind == Item::Kind::Output && item->value))
        for (const Name &name : item->names) {
          define(name);
          if (item->kind == Item::Kind::State)
            level.states.insert(name.text);
        }
      for (const Name &clock : item->clocks)
        level.names.try_emplace(clock.text, nullptr);
    }
    current = &c;
    for (const Decl &d : c.sizes)
      expr(d.init, level);
    for (const Decl &d : c.inputs) {
      type(d.type, level);
      expr(d.init, level);
    }
    for (const ResultType &r : c.results)
      type(r.type, level);
    for (const Item *i : c.body) {
      if (i->kind == Item::Kind::Cell) {
        cell(*i->cell, &level);
        current = &c;
        continue;
      }
      item(*i, level);
    }
  }

private:
  void item(const Item &i, const Level &level) {
    Level inner;
    inner.up = &level;
    if (i.family) {
      expr(i.family->low, level);
      expr(i.family->high, level);
      inner.names[i.family->variable.text] = nullptr;
    }
    for (const Lhs &l : i.lhs) {
      expr(l.index, inner);
      type(l.type, inner);
      if (l.prime)
        checkState(l.name.text, l.range, level);
    }
    type(i.type, inner);
    expr(i.value, inner);
    for (const Expr *e : i.results)
      expr(e, inner);
    for (const Argument &a : i.arguments)
      expr(a.value, inner);
  }

  /// Of what has a prime; told once for each cell.
  bool checkState(StringRef name, SMRange range, const Level &level) {
    bool isState = level.isState(name);
    if (report && !isState && noStates.insert({current, name}).second)
      diags.report(DiagId::R0210, range, noState(name));
    return isState;
  }

  void type(const TypeExpr *t, const Level &level) {
    for (; t; t = t->element) {
      expr(t->tokens, level);
      for (const Expr *e : t->dims)
        expr(e, level);
    }
  }

  void expr(const Expr *e, const Level &level) {
    if (!e)
      return;
    if (e->kind == Expr::Kind::Name || e->kind == Expr::Kind::Member)
      mentioned.insert(e->name);
    if (e->kind == Expr::Kind::Name) {
      const Cell *target = nullptr;
      if (level.find(e->name, target)) {
        if (target)
          references[current].push_back({target, e->range});
      } else if (report) {
        unknown(*e, level);
      }
    }
    if (e->kind == Expr::Kind::Prime && e->operands[0]->kind == Expr::Kind::Name &&
        !checkState(e->operands[0]->name, e->range, level))
      return;
    if (e->family) {
      expr(e->family->low, level);
      expr(e->family->high, level);
      Level inner;
      inner.up = &level;
      inner.names[e->family->variable.text] = nullptr;
      expr(e->operands[0], inner);
      return;
    }
    for (const Expr *x : e->operands)
      expr(x, level);
    for (const Argument &a : e->arguments)
      expr(a.value, level);
    for (const Subscript &s : e->subscripts) {
      expr(s.low, level);
      expr(s.high, level);
    }
  }

  void unknown(const Expr &e, const Level &level) {
    if (e.name == "all" || llvm::is_contained(builtinNames(), e.name))
      return;
    if (told.count({current, e.name}))
      return;
    if (auto first = unknownNames.find({current, e.name}); first != unknownNames.end()) {
      if (first->second->notes.size() < mostPlaces)
        first->second->note(e.range, "and here");
      return;
    }
    std::vector<StringRef> known;
    for (const Level *l = &level; l; l = l->up)
      for (auto &entry : l->names)
        known.push_back(entry.first);
    Diagnostic &d = diags.report(DiagId::R0201, e.range, fmt::format("unknown name '{}'", e.name.str()));
    suggestFor(d, e, known);
    unknownNames[{current, e.name}] = &d;
  }

  Diagnostics &diags;
  bool report;
  const Cell *current = nullptr;
  std::set<std::pair<const Cell *, StringRef>> noStates; // told
  std::map<std::pair<const Cell *, StringRef>, Diagnostic *> unknownNames;
};

/// The levels of library, used files and file, outermost first.
std::vector<std::unique_ptr<Level>> fileLevels(const Program &program) {
  std::vector<std::unique_ptr<Level>> levels;
  auto add = [&](llvm::ArrayRef<const File *> files) {
    auto level = std::make_unique<Level>();
    level->up = levels.empty() ? nullptr : levels.back().get();
    for (const File *f : files) {
      for (const Cell *c : f->cells)
        if (!c->isModel)
          level->names[c->name.text] = c;
      for (const Item *i : f->equations)
        for (const Lhs &l : i->lhs)
          level->names[l.name.text] = nullptr;
    }
    levels.push_back(std::move(level));
  };
  add(program.library);
  add(program.visible);
  add({program.file});
  return levels;
}

void forEachCell(const File &file, const std::function<void(const Cell &)> &f) {
  std::function<void(const Cell &)> visit = [&](const Cell &c) {
    f(c);
    for (const Item *i : c.body)
      if (i->kind == Item::Kind::Cell)
        visit(*i->cell);
  };
  for (const Cell *c : file.cells)
    visit(*c);
}

} // namespace

bool checkStructure(const Program &program, Diagnostics &diags) {
  bool recursive = false;
  auto levels = fileLevels(program);
  Walker walker(diags, false);
  std::vector<const File *> files(program.visible);
  files.push_back(program.file);
  for (const Cell *c : program.file->cells)
    walker.cell(*c, levels.back().get());
  for (const File *f : program.visible)
    for (const Cell *c : f->cells)
      walker.cell(*c, levels[1].get());

  // names of the file
  llvm::DenseMap<StringRef, SMRange> known, models;
  for (const Cell *c : program.file->cells) {
    auto [it, fresh] = (c->isModel ? models : known).try_emplace(c->name.text, c->name.range);
    if (!fresh)
      diags.report(DiagId::R0202, c->name.range, fmt::format("'{}' is defined twice", c->name.text.str()))
          .note(it->second, "first here");
  }
  for (const Item *i : program.file->equations)
    for (const Lhs &l : i->lhs)
      if (auto [it, fresh] = known.try_emplace(l.name.text, l.name.range); !fresh && !l.index)
        diags.report(DiagId::R0202, l.name.range, fmt::format("'{}' is defined twice", l.name.text.str()))
            .note(it->second, "first here");

  bool areHeadsClear = true;
  auto checkHead = [&](const Cell &c) {
    llvm::DenseMap<StringRef, SMRange> first;
    for (const std::vector<Decl> *decls : {&c.sizes, &c.inputs})
      for (const Decl &d : *decls)
        if (auto [it, isNew] = first.try_emplace(d.name.text, d.name.range); !isNew) {
          diags.report(DiagId::R0202, d.name.range, definedTwice(d.name.text.str(), /*isState=*/false))
              .note(it->second, "first here");
          areHeadsClear = false;
        }
  };
  for (const File *f : files)
    forEachCell(*f, checkHead);
  forEachCell(*program.file, [&](const Cell &c) {
    for (const Decl &d : c.inputs)
      if (d.name.text == "reset" || d.name.text == "blend")
        diags.report(DiagId::R0211, d.name.range,
                     fmt::format("'{}' is a run option of every cell; an input needs another name", d.name.text.str()));
    for (const Item *i : c.body)
      if (i->kind == Item::Kind::Param)
        for (const Name &name : i->names)
          if (!walker.mentioned.count(name.text))
            diags.report(DiagId::R0604, name.range,
                         fmt::format("parameter '{}' is never read: it will not exist", name.text.str()));
    for (const Item *i : c.body)
      if (i->kind == Item::Kind::State)
        for (const Name &name : i->names)
          if (name.text == "reset" || name.text == "blend")
            diags.report(
                DiagId::R0211, name.range,
                fmt::format("'{}' is a run option of every cell; a state needs another name", name.text.str()));
  });

  // recursion: cells that name one another in a circle
  std::map<const Cell *, int> state; // 1: on the path, 2: done
  std::vector<Reference> path;
  std::function<void(const Cell *)> visit = [&](const Cell *c) {
    state[c] = 1;
    for (const Reference &r : walker.references[c]) {
      path.push_back(r);
      if (state[r.to] == 1) {
        std::string circle = r.to->name.text.str();
        SMRange first = r.at;
        std::vector<const Cell *> members;
        for (size_t i = path.size(); i-- > 0;) {
          members.push_back(path[i].to);
          if (path[i].at.Start.getPointer() < first.Start.getPointer())
            first = path[i].at;
          if (i > 0 && path[i - 1].to == r.to)
            break;
        }
        for (size_t i = members.size(); i-- > 0;)
          circle += " -> " + members[i]->name.text.str();
        diags.report(DiagId::R0205, first, fmt::format("cell '{}' contains itself: {}", r.to->name.text.str(), circle));
        recursive = true;
      } else if (!state[r.to]) {
        visit(r.to);
      }
      path.pop_back();
    }
    state[c] = 2;
  };
  std::vector<const Cell *> cells;
  for (const File *f : files)
    forEachCell(*f, [&](const Cell &c) { cells.push_back(&c); });
  for (const Cell *c : cells)
    if (!state[c])
      visit(c);
  return !recursive && areHeadsClear;
}

void suggestFor(Diagnostic &d, const Expr &name, std::vector<StringRef> inScope) {
  StringRef behind(name.nameRange.End.getPointer(), 2);
  StringRef instead = insteadOfName(name.name, behind.starts_with(".") && behind != "..");
  if (!instead.empty() && !nearest(name.name, inScope)) {
    d.message += "; " + instead.str();
    return;
  }
  llvm::append_range(inScope, builtinNames());
  d.suggest(name.nameRange, name.name, inScope);
}

void checkNames(const Program &program, const std::set<const Cell *> &instantiated, const NamesOfCells &told,
                Diagnostics &diags) {
  auto levels = fileLevels(program);
  Walker walker(diags, true);
  walker.told = told;
  for (const Cell *c : program.file->cells)
    if (!c->isModel && !instantiated.count(c))
      walker.cell(*c, levels.back().get());
}

} // namespace rondo::dsl
