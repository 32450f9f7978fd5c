#include "dsl/Elsewhere.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace rondo::dsl {

StringRef nameHere(StringRef elsewhere) {
  return StringSwitch<StringRef>(elsewhere)
      .Cases({"cat", "concatenate"}, "concat")
      .Cases({"prev", "previous", "delay"}, "pre")
      .Case("detach", "stop_gradient")
      .Case("onehot", "one_hot")
      .Cases({"avg", "average"}, "mean")
      .Case("linear", "dense")
      .Case("embedding", "embed")
      .Cases({"float", "float32", "double", "f32", "Tensor", "tensor"}, "real")
      .Cases({"integer", "long", "int32", "int64", "i32", "i64"}, "int")
      .Cases({"boolean", "Bool"}, "bool")
      .Default({});
}

StringRef insteadOfName(StringRef elsewhere, bool isOwner) {
  if (isOwner)
    return StringSwitch<StringRef>(elsewhere)
        .Cases({"torch", "nn", "F", "np", "numpy", "jnp", "jax", "tf", "keras", "math"},
               "a function is called by its name alone: 'tanh(x)'")
        .Cases({"self", "this"}, "what a cell defines is called by its name alone")
        .Default({});
  return StringSwitch<StringRef>(elsewhere)
      .Cases({"matmul", "mm", "bmm", "einsum"}, "a product is written 'a @ b'")
      .Case("min", "the smaller of two is 'minimum(a, b)', the least along an axis '-max(-x, axis = 0)'")
      .Case("argmin", "the place of the least is 'argmax(-x)'")
      .Case("round", "the nearest whole number is 'floor(x + 0.5)'")
      .Cases({"clamp", "clip"}, "bounds are set by 'maximum(low, minimum(x, high))'")
      .Case("range", "a range is written '0..n'")
      .Cases({"pow", "power"}, "a power is written 'a ^ b'")
      .Cases({"sign", "sgn"}, "a sign is written 'if x < 0.0 then -1.0 else 1.0'")
      .Cases({"mod", "fmod"}, "what a division leaves is written 'a % b'")
      .Cases({"where", "select", "cond"}, "a choice is written 'if c then a else b'")
      .Case("last", "the last of a sample is 'x when sample', of a segment 'x when' its clock")
      .Cases({"None", "null", "nil"}, "every value is there: a choice has an 'else', and a state begins at zero")
      .Cases({"batch", "batch_size"},
             "every sample of a batch is computed by itself, and no shape has an axis for them")
      .Cases({"t", "time"}, "the value of the tick before is 'pre(..)', and 'tick' counts the ticks")
      .Cases({"True", "False"}, "the bools are 'true' and 'false'")
      .Default({});
}

StringRef insteadOfItem(StringRef word) {
  return StringSwitch<StringRef>(word)
      .Cases({"let", "var", "val", "const", "auto"}, "an equation begins with its name: 'y = ..'")
      .Cases({"def", "fn", "fun", "func", "function", "class", "module", "struct"},
             "write 'cell' or 'model', and the body in braces")
      .Cases({"while", "loop", "repeat"}, "equations hold at every tick; a 'state' goes on from one to the next")
      .Cases({"import", "include", "from"}, "write 'use \"FILE\"'")
      .Default({});
}

} // namespace rondo::dsl
