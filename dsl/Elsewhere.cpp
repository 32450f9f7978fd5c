#include "dsl/Elsewhere.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace rondo::dsl {

StringRef nameHere(StringRef elsewhere) {
  return StringSwitch<StringRef>(elsewhere)
      .Cases({"cat", "concatenate"}, "concat")
      .Cases({"prev", "previous", "delay", "shift", "lag"}, "pre")
      .Case("permute", "transpose")
      .Case("chunk", "split")
      .Case("swish", "silu")
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
      .Case("square", "a square is written 'x ^ 2'")
      .Case("exp2", "a power is written '2.0 ^ x'")
      .Case("rsqrt", "it is written '1.0 / sqrt(x)'")
      .Case("log2", "another base is another factor: 'log(x) / log(2.0)'")
      .Case("log10", "another base is another factor: 'log(x) / log(10.0)'")
      .Case("log1p", "it is written 'log(1.0 + x)'")
      .Case("expm1", "it is written 'exp(x) - 1.0'")
      .Case("sinh", "it is written '(exp(x) - exp(-x)) / 2.0'")
      .Case("cosh", "it is written '(exp(x) + exp(-x)) / 2.0'")
      .Case("tan", "it is written 'sin(x) / cos(x)'")
      .Case("ceil", "it is written '-floor(-x)'")
      .Case("trunc", "it is written 'if x < 0.0 then -floor(-x) else floor(x)'")
      .Case("pi", "write the number: 3.14159265")
      .Cases({"inf", "infinity"}, "write a number, such as 1e30")
      .Cases({"sign", "sgn"}, "a sign is written 'if x < 0.0 then -1.0 else 1.0'")
      .Cases({"mod", "fmod"}, "what a division leaves is written 'a % b'")
      .Cases({"where", "select", "cond", "mask", "masked_fill"}, "a choice is written 'if c then a else b'")
      .Cases({"randn", "rand", "noise", "bernoulli"},
             "'random(x)' draws from 0 to 1 for each number of x: 'random(x) < p' is true with probability p")
      .Cases({"sort", "topk", "argsort", "median"},
             "numbers are not put in order; the greatest is 'max(x, axis = 0)', its place 'argmax(x)'")
      .Cases(
          {"shape", "size", "numel"},
          "sizes are known: a cell's input 'x: real[n]' gives its length the name n, and 'len(x)' is that of a vector")
      .Cases({"zeros_like", "ones_like", "full_like", "broadcast", "expand", "tile"},
             "a number goes with every shape: 'x + 1.0'; a list has copies of a value: '[x for i in 0..n]'")
      .Cases({"view", "flatten", "squeeze", "unsqueeze"}, "numbers get another shape by 'reshape(x, [n, m])'")
      .Cases({"arange", "linspace"}, "numbers in a row are a list: '[0.1 * i for i in 0..n]'")
      .Cases({"gather", "index_select", "take"}, "an element is 'x[i]', several are '[x[i] for i in ..]'")
      .Cases({"flip", "roll"},
             "elements in another order are a list: '[x[n - 1 - i] for i in 0..n]'; ticks: 'reversed'")
      .Cases({"outer", "kron"}, "products of all pairs are 'reshape(a, [n, 1]) @ reshape(b, [1, m])'")
      .Case("norm", "a length is 'sqrt(sum(x ^ 2, axis = 0))'")
      .Cases({"var", "variance"}, "a variance is 'mean((x - mean(x, axis = 0)) ^ 2, axis = 0)'")
      .Cases({"std", "stddev"}, "a deviation is 'sqrt(mean((x - mean(x, axis = 0)) ^ 2, axis = 0))'")
      .Case("logsumexp", "it is written 'log(sum(exp(x), axis = 0))'")
      .Cases({"prod", "product"}, "a product of what is positive is 'exp(sum(log(x), axis = 0))'")
      .Case("diff", "what changed since the tick before is 'x - pre(x)'")
      .Cases({"batch_norm", "group_norm", "instance_norm"},
             "every sample is computed by itself: 'layer_norm()' and 'rms_norm()' are over the numbers of a tick")
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
