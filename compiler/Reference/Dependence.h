// What a program's values depend on, without running it.
#ifndef RONDO_REFERENCE_DEPENDENCE_H
#define RONDO_REFERENCE_DEPENDENCE_H

#include "compiler/Reference/Program.h"

namespace rondo::reference {

/// By value: whether some of `ends` can depend on it, at whatever place.
std::vector<bool> reachedFrom(const Program &program, llvm::ArrayRef<ValueId> ends);

/// By value: whether its rows, once computed, stay what they are when the sample goes on. Not so what looks along time
/// in reverse, what ticks with `sample`, what works on the rows of segments (the last may still be open), and all that
/// depends on these.
std::vector<bool> settledValues(const Program &program);

/// By value: the clocks at whose next tick its rows are complete: those by which rows that it is made of, at the same
/// tick, are grouped (softmax over a sentence is known at the sentence's end).
std::vector<llvm::SmallVector<ClockId, 1>> awaitedClocks(const Program &program);

/// An error that names the first thing on the way to an output that is not causal [C10].
llvm::Error checkCausal(const Program &program);

} // namespace rondo::reference
#endif
