# RUN: %python %s %tools
# Every recurrent cell of the library against a loop written from its equations.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import near, normal, run, sigmoid

T, n, H = 7, 3, 4
x = normal(T, n)


def check(recipe, params, step, states, output):
    """`step(x, state) -> state, y`: one tick; `states`: the sizes of the states, zero at the start."""
    text = f"model m {{\n  input x : real[{n}] on step\n  output y = {recipe}(x)\n}}\n"
    got = run(text, {"x": x}, {"y." + name: value for name, value in params.items()})["y"]
    state = [np.zeros(size) for size in states]
    want = []
    for t in range(T):
        state, y = step(x[t], *state)
        want.append(y)
    near(recipe, got, want)
    assert got.shape == (T, output)


def layer_norm(v, gain, bias, eps=1e-5):
    d = v - v.mean()
    return d / np.sqrt((d * d).mean() + eps) * gain + bias


def four(size=H, recurrent=H):
    return {"W": normal(4 * size, n), "U": normal(4 * size, recurrent), "b": normal(4 * size)}


p = {"W": normal(H, n), "U": normal(H, H), "b": normal(H)}
for act, f in (("tanh", np.tanh), ("relu", lambda v: np.maximum(v, 0))):
    def step(v, h):
        h = f(p["W"] @ v + p["U"] @ h + p["b"])
        return [h], h
    check(f"rnn({H}, act = {act})", p, step, [H], H)

p = four()
def step(v, h, c):
    i, f, g, o = np.split(p["W"] @ v + p["U"] @ h + p["b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return [h, c], h
check(f"lstm({H})", p, step, [H, H], H)

check(f"remembering_lstm({H}, 2.5)", p, step, [H, H], H)

# What it has more is about the first values of the biases alone: those of input and forget gate, i and f.
text = f"model m {{\n  input x : real[{n}] on step\n  core = remembering_lstm({H}, 2.5)\n  output y = core(x)\n  output b = core.b\n}}\n"
assert (run(text, {"x": x})["b"].reshape(4, H) == np.array([-2.5, 2.5, 0, 0])[:, None]).all()

p = {"W": normal(3 * H, n), "U": normal(2 * H, H), "Un": normal(H, H), "b": normal(3 * H), "bn": normal(H)}
for before in ("false", "true"):
    def step(v, h):
        wr, wz, wn = np.split(p["W"] @ v + p["b"], 3)
        ur, uz = np.split(p["U"] @ h, 2)
        r, z = sigmoid(wr + ur), sigmoid(wz + uz)
        inner = p["Un"] @ (r * h) + p["bn"] if before == "true" else r * (p["Un"] @ h + p["bn"])
        h = (1 - z) * np.tanh(wn + inner) + z * h
        return [h], h
    check(f"gru({H}, reset_before = {before})", p, step, [H], H)

p = dict(four(), pi=normal(H), pf=normal(H), po=normal(H))
def step(v, h, c):
    i, f, g, o = np.split(p["W"] @ v + p["U"] @ h + p["b"], 4)
    old = c
    c = sigmoid(f + p["pf"] * old) * old + sigmoid(i + p["pi"] * old) * np.tanh(g)
    h = sigmoid(o + p["po"] * c) * np.tanh(c)
    return [h, c], h
check(f"peephole_lstm({H})", p, step, [H, H], H)

p = {"W": normal(3 * H, n), "U": normal(3 * H, H), "b": normal(3 * H)}
def step(v, h, c):
    i, g, o = np.split(p["W"] @ v + p["U"] @ h + p["b"], 3)
    c = (1 - sigmoid(i)) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return [h, c], h
check(f"coupled_lstm({H})", p, step, [H, H], H)

p = dict(four(H, 2), P=normal(2, H))
def step(v, r, c):
    i, f, g, o = np.split(p["W"] @ v + p["U"] @ r + p["b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    r = p["P"] @ (sigmoid(o) * np.tanh(c))
    return [r, c], r
check(f"lstmp({H}, 2)", p, step, [2, H], 2)

p = {"W": normal(4 * H, n), "U": normal(4 * H, H)}
for norm, size in (("norm_x", 4 * H), ("norm_h", 4 * H), ("norm_c", H)):
    p[norm + ".gain"], p[norm + ".bias"] = normal(size), normal(size)
def step(v, h, c):
    norm = lambda name, value: layer_norm(value, p[name + ".gain"], p[name + ".bias"])
    i, f, g, o = np.split(norm("norm_x", p["W"] @ v) + norm("norm_h", p["U"] @ h), 4)
    c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(norm("norm_c", c))
    return [h, c], h
check(f"layer_norm_lstm({H})", p, step, [H, H], H)

p = four()
def step(v, h, c):  # not training: the expectation
    i, f, g, o = np.split(p["W"] @ v + p["U"] @ h + p["b"], 4)
    new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = 0.1 * h + 0.9 * sigmoid(o) * np.tanh(new)
    return [h, 0.3 * c + 0.7 * new], h
check(f"zoneout_lstm({H}, zc = 0.3, zh = 0.1)", p, step, [H, H], H)

p = {"W": normal(H, n), "u": normal(H), "b": normal(H)}
def step(v, h):
    h = np.maximum(p["W"] @ v + p["u"] * h + p["b"], 0)
    return [h], h
check(f"indrnn({H})", p, step, [H], H)

p = {"W": normal(2 * H, n), "b": normal(2 * H)}
def step(v, h):
    z, c = np.split(p["W"] @ v + p["b"], 2)
    h = (1 - sigmoid(z)) * h + sigmoid(z) * c
    return [h], h
check(f"mingru({H})", p, step, [H], H)

p = {"W": normal(3 * H, n), "b": normal(3 * H)}
def step(v, h):
    f, i, c = np.split(p["W"] @ v + p["b"], 3)
    a = sigmoid(f) / (sigmoid(f) + sigmoid(i))
    h = a * h + (1 - a) * c
    return [h], h
check(f"minlstm({H})", p, step, [H], H)

p = {"W": normal(3 * n, n), "b": normal(2 * n), "vf": normal(n), "vr": normal(n)}
def step(v, c):
    u, f, r = np.split(p["W"] @ v, 3)
    bf, br = np.split(p["b"], 2)
    fg, rg = sigmoid(f + p["vf"] * c + bf), sigmoid(r + p["vr"] * c + br)
    c = fg * c + (1 - fg) * u
    return [c], rg * c + (1 - rg) * v
check("sru()", p, step, [n], n)

p = {"W": normal(3 * H, 3 * n), "b": normal(3 * H)}
def step(v, c, before, earlier):
    z, f, o = np.split(p["W"] @ np.concatenate([earlier, before, v]) + p["b"], 3)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(z)
    return [c, v, before], sigmoid(o) * c
check(f"qrnn({H}, width = 3)", p, step, [H, n, n], H)

p = {"W": normal(n, n), "b": normal(n), "inner.W": normal(n, n), "inner.b": normal(n)}
def step(v):
    gate = sigmoid(p["W"] @ v + p["b"])
    return [], gate * (p["inner.W"] @ v + p["inner.b"]) + (1 - gate) * v
check(f"highway(dense({n}))", p, step, [], n)
