# RUN: %python %s %tools
# `reset = after(c)` and `before(c)` against masks by hand: the state is multiplied away where a run begins. c is a
# segment, an event, `every`; resets inside resets; forward and reversed; `tick`, `sample` and initial states inside.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(5)
n, H = 2, 3
SEGMENTS = [[3, 1, 4], [0, 2, 0, 5, 0], [], [0], [6], [1, 1, 1]]
LENGTHS = [sum(s) for s in SEGMENTS]
x = [rng.standard_normal((t, n)) for t in LENGTHS]
flag = [rng.random(t) < 0.35 for t in LENGTHS]
HEADER = f"""  input x : real[{n}] on step in block
  input flag : bool on step
"""


def ends(sample):
    """True at the last tick of each block that has ticks."""
    mask = np.zeros(sum(sample), dtype=bool)
    for end in np.cumsum(sample)[np.array(sample, dtype=int) > 0] if sample else []:
        mask[end - 1] = True
    return mask


def every(period, phase=0):
    return [np.arange(t) % period == phase for t in LENGTHS]


def starts_after(c):
    """Where a run begins: at the tick after one where c is true. (The first tick begins one anyhow.)"""
    return [np.concatenate([[True], s[:-1]])[:len(s)] for s in c]


def starts_before(c):
    return [np.concatenate([[True], s[1:]])[:len(s)] for s in c]


def either(a, b):
    return [p | q for p, q in zip(a, b)]


def masked(step, rows, starts, initial=None):
    """One run over all ticks: the state is multiplied by a mask that is zero where a run begins."""
    h, out = np.zeros(H), []
    for t, row in enumerate(rows):
        begin = np.zeros(H) if initial is None else initial[t]
        keep = 0.0 if starts[t] else 1.0
        h = step(row, keep * h + (1 - keep) * begin)
        out.append(h)
    return np.array(out).reshape(len(rows), H)


def masked_reversed(step, rows, starts):
    """From right to left a run begins at the last tick and wherever one ends: before the start of the next."""
    from_right = np.concatenate([starts[1:], [True]])[:len(starts)][::-1]
    return masked(step, rows[::-1], from_right)[::-1]


blocks = [ends(s) for s in SEGMENTS]
CASES = {
    "after(block)": starts_after(blocks), "before(block)": starts_before(blocks),
    "after(flag)": starts_after(flag), "before(flag)": starts_before(flag),
    "after(every(3))": starts_after(every(3)), "before(every(3))": starts_before(every(3)),
    "after(every(4, phase = 1))": starts_after(every(4, 1)), "before(every(4, phase = 3))": starts_before(every(4, 3)),
}


def simple():
    body = "".join(f"  y{i} = cell{i}(x, reset = {c})\n  output y{i}\n  z{i} = turned{i}(x, reset = {c})\n  output z{i}\n"
                   f"  b{i} = both{i}(x, reset = {c})\n  output b{i}\n" for i, c in enumerate(CASES))
    cells = "".join(f"  cell{i} = gru({H})\n  turned{i} = reversed(gru({H}))\n  both{i} = bidirectional(gru({H}))\n" for i in range(len(CASES)))
    text = f"model m {{\n{HEADER}{cells}{body}}}\n"
    params = parameters(text, rng)
    got = run(text, {"x": x, "flag": flag}, params, {"step": SEGMENTS})
    for i, (name, starts) in enumerate(CASES.items()):
        step = lambda path: (lambda row, h: gru_step(at(params, path), row, h))
        forward = lambda path: [masked(step(path), *pair) for pair in zip(x, starts)]
        backward = lambda path: [masked_reversed(step(path), *pair) for pair in zip(x, starts)]
        check(name, got.out[f"y{i}"], forward(f"cell{i}"))
        check("reversed, " + name, got.out[f"z{i}"], backward(f"turned{i}"))
        check("bidirectional, " + name, got.out[f"b{i}"],
              [np.concatenate(pair, axis=1) for pair in zip(forward(f"both{i}.forward"), backward(f"both{i}.backward"))])


def nested():
    """An inner reset inside an outer one: the inner state begins anew at either."""
    text = f"""model m {{
{HEADER}  cell forth(v) {{
    inner = gru({H})
    outer = gru({H})
    return outer(inner(v, reset = before(flag)))
  }}
  cell back(v) {{
    inner = gru({H})
    outer = gru({H})
    return outer(reversed(inner)(v, reset = after(flag)))
  }}
  y = forth(x, reset = after(block))
  z = back(x, reset = after(block))
  w = reversed(forth)(x, reset = after(block))
  output y
  output z
  output w
}}
"""
    params = parameters(text, rng)
    got = run(text, {"x": x, "flag": flag}, params, {"step": SEGMENTS})
    step = lambda path: (lambda row, h: gru_step(at(params, path), row, h))
    out, inn = starts_after(blocks), either(starts_after(blocks), starts_before(flag))
    want = [masked(step("y.outer"), masked(step("y.inner"), v, i), o) for v, i, o in zip(x, inn, out)]
    check("before inside after", got.out["y"], want)
    inn = either(starts_after(blocks), starts_after(flag))
    want = [masked(step("z.outer"), masked_reversed(step("z.inner"), v, i), o) for v, i, o in zip(x, inn, out)]
    check("reversed after(event) inside after(segment)", got.out["z"], want)


def initial_values():
    """The initial value is read at the tick where the run begins (S4)."""
    text = f"""model m {{
{HEADER}  input start : real[{H}] on step
  input once : real[{H}] on sample
  a = gru({H})(x, h = start, reset = after(block))
  b = gru({H})(x, h = start, reset = before(flag))
  c = gru({H})(x, h = 0.25, reset = before(every(3)))
  d = gru({H})(x, h = spread(once, to = step), reset = after(flag))
  output a
  output b
  output c
  output d
}}
"""
    params = parameters(text, rng)
    start = [rng.standard_normal((t, H)) for t in LENGTHS]
    once = [rng.standard_normal(H) for _ in LENGTHS]
    got = run(text, {"x": x, "flag": flag, "start": start, "once": once}, params, {"step": SEGMENTS})
    quarter = [np.full((t, H), 0.25) for t in LENGTHS]
    repeated = [np.tile(v, (t, 1)) for v, t in zip(once, LENGTHS)]
    for name, starts, begin in (("a", starts_after(blocks), start), ("b", starts_before(flag), start),
                                ("c", starts_before(every(3)), quarter), ("d", starts_after(flag), repeated)):
        step = lambda row, h: gru_step(at(params, name), row, h)
        check(f"initial value {name}", got.out[name], [masked(step, *triple) for triple in zip(x, starts, begin)])


def runs(starts):
    """The slices of the runs of one sample."""
    begin = [t for t, s in enumerate(starts) if s]
    return [slice(a, b) for a, b in zip(begin, begin[1:] + [len(starts)])]


def by_run(function, values, starts):
    """A function of whole sequences, applied to each run by itself."""
    out = [np.zeros_like(v, dtype=float) for v in values]
    for k, (v, s) in enumerate(zip(values, starts)):
        for part in runs(s):
            out[k][part] = function(v[part])
    return out


def inside(name, case):
    """tick, every, pre, hold, sample and per = inside an application that is reset mean the run."""
    text = f"""model m {{
{HEADER}  cell counted(v) {{ return real(tick) + 0.0 * v }}
  cell early(v) {{ return pre(v) }}
  cell held(v) {{ return hold(v when every(3)) }}
  cell total(v) {{
    state s : real[{n}]
    s' = s + v
    return s'
  }}
  cell centred(v) {{ return v - spread(mean(v, per = sample), to = step) }}
  cell last(v) {{ return spread(v when sample, to = step) }}
  cell turned(v) {{ return reversed(total)(v) }}
  cell counted_back(v) {{ return reversed(counted)(v) }}
  y = {name}(x, reset = {case})
  output y
}}
"""
    got = run(text, {"x": x, "flag": flag}, None, {"step": SEGMENTS})
    check(f"{name}, reset = {case}", got.out["y"], by_run(INSIDE[name], x, CASES[case]))


INSIDE = {
    "counted": lambda v: np.repeat(np.arange(len(v))[:, None], n, axis=1),
    "early": lambda v: np.concatenate([np.zeros((1, n)), v[:-1]]),
    "held": lambda v: v[np.arange(len(v)) // 3 * 3],
    "total": lambda v: np.cumsum(v, axis=0),
    "centred": lambda v: v - v.mean(axis=0),
    "last": lambda v: np.tile(v[-1], (len(v), 1)),
    "turned": lambda v: np.cumsum(v[::-1], axis=0)[::-1],
    "counted_back": lambda v: np.repeat(np.arange(len(v))[::-1, None], n, axis=1),
}


def alike():
    """The hierarchy of the boundaries: before(c) of a clock that is true where after(d) restarts is the same network."""
    text = f"""model m {{
{HEADER}  e = gru({H})
  first_word = pre_end or tick == 0
  pre_end = not (true fby not_end)
  not_end = not flag
  output a = e(x, reset = after(flag))
  output b = e(x, reset = before(first_word))
}}
"""
    got = run(text, {"x": x, "flag": flag}, None, {"step": SEGMENTS})
    check("after(flag) = before(the tick behind)", got.out["a"], got.out["b"], 0)


for part in (simple, nested, initial_values, alike):
    attempt(part.__name__, part)
for case in CASES:
    for name in INSIDE:
        attempt(f"{name}, reset = {case}", inside, name, case)
finish()
