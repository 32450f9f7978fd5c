"""Writes and shows .npy and .safetensors files with nothing but the standard library.

  tensors.py npy FILE.npy TYPE SHAPE VALUES          tensors.py npy a.npy '<f8' 2,3 1,2,3,4,5,6
  tensors.py safetensors FILE {NAME:TYPE:SHAPE:VALUES}...
  tensors.py show FILE.safetensors                   one line a tensor: name, type, shape, values
"""
import json, struct, sys

CODES = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "U8": "B"}


def numbers(text):
    return [float(v) if "." in v or "e" in v else int(v) for v in text.split(",") if v]


def write_npy(path, descr, shape, values):
    shape = tuple(numbers(shape))
    code = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "u1": "B", "b1": "?"}[descr[1:]]
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    values = numbers(values)
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        f.write(struct.pack(("<" if descr[0] != ">" else ">") + str(len(values)) + code, *values))


def write_safetensors(path, specs):
    header, data = {}, b""
    for spec in specs:
        name, dtype, shape, values = spec.split(":")
        values = numbers(values)
        part = struct.pack("<" + str(len(values)) + CODES[dtype], *values)
        header[name] = {"dtype": dtype, "shape": numbers(shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def show(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header, data = json.loads(data[8 : 8 + size]), data[8 + size :]
    for name in sorted(header):
        t = header[name]
        begin, end = t["data_offsets"]
        count = (end - begin) // struct.calcsize(CODES[t["dtype"]])
        values = struct.unpack("<" + str(count) + CODES[t["dtype"]], data[begin:end])
        print(name, t["dtype"], t["shape"], *("%g" % v for v in values))


command, *rest = sys.argv[1:]
if command == "npy":
    write_npy(*rest)
elif command == "safetensors":
    write_safetensors(rest[0], rest[1:])
else:
    show(*rest)
