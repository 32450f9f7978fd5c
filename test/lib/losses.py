# RUN: %python %s %tools
# Losses and activations against NumPy, far out too: nothing overflows.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import near, normal, run, softmax

x = np.concatenate([normal(20), [0.0, 1.0, -1.0, 40.0, -40.0, 800.0, -800.0, 0.5]])


def elementwise(recipe, want):
    text = f"model m {{\n  input x : real on step\n  output y = {recipe}(x)\n}}\n"
    near(recipe, run(text, {"x": x})["y"], want)


with np.errstate(over="ignore"):
    elementwise("softplus", np.logaddexp(0, x))
    elementwise("leaky_relu(0.1)", np.where(x > 0, x, 0.1 * x))
    elementwise("elu(2.0)", np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0))))
    elementwise("silu", x / (1 + np.exp(-x)))
    elementwise("gelu", 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
    elementwise("hard_sigmoid()", np.clip(0.2 * x + 0.5, 0, 1))
    elementwise("hard_gate", (x > 0.5) * 1.0)

K = 5
logits = normal(9, K)
logits[6] = [900, -900, 0, 1, 2]
logits[7] = -1e4
labels = np.array([0, 1, 2, 3, 4, 0, 1, 2, 4])
scores = logits - np.max(logits, axis=1, keepdims=True)
scores = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
picked = scores[np.arange(9), labels]


def classes(loss, want):
    text = f"""model m {{
  input x : real[{K}]  on step
  input y : token({K}) on step
  output l = {loss}
}}
"""
    near(loss, run(text, {"x": logits, "y": labels})["l"], want)


classes("cross_entropy(x, y)", -picked)
classes("smooth_cross_entropy(x, y, 0.2)", -0.8 * picked - 0.2 * scores.mean(axis=1))
classes("smooth_cross_entropy(x, y)", -0.9 * picked - 0.1 * scores.mean(axis=1))
classes("probability(x, y)", softmax(logits)[np.arange(9), labels])
classes("accuracy(x, y)", (np.argmax(logits, axis=1) == labels) * 1.0)

a, b = normal(6, 4), normal(6, 4)
a[2, 1], b[3, 2] = 30, -50
e = a - b


def pair(loss, want):
    text = f"model m {{\n  input a : real[4] on step\n  input b : real[4] on step\n  output l = {loss}\n}}\n"
    near(loss, run(text, {"a": a, "b": b})["l"], want)


def huber(delta):
    return np.where(np.abs(e) <= delta, e * e / 2, delta * (np.abs(e) - delta / 2)).mean(axis=1)


pair("mse(a, b)", (e * e).mean(axis=1))
pair("mae(a, b)", np.abs(e).mean(axis=1))
pair("huber(a, b)", huber(1.0))
pair("huber(a, b, 0.3)", huber(0.3))
pair("quantile(a, b, 0.9)", np.maximum(0.9 * (b - a), -0.1 * (b - a)).mean(axis=1))
pair("gaussian_nll(a, a * b, b)", 0.5 * (a * b + e * e * np.exp(-a * b) + np.log(2 * np.pi)).mean(axis=1))
pair("l1(a) + l2(b)", np.abs(a).sum(axis=1) + (b * b).sum(axis=1))
pair("mse(a[0], b[0])", e[:, 0] ** 2)
pair("mse(reshape(a, [2, 2]), reshape(b, [2, 2]))", (e * e).mean(axis=1))
pair("bce(40 * a[0], b[0] > 0.0)", np.logaddexp(0, np.where(b[:, 0] > 0, -40 * a[:, 0], 40 * a[:, 0])))
