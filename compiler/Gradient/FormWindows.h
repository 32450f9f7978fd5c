// Models that go on with a sample: what a window of its time computes, given what is remembered of the time before.
#ifndef RONDO_GRADIENT_FORMWINDOWS_H
#define RONDO_GRADIENT_FORMWINDOWS_H

#include "compiler/IR/Rnn.h"
#include <string>

namespace rondo::rnn {

// What the inputs that a window has behind the model's own are called; the language has no such names.
constexpr llvm::StringLiteral endsName = "window.ends"; // true: the sample ends with the window
constexpr llvm::StringLiteral aheadPrefix = "ahead.";   // of an input: its row just behind the window
constexpr llvm::StringLiteral wholePrefix = "whole."; // of a loss: how many ticks it is the mean of, all samples' added
constexpr llvm::StringLiteral carryPrefix = "carry."; // what is remembered; outputs of this name give it back

/// Of a model that has no windows: why.
constexpr llvm::StringLiteral noWindowsName = "no_windows";
/// On a window: it adds numbers up in another order than the whole model does: sums that go on, or products with what is
/// remembered.
constexpr llvm::StringLiteral addsAnewName = "adds_anew";

/// Makes `@name.window` behind the model. Null, and the reason, if the model cannot be computed window by window.
ModelOp formWindow(ModelOp model, std::string &why);

} // namespace rondo::rnn
#endif
