// From clock to clock: latest, before, reduce, cross. (`lift` only renames a row: Features.cpp; `total`: Products.cpp.)
#include "compiler/IR/Step.h"
#include "compiler/Reference/Rules.h"
#include "compiler/Reference/Sight.h"
#include <algorithm>

namespace rondo::reference {
namespace {

class LatestRule final : public Rule {
public:
  LatestRule(ValueId x, bool strict, bool reverse, ScopeId scope)
      : x(x), strict(strict), reverse(reverse), scope(scope) {}
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    return look(e, x, e.program().typeOf(self).clock, place, strict, reverse, scope);
  }

private:
  ValueId x;
  bool strict, reverse;
  ScopeId scope;
};

/// Over x's places in (the previous tick, this one], in reverse in [this one, the next tick); from a pair to its source
/// over all target ticks, with time ending at the last, in reverse at the first.
class ReduceRule final : public Rule {
public:
  ReduceRule(rnn::Reduction kind, ValueId x, bool reverse, ScopeId scope, bool toSource)
      : kind(kind), x(x), reverse(reverse), scope(scope), toSource(toSource) {}

  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    const Type &type = e.program().typeOf(self);
    Sight sight(e.program(), e.program().typeOf(x).clock, type.clock, toSource);
    Timeline &time = e.timeline(place.sample);
    int32_t here = sight.position(time, place);
    if (sight.towardsSource) // all target ticks of the row, in either direction
      here = reverse ? 0 : time.end(sight.root);
    int32_t limit = time.reach(scope, sight.root, here, reverse);
    if (limit == unknown)
      return nullptr;
    int32_t other = nowhere;
    if (!sight.towardsSource)
      other = reverse ? time.first(sight.toTime, sight.root, here + 1, limit)
                      : time.last(sight.toTime, sight.root, here - 1, limit);
    if (other == unknown)
      return nullptr;
    int32_t low = reverse ? here : other == nowhere ? limit : other + 1;
    int32_t high = !reverse ? here : other == nowhere ? limit : other - 1;
    llvm::SmallVector<std::pair<int32_t, Place>> places;
    if (!sight.placesWithin(time, place.sample, low, high, sight.row(place), places))
      return nullptr;
    llvm::SmallVector<Place> inside;
    for (auto &[position, from] : places)
      inside.push_back(from);
    if (inside.empty())
      return e.zeros(type.size);
    if (kind == rnn::Reduction::First)
      return e.ask(x, reverse ? inside.back() : inside.front());
    llvm::SmallVector<Row> rows(inside.size());
    bool ready = true;
    for (size_t i = inside.size(); i-- > 0;) // what is asked for last is computed first
      ready &= (rows[i] = e.ask(x, inside[i])) != nullptr;
    return !ready ? nullptr : type.isReal() ? combineReals(e, rows, type.size) : combineInts(e, rows, type.size);
  }

private:
  Row combineReals(Evaluation &e, llvm::ArrayRef<Row> rows, int64_t size) const {
    double *out = e.newReals(size);
    std::copy_n(reals(rows[0]), size, out);
    for (Row row : rows.drop_front())
      for (int64_t i = 0; i < size; ++i)
        out[i] = kind == rnn::Reduction::Max ? rnn::maximum(out[i], reals(row)[i])
                                             : rounded(out[i] + reals(row)[i], e.fp64());
    if (kind == rnn::Reduction::Mean)
      for (int64_t i = 0; i < size; ++i)
        out[i] = rounded(out[i] / rows.size(), e.fp64());
    return out;
  }

  Row combineInts(Evaluation &e, llvm::ArrayRef<Row> rows, int64_t size) const {
    int64_t *out = e.newInts(size);
    std::copy_n(ints(rows[0]), size, out);
    for (Row row : rows.drop_front())
      for (int64_t i = 0; i < size; ++i)
        out[i] = kind == rnn::Reduction::Max ? std::max(out[i], ints(row)[i]) : rnn::wrappedAdd(out[i], ints(row)[i]);
    if (kind == rnn::Reduction::Mean)
      for (int64_t i = 0; i < size; ++i)
        out[i] = rnn::floorDiv(out[i], rows.size());
    return out;
  }

  rnn::Reduction kind;
  ValueId x;
  bool reverse;
  ScopeId scope;
  bool toSource;
};

class CrossRule final : public Rule {
public:
  CrossRule(ValueId x, bool fromSource) : x(x), fromSource(fromSource) {}
  Row evaluate(Evaluation &e, ValueId, Place place) const override {
    return e.ask(x, {place.sample, fromSource ? place.row : place.at, 0});
  }

private:
  ValueId x;
  bool fromSource;
};

/// a times its own row at the tick before, plus b.
class AffineRule final : public Rule {
public:
  AffineRule(ValueId a, ValueId b, bool reverse, ScopeId scope) : a(a), b(b), reverse(reverse), scope(scope) {}
  Row evaluate(Evaluation &e, ValueId self, Place place) const override {
    const Type &type = e.program().typeOf(self);
    Row before = look(e, self, type.clock, place, /*strict=*/true, reverse, scope);
    Row factor = e.ask(a, place), term = e.ask(b, place);
    if (!before || !factor || !term)
      return nullptr;
    double *out = e.newReals(type.size);
    for (int64_t i = 0; i < type.size; ++i)
      out[i] = rounded(rounded(reals(factor)[i] * reals(before)[i], e.fp64()) + reals(term)[i], e.fp64());
    return out;
  }

private:
  ValueId a, b;
  bool reverse;
  ScopeId scope;
};

} // namespace

std::unique_ptr<Rule> makeCrossingRule(Compiler &c, mlir::Operation *op, unsigned) {
  if (auto latest = llvm::dyn_cast<rnn::LatestOp>(op))
    return std::make_unique<LatestRule>(c.id(latest.getX()), /*strict=*/false, latest.getReverse(),
                                        c.scope(latest.getScopeAttr()));
  if (auto before = llvm::dyn_cast<step::BeforeOp>(op))
    return std::make_unique<LatestRule>(c.id(before.getX()), /*strict=*/true, before.getReverse(),
                                        c.scope(before.getScopeAttr()));
  if (auto affine = llvm::dyn_cast<step::AffineOp>(op))
    return std::make_unique<AffineRule>(c.id(affine.getA()), c.id(affine.getB()), affine.getReverse(),
                                        c.scope(affine.getScopeAttr()));
  if (auto reduce = llvm::dyn_cast<rnn::ReduceOp>(op))
    return std::make_unique<ReduceRule>(reduce.getKind(), c.id(reduce.getX()), reduce.getReverse(),
                                        c.scope(reduce.getScopeAttr()), reduce.getToSource());
  if (auto cross = llvm::dyn_cast<rnn::CrossOp>(op))
    return std::make_unique<CrossRule>(c.id(cross.getX()), cross.isFromSource());
  return nullptr;
}

} // namespace rondo::reference
