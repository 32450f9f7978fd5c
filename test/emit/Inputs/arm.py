"""arm.py input FILE: prints the rows of x that a run saved; arm.py compare FILE: holds rows of y and p from the standard
input against what it saved."""
import json
import sys

import numpy


def tensors(path):
    data = open(path, "rb").read()
    begin = 8 + int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8:begin]).items():
        if name != "__metadata__" and entry["dtype"] in ("F32", "F64"):
            first, end = entry["data_offsets"]
            kind = {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]
            yield name, numpy.frombuffer(data[begin + first : begin + end], kind).reshape(entry["shape"])


saved = dict(tensors(sys.argv[2]))
if sys.argv[1] == "input":
    for row in saved["again"]:
        print(*(repr(float(value)) for value in row))
else:
    actual = numpy.array([[float(word) for word in line.split()] for line in sys.stdin])
    expected = numpy.concatenate([saved["y"], saved["p"]], axis=1)
    difference = numpy.abs(actual - expected).max() if actual.shape == expected.shape else numpy.inf
    print(len(actual), "rows,", "equal" if difference <= 1e-5 else f"differ by {difference}")
