// The passes from `rnn` to `rnn`. Each is one file of the same name, and one test test/transforms/<name>.mlir.
#ifndef RONDO_TRANSFORMS_PASSES
#define RONDO_TRANSFORMS_PASSES
include "mlir/Pass/PassBase.td"

def Simplify : Pass<"rondo-simplify", "::rondo::rnn::ModelOp"> {
  let summary = "fold constants, propagate zeros, merge equal equations, drop unused ones";
  let description = [{
    Folds, canonicalisations of the operations, common subexpressions and unused values, until nothing changes: running
    it twice is running it once. Values do not change, except that a NaN or infinity times nothing is nothing.

    ```mlir
    %z = rnn.const 0.0 : tensor<4xf32>
    %l = rnn.lift %z : tensor<4xf32> -> !rnn.stream<4xf32, #step>
    %u = rnn.latest %l : !rnn.stream<4xf32, #step> -> !rnn.stream<4xf32, #half>
    %y = rnn.add %x, %u : !rnn.stream<4xf32, #half>     // becomes %x
    ```
  }];
  let constructor = "::rondo::rnn::createSimplifyPass()";
}

def NarrowSlots : Pass<"rondo-narrow-slots", "::rondo::rnn::ModelOp"> {
  let summary = "put slots on the clock of what is written to them, and merge those that hold the same";
  let description = [{
    A slot that is written `latest %v`, of the slot's own scope and direction, becomes a slot on the clock of %v;
    `latest` down to a rarer clock moves up through reads, `lift` and operations that work on each tick by itself; slots
    of equal next value, scope and direction become one.

    ```mlir
    %up = rnn.latest %h : !rnn.stream<8xf32, #t4> -> !rnn.stream<8xf32, #t>
    rnn.next %s, %up : !rnn.state<!rnn.stream<8xf32, #t>>
    %p = rnn.read %s : !rnn.state<!rnn.stream<8xf32, #t>> -> !rnn.stream<8xf32, #t>
    // becomes
    rnn.next %s, %h : !rnn.state<!rnn.stream<8xf32, #t4>>
    %p = rnn.read %s : !rnn.state<!rnn.stream<8xf32, #t4>> -> !rnn.stream<8xf32, #t>
    ```
  }];
  let constructor = "::rondo::rnn::createNarrowSlotsPass()";
}

def DeadState : Pass<"rondo-dead-state", "::rondo::rnn::ModelOp"> {
  let summary = "remove slots that no output, loss or event needs";
  let description = [{
    What an output, a loss, `generate` or an event reaches against the arrows, through slots too, is needed. A loop of
    slots that only feed themselves is not, and vanishes with its equations.

    ```mlir
    %s = rnn.state "count" : !rnn.state<!rnn.stream<f32, #t>>      // all four vanish
    %r = rnn.read %s : !rnn.state<!rnn.stream<f32, #t>> -> !rnn.stream<f32, #t>
    %n = rnn.add %r, %x : !rnn.stream<f32, #t>
    rnn.next %s, %n : !rnn.state<!rnn.stream<f32, #t>>
    ```
  }];
  let constructor = "::rondo::rnn::createDeadStatePass()";
}
#endif
