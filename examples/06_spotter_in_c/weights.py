#!/usr/bin/env python3
"""weights.py FILE.safetensors: parameters of the spotter, made by hand instead of learnt.

Nothing here is found by training: every number follows from what its unit is to do. Needs no module but Python's own.
"""
import json
import math
import struct
import sys

RATE, HOP, BANDS, HIDDEN = 16000, 160, 8, 4
FREQUENCIES = [400, 600, 800, 1100, 1500, 2000, 2700, 3600]  # of the bands, in Hz
LOW, HIGH = FREQUENCIES.index(800), FREQUENCIES.index(1500)

# The units of the GRU.
low, high, was_low, recent = range(HIDDEN)
RESET, KEEP, NEW = 0, HIDDEN, 2 * HIDDEN  # where the rows of the gates begin in W and b; those of U have no NEW


def zeros(*shape):
    return [0.0] * shape[0] if len(shape) == 1 else [zeros(*shape[1:]) for _ in range(shape[0])]


# Sums over three hops with a Hann window: cosines of all bands, then sines.
length = 3 * HOP
hann = [0.5 - 0.5 * math.cos(2 * math.pi * (n + 0.5) / length) for n in range(length)]
fourier = [[hann[n] * wave(2 * math.pi * f * n / RATE) for n in range(length)]
           for wave in (math.cos, math.sin) for f in FREQUENCIES]

# A GRU: h' = (1 - z) * c + z * h with z = sigmoid(Wz x + Uz h + bz), c = tanh(Wn x + b + r * (Un h + bn)). The reset
# gates stay open: r = 1.
W, b = zeros(3 * HIDDEN, BANDS), zeros(3 * HIDDEN)
U, Un, bn = zeros(2 * HIDDEN, HIDDEN), zeros(HIDDEN, HIDDEN), zeros(HIDDEN)
for unit in range(HIDDEN):
    b[RESET + unit] = 20

# `low` and `high` average over some ten hops (z = 0.9) whether their band stands out, by a factor of e^3 in energy:
# from the other tone's band above all, so that both at once are neither, and from the rest.
for unit, band, other in ((low, LOW, HIGH), (high, HIGH, LOW)):
    for k in range(BANDS):
        W[NEW + unit][k] = 1.5 * (1 if k == band else -0.8 if k == other else -0.2 / (BANDS - 2))
    b[NEW + unit] = 1.5 * -3
    b[KEEP + unit] = math.log(0.9 / 0.1)

# `was_low` tells whether `low` was over 0.5 at the hop before, with a sharp edge and no memory (z = 0).
b[KEEP + was_low] = -20
Un[was_low][low] = 20
bn[was_low] = -10

# `recent` becomes 1 at once where that is so, and then falls slowly towards -1 (z = 0.99): it is above 0 for half a
# second.
b[KEEP + recent] = 0.6
U[KEEP + recent][was_low] = -4
Un[recent][was_low] = 4

# Heard is what is high now and was low recently: the sum of the two is over 1.
score = zeros(1, HIDDEN)
score[0][high] = score[0][recent] = 6.0

tensors = {"re.W": fourier, "re.b": zeros(2 * BANDS), "h.W": W, "h.U": U, "h.Un": Un, "h.b": b, "h.bn": bn,
           "score.W": score, "score.b": [-6.0]}


def write(path):
    """A safetensors file: the header's length, the header as JSON, all numbers as float32."""
    header, data = {}, b""
    for name, values in sorted(tensors.items()):
        shape = [len(values)]
        if isinstance(values[0], list):
            shape.append(len(values[0]))
            values = [x for row in values for x in row]
        packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if len(sys.argv) != 2:
    sys.exit("usage: weights.py FILE.safetensors")
write(sys.argv[1])
