"""What `rondo generate` finds, held against what there is: search.py MODEL.rondo PARAMETERS FOLDER

A search with one beam is greedy. A search with as many beams as there are sequences finds them all, in the order of
their likelihood, which `rondo run` tells of each: here all that can be written in at most two rows.
"""

import itertools
import json
import subprocess
import sys

model, parameters, folder = sys.argv[1:]
TOKENS, END, ROWS = 12, 0, 2
SOURCE = [5, 9]


def rondo(command, *options):
    call = ["rondo", command, model, "--model", "attending", "--params", parameters, "--json", *options]
    return json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE).stdout)


def write(name, samples):
    path = f"{folder}/{name}.csv"
    with open(path, "w") as file:
        file.write("\n".join("".join(f"{token}\n" for token in sample) for sample in samples))
    return path


greedy = rondo("generate", "--input", f"src={folder}/test.src.csv", "--greedy")["samples"]
narrow = rondo("generate", "--input", f"src={folder}/test.src.csv", "--beams", "1")["samples"]
same = sum(a[0]["rows"] == b[0]["rows"] for a, b in zip(greedy, narrow))
print(f"one beam writes what greedy choice writes: {same} of {len(greedy)}")

symbols = [token for token in range(TOKENS) if token != END]
every = [sequence + [END] * (len(sequence) < ROWS)
         for rows in range(ROWS + 1) for sequence in map(list, itertools.product(symbols, repeat=rows))]
sources, targets = write("every.src", [SOURCE] * len(every)), write("every.tgt", every)
likelihoods = rondo("run", "--input", f"src={sources}", "--input", f"tgt={targets}")["outputs"]["likelihood"]["rows"]
by_force = {tuple(sequence): rows[0] for sequence, rows in zip(every, likelihoods)}

source = write("source", [SOURCE])
beams = rondo("generate", "--input", f"src={source}", "--beams", str(TOKENS**ROWS), "--limit", str(ROWS))["samples"][0]
by_search = {tuple(beam["rows"] + [END] * (len(beam["rows"]) < ROWS)): beam["score"] for beam in beams}
found = by_search.keys() == by_force.keys()
apart = max(abs(by_search[sequence] - by_force[sequence]) for sequence in by_search) if found else 0
best_first = list(by_search)[0] == max(by_force, key=by_force.get)
print(f"a search of full width finds {len(by_search)} of {len(by_force)} sequences, the best first: {best_first}; "
      f"log likelihoods are at most {apart:.0e} apart")
sys.exit(same != len(greedy) or not found or not best_first or apart > 1e-3)
