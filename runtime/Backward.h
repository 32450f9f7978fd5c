// Calls that give gradients.
#ifndef RONDO_RUNTIME_BACKWARD_H
#define RONDO_RUNTIME_BACKWARD_H

#include "runtime/Call.h"

namespace rondo::runtime {

/// Puts what gradients are made in where the caller wants them, if that can be, so that they need not be copied.
void placeGradients(Call &call);

/// Takes the gradients' struct of a model apart, into whose outputs so many gradients flow.
bool takeGradients(Call &call, const Plan &forward, int64_t seeds, void *gradients);

/// Carries out a Gradient: writes to where the caller wants it, if anywhere.
void giveGradient(const Call &call, const OpPlan &op);

} // namespace rondo::runtime
#endif
