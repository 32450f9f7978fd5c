# RUN: %python %s %tools
# random, dropout and zoneout: the same seed gives the same bits, another seed others; a sample of a batch draws as it does
# alone; draws hold what they promise on average; without training they are the identity, or the expectation.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(11)
n, T = 8, 60
x = [np.ones((t, n)) for t in (T, 3, 0, T)]
TEXT = f"""model m {{
  input x : real[{n}] on step in block
  cell once(v: real[k]) -> real[k] {{
    u = random(v) fby u
    return u
  }}
  output u     = random(x)
  output two   = random(x)
  output drop  = dropout(0.25)(x)
  output vary  = variational_dropout(0.5)(x)
  output parts = variational_dropout(0.5)(x, reset = after(block))
  output held  = once(x)
  output slow  = random(x when every(2))
  output active = if training then 1.0 + 0.0 * x[0] else 0.0 * x[0]
}}
"""
SEGMENTS = [[20, 0, 30, 10], [1, 2], [], [60]]


def draw(seed, training=True, samples=range(4)):
    options = ["--seed", str(seed)] + (["--training"] if training else [])
    return run(TEXT, {"x": [x[k] for k in samples]}, None, {"step": [SEGMENTS[k] for k in samples]}, options).out


def draws():
    first, again, other = draw(1), draw(1), draw(2)
    for name in first:
        expect(f"{name}: the same seed, the same bits", all(np.array_equal(a, b) for a, b in zip(first[name], again[name])))
        if name != "active":
            expect(f"{name}: another seed draws others", not np.array_equal(first[name][0], other[name][0]))
    u = first["u"][0]
    expect("0 <= u < 1", np.all((u >= 0) & (u < 1)))
    expect("mean of 480 draws", abs(u.mean() - 0.5) < 5 * np.sqrt(1 / 12 / u.size))
    expect("every element and tick by itself", len(np.unique(u)) == u.size)
    expect("two uses draw apart", not np.array_equal(u, first["two"][0]))
    expect("samples draw apart", not np.array_equal(u, first["u"][3]))
    for name in ("drop", "vary", "parts"):
        scale = 1 / 0.75 if name == "drop" else 2.0
        for k in (0, 1, 3):
            expect(f"{name}: zero or scaled", np.all((first[name][k] == 0) | (np.abs(first[name][k] - scale) < 1e-12)))
    kept = np.concatenate([draw(seed)["drop"][0] for seed in range(3, 8)])
    expect(f"dropout keeps the mean: {kept.mean()}", abs(kept.mean() - 1) < 5 * np.sqrt(0.25 / 0.75 / kept.size))
    for k in (0, 1, 3):
        expect("a variational mask is constant", np.all(first["vary"][k] == first["vary"][k][:1]))
        expect("a draw by fby is constant", np.all(first["held"][k] == first["held"][k][:1]))
    parts = first["parts"][0]
    for a, b in ((0, 20), (20, 50), (50, 60)):
        expect("constant within a block", np.all(parts[a:b] == parts[a:a + 1]))
    expect("another in another block", not np.array_equal(parts[0], parts[20]) or not np.array_equal(parts[0], parts[50]))
    expect("training is said", first["active"][0][0] == 1)


def alone():
    """The first sample of a batch, and that sample alone."""
    batch, single = draw(4), draw(4, samples=[0])
    for name in batch:
        expect(f"{name}: sample 0 alone", np.array_equal(batch[name][0], single[name][0]))
    front = draw(4, samples=[0, 1])
    for name in batch:
        expect(f"{name}: sample 1 in a smaller batch", np.array_equal(batch[name][1], front[name][1]))


def without_training():
    got = draw(1, training=False)
    for name in ("drop", "vary", "parts"):
        check(f"{name} is the identity", got[name], x)
    check("training is not said", got["active"][0], np.zeros(T))


def zoneout():
    H = 3
    text = f"""model m {{
  input x : real[2] on step
  z = zoneout_lstm({H}, zc = 0.4, zh = 0.1)
  output h = z(x)
  output c = z.c'
}}
"""
    p = parameters(text, rng)
    v = [rng.standard_normal((t, 2)) for t in (25, 0, 4)]
    got = run(text, {"x": v}, p)
    def step(row, h, c):
        new_h, new_c = lstm_step(at(p, "z"), row, h, c)
        return new_h, new_c
    for k, rows in enumerate(v):
        h, c, out = np.zeros(H), np.zeros(H), []
        for row in rows:
            new_h, new_c = step(row, h, c)
            h, c = 0.1 * h + 0.9 * new_h, 0.4 * c + 0.6 * new_c
            out.append(h)
        check(f"zoneout: the expectation, sample {k}", got.out["h"][k], np.array(out))
    # Training: each unit either keeps its old value or takes the new one of the LSTM step from the states before.
    got = run(text, {"x": v}, p, options=["--training", "--seed", "5"])
    kept = taken = 0
    h, c = np.zeros(H), np.zeros(H)
    for row, now_h, now_c in zip(v[0], got.out["h"][0], got.out["c"][0]):
        new_h, new_c = step(row, h, c)
        keeps, takes = np.abs(now_c - c) < 1e-12, np.abs(now_c - new_c) < 1e-12
        expect("a cell keeps or takes", np.all(keeps | takes))
        expect("an output keeps or takes", np.all((np.abs(now_h - h) < 1e-12) | (np.abs(now_h - new_h) < 1e-12)))
        kept, taken = kept + keeps.sum(), taken + takes.sum()
        h, c = now_h, now_c
    expect(f"about 0.4 of the cells are kept, not {kept} of {kept + taken}", abs(kept / (kept + taken) - 0.4) < 5 * np.sqrt(0.24 / 75))


def of_a_parameter():
    """Drawn once a call, one for the batch (S8)."""
    text = """model m {
  input x : real on step
  param w : real[4] = ones
  output y = random(w) + 0.0 * x + 0.0 * w
}
"""
    values = run(text, {"x": [np.zeros(5), np.zeros(3)]}, {"w": np.ones(4)}, options=["--seed", "3", "--training"]).out["y"]
    expect("one draw for all ticks and samples", all(np.all(v == values[0][0]) for v in values) and len(np.unique(values[0][0])) == 4)


for part in (draws, alone, without_training, zoneout, of_a_parameter):
    attempt(part.__name__, part)
finish()
