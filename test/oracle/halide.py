# RUN: %python %s %tools
# Models written by hand in Halide (halide/Oracle.cpp), which compiles them with an LLVM of its own: RNN, LSTM, GRU and
# additive attention, against the interpreter and against compiled code.
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(14)
LENGTHS = [4, 1]


def halide(model, arrays):
    lines = []
    for name, value in arrays.items():
        value = np.asarray(value)
        lines.append(" ".join([name, str(value.ndim), *map(str, value.shape), *(repr(float(v)) for v in value.ravel())]))
    done = subprocess.run([os.path.join(TOOLS, "rondo-halide-oracle"), model], input="\n".join(lines), text=True,
                          capture_output=True, check=True)
    return np.array([[float(v) for v in row.split()] for row in done.stdout.splitlines()])


def compare(name, text, inputs, params, want):
    check(f"{name}, interpreted", run(text, inputs, params).out["y"], want)
    check(f"{name}, compiled", run(text, inputs, params, fp64=False).out["y"], want, 1e-6)


for cell in ("rnn", "lstm", "gru"):
    for n, hidden in ((3, 5), (7, 16)):
        text = f"model m {{\n  input x : real[{n}] on step\n  enc = {cell}({hidden})\n  output y = enc(x)\n}}\n"
        params = parameters(text, rng)
        samples = [rng.standard_normal((t, n)) for t in LENGTHS]
        want = [halide(cell, {**at(params, "enc"), "x": x}) for x in samples]
        compare(f"{cell}({hidden})", text, {"x": samples}, params, want)

for a, b, n in ((2, 3, 4), (16, 5, 16)):
    text = f"""model m {{
  input q : real[{a}] on target
  input m : real[{b}] on source
  att = additive({n})
  output y = att(q, spread(collect(m, per = sample), to = target))
}}
"""
    params = parameters(text, rng)
    queries, memories = ([rng.standard_normal((t, size)) for t in lengths] for lengths, size in ((LENGTHS, a), ([3, 4], b)))
    want = [halide("attention", {**at(params, "att"), "q": q, "m": m}) for q, m in zip(queries, memories)]
    compare(f"additive({n})", text, {"q": queries, "m": memories}, params, want)
finish()
