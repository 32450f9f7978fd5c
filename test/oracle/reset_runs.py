# RUN: %python %s %tools
# What is reset runs as if each stretch between resets were a sequence of its own: cells of every kind with
# `reset = c`, forward and reversed, against the same cells without it on the stretches as separate samples (S4). And
# reversed cells against themselves on reversed sequences (S6).
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(55)
SEGMENTS = [[3, 1, 4, 6], [0, 2, 0, 5, 0], [], [7], [0, 1]]
LENGTHS = [sum(s) for s in SEGMENTS]
x = [rng.standard_normal((t, 2)) for t in LENGTHS]
f = [rng.random(t) < 0.3 for t in LENGTHS]
e = [rng.random(t) < 0.5 for t in LENGTHS]
BODIES = [  # of a cell that takes v : real[2] and may look at the outer event stream e
    "return hold(v when every(2))",
    "return hold(v when v[0] > 0.0)",
    "return hold(v when e, init = 0.5)",
    "return hold(gru(2)(v when e))",
    "return hold(gru(2)(v when every(2, phase = 1)))",
    "return hold(mean(v, per = e))",
    "s : real[2] = hold(rnn(2)(concat(v, pre(s)) when every(2)))  return s",
    "return clockwork(rnn(2), [1, 3])(v)",
    "return mutual_clockwork(rnn(2), [1, 3])(v)",
    "return reversed(rnn(2))(v)",
    "return bidirectional(gru(2))(v)",
    "return stack(2 * bidirectional(gru(2)))(v)",
    "return window(3)(v)",
    "return hold(v when every(4)) + real(tick)",
    "return rnn(2)(v, reset = before(every(2)))",
    "return reversed(rnn(2))(v, reset = after(e))",
    "return hold(rnn(2)(v when every(2), reset = before(every(2))))",
    "late = v when e  return hold(hold(late when late[0] > 0.0))",
    "return hold(v when sample)",
    "return v - spread(mean(v, per = sample), to = step)",
    "return softmax(collect(v, per = sample) @ [1.0, 2.0]) @ collect(v, per = sample)",
    "return hold(sum(collect(v, per = e), axis = 0))",
    "c = collect(v, per = every(3, phase = 1))  return hold(softmax(c @ [1.0, 2.0]) @ c)",
    "s : real[2] = rnn(2)(concat(v, pre(s)), reset = after(full))  full = s[0] > 0.1  return s",
    "s : real[2] = rnn(2)(v, reset = before(full))  full = pre(s)[0] > 0.1  return s",
    "return rnn(2)(v, blend = 0.3)",
    "return rnn(2)(v, blend = sigmoid(v[0]))",
    "return qrnn(2)(v) + lstm(2)(v, h = 0.3)",
    "return lstm(2)(v, h = v)",
    "return hold(first(v, per = every(3, phase = 2)))",
    "a = v fby a * 0.5 + v  return a",
]


def stretches(mask, before):
    """The slices between the resets of one sample."""
    cuts = sorted({0, len(mask), *((np.flatnonzero(mask) + (0 if before else 1)).tolist())})
    return [slice(a, b) for a, b in zip(cuts, cuts[1:])]


def ends(sizes):
    mask = np.zeros(sum(sizes), dtype=bool)
    mask[np.cumsum([s for s in sizes if s], dtype=int) - 1] = True
    return mask


MASKS = {"block": [ends(s) for s in SEGMENTS], "f": f, "every(3)": [np.arange(t) % 3 == 0 for t in LENGTHS],
         "every(4, phase = 2)": [np.arange(t) % 4 == 2 for t in LENGTHS]}


def model(bodies, reset):
    lines = ["model m {", "  input x : real[2] on step" + (" in block" if reset else ""), "  input e : bool on step"]
    lines += ["  input f : bool on step"] if reset else []
    for i, body in bodies:
        lines.append(f"  cell g{i}(v: real[2]) {{ {body} }}")
        for name, recipe in ((f"y{i}", f"g{i}"), (f"z{i}", f"reversed(g{i})")):
            lines += [f"  {name} = {recipe}(x{f', reset = {reset}' if reset else ''})", f"  output {name}"]
    lines.append("  output unused = e" + (" or f" if reset else ""))
    return "\n".join(lines + ["}", ""])


def compare(clock, before, bodies):
    reset = f"{'before' if before else 'after'}({clock})"
    plain = model(bodies, None)
    params = parameters(plain, rng)
    cut = [stretches(mask, before) for mask in MASKS[clock]]
    split = lambda values: [v[s] for v, slices in zip(values, cut) for s in slices]
    alone = run(plain, {"x": split(x), "e": split(e)}, params).out
    together = run(model(bodies, reset), {"x": x, "e": e, "f": f}, params, {"step": SEGMENTS}).out
    for i, body in bodies:
        for name, way in ((f"y{i}", ""), (f"z{i}", "reversed ")):
            rows = iter(alone[name])
            for k, slices in enumerate(cut):
                parts = [next(rows) for _ in slices]
                want = np.concatenate(parts) if parts else np.zeros((0, 2))
                check(f"{way}{body}, reset = {reset}, sample {k}", together[name][k], want, 0)


def mirrored(bodies):
    """A reversed cell is the mirror image of itself (S6)."""
    plain = model(bodies, None)
    params = parameters(plain, rng)
    params |= {"z" + path[1:]: value for path, value in params.items() if path[0] == "y"}
    flip = lambda values: [v[::-1] for v in values]
    there = run(plain, {"x": x, "e": e}, params).out
    back = run(plain, {"x": flip(x), "e": flip(e)}, params).out
    for i, body in bodies:
        for k, want in enumerate(flip(back[f"y{i}"])):
            check(f"reversed {body}, sample {k}", there[f"z{i}"][k], want, 1e-15)


bodies = list(enumerate(BODIES))
mirrored(bodies)
for clock in MASKS:
    for before in (False, True):
        try:
            compare(clock, before, bodies)
        except Failed:  # which one is it?
            for body in bodies:
                attempt(f"{body[1]}, reset = {'before' if before else 'after'}({clock})", compare, clock, before, [body])
finish()
