// The `step` dialect: a model's equations in the order in which they are computed.
#ifndef RONDO_COMPILER_IR_STEP
#define RONDO_COMPILER_IR_STEP

include "compiler/IR/RnnOpBase.td"

def Step_Dialect : Dialect {
  let name = "step";
  let cppNamespace = "::rondo::step";
  let summary = "a model's equations, scheduled";
  let description = [{
    A schedule holds the equations of a model, in groups that are computed one after another: `step.par` a set of them
    at every tick of a clock, in any order of ticks; `step.scan` a loop, tick after tick. What stands between the groups
    (crossings, reductions, operations over rows) is computed for all ticks at once. Groups may use every value above
    them; their results are what others use.

    The equations are `rnn` operations with their types and meaning. In a schedule a slot is part of one scan; reads of
    it that are not have become `step.before`.

    ```mlir
    step.schedule @cumulative(%x "x" : !rnn.stream<4xf32, #rnn.axis<"step">>) {
      %twice = step.par {
        %a = rnn.add %x, %x : !rnn.stream<4xf32, #rnn.axis<"step">>
        step.yield %a : !rnn.stream<4xf32, #rnn.axis<"step">>
      } : !rnn.stream<4xf32, #rnn.axis<"step">>
      %sum = step.scan on #rnn.axis<"step"> {
        %s = rnn.state "s" : !rnn.state<!rnn.stream<4xf32, #rnn.axis<"step">>>
        %before = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #rnn.axis<"step">>> -> !rnn.stream<4xf32, #rnn.axis<"step">>
        %now = rnn.add %before, %twice : !rnn.stream<4xf32, #rnn.axis<"step">>
        rnn.next %s, %now : !rnn.stream<4xf32, #rnn.axis<"step">>
        step.yield %now : !rnn.stream<4xf32, #rnn.axis<"step">>
      } : !rnn.stream<4xf32, #rnn.axis<"step">>
      rnn.return "sum" = %sum : !rnn.stream<4xf32, #rnn.axis<"step">>
    }
    ```
  }];
}

class Step_Op<string keyword, list<Trait> traits = []> : Op<Step_Dialect, keyword, traits>;

def Step_ScheduleOp : Step_Op<"schedule", [
    IsolatedFromAbove, Symbol, SingleBlock,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "a model's equations in the order of their computation; its arguments are the inputs";
  let description = [{
    ```mlir
    #t = #rnn.axis<"t">
    step.schedule @same(%x "x" : !rnn.stream<4xf32, #t>) {
      rnn.return "y" = %x : !rnn.stream<4xf32, #t>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$inputs, UnitAttr:$training);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::llvm::ArrayRef<::llvm::StringRef>":$inputs,
                                 "::mlir::TypeRange":$types, CArg<"bool", "false">:$training)>];
  let extraClassDeclaration = [{
    ::llvm::StringRef getInputName(unsigned index);
  }];
}

def Step_ParOp : Step_Op<"par", [SingleBlock, RecursiveMemoryEffects, HasParent<"ScheduleOp">]> {
  let summary = "equations of one clock, each tick by itself";
  let description = [{
    Every operation inside looks at its operands' values at its own tick alone. The clock is that of the results; all of
    them are tensors, or all of them are streams on one clock. Where it is `chunked` the one scan that reads it does so
    step by step: rows may be computed by a few steps at a time, ahead of the scan's. Where it is `trailing` it reads rows
    of the scan right above, which may be forgotten once it has: they are computed by a few steps at a time too, behind
    the scan's.
    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %y = step.par {
      %a = rnn.tanh %x : !rnn.stream<4xf32, #t>
      %b = rnn.add %a, %x : !rnn.stream<4xf32, #t>
      step.yield %b : !rnn.stream<4xf32, #t>
    } : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins UnitAttr:$chunked, UnitAttr:$trailing);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<Rnn_Value>:$results);
  let extraClassDeclaration = [{
    /// The scan right above that it trails, perhaps with others between; null if it trails none.
    ScanOp getLeader();
    /// The one scan in which all uses of the results stand; null if there is none.
    ScanOp getReader();
    /// The same of one result.
    ScanOp getReaderOf(unsigned result);
  }];
  let assemblyFormat = "(`chunked` $chunked^)? (`trailing` $trailing^)? $body (`:` qualified(type($results))^)? attr-dict";
  let hasRegionVerifier = 1;
}

def Step_ScanOp : Step_Op<"scan", [SingleBlock, RecursiveMemoryEffects, HasParent<"ScheduleOp">]> {
  let summary = "a loop over time";
  let description = [{
    Steps through the ticks of its clock, of which all clocks inside are selections, in the direction given. At each
    step the operations are computed in order, each where its own clock ticks; writes of slots are seen from the next
    step on. Sequences, the parts between the cuts of `split`, are independent of one another and run side by side; the
    scope of every slot inside contains these cuts. Without `split` a sequence is a sample. `rnn.total` adds up what the
    steps give of a value; nothing in the loop may use the sum.

    A scan that runs `beside` those above it sees nothing of them. One that is `behind` them sees of them what they give
    at its own step, which are theirs too. Both may run at the same time as they do.
    ```mlir
    // args: %x : !rnn.stream<4xf32, #word>
    #word = #rnn.axis<"word" in #rnn.axis<"sentence">>
    %h = step.scan on #word split(after #rnn.axis<"sentence">) {
      %s = rnn.state "h" restart(after #rnn.axis<"sentence">) : !rnn.state<!rnn.stream<4xf32, #word>>
      %r = rnn.read %s : !rnn.state<!rnn.stream<4xf32, #word>> -> !rnn.stream<4xf32, #word>
      %n = rnn.add %r, %x : !rnn.stream<4xf32, #word>
      rnn.next %s, %n : !rnn.stream<4xf32, #word>
      step.yield %n : !rnn.stream<4xf32, #word>
    } : !rnn.stream<4xf32, #word>
    ```
  }];
  let arguments = (ins Rnn_ClockInterface:$clock, UnitAttr:$reverse, OptionalAttr<Rnn_Scope>:$split, UnitAttr:$beside,
                       UnitAttr:$behind);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<Rnn_Value>:$results);
  let extraClassDeclaration = [{
    /// Whether it may run at the same time as the scan above it.
    bool isInWave() { return getBeside() || getBehind(); }
    /// The scan above it, if only pars stand between that belong to one of the two; else null.
    ScanOp getScanAbove();
  }];
  let assemblyFormat = [{
    (`beside` $beside^)? (`behind` $behind^)? `on` qualified($clock) (`reverse` $reverse^)?
    (`split` `(` custom<Cuts>($split)^ `)`)? $body (`:` qualified(type($results))^)? attr-dict
  }];
  let hasRegionVerifier = 1;
}

def Step_YieldOp : Step_Op<"yield", [Pure, Terminator, ParentOneOf<["ParOp", "ScanOp"]>]> {
  let summary = "the results of a group";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %y = step.par {
      %a = rnn.tanh %x : !rnn.stream<4xf32, #t>
      step.yield %a : !rnn.stream<4xf32, #t>
    } : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Variadic<Rnn_Value>:$values);
  let assemblyFormat = "($values^ `:` qualified(type($values)))? attr-dict";
}

def Step_BeforeOp : Step_Op<"before", [Pure, Rnn_Timed, HasParent<"ScheduleOp">]> {
  let summary = "a stream's value at its last tick strictly before this one, else zero";
  let description = [{
    What `rnn.read` is of a slot that is written outside of the reader's loop; strict where `rnn.latest` is not. With
    `reverse`, the value at the first tick strictly after. On pair clocks: of the same source row, at the previous tick
    of the target.
    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %p = step.before %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t>
    %q = step.before reverse restart(after #t2) %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #t2>
    ```
  }];
  let arguments = (ins Rnn_AnyStream:$x, UnitAttr:$reverse, OptionalAttr<Rnn_Scope>:$scope);
  let results = (outs Rnn_AnyStream:$result);
  let assemblyFormat = [{
    (`reverse` $reverse^)? (`restart` `(` custom<Cuts>($scope)^ `)`)? $x
    attr-dict `:` qualified(type($x)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Step_AffineOp : Step_Op<"affine", [Pure, Rnn_Timed, HasParent<"ScheduleOp">, SameOperandsAndResultType]> {
  let summary = "a loop that is affine in its state: a times the value before, plus b";
  let description = [{
    At each tick a * y + b, element by element, where y is the result at the tick before in the direction of time, zero
    at the first and behind a cut. Composing such maps is associative, so that it can be computed in any grouping of
    ticks; the implementation's grouping depends on the number of ticks alone.
    ```mlir
    // args: %keep : !rnn.stream<4xf32, #t>, %new : !rnn.stream<4xf32, #t>
    %h = step.affine %keep, %new : !rnn.stream<4xf32, #t>
    %back = step.affine reverse restart(after #t2) %keep, %new : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_RealStream:$a, Rnn_RealStream:$b, UnitAttr:$reverse, OptionalAttr<Rnn_Scope>:$scope);
  let results = (outs Rnn_RealStream:$result);
  let assemblyFormat = [{
    (`reverse` $reverse^)? (`restart` `(` custom<Cuts>($scope)^ `)`)? $a `,` $b attr-dict `:` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Step_ChooseOp : Step_Op<"choose", [HasParent<"ScanOp">]> {
  let summary = "the row of a generated input at this tick";
  let description = [{
    What the caller gives first, the prompt, is taken as it is (with `next` at least one row: `start` where there is no
    prompt); behind it each row is made from the source: where the input is a token and the source has a number for each,
    one is chosen, else the source is the row. Rows end behind the token `stop`, or after `limit` of them [M3].

    ```mlir
    // args: %text : !rnn.stream<!rnn.token<4>, #t>, %logits : !rnn.stream<4xf32, #t>
    step.scan on #t {
      %x = step.choose "text" from %logits start 0 limit 500 : !rnn.stream<4xf32, #t> -> !rnn.stream<!rnn.token<4>, #t>
      step.yield
    }
    ```
  }];
  let arguments = (ins StrAttr:$input, Rnn_AnyStream:$source, UnitAttr:$next, OptionalAttr<Rnn_Size>:$start,
                       OptionalAttr<Rnn_Size>:$stop, OptionalAttr<Rnn_Size>:$limit);
  let results = (outs Rnn_AnyStream:$row);
  let assemblyFormat = [{
    $input `from` $source (`next` $next^)? (`start` $start^)? (`stop` $stop^)? (`limit` $limit^)? attr-dict
    `:` qualified(type($source)) `->` qualified(type($row))
  }];
}

#endif
