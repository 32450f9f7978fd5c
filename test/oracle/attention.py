# RUN: %python %s %tools
# Decoders with attention against loops over both sequences: additive, dot, general and location scores, input feeding,
# a coverage state with a ragged axis; sources of different lengths, and of none: an empty memory reads as zero.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(8)
V, E, M, H = 6, 2, 3, 4
SOURCES, TARGETS = [5, 0, 1, 8], [3, 4, 6, 0]
src = [rng.standard_normal((t, M)) for t in SOURCES]
tgt = [rng.integers(0, V, t) for t in TARGETS]


def decoder(attention, decide):
    """The query is the state before the tick; what is read enters the LSTM with the token before (Bahdanau)."""
    text = f"""model m {{
  input src : real[{M}] on source
  input tgt : token({V}) on target
  memory = spread(collect(src, per = sample), to = target)
  cell decoder(y: real[n], m: real[s, k]) {{
    core = lstm({H})
    att  = {attention}
    read = att(core.h, m)
    return concat(core(concat(y, read)), read)
  }}
  dec = decoder
  output d = dec(embed({E})(1 fby tgt), memory)
  output weights = dec.att.weights
}}
"""
    p = parameters(text, rng)
    got = run(text, {"src": src, "tgt": tgt}, p)
    q, table = at(p, "dec.att"), next(v for k, v in p.items() if k.endswith("table"))
    for k, (memory, tokens) in enumerate(zip(src, tgt)):
        h, c, out, seen = np.zeros(H), np.zeros(H), [], []
        choose = decide(q, memory)
        for token in [1, *tokens][:len(tokens)]:
            weights = choose(h)
            read = weights @ memory if len(memory) else np.zeros(M)
            h, c = lstm_step(at(p, "dec.core"), np.concatenate([table[token], read]), h, c)
            out.append(np.concatenate([h, read]))
            seen.append(weights)
        check(f"{attention}, sample {k}", got.out["d"][k], np.array(out))
        check(f"{attention}, weights, sample {k}", np.ravel(got.out["weights"][k]) if len(memory) else [], np.ravel(seen))


def stateless(score):
    return lambda q, memory: (lambda h: softmax(score(q, memory, h)))


def location(q, memory):
    alpha = [np.zeros(len(memory))]

    def choose(h):
        padded = np.pad(alpha[0], (2, 2))
        features = np.array([[padded[s:s + 5] @ f for f in q["F"]] for s in range(len(memory))]).reshape(-1, 2)
        alpha[0] = softmax(np.tanh(memory @ q["U"] + features @ q["L"] + q["W"] @ h) @ q["v"])
        return alpha[0]
    return choose


def covering(q, memory):
    coverage = [np.zeros(len(memory))]

    def choose(h):
        weights = softmax(np.tanh(memory @ q["U"] + np.outer(coverage[0], q["w"]) + q["W"] @ h) @ q["v"])
        coverage[0] = coverage[0] + weights
        return weights
    return choose


attempt("additive", decoder, "additive(5)", stateless(lambda q, m, h: np.tanh(m @ q["U"] + q["W"] @ h) @ q["v"]))
attempt("general", decoder, "general", stateless(lambda q, m, h: m @ (q["W"] @ h)))
attempt("location", decoder, "location(5, maps = 2, width = 5)", location)
attempt("coverage", decoder, "coverage_attention(5)", covering)
H = M
attempt("dot", decoder, "dot", stateless(lambda q, m, h: m @ h))
H = 4


def input_feeding():
    """Luong: the state after the tick asks, and what comes of it is fed into the next tick."""
    text = f"""cell luong(hidden: int, attention: cell)(y: real[n], m: real[s, k]) -> real[hidden] {{
  state feed : real[hidden]
  param Wc : real[hidden, hidden + k] = glorot
  core = lstm(hidden)
  att  = attention
  h = core(concat(y, feed))
  feed' = tanh(Wc @ concat(h, att(h, m)))
  return feed'
}}
model m {{
  input src : token({V}) on source
  input tgt : token({V}) on target
  memory = spread(collect(lstm({M})(embed({E})(src)), per = sample), to = target)
  d = luong({H}, attention = general)(embed({E})(1 fby tgt), memory)
  output d
}}
"""
    p = parameters(text, rng)
    words = [rng.integers(0, V, t) for t in SOURCES]
    got = run(text, {"src": words, "tgt": tgt}, p)
    q = at(p, "d.att")
    for k, (source, tokens) in enumerate(zip(words, tgt)):
        h, c, memory = np.zeros(M), np.zeros(M), []
        for token in source:
            h, c = lstm_step(at(p, "memory"), p["memory_embed.table"][token], h, c)
            memory.append(h)
        memory = np.array(memory).reshape(-1, M)
        feed, h, c, out = np.zeros(H), np.zeros(H), np.zeros(H), []
        for token in [1, *tokens][:len(tokens)]:
            h, c = lstm_step(at(p, "d.core"), np.concatenate([p["d_embed.table"][token], feed]), h, c)
            read = softmax(memory @ (q["W"] @ h)) @ memory if len(memory) else np.zeros(M)
            feed = np.tanh(p["d.Wc"] @ np.concatenate([h, read]))
            out.append(feed)
        check(f"input feeding, sample {k}", got.out["d"][k], np.array(out))


def coverage_written_out():
    """A state with a ragged axis, a penalty from it, and what of it can be reduced: nothing of an empty memory is left."""
    text = f"""cell covering(q: real[a], m: real[s, b]) -> real[b] {{
  state coverage : real[s]
  param W : real[b, a] = glorot
  weights = softmax(m @ (W @ q) - coverage)
  penalty = sum(minimum(weights, coverage), axis = 0)
  coverage' = coverage + weights
  return weights @ m
}}
model m {{
  input src : real[{M}] on source
  input q   : real[{H}] on target
  rows = spread(collect(src, per = sample), to = target)
  att = covering
  output y = att(q, rows)
  output spent  = sum(att.coverage', axis = 0)
  output before = max(att.coverage, axis = 0)
  output turns  = mean(att.weights, axis = 0)
  output best   = first(att.weights, axis = 0)
  output sums   = sum(rows, axis = 0)
  output each   = sum(rows, axis = 1) @ att.weights
  output whole  = mean(rows, axis = all)
  output logs   = sum(log_softmax(rows @ [1.0, 2.0, 3.0]) * att.weights, axis = 0)
  loss covered = att.penalty
}}
"""
    p = parameters(text, rng)
    asks = [rng.standard_normal((t, H)) for t in TARGETS]
    got = run(text, {"src": src, "q": asks}, p)
    penalties = []
    for k, (memory, queries) in enumerate(zip(src, asks)):
        coverage, want = np.zeros(len(memory)), {name: [] for name in got.out}
        for q in queries:
            some = len(memory) > 0
            weights = softmax(memory @ (p["att.W"] @ q) - coverage)
            want["y"].append(weights @ memory)
            want["before"].append(coverage.max() if some else 0)
            penalties.append(np.minimum(weights, coverage).sum())
            coverage = coverage + weights
            want["spent"].append(coverage.sum())
            want["turns"].append(weights.mean() if some else 0)
            want["best"].append(weights[0] if some else 0)
            want["sums"].append(memory.sum(axis=0))
            want["each"].append(memory.sum(axis=1) @ weights)
            want["whole"].append(memory.mean() if some else 0)
            want["logs"].append((log_softmax(memory @ [1.0, 2.0, 3.0]) * weights).sum() if some else 0)
        for name, rows in want.items():
            check(f"coverage written out, {name}, sample {k}", got.out[name][k], np.array(rows))
    check("coverage penalty", got.loss["covered"], np.mean(penalties))


attempt("input feeding", input_feeding)
attempt("coverage written out", coverage_written_out)
finish()
