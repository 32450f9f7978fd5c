// Pointwise operations. Operand and result types are equal, clock included; each element is by itself.

// One line each: the C++ expressions, for f32 and for i64 or i1, are the meaning and what the folder computes.
#ifndef RONDO_COMPILER_IR_RNNPOINTWISEOPS
#define RONDO_COMPILER_IR_RNNPOINTWISEOPS

include "compiler/IR/RnnOpBase.td"

defvar none = [{llvm_unreachable("not an operand type of this operation")}];

class Rnn_PointwiseOp<string keyword, list<string> names, Type type, string real, string integer>
    : Rnn_Op<keyword, [Pure, DeclareOpInterfaceMethods<Rnn_Pointwise>, AllTypesMatch<names # ["result"]>]> {
  defvar indices = !range(names);
  defvar reals = !interleave(!foreach(i, indices, "[[maybe_unused]] double " # names[i] # " = in[" # i # "];"), " ");
  defvar ints = !interleave(!foreach(i, indices, "[[maybe_unused]] int64_t " # names[i] # " = in[" # i # "];"), " ");
  defvar values = !interleave(!foreach(name, names, "%" # name), ", ");
  defvar stream = "!rnn.stream<4x" # !if(!eq(type, Rnn_Bool), "i1", "f32") # ", #t>";

  let results = (outs type:$result);
  let assemblyFormat = !interleave(!foreach(name, names, "$" # name), " `,` ") #
                       " attr-dict `:` qualified(type($" # names[0] # "))";
  let hasFolder = 1;
  let description = "```mlir\n// args: " # !interleave(!foreach(name, names, "%" # name # " : " # stream), ", ") #
                    "\n%result = rnn." # keyword # " " # values # " : " # stream # "\n```";
  let extraClassDefinition = "double $cppClass::evaluateReal(::llvm::ArrayRef<double> in) { " # reals #
      !if(!eq(real, none), " ", " return ") # real # "; }\n" #
      "int64_t $cppClass::evaluateInt(::llvm::ArrayRef<int64_t> in) { " # ints #
      !if(!eq(integer, none), " ", " return ") # integer # "; }\n" #
      "::mlir::OpFoldResult $cppClass::fold(FoldAdaptor adaptor) { " #
      "return ::rondo::rnn::foldPointwise(*this, adaptor.getOperands()); }\n";
}

class Rnn_Unary<string keyword, Type type, string text, string real, string integer = none>
    : Rnn_PointwiseOp<keyword, ["x"], type, real, integer> {
  let summary = text;
  let arguments = (ins type:$x);
}
class Rnn_Binary<string keyword, Type type, string text, string real, string integer = none>
    : Rnn_PointwiseOp<keyword, ["a", "b"], type, real, integer> {
  let summary = text;
  let arguments = (ins type:$a, type:$b);
}
class Rnn_Derivative<string keyword, string text, string real>
    : Rnn_PointwiseOp<keyword, ["y", "dy"], Rnn_Real, real, none> {
  let summary = text;
  let arguments = (ins Rnn_Real:$y, Rnn_Real:$dy);
}

def Rnn_TanhOp    : Rnn_Unary<"tanh", Rnn_Real, "hyperbolic tangent", "std::tanh(x)">;
def Rnn_SigmoidOp : Rnn_Unary<"sigmoid", Rnn_Real, "1 / (1 + exp(-x))", "sigmoid(x)">;
def Rnn_ReluOp    : Rnn_Unary<"relu", Rnn_Real, "x where it is positive, else 0; NaN stays NaN", "x <= 0 ? 0.0 : x">;
def Rnn_ExpOp     : Rnn_Unary<"exp", Rnn_Real, "e to the power of x", "std::exp(x)">;
def Rnn_LogOp     : Rnn_Unary<"log", Rnn_Real, "natural logarithm", "std::log(x)">;
def Rnn_SqrtOp    : Rnn_Unary<"sqrt", Rnn_Real, "square root", "std::sqrt(x)">;
def Rnn_SinOp     : Rnn_Unary<"sin", Rnn_Real, "sine of x in radians", "std::sin(x)">;
def Rnn_CosOp     : Rnn_Unary<"cos", Rnn_Real, "cosine of x in radians", "std::cos(x)">;
def Rnn_FloorOp   : Rnn_Unary<"floor", Rnn_Real, "the largest whole number that is not above x", "std::floor(x)">;
def Rnn_AbsOp     : Rnn_Unary<"abs", Rnn_Number, "x without its sign", "std::fabs(x)", "x < 0 ? wrappedSub(0, x) : x">;
def Rnn_NegOp     : Rnn_Unary<"neg", Rnn_Number, "x with its sign turned", "-x", "wrappedSub(0, x)">;
def Rnn_NotOp     : Rnn_Unary<"not", Rnn_Bool, "true where x is false", none, "!x">;

// i64 wraps around; see floorDiv and floorMod for division.
def Rnn_AddOp     : Rnn_Binary<"add", Rnn_Number, "a + b", "a + b", "wrappedAdd(a, b)">;
def Rnn_SubOp     : Rnn_Binary<"sub", Rnn_Number, "a - b", "a - b", "wrappedSub(a, b)">;
def Rnn_MulOp     : Rnn_Binary<"mul", Rnn_Number, "a times b", "a * b", "wrappedMul(a, b)">;
def Rnn_DivOp     : Rnn_Binary<"div", Rnn_Real, "a divided by b", "a / b">;
def Rnn_FloorDivOp : Rnn_Binary<"floordiv", Rnn_Number, "a / b rounded down; of i64, 0 where b is 0",
                                "std::floor(a / b)", "floorDiv(a, b)">;
def Rnn_ModOp     : Rnn_Binary<"mod", Rnn_Number, "a - b * floor(a / b), with the sign of b; of i64, 0 where b is 0",
                               "floorMod(a, b)", "floorMod(a, b)">;
def Rnn_PowOp     : Rnn_Binary<"pow", Rnn_Real, "a to the power of b", "std::pow(a, b)">;
def Rnn_MinimumOp : Rnn_Binary<"minimum", Rnn_Number, "the lesser; NaN if either is",
                               "minimum(a, b)", "std::min(a, b)">;
def Rnn_MaximumOp : Rnn_Binary<"maximum", Rnn_Number, "the greater; NaN if either is",
                               "maximum(a, b)", "std::max(a, b)">;
def Rnn_AndOp     : Rnn_Binary<"and", Rnn_Bool, "true where both are", none, "a & b">;
def Rnn_OrOp      : Rnn_Binary<"or", Rnn_Bool, "true where one or both are", none, "a | b">;

// Adjoints in terms of the result y, so that the operand need not be kept.
def Rnn_DtanhOp    : Rnn_Derivative<"dtanh", "the adjoint of x where y = tanh(x): (1 - y * y) * dy",
                                     "(1 - y * y) * dy">;
def Rnn_DsigmoidOp : Rnn_Derivative<"dsigmoid", "the adjoint of x where y = sigmoid(x): y * (1 - y) * dy",
                                        "y * (1 - y) * dy">;

#endif
