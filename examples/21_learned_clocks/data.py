"""Noise for the teacher: data.py FOLDER writes x.csv, 64 sequences of 48 steps of two numbers."""

import random
import sys

chance = random.Random(1)
with open(f"{sys.argv[1]}/x.csv", "w") as file:
    file.write("x.0,x.1\n")
    for sequence in range(64):
        file.write("\n" * (sequence > 0))
        file.writelines(f"{chance.gauss(0, 1):.4f},{chance.gauss(0, 1):.4f}\n" for _ in range(48))
