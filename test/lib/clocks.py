# RUN: %python %s %tools
# Clockwork against loops over a dense state; learned rhythms against the matrix products written out.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import near, normal, run, softmax

T, n, H = 21, 2, 3
x = normal(T, n)


def clockwork(cell, periods, reads):
    text = f"model m {{\n  input x : real[{n}] on step\n  output y = {cell}(rnn({H}), {periods})(x)\n}}\n"
    p = {}
    for k in range(len(periods)):
        width = n + H * len(reads(k))
        p.update({f"y.m.{k}.W": normal(H, width), f"y.m.{k}.U": normal(H, H), f"y.m.{k}.b": normal(H)})
    state = np.zeros((len(periods), H))
    want = []
    for t in range(T):
        old = state.copy()
        for k, period in enumerate(periods):
            if t % period == 0:
                v = np.concatenate([x[t]] + [old[j] for j in reads(k)])
                state[k] = np.tanh(p[f"y.m.{k}.W"] @ v + p[f"y.m.{k}.U"] @ old[k] + p[f"y.m.{k}.b"])
        want.append(state.reshape(-1).copy())
    near(f"{cell} {periods}", run(text, {"x": x}, p)["y"], want)


for periods in ([1, 2, 4, 8], [1, 3, 4], [5, 7], [3], [4, 2, 1]):
    clockwork("clockwork", periods, lambda k: range(k + 1, len(periods)))
    clockwork("mutual_clockwork", periods, lambda k: range(len(periods)))

P, L = 4, 6
text = f"""model m {{
  input x : real on step
  soft   = softmax_clock({P}, {L})
  wave   = cosine_clock({P}, {L})
  phases = phase_gate(3)
  output binary = clock_basis({P}, {L})()[tick % {L}] + 0.0 * x
  output cosine = cosine_basis({P}, {L})()[tick % {L}] + 0.0 * x
  output a = soft() + 0.0 * x
  output b = wave() + 0.0 * x
  output c = phases() + 0.0 * x
}}
"""
p = {"soft.d": normal(P), "wave.d": normal(P), "phases.log_period": np.array([0.3, 1.2, 2.5]),
     "phases.shift": normal(3), "phases.ratio": np.array([0.4, 0.7, 0.02])}
got = run(text, {"x": normal(T)}, p)
t = np.arange(T)
binary = np.array([[1.0 if s % (q + 1) == 0 else 0.0 for q in range(P)] for s in range(L)])
cosine = np.array([[np.cos(np.pi * (2 * s + 1) * f / (2 * L)) for f in range(P)] for s in range(L)])
near("clock_basis", got["binary"], binary[t % L])
near("cosine_basis", got["cosine"], cosine[t % L])
wave = binary @ softmax(p["soft.d"])
near("softmax_clock", got["a"], ((wave - wave.min()) / (wave.max() - wave.min() + 1e-6))[t % L])
near("cosine_clock", got["b"], np.clip(0.5 + cosine @ p["wave.d"], 0, 1)[t % L])
period = np.exp(p["phases.log_period"])
phase = np.mod(t[:, None] - p["phases.shift"], period) / period
share = np.clip(p["phases.ratio"], 0.01, 1)
near("phase_gate", got["c"], np.where(phase < share / 2, 2 * phase / share, np.where(phase < share, 2 - 2 * phase / share, 0)))

# surprise: at the first tick, and where the guess of the tick before was wrong or faint.
logits, tokens = normal(T, 4) * 3, np.random.default_rng(3).integers(0, 4, T)
text = """model m {
  input g : real[4]  on step
  input x : token(4) on step
  output e = real(surprise(g, x, 0.6))
}
"""
chance = softmax(logits)
want = [1.0] + [float(np.argmax(logits[k - 1]) != tokens[k] or chance[k - 1, tokens[k]] < 0.6) for k in range(1, T)]
near("surprise", run(text, {"g": logits, "x": tokens})["e"], want)
