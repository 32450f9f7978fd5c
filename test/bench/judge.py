"""RUN: %python %s %root/bench
The judge of the benchmarks takes right gradients, which stand here as formulas of an Elman layer, and no others."""
import os
import sys
import tempfile

import numpy

sys.path.insert(0, sys.argv[1])
import environment  # noqa: E402
import measure  # noqa: E402
from cases import Case  # noqa: E402
from process import Missing  # noqa: E402

environment.WORK = tempfile.mkdtemp()
CASE = Case("rnn", hidden=5, batch=3, inputs=4, steps=7, train=True)


def gradients():
    """The output, and the gradients of the input and of all parameters, in the order of their paths."""
    p, dy = {name: array.astype(float) for name, array in CASE.arrays().items()}, CASE.output_gradients()
    x, w, u, b = (p[name] for name in ("x", "y.W", "y.U", "y.b"))
    h = [numpy.zeros([CASE.batch, CASE.hidden])]
    for row in x:
        h.append(numpy.tanh(row @ w.T + h[-1] @ u.T + b))
    found = {name: numpy.zeros_like(array) for name, array in p.items()}
    dh = 0
    for t in reversed(range(CASE.steps)):
        dz = (dy[t] + dh) * (1 - h[t + 1] ** 2)
        dh = dz @ u
        found["x"][t] = dz @ w
        found["y.W"] += dz.T @ x[t]
        found["y.U"] += dz.T @ h[t]
        found["y.b"] += dz.sum(0)
    return {"y": numpy.stack(h[1:]), **found}


class Participant:
    """Gives such values."""

    def __init__(self, arrays):
        self.arrays = arrays

    def values(self, path):
        flat = [array.ravel() if name in ("x", "y") else numpy.pad(array.ravel(), (0, -array.size % 16))
                for name, array in self.arrays.items()]
        numpy.concatenate(flat).astype(numpy.float32).tofile(path)


def complaint(judge, arrays):
    try:
        judge.check(Participant(arrays))
    except Missing as missing:
        return str(missing)
    return ""


right = gradients()
assert complaint(measure.Judge(CASE), right) == ""
for name in right:
    what = "its values differ" if name == "y" else f"its gradient of {name} differs"
    # Alone, by its slope; and beside a right one, where a single number can be told.
    wrong = {**right, name: right[name] * 1.01}
    assert what in complaint(measure.Judge(CASE), wrong), name
    judge = measure.Judge(CASE)
    judge.check(Participant(right))
    wrong[name] = right[name].copy()
    wrong[name].flat[0] += 0.01 * numpy.abs(wrong[name]).max()
    assert what in complaint(judge, wrong), name
    wrong[name].flat[0] = numpy.nan
    assert what in complaint(judge, wrong), name
assert "another shape" in complaint(measure.Judge(CASE), {"y": right["y"]})
assert os.path.exists(os.path.join(environment.WORK, "case", "dy.f32"))
