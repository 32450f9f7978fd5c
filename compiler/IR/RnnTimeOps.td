// Slots and crossings. Slots remember; crossings lead from one clock to another.
#ifndef RONDO_COMPILER_IR_RNNTIMEOPS
#define RONDO_COMPILER_IR_RNNTIMEOPS

include "compiler/IR/RnnOpBase.td"

//===--------------------------------------------------------------------------------------------------------------===//
// Slots
//===--------------------------------------------------------------------------------------------------------------===//

class Rnn_SlotOp<string keyword, Type type> : Rnn_Op<keyword, [Rnn_Timed, Rnn_Named]> {
  let arguments = (ins StrAttr:$path, UnitAttr:$reverse, OptionalAttr<Rnn_Scope>:$scope);
  let results = (outs Res<type, "", [MemAlloc]>:$slot);
  let assemblyFormat = [{
    $path (`reverse` $reverse^)? (`restart` `(` custom<Cuts>($scope)^ `)`)? attr-dict `:` qualified(type($slot))
  }];
  let hasVerifier = 1;
}

def Rnn_StateOp : Rnn_SlotOp<"state", Rnn_State> {
  let summary = "declares a slot that remembers the last write";
  let description = [{
    A slot starts at zero. `rnn.next` writes it at each tick of its clock, `rnn.read` sees the last write strictly
    before its own tick; with `reverse` time runs from the last tick to the first, and "before" is later. No write is
    seen across a cut of the scope. Two states are never merged; one that nothing uses may be deleted.

    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    #u = #rnn.axis<"u" in #rnn.axis<"v">>
    %h = rnn.state "core.h" : !rnn.state<!rnn.stream<4xf32, #t>>
    %b = rnn.state "back.h" reverse restart(after #rnn.axis<"v">) : !rnn.state<!rnn.stream<f32, #u>>
    rnn.next %h, %x : !rnn.stream<4xf32, #t>
    ```
  }];
}

def Rnn_ReadOp : Rnn_Op<"read", [Pure]> {
  let summary = "the last write of a state strictly before this tick, else zero";
  let description = [{
    May stand on any clock of the state's root [S3]. On a pair clock it sees the same source row at an earlier target
    tick. Its place in the block does not matter.

    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %x2 = rnn.latest %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t2>
    %h = rnn.state "slow.h" : !rnn.state<!rnn.stream<4xf32, #t2>>
    rnn.next %h, %x2 : !rnn.stream<4xf32, #t2>
    %fast = rnn.read %h : !rnn.state<!rnn.stream<4xf32, #t2>> -> !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_State:$slot);
  let results = (outs Rnn_AnyStream:$result);
  let assemblyFormat = "$slot attr-dict `:` qualified(type($slot)) `->` qualified(type($result))";
  let hasVerifier = 1;
}

def Rnn_NextOp : Rnn_Op<"next", [
    TypesMatchWith<"the value has the state's type", "value", "slot",
                   "::rondo::rnn::StateType::get(::llvm::cast<::rondo::rnn::StreamType>($_self))">]> {
  let summary = "writes a state at each tick of its clock";
  let description = [{
    Exactly one for a state [S1]. The write is seen after this tick, never at it.

    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %h = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #t>>
    rnn.next %h, %x : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Arg<Rnn_State, "", [MemWrite]>:$slot, Rnn_AnyStream:$value);
  let assemblyFormat = "$slot `,` $value attr-dict `:` qualified(type($value))";
}

def Rnn_AccumOp : Rnn_SlotOp<"accum", Rnn_Accum> {
  let summary = "declares a slot that sums what is put into it";
  let description = [{
    The dual of `rnn.state`, with which gradients flow: many `rnn.put`, on any clock of the root, and one `rnn.take`, on
    the slot's own clock, which gets the sum of all puts since the take before, and clears it. At one position the take
    comes before the puts. Nothing put is taken across a cut of the scope.

    ```mlir
    // args: %dy : !rnn.stream<4xf32, #t>
    %a = rnn.accum "d.h" reverse : !rnn.accum<!rnn.stream<4xf32, #t>>
    rnn.put %a, %dy : !rnn.accum<!rnn.stream<4xf32, #t>>, !rnn.stream<4xf32, #t>
    %dh = rnn.take %a : !rnn.accum<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
    ```
  }];
}

def Rnn_PutOp : Rnn_Op<"put"> {
  let summary = "adds to an accumulator";
  let description = [{
    On any clock of the accumulator's root: a put at a tick is what the read, whose adjoint it is, saw at that tick.

    ```mlir
    // args: %dz : !rnn.stream<4xf32, #t>
    %a = rnn.accum "d.slow" reverse : !rnn.accum<!rnn.stream<4xf32, #t2>>
    rnn.put %a, %dz : !rnn.accum<!rnn.stream<4xf32, #t2>>, !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Arg<Rnn_Accum, "", [MemWrite]>:$slot, Rnn_AnyStream:$value);
  let assemblyFormat = "$slot `,` $value attr-dict `:` qualified(type($slot)) `,` qualified(type($value))";
  let hasVerifier = 1;
}

def Rnn_TakeOp : Rnn_Op<"take", [
    Pure, TypesMatchWith<"the result has the accumulator's stream type", "slot", "result",
                         "::llvm::cast<::rondo::rnn::AccumType>($_self).getStream()">]> {
  let summary = "the sum put into an accumulator since the take before";
  let description = [{
    At most one for an accumulator.

    ```mlir
    %a = rnn.accum "d.h" reverse : !rnn.accum<!rnn.stream<4xf32, #t>>
    %dh = rnn.take %a : !rnn.accum<!rnn.stream<4xf32, #t>> -> !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Accum:$slot);
  let results = (outs Rnn_AnyStream:$result);
  let assemblyFormat = "$slot attr-dict `:` qualified(type($slot)) `->` qualified(type($result))";
}

//===--------------------------------------------------------------------------------------------------------------===//
// Crossings
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_LatestOp : Rnn_Op<"latest", [Pure, Rnn_Timed]> {
  let summary = "a stream's value at its last tick at or before this one, else zero";
  let description = [{
    Towards a slower clock it samples (`when`, C3), towards a faster one it holds (`hold`, C5). With `reverse` it is the
    value at the first tick at or after this one: that of the segment in which this tick lies (`spread`, C6). Nothing is
    seen across a cut of the scope. Both clocks have one root; `sample` is of every root.

    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %slow = rnn.latest %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t2>
    %fast = rnn.latest %slow : !rnn.stream<4xf32, #t2> -> !rnn.stream<4xf32, #t>
    %last = rnn.latest %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #rnn.axis<"sample">>
    %everywhere = rnn.latest reverse %last : !rnn.stream<4xf32, #rnn.axis<"sample">> -> !rnn.stream<4xf32, #s>
    ```
  }];
  let arguments = (ins Rnn_AnyStream:$x, UnitAttr:$reverse, OptionalAttr<Rnn_Scope>:$scope);
  let results = (outs Rnn_AnyStream:$result);
  let assemblyFormat = [{
    (`reverse` $reverse^)? (`restart` `(` custom<Cuts>($scope)^ `)`)? $x
    attr-dict `:` qualified(type($x)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rnn_ReduceOp : Rnn_Op<"reduce", [Pure, Rnn_Timed]> {
  let summary = "one value of a stream's ticks since this clock's previous tick";
  let description = [{
    The sum, mean, maximum or first of x's ticks after the result's previous tick, up to and including this one; with
    `reverse`, from this tick on and before the result's next one [C7]. Of no tick at all it is zero. `first` is the
    first in the direction of time. From a pair clock to its target: over the source rows of the tick; to its source:
    over the target ticks of the row. Where target and source are one clock, `source` says that the result is on the
    source.

    ```mlir
    // args: %x : !rnn.stream<4xf32, #word>
    #sentence = #rnn.axis<"sentence">
    #word = #rnn.axis<"word" in #sentence>
    #pairs = #rnn.pair<#word, #word>
    %sum = rnn.reduce sum %x : !rnn.stream<4xf32, #word> -> !rnn.stream<4xf32, #sentence>
    %max = rnn.reduce max reverse restart(after #sentence) %x : !rnn.stream<4xf32, #word> -> !rnn.stream<4xf32, #sentence>
    %key = rnn.cross source %x : !rnn.stream<4xf32, #word> -> !rnn.stream<4xf32, #pairs>
    %read = rnn.reduce sum source %key : !rnn.stream<4xf32, #pairs> -> !rnn.stream<4xf32, #word>
    ```
  }];
  let arguments = (ins Rnn_Reduction:$kind, Rnn_AnyStream:$x, UnitAttr:$reverse, OptionalAttr<Rnn_Scope>:$scope,
                       UnitAttr:$to_source);
  let results = (outs Rnn_AnyStream:$result);
  let assemblyFormat = [{
    $kind (`source` $to_source^)? (`reverse` $reverse^)? (`restart` `(` custom<Cuts>($scope)^ `)`)? $x
    attr-dict `:` qualified(type($x)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// True if it leads from a pair clock to its source, as the clocks or `source` say.
    bool isToSource();
  }];
}

def Rnn_CrossOp : Rnn_Op<"cross", [Pure]> {
  let summary = "a stream repeated over a pair clock";
  let description = [{
    At the pair (t, s) it has x's value at t if x is on the pair's target, at s if it is on the source. Where target and
    source are one clock, `source` says that x is the source.

    ```mlir
    // args: %key : !rnn.stream<4xf32, #s>, %query : !rnn.stream<4xf32, #t>
    #ts = #rnn.pair<#t, #s>
    #tt = #rnn.pair<#t, #t>
    %k = rnn.cross %key : !rnn.stream<4xf32, #s> -> !rnn.stream<4xf32, #ts>
    %q = rnn.cross %query : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #ts>
    %self = rnn.cross source %query : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #tt>
    ```
  }];
  let arguments = (ins Rnn_AnyStream:$x, UnitAttr:$from_source);
  let results = (outs Rnn_AnyStream:$result);
  let assemblyFormat = "(`source` $from_source^)? $x attr-dict `:` qualified(type($x)) `->` qualified(type($result))";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// True if x is on the pair's source, as its clock or `source` says.
    bool isFromSource();
    PairClockAttr getPair();
  }];
}

def Rnn_LiftOp : Rnn_Op<"lift", [Pure]> {
  let summary = "a tensor as a stream: the same value at every tick";
  let description = [{
    ```mlir
    %b = rnn.param "b" init(zeros) : tensor<4xf32>
    %bt = rnn.lift %b : tensor<4xf32> -> !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_AnyTensor:$x);
  let results = (outs Rnn_AnyStream:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x)) `->` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rnn_TotalOp : Rnn_InferredOp<"total"> {
  let summary = "the sum of a stream over all ticks and samples";
  let description = [{
    The dual of `rnn.lift`.

    ```mlir
    // args: %dz : !rnn.stream<4xf32, #t>
    %db = rnn.total %dz : !rnn.stream<4xf32, #t> -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Rnn_RealStream:$x);
  let results = (outs Rnn_RealTensor:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x)) `->` qualified(type($result))";
}

#endif
