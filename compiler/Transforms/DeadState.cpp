// Removes slots that nothing outside needs, with the equations that only they need.
//
//   %s = rnn.state "count"                   // the loop is used by itself only:
//   %n = rnn.add (rnn.read %s), %x           // all of it vanishes
//   rnn.next %s, %n
//
// Needed is what outputs, losses and `generate` reach against the arrows, where a read leads to the `next` of its slot, a
// take to its puts, and a type or scope that mentions an event clock to its `rnn.event`. Ordinary dead code elimination
// cannot see this: a slot's write has an effect. Inputs and parameters stay: they are the model's face.
#include "compiler/IR/Rnn.h"
#include "compiler/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace rondo::rnn {

#define GEN_PASS_DEF_DEADSTATE
#include "compiler/Transforms/Passes.h.inc"

namespace {

class Liveness {
public:
  explicit Liveness(ModelOp model) {
    for (EventOp event : model.getOps<EventOp>())
      events[event.getClock()] = event;
    for (mlir::Operation &op : model.getBody().front())
      if (llvm::isa<ParamOp, LossOp, GenerateOp, ReturnOp>(op))
        mark(&op);
    while (!open.empty())
      visit(open.pop_back_val());
  }

  bool isNeeded(mlir::Operation *op) const { return needed.contains(op); }

private:
  void mark(mlir::Operation *op) {
    if (op && needed.insert(op).second)
      open.push_back(op);
  }

  void visit(mlir::Operation *op) {
    for (mlir::Value operand : op->getOperands())
      mark(operand.getDefiningOp());
    if (llvm::isa<StateOp, AccumOp>(op))
      for (mlir::Operation *user : op->getUsers())
        if (llvm::isa<NextOp, PutOp>(user))
          mark(user);
    eachEvent(op, [&](EventClockAttr clock) { mark(events.lookup(clock)); });
  }

  llvm::DenseMap<mlir::Attribute, mlir::Operation *> events;
  llvm::DenseSet<mlir::Operation *> needed;
  llvm::SmallVector<mlir::Operation *> open;
};

struct DeadState : impl::DeadStateBase<DeadState> {
  void runOnOperation() override {
    Liveness liveness(getOperation());
    for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(getOperation().getBody().front())))
      if (!liveness.isNeeded(&op))
        op.erase();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createDeadStatePass() { return std::make_unique<DeadState>(); }

} // namespace rondo::rnn
