# Files as they are when a copy of them was cut off, and what is none.
import json
import random
import struct

values = struct.pack("<4f", 1, 2, 3, 4)
header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }".ljust(117) + "\n"
npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values
header = json.dumps({
    "x": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
    "tag": {"dtype": "I64", "shape": [2], "data_offsets": [16, 32]},
}).encode()
tensors = struct.pack("<Q", len(header)) + header + values + struct.pack("<2q", 0, 2)
header = header.replace(b"F32", b"F64").replace(b"16", b"32").replace(b"[32, 32]", b"[32, 48]")
huge = struct.pack("<Q", len(header)) + header + struct.pack("<4d2q", 1, 2, 3, 1e39, 0, 2)
draw = random.Random(1)
garbage = bytes(draw.randrange(256) for _ in range(1000))
for name, content in {
    "cut.npy": npy[:-5],
    "empty.npy": b"",
    "cut.safetensors": tensors[:-3],
    "head.safetensors": tensors[:20],
    "huge.safetensors": huge,
    "garbage.txt": garbage,
    "zeros.txt": b"abc\0def\n",
    "garbage.csv": b"x.0,x.1,tag\n1,2,0\n\x80\xff,2,0\n",
    "garbage.tsv": b"good\tfine\ngo\xffd\tfine\n",
    "whole.safetensors": tensors,
}.items():
    with open(name, "wb") as file:
        file.write(content)
