// Rows. `per(#c)` names the clock whose ticks group the rows; without it these operations go over the last axis.
#ifndef RONDO_COMPILER_IR_RNNROWOPS
#define RONDO_COMPILER_IR_RNNROWOPS

include "compiler/IR/RnnOpBase.td"

class Rnn_RowOp<string keyword, Type type> : Rnn_InferredOp<keyword> {
  let arguments = (ins type:$x, OptionalAttr<Rnn_ClockInterface>:$per);
  let results = (outs type:$result);
  let assemblyFormat = "$x (`per` `(` qualified($per)^ `)`)? attr-dict `:` qualified(type($x))";
  let hasVerifier = 1;
}

def Rnn_SoftmaxOp : Rnn_RowOp<"softmax", Rnn_Real> {
  let summary = "exp(x) over its sum; rows that are all -inf, or none, give 0";
  let description = [{
    With `per(#c)`, each element by itself over the rows of x's clock that belong to one tick of #c: of a segment, of
    the sample, or, if x is on a pair clock, of a tick of its target. Without, over the last axis.

    ```mlir
    // args: %logits : !rnn.stream<10xf32, #t>, %e : !rnn.stream<f32, #s>
    #ts = #rnn.pair<#t, #s>
    %score = rnn.cross %e : !rnn.stream<f32, #s> -> !rnn.stream<f32, #ts>
    %weights = rnn.softmax %score per(#t) : !rnn.stream<f32, #ts>
    %probability = rnn.softmax %logits : !rnn.stream<10xf32, #t>
    ```
  }];
}

def Rnn_LogSoftmaxOp : Rnn_RowOp<"log_softmax", Rnn_Real> {
  let summary = "the logarithm of softmax, without the detour";
  let description = [{
    ```mlir
    // args: %logits : !rnn.stream<10xf32, #t>
    %l = rnn.log_softmax %logits : !rnn.stream<10xf32, #t>
    ```
  }];
}

def Rnn_CumsumOp : Rnn_InferredOp<"cumsum"> {
  let summary = "running sum, this row included; `reverse`: from the last row";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>, %w : !rnn.stream<f32, #word>
    #sentence = #rnn.axis<"sentence">
    #word = #rnn.axis<"word" in #sentence>
    %y = rnn.cumsum %x : !rnn.stream<4xf32, #t>
    %v = rnn.cumsum reverse %w per(#sentence) : !rnn.stream<f32, #word>
    ```
  }];
  let arguments = (ins Rnn_Number:$x, OptionalAttr<Rnn_ClockInterface>:$per, UnitAttr:$reverse);
  let results = (outs Rnn_Number:$result);
  let assemblyFormat = "(`reverse` $reverse^)? $x (`per` `(` qualified($per)^ `)`)? attr-dict `:` qualified(type($x))";
  let hasVerifier = 1;
}

def Rnn_PickOp : Rnn_InferredOp<"pick"> {
  let summary = "true at the first maximum";
  let description = [{
    Where the adjoint of a maximum goes [G2]: each element by itself over the rows of a tick of #c, or over the last
    axis.

    ```mlir
    // args: %w : !rnn.stream<4xf32, #word>, %x : !rnn.stream<3x4xf32, #t>
    #sentence = #rnn.axis<"sentence">
    #word = #rnn.axis<"word" in #sentence>
    %p = rnn.pick %w per(#sentence) : !rnn.stream<4xf32, #word>
    %q = rnn.pick %x : !rnn.stream<3x4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Number:$x, OptionalAttr<Rnn_ClockInterface>:$per);
  let results = (outs Rnn_Bool:$result);
  let assemblyFormat = "$x (`per` `(` qualified($per)^ `)`)? attr-dict `:` qualified(type($x))";
  let hasVerifier = 1;
}

def Rnn_WindowOp : Rnn_InferredOp<"window"> {
  let summary = "each row's neighbours as a new last axis";
  let description = [{
    Element j of row s is x at row s - (W-1)/2 + j (the division rounds down), zero outside of the rows. With `per(#c)`
    the rows are those of a tick of #c; without, they are the elements of the last axis. The shape [..] becomes [.., W].

    ```mlir
    // args: %x : !rnn.stream<4xf32, #s>
    %y = rnn.window 3 %x per(#rnn.axis<"sample">) : !rnn.stream<4xf32, #s>
    %inside = rnn.window 3 %x : !rnn.stream<4xf32, #s>
    ```
  }];
  let arguments = (ins Rnn_Size:$width, Rnn_Real:$x, OptionalAttr<Rnn_ClockInterface>:$per);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = "$width $x (`per` `(` qualified($per)^ `)`)? attr-dict `:` qualified(type($x))";
  let hasVerifier = 1;
}

def Rnn_OverlapOp : Rnn_InferredOp<"overlap"> {
  let summary = "the dual of window: sums what each row gave to its neighbours";
  let description = [{
    ```mlir
    // args: %dy : !rnn.stream<4x3xf32, #s>
    %dx = rnn.overlap %dy per(#rnn.axis<"sample">) : !rnn.stream<4x3xf32, #s>
    ```
  }];
  let arguments = (ins Rnn_Real:$x, OptionalAttr<Rnn_ClockInterface>:$per);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = "$x (`per` `(` qualified($per)^ `)`)? attr-dict `:` qualified(type($x))";
  let hasVerifier = 1;
}

def Rnn_CtcOp : Rnn_Op<"ctc", [Pure]> {
  let summary = "connectionist temporal classification: minus the log probability of the labels";
  let description = [{
    Takes log_softmax of the logits itself; class 0 is the blank. The rows of both operands are those of one tick of the
    result's clock (or of the target, if an operand is on a pair clock). Infinite if the labels do not fit into the
    rows.

    ```mlir
    // args: %logits : !rnn.stream<29xf32, #t>, %labels : !rnn.stream<!rnn.token<29>, #s>
    %loss = rnn.ctc %logits, %labels : !rnn.stream<29xf32, #t>, !rnn.stream<!rnn.token<29>, #s> -> !rnn.stream<f32, #rnn.axis<"sample">>
    ```
  }];
  let arguments = (ins Rnn_RealStream:$logits, Rnn_AnyStream:$labels);
  let results = (outs Rnn_RealStream:$result);
  let assemblyFormat = [{
    $logits `,` $labels
    attr-dict `:` qualified(type($logits)) `,` qualified(type($labels)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Rnn_DctcOp : Rnn_Op<"dctc", [Pure, AllTypesMatch<["logits", "result"]>]> {
  let summary = "the adjoint of ctc's logits: (softmax - posterior) * dy; 0 if the labels do not fit";
  let description = [{
    ```mlir
    // args: %logits : !rnn.stream<29xf32, #t>, %labels : !rnn.stream<!rnn.token<29>, #s>, %dy : !rnn.stream<f32, #rnn.axis<"sample">>
    %d = rnn.dctc %logits, %labels, %dy : !rnn.stream<29xf32, #t>, !rnn.stream<!rnn.token<29>, #s>, !rnn.stream<f32, #rnn.axis<"sample">>
    ```
  }];
  let arguments = (ins Rnn_RealStream:$logits, Rnn_AnyStream:$labels, Rnn_RealStream:$dy);
  let results = (outs Rnn_RealStream:$result);
  let assemblyFormat = [{
    $logits `,` $labels `,` $dy
    attr-dict `:` qualified(type($logits)) `,` qualified(type($labels)) `,` qualified(type($dy))
  }];
  let hasVerifier = 1;
}

#endif
