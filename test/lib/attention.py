# RUN: %python %s %tools
# Attention and pooling cells against NumPy; the memory is ragged in the program, and 5 rows here.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import near, normal, run, softmax

S, T, a, b, N = 5, 4, 3, 3, 6
memory, query = normal(S, b), normal(T, a)


def attention(recipe, params, weights, read=lambda w: w @ memory):
    """`weights(q) -> w`: of one target tick, in order."""
    text = f"""model m {{
  input src : real[{b}] on source
  input q   : real[{a}] on target
  att = {recipe}
  output y = att(q, spread(collect(src, per = sample), to = target))
  output w = att.weights
}}
"""
    got = run(text, {"src": memory, "q": query}, {"att." + name: value for name, value in params.items()})
    w = np.array([weights(q) for q in query])
    near(recipe + ", weights", got["w"], w)
    near(recipe, got["y"], [read(row) for row in w])


p = {"W": normal(N, a), "U": normal(b, N), "v": normal(N)}
attention(f"additive({N})", p, lambda q: softmax(np.tanh(memory @ p["U"] + p["W"] @ q) @ p["v"]))
attention("dot", {}, lambda q: softmax(memory @ q))
attention("scaled_dot", {}, lambda q: softmax(memory @ q / np.sqrt(a)))

p = {"W": normal(b, a)}
attention("general", p, lambda q: softmax(memory @ (p["W"] @ q)))

p = {"W": normal(N, a + b), "v": normal(N)}
attention(f"concat_attention({N})", p,
          lambda q: softmax(np.array([np.tanh(p["W"] @ np.concatenate([q, row])) @ p["v"] for row in memory])))

# Location: the weights before, convolved with filters centred on each row, zero outside.
p = {"W": normal(N, a), "U": normal(b, N), "F": normal(2, 3), "L": normal(2, N), "v": normal(N)}
state = [np.zeros(S)]
def location(q):
    padded = np.pad(state[0], 1)
    features = np.array([[padded[s:s + 3] @ f for f in p["F"]] for s in range(S)])
    state[0] = softmax(np.tanh(memory @ p["U"] + features @ p["L"] + p["W"] @ q) @ p["v"])
    return state[0]
attention(f"location({N}, maps = 2, width = 3)", p, location)

p = {"W": normal(N, a), "U": normal(b, N), "w": normal(N, 1), "v": normal(N)}
coverage = [np.zeros(S)]
def covered(q):
    w = softmax(np.tanh(memory @ p["U"] + np.outer(coverage[0], p["w"]) + p["W"] @ q) @ p["v"])
    coverage[0] = coverage[0] + w
    return w
attention(f"coverage_attention({N})", p, covered)

text = f"""model m {{
  input src : real[{b}] on source
  input q   : real[{a}] on target
  rows = spread(collect(src, per = sample), to = target)
  att = multi_head(2, 4)
  output y = att(q, rows)
  output z = key_value(q, rows, tanh(rows))
  output l = local_attention(3)(q)
}}
"""
p = {f"att.W{k}.{h}": normal(*((4, a) if k == "q" else (b, 4))) for k in "qkv" for h in range(2)}
p["att.Wo"] = normal(8, 8)
got = run(text, {"src": memory, "q": query}, p)
def heads(q):
    parts = []
    for h in range(2):
        w = softmax(memory @ p[f"att.Wk.{h}"] @ (p[f"att.Wq.{h}"] @ q) / 2)
        parts.append(w @ (memory @ p[f"att.Wv.{h}"]))
    return p["att.Wo"] @ np.concatenate(parts)
near("multi_head", got["y"], [heads(q) for q in query])
near("key_value", got["z"], [softmax(memory @ q / np.sqrt(a)) @ np.tanh(memory) for q in query])
near("local_attention", got["l"], [
    softmax(query[max(0, t - 2):t + 1] @ query[t] / np.sqrt(a)) @ query[max(0, t - 2):t + 1] for t in range(T)
])

text = f"""model m {{
  input src : real[{b}] on source
  rows = collect(src, per = sample)
  pool = attention_pool({N})
  output y = pool(rows)
  output w = pool.weights
  output z = concat(mean_pool(rows), max_pool(rows), mean_max_pool(rows))
}}
"""
p = {"pool.W": normal(b, N), "pool.c": normal(N), "pool.u": normal(N)}
got = run(text, {"src": memory}, p)
w = softmax(np.tanh(memory @ p["pool.W"] + p["pool.c"]) @ p["pool.u"])
near("attention_pool, weights", got["w"], w)
near("attention_pool", got["y"], w @ memory)
mean, top = memory.mean(axis=0), memory.max(axis=0)
near("mean_pool, max_pool, mean_max_pool", got["z"], np.concatenate([mean, top, mean, top]))
