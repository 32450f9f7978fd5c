# last.py METRICS.csv [EVALUATED]: nothing, if what `rondo evaluate` said is what stands in the table's last row.
import csv
import sys

if len(sys.argv) > 2:
    row = list(csv.DictReader(open(sys.argv[1])))[-1]
    said = dict(line.split() for line in open(sys.argv[2]).read().splitlines()[1:])
    for name, column in (("right", "valid"), ("accuracy", "valid.accuracy")):
        value = said.get(name, said["loss"])
        if abs(float(value) - float(row[column])) > 1e-5:
            sys.exit(f"{name} is {value}, but {row[column]} in the table")
