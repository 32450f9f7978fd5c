# RUN: %python %s %tools
# Clockwork networks are one dense network whose weight matrix has blocks of zeros, and of whose state a mask lets some
# rows move: written so here by hand, for many periods, phases, ways of reading and both directions of time.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(3)
LENGTHS = [19, 0, 1, 30, 8]


def dense_masked(x, groups, W_in, U, b, periods, phases):
    """The state after each tick. U is (groups*n, groups*n); a row of the state moves where its group's clock is true."""
    n = len(b) // groups
    h, rows = np.zeros(len(b)), []
    for t, value in enumerate(x):
        mask = np.repeat([t % p == k for p, k in zip(periods, phases)], n)
        h = np.where(mask, np.tanh(W_in @ value + U @ h + b), h)
        rows.append(h)
    return np.array(rows).reshape(len(x), len(b))


def assemble(params, path, groups, n, inputs, reads):
    """The parameters of the modules as one dense network: module k reads those of reads(k), in this order."""
    W_in, U = np.zeros((groups * n, inputs)), np.zeros((groups * n, groups * n))
    b = np.concatenate([params[f"{path}.{k}.b"] for k in range(groups)])
    for k in range(groups):
        rows, W = slice(k * n, (k + 1) * n), params[f"{path}.{k}.W"]
        W_in[rows] = W[:, :inputs]
        for place, j in enumerate(reads(k)):
            U[rows, j * n:(j + 1) * n] += W[:, inputs + place * n:inputs + (place + 1) * n]
        U[rows, rows] += params[f"{path}.{k}.U"]
    return W_in, U, b


READS = {  # What a module sees of the others, one tick late: in the program, and as numbers.
    "slower": ("m[k+1..]", lambda groups, k: range(k + 1, groups)),
    "faster": ("m[..k]", lambda groups, k: range(k)),
    "all": ("m", lambda groups, k: range(groups)),
}


def compare(periods, phases, reads, n, inputs, right_to_left=False):
    groups = len(periods)
    written, numbers = READS[reads]
    every = "every(periods[k], phase = phases[k])" if any(phases) else "every(periods[k])"
    module = (f"m[k] : real[{n}] = hold(rnn({n})(concat(x, pre({written})) when {every})) for k in 0..{groups}")
    lists = f"periods = {list(periods)}\nphases = {list(phases)}\n"
    if right_to_left:
        text = (f"{lists}cell cw(x) {{\n  {module}\n  return concat(m)\n}}\nmodel clockwork {{\n  input x : real[{inputs}] on step\n"
                "  h = reversed(cw)(x)\n  output h\n}\n")
        path = "h.m"
    else:
        text = f"{lists}model clockwork {{\n  input x : real[{inputs}] on step\n  {module}\n  output h = concat(m)\n}}\n"
        path = "m"
    params = parameters(text, rng, 0.5)
    x = [rng.standard_normal((t, inputs)) for t in LENGTHS]
    W_in, U, b = assemble(params, path, groups, n, inputs, lambda k: numbers(groups, k))
    turn = (lambda rows: rows[::-1]) if right_to_left else (lambda rows: rows)
    want = [turn(dense_masked(turn(sample), groups, W_in, U, b, periods, phases)) for sample in x]
    name = f"periods {periods}, phases {phases}, reading {reads}" + (", reversed" if right_to_left else "")
    check(name, run(text, {"x": x}, params).out["h"], want)


def parameters_of_program():
    """Eight groups of eight units, one input, one output, as the paper writes it: 2497 parameters."""
    text = """model clockwork {
  input x : real[1] on step
  m[k] = hold(rnn(8)(concat(x, pre(m[k+1..])) when every(2^k))) for k in 0..8
  output h = concat(m)
  output y = dense(1)(concat(m))
  loss mse(y, next(x))
}
"""
    params = parameters(text, rng, 0.4)
    x = [rng.standard_normal((t, 1)) for t in (140, 3, 0, 129)]
    got = run(text, {"x": x}, params)
    expect(f"2497 parameters, not {got.count}", got.count == 2497)
    expect("2497 values", sum(np.size(v) for v in params.values()) == 2497)
    W_in, U, b = assemble(params, "m", 8, 8, 1, lambda k: range(k + 1, 8))
    h = [dense_masked(sample, 8, W_in, U, b, [2 ** k for k in range(8)], [0] * 8) for sample in x]
    check("8 groups of 8", got.out["h"], h)
    y = [rows @ params["y.W"].T + params["y.b"] for rows in h]
    check("8 groups of 8, output", got.out["y"], y)
    errors = np.concatenate([((a[:-1] - b[1:]) ** 2)[:, 0] for a, b in zip(y, x)])
    check("8 groups of 8, loss", got.loss["loss"], errors.mean())


attempt("2497 parameters", parameters_of_program)
for periods in ([1, 2, 4, 8, 16, 32, 64, 128], [1, 3, 4], [5, 7], [6], [4, 2, 1]):
    zero = [0] * len(periods)
    phases = [p - 1 - k % p for k, p in enumerate(periods)]
    for reads in READS:
        for reverse in (False, True):
            attempt(f"{periods}", compare, periods, zero, reads, 2, 3, reverse)
    attempt(f"{periods}, {phases}", compare, periods, phases, "all", 2, 2, False)
    attempt(f"{periods}, {phases}", compare, periods, phases, "slower", 2, 2, True)
finish()
