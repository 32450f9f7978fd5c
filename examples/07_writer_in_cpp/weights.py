#!/usr/bin/env python3
"""weights.py TEXT.txt FILE.safetensors: parameters with which the writer writes as the text does.

Nothing here is found by training: the network is made to be a table of counts. What may follow a character, two, three
and four of them is counted in the text; where the text knows no longer context, a shorter one decides. Needs no module
but Python's own.
"""
import array
import collections
import json
import math
import struct
import sys

LETTERS, MEMORY, UNITS = 96, 4, 1280
NEVER = -30.0  # the logarithm of nothing


def zeros(rows, columns):
    return [array.array("f", bytes(4 * columns)) for _ in range(rows)]


def encode(text):
    """As `rondo` does: space to ~ are 0 to 94, the end of a line is 95."""
    tokens = [95 if c == "\n" else ord(c) - 32 for c in text]
    if not tokens or min(tokens) < 0 or max(tokens) > 95:
        sys.exit("weights.py: the text must be ASCII, and not empty")
    return tokens


def count(tokens):
    """For each context, a tuple of up to MEMORY tokens, the logarithms of how likely each token is behind it."""
    counts = collections.defaultdict(collections.Counter)
    around = tokens[-1:] + tokens  # behind its last line the text begins again
    for at in range(1, len(around)):
        for length in range(min(MEMORY, at) + 1):
            counts[tuple(around[at - length:at])][around[at]] += 1
    table = {}
    for context, following in counts.items():
        total = sum(following.values())
        table[context] = [math.log(following[t] / total) if following[t] else NEVER for t in range(LETTERS)]
    return table


def build(tokens):
    # A shift register: the first 96 units say which character is read, each next 96 what those before said a step ago.
    # They are 0 or 1, and stay so under relu.
    size = LETTERS * MEMORY
    W, U = zeros(size, LETTERS), zeros(size, size)
    for t in range(LETTERS):
        W[t][t] = 1
    for unit in range(LETTERS, size):
        U[unit][unit - LETTERS] = 1

    # A unit for each context is 1 if all of its characters are there, else 0. Its vote is what it knows better than the
    # context that is shorter by one, which votes too: together they say what the longest one knows.
    table = count(tokens)
    contexts = sorted(context for context in table if context)
    if len(contexts) > UNITS:
        sys.exit(f"weights.py: the text has {len(contexts)} contexts; the model and this file have units for {UNITS}")
    known, bias, votes = zeros(UNITS, size), [0.0] * UNITS, zeros(LETTERS, UNITS)
    for unit, context in enumerate(contexts):
        for back, t in enumerate(reversed(context)):
            known[unit][LETTERS * back + t] = 1
        bias[unit] = 1 - len(context)
        for t in range(LETTERS):
            votes[t][unit] = table[context][t] - table[context[1:]][t]
    return {"h.W": W, "h.U": U, "h.b": [0.0] * size, "known.W": known, "known.b": bias, "logits.W": votes,
            "logits.b": table[()]}


def write(tensors, path):
    """A safetensors file: the header's length, the header as JSON, all numbers as float32."""
    header, data = {}, b""
    for name, values in sorted(tensors.items()):
        shape = [len(values)]
        if isinstance(values[0], array.array):
            shape.append(len(values[0]))
            packed = b"".join(row.tobytes() for row in values)
        else:
            packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if len(sys.argv) != 3:
    sys.exit("usage: weights.py TEXT.txt FILE.safetensors")
with open(sys.argv[1], encoding="ascii") as file:
    write(build(encode(file.read())), sys.argv[2])
