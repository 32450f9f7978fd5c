// Products and parts of values. Each works on tensors and streams alike; operands that are streams share one clock
// [C2], a tensor counts on every clock, and the result is a tensor exactly if all operands are, unless said otherwise.
#ifndef RONDO_COMPILER_IR_RNNMATHOPS
#define RONDO_COMPILER_IR_RNNMATHOPS

include "compiler/IR/RnnOpBase.td"

//===--------------------------------------------------------------------------------------------------------------===//
// Products
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_MatmulOp : Rnn_InferredOp<"matmul"> {
  let summary = "a matrix (or row) times a vector or matrix";
  let description = [{
    [m,k] times [k] is [m]; [m,k] times [k,n] is [m,n]; [k] times [k] is a scalar; [k] times [k,n] is [n] [T5]. With
    `transposed` the left operand [k,m] is read as [m,k]. Maps zero to zero.

    ```mlir
    // args: %x : !rnn.stream<96xf32, #t>, %keys : !rnn.stream<7x96xf32, #t>
    %W = rnn.param "W" init(glorot) : tensor<256x96xf32>
    %wx = rnn.matmul %W, %x : tensor<256x96xf32>, !rnn.stream<96xf32, #t>
    %back = rnn.matmul transposed %W, %wx : tensor<256x96xf32>, !rnn.stream<256xf32, #t>
    %scores = rnn.matmul %keys, %x : !rnn.stream<7x96xf32, #t>, !rnn.stream<96xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Real:$w, Rnn_Real:$x, UnitAttr:$transposed);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = [{
    (`transposed` $transposed^)? $w `,` $x
    attr-dict `:` qualified(type($w)) `,` qualified(type($x))
  }];
}

def Rnn_OuterOp : Rnn_Op<"outer", [Pure]> {
  let summary = "a times b transposed: the adjoint of a product's left operand";
  let description = [{
    [m] and [k] give [m,k]; [m,n] and [k,n] give [m,k], summed over n; a scalar and [k] give [k]; [n] and [k,n] give
    [k]. With `transposed` it is a transposed times b: [n,m] and [n,k] give [m,k]. A stream result has one a tick; a
    tensor result is summed over all samples and ticks.

    ```mlir
    // args: %dz : !rnn.stream<256xf32, #t>, %x : !rnn.stream<96xf32, #t>
    %dW = rnn.outer %dz, %x : !rnn.stream<256xf32, #t>, !rnn.stream<96xf32, #t> -> tensor<256x96xf32>
    %each = rnn.outer %dz, %x : !rnn.stream<256xf32, #t>, !rnn.stream<96xf32, #t> -> !rnn.stream<256x96xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Real:$a, Rnn_Real:$b, UnitAttr:$transposed);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = [{
    (`transposed` $transposed^)? $a `,` $b
    attr-dict `:` qualified(type($a)) `,` qualified(type($b)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Rnn_EmbedOp : Rnn_InferredOp<"embed"> {
  let summary = "a table's entry at an index along its first axis";
  let description = [{
    The index is a scalar token of at most the axis's size [T6], or an i64 that is always in range.

    ```mlir
    // args: %i : !rnn.stream<!rnn.token<96>, #t>
    %E = rnn.param "E" init(normal(1.0)) : tensor<96x64xf32>
    %x = rnn.embed %E, %i : tensor<96x64xf32>, !rnn.stream<!rnn.token<96>, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$table, Rnn_Index:$index);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$table `,` $index attr-dict `:` qualified(type($table)) `,` qualified(type($index))";
}

def Rnn_ScatterAddOp : Rnn_Op<"scatter_add", [Pure]> {
  let summary = "the adjoint of embed's table: dy at the index, zero elsewhere";
  let description = [{
    The result is the table's type; a tensor result is summed over all samples and ticks, in that order.

    ```mlir
    // args: %i : !rnn.stream<!rnn.token<96>, #t>, %dx : !rnn.stream<64xf32, #t>
    %dE = rnn.scatter_add %i, %dx : !rnn.stream<!rnn.token<96>, #t>, !rnn.stream<64xf32, #t> -> tensor<96x64xf32>
    ```
  }];
  let arguments = (ins Rnn_Index:$index, Rnn_Real:$dy);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = [{
    $index `,` $dy
    attr-dict `:` qualified(type($index)) `,` qualified(type($dy)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

//===--------------------------------------------------------------------------------------------------------------===//
// Parts of values
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_SplitOp : Rnn_Op<"split", [Pure]> {
  let summary = "parts of a value along an axis, in order; their sizes are those of the results";
  let description = [{
    ```mlir
    // args: %z : !rnn.stream<8xf32, #t>
    %i, %f = rnn.split %z axis 0 : !rnn.stream<8xf32, #t> -> !rnn.stream<4xf32, #t>, !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x, Rnn_Size:$axis);
  let results = (outs Variadic<Rnn_Value>:$parts);
  let assemblyFormat = "$x `axis` $axis attr-dict `:` qualified(type($x)) `->` qualified(type($parts))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rnn_ConcatOp : Rnn_InferredOp<"concat"> {
  let summary = "values behind one another along an axis";
  let description = [{
    ```mlir
    // args: %a : !rnn.stream<4xf32, #t>, %b : !rnn.stream<2xf32, #t>
    %z = rnn.concat %a, %b axis 0 : !rnn.stream<4xf32, #t>, !rnn.stream<2xf32, #t>
    ```
  }];
  let arguments = (ins Variadic<Rnn_Value>:$parts, Rnn_Size:$axis);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$parts `axis` $axis attr-dict `:` qualified(type($parts))";
  let hasFolder = 1;
}

def Rnn_SliceOp : Rnn_InferredOp<"slice"> {
  let summary = "the elements begin..end-1 along an axis";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<8xf32, #t>
    %y = rnn.slice %x [2, 6] axis 0 : !rnn.stream<8xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x, Rnn_Size:$begin, Rnn_Size:$end, Rnn_Size:$axis);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$x `[` $begin `,` $end `]` `axis` $axis attr-dict `:` qualified(type($x))";
  let hasFolder = 1;
}

def Rnn_PadOp : Rnn_InferredOp<"pad"> {
  let summary = "the dual of slice: x at begin..end-1 of an axis of the given size, zero elsewhere";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %y = rnn.pad %x [2, 6 of 8] axis 0 : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Real:$x, Rnn_Size:$begin, Rnn_Size:$end, Rnn_Size:$size, Rnn_Size:$axis);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = "$x `[` $begin `,` $end `of` $size `]` `axis` $axis attr-dict `:` qualified(type($x))";
  let hasFolder = 1;
}

def Rnn_ReshapeOp : Rnn_Op<"reshape", [Pure]> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<8xf32, #t>
    %y = rnn.reshape %x : !rnn.stream<8xf32, #t> -> !rnn.stream<2x4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x)) `->` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rnn_TransposeOp : Rnn_InferredOp<"transpose"> {
  let summary = "the axes in another order: axis i of the result is axis permutation[i] of x";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<2x4xf32, #t>
    %y = rnn.transpose %x [1, 0] : !rnn.stream<2x4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$x $permutation attr-dict `:` qualified(type($x))";
  let hasFolder = 1;
}

def Rnn_RepeatOp : Rnn_Op<"repeat", [Pure]> {
  let summary = "a value repeated along new leading axes";
  let description = [{
    How an operand of lower rank meets one of higher rank [T4].

    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %y = rnn.repeat %x : !rnn.stream<4xf32, #t> -> !rnn.stream<2x4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x)) `->` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rnn_FoldOp : Rnn_InferredOp<"fold"> {
  let summary = "a reduction inside a value, over one axis or all of it";
  let description = [{
    The axis vanishes; of no element the result is zero [C7].

    ```mlir
    // args: %x : !rnn.stream<2x4xf32, #t>
    %rows = rnn.fold sum %x axis 1 : !rnn.stream<2x4xf32, #t>
    %most = rnn.fold max %x all : !rnn.stream<2x4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Reduction:$kind, Rnn_Value:$x, OptionalAttr<Rnn_Size>:$axis);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$kind $x (`axis` $axis^) : (`all`)? attr-dict `:` qualified(type($x))";
}

//===--------------------------------------------------------------------------------------------------------------===//
// Choices and conversions
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_ScaleOp : Rnn_InferredOp<"scale"> {
  let summary = "a value times a scalar";
  let description = [{
    ```mlir
    // args: %weight : !rnn.stream<f32, #t>, %x : !rnn.stream<4xf32, #t>
    %y = rnn.scale %weight, %x : !rnn.stream<f32, #t>, !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Real:$by, Rnn_Real:$x);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = "$by `,` $x attr-dict `:` qualified(type($by)) `,` qualified(type($x))";
}

def Rnn_SelectOp : Rnn_Op<"select", [Pure, AllTypesMatch<["a", "b", "result"]>]> {
  let summary = "a where the condition holds, else b";
  let description = [{
    The condition is a scalar, or has the shape of the values [T7].

    ```mlir
    // args: %c : !rnn.stream<i1, #t>, %a : !rnn.stream<4xf32, #t>, %b : !rnn.stream<4xf32, #t>
    %y = rnn.select %c, %a, %b : !rnn.stream<i1, #t>, !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Bool:$condition, Rnn_Value:$a, Rnn_Value:$b);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$condition `,` $a `,` $b attr-dict `:` qualified(type($condition)) `,` qualified(type($a))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rnn_CompareOp : Rnn_InferredOp<"compare", [AllTypesMatch<["a", "b"]>]> {
  let summary = "eq, ne, lt, le, gt or ge, element by element";
  let description = [{
    Tokens and i1 have only `eq` and `ne`. With a NaN all but `ne` are false.

    ```mlir
    // args: %a : !rnn.stream<4xf32, #t>, %b : !rnn.stream<4xf32, #t>
    %c = rnn.compare lt %a, %b : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Predicate:$predicate, Rnn_Value:$a, Rnn_Value:$b);
  let results = (outs Rnn_Bool:$result);
  let assemblyFormat = "$predicate $a `,` $b attr-dict `:` qualified(type($a))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rnn_ArgmaxOp : Rnn_InferredOp<"argmax"> {
  let summary = "the index of the first maximum of the last axis, as a token";
  let description = [{
    ```mlir
    // args: %logits : !rnn.stream<10xf32, #t>
    %class = rnn.argmax %logits : !rnn.stream<10xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Number:$x);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x))";
}

def Rnn_OneHotOp : Rnn_InferredOp<"one_hot"> {
  let summary = "a new last axis: 1 at the token, 0 elsewhere";
  let description = [{
    ```mlir
    // args: %class : !rnn.stream<!rnn.token<10>, #t>
    %y = rnn.one_hot %class : !rnn.stream<!rnn.token<10>, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x))";
}

def Rnn_ConvertOp : Rnn_Op<"convert", [Pure]> {
  let summary = "another element type";
  let description = [{
    Any element to f32 or i64 (f32 to i64 towards zero; i1 as 0 and 1; a token as its number), i1 to either, and i64 to
    a token, where it is in range [T1].

    ```mlir
    // args: %n : !rnn.stream<i64, #t>
    %x = rnn.convert %n : !rnn.stream<i64, #t> -> !rnn.stream<f32, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x)) `->` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===--------------------------------------------------------------------------------------------------------------===//
// Sources
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_ConstOp : Rnn_Op<"const", [Pure, ConstantLike]> {
  let summary = "a constant";
  let description = [{
    One number for all elements, or one an element in nested brackets. Reals are kept as f64, whatever the build
    computes in; the value's shape is the result's.

    ```mlir
    %a = rnn.const 0.1 : tensor<4xf32>
    %b = rnn.const [[0.5, -1.0], [2.0, 1.0e-3]] : !rnn.stream<2x2xf32, #t>
    %c = rnn.const 3 : !rnn.stream<i64, #t>
    %d = rnn.const true : !rnn.stream<i1, #t>
    ```
  }];
  let arguments = (ins Rnn_Dense:$value);
  let results = (outs Rnn_Value:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasFolder = 1;
  let builders = [
    OpBuilder<(ins "::mlir::Type":$type, "::llvm::ArrayRef<double>":$values)>, // one, or one an element
    OpBuilder<(ins "::mlir::Type":$type, "::llvm::ArrayRef<int64_t>":$values)>
  ];
  let extraClassDeclaration = [{
    /// One number an element, in row-major order: of an f32 constant, and of any other.
    ::llvm::SmallVector<double> getReals();
    ::llvm::SmallVector<int64_t> getInts();
  }];
}

def Rnn_TickOp : Rnn_Op<"tick", [Pure, Rnn_Timed]> {
  let summary = "how many ticks of its clock lie before this one in its scope: 0 at the first";
  let description = [{
    With `reverse`, how many lie behind.

    ```mlir
    %n = rnn.tick : !rnn.stream<i64, #t>
    %left = rnn.tick reverse restart(after #rnn.axis<"sentence">) : !rnn.stream<i64, #rnn.axis<"word" in #rnn.axis<"sentence">>>
    ```
  }];
  let arguments = (ins UnitAttr:$reverse, OptionalAttr<Rnn_Scope>:$scope);
  let results = (outs Rnn_IntStream:$result);
  let assemblyFormat = [{
    (`reverse` $reverse^)? (`restart` `(` custom<Cuts>($scope)^ `)`)?
    attr-dict `:` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Rnn_RandomOp : Rnn_Op<"random", [Pure]> {
  let summary = "uniform numbers in [0, 1)";
  let description = [{
    A function of (seed, path, site, sample, root tick, element), hence the same wherever it is computed again; a site
    is one place of the program below its path [S8]. A tensor is drawn once a call.

    ```mlir
    %u = rnn.random "dropout" site 0 : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins StrAttr:$path, Rnn_Size:$site);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = "$path `site` $site attr-dict `:` qualified(type($result))";
}

//===--------------------------------------------------------------------------------------------------------------===//
// Gradients' edges
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_StopOp : Rnn_Op<"stop", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "x, through which no gradient flows";
  let description = [{
    ```mlir
    // args: %x : !rnn.stream<4xf32, #t>
    %y = rnn.stop %x : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Value:$x);
  let results = (outs Rnn_Value:$result);
  let assemblyFormat = "$x attr-dict `:` qualified(type($x))";
}

def Rnn_StraightOp : Rnn_Op<"straight", [Pure, AllTypesMatch<["a", "b", "result"]>]> {
  let summary = "the value of a with the gradient of b [G3]";
  let description = [{
    ```mlir
    // args: %hard : !rnn.stream<4xf32, #t>, %soft : !rnn.stream<4xf32, #t>
    %y = rnn.straight %hard, %soft : !rnn.stream<4xf32, #t>
    ```
  }];
  let arguments = (ins Rnn_Real:$a, Rnn_Real:$b);
  let results = (outs Rnn_Real:$result);
  let assemblyFormat = "$a `,` $b attr-dict `:` qualified(type($a))";
}

#endif
