// Adds what comes from several clocks from the rarest on: each part where it ticks, and the sum crosses once.
//
//   %a = rnn.read %s4                : #t4 -> #t       %l = rnn.latest %u4               : #t4 -> #t2
//   %b = rnn.read %s2                : #t2 -> #t       %p = rnn.add %l, %u2              : #t2
//   %y = rnn.add (rnn.add %a, %b), %x          =>      rnn.next %q, %p                   // a new slot
//                                                      %y = rnn.add (rnn.read %q : #t2 -> #t), %x
//
// where %u4 and %u2 are written to %s4 and %s2. The ticks of #t4 are among those of #t2, so that what #t sees last of
// both is there when #t2 ticks last. `latest` is treated alike, without a slot. A part goes to the rarest clock that has
// all of its ticks; what none has (every 5, beside every 3) crosses by itself.
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Rewrite.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_CHAINSUMS
#include "compiler/Transforms/Passes.h.inc"

using mlir::Operation;
using mlir::Value;

namespace {

/// A term that crosses from a rarer clock.
struct Crossing {
  Value term, source; // what is added, and what it is on its own clock
  ClockInterface clock() const { return clockOf(source.getType()); }
};

/// How terms cross; only those that do alike are added ahead of it.
struct Way {
  StateOp state; // of one of them; null: by `latest`
  bool reverse;
  ScopeAttr scope;
};

struct ChainSums : impl::ChainSumsBase<ChainSums> {
  void runOnOperation() override {
    mlir::Block &block = getOperation().getBody().front();
    llvm::SmallVector<AddOp> sums;
    for (AddOp add : block.getOps<AddOp>())
      if (elementOf(add.getType()).isF32() && clockOf(add.getType()) && !isTermOfSum(add))
        sums.push_back(add);
    bool changed = false;
    for (AddOp sum : sums)
      changed |= chain(sum);
    if (changed) {
      mergeEqual(getOperation());
      mergeStates(getOperation()); // sums for several readers
    }
  }

private:
  static bool isTermOfSum(AddOp add) { return add->hasOneUse() && llvm::isa<AddOp>(*add->user_begin()); }

  static void collect(AddOp sum, llvm::SmallVectorImpl<Value> &terms) {
    for (Value term : {sum.getA(), sum.getB()}) {
      auto inner = term.getDefiningOp<AddOp>();
      if (inner && inner->hasOneUse())
        collect(inner, terms);
      else
        terms.push_back(term);
    }
  }

  /// What crosses in the term, and how. False: nothing does.
  static bool isCrossing(Value term, Crossing &crossing, Way &way) {
    if (auto read = term.getDefiningOp<ReadOp>()) {
      auto state = read.getSlot().getDefiningOp<StateOp>();
      NextOp writer = state ? writerOf(state) : NextOp();
      if (!writer)
        return false;
      crossing = {term, writer.getValue()};
      way = {state, state.getReverse(), state.getScopeAttr()};
    } else if (auto latest = term.getDefiningOp<LatestOp>()) {
      crossing = {term, latest.getX()};
      way = {StateOp(), latest.getReverse(), latest.getScopeAttr()};
    } else {
      return false;
    }
    ClockInterface to = clockOf(term.getType());
    return isPlain(crossing.clock()) && isPlain(to) && ticksLessOften(crossing.clock(), to);
  }

  static bool isPlain(ClockInterface clock) { return !llvm::isa<PairClockAttr>(clock) && !clock.isSample(); }

  static bool chain(AddOp sum) {
    llvm::SmallVector<Value> terms;
    collect(sum, terms);
    llvm::MapVector<std::tuple<int, int, const void *>, std::pair<Way, llvm::SmallVector<Crossing>>> groups;
    for (Value term : terms) {
      Crossing crossing;
      Way way;
      if (!isCrossing(term, crossing, way))
        continue;
      auto &group = groups[{way.state ? 1 : 0, way.reverse, way.scope.getAsOpaquePointer()}];
      if (group.second.empty())
        group.first = way;
      group.second.push_back(crossing);
    }
    llvm::DenseMap<Value, Value> replaced; // null: it is part of another
    for (auto &[key, group] : groups)
      join(sum, group.first, group.second, replaced);
    if (replaced.empty())
      return false;
    mlir::OpBuilder builder(sum);
    Value total;
    for (Value term : terms) {
      auto found = replaced.find(term);
      if (found != replaced.end())
        term = std::exchange(found->second, Value());
      if (term)
        total = total ? AddOp::create(builder, sum.getLoc(), total, term).getResult() : term;
    }
    sum.getResult().replaceAllUsesWith(total);
    eraseUnused(sum);
    return true;
  }

  /// Adds up the terms that can be, each on the rarest clock that has its ticks.
  static void join(AddOp sum, Way way, llvm::ArrayRef<Crossing> crossings, llvm::DenseMap<Value, Value> &replaced) {
    struct Part {
      Value sum; // on its clock
      llvm::SmallVector<Value> terms;
    };
    llvm::SmallVector<Part> parts;
    for (const Crossing &crossing : crossings) {
      auto same =
          llvm::find_if(parts, [&](const Part &part) { return clockOf(part.sum.getType()) == crossing.clock(); });
      if (llvm::is_contained(same == parts.end() ? llvm::ArrayRef<Value>() : same->terms, crossing.term))
        return; // twice the same
      if (same == parts.end()) {
        parts.push_back({crossing.source, {crossing.term}});
      } else {
        same->sum = addBehind(sum.getLoc(), same->sum, crossing.source);
        same->terms.push_back(crossing.term);
      }
    }
    llvm::stable_sort(parts, [](const Part &a, const Part &b) {
      return ticksLessOften(clockOf(a.sum.getType()), clockOf(b.sum.getType()));
    });
    for (size_t i = 0; i < parts.size(); ++i) {
      Part &part = parts[i];
      ClockInterface clock = clockOf(part.sum.getType());
      auto *wider = std::find_if(parts.begin() + i + 1, parts.end(),
                                 [&](const Part &other) { return isSelection(clock, clockOf(other.sum.getType())); });
      if (wider != parts.end()) {
        wider->sum = addBehind(sum.getLoc(), part.sum, wider->sum, way.reverse, way.scope);
        wider->terms.append(part.terms);
      } else if (part.terms.size() > 1) {
        for (Value term : part.terms)
          replaced[term] = Value();
        replaced[part.terms.front()] = cross(sum, way, part.sum);
      }
    }
  }

  static mlir::OpBuilder builderBehind(Value a, Value b) {
    Operation *one = a.getDefiningOp(), *other = b.getDefiningOp();
    if (!one || (other && one->isBeforeInBlock(other)))
      one = other;
    mlir::OpBuilder builder(a.getContext());
    if (one)
      builder.setInsertionPointAfter(one);
    else
      builder.setInsertionPointToStart(a.getParentBlock());
    return builder;
  }

  /// Their sum on b's clock, which has all ticks of a's.
  static Value addBehind(mlir::Location loc, Value a, Value b, bool reverse = false, ScopeAttr scope = {}) {
    mlir::OpBuilder builder = builderBehind(a, b);
    if (a.getType() != b.getType())
      a = LatestOp::create(builder, loc, b.getType(), a, reverse, scope);
    return AddOp::create(builder, loc, a, b);
  }

  static Value cross(AddOp sum, Way way, Value source) {
    mlir::OpBuilder builder(sum);
    if (!way.state)
      return LatestOp::create(builder, sum.getLoc(), sum.getType(), source, way.reverse, way.scope);
    mlir::OpBuilder above(way.state), behind = builderBehind(source, source);
    auto type = StateType::get(llvm::cast<StreamType>(source.getType()));
    auto kept = StateOp::create(above, sum.getLoc(), type, freePath(way.state), way.reverse, way.scope);
    NextOp::create(behind, sum.getLoc(), kept.getSlot(), source);
    return ReadOp::create(builder, sum.getLoc(), sum.getType(), kept.getSlot());
  }

  /// That of a slot that is one part, with a word behind it.
  static std::string freePath(StateOp state) {
    std::string path = (state.getPath() + ".sum").str(), unique = path;
    auto isTaken = [&](StateOp other) { return other.getPath() == unique; };
    for (int number = 2; llvm::any_of(state->getBlock()->getOps<StateOp>(), isTaken); ++number)
      unique = path + std::to_string(number);
    return unique;
  }

  static void eraseUnused(Operation *op) {
    llvm::SmallVector<Value> operands(op->getOperands());
    op->erase();
    for (Value operand : operands)
      if (auto add = operand.getDefiningOp<AddOp>(); add && add->use_empty())
        eraseUnused(add);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createChainSumsPass() { return std::make_unique<ChainSums>(); }

} // namespace rondo::rnn
