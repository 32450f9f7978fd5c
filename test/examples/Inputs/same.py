"""same.py A.safetensors B.safetensors: which tensors of both files have the same bytes, and which have not."""

import json
import struct
import sys


def tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()
    header.pop("__metadata__", None)
    return {name: body[slice(*tensor["data_offsets"])] for name, tensor in header.items()}


first, second = tensors(sys.argv[1]), tensors(sys.argv[2])
print("same:", *sorted(name for name in first if first[name] == second[name]))
print("other:", *sorted(name for name in first if first[name] != second[name]))
