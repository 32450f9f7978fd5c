"""same-run.py ONE TWO: two reports of `rondo run --json` tell the same, and values differ by no more than 1e-5."""
import json
import sys


def differences(one, two, where="report"):
    if isinstance(one, dict) and isinstance(two, dict):
        if list(one) != list(two):
            yield f"{where}: {list(one)} and {list(two)}"
            return
        for key in one:
            yield from differences(one[key], two[key], f"{where}.{key}")
    elif isinstance(one, list) and isinstance(two, list):
        if len(one) != len(two):
            yield f"{where}: {len(one)} and {len(two)} elements"
        for i, (a, b) in enumerate(zip(one, two)):
            yield from differences(a, b, f"{where}[{i}]")
    elif isinstance(one, float) or isinstance(two, float):
        if abs(one - two) > 1e-5 * max(1, abs(one)):
            yield f"{where}: {one} and {two}"
    elif one != two:
        yield f"{where}: {one!r} and {two!r}"


found = list(differences(*(json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])))
print("\n".join(found[:20]) or "the same")
