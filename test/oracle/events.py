# RUN: %python %s %tools
# Event clocks, other ones in each sample of the batch, against loops that ask at each tick: events inside events, hold,
# pre of hold, tick and every on an event clock, reductions between events; and a batch is its samples one by one.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(6)
n, H = 2, 3
LENGTHS = [12, 0, 1, 23, 7]
x = [rng.standard_normal((t, n)) for t in LENGTHS]
x[4] = -np.abs(x[4])  # a sample in which nothing happens
TEXT = f"""
cell half(v: real[k], e: bool) -> real[{H}] on e {{ return gru({H})(v when e) }}
model m {{
  input x : real[{n}] on step
  e1  = x[0] > -0.3 and x[1] > -1.0
  x1  = x when e1
  m1  = gru({H})(x1)
  e2  = x1[1] > 0.2
  m2  = gru({H})(m1 when e2)
  e3  = tick % 2 == 1 or m2[0] > 2.0
  m3  = rnn({H})(m2 when e3)
  odd = rnn({H})(m1 when every(2, phase = 1))
  own = half(x, e1)
  output m1
  output m2
  output m3
  output odd
  output own
  output held  = hold(m1)
  output from  = hold(m1, init = 0.5)
  output late  = pre(hold(m1))
  output inner = hold(hold(m2))
  output up    = hold(m2, to = step)
  output deep  = hold(m3, init = -1.0, to = step)
  output slow  = hold(odd, to = step)
  output ago   = pre(m1)
  output first_then = x1 fby m1[0] * x1
  output number = tick + 0 * int(m1[0])
  output total = sum(x, per = e1)
  output mid   = mean(m1, per = e2)
  output most  = max(x, per = e1)
  output head  = first(x, per = e1)
  output soft  = softmax(collect(x, per = e1) @ [1.0, -2.0]) @ collect(x, per = e1)
  output whole = mean(m1, per = sample)
  output last  = m1 when sample_like
  sample_like  = m1[0] < 0.0
}}
"""


def loop(v, p):
    """One sample, tick by tick. An empty one ticks `sample` once, with zeros."""
    names = ("m1 m2 m3 odd own held from late inner up deep slow ago first_then number total mid most head soft last").split()
    out = {name: [] for name in names}
    s = {"m1": np.zeros(H), "m2": np.zeros(H), "m3": np.zeros(H), "odd": np.zeros(H), "own": np.zeros(H)}
    held, late, deep, up, slow, start = np.zeros(H), np.zeros(H), -np.ones(H), np.zeros(H), np.zeros(H), np.full(H, 0.5)
    inner_m2, count, count2 = np.zeros(H), 0, 0
    since, since_m1, all_m1 = [], [], []
    previous = None
    for row in v:
        since.append(row)
        if row[0] > -0.3 and row[1] > -1.0:
            before = s["m1"]
            s["m1"] = gru_step(at(p, "m1"), row, s["m1"])
            s["own"] = gru_step(at(p, "own.gru"), row, s["own"])
            out["own"].append(s["own"])
            out["m1"].append(s["m1"])
            out["ago"].append(before)
            out["first_then"].append(row if count == 0 else previous)
            previous = s["m1"][0] * row
            out["number"].append(count)
            out["total"].append(np.sum(since, axis=0))
            out["most"].append(np.max(since, axis=0))
            out["head"].append(since[0])
            rows = np.array(since)
            out["soft"].append(softmax(rows @ [1.0, -2.0]) @ rows)
            since = []
            since_m1.append(s["m1"])
            all_m1.append(s["m1"])
            if s["m1"][0] < 0:
                out["last"].append(s["m1"])
            if count % 2 == 1:
                s["odd"] = rnn_step(at(p, "odd"), s["m1"], s["odd"])
                out["odd"].append(s["odd"])
                slow = s["odd"]
            if row[1] > 0.2:  # e2
                s["m2"] = gru_step(at(p, "m2"), s["m1"], s["m2"])
                out["m2"].append(s["m2"])
                out["mid"].append(np.mean(since_m1, axis=0))
                since_m1 = []
                up = s["m2"]
                inner_m2 = s["m2"]
                if count2 % 2 == 1:
                    s["m3"] = rnn_step(at(p, "m3"), s["m2"], s["m3"])
                    out["m3"].append(s["m3"])
                    deep = s["m3"]
                count2 += 1
            count += 1
            new_held = start = s["m1"]
        else:
            new_held = held
        out["late"].append(held)
        held = new_held
        for name, value in (("held", held), ("from", start), ("inner", inner_m2), ("up", up), ("deep", deep), ("slow", slow)):
            out[name].append(value)
    out = {name: np.array(rows) for name, rows in out.items()}
    out["whole"] = np.array([np.mean(all_m1, axis=0) if all_m1 else np.zeros(H)])
    return out


def compare():
    text, params = TEXT, parameters(TEXT, rng)
    got = run(text, {"x": x}, params)
    want = [loop(sample, params) for sample in x]
    for name in want[0]:
        check(name, got.out[name], [w[name] for w in want])
    for k, sample in enumerate(x):
        single = run(text, {"x": [sample]}, params)
        for name in want[0]:
            expect(f"bits of {name} in sample {k} alone", np.array_equal(single.out[name][0], got.out[name][k]))
            expect(f"ticks of {name} in sample {k} alone", single.ticks[name][0] == got.ticks[name][k])


attempt("events", compare)
finish()
