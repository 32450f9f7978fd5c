# RUN: %python %s %tools
# Losses: alignment (CTC) against PyTorch and against the sum over all paths; the library's losses against PyTorch; what
# is counted: masks, `next`, sums a sample, regularisers, samples of different lengths and without ticks.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

import itertools
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
rng = np.random.default_rng(9)
near = lambda v: torch.tensor(np.asarray(v), dtype=torch.float64)


def ctc_by_paths(logits, labels):
    """Minus the log of the summed probability of all paths that collapse to the labels."""
    scores, total = log_softmax(logits), 0.0
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        merged = [k for k, _ in itertools.groupby(path)]
        if [k for k in merged if k != 0] == list(labels):
            total += np.exp(sum(scores[t, k] for t, k in enumerate(path)))
    return -np.log(total)


def alignment():
    K = 4
    text = f"""model m {{
  input logits : real[{K}] on frame
  input labels : token({K}) on letter
  output each = ctc(collect(logits, per = sample), collect(labels, per = sample))
  loss each
}}
"""
    cases = [(5, [1, 2]), (5, [1, 1]), (4, []), (6, [3, 3, 2]), (3, [2, 1, 3]), (1, [3]), (12, [1, 2, 2, 3, 1]), (30, list(rng.integers(1, K, 11)))]
    logits = [rng.standard_normal((t, K)) * 2 for t, _ in cases]
    labels = [np.array(l, dtype=np.int64) for _, l in cases]
    got = run(text, {"logits": logits, "labels": labels})
    want = []
    for values, letters in zip(logits, labels):
        value = F.ctc_loss(torch.log_softmax(near(values), 1)[:, None], torch.tensor(letters)[None], [len(values)], [len(letters)],
                           blank=0, reduction="none").item()
        want.append([value])
        if len(values) <= 6:
            check(f"paths of {list(letters)} in {len(values)} ticks (the oracles agree)", value, ctc_by_paths(values, letters))
    check("ctc", got.out["each"], [np.array(w) for w in want])
    check("ctc, mean over samples", got.loss["loss"], np.mean(want))
    # No alignment: three letters in two ticks; two equal ones need a blank between. The chance is zero.
    for ticks, letters in ((2, [1, 2, 3]), (2, [1, 1]), (0, [1])):
        value = run(text, {"logits": [rng.standard_normal((ticks, K))], "labels": [np.array(letters)]}).out["each"][0]
        expect(f"no alignment of {letters} in {ticks} ticks is infinite, not {value}", np.all(np.isposinf(value)))
    value = run(text, {"logits": [np.zeros((0, K))], "labels": [np.zeros(0, dtype=np.int64)]}).out["each"][0]
    check("nothing in nothing is certain", value, [0.0])
    big = run(text, {"logits": [np.array([[0, 900.0, 0, 0], [-900.0, 0, 0, 0]])], "labels": [np.array([1])]}).out["each"][0]
    want = F.ctc_loss(torch.log_softmax(near([[0, 900.0, 0, 0], [-900.0, 0, 0, 0]]), 1)[:, None], torch.tensor([[1]]), [2], [1], reduction="none")
    check("large scores", big, want.numpy())


def library():
    K = 5
    text = f"""model m {{
  input a : real[{K}] on step
  input b : real[{K}] on step
  input y : token({K}) on step
  input q : real on step
  input yes : bool on step
  output entropy  = cross_entropy(a, y)
  output smooth   = smooth_cross_entropy(a, y, 0.2)
  output binary   = bce(q, yes)
  output square   = mse(a, b)
  output absolute = mae(a, b)
  output robust   = huber(a, b)
  output narrow   = huber(a, b, 0.3)
  output low      = quantile(a, b, 0.1)
  output normal_nll = gaussian_nll(a, b, a * b)
  output chance   = probability(a, y)
  output right    = accuracy(a, y)
  loss all_ticks = cross_entropy(a, y)
}}
"""
    lengths = (7, 0, 3)
    a, b = ([rng.standard_normal((t, K)) * 2 for t in lengths] for _ in range(2))
    y, q, yes = [rng.integers(0, K, t) for t in lengths], [rng.standard_normal(t) * 30 for t in lengths], [rng.random(t) < 0.5 for t in lengths]
    got = run(text, {"a": a, "b": b, "y": y, "q": q, "yes": yes})
    rows = lambda loss, *v: loss(*[near(w) for w in v], reduction="none").numpy()
    for k in range(3):
        A, B, Y, e = a[k], b[k], y[k], b[k] - a[k]
        want = {
            "entropy": F.cross_entropy(near(A), torch.tensor(Y), reduction="none").numpy(),
            "smooth": F.cross_entropy(near(A), torch.tensor(Y), reduction="none", label_smoothing=0.2).numpy(),
            "binary": rows(F.binary_cross_entropy_with_logits, q[k], yes[k].astype(float)),
            "square": rows(F.mse_loss, A, B).mean(1), "absolute": rows(F.l1_loss, A, B).mean(1),
            "robust": rows(F.huber_loss, A, B).mean(1),
            "narrow": F.huber_loss(near(A), near(B), reduction="none", delta=0.3).numpy().mean(1),
            "low": np.maximum(0.1 * e, -0.9 * e).mean(1),
            "normal_nll": F.gaussian_nll_loss(near(A), near(A * B), near(np.exp(B)), full=True, reduction="none").numpy().mean(1),
            "chance": softmax(A)[np.arange(len(A)), Y] if len(A) else [], "right": (np.argmax(A, 1) == Y).astype(float),
        }
        for name, values in want.items():
            check(f"{name}, sample {k}", got.out[name][k], values)
    every = np.concatenate([F.cross_entropy(near(A), torch.tensor(Y), reduction="none").numpy() for A, Y in zip(a, y)])
    check("a mean over all ticks of the batch", got.loss["all_ticks"], every.mean())


def counted():
    """Which ticks count (M1, S7), in a batch with segments, a sample of one tick and an empty one."""
    text = """model m {
  input x : real[2] on step in turn
  input known : bool on step
  input worth : real on step
  param w : real[2] = ones
  e = x[0] * w[0]
  late = x when tick >= 2
  beat = x when every(2)
  output y = e
  loss plain    = e
  loss masked   = e when known
  loss twice    = (e when known) when (worth when known) > 0.0
  loss weighted = worth * e
  loss summed   = sum(if known then e else 0.0, per = sample)
  loss average  = mean(e when known, per = sample)
  loss endings  = e when turn
  loss ahead    = mse(x, next(x))
  loss guarded  = mse(x, next(x)) when known
  loss per_turn = max(mse(x, next(x)), per = turn)
  loss in_all   = sum(mse(x, next(x)), per = sample)
  loss behind   = mse(late, next(late))
  loss beats    = mse(beat, next(beat))
  loss turns    = mse(x when turn, next(x when turn))
  loss never    = e when x[0] > 100.0
  loss penalty  = 0.5 * l2(w)
  loss constant = 3.0
  loss at_end   = 1.0 * (e when sample)
}
"""
    segments = [[3, 1, 4], [0, 2, 0, 5, 0], [], [1], [0]]
    lengths = [sum(s) for s in segments]
    x = [rng.standard_normal((t, 2)) for t in lengths]
    known, worth = [rng.random(t) < 0.6 for t in lengths], [rng.standard_normal(t) for t in lengths]
    w = rng.standard_normal(2)
    got = run(text, {"x": x, "known": known, "worth": worth}, {"w": w}, {"step": segments})
    parts = {name: [] for name in got.loss if name not in ("penalty", "constant")}
    for v, k, worths, sizes in zip(x, known, worth, segments):
        e = v[:, 0] * w[0]
        step = lambda rows: ((rows[:-1] - rows[1:]) ** 2).mean(1) if len(rows) > 1 else np.zeros(0)
        ahead = step(v)
        last = np.cumsum([s for s in sizes if s]) - 1 if any(sizes) else np.zeros(0, dtype=int)
        add = lambda name, values: parts[name].extend(np.atleast_1d(values))
        add("plain", e)
        add("masked", e[k])
        add("twice", e[k & (worths > 0)])
        add("weighted", worths * e)
        add("summed", e[k].sum())
        add("average", e[k].mean() if k.any() else 0.0)
        add("endings", e[last])
        add("ahead", ahead)
        add("guarded", ahead[k[:-1]] if len(k) else [])
        # A turn whose only tick is the last one of the sample has nothing to reduce: zero.
        add("per_turn", [max(ahead[max(a, 0):b + 1], default=0.0) for a, b in zip(np.concatenate([[0], last[:-1] + 1]), last)] if len(last) else [])
        add("in_all", ahead.sum())
        add("behind", step(v[2:]))
        add("beats", step(v[::2]))
        add("turns", step(v[last]))
        add("never", [])
        add("at_end", e[-1] if len(e) else 0.0)
    for name, values in parts.items():
        check(f"loss {name}", got.loss[name], np.mean(values) if len(values) else 0.0)
    check("a regulariser", got.loss["penalty"], 0.5 * (w ** 2).sum())
    check("a constant", got.loss["constant"], 3.0)


for part in (alignment, library, counted):
    attempt(part.__name__, part)
finish()
