// Clocks and scopes of a dsl::Model as attributes of the dialect.
#ifndef RONDO_IMPORT_CLOCKS_H
#define RONDO_IMPORT_CLOCKS_H

#include "compiler/IR/Rnn.h"
#include "dsl/Model.h"
#include "llvm/ADT/DenseMap.h"

namespace rondo::import {

/// | Model                      | attribute                                                |
/// |----------------------------|----------------------------------------------------------|
/// | Sample                     | #rnn.axis<"sample">                                      |
/// | Axis word, parent sentence | #rnn.axis<"word" in #sentence>                           |
/// | Every P, K, scope          | #rnn.every<P phase K of #c [reverse] [from(cuts)]>       |
/// | Event                      | #rnn.event<ID of #c>, and one rnn.event (Importer)       |
/// | ragged value               | its rows' own clock, or #rnn.pair (Rows.cpp)             |
/// | Scope                      | the flag `reverse`, and #rnn.scope<after #c, before #d>  |
class ClockTranslator {
public:
  ClockTranslator(mlir::MLIRContext *context, const dsl::Model &model) : context(context), model(model) {}

  /// Null for null: no clock.
  rnn::ClockInterface clock(const dsl::Clock *clock);
  /// The cuts; null where there are none.
  rnn::ScopeAttr cuts(uint32_t scope);
  bool reverse(uint32_t scope) const { return model.scopes[scope].reverse; }
  /// One cut, behind each tick of `clock`. Null for `sample`, behind which nothing comes.
  rnn::ScopeAttr after(rnn::ClockInterface clock);

private:
  mlir::MLIRContext *context;
  const dsl::Model &model;
  llvm::DenseMap<const dsl::Clock *, rnn::ClockInterface> known;
};

/// A segment clock stands at the last tick of its segment: an axis that some other is nested in, or `sample`.
inline bool isSegment(const dsl::Clock *clock, const dsl::Clock *of) {
  bool coarse = clock->kind == dsl::Clock::Kind::Sample || clock->kind == dsl::Clock::Kind::Axis;
  return coarse && clock != of;
}

/// The axis that a clock's ticks are chosen from.
inline const dsl::Clock *axisOf(const dsl::Clock *clock) {
  while (clock->kind == dsl::Clock::Kind::Every || clock->kind == dsl::Clock::Kind::Event)
    clock = clock->parent;
  return clock;
}

/// Whether axis `a` lies within axis `b`.
inline bool isFiner(const dsl::Clock *a, const dsl::Clock *b) {
  do
    a = a->parent;
  while (a && a != b);
  return a;
}

} // namespace rondo::import
#endif
