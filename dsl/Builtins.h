// What the built-in functions share. Internal to dsl/.
#ifndef RONDO_DSL_BUILTINS_H
#define RONDO_DSL_BUILTINS_H

#include "dsl/Elaborate.h"

namespace rondo::dsl::builtins {

std::string quoted(const Call &c);
const Expr *argExpr(const Call &c, size_t i);
/// The operand as a real (or, where `keepInt`, int) node.
NodeId number(Elaborator &e, Call &c, size_t i, bool keepInt = false);
Value mapList(Elaborator &e, Call &c, const Value &v, const std::function<Value(const Value &)> &f);

// BuiltinsTime.cpp
Value sum(Elaborator &e, Call &c);
Value mean(Elaborator &e, Call &c);
Value max(Elaborator &e, Call &c);
Value first(Elaborator &e, Call &c);
Value collect(Elaborator &e, Call &c);
Value pre(Elaborator &e, Call &c);
Value next(Elaborator &e, Call &c);
Value hold(Elaborator &e, Call &c);
Value spread(Elaborator &e, Call &c);
Value every(Elaborator &e, Call &c);
Value reversed(Elaborator &e, Call &c);
Value after(Elaborator &e, Call &c);
Value before(Elaborator &e, Call &c);

} // namespace rondo::dsl::builtins
#endif
