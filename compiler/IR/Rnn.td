// The `rnn` dialect: its clocks, scopes, types and enumerations. Operations are in RnnOps.td.
//
// Doctest: every ```mlir block of a description in compiler/IR/*.td is a complete text that rondo-opt parses, verifies
// and prints so that a second parse prints the same. A block whose first line starts with `rnn.` or `%` is the body of
// a model: it is wrapped as
//     rnn.model @example(ARGS) { BLOCK  rnn.return }
// where ARGS comes from an optional first line `// args: %x : !rnn.stream<4xf32, #t>, ...` (input names are added: each
// is the name of its argument) and `rnn.return` is added only if the block has none. Lines of the form `#name = ...` or
// `!name = ...` are moved in front of the model. #t, #s, #t2 and #e are predefined:
//     #t = #rnn.axis<"t">   #s = #rnn.axis<"s">   #t2 = #rnn.every<2 phase 0 of #t>   #e = #rnn.event<0 of #t>
// A block that contains `rnn.model` or `step.schedule` is taken as it stands; a fragment with operations of `step` is
// wrapped in a schedule.
#ifndef RONDO_COMPILER_IR_RNN
#define RONDO_COMPILER_IR_RNN

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rnn_Dialect : Dialect {
  let name = "rnn";
  let cppNamespace = "::rondo::rnn";
  let summary = "equations over clocked streams";
  let description = [{
    A model is one flat block of equations. A value is a *stream*, one value of a static shape at every tick of a clock
    and for every sample of a batch, or a *tensor*, the same on every clock. The text says nothing of layout, of the
    order of execution or of memory: order within the block is only SSA dominance, and what remembers is a *slot*,
    declared by `rnn.state`, written by `rnn.next` and read one tick later by `rnn.read`.

    ```mlir
    rnn.model @cumulative(%x "x" : !rnn.stream<4xf32, #rnn.axis<"step">>) {
      %h = rnn.state "h" : !rnn.state<!rnn.stream<4xf32, #rnn.axis<"step">>>
      %before = rnn.read %h : !rnn.state<!rnn.stream<4xf32, #rnn.axis<"step">>> -> !rnn.stream<4xf32, #rnn.axis<"step">>
      %now = rnn.add %before, %x : !rnn.stream<4xf32, #rnn.axis<"step">>
      rnn.next %h, %now : !rnn.stream<4xf32, #rnn.axis<"step">>
      rnn.return "sum" = %now : !rnn.stream<4xf32, #rnn.axis<"step">>
    }
    ```

    Elements are `f32` (a real number of whatever precision the build chooses), `i64`, `i1` and `!rnn.token<V>`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

//===--------------------------------------------------------------------------------------------------------------===//
// Clocks: uniqued attributes, equal exactly when they tick together
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_ClockInterface : AttrInterface<"ClockInterface"> {
  let cppNamespace = "::rondo::rnn";
  let description = [{
    What a clock is made of. Every tick of a clock has a position: the index of a tick of the clock's root.
  }];
  let methods = [
    InterfaceMethod<[{
      The clock that this one is defined by: of an axis the coarser axis (`sample` for the coarsest), of `every` and
      `event` the finer clock from which ticks are chosen, of a pair its target; null for `sample` alone.
    }], "::rondo::rnn::ClockInterface", "getParent">,
    InterfaceMethod<[{
      The axis that locates this clock's ticks: the axis under all `every` and `event`; of a pair its target's. An axis
      stands for itself: it does not know of finer axes in its chain.
    }], "::rondo::rnn::ClockInterface", "getRoot">];
  let extraSharedClassDeclaration = [{
    bool isSample() const;
  }];
}

class Rnn_Attr<string name, string keyword, list<Trait> traits = []> : AttrDef<Rnn_Dialect, name, traits> {
  let mnemonic = keyword;
}
class Rnn_Clock<string name, string keyword>
    : Rnn_Attr<name, keyword, [DeclareAttrInterfaceMethods<Rnn_ClockInterface, ["getParent", "getRoot"]>]> {
  let genVerifyDecl = 1;
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
}

def Rnn_AxisClock : Rnn_Clock<"AxisClock", "axis"> {
  let summary = "a base clock or a segment clock: one level of the data's nesting";
  let description = [{
    `#rnn.axis<"word">` ticks once a row of the data. `#rnn.axis<"word" in #sentence>` also says that words are grouped
    into sentences; `#sentence` ticks at the last word of each, and not at all for an empty one. Without `in` an axis
    lies in `#rnn.axis<"sample">`, which ticks once a sample, at the last tick, and belongs to every chain of axes.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, OptionalParameter<"::rondo::rnn::ClockInterface">:$outer);
  let builders = [
    AttrBuilder<(ins "::llvm::StringRef":$name, CArg<"::rondo::rnn::ClockInterface", "{}">:$parent)>
  ];
  let extraClassDeclaration = [{
    static AxisClockAttr getSample(::mlir::MLIRContext *context);
    bool isSample() const;
    /// True if ticks of `other` (an axis) are grouped by this axis, at any depth, or if it is this axis.
    bool contains(AxisClockAttr other) const;
  }];
}

def Rnn_EveryClock : Rnn_Clock<"EveryClock", "every"> {
  let summary = "every P-th tick of another clock";
  let description = [{
    `#rnn.every<P phase K of #c>` ticks where the number of #c's ticks so far, 0 at the first, is K modulo P. With
    `reverse` they are counted from the last; with `from(cuts)` the count starts again at each cut of a scope.
    A period of 1 is the clock itself, and a period of a period (of one direction and scope) is one period:
    `get` never returns such a clock, hence equal clocks are one attribute.
  }];
  let parameters = (ins "int64_t":$period, "int64_t":$phase, "::rondo::rnn::ClockInterface":$of, "bool":$reverse,
                        OptionalParameter<"::rondo::rnn::ScopeAttr">:$scope);
  let builders = [
    AttrBuilderWithInferredContext<(ins "int64_t":$period, "int64_t":$phase, "::rondo::rnn::ClockInterface":$of), "",
                                   "::rondo::rnn::ClockInterface">,
    AttrBuilderWithInferredContext<(ins "int64_t":$period, "int64_t":$phase, "::rondo::rnn::ClockInterface":$of,
                                        "bool":$reverse, "::rondo::rnn::ScopeAttr":$scope), "",
                                   "::rondo::rnn::ClockInterface">
  ];
}

def Rnn_EventClock : Rnn_Clock<"EventClock", "event"> {
  let summary = "the ticks of another clock at which a boolean stream is true";
  let description = [{
    `#rnn.event<ID of #c>` is defined by the one `rnn.event` of the model that names it. IDs are unique in a model.
  }];
  let parameters = (ins "int64_t":$id, "::rondo::rnn::ClockInterface":$of);
  let builders = [AttrBuilderWithInferredContext<(ins "int64_t":$id, "::rondo::rnn::ClockInterface":$of)>];
}

def Rnn_PairClock : Rnn_Clock<"PairClock", "pair"> {
  let summary = "every tick of a source for every tick of a target";
  let description = [{
    `#rnn.pair<#target, #source>`: within a sample, each tick of #target meets each tick of #source. With `per #p`, a
    coarser clock of both, only those ticks meet that lie in the same tick of #p. What attention computes lives here.
  }];
  let parameters = (ins "::rondo::rnn::ClockInterface":$target, "::rondo::rnn::ClockInterface":$source,
                        OptionalParameter<"::rondo::rnn::ClockInterface">:$per);
  let builders = [
    AttrBuilderWithInferredContext<(ins "::rondo::rnn::ClockInterface":$target, "::rondo::rnn::ClockInterface":$source,
                                        CArg<"::rondo::rnn::ClockInterface", "{}">:$per)>
  ];
}

//===--------------------------------------------------------------------------------------------------------------===//
// Scopes
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_Cut : Rnn_Attr<"Cut", "cut"> {
  let summary = "places that no memory crosses: just behind or just ahead of each tick of a clock";
  let parameters = (ins "bool":$before, "::rondo::rnn::ClockInterface":$clock);
  let hasCustomAssemblyFormat = 1; // #rnn.cut<after #c>
}

def Rnn_Scope : Rnn_Attr<"Scope", "scope"> {
  let summary = "the cuts at which an application's memory starts again";
  let description = [{
    Operations that remember take a scope, printed `restart(after #sentence, before #e)`: no slot, held value, open
    reduction or tick count is carried across one of its cuts, in either direction of time. An operation without cuts
    has no scope attribute.
  }];
  let parameters = (ins ArrayRefParameter<"::rondo::rnn::CutAttr">:$cuts);
  let hasCustomAssemblyFormat = 1; // #rnn.scope<after #c, before #d>
  let genVerifyDecl = 1;
}

//===--------------------------------------------------------------------------------------------------------------===//
// Enumerations and initialisers
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_Reduction : I32EnumAttr<"Reduction", "how values become one", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">, I32EnumAttrCase<"Max", 2, "max">,
    I32EnumAttrCase<"First", 3, "first">]> {
  let cppNamespace = "::rondo::rnn";
}
def Rnn_Predicate : I32EnumAttr<"Predicate", "a comparison", [
    I32EnumAttrCase<"Eq", 0, "eq">, I32EnumAttrCase<"Ne", 1, "ne">, I32EnumAttrCase<"Lt", 2, "lt">,
    I32EnumAttrCase<"Le", 3, "le">, I32EnumAttrCase<"Gt", 4, "gt">, I32EnumAttrCase<"Ge", 5, "ge">]> {
  let cppNamespace = "::rondo::rnn";
}
def Rnn_InitKind : I32EnumAttr<"InitKind", "an initialiser of parameters", [
    I32EnumAttrCase<"Zeros", 0, "zeros">, I32EnumAttrCase<"Ones", 1, "ones">, I32EnumAttrCase<"Glorot", 2, "glorot">,
    I32EnumAttrCase<"Orthogonal", 3, "orthogonal">, I32EnumAttrCase<"Uniform", 4, "uniform">,
    I32EnumAttrCase<"Normal", 5, "normal">, I32EnumAttrCase<"Values", 6, "values">]> {
  let cppNamespace = "::rondo::rnn";
}

def Rnn_Init : Rnn_Attr<"Init", "init"> {
  let summary = "how a parameter gets its first values";
  let description = [{
    `zeros`, `ones`, `glorot`, `orthogonal`, `uniform(a)` (in [-a, a]), `normal(s)` (standard deviation s) or
    `values(...)`, a constant as `rnn.const` writes it: one number for all elements, or one an element.
  }];
  let parameters = (ins "::rondo::rnn::InitKind":$kind, "::mlir::FloatAttr":$scale,
                        OptionalParameter<"::mlir::DenseElementsAttr">:$values);
  let skipDefaultBuilders = 1;
  let builders = [
    AttrBuilder<(ins "::rondo::rnn::InitKind":$kind, CArg<"double", "0">:$scale,
                     CArg<"::mlir::DenseElementsAttr", "{}">:$values)>
  ];
  let hasCustomAssemblyFormat = 1; // #rnn.init<uniform(0.1)>
}

//===--------------------------------------------------------------------------------------------------------------===//
// Types
//===--------------------------------------------------------------------------------------------------------------===//

class Rnn_Type<string name, string keyword> : TypeDef<Rnn_Dialect, name> {
  let mnemonic = keyword;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

// Deliberately without ShapedTypeInterface: generic traits would compare shape and element type and forget the clock.
def Rnn_Stream : Rnn_Type<"Stream", "stream"> {
  let summary = "one value of a static shape at every tick of a clock, for every sample of the batch";
  let description = [{
    `!rnn.stream<2x3xf32, #c>`; a scalar is `!rnn.stream<f32, #c>`. The batch and the number of ticks are never written.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType,
                        "::rondo::rnn::ClockInterface":$clock);
  let builders = [
    TypeBuilderWithInferredContext<(ins "::llvm::ArrayRef<int64_t>":$shape, "::mlir::Type":$elementType,
                                        "::rondo::rnn::ClockInterface":$clock),
      "return $_get(elementType.getContext(), shape, elementType, clock);">
  ];
  let extraClassDeclaration = [{
    int64_t getRank() const { return getShape().size(); }
    StreamType withClock(ClockInterface clock) const { return get(getShape(), getElementType(), clock); }
  }];
}

class Rnn_SlotType<string name, string keyword> : Rnn_Type<name, keyword> {
  let parameters = (ins "::rondo::rnn::StreamType":$stream);
  let builders = [TypeBuilderWithInferredContext<(ins "::rondo::rnn::StreamType":$stream),
                    "return $_get(stream.getContext(), stream);">];
  let genVerifyDecl = 0;
}
def Rnn_State : Rnn_SlotType<"State", "state"> {
  let summary = "a slot: one writer on its clock, readers on any clock of the same root";
}
def Rnn_Accum : Rnn_SlotType<"Accum", "accum"> {
  let summary = "the dual of a state: writers on any clock of the same root, one reader on its clock";
}

def Rnn_Token : Rnn_Type<"Token", "token"> {
  let summary = "an integer in 0..size-1: a symbol of a vocabulary, a class";
  let parameters = (ins "int64_t":$size);
}

//===--------------------------------------------------------------------------------------------------------------===//
// Constraints on operands and results
//===--------------------------------------------------------------------------------------------------------------===//

class Rnn_ValueOf<string test, string what>
    : Type<And<[CPred<"::rondo::rnn::isValueType($_self)">, CPred<test>]>, what, "::mlir::Type">;
class Rnn_StreamOf<string test, string what>
    : Type<And<[CPred<"::llvm::isa<::rondo::rnn::StreamType>($_self)">, CPred<test>]>, what,
           "::rondo::rnn::StreamType">;
class Rnn_TensorOf<string test, string what>
    : Type<And<[CPred<"::rondo::rnn::isValueType($_self)">, CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
                CPred<test>]>, what, "::mlir::RankedTensorType">;

defvar isReal = "::rondo::rnn::elementOf($_self).isF32()";
defvar isToken = "::llvm::isa<::rondo::rnn::TokenType>(::rondo::rnn::elementOf($_self))";
defvar isInt = "::rondo::rnn::elementOf($_self).isInteger(64)";
defvar isBool = "::rondo::rnn::elementOf($_self).isInteger(1)";

def Rnn_Value : Rnn_ValueOf<"true", "a stream or a static tensor of f32, i64, i1 or !rnn.token">;
def Rnn_Real : Rnn_ValueOf<isReal, "a stream or a static tensor of f32">;
def Rnn_Int : Rnn_ValueOf<isInt, "a stream or a static tensor of i64">;
def Rnn_Bool : Rnn_ValueOf<isBool, "a stream or a static tensor of i1">;
def Rnn_Number : Rnn_ValueOf<!strconcat(isReal, " || ", isInt), "a stream or a static tensor of f32 or i64">;
def Rnn_Index : Rnn_ValueOf<!strconcat(isToken, " || ", isInt),
                            "a stream or a static tensor of !rnn.token or i64">;
def Rnn_AnyStream : Rnn_StreamOf<"true", "a stream">;
def Rnn_RealStream : Rnn_StreamOf<isReal, "a stream of f32">;
def Rnn_BoolStream : Rnn_StreamOf<isBool, "a stream of i1">;
def Rnn_IntStream : Rnn_StreamOf<isInt, "a stream of i64">;
def Rnn_AnyTensor : Rnn_TensorOf<"true", "a static tensor">;
def Rnn_RealTensor : Rnn_TensorOf<isReal, "a static tensor of f32">;

// Sizes and places: signed, unlike I64Attr, whose accessor is not.
def Rnn_Size : SignlessIntegerAttrBase<I64, "a 64-bit integer"> {
  let returnType = "int64_t";
  let convertFromStorage = "$_self.getInt()";
  let constBuilderCall = "$_builder.getI64IntegerAttr($0)";
  let valueType = I64;
}

// The value of a constant: f64 for reals, whatever the type says; i64 for ints and tokens; i1.
def Rnn_Dense : ElementsAttrBase<CPred<"::llvm::isa<::mlir::DenseElementsAttr>($_self)">, "dense elements"> {
  let storageType = "::mlir::DenseElementsAttr";
  let returnType = "::mlir::DenseElementsAttr";
  let convertFromStorage = "$_self";
}

#endif
