"""What trainings in windows came to: losses and parameters, held against others."""
import json
import struct
import sys


def read(path):
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {
        name: struct.unpack(f"<{(e - b) // 4}f", data[8 + size + b : 8 + size + e])
        for name, tensor in header.items()
        for b, e in [tensor["data_offsets"]]
    }


def last(run):
    return float(open(f"{run}/metrics.csv").read().splitlines()[-1].split(",")[2])


if sys.argv[1] == "losses":
    carried, forgotten = last(sys.argv[2]), last(sys.argv[3])
    print("what is remembered helps" if carried < 0.5 * forgotten else f"losses {carried} and {forgotten}")
else:
    a, b = (read(f"{run}/model.safetensors") for run in sys.argv[2:4])
    most = max(abs(x - y) for name in a for x, y in zip(a[name], b[name]))
    print("the same parameters" if most < 2e-4 else f"parameters differ by {most}")
