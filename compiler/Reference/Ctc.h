// Connectionist temporal classification (Graves et al. 2006), in the log domain.
#ifndef RONDO_REFERENCE_CTC_H
#define RONDO_REFERENCE_CTC_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace rondo::reference {

/// Minus the logarithm of the probability that a path through the rows, blanks (class 0) and repetitions removed, is
/// `labels`. Infinite if no path is: too few rows, or a label that is the blank. No rows and no labels: 0.
/// `logits`: rows of `classes` numbers each, before softmax.
double ctcLoss(llvm::ArrayRef<const double *> logits, int64_t classes, llvm::ArrayRef<int64_t> labels);

/// d ctcLoss / d logits, [rows][classes]; zero if no path exists.
std::vector<double> ctcGradient(llvm::ArrayRef<const double *> logits, int64_t classes, llvm::ArrayRef<int64_t> labels);

} // namespace rondo::reference
#endif
