// What is computed from constants alone: arithmetic of numbers, and what parameters start from (T9). Internal to dsl/.
#ifndef RONDO_DSL_CONSTANTS_H
#define RONDO_DSL_CONSTANTS_H

#include "dsl/Model.h"
#include <deque>
#include <optional>

namespace rondo::dsl {

/// What a pointwise operation makes of two reals, or of the first alone; none where there is no such operation.
std::optional<double> computeReal(Op op, double x, double y);

/// Makes a constant of what is computed from constants alone, elementwise or by a change of shape; false: it is not.
bool foldConstant(std::deque<Node> &nodes, NodeId id);

} // namespace rondo::dsl

#endif
