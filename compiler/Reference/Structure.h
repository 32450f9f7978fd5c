// The caller's batch: checked, joined to what came before, and turned into where axes tick.
#ifndef RONDO_REFERENCE_STRUCTURE_H
#define RONDO_REFERENCE_STRUCTURE_H

#include "compiler/Reference/Program.h"
#include <set>

namespace rondo::reference {

/// Of one sample, by axis: the ticks of roots, and where segments end (see Timeline).
struct Structure {
  std::vector<int32_t> lengths;
  std::vector<std::vector<int32_t>> rowAt;
};

/// Which of a batch's inputs and axes must be there. (A generated input must not.)
struct Required {
  std::vector<bool> inputs; // by input
  std::vector<bool> axes;   // by axis
};
Required requireAll(const Program &program);

/// An error that names the input or axis and the sample; else one Structure a sample. `open`: axes whose last segment
/// goes on behind the batch, and does not tick.
llvm::Expected<std::vector<Structure>> checkBatch(const Program &program, const Batch &batch, const Required &required,
                                                  const std::set<std::string> &open);

/// Checks the names of axes whose last segment is open: segment axes, and with each the coarser ones too.
llvm::Error checkOpen(const Program &program, const std::vector<std::string> &open);

/// A batch and its continuation as one; both have been checked. `open`: axes whose last segment in `before` goes on.
llvm::Expected<Batch> joined(const Program &program, const Batch &before, const std::vector<Structure> &structure,
                             const std::set<std::string> &open, const Batch &part,
                             const std::vector<Structure> &partStructure, const std::set<std::string> &stillOpen);

} // namespace rondo::reference
#endif
