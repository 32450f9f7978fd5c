// The model. What its caller sees of it: inputs, parameters, outputs, losses, generation; and the definitions of event
// clocks.
#ifndef RONDO_COMPILER_IR_RNNMODELOPS
#define RONDO_COMPILER_IR_RNNMODELOPS

include "compiler/IR/RnnOpBase.td"

def Rnn_ModelOp : Rnn_Op<"model", [
    IsolatedFromAbove, Symbol, SingleBlock,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "a flat block of equations; its arguments are the inputs";
  let description = [{
    Each input has the name by which the caller knows it. The order of equations is one in which values are defined
    before they are used; it does not order computation, and only slots lead backwards. `training` marks the variant
    that was built with the program's `training` true.

    ```mlir
    #step = #rnn.axis<"step">
    rnn.model @double(%x "x" : !rnn.stream<4xf32, #step>) {
      %y = rnn.add %x, %x : !rnn.stream<4xf32, #step>
      rnn.return "y" = %y : !rnn.stream<4xf32, #step>
    }
    rnn.model training @double.train(%x "x" : !rnn.stream<4xf32, #step>) {
      rnn.return "y" = %x : !rnn.stream<4xf32, #step>
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

def Rnn_ReturnOp : Rnn_Op<"return", [
    Pure, Terminator, ParentOneOf<["ModelOp", "::rondo::step::ScheduleOp"]>]> {
  let summary = "the model's outputs, by name";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %y = rnn.tanh %x : !rnn.stream<4xf32, #t>
    rnn.return "x" = %x, "y" = %y : !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Variadic<Rnn_Value>:$values, StrArrayAttr:$names);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::llvm::ArrayRef<::llvm::StringRef>":$names, "::mlir::ValueRange":$values)>];
  let extraClassDeclaration = [{
    ::llvm::StringRef getName(unsigned index);
  }];
}

def Rnn_ParamOp : Rnn_Op<"param", [Rnn_Kept, Rnn_Named]> {
  let summary = "a parameter, known to checkpoints by its path";
  let description = [{
    Part of what the caller sees, as an input is: it stays when nothing uses it.

    ```mlir
    %W = rnn.param "core.W" init(glorot) : tensor<4x2xf32>
    %s = rnn.param "core.s" init(uniform(0.1)) : tensor<f32>
    %b = rnn.param "core.b" init(values([0.0, 0.0, 1.0, 0.0])) : tensor<4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$path, Rnn_Init:$init);
  let results = (outs Rnn_AnyTensor:$result);
  let assemblyFormat = "$path `init` `(` custom<Init>($init) `)` attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def Rnn_EventOp : Rnn_Op<"event", [Rnn_Kept]> {
  let summary = "defines an event clock: it ticks where the stream is true";
  let description = [{
    The only one of its clock, above every value on that clock and above every scope that is cut before it [S2]; slots
    and constants may stand above it.

    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>, %surprise : !rnn.stream<i1, #t>
    rnn.event #e = %surprise
    %xe = rnn.latest %x : !rnn.stream<4xf32, #t> -> !rnn.stream<4xf32, #e>
    ```
  }];
  let arguments = (ins Rnn_EventClock:$clock, Rnn_BoolStream:$condition);
  let assemblyFormat = "qualified($clock) `=` custom<Condition>($condition, type($condition), ref($clock)) attr-dict";
  let hasVerifier = 1;
}

def Rnn_LossOp : Rnn_Op<"loss", [Rnn_Kept]> {
  let summary = "the mean of a scalar over the batch's ticks";
  let description = [{
    Over the ticks where the mask is true, if there is one; zero if there is no such tick. Of a tensor, itself [M1].
    `trains` lists the parameters that this loss moves; without it, all.

    ```mlir
    // args: %l : !rnn.stream<f32, #t>, %m : !rnn.stream<i1, #t>
    %W = rnn.param "core.W" init(glorot) : tensor<4x4xf32>
    rnn.loss "all" %l : !rnn.stream<f32, #t>
    rnn.loss "some" %l valid %m trains ["core.W"] : !rnn.stream<f32, #t>, !rnn.stream<i1, #t>
    ```
  }];
  let arguments = (ins StrAttr:$name, Rnn_Real:$value, Optional<Rnn_BoolStream>:$mask,
                       OptionalAttr<StrArrayAttr>:$trains);
  let assemblyFormat = [{
    $name $value (`valid` $mask^)? (`trains` $trains^)?
    attr-dict `:` qualified(type($value)) (`,` qualified(type($mask))^)?
  }];
  let hasVerifier = 1;
}

def Rnn_GenerateOp : Rnn_Op<"generate", [Rnn_Kept]> {
  let summary = "how the model feeds itself: an input that is made from a value";
  let description = [{
    At each tick of the input's clock it is computed from the value, and fed: at this tick, or with `next` at the next
    one. `start` is the first row under `next`; it ends at the token `stop` or after `limit` rows [M3].

    ```mlir
    rnn.model @lm(%text "text" : !rnn.stream<!rnn.token<96>, #rnn.axis<"step">>) {
      %E = rnn.param "E" init(normal(1.0)) : tensor<96x96xf32>
      %y = rnn.embed %E, %text : tensor<96x96xf32>, !rnn.stream<!rnn.token<96>, #rnn.axis<"step">>
      rnn.generate "text" from %y next start 0 stop 2 limit 500 : !rnn.stream<96xf32, #rnn.axis<"step">>
      rnn.return
    }
    ```
  }];
  let arguments = (ins StrAttr:$input, Rnn_AnyStream:$source, UnitAttr:$next, OptionalAttr<Rnn_Size>:$start,
                       OptionalAttr<Rnn_Size>:$stop, OptionalAttr<Rnn_Size>:$limit);
  let assemblyFormat = [{
    $input `from` $source (`next` $next^)? (`start` $start^)? (`stop` $stop^)? (`limit` $limit^)? attr-dict
    `:` qualified(type($source))
  }];
}

#endif
