# RUN: %python %s %tools
# A reversed cell is the mirror image of itself (S6), also where its inside looks at segments: against the same cell run
# forward on the sequence, and its segments, in reverse order.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(7)
SEGMENTS = [[3, 1, 4, 6], [2, 5], [], [7], [1, 1, 1]]
x = [rng.standard_normal((sum(s), 2)) for s in SEGMENTS]
BODIES = [  # of a cell that takes v : real[2]
    "return rnn(2)(v, reset = after(block))",
    "return rnn(2)(v, reset = before(block))",
    "return reversed(rnn(2))(v, reset = after(block))",
    "return reversed(rnn(2))(v, reset = before(block))",
    "return gru(2)(rnn(2)(v, reset = before(block)), reset = after(block))",
    "return hold(rnn(2)(v when block))",
    "return v - hold(sum(v, per = block))",
    "return v - hold(first(v, per = block))",
    "return v - spread(first(v, per = block), to = step)",
    "w = collect(v, per = block)  return v + spread(softmax(w @ [1.0, 2.0]) @ w, to = step)",
    "return rnn(2)(v, reset = before(every(3))) + real(tick)",
    "cell inner(u) { return hold(rnn(2)(u when every(2))) }  return inner(v, reset = before(block))",
    "cell inner(u) { return u - spread(mean(u, per = sample), to = step) }  return inner(v, reset = before(block))",
]


def model(bodies):
    lines = ["model m {", "  input x : real[2] on step in block"]
    for i, body in bodies:
        lines.append(f"  cell g{i}(v: real[2]) {{ {body} }}")
        for name, recipe in ((f"y{i}", f"g{i}"), (f"z{i}", f"reversed(g{i})")):
            lines += [f"  {name} = {recipe}(x)", f"  output {name}"]
    return "\n".join(lines + ["}", ""])


def compare(bodies):
    text = model(bodies)
    params = parameters(text, rng)
    params |= {"z" + path[1:]: value for path, value in params.items() if path[0] == "y"}
    there = run(text, {"x": x}, params, {"step": SEGMENTS}).out
    back = run(text, {"x": [v[::-1] for v in x]}, params, {"step": [s[::-1] for s in SEGMENTS]}).out
    for i, body in bodies:
        for k, want in enumerate(back[f"y{i}"]):
            check(f"reversed {body}, sample {k}", there[f"z{i}"][k], want[::-1], 1e-15)


for body in enumerate(BODIES):
    attempt(body[1], compare, [body])
finish()
