"""For the oracles of gradients: builds the text of a model with `--gradients` and calls MODEL_backward."""
import ctypes
import os
import sys
import tempfile

if "RONDO_PRELOAD" in os.environ:  # of libraries with sanitizers; the tools that are run here have them by themselves
    if "LD_PRELOAD" not in os.environ:
        options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        os.environ.update(LD_PRELOAD=os.environ["RONDO_PRELOAD"], ASAN_OPTIONS=options)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    del os.environ["LD_PRELOAD"], os.environ["RONDO_PRELOAD"]

import json
import numpy as np
from rondo import Failed, call, check, expect, pack

TYPES = {"f32": np.float32, "i64": np.int64, "bool": np.uint8, "token": np.int32}


def aligned(size):
    """Bytes at a multiple of 64, and the array that keeps them."""
    memory = np.zeros(max(int(size), 1) + 64, np.uint8)
    begin = -memory.ctypes.data % 64
    return memory[begin:begin + max(int(size), 1)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("message", ctypes.c_char * 252)]


class Gradients:
    """`out[name]`, `loss[name]`; `d[name]`: the gradient to an input, all samples' rows one behind the other, or to a
    parameter."""


class Compiled:
    def __init__(self, text, options=()):
        self.text = text
        with tempfile.TemporaryDirectory() as work:
            model = os.path.join(work, "model.rondo")
            with open(model, "w") as file:
                file.write(text)
            self.manifest = json.loads(call(["build", "--gradients", "--emit=manifest", model, *options]))
            call(["build", "--gradients", model, "-o", work, *options])
            self.library = ctypes.CDLL(os.path.join(work, f"lib{self.manifest['prefix']}.so"))
        self.shapes = {p["path"]: tuple(p["shape"]) for p in self.manifest["parameters"]}

    def call(self, name, *arguments):
        error = Error()
        place = [ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else a for a in arguments]
        if getattr(self.library, f"{self.manifest['prefix']}_{name}")(*place, ctypes.byref(error)):
            raise Failed(f"{name}: {error.message.decode()} in\n{self.text}")

    def parameters(self, rng, scale=0.7):
        return {path: scale * rng.standard_normal(shape) for path, shape in sorted(self.shapes.items())}

    def backward(self, inputs, params, adjoints=None, segments=None):
        """`inputs`, `segments`: as for rondo.run; `adjoints`: of outputs, an array a sample."""
        samples = len(next(iter(inputs.values())))
        tensors = pack(self.text, inputs, segments or {})
        m, keep = self.manifest, []

        def words(*values):
            struct = np.array([0, *(v.ctypes.data if isinstance(v, np.ndarray) else v for v in values)], np.uint64)
            struct[0] = struct.nbytes
            keep.extend(values)
            return struct

        buffer = aligned(m["bytes"]["parameters"])
        for p in m["parameters"]:
            at = slice(p["offset"], p["offset"] + p["bytes"])
            buffer[at].view(np.float32)[:] = np.asarray(params[p["path"]], np.float32).ravel()
        prepared = aligned(m["bytes"]["prepared"])
        self.call("prepare", buffer, prepared)
        given = {p["name"]: np.ascontiguousarray(tensors[p["name"]], TYPES[p["element"]]) for p in m["inputs"]}
        into = words(samples, 0, *(np.ascontiguousarray(tensors[a["name"] + ".offsets"]) for a in m["axes"]), *given.values())
        result = Gradients()
        out, starts = {}, {}
        rows = lambda axis: samples if axis == "sample" else int(tensors[axis + ".offsets"][-1])
        outputs = []
        for p in m["outputs"]:
            room = rows(p["axis"]) if "axis" in p else 1
            out[p["name"]] = np.zeros([room, *p["shape"]], TYPES[p["element"]])
            outputs += [out[p["name"]], room, 0, 0]
        losses = np.zeros(max(len(m["losses"]), 1), np.float32)
        outs = words(*outputs, losses, 0)
        gradient = aligned(m["bytes"]["parameters"])
        flows = [np.concatenate(adjoints[g["name"]]).astype(np.float32) for g in m["gradients"]["outputs"]]
        result.d = {g["name"]: np.full_like(given[g["name"]], np.nan) for g in m["gradients"]["inputs"]}
        wanted = words(0, gradient, *flows, *result.d.values())
        size = ctypes.c_size_t()
        self.call("backward_workspace_bytes", into, ctypes.byref(size))
        workspace = aligned(size.value)
        workspace[:] = 0xFF  # what nobody wrote is not a number
        self.call("backward", prepared, into, outs, wanted, workspace, size, None)
        result.out, result.loss = out, {p["name"]: float(x) for p, x in zip(m["losses"], losses)}
        for p in m["parameters"]:
            at = slice(p["offset"], p["offset"] + p["bytes"])
            result.d[p["path"]] = gradient[at].view(np.float32).reshape(p["shape"]).copy()
        return result


def check_gradient(name, got, want, tolerance=1e-5):
    """Relative to the largest number of the gradient: what is small beside it is what is left of sums."""
    want = np.asarray(want, np.float64)
    largest = float(np.max(np.abs(want))) if want.size else 0.0
    check(name, np.asarray(got, np.float64) / max(largest, 1e-3), want / max(largest, 1e-3), tolerance)
    expect(f"{name} is not zero everywhere", want.size == 0 or largest > 0)
