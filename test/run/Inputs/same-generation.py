"""same-generation.py RONDO SEEDS FILE OPTION...: `rondo generate` says the same compiled and interpreted, for each seed."""
import json
import subprocess
import sys

rondo, seeds, *arguments = sys.argv[1:]
for seed in range(int(seeds)):
    command = [rondo, "generate", *arguments, "--seed", str(seed), "--json"]
    compiled, interpreted = (json.loads(subprocess.run(command + more, capture_output=True, check=True).stdout)["samples"]
                             for more in ([], ["--interpret"]))
    rows, scores = ([[[one[key] for one in sample] for sample in all] for all in (compiled, interpreted)]
                    for key in ("rows", "score"))
    near = all(abs(a - b) < 1e-4 for x, y in zip(*scores) for a, b in zip(x, y))
    print(f"seed {seed}:", "the same" if rows[0] == rows[1] and near else f"{compiled}, but interpreted {interpreted}")
