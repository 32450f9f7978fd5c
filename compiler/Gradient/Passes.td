// The passes that write adjoint equations, and what they are written for.
#ifndef RONDO_GRADIENT_PASSES
#define RONDO_GRADIENT_PASSES
include "mlir/Pass/PassBase.td"

def Gradient : Pass<"rondo-gradient", "::mlir::ModuleOp"> {
  let summary = "put beside each model one that also computes its gradients";
  let description = [{
    Beside `@m` stands `@m.backward` then: the same equations and, behind them, their adjoints, transposed one by one in
    reverse order. Adjoint equations name forward values; nothing is stored or computed again.

    It has the inputs of `@m`. The seeds are the losses: the gradients are those of their sum, and a loss with `trains`
    moves its parameters only. A model without losses has for each output of reals an input `d.NAME` more, the adjoint
    of that output: of its type; where the output is on a period or an event of an axis, on that axis, and rows at
    other ticks are not looked at; of a tensor a row a sample, which are added up. Outputs on pair clocks have none.

    It returns the outputs of `@m`, then `d.PATH` for each parameter of reals, by path, then `d.NAME` for each input of
    reals. What nothing flows to is zero; of a model with the attribute `fixed_inputs` nothing flows to inputs, but for
    what a window remembers.

    ```mlir
    rnn.model @m(%x "x" : !rnn.stream<4xf32, #t>) {
      %W = rnn.param "W" init(glorot) : tensor<4xf32>
      %y = rnn.matmul %W, %x : tensor<4xf32>, !rnn.stream<4xf32, #t>
      rnn.return "y" = %y : !rnn.stream<f32, #t>
    }
    // beside it
    rnn.model @m.backward(%x "x" : !rnn.stream<4xf32, #t>, %d.y "d.y" : !rnn.stream<f32, #t>) {
      %W = rnn.param "W" init(glorot) : tensor<4xf32>
      %y = rnn.matmul %W, %x : tensor<4xf32>, !rnn.stream<4xf32, #t>
      %dW = rnn.outer %d.y, %x : !rnn.stream<f32, #t>, !rnn.stream<4xf32, #t> -> tensor<4xf32>
      %dx = rnn.scale %d.y, %W : !rnn.stream<f32, #t>, tensor<4xf32>
      rnn.return "y" = %y, "d.W" = %dW, "d.x" = %dx : ..
    }
    ```
  }];
  let constructor = "::rondo::rnn::createGradientPass()";
}

def FormWindows : Pass<"rondo-form-windows", "::mlir::ModuleOp"> {
  let summary = "put beside each model one that goes on with a sample, window by window";
  let description = [{
    Beside `@m` stands `@m.window` then: what `@m` computes of a part of a sample's time. It has the inputs of `@m`, then
    `window.ends` (whether the sample ends with the window), for each loss `whole.NAME` (all samples'
    added, how many ticks it is the mean of; 0: those of the window; of a loss without a clock: below 0 it does not count), rows behind the window, `ahead.NAME`,
    of inputs that are looked at one row ahead, and what is remembered, `carry.NAME`. It returns the outputs of `@m`, then
    what is remembered at the window's end, in that order. A model that cannot be computed so has an attribute that says why.

    ```mlir
    %s = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
    %r = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
    rnn.next %s, %n : !rnn.stream<4xf32, #t>
    // beside it
    %old = rnn.select %first, %start, %r : !rnn.stream<i1, #t>, !rnn.stream<4xf32, #t>   // %start: "carry.h", spread
    rnn.next %s, %n : !rnn.stream<4xf32, #t>
    rnn.return .., "carry.h" = %end : ..                                                 // the last %n
    ```
  }];
  let constructor = "::rondo::rnn::createFormWindowsPass()";
}

#endif
