"""Sequences of the adding problem: data.py FOLDER [SEQUENCES] writes those to train with and those to test with.

A sequence has 100 to 110 steps of a number in [-1, 1] and a mark. One of the first ten numbers is marked, and one of the
first 49 besides; the marks of both ends are -1. The sum is scaled to 0.5 + (first + second) / 4; a marked number at the
very beginning counts as 0.
"""

import random
import sys

LENGTH = 100


def sequence(chance):
    steps = chance.randint(LENGTH, LENGTH + LENGTH // 10)
    numbers = [chance.uniform(-1, 1) for _ in range(steps)]
    first = chance.randrange(10)
    second = chance.choice([k for k in range(LENGTH // 2 - 1) if k != first])
    marks = [-1] + [0] * (steps - 2) + [-1]
    marks[first] = marks[second] = 1
    marked = [numbers[k] if k else 0 for k in (first, second)]
    return zip(numbers, marks), 0.5 + sum(marked) / 4


def write(name, count, chance):
    with open(f"{name}.x.csv", "w") as x, open(f"{name}.sum.csv", "w") as sums:
        for k in range(count):
            rows, total = sequence(chance)
            x.write("\n" * (k > 0) + "".join(f"{number:.6f},{mark}\n" for number, mark in rows))
            sums.write(f"{total:.6f}\n")


folder, count = sys.argv[1], int((sys.argv[2:] or [20000])[0])
write(f"{folder}/train", count, random.Random(1))
write(f"{folder}/test", 2560, random.Random(2))
