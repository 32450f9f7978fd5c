"""For the oracle tests: runs the text of a model on given inputs and parameters through the `rondo` tool in double
precision, and compares what comes back with arrays computed here.

A stream is a list with one array a sample; the first axis of each is the tick. Failures are collected, so that one run of
a test shows all of them; `finish` ends the test."""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

import numpy as np

TOOLS = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("RONDO_TOOLS", "build/bin")
RONDO = os.path.join(TOOLS, "rondo")
DTYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32, "BOOL": np.bool_, "U8": np.uint8}
CODES = {np.dtype(dtype): code for code, dtype in DTYPES.items()}


# ---- Safetensors: eight bytes of length, a JSON header, the data.

def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, value in tensors.items():
        value = np.asarray(value, order="C")
        span = [len(data), len(data) + value.nbytes]
        header[name] = {"dtype": CODES[value.dtype], "shape": list(value.shape), "data_offsets": span}
        data += value.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    with open(path, "rb") as file:
        header, data = json.loads(file.read(struct.unpack("<Q", file.read(8))[0])), file.read()
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], DTYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


# ---- Running.

class Failed(Exception):
    """The tool said no; the text is what it printed."""


def call(arguments, code=0):
    done = subprocess.run([RONDO] + [str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode != code:
        raise Failed(f"rondo {' '.join(map(str, arguments))} exits with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


class Result:
    """`out[name]`, `ticks[name]`: an array a sample; `loss[name]`: a number; `shapes[path]`: of the parameters; `count`."""

    def __init__(self, described):
        self.json = described
        self.shapes = {path: tuple(shape) for path, shape in described["parameters"]["shapes"].items()}
        self.count = described["parameters"]["count"]
        self.out = {name: [np.array(rows, dtype=np.float64) for rows in entry["rows"]]
                    for name, entry in described["outputs"].items()}
        self.ticks = {name: entry["ticks"] for name, entry in described["outputs"].items()}
        self.loss = {name: float(entry["value"]) for name, entry in described.get("losses", {}).items()}


def chains(text):
    """{input: [clock, segment, ..]} as declared; a chain may be declared by one input only."""
    found = {name: re.split(r"\s+in\s+", chain.strip()) for name, chain in
             re.findall(r"^\s*input\s+(\w+)\s*:[^\n]*?\bon\s+(\w+(?:\s+in\s+\w+)*)", text, re.M)}
    longest = {}
    for chain in found.values():
        if len(chain) > len(longest.get(chain[0], [])):
            longest[chain[0]] = chain
    return found, longest


def flatten(nested, levels):
    """Lists of lists cut off `levels` deep, as one list."""
    for _ in range(levels):
        nested = [item for part in nested for item in part]
    return nested


def count(nested, levels):
    """How many ticks (the innermost numbers added), or lists `levels` deep."""
    if levels == 0:
        return nested if isinstance(nested, int) else len(nested)
    return sum(count(part, levels - 1) for part in nested)


def offsets(lengths):
    return np.concatenate([[0], np.cumsum(np.array(lengths, dtype=np.int64))]).astype(np.int64)


def pack(text, inputs, segments):
    """The tensors of an input file. `segments[base]`: for each sample the lengths of its segments, nested as declared:
    [[2, 0, 3], [1]] are two samples of `word in sentence`."""
    declared, longest = chains(text)
    tensors = {}
    for name, samples in inputs.items():
        samples = [np.asarray(s) for s in samples]
        if declared[name][0] == "sample":
            data = np.stack(samples)
        else:
            shape = max((s.shape[1:] for s in samples if s.size), key=len, default=samples[0].shape[1:])
            data = np.concatenate([s.reshape((len(s),) + shape) for s in samples])
            base = declared[name][0]
            if not any(base in chain for chain in longest.values() if len(chain) > 1):
                tensors[base + ".offsets"] = offsets([len(s) for s in samples])
        kinds = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}
        tensors[name] = data.astype(kinds[data.dtype.kind])
    for base, nested in segments.items():
        chain = longest[base]
        for level, axis in enumerate(chain):
            # The lengths, in ticks of `axis`, of each part one level up (the whole sample for the last axis).
            depth = len(chain) - 1 - level
            parts = flatten(nested, depth)
            tensors[axis + ".offsets"] = offsets([p if level == 0 else len(p) for p in parts])
    return tensors


def run(text, inputs=None, params=None, segments=None, options=(), inputs_file=True, fp64=True):
    with tempfile.TemporaryDirectory() as work:
        model = os.path.join(work, "model.rondo")
        with open(model, "w") as file:
            file.write(text)
        arguments = ["run", *(["--fp64"] if fp64 else []), "--json", model, *options]
        if inputs:
            path = os.path.join(work, "inputs.safetensors")
            write_safetensors(path, pack(text, inputs, segments or {}))
            arguments += ["--input", path]
        if params is not None:
            path = os.path.join(work, "params.safetensors")
            write_safetensors(path, {name: np.asarray(value, dtype=np.float64) for name, value in params.items()})
            arguments += ["--params", path]
        try:
            return Result(json.loads(call(arguments)))
        except Failed as failure:
            raise Failed(f"{failure}\nin\n{text}") from None


def generate(text, params, options=(), inputs=None):
    """The lists of rows that `rondo generate` prints, best first, as (rows, score)."""
    with tempfile.TemporaryDirectory() as work:
        model, path = os.path.join(work, "model.rondo"), os.path.join(work, "params.safetensors")
        with open(model, "w") as file:
            file.write(text)
        write_safetensors(path, {name: np.asarray(value, dtype=np.float64) for name, value in params.items()})
        arguments = ["generate", "--fp64", "--json", model, "--params", path, *options]
        if inputs:
            file = os.path.join(work, "inputs.safetensors")
            write_safetensors(file, pack(text, inputs, {}))
            arguments += ["--input", file]
        return json.loads(call(arguments))


def parameters(text, rng, scale=0.7, options=()):
    """Parameters for every path of a model, drawn here."""
    shapes = run(text, options=("--batch", "1", "--length", "1", *options)).shapes
    return {name: scale * rng.standard_normal(shape) for name, shape in sorted(shapes.items())}


# ---- Comparing.

failures = []
compared = 0


def check(name, got, want, tolerance=1e-12):
    """Both are arrays, numbers, or lists of these, one a sample."""
    global compared
    if isinstance(want, list) and isinstance(got, list):
        if len(got) != len(want):
            return fail(name, f"{len(got)} samples instead of {len(want)}")
        for number, (g, w) in enumerate(zip(got, want)):
            check(f"{name}, sample {number}", g, w, tolerance)
        return
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    compared += want.size
    if got.size == 0 and want.size == 0:
        return
    if got.shape != want.shape:
        return fail(name, f"shape {got.shape} instead of {want.shape}")
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    with np.errstate(invalid="ignore"):
        error = np.where(same, 0, np.abs(got - want) / (1 + np.abs(want)))
    if not np.max(error) <= tolerance:
        at = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
        fail(name, f"differs by {np.max(error):.3g}, most at {tuple(int(i) for i in at)}: {got[at]!r} instead of {want[at]!r}")


def expect(name, condition):
    global compared
    compared += 1
    if not condition:
        fail(name, "does not hold")


def fail(name, what):
    failures.append(name)
    print(f"FAILED {name}: {what}", file=sys.stderr)


def attempt(name, function, *arguments):
    """Runs one part of a test, so that the others run when it fails."""
    try:
        return function(*arguments)
    except Failed as failure:
        fail(name, str(failure))


def finish():
    print(f"{compared} values compared, {len(failures)} failures")
    sys.exit(1 if failures or not compared else 0)


# ---- Formulas.

def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True)) if np.size(x) else np.zeros_like(x)
    return e / e.sum(axis=-1, keepdims=True) if np.size(x) else e


def log_softmax(x):
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def rnn_step(p, x, h, act=np.tanh):
    """`p`: the parameters of the library's cell; `at` picks them out of a model's."""
    return act(p["W"] @ x + p["U"] @ h + p["b"])


def lstm_step(p, x, h, c):
    i, f, g, o = np.split(p["W"] @ x + p["U"] @ h + p["b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(p, x, h, reset_before=False):
    wr, wz, wn = np.split(p["W"] @ x + p["b"], 3)
    ur, uz = np.split(p["U"] @ h, 2)
    r, z = sigmoid(wr + ur), sigmoid(wz + uz)
    n = np.tanh(wn + (p["Un"] @ (r * h) + p["bn"] if reset_before else r * (p["Un"] @ h + p["bn"])))
    return (1 - z) * n + z * h


def at(params, path):
    return {name[len(path) + 1:]: value for name, value in params.items() if name.startswith(path + ".")}
