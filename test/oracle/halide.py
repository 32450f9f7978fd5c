# RUN: %python %s %tools
# Models written by hand in Halide (halide/Oracle.cpp), which compiles them with an LLVM of its own: RNN, LSTM, GRU and
# additive attention, against the interpreter and against compiled code; and what its propagate_adjoints makes of them,
# against compiled gradients.
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from gradients import *
from rondo import *

rng = np.random.default_rng(14)
LENGTHS = [4, 1]


def halide(arguments, arrays):
    lines = []
    for name, value in arrays.items():
        value = np.asarray(value)
        lines.append(" ".join([name, str(value.ndim), *map(str, value.shape), *(repr(float(v)) for v in value.ravel())]))
    done = subprocess.run([os.path.join(TOOLS, "rondo-halide-oracle"), *arguments], input="\n".join(lines), text=True,
                          capture_output=True, check=True)
    return [row.split() for row in done.stdout.splitlines()]


def outputs(model, arrays):
    return np.array([[float(v) for v in row] for row in halide([model], arrays)])


def gradients(model, arrays):
    return {name: np.array([float(v) for v in values]).reshape(np.shape(arrays[name]))
            for name, *values in halide(["--gradients", model], arrays)}


def compare(name, text, inputs, params, want):
    check(f"{name}, interpreted", run(text, inputs, params).out["y"], want)
    check(f"{name}, compiled", run(text, inputs, params, fp64=False).out["y"], want, 1e-6)


for cell in ("rnn", "lstm", "gru"):
    for n, hidden in ((3, 5), (7, 16)):
        text = f"model m {{\n  input x : real[{n}] on step\n  enc = {cell}({hidden})\n  output y = enc(x)\n}}\n"
        params = parameters(text, rng)
        samples = [rng.standard_normal((t, n)) for t in LENGTHS]
        want = [outputs(cell, {**at(params, "enc"), "x": x}) for x in samples]
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
    want = [outputs("attention", {**at(params, "att"), "q": q, "m": m}) for q, m in zip(queries, memories)]
    compare(f"additive({n})", text, {"q": queries, "m": memories}, params, want)


def rounded(values):
    """As compiled code sees them."""
    return np.asarray(values, np.float32).astype(np.float64)


def compare_gradients(name, model, text, path, arrays):
    """`arrays`: what the oracle takes; one sample. Names without a dot in parameters of the model are inputs."""
    compiled = Compiled(text)
    params = {p: rounded(v) for p, v in compiled.parameters(rng).items()}
    arrays = {key: rounded(value) for key, value in arrays.items()}
    want = gradients(model, {**at(params, path), **arrays})
    inputs = {p["name"]: [arrays[p["name"]]] for p in compiled.manifest["inputs"]}
    got = compiled.backward(inputs, params, {"y": [arrays["d.y"]]})
    expect(f"{name}, all gradients", len(want) == len(got.d))
    for key, value in want.items():
        check_gradient(f"{name}, gradient to {key}", got.d[key if key in got.d else f"{path}.{key}"], value, 1e-6)


for cell in ("rnn", "lstm", "gru"):
    n, hidden, ticks = 2, 4, 3
    text = f"model m {{\n  input x : real[{n}] on step\n  enc = {cell}({hidden})\n  output y = enc(x)\n}}\n"
    arrays = {"x": rng.standard_normal((ticks, n)), "d.y": rng.standard_normal((ticks, hidden))}
    compare_gradients(f"{cell}({hidden})", cell, text, "enc", arrays)

text = """model m {
  input q : real[2] on target
  input m : real[3] on source
  att = additive(4)
  output y = att(q, spread(collect(m, per = sample), to = target))
}
"""
arrays = {"q": rng.standard_normal((2, 2)), "m": rng.standard_normal((4, 3)), "d.y": rng.standard_normal((2, 3))}
compare_gradients("additive(4)", "attention", text, "att", arrays)
finish()
