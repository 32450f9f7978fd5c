# RUN: %python %s %tools
# Soft clocks: `blend = a` is the plain formula; learned rhythms over binary and cosine bases are the matrix products
# written by hand, and a network that ticks by them the loop that blends.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(7)
n, H, T = 2, 3, 12
x = [rng.standard_normal((t, n)) for t in (17, 0, 1, 30)]


def blended():
    """a*s' + (1-a)*s for each state: a number or one a unit; equations inside see s', everything outside the blend."""
    text = f"""cell seen(v: real[k]) -> real[{H}] {{
  state h : real[{H}]
  param W : real[{H}, k] = glorot
  param b : real[{H}] = zeros
  h' = tanh(W @ v + 0.5 * h + b)
  inner = h' + 0.0
  return h'
}}
model m {{
  input x : real[{n}] on step
  input a : real on step
  input b : real[{H}] on step
  output one   = lstm({H})(x, blend = a)
  output each  = gru({H})(x, blend = b)
  output fixed = rnn({H})(x, blend = 0.3)
  output never = rnn({H})(x, h = 0.5, blend = 0.0)
  full = gru({H})
  output always = full(x, blend = 1.0)
  output plain  = full(x)
  look = seen
  output outer = look(x, blend = a)
  output new   = look.inner
  output old   = look.h
  output back  = reversed(rnn({H}))(x, blend = a)
  output cuts  = rnn({H})(x, blend = a, reset = before(every(4)))
}}
"""
    a = [rng.random(len(v)) for v in x]
    b = [rng.random((len(v), H)) for v in x]
    p = parameters(text, rng)
    got = run(text, {"x": x, "a": a, "b": b}, p)
    want = {name: [] for name in got.out}
    for rows, soft, units in zip(x, a, b):
        def recur(step, states, rates, cut=None):
            s, out = [np.array(v, dtype=float) for v in states], []
            for t, row in enumerate(rows):
                if cut and t % cut == 0:
                    s = [np.array(v, dtype=float) for v in states]
                new = step(row, *s)
                s = [rates[t] * p + (1 - rates[t]) * q for p, q in zip(new, s)]
                out.append(s[0])
            return np.array(out).reshape(len(rows), H)

        zero, size = np.zeros(H), len(rows)
        rnn = lambda path: (lambda v, h: (rnn_step(at(p, path), v, h),))
        want["one"].append(recur(lambda v, h, c: lstm_step(at(p, "one"), v, h, c), [zero, zero], soft))
        want["each"].append(recur(lambda v, h: (gru_step(at(p, "each"), v, h),), [zero], units))
        want["fixed"].append(recur(rnn("fixed"), [zero], np.full(size, 0.3)))
        want["never"].append(np.full((size, H), 0.5))
        full = recur(lambda v, h: (gru_step(at(p, "full"), v, h),), [zero], np.ones(size))
        want["always"].append(full)
        want["plain"].append(full)
        look = at(p, "look")
        blend = recur(lambda v, h: (np.tanh(look["W"] @ v + 0.5 * h + look["b"]),), [zero], soft)
        old = np.concatenate([np.zeros((1, H)), blend])[:size]
        want["outer"].append(blend)
        want["old"].append(old)
        want["new"].append(np.tanh(rows @ look["W"].T + 0.5 * old + look["b"]))
        want["cuts"].append(recur(rnn("cuts"), [zero], soft, cut=4))
        rows, soft = rows[::-1], soft[::-1]
        want["back"].append(recur(rnn("back"), [zero], soft)[::-1])
    for name, rows in want.items():
        check(f"blend, {name}", got.out[name], rows)


def rhythms(kind, basis_text, groups, rate_text, activation, basis):
    """Groups that read one another, each blended by its own learned rhythm."""
    text = f"""T = {T}
pi = 3.14159265358979
cell module(n: int)(x: real[k]) -> real[n] {{
  state h : real[n]
  param W : real[n, k] = glorot
  param b : real[n]    = zeros
  h' = tanh(W @ x + b)
  return h'
}}
model rhythms {{
  input x : real[{n}] on step
  basis = {basis_text}
  param d : real[{basis.shape[1]}] = normal(0.1) for k in 0..{groups}
{rate_text}
  m[k] = module({H})(concat(x, pre(m)), blend = rate[k]) for k in 0..{groups}
  output rates = concat(rate) + 0.0 * x[0]
  output h = concat(m)
}}
"""
    p = parameters(text, rng)
    got = run(text, {"x": x}, p)
    table = np.stack([activation(p[f"d.{k}"]) for k in range(groups)], axis=1)
    for number, rows in enumerate(x):
        rates = table[np.arange(len(rows)) % T]
        check(f"{kind}, activations, sample {number}", got.out["rates"][number], rates)
        h, out = np.zeros((groups, H)), []
        for t, row in enumerate(rows):
            seen = np.concatenate([row, h.reshape(-1)])
            new = np.array([np.tanh(p[f"m.{k}.W"] @ seen + p[f"m.{k}.b"]) for k in range(groups)])
            h = rates[t][:, None] * new + (1 - rates[t][:, None]) * h
            out.append(h.reshape(-1))
        check(f"{kind}, network, sample {number}", got.out["h"][number], np.array(out))


binary = np.array([[float(t % (p + 1) == 0) for p in range(T)] for t in range(T)])
cosine = np.array([[np.cos(3.14159265358979 * (2 * t + 1) * f / (2 * T)) for f in range(5)] for t in range(T)])


def scaled(d):
    wave = binary @ softmax(d)
    return (wave - wave.min()) / (wave.max() - wave.min() + 1e-6)


BINARY_RATES = """  wave[k] = basis @ softmax(d[k]) for k in 0..3
  low[k]  = -max(-wave[k], axis = 0) for k in 0..3
  span[k] = max(wave[k], axis = 0) - low[k] + 1e-6 for k in 0..3
  rate[k] = (wave[k][tick % T] - low[k]) / span[k] for k in 0..3"""
COSINE_RATES = "  rate[k] = clip((basis @ d[k])[tick % T], 0.0, 1.0) for k in 0..4"

attempt("blended", blended)
attempt("binary", rhythms, "binary", "[[if t % (p + 1) == 0 then 1.0 else 0.0 for p in 0..T] for t in 0..T]", 3, BINARY_RATES, scaled, binary)
attempt("cosine", rhythms, "cosine", "[[cos(pi * (2 * t + 1) * f / (2 * T)) for f in 0..5] for t in 0..T]", 4, COSINE_RATES,
        lambda d: np.clip(cosine @ d, 0, 1), cosine)
finish()
