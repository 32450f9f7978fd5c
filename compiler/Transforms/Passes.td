// The passes from `rnn` to `rnn`. Each is one file of the same name, and one test test/transforms/<name>.mlir.
#ifndef RONDO_TRANSFORMS_PASSES
#define RONDO_TRANSFORMS_PASSES
include "mlir/Pass/PassBase.td"

def Simplify : Pass<"rondo-simplify", "::rondo::rnn::ModelOp"> {
  let summary = "fold constants, propagate zeros, merge equal equations, drop unused ones";
  let description = [{
    Folds, canonicalisations of the operations, common subexpressions and unused values, until nothing changes: running
    it twice is running it once. Lists of rows that are one vector, or multiples of one, become a repeated vector and a
    product; a product with ones becomes a sum. Sums over all ticks come ahead of what is linear, which is done once then.
    Values do not change, except that a NaN or infinity times nothing is nothing, and that some sums are rounded in another
    order: these, and those of rows of pairs which have several weights, which are summed up weight by weight.

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

def SplitProducts : Pass<"rondo-split-products", "::rondo::rnn::ModelOp"> {
  let summary = "split products of joined operands that do not come about together";
  let description = [{
    A product of `concat` becomes a sum of products with slices of the weights where parts come from different loops, or
    change at different clocks. First come the parts from outside of the product's loop, of these first what changes
    least often.

    ```mlir
    %c = rnn.concat %x, %h axis 0 : !rnn.stream<2xf32, #t>, !rnn.stream<8xf32, #t>       // %h: read from the loop's slot
    %z = rnn.matmul %W, %c : tensor<8x10xf32>, !rnn.stream<10xf32, #t>
    // becomes
    %W0 = rnn.slice %W[0, 2] axis 1 : tensor<8x10xf32>
    %W1 = rnn.slice %W[2, 10] axis 1 : tensor<8x10xf32>
    %z0 = rnn.matmul %W0, %x : tensor<8x2xf32>, !rnn.stream<2xf32, #t>
    %z1 = rnn.matmul %W1, %h : tensor<8x8xf32>, !rnn.stream<8xf32, #t>
    %z = rnn.add %z0, %z1 : !rnn.stream<8xf32, #t>
    ```
  }];
  let constructor = "::rondo::rnn::createSplitProductsPass()";
}

def CommuteCrossings : Pass<"rondo-commute-crossings", "::rondo::rnn::ModelOp"> {
  let summary = "compute ahead of crossings to finer clocks, not behind them";
  let description = [{
    An operation on one stream beside tensors that makes zero of zero is done before `latest` leads to a finer clock,
    before `cross` and `lift`; a product also before it is written to a slot, which makes a slot of partial sums.

    ```mlir
    rnn.next %s, %h : !rnn.stream<8xf32, #t4>
    %r = rnn.read %s : !rnn.state<!rnn.stream<8xf32, #t4>> -> !rnn.stream<8xf32, #t>
    %z = rnn.matmul %U, %r : tensor<3x8xf32>, !rnn.stream<8xf32, #t>
    // becomes
    %p = rnn.matmul %U, %h : tensor<3x8xf32>, !rnn.stream<8xf32, #t4>
    rnn.next %q, %p : !rnn.stream<3xf32, #t4>
    %z = rnn.read %q : !rnn.state<!rnn.stream<3xf32, #t4>> -> !rnn.stream<3xf32, #t>
    ```
  }];
  let constructor = "::rondo::rnn::createCommuteCrossingsPass()";
}

def MergeProducts : Pass<"rondo-merge-products", "::rondo::rnn::ModelOp"> {
  let summary = "one product of those that share an operand or a destination";
  let description = [{
    Products of one operand become one with stacked weights, whose result is split; products that are terms of one sum,
    of operands from one loop, become one of the joined operands. What is in a loop is not merged with what is outside.

    ```mlir
    %i = rnn.matmul %Wi, %x : tensor<8x2xf32>, !rnn.stream<2xf32, #t>
    %f = rnn.matmul %Wf, %x : tensor<8x2xf32>, !rnn.stream<2xf32, #t>
    // becomes
    %W = rnn.concat %Wi, %Wf axis 0 : tensor<8x2xf32>, tensor<8x2xf32>
    %z = rnn.matmul %W, %x : tensor<16x2xf32>, !rnn.stream<2xf32, #t>
    %i, %f = rnn.split %z axis 0 : !rnn.stream<16xf32, #t> -> !rnn.stream<8xf32, #t>, !rnn.stream<8xf32, #t>
    ```
  }];
  let constructor = "::rondo::rnn::createMergeProductsPass()";
}

def ChainSums : Pass<"rondo-chain-sums", "::rondo::rnn::ModelOp"> {
  let summary = "sums of what comes from several clocks, from the rarest on";
  let description = [{
    Terms that cross to a sum from rarer clocks are added where they tick: the rarest first, its sum on the next rarer
    clock that has all of its ticks, and so on, so that one value crosses. The sum is rounded in another order.

    ```mlir
    %a = rnn.latest %u4 : !rnn.stream<8xf32, #t4> -> !rnn.stream<8xf32, #t>
    %b = rnn.latest %u2 : !rnn.stream<8xf32, #t2> -> !rnn.stream<8xf32, #t>
    %y = rnn.add %a, %b : !rnn.stream<8xf32, #t>
    // becomes
    %a = rnn.latest %u4 : !rnn.stream<8xf32, #t4> -> !rnn.stream<8xf32, #t2>
    %s = rnn.add %a, %u2 : !rnn.stream<8xf32, #t2>
    %y = rnn.latest %s : !rnn.stream<8xf32, #t2> -> !rnn.stream<8xf32, #t>
    ```
  }];
  let constructor = "::rondo::rnn::createChainSumsPass()";
}

def MergeSums : Pass<"rondo-merge-sums", "::rondo::rnn::ModelOp"> {
  let summary = "sums of the parts of two values become parts of their sum";
  let description = [{
    What several readers add to products of one value crosses together, and is added at once.

    ```mlir
    %a, %b = rnn.split %x axis 0 : .. #t2
    %c, %d = rnn.split %y axis 0 : .. #t
    %u = rnn.add (rnn.latest %a : #t2 -> #t), %c
    %v = rnn.add (rnn.latest %b : #t2 -> #t), %d
    // becomes
    %z = rnn.add (rnn.latest %x : #t2 -> #t), %y
    %u, %v = rnn.split %z axis 0 : .. #t
    ```
  }];
  let constructor = "::rondo::rnn::createMergeSumsPass()";
}

def OrderSums : Pass<"rondo-order-sums", "::rondo::rnn::ModelOp"> {
  let summary = "sums of a loop begin with what does not come from the loop";
  let description = [{
    Terms that are not made in the loop are added first, in their order: one value that is computed for all ticks at
    once. The sum is rounded in another order.

    ```mlir
    %a = rnn.add %uh, %wx : !rnn.stream<8xf32, #t>     // %uh: of the loop's slot
    %z = rnn.add %a, %b : !rnn.stream<8xf32, #t>
    // becomes
    %a = rnn.add %wx, %b : !rnn.stream<8xf32, #t>
    %z = rnn.add %a, %uh : !rnn.stream<8xf32, #t>
    ```
  }];
  let constructor = "::rondo::rnn::createOrderSumsPass()";
}

def OrientMatrices : Pass<"rondo-orient-matrices", "::rondo::rnn::ModelOp"> {
  let summary = "matrices of a tick are read the way they lie; products of one row or column are with a vector";
  let description = [{
    Transposes that lead through operations on elements to a transpose, to what spreads vectors, or to the sum of lines or
    columns are left out; none is made. Slots of matrices whose lines are short become slots of the transposed, if no
    transpose is left of that. Products of two matrices take the form that reads the second one, or both, as they lie.
    Products whose operand has one row or one column are of a matrix and a vector, and the sum of products of all elements
    of two matrices is a fold: what kernels compute line by line. Sums are rounded in another order.

    ```mlir
    %t = rnn.transpose %S [1, 0] : !rnn.stream<64x32xf32, #t>
    %m = rnn.mul %t, %u : !rnn.stream<32x64xf32, #t>           // %u: rnn.repeat of 64 numbers
    %n = rnn.transpose %m [1, 0] : !rnn.stream<32x64xf32, #t>
    // becomes
    %v = rnn.matmul %column, %ones : !rnn.stream<64x1xf32, #t>, !rnn.stream<1x32xf32, #t>
    %n = rnn.mul %S, %v : !rnn.stream<64x32xf32, #t>
    ```
  }];
  let constructor = "::rondo::rnn::createOrientMatricesPass()";
}

def Classify : Pass<"rondo-classify", "::rondo::rnn::ModelOp"> {
  let summary = "remarks on loops and outputs: direction, clocks, degree, structure, availability";
  let description = [{
    Of each loop through slots: its slots, direction and clocks, the degree of what is written in the state, the
    structure of its Jacobian and whether coefficients are free of the state; if it is not affine or not diagonal, the
    line of the source that makes it so. Of each output: whether it is the same for every sample, and when it is known.
  }];
  let constructor = "::rondo::rnn::createClassifyPass()";
}
#endif
