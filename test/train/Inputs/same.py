# same.py FOLDER FOLDER: which parameters of two trainings are the same.
import json
import struct
import sys


def read(folder):
    with open(folder + "/model.safetensors", "rb") as file:
        data = file.read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {name: data[8 + size :][slice(*entry["data_offsets"])] for name, entry in header.items()}


one, two = read(sys.argv[1]), read(sys.argv[2])
for name in sorted(one):
    print(name, "same" if one[name] == two[name] else "other")
