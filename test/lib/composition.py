# RUN: %python %s %tools
# stack, bidirectional, residual, window, normalisation, and what dropout does while training.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import near, normal, run

T, n, H = 6, 3, 4
x = normal(T, n)


def model(body):
    return f"model m {{\n  input x : real[{n}] on step\n{body}\n}}\n"


def rnn(p, prefix, values):
    h, out = np.zeros(len(p[prefix + "b"])), []
    for v in values:
        h = np.tanh(p[prefix + "W"] @ v + p[prefix + "U"] @ h + p[prefix + "b"])
        out.append(h)
    return np.array(out)


def params(prefix, inputs, size=H):
    return {prefix + "W": normal(size, inputs), prefix + "U": normal(size, size), prefix + "b": normal(size)}


p = {**params("y.layer.0.", n), **params("y.layer.1.", H), **params("y.layer.2.inner.", H)}
want = rnn(p, "y.layer.1.", rnn(p, "y.layer.0.", x))
want = want + rnn(p, "y.layer.2.inner.", want)
text = model(f"  output y = stack([rnn({H}), rnn({H}), residual(rnn({H}))], drop = 0.3)(x)")
near("stack, residual", run(text, {"x": x}, p)["y"], want)

p = {**params("y.forward.", n), **params("y.backward.", n)}
want = np.concatenate([rnn(p, "y.forward.", x), rnn(p, "y.backward.", x[::-1])[::-1]], axis=1)
near("bidirectional", run(model(f"  output y = bidirectional(rnn({H}))(x)"), {"x": x}, p)["y"], want)

# An instance is shared: one set of weights in both directions.
p = params("core.", n)
want = np.concatenate([rnn(p, "core.", x), rnn(p, "core.", x[::-1])[::-1]], axis=1)
near("bidirectional of an instance", run(model(f"  core = rnn({H})\n  output y = bidirectional(core)(x)"), {"x": x}, p)["y"], want)

padded = np.concatenate([np.zeros((2, n)), x])
near("window", run(model("  output y = window(3)(x)"), {"x": x})["y"], [padded[t:t + 3].reshape(-1) for t in range(T)])
near("window of scalars", run(model("  output y = window(2)(x[0])"), {"x": x})["y"], [padded[t + 1:t + 3, 0] for t in range(T)])

p = {"a.gain": normal(n), "a.bias": normal(n), "b.gain": normal(n)}
got = run(model("  output a = layer_norm()(x)\n  output b = rms_norm()(x)"), {"x": x}, p)
d = x - x.mean(axis=1, keepdims=True)
near("layer_norm", got["a"], d / np.sqrt((d * d).mean(axis=1, keepdims=True) + 1e-5) * p["a.gain"] + p["a.bias"])
near("rms_norm", got["b"], x / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-6) * p["b.gain"])

# While training: what stays is scaled, the mask is new each tick (dropout) or one a sequence (variational_dropout).
ones = np.ones((400, n))
body = "  output a = dropout(0.25)(x)\n  output b = variational_dropout(0.5)(x)\n  output c = dropout(0)(x)\n  output d = dropout(1)(x)"
got = run(model(body), {"x": ones}, options=["--training"])
assert set(np.unique(got["a"])) == {0.0, 1 / 0.75}, np.unique(got["a"])
assert abs(got["a"].mean() - 1) < 0.06, got["a"].mean()
assert set(np.unique(got["b"])) <= {0.0, 2.0} and (got["b"] == got["b"][0]).all()
assert len(np.unique(got["a"], axis=0)) > 2
near("dropout(0)", got["c"], ones)
near("dropout(1)", got["d"], 0 * ones)
got = run(model(body), {"x": ones})
for name in "abcd":
    near(f"{name}, not training", got[name], ones)
