// What is found out about equations that depend on themselves: where to begin with them, and what to say of them.
#ifndef RONDO_DSL_RECURSION_H
#define RONDO_DSL_RECURSION_H

#include "dsl/Ast.h"
#include "dsl/Diagnostics.h"
#include "dsl/Model.h"
#include <deque>
#include <set>

namespace rondo::dsl {

/// Evaluation enters a loop at the equation that happens to be read first, but perhaps only from another one on are all
/// types known. Equations have no order (N1), so then the model is elaborated again, from another entry. This is what one
/// attempt leaves to the next.
class Attempts {
public:
  using Key = std::pair<const Item *, int64_t>; // an equation, and which of its family
  /// The loop cannot be typed from where it was entered, the first of `entries`. Returns whether the next attempt enters
  /// it elsewhere; else, when all have been tried, its types may be guessed from literals.
  bool enterElsewhere(const std::vector<Key> &entries, bool canGuess);
  /// What an attempt has cost, in operations; when it is too much, no other one is made.
  void charge(size_t operations) { cost += operations; }
  bool mayGuess(const std::vector<Key> &entries) const;
  /// What is to be evaluated before this equation: of each loop that it is in, the entry.
  std::vector<Key> entriesOf(Key equation) const;
  /// An equation that asks for what others make: it is evaluated after them. False if it was already.
  bool evaluateLate(Key equation) { return late.insert(equation).second && spend(); }
  bool isLate(Key equation) const { return late.count(equation); }
  /// After an attempt: whether another one is worth making.
  bool again(bool good);

private:
  struct Loop {
    std::set<Key> members;
    std::vector<Key> entries;
    size_t attempt = 0; // one an entry; then one an entry with guesses
    bool guesses() const { return attempt >= entries.size(); }
  };
  bool advance(Loop &loop);
  bool isSpent() const { return spent >= 64 || cost >= 500'000; }
  bool spend() {
    ++spent;
    return restart = !isSpent();
  }
  std::deque<Loop> loops; // in the order in which they were found
  std::set<Key> late;
  unsigned spent = 0;
  size_t cost = 0;
  bool restart = false;
};

/// A mistake of a recursion, which may only follow from another one in what leads to it.
struct Consequence {
  DiagId id;
  SMRange at;
  std::vector<SMRange> leading; // equations and cells
};

/// Where a name is read on the way to itself, through a cell that may have a delay in it: what to say if none has.
struct UndecidedLoop {
  NodeId read;
  SMRange at;
  std::string message;
};

} // namespace rondo::dsl
#endif
