# RUN: %python %s %tools
# ONNX's and Keras's recurrent operators, written in NumPy from their definitions, against the library's cells with
# weights that `rondo convert` carried over: gate orders, two biases, both reset variants of the GRU, both directions.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from rondo import *

rng = np.random.default_rng(2)
n, H = 3, 4
x = [rng.standard_normal((t, n)) for t in (6, 1, 0, 9)]


def onnx(op, X, W, R, B, linear_before_reset=0):
    """One direction of ONNX's RNN, LSTM or GRU. Rows of W and R: LSTM i, o, f, c; GRU z, r, h. B is [Wb; Rb]."""
    Wb, Rb = np.split(B, 2)
    h, c, out = np.zeros(H), np.zeros(H), []
    for row in X:
        a = W @ row + Wb
        if op == "rnn":
            h = np.tanh(a + R @ h + Rb)
        elif op == "lstm":
            i, o, f, g = np.split(a + R @ h + Rb, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            (az, ar, ah), (Rz, Rr, Rh), (bz, br, bh) = np.split(a, 3), np.split(R, 3), np.split(Rb, 3)
            z, r = sigmoid(az + Rz @ h + bz), sigmoid(ar + Rr @ h + br)
            g = np.tanh(ah + (r * (Rh @ h + bh) if linear_before_reset else Rh @ (r * h) + bh))
            h = (1 - z) * g + z * h
        out.append(h)
    return np.array(out).reshape(len(X), H)


def keras(op, X, kernel, recurrent, bias, reset_after=True):
    """A layer of Keras: row vectors, columns in the order i, f, c, o (LSTM) or z, r, h (GRU)."""
    h, c, out = np.zeros(H), np.zeros(H), []
    for row in X:
        if op == "rnn":
            h = np.tanh(row @ kernel + h @ recurrent + bias)
        elif op == "lstm":
            i, f, g, o = np.split(row @ kernel + h @ recurrent + bias, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            into, back = bias if reset_after else (bias, np.zeros(3 * H))
            xz, xr, xh = np.split(row @ kernel + into, 3)
            Uz, Ur, Uh = np.split(recurrent, 3, axis=1)
            bz, br, bh = np.split(back, 3)
            z, r = sigmoid(xz + h @ Uz + bz), sigmoid(xr + h @ Ur + br)
            g = np.tanh(xh + (r * (h @ Uh + bh) if reset_after else (r * h) @ Uh))
            h = z * h + (1 - z) * g
        out.append(h)
    return np.array(out).reshape(len(X), H)


def convert(options, tensors):
    with tempfile.TemporaryDirectory() as work:
        source, target = os.path.join(work, "in.safetensors"), os.path.join(work, "out.safetensors")
        write_safetensors(source, tensors)
        call(["convert", *options, source, target])
        return read_safetensors(target)


def compare(name, kind, recipe, layout, tensors, reference, options, both):
    cell = f"bidirectional({recipe})" if both else recipe
    text = f"model m {{\n  input x : real[{n}] on step\n  enc = {cell}\n  output y = enc(x)\n}}\n"
    there = convert(["--from", layout, "--to", "rondo", "--map", f"{kind}:enc=net", *options], tensors)
    got = run(text, {"x": x}, there).out["y"]
    check(name, got, [reference(rows) for rows in x])
    back = convert(["--from", "rondo", "--to", layout, "--map", f"{kind}:net=enc", *options], there)
    expect(f"{name}, names and shapes back", {k: v.shape for k, v in back.items()} == {k: v.shape for k, v in tensors.items()})
    again = convert(["--from", layout, "--to", "rondo", "--map", f"{kind}:enc=net", *options], back)
    expect(f"{name}, bits of a round trip", all(again[k].tobytes() == there[k].tobytes() for k in there))


def two_ways(forward, backward, both):
    return (lambda rows: np.concatenate([forward(rows), backward(rows[::-1])[::-1]], axis=1)) if both else forward


for kind, gates, before in (("rnn", 1, False), ("lstm", 4, False), ("gru", 3, False), ("gru", 3, True)):
    recipe = f"{kind}({H})" if not before else f"gru({H}, reset_before = true)"
    options = ["--reset-before"] if before else []
    for both in (False, True):
        directions = 2 if both else 1
        label = f"{recipe}{', both directions' if both else ''}"
        W = rng.standard_normal((directions, gates * H, n)) * 0.7
        R = rng.standard_normal((directions, gates * H, H)) * 0.7
        B = rng.standard_normal((directions, 2 * gates * H)) * 0.7
        ways = [lambda rows, d=d: onnx(kind, rows, W[d], R[d], B[d], 0 if before else 1) for d in range(directions)]
        attempt(label, compare, f"ONNX {label}", kind, recipe, "onnx", {"net.W": W, "net.R": R, "net.B": B},
                two_ways(ways[0], ways[-1], both), options, both)

        layers = ("forward_layer.", "backward_layer.") if both else ("",)
        shape = (2, 3 * H) if kind == "gru" and not before else (gates * H,)
        values = [{"kernel": rng.standard_normal((n, gates * H)) * 0.7, "recurrent_kernel": rng.standard_normal((H, gates * H)) * 0.7,
                   "bias": rng.standard_normal(shape) * 0.7} for _ in layers]
        tensors = {f"net.{layer}{part}": value for layer, v in zip(layers, values) for part, value in v.items()}
        ways = [lambda rows, v=v: keras(kind, rows, v["kernel"], v["recurrent_kernel"], v["bias"], not before) for v in values]
        attempt(label, compare, f"Keras {label}", kind, recipe, "keras", tensors, two_ways(ways[0], ways[-1], both), options, both)
finish()
