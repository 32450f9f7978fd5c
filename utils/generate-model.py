#!/usr/bin/python3
"""Writes a program of a given number of lines, always the same for the same numbers, that uses most of the language.

Groups of cells and a model over them follow one another, as in a file of experiments: what `rondo check` takes for it
is what it takes for hand-written text of that length.
"""
import argparse
import random

GATED = """\
## A gated cell: what is new, how much of it, and a leak of {leak}.
cell gated{n}(hidden: int, leak: real = {leak})(x: real[k]) -> real[hidden] {{
  state s : real[hidden]
  param W : real[2*hidden, k]      = glorot
  param U : real[2*hidden, hidden] = orthogonal
  param b : real[2*hidden]         = zeros
  gate, new = split(W @ x + U @ s + b, 2)
  s' = (1 - leak) * s + leak * sigmoid(gate) * (tanh(new) - s)
  return s'
}}
"""
WINDOWED = """\
cell windowed{n}(x: real[k]) -> real[k] {{
  param w : real[{taps}] = uniform(0.5)
  past[0] = x
  past[i] = pre(past[i - 1]) for i in 1..{taps}
  terms[i] = w[i] * past[i] for i in 0..{taps}
  return sum(terms, axis = 0)
}}
"""
ATTENDING = """\
cell attending{n}(n: int)(q: real[a], m: real[s, c]) -> real[c] {{
  param W : real[n, a] = glorot
  param U : real[c, n] = glorot
  param v : real[n]    = glorot
  scores  = tanh(m @ U + W @ q) @ v   # one a row of m
  weights = softmax(scores)
  return weights @ m
}}
"""
COUNTING = """\
cell counting{n}(x: real[k]) -> real[k] {{
  state since : int
  loud = max(abs(x), axis = 0) > {level}
  since' = if loud then 0 else since + 1
  decay = exp(-real(since') / {decay})
  return if loud then x else decay * x
}}
"""
MODEL = """\
model experiment{n}(width: int = {width}) {{
  input x     : real[{inputs}] on step in phrase
  input label : token({classes}) on phrase
  low    = layer_norm()(gated{a}(width)(dense(width)(x)))
  near   = windowed{b}(low)
  slow   = gated{a}(width)(near when every({period}, phase = {phase}))
  both   = concat(counting{d}(near), hold(slow))
  phrases = stack({layers} * gru(width), drop = 0.1)(both when phrase)
  rows   = collect(low, per = phrase)
  read   = attending{c}({keys})(phrases, rows)
  output class = dense({classes})(concat(phrases, read))
  output trace = dense({inputs})(both)
  loss classes  = cross_entropy(class, label)
  loss forecast = {weight} * mse(trace, next(x))
}}
"""
CELLS = [GATED, WINDOWED, ATTENDING, COUNTING]


def group(number, rng):
    """Four cells and the model that uses them."""
    names = [4 * number + i for i in range(4)]
    period = rng.randrange(2, 9)
    values = dict(
        leak=rng.choice(["0.1", "0.25", "0.5"]), taps=rng.randrange(3, 8), level=rng.choice(["0.5", "0.9"]),
        decay=rng.choice(["4.0", "10.0"]), width=rng.choice([16, 24, 32]), inputs=rng.randrange(2, 9),
        classes=rng.randrange(3, 20), period=period, phase=rng.randrange(period), layers=rng.randrange(1, 4),
        keys=rng.choice([8, 16]), weight=rng.choice(["0.1", "0.5"]), a=names[0], b=names[1], c=names[2], d=names[3])
    texts = [cell.format(n=name, **values) for cell, name in zip(CELLS, names)]
    return "\n".join(texts + [MODEL.format(n=number, **values)])


def program(lines, seed):
    rng = random.Random(seed)
    text, number = "rondo 1\n", 0
    while True:
        more = text + "\n" + group(number, rng)
        if more.count("\n") > lines:
            break
        text, number = more, number + 1
    return text + "# the end\n" * (lines - text.count("\n"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lines", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(program(options.lines, options.seed), end="")


if __name__ == "__main__":
    main()
