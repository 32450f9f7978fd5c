"""What the cases compute, in double precision, slow and obvious: every participant is held against it."""
import numpy


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def normed(x, gain, bias):
    d = x - x.mean(-1, keepdims=True)
    return d / numpy.sqrt((d * d).mean(-1, keepdims=True) + 1e-5) * gain + bias


def rnn(p, x, state):
    h, = state
    return [numpy.tanh(x @ p["W"].T + h @ p["U"].T + p["b"])]


def lstm(p, x, state):
    h, c = state
    i, f, g, o = numpy.split(x @ p["W"].T + h @ p["U"].T + p["b"], 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(g)
    return [sigmoid(o) * numpy.tanh(c), c]


def gru(p, x, state):
    h, = state
    wr, wz, wn = numpy.split(x @ p["W"].T + p["b"], 3, axis=1)
    ur, uz = numpy.split(h @ p["U"].T, 2, axis=1)
    z = sigmoid(wz + uz)
    return [(1 - z) * numpy.tanh(wn + sigmoid(wr + ur) * (h @ p["Un"].T + p["bn"])) + z * h]


def highway(p, x, state):
    h, c = state
    i, f, g, o = numpy.split(x @ p["W"].T + h @ p["U"].T + p["b"], 4, axis=1)
    keep, write = sigmoid(f), sigmoid(o)
    c = keep * c + (1 - keep) * sigmoid(i) * numpy.tanh(g)
    return [write * numpy.tanh(c) + (1 - write) * h, c]


def layer_norm_lstm(p, x, state):
    h, c = state
    sums = (normed(x @ p["W"].T, p["norm_x.gain"], p["norm_x.bias"]) +
            normed(h @ p["U"].T, p["norm_h.gain"], p["norm_h.bias"]))
    i, f, g, o = numpy.split(sums, 4, axis=1)
    c = sigmoid(f + 1) * c + sigmoid(i) * numpy.tanh(g)
    return [sigmoid(o) * numpy.tanh(normed(c, p["norm_c.gain"], p["norm_c.bias"])), c]


# A cell's step, and how many states it has.
CELLS = {"rnn": (rnn, 1), "lstm": (lstm, 2), "gru": (gru, 1), "highway": (highway, 2),
         "layer_norm_lstm": (layer_norm_lstm, 2)}


def layer(cell, p, x):
    step, states = CELLS[cell]
    state = [numpy.zeros([x.shape[1], p["U"].shape[1]])] * states
    outputs = []
    for row in x:
        state = step(p, row, state)
        outputs.append(state[0])
    return numpy.stack(outputs)


def clockwork(modules, out, x):
    n = modules[0]["U"].shape[0]
    h = [numpy.zeros([x.shape[1], n]) for _ in modules]
    outputs = []
    for t, row in enumerate(x):
        h = [h[k] if t % 2 ** k else rnn(p, numpy.concatenate([row, *h[k + 1:]], axis=1), [h[k]])[0]
             for k, p in enumerate(modules)]
        outputs.append(numpy.concatenate(h, axis=1))
    return numpy.stack(outputs) @ out["W"].T + out["b"]


def slopes(case, arrays, output_gradients):
    """For each array how fast the sum of output_gradients * y changes when all its numbers do, each by as much, half of
    them up and half of them down: these signs, and the change, by central differences."""
    random, found, step = numpy.random.default_rng(2), {}, 1e-5
    samples = list(range(case.batch))
    arrays = {name: array.astype(float) for name, array in arrays.items()}
    for name, array in arrays.items():
        signs = random.choice([-1.0, 1.0], array.shape)
        above, below = (numpy.sum(output_gradients * outputs(case, {**arrays, name: array + d * signs}, samples))
                        for d in (step, -step))
        found[name] = signs, (above - below) / (2 * step)
    return found


def outputs(case, arrays, samples):
    """The outputs [steps, samples, width] of some samples of the batch."""
    arrays = {name: array.astype(float) for name, array in arrays.items()}
    x = arrays["x"][:, samples]
    parts = [{name[len(path) + 1:]: array for name, array in arrays.items() if name.startswith(path + ".")}
             for path in case.paths()]
    if case.cell == "clockwork":
        return clockwork(parts, {"W": arrays["y.W"], "b": arrays["y.b"]}, x)
    if case.directions == 2:
        forward, backward = parts
        return numpy.concatenate([layer(case.cell, forward, x), layer(case.cell, backward, x[::-1])[::-1]], axis=2)
    for p in parts:
        x = layer(case.cell, p, x)
    return x
