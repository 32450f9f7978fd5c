// What the families of `rnn` operations share: interfaces and base classes.
#ifndef RONDO_COMPILER_IR_RNNOPBASE
#define RONDO_COMPILER_IR_RNNOPBASE

include "compiler/IR/Rnn.td"

//===--------------------------------------------------------------------------------------------------------------===//
// Interfaces
//===--------------------------------------------------------------------------------------------------------------===//

def Rnn_Pointwise : OpInterface<"Pointwise"> {
  let cppNamespace = "::rondo::rnn";
  let description = [{
    An operation whose result at an element, tick and sample depends on its operands' same element alone. Operands and
    result have one type. What it computes is given here once; the other of the two methods is never called.
  }];
  let methods = [
    InterfaceMethod<"the result for one element of f32 operands", "double", "evaluateReal",
                    (ins "::llvm::ArrayRef<double>":$in)>,
    InterfaceMethod<"the result for one element of i64 or i1 operands", "int64_t", "evaluateInt",
                    (ins "::llvm::ArrayRef<int64_t>":$in)>];
}

def Rnn_Timed : OpInterface<"Timed"> {
  let cppNamespace = "::rondo::rnn";
  let description = "An operation that looks along time: its direction, and the scope whose cuts end its sight.";
  let methods = [
    InterfaceMethod<"whether time runs from the last tick to the first", "bool", "getReverse">,
    InterfaceMethod<"null where there are no cuts", "::rondo::rnn::ScopeAttr", "getScopeAttr">];
}

//===--------------------------------------------------------------------------------------------------------------===//
// Base classes
//===--------------------------------------------------------------------------------------------------------------===//

class Rnn_Op<string keyword, list<Trait> traits = []> : Op<Rnn_Dialect, keyword, traits>;

// Has a meaning to the model's caller or a writer's role, so that nothing merges or deletes it. No order is implied.
defvar Rnn_Kept = MemoryEffects<[MemWrite]>;

// The result type follows from the operands (see inferReturnTypes in RnnInfer*.cpp).
class Rnn_InferredOp<string keyword, list<Trait> traits = []>
    : Rnn_Op<keyword, [Pure, InferTypeOpAdaptor] # traits>;

def Rnn_Named : DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>;

#endif
