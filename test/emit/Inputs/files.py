"""files.py LIBRARY FOLDER: saves and loads the parameters of the model `kept` through its library."""
import ctypes
import json
import os
import struct
import sys

import numpy


if "RONDO_PRELOAD" in os.environ and "LD_PRELOAD" not in os.environ:  # of libraries with sanitizers
    os.environ.update(LD_PRELOAD=os.environ["RONDO_PRELOAD"], ASAN_OPTIONS="detect_leaks=0")
    os.execv(sys.executable, [sys.executable, *sys.argv])


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("message", ctypes.c_char * 252)]


library, folder = ctypes.CDLL(sys.argv[1]), sys.argv[2]
library.kept_manifest.restype = ctypes.c_char_p
library.kept_parameter_bytes.restype = ctypes.c_size_t
manifest = json.loads(library.kept_manifest())
CODES = {0: "fine", 1: "ARGUMENT", 10: "FILE"}


def buffer(fill=0):
    memory = numpy.full(library.kept_parameter_bytes() + 128, fill, numpy.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + library.kept_parameter_bytes()]


def call(function, parameters, path):
    error = Error()
    address = parameters if parameters is None or isinstance(parameters, int) else parameters.ctypes.data
    code = getattr(library, "kept_" + function)(
        ctypes.c_void_p(address), path and path.encode(), ctypes.byref(error))
    assert code == error.code
    return f"{CODES[code]}: {error.message.decode()}" if code else "fine"


def write(path, tensors):
    header, data = {}, b""
    for name, dtype, shape, values in tensors:
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    data = open(path, "rb").read()
    begin = 8 + int.from_bytes(data[:8], "little")
    return {name: (entry["dtype"], entry["shape"], data[begin + entry["data_offsets"][0] : begin + entry["data_offsets"][1]])
            for name, entry in json.loads(data[8:begin]).items()}


def place(parameters, name):
    entry = next(p for p in manifest["parameters"] if p["path"] == name)
    return parameters[entry["offset"] : entry["offset"] + entry["bytes"]]


first = buffer()
library.kept_init(ctypes.c_void_p(first.ctypes.data), ctypes.c_uint64(7), None)
place(first, "level")[:] = numpy.frombuffer(struct.pack("<II", 0x7FC12345, 0x80000000), numpy.uint8)  # a NaN, -0
saved = f"{folder}/saved.safetensors"
assert call("save", first, saved) == "fine"
tensors = read(saved)
print("saved:", ", ".join(sorted(tensors)) + ", of", *{t[0] for t in tensors.values()})
second = buffer(0xAB)
assert call("load", second, saved) == "fine"
same = all((place(first, p["path"]) == place(second, p["path"])).all() for p in manifest["parameters"])
print("loaded again:", "the same bits" if same else "others")

level = numpy.array([0.5, -2.0], "<f4")
others = [(name, *entry) for name, entry in tensors.items() if name != "level"]
forms = {"F64": level.astype("<f8"), "F16": level.astype("<f2"), "BF16": (level.view("<u4") >> 16).astype("<u2")}
for dtype, values in forms.items():
    write(f"{folder}/{dtype}.safetensors", others + [("level", dtype, [2], values.tobytes())])
    assert call("load", second, f"{folder}/{dtype}.safetensors") == "fine"
    assert place(second, "level").view("<f4").tolist() == level.tolist()
print("loaded from " + ", ".join(forms) + ": fine")

open(f"{folder}/short.safetensors", "wb").write(open(saved, "rb").read()[:50])
print(call("load", second, f"{folder}/short.safetensors"))
write(f"{folder}/shape.safetensors", others + [("level", "F32", [3], bytes(12))])
print(call("load", second, f"{folder}/shape.safetensors"))
write(f"{folder}/missing.safetensors", others)
print(call("load", second, f"{folder}/missing.safetensors"))
print(call("load", second, f"{folder}/nothing.safetensors"))
print(call("save", second, f"{folder}/no/folder/x.safetensors"))
print(call("load", second, None))
print(call("save", None, saved))
print(call("load", second.ctypes.data + 4, saved))
