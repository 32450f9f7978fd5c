"""For the tests of the library: runs a program on given inputs and parameters, and compares with NumPy."""
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

TYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "BOOL": np.bool_}
tools = sys.argv[1]
rng = np.random.default_rng(7)


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, value in tensors.items():
        value = np.ascontiguousarray(value, dtype=np.float64)
        header[name] = {"dtype": "F64", "shape": list(value.shape), "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_tensors(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(size)), file.read()
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items() if name != "__metadata__"
    }


def run(text, inputs, params=None, options=()):
    """The outputs, by name, of the one model in `text` in double precision, by the interpreter; compiled code must come
    near. `inputs`: an array a tick of each, of one sample."""
    with tempfile.TemporaryDirectory() as work:
        path = lambda name: os.path.join(work, name)
        with open(path("model.rondo"), "w") as file:
            file.write(text)
        command = [os.path.join(tools, "rondo"), "run", path("model.rondo"), "--batch", "1"]
        for name, value in inputs.items():
            np.save(path(name + ".npy"), np.asarray(value))
            command += ["--input", f"{name}={path(name + '.npy')}"]
        if params is not None:
            write_tensors(path("params.safetensors"), params)
            command += ["--params", path("params.safetensors")]
        results = []
        for kind in ("--fp64", "--json"):
            saved = path(f"out{kind}.safetensors")
            done = subprocess.run(command + [kind, "--save", saved, *options], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{done.stderr}\nin\n{text}")
            results.append(read_tensors(saved))
        exact, compiled = results
        if sorted(exact) != sorted(compiled):
            sys.exit(f"compiled: {sorted(compiled)}, not {sorted(exact)}, in\n{text}")
        for name, value in exact.items():
            near(f"compiled, {name} in\n{text}", compiled[name], value, 1e-4)
        return exact


def near(name, got, want, tolerance=1e-12):
    want = np.asarray(want, dtype=np.float64)
    got = np.asarray(got, dtype=np.float64).reshape(want.shape)
    error = np.max(np.abs(got - want) / (1 + np.abs(want)), initial=0)
    if not error <= tolerance:  # also for NaN
        sys.exit(f"{name}: differs by {error}\ngot\n{got}\nwant\n{want}")
    print(f"{name}: fine")


def normal(*shape):
    return rng.standard_normal(shape) * 0.7


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
